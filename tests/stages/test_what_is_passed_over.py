"""What a document asks for before an ending, and a case may pass over: it is warned of."""

from datetime import UTC, date, datetime, timedelta

import attrs
import pytest

from caseflow import (
    Actor,
    Casebook,
    DefinitionError,
    Entry,
    ExceptionMade,
    Obligation,
    opened,
    within,
)
from caseflow.casework import (
    AssessmentCompleted,
    CaseClosed,
    ClientCheckedIn,
    ClosureCriterionSet,
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
    LevelOfCareSet,
    MonitoringNoted,
    NeedDeferred,
    NeedIdentified,
    OrientationHeld,
    PartnershipEstablished,
    PlanAgreed,
    PlanItemDrafted,
    PlanReviewed,
    ProgramCompleted,
    ProgressNoted,
    ReadinessIndicated,
    ReferralMade,
    ResponsibilitiesAcknowledged,
    ReviewScheduled,
    ScreeningCompleted,
    ServiceProvided,
    StrengthIdentified,
    SuitabilityDetermined,
    TransferredOut,
)
from caseflow.rules import lead_assigned, nothing_missed, outcome_as_recorded
from caseflow.rules.due import contact, follow_up, handoff, plan_review, reassessment, urgent_needs
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
AGREED = (*NEEDS, GOAL, PlanAgreed(client="signed"))
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

    def left(self, step, rule="nothing-left-undone"):
        """What a step tells that it leaves undone."""
        results = self.book.ask(self.id, step, by="ana").results
        left = [one for one in results if one.rule == rule]
        return [(one.about, one.found) for result in left for one in result.unmet]

    def owed(self):
        """By when each thing is to be done that is owed."""
        owed = self.book.owed(self.id, now=self.now)
        return {one.rule: one.due_at and one.due_at.date() for one in owed}

    def came_of(self, id):
        return [one.outcome for one in self.book.occasions(self.id) if one.obligation.id == id]


IN_TIME = "not done: its time is from 2 June 2026 to 2 December 2026"


@pytest.mark.parametrize(
    ("contact", "at", "found"),
    [
        (FollowUpContact(), datetime(2026, 3, 2, 10, tzinfo=UTC), IN_TIME),
        (ClientCheckedIn(), datetime(2026, 6, 1, 23, tzinfo=UTC), IN_TIME),
        (ClientCheckedIn(), datetime(2026, 6, 2, 1, tzinfo=UTC), None),
        (FollowUpContact(), datetime(2026, 12, 24, tzinfo=UTC), None),
    ],
)
def test_to_close_before_the_follow_up_was_done_in_its_time_is_warned_of(contact, at, found):
    desk = Desk(continuum)
    desk.do("exit")
    desk.now = at
    desk.book.record(desk.id, contact, by="ana")
    assert (desk.came_of("follow-up") == []) is bool(found)
    assert desk.warned(CaseClosed()) == ({"nothing-left-undone": found} if found else {})


def test_an_ending_tells_of_all_that_it_leaves_undone():
    due = [handoff("14 days"), urgent_needs("2 days"), contact("1 week", "intervention")]
    desk = Desk(six_stage.extend("county", version="1", obligations=due))
    referral = ReferralMade(to="a clinic", number=1)
    desk.do(referral, NeedIdentified(number=2, description="no food", urgent=True))
    told = {}
    for days, ending in ((0, "withdraw"), (7, "withdraw"), (8, "withdraw"), (8, "end-as-deceased")):
        desk.now = START + timedelta(days=days)
        told[ending, days] = desk.left(ending)
    referred = "The handoff to the other agency is confirmed (referral 1)"
    need = "An urgent need is met, or deferred with a reason (need 2)"
    criteria = (
        "Client and case manager have agreed how both will know that services can end",
        "not done",
    )
    once = [
        (referred, "not done, and due by 16 March 2026"),
        (need, "not done, and it was due by 4 March 2026"),
    ]
    again = (
        "The case manager is in contact with the client",
        "not done, and it was due by 9 March 2026",
    )
    assert told == {
        ("withdraw", 0): [once[0], (need, "not done, and due by 4 March 2026"), criteria],
        ("withdraw", 7): [*once, criteria],
        ("withdraw", 8): [*once, again, criteria],
        ("end-as-deceased", 8): [],
    }


