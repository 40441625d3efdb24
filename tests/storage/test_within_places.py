"""Inside the application's transaction: of whatever kind it is, with however few connections.

What cannot be joined is refused by name: another database, a session that cannot go on, one
that is at its end.
"""

import os

import pytest
from sqlalchemy import MetaData, create_engine, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session

from caseflow import InvalidCall, OtherDatabase
from caseflow.storage import AsyncSQLStorage, SQLStorage, begin_immediate, tables
from caseflow.storage.sql import place
from tests.storage.test_within import Desk, letters, url  # noqa: F401  # a fixture
from tests.support.trades import ANA, Paid, bring, shop_book


class Base(DeclarativeBase):
    """The application's mapped classes."""


class Letter(Base):
    __table__ = letters


ONE = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.2}


@pytest.fixture
def desk(url):  # noqa: F811 - `url` is the fixture taken from test_within
    desk = Desk(url)
    yield desk
    desk.close()


@pytest.fixture
def engine_of(desk):
    """Makes engines of the application's, on the database of the desk or on another."""
    made = []

    def engine_of(database=desk.engine.url, **options):
        engine = create_engine(database, **options)
        if engine.dialect.name == "sqlite":
            begin_immediate(engine)
        made.append(engine)
        return engine

    yield engine_of
    for engine in made:
        engine.dispose()


# -- a pool of one connection ------------------------------------------------------------------


def copied(book, session):
    """Let a consumer write a letter for each event, in the session's transaction."""
    return book.within(session).consume(
        "copies", lambda event: session.execute(insert(letters).values(id=event.position))
    )


def test_a_consumer_needs_no_second_connection_of_the_pool(desk, engine_of):
    engine = engine_of(**ONE)
    store = SQLStorage(engine, create=False)
    book = shop_book(store, recent=0)
    told = []
    book.subscribe(lambda recorded: told.append(recorded.number))
    for number in (2, 3):
        book.record(desk.case_id, Paid(amount=number), by=ANA)
    with Session(engine) as session:
        assert copied(book, session) == 3
        session.rollback()
    with Session(engine) as session, session.begin():
        assert copied(book, session) == 3
        book.within(session).record(desk.case_id, Paid(amount=4), by=ANA)
        assert copied(book, session) == 0, "it is not committed yet"
    with Session(engine) as session, session.begin():
        assert copied(book, session) == 1
    assert (desk.letters(), told) == ([1, 2, 3, 4], [2, 3, 4])
    assert engine.pool.checkedout() == 0


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_consumer_misses_nothing_at_any_isolation(postgres_url, level):
    engine = create_engine(postgres_url, isolation_level=level, **ONE)
    letters.metadata.create_all(engine)
    book = shop_book(SQLStorage(engine), recent=0)
    case_id = bring(book, "dropped-off")
    for amount in range(3):
        with Session(engine) as session, session.begin():
            session.execute(select(letters)).all()  # what is seen from here on is as it is now
            assert copied(book, session) == 1
            book.within(session).record(case_id, Paid(amount=amount), by=ANA)
    engine.dispose()


def test_whoever_publishes_may_hold_the_only_connection_still(desk, engine_of):
    engine = engine_of(**ONE)
    book = shop_book(SQLStorage(engine, create=False), recent=0)
    told = []
    book.subscribe(lambda recorded: told.append(recorded.number))
    with engine.connect() as connection:
        for session in (connection, Session(connection)):
            joined = book.within(session)
            outer = connection.begin()
            joined.record(desk.case_id, Paid(amount=1), by=ANA)
            outer.commit()
            joined.publish()
    assert told == [2, 3]


def test_a_consumer_whose_transaction_stays_open_keeps_nobody_from_the_feed(postgres_url):
    """Were positions given in its transaction, nobody else could give any until it ends."""
    desk = Desk(postgres_url)
    other = bring(desk.book, "dropped-off")
    with Session(desk.engine) as session, session.begin():
        assert copied(desk.book, session) == 2
        desk.book.record(other, Paid(amount=1), by=ANA)
        assert [event.position for event in desk.book.feed()] == [1, 2, 3]
        session.rollback()
    assert [event.position for event in desk.book.feed()] == [1, 2, 3]
    desk.close()


