"""What decisions left to be done, and is still to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from caseflow.kernel.case import Case, S
from caseflow.kernel.context import Context
from caseflow.kernel.events import event_type
from caseflow.kernel.recorded import Actor, AnyRecorded
from caseflow.kernel.rules import Result
from caseflow.workflow.judge import weighed
from caseflow.workflow.workflow import Workflow


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
    counts: Mapping[tuple[str, str], int] | None = None,
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
        context = _as_decided(decided, now)._replace(histories=histories, counts=counts)
        result = rule.judge(case, context)
        if result is None:
            continue
        result = weighed(workflow, case, rule, result, context)
        if result.holds:
            continue
        due_at = _due_at(decided.occurred_at, rule.within)
        overdue = due_at is not None and now > due_at
        found.append(Owed(rule_id, decided.number, decided.occurred_at, due_at, overdue, result))
    return tuple(sorted(found, key=lambda item: (item.due_at is None, item.due_at or now)))


def _as_decided(decided: AnyRecorded, now: datetime) -> Context:
    """What the rules saw when it was decided, at a later `now`."""
    return Context(
        Actor(decided.actor, decided.roles),
        decided.occurred_at,
        now,
        decided.transition or event_type(decided.event).name,
        decided.event,
        decided.reason_code or decided.reason,
        decided.subject,
    )


def first_due(workflow: Workflow[S], case: Case[S], now: datetime) -> datetime | None:
    """The first moment at which something that is owed is due (None: nothing has a date).

    A rule that reads histories or counts other cases is not judged here, and taken as unmet:
    the moment may be earlier than what `owed` tells, and is never later.
    """
    moments = []
    for rule_id, decided in case.dues.items():
        rule = workflow.rule_that_noted(decided, rule_id)
        due_at = _due_at(decided.occurred_at, rule.within) if rule is not None else None
        if rule is None or due_at is None:
            continue
        if not (rule.history or rule.counts):
            context = _as_decided(decided, now)
            result = rule.judge(case, context)
            if result is None or weighed(workflow, case, rule, result, context).holds:
                continue
        moments.append(due_at)
    return min(moments, default=None)


def _due_at(start: datetime, within: timedelta | None) -> datetime | None:
    try:
        return None if within is None else start + within
    except OverflowError:  # past the last day of the calendar
        return datetime.max.replace(tzinfo=UTC)
