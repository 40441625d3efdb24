"""What the events of planning change: goals, objectives, the plan and its items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from caseflow.casework.folds.changes import Changes, Fold, changed, copied, earlier, put, said
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
from caseflow.casework.things import Goal, ItemTakenOut, Objective, PlanItem
from caseflow.kernel.recorded import AnyRecorded

if TYPE_CHECKING:
    from caseflow.casework.state import CaseworkState


def _goal(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    goal = copied(Goal, recorded.event, recorded=recorded.number)
    return {"goals": put(state.goals, goal)}


def _goal_accepted(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"goals": changed(state.goals, recorded.event.number, accepted=recorded.number)}


def _goal_achieved(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"goals": changed(state.goals, recorded.event.number, achieved=recorded.number)}


def _goal_dropped(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"goals": changed(state.goals, recorded.event.number, dropped=recorded.number)}


def _objective(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    objective = copied(Objective, recorded.event, recorded=recorded.number)
    return {"objectives": put(state.objectives, objective)}


def _item(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: PlanItemDrafted = recorded.event
    before = state.item(event.number)
    done = ("services", "referrals", "notes", "last_service", "last_referral", "last_note")
    kept = {name: getattr(before, name) for name in done if before}
    return {"plan": put(state.plan, copied(PlanItem, event, recorded=recorded.number, **kept))}


def _item_dropped(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    number = recorded.event.number
    left = tuple(one for one in state.plan if one.number != number)
    if left == state.plan:
        return {}
    out = ItemTakenOut(number=number, recorded=recorded.number, taken_out_at=recorded.occurred_at)
    return {"plan": left, "taken_out": put(state.taken_out, out)}


def _item_completed(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    done = {"completed": recorded.number, "outcome_told": said(recorded.event.outcome)}
    return {"plan": changed(state.plan, recorded.event.number, **done)}


def _strategy(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: StrategyRecorded = recorded.event
    changes: Changes = {}
    if event.need is not None:
        changes["needs"] = changed(state.needs, event.need, strategy=recorded.number)
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
        "plans_agreed_at": (*state.plans_agreed_at, recorded.occurred_at),
    }


def _deferred(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: NeedDeferred = recorded.event
    before = state.need(event.need)
    since = earlier(before.deferred_at if before else None, recorded.occurred_at)
    changes = {
        "deferred": event.reason,
        "deferred_recorded": recorded.number,
        "deferred_at": since if said(event.reason) else None,
    }
    return {"needs": changed(state.needs, event.need, **changes)}


FOLDS: dict[type, Fold] = {
    NeedDeferred: _deferred,
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
}
