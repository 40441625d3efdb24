"""The participant flowchart of any workflow, in three wordings, and where a case is in it."""

from datetime import UTC, datetime
from itertools import takewhile

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow import (
    ANY_OPEN,
    STAY,
    Casebook,
    InvalidCall,
    Obligation,
    Stage,
    To,
    Transition,
    Workflow,
    every,
)
from caseflow.casework import (
    AssessmentCompleted,
    EligibilityDetermined,
    Enrolled,
    NeedIdentified,
    PlanItemDrafted,
    PlanReviewed,
    StrengthIdentified,
)
from caseflow.rules import programs_completed
from caseflow.rules.due import follow_up, intake_paperwork
from caseflow.stages import (
    continuum,
    five_stage_cyclic,
    four_stage,
    service_delivery,
    service_delivery_flow,
    six_stage,
)
from caseflow.storage import MemoryStorage
from caseflow.testing import cases
from caseflow.views import (
    Drawing,
    Node,
    Program,
    StageDelivery,
    flowchart,
    logic_model,
    mermaid,
    svg,
)
from caseflow.views.svg import layout
from tests.support.trades import Ridden, passed, shop
from tests.views.drawings import TEXTS, faults

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SHIPPED = [six_stage, four_stage, five_stage_cyclic, continuum, service_delivery]
ALL = [*SHIPPED, service_delivery_flow(pre_enrollment=False), shop]
WORDINGS = ["staff", "participants", "partners"]
by_name = pytest.mark.parametrize("workflow", ALL, ids=lambda one: one.name)

PROGRAM = Program(
    "Pathways",
    resources=["Navigators"],
    activities="Coaching",
    outputs=["40 enrolled"],
    outcomes=["Stable housing"],
    targets={"Stable housing": "30 of 40"},
    stages=[
        StageDelivery(
            "service-delivery",
            modes=["hybrid", "in-person"],
            who=["navigator"],
            referrals=["employers"],
            reports=["services"],
            told={"participants": "We work through your plan together."},
        )
    ],
)


def lines_of(drawing, node):
    return next(one.lines for one in drawing.nodes if one.id == node)


@pytest.mark.parametrize("wording", WORDINGS)
@by_name
def test_every_workflow_is_drawn_on_a_page_with_all_its_stages(workflow, wording):
    drawing = flowchart(workflow, wording=wording)
    placed = layout(drawing)
    assert faults(placed) == []
    assert placed.width <= 1000
    stages = [stage.id for stage in workflow.stages]
    assert [node.id for node in drawing.nodes if node.mark != "exit"] == stages
    assert svg(drawing) == svg(flowchart(workflow, wording=wording))
    assert mermaid(drawing)


@by_name
def test_every_move_is_an_arrow_or_an_early_ending(workflow):
    drawing = flowchart(workflow)
    drawn = {(edge.source, edge.target) for edge in drawing.edges}
    named = [line for node in drawing.nodes for line in node.lines if node.mark == "exit"]
    ends = {stage.id for stage in workflow.stages if stage.final}
    for position, edges in workflow.dispatch.items():
        source = position.partition(".")[0]
        for edge in (one for several in edges.values() for one in several):
            left = edge.left is not None or edge.row.core or ":hold" in f"{position}{edge.dest}"
            target = (edge.dest or position).partition(".")[0]
            if left or target == source:
                continue
            early = target in ends and f"- {edge.row.label}" in {one.split(":")[0] for one in named}
            assert early or (source, target) in drawn, (edge.row.name, source, target)
    assert all(source != target for source, target in drawn)


