"""Obligations: what is due on a case, by whom and by when, as a workflow declares it.

An obligation says since when its clock runs (`since`), by when it is due after that (`due`),
and which events meet it (`met_by`). Whether one is open or overdue is worked out from the
case, the workflow and a moment (`clocks`): nothing has to be up for it to be right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cached_property, partial
from inspect import signature
from typing import Any, NamedTuple

import attrs

from caseflow.kernel.calendar import Span, span_of
from caseflow.kernel.case import Case, Move, stage_of
from caseflow.kernel.errors import DefinitionError, InvalidCall, short
from caseflow.kernel.recorded import AnyRecorded
from caseflow.workflow.definition import words
from caseflow.workflow.timing import Between, Every, InQuarter, Timing, Within, Yearly


class Begun(NamedTuple):
    """That the clock of an obligation began to run: when, and with which event.

    `about` names the thing it is about, where there are several (`need 3`). `event` is what
    was recorded then, for a date that stands in it. `met_at` is when it was met, for a thing
    that knows it by itself.
    """

    at: datetime
    number: int
    about: str = ""
    event: Any = None
    met_at: datetime | None = None


# -- since when ------------------------------------------------------------------------------


@attrs.frozen
class Since:
    """Since when the clock of an obligation runs, with what makes it begin, in words."""

    begun: Callable[[Case[Any], frozenset[str]], Iterable[Begun]] = attrs.field(
        eq=lambda begun: (begun.func, begun.args) if isinstance(begun, partial) else begun
    )
    events: tuple[type[Any], ...] = ()
    stages: tuple[str, ...] = ()
    of_things: bool = False
    """Of things of the case, which may know by themselves when they were met."""
    at_the_end: bool = False
    """Only once the case has ended."""


def latest(event: type[Any]) -> Since:
    """Since the latest event of a type: each one starts the clock anew."""
    _an_event("latest", event)
    return Since(partial(_at_latest, event), (event,))


def first(event: type[Any]) -> Since:
    """Since the first event of a type."""
    _an_event("first", event)
    return Since(partial(_at_first, event), (event,))


# What makes clocks begin are functions with a name, so that obligations can be pickled.
def _at_latest(event: type[Any], case: Case[Any], ends: frozenset[str]) -> Iterable[Begun]:
    return _recorded(case.latest_recorded(event))


def _at_first(event: type[Any], case: Case[Any], ends: frozenset[str]) -> Iterable[Begun]:
    return _recorded(case.first_recorded(event))


def _recorded(seen: AnyRecorded | None) -> Iterable[Begun]:
    return (Begun(seen.occurred_at, seen.number, event=seen.event),) if seen else ()


def opened() -> Since:
    """Since the case was opened."""
    return Since(_at_opening)


def _at_opening(case: Case[Any], ends: frozenset[str]) -> Iterable[Begun]:
    return tuple(map(_begun, case.path[:1]))


def entered(*stages: str) -> Since:
    """Since the case came into a stage, or into the first of several; the last time it did.

    To resume after a hold, or to go on to another of them, starts no clock. Raises
    `DefinitionError` where none is named.
    """
    if not stages or not all(isinstance(stage, str) for stage in stages):
        raise DefinitionError(
            what=f"The start entered({', '.join(map(short, stages))})",
            problem="names no stage",
            repair="Give the ids of one or more stages, like entered('plan').",
        )
    return Since(partial(_at_entering, stages), stages=stages)


def _at_entering(stages: tuple[str, ...], case: Case[Any], ends: frozenset[str]) -> Iterable[Begun]:
    move = None
    for one in reversed(case.path):
        if stage_of(one.position) in stages:
            move = one
        elif move is not None:
            break
    return (_begun(move),) if move else ()


def ended() -> Since:
    """Since the case came to its end: for what is owed afterwards (`after_the_end=True`)."""
    return Since(_at_the_end, at_the_end=True)


def _at_the_end(case: Case[Any], ends: frozenset[str]) -> Iterable[Begun]:
    end = end_of(case, ends)
    return (_begun(end),) if end else ()


def each(things: Callable[[Case[Any]], Iterable[Begun]]) -> Since:
    """For each of several things of a case, as a pure function tells them: each has a clock.

    Where the function fails, or tells of something else than a `Begun` for each thing,
    `InvalidCall` says so, and nothing but facts is recorded. Raises `DefinitionError` for what is
    no function of a case.
    """
    given: Any = things
    if not callable(given) or isinstance(given, type) or not _takes_a_case(given):
        raise DefinitionError(
            what=f"The start each({short(things)})",
            problem="is no function of a case",
            repair="Give a function of the case that yields a Begun for each thing.",
        )
    return Since(partial(_of_things, things), of_things=True)


def _takes_a_case(function: Callable[..., Any]) -> bool:
    try:
        signature(function).bind(None)
    except TypeError:
        return False
    except ValueError:  # some that are not written in Python do not tell
        return True
    return True


def _of_things(
    things: Callable[[Case[Any]], Any], case: Case[Any], ends: frozenset[str]
) -> Iterable[Begun]:
    given = things(case)
    for one in given if isinstance(given, Iterable) else (given,):
        if not _is_begun(one):
            raise InvalidCall(
                what=f"The start each({short(things)}) tells of {short(one)}, which",
                problem="is no Begun with a moment that has a time zone, and a number",
                repair="Let it yield Begun(recorded.occurred_at, recorded.number) for each.",
            )
        yield one


def _is_begun(one: object) -> bool:
    """Whether a function told of a thing as it has to: it is foreign code."""
    if not isinstance(one, Begun):
        return False
    moments: tuple[object, ...] = (one.at, one.at if one.met_at is None else one.met_at)
    aware = all(isinstance(at, datetime) and at.utcoffset() is not None for at in moments)
    return aware and type(one.number) is int and isinstance(one.about, str)


def _an_event(name: str, given: object) -> None:
    if not isinstance(given, type):
        raise DefinitionError(
            what=f"The start {name}({short(given)})",
            problem="names no event class",
            repair=f"Give the class, like {name}(PlanAgreed).",
        )


def end_of(case: Case[Any], ends: frozenset[str]) -> Move | None:
    """The move with which a case came to its end (None: it is open)."""
    if case.position not in ends or not case.path:
        return None
    end = case.path[-1]
    for move in reversed(case.path):
        if move.position not in ends:
            break
        end = move
    return end


def _begun(move: Move) -> Begun:
    return Begun(move.occurred_at, move.number)


# -- the obligation --------------------------------------------------------------------------


def _since(given: object) -> Since | None:
    if given is None or isinstance(given, Since):
        return given
    if isinstance(given, type):
        return latest(given)
    raise DefinitionError(
        what=f"An obligation has since={short(given)}, which",
        problem="tells no beginning",
        repair="Give an event class, or first(...), opened(), entered(...), ended(), each(...).",
    )


def _classes(given: object) -> tuple[type[Any], ...]:
    found = given if isinstance(given, (tuple, list, set, frozenset)) else (given,)
    if all(isinstance(one, type) for one in found):
        return tuple(found)
    raise DefinitionError(
        what=f"An obligation has met_by or cancelled_by {short(given)}, which",
        problem="is no event class",
        repair="Give an event class, or a tuple of them.",
    )


def _timing(one: Obligation, field: attrs.Attribute[Any], given: object) -> None:
    if not isinstance(given, Timing):
        raise DefinitionError(
            what=f"Obligation {short(one.id)} has due={short(given)}, which",
            problem="is no time by which it is due",
            repair="Give within('7 days'), every(...), between(...), yearly(...), "
            "in_quarter(...) or on_date(...).",
        )


def _text(one: Obligation, field: attrs.Attribute[Any], given: object) -> None:
    if not isinstance(given, str):
        raise DefinitionError(
            what=f"Obligation {short(one.id)} has {field.name}={short(given)}, which",
            problem="is no text",
            repair="Give a text.",
        )


@attrs.frozen
class Obligation:
    """Something that is due on a case, by whom, and by when.

    `id` is stored with exceptions and never changes; `wanted` says what is to be done, as if
    it were ("A progress note is written every week."). `due` is by when: `within`, `every`,
    `between`, `yearly`, `in_quarter`, `on_date`. `since` is when its clock begins: an event
    class (its latest), `first`, `opened`, `entered`, `ended`, `each`; left out, it is when
    the case entered one of the stages of `during`, or was opened. `met_by` are the events
    that meet it after the clock began; those of the days up to `early` before it count too.

    It is owed while the case is in one of the stages `during` (none: in any open one) and
    afterwards it lapses, or was missed; `after_the_end` is for what is owed once the case has
    ended. Time on hold does not count for `within` and `every`, unless `runs_on_hold`; fixed
    dates do not wait. From an event of `cancelled_by` on, it is not owed, until the case is
    reopened. `owner` is who has to do it (a
    role, or the client), `excepted_by` the role that may make an exception, `remedy` what to
    do, and `source` where it comes from.
    """

    id: str = attrs.field(validator=_text)
    wanted: str = attrs.field(validator=_text)
    due: Timing = attrs.field(kw_only=True, validator=_timing)
    since: Since | None = attrs.field(default=None, converter=_since, kw_only=True)
    met_by: tuple[type[Any], ...] = attrs.field(default=(), converter=_classes, kw_only=True)
    early: Span | None = attrs.field(
        default=None, converter=attrs.converters.optional(span_of), kw_only=True
    )
    during: tuple[str, ...] = attrs.field(default=(), converter=words, kw_only=True)
    after_the_end: bool = attrs.field(default=False, kw_only=True)
    runs_on_hold: bool = attrs.field(default=False, kw_only=True)
    cancelled_by: tuple[type[Any], ...] = attrs.field(default=(), converter=_classes, kw_only=True)
    owner: str = attrs.field(default="", kw_only=True, validator=_text)
    excepted_by: str = attrs.field(default="", kw_only=True, validator=_text)
    remedy: str = attrs.field(default="", kw_only=True, validator=_text)
    source: str = attrs.field(default="", kw_only=True, validator=_text)

    @cached_property
    def starts(self) -> Since:
        """Since when its clock runs, where that is not said: its stages, or the opening."""
        if self.since is not None:
            return self.since
        return entered(*self.during) if self.during else opened()

    @cached_property
    def again(self) -> bool:
        """Whether it is due again and again."""
        return isinstance(self.due, (Every, Yearly))

    @cached_property
    def more_than_once(self) -> bool:
        """Whether it may be due several times: again, for several things, or each time it is set.

        What begins with a stage may too; it is the case then that begins anew.
        """
        begun = self.starts.begun
        anew = isinstance(begun, partial) and begun.func is _at_latest
        return self.again or self.starts.of_things or anew

    @cached_property
    def by_calendar(self) -> bool:
        """Whether it is due in each week, month, quarter or year by the calendar."""
        return isinstance(self.due, Every) and self.due.counted == "calendar"

    @cached_property
    def of_its_stages(self) -> bool:
        """Whether its clock runs whenever the case is where it is owed."""
        return self.since in (None, entered(*self.during) if self.during else opened())

    @cached_property
    def rolling(self) -> bool:
        """Whether it is due again since the last time that it was done."""
        return isinstance(self.due, Every) and self.due.counted == "rolling"

    @cached_property
    def anew(self) -> bool:
        """Whether its time begins anew where it fell due while it was not owed."""
        return isinstance(self.due, (Within, Every, Yearly))

    @cached_property
    def waits_on_hold(self) -> bool:
        """Whether the time on hold does not count."""
        return not self.runs_on_hold and isinstance(self.due, (Within, Every))

    @cached_property
    def in_window(self) -> bool:
        """Whether what was done counts from the opening of a window on, not from the start."""
        return isinstance(self.due, (Between, Yearly, InQuarter))

    @cached_property
    def only_in_time(self) -> bool:
        """Whether what is done after its time does not meet it any more."""
        return isinstance(self.due, InQuarter)

    def owed_in(self, stage: str, *, ended: bool) -> bool:
        """Whether it is owed while a case is in a stage, which is an end or is none."""
        return ended is self.after_the_end and (not self.during or stage in self.during)

    @property
    def events(self) -> tuple[type[Any], ...]:
        """The event classes that it looks at."""
        return (*self.starts.events, *self.met_by, *self.cancelled_by)

    @property
    def spans(self) -> tuple[Span, ...]:
        """The spans that it counts with."""
        found = (getattr(self.due, field.name) for field in attrs.fields(type(self.due)))
        return tuple(span for span in (self.early, *found) if isinstance(span, Span))
