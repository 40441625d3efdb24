"""What is numbered: told again in other words, told of in another order, and not there at all."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import attrs
import orjson
import pytest

from caseflow import Actor, Casebook, Context, Corrected, PayloadInvalid
from caseflow import casework as c
from caseflow.casework import FACTS, CaseworkState
from caseflow.casework.named import _NAMED
from caseflow.kernel.codec import Codec
from caseflow.kernel.events import event_type
from caseflow.rules import service_in_plan
from caseflow.rules.due import urgent_needs
from caseflow.stages import continuum, six_stage
from caseflow.storage import MemoryStorage

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)

MAKING = (
    c.NeedIdentified(number=1, description="rent"),
    c.StrengthIdentified(number=1, description="cooks"),
    c.GoalProposed(number=1, statement="a flat"),
    c.PlanItemDrafted(number=1, needs=(1,), activity="call"),
    c.ReferralMade(number=1, to="a clinic"),
    c.RequisitionMade(number=1, service="deposit"),
    c.IssueRaised(number=1, area="client-cooperation", description="no bus"),
    c.ClosureCriterionSet(number=1, description="a lease"),
    c.LegalHoldPlaced(name="1"),
    c.EligibilityDetermined(eligible=True),
    c.Enrolled(program="1"),
    c.ObjectiveDrafted(number=1, goal=1, statement="sees three flats"),
)
NAMING = (
    (c.NeedMet(number=1), "need"),
    (c.NeedRated(number=1, rating=3), "need"),
    (c.NeedDeferred(need=1, reason="not now"), "need"),
    (c.StrategyRecorded(need=1, text="pay"), "need"),
    (c.StrategyRecorded(strength=1, text="cook"), "strength"),
    (c.StrengthRated(number=1, rating=3), "strength"),
    (c.GoalAccepted(number=1), "goal"),
    (c.GoalAchieved(number=1), "goal"),
    (c.GoalDropped(number=1, reason="no wish"), "goal"),
    (c.EvaluationMade(of="housing", goal=1), "goal"),
    (c.ObjectiveDrafted(number=2, goal=1, statement="sees four flats"), "goal"),
    (c.PlanItemDrafted(number=2, needs=(1,), objective=1), "objective"),
    (c.PlanItemCompleted(number=1), "plan item"),
    (c.PlanItemDropped(number=1), "plan item"),
    (c.ServiceProvided(service="meal", plan_items=(1,)), "plan item"),
    (c.ReferralMade(to="a clinic", plan_items=(1,)), "plan item"),
    (c.ProgressNoted(text="well", plan_items=(1,)), "plan item"),
    (c.MonitoringNoted(dimension="effort", finding="well", plan_items=(1,)), "plan item"),
    (c.HandoffConfirmed(referral=1), "referral"),
    (c.ReferralEnded(referral=1, served=True), "referral"),
    (c.RequisitionAnswered(number=1, granted=True), "requisition"),
    (c.IssueResolved(number=1), "issue"),
    (c.ClosureCriterionMet(number=1), "closure criterion"),
    (c.ClosureCriterionDropped(number=1), "closure criterion"),
    (c.ProgramCompleted(program="1"), "enrollment in"),
    (c.ExitInterview(program="1"), "enrollment in"),
    (c.FollowUpSession(program="1"), "enrollment in"),
    (c.FollowUpContact(program="1"), "enrollment in"),
    (c.LegalHoldLifted(name="1"), "legal hold"),
)


BY_PLAN = {c.ServiceProvided: [service_in_plan.warns()]}


def opened(*steps, workflow=six_stage):
    book = Casebook(workflow, MemoryStorage(), clock=lambda: START + 9 * DAY)
    book.open(client="P", by="ana", case_id="C")
    if steps:
        book.do("C", *steps, by="ana")
    return book


def warned(verdict):
    """What is not known of what was recorded."""
    odd = [one for one in verdict.warnings if one.rule == "known-to-the-case"]
    return [unmet.found for one in odd for unmet in one.unmet]


@pytest.mark.parametrize(("event", "thing"), NAMING, ids=lambda one: str(one)[:30])
def test_a_fact_that_names_what_the_case_does_not_have_is_recorded_with_a_warning(event, thing):
    book = opened()
    outcome = book.record("C", event, by="ana")
    assert warned(outcome.verdict) == [f"the case has no {thing} 1"]
    assert "known-to-the-case" in [note.rule for note in outcome.events[0].noted]
    assert warned(opened(*MAKING).record("C", event, by="ana").verdict) == []


@pytest.mark.parametrize("number", [0, -3])
def test_what_has_a_number_is_numbered_from_one(number):
    numbered = [one for one in MAKING if hasattr(one, "number")]
    assert len(numbered) == 9
    book = opened(*MAKING)
    for made in numbered:
        wrong = attrs.evolve(made, number=number)
        none = " or None" if type(made) in (c.StrengthIdentified, c.ReferralMade) else ""
        sentence = (
            f"{type(made).__name__}.number cannot be recorded as {number}. "
            f"It takes a whole number (int) from 1{none}. Give one."
        )
        for step in (wrong, Corrected(number=2, event=wrong)):
            with pytest.raises(PayloadInvalid) as refused:
                book.do("C", step, by="ana")
            assert str(refused.value) == sentence


def test_a_number_that_was_stored_before_is_read():
    codec = Codec([c.NeedIdentified])
    need = c.NeedIdentified(number=0, description="rent")
    data = orjson.loads(codec.converter.dumps(need))
    assert codec.event(event_type(c.NeedIdentified), data) == need


def test_a_note_or_service_for_an_item_that_is_not_there_is_warned_of_once():
    book = opened(workflow=continuum)
    efforts = {"client_efforts": "called", "case_manager_efforts": "wrote"}
    note = c.ProgressNoted(text="well", plan_items=(9,), **efforts)
    for event in (note, c.ServiceProvided(service="meal", plan_items=(9,))):
        warnings = [one.rule for one in book.record("C", event, by="ana").verdict.warnings]
        assert [one for one in warnings if one != "plan-current"] == ["known-to-the-case"]


def test_a_strength_without_a_number_has_that_of_its_event():
    sings, cooks = (c.StrengthIdentified(description=words) for words in ("sings", "cooks"))
    sister = c.StrengthIdentified(number=4, description="has a sister")
    book = opened(sings, sister, cooks, sings)

    def strengths():
        return {one.description: one.number for one in book.case("C").state.strengths}

    assert strengths() == {"has a sister": 4, "cooks": 5, "sings": 2}, "4 was taken"
    asked = six_stage.all_rules["strengths-built-upon"]
    strategy = c.StrategyRecorded(strength=5, text="cooks for the others")
    assert warned(book.record("C", strategy, by="ana").verdict) == []
    book.record("C", c.StrengthIdentified(number=5, description="bakes"), by="ana")
    assert strengths() == {"has a sister": 4, "sings": 2, "bakes": 5}
    case = book.case("C")
    found = asked.result(case, Context(Actor("ana"), START, START, "start-services"))
    assert [one.about for one in found.unmet] == ["strength 4", "strength 2"]


def test_every_fact_that_can_name_a_thing_is_looked_at():
    keys = {"number", "need", "strength", "goal", "plan_items", "referral", "program"}
    drafting = {type(event) for event in MAKING}
    naming = {cls for cls in FACTS if keys & attrs.fields_dict(cls).keys()} - drafting
    assert naming <= set(_NAMED) == {type(event) for event, _ in NAMING}


@attrs.frozen(kw_only=True)
class Forgetful(CaseworkState):
    """A state that does not know its own names."""

    def unknown_in(self, event, /):
        yield {}[event]


def test_a_state_that_fails_to_tell_keeps_no_fact_from_being_recorded():
    book = opened(workflow=six_stage.extend("mine", version="1", state=Forgetful))
    outcome = book.record("C", c.NeedMet(number=1), by="ana")
    assert [(one.rule, one.outcome) for one in outcome.verdict.warnings] == [
        ("known-to-the-case", "fault")
    ]


def test_a_wrong_number_is_warned_of_until_it_is_corrected():
    book = opened(*MAKING)
    wrong = book.record("C", c.NeedMet(number=9), by="ana")
    assert wrong.verdict.warnings[0].unmet[0].remedy == (
        "if it names the wrong one, correct this event; if need 9 was never recorded, void this "
        "event, record need 9, and then this event anew"
    )
    right = Corrected(number=wrong.case.version, event=c.NeedMet(number=1))
    assert warned(book.do("C", right, by="ana").verdict) == []
    assert book.case("C").state.need(1).met == wrong.case.version


def test_what_was_done_for_an_item_before_it_was_taken_out_belongs_to_the_plan():
    book = opened(workflow=six_stage.extend("x", version="1", rules=BY_PLAN))
    book.record("C", MAKING[3], by="ana", at=START)
    book.record("C", c.PlanItemDropped(number=1), by="ana", at=START + 3 * DAY)
    service = c.ServiceProvided(service="meal", plan_items=(1,))
    for day, outside in ((2, 0), (4, 1)):
        done = book.record("C", service, by="ana", at=START + day * DAY)
        assert warned(done.verdict) == []
        assert done.case.state.services_outside_the_plan == outside
        odd = [one.rule for one in done.verdict.warnings]
        assert odd == ["service-in-plan"] * outside


def test_a_need_is_met_whatever_was_recorded_first():
    found = c.NeedIdentified(number=1, description="no bed", urgent=True)
    told = (
        (found, 1),
        (attrs.evolve(found, description="no bed tonight"), 2),
        (c.NeedMet(number=1), 3),
    )
    mine = six_stage.extend("mine", version="1", obligations=[urgent_needs("4 days")])
    for order in permutations(told):
        book = opened(workflow=mine)
        for event, day in order:
            book.record("C", event, by="ana", at=START + day * DAY)
        need = book.case("C").state.need(1)
        assert (need.met_at, need.identified_at) == (START + 3 * DAY, START + DAY)
        assert [one.outcome for one in book.occasions("C")][-1] == "kept"


def test_a_need_stays_deferred_in_other_words_unless_it_is_urgent_only_now():
    found = c.NeedIdentified(number=1, description="rent")
    book = opened(found, c.NeedDeferred(need=1, reason="after the move"))
    deferred = book.case("C").state.need(1)
    reworded = attrs.evolve(found, description="rent in arrears", domain="social")
    need = book.record("C", reworded, by="ana").case.state.need(1)
    its = ("deferred", "deferred_recorded", "deferred_at", "identified", "identified_at")
    assert [getattr(need, name) for name in its] == [getattr(deferred, name) for name in its]
    assert (need.description, need.deferred) == ("rent in arrears", "after the move")
    urgent = book.record("C", attrs.evolve(reworded, urgent=True), by="ana").case
    assert urgent.state.need(1).deferred is None
    assert urgent.state.need(1).identified == urgent.version


def test_a_need_that_is_found_after_it_was_met_is_open_again():
    book = opened()
    book.record("C", c.NeedMet(number=1), by="ana", at=START)
    found = c.NeedIdentified(number=1, description="no bed")
    need = book.record("C", found, by="ana", at=START + DAY).case.state.need(1)
    assert (need.met, need.identified_at) == (None, START + DAY)
