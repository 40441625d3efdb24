"""Any text at all, wherever a book takes one: kept, or refused by name, on every store alike."""

from itertools import count

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from caseflow import (
    Actor,
    CaseflowError,
    Entry,
    Index,
    InvalidCall,
    Stage,
    StoreError,
    Transition,
    Unmet,
    Workflow,
    rule,
)
from caseflow.casebook import given as given_to_a_book
from caseflow.casebook.finding import listing
from caseflow.storage import MemoryKeyStore, MemoryStorage, SQLStorage, SubjectCipher
from tests.hostile.desk import Letter, LoanAgreed, desk, incompressible, open_desk


def letter(case):
    last = case.latest(Letter)
    return last.text if last else None


@rule("no-other-letter", counts="letter")
def no_other(case, context):
    """No other case holds such a letter."""
    others = context.other_cases("letter", letter(case) or "")
    if others:
        yield Unmet(found=others, remedy="look at the other case")


INDEXES = [Index("letter", of=letter), Index("secret", of=letter, personal=True)]
INDEXED = desk(rules=(no_other,), indexes=INDEXES)


LONG = st.builds(incompressible, st.integers(300, 9_000), st.integers(0, 99))
TEXTS = (
    st.text(st.characters(), max_size=20)
    | st.text(st.sampled_from("a\0\ud800\udfff€𝄞"), max_size=600)
    | LONG
    | LONG.map(lambda text: f"{text}\0")
)


@pytest.fixture(scope="module")
def stores(postgres_server, tmp_path_factory):
    with postgres_server.database() as url:
        file = tmp_path_factory.mktemp("any-text") / "cases.db"
        opened = [SQLStorage(f"sqlite:///{file}"), SQLStorage(url)]
        yield [MemoryStorage(), *opened]
        for store in opened:
            store.close()


def answer(call):
    """What a call gives, or the error that it raises: of ours, and never that a store failed."""
    try:
        return call()
    except StoreError:
        raise
    except CaseflowError as error:
        return f"{error.code}: {error}"


def answers(book, text):
    """What a book says to a text in every place where it takes one."""
    for case_id in ("C-1", "C-2"):
        book.open(client="P-1", case_id=case_id, by="ana")
    said = Letter(text=text)

    def found(**wanted):
        return [case.id for case in book.find(**wanted).cases]

    calls = {
        "in words": lambda: len(book.record("C-1", Letter(), by="ana", reason=text).events),
        "fact": lambda: len(book.record("C-1", said, by="ana").events),
        "again": lambda: len(book.record("C-2", said, Letter(text="b"), said, by="ana").events),
        "index": lambda: found(where={"letter": text}),
        "personal index": lambda: found(where={"secret": text}),
        "tally": lambda: dict(book.tally("letter")),
        "count": lambda: book.ask("C-2", LoanAgreed(amount=1), by="ana").to_data(),
        "open": lambda: book.open(client=text, case_id="C-3", by="ana").case.id,
        "case": lambda: book.open(client="P-1", case_id=text, by="ana").case.id,
        "client": lambda: found(client=text),
        "subject of a step": lambda: len(
            book.record("C-1", Entry(Letter(), subject=text), by="ana").events
        ),
        "subject": lambda: found(subject=text),
        "version": lambda: found(workflow_version=text),
        "actor": lambda: len(book.record("C-1", Letter(), by=Actor(text, [text])).events),
        "command": lambda: len(book.record("C-1", Letter(), by="ana", command_id=text).events),
        "the command again": lambda: (
            book.record("C-1", Letter(), by="ana", command_id=text).replayed
        ),
        "consumer": lambda: book.consume(text, lambda event: None),
        "history": lambda: [one.event for one in book.history("C-1")],
        "list": lambda: list(book.every()),
        "verified": lambda: book.verify_all().findings,
    }
    return {what: answer(call) for what, call in calls.items()}


AGENCIES = count()


@settings(max_examples=12)
@given(text=TEXTS)
@example(text="a\0b")
@example(text="\ud800")
@example(text=incompressible(9_000))
@example(text=incompressible(listing.LONGEST_VALUE))
@example(text=incompressible(given_to_a_book.LONGEST_ID))
@example(text=incompressible(given_to_a_book.LONGEST_ID + 1))
@example(text=listing._digest("a\0b"))
def test_any_text_is_kept_or_refused_by_name_on_every_store_alike(stores, text):
    agency = f"agency-{next(AGENCIES)}"
    in_memory, *others = (answers(open_desk(one, INDEXED, agency=agency), text) for one in stores)
    assert others == [in_memory, in_memory]
    assert in_memory["verified"] == ()
    if any("\ud800" <= character <= "\udfff" for character in text):
        assert in_memory["fact"].startswith("payload-invalid: Letter.text cannot be recorded")
        return
    assert (in_memory["fact"], in_memory["again"]) == (1, 3)
    assert in_memory["index"] == in_memory["personal index"] == ["C-1", "C-2"]


