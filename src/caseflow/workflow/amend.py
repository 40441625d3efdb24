"""What has to hold for corrections and voids. Nothing recorded is rewritten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import attrs

from caseflow.kernel.case import Case, Move, empty, evolve, fold
from caseflow.kernel.context import Context
from caseflow.kernel.erasure_errors import ErasedRead
from caseflow.kernel.events import (
    Amendment,
    CaseOpened,
    Corrected,
    ExceptionMade,
    Voided,
    event_type,
)
from caseflow.kernel.explain import plain_words
from caseflow.kernel.history import effective, histories_of
from caseflow.kernel.recorded import Actor, AnyRecorded
from caseflow.kernel.rules import UNJUDGED, Result, Rule, Unmet
from caseflow.kernel.verdict import in_words
from caseflow.workflow.builtin import any_of_roles, built_in
from caseflow.workflow.command import CountsOf, NoOtherCases
from caseflow.workflow.excepting import roles_that_except
from caseflow.workflow.held import held_under


def amendment_unmet(
    workflow: Any, history: Sequence[AnyRecorded], event: Amendment, context: Context
) -> tuple[Unmet, ...]:
    """Why this correction or void does not fit the history; nothing where it does."""
    standing = {entry.number: entry for entry in effective(history)}
    target = standing.get(event.number)
    if target is None or isinstance(target.event, (Corrected, Voided)):
        found = "there is no such event" if target is None else "it is a correction or void itself"
        if target is None and any(entry.number == event.number for entry in history):
            found = "it was voided already"
        return (Unmet(found=found, remedy="name an event of the history that still stands"),)
    roles = _roles(workflow, history, target)
    if roles and context.actor.roles.isdisjoint(roles):
        return (
            Unmet(
                found=f"{context.actor.id} may not take the decision in event {target.number}",
                remedy=f"ask {any_of_roles(workflow, sorted(roles))}",
                evidence=(target.number,),
                quoted=(context.actor.id,),
            ),
        )
    moves = fold(history, workflow.state()).path
    if isinstance(event, Voided):
        ended = moves[-1].position in workflow.ends
        return tuple(_void_unmet(target, moves, ended=ended))
    return tuple(_correction_unmet(workflow, history, target, event, context, moves))


def _roles(workflow: Any, history: Sequence[AnyRecorded], target: AnyRecorded) -> frozenset[str]:
    """The roles of which one is needed to take the decision that is amended."""
    if isinstance(target.event, ExceptionMade):
        return roles_that_except(workflow, target.event.rule) or target.roles
    if isinstance(target.event, CaseOpened):
        return frozenset(workflow.opened_by)
    if target.transition is None:
        return frozenset()
    edges = workflow.edges(target.transition, _before(workflow, history, target).position)
    rows = workflow.rows_named(target.transition or "")
    return frozenset(role for row in _taken(edges) or rows for role in row.transition.roles)


def _before(workflow: Any, history: Sequence[AnyRecorded], target: AnyRecorded) -> Case[Any]:
    """The case as it stood when the decision was taken, as known now."""
    prefix = [entry for entry in effective(history) if entry.number < target.number]
    return fold(prefix, workflow.state())


def _taken(edges: Sequence[Any]) -> list[Any]:
    """The row of some edges: of several rows of one name, the one that led on from there."""
    return [edges[0].row] if edges else []


def not_amended(event: Amendment, unmet: Sequence[Unmet]) -> Result:
    """The result that refuses a correction or void."""
    done = "voided" if isinstance(event, Voided) else "corrected"
    return built_in("amendment", f"Event {event.number} can be {done}.", *unmet)


def _void_unmet(target: AnyRecorded, moves: tuple[Move, ...], *, ended: bool) -> Iterable[Unmet]:
    if isinstance(target.event, CaseOpened):
        yield Unmet(
            found="event 1 opened the case",
            remedy="reopen the case, and end it as entered in error"
            if ended
            else "end the case as entered in error",
            evidence=(1,),
        )
    elif target.stage is not None and target.number != moves[-1].number:
        yield Unmet(
            found=f"event {target.number} moved the case, and event {moves[-1].number} moved it on",
            remedy=f"void event {moves[-1].number} first, or correct the date",
            evidence=(target.number, moves[-1].number),
        )


def _correction_unmet(
    workflow: Any,
    history: Sequence[AnyRecorded],
    target: AnyRecorded,
    event: Corrected,
    context: Context,
    moves: tuple[Move, ...],
) -> Iterable[Unmet]:
    if event.event is None and event.occurred_at is None:
        yield Unmet(
            found="neither what it should have said, nor when it was",
            remedy=f"give one of them, or both: what event {event.number} should have said, or its "
            "right moment",
        )
        return
    name = event_type(target.event).name
    fixed = isinstance(target.event, (CaseOpened, ExceptionMade))
    if event.event is not None and (fixed or type(event.event) is not type(target.event)):
        yield Unmet(
            found=f"event {target.number} is of the type {name}",
            remedy="void it and record it anew"
            if isinstance(target.event, ExceptionMade)
            else "correct an event with one of its own type",
            evidence=(target.number,),
        )
        return
    moment = event.occurred_at
    if moment is not None and event_type(target.event).kind == "decision" and moment > context.now:
        yield Unmet(
            found=f"the corrected moment, {plain_words(context.calendar.here(moment))}, "
            "lies in the future",
            remedy="give the moment at which it was decided",
        )
    if moment is not None and target.stage is not None:
        yield from _order_unmet(target, context.calendar.here(moment), moves)
    if target.transition is not None and not isinstance(target.event, CaseOpened):
        yield from _rejudged(workflow, history, target, event, context)


def _order_unmet(target: AnyRecorded, moment: Any, moves: tuple[Move, ...]) -> Iterable[Unmet]:
    """A corrected move stays between the moves before and after it."""
    place = next((i for i, move in enumerate(moves) if move.number == target.number), None)
    if place is None:
        return
    before = moves[place - 1] if place else None
    after = moves[place + 1] if place + 1 < len(moves) else None
    for other, wrong in ((before, "before"), (after, "after")):
        if other is None:
            continue
        bad = moment < other.occurred_at if wrong == "before" else moment > other.occurred_at
        if bad:
            yield Unmet(
                found=f"{plain_words(moment)} lies {wrong} the move in event {other.number}",
                remedy="give a moment between the moves before and after it, or correct first "
                f"when event {other.number} was",
                evidence=(target.number, other.number),
            )


def at_its_place(
    workflow: Any,
    history: Sequence[AnyRecorded],
    target: AnyRecorded,
    event: Corrected,
    context: Context,
) -> tuple[Case[Any], Context, Context]:
    """The case before an event, and the event to be judged there: as it stands, as corrected."""
    prefix = [entry for entry in effective(history) if entry.number < target.number]
    stood = _as_proposed(workflow, prefix, target, context)
    anew = target.event if event.event is None else event.event
    at = event.occurred_at or target.occurred_at
    then = stood._replace(at=at, now=_written_down(target, at, context), proposed=anew)
    before = fold(prefix, workflow.state()) if prefix else empty(history, workflow.state())
    return before, stood, then


def _as_proposed(
    workflow: Any, before: Sequence[AnyRecorded], target: AnyRecorded, context: Context
) -> Context:
    """What the rules see of an event that is judged at its place, after those before it."""
    return context._replace(
        actor=Actor(target.actor, target.roles),
        at=target.occurred_at,
        now=_written_down(target, target.occurred_at, context),
        step=target.transition or event_type(target.event).name,
        proposed=target.event,
        given_reason=target.reason_code or target.reason,
        subject=target.subject,
        histories=histories_of(before, workflow.histories),
    )


def _written_down(target: AnyRecorded, at: datetime, context: Context) -> datetime:
    """When an event was recorded, or occurred since: a correction makes nothing late."""
    return min(context.now, max(target.recorded_at, at))


def _rejudged(
    workflow: Any,
    history: Sequence[AnyRecorded],
    target: AnyRecorded,
    event: Corrected,
    context: Context,
) -> Iterable[Unmet]:
    """A corrected decision has to be one that would have been allowed at its place.

    What was found missing in it as it stands, too, is not the correction's doing, and does not
    count; nor does what an exception covers that was made before it. Other cases are counted
    once the amendment has taken effect (see `held_unmet`).
    """
    case, stood, then = at_its_place(workflow, history, target, event, context)
    edges = workflow.edges(target.transition, case.position)
    leads_to = next((edge.dest for edge in edges if edge.choose(case, then) is True), None)
    if edges and leads_to != target.stage:
        yield Unmet(
            found="as corrected, it would not have led to "
            + in_words(target.stage, workflow.words),
            remedy=f"void event {target.number} and decide anew",
            evidence=(target.number,),
        )
    stood, then = (one._replace(counts=NoOtherCases()) for one in (stood, then))
    for rule in edges[0].row.rules if edges else ():
        result, before = rule.judge(case, then), rule.judge(case, stood)
        missed = _missed(workflow, case, rule, before, stood)
        for item in _missed(workflow, case, rule, result, then):
            if result is not None and not any(_same(item, other) for other in missed):
                about = f"as corrected, it is refused by {_in_words(rule)}"
                yield attrs.evolve(item, about=about, evidence=result.evidence)


def _in_words(rule: Rule[Any]) -> str:
    """A rule as one can name it in an exception, and what it wants."""
    return f'{rule.id} ("{rule.wanted.rstrip(".")}")'


def held_unmet(
    workflow: Any,
    before: Case[Any],
    after: Case[Any],
    history: Sequence[AnyRecorded],
    context: Context,
) -> tuple[Unmet, ...]:
    """Why a case may not come under a value again, as an amended decision would have it.

    `before` and `after` are the case without the amendment and with it, `history` is that with
    it. Under a value that it comes under, the case is one more, as it is with a decision: so
    every decision that stands is judged at its place with the counts of now, of these values
    alone. What an exception covers that is in force now does not count.
    """
    event: Amendment = context.event
    amended = next(entry for entry in history if entry.number == event.number)
    came = _counted(workflow, after) - _counted(workflow, before)
    if amended.transition is None or not came:
        return ()
    fresh, alone = CountsOf(context.counts, came), NoOtherCases()
    unmet: list[Unmet] = []
    standing = effective(history)
    case = empty(history, workflow.state())
    for place, entry in enumerate(standing):
        for rule in rules_judged(workflow, case, entry):
            if not rule.counts:
                continue
            then = _as_proposed(workflow, standing[:place], entry, context)
            missed, without = (
                _missed(workflow, after, rule, rule.judge(case, seen), context)
                for seen in (then._replace(counts=fresh), then._replace(counts=alone))
            )
            for item in missed:
                told = attrs.evolve(item, about=f"as amended, it is refused by {_in_words(rule)}")
                if told not in unmet and not any(_same(item, other) for other in without):
                    unmet.append(told)
        case = evolve(case, entry)
    return tuple(unmet)


def _counted(workflow: Any, case: Case[Any]) -> set[tuple[str, str]]:
    """The values under which a case is counted by some rule."""
    names = {name for rule in workflow.all_rules.values() for name in rule.counts}
    indexes = [index for index in workflow.indexes if index.name in names]
    held = held_under(indexes, case, ended=case.position in workflow.ends)
    return {(index.name, value) for index, value in held}


def rules_judged(workflow: Any, case: Case[Any], entry: AnyRecorded) -> Sequence[Rule[Any]]:
    """The rules by which a decision was judged at its place; none of a fact."""
    if isinstance(entry.event, CaseOpened):
        found: Sequence[Rule[Any]] = workflow.rules_on(CaseOpened)
        return found
    edges = workflow.edges(entry.transition, case.position) if entry.transition else ()
    return edges[0].row.rules if edges else ()


def _missed(
    workflow: Any, case: Case[Any], rule: Any, result: Result | None, context: Context
) -> tuple[Unmet, ...]:
    """What a rule refuses a decision for, where no exception covers it at its moment."""
    if result is None or not result.refuses:
        return ()
    unjudged = result.outcome in UNJUDGED
    roles = [rule.excepted_by, workflow.faults_excepted_by if unjudged else ""]
    for made in case.exceptions:
        if any(made.covers(rule.id, context.at, role or None) for role in roles):
            return ()
    return result.unmet or (Unmet(found=result.fault or "cannot be judged: erased"),)


def _same(one: Unmet, other: Unmet) -> bool:
    """Whether two things that were found missing are the same, as far as they can be read."""
    try:
        return one == other
    except ErasedRead:
        return False
