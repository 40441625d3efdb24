"""A store on a SQLite file: WAL, full synchronous, one transaction an append.

SQLAlchemy owns the engine, the pool and the schema; reading and appending are hand-written
SQL on the driver's connection.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet, finalize

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, SQLAlchemyError

from caseflow.kernel.errors import InvalidCall, StoreError
from caseflow.kernel.stored import StoredEvent
from caseflow.storage.port import Appended, Head, Unit

metadata = MetaData()

_INTEGERS = {"number", "type_version"}
_OPTIONAL = {
    "on_behalf_of",
    "reported_by",
    "reason_code",
    "reason",
    "transition",
    "stage",
    "command_id",
    "fingerprint",
}

cases = Table(
    "caseflow_cases",
    metadata,
    Column("opened", Integer, primary_key=True, autoincrement=True),
    Column("agency", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("snapshot_version", Integer, nullable=False),
    Column("snapshot", Text),
    UniqueConstraint("agency", "case_id"),
)
events = Table(
    "caseflow_events",
    metadata,
    *(
        Column(name, Integer if name in _INTEGERS else Text, nullable=name in _OPTIONAL)
        for name in StoredEvent._fields
    ),
    PrimaryKeyConstraint("agency", "case_id", "number"),
    sqlite_with_rowid=False,
)
Index("caseflow_events_by_type", events.c.agency, events.c.case_id, events.c.type, events.c.number)
commands = Table(
    "caseflow_commands",
    metadata,
    Column("agency", Text, nullable=False),
    Column("command_id", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("agency", "command_id"),
    sqlite_with_rowid=False,
)

_COLUMNS = ", ".join(StoredEvent._fields)
_MARKS = ", ".join("?" * len(StoredEvent._fields))
_SELECT = f"SELECT {_COLUMNS} FROM caseflow_events WHERE agency = ? AND case_id = ?"  # noqa: S608 - names of our own
_INSERT = f"INSERT INTO caseflow_events ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608 - names of our own
_OPEN = (
    "INSERT INTO caseflow_cases"
    " (version, hash, snapshot_version, snapshot, agency, case_id) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)
_ADVANCE = (
    "UPDATE caseflow_cases SET version = :last, hash = :hash,"
    " snapshot_version = CASE WHEN :snapshot IS NOT NULL THEN :last WHEN :drop THEN 0"
    " ELSE snapshot_version END,"
    " snapshot = CASE WHEN :snapshot IS NOT NULL OR :drop THEN :snapshot ELSE snapshot END"
    " WHERE agency = :agency AND case_id = :case_id AND version = :expected"
)


class SQLStorage:
    """Keeps cases in a SQLite file, given as a SQLAlchemy URL: `sqlite:///cases.db`.

    Acknowledged means on the disk: the file is written with `synchronous=FULL`. `timeout` is
    how many seconds to wait for another writer. Before a process forks, its connections are
    closed, since SQLite cannot share them with a child; fork while no other thread uses the
    store. Raises `StoreError` where the file cannot be opened or written.
    """

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        self.url = url
        self._closed = False
        wait = {"timeout": _seconds(timeout)}
        self._engine = create_engine(_sqlite_url(url), connect_args=wait)
        _engines.add(self._engine)
        finalize(self, self._engine.dispose)  # a store that nobody closed closes its connections
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "checkout", _same_file)
        with self._failing("open its tables"):
            metadata.create_all(self._engine)

    def __repr__(self) -> str:
        return f"SQLStorage({self.url!r})"

    def close(self) -> None:
        """Close the connections to the file. The store cannot be used afterwards."""
        self._closed = True
        self._engine.dispose()

    def head(self, agency: str, case_id: str, /) -> Head | None:
        """Where a case stands, or None where there is no such case."""
        with self._connection("read a case") as connection:
            row = connection.execute(
                "SELECT version, hash, snapshot_version, snapshot FROM caseflow_cases"
                " WHERE agency = ? AND case_id = ?",
                (agency, case_id),
            ).fetchone()
            return _head(row) if row else None

    def read(
        self,
        agency: str,
        case_id: str,
        /,
        *,
        after: int = 0,
        types: Sequence[str] | None = None,
    ) -> Sequence[StoredEvent]:
        """The events after a number, in order; of the named types only, where given."""
        query, given = f"{_SELECT} AND number > ?", [agency, case_id, after]
        if types is not None:
            query += f" AND type IN ({', '.join('?' * len(types))})"
            given += types
        with self._connection("read a history") as connection:
            rows = connection.execute(f"{query} ORDER BY number", given).fetchall()
        return [StoredEvent._make(row) for row in rows]

    def append(self, unit: Unit, /) -> Appended:
        """Write a unit, or tell why not."""
        with self._connection("append to a history") as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                appended = _append(connection, unit)
                connection.execute("COMMIT" if appended is Appended.DONE else "ROLLBACK")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        return appended

    def command(self, agency: str, command_id: str, /) -> Sequence[StoredEvent]:
        """The events that a command wrote, in order; empty where it is unknown."""
        with self._connection("look up a command") as connection:
            found = connection.execute(
                "SELECT case_id, first, last FROM caseflow_commands"
                " WHERE agency = ? AND command_id = ?",
                (agency, command_id),
            ).fetchone()
            if found is None:
                return ()
            rows = connection.execute(
                f"{_SELECT} AND number BETWEEN ? AND ? ORDER BY number", (agency, *found)
            ).fetchall()
        return [StoredEvent._make(row) for row in rows]

    def case_ids(self, agency: str, /) -> Iterable[str]:
        """The ids of all cases of an agency, in the order of their opening."""
        with self._connection("list the cases") as connection:
            rows = connection.execute(
                "SELECT case_id FROM caseflow_cases WHERE agency = ? ORDER BY opened", (agency,)
            ).fetchall()
        return [case_id for (case_id,) in rows]

    @contextmanager
    def _connection(self, action: str) -> Iterator[sqlite3.Connection]:
        """The driver's own connection, from SQLAlchemy's pool."""
        if self._closed:
            repair = f"Make a new one: SQLStorage({self.url!r})."
            raise StoreError(store=repr(self), action=action, cause="it was closed", repair=repair)
        with self._failing(action):
            pooled = self._engine.raw_connection()
            try:
                driver: Any = pooled.driver_connection
                yield driver
            finally:
                pooled.close()

    @contextmanager
    def _failing(self, action: str) -> Iterator[None]:
        """Whatever the driver raises becomes a `StoreError` that says what to do."""
        try:
            yield
        except (sqlite3.Error, SQLAlchemyError) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(
                store=repr(self), action=action, cause=str(cause), repair=_repair(str(cause))
            ) from error


def _head(row: tuple[Any, ...]) -> Head:
    """Where a case stands, as its row says it: SQLite keeps any value in any column."""
    head = Head(*row)
    if type(head.version) is not int or type(head.hash) is not str:
        raise sqlite3.DataError("its row holds a value of another type than was written")
    return head


def _append(connection: sqlite3.Connection, unit: Unit) -> Appended:
    """The statements of an append, inside a transaction that is committed only if done."""
    last = unit.events[-1]
    if unit.command_id is not None:
        claimed = connection.execute(
            "INSERT INTO caseflow_commands VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (unit.agency, unit.command_id, unit.case_id, unit.expected + 1, last.number),
        )
        if claimed.rowcount == 0:
            return Appended.DUPLICATE
    if unit.expected == 0:
        taken_at = last.number if unit.snapshot is not None else 0
        head = (last.number, last.hash, taken_at, unit.snapshot, unit.agency, unit.case_id)
        moved = connection.execute(_OPEN, head)
    else:
        moved = connection.execute(
            _ADVANCE,
            {
                "last": last.number,
                "hash": last.hash,
                "snapshot": unit.snapshot,
                "drop": unit.drop_snapshot,
                "agency": unit.agency,
                "case_id": unit.case_id,
                "expected": unit.expected,
            },
        )
    if moved.rowcount == 0:
        return Appended.CONFLICT
    connection.executemany(_INSERT, unit.events)
    return Appended.DONE


_engines: WeakSet[Engine] = WeakSet()
"""The engines of this process, for `_close_before_fork`, which is the only one to look."""


def _close_before_fork() -> None:
    """Close every connection that is not in use, so that no child inherits one.

    A file lock stays with the process that took it, but SQLite in a child believes that it
    still has those of the parent. The parent then closes the file as its last user and throws
    away what the child was told is written.
    """
    for engine in list(_engines):
        engine.dispose()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(before=_close_before_fork)


def _seconds(timeout: object) -> float:
    """The timeout, if it is a number of seconds. Raises `InvalidCall`."""
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not timeout >= 0:
        raise InvalidCall(
            what=f"timeout={timeout!r}",
            problem="is no number of seconds",
            repair="Give how long to wait for another writer, such as timeout=30.",
        )
    return timeout


def _sqlite_url(url: str) -> str:
    """The URL, if it names a SQLite file that several connections can share."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    file = (parsed.database or "") if parsed is not None else ""
    driver = parsed.drivername if parsed is not None else ""
    in_memory = ":memory:" in file or "mode=memory" in str(url)
    if driver not in ("sqlite", "sqlite+pysqlite") or not file or "\0" in file or in_memory:
        raise InvalidCall(
            what=f"SQLStorage({url!r})",
            problem="names no SQLite file",
            repair="Give a URL such as 'sqlite:///cases.db'; for memory, use MemoryStorage().",
        )
    return url


