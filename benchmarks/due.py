"""What is due on a case: microseconds for each obligation, with few notes and with many."""

from collections.abc import Callable
from datetime import timedelta
from statistics import median
from timeit import repeat

from benchmarks.loans import NOW
from benchmarks.measure import Row, compare
from caseflow import Casebook, Workflow
from caseflow.casework import (
    AssessmentCompleted,
    CaseworkState,
    EligibilityDetermined,
    Enrolled,
    GoalProposed,
    NeedIdentified,
    PlanItemDrafted,
    ProgressNoted,
    ReferralMade,
)
from caseflow.rules.due import contact, handoff, monitoring, reassessment
from caseflow.stages import continuum
from caseflow.storage import MemoryStorage
from caseflow.workflow.owed import owed

DELIVERY = "plan-implementation"
work: Workflow[CaseworkState] = continuum.extend(
    "benchmark",
    version="1",
    obligations=[
        contact("2 weeks", DELIVERY),
        monitoring("1 month", DELIVERY),
        reassessment("6 months"),
        handoff("14 days"),
    ],
)
STEPS = [
    EligibilityDetermined(eligible=True),
    Enrolled(program="training"),
    "assess",
    NeedIdentified(number=1, description="no certificate"),
    AssessmentCompleted(),
    "plan",
    GoalProposed(number=1, statement="a trade", needs=(1,)),
    PlanItemDrafted(number=1, needs=(1,), goals=(1,), activity="module 1"),
    "start-services",
    ReferralMade(number=1, to="the school"),
]
FEW, MANY = 100, 10_000


def asking(notes: int) -> tuple[Callable[[], object], int]:
    """The work of asking what is due on a case with so many notes, and how many things are."""
    minutes = iter(range(1_000))
    book = Casebook(work, MemoryStorage(), clock=lambda: NOW + timedelta(minutes=next(minutes)))
    case_id = book.open(client="P-1", by="ana").case.id
    book.do(case_id, *STEPS, by="ana")
    for _ in range(notes // 100):
        book.record(case_id, *[ProgressNoted(text="as planned")] * 100, by="ana")
    case, now = book.case(case_id), NOW + timedelta(days=400)
    return lambda: owed(work, case, now), len(owed(work, case, now))


def rows() -> list[Row]:
    """That it does not take longer, however long the history is."""
    many, few = asking(MANY)[0], asking(FEW)[0]
    return [Row("what is due, 10,000 notes", "100 notes", compare(many, few, calls=1_000), 1.3)]


def in_words() -> str:
    """How long each obligation takes, in a sentence."""
    said = []
    for notes in (FEW, MANY):
        ask, owing = asking(notes)
        seconds = median(repeat(ask, number=500, repeat=9)) / 500
        said.append(f"{seconds / owing * 1e6:.1f} µs at {notes:,} notes")
    return f"To tell what is due takes, for each of {owing} obligations: {' and '.join(said)}."
