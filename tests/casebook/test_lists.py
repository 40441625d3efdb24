"""Finding cases by what the list says of them: by stage, client, index, version, due date."""

import asyncio
import json
import re
from datetime import timedelta

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import (
    AsyncCasebook,
    Casebook,
    Index,
    InvalidCall,
    Obligation,
    Page,
    Unmet,
    latest,
    on_date,
    rule,
    within,
)
from caseflow.casebook.finding.cursor import cursor_at
from caseflow.kernel.errors import short
from caseflow.storage import MemoryStorage, Place, SQLStorage
from tests.support.trades import (
    ANA,
    BOSS,
    DAY,
    ROLES,
    START,
    STEPS,
    Clock,
    InvoiceSent,
    Paid,
    bring,
    shop,
    shop_book,
)
from tests.workflow.test_obligations import (
    MONDAY,
    WEEKLY,
    Desk,
    MovedAway,
    NoteWritten,
    Reviewed,
    ReviewSet,
)


def brought_to(case):
    """What the bicycle is worked on, by how much is paid: an index of the tests."""
    return [f"paid-{case.state.paid}", *(f"part-{part}" for part in case.state.wanted)]


indexed = shop.extend(
    "repair-shop",
    version="2",
    indexes=[
        Index("desk", of=brought_to),
        Index("price", of=lambda case: str(case.state.price) if case.state.price else None),
        Index("ever-paid", of=lambda case: "yes" if case.state.paid else None, ended=True),
    ],
)


def indexed_book(store, **given):
    numbers = iter(range(1, 1000))
    options = {"clock": Clock(), "roles": ROLES, "new_id": lambda: f"R-{next(numbers)}"}
    return Casebook(indexed, store, earlier=[shop], **{**options, **given})


def ids(found):
    return [case.id for case in (found.cases if isinstance(found, Page) else found)]


def test_cases_are_found_by_stage_client_and_whether_they_ended(any_store):
    book = shop_book(any_store)
    places = list(STEPS)
    for number, place in enumerate(places):
        bring(book, place, client=f"customer-{number % 2}")
    assert ids(book.find()) == [f"R-{n}" for n in range(1, len(places) + 1)]
    assert ids(book.find(stage="intake")) == ["R-1", "R-2"]
    assert ids(book.find(client="customer-1")) == ["R-2", "R-4", "R-6"]
    assert ids(book.find(client="customer-1", stage="intake")) == ["R-2"]
    assert ids(book.find(ended=True)) == ["R-7"]
    assert ids(book.find(ended=False, stage="ready")) == ["R-6"]
    assert ids(book.find(client="nobody")) == []


def test_a_listed_case_says_where_it_stands(any_store):
    book = indexed_book(any_store)
    case = book.case(bring(book, "waiting"))
    (listed,) = book.find().cases
    assert (listed.id, listed.version, listed.client) == (case.id, case.version, case.client)
    assert (listed.position, listed.stage, listed.ended) == ("repair.waiting", "repair", False)
    assert (listed.due_at, listed.workflow_version) == (None, "2")
    assert listed.keys == (("desk", "paid-0"), ("desk", "part-chain"), ("price", "20000"))


def test_an_index_holds_a_case_under_what_it_is_now(any_store):
    book = indexed_book(any_store)
    waiting, paid = bring(book, "waiting"), bring(book, "waiting")
    book.record(paid, Paid(amount=500), by=ANA)
    assert ids(book.find(where={"desk": "paid-0"})) == [waiting]
    assert ids(book.find(where={"desk": "paid-500"})) == [paid]
    assert ids(book.find(where={"desk": "part-chain"})) == [waiting, paid]
    assert ids(book.find(where={"desk": "part-chain"}, stage="repair", client="nobody")) == []
    assert book.tally("desk") == {"paid-0": 1, "paid-500": 1, "part-chain": 2}
    assert book.tally("ever-paid") == {"yes": 1}


def test_a_case_that_has_ended_leaves_the_indexes_unless_they_keep_it(any_store):
    book = indexed_book(any_store)
    case_id = bring(book, "collected")
    assert book.tally("price") == {}
    assert book.tally("ever-paid") == {"yes": 1}
    assert ids(book.find(where={"ever-paid": "yes"})) == [case_id]


def test_pages_neither_repeat_nor_miss_a_case(any_store):
    book = indexed_book(any_store)
    every = [bring(book, "quoting") for _ in range(7)]
    for wanted in ({}, {"stage": "quoting"}, {"where": {"price": "20000"}}):
        for limit in (1, 2, 3, 7, 8):
            seen, place = [], None
            while True:
                page = book.find(after=place, limit=limit, **wanted)
                seen += ids(page)
                place = page.next
                if place is None:
                    break
            assert seen == every
            assert ids(book.every(page=limit, **wanted)) == every


SEARCHES = (
    {},
    {"stage": "quoting"},
    {"client": "customer-1"},
    {"subject": "customer-1"},
    {"ended": False},
    {"where": {"price": "20000"}},
    {"where": {"desk": "paid-0"}},
    {"workflow_version": "2"},
    {"due_by": START + timedelta(days=99)},
)
"""Searches of which none is another."""


