"""Guards of the assessment stage: needs numbered, strengths named, and then completed."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.casework import AssessmentCompleted, CaseworkState, NeedIdentified, StrengthIdentified
from caseflow.kernel.case import Case, stage_of
from caseflow.kernel.context import Context
from caseflow.kernel.rules import Unmet, rule
from caseflow.rules.sources import ised

Casework = Case[CaseworkState]


@rule(
    "needs-numbered",
    rests_on=(NeedIdentified, AssessmentCompleted),
    source=ised("stage 2: the assessment is a product that numbers needs"),
    excepted_by="supervisor",
)
def needs_numbered(case: Casework, context: Context) -> Iterator[Unmet]:
    """The assessment names the client's needs or barriers, and numbers them."""
    if not case.state.needs and "needs" not in _answered(case, context):
        yield Unmet(
            remedy="record each need with a number, or complete the assessment "
            "with needs among what was asked and not found"
        )


@rule(
    "strengths-named",
    rests_on=(StrengthIdentified, AssessmentCompleted),
    source=ised("stage 2: strengths and barriers"),
    excepted_by="supervisor",
)
def strengths_named(case: Casework, context: Context) -> Iterator[Unmet]:
    """The assessment names the client's strengths."""
    if not case.state.strengths and "strengths" not in _answered(case, context):
        yield Unmet(
            remedy="record at least one strength, or complete the assessment "
            "with strengths among what was asked and not found"
        )


def _answered(case: Casework, context: Context) -> tuple[str, ...]:
    """What this assessment, or else the latest, answered with nothing found."""
    if isinstance(context.proposed, AssessmentCompleted):
        return context.proposed.nothing_found
    completed = case.latest(AssessmentCompleted)
    return completed.nothing_found if completed else ()


@rule(
    "assessment-before-plan",
    rests_on=AssessmentCompleted,
    source=ised("stages 2 and 3: the plan relates to the assessment"),
    excepted_by="supervisor",
)
def assessment_completed(case: Casework, context: Context) -> Iterator[Unmet]:
    """The assessment is completed before the plan is made."""
    completed = case.latest_recorded(AssessmentCompleted)
    if completed is None:
        yield Unmet(remedy="complete the assessment")
        return
    began = _begun(case)
    if completed.number < began:
        yield Unmet(
            found=f"an assessment completed on {completed.occurred_at:%d %B %Y}, "
            "before this reassessment began",
            remedy="complete the reassessment",
            evidence=(completed.number, began),
        )


def _begun(case: Casework) -> int:
    """The number of the move with which the present assessment began (0: none did).

    To resume after a hold begins no new assessment, nor does reopening a case that was closed
    in assessment: the case comes back as it was.
    """
    number, here, before = 0, "", ""
    for move in case.path:
        stage = stage_of(move.position)
        if stage == "assessment" and "assessment" not in (here, before):
            number = move.number
        before, here = here, stage
    return number
