"""Where histories are kept: the port, a store in memory, and stores on SQLite and PostgreSQL.

`SQLStorage`, `AsyncSQLStorage` and `SQLiteKeyStore` are imported when they are asked for, so
that programs without them do not wait for SQLAlchemy and sqlite3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from caseflow.kernel.stored import StoredEvent, verify_chain
from caseflow.storage.keys import KeyStore, MemoryKeyStore
from caseflow.storage.memory import MemoryStorage
from caseflow.storage.port import (
    Appended,
    AsyncStorage,
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
    Storage,
    Unit,
)
from caseflow.storage.sealing import SubjectCipher

if TYPE_CHECKING:
    from caseflow.storage.sql.asynchronous import AsyncSQLStorage
    from caseflow.storage.sql.migrating import migrate
    from caseflow.storage.sql.sqlite import begin_immediate
    from caseflow.storage.sql.store import SQLStorage
    from caseflow.storage.sql.tables import tables
    from caseflow.storage.sqlite_keys import SQLiteKeyStore

__all__ = [
    "Appended",
    "AsyncSQLStorage",
    "AsyncStorage",
    "Checkpoint",
    "Consumers",
    "Count",
    "FeedEntry",
    "Found",
    "Head",
    "History",
    "KeyStore",
    "Listing",
    "Loose",
    "MemoryKeyStore",
    "MemoryStorage",
    "Place",
    "Query",
    "SQLStorage",
    "SQLiteKeyStore",
    "Snapshot",
    "Storage",
    "StoredEvent",
    "SubjectCipher",
    "Unit",
    "begin_immediate",
    "migrate",
    "tables",
    "verify_chain",
]


def __getattr__(name: str) -> Any:
    if name == "SQLStorage":
        from caseflow.storage.sql.store import SQLStorage

        return SQLStorage
    if name == "SQLiteKeyStore":
        from caseflow.storage.sqlite_keys import SQLiteKeyStore

        return SQLiteKeyStore
    if name == "begin_immediate":
        from caseflow.storage.sql.sqlite import begin_immediate

        return begin_immediate
    if name == "AsyncSQLStorage":
        from caseflow.storage.sql.asynchronous import AsyncSQLStorage

        return AsyncSQLStorage
    if name == "migrate":
        from caseflow.storage.sql.migrating import migrate

        return migrate
    if name == "tables":
        from caseflow.storage.sql.tables import tables

        return tables
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Every name, also of what is not imported yet."""
    return sorted({*globals(), *__all__})