# -- a connection that commits each statement ---------------------------------------------------


@pytest.mark.parametrize("where", ["engine", "connection", "session"])
@pytest.mark.parametrize("first", ["a row", "the book"])
def test_a_connection_on_autocommit_is_refused_by_name(desk, where, first):
    """Nothing of what was written on it could be rolled back, not even what came later."""
    level = {"isolation_level": "AUTOCOMMIT"}
    engine = create_engine(desk.engine.url, **(level if where == "engine" else {}))
    before = desk.numbers()
    with engine.connect() as given:
        if where == "connection":
            given.execution_options(**level)
        elif where == "session":
            given = Session(engine.execution_options(**level))  # noqa: PLW2901 - the session stands in the place of the connection
        if first == "a row":
            given.execute(select(letters)).all()
        with pytest.raises(InvalidCall) as refused:
            desk.book.within(given).record(desk.case_id, Paid(amount=1), by=ANA)
        given.close()
    assert str(refused.value) == (
        f"within({type(given).__name__}) is on a connection that commits each statement by itself. "
        "Give one that is not in AUTOCOMMIT, so that all of it can be rolled back."
    )
    assert desk.numbers() == before
    engine.dispose()


def test_begin_immediate_begins_a_transaction_on_autocommit_too(tmp_path):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    engine = begin_immediate(create_engine(desk.engine.url, isolation_level="AUTOCOMMIT"))
    with engine.connect() as connection:
        for end, stands in ((connection.rollback, False), (connection.commit, True)):
            connection.execute(insert(letters).values(id=1))
            desk.book.within(connection).record(desk.case_id, Paid(amount=1), by=ANA)
            end()
            assert (desk.letters() == [1], desk.numbers() == [1, 2]) == (stands, stands)
    engine.dispose()
    desk.close()


def test_begin_immediate_may_be_called_again(tmp_path):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    with Session(begin_immediate(desk.engine)) as session, session.begin():
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
    assert desk.numbers() == [1, 2]
    desk.close()


def test_begin_immediate_refuses_an_engine_that_would_roll_nothing_back(tmp_path):
    """SQLAlchemy takes a connection whose transactions we begin for one on autocommit."""
    engine = create_engine(f"sqlite:///{tmp_path / 'cases.db'}")
    engine.dialect.skip_autocommit_rollback = True  # an option of create_engine, where it has it
    with pytest.raises(InvalidCall) as refused:
        begin_immediate(engine)
    assert str(refused.value) == (
        "begin_immediate(engine) is given an engine with skip_autocommit_rollback, which rolls "
        "nothing back. Make it without that option."
    )


def test_begin_immediate_refuses_an_engine_that_shares_its_connections(tmp_path):
    """On the other one the driver would begin nothing, and each statement be committed."""
    engine = create_engine(f"sqlite:///{tmp_path / 'cases.db'}")
    with pytest.raises(InvalidCall) as refused:
        begin_immediate(engine.execution_options(logging_token="mail"))
    assert str(refused.value) == (
        "begin_immediate(engine) is given an engine of execution_options(...), which shares its "
        "connections. Give it the one that create_engine(...) made, or make another one of the "
        "file."
    )
    letters.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.execute(insert(letters).values(id=1))
        connection.rollback()
        assert connection.execute(select(letters)).all() == []
    engine.dispose()


# -- another database --------------------------------------------------------------------------


@pytest.fixture
def elsewhere(desk, request, tmp_path):
    """The URL of another database of the same kind, with the tables of a store."""
    database = f"sqlite:///{tmp_path / 'other.db'}"
    if desk.engine.dialect.name == "sqlite":
        SQLStorage(database).close()
        yield database
        return
    with request.getfixturevalue("postgres_server").database() as database:
        SQLStorage(database).close()
        yield database


