"""What came of each time that something was due: kept, late, missed, excused.

A pure function of the history, the workflow and a moment. The case is walked through as things
occurred, so that clocks that began anew since are told of too; each clock is then counted with
the windows by which it stands (`clocks`). It costs as much as the history is long: it is a
report, and no part of a decision.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Literal

import attrs

from caseflow.kernel.case import Case, ExceptionInForce, NoState, empty, evolve, fold
from caseflow.kernel.history import effective, occurred
from caseflow.kernel.recorded import AnyRecorded
from caseflow.workflow.course import (
    Times,
    cancelled,
    counting,
    course_of,
    done_of,
    holds_of,
    once,
    owed_again,
    owed_times,
    places_of,
    uncancelled,
    was_owed,
    within_times,
)
from caseflow.workflow.failing import begun_of
from caseflow.workflow.obligation import Begun, Obligation
from caseflow.workflow.windows import (
    FOR_EVER,
    MOMENT,
    NEVER,
    WINDOWS,
    Asked,
    Met,
    Window,
    following,
    making_up,
    settling,
)

OccasionOutcome = Literal[
    "kept", "late", "missed", "excused", "cancelled", "lapsed", "overdue", "open"
]


@attrs.frozen(kw_only=True)
class Occasion:
    """One time that something was due on a case, and what came of it.

    `kept`: it was done in time, with the event `met` (None where a thing tells itself when it
    was). `late`: it was done afterwards. `missed`: it was not done, and what is done now counts
    for a later time, or it is owed no longer. `excused`: an exception stands in its place (event
    `exception`). `cancelled`: something had happened by then since which it is not owed. `lapsed`:
    the case had ended by then, or left the stages in which it is owed, or the clock began anew
    (what is due once, also where that was before its window opened). `overdue` and `open`: it is
    still to be done. Of several in a row that were cancelled or lapsed, the first is told.
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
    standing = effective(history)
    events = occurred(standing, now)
    if not events:
        return ()
    case = fold(events, NoState())
    report = _Report(workflow, case, events, now)
    clocks = (*_clocks(workflow, case, events), *_clocks_of_things(workflow, standing, now))
    found = [one for clock in clocks for one in report.of(clock)]
    return tuple(sorted(found, key=lambda one: one.due_at))


# -- the clocks that ran ---------------------------------------------------------------------


@attrs.define
class _Clock:
    """A clock that ran."""

    obligation: Obligation
    begun: Begun
    gone: tuple[datetime, int] = (FOR_EVER, 0)
    """When it was there no longer, and the number of the event that made it so."""
    places: Times = ()
    """When the case was where what it counts is owed."""
    times: Times = ()
    """When what it counts was owed."""
    cancels: Sequence[Met] = ()

    @property
    def until(self) -> datetime:
        """When what it counts was owed last."""
        return self.times[-1][1]


class _Clocks:
    """The clocks of some obligations that are seen as a case is walked through."""

    def __init__(self, workflow: Any, *, of_things: bool) -> None:
        its = workflow.obligations
        self.obligations = [one for one in its if one.starts.of_things is of_things]
        self._ends = workflow.ends
        self.found: dict[tuple[str, int, str], _Clock] = {}
        self._there: set[tuple[str, int, str]] = set()

    def see(self, case: Case[Any], at: datetime, number: int) -> None:
        """What is there after an event, and what is there no longer."""
        there = set()
        for one in self.obligations:
            for begun in begun_of(one, case, self._ends):
                key = (one.id, begun.number, begun.about)
                clock = self.found.setdefault(key, _Clock(one, begun))
                clock.begun, clock.gone = begun, (FOR_EVER, 0)
                there.add(key)
        for key in self._there - there:
            self.found[key].gone = at, number
        self._there = there


def _clocks(workflow: Any, case: Case[Any], events: Sequence[AnyRecorded]) -> Iterable[_Clock]:
    """Every clock that an event or a move began, as things occurred."""
    clocks = _Clocks(workflow, of_things=False)
    for recorded, then in _as_it_occurred(case, events):
        clocks.see(then, recorded.occurred_at, recorded.number)
    return clocks.found.values()


