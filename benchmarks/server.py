"""A PostgreSQL for the benchmarks, which keeps what it acknowledges."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.engine import make_url

from tests.support.postgres import OwnPostgres, Postgres


@contextmanager
def a_server() -> Iterator[Postgres]:
    """A server of our own, with the settings that it comes with."""
    server = OwnPostgres(fsync="on", full_page_writes="on", shared_buffers="128MB")
    try:
        yield server
    finally:
        server.close()


def connected(url: str, *, durability: str = "full") -> "psycopg.Connection[tuple[object, ...]]":
    """A connection of psycopg's, which commits each statement."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(plain, autocommit=True)
    if durability == "normal":
        connection.execute("SET synchronous_commit = off")
    return connection
