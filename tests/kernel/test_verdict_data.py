"""Verdicts as plain data, and how values read in a sentence."""

import json

import pytest

from caseflow.kernel.explain import plain_data, plain_words
from caseflow.kernel.verdict import in_words
from caseflow.storage import MemoryStorage
from tests.support.trades import (
    ANA,
    DAY,
    HOUR,
    START,
    Paid,
    bring,
    shop_book,
)


@pytest.fixture
def book():
    return shop_book(MemoryStorage())


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5, "5"),
        (True, "yes"),
        (False, "no"),
        (START, "2 March 2026, 09:00"),
        (START.date(), "2 March 2026"),
        (3 * DAY, "3 days"),
        (DAY, "1 day"),
        (36 * HOUR, "36 hours"),
        (("a", "b"), "a, b"),
        ((), "none"),
        ("A sentence.", "A sentence"),
    ],
)
def test_how_a_value_reads_in_a_sentence(value, said):
    assert plain_words(value) == said


def test_how_a_position_reads_in_a_sentence():
    assert in_words("repair.bench:hold") == "repair (bench, on hold)"
    assert in_words("intake.looked-at") == "intake (looked at)"
    assert in_words("quoting:hold") == "quoting (on hold)"
    assert in_words(None) == "no stage"


# -- plain data ------------------------------------------------------------------------------

RESULT_KEYS = {
    "exception_by",
    "exception_reason",
    "rule",
    "outcome",
    "strength",
    "wanted",
    "unmet",
    "evidence",
    "excepted_by",
    "exception",
    "within",
    "owner",
    "fault",
    "source",
    "connective",
    "parts",
}
JUDGEMENT_KEYS = {"label", "step", "position", "target", "allowed", "actor", "at", "results"}


def check_result(data):
    assert set(data) == RESULT_KEYS
    for item in data["unmet"]:
        assert set(item) == {"about", "found", "remedy"}
    for part in data["parts"]:
        check_result(part)


def test_a_verdict_as_data_has_stable_keys_and_only_json_types(book):
    case_id = bring(book, "ready")
    data = book.ask(case_id, Paid(amount=150), "collect", by=ANA).to_data()
    assert set(data) == {"allowed", "judgements", "earlier"}
    assert json.loads(json.dumps(data)) == data
    for judgement in data["judgements"]:
        assert set(judgement) == JUDGEMENT_KEYS
        for result in judgement["results"]:
            check_result(result)
    assert data["allowed"] is False
    (settled, invoiced) = data["judgements"][1]["results"]
    assert settled["unmet"] == [
        {"about": "", "found": 150, "remedy": "take 19850"},
        {"about": "", "found": None, "remedy": "open an account"},
    ]
    assert [part["rule"] for part in settled["parts"]] == ["paid-up", "has-account"]
    assert (settled["connective"], settled["evidence"]) == ("any of", [4, 9])
    assert (invoiced["strength"], invoiced["within"]) == ("due", "7 days")


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, None),
        (5, 5),
        (True, True),
        ("x", "x"),
        (START, "2026-03-02T09:00:00+00:00"),
        (START.date(), "2026-03-02"),
        (("a", 1), ["a", 1]),
        ({"a": (1,)}, {"a": [1]}),
        (2 * DAY, "2 days"),
        (Paid(amount=1), "Paid(amount=1)"),
    ],
)
def test_what_was_found_as_data(value, data):
    assert plain_data(value) == data


def test_a_verdict_sorts_its_results(book):
    case_id = bring(book, "ready")
    verdict = book.ask(case_id, Paid(amount=150), "collect", by=ANA)
    assert [r.rule for r in verdict.results] == ["round-sum", "settled", "invoiced"]
    assert [r.rule for r in verdict.refusals] == ["settled"]
    assert [r.rule for r in verdict.warnings] == ["round-sum"]
    assert [r.rule for r in verdict.owed] == ["invoiced"]
    assert verdict.exceptions == ()
    assert verdict.judgements[0].noted[0].rule == "round-sum"
