"""Practice models: how people work, as parameters that go with any process model.

Each parameter has its rule, a history that meets it, and the smallest change that does not.
"""

from datetime import UTC, datetime, timedelta
from itertools import cycle, pairwise
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from caseflow import (
    Actor,
    Casebook,
    DefinitionError,
    InvalidCall,
    MomentInvalid,
    Refused,
    WorkflowInvalid,
)
from caseflow.casework import (
    DIRECT,
    INDIRECT,
    ClientCheckedIn,
    ContactAttempted,
    EligibilityDetermined,
    Enrolled,
    LeadCaseManagerAssigned,
    OutreachMade,
    PlanAgreed,
    PlanItemDrafted,
    ReferralMade,
    ServiceMix,
    ServiceProvided,
    Shift,
    service_mix,
    uncovered,
)
from caseflow.rules import (
    VOCABULARY,
    caseload_target,
    contact_budget,
    contact_setting,
    eligible_because,
    plan_written_by,
)
from caseflow.rules.due import contact, re_engagement
from caseflow.rules.sources import MODELS, TRILEVEL
from caseflow.stages import (
    ACT,
    BROKERAGE,
    CLINICAL,
    ICM,
    NAVIGATOR,
    PRACTICES,
    STRENGTHS_BASED,
    Caseload,
    PracticeModel,
    continuum,
    five_stage_cyclic,
    four_stage,
    service_delivery,
    six_stage,
    with_practice,
)
from caseflow.storage import MemoryStorage
from caseflow.testing import histories, lifecycle
from caseflow.testing.casework import PAYLOADS
from caseflow.workflow.vocabulary import as_data, from_data
from tests.testing.drawing import drawn

PROCESSES = (six_stage, four_stage, five_stage_cyclic, continuum, service_delivery)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SAM = Actor("sam", ["supervisor"])
EVENTS = (LeadCaseManagerAssigned, EligibilityDetermined, ContactAttempted, PlanItemDrafted)


def combined(process, practice):
    return with_practice(process, practice, name=f"{process.name}-{practice.id}", version="1")


def added(process, practice):
    """The rules that a practice model adds."""
    rules = combined(process, practice).all_rules
    return {id: rule for id, rule in rules.items() if id not in process.all_rules}


class Desk:
    """One case of a workflow, on which things are recorded, an hour after each other."""

    def __init__(self, workflow):
        self.now = START
        self.book = Casebook(workflow, MemoryStorage(), clock=lambda: self.now)
        self.id = self.book.open(client="P-1", by="ana").case.id

    @property
    def case(self):
        return self.book.case(self.id)

    def warned(self, *events, by="ana"):
        """Record facts; the rules that warn about the last, with what they found."""
        for event in events:
            self.now += timedelta(hours=1)
            warnings = self.book.record(self.id, event, by=by).verdict.warnings
        return told(warnings)

    def decided(self, *entry, **given):
        """Decide something; the rules that warn about it, with what they found."""
        self.now += timedelta(hours=1)
        return told(self.book.do(self.id, *entry, by="ana", **given).verdict.warnings)


def told(results):
    return {one.rule: [unmet.found for unmet in one.unmet] for one in results}


# -- any with any ------------------------------------------------------------------------------


@pytest.mark.parametrize("practice", PRACTICES, ids=lambda one: one.id)
@pytest.mark.parametrize("process", PROCESSES, ids=lambda one: one.name)
def test_every_practice_model_goes_with_every_process_model(process, practice):
    both = combined(process, practice)
    assert both.stages == process.stages
    assert [t.name for t in both.transitions] == [t.name for t in process.transitions]
    assert set(process.all_rules) < set(both.all_rules)
    assert drawn(histories(both, at="closed", payloads=PAYLOADS, steps=2), examples=2)


@pytest.mark.parametrize(
    ("practice", "process"),
    list(zip(PRACTICES, cycle(PROCESSES), strict=False)),
    ids=lambda one: getattr(one, "id", None) or one.name,
)
def test_the_promises_are_kept_with_it(practice, process):
    machine = lifecycle(combined(process, practice), MemoryStorage, payloads=PAYLOADS)
    run_state_machine_as_test(machine, settings=settings(max_examples=3, stateful_step_count=20))


