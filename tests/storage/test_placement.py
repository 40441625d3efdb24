"""Where the tables stand: on an engine of the application's, its MetaData, in a schema."""

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool, SingletonThreadPool, StaticPool

from caseflow import InvalidCall, StoreError
from caseflow.storage import SQLStorage
from caseflow.storage.sql import tables
from tests.support.trades import ANA, Paid, bring, shop_book


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'cases.db'}"


NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
"""How the constraints of many applications are named."""


def work_in(store):
    """Everything that names a table: units, commands, snapshots, lists, the feed, a transaction."""
    book = shop_book(store, snapshot_every=2, recent=0)
    case_id = bring(book, "collected")
    first = book.open(client="c", by=ANA, command_id="c1")
    assert book.open(client="c", by=ANA, command_id="c1").replayed
    assert [case.id for case in book.every()] == [case_id, first.case.id]
    assert len(list(book.feed())) == 11
    assert book.consume("mail", lambda event: None) == 11
    engine = create_engine(store.engine.url)
    with Session(engine) as session, session.begin():
        book.within(session).record(first.case.id, Paid(amount=1), by=ANA)
    engine.dispose()
    assert book.case(first.case.id).version == 2


def test_the_tables_hang_on_the_metadata_of_the_application(url):
    metadata = MetaData(naming_convention=NAMES)
    Table("letters", metadata, Column("id", Integer, primary_key=True))
    declared = tables(metadata)
    engine = create_engine(url)
    metadata.create_all(engine)
    store = SQLStorage(engine, declared=declared, create=False)
    work_in(store)
    assert inspect(engine).has_table("letters")
    engine.dispose()


@pytest.mark.parametrize(
    "declared",
    [lambda: tables(schema="Case Work"), lambda: tables(MetaData(schema="Case Work"))],
    ids=["declared", "that of the MetaData"],
)
def test_the_tables_stand_in_a_schema_of_their_own(postgres_url, declared):
    engine = create_engine(postgres_url)
    store = SQLStorage(postgres_url, declared=declared())
    store.check()
    work_in(store)
    store.close()
    assert not inspect(engine).has_table("caseflow_cases")
    assert inspect(engine).has_table("caseflow_cases", schema="Case Work")
    engine.dispose()


# -- a search_path that leads elsewhere -----------------------------------------------------------


@pytest.fixture
def offices(postgres_url):
    """An engine on a database with tables of a store in two schemas: public, and "100% other"."""
    engine = create_engine(postgres_url, pool_size=1, max_overflow=0, pool_timeout=0.2)
    SQLStorage(engine, declared=tables(schema="100% other"))
    SQLStorage(engine)
    yield engine
    engine.dispose()


ELSEWHERE = text('SET search_path TO "100% other", public')
NOWHERE = text("SET search_path TO pg_catalog")
HIDDEN = text("CREATE TEMP TABLE caseflow_cases (LIKE caseflow_cases INCLUDING ALL)")
"""A table that every connection finds before all others."""


def everything_in(book):
    """Every verb that names a table, once."""
    case_id = bring(book, "collected")
    assert book.open(client="c", by=ANA, command_id="c1").case.id in [
        one.id for one in book.every()
    ]
    assert book.open(client="c", by=ANA, command_id="c1").replayed
    assert len(list(book.feed())) == book.consume("mail", lambda event: None)
    assert book.history(case_id)


def cases_in(engine):
    """How many cases are in the one schema and in the other."""
    with engine.connect() as connection:
        return [
            connection.scalar(text(f'SELECT count(*) FROM "{schema}".caseflow_cases'))
            for schema in ("public", "100% other")
        ]


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("path", [ELSEWHERE, NOWHERE, HIDDEN], ids=["other", "none", "temporary"])
def test_a_unit_never_lands_where_a_transaction_would_look_first(offices, path, create):
    """What the book of the store was told is done could not be read with it."""
    store = SQLStorage(offices, create=create)
    book = shop_book(store, snapshot_every=2, recent=0)
    with Session(offices) as session, session.begin():
        session.execute(path)
        case_id = book.within(session).open(client="c", by=ANA).case.id
        session.execute(path if path is not HIDDEN else NOWHERE)  # and in between
        book.within(session).record(case_id, Paid(amount=1), by=ANA)
        if path is not HIDDEN:
            everything_in(book.within(session))
    assert book.case(case_id).version == 2
    assert book.verify_all().holds
    assert cases_in(offices) == [1 if path is HIDDEN else 3, 0]


@pytest.mark.parametrize("path", [ELSEWHERE, NOWHERE], ids=["other", "none"])
def test_a_connection_on_which_a_path_was_left_is_used_all_the_same(offices, path):
    """As a pool, or a pgbouncer, gives them from one program to the next."""
    with offices.connect() as connection:
        connection.execute(path)
        connection.commit()
    everything_in(shop_book(SQLStorage(offices, create=False), snapshot_every=2, recent=0))
    assert cases_in(offices) == [2, 0]


