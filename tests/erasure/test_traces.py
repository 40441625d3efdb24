"""No personal text reaches the case store in the clear, in no field, file, dump or answer."""

import io
import logging

import attrs
import pytest
from sqlalchemy import create_engine

from caseflow import (
    Casebook,
    ErasureRefused,
    InvalidCall,
    Personal,
    Refused,
    SubjectErased,
    fact,
)
from caseflow.casework import FACTS, LegalHoldPlaced, NeedIdentified
from caseflow.kernel.cipher import personal_parts
from caseflow.storage import (
    MemoryKeyStore,
    MemoryStorage,
    SQLiteKeyStore,
    SQLStorage,
    SubjectCipher,
    begin_immediate,
)
from tests.support.traces import (
    CLIENT,
    MEMBER,
    SAM,
    copied,
    dumped,
    files_in,
    log_of,
    of_memory,
    read_from,
    seeded,
    spellings,
    telling_book,
    traces,
)


@pytest.fixture
def cipher():
    return SubjectCipher(MemoryKeyStore())


# -- there is something to be found ----------------------------------------------------------


def test_every_personal_field_of_every_fact_holds_a_text_of_its_own():
    _, texts = seeded(MemoryStorage())
    for cls in FACTS:
        for name in personal_parts(cls) or ():
            assert any(f"{cls.__name__}.{name}-" in text for text in texts), f"{cls}.{name}"
    assert len(texts) == len(set(texts)) > 80


def test_without_a_cipher_all_of_it_is_found():
    store = MemoryStorage()
    _, texts = seeded(store)
    found = traces(of_memory(store), texts)
    assert {text for text in texts if not any(line.startswith(text) for line in found)} == set()


@pytest.mark.parametrize("text", ["Secret-x-1-Tell", CLIENT])
def test_a_text_is_found_in_any_spelling(text):
    from base64 import b64encode, urlsafe_b64encode

    inside = f'{{"a": "{text}"}}'.encode()
    for cut in range(3):
        for encode in (b64encode, urlsafe_b64encode, lambda b: b.hex().encode(), bytes):
            assert traces({"x": encode(b"z" * cut + inside)}, [text]), (cut, encode)
    assert traces({"x": text.encode("utf-16")}, [text])
    assert not traces({"x": b"z" * 100}, [text])
    assert len(dict(spellings(text))) == 6


# -- with a cipher ---------------------------------------------------------------------------


def test_a_store_in_memory_holds_none_of_it(cipher):
    store = MemoryStorage()
    case_id, texts = seeded(store, cipher)
    assert traces({**of_memory(store), **read_from(store)}, texts) == []
    told = repr(telling_book(store, cipher).history(case_id))
    assert [text for text in texts if text not in told] == []  # the book reads all of it


def test_no_file_of_a_database_holds_any_of_it_while_it_is_open_or_closed(tmp_path):
    folder = tmp_path / "cases"
    folder.mkdir()
    keys = SQLiteKeyStore(tmp_path / "keys.db")
    store = SQLStorage(f"sqlite:///{folder / 'cases.db'}")
    _, texts = seeded(store, SubjectCipher(keys))
    open_still = files_in(folder)
    assert any(name.endswith("-wal") and content for name, content in open_still.items())
    assert traces({**open_still, **read_from(store)}, texts) == []
    store.close()
    assert traces({**files_in(folder), **dumped(folder / "cases.db")}, texts) == []
    keys.close()


def test_without_a_cipher_it_is_found_in_the_files(tmp_path):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    _, texts = seeded(store)
    found = traces(files_in(tmp_path), texts)
    assert {text for text in texts if not any(line.startswith(text) for line in found)} == set()
    store.close()


def test_no_table_file_or_log_of_a_server_holds_any_of_it(postgres_url):
    store, log = SQLStorage(postgres_url), log_of(postgres_url)
    _, texts = seeded(store, SubjectCipher(MemoryKeyStore()))
    kept = copied(postgres_url, log)
    assert any("pg_wal" in name for name in kept)
    assert traces({**kept, **read_from(store)}, texts) == []
    store.close()


