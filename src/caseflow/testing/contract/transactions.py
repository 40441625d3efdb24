"""Transactions of the application: what a store writes in one is kept or undone with it."""

# ruff: noqa: D103 - a test says by its name what must hold

from __future__ import annotations

import threading

from caseflow.storage.port import Appended, Head, Query, Storage, Unit
from caseflow.testing.contract.checks import needs, same
from caseflow.testing.contract.feed import Reader, all_once, move
from caseflow.testing.contract.lists import ids
from caseflow.testing.contract.rows import NORTH, listing, opening, row, several, unit
from caseflow.testing.contract.stores import PATIENCE, Meet, Stores, Transaction

WRITERS, ROUNDS = 4, 6


@needs("transactions", "commands")
def test_what_was_written_is_there_after_the_commit_and_not_before(stores: Stores) -> None:
    store = stores.store
    with stores.transaction() as transaction:
        joined = transaction.store
        given = unit(0, command_id="c1", snapshot="one")
        same("writing", joined.append(given), Appended.DONE)
        same("what the transaction sees", joined.head(NORTH, "R-1"), Head(1, "hash-1"))
        same("going on in it", joined.append(unit(1)), Appended.DONE)
        same("what others see", store.head(NORTH, "R-1"), None)
        transaction.commit()
    same("what others see", store.head(NORTH, "R-1"), Head(2, "hash-2"))
    same("the command", len(store.command(NORTH, "c1")), 1)


def _rolled_back(stores: Stores, *units: Unit, by: str) -> None:
    """Write units in a transaction that comes to nothing, in one of three ways."""
    try:
        with stores.transaction() as transaction:
            for one in units:
                same("writing", transaction.store.append(one), Appended.DONE)
            if by == "rollback":
                transaction.rollback()
            if by == "error":
                raise EOFError("what the application does next fails")
    except EOFError:
        same("who raised", by, "error")


@needs("transactions", "commands")
def test_a_transaction_that_is_rolled_back_leaves_nothing(stores: Stores) -> None:
    store = stores.store
    store.append(opening("R-0"))
    for by in ("rollback", "error", "leaving it without a commit"):
        opened = unit(0, command_id="c1", snapshot="one")
        more = unit(1, row(2, case_id="R-0"), command_id="c2")
        _rolled_back(stores, opened, unit(1), more, by=by)
        same(f"the head, after {by}", store.head(NORTH, "R-1"), None)
        same(f"the rows, after {by}", list(store.read(NORTH, "R-1")), [])
        same(f"the command, after {by}", list(store.command(NORTH, "c1")), [])
        same(f"the snapshot, after {by}", store.snapshot(NORTH, "R-1"), None)
        same(f"the other case, after {by}", store.head(NORTH, "R-0"), Head(1, "hash-1"))
    same("the first command", store.append(unit(0, command_id="c1")), Appended.DONE)
    same("the second", store.append(unit(1, command_id="c2")), Appended.DONE)


@needs("transactions", "queries", "counts", "feed")
def test_what_was_rolled_back_is_in_no_list_count_or_feed(stores: Stores) -> None:
    store = stores.store
    held = listing(keys=[("lead", "mo")])
    before = store.count(NORTH, "lead", "mo")
    with stores.transaction() as transaction:
        transaction.store.append(unit(0, listing=held, subjects=("s-1",)))
        same("counting in it", transaction.store.count(NORTH, "lead", "mo").cases, 1)
        same("finding in it", ids(transaction.store.find(NORTH, Query(subject="s-1"))), ["R-1"])
        move(transaction.store, "letters", 1)
        transaction.rollback()
    same("the count", store.count(NORTH, "lead", "mo").cases, 0)
    same("the list", ids(store.find(NORTH, Query())), [])
    same("the list by subject", ids(store.find(NORTH, Query(subject="s-1"))), [])
    same("the checkpoint", store.checkpoint(NORTH, "letters").position, 0)
    same("the feed", Reader(store).to_the_end(), [])
    leaning = opening("R-2", listing=held, counts=(before,))
    same("leaning on the count", store.append(leaning), Appended.DONE)


@needs("transactions", "commands")
def test_what_was_not_done_leaves_the_rest_of_the_transaction(stores: Stores) -> None:
    store = stores.store
    store.append(opening("R-0", command_id="c0"))
    with stores.transaction() as transaction:
        joined = transaction.store
        same("the first", joined.append(unit(0)), Appended.DONE)
        late = unit(9, row(10), row(11), command_id="c1", snapshot="lost")
        same("a late one", joined.append(late), Appended.CONFLICT)
        same("a command again", joined.append(unit(1, command_id="c0")), Appended.DUPLICATE)
        same("opening what is there", joined.append(opening("R-0")), Appended.CONFLICT)
        same("another", joined.append(unit(1, command_id="c1")), Appended.DONE)
        transaction.commit()
    rows = [row(1), row(2, command_id="c1")]
    same("the rows", list(store.read(NORTH, "R-1")), rows)
    same("the snapshot", store.snapshot(NORTH, "R-1"), None)


# -- the feed, with transactions held open ---------------------------------------------------


@needs("transactions", "feed")
def test_who_reads_between_two_commits_out_of_order_misses_nothing(stores: Stores) -> None:
    """One writes first and commits last. A store that lets one write at a time may wait there."""
    reader = Reader(stores.store)

    def overtake() -> None:
        with stores.transaction() as second:
            second.store.append(opening("second"))
            second.commit()

    with stores.transaction() as first:
        first.store.append(unit(0, *several("first", 1, 2)))
        other = threading.Thread(target=overtake, daemon=True)
        other.start()
        other.join(0.5)  # whether it is through by now or waits for us: both are right
        reader.poll()
        first.commit()
    other.join(PATIENCE)
    same("whether the second is stuck", other.is_alive(), False)
    all_once(stores.store, reader.to_the_end(), ["first", "second"])


@needs("transactions", "feed", "commands")
def test_who_reads_while_transactions_are_held_open_sees_each_committed_event_once(
    stores: Stores,
) -> None:
    reader, polled = Reader(stores.store), threading.Condition()
    polls = 0

    def poll() -> None:
        nonlocal polls
        reader.poll()
        with polled:
            polls += 1
            polled.notify_all()

    def hold(times: int) -> None:
        """Keep a transaction open while the feed is read some times more."""
        with polled:
            until = polls + times
            polled.wait_for(lambda: polls >= until, PATIENCE)

    def write(_: Storage, number: int, meet: Meet) -> int:
        meet()
        kept = 0
        for turn in range(ROUNDS):
            with stores.transaction() as transaction:
                kept += _write_some(transaction, number, kept, turn)
                hold((number * 5 + turn * 3) % 7)
                if (number + turn) % 3:
                    transaction.commit()
                else:
                    kept -= 2
        return kept

    kept = stores.in_threads(write, WRITERS, meanwhile=poll)
    all_once(stores.store, reader.to_the_end(), [f"R-{number}" for number in range(WRITERS)])
    for number, events in enumerate(kept):
        head = stores.store.head(NORTH, f"R-{number}")
        same(f"the events of writer {number}", head.version if head else 0, events)


def _write_some(transaction: Transaction, number: int, kept: int, turn: int) -> int:
    """Two events on a case of one's own; how many."""
    events = several(f"R-{number}", kept + 1, kept + 2)
    given = unit(kept, *events, command_id=f"c-{number}-{turn}")
    same("writing", transaction.store.append(given), Appended.DONE)
    return len(events)
