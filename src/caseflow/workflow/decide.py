"""Deciding: steps and a case go in, a verdict and events come out. Pure.

The order of evaluation is total. For each step: which transition it is; the role (an actor
without it learns only that); the position; the moment (not in the future, moves in order);
the reason; the rules on the event, in their order; the rules on the transition, in their
order; the target. Every rule is evaluated, and each once. Judging stops at the first step
that is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple

import attrs

from caseflow.kernel.case import Case, S, evolve, fold, histories_of
from caseflow.kernel.errors import HistoricalCase, PayloadNeeded, UnknownStep, nearest
from caseflow.kernel.events import (
    CaseOpened,
    Corrected,
    ExceptionMade,
    Moved,
    Voided,
    event_type,
)
from caseflow.kernel.recorded import Actor, AnyRecorded, Noted, Recorded, quickly
from caseflow.kernel.rules import Context, Result, Rule, Unmet
from caseflow.kernel.verdict import Judgement, Verdict
from caseflow.workflow.amend import amendment_unmet, entitlement_unmet
from caseflow.workflow.builtin import (
    built_in,
    position_unmet,
    reason_unmet,
    role_unmet,
    wanted_role,
)
from caseflow.workflow.machine import Edge, Row
from caseflow.workflow.workflow import Workflow

# What is made for every decision is a named tuple: the cheapest value that cannot be changed.


class Entry(NamedTuple):
    """A step with a moment, a reason, a reporter or a subject of its own.

    `step` is an event, or the name of a transition. `at` is when it occurred (left out: the
    moment of the unit); `reported_by` who said so, where that is not the actor; `subject`
    whose data it is, where that is not the client.
    """

    step: Any
    at: datetime | None = None
    reason: str | None = None
    reported_by: str | None = None
    subject: str | None = None


class Command(NamedTuple):
    """A unit of steps, with everything that deciding on it may depend on.

    `now` is the moment it is recorded at, `at` the moment it occurred (None: now). `history`
    is the whole history, needed where a step corrects or voids; `histories` are the effective
    events of the types that rules declare to read.
    """

    entries: tuple[Entry, ...]
    actor: Actor
    now: datetime
    at: datetime | None = None
    reason: str | None = None
    command_id: str | None = None
    fingerprint: str | None = None
    history: tuple[AnyRecorded, ...] | None = None
    histories: Mapping[type[Any], tuple[AnyRecorded, ...]] | None = None


class Decided(NamedTuple, Generic[S]):
    """What was decided: the verdict, the events to record, and the case with them."""

    verdict: Verdict
    events: tuple[AnyRecorded, ...]
    case: Case[S]


def decide(workflow: Workflow[S], case: Case[S], command: Command) -> Decided[S]:
    """Judge a unit of steps on a case. Nothing is written; the same input gives the same answer.

    Raises `UnknownStep`, `UnknownEvent` or `PayloadNeeded` where a step makes no sense to the
    workflow, and `HistoricalCase` for a case seen as of an earlier moment.
    """
    if case.historical:
        raise HistoricalCase(case_id=case.id)
    judgements: list[Judgement] = []
    events: list[AnyRecorded] = []
    for entry in command.entries:
        judgement, row = judge(workflow, case, entry, command, events)
        judgements.append(judgement)
        if not judgement.allowed:
            return Decided(Verdict(False, tuple(judgements)), (), case)
        recorded = _envelope(case, judgement, row, entry, command)
        events.append(recorded)
        kind = type(recorded.event)
        histories = command.histories
        if kind is Corrected or kind is Voided:  # they take effect on the whole history
            history = (*(command.history or ()), *events)
            case = fold(history, workflow.state())
            if histories:
                command = command._replace(histories=histories_of(history, histories))
        else:
            case = evolve(case, recorded)
            if histories and kind in histories:
                read = {**histories, kind: (*histories[kind], recorded)}
                command = command._replace(histories=read)
    verdict = quickly(Verdict, (True, tuple(judgements)))
    return quickly(Decided, (verdict, tuple(events), case))


def judge(
    workflow: Workflow[S],
    case: Case[S],
    entry: Entry,
    command: Command,
    unit: Sequence[AnyRecorded] = (),
) -> tuple[Judgement, Row | None]:
    """Judge one step of a unit: its judgement, and its row (None for a fact).

    `unit` holds the events of the steps before it.
    """
    step, at, reason, _, subject = entry
    name, event, edges = _named(workflow, case, step)
    if edges and event is None:
        event = _bare_event(edges[0].row)
    now = command.now
    context = quickly(
        Context,
        (
            command.actor,
            at or command.at or now,
            now,
            name,
            event,
            command.reason if reason is None else reason,
            subject or case.identity.client,
            command.histories,
            "",
            False,
        ),
    )
    if edges:
        row: Row = edges[0].row
        answers = _answers(workflow, case, row, context, command, unit)
        return _concluded(case, row, edges, context, answers), row
    if edges is None:
        return _judge_fact(workflow, case, context), None
    return _not_from_here(workflow, case, context), None


def _named(
    workflow: Workflow[Any], case: Case[Any], step: Any
) -> tuple[str, Any, tuple[Edge, ...] | None]:
    """The name of a step, its event (None: not given), and its edges from here (None: a fact)."""
    parts = workflow._parts  # past its properties, which cost more than what they give
    here = parts.dispatch.get(case.position or "", {})
    if isinstance(step, str):
        return step, None, here.get(step, ())
    names = parts.recorders.get(type(step))
    if not names:
        kind = workflow.knows(step)
        if kind.kind == "fact":
            return kind.name, step, None
        raise workflow._unknown(step)
    for name in names:  # of several that record it, the first that leads on from here
        if name in here:
            return name, step, here[name]
    return names[0], step, ()


def _bare_event(row: Row) -> Any:
    """The event of a transition that was named without one."""
    records = row.transition.records
    if records is None:
        return Moved()
    if row.needed:
        raise PayloadNeeded(
            step=row.name,
            event=records.__name__,
            needed=" and ".join(row.needed),
            arguments=", ".join(f"{name}=..." for name in row.needed),
        )
    return records()


def _answers(
    workflow: Workflow[Any],
    case: Case[Any],
    row: Row,
    context: Context,
    command: Command,
    unit: Sequence[AnyRecorded] = (),
) -> list[Result | Rule[Any]]:
    """What every rule on this row answers, in the order of evaluation."""
    transition = row.transition
    if transition.roles and context.actor.roles.isdisjoint(transition.roles):
        return [role_unmet(transition.roles, context.actor)]
    answers: list[Result | Rule[Any]] = []
    at, now, path = context.at, context.now, case.path
    if at > now or (path and at < path[-1].occurred_at):
        answers.extend(_moment_answers(case, row, at, now))
    if row.codes or transition.reason_required:
        unmet = reason_unmet(row, context)
        if unmet is not None:
            answers.append(unmet)
    if row.core:
        answers.extend(_core_answers(workflow, case, row, context, command, unit))
    for rule in row.rules:
        result = rule.judge(case, context)
        if result is None:
            answers.append(rule)
        else:
            answers.append(_weighed(workflow, case, rule, result, context))
    return answers


def _moment_answers(case: Case[Any], row: Row, at: datetime, now: datetime) -> Iterable[Result]:
    """A decision is not dated in the future, and a move not before the move that led here."""
    if at > now:
        yield built_in(
            "not-in-the-future",
            "A decision is dated today or earlier.",
            Unmet(found=at, remedy="give the moment at which it was decided"),
        )
    if not case.path or row.transition.supersedes or _stays(row):
        return
    last = case.path[-1]
    if at < last.occurred_at:
        found = f"{_moment_words(at)}, and the case came here on {_moment_words(last.occurred_at)}"
        yield built_in(
            "moves-in-order",
            "A move is dated after the move that led here.",
            Unmet(
                found=found,
                remedy="give a later moment, or correct the date of the earlier move",
                evidence=(last.number,),
            ),
        )


def _moment_words(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def _stays(row: Row) -> bool:
    return row.core or all(to.stage == "*stay" for to in row.transition.to)


def _core_answers(
    workflow: Workflow[Any],
    case: Case[Any],
    row: Row,
    context: Context,
    command: Command,
    unit: Sequence[AnyRecorded],
) -> Iterable[Result | Rule[Any]]:
    """What has to hold for exceptions, corrections and voids."""
    if context.proposed is None:
        return
    if isinstance(context.event, ExceptionMade):
        found = entitlement_unmet(workflow, context.event, context.actor)
        rule, wanted = "exception-entitled", "An exception is made by the role entitled to it."
    else:
        history = (*(command.history or ()), *unit)
        found = amendment_unmet(workflow, history, context.event, context)
        rule, wanted = "amendment", "A correction or void fits the event that it names."
    if found:
        yield built_in(rule, wanted, *found)


def _weighed(
    workflow: Workflow[Any], case: Case[Any], rule: Rule[Any], result: Result, context: Context
) -> Result:
    """A result as it counts here: with the exception that covers it, and since when it is owed."""
    if result.outcome not in ("unmet", "fault"):
        return result
    for made in reversed(case.exceptions):
        by_rule = made.covers(rule.id, context.at, rule.excepted_by or None)
        if result.outcome == "unmet" and by_rule:
            return attrs.evolve(result, outcome="excepted", exception=made.number)
        by_fault = made.covers(rule.id, context.at, workflow.faults_excepted_by or None)
        if result.outcome == "fault" and (by_rule or by_fault):
            return attrs.evolve(result, outcome="fault-excepted", exception=made.number)
    if result.outcome == "fault" and not rule.excepted_by:
        result = attrs.evolve(result, excepted_by=workflow.faults_excepted_by)
    if rule.strength == "due":
        return attrs.evolve(result, since=_since(case, rule, context))
    return result


def _since(case: Case[Any], rule: Rule[Any], context: Context) -> int:
    """Since which event it is owed: an earlier decision's, where that is still unmet."""
    earlier = case.dues.get(rule.id)
    if earlier is not None:
        then = context._replace(
            at=earlier.occurred_at, proposed=earlier.event, step=earlier.transition or ""
        )
        if not rule.result(case, then).holds:
            return earlier.number
    return case.version + 1


