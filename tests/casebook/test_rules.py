"""Rules at work: what refuses, what warns, what is owed, and who makes exceptions."""

import re

import attrs
import pytest

from caseflow import (
    Actor,
    Casebook,
    Command,
    Entry,
    ExceptionMade,
    Index,
    InvalidCall,
    Transition,
    UnknownStep,
    Unmet,
    decide,
    rule,
)
from caseflow.storage import MemoryStorage
from caseflow.workflow.options import options
from tests.support.trades import (
    ANA,
    BOSS,
    DAY,
    FINDINGS,
    HOUR,
    MO,
    ROLES,
    START,
    Accounted,
    CalledBack,
    CallMissed,
    Clock,
    Inspected,
    InvoiceSent,
    Paid,
    PartArrived,
    QuoteAgreed,
    QuoteSent,
    bring,
    invoiced,
    shop,
    shop_book,
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(clock):
    return shop_book(MemoryStorage(), clock=clock)


def extended(clock, **changes):
    """A book of the shop with some rules changed."""
    mine = shop.extend("repair-shop", version="2", **changes)
    numbers = iter(range(1, 100))
    return type(shop_book(MemoryStorage()))(
        mine,
        MemoryStorage(),
        clock=clock,
        roles=ROLES,
        new_id=lambda: f"R-{next(numbers)}",
    )


def outcomes(verdict):
    return {result.rule: result.outcome for result in verdict.results}


# -- the order of evaluation, and every rule -------------------------------------------------


def test_every_unmet_rule_is_reported_never_only_the_first(book):
    case_id = bring(book, "dropped-off")
    book.do(case_id, Inspected(findings=FINDINGS), by=MO)
    verdict = book.ask(case_id, QuoteSent(amount=60_000, share=1_000), by=ANA, at=START + HOUR)
    assert [result.rule for result in verdict.refusals] == [
        "not-in-the-future",
        "quote-founded",
        "price-limit",
        "shares",
    ]


def test_rules_on_the_event_come_before_rules_on_the_transition(clock):
    @rule("on-the-event")
    def on_the_event(case, context):
        """A."""
        yield from ()

    book = extended(clock, rules={QuoteSent: [on_the_event]})
    verdict = book.ask(bring(book, "looked-at"), QuoteSent(amount=9_000), by=ANA)
    assert [result.rule for result in verdict.results] == [
        "on-the-event",
        "quote-founded",
        "price-limit",
        "shares",
    ]


def test_each_rule_is_judged_once(clock):
    judged = []

    @rule("counted")
    def counted(case, context):
        """Once."""
        judged.append(context.step)
        yield from ()

    book = extended(clock, rules={"quote": [counted]})
    case_id = bring(book, "looked-at")
    book.do(case_id, QuoteSent(amount=9_000), by=ANA)
    assert judged == ["quote"]


def test_a_met_rule_is_in_the_verdict_with_its_evidence(book):
    case_id = bring(book, "looked-at")
    verdict = book.ask(case_id, QuoteSent(amount=9_000), by=ANA)
    assert outcomes(verdict) == {"quote-founded": "met", "price-limit": "met", "shares": "met"}
    assert verdict.results[0].evidence == (2, 3)
    assert [part.outcome for part in verdict.results[0].parts] == ["met", "met"]


def test_a_warning_is_shown_and_noted_and_refuses_nothing(book):
    case_id = bring(book, "dropped-off")
    outcome = book.do(case_id, Inspected(), by=MO)
    assert [warning.rule for warning in outcome.verdict.warnings] == ["serial-known"]
    (note,) = outcome.events[0].noted
    assert (note.rule, note.strength, note.outcome) == ("serial-known", "warn", "unmet")


def test_the_position_is_refused_with_what_can_be_done_here(book):
    case_id = bring(book, "dropped-off")
    (result,) = book.ask(case_id, "collect", by=ANA).refusals
    assert (result.rule, result.unmet[0].found) == (
        "position",
        "the case is in intake (dropped off)",
    )
    with pytest.raises(UnknownStep, match="Did you mean 'collect'"):
        book.ask(case_id, "colect", by=ANA)


def test_a_reason_is_one_of_the_codes_and_the_nearest_is_named(book):
    case_id = bring(book, "dropped-off")
    dear, moved = "Too expensive (customer.too-dear)", "moved away (customer.moved-away)"
    for given, choices in (
        (None, f"{moved}, {dear}, no parts"),
        ("customer", f"{dear}, {moved}"),
        ("customer.to-dear", f"{dear}, {moved}"),
        ("no-part", "no parts"),
    ):
        remedy = f"choose one of these: {choices}"
        (result,) = book.ask(case_id, "abandon", by=ANA, reason=given).refusals
        assert (result.rule, result.unmet[0].found, result.unmet[0].remedy) == (
            "reason",
            given or "no reason",
            remedy,
        )


def test_a_reason_in_free_text_may_be_asked_for(book):
    case_id = bring(book, "ready")
    for given in (None, "", "  "):
        assert [r.rule for r in book.ask(case_id, "requote", by=ANA, reason=given).refusals] == [
            "reason"
        ]
    assert book.do(case_id, "requote", by=ANA, reason="it broke").events[0].reason == "it broke"


def test_the_target_is_chosen_by_what_is_decided(book):
    waits, goes_on = bring(book, "quoting"), bring(book, "quoting")
    book.record(goes_on, PartArrived(part="chain"), by=ANA)
    assert book.do(waits, QuoteAgreed(), by=ANA).case.position == "repair.waiting"
    assert book.do(goes_on, QuoteAgreed(), by=ANA).case.position == "repair.bench"


# -- histories -------------------------------------------------------------------------------


def test_a_rule_reads_the_whole_history_that_it_declares(book):
    case_id = bring(book, "waiting")
    verdict = book.ask(case_id, "start", by=ANA)
    assert verdict.refusals[0].unmet[0].about == "chain"
    arrived = book.ask(case_id, PartArrived(part="chain"), PartArrived(part="hub"), "start", by=ANA)
    assert arrived.allowed
    book.record(case_id, PartArrived(part="chain"), PartArrived(part="hub"), by=ANA)
    assert book.ask(case_id, "start", by=ANA).allowed


def test_deciding_by_hand_needs_what_the_rules_read(book):
    case_id = bring(book, "waiting")

    @rule("one-at-a-time", counts="by")
    def capped(case, context):
        """Mo has one case at a time."""
        if context.other_cases("by", "mo"):
            yield Unmet(found="another one")

    mine = shop.extend(
        "mine", version="2", rules={"start": [capped]}, indexes=[Index("by", lambda case: "mo")]
    )
    case, history = book.case(case_id), book.history(case_id)
    step = Command(entries=(Entry("start"),), actor=ANA, now=START)
    for ask in (decide, options):
        what = f"{ask.__name__}(...) needs"
        with pytest.raises(InvalidCall) as lacking:
            ask(mine, case, step)
        assert str(lacking.value) == (
            f"{what} the history of the case: rule 'parts-here' reads every PartArrived. "
            "Give it: Command(..., history=...), with all events of the case."
        )
        for known, found in (
            ({"histories": {}}, "rule 'parts-here' reads every PartArrived"),
            ({"history": history[:-1]}, f"event {len(history) - 1} is the last given, of "),
            ({"history": history[1:]}, "event 2 stands where event 1 belongs"),
            ({"history": ("a",)}, "'a' is no recorded event"),
        ):
            with pytest.raises(
                InvalidCall, match=re.escape(f"{what} the history of the case: {found}")
            ):
                ask(mine, case, step._replace(**known))
        known = step._replace(history=history)
        with pytest.raises(InvalidCall) as lacking:
            ask(mine, case, known)
        assert str(lacking.value) == (
            f"{what} to know how many other cases the index 'by' holds under 'mo'. "
            "Say it: Command(..., counts={('by', 'mo'): 0})."
        )
    arrived = Entry(PartArrived(part="chain")), Entry(PartArrived(part="hub"))
    for others, allowed in ((0, True), (1, False)):
        counted = known._replace(entries=(*arrived, Entry("start")), counts={("by", "mo"): others})
        assert decide(mine, case, counted).verdict.allowed is allowed


# -- what is due -----------------------------------------------------------------------------


def test_what_is_due_is_noted_and_owed_until_a_fact_discharges_it(book, clock):
    case_id = bring(book, "collected")
    decided = book.history(case_id)[-1]
    assert [(n.rule, n.outcome, n.since) for n in decided.noted] == [("invoiced", "unmet", 10)]
    (item,) = book.owed(case_id)
    assert (item.rule, item.since, item.decided_at) == ("invoiced", 10, START)
    assert (item.due_at, item.overdue) == (START + 7 * DAY, False)
    assert item.result.unmet == (Unmet(remedy="record InvoiceSent"),)
    clock.pass_(9 * DAY)
    assert book.owed(case_id)[0].overdue
    book.record(case_id, InvoiceSent(), by=ANA)
    assert book.owed(case_id) == ()


def test_it_is_overdue_only_after_the_moment_it_is_due(book):
    case_id = bring(book, "collected")
    due = START + 7 * DAY
    assert [book.owed(case_id, now=due + shift)[0].overdue for shift in (-DAY, 0 * DAY, HOUR)] == [
        False,
        False,
        True,
    ]


def test_the_time_counts_from_when_the_decision_occurred(book, clock):
    case_id = bring(book, "ready")
    book.record(case_id, Paid(amount=20_000), by=ANA)
    clock.pass_(3 * DAY)
    book.do(case_id, "collect", by=ANA, at=START + DAY)
    assert book.owed(case_id)[0].due_at == START + 8 * DAY


def test_what_is_met_when_decided_is_never_owed(book):
    case_id = bring(book, "ready")
    book.record(case_id, InvoiceSent(), Paid(amount=20_000), by=ANA)
    assert book.do(case_id, "collect", by=ANA).events[0].noted == ()
    assert book.owed(case_id) == ()


def test_it_is_owed_since_the_first_decision_that_is_not_discharged(book, clock):
    case_id = bring(book, "dropped-off")
    first = book.record(case_id, CallMissed(number="5"), by=ANA).case.version
    clock.pass_(DAY)
    second = book.record(case_id, CallMissed(number="6"), by=ANA)
    assert second.events[0].noted[0].since == first
    assert [(item.since, item.due_at) for item in book.owed(case_id)] == [(first, START + 2 * DAY)]
    clock.pass_(DAY)
    book.record(case_id, CalledBack(), by=ANA)
    assert book.owed(case_id) == ()
    clock.pass_(DAY)
    assert book.owed(case_id) == ()  # it was rung back after that call, however long ago
    third = book.record(case_id, CallMissed(number="7"), by=ANA).case.version
    assert [item.since for item in book.owed(case_id)] == [third]


def test_owed_is_in_the_order_in_which_it_is_due_and_undated_last(clock):
    book = extended(clock, strengths={"settled": "due"})
    case_id = bring(book, "ready")
    book.do(case_id, "collect", by=ANA)
    clock.pass_(HOUR)
    book.record(case_id, CallMissed(number="5"), by=ANA)
    assert [(item.rule, item.due_at) for item in book.owed(case_id)] == [
        ("rung-back", START + HOUR + 2 * DAY),
        ("invoiced", START + 7 * DAY),
        ("settled", None),
    ]


@pytest.mark.parametrize(
    "given", [{"drop": {"collect": ["invoiced"]}}, {"strengths": {"invoiced": "warn"}}]
)
def test_what_the_workflow_no_longer_asks_for_is_no_longer_owed(clock, given):
    store = MemoryStorage()
    case_id = bring(shop_book(store, clock=clock), "collected")
    lenient = shop.extend("lenient", version="1", **given)
    repaired = attrs.evolve(lenient, name=shop.name)  # the declaration was changed in its place
    book = Casebook(repaired, store, clock=clock)
    assert book.owed(case_id) == ()


def test_what_one_way_leaves_owed_is_so_where_another_of_that_name_only_warns(clock):
    ways = [
        Transition("finish", source="quoting", to="repair.bench", rules=[invoiced.warns()]),
        Transition("finish", source="intake", to="repair.bench", rules=[invoiced.due()]),
    ]
    both = shop.extend("both", version="1", transitions=ways)
    book = Casebook(both, MemoryStorage(), clock=clock, roles=ROLES)
    owed = {}
    for place in ("looked-at", "quoting"):
        case_id = bring(book, place)
        book.do(case_id, "finish", by=BOSS)
        owed[place] = [one.rule for one in book.owed(case_id)]
    assert owed == {"looked-at": ["invoiced"], "quoting": []}


def test_an_exception_ends_what_is_owed(book, clock):
    case_id = bring(book, "collected")
    book.do(case_id, ExceptionMade(rule="invoiced", reason="the shop's own bicycle"), by=BOSS)
    assert book.owed(case_id) == ()


# -- exceptions ------------------------------------------------------------------------------

DEAR = QuoteSent(amount=60_000)
KIND = ExceptionMade(rule="price-limit", reason="a rare bicycle")


def test_an_exception_lets_a_decision_through_and_every_verdict_shows_it(book):
    case_id = bring(book, "looked-at")
    number = book.do(case_id, KIND, by=BOSS).case.version
    outcome = book.do(case_id, DEAR, by=ANA)
    (leaning,) = outcome.verdict.exceptions
    assert (leaning.rule, leaning.outcome, leaning.exception) == ("price-limit", "excepted", number)
    assert leaning.unmet[0].found == 60_000
    (note,) = outcome.events[0].noted
    assert (note.rule, note.outcome, note.exception) == ("price-limit", "excepted", number)


def test_an_exception_may_be_made_in_the_same_unit(book):
    case_id = bring(book, "looked-at")
    assert book.ask(case_id, KIND, DEAR, by=BOSS).allowed
    assert not book.ask(case_id, DEAR, KIND, by=BOSS).allowed


def test_a_verdict_that_leans_on_an_exception_says_whose_it_is_and_why(book):
    case_id = bring(book, "looked-at")
    made = ExceptionMade(rule="price-limit", reason="a rare bicycle", until=START + 30 * DAY)
    verdict = book.ask(case_id, made, DEAR, by=BOSS)
    (leaning,) = verdict.exceptions
    assert (leaning.exception_made.made_by, leaning.exception_made.reason) == (
        "boss",
        "a rare bicycle",
    )
    (told,) = [r for r in verdict.to_data()["judgements"][1]["results"] if r["exception"]]
    assert (told["exception_by"], told["exception_reason"]) == ("boss", "a rare bicycle")
    words = " ".join(verdict.explain().split())
    assert "by boss, until" in words
    assert ": a rare bicycle." in words


def test_an_exception_has_a_reason(book):
    case_id = bring(book, "looked-at")
    (result,) = book.ask(case_id, ExceptionMade(rule="price-limit", reason=" "), by=BOSS).refusals
    assert (result.rule, result.unmet[0].found) == ("exception-entitled", "no reason")


def test_an_exception_that_only_counts_for_a_fault_is_a_warning(book):
    """`shares` allows no exception; the manager may only except a fault in it."""
    case_id = bring(book, "looked-at")
    verdict = book.ask(case_id, ExceptionMade(rule="shares", reason="x"), by=BOSS)
    assert verdict.allowed
    assert [result.rule for result in verdict.warnings] == ["exception-entitled"]


def test_a_verdict_is_true_where_it_allows(book):
    case_id = bring(book, "looked-at")
    assert book.ask(case_id, KIND, DEAR, by=BOSS)
    assert not book.ask(case_id, DEAR, by=BOSS)


def test_an_exception_covers_its_rule_only(book):
    case_id = bring(book, "looked-at")
    book.do(case_id, ExceptionMade(rule="settled", reason="x"), by=BOSS)
    assert outcomes(book.ask(case_id, DEAR, by=ANA))["price-limit"] == "unmet"


def test_an_exception_covers_decisions_dated_until_its_end(book, clock):
    case_id = bring(book, "looked-at")
    until = START + 2 * DAY
    made = ExceptionMade(rule="price-limit", reason="x", until=until)
    book.do(case_id, made, by=BOSS)
    clock.pass_(5 * DAY)
    assert book.ask(case_id, DEAR, by=ANA, at=until).allowed
    assert not book.ask(case_id, DEAR, by=ANA, at=until + HOUR).allowed
    assert not book.ask(case_id, DEAR, by=ANA).allowed


def exception_refused(book, case_id, made, by):
    (result,) = book.ask(case_id, made, by=by).refusals
    assert result.rule == "exception-entitled"
    return result.unmet[0].found, result.unmet[0].remedy


def test_only_the_role_entitled_to_it_makes_an_exception(book):
    case_id = bring(book, "looked-at")
    assert exception_refused(book, case_id, KIND, MO) == ("mo acts as a mechanic", "ask a manager")
    for name, found in (
        ("described", 'no rule is called "described"'),
        ("prize-limit", 'no rule is called "prize-limit"'),
        ("position", "position is asked in every workflow, and no exception from it is possible"),
    ):
        made = ExceptionMade(rule=name, reason="x")
        assert exception_refused(book, case_id, made, BOSS)[0] == found


def test_where_no_role_is_named_nobody_makes_exceptions(clock):
    book = extended(clock, faults_excepted_by="")
    case_id = bring(book, "looked-at")
    made = ExceptionMade(rule="shares", reason="x")
    assert exception_refused(book, case_id, made, BOSS) == (
        "rule shares allows no exception",
        "do what the rule asks for, or let the agency name a role for exceptions",
    )


def test_the_role_for_faults_excepts_no_unmet_rule(book):
    case_id = bring(book, "looked-at")
    made = ExceptionMade(rule="shares", reason="x")
    unmet = QuoteSent(amount=1_000, share=100)
    assert not book.ask(case_id, made, unmet, by=BOSS).allowed


def test_a_fault_is_named_and_refuses_and_can_be_excepted(book):
    case_id = bring(book, "looked-at")
    broken = QuoteSent(amount=1_000, share=0)
    (result,) = book.ask(case_id, broken, by=ANA).refusals
    assert (result.rule, result.outcome) == ("shares", "fault")
    assert result.fault == "ZeroDivisionError: integer division or modulo by zero"
    assert result.excepted_by == "manager"
    book.do(case_id, ExceptionMade(rule="shares", reason="a typo in the rule"), by=BOSS)
    outcome = book.do(case_id, broken, by=ANA)
    (note,) = outcome.events[0].noted
    assert (note.rule, note.outcome, note.exception) == ("shares", "fault-excepted", 4)


def test_a_fault_of_a_warning_is_shown_and_refuses_nothing(clock):
    book = extended(clock, strengths={"shares": "warn"})
    outcome = book.do(bring(book, "looked-at"), QuoteSent(amount=1_000, share=0), by=ANA)
    assert [warning.outcome for warning in outcome.verdict.warnings] == ["fault"]
    assert outcome.events[0].noted[0].outcome == "fault"


def test_a_fault_on_a_fact_refuses_nothing_and_is_noted(clock):
    @rule("broken")
    def broken(case, context):
        """It holds."""
        raise RuntimeError("out of order")
        yield

    book = extended(clock, rules={Paid: [broken.warns()], Accounted: [broken.due()]})
    case_id = bring(book, "dropped-off")
    outcome = book.record(case_id, Paid(amount=100), Accounted(), by=ANA)
    assert [entry.noted[0].outcome for entry in outcome.events] == ["fault", "fault"]
    assert outcome.verdict.warnings[0].fault == "RuntimeError: out of order"


def test_an_exception_counts_in_the_role_in_which_it_was_made(clock):
    """Who may only except faults has not excepted the rule that is unmet."""
    book = extended(clock, faults_excepted_by="engineer")
    case_id = bring(book, "looked-at")
    book.do(case_id, KIND, by=Actor("eve", "engineer"))
    assert outcomes(book.ask(case_id, DEAR, by=ANA))["price-limit"] == "unmet"
    book.do(case_id, KIND, by=BOSS)
    assert outcomes(book.ask(case_id, DEAR, by=ANA))["price-limit"] == "excepted"


def test_what_is_owed_is_judged_as_for_the_decision_at_a_later_moment(clock):
    seen = []

    @rule("looked-at-again")
    def looked_at_again(case, context):
        """It is looked at again."""
        seen.append((context.at - START, context.now - START, context.event, context.step))
        yield Unmet()

    book = extended(clock, rules={"collect": [looked_at_again.due()]})
    case_id = bring(book, "ready")
    book.record(case_id, Paid(amount=20_000), by=ANA)
    clock.pass_(DAY)
    moved = book.do(case_id, "collect", by=ANA, at=START + HOUR).events[0].event
    book.owed(case_id, now=START + 5 * DAY)
    assert list(dict.fromkeys(seen)) == [
        (HOUR, DAY, moved, "collect"),
        (HOUR, 5 * DAY, moved, "collect"),
    ]


def test_what_is_due_and_could_not_be_judged_is_owed_until_it_can_be():
    broken = [True]

    @rule("insured")
    def insured(case, context):
        """The bicycle is insured."""
        if broken:
            raise LookupError("no list of insurers")
        yield from ()

    workflow = shop.extend("insuring", version="1", rules={"quote": [insured.due()]})
    book = Casebook(workflow, MemoryStorage(), roles=ROLES, clock=Clock())
    case_id = bring(book, "looked-at")
    book.do(case_id, QuoteSent(amount=20_000), by=BOSS)
    assert [one.rule for one in book.owed(case_id) if one.rule == "insured"] == ["insured"]
    broken.clear()
    assert "insured" not in [one.rule for one in book.owed(case_id)]


def test_a_rule_that_catches_everything_still_waits_for_what_will_be_entered(book):
    @rule("kind")
    def kind(case, context):
        """The quote is kind."""
        try:
            dear = context.event.amount > 1
        except Exception:
            dear = False
        if dear:
            yield Unmet(remedy="quote less")

    workflow = shop.extend("kindly", version="1", rules={"quote": [kind]})
    kindly = Casebook(workflow, MemoryStorage(), roles=ROLES, clock=Clock())
    case_id = bring(kindly, "looked-at")
    (quote,) = [one for one in kindly.options(case_id, by=BOSS) if one.name == "quote"]
    assert [r.outcome for r in quote.judgement.results if r.rule == "kind"] == ["needs-input"]
