"""A history of the engine as the plain list that the oracle reads."""

from datetime import date, timedelta

import attrs

from caseflow import Actor, Command, Corrected, Entry, Voided, decide
from caseflow.casework import (
    AssessmentCompleted,
    CaseClosed,
    ClosureCriterionMet,
    ClosureCriterionSet,
    ContactAttempted,
    ContinuingServicesListed,
    EligibilityDetermined,
    Enrolled,
    ExitInterview,
    FollowUpSession,
    LeadCaseManagerAssigned,
    NeedIdentified,
    NextStagePlanned,
    PlanAgreed,
    PlanItemDrafted,
    ReferralMade,
    ResourcesListed,
    StrengthIdentified,
    TransferredOut,
)
from caseflow.kernel.case import effective
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
    "plan-agreed": PlanAgreed(client="signed"),
    "close": CaseClosed(),
    "assign-lead-case-manager": LeadCaseManagerAssigned(case_manager="mo"),
    "transfer-out": TransferredOut(to="county", accepted_by="the county"),
}
"""The events of the steps that record one; the others are named."""


WHOLE_CASE = (
    ContactAttempted(channel="visit"),
    EligibilityDetermined(eligible=False),
    EligibilityDetermined(eligible=True),
    "enroll",
    "assess",
    AssessmentCompleted(),
    NeedIdentified(number=1, description="rent in arrears"),
    StrengthIdentified(description="a large family"),
    "plan",
    PlanItemDrafted(number=1, needs=(2,)),
    ITEM,
    ITEM_OF_ALL_PARTS,
    "start-services",
    ReferralMade(to="a clinic"),
    "monitor",
    "hold",
    "resume",
    "begin-closing",
    ClosureCriterionSet(number=1, description="six months in housing"),
    ClosureCriterionMet(number=1),
    ExitInterview(program="housing"),
    FollowUpSession(program="housing", result="declined"),
    NextStagePlanned(plan="goes on with school"),
    ContinuingServicesListed(ways=()),
    ResourcesListed(resources=("food bank",)),
    "close",
    "reopen",
)
"""One case from the first contact to its end and back, with what was missing on the way."""


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
        happened.append(Happened(type(event).__name__, when, fields, move))
    return Sheet(happened)


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
