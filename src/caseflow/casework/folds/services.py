"""What the events of services and monitoring change: the plan, referrals, issues."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from caseflow.casework.contact import CONTACTS, client_was_there
from caseflow.casework.folds.changes import Changes, Fold, changed, copied, earlier, put
from caseflow.casework.monitoring import IssueRaised, IssueResolved
from caseflow.casework.services import (
    HandoffConfirmed,
    ProgressNoted,
    ReferralEnded,
    ReferralMade,
    RequisitionAnswered,
    RequisitionMade,
    ServiceProvided,
)
from caseflow.casework.things import Issue, Referral, Requisition
from caseflow.casework.words import DIRECT, INDIRECT
from caseflow.kernel.recorded import AnyRecorded

if TYPE_CHECKING:
    from caseflow.casework.state import CaseworkState


def _service(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: ServiceProvided = recorded.event
    changes = _contact(state, recorded)
    if event.function in DIRECT:
        changes["direct_services"] = state.direct_services + 1
    if event.function in INDIRECT:
        changes["indirect_services"] = state.indirect_services + 1
    if not any(state.in_plan(number, recorded.occurred_at) for number in event.plan_items):
        return changes | {
            "services_outside_the_plan": state.services_outside_the_plan + 1,
            "last_service_outside_the_plan": recorded.number,
        }
    return changes | _counted(state, recorded, "services", "last_service")


def _contact(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    """The first and the last contact in which the client was there, as far as it is known."""
    if not client_was_there(recorded.event):
        return {}
    number, at = recorded.number, recorded.occurred_at
    changes: Changes = {}
    if state.first_contact_at is None or at < state.first_contact_at:
        changes |= {"first_contact": number, "first_contact_at": at}
    if state.last_contact_at is None or state.last_contact_at <= at:
        changes |= {"last_contact": number, "last_contact_at": at}
    return changes


def _counted(state: CaseworkState, recorded: AnyRecorded, count: str, last: str) -> Changes:
    """The plan with one more counted for each item that the event names."""
    named = recorded.event.plan_items
    plan = tuple(
        attrs.evolve(item, **{count: getattr(item, count) + 1, last: recorded.number})
        if item.number in named
        else item
        for item in state.plan
    )
    return {"plan": plan}


def _referral(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: ReferralMade = recorded.event
    changes = _counted(state, recorded, "referrals", "last_referral")
    if event.number is not None:
        before = next((one for one in state.referrals if one.number == event.number), None)
        stands = before is not None and before.linked is None and before.ended is None
        referral = Referral(
            number=event.number,
            to=event.to,
            plan_items=event.plan_items,
            recorded=recorded.number,
            **_made(before if stands else None, recorded),
        )
        changes["referrals"] = put(state.referrals, referral)
    return changes


def _made(before: Referral | Requisition | None, recorded: AnyRecorded) -> Changes:
    """Since when it stands: where one of its number does already, this is other words for it."""
    if before is None:
        return {"made": recorded.number, "made_at": recorded.occurred_at}
    return {"made": before.made, "made_at": min(before.made_at, recorded.occurred_at)}


def _linked(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    number, at = recorded.event.referral, recorded.occurred_at
    linked = {
        "linked": recorded.number,
        "linked_at": _first(state.referrals, number, "linked_at", at),
    }
    return {"referrals": changed(state.referrals, number, **linked)}


def _first(things: tuple[Any, ...], number: int, field: str, moment: datetime) -> datetime:
    """When something was first said of the thing of a number."""
    before = next((getattr(one, field) for one in things if one.number == number), None)
    return earlier(before, moment)


def _referral_ended(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: ReferralEnded = recorded.event
    ended = {
        "ended": recorded.number,
        "ended_at": _first(state.referrals, event.referral, "ended_at", recorded.occurred_at),
        "served": event.served,
    }
    return {"referrals": changed(state.referrals, event.referral, **ended)}


def _noted(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return _counted(state, recorded, "notes", "last_note") if recorded.event.plan_items else {}


def _requisition(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    number = recorded.event.number
    waits = (one for one in state.requisitions if one.number == number and one.answered is None)
    since = _made(next(waits, None), recorded)
    made = copied(Requisition, recorded.event, recorded=recorded.number, **since)
    return {"requisitions": put(state.requisitions, made)}


def _answered(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: RequisitionAnswered = recorded.event
    answer = {
        "answered": recorded.number,
        "answered_at": _first(
            state.requisitions, event.number, "answered_at", recorded.occurred_at
        ),
        "granted": event.granted,
    }
    return {"requisitions": changed(state.requisitions, event.number, **answer)}


def _issue(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"issues": put(state.issues, copied(Issue, recorded.event, recorded=recorded.number))}


def _resolved(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"issues": changed(state.issues, recorded.event.number, resolved=recorded.number)}


FOLDS: dict[type, Fold] = {
    **dict.fromkeys(CONTACTS, _contact),
    ServiceProvided: _service,
    ReferralMade: _referral,
    HandoffConfirmed: _linked,
    ReferralEnded: _referral_ended,
    ProgressNoted: _noted,
    RequisitionMade: _requisition,
    RequisitionAnswered: _answered,
    IssueRaised: _issue,
    IssueResolved: _resolved,
}
