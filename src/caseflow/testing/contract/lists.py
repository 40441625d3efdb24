"""The list of cases: whatever is asked, page by page, and what a listing is replaced by."""

# ruff: noqa: D103 - a test says by its name what must hold

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import Any

from caseflow.storage.port import Appended, Found, Head, Listing, Place, Query, Snapshot, Storage
from caseflow.testing.contract.checks import ContractBroken, holds, needs, same
from caseflow.testing.contract.rows import NORTH, SOUTH, listing, opening, row, unit
from caseflow.testing.contract.stores import Stores

SOON, LATER = "2026-03-09T00:00:00.000000+00:00", "2026-04-01T12:30:00.000000+00:00"
BEFORE, BETWEEN = "2026-01-01T00:00:00.000000+00:00", "2026-03-20T00:00:00.000000+00:00"
LEADS = (
    (),
    (("lead", "mo"),),
    (("lead", "mo"), ("tag", "hot"), ("tag", "mo")),
    (("lead", "bo"), ("lead", "mo-2")),
)
SUBJECTS = ((), ("s-1",), ("s-1", "s-2"), ("s-2",), ("s-10",))

Model = dict[str, tuple[Listing, frozenset[str]]]
"""What is listed, case by case in the order of opening, and whose data each case holds."""

ASKED: Mapping[str, tuple[Any, ...]] = {
    "workflow": ("loan", "lo"),
    "workflow_version": ("2", "1"),
    "stage": ("repair", "intake"),
    "client": ("client-1", "client-10"),
    "subject": ("s-1", "s-2"),
    "key": (("lead", "mo"), ("tag", "mo")),
    "due_by": (SOON, BETWEEN),
    "ended": (False, True),
    "case_id": ("R-0", "R-7"),
}
"""What is asked for in each field of a query."""


def queries() -> Iterator[Query]:
    """Everything, every field alone, and every two together."""
    yield Query()
    for name, values in ASKED.items():
        yield from (Query(**{name: value}) for value in values)
    yield from (Query(due_by=BEFORE), Query(due_by=LATER), Query(key=("lead", "nobody")))
    for one, other in combinations(ASKED, 2):
        for first, second in product(ASKED[one], ASKED[other]):
            yield Query(**{one: first, other: second})


def fitting(model: Model, query: Query) -> list[str]:
    """Which cases a query finds, told naively."""
    found = []
    for opened, (case_id, (listed, subjects)) in enumerate(model.items()):
        due = listed.due_at
        fits = [
            query.workflow in (None, listed.workflow),
            query.workflow_version in (None, listed.workflow_version),
            query.stage in (None, listed.stage),
            query.client in (None, listed.client),
            query.ended in (None, listed.ended),
            query.case_id in (None, case_id),
            query.subject is None or query.subject in subjects,
            query.key is None or query.key in listed.keys,
            query.due_by is None or (due is not None and due <= query.due_by),
        ]
        if all(fits):
            found.append((due or "" if query.due_by else "", opened, case_id))
    return [case_id for _, _, case_id in sorted(found)]


def ids(found: object) -> list[str]:
    """The case ids of what was found, in order."""
    return [one.case_id for one in found]  # type: ignore[attr-defined]  # any sequence of Found


def populated(store: Storage) -> Model:
    """Cases of every kind, opened in no order that anything goes by, some listed anew later."""
    kinds = list(
        product(
            ("repair-shop", "loan"), "12", ("intake", "repair"), (False, True), (None, SOON, LATER)
        )
    )
    model: Model = {}
    for number in range(len(kinds)):
        workflow, version, stage, ended, due_at = kinds[number * 29 % len(kinds)]
        listed = listing(
            client=f"client-{number % 11}",
            workflow=workflow,
            workflow_version=version,
            stage=stage,
            ended=ended,
            due_at=due_at,
            keys=LEADS[number % len(LEADS)],
        )
        case_id, subjects = f"R-{number * 7 % 100}", SUBJECTS[number % len(SUBJECTS)]
        store.append(opening(case_id, listing=listed, subjects=subjects))
        model[case_id] = (listed, frozenset(subjects))
    for case_id, other in zip(list(model)[::5], list(model)[1::5], strict=False):
        now = model[other][0]
        later = unit(1, row(2, case_id=case_id), listing=now, subjects=("s-2",))
        same("going on", store.append(later), Appended.DONE)
        model[case_id] = (now, model[case_id][1] | {"s-2"})
    return model


def paged(store: Storage, query: Query, limit: int) -> list[Found]:
    """Everything that a query finds, page by page."""
    found: list[Found] = []
    while True:
        after = found[-1].place if found else None
        page = store.find(NORTH, query, after=after, limit=limit)
        holds(f"a page has at most {limit} cases", len(page) <= limit)
        if not page:
            return found
        found += page
        if len(found) > 1000:
            raise ContractBroken(f"the pages of {query} have no end")


