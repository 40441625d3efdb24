"""Plans and assessments are never overwritten: each agreed or completed version can be read."""

from datetime import UTC, datetime, timedelta

from hypothesis import given

from caseflow import Casebook, Corrected, Voided, fold
from caseflow.casework import (
    AssessmentCompleted,
    CaseworkState,
    EligibilityDetermined,
    Enrolled,
    NeedIdentified,
    PlanAgreed,
    PlanItemDrafted,
    PlanItemDropped,
    StrengthIdentified,
    assessment_versions,
    plan_versions,
)
from caseflow.stages import six_stage
from caseflow.storage import MemoryStorage
from caseflow.testing import histories
from caseflow.testing.casework import PAYLOADS

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def book():
    moments = iter(START + timedelta(hours=n) for n in range(1000))
    return Casebook(six_stage, MemoryStorage(), clock=lambda: next(moments))


def planned():
    """A book, and a case whose plan was agreed twice: once with two items, once with one."""
    cases = book()
    id = cases.open(client="P", by="ana").case.id
    cases.do(id, EligibilityDetermined(eligible=True), Enrolled(program="a"), "assess", by="ana")
    cases.record(
        id,
        NeedIdentified(number=1, description="rent"),
        StrengthIdentified(description="reads"),
        by="ana",
    )
    cases.do(id, AssessmentCompleted(instrument="form-2"), "plan", by="ana")
    for number in (1, 2):
        cases.record(id, PlanItemDrafted(number=number, needs=(1,), activity="call"), by="ana")
    cases.do(id, PlanAgreed(client="spoken"), by="ana")
    cases.record(id, PlanItemDropped(number=2), by="ana")
    cases.do(id, PlanAgreed(client="not-agreed", reason="too much"), by="ana")
    cases.do(id, PlanAgreed(client="signed"), by="ana")
    return cases, id


def test_each_agreement_is_a_version_of_the_plan():
    cases, id = planned()
    versions = plan_versions(cases.history(id))
    assert [(one.version, one.how, len(one.items)) for one in versions] == [
        (1, "spoken", 2),
        (2, "signed", 1),
    ]
    assert [one.recorded for one in versions] == list(cases.case(id).state.plan_versions)


def test_each_completion_is_a_version_of_the_assessment():
    cases, id = planned()
    cases.record(id, NeedIdentified(number=1, description="rent and heating"), by="ana")
    (only,) = assessment_versions(cases.history(id))
    assert (only.version, only.instrument) == (1, "form-2")
    assert [need.description for need in only.needs] == ["rent"], "as it was then"


def test_what_was_voided_makes_no_version_and_what_was_corrected_shows_corrected():
    cases, id = planned()
    first, second = plan_versions(cases.history(id))
    cases.do(id, Voided(number=first.recorded), by="ana", reason="not said")
    cases.do(id, Corrected(number=second.recorded, event=PlanAgreed(client="spoken")), by="ana")
    assert [(one.version, one.how) for one in plan_versions(cases.history(id))] == [(1, "spoken")]


@given(history=histories(six_stage, payloads=PAYLOADS))
def test_every_version_is_the_state_folded_up_to_it(history):
    for one in plan_versions(history):
        then = fold([e for e in history if e.number <= one.recorded], CaseworkState()).state
        assert (one.goals, one.objectives, one.items) == (then.goals, then.objectives, then.plan)
        assert then.plan_versions[-1] == one.recorded
