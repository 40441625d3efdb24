"""Inside the application's transaction: its rows and the events commit together, or not at all.

Subscribers are told of what is committed, once it is, and of nothing else.
"""

import asyncio
import sqlite3
from contextlib import closing, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.errors import IdleInTransactionSessionTimeout
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    create_engine,
    event,
    insert,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, PendingRollbackError
from sqlalchemy.orm import Session

from caseflow import (
    AsyncCasebook,
    Casebook,
    ConnectionLost,
    GaveWay,
    InvalidCall,
    Refused,
    StoreError,
    TransactionNotImmediate,
    Unsupported,
)
from caseflow.storage import AsyncSQLStorage, MemoryStorage, SQLStorage, begin_immediate
from caseflow.storage.sql import failures, tracking
from tests.support.trades import ANA, MO, Inspected, Paid, bring, shop, shop_book

letters = Table("letters", MetaData(), Column("id", Integer, primary_key=True))


class Desk:
    """An application with a table of its own, a casebook on its engine, and a subscriber."""

    def __init__(self, url):
        self.engine = create_engine(url)
        if self.engine.dialect.name == "sqlite":
            begin_immediate(self.engine)
        letters.metadata.create_all(self.engine)
        self.store = SQLStorage(self.engine)
        self.book = shop_book(self.store, recent=0)
        self.case_id = bring(self.book, "dropped-off")
        self.told = []
        self.book.subscribe(lambda recorded: self.told.append(recorded.number))

    def letters(self):
        with self.engine.connect() as connection:
            return list(connection.execute(select(letters.c.id).order_by(letters.c.id)).scalars())

    def numbers(self):
        return [recorded.number for recorded in self.book.history(self.case_id)]

    def fed(self):
        return [entry.recorded.number for entry in self.book.feed()]

    def close(self):
        self.store.close()
        self.engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'cases.db'}"


@pytest.fixture
def desk(url):
    desk = Desk(url)
    yield desk
    desk.close()


# -- a session ---------------------------------------------------------------------------------


def test_what_is_committed_is_there_and_told_after_the_commit(desk):
    with Session(desk.engine) as session, session.begin():
        session.execute(insert(letters).values(id=1))
        outcome = desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
        assert outcome.case.version == 2
        assert desk.told == []
        session.commit()
        assert desk.told == [2]
    assert (desk.letters(), desk.numbers(), desk.fed(), desk.told) == ([1], [1, 2], [1, 2], [2])


def test_what_is_rolled_back_never_was_and_is_never_told(desk):
    with Session(desk.engine) as session:
        session.execute(insert(letters).values(id=1))
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
        session.rollback()
        session.execute(insert(letters).values(id=2))
        session.commit()
    assert (desk.letters(), desk.numbers(), desk.fed(), desk.told) == ([2], [1], [1], [])


def test_a_savepoint_that_is_rolled_back_takes_its_events_with_it(desk):
    with Session(desk.engine) as session, session.begin():
        joined = desk.book.within(session)
        joined.record(desk.case_id, Paid(amount=1), by=ANA)
        with session.begin_nested():
            joined.record(desk.case_id, Paid(amount=2), by=ANA)
        assert desk.told == []  # a savepoint's release is no commit
        nested = session.begin_nested()
        joined.record(desk.case_id, Paid(amount=3), by=ANA)
        nested.rollback()
        joined.record(desk.case_id, Paid(amount=4), by=ANA)
    assert desk.told == [2, 3, 4]
    paid = [recorded.event.amount for recorded in desk.book.history(desk.case_id)[1:]]
    assert paid == [1, 2, 4]


def test_a_refusal_leaves_the_transaction_as_it_was(desk):
    with Session(desk.engine) as session, session.begin():
        session.execute(insert(letters).values(id=1))
        joined = desk.book.within(session)
        with pytest.raises(Refused):
            joined.do(desk.case_id, Inspected(), by=ANA)
        joined.do(desk.case_id, Inspected(), by=MO)
    assert (desk.letters(), desk.numbers(), desk.told) == ([1], [1, 2], [2])


