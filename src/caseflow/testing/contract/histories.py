"""Histories: what was written comes back, version by version; commands, agencies, snapshots."""

# ruff: noqa: D103 - a test says by its name what must hold

from __future__ import annotations

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caseflow.kernel.stored import StoredEvent
from caseflow.storage.port import Appended, Head, Snapshot, Storage
from caseflow.testing.contract.checks import holds, needs, same
from caseflow.testing.contract.rows import NORTH, SOUTH, opening, row, several, unit
from caseflow.testing.contract.stores import Stores

QUICKLY = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
"""The same examples in every project, however slow the store is."""

# What columns may hold: any text that UTF-8 can say, but for NUL, which PostgreSQL does not take.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


def nothing_of(store: Storage, agency: str, case_id: str) -> None:
    """See that there is no such case."""
    same(f"the head of {case_id}", store.head(agency, case_id), None)
    same(f"the rows of {case_id}", list(store.read(agency, case_id)), [])


# -- reading ---------------------------------------------------------------------------------


def test_an_empty_store_knows_nothing(stores: Stores) -> None:
    store = stores.store
    nothing_of(store, NORTH, "R-1")
    same("the agencies", list(store.agencies()), [])


def test_rows_come_back_as_they_were_given_in_order(stores: Stores) -> None:
    words = '{"words": "\u017elu\u0165ou\u010dk\u00fd \U0001f6b2 \\" \' \\\\ \u2028 %s ? :a $1"}'
    rows = (row(1, payload=words), row(2, payload="a\nb\r\n\tc "), row(3, payload="x" * 100_000))
    same("writing them", stores.store.append(unit(0, *rows)), Appended.DONE)
    found = stores.store.read(NORTH, "R-1")
    same("the rows", tuple(found), rows)
    same("their class", {type(one) for one in found}, {StoredEvent})


def test_every_column_comes_back_as_it_was(stores: Stores) -> None:
    numbers = ("number", "type_version")
    columns = (7 if name in numbers else f"a {name}" for name in StoredEvent._fields)
    full = StoredEvent._make(columns)
    full = full._replace(agency=NORTH, case_id="R-1", number=1)
    stores.store.append(unit(0, full))
    same("the row", tuple(stores.store.read(NORTH, "R-1")), (full,))


def test_whatever_text_a_column_holds_comes_back(stores: Stores) -> None:
    numbers = count(1)

    @QUICKLY
    @given(st.lists(TEXTS, min_size=3, max_size=3), st.none() | TEXTS, st.integers(1, 2**31))
    def check(texts: list[str], reason: str | None, version: int) -> None:
        actor, payload, kind = texts
        one = row(1, case_id=f"R-{next(numbers)}", payload=payload, kind=kind)
        one = one._replace(actor=actor, reason=reason, type_version=version)
        same("writing it", stores.store.append(unit(0, one)), Appended.DONE)
        same("the row", tuple(stores.store.read(NORTH, one.case_id)), (one,))

    check()


def test_rows_can_be_read_after_a_number_and_of_some_types(stores: Stores) -> None:
    rows = several("R-1", 1, 5)
    stores.store.append(unit(0, *rows))
    for after in range(7):
        for types in (None, (), ("paid",), ("moved",), ("paid", "moved"), ("paid", "x"), ("x",)):
            wanted = [r for r in rows if r.number > after and (types is None or r.type in types)]
            found = stores.store.read(NORTH, "R-1", after=after, types=types)
            same(f"rows after {after} of types {types}", list(found), wanted)


def test_the_head_says_where_a_case_stands(stores: Stores) -> None:
    stores.store.append(unit(0, row(1), row(2)))
    same("the head", stores.store.head(NORTH, "R-1"), Head(2, "hash-2"))
    stores.store.append(unit(2))
    same("the head", stores.store.head(NORTH, "R-1"), Head(3, "hash-3"))


# -- appending -------------------------------------------------------------------------------


def test_a_unit_of_many_events_is_written_whole_and_in_order(stores: Stores) -> None:
    rows = several("R-1", 1, 250)
    same("writing them", stores.store.append(unit(0, *rows)), Appended.DONE)
    same("the rows", tuple(stores.store.read(NORTH, "R-1")), rows)


