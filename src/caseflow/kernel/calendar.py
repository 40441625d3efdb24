"""Spans of time as an agency counts them, and the calendar in which it does.

A span is counted in days of the agency's own time zone, not in hours: what is due within 7
days is due until the end of the seventh day there, whatever daylight saving does meanwhile.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from threading import Lock
from typing import Any, Literal, Protocol, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from caseflow.kernel.errors import DefinitionError, nearest, short

Unit = Literal["hour", "day", "working day", "week", "month", "quarter", "year"]
UNITS: tuple[Unit, ...] = get_args(Unit)
MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "year": 12}
DAYS: dict[str, int] = {"day": 1, "week": 7}
MOST = 10_000
"""The longest span, in its own unit: a larger one is a slip of the hand."""
_SO_LONG = f"Give a whole number from 0 to {MOST:,}."


@attrs.frozen
class Span:
    """A length of time: `Span(7, "day")`, or in words `span_of("5 working days")`.

    `count` is from 0 to 10,000; `unit` is hour, day, working day, week, month, quarter (three
    months) or year. A day is a calendar day of the agency's time zone; a working day is one
    that its calendar says is worked on. Of a month that has no such day, the last day is
    taken: a month after 31 January is 28 or 29 February.
    """

    count: int
    unit: Unit

    def __attrs_post_init__(self) -> None:
        if type(self.count) is not int or not 0 <= self.count <= MOST:
            raise _no_span(self.count, _SO_LONG)
        if self.unit not in UNITS:
            raise _no_span(self.unit, f"Give one of these units: {', '.join(UNITS)}.")

    def __str__(self) -> str:
        """In words: `1 day`, `5 working days`."""
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


def span_of(given: object) -> Span:
    """The span that words say: `7 days`, `one week`, `5 working days`, `3 months`.

    A `Span` comes back as it is, and a `timedelta` of whole hours as such a span. Raises
    `DefinitionError`.
    """
    if isinstance(given, Span):
        return given
    if isinstance(given, timedelta) and given % timedelta(hours=1) == timedelta(0) <= given:
        hours = given // timedelta(hours=1)
        return Span(hours, "hour") if hours % 24 else Span(hours // 24, "day")
    count, _, unit = given.strip().partition(" ") if isinstance(given, str) else ("", "", "")
    count, unit = "1" if count == "one" else count, unit.strip().removesuffix("s")
    if not (count.isascii() and count.isdigit()) or unit not in UNITS:
        close = f" {nearest(unit, UNITS)}" if unit and unit not in UNITS else ""
        raise _no_span(given, f"Say a number and a unit, like '5 working days'.{close}")
    if len(count) > len(str(MOST)):  # Python itself refuses to read very many digits
        raise _no_span(given, _SO_LONG)
    return Span(int(count), unit)


class WorkingDays(Protocol):
    """What knows which days are worked on: what `holidays.country_holidays("US")` gives."""

    def get_nth_working_day(self, key: Any, n: int, /) -> date:
        """The n-th working day after a day."""
        ...

    def is_working_day(self, key: Any, /) -> bool:
        """Whether a day is worked on."""
        ...


def _zone(name: object) -> str:
    if not isinstance(name, str):
        raise _no_zone(name)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _no_zone(name) from error
    return name


@attrs.frozen
class Calendar:
    """How an agency counts days: its time zone, and the days on which it works.

    `zone` is the name of a time zone (IANA), such as `"America/New_York"`. `working_days`
    knows weekends and holidays: what the library `holidays` gives for a country and its
    parts, or anything with its two methods (None: nothing may be counted in working days).
    Raises `DefinitionError` for a zone that is not known here, and for what cannot tell one
    working day.
    """

    zone: str = attrs.field(default="UTC", converter=_zone)
    working_days: WorkingDays | None = attrs.field(default=None, kw_only=True, hash=False)
    _place: ZoneInfo = attrs.field(init=False, repr=False, eq=False)
    _nth: Callable[[date, int], date] = attrs.field(init=False, repr=False, eq=False)
    _end: Callable[[date], datetime] = attrs.field(init=False, repr=False, eq=False)
    _there: Callable[[date], datetime] = attrs.field(init=False, repr=False, eq=False)
    _worked: Callable[[date, date], int] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        given = self.working_days
        problem = None if given is None else _no_working_days(given)
        if problem is not None:
            raise DefinitionError(
                what=f"The calendar has working_days={short(given)}, which",
                problem=problem,
                repair="Give holidays.country_holidays('US'), with your own country.",
            )
        place, lock = ZoneInfo(self.zone), Lock()

        # Such a calendar makes itself as it is asked, a year at a time: one thread at a time.
        def nth(day: date, count: int) -> date:
            if given is None:
                raise no_working_days("A span")
            with lock:
                return given.get_nth_working_day(day, count)

        def worked(first: date, last: date) -> int:
            if given is None:
                raise no_working_days("A span")
            days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
            with lock:
                return sum(map(given.is_working_day, days))

        def end(day: date) -> datetime:
            day = min(day, LAST)
            midnight = datetime.combine(day + timedelta(days=1), time(0), place)
            return midnight.astimezone(UTC) - timedelta(microseconds=1)

        def there(day: date) -> datetime:
            day = max(day, FIRST)
            while day < LAST and end(day) == end(day - timedelta(days=1)):
                day += timedelta(days=1)  # a day that the zone left out
            return end(day)

        object.__setattr__(self, "_place", place)
        object.__setattr__(self, "_nth", lru_cache(maxsize=4096)(nth))
        object.__setattr__(self, "_end", lru_cache(maxsize=4096)(end))
        object.__setattr__(self, "_there", lru_cache(maxsize=4096)(there))
        object.__setattr__(self, "_worked", lru_cache(maxsize=4096)(worked))

    def __reduce__(self) -> tuple[Callable[..., Calendar], tuple[str, WorkingDays | None]]:
        return _calendar, (self.zone, self.working_days)

    def day_of(self, moment: datetime) -> date:
        """The day that it is in the agency's time zone, at a moment."""
        try:
            return moment.astimezone(self._place).date()
        except OverflowError:  # on the first or last day there is
            return FIRST if moment.year == 1 else LAST

    def here(self, moment: datetime) -> datetime:
        """A moment, as the clocks of the agency show it."""
        try:
            return moment.astimezone(self._place)
        except OverflowError:  # on the first or last day there is
            return moment

    def end_of(self, day: date) -> datetime:
        """The last moment of a day there, in UTC."""
        return self._end(day)

    def after(self, day: date, span: Span, *, times: int = 1) -> date:
        """The day so long after a day, or so many times that. Hours are no days: none."""
        count, unit = span.count * times, span.unit
        try:
            if unit in DAYS:
                return day + timedelta(days=count * DAYS[unit])
            if unit in MONTHS:
                return _months_after(day, count * MONTHS[unit])
            return self._nth(day, count) if unit == "working day" else day
        except (OverflowError, ValueError):  # past the last day there is
            if unit == "working day" and day.year < LAST.year - MOST // 200:
                raise  # it is the working days that are at fault
            return LAST

    def later(self, moment: datetime, span: Span) -> datetime:
        """So long after a moment: to the moment for hours, and else to the end of a day."""
        if span.unit == "hour":
            return min(moment, LATEST) + timedelta(hours=span.count)
        return self._there(self.after(self.day_of(moment), span))

    def days_between(self, first: date, last: date, *, working: bool) -> int:
        """How many days there are after the first, up to the last: all, or those worked on."""
        return self._worked(first, last) if working else max((last - first).days, 0)


