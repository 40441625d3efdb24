"""Closing and ending: nothing gets past a rule, and nothing gets stuck."""

from hypothesis import given, settings

from caseflow.stages import six_stage
from caseflow.testing import cases, histories
from caseflow.testing.casework import PAYLOADS
from tests.properties.reading import sheet_of
from tests.support.trades import shop
from tests.testing.drawing import drawn


def closings(workflow):
    """Each closing in many histories: what led to it, and the event."""
    strategy = histories(workflow, taking="close", payloads=PAYLOADS, steps=2)
    for history in drawn(strategy, examples=25):
        for place, entry in enumerate(history):
            if entry.transition == "close":
                yield history[:place], entry


def past_a_rule(workflow):
    """The closings at which the oracle finds something missing, and how many there were."""
    found = list(closings(workflow))
    missing = [sheet_of(before).missing("close", e.occurred_at) for before, e in found]
    return [rules for rules in missing if rules], len(found)


def test_no_history_reaches_closed_past_an_unmet_rule():
    missing, closed = past_a_rule(six_stage)
    assert closed >= 25
    assert missing == []


def test_a_closing_past_an_unmet_rule_would_be_seen():
    careless = six_stage.extend("careless", version="1", drop={"close": ["resources-listed"]})
    missing, _ = past_a_rule(careless)
    assert {"resources-listed"} in missing


def ends_from(workflow, case):
    """Whether some way out is open, now or after what it asks for, that leads to an end."""
    here = workflow.dispatch[case.position]
    return case.position in workflow.ends or any(
        edge.dest in workflow.ends and not edge.row.rules
        for edges in here.values()
        for edge in edges
    )


@settings(max_examples=40)
@given(case=cases(six_stage, payloads=PAYLOADS))
def test_every_case_of_six_stage_can_end_whatever_state_it_is_in(case):
    # By a way that no rule guards: a rule could never be met again.
    assert ends_from(six_stage, case)


@settings(max_examples=25)
@given(case=cases(shop))
def test_every_repair_can_end_whatever_state_it_is_in(case):
    assert ends_from(shop, case)
