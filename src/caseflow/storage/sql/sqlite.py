"""What a SQLite file needs: how it is opened, and that it is still the same file."""

from __future__ import annotations

import os
import sqlite3
import time
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.engine.base import OptionEngine
from sqlalchemy.exc import DisconnectionError, PendingRollbackError
from sqlalchemy.pool import PoolResetState

from caseflow.kernel.errors import InvalidCall, short

SYNCHRONOUS = {"full": "FULL", "normal": "NORMAL"}

LOCKED = "caseflow_locked"
"""Under which name a connection holds the transaction that was joined, and has the write lock."""
_FILE = "caseflow_file"
ENDED = "was ended by SQLite, or by hand"


def prepare(engine: Engine, *, durability: str) -> None:
    """Let an engine of the store's own open its file as it should be opened."""

    def opened(connection: Any, _: Any) -> None:
        """Each new connection: transactions are ours to begin, and a commit reaches the disk."""
        connection.isolation_level = None
        cursor = connection.cursor()
        write_ahead_if_free(cursor)
        cursor.execute(f"PRAGMA synchronous={SYNCHRONOUS[durability]}")
        cursor.close()

    event.listen(engine, "connect", opened)
    follow_its_file(engine)


def write_ahead(connection: Any, wait: float) -> None:
    """Let readers and a writer of the file not wait for each other: a log is written ahead.

    The file keeps that. While it is changed nobody else may use the file: they are waited for,
    for so many seconds.
    """
    until = time.monotonic() + wait
    while not write_ahead_if_free(connection):
        if time.monotonic() > until:
            raise sqlite3.OperationalError("database is locked")
        time.sleep(0.01)


def write_ahead_if_free(connection: Any) -> bool:
    """The same, waiting for nobody: who uses the file may be who asks. Whether that is settled.

    A file that can only be read stays as it is.
    """
    before = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute("PRAGMA busy_timeout=0")
    try:
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
    except sqlite3.OperationalError as error:
        if "readonly" not in str(error) and "locked" not in str(error):
            raise
        return "readonly" in str(error)
    finally:
        connection.execute(f"PRAGMA busy_timeout={before}")
    return True


def begin_immediate(engine: Engine) -> Engine:
    """Let an engine of the application's begin its SQLite transactions with the write lock.

    Call it once, before the engine is used. Transactions can then be joined by a casebook
    (`Casebook.within`) whatever the application did in them before, and savepoints work, which
    Python's driver otherwise begins no transaction for. A transaction that only reads takes the
    lock too, and waits for it. One that SQLite itself ended is refused until it is rolled back, and
    where the file was replaced the engine connects anew. Returns the engine. Raises `InvalidCall`
    for what is no engine of SQLite, one that was made with `skip_autocommit_rollback`, or one that
    shares its connections with another (`engine.execution_options(...)`).
    """
    given: object = engine
    if not isinstance(given, Engine) or given.dialect.name != "sqlite":
        raise InvalidCall(
            what=f"begin_immediate({short(engine)})",
            problem="is given no engine of SQLite",
            repair="Give the Engine of the file; of an AsyncEngine, its sync_engine.",
        )

    if isinstance(engine, OptionEngine):  # the other one would begin nothing any more
        raise InvalidCall(
            what="begin_immediate(engine)",
            problem="is given an engine of execution_options(...), which shares its connections",
            repair="Give it the one that create_engine(...) made, or make another one of the file.",
        )
    if getattr(engine.dialect, "skip_autocommit_rollback", False):  # it would not see that we began
        raise InvalidCall(
            what="begin_immediate(engine)",
            problem="is given an engine with skip_autocommit_rollback, which rolls nothing back",
            repair="Make it without that option.",
        )

    if not event.contains(engine, "begin", _begin_with_the_lock):
        event.listen(engine, "connect", _begin_by_hand)
        event.listen(engine, "begin", _begin_with_the_lock)
        event.listen(engine, "handle_error", _ended_one_that_was_begun)
        event.listen(engine, "handle_error", _end_one_not_committed)
        event.listen(engine, "reset", _leave_nothing_open)
    follow_its_file(engine)
    return engine