def test_the_next_of_a_search_goes_on_with_that_search_alone(any_store):
    book = indexed_book(any_store)
    for _ in range(2):
        bring(book, "quoting", client="customer-1")
    nexts = [cursor_at(Place("", 1), "agency", book._middle.lists.query(s)) for s in SEARCHES]
    assert [book.find(limit=1, **s).next for s in SEARCHES[:-1]] == nexts[:-1]
    for number, search in enumerate(SEARCHES):
        for other, after in enumerate(nexts):
            if other == number:
                assert len(book.find(after=after, **search).cases) < 2
                continue
            with pytest.raises(InvalidCall) as refused:
                book.find(after=after, **search)
            assert str(refused.value) == (
                f"after={short(after)} is the `next` of another search. "
                "Look for the same as on the page before, or leave it out."
            )


def test_the_next_of_another_agency_or_workflow_is_refused(any_store):
    book = indexed_book(any_store)
    for _ in range(2):
        bring(book, "quoting")
    after = book.find(limit=1).next
    named = shop.extend("another", version="1")
    for other in (indexed_book(any_store, agency="south"), Casebook(named, any_store)):
        with pytest.raises(InvalidCall, match="is the `next` of another search"):
            other.find(after=after)


def test_a_page_can_be_asked_for_with_what_came_back_from_a_web_page(any_store):
    book = indexed_book(any_store)
    every = [bring(book, "quoting") for _ in range(3)]
    after = json.loads(json.dumps(book.find(limit=1).next))
    assert re.fullmatch(r"[A-Za-z0-9_-]+", after)  # it needs no escaping in a URL
    assert ids(indexed_book(any_store).find(after=after)) == every[1:]


def test_who_looks_for_what_is_due_by_now_goes_on_though_now_has_moved(any_store):
    clock = Clock()
    book = shop_book(any_store, clock=clock)
    cases = [bring(book, "collected") for _ in range(3)]
    page = book.find(due_by=START + timedelta(days=30), limit=1)
    later = book.find(due_by=START + timedelta(days=31), after=page.next)
    assert ids(page) + ids(later) == cases


def test_what_is_due_is_listed_soonest_first_and_leaves_the_list_when_it_is_done(any_store):
    clock = Clock()
    book = shop_book(any_store, clock=clock)
    cases = []
    for _ in range(4):
        cases.append(bring(book, "collected"))
        clock.pass_(DAY)
    due = [START + timedelta(days=7 + n) for n in range(4)]
    assert [case.due_at for case in book.find(due_by=due[3]).cases] == due
    assert ids(book.find(due_by=due[1])) == cases[:2]
    assert ids(book.every(due_by=due[3], page=1)) == cases
    assert ids(book.find(due_by=due[0] - timedelta(seconds=1))) == []
    book.record(cases[0], InvoiceSent(), by=ANA)
    assert ids(book.find(due_by=due[3])) == cases[1:]
    for case in book.find(due_by=due[3]).cases:
        assert book.owed(case.id)[0].due_at == case.due_at


def test_a_rule_that_turns_unmet_as_time_passes_is_listed_from_then_on(any_store):
    @rule("invoiced-lately", rests_on=InvoiceSent)
    def lately(case, context):
        """There is an invoice of the last twenty days."""
        sent = case.latest_recorded(InvoiceSent)
        if sent is None or context.now > sent.occurred_at + 20 * DAY:
            yield Unmet(found=sent and sent.occurred_at)

    clock = Clock()
    workflow = shop.extend("repair-shop", version="3", rules={"collect": [lately.due(within=DAY)]})
    book = Casebook(workflow, any_store, clock=clock, roles=ROLES, new_id=lambda: "R-1")
    case_id = bring(book, "collected")
    book.record(case_id, InvoiceSent(), by=ANA)
    for days in (1, 19, 20, 21, 22, 400):
        moment = clock() + days * DAY
        owes = [one.rule for one in book.owed(case_id, now=moment)]
        assert owes == (["invoiced-lately"] if days > 20 else [])
        assert ids(book.find(due_by=moment)) == ([case_id] if days >= 20 else []), days


SET = latest(ReviewSet)
HIDDEN = (
    Obligation("dated", "It is reviewed.", since=SET, due=on_date("review_on"), met_by=Reviewed),
    Obligation("soon", "It is noted.", since=SET, due=within("5 days"), met_by=NoteWritten),
    attrs.evolve(WEEKLY, during=(), cancelled_by=MovedAway),
)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("rnmv"), st.integers(0, 9), st.integers(-9, 60))))
def test_what_is_owed_is_listed_though_a_fact_of_the_future_would_hide_it(told):
    desk = Desk(*HIDDEN)
    kinds = {"n": NoteWritten(), "m": MovedAway(), "v": Reviewed()}
    for kind, later, apart in told:
        desk.now += later * DAY
        fact = kinds.get(kind) or ReviewSet(review_on=(desk.now + later * DAY).date())
        desk.book.record(desk.id, fact, by="ana", at=max(MONDAY, desk.now + apart * DAY))
    for days in (0, 3, 20, 90):
        now = desk.now + days * DAY
        for owed in desk.book.owed(desk.id, now=now):
            assert ids(desk.book.find(due_by=max(now, owed.due_at))) == [desk.id]
            assert days or ids(desk.book.find(due_by=owed.due_at)) == [desk.id]


