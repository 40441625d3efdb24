"""What can be done on a case: every way out of where it stands, and every decision there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from caseflow.kernel.case import Case, S
from caseflow.kernel.context import Context, CountNeeded, HistoryNeeded
from caseflow.kernel.errors import HistoricalCase
from caseflow.kernel.recorded import quickly
from caseflow.kernel.rules import Result
from caseflow.kernel.verdict import Judgement
from caseflow.workflow.clocks import ToldOnce
from caseflow.workflow.command import Command, incomplete, with_what_is_read
from caseflow.workflow.judge import answers_of, concluded
from caseflow.workflow.machine import Edge, Row
from caseflow.workflow.workflow import Workflow


# A named tuple, because a case has a score of them whenever somebody looks.
class Option(NamedTuple):
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
    are not looked at. Raises `HistoricalCase` for a case seen as of an earlier moment, and
    `InvalidCall` for a command that does not say what a rule reads.
    """
    bare = command._replace(entries=())
    given = with_what_is_read(workflow, case, bare, "options(...)")
    try:
        return options_or_ask(workflow, case, given)
    except (CountNeeded, HistoryNeeded) as needed:
        raise incomplete("options(...)", needed) from None


def options_or_ask(workflow: Workflow[S], case: Case[S], command: Command) -> tuple[Option, ...]:
    """As `options`, for a command with all histories; raises `CountNeeded` for an unknown count."""
    if case.historical:
        raise HistoricalCase(case_id=case.id)
    here = workflow.dispatch.get(case.position or "", {})
    at, clocks = command.at or command.now, workflow._parts.clocks
    told = ToldOnce(clocks, case, at, command.histories, command.counts)
    return tuple(
        _option(workflow, case, edges, command, told)
        for edges in here.values()
        if not edges[0].row.core
    )


def _option(
    workflow: Workflow[Any],
    case: Case[Any],
    edges: tuple[Edge, ...],
    command: Command,
    clocks: ToldOnce,
) -> Option:
    row: Row = edges[0].row
    context = _context(workflow, case, row, command, clocks)
    answers = answers_of(workflow, case, row, context, command)
    judgement = concluded(workflow, case, row, edges, context, answers)
    return quickly(
        Option,
        (
            row.name,
            row.label,
            judgement.allowed,
            judgement.target,
            row.transition.records,
            row.needed,
            row.codes,
            context.reason_awaited,
            judgement,
        ),
    )


def _context(
    workflow: Workflow[Any], case: Case[Any], row: Row, command: Command, clocks: ToldOnce
) -> Context:
    """What rules see of an option: what would have to be entered for it is not known yet."""
    reasoned = bool(row.codes or row.transition.reason_required)
    return quickly(
        Context,
        (
            command.actor,
            command.at or command.now,
            command.now,
            row.name,
            row.offered,
            command.reason,
            case.identity.client,
            command.histories,
            "",
            reasoned and command.reason is None,
            command.counts,
            (),
            workflow.calendar,
            clocks,
        ),
    )
