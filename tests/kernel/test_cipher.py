"""What is personal is sealed before it reaches a store: payloads, reasons, snapshots."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypeVar

import attrs
import orjson
import pytest

from caseflow import Code, Corrected, Entry, ExceptionMade, Personal
from caseflow.kernel.cipher import personal_parts
from caseflow.kernel.events import CORE_EVENTS
from caseflow.storage import MemoryStorage
from tests.support.toy_cipher import ToyCipher
from tests.support.trades import (
    ANA,
    BOSS,
    EVENTS,
    MO,
    BikeDescribed,
    CallMissed,
    Finding,
    Inspected,
    QuoteAgreed,
    QuoteSent,
    Shop,
    bring,
    shop_book,
)


class Color(Enum):
    RED = "red"


class Word(str):
    __slots__ = ()


Name = NewType("Name", str)
T = TypeVar("T")


@dataclass
class Point:
    name: str


class Pair(NamedTuple):
    name: str


@attrs.frozen
class Box(Generic[T]):
    inner: T


@attrs.frozen
class Tree:
    words: str
    branches: "tuple[Tree, ...]" = ()


@pytest.mark.parametrize(
    ("kind", "plan"),
    [
        (str, "seal"),
        (Code, None),
        (int, None),
        (Decimal, None),
        (datetime, None),
        (Personal[date], "seal"),
        (Personal[int], "seal"),
        (Annotated[str, "a note"], "seal"),
        (Annotated[int, "a note"], None),
        (Any, "seal"),
        (object, "seal"),
        (str | None, "seal"),
        (Code | None, None),
        (int | str, "seal"),
        (Personal[date] | None, "seal"),
        (Literal["yes", "no"], None),
        (Color, None),
        (Word, "seal"),
        (Name, "seal"),
        (list, "seal"),
        (dict, "seal"),
        (list[str], ("each", "seal")),
        (tuple[Code, ...], None),
        (tuple[Finding, ...], ("each", {"trouble": "seal"})),
        (tuple[Code, str], "seal"),
        (tuple[Code, int], None),
        (frozenset[Code], None),
        (Mapping[Code, str], ("values", "seal")),
        (dict[Code, int], None),
        (dict[str, int], "seal"),
        (Finding, {"trouble": "seal"}),
        (Finding | None, {"trouble": "seal"}),
        # What cannot be seen through may hold text, and is personal.
        (bytes, "seal"),
        (Point, "seal"),
        (Pair, "seal"),
        (Box[int], "seal"),
        (TypeVar("T"), "seal"),
        (tuple[Point, ...], ("each", "seal")),
        (Tree, {"words": "seal", "branches": ("each", "seal")}),
    ],
    ids=str,
)
def test_free_text_is_personal_unless_its_type_says_otherwise(kind, plan):
    assert personal_parts(kind) == plan


def test_what_is_personal_in_the_events_of_the_shop():
    plans = {cls.__name__: personal_parts(cls) for cls in (*EVENTS, *CORE_EVENTS) if cls}
    assert {name: plan for name, plan in plans.items() if plan} == {
        "BikeDescribed": {"words": "seal", "born": "seal"},
        "CallMissed": {"number": "seal"},
        "CalledBack": {"number": "seal"},
        "CaseOpened": {"client": "seal"},
        "ExceptionMade": {"reason": "seal"},
        "Corrected": {"event": "seal"},  # but for what a codec sees of the event in it
    }


SECRETS = [
    "SECRET words",
    "SECRET trouble",
    "SECRET mended",
    "SECRET reason",
    "SECRET hint",
    "SECRET neighbour",
    "SECRET kindness",
    "SECRET consent",
    "1987-06-05",
]


def secret_history(cipher, store, **options):
    """A repair with a personal text in every place that can hold one."""
    book = shop_book(store, cipher=cipher, **options)
    case_id = book.open(client="customer-1", by=ANA, reason="SECRET reason").case.id
    words = BikeDescribed(words="SECRET words", serial="A1", born=date(1987, 6, 5))
    told = Entry(words, reported_by="SECRET neighbour", reason="SECRET hint", subject="child-2")
    book.record(case_id, told, by=ANA)
    finding = Finding(part="chain", trouble="SECRET trouble")
    book.do(case_id, Inspected(findings=(finding,)), by=MO, command_id="c1")
    mended = attrs.evolve(finding, trouble="SECRET mended")
    book.do(case_id, Corrected(number=3, event=Inspected(findings=(mended,))), by=MO)
    book.do(case_id, ExceptionMade(rule="price-limit", reason="SECRET kindness"), by=BOSS)
    book.do(case_id, QuoteSent(amount=60_000), by=ANA)
    book.do(case_id, QuoteAgreed(words="SECRET consent"), by=ANA)
    book.do(case_id, "requote", by=ANA, reason="SECRET reason")
    return book, case_id


def test_no_personal_text_reaches_the_rows_of_a_store_nor_its_snapshots():
    cipher, store = ToyCipher(), MemoryStorage()
    book, case_id = secret_history(cipher, store, snapshot_every=1, recent=0)
    rows = store.read("agency", case_id)
    snapshot = store.snapshot("agency", case_id).text
    assert snapshot is not None
    kept = repr((rows, snapshot))
    assert [text for text in SECRETS if text in kept] == []
    assert "SECRET" not in kept
    assert "customer-1" not in kept
    assert cipher.subjects == {"customer-1", "child-2"}
    # It was there to be sealed: the book reads every word of it.
    told = repr((book.history(case_id), book.case(case_id)))
    assert [text for text in SECRETS if text not in told and text != "1987-06-05"] == []
    assert book.history(case_id)[1].event.born == date(1987, 6, 5)


def test_without_a_cipher_the_same_texts_are_all_there():
    store = MemoryStorage()
    _, case_id = secret_history(None, store, snapshot_every=1)
    kept = repr((store.read("agency", case_id), store.head("agency", case_id)))
    assert [text for text in SECRETS if text not in kept] == []


def test_a_sealed_case_is_read_from_its_snapshot_as_from_its_history():
    store = MemoryStorage()
    book, case_id = secret_history(ToyCipher(), store, snapshot_every=1)
    fresh = shop_book(store, cipher=ToyCipher(), snapshot_every=1)
    assert fresh.case(case_id) == book.case(case_id)
    snapshot = store.snapshot("agency", case_id).text
    assert fresh._middle.codec.decode_case(snapshot, Shop) == book.case(case_id)


def test_codes_stay_readable_so_that_reports_need_no_key():
    store = MemoryStorage()
    _, case_id = secret_history(ToyCipher(), store)
    payload = orjson.loads(store.read("agency", case_id)[1].payload)
    assert payload["serial"] == "A1"
    assert set(payload) == {"words", "serial", "born", "*"}
    assert payload["*"][0] == [["words"], ["born"], "reason", "reported_by"]


def test_the_fingerprint_of_a_command_is_the_ciphers():
    store = MemoryStorage()
    book, case_id = secret_history(ToyCipher(), store)
    row = store.command("agency", "c1")[0]
    assert row.fingerprint.startswith("keyed-")
    plain = shop_book(MemoryStorage())
    other = plain.open(client="customer-1", by=ANA, command_id="c1")
    assert not other.events[0].fingerprint.startswith("keyed-")
    finding = Finding(part="chain", trouble="SECRET trouble")
    assert book.do(case_id, Inspected(findings=(finding,)), by=MO, command_id="c1").replayed


def test_an_event_about_somebody_else_is_sealed_for_them():
    cipher, store = ToyCipher(), MemoryStorage()
    book = shop_book(store, cipher=cipher)
    case_id = bring(book, "dropped-off")
    cipher.subjects.clear()
    book.record(case_id, Entry(CallMissed(number="555"), subject="child-2"), by=ANA)
    assert cipher.subjects == {"child-2"}
    assert book.history(case_id)[-1].subject == "child-2"
