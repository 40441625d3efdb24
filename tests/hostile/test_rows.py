"""Whatever stands in the file, every verb answers or says what is wrong; none raises from within.

SQLite keeps any value in any column. Each value is put into each column of a case in turn.
"""

import contextlib
import sqlite3

import pytest

from caseflow import CaseflowError, ChainBroken, ExceptionMade, Voided
from caseflow.kernel.stored import StoredEvent, verify_chain
from caseflow.storage import MemoryStorage, SQLStorage
from tests.hostile.desk import Letter, LoanAgreed, open_desk

VALUES = [
    None,
    b"\xff\x00",
    -1,
    2**62,
    9e999,
    "",
    "x",
    "9999999999999999999999",
    "null",
    "[[]]",
    '[[{},"due","unmet",null,3]]',
    '[["r","due","unmet","x",3]]',
    "[" * 3_000,
    '{"amount":1,"amount":2}',
    '{"amount":NaN}',
]
COLUMNS = [
    *(("caseflow_events", name) for name in StoredEvent._fields),
    *(("caseflow_cases", name) for name in ("version", "hash", "client", "position", "due_at")),
    *(("caseflow_snapshots", name) for name in ("version", "text")),
    *(("caseflow_commands", name) for name in ("command_id", "case_id", "first", "last")),
]


@pytest.fixture
def store(tmp_path):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    yield store
    store.close()


@pytest.fixture
def case_id(store):
    book = open_desk(store, snapshot_every=2)
    case_id = book.open(client="p", by="ana").case.id
    book.do(case_id, ExceptionMade(rule="small", reason="so"), by="boss")
    book.do(case_id, LoanAgreed(amount=200), by="ana", command_id="agree")
    book.record(case_id, Letter(), by="ana")
    return case_id


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda part: part)
def test_any_value_in_any_column(tmp_path, store, case_id, table, column):
    file = sqlite3.connect(tmp_path / "cases.db", isolation_level=None)
    key = {"caseflow_events": "number = 3", "caseflow_commands": "command_id = 'agree'"}
    where = key.get(table, "1")
    warm = open_desk(store)
    warm.case(case_id)
    good = file.execute(f"SELECT * FROM {table}").fetchall()
    marks = ", ".join("?" * len(good[0]))
    for value in VALUES:
        try:
            file.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,))
        except sqlite3.IntegrityError:
            continue  # the schema refuses it
        for book in (open_desk(store), warm):
            ask_everything(book, case_id)
        file.execute(f"DELETE FROM {table}")
        file.executemany(f"INSERT INTO {table} VALUES ({marks})", good)
        assert len(open_desk(store).history(case_id)) == 4
    file.close()
    assert verify_chain(store.read("agency", case_id))


def ask_everything(book, case_id):
    """Every way to read a case; each answers, or tells what is wrong in an error of ours."""
    for ask in (
        lambda: book.case(case_id),
        lambda: book.history(case_id),
        lambda: book.options(case_id, by="ana"),
        lambda: book.owed(case_id),
        lambda: book.ask(case_id, Letter(), by="ana"),
        lambda: book.ask(case_id, Voided(number=4), by="ana"),
        lambda: book.ask(case_id, LoanAgreed(amount=200), by="ana", command_id="agree"),
        book.case_ids,
        lambda: verify_chain(book._store.read("agency", case_id)),
    ):
        with contextlib.suppress(CaseflowError):
            ask()


def test_a_last_event_that_is_not_the_one_the_store_ends_with_is_noticed(tmp_path, store):
    forger = MemoryStorage()
    for text, where in (("written", store), ("forged", forger)):
        book = open_desk(where, snapshot_every=0)
        book.open(client="p", by="ana", case_id="C-1")
        book.record("C-1", Letter(text=text), by="ana")
    forged = forger.read("agency", "C-1")[-1]
    file = sqlite3.connect(tmp_path / "cases.db")
    file.execute("DELETE FROM caseflow_events WHERE number = 2")
    marks = ", ".join("?" * len(forged))
    file.execute(f"INSERT INTO caseflow_events VALUES ({marks})", forged)
    file.commit()
    file.close()
    assert verify_chain(store.read("agency", "C-1")) == forged.hash  # by itself it is whole
    with pytest.raises(ChainBroken, match="event 2 is not the last event that was written"):
        open_desk(store).case("C-1")
