"""Counts across cases: how many an index holds, and the token that says whether that changed."""

# ruff: noqa: D103 - a test says by its name what must hold

from __future__ import annotations

from collections import Counter
from itertools import count as numbers
from typing import Any

from hypothesis import given as drawing
from hypothesis import strategies as st

from caseflow.storage.port import Appended, Count, Head, Listing, Query, Storage
from caseflow.testing.contract.checks import holds, needs, same
from caseflow.testing.contract.histories import QUICKLY
from caseflow.testing.contract.lists import LEADS, SOON, SUBJECTS, Model, fitting, ids
from caseflow.testing.contract.rows import NORTH, SOUTH, listing, opening, row, unit
from caseflow.testing.contract.stores import Stores

MO = ("lead", "mo")


def under(*keys: tuple[str, str]) -> Listing:
    """A listing of a case that indexes hold under these."""
    return listing(keys=keys)


def cases(store: Storage, *key: str, agency: str = NORTH, besides: str = "") -> int:
    """How many cases are under a key."""
    name, value = key
    found = store.count(agency, name, value, besides=besides)
    same("what was counted", (type(found), found.name, found.value), (Count, name, value))
    return found.cases


def token(store: Storage, *key: str) -> int:
    """The token of a count."""
    name, value = key
    return store.count(NORTH, name, value).token


@needs("counts")
def test_a_count_tells_how_many_cases_are_under_a_value(stores: Stores) -> None:
    store = stores.store
    same("of nothing", cases(store, *MO), 0)
    store.append(opening("R-1", listing=under(MO, ("lead", "bo"))))
    store.append(opening("R-2", listing=under(MO, ("tag", "mo"))))
    store.append(opening("R-3", listing=under(("lead", "mo-2"))))
    store.append(opening("R-1", agency=SOUTH, listing=under(MO)))
    same("of two", cases(store, *MO), 2)
    same("besides one of them", cases(store, *MO, besides="R-2"), 1)
    same("besides one that is not", cases(store, *MO, besides="R-3"), 2)
    same("of another value", cases(store, "lead", "bo"), 1)
    same("of another name", cases(store, "tag", "mo"), 1)
    same("of another agency", cases(store, *MO, agency=SOUTH), 1)


@needs("counts")
def test_a_tally_tells_all_values_of_one_index(stores: Stores) -> None:
    store = stores.store
    same("of nothing", dict(store.tally(NORTH, "lead")), {})
    store.append(opening("R-1", listing=under(MO, ("lead", "bo"))))
    store.append(opening("R-2", listing=under(MO, ("tag", "hot"))))
    store.append(opening("R-1", agency=SOUTH, listing=under(("lead", "jo"))))
    same("by lead", dict(store.tally(NORTH, "lead")), {"mo": 2, "bo": 1})
    store.append(unit(1, listing=under(("lead", "bo"))))
    same("by lead", dict(store.tally(NORTH, "lead")), {"mo": 1, "bo": 1})
    same("by tag", dict(store.tally(NORTH, "tag")), {"hot": 1})
    same("in the south", dict(store.tally(SOUTH, "lead")), {"jo": 1})


@needs("counts")
def test_a_token_changes_whenever_cases_come_or_go(stores: Stores) -> None:
    store = stores.store
    seen = [token(store, *MO)]

    def changed(what: str, unit_done: Appended) -> None:
        same(what, unit_done, Appended.DONE)
        now = token(store, *MO)
        holds(f"{what}: the token is another than ever before", now not in seen)
        seen.append(now)

    changed("a case comes", store.append(opening("R-1", listing=under(MO))))
    changed("another comes", store.append(opening("R-2", listing=under(MO, ("tag", "x")))))
    changed("one goes", store.append(unit(1, listing=under())))
    changed("it comes back", store.append(unit(2, listing=under(MO), listed=under())))
    changed("it goes again", store.append(unit(3, listing=under(), listed=under(MO))))
    changed("a third comes", store.append(opening("R-3", listing=under(MO))))
    same("how many are left", cases(store, *MO), 2)


@needs("counts")
def test_a_token_stays_while_the_same_cases_are_there(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, listing=under(MO)))
    before = store.count(NORTH, *MO)
    store.append(unit(1))
    store.append(
        unit(2, listing=listing(stage="repair", keys=[MO, ("tag", "x")]), listed=under(MO))
    )
    store.append(opening("R-2", listing=under(("lead", "bo"))))
    store.append(opening("R-1", agency=SOUTH, listing=under(MO)))
    leaning = unit(3, counts=(before,))
    same("leaning on it", store.append(leaning), Appended.DONE)
    same("once more", store.append(unit(4, counts=(before,))), Appended.DONE)
    same("the count", store.count(NORTH, *MO), before)


@needs("counts", "queries")
def test_listing_anew_counts_as_coming_and_going(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, listing=under()))
    before = store.count(NORTH, *MO)
    store.relist(NORTH, "R-1", version=1, listing=under(MO))
    same("the count", cases(store, *MO), 1)
    same("leaning on the old", store.append(unit(1, counts=(before,))), Appended.CONFLICT)
    here = store.count(NORTH, *MO)
    store.relist(NORTH, "R-1", version=1, listing=listing(client="x", keys=[MO]), forget=True)
    same("the same under it", store.count(NORTH, *MO), here)
    store.relist(NORTH, "R-1", version=1, listing=under(), forget=True)
    same("the count", cases(store, *MO), 0)
    same("leaning on the old", store.append(unit(1, counts=(here,))), Appended.CONFLICT)
    store.relist(NORTH, "R-1", version=9, listing=under(MO))
    same("at a wrong version", cases(store, *MO), 0)


