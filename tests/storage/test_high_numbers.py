"""One number that is far too high stops nobody: what comes after it gets a number of its own."""

import pytest

from caseflow import Casebook
from caseflow.storage.sql.statements import HIGHEST
from tests.support.exports import played
from tests.support.tamper import AGENCY, RAWS
from tests.support.trades import ANA, ROLES, Clock, Paid, shop

PLAN = [("looked-at", "a"), ("ready", "it squeaks"), ("collected", "c")]
HIGH = {
    "before the highest": HIGHEST - 2,
    "next to the highest": HIGHEST - 1,
    "the highest": HIGHEST,
    "above the highest": HIGHEST + 1,
    "before the end": 2 * HIGHEST - 1,
    "the end": 2 * HIGHEST,
    "the last of all": 2**63 - 1,
}


def damaged(kind, table, column, value):
    """A book on a store in which one number, the last of its column, was altered."""
    raw = RAWS[kind]()
    played(PLAN, raw.store)
    raw.store.feed(AGENCY)  # on PostgreSQL there are positions only then
    where = f"{column} = (SELECT max({column}) FROM {table})"
    raw._do(f"UPDATE {table} SET {column} = ? WHERE {where}", value)
    return raw, Casebook(shop, raw.store, clock=Clock(), roles=ROLES, recent=0)


@pytest.mark.parametrize("value", HIGH.values(), ids=HIGH)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_feed_takes_every_event_after_a_position_that_is_too_high(kind, value):
    raw, book = damaged(kind, "caseflow_feed", "position", value)
    for amount in range(1, 5):
        book.record("R-1", Paid(amount=amount), by=ANA)
        list(book.feed())
    book.consume("k", lambda _: None)
    end = raw.store.consumers(AGENCY).end
    told = [one for one in book.verify_all().findings if str(value) in one.sentence]
    assert told, book.verify_all().explain()
    assert not [one for one in book.verify_all().findings if one.code == "consumer-ahead"]
    events = raw._do("SELECT count(*) FROM caseflow_events")[0][0]
    positions = {place for (place,) in raw._do("SELECT position FROM caseflow_feed")}
    assert len(positions) == events
    assert end in positions


@pytest.mark.parametrize("value", [HIGHEST - 1, HIGHEST, HIGHEST + 1])
def test_consumers_go_on_after_a_position_that_is_too_high_and_shows_nothing(value):
    raw, book = damaged("sqlite", "caseflow_feed", "position", value)
    raw._do("UPDATE caseflow_feed SET case_id = '', number = 0 WHERE position = ?", value)
    while book.consume("k", lambda _: None):
        pass
    book.record("R-1", Paid(amount=1), by=ANA)
    seen = []
    book.consume("k", seen.append)
    assert [one.recorded.event for one in seen] == [Paid(amount=1)]


@pytest.mark.parametrize("value", HIGH.values(), ids=HIGH)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_case_has_a_place_of_its_own_after_one_that_is_too_high(kind, value):
    _, book = damaged(kind, "caseflow_cases", "opened", value)
    new = {book.open(client="n", by=ANA).case.id for _ in range(4)}
    ids = [one.id for one in book.every(page=1)]
    assert len(ids) == len({*ids})
    assert {*ids} >= new
    if kind == "sqlite" and value >= HIGHEST:
        told = f"opened {value}"
        assert any(told in one.sentence for one in book.verify_all().findings)
