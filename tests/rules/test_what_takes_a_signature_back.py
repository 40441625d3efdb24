"""What changes a plan takes its signatures back, and the page says which events do."""

import re
from datetime import date, timedelta
from pathlib import Path

import attrs
import pytest

from caseflow import Casebook, Corrected, Voided
from caseflow import casework as c
from caseflow.rules import agreement_stands, plan_agreed, plan_approved
from caseflow.storage import MemoryStorage
from tests.rules.whole import AGREED, GOAL, ITEM, MONDAY, WHOLE, workflow_of

PAGE = Path(__file__).parents[2] / "docs" / "howto-change-the-rules.md"
TABLE = PAGE.read_text(encoding="utf-8").partition("| recorded since |")[2].partition("\n\n")[0]
ROWS = [line.strip("| ").split(" | ") for line in TABLE.splitlines()[2:]]
TOLD = {
    name: said == "yes" for what, said in ROWS for name in re.findall("`([A-Z][A-Za-z]+)`", what)
}
RULES = {"agreed": plan_agreed, "stands": agreement_stands, "approved": plan_approved}
OBJECTIVE = c.ObjectiveDrafted(number=1, goal=1, statement="pays the first part")
CHANGES = (
    *(one for one in WHOLE if not isinstance(one, timedelta)),
    OBJECTIVE,
    c.GoalDropped(number=1),
    c.GoalAchieved(number=1),
    c.PlanItemDropped(number=1),
    c.PlanItemCompleted(number=1, outcome="paid"),
    c.NeedDeferred(need=1, reason="not now"),
    c.NeedMet(number=1),
    c.NeedRated(number=1, rating=3),
    c.PlanReviewed(still_fits=False),
    c.ServiceProvided(service="counselling", plan_items=(1,)),
)


def signed():
    """A desk with a plan that was agreed and approved, and the number of its item."""
    book = Casebook(workflow_of(RULES), MemoryStorage(), clock=lambda: MONDAY)
    book.open(client="P-1", case_id="C", by="ana")
    book.do("C", c.NeedIdentified(number=1, description="rent"), GOAL, ITEM, OBJECTIVE, by="ana")
    book.do("C", AGREED, c.PlanApproved(), by="ana")
    return book


def taken_back(book):
    """Which of the rules on signatures are not met any more."""
    results = book.ask("C", "go-on", by="ana").results
    return {one.rule for one in results if one.outcome == "unmet"}


ALL = {rule.id for rule in RULES.values()}


@pytest.mark.parametrize("event", CHANGES, ids=lambda one: type(one).__name__)
def test_the_page_says_what_takes_a_signature_back(event):
    book = signed()
    assert taken_back(book) == set()
    book.do("C", event, by="ana")
    assert taken_back(book) == (ALL if TOLD.get(type(event).__name__, False) else set())


def test_every_event_that_the_page_names_is_tried():
    assert set(TOLD) <= {type(one).__name__ for one in CHANGES}
    assert len(ROWS) == 12


@pytest.mark.parametrize(
    ("amendment", "takes"),
    [
        (Voided(number=4), True),
        (Corrected(number=4, event=attrs.evolve(ITEM, by_date=date(2026, 7, 1))), True),
        (Corrected(number=4, occurred_at=MONDAY - timedelta(hours=1)), False),
    ],
    ids=["a void", "other words", "another day"],
)
def test_so_does_an_amendment_of_what_the_plan_said_and_not_of_its_date(amendment, takes):
    book = signed()
    book.do("C", amendment, by="ana")
    assert taken_back(book) == (ALL if takes else set())