@pytest.mark.parametrize("practice", PRACTICES, ids=lambda one: one.id)
def test_what_it_adds_warns_but_for_a_hard_cap_and_cites_its_own_source(practice):
    for process in PROCESSES:
        for rule in added(process, practice).values():
            of_the_plan = rule.id == "plan-written-by" and practice.plan_source
            assert rule.source == (of_the_plan or practice.source)
            assert rule.strength == ("block" if rule.id == "caseload-cap" else "warn")


def test_the_sources_are_the_two_that_describe_practice_models():
    assert {one.source.split(",")[0] for one in PRACTICES} == {MODELS, TRILEVEL}
    assert [one for one in PRACTICES if one.source.startswith(TRILEVEL)] == [NAVIGATOR]


def test_that_a_navigator_plans_with_the_participant_stands_in_another_place():
    rules = added(six_stage, NAVIGATOR)
    assert rules["plan-written-by"].source == (
        "Tri-level Case Management, "
        "navigator responsibilities: co-create the plan with each participant"
    )
    assert "25-30" in rules["caseload-target"].source


def test_the_numbers_are_those_of_the_sources():
    loads = {one.id: attrs.astuple(one.caseload) for one in PRACTICES}
    assert loads == {
        "icm": (20, None, None, "case-manager", None),
        "act": (11, 10, None, "member", "usually"),
        "strengths-based": (16, 15, None, "case-manager", "on average"),
        "brokerage": (36, 35, None, "case-manager", "on average"),
        "clinical": (11, 10, None, "case-manager", "on average"),
        "navigator": (26, 25, 30, "case-manager", None),
    }
    said = {one.id: added(six_stage, one)["caseload-target"].wanted for one in PRACTICES}
    assert said["icm"] == "The case manager leads at most 19 cases, this one included."
    assert said["act"] == "Usually, a case manager leads 10 cases."
    assert said["brokerage"] == "On average, a case manager leads 35 cases."
    assert {one.id: one.contact_budget for one in PRACTICES if one.contact_budget} == {
        "brokerage": 2
    }


NOT_STATED = {
    ICM: "contact_budget service_mix settings cover_24_hours shared_team plan_author relationship",
    ACT: "contact_budget plan_author relationship",
    STRENGTHS_BASED: "contact_budget settings cover_24_hours shared_team",
    BROKERAGE: "cover_24_hours shared_team plan_author relationship",
    CLINICAL: "contact_budget settings cover_24_hours shared_team plan_author",
    NAVIGATOR: "outreach contact_budget service_mix settings cover_24_hours shared_team duration "
    "relationship",
}


@pytest.mark.parametrize("practice", PRACTICES, ids=lambda one: one.id)
def test_what_a_source_does_not_state_stays_none(practice):
    nothing = {name for name, value in attrs.asdict(practice).items() if value is None}
    elsewhere = set() if practice is NAVIGATOR else {"plan_source"}
    assert nothing == set(NOT_STATED[practice].split()) | elsewhere


def test_what_is_not_stated_adds_no_rule():
    silent = PracticeModel(id="silent", label="silent", source="none")
    assert added(six_stage, silent) == {}


def test_a_workflow_takes_one_practice_model():
    with pytest.raises(WorkflowInvalid, match="There are two rules 'caseload-target'"):
        with_practice(combined(six_stage, ACT), BROKERAGE, name="both", version="1")


# -- caseloads ---------------------------------------------------------------------------------


def leading(workflow, count):
    """What is warned about when one case manager gets so many cases, one after the other."""
    book = Casebook(workflow, MemoryStorage(), clock=lambda: START)
    found = []
    for number in range(count):
        case_id = book.open(client=f"P-{number}", by="ana").case.id
        lead = LeadCaseManagerAssigned(case_manager="mo")
        try:
            found.append(told(book.do(case_id, lead, by="ana").verdict.warnings))
        except Refused as refused:
            found.append(told(refused.verdict.refusals))
    return found


