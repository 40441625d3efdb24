"""The trade of the chaos: a desk whose units can be told whole from half, and counted.

A note carries the size of its unit and its place in it. A count is one more than the count
before, so that a lost update shows. A clerk has at most three cases, whoever else gives some.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import attrs

from caseflow import (
    Case,
    Casebook,
    Code,
    Context,
    Entry,
    Index,
    Outcome,
    Recorded,
    Stage,
    Transition,
    Unmet,
    Voided,
    Workflow,
    decision,
    fact,
    rule,
)

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MOST = 3
"""How many cases a clerk has at most."""


@fact("desk-noted")
class Noted:
    """One of the notes of a unit: its place, and how many there are."""

    unit: Code
    place: int
    size: int


@decision("desk-counted")
class Counted:
    value: int


@decision("desk-taken")
class Taken:
    clerk: Code


@decision("desk-left")
class Left:
    """The clerk gave the case back."""


@attrs.frozen
class Desk:
    """How far was counted, how many notes there are, and who has the case."""

    value: int = 0
    notes: int = 0
    clerk: str | None = None

    def fold(self, recorded: Recorded[object]) -> Desk:
        """The state after an event."""
        event = recorded.event
        if isinstance(event, Noted):
            return attrs.evolve(self, notes=self.notes + 1)
        if isinstance(event, Counted):
            return attrs.evolve(self, value=event.value)
        if isinstance(event, Taken):
            return attrs.evolve(self, clerk=event.clerk)
        if isinstance(event, Left):
            return attrs.evolve(self, clerk=None)
        return self


@rule("caseload", counts="clerk")
def caseload(case: Case[Desk], context: Context) -> Iterator[Unmet]:
    """A clerk has at most three cases."""
    others = context.other_cases("clerk", context.event.clerk)
    if others + 1 > MOST:
        yield Unmet(found=f"{others} already", remedy="give it to somebody else")


def _clerk(case: Case[Any]) -> str | None:
    clerk: str | None = case.state.clerk
    return clerk


desk = Workflow(
    "chaos-desk",
    version="1",
    state=Desk,
    stages=[
        Stage("free", initial=True, decides=[Counted]),
        Stage("taken", decides=[Counted]),
        Stage("done", final=True),
    ],
    transitions=[
        Transition("take", source="free", to="taken", records=Taken, rules=[caseload]),
        Transition("leave", source="taken", to="free", records=Left),
        Transition("finish", source=("free", "taken"), to="done"),
    ],
    events=[Noted],
    indexes=[Index("clerk", of=_clerk)],
)


class JumpingClock:
    """A clock on which a second passes whenever it is read, and which often jumps back an hour."""

    def __init__(self, *, every: int = 20) -> None:
        self._every = every
        self._read = 0

    def __call__(self) -> datetime:
        self._read += 1
        hours = self._read // self._every % 2
        return START + timedelta(seconds=self._read, hours=-hours)


def desk_book(store: Any, **options: Any) -> Casebook[Desk]:
    """A casebook of the desk. Its clock jumps, and it takes snapshots often."""
    return Casebook(desk, store, **{"clock": JumpingClock(), "snapshot_every": 5, **options})


class Job(NamedTuple):
    """One command of a worker: what it asks for, so that it can be asked for again.

    `detail` is how many notes, the value to count, the name of the clerk, or the number of the
    event to void.
    """

    command_id: str | None
    case_id: str
    kind: str
    detail: Any = None
    version: int | None = None
    """The version at which it is to be done (None: any)."""


class Unit(NamedTuple):
    """What a job wrote: the numbers of its first event and of its last."""

    first: int
    last: int


def steps_of(job: Job) -> tuple[Any, ...]:
    """The steps of a job."""
    if job.kind == "notes":
        unit = job.command_id or ""
        every = (Noted(unit=unit, place=n, size=job.detail) for n in range(job.detail))
        return tuple(every)
    if job.kind == "relative":  # about somebody else's data
        note = Noted(unit=job.command_id or "", place=0, size=1)
        return (Entry(note, subject=job.detail),)
    if job.kind == "void":
        return (Entry(Voided(number=job.detail), reason="a mistake"),)
    if job.kind == "count":
        return (Counted(value=job.detail),)
    return (Taken(clerk=job.detail),) if job.kind == "take" else (Left(),)


def do(book: Casebook[Desk], job: Job) -> Outcome[Desk]:
    """Carry out a job."""
    if job.kind == "open":
        return book.open(
            client=f"client of {job.case_id}",
            by="ana",
            case_id=job.case_id,
            command_id=job.command_id,
        )
    return book.do(
        job.case_id, *steps_of(job), by="ana", command_id=job.command_id, version=job.version
    )


def unit_of(outcome: Outcome[Desk]) -> Unit:
    """The numbers of the events of an outcome."""
    return Unit(outcome.events[0].number, outcome.events[-1].number)
