"""Verdicts: exact texts that a caseworker reads, and the same as plain data."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow import (
    Calendar,
    CaseOpened,
    Context,
    ExceptionMade,
    Judgement,
    NoState,
    Refused,
    Unmet,
    Voided,
    fold,
    rule,
)
from caseflow.kernel.explain import explain_result
from caseflow.kernel.verdict import Verdict
from caseflow.storage import MemoryStorage
from tests.support.trades import (
    ANA,
    BOSS,
    DAY,
    HOUR,
    MO,
    START,
    DiscountGiven,
    Finding,
    Inspected,
    Paid,
    QuoteAgreed,
    QuoteSent,
    Ridden,
    bring,
    entry,
    shop_book,
)


@pytest.fixture
def book():
    return shop_book(MemoryStorage())


def reads(verdict, text):
    """The verdict reads exactly so, and fits a screen of 80 columns."""
    assert verdict.explain() == text.strip("\n")
    assert str(verdict) == verdict.explain()
    assert max(map(len, verdict.explain().splitlines())) <= 78


def dear(book):
    """A repair that was quoted at 400 euros."""
    case_id = bring(book, "looked-at")
    book.do(case_id, QuoteSent(amount=40_000), by=ANA)
    return case_id


# -- what a person reads ---------------------------------------------------------------------


def test_refused_by_several_rules(book):
    findings = (
        Finding(part="chain", trouble="", needs_part=True),
        Finding(part="hub", trouble=""),
    )
    case_id = bring(book, "dropped-off")
    book.do(case_id, Inspected(findings=findings), by=MO)
    verdict = book.ask(case_id, QuoteSent(amount=60_000, share=1_000), by=ANA, at=START + HOUR)
    reads(
        verdict,
        """
Not allowed: quote, from intake (looked at) to Quote.

Why not:
- A decision is dated today or earlier.
    Found: 2 March 2026, 10:00.
    To do: give the moment at which it was decided.
    Rule: not-in-the-future.
- The quote is founded.
    All of these are needed:
    - The customer has said what is wrong.
         Found: nothing recorded.
         To do: record BikeDescribed.
         Rule: described. Source: shop book 1.
    - Each finding says what is wrong with the part.
         Chain: found no words.
         Hub: found no words.
         To do, for each: correct the inspection.
         Rests on: event 2 (2 March 2026).
         Rule: findings-named. Source: shop book 2.
    Rests on: event 2 (2 March 2026).
    Rule: quote-founded. Source: shop book 1; shop book 2.
- A quote is at most 500 euros.
    Found: 60000.
    To do: quote less.
    Or: a manager may make an exception.
    Rule: price-limit.
- Each share of a quote is at least 10 euros.
    Found: 60.
    To do: quote fewer shares.
    Rule: shares.
""",
    )


def test_refused_for_want_of_the_role(book):
    verdict = book.ask(bring(book, "looked-at"), "stolen", by=ANA)
    reads(
        verdict,
        """
Not allowed: stolen, in intake (looked at).

Why not:
- This is done by a manager.
    Found: ana acts in no role.
    To do: ask a manager to do it.
    Rule: role.
""",
    )


def test_refused_because_of_the_position(book):
    verdict = book.ask(bring(book, "looked-at"), "collect", by=ANA)
    reads(
        verdict,
        """
Not allowed: collect, in intake (looked at).

Why not:
- This is done in ready.
    Found: the case is in intake (looked at).
    To do: take the case there first: quote, then agree, then test.
    Rule: position.
""",
    )


def test_refused_because_of_the_reason(book):
    verdict = book.ask(bring(book, "looked-at"), "abandon", by=ANA, reason="no-part")
    reads(
        verdict,
        """
Not allowed: abandon, from intake (looked at) to abandoned.

Why not:
- A reason is given, by one of the agency's codes.
    Found: no-part.
    To do: choose one of these: no parts.
    Rule: reason.
