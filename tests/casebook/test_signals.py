"""Signals: told after the commit, in this process, and harming nobody."""

import asyncio
import logging

import pytest

from caseflow import AsyncCasebook, Refused
from caseflow.storage import MemoryStorage, SQLStorage
from tests.support.trades import (
    ANA,
    MO,
    ROLES,
    Clock,
    Inspected,
    Paid,
    QuoteAgreed,
    bring,
    shop,
    shop_book,
)


@pytest.fixture
def store():
    return MemoryStorage()


@pytest.fixture
def book(store):
    return shop_book(store)


def test_a_subscriber_hears_every_event_in_order_after_it_was_written(book, store):
    heard = []
    book.subscribe(lambda entry: heard.append((entry.number, len(store.read("agency", "R-1")))))
    case_id = bring(book, "dropped-off")
    book.do(case_id, Paid(amount=1), Inspected(), by=MO)
    assert heard == [(1, 1), (2, 3), (3, 3)]


def test_a_subscriber_may_ask_for_one_type(book):
    heard = []
    book.subscribe(heard.append, to=Paid)
    case_id = bring(book, "dropped-off")
    book.do(case_id, Paid(amount=1), Inspected(), Paid(amount=2), by=MO)
    assert [entry.event for entry in heard] == [Paid(amount=1), Paid(amount=2)]


def test_what_is_refused_asked_or_repeated_is_not_told(book):
    heard = []
    case_id = bring(book, "dropped-off")
    book.do(case_id, Paid(amount=1), by=ANA, command_id="c1")
    book.subscribe(heard.append)
    book.do(case_id, Paid(amount=1), by=ANA, command_id="c1")
    book.ask(case_id, Paid(amount=1), by=ANA)
    with pytest.raises(Refused):
        book.do(case_id, Paid(amount=1), QuoteAgreed(), by=ANA)
    assert heard == []


def test_a_subscriber_that_raises_harms_neither_the_write_nor_the_others(book, caplog):
    heard, broken = [], ValueError("the mail server is away")

    def failing(entry):
        raise broken

    book.subscribe(heard.append)
    book.subscribe(failing)
    book.subscribe(heard.append)
    case_id = bring(book, "dropped-off")
    with caplog.at_level(logging.ERROR, logger="caseflow"):
        caplog.clear()
        outcome = book.record(case_id, Paid(amount=1), by=ANA)
    assert outcome.undelivered == (broken,)
    assert len(heard) == 4
    assert book.case(case_id).version == 2
    (record,) = caplog.records
    assert record.getMessage() == (
        "A subscriber failed on event 2 of case R-1, which is recorded all the same: "
        "ValueError('the mail server is away')"
    )


def test_a_subscriber_can_leave(book):
    heard = []
    leave = book.subscribe(heard.append)
    also = book.subscribe(heard.append)
    case_id = bring(book, "dropped-off")
    leave()
    book.record(case_id, Paid(amount=1), by=ANA)
    also()
    book.record(case_id, Paid(amount=1), by=ANA)
    assert len(heard) == 3


def test_a_subscriber_is_held_until_it_leaves(book):
    heard = []
    book.subscribe(lambda entry: heard.append(entry.number))  # nobody else holds this function
    bring(book, "dropped-off")
    assert len(heard) == 1


def test_a_subscriber_may_use_the_book_itself(book):
    def answer(entry):
        if entry.number == 1:
            book.record(entry.case_id, Paid(amount=100), by=ANA)

    book.subscribe(answer)
    outcome = book.open(client="c", by=ANA)
    assert outcome.undelivered == ()
    assert book.case(outcome.case.id).version == 2


def test_books_do_not_hear_each_other(store, book):
    heard = []
    shop_book(store).subscribe(heard.append)
    bring(book, "dropped-off")
    assert heard == []


def test_an_async_book_awaits_coroutines_and_calls_plain_functions(tmp_path):
    heard = []

    async def listen(entry):
        await asyncio.sleep(0)
        heard.append(("awaited", entry.number))

    async def failing(entry):
        await asyncio.sleep(0)
        raise ValueError("away")

    async def work(store):
        book = AsyncCasebook(shop, store, clock=Clock(), roles=ROLES, new_id=lambda: "R-1")
        book.subscribe(listen)
        book.subscribe(failing, to=Paid)
        leave = book.subscribe(lambda entry: heard.append(("called", entry.number)))
        await book.open(client="c", by="ana")
        leave()
        return await book.record("R-1", Paid(amount=1), by="ana")

    file = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    for store in (MemoryStorage(), file):
        heard.clear()
        outcome = asyncio.run(work(store))
        assert sorted(heard) == [("awaited", 1), ("awaited", 2), ("called", 1)]
        assert [str(error) for error in outcome.undelivered] == ["away"]
    file.close()
