"""Corrections and voids: nothing is rewritten, and what was wrong no longer takes effect."""

import pytest

from caseflow import (
    Actor,
    Casebook,
    CaseOpened,
    Corrected,
    Entry,
    ExceptionMade,
    PayloadInvalid,
    PayloadNeeded,
    Refused,
    Unmet,
    Voided,
    effective,
    rule,
)
from caseflow.storage import MemoryStorage
from tests.support.trades import (
    ANA,
    BOSS,
    DAY,
    FINDINGS,
    MO,
    ROLES,
    START,
    STEPS,
    Accounted,
    BikeDescribed,
    Clock,
    DiscountGiven,
    Inspected,
    Paid,
    PartArrived,
    QuoteAgreed,
    QuoteSent,
    Ridden,
    bring,
    shop,
    shop_book,
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store():
    return MemoryStorage()


@pytest.fixture
def book(store, clock):
    return shop_book(store, clock=clock)


def missing(book, case_id, step, by=BOSS, **given):
    """What is missing of a step that is refused by one rule."""
    with pytest.raises(Refused) as refused:
        book.do(case_id, step, by=by, **given)
    return [
        (result.rule, item.about, item.found, item.remedy)
        for result in refused.value.verdict.refusals
        for item in result.unmet
    ]


def amended(found, remedy, about=""):
    return [("amendment", about, found, remedy)]


# -- what takes effect -----------------------------------------------------------------------


def test_a_correction_takes_effect_and_the_history_shows_both(book):
    case_id = bring(book, "dropped-off")
    book.record(case_id, Paid(amount=1), by=ANA)
    before = book.history(case_id)
    case = book.do(case_id, Corrected(number=2, event=Paid(amount=9)), by=ANA).case
    assert case.state.paid == 9
    assert case.latest_recorded(Paid).corrected_by == 3
    assert book.history(case_id)[:2] == before
    assert book.history(case_id)[2].event == Corrected(number=2, event=Paid(amount=9))
    assert book.case(case_id) == case


def test_a_void_takes_effect_and_the_history_shows_both(book):
    case_id = bring(book, "dropped-off")
    book.record(case_id, Paid(amount=1), by=ANA)
    case = book.do(case_id, Voided(number=2), by=ANA).case
    assert (case.count(Paid), case.state.paid) == (0, 0)
    assert [type(entry.event) for entry in book.history(case_id)] == [CaseOpened, Paid, Voided]


def test_the_moment_alone_can_be_corrected(book, clock):
    case_id = bring(book, "dropped-off")
    clock.pass_(2 * DAY)
    book.do(case_id, "abandon", by=ANA, reason="no-parts")
    case = book.do(case_id, Corrected(number=2, occurred_at=START + DAY), by=ANA).case
    assert case.stage_at(START + DAY) == "abandoned"


@pytest.mark.parametrize("place", STEPS)
def test_facts_are_correctable_in_every_stage(book, place):
    case_id = bring(book, place)
    number = book.record(case_id, Paid(amount=1), by=ANA).case.version
    paid = book.do(case_id, Corrected(number=number, event=Paid(amount=2)), by=ANA).case.state.paid
    assert book.do(case_id, Voided(number=number), by=ANA).case.state.paid == paid - 2


@pytest.mark.parametrize("place", ["quoting", "waiting", "bench"])
def test_facts_are_correctable_on_hold(book, place):
    case_id = bring(book, place)
    book.do(case_id, "hold", by=ANA, reason="holiday")
    number = book.record(case_id, Paid(amount=1), by=ANA).case.version
    assert book.do(case_id, Voided(number=number), by=ANA).case.on_hold


def test_voiding_a_move_leads_back_to_where_the_case_was(book):
    case_id = bring(book, "waiting")
    last = book.case(case_id).path[-1].number
    case = book.do(case_id, Voided(number=last), by=ANA).case
    assert case.position == "quoting"
    assert book.do(case_id, QuoteAgreed(words="again"), by=ANA).case.position == "repair.waiting"


def test_moves_are_voided_one_after_another_the_last_first(book):
    case_id = bring(book, "quoting")
    assert missing(book, case_id, Voided(number=3)) == amended(
        "event 3 moved the case, and event 4 moved it on",
        "void event 4 first, or correct the date",
    )
    book.do(case_id, Voided(number=4), Voided(number=3), by=BOSS)
    assert book.case(case_id).position == "intake.dropped-off"


def test_a_decision_that_stayed_may_be_voided_after_later_moves(book):
    case_id = bring(book, "quoting")
    given = DiscountGiven(percent=5)
    number = book.do(case_id, given, by=ANA).case.version
    book.do(case_id, QuoteAgreed(), by=ANA)
    assert book.do(case_id, Voided(number=number), by=ANA).case.count(DiscountGiven) == 0


def test_voiding_an_exception_ends_it(book):
    case_id = bring(book, "dropped-off")
    book.do(case_id, ExceptionMade(rule="price-limit", reason="rare bicycle"), by=BOSS)
    book.do(case_id, BikeDescribed(words="x"), Inspected(), by=MO)
    assert book.ask(case_id, QuoteSent(amount=60_000), by=ANA).allowed
    book.do(case_id, Voided(number=2), by=BOSS)
    assert not book.ask(case_id, QuoteSent(amount=60_000), by=ANA).allowed


def test_voiding_the_decision_ends_what_it_left_to_be_done(book):
    case_id = bring(book, "collected")
    assert [item.rule for item in book.owed(case_id)] == ["invoiced"]
    book.do(case_id, Voided(number=book.case(case_id).version), by=ANA)
    assert book.owed(case_id) == ()


def test_a_snapshot_taken_before_no_longer_holds(clock):
    store = MemoryStorage()
    book = shop_book(store, clock=clock, snapshot_every=2)
    case_id = bring(book, "dropped-off")
    book.record(case_id, Paid(amount=1), by=ANA)
    assert store.snapshot("agency", case_id).version == 2
    book.do(case_id, Voided(number=2), by=ANA)
    assert store.snapshot("agency", case_id) is None
    fresh = shop_book(store, clock=clock, snapshot_every=2)
    assert fresh.case(case_id).state.paid == 0


def test_what_a_unit_voids_is_gone_for_its_next_steps(book):
    case_id = bring(book, "waiting")
    number = book.record(case_id, PartArrived(part="chain"), by=ANA).case.version
    assert book.ask(case_id, "start", by=ANA).allowed
    assert not book.ask(case_id, Voided(number=number), "start", by=ANA).allowed
    hub = Corrected(number=number, event=PartArrived(part="hub"))
    assert not book.ask(case_id, hub, "start", by=ANA).allowed
    back = Corrected(number=number, event=PartArrived(part="chain"))
    assert book.ask(case_id, hub, back, "start", by=ANA).allowed


def test_a_fact_of_the_same_unit_can_be_voided(book):
    case_id = bring(book, "dropped-off")
    case = book.do(case_id, Paid(amount=1), Voided(number=2), by=ANA).case
    assert (case.version, case.count(Paid)) == (3, 0)


# -- what is refused -------------------------------------------------------------------------


def test_a_number_that_there_is_not(book):
    case_id = bring(book, "dropped-off")
    for number in (0, -1, 7):
        assert missing(book, case_id, Voided(number=number)) == amended(
            "there is no such event", "name an event of the history that still stands"
        )


def test_a_void_or_correction_itself(book):
    case_id = bring(book, "dropped-off")
    book.record(case_id, Paid(amount=1), by=ANA)
    book.do(case_id, Corrected(number=2, event=Paid(amount=2)), by=ANA)
    book.do(case_id, Voided(number=2), by=ANA)
    for number in (3, 4):
        for step in (Voided(number=number), Corrected(number=number)):
            assert missing(book, case_id, step) == amended(
                "it is a correction or void itself",
                "name an event of the history that still stands",
            )


def test_what_was_voided_already(book):
    case_id = bring(book, "dropped-off")
    book.record(case_id, Paid(amount=1), by=ANA)
    book.do(case_id, Voided(number=2), by=ANA)
    for step in (Voided(number=2), Corrected(number=2, event=Paid(amount=3))):
        assert missing(book, case_id, step) == amended(
            "it was voided already", "name an event of the history that still stands"
        )


def test_the_opening_is_not_voided(book):
    case_id = bring(book, "dropped-off")
    assert missing(book, case_id, Voided(number=1)) == amended(
        "event 1 opened the case", "end the case as entered in error"
    )
    ended = bring(book, "collected")
    assert missing(book, ended, Voided(number=1)) == amended(
        "event 1 opened the case", "reopen the case, and end it as entered in error"
    )


def test_a_correction_is_of_the_events_own_type(book):
    case_id = bring(book, "dropped-off")
    book.record(case_id, Paid(amount=1), by=ANA)
    step = Corrected(number=2, event=PartArrived(part="chain"))
    assert missing(book, case_id, step) == amended(
        "event 2 is of the type paid", "correct an event with one of its own type"
    )


def test_whose_case_it_is_is_not_corrected(book):
    case_id = bring(book, "dropped-off")
    step = Corrected(number=1, event=CaseOpened(client="customer-2"))
    assert missing(book, case_id, step) == amended(
        "event 1 is of the type case-opened", "correct an event with one of its own type"
    )


def test_an_exception_is_voided_and_made_anew(book):
    case_id = bring(book, "dropped-off")
    made = ExceptionMade(rule="price-limit", reason="rare bicycle")
    book.do(case_id, made, by=BOSS)
    step = Corrected(number=2, event=ExceptionMade(rule="settled", reason="rare bicycle"))
    assert missing(book, case_id, step) == amended(
        "event 2 is of the type exception-made", "void it and record it anew"
    )


def test_a_corrected_decision_is_judged_again_at_its_place(book):
    case_id = bring(book, "waiting")
    number = book.case(case_id).path[-2].number
    assert book.history(case_id)[number - 1].event == QuoteSent(amount=20_000)
    step = Corrected(number=number, event=QuoteSent(amount=60_000))
    assert missing(book, case_id, step) == amended(
        60_000,
        "quote less",
        'as corrected, it is refused by price-limit ("A quote is at most 500 euros")',
    )
    case = book.do(case_id, Corrected(number=number, event=QuoteSent(amount=30_000)), by=BOSS).case
    assert case.state.price == 30_000


def test_a_corrected_decision_still_has_the_exception_it_leaned_on(book):
    case_id = bring(book, "looked-at")
    book.do(case_id, ExceptionMade(rule="price-limit", reason="rare bicycle"), by=BOSS)
    number = book.do(case_id, QuoteSent(amount=60_000), by=ANA).case.version
    step = Corrected(number=number, event=QuoteSent(amount=61_000))
    assert book.do(case_id, step, by=ANA).case.state.price == 61_000


def test_a_decision_whose_correction_would_have_led_elsewhere_is_voided_instead(book):
    case_id = bring(book, "ready")
    number = book.case(case_id).version
    assert missing(book, case_id, Corrected(number=number, event=Ridden(passed=False))) == amended(
        "as corrected, it would not have led to ready", f"void event {number} and decide anew"
    )
    assert book.case(case_id).position == "ready"


def test_a_corrected_date_of_a_move_stays_between_its_neighbours(book, clock):
    case_id = bring(book, "dropped-off")
    clock.pass_(DAY)
    book.do(case_id, BikeDescribed(words="x"), Inspected(findings=FINDINGS), by=MO)
    clock.pass_(DAY)
    book.do(case_id, QuoteSent(amount=9_000), by=MO)
    remedy = "give a moment between the moves before and after it, or correct first when event "
    assert missing(book, case_id, Corrected(number=3, occurred_at=START - DAY)) == amended(
        "1 March 2026, 09:00 lies before the move in event 1", f"{remedy}1 was"
    )
    assert missing(book, case_id, Corrected(number=3, occurred_at=START + 3 * DAY)) == [
        *amended(
            "the corrected moment, 5 March 2026, 09:00, lies in the future",
            "give the moment at which it was decided",
        ),
        *amended("5 March 2026, 09:00 lies after the move in event 4", f"{remedy}4 was"),
    ]
    book.do(case_id, Corrected(number=3, occurred_at=START + 2 * DAY), by=MO)
    earlier = [Corrected(number=n, occurred_at=START + (n - 30) * DAY) for n in (1, 2, 3, 4)]
    book.do(case_id, *earlier, by=MO)  # as the remedy says: those before it first


def test_a_rule_on_the_date_judges_a_corrected_date(clock):
    @rule("on-a-monday")
    def on_a_monday(case, context):
        """A quote goes out on a Monday."""
        if context.at.weekday():
            yield Unmet(found=f"{context.at:%A}")

    mine = shop.extend("repair-shop", version="2", rules={QuoteSent: [on_a_monday]})
    book = shop_book(MemoryStorage(), clock=clock)
    book = type(book)(mine, MemoryStorage(), roles=ROLES, clock=clock)
    case_id = bring(book, "quoting")
    clock.pass_(2 * DAY)
    found = missing(book, case_id, Corrected(number=4, occurred_at=START + DAY))
    words = 'on-a-monday ("A quote goes out on a Monday")'
    assert found == amended("Tuesday", "", f"as corrected, it is refused by {words}")


def test_who_amends_a_decision_needs_a_role_that_may_take_it(book):
    case_id = bring(book, "looked-at")
    assert missing(book, case_id, Corrected(number=3, event=Inspected()), by=ANA) == amended(
        "ana may not take the decision in event 3", "ask a mechanic"
    )
    assert missing(book, case_id, Voided(number=3), by=ANA) == amended(
        "ana may not take the decision in event 3", "ask a mechanic"
    )
    book.do(case_id, Corrected(number=3, event=Inspected()), by=MO)


def test_who_ends_an_exception_needs_the_role_that_may_make_it(book):
    case_id = bring(book, "dropped-off")
    book.do(case_id, ExceptionMade(rule="price-limit", reason="rare bicycle"), by=BOSS)
    # The manager is a mechanic too; being a mechanic is not enough.
    assert missing(book, case_id, Voided(number=2), by=MO) == amended(
        "mo may not take the decision in event 2", "ask a manager"
    )
    book.do(case_id, Voided(number=2), by=BOSS)


def test_who_corrects_the_opening_needs_a_role_that_may_open(clock):
    mine = shop.extend("repair-shop", version="2", opened_by=["clerk"])
    book = shop_book(MemoryStorage(), clock=clock)
    book = type(book)(mine, MemoryStorage(), clock=clock)
    case_id = book.open(client="c", by=Actor("cleo", "clerk")).case.id
    step = Corrected(number=1, occurred_at=START - DAY)
    assert missing(book, case_id, step, by=ANA) == amended(
        "ana may not take the decision in event 1", "ask a clerk"
    )
    book.do(case_id, step, by=Actor("cleo", "clerk"))


def test_amending_by_name_needs_the_event(book):
    case_id = bring(book, "dropped-off")
    with pytest.raises(PayloadNeeded, match=r"records Voided, which needs number\."):
        book.do(case_id, "void", by=ANA)


def test_what_no_store_could_hold_is_no_correction(book):
    case_id = bring(book, "dropped-off")
    book.record(case_id, Paid(amount=1), by=ANA)
    with pytest.raises(PayloadInvalid):
        book.do(case_id, Corrected(number=2, event=Paid(amount="much")), by=ANA)
    assert len(book.history(case_id)) == 2


def test_an_amendment_may_be_dated_and_explained_like_any_decision(book):
    case_id = bring(book, "dropped-off")
    book.record(case_id, Accounted(), by=ANA)
    entry = Entry(Voided(number=2), at=START - DAY, reason="wrong customer")
    (recorded,) = book.do(case_id, entry, by=ANA).events
    assert (recorded.transition, recorded.stage, recorded.reason) == (
        "void",
        None,
        "wrong customer",
    )


# -- what a correction may not do, or does with a warning ------------------------------------


def test_a_correction_of_nothing_is_refused(book):
    case_id = bring(book, "looked-at")
    assert missing(book, case_id, Corrected(number=2)) == amended(
        "neither what it should have said, nor when it was",
        "give one of them, or both: what event 2 should have said, or its right moment",
    )


def test_a_fact_corrected_into_the_future_is_a_warning(book):
    case_id = bring(book, "dropped-off")
    book.record(case_id, Paid(amount=3), by=ANA)
    number = book.case(case_id).version
    later = START + 400 * DAY
    outcome = book.do(case_id, Corrected(number=number, occurred_at=later), by=ANA)
    assert "not-in-the-future" in [result.rule for result in outcome.verdict.warnings]


def test_what_is_amended_is_named_by_its_number(book):
    case_id = bring(book, "looked-at")
    verdict = book.ask(case_id, Voided(number=2), by=BOSS)
    assert verdict.judgements[0].label == "void event 2"


# -- what is noted of an event is judged again -----------------------------------------------


@rule("small-quotes", rests_on=QuoteSent)
def small_quotes(case, context):
    """The customer has agreed to a large quote in writing."""
    if context.event.amount > 30_000 and case.count(Accounted) == 0:
        yield Unmet(found=context.event.amount, remedy="ask for it in writing")


def careful_book(strength):
    workflow = shop.extend("careful", version="1", rules={"quote": [strength(small_quotes)]})
    return Casebook(workflow, MemoryStorage(), roles=ROLES, clock=Clock())


def quoted(book, amount):
    """A case with a quote of so much, and the number of that event."""
    case_id = bring(book, "looked-at")
    return case_id, book.do(case_id, QuoteSent(amount=amount), by=BOSS).events[0].number


def due(one):
    return one.due(within=7 * DAY)


def test_what_a_corrected_decision_leaves_to_be_done_is_owed():
    book = careful_book(due)
    case_id, number = quoted(book, 20_000)
    assert book.owed(case_id) == ()
    outcome = book.do(case_id, Corrected(number=number, event=QuoteSent(amount=40_000)), by=BOSS)
    assert [result.rule for result in outcome.verdict.owed] == ["small-quotes"]
    (owed,) = book.owed(case_id)
    assert (owed.rule, owed.since) == ("small-quotes", number)
    again = Casebook(book.workflow, book._store, roles=ROLES, clock=Clock())
    assert again.owed(case_id) == book.owed(case_id)


def test_what_a_corrected_decision_no_longer_leaves_is_not_owed():
    book = careful_book(due)
    case_id, number = quoted(book, 40_000)
    assert [one.rule for one in book.owed(case_id)] == ["small-quotes"]
    book.do(case_id, Corrected(number=number, event=QuoteSent(amount=20_000)), by=BOSS)
    assert book.owed(case_id) == ()


def test_a_warning_of_the_corrected_decision_is_noted_with_the_correction():
    book = careful_book(lambda one: one.warns())
    case_id, number = quoted(book, 20_000)
    outcome = book.do(case_id, Corrected(number=number, event=QuoteSent(amount=40_000)), by=BOSS)
    assert [note.rule for note in outcome.events[0].noted] == ["small-quotes"]
    (standing,) = [e for e in effective(book.history(case_id)) if e.number == number]
    assert [note.rule for note in standing.noted] == ["small-quotes"]
    assert [note.rule for note in book.history(case_id)[number - 1].noted] == []