def _begin_by_hand(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself


def _begin_with_the_lock(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _ended_one_that_was_begun(context: ExceptionContext) -> None:
    if context.connection is not None:
        _invalidate_if_over(context, context.connection.get_transaction())


def see_its_end(engine: Engine) -> None:
    """Let a transaction that was joined take nothing more once SQLite has ended it.

    SQLite rolls back all of it at `ON CONFLICT ROLLBACK`, say, or where the disk is full. What
    comes next, a savepoint above all, would begin another transaction, or be committed by
    itself, and SQLAlchemy would take it for the same.
    """
    if not event.contains(engine, "commit", _refuse_if_over):
        event.listen(engine, "handle_error", _ended_one_that_was_joined)
        event.listen(engine, "handle_error", _end_one_not_committed)
        event.listen(engine, "before_cursor_execute", _refuse_if_over)
        event.listen(engine, "commit", _refuse_if_over)
        event.listen(engine, "reset", _leave_nothing_open)


def _ended_one_that_was_joined(context: ExceptionContext) -> None:
    if context.connection is not None and not context.connection.invalidated:
        _invalidate_if_over(context, _joined(context.connection))


def _invalidate_if_over(context: ExceptionContext, begun: Any) -> None:
    """Let nobody go on in a transaction that went with the statement that failed."""
    connection = context.connection
    began = (context.statement or "").startswith("BEGIN")  # by hand, and did not succeed
    if connection is not None and not began and _is_over(connection, begun):
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False  # the others are as they were


def _refuse_if_over(connection: Connection, *_: Any) -> None:
    """The same, where it was ended unseen: on a cursor of the driver's."""
    if not connection.invalidated and _is_over(connection, _joined(connection)):
        raise PendingRollbackError(f"The transaction {ENDED}: roll it back, and do all of it again")


def _end_one_not_committed(context: ExceptionContext) -> None:
    """Roll back at once where a commit failed: the connection may be gone on with, unreturned."""
    connection = context.connection
    if connection is None or connection.invalidated or context.is_disconnect:
        return
    if context.statement is None and context.execution_context is None:  # nor of what it gave
        pooled: Any = connection.connection
        if pooled.driver_connection.in_transaction:
            pooled.rollback()


def _leave_nothing_open(connection: Any, record: Any, state: PoolResetState) -> None:
    """Roll back what SQLAlchemy leaves open after a commit that failed: on a deferred key, say.

    It would keep the write lock, and be committed with what is done next on the connection.
    """
    forgotten = state.transaction_was_reset and state.asyncio_safe
    if forgotten and record.driver_connection.in_transaction:
        connection.rollback()


def _joined(connection: Connection) -> Any:
    """The transaction of a connection that was joined last."""
    locked = connection.info.get(LOCKED)
    return locked and locked()


def _is_over(connection: Connection, begun: Any) -> bool:
    """Whether a transaction that was begun in SQLite goes on for SQLAlchemy alone."""
    if begun is None or begun is not connection.get_transaction() or connection.invalidated:
        return False
    real: Any = connection.connection.driver_connection
    return not real.in_transaction


def file_of(connection: Any) -> tuple[str, tuple[int, int] | None]:
    """The path of the file that a connection has open, and which file is there now."""
    real = getattr(connection, "driver_connection", connection)  # of one that is awaited
    before, real.text_factory = real.text_factory, os.fsdecode  # a file name need not be UTF-8
    try:
        path = connection.execute("PRAGMA database_list").fetchone()[2]
    finally:
        real.text_factory = before
    return path, identity(path)


def is_unlocked(connection: Any) -> bool:
    """Whether nobody holds the write lock of a connection's file at this moment.

    Asked on a connection of its own: one of the pool might be waited for by whoever holds it.
    """
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    probe = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        probe.execute("BEGIN IMMEDIATE")
        probe.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        probe.close()
    return True


def follow_its_file(engine: Engine) -> None:
    """Let an engine connect anew where a file was deleted, or another put in its place.

    The old one is open all the same, and what is written to it is gone when it is closed.
    """
    if not event.contains(engine, "checkout", _same_file):
        event.listen(engine, "checkout", _same_file)


def _same_file(connection: Any, record: Any, _: Any) -> None:
    """Each use of a connection: it still writes to the file at its path, or is closed."""
    if not is_same_file(record.info, connection):
        raise DisconnectionError("the file was replaced")


def is_same_file(info: dict[Any, Any], connection: Any) -> bool:
    """Whether the file of a connection is still the one at its path, as it was at first.

    `info` is what the pool keeps with the connection.
    """
    if _FILE not in info:
        info[_FILE] = file_of(connection)
    path, opened = info[_FILE]
    return bool(identity(path) == opened)


def identity(path: Any) -> tuple[int, int] | None:
    """Which file it is that has this path now (None: there is none)."""
    try:
        found = os.stat(path)  # noqa: PTH116 - at each use: a Path takes longer to make
    except (OSError, TypeError):
        return None
    return found.st_dev, found.st_ino
