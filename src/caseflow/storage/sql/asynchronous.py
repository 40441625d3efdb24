"""The store for asynchronous programs: on PostgreSQL, and inside a transaction of theirs.

The work itself is that of the synchronous store. It runs in a greenlet, in which SQLAlchemy's
adapter of an asynchronous driver awaits where the synchronous one waits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy.engine import URL
from sqlalchemy.util import await_, greenlet_spawn

from caseflow.kernel.errors import InvalidCall, short
from caseflow.kernel.stored import StoredEvent
from caseflow.storage.port import (
    Appended,
    Checkpoint,
    Consumers,
    Count,
    FeedEntry,
    Found,
    Head,
    History,
    Listing,
    Loose,
    Place,
    Query,
    Snapshot,
    Unit,
)
from caseflow.storage.sql.given import (
    Durability,
    a_url,
    greenlet_there,
    is_driven,
    made_by,
    no_engine,
    no_transaction,
    options,
)
from caseflow.storage.sql.joined import JoinedStorage
from caseflow.storage.sql.store import EngineStorage, prepare_postgres
from caseflow.storage.sql.tables import Tables, tables

with suppress(ImportError):  # greenlet is missing, which is told where it is needed
    from sqlalchemy.ext.asyncio import (
        AsyncConnection,
        AsyncEngine,
        AsyncSession,
        create_async_engine,
    )

T = TypeVar("T")
G = TypeVar("G", URL, "AsyncEngine")


class AsyncJoined(JoinedStorage):
    """A store inside the transaction of an AsyncSession or AsyncConnection."""

    def __init__(
        self,
        store: EngineStorage,
        transaction: AsyncSession | AsyncConnection,
        prepare: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        greenlet_there("AsyncCasebook.within")
        self._awaited = transaction
        self._prepare = prepare
        if isinstance(transaction, AsyncSession):
            super().__init__(store, transaction.sync_session)
        elif getattr(transaction, "sync_connection", None) is not None:
            super().__init__(store, transaction.sync_connection)  # type: ignore[arg-type]  # seen
        else:
            raise no_transaction(transaction, wanted="an AsyncSession nor an open AsyncConnection")

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Do synchronous work on the transaction's connection, which awaits."""
        if self._prepare is not None:
            await self._prepare()
        return await self._awaited.run_sync(lambda _: work(*args))

    def awaiting(
        self, tell: Callable[[T], Coroutine[Any, Any, Any]], given: T
    ) -> Callable[[], None]:
        """A coroutine function as one that can be called where the commit is told."""
        return lambda: await_(tell(given))


