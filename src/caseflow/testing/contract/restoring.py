"""Restoring: whole histories at once, all or none, and then as if they had been written here."""

# ruff: noqa: D103 - a test says by its name what must hold

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from caseflow.kernel.errors import CaseExists, CommandReused
from caseflow.storage.port import Appended, Head, History, Loose, Query, Storage
from caseflow.testing.contract.checks import needs, raises, same
from caseflow.testing.contract.feed import Reader, all_once, move
from caseflow.testing.contract.lists import ids
from caseflow.testing.contract.rows import NORTH, SOUTH, history, listing, opening, row, unit
from caseflow.testing.contract.stores import Stores


def brought() -> list[History]:
    """Two histories, of which one holds commands that wrote several events."""
    first = history("R-1", ("c1", 2), (None, 1), (None, 1), ("c2", 3))
    held = listing(client="client-1", keys=[("lead", "mo")])
    second = history("R-2", (None, 1), ("c3", 1))._replace(listing=held, subjects=("s-1", "s-2"))
    return [first, second]


def _nothing_of_it(store: Storage) -> None:
    """See that nothing came of what was to be restored."""
    for case_id in ("R-1", "R-2"):
        same(f"the head of {case_id}", store.head(NORTH, case_id), None)
        same(f"the rows of {case_id}", list(store.read(NORTH, case_id)), [])
    for command_id in ("c1", "c2", "c3"):
        same(f"what {command_id} wrote", list(store.command(NORTH, command_id)), [])


@needs("restore", "commands")
def test_a_restored_history_is_there_with_its_commands(stores: Stores) -> None:
    store = stores.store
    same("how many events were written", store.restore(NORTH, brought()), 9)
    for one in brought():
        same("the rows", tuple(store.read(NORTH, one.case_id)), tuple(one.events))
        head = Head(len(one.events), one.events[-1].hash)
        same("the head", store.head(NORTH, one.case_id), head)
        same("a snapshot", store.snapshot(NORTH, one.case_id), None)
    events = brought()[0].events
    same("what c1 wrote", list(store.command(NORTH, "c1")), list(events[:2]))
    same("what c2 wrote", list(store.command(NORTH, "c2")), list(events[4:]))
    same("the agencies", list(store.agencies()), [NORTH])
    same("the south", store.head(SOUTH, "R-1"), None)


@needs("restore", "commands")
def test_a_restored_case_goes_on_where_it_stands(stores: Stores) -> None:
    store = stores.store
    store.restore(NORTH, brought())
    same("at another version", store.append(unit(6)), Appended.CONFLICT)
    same("opening it again", store.append(unit(0)), Appended.CONFLICT)
    same("a command of then", store.append(unit(7, command_id="c2")), Appended.DUPLICATE)
    same("going on", store.append(unit(7, command_id="c4")), Appended.DONE)
    same("the numbers", [one.number for one in store.read(NORTH, "R-1")], list(range(1, 9)))


@needs("restore", "queries")
def test_restored_cases_are_listed(stores: Stores) -> None:
    store = stores.store
    store.append(opening("R-0"))
    histories = brought()
    store.restore(NORTH, histories)
    same("the order", ids(store.find(NORTH, Query())), ["R-0", "R-1", "R-2"])
    (found,) = store.find(NORTH, Query(key=("lead", "mo"), subject="s-2", client="client-1"))
    wanted = ("R-2", 2, histories[1].listing)
    same("the second", (found.case_id, found.version, found.listing), wanted)


@needs("restore", "counts")
def test_restored_cases_are_counted(stores: Stores) -> None:
    store = stores.store
    before = store.count(NORTH, "lead", "mo")
    store.restore(NORTH, brought())
    same("the count", store.count(NORTH, "lead", "mo").cases, 1)
    same("the leads", dict(store.tally(NORTH, "lead")), {"mo": 1})
    late = opening("R-3", listing=listing(), counts=(before,))
    same("leaning on the old count", store.append(late), Appended.CONFLICT)


@needs("restore", "feed")
def test_restored_events_are_in_the_feed(stores: Stores) -> None:
    store = stores.store
    store.append(opening("R-0"))
    store.restore(NORTH, brought())
    store.append(unit(7))
    all_once(store, Reader(store).to_the_end(), ["R-0", "R-1", "R-2"])


@needs("restore", "commands")
def test_many_events_are_restored_from_whatever_hands_them_over(stores: Stores) -> None:
    def handed() -> Iterator[History]:
        for number in range(30):
            yield history(f"R-{number}", *[(None, 1)] * 40, (f"c-{number}", 10))

    same("how many events were written", stores.store.restore(NORTH, handed()), 1500)
    for number in range(30):
        events = stores.store.read(NORTH, f"R-{number}")
        same("the numbers", [one.number for one in events], list(range(1, 51)))
        same("its command", list(stores.store.command(NORTH, f"c-{number}")), list(events[40:]))
    same("nothing", stores.store.restore(NORTH, []), 0)


