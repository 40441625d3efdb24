"""What has to hold for exceptions, corrections and voids. Nothing recorded is rewritten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any

import attrs

from caseflow.kernel.case import Case, Move, effective, empty, evolve, fold, histories_of
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
from caseflow.kernel.recorded import Actor, AnyRecorded
from caseflow.kernel.rules import UNJUDGED, Result, Rule, Unmet
from caseflow.kernel.verdict import in_words
from caseflow.workflow.builtin import acts_in_words, any_of_roles, built_in
from caseflow.workflow.command import CountsOf, NoOtherCases
from caseflow.workflow.held import held_under
from caseflow.workflow.occasions import Occasion, occasions


def entitlement_unmet(
    workflow: Any, history: Sequence[AnyRecorded], made: ExceptionMade, context: Context
) -> tuple[Unmet, ...]:
    """Why this actor may not make this exception, or it would change nothing; else nothing."""
    actor = context.actor
    obligation = next((one for one in workflow.obligations if one.id == made.rule), None)
    if obligation is not None:
        roles = frozenset({obligation.excepted_by} - {""})
    else:
        roles = _entitled(workflow, made.rule)
    if obligation is None and made.rule not in workflow.all_rules:
        return (Unmet(found=f"there is no rule {made.rule}", remedy=_whole(workflow, made.rule)),)
    if not made.reason.strip():
        return (Unmet(found="no reason", remedy="say why the exception is made"),)
    if not roles:
        return (
            Unmet(
                found=f"rule {made.rule} allows no exception",
                remedy="do what the rule asks for, or let the agency name a role for exceptions",
            ),
        )
    if actor.roles.isdisjoint(roles):
        found = acts_in_words(workflow, actor)
        return (Unmet(found=found, remedy=f"ask {any_of_roles(workflow, sorted(roles))}"),)
    if made.due_on is not None:
        return tuple(_occasion_unmet(workflow, history, made, context))
    if obligation is not None and made.until is not None and made.until < context.at:
        return (
            Unmet(
                found=f"{_day(made.until.date())} has passed, so that nothing is bridged",
                remedy="give a later until; or name the day on which it was due (due_on), to "
                "excuse that one time",
            ),
        )
    return ()


def _occasion_unmet(
    workflow: Any, history: Sequence[AnyRecorded], made: ExceptionMade, context: Context
) -> Iterable[Unmet]:
    """Why one time that an obligation was due is not excused; nothing where it is."""
    day: date = made.due_on or date.min
    end = workflow.calendar.end_of(day)
    if all(one.id != made.rule for one in workflow.obligations):
        found = f"{made.rule} is a rule, and due on no day"
        yield Unmet(found=found, remedy="leave due_on out; until says how long it counts")
        return
    if made.until is not None:
        found = "it names one day (due_on) and an end (until)"
        yield Unmet(found=found, remedy="give due_on to excuse one time, or until to bridge a time")
        return
    if end > context.now + _AHEAD:
        found = f"{_day(day)} is more than a year ahead"
        yield Unmet(found=found, remedy="excuse it when it is nearer, or give until")
        return
    told = occasions(workflow, history, max(context.now, end))
    its = [one for one in told if one.obligation.id == made.rule]
    then = [one for one in its if workflow.calendar.day_of(one.due_at) == day]
    if all(one.outcome in _NEEDS_NONE for one in then):
        near = _days_to_excuse(workflow, its, day)
        remedy = f"name a day of those that may be excused: {' or '.join(map(_day, near))}"
        found = f"{made.rule} is not due on {_day(day)}"
        if then:
            found = f"what was due on {_day(day)} is {then[0].outcome}, and needs no exception"
        evidence = tuple(one.met for one in then if one.met is not None)
        remedy = remedy if near else "name the day once something due was not done"
        yield Unmet(found=found, remedy=remedy, evidence=evidence or None)


def _days_to_excuse(workflow: Any, its: Iterable[Occasion], day: date) -> list[date]:
    """A few days near another on which something is due that may be excused; missed ones first."""
    found: dict[date, bool] = {}
    for one in its:
        if one.outcome not in (*_NEEDS_NONE, "excused"):
            due = workflow.calendar.day_of(one.due_at)
            found[due] = found.get(due, True) and one.outcome not in ("missed", "overdue")
    near = sorted(found, key=lambda due: (found[due], abs(due - day)))[:3]
    return sorted(near, key=lambda due: (found[due], due))


_NEEDS_NONE = ("kept", "cancelled", "lapsed")
_AHEAD = timedelta(days=366)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _whole(workflow: Any, part: str) -> str:
    """What to do about an exception to a rule that does not stand by itself."""
    for rule in workflow.all_rules.values():
        if part in _parts_of(rule):
            return f"make the exception to {rule.id}, of which it is a part"
    known = [*workflow.all_rules, *(one.id for one in workflow.obligations)]
    close = get_close_matches(part, known, n=3)
    return (
        f"name the rule as the refusal names it: {' or '.join(close)}"
        if close
        else ("name the rule as the refusal names it")
    )


def _parts_of(rule: Any) -> Iterable[str]:
    for part in rule.parts:
        yield part.id
        yield from _parts_of(part)


def noted_of_exception(workflow: Any, made: ExceptionMade, context: Context) -> Iterable[Result]:
    """A warning where an exception counts less than may be thought, or more."""
    rules = tuple(_rules(workflow, made.rule))
    again = any(one.id == made.rule and one.again for one in workflow.obligations)
    if again and made.until is None and made.due_on is None:
        unmet = Unmet(
            found=f"it has no end: every {made.rule} from now on is excused",
            remedy="name the day (due_on) or an end (until)",
        )
        wanted = "An exception to what is due again and again names a day or has an end."
        yield built_in("exception-entitled", wanted, unmet, warns=True)
    if rules and not any(rule.excepted_by for rule in rules):
        unmet = Unmet(
            found=f"rule {made.rule} allows none, so this one counts only if the rule itself fails",
            remedy="do what the rule asks for",
        )
        wanted = "The rule allows exceptions."
        yield built_in("exception-entitled", wanted, unmet, warns=True)
    elif made.until is not None and made.until < context.at:
        unmet = Unmet(
            found=f"{_day(made.until.date())} has passed, so this one counts only for decisions "
            "that are dated before",
            remedy="give a later until, if it is to count from now on",
        )
        wanted = "The exception counts for what is decided from now on."
        yield built_in("exception-entitled", wanted, unmet, warns=True)


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
        return (Unmet(found=found, remedy="name an event of the history that still stands"),)
    roles = _roles(workflow, history, target)
    if roles and context.actor.roles.isdisjoint(roles):
        return (
            Unmet(
                found=f"{context.actor.id} may not take the decision in event {target.number}",
                remedy=f"ask {any_of_roles(workflow, sorted(roles))}",
                evidence=(target.number,),
            ),
        )
    moves = fold(history, workflow.state()).path
    if isinstance(event, Voided):
        return tuple(_void_unmet(target, moves))
    return tuple(_correction_unmet(workflow, history, target, event, context, moves))


def _roles(workflow: Any, history: Sequence[AnyRecorded], target: AnyRecorded) -> frozenset[str]:
    """The roles of which one is needed to take the decision that is amended."""
    if isinstance(target.event, ExceptionMade):
        return _entitled(workflow, target.event.rule) or target.roles
    if isinstance(target.event, CaseOpened):
        return frozenset(workflow.opened_by)
    if target.transition is None:
        return frozenset()
    edges = workflow.edges(target.transition, _before(workflow, history, target).position)
    rows = [row for row in workflow.rows if row.name == target.transition]
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
    if event.event is None and event.occurred_at is None:
        yield Unmet(found="a correction of nothing", remedy="say what it should have said, or when")
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
    then = stood._replace(at=event.occurred_at or target.occurred_at, proposed=anew)
    return fold(prefix, workflow.state()), stood, then


def _as_proposed(
    workflow: Any, before: Sequence[AnyRecorded], target: AnyRecorded, context: Context
) -> Context:
    """What the rules see of an event that is judged at its place, after those before it."""
    return context._replace(
        actor=Actor(target.actor, target.roles),
        at=target.occurred_at,
        step=target.transition or event_type(target.event).name,
        proposed=target.event,
        given_reason=target.reason_code or target.reason,
        subject=target.subject,
        histories=histories_of(before, workflow.histories),
    )


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
                yield Unmet(
                    about=f"as corrected, it is refused by {rule.id}",
                    found=item.found,
                    remedy=item.remedy,
                    evidence=result.evidence,
                )


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
        for rule in _rules_judged(workflow, case, entry):
            if not rule.counts:
                continue
            then = _as_proposed(workflow, standing[:place], entry, context)
            missed, without = (
                _missed(workflow, after, rule, rule.judge(case, seen), context)
                for seen in (then._replace(counts=fresh), then._replace(counts=alone))
            )
            for item in missed:
                told = attrs.evolve(item, about=f"as amended, it is refused by {rule.id}")
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


def _rules_judged(workflow: Any, case: Case[Any], entry: AnyRecorded) -> Sequence[Rule[Any]]:
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
