"""The store on a SQLite file or a PostgreSQL database."""

from caseflow.storage.sql.store import SQLStorage
from caseflow.storage.sql.tables import Tables, tables

__all__ = ["SQLStorage", "Tables", "tables"]
