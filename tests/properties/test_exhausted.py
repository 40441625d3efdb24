"""Small spaces, exhausted: nothing is sampled where everything can be tried."""

from datetime import date
from itertools import combinations, product

import pytest

from caseflow import fold
from caseflow.casework import PlanItemDrafted
from caseflow.stages import six_stage
from caseflow.testing import cases
from caseflow.testing.walk import opened
from tests.properties.oracle import NAMES, Place, leads
from tests.properties.reading import WHOLE_CASE, decided, place_of, sheet_of
from tests.testing.drawing import drawn

CLOSING = {
    "closure-criteria-met": "ClosureCriterionMet",
    "exit-interview": "ExitInterview",
    "follow-up-session": "FollowUpSession",
    "next-stage-planned": "NextStagePlanned",
    "continuing-services-listed": "ContinuingServicesListed",
    "resources-listed": "ResourcesListed",
}
"""The six closing documents (ISED, stage 6) by the rule that asks for each."""


def after(steps, history=None):
    """The history after these steps, each of which is allowed."""
    history = opened(six_stage)[1] if history is None else history
    for step in steps:
        answer, _ = decided(fold(history, six_stage.state()), history, step)
        assert answer.events, (step, answer.verdict.explain())
        history = (*history, *answer.events)
    return history


def refusing(history, name):
    answer, _ = decided(fold(history, six_stage.state()), history, name)
    return {result.rule for result in answer.verdict.refusals}


def up_to(name):
    return WHOLE_CASE[: WHOLE_CASE.index(name)]


@pytest.mark.parametrize("position", six_stage.positions)
def test_every_pair_of_position_and_transition(position):
    for case in drawn(cases(six_stage, at=position, steps=0), examples=1):
        assert case.position == position
        here = place_of(case)
        for name in NAMES:
            path = [*(place_of_move(move.position) for move in case.path[:-1]), here]
            possible = leads(name, path) is not None
            names_here = six_stage.dispatch[position]
            assert possible == (name in names_here), (position, name)


def place_of_move(position):
    bare = position.removesuffix(":hold")
    return Place(bare.rpartition(".")[2], held=bare != position)


@pytest.mark.parametrize("size", range(7))
def test_every_subset_of_the_closing_documents(size):
    documents = {type(step).__name__: step for step in WHOLE_CASE if not isinstance(step, str)}
    before = after([*up_to("begin-closing"), "begin-closing", documents["ClosureCriterionSet"]])
    for given in combinations(CLOSING, size):
        history = after([documents[CLOSING[rule]] for rule in given], before)
        assert refusing(history, "close") == set(CLOSING) - set(given)


PARTS = {
    "activity": "view flats",
    "actor": "the client",
    "by_date": date(2026, 5, 1),
    "expected_outcome": "a signed lease",
}


@pytest.mark.parametrize("given", list(product([False, True], repeat=len(PARTS))))
@pytest.mark.parametrize("needs", [(), (1,), (2,), (1, 2)])
def test_every_subset_of_the_parts_of_a_plan_item(given, needs):
    whole = {name: PARTS[name] for name, there in zip(PARTS, given, strict=True) if there}
    start = WHOLE_CASE.index("plan") + 1
    history = after([*WHOLE_CASE[:start], PlanItemDrafted(number=1, needs=needs, **whole)])
    expected = set()
    if not all(given):
        expected.add("plan-items-complete")
    if not needs or 2 in needs:
        expected.add("plan-items-relate")
    if 1 not in needs:
        expected.add("needs-covered")
    assert refusing(history, "start-services") == expected == sheet_missing(history)


def sheet_missing(history):
    return sheet_of(history).missing("start-services", history[-1].occurred_at)
