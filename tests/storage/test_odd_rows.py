"""SQLite keeps any value in any column. One that caseflow never wrote is told, and harms one case.

Every column of every table is given every kind of value that does not belong there.
"""

import io
import shutil
import sqlite3

import attrs
import pytest
from sqlalchemy import Boolean, Integer

from caseflow import Casebook, CaseflowError, Index, StoreError
from caseflow.storage import SQLStorage
from caseflow.storage.sql import odd, tables
from tests.support.exports import played
from tests.support.raw import execute
from tests.support.trades import ANA, ROLES, Clock, Paid, shop

indexed = attrs.evolve(shop, indexes=(Index("words", of=lambda case: case.state.last_words),))
PLAN = [("looked-at", "a"), ("ready", "it squeaks"), ("collected", "c"), ("dropped-off", "")]
CASES = {"R-1", "R-2", "R-3", "R-4"}

NO_TEXT = ["x'ff00'", "CAST(x'61ff62' AS TEXT)"]
NO_NUMBER = ["'zz'", "-5", "1.5", "9e999", "9223372036854775807", *NO_TEXT]
TABLES = [one.name.removeprefix("caseflow_") for one in tables().every if "agency" in one.columns]
FILLED = [one for one in TABLES if one != "pending"]  # which SQLite leaves empty


def a_book(store):
    return Casebook(indexed, store, clock=Clock(), roles=ROLES, recent=0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A file whose every table holds rows."""
    file = tmp_path_factory.mktemp("odd") / "cases.db"
    store = SQLStorage(f"sqlite:///{file}")
    played(PLAN, store, snapshot_every=4)
    book = a_book(store)
    book.reindex()
    book.consume("mail", lambda _: None, limit=5)
    book.record("R-1", Paid(amount=1), by=ANA, command_id="c-1")
    assert book.verify_all().holds
    store.close()
    return file


def with_odd_values(whole, tmp_path, name):
    """A copy of the file for each column of a table and each odd value, in the first row of R-1.

    With it what was done, and the key of the row, as far as it is what it was.
    """
    table = getattr(tables(), name)
    key = [one.name for one in table.primary_key]
    for place, column in enumerate(table.columns):
        if column.name == "agency":  # then it is a row of no agency
            continue
        numbers = isinstance(column.type, Integer | Boolean)
        for value in NO_NUMBER if numbers else [NO_TEXT[place % 2]]:
            file = shutil.copy(whole, tmp_path / "copy.db")
            with sqlite3.connect(file) as connection:
                first = f"SELECT {', '.join(key)} FROM {table.name} ORDER BY case_id"
                if name in ("tokens", "consumers"):
                    first = first.removesuffix(" ORDER BY case_id")
                row = connection.execute(first).fetchone()
                where = " AND ".join(f"{one} = ?" for one in key)
                change = f"UPDATE {table.name} SET {column.name} = {value} WHERE {where}"
                assert connection.execute(change, row).rowcount == 1
            connection.close()
            named = dict(zip(key, row, strict=True)) | {column.name: ""}
            store = SQLStorage(f"sqlite:///{file}", durability="normal")
            yield f"{column.name} = {value}", list(named.values()), store
            store.close()


def attempt(verb, *args, **given):
    """What a verb answers; None where it refuses by name."""
    try:
        return verb(*args, **given)
    except CaseflowError:
        return None


@pytest.mark.parametrize("name", FILLED)
def test_a_value_of_another_kind_is_told_by_table_and_row(whole, tmp_path, name):
    for what, key, store in with_odd_values(whole, tmp_path, name):
        found = a_book(store).verify_all().findings
        if name == "events":  # each is held against its hash
            assert any(one.code == "chain-broken" and one.case_id == "R-1" for one in found), what
            continue
        (told,) = [one.sentence for one in found if one.code == "row-damaged"]
        assert told.startswith(f"A row of table caseflow_{name} (agency 'agency', "), what
        assert all(str(one) in told for one in key), (what, told)
        assert f" holds {what.partition(' ')[0]} " in told, what


@pytest.mark.parametrize("name", FILLED)
def test_a_value_of_another_kind_harms_no_other_case(whole, tmp_path, name):
    for what, _, store in with_odd_values(whole, tmp_path, name):
        book = a_book(store)
        for case_id in ("R-2", "R-4"):
            assert book.case(case_id).id == case_id, what
            assert book.record(case_id, Paid(amount=1), by=ANA).events, what
        new = [book.open(client="n", by=ANA).case.id for _ in range(2)]
        for ids in (book.case_ids(), [one.id for one in book.every(page=1)]):
            assert CASES - {"R-1"} | {*new} <= {*ids}, what
            assert len(ids) == len({*ids}), what
        if name != "events":  # the feed stops at an event that was altered
            assert {event.recorded.case_id for event in book.feed()} >= {*new}, what
            book.consume("letters", lambda _: None)
        for verb in (book.case, book.history, book.verify):
            attempt(verb, "R-1")
        attempt(book.record, "R-1", Paid(amount=1), by=ANA)
        attempt(book.record, "R-1", Paid(amount=1), by=ANA, command_id="c-1")
        attempt(book.export, io.BytesIO())
        attempt(book.attest, io.BytesIO())
        attempt(book.reindex)
        assert attempt(book.consumers) is not None, what
        assert store.agencies() == ["agency"], what
        assert book.verify("R-4").holds, what


@pytest.mark.parametrize("name", ["keys", "subjects", "snapshots"])
def test_what_is_derived_is_put_right_by_reindexing(whole, tmp_path, name):
    for what, _, store in with_odd_values(whole, tmp_path, name):
        a_book(store).reindex()
        assert a_book(store).verify_all().holds, (what, a_book(store).verify_all().explain())


def test_a_case_that_is_listed_at_an_odd_place_is_exported_with_the_others(whole, tmp_path):
    for what, _, store in with_odd_values(whole, tmp_path, "cases"):
        if what.startswith("opened"):
            assert a_book(store).export(io.BytesIO()).cases == len(CASES), what
            assert a_book(store).attest(io.BytesIO()).cases == len(CASES), what


def test_a_checkpoint_that_is_no_position_is_told_with_the_remedy(whole, tmp_path):
    for what, _, store in with_odd_values(whole, tmp_path, "consumers"):
        if not what.startswith("position") or what.endswith((" -5", "807")):
            continue
        book = a_book(store)
        with pytest.raises(StoreError, match=r"no position\. Move it with reset_consumer"):
            book.consume("mail", lambda _: None)
        if "61ff62" in what:  # what cannot be read cannot be named either
            book.delete_consumer("mail")
        else:
            book.reset_consumer("mail", to=5)
        assert book.consume("mail", lambda _: None) > 0
        assert book.verify_all().holds


def test_a_moment_that_is_none_is_left_out_of_the_list_and_said_in_the_log(whole, tmp_path, caplog):
    store = SQLStorage(f"sqlite:///{shutil.copy(whole, tmp_path / 'copy.db')}")
    execute(store, "UPDATE caseflow_cases SET due_at = 'zz' WHERE case_id = 'R-1'")
    listed = {one.id: one.due_at for one in a_book(store).every()}
    assert (set(listed), listed["R-1"]) == (CASES, None)
    assert "case 'R-1' is due at 'zz', which is no moment" in caplog.text
    store.close()


def test_who_does_not_look_at_the_kinds_of_values_is_caught(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(odd, "_fits", lambda *_: True)
    with pytest.raises((AssertionError, ValueError)):
        test_a_value_of_another_kind_is_told_by_table_and_row(whole, tmp_path, "tokens")
