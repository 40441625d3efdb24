"""A history of the engine as the plain list that the oracle reads."""

from datetime import timedelta

import attrs

from caseflow import Actor, Command, Corrected, Entry, Voided, decide
from caseflow.casework import CaseClosed, EligibilityDetermined, Enrolled, PlanAgreed
from caseflow.casework import AssessmentCompleted, TransferredOut
from caseflow.kernel.case import effective
from caseflow.stages import six_stage
from tests.properties.oracle import Happened, Place, Sheet

SUPERVISOR = Actor("ana", ["supervisor"])
STEPS = {
    "determine-eligibility": EligibilityDetermined(eligible=True),
    "enroll": Enrolled(program="housing"),
    "assessment-completed": AssessmentCompleted(),
    "plan-agreed": PlanAgreed(client="signed"),
    "close": CaseClosed(),
    "transfer-out": TransferredOut(to="county", accepted_by="the county"),
}
"""The events of the steps that record one; the others are named."""


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
    step = Entry(STEPS.get(name, name), reason="as agreed")
    command = Command(
        entries=(step,), actor=SUPERVISOR, now=now, at=at, histories=read, history=tuple(history)
    )
    return decide(six_stage, case, command), now
