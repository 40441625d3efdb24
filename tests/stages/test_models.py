"""The five process models, each as its document tells it."""

from datetime import timedelta

import pytest
from hypothesis import strategies as st

from caseflow import Actor, Command, Entry, Transition, decide, fold
from caseflow.casework import FACTS
from caseflow.kernel.case import stage_of
from caseflow.kernel.history import effective
from caseflow.stages import six_stage
from caseflow.testing import cases, events, histories, nearly_legal
from caseflow.testing.casework import PAYLOADS
from tests.properties.test_ends import ends_from
from tests.stages.models import APPROVED, DOCUMENTS, EARLY, FLOW, MODELS_THAT_SHIP
from tests.stages.oracle import missing, sheet_of
from tests.testing.drawing import drawn

EVERY_MODEL = pytest.mark.parametrize(
    "model", MODELS_THAT_SHIP, ids=lambda model: model.workflow.name
)
ENDINGS = (
    *EARLY,
    "transfer-out",
    "end-as-deceased",
    "end-as-entered-in-error",
    "end-with-program",
)


@EVERY_MODEL
def test_it_has_the_stages_of_its_document_in_their_order(model):
    workflow = model.workflow
    assert tuple(stage.id for stage in workflow.stages) == model.way
    assert stage_of(workflow.start) == model.way[0]
    assert workflow.ends == {model.way[-1]}
    for stage in workflow.stages:
        assert stage.phases
        assert stage.stated_in


@EVERY_MODEL
def test_a_case_walks_from_its_start_to_its_planned_end_in_the_order_of_the_document(model):
    strategy = histories(model.workflow, taking="close", payloads=PAYLOADS, steps=0)
    for history in drawn(strategy, examples=3):
        walked = [stage_of(one.stage) for one in history if one.stage]
        first = list(dict.fromkeys(walked))
        assert first == [stage for stage in model.way if stage in first]
        assert set(model.way) - set(first) <= {"monitoring", "reassessment"}  # may be passed by
        assert walked[-1] == model.way[-1]


@EVERY_MODEL
def test_every_step_of_it_is_taken_in_some_case_and_so_is_every_early_ending(model):
    names = {row.name for row in model.workflow.rows if not row.core}
    assert names >= set(ENDINGS)
    for name in names:
        strategy = histories(model.workflow, taking=name, payloads=PAYLOADS, steps=0)
        for history in drawn(strategy, examples=1):
            assert name in {one.transition for one in history}
    for name in ENDINGS:
        leads = {e.dest for at in model.workflow.positions for e in model.workflow.edges(name, at)}
        assert leads == {model.way[-1]}


@EVERY_MODEL
def test_from_every_state_a_case_can_end(model):
    for case in drawn(cases(model.workflow, payloads=PAYLOADS), examples=25):
        assert ends_from(model.workflow, case)


@EVERY_MODEL
def test_every_fact_is_taken_in_every_stage_on_hold_and_after_the_end(model):
    workflow = model.workflow
    assert set(workflow.facts) >= set(FACTS)
    for position in workflow.positions:
        strategy = histories(workflow, at=position, payloads=PAYLOADS, steps=1)
        history = drawn(strategy, examples=1)[0]
        case = fold(history, workflow.state())
        each = [events(workflow, cls, case=case, payloads=PAYLOADS) for cls in workflow.facts]
        for fact in drawn(st.tuples(*each), examples=1)[0]:
            assert decided(workflow, history, case, fact).allowed, (position, fact)


def decided(workflow, history, case, step):
    now = case.recorded_at + timedelta(hours=1)
    standing = effective(history)
    read = {c: tuple(e for e in standing if type(e.event) is c) for c in workflow.histories}
    command = Command(
        entries=(Entry(step),), actor=Actor("ana"), now=now, history=history, histories=read
    )
    return decide(workflow, case, command).verdict


# -- nothing gets past a rule ----------------------------------------------------------------


def blocking(workflow):
    """What refuses each step somewhere, as the workflow has it."""
    found = {}
    for row in workflow.rows:
        for rule in row.rules:
            if rule.strength == "block":
                found.setdefault(row.name, set()).add(rule.id)
    return found


@EVERY_MODEL
def test_what_refuses_is_what_its_document_and_the_mission_ask_for_and_nothing_else(model):
    assert blocking(model.workflow) == model.guards | EARLY | APPROVED


