"""What was written in the clear is sealed by importing it: it says the same, and can be erased."""

import asyncio
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow import (
    AsyncCasebook,
    Casebook,
    CommandReused,
    Entry,
    InvalidCall,
    KeyMissing,
    OtherWorkflow,
    Retention,
    SubjectErased,
    UnreadableRecord,
)
from caseflow.casework import ContactAttempted, LegalHoldLifted
from caseflow.storage import AsyncSQLStorage, MemoryKeyStore, MemoryStorage, SubjectCipher
from caseflow.testing import histories
from tests.erasure.test_histories import WORKFLOWS, kept, of_several
from tests.erasure.test_keys import ERASING
from tests.support.traces import (
    CLIENT,
    MEMBER,
    SAM,
    read_from,
    seeded,
    telling,
    telling_book,
    traces,
)
from tests.support.trades import Clock, shop_book


@pytest.fixture
def cipher():
    return SubjectCipher(MemoryKeyStore())


def exported(book):
    file = io.BytesIO()
    book.export(file)
    file.seek(0)
    return file


def said(history):
    """What events say: all but the fingerprints, which are made with another key."""
    return [one._replace(fingerprint=None) for one in history]


@pytest.mark.parametrize("name", WORKFLOWS)
@given(data=st.data())
def test_it_says_the_same_and_holds(name, data):
    workflow, payloads = WORKFLOWS[name]
    history = of_several(data, data.draw(histories(workflow, payloads=payloads)))
    _, plain, case = kept(workflow, history, None)
    options = {"clock": lambda: history[-1].recorded_at, "retention": Retention()}
    book = Casebook(
        workflow,
        MemoryStorage(),
        agency=history[0].agency,
        cipher=SubjectCipher(MemoryKeyStore()),
        **options,
    )
    assert book.import_from(exported(plain), seal=True) == len(history)
    assert said(book.history(case.id)) == said(plain.history(case.id))
    assert book.case(case.id) == plain.case(case.id)
    assert book.verify_all().findings == ()
    for subject in {recorded.subject for recorded in history}:
        assert [g for g in book.may_erase(subject) if g.why == "in-the-clear"] == []


def test_nothing_of_it_is_left_in_the_clear_in_any_store(any_store, cipher):
    plain = MemoryStorage()
    case_id, texts = seeded(plain)
    before = telling_book(plain)
    book = telling_book(any_store, cipher)
    book.import_from(exported(before), seal=True)
    assert traces(read_from(any_store), texts) == []
    assert said(book.history(case_id)) == said(before.history(case_id))
    assert [one.id for one in book.find(client=CLIENT).cases] == [case_id]
    assert [one.id for one in book.find(subject=MEMBER).cases] == [case_id]
    book.record(case_id, LegalHoldLifted(name="a-word"), by=SAM)
    for who in (CLIENT, MEMBER):
        book.erase(who, by=SAM, reason="asked")
    after = repr((book.history(case_id), book.case(case_id)))
    assert [text for text in texts if text in after] == []
    assert book.verify_all().findings == ()


def test_a_book_that_seals_takes_nothing_in_the_clear(cipher):
    """Not a case of which only the end is sealed either; a book without a cipher copies it."""
    old, new = MemoryStorage(), MemoryStorage()
    telling_book(old).open(client=CLIENT, case_id="c1", by=SAM)
    book = telling_book(old, cipher)
    for _ in range(2):
        with pytest.raises(InvalidCall) as error:
            telling_book(new, cipher).import_from(exported(book))
        assert str(error.value) == (
            "import_from(seal=False) is given case 'c1' in the clear, and this book seals what "
            "it writes. Give seal=True. Nothing was imported."
        )
        assert new.agencies() == []
        book.record("c1", ContactAttempted(note="sealed"), by=SAM)
    telling_book(new).import_from(exported(book))
    assert new.read("agency", "c1") == old.read("agency", "c1")


