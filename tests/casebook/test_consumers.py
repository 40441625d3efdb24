"""Consumers of the feed: each event once, in order; a checkpoint that moves with the work."""

import asyncio
import queue
import threading

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from caseflow import (
    AsyncCasebook,
    Casebook,
    Consumer,
    ConsumerMoved,
    InvalidCall,
    StoreError,
    UnreadableRecord,
)
from caseflow.storage import SQLStorage, begin_immediate
from caseflow.storage.sql import feed
from tests.support.raw import connection_to
from tests.support.trades import ANA, ROLES, Clock, Paid, bring, shop, shop_book


def paid(book, case_id, count):
    for amount in range(count):
        book.record(case_id, Paid(amount=amount), by=ANA)


def seen_by(book, consumer, **given):
    """Let a consumer work until there is nothing more; what it was given."""
    seen = []
    while book.consume(consumer, seen.append, **given):
        pass
    return [(event.position, event.recorded.case_id, event.recorded.number) for event in seen]


def test_the_feed_gives_every_event_with_its_envelope(any_store):
    book = shop_book(any_store)
    one, other = bring(book, "quoting"), bring(book, "quoting")
    paid(book, one, 2)
    events = list(book.feed())
    assert [event.position for event in events] == list(range(1, 11))
    for case_id in (one, other):
        assert [e.recorded for e in events if e.recorded.case_id == case_id] == list(
            book.history(case_id)
        )
    for after in range(11):
        assert list(book.feed(after=after, page=3)) == events[after:]


class Between:
    """A connection before one of whose statements others do some work."""

    def __init__(self, connection, number, work):
        self.connection, self.left, self.work = connection, number, work

    def execute(self, *statement):
        self.left -= 1
        if self.left == 0:
            self.work()
        return self.connection.execute(*statement)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("any_store", ["sqlite", "postgres"], indirect=True)
def test_what_is_committed_between_two_statements_of_a_reader_is_not_passed_over(any_store, number):
    book = shop_book(any_store)
    case_id = bring(book, "dropped-off")
    end = len(list(book.feed()))

    def work():
        paid(book, case_id, 5)
        list(book.feed())

    with connection_to(any_store) as connection:
        between = Between(connection, number, work)
        found = feed.read(between, any_store._prepared, "agency", end, 2)
    assert [one.position for one in found] in ([], [end + 1, end + 2])


def test_consumers_each_have_a_checkpoint_of_their_own(any_store):
    book = shop_book(any_store)
    case_id = bring(book, "dropped-off")
    paid(book, case_id, 4)
    first = seen_by(book, "mail", limit=2)
    assert [place[0] for place in first] == [1, 2, 3, 4, 5]
    assert seen_by(book, "mail") == []
    assert seen_by(book, "ledger", limit=100) == first
    paid(book, case_id, 1)
    assert seen_by(book, "mail") == seen_by(book, "ledger") == [(6, case_id, 6)]


def test_a_consumer_that_fails_goes_on_with_the_event_it_failed_on(any_store):
    book = shop_book(any_store)
    paid(book, bring(book, "dropped-off"), 4)
    done, broken = [], [True]

    def work(event):
        if event.position == 3 and broken and broken.pop():
            raise RuntimeError("the mail server is gone")
        done.append(event.position)

    with pytest.raises(RuntimeError, match="the mail server is gone"):
        book.consume("mail", work)
    assert book.consume("mail", work) == 3
    assert done == [1, 2, 3, 4, 5]


def test_two_of_one_name_are_told_of_each_other(any_store):
    book = shop_book(any_store)
    paid(book, bring(book, "dropped-off"), 2)

    def meanwhile(event):
        if event.position == 1:
            book.consume("mail", lambda event: None)

    with pytest.raises(ConsumerMoved) as moved:
        book.consume("mail", meanwhile)
    fields = dict(moved.value.fields)
    assert fields.pop("repair").startswith("What was done from there on may be done twice; run")
    assert fields == {"consumer": "mail", "agency": "agency", "position": 0}
    assert "another one of that name is at work, or it was moved" in str(moved.value)
    assert seen_by(book, "mail") == []