@pytest.mark.parametrize("practice", PRACTICES, ids=lambda one: one.id)
def test_the_first_case_beyond_the_target_is_warned_about(practice):
    first = practice.caseload.warn_from
    *before, last = leading(combined(six_stage, practice), first)
    assert before == [{}] * (first - 1)
    assert last == {"caseload-target": [f"mo leads {first - 1} cases already"]}


def test_a_navigator_has_a_hard_cap_beyond_it():
    *_, thirtieth, beyond = leading(combined(six_stage, NAVIGATOR), 31)
    assert thirtieth == {"caseload-target": ["mo leads 29 cases already"]}
    assert beyond == {"caseload-cap": ["mo leads 30 cases already"]}


def test_the_flow_itself_warns_above_the_thirty_of_its_document_and_refuses_nothing():
    *_, thirtieth, beyond = leading(service_delivery, 31)
    assert (thirtieth, beyond) == ({}, {"navigator-caseload": ["mo leads 30 cases already"]})


def test_a_case_that_is_reopened_counts_too():
    county = six_stage.extend("county", version="1", rules={"reopen": [caseload_target(1)]})
    book = Casebook(county, MemoryStorage(), clock=lambda: START)
    one, two = (book.open(client=f"P-{number}", by="ana").case.id for number in range(2))
    book.do(one, LeadCaseManagerAssigned(case_manager="mo"), by="ana")
    book.do(one, "end-with-program", by="ana", reason="closed in May")
    book.do(two, LeadCaseManagerAssigned(case_manager="mo"), by="ana")
    again = book.do(one, "reopen", by="ana", reason="came back")
    assert told(again.verdict.warnings) == {"caseload-target": ["mo leads one case already"]}


# -- outreach ----------------------------------------------------------------------------------


@pytest.mark.parametrize("practice", PRACTICES, ids=lambda one: one.id)
def test_outreach_is_warned_about_where_none_is_undertaken(practice):
    found = Desk(combined(six_stage, practice)).warned(OutreachMade())
    assert found == ({"no-outreach": ["outreach was made"]} if practice is BROKERAGE else {})


@pytest.mark.parametrize("practice", PRACTICES, ids=lambda one: one.id)
def test_to_end_as_unable_to_locate_is_warned_about_where_staff_go_on_trying(practice):
    desk = Desk(combined(six_stage, practice))
    desk.warned(ContactAttempted(reached=False))
    found = desk.decided("end-as-unable-to-locate")
    assert set(found) == ({"outreach-goes-on"} if practice.outreach == "assertive" else set())
    assert desk.case.stage == "closed"


def trying(*events):
    """How the obligation to try again stands after these facts, an hour apart each."""
    county = six_stage.extend("county", version="1", obligations=[re_engagement("7 days")])
    desk = Desk(combined(county, ACT))
    if events:
        desk.warned(*events)
    return [
        (one.status, one.due_at and (one.due_at - START).days)
        for one in desk.book.obligations(desk.id, now=desk.now)
        if one.obligation.id == "re-engagement"
    ]


MISSED, MET = ContactAttempted(reached=False), ContactAttempted(reached=True)


def test_a_missed_client_is_tried_again_in_the_span_that_the_agency_gives():
    ((status, days),) = trying(MISSED)
    assert (status, days) == ("open", 7)
    county = six_stage.extend("county", version="1", obligations=[re_engagement("7 days")])
    desk = Desk(combined(county, ACT))
    desk.warned(MISSED)
    late = desk.book.obligations(desk.id, now=START + timedelta(days=8, hours=16))
    assert [one.status for one in late] == ["overdue"]
    desk.now += timedelta(days=9)
    desk.warned(MISSED)  # tried again: the next try is due a week later
    (again,) = desk.book.obligations(desk.id, now=desk.now)
    assert (again.status, (again.due_at - START).days) == ("open", 16)


