"""The legal orderings of the six stages, against an oracle written by hand.

The histories are drawn with late facts, corrections, voids, exceptions, holds and reopening.
At the end of each, and on the way, the engine and the oracle are asked about every step.
"""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import Result, fold
from caseflow.stages import six_stage
from caseflow.testing import histories
from caseflow.testing.casework import PAYLOADS
from tests.properties.oracle import NAMES, NEED_A_REASON, Place, leads
from tests.properties.reading import STEPS, decided, place_of, sheet_of
from tests.testing.drawing import drawn

HISTORIES = st.one_of(  # each position as often as any other
    [histories(six_stage, at=position, payloads=PAYLOADS) for position in six_stage.positions]
)


def test_the_oracle_knows_every_step_of_the_workflow_and_no_other():
    assert set(NAMES) == {row.name for row in six_stage.rows if not row.core}
    needing = {r.name for r in six_stage.rows if r.transition.reason_required}
    assert needing == set(NEED_A_REASON)


@settings(max_examples=__import__("os").environ.get("N") and 700 or 120)
@given(history=HISTORIES)
def test_the_oracle_puts_a_case_where_the_engine_does(history):
    assert sheet_of(history).here == place_of(fold(history, six_stage.state()))


@settings(max_examples=__import__("os").environ.get("N") and 700 or 120)
@given(history=HISTORIES)
def test_engine_and_oracle_agree_on_every_step_after_every_history(history):
    compare(history)


@settings(max_examples=15)
@given(history=HISTORIES)
def test_engine_and_oracle_agree_all_along_a_history(history):
    for length in range(1, len(history)):
        compare(history[:length])


def compare(history):
    case, sheet = fold(history, six_stage.state()), sheet_of(history)
    path = [place for place, _, _ in sheet.path]
    for name in NAMES:
        expected = leads(name, path)
        answer, now = decided(case, history, name)
        refusing = {result.rule for result in answer.verdict.refusals}
        if expected is None:
            assert refusing <= {"position", "target"}, (name, refusing)
            assert refusing, name
            continue
        assert refusing == sheet.missing(name, now, {}), (name, history)
        if not refusing:
            assert place_of(answer.case) == expected, name


def test_the_comparison_sees_steps_allowed_and_refused_in_every_stage():
    seen, refused = Counter(), Counter()
    for history in drawn(HISTORIES, examples=120):
        case = fold(history, six_stage.state())
        for name in NAMES:
            verdict = decided(case, history, name)[0].verdict
            seen[case.stage, verdict.allowed] += 1
            refused.update(r.rule for r in verdict.refusals if isinstance(r, Result))
    stages = {stage.id for stage in six_stage.stages}
    assert {stage for stage, allowed in seen if allowed} == stages
    assert {stage for stage, allowed in seen if not allowed} == stages
    blocking = {r.id for row in six_stage.rows for r in row.rules if r.strength == "block"}
    assert set(refused) >= blocking


def test_a_case_on_hold_only_resumes_or_ends():
    assert leads("plan", [Place("assessment", held=True)]) is None
    assert set(STEPS) < set(NAMES)
