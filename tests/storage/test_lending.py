"""Connections kept at hand: lent again as they came, and only after work that came to its end."""

import gc
import sqlite3
from queue import SimpleQueue
from threading import Barrier, Thread

import pytest

from caseflow import StoreError
from caseflow.storage import Checkpoint, SQLStorage
from caseflow.storage.sql import lending
from caseflow.storage.sql.lending import AT_ONCE, KEPT


@pytest.fixture
def store(tmp_path):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    yield store
    store.close()


def itself(connection):
    return connection


def lent(store, work=itself):
    return store._on_driver("try something", work, again=False)


def test_a_connection_is_lent_again(store):
    assert lent(store) is lent(store)


@pytest.mark.parametrize("error", [KeyboardInterrupt, sqlite3.OperationalError, ValueError])
def test_what_work_left_open_is_rolled_back_before_anybody_works_on(store, error):
    def breaks_off(connection):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO caseflow_consumers VALUES ('a', 'c', 1, 1, '')")
        raise error

    with pytest.raises(StoreError if error is sqlite3.OperationalError else error):
        lent(store, breaks_off)
    assert not lent(store).in_transaction
    assert store.checkpoint("a", "c") == Checkpoint()


def test_no_more_are_kept_than_a_pool_keeps(store):
    together = Barrier(KEPT + 3)
    threads = [
        Thread(target=lent, args=(store, lambda _: together.wait(10))) for _ in range(KEPT + 3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store._lender._idle) == KEPT


def test_who_waits_while_the_pool_has_no_more_is_next(store):
    """The one who gives a connection back, and asks again at once, is not."""
    held, got = [store._lender.fetch() for _ in range(AT_ONCE)], SimpleQueue()
    late = Thread(target=lent, args=(store, got.put))
    late.start()
    while not store._lender._in_line:
        late.join(0.001)
    given_back = held[0].dbapi_connection
    store._lender.give_back(held[0], done=True)
    assert not store._lender._in_line
    assert got.get(timeout=20) is given_back
    late.join(20)
    assert lent(store) is given_back


@pytest.mark.parametrize("fails", [False, True])
def test_whoever_waits_is_told_that_none_came_back(store, monkeypatch, fails):
    """And one that is given up makes room for another."""
    monkeypatch.setattr(lending, "PATIENCE", 0.05)
    held = [store._lender.fetch() for _ in range(AT_ONCE)]
    with pytest.raises(StoreError) as failed:
        lent(store)
    assert str(failed.value).endswith(
        "all 15 connections are in use, and none came back. Use fewer threads or shorter "
        "transactions, or give an engine with a larger pool, and try again."
    )
    store._lender.give_back(held[0], done=not fails)
    assert lent(store)
    assert not store._lender._in_line


@pytest.mark.parametrize("served", [False, True])
def test_who_is_broken_off_while_waiting_takes_no_connection_along(store, monkeypatch, served):
    held = [store._lender.fetch() for _ in range(AT_ONCE)]

    class BrokenOff(SimpleQueue):
        def get(self, timeout=None):
            if timeout is None:
                return super().get()
            if served:
                store._lender.give_back(held.pop(), done=True)
            raise KeyboardInterrupt

    monkeypatch.setattr(lending, "SimpleQueue", BrokenOff)
    with pytest.raises(KeyboardInterrupt):
        lent(store)
    monkeypatch.undo()
    monkeypatch.setattr(lending, "PATIENCE", 0.05)
    for one in held:
        store._lender.give_back(one, done=True)
    assert len([store._lender.fetch() for _ in range(AT_ONCE)]) == AT_ONCE


def test_one_that_nobody_gave_back_is_given_again(store, monkeypatch):
    monkeypatch.setattr(lending, "PATIENCE", 0.05)
    held = [store._lender.fetch() for _ in range(AT_ONCE)]
    del held[0]
    gc.collect()
    assert lent(store)


def test_a_closed_store_keeps_none(store):
    connection = lent(store)
    store.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_a_connection_that_is_in_use_while_the_store_is_closed_is_closed_after_that(store):
    def closes_meanwhile(connection):
        store.close()
        return connection

    connection = lent(store, closes_meanwhile)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
    assert not store._lender._idle


def test_those_of_an_engine_of_the_applications_go_back_to_its_pool(store):
    borrowing = SQLStorage(store.engine)
    lent(borrowing)
    assert not borrowing._lender._idle
