"""How to draw the events of case work so that they fit the case: `PAYLOADS`.

Hand it to any strategy of the kit for `six_stage` or a workflow that extends it, and add your
own events: `payloads={**PAYLOADS, HousingOffered: st.builds(HousingOffered)}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import strategies as st

from caseflow.casework import (
    AssessmentCompleted,
    CaseClosed,
    CaseworkState,
    ClosureCriterionMet,
    ClosureCriterionSet,
    ContactAttempted,
    Domain,
    EligibilityDetermined,
    Enrolled,
    ExitInterview,
    FollowUpSession,
    Interview,
    LeadCaseManagerAssigned,
    NeedDeferred,
    NeedIdentified,
    PlanAgreed,
    PlanItem,
    PlanItemDrafted,
    PlanItemDropped,
    ProgressNoted,
    ReferralMade,
    ServiceProvided,
    TransferredOut,
)
from caseflow.kernel.case import Case
from caseflow.testing.payloads import Payloads
from caseflow.testing.proposals import Draw, choose

Casework = Case[CaseworkState]

PROGRAMS = ("housing", "employment")
"""The programs in which clients of drawn histories are enrolled."""

_WORDS = ("rent in arrears", "no bank account", "learns English", "sleeps badly")
_DOMAINS: tuple[Domain, ...] = ("biological-physical", "social", "psychological-emotional", "other")
_INTERVIEWS: tuple[Interview, ...] = ("held", "offered", "declined", "unreachable")
_PEOPLE = ("case manager", "client", "landlord")


def _number(draw: Draw, used: Sequence[int]) -> int:
    """A number that is free; or one of those in use, whose thing is then replaced."""
    return choose(draw, [len(used) + 1 if len(used) < 3 else 1, *used[:1]])


def _day_of(case: Casework) -> date:
    return case.recorded_at.date()


@st.composite
def _need(draw: Draw, case: Casework) -> NeedIdentified:
    return NeedIdentified(
        number=_number(draw, [need.number for need in case.state.needs]),
        description=choose(draw, _WORDS),
        domain=choose(draw, _DOMAINS),
        client_priority=choose(draw, [None, 1, 2]),
        objective=choose(draw, [True, False]),
    )


@st.composite
def _deferral(draw: Draw, case: Casework) -> NeedDeferred:
    needs = [need.number for need in case.state.needs] or [1]
    return NeedDeferred(need=choose(draw, needs), reason="the client chose not now")


@st.composite
def _item(draw: Draw, case: Casework) -> PlanItemDrafted:
    """Mostly a whole item, for a need that is not covered yet or in place of a poor one."""
    state = case.state
    known = [need.number for need in state.needs]
    bare = [n.number for n in state.needs if not n.deferred and not state.items_for(n.number)]
    poor = [item.number for item in state.plan if _is_poor(item, known)]
    used = [item.number for item in state.plan]
    number = choose(draw, poor) if poor else max(used, default=0) + 1
    if choose(draw, range(6)) == 3:
        return PlanItemDrafted(
            number=number, needs=choose(draw, [(), (1,), (9,), tuple(known[:1])])
        )
    return PlanItemDrafted(
        number=number if bare or poor else _number(draw, used),
        needs=(choose(draw, bare or known or [1]),),
        activity=choose(draw, ["view flats", "open an account"]),
        actor=choose(draw, _PEOPLE),
        by_date=_day_of(case) + timedelta(days=30),
        expected_outcome=choose(draw, ["a signed lease", "wages are paid in"]),
    )


def _is_poor(item: PlanItem, known: list[int]) -> bool:
    parts = (item.activity, item.actor, item.by_date, item.expected_outcome)
    return not all(parts) or not item.needs or not set(item.needs) <= set(known)


@st.composite
def _dropped(draw: Draw, case: Casework) -> PlanItemDropped:
    return PlanItemDropped(number=choose(draw, [item.number for item in case.state.plan] or [1]))


@st.composite
def _eligibility(draw: Draw, case: Casework) -> EligibilityDetermined:
    """Mostly eligible, now and then until a day that is past."""
    days = choose(draw, [None, 200, -10, None])
    return EligibilityDetermined(
        eligible=choose(draw, [True, False, True, True]),
        basis=choose(draw, ["income", "residence", ""]),
        valid_until=None if days is None else _day_of(case) + timedelta(days=days),
    )


@st.composite
def _criterion(draw: Draw, case: Casework) -> ClosureCriterionSet:
    number = _number(draw, [one.number for one in case.state.criteria])
    return ClosureCriterionSet(number=number, description="six months in housing")


@st.composite
def _criterion_met(draw: Draw, case: Casework) -> ClosureCriterionMet:
    unmet = [one.number for one in case.state.criteria if one.met is None]
    return ClosureCriterionMet(number=choose(draw, unmet or [1]))


def _program(draw: Draw, case: Casework, part: str) -> str:
    """A program that lacks this part of its ending, if there is one."""
    programs = case.state.programs
    missing = [one.program for one in programs if getattr(one, part) is None]
    return choose(draw, missing or [one.program for one in programs] or PROGRAMS)


@st.composite
def _exit_interview(draw: Draw, case: Casework) -> ExitInterview:
    program = _program(draw, case, "exit_interview")
    return ExitInterview(program=program, result=choose(draw, _INTERVIEWS))


@st.composite
def _follow_up_session(draw: Draw, case: Casework) -> FollowUpSession:
    program = _program(draw, case, "follow_up_session")
    return FollowUpSession(program=program, result=choose(draw, _INTERVIEWS))


def _items(draw: Draw, case: Casework) -> tuple[int, ...]:
    return choose(draw, [(), *((item.number,) for item in case.state.plan)])


@st.composite
def _service(draw: Draw, case: Casework) -> ServiceProvided:
    return ServiceProvided(service=choose(draw, ["rent", "course"]), plan_items=_items(draw, case))


@st.composite
def _referral(draw: Draw, case: Casework) -> ReferralMade:
    return ReferralMade(to=choose(draw, ["food bank", "clinic"]), plan_items=_items(draw, case))


@st.composite
def _progress(draw: Draw, case: Casework) -> ProgressNoted:
    return ProgressNoted(text=choose(draw, _WORDS), plan_items=_items(draw, case))


PAYLOADS: Payloads = {
    LeadCaseManagerAssigned: st.builds(
        LeadCaseManagerAssigned, case_manager=st.sampled_from(["ana", "mo"])
    ),
    EligibilityDetermined: _eligibility,
    Enrolled: st.builds(Enrolled, program=st.sampled_from(PROGRAMS)),
    NeedIdentified: _need,
    NeedDeferred: _deferral,
    AssessmentCompleted: st.builds(
        AssessmentCompleted, nothing_found=st.sampled_from([(), ("needs",), ("strengths",), ()])
    ),
    PlanItemDrafted: _item,
    PlanItemDropped: _dropped,
    PlanAgreed: st.builds(
        PlanAgreed, client=st.sampled_from(["signed", "not-agreed", "witnessed", "spoken"])
    ),
    ServiceProvided: _service,
    ReferralMade: _referral,
    ProgressNoted: _progress,
    ContactAttempted: st.builds(
        ContactAttempted, channel=st.sampled_from(["phone", "visit"]), reached=st.booleans()
    ),
    ClosureCriterionSet: _criterion,
    ClosureCriterionMet: _criterion_met,
    ExitInterview: _exit_interview,
    FollowUpSession: _follow_up_session,
    CaseClosed: st.builds(CaseClosed, outcome=st.sampled_from(["completed", "housed"])),
    TransferredOut: st.builds(
        TransferredOut,
        to=st.sampled_from(["county", "state"]),
        accepted_by=st.sampled_from(_PEOPLE),
    ),
}
"""Payloads that fit the case, for the events of case work; the rest are drawn by their types."""