def _concluded(
    case: Case[Any],
    row: Row,
    edges: tuple[Edge, ...],
    context: Context,
    answers: list[Result | Rule[Any]],
) -> Judgement:
    """The judgement: the answers, and the target if there is one."""
    target, allowed, only = None, True, edges[0]
    if only.condition is None and only.left is None:
        target = only.dest
    elif not _lacks_role(answers):
        target, missing = _target(edges, case, context)
        if missing is not None:
            answers.append(missing)
    found: tuple[Result | Rule[Any], ...] = tuple(answers)
    if found == row.rules:  # every rule is simply met
        found = row.rules
    elif _lacks_role(answers):
        target, allowed = None, False
    else:
        allowed = not any(isinstance(a, Result) and a.refuses for a in found)
    position = case.position
    return quickly(
        Judgement, (context.step, row.label, position, target, allowed, found, case, context)
    )


def _lacks_role(answers: list[Result | Rule[Any]]) -> bool:
    """Whether it was found that the actor may not do this: then that is all that was looked at."""
    first = answers[0] if answers else None
    return isinstance(first, Result) and first.rule == "role"


def _target(
    edges: tuple[Edge, ...], case: Case[Any], context: Context
) -> tuple[str | None, Result | None]:
    """The first target whose condition is met (None: it stays), or the result that says why not."""
    for edge in edges:
        chosen = edge.choose(case, context)
        if chosen is True:
            return edge.dest, None
        if isinstance(chosen, Result) and chosen.outcome in ("fault", "needs-input"):
            return None, attrs.evolve(chosen, strength="block")
    found = Unmet(remedy="name the stage: use a transition that leads to one")
    return None, built_in("target", "There is a stage to go to.", found)


