"""When a case was where: what its path says to all of its obligations, walked once.

A pure function of the path. `clocks` and `occasions` count with the same times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from caseflow.kernel.case import HOLD, Case, stage_of
from caseflow.workflow.obligation import Obligation
from caseflow.workflow.windows import FOR_EVER, NEVER, Met

Times = Sequence[tuple[datetime, datetime]]
"""From when to when, one after the other."""


class Stay(NamedTuple):
    """A time that a case was in a stage: from when to when (`FOR_EVER`: it still is)."""

    start: datetime
    end: datetime
    stage: str
    ended: bool


class Course(NamedTuple):
    """The stays of a case, its holds that are over, since when it is on hold, its reopenings."""

    stays: Sequence[Stay]
    holds: tuple[tuple[datetime, datetime], ...]
    held: datetime | None
    reopened: Sequence[Met]

    @property
    def ended(self) -> bool:
        """Whether the case has ended."""
        return bool(self.stays) and self.stays[-1].ended


def course_of(case: Case[Any], ends: frozenset[str]) -> Course:
    """What the path of a case says; `ends` are the positions in which cases have ended."""
    stays: list[Stay] = []
    holds: list[tuple[datetime, datetime]] = []
    reopened: list[Met] = []
    had_ended = False
    until = [move.occurred_at for move in case.path[1:]]
    for (number, _, position, at, _), end in zip(case.path, (*until, FOR_EVER), strict=True):
        stage, ended = stage_of(position), position in ends
        if position.endswith(HOLD):
            holds.append((at, end))
        if had_ended and not ended:
            reopened.append(Met(at, number))
        had_ended = ended
        if at == end:
            continue
        start = at
        if stays and stays[-1].stage == stage:
            start = stays.pop().start
        stays.append(Stay(start, end, stage, ended))
    held = holds.pop()[0] if holds and holds[-1][1] == FOR_EVER else None
    return Course(stays, tuple(holds), held, reopened)


def owed_times(obligation: Obligation, course: Course, cancels: Iterable[Met]) -> Times:
    """The times in which something is owed on a case, as it is known now.

    What cancels it counts here until the case was reopened. What is due once may have been due
    before the case was opened; what is due again and again is not.
    """
    found: list[tuple[datetime, datetime]] = []
    for at, end, stage, ended in course.stays:
        if not obligation.owed_in(stage, ended=ended):
            continue
        start = at
        if found and found[-1][1] == at:
            start = found.pop()[0]
        elif at == course.stays[0].start and not obligation.again:
            start = NEVER
        found.append((start, end))
    for met in cancels if course.reopened else ():
        until = next((back.at for back in course.reopened if back > met), None)
        if until is not None:
            cut = [(start, min(end, met.at)) for start, end in found if start < met.at]
            found = cut + [(max(start, until), end) for start, end in found if end > until]
    return found


def cancelled(due_at: datetime, course: Course, cancels: Iterable[Met]) -> bool:
    """Whether something had happened since which it is not owed, and the case was not reopened."""
    back = max((one for one in course.reopened if one.at <= due_at), default=Met(NEVER, 0))
    return any(back < met and met.at < due_at for met in cancels)


def owed_again(fell: datetime, times: Times) -> datetime | None:
    """Of what fell due between the times in which it is owed, when the next of them began."""
    for start, end in times:
        if fell < end:
            return start if fell < start else None
    return None
