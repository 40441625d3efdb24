"""What is due on a case: obligations, as agencies ask for them.

Where a source gives a number it is here; elsewhere the agency says how long.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from caseflow.casework import (
    AnnualAssessmentMade,
    AssessmentCompleted,
    CaseworkState,
    ClientCheckedIn,
    ContactAttempted,
    Enrolled,
    FollowUpContact,
    IntakePaperworkCompleted,
    MonitoringNoted,
    OutreachMade,
    PlanReviewed,
    ProgressNoted,
    ReviewScheduled,
    ServiceProvided,
)
from caseflow.kernel.calendar import Span
from caseflow.kernel.case import Case
from caseflow.rules.sources import bilevel, field, ised, models, trilevel
from caseflow.workflow.obligation import Begun, Obligation, each, entered, first, latest
from caseflow.workflow.timing import between, every, in_quarter, on_date, within, yearly

Casework = Case[CaseworkState]
Counted = Literal["rolling", "fixed", "calendar"]


def weekly_notes(*stages: str, counted: Counted = "rolling") -> Obligation:
    """A progress note every week, in these stages.

    The source says weekly, and neither in which stages nor how a week is counted: an agency
    chooses both (`counted`). The continuum asks for it where services are delivered.
    """
    return Obligation(
        "weekly-note",
        "A case note is written every week.",
        during=stages,
        due=every("1 week", counted=counted),
        met_by=ProgressNoted,
        owner="case-manager",
        remedy="write what happened since the last note",
        source=bilevel("writing quality case notes: weekly (in which stages, it does not say)"),
    )


NOT_FOLLOWED_UP = (
    "end-as-ineligible",
    "deny",
    "decline-services",
    "transfer-out",
    "end-as-deceased",
    "end-as-entered-in-error",
)
"""The endings that ship after which nobody is followed up.