""",
    )


def test_a_warning_and_an_any_of_and_what_is_due(book):
    verdict = book.ask(bring(book, "ready"), Paid(amount=150), "collect", by=ANA)
    reads(
        verdict,
        """
A fact: paid, in ready.

Warnings:
- A payment is a whole number of euros.
    Found: 150.
    Rule: round-sum.
Not allowed: collect, from ready to collected.

Why not:
- The repair is paid. Or: The customer has an account.
    One of these is needed:
    - The repair is paid.
         Found: 150.
         To do: take 19850.
         Rests on: events 4, 9 (2 March 2026).
         Rule: paid-up. Source: shop book 7.
    - The customer has an account.
         Found: nothing recorded.
         To do: open an account.
         Rule: has-account.
    Or: a manager may make an exception.
    Rests on: events 4, 9 (2 March 2026).
    Rule: settled. Source: shop book 7.

Would be due afterwards:
- An invoice is sent after the bicycle was collected.
    Found: nothing recorded.
    To do: record InvoiceSent.
    Due: within 7 days, by 9 March 2026, 09:00, from the manager.
    Rule: invoiced. Source: tax law.

These steps are one unit: none of them is recorded.
""",
    )


def test_what_an_allowed_step_leaves_to_do_is_due_afterwards(book):
    shown = book.ask(bring(book, "ready"), Paid(amount=20_000), "collect", by=ANA).explain()
    assert "Allowed: collect, from ready to collected." in shown
    assert "\n\nDue afterwards:\n- An invoice is sent" in shown


def test_an_answer_that_is_no_is_said(book):
    case_id = bring(book, "bench")
    asked = [book.ask(case_id, Ridden(passed=passed), by=BOSS) for passed in (True, False)]
    assert [one.explain() for one in asked] == [
        "Allowed: test, from repair (bench) to ready.",
        "Allowed: test (not passed), in repair (bench).",
    ]


@pytest.mark.parametrize(
    ("extent", "said"),
    [
        ({"until": datetime(2026, 3, 31, 12, tzinfo=UTC)}, "until 31 March 2026, 12:00"),
        ({"until": Calendar().end_of(date(2026, 3, 31))}, "until 31 March 2026"),
        ({"due_on": date(2026, 2, 22)}, "for 22 February 2026"),
    ],
)
def test_an_exception_says_for_which_day_or_until_when(book, extent, said):
    made = ExceptionMade(rule="price-limit", reason="rare", **extent)
    first, *_ = " ".join(book.ask(dear(book), made, by=BOSS).explain().split()).split(" Why not")
    assert first.endswith(f'make an exception to "A quote is at most 500 euros" {said}, in Quote.')


def test_who_pauses_stays_where_they_are(book):
    case_id = bring(book, "quoting")
    held = book.do(case_id, "hold", by=ANA, reason="holiday").verdict
    assert held.explain() == "Allowed: hold, in Quote."
    assert book.ask(case_id, "resume", by=ANA).explain() == (
        "Allowed: resume, from Quote (on hold) to Quote."
    )


def test_a_fault(book):
    case_id = bring(book, "looked-at")
    verdict = book.ask(case_id, QuoteSent(amount=60_000, share=0), by=ANA)
    reads(
        verdict,
        """
Not allowed: quote, from intake (looked at) to Quote.

Why not:
- A quote is at most 500 euros.
    Found: 60000.
    To do: quote less.
    Or: a manager may make an exception.
    Rule: price-limit.
- Each share of a quote is at least 10 euros.
    Found: a fault in the rule itself, so it could not be judged.
    To do: tell those who keep the rules: ZeroDivisionError: integer division
      or modulo by zero
    Or: a manager may make an exception.
    Rule: shares.
""",
    )


def test_by_exception(book):
    made = ExceptionMade(rule="price-limit", reason="rare")
    verdict = book.ask(bring(book, "looked-at"), made, QuoteSent(amount=60_000), by=BOSS)
    reads(
        verdict,
        """