def test_a_repeated_command_is_known_in_the_transaction_and_after_it(desk):
    with Session(desk.engine) as session, session.begin():
        joined = desk.book.within(session)
        first = joined.record(desk.case_id, Paid(amount=1), by=ANA, command_id="c1")
        again = joined.record(desk.case_id, Paid(amount=1), by=ANA, command_id="c1")
        assert (first.replayed, again.replayed) == (False, True)
    assert desk.book.record(desk.case_id, Paid(amount=1), by=ANA, command_id="c1").replayed
    assert desk.told == [2]


def test_a_case_that_is_opened_inside_is_seen_inside_and_outside_only_after_the_commit(desk):
    with Session(desk.engine) as session, session.begin():
        joined = desk.book.within(session)
        opened = joined.open(client="new", by=ANA, case_id="R-9").case
        assert joined.case("R-9") == opened
        assert desk.book.case_ids() == (desk.case_id,)
        assert joined.case_ids() == (desk.case_id, "R-9")
        assert joined.find(client="new").cases[0].id == "R-9"
    assert desk.book.case("R-9") == opened


def test_one_session_for_one_transaction_after_the_other(desk):
    with Session(desk.engine) as session:
        joined = desk.book.within(session)
        for amount in (1, 2, 3):
            joined.record(desk.case_id, Paid(amount=amount), by=ANA)
            session.rollback() if amount == 2 else session.commit()
    assert (desk.numbers(), desk.told) == ([1, 2, 3], [2, 3])


def test_a_subscriber_that_fails_harms_nothing(desk, caplog):
    desk.book.subscribe(lambda recorded: 1 / 0)
    with Session(desk.engine) as session, session.begin():
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
    assert (desk.numbers(), desk.told) == ([1, 2], [2])
    assert "division by zero" in caplog.text


# -- a session inside a transaction of somebody else's, and a connection -----------------------