def test_the_flow_from_hello_to_goodbye():
    drawing = flowchart(service_delivery, program=PROGRAM)
    assert drawing.title == "Participant flowchart of Pathways"
    assert [(one.source, one.target, one.text) for one in drawing.edges] == [
        ("recruitment", "intake-assessment", "begin intake"),
        ("intake-assessment", "enrollment", "enroll"),
        ("enrollment", "service-plan", "begin planning"),
        ("service-plan", "service-delivery", "start services"),
        ("service-delivery", "service-plan", "revise plan"),
        ("service-delivery", "program-completion", "complete"),
        ("program-completion", "service-delivery", "return to services"),
        ("program-completion", "closed", "close"),
    ]
    assert lines_of(drawing, "service-delivery")[:4] == (
        "Who acts: navigator",
        "Delivered: hybrid, in person",
        "Referrals to: employers",
        "Reported: services",
    )
    assert lines_of(drawing, "*early") == (
        "- end as deceased",
        "- end as entered in error",
        "- end with program",
        "Asked first:",
        "- end as ineligible: The participant was found not eligible. "
        "The participant is not enrolled, and services have not begun.",
        "- deny: The participant is not enrolled, and services have not begun.",
        "- decline services: The participant is not enrolled, and services have not begun.",
        "- withdraw: The participant is enrolled, or services have begun.",
        "- discharge: The participant is enrolled, or services have begun.",
        "- end as unable to locate: "
        "Staff tried to reach the participant at least once, without success.",
        "- refer out: The participant was referred to somebody who can help.",
        "- transfer out: It is said which agency takes the case over, and who accepted it there.",
    )


def test_a_way_that_is_chosen_says_when_it_is_taken():
    ways = [To("training", when=passed), "left"]
    trial = Transition("end-trial", source="trial", to=ways, records=Ridden)
    workflow = Workflow(
        "trials",
        version="1",
        stages=[Stage("trial", initial=True), Stage("training"), Stage("left", final=True)],
        transitions=[trial, Transition("leave", source="training", to="left")],
    )
    written = {(one.source, one.target): one.text for one in flowchart(workflow).edges}
    assert written == {
        ("trial", "training"): "end trial, if: The bicycle passed its test",
        ("trial", "left"): "end trial, otherwise",
        ("training", "left"): "leave",
    }


def test_three_wordings_tell_the_same_way():
    told = {one: flowchart(service_delivery, program=PROGRAM, wording=one) for one in WORDINGS}
    ways = {tuple((e.source, e.target) for e in drawing.edges) for drawing in told.values()}
    assert len(ways) == 1
    assert lines_of(told["participants"], "service-delivery") == (
        "We work through your plan together.",
        "Who you work with: navigator",
        "How we meet: a mix of in person and online, in person",
        "Where we may send you for more help: employers",
        "What we write down and tell others: services",
    )
    assert lines_of(told["partners"], "service-delivery") == (
        "Your contact: navigator",
        "Delivered: hybrid, in person",
        "Referrals we make: employers",
        "Data that is reported: services",
    )
    early = {one: drawing.nodes[-1] for one, drawing in told.items() if one != "staff"}
    assert {one: (node.text, node.lines) for one, node in early.items()} == {
        "participants": (
            "When it ends early",
            (
                "You can leave early. Tell the person you work with.",
                "It also ends early if:",
                "- it turns out that you cannot join",
                "- we cannot take you on",
                "- we have to end our services to you",
                "- we cannot reach you any more",
                "- somebody else can help you, and we send you there",
                "- you go on with somebody else",
                "- the program ends",
            ),
        ),
        "partners": (
            "Ending early",
            (
                "A participant may leave early.",
                "It also ends early if:",
                "- the participant is not eligible",
                "- we do not take the participant on",
                "- we discharge the participant",
                "- we cannot reach the participant any more",
                "- we refer the participant to somebody who can help",
                "- the participant is transferred",
                "- the program ends",
            ),
        ),
    }


def test_staff_and_partners_read_of_the_client_in_the_agencys_terms():
    terms = {"client": "young person", "clients": "young people", "name": "title"}
    own = service_delivery.extend("own", version="1", terms=terms)
    titles = [flowchart(own, wording=one, program=Program("Client Aid")).title for one in WORDINGS]
    assert titles == [
        "Young person flowchart of Client Aid",
        "Your way through Client Aid",
        "How young people go through Client Aid",
    ]
    case = Casebook(own, MemoryStorage(), clock=lambda: NOW).open(client="P-1", by="ana").case
    partners = flowchart(own, wording="partners", case=case)
    assert lines_of(partners, "recruitment") == ("The young person is here.",)
    assert lines_of(partners, "*early")[:3] == (
        "A young person may leave early.",
        "It also ends early if:",
        "- the young person is not eligible",
    )
    assert partners.description.endswith(" The young person is here: Recruitment.")


