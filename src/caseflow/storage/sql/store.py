"""The store on a SQLite file or a PostgreSQL database, with connections of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet, finalize

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL, Engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool, PoolProxiedConnection

from caseflow.kernel.erasure_errors import KeysNotApart
from caseflow.kernel.store_errors import ConnectionLost, StoreError
from caseflow.kernel.values import seconds
from caseflow.storage.keys import file_identity
from caseflow.storage.port import Appended, Unit
from caseflow.storage.sql import failures, given, schema, sqlite, writing
from caseflow.storage.sql import statements as sql
from caseflow.storage.sql.borrowing import by_hand, is_open, put_back
from caseflow.storage.sql.failures import without_password
from caseflow.storage.sql.given import Durability
from caseflow.storage.sql.joined import JoinedStorage
from caseflow.storage.sql.lending import Lender, always
from caseflow.storage.sql.odd import leniently
from caseflow.storage.sql.place import not_of_a_parent
from caseflow.storage.sql.statements import Scope, Statements
from caseflow.storage.sql.tables import Tables, tables
from caseflow.storage.sql.verbs import SQLVerbs

T = TypeVar("T")


class EngineStorage(SQLVerbs):
    """A store over the connections of an engine, its own or one that it borrows."""

    def __init__(
        self, engine: Engine, *, borrowed: bool, declared: Tables, shown: str, notify: bool = False
    ) -> None:
        super().__init__(Statements(declared, engine.dialect, self._schema, notify=notify))
        self.url = without_password(engine.url.render_as_string(hide_password=True))
        self._engine = engine
        self._borrowed = borrowed
        self._path = os.path.abspath(engine.url.database or "")  # noqa: PTH100 - no Path of it is needed
        """Where the engine finds a SQLite file."""
        self.own_path = None if borrowed else self._path
        """Where its own engine finds a SQLite file, whatever the working directory is later."""
        self._shown = shown
        self._closed = False
        self._may_begin = True
        """Whether a SQLite file that is not there is made."""
        self._wait = 30.0
        """How many seconds a SQLite file is waited for that others use, to be written ahead."""
        self._is_ahead = engine.dialect.name != "sqlite" or not borrowed
        """Whether nothing has to be done for that any more at a use of the engine."""
        self.joined_pools: WeakSet[Pool] = WeakSet()
        """Those of the application that are known to be on the database of this store."""
        self._lender = _lender(engine, own=not borrowed)
        self._kinds: tuple[type[Exception], ...] = (engine.dialect.dbapi.Error,)  # type: ignore[union-attr]  # an engine has one

    def __repr__(self) -> str:
        return f"{self._shown}({self.url!r})"

    def create(self) -> None:
        """Make the tables, where they are missing."""
        self._may_begin = True
        with failures.told(self, "open its tables", self._kinds):
            self._refuse_keys()
            self._write_ahead("open its tables")
            schema.create(self._engine, self.tables)
            self._prepared.look_once()

    def check(self) -> None:
        """See that the tables are there, and those that this version of caseflow works with.

        A SQLite file is written ahead from then on (`PRAGMA journal_mode=WAL`).
        Raises `SchemaMissing`, `SchemaOutdated`, `SchemaNewer` or `SchemaIncomplete`, and
        `StoreError` where the file of a SQLite database is not there; it is not made then.
        """
        action = "look at its tables"
        given.see_its_file(self._engine, action, path=self._path)
        with failures.told(self, action, self._kinds):
            schema.check(self._engine, self.tables)
            self._write_ahead(action)
            self._prepared.look_once()

    def _write_ahead(self, action: str) -> None:
        """Let a SQLite file be written ahead, once nobody else uses it."""
        if not self._prepared.postgres:
            self._write(action, lambda file: sqlite.write_ahead(file, self._wait))

    def _take(self, connection: Any) -> tuple[str, Any]:
        """Let a borrowed connection begin and commit when it is told to; how it was before."""
        before = by_hand(connection)
        if not self._is_ahead:
            self._is_ahead = sqlite.write_ahead_if_free(connection)
        return before

    @property
    def database(self) -> str:
        """What tells this database from others: a key store must not be the same."""
        file = Path(self._path)
        return self.url if self._prepared.postgres or not file.is_file() else file_identity(file)

    def _refuse_keys(self) -> None:
        """See that the file is no key store. Raises `KeysNotApart`."""
        if self._prepared.postgres:
            return
        found = self._read(
            "open its tables",
            lambda file: file.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'keystore_keys'"
            ).fetchone(),
        )
        if found:
            raise KeysNotApart(keys="the key store in it", cases=repr(self))

    @property
    def notifies(self) -> bool:
        """Whether an append wakes those who listen."""
        return self._prepared.notify

    @contextmanager
    def listening(self) -> Iterator[Callable[[float], bool]]:
        """Hear of appends, by whichever process, from now on (a store that notifies).

        Gives a function that waits for one, for at most so many seconds, and says if it came.
        """
        with failures.told(self, "listen", self._kinds):
            connection = self._one_that_listens()

        def wait(seconds: float) -> bool:
            with failures.told(self, "listen", self._kinds):
                return any(True for _ in connection.notifies(timeout=seconds, stop_after=1))

        try:
            yield wait
        finally:
            connection.close()

    def _one_that_listens(self) -> Any:
        """A connection that is opened for it: one of the pool may have been lost meanwhile."""
        pooled = self._engine.pool.recreate().connect()
        connection: Any = pooled.driver_connection
        pooled.detach()  # it listens until it is closed, and is no use to others
        connection.autocommit = True
        connection.execute(f"LISTEN {sql.CHANNEL}")
        return connection

    @property
    def engine(self) -> Engine:
        """The engine whose connections it uses."""
        return self._engine

    def close(self) -> None:
        """Close its connections, if they are its own. The store cannot be used afterwards."""
        self._closed = True
        if not self._borrowed:
            self._lender.close()

    # -- where the work is done --------------------------------------------------------------

    @property
    def _scope(self) -> Scope:
        return self._prepared.own

    def _read(self, action: str, work: Callable[[Any], T]) -> T:
        return self._on_driver(action, leniently(work), again=True)

    def _write(self, action: str, work: Callable[[Any], T]) -> T:
        return self._on_driver(action, work, again=False)

    def _append(self, unit: Unit) -> Appended:
        """Write a unit. Where the connection is lost meanwhile, see what became of it."""
        action = "append to a history"

        def work(connection: Any) -> Appended:
            return writing.append(connection, self._prepared, unit, None)

        try:
            return self._on_driver(action, work, again=False)
        except ConnectionLost:
            pass
        except StoreError as failed:
            if failures.was_beaten(failed.__cause__):
                return Appended.CONFLICT
            raise
        try:  # it is safe to write it again: it is only written at the version it was decided on
            found = self._on_driver(action, work, again=False)
            if found is not Appended.DONE and self.stands(unit):
                return Appended.DONE
            return found
        except StoreError as failed:
            told = {**failed.fields, "repair": failures.NOT_KNOWN}
            raise ConnectionLost(**told) from failed.__cause__

    def stands(self, unit: Unit, *, aside: bool = False) -> bool:
        """Whether a unit stands in the history of its case, for everybody to see."""
        last = unit.events[-1]
        place = (unit.agency, unit.case_id, last.number)
        row = (self.aside if aside else self._read)(
            "read a history",
            lambda connection: connection.execute(self._prepared(sql.WRITTEN), place).fetchone(),
        )
        return row is not None and row[0] == last.hash

    def aside(self, action: str, work: Callable[[Any], T]) -> T:
        """Do work on a connection that is opened for it, and is none of the pool.

        For whoever holds one of the pool already: where all do, each would wait for the others.
        """
        self._not_closed(action)
        with failures.told(self, action, self._kinds):
            another = self._engine.pool.recreate()
            pooled = another.connect()
            try:
                by_hand(pooled.dbapi_connection)
                return work(pooled.dbapi_connection)
            finally:
                pooled.close()
                another.dispose()

    def _schema(self) -> str | None:
        """The schema in which a connection that nobody had before finds its tables."""
        given = (self.tables.cases.name,)
        row = self.aside(
            "look for its tables", lambda fresh: fresh.execute(sql.HOME, given).fetchone()
        )
        return row[0] if row else None

    def _on_driver(self, action: str, work: Callable[[Any], T], *, again: bool) -> T:
        """Do work on a connection of the pool; `again`: once more where it turns out lost."""
        self._not_closed(action)
        pooled = self._lender.at_hand()
        if pooled is None:
            if not self._may_begin:
                given.see_its_file(self._engine, action, path=self._path)
            with failures.told(self, action, self._kinds):
                pooled = self._lender.fetch()
            if self._borrowed:
                try:
                    not_of_a_parent(self, pooled, action)
                except StoreError:
                    pooled.close()  # back to the pool: it is the parent's to end
                    raise
        connection: Any = pooled.dbapi_connection
        before: tuple[str, Any] | None = None
        done = False
        try:
            if self._borrowed:
                before = self._take(connection)
            found = work(connection)
            done = True
            return found
        except Exception as error:
            if not failures.is_told(error, self._kinds):
                raise
            if not self._is_lost(error, connection):
                raise failures.failure(self, action, error) from error
            pooled.invalidate(error)
            self._lender.dispose()  # what else is at hand was lost with it
            if not again:
                raise ConnectionLost(**failures.failure(self, action, error).fields) from error
        finally:
            if done and before is not None:
                put_back(connection, before)
            elif self._borrowed and not done and _is_to_be_closed(pooled, before):
                pooled.invalidate()  # broken off: nobody is to find a transaction open on it
            self._lender.give_back(pooled, done=done)
        return self._on_driver(action, work, again=False)

    def _is_lost(self, error: Exception, connection: Any) -> bool:
        return self._engine.dialect.is_disconnect(error, connection, None)  # type: ignore[arg-type]  # it may be any error

    def _not_closed(self, action: str) -> None:
        if self._closed:
            repair = f"Make a new one: {self!r}."
            raise StoreError(store=repr(self), action=action, cause="it was closed", repair=repair)


class SQLStorage(EngineStorage):
    """Keeps cases in a SQLite file or a PostgreSQL database.

    `database` is a SQLAlchemy URL (`sqlite:///cases.db`, `postgresql+psycopg://...`), or an
    engine of your application, whose connections are then used as they are.

    Acknowledged means on the disk, with `durability="full"`. With "normal", what was
    acknowledged in the last moments before a power failure may be lost, and nothing is half
    written (SQLite: `synchronous=NORMAL`; PostgreSQL: `synchronous_commit=off`). With an
    engine of your own it is what your connections are set to. `timeout` is how many seconds to
    wait for another writer of a SQLite file. `declared` are the tables, where they hang on a
    MetaData or in a schema of your own (`caseflow.storage.sql.tables`); `create=False` does
    not make them where they are missing. `notify` lets an append on PostgreSQL wake those who
    `follow` the feed, in place of their looking for news every second (docs/howto-feed.md has
    what that costs); SQLite cannot.

    Before a process forks, its own connections are closed, since neither database can share
    them with a child; fork while no other thread uses the store. With an engine of yours the
    child calls `engine.dispose(close=False)` before anything else, and is told if it did not.

    Raises `InvalidCall` for what names no database, and `StoreError` where it cannot be opened.
    """

    def __init__(
        self,
        database: str | URL | Engine,
        *,
        durability: Durability = "full",
        timeout: float = 30.0,
        declared: Tables | None = None,
        create: bool = True,
        notify: bool = False,
    ) -> None:
        given.options(durability=durability, declared=declared, create=create, notify=notify)
        borrowed = isinstance(database, Engine)
        if isinstance(database, Engine):
            engine = given.a_usable_engine(database)
            if engine.dialect.name == "sqlite":
                sqlite.follow_its_file(engine)
        else:
            given.no_engine(database, shown="SQLStorage")
            engine = _own_engine(database, durability=durability, timeout=timeout)
        if notify:
            given.one_that_notifies(engine)
        declared = tables() if declared is None else declared
        super().__init__(
            engine, borrowed=borrowed, declared=declared, shown="SQLStorage", notify=notify
        )
        self._may_begin = create
        if not borrowed:
            self._wait = timeout
            finalize(self, self._lender.close)  # a store that nobody closed closes its own
        if create:
            self.create()

    def within(self, transaction: Session | Connection) -> JoinedStorage:
        """This store inside a transaction of the application's. See `Casebook.within`."""
        if not isinstance(transaction, (Session, Connection)):
            raise given.no_transaction(transaction, wanted="a Session nor a Connection")
        self._not_closed("join a transaction")
        return JoinedStorage(self, transaction)

    def within_async(self, transaction: Any) -> Any:
        """The same, inside a transaction of an AsyncSession or AsyncConnection."""
        from caseflow.storage.sql.asynchronous import AsyncJoined

        return AsyncJoined(self, transaction)