MODES = ["conditional_savepoint", "rollback_only", "create_savepoint", "control_fully"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_session_that_joined_a_transaction_tells_when_the_application_says_so(desk, mode, end):
    with desk.engine.connect() as connection:
        outer = connection.begin()
        session = Session(connection, join_transaction_mode=mode)
        joined = desk.book.within(session)
        joined.record(desk.case_id, Paid(amount=1), by=ANA)
        session.commit()
        if mode == "control_fully":  # the session's commit is that of the transaction
            assert desk.told == [2]
            return
        assert desk.told == []
        with pytest.raises(InvalidCall, match="before the transaction has ended"):
            joined.publish()
        getattr(outer, end)()
        joined.publish()
        joined.publish()
        session.close()
    assert desk.told == ([2] if end == "commit" else [])
    assert desk.numbers() == ([1, 2] if end == "commit" else [1])


def test_a_connection_is_told_of_by_the_application(desk):
    with desk.engine.begin() as connection:
        connection.execute(insert(letters).values(id=1))
        joined = desk.book.within(connection)
        joined.record(desk.case_id, Paid(amount=1), by=ANA)
        with pytest.raises(InvalidCall, match="Commit first"):
            joined.publish()
        nested = connection.begin_nested()
        joined.record(desk.case_id, Paid(amount=2), by=ANA)
        nested.rollback()
    assert desk.told == []
    joined.publish()
    joined.publish()
    assert (desk.letters(), desk.numbers(), desk.told) == ([1], [1, 2], [2])


def test_a_connection_that_was_not_begun_is_committed_by_the_application(desk):
    with desk.engine.connect() as connection:
        joined = desk.book.within(connection)
        joined.record(desk.case_id, Paid(amount=1), by=ANA)
        connection.rollback()
        joined.record(desk.case_id, Paid(amount=2), by=ANA)
        connection.commit()
        joined.record(desk.case_id, Paid(amount=3), by=ANA)
        connection.rollback()  # of what came later
        connection.execute(select(letters))
        joined.publish()
    assert (desk.numbers(), desk.told) == ([1, 2], [2])


def test_only_a_book_inside_a_transaction_is_told_to_publish(desk):
    with pytest.raises(InvalidCall) as refused:
        desk.book.publish()
    assert str(refused.value) == (
        "publish() is for a book inside a transaction of the application's. Call it on the book "
        "that within(...) returned; other books tell by themselves."
    )


@pytest.mark.parametrize("what", [None, "session", object()])
def test_what_is_no_transaction_cannot_be_joined(desk, what):
    with pytest.raises(InvalidCall, match="is given neither a Session nor a Connection"):
        desk.book.within(what)


@pytest.mark.parametrize("book", [Casebook, AsyncCasebook])
def test_a_store_in_memory_joins_nothing(book):
    with pytest.raises(Unsupported, match="cannot join a transaction: it lacks 'transactions'"):
        book(shop, MemoryStorage()).within(None)


# -- any order of commits and rollbacks --------------------------------------------------------

STEPS = st.lists(
    st.sampled_from(["pay", "pay", "nest", "release", "undo", "commit", "rollback"]), max_size=14
)


def played(desk, steps):
    """Carry out steps in one session; the amounts that should stand afterwards."""
    committed, levels = [], [[]]
    with Session(desk.engine) as session:
        joined, nested = desk.book.within(session), []
        for amount, step in enumerate([*steps, "commit"], 1):
            if step == "pay":
                joined.record(desk.case_id, Paid(amount=amount), by=ANA)
                levels[-1].append(amount)
            elif step == "nest":
                nested.append(session.begin_nested())
                levels.append([])
            elif step in ("release", "undo") and nested:
                inner = levels.pop()
                if step == "release":
                    nested.pop().commit()
                    levels[-1] += inner
                else:
                    nested.pop().rollback()
            elif step in ("commit", "rollback"):
                getattr(session, step)()  # of the root, with all savepoints in it
                if step == "commit":
                    committed += [amount for level in levels for amount in level]
                nested, levels = [], [[]]
    return committed


def check_played(desk, steps):
    desk.told.clear()
    before = len(desk.fed())
    told = []
    stop = desk.book.subscribe(lambda recorded: told.append(recorded.event.amount))
    committed = played(desk, steps)
    stop()
    fed = [entry.recorded.event.amount for entry in desk.book.feed(after=before)]
    assert told == committed == fed


@settings(max_examples=60)
@given(steps=STEPS)
def test_whatever_was_committed_is_told_and_fed_and_nothing_else(steps):
    with TemporaryDirectory() as folder:
        desk = Desk(f"sqlite:///{Path(folder, 'cases.db')}")
        try:
            check_played(desk, steps)
        finally:
            desk.close()


def test_the_same_on_postgresql(postgres_url):
    desk = Desk(postgres_url)

    @settings(max_examples=40)
    @given(steps=STEPS)
    def told_and_fed(steps):
        check_played(desk, steps)

    told_and_fed()
    desk.close()


# -- other writers, meanwhile ------------------------------------------------------------------


def test_who_was_overtaken_decides_again_inside_the_transaction(postgres_url):
    desk = Desk(postgres_url)
    with Session(desk.engine) as session, session.begin():
        joined = desk.book.within(session)
        joined.case(desk.case_id)
        desk.book.record(desk.case_id, Paid(amount=1), by=ANA)
        joined.record(desk.case_id, Paid(amount=2), by=ANA)
    assert desk.numbers() == [1, 2, 3]
    assert desk.told == [2, 3]
    desk.close()


def records(book, desk):
    book.record(desk.case_id, Paid(amount=1), by=ANA)


def opens(book, desk):
    book.open(client="c", by=ANA, command_id="c1")


def gives_positions(book, desk):
    """To what the feed lacks, or to what is new: both come at its end."""
    if book is desk.book:
        records(book, desk)
        desk.fed()
    else:
        book.reindex()


@pytest.mark.parametrize(
    ("does", "numbers"), [(records, [1, 2, 3]), (opens, [1]), (gives_positions, [1, 2])]
)
def test_who_gave_way_is_told_apart_and_does_all_of_it_again(postgres_url, does, numbers):
    desk, others = Desk(postgres_url), [1]
    desk.fed()
    with desk.engine.begin() as connection:
        connection.execute(text("DELETE FROM caseflow_feed"))
    engine = create_engine(postgres_url, isolation_level="REPEATABLE READ")

    def all_of_it():
        with Session(engine) as session, session.begin():
            session.execute(insert(letters).values(id=1))
            joined = desk.book.within(session)
            joined.case(desk.case_id)
            while others:
                others.pop()
                does(desk.book, desk)
            does(joined, desk)

    with pytest.raises(GaveWay, match=r"roll that back, and do all of it again\.$"):
        all_of_it()
    all_of_it()
    assert (desk.numbers(), desk.letters()) == (numbers, [1])
    engine.dispose()
    desk.close()


def test_a_feed_that_is_read_while_a_transaction_is_open_misses_nothing_later(postgres_url):
    desk = Desk(postgres_url)
    other = bring(desk.book, "dropped-off")
    with Session(desk.engine) as session, session.begin():
        joined = desk.book.within(session)
        joined.record(desk.case_id, Paid(amount=1), by=ANA)
        desk.book.record(other, Paid(amount=2), by=ANA)
        seen = [(e.position, e.recorded.case_id, e.recorded.number) for e in desk.book.feed()]
        assert [place[1:] for place in seen] == [(desk.case_id, 1), (other, 1), (other, 2)]
        assert list(joined.feed())[:3] == list(desk.book.feed())
    after = [(e.position, e.recorded.case_id, e.recorded.number) for e in desk.book.feed()]
    assert after == [*seen, (4, desk.case_id, 2)]
    desk.close()


def end_connections_of(desk):
    """Let the server end the connections that the application has, and has at hand."""
    other = create_engine(desk.engine.url)
    ended = "pg_terminate_backend(pid, 5000)"
    of_others = "datname = current_database() AND pid <> pg_backend_pid()"
    with other.connect() as connection:
        connection.execute(text(f"SELECT {ended} FROM pg_stat_activity WHERE {of_others}")).all()
    other.dispose()


def test_a_connection_that_is_lost_is_told_by_the_store_alone(postgres_url, recwarn):
    """SQLAlchemy knows that nothing is left to roll back, and lets the error through."""
    desk = Desk(postgres_url)

    def pay():
        with Session(desk.engine) as session, session.begin():
            joined = desk.book.within(session)
            joined.record(desk.case_id, Paid(amount=1), by=ANA)
            end_connections_of(desk)
            joined.record(desk.case_id, Paid(amount=2), by=ANA)

    with pytest.raises(ConnectionLost, match="in this transaction is gone, what you wrote too"):
        pay()
    assert desk.numbers() == [1]
    end_connections_of(desk)
    assert desk.numbers() == [1], "read again on another connection"
    assert not [one for one in recwarn if "invalidate" in str(one.message)]
    desk.close()


ALL_GONE = (
    "All that was written in this transaction is gone, what you wrote too: roll it back, and do "
    "all of it again."
)
BROKEN_OFF = "It was broken off (statement_timeout, or by hand): give it more time, or try again. "


@pytest.mark.parametrize(
    ("setting", "kind", "words"),
    [
        ("lock_timeout", GaveWay, f"lock timeout. {ALL_GONE}"),
        ("statement_timeout", StoreError, f"statement timeout. {BROKEN_OFF}{ALL_GONE}"),
    ],
)
def test_a_read_that_is_broken_off_lets_nothing_look_committed(postgres_url, setting, kind, words):
    """PostgreSQL rolls back at the commit, and raises nothing. A savepoint can be gone back to."""
    desk = Desk(postgres_url)
    with desk.engine.connect() as other, Session(desk.engine) as session:
        other.execute(text("LOCK TABLE caseflow_events"))
        session.execute(insert(letters).values(id=1))
        session.execute(text(f"SET LOCAL {setting} = 200"))
        with pytest.raises(kind, match=r"try again\.$"), session.begin_nested():
            desk.book.within(session).history(desk.case_id)
        assert session.in_transaction()
        with pytest.raises(kind) as broken_off:
            desk.book.within(session).history(desk.case_id)
        with pytest.raises(PendingRollbackError):
            session.commit()
    assert type(broken_off.value) is kind
    assert str(broken_off.value).endswith(f": canceling statement due to {words}")
    desk.close()


@pytest.mark.parametrize("awaited", [False, True])
def test_the_plain_book_inside_a_transaction_waits_for_itself_and_gives_way(postgres_url, awaited):
    """Of what is committed elsewhere nothing can be told, and its own transaction never ends."""
    desk = Desk(postgres_url)

    def waiting():
        with closing(SQLStorage(postgres_url, timeout=0.2)) as store:
            shop_book(store).record(desk.case_id, Paid(amount=1), by=ANA)

    async def awaiting():
        store = AsyncSQLStorage(postgres_url, timeout=0.2)
        try:
            await AsyncCasebook(shop, store).record(desk.case_id, Paid(amount=1), by=ANA)
        finally:
            await store.close()

    with Session(desk.engine) as session:
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
        with pytest.raises(GaveWay, match=r"of your own, holds .* use the book of within\("):
            asyncio.run(awaiting()) if awaited else waiting()
        session.commit()
    assert desk.numbers() == [1, 2]
    desk.close()


def test_who_says_how_long_to_wait_for_a_lock_is_asked_first(postgres_url):
    url = make_url(postgres_url).update_query_dict({"options": "-c lock_timeout=7s"})
    for database, waits in ((postgres_url, "30s"), (url, "7s")):
        store = SQLStorage(database)
        with store._engine.connect() as connection:
            assert connection.scalar(text("SHOW lock_timeout")) == waits
        store.close()


def test_what_was_broken_off_behind_a_savepoint_of_a_connection_does_not_look_committed(
    postgres_url,
):
    """A Connection commits past its savepoints, and PostgreSQL then nothing at all."""
    desk = Desk(postgres_url)
    with desk.engine.connect() as other, desk.engine.connect() as connection:
        other.execute(text("LOCK TABLE caseflow_events"))
        for ends in (False, True):
            connection.execute(insert(letters).values(id=1))
            connection.execute(text("SET LOCAL lock_timeout = 200"))
            savepoint = connection.begin_nested()
            with pytest.raises(GaveWay):
                desk.book.within(connection).history(desk.case_id)
            if ends:
                savepoint.rollback()
                connection.commit()
            else:
                with pytest.raises(PendingRollbackError):
                    connection.commit()
                connection.rollback()
                assert desk.letters() == []
    assert desk.letters() == [1]
    desk.close()


@pytest.mark.parametrize("joined", [Session, lambda engine: engine.connect()])
def test_nor_does_what_the_application_let_fail(postgres_url, joined):
    desk = Desk(postgres_url)
    with joined(desk.engine) as transaction:
        desk.book.within(transaction).record(desk.case_id, Paid(amount=1), by=ANA)
        with pytest.raises(DBAPIError, match="division by zero"):
            transaction.execute(text("SELECT 1 / 0"))
        with pytest.raises(PendingRollbackError):
            transaction.commit()
        transaction.rollback()
        desk.book.within(transaction).record(desk.case_id, Paid(amount=2), by=ANA)
        transaction.commit()
    assert [recorded.event for recorded in desk.book.history(desk.case_id)[1:]] == [Paid(amount=2)]
    desk.close()


def test_a_transaction_that_idled_for_too_long_is_lost(postgres_url):
    desk = Desk(postgres_url)
    with Session(desk.engine) as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 1"))
        with Session(desk.engine) as another:
            gone = text("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = :pid")
            while not another.scalar(gone, {"pid": pid}):
                another.rollback()  # what it sees of others is as of its first look
        with pytest.raises(
            ConnectionLost, match="All that was written in this transaction is gone"
        ):
            desk.book.within(session).history(desk.case_id)
    desk.close()


def test_where_the_server_had_time_to_say_why_so_do_we():
    # Whether what it said is heard before its connection is seen to be gone is left to chance.
    told = failures.failure("a store", "read", IdleInTransactionSessionTimeout("terminating"))
    assert "transaction_timeout): do less in it, and try again." in str(told)


# -- SQLite's write lock -----------------------------------------------------------------------


def deferred(engine):
    """Let an engine begin its transactions as SQLAlchemy's recipe does, without the lock."""
    event.listen(engine, "connect", lambda dbapi, _: setattr(dbapi, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))


@pytest.mark.parametrize("reads_first", [True, False])
@pytest.mark.parametrize("somebody_writes", [True, False])
def test_a_transaction_without_the_write_lock_is_refused_by_name(
    tmp_path, reads_first, somebody_writes
):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    engine = create_engine(desk.engine.url)
    deferred(engine)
    with Session(engine) as session:
        if reads_first:
            session.execute(select(letters)).all()
        else:
            session.connection()
        if somebody_writes:
            desk.book.record(desk.case_id, Paid(amount=1), by=ANA)
        with pytest.raises(TransactionNotImmediate) as refused:
            desk.book.within(session).record(desk.case_id, Paid(amount=2), by=ANA)
        assert str(refused.value) == (
            f"SQLStorage('{desk.engine.url}') cannot join this SQLite transaction: it was begun "
            "without the write lock, and may find later that it cannot write any more. Prepare the "
            "engine with caseflow.storage.begin_immediate(engine), or call the casebook before "
            "anything else in the transaction."
        )
    assert desk.numbers() == ([1, 2] if somebody_writes else [1])
    engine.dispose()
    desk.close()


def test_a_plain_engine_is_joined_where_the_casebook_comes_first(tmp_path):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    engine = create_engine(desk.engine.url)
    with Session(engine) as session, session.begin():
        session.execute(select(letters)).all()  # the driver begins nothing for it
        desk.book.within(session).record(desk.case_id, Paid(amount=2), by=ANA)
        session.execute(insert(letters).values(id=1))
    assert (desk.numbers(), desk.told, desk.letters()) == ([1, 2], [2], [1])
    engine.dispose()
    desk.close()


@pytest.mark.parametrize("begins", [begin_immediate, lambda engine: engine])
def test_a_transaction_that_sqlite_rolled_back_takes_nothing_more(tmp_path, begins):
    """Each statement would be committed by itself. A book that is new in it is told so too."""
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    engine = begins(create_engine(desk.engine.url))
    with Session(engine) as session:
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
        session.execute(insert(letters).values(id=1))
        with pytest.raises(IntegrityError):
            session.execute(text("INSERT OR ROLLBACK INTO letters VALUES (1)"))
        with pytest.raises(StoreError, match="roll it back, and begin again"):
            desk.book.within(session).record(desk.case_id, Paid(amount=2), by=ANA)
        with pytest.raises(PendingRollbackError):
            session.commit()
        session.rollback()
        desk.book.within(session).record(desk.case_id, Paid(amount=3), by=ANA)
        session.commit()
    assert (desk.numbers(), desk.letters()) == ([1, 2], [])
    engine.dispose()
    desk.close()


def test_a_savepoint_does_not_hide_that_sqlite_rolled_back_all_of_it(tmp_path):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    with Session(desk.engine) as session:
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
        session.execute(insert(letters).values(id=1))
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text("INSERT OR ROLLBACK INTO letters VALUES (1)"))
        with pytest.raises(StoreError, match="roll it back, and begin again"):
            desk.book.within(session).record(desk.case_id, Paid(amount=2), by=ANA)
        with pytest.raises(PendingRollbackError):
            session.commit()
    assert (desk.numbers(), desk.letters()) == ([1], [])
    desk.close()


