"""When a case was where: what its path says to all of its obligations, walked once.

A pure function of the path. `clocks` and `occasions` count with the same times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from sys import maxsize
from typing import Any, NamedTuple

from caseflow.kernel.case import HOLD, Case, stage_of
from caseflow.workflow.obligation import Begun, Obligation
from caseflow.workflow.windows import FOR_EVER, MOMENT, NEVER, WINDOWS, Asked, Met, Window

Times = Sequence[tuple[datetime, datetime]]
"""From when to when, one after the other."""


class Stay(NamedTuple):
    """A time that a case was in a stage: from when to when (`FOR_EVER`: it still is).

    Where it is an end, `ended_by` is the transition with which the case ended.
    """

    start: datetime
    end: datetime
    stage: str
    ended: bool
    ended_by: str = ""


class Course(NamedTuple):
    """The stays of a case, its holds (`FOR_EVER`: it still is on hold), its reopenings."""

    stays: Sequence[Stay]
    holds: Times
    reopened: Sequence[Met]

    @property
    def ended(self) -> bool:
        """Whether the case has ended."""
        return bool(self.stays) and self.stays[-1].ended

    def owes(self, obligation: Obligation) -> bool:
        """Whether it may be owed where the case is: in the open, or after such an end."""
        if not obligation.after_the_end:
            return True
        return self.ended and self.stays[-1].ended_by not in obligation.not_after

    def stopped(self, cancels: Sequence[Met]) -> datetime:
        """Since when an obligation is cancelled by these events (`FOR_EVER`: it is not)."""
        back = max(self.reopened, default=Met(NEVER, 0))
        return next((met.at for met in cancels if met > back), FOR_EVER)


def course_of(case: Case[Any], ends: frozenset[str]) -> Course:
    """What the path of a case says; `ends` are the positions in which cases have ended.

    A case that ended at the moment at which it was opened was open for that moment.
    """
    stays: list[Stay] = []
    holds: list[tuple[datetime, datetime]] = []
    reopened: list[Met] = []
    had_ended, ended_by, passed = False, "", ""
    until = [move.occurred_at for move in case.path[1:]]
    for (number, name, position, at, _), end in zip(case.path, (*until, FOR_EVER), strict=True):
        stage, ended = stage_of(position), position in ends
        if position.endswith(HOLD):
            holds.append((at, end))
        if had_ended and not ended:
            reopened.append(Met(at, number))
        ended_by = name if ended and not had_ended else ended_by
        had_ended = ended
        if at == end:
            passed = passed if ended else stage
            continue
        start = at
        if ended and passed and not stays:
            start = min(at, FOR_EVER - MOMENT) + MOMENT
            stays.append(Stay(at, start, passed, ended=False))
        if stays and stays[-1].stage == stage:
            start = stays.pop().start
        stays.append(Stay(start, end, stage, ended, ended_by if ended else ""))
    return Course(stays, holds, reopened)


def owed_times(obligation: Obligation, course: Course) -> Times:
    """The times in which a case is where something is owed, as it is known now.

    What is due once may have been due before the case was opened; what is due again and again is
    not.
    """
    found: list[tuple[datetime, datetime]] = []
    for at, end, stage, ended, by in course.stays:
        if not obligation.owed_in(stage, ended=ended) or by in obligation.not_after:
            continue
        start = at
        if found and found[-1][1] == at:
            start = found.pop()[0]
        elif at == course.stays[0].start and not obligation.again:
            start = NEVER
        found.append((start, end))
    return found


def uncancelled(times: Times, course: Course, cancels: Iterable[Met]) -> Times:
    """These times without those from what cancels it until the case was reopened."""
    found = list(times)
    for met in cancels if course.reopened else ():
        until = next((back.at for back in course.reopened if back > met), None)
        if until is not None:
            cut = [(start, min(end, met.at)) for start, end in found if start < met.at]
            found = cut + [(max(start, until), end) for start, end in found if end > until]
    return found


def within_times(times: Times, start: datetime, end: datetime) -> Times:
    """What lies of these times between two moments."""
    return [
        (max(one, start), min(until, end)) for one, until in times if one < end and until > start
    ]


def done_of(begun: Begun, done: Sequence[Met], now: datetime) -> Sequence[Met]:
    """What was done for a clock: a thing may know by itself when it was."""
    if begun.met_at is None:
        return done
    return (Met(begun.met_at, begun.number + 1),) if begun.met_at <= now else ()


def places_of(begun: Begun, places: Times, now: datetime) -> Times:
    """Of a thing that was done where it was not owed: the times until then. Else all of them."""
    at = begun.met_at
    if at is None or at > now or was_owed(at, places):
        return places
    return within_times(places, NEVER, at)


def holds_of(obligation: Obligation, course: Course) -> Times:
    """The times on hold that a clock does not count."""
    return course.holds if obligation.waits_on_hold else ()


def cancelled(
    due_at: datetime, course: Course, cancels: Sequence[Met], done: Met | None = None
) -> bool:
    """Whether something had happened since which it is not owed, and the case was not reopened.

    By the moment at which it is due; or, of what was done, by then.
    """
    if not cancels:
        return False
    by = done or Met(due_at, maxsize)
    back = max((one for one in course.reopened if one <= by), default=Met(NEVER, 0))
    return any(back < met < by and met.at < due_at for met in cancels)


def was_owed(at: datetime, times: Times) -> bool:
    """Whether a moment lies in these times."""
    return any(start <= at <= end for start, end in times)


def counting(asked: Asked, done: Iterable[Met], times: Times) -> list[Met]:
    """What was done while it was owed, or as early before as it may."""
    return [
        met
        for met in done
        if any(start <= asked.reach(met) and met.at <= end for start, end in times)
    ]


def owed_again(fell: datetime, times: Times) -> datetime | None:
    """Of what fell due between the times in which it is owed, when the next of them began."""
    for start, end in times:
        if fell < end:
            return start if fell < start else None
    return None


class Turn(NamedTuple):
    """A time that something is due once: its window, what met it, and when it was owed again."""

    window: Window
    met: Met | None = None
    anew: datetime | None = None


def once(
    asked: Asked, done: Sequence[Met], places: Times, course: Course, cancels: Sequence[Met]
) -> Iterator[Turn]:
    """The time that something is due once; and again, where it fell due while it was not owed.

    `places` are the times in which the case was where it is owed. What is met has the window that
    stood when it was done. Nothing is told where it has no date.
    """
    one = asked.obligation
    times = uncancelled(places, course, cancels)
    while (window := WINDOWS[type(one.due)](asked)) is not None:
        anew = owed_again(max(window.due_at, asked.begun.at), times)
        its = places if anew is None else [time for time in places if time[0] < anew]
        for met in counting(asked, done, its):
            then = WINDOWS[type(one.due)](asked._replace(met=met, now=met.at))
            if then is None or not then.met or asked.reach(met) < asked.anew:
                continue
            late = one.only_in_time and met.at > then.due_at
            if not late and not cancelled(then.due_at, course, cancels, met):
                yield Turn(then, met)
                return
        yield Turn(window, anew=anew)
        if anew is None or not one.anew or anew <= asked.anew:
            return
        asked = asked._replace(anew=anew)