def _clocks_of_things(
    workflow: Any, standing: Sequence[AnyRecorded], now: datetime
) -> Iterable[_Clock]:
    """Every clock of a thing of the case: its state is folded in the order of recording."""
    clocks = _Clocks(workflow, of_things=True)
    if not clocks.obligations:
        return
    then = empty(standing, workflow.state())
    for recorded in standing:
        then = evolve(then, recorded)
        clocks.see(then, recorded.occurred_at, recorded.number)
    for clock in clocks.found.values():
        if clock.begun.at <= now:
            yield clock


def _as_it_occurred(
    case: Case[Any], events: Sequence[AnyRecorded]
) -> Iterator[tuple[AnyRecorded, Case[Any]]]:
    """The case after each event, in the order in which things occurred, as known now."""
    on_path = {move.number for move in case.path}
    then: Case[Any] = empty(events, NoState())
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
        self._course, self._events = course_of(case, workflow.ends), events
        self._met: dict[tuple[type[Any], ...], list[Met]] = {}
        self._made = case.exceptions

    def of(self, clock: _Clock) -> Iterator[Occasion]:
        """Every time that a clock says, with what came of it."""
        begun, gone = clock.begun, clock.gone[0]
        places = within_times(owed_times(clock.obligation, self._course), NEVER, gone)
        clock.places = places_of(begun, places, self._now)
        clock.cancels = self._met_by(clock.obligation.cancelled_by)
        times = uncancelled(clock.places, self._course, clock.cancels)
        clock.times = within_times(times, begun.at, gone)
        before = ""
        for time in self._times(clock) if clock.times else ():
            outcome, exception = self._outcome(clock, time)
            met = time.done if outcome in ("kept", "late", "excused") else None
            if outcome != before or outcome not in ("cancelled", "lapsed"):
                yield Occasion(
                    obligation=clock.obligation,
                    outcome=outcome,
                    since=clock.begun.number,
                    opens_at=time.window.opens_at,
                    due_at=time.window.due_at,
                    about=clock.begun.about,
                    met=met.number if met and clock.begun.met_at is None else None,
                    met_at=met.at if met else None,
                    exception=exception,
                )
            before = outcome

    def _met_by(self, types: tuple[type[Any], ...]) -> list[Met]:
        """The events of some types, as they occurred. Many clocks may ask for the same ones."""
        if types not in self._met:
            found = (one for one in self._events if type(one.event) in types)
            self._met[types] = sorted(Met(one.occurred_at, one.number) for one in found)
        return self._met[types]

    def _times(self, clock: _Clock) -> Iterator[_Time]:
        """The times that it is due by a clock, with what was done for each."""
        one, last = clock.obligation, min(clock.until, self._now)
        holds = holds_of(one, self._course)
        asked = Asked(one, clock.begun, None, self._now, self._calendar, holds)
        found = self._met_by(one.met_by)
        all_counts = one.early or one.in_window or one.of_its_stages
        start = 0 if all_counts else bisect_left(found, Met(clock.begun.at, 0))
        found = found[start : bisect_right(found, Met(*clock.gone))]
        done = done_of(clock.begun, found, self._now)
        if one.again:
            stops = self._course.stopped(clock.cancels)
            done = counting(asked, done, clock.places)
            if one.by_calendar and one.of_its_stages:  # the week in which the case came back
                before = (met for met in done if met.at < clock.begun.at)
                told = (met for met in before if was_owed(met.at, clock.places))
                asked = asked._replace(met=max(told, default=None))
            yield from _again(asked, done, last, clock.times, self._days(one), stops)
            return
        for turn in once(asked, done, clock.places, self._course, clock.cancels):
            window, met, anew = turn
            over = clock.until <= self._now or anew is not None
            if met or over or window.opens_at <= last:
                made_up_by = FOR_EVER if anew is None else anew - MOMENT
                yield _Time(window, window.due_at if one.only_in_time else made_up_by, met)

    def _days(self, obligation: Obligation) -> set[date]:
        """The days due on which an exception excuses it."""
        by = obligation.excepted_by or None
        made = (one for one in self._made if one.rule == obligation.id and by in one.roles)
        return {made.due_on for made in made if made.due_on is not None}

    def _outcome(self, clock: _Clock, time: _Time) -> tuple[OccasionOutcome, int | None]:
        """What came of one time, and the number of the exception in its place."""
        due_at, made_up_by, now = time.window.due_at, time.made_up_by, self._now
        judged = min(max(made_up_by, due_at), clock.until, now)
        exception = self._excused(clock.obligation, due_at, judged, min(clock.until, now))
        fell = any(start <= made_up_by and end > due_at for start, end in clock.times)
        if cancelled(due_at, self._course, clock.cancels, time.done):
            return "cancelled", None
        if time.done and time.done.at <= due_at:
            return "kept", None
        if exception is not None and exception.due_on:
            return "excused", exception.number
        if time.done:
            return "late", None
        if not fell if due_at < now else clock.until <= now:
            return "lapsed", None
        if exception is not None:
            return "excused", exception.number
        if due_at >= now:
            return "open", None
        still = made_up_by >= now and clock.until == FOR_EVER
        return ("overdue" if still and made_up_by > due_at else "missed"), None

    def _excused(
        self, obligation: Obligation, due_at: datetime, judged: datetime, at: datetime
    ) -> ExceptionInForce | None:
        """The exception that stands in its place: one made to this time alone, or in force now."""
        day, by = self._calendar.day_of(due_at), obligation.excepted_by or None
        for made in reversed(self._made):
            if made.rule == obligation.id and made.due_on == day and by in made.roles:
                return made
        for made in reversed(self._made):
            if made.made_at <= judged and made.covers(obligation.id, at, by):
                return made
        return None


