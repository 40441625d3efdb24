"""What the feed lacks is put back: where it stood, and otherwise where consumers see it."""

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow import Casebook, ChainBroken
from caseflow.storage.sql.placing import Span, filled, spans
from tests.support.exports import played
from tests.support.tamper import RAWS
from tests.support.trades import ANA, ROLES, Clock, Paid, shop

PLAN = [("looked-at", "a"), ("ready", "b"), ("looked-at", "c")]


def book_on(raw):
    return Casebook(shop, raw.store, clock=Clock(), roles=ROLES)


@pytest.fixture(params=["sqlite", "postgres"])
def woven(request):
    """A store in whose feed the events of three cases stand between each other."""
    raw = RAWS[request.param]()
    played(PLAN, raw.store)
    for amount in range(3):
        for case_id in ("R-1", "R-2", "R-3"):
            book_on(raw).record(case_id, Paid(amount=amount), by=ANA)
    return raw


def feed(raw):
    entries = raw.store.feed("agency", limit=1_000)
    return {position: (event.case_id, event.number) for position, event in entries}


@pytest.mark.parametrize(
    "gone", ["first", "last", "every second", "a case", "many in a row", "every one"]
)
def test_rows_of_the_feed_that_are_gone_are_made_again(woven, gone):
    before = feed(woven)
    places = sorted(before)
    dropped = {
        "first": places[:2],
        "last": places[-3:],
        "every second": places[::2],
        "a case": [place for place in places if before[place][0] == "R-2"],
        "many in a row": places[4:15],
        "every one": places,
    }[gone]
    for place in dropped:
        woven.drop_feed(place)
    book = book_on(woven)
    codes = {one.code for one in book.verify_all().findings}
    assert codes == {"feed-differs"}
    assert book.reindex() > 0
    verified = book.verify_all()
    assert verified.holds, verified.explain()
    assert sorted(feed(woven)) == places
    assert book.reindex() == 0
    if gone in ("first", "a case"):
        assert feed(woven) == before, "there is one way only"


def test_mending_puts_a_case_back_where_it_stood(woven):
    before, file = feed(woven), io.BytesIO()
    book_on(woven).export(file)
    for place, (case_id, _) in before.items():
        if case_id == "R-2":
            woven.drop_feed(place)
    woven.put("R-2", [])
    woven.unlist("R-2")
    book_on(woven).mend("R-2", io.BytesIO(file.getvalue()))
    assert book_on(woven).verify_all().holds
    assert feed(woven) == before


def test_an_event_that_is_shown_twice_is_told_with_what_to_do(woven):
    """The row of one event was written over with that of another, which is now there twice."""
    before = feed(woven)
    lost = next(place for place, shown in before.items() if shown == ("R-3", 6))
    woven._do("UPDATE caseflow_feed SET case_id = 'R-2', number = 3 WHERE position = ?", lost)
    found = {one.case_id: str(one) for one in book_on(woven).verify_all().findings}
    assert found["R-2"] == (
        f"The feed shows event 3 of case 'R-2' a second time, or too late, at position {lost}. Its "
        "consumers may see it twice. If it is shown elsewhere, delete that row of the feed, and "
        "run reindex()."
    )
    assert found["R-3"].endswith("have missed something. Run reindex(), which puts it back.")
    woven.drop_feed(lost)
    assert book_on(woven).reindex() == 1
    assert book_on(woven).verify_all().holds
    assert feed(woven) == before


def test_what_was_never_written_is_not_put_into_the_feed(woven):
    """It would stop every consumer at an event that nobody recorded."""
    before = feed(woven)
    rows = woven.rows("R-1")
    woven.put("R-1", [*rows, rows[-1]._replace(number=len(rows) + 1)])
    with pytest.raises(ChainBroken, match="was altered"):
        book_on(woven).reindex()
    assert feed(woven) == before
    woven.put("R-1", rows)
    woven.unlist("R-1")
    woven.drop_feed(1)
    assert book_on(woven).reindex() == 0
    assert feed(woven) == {place: one for place, one in before.items() if place > 1}


def test_a_store_without_gaps_shows_what_its_feed_lacks_at_the_end():
    raw = RAWS["memory"]()
    played(PLAN, raw.store)
    before = feed(raw)
    del raw.store._agencies["agency"].feed[-2:]
    assert book_on(raw).reindex() == 1
    assert feed(raw) == before
    assert book_on(raw).verify_all().holds


# -- which gap is whose ----------------------------------------------------------------------------


@given(
    order=st.lists(st.sampled_from("abc"), min_size=1, max_size=20),
    data=st.data(),
)
def test_every_gap_is_filled_so_that_each_case_is_in_order(order, data):
    numbers = dict.fromkeys("abc", 0)
    whole = {}
    for position, case_id in enumerate(order, 1):
        numbers[case_id] += 1
        whole[position] = (case_id, numbers[case_id])
    gone = data.draw(st.sets(st.sampled_from(sorted(whole))), label="gone")
    shown = {position: event for position, event in whole.items() if position not in gone}
    lacking = sorted(whole[position] for position in gone)
    mine = [(*event, position) for position, event in shown.items()]
    edges = [0, *sorted(shown)]
    gaps = [(one + 1, two) for one, two in pairwise(edges) if two > one + 1]
    back = filled(gaps, spans(lacking, mine))
    end = max(shown, default=0)
    rest = enumerate([one for one in lacking if one not in back], end + 1)
    feed = shown | {position: event for event, position in back.items()} | dict(rest)
    assert sorted(feed) == sorted(whole)
    assert sorted(feed.values()) == sorted(whole.values())
    for case_id in "abc":
        seen = [number for _, (one, number) in sorted(feed.items()) if one == case_id]
        assert seen == sorted(seen)


def test_what_no_longer_fits_into_any_gap_is_left_for_the_end():
    """Its case goes on before the gap, so that there it would be passed over as well."""
    late, other = Span(0, 3, ("a", 1)), Span(4, 9, ("b", 2))
    assert filled([(5, 7)], [late, other]) == {("b", 2): 5}
    assert filled([(5, 7)], [late]) == {}
