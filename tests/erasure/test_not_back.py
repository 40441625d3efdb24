"""What was erased never comes back: not from a file of before, not into a damaged case.

Each column of each row of the erased case is given what it held before anything was sealed, the
client's id, and something else. Then every verb that writes what it reads is tried with every
file there is.
"""

import io
from contextlib import suppress
from copy import deepcopy

import pytest

from caseflow import CaseflowError, Entry
from caseflow.casebook.keeping import mending
from caseflow.casework import ContactAttempted
from caseflow.storage import Head, MemoryKeyStore, StoredEvent, SubjectCipher
from tests.support.tamper import MemoryRaw
from tests.support.traces import CLIENT, MEMBER, SAM, of_memory, telling_book, traces

CASE = "c1"
WORDS = ["Secret-of-the-client-Tell", "Secret-of-a-child-Tell"]


def exported(book):
    file = io.BytesIO()
    book.export(file)
    return file.getvalue()


@pytest.fixture(scope="module", params=[1, 2], ids=["one event", "two events"])
def erased(request):
    """A case of people who were erased, its rows in the clear, the cipher, and all exports."""
    before, raw, cipher = MemoryRaw(), MemoryRaw(), SubjectCipher(MemoryKeyStore())
    clear = telling_book(before.store)
    clear.open(client=CLIENT, case_id=CASE, by=SAM, command_id="k1", reason=WORDS[0])
    if request.param == 2:
        clear.record(CASE, Entry(ContactAttempted(note=WORDS[1]), subject=MEMBER), by=SAM)
    book = telling_book(raw.store, cipher)
    files = [exported(clear)]
    book.import_from(io.BytesIO(files[0]), seal=True)
    files.append(exported(book))
    for who in (CLIENT, MEMBER)[: request.param]:
        book.erase(who, by=SAM, reason="asked")
    return raw, before.rows(CASE), cipher, [*files, exported(book)]


VERBS = {
    "mend": lambda book, file: book.mend(CASE, file),
    "import_from": lambda book, file: book.import_from(file),
    "import_from, sealing": lambda book, file: book.import_from(file, seal=True),
    "reindex": lambda book, _: book.reindex(),
}


def damages(rows, clear):
    """The rows of a case, and where it ends, with one of their values altered."""
    end = Head(rows[-1].number, rows[-1].hash)
    yield [], end
    yield rows, Head(end.version, clear[-1].hash)
    for place, (row, old) in enumerate(zip(rows, clear, strict=True)):
        for column in StoredEvent._fields:
            for value in {getattr(old, column), CLIENT, None} - {getattr(row, column), *WORDS}:
                altered = row._replace(**{column: value})
                yield [*rows[:place], altered, *rows[place + 1 :]], end


def brought_back(erased):
    """The damage, the verb and the file that bring a word back, of all that are tried."""
    whole, clear, cipher, files = erased
    for rows, end in damages(whole.rows(CASE), clear):
        if traces({"rows": repr(rows).encode()}, WORDS):
            continue  # the damage itself tells it
        for name, verb in VERBS.items():
            for number, file in enumerate(files):
                raw = MemoryRaw()
                raw.store._agencies = deepcopy(whole.store._agencies)
                raw._kept.cases[CASE] = list(rows)
                raw.set_head(CASE, end)
                with suppress(CaseflowError):
                    verb(telling_book(raw.store, cipher), io.BytesIO(file))
                if found := traces(of_memory(raw.store), WORDS):
                    yield rows, name, number, found


def test_nothing_that_is_done_to_a_damaged_case_brings_it_back(erased):
    assert next(brought_back(erased), None) is None


def test_a_mend_that_takes_what_is_in_the_clear_is_caught(erased, monkeypatch):
    monkeypatch.setattr(mending.Mending, "_keep_sealed", lambda *_: None)
    _, name, number, _ = next(brought_back(erased))
    assert (name, number) == ("mend", 0)
