"""Every obligation of case work: when it is due, what it says, what meets it and what does not."""

from datetime import date, timedelta
from inspect import getmembers, isfunction
from typing import Any, NamedTuple

import attrs
import pytest

from caseflow import Entry
from caseflow import casework as c
from caseflow.rules import due
from caseflow.stages import five_stage_cyclic
from tests.rules.whole import AGREED, ASSESSED, GOAL, NEED, NOTE, Desk, workflow_of


class Row(NamedTuple):
    """Made overdue (or due, in a quarter) by `recorded`, not met by `astray`, met by `mends`."""

    made_by: Any
    given: tuple[str, ...]
    id: str
    recorded: tuple[Any, ...]
    astray: Any
    mends: Any


def days(count):
    return timedelta(days=count)


FAILED = c.ContactAttempted(channel="phone")
CALL = c.ContactAttempted(channel="phone", reached=True)
EXIT = ("go-on", "serve")
URGENT = attrs.evolve(NEED, urgent=True)
REWORDED = attrs.evolve(URGENT, description="in other words")
SET = c.ReviewScheduled(review_on=date(2026, 3, 10))
REFERRED = c.ReferralMade(to="a clinic", number=1)
ASKED = c.RequisitionMade(number=1, service="deposit")
QUARTERS = ("services",)
CONTACT = c.FollowUpContact(result="unreachable")
SESSION = c.FollowUpSession(program="housing")

ROWS = (
    Row(due.weekly_notes, ("work",), "weekly-note", (NOTE, days(8)), CALL, NOTE),
    Row(due.follow_up, QUARTERS, "follow-up", (*EXIT, days(280)), SESSION, CONTACT),
    *(
        Row(
            due.follow_up_by_quarter,
            QUARTERS,
            f"follow-up-quarter-{number}",
            (*EXIT, days(later)),
            SESSION,
            CONTACT,
        )
        for number, later in ((1, 100), (2, 190), (3, 280))
    ),
    Row(
        due.intake_paperwork,
        ("5 days",),
        "intake-paperwork",
        (CALL, days(6)),
        c.DemographicsRecorded(),
        c.IntakePaperworkCompleted(),
    ),
    Row(
        due.plan_after_assessment,
        ("10 days",),
        "plan-after-assessment",
        (ASSESSED, days(11)),
        c.PlanApproved(),
        AGREED,
    ),
    Row(
        due.reassessment,
        ("90 days",),
        "reassessment",
        (ASSESSED, days(91)),
        c.PlanReviewed(),
        ASSESSED,
    ),
    Row(
        due.annual_assessment,
        (),
        "annual-assessment",
        (c.Enrolled(program="housing"), days(400)),
        ASSESSED,
        c.AnnualAssessmentMade(),
    ),
    Row(due.plan_review, (), "plan-review", (SET, days(10)), AGREED, c.PlanReviewed()),
    Row(due.contact, ("7 days", "work"), "regular-contact", (CALL, days(8)), NOTE, CALL),
    Row(
        due.check_in,
        ("14 days", "work"),
        "client-check-in",
        (days(15),),
        CALL,
        c.ClientCheckedIn(),
    ),
    Row(
        due.monitoring,
        ("30 days", "work"),
        "monitoring",
        (days(31),),
        NOTE,
        c.MonitoringNoted(dimension="quality", finding="it fits"),
    ),
    Row(
        due.handoff,
        ("5 days",),
        "handoff",
        (REFERRED, days(6)),
        c.HandoffConfirmed(referral=2),
        c.HandoffConfirmed(referral=1),
    ),
    Row(
        due.handoff,
        ("5 days",),
        "handoff",
        (REFERRED, days(6)),
        attrs.evolve(REFERRED, note="in other words"),
        c.ReferralEnded(referral=1, served=False),
    ),
    Row(
        due.urgent_needs,
        ("2 days",),
        "urgent-need",
        (URGENT, attrs.evolve(NEED, number=2), days(3)),
        c.NeedMet(number=2),
        c.NeedMet(number=1),
    ),
    Row(
        due.urgent_needs,
        ("2 days",),
        "urgent-need",
        (URGENT, days(3)),
        REWORDED,
        c.NeedDeferred(need=1, reason="the same as need 2"),
    ),
    Row(
        due.re_engagement,
        ("5 days", "work"),
        "re-engagement",
        (FAILED, days(6)),
        NOTE,
        c.ClientCheckedIn(),
    ),
    Row(
        due.requisition_answer,
        ("3 days",),
        "requisition-answer",
        (ASKED, days(4)),
        attrs.evolve(ASKED, note="in other words"),
        c.RequisitionAnswered(number=1, granted=False, reason="no money"),
    ),
)


