"""How an obligation stands at a moment: open, overdue, met, missed, or no longer owed.

A pure function of the case, the workflow and the moment. It looks at the first and latest of
the event types that it needs, and at the path, so that it costs the same however long the
history is. Only how late something was met needs the events in between (`histories`). What
came of each week or year is told by `occasions`, which counts with the same windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from sys import maxsize
from typing import Any, Literal, NamedTuple

import attrs

from caseflow.kernel.calendar import DAYS, FIRST, LAST, MONTHS, Calendar, Span
from caseflow.kernel.case import Case
from caseflow.kernel.erased import Erased
from caseflow.kernel.recorded import AnyRecorded
from caseflow.workflow.failing import Failing, begun_of
from caseflow.workflow.obligation import (
    Begun,
    Between,
    Every,
    InQuarter,
    Obligation,
    OnDate,
    Within,
    Yearly,
    on_hold,
)

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


class Window(NamedTuple):
    """From when to when something is to be done, and whether it was."""

    opens_at: datetime
    due_at: datetime
    met: bool = False


class Met(NamedTuple):
    """The event that met an obligation latest: when, and its number."""

    at: datetime
    number: int


class Asked(NamedTuple):
    """All that a window is worked out from."""

    obligation: Obligation
    begun: Begun
    met: Met | None
    now: datetime
    calendar: Calendar
    holds: tuple[tuple[datetime, datetime], ...]

    @property
    def met_since(self) -> bool:
        """Whether something met it since its clock began, or as early as it may."""
        met, begun = self.met, self.begun
        if met is None:
            return False
        if (met.at, met.number) > (begun.at, begun.number):
            return True
        early = self.obligation.early
        return early is not None and self.calendar.later(met.at, early) >= begun.at

    def end(self, day: date) -> datetime:
        """The last moment of a day."""
        return self.calendar.end_of(day)

    def start(self, day: date) -> datetime:
        """The first moment of a day."""
        before = max(day, FIRST) - timedelta(days=1)
        return self.calendar.end_of(before) + timedelta(microseconds=1)


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
    met = _latest(obligation, begun, case)
    holds, paused = _holds(obligation, case, now)
    asked = Asked(obligation, begun, met, now, workflow.calendar, holds)
    found = WINDOWS[type(obligation.due)](asked)
    if found is None:  # the date by which it is due was erased, or never given
        found, left = Window(begun.at, begun.at), _NEVER
    excused = _excused(obligation, case) if case.exceptions else None
    if excused and not found.met:
        found = _not_excused(asked, found, excused)
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


_NEVER = datetime.min.replace(tzinfo=UTC)


def _left(obligation: Obligation, case: Case[Any], ends: frozenset[str]) -> datetime:
    """When it was owed last, on a case where it is no longer."""
    left = _NEVER
    for move in reversed(case.path):
        if obligation.owed_at(move.position, ends):
            return left
        left = move.occurred_at
    return _NEVER


def _excused(obligation: Obligation, case: Case[Any]) -> dict[date, int]:
    """The days due on which an exception excuses it, and the numbers of these exceptions."""
    made = (one for one in case.exceptions if one.rule == obligation.id)
    by = obligation.excepted_by
    return {one.due_on: one.number for one in made if one.due_on is not None and by in one.roles}


def _not_excused(asked: Asked, found: Window, excused: Mapping[date, int]) -> Window:
    """Of what is due again and again, the first that is not excused; else what was found."""
    while asked.obligation.again and asked.calendar.day_of(found.due_at) in excused:
        after = following(asked, found)
        if after.due_at <= found.due_at:  # on the last day there is
            break
        found = after
    return found


def following(asked: Asked, window: Window) -> Window:
    """Of what is due again and again, the window after one: as if it were done in it."""
    met = Met(window.due_at if asked.obligation.rolling else window.opens_at, maxsize)
    found = WINDOWS[type(asked.obligation.due)](asked._replace(met=met))
    return window if found is None else found


def _exception(obligation: Obligation, case: Case[Any], now: datetime) -> int | None:
    """The number of the exception that stands in its place, if there is one."""
    by = obligation.excepted_by or None
    made = (one for one in reversed(case.exceptions) if one.covers(obligation.id, now, by))
    return next((one.number for one in made), None)


def _latest(obligation: Obligation, begun: Begun, case: Case[Any]) -> Met | None:
    """What met it latest."""
    if begun.met_at is not None:
        return Met(begun.met_at, begun.number + 1)
    seen = (case.latest_recorded(event) for event in obligation.met_by)
    return max((Met(one.occurred_at, one.number) for one in seen if one), default=None)


def _when_met(asked: Asked, histories: Histories | None) -> Met | None:
    """The first event that met it since its clock began, as far as that is known."""
    if histories is None or asked.begun.met_at is not None:
        return asked.met
    events = (one for event in asked.obligation.met_by for one in histories.get(event, ()))
    done = sorted(Met(one.occurred_at, one.number) for one in events)
    return next((met for met in done if (window := _met_by(asked, met)) and window.met), asked.met)


def _met_by(asked: Asked, met: Met) -> Window | None:
    return WINDOWS[type(asked.obligation.due)](asked._replace(met=met))


def _cancelled(obligation: Obligation, case: Case[Any], ends: frozenset[str]) -> datetime | None:
    """Since when it is not owed, because of something that happened since the last reopening."""
    if not obligation.cancelled_by:
        return None
    back = max(reopenings(case, ends), default=(_NEVER, 0))
    seen = [case.first_recorded(event) for event in obligation.cancelled_by]
    seen += [case.latest_recorded(event) for event in obligation.cancelled_by]
    since = (one.occurred_at for one in seen if one and (one.occurred_at, one.number) > back)
    return min(since, default=None)


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


# -- the windows -----------------------------------------------------------------------------


def _within(asked: Asked) -> Window:
    due: Any = asked.obligation.due
    base = asked.begun.at
    due_at = _shifted(asked, base, asked.calendar.later(base, due.span), due.span)
    return Window(base, due_at, asked.met_since)


def _every(asked: Asked) -> Window:
    due: Any = asked.obligation.due
    met = asked.met.at if asked.met is not None and asked.met_since else None
    base = max(asked.begun.at, met or asked.begun.at)
    if due.counted == "rolling":
        return Window(base, _shifted(asked, base, asked.calendar.later(base, due.span), due.span))
    calendar = asked.calendar
    start = calendar.day_of(asked.begun.at)
    done = calendar.day_of(met) if met else None
    if due.counted == "fixed":
        opens, last = _fixed_period(start, done, due.span, calendar)
        due_at = _shifted(asked, asked.start(opens), asked.end(last), due.span)
        return Window(max(asked.start(opens), asked.begun.at), due_at)
    after = start if done is None else _period(done, due.span, calendar)[1] + timedelta(days=1)
    opens, last = _period(max(start, after), due.span, calendar)
    for held, resumed in asked.holds:  # of the period in which it was resumed, then
        if held <= asked.end(last) and resumed > asked.start(opens):
            opens, last = _period(max(calendar.day_of(resumed), opens), due.span, calendar)
    return Window(max(asked.start(opens), asked.begun.at), asked.end(last))


def _between(asked: Asked) -> Window:
    due: Any = asked.obligation.due
    start = asked.calendar.day_of(asked.begun.at)
    opens = asked.start(asked.calendar.after(start, due.opens))
    return _window(asked, opens, asked.end(asked.calendar.after(start, due.closes)))


def _in_quarter(asked: Asked) -> Window:
    due: Any = asked.obligation.due
    day = asked.calendar.after(
        asked.calendar.day_of(asked.begun.at).replace(day=1), Span(due.number, "quarter")
    )
    first, last = _period(day, Span(1, "quarter"), asked.calendar)
    return _window(asked, asked.start(first), asked.end(last))  # met after it: by the history


def _yearly(asked: Asked) -> Window:
    due: Any = asked.obligation.due
    calendar = asked.calendar
    start, met, year = calendar.day_of(asked.begun.at), asked.met, 1
    opens = asked.start(_before(calendar, start, year, due.before))
    if met is not None:  # the window after the one that it was done in, or late for
        year = max(calendar.day_of(met.at).year - start.year - 1, 1)
        opens = asked.start(_before(calendar, start, year, due.before))
        while opens <= met.at and year < LAST.year - start.year:
            year += 1
            opens = asked.start(_before(calendar, start, year, due.before))
    anniversary = calendar.after(start, Span(year, "year"))
    return Window(opens, asked.end(calendar.after(anniversary, due.after)))


def _on_date(asked: Asked) -> Window | None:
    due: Any = asked.obligation.due
    day: Any = getattr(asked.begun.event, due.field, None)
    if isinstance(day, datetime):
        day = asked.calendar.day_of(day)
    if not isinstance(day, date) or isinstance(day, Erased):
        return None
    due_at = asked.end(day)  # a day that had passed when it was set is due at once
    return Window(min(asked.begun.at, due_at), due_at, asked.met_since)


def _window(asked: Asked, opens_at: datetime, due_at: datetime) -> Window:
    """A window that is met by what was done since it opened, or as early as it may."""
    met, early = asked.met, asked.obligation.early
    is_met = met is not None and (
        met.at >= opens_at
        or (early is not None and asked.calendar.later(met.at, early) >= opens_at)
    )
    return Window(opens_at, due_at, is_met)


WINDOWS: dict[type, Callable[[Asked], Window | None]] = {
    Within: _within,
    Every: _every,
    Between: _between,
    Yearly: _yearly,
    InQuarter: _in_quarter,
    OnDate: _on_date,
}


def _before(calendar: Calendar, start: date, year: int, before: Span) -> date:
    """The first day of the window around an anniversary."""
    return calendar.after(start, Span(year, "year")) - timedelta(
        days=before.count * DAYS[before.unit]
    )


def _shifted(asked: Asked, base: datetime, due_at: datetime, span: Span) -> datetime:
    """A due moment, later by the time on hold before it."""
    calendar = asked.calendar
    working = span.unit == "working day"
    for held, resumed in asked.holds:
        start = max(held, base)
        if held > due_at or resumed <= start:
            continue
        if span.unit == "hour":
            due_at += resumed - start
            continue
        first, last = calendar.day_of(start), calendar.day_of(resumed)
        days = calendar.days_between(first, last, working=working)
        one = Span(1, "working day") if working else Span(1, "day")
        due_at = asked.end(calendar.after(calendar.day_of(due_at), one, times=days))
    return due_at


def _fixed_period(
    start: date, done: date | None, span: Span, calendar: Calendar
) -> tuple[date, date]:
    """The first of the spans from the start that nothing was done in yet; its days."""
    index = 0
    if done is not None and done >= start:
        done = min(done, LAST - timedelta(days=1))
        longest = 366 if span.unit == "year" else MONTHS.get(span.unit, 0) * 31
        longest = longest or (7 if span.unit == "week" else 1)
        index = (done - start).days // (longest * span.count)  # at or before the one it is in
        while calendar.after(start, span, times=index) <= done:
            index += 1
    opens = calendar.after(start, span, times=index)
    return opens, calendar.after(start, span, times=index + 1) - timedelta(days=1)


def _period(day: date, span: Span, calendar: Calendar) -> tuple[date, date]:
    """The week from Monday, the month, quarter or year in which a day is: its days."""
    if span.unit == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    months = MONTHS[span.unit]
    first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    return first, calendar.after(first, span) - timedelta(days=1)