def test_what_is_due_in_a_stage_stands_in_its_box():
    review = Obligation(
        "monthly-review",
        "The plan is gone through every month.",
        during=("service-plan", "service-delivery"),
        due=every("1 month"),
        met_by=PlanReviewed,
    )
    after = attrs.evolve(follow_up("closed"), after_the_end=True)
    due = [review, after, intake_paperwork("5 days")]
    own = service_delivery.extend("own", version="1", obligations=due)
    told = {one: flowchart(own, wording=one) for one in WORDINGS}
    assert lines_of(told["staff"], "service-delivery")[-2:] == (
        "Due here:",
        "- The plan is gone through every month.",
    )
    assert lines_of(told["staff"], "recruitment") == (
        "Due in any open stage:",
        "- The papers of the intake are complete.",
    )
    assert "- The participant is followed up three to nine months after the exit." in lines_of(
        told["staff"], "closed"
    )
    assert [
        lines_of(told[one], stage)
        for one in ("participants", "partners")
        for stage in ("recruitment", "service-plan", "service-delivery", "closed")
    ] == [
        (),
        (),
        ("From time to time, we go through your plan together.",),
        ("After you have left, we ask how you are doing.",),
        (),
        (),
        ("From time to time, the plan is reviewed with the participant.",),
        ("After the exit, the participant is followed up.",),
    ]


def test_a_mix_of_two_ways_to_meet_does_not_repeat_them():
    modes = StageDelivery("closed", modes=["hybrid", "in-person", "virtual"])
    program = Program("Pathways", stages=[modes])
    drawing = flowchart(six_stage, program=program, wording="participants")
    assert lines_of(drawing, "closed")[0] == "How we meet: in person, online, or a mix of both"


@pytest.mark.parametrize("workflow", SHIPPED, ids=lambda one: one.name)
def test_participants_read_plain_words_for_every_shipped_stage(workflow):
    staff, drawing = flowchart(workflow), flowchart(workflow, wording="participants")
    theirs = {node.text for node in drawing.nodes}
    assert theirs.isdisjoint(node.text for node in staff.nodes)
    assert len(theirs) == len(staff.nodes)
    assert [one.text for one in drawing.groups] == ["The beginning", "The middle", "The end"]
    assert all(text in drawing.description for text in theirs - {drawing.nodes[-1].text})


def test_a_program_has_its_own_names_for_stages():
    own = StageDelivery("intervention", called={"participants": "Walking together"})
    program = Program("Pathways", stages=[own])
    told = {one: flowchart(six_stage, program=program, wording=one) for one in WORDINGS}
    names = {one: drawing.nodes[3].text for one, drawing in told.items()}
    assert names == {
        "staff": "Intervention",
        "participants": "Walking together",
        "partners": "Intervention",
    }


@pytest.mark.parametrize("wording", WORDINGS)
@by_name
def test_no_box_says_the_same_twice(workflow, wording):
    for node in flowchart(workflow, wording=wording).nodes:
        assert len(set(node.lines)) == len(node.lines)


PLANNED = Workflow(
    "one-word",
    version="1",
    state=six_stage.state,
    stages=[Stage("start", initial=True), Stage("plan", label="the plan"), Stage("z", final=True)],
    transitions=[
        Transition("plan", source="start", to="plan", label="write it down"),
        Transition("end", source=ANY_OPEN, to="z"),
    ],
)


PLANNING = Workflow(
    "there-and-back",
    version="1",
    stages=[
        Stage("open", initial=True),
        Stage("creating-goals"),
        Stage("service-delivery"),
        Stage("z", final=True),
    ],
    transitions=[
        Transition("on", source="open", to="creating-goals"),
        Transition("go", source="creating-goals", to="service-delivery"),
        Transition("revise", source="service-delivery", to="creating-goals"),
        Transition("end", source=ANY_OPEN, to="z"),
    ],
)


