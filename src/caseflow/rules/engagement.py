"""Guards of the engagement stage: eligibility before enrollment, enrollment before work."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.casework import (
    CaseworkState,
    DemographicsRecorded,
    EligibilityDetermined,
    Enrolled,
    OrientationHeld,
    OutreachMade,
    PartnershipEstablished,
    ReadinessIndicated,
    ReferralReceived,
    ResponsibilitiesAcknowledged,
    ScreeningCompleted,
    SelfReferred,
    SuitabilityDetermined,
)
from caseflow.kernel.case import Case
from caseflow.kernel.context import Context
from caseflow.kernel.explain import plain_words
from caseflow.kernel.rules import Unmet, any_of, rule
from caseflow.rules.general import recorded
from caseflow.rules.sources import ised, models, stages, trilevel

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
            quoted=(f"({found.basis})",),
            remedy="determine eligibility again if things have changed, or end the case: as "
            "ineligible, or as a discharge once the client was enrolled or served",
        )
    elif found.valid_until is not None and found.valid_until < context.calendar.day_of(context.at):
        yield Unmet(
            found=f"eligible until {plain_words(found.valid_until)}",
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


@rule(
    "suitability-before-enrollment",
    rests_on=SuitabilityDetermined,
    source=trilevel("overview: suitable and eligible"),
    excepted_by="supervisor",
)
def suitable(case: Casework, context: Context) -> Iterator[Unmet]:
    """The program is found to suit the client before they are enrolled."""
    found = case.latest(SuitabilityDetermined)
    if found is None:
        yield Unmet(remedy="determine whether the program suits the client")
    elif not found.suitable:
        yield Unmet(
            found=f"it does not suit them{f' ({found.basis})' if found.basis else ''}",
            quoted=(f"({found.basis})",),
            remedy="look for a program that does, or refer the client on",
        )


@rule(
    "readiness-before-enrollment",
    rests_on=ReadinessIndicated,
    source=trilevel("overview: the participant has indicated readiness"),
    excepted_by="supervisor",
)
def ready(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client has said that they are ready to be part of the program."""
    said = case.latest_recorded(ReadinessIndicated)
    if said is None:
        yield Unmet(remedy="ask the client whether they are ready, and record what they say")
    elif not said.event.ready:
        day = plain_words(context.calendar.day_of(said.occurred_at))
        yield Unmet(
            found=f"the client said on {day} that they are not ready yet",
            remedy="ask again, and record it once the client says that they are ready",
        )


@rule(
    "responsibilities-acknowledged",
    rests_on=(OrientationHeld, ResponsibilitiesAcknowledged),
    source=trilevel("responsibilities are reviewed at the orientation, for buy-in"),
    excepted_by="supervisor",
)
def responsibilities_acknowledged(case: Casework, context: Context) -> Iterator[Unmet]:
    """The program was explained to the client, who accepted what is expected of them."""
    if case.latest(OrientationHeld) is None:
        yield Unmet(found="no orientation", remedy="hold the orientation with the client")
    acknowledged = case.latest(ResponsibilitiesAcknowledged)
    if acknowledged is None or acknowledged.how == "not-agreed":
        yield Unmet(
            found="the client has not accepted what is expected of them"
            if acknowledged
            else "no answer from the client",
            remedy="go through what is expected, and record what the client says to it",
        )


way_in_recorded = any_of(
    "way-in-recorded",
    recorded(
        "self-referred",
        SelfReferred,
        wanted="The client came on their own.",
        remedy="record that they did",
    ),
    recorded(
        "referral-received",
        ReferralReceived,
        wanted="The client was referred from outside.",
        remedy="record who referred them",
    ),
    recorded(
        "outreach-made",
        OutreachMade,
        wanted="The agency reached out to the client.",
        remedy="record how it did",
    ),
    wanted="It is recorded how the client came to the agency.",
).sourced(stages("assessment and engagement: by the agency or by referral"))

demographics_recorded = recorded(
    "demographics-recorded",
    DemographicsRecorded,
    wanted="The client's demographic details are taken down.",
    remedy="take them down in the agency's form, and record that it was done",
).sourced(models("intake: demographic information"))

partnership_established = recorded(
    "partnership-established",
    PartnershipEstablished,
    wanted="Client and case manager have established their partnership.",
    remedy="record it once they work as partners",
).sourced(trilevel("overview: an effective process begins with the partnership"))

screening_completed = (
    recorded(
        "screening-before-enrollment",
        ScreeningCompleted,
        wanted="The first assessment, in the intake interview, is completed before enrollment.",
        remedy="complete the screening",
    )
    .sourced(trilevel("overview: an initial assessment during the intake interview"))
    .excepted(by="supervisor")
)
