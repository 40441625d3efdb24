"""Verifying while others write: what is read at one moment is never held against another."""

import threading
from contextlib import suppress

import attrs
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from caseflow import Casebook, Conflict, Corrected, Index
from caseflow.storage import SQLStorage
from caseflow.storage.sql import feed
from tests.support.tamper import carried_out
from tests.support.trades import ANA, BOSS, ROLES, BikeDescribed, Clock, Paid, bring, shop

WRITERS = 3
ROUNDS = 4
indexed = attrs.evolve(shop, indexes=(Index("words", of=lambda case: case.state.last_words),))


def book_on(store, name="R", workflow=indexed):
    ids = (f"{name}-{number}" for number in range(1, 10_000))
    return Casebook(
        workflow,
        store,
        clock=Clock(),
        roles=ROLES,
        snapshot_every=3,
        new_id=lambda: next(ids),
    )


def write(book, name, number):
    """Open a case and write to those of others, so that what the index holds changes each time."""
    book.open(client=f"{name}-{number}", by=ANA, command_id=f"{name}-open-{number}")
    for case_id in ("R-1", "R-2"):
        book.record(case_id, BikeDescribed(words=f"{name} {number}"), by=ANA)
        book.record(case_id, Paid(amount=number), by=ANA, command_id=f"{name}-{case_id}-{number}")
    book.do("R-1", Corrected(number=2, event=BikeDescribed(words=f"y{number}")), by=BOSS)
    list(book.feed(after=number * 5))


def writing(url, name, stop):
    """Write until told to stop."""
    store = SQLStorage(url)
    book = book_on(store, name)
    number = 0
    while not stop.is_set():
        number += 1
        with suppress(Conflict):  # all write to the same two cases
            write(book, name, number)
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_writers_in_threads_are_no_findings(kind, request, tmp_path):
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    if kind == "postgres":
        url = request.getfixturevalue("postgres_url")
    store = SQLStorage(url)
    book = book_on(store)
    bring(book, "looked-at", client="one")
    bring(book, "bench", client="two")
    case_ids = book.case_ids()
    stop = threading.Event()
    threads = [
        threading.Thread(target=writing, args=(url, f"w{number}", stop))
        for number in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(ROUNDS):
            verified = book.verify_all()
            assert verified.holds, verified.explain()
            for case_id in case_ids:
                assert book.verify(case_id).holds
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        store.close()
    assert book_on(SQLStorage(url)).verify_all().holds


def test_a_case_that_is_committed_behind_the_page_is_no_finding(postgres_url):
    """It was opened before one that is listed already, and is committed before the last look."""
    store = SQLStorage(postgres_url)
    book = book_on(store, workflow=shop)  # under an index, the second would wait for the first
    with create_engine(postgres_url, poolclass=NullPool).connect() as connection:
        book.within(connection).open(client="one", by=ANA)
        book.open(client="two", by=ANA)

        def commit(call):
            if call.method == "loose_ends" and connection.in_transaction():
                connection.commit()

        verified = carried_out(book._middle.audit.verify_all(None, None), store, commit)
    assert verified.holds, verified.explain()
    assert verified.cases == 1
    assert book.verify_all().cases == 2
    store.close()


def test_what_waits_for_another_reader_of_the_feed_is_no_finding(postgres_url):
    store = SQLStorage(postgres_url)
    book = book_on(store)
    with create_engine(postgres_url, poolclass=NullPool).connect() as another:
        lock = f"SELECT pg_advisory_xact_lock({feed.LOCK}, {feed._as_number('agency')})"
        another.exec_driver_sql(lock)
        book.open(client="one", by=ANA)
        assert list(book.feed()) == []
        verified = book.verify_all()
    assert verified.holds, verified.explain()
    store.close()