def _calendar(zone: str, working_days: WorkingDays | None) -> Calendar:
    """A calendar as it was pickled: without what it has worked out since."""
    return Calendar(zone, working_days=working_days)


def _no_working_days(given: Any) -> str | None:
    """What keeps something from counting working days, as far as one day tells."""
    if isinstance(given, type):
        return "is a class"
    for name in ("get_nth_working_day", "is_working_day"):
        if not callable(getattr(given, name, None)):
            return f"has no method {name}"
    try:
        after, worked = given.get_nth_working_day(_A_DAY, 1), given.is_working_day(_A_DAY)
    except Exception as error:  # foreign code
        return f"cannot count ({type(error).__name__})"
    if not isinstance(after, date) or isinstance(after, datetime) or after <= _A_DAY:
        return f"says that the working day after {_A_DAY} is {short(after)}"
    if not isinstance(worked, int):
        return f"says of {_A_DAY} that it is a working day: {short(worked)}"
    return None


_A_DAY = date(2026, 3, 2)

LAST = date.max - timedelta(days=2)
"""The last day that is counted with: it has an end in every time zone."""
FIRST = date.min + timedelta(days=2)
"""The first day that is counted with."""
LATEST = datetime.combine(LAST, time(0), UTC) - timedelta(hours=MOST)


def _months_after(day: date, months: int) -> date:
    """So many months later, on the same day of the month, or else on its last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > LAST.year:
        raise OverflowError
    return min(date(year, month + 1, min(day.day, monthrange(year, month + 1)[1])), LAST)


def no_working_days(what: str) -> DefinitionError:
    """The error of what counts working days, with a calendar that knows none."""
    return DefinitionError(
        what=what,
        problem="counts working days, and the workflow's calendar does not know which these are",
        repair="Give it calendar=Calendar(zone, working_days=holidays.country_holidays('US')), "
        "with your own zone and country.",
    )


def _no_span(given: object, repair: str) -> DefinitionError:
    return DefinitionError(
        what=f"The span {short(given)}", problem="is no length of time", repair=repair
    )


def _no_zone(given: object) -> DefinitionError:
    return DefinitionError(
        what=f"The time zone {short(given)}",
        problem="is not known here",
        repair="Give the name of one, like 'America/New_York'; on a system that has none, "
        "install the package tzdata.",
    )
