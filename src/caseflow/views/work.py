"""What was done for each item of the plan: services and referrals, by name and moment.

A case counts them and does not hold them, so that they are read off its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from caseflow.casework import (
    CaseworkState,
    PlanItemDrafted,
    PlanItemDropped,
    ReferralMade,
    ServiceProvided,
)
from caseflow.kernel.case import Case
from caseflow.kernel.errors import InvalidCall
from caseflow.kernel.history import effective
from caseflow.kernel.recorded import AnyRecorded


@attrs.frozen
class Work:
    """A service that was provided, or a referral that was made: what, in which event, when."""

    what: str
    event: int
    at: datetime


def work_of(
    case: Case[CaseworkState], history: tuple[AnyRecorded, ...]
) -> Mapping[int, tuple[Work, ...]]:
    """The services and referrals of each item of the plan, in the order in which they occurred.

    Counted as the case counts them: those that name an item which the plan has, and not what was
    done for one of its number that was taken out before. Raises `InvalidCall` for a history that
    is not that of the case.
    """
    found: dict[int, list[Work]] = {}
    for entry in _up_to(case, history):
        event: Any = entry.event
        if isinstance(event, PlanItemDrafted):
            found.setdefault(event.number, [])
        elif isinstance(event, PlanItemDropped):
            found.pop(event.number, None)
        elif isinstance(event, ServiceProvided | ReferralMade):
            done = Work(_told(event), entry.number, entry.occurred_at)
            for number in found.keys() & set(event.plan_items):
                found[number].append(done)
    counted = {one.number: one.services + one.referrals for one in case.state.plan}
    its = all(one.case_id == case.id for one in history)
    if history and not (its and {number: len(work) for number, work in found.items()} == counted):
        raise InvalidCall(
            what=f"history= for case {case.id}",
            problem="is not the whole history of that case as it stands",
            repair=f"Give book.history({case.id!r}), and the case as it is now.",
        )
    return {number: tuple(sorted(work, key=lambda one: one.at)) for number, work in found.items()}


def outside_the_plan(
    case: Case[CaseworkState], history: tuple[AnyRecorded, ...]
) -> tuple[int, ...]:
    """The events of the services that the case counts as provided outside the plan."""
    state, found = CaseworkState(), []
    for entry in _up_to(case, history):
        before = state.services_outside_the_plan
        state = state.fold(entry)
        if state.services_outside_the_plan > before:
            found.append(entry.number)
    return tuple(found)


def moments(case: Case[CaseworkState], history: tuple[AnyRecorded, ...]) -> Mapping[int, datetime]:
    """When each event of a history occurred."""
    return {entry.number: entry.occurred_at for entry in _up_to(case, history)}


def _up_to(case: Case[CaseworkState], history: tuple[AnyRecorded, ...]) -> Iterable[AnyRecorded]:
    """What takes effect of a history up to where the case is."""
    return effective(one for one in history if one.number <= case.version)


def _told(event: ServiceProvided | ReferralMade) -> str:
    """What was done, in words; or that it was erased."""
    if isinstance(event, ReferralMade):
        return f"referral to {event.to}"
    return str(event.service)