def test_versions_are_contiguous(stores: Stores) -> None:
    store = stores.store
    same("opening", store.append(unit(0)), Appended.DONE)
    same("the second", store.append(unit(1)), Appended.DONE)
    for wrong in (0, 1, 3, 7):
        same(f"a unit decided on version {wrong}", store.append(unit(wrong)), Appended.CONFLICT)
    same("the numbers", [r.number for r in store.read(NORTH, "R-1")], [1, 2])


def test_there_is_nothing_to_continue_where_there_is_no_case(stores: Stores) -> None:
    same("continuing", stores.store.append(unit(1)), Appended.CONFLICT)
    nothing_of(stores.store, NORTH, "R-1")
    same("the agencies", list(stores.store.agencies()), [])


def test_a_conflict_leaves_nothing_behind(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0))
    same("the late unit", store.append(unit(5)), Appended.CONFLICT)
    same("the head", store.head(NORTH, "R-1"), Head(1, "hash-1"))
    same("the rows", list(store.read(NORTH, "R-1")), [row(1)])
    same("going on", store.append(unit(1)), Appended.DONE)


# -- commands --------------------------------------------------------------------------------


@needs("commands")
def test_a_command_is_found_with_what_it_wrote(stores: Stores) -> None:
    store = stores.store
    same("what c1 wrote before", list(store.command(NORTH, "c1")), [])
    store.append(unit(0))
    store.append(unit(1, row(2), row(3), command_id="c1"))
    store.append(unit(3, command_id="c2"))
    wanted = (row(2, command_id="c1"), row(3, command_id="c1"))
    same("what c1 wrote", tuple(store.command(NORTH, "c1")), wanted)
    same("what c2 wrote", tuple(store.command(NORTH, "c2")), (row(4, command_id="c2"),))
    same("what c3 wrote", tuple(store.command(NORTH, "c3")), ())


@needs("commands")
def test_a_command_of_many_events_is_found_whole_and_in_order(stores: Stores) -> None:
    rows = tuple(one._replace(command_id="c1") for one in several("R-1", 1, 250))
    same("writing them", stores.store.append(unit(0, *rows, command_id="c1")), Appended.DONE)
    same("the rows", tuple(stores.store.read(NORTH, "R-1")), rows)
    same("what the command wrote", tuple(stores.store.command(NORTH, "c1")), rows)


@needs("commands")
def test_a_command_that_met_a_conflict_can_be_sent_again(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0))
    same("the late unit", store.append(unit(5, command_id="c1")), Appended.CONFLICT)
    same("what its command wrote", list(store.command(NORTH, "c1")), [])
    same("its command, tried again", store.append(unit(1, command_id="c1")), Appended.DONE)


@needs("commands")
def test_a_repeated_command_is_a_duplicate_wherever_the_case_stands(stores: Stores) -> None:
    store = stores.store
    first = unit(0, command_id="c1")
    same("the first time", store.append(first), Appended.DONE)
    for expected in (0, 1, 9):
        again = unit(expected, command_id="c1")
        same(f"again, on version {expected}", store.append(again), Appended.DUPLICATE)
    other = opening("R-2", command_id="c1")
    same("again, on another case", store.append(other), Appended.DUPLICATE)
    nothing_of(store, NORTH, "R-2")
    same("the rows", tuple(store.read(NORTH, "R-1")), first.events)
    same("what it wrote", tuple(store.command(NORTH, "c1")), first.events)


# -- agencies --------------------------------------------------------------------------------


def test_agencies_never_see_each_others_cases(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0))
    nothing_of(store, SOUTH, "R-1")
    same("going on in the south", store.append(unit(1, row(2, agency=SOUTH))), Appended.CONFLICT)
    same("opening it there", store.append(opening("R-1", agency=SOUTH)), Appended.DONE)
    for agency in (NORTH, SOUTH):
        wanted = (row(1, agency=agency),)
        same(f"the rows in the {agency}", tuple(store.read(agency, "R-1")), wanted)


