"""How to draw the events of case work so that they fit the case: `PAYLOADS`.

Hand it to any strategy of the kit for a workflow that ships or one that extends it, and add your
own events: `payloads={**PAYLOADS, HousingOffered: st.builds(HousingOffered)}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

from hypothesis import strategies as st

from caseflow.casework import (
    AssessmentCompleted,
    CaseClosed,
    CaseworkState,
    ClosureCriterionDropped,
    ClosureCriterionMet,
    ClosureCriterionSet,
    ContactAttempted,
    Domain,
    EligibilityDetermined,
    Enrolled,
    EvaluationMade,
    ExitInterview,
    FollowUpContact,
    FollowUpSession,
    Goal,
    GoalAccepted,
    GoalAchieved,
    GoalDropped,
    GoalProposed,
    HandoffConfirmed,
    Interview,
    IssueArea,
    IssueRaised,
    IssueResolved,
    LeadCaseManagerAssigned,
    MonitoringDimension,
    MonitoringNoted,
    NeedDeferred,
    NeedIdentified,
    NeedMet,
    NeedRated,
    ObjectiveDrafted,
    PlanAgreed,
    PlanItem,
    PlanItemCompleted,
    PlanItemDrafted,
    PlanItemDropped,
    ProgramCompleted,
    ProgressNoted,
    ReadinessIndicated,
    ReferralEnded,
    ReferralMade,
    RequisitionAnswered,
    RequisitionMade,
    ResponsibilitiesAcknowledged,
    ReviewScheduled,
    ServiceProvided,
    StrategyRecorded,
    StrengthIdentified,
    StrengthRated,
    SuitabilityDetermined,
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
_AREAS: tuple[IssueArea, ...] = get_args(IssueArea)


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
        client_words=choose(draw, ["", "I want a home"]),
        urgent=choose(draw, [False, True, False]),
    )


@st.composite
def _strength(draw: Draw, case: Casework) -> StrengthIdentified:
    used = [one.number for one in case.state.strengths]
    return StrengthIdentified(
        description=choose(draw, ["keeps promises", "has a sister nearby"]),
        domain=choose(draw, _DOMAINS),
        number=choose(draw, [None, _number(draw, used)]),
        objective=choose(draw, [True, False]),
    )


@st.composite
def _goal(draw: Draw, case: Casework) -> GoalProposed:
    """Mostly a whole goal, for a need of the case, in place of a poor one if there is one."""
    state = case.state
    known = [need.number for need in state.needs]
    poor = [one.number for one in state.goals if one.pursued and _is_vague(one, known)]
    number = choose(draw, poor or [_number(draw, [one.number for one in state.goals])])
    if choose(draw, range(6)) == 3:
        return GoalProposed(number=number, statement="", needs=choose(draw, [(), (9,)]))
    return GoalProposed(
        number=number,
        statement=choose(draw, ["a home of her own", "work that lasts"]),
        needs=(choose(draw, known or [1]),),
        horizon=choose(draw, ["short-term", "long-term"]),
        measure=choose(draw, ["months housed", "hours worked"]),
        target="six",
        target_date=_day_of(case) + timedelta(days=90),
        metric=choose(draw, ["output", "outcome"]),
        program_goal=choose(draw, [False, False, True, False]) and not poor,
    )


def _is_vague(goal: Goal, known: list[int]) -> bool:
    parts = (goal.measure, goal.target, goal.target_date, goal.needs)
    return not all(parts) or not set(goal.needs) <= set(known)


@st.composite
def _strategy(draw: Draw, case: Casework) -> StrategyRecorded:
    """For a need or a strength that has none yet, if there is one."""
    state = case.state
    needs = [need.number for need in state.needs if need.strategy is None]
    strengths = [one.number for one in state.strengths if one.strategy is None]
    if strengths and (not needs or choose(draw, [True, False])):
        return StrategyRecorded(text="build upon it", strength=choose(draw, strengths))
    return StrategyRecorded(text="overcome it", need=choose(draw, needs or [1]))


@st.composite
def _objective(draw: Draw, case: Casework) -> ObjectiveDrafted:
    return ObjectiveDrafted(
        number=_number(draw, [one.number for one in case.state.objectives]),
        goal=choose(draw, [goal.number for goal in case.state.goals] or [1]),
        statement="three flats viewed",
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
    goals = [goal.number for goal in state.goals if goal.pursued]
    served = {number for item in state.plan for number in item.goals}
    bare = [n.number for n in state.needs if not n.deferred and not state.items_for(n.number)]
    aimless = [number for number in goals if number not in served]
    poor = [item.number for item in state.plan if _is_poor(item, known)]
    used = [item.number for item in state.plan]
    number = choose(draw, poor) if poor else max(used, default=0) + 1
    if choose(draw, range(6)) == 3:
        return PlanItemDrafted(
            number=number, needs=choose(draw, [(), (1,), (9,), tuple(known[:1])])
        )
    return PlanItemDrafted(
        number=number if bare or aimless or poor else _number(draw, used),
        needs=(choose(draw, bare or known or [1]),),
        goals=tuple(aimless or goals[:1]),
        activity=choose(draw, ["view flats", "open an account"]),
        actor=choose(draw, _PEOPLE),
        by_date=_day_of(case) + timedelta(days=30),
        expected_outcome=choose(draw, ["a signed lease", "wages are paid in"]),
        by_client=choose(draw, [True, False]),
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
    return ClosureCriterionSet(
        number=number,
        description="six months in housing",
        kind=choose(draw, ["goal", "independence", "other"]),
        agreed_by=choose(draw, [("client", "case-manager"), ("case-manager",), ()]),
    )


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
def _program_completed(draw: Draw, case: Casework) -> ProgramCompleted:
    program = _program(draw, case, "completed")
    return ProgramCompleted(program=program, completed=choose(draw, [True, False]))


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
    return ReferralMade(
        to=choose(draw, ["food bank", "clinic"]),
        plan_items=_items(draw, case),
        number=choose(draw, [None, _number(draw, [one.number for one in case.state.referrals])]),
    )


@st.composite
def _progress(draw: Draw, case: Casework) -> ProgressNoted:
    return ProgressNoted(
        text=choose(draw, _WORDS),
        plan_items=_items(draw, case),
        client_efforts=choose(draw, ["called the landlord", ""]),
        case_manager_efforts=choose(draw, ["drove her there", ""]),
    )


@st.composite
def _monitoring(draw: Draw, case: Casework) -> MonitoringNoted:
    return MonitoringNoted(
        dimension=choose(draw, get_args(MonitoringDimension)),
        finding="as planned",
        kind=choose(draw, ["informal", "formal"]),
        plan_items=_items(draw, case),
    )


@st.composite
def _evaluation(draw: Draw, case: Casework) -> EvaluationMade:
    return EvaluationMade(
        of=choose(draw, PROGRAMS),
        figure=choose(draw, [None, Decimal(6)]),
        judgement=choose(draw, ["", "it helped"]),
        goal=choose(draw, [None, *(goal.number for goal in case.state.goals)]),
    )


@st.composite
def _requisition(draw: Draw, case: Casework) -> RequisitionMade:
    number = _number(draw, [one.number for one in case.state.requisitions])
    return RequisitionMade(number=number, service=choose(draw, ["deposit", "bus pass"]))


@st.composite
def _issue(draw: Draw, case: Casework) -> IssueRaised:
    number = _number(draw, [one.number for one in case.state.issues])
    return IssueRaised(number=number, area=choose(draw, _AREAS), description="no answer")


@st.composite
def _review(draw: Draw, case: Casework) -> ReviewScheduled:
    days = choose(draw, [90, 7, -1])
    return ReviewScheduled(review_on=_day_of(case) + timedelta(days=days))


def _one(
    cls: type[Any],
    field: str,
    things: Callable[[CaseworkState], Iterable[Any]],
    **fields: st.SearchStrategy[Any],
) -> Callable[[Casework], st.SearchStrategy[Any]]:
    """Events of a class that name one of these things of a case by its number."""

    @st.composite
    def named(draw: Draw, case: Casework) -> Any:
        used = [one.number for one in things(case.state) if one.number is not None]
        given = {name: draw(strategy) for name, strategy in fields.items()}
        return cls(**{field: choose(draw, used or [1])}, **given)

    return named


_RATING = st.integers(1, 5)
_MOSTLY = st.sampled_from([True, False, True, True])

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
    NeedMet: _one(NeedMet, "number", lambda state: state.needs),
    NeedRated: _one(NeedRated, "number", lambda state: state.needs, rating=_RATING),
    StrengthIdentified: _strength,
    StrengthRated: _one(StrengthRated, "number", lambda state: state.strengths, rating=_RATING),
    SuitabilityDetermined: st.builds(SuitabilityDetermined, suitable=_MOSTLY),
    ReadinessIndicated: st.builds(ReadinessIndicated, ready=_MOSTLY),
    ResponsibilitiesAcknowledged: st.builds(
        ResponsibilitiesAcknowledged,
        how=st.sampled_from(["signed", "not-agreed", "spoken", "witnessed"]),
    ),
    GoalProposed: _goal,
    GoalAccepted: _one(GoalAccepted, "number", lambda state: state.goals),
    GoalAchieved: _one(GoalAchieved, "number", lambda state: state.goals),
    GoalDropped: _one(GoalDropped, "number", lambda state: state.goals),
    ObjectiveDrafted: _objective,
    StrategyRecorded: _strategy,
    ReviewScheduled: _review,
    PlanItemDrafted: _item,
    PlanItemDropped: _dropped,
    PlanItemCompleted: _one(PlanItemCompleted, "number", lambda state: state.plan),
    PlanAgreed: st.builds(
        PlanAgreed, client=st.sampled_from(["signed", "not-agreed", "witnessed", "spoken"])
    ),
    ServiceProvided: _service,
    ReferralMade: _referral,
    HandoffConfirmed: _one(HandoffConfirmed, "referral", lambda state: state.referrals),
    ReferralEnded: _one(ReferralEnded, "referral", lambda state: state.referrals, served=_MOSTLY),
    ProgressNoted: _progress,
    RequisitionMade: _requisition,
    RequisitionAnswered: _one(
        RequisitionAnswered, "number", lambda state: state.requisitions, granted=_MOSTLY
    ),
    MonitoringNoted: _monitoring,
    IssueRaised: _issue,
    IssueResolved: _one(IssueResolved, "number", lambda state: state.issues),
    EvaluationMade: _evaluation,
    ContactAttempted: st.builds(
        ContactAttempted, channel=st.sampled_from(["phone", "visit"]), reached=st.booleans()
    ),
    ClosureCriterionSet: _criterion,
    ClosureCriterionMet: _criterion_met,
    ClosureCriterionDropped: _one(ClosureCriterionDropped, "number", lambda state: state.criteria),
    ExitInterview: _exit_interview,
    FollowUpSession: _follow_up_session,
    FollowUpContact: st.builds(FollowUpContact, result=st.sampled_from(_INTERVIEWS)),
    ProgramCompleted: _program_completed,
    CaseClosed: st.builds(CaseClosed, outcome=st.sampled_from(["completed", "housed"])),
    TransferredOut: st.builds(
        TransferredOut,
        to=st.sampled_from(["county", "state", ""]),  # to nobody: what a rule refuses
        accepted_by=st.sampled_from(_PEOPLE),
    ),
}
"""Payloads that fit the case, for the events of case work; the rest are drawn by their types."""