def test_versions_of_a_workflow_are_told_apart(any_store):
    old = bring(shop_book(any_store), "quoting")
    book = indexed_book(any_store, new_id=lambda: "N-1")
    new = bring(book, "quoting")
    assert ids(book.find()) == [old, new]
    assert ids(book.find(workflow_version="1")) == [old]
    assert ids(book.find(workflow_version="2")) == [new]


def test_other_agencies_and_workflows_are_not_listed(any_store):
    bring(shop_book(any_store), "quoting")
    other = shop.extend("other-shop", version="1")
    numbers = iter(range(10, 20))
    there = Casebook(other, any_store, roles=ROLES, new_id=lambda: f"O-{next(numbers)}")
    bring(there, "quoting")
    assert ids(there.find()) == ["O-10"]
    assert ids(there.find(client="customer-1")) == ["O-10"]
    south = shop_book(any_store, agency="south", new_id=lambda: "S-1")
    bring(south, "quoting")
    assert ids(south.find()) == ids(south.find(client="customer-1")) == ["S-1"]
    assert [event.recorded.case_id for event in south.feed()] == ["S-1"] * 4


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"stage": "intak"}, "stage='intak' is no stage of workflow 'repair-shop'. Did you mean"),
        ({"stage": 5}, "stage=5 is no stage"),
        ({"client": ""}, "client='' is no id"),
        ({"where": {"lead": "mo"}}, "The index 'lead' is none of workflow 'repair-shop'"),
        ({"where": {}}, "where={} names no index, or more than one"),
        ({"where": "desk"}, "where='desk' names no index"),
        ({"where": {"desk": 5}}, "looks for no text"),
        ({"due_by": "tomorrow"}, "due_by is 'tomorrow', which is not a moment"),
    ],
)
def test_what_cannot_be_looked_for_is_told(wanted, words):
    book = indexed_book(MemoryStorage())
    with pytest.raises(InvalidCall) as refused:
        book.find(**wanted)
    assert words in str(refused.value)
    with pytest.raises(InvalidCall):
        book.tally("lead")


def test_an_index_that_gives_no_text_is_told_and_nothing_is_written():
    broken = shop.extend(
        "broken", version="1", indexes=[Index("n", of=lambda case: [case.version])]
    )
    store = MemoryStorage()
    book = Casebook(broken, store, new_id=lambda: "R-1")
    with pytest.raises(InvalidCall) as refused:
        book.open(client="c", by=BOSS)
    assert str(refused.value) == (
        "Index 'n' holds case 'R-1' under 1, which is no text. "
        "Let its function return a text, several texts, or None."
    )
    assert book.case_ids() == ()


def test_the_awaited_book_finds_the_same(any_store):
    waiting = indexed_book(any_store)
    for place in ("quoting", "waiting", "collected"):
        bring(waiting, place)

    async def found():
        book = AsyncCasebook(indexed, any_store, earlier=[shop], clock=Clock(), roles=ROLES)
        one = await book.find(where={"desk": "part-chain"}, limit=1)
        every = [case async for case in book.every(page=1)]
        return one, every, await book.tally("desk")

    one, every, tally = asyncio.run(found())
    assert one == waiting.find(where={"desk": "part-chain"}, limit=1)
    assert every == list(waiting.every())
    assert tally == waiting.tally("desk")


def test_a_book_with_other_indexes_lists_a_case_anew_with_its_next_event(tmp_path):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    case_id = bring(indexed_book(store), "waiting")
    fewer = shop.extend("repair-shop", version="2", indexes=[Index("desk", of=lambda case: "one")])
    book = Casebook(fewer, store, earlier=[shop], clock=Clock(), roles=ROLES)
    book.record(case_id, Paid(amount=1), by=ANA)
    assert book.find().cases[0].keys == (("desk", "one"),)
    assert book.tally("desk") == {"one": 1}
    store.close()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"clinet": "x"}, "find(clinet=...) is nothing that cases are found by. Did you mean"),
        ({"lead": "mo"}, "find(lead=...) is nothing that cases are found by. There are"),
        ({"after": 3}, "after=3 is no place in a list. Give the `next` of the page before"),
    ],
)
def test_what_is_misspelt_never_finds_everybody(wanted, words):
    book = indexed_book(MemoryStorage())
    bring(book, "quoting")
    with pytest.raises(InvalidCall) as refused:
        book.find(**wanted)
    assert words in str(refused.value)
    with pytest.raises(InvalidCall):
        list(book.every(lead="mo"))