def _lender(engine: Engine, *, own: bool) -> Lender:
    if engine.dialect.name != "sqlite":
        return Lender(engine, own=own, is_usable=always)
    return Lender(engine, own=own, is_usable=_has_its_file)


def _has_its_file(held: PoolProxiedConnection) -> bool:
    return sqlite.is_same_file(held.info, held.dbapi_connection)


def _is_to_be_closed(pooled: PoolProxiedConnection, before: tuple[str, Any] | None) -> bool:
    """Put a connection back as it was, if nothing is open on it; whether that could not be done."""
    if not pooled.is_valid:  # closed already
        return False
    try:
        if before is None or is_open(pooled.dbapi_connection):
            return True
        put_back(pooled.dbapi_connection, before)
    except Exception:  # it is of no use to anybody any more
        return True
    return False


def _own_engine(database: str | URL, *, durability: str, timeout: float) -> Engine:
    """An engine of the store's own. Raises `InvalidCall` for what names no database."""
    parsed = given.a_url(database)
    if parsed.get_backend_name() == "postgresql":
        engine = given.made_by(create_engine, parsed)
        prepare_postgres(engine, durability=durability)
        return engine
    wait = seconds("timeout", timeout)
    shared = {"timeout": wait, "check_same_thread": False}
    engine = given.made_by(create_engine, parsed, connect_args=shared)
    sqlite.prepare(engine, durability=durability)
    return engine


def prepare_postgres(engine: Engine, *, durability: str) -> None:
    """Let the connections of an engine commit each statement, unless a transaction is begun."""

    def connected(connection: Any, _: Any) -> None:
        connection.autocommit = True
        if durability == "normal":
            connection.cursor().execute("SET synchronous_commit = off")

    event.listen(engine, "connect", connected)