# -- one case --------------------------------------------------------------------------------


@needs("queries")
def test_a_case_is_listed_as_it_was_given(stores: Stores) -> None:
    store = stores.store
    same("the list of an empty store", list(store.find(NORTH, Query())), [])
    listed = Listing(
        "c \U0001f6b2", "loan", "2", "repair:hold", "repair", True, SOON, (("a", ""), ("b", "x"))
    )
    bare = listing()._replace(client="", position="", stage="")
    store.append(unit(0, row(1), row(2), listing=listed))
    store.append(opening("R-2", listing=bare))
    first, second = store.find(NORTH, Query())
    same("the first", (first.case_id, first.version, first.listing), ("R-1", 2, listed))
    same("the second", (second.case_id, second.version, second.listing), ("R-2", 1, bare))
    same("the types", (type(first), type(first.listing)), (Found, Listing))
    same(
        "the type of `ended`", (type(first.listing.ended), type(second.listing.ended)), (bool, bool)
    )
    same("the places go by opening", (first.place.due_at, second.place.due_at), ("", ""))
    holds("the second was opened later", first.place < second.place)
    (due,) = store.find(NORTH, Query(due_by=SOON))
    same("its place by what is due", due.place, Place(SOON, first.place.opened))


@needs("queries")
def test_a_unit_lists_its_case_anew_or_leaves_it_as_it_was(stores: Stores) -> None:
    store = stores.store
    before, after = listing(keys=LEADS[2]), listing(stage="repair", due_at=SOON, keys=LEADS[1])
    store.append(unit(0, listing=before))
    store.append(unit(1))
    (found,) = store.find(NORTH, Query())
    same("what a unit without a listing leaves", (found.version, found.listing), (2, before))
    store.append(unit(2, listing=after, listed=before))
    (found,) = store.find(NORTH, Query())
    same("what a unit with a listing puts", (found.version, found.listing), (3, after))
    same("what it was found by", list(store.find(NORTH, Query(key=("tag", "hot")))), [])
    same("what stayed", ids(store.find(NORTH, Query(key=("lead", "mo")))), ["R-1"])
    store.append(unit(3, listing=before, listed=after))
    (found,) = store.find(NORTH, Query(key=("tag", "hot")))
    same("and back", (found.version, found.listing), (4, before))


OTHER: dict[str, Any] = {
    "listing": listing(client="another", keys=[("a", "b")]),
    "subjects": ("s-9",),
}
"""What a unit would change in the list, if it were written."""


def _listed_as_before(store: Storage, before: list[Found]) -> None:
    same("the list", list(store.find(NORTH, Query())), before)
    for query in (Query(client="another"), Query(key=("a", "b")), Query(subject="s-9")):
        same(f"what {query} finds", list(store.find(NORTH, query)), [])


@needs("queries")
def test_what_was_not_done_changes_no_list(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0))
    before = list(store.find(NORTH, Query()))
    same("late", store.append(unit(4, **OTHER)), Appended.CONFLICT)
    same("late", store.append(unit(1, row(2, case_id="R-2"), **OTHER)), Appended.CONFLICT)
    _listed_as_before(store, before)


@needs("queries", "commands")
def test_a_repeated_command_changes_no_list(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, command_id="c1"))
    before = list(store.find(NORTH, Query()))
    same("again", store.append(unit(1, command_id="c1", **OTHER)), Appended.DUPLICATE)
    same("again", store.append(opening("R-3", command_id="c1", **OTHER)), Appended.DUPLICATE)
    _listed_as_before(store, before)


@needs("queries")
def test_a_case_is_found_by_everybody_whose_data_it_ever_held(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, subjects=("s-1",)))
    store.append(opening("R-2", subjects=("s-2", "s-1")))
    store.append(unit(1, subjects=("s-2", "s-3")))
    store.append(unit(2, subjects=("s-1",)))
    for subject, wanted in (("s-1", ["R-1", "R-2"]), ("s-2", ["R-1", "R-2"]), ("s-3", ["R-1"])):
        same(f"the cases of {subject}", ids(store.find(NORTH, Query(subject=subject))), wanted)


# -- many cases ------------------------------------------------------------------------------


@needs("queries")
def test_cases_are_listed_in_the_order_of_their_opening(stores: Stores) -> None:
    for case_id in ("b", "a", "c"):
        stores.store.append(opening(case_id))
    stores.store.append(unit(1, row(2, case_id="b"), listing=listing(stage="repair")))
    same("the order", ids(stores.store.find(NORTH, Query())), ["b", "a", "c"])


@needs("queries")
def test_every_field_alone_and_every_two_find_what_they_should(stores: Stores) -> None:
    model = populated(stores.store)
    for query in queries():
        found = stores.store.find(NORTH, query, limit=1000)
        same(f"what {query} finds", ids(found), fitting(model, query))
        listed = {one.case_id: one.listing for one in found}
        same(f"how {query} lists them", listed, {c: model[c][0] for c in listed})


