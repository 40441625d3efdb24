"""From when to when something is to be done: the windows of each way to say by when.

A pure function of when the clock began, what met it last, and the times on hold. `clocks` and
`occasions` count with the same windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from sys import maxsize
from typing import Any, NamedTuple

from caseflow.kernel.calendar import DAYS, FIRST, LAST, MONTHS, Calendar, Span
from caseflow.kernel.erased import Erased
from caseflow.workflow.obligation import Begun, Obligation
from caseflow.workflow.timing import Between, Every, InQuarter, OnDate, Within, Yearly

NEVER = datetime.min.replace(tzinfo=UTC)
FOR_EVER = datetime.max.replace(tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


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
    holds: Sequence[tuple[datetime, datetime]]
    anew: datetime = NEVER
    """When it was owed again, after a time in which it was not."""

    @property
    def held(self) -> Iterator[tuple[datetime, datetime]]:
        """The times on hold, up to now."""
        for start, end in self.holds:
            if start <= self.now:
                yield start, min(end, self.now)

    @property
    def met_since(self) -> bool:
        """Whether something met it since its clock began, or as early as it may."""
        met, begun = self.met, self.begun
        if met is None:
            return False
        if (met.at, met.number) > (begun.at, begun.number):
            return True
        return self.obligation.early is not None and self.reach(met) >= begun.at

    def reach(self, met: Met) -> datetime:
        """The last moment for which something counts: when it was done, or as early as it may."""
        early = self.obligation.early
        return met.at if early is None else max(met.at, self.calendar.later(met.at, early))

    def end(self, day: date) -> datetime:
        """The last moment of a day."""
        return self.calendar.end_of(day)

    def start(self, day: date) -> datetime:
        """The first moment of a day."""
        before = max(day, FIRST) - timedelta(days=1)
        return self.calendar.end_of(before) + MOMENT


def _within(asked: Asked) -> Window:
    due: Any = asked.obligation.due
    base = max(asked.begun.at, asked.anew)
    due_at = _shifted(asked, base, asked.calendar.later(base, due.span), due.span)
    return Window(base, due_at, asked.met_since)


def _every(asked: Asked) -> Window:
    due: Any = asked.obligation.due
    # by the calendar what was done in the same week counts, where the case came back in it
    back = asked.obligation.by_calendar and asked.obligation.of_its_stages
    met = asked.met.at if asked.met and (back or asked.met_since) else None
    begun = max(asked.begun.at, asked.anew)
    calendar = asked.calendar
    if due.counted == "rolling":
        base = max(begun, met or begun)
        return Window(base, _shifted(asked, base, calendar.later(base, due.span), due.span))
    done = calendar.day_of(met) if met else None
    if due.counted == "fixed":
        opens_at, due_at = _fixed_period(asked, done, due.span)
        return Window(max(opens_at, begun), due_at)
    start = calendar.day_of(begun)
    after = start if done is None else _period(done, due.span, calendar)[1] + timedelta(days=1)
    opens, last = _period(max(start, after), due.span, calendar)
    for held, resumed in asked.held:  # of the period in which it was resumed, then
        if held <= asked.end(last) and resumed > asked.start(opens):
            opens, last = _period(max(calendar.day_of(resumed), opens), due.span, calendar)
    return Window(max(asked.start(opens), begun), asked.end(last))


def _between(asked: Asked) -> Window:
    due: Any = asked.obligation.due
    start = asked.calendar.day_of(asked.begun.at)
    opens = asked.start(asked.calendar.after(start, due.opens))
    return _window(asked, opens, asked.calendar.later(asked.begun.at, due.closes))


def _in_quarter(asked: Asked) -> Window:
    due: Any = asked.obligation.due
    day = asked.calendar.after(
        asked.calendar.day_of(asked.begun.at).replace(day=1), Span(due.number, "quarter")
    )
    first, last = _period(day, Span(1, "quarter"), asked.calendar)
    return _window(asked, asked.start(first), asked.end(last))  # met after it: by the history


def _yearly(asked: Asked) -> Window:
    due: Any = asked.obligation.due
    calendar, met = asked.calendar, asked.met
    start, year = calendar.day_of(asked.begun.at), 1

    def opens(year: int) -> datetime:
        days = due.before.count * DAYS[due.before.unit]
        return asked.start(calendar.after(start, Span(year, "year")) - timedelta(days=days))

    def closes(year: int) -> datetime:
        return asked.end(calendar.after(calendar.after(start, Span(year, "year")), due.after))

    if met is not None:  # the window after the one that it was done in, or late for
        year = max(calendar.day_of(met.at).year - start.year - 1, 1)
        while opens(year) <= met.at and year < LAST.year - start.year:
            year += 1
    opens_at, due_at = opens(year), closes(year)
    while due_at < asked.anew:
        year += 1
        opens_at, due_at = opens(year), closes(year)
    return Window(opens_at, due_at)


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
    is_met = asked.met is not None and asked.reach(asked.met) >= opens_at
    return Window(opens_at, due_at, is_met)


WINDOWS: dict[type, Callable[[Asked], Window | None]] = {
    Within: _within,
    Every: _every,
    Between: _between,
    Yearly: _yearly,
    InQuarter: _in_quarter,
    OnDate: _on_date,
}


_DAY, _WORKING_DAY = Span(1, "day"), Span(1, "working day")


def _shifted(
    asked: Asked, base: datetime, due_at: datetime, span: Span, due_on: date | None = None
) -> datetime:
    """A due moment, later by the time on hold before it.

    `due_on` is its day, where that may be one which the zone left out.
    """
    if not asked.holds:
        return due_at
    calendar = asked.calendar
    due_on = due_on or calendar.day_of(due_at)
    working = span.unit == "working day"
    for held, resumed in asked.held:
        start = max(held, base)
        if held > due_at or resumed <= start:
            continue
        if span.unit == "hour":
            due_at += resumed - start
            continue
        first, last = calendar.day_of(start), calendar.day_of(resumed)
        days = calendar.days_between(first, last, working=working)
        one = _WORKING_DAY if working else _DAY
        due_on = calendar.after(due_on, one, times=days)
        due_at = asked.end(due_on)
    return due_at


def _fixed_period(asked: Asked, done: date | None, span: Span) -> tuple[datetime, datetime]:
    """The first of the spans from the start that nothing was done in yet, once it is owed.

    A hold lengthens the span in which it began, and those after it begin later.
    """
    calendar = asked.calendar
    start = calendar.day_of(asked.begun.at)

    def end(index: int) -> datetime:
        if not index:
            return asked.start(start) - MOMENT
        day = calendar.after(start, span, times=index) - timedelta(days=1)
        return _shifted(asked, asked.begun.at, asked.end(day), span, day)

    settled = NEVER if done is None or done < start else asked.end(min(done, LAST))
    passed = max(settled, asked.anew, asked.begun.at)
    longest = 366 if span.unit == "year" else MONTHS.get(span.unit, 0) * 31
    longest = longest or (7 if span.unit == "week" else 1)
    index = (calendar.day_of(passed) - start).days // (longest * span.count)
    while index and end(index) >= passed:  # a hold moved it
        index -= 1
    before, due_at, last = end(index), end(index + 1), asked.end(LAST - timedelta(days=1))
    while due_at < last and (before < settled or due_at < asked.anew or due_at <= before):
        index += 1  # nor is a span counted of which the zone left out every day
        before, due_at = due_at, end(index + 1)
    return before + MOMENT, due_at


def _period(day: date, span: Span, calendar: Calendar) -> tuple[date, date]:
    """The week from Monday, the month, quarter or year in which a day is: its days."""
    if span.unit == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    months = MONTHS[span.unit]
    first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    return first, calendar.after(first, span) - timedelta(days=1)


def settling(asked: Asked, window: Window) -> Met:
    """What settles a window of what is due again and again."""
    return Met(window.due_at if asked.obligation.rolling else window.opens_at, maxsize)


def making_up(obligation: Obligation, window: Window, after: Window, stops: datetime) -> datetime:
    """Until when one time of what is due again may be made up for: till the next is due, or opens.

    `after` is the next one; it does not come where the obligation is cancelled (`stops`) before it.
    """
    if obligation.rolling:
        return FOR_EVER if window.due_at <= stops < after.due_at else after.due_at
    if isinstance(obligation.due, Yearly):
        return after.opens_at - MOMENT
    return window.due_at


def following(asked: Asked, window: Window) -> Window:
    """Of what is due again and again, the window after one: as if it were done in it."""
    met = settling(asked, window)
    found = WINDOWS[type(asked.obligation.due)](asked._replace(met=met))
    return window if found is None else found
