"""Rules of the work itself: services by the plan, notes that tell something, timely records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from caseflow.casework import (
    AssessmentCompleted,
    CaseworkState,
    EvaluationMade,
    HandoffConfirmed,
    IssueRaised,
    IssueResolved,
    PlanAgreed,
    PlanItemDrafted,
    PlanReviewed,
    ProgressNoted,
    ReferralEnded,
    ReferralMade,
    ReviewScheduled,
    ServiceProvided,
)
from caseflow.kernel.calendar import Span, span_of
from caseflow.kernel.case import Case
from caseflow.kernel.checks import so_many
from caseflow.kernel.context import Context
from caseflow.kernel.explain import days, plain_words
from caseflow.kernel.rules import Rule, Unmet, rule
from caseflow.rules.sources import bilevel, field, ised, models
from caseflow.workflow.vocabulary import maker

Casework = Case[CaseworkState]


@rule(
    "service-in-plan",
    rests_on=(ServiceProvided, PlanItemDrafted),
    source=bilevel("plan implementation: services are provided according to the plan"),
)
def service_in_plan(case: Casework, context: Context) -> Iterator[Unmet]:
    """A service belongs to an item of the plan."""
    state, items = case.state, context.event.plan_items
    remedy = "name the plan item that it belongs to, or bring the plan up to date"
    if not items:
        yield Unmet(found="no plan item", remedy=remedy)
    taken_out = {one.number for one in state.taken_out}  # of others, known-to-the-case tells
    for number in items:
        if number in taken_out and not state.in_plan(number, context.at):
            yield Unmet(
                about=f"plan item {number}", found="it was taken out of the plan", remedy=remedy
            )


@rule(
    "plan-current",
    rests_on=(PlanAgreed, ReviewScheduled, PlanReviewed, AssessmentCompleted),
    source=bilevel("plan implementation: the plan is current"),
)
def plan_current(case: Casework, context: Context) -> Iterator[Unmet]:
    """There is an agreed plan, and its review is not overdue."""
    if not case.state.plan_versions:
        yield Unmet(found="no agreed plan", remedy="agree on the plan with the client")
        return
    scheduled = case.latest_recorded(ReviewScheduled)
    if scheduled is None:
        return
    reviewed = case.latest_recorded(PlanReviewed), case.latest_recorded(AssessmentCompleted)
    since = scheduled.occurred_at, scheduled.number
    done = any(one and (one.occurred_at, one.number) > since for one in reviewed)
    if not done and scheduled.event.review_on < context.calendar.day_of(context.at):
        yield Unmet(
            found=f"its review was due on {plain_words(scheduled.event.review_on)}",
            remedy="review the plan with the client",
        )


@rule(
    "note-refers-to-plan",
    rests_on=(ProgressNoted, PlanItemDrafted),
    source=ised("documentation: notes describe progress in relation to the plan"),
)
def note_refers_to_plan(case: Casework, context: Context) -> Iterator[Unmet]:
    """A progress note says to which items of the plan it belongs."""
    if not context.event.plan_items:  # of one that is not there, known-to-the-case tells
        yield Unmet(found="no item of the plan", remedy="name the plan items that it is about")


@rule(
    "note-tells-efforts",
    rests_on=ProgressNoted,
    source=ised("documentation: the efforts of the case manager and the client"),
)
def note_tells_efforts(case: Casework, context: Context) -> Iterator[Unmet]:
    """A progress note tells what the client and the case manager did."""
    event: ProgressNoted = context.event
    if not event.client_efforts.strip():
        yield Unmet(found="nothing the client did", remedy="note what the client did")
    if not event.case_manager_efforts.strip():
        yield Unmet(found="nothing the case manager did", remedy="note what the case manager did")


@maker("note-concise")
def note_concise(*, most: int) -> Rule[CaseworkState]:
    """A rule: a progress note is not empty, and not longer than so many characters.

    The sources give no number: an agency sets its own. Raises `DefinitionError` for what is no
    number of characters.
    """
    so_many("note_concise", most, "characters")

    @rule(
        "note-concise",
        rests_on=ProgressNoted,
        wanted=f"A progress note says something, in at most {most:,} characters.",
        source=bilevel("writing quality case notes: concise and specific"),
    )
    def concise(case: Casework, context: Context) -> Iterator[Unmet]:
        text = context.event.text.strip()
        if not text:
            yield Unmet(found="an empty note", remedy="write what happened")
        elif len(text) > most:
            yield Unmet(found=f"{len(text):,} characters", remedy="say it in fewer words")

    return concise


@maker("recorded-in-time")
def recorded_in_time(id: str, span: Span | str, *, wanted: str = "") -> Rule[Any]:
    """A rule: what happened was written down within a span after it happened.

    Put it on the events that it is for. The sources ask for timely records and give no
    number; local rules run from 24 hours to 14 days.
    """
    longest = span_of(span)

    @rule(
        id,
        spans=longest,
        wanted=wanted or f"What happened is written down within {longest}.",
        source=field("timely records"),
    )
    def in_time(case: Case[Any], context: Context) -> Iterator[Unmet]:
        if context.calendar.later(context.at, longest) < context.now:
            took = context.calendar.day_of(context.now) - context.calendar.day_of(context.at)
            found = f"{days(took)} later" if took else "hours later, on the same day"
            yield Unmet(found=found, remedy="write it down sooner the next time")

    return in_time


@rule(
    "evaluated-in-figures-and-words",
    rests_on=EvaluationMade,
    source=models("monitoring and evaluation: quantified and qualified"),
)
def evaluated_in_figures_and_words(case: Casework, context: Context) -> Iterator[Unmet]:
    """An evaluation holds both a figure and a judgement."""
    event: EvaluationMade = context.event
    if event.figure is None:
        yield Unmet(found="no figure", remedy="say what was measured")
    if not event.judgement.strip():
        yield Unmet(found="no judgement", remedy="say what the figure means for the client")


@rule(
    "referrals-handed-off",
    rests_on=(ReferralMade, HandoffConfirmed, ReferralEnded),
    source=ised("stage 4: arranging for a handoff"),
)
def referrals_handed_off(case: Casework, context: Context) -> Iterator[Unmet]:
    """Every referral that has a number was handed off, or has ended otherwise."""
    for referral in case.state.referrals:
        if referral.linked is None and referral.ended is None:
            yield Unmet(
                about=f"referral {referral.number}",
                found="no handoff",
                remedy="ask the agency, and record that the handoff is confirmed, or how it ended",
                evidence=(referral.recorded,),
            )


@rule(
    "no-open-issues",
    rests_on=(IssueRaised, IssueResolved),
    source=ised("stage 5: monitoring identifies issues"),
    excepted_by="supervisor",
)
def no_open_issues(case: Casework, context: Context) -> Iterator[Unmet]:
    """Nothing that monitoring found stands in the way."""
    for issue in case.state.open_issues:
        yield Unmet(
            about=f"issue {issue.number} ({issue.area.replace('-', ' ')})",
            found="open",
            remedy="resolve it, and record how",
            evidence=(issue.recorded,),
        )
