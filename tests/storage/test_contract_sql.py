"""The SQL store keeps the whole contract of the port: on SQLite and PostgreSQL, awaited too."""

import os
from contextlib import asynccontextmanager, contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import attrs
import pytest
from psycopg.errors import DuplicateDatabase, UniqueViolation
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from caseflow.storage import AsyncSQLStorage, SQLStorage, begin_immediate
from caseflow.testing import async_storage_contract, storage_contract
from tests.support.postgres import Postgres

SERVER = "CASEFLOW_CONTRACT_SERVER"


@pytest.fixture(scope="module", autouse=True)
def _server(request):
    """Every process of these tests finds the server by the environment."""
    server = request.getfixturevalue("postgres_server")
    os.environ[SERVER] = server.url.render_as_string(hide_password=False)
    yield
    del os.environ[SERVER]


def url_of(place: Path) -> str:
    """The URL of the database of a place, which is made when it is first asked for."""
    server = Postgres(make_url(os.environ[SERVER]))
    name = f"contract_{sha256(bytes(place)).hexdigest()[:20]}"
    if not (place / name).exists():
        with suppress(DuplicateDatabase, UniqueViolation):  # another process was quicker
            server.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        (place / name).touch()
    return server.url.set(database=name).render_as_string(hide_password=False)


def on_sqlite(place: Path) -> SQLStorage:
    return SQLStorage(f"sqlite:///{place / 'cases.db'}")


def on_postgres(place: Path) -> SQLStorage:
    return SQLStorage(url_of(place))


def awaited_on_postgres(place: Path) -> AsyncSQLStorage:
    return AsyncSQLStorage(url_of(place))


@attrs.frozen
class Open:
    """A transaction of an application, and the store that has joined it."""

    store: object
    commit: object
    rollback: object


@contextmanager
def in_a_session(store):
    engine = create_engine(store.engine.url)
    if engine.dialect.name == "sqlite":
        begin_immediate(engine)
    try:
        with Session(engine) as session:
            yield Open(store.within(session), session.commit, session.rollback)
    finally:
        engine.dispose()


@asynccontextmanager
async def in_an_async_session(store):
    engine = create_async_engine(store.engine.url)
    try:
        async with AsyncSession(engine) as session:
            yield Open(Awaiting(store.within(session)), session.commit, session.rollback)
    finally:
        await engine.dispose()


class Awaiting:
    """A joined store with the face of an asynchronous one."""

    def __init__(self, joined):
        self._joined = joined

    def __getattr__(self, name):
        verb = getattr(self._joined, name)

        async def awaited(*args, **given):
            return await self._joined.run(lambda: verb(*args, **given))

        return awaited


TestSQLite = storage_contract(on_sqlite, transaction=in_a_session)
TestPostgreSQL = storage_contract(on_postgres, transaction=in_a_session)
TestPostgreSQLAwaited = async_storage_contract(awaited_on_postgres, transaction=in_an_async_session)