def test_without_a_cipher_it_is_found_in_tables_files_and_log(postgres_url):
    store, log = SQLStorage(postgres_url), log_of(postgres_url)
    _, texts = seeded(store)
    found = traces(copied(postgres_url, log), texts[:9])
    for place in ("copy of caseflow_events", "/base/", "/pg_wal/"):
        assert any(place in line for line in found), place
    store.close()


def test_no_export_holds_any_of_it(cipher):
    store = MemoryStorage()
    case_id, texts = seeded(store, cipher)
    book, plain = telling_book(store, cipher), MemoryStorage()
    export, packet = io.BytesIO(), io.BytesIO()
    book.export(export)
    book.packet(case_id, packet)
    kept = {"export": export.getvalue(), "packet": packet.getvalue()}
    assert all(b"referral-received" in content for content in kept.values())
    assert traces(kept, texts) == []
    export.seek(0)
    telling_book(plain, cipher).import_from(export)
    assert telling_book(plain, cipher).history(case_id) == book.history(case_id)


def test_a_book_without_the_cipher_opens_no_case_beside_sealed_ones(cipher):
    store = MemoryStorage()
    telling_book(store, cipher).open(client=CLIENT, case_id="c1", by=SAM)
    book = telling_book(store)
    for _ in range(2):
        with pytest.raises(InvalidCall) as error:
            book.open(client=MEMBER, case_id="c2", by=SAM)
        assert str(error.value) == (
            "This book of agency 'agency' has no cipher, and so opens no case beside 'c1', which "
            "is sealed. Give it the one that the others were written with: "
            "Casebook(..., cipher=...)."
        )
    assert book.case_ids() == ("c1",)
    telling_book(store, agency="another").open(client=MEMBER, by=SAM)


def test_whether_the_first_case_is_sealed_is_asked_for_until_there_is_one():
    class Asked(MemoryStorage):
        finds = 0

        def find(self, *args, **options):
            self.finds += 1
            return super().find(*args, **options)

    store = Asked()
    book = telling_book(store)
    for _ in range(4):
        book.open(client=CLIENT, by=SAM)
    assert store.finds == 2


def test_a_first_case_that_was_rolled_back_tells_nothing(cipher, tmp_path):
    engine = begin_immediate(create_engine(f"sqlite:///{tmp_path / 'cases.db'}"))
    store = SQLStorage(engine)
    book = telling_book(store)
    with engine.connect() as connection:
        for _ in range(2):
            book.within(connection).open(client=CLIENT, by=SAM)
        connection.rollback()
    telling_book(store, cipher).open(client=CLIENT, by=SAM)
    with pytest.raises(InvalidCall, match="has no cipher"):
        book.open(client=MEMBER, by=SAM)
    engine.dispose()


def test_of_who_was_erased_nothing_is_left_in_the_key_store(tmp_path):
    keys = SQLiteKeyStore(tmp_path / "keys.db")
    store = MemoryStorage()
    case_id, texts = seeded(store, SubjectCipher(keys))
    book = telling_book(store, SubjectCipher(keys), retention=None)
    book.retention = telling_book(store).retention
    held = book.case(case_id).state.holds
    assert held == ("a-word",)
    with pytest.raises(ErasureRefused) as refused:
        book.erase(CLIENT, by=SAM, reason="asked")
    assert traces({"the refusal": str(refused.value).encode()}, texts) == []
    from caseflow.casework import LegalHoldLifted

    book.record(case_id, LegalHoldLifted(name="a-word"), by=SAM)
    made = [keys.find("agency", SubjectCipher(keys).pseudonym(who)) for who in (CLIENT, MEMBER)]
    for who in (CLIENT, MEMBER):
        book.erase(who, by=SAM, reason="asked")
    kept = files_in(tmp_path)
    assert traces(kept, texts) == []
    assert all(key.key not in content for key in made for content in kept.values())
    assert traces({**of_memory(store), **read_from(store)}, texts) == []
    after = repr((book.history(case_id), book.case(case_id)))
    assert [text for text in texts if text in after] == []
    keys.close()


