"""Reindexing: what is derived of histories is made again from them, where it differs."""

import attrs
import pytest

from caseflow import (
    Casebook,
    ChainBroken,
    Index,
    OtherVersion,
)
from caseflow.storage import MemoryStorage
from tests.support.exports import played
from tests.support.raw import execute
from tests.support.tamper import RAWS, carried_out
from tests.support.trades import (
    ANA,
    ROLES,
    Paid,
    shop,
)


@pytest.mark.parametrize("kind", RAWS)
def test_reindex_puts_right_what_is_derived_and_says_of_how_many(kind):
    raw = RAWS[kind]()
    played([("bench", "a"), ("ready", "b"), ("collected", "c")], raw.store, snapshot_every=4)
    assert Casebook(shop, raw.store, roles=ROLES).reindex() == 0
    raw.set_listing("R-2", stage="gone", keys=(("lead", "mo"),))
    kept = raw.snapshot("R-3")
    raw.set_snapshot("R-3", kept._replace(text=kept.text.replace('"c-2"', '"c-7"')))
    book = Casebook(shop, raw.store, roles=ROLES, snapshot_every=4)
    assert len(book.verify_all().findings) == 2
    assert book.reindex() == 2
    assert book.verify_all().holds
    assert raw.snapshot("R-3") is None
    assert book.case("R-3").client == "c-2"
    assert book.reindex() == 0


def test_reindex_lists_by_the_indexes_of_today():
    store = MemoryStorage()
    played([("bench", "a"), ("ready", "b")], store)
    words = Index("words", of=lambda case: case.state.last_words)
    today = attrs.evolve(shop, indexes=(words,))
    book = Casebook(today, store, roles=ROLES)
    assert {one.code for one in book.verify_all().findings} == {"list-differs"}
    assert book.reindex() == 2
    assert store.tally("agency", "words") == {"a": 1, "b": 1}
    assert book.verify_all().holds


def test_reindex_leaves_a_case_alone_that_moved_meanwhile():
    raw = RAWS["memory"]()
    played([("bench", "a")], raw.store)
    raw.set_listing("R-1", stage="gone")
    desk = Casebook(shop, raw.store, roles=ROLES)
    work = desk._middle.mending.reindex()

    def write(call):
        if call.method == "relist":
            Casebook(shop, raw.store, roles=ROLES).record("R-1", Paid(amount=1), by=ANA)

    assert carried_out(work, raw.store, write) == 0


def test_reindex_stops_at_a_history_that_does_not_hold():
    raw = RAWS["memory"]()
    played([("bench", "a")], raw.store)
    rows = raw.rows("R-1")
    raw.put("R-1", [rows[0]._replace(payload="{}"), *rows[1:]])
    raw.set_listing("R-1", stage="gone")
    with pytest.raises(ChainBroken, match="event 1"):
        Casebook(shop, raw.store, roles=ROLES).reindex()


def test_reindex_goes_on_past_a_case_of_a_version_that_the_book_lacks():
    raw = RAWS["memory"]()
    played([("bench", "a")], raw.store)
    newer = Casebook(attrs.evolve(shop, version="2"), raw.store, earlier=[shop], roles=ROLES)
    newer.open(client="c-9", case_id="R-9", by=ANA)
    raw.set_listing("R-1", stage="gone")
    with pytest.raises(OtherVersion, match="'R-1' is pinned to version"):
        Casebook(attrs.evolve(shop, version="2"), raw.store, roles=ROLES).reindex()
    raw.set_listing("R-9", stage="gone")
    raw.set_listing("R-1", stage="bench")
    with pytest.raises(OtherVersion):
        Casebook(attrs.evolve(shop, version="2"), raw.store, roles=ROLES).reindex()
    assert raw.listing("R-9").stage == "intake"
    assert newer.reindex() == 1


def test_reindex_leaves_other_workflows_alone():
    store = MemoryStorage()
    played([("bench", "a")], store)
    other = shop.extend("something-else", version="7")
    assert Casebook(other, store).reindex() == 0


@pytest.mark.parametrize("kind", RAWS)
def test_reindex_puts_right_whose_data_a_case_is_found_by(kind):
    raw = RAWS[kind]()
    played([("bench", "a"), ("ready", "b")], raw.store)
    raw.drop_subject("R-2", "c-1-mother")
    book = Casebook(shop, raw.store, roles=ROLES)
    assert not book.verify_all().holds
    assert not book.verify("R-2").holds
    assert book.reindex() == 1
    assert book.verify_all().holds
    assert book.verify("R-2").holds
    assert book.reindex() == 0


def test_reindex_drops_what_hangs_on_nothing():
    raw = RAWS["sqlite"]()
    played([("bench", "a"), ("ready", "b")], raw.store, snapshot_every=4)
    for statement in (
        "INSERT INTO caseflow_subjects VALUES ('agency', 'nobody', 'R-1')",
        "INSERT INTO caseflow_snapshots VALUES ('agency', 'R-9', 1, '{}')",
        "INSERT INTO caseflow_keys VALUES ('agency', 'lead', 'mo', 99, 'R-8')",
    ):
        execute(raw.store, statement)
    book = Casebook(shop, raw.store, roles=ROLES)
    assert {(one.code, one.case_id) for one in book.verify_all().findings} == {
        ("list-differs", "R-1"),
        ("snapshot-differs", "R-9"),
        ("list-differs", "R-8"),
    }
    assert book.reindex() == 3
    assert book.verify_all().holds