SAID = {
    "re-engagement": (
        "Staff try again to reach the client. not done since 2 March 2026 > try again in "
        "another way or place, and record the attempt (case-manager, by 07 March 2026)"
    ),
    "weekly-note": (
        "A case note is written every week. not done since 2 March 2026 > write what "
        "happened since the last note (case-manager, by 09 March 2026)"
    ),
    "follow-up": (
        "The client is followed up three to nine months after the exit. not done since 2 "
        "June 2026 > get in touch with the client, and record it (also that they could "
        "not be reached) (case-manager, by 02 December 2026)"
    ),
    "follow-up-quarter-1": (
        "The client is followed up in the first quarter after the exit. not done since 1 "
        "April 2026 > get in touch with the client, and record it (case-manager, by 30 "
        "June 2026)"
    ),
    "follow-up-quarter-2": (
        "The client is followed up in the second quarter after the exit. not done since 1"
        " July 2026 > get in touch with the client, and record it (case-manager, by 30 "
        "September 2026)"
    ),
    "follow-up-quarter-3": (
        "The client is followed up in the third quarter after the exit. not done since 1 "
        "October 2026 > get in touch with the client, and record it (case-manager, by 31 "
        "December 2026)"
    ),
    "intake-paperwork": (
        "The papers of the intake are complete. not done since 2 March 2026 > complete "
        "them with the client; the first meeting does not wait for them (case-manager, by"
        " 07 March 2026)"
    ),
    "plan-after-assessment": (
        "The client has agreed to a plan since the assessment. not done since 2 March 2026 "
        "> make the plan with the client, and record how they agreed (case-manager, by 12 "
        "March 2026)"
    ),
    "reassessment": (
        "The client's situation is assessed again. not done since 2 March 2026 > assess "
        "again what has changed, and complete the assessment (case-manager, by 31 May "
        "2026)"
    ),
    "annual-assessment": (
        "The annual assessment is done around the anniversary of the enrollment. not done"
        " since 31 January 2027 > assess, even if nothing has changed (case-manager, by "
        "01 April 2027)"
    ),
    "plan-review": (
        "The plan is reviewed by its review date. not done since 2 March 2026"
        " > go through the plan with the client, and record whether it still fits (case-"
        "manager, by 10 March 2026)"
    ),
    "regular-contact": (
        "The case manager is in contact with the client. not done since 2 March 2026 > "
        "get in touch with the client, and record it (case-manager, by 09 March 2026)"
    ),
    "client-check-in": (
        "The client checks in with their case manager. not done since 2 March 2026 > remind "
        "the client of what was agreed (client, by 16 March 2026)"
    ),
    "monitoring": (
        "Services are monitored. not done since 2 March 2026 > look at effort, adequacy, "
        "quality and outcome, and note what was found (case-manager, by 01 April 2026)"
    ),
    "handoff": (
        "The handoff to the other agency is confirmed. referral 1: not "
        "done since 2 March 2026 > ask the agency, and record that the handoff is "
        "confirmed, or how it ended (case-manager, by 07 March 2026)"
    ),
    "urgent-need": (
        "An urgent need is met, or deferred with a reason. need 1: not done since 2 March "
        "2026 > see to it now, and record that the need is met, or defer it with a reason "
        "(case-manager, by 04 March 2026)"
    ),
    "requisition-answer": (
        "What was asked for is granted, or it is said why not. requisition 1: not done since "
        "2 March 2026 > grant it, or say why not (supervisor, by 05 March 2026)"
    ),
}
"""What is told of each, and to whom."""


def overdue(desk, id):
    """What is overdue on the case, as the person who owes it reads it.

    A contact in a quarter never is: it is due in the quarter, and then was missed.
    """
    return [
        f"{one.result.wanted} {one.about + ': ' if one.about else ''}{one.result.unmet[0].found} > "
        f"{one.result.unmet[0].remedy} ({one.owner}, by {one.due_at:%d %B %Y})"
        for one in desk.book.owed("case", now=desk.now)
        if one.rule == id and one.overdue != id.startswith("follow-up-quarter")
    ]


def desk_of(row):
    made = row.made_by(*row.given)
    return Desk(workflow_of({}, made if isinstance(made, tuple) else (made,)), row.recorded)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_it_is_overdue_says_so_and_is_met_by_what_it_asks_for_alone(row):
    desk = desk_of(row)
    assert overdue(desk, row.id) == [SAID[row.id]]
    desk.do(row.astray)
    assert overdue(desk, row.id) == [SAID[row.id]]
    desk.do(row.mends)
    assert overdue(desk, row.id) == []


