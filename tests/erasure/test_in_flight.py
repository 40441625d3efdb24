"""Somebody is erased while a verb is under way elsewhere: nothing of them comes back after it.

The erasure is done in between each two calls that the verb makes, of the store and of the key
store, one place after the other.
"""

import asyncio
import inspect
import io
import subprocess
import sys
from contextlib import suppress
from itertools import count
from threading import Thread

import pytest
from sqlalchemy import create_engine

from caseflow import (
    ERASED,
    AsyncCasebook,
    Casebook,
    Entry,
    Index,
    Retention,
    StoreError,
    SubjectErased,
)
from caseflow.casebook.erasing import tidying
from caseflow.casebook.keeping import mending
from caseflow.casework import ContactAttempted, NeedIdentified, OutreachMade
from caseflow.stages import six_stage
from caseflow.storage import (
    AsyncSQLStorage,
    MemoryKeyStore,
    MemoryStorage,
    Query,
    SQLiteKeyStore,
    SQLStorage,
    SubjectCipher,
    begin_immediate,
)
from caseflow.storage.keys import Tombstone
from tests.erasure.test_keys import ERASING
from tests.support.traces import dumped, files_in, of_memory, read_from, traces
from tests.support.trades import Clock

CLIENT, CHILD = "Wilhelmina-Zzyzx-204", "Child-Qwghlm-7"
WORDS = "Secret-rent-in-arrears"
ASKED = {"by": "boss", "reason": "asked"}


def first_note(case):
    """What was said to whom, if it can be read."""
    contact = case.latest(ContactAttempted)
    return contact and contact.note


telling = six_stage.extend(
    "six-stage-in-flight",
    version="1",
    indexes=[
        Index("need", of=lambda case: [n.description for n in case.state.needs], personal=True),
        Index("whose", of=lambda case: case.client, personal=True),
        Index("note", of=first_note, personal=True),
    ],
)


class Between:
    """A store, or a key store, that says before each call that it is made."""

    def __init__(self, inner, told):
        self._inner, self._told = inner, told

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if not callable(found) or name.startswith("_"):
            return found

        def call(*given, **options):
            self._told()
            return found(*given, **options)

        async def awaited(*given, **options):
            self._told()
            return await found(*given, **options)

        return awaited if inspect.iscoroutinefunction(found) else call


class Meanwhile:
    """Does something once, before the call of this number (0: never)."""

    def __init__(self, number, done):
        self.calls, self._number, self._done = 0, number, done
        self.began = False

    def __call__(self):
        if self.began:
            self.calls += 1
            if self.calls == self._number:
                self._done()


def a_book(store, keys, agency="agency", cipher=None):
    return Casebook(
        telling,
        store,
        agency=agency,
        cipher=cipher or SubjectCipher(keys),
        retention=Retention(),
        clock=Clock(),
        snapshot_every=1,
    )


# -- what may be under way ---------------------------------------------------------------------

NEED = NeedIdentified(number=1, description=WORDS)


def need(book):
    book.record("c1", NEED, by="ana")


def without_words(book):
    book.record("c1", OutreachMade(channel="phone"), by="ana")


def of_another(book):
    book.record("c1", Entry(ContactAttempted(note=WORDS), subject=CHILD), by="ana")


def another_case(book):
    book.open(client=CLIENT, case_id="c2", by="ana", command_id="open-c2")


def reindex(book):
    book.reindex()


def mend(book):
    """By a packet that may be older than the erasure."""
    packet = io.BytesIO()
    book.packet("c1", packet)
    packet.seek(0)
    book.mend("c1", packet)


def erase_another(book):
    book.erase(CHILD, **ASKED)


def awaited(book, store=None):
    """The same as `need`, by a book that is awaited."""

    async def main():
        other = AsyncCasebook(
            telling,
            book._store if store is None else Between(store, book._store._told),
            agency=book.agency,
            cipher=book._middle.codec.cipher,
            clock=Clock(),
            snapshot_every=1,
        )
        try:
            await other.record("c1", NEED, by="ana")
        finally:
            if store is not None:
                await store.close()

    asyncio.run(main())


VERBS = [need, without_words, of_another, another_case, reindex, mend, erase_another, awaited]


# -- the erasure in between --------------------------------------------------------------------


