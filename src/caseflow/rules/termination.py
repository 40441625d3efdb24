"""Guards of the termination stage: closure criteria met, and its documents present."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.casework import (
    CaseClosed,
    CaseworkState,
    ClosingReview,
    ClosureCriterionDropped,
    ClosureCriterionMet,
    ClosureCriterionSet,
    ContinuingServicesListed,
    Enrolled,
    ExitInterview,
    FollowUpSession,
    NextStagePlanned,
    ProgramCompleted,
    ResourcesListed,
)
from caseflow.kernel.case import Case
from caseflow.kernel.context import Context
from caseflow.kernel.rules import Unmet, rule
from caseflow.rules.general import recorded
from caseflow.rules.sources import STAGES, field, ised, stages, trilevel

Casework = Case[CaseworkState]
CRITERIA = (ClosureCriterionSet, ClosureCriterionDropped)

_ANSWERED = field("that it could not be held, was offered or declined, is an answer")
_EMPTY = field("that there is none is an answer")
"""What the document asks for stands before, in each rule; to take such an answer is not in it."""
_ONCE_MET = "work on it, and record when it is met; or drop it, if it no longer applies"


@rule(
    "closure-criteria-met",
    rests_on=(*CRITERIA, ClosureCriterionMet),
    source=f"{STAGES}, closure",
    excepted_by="supervisor",
)
def closure_criteria_met(case: Casework, context: Context) -> Iterator[Unmet]:
    """The closure criteria agreed with the client are met."""
    if not case.state.criteria:
        yield Unmet(
            found="no closure criteria",
            remedy="agree with the client how both will know that services can end",
        )
    for criterion in case.state.criteria:
        if criterion.met is None:
            yield Unmet(
                about=f"closure criterion {criterion.number}",
                found="not met",
                remedy=_ONCE_MET,
                evidence=(criterion.recorded,),
            )


@rule(
    "closure-criteria-set",
    rests_on=CRITERIA,
    source=f"{STAGES}, closure starts at the first engagement",
)
def closure_criteria_set(case: Casework, context: Context) -> Iterator[Unmet]:
    """Client and case manager have agreed how both will know that services can end."""
    if not case.state.criteria:
        yield Unmet(remedy="agree on closure criteria with the client, and record them")


@rule(
    "exit-interview",
    rests_on=(Enrolled, ExitInterview),
    source=f"{ised('stage 6: exit interview for each program component')}; {_ANSWERED}",
    excepted_by="supervisor",
)
def exit_interviews(case: Casework, context: Context) -> Iterator[Unmet]:
    """There was an exit interview for each program, or it is recorded why not."""
    for enrollment in case.state.programs:
        if enrollment.exit_interview is None:
            yield Unmet(
                about=f"program {enrollment.program}",
                quoted=(str(enrollment.program),),
                found="no exit interview",
                remedy="hold it, or record that it was offered, declined, or could not be held",
                evidence=(enrollment.recorded,),
            )


@rule(
    "follow-up-session",
    rests_on=(Enrolled, FollowUpSession),
    source=f"{ised('stage 6: follow-up session for each program component')}; {_ANSWERED}",
    excepted_by="supervisor",
)
def follow_up_sessions(case: Casework, context: Context) -> Iterator[Unmet]:
    """There was a follow-up session for each program, or it is recorded why not."""
    for enrollment in case.state.programs:
        if enrollment.follow_up_session is None:
            yield Unmet(
                about=f"program {enrollment.program}",
                quoted=(str(enrollment.program),),
                found="no follow-up session",
                remedy="hold it, or record that it was offered, declined, or could not be held",
                evidence=(enrollment.recorded,),
            )


next_stage_planned = (
    recorded(
        "next-stage-planned",
        NextStagePlanned,
        wanted="The client has a plan for the next stage.",
        remedy="make the plan with the client, and record it",
    )
    .sourced(ised("stage 6: a plan for the next stage"))
    .excepted(by="supervisor")
)
continuing_services_listed = (
    recorded(
        "continuing-services-listed",
        ContinuingServicesListed,
        wanted="The ways in which the agency can go on serving the client are listed.",
        remedy="list them, or record that there are none",
    )
    .sourced(f"{ised('stage 6: ways the agency can continue to serve')}; {_EMPTY}")
    .excepted(by="supervisor")
)
resources_listed = (
    recorded(
        "resources-listed",
        ResourcesListed,
        wanted="Resources and referrals for the client are listed.",
        remedy="list them, or record that there are none",
    )
    .sourced(f"{ised('stage 6: a list of resources and referrals')}; {_EMPTY}")
    .excepted(by="supervisor")
)

closing_review_held = (
    recorded(
        "closing-review",
        ClosingReview,
        wanted="Client and case manager have looked back on the process and the progress made.",
        remedy="hold the review, or record that it was offered, declined, or could not be held",
    )
    .sourced(stages("closure: review the process and celebrate the progress"))
    .excepted(by="supervisor")
)


@rule(
    "criteria-agreed-by-both",
    rests_on=CRITERIA,
    source=stages("closure: client and case manager decide on the accomplishments"),
)
def criteria_agreed_by_both(case: Casework, context: Context) -> Iterator[Unmet]:
    """Every closure criterion was agreed by the client and the case manager."""
    for criterion in case.state.criteria:
        client = {"client", "representative"} & set(criterion.agreed_by)
        if not client or "case-manager" not in criterion.agreed_by:
            yield Unmet(
                about=f"closure criterion {criterion.number}",
                found=f"agreed by {_listed(criterion.agreed_by)}",
                remedy="agree on it together, and record who did",
                evidence=(criterion.recorded,),
            )


def _listed(parties: tuple[str, ...]) -> str:
    return " and ".join(f"the {party.replace('-', ' ')}" for party in parties) or "nobody"


@rule(
    "able-to-function-independently",
    rests_on=(*CRITERIA, ClosureCriterionMet),
    source=stages("closure: the ability to function independently"),
)
def able_to_function_independently(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client has shown that they can function independently."""
    criteria = [one for one in case.state.criteria if one.kind == "independence"]
    if not criteria:
        yield Unmet(
            found="no criterion for it",
            remedy="agree on what will show it, and record when it is met",
        )
    elif all(one.met is None for one in criteria):
        for one in criteria:
            yield Unmet(
                about=f"closure criterion {one.number}",
                found="not met",
                remedy=_ONCE_MET,
                evidence=(one.recorded,),
            )


@rule(
    "programs-completed",
    rests_on=(Enrolled, ProgramCompleted),
    source=trilevel("service delivery flow: through program completion"),
    excepted_by="supervisor",
)
def programs_completed(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client has completed each program, or it is recorded that they did not."""
    for enrollment in case.state.programs:
        if enrollment.completed is None:
            yield Unmet(
                about=f"program {enrollment.program}",
                quoted=(str(enrollment.program),),
                remedy="record whether the client completed it",
                evidence=(enrollment.recorded,),
            )


@rule(
    "outcome-as-recorded",
    rests_on=(Enrolled, ProgramCompleted),
    source=field("an outcome says what became of the client"),
)
def outcome_as_recorded(case: Casework, context: Context) -> Iterator[Unmet]:
    """A case is closed as completed only where the client left no program before its end."""
    if getattr(context.event, "outcome", "") != CaseClosed().outcome:
        return  # or it ends with a move that names no outcome
    for enrollment in case.state.programs:
        if enrollment.completed is False:
            yield Unmet(
                about=f"program {enrollment.program}",
                quoted=(str(enrollment.program),),
                found="that the client did not complete it",
                remedy="close the case with the true outcome; or, if the client did complete it, "
                "record that",
                evidence=(enrollment.recorded,),
            )
