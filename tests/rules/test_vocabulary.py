"""Rules as data: what Python makes of the vocabulary can be written down and read back."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow import DefinitionError, all_of, any_of, not_, rule, when
from caseflow.casework import (
    FACTS,
    AssessmentCompleted,
    ContactAttempted,
    ExitInterview,
    ProgressNoted,
)
from caseflow.kernel.context import Context
from caseflow.kernel.recorded import Actor
from caseflow.rules import (
    VOCABULARY,
    assessment_completed,
    at_least,
    caseload_cap,
    contact_attempted,
    needs_covered,
    needs_numbered,
    not_older_than,
    recorded,
)
from caseflow.stages import six_stage
from caseflow.testing import cases
from caseflow.workflow.vocabulary import as_data, from_data, vocabulary
from tests.support.trades import START

EVENTS = (*FACTS, AssessmentCompleted)

noted = recorded("noted", ProgressNoted, wanted="There is a note.", since_entering=("monitoring",))
MADE = [
    *six_stage.all_rules.values(),
    noted,
    at_least("three-notes", ProgressNoted, 3, wanted="There are three notes.").warns(),
    not_older_than("fresh", AssessmentCompleted, "1 year", wanted="The assessment is fresh."),
    contact_attempted(times=3, over="14 days").due(within="5 working days"),
    caseload_cap(20),
    all_of("both", needs_covered, needs_numbered),
    any_of("either", needs_covered.warns(), noted, wanted="One of the two."),
    not_("none", noted, wanted="There is no note."),
    when("if-assessed", assessment_completed, then=needs_covered, excepted_by="supervisor"),
]


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.id)
def test_a_rule_is_written_as_data_and_read_back(made):
    again = from_data(as_data(made), VOCABULARY, EVENTS)
    assert as_data(again) == as_data(made)
    for field in ("id", "wanted", "strength", "excepted_by", "source", "rests_on", "history"):
        assert getattr(again, field) == getattr(made, field), field


@given(case=cases(six_stage), made=st.sampled_from([one for one in MADE if not one.counts]))
def test_and_it_judges_as_before(case, made):
    again = from_data(as_data(made), VOCABULARY, EVENTS)
    context = Context(Actor("ana"), START, START, "step", histories={ContactAttempted: ()})
    assert again.result(case, context) == made.result(case, context)


def test_data_says_only_what_it_changes():
    made = from_data(
        {"rule": "contact-attempted", "times": 3, "over": "14 days", "strength": "warn"},
        VOCABULARY,
    )
    assert "at least 3 times over 14 days" in made.wanted
    assert (made.id, made.strength, made.excepted_by) == ("contact-attempted", "warn", "supervisor")


def test_two_rules_read_from_the_same_data_are_one():
    same = {"rule": "contact-attempted", "times": 2}
    once, twice = (from_data(same, VOCABULARY) for _ in range(2))
    county = six_stage.extend(
        "county",
        version="1",
        rules={"close": [once], "withdraw": [twice]},
        drop={"end-as-unable-to-locate": ["contact-attempted"]},
    )
    assert county.all_rules["contact-attempted"].wanted == once.wanted


MISTAKES = {
    "no table": (
        "needs-covered",
        "The rule is 'needs-covered'. Give a table with the name of a rule.",
    ),
    "no rule of that name": (
        {"rule": "need-covered"},
        "The rule names the rule 'need-covered'. Did you mean 'needs-covered' or 'needs-numbered'?",
    ),
    "something it does not take": (
        {"rule": "contact-attempted", "tims": 3},
        "The rule (contact-attempted) has 'tims', which it does not take. Did you mean 'times'?",
    ),
    "a number as text": (
        {"rule": "contact-attempted", "times": "3"},
        "'times' of the rule (contact-attempted) is '3'. Give a whole number.",
    ),
    "true for a number": (
        {"rule": "caseload-cap", "most": True},
        "'most' of the rule (caseload-cap) is True. Give a whole number.",
    ),
    "something it needs": (
        {"rule": "caseload-cap"},
        "The rule (caseload-cap) does not say 'most'. Give what is missing.",
    ),
    "an event that is not there": (
        {"rule": "recorded", "id": "x", "wanted": "X.", "event": "exit-intervew"},
        "'event' of the rule (recorded) is 'exit-intervew'. Give the name of an event. Did you "
        "mean 'exit-interview'?",
    ),
    "a strength that is not there": (
        {"rule": "needs-covered", "strength": "warns"},
        "The rule (needs-covered) has the strength 'warns'. Did you mean 'warn'?",
    ),
    "a time for what is not due": (
        {"rule": "needs-covered", "within": "7 days"},
        "The rule (needs-covered) has a time to do it in. Give it strength: due.",
    ),
    "two things at once": (
        {"all": [], "any": [], "id": "x"},
        "The rule says all and any at once. Give one of: rule, all, any, not, when.",
    ),
    "a part deep inside": (
        {"any": [{"rule": "needs-covered"}, {"not": {"rule": "nedes"}, "id": "y"}], "id": "x"},
        "Not of part 2 of the rule (x) (y) names the rule 'nedes'. There are",
    ),
    "a word of Python": (
        {"rule": "__import__('os').system"},
        "The rule names the rule \"__import__('os').system\". There are",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_data_says_where_and_what_is_allowed(mistake):
    data, sentence = MISTAKES[mistake]
    with pytest.raises(DefinitionError) as wrong:
        from_data(data, VOCABULARY, (*EVENTS, ExitInterview))
    assert str(wrong.value).startswith(sentence)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.dates(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["rule", "all", "any", "not", "when", "then", "id", "times", "within"]
                )
                | st.text(max_size=4),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_the_data_is_the_error_is_a_named_one(data):
    with suppress(DefinitionError):
        assert as_data(from_data(data, VOCABULARY, EVENTS))["id"]


def test_a_function_of_its_own_cannot_be_written_as_data():
    @rule("own", wanted="It is so.")
    def own(case, context):
        return ()

    assert as_data(own)["rule"] == "own"
    with pytest.raises(DefinitionError, match="names the rule 'own'"):
        from_data(as_data(own), VOCABULARY)


def test_a_date_is_read_as_one():
    from types import ModuleType

    from caseflow.workflow.vocabulary import maker

    @maker("by-then")
    def by_then(day: date | None = None):
        return needs_covered.named("by-then").worded(f"By {day}.")

    module = ModuleType("own")
    module.by_then = by_then
    words = vocabulary(module)
    assert from_data({"rule": "by-then", "day": "2026-03-31"}, words).wanted == "By 2026-03-31."
    with pytest.raises(DefinitionError, match=r"Give a date, like '2026-03-31'\."):
        from_data({"rule": "by-then", "day": "2026-02-31"}, words)