Allowed: make an exception to "A quote is at most 500 euros", in intake
  (looked at).
Allowed: quote, from intake (looked at) to Quote.

By exception:
- A quote is at most 500 euros.
    Found: 60000.
    Allowed by the exception in event 4, by boss: rare.
    Rule: price-limit.
""",
    )


def test_a_condition_that_warns(book):
    verdict = book.ask(dear(book), QuoteAgreed(), by=ANA)
    reads(
        verdict,
        """
Allowed: agree, from Quote to repair (waiting).

Warnings:
- Where this holds: The quote is over 300 euros. Then also: The customer has
  an account.
    It applies here (The quote is over 300 euros), and asks for:
    - The customer has an account.
         Found: nothing recorded.
         To do: open an account.
         Rule: has-account.
    Rests on: event 4 (2 March 2026).
    Rule: account-when-dear.
""",
    )


def test_a_condition_and_a_negation_that_refuse(book):
    verdict = book.ask(dear(book), DiscountGiven(percent=5), by=ANA)
    reads(
        verdict,
        """
Not allowed: discount given, in Quote.

Why not:
- Where this holds: The quote is over 300 euros. Then also: The customer has
  an account.
    It applies here (The quote is over 300 euros), and asks for:
    - The customer has an account.
         Found: nothing recorded.
         To do: open an account.
         Rule: has-account.
    Rests on: event 4 (2 March 2026).
    Rule: account-when-dear.
- A dear repair gets no discount.
    Found: it holds: The quote is over 300 euros.
    Or: a manager may make an exception.
    Rests on: event 4 (2 March 2026).
    Rule: not-overpriced.
""",
    )


def test_a_move_out_of_order(book):
    verdict = book.ask(dear(book), "abandon", reason="no-parts", by=ANA, at=START - DAY)
    reads(
        verdict,
        """
Not allowed: abandon, from Quote to abandoned.

Why not:
- A move is dated after the move that led here.
    Found: 1 March 2026, 09:00, and the case came here on 2 March 2026,
      09:00.
    To do: give a later moment, or correct the date of the earlier move.
    Rests on: event 4 (2 March 2026).
    Rule: moves-in-order.
""",
    )


def test_refused_on_hold(book):
    case_id = dear(book)
    book.do(case_id, "hold", by=ANA, reason="holiday")
    verdict = book.ask(case_id, QuoteAgreed(), by=ANA)
    reads(
        verdict,
        """
Not allowed: agree, in Quote (on hold).

Why not:
- This is done in Quote.
    Found: the case is on hold.
    To do: resume the case first.
    Rule: position.
""",
    )


def test_nothing_is_to_be_done_for_a_step_that_is_only_for_cases_on_hold_or_ended(book):
    open_case = bring(book, "looked-at")
    reads(
        book.ask(open_case, "resume", by=BOSS),
        """
Not allowed: resume, in intake (looked at).

Why not:
- This is done while the case is on hold.
    Found: the case is not on hold.
    Rule: position.
""",
    )
    held = dear(book)
    book.do(held, "hold", by=ANA, reason="holiday")
    for case_id in (open_case, held):
        (refusal,) = book.ask(case_id, "reopen", by=BOSS, reason="x").refusals
        assert (refusal.unmet[0].found, refusal.unmet[0].remedy) == ("the case is open", "")
        assert refusal.wanted == "This is done when the case has ended."
    (refusal,) = book.ask(held, "hold", by=ANA, reason="holiday").refusals
    assert refusal.wanted == "This is done while the case is not on hold."
    assert (refusal.unmet[0].found, refusal.unmet[0].remedy) == ("the case is on hold", "")


def test_a_void_without_the_role(book):
    verdict = book.ask(dear(book), Voided(number=3), by=ANA)
    reads(
        verdict,
        """
Not allowed: void event 3, in Quote.

