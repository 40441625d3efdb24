"""What a document asks for before an ending, and a case may pass over: it is warned of."""

from datetime import UTC, datetime, timedelta

import pytest

from caseflow import Casebook
from caseflow.casework import (
    AssessmentCompleted,
    CaseClosed,
    ClientCheckedIn,
    EligibilityDetermined,
    Enrolled,
    EvaluationMade,
    FollowUpContact,
    GoalAccepted,
    GoalProposed,
    HandoffConfirmed,
    IssueRaised,
    IssueResolved,
    LeadCaseManagerAssigned,
    MonitoringNoted,
    NeedDeferred,
    NeedIdentified,
    OrientationHeld,
    PartnershipEstablished,
    PlanItemDrafted,
    PlanReviewed,
    ReadinessIndicated,
    ReferralMade,
    ResponsibilitiesAcknowledged,
    ScreeningCompleted,
    StrengthIdentified,
    SuitabilityDetermined,
)
from caseflow.stages import continuum, five_stage_cyclic, four_stage, service_delivery, six_stage
from caseflow.storage import MemoryStorage

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


NEEDS = (
    NeedIdentified(number=1, description="rent"),
    NeedDeferred(need=1, reason="not now"),
    StrengthIdentified(number=1, description="cooks"),
)
GOAL = GoalProposed(number=1, statement="a home", needs=(1,))
ITEM = PlanItemDrafted(number=1, needs=(1,), goals=(1,), activity="look for one")
ENROLLED = (EligibilityDetermined(eligible=True), Enrolled(program="housing"))
PLANNED = (*NEEDS, *ENROLLED, "assess", AssessmentCompleted(), "plan")
ISSUE = IssueRaised(number=1, area="service-delivery-system", description="no places")
EXAMINED = (
    "begin-intake",
    ReadinessIndicated(ready=True),
    ScreeningCompleted(),
    SuitabilityDetermined(suitable=True),
    *ENROLLED,
    OrientationHeld(),
    ResponsibilitiesAcknowledged(how="signed"),
)
SERVED = {
    four_stage: (
        *NEEDS,
        GOAL,
        ITEM,
        EligibilityDetermined(eligible=True),
        "assess",
        AssessmentCompleted(),
        "plan",
        "start-services",
    ),
    five_stage_cyclic: (*NEEDS, GOAL, AssessmentCompleted(), "create-goals", "intervene"),
}
"""The two models that do not ask for an enrollment, up to where services are given."""


class Desk:
    """One case that has come to the stage in which services are given, or to where it is led."""

    def __init__(self, workflow, steps=(*PLANNED, GOAL, "start-services")):
        self.now = START
        self.book = Casebook(workflow, MemoryStorage(), clock=lambda: self.now)
        self.id = self.book.open(client="P-1", by="ana").case.id
        if steps:
            self.do(*steps)

    def do(self, *steps):
        return self.book.do(self.id, *steps, by="ana").verdict

    def warned(self, *steps):
        """What is found, by each rule that warns."""
        return {one.rule: one.unmet[0].found for one in self.do(*steps).warnings}

    def came_of(self, id):
        return [one.outcome for one in self.book.occasions(self.id) if one.obligation.id == id]


@pytest.mark.parametrize(
    ("contact", "at", "found"),
    [
        (FollowUpContact(), datetime(2026, 3, 2, 10, tzinfo=UTC), "only before, on 2 March 2026"),
        (FollowUpContact(), datetime(2026, 6, 1, 23, tzinfo=UTC), "only before, on 1 June 2026"),
        (ClientCheckedIn(), datetime(2026, 6, 1, 23, tzinfo=UTC), "only before, on 1 June 2026"),
        (ClientCheckedIn(), datetime(2026, 6, 2, 1, tzinfo=UTC), None),
        (FollowUpContact(), datetime(2026, 12, 24, tzinfo=UTC), None),
    ],
)
def test_a_follow_up_before_the_three_months_are_over_is_warned_of_when_the_case_is_closed(
    contact, at, found
):
    desk = Desk(continuum)
    desk.do("exit")
    desk.now = at
    desk.book.record(desk.id, contact, by="ana")
    assert (desk.came_of("follow-up") == []) is bool(found)
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


@pytest.mark.parametrize(
    ("workflow", "steps", "step", "rule", "mend"),
    [
        (six_stage, PLANNED, "start-services", "goals-set", GOAL),
        (
            six_stage,
            (*PLANNED, "start-services", ISSUE),
            "begin-closing",
            "no-open-issues",
            IssueResolved(number=1),
        ),
        (
            six_stage,
            (*PLANNED, "start-services", ReferralMade(to="a clinic", number=1)),
            "begin-closing",
            "referrals-handed-off",
            HandoffConfirmed(referral=1),
        ),
        (
            four_stage,
            (*SERVED[four_stage], EvaluationMade(of="the coffee")),
            CaseClosed(),
            "goals-evaluated",
            EvaluationMade(of="housing", goal=1),
        ),
        (
            five_stage_cyclic,
            SERVED[five_stage_cyclic][:-1],
            "intervene",
            "goals-accepted",
            GoalAccepted(number=1),
        ),
        (
            five_stage_cyclic,
            (*SERVED[five_stage_cyclic], "reassess"),
            "begin-closing",
            "progress-reviewed",
            PlanReviewed(),
        ),
        (continuum, ENROLLED, "assess", "partnership-established", PartnershipEstablished()),
        (
            service_delivery,
            EXAMINED,
            "begin-planning",
            "lead-assigned",
            LeadCaseManagerAssigned(case_manager="nia"),
        ),
    ],
)
def test_what_a_document_asks_for_is_warned_of_until_it_is_there(workflow, steps, step, rule, mend):
    desk = Desk(workflow, steps)
    before = desk.book.ask(desk.id, step, by="ana")
    after = desk.book.ask(desk.id, mend, step, by="ana")
    assert before.allowed
    assert after.allowed
    ids = [[one.rule for one in verdict.warnings] for verdict in (before, after)]
    assert rule in ids[0]
    assert set(ids[0]) - set(ids[1]) == {rule}


@pytest.mark.parametrize("workflow", SERVED, ids=lambda one: one.name)
def test_who_was_served_withdraws_and_who_was_not_declines_also_without_an_enrollment(workflow):
    desk = Desk(workflow, SERVED[workflow][:-1])
    asked = [desk.book.ask(desk.id, one, by="ana") for one in ("withdraw", "decline-services")]
    assert [one.allowed for one in asked] == [False, True]
    desk.do(SERVED[workflow][-1])
    asked = [desk.book.ask(desk.id, one, by="ana") for one in ("withdraw", "decline-services")]
    assert [one.allowed for one in asked] == [True, False]


def test_that_closure_begins_with_the_first_engagement_is_owed_from_the_opening_on():
    desk = Desk(five_stage_cyclic, ())
    assert [one.rule for one in desk.book.owed(desk.id)] == ["closure-criteria-set"]