def test_an_outreach_in_vain_starts_it_anew():
    county = six_stage.extend("county", version="1", obligations=[re_engagement("7 days")])
    desk = Desk(combined(county, ACT))
    desk.warned(MISSED)
    desk.now += timedelta(days=3)
    desk.warned(OutreachMade())
    (again,) = desk.book.obligations(desk.id, now=desk.now)
    assert (again.status, (again.due_at - START).days) == ("open", 10)


@pytest.mark.parametrize(
    ("events", "statuses"),
    [
        ((), []),
        ((MISSED, MET), []),
        ((MET, MISSED), ["open"]),
        ((MISSED, OutreachMade()), ["open"]),
        ((OutreachMade(),), []),
        ((MISSED, ClientCheckedIn()), ["met"]),
        ((MISSED, ServiceProvided(service="food")), ["met"]),
        ((ClientCheckedIn(), MISSED), ["open"]),
    ],
)
def test_it_is_owed_as_long_as_the_client_is_out_of_touch(events, statuses):
    assert [status for status, _ in trying(*events)] == statuses


# -- contacts ----------------------------------------------------------------------------------


@given(reached=st.lists(st.booleans(), min_size=1, max_size=6))
@example(reached=[True, True, True])
@settings(max_examples=20)
def test_from_the_third_contact_on_it_is_asked_whether_brokerage_fits(reached):
    desk = Desk(combined(four_stage, BROKERAGE))
    for place, one in enumerate(reached):
        found = desk.warned(ContactAttempted(reached=one))
        count = sum(reached[: place + 1])
        asked = one and count > 2
        assert found == ({"contact-budget": [f"{count} contacts"]} if asked else {})


@pytest.mark.parametrize(
    ("practice", "setting", "warns"),
    [
        (ACT, "home", False),
        (ACT, "workplace", False),
        (ACT, "office", True),
        (ACT, "", False),
        (BROKERAGE, "office", False),
        (BROKERAGE, "home", True),
        (CLINICAL, "home", False),
    ],
)
def test_a_contact_in_another_setting_is_warned_about(practice, setting, warns):
    found = Desk(combined(six_stage, practice)).warned(ContactAttempted(setting=setting))
    assert found == ({"contact-setting": [setting]} if warns else {})


def test_a_contact_counts_for_whoever_of_the_team_made_it():
    county = six_stage.extend("county", version="1", obligations=[contact("7 days", "engagement")])
    desk = Desk(combined(county, ACT))
    desk.decided(LeadCaseManagerAssigned(case_manager="mo"))
    (before,) = desk.book.obligations(desk.id, now=desk.now)
    desk.now += timedelta(days=2)
    desk.warned(ContactAttempted(reached=True), by="kim")  # not the one who has the lead
    (after,) = desk.book.obligations(desk.id, now=desk.now)
    assert after.due_at == before.due_at + timedelta(days=2)


# -- services ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (ReferralMade(to="a dentist"), ["care by a dentist"]),
        (ServiceProvided(service="nursing", provider="a clinic"), ["care by a clinic"]),
        (ServiceProvided(service="nursing"), None),
    ],
)
def test_care_by_others_is_warned_about_where_a_team_gives_it_itself(event, found):
    told_by = Desk(combined(six_stage, ACT)).warned(event)
    assert told_by.get("care-given-directly") == found
    assert "care-given-directly" not in Desk(combined(six_stage, CLINICAL)).warned(event)


SERVICES = st.one_of(
    st.sampled_from([ServiceProvided(service="x", function=one) for one in (*DIRECT, *INDIRECT)]),
    st.just(ServiceProvided(service="x")),
    st.just(ReferralMade(to="a shelter")),
)


@given(events=st.lists(SERVICES, min_size=1, max_size=8))
@example(events=[ServiceProvided(service="x", function="teaching")])
@settings(max_examples=20)
def test_a_broker_who_serves_more_than_arranges_is_told(events):
    desk = Desk(combined(six_stage, BROKERAGE))
    direct = arranged = 0
    for event in events:
        function = getattr(event, "function", None)
        direct += function in DIRECT
        arranged += function in INDIRECT or isinstance(event, ReferralMade)
        found = desk.warned(event).get("services-mostly-arranged")
        too_many = function in DIRECT and direct > arranged
        told = f"{direct} given by staff, and {arranged} arranged with others"
        assert found == ([told] if too_many else None)
    mix = service_mix(desk.case)
    assert (mix.direct, mix.indirect + mix.referred) == (direct, arranged)


