"""How an obligation stands at a moment: open, overdue, met, missed, or no longer owed.

A pure function of the case, the workflow and the moment. It looks at the first and latest of
the event types that it needs, and at the path, so that it costs the same however long the
history is. Only how late something was met needs the events in between (`histories`), and so do
the few of which the first and the latest do not tell (`repeated`). What came of each week or year
is told by `occasions`, which counts with the same windows. What an ending would leave undone is
said here, so that all the endings among the options of a case share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple

import attrs

from caseflow.kernel.calendar import Calendar
from caseflow.kernel.case import Case
from caseflow.kernel.context import Context
from caseflow.kernel.explain import plain_words
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.results import Unmet
from caseflow.workflow.course import (
    Course,
    Times,
    Turn,
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
)
from caseflow.workflow.dues import Counts, Histories, Left, left_by_rules, not_done
from caseflow.workflow.failing import Failing, begun_of
from caseflow.workflow.obligation import Begun, Obligation
from caseflow.workflow.windows import (
    FOR_EVER,
    NEVER,
    WINDOWS,
    Asked,
    Met,
    Window,
    following,
    making_up,
)

Status = Literal[
    "upcoming", "open", "overdue", "met", "excepted", "paused", "missed", "cancelled", "lapsed"
]


@attrs.frozen(kw_only=True)
class Standing:
    """How one obligation stands on a case at a moment.

    `upcoming`: its window is not open yet. `open`: to be done by `due_at`. `overdue`: that
    has passed. `met`: it was done, with the event `met` (None where a thing tells itself when
    it was); late if `late`. `excepted`: an exception stands in its place (event
    `exception`), also where it was done late. `paused`: the case is on hold.
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

    `workflow` is a workflow, or its `Clocks`.
    `histories` are the events that meet and cancel obligations, by type: with them it is told
    exactly when one was met. Of a type that is not in them the first and the latest count. Raises
    `InvalidCall` where an `each` fails; `failing` is told of it instead, where it is given.
    """
    if not workflow.obligations:
        return
    known = histories or {}
    course = course_of(case, workflow.ends)
    for obligation in workflow.obligations:
        if not course.owes(obligation):
            continue
        clocks = begun_of(obligation, case, workflow.ends, failing)
        if clocks:
            owing = _owing(obligation, case, course, now, known)
            for begun in clocks:
                yield _standing(owing, begun, case, workflow.calendar, now)


@attrs.frozen
class Clocks:
    """What of a workflow tells what is due. Pickled, it tells no more what decisions left."""

    obligations: tuple[Obligation, ...]
    ends: frozenset[str]
    calendar: Calendar
    workflow: Any = attrs.field(default=None, eq=False, repr=False)

    def standings(self, case: Case[Any], now: datetime) -> Iterable[Standing]:
        """How every obligation stands whose clock has begun."""
        return standings(self, case, now)

    @cached_property
    def of_obligations(self) -> Clocks:
        """The same, without what decisions left to be done."""
        return attrs.evolve(self, workflow=None)

    def left_undone(self, case: Case[Any], context: Context) -> Iterable[Unmet]:
        """What is left undone where the case ends with a step."""
        told = ToldOnce(self, case, context.at, context.histories, context.counts)
        return told.left_undone(case, context)

    def does(self, case: Case[Any], context: Context) -> type[Any] | None:
        """Which type of event a step records, also where what is in it is not known yet."""
        if context.proposed is None and self.workflow is not None:
            edges = self.workflow.edges(context.step, case.position)
            return edges[0].row.transition.records if edges else None
        return type(context.proposed)

    def __reduce__(self) -> tuple[Any, ...]:
        return Clocks, (self.obligations, self.ends, self.calendar)


@attrs.frozen
class ToldOnce:
    """The clocks of a workflow, which each of many options asks about one case at one moment.

    What is told then is worked out once, when it is first asked for.
    """

    clocks: Clocks
    case: Case[Any] = attrs.field(repr=False)
    now: datetime
    histories: Histories | None = attrs.field(default=None, repr=False)
    counts: Counts | None = attrs.field(default=None, repr=False)

    @property
    def ends(self) -> frozenset[str]:
        """The positions in which cases have ended."""
        return self.clocks.ends

    @cached_property
    def told(self) -> Sequence[Standing]:
        """How the obligations stand then."""
        return tuple(self.clocks.standings(self.case, self.now))

    @cached_property
    def left(self) -> Sequence[Left]:
        """What is left undone then."""
        clocks, case, now = self.clocks, self.case, self.now
        begun = (one for one in self.told if one.began_at <= now)
        left = tuple(left_undone(begun, clocks.calendar))
        if clocks.workflow is None:
            return left
        by_rules = left_by_rules(clocks.workflow, case, now, self.histories, self.counts)
        return (*left, *by_rules)

    def standings(self, case: Case[Any], now: datetime) -> Iterable[Standing]:
        """How every obligation stands whose clock has begun."""
        return self.told if self._asks(case, now) else self.clocks.standings(case, now)

    def left_undone(self, case: Case[Any], context: Context) -> Iterable[Unmet]:
        """What is left undone where the case ends with a step."""
        if not self._asks(case, context.at):
            return self.clocks.left_undone(case, context)
        does = self.clocks.does(case, context)
        return [unmet for done_by, unmet in self.left if does not in done_by]

    def _asks(self, case: Case[Any], now: datetime) -> bool:
        return case is self.case and now == self.now


def left_undone(standings: Iterable[Standing], calendar: Calendar) -> Iterator[Left]:
    """Of how obligations stand: those left undone where the case ends."""
    for one in standings:
        what = one.obligation
        overdue = one.status == "overdue"
        if overdue or (one.status in _TO_DO and not what.again):
            thing = f" ({one.about})" if one.about else ""
            yield (  # what was due before it was cancelled stays overdue
                what.met_by if overdue else (*what.met_by, *what.cancelled_by),
                Unmet(
                    about=what.wanted.rstrip(".") + thing,
                    found=_left(one, calendar),
                    remedy=what.remedy or "do it before this step",
                    evidence=(one.since,),
                ),
            )


_TO_DO = ("upcoming", "open", "paused")
"""What is due once, and not yet; what is due again and again is always so."""


def _left(one: Standing, calendar: Calendar) -> str:
    """When it is, or was, to be done, in words."""
    if one.status == "upcoming" and one.due_at is not None:
        opens, by = (plain_words(calendar.day_of(at)) for at in (one.opens_at, one.due_at))
        return f"not done: its time is from {opens} to {by}"
    return not_done(one.due_at, calendar, overdue=one.status == "overdue")


class _Owing(NamedTuple):
    """What all the clocks of an obligation on a case have in common."""

    obligation: Obligation
    course: Course
    done: Sequence[Met]
    cancels: Sequence[Met]
    holds: Times
    """When its clock waited."""
    places: Times
    """When the case was where it is owed."""
    excused: Mapping[date, int]
    """The days due on which an exception excuses it, and the numbers of these exceptions."""

    @property
    def paused(self) -> bool:
        """Whether its clock waits until the case is resumed."""
        return bool(self.holds) and self.holds[-1][1] == FOR_EVER


def _owing(
    obligation: Obligation, case: Case[Any], course: Course, now: datetime, known: Histories
) -> _Owing:
    return _Owing(
        obligation,
        course,
        _seen(obligation.met_by, case, now, known),
        _seen(obligation.cancelled_by, case, now, known),
        holds_of(obligation, course),
        owed_times(obligation, course),
        excused=_excused(obligation, case) if case.exceptions else {},
    )


def _excused(obligation: Obligation, case: Case[Any]) -> dict[date, int]:
    made = (one for one in case.exceptions if one.rule == obligation.id)
    by = obligation.excepted_by
    return {one.due_on: one.number for one in made if one.due_on is not None and by in one.roles}


def _standing(
    owing: _Owing, begun: Begun, case: Case[Any], calendar: Calendar, now: datetime
) -> Standing:
    one, course = owing.obligation, owing.course
    found = _found(owing, begun, calendar, now)
    # without a turn: the date by which it is due was erased, or never given
    (opens_at, due_at, _), done, anew = found or Turn(Window(begun.at, begun.at))
    places = places_of(begun, owing.places, now) if found else ()
    left = places[-1][1] if places else NEVER
    late = done is not None and done.at > due_at
    exception = None
    if case.exceptions:
        excused = owing.excused.get(calendar.day_of(due_at))
        made_by = _made_by(owing, begun, Window(opens_at, due_at), left, calendar, now)
        exception = excused or _exception(one, case, min(left, now), made_by)
        done = None if late and excused else done
    status: Status
    if done:
        status = "met"
    elif cancelled(due_at, course, owing.cancels):
        status = "cancelled"
    elif anew is not None:
        status = "lapsed"
    elif left != FOR_EVER:
        fell = max(due_at, begun.at)
        status = "missed" if fell < min(left, now) and exception is None else "lapsed"
    elif exception is not None:
        status = "excepted"
    elif owing.paused:
        status = "paused"
    elif now > due_at:
        status = "missed" if one.only_in_time else "overdue"
    else:
        status = "open" if now >= opens_at else "upcoming"
    waits = status in ("paused", "excepted") and owing.paused  # until the hold ends
    return Standing(
        obligation=one,
        status=status,
        since=begun.number,
        began_at=begun.at,
        opens_at=opens_at,
        due_at=None if waits or status in ("lapsed", "cancelled") else due_at,
        about=begun.about,
        met=done.number if done and begun.met_at is None else None,
        met_at=done.at if done else None,
        late=late and done is not None,
        exception=exception if status == "excepted" else None,
    )


def _found(owing: _Owing, begun: Begun, calendar: Calendar, now: datetime) -> Turn | None:
    """What is due once: the last turn. Else the first window that is neither met nor excused.

    Of one that fell due while it was not owed, the window since it is owed again.
    """
    one = owing.obligation
    places = places_of(begun, owing.places, now)
    asked = Asked(one, begun, None, now, calendar, owing.holds)
    if not one.again:
        done = done_of(begun, owing.done, now)
        turns = list(once(asked, done, places, owing.course, owing.cancels))
        return turns[-1] if turns else None
    times = uncancelled(places, owing.course, owing.cancels)
    if counted := counting(asked, owing.done, places):
        asked = asked._replace(met=max(counted))
    found = WINDOWS[type(one.due)](asked) or Window(begun.at, begun.at)
    while True:
        anew = owed_again(max(found.due_at, begun.at), times)
        if anew is not None:
            asked = asked._replace(anew=anew)
            after = WINDOWS[type(one.due)](asked) or found
        elif owing.excused and calendar.day_of(found.due_at) in owing.excused:
            after = following(asked, found)
        else:
            return Turn(found)
        if after.due_at <= found.due_at:  # on the last day there is
            return Turn(found, anew=anew)
        found = after


def _made_by(
    owing: _Owing, begun: Begun, window: Window, left: datetime, calendar: Calendar, now: datetime
) -> datetime:
    """By when an exception that bridges a time has to be made: what was missed before stays so."""
    one = owing.obligation
    if one.only_in_time:
        return window.due_at
    if left == FOR_EVER or not one.again:
        return left
    after = following(Asked(one, begun, None, now, calendar, owing.holds), window)
    return making_up(one, window, after, owing.course.stopped(owing.cancels))


def _exception(
    obligation: Obligation, case: Case[Any], now: datetime, made_by: datetime
) -> int | None:
    """The number of the exception that stands in its place, if there is one."""
    by = obligation.excepted_by or None
    for made in reversed(case.exceptions):
        if made.made_at <= min(made_by, now) and made.covers(obligation.id, now, by):
            return made.number
    return None


def _seen(
    types: Sequence[type[Any]], case: Case[Any], now: datetime, known: Histories
) -> Sequence[Met]:
    """When events of some types occurred, as far as it is known: the first and latest of each."""
    if not types:
        return ()
    found: list[AnyRecorded] = []
    for event in types:
        if event in known:
            found += known[event]
        elif event in case.by_type:
            found += case.by_type[event][:2]
    return sorted({Met(one.occurred_at, one.number) for one in found if one.occurred_at <= now})


def repeated(workflow: Any, case: Case[Any]) -> set[type[Any]]:
    """What cancels or meets obligations, where the first and the latest of it do not tell.

    Of what meets one that is owed, where it happened more than twice, and last while nothing was
    owed, or may have been when it was cancelled.
    """
    course = course_of(case, workflow.ends)
    often = {event for event, seen in case.by_type.items() if seen.times > 2}
    found: set[type[Any]] = set()
    for one in workflow.obligations:
        found |= often.intersection(one.cancelled_by)
        times = owed_times(one, course)
        for event in often.intersection(one.met_by) if times and times[-1][1] == FOR_EVER else ():
            at = case.by_type[event].latest.occurred_at
            between = times[0][1] < at and not was_owed(at, times)
            if between or (one.cancelled_by and course.reopened):
                found.add(event)
    return found