def test_a_stage_and_a_transition_of_one_name_have_words_of_their_own():
    drawing = flowchart(PLANNED)
    assert [node.text for node in drawing.nodes][:3] == ["Start", "The plan", "Z"]
    assert drawing.edges[0].text == "write it down"
    assert drawing.description == "The stages are: Start; The plan; Z."
    assert PLANNED.label("plan") == "write it down"
    assert PLANNED.words["plan"] == "the plan"


def test_a_workflow_is_called_by_its_name_in_words():
    assert flowchart(five_stage_cyclic).title == "Client flowchart of five stage cyclic"


def test_the_steps_inside_a_stage_are_told_to_staff():
    steps = "Steps: outreach, then eligibility, then enrollment"
    told = {one: flowchart(six_stage, wording=one) for one in WORDINGS}
    assert [steps in lines_of(told[one], "engagement") for one in WORDINGS] == [True, False, False]
    own = six_stage.extend("own", version="1", labels={"engagement.outreach": "the first call"})
    assert "Steps: the first call, then eligibility, then enrollment" in lines_of(
        flowchart(own), "engagement"
    )


def test_what_is_asked_first_says_of_which_way_where_not_every_way_asks_it():
    drawing = flowchart(six_stage)
    assert lines_of(drawing, "intervention")[0] == "Asked first, to start services:"
    assert lines_of(drawing, "planning")[0] == "Asked first, to plan:"
    assert lines_of(drawing, "closed")[0] == "Asked first:"


def under(lines, heading):
    """The items of a list in a box."""
    after = lines[lines.index(heading) + 1 :] if heading in lines else ()
    return [line[2:] for line in takewhile(lambda line: line.startswith("- "), after)]


@by_name
def test_each_way_asks_what_the_box_that_it_leads_to_says_of_it(workflow):
    drawing = flowchart(workflow)
    for edge in drawing.edges:
        lines = lines_of(drawing, edge.target)
        for label in edge.text.split(", or "):
            rows = [
                row
                for row in workflow.rows
                if row.label == label and edge.target in {to.stage for to in row.transition.to}
            ]
            blocking = (one for row in rows for one in row.rules if one.strength == "block")
            asked = {workflow.in_terms(one.wanted) for one in blocking}
            told = under(lines, "Asked first:") + under(lines, f"Asked first, to {label}:")
            assert set(told) == asked, (edge, label)


@pytest.mark.parametrize("wording", ["participants", "partners"])
def test_others_read_which_ways_lead_back(wording):
    drawing = flowchart(continuum, wording=wording)
    order = [node.id for node in drawing.nodes]
    for edge in drawing.edges:
        back = order.index(edge.target) < order.index(edge.source)
        assert edge.text == ("Back, if needed" if back else "")


def test_several_headings_of_one_band_read_as_one():
    both = Stage("a", initial=True, phases=["engagement", "planning"])
    ways = [Transition("end", source="a", to="z")]
    own = Workflow("own", version="1", stages=[both, Stage("z", final=True)], transitions=ways)
    drawing = flowchart(own, wording="participants")
    assert drawing.groups[0].text == "The beginning, the middle"


def test_the_lines_of_an_item_stand_under_its_words():
    item = "- Every numbered need is met, addressed by a plan item, or deferred with a reason"
    drawing = Drawing(title="t", nodes=[Node("a", "A", lines=[item, f"No item. {item}"])])
    (box,) = layout(drawing).boxes
    begins = {text.text.partition(" ")[0]: text.x - box.x for text in box.texts[1:]}
    assert begins == {"-": 10, "or": 17, "No": 10, "plan": 10}
    assert faults(layout(drawing)) == []


def test_phases_take_other_headings():
    named = {"engagement": "Beginning", "assessment": "Beginning"}
    drawing = flowchart(service_delivery, phases=named)
    assert drawing.groups[0].text == "Beginning"
    assert [node.group for node in drawing.nodes[:3]] == ["phase-0"] * 3


