"""Where an index or an obligation fails, facts are recorded all the same, and it is named.

Where the state itself fails on an event, nothing is recorded: what judges would judge without it.
"""

import logging

import attrs
import pytest

from caseflow import Casebook, Index, InvalidCall, Obligation, each, opened, within
from caseflow.storage import MemoryStorage
from tests.support.trades import (
    ANA,
    BOSS,
    ROLES,
    CalledBack,
    Paid,
    QuoteAgreed,
    Shop,
    bring,
    shop,
)


def lacks(case):
    raise KeyError("income")


def lacks_later(case):
    yield from ()
    raise KeyError("income")


DESK = Index("desk", of=lambda case: f"paid-{case.state.paid}")
SOON = Obligation(
    "called", "She is called.", since=opened(), due=within("2 days"), met_by=CalledBack
)


def band(of):
    return attrs.evolve(shop, indexes=(Index("band", of=of), DESK), obligations=(SOON,))


def owing(things):
    one = attrs.evolve(SOON, id="signed", since=each(things))
    return attrs.evolve(shop, indexes=(DESK,), obligations=(one, SOON))


OF_ANY_CASE = "it takes any case, and returns a text, several, or None."
FAILING = {
    "an index that raises": (
        band(lacks),
        f"Index 'band' fails on case 'R-1': KeyError: 'income'. Mend its function: {OF_ANY_CASE}",
    ),
    "an index that raises on the way": (
        band(lacks_later),
        f"Index 'band' fails on case 'R-1': KeyError: 'income'. Mend its function: {OF_ANY_CASE}",
    ),
    "an index that returns a number": (
        band(lambda case: 7),
        "Index 'band' fails on case 'R-1': TypeError: 'int' object is not iterable. "
        f"Mend its function: {OF_ANY_CASE}",
    ),
    "an index that returns no text": (
        band(lambda case: [7]),
        "Index 'band' holds case 'R-1' under 7, which is no text. Let its function return a text, "
        "several texts, or None.",
    ),
    "an obligation that raises": (
        owing(lacks),
        "Obligation 'signed' fails on case 'R-1': KeyError: 'income'. Mend the function that its "
        "each(...) is given: it takes any case.",
    ),
    "an obligation that raises on the way": (
        owing(lacks_later),
        "Obligation 'signed' fails on case 'R-1': KeyError: 'income'. Mend the function that its "
        "each(...) is given: it takes any case.",
    ),
    "an obligation that tells of a number": (
        owing(lambda case: [7]),
        "The start each(the function <lambda>) tells of 7, which is no Begun with a moment that "
        "has a time zone, and a number. Let it yield Begun(recorded.occurred_at, recorded.number) "
        "for each.",
    ),
}


def books(given):
    """A book whose workflow fails, the one that it was mended to, and what is said of the first.

    Both are on one store, in which there is the case R-1.
    """
    workflow, sentence = FAILING[given]
    store = MemoryStorage()
    mended = Casebook(band(lambda case: "low"), store, roles=ROLES, new_id=lambda: "R-1")
    bring(mended, "quoting")
    return Casebook(workflow, store, roles=ROLES), mended, sentence


@pytest.mark.parametrize("given", FAILING)
def test_a_fact_is_recorded_listed_by_all_that_does_not_fail_and_the_rest_is_logged(given, caplog):
    book, _, sentence = books(given)
    due_at = book.find().cases[0].due_at
    with caplog.at_level(logging.ERROR, logger="caseflow"):
        book.record("R-1", Paid(amount=5), Paid(amount=6), by=ANA)
    assert book.case("R-1").state.paid == 11
    (listed,) = book.find().cases
    assert listed.keys == (("desk", "paid-11"),)
    assert (listed.due_at, due_at is None) == (due_at, False), "another obligation stands"
    assert [one.getMessage() for one in caplog.records] == [
        f"A fact is recorded, and its case is listed without this: {sentence} Then run reindex()."
    ]


@pytest.mark.parametrize("given", FAILING)
def test_a_decision_is_refused_by_name_and_nothing_of_its_unit_is_written(given):
    book, _, sentence = books(given)
    before = book.history("R-1"), book.find()
    for steps in ([QuoteAgreed(words="fine")], [Paid(amount=5), QuoteAgreed(words="fine")]):
        with pytest.raises(InvalidCall) as refused:
            book.do("R-1", *steps, by=BOSS)
        assert str(refused.value) == sentence
    assert (book.history("R-1"), book.find()) == before
    with pytest.raises(InvalidCall, match=r"fails on case 'R-2'|holds case 'R-2'|tells of 7"):
        book.open(client="another", case_id="R-2", by=ANA)
    assert book.case_ids() == ("R-1",)


@pytest.mark.parametrize("given", FAILING)
def test_verifying_names_it_and_reindexing_lists_the_others_first(given):
    book, mended, sentence = books(given)
    book.record("R-1", Paid(amount=5), by=ANA)
    (finding,) = book.verify_all().findings
    assert (finding.code, str(finding)) == (
        "cannot-be-folded",
        f"Case 'R-1' cannot be folded and listed with this program: {sentence} "
        "Mend its state, its indexes or its obligations, and run reindex().",
    )
    with pytest.raises(InvalidCall) as told:
        book.reindex()
    assert str(told.value) == sentence
    assert mended.reindex() == 1
    assert mended.verify_all().holds


def test_reindexing_goes_on_past_a_case_that_an_index_fails_on():
    store = MemoryStorage()
    numbers = iter(("R-1", "R-2"))
    book = Casebook(shop, store, roles=ROLES, new_id=lambda: next(numbers))
    first, second = bring(book, "quoting"), bring(book, "waiting")
    index = Index("band", of=lambda case: "low" if case.id == second else lacks(case))
    today = Casebook(attrs.evolve(shop, indexes=(index,)), store, roles=ROLES)
    with pytest.raises(InvalidCall, match=f"Index 'band' fails on case '{first}'"):
        today.reindex()
    assert [one.id for one in today.find(where={"band": "low"}).cases] == [second]


class Unpaying(Shop):
    def fold(self, recorded):
        if isinstance(recorded.event, Paid):
            raise KeyError("income")
        return super().fold(recorded)


class Forgetful(Shop):
    def fold(self, recorded):
        return None if isinstance(recorded.event, Paid) else super().fold(recorded)


@pytest.mark.parametrize(
    ("state", "fails"),
    [
        (Unpaying, "fails on event 5 ('paid') of case 'R-1': KeyError: 'income'"),
        (Forgetful, "gives back no state for event 5 ('paid') of case 'R-1'"),
    ],
)
def test_a_state_that_fails_on_an_event_is_named_and_keeps_it_out_until_it_is_mended(state, fails):
    store = MemoryStorage()
    mended = Casebook(shop, store, roles=ROLES, new_id=lambda: "R-1")
    bring(mended, "quoting")
    book = Casebook(attrs.evolve(shop, state=state), store)
    sentence = (
        f"{state.__name__}.fold {fails}. Mend it: it takes every event of the workflow, and "
        "returns the state after it. Then do this again."
    )
    before = book.history("R-1")
    with pytest.raises(InvalidCall) as refused:
        book.record("R-1", Paid(amount=5), by=ANA)
    assert (str(refused.value), book.history("R-1")) == (sentence, before)
    mended.record("R-1", Paid(amount=5), by=ANA)
    for verb in (book.case, lambda id: book.ask(id, QuoteAgreed(), by=BOSS)):
        with pytest.raises(InvalidCall) as refused:
            verb("R-1")
        assert str(refused.value) == sentence
