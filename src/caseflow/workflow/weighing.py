"""A result as it counts on a case: with the exception that covers it, and since when it is owed."""

from __future__ import annotations

from typing import Any

import attrs

from caseflow.kernel.case import Case, ExceptionInForce
from caseflow.kernel.context import Context
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.rules import UNJUDGED, Outcome, Result, Rule


def weighed(
    workflow: Any, case: Case[Any], rule: Rule[Any], result: Result, context: Context
) -> Result:
    """A result as it counts here: with the exception that covers it, and since when it is owed."""
    if not result.stands:
        return result
    unjudged = result.outcome in UNJUDGED
    for made in reversed(case.exceptions):
        by_rule = made.covers(rule.id, context.at, rule.excepted_by or None)
        if result.outcome == "unmet" and by_rule:
            return _covered(result, "excepted", made, context)
        by_fault = made.covers(rule.id, context.at, workflow.faults_excepted_by or None)
        if unjudged and (by_rule or by_fault):
            excepted: Outcome = "fault-excepted" if result.outcome == "fault" else "erased-excepted"
            return _covered(result, excepted, made, context)
    if unjudged and not rule.excepted_by:
        result = attrs.evolve(result, excepted_by=workflow.faults_excepted_by)
    if rule.strength == "due":
        return attrs.evolve(result, since=_since(case, rule, context))
    return result


def _excepted(case: Case[Any], rule: Rule[Any], earlier: AnyRecorded) -> bool:
    """Whether an exception stands for what an earlier decision left."""
    at, role = earlier.occurred_at, rule.excepted_by or None
    return any(made.covers(rule.id, at, role) for made in case.exceptions)


def _covered(result: Result, outcome: Outcome, made: ExceptionInForce, context: Context) -> Result:
    """A result in whose place an exception stands, told with its end as the agency counts it."""
    if made.until is not None:
        made = made._replace(until=context.calendar.here(made.until))
    return attrs.evolve(result, outcome=outcome, exception=made.number, exception_made=made)


def _since(case: Case[Any], rule: Rule[Any], context: Context) -> int:
    """Since which event it is owed: an earlier decision's, where that is still unmet.

    What an exception allowed that decision to leave is asked for no more; this one leaves it anew.
    """
    earlier = case.dues.get(rule.id)
    if earlier is not None and not _excepted(case, rule, earlier):
        then = context._replace(
            at=earlier.occurred_at, proposed=earlier.event, step=earlier.transition or ""
        )
        if not rule.result(case, then).holds:
            return earlier.number
    return case.version + 1