def seeded(book):
    """A case that holds something of two people."""
    book.open(client=CLIENT, case_id="c1", by="ana")
    book.record(
        "c1",
        NeedIdentified(number=2, description=f"{WORDS} before"),
        Entry(ContactAttempted(note=f"{WORDS} of a child"), subject=CHILD),
        by="ana",
    )


def unlisted(book):
    """The list of cases knows nothing of the indexes that hold the case."""
    found = book._store.find(book.agency, Query())[-1]
    listing = found.listing._replace(keys=())
    assert book._store.relist(book.agency, "c1", version=found.version, listing=listing)


def erased_before(
    number, verb, store, keys, agency="agency", *, comes_back=False, here=False, listed=False
):
    """A verb, and an erasure before its call of this number; whether it made as many calls.

    The erasure is done `here`, by another thread with the same cipher, or by another program.
    """

    def erase():
        for one in (CLIENT, CHILD):
            there.erase(one, **ASKED)
            if comes_back:
                there.begin_again(one)

    meanwhile = Meanwhile(number, erase)
    book = a_book(Between(store, meanwhile), Between(keys, meanwhile), agency)
    there = a_book(store, keys, agency, book._middle.codec.cipher if here else None)
    seeded(there)
    if not listed:
        unlisted(there)
    book.case("c1")  # what a book keeps in memory is older than the erasure, too
    meanwhile.began = True
    with suppress(SubjectErased):
        verb(book)
    return meanwhile.calls >= number


def left_in(store, keys, agency="agency"):
    """What a store still tells of who was erased: nothing, if all is well."""
    book = a_book(store, keys, agency)
    found = [str(one) for one in book.verify_all().findings]
    found += [f"a {name} is held" for name in ("need", "note") if store.tally(agency, name)]
    if book._middle.codec.blind("whose", CLIENT) in store.tally(agency, "whose"):
        found.append("the client's id is held")
    for case_id in book.case_ids():
        snapshot = store.snapshot(agency, case_id)
        if snapshot is not None and "~" in snapshot.text:
            found.append(f"there is a snapshot of {case_id} at {snapshot.version}")
        if not all(one.description is ERASED for one in book.case(case_id).state.needs):
            found.append("a need can be read")
    return found + traces(read_from(store, agency), [WORDS, CLIENT, CHILD])


WHERE = pytest.mark.parametrize("here", [True, False], ids=["another thread", "another program"])


@WHERE
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_wherever_it_happens_nothing_is_left_and_no_key_is_made(verb, here):
    for number in count(1):
        store, keys = MemoryStorage(), MemoryKeyStore()
        if not erased_before(number, verb, store, keys, here=here):
            break
        assert left_in(store, keys) == [], f"before call {number}"
        assert traces(of_memory(store), [WORDS, CLIENT, CHILD]) == []
        assert keys._keys == {}
    assert number > 5


@pytest.mark.parametrize("verb", [need, another_case], ids=lambda verb: verb.__name__)
def test_so_it_is_in_every_store(any_store, verb):
    keys = MemoryKeyStore()
    for number in count(1):
        agency = f"agency-{number}"
        if not erased_before(number, verb, any_store, keys, agency):
            break
        assert left_in(any_store, keys, agency) == [], f"before call {number}"
    assert number > 5


def test_so_it_is_where_the_store_is_awaited(postgres_url):
    keys, store = MemoryKeyStore(), SQLStorage(postgres_url)

    def recording(book):
        awaited(book, AsyncSQLStorage(postgres_url))

    for number in count(1):
        agency = f"agency-{number}"
        if not erased_before(number, recording, store, keys, agency):
            break
        assert left_in(store, keys, agency) == [], f"before call {number}"
    store.close()
    assert number > 5


@WHERE
@pytest.mark.parametrize(
    "verb", [need, without_words, another_case, reindex, mend], ids=lambda verb: verb.__name__
)
def test_who_comes_back_meanwhile_is_not_put_into_the_old_case(verb, here):
    """Nobody who may know of both should be told that they are the same."""
    for number in count(1):
        store, keys = MemoryStorage(), MemoryKeyStore()
        if not erased_before(number, verb, store, keys, comes_back=True, here=here):
            break
        old = {left.pseudonym for left in keys.tombstones("agency")}
        rows = store.read("agency", "c1")
        assert {row.subject for row in rows} == old, f"before call {number}"
        book = a_book(store, keys)
        assert book.verify_all().findings == ()
        assert [case.id for case in book.every(client=CLIENT)] in ([], ["c2"])
        assert book.case("c1").client in old


