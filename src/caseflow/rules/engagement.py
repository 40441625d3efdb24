"""Guards of the engagement stage: eligibility before enrollment, enrollment before work."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.casework import CaseworkState, EligibilityDetermined, Enrolled
from caseflow.kernel.case import Case
from caseflow.kernel.context import Context
from caseflow.kernel.rules import Unmet, rule
from caseflow.rules.sources import ised

Casework = Case[CaseworkState]


@rule(
    "eligibility-before-enrollment",
    rests_on=EligibilityDetermined,
    source=ised("stage 1: eligibility determination, then enrollment"),
    excepted_by="supervisor",
)
def eligible(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client is found eligible before being enrolled."""
    found = case.latest(EligibilityDetermined)
    if found is None:
        yield Unmet(remedy="determine whether the client is eligible")
    elif not found.eligible:
        yield Unmet(
            found=f"not eligible{f' ({found.basis})' if found.basis else ''}",
            remedy="determine eligibility again if things have changed, "
            "or end the case as ineligible",
        )
    elif found.valid_until is not None and found.valid_until < context.calendar.day_of(context.at):
        yield Unmet(
            found=f"eligible until {found.valid_until:%d %B %Y}",
            remedy="determine eligibility again",
        )


@rule(
    "enrolled-before-assessment",
    rests_on=Enrolled,
    source=ised("stage 1: enrollment comes before stage 2"),
    excepted_by="supervisor",
)
def enrolled(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client is enrolled before the assessment begins."""
    if not case.state.programs:
        yield Unmet(remedy="enroll the client in a program")