Why not:
- Event 3 can be voided.
    Found: ana may not take the decision in event 3.
    To do: ask a mechanic.
    Rests on: event 3 (2 March 2026).
    Rule: amendment.
""",
    )


def test_an_exception_without_the_role(book):
    verdict = book.ask(dear(book), ExceptionMade(rule="shares", reason="x"), by=ANA)
    reads(
        verdict,
        """
Not allowed: make an exception to "Each share of a quote is at least 10
  euros", in Quote.

Why not:
- An exception is made for a reason, by the role entitled to it.
    Found: ana acts in no role.
    To do: ask a manager.
    Rule: exception-entitled.
""",
    )


def test_a_fact_after_the_end(book):
    verdict = book.record(bring(book, "collected"), Paid(amount=100), by=ANA).verdict
    reads(
        verdict,
        """
A fact: paid, in collected.

Warnings:
- A fact belongs to an open case.
    Found: the case ended on 2 March 2026, 09:00.
    To do: reopen the case, if work goes on.
    Rests on: event 10 (2 March 2026).
    Rule: after-the-end.
""",
    )


def test_an_option_that_waits_for_input(book):
    (quote, *_) = book.options(bring(book, "looked-at"), by=ANA)
    reads(
        Verdict(True, (quote.judgement,)),
        """
Allowed: quote, from intake (looked at) to Quote.

Waits for what you will enter:
- A quote is at most 500 euros.
    Rule: price-limit.
- Each share of a quote is at least 10 euros.
    Rule: shares.
""",
    )


def test_a_refusal_shows_its_verdict(book):
    with pytest.raises(Refused) as refused:
        book.do(bring(book, "looked-at"), "stolen", by=ANA)
    assert str(refused.value) == refused.value.verdict.explain()


def test_what_it_rests_on_has_the_agencys_day_where_the_case_remembers_the_event():
    @rule("looks", wanted="It is paid.")
    def looks(case, context):
        yield Unmet(evidence=(1, 2, 3, 4, 5))

    opened = entry(1, CaseOpened(client="c"), stage="quoting")
    paid = [entry(n, Paid(amount=1), occurred_at=START + n * DAY) for n in (2, 3, 4)]
    later = entry(5, DiscountGiven(percent=5), occurred_at=START + 4 * DAY + HOUR / 2)
    case = fold([opened, *paid, later], NoState())
    context = Context(ANA, START, START, "step", calendar=Calendar("Pacific/Honolulu"))
    result = looks.result(case, context)
    judged = Judgement("x", "x", "quoting", "ready", False, (result,), case, context)
    text = " ".join(Verdict(False, (judged,)).explain().split())
    assert "Rests on: events 1 (2 March 2026); 2 (3 March 2026); 3; 4, 5 (5 March 2026)." in text
    told = explain_result(result, days={1: date(2026, 3, 2), 4: date(2026, 3, 2)})
    assert "Rests on: events 1, 2, 3, 4, 5." in told, "2 and 3 may be of another day, or not"


words = st.text("abc def", min_size=1, max_size=300)


@given(words, words, words, words)
def test_however_long_the_words_no_line_is_wider_than_78_columns(wanted, found, remedy, about):
    @rule("wordy", source=found, excepted_by="manager", wanted=f"W {wanted}")
    def wordy(case, context):
        yield Unmet(found=found, remedy=remedy, about=about)

    case = fold([entry(1, CaseOpened(client="c"), stage="quoting")], NoState())
    context = Context(ANA, START, START, "step", Paid(amount=1))
    result = wordy.result(case, context)
    label = "a label that is as long as a label can be " * 3
    judgement = Judgement("x", label, "quoting", "ready", False, (result,), case, context)
    shown = Verdict(False, (judgement,)).explain()
    long_words = [w for w in f"{wanted} {found} {remedy} {about}".split() if len(w) > 55]
    if not long_words:
        assert max(map(len, shown.splitlines())) <= 78
        assert max(map(len, explain_result(result).splitlines())) <= 78
