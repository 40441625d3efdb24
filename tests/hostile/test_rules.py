"""A rule is foreign code: whatever it does, facts are recorded and refusals explained."""

import itertools
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from caseflow import Refused, Unmet, rule
from caseflow.storage import MemoryStorage
from tests.hostile.desk import DAY, Letter, LoanAgreed, desk, open_desk


class Mute:
    """Says nothing of itself, and raises when asked."""

    def __str__(self):
        raise RuntimeError("mute")

    __repr__ = __str__


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("mute")


def raise_mute(case, context):
    raise MuteError


def recurse(case, context):
    return recurse(case, context)


def never_end(case, context):
    for count in itertools.count():
        yield Unmet(found=count)


LOOP = []
LOOP.append(LOOP)
FAULTS = {
    "raises what cannot be shown": raise_mute,
    "recurses": recurse,
    "never ends": never_end,
    "yields what cannot be shown": lambda case, context: [Mute()],
    "yields words": lambda case, context: "no",
    "gives a bool": lambda case, context: False,
    "evidence that is a number": lambda case, context: [Unmet(evidence=5)],
    "evidence of two kinds": lambda case, context: [Unmet(evidence=(1, "x"))],
    "evidence of nothing": lambda case, context: [Unmet(evidence=(None,))],
    "a remedy that is no text": lambda case, context: [Unmet(remedy=5)],
    "a quoted text that is in no tuple": lambda case, context: [Unmet(quoted="ab")],
    "an about that is no text": lambda case, context: [Unmet(about=5)],
}
UNSHOWABLE = {
    "found what cannot be shown": lambda case, context: [Unmet(found=Mute())],
    "found what holds itself": lambda case, context: [Unmet(found=LOOP)],
}


def made(check, strength):
    """A rule of a function, in a strength."""
    found = rule("foreign", wanted="All is well.")(check)
    return {"block": found, "warn": found.warns(), "due": found.due(within=DAY)}[strength]


def checks(table):
    return pytest.mark.parametrize("check", table.values(), ids=table)


@checks(FAULTS | UNSHOWABLE)
@pytest.mark.parametrize("strength", ["warn", "due"])
def test_a_fact_is_recorded_whatever_a_rule_does(check, strength):
    workflow = desk()
    workflow = workflow.extend("desk", version="2", rules={Letter: [made(check, strength)]})
    book = open_desk(MemoryStorage(), workflow)
    case_id = book.open(client="p", by="ana").case.id
    outcome = book.record(case_id, Letter(), by="ana")
    assert [note.rule for note in outcome.events[0].noted] == ["foreign"]
    assert "All is well." in outcome.verdict.explain()
    assert orjson.dumps(outcome.verdict.to_data())
    assert {item.rule for item in book.owed(case_id)} <= {"foreign"}


@checks(FAULTS | UNSHOWABLE)
def test_a_refusal_is_explained_whatever_a_rule_does(check):
    book = open_desk(MemoryStorage(), desk(rules=[made(check, "block")]))
    case_id = book.open(client="p", by="ana").case.id
    with pytest.raises(Refused, match="All is well") as refused:
        book.do(case_id, LoanAgreed(amount=1), by="ana")
    assert not book.ask(case_id, LoanAgreed(amount=1), by="ana").allowed
    assert orjson.dumps(refused.value.verdict.to_data())


@checks(FAULTS)
def test_a_mistake_in_a_rule_is_a_fault_of_the_rule(check):
    book = open_desk(MemoryStorage(), desk(rules=[made(check, "block")]))
    case_id = book.open(client="p", by="ana").case.id
    [result] = book.ask(case_id, LoanAgreed(amount=1), by="ana").refusals
    assert result.outcome == "fault"


@pytest.mark.parametrize(
    ("within", "at"), [(timedelta.max, None), (30 * DAY, datetime(9999, 12, 20, tzinfo=UTC))]
)
def test_what_is_due_after_the_end_of_the_calendar_is_due_at_its_end(within, at):
    late = rule("late", wanted="It is done.")(lambda case, context: [Unmet()]).due(within=within)
    book = open_desk(MemoryStorage(), desk().extend("x", version="1", rules={Letter: [late]}))
    case_id = book.open(client="p", by="ana").case.id
    book.record(case_id, Letter(), by="ana", at=at)
    [item] = book.owed(case_id, now=at)  # what is dated later counts from then on
    assert item.due_at == datetime.max.replace(tzinfo=UTC)
