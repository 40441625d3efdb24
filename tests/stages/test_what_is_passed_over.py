"""What a document asks for before an ending, and a case may pass over: it is warned of."""

from datetime import UTC, datetime, timedelta

import pytest

from caseflow import Casebook
from caseflow.casework import (
    AssessmentCompleted,
    CaseClosed,
    EligibilityDetermined,
    Enrolled,
    FollowUpContact,
    GoalProposed,
    MonitoringNoted,
    NeedDeferred,
    NeedIdentified,
    StrengthIdentified,
)
from caseflow.stages import continuum, six_stage
from caseflow.storage import MemoryStorage

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Desk:
    """One case that has come to the stage in which services are given."""

    def __init__(self, workflow):
        self.now = START
        self.book = Casebook(workflow, MemoryStorage(), clock=lambda: self.now)
        self.id = self.book.open(client="P-1", by="ana").case.id
        self.book.record(
            self.id,
            NeedIdentified(number=1, description="rent"),
            NeedDeferred(need=1, reason="not now"),
            StrengthIdentified(number=1, description="cooks"),
            GoalProposed(number=1, statement="a home"),
            by="ana",
        )
        steps = (EligibilityDetermined(eligible=True), Enrolled(program="housing"), "assess")
        self.do(*steps, AssessmentCompleted(), "plan", "start-services")

    def do(self, *steps):
        return self.book.do(self.id, *steps, by="ana").verdict

    def warned(self, *steps):
        """What is found, by each rule that warns."""
        return {one.rule: one.unmet[0].found for one in self.do(*steps).warnings}

    def came_of(self, id):
        return [one.outcome for one in self.book.occasions(self.id) if one.obligation.id == id]


@pytest.mark.parametrize(
    ("contact", "found"),
    [
        (datetime(2026, 3, 2, 10, tzinfo=UTC), "only before, on 2 March 2026"),
        (datetime(2026, 6, 1, 23, tzinfo=UTC), "only before, on 1 June 2026"),
        (datetime(2026, 6, 2, 1, tzinfo=UTC), None),
        (datetime(2026, 12, 24, tzinfo=UTC), None),
    ],
)
def test_a_follow_up_before_the_three_months_are_over_is_warned_of_when_the_case_is_closed(
    contact, found
):
    desk = Desk(continuum)
    desk.do("exit")
    desk.now = contact
    desk.book.record(desk.id, FollowUpContact(), by="ana")
    warned = desk.warned(CaseClosed())
    assert warned == ({"followed-up-in-time": found} if found else {})
    assert continuum.all_rules["followed-up-in-time"].source == (
        "Bi-level Case Management, follow-up: three to nine months"
    )


def test_a_follow_up_that_could_not_come_to_be_done_has_lapsed():
    desk = Desk(continuum)
    desk.do("exit")
    assert desk.came_of("follow-up") == []
    desk.now += timedelta(hours=1)
    desk.do(FollowUpContact(), CaseClosed())
    assert desk.came_of("follow-up") == ["lapsed"]


@pytest.mark.parametrize(
    ("before", "warned"),
    [
        ((), True),
        ((MonitoringNoted(dimension="effort", finding="both do their part"),), False),
        (("monitor",), True),
    ],
)
def test_to_end_services_that_nobody_monitored_is_warned_of(before, warned):
    desk = Desk(six_stage)
    if before:
        desk.do(*before)
    assert ("services-monitored" in desk.warned("begin-closing")) is warned
