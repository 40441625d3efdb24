"""Options: what can be done from here, open or blocked, and by what."""

import pytest

from caseflow import (
    Unmet,
    rule,
)
from caseflow.storage import MemoryStorage
from tests.casebook.test_rules import extended
from tests.support.trades import (
    ANA,
    FINDINGS,
    MO,
    Clock,
    DiscountGiven,
    Inspected,
    QuoteSent,
    Ridden,
    bring,
    shop_book,
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(clock):
    return shop_book(MemoryStorage(), clock=clock)


def option(book, case_id, name, by=ANA):
    return next(found for found in book.options(case_id, by=by) if found.name == name)


def test_what_is_asked_twice_is_answered_alike(book):
    case_id = bring(book, "looked-at")
    asked = {"by": ANA, "at": book.case(case_id).recorded_at}
    assert book.options(case_id, **asked) == book.options(case_id, **asked)


def test_an_option_says_what_it_needs_where_it_leads_and_what_refuses_it(book):
    case_id = bring(book, "looked-at")
    quote = option(book, case_id, "quote")
    assert (quote.open, quote.records, quote.needs) == (True, QuoteSent, ("amount",))
    assert {r.rule: r.outcome for r in quote.judgement.results} == {
        "quote-founded": "met",
        "price-limit": "needs-input",
        "shares": "needs-input",
    }
    abandon = option(book, case_id, "abandon")
    assert (abandon.open, abandon.target, abandon.reason_required) == (True, "abandoned", True)
    assert abandon.reasons == {
        "customer.too-dear": "Too expensive",
        "customer.moved-away": "moved away",
        "no-parts": "no parts",
    }
    stolen = option(book, case_id, "stolen")
    assert (stolen.open, [r.rule for r in stolen.blocked_by]) == (False, ["role"])


def test_a_rule_that_the_payload_cannot_save_closes_the_option(book):
    case_id = bring(book, "dropped-off")
    book.do(case_id, Inspected(findings=FINDINGS), by=MO)
    quote = option(book, case_id, "quote")
    assert (quote.open, [r.rule for r in quote.blocked_by]) == (False, ["quote-founded"])


def test_a_target_that_depends_on_the_payload_is_not_told(book):
    case_id = bring(book, "bench")
    ride = option(book, case_id, "test", by=MO)
    assert (ride.open, ride.target) == (True, None)
    agreed = option(book, bring(book, "quoting"), "agree")
    assert agreed.target == "repair.waiting"


def test_options_are_in_the_order_of_the_declaration(book):
    assert [found.name for found in book.options(bring(book, "quoting"), by=ANA)] == [
        "quote",
        "agree",
        "abandon",
        "stolen",
        "discount-given",
        "hold",
    ]
    assert [found.name for found in book.options(bring(book, "collected"), by=ANA)] == ["reopen"]


def test_a_rule_on_the_reason_waits_for_it(clock):
    @rule("long-reason")
    def long_reason(case, context):
        """The reason is a sentence."""
        if len(context.reason or "") < 5:
            yield Unmet(found=context.reason)

    book = extended(clock, rules={"requote": [long_reason]})
    case_id = bring(book, "ready")
    assert option(book, case_id, "requote").open
    assert book.ask(case_id, "requote", by=ANA, reason="it broke").allowed
    assert not book.ask(case_id, "requote", by=ANA, reason="no").allowed


def test_a_decision_in_a_stage_is_taken_without_moving(book):
    case_id = bring(book, "quoting")
    outcome = book.do(case_id, DiscountGiven(percent=5), by=ANA)
    assert (outcome.case.position, outcome.events[0].transition) == ("quoting", "discount-given")
    assert outcome.events[0].stage is None
    assert not book.ask(bring(book, "ready"), DiscountGiven(percent=5), by=ANA).allowed


def test_asking_never_writes(book):
    case_id = bring(book, "bench")
    before = book.history(case_id)
    book.ask(case_id, Ridden(passed=True), "collect", by=MO)
    book.options(case_id, by=MO)
    book.owed(case_id)
    assert book.history(case_id) == before
