"""A row of any table that is changed, dropped or added behind a store's back is found.

What is not found is on a short list, each with the reason: it is harmless, or nobody can tell.
"""

import io
import sqlite3
from contextlib import contextmanager

import attrs
import psycopg
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from caseflow import Casebook, Index
from caseflow.storage.sql.feed import UNITS_AT_ONCE
from tests.properties.test_tampering import flipped
from tests.support.advice import followed
from tests.support.exports import played
from tests.support.raw import execute
from tests.support.tamper import AGENCY, RAWS
from tests.support.trades import ANA, ROLES, Clock, Paid, shop

indexed = attrs.evolve(shop, indexes=(Index("words", of=lambda case: case.state.last_words),))
PLAN = [("looked-at", "a"), ("ready", "it squeaks"), ("collected", "c"), ("dropped-off", "")]
CASES = ["R-1", "R-2", "R-3", "R-4"]

UNSEEN = {
    ("tokens", None): "only that a token changes counts; what number it is does not",
    ("consumers", None): "where a consumer stands inside the feed is for the consumer to know",
    ("cases", "opened"): "the list is then in another order, and shows every case all the same",
    ("snapshots", "drop"): "the case is folded from its history",
    ("snapshots", "text"): "nobody uses it, or it says the same",
}
"""What may go unseen: of a table and a column of it, or a way of doing it (None: any)."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def filled(request):
    """A store whose every table holds rows, and its book. Each test puts back what it changed."""
    if request.param == "postgres":
        request.getfixturevalue("postgres_server")
    raw = RAWS[request.param]()
    played(PLAN, raw.store, snapshot_every=4)
    book = Casebook(indexed, raw.store, clock=Clock(), roles=ROLES)
    book.reindex()
    book.consume("mail", lambda _: None, limit=5)
    raw.export = io.BytesIO()
    book.export(raw.export)
    book.record("R-2", Paid(amount=1), by=ANA)
    raw.put_back = raw.kept()
    return raw, book


@contextmanager
def put_back(raw):
    """All rows as they were, afterwards."""
    try:
        yield
    finally:
        raw.put_back()


def done(raw, statement, values):
    """Whether a statement does something: the database may refuse what it is given."""
    try:
        execute(raw.store, statement, values)
    except (sqlite3.Error, psycopg.Error, OverflowError):
        return False
    return True


def deed(draw, raw, table):
    """Change, drop or add a row. Which column was changed, or how it was done; None: nothing."""
    name = f"caseflow_{table.name.removeprefix('caseflow_')}"
    columns = [column.name for column in table.columns]
    key = [column.name for column in table.primary_key]
    of_key = " AND ".join(f"{one} = ?" for one in key)
    rows = execute(
        raw.store, f"SELECT {', '.join(columns)} FROM {name} WHERE agency = ?", (AGENCY,)
    )
    row = dict(zip(columns, draw(st.sampled_from(sorted(rows, key=repr))), strict=True))
    how = draw(st.sampled_from(["change", "drop", "add"]))
    where = tuple(row[one] for one in key)
    if how == "drop":
        return how if done(raw, f"DELETE FROM {name} WHERE {of_key}", where) else None
    column = draw(st.sampled_from([one for one in columns if one != "agency"]))
    value = row[column]
    if column == "case_id":
        new = draw(st.sampled_from([*CASES, "R-9"]))
    elif isinstance(value, bool) or column == "ended":
        new = not value
    else:
        new = flipped(draw, value)
    if new == value:
        return None
    if how == "change":
        statement = f"UPDATE {name} SET {column} = ? WHERE {of_key}"
        return column if done(raw, statement, (new, *where)) else None
    marks = ", ".join("?" * len(columns))
    added = tuple(({**row, column: new}).values())
    statement = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})"
    if name == "caseflow_cases":
        statement = statement.replace("VALUES", "OVERRIDING SYSTEM VALUE VALUES")
        if raw.store.engine.dialect.name == "sqlite":
            statement = statement.replace("OVERRIDING SYSTEM VALUE ", "")
    return column if done(raw, statement, added) else None


TABLES = [
    "cases",
    "events",
    "commands",
    "snapshots",
    "keys",
    "subjects",
    "tokens",
    "feed",
    "consumers",
]


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=settings.default.max_examples // 3)
@given(data=st.data())
def test_a_row_that_was_changed_dropped_or_added_is_found(filled, name, data):
    raw, book = filled
    with put_back(raw):
        what = deed(data.draw, raw, getattr(raw.store.tables, name))
        event(f"{name}: {what}")
        verified = book.verify_all()
    if what is None:
        assert verified.holds, verified.explain()
    elif verified.holds:
        assert (name, what) in UNSEEN or (name, None) in UNSEEN, what


NEEDS_A_PERSON = {"row-damaged"}
"""The findings whose advice names no verb and no row to delete."""


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=max(settings.default.max_examples // 10, 5))
@given(data=st.data())
def test_who_follows_what_the_findings_say_comes_to_an_end(filled, name, data):
    """Where only what was written after the export is lost, it is told, and that loss accepted."""
    raw, book = filled
    with put_back(raw):
        what = deed(data.draw, raw, getattr(raw.store.tables, name))
        event(f"{name}: {what}")
        verified = followed(raw, book, raw.export.getvalue())
        assert {one.code for one in verified.findings} <= NEEDS_A_PERSON, verified.explain()
        for case_id in book.case_ids() if verified.holds else ():
            book.record(case_id, Paid(amount=1), by=ANA)
        assert book.verify_all().holds == verified.holds


WAIT = "INSERT INTO caseflow_pending (agency, case_id, first, last) VALUES (?, ?, ?, ?)"
on_postgres = pytest.mark.parametrize("filled", ["postgres"], indirect=True)


def fed(book):
    return [(one.recorded.case_id, one.recorded.number) for one in book.feed()]


@on_postgres  # on SQLite nothing waits
@pytest.mark.parametrize(
    ("case_id", "first", "last"),
    [
        ("R-4", 1, 1),
        ("R-4", 7, 7),
        ("R-1", 1, 4),
        ("R-1", 1, 10**15),
        ("R-1", -(10**15), 10**15),
        ("R-1", 3, 2),
        ("R-9", 1, 1),
    ],
)
def test_what_is_put_among_those_that_wait_for_the_feed_is_found_and_not_fed(
    filled, case_id, first, last
):
    raw, book = filled
    before = fed(book)
    with put_back(raw):
        execute(raw.store, WAIT, (AGENCY, case_id, first, last))
        [(row,)] = execute(raw.store, "SELECT id FROM caseflow_pending")
        assert fed(book) == before
        (found,) = book.verify_all().findings
        assert (found.code, found.case_id) == ("feed-differs", case_id)
        assert f"Row {row} of caseflow_pending" in found.sentence
        assert found.sentence.endswith("Delete that row.")


@on_postgres
@pytest.mark.parametrize("twice", [False, True])
def test_what_waits_is_fed_once_whoever_put_it_there(filled, twice):
    """After a dump was restored, say, each row was written by another transaction than before."""
    raw, book = filled
    before = fed(book)
    waiting = "SELECT agency, case_id, first, last FROM caseflow_pending ORDER BY id"
    with put_back(raw):
        for case_id in ("R-3", "R-2", "R-2", "R-3"):
            book.record(case_id, Paid(amount=1), by=ANA)
        rows = execute(raw.store, waiting)
        if not twice:
            execute(raw.store, "DELETE FROM caseflow_pending")
        for row in rows:
            execute(raw.store, WAIT, tuple(row))
        new = [(case_id, first) for _, case_id, first, _ in rows]
        assert fed(book) == [*before, *new]
        assert len(execute(raw.store, waiting)) == (len(rows) if twice else 0)
        book.record("R-3", Paid(amount=1), by=ANA)
        assert len(fed(book)) == len(before) + len(new) + 1, "what is passed over stops nothing"


@on_postgres
def test_what_gets_no_position_holds_up_no_unit_however_much_there_is(filled):
    """A unit that is committed late has its place before all of that, and is not lost."""
    raw, book = filled
    before = fed(book)
    forged = f"{WAIT.partition('VALUES')[0]} SELECT ?, 'R-9', 1, 1 FROM generate_series(1, ?)"
    with (
        put_back(raw),
        create_engine(raw.store.engine.url, poolclass=NullPool).connect() as late,
    ):
        first = book.within(late).record("R-2", Paid(amount=1), by=ANA).case.version
        execute(raw.store, forged, (AGENCY, 2 * UNITS_AT_ONCE + 1))
        other = book.record("R-3", Paid(amount=1), by=ANA).case.version
        assert fed(book) == [*before, ("R-3", other)]
        late.commit()
        book.record("R-2", Paid(amount=2), by=ANA)
        assert fed(book) == [*before, ("R-3", other), ("R-2", first), ("R-2", first + 1)]


def test_what_was_put_back_holds(filled):
    assert filled[1].verify_all().holds