def test_a_path_of_the_stores_own_leads_to_its_tables(offices, postgres_url):
    """Each store keeps to the tables that its own connections find."""
    url = make_url(postgres_url).update_query_dict({"options": '-csearch_path="100%\\ other"'})
    store = SQLStorage(url, create=False)
    book = shop_book(store)
    with Session(offices) as session, session.begin():
        case_id = book.within(session).open(client="c", by=ANA).case.id
    assert book.case(case_id).version == 1
    store.close()
    assert cases_in(offices) == [0, 1]


def test_tables_that_are_made_later_are_found_then(postgres_url):
    store = SQLStorage(postgres_url, create=False)
    book = shop_book(store)
    with pytest.raises(StoreError, match="does not exist"):
        book.find()
    store.create()
    everything_in(book)
    store.close()


def test_a_connection_of_the_application_is_given_back_as_it_was(url):
    engine = create_engine(url)
    store = SQLStorage(engine)
    case_id = bring(shop_book(store), "quoting")
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        mode = "isolation_level" if engine.name == "sqlite" else "autocommit"
        assert getattr(driver, mode) == ("" if engine.name == "sqlite" else False)
        connection.execute(text("UPDATE caseflow_cases SET client = 'x'"))
        connection.rollback()
    assert shop_book(store).find().cases[0].client != "x"
    assert shop_book(store).case(case_id).stage == "quoting"
    store.close()
    with engine.connect() as connection:  # it is still theirs
        assert connection.execute(text("SELECT 1")).scalar() == 1
    engine.dispose()


def test_an_engine_without_a_pool_will_do(url):
    store = SQLStorage(create_engine(url, poolclass=NullPool))
    work_in(store)


def test_an_engine_that_begins_at_a_higher_level_will_do(postgres_url):
    engine = create_engine(postgres_url, isolation_level="SERIALIZABLE")
    store = SQLStorage(engine)
    work_in(store)
    engine.dispose()


def test_an_engine_whose_listeners_begin_transactions_will_do(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'cases.db'}")
    event.listen(engine, "connect", lambda dbapi, _: setattr(dbapi, "isolation_level", None))
    event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN IMMEDIATE"))
    book = shop_book(SQLStorage(engine))
    bring(book, "collected")
    assert len(list(book.feed())) == 10
    engine.dispose()


def test_what_is_no_engine_for_a_store_is_told():
    with pytest.raises(InvalidCall, match="is an engine that this store cannot use"):
        SQLStorage(create_engine("sqlite+aiosqlite:///cases.db"))
    with pytest.raises(InvalidCall, match='Give "full"'):
        SQLStorage("sqlite:///cases.db", durability="sometimes")


@pytest.mark.parametrize(("level", "sqlite", "server"), [("full", 2, "on"), ("normal", 1, "off")])
def test_durability_is_what_the_database_is_told(postgres_url, tmp_path, level, sqlite, server):
    for url, ask in (
        (f"sqlite:///{tmp_path / 'cases.db'}", "PRAGMA synchronous"),
        (postgres_url, "SHOW synchronous_commit"),
    ):
        store = SQLStorage(url, durability=level)
        with store.engine.connect() as connection:
            found = connection.exec_driver_sql(ask).scalar()
        assert found == (sqlite if url.startswith("sqlite") else server)
        store.close()


def test_a_password_is_never_shown():
    with pytest.raises(InvalidCall) as refused:
        SQLStorage("mysql://ana:secret@host/cases")
    assert "secret" not in str(refused.value)
    assert "***" in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql//u:s3cret@h/db",
        "u:s3cret@h/db",
        " postgresql+psycopg://u:s3cret@h/db",
        "postgresql+psycopg:/u:s3cret@h/db",
    ],
)
def test_nor_is_that_of_what_is_no_url(url):
    with pytest.raises(InvalidCall) as refused:
        SQLStorage(url)
    assert "s3cret" not in str(refused.value)


def test_nor_is_one_among_the_options_of_a_url():
    store = SQLStorage("postgresql+psycopg://ana@h/db?password=s3cret", create=False)
    assert "s3cret" not in repr(store) + store.url
    store.close()


@pytest.mark.parametrize("pool", [StaticPool, SingletonThreadPool])
def test_one_connection_for_everybody_is_refused(tmp_path, pool):
    """The application's transaction and the store's would be one."""
    with pytest.raises(InvalidCall, match="has one connection for everybody"):
        SQLStorage(create_engine(f"sqlite:///{tmp_path / 'cases.db'}", poolclass=pool))


class BrokenOff(BaseException):
    """As a Ctrl-C, or a task that is cancelled."""


def test_work_that_is_broken_off_leaves_no_connection_in_another_mode(url, monkeypatch):
    engine = create_engine(url, pool_size=1, max_overflow=0)
    store = SQLStorage(engine)
    bring(shop_book(store), "quoting")

    def broken_off(connection, *_):
        connection.execute("BEGIN")
        raise BrokenOff

    with monkeypatch.context() as patch:
        patch.setattr("caseflow.storage.sql.writing.append", broken_off)
        with pytest.raises(BrokenOff):
            shop_book(store).record("R-1", Paid(amount=1), by=ANA)
    with engine.connect() as connection:
        connection.execute(text("UPDATE caseflow_cases SET client = 'x'"))
        connection.rollback()
    assert shop_book(store).find().cases[0].client != "x"
    engine.dispose()