@pytest.mark.parametrize("texts", [{}, {"reason": "Secret-1-Tell"}], ids=["no text", "a text"])
def test_nobody_who_was_erased_comes_back_with_a_file_of_before(cipher, texts):
    clear, sealed = telling_book(MemoryStorage()), telling_book(MemoryStorage(), cipher)
    clear.open(client=CLIENT, case_id="c1", by=SAM, **texts)
    sealed.import_from(exported(clear), seal=True)
    before = exported(sealed)
    book = telling_book(MemoryStorage(), SubjectCipher(cipher.keys))
    book.open(client=CLIENT, case_id="c2", by=SAM)  # so that it has their key in memory
    sealed.erase(CLIENT, by=SAM, reason="asked")
    with pytest.raises(SubjectErased) as error:
        book.import_from(exported(clear), seal=True)
    assert str(error.value) == (
        f"The data of {cipher.pseudonym(CLIENT)!r} was erased on 2026-03-02, and nothing personal "
        "can be written of them. Case 'c1' of the file tells of them in the clear: import the "
        "other cases from packets, and destroy what holds this one. Nothing was imported."
    )
    with pytest.raises(InvalidCall, match="Give seal=True"):
        book.import_from(exported(clear))
    assert book.case_ids() == ("c2",)
    assert book.import_from(before, seal=True) == 1
    assert book.case("c1") == sealed.case("c1")
    assert book.verify_all().findings == ()


def test_what_was_sealed_is_imported_without_its_keys_too(cipher):
    """The cases may be restored before the keys are. Then they are there, and cannot be read."""
    book, store = telling_book(MemoryStorage(), cipher), MemoryStorage()
    book.open(client=CLIENT, case_id="c1", by=SAM)
    telling_book(store, SubjectCipher(MemoryKeyStore())).import_from(exported(book))
    assert telling_book(store, cipher).case("c1") == book.case("c1")


def test_what_was_sealed_stays_as_it_is_and_what_was_erased_stays_erased(cipher):
    old, new = MemoryStorage(), MemoryStorage()
    case_id = telling_book(old).open(client=CLIENT, by=SAM).case.id
    book = telling_book(old, cipher)
    for who, words in ((CLIENT, "of the client"), ("child-1", "of a child")):
        book.record(case_id, Entry(ContactAttempted(note=words), subject=who), by=SAM)
    cipher.erase("child-1", **ERASING)
    sealed = telling_book(new, cipher)
    sealed.import_from(exported(book), seal=True)
    before, after = old.read("agency", case_id), new.read("agency", case_id)
    assert [one.payload for one in before[1:]] == [one.payload for one in after[1:]]
    assert before[0].payload != after[0].payload
    assert said(sealed.history(case_id)) == said(book.history(case_id))
    assert sealed.erase(CLIENT, by=SAM, reason="asked").cases == (case_id,)
    assert sealed.verify_all().findings == ()


TOLD = {"client": CLIENT, "case_id": "c1", "by": SAM, "command_id": "k1"}


def test_a_fingerprint_that_could_confirm_a_guess_does_not_come_along(cipher):
    plain, store = MemoryStorage(), MemoryStorage()
    before, book = telling_book(plain), telling_book(store, cipher)
    before.open(**TOLD)
    book.import_from(exported(before), seal=True)
    old, new = plain.read("agency", "c1")[0], store.read("agency", "c1")[0]
    assert None not in (old.fingerprint, new.fingerprint)
    assert old.fingerprint not in repr(new)


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "in the clear"])
def test_a_command_of_before_there_was_a_cipher_is_known_and_takes_no_effect_twice(cipher, sealed):
    before, store = telling_book(MemoryStorage()), MemoryStorage()
    called = ContactAttempted(note="she was out")
    opened = before.open(**TOLD)
    recorded = before.record("c1", called, by=SAM, command_id="k2")
    book = telling_book(store, cipher)
    if sealed:
        book.import_from(exported(before), seal=True)
    else:
        telling_book(store).import_from(exported(before))
    for now, then in (
        (book.open(**TOLD), opened),
        (book.record("c1", called, by=SAM, command_id="k2"), recorded),
    ):
        assert now.replayed
        assert [one.event for one in now.events] == [one.event for one in then.events]
        assert now.verdict.explain() == then.verdict.explain()
    assert book.case("c1").version == before.case("c1").version
    with pytest.raises(CommandReused):
        book.open(**{**TOLD, "client": "somebody else"})
    with pytest.raises(CommandReused):
        book.record("c1", ContactAttempted(note="she was in"), by=SAM, command_id="k2")


