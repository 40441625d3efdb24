"""How an obligation stands at a moment: open, overdue, met, missed, or no longer owed.

A pure function of the case, the workflow and the moment. It looks at the first and latest of
the event types that it needs, and at the path, so that it costs the same however long the
history is. Only how late something was met needs the events in between (`histories`), and so does
what cancelled it, where that happened more than twice (`repeated`). What came of each week or year
is told by `occasions`, which counts with the same windows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

import attrs

from caseflow.kernel.calendar import Calendar
from caseflow.kernel.case import Case
from caseflow.kernel.recorded import AnyRecorded
from caseflow.workflow.course import Course, Times, cancelled, course_of, owed_again, owed_times
from caseflow.workflow.failing import Failing, begun_of
from caseflow.workflow.obligation import Begun, Obligation
from caseflow.workflow.windows import FOR_EVER, NEVER, WINDOWS, Asked, Met, Window, following

Status = Literal[
    "upcoming", "open", "overdue", "met", "excepted", "paused", "missed", "cancelled", "lapsed"
]
Histories = Mapping[type[Any], tuple[AnyRecorded, ...]]


@attrs.frozen(kw_only=True)
class Standing:
    """How one obligation stands on a case at a moment.

    `upcoming`: its window is not open yet. `open`: to be done by `due_at`. `overdue`: that
    has passed. `met`: it was done, with the event `met`; late if `late`. `excepted`: an
    exception stands in its place (event `exception`). `paused`: the case is on hold.
    `missed`: it was overdue when the case ended, or left the stages in which it is owed; or its
    quarter has passed. `lapsed`: it was not yet due then. `cancelled`: something happened since
    which it is not owed. `since` is the number of the event with which its clock began, `about`
    what it is about, where there are several things.
    """

    obligation: Obligation
    status: Status
    since: int
    began_at: datetime
    opens_at: datetime
    due_at: datetime | None
    about: str = ""
    met: int | None = None
    met_at: datetime | None = None
    late: bool = False
    exception: int | None = None

    @property
    def owed(self) -> bool:
        """Whether it is to be done now."""
        return self.status in ("open", "overdue")


def standings(
    workflow: Any,
    case: Case[Any],
    now: datetime,
    histories: Histories | None = None,
    failing: Failing | None = None,
    cancels: Histories | None = None,
) -> Iterator[Standing]:
    """How every obligation stands whose clock has begun, in the order of the declaration.

    `histories` are the events that meet obligations, by type: with them it is told exactly
    when one was met. Without, it is known that it was, and told when it was done last. `cancels`
    are those that cancel them (None: they are in `histories`); of what is in neither, the first
    and the latest count. Raises `InvalidCall` where an `each` fails; `failing` is told of it
    instead, where it is given.
    """
    known = cancels or histories or {}
    course = course_of(case, workflow.ends)
    for obligation in workflow.obligations:
        if obligation.after_the_end and not course.ended:
            continue
        clocks = begun_of(obligation, case, workflow.ends, failing)
        if clocks:
            owing = _owing(obligation, case, course, now, known)
            for begun in clocks:
                yield _standing(owing, begun, case, workflow.calendar, now, histories)


class _Owing(NamedTuple):
    """What all the clocks of an obligation on a case have in common."""

    obligation: Obligation
    course: Course
    cancels: Sequence[Met]
    times: Times
    left: datetime | None
    """When it was owed last, where it is owed no longer."""
    holds: tuple[tuple[datetime, datetime], ...]
    """The times on hold that its clock does not count."""
    paused: bool
    excused: Mapping[date, int]
    """The days due on which an exception excuses it, and the numbers of these exceptions."""


def _owing(
    obligation: Obligation, case: Case[Any], course: Course, now: datetime, known: Histories
) -> _Owing:
    cancels = _cancels(obligation, case, now, known) if obligation.cancelled_by else []
    times = owed_times(obligation, course, cancels)
    until = times[-1][1] if times else NEVER
    waits = obligation.waits_on_hold
    return _Owing(
        obligation,
        course,
        cancels,
        times,
        left=None if until == FOR_EVER else until,
        holds=course.holds if waits else (),
        paused=waits and course.held is not None and course.held <= now,
        excused=_excused(obligation, case) if case.exceptions else {},
    )


def _excused(obligation: Obligation, case: Case[Any]) -> dict[date, int]:
    made = (one for one in case.exceptions if one.rule == obligation.id)
    by = obligation.excepted_by
    return {one.due_on: one.number for one in made if one.due_on is not None and by in one.roles}


def _standing(
    owing: _Owing,
    begun: Begun,
    case: Case[Any],
    calendar: Calendar,
    now: datetime,
    histories: Histories | None,
) -> Standing:
    one, left = owing.obligation, owing.left
    asked = Asked(one, begun, _latest(one, begun, case, now), now, calendar, owing.holds)
    found, anew = _found(asked, owing)
    if found is None:  # the date by which it is due was erased, or never given
        found, left = Window(begun.at, begun.at), NEVER
    opens_at, due_at, is_met = found
    done = _when_met(asked, histories) if is_met else None
    if done and histories is not None and done.at > due_at and one.only_in_time:
        is_met, done = False, None  # what was done after its quarter is for a later one
    exception = None
    if case.exceptions:
        exception = owing.excused.get(calendar.day_of(due_at))
        exception = exception or _exception(one, case, min(left or now, now))
    status: Status
    if is_met:
        status = "met"
    elif owing.cancels and cancelled(due_at, owing.course, owing.cancels):
        status = "cancelled"
    elif anew is not None:
        status = "lapsed"
    elif left is not None:
        status = "missed" if due_at < min(left, now) and exception is None else "lapsed"
    elif exception is not None:
        status = "excepted"
    elif owing.paused:
        status = "paused"
    elif now > due_at:
        status = "missed" if one.only_in_time else "overdue"
    else:
        status = "open" if now >= opens_at else "upcoming"
    waits = owing.paused and status in ("paused", "excepted")  # until the hold ends
    return Standing(
        obligation=one,
        status=status,
        since=begun.number,
        began_at=begun.at,
        opens_at=opens_at,
        due_at=None if waits or status in ("lapsed", "cancelled") else due_at,
        about=begun.about,
        met=done.number if done else None,
        met_at=done.at if done else None,
        late=done is not None and done.at > due_at,
        exception=exception if status == "excepted" else None,
    )


def _found(asked: Asked, owing: _Owing) -> tuple[Window | None, datetime | None]:
    """The first window that fell due while it was owed, and is not excused; else the last.

    And when it was owed again, of one that fell due while it was not. What was met once keeps the
    window in which it was owed when it was done.
    """
    one, met, begun = asked.obligation, asked.met, asked.begun.at
    found = WINDOWS[type(one.due)](asked)
    while found is not None:
        anew = owed_again(max(found.due_at, begun), owing.times)
        if anew is not None and one.anew and (not found.met or (met and met.at >= anew)):
            asked = asked._replace(anew=anew)
            after = WINDOWS[type(one.due)](asked) or found
        elif owing.excused and one.again and asked.calendar.day_of(found.due_at) in owing.excused:
            after = following(asked, found)
        else:
            return found, anew
        if after.due_at <= found.due_at:  # on the last day there is
            return found, anew
        found = after
    return None, None


def _exception(obligation: Obligation, case: Case[Any], now: datetime) -> int | None:
    """The number of the exception that stands in its place, if there is one."""
    by = obligation.excepted_by or None
    made = (one for one in reversed(case.exceptions) if one.covers(obligation.id, now, by))
    return next((one.number for one in made), None)


def _latest(obligation: Obligation, begun: Begun, case: Case[Any], now: datetime) -> Met | None:
    """What met it latest by now. Of a type of which the latest is still to come: the first."""
    if begun.met_at is not None:
        return Met(begun.met_at, begun.number + 1) if begun.met_at <= now else None
    done: Met | None = None
    for event in obligation.met_by:
        seen = case.by_type.get(event)
        if seen is not None and seen.first.occurred_at <= now:
            last = seen.latest if seen.latest.occurred_at <= now else seen.first
            met = Met(last.occurred_at, last.number)
            done = met if done is None or met > done else done
    return done


def _when_met(asked: Asked, histories: Histories | None) -> Met | None:
    """The first event that met it since its clock began, as far as that is known."""
    if histories is None or asked.begun.met_at is not None:
        return asked.met
    events = (one for event in asked.obligation.met_by for one in histories.get(event, ()))
    every = sorted(Met(one.occurred_at, one.number) for one in events)
    done = (met for met in every if met.at <= asked.now)
    return next((met for met in done if (window := _met_by(asked, met)) and window.met), asked.met)


def _met_by(asked: Asked, met: Met) -> Window | None:
    return WINDOWS[type(asked.obligation.due)](asked._replace(met=met))


def repeated(workflow: Any, case: Case[Any]) -> set[type[Any]]:
    """What cancels obligations and happened more often than a case remembers."""
    types = {event for one in workflow.obligations for event in one.cancelled_by}
    return {event for event in types & case.by_type.keys() if case.by_type[event].times > 2}


def _cancels(obligation: Obligation, case: Case[Any], now: datetime, known: Histories) -> list[Met]:
    """What cancelled it: of each type all that is known, or the first and the latest."""
    found: list[AnyRecorded] = []
    for event in obligation.cancelled_by:
        if event in known:
            found += (one for one in known[event] if one.occurred_at <= now)
        elif event in case.by_type:
            found += case.by_type[event][:2]
    return sorted({Met(one.occurred_at, one.number) for one in found})
