"""A history of the engine as the plain list that the oracle reads."""

from datetime import date, timedelta

import attrs

from caseflow import Actor, Command, Corrected, Entry, Voided, decide
from caseflow.casework import (
    AssessmentCompleted,
    CapacityAssessed,
    CaseClosed,
    ClosureCriterionDropped,
    ClosureCriterionMet,
    ClosureCriterionSet,
    ContactAttempted,
    ContinuingServicesListed,
    DomainAssessed,
    EligibilityDetermined,
    Enrolled,
    ExitInterview,
    FollowUpSession,
    GoalAchieved,
    GoalDropped,
    GoalProposed,
    HandoffConfirmed,
    IssueRaised,
    IssueResolved,
    LeadCaseManagerAssigned,
    LevelOfCareSet,
    NeedDeferred,
    NeedIdentified,
    NeedMet,
    NextStagePlanned,
    PlanAgreed,
    PlanApproved,
    PlanItemDrafted,
    PlanItemDropped,
    ProgramCompleted,
    ReferralEnded,
    ReferralMade,
    ResourcesListed,
    StrategyRecorded,
    StrengthIdentified,
    TransferredOut,
)
from caseflow.kernel.history import effective
from caseflow.stages import six_stage
from tests.properties.oracle import Happened, Place, Sheet

SUPERVISOR = Actor("ana", ["supervisor"])
ITEM = PlanItemDrafted(number=1, needs=(1,), activity="talk to the landlord")
ITEM_OF_ALL_PARTS = PlanItemDrafted(
    number=1,
    needs=(1,),
    activity="talk to the landlord",
    actor="case manager",
    by_date=date(2026, 3, 1),
    expected_outcome="the arrears are paid in parts",
)
STEPS = {
    "determine-eligibility": EligibilityDetermined(eligible=True),
    "enroll": Enrolled(program="housing"),
    "assessment-completed": AssessmentCompleted(),
    "level-of-care-set": LevelOfCareSet(level="intensive"),
    "plan-agreed": PlanAgreed(client="signed"),
    "plan-approved": PlanApproved(),
    "close": CaseClosed(),
    "assign-lead-case-manager": LeadCaseManagerAssigned(case_manager="mo"),
    "transfer-out": TransferredOut(to="county", accepted_by="the county"),
}
"""The events of the steps that record one; the others are named."""
THOROUGH = AssessmentCompleted(
    instrument="intake-form", sources=("interview",), client_took_part=True
)
"""An assessment that is completed with all that is asked of it."""


WHOLE_CASE = (
    ContactAttempted(channel="visit"),
    EligibilityDetermined(eligible=False),
    EligibilityDetermined(eligible=True),
    "enroll",
    "assess",
    AssessmentCompleted(),
    NeedIdentified(number=1, description="rent in arrears", domain="social"),
    StrengthIdentified(number=1, description="a large family"),
    "level-of-care-set",
    "plan",
    PlanItemDrafted(number=1, needs=(2,)),
    ITEM,
    ITEM_OF_ALL_PARTS,
    GoalProposed(number=1, statement="pays the rent on time"),
    "start-services",
    ReferralMade(to="a clinic", number=1),
    IssueRaised(number=1, area="service-delivery-system", description="no places"),
    "monitor",
    "hold",
    "resume",
    "begin-closing",
    ClosureCriterionSet(number=2, description="a job"),
    ClosureCriterionSet(number=1, description="six months in housing"),
    ClosureCriterionMet(number=1),
    ClosureCriterionDropped(number=2, reason="she studies"),
    ProgramCompleted(program="housing", completed=False),
    ExitInterview(program="housing"),
    FollowUpSession(program="housing", result="declined"),
    NextStagePlanned(plan="goes on with school"),
    ContinuingServicesListed(ways=()),
    ResourcesListed(resources=("food bank",)),
    "close",
    "reopen",
)
"""One case from the first contact to its end and back, with what was missing on the way."""

PLAN_ITEM = attrs.evolve(ITEM_OF_ALL_PARTS, needs=(1, 2, 3))
WARNED_CASE = (
    EligibilityDetermined(eligible=True),
    "enroll",
    "assess",
    StrengthIdentified(description="a large family"),
    NeedIdentified(number=1, description="rent in arrears", domain="social", client_priority=1),
    NeedIdentified(number=2, description="sleeps badly", client_words="I lie awake"),
    NeedIdentified(number=3, description="no bank account", client_priority=2),
    NeedMet(number=2),
    DomainAssessed(domain="biological-physical", answer="declined"),
    DomainAssessed(domain="psychological-emotional"),
    CapacityAssessed(of="client"),
    CapacityAssessed(of="network", answer="not-assessed"),
    CapacityAssessed(of="agency"),
    "withdraw",
    "reopen",
    ExitInterview(program="housing", result="declined"),
    THOROUGH,
    "plan",
    PLAN_ITEM,
    NeedDeferred(need=3, reason="the client chose not now"),
    StrategyRecorded(text="pays in parts", need=1),
    NeedIdentified(number=1, description="rent far in arrears", client_priority=1),
    StrengthIdentified(number=1, description="speaks three languages"),
    StrategyRecorded(text="looks for work as an interpreter", strength=1),
    StrengthIdentified(number=1, description="speaks four languages"),
    GoalProposed(number=1, statement="pays the rent on time"),
    GoalDropped(number=1),
    GoalProposed(number=2, statement="fewer evictions", program_goal=True),
    PlanAgreed(client="not-agreed", reason="wants to think it over"),
    PlanAgreed(client="signed"),
    PLAN_ITEM,
    PlanAgreed(client="spoken"),
    GoalProposed(number=3, statement="a job", measure="hours", target="20"),
    GoalAchieved(number=3),
    PlanAgreed(client="spoken"),
    PlanItemDropped(number=1),
    PLAN_ITEM,
    "start-services",
    IssueRaised(number=1, area="client-cooperation", description="missed visits"),
    ReferralMade(to="a clinic", number=1),
    ReferralMade(to="a bank", number=2),
    IssueResolved(number=1),
    HandoffConfirmed(referral=1),
    ReferralEnded(referral=2, served=False),
)
"""A case in which every warning comes and goes again."""


def sheet_of(history):
    """What stands, amended by hand: this shares no code with the engine either."""
    gone = {entry.event.number for entry in history if type(entry.event) is Voided}
    happened = []
    for entry in history:
        if entry.number in gone:
            continue
        event, when = entry.event, entry.occurred_at
        for later in history:
            if type(later.event) is Corrected and later.event.number == entry.number:
                event = later.event.event or event
                when = later.event.occurred_at or when
        fields = {f.name: getattr(event, f.name) for f in attrs.fields(type(event))}
        move = entry.transition
        if move in ("make-exception", "correct", "void"):
            move = None
        happened.append(Happened(type(event).__name__, when, fields, move, entry.number))
    return Sheet(happened, voided=bool(gone))


def place_of(case):
    return Place(case.substage or case.stage, held=case.on_hold)


def decided(case, history, name, *, at=None):
    """What the engine says of a step, with the reason it may ask for."""
    now = case.recorded_at + timedelta(hours=1)
    standing = effective(history)
    read = {cls: tuple(e for e in standing if type(e.event) is cls) for cls in six_stage.histories}
    given = STEPS.get(name, name) if isinstance(name, str) else name
    step = Entry(given, reason="as agreed")
    command = Command(
        entries=(step,), actor=SUPERVISOR, now=now, at=at, histories=read, history=tuple(history)
    )
    return decide(six_stage, case, command), now
