"""Every rule of case work: a case that it alone finds fault with, what it says, what mends it."""

from datetime import timedelta

import attrs
import pytest

from caseflow import Actor, Calendar, Context, Corrected, Entry, Transition, Voided, WorkflowInvalid
from caseflow.casework import (
    AssessmentCompleted,
    ContactAttempted,
    EligibilityDetermined,
    Enrolled,
    PlacementMade,
    PlanApproved,
    PlanItemDrafted,
    PlanReviewed,
    ProgressNoted,
)
from caseflow.rules import (
    VOCABULARY,
    at_least,
    contact_attempted,
    enrolled_before_withdrawal,
    not_older_than,
    not_yet_enrolled,
    plan_approved,
    recorded,
    recorded_in_time,
)
from caseflow.stages import six_stage
from tests.rules.rows import ROWS
from tests.rules.said import SAID
from tests.rules.whole import (
    APART,
    ITEM,
    MADE,
    MONDAY,
    RULES,
    TOLD_ELSEWHERE,
    WHOLE,
    Desk,
    told,
    workflow_of,
)

WORKFLOW = workflow_of(RULES)
IDS = {name: rule.id for name, rule in RULES.items()}
NUMBERED = [
    pytest.param(row, sum(one.rule == row.rule for one in ROWS[:place]), id=f"{row.rule}-{place}")
    for place, row in enumerate(ROWS)
]


def test_no_rule_of_the_vocabulary_lacks_a_row():
    assert {row.rule for row in ROWS} == set(RULES) == set(VOCABULARY) - TOLD_ELSEWHERE
    makers = {name for name in RULES if not hasattr(VOCABULARY[name], "judge")}
    assert makers == set(MADE)
    rows = {name: sum(row.rule == name for row in ROWS) for name in RULES}
    assert {name: len(said) for name, said in SAID.items()} == rows


def test_a_case_in_which_nothing_is_missing_meets_every_rule():
    assert set(Desk(WORKFLOW, WHOLE).judged()) == APART


@pytest.mark.parametrize(("row", "nth"), NUMBERED)
def test_the_rule_alone_finds_what_is_missing_says_so_and_is_mended(row, nth):
    found = Desk(WORKFLOW, row.recorded).judged(row.judged)
    assert set(found) - (APART - {row.rule}) == {
        IDS[row.rule],
        *(IDS.get(one, one) for one in row.beside),
    }
    assert found[IDS[row.rule]] == SAID[row.rule][nth]
    assert IDS[row.rule] not in mended(row)


def test_where_nothing_is_there_it_is_said_how_many_are_needed():
    two = MADE["at-least"]
    assert Desk(workflow_of({"at-least": two})).judged() == {
        "two-notes": ["There are two notes.", "0 of 2 (progress noted) > 2 more are needed"]
    }
    said = at_least("noted", ProgressNoted, 2, wanted="It is noted.", remedy="write them")
    assert Desk(workflow_of({"at-least": said})).judged() == {
        "noted": ["It is noted.", "0 of 2 (progress noted) > write them"]
    }


def test_a_day_is_told_as_it_was_at_the_agency():
    desk = Desk(workflow_of({}), (ProgressNoted(text="seen"), timedelta(days=9)))
    there = Calendar("Pacific/Kiritimati")  # where the next day had begun
    context = Context(Actor("ana"), desk.now, desk.now, "go-on", calendar=there)
    fresh = not_older_than("fresh", ProgressNoted, "1 day", wanted="A note is fresh.")
    (unmet,) = fresh.result(desk.book.case("case"), context).unmet
    assert unmet.found == "the latest is of 3 March 2026"


