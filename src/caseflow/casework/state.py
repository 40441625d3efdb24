"""The folded state of case work: what was found, planned, provided, and what is open.

Bounded: it holds identified things, and no notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Self

import attrs

from caseflow.casework.folds import FOLDS
from caseflow.casework.named import named_and_unknown
from caseflow.casework.staff import LeadCaseManagerAssigned
from caseflow.casework.things import (
    ClosureCriterion,
    Goal,
    Issue,
    ItemTakenOut,
    Need,
    NeedSeenMet,
    Objective,
    PlanItem,
    ProgramEnrollment,
    Referral,
    Requisition,
    Strength,
)
from caseflow.casework.words import Answer
from caseflow.kernel.case import Case
from caseflow.kernel.events import Code
from caseflow.kernel.recorded import AnyRecorded


@attrs.frozen(kw_only=True)
class CaseworkState:
    """What case work knows of a case, besides first, latest and count of every event type.

    The things are in the order of their numbers, except strengths and programs, which are in
    the order in which they were recorded.
    """

    needs: tuple[Need, ...] = ()
    needs_met: tuple[NeedSeenMet, ...] = ()
    strengths: tuple[Strength, ...] = ()
    domains: Mapping[str, Answer] = attrs.field(factory=dict)
    """What became of each domain of the assessment."""
    capacities: Mapping[str, Answer] = attrs.field(factory=dict)
    """Whose capacity was assessed, or why it was not."""
    sections: Mapping[str, Answer] = attrs.field(factory=dict)
    """Which parts of assessment and plan were told in words, or why they were not."""
    goals: tuple[Goal, ...] = ()
    objectives: tuple[Objective, ...] = ()
    plan: tuple[PlanItem, ...] = ()
    plan_versions: tuple[int, ...] = ()
    """The numbers of the events with which the client agreed to a plan: its versions."""
    plans_agreed_at: tuple[datetime, ...] = ()
    """When the client agreed to each of them."""
    taken_out: tuple[ItemTakenOut, ...] = ()
    criteria: tuple[ClosureCriterion, ...] = ()
    programs: tuple[ProgramEnrollment, ...] = ()
    referrals: tuple[Referral, ...] = ()
    requisitions: tuple[Requisition, ...] = ()
    issues: tuple[Issue, ...] = ()
    direct_services: int = 0
    indirect_services: int = 0
    services_outside_the_plan: int = 0
    last_service_outside_the_plan: int | None = None
    """The event of the latest service that names no plan item."""
    first_contact: int | None = None
    """The event that tells first that the client was there: reached, in touch, or served."""
    first_contact_at: datetime | None = None
    last_contact: int | None = None
    """The event that tells of the last time that the client was there."""
    last_contact_at: datetime | None = None
    holds: tuple[Code, ...] = ()
    """The names of the legal holds in force."""

    def fold(self, recorded: AnyRecorded, /) -> Self:
        """The state after one more event; most events change nothing here."""
        change = FOLDS.get(type(recorded.event))
        return self if change is None else attrs.evolve(self, **change(self, recorded))

    def unknown_in(self, event: Any, /) -> Iterator[str]:
        """What an event names by a number, or a name, that nothing here has: `need 9`."""
        return named_and_unknown(self, event)

    def need(self, number: int) -> Need | None:
        """The need with this number."""
        return next((need for need in self.needs if need.number == number), None)

    def goal(self, number: int) -> Goal | None:
        """The goal with this number."""
        return next((goal for goal in self.goals if goal.number == number), None)

    def item(self, number: int) -> PlanItem | None:
        """The plan item with this number."""
        return next((item for item in self.plan if item.number == number), None)

    def in_plan(self, number: int, at: datetime) -> bool:
        """Whether the plan has an item of this number, or had one that was taken out after `at`."""
        later = (one.number for one in self.taken_out if at < one.taken_out_at)
        return self.item(number) is not None or number in later

    def items_for(self, need: int) -> tuple[PlanItem, ...]:
        """The plan items that address a need."""
        return tuple(item for item in self.plan if need in item.needs)

    @property
    def open_issues(self) -> tuple[Issue, ...]:
        """The issues that are not out of the way."""
        return tuple(issue for issue in self.issues if issue.resolved is None)


def lead_case_manager(case: Case[Any]) -> Code | None:
    """Who has the lead on a case: whom it was assigned to latest (None: nobody yet).

    Read off the latest assignment by the moment at which it occurred, so that one that is
    recorded late does not undo a newer one.
    """
    assigned = case.latest(LeadCaseManagerAssigned)
    return assigned.case_manager if assigned else None


def legal_holds(case: Case[CaseworkState]) -> tuple[str, ...]:
    """The names of the legal holds in force, for `Retention(hold=legal_holds)`."""
    return case.state.holds
