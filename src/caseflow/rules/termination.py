"""Guards of the termination stage: closure criteria met, and its documents present."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.casework.events import (
    ClosureCriterionMet,
    ClosureCriterionSet,
    ContinuingServicesListed,
    Enrolled,
    ExitInterview,
    FollowUpSession,
    NextStagePlanned,
    ResourcesListed,
)
from caseflow.casework.state import CaseworkState
from caseflow.kernel.case import Case
from caseflow.kernel.context import Context
from caseflow.kernel.rules import Unmet, rule
from caseflow.rules.sources import STAGES, ised

Casework = Case[CaseworkState]


@rule(
    "closure-criteria-met",
    rests_on=(ClosureCriterionSet, ClosureCriterionMet),
    source=f"{STAGES}, closure",
    excepted_by="supervisor",
)
def closure_criteria_met(case: Casework, context: Context) -> Iterator[Unmet]:
    """The closure criteria agreed with the client are met."""
    if not case.state.criteria:
        yield Unmet(
            found="no closure criteria",
            remedy="agree with the client on what will tell that services may end",
        )
    for criterion in case.state.criteria:
        if criterion.met is None:
            yield Unmet(
                about=f"closure criterion {criterion.number}",
                found="not met",
                remedy="record when it is met, or ask for an exception",
                evidence=(criterion.recorded,),
            )


@rule(
    "closure-criteria-set",
    rests_on=ClosureCriterionSet,
    source=f"{STAGES}, closure starts at the first engagement",
)
def closure_criteria_set(case: Casework, context: Context) -> Iterator[Unmet]:
    """Client and case manager have agreed on what will tell that services may end."""
    if not case.state.criteria:
        yield Unmet(remedy="record the closure criteria")


@rule(
    "exit-interview",
    rests_on=(Enrolled, ExitInterview),
    source=ised("stage 6: exit interview for each program component"),
    excepted_by="supervisor",
)
def exit_interviews(case: Casework, context: Context) -> Iterator[Unmet]:
    """There was an exit interview for each program, or it was offered."""
    for enrollment in case.state.programs:
        if enrollment.exit_interview is None:
            yield Unmet(
                about=f"program {enrollment.program}",
                found="no exit interview",
                remedy="hold it, or record that it was offered, declined, or could not be held",
                evidence=(enrollment.recorded,),
            )


@rule(
    "follow-up-session",
    rests_on=(Enrolled, FollowUpSession),
    source=ised("stage 6: follow-up session for each program component"),
    excepted_by="supervisor",
)
def follow_up_sessions(case: Casework, context: Context) -> Iterator[Unmet]:
    """There was a follow-up session for each program, or it was offered."""
    for enrollment in case.state.programs:
        if enrollment.follow_up_session is None:
            yield Unmet(
                about=f"program {enrollment.program}",
                found="no follow-up session",
                remedy="hold it, or record that it was offered, declined, or could not be held",
                evidence=(enrollment.recorded,),
            )


@rule(
    "next-stage-planned",
    rests_on=NextStagePlanned,
    source=ised("stage 6: a plan for the next stage"),
    excepted_by="supervisor",
)
def next_stage_planned(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client has a plan for the next stage."""
    if case.latest(NextStagePlanned) is None:
        yield Unmet(remedy="make the plan with the client, and record it")


@rule(
    "continuing-services-listed",
    rests_on=ContinuingServicesListed,
    source=ised("stage 6: ways the agency can continue to serve"),
    excepted_by="supervisor",
)
def continuing_services_listed(case: Casework, context: Context) -> Iterator[Unmet]:
    """The ways in which the agency can go on serving the client are listed."""
    if case.latest(ContinuingServicesListed) is None:
        yield Unmet(remedy="list them (an empty list is an answer)")


@rule(
    "resources-listed",
    rests_on=ResourcesListed,
    source=ised("stage 6: a list of resources and referrals"),
    excepted_by="supervisor",
)
def resources_listed(case: Casework, context: Context) -> Iterator[Unmet]:
    """Resources and referrals for the client are listed."""
    if case.latest(ResourcesListed) is None:
        yield Unmet(remedy="list them (an empty list is an answer)")
