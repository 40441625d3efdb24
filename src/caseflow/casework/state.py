"""The folded state of case work: needs, strengths, the plan, programs, closure criteria.

Bounded: it holds identified things, and no notes. Each thing keeps the number of the event
that made it (`recorded`), so that rules can name it as evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Self, TypeVar

import attrs

from caseflow.casework.events import (
    ClosureCriterionMet,
    ClosureCriterionSet,
    Domain,
    Enrolled,
    ExitInterview,
    FollowUpSession,
    Interview,
    LeadCaseManagerAssigned,
    LegalHoldLifted,
    LegalHoldPlaced,
    NeedDeferred,
    NeedIdentified,
    PlanItemDrafted,
    PlanItemDropped,
    StrengthIdentified,
)
from caseflow.kernel.case import Case
from caseflow.kernel.erased import Erased
from caseflow.kernel.events import Code
from caseflow.kernel.recorded import AnyRecorded


@attrs.frozen(kw_only=True)
class Need:
    """A need or barrier, by its number. `deferred` is why it is not addressed now, if so."""

    number: int
    description: str
    domain: Domain
    client_priority: int | None
    objective: bool
    recorded: int
    deferred: str | None = None
    deferred_recorded: int | None = None


@attrs.frozen(kw_only=True)
class Strength:
    """A strength of the client."""

    description: str
    domain: Domain
    recorded: int


@attrs.frozen(kw_only=True)
class PlanItem:
    """An item of the service plan, by its number."""

    number: int
    needs: tuple[int, ...]
    activity: str
    actor: str
    by_date: date | None
    expected_outcome: str
    recorded: int


@attrs.frozen(kw_only=True)
class ClosureCriterion:
    """What was agreed to tell that services may end; `met` is the event in which it was."""

    number: int
    description: str
    recorded: int
    met: int | None = None


@attrs.frozen(kw_only=True)
class ProgramEnrollment:
    """The client's place in one program, with what became of its ending."""

    program: Code
    recorded: int
    exit_interview: Interview | None = None
    follow_up_session: Interview | None = None


T = TypeVar("T", Need, PlanItem, ClosureCriterion)


@attrs.frozen(kw_only=True)
class CaseworkState:
    """What case work knows of a case, besides first, latest and count of every event type."""

    needs: tuple[Need, ...] = ()
    strengths: tuple[Strength, ...] = ()
    plan: tuple[PlanItem, ...] = ()
    criteria: tuple[ClosureCriterion, ...] = ()
    programs: tuple[ProgramEnrollment, ...] = ()
    holds: tuple[Code, ...] = ()
    """The names of the legal holds in force."""

    def fold(self, recorded: AnyRecorded, /) -> Self:
        """The state after one more event; most events change nothing here."""
        change = _FOLDS.get(type(recorded.event))
        return self if change is None else change(self, recorded.event, recorded.number)

    def need(self, number: int) -> Need | None:
        """The need with this number."""
        return next((need for need in self.needs if need.number == number), None)

    def items_for(self, need: int) -> tuple[PlanItem, ...]:
        """The plan items that address a need."""
        return tuple(item for item in self.plan if need in item.needs)


def lead_case_manager(case: Case[Any]) -> Code | None:
    """Who has the lead on a case: whom it was assigned to latest (None: nobody yet).

    Read off the latest assignment by the moment at which it occurred, so that one that is
    recorded late does not undo a newer one.
    """
    assigned = case.latest(LeadCaseManagerAssigned)
    return assigned.case_manager if assigned else None


def _put(things: tuple[T, ...], thing: T) -> tuple[T, ...]:
    """The things with one more, or with one replaced by that of the same number."""
    table = {one.number: one for one in things} | {thing.number: thing}
    return tuple(table[number] for number in sorted(table))