def test_events_of_other_workflows_are_passed_over(any_store):
    book = shop_book(any_store)
    bring(book, "quoting")
    other = shop.extend("other-shop", version="1")
    there = Casebook(other, any_store, clock=Clock(), roles=ROLES, new_id=lambda: "O-1")
    there.open(client="c", by=ANA)
    bring(book, "dropped-off")
    assert [event.position for event in there.feed()] == [5]
    assert [event.position for event in book.feed()] == [1, 2, 3, 4, 6]
    assert [place[0] for place in seen_by(there, "mail", limit=1)] == [5]
    assert there.consume("mail", print, limit=100) == 0


def test_a_consumer_belongs_to_one_workflow(any_store):
    """A book of another one would pass over its events, and it over those of that."""
    book = shop_book(any_store)
    bring(book, "dropped-off")
    there = Casebook(shop.extend("other-shop", version="1"), any_store, clock=Clock(), roles=ROLES)
    seen_by(book, "mail")
    there.open(client="c", by=ANA)
    with pytest.raises(InvalidCall) as refused:
        there.consume("mail", print)
    assert str(refused.value) == (
        "consumer='mail' belongs to workflow 'repair-shop', and this book is of 'other-shop': each "
        "would pass over the events of the other. Give it a name of its own here."
    )
    there.reset_consumer("mail")
    assert [place[0] for place in seen_by(book, "mail")] == [1]


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": "all"}])
def test_what_is_no_batch_is_told(any_store, wrong):
    with pytest.raises(InvalidCall, match="limit="):
        shop_book(any_store).consume("mail", print, **wrong)
    with pytest.raises(InvalidCall, match="consumer='' is no id"):
        shop_book(any_store).consume("", print)


def test_an_event_that_cannot_be_read_stops_the_consumer_by_name(tmp_path):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    book = shop_book(store)
    paid(book, bring(book, "dropped-off"), 9)
    with connection_to(store) as connection:
        connection.execute("UPDATE caseflow_events SET payload = '{' WHERE number = 4")
    seen = []
    with pytest.raises(UnreadableRecord, match="Event 4 of case 'R-1'"):
        book.follow("mail", seen.append, stop=threading.Event())
    assert [event.position for event in seen] == [1, 2, 3], "what comes before it is worked on"
    assert store.checkpoint("agency", "mail").position == 3
    book.reset_consumer("mail", to=4)
    assert [place[0] for place in seen_by(book, "mail")] == [5, 6, 7, 8, 9, 10]
    store.close()


# -- where they stand ------------------------------------------------------------------------


def test_it_is_told_where_every_consumer_stands_and_how_far_behind(any_store):
    book = shop_book(any_store)
    assert book.consumers() == ()
    paid(book, bring(book, "dropped-off"), 4)
    seen_by(book, "mail")
    book.consume("ledger", print, limit=2)
    assert book.consumers() == (
        Consumer(name="ledger", position=2, lag=3),
        Consumer(name="mail", position=5, lag=0),
    )
    paid(book, "R-1", 2)
    assert [one.lag for one in book.consumers()] == [5, 2]


def test_a_consumer_that_is_reset_goes_on_from_there(any_store):
    book = shop_book(any_store)
    paid(book, bring(book, "dropped-off"), 4)
    seen_by(book, "mail")
    book.reset_consumer("mail")
    assert book.consumers() == (Consumer(name="mail", position=0, lag=5),)
    assert [place[0] for place in seen_by(book, "mail")] == [1, 2, 3, 4, 5]
    book.reset_consumer("mail", to=3)
    assert [place[0] for place in seen_by(book, "mail")] == [4, 5]
    paid(book, "R-1", 2)
    book.reset_consumer("mail", to=6)  # on, past an event that it can not handle
    assert [place[0] for place in seen_by(book, "mail")] == [7]


def test_a_consumer_that_is_deleted_is_known_no_more_and_may_begin_anew(any_store):
    book = shop_book(any_store)
    bring(book, "dropped-off")
    seen_by(book, "mail")
    seen_by(book, "ledger")
    book.delete_consumer("mail")
    assert [one.name for one in book.consumers()] == ["ledger"]
    assert [place[0] for place in seen_by(book, "mail")] == [1]


