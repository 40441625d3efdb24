"""What came of each time that something was due: kept, late, missed, excused.

A pure function of the history, the workflow and a moment. The case is walked through as things
occurred, so that clocks that began anew since are told of too; each clock is then counted with
the windows by which it stands (`clocks`). It costs as much as the history is long: it is a
report, and no part of a decision.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from sys import maxsize
from typing import Any, Literal

import attrs

from caseflow.kernel.case import Case, ExceptionInForce, empty, evolve, fold, occurred
from caseflow.kernel.events import ExceptionMade
from caseflow.kernel.recorded import AnyRecorded
from caseflow.workflow.clocks import WINDOWS, Asked, Met, Window, following, reopenings
from caseflow.workflow.failing import begun_of
from caseflow.workflow.obligation import Begun, Obligation, Yearly, on_hold

OccasionOutcome = Literal[
    "kept", "late", "missed", "excused", "cancelled", "lapsed", "overdue", "open"
]
_FOR_EVER = datetime.max.replace(tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)


@attrs.frozen(kw_only=True)
class Occasion:
    """One time that something was due on a case, and what came of it.

    `kept`: it was done in time, with the event `met`. `late`: it was done afterwards. `missed`:
    it was not done, and what is done now counts for a later time, or it is owed no longer.
    `excused`: an exception stands in its place (event `exception`). `cancelled`: something had
    happened by then since which it is not owed. `lapsed`: the case had ended by then, or left
    the stages in which it is owed, or the clock began anew (what is due once, also where that
    was before its window opened). `overdue` and `open`: it is still
    to be done. Of several in a row that were cancelled or lapsed, the first is told.
    """

    obligation: Obligation
    outcome: OccasionOutcome
    since: int
    opens_at: datetime
    due_at: datetime
    about: str = ""
    met: int | None = None
    met_at: datetime | None = None
    exception: int | None = None


def occasions(workflow: Any, history: Iterable[AnyRecorded], now: datetime) -> tuple[Occasion, ...]:
    """Every time that an obligation was due by a moment, is due then, or lapsed; soonest first.

    `history` is the whole history as it was recorded. What occurred after `now` is left out.
    How one is counted that is due again and again: by the calendar or in fixed spans, what is
    done keeps the span that it lies in. From the last time it was done (`rolling`), each time
    it is done keeps a span, or is late for it; where nothing was done for a whole span more,
    it was missed, and is due again. Of a year, what is done late counts until the next window
    opens.
    """
    events = occurred(history, now)
    if not events:
        return ()
    case = fold(events, workflow.state())
    report = _Report(workflow, case, events, now)
    found = [one for clock in _clocks(workflow, case, events) for one in report.of(clock)]
    return tuple(sorted(found, key=lambda one: one.due_at))


# -- the clocks that ran ---------------------------------------------------------------------


@attrs.define
class _Clock:
    """A clock that ran, and the times in which what it counts was owed."""

    obligation: Obligation
    begun: Begun
    gone: tuple[datetime, int] = (_FOR_EVER, 0)
    """When it was there no longer, and the number of the event that made it so."""
    times: list[tuple[datetime, datetime]] = attrs.field(factory=list)

    def saw(self, at: datetime, *, owed: bool) -> None:
        """It is there from a moment on, and what it counts is owed, or not."""
        running = bool(self.times) and self.times[-1][1] == _FOR_EVER
        if owed and not running:
            self.times.append((at, _FOR_EVER))
        elif running and not owed:
            start, _ = self.times.pop()
            if start < at:
                self.times.append((start, at))

    @property
    def until(self) -> datetime:
        """When what it counts was owed last."""
        return self.times[-1][1]


def _clocks(workflow: Any, case: Case[Any], events: Sequence[AnyRecorded]) -> Iterable[_Clock]:
    """Every clock that ran on a case while something was owed by it."""
    found: dict[tuple[str, int, str], _Clock] = {}
    there: set[tuple[str, int, str]] = set()
    for recorded, then in _as_it_occurred(workflow, case, events):
        at, position = recorded.occurred_at, then.position or ""
        now_there = set()
        for one in workflow.obligations:
            owed = bool(then.path) and one.owed_at(position, workflow.ends)
            for begun in begun_of(one, then, workflow.ends):
                key = (one.id, begun.number, begun.about)
                clock = found.setdefault(key, _Clock(one, begun))
                clock.begun, clock.gone = begun, (_FOR_EVER, 0)
                clock.saw(at, owed=owed)
                now_there.add(key)
        for key in there - now_there:
            found[key].gone = at, recorded.number
            found[key].saw(at, owed=False)
        there = now_there
    return [clock for clock in found.values() if clock.times]


def _as_it_occurred(
    workflow: Any, case: Case[Any], events: Sequence[AnyRecorded]
) -> Iterator[tuple[AnyRecorded, Case[Any]]]:
    """The case after each event, in the order in which things occurred, as known now."""
    on_path = {move.number for move in case.path}
    then = empty(events, workflow.state())
    for recorded in sorted(events, key=lambda one: (one.occurred_at, one.number)):
        superseded = recorded.stage is not None and recorded.number not in on_path
        then = evolve(then, recorded._replace(stage=None) if superseded else recorded)
        yield recorded, then


# -- what came of them -----------------------------------------------------------------------


@attrs.define
class _Time:
    """One time that something is due: its window, until when it may be made up for."""

    window: Window
    made_up_by: datetime
    done: Met | None = None


class _Report:
    """What is counted with: the history by what it says of obligations."""

    def __init__(
        self, workflow: Any, case: Case[Any], events: Sequence[AnyRecorded], now: datetime
    ) -> None:
        self._calendar, self._now = workflow.calendar, now
        self._events = events
        self._met: dict[tuple[type[Any], ...], list[Met]] = {}
        self._back = list(reopenings(case, workflow.ends))
        holds = ((start, end or max(start, now)) for start, end in on_hold(case))
        self._holds = tuple(holds)
        made = (one for one in events if type(one.event) is ExceptionMade)
        self._made = [
            (one.occurred_at, in_force) for one, in_force in zip(made, case.exceptions, strict=True)
        ]

    def of(self, clock: _Clock) -> Iterator[Occasion]:
        """Every time that a clock says, with what came of it."""
        cancels = self._met_by(clock.obligation.cancelled_by)
        before = ""
        for time in self._times(clock):
            outcome, exception = self._outcome(clock, time, cancels)
            if outcome != before or outcome not in ("cancelled", "lapsed"):
                yield Occasion(
                    obligation=clock.obligation,
                    outcome=outcome,
                    since=clock.begun.number,
                    opens_at=time.window.opens_at,
                    due_at=time.window.due_at,
                    about=clock.begun.about,
                    met=time.done.number if time.done else None,
                    met_at=time.done.at if time.done else None,
                    exception=exception,
                )
            before = outcome

    def _met_by(self, types: tuple[type[Any], ...]) -> list[Met]:
        """The events of some types, as they occurred. Many clocks may ask for the same ones."""
        if types not in self._met:
            found = (one for one in self._events if type(one.event) in types)
            self._met[types] = sorted(Met(one.occurred_at, one.number) for one in found)
        return self._met[types]

    def _done(self, clock: _Clock) -> Sequence[Met]:
        """What may meet what a clock counts: what was done while it was there."""
        one, begun = clock.obligation, clock.begun
        if begun.met_at is not None:
            return (Met(begun.met_at, begun.number + 1),)
        found = self._met_by(one.met_by)
        start = 0 if one.early or one.in_window else bisect_left(found, Met(begun.at, 0))
        return found[start : bisect_right(found, Met(*clock.gone))]

    def _times(self, clock: _Clock) -> Iterator[_Time]:
        """The times that it is due by a clock, with what was done for each."""
        one, done, last = clock.obligation, self._done(clock), min(clock.until, self._now)
        holds = self._holds if one.waits_on_hold else ()
        asked = Asked(one, clock.begun, None, self._now, self._calendar, holds)
        if one.again:
            yield from _again(asked, done, last)
            return
        window = WINDOWS[type(one.due)](asked)
        met = next((met for met in done if _meets(asked, met)), None)
        over = clock.until <= self._now
        if window is not None and (met or over or window.opens_at <= last):
            yield _Time(window, window.due_at if one.only_in_time else _FOR_EVER, met)

    def _outcome(
        self, clock: _Clock, time: _Time, cancels: list[Met]
    ) -> tuple[OccasionOutcome, int | None]:
        """What came of one time, and the number of the exception in its place."""
        due_at, made_up_by, now = time.window.due_at, time.made_up_by, self._now
        judged = min(max(made_up_by, due_at), clock.until, now)
        exception = self._excused(clock.obligation, due_at, judged)
        fell = any(start <= made_up_by and end > due_at for start, end in clock.times)
        if time.done and time.done.at <= due_at:
            return "kept", None
        if exception is not None and exception.due_on:
            return "excused", exception.number
        if time.done:
            return "late", None
        if any(met.at < due_at and not self._reopened(met, judged) for met in cancels):
            return "cancelled", None
        if not fell if due_at < now else clock.until <= now:
            return "lapsed", None
        if exception is not None:
            return "excused", exception.number
        if due_at >= now:
            return "open", None
        still = made_up_by >= now and clock.until == _FOR_EVER
        return ("overdue" if still and made_up_by > due_at else "missed"), None

    def _reopened(self, cancelled: Met, by: datetime) -> bool:
        """Whether the case was reopened after something cancelled what is owed."""
        return any(cancelled < back and back[0] <= by for back in self._back)

    def _excused(
        self, obligation: Obligation, due_at: datetime, judged: datetime
    ) -> ExceptionInForce | None:
        """The exception that stands in its place: one made to this time alone, or in force then."""
        day, by = self._calendar.day_of(due_at), obligation.excepted_by or None
        for _, made in reversed(self._made):
            if made.rule == obligation.id and made.due_on == day and by in made.roles:
                return made
        for made_at, made in reversed(self._made):
            if made_at <= judged and made.covers(obligation.id, judged, by):
                return made
        return None


def _meets(asked: Asked, met: Met) -> bool:
    """Whether something that was done meets what is due once."""
    window = WINDOWS[type(asked.obligation.due)](asked._replace(met=met))
    late = window is not None and met.at > window.due_at
    return window is not None and window.met and not (late and asked.obligation.only_in_time)


def _again(asked: Asked, done: Sequence[Met], last: datetime) -> Iterator[_Time]:
    """The times of what is due again and again, up to a moment, with what was done for each."""
    due: Any = asked.obligation.due
    rolling, yearly = asked.obligation.rolling, isinstance(due, Yearly)
    plain = asked._replace(holds=())
    left = list(reversed(done))  # what was done and is not counted yet, the next of it last
    after: Met | None = None
    missed = False
    while True:
        usual, window = (_window(one._replace(met=after)) for one in (plain, asked))
        skipped = usual.opens_at < window.opens_at  # the case was on hold meanwhile
        next_one = following(asked, window)
        made_up_by = usual.due_at if skipped else window.due_at
        if rolling or yearly:
            made_up_by = next_one.due_at if rolling else next_one.opens_at - _MOMENT
        while left and _window(plain._replace(met=left[-1])).opens_at <= usual.opens_at:
            left.pop()  # it was done before the window, or beside what was counted
        met = left.pop() if left and left[-1].at <= made_up_by else None
        if met is None and (window.due_at if missed else window.opens_at) > last:
            return
        if met is not None or not skipped:
            yield _Time(usual if skipped else window, made_up_by, met)
        if next_one.due_at <= window.due_at:  # on the last day there is
            return
        missed = rolling and met is None
        after = met if rolling else None
        after = after or Met(window.due_at if rolling else usual.opens_at, maxsize)


def _window(asked: Asked) -> Window:
    """The window of what is due again and again: there always is one."""
    found = WINDOWS[type(asked.obligation.due)](asked)
    return found or Window(asked.begun.at, asked.begun.at)