@WHERE
def test_verifying_finds_nothing_wrong_wherever_it_happens(here):
    found = []

    def verify(book):
        found.extend(book.verify_all().findings)

    for number in count(1):
        store, keys = MemoryStorage(), MemoryKeyStore()
        a_book(store, keys).open(client="another", case_id="c0", by="ana")
        if not erased_before(number, verify, store, keys, here=here, listed=True):
            break
        assert found == [], f"before call {number}"
    assert number > 5


class Failing(MemoryStorage):
    """A store that fails when a case is to be listed anew, once it is told to."""

    fails = False

    def relist(self, *given, **options):
        if self.fails:
            raise StoreError(store="S", action="list", cause="no power", repair="Try again.")
        return super().relist(*given, **options)


class Unanswering(MemoryKeyStore):
    """A key store that does not answer, once it is told to."""

    fails = False

    def generation(self):
        if self.fails:
            raise StoreError(store="K", action="read", cause="no power", repair="Try again.")
        return super().generation()


@pytest.mark.parametrize("which", ["store", "keys"])
def test_what_was_written_does_not_look_as_if_it_failed(which, caplog):
    """It is done: whoever is told that it failed does it once more."""
    store, keys = Failing(), Unanswering()
    there = a_book(store, keys)
    seeded(there)

    class Breaking(Between):
        def append(self, unit, /):
            appended = store.append(unit)
            there._middle.codec.cipher.erase(CLIENT, **ERASING)
            (store if which == "store" else keys).fails = True
            return appended

    outcome = a_book(Breaking(store, lambda: None), keys).record("c1", NEED, by="ana")
    assert outcome.case.version == 4
    assert "(verify tells): The store" in caplog.text
    store.fails = keys.fails = False
    assert "list-differs" in [one.code for one in there.verify_all().findings]
    for one in (CLIENT, CHILD):
        there.erase(one, **ASKED)
    assert left_in(store, keys) == []


# -- across processes --------------------------------------------------------------------------

ERASER = """
import sys
from caseflow.storage import SQLiteKeyStore, SQLStorage
from tests.erasure.test_in_flight import CLIENT, a_book
store, keys = SQLStorage(sys.argv[1]), SQLiteKeyStore(sys.argv[2])
print(a_book(store, keys).erase(CLIENT, by="boss", reason="asked").again)
store.close()
keys.close()
"""


class ErasedElsewhere(SQLStorage):
    """A store of which the client is erased by another process, before the last append."""

    keys = None

    def append(self, unit, /):
        if self.keys is not None:
            given = [sys.executable, "-c", ERASER, str(self.engine.url), str(self.keys)]
            self.keys = None
            assert subprocess.check_output(given, text=True) == "False\n"
        return super().append(unit)


def test_an_erasure_by_another_process_just_before_it_is_written(tmp_path):
    folder = tmp_path / "cases"
    folder.mkdir()
    keys = SQLiteKeyStore(tmp_path / "keys.db")
    store = ErasedElsewhere(f"sqlite:///{folder / 'cases.db'}")
    book = a_book(store, keys)
    book.open(client=CLIENT, case_id="c1", by="ana")
    store.keys = tmp_path / "keys.db"
    outcome = book.record("c1", NEED, by="ana")
    assert store.keys is None
    assert outcome.case.version == 2  # it was written: before the erasure, as far as one can tell
    assert left_in(store, keys) == []
    store.close()
    assert traces({**files_in(folder), **dumped(folder / "cases.db")}, [WORDS, CLIENT]) == []
    keys.close()


# -- who opens cases without pause -------------------------------------------------------------

MOST = 100
"""So many cases are opened meanwhile at most, which is far more than an erasure takes note of."""


def opening_until_refused(book, opened):
    """Open cases of the client until that is refused, since the key is gone."""
    with suppress(SubjectErased):
        while len(opened) < MOST:
            opened.append(book.open(client=CLIENT, by="ana").case.id)