def test_a_second_signature_is_another_persons_and_given_since_the_last_change():
    two = at_least(
        "two-signed",
        PlanApproved,
        2,
        wanted="Two people approved the plan.",
        by_different_people=True,
        since=(PlanItemDrafted,),
    )
    desk = Desk(workflow_of({"at-least": two}))
    signed, since = PlanApproved(), ", counted since plan item drafted"
    for by, step, *found in (
        ("ana", ITEM, "0 of 2 people (plan approved) > 2 more people are needed"),
        ("ana", signed, "1 of 2 people (plan approved) > 1 more person is needed"),
        ("ana", signed, "1 of 2 people (plan approved) > 1 more person is needed"),
        ("bo", signed),
        ("ana", ITEM, f"0 of 2 people (plan approved){since} > 2 more people are needed"),
        ("bo", signed, f"1 of 2 people (plan approved){since} > 1 more person is needed"),
        ("ana", signed),
    ):
        desk.book.do("case", step, by=by)
        told = {"two-signed": ["Two people approved the plan.", *found]} if found else {}
        assert desk.judged() == told
    first, item = (e.number for e in desk.book.history("case") if e.event == ITEM)
    lapsed = {
        "two-signed": [
            "Two people approved the plan.",
            f"0 of 2 people (plan approved){since} > 2 more people are needed",
        ]
    }
    other = attrs.evolve(ITEM, activity="move to a shelter")
    desk.book.do("case", Corrected(number=item, event=other), by="ana", reason="x")
    assert desk.judged() == lapsed
    for by in ("ana", "bo"):
        desk.book.do("case", signed, by=by)
    assert desk.judged() == {}
    desk.book.do("case", Voided(number=first), by="ana", reason="x")
    assert desk.judged() == lapsed


def test_what_was_entered_and_voided_after_a_signature_lapses_nothing():
    desk = Desk(workflow_of({"plan-approved": plan_approved}))
    desk.book.record("case", ITEM, by="ana")
    desk.book.do("case", PlanApproved(), by="sam")
    entered = desk.book.record("case", attrs.evolve(ITEM, number=2), by="ana").events[0].number
    assert [*desk.judged()] == ["plan-approved"]
    desk.book.do("case", Voided(number=entered), by="ana", reason="typed into the wrong file")
    assert desk.judged() == {}
    desk.book.do("case", Voided(number=entered - 2), by="ana", reason="x")
    found = f"changed or recorded since it was approved: what event {entered - 2} said"
    assert desk.judged()["plan-approved"][1].startswith(found)


def test_a_plan_is_reviewed_after_its_day_was_set_whenever_that_is_recorded():
    desk = Desk(WORKFLOW, (*WHOLE, timedelta(days=50)))
    for occurred, current in ((MONDAY, False), (desk.now - timedelta(days=1), True)):
        desk.do(Entry(PlanReviewed(), at=occurred))
        assert ("plan-current" not in desk.judged()) is current


def test_an_end_as_unable_to_locate_is_dated_to_the_last_contact_at_the_earliest():
    desk = Desk(six_stage.extend("county", version="1"))
    desk.now += timedelta(days=8)
    met = desk.book.record("case", ContactAttempted(reached=True), by="ana")
    desk.now += timedelta(days=2)
    desk.book.record("case", ContactAttempted(), by="ana")
    end = "end-as-unable-to-locate"
    early = desk.book.ask("case", end, by="ana", at=desk.now - timedelta(days=3))
    assert [told(one)[1:] for one in early.refusals] == [
        [
            "the client was reached on 10 March 2026, after the day of this end > give the end "
            "the day of the last contact, or a later one"
        ]
    ]
    assert early.refusals[0].evidence == (met.events[0].number,)
    midnight = (desk.now - timedelta(days=2)).replace(hour=0)
    assert desk.book.ask("case", end, by="ana", at=midnight).allowed
    ahead = ContactAttempted(reached=True)
    desk.book.record("case", ahead, by="ana", at=desk.now + timedelta(days=300))
    (refused,) = desk.book.ask("case", end, by="ana").refusals
    assert refused.unmet[0].remedy == "correct the day of that contact, which is still to come"