def test_neither_log_nor_refusals_tell_any_of_it(cipher, caplog):
    caplog.set_level(logging.DEBUG)
    store = MemoryStorage()
    case_id, texts = seeded(store, cipher)
    book = telling_book(store, cipher)
    book.subscribe(lambda recorded: 1 / 0)
    need = NeedIdentified(number=9, description=texts[-1])
    outcome = book.record(case_id, need, LegalHoldPlaced(name="suit"), by=SAM)
    assert len(outcome.undelivered) == 2
    said = [caplog.text]
    for attempt in (
        lambda: book.do(case_id, "start-services", by=SAM),
        lambda: book.erase(CLIENT, by=SAM, reason="asked"),
    ):
        with pytest.raises((Refused, ErasureRefused)) as told:
            attempt()
        said.append(str(told.value))
    cipher.erase(CLIENT, at="2026-03-02T09:00:00+00:00", by="sam", reason="asked")
    with pytest.raises(SubjectErased) as told:
        book.record(case_id, need, by=SAM)
    said.append(str(told.value))
    assert traces({"said": "\n".join(said).encode()}, texts) == []


# -- planted faults --------------------------------------------------------------------------


class Leaking(SubjectCipher):
    """A cipher that does its work, but for one thing."""

    leak = "nothing"

    def within(self, agency, /):
        return self

    def seal(self, subject, value, /):
        sealed = super().seal(subject, value)
        return f"{sealed}|{value}" if self.leak == "seal" else sealed

    def pseudonym(self, subject, /):
        return subject if self.leak == "pseudonym" else super().pseudonym(subject)

    def blind(self, name, value, /):
        return value if self.leak == "blind" else super().blind(name, value)

    def open(self, subject, sealed, /):
        return super().open(subject, sealed.split("|")[0])

    def fingerprint(self, content, /):
        return content.hex() if self.leak == "fingerprint" else super().fingerprint(content)


@pytest.mark.parametrize("leak", ["pseudonym", "blind", "fingerprint", "seal"])
def test_a_cipher_that_lets_one_thing_through_is_caught(leak):
    cipher, store = Leaking(MemoryKeyStore()), MemoryStorage()
    cipher.leak = leak
    _, texts = seeded(store, cipher)
    assert traces(of_memory(store), texts)


FIELDS = {cls: sorted(personal_parts(cls) or ()) for cls in FACTS}


@pytest.mark.parametrize("place", range(max(map(len, FIELDS.values()))))
def test_a_field_that_is_passed_over_is_caught(place, monkeypatch):
    """Planted: of each class one field is not taken for personal, wherever it stands."""
    from caseflow.kernel import codec

    passed_over = {cls: names[place] for cls, names in FIELDS.items() if place < len(names)}

    def blind(cls, **options):
        plan = personal_parts(cls) or {}
        return {name: one for name, one in plan.items() if name != passed_over.get(cls)} or None

    store = MemoryStorage()
    monkeypatch.setattr(codec, "personal_parts", blind)
    _, texts = seeded(store, SubjectCipher(MemoryKeyStore()))
    monkeypatch.undo()
    found = traces(of_memory(store), texts)
    planted = [f"{cls.__name__}.{name}" for cls, name in passed_over.items()]
    assert [one for one in planted if not any(one in line for line in found)] == []
    assert [line for line in found if not any(one in line for one in planted)] == []


def test_personal_values_that_are_no_text_are_sealed_too(cipher):
    from datetime import date

    from tests.erasure.test_rows import of

    @fact("born")
    class Born:
        on: Personal[date]
        weight: Personal[int]

    store = MemoryStorage()
    book = Casebook(of(Born), store, cipher=cipher)
    book.open(client="P-1", by="ana", case_id="c1")
    book.record("c1", Born(on=date(1987, 6, 5), weight=987654321), by="ana")
    assert traces(of_memory(store), ["1987-06-05", "987654321"]) == []
    assert attrs.asdict(book.history("c1")[1].event)["weight"] == 987654321
