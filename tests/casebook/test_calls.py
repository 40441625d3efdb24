"""Calls that make no sense say so, and write nothing."""

from datetime import datetime

import pytest

from caseflow import (
    CaseOpened,
    DefinitionError,
    Entry,
    InvalidCall,
    MomentInvalid,
    Moved,
    NoSuchCase,
    PayloadInvalid,
    PayloadNeeded,
    UnknownEvent,
    UnknownStep,
    fact,
)
from caseflow.storage import MemoryStorage
from tests.support.trades import (
    ANA,
    FINDINGS,
    BikeDescribed,
    Finding,
    Inspected,
    Paid,
    bring,
    shop_book,
)


@pytest.fixture
def store():
    return MemoryStorage()


@pytest.fixture
def book(store):
    return shop_book(store)


# -- calls that make no sense ----------------------------------------------------------------


def calls():
    two_faults = Finding(part="x", trouble=3)
    moment = datetime(2026, 3, 2)  # noqa: DTZ001 - a moment without a time zone is the point
    return [
        ("no step", (), {}, InvalidCall, "has no step"),
        ("an unknown name", ("inspct",), {}, UnknownStep, "Did you mean 'inspect'?"),
        ("a label", ("inspect-the-bicycle",), {}, UnknownStep, "Did you mean 'inspect'?"),
        ("an unknown event", (Other(),), {}, UnknownEvent, "does not declare the fact 'other'"),
        ("no event", (42,), {}, DefinitionError, "int is not an event class"),
        ("None", (None,), {}, DefinitionError, "NoneType is not an event class"),
        ("a class", (Paid,), {}, InvalidCall, r"Paid is a class, not an event"),
        ("a bare name", ("quote",), {}, PayloadNeeded, r"Submit QuoteSent\(amount=\.\.\.\)"),
        ("a wrong type", (Paid(amount="1"),), {}, PayloadInvalid, r"'1'\. It takes a whole number"),
        ("a float", (Paid(amount=1.5),), {}, PayloadInvalid, r"Paid\.amount"),
        ("a bool", (Paid(amount=True),), {}, PayloadInvalid, r"Paid\.amount"),
        ("too much", (Paid(amount=2**70),), {}, PayloadInvalid, r"Paid\.amount"),
        ("None for a text", (BikeDescribed(words=None),), {}, PayloadInvalid, r"\.words"),
        ("a half letter", (BikeDescribed(words="\ud800"),), {}, PayloadInvalid, r"\.words"),
        ("a date as text", (BikeDescribed(words="x", born="1.1."),), {}, PayloadInvalid, "born"),
        ("deep down", (Inspected(findings=(two_faults,)),), {}, PayloadInvalid, r"\.findings"),
        ("a list", (Inspected(findings=list(FINDINGS)),), {}, PayloadInvalid, r"\.findings"),
        ("a naive at", (Paid(amount=1),), {"at": moment}, MomentInvalid, "at is datetime"),
        ("a naive entry", (Entry(Paid(amount=1), at=moment),), {}, MomentInvalid, "at is"),
        ("a text as at", (Paid(amount=1),), {"at": "today"}, MomentInvalid, "'today'"),
        ("no actor", (Paid(amount=1),), {"by": ""}, InvalidCall, "by=''"),
        ("None as actor", (Paid(amount=1),), {"by": None}, InvalidCall, "by=None"),
        ("a reason", (Paid(amount=1),), {"reason": 5}, InvalidCall, "reason=5"),
        ("a command", (Paid(amount=1),), {"command_id": 5}, InvalidCall, "command_id=5"),
        ("a version", (Paid(amount=1),), {"version": "1"}, InvalidCall, "version='1'"),
        ("a reporter", (Entry(Paid(amount=1), reported_by=5),), {}, InvalidCall, "reported_by=5"),
        ("a subject", (Entry(Paid(amount=1), subject=""),), {}, InvalidCall, "subject=''"),
        ("the opening", (CaseOpened(client="c"),), {}, UnknownEvent, "case-opened"),
        ("a bare move", (Moved(),), {}, UnknownEvent, "moved"),
    ]


@fact("other")
class Other:
    pass


@pytest.mark.parametrize("call", calls(), ids=lambda call: call[0])
@pytest.mark.parametrize("verb", ["do", "ask"])
@pytest.mark.parametrize("command_id", [None, "c1"])
def test_a_call_that_makes_no_sense_says_so_and_writes_nothing(book, call, verb, command_id):
    _, steps, given, error, words = call
    case_id = bring(book, "looked-at")
    with pytest.raises(error, match=words):
        getattr(book, verb)(case_id, *steps, **{"by": ANA, "command_id": command_id, **given})
    assert len(book.history(case_id)) == 3


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"client": ""}, "client=''"),
        ({"client": None}, "client=None"),
        ({"client": 5}, "client=5"),
        ({"case_id": ""}, "case_id=''"),
        ({"case_id": 5}, "case_id=5"),
        ({"by": ""}, "by=''"),
        ({"reason": 5}, "reason=5"),
        ({"command_id": 5}, "command_id=5"),
    ],
)
def test_an_opening_that_makes_no_sense_says_so_and_writes_nothing(book, given, words):
    with pytest.raises(InvalidCall, match=words):
        book.open(**{"client": "c", "by": ANA, **given})
    assert book.case_ids() == ()


def test_a_clock_without_a_time_zone_is_told(store):
    book = shop_book(store, clock=lambda: datetime(2026, 3, 2))  # noqa: DTZ001 - the point
    with pytest.raises(MomentInvalid, match="clock"):
        book.open(client="c", by=ANA)


def test_a_case_that_there_is_not(book):
    for verb in (book.case, book.history, book.owed):
        with pytest.raises(NoSuchCase) as missing:
            verb("R-9")
        assert str(missing.value) == (
            "There is no case 'R-9' in agency 'agency'. "
            "Open it with open(client=...), or look for it among case_ids()."
        )
    for verb in (book.do, book.ask):
        with pytest.raises(NoSuchCase):
            verb("R-9", "start", by=ANA)
    with pytest.raises(NoSuchCase):
        book.options("R-9", by=ANA)
