"""The strategies of `caseflow.testing`, as a user meets them."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import (
    CaseOpened,
    Corrected,
    ExceptionMade,
    InvalidCall,
    Moved,
    Voided,
    decide,
    fold,
)
from caseflow.casework import Enrolled, OutreachMade, PlanAgreed
from caseflow.stages import six_stage
from caseflow.testing import cases, events, histories, nearly_legal, retold
from caseflow.testing.casework import PAYLOADS, PROGRAMS
from caseflow.testing.walk import opened
from examples.hmis.workflow import enrollment
from tests.support.trades import shop
from tests.testing.drawing import drawn

WORKFLOWS = [(six_stage, PAYLOADS), (shop, None), (enrollment, None)]
IDS = [workflow.name for workflow, _ in WORKFLOWS]
EVERY_WORKFLOW = pytest.mark.parametrize(("workflow", "payloads"), WORKFLOWS, ids=IDS)


@given(history=histories(six_stage, payloads=PAYLOADS))
def test_a_history_reads_like_one(history):
    assert [entry.number for entry in history] == list(range(1, len(history) + 1))
    assert history[0].transition == "open"
    moments = [entry.recorded_at for entry in history]
    assert moments == sorted(moments)


@settings(max_examples=25)
@given(case=cases(six_stage, at="monitoring", payloads=PAYLOADS))
def test_a_case_stands_at_the_stage_that_was_asked_for(case):
    assert case.stage == "monitoring"
    assert not case.on_hold


@settings(max_examples=30)
@given(near=nearly_legal(six_stage, payloads=PAYLOADS))
def test_a_nearly_legal_command_is_refused_by_exactly_one_rule(near):
    verdict = decide(six_stage, near.case, near.command).verdict
    assert [result.rule for result in verdict.refusals] == [near.rule]


@settings(max_examples=20)
@given(near=nearly_legal(six_stage, rule="closure-criteria-met", payloads=PAYLOADS))
def test_the_broken_rule_can_be_chosen(near):
    assert near.rule == "closure-criteria-met"
    assert near.case.position == "termination"


@given(event=events(six_stage, Enrolled, payloads=PAYLOADS))
def test_payloads_say_how_an_event_is_drawn(event):
    assert event.program in PROGRAMS


@EVERY_WORKFLOW
def test_events_of_every_type_are_drawn(workflow, payloads):
    enough = max(400, 12 * len(workflow.event_types))
    drawn_events = drawn(events(workflow, payloads=payloads), examples=enough)
    assert {type(event) for event in drawn_events} == set(workflow.event_types)


@EVERY_WORKFLOW
def test_every_drawn_history_folds_to_what_it_tells(workflow, payloads):
    for history in drawn(histories(workflow, payloads=payloads), examples=15):
        case = fold(history, workflow.state())
        assert retold(history, state=workflow.state()).differences(case) == ()
        assert case.position in workflow.positions


@EVERY_WORKFLOW
def test_every_position_of_a_workflow_is_reached(workflow, payloads):
    # A kit that never gets anywhere would prove nothing.
    for position in workflow.positions:
        for case in drawn(cases(workflow, at=position, payloads=payloads, steps=2), examples=1):
            assert case.position == position


@EVERY_WORKFLOW
def test_every_transition_of_a_workflow_is_taken(workflow, payloads):
    for name in {row.name for row in workflow.rows if not row.core}:
        strategy = histories(workflow, taking=name, payloads=payloads, steps=1)
        for history in drawn(strategy, examples=1):
            assert name in {entry.transition for entry in history}


def test_facts_exceptions_corrections_and_voids_turn_up_in_histories():
    seen = {type(e.event) for h in drawn(histories(shop), examples=200) for e in h}
    assert seen >= {*shop.facts, CaseOpened, Moved, ExceptionMade, Corrected, Voided}


def test_every_blocking_rule_of_six_stage_can_be_broken_alone():
    blocking = {r.id for row in six_stage.rows for r in row.rules if r.strength == "block"}
    for rule in sorted(blocking):
        near = drawn(nearly_legal(six_stage, rule=rule, payloads=PAYLOADS), examples=2)
        assert {one.rule for one in near} == {rule}


def test_the_same_seed_draws_the_same_moments_whatever_the_hour():
    first, second = (drawn(histories(shop), examples=10) for _ in range(2))
    assert first == second


# -- misuse is never silent ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("misuse", "words"),
    [
        (lambda: cases(six_stage, at="monitorring"), "at='monitorring' is no stage or position"),
        (lambda: cases(six_stage, at="monitorring"), "Did you mean 'monitoring'"),
        (lambda: nearly_legal(six_stage, rule="needs-coverd"), "Did you mean 'needs-covered'"),
        (lambda: histories(six_stage, taking="closs"), "Did you mean 'close'"),
        (lambda: histories(six_stage, steps=-1), "steps=-1 is no number of steps"),
        (lambda: events(shop, PlanAgreed), "is no event class of workflow 'repair-shop'"),
        (lambda: events(six_stage, payloads={str: st.text()}), "is no event class"),
        (lambda: events(six_stage, payloads={Enrolled: "x"}), "payloads[Enrolled] is 'x'"),
        (
            lambda: events(six_stage, Enrolled, payloads={Enrolled: lambda case: 7}),
            "payloads[Enrolled] gave 7, which is no strategy",
        ),
        (
            lambda: events(six_stage, Enrolled, payloads={Enrolled: st.just(7)}).example(),
            "payloads[Enrolled] drew 7, which is no Enrolled",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_misuse_is_told_with_the_offending_value(misuse, words):
    with pytest.raises(InvalidCall) as raised:
        misuse()
    assert words in str(raised.value)


def test_payloads_for_events_of_other_workflows_are_not_used():
    assert events(shop, payloads=PAYLOADS) is not None


def test_a_payload_may_look_at_the_case():
    case, _ = opened(six_stage)
    note = {OutreachMade: lambda case: st.builds(OutreachMade, note=st.just(case.client))}

    for event in drawn(events(six_stage, OutreachMade, case=case, payloads=note), examples=3):
        assert event.note == case.client


def test_caseflow_alone_does_not_import_hypothesis():
    code = "import sys, caseflow.stages, caseflow.storage; print('hypothesis' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_without_hypothesis_the_kit_says_what_to_install():
    code = "import sys; sys.modules['hypothesis'] = None; import caseflow.testing"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'caseflow-engine[testing]'" in out.stderr
