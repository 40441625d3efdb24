"""What a SQLite file needs: how it is opened, and that it is still the same file."""

from __future__ import annotations

import os
import sqlite3
import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DisconnectionError

from caseflow.kernel.errors import InvalidCall, short

SYNCHRONOUS = {"full": "FULL", "normal": "NORMAL"}


def prepare(engine: Engine, *, durability: str) -> None:
    """Let an engine of the store's own open its file as it should be opened."""

    def opened(connection: Any, record: Any) -> None:
        """Each new connection: transactions are ours to begin, and a commit reaches the disk."""
        connection.isolation_level = None
        cursor = connection.cursor()
        write_ahead_if_free(cursor)
        cursor.execute(f"PRAGMA synchronous={SYNCHRONOUS[durability]}")
        record.info["file"] = file_of(connection)
        cursor.close()

    event.listen(engine, "connect", opened)
    event.listen(engine, "checkout", _same_file)


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
    lock too, and waits for it. Returns the engine. Raises `InvalidCall` for what is no engine of
    SQLite, or one that was made with `skip_autocommit_rollback`.
    """
    given: object = engine
    if not isinstance(given, Engine) or given.dialect.name != "sqlite":
        raise InvalidCall(
            what=f"begin_immediate({short(engine)})",
            problem="is given no engine of SQLite",
            repair="Give the Engine of the file; of an AsyncEngine, its sync_engine.",
        )

    if getattr(engine.dialect, "skip_autocommit_rollback", False):  # it would not see that we began
        raise InvalidCall(
            what="begin_immediate(engine)",
            problem="is given an engine with skip_autocommit_rollback, which rolls nothing back",
            repair="Make it without that option.",
        )

    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself

    def begun(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def file_of(connection: sqlite3.Connection) -> tuple[str, tuple[int, int] | None]:
    """The path of the file that a connection has open, and which file that is."""
    connection.text_factory = os.fsdecode  # a file name need not be UTF-8
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    connection.text_factory = str
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


def _same_file(_: Any, record: Any, __: Any) -> None:
    """Each use of a connection: it still writes to the file that the URL names.

    A file that was deleted or replaced (a backup put in its place) is open all the same, and
    what is written to it is gone when it is closed. SQLAlchemy then connects anew.
    """
    if not is_same_file(record.info):
        raise DisconnectionError("the file was replaced")


def is_same_file(info: Any) -> bool:
    """Whether the file of a connection, of which this is known, is still the one at its path."""
    path, opened = info["file"]
    return bool(identity(path) == opened)


def identity(path: Any) -> tuple[int, int] | None:
    """Which file it is that has this path now (None: there is none)."""
    try:
        found = os.stat(path)  # noqa: PTH116 - at each use: a Path takes longer to make
    except (OSError, TypeError):
        return None
    return found.st_dev, found.st_ino
