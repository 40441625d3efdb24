"""What has to hold for exceptions, corrections and voids. Nothing recorded is rewritten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from caseflow.kernel.case import Move, effective, fold
from caseflow.kernel.errors import nearest
from caseflow.kernel.events import (
    Amendment,
    CaseOpened,
    Corrected,
    ExceptionMade,
    Voided,
    event_type,
)
from caseflow.kernel.recorded import Actor, AnyRecorded
from caseflow.kernel.rules import Context, Unmet


def entitlement_unmet(workflow: Any, made: ExceptionMade, actor: Actor) -> tuple[Unmet, ...]:
    """Why this actor may not make this exception; nothing where it may."""
    roles = {rule.excepted_by for rule in _rules(workflow, made.rule) if rule.excepted_by}
    if workflow.faults_excepted_by:
        roles.add(workflow.faults_excepted_by)
    if made.rule not in workflow.all_rules:
        remedy = nearest(made.rule, workflow.all_rules)
        return (Unmet(found=f"there is no rule {made.rule}", remedy=remedy),)
    if not roles:
        return (
            Unmet(
                found=f"rule {made.rule} allows no exception",
                remedy="do what the rule asks for, or let the agency name a role for exceptions",
            ),
        )
    if actor.roles.isdisjoint(roles):
        who = " or ".join(f"a {role}" for role in sorted(roles))
        acts = " and ".join(sorted(actor.roles)) or "no role"
        return (Unmet(found=f"{actor.id} acts in {acts}", remedy=f"ask {who}"),)
    return ()


def _rules(workflow: Any, rule: str) -> Iterable[Any]:
    """Every standing of a rule: the same rule may allow exceptions here and not there."""
    for row in workflow.rows:
        yield from (found for found in row.rules if found.id == rule)
    for given in workflow.rules.values():
        yield from (found for found in given if found.id == rule)


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
        return (
            Unmet(
                found=f"event {event.number}: {found}",
                remedy="name an event of the history that stands",
            ),
        )
    roles = _roles(workflow, target)
    if roles and context.actor.roles.isdisjoint(roles):
        who = " or ".join(f"a {role}" for role in sorted(roles))
        return (
            Unmet(
                found=f"{context.actor.id} may not take the decision in event {target.number}",
                remedy=f"ask {who}",
                evidence=(target.number,),
            ),
        )
    moves = fold(history, workflow.state()).path
    if isinstance(event, Voided):
        return tuple(_void_unmet(target, moves))
    return tuple(_correction_unmet(workflow, history, target, event, context, moves))


def _roles(workflow: Any, target: AnyRecorded) -> frozenset[str]:
    """The roles of which one is needed to take the decision that is amended."""
    if isinstance(target.event, ExceptionMade):
        return frozenset(target.roles)
    for row in workflow.rows:
        if row.name == target.transition:
            return frozenset(row.transition.roles)
    return frozenset()


def _void_unmet(target: AnyRecorded, moves: tuple[Move, ...]) -> Iterable[Unmet]:
    if isinstance(target.event, CaseOpened):
        yield Unmet(
            found="event 1 opened the case",
            remedy="end the case as entered in error",
            evidence=(1,),
        )
    elif target.stage is not None and target.number != moves[-1].number:
        yield Unmet(
            found=f"event {target.number} is a move, and event {moves[-1].number} moved after it",
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
    name = event_type(target.event).name
    fixed = isinstance(target.event, (CaseOpened, ExceptionMade))
    if event.event is not None and (fixed or type(event.event) is not type(target.event)):
        yield Unmet(
            found=f"event {target.number} is a {name}",
            remedy="void it and record it anew"
            if isinstance(target.event, ExceptionMade)
            else "correct an event with one of its own type",
            evidence=(target.number,),
        )
        return
    moment = event.occurred_at
    if moment is not None and event_type(target.event).kind == "decision" and moment > context.now:
        yield Unmet(
            found=f"the corrected moment {moment:%Y-%m-%d} lies in the future",
            remedy="give the moment at which it was decided",
        )
    if moment is not None and target.stage is not None:
        yield from _order_unmet(target, moment, moves)
    if event.event is not None and target.transition is not None:
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
                found=f"{moment:%Y-%m-%d} lies {wrong} the move in event {other.number}",
                remedy="give a moment between the moves before and after it",
                evidence=(target.number, other.number),
            )


def _rejudged(
    workflow: Any,
    history: Sequence[AnyRecorded],
    target: AnyRecorded,
    event: Corrected,
    context: Context,
) -> Iterable[Unmet]:
    """A corrected decision has to be one that would have been allowed at its place."""
    standing = effective(history)
    prefix = [entry for entry in standing if entry.number < target.number]
    case = fold(prefix, workflow.state())
    histories = {
        cls: tuple(entry for entry in prefix if type(entry.event) is cls)
        for cls in workflow.histories
    }
    then = context._replace(
        actor=Actor(target.actor, target.roles),
        at=event.occurred_at or target.occurred_at,
        step=target.transition or "",
        proposed=event.event,
        given_reason=target.reason_code or target.reason,
        histories=histories,
    )
    edges = workflow.edges(target.transition, case.position)
    for rule in edges[0].row.rules if edges else ():
        result = rule.judge(case, then)
        excepted = any(note.rule == rule.id and note.exception for note in target.noted)
        if result is not None and result.refuses and not excepted:
            for item in result.unmet or (Unmet(found=result.fault),):
                yield Unmet(
                    about=f"as corrected, rule {rule.id} refuses it",
                    found=item.found,
                    remedy=item.remedy,
                    evidence=result.evidence,
                )