def in_a_savepoint(desk, session):
    with session.begin_nested():
        desk.book.within(session).record(desk.case_id, Paid(amount=2), by=ANA)


@pytest.mark.parametrize("begins", [begin_immediate, lambda engine: engine])
@pytest.mark.parametrize(
    "goes_on",
    [
        in_a_savepoint,
        lambda desk, session: session.execute(insert(letters).values(id=2)),
        lambda desk, session: session.commit(),
    ],
)
def test_nor_does_one_that_sqlite_rolled_back_on_a_cursor_of_the_drivers(tmp_path, begins, goes_on):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    engine = begins(create_engine(desk.engine.url))
    with Session(engine) as session:
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
        cursor = session.connection().connection.cursor()
        with pytest.raises(sqlite3.IntegrityError):
            cursor.executemany("INSERT OR ROLLBACK INTO letters VALUES (?)", [(1,), (1,)])
        with pytest.raises((PendingRollbackError, InvalidCall), match="was ended by SQLite"):
            goes_on(desk, session)
        session.rollback()
        session.execute(insert(letters).values(id=3))
        session.commit()
    assert (desk.numbers(), desk.letters()) == ([1], [3])
    engine.dispose()
    desk.close()


def test_nor_does_one_of_an_engine_that_begins_with_the_lock_and_joined_no_book(tmp_path):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    with Session(desk.engine) as session:
        with pytest.raises(IntegrityError):
            session.execute(text("INSERT OR ROLLBACK INTO letters VALUES (1), (1)"))
        with pytest.raises(PendingRollbackError):
            session.execute(insert(letters).values(id=2))
    assert desk.letters() == []
    desk.close()


