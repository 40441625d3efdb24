"""The golden thread of 10,000 cases, one after the other: how long, and how much memory."""

import tracemalloc
from itertools import islice
from pathlib import Path
from time import perf_counter

from caseflow import Casebook
from caseflow.casework import (
    GoalProposed,
    NeedIdentified,
    PlanItemCompleted,
    PlanItemDrafted,
    ProgressNoted,
    ServiceProvided,
)
from caseflow.casework.state import CaseworkState
from caseflow.stages import six_stage
from caseflow.storage import SQLStorage
from caseflow.views import coverage

MANY, FEW = 10_000, 1_000
FACTS = [
    *(NeedIdentified(number=n, description=f"need {n}") for n in (1, 2)),
    GoalProposed(number=1, statement="has a place", needs=(1, 2)),
    *(PlanItemDrafted(number=n, needs=(n,), activity="look for it") for n in (1, 2)),
    ServiceProvided(service="search", plan_items=(1,)),
    ProgressNoted(text="two visits", plan_items=(1,)),
    PlanItemCompleted(number=1, outcome="a lease"),
]
"""Item 2 has no service yet, which is a break."""


def filled(file: Path, cases: int = MANY) -> Casebook[CaseworkState]:
    """A book of so many cases with nine events each."""
    book = Casebook(six_stage, SQLStorage(f"sqlite:///{file}", durability="normal"))
    for number in range(cases):
        case = book.open(client=f"P-{number}", by="ana").case
        book.record(case.id, *FACTS, by="ana")
    return book


def broken(book: Casebook[CaseworkState], cases: int) -> int:
    """How many of the first cases have a break in their thread."""
    listed = islice(book.every(), cases)
    return sum(not coverage(book.case(one.id)).whole for one in listed)


def peak(book: Casebook[CaseworkState], cases: int) -> int:
    """The most memory that was in use at once while going through so many cases, in bytes."""
    tracemalloc.start()
    try:
        broken(book, cases)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def streaming(folder: Path) -> str:
    """Both figures, in a sentence."""
    book = filled(folder / "threads.db")
    broken(book, 300)  # what is kept of the cases worked on last is full
    start = perf_counter()
    found = broken(book, MANY)
    took = perf_counter() - start
    few, many = peak(book, FEW), peak(book, MANY)
    return (
        f"The golden thread of {MANY:,} cases ({found:,} with breaks): {took:.1f} s, at most "
        f"{many / 2**20:.1f} MiB at once; of {FEW:,}: {few / 2**20:.1f} MiB."
    )