def test_an_ending_that_is_dated_back_leaves_nothing_undone_that_began_after_it():
    desk = Desk(six_stage.extend("county", version="1", obligations=[handoff("14 days")]))
    desk.do(ClosureCriterionSet(number=1, description="a home"))
    desk.now += timedelta(days=2)
    desk.do(ReferralMade(to="a clinic", number=1))
    early = desk.book.ask(desk.id, "withdraw", by="ana", at=START + timedelta(days=1))
    assert [one.rule for one in early.warnings] == ["exit-interview"]
    assert len(desk.left("withdraw")) == 1


@pytest.mark.parametrize(
    ("workflow", "steps", "step"),
    [
        (six_stage, (*PLANNED, GOAL, "start-services"), "begin-closing"),
        (five_stage_cyclic, SERVED[five_stage_cyclic], "begin-closing"),
        (continuum, (*PLANNED, GOAL, "start-services"), "exit"),
        (service_delivery, (*EXAMINED, "begin-planning", *AGREED, "start-services"), "complete"),
    ],
)
def test_what_the_way_out_of_services_lets_be_missed_is_told(workflow, steps, step):
    served = next(one.id for one in workflow.stages if "intervention" in one.phases)
    calls = attrs.evolve(contact("1 week"), id="calls")  # goes on until the case ends
    due = [plan_review(served), reassessment("6 months"), calls]
    desk = Desk(workflow.extend("county", version="1", obligations=due), steps)
    desk.do(ReviewScheduled(review_on=date(2026, 3, 20)), ProgressNoted(text="all is well"))
    told = []
    for day in (20, 21):
        desk.now = datetime(2026, 3, day, 9, tzinfo=UTC)
        desk.book.record(desk.id, ProgressNoted(text="all is well"), by="ana")
        told.append(desk.left(step, "nothing-missed"))
    review = "The plan is reviewed by its review date"
    assert told == [[], [(review, "not done, and it was due by 20 March 2026")]]


def test_what_a_move_lets_be_missed_is_told_where_it_ends_the_case_too():
    with pytest.raises(
        DefinitionError, match=r"nothing_missed\(stages=\(\)\) names no stage. Give"
    ):
        nothing_missed(stages=())
    calls = attrs.evolve(contact("1 week"), id="calls")
    told = {"rules": {"withdraw": [nothing_missed(stages=("closed",)).warns()]}}
    told |= {"drop": {"begin-closing": ["nothing-missed"]}}
    desk = Desk(six_stage.extend("county", version="1", obligations=[calls], **told))
    desk.now += timedelta(days=8)
    assert len(desk.left("withdraw", "nothing-missed")) == 1


def test_what_an_ending_does_itself_is_not_left_undone_and_on_hold_has_no_date():
    papers = Obligation(
        "papers", "The papers are sent.", since=opened(), due=within("3 days"), met_by=CaseClosed
    )
    strict = continuum.extend(
        "county", version="1", obligations=[papers], strengths={"nothing-left-undone": "block"}
    )
    desk = Desk(strict)
    desk.do("exit")
    follows = "The client is followed up three to nine months after the exit"
    assert desk.left(CaseClosed()) == [(follows, IN_TIME)]
    desk.book.do(desk.id, "hold", reason="ill", by="ana")
    assert desk.left("refer-out")[-1] == ("The papers are sent", "not done")


def test_an_ending_that_cancels_a_thing_leaves_it_undone_where_it_was_overdue_before():
    call = {"met_by": ClientCheckedIn, "cancelled_by": CaseClosed}
    calls = Obligation("calls", "A call is made.", due=within("3 days"), **call)
    desk = Desk(continuum.extend("county", version="1", obligations=[calls]))
    desk.do("exit", FollowUpContact())
    assert len(desk.left(CaseClosed())) == 1  # the follow-up, which has a time
    desk.now += timedelta(days=4)
    told = desk.left(CaseClosed())[-1]
    assert told == ("A call is made", "not done, and it was due by 5 March 2026")
    desk.do(CaseClosed())
    assert desk.came_of("calls") == ["missed"]


