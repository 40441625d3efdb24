"""Whether a connection is one to work on: of the store's database, and of this process."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.pool import PoolProxiedConnection

from caseflow.kernel.errors import InvalidCall
from caseflow.kernel.store_errors import OtherDatabase, StoreError
from caseflow.storage.sql.failures import without_password
from caseflow.storage.sql.given import is_driven
from caseflow.storage.sql.sqlite import file_of, identity

if TYPE_CHECKING:
    from caseflow.storage.sql.store import EngineStorage

_PROCESS = "caseflow_process"
"""Under which name a connection of a pool holds the process that opened it (0: a parent)."""


class _Fork:
    """When this process was forked, by the clock with which a pool notes what it opens."""

    at = 0.0

    @classmethod
    def note(cls) -> None:
        """Called in the child."""
        cls.at = time.time()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_Fork.note)


def not_of_a_parent(store: EngineStorage, pooled: PoolProxiedConnection, action: str) -> None:
    """See that this process does not share a connection with the one it was forked from.

    The store's own are closed before a fork; those of the application's engine are not. One on
    which only the application worked so far is told by when its pool opened it.
    """
    info, process = pooled.info, os.getpid()
    if _PROCESS not in info:
        record: Any = getattr(pooled, "_connection_record", None)  # SQLAlchemy shows it to nobody
        info[_PROCESS] = 0 if getattr(record, "starttime", _Fork.at) < _Fork.at else process
    if info[_PROCESS] != process:
        cause = "this process was forked, and shares the connections of its parent"
        repair = "Call engine.dispose(close=False) in it before anything else uses the engine."
        raise StoreError(store=repr(store), action=action, cause=cause, repair=repair)


def see_that_it_is_ours(store: EngineStorage, connection: Connection, driver: Any) -> None:
    """Raises `OtherDatabase`. Both are asked, once for each pool of the application's.

    Raises `InvalidCall` for a driver that the store's statements are not written for.
    """
    engine = connection.engine
    if engine.pool is store.engine.pool or engine.pool in store.joined_pools:
        return
    if not is_driven(connection.dialect):
        raise InvalidCall(
            what="within(...)",
            problem=f"is given a connection of the driver {connection.dialect.driver!r}",
            repair="Give one of psycopg: an engine on postgresql+psycopg://...",
        )
    if not _is_ours(store, connection, driver):
        given = without_password(engine.url.render_as_string(hide_password=True))
        raise OtherDatabase(store=repr(store), given=given)
    store.joined_pools.add(engine.pool)


def _is_ours(store: EngineStorage, connection: Connection, driver: Any) -> bool:
    dialect = connection.dialect.name
    if dialect != store.engine.dialect.name:
        return False
    if dialect == "sqlite":
        return _file(driver) == _own_file(store)
    given, ours = connection.engine.url, store.engine.url
    if given.database and _without_user(given) == _without_user(ours):
        return True
    return _server(driver) == store._read("look at its server", _server)


def _without_user(url: URL) -> URL:
    """A URL, whoever connects and however."""
    return url.set(drivername="postgresql", username="", password="")


def _file(driver: Any) -> tuple[int, int] | None:
    """Which file a connection to SQLite has open (None: none, it is in memory or was deleted)."""
    return file_of(driver)[1]


def _own_file(store: EngineStorage) -> tuple[int, int] | None:
    """Which file the connections of a store have open.

    Its own engine is asked for none, where it can be told without: what a first connection
    does to the file would wait for the transaction that is to be joined.
    """
    found = identity(store.own_path)
    return store._read("look at its file", _file) if found is None else found


def _server(driver: Any) -> tuple[Any, ...]:
    """Which database a connection to PostgreSQL is on, and of which server.

    A copy of a server has its identifier too, but was not started in the same microsecond.
    """
    asked = "SELECT extract(epoch FROM pg_postmaster_start_time()), current_database()"
    found: tuple[Any, ...] = driver.execute(asked).fetchone()
    return found