def _not_from_here(workflow: Workflow[Any], case: Case[Any], context: Context) -> Judgement:
    """The judgement on a transition that has no way from here, or is not there at all."""
    name = context.step
    rows = [row for row in workflow.rows if row.name == name]
    if not rows:
        raise UnknownStep(
            workflow=workflow.name,
            step=name,
            nearest=nearest(name, (row.name for row in workflow.rows)),
        )
    roles = [row.transition.roles for row in rows]
    held = {role for given in roles for role in given}
    if all(roles) and context.actor.roles.isdisjoint(held):
        answer = role_unmet(tuple(sorted(held)), context.actor)
    else:
        answer = position_unmet(workflow, case, rows)
    label = rows[0].label
    return Judgement(name, label, case.position, None, False, (answer,), case, context)


def _judge_fact(workflow: Workflow[Any], case: Case[Any], context: Context) -> Judgement:
    """The judgement on a fact: always allowed; what is odd about it is noted."""
    name = context.step
    answers: list[Result | Rule[Any]] = []
    if context.at > context.now:
        unmet = Unmet(found=context.at, remedy="correct the moment, if it is wrong")
        answers.append(built_in("not-in-the-future", "A fact has happened.", unmet, warns=True))
    if case.position in workflow.ends and case.path and context.at >= case.path[-1].occurred_at:
        ended = case.path[-1]
        unmet = Unmet(
            found=f"the case ended on {_moment_words(ended.occurred_at)}",
            remedy="reopen the case, if work goes on",
            evidence=(ended.number,),
        )
        answers.append(
            built_in("after-the-end", "A fact belongs to an open case.", unmet, warns=True)
        )
    for rule in workflow.rules_on(type(context.proposed)):
        result = rule.judge(case, context)
        answers.append(rule if result is None else _weighed(workflow, case, rule, result, context))
    label = workflow.label(name)
    return Judgement(name, label, case.position, None, True, tuple(answers), case, context)


