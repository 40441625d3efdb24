"""The participant flowchart of any workflow, in three wordings, and where a case is in it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow import ANY_OPEN, STAY, Casebook, InvalidCall, Stage, Transition, Workflow
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
from caseflow.views import Program, StageDelivery, flowchart, logic_model, mermaid, svg
from caseflow.views.svg import layout
from tests.support.trades import shop
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
        "From intake assessment:",
        "- end as ineligible: The client was found not eligible.",
        "From recruitment, intake assessment:",
        "- deny",
        "From any open stage:",
        "- decline services: The client is not enrolled yet.",
        "- withdraw: The client is enrolled in a program, and withdraws from it.",
        "- end as unable to locate: "
        "Staff tried to reach the client at least once, without success.",
        "- refer out: The client was referred to somebody who can help.",
        "- transfer out",
        "- end as deceased",
        "- end as entered in error",
        "- end with program",
    )


def test_three_wordings_tell_the_same_way():
    told = {one: flowchart(service_delivery, program=PROGRAM, wording=one) for one in WORDINGS}
    ways = {tuple((e.source, e.target) for e in drawing.edges) for drawing in told.values()}
    assert len(ways) == 1
    assert lines_of(told["participants"], "service-delivery") == (
        "We work through your plan together.",
        "Who you work with: navigator",
        "How we meet: in person and online, in person",
        "Where we may send you for more help: employers",
        "What we write down and report: services",
    )
    assert lines_of(told["partners"], "service-delivery") == (
        "Your contact: navigator",
        "Delivered: hybrid, in person",
        "Referrals we make: employers",
        "Data that is reported: services",
    )
    assert lines_of(told["participants"], "*early") == ()


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
    here = lines_of(drawing, "intake-assessment")
    assert here[0] == "The case is here."
    assert here[1:3] == (
        "Blocked: enroll",
        "- The client is found eligible before being enrolled.",
    )
    lines = {edge.source: edge.line for edge in drawing.edges if edge.line != "plain"}
    assert lines == {"intake-assessment": "blocked"}
    assert faults(layout(drawing)) == []


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
    assert lines_of(drawing, "outcomes") == ("- Stable housing", "Target: 30 of 40")


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
