"""A history that was once written loads for ever, as the same case.

`golden_history.jsonl` was written by the first version of the stored format. It is never
written anew: where a change makes a test here fail, the change breaks every history that is
kept somewhere, and needs an upcaster or another way.
"""

from pathlib import Path

import orjson
import pytest

from caseflow import Actor, Corrected, Noted
from caseflow.kernel.codec import Codec
from caseflow.kernel.stored import GENESIS, StoredEvent, hash_of, verify_chain
from caseflow.storage import Listing, Unit
from tests.support.trades import (
    DAY,
    FINDINGS,
    HOUR,
    START,
    Clock,
    Inspected,
    Paid,
    QuoteSent,
    Shop,
    shop,
    shop_book,
)

FILE = Path(__file__).with_name("golden_history.jsonl")
LAST_HASH = "dac1c5a9d3a2a067ddf8af56f33a493f2b11e8adcf2777faaebaa280eb28dbfa"
COLUMNS = (
    "agency",
    "case_id",
    "number",
    "type",
    "type_version",
    "occurred_at",
    "recorded_at",
    "actor",
    "roles",
    "on_behalf_of",
    "reported_by",
    "reason_code",
    "reason",
    "transition",
    "stage",
    "noted",
    "command_id",
    "fingerprint",
    "workflow",
    "workflow_version",
    "subject",
    "payload",
    "previous_hash",
    "hash",
)


LISTED = Listing("customer-1", "repair-shop", "1", "collected", "collected", ended=True)


@pytest.fixture
def rows():
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return [StoredEvent(**orjson.loads(line)) for line in lines]


@pytest.fixture
def store(any_store, rows):
    at = 0
    for command_id, size in (("open-1", 1), (None, 1), ("c-2", 1), (None, len(rows) - 3)):
        unit = Unit("agency", "R-1", at, tuple(rows[at : at + size]), command_id, listing=LISTED)
        any_store.append(unit)
        at += size
    return any_store


def test_the_columns_and_their_order_are_pinned(rows):
    assert StoredEvent._fields == COLUMNS
    assert len(rows) == 21


def test_the_hashes_of_the_rows_are_pinned(rows):
    assert verify_chain(rows) == LAST_HASH
    assert rows[0].previous_hash == GENESIS
    assert rows[0].hash == hash_of(rows[0][:-1])


def test_the_stored_names_of_all_its_events_are_pinned(rows):
    assert [row.type for row in rows] == [
        "case-opened",
        "bike-described",
        "inspected",
        "exception-made",
        "quote-sent",
        "accounted",
        "paid",
        "quote-agreed",
        "moved",
        "moved",
        "part-arrived",
        "moved",
        "ridden",
        "ridden",
        "corrected",
        "call-missed",
        "moved",
        "moved",
        "voided",
        "corrected",
        "invoice-sent",
    ]


def test_writing_what_was_read_gives_the_same_rows(rows):
    codec = Codec(shop.event_types)
    previous = GENESIS
    for row in rows:
        again = codec.encode(codec.decode(row), previous)
        assert again == row
        previous = again.hash


def test_it_loads_as_the_same_case(store):
    case = shop_book(store, clock=Clock()).case("R-1")
    assert (case.version, case.position, case.client) == (21, "collected", "customer-1")
    assert (case.identity.workflow, case.identity.workflow_version) == ("repair-shop", "1")
    assert case.recorded_at == START + 2 * DAY + HOUR
    assert case.state == Shop(
        wanted=("chain",),
        arrived=("chain",),
        paid=15_000,
        price=60_000,
        last_words="it clicks, žluťoučký 🚲",
        findings=FINDINGS,
    )
    assert [(move.number, move.transition, move.position) for move in case.path] == [
        (1, "open", "intake.dropped-off"),
        (3, "inspect", "intake.looked-at"),
        (5, "quote", "quoting"),
        (8, "agree", "repair.waiting"),
        (9, "hold", "repair.waiting:hold"),
        (10, "resume", "repair.waiting"),
        (12, "start", "repair.bench"),
        (14, "test", "ready"),
        (17, "collect", "collected"),
    ]
    (exception,) = case.exceptions
    assert (exception.number, exception.rule, exception.reason) == (
        4,
        "price-limit",
        "a rare bicycle",
    )
    assert exception.until == START + 30 * DAY
    assert exception.roles == {"manager", "mechanic"}
    assert {rule: entry.number for rule, entry in case.dues.items()} == {
        "rung-back": 16,
        "invoiced": 17,
    }
    assert {cls.__name__: seen.times for cls, seen in case.seen().items()} == {
        "CaseOpened": 1,
        "BikeDescribed": 1,
        "Inspected": 1,
        "ExceptionMade": 1,
        "QuoteSent": 1,
        "Accounted": 1,
        "Paid": 1,
        "QuoteAgreed": 1,
        "Moved": 4,
        "PartArrived": 1,
        "Ridden": 2,
        "Corrected": 2,
        "CallMissed": 1,
        "Voided": 1,
        "InvoiceSent": 1,
    }


def test_its_envelopes_say_what_they_said(store):
    history = shop_book(store, clock=Clock()).history("R-1")
    described, inspected, quote = history[1], history[2], history[4]
    assert (described.subject, described.reported_by) == ("child-2", "a neighbour")
    assert (described.occurred_at, described.recorded_at) == (START - DAY, START + HOUR)
    assert (inspected.actor, inspected.on_behalf_of) == ("zoe", "mo")
    assert inspected.roles == {"helper", "mechanic"}
    assert quote.noted == (Noted("price-limit", "block", "excepted", 4, None),)
    assert (history[8].transition, history[8].reason_code) == ("hold", "holiday")
    assert (history[14].event, history[14].reason) == (
        Corrected(number=7, event=Paid(amount=15_000)),
        "a slip of the pen",
    )
    assert history[20].noted == (
        Noted("not-in-the-future", "warn", "unmet", None, None),
        Noted("after-the-end", "warn", "unmet", None, None),
    )


def test_its_commands_are_still_known(store):
    """A fingerprint is pinned too: the program that sent a command may be older than this one."""
    book = shop_book(store, clock=Clock(START + 5 * DAY))
    opened = book.open(client="customer-1", by="ana", reason="walked in", command_id="open-1")
    assert opened.replayed
    actor = Actor("zoe", ["mechanic", "helper"], on_behalf_of="mo")
    inspected = book.do("R-1", Inspected(findings=FINDINGS), by=actor, command_id="c-2")
    assert (inspected.replayed, inspected.case.version) == (True, 3)


def test_it_is_carried_on(store):
    book = shop_book(store, clock=Clock(START + 5 * DAY))
    # The invoice is dated at the end of May: until then it is to be sent. To ring back lapsed.
    assert [item.rule for item in book.owed("R-1")] == ["invoiced"]
    later = START + 91 * DAY
    assert book.owed("R-1", now=later) == ()
    assert book.do("R-1", "reopen", by="boss").case.position == "ready"
    assert [item.rule for item in book.owed("R-1", now=later)] == ["rung-back"]
    quote = Corrected(number=5, event=QuoteSent(amount=61_000, share=2))
    assert book.do("R-1", quote, by="ana").case.state.price == 61_000
    assert verify_chain(store.read("agency", "R-1")) == store.head("agency", "R-1").hash
