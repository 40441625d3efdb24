"""Sealed rows: what stands in them, what they read as when erased, and plain ones beside them."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import attrs
import orjson
import pytest

from caseflow import (
    ERASED,
    Casebook,
    Code,
    Corrected,
    Entry,
    Erased,
    ErasedInFold,
    KeyMissing,
    PayloadInvalid,
    Personal,
    Stage,
    SubjectErased,
    Transition,
    UnreadableRecord,
    Workflow,
    fact,
)
from caseflow.kernel.snapshot import subjects_of
from caseflow.storage import MemoryKeyStore, MemoryStorage, SubjectCipher, verify_chain
from tests.erasure.test_keys import ERASING
from tests.support.trades import Clock

# -- a workflow with every shape of personal field -------------------------------------------


@attrs.frozen
class Child:
    name: str
    born: Personal[date] | None
    school: Code = "none"


@fact("everything")
class Everything:
    words: str
    maybe: str | None
    born: Personal[date]
    debt: Personal[Decimal] | None
    either: int | str
    code: Code
    number: int
    many: tuple[str, ...]
    some: frozenset[str]
    pair: tuple[Code, str]
    named: tuple[tuple[Code, str], ...]
    child: Child
    no_child: Child | None
    children: tuple[Child, ...]
    whole: Personal[Child] | None
    anything: Any
    late: str = "later"


EVERYTHING = Everything(
    words="w",
    maybe="m",
    born=date(1987, 6, 5),
    debt=Decimal("12.50"),
    either="e",
    code="c",
    number=7,
    many=("a", "", "b"),
    some=frozenset({"s", "t"}),
    pair=("c", "p"),
    named=(("c", "n"),),
    child=Child("kim", date(2020, 1, 2)),
    no_child=None,
    children=(Child("bo", None, "west"), Child("", None)),
    whole=Child("all", None),
    anything={"*": [1, "x"]},
)

ONCE_ERASED = Everything(
    words=ERASED,
    maybe=ERASED,
    born=ERASED,
    debt=ERASED,
    either=ERASED,
    code="c",
    number=7,
    many=(ERASED, "", ERASED),
    some=frozenset({ERASED}),
    pair=ERASED,
    named=(ERASED,),
    child=Child(ERASED, ERASED),
    no_child=None,
    children=(Child(ERASED, None, "west"), Child("", None)),
    whole=ERASED,
    anything=ERASED,
    late=ERASED,
)


def of(*events, state=None):
    given = {} if state is None else {"state": state}
    stages = [Stage("open", initial=True), Stage("done", final=True)]
    ways = [Transition("finish", source="open", to="done", reason_required=True)]
    return Workflow("shapes", version="1", stages=stages, transitions=ways, events=events, **given)


def book_of(workflow, store, cipher=None, **options):
    return Casebook(workflow, store, cipher=cipher, clock=Clock(), **options)


@pytest.fixture
def cipher():
    return SubjectCipher(MemoryKeyStore())


@pytest.fixture
def store():
    return MemoryStorage()


def test_every_shape_comes_back_as_it_was_and_as_erased(store, cipher):
    book = book_of(of(Everything), store, cipher)
    book.open(client="P-1", by="ana", case_id="c1")
    book.record("c1", EVERYTHING, by="ana")
    row = store.read("agency", "c1")[1]
    assert book.history("c1")[1].event == EVERYTHING
    cipher.erase("P-1", **ERASING)
    recorded = book.history("c1")[1]
    for field in attrs.fields(Everything):
        found, expected = getattr(recorded.event, field.name), getattr(ONCE_ERASED, field.name)
        assert repr(found) == repr(expected), field.name
    assert recorded.event == ONCE_ERASED
    assert recorded.subject == row.subject


def test_what_stands_in_a_row_is_as_it_is_written_down(store, cipher):
    """docs/stability.md describes it, and it is kept for ever."""
    book = book_of(of(Everything), store, cipher)
    book.open(client="P-1", by="ana", case_id="c1")
    told = Entry(EVERYTHING, reason="why", reported_by="who")
    book.record("c1", told, by="ana")
    row = store.read("agency", "c1")[1]
    payload = orjson.loads(row.payload)
    places, sealed = payload.pop("*")
    values = cipher.open(row.subject, sealed)
    assert payload == {
        "words": None,
        "maybe": None,
        "born": None,
        "debt": None,
        "either": None,
        "code": "c",
        "number": 7,
        "many": [None, "", None],
        "some": [None, None],
        "pair": None,
        "named": [None],
        "child": {"name": None, "born": None, "school": "none"},
        "no_child": None,
        "children": [
            {"name": None, "born": None, "school": "west"},
            {"name": "", "born": None, "school": "none"},
        ],
        "whole": None,
        "anything": None,
        "late": None,
    }
    assert (row.reason, row.reported_by) == (None, None)
    table = {str(place): value for place, value in zip(places, values, strict=True)}
    assert table["['words']"] == "w"
    assert table["['many', 2]"] == "b"
    assert table["['child', 'born']"] == "2020-01-02"
    assert table["['debt']"] == "12.50"
    assert table["['anything']"] == {"*": [1, "x"]}
    assert (table["reason"], table["reported_by"]) == ("why", "who")
    assert row.subject == cipher.pseudonym("P-1")


def test_a_row_without_anything_personal_is_not_sealed(store, cipher):
    @fact("counted")
    class Counted:
        number: int
        note: str = ""

    book = book_of(of(Counted), store, cipher)
    book.open(client="P-1", by="ana", case_id="c1")
    book.record("c1", Counted(number=1), by="ana")
    assert store.read("agency", "c1")[1].payload == '{"number":1,"note":""}'
    cipher.erase("P-1", **ERASING)
    recorded = book.record("c1", Counted(number=2), by="ana").events[0]  # never refused
    assert recorded.subject == cipher.pseudonym("P-1")
    assert book.case("c1").count(Counted) == 2
    with pytest.raises(SubjectErased):
        book.record("c1", Counted(number=3, note="words"), by="ana")
    with pytest.raises(SubjectErased):
        book.record("c1", Entry(Counted(number=3), reported_by="mo"), by="ana")
    assert book.case("c1").version == 3


# -- plain rows ------------------------------------------------------------------------------


@fact("noted")
class Noted:
    text: str
    extra: Any = None


LOOKS_SEALED = [
    Noted(text="1.AAAA", extra={"*": [[["text"]], "1.AAAA"]}),
    Noted(text='{"*": 1}', extra=["*"]),
    Noted(text="~" + "0" * 32),
    Noted(text="(erased)", extra="Erased"),
]


def test_a_store_that_gets_a_cipher_later_reads_its_plain_rows_and_writes_sealed_ones(
    store, cipher
):
    plain = book_of(of(Noted), store, snapshot_every=2)
    plain.open(client="P-1", by="ana", case_id="c1", reason="why")
    for event in LOOKS_SEALED:
        plain.record("c1", Entry(event, reported_by="1.AAAA"), by="ana")
    assert store.snapshot("agency", "c1") is not None
    book = book_of(of(Noted), store, cipher)
    assert book.case("c1") == plain.case("c1")
    assert book.history("c1") == plain.history("c1")
    for event in LOOKS_SEALED:
        book.record("c1", Entry(event, reported_by="1.AAAA"), by="ana")
    fresh = book_of(of(Noted), store, cipher)
    told = [(e.event, e.reported_by, e.subject) for e in fresh.history("c1")]
    assert told[1:] == [(event, "1.AAAA", "P-1") for event in LOOKS_SEALED] * 2
    assert fresh.case("c1") == book.case("c1")
    assert book.packet("c1", BytesIO()).events == 9
    assert {row.subject for row in store.read("agency", "c1")[5:]} == {cipher.pseudonym("P-1")}
    verify_chain(store.read("agency", "c1"))


def test_without_the_cipher_a_sealed_row_is_refused_by_name(store, cipher):
    book_of(of(Noted), store, cipher).open(client="P-1", by="ana", case_id="c1")
    with pytest.raises(UnreadableRecord, match="it is sealed, and there is no cipher") as told:
        book_of(of(Noted), store).case("c1")
    assert told.value.fields["number"] == 1


def test_with_another_key_store_it_is_missing_and_not_erased(store, cipher):
    book_of(of(Noted), store, cipher).open(client="P-1", by="ana", case_id="c1")
    with pytest.raises(KeyMissing):
        book_of(of(Noted), store, SubjectCipher(MemoryKeyStore())).case("c1")


def test_a_changed_seal_is_damage_and_is_told_without_its_words(store, cipher):
    book = book_of(of(Noted), store, cipher)
    book.open(client="P-1", by="ana", case_id="c1")
    book.record("c1", Noted(text="SECRET"), by="ana")
    rows = store._agencies["agency"].cases["c1"]
    rows[1] = rows[1]._replace(payload=rows[1].payload.replace('"1.', '"1.A'))
    with pytest.raises(UnreadableRecord, match=r"Event 2 of case 'c1' \('noted'\)"):
        book.history("c1")

    @fact("noted")
    class Other:
        text: int
        extra: Any = None

    book.record("c1", Noted(text="SECRET"), by="ana")
    del rows[1]
    rows[1] = rows[1]._replace(number=2)
    with pytest.raises(UnreadableRecord) as told:
        book_of(of(Other), store, cipher).history("c1")
    assert "what is sealed in it does not fit" in str(told.value)
    assert "SECRET" not in str(told.value)


# -- other versions of a class ---------------------------------------------------------------


def later(upcast):
    @fact("noted", version=2, upcasters={1: upcast})
    class Later:
        words: str
        extra: Any = None
        source: Code = ""

    return Later


def renamed(payload):
    words = payload.pop("text")
    return {**payload, "words": words if isinstance(words, Erased) else words.upper()}


def test_an_upcaster_is_given_what_was_sealed_and_later_what_was_erased(store, cipher):
    book = book_of(of(Noted), store, cipher)
    book.open(client="P-1", by="ana", case_id="c1")
    book.record("c1", Noted(text="words"), by="ana")
    newer = book_of(of(later(renamed)), store, cipher)
    assert newer.history("c1")[1].event.words == "WORDS"
    cipher.erase("P-1", **ERASING)
    assert newer.history("c1")[1].event.words is ERASED

    careless = later(lambda payload: {**payload, "words": payload.pop("text").upper()})
    with pytest.raises(UnreadableRecord, match="an upcaster of 'noted' reads what was erased"):
        book_of(of(careless), store, cipher).history("c1")


def test_a_word_that_becomes_text_reads_on(store, cipher):
    """What is sealed in a row is said by the row, not by the class as it is by then."""

    @fact("noted")
    class Before:
        text: Code
        extra: str = ""

    @fact("noted")
    class After:
        text: str
        extra: Code = ""

    book = book_of(of(Before), store, cipher)
    book.open(client="P-1", by="ana", case_id="c1")
    book.record("c1", Before(text="a-code", extra="words"), by="ana")
    event = book_of(of(After), store, cipher).history("c1")[1].event
    assert (event.text, event.extra) == ("a-code", "words")


# -- corrections -----------------------------------------------------------------------------


def test_of_a_correction_only_what_is_personal_is_erased(store, cipher):
    """Else nothing would be left of a corrected event, nor of what the case counts by it."""

    @fact("counted")
    class Counted:
        number: int
        note: str = ""

    book = book_of(of(Counted), store, cipher)
    book.open(client="P-1", by="ana", case_id="c1")
    book.record("c1", Counted(number=1, note="words"), by="ana")
    book.do("c1", Corrected(number=2, event=Counted(number=5, note="better words")), by="ana")
    cipher.erase("P-1", **ERASING)
    assert book.history("c1")[2].event == Corrected(
        number=2, event=attrs.evolve(Counted(number=5), note=ERASED)
    )
    assert book.case("c1").latest(Counted).number == 5


def test_an_erased_event_is_not_recorded_again_by_mistake(store, cipher):
    book = book_of(of(Everything), store, cipher)
    book.open(client="P-1", by="ana", case_id="c1")
    book.open(client="P-2", by="ana", case_id="c2")
    book.record("c1", EVERYTHING, by="ana")
    cipher.erase("P-1", **ERASING)
    erased = book.history("c1")[1].event
    with pytest.raises(PayloadInvalid) as told:
        book.record("c2", erased, by="ana")
    assert str(told.value) == (
        "Everything.words cannot be recorded as what was erased. It takes a text (str). "
        "Say it anew, where that is allowed, or leave it empty."
    )
    for name in ("pair", "children", "many"):
        with pytest.raises(PayloadInvalid, match=f"Everything.{name} cannot be recorded"):
            book.record("c2", attrs.evolve(EVERYTHING, **{name: getattr(erased, name)}), by="ana")
    fields = dict.fromkeys(("words", "maybe", "either", "anything", "late"), "anew")
    book.record("c2", attrs.evolve(EVERYTHING, **fields), by="ana")


# -- the state -------------------------------------------------------------------------------


@attrs.frozen
class Loud:
    """A state that draws a conclusion from what it was told."""

    said: tuple[str, ...] = ()

    def fold(self, recorded):
        if isinstance(recorded.event, Noted):
            return Loud((*self.said, recorded.event.text.upper()))
        return self


@attrs.frozen
class Careful(Loud):
    def fold(self, recorded):
        if isinstance(recorded.event, Noted) and isinstance(recorded.event.text, Erased):
            return self
        return super().fold(recorded)


def test_a_state_that_reads_what_was_erased_is_told_where_and_what_to_do(store, cipher):
    book = book_of(of(Noted, state=Loud), store, cipher)
    book.open(client="P-1", by="ana", case_id="c1")
    book.record("c1", Noted(text="words"), by="ana")
    cipher.erase("P-1", **ERASING)
    with pytest.raises(ErasedInFold) as told:
        book.case("c1")
    assert str(told.value).startswith(
        "Case 'c1' cannot be folded: Loud.fold reads what was erased, in event 2 ('noted')"
    )
    assert book_of(of(Noted, state=Careful), store, cipher).case("c1").state.said == ()


def test_snapshots_open_only_with_the_keys_of_all_whose_data_they_hold(store, cipher):
    book = book_of(of(Noted), store, cipher, snapshot_every=2, recent=0)
    book.open(client="P-1", by="ana", case_id="c1")
    book.record("c1", Entry(Noted(text="of a child"), subject="P-2"), by="ana")
    kept = store.snapshot("agency", "c1").text
    codec = book._middle.codec
    assert codec.decode_case(kept, of(Noted).state) == book.case("c1")
    cipher.erase("P-2", **ERASING)
    assert codec.decode_case(kept, of(Noted).state) is None
    assert book.case("c1").latest(Noted).text is ERASED
    assert book.case("c1").client == "P-1"


def test_a_later_snapshot_needs_the_keys_of_the_earlier_one_too(store, cipher):
    """What a case holds of a member came from a snapshot, and goes on into the next."""
    book = book_of(of(Noted), store, cipher, snapshot_every=2, recent=0)
    book.open(client="P-1", by="ana", case_id="c1")
    book.record("c1", Entry(Noted(text="of a child"), subject="P-2"), by="ana")
    for _ in range(2):
        book.record("c1", Noted(text="of the client"), by="ana")
    kept = store.snapshot("agency", "c1")
    assert kept.version == 4
    assert subjects_of(kept.text) == {cipher.pseudonym("P-1"), cipher.pseudonym("P-2")}