def desk_with_copies(tmp_path, begins):
    """A desk, and an engine whose commits fail where there is a copy without its letter."""
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    engine = begins(create_engine(desk.engine.url))
    event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA foreign_keys = ON"))
    deferred = "CREATE TABLE copies (id REFERENCES letters DEFERRABLE INITIALLY DEFERRED)"
    with engine.begin() as connection:
        connection.execute(text(deferred))
    return desk, engine


@pytest.mark.parametrize("begins", [begin_immediate, lambda engine: engine])
def test_a_commit_that_failed_leaves_nothing_open_to_be_committed_later(tmp_path, begins):
    """SQLAlchemy takes the transaction for ended, and SQLite lets it go on with its lock."""
    desk, engine = desk_with_copies(tmp_path, begins)
    with engine.connect() as connection:
        desk.book.within(connection).record(desk.case_id, Paid(amount=1), by=ANA)
        connection.execute(text("INSERT INTO copies VALUES (1)"))
        with pytest.raises(IntegrityError):
            connection.commit()
    with engine.begin() as connection:
        connection.execute(insert(letters).values(id=1))
    assert (desk.numbers(), desk.letters()) == ([1], [1])
    engine.dispose()
    desk.close()


@pytest.mark.parametrize("begins", [begin_immediate, lambda engine: engine])
def test_who_goes_on_with_a_connection_whose_commit_failed_does_not_commit_it_after_all(
    tmp_path, begins
):
    desk, engine = desk_with_copies(tmp_path, begins)
    with engine.connect() as connection:
        for letter, met in ((2, pytest.raises(IntegrityError)), (1, nullcontext())):
            connection.execute(insert(letters).values(id=letter))
            desk.book.within(connection).record(desk.case_id, Paid(amount=1), by=ANA)
            connection.execute(text("INSERT INTO copies VALUES (1)"))
            with met:
                connection.commit()
            connection.rollback()
    assert (desk.numbers(), desk.letters()) == ([1, 2], [1])
    engine.dispose()
    desk.close()


