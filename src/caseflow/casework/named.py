"""Which things an event names by their numbers, or names, without being what makes them.

What is drafted may name needs and goals that are still to come, and these are not here: rules ask
for them before services begin. No rule asks for objectives, so they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from caseflow.casework.assessment import NeedMet, NeedRated, StrengthRated
from caseflow.casework.closure import (
    ClosureCriterionDropped,
    ClosureCriterionMet,
    ExitInterview,
    FollowUpContact,
    FollowUpSession,
    ProgramCompleted,
)
from caseflow.casework.monitoring import EvaluationMade, IssueResolved, MonitoringNoted
from caseflow.casework.planning import (
    GoalAccepted,
    GoalAchieved,
    GoalDropped,
    NeedDeferred,
    ObjectiveDrafted,
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
    ServiceProvided,
)
from caseflow.casework.staff import LegalHoldLifted

_KEYS = {"programs": "program"}
"""What tells the things of a collection apart, where that is not their number."""

_WORDS = {
    "needs": "need",
    "strengths": "strength",
    "goals": "goal",
    "objectives": "objective",
    "plan": "plan item",
    "referrals": "referral",
    "requisitions": "requisition",
    "issues": "issue",
    "criteria": "closure criterion",
    "programs": "enrollment in",
    "holds": "legal hold",
}
"""The collections of the state, and what one thing of them is called."""

_NAMED: dict[type[Any], dict[str, str]] = {
    NeedMet: {"number": "needs"},
    NeedRated: {"number": "needs"},
    NeedDeferred: {"need": "needs"},
    StrategyRecorded: {"need": "needs", "strength": "strengths"},
    StrengthRated: {"number": "strengths"},
    GoalAccepted: {"number": "goals"},
    GoalAchieved: {"number": "goals"},
    GoalDropped: {"number": "goals"},
    EvaluationMade: {"goal": "goals"},
    ObjectiveDrafted: {"goal": "goals"},
    PlanItemDrafted: {"objective": "objectives"},
    PlanItemCompleted: {"number": "plan"},
    PlanItemDropped: {"number": "plan"},
    ServiceProvided: {"plan_items": "plan"},
    ReferralMade: {"plan_items": "plan"},
    ProgressNoted: {"plan_items": "plan"},
    MonitoringNoted: {"plan_items": "plan"},
    HandoffConfirmed: {"referral": "referrals"},
    ReferralEnded: {"referral": "referrals"},
    RequisitionAnswered: {"number": "requisitions"},
    IssueResolved: {"number": "issues"},
    ClosureCriterionMet: {"number": "criteria"},
    ClosureCriterionDropped: {"number": "criteria"},
    ProgramCompleted: {"program": "programs"},
    ExitInterview: {"program": "programs"},
    FollowUpSession: {"program": "programs"},
    FollowUpContact: {"program": "programs"},
    LegalHoldLifted: {"name": "holds"},
}
"""The fields of an event that name things, and the collection in which each is looked up."""


def named_and_unknown(state: Any, event: Any) -> Iterator[str]:
    """What an event names and the state does not hold, in words: `need 9`."""
    for field, collection in _NAMED.get(type(event), {}).items():
        given, key = getattr(event, field), _KEYS.get(collection, "number")
        there = {getattr(one, key, one) for one in getattr(state, collection)}
        if collection == "plan":
            there |= {one.number for one in state.taken_out}
        for name in given if isinstance(given, tuple) else (given,):
            if name not in there and name not in (None, ""):
                yield f"{_WORDS[collection]} {name}"