def test_what_a_decision_left_to_be_done_waits_on_hold_lapses_with_the_case_and_is_due_anew():
    lead = lead_assigned.due(within="10 days")
    desk = Desk(six_stage.extend("county", version="1", rules={Enrolled: [lead]}), ENROLLED)
    desk.do(ClosureCriterionSet(number=1, description="a home"))
    desk.now += timedelta(days=4)
    desk.do(Entry("hold", reason="ill"))
    assert desk.owed() == {}
    desk.now += timedelta(days=2)
    desk.do("resume")
    assert desk.owed() == {"lead-assigned": date(2026, 3, 14)}
    assert desk.left("withdraw")[0][1] == "nobody leads it yet, and due by 14 March 2026"
    desk.do("withdraw")
    assert desk.owed() == {}
    assert list(desk.book.every(due_by=START + timedelta(days=900))) == []
    desk.now += timedelta(days=30)
    desk.do(Entry("reopen", reason="back"))
    assert desk.owed() == {"lead-assigned": date(2026, 4, 17)}
    desk.now += timedelta(days=30)
    desk.do("withdraw", Entry("reopen", reason="back"))
    assert desk.owed() == {"lead-assigned": date(2026, 4, 17)}  # it was overdue before


def test_an_exception_stands_for_what_one_decision_left_and_not_for_what_a_later_one_leaves():
    late = {"plan-agreed": lambda one: one.due(within="10 days")}
    desk = Desk(six_stage.extend("county", version="1", strengths=late))
    assert desk.owed()["plan-agreed"] == date(2026, 3, 12)
    until = START + timedelta(days=20)
    made = ExceptionMade(rule="plan-agreed", reason="the client is ill", until=until)
    desk.book.do(desk.id, made, by=Actor("mo", ["supervisor"]))
    desk.now = START + timedelta(days=30)
    assert "plan-agreed" not in desk.owed()
    desk.do("revise-plan", "start-services")
    assert desk.owed()["plan-agreed"] == date(2026, 4, 11)
    desk.do("revise-plan", "start-services")
    assert desk.owed()["plan-agreed"] == date(2026, 4, 11)  # no decision puts it off


def test_nobody_is_followed_up_who_died_was_never_served_or_is_another_agencys():
    after = attrs.evolve(follow_up("closed"), after_the_end=True)
    ours = six_stage.extend("county", version="1", obligations=[after])
    transfer = TransferredOut(to="the county", accepted_by="mo")
    for steps, ending, owed in (
        ((), Entry("deny", reason="full"), False),
        (ENROLLED, Entry("discharge", reason="moved"), True),
        (ENROLLED, "end-as-deceased", False),
        (ENROLLED, transfer, False),
    ):
        desk = Desk(ours, steps)
        desk.do(ending)
        desk.now += timedelta(days=120)
        assert [one.rule for one in desk.book.owed(desk.id)] == ["follow-up"] * owed
        assert desk.came_of("follow-up") == ["open"] * owed
    desk = Desk(ours, (*ENROLLED, "withdraw"))
    desk.now += timedelta(days=120)
    desk.do(Entry("reopen", reason="died since"), "end-as-deceased")
    desk.now += timedelta(days=120)
    assert desk.book.owed(desk.id) == ()


def test_what_is_owed_after_the_end_is_done_without_a_warning():
    after = attrs.evolve(follow_up("closed"), after_the_end=True)
    ours = six_stage.extend("county", version="1", obligations=[after])
    odd = ["after-the-end"]
    for ending, warned in (("discharge", [[], odd]), ("end-as-deceased", [odd, odd])):
        desk = Desk(ours, ENROLLED)
        desk.do(Entry(ending, reason="moved"))
        facts = (FollowUpContact(), MonitoringNoted(dimension="effort", finding="well"))
        told = [desk.book.record(desk.id, one, by="ana").verdict.warnings for one in facts]
        assert [[one.rule for one in each] for each in told] == warned


def test_what_an_ending_itself_leaves_to_be_done_is_owed_after_it():
    handed = lead_assigned.due(within="10 days")
    desk = Desk(six_stage.extend("county", version="1", rules={"withdraw": [handed]}), ENROLLED)
    desk.do("withdraw")
    assert desk.owed() == {"lead-assigned": date(2026, 3, 12)}


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
            four_stage,
            (*SERVED[four_stage], *ENROLLED, ProgramCompleted(program="housing", completed=False)),
            CaseClosed(),
            "outcome-as-recorded",
            ProgramCompleted(program="housing"),
        ),
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


