"""Behind a store's back: its rows, to be looked at or changed as a careless repair would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from caseflow.storage import MemoryStorage, Snapshot, SQLStorage, StoredEvent


def rows_in(store: MemoryStorage, case_id: str, agency: str = "agency") -> list[StoredEvent]:
    """The list in which a store in memory keeps a history."""
    return store._agencies[agency].cases[case_id]


def snapshots_in(store: MemoryStorage, agency: str = "agency") -> dict[str, Snapshot]:
    """The dictionary in which it keeps snapshots, by case."""
    return store._agencies[agency].snapshots


@contextmanager
def connection_to(store: SQLStorage) -> Iterator[Any]:
    """A driver's connection to the database of a store; it commits each statement."""
    pooled = store.engine.raw_connection()
    try:
        yield pooled.dbapi_connection
    finally:
        pooled.close()


def execute(store: SQLStorage, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
    """Execute a statement of one's own on the database of a store; what it gives, if anything.

    Values are marked with `?`, on any database.
    """
    if store.engine.dialect.name == "postgresql":
        statement = statement.replace("?", "%s")
    with connection_to(store) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