def test_a_case_is_marked_with_what_blocks_each_way_on():
    book = Casebook(service_delivery, MemoryStorage(), clock=lambda: NOW)
    case_id = book.open(client="P-1", by="ana").case.id
    case = book.do(case_id, "begin-intake", by="ana").case
    drawing = flowchart(service_delivery, case=case, options=book.options(case_id, by="ana"))
    assert [node.id for node in drawing.nodes if node.mark == "here"] == ["intake-assessment"]
    assert drawing.title == f"Participant flowchart of service delivery flow: case {case_id}"
    here = lines_of(drawing, "intake-assessment")
    assert here[0] == "The case is here."
    assert here[1:3] == (
        "Blocked: enroll, because this does not hold:",
        "- The participant is found eligible before being enrolled.",
    )
    lines = {edge.source: edge.line for edge in drawing.edges if edge.line != "plain"}
    assert lines == {"intake-assessment": "blocked"}
    early = lines_of(drawing, "*early")
    assert early[:3] == ("Open:", "- deny", "- decline services")
    blocked = early[early.index("Blocked, because this does not hold:") + 1 :]
    assert blocked[:2] == (
        "- end as ineligible: The participant was found not eligible.",
        "- withdraw: The participant is enrolled, or services have begun.",
    )
    assert faults(layout(drawing)) == []


def test_a_case_is_promised_nothing_that_is_not_owed_after_its_ending():
    after = attrs.evolve(follow_up("closed"), after_the_end=True)
    own = service_delivery.extend("own", version="1", obligations=[after])
    book = Casebook(own, MemoryStorage(), clock=lambda: NOW)
    opened = book.open(client="P-1", case_id="C-1", by="ana").case
    told = lines_of(flowchart(own, wording="participants", case=opened), "closed")
    assert told == ("After you have left, we ask how you are doing.",)
    died = book.do("C-1", "end-as-deceased", by="ana").case
    told = {one: lines_of(flowchart(own, wording=one, case=died), "closed") for one in WORDINGS}
    assert told == {
        "staff": ("The case is here.", "Reopen: back to where it was"),
        "participants": ("You are here.",),
        "partners": ("The participant is here.",),
    }
    book.open(client="P-2", case_id="C-2", by="ana")
    left = book.do("C-2", "end-with-program", by="ana", reason="no money").case
    assert "Due here:" in lines_of(flowchart(own, case=left), "closed")


def test_what_blocks_a_way_says_for_which_need_and_item():
    book = Casebook(six_stage, MemoryStorage(), clock=lambda: NOW)
    case_id = book.open(client="P-1", by="ana").case.id
    needs = [NeedIdentified(number=n, description="rent") for n in (1, 2, 3)]
    item = PlanItemDrafted(number=1, needs=(1,), activity="look for a home")
    book.record(case_id, *needs, StrengthIdentified(number=1, description="cooks"), item, by="ana")
    steps = (EligibilityDetermined(eligible=True), Enrolled(program="housing"), "assess")
    book.do(case_id, *steps, AssessmentCompleted(), "plan", by="ana")
    options = book.options(case_id, by="ana")
    lines = lines_of(flowchart(six_stage, case=book.case(case_id), options=options), "planning")
    blocked = lines[lines.index("Blocked: start services, because this does not hold:") + 1 :]
    assert blocked[:2] == (
        "- Every numbered need is met, addressed by a plan item, or deferred with a reason. "
        "Not so for need 2, need 3.",
        "- Every plan item says who does what, until when, and what is expected to change. "
        "Not so for plan item 1.",
    )


def test_what_somebody_wrote_is_put_in_no_other_terms_where_it_blocks_a_way():
    asked = {"rules": {"assess": [programs_completed]}, "terms": {"client": "attendee"}}
    workflow = six_stage.extend("county", version="1", **asked)
    book = Casebook(workflow, MemoryStorage(), clock=lambda: NOW)
    case_id = book.open(client="P-1", by="ana").case.id
    steps = (EligibilityDetermined(eligible=True), Enrolled(program="client first"))
    case = book.do(case_id, *steps, by="ana").case
    drawing = flowchart(workflow, case=case, options=book.options(case_id, by="ana"))
    (told,) = [one for one in lines_of(drawing, "engagement") if "Not so for" in one]
    assert told.endswith("Not so for program client first.")


