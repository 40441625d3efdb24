"""What several decisions leave to be done by one rule, and none of it is lost.

The days by which it is due are counted by hand from Monday, 2 March 2026.
"""

from datetime import UTC, datetime, timedelta

import pytest

from caseflow import (
    ANY_OPEN,
    Casebook,
    CaseOpened,
    Corrected,
    ExceptionMade,
    Obligation,
    Stage,
    Transition,
    Unmet,
    Voided,
    Workflow,
    decision,
    fact,
    rule,
    within,
)
from caseflow.rules import nothing_left_undone
from caseflow.storage import MemoryStorage

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROLES = {"boss": ["manager"]}


@fact("papers-brought")
class PapersBrought:
    pass


@fact("visited")
class Visited:
    pass


@fact("visited-at-night")
class VisitedAtNight:
    pass


@decision("summed-up")
class SummedUp:
    words: str


@rule("papers", rests_on=PapersBrought, excepted_by="manager")
def papers(case, context):
    """The papers are there."""
    if case.latest(PapersBrought) is None:
        yield Unmet(remedy="ask for them")


@rule("visited-again", rests_on=Visited)
def visited_again(case, context):
    """There is another visit; after one by the manager, not on the next day."""
    latest = case.latest_recorded(Visited)
    days = 1 if "manager" in context.actor.roles else 0
    if latest is None or latest.occurred_at <= context.at + timedelta(days=days):
        yield Unmet(remedy="go there again")


class Desk:
    """A case in which rules leave something to be done."""

    def __init__(self, rules, *obligations):
        workflow = Workflow(
            "office",
            version="1",
            stages=[Stage("begun", initial=True), Stage("done", final=True)],
            transitions=[
                Transition("close", source=ANY_OPEN, to="done"),
                Transition("sum-up", source=ANY_OPEN, to="done", records=SummedUp),
                Transition("reopen", source="done", to="begun", reopens=True),
            ],
            events=[PapersBrought, Visited, VisitedAtNight],
            rules=rules,
            obligations=obligations,
        )
        self.now = START
        self.book = Casebook(workflow, MemoryStorage(), clock=lambda: self.now, roles=ROLES)
        self.id = self.book.open(client="P", by="ana").case.id

    def do(self, step, *, on=2, of=None, by="ana"):
        """Record a step on a day of March; as one of another day, where that is given."""
        self.now = START.replace(day=on)
        return self.book.do(self.id, step, by=by, at=START.replace(day=of or on))

    def owed(self):
        """Since which event each thing is owed, and by which day of March."""
        (first,) = self.book.find().cases
        owed = self.book.owed(self.id)
        assert first.due_at == min((one.due_at for one in owed), default=None)
        return [(one.rule, one.since, one.due_at.day) for one in owed]


def test_what_an_ending_leaves_is_owed_after_it_also_where_it_was_owed_before():
    later = papers.due(within="20 days")
    desk = Desk({Visited: [papers.due(within="5 days")], "close": [later]})
    desk.do(Visited())
    assert desk.owed() == [("papers", 2, 7)]
    desk.do("close", on=3)
    assert desk.owed() == [("papers", 3, 23)]
    desk.do(Visited(), on=4, of=2)
    assert desk.owed() == [("papers", 3, 23)]
    desk.do("reopen", on=4)
    assert desk.owed() == [("papers", 2, 7)]


def test_what_is_left_after_the_end_is_owed_though_what_was_owed_before_has_lapsed():
    desk = Desk({Visited: [papers.due(within="5 days")]})
    desk.do(Visited())
    desk.do("close", on=3)
    for day in (4, 5):
        desk.do(Visited(), on=day)
        assert desk.owed() == [("papers", 4, 9)]


def test_what_is_left_while_the_case_is_closed_puts_off_nothing_that_a_reopening_brings_back():
    within = {Visited: "5 days", VisitedAtNight: "20 days"}
    desk = Desk({event: [papers.due(within=days)] for event, days in within.items()})
    for step, day in ((Visited(), 2), ("close", 3), (VisitedAtNight(), 4)):
        desk.do(step, on=day)
    assert desk.owed() == [("papers", 4, 24)]
    desk.do("reopen", on=5)
    assert desk.owed() == [("papers", 2, 7)]