def _envelope(
    case: Case[Any], judgement: Judgement, row: Row | None, entry: Entry, command: Command
) -> AnyRecorded:
    """The event in its envelope, as it will stand in the history."""
    actor, at, now, _, event, reason, subject = judgement.context[:7]
    identity = case.identity
    noted: tuple[Noted, ...] = ()
    if row is None or judgement.answers is not row.rules:  # not every rule is simply met
        noted = judgement.noted
    code = None
    if row is not None and row.codes:
        code, reason = reason, None
    return quickly(
        Recorded,
        (
            case.version + 1,
            event,
            at if at.tzinfo is UTC else at.astimezone(UTC),  # spelled as it will read back
            now,
            actor.id,
            actor.roles,
            actor.on_behalf_of,
            entry.reported_by,
            subject,
            None if row is None else row.transition.name,
            judgement.target,
            code,
            reason,
            noted,
            command.command_id,
            command.fingerprint,
            identity.agency,
            identity.id,
            identity.workflow,
            identity.workflow_version,
            None,
        ),
    )


def open_case(
    workflow: Workflow[S], *, case_id: str, agency: str, client: str, command: Command
) -> Decided[S]:
    """Judge the opening of a case: its first event, in the start position."""
    from caseflow.kernel.case import CaseIdentity

    identity = CaseIdentity(case_id, agency, client, workflow.name, workflow.version)
    before: Case[S] = Case(identity, 0, None, (), (), {}, command.now, workflow.state(), {})
    event = CaseOpened(client=client)
    at = command.at or command.now
    context = Context(
        command.actor, at, command.now, "open", event, command.reason, client, command.histories
    )
    transition_row = _opening_row(workflow)
    answers = _answers(workflow, before, transition_row, context, command)
    allowed = not any(isinstance(answer, Result) and answer.refuses for answer in answers)
    judgement = Judgement(
        "open",
        workflow.label("open"),
        None,
        workflow.start,
        allowed,
        tuple(answers),
        before,
        context,
    )
    verdict = Verdict(allowed, (judgement,))
    if not allowed:
        return Decided(verdict, (), before)
    recorded = _envelope(before, judgement, transition_row, Entry("open"), command)
    return Decided(verdict, (recorded,), evolve(before, recorded))


def _opening_row(workflow: Workflow[Any]) -> Row:
    from caseflow.workflow.definition import Transition

    transition = Transition("open", source=(), to=workflow.start, roles=workflow.opened_by)
    return Row(
        transition=transition,
        rules=workflow.rules_on(CaseOpened),
        codes={},
        needed=(),
        label=workflow.label("open"),
    )


# -- what can be done, and what is owed ------------------------------------------------------