@given(
    st.builds(
        ServiceMix,
        *[],
        direct=st.integers(0, 9),
        indirect=st.integers(0, 9),
        referred=st.integers(0, 9),
    )
)
def test_the_shares_of_a_mix_are_a_whole(mix):
    if mix.total:
        assert mix.direct_share + mix.indirect_share == pytest.approx(1)
        assert mix.direct_share * mix.total == pytest.approx(mix.direct)
    else:
        assert (mix.direct_share, mix.indirect_share) == (None, None)


# -- who writes the plan -----------------------------------------------------------------------

UNSAID = "no record of who wrote it"


@pytest.mark.parametrize(
    ("practice", "authors", "found"),
    [
        (STRENGTHS_BASED, ["client", "both"], []),
        (STRENGTHS_BASED, ["client", "case-manager"], ["written by the case manager alone"]),
        (STRENGTHS_BASED, ["client", None], [UNSAID]),
        (NAVIGATOR, ["both"], []),
        (NAVIGATOR, ["client", "case-manager"], []),
        (NAVIGATOR, ["client", "client"], ["every item is written by the client alone"]),
        (NAVIGATOR, ["case-manager"], ["every item is written by the case manager alone"]),
        (NAVIGATOR, ["both", None], [UNSAID]),
        (
            NAVIGATOR,
            ["client", None],
            [UNSAID, "every item whose writer is recorded is by the client alone"],
        ),
        (CLINICAL, ["client", None], []),
        (STRENGTHS_BASED, [], []),
    ],
)
def test_a_plan_that_the_wrong_side_wrote_is_warned_about_when_it_is_agreed(
    practice, authors, found
):
    county = six_stage.extend(
        "county",
        version="1",
        stages=[
            attrs.evolve(stage, decides=(*stage.decides, PlanAgreed))
            for stage in six_stage.stages
            if stage.initial
        ],
    )
    desk = Desk(combined(county, practice))
    items = [
        PlanItemDrafted(number=number, needs=(1,), written_by=author)
        for number, author in enumerate(authors, 1)
    ]
    if items:
        desk.warned(*items)
    assert desk.decided(PlanAgreed(client="signed")).get("plan-written-by", []) == found


def test_of_the_case_manager_it_asks_the_other_way_round():
    assert plan_written_by("case-manager").wanted.startswith("The case manager has a hand")


# -- eligibility by a diagnosis ----------------------------------------------------------------


def test_a_diagnosis_counts_only_where_an_agency_asks_for_it():
    assert all("eligible-because" not in added(six_stage, one) for one in PRACTICES)
    asked = {Enrolled: [eligible_because(("severe-mental-illness",))]}
    desk = Desk(combined(six_stage.extend("county", version="1", rules=asked), ICM))
    desk.decided(EligibilityDetermined(eligible=True, basis="income"))
    with pytest.raises(Refused) as refused:
        desk.decided(Enrolled(program="icm"))
    assert told(refused.value.verdict.refusals)["eligible-because"] == ["income"]
    desk.decided(EligibilityDetermined(eligible=True, basis="severe-mental-illness"))
    desk.decided(Enrolled(program="icm"))


# -- day and night -----------------------------------------------------------------------------

SPANS = st.tuples(st.integers(0, 24), st.integers(0, 24)).map(sorted)


