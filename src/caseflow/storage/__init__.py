"""Where histories are kept: the port, a store in memory, and a store on a SQLite file.

`SQLStorage` is imported when it is asked for, so that programs without it do not wait for
SQLAlchemy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from caseflow.kernel.stored import StoredEvent, verify_chain
from caseflow.storage.memory import MemoryStorage
from caseflow.storage.port import Appended, AsyncStorage, Head, Storage, Unit

if TYPE_CHECKING:
    from caseflow.storage.sql import SQLStorage

__all__ = [
    "Appended",
    "AsyncStorage",
    "Head",
    "MemoryStorage",
    "SQLStorage",
    "Storage",
    "StoredEvent",
    "Unit",
    "verify_chain",
]


def __getattr__(name: str) -> Any:
    if name == "SQLStorage":
        from caseflow.storage.sql import SQLStorage

        return SQLStorage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
