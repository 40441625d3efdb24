"""Judging one step: which transition it is, what every rule answers, and where it leads.

The order of evaluation is total. For each step: which transition it is; the role (an actor
without it learns only that); the position; the moment (not in the future, moves in order);
the reason; the rules on the event, in their order; the rules on the transition, in their
order; the target. Every rule is evaluated, and each once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from caseflow.kernel.case import Case, S
from caseflow.kernel.context import Context
from caseflow.kernel.errors import PayloadNeeded, UnknownStep, nearest
from caseflow.kernel.events import Corrected, ExceptionMade, Voided
from caseflow.kernel.explain import plain_words
from caseflow.kernel.history import effective
from caseflow.kernel.recorded import AnyRecorded, quickly
from caseflow.kernel.rules import UNJUDGED, Outcome, Result, Rule, Unmet
from caseflow.kernel.verdict import Judgement, in_words
from caseflow.workflow.amend import (
    amendment_unmet,
    at_its_place,
    not_amended,
    rules_judged,
)
from caseflow.workflow.builtin import (
    built_in,
    known_to_the_case,
    position_unmet,
    reason_unmet,
    role_unmet,
)
from caseflow.workflow.command import Command, Entry
from caseflow.workflow.dues import done_after_the_end, weighed
from caseflow.workflow.excepting import exception_unmet, noted_of_exception
from caseflow.workflow.machine import Edge, Row
from caseflow.workflow.workflow import Workflow


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
            command.counts,
            (),
            workflow.calendar,
            workflow._parts.clocks,
        ),
    )
    if edges:
        row: Row = edges[0].row
        answers = answers_of(workflow, case, row, context, command, unit)
        return concluded(workflow, case, row, edges, context, answers), row
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
        raise workflow.unknown_event(step)
    for name in names:  # of several that record it, the first that leads on from here
        if name in here:
            return name, step, here[name]
    return names[0], step, ()


def _bare_event(row: Row) -> Any:
    """The event of a transition that was named without one. Raises `PayloadNeeded`."""
    records = row.transition.records
    if records is not None and row.needed:
        raise PayloadNeeded(
            step=row.name,
            event=records.__name__,
            needed=" and ".join(row.needed),
            arguments=", ".join(f"{name}=..." for name in row.needed),
        )
    return row.bare_event()


def answers_of(
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
        return [role_unmet(workflow, transition.roles, context.actor)]
    answers: list[Result | Rule[Any]] = []
    at, now, path = context.at, context.now, case.path
    if at > now or (path and at < path[-1].occurred_at):
        answers.extend(_moment_answers(case, row, context))
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
            answers.append(weighed(workflow, case, rule, result, context))
    return answers


def _moment_answers(case: Case[Any], row: Row, context: Context) -> Iterable[Result]:
    """A decision is not dated in the future, and a move not before the move that led here."""
    at, here = context.at, context.calendar.here
    if at > context.now:
        yield built_in(
            "not-in-the-future",
            "A decision is dated today or earlier.",
            Unmet(found=here(at), remedy="give the moment at which it was decided"),
        )
    if not case.path or row.transition.supersedes or _stays(row):
        return
    last = case.path[-1]
    if at < last.occurred_at:
        came = plain_words(here(last.occurred_at))
        found = f"{plain_words(here(at))}, and the case came here on {came}"
        yield built_in(
            "moves-in-order",
            "A move is dated after the move that led here.",
            Unmet(
                found=found,
                remedy="give a later moment, or correct the date of the earlier move",
                evidence=(last.number,),
            ),
        )


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
    history = (*(command.history or ()), *unit)
    if isinstance(context.event, ExceptionMade):
        found = exception_unmet(workflow, history, context.event, context)
        wanted = "An exception is made for a reason, by the role entitled to it."
        if found:
            yield built_in("exception-entitled", wanted, *found)
        else:
            yield from noted_of_exception(workflow, case, context.event, context)
        return
    found = amendment_unmet(workflow, history, context.event, context)
    if found:
        yield not_amended(context.event, found)
    elif isinstance(context.event, Corrected):
        yield from _noted_anew(workflow, history, context.event, context)


def _noted_anew(
    workflow: Workflow[Any], history: Sequence[AnyRecorded], event: Corrected, context: Context
) -> Iterable[Result]:
    """What is noted of an event as it is corrected: its warnings, its exceptions, what is owed.

    Judged at its place, and noted with the correction, in the place of what was noted before.
    """
    target = next(entry for entry in effective(history) if entry.number == event.number)
    case, _, then = at_its_place(workflow, history, target, event, context)
    if target.transition is None:
        answers = _judge_fact(workflow, case, then).answers
    else:
        rules = rules_judged(workflow, case, target)
        results = ((rule, rule.judge(case, then)) for rule in rules)
        answers = tuple(weighed(workflow, case, rule, one, then) for rule, one in results if one)
    for answer in answers:
        if isinstance(answer, Result) and not answer.refuses:  # what refused it before, too
            by_itself = answer.since == case.version + 1
            yield answer._replace(since=target.number) if by_itself else answer


def concluded(
    workflow: Workflow[Any],
    case: Case[Any],
    row: Row,
    edges: tuple[Edge, ...],
    context: Context,
    answers: list[Result | Rule[Any]],
) -> Judgement:
    """The judgement: the answers, and the target if there is one."""
    target, allowed, only = None, False, edges[0]
    if not (row.transition.roles and _lacks_role(answers)):
        if only.condition is None and only.left is None:
            target = only.dest
        else:
            target, missing = _target(edges, case, context)
            if missing is not None:
                answers.append(missing)
        allowed = True
        for answer in answers:
            if isinstance(answer, Result) and answer.refuses:
                allowed = False
                break
    found: tuple[Result | Rule[Any], ...] = tuple(answers)
    if found == row.rules:  # every rule is simply met: who records it sees so at a glance
        found = row.rules
    label = row.label if not row.core else _amending(workflow, row, context)
    position, words, terms = case.position, workflow._parts.words, workflow.terms
    return quickly(
        Judgement,
        (context.step, label, position, target, allowed, found, case, context, words, terms),
    )


def _amending(workflow: Workflow[Any], row: Row, context: Context) -> str:
    """What an exception, correction or void is about, in words."""
    event = context.proposed
    if isinstance(event, ExceptionMade):
        return f"make an exception to {_excepted(workflow, event.rule)}{_extent(event, context)}"
    if isinstance(event, (Corrected, Voided)):
        return f"{row.name} event {event.number}"
    return row.label


def _extent(made: ExceptionMade, context: Context) -> str:
    """For which day, or until when, an exception is made."""
    if made.due_on is not None:
        return f" for {plain_words(made.due_on)}"
    if made.until is None:
        return ""
    calendar = context.calendar
    day = calendar.day_of(made.until)
    whole = made.until == calendar.end_of(day)
    return f" until {plain_words(day if whole else calendar.here(made.until))}"


def _excepted(workflow: Workflow[Any], id: str) -> str:
    """What an exception is made to, as the agency says it; its id where there is no such rule."""
    owed = {one.id: workflow.labels.get(id) or one.wanted for one in workflow.obligations}
    rule = workflow.all_rules.get(id)
    sentence = rule.wanted if rule is not None else owed.get(id)
    return f'"{workflow.in_terms(sentence).rstrip(".")}"' if sentence else id


def _lacks_role(answers: list[Result | Rule[Any]]) -> bool:
    """Whether it was found that the actor may not do this: then that is all that was looked at."""
    first = answers[0] if answers else None
    return isinstance(first, Result) and first.rule == "role"


_NOT_KNOWN: tuple[Outcome, ...] = ("needs-input", *UNJUDGED)


def _target(
    edges: tuple[Edge, ...], case: Case[Any], context: Context
) -> tuple[str | None, Result | None]:
    """The first target whose condition is met (None: it stays), or the result that says why not."""
    for edge in edges:
        chosen = edge.choose(case, context)
        if chosen is True:
            return edge.dest, None
        if isinstance(chosen, Result) and chosen.outcome in _NOT_KNOWN:
            return None, chosen._replace(strength="block")
    row: Row = edges[0].row
    if row.transition.reopens and len(case.path) == 1:
        only = case.path[0].number
        remedy = f"void event {only}, if it is wrong: it is dated before the case was opened"
        found = Unmet(found="the path holds no other stage", remedy=remedy, evidence=(only,))
    else:
        found = Unmet(remedy="name the stage: use a transition that leads to one")
    return None, built_in("target", "There is a stage to go to.", found)


def _not_from_here(workflow: Workflow[Any], case: Case[Any], context: Context) -> Judgement:
    """The judgement on a transition that has no way from here, or is not there at all."""
    name = context.step
    rows = workflow.rows_named(name)
    if not rows:
        raise UnknownStep(
            workflow=workflow.name,
            step=name,
            nearest=_nearest_step(workflow, name),
        )
    roles = [row.transition.roles for row in rows]
    held = {role for given in roles for role in given}
    if all(roles) and context.actor.roles.isdisjoint(held):
        answer = role_unmet(workflow, tuple(sorted(held)), context.actor)
    else:
        answer = position_unmet(workflow, case, rows)
    answers, words, terms = (answer,), workflow.words, workflow.terms
    label = rows[0].label
    return Judgement(name, label, case.position, None, False, answers, case, context, words, terms)


def _nearest_step(workflow: Workflow[Any], name: str) -> str:
    """The step that has this label, or else those whose names are near."""
    said = in_words(name).lower()
    for row in workflow.rows:
        if row.label.lower() == said:
            return nearest(row.name, [row.name])
    return nearest(name, (row.name for row in workflow.rows))


def _judge_fact(workflow: Workflow[Any], case: Case[Any], context: Context) -> Judgement:
    """The judgement on a fact: always allowed; what is odd about it is noted."""
    name = context.step
    answers: list[Result | Rule[Any]] = list(_odd(workflow, case, context))
    for rule in workflow.rules_on(type(context.proposed)):
        result = rule.judge(case, context)
        answers.append(rule if result is None else weighed(workflow, case, rule, result, context))
    label, words, terms = workflow.label(name), workflow.words, workflow.terms
    found = tuple(answers)
    return Judgement(name, label, case.position, None, True, found, case, context, words, terms)


def _odd(workflow: Workflow[Any], case: Case[Any], context: Context) -> Iterable[Result]:
    """What is odd about a fact in any workflow: its moment, or what it names."""
    if context.at > context.now:
        found = context.calendar.here(context.at)
        unmet = Unmet(found=found, remedy="correct the moment, if it is wrong")
        yield built_in(
            "not-in-the-future", "What happened is dated today or earlier.", unmet, warns=True
        )
    ended = case.path[-1] if case.position in workflow.ends and case.path else None
    of_it = ended is not None and context.at >= ended.occurred_at
    if ended and of_it and not done_after_the_end(workflow, case, type(context.proposed)):
        unmet = Unmet(
            found=f"the case ended on {plain_words(context.calendar.here(ended.occurred_at))}",
            remedy="reopen the case, if work goes on",
            evidence=(ended.number,),
        )
        yield built_in("after-the-end", "A fact belongs to an open case.", unmet, warns=True)
    if hasattr(case.state, "unknown_in"):
        result = known_to_the_case.judge(case, context)
        if result is not None:
            yield weighed(workflow, case, known_to_the_case, result, context)