@attrs.frozen
class Option:
    """A way out of here, or a decision that may be taken here.

    `open` says whether it would be allowed now, given the fields in `needs` and one of
    `reasons` where there are any. `judgement` holds what every rule answers.
    """

    name: str
    label: str
    open: bool
    target: str | None
    records: type[Any] | None
    needs: tuple[str, ...]
    reasons: Mapping[str, str]
    reason_required: bool
    judgement: Judgement

    @property
    def blocked_by(self) -> tuple[Result, ...]:
        """The results that refuse it."""
        answers = self.judgement.answers
        return tuple(a for a in answers if isinstance(a, Result) and a.refuses)


def options(workflow: Workflow[S], case: Case[S], command: Command) -> tuple[Option, ...]:
    """Every declared transition and decision from here, open or blocked, and by what.

    In the order of the declaration. `command` holds the actor and the moments; its entries
    are not looked at.
    """
    if case.historical:
        raise HistoricalCase(case_id=case.id)
    here = workflow.dispatch.get(case.position or "", {})
    return tuple(
        _option(workflow, case, edges, command) for edges in here.values() if not edges[0].row.core
    )


def _option(
    workflow: Workflow[Any], case: Case[Any], edges: tuple[Edge, ...], command: Command
) -> Option:
    row: Row = edges[0].row
    transition = row.transition
    event = None if row.needed else _bare_event(row)
    waits = bool(row.codes or transition.reason_required) and command.reason is None
    context = Context(
        command.actor,
        command.at or command.now,
        command.now,
        row.name,
        event,
        command.reason,
        case.identity.client,
        command.histories,
        reason_awaited=waits,
    )
    answers = _answers(workflow, case, row, context, command)
    if waits:
        answers = [
            attrs.evolve(a, outcome="needs-input")
            if isinstance(a, Result) and a.rule == "reason"
            else a
            for a in answers
        ]
    judgement = _concluded(case, row, edges, context, answers)
    return Option(
        row.name,
        row.label,
        judgement.allowed,
        judgement.target,
        transition.records,
        row.needed,
        row.codes,
        waits,
        judgement,
    )


@attrs.frozen
class Owed:
    """Something that a decision left to be done, and that is still to do.

    `since` is the number of that decision, `decided_at` when it occurred, `due_at` by when it
    is to be done (None: no date), `result` what the rule answers now.
    """

    rule: str
    since: int
    decided_at: datetime
    due_at: datetime | None
    overdue: bool
    result: Result


def owed(
    workflow: Workflow[S],
    case: Case[S],
    now: datetime,
    histories: Mapping[type[Any], tuple[AnyRecorded, ...]] | None = None,
) -> tuple[Owed, ...]:
    """What is owed on a case at a moment: the noted `due` rules that are still unmet.

    A pure function of the case, the workflow and the moment. A rule is judged as it was for
    the decision (`context.at`, `context.event`), at a later `context.now`. Soonest first;
    what has no date comes last.
    """
    found = []
    for rule_id, decided in case.dues.items():
        rule = workflow.rule_that_noted(decided, rule_id)
        if rule is None:
            continue  # the workflow no longer asks for it
        context = Context(
            Actor(decided.actor, decided.roles),
            decided.occurred_at,
            now,
            decided.transition or event_type(decided.event).name,
            decided.event,
            decided.reason_code or decided.reason,
            decided.subject,
            histories,
        )
        result = rule.judge(case, context)
        if result is None:
            continue
        result = _weighed(workflow, case, rule, result, context)
        if result.holds:
            continue
        due_at = _due_at(decided.occurred_at, rule.within)
        overdue = due_at is not None and now > due_at
        found.append(Owed(rule_id, decided.number, decided.occurred_at, due_at, overdue, result))
    return tuple(sorted(found, key=lambda item: (item.due_at is None, item.due_at or now)))


def _due_at(start: datetime, within: timedelta | None) -> datetime | None:
    return None if within is None else start + within


__all__ = [
    "Command",
    "Decided",
    "Entry",
    "Option",
    "Owed",
    "decide",
    "judge",
    "open_case",
    "options",
    "owed",
    "wanted_role",
]
