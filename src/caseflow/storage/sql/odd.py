"""What SQLite keeps in any column, whatever the table says: values that nobody of us wrote.

They are read as well as can be, so that one row hides no other, and told by table and row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from sqlalchemy import Boolean, Column, Integer, Table

from caseflow.kernel.errors import short
from caseflow.storage.port import Loose
from caseflow.storage.sql.statements import HIGHEST, Statements

T = TypeVar("T")


def leniently(work: Callable[[Any], T]) -> Callable[[Any], T]:
    """Work that reads; where a text is no UTF-8, done again with a sign in place of such bytes."""

    def done(connection: Any) -> T:
        try:
            return work(connection)
        except sqlite3.OperationalError as error:
            if "decode to UTF-8" not in str(error):
                raise
        real = getattr(connection, "driver_connection", connection)  # of SQLAlchemy's adapter
        before, real.text_factory = real.text_factory, readable
        try:
            return work(connection)
        finally:
            real.text_factory = before

    return done


def readable(value: Any) -> Any:
    """A value, with bytes as the text that they are or could have been."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def place_of(value: Any) -> Any:
    """A value as a place in a list: after it come those that follow in the order of SQLite.

    A text that could not be read cannot be given back either. What comes after any text is used.
    """
    return b"" if isinstance(value, str) and is_odd(value) else value


def is_odd(value: str | bytes) -> bool:
    """Whether a value is no text, or may be one that could not be read."""
    return isinstance(value, bytes) or "\ufffd" in value


def a_number(value: Any) -> int:
    """A number that an event may have, or 0 in the place of anything else."""
    return value if type(value) is int and 0 <= value < HIGHEST else 0


def odd_rows(connection: Any, prepared: Statements, agency: str) -> Iterator[Loose]:
    """The rows that hold a value of another kind than was ever written there.

    Not those of events, each of which is held against its hash.
    """
    for table in prepared.tables.every:
        if table not in (prepared.tables.events, prepared.tables.versions):
            yield from _odd_in(connection, table, agency)


def _odd_in(connection: Any, table: Table, agency: str) -> Iterator[Loose]:
    columns = list(table.columns)
    asked = ", ".join(f"typeof({one.name}), CAST({one.name} AS BLOB)" for one in columns)
    statement = f"SELECT {asked} FROM {table.name} WHERE agency = ?"  # noqa: S608 - our own names
    for row in connection.execute(statement, (agency,)):
        values = dict(zip(columns, zip(row[::2], row[1::2], strict=True), strict=True))
        odd = [one for one, (kind, value) in values.items() if not _fits(one, kind, value)]
        if odd:
            key = ", ".join(f"{one.name} {_told(values[one])}" for one in table.primary_key)
            words = ", ".join(f"{one.name} {_told(values[one])}" for one in odd)
            yield Loose("odd", "", f"{table.name} ({key}) holds {words}")


def _fits(column: Column[Any], kind: str, value: bytes | None) -> bool:
    """Whether a column may hold a value of this kind."""
    if value is None:
        return bool(column.nullable)
    if isinstance(column.type, (Boolean, Integer)):
        most = 1 if isinstance(column.type, Boolean) else HIGHEST - 1
        return kind == "integer" and 0 <= int(value) <= most
    try:
        return kind == "text" and value.decode() is not None
    except UnicodeDecodeError:
        return False


def _told(value: tuple[str, bytes | None]) -> str:
    """A value as a sentence names it."""
    kind, told = value
    if kind == "blob" or told is None:
        return short(told)
    return short(readable(told)) if kind == "text" else str(readable(told))
