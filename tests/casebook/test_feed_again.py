"""What the feed lacks is put back where consumers see it; what it should not show is blank."""

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from caseflow import Casebook, ChainBroken
from caseflow.storage.sql.placing import in_order
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
    shown = book_on(raw).feed()
    return {one.position: (one.recorded.case_id, one.recorded.number) for one in shown}


def assert_put_right(raw, before):
    """Nothing is missing, and no position up to the end shows another event than it did."""
    end = raw.store.consumers("agency").end
    book = book_on(raw)
    book.reindex()
    verified = book.verify_all()
    assert verified.holds, verified.explain()
    after = feed(raw)
    assert {*before.values()} == {*after.values()}
    same = before.keys() & after.keys()
    assert all(before[place] == after[place] for place in same if place <= end)
    book.reindex()
    assert feed(raw) == after, "once is enough"


DAMAGES = {
    "rows that are gone": "DELETE FROM caseflow_feed WHERE position IN (1, 2, 9)",
    "the end": "DELETE FROM caseflow_feed WHERE position > 17",
    "every second": "DELETE FROM caseflow_feed WHERE position IN (2, 4, 6, 8, 10, 12)",
    "a case": "DELETE FROM caseflow_feed WHERE case_id = 'R-2'",
    "many in a row": "DELETE FROM caseflow_feed WHERE position BETWEEN 5 AND 15",
    "every one": "DELETE FROM caseflow_feed",
    "another case": "UPDATE caseflow_feed SET case_id = 'R-9' WHERE position = 5",
    "a case at the end": "UPDATE caseflow_feed SET case_id = 'R-9' WHERE position >= 17",
    "another number": "UPDATE caseflow_feed SET number = 3 WHERE position = 2",
    "a number before": "UPDATE caseflow_feed SET number = 1 WHERE position = 4",
    "no number": "UPDATE caseflow_feed SET number = -7 WHERE position = 4",
    "another event": "UPDATE caseflow_feed SET case_id = 'R-2', number = 3 WHERE position = 18",
    "another place": "UPDATE caseflow_feed SET position = position + 100 WHERE position = 3",
    "a place far away": "UPDATE caseflow_feed SET position = 1000000000000 WHERE position = 3",
    "a place before all": "UPDATE caseflow_feed SET position = -3 WHERE position = 3",
    "no place that was given": f"UPDATE caseflow_feed SET position = {2**63 - 1}"
    " WHERE position = 3",
    "a copy": "INSERT INTO caseflow_feed SELECT agency, 400, case_id, number FROM caseflow_feed"
    " WHERE position = 8",
    "blank": "UPDATE caseflow_feed SET case_id = '', number = 0 WHERE position IN (3, 4, 20)",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_whatever_was_done_to_the_feed_reindex_puts_it_right(woven, damage):
    before = feed(woven)
    woven._do(DAMAGES[damage])
    codes = {one.code for one in book_on(woven).verify_all().findings}
    assert "feed-differs" in codes
    assert codes <= {"feed-differs", "row-damaged"}
    assert_put_right(woven, before)


@pytest.mark.parametrize("woven", ["sqlite"], indirect=True)
@pytest.mark.parametrize("value", ["'abc'", "2.5", "x'00ff'", "CAST(x'ff' AS TEXT)"])
@pytest.mark.parametrize("column", ["position", "case_id", "number"])
def test_a_value_that_was_never_written_to_the_feed_is_put_right(woven, column, value):
    before = feed(woven)
    woven._do(f"UPDATE caseflow_feed SET {column} = {value} WHERE position = 4")
    assert not book_on(woven).verify_all().holds
    assert_put_right(woven, before)


def test_what_is_put_right_in_a_transaction_is_verified_in_it(woven):
    """Consumers have the feed as it is committed; verifying looks at what the transaction has."""
    before = feed(woven)
    woven._do(DAMAGES["another number"])
    engine = create_engine(woven.store.engine.url)
    with Session(engine) as session:
        book = book_on(woven).within(session)
        book.record("R-1", Paid(amount=9), by=ANA)
        assert {one.code for one in book.verify_all().findings} == {"feed-differs"}
        book.reindex()
        assert book.verify_all().holds, book.verify_all().explain()
        session.rollback()
    engine.dispose()
    assert not book_on(woven).verify_all().holds
    assert_put_right(woven, before)


@pytest.mark.parametrize("woven", ["postgres"], indirect=True)
def test_who_finds_nothing_to_put_right_keeps_nobody_from_the_feed(woven):
    engine = create_engine(woven.store.engine.url)
    with Session(engine) as session:
        book_on(woven).within(session).reindex()
        book_on(woven).record("R-1", Paid(amount=9), by=ANA)
        assert len(feed(woven)) == 30
    engine.dispose()


def test_consumers_of_any_step_go_on_past_what_is_blank(woven):
    """Also where more is blank than they ask for at once, and see what was put back."""
    before = feed(woven)
    book_on(woven).consume("mail", lambda _: None, limit=4)
    woven._do("UPDATE caseflow_feed SET case_id = 'R-9' WHERE position BETWEEN 5 AND 12")
    book_on(woven).reindex()
    seen = []
    while book_on(woven).consume("mail", seen.append, limit=2):
        pass
    assert {(one.recorded.case_id, one.recorded.number) for one in seen} >= {
        shown for place, shown in before.items() if place > 4
    }
    (mail,) = book_on(woven).consumers()
    assert mail.lag == 0


def test_a_case_that_is_gone_comes_back_with_all_its_events(woven):
    """Its rows in the feed went with it; they are shown at the end, and the gaps stay blank."""
    before, file = feed(woven), io.BytesIO()
    book_on(woven).export(file)
    woven._do("DELETE FROM caseflow_feed WHERE case_id = 'R-2'")
    woven.put("R-2", [])
    woven.unlist("R-2")
    book_on(woven).mend("R-2", io.BytesIO(file.getvalue()))
    assert book_on(woven).verify_all().holds
    assert_put_right(woven, before)


def test_what_is_lost_for_good_leaves_its_positions_blank(woven):
    before = feed(woven)
    for table in ("events", "cases", "commands", "subjects", "keys", "snapshots"):
        woven._do(f"DELETE FROM caseflow_{table} WHERE case_id = 'R-3'")
    assert {one.code for one in book_on(woven).verify_all().findings} == {"feed-differs"}
    rest = {place: shown for place, shown in before.items() if shown[0] != "R-3"}
    assert_put_right(woven, rest)
    book_on(woven).record("R-1", Paid(amount=9), by=ANA)
    assert max(feed(woven)) == max(before) + 1, "no position is given a second time"


def pass_by(raw):
    """Let a consumer go to the end of the feed, past all that shows nothing there."""
    seen = []
    while book_on(raw).consume("mail", seen.append, limit=3):
        pass
    return [(one.recorded.case_id, one.recorded.number) for one in seen]


@pytest.mark.parametrize("left", [slice(0, 1), slice(0, 0)])
@pytest.mark.parametrize("reindexed", [False, True])
def test_what_mend_brings_back_is_seen_by_those_who_passed_its_place(woven, left, reindexed):
    before, file = feed(woven), io.BytesIO()
    book_on(woven).export(file)
    rows = woven.rows("R-1")
    woven.put("R-1", rows[left])
    if not rows[left]:
        woven.unlist("R-1")
    passed = pass_by(woven)
    assert ("R-1", 2) not in passed
    if reindexed:
        with suppress(ChainBroken):
            book_on(woven).reindex()
    book_on(woven).mend("R-1", io.BytesIO(file.getvalue()))
    assert book_on(woven).verify_all().holds
    assert {*passed, *pass_by(woven)} == {*before.values()}
    assert_put_right(woven, before)


def test_a_position_that_another_event_was_forged_into_keeps_nobody_from_the_genuine_one(woven):
    """Of two rows for one event nothing tells which is genuine, so that neither stays."""
    before = feed(woven)
    assert (before[21], before[24]) == (("R-1", 6), ("R-1", 7))
    book_on(woven).consume("mail", lambda _: None, limit=23)
    woven._do("UPDATE caseflow_feed SET case_id = 'R-1', number = 7 WHERE position = 22")
    assert_put_right(woven, before)
    assert {*pass_by(woven)} >= {before[n] for n in range(24, 30)}


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


@pytest.mark.parametrize("drop", [slice(-2, None), slice(0, 2), slice(None)])
def test_a_store_in_memory_does_the_same(drop):
    raw = RAWS["memory"]()
    played(PLAN, raw.store)
    before = feed(raw)
    size = len(raw.store._agencies["agency"].feed)
    raw.store._agencies["agency"].feed[drop] = [("R-9", 1)] * len(range(size)[drop])
    assert book_on(raw).reindex() > 0
    assert_put_right(raw, before)


# -- which rows stay -------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=20))
def test_each_case_is_shown_once_and_in_order_whatever_was_shown(rows):
    ends = {"a": 2, "b": 1}
    shown = [(*row, position) for position, row in enumerate(rows, 1)]
    blank, anew = in_order(ends, shown)
    after = [row for position, row in enumerate(rows, 1) if position not in blank] + anew
    for case_id, end in ends.items():
        assert [n for one, n in after if one == case_id] == [*range(1, end + 1)]
    assert [row for row in after if row[0] == "c"] == [row for row in rows if row[0] == "c"]
    assert all(rows[position - 1][0] in ends for position in blank)
    twice = [row for row in rows if row[0] in ends and rows.count(row) > 1]
    assert not any(row in twice for n, row in enumerate(rows, 1) if n not in blank)
