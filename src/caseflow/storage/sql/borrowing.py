"""A connection of somebody else's, for as long as its transactions are begun by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine

from caseflow.kernel.errors import InvalidCall


@contextmanager
def exclusively(bind: Engine | Connection, *, lock: int) -> Iterator[Connection]:
    """One transaction, all of which takes effect or nothing, and one of its kind at a time.

    With an engine it is begun and ended here, whatever its connections are set to. With a
    connection it is the transaction of the caller, who commits it or rolls it back. `lock` is
    what those wait for that would do the same on PostgreSQL; on SQLite any writer waits.
    Raises `InvalidCall` for a connection that commits each statement.
    """
    if isinstance(bind, Connection):
        _begin_and_wait(bind, lock)
        yield bind
        return
    with bind.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        before = by_hand(driver)
        try:
            connection.begin()
            if bind.dialect.name == "postgresql":
                connection.exec_driver_sql("BEGIN ISOLATION LEVEL READ COMMITTED")
            elif _in_transaction(connection):  # a listener of the application began one
                connection.exec_driver_sql("ROLLBACK")
            _begin_and_wait(connection, lock)
            yield connection
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            if not connection.invalidated and _in_transaction(connection):
                connection.exec_driver_sql("ROLLBACK")
            raise
        finally:
            put_back(driver, before)


def _begin_and_wait(connection: Connection, lock: int) -> None:
    """Take the lock. Python's driver for SQLite begins no transaction before a table is made."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock})")
        if not _in_transaction(connection):
            raise InvalidCall(
                what="The connection",
                problem="commits each statement by itself, and half could be done",
                repair="Give one that is not in AUTOCOMMIT, or the engine.",
            )
        return
    if not connection.in_transaction():
        connection.begin()
    if not _in_transaction(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _in_transaction(connection: Connection) -> bool:
    return is_open(connection.connection.driver_connection)


def is_open(driver: Any) -> bool:
    """Whether a transaction is open on a driver's connection."""
    info, idle = getattr(driver, "info", None), 0  # psycopg's; sqlite3 has none
    return bool(driver.in_transaction if info is None else info.transaction_status != idle)


def by_hand(driver: Any) -> tuple[str, Any]:
    """Let a driver's connection begin and commit when it is told to; how it was before."""
    name: str = "autocommit"
    by_hand: bool | None = True
    if not isinstance(getattr(driver, "autocommit", None), bool):  # sqlite3, as it is by default
        name, by_hand = "isolation_level", None
    before = getattr(driver, name)
    setattr(driver, name, by_hand)
    return name, before


def put_back(driver: Any, before: tuple[str, Any]) -> None:
    """Let a driver's connection begin and commit as it did before."""
    if not getattr(driver, "closed", False):
        setattr(driver, *before)