@pytest.mark.parametrize("how", ["session", "connection", "binds", "routed"])
def test_a_transaction_on_another_database_is_refused_by_name(desk, elsewhere, engine_of, how):
    ours, other = engine_of(), engine_of(elsewhere)

    class Routed(Session):
        def get_bind(self, *args, **given):
            return other

    open_one = {
        "session": lambda: Session(other),
        "connection": other.connect,
        "binds": lambda: Session(ours, binds={desk.store.tables.cases: other}),
        "routed": lambda: Routed(ours),
    }[how]
    with open_one() as transaction:
        joined = desk.book.within(transaction)
        for verb in (
            lambda: joined.record(desk.case_id, Paid(amount=1), by=ANA),
            lambda: joined.open(client="c", by=ANA),
            lambda: list(joined.feed()),
        ):
            with pytest.raises(OtherDatabase) as refused:
                verb()
            assert refused.value.fields["given"] == str(other.url)
            assert refused.value.fields["store"] == repr(desk.store)
    theirs = SQLStorage(elsewhere, create=False)
    assert theirs.agencies() == []
    theirs.close()


def test_a_session_that_is_bound_for_other_tables_only_is_told_which_is_lacking(desk):
    with Session(binds={letters: desk.engine}) as session, pytest.raises(InvalidCall) as refused:
        desk.book.within(session).case(desk.case_id)
    assert str(refused.value) == (
        "within(Session) has no engine for the tables of caseflow. Give it one, Session(engine); "
        "or where its binds are for other tables, bind the table declared.cases as well: "
        "binds={..., declared.cases: engine}."
    )
    with Session(binds={letters: desk.engine, desk.store.tables.cases: desk.engine}) as session:
        assert desk.book.within(session).case(desk.case_id).id == desk.case_id


def test_the_password_of_the_other_is_not_shown(tmp_path, postgres_url):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    other = create_engine(with_parts(postgres_url, password="horse-battery"))
    with other.connect() as connection, pytest.raises(OtherDatabase) as refused:
        desk.book.within(connection).case(desk.case_id)
    assert "horse" not in str(refused.value)
    assert ":***@" in str(refused.value)
    other.dispose()
    desk.close()


def with_parts(given, **parts):
    return make_url(given).set(**parts)


def test_a_session_on_another_kind_of_database_is_refused_by_name(postgres_url, tmp_path):
    desk = Desk(postgres_url)
    engine = create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    with Session(engine) as session, pytest.raises(OtherDatabase, match="another database"):
        desk.book.within(session).case(desk.case_id)
    engine.dispose()
    desk.close()


def test_a_database_in_memory_is_another(tmp_path):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(OtherDatabase):
        desk.book.within(connection).case(desk.case_id)
    engine.dispose()
    desk.close()


def test_a_file_is_joined_that_the_stores_own_engine_did_not_open_yet(tmp_path):
    """Opening it changes how the file is logged, which waits for no transaction's lock."""
    metadata, address = MetaData(), f"sqlite:///{tmp_path / 'cases.db'}"
    declared = tables(metadata)
    engine = begin_immediate(create_engine(address))
    metadata.create_all(engine)
    book = shop_book(SQLStorage(address, declared=declared, create=False, timeout=0.01))
    with Session(engine) as session, session.begin():
        bring(book.within(session), "dropped-off")
        assert list(book.within(session).feed()) == []  # read by the store's own engine
    assert book.verify_all().events == 1
    engine.dispose()


def test_one_file_by_another_path_is_joined(tmp_path):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    (tmp_path / "link.db").symlink_to(tmp_path / "cases.db")
    path = os.path.relpath(tmp_path / "link.db")
    engine = begin_immediate(create_engine(f"sqlite:///{path}"))
    with Session(engine) as session, session.begin():
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
    assert desk.numbers() == [1, 2]
    engine.dispose()
    desk.close()


def test_one_database_by_another_url_is_joined_and_asked_about_once(postgres_url, monkeypatch):
    desk = Desk(postgres_url)
    asked = []
    server = place._server
    monkeypatch.setattr(place, "_server", lambda driver: asked.append(driver) or server(driver))
    same = with_parts(postgres_url, password="another")
    for engine, times in (
        (create_engine(same), 0),
        (create_engine(same.update_query_dict({"application_name": "office"})), 2),
    ):
        asked.clear()
        for _ in range(2):
            with Session(engine) as session, session.begin():
                desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
        assert len(asked) == times
        engine.dispose()
    desk.close()