@needs("queries")
def test_pages_neither_repeat_nor_miss_a_case(stores: Stores) -> None:
    model = populated(stores.store)
    two = Query(due_by=LATER, ended=False), Query(subject="s-1", key=("lead", "mo"))
    for query in (Query(), Query(due_by=LATER), Query(stage="repair"), *two):
        wanted = fitting(model, query)
        holds(f"{query} finds several", len(wanted) > 3)
        for limit in (1, 2, 5, len(wanted), 100):
            found = paged(stores.store, query, limit)
            same(f"the pages of {limit} for {query}", ids(found), wanted)


@needs("queries")
def test_pages_hold_while_cases_are_opened_and_go_on(stores: Stores) -> None:
    store = stores.store
    for number in range(6):
        store.append(opening(f"R-{number}"))
    first = store.find(NORTH, Query(), limit=3)
    store.append(opening("A-1"))
    store.append(unit(1, row(2, case_id="R-0"), listing=listing(stage="repair")))
    store.append(unit(1, row(2, case_id="R-4"), listing=listing(stage="repair")))
    rest = store.find(NORTH, Query(), after=first[-1].place, limit=100)
    same("both pages", ids(first) + ids(rest), [*(f"R-{n}" for n in range(6)), "A-1"])


@needs("queries")
def test_no_list_shows_another_agencys_cases(stores: Stores) -> None:
    store = stores.store
    model = populated(store)
    first = next(iter(model))
    held = listing(client="client-1", workflow="loan", due_at=SOON, keys=LEADS[2])
    store.append(opening("of-south", agency=SOUTH, listing=held, subjects=("s-1",)))
    store.append(opening(first, agency=SOUTH, listing=held))
    for query in queries():
        same(
            f"what {query} finds", ids(store.find(NORTH, query, limit=1000)), fitting(model, query)
        )
    same("the south", ids(store.find(SOUTH, Query())), ["of-south", first])
    same("of a person in the south", ids(store.find(SOUTH, Query(subject="s-1"))), ["of-south"])


# -- listing anew, and erasure ---------------------------------------------------------------


@needs("queries")
def test_a_listing_is_replaced_only_at_the_version_that_it_was_made_of(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0))
    store.append(unit(1))
    before = list(store.find(NORTH, Query()))
    now = listing(due_at=SOON, keys=[("lead", "mo")])
    for version in (0, 1, 3):
        done = store.relist(NORTH, "R-1", version=version, listing=now, forget=True)
        same(f"at version {version}", done, False)
    same("of no case", store.relist(NORTH, "R-2", version=0, listing=now), False)
    same("in the south", store.relist(SOUTH, "R-1", version=2, listing=now), False)
    same("the list", list(store.find(NORTH, Query())), before)
    same("at its version", store.relist(NORTH, "R-1", version=2, listing=now), True)
    (found,) = store.find(NORTH, Query(key=("lead", "mo"), due_by=SOON))
    same("the case", (found.case_id, found.version, found.listing), ("R-1", 2, now))
    same("the head", store.head(NORTH, "R-1"), Head(2, "hash-2"))
    same("the rows", list(store.read(NORTH, "R-1")), [row(1), row(2)])


@needs("queries")
def test_what_is_to_be_forgotten_is_in_no_list(stores: Stores) -> None:
    store = stores.store
    open_ = listing(client="client-1", keys=[("name", "Ann")])
    for case_id in ("R-1", "R-2"):
        store.append(opening(case_id, listing=open_, subjects=("s-1",)))
    erased = listing(client="erased")
    done = store.relist(NORTH, "R-1", version=1, listing=erased, forget=True)
    same("forgetting", done, True)
    same("by the client", ids(store.find(NORTH, Query(client="client-1"))), ["R-2"])
    same("by the index", ids(store.find(NORTH, Query(key=("name", "Ann")))), ["R-2"])
    same("the rows", list(store.read(NORTH, "R-1")), [row(1)])


@needs("queries", "snapshots")
def test_a_snapshot_goes_where_it_is_to_be_forgotten_and_else_stays(stores: Stores) -> None:
    store = stores.store
    for case_id in ("R-1", "R-2"):
        store.append(opening(case_id, snapshot="of Ann"))
    for version, forget, left in ((2, True, "of Ann"), (1, False, "of Ann"), (1, True, None)):
        store.relist(NORTH, "R-1", version=version, listing=listing(client="x"), forget=forget)
        kept = left and Snapshot(1, left)
        same(f"the snapshot, {version=}, {forget=}", store.snapshot(NORTH, "R-1"), kept)
    same("that of the other case", store.snapshot(NORTH, "R-2"), Snapshot(1, "of Ann"))
    same("going on", store.append(unit(1, snapshot="of nobody")), Appended.DONE)
    same("the snapshot", store.snapshot(NORTH, "R-1"), Snapshot(2, "of nobody"))
