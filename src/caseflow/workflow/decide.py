"""Deciding: steps and a case go in, a verdict and events come out. Pure.

Each step is judged (see `judge.py` for the order of evaluation), and the case carried on with
its event. Judging stops at the first step that is refused.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from caseflow.kernel.case import Case, CaseIdentity, S, evolve, fold
from caseflow.kernel.context import Context, CountNeeded, HistoryNeeded
from caseflow.kernel.errors import HistoricalCase
from caseflow.kernel.events import CaseOpened, Corrected, Voided
from caseflow.kernel.history import histories_of
from caseflow.kernel.recorded import AnyRecorded, Noted, Recorded, quickly
from caseflow.kernel.rules import Result, Unmet
from caseflow.kernel.verdict import Judgement, Verdict
from caseflow.workflow.amend import held_unmet, not_amended
from caseflow.workflow.command import (
    Command,
    Decided,
    Entry,
    incomplete,
    with_what_is_read,
)
from caseflow.workflow.definition import Transition
from caseflow.workflow.judge import answers_of, judge
from caseflow.workflow.machine import Row
from caseflow.workflow.workflow import Workflow


def decide(workflow: Workflow[S], case: Case[S], command: Command) -> Decided[S]:
    """Judge a unit of steps on a case. Nothing is written; the same input gives the same answer.

    Raises `UnknownStep`, `UnknownEvent` or `PayloadNeeded` where a step makes no sense to the
    workflow, `HistoricalCase` for a case seen as of an earlier moment, and `InvalidCall` for a
    command that does not say what a rule reads: the whole history, or counts of other cases.
    """
    given = with_what_is_read(workflow, case, command, "decide(...)")
    try:
        return decide_or_ask(workflow, case, given)
    except (CountNeeded, HistoryNeeded) as needed:
        raise incomplete("decide(...)", needed) from None


def decide_or_ask(workflow: Workflow[S], case: Case[S], command: Command) -> Decided[S]:
    """As `decide`, for a command with all histories; raises `CountNeeded` for an unknown count."""
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
            before, case = case, fold(history, workflow.state())
            unmet = held_unmet(workflow, before, case, history, judgement.context)
            if unmet:
                judgements[-1] = _refused(judgement, unmet)
                return Decided(Verdict(False, tuple(judgements)), (), before)
            if histories:
                command = command._replace(histories=histories_of(history, histories))
        else:
            case = evolve(case, recorded)
            if histories and kind in histories:
                read = {**histories, kind: (*histories[kind], recorded)}
                command = command._replace(histories=read)
    verdict = quickly(Verdict, (True, tuple(judgements), None))
    return quickly(Decided, (verdict, tuple(events), case))


def _refused(judgement: Judgement, unmet: tuple[Unmet, ...]) -> Judgement:
    """The judgement on an amendment that would bring the case where a rule does not let it be."""
    refused = not_amended(judgement.context.event, unmet)
    return judgement._replace(allowed=False, answers=(*judgement.answers, refused))


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
            None,
        ),
    )


def open_case(
    workflow: Workflow[S], *, case_id: str, agency: str, client: str, command: Command
) -> Decided[S]:
    """Judge the opening of a case: its first event, in the start position."""
    identity = CaseIdentity(case_id, agency, client, workflow.name, workflow.version)
    before: Case[S] = Case(identity, 0, None, (), (), {}, command.now, workflow.state(), {}, ())
    event = CaseOpened(client=client)
    at = command.at or command.now
    context = Context(
        command.actor,
        at,
        command.now,
        "open",
        event,
        command.reason,
        client,
        dict.fromkeys(workflow.histories, ()),
        counts=command.counts,
        calendar=workflow.calendar,
        clocks=workflow._parts.clocks,
    )
    transition_row = _opening_row(workflow)
    answers = answers_of(workflow, before, transition_row, context, command)
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
        workflow.words,
        workflow.terms,
    )
    verdict = Verdict(allowed, (judgement,))
    if not allowed:
        return Decided(verdict, (), before)
    recorded = _envelope(before, judgement, transition_row, Entry("open"), command)
    return Decided(verdict, (recorded,), evolve(before, recorded))


def _opening_row(workflow: Workflow[Any]) -> Row:
    transition = Transition("open", source=(), to=workflow.start, roles=workflow.opened_by)
    return Row(
        transition=transition,
        rules=workflow.rules_on(CaseOpened),
        codes={},
        needed=(),
        label=workflow.label("open"),
    )