def test_another_driver_is_told(postgres_url, monkeypatch):
    """Of those that are not installed here: the engine says only that it is one of theirs."""
    desk = Desk(postgres_url)
    engine = create_engine(postgres_url)
    awaited = create_async_engine(postgres_url)
    monkeypatch.setattr(engine.dialect, "driver", "psycopg2")
    monkeypatch.setattr(awaited.dialect, "driver", "asyncpg")
    with Session(engine) as session, pytest.raises(InvalidCall) as told:
        desk.book.within(session).case(desk.case_id)
    assert str(told.value) == (
        "within(...) is given a connection of the driver 'psycopg2'. Give one of psycopg: an "
        "engine on postgresql+psycopg://..."
    )
    with pytest.raises(InvalidCall, match="is an engine that this store cannot use"):
        SQLStorage(engine)
    with pytest.raises(InvalidCall, match="is an engine of the driver 'asyncpg'"):
        AsyncSQLStorage(awaited)
    engine.dispose()
    desk.close()


# -- sessions and connections of every kind ------------------------------------------------------


def refused(joined, case_id):
    """The words with which a verb is refused."""
    with pytest.raises(InvalidCall) as told:
        joined.record(case_id, Paid(amount=1), by=ANA)
    return str(told.value)


REPAIR = "Give a Session or Connection on which a transaction goes on or can begin."


def test_a_connection_that_was_closed_is_told(desk):
    connection = desk.engine.connect()
    connection.close()
    words = refused(desk.book.within(connection), desk.case_id)
    assert words == (f"within(Connection) cannot be used: This Connection is closed. {REPAIR}")


def test_a_session_without_a_database_is_told(desk):
    words = refused(desk.book.within(Session()), desk.case_id)
    assert words.startswith("within(Session) has no engine for the tables of caseflow. Give it one")


def test_a_session_that_failed_is_told_until_it_is_rolled_back(desk):
    """And what failed first comes through, where a consumer's work fails in the database."""
    with Session(desk.engine) as session:
        session.execute(insert(letters).values(id=1))
        joined = desk.book.within(session)
        session.begin_nested()  # an inner level that failed is to be ended before anything else

        def fails(event):
            session.add(Letter(id=1))
            session.flush()

        with pytest.raises(IntegrityError):
            joined.consume("copies", fails)
        assert "has been rolled back" in refused(joined, desk.case_id)
        session.rollback()
        joined.record(desk.case_id, Paid(amount=1), by=ANA)
        session.commit()
    assert (desk.numbers(), desk.told) == ([1, 2], [2])


def test_a_session_that_was_begun_by_what_it_read_is_joined(desk):
    with Session(desk.engine) as session:
        session.scalars(select(letters.c.id)).all()
        assert session.in_transaction()
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
        session.commit()
    assert desk.told == [2]


def test_a_session_in_two_phases_is_joined_where_the_database_has_them(own_postgres):
    own_postgres.restart(max_prepared_transactions="2")
    with own_postgres.database() as database:
        desk = Desk(database)
        with Session(desk.engine, twophase=True) as session:
            joined = desk.book.within(session)
            session.execute(insert(letters).values(id=1))
            joined.record(desk.case_id, Paid(amount=1), by=ANA)
            session.prepare()
            assert "in 'prepared' state" in refused(joined, desk.case_id)
            assert desk.told == []
            session.commit()
        assert (desk.letters(), desk.numbers(), desk.told) == ([1], [1, 2], [2])
        with Session(desk.engine, twophase=True) as session:
            desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
            session.prepare()
            session.rollback()
        assert (desk.numbers(), desk.told) == ([1, 2], [2])
        desk.close()


def test_two_phases_on_sqlite_are_told(tmp_path):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    with Session(desk.engine, twophase=True) as session:
        assert "cannot be used" in refused(desk.book.within(session), desk.case_id)
    desk.close()


# -- who listens -------------------------------------------------------------------------------


def test_nobody_subscribes_to_a_book_that_ends_with_a_transaction(desk):
    with Session(desk.engine) as session, session.begin():
        joined = desk.book.within(session)
        with pytest.raises(InvalidCall) as told:
            joined.subscribe(print)
        assert str(told.value) == (
            "subscribe(...) comes on a book inside a transaction, with which it would not end. "
            "Subscribe to the book on which within(...) was called."
        )
