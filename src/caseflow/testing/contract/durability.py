"""Durability: what was acknowledged is there after the end of a program, and after its death."""

# ruff: noqa: D103 - a test says by its name what must hold

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from caseflow.storage.port import Appended, Head, Query, Storage
from caseflow.testing.contract.checks import ContractBroken, holds, needs, same
from caseflow.testing.contract.feed import Reader, all_once, move, positions, three_cases
from caseflow.testing.contract.processes import context, process
from caseflow.testing.contract.rows import NORTH, listing, opening, row, several, unit
from caseflow.testing.contract.stores import PATIENCE, Meet, Opening, Stores

EVENTS = 5
"""How many events a unit holds that a killed process was writing."""


@needs("durability")
def test_histories_are_there_after_reopening(stores: Stores) -> None:
    stores.store.append(unit(0, row(1), row(2)))
    stores.store.append(unit(2))
    store = stores.reopened()
    rows = list(store.read(NORTH, "R-1"))
    if not rows:
        raise ContractBroken(
            "durability: nothing of what was written is there after closing the store and opening "
            "the same place again; keep it there, or, where the store is to keep nothing, declare "
            "lacks=['durability', 'processes']"
        )
    same("the rows after reopening", rows, [row(1), row(2), row(3)])
    same("the head", store.head(NORTH, "R-1"), Head(3, "hash-3"))
    same("the agencies", list(store.agencies()), [NORTH])
    same("an old version", store.append(unit(2)), Appended.CONFLICT)
    same("going on", store.append(unit(3)), Appended.DONE)


@needs("durability", "commands")
def test_commands_are_known_after_reopening(stores: Stores) -> None:
    stores.store.append(unit(0, row(1), row(2), command_id="c1"))
    store = stores.reopened()
    wrote = [row(1, command_id="c1"), row(2, command_id="c1")]
    same("the command", list(store.command(NORTH, "c1")), wrote)
    same("the command again", store.append(unit(2, command_id="c1")), Appended.DUPLICATE)


@needs("durability")
def test_no_snapshot_comes_back_that_was_dropped(stores: Stores) -> None:
    stores.store.append(unit(0, snapshot="one"))
    stores.store.append(unit(1, drop_snapshot=True))
    same("the snapshot", stores.reopened().snapshot(NORTH, "R-1"), None)


@needs("durability", "queries")
def test_lists_are_the_same_after_reopening(stores: Stores) -> None:
    held = listing(client="client-1", keys=[("lead", "mo")])
    stores.store.append(opening("b", subjects=("s-1",)))
    stores.store.append(opening("a", listing=held))
    stores.store.append(unit(1, row(2, case_id="a"), subjects=("s-2",)))
    stores.store.relist(NORTH, "b", version=1, listing=held, forget=True)
    before = list(stores.store.find(NORTH, Query()))
    store = stores.reopened()
    same("the list", list(store.find(NORTH, Query())), before)
    for subject, case_id in (("s-1", "b"), ("s-2", "a")):
        (found,) = store.find(NORTH, Query(subject=subject))
        same(f"the case of {subject}", found.case_id, case_id)


@needs("durability", "counts")
def test_counts_can_be_leaned_on_after_reopening(stores: Stores) -> None:
    held = listing(keys=[("lead", "mo")])
    old = stores.store.count(NORTH, "lead", "mo")
    stores.store.append(opening("R-1", listing=held))
    count = stores.store.count(NORTH, "lead", "mo")
    store = stores.reopened()
    same("the count", store.count(NORTH, "lead", "mo"), count)
    late = opening("R-2", listing=held, counts=(old,))
    same("leaning on an old one", store.append(late), Appended.CONFLICT)
    same("leaning on it", store.append(late._replace(counts=(count,))), Appended.DONE)


@needs("durability", "feed")
def test_positions_and_checkpoints_are_the_same_after_reopening(stores: Stores) -> None:
    case_ids = three_cases(stores.store)
    before = list(stores.store.feed(NORTH, limit=1000))
    move(stores.store, "letters", 4)
    move(stores.store, "old", 4)
    stores.store.delete_consumer(NORTH, "old")
    store = stores.reopened()
    same("the consumers", positions(store), (len(before), {"letters": 4}))
    same("the feed", list(store.feed(NORTH, limit=1000)), before)
    same("the checkpoint", store.checkpoint(NORTH, "letters").position, 4)
    same("moving it", move(store, "letters", 6), True)
    store.append(unit(9, row(10, case_id="R-2")))
    all_once(store, Reader(store).to_the_end(), case_ids)


