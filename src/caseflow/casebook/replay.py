"""The first answer of a command that took effect before, given once more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from caseflow.casebook.given import Given
from caseflow.casebook.outcome import Outcome
from caseflow.kernel.case import Case, S, fold
from caseflow.kernel.context import Context
from caseflow.kernel.erasure_errors import ErasedRead
from caseflow.kernel.events import event_type
from caseflow.kernel.history import histories_of
from caseflow.kernel.recorded import Actor, AnyRecorded
from caseflow.kernel.rules import Result
from caseflow.kernel.verdict import Judgement, Verdict
from caseflow.workflow.command import Command, Decided, Entry, NoOtherCases
from caseflow.workflow.decide import decide, open_case
from caseflow.workflow.workflow import Workflow


def first_answer(
    workflow: Workflow[S],
    history: Sequence[AnyRecorded],
    first: int,
    entries: tuple[Entry, ...] | None,
    given: Given,
) -> Outcome[S]:
    """The outcome of a command, from the history up to its last event.

    `first` is the number of its first event; `entries` its steps (None: it opened the case).
    Deciding is pure, so the verdict is decided again as it was. Where that no longer comes
    out the same (the rules of this version were changed), it is told from what was noted.
    """
    events = tuple(entry for entry in history if entry.number >= first)
    before = [entry for entry in history if entry.number < first]
    case = fold(history, workflow.state())
    verdict = _decided_again(workflow, before, events, entries, given)
    return Outcome(
        case=case,
        events=events,
        verdict=verdict or _noted_verdict(workflow, case, events),
        replayed=True,
    )


def _decided_again(
    workflow: Workflow[S],
    before: list[AnyRecorded],
    events: tuple[AnyRecorded, ...],
    entries: tuple[Entry, ...] | None,
    given: Given,
) -> Verdict | None:
    first = events[0]
    histories = histories_of(before, workflow.histories)
    command = Command(
        entries=entries or (),
        actor=Actor(first.actor, first.roles, on_behalf_of=first.on_behalf_of),
        now=first.recorded_at,
        at=given.at,
        reason=given.reason,
        command_id=first.command_id,
        fingerprint=first.fingerprint,
        history=tuple(before),
        histories=histories or None,
        counts=NoOtherCases(),
    )
    try:
        decided = _decided(workflow, before, first, entries, command)
        same = decided.events == events and not _tells_counts(workflow, decided.verdict)
        return decided.verdict if same else None
    except ErasedRead:  # what it rested on then, nobody knows any more
        return None


def _tells_counts(workflow: Workflow[Any], verdict: Verdict) -> bool:
    """Whether it says something of other cases: how many there were then, nobody knows any more.

    A rule that counts and is simply met says nothing of the number.
    """
    answers = [answer for judgement in verdict.judgements for answer in judgement.answers]
    return any(
        workflow.all_rules[answer.rule].counts and (answer.outcome != "met" or answer.parts)
        for answer in answers
        if isinstance(answer, Result) and answer.rule in workflow.all_rules
    )


def _decided(
    workflow: Workflow[S],
    before: list[AnyRecorded],
    first: AnyRecorded,
    entries: tuple[Entry, ...] | None,
    command: Command,
) -> Decided[S]:
    if entries is None:
        where = {"case_id": first.case_id, "agency": first.agency, "client": first.subject}
        return open_case(workflow, command=command, **where)
    return decide(workflow, fold(before, workflow.state()), command)


def _noted_verdict(
    workflow: Workflow[Any], case: Case[Any], events: tuple[AnyRecorded, ...]
) -> Verdict:
    """A verdict from what was stored with the events: the rules noted, in today's words."""
    return Verdict(True, tuple(_noted(workflow, case, recorded) for recorded in events))


def _noted(workflow: Workflow[Any], case: Case[Any], recorded: AnyRecorded) -> Judgement:
    results = []
    for note in recorded.noted:
        rule = workflow.rule_that_noted(recorded, note.rule)
        results.append(
            Result(
                rule=note.rule,
                outcome=note.outcome,
                strength=note.strength,
                wanted=rule.wanted if rule else note.rule,
                exception=note.exception,
                source=rule.source if rule else "",
                since=note.since,
            )
        )
    name = recorded.transition or event_type(recorded.event).name
    context = Context(
        Actor(recorded.actor, recorded.roles, on_behalf_of=recorded.on_behalf_of),
        recorded.occurred_at,
        recorded.recorded_at,
        name,
        recorded.event,
        recorded.reason_code or recorded.reason,
        recorded.subject,
        calendar=workflow.calendar,
    )
    label, words, terms = workflow.label(name), workflow.words, workflow.terms
    told = tuple(results)
    return Judgement(name, label, None, recorded.stage, True, told, case, context, words, terms)
