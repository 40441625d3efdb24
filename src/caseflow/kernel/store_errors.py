"""What a store, its tables or a file could not do. Nothing was half written."""

from __future__ import annotations

from typing import Any

from caseflow.kernel.errors import CaseflowError


class StoreError(CaseflowError):
    """The store could not do what it was asked; nothing was half written."""

    code = "store"
    wording = "The store {store} failed to {action}: {cause}. {repair}"


class ConnectionLost(StoreError):
    """The connection to the database was lost while something was done."""

    code = "connection-lost"


class GaveWay(StoreError):
    """The store gave way to another transaction: nothing was written, and it can be done again.

    A deadlock, a transaction that cannot be serialized, or a lock that was waited for too long.
    What is a part of a transaction of the application's is done again with all of that.
    """

    code = "gave-way"


class TransactionNotImmediate(StoreError):
    """A SQLite transaction that a store should join was begun without the write lock."""

    code = "transaction-not-immediate"
    wording = (
        "{store} cannot join this SQLite transaction: it was begun without the write lock, and "
        "may find later that it cannot write any more. Prepare the engine with "
        "caseflow.storage.begin_immediate(engine), or call the casebook before anything else in "
        "the transaction."
    )


class OtherDatabase(StoreError):
    """A transaction that a store should join is on a database that is not the store's."""

    code = "other-database"
    wording = (
        "{store} cannot join a transaction on {given!r}, which is another database. Give a Session "
        "or Connection to the database of the store, or make the book with a store on the other."
    )


class Unsupported(StoreError):
    """The store lacks what it was asked for, and always will: it is declared to."""

    code = "unsupported"
    wording = "The store {store} cannot {action}: it lacks {lacks!r}. {repair}"

    def __init__(self, **fields: Any) -> None:
        fields.setdefault("repair", "Do without it, or use a store that has it.")
        super().__init__(**fields)


class FileFailed(CaseflowError):
    """A file could not be written or read; nothing that looks whole was left behind."""

    code = "file-failed"
    wording = "{file} could not be {action}: {cause}. {repair}"


class SchemaMissing(StoreError):
    """The database holds no tables of caseflow, and was not to be given any."""

    code = "schema-missing"
    wording = (
        "{store} holds no tables of caseflow. Let them be made with SQLStorage(...) or "
        "caseflow.storage.migrate(...), or see that the URL names the right database."
    )


class SchemaOutdated(StoreError):
    """The tables were made by an older version of caseflow."""

    code = "schema-outdated"
    wording = (
        "The tables in {store} are of schema {found}, and this version of caseflow works with "
        "{wanted}. Make a backup, then bring them up to date with caseflow.storage.migrate(...)."
    )


class SchemaNewer(StoreError):
    """The tables were made by a newer version of caseflow."""

    code = "schema-newer"
    wording = (
        "The tables in {store} are of schema {found}, and this version of caseflow knows none "
        "newer than {wanted}. Install the version of caseflow that made them."
    )


class SchemaIncomplete(StoreError):
    """There are tables of caseflow in the database, and not all that belongs to them."""

    code = "schema-incomplete"
    wording = (
        "The tables of caseflow in {store} are not complete: they lack {missing}. If your "
        "application's own migrations keep them, make the next one and run it; otherwise "
        "restore them from a backup."
    )
