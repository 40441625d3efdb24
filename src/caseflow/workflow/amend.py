"""What has to hold for exceptions, corrections and voids. Nothing recorded is rewritten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from caseflow.kernel.case import Move, effective, fold, histories_of
from caseflow.kernel.errors import nearest
from caseflow.kernel.events import (
    Amendment,
    CaseOpened,
    Corrected,
    ExceptionMade,
    Voided,
    event_type,
)
from caseflow.kernel.explain import with_article
from caseflow.kernel.recorded import Actor, AnyRecorded
from caseflow.kernel.rules import Context, Unmet
from caseflow.kernel.verdict import in_words
from caseflow.workflow.builtin import acts_in_words


def entitlement_unmet(workflow: Any, made: ExceptionMade, actor: Actor) -> tuple[Unmet, ...]:
    """Why this actor may not make this exception; nothing where it may."""
    roles = _entitled(workflow, made.rule)
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
        who = " or ".join(map(with_article, sorted(roles)))
        return (Unmet(found=acts_in_words(actor), remedy=f"ask {who}"),)
    return ()


def _entitled(workflow: Any, rule: str) -> frozenset[str]:
    """The roles of which each may make an exception to a rule."""
    roles = {found.excepted_by for found in _rules(workflow, rule)}
    return frozenset(roles | {workflow.faults_excepted_by}) - {""}


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
        who = " or ".join(map(with_article, sorted(roles)))
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
        return _entitled(workflow, target.event.rule) or target.roles
    if isinstance(target.event, CaseOpened):
        return frozenset(workflow.opened_by)
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
            found=f"event {target.number} is {with_article(name)}",
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
    """A corrected decision has to be one that would have been allowed at its place.

    What refuses it as it stands, too, is not the correction's doing, and does not count.
    """
    standing = effective(history)
    prefix = [entry for entry in standing if entry.number < target.number]
    case = fold(prefix, workflow.state())
    stood = context._replace(
        actor=Actor(target.actor, target.roles),
        at=target.occurred_at,
        step=target.transition or "",
        proposed=target.event,
        given_reason=target.reason_code or target.reason,
        histories=histories_of(prefix, workflow.histories),
    )
    anew = target.event if event.event is None else event.event
    then = stood._replace(at=event.occurred_at or target.occurred_at, proposed=anew)
    edges = workflow.edges(target.transition, case.position)
    leads_to = next((edge.dest for edge in edges if edge.choose(case, then) is True), None)
    if edges and leads_to != target.stage:
        yield Unmet(
            found=f"as corrected, it would not have led to {in_words(target.stage)}",
            remedy=f"void event {target.number} and decide anew",
            evidence=(target.number,),
        )
    for rule in edges[0].row.rules if edges else ():
        result, before = rule.judge(case, then), rule.judge(case, stood)
        excepted = any(note.rule == rule.id and note.exception for note in target.noted)
        excepted = excepted or (before is not None and before.refuses)
        if result is not None and result.refuses and not excepted:
            for item in result.unmet or (Unmet(found=result.fault),):
                yield Unmet(
                    about=f"as corrected, rule {rule.id} refuses it",
                    found=item.found,
                    remedy=item.remedy,
                    evidence=result.evidence,
                )