class AsyncSQLStorage:
    """Keeps cases in a PostgreSQL database, awaiting it.

    `database` is a SQLAlchemy URL (`postgresql+psycopg://...`) or an AsyncEngine of your
    application. The other arguments are those of `SQLStorage`. The tables are made when it is
    first used. `notify` wakes those who `follow` over a `SQLStorage`; an `AsyncCasebook` follows
    by looking. For a SQLite file, give an `AsyncCasebook` a `SQLStorage`: each of its verbs is
    then one hop to a thread, which is quicker than a driver that hops for each statement.

    It is for one event loop: each needs a store of its own.

    In a forked child a store made of a URL connects anew; fork while it is not used. Of an
    AsyncEngine of yours the child calls `engine.sync_engine.dispose(close=False)` before anything
    else, and is told if it did not.

    Raises `InvalidCall` for what names no PostgreSQL database, and where greenlet or psycopg is
    missing (the extras `async` and `postgres`).
    """

    def __init__(
        self,
        database: str | URL | AsyncEngine,
        *,
        durability: Durability = "full",
        declared: Tables | None = None,
        create: bool = True,
        notify: bool = False,
    ) -> None:
        options(durability=durability, declared=declared, create=create)
        greenlet_there("AsyncSQLStorage")
        borrowed = isinstance(database, AsyncEngine)
        if isinstance(database, AsyncEngine):
            engine = _on_postgres(database, database.dialect.name)
            if not is_driven(engine.dialect):
                raise InvalidCall(
                    what=f"AsyncSQLStorage({short(database)})",
                    problem=f"is an engine of the driver {engine.dialect.driver!r}",
                    repair="Give one of psycopg: create_async_engine('postgresql+psycopg://...').",
                )
        else:
            no_engine(database, shown="AsyncSQLStorage")
            url = a_url(database, shown="AsyncSQLStorage")
            engine = made_by(create_async_engine, _on_postgres(url, url.get_backend_name()))
            prepare_postgres(engine.sync_engine, durability=durability)
        self.engine = engine
        self._store = EngineStorage(
            engine.sync_engine,
            borrowed=borrowed,
            declared=tables() if declared is None else declared,
            shown="AsyncSQLStorage",
            notify=notify,
        )
        self._create = create

    def __repr__(self) -> str:
        return repr(self._store)

    async def close(self) -> None:
        """Close its connections, if they are its own. The store cannot be used afterwards."""
        await greenlet_spawn(self._store.close)

    async def create(self) -> None:
        """Make the tables, where they are missing."""
        await greenlet_spawn(self._store.create)

    async def check(self) -> None:
        """See that the tables are there, and fit. See `SQLStorage.check`."""
        await greenlet_spawn(self._store.check)

    @property
    def database(self) -> str:
        """What tells this database from others: a key store must not be the same."""
        return self._store.database

    def within_async(self, transaction: AsyncSession | AsyncConnection) -> AsyncJoined:
        """This store inside a transaction of the application's. See `AsyncCasebook.within`."""
        return AsyncJoined(self._store, transaction, self._prepare)

    within = within_async

    async def _prepare(self) -> None:
        """Make the tables when the store is first used."""
        if self._create:
            await self.create()
            self._create = False

    async def _run(self, work: Callable[..., T], *args: Any, **given: Any) -> T:
        await self._prepare()
        return await greenlet_spawn(work, *args, **given)

    async def head(self, agency: str, case_id: str, /) -> Head | None:
        """As `Storage.head`."""
        return await self._run(self._store.head, agency, case_id)

    async def read(
        self,
        agency: str,
        case_id: str,
        /,
        *,
        after: int = 0,
        types: Sequence[str] | None = None,
    ) -> Sequence[StoredEvent]:
        """As `Storage.read`."""
        return await self._run(self._store.read, agency, case_id, after=after, types=types)

    async def append(self, unit: Unit, /) -> Appended:
        """As `Storage.append`."""
        return await self._run(self._store.append, unit)

    async def command(self, agency: str, command_id: str, /) -> Sequence[StoredEvent]:
        """As `Storage.command`."""
        return await self._run(self._store.command, agency, command_id)

    async def snapshot(self, agency: str, case_id: str, /) -> Snapshot | None:
        """As `Storage.snapshot`."""
        return await self._run(self._store.snapshot, agency, case_id)

    async def find(
        self, agency: str, query: Query, /, *, after: Place | None = None, limit: int = 100
    ) -> Sequence[Found]:
        """As `Storage.find`."""
        return await self._run(self._store.find, agency, query, after=after, limit=limit)

    async def count(self, agency: str, name: str, value: str, /, *, besides: str = "") -> Count:
        """As `Storage.count`."""
        return await self._run(self._store.count, agency, name, value, besides=besides)

    async def tally(self, agency: str, name: str, /) -> Mapping[str, int]:
        """As `Storage.tally`."""
        return await self._run(self._store.tally, agency, name)

    async def relist(
        self, agency: str, case_id: str, /, *, version: int, listing: Listing, forget: bool = False
    ) -> bool:
        """As `Storage.relist`."""
        given: dict[str, Any] = {"version": version, "listing": listing, "forget": forget}
        return await self._run(self._store.relist, agency, case_id, **given)

    async def feed(
        self, agency: str, /, *, after: int = 0, limit: int = 100
    ) -> Sequence[FeedEntry]:
        """As `Storage.feed`."""
        return await self._run(self._store.feed, agency, after=after, limit=limit)

    async def checkpoint(self, agency: str, consumer: str, /) -> Checkpoint:
        """As `Storage.checkpoint`."""
        return await self._run(self._store.checkpoint, agency, consumer)

    async def advance(
        self,
        agency: str,
        consumer: str,
        /,
        *,
        expected: Checkpoint,
        position: int,
        workflow: str = "",
    ) -> bool:
        """As `Storage.advance`."""
        moving = {"expected": expected, "position": position, "workflow": workflow}
        return await self._run(self._store.advance, agency, consumer, **moving)

    async def consumers(self, agency: str, /) -> Consumers:
        """As `Storage.consumers`."""
        return await self._run(self._store.consumers, agency)

    async def delete_consumer(self, agency: str, consumer: str, /) -> bool:
        """As `Storage.delete_consumer`."""
        return await self._run(self._store.delete_consumer, agency, consumer)

    async def agencies(self) -> Sequence[str]:
        """As `Storage.agencies`."""
        return await self._run(self._store.agencies)

    async def restore(self, agency: str, histories: Iterable[History], /) -> int:
        """As `Storage.restore`."""
        return await self._run(self._store.restore, agency, histories)

    async def mend(self, agency: str, history: History, /, *, head: Head | None) -> bool:
        """As `Storage.mend`."""
        return await self._run(self._store.mend, agency, history, head=head)

    async def loose_ends(self, agency: str, /, *, mend: bool = False) -> Sequence[Loose]:
        """As `Storage.loose_ends`."""
        return await self._run(self._store.loose_ends, agency, mend=mend)


def _on_postgres(given: G, dialect: str) -> G:
    """What was given, if it is on PostgreSQL. Raises `InvalidCall`."""
    if dialect != "postgresql":
        raise InvalidCall(
            what=f"AsyncSQLStorage({short(given)})",
            problem="is not on PostgreSQL",
            repair="Give an AsyncCasebook a SQLStorage(...): it runs each verb in a thread.",
        )
    return given