def test_no_obligation_lacks_a_row():
    made = {f for name, f in getmembers(due, isfunction) if f.__module__ == due.__name__}
    assert {one for one in made if not one.__name__.startswith("_")} == {r.made_by for r in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_it_names_its_source_and_who_owes_it(row):
    made = row.made_by(*row.given)
    for one in made if isinstance(made, tuple) else (made,):
        assert one.source
        assert one.owner in ("case-manager", "supervisor", "client")
        assert one.remedy


def test_the_papers_are_due_once_the_client_was_there_and_not_after_a_call_in_vain():
    call = c.ContactAttempted()
    for first in (
        attrs.evolve(call, reached=True),
        c.SelfReferred(),
        c.ServiceProvided(service="x"),
    ):
        desk = Desk(workflow_of({}, [due.intake_paperwork("5 days")]), (call, days(2), first, call))
        assert [f"{one.due_at:%d %B}" for one in desk.book.owed("case")] == ["09 March"]
    assert Desk(workflow_of({}, [due.intake_paperwork("5 days")]), (call,)).book.owed("case") == ()


def test_a_passed_quarter_was_missed_and_the_next_one_is_due():
    quarters = due.follow_up_by_quarter("services")
    desk = Desk(workflow_of({}, quarters), (*EXIT, days(130)))
    assert [one.status for one in desk.book.obligations("case")] == ["missed", "open", "upcoming"]
    assert [one.rule for one in desk.book.owed("case", now=desk.now)] == ["follow-up-quarter-2"]
    desk.do(CONTACT)
    assert [one.status for one in desk.book.obligations("case")] == ["missed", "met", "upcoming"]


@pytest.mark.parametrize("again", ["found urgent only now", "met before", "deferred until now"])
def test_the_time_for_an_urgent_need_begins_when_it_stands_as_it_does(again):
    given = {
        "found urgent only now": (NEED,),
        "met before": (URGENT, c.NeedMet(number=1)),
        "deferred until now": (NEED, c.NeedDeferred(need=1, reason="not now")),
    }
    desk = Desk(workflow_of({}, (due.urgent_needs("2 days"),)), (*given[again], days(9), REWORDED))
    (owed,) = desk.book.owed("case", now=desk.now)
    assert (owed.overdue, owed.since) == (False, desk.book.case("case").version)


def test_a_case_is_assessed_again_where_the_cyclic_model_reassesses():
    again = five_stage_cyclic.extend("mine", version="1", obligations=[due.reassessment("90 days")])
    steps = (NEED, ASSESSED, "create-goals", GOAL, "intervene", "reassess", days(91))
    desk = Desk(again, steps)
    assert overdue(desk, "reassessment")
    desk.do(ASSESSED)
    assert not overdue(desk, "reassessment")


IN_TIME = {
    "a plan that is agreed again": (due.plan_after_assessment, (ASSESSED,), (AGREED, AGREED)),
    "a need that is deferred, and met later": (
        due.urgent_needs,
        (URGENT,),
        (c.NeedDeferred(need=1, reason="not now"), c.NeedMet(number=1)),
    ),
    "a deferral for another reason": (
        due.urgent_needs,
        (URGENT,),
        (c.NeedDeferred(need=1, reason="not now"), c.NeedDeferred(need=1, reason="no place")),
    ),
    "a need that is met, as is said twice": (
        due.urgent_needs,
        (URGENT,),
        [c.NeedMet(number=1)] * 2,
    ),
    "a handoff that is confirmed twice": (
        due.handoff,
        (REFERRED,),
        [c.HandoffConfirmed(referral=1)] * 2,
    ),
    "a referral of which it is said twice how it ended": (
        due.handoff,
        (REFERRED,),
        [c.ReferralEnded(referral=1, served=True)] * 2,
    ),
    "what was refused, and is granted later": (
        due.requisition_answer,
        (ASKED,),
        [c.RequisitionAnswered(number=1, granted=granted) for granted in (False, True)],
    ),
}


@pytest.mark.parametrize("what", IN_TIME)
def test_what_was_done_in_time_stays_so_whatever_is_said_afterwards(what):
    made_by, began, (done, said) = IN_TIME[what]
    desk = Desk(workflow_of({}, (made_by("2 days"),)), (*began, days(1), done, days(9), said))
    by = None  # the thing tells when it was done, and not with which event
    assert [(one.outcome, one.met) for one in desk.book.occasions("case")] == [("kept", by)]
    assert [(one.late, one.met) for one in desk.book.obligations("case")] == [(False, by)]


def test_an_agreement_from_before_the_assessment_that_is_recorded_late_takes_no_plan_back():
    plan = due.plan_after_assessment("2 days")
    desk = Desk(workflow_of({}, (plan,)), (days(9), ASSESSED, days(1), AGREED))
    desk.do(Entry(AGREED, at=desk.now - days(5)))
    assert [one.outcome for one in desk.book.occasions("case")] == ["kept"]
