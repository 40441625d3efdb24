"""A key store in a SQLite file of its own, from which what is destroyed is gone."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from caseflow.kernel.erasure_errors import KeysNotApart
from caseflow.kernel.errors import InvalidCall, short
from caseflow.kernel.store_errors import StoreError
from caseflow.kernel.values import is_path, seconds
from caseflow.storage.keys import (
    KEY_BYTES,
    Roots,
    SubjectKey,
    Tombstone,
    file_identity,
    new_roots,
)

T = TypeVar("T")


_TABLES = """
CREATE TABLE keystore_roots (name TEXT PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE keystore_state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE keystore_keys (
    agency TEXT NOT NULL, pseudonym TEXT NOT NULL, subject TEXT NOT NULL, key BLOB NOT NULL,
    PRIMARY KEY (agency, pseudonym)
) WITHOUT ROWID;
CREATE TABLE keystore_tombstones (
    number INTEGER PRIMARY KEY, agency TEXT NOT NULL, pseudonym TEXT NOT NULL,
    erased_at TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,
    UNIQUE (agency, pseudonym)
);
INSERT INTO keystore_state VALUES ('format', 1), ('generation', 0);
"""

_FIND_KEY = "SELECT pseudonym, subject, key FROM keystore_keys WHERE agency = ? AND pseudonym = ?"
_FIND_TOMBSTONE = (
    "SELECT pseudonym, erased_at, by, reason FROM keystore_tombstones "
    "WHERE agency = ? AND pseudonym = ?"
)


class SQLiteKeyStore:
    """Keeps keys in a SQLite file of its own. The file is made when it is not there.

    With `create=False` it is not: that is for programs that go on with keys that there are, to
    which a mistyped path, a disk that is not mounted, or an empty file is an error.

    It may be used by several threads and processes of one machine. What is deleted is
    overwritten with zeros (`secure_delete`), there is no write-ahead log in which it could be
    left, and an erasure is acknowledged when it is on the disk (`synchronous=EXTRA`). Only the
    owner of the file may read it (mode 0600, where it is made here). `wait` is how many seconds
    it waits for others.

    Raises `InvalidCall` for what names no file, `KeysNotApart` for a file that holds cases, and
    `StoreError` for one that is no key store or cannot be opened.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, wait: float = 30.0, create: bool = True
    ) -> None:
        if not is_path(path):
            raise InvalidCall(
                what=f"SQLiteKeyStore({short(path)})",
                problem="names no file",
                repair="Give a path, such as SQLiteKeyStore('keys.db').",
            )
        self.path = Path(path)
        self._file = self.path.absolute()
        """The same, whatever the working directory is when it is opened again."""
        self._wait = seconds("wait", wait)
        self._lock = RLock()
        self._opened: tuple[int, sqlite3.Connection] | None = None
        self._inherited: list[Any] = []
        with self._doing("open it"):
            if not create and not self.path.is_file():
                raise FileNotFoundError("there is no such file, and create=False makes none")
            with suppress(FileExistsError):
                # Only where it is new: to close a file drops every lock that this process has on
                # it, those of another connection of SQLite's too.
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            self._refuse_others(empty=not create)
        self._write("open it", _prepare)
        self._database = file_identity(self.path)

    def __repr__(self) -> str:
        return f"SQLiteKeyStore({str(self.path)!r})"

    def __del__(self) -> None:
        if hasattr(self, "_opened"):
            self.close()

    @property
    def database(self) -> str:
        """As `KeyStore.database`."""
        return self._database

    def close(self) -> None:
        """Close the file. It is opened again when it is needed."""
        with self._lock:
            if self._opened is not None and self._opened[0] == os.getpid():
                self._opened[1].close()
            self._opened = None

    def roots(self) -> Roots:
        """As `KeyStore.roots`."""
        rows = self._read("SELECT name, key FROM keystore_roots", ())
        return Roots(**dict(rows))

    def generation(self) -> int:
        """As `KeyStore.generation`."""
        ((number,),) = self._read("SELECT value FROM keystore_state WHERE name='generation'", ())
        return int(number)

    def find(self, agency: str, pseudonym: str, /) -> SubjectKey | Tombstone | None:
        """As `KeyStore.find`."""
        for row in self._read(_FIND_KEY, (agency, pseudonym)):
            return SubjectKey(*row)
        for row in self._read(_FIND_TOMBSTONE, (agency, pseudonym)):
            return Tombstone(*row)
        return None

    def make(self, agency: str, pseudonym: str, subject: str, /) -> SubjectKey | Tombstone:
        """As `KeyStore.make`."""
        there = self.find(agency, pseudonym)
        if there is not None:
            return there

        def write(connection: sqlite3.Connection) -> SubjectKey | Tombstone:
            found = self.find(agency, pseudonym)
            if found is not None:
                return found
            made = SubjectKey(pseudonym, subject, secrets.token_bytes(KEY_BYTES))
            connection.execute("INSERT INTO keystore_keys VALUES (?, ?, ?, ?)", (agency, *made))
            return made

        return self._write("make a key", write)

    def erase(self, agency: str, pseudonym: str, /, *, at: str, by: str, reason: str) -> Tombstone:
        """As `KeyStore.erase`."""

        def write(connection: sqlite3.Connection) -> Tombstone:
            found = self.find(agency, pseudonym)
            if isinstance(found, Tombstone):
                return found
            left = Tombstone(pseudonym, at, by, reason)
            where = (agency, pseudonym)
            connection.execute("DELETE FROM keystore_keys WHERE agency=? AND pseudonym=?", where)
            connection.execute(
                "INSERT INTO keystore_tombstones (agency, pseudonym, erased_at, by, reason) "
                "VALUES (?, ?, ?, ?, ?)",
                (agency, *left),
            )
            connection.execute("UPDATE keystore_state SET value=value+1 WHERE name='generation'")
            return left

        return self._write("destroy a key", write)

    def tombstones(self, agency: str, /) -> Sequence[Tombstone]:
        """As `KeyStore.tombstones`."""
        rows = self._read(
            "SELECT pseudonym, erased_at, by, reason FROM keystore_tombstones "
            "WHERE agency = ? ORDER BY number",
            (agency,),
        )
        return [Tombstone(*row) for row in rows]

    # -- the file ----------------------------------------------------------------------------

    def _connection(self) -> sqlite3.Connection:
        """The connection of this process: one that was forked opens its own."""
        if self._opened is not None and self._opened[0] != os.getpid():
            self._inherited.append(self._opened)  # the parent's, which must not even be closed
            self._opened = None
        if self._opened is None:
            connection = sqlite3.connect(
                self._file, timeout=self._wait, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA secure_delete = ON")
            # A rollback journal and no log: its pages are gone when the deletion is done, and
            # EXTRA sees to it that its file does not come back after a loss of power.
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.execute("PRAGMA temp_store = MEMORY")
            self._opened = os.getpid(), connection
        return self._opened[1]

    def _refuse_others(self, *, empty: bool) -> None:
        """See that the file holds keys or nothing, before anything of it is changed.

        `empty` refuses one that holds nothing too.
        """
        connection = sqlite3.connect(self.path, timeout=self._wait, isolation_level=None)
        try:
            names = _tables_in(connection)
        finally:
            connection.close()
        if any(name.startswith("caseflow_") for name in names):
            raise KeysNotApart(keys=repr(self), cases=str(self.path))
        if names and "keystore_keys" not in names:
            raise sqlite3.DatabaseError("it holds other tables, and is no key store")
        if empty and not names:
            raise sqlite3.DatabaseError("it is empty, and create=False makes no keys in it")

    def _read(self, statement: str, values: tuple[object, ...]) -> list[Any]:
        with self._lock, self._doing("read a key"):
            return self._connection().execute(statement, values).fetchall()

    def _write(self, action: str, write: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock, self._doing(action):
            connection = self._connection()
            try:
                connection.execute("BEGIN IMMEDIATE")
                result = write(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

    @contextmanager
    def _doing(self, action: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                store=repr(self),
                action=action,
                cause=str(error),
                repair="Nothing was done. See that the file is a key store that can be written.",
            ) from error


def _tables_in(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows}


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, unless they are there: of several processes, the first one does."""
    if "keystore_keys" in _tables_in(connection):
        return
    for statement in filter(str.strip, _TABLES.split(";")):
        connection.execute(statement)
    roots = new_roots()._asdict().items()
    connection.executemany("INSERT INTO keystore_roots VALUES (?, ?)", roots)
