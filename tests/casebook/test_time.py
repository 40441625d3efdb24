"""The laws of time. Every event has two moments: when it occurred, and when it was recorded."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from caseflow import (
    Calendar,
    Casebook,
    Corrected,
    Entry,
    ExceptionMade,
    HistoricalCase,
    Moved,
    NoSuchCase,
    Refused,
    Voided,
    decide,
)
from caseflow.storage import MemoryStorage
from caseflow.workflow.command import Command
from caseflow.workflow.options import options
from tests.support.trades import (
    ANA,
    BOSS,
    DAY,
    HOUR,
    MO,
    ROLES,
    START,
    BikeDescribed,
    Clock,
    Paid,
    QuoteSent,
    bring,
    shop,
    shop_book,
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(clock):
    return shop_book(MemoryStorage(), clock=clock)


def rules_of(refused):
    return [result.rule for result in refused.value.verdict.refusals]


def test_recorded_at_is_the_clocks_and_occurred_at_what_was_given(book, clock):
    case_id = bring(book, "dropped-off")
    clock.pass_(DAY)
    (recorded,) = book.record(case_id, Paid(amount=1), by=ANA, at=START - DAY).events
    assert (recorded.occurred_at, recorded.recorded_at) == (START - DAY, START + DAY)
    assert recorded.late == 2 * DAY


@pytest.mark.parametrize(
    ("zone", "of_start", "of_later"),
    [
        ("UTC", "2 March 2026, 09:00", "2 March 2026, 14:00"),
        ("Pacific/Kiritimati", "2 March 2026, 23:00", "3 March 2026, 04:00"),
        ("America/St_Johns", "2 March 2026, 05:30", "2 March 2026, 10:30"),
    ],
)
def test_moments_are_told_by_the_clocks_of_the_agency(zone, of_start, of_later):
    there = shop.extend("there", version="1", calendar=Calendar(zone))
    book = Casebook(there, MemoryStorage(), clock=Clock(), roles=ROLES)
    id, later = bring(book, "looked-at"), START + 5 * HOUR
    book.do(id, ExceptionMade(rule="price-limit", reason="x", until=later), by=BOSS)
    dear = QuoteSent(amount=90_000)

    def told(*steps, **given):
        return " ".join(book.ask(id, *steps, by=BOSS, **given).explain().split())

    assert f"Found: {of_later}." in told(dear, at=later)
    assert f"Found: {of_later}." in told(Paid(amount=1), at=later)
    assert f"the case came here on {of_start}." in told(dear, at=START - DAY)
    assert f"the corrected moment, {of_later}, lies" in told(Corrected(number=1, occurred_at=later))
    assert f"until {of_later}: x." in told(dear)


def test_what_is_given_no_moment_occurred_now(book):
    case_id = bring(book, "dropped-off")
    (recorded,) = book.record(case_id, Paid(amount=1), by=ANA).events
    assert recorded.occurred_at == recorded.recorded_at == START


def test_recorded_at_never_decreases_though_the_clock_jumps_back(book, clock):
    case_id = bring(book, "dropped-off")
    for span in (DAY, -3 * DAY, HOUR, 4 * DAY, -DAY):
        clock.pass_(span)
        book.record(case_id, Paid(amount=1), by=ANA)
    moments = [entry.recorded_at for entry in book.history(case_id)]
    assert moments == sorted(moments)
    assert moments[1:4] == [START + DAY] * 3


def test_a_moment_in_another_time_zone_is_the_same_moment(book):
    case_id = bring(book, "dropped-off")
    there = timezone(timedelta(hours=-5))
    book.record(case_id, Paid(amount=1), by=ANA, at=datetime(2026, 3, 1, 20, 0, tzinfo=there))
    assert book.history(case_id)[-1].occurred_at == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_a_late_letter_is_not_the_latest(book, clock):
    case_id = bring(book, "dropped-off")
    book.record(case_id, BikeDescribed(words="new"), by=ANA)
    clock.pass_(DAY)
    case = book.record(case_id, BikeDescribed(words="old"), by=ANA, at=START - DAY).case
    assert case.latest(BikeDescribed).words == "new"
    assert case.first(BikeDescribed).words == "old"
    # The state folds in the order of recording: it is the trade's own to look at moments.
    assert case.state.last_words == "old"


def test_a_move_is_not_dated_before_the_move_that_led_here(book, clock):
    clock.pass_(DAY)
    case_id = bring(book, "quoting")
    clock.pass_(DAY)
    with pytest.raises(Refused) as refused:
        book.do(case_id, "abandon", by=ANA, reason="no-parts", at=START)
    assert rules_of(refused) == ["moves-in-order"]
    assert refused.value.verdict.refusals[0].evidence == (4,)
    book.do(case_id, "abandon", by=ANA, reason="no-parts", at=START + DAY)


def test_a_superseding_move_may_be_dated_earlier_and_drops_the_later_ones(book, clock):
    case_id = bring(book, "dropped-off")
    clock.pass_(2 * DAY)
    book.do(case_id, "abandon", by=ANA, reason="no-parts")
    clock.pass_(DAY)
    case = book.do(case_id, "reopen", by=BOSS).case
    assert len(case.path) == 3
    case = book.do(case_id, "stolen", by=BOSS, at=START + DAY).case
    assert [move.transition for move in case.path] == ["open", "stolen"]
    assert case.stage_at(START + 2 * DAY) == "abandoned"
    assert len(book.history(case_id)) == 4


def test_a_decision_that_stays_may_be_dated_before_the_last_move(book, clock):
    clock.pass_(DAY)
    case_id = bring(book, "quoting")
    assert book.ask(case_id, Voided(number=2), by=BOSS, at=START).allowed


def test_the_stage_at_a_moment_is_as_known_now(book, clock):
    case_id = bring(book, "dropped-off")
    clock.pass_(2 * DAY)
    case = book.do(case_id, "abandon", by=ANA, reason="no-parts", at=START + DAY).case
    at = [case.stage_at(START + hours * HOUR) for hours in (-1, 0, 23, 24, 48)]
    assert at == [None, "intake.dropped-off", "intake.dropped-off", "abandoned", "abandoned"]


def test_known_is_the_case_as_it_was_known_at_a_moment(book, clock):
    case_id = bring(book, "dropped-off")
    clock.pass_(2 * DAY)
    book.record(case_id, Paid(amount=1), by=ANA, at=START)
    assert book.case(case_id, known=START + DAY).count(Paid) == 0
    assert book.case(case_id, known=START + 2 * DAY).count(Paid) == 1


def test_as_of_is_what_had_occurred_by_a_moment_whenever_it_was_recorded(book, clock):
    case_id = bring(book, "dropped-off")
    clock.pass_(2 * DAY)
    book.record(case_id, Paid(amount=1), by=ANA, at=START)
    book.record(case_id, Paid(amount=2), by=ANA)
    assert book.case(case_id, as_of=START + DAY).state.paid == 1
    assert book.case(case_id, as_of=START + 2 * DAY).state.paid == 3
    both = book.case(case_id, as_of=START + DAY, known=START + DAY)
    assert both.state.paid == 0


def test_a_correction_holds_for_every_moment_once_it_is_known(book, clock):
    case_id = bring(book, "dropped-off")
    book.record(case_id, Paid(amount=1), by=ANA)
    clock.pass_(DAY)
    book.do(case_id, Corrected(number=2, event=Paid(amount=5)), by=ANA)
    clock.pass_(DAY)
    book.do(case_id, Corrected(number=2, event=Paid(amount=7)), by=ANA)
    assert book.case(case_id).state.paid == 7
    assert [book.case(case_id, as_of=START + n * DAY).state.paid for n in range(3)] == [7, 7, 7]
    assert [book.case(case_id, known=START + n * DAY).state.paid for n in range(3)] == [1, 5, 7]
    assert book.case(case_id, as_of=START, known=START + DAY).state.paid == 5


def test_a_case_seen_before_its_opening_still_knows_whose_it_is(book, clock):
    case_id = bring(book, "dropped-off")
    early = Entry(Paid(amount=1), at=START - DAY, subject="child-2")
    book.record(case_id, early, by=ANA)
    case = book.case(case_id, as_of=START - DAY)
    assert (case.client, case.position, case.state.paid) == ("customer-1", None, 1)


def test_before_anything_was_known_there_is_no_case(book):
    case_id = bring(book, "dropped-off")
    for given in ({"known": START - DAY}, {"as_of": START - DAY}):
        with pytest.raises(NoSuchCase) as missing:
            book.case(case_id, **given)
        assert str(missing.value) == (
            "There is no case 'R-1' in agency 'agency' as of 2026-03-01 09:00 UTC. "
            "Ask for a later moment."
        )


def test_a_case_seen_as_it_was_cannot_be_decided_upon(book):
    case_id = bring(book, "dropped-off")
    command = Command(entries=(Entry("abandon"),), actor=BOSS, now=START)
    for seen in (book.case(case_id, known=START), book.case(case_id, as_of=START)):
        assert seen.historical
        with pytest.raises(HistoricalCase):
            decide(shop, seen, command)
        with pytest.raises(HistoricalCase):
            options(shop, seen, command)
    assert not book.case(case_id).historical


def test_a_fact_in_the_future_is_a_warning(book):
    case_id = bring(book, "dropped-off")
    outcome = book.record(case_id, Paid(amount=100), by=ANA, at=START + DAY)
    assert [warning.rule for warning in outcome.verdict.warnings] == ["not-in-the-future"]
    assert [note.rule for note in outcome.events[0].noted] == ["not-in-the-future"]


def test_a_decision_in_the_future_is_refused(book):
    case_id = bring(book, "looked-at")
    with pytest.raises(Refused) as refused:
        book.do(case_id, QuoteSent(amount=9_000), by=ANA, at=START + HOUR)
    assert rules_of(refused) == ["not-in-the-future"]
    with pytest.raises(Refused):
        book.open(client="customer-2", by=ANA, at=START + HOUR)


def test_one_unit_may_hold_several_moments(book, clock):
    clock.pass_(3 * DAY)
    case_id = book.open(client="customer-1", by=ANA, at=START).case.id
    events = book.do(
        case_id,
        Entry(BikeDescribed(words="x"), at=START + DAY),
        Entry("abandon", at=START + 2 * DAY, reason="no-parts"),
        by=MO,
        at=START,
    ).events
    assert [entry.occurred_at for entry in events] == [START + DAY, START + 2 * DAY]


def test_a_move_that_was_voided_no_longer_bounds_the_next(book, clock):
    case_id = bring(book, "dropped-off")
    clock.pass_(2 * DAY)
    book.do(case_id, "abandon", by=ANA, reason="no-parts")
    book.do(case_id, Voided(number=2), by=ANA)
    case = book.do(case_id, "abandon", by=ANA, reason="no-parts", at=START + DAY).case
    assert [move.number for move in case.path] == [1, 4]
    assert case.count(Moved) == 1