def _prepare(connection: Any, record: Any) -> None:
    """Each new connection: transactions are ours to begin, and a commit reaches the disk."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    connection.text_factory = os.fsdecode  # a file name need not be UTF-8
    path = cursor.execute("PRAGMA database_list").fetchone()[2]
    connection.text_factory = str
    record.info["file"] = path, _identity(path)
    cursor.close()


def _same_file(_: Any, record: Any, __: Any) -> None:
    """Each use of a connection: it still writes to the file that the URL names.

    A file that was deleted or replaced (a backup put in its place) is open all the same, and
    what is written to it is gone when it is closed. SQLAlchemy then connects anew.
    """
    path, identity = record.info["file"]
    if _identity(path) != identity:
        raise DisconnectionError("the file was replaced")


def _identity(path: str) -> tuple[int, int] | None:
    """Which file it is that has this path now (None: there is none)."""
    try:
        found = os.stat(path)  # noqa: PTH116 - at each use: a Path takes longer to make
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _repair(cause: str) -> str:
    if "locked" in cause or "busy" in cause:
        return "Another program holds the file: try again, or give a longer timeout."
    if "readonly" in cause or "unable to open" in cause:
        return "See that the folder exists and that the file can be written."
    if "full" in cause:
        return "Free space on the disk and try again; nothing was half written."
    return "See that the file is a caseflow database, and restore a backup if it is damaged."