@needs("counts")
def test_who_leans_on_a_count_that_changed_is_told_and_leaves_nothing_behind(
    stores: Stores,
) -> None:
    store = stores.store
    store.append(unit(0, listing=under()))
    old, other = store.count(NORTH, *MO), store.count(NORTH, "lead", "bo")
    store.append(opening("R-2", listing=under(MO)))
    before = store.count(NORTH, *MO)
    for counts in ((old,), (other, old), (old, other)):
        late = unit(1, listing=under(MO), counts=counts)
        same("late on a case", store.append(late), Appended.CONFLICT)
        new = opening("R-3", listing=under(MO), counts=counts)
        same("late, opening one", store.append(new), Appended.CONFLICT)
    same("the head", store.head(NORTH, "R-1"), Head(1, "hash-1"))
    same("the other case", store.head(NORTH, "R-3"), None)
    same("the count", store.count(NORTH, *MO), before)
    again = unit(1, listing=under(MO), counts=(before, other))
    same("decided again", store.append(again), Appended.DONE)
    same("the count", cases(store, *MO), 2)


@needs("counts", "snapshots")
def test_who_leans_on_a_count_that_changed_leaves_no_snapshot_behind(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, listing=under()))
    old = store.count(NORTH, *MO)
    store.append(opening("R-2", listing=under(MO)))
    same("late", store.append(unit(1, snapshot="one", counts=(old,))), Appended.CONFLICT)
    same("the snapshot", store.snapshot(NORTH, "R-1"), None)


@needs("counts", "commands")
def test_a_command_that_leaned_on_a_count_that_changed_can_be_sent_again(stores: Stores) -> None:
    store = stores.store
    store.append(unit(0, listing=under()))
    old = store.count(NORTH, *MO)
    store.append(opening("R-2", listing=under(MO)))
    late = unit(1, command_id="c1", listing=under(MO), counts=(old,))
    same("late", store.append(late), Appended.CONFLICT)
    same("the command", list(store.command(NORTH, "c1")), [])
    again = late._replace(counts=(store.count(NORTH, *MO),))
    same("decided again", store.append(again), Appended.DONE)
    same("the command again, late", store.append(again), Appended.DUPLICATE)


@needs("counts")
def test_of_two_who_lean_on_one_count_and_change_it_the_second_is_told(stores: Stores) -> None:
    store = stores.store
    count = store.count(NORTH, *MO)
    first = opening("R-1", listing=under(MO), counts=(count,))
    second = opening("R-2", listing=under(MO), counts=(count,))
    same("the first", store.append(first), Appended.DONE)
    same("the second", store.append(second), Appended.CONFLICT)
    same("the count", cases(store, *MO), 1)


# -- whatever happens ------------------------------------------------------------------------

DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["unit", "unit", "relist"]),
        st.integers(1, 4),
        st.none()
        | st.builds(
            listing,
            stage=st.sampled_from(["intake", "repair"]),
            ended=st.booleans(),
            due_at=st.none() | st.just(SOON),
            keys=st.sampled_from(LEADS),
        ),
        st.sampled_from(SUBJECTS),
    ),
    max_size=12,
)
ASKED = (Query(), Query(stage="repair"), Query(due_by=SOON), Query(key=MO), Query(subject="s-2"))


@needs("counts", "queries")
def test_lists_and_counts_are_right_after_whatever_was_done(stores: Stores) -> None:
    agencies = numbers(1)

    @QUICKLY
    @drawing(DEEDS)
    def check(deeds: list[tuple[str, int, Listing | None, tuple[str, ...]]]) -> None:
        agency, model = f"agency-{next(agencies)}", Model()
        versions: Counter[str] = Counter()
        for verb, case, listed, subjects in deeds:
            _do(stores.store, agency, model, versions, (verb, f"R-{case}", listed, subjects))
        for query in ASKED:
            found = ids(stores.store.find(agency, query))
            same(f"what {query} finds", found, fitting(model, query))
        held = Counter(key for listed, _ in model.values() for key in listed.keys)
        for key in {key for keys in LEADS for key in keys}:
            same(f"how many are under {key}", cases(stores.store, *key, agency=agency), held[key])
        leads = {value: n for (name, value), n in held.items() if name == "lead"}
        same("the leads", dict(stores.store.tally(agency, "lead")), leads)

    check()


def _do(
    store: Storage,
    agency: str,
    model: Model,
    versions: Counter[str],
    deed: tuple[str, str, Listing | None, tuple[str, ...]],
) -> None:
    """Do something, and note in the model what it should lead to."""
    verb, case_id, listed, subjects = deed
    before = model.get(case_id)
    now = listed or (before[0] if before else listing())
    if verb == "relist":
        done = store.relist(agency, case_id, version=versions[case_id], listing=now, forget=True)
        same("listing anew", done, before is not None)
        model.update({case_id: (now, before[1])} if before else {})
        return
    given: dict[str, Any] = {"listing": now} if listed or before is None else {}
    one = row(versions[case_id] + 1, agency=agency, case_id=case_id)
    same(
        "writing",
        store.append(unit(versions[case_id], one, subjects=subjects, **given)),
        Appended.DONE,
    )
    versions[case_id] += 1
    model[case_id] = (now, (before[1] if before else frozenset()) | set(subjects))
