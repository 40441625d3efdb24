"""Imports beside each other, on PostgreSQL: none waits for one that waits for it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError

import pytest

from caseflow.kernel.store_errors import GaveWay
from caseflow.storage import SQLStorage
from caseflow.storage.sql import failures, restoring
from caseflow.testing.contract.rows import NORTH, history, listing


@pytest.fixture
def store(postgres_url):
    store = SQLStorage(postgres_url)
    yield store
    store.close()


def led_by(*leads, prefix, before_the_next=lambda: None):
    """A history for each lead, handed over one after the other."""
    for number, lead in enumerate(leads):
        if number:
            before_the_next()
        one = history(f"{prefix}-{number}", (None, 2))
        yield one._replace(listing=listing(client=prefix, keys=[("lead", lead)]))


def test_two_imports_that_change_the_same_counts_do_not_wait_for_each_other(store, monkeypatch):
    """Each has written its first batch before either goes on to the next, which is the other's."""
    monkeypatch.setattr(restoring, "HISTORIES_AT_ONCE", 1)
    met = Barrier(2, timeout=60)
    orders = {"one": ("al", "mo"), "other": ("mo", "al")}

    def brought(prefix):
        histories = led_by(*orders[prefix], prefix=prefix, before_the_next=met.wait)
        try:
            return store.restore(NORTH, histories)
        except BrokenBarrierError:
            pytest.fail("one of them waited for the other before it had written anything")

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(brought, orders)) == [4, 4]
    assert store.tally(NORTH, "lead") == {"al": 2, "mo": 2}


def test_the_counts_have_other_tokens_afterwards(store):
    before = store.count(NORTH, "lead", "al").token
    store.restore(NORTH, led_by("al", "mo", prefix="one"))
    assert store.count(NORTH, "lead", "al").token != before


def test_one_that_gave_way_is_told_what_to_do_also_without_a_transaction_of_its_own(store):
    class Deadlock(Exception):
        sqlstate = "40P01"

    error = failures.failure(store, "import histories", Deadlock("deadlock detected"))
    assert type(error) is GaveWay
    assert str(error).endswith(
        "deadlock detected. It gave way to another transaction, and nothing was written: do it "
        "again. Where it is a part of a transaction of yours, roll that back, and do all of it "
        "again."
    )