def test_a_lock_that_was_not_had_is_told_as_no_disconnect(tmp_path):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    engine = begin_immediate(create_engine(desk.engine.url, connect_args={"timeout": 0}))
    with Session(engine) as session, session.begin():
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
    with desk.engine.begin(), pytest.raises(OperationalError, match="locked") as locked:
        engine.connect().begin()
    assert not locked.value.connection_invalidated
    engine.dispose()
    desk.close()


def test_a_transaction_that_was_ended_by_hand_takes_nothing_more(tmp_path):
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    with Session(desk.engine) as session:
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
        session.connection().connection.rollback()
        with pytest.raises(StoreError) as refused:
            desk.book.within(session).record(desk.case_id, Paid(amount=2), by=ANA)
    assert str(refused.value).endswith(
        "failed to read a case: the transaction was ended by SQLite, or by hand. "
        "All that was written in this transaction is gone, what you wrote too: roll it back, "
        "and do all of it again."
    )
    assert desk.numbers() == [1]
    desk.close()


def test_a_result_that_was_not_read_to_its_end_is_told(tmp_path):
    """SQLite sets no savepoint beside it."""
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    with desk.engine.begin() as connection:
        rows = [{"id": number} for number in range(9)]
        result = connection.execute(insert(letters).values(rows).returning(letters.c.id))
        result.fetchone()
        joined = desk.book.within(connection)
        with pytest.raises(StoreError, match=r"Read your own result to its end before, or close"):
            joined.record(desk.case_id, Paid(amount=1), by=ANA)
        result.close()
        joined.record(desk.case_id, Paid(amount=1), by=ANA)
    assert (len(desk.letters()), desk.numbers()) == (9, [1, 2])
    desk.close()