@needs("restore", "commands")
def test_none_is_restored_where_one_of_the_cases_is_there(stores: Stores) -> None:
    store = stores.store
    store.append(opening("R-3", command_id="c9"))
    there = history("R-3", ("c4", 1))
    for histories in ([*brought(), there], [there, *brought()]):
        error = raises("restoring", CaseExists, partial(store.restore, NORTH, histories))
        same("which case", getattr(error, "fields", {}).get("case_id"), "R-3")
        _nothing_of_it(store)
    twice = [*brought(), history("R-1", (None, 1))]
    raises("the same case twice", CaseExists, lambda: store.restore(NORTH, twice))
    _nothing_of_it(store)
    wanted = [row(1, case_id="R-3", command_id="c9")]
    same("the case that was there", list(store.read(NORTH, "R-3")), wanted)
    same("restoring the others", store.restore(NORTH, brought()), 9)


@needs("restore", "commands")
def test_none_is_restored_where_one_of_the_commands_was_used(stores: Stores) -> None:
    store = stores.store
    store.append(opening("R-3", command_id="c3"))
    error = raises("restoring", CommandReused, lambda: store.restore(NORTH, brought()))
    same("which command", getattr(error, "fields", {}).get("command_id"), "c3")
    same("the head of R-1", store.head(NORTH, "R-1"), None)
    same("what c1 wrote", list(store.command(NORTH, "c1")), [])
    twice = [history("R-4", ("c4", 1)), history("R-5", ("c4", 1))]
    raises("a command twice", CommandReused, lambda: store.restore(NORTH, twice))
    same("the head of R-4", store.head(NORTH, "R-4"), None)
    apart = [history("R-4", ("c4", 1), (None, 1), ("c4", 1))]
    raises("a command in two places", CommandReused, lambda: store.restore(NORTH, apart))
    same("the head of R-4 then", store.head(NORTH, "R-4"), None)
    same("in the south", store.restore(SOUTH, [history("R-4", ("c3", 1), agency=SOUTH)]), 1)


@needs("restore", "commands")
def test_none_is_restored_where_what_hands_them_over_fails(stores: Stores) -> None:
    store = stores.store

    def torn() -> Iterator[History]:
        yield from brought()
        raise EOFError("the file ends here")

    raises("restoring", EOFError, lambda: store.restore(NORTH, torn()))
    _nothing_of_it(store)
    same("the agencies", list(store.agencies()), [])
    same("restoring again", store.restore(NORTH, brought()), 9)


@needs("restore", "feed", "queries", "counts")
def test_what_was_not_restored_is_in_no_feed_list_or_count(stores: Stores) -> None:
    store = stores.store
    store.append(opening("R-2", listing=listing(keys=[("lead", "mo")])))
    count = store.count(NORTH, "lead", "mo")
    raises("restoring", CaseExists, lambda: store.restore(NORTH, brought()))
    same("the count", store.count(NORTH, "lead", "mo"), count)
    same("the list", ids(store.find(NORTH, Query())), ["R-2"])
    all_once(store, Reader(store).to_the_end(), ["R-2"])


@needs("restore", "feed", "queries", "commands")
def test_a_mended_history_is_there_in_the_place_of_the_one_before(stores: Stores) -> None:
    store = stores.store
    store.restore(NORTH, brought())
    store.append(unit(7, command_id="c4"))
    places = store.feed(NORTH, limit=100)
    held = listing(client="client-9", keys=[("lead", "bo")])
    right = history("R-1", ("c1", 1), ("c5", 4), (None, 4))
    right = right._replace(listing=held, subjects=("s-9",))
    before = store.head(NORTH, "R-1")
    for head in (None, Head(7, "x"), Head(8, "x")):
        same("at another end", store.mend(NORTH, right, head=head), False)
    same("the head", store.head(NORTH, "R-1"), before)
    same("at its end", store.mend(NORTH, right, head=before), True)
    same("the rows", tuple(store.read(NORTH, "R-1")), tuple(right.events))
    same("the head then", store.head(NORTH, "R-1"), Head(9, right.events[-1].hash))
    same("what c5 wrote", list(store.command(NORTH, "c5")), list(right.events[1:5]))
    same("what c4 wrote", list(store.command(NORTH, "c4")), [])
    (found,) = store.find(NORTH, Query(subject="s-9", key=("lead", "bo")))
    same("what is listed", (found.case_id, found.version, found.listing), ("R-1", 9, held))
    same("the order", ids(store.find(NORTH, Query())), ["R-1", "R-2"])
    after = store.feed(NORTH, limit=100)
    shown = [(one.position, one.event.case_id, one.event.number) for one in after]
    were = [(one.position, one.event.case_id, one.event.number) for one in places]
    same("the feed", shown, [*were, (len(were) + 1, "R-1", 9)])
    same("going on", store.append(unit(9, command_id="c4")), Appended.DONE)


