"""What decisions left to be done: by when, and whether it is missing still.

Time counts as it does for what obligations say `within`: not while the case is on hold, and anew
where it fell due while the case was closed. What was to be done lapses when the case ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from caseflow.kernel.calendar import Calendar, Span
from caseflow.kernel.case import Case, Move
from caseflow.kernel.context import Context
from caseflow.kernel.events import event_type
from caseflow.kernel.explain import plain_words
from caseflow.kernel.recorded import Actor, AnyRecorded
from caseflow.kernel.rules import Result, Rule, Unmet
from caseflow.workflow.course import Times, course_of
from caseflow.workflow.covering import covered
from caseflow.workflow.obligation import Begun, Obligation
from caseflow.workflow.timing import Within
from caseflow.workflow.windows import FOR_EVER, WINDOWS, Asked

Histories = Mapping[type[Any], tuple[AnyRecorded, ...]]
Counts = Mapping[tuple[str, str], int]
Left = tuple[tuple[type[Any], ...], Unmet]
"""What is left undone, after the events that would do it."""


class Due(NamedTuple):
    """A rule that a decision left unmet, and by when it is to be met (None: no date).

    It waits where it has a time to be met in, and the case is on hold.
    """

    rule: Rule[Any]
    decided: AnyRecorded
    due_at: datetime | None
    waits: bool

    @property
    def turn(self) -> tuple[bool, datetime]:
        """What is due comes by its day, then what has none, then what waits."""
        return self.waits, self.due_at or FOR_EVER

    def overdue(self, now: datetime) -> bool:
        """Whether its time has passed."""
        return self.due_at is not None and now > self.due_at


def dues(
    workflow: Any, case: Case[Any], now: datetime, *, reopening: bool = False
) -> Iterator[Due]:
    """What decisions left to be done and has not lapsed, also what was done meanwhile.

    Where a step is `reopening` the case, nothing has lapsed.
    """
    if not case.dues:
        return
    holds: Times | None = None
    closings = _closings(case, workflow.ends)
    lapsing = [] if reopening else closings
    for id, decided in _decisions(case, closings):
        rule = workflow.rule_that_noted(decided, id)
        if rule is None or rule.strength == "warn":
            continue  # the workflow no longer asks for it
        ended = [pair for pair in lapsing if _was_before(decided, pair[0])]
        if any(back is None for _, back in ended):
            continue
        waits, due_at = False, None
        if rule.within is not None:
            holds = course_of(case, workflow.ends).holds if holds is None else holds
            waits = bool(holds) and holds[-1][1] == FOR_EVER
            due_at = None if waits else _due_at(workflow, rule, decided, ended, holds, now)
        yield Due(rule, decided, due_at, waits)


def _decisions(case: Case[Any], closings: Iterable[Closing]) -> Iterator[tuple[str, AnyRecorded]]:
    """Each rule with the decision since which it is owed, and others that left it unmet.

    The first may have lapsed, or be done by the very decision that left it to be done again. Of
    those after it, the first and the latest of each event type are known; so of those before an
    end, where it is owed since something recorded after that: a reopening brings them back.
    """
    seen: dict[int, AnyRecorded] = {}
    for first, latest, _ in case.by_type.values():
        if first.noted:
            seen[first.number] = first
        if latest.noted:
            seen[latest.number] = latest
    for id, since in case.dues.items():
        at = since.number
        ends = (
            end for end, back in closings if end.number < at and not (back and back.number < at)
        )
        before = next((end.number for end in ends), 0)
        for number, one in sorted((seen | {at: since}).items()):
            left = any(note.rule == id and note.left_to_do for note in one.noted)
            if number == at or (left and (number > at or number < before)):
                yield id, one


def unmet(
    workflow: Any,
    case: Case[Any],
    due: Due,
    now: datetime,
    histories: Histories | None = None,
    counts: Counts | None = None,
) -> Result | None:
    """What is missing of it still (None: nothing). It is judged as it was for the decision."""
    context = _as_decided(workflow, due.decided, now, histories, counts)
    result = due.rule.judge(case, context)
    if result is None:
        return None
    result = covered(workflow, case, due.rule, result, context)
    return None if result.holds else result


def left_to_do(
    workflow: Any,
    case: Case[Any],
    now: datetime,
    histories: Histories | None,
    counts: Counts | None,
) -> Iterable[tuple[Due, Result]]:
    """What is missing still: of each rule, for the decision by which it is due first."""
    found: dict[str, tuple[Due, Result]] = {}
    for due in dues(workflow, case, now):
        before, _ = found.get(due.rule.id, (None, None))
        if due.decided.occurred_at > now or (before and before.turn <= due.turn):
            continue
        result = unmet(workflow, case, due, now, histories, counts)
        if result is not None:
            found[due.rule.id] = due, result
    return found.values()


def weighed(
    workflow: Any, case: Case[Any], rule: Rule[Any], result: Result, context: Context
) -> Result:
    """A result as it counts here: with the exception that covers it, and since when it is owed."""
    result = covered(workflow, case, rule, result, context)
    if rule.strength != "due" or not result.stands:
        return result
    return result._replace(since=_since(workflow, case, rule, context))


def _since(workflow: Any, case: Case[Any], rule: Rule[Any], context: Context) -> int:
    """Since which event it is owed: an earlier decision's, where that is still unmet.

    Once the case has ended, that may be the ending, where what was owed before has lapsed.
    """
    now, anew = context.now, case.version + 1
    earlier = case.dues.get(rule.id)
    if earlier is None:
        return anew
    if case.position in workflow.ends:
        to = {edge.dest for edge in workflow.edges(context.step, case.position)} - {None}
        found = dues(workflow, case, now, reopening=not to <= workflow.ends)
        due = next((one for one in found if one.rule.id == rule.id), None)
    else:
        noted = workflow.rule_that_noted(earlier, rule.id)
        asked = noted is not None and noted.strength != "warn"
        due = Due(noted, earlier, None, waits=False) if asked else None
    if due is None or not unmet(workflow, case, due, now, context.histories, context.counts):
        return anew
    return due.decided.number


def _as_decided(
    workflow: Any,
    decided: AnyRecorded,
    now: datetime,
    histories: Histories | None,
    counts: Counts | None,
) -> Context:
    """What the rules saw when it was decided, at a later `now`.

    One that looks at what is left undone sees obligations alone: it might see itself.
    """
    return Context(
        Actor(decided.actor, decided.roles),
        decided.occurred_at,
        now,
        decided.transition or event_type(decided.event).name,
        decided.event,
        decided.reason_code or decided.reason,
        decided.subject,
        histories,
        counts=counts,
        calendar=workflow.calendar,
        clocks=workflow._parts.clocks.of_obligations,
    )


Closing = tuple[Move, Move | None]
"""The move with which a case ended, and the one with which it was reopened."""


def _closings(case: Case[Any], ends: frozenset[str]) -> list[Closing]:
    found: list[Closing] = []
    for move in case.path:
        still = bool(found) and found[-1][1] is None
        if move.position in ends and not still:
            found.append((move, None))
        elif move.position not in ends and still:
            found[-1] = (found[-1][0], move)
    return found


def _was_before(decided: AnyRecorded, end: Move) -> bool:
    """Whether something was decided before an end: what an end itself leaves is owed after it.

    Of an end that was learned of late, what was decided meanwhile counts as before.
    """
    return decided.number < end.number or decided.occurred_at < end.occurred_at


def _due_at(
    workflow: Any,
    rule: Rule[Any],
    decided: AnyRecorded,
    ended: list[Closing],
    holds: Times,
    now: datetime,
) -> datetime | None:
    """By when it is to be done: anew, where it fell due while the case was closed."""
    start = decided.occurred_at
    due_at = _later(workflow, rule, start, holds, now)
    for end, back in ended:
        if due_at is not None and back and end.occurred_at <= due_at < back.occurred_at:
            due_at = _later(workflow, rule, back.occurred_at, holds, now)
    return due_at


def _later(
    workflow: Any, rule: Rule[Any], start: datetime, holds: Times, now: datetime
) -> datetime | None:
    """The moment so long after a start, by the calendar, without the times on hold."""
    within = rule.within
    if isinstance(within, Span):
        same = Obligation(rule.id, rule.wanted, due=Within(within))
        asked = Asked(same, Begun(start, 0), None, now, workflow.calendar, holds)
        window = WINDOWS[Within](asked)
        return window.due_at if window else None
    if within is None:
        return None
    try:
        due_at = start + within
        for held, resumed in holds:
            if held <= due_at and resumed > start:
                due_at += resumed - max(held, start)
    except OverflowError:  # past the last day of the calendar
        return FOR_EVER
    return due_at


def done_after_the_end(workflow: Any, case: Case[Any], event: type[Any]) -> bool:
    """Whether events of a type do, or cancel, what may be owed on a case that has ended so."""
    course, stage = course_of(case, workflow.ends), case.stage or ""
    after = (one for one in workflow.obligations if one.owed_in(stage, ended=True))
    if any(event in (*one.met_by, *one.cancelled_by) for one in after if course.owes(one)):
        return True
    return any(event in due.rule.rests_on for due in dues(workflow, case, case.recorded_at))


def left_by_rules(
    workflow: Any,
    case: Case[Any],
    now: datetime,
    histories: Histories | None,
    counts: Counts | None,
) -> Iterator[Left]:
    """What decisions left to be done, and lapses undone where the case ends now."""
    for due, result in left_to_do(workflow, case, now, histories, counts):
        missing = next((one.remedy for one in result.unmet if one.remedy), "do it before this step")
        only = result.unmet[0] if len(result.unmet) == 1 else Unmet()
        found = only.found if isinstance(only.found, str) and not only.about else ""
        late = due.overdue(now)
        yield (
            due.rule.rests_on,
            Unmet(
                about=result.wanted.rstrip("."),
                found=not_done(due.due_at, workflow.calendar, overdue=late, found=found),
                remedy=missing,
                evidence=(due.decided.number,),
                quoted=only.quoted,
            ),
        )


def not_done(due_at: datetime | None, calendar: Calendar, *, overdue: bool, found: str = "") -> str:
    """That something is not done, or what was found, and by when it is, or was, to be, in words."""
    found = found or "not done"
    if due_at is None:
        return found
    day = plain_words(calendar.day_of(due_at))
    return f"{found}, and {'it was due' if overdue else 'due'} by {day}"