def test_a_unit_that_takes_the_transaction_with_it_says_so(tmp_path):
    """SQLite may roll back all of it where the disk is full."""
    desk = Desk(f"sqlite:///{tmp_path / 'cases.db'}")
    full = "BEFORE INSERT ON caseflow_feed BEGIN SELECT RAISE(ROLLBACK, 'disk is full'); END"
    with desk.engine.begin() as connection:
        connection.execute(text(f"CREATE TRIGGER full {full}"))
    with Session(desk.engine) as session:
        session.execute(insert(letters).values(id=1))
        joined = desk.book.within(session)
        with pytest.raises(StoreError, match="All that was written in this transaction is gone"):
            joined.record(desk.case_id, Paid(amount=1), by=ANA)
        with pytest.raises(StoreError, match="roll it back, and begin again"):
            joined.record(desk.case_id, Paid(amount=1), by=ANA)
        with pytest.raises(PendingRollbackError):
            session.commit()
    assert (desk.numbers(), desk.letters()) == ([1], [])
    desk.close()


# -- a planted fault ----------------------------------------------------------------------------


def test_telling_at_after_commit_is_caught(desk, monkeypatch):
    """Planted: the Session's `after_commit` is believed, as the documentation suggests."""

    def believing(self, connection, unit, stands, tell):
        (session,) = (one for one, tracker in tracking._trackers.items() if tracker is self)
        event.listen(session, "after_commit", lambda _: tell(), once=True)

    monkeypatch.setattr(tracking.Tracker, "add", believing)
    with desk.engine.connect() as connection:
        outer = connection.begin()
        session = Session(connection)
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
        session.commit()
        outer.rollback()
        session.close()
    assert desk.told == [2], "told, and rolled back: caught"
    assert desk.numbers() == [1]