def test_a_case_and_options_of_something_else_are_refused():
    book = Casebook(six_stage, MemoryStorage(), clock=lambda: NOW)
    one, other = (book.open(client="P-1", case_id=id, by="ana").case for id in ("C-1", "C-2"))
    ways = book.options("C-1", by="ana")
    with pytest.raises(InvalidCall) as error:
        flowchart(continuum, case=one)
    assert str(error.value) == (
        "The case 'C-1', in 'engagement.outreach', is one of the workflow 'six-stage', and cannot "
        "be marked in 'continuum', version '1'. Draw the workflow that the case is one of."
    )
    together = (
        "Give the options together with their case: "
        "case=book.case(id), options=book.options(id, by=...)."
    )
    with pytest.raises(InvalidCall) as error:
        flowchart(six_stage, options=ways)
    assert str(error.value) == (
        f"The option 'determine-eligibility' is one of the case 'C-1', and no case is given. "
        f"{together}"
    )
    with pytest.raises(InvalidCall) as error:
        flowchart(six_stage, case=other, options=ways)
    assert str(error.value) == (
        f"The option 'determine-eligibility' is one of the case 'C-1', and not of 'C-2'. {together}"
    )


def test_a_case_of_another_version_in_a_stage_that_is_gone_is_refused():
    more = six_stage.extend(
        "six-stage",
        version="0",
        stages=[Stage("triage")],
        transitions=[
            Transition("triage", source="engagement", to="triage"),
            Transition("back", source="triage", to="assessment"),
        ],
    )
    book = Casebook(more, MemoryStorage(), clock=lambda: NOW)
    case_id = book.open(client="P-1", by="ana").case.id
    assert flowchart(six_stage, case=book.case(case_id)).nodes[0].mark == "here"
    case = book.do(case_id, "triage", by="ana").case
    with pytest.raises(InvalidCall, match="in 'triage', is one of the workflow 'six-stage'"):
        flowchart(six_stage, case=case)


@pytest.mark.parametrize(
    ("wording", "lines"),
    [
        ("participants", ("You are here.", "Not yet: Joining the program")),
        ("partners", ("The participant is here.", "Not yet: Enrollment and orientation")),
    ],
)
def test_others_read_where_the_way_leads_and_not_what_the_rules_ask(wording, lines):
    book = Casebook(service_delivery, MemoryStorage(), clock=lambda: NOW)
    case_id = book.open(client="P-1", by="ana").case.id
    case = book.do(case_id, "begin-intake", by="ana").case
    options = book.options(case_id, by="ana")
    drawing = flowchart(service_delivery, wording=wording, case=case, options=options)
    assert lines_of(drawing, "intake-assessment") == lines


def test_early_endings_of_some_stages_say_where_they_are_open_and_what_is_asked():
    ends = [
        Transition("end", source=ANY_OPEN, to="z", rules=[passed]),
        Transition("leave", source=ANY_OPEN, to="z"),
        Transition("drop", source="b", to="z", rules=[passed]),
    ]
    open_ones = [Stage("a", initial=True), Stage("b", decides=[Ridden]), Stage("c")]
    ways = [Transition("go", source="a", to="b"), Transition("on", source="b", to="c")]
    stages = [*open_ones, Stage("z", final=True)]
    own = Workflow("own", version="1", stages=stages, transitions=[*ways, *ends])
    assert lines_of(flowchart(own), "*early") == (
        "From any open stage:",
        "- leave",
        "Asked first, from any open stage:",
        "- end: The bicycle passed its test.",
        "Asked first, from b:",
        "- drop: The bicycle passed its test.",
    )


def test_a_case_on_hold_is_said_to_be_in_words_for_whoever_reads():
    book = Casebook(six_stage, MemoryStorage(), clock=lambda: NOW)
    book.open(client="P-1", case_id="C-1", by="ana")
    case = book.do("C-1", "hold", by="ana", reason="away").case
    told = {one: flowchart(six_stage, wording=one, case=case) for one in WORDINGS}
    assert [
        next(line for line in lines_of(told[one], "engagement") if " here" in line)
        for one in WORDINGS
    ] == [
        "The case is here, on hold.",
        "You are here. We have paused for now.",
        "The client is here, on hold.",
    ]


