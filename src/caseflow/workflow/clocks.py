"""How an obligation stands at a moment: open, overdue, met, missed, or no longer owed.

A pure function of the case, the workflow and the moment. It looks at the first and latest of
the event types that it needs, and at the path, so that it costs the same however long the
history is. Only how late something was met needs the events in between (`histories`). What
came of each week or year is told by `occasions`, which counts with the same windows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Literal

import attrs

from caseflow.kernel.case import Case
from caseflow.kernel.recorded import AnyRecorded
from caseflow.workflow.failing import Failing, begun_of
from caseflow.workflow.obligation import Begun, Obligation, on_hold
from caseflow.workflow.windows import FOR_EVER, NEVER, WINDOWS, Asked, Met, Window, following

Status = Literal[
    "upcoming", "open", "overdue", "met", "excepted", "paused", "missed", "cancelled", "lapsed"
]
Histories = Mapping[type[Any], tuple[AnyRecorded, ...]]
Times = Sequence[tuple[datetime, datetime]]


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
) -> Iterator[Standing]:
    """How every obligation stands whose clock has begun, in the order of the declaration.

    `histories` are the events that meet obligations, by type: with them it is told exactly
    when one was met. Without, it is known that it was, and told when it was done last. Raises
    `InvalidCall` where an `each` fails; `failing` is told of it instead, where it is given.
    """
    ends, here = workflow.ends, case.position or ""
    for obligation in workflow.obligations:
        if obligation.after_the_end and here not in ends:
            continue
        left = None if obligation.owed_at(here, ends) else _left(obligation, case, ends)
        for begun in begun_of(obligation, case, ends, failing):
            yield _standing(workflow, obligation, begun, case, now, histories, left)


def _standing(
    workflow: Any,
    obligation: Obligation,
    begun: Begun,
    case: Case[Any],
    now: datetime,
    histories: Histories | None,
    left: datetime | None,
) -> Standing:
    met = _latest(obligation, begun, case, now)
    holds, paused = _holds(obligation, case, now)
    asked = Asked(obligation, begun, met, now, workflow.calendar, holds)
    excused = _excused(obligation, case) if case.exceptions else None
    found = _found(asked, case, workflow.ends, excused or {})
    if found is None:  # the date by which it is due was erased, or never given
        found, left = Window(begun.at, begun.at), NEVER
    opens_at, due_at, is_met = found
    done = _when_met(asked, histories) if is_met else None
    if done and histories is not None and done.at > due_at and obligation.only_in_time:
        is_met, done = False, None  # what was done after its quarter is for a later one
    exception = None
    if excused is not None:
        exception = excused.get(asked.calendar.day_of(due_at))
        exception = exception or _exception(obligation, case, min(left or now, now))
    cancelled = _cancelled(obligation, case, workflow.ends)
    status: Status
    if is_met:
        status = "met"
    elif cancelled is not None and due_at > cancelled:
        status = "cancelled"
    elif left is not None:
        status = "missed" if due_at < min(left, now) and exception is None else "lapsed"
    elif _again_owed(asked, found, case, workflow.ends) is not None:
        status = "lapsed"
    elif exception is not None:
        status = "excepted"
    elif paused:
        status = "paused"
    elif now > due_at:
        status = "missed" if obligation.only_in_time else "overdue"
    else:
        status = "open" if now >= opens_at else "upcoming"
    return Standing(
        obligation=obligation,
        status=status,
        since=begun.number,
        began_at=begun.at,
        opens_at=opens_at,
        due_at=None if status in ("paused", "lapsed", "cancelled") else due_at,
        about=begun.about,
        met=done.number if done else None,
        met_at=done.at if done else None,
        late=done is not None and done.at > due_at,
        exception=exception if status == "excepted" else None,
    )


def _left(obligation: Obligation, case: Case[Any], ends: frozenset[str]) -> datetime:
    """When it was owed last, on a case where it is no longer."""
    left = NEVER
    for move in reversed(case.path):
        if obligation.owed_at(move.position, ends):
            return left
        left = move.occurred_at
    return NEVER


def _excused(obligation: Obligation, case: Case[Any]) -> dict[date, int]:
    """The days due on which an exception excuses it, and the numbers of these exceptions."""
    made = (one for one in case.exceptions if one.rule == obligation.id)
    by = obligation.excepted_by
    return {one.due_on: one.number for one in made if one.due_on is not None and by in one.roles}


def _found(
    asked: Asked, case: Case[Any], ends: frozenset[str], excused: Mapping[date, int]
) -> Window | None:
    """The first window that fell due while it was owed, and is not excused; else the last.

    What was met once keeps the window in which it was owed when it was done.
    """
    one = asked.obligation
    found = WINDOWS[type(one.due)](asked)
    while found is not None:
        anew = _again_owed(asked, found, case, ends) if one.anew else None
        if anew is not None and (not found.met or (asked.met and asked.met.at >= anew)):
            asked = asked._replace(anew=anew)
            after = WINDOWS[type(one.due)](asked) or found
        elif one.again and asked.calendar.day_of(found.due_at) in excused:
            after = following(asked, found)
        else:
            break
        if after.due_at <= found.due_at:  # on the last day there is
            break
        found = after
    return found


def _again_owed(
    asked: Asked, window: Window, case: Case[Any], ends: frozenset[str]
) -> datetime | None:
    """When it was owed again, of what fell due while it was not (None: it was, or never is)."""
    fell, seen = max(window.due_at, asked.begun.at), _cancels(asked.obligation, case)
    if not case.path or (fell >= case.path[-1].occurred_at and not seen):
        return None
    return owed_again(fell, owed_times(asked.obligation, case, ends, seen))


def owed_again(fell: datetime, times: Times) -> datetime | None:
    """Of what fell due between the times in which it is owed, when the next of them began."""
    start = next((start for start, end in times if fell < end), NEVER)
    return start if fell < start else None


def owed_times(
    obligation: Obligation, case: Case[Any], ends: frozenset[str], cancels: Iterable[Met]
) -> Times:
    """The times in which something is owed on a case, as it is known now.

    What cancels it counts here until the case was reopened. What is due once may have been due
    before the case was opened; what is due again and again is not.
    """
    found: list[tuple[datetime, datetime]] = []
    ended_at = (*(move.occurred_at for move in case.path[1:]), FOR_EVER)
    for move, end in zip(case.path, ended_at, strict=True):
        if not obligation.owed_at(move.position, ends) or move.occurred_at == end:
            continue
        start = move.occurred_at
        if found and found[-1][1] == start:
            start = found.pop()[0]
        elif move is case.path[0] and not obligation.again:
            start = NEVER
        found.append((start, end))
    back = list(reopenings(case, ends)) if found else []
    for met in cancels if back else ():
        until = next((at for at, number in back if (at, number) > met), None)
        if until is not None:
            cut = [(start, min(end, met.at)) for start, end in found if start < met.at]
            found = cut + [(max(start, until), end) for start, end in found if end > until]
    return found


def _exception(obligation: Obligation, case: Case[Any], now: datetime) -> int | None:
    """The number of the exception that stands in its place, if there is one."""
    by = obligation.excepted_by or None
    made = (one for one in reversed(case.exceptions) if one.covers(obligation.id, now, by))
    return next((one.number for one in made), None)


def _latest(obligation: Obligation, begun: Begun, case: Case[Any], now: datetime) -> Met | None:
    """What met it latest by now. Of a type of which the latest is still to come: the first."""
    if begun.met_at is not None:
        return Met(begun.met_at, begun.number + 1) if begun.met_at <= now else None
    seen = (case.by_type.get(event) for event in obligation.met_by)
    found = (one.latest if one.latest.occurred_at <= now else one.first for one in seen if one)
    done = (Met(one.occurred_at, one.number) for one in found if one.occurred_at <= now)
    return max(done, default=None)


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


def _cancelled(obligation: Obligation, case: Case[Any], ends: frozenset[str]) -> datetime | None:
    """Since when it is not owed, because of something that happened since the last reopening."""
    if not obligation.cancelled_by:
        return None
    back = max(reopenings(case, ends), default=(NEVER, 0))
    return min((met.at for met in _cancels(obligation, case) if met > back), default=None)


def _cancels(obligation: Obligation, case: Case[Any]) -> list[Met]:
    """What cancelled it: of each type the first and the latest."""
    seen = [case.first_recorded(event) for event in obligation.cancelled_by]
    seen += [case.latest_recorded(event) for event in obligation.cancelled_by]
    return sorted({Met(one.occurred_at, one.number) for one in seen if one})


def reopenings(case: Case[Any], ends: frozenset[str]) -> Iterator[tuple[datetime, int]]:
    """When a case that had ended was open again, and the number of that move."""
    for before, move in pairwise(case.path):
        if before.position in ends and move.position not in ends:
            yield move.occurred_at, move.number


def _holds(
    obligation: Obligation, case: Case[Any], now: datetime
) -> tuple[tuple[tuple[datetime, datetime], ...], bool]:
    """The times on hold that its clock does not count, and whether it stands still now."""
    if not obligation.waits_on_hold:
        return (), False
    holds, paused = [], False
    for start, end in on_hold(case):
        if end is None:
            paused = start <= now
        else:
            holds.append((start, end))
    return tuple(holds), paused