def test_where_nobody_listens_nothing_is_looked_up_after_the_commit(desk, monkeypatch):
    silent = shop_book(desk.store, recent=0)
    monkeypatch.setattr(desk.store, "stands", lambda unit: 1 / 0)
    with Session(desk.engine) as session, session.begin():
        silent.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
    assert desk.numbers() == [1, 2]


# -- what hostile use found --------------------------------------------------------------------


def test_the_feed_in_a_transaction_shows_what_is_committed(desk):
    with Session(desk.engine) as session, session.begin():
        joined = desk.book.within(session)
        joined.record(desk.case_id, Paid(amount=1), by=ANA)
        assert [event.recorded.number for event in joined.feed()] == [1]
    assert desk.fed() == [1, 2]


def test_a_connection_that_is_rolled_back_keeps_nothing_to_tell(desk):
    with desk.engine.connect() as connection:
        joined = desk.book.within(connection)
        joined.record(desk.case_id, Paid(amount=1), by=ANA)
        assert tracking.tracker_of(connection)._pending
        connection.rollback()
        assert not tracking.tracker_of(connection)._pending


def test_a_commit_does_not_fail_where_nobody_can_be_told(desk, monkeypatch, caplog):
    def gone(self, unit, *, aside):
        raise StoreError(store="S", action="read", cause="gone", repair="Try again.")

    monkeypatch.setattr("caseflow.storage.sql.store.EngineStorage.stands", gone)
    with Session(desk.engine) as session, session.begin():
        desk.book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
    assert (desk.told, desk.numbers()) == ([], [1, 2])
    assert "Nobody was told of case R-1" in caplog.text


def test_a_pool_of_one_connection_is_enough_for_a_transaction(tmp_path):
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    desk = Desk(url)
    engine = begin_immediate(create_engine(url, pool_size=1, max_overflow=0, pool_timeout=1))
    book = shop_book(SQLStorage(engine))
    with Session(engine) as session, session.begin():
        session.execute(select(letters)).all()
        book.within(session).record(desk.case_id, Paid(amount=1), by=ANA)
    assert desk.numbers() == [1, 2]
    engine.dispose()
    desk.close()
