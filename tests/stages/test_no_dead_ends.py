"""What a refusal asks for can be done, and nobody has to say what is not so to go on."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import NamedTuple

import attrs
import pytest

from caseflow import Actor, Casebook, Command, Entry, Refused, Voided, decide
from caseflow.casework import (
    AssessmentCompleted,
    EligibilityDetermined,
    Enrolled,
    GoalProposed,
    LeadCaseManagerAssigned,
    NeedIdentified,
    PlanItemDrafted,
    ReferralEnded,
    ReferralMade,
)
from caseflow.rules import caseload_cap
from caseflow.stages import five_stage_cyclic, six_stage
from caseflow.storage import MemoryStorage
from caseflow.testing import cases
from caseflow.testing.casework import PAYLOADS
from caseflow.workflow.builtin import position_unmet
from tests.stages.test_models import EVERY_MODEL
from tests.testing.drawing import drawn

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ELIGIBLE, ENROLLED = EligibilityDetermined(eligible=True), Enrolled(program="housing")
NOTHING_FOUND = AssessmentCompleted(nothing_found=("needs", "strengths"))
ITEM = PlanItemDrafted(
    number=1,
    needs=(1,),
    activity="call the landlord",
    actor="ana",
    by_date=date(2026, 4, 1),
    expected_outcome="a lease",
)
GOAL = GoalProposed(number=1, needs=(1,), statement="a home of her own")
LEAD = LeadCaseManagerAssigned(case_manager="mo")


def opened(*cases, workflow=six_stage):
    book = Casebook(workflow, MemoryStorage(), clock=lambda: START)
    for case_id in cases:
        book.open(client=case_id, by="ana", case_id=case_id)
    return book


def ways(workflow, position, event):
    """The steps from a position that record an event."""
    recording = {row.name for row in workflow.rows if row.transition.records is event}
    return recording & set(workflow.dispatch[position])


@EVERY_MODEL
def test_in_every_open_stage_the_agency_can_end_the_case_or_wait_for_the_client(model):
    workflow = model.workflow
    for position in set(workflow.positions) - workflow.ends:
        assert {"deny", "discharge"} <= set(workflow.dispatch[position])
        assert {"hold", "resume"} & set(workflow.dispatch[position])


def allowed(workflow, case, step):
    entry = Entry(step, at=case.recorded_at + timedelta(hours=1), reason="so decided")
    now = case.recorded_at + timedelta(hours=2)
    read = {ReferralMade: ()}  # what a warning of one ending looks at
    command = Command(entries=(entry,), actor=Actor("ana"), now=now, histories=read)
    return decide(workflow, case, command).verdict.allowed


@EVERY_MODEL
def test_agency_and_client_have_one_ending_each_before_services_and_one_after(model):
    workflow = model.workflow
    for case in drawn(cases(workflow, payloads=PAYLOADS), examples=10):
        if case.position in workflow.ends:
            continue
        agency = {one for one in ("deny", "discharge") if allowed(workflow, case, one)}
        client = {one for one in ("decline-services", "withdraw") if allowed(workflow, case, one)}
        assert (agency, client) in (({"deny"}, {"decline-services"}), ({"discharge"}, {"withdraw"}))
        found = case.latest(EligibilityDetermined)
        ineligible = found is not None and not found.eligible
        as_such = ineligible and agency == {"deny"}
        assert allowed(workflow, case, "end-as-ineligible") == as_such


class Standing(NamedTuple):
    """A case as far as its place in the workflow goes: where it is, and where it was before."""

    position: str
    before: str

    @property
    def path(self):
        return [self._replace(position=self.before), self]

    @property
    def on_hold(self):
        return self.position.endswith(":hold")


def followed(workflow, case, remedy):
    """Where a case comes to by the steps that a remedy names, by the table of the steps alone."""
    position, steps = case.position, remedy.removeprefix("take the case there first: ")
    if remedy == "resume the case first":
        steps = "resume"
    if remedy.startswith("if it ended that way: "):
        steps = "reopen"
    for label in steps.split(", then "):
        (edges,) = (
            edges
            for name, edges in workflow.dispatch[position].items()
            if workflow.label(name) == label
        )
        was = case.before.removesuffix(":hold")
        position = next(edge.dest for edge in edges if edge.left in (None, was))
    return position


@EVERY_MODEL
def test_where_something_is_to_be_done_elsewhere_the_way_that_is_told_leads_there(model):
    workflow, told = model.workflow, set()
    for position, before in product(workflow.positions, workflow.positions):
        if before in workflow.ends or (position not in workflow.ends and before != position):
            continue
        case = Standing(position, before)
        for name in {row.name for row in workflow.rows} - set(workflow.dispatch[position]):
            rows = [row for row in workflow.rows if row.name == name]
            (unmet,) = position_unmet(workflow, case, rows).unmet
            if unmet.remedy:
                assert name in workflow.dispatch[followed(workflow, case, unmet.remedy)]
                told.add((position in workflow.ends, case.on_hold))
    assert told == {(True, False), (False, True), (False, False)}


def test_nobody_reopens_a_case_to_close_it_or_for_what_cannot_be_done_where_it_was():
    book = opened("A")
    book.do("A", "end-with-program", by="ana", reason="closed in May")
    found = {
        step: book.ask("A", step, by="ana", reason="so decided").refusals[0].unmet[0]
        for step in ("end-as-deceased", "assess", "plan")
    }
    assert [(one.found, one.remedy) for one in found.values()] == [
        (
            "the case has ended",
            "if it ended that way: reopen, then end as deceased, dated back to that day",
        ),
        ("the case is in closed", "take the case there first: reopen"),
        ("the case is in closed", "take the case there first: reopen, then assess"),
    ]
    (again,) = book.ask("A", "end-with-program", by="ana", reason="x").refusals[0].unmet
    assert (again.found, again.remedy) == ("the case has ended", "")
    book.do("A", "reopen", ELIGIBLE, ENROLLED, "assess", by="ana", reason="came back")
    book.do("A", "end-with-program", by="ana", reason="closed in June")
    (unmet,) = book.ask("A", "assess", by="ana").refusals[0].unmet
    assert (unmet.found, unmet.remedy) == (
        "the case is in closed, from which this step cannot be taken",
        "",
    )


@EVERY_MODEL
def test_where_a_client_is_enrolled_eligibility_can_be_determined_again(model):
    workflow = model.workflow
    for position in workflow.positions:
        if ways(workflow, position, Enrolled):
            assert ways(workflow, position, EligibilityDetermined), position


@pytest.mark.parametrize(
    ("workflow", "steps", "drafted"),
    [
        (six_stage, ["assess", NOTHING_FOUND, "plan", "start-services"], ITEM),
        (five_stage_cyclic, [NOTHING_FOUND, "create-goals", "intervene"], GOAL),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_where_no_need_was_found_one_can_still_be_recorded_or_the_case_ended(
    workflow, steps, drafted
):
    book = opened("A", workflow=workflow)
    *before, served = steps
    book.do("A", ELIGIBLE, ENROLLED, *before, by="ana")
    book.record("A", attrs.evolve(drafted, needs=()), by="ana")
    (refusal,) = book.ask("A", served, by="ana").refusals
    assert re.fullmatch(
        "ask what need it answers, record that, and name it in the (item|goal)",
        refusal.unmet[0].remedy,
    )
    assert book.ask("A", "discharge", by="ana", reason="no need found").allowed
    book.record("A", NeedIdentified(number=1, description="rent"), drafted, by="ana")
    assert book.ask("A", served, by="ana").allowed


def test_a_plan_for_which_no_need_was_found_says_so():
    book = opened("A")
    book.do("A", ELIGIBLE, ENROLLED, "assess", NOTHING_FOUND, "plan", by="ana")
    (refusal,) = book.ask("A", "start-services", by="ana").refusals
    assert refusal.unmet[0].remedy == (
        "record a need that came up since, and draft a plan item for it; "
        "a client without needs is discharged, or referred out"
    )
    book.record("A", attrs.evolve(GOAL, needs=()), by="ana")
    (refusal,) = book.ask("A", "start-services", by="ana").refusals
    assert refusal.unmet[0].remedy == (
        "ask what need each goal answers, record that, and draft a plan item for it"
    )


def test_a_case_whose_case_manager_leads_too_many_is_given_to_another_and_reopened():
    county = six_stage.extend("county", version="1", rules={"reopen": [caseload_cap(1)]})
    book = opened("A", "B", workflow=county)
    book.do("A", LEAD, "end-with-program", by="ana", reason="closed in May")
    book.do("B", LEAD, by="ana")
    with pytest.raises(Refused, match="assign it to somebody else"):
        book.do("A", "reopen", by="ana", reason="came back")
    book.do("A", LeadCaseManagerAssigned(case_manager="bea"), "reopen", by="ana", reason="back")
    assert book.case("A").stage == "engagement"


def test_a_death_dated_before_the_opening_is_voided_where_it_is_wrong():
    book = opened("A")
    book.do("A", "end-as-deceased", by="ana", at=START - timedelta(days=9))
    with pytest.raises(Refused, match=r"void event 2, if it is wrong"):
        book.do("A", "reopen", by="ana", reason="another person of this name")
    book.do("A", Voided(number=2), by="ana", reason="another person of this name")
    assert book.case("A").stage == "engagement"


def test_nobody_is_sent_on_to_those_who_refused():
    book = opened("A")
    book.record("A", ReferralMade(to="a clinic", number=1), by="ana")
    assert book.ask("A", "refer-out", by="ana").allowed
    book.record("A", ReferralEnded(referral=1, served=False), by="ana")
    assert not book.ask("A", "refer-out", by="ana").allowed
    book.record("A", ReferralMade(to="a school"), by="ana")
    assert book.ask("A", "refer-out", by="ana").allowed
