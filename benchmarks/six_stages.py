"""The options of a case of the six stages, with 10 needs, 10 plan items and 100 notes."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from benchmarks.loans import CLERK, NOW
from caseflow import Casebook, Command
from caseflow.casework import (
    AssessmentCompleted,
    ContactAttempted,
    EligibilityDetermined,
    Enrolled,
    NeedIdentified,
    PlanAgreed,
    PlanItemDrafted,
    ProgressNoted,
    ReferralMade,
    StrengthIdentified,
)
from caseflow.stages import six_stage
from caseflow.storage import MemoryStorage
from caseflow.workflow.options import options

NUMBERS = range(1, 11)
NEEDS = [NeedIdentified(number=n, description=f"need {n}") for n in NUMBERS]
PLAN = [
    PlanItemDrafted(
        number=n,
        needs=(n,),
        activity="look for a place",
        actor="client",
        by_date=date(2026, 6, 1),
        expected_outcome="has a place",
    )
    for n in NUMBERS
]
NOTES = [ProgressNoted(text="as planned", plan_items=(1,))] * 100
STEPS: dict[str, list[Any]] = {
    "planning": [
        EligibilityDetermined(eligible=True),
        Enrolled(program="housing"),
        "assess",
        *NEEDS,
        StrengthIdentified(description="keeps appointments"),
        AssessmentCompleted(),
        "plan",
        *PLAN,
        PlanAgreed(client="signed"),
    ],
    "monitoring": ["start-services", *NOTES, "monitor"],
    "termination": ["begin-closing"],
}
"""What leads a new case to each of the stages that are measured, one after the other."""


def options_by_stage() -> dict[str, Callable[[], object]]:
    """For each stage, the work of listing all options there."""
    minutes = iter(range(1_000))
    book = Casebook(
        six_stage, MemoryStorage(), clock=lambda: NOW + timedelta(minutes=next(minutes))
    )
    case_id = book.open(client="P-1", by="ana").case.id
    # Histories are given, as a book gives them.
    read = {ContactAttempted: (), ReferralMade: ()}
    command = Command(entries=(), actor=CLERK, now=NOW + timedelta(days=1), histories=read)
    works: dict[str, Callable[[], object]] = {}
    for stage, steps in STEPS.items():
        case = book.do(case_id, *steps, by="ana").case
        if case.stage != stage or len(case.state.needs) != 10 or len(case.state.plan) != 10:
            raise AssertionError(f"the case is not in {stage} with 10 needs and 10 plan items")
        works[stage] = lambda case=case: options(six_stage, case, command)  # type: ignore[misc]  # binds this stage's case
    return works