@pytest.mark.parametrize(
    ("wording", "lines"),
    [
        ("participants", ("You may go back to: Setting your goals",)),
        ("partners", ("May go back to: Creating goals",)),
    ],
)
def test_a_way_back_is_no_next_step(wording, lines):
    book = Casebook(PLANNING, MemoryStorage(), clock=lambda: NOW)
    case_id = book.open(client="P-1", by="ana").case.id
    case = book.do(case_id, "on", "go", by="ana").case
    options = book.options(case_id, by="ana")
    drawing = flowchart(PLANNING, wording=wording, case=case, options=options)
    assert lines_of(drawing, "service-delivery")[1:] == lines


@given(case=cases(six_stage))
def test_any_case_is_marked_once(case):
    drawing = flowchart(six_stage, case=case)
    assert [node.id for node in drawing.nodes if node.mark == "here"] == [case.stage]


@st.composite
def workflows(draw):
    """Small workflows: a row of stages, moves between any of them, ways out."""
    count = draw(st.integers(2, 5))
    names = [f"s{number}" for number in range(count)]
    place = st.sampled_from(names)
    labels = draw(st.lists(TEXTS, min_size=count, max_size=count))
    phases = st.lists(st.sampled_from(["engagement", "closure", "own"]), max_size=2)
    stages = [
        Stage(name, label=label or name, phases=draw(phases), initial=name == "s0")
        for name, label in zip(names, labels, strict=True)
    ]
    moves = [
        Transition(f"t{n}", source=names[n], to=names[n + 1], label=draw(TEXTS))
        for n in range(count - 1)
    ]
    more = draw(st.lists(st.tuples(place, place, TEXTS), max_size=4))
    moves += [
        Transition(f"m{n}", source=source, to=STAY if source == target else target, label=text)
        for n, (source, target, text) in enumerate(more)
    ]
    moves.append(Transition("end", source=ANY_OPEN, to="z"))
    stages.append(Stage("z", final=True))
    return Workflow("drawn", version="1", stages=stages, transitions=moves)


@given(workflows(), st.sampled_from(WORDINGS))
def test_any_workflow_is_drawn(workflow, wording):
    drawing = flowchart(workflow, wording=wording)
    assert faults(layout(drawing)) == []
    assert {stage.id for stage in workflow.stages} <= {node.id for node in drawing.nodes}


def test_the_logic_model_goes_from_inputs_to_outcomes():
    drawing = logic_model(PROGRAM)
    assert faults(layout(drawing)) == []
    assert [node.id for node in drawing.nodes] == ["inputs", "activities", "outputs", "outcomes"]
    assert [(one.source, one.target) for one in drawing.edges] == [
        ("inputs", "activities"),
        ("activities", "outputs"),
        ("outputs", "outcomes"),
    ]
    assert lines_of(drawing, "outcomes") == ("- Stable housing", "  Target: 30 of 40")
    placed = layout(drawing)
    *_, item, target = placed.boxes[-1].texts
    assert (target.text, target.x > item.x) == ("Target: 30 of 40", True)
    assert len({box.height for box in placed.boxes}) > 1
    assert all(start[1] == end[1] for start, end in (path.points for path in placed.paths))


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(InvalidCall) as error:
        flowchart(six_stage, wording="funders")
    assert str(error.value) == (
        "The flowchart was asked for in the wording 'funders'. "
        "Use one of: staff, participants, partners."
    )
    with pytest.raises(InvalidCall) as error:
        flowchart(six_stage, program=PROGRAM)
    assert str(error.value) == (
        "The program 'Pathways' tells of the stage 'service-delivery', which the workflow "
        "'six-stage' does not have. Use one of: engagement, assessment, planning, intervention, "
        "monitoring, termination, closed."
    )
    with pytest.raises(InvalidCall) as error:
        Program("P", outputs=["a"], targets={"b": "1"})
    assert str(error.value) == (
        "A target of the program 'P' is for 'b', which is no output and no outcome of it. "
        "Use one of: a."
    )
    with pytest.raises(InvalidCall) as error:
        Program("P", stages=[StageDelivery("a"), StageDelivery("a")])
    assert str(error.value) == (
        "The program 'P' has several deliveries of the stage 'a'. Give one for each stage."
    )