def _again(
    asked: Asked,
    done: Sequence[Met],
    last: datetime,
    times: Times,
    excused: set[date],
    stops: datetime,
) -> Iterator[_Time]:
    """The times of what is due again and again, up to a moment, with what was done for each.

    `asked.met` is what the clock before told of. `excused` are days on which it need not be done,
    and from `stops` on it is cancelled.
    """
    one, after = asked.obligation, asked.met
    plain = asked._replace(holds=()) if one.by_calendar else asked
    # what was done and is not counted yet, the next of it last
    left = [met for met in reversed(done) if after is None or met > after]
    missed, window = False, _window(asked)
    while True:
        told = _window(plain._replace(met=after)) if one.by_calendar and asked.holds else window
        skipped = told.opens_at < window.opens_at  # the case was on hold meanwhile
        next_one, anew = following(asked, window), owed_again(window.due_at, times)
        made_up_by = making_up(one, told, next_one, stops)
        made_up_by = made_up_by if anew is None else min(made_up_by, anew - MOMENT)
        while left and left[-1].at <= made_up_by and _passed(plain, left[-1], told):
            left.pop()  # it was done before the window, or beside what was counted
        met = left.pop() if left and left[-1].at <= made_up_by else None
        never = met is None and window.due_at < times[0][0]
        if met is None and not never and (window.due_at if missed else window.opens_at) > last:
            return
        if met is not None:  # it has the window that stood when it was done
            yield _Time(_window(plain._replace(met=after, now=met.at)), made_up_by, met)
        elif not skipped and not never:
            yield _Time(told, made_up_by)
        if met is None and anew is not None:
            asked, plain = asked._replace(anew=anew), plain._replace(anew=anew)
            after, missed, window = None, False, _window(asked._replace(met=None))
            continue
        if next_one.due_at <= window.due_at:  # on the last day there is
            return
        missed = one.rolling and met is None and asked.calendar.day_of(window.due_at) not in excused
        after = met if met and one.rolling else settling(asked, told)
        as_before = after == settling(asked, window)
        window = next_one if as_before else _window(asked._replace(met=after))


def _passed(asked: Asked, met: Met, told: Window) -> bool:
    """Whether something was done before a window, so that it is for none after it either."""
    return _window(asked._replace(met=met)).opens_at <= told.opens_at


def _window(asked: Asked) -> Window:
    """The window of what is due again and again: there always is one."""
    found = WINDOWS[type(asked.obligation.due)](asked)
    return found or Window(asked.begun.at, asked.begun.at)