@pytest.mark.parametrize(
    ("workflow", "steps"),
    [(service_delivery, (*EXAMINED, "begin-planning")), (continuum, PLANNED)],
    ids=["S4", "S3"],
)
def test_to_sign_a_plan_without_goals_or_actions_is_warned_of(workflow, steps):
    desk, agreed = Desk(workflow, steps), PlanAgreed(client="signed")
    lacks_actions = ["goals-have-actions"]
    for facts, warned in (((), ["goals-set"]), ((GOAL,), lacks_actions), ((GOAL, ITEM), [])):
        verdict = desk.book.ask(desk.id, *facts, agreed, by="ana")
        told = [one.rule for one in verdict.warnings]
        assert [one for one in told if one.startswith("goals-")] == warned


@pytest.mark.parametrize(
    ("workflow", "over"), [(six_stage, None), (continuum, "exit"), (service_delivery, "complete")]
)
def test_a_plan_that_was_changed_since_the_client_agreed_is_told_of_while_services_run(
    workflow, over
):
    begun = (*EXAMINED, "begin-planning") if workflow is service_delivery else PLANNED
    item = attrs.evolve(ITEM, actor="mo", by_date=date(2026, 4, 1), expected_outcome="a home")
    plan = (*NEEDS, GOAL, item, PlanAgreed(client="signed"), "start-services")
    desk = Desk(workflow, (*begun, *plan, ProgramCompleted(program="housing")))
    service = ServiceProvided(service="meal", plan_items=(1,))

    def told(step):
        warnings = desk.book.ask(desk.id, step, by="ana").warnings
        return "agreement-stands" in [one.rule for one in warnings]

    steps = [one for one in (service, over) if one]
    assert not any(map(told, steps))
    desk.do(attrs.evolve(item, actor="bo"))
    assert all(map(told, steps))


def test_who_is_enrolled_is_discharged_and_not_denied():
    desk = Desk(six_stage, ENROLLED)
    (refusal,) = desk.book.ask(desk.id, "deny", reason="full", by="ana").refusals
    found = refusal.unmet[0]
    assert (refusal.rule, found.found) == ("denied-before-enrollment", "enrolled in housing")
    assert found.remedy == "discharge the client: the agency ends what has begun"
    assert desk.book.ask(desk.id, "discharge", reason="full", by="ana").allowed


def test_an_ending_that_names_no_outcome_closes_no_case_as_completed():
    asked = six_stage.extend("county", version="1", rules={"withdraw": [outcome_as_recorded]})
    desk = Desk(asked, (*ENROLLED, ProgramCompleted(program="housing", completed=False)))
    assert desk.book.ask(desk.id, "withdraw", by="ana").refusals == ()


def test_who_is_not_eligible_is_referred_to_others_where_the_document_says_so():
    refused, referral = EligibilityDetermined(eligible=False), ReferralMade(to="a clinic", number=1)
    for workflow, asks in ((four_stage, ["referred-elsewhere"]), (continuum, [])):
        desk = Desk(workflow, (refused,))
        for steps, warned in (((), asks), ((referral,), [])):
            verdict = desk.book.ask(desk.id, *steps, "end-as-ineligible", by="ana")
            assert [one.rule for one in verdict.warnings] == warned


def test_what_was_found_of_a_client_is_decided_anew_while_services_run():
    desk = Desk(six_stage)
    for step in (LevelOfCareSet(level="high"), "monitor", LevelOfCareSet(level="low")):
        assert desk.do(step).allowed
    flow = Desk(service_delivery, (*EXAMINED, "begin-planning"))
    assert flow.do(SuitabilityDetermined(suitable=False), LevelOfCareSet(level="low")).allowed


def test_that_closure_begins_with_the_first_engagement_is_owed_from_the_opening_on():
    desk = Desk(five_stage_cyclic, ())
    assert [one.rule for one in desk.book.owed(desk.id)] == ["closure-criteria-set"]
