"""The store inside the application's own transaction: its rows and ours commit together or not.

A unit is written behind a savepoint, so that one that is refused leaves the transaction as it
was. Committing and rolling back stay with the application.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import ref

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import (
    InvalidRequestError,
    OperationalError,
    SQLAlchemyError,
    UnboundExecutionError,
)
from sqlalchemy.orm import Session

from caseflow.kernel.errors import InvalidCall
from caseflow.kernel.store_errors import (
    ConnectionLost,
    GaveWay,
    StoreError,
    TransactionNotImmediate,
)
from caseflow.storage.port import Appended, Checkpoint, Consumers, FeedEntry, Unit
from caseflow.storage.sql import failures, feed, place, sqlite, writing
from caseflow.storage.sql.odd import leniently
from caseflow.storage.sql.statements import JOINED, Scope
from caseflow.storage.sql.tracking import tracker_of
from caseflow.storage.sql.verbs import SQLVerbs

if TYPE_CHECKING:
    from caseflow.storage.sql.store import EngineStorage

T = TypeVar("T")


class JoinedStorage(SQLVerbs):
    """A store that works inside a Session's or a Connection's transaction.

    Made by `SQLStorage.within`. Use it while that transaction is open, and by one thread.
    """

    def __init__(self, store: EngineStorage, transaction: Session | Connection) -> None:
        super().__init__(store._prepared)
        self._store = store
        self._transaction = transaction
        self._written: Unit | None = None
        self._consuming: dict[tuple[str, str], tuple[Checkpoint, ref[Any]]] = {}
        """Each checkpoint that was read, and the transaction or savepoint in which it moves."""

    def __repr__(self) -> str:
        return f"{self._store!r}.within({type(self._transaction).__name__})"

    # -- when the events are told --------------------------------------------------------------

    def after_commit(self, tell: Callable[[], None]) -> None:
        """Call `tell` when the unit that was written last is committed; never where it is not.

        Where a Connection was given, or the Session itself joined a transaction of somebody
        else's, nobody says when that has ended: `publish` is then called by the application,
        which may hold its connection still.
        """
        if self._written is not None:
            held = isinstance(self._bind(), Connection)
            stands = partial(self._store.stands, aside=held)
            tracker = tracker_of(self._transaction)
            tracker.add(self._connection(), self._written, stands, tell)

    def publish(self) -> None:
        """Tell now what was committed and is not told yet. Raises `InvalidCall` before that."""
        tracker_of(self._transaction).publish()

    # -- where the work is done --------------------------------------------------------------

    @property
    def _scope(self) -> Scope:
        return JOINED

    def _bind(self) -> Engine | Connection:
        """Where the transaction gets its connection."""
        if isinstance(self._transaction, Session):
            return self._transaction.get_bind(clause=self.tables.cases)
        return self._transaction

    def _connection(self) -> Connection:
        """The connection of the transaction, which is begun where it is not yet."""
        transaction = self._transaction
        try:
            if isinstance(transaction, Session):
                return transaction.connection(bind_arguments={"clause": self.tables.cases})
            if not transaction.in_transaction():
                transaction.begin()
        except UnboundExecutionError as error:
            raise InvalidCall(
                what=f"within({type(transaction).__name__})",
                problem="has no engine for the tables of caseflow",
                repair="Give it one, Session(engine); or where its binds are for other tables, "
                "bind the table declared.cases as well: binds={..., declared.cases: engine}.",
            ) from error
        except (InvalidRequestError, NotImplementedError) as error:
            words = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
            raise InvalidCall(
                what=f"within({type(transaction).__name__})",
                problem=f"cannot be used: {words}",
                repair="Give a Session or Connection on which a transaction goes on or can begin.",
            ) from error
        return transaction

    def _on_driver(self, action: str, work: Callable[[Any], T]) -> T:
        with failures.told(self, action, ()):
            connection = self._connection()
        dialect = connection.dialect
        kinds: tuple[type[Exception], ...] = (dialect.dbapi.Error,)  # type: ignore[union-attr]  # a connected one has it
        with failures.told(self, action, kinds):
            driver: Any = connection.connection.dbapi_connection
            place.not_of_a_parent(self._store, connection.connection, action)
            place.see_that_it_is_ours(self._store, connection, driver)
            if self._prepared.postgres:
                _not_by_itself(driver.autocommit, self._transaction)
                _see_the_commit(connection)
            else:
                self._see_the_lock(connection, driver, action)
            try:
                return work(driver)
            except BaseException as error:
                if self._is_over(connection, error):
                    if isinstance(error, kinds):
                        raise self._all_gone(connection, action, error) from error
                    connection.invalidate(error)  # broken off: it is not to look as if it went on
                raise

    def _is_over(self, connection: Connection, error: BaseException) -> bool:
        """Whether an error took the transaction with it: the connection, or SQLite's patience.

        PostgreSQL commits nothing of a transaction in which a statement failed, and raises
        nothing at its commit. To a savepoint of the application's it can still be rolled back.
        """
        real: Any = connection.connection.driver_connection
        if not self._prepared.postgres:
            return not real.in_transaction
        if real.info.transaction_status.name in ("ACTIVE", "INERROR"):
            return not connection.in_nested_transaction()
        return _is_lost(connection, error)

    def _all_gone(
        self, connection: Connection, action: str, error: Exception, *, repair: str = ""
    ) -> StoreError:
        """The error of a transaction that was rolled back behind SQLAlchemy.

        What is done next would be in no transaction, and be committed by itself. So SQLAlchemy
        is told, and nobody can use or commit the transaction before it is rolled back.
        """
        told = failures.failure(self, action, error)
        kind = ConnectionLost if _is_lost(connection, error) else type(told)
        connection.invalidate(error)
        if not repair:
            repair = _ALL_GONE if kind is GaveWay else f"{told.fields['repair']} {_ALL_GONE}"
        return kind(**{**told.fields, "repair": repair})

    def _see_the_lock(self, connection: Connection, driver: Any, action: str) -> None:
        """See that the transaction may write, before anything is read in it.

        A SQLite transaction that was begun without the write lock may read, and then find that
        it cannot write any more, however long it waits: somebody else wrote meanwhile. One that
        had the lock may be rolled back by SQLite, which tells only whose statement failed.
        """
        real: Any = connection.connection.driver_connection
        transaction, locked = connection.get_transaction(), connection.info.get(sqlite.LOCKED)
        was_joined = locked is not None and locked() is transaction
        over = ""
        if was_joined and not real.in_transaction:
            over = f"the transaction {sqlite.ENDED}"
        elif not sqlite.is_same_file(connection.info, driver):
            over = "the file of the database was deleted, or another put in its place"
        if over:
            raise self._all_gone(connection, action, SQLAlchemyError(over), repair=_ALL_GONE)
        if not was_joined:
            self._take_the_lock(driver, real)
            connection.info[sqlite.LOCKED] = ref(transaction)
            sqlite.see_its_end(connection.engine)

    def _take_the_lock(self, driver: Any, real: Any) -> None:
        if not real.in_transaction:
            by_itself = real.isolation_level is None or getattr(real, "autocommit", None) is True
            _not_by_itself(by_itself, self._transaction)
            driver.execute("BEGIN IMMEDIATE")
            return
        if sqlite.is_unlocked(driver) or not _may_write(driver, self._prepared):
            raise TransactionNotImmediate(store=repr(self._store))

    def _read(self, action: str, work: Callable[[Any], T]) -> T:
        return self._on_driver(action, leniently(work))

    def _write(self, action: str, work: Callable[[Any], T]) -> T:
        return self._on_driver(action, work)

    def _append(self, unit: Unit) -> Appended:
        def work(connection: Any) -> Appended:
            return writing.append(connection, self._prepared, unit, JOINED)

        action = "append to a history"
        appended = self._on_driver(action, work)
        if appended is Appended.DONE:
            self._written = unit
        if appended is Appended.DUPLICATE and not self.command(unit.agency, str(unit.command_id)):
            cause = f"command {unit.command_id!r} took effect since the transaction began"
            raise GaveWay(store=repr(self), action=action, cause=cause, repair=failures.GAVE_WAY)
        return appended

    def feed(self, agency: str, /, *, after: int = 0, limit: int = 100) -> Sequence[FeedEntry]:
        """At most `limit` events after a position, in order: those that are committed.

        Giving positions is no part of the application's transaction: until it ended nobody
        else could give any, and those that it gave could be taken back.
        """

        def read(connection: Any) -> Sequence[FeedEntry]:
            return feed.read(connection, self._prepared, agency, after, limit)

        return self._of_the_feed("read the feed", agency, read)

    def checkpoint(self, agency: str, consumer: str, /) -> Checkpoint:
        """As the transaction has it, in which work is then done up to another one."""
        found = super().checkpoint(agency, consumer)
        connection = self._connection()
        innermost: Any = connection.get_nested_transaction() or connection.get_transaction()
        self._consuming[agency, consumer] = found, ref(innermost)
        return found

    def advance(
        self,
        agency: str,
        consumer: str,
        /,
        *,
        expected: Checkpoint,
        position: int,
        workflow: str = "",
    ) -> bool:
        """Move a checkpoint with the work that was done. Raises `InvalidCall` where that ended."""
        read, begun = self._consuming.pop((agency, consumer), (None, None))
        if read is expected and not _goes_on(begun):  # else it is moved for itself, by a reset
            raise InvalidCall(
                what=f"consume({consumer!r}, ...)",
                problem="ends in another transaction than it began in, which may have undone it",
                repair="Commit or roll back after it, and never in the function: there, undo by "
                "a savepoint (begin_nested).",
            )
        moving: Any = {"expected": expected, "position": position, "workflow": workflow}
        return super().advance(agency, consumer, **moving)

    def consumers(self, agency: str, /) -> Consumers:
        """The checkpoints as the transaction has them, and where what is committed ends."""
        action = "list the consumers"

        def read(connection: Any) -> Consumers:
            return feed.consumers(connection, self._prepared, agency)

        ours = self._on_driver(action, read)
        return ours._replace(end=self._of_the_feed(action, agency, read).end)

    def _of_the_feed(self, action: str, agency: str, read: Callable[[Any], T]) -> T:
        """Read of the feed what is committed, after it was given its positions."""

        def give_and_read(connection: Any) -> T:
            if self._prepared.postgres:
                feed.sequence(connection, self._prepared, agency)
            return read(connection)

        def waits(connection: Any) -> bool:  # on SQLite: what is not committed has positions too
            prepared = self._prepared
            return not prepared.postgres or feed.is_waiting(connection, prepared, agency)

        if self._on_driver(action, waits):
            shares = self._bind().engine.pool is self._store.engine.pool
            beside = self._store.aside if shares else self._store._read
            return beside(action, give_and_read)
        return self._on_driver(action, read)


_ALL_GONE = (
    "All that was written in this transaction is gone, what you wrote too: roll it back, and do "
    "all of it again."
)


def _is_lost(connection: Connection, error: BaseException) -> bool:
    driver = connection.connection.dbapi_connection
    return connection.dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]  # it may be any error


def _goes_on(begun: ref[Any] | None) -> bool:
    """Whether a transaction or savepoint has not ended."""
    transaction = None if begun is None else begun()
    return transaction is not None and transaction.is_active


def _see_the_commit(connection: Connection) -> None:
    """Let nothing look committed that is not: after a statement failed, in whosever hands.

    PostgreSQL then commits nothing, and raises nothing.
    """
    if not event.contains(connection, "commit", _refuse_if_failed):
        event.listen(connection, "commit", _refuse_if_failed)


def _refuse_if_failed(connection: Connection) -> None:
    if not connection.invalidated:
        real: Any = connection.connection.driver_connection
        if real.info.transaction_status.name == "INERROR":
            connection.invalidate()  # so that SQLAlchemy refuses it


def _not_by_itself(commits: bool, transaction: object) -> None:
    """See that a connection does not commit each statement by itself. Raises `InvalidCall`."""
    if commits:
        raise InvalidCall(
            what=f"within({type(transaction).__name__})",
            problem="is on a connection that commits each statement by itself",
            repair="Give one that is not in AUTOCOMMIT, so that all of it can be rolled back.",
        )


def _may_write(driver: Any, prepared: Any) -> bool:
    """Whether a connection holds the write lock, or can still take it: by writing nothing."""
    try:
        driver.execute(prepared("UPDATE {consumers} SET position = position WHERE agency IS NULL"))
    except Exception as error:
        if isinstance(error, OperationalError) or "locked" in str(error):
            return False
        raise
    return True