def test_a_case_that_is_opened_before_each_call_of_an_erasure_keeps_it_from_nothing(any_store):
    """New cases are none that were looked at, so nothing has to be looked at again for them."""
    keys = MemoryKeyStore()
    seeded(a_book(any_store, keys))
    opened, refused = [], []

    def opens():
        try:
            opened.append(a_book(any_store, keys).open(client=CLIENT, by="ana").case.id)
        except SubjectErased:
            refused.append(len(opened))
        assert len(opened) < MOST, "it goes on for as long as cases are opened"

    erasure = a_book(Between(any_store, opens), keys).erase(CLIENT, **ASKED)
    assert {*erasure.cases} == {"c1", *opened}
    assert {*refused} == {len(opened)}, "once the key is gone, nothing more is opened"
    a_book(any_store, keys).erase(CHILD, **ASKED)
    assert left_in(any_store, keys) == []


def test_an_erasure_ends_while_many_threads_open_cases(any_store):
    keys = MemoryKeyStore()
    seeded(a_book(any_store, keys))
    opened = [[] for _ in range(6)]
    threads = [
        Thread(target=opening_until_refused, args=(a_book(any_store, keys), mine))
        for mine in opened
    ]
    for thread in threads:
        thread.start()
    a_book(any_store, keys).erase(CLIENT, **ASKED)
    for thread in threads:
        thread.join()
    a_book(any_store, keys).erase(CHILD, **ASKED)
    assert left_in(any_store, keys) == []


# -- inside a transaction of the application's -------------------------------------------------


@pytest.fixture
def application(any_store):
    """An engine of the application's, to the database of the store."""
    engine = create_engine(any_store.engine.url)
    if engine.dialect.name == "sqlite":
        begin_immediate(engine)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("any_store", ["sqlite", "postgres"], indirect=True)
def test_a_case_that_an_open_transaction_writes_to_is_waited_for(any_store, application):
    keys = MemoryKeyStore()
    book = a_book(any_store, keys)
    seeded(book)
    with application.begin() as transaction:
        need(book.within(transaction))
        erasing = Thread(target=a_book(any_store, keys).erase, args=(CLIENT,), kwargs=ASKED)
        erasing.start()
        pseudonym = book._middle.codec.pseudonym(CLIENT)
        while erasing.is_alive() and not isinstance(keys.find("agency", pseudonym), Tombstone):
            erasing.join(0.01)
        assert isinstance(keys.find("agency", pseudonym), Tombstone)
        assert erasing.is_alive()
    erasing.join()
    assert book.case("c1").version == 4
    a_book(any_store, keys).erase(CHILD, **ASKED)
    assert left_in(any_store, keys) == []


@pytest.mark.parametrize("any_store", ["sqlite", "postgres"], indirect=True)
def test_a_case_that_was_opened_in_an_open_transaction_is_erased_by_erasing_again(
    any_store, application
):
    keys = MemoryKeyStore()
    book = a_book(any_store, keys)
    with application.begin() as transaction:
        joined = book.within(transaction)
        joined.open(client=CLIENT, case_id="c1", by="ana")
        need(joined)
        assert a_book(any_store, keys).erase(CLIENT, **ASKED).cases == ()
    assert "list-differs" in [one.code for one in book.verify_all().findings]
    erasure = book.erase(CLIENT, **ASKED)
    assert (erasure.again, erasure.cases) == (True, ("c1",))
    assert left_in(any_store, keys) == []


def test_what_is_imported_from_before_is_erased_by_erasing_again():
    keys, store, export = MemoryKeyStore(), MemoryStorage(), io.BytesIO()
    book = a_book(store, keys)
    book.open(client=CLIENT, case_id="c1", by="ana")
    need(book)
    book.export(export)
    book.erase(CLIENT, **ASKED)
    export.seek(0)
    elsewhere = MemoryStorage()
    other = a_book(elsewhere, keys)
    other.import_from(export)
    assert other.case("c1").state.needs[0].description is ERASED
    assert "list-differs" in [one.code for one in other.verify_all().findings]
    assert other.erase(CLIENT, **ASKED).cases == ("c1",)
    assert left_in(elsewhere, keys) == []


# -- planted faults ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "verb"),
    [(tidying, need), (mending, reindex)],
    ids=["a verb", "reindexing"],
)
def test_who_does_not_look_at_the_keys_again_is_caught(monkeypatch, module, verb):
    monkeypatch.setattr(module, "tidy", lambda loader, case_id: iter(()))
    left = []
    for number in count(1):
        store, keys = MemoryStorage(), MemoryKeyStore()
        if not erased_before(number, verb, store, keys):
            break
        left += left_in(store, keys)
    assert any("there is a snapshot" in one for one in left) or module is mending
    assert "a need is held" in left
