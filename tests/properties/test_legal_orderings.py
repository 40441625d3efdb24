"""The legal orderings of the six stages, against an oracle written by hand.

The histories are drawn with late facts, corrections, voids, exceptions, holds and reopening.
At the end of each, and on the way, the engine and the oracle are asked about every step.
"""

from collections import Counter

import attrs
from hypothesis import given
from hypothesis import strategies as st

from caseflow import Casebook, fold
from caseflow.casework import (
    AssessmentCompleted,
    EligibilityDetermined,
    Enrolled,
    NeedIdentified,
    StrengthIdentified,
)
from caseflow.stages import six_stage
from caseflow.storage import MemoryStorage
from caseflow.testing import histories
from caseflow.testing.casework import PAYLOADS
from caseflow.testing.walk import opened
from tests.properties.oracle import NAMES, NEED_A_REASON, Place, leads
from tests.properties.reading import (
    STEPS,
    THOROUGH,
    WARNED_CASE,
    WHOLE_CASE,
    decided,
    place_of,
    sheet_of,
)

HISTORIES = st.one_of(  # each position as often as any other
    [histories(six_stage, at=position, payloads=PAYLOADS) for position in six_stage.positions]
)


def test_the_oracle_knows_every_step_of_the_workflow_and_no_other():
    assert set(NAMES) == {row.name for row in six_stage.rows if not row.core}
    needing = {r.name for r in six_stage.rows if r.transition.reason_required}
    assert needing == set(NEED_A_REASON)


@given(history=HISTORIES)
def test_the_oracle_puts_a_case_where_the_engine_does(history):
    assert sheet_of(history).here == place_of(fold(history, six_stage.state()))


@given(history=HISTORIES)
def test_engine_and_oracle_agree_on_every_step_after_every_history(history):
    compare(history)


# -- exhausted: every one and two steps after each point of a whole case ----------------------


def test_engine_and_oracle_agree_after_every_two_steps_from_every_point_of_a_whole_case():
    compared = 0
    for history in points_of(WHOLE_CASE):
        compare(history)
        for first in after_each_step(history):
            compare(first)
            compared += 1
            for second in after_each_step(first):
                compare(second)
                compared += 1
    assert compared > 1_000


def test_engine_and_oracle_agree_on_every_warning_as_it_comes_and_goes():
    for history in points_of(WARNED_CASE):
        compare(history)


def points_of(steps):
    """The history after each of these steps, each of which is allowed."""
    _, history = opened(six_stage)
    yield history
    for step in steps:
        answer, _ = decided(fold(history, six_stage.state()), history, step)
        assert answer.events, (step, answer.verdict)
        history = (*history, *answer.events)
        yield history


def after_each_step(history):
    """The history with one more step, for each step that is allowed."""
    case = fold(history, six_stage.state())
    for name in NAMES:
        events = decided(case, history, name)[0].events
        if events:
            yield (*history, *events)


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
        assert refusing == sheet.missing(name, now), (name, history)
        assert warned(answer) == sheet.warned(name, fields_of(STEPS.get(name)), now), (
            name,
            history,
        )
        if not refusing:
            assert place_of(answer.case) == expected, name
    if leads("assessment-completed", path):
        answer, now = decided(case, history, THOROUGH)
        assert warned(answer) == sheet.warned("assessment-completed", fields_of(THOROUGH), now)


def warned(answer):
    return {result.rule for result in answer.verdict.warnings}


def fields_of(event):
    return attrs.asdict(event, recurse=False) if event else {}


def test_the_comparison_sees_every_rule_refuse_or_warn_and_steps_allowed_in_every_stage():
    seen, refused, warnings = Counter(), Counter(), Counter()
    for point in points_of(WHOLE_CASE):
        for history in (point, *after_each_step(point)):
            case = fold(history, six_stage.state())
            for name in NAMES:
                answer, _ = decided(case, history, name)
                verdict = answer.verdict
                warnings.update(warned(answer))
                seen[case.stage, verdict.allowed] += 1
                refused.update(result.rule for result in verdict.refusals)
    stages = {stage.id for stage in six_stage.stages}
    assert {stage for stage, allowed in seen if allowed} == stages
    assert {stage for stage, allowed in seen if not allowed} == stages
    standing = [rule for row in six_stage.rows for rule in row.rules]
    refusing = {rule.id for rule in standing if rule.strength == "block"}
    assert set(refused) >= refusing - {"transfer-accepted"}  # `STEPS` names who accepted
    warning = {rule.id for rule in standing if rule.strength == "warn"}
    assert set(warnings) >= warning - {"nothing-missed"}  # the model has no obligations


def test_a_case_on_hold_only_resumes_or_ends():
    assert leads("plan", [Place("assessment", held=True)]) is None
    assert set(STEPS) < set(NAMES)


def test_a_case_reopened_into_assessment_comes_back_as_it_was():
    """Its completed assessment still counts; a reassessment asks for a new one."""
    book = Casebook(six_stage, MemoryStorage())
    book.open(client="P-1", by="ana", case_id="c1")
    book.do("c1", EligibilityDetermined(eligible=True), Enrolled(program="p"), "assess", by="ana")
    found = (NeedIdentified(number=1, description="a home"), StrengthIdentified(description="wit"))
    book.do("c1", *found, AssessmentCompleted(), by="ana")
    book.do("c1", "withdraw", by="ana")
    book.do("c1", "reopen", by="ana", reason="came back")
    assert book.ask("c1", "plan", by="ana").allowed