@needs("commands")
def test_agencies_never_see_each_others_commands(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, command_id="c1"))
    same("the command in the south", list(store.command(SOUTH, "c1")), [])
    of_south = opening("R-1", agency=SOUTH, command_id="c1")
    same("the same in the south", store.append(of_south), Appended.DONE)
    for agency in (NORTH, SOUTH):
        wanted = (row(1, agency=agency, command_id="c1"),)
        same(f"the command in the {agency}", tuple(store.command(agency, "c1")), wanted)


@needs("snapshots")
def test_agencies_never_see_each_others_snapshots(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, snapshot="of north"))
    same("the snapshot in the south", store.snapshot(SOUTH, "R-1"), None)
    store.append(opening("R-1", agency=SOUTH, snapshot="of south"))
    for agency in (NORTH, SOUTH):
        kept = Snapshot(1, f"of {agency}")
        same(f"the snapshot in the {agency}", store.snapshot(agency, "R-1"), kept)


def test_the_agencies_are_those_that_have_cases_sorted(stores: Stores) -> None:
    for agency in ("south", "north", "east"):
        stores.store.append(opening("R-1", agency=agency))
    stores.store.append(opening("R-2", agency="south"))
    stores.store.append(unit(3, row(4, agency="west")))
    same("the agencies", list(stores.store.agencies()), ["east", "north", "south"])


# -- snapshots -------------------------------------------------------------------------------


@needs("snapshots")
def test_a_snapshot_is_kept_with_its_version_until_the_next(stores: Stores) -> None:
    store = stores.store
    same("a snapshot of no case", store.snapshot(NORTH, "R-1"), None)
    store.append(unit(0, row(1), row(2), snapshot="one"))
    same("the snapshot", store.snapshot(NORTH, "R-1"), Snapshot(2, "one"))
    store.append(unit(2))
    same("the snapshot", store.snapshot(NORTH, "R-1"), Snapshot(2, "one"))
    store.append(unit(3, snapshot="two"))
    same("the snapshot", store.snapshot(NORTH, "R-1"), Snapshot(4, "two"))
    same("that of another case", store.snapshot(NORTH, "R-2"), None)


@needs("snapshots")
def test_a_conflict_leaves_the_snapshot_as_it_was(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, snapshot="one"))
    late = unit(5, snapshot="two", drop_snapshot=True)
    same("the late unit", store.append(late), Appended.CONFLICT)
    same("the snapshot", store.snapshot(NORTH, "R-1"), Snapshot(1, "one"))


@needs("snapshots", "commands")
def test_a_repeated_command_leaves_the_snapshot_as_it_was(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, command_id="c1", snapshot="one"))
    again = unit(1, command_id="c1", snapshot="two", drop_snapshot=True)
    same("again", store.append(again), Appended.DUPLICATE)
    same("the snapshot", store.snapshot(NORTH, "R-1"), Snapshot(1, "one"))


@needs("snapshots")
def test_a_snapshot_that_no_longer_holds_is_dropped(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, snapshot="one"))
    store.append(opening("R-2", snapshot="of another case"))
    store.append(unit(1, drop_snapshot=True))
    same("the snapshot", store.snapshot(NORTH, "R-1"), None)
    store.append(unit(2, drop_snapshot=True, snapshot="two"))
    same("the snapshot", store.snapshot(NORTH, "R-1"), Snapshot(3, "two"))
    same("that of another case", store.snapshot(NORTH, "R-2"), Snapshot(1, "of another case"))


def test_who_changes_an_answer_does_not_change_the_store(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, row(1), row(2)))
    answer = store.read(NORTH, "R-1")
    if isinstance(answer, list):
        answer.clear()
    same("the rows", tuple(store.read(NORTH, "R-1")), (row(1), row(2)))
    holds("the head is there", store.head(NORTH, "R-1") is not None)


@needs("commands")
def test_who_changes_what_a_command_wrote_does_not_change_the_store(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, command_id="c1"))
    answer = store.command(NORTH, "c1")
    if isinstance(answer, list):
        answer.clear()
    wanted = (row(1, command_id="c1"),)
    same("what the command wrote", tuple(store.command(NORTH, "c1")), wanted)