def test_attempts_from_before_a_case_was_reopened_end_it_no_more():
    desk = Desk(six_stage.extend("county", version="1"))
    desk.do(ContactAttempted(), "end-as-unable-to-locate")
    desk.now += timedelta(days=90)
    desk.do(Entry("reopen", reason="walked in"))
    refused = desk.book.ask("case", "end-as-unable-to-locate", by="ana").refusals
    assert told(refused[0])[1].startswith("no attempt since the case was reopened > ")
    desk.do(ContactAttempted(), "end-as-unable-to-locate")


def test_a_span_of_hours_is_counted_by_the_hour():
    hours = contact_attempted(over="48 hours")
    placed = recorded(
        "placed",
        PlacementMade,
        wanted="The client has a place.",
        since_entering=("work",),
        after="48 hours",
    )
    desk = Desk(workflow_of({"contact-attempted": hours, "recorded": placed}))
    for passed in (0, 47, 1):
        desk.now += timedelta(hours=passed)
        desk.do(ContactAttempted(), PlacementMade(kind="housing"))
        found = {} if passed == 1 else {"contact-attempted", "placed"}
        assert set(desk.judged()) == set(found)


def test_who_comes_straight_back_to_be_assessed_is_assessed_anew():
    back = Transition("assess-again", source="planning", to="assessment")
    desk = Desk(six_stage.extend("county", version="1", transitions=[back]))
    desk.do(EligibilityDetermined(eligible=True), Enrolled(program="housing"), "assess")
    desk.do(AssessmentCompleted(nothing_found=("needs", "strengths")), "plan", "assess-again")
    assert set(desk.judged("plan")) == {"assessment-before-plan"}


def test_what_was_written_down_in_time_stays_so_when_it_is_corrected():
    timely = recorded_in_time("in-time", "2 days")
    desk = Desk(workflow_of({}).extend("c", version="1", rules={PlanApproved: [timely]}))
    number = desk.book.do("case", PlanApproved(), by="ana").events[0].number
    desk.now += timedelta(days=60)
    for days, allowed in ((0, True), (1, True), (3, False)):
        moment = MONDAY - timedelta(days=days)
        anew = Corrected(number=number, event=PlanApproved(note="seen"), occurred_at=moment)
        verdict = desk.book.ask("case", anew, by="ana")
        assert (verdict.allowed, verdict.warnings) == (allowed, ())


@pytest.mark.parametrize("maker", [not_yet_enrolled, enrolled_before_withdrawal])
def test_a_stage_in_which_services_are_given_is_one_that_there_is(maker):
    with pytest.raises(WorkflowInvalid, match="looks for the stage 'servces', which is not declar"):
        workflow_of({"x": maker(served_in=("servces",))})


def mended(row):
    """What is still found once the case, or the event, was mended."""
    if row.judged != "go-on":
        return Desk(WORKFLOW, row.recorded).judged(row.mends[0])
    return Desk(WORKFLOW, row.otherwise or (*row.recorded, *row.mends)).judged()


def test_rules_that_find_nothing_or_look_at_the_wrong_thing_are_caught():
    # Each rule is judged as its neighbour is: some find nothing, some find something else.
    plain = [name for name, rule in RULES.items() if rule.check]
    swapped = {
        name: attrs.evolve(RULES[name], check=RULES[other].check, history=RULES[other].history)
        for name, other in zip(plain, plain[1:] + plain[:1], strict=True)
        if name not in BESIDE_AN_EVENT and other not in BESIDE_AN_EVENT
    }
    workflow = workflow_of(swapped)
    for row in [one for one in ROWS if one.rule in swapped][::3]:
        said = Desk(workflow, row.recorded).judged(row.judged).get(IDS[row.rule])
        assert said not in SAID[row.rule], row.rule


BESIDE_AN_EVENT = {row.rule for row in ROWS if row.judged != "go-on"}
