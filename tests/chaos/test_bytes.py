"""Anything at all in a row: whoever reads it is told by a named error, or gets the same case.

What another program, a careless repair or a failing disk put there is never taken for the case:
a row that can still be read is held against its hash.
"""

import json
from contextlib import closing, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow import CaseflowError, ChainBroken
from caseflow.casebook import loading
from caseflow.storage import SQLStorage, StoredEvent
from tests.chaos.databases import prepare
from tests.chaos.trade import Job, desk_book
from tests.support.raw import connection_to

JOBS = (
    Job("opened", "case", "open"),
    Job("noted", "case", "notes", 3),
    Job("on mother", "case", "relative", "mother"),
    Job("counted", "case", "count", 1),
    Job("taken", "case", "take", "ida"),
    Job("voided", "case", "void", 3),
    Job("left", "case", "leave"),
)
EVENTS = 9
NUMBERS = {"number", "type_version", "version"}
PLACES = [
    *(("caseflow_events", name) for name in StoredEvent._fields),
    *(("caseflow_events", "payload") for _ in range(10)),  # most of the damage is done here
    *(("caseflow_cases", name) for name in ("case_id", "version", "hash")),
    *(("caseflow_snapshots", name) for name in ("version", "text")),
]
SANE = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(SANE),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(SANE), inner),
)
FIELDS = ("client", "unit", "place", "size", "value", "clerk", "number")
PAYLOADS = st.dictionaries(st.sampled_from(FIELDS), JSON)
TEXTS = st.text(SANE) | (JSON | PAYLOADS).map(json.dumps) | st.sampled_from(["null", "{}", "[]"])
BYTES_AS_TEXT = st.binary().map(lambda given: given.replace(b"\0", b"").decode("latin-1"))
INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 12)


@st.composite
def damages(draw, postgres):
    """A table, a column, the number of an event, and what is put there."""
    table, column = draw(st.sampled_from(PLACES))
    if not postgres:  # SQLite keeps any value in any column
        values = TEXTS | st.binary() | INTEGERS | st.floats(allow_nan=False)
    else:
        values = INTEGERS if column in NUMBERS else TEXTS | BYTES_AS_TEXT
    return table, column, draw(st.integers(1, EVENTS)), draw(values)


@pytest.fixture(params=[False, True], ids=["sqlite", "postgres"])
def store(request, tmp_path):
    if request.param:
        url = request.getfixturevalue("postgres")
    else:
        url = f"sqlite:///{tmp_path / 'cases.db'}"
        SQLStorage(url).close()
    prepare(url, *JOBS)
    with closing(SQLStorage(url)) as store:
        yield store


def test_any_value_in_any_column_is_told_or_does_no_harm(store, tell):
    postgres = store.engine.dialect.name == "postgresql"
    mark = "%s" if postgres else "?"
    case = desk_book(store, recent=0, snapshot_every=0).case("case")
    assert case.version == EVENTS == len(store.read("agency", "case"))
    told = {"told": 0, "harmless": 0, "refused": 0}

    @given(damages(postgres))
    def damaged(damage):
        table, column, number, value = damage
        where = f" AND number = {number}" if table == "caseflow_events" else ""
        with connection_to(store) as connection:
            connection.execute("BEGIN")
            connection.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM {table}")
            connection.execute("COMMIT")
            statement = f"UPDATE {table} SET {column} = {mark} WHERE case_id = 'case'{where}"
            try:
                try:
                    connection.execute(statement, (value,))
                except Exception as refused:
                    if not isinstance(refused, store._kinds):
                        raise
                    told["refused"] += 1  # by the database itself
                    return
                for snapshot_every in (0, 5):
                    told[look(store, case, snapshot_every)] += 1
            finally:
                connection.execute(f"DELETE FROM {table}")
                connection.execute(f"INSERT INTO {table} SELECT * FROM kept")
                connection.execute("DROP TABLE kept")

    damaged()
    assert desk_book(store, recent=0, snapshot_every=0).case("case") == case
    assert min(told["told"], told["harmless"]) > 0
    tell(**told)


def look(store, case, snapshot_every):
    """Read a case by a book that remembers nothing: it is told what is wrong, or all is well."""
    with suppress(CaseflowError):
        assert desk_book(store, recent=0, snapshot_every=snapshot_every).case("case") == case
        return "harmless"
    return "told"


@pytest.mark.parametrize("planted", [False, True], ids=["as it is", "hashes are not looked at"])
@pytest.mark.parametrize("snapshot_every", [0, 5], ids=["folded", "from a snapshot"])
def test_a_payload_that_reads_as_another_is_told(store, monkeypatch, snapshot_every, planted):
    """Event 8 voids another note: it comes after the snapshot, and every read folds it."""
    book = desk_book(store, recent=0, snapshot_every=snapshot_every)
    if planted:
        monkeypatch.setattr(loading, "verify_chain", lambda rows, **_: rows[-1].hash)
    with connection_to(store) as connection:
        connection.execute(
            """UPDATE caseflow_events SET payload = '{"number":6}' WHERE number = 8"""
        )
    if planted:
        assert book.case("case").state.value == 0, "the count is gone: another case"
        return
    with pytest.raises(ChainBroken, match="event 8 was changed after it was written"):
        book.case("case")