@needs("restore", "feed", "commands")
def test_the_positions_of_events_that_are_lost_show_nothing_from_then_on(stores: Stores) -> None:
    store = stores.store
    store.restore(NORTH, brought())
    left = [
        (one.position, one.event.case_id, one.event.number)
        for one in store.feed(NORTH, limit=100)
        if one.event.case_id == "R-2" or one.event.number == 1
    ]
    shorter = history("R-1", ("c1", 1))
    same("losing six", store.mend(NORTH, shorter, head=store.head(NORTH, "R-1")), True)
    same("the end of the feed", store.consumers(NORTH).end, 9)
    same("writing anew", store.append(unit(1)), Appended.DONE)
    shown = [*left, (10, "R-1", 2)]
    for after in range(11):
        found = store.feed(NORTH, after=after, limit=1)
        came = [(one.position, one.event.case_id, one.event.number) for one in found]
        same(f"what is next after {after}", came, [one for one in shown if one[0] > after][:1])


@needs("restore", "commands")
def test_a_history_is_mended_that_is_not_there_at_all(stores: Stores) -> None:
    store = stores.store
    first, second = brought()
    same("where there is none", store.mend(NORTH, first, head=None), True)
    same("where there is one by now", store.mend(NORTH, first, head=None), False)
    taken = history("R-3", ("c1", 1))
    error = raises("mending", CommandReused, lambda: store.mend(NORTH, taken, head=None))
    same("which command", getattr(error, "fields", {}).get("command_id"), "c1")
    same("the head of R-3", store.head(NORTH, "R-3"), None)
    apart, head = history("R-1", ("c1", 1), (None, 1), ("c1", 1)), store.head(NORTH, "R-1")
    twice = partial(store.mend, NORTH, apart, head=head)
    raises("mending, with a command in two places", CommandReused, twice)
    same("the rows of R-1", tuple(store.read(NORTH, "R-1")), tuple(first.events))
    same("restoring the other", store.restore(NORTH, [second]), 2)


@needs("restore", "queries", "counts")
def test_nothing_that_was_derived_is_left_of_a_history_once_it_is_mended(stores: Stores) -> None:
    store = stores.store
    store.restore(NORTH, brought())
    store.append(unit(2, row(3, case_id="R-2"), snapshot="{}"))
    before = [store.count(NORTH, "lead", value) for value in ("mo", "bo")]
    held = listing(client="client-1", keys=[("lead", "bo")])
    right = history("R-2", (None, 3))._replace(listing=held, subjects=("s-2",))
    same("mending", store.mend(NORTH, right, head=store.head(NORTH, "R-2")), True)
    same("the snapshot", store.snapshot(NORTH, "R-2"), None)
    same("whose data it held", ids(store.find(NORTH, Query(subject="s-1"))), [])
    same("whose data it holds", ids(store.find(NORTH, Query(subject="s-2"))), ["R-2"])
    same("the leads", dict(store.tally(NORTH, "lead")), {"bo": 1})
    for count in before:
        late = opening("R-3", listing=listing(), counts=(count,))
        same(f"leaning on the old count of {count.value}", store.append(late), Appended.CONFLICT)


@needs("feed", "queries")
def test_what_appending_and_moving_checkpoints_leave_loose_is_told(stores: Stores) -> None:
    store = stores.store
    store.append(opening("R-1", subjects=("customer-1", "s-9")))
    store.append(opening("R-4", subjects=()))
    store.append(opening("R-5", subjects=("customer-1",)))
    end = store.feed(NORTH, limit=100)[-1].position
    move(store, "mail", end + 1)
    move(store, "index", end)
    ahead = Loose("consumer", "", "mail", end + 1)
    loose = {Loose("subject", "R-1", "s-9"), Loose("unheld", "R-4", "customer-1"), ahead}
    same("what does not fit", set(store.loose_ends(NORTH)), loose)
    same("what was found as it is put right", set(store.loose_ends(NORTH, mend=True)), loose)
    same("what is left", list(store.loose_ends(NORTH)), [ahead])
    same("in the south", list(store.loose_ends(SOUTH)), [])


@needs("restore", "feed", "queries")
def test_what_does_not_fit_is_told_and_put_right_where_it_is_derived(stores: Stores) -> None:
    store = stores.store
    right = [one._replace(subjects=(one.events[0].subject,)) for one in brought()]
    store.restore(NORTH, right)
    store.append(unit(7))
    same("what does not fit", list(store.loose_ends(NORTH)), [])
    store.append(unit(8, subjects=("s-9",)))
    store.append(opening("R-4", subjects=()))
    move(store, "mail", 99)
    of_whom = right[0].events[0].subject
    loose = {
        Loose("subject", "R-1", "s-9"),
        Loose("unheld", "R-4", of_whom),
        Loose("consumer", "", "mail", 99),
    }
    same("what does not fit then", set(store.loose_ends(NORTH, mend=True)), loose)
    left = [Loose("consumer", "", "mail", 99)]
    same("what is left", list(store.loose_ends(NORTH)), left)
    same("in the south", list(store.loose_ends(SOUTH)), [])
    same("by the subject", "R-4" in ids(store.find(NORTH, Query(subject=of_whom))), True)
