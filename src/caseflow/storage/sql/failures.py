"""What a database raises, as errors that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from caseflow.kernel.store_errors import GaveWay, StoreError
from caseflow.storage.sql.tables import PREFIX

_SERIALIZATION_FAILURE, _DEADLOCK, _NO_LOCK = "40001", "40P01", "55P03"
_UNIQUE_VIOLATION = "23505"
_SHORTER = "Give shorter texts, without NUL: the limits are in docs/howto-write-a-store.md."
GAVE_WAY = (
    "It gave way to another transaction, and nothing was written: do it again. Where it is a "
    "part of a transaction of yours, roll that back, and do all of it again."
)
_TOO_LONG = (
    "It was open for longer than the server lets it (idle_in_transaction_session_timeout, "
    "transaction_timeout): do less in it, and try again."
)
_REPAIRS_BY_STATE = {
    "25P03": _TOO_LONG,
    "25P04": _TOO_LONG,
    "25P02": "Something failed in this transaction before: roll it back, and begin again.",
    "57014": "It was broken off (statement_timeout, or by hand): give it more time, or try again.",
    "08": "See that the server runs and can be reached, and try again.",
    "57": "See that the server runs and can be reached, and try again.",
    "28": "See that the user and the password in the URL are right.",
    "3D": "Create the database, or correct its name in the URL.",
    "42": "Let caseflow make or migrate its tables, or give this user the rights to them.",
    "53": "Free space or memory on the server and try again; nothing was half written.",
    "25": "Connect to the primary server, or make the database writable.",
    "40": GAVE_WAY,
    "54": _SHORTER,
    "55": "Another transaction, or one of your own, holds what this one needs: give a longer "
    "timeout, inside the transaction use the book of within(...), or try again.",
}
_REPAIRS_BY_WORDS = (
    (
        ("connections are in use", "queuepool limit"),
        "Use fewer threads or shorter transactions, or give an engine with a larger pool, and try "
        "again.",
    ),
    (("cannot contain nul",), _SHORTER),
    (("statements in progress",), "Read your own result to its end before, or close it."),
    (("different event loop",), "Make a store for each event loop, and close it there."),
    (("invalid transaction", "within a transaction"), _REPAIRS_BY_STATE["25P02"]),
    (("is no position",), "Move it with reset_consumer(name, to=...), see docs/howto-feed.md."),
    (("sqlite_master",), "A SQLite file has no schemas: declare the tables without one."),
    (("invalid connection option",), "Correct that part of the URL, or leave it out."),
    (
        ("no such table", "no such column", "has no column"),
        "Let caseflow make its tables, or bring those of an older version up to date: "
        "caseflow.storage.migrate(...).",
    ),
    (
        ("resolve host", "translate host name", "name or service not known", "nodename nor"),
        "See that the name of the host in the URL is right, and that this machine can look it up.",
    ),
    # Of a connection that is refused, the driver tells the words, and not the state.
    (('role "', "authentication failed", "no password", "pg_hba.conf"), _REPAIRS_BY_STATE["28"]),
    (('" does not exist',), _REPAIRS_BY_STATE["3D"]),
    (
        ("locked", "busy"),
        "Another program, or a transaction of your own, holds the file: try again, give a longer "
        "timeout, or inside the transaction use the book of within(...).",
    ),
    (
        ("readonly", "unable to open"),
        "See that the folder exists and that the file can be written.",
    ),
    (
        ("full", "extend file", "no space", "quota"),
        "Free space on the disk and try again; nothing was half written.",
    ),
    (
        ("i/o error", "could not write", "could not fsync"),
        "See that the disk works and has room, and try again; nothing was half written.",
    ),
    (("connect", "terminat", "closed"), _REPAIRS_BY_STATE["08"]),
)
_REPAIR = "See that it is a caseflow database, and restore a backup if it is damaged."
NOT_KNOWN = (
    "It is not known whether it was written. Look at the case before it is repeated; with the "
    "same command id it is safe to repeat."
)


def was_beaten(error: BaseException | None) -> bool:
    """Whether it gave way to another transaction: nothing happened, and it can be tried again."""
    if getattr(error, "sqlstate", None) in (_SERIALIZATION_FAILURE, _DEADLOCK):
        return True
    # each position follows the last one, which a transaction may see as it was when it began
    return is_taken(error, "feed")


def is_taken(error: object, table: str) -> bool:
    """Whether PostgreSQL refused a row of this table of ours, whose key is there."""
    about = getattr(error, "diag", None)
    table_name = about.table_name if about is not None else None
    taken = getattr(error, "sqlstate", None) == _UNIQUE_VIOLATION
    return taken and table_name == f"{PREFIX}{table}"


@contextmanager
def told(store: object, action: str, kinds: tuple[type[Exception], ...]) -> Iterator[None]:
    """Whatever the driver raises becomes a `StoreError` that says what to do."""
    try:
        yield
    except Exception as error:
        if is_told(error, kinds):
            raise failure(store, action, error) from error
        raise


def is_told(error: Exception, kinds: tuple[type[Exception], ...]) -> bool:
    """Whether an error is the driver's, or of a pool that is awaited in another event loop."""
    elsewhere = type(error) is RuntimeError and "different event loop" in str(error)
    return elsewhere or isinstance(error, (*kinds, SQLAlchemyError))


def failure(store: object, action: str, error: Exception, *, repair: str = "") -> StoreError:
    """The error of a driver's error."""
    cause: Any = getattr(error, "orig", None) or error
    words = str(cause).strip().partition("\n")[0] or type(cause).__name__
    no_lock = getattr(cause, "sqlstate", None) == _NO_LOCK or words.endswith("is locked")
    kind = GaveWay if no_lock or was_beaten(cause) else StoreError
    return kind(
        store=repr(store), action=action, cause=words, repair=repair or _repair(cause, words)
    )


def _repair(cause: Any, words: str) -> str:
    if was_beaten(cause):
        return GAVE_WAY
    state = getattr(cause, "sqlstate", None) or ""
    if state in _REPAIRS_BY_STATE:
        return _REPAIRS_BY_STATE[state]
    if state[:2] in _REPAIRS_BY_STATE:
        return _REPAIRS_BY_STATE[state[:2]]
    for signs, repair in _REPAIRS_BY_WORDS:
        if any(sign in words.lower() for sign in signs):
            return repair
    return _REPAIR


def without_password(url: str) -> str:
    """A URL, or what somebody took for one, with nothing of it that may be a password."""
    url = re.sub(r"(:)[^:@/]+(@)", r"\1***\2", url)
    return re.sub(r"(password=)[^&'\"]*", r"\1***", url, flags=re.IGNORECASE)