@pytest.mark.parametrize("begun", [0, 2])
@pytest.mark.parametrize("to", [None, 0, 1, 2])
def test_one_that_is_at_work_while_it_is_moved_is_told(any_store, begun, to):
    """Also where it is moved to where its batch began, and where another one went on before."""
    book = shop_book(any_store)
    paid(book, bring(book, "dropped-off"), 4)
    book.begin_consumer("mail", at=begun)

    def meanwhile(event):
        if event.position == 3:
            book.consume("mail", print, limit=1)
            book.delete_consumer("mail") if to is None else book.reset_consumer("mail", to=to)

    with pytest.raises(ConsumerMoved):
        book.consume("mail", meanwhile)
    assert [place[0] for place in seen_by(book, "mail")] == list(range((to or 0) + 1, 6))


@pytest.mark.parametrize("verb", ["reset_consumer", "delete_consumer"])
def test_what_can_not_be_moved_is_told(any_store, verb):
    book = shop_book(any_store)
    bring(book, "dropped-off")
    move = getattr(book, verb)
    with pytest.raises(InvalidCall) as none_yet:
        move("mail")
    assert str(none_yet.value) == (
        "consumer='mail' has no checkpoint in agency 'agency'. No consumer has one yet: it gets "
        "one when its first batch is done, or by begin_consumer(name, at=...)."
    )
    seen_by(book, "mail")
    with pytest.raises(InvalidCall, match=r"has no checkpoint in .*\. Did you mean 'mail'\?"):
        move("mial")
    with pytest.raises(InvalidCall, match="consumer=5 is no id"):
        move(5)


def test_a_position_that_no_event_has_is_told(any_store):
    book = shop_book(any_store)
    bring(book, "dropped-off")
    seen_by(book, "mail")
    with pytest.raises(InvalidCall) as after:
        book.reset_consumer("mail", to=2)
    assert str(after.value) == (
        "to=2 is after the end of the feed, which is at 1. Give a position that was read from "
        "the feed."
    )
    with pytest.raises(InvalidCall, match="to=-1 is no whole number from 0 to"):
        book.reset_consumer("mail", to=-1)


def test_a_consumer_begins_where_it_is_told_to(any_store):
    book = shop_book(any_store)
    case_id = bring(book, "dropped-off")
    paid(book, case_id, 2)
    list(book.feed())
    assert (book.begin_consumer("now"), book.begin_consumer("mail", at=1)) == (3, 1)
    paid(book, case_id, 1)
    assert seen_by(book, "now") == [(4, case_id, 4)]
    assert seen_by(book, "mail") == [(number, case_id, number) for number in (2, 3, 4)]
    with pytest.raises(InvalidCall) as begun:
        book.begin_consumer("mail")
    assert str(begun.value) == (
        "consumer='mail' has begun already. See where it stands with consumers(), and move it: "
        "reset_consumer(name, to=...)."
    )
    with pytest.raises(InvalidCall, match="at=5 is after the end of the feed, which is at 4"):
        book.begin_consumer("new", at=5)


def test_where_a_consumer_begins_is_kept_at_the_start_of_the_feed_too(any_store):
    book = shop_book(any_store)
    assert book.begin_consumer("mail") == 0, "the feed is empty"
    case_id = bring(book, "dropped-off")
    with pytest.raises(InvalidCall, match="has begun already"):
        book.begin_consumer("mail")
    assert seen_by(book, "mail") == [(1, case_id, 1)]


def test_awaiting_tells_and_moves_the_same(any_store):
    paid(shop_book(any_store), bring(shop_book(any_store), "dropped-off"), 2)

    async def moved():
        book = AsyncCasebook(shop, any_store, clock=Clock(), roles=ROLES)
        await book.begin_consumer("mail", at=2)
        await book.consume("mail", lambda event: None)
        await book.reset_consumer("mail", to=1)
        stood = await book.consumers()
        await book.delete_consumer("mail")
        return stood, await book.consumers()

    assert asyncio.run(moved()) == ((Consumer(name="mail", position=1, lag=2),), ())