AGAIN = {
    "open": lambda book: book.open(**TOLD),
    "record": lambda book: book.record("c1", ContactAttempted(), by=SAM, command_id="k2"),
}


@pytest.mark.parametrize("verb", AGAIN)
def test_a_book_that_cannot_read_a_command_says_so_and_not_that_it_was_another(cipher, verb):
    before, store = telling_book(MemoryStorage()), MemoryStorage()
    for again in AGAIN.values():
        again(before)
    telling_book(store, cipher).import_from(exported(before), seal=True)
    for without, error, told in (
        (None, UnreadableRecord, "it is sealed, and there is no cipher to open it"),
        (SubjectCipher(MemoryKeyStore()), KeyMissing, "holds no key for"),
    ):
        book = telling_book(store, without)
        with pytest.raises(error, match=told):
            AGAIN[verb](book)


# -- refused, and nothing is imported --------------------------------------------------------


class Forgetful(SubjectCipher):
    """Planted: a cipher that gives back something else."""

    def within(self, agency, /):
        return self

    def open(self, subject, sealed, /):
        return [
            "something else" if isinstance(one, str) else one
            for one in super().open(subject, sealed)
        ]


def erased_before():
    cipher = SubjectCipher(MemoryKeyStore())
    cipher.register(CLIENT)
    cipher.erase(CLIENT, **ERASING)
    return cipher


@pytest.mark.parametrize(
    ("making", "error", "says"),
    [
        (
            telling_book,
            InvalidCall,
            r"^import_from\(seal=True\) has no cipher to seal with\. "
            r"Give the book one: Casebook\(\.\.\., cipher=\.\.\.\)\.$",
        ),
        (
            lambda store: shop_book(store, cipher=SubjectCipher(MemoryKeyStore())),
            OtherWorkflow,
            "repair-shop",
        ),
        (lambda store: telling_book(store, erased_before()), SubjectErased, "was erased"),
        (
            lambda store: telling_book(store, Forgetful(MemoryKeyStore())),
            UnreadableRecord,
            "it reads back as something else once it is sealed. See that its class and the "
            "cipher give back what they were given",
        ),
    ],
    ids=["no cipher", "another workflow", "somebody erased", "a cipher that does not hold"],
)
def test_what_cannot_be_sealed_is_told_and_nothing_is_imported(any_store, making, error, says):
    plain = MemoryStorage()
    seeded(plain)
    with pytest.raises(error, match=says):
        making(any_store).import_from(exported(telling_book(plain)), seal=True)
    assert any_store.agencies() == []


def test_the_async_book_seals_too(cipher, postgres_url):
    plain = MemoryStorage()
    case_id, texts = seeded(plain)

    async def main():
        store = AsyncSQLStorage(postgres_url)
        book = AsyncCasebook(telling, store, cipher=cipher, clock=Clock())
        await book.import_from(exported(telling_book(plain)), seal=True)
        rows = await store.read("agency", case_id)
        assert traces({"rows": repr(rows).encode()}, texts) == []
        assert said(await book.history(case_id)) == said(telling_book(plain).history(case_id))
        await store.close()

    asyncio.run(main())