# -- several stores at one place ------------------------------------------------------------


@needs("processes")
def test_a_store_sees_at_once_what_another_wrote(stores: Stores) -> None:
    one, other = stores.store, stores.open()
    one.append(unit(0))
    same("the rows", list(other.read(NORTH, "R-1")), [row(1)])
    same("going on", other.append(unit(1)), Appended.DONE)
    same("the head", one.head(NORTH, "R-1"), Head(2, "hash-2"))
    same("an old version", one.append(unit(1)), Appended.CONFLICT)


@needs("processes", "commands")
def test_a_store_sees_at_once_the_commands_of_another_and_what_it_dropped(stores: Stores) -> None:
    one, other = stores.store, stores.open()
    one.append(unit(0, command_id="c1", snapshot="one"))
    same("the command again", other.append(unit(1, command_id="c1")), Appended.DUPLICATE)
    same("going on", other.append(unit(1, drop_snapshot=True)), Appended.DONE)
    same("the snapshot", one.snapshot(NORTH, "R-1"), None)


def _write_and_end(store: Storage, number: int, meet: Meet) -> str:
    meet()
    head = store.head(NORTH, "R-1")
    return store.append(unit(head.version if head else 0)).value


@needs("durability", "processes")
def test_what_a_process_wrote_is_there_after_its_end(stores: Stores) -> None:
    same("what became of it", stores.in_processes(_write_and_end, 1), ["done"])
    same("the head", stores.store.head(NORTH, "R-1"), Head(1, "hash-1"))
    same("what became of it", stores.in_processes(_write_and_end, 1), ["done"])
    same("the head", stores.store.head(NORTH, "R-1"), Head(2, "hash-2"))


# -- a process that is killed ----------------------------------------------------------------


def _write_until_killed(opening: Opening, place: Path, told: Any) -> None:
    """Write units of several events without an end, and tell of each that was acknowledged."""
    store = opening(place)
    head = store.head(NORTH, "R-1")
    number = head.version // EVENTS if head else 0
    while True:
        first = number * EVENTS
        events = several("R-1", first + 1, first + EVENTS)
        answer = store.append(unit(first, *events, command_id=f"c-{number}"))
        if answer is not Appended.DONE:
            os._exit(3)
        told.send(number)
        number += 1


def _killed_while_writing(stores: Stores, after: int, pause: float) -> int:
    """Kill a process a while after a unit was acknowledged; the number of the last that was."""
    heard, told = context().Pipe(duplex=False)
    writer = process(_write_until_killed, stores.opening, stores.place, told)
    writer.start()
    told.close()
    last, until = -1, time.monotonic() + PATIENCE
    try:
        while last < after and time.monotonic() < until:
            last = heard.recv() if heard.poll(1) else last
        time.sleep(pause)
        writer.kill()
        while heard.poll(1):
            last = heard.recv()
    except EOFError:
        pass
    finally:
        writer.kill()
        writer.join(PATIENCE)
        heard.close()
    if last < after:
        raise ContractBroken("a process that writes came to its end, or to a stand")
    return last


@needs("durability", "commands")
def test_a_process_that_is_killed_leaves_whole_units_and_all_that_was_acknowledged(
    stores: Stores,
) -> None:
    last = -1
    for pause in (0.0, 0.01, 0.03):  # in seconds: to be somewhere in the middle of writing
        stores.close()
        last = _killed_while_writing(stores, last + 10, pause)
        store = stores.open()
        rows = store.read(NORTH, "R-1")
        _whole(store, [one.number for one in rows])
        holds("what was acknowledged is there", len(rows) >= (last + 1) * EVENTS)
        last = len(rows) // EVENTS - 1
        again = unit(len(rows), command_id=f"c-{last}")
        same("its last command again", store.append(again), Appended.DUPLICATE)
    same("going on", store.append(unit(len(rows), command_id="after")), Appended.DONE)


def _whole(store: Storage, numbers: Sequence[int]) -> None:
    """See that a history of whole units stands, one after the other."""
    same("the numbers", list(numbers), list(range(1, len(numbers) + 1)))
    same("how many events belong to no whole unit", len(numbers) % EVENTS, 0)
    head = store.head(NORTH, "R-1")
    same("the version of the head", head and head.version, len(numbers))