def test_in_a_transaction_they_stand_where_it_moved_them_until_it_is_rolled_back(engine):
    store = SQLStorage(engine)
    book = shop_book(store)
    paid(book, bring(book, "dropped-off"), 3)
    seen_by(book, "mail")
    with Session(engine) as session:
        joined = book.within(session)
        joined.record("R-1", Paid(amount=1), by=ANA)  # in no feed before it is committed
        joined.reset_consumer("mail", to=1)
        joined.consume("ledger", print, limit=2)
        assert [(one.position, one.lag) for one in joined.consumers()] == [(2, 2), (1, 3)]
        joined.delete_consumer("mail")
        session.rollback()
    assert book.consumers() == (Consumer(name="mail", position=4, lag=0),)
    store.close()


# -- work and checkpoint in one transaction ----------------------------------------------------

sums = Table("sums", MetaData(), Column("id", Integer, primary_key=True), Column("amount", Integer))


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request, tmp_path):
    if request.param == "postgres":
        engine = create_engine(request.getfixturevalue("postgres_url"))
    else:
        engine = begin_immediate(create_engine(f"sqlite:///{tmp_path / 'cases.db'}"))
    sums.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_in_one_transaction_each_event_counts_exactly_once(engine):
    store = SQLStorage(engine)
    book = shop_book(store)
    paid(book, bring(book, "dropped-off"), 6)

    def work(fails_at):
        with Session(engine) as session, session.begin():

            def add(event):
                if event.position == fails_at:
                    raise RuntimeError("in the middle")
                session.execute(insert(sums).values(id=event.position))

            return book.within(session).consume("ledger", add, limit=3)

    for fails_at in (1, 2, 3):
        with pytest.raises(RuntimeError):
            work(fails_at)
    while work(None):
        pass
    with engine.connect() as connection:
        assert list(connection.execute(select(sums.c.id)).scalars()) == list(range(1, 8))
    store.close()


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_function_that_ends_the_transaction_moves_no_checkpoint(engine, end):
    """What it undid with that would never come again."""
    store = SQLStorage(engine)
    book = shop_book(store)
    paid(book, bring(book, "dropped-off"), 2)

    def work(event):
        session.execute(insert(sums).values(id=event.position))
        if event.position == 2:
            getattr(session, end)()

    with Session(engine) as session, pytest.raises(InvalidCall) as refused:
        book.within(session).consume("ledger", work)
    assert str(refused.value) == (
        "consume('ledger', ...) ends in another transaction than it began in, which may have "
        "undone it. Commit or roll back after it, and never in the function: there, undo by a "
        "savepoint (begin_nested)."
    )
    assert book.consumers() == ()
    store.close()


@pytest.mark.parametrize("begun", [False, True])
def test_nor_does_one_that_consumes_something_else_afterwards(engine, begun):
    """A session in a transaction that was `begun` rolls back to its savepoint: that one goes on."""
    store = SQLStorage(engine)
    book = shop_book(store)
    paid(book, bring(book, "dropped-off"), 2)

    def work(event):
        session.execute(insert(sums).values(id=event.position))
        if event.position == 2:
            session.rollback()
            joined.consume("mail", lambda event: None)
            joined.consumers()

    with engine.connect() as connection:
        if begun:
            connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            joined = book.within(session)
            with pytest.raises(InvalidCall, match="another transaction than it began in"):
                joined.consume("ledger", work)
            joined.reset_consumer("mail")
            session.commit()
        connection.commit()
    assert [(one.name, one.position) for one in book.consumers()] == [("mail", 0)]
    store.close()


def test_who_was_overtaken_in_a_transaction_is_told_to_roll_it_back(postgres_url):
    store = SQLStorage(postgres_url)
    book, engine = shop_book(store), create_engine(postgres_url)
    paid(book, bring(book, "dropped-off"), 2)

    def meanwhile(event):
        if event.position == 1:
            assert book.consume("ledger", lambda event: None) == 3

    with Session(engine) as session, pytest.raises(ConsumerMoved) as moved:
        book.within(session).consume("ledger", meanwhile)
    assert str(moved.value) == (
        "Consumer 'ledger' of agency 'agency' no longer stands at position 0: another one of that "
        "name is at work, or it was moved. Roll this transaction back: its work is then undone, "
        "and that of the other one counts."
    )
    engine.dispose()
    store.close()


# -- following ---------------------------------------------------------------------------------