def _need(state: Any, event: NeedIdentified, number: int) -> Any:
    need = Need(
        number=event.number,
        description=event.description,
        domain=event.domain,
        client_priority=event.client_priority,
        objective=event.objective,
        recorded=number,
    )
    return attrs.evolve(state, needs=_put(state.needs, need))


def _deferred(state: Any, event: NeedDeferred, number: int) -> Any:
    need = state.need(event.need)
    if need is None:
        return state
    deferred = attrs.evolve(need, deferred=event.reason, deferred_recorded=number)
    return attrs.evolve(state, needs=_put(state.needs, deferred))


def _strength(state: Any, event: StrengthIdentified, number: int) -> Any:
    strength = Strength(description=event.description, domain=event.domain, recorded=number)
    others = [one for one in state.strengths if not _same(one.description, event.description)]
    return attrs.evolve(state, strengths=(*others, strength))


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same. Of those that were erased, nobody can tell."""
    return not isinstance(one, Erased) and not isinstance(other, Erased) and one == other


def _item(state: Any, event: PlanItemDrafted, number: int) -> Any:
    item = PlanItem(
        number=event.number,
        needs=event.needs,
        activity=event.activity,
        actor=event.actor,
        by_date=event.by_date,
        expected_outcome=event.expected_outcome,
        recorded=number,
    )
    return attrs.evolve(state, plan=_put(state.plan, item))


def _dropped(state: Any, event: PlanItemDropped, number: int) -> Any:
    return attrs.evolve(state, plan=tuple(i for i in state.plan if i.number != event.number))


def _criterion(state: Any, event: ClosureCriterionSet, number: int) -> Any:
    criterion = ClosureCriterion(
        number=event.number, description=event.description, recorded=number
    )
    return attrs.evolve(state, criteria=_put(state.criteria, criterion))


def _criterion_met(state: Any, event: ClosureCriterionMet, number: int) -> Any:
    for criterion in state.criteria:
        if criterion.number == event.number:
            met = attrs.evolve(criterion, met=number)
            return attrs.evolve(state, criteria=_put(state.criteria, met))
    return state


def _enrolled(state: Any, event: Enrolled, number: int) -> Any:
    others = [one for one in state.programs if one.program != event.program]
    enrollment = ProgramEnrollment(program=event.program, recorded=number)
    return attrs.evolve(state, programs=(*others, enrollment))


def _exit(state: Any, event: ExitInterview, number: int) -> Any:
    return _of_program(state, event.program, exit_interview=event.result)


def _follow_up(state: Any, event: FollowUpSession, number: int) -> Any:
    return _of_program(state, event.program, follow_up_session=event.result)


def _of_program(state: Any, program: str, **changes: Any) -> Any:
    programs = tuple(
        attrs.evolve(one, **changes) if one.program == program else one for one in state.programs
    )
    return attrs.evolve(state, programs=programs)


def _hold_placed(state: Any, event: LegalHoldPlaced, number: int) -> Any:
    return attrs.evolve(state, holds=tuple(dict.fromkeys((*state.holds, event.name))))


def _hold_lifted(state: Any, event: LegalHoldLifted, number: int) -> Any:
    return attrs.evolve(state, holds=tuple(name for name in state.holds if name != event.name))


def legal_holds(case: Case[CaseworkState]) -> tuple[str, ...]:
    """The names of the legal holds in force, for `Retention(hold=legal_holds)`."""
    return case.state.holds


_FOLDS: dict[type, Callable[[Any, Any, int], Any]] = {
    NeedIdentified: _need,
    NeedDeferred: _deferred,
    StrengthIdentified: _strength,
    PlanItemDrafted: _item,
    PlanItemDropped: _dropped,
    ClosureCriterionSet: _criterion,
    ClosureCriterionMet: _criterion_met,
    Enrolled: _enrolled,
    ExitInterview: _exit,
    FollowUpSession: _follow_up,
    LegalHoldPlaced: _hold_placed,
    LegalHoldLifted: _hold_lifted,
}