The client has left no services, has died, or is another agency's.
"""


def follow_up(*stages: str) -> Obligation:
    """A contact three to nine months after the exit, which is entering these stages.

    The participant manages it as well as staff: that the client got in touch counts. After the
    end of a case (`after_the_end`) it is not owed where that was one of `NOT_FOLLOWED_UP`.
    """
    return Obligation(
        "follow-up",
        "The client is followed up three to nine months after the exit.",
        since=entered(*stages),
        during=stages,
        due=between("3 months", "9 months"),
        met_by=(FollowUpContact, ClientCheckedIn),
        not_after=NOT_FOLLOWED_UP,
        owner="case-manager",
        remedy="get in touch with the client, and record it (also that they could not be reached)",
        source=bilevel("follow-up: three to nine months"),
    )


def follow_up_by_quarter(*stages: str) -> tuple[Obligation, ...]:
    """A contact in each of the three calendar quarters after that of the exit.

    It is another reading of what `follow_up` asks for, and takes its place:
    `continuum.extend(..., obligations=follow_up_by_quarter(stage), drop_obligations="follow-up")`.
    """
    return tuple(
        Obligation(
            f"follow-up-quarter-{number}",
            f"The client is followed up in the {words} quarter after the exit.",
            since=entered(*stages),
            during=stages,
            due=in_quarter(number),
            met_by=(FollowUpContact, ClientCheckedIn),
            not_after=NOT_FOLLOWED_UP,
            owner="case-manager",
            remedy="get in touch with the client, and record it",
            source=bilevel("follow-up: one to three quarters"),
        )
        for number, words in enumerate(("first", "second", "third"), 1)
    )


def intake_paperwork(span: Span | str) -> Obligation:
    """The papers of the intake, so long after the first contact. They do not hold it up.

    That is when the client was reached, came or got in touch on their own, or was served.
    """
    return Obligation(
        "intake-paperwork",
        "The papers of the intake are complete.",
        since=each(_first_contact),
        due=within(span),
        met_by=IntakePaperworkCompleted,
        owner="case-manager",
        remedy="complete them with the client; the first meeting does not wait for them",
        source=trilevel("overview: paperwork follows, and does not drive the initial meeting"),
    )


def plan_after_assessment(span: Span | str) -> Obligation:
    """A plan, so long after the assessment was completed."""
    return Obligation(
        "plan-after-assessment",
        "The client has agreed to a plan since the assessment.",
        since=each(_assessment),
        due=within(span),
        owner="case-manager",
        remedy="make the plan with the client, and record how they agreed",
        source=bilevel("service planning: the first tangible outcome of the assessment"),
    )


def reassessment(span: Span | str) -> Obligation:
    """An assessment, so long after the last one, again and again."""
    return Obligation(
        "reassessment",
        "The client's situation is assessed again.",
        since=first(AssessmentCompleted),
        due=every(span),
        met_by=AssessmentCompleted,
        owner="case-manager",
        remedy="assess again what has changed, and complete the assessment",
        source=models("needs assessment: important to re-assess over time"),
    )


def annual_assessment(*stages: str) -> Obligation:
    """The annual assessment of HUD: within 30 days either side of the day of enrollment.

    It is met by `AnnualAssessmentMade`, a fact that is recorded in any stage: it is no
    reassessment. `stages` are those in which it is owed (none: any open one).
    """
    return Obligation(
        "annual-assessment",
        "The annual assessment is done around the anniversary of the enrollment.",
        since=first(Enrolled),
        during=stages,
        due=yearly(before="30 days", after="30 days"),
        met_by=AnnualAssessmentMade,
        owner="case-manager",
        remedy="assess, even if nothing has changed",
        source=field("HUD annual assessment"),
    )


def plan_review(*stages: str) -> Obligation:
    """The review of the plan, by the day that the plan sets, in these stages (none: any)."""
    return Obligation(
        "plan-review",
        "The plan is reviewed by its review date.",
        since=latest(ReviewScheduled),
        during=stages,
        due=on_date("review_on"),
        met_by=(PlanReviewed, AssessmentCompleted),
        owner="case-manager",
        remedy="go through the plan with the client, and record whether it still fits",
        source=bilevel("plan implementation: a schedule for reassessing and modifying"),
    )


def contact(span: Span | str, *stages: str) -> Obligation:
    """A contact, service or note, so often in these stages."""
    return Obligation(
        "regular-contact",
        "The case manager is in contact with the client.",
        during=stages,
        due=every(span),
        met_by=(ContactAttempted, ServiceProvided, ClientCheckedIn),
        owner="case-manager",
        remedy="get in touch with the client, and record it",
        source=bilevel("retention begins on day one"),
    )


def re_engagement(span: Span | str, *stages: str) -> Obligation:
    """A new attempt, so long after one that did not reach the client, in these stages.

    It is met once the client is heard of or served; each further attempt that fails, and
    each outreach, starts it anew.
    The sources give no span: an agency sets its own.
    """
    return Obligation(
        "re-engagement",
        "Staff try again to reach the client.",
        since=each(_out_of_touch),
        during=stages,
        due=within(span),
        met_by=(ClientCheckedIn, ServiceProvided),
        owner="case-manager",
        remedy="try again in another way or place, and record the attempt",
        source=models("intensive case management: assertive outreach"),
    )


def check_in(span: Span | str, *stages: str) -> Obligation:
    """The client checks in, so often in these stages: what the client has to do."""
    return Obligation(
        "client-check-in",
        "The client checks in with their case manager.",
        during=stages,
        due=every(span),
        met_by=ClientCheckedIn,
        owner="client",
        remedy="remind the client of what was agreed",
        source=trilevel("participant responsibilities: communicating regularly"),
    )


def monitoring(span: Span | str, *stages: str) -> Obligation:
    """Monitoring, so often in these stages: it goes on as long as services do."""
    return Obligation(
        "monitoring",
        "Services are monitored.",
        during=stages,
        due=every(span),
        met_by=MonitoringNoted,
        owner="case-manager",
        remedy="look at effort, adequacy, quality and outcome, and note what was found",
        source=ised("stage 5: monitoring is an ongoing process"),
    )


def handoff(span: Span | str) -> Obligation:
    """The handoff of each numbered referral, so long after it was made."""
    return Obligation(
        "handoff",
        "The handoff to the other agency is confirmed.",
        since=each(_referrals),
        due=within(span),
        owner="case-manager",
        remedy="ask the agency, and record that the handoff is confirmed, or how it ended",
        source=ised("stage 4: arranging for a handoff"),
    )


def urgent_needs(span: Span | str) -> Obligation:
    """What cannot wait for a plan: each urgent need is met, so long after it was found."""
    return Obligation(
        "urgent-need",
        "An urgent need is met, or deferred with a reason.",
        since=each(_urgent),
        due=within(span),
        owner="case-manager",
        remedy="see to it now, and record that the need is met, or defer it with a reason",
        source=models("intake: immediate needs"),
    )


def requisition_answer(span: Span | str) -> Obligation:
    """The answer to each requisition, so long after it was made."""
    return Obligation(
        "requisition-answer",
        "What was asked for is granted, or it is said why not.",
        since=each(_requisitions),
        due=within(span),
        owner="supervisor",
        remedy="grant it, or say why not",
        source=trilevel("administrative staff: navigators requisition the services needed"),
    )


def _first_contact(case: Casework) -> Iterable[Begun]:
    at, number = case.state.first_contact_at, case.state.first_contact
    if at is not None and number is not None:
        yield Begun(at, number)


def _out_of_touch(case: Casework) -> Iterable[Begun]:
    failed, again = case.latest_recorded(ContactAttempted), case.latest_recorded(OutreachMade)
    if failed is None or failed.event.reached:
        return
    last = again if again and again.occurred_at > failed.occurred_at else failed
    yield Begun(last.occurred_at, last.number)


def _assessment(case: Casework) -> Iterable[Begun]:
    """The latest assessment, met by the first plan that the client agreed to since."""
    assessed = case.latest_recorded(AssessmentCompleted)
    if assessed is not None:
        since = (at for at in case.state.plans_agreed_at if at >= assessed.occurred_at)
        yield Begun(assessed.occurred_at, assessed.number, met_at=min(since, default=None))


def _referrals(case: Casework) -> Iterable[Begun]:
    for one in case.state.referrals:
        done = _first(one.linked_at, one.ended_at)
        yield Begun(one.made_at, one.made, f"referral {one.number}", met_at=done)


def _urgent(case: Casework) -> Iterable[Begun]:
    for need in case.state.needs:
        if need.urgent:
            done = _first(need.met_at, need.deferred_at)
            yield Begun(need.identified_at, need.identified, f"need {need.number}", met_at=done)


def _first(*moments: datetime | None) -> datetime | None:
    """The first of the moments that there are."""
    return min(filter(None, moments), default=None)


def _requisitions(case: Casework) -> Iterable[Begun]:
    for one in case.state.requisitions:
        yield Begun(one.made_at, one.made, f"requisition {one.number}", met_at=one.answered_at)