def test_following_goes_on_until_it_is_stopped(any_store):
    book, seen, stop = shop_book(any_store), [], threading.Event()
    case_id = bring(book, "dropped-off")

    def work(event):
        seen.append(event.position)
        if event.position == 4:
            stop.set()

    thread = threading.Thread(
        target=book.follow, args=("mail", work), kwargs={"stop": stop, "poll": 0.01}
    )
    thread.start()
    paid(book, case_id, 3)
    thread.join(30)
    assert (thread.is_alive(), seen) == (False, [1, 2, 3, 4])


def test_a_store_that_notifies_wakes_who_follows_it(postgres_url):
    """Nobody looks for news in time: `poll` is an hour, and the writer is another store."""
    reader, writer = SQLStorage(postgres_url, notify=True), SQLStorage(postgres_url, notify=True)
    seen, stop = queue.Queue(), threading.Event()

    def work(event):
        seen.put(event.position)
        if event.position == 3:
            stop.set()

    thread = threading.Thread(
        target=shop_book(reader).follow, args=("mail", work), kwargs={"stop": stop, "poll": 3600}
    )
    thread.start()
    book = shop_book(writer)
    case_id = bring(book, "dropped-off")
    assert seen.get(timeout=30) == 1
    paid(book, case_id, 2)
    thread.join(30)
    assert not thread.is_alive()
    reader.close()
    writer.close()


def test_who_follows_listens_anew_where_the_pool_has_lost_its_connections(postgres_url):
    engine = create_engine(postgres_url)
    store = SQLStorage(engine, notify=True)
    with connection_to(SQLStorage(postgres_url)) as another:
        another.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with store.listening() as heard:
        bring(shop_book(store), "dropped-off")
        assert heard(30)
    engine.dispose()


def test_what_another_reader_is_about_to_put_into_the_feed_is_waited_for(postgres_url, monkeypatch):
    """A follower that was woken up by it would sleep on, and not see it before the next one."""
    store = SQLStorage(postgres_url)
    book = shop_book(store)
    bring(book, "dropped-off")
    pooled = store.engine.raw_connection()
    pooled.dbapi_connection.execute("BEGIN")
    feed.hold(pooled.dbapi_connection, store._prepared, "agency")
    looked, is_waiting = [], feed.is_waiting

    def looks(*given, **named):
        looked.append(1)
        if len(looked) == 2:  # the other one has done
            pooled.dbapi_connection.execute("ROLLBACK")
        return is_waiting(*given, **named)

    monkeypatch.setattr(feed, "is_waiting", looks)
    assert [one.position for one in book.feed()] == [1]
    pooled.close()
    store.close()


def test_the_awaited_book_follows_too(any_store):
    bring(shop_book(any_store), "quoting")

    async def follow():
        book = AsyncCasebook(shop, any_store, clock=Clock(), roles=ROLES)
        seen, stop = [], asyncio.Event()

        async def work(event):
            seen.append(event.position)
            if event.position == 4:
                stop.set()

        await asyncio.wait_for(book.follow("mail", work, stop=stop, poll=0.01), 30)
        return seen

    assert asyncio.run(follow()) == [1, 2, 3, 4]


def test_following_stops_soon_after_it_is_told_to_however_long_it_waits(any_store):
    stop = threading.Event()
    given = {"stop": stop, "poll": 3600}
    thread = threading.Thread(
        target=shop_book(any_store).follow, args=("mail", print), kwargs=given
    )
    thread.start()
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_what_failed_in_a_broken_transaction_is_what_is_told(postgres_url):
    store = SQLStorage(postgres_url)
    book = shop_book(store)
    paid(book, bring(book, "dropped-off"), 3)
    engine = create_engine(postgres_url)

    def work(event):
        if event.position == 3:
            session.execute(text("SELECT 1 / 0"))

    with Session(engine) as session:
        joined = book.within(session)
        with pytest.raises(DBAPIError, match="division by zero"):
            joined.consume("ledger", work)
        with pytest.raises(StoreError, match="roll it back, and begin again"):
            joined.case("R-1")
        session.rollback()
    assert store.checkpoint("agency", "ledger").position == 0
    engine.dispose()
    store.close()
