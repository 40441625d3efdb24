"""What each event of case work changes in the state: one small function for each.

Each takes the state and the recorded event, and gives the fields that change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from caseflow.casework.assessment import (
    CapacityAssessed,
    DomainAssessed,
    NeedIdentified,
    NeedMet,
    NeedRated,
    SectionRecorded,
    StrengthIdentified,
    StrengthRated,
)
from caseflow.casework.closure import (
    ClosureCriterionMet,
    ClosureCriterionSet,
    ExitInterview,
    FollowUpSession,
    ProgramCompleted,
)
from caseflow.casework.engagement import Enrolled
from caseflow.casework.monitoring import IssueRaised, IssueResolved
from caseflow.casework.planning import (
    GoalAccepted,
    GoalAchieved,
    GoalDropped,
    GoalProposed,
    NeedDeferred,
    ObjectiveDrafted,
    PlanAgreed,
    PlanItemCompleted,
    PlanItemDrafted,
    PlanItemDropped,
    StrategyRecorded,
)
from caseflow.casework.services import (
    HandoffConfirmed,
    ProgressNoted,
    ReferralEnded,
    ReferralMade,
    RequisitionAnswered,
    RequisitionMade,
    ServiceProvided,
)
from caseflow.casework.staff import LegalHoldLifted, LegalHoldPlaced
from caseflow.casework.things import (
    ClosureCriterion,
    Goal,
    Issue,
    Need,
    Objective,
    PlanItem,
    ProgramEnrollment,
    Referral,
    Requisition,
    Strength,
)
from caseflow.casework.words import DIRECT, INDIRECT
from caseflow.kernel.erased import Erased
from caseflow.kernel.recorded import AnyRecorded

if TYPE_CHECKING:
    from caseflow.casework.state import CaseworkState

Changes = dict[str, Any]
T = TypeVar("T", Need, Goal, Objective, PlanItem, Referral, Requisition, Issue, ClosureCriterion)


def _put(things: tuple[T, ...], thing: T) -> tuple[T, ...]:
    """The things with one more, or with one replaced by that of the same number."""
    table = {one.number: one for one in things} | {thing.number: thing}
    return tuple(table[number] for number in sorted(table))


def _changed(things: tuple[T, ...], number: int, **changes: Any) -> tuple[T, ...]:
    """The things, with the one of a number changed; as they are where there is none."""
    return tuple(attrs.evolve(one, **changes) if one.number == number else one for one in things)


def _copied(thing: type[Any], event: Any, **more: Any) -> Any:
    """A thing with the fields that it shares with the event that made it."""
    shared = attrs.fields_dict(thing).keys() & attrs.fields_dict(type(event)).keys()
    return thing(**{name: getattr(event, name) for name in shared}, **more)


# -- assessment ------------------------------------------------------------------------------

_KEPT = ("strategy", "first_rating", "rating")
"""What stands of a need or strength that is written again."""


def _need(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: NeedIdentified = recorded.event
    before = state.need(event.number)
    kept = {name: getattr(before, name) for name in _KEPT if before}
    need = _copied(
        Need,
        event,
        recorded=recorded.number,
        identified_at=recorded.occurred_at,
        in_client_words=_said(event.client_words),
        **kept,
    )
    return {"needs": _put(state.needs, need)}


def _said(text: Any) -> bool:
    """Whether something was said. What was erased, was."""
    return isinstance(text, Erased) or bool(text.strip())


def _need_met(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    met = {"met": recorded.number, "met_at": recorded.occurred_at}
    return {"needs": _changed(state.needs, recorded.event.number, **met)}


def _need_rated(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    need = state.need(recorded.event.number)
    return {"needs": _put(state.needs, _rated(need, recorded.event.rating))} if need else {}


def _rated(thing: Any, rating: int) -> Any:
    first = thing.first_rating if thing.first_rating is not None else rating
    return attrs.evolve(thing, first_rating=first, rating=rating)


def _deferred(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: NeedDeferred = recorded.event
    changes = {"deferred": event.reason, "deferred_recorded": recorded.number}
    return {"needs": _changed(state.needs, event.need, **changes)}


def _strength(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: StrengthIdentified = recorded.event
    before = next((one for one in state.strengths if _same(one, event)), None)
    kept = {name: getattr(before, name) for name in _KEPT if before}
    strength = _copied(
        Strength,
        event,
        recorded=recorded.number,
        in_client_words=_said(event.client_words),
        **kept,
    )
    others = [one for one in state.strengths if not _same(one, event)]
    return {"strengths": (*others, strength)}


def _same(one: Strength, event: StrengthIdentified) -> bool:
    """Whether an event names a strength again. Of texts that were erased, nobody can tell."""
    if one.number is not None or event.number is not None:
        return one.number == event.number
    texts = one.description, event.description
    return not any(isinstance(text, Erased) for text in texts) and texts[0] == texts[1]


def _strength_rated(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: StrengthRated = recorded.event
    return {
        "strengths": tuple(
            _rated(one, event.rating) if one.number == event.number else one
            for one in state.strengths
        )
    }


def _domain(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"domains": {**state.domains, recorded.event.domain: recorded.event.answer}}


def _capacity(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"capacities": {**state.capacities, recorded.event.of: recorded.event.answer}}


def _section(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"sections": {**state.sections, recorded.event.section: recorded.event.answer}}


# -- planning --------------------------------------------------------------------------------


def _goal(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    goal = _copied(Goal, recorded.event, recorded=recorded.number)
    return {"goals": _put(state.goals, goal)}


def _goal_accepted(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"goals": _changed(state.goals, recorded.event.number, accepted=recorded.number)}


def _goal_achieved(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"goals": _changed(state.goals, recorded.event.number, achieved=recorded.number)}


def _goal_dropped(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"goals": _changed(state.goals, recorded.event.number, dropped=recorded.number)}


def _objective(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    objective = _copied(Objective, recorded.event, recorded=recorded.number)
    return {"objectives": _put(state.objectives, objective)}


def _item(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: PlanItemDrafted = recorded.event
    before = state.item(event.number)
    done = ("services", "referrals", "notes", "last_service", "last_referral", "last_note")
    kept = {name: getattr(before, name) for name in done if before}
    return {"plan": _put(state.plan, _copied(PlanItem, event, recorded=recorded.number, **kept))}


def _item_dropped(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    left = tuple(one for one in state.plan if one.number != recorded.event.number)
    return {"plan": left, "item_dropped": recorded.number} if left != state.plan else {}


def _item_completed(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    done = {"completed": recorded.number, "outcome_told": _said(recorded.event.outcome)}
    return {"plan": _changed(state.plan, recorded.event.number, **done)}


def _strategy(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: StrategyRecorded = recorded.event
    changes: Changes = {}
    if event.need is not None:
        changes["needs"] = _changed(state.needs, event.need, strategy=recorded.number)
    if event.strength is not None:
        changes["strengths"] = tuple(
            attrs.evolve(one, strategy=recorded.number) if one.number == event.strength else one
            for one in state.strengths
        )
    return changes


def _plan_agreed(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    agreed: PlanAgreed = recorded.event
    if agreed.client == "not-agreed":
        return {}
    return {
        "plan_versions": (*state.plan_versions, recorded.number),
        "plan_agreed_at": recorded.occurred_at,
    }


# -- services and monitoring -----------------------------------------------------------------


def _service(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: ServiceProvided = recorded.event
    changes: Changes = {}
    if event.function in DIRECT:
        changes["direct_services"] = state.direct_services + 1
    if event.function in INDIRECT:
        changes["indirect_services"] = state.indirect_services + 1
    if not any(item.number in event.plan_items for item in state.plan):
        return changes | {
            "services_outside_the_plan": state.services_outside_the_plan + 1,
            "last_service_outside_the_plan": recorded.number,
        }
    return changes | {
        "plan": tuple(
            attrs.evolve(item, services=item.services + 1, last_service=recorded.number)
            if item.number in event.plan_items
            else item
            for item in state.plan
        )
    }


def _referral(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: ReferralMade = recorded.event
    changes: Changes = {
        "plan": tuple(
            attrs.evolve(item, referrals=item.referrals + 1, last_referral=recorded.number)
            if item.number in event.plan_items
            else item
            for item in state.plan
        )
    }
    if event.number is not None:
        referral = Referral(
            number=event.number,
            to=event.to,
            plan_items=event.plan_items,
            made_at=recorded.occurred_at,
            recorded=recorded.number,
        )
        changes["referrals"] = _put(state.referrals, referral)
    return changes


def _linked(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    linked = {"linked": recorded.number, "linked_at": recorded.occurred_at}
    return {"referrals": _changed(state.referrals, recorded.event.referral, **linked)}


def _referral_ended(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: ReferralEnded = recorded.event
    ended = {
        "ended": recorded.number,
        "ended_at": recorded.occurred_at,
        "served": event.served,
    }
    return {"referrals": _changed(state.referrals, event.referral, **ended)}


def _noted(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    named = recorded.event.plan_items
    if not named:
        return {}
    return {
        "plan": tuple(
            attrs.evolve(item, notes=item.notes + 1, last_note=recorded.number)
            if item.number in named
            else item
            for item in state.plan
        )
    }


def _requisition(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    made = _copied(
        Requisition, recorded.event, made_at=recorded.occurred_at, recorded=recorded.number
    )
    return {"requisitions": _put(state.requisitions, made)}


def _answered(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: RequisitionAnswered = recorded.event
    answer = {
        "answered": recorded.number,
        "answered_at": recorded.occurred_at,
        "granted": event.granted,
    }
    return {"requisitions": _changed(state.requisitions, event.number, **answer)}


def _issue(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"issues": _put(state.issues, _copied(Issue, recorded.event, recorded=recorded.number))}


def _resolved(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"issues": _changed(state.issues, recorded.event.number, resolved=recorded.number)}


# -- enrollment and closure ------------------------------------------------------------------


def _enrolled(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: Enrolled = recorded.event
    others = [one for one in state.programs if one.program != event.program]
    enrollment = ProgramEnrollment(program=event.program, recorded=recorded.number)
    return {"programs": (*others, enrollment)}


def _of_program(state: CaseworkState, program: str, **changes: Any) -> Changes:
    return {
        "programs": tuple(
            attrs.evolve(one, **changes) if one.program == program else one
            for one in state.programs
        )
    }


def _exit(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: ExitInterview = recorded.event
    return _of_program(state, event.program, exit_interview=event.result)


def _follow_up(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: FollowUpSession = recorded.event
    return _of_program(state, event.program, follow_up_session=event.result)


def _completed(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: ProgramCompleted = recorded.event
    return _of_program(state, event.program, completed=event.completed)


def _criterion(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    criterion = _copied(ClosureCriterion, recorded.event, recorded=recorded.number)
    return {"criteria": _put(state.criteria, criterion)}


def _criterion_met(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"criteria": _changed(state.criteria, recorded.event.number, met=recorded.number)}


def _hold_placed(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"holds": tuple(dict.fromkeys((*state.holds, recorded.event.name)))}


def _hold_lifted(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"holds": tuple(name for name in state.holds if name != recorded.event.name)}


FOLDS: dict[type, Callable[[Any, AnyRecorded], Changes]] = {
    NeedIdentified: _need,
    NeedMet: _need_met,
    NeedRated: _need_rated,
    NeedDeferred: _deferred,
    StrengthIdentified: _strength,
    StrengthRated: _strength_rated,
    DomainAssessed: _domain,
    CapacityAssessed: _capacity,
    SectionRecorded: _section,
    GoalProposed: _goal,
    GoalAccepted: _goal_accepted,
    GoalAchieved: _goal_achieved,
    GoalDropped: _goal_dropped,
    ObjectiveDrafted: _objective,
    PlanItemDrafted: _item,
    PlanItemDropped: _item_dropped,
    PlanItemCompleted: _item_completed,
    StrategyRecorded: _strategy,
    PlanAgreed: _plan_agreed,
    ServiceProvided: _service,
    ReferralMade: _referral,
    HandoffConfirmed: _linked,
    ReferralEnded: _referral_ended,
    ProgressNoted: _noted,
    RequisitionMade: _requisition,
    RequisitionAnswered: _answered,
    IssueRaised: _issue,
    IssueResolved: _resolved,
    Enrolled: _enrolled,
    ExitInterview: _exit,
    FollowUpSession: _follow_up,
    ProgramCompleted: _completed,
    ClosureCriterionSet: _criterion,
    ClosureCriterionMet: _criterion_met,
    LegalHoldPlaced: _hold_placed,
    LegalHoldLifted: _hold_lifted,
}
"""What each event changes, by its type; an event that is not here changes nothing."""