def test_what_looks_like_a_digest_is_another_value(any_store):
    book = open_desk(any_store, INDEXED)
    texts = ["a\0b", listing._digest("a\0b"), listing._digest(listing._digest("a\0b"))]
    for number, text in enumerate(texts):
        book.open(client="P-1", case_id=f"C-{number}", by="ana")
        book.record(f"C-{number}", Letter(text=text), by="ana")
    for number, text in enumerate(texts):
        assert [case.id for case in book.find(where={"letter": text}).cases] == [f"C-{number}"]
    assert sorted(book.tally("letter").values()) == [1, 1, 1]


@settings(max_examples=12)
@given(text=TEXTS)
@example(text="a\0\ud800")
def test_a_cipher_is_in_nobodys_way(text):
    store, cipher = MemoryStorage(), SubjectCipher(MemoryKeyStore())
    agency = f"agency-{next(AGENCIES)}"
    sealed = answers(open_desk(store, INDEXED, agency=agency, cipher=cipher), text)
    plain = answers(open_desk(store, INDEXED, agency=f"{agency}-plain"), text)
    for what in ("fact", "index", "personal index", "tally", "client", "subject", "verified"):
        assert sealed[what] == plain[what]


def test_what_is_as_long_as_it_may_be_fits_on_every_store(any_store):
    ids = iter(range(1, 100))

    def longest():
        return incompressible(given_to_a_book.LONGEST_ID, next(ids))

    value = incompressible(listing.LONGEST_VALUE)
    index = Index(longest(), of=letter)
    workflow = Workflow(
        longest(),
        version=longest(),
        stages=[Stage("asked", initial=True), Stage("done", final=True)],
        transitions=[Transition("finish", source="asked", to="done")],
        events=[Letter],
        indexes=[index],
    )
    book = open_desk(any_store, workflow, agency=longest())
    case_id, client, consumer = longest(), longest(), longest()
    book.open(client=client, case_id=case_id, by=longest(), command_id=longest())
    book.record(case_id, Entry(Letter(text=value), subject=longest()), by=Actor(longest()))
    for wanted in ({"client": client}, {"where": {index.name: value}}, {"stage": "asked"}):
        assert [case.id for case in book.find(**wanted).cases] == [case_id]
    assert book.tally(index.name) == {value: 1}
    assert book.consume(consumer, lambda event: None) == 2


@pytest.mark.parametrize("part", ["workflow", "stage", "index"])
def test_a_workflow_whose_names_are_too_long_gets_no_book(part):
    long = "a" * (given_to_a_book.LONGEST_ID + 1)
    named = {name: long if name == part else name for name in ("workflow", "stage", "index")}
    stages = [Stage(named["stage"], initial=True), Stage("done", final=True)]
    workflow = Workflow(
        named["workflow"],
        version="1",
        stages=stages,
        transitions=[Transition("finish", source=named["stage"], to="done")],
        indexes=[Index(named["index"], of=letter)],
    )
    with pytest.raises(InvalidCall, match=f"{part}.*is too long for an id: it has 501 bytes"):
        open_desk(MemoryStorage(), workflow)


ID_REPAIR = (
    "Give at most 500 bytes (a letter is one, outside of English up to four); longer texts belong "
    "into the payload of an event."
)


@pytest.mark.parametrize(
    "name", ["client", "case_id", "command_id", "by", "agency", "subject", "consumer"]
)
def test_an_id_that_is_too_long_is_refused_before_anything_is_written(any_store, name):
    text = "ü" * 251
    book = open_desk(any_store)
    opening = {"client": "P-1", "case_id": "C-1", "by": "ana"}
    calls = {
        "agency": lambda: open_desk(any_store, agency=text),
        "subject": lambda: book.find(subject=text),
        "consumer": lambda: book.consume(text, print),
    }
    with pytest.raises(InvalidCall) as refused:
        calls.get(name, lambda: book.open(**{**opening, name: text}))()
    assert str(refused.value) == (
        f"{name}='{'ü' * 55}...' is too long for an id: it has 502 bytes. {ID_REPAIR}"
    )
    assert book.case_ids() == ()
