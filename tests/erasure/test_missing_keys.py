"""A key that is gone without an erasure: the case is named, and hides no other."""

import asyncio
from threading import Event

import pytest

from caseflow import AsyncCasebook, Casebook, KeyMissing, Retention
from caseflow.storage import MemoryKeyStore, MemoryStorage, SQLiteKeyStore, SubjectCipher
from tests.support.exports import played
from tests.support.tamper import RAWS
from tests.support.trades import ANA, ROLES, Clock, Paid, shop

CASE, OTHER = "R-2", "R-1"
SUBJECT = "c-1"
AT = "2026-03-02T09:00:00Z"


@pytest.fixture(params=RAWS)
def office(request):
    """A store with three cases under a cipher, and their keys."""
    raw, keys = RAWS[request.param](), MemoryKeyStore()
    cipher = SubjectCipher(keys)
    played([("bench", "a"), ("ready", "b"), ("bench", "c")], raw.store, cipher=cipher)
    return raw, keys


def book_on(raw, keys):
    cipher = None if keys is None else SubjectCipher(keys)
    return Casebook(shop, raw.store, cipher=cipher, clock=Clock(), roles=ROLES)


def lose(keys, subject):
    """The key of a subject is gone, and no tombstone is left."""
    pseudonym = SubjectCipher(keys).pseudonym(subject)
    del keys._keys["agency", pseudonym]
    return pseudonym


def told(keys, pseudonym, case_id, number):
    return (
        f"Event {number} of case {case_id!r} cannot be read. The key store {keys!r} holds no key "
        f"for {pseudonym!r}, and does not say that it was erased. Give the cipher the key store "
        "that the data was sealed with, or restore it."
    )


def test_verifying_tells_of_it_and_of_every_other_case(office):
    raw, keys = office
    pseudonym = lose(keys, SUBJECT)
    raw.set_listing(OTHER, stage="gone")
    raw.set_listing("R-3", stage="gone")
    book = book_on(raw, keys)
    found = book.verify_all().findings
    assert [(one.code, one.case_id) for one in found] == [
        ("list-differs", OTHER),
        ("key-missing", CASE),
        ("list-differs", "R-3"),
    ]
    assert str(found[1]) == told(keys, pseudonym, CASE, 1)
    assert found[1].number == 1
    assert book.verify(CASE).findings == (found[1],)


def test_a_key_that_is_missing_later_in_a_history_is_told_at_its_event(office):
    raw, keys = office
    pseudonym = lose(keys, f"{SUBJECT}-mother")
    book = book_on(raw, keys)
    (found,) = book.verify_all().findings
    number = next(row.number for row in raw.rows(CASE) if row.subject == pseudonym)
    assert (found.code, found.number) == ("key-missing", number)
    assert str(found) == told(keys, pseudonym, CASE, number)


def test_with_the_wrong_file_of_keys_each_case_is_told_of(office, tmp_path):
    raw, _ = office
    wrong = SQLiteKeyStore(tmp_path / "other.db")
    found = book_on(raw, wrong).verify_all().findings
    assert [(one.code, one.case_id, one.number) for one in found] == [
        ("key-missing", case_id, 1) for case_id in (OTHER, CASE, "R-3")
    ]
    wrong.close()


def test_every_verb_that_reads_names_the_case_and_the_event(office):
    raw, keys = office
    pseudonym = lose(keys, SUBJECT)
    book = book_on(raw, keys)
    awaited = AsyncCasebook(shop, raw.store, cipher=SubjectCipher(keys), roles=ROLES)
    for verb in (
        lambda: book.case(CASE),
        lambda: book.history(CASE),
        lambda: book.record(CASE, Paid(amount=1), by=ANA),
        lambda: list(book.feed()),
        lambda: book.follow("mail", lambda _: None, stop=Event()),
        book.reindex,
        lambda: asyncio.run(awaited.history(CASE)),
    ):
        with pytest.raises(KeyMissing) as error:
            verb()
        assert str(error.value) == told(keys, pseudonym, CASE, 1)
        assert (error.value.fields["case_id"], error.value.fields["number"]) == (CASE, 1)


def test_who_follows_the_feed_is_told_where_in_it_that_is(office):
    raw, keys = office
    before = [one.recorded.case_id for one in book_on(raw, keys).feed()].index(CASE)
    lose(keys, SUBJECT)
    with pytest.raises(KeyMissing) as error:
        list(book_on(raw, keys).feed())
    assert error.value.fields["position"] == before + 1


def test_a_book_with_the_wrong_keys_finds_opens_and_erases_nobody(office, tmp_path):
    raw, keys = office
    wrong = SQLiteKeyStore(tmp_path / "mistyped.db")
    book = Casebook(
        shop, raw.store, cipher=SubjectCipher(wrong), roles=ROLES, retention=Retention()
    )
    pseudonym = SubjectCipher(keys).pseudonym("c-0")
    clear = tmp_path / "clear.jsonl"
    Casebook(shop, MemoryStorage(), roles=ROLES).export(clear)
    for verb in (
        lambda: book.find(client="c-0"),
        lambda: list(book.every(subject="c-0")),
        lambda: book.open(client="c-0", by=ANA),
        lambda: book.may_erase("c-0"),
        lambda: book.erase("c-0", by=ANA, reason="asked"),
        lambda: book.import_from(clear, seal=True),
    ):
        with pytest.raises(KeyMissing) as error:
            verb()
        assert str(error.value).endswith(told(wrong, pseudonym, OTHER, 1).partition(". ")[2])
    wrong.close()


def test_whose_first_client_was_erased_has_the_right_keys(office):
    raw, keys = office
    keys.erase("agency", SubjectCipher(keys).pseudonym("c-0"), at=AT, by="lea", reason="asked")
    book = book_on(raw, keys)
    assert [one.id for one in book.find(client=SUBJECT).cases] == [CASE]
    assert book.open(client="c-9", by=ANA).case.version == 1


def test_a_first_case_that_was_altered_says_nothing_of_the_keys(office):
    raw, keys = office
    first, *rest = raw.rows(OTHER)
    other = SubjectCipher(MemoryKeyStore()).pseudonym("c-0")
    raw.put(OTHER, [first._replace(subject=other), *rest])
    book = book_on(raw, keys)
    assert [one.id for one in book.find(client=SUBJECT).cases] == [CASE]
    assert book.open(client="c-9", by=ANA).case.version == 1


def test_reindexing_puts_the_others_right_first(office):
    raw, keys = office
    lose(keys, SUBJECT)
    for case_id in (OTHER, "R-3"):
        raw.set_listing(case_id, stage="gone")
    book = book_on(raw, keys)
    with pytest.raises(KeyMissing):
        book.reindex()
    assert [one.case_id for one in book.verify_all().findings] == [CASE]