@given(shifts=st.lists(SPANS, max_size=6), span=SPANS)
@example(shifts=[[3, 3]], span=[0, 9])
@example(shifts=[[2, 4], [6, 8], [3, 5]], span=[0, 9])
def test_the_gaps_of_a_roster_are_the_hours_in_which_nobody_is_on_duty(shifts, span):
    def hour(number):
        return START + timedelta(hours=number)

    roster = [Shift(hour(a), hour(b)) for a, b in shifts]
    gaps = uncovered(roster, start=hour(span[0]), end=hour(span[1]))
    bare = {h for h in range(*span) if not any(a <= h < b for a, b in shifts)}
    assert {h for h in range(25) for begins, ends in gaps if begins <= hour(h) < ends} == bare
    assert all(a[1] < b[0] for a, b in pairwise(gaps))


def test_the_night_in_which_the_clocks_go_back_has_an_hour_more():
    here = ZoneInfo("America/New_York")
    night = datetime(2026, 11, 1, 0, tzinfo=here)
    first = Shift(night, datetime(2026, 11, 1, 1, 30, tzinfo=here))
    second = Shift(datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=here), night.replace(hour=8))
    assert uncovered([second, first], start=night, end=night.replace(hour=8)) == (
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
    )


# -- mistakes, and data ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: caseload_target(0),
            "caseload_target(0) is given no number of cases. Give a whole number from 1 to "
            "1,000,000.",
        ),
        (
            lambda: contact_budget("2"),
            "'most' of contact_budget is '2'. Give a whole number.",
        ),
        (
            lambda: contact_setting("home"),
            "'settings' of contact_setting is 'home'. Give a list.",
        ),
        (
            lambda: eligible_because(()),
            "eligible_because(()) is given no grounds. Give a tuple of grounds, each a text.",
        ),
        (
            lambda: attrs.evolve(ICM, plan_author="dog"),
            "'plan_author' of practice model 'icm' is 'dog'. Give one of: client, case-manager, "
            "both.",
        ),
        (
            lambda: attrs.evolve(ICM, settings=("home", " ")),
            "'settings' of practice model 'icm' is ('home', ' '), which is empty. Give it words.",
        ),
        (
            lambda: attrs.evolve(ICM, caseload=20),
            "'caseload' of practice model 'icm' is 20. Give Caseload(warn_from=...).",
        ),
        (
            lambda: attrs.evolve(ICM, contact_budget=0),
            "contact_budget(0) is given no number of contacts. Give a whole number from 1 to "
            "1,000,000.",
        ),
        (
            lambda: attrs.evolve(ICM, cover_24_hours="yes"),
            "'cover_24_hours' of practice model 'icm' is 'yes'. Give true or false.",
        ),
        (
            lambda: Caseload(warn_from=-1),
            "A caseload has warn_from=-1, which is less than 2. Let it warn from the second case "
            "or a later one, not after the cap.",
        ),
        (
            lambda: Caseload(warn_from=20, cap=19),
            "A caseload has cap=19, which is less than 20. Let it warn from the second case or a "
            "later one, not after the cap.",
        ),
        (
            lambda: Caseload(warn_from=20, per="dog"),
            "'per' of a caseload is 'dog'. Give one of: case-manager, member.",
        ),
        (
            lambda: with_practice(six_stage, "icm", name="x", version="1"),
            "The practice model that with_practice is given, 'icm', is no PracticeModel. "
            "Give six_stage and ICM, for example.",
        ),
        (
            lambda: Shift(START, START - timedelta(hours=1)),
            "A shift from 2026-03-02T09:00:00+00:00 to 2026-03-02T08:00:00+00:00 ends before it "
            "starts. Give the earlier moment first.",
        ),
    ],
)
def test_a_mistake_is_told(make, message):
    with pytest.raises((DefinitionError, InvalidCall)) as told_of:
        make()
    assert str(told_of.value) == message


def test_a_roster_needs_time_zones():
    with pytest.raises(MomentInvalid, match="A time of the roster is"):
        uncovered([], start=START.replace(tzinfo=None), end=START)


@pytest.mark.parametrize("practice", PRACTICES, ids=lambda one: one.id)
def test_its_rules_are_data(practice):
    for rule in added(six_stage, practice).values():
        assert as_data(from_data(as_data(rule), VOCABULARY, EVENTS)) == as_data(rule)