def test_a_reopening_that_leaves_a_thing_to_be_done_again_moves_no_day():
    due = [papers.due(within="5 days")]
    desk = Desk({Visited: due, "reopen": due})
    for step, day in ((Visited(), 2), ("close", 3), ("reopen", 4)):
        desk.do(step, on=day)
    assert desk.owed() == [("papers", 2, 7)]


def test_a_thing_is_owed_by_the_first_of_the_days_by_which_decisions_want_it():
    asked = {"20 days": CaseOpened, "9 days": Visited, "2 days": VisitedAtNight}
    desk = Desk({one: [papers.due(within=days)] for days, one in asked.items()})
    assert desk.owed() == [("papers", 1, 22)]
    desk.do(VisitedAtNight())
    desk.do(Visited())
    assert desk.owed() == [("papers", 2, 4)]


def test_what_does_and_leaves_a_thing_at_once_leaves_it_owed():
    desk = Desk({Visited: [visited_again.due(within="5 days")]})
    for day, number in ((2, 2), (3, 3), (4, 4), (5, 5)):
        desk.do(Visited(), on=day)
        assert desk.owed() == [("visited-again", number, day + 5)]


def test_an_exception_that_has_ended_covers_no_decision_after_it():
    desk = Desk({Visited: [papers.due(within="5 days")]})
    desk.do(Visited())
    until = START.replace(day=10)
    desk.do(ExceptionMade(rule="papers", reason="no copier", until=until), by="boss")
    assert desk.owed() == []
    for day in (12, 13):
        desk.do(Visited(), on=day)
        assert desk.owed() == [("papers", 4, 17)]


def test_whether_it_is_owed_since_before_is_judged_as_for_the_decision_then():
    desk = Desk({Visited: [visited_again.due(within="5 days")]})
    desk.do(Visited())
    desk.do(Visited(), on=3)
    assert desk.do(Visited(), on=4, by="boss").events[0].noted[0].since == 4


@pytest.mark.parametrize(
    "amended", [Voided(number=2), Corrected(number=2, occurred_at=START.replace(day=1))]
)
def test_what_a_later_decision_left_stays_owed_where_the_first_is_void_or_left_nothing(amended):
    @rule("papers-since", rests_on=PapersBrought)
    def papers_since(case, context):
        """Since March, the papers are there."""
        if context.at >= START and case.latest(PapersBrought) is None:
            yield Unmet(remedy="ask for them")

    desk = Desk({Visited: [papers_since.due(within="5 days")]})
    for day in (2, 3, 4):
        desk.do(Visited(), on=day)
    assert desk.owed() == [("papers-since", 2, 7)]
    desk.do(amended, on=5)
    assert desk.owed() == [("papers-since", 3, 8)]


def test_what_the_opening_left_to_be_done_stays_so_once_its_date_is_corrected():
    desk = Desk({CaseOpened: [papers.due(within="5 days")]})
    assert desk.owed() == [("papers", 1, 7)]
    desk.do(Corrected(number=1, occurred_at=START.replace(day=1)), on=3)
    assert desk.owed() == [("papers", 1, 6)]


def test_a_case_is_found_by_what_was_left_before_something_that_is_still_to_come():
    due = [visited_again.due(within="5 days")]
    desk = Desk({Visited: due, PapersBrought: due})
    for event, day, of in ((Visited(), 2, 2), (Visited(), 3, 3), (PapersBrought(), 4, 9)):
        desk.do(event, on=day, of=of)
    assert [one.due_at.day for one in desk.book.owed(desk.id)] == [8]
    assert desk.book.find(due_by=START.replace(day=9)).cases


def test_an_option_knows_what_its_event_does_before_it_is_filled_in():
    told = Obligation("told", "It is summed up.", due=within("5 days"), met_by=SummedUp)
    desk = Desk({"close": [nothing_left_undone], "sum-up": [nothing_left_undone]}, told)
    offered = {one.name: one.open for one in desk.book.options(desk.id, by="ana")}
    assert offered == {"close": False, "sum-up": True}
    assert desk.book.ask(desk.id, SummedUp(words="all is well"), by="ana").allowed
