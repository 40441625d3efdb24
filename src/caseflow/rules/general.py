"""Rules of no trade in particular: that something was recorded, often enough, lately enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from caseflow.kernel.calendar import Span, span_of
from caseflow.kernel.case import Case, stage_of
from caseflow.kernel.checks import so_many
from caseflow.kernel.context import Context
from caseflow.kernel.errors import DefinitionError
from caseflow.kernel.events import event_type
from caseflow.kernel.explain import plain_words
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.rules import Rule, Unmet, rule
from caseflow.kernel.verdict import in_words
from caseflow.rules.sources import field
from caseflow.workflow.clocks import left_undone
from caseflow.workflow.obligation import entered
from caseflow.workflow.vocabulary import maker

WITHOUT_NEEDS = "a client without needs is discharged, or referred out"
"""How a case goes on in which needs were asked for, and none was found."""


@maker("recorded")
def recorded(
    id: str,
    event: type[Any],
    *,
    wanted: str,
    remedy: str = "record it",
    others: tuple[type[Any], ...] = (),
    since_entering: tuple[str, ...] = (),
    after: Span | str = "0 days",
) -> Rule[Any]:
    """A rule: an event of this type was recorded, or of one of the `others`.

    `since_entering` are stages: it has to have occurred since the case last came into one of
    them (left out: at any time), on the day so long `after` that at the earliest. `wanted` says
    what is wanted, in one sentence.
    """
    clock = entered(*since_entering) if since_entering else None
    long = span_of(after)

    @rule(id, rests_on=(event, *others), spans=long, stages=since_entering, wanted=wanted)
    def was_recorded(case: Case[Any], context: Context) -> Iterator[Unmet]:
        each = filter(None, map(case.latest_recorded, (event, *others)))
        found = max(each, key=lambda one: one.occurred_at, default=None)
        begun = next(iter(clock.begun(case, frozenset())), None) if clock else None
        if found is None or (begun and _before(found.occurred_at, begun.at, long, context)):
            last = None if found is None else f"only before, on {_day(found, context)}"
            yield Unmet(found=last, remedy=remedy)

    return was_recorded


@maker("at-least")
def at_least(
    id: str,
    event: type[Any],
    times: int,
    *,
    wanted: str,
    remedy: str = "",
    by_different_people: bool = False,
    since: tuple[type[Any], ...] = (),
) -> Rule[Any]:
    """A rule: so many events of this type were recorded, at any time.

    `by_different_people` counts whoever recorded several once: a second signature is that of
    another person. `since` are other types of events: what was recorded before the last one of
    them, or before it was corrected or voided, does not count any more. Without a `remedy` it
    says how many more are needed. Raises `DefinitionError` for what is no number of events, and
    for an event that counts since itself.
    """
    so_many("at_least", times, "events")
    if event in since:
        raise DefinitionError(
            what=f"Rule {id!r}",
            problem=f"counts {event.__name__} since the last {event.__name__}, which leaves none",
            repair="Leave it out of since=.",
        )
    read = (event, *since) if by_different_people or since else ()

    @rule(id, rests_on=(event, *since), history=read, wanted=wanted)
    def often_enough(case: Case[Any], context: Context) -> Iterator[Unmet]:
        found, people, told = case.count(event), "", ""
        if read:
            seen = context.history(event)
            later = {one.number: _after(case, context, one.number, since) for one in seen}
            counted = [one for one in seen if not later[one.number]]
            found = len({one.actor if by_different_people else one.number for one in counted})
            people = " person" if by_different_people else ""
            names = dict(pair for pairs in later.values() for pair in pairs)
            if names:
                told = f", counted since {in_words(names[max(names)])}"
        if found < times:
            more = times - found
            needed = f"{more} more{_several(people, more)} {'is' if more == 1 else 'are'} needed"
            word = in_words(event_type(event).name)
            yield Unmet(
                found=f"{found} of {times}{_several(people, times)} ({word}){told}",
                remedy=remedy or needed,
            )

    return often_enough


def _after(
    case: Case[Any], context: Context, number: int, types: tuple[type[Any], ...]
) -> list[tuple[int, str]]:
    """What was recorded after an event of some types, or amended: numbers, and stored names."""
    entries = (one for cls in types for one in context.history(cls) if one.number > number)
    amended = case.amended_since(number, *types)
    return [(e.number, e.name) for e in entries] + [(one.number, one.name) for one in amended]


def _several(word: str, count: int) -> str:
    return word if count == 1 else word.replace("person", "people")


@maker("not-older-than")
def not_older_than(
    id: str,
    event: type[Any],
    span: Span | str,
    *,
    wanted: str,
    remedy: str = "do it again, and record it",
) -> Rule[Any]:
    """A rule: the latest event of this type is not older than a span, when it is decided.

    A span of days lasts to the end of its last day, by the calendar of the workflow.
    """
    longest = span_of(span)

    @rule(id, rests_on=event, spans=longest, wanted=wanted)
    def lately(case: Case[Any], context: Context) -> Iterator[Unmet]:
        found = case.latest_recorded(event)
        if found is None:
            yield Unmet(remedy=remedy)
        elif context.calendar.later(found.occurred_at, longest) < context.at:
            yield Unmet(found=f"the latest is of {_day(found, context)}", remedy=remedy)

    return lately


@rule("nothing-left-undone", source=field("what an ending leaves undone is told"))
def nothing_left_undone(case: Case[Any], context: Context) -> Iterator[Unmet]:
    """Nothing that is due is left undone when the case ends."""
    yield from context.clocks.left_undone(case, context) if context.clocks else ()


@maker("nothing-missed")
def nothing_missed(*, stages: tuple[str, ...]) -> Rule[Any]:
    """A rule: nothing is overdue that is owed no longer once the case enters one of these stages.

    There it would be missed without a word. What the case goes on owing there is not told.
    """
    if not stages:
        raise DefinitionError(
            what="The rule nothing_missed(stages=())",
            problem="names no stage",
            repair="Give the stages that a case enters, like nothing_missed(stages=('closing',)).",
        )

    @rule(
        "nothing-missed",
        stages=stages,
        wanted="Nothing that is overdue is dropped by this step.",
        source=field("what a move leaves undone is told"),
    )
    def none_missed(case: Case[Any], context: Context) -> Iterator[Unmet]:
        clocks = context.clocks
        told = clocks.standings(case, context.at) if clocks else ()
        ends = set(map(stage_of, clocks.ends)) if clocks else ()
        left = (
            one
            for one in told
            if one.status == "overdue"
            and not any(one.obligation.owed_in(stage, ended=stage in ends) for stage in stages)
        )
        for done_by, unmet in left_undone(left, context.calendar):
            if type(context.proposed) not in done_by:
                yield unmet

    return none_missed


def not_assessed(needs: Iterable[int]) -> str:
    """Needs that nobody assessed, by their numbers: `need 7, which was not assessed`."""
    *before, last = map(str, needs)
    if not before:
        return f"need {last}, which was not assessed"
    return f"needs {', '.join(before)} and {last}, which were not assessed"


def _before(moment: datetime, start: datetime, long: Span, context: Context) -> bool:
    """Whether a moment is before another one, or before the day (or hour) so long after it."""
    calendar = context.calendar
    if long.unit == "hour":
        return moment < calendar.later(start, long)
    early = calendar.day_of(moment) < calendar.after(calendar.day_of(start), long)
    return moment < start or early


def _day(recorded: AnyRecorded, context: Context) -> str:
    """The day on which something occurred, there."""
    return plain_words(context.calendar.day_of(recorded.occurred_at))