def past_a_rule(model, workflow, *, examples):
    """The steps that were taken though something stood in the way, and how many were taken."""
    wrong, taken = [], 0
    for history in drawn(
        histories(workflow, taking="close", payloads=PAYLOADS, steps=3), examples=examples
    ):
        for i, one in enumerate(history):
            guards = model.guards | EARLY | APPROVED
            if one.transition not in guards:
                continue
            if one.transition == "enroll" and one.stage is None:
                guards = {"enroll": {"eligibility-before-enrollment"}}  # in another program
            taken += 1
            found = missing(guards, sheet_of(history[:i]), one.transition, one.occurred_at)
            if found:
                wrong.append((one.transition, found))
    return wrong, taken


@EVERY_MODEL
def test_no_history_reaches_the_planned_end_past_an_unmet_rule(model):
    wrong, taken = past_a_rule(model, model.workflow, examples=12)
    assert wrong == []
    assert taken >= 12


@EVERY_MODEL
def test_a_step_past_an_unmet_rule_would_be_seen(model):
    name = "start-services" if "start-services" in model.guards else "intervene"
    rule = "goals-set" if "goals-set" in model.guards[name] else "needs-covered"
    careless = model.workflow.extend("careless", version="1", drop={name: [rule]})
    wrong, _ = past_a_rule(model, careless, examples=12)
    assert (name, {rule}) in wrong


@EVERY_MODEL
def test_each_rule_that_refuses_can_be_the_only_one_that_does(model):
    rules = set().union(*model.guards.values(), *EARLY.values())
    if model.guards is FLOW:  # who is enrolled there has left the stages in which one is denied
        rules -= EARLY["deny"]
    for rule in sorted(rules):
        near = drawn(nearly_legal(model.workflow, rule=rule, payloads=PAYLOADS), examples=1)[0]
        verdict = decide(model.workflow, near.case, near.command).verdict
        assert [result.rule for result in verdict.refusals] == [rule]


# -- sources ---------------------------------------------------------------------------------


def cited(workflow):
    """Every source that a workflow names, with what names it."""
    rules = [*workflow.all_rules.values()]
    for row in workflow.rows:
        rules += row.rules
        yield row.name, row.transition.stated_in
    for cls in workflow.event_types:
        rules += workflow.rules_on(cls)
    for rule in rules:
        yield rule.id, rule.source
    for one in workflow.obligations:
        yield one.id, one.source


@EVERY_MODEL
def test_every_rule_and_obligation_names_its_source_and_none_another_document(model):
    others = [one for one in DOCUMENTS[:5] if one != model.document]
    for what, source in cited(model.workflow):
        assert not any(source.startswith(other) for other in others), (what, source)
    for rule in model.workflow.all_rules.values():
        assert rule.source.startswith((model.document, DOCUMENTS[5])), rule.id
    for one in model.workflow.obligations:
        assert one.source.startswith((model.document, DOCUMENTS[5])), one.id


# -- no way round the assessment -----------------------------------------------------------------


def edges_of(rule, workflow):
    """The edges that a rule guards, and the others; not those back to where a case was before."""
    edges = [
        (position, edge)
        for position, ways in workflow.dispatch.items()
        for found in ways.values()
        for edge in found
        if edge.dest is not None and edge.left is None
    ]
    return (
        [pair for pair in edges if rule in {one.id for one in pair[1].row.rules}],
        [pair for pair in edges if rule not in {one.id for one in pair[1].row.rules}],
    )


def ways_round(rule, workflow):
    """Where a case comes to without a rule that guards it, from the start and from before it."""
    guarded, free = edges_of(rule, workflow)
    reached = {workflow.start, *(position for position, _ in guarded)}
    before = None
    while before != reached:
        before = set(reached)
        reached |= {edge.dest for position, edge in free if position in before}
    return reached & {edge.dest for _, edge in guarded}


GUARDED = [
    model for model in MODELS_THAT_SHIP if edges_of("assessment-before-plan", model.workflow)[0]
]


@pytest.mark.parametrize("model", GUARDED, ids=lambda model: model.workflow.name)
def test_no_way_leads_to_the_plan_round_the_assessment(model):
    assert ways_round("assessment-before-plan", model.workflow) == set()


def test_a_way_round_the_assessment_would_be_seen():
    assert len(GUARDED) == 4
    short = Transition("skip", source="engagement.enrollment", to="planning")
    assert ways_round(
        "assessment-before-plan", six_stage.extend("short", version="1", transitions=[short])
    ) == {"planning"}
