"""A result as it counts on a case: with the exception that covers it."""

from __future__ import annotations

from typing import Any

from caseflow.kernel.case import Case, ExceptionInForce
from caseflow.kernel.context import Context
from caseflow.kernel.rules import UNJUDGED, Outcome, Result, Rule


def covered(
    workflow: Any, case: Case[Any], rule: Rule[Any], result: Result, context: Context
) -> Result:
    """A result as it counts here: with the exception that covers it, if there is one."""
    unjudged = result.outcome in UNJUDGED
    if not unjudged and (result.outcome != "unmet" or not case.exceptions):
        return result
    for made in reversed(case.exceptions):
        by_rule = made.covers(rule.id, context.at, rule.excepted_by or None)
        if result.outcome == "unmet" and by_rule:
            return _covered(result, "excepted", made, context)
        by_fault = made.covers(rule.id, context.at, workflow.faults_excepted_by or None)
        if unjudged and (by_rule or by_fault):
            excepted: Outcome = "fault-excepted" if result.outcome == "fault" else "erased-excepted"
            return _covered(result, excepted, made, context)
    if unjudged and not rule.excepted_by:
        return result._replace(excepted_by=workflow.faults_excepted_by)
    return result


def _covered(result: Result, outcome: Outcome, made: ExceptionInForce, context: Context) -> Result:
    """A result in whose place an exception stands, told with its end as the agency counts it."""
    if made.until is not None:
        made = made._replace(until=context.calendar.here(made.until))
    return result._replace(outcome=outcome, exception=made.number, exception_made=made)
