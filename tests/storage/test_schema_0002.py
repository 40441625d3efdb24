"""Databases of schema 0002 are brought up to date with all that was there, or not at all.

`schema_0002.sql` and `schema_0002_postgres.sql` were written by the last code of that schema.
Whose books they hold is told in `old_books.py`.
"""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from caseflow import ERASED, SchemaOutdated
from caseflow.storage import Query, SQLStorage, migrate, tables
from caseflow.storage.sql import schema
from tests.storage.old_books import CONSUMERS, ERASED_CLIENT, old_books
from tests.storage.test_migrations import Planted, failing, shape_of_file, shape_of_schema, url_of
from tests.support.trades import ANA, CallMissed

FOLDER = Path(__file__).parent
NEWER = ("0003", "0004")
"""What they go through."""
EVENTS = {"north": 28, "south": 16, "west": 16}
"""How many each agency has."""


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request, tmp_path):
    """A database of schema 0002; an engine for it."""
    if request.param == "sqlite":
        engine = create_engine(url_of(tmp_path / "cases.db"))
        run_in(engine, FOLDER / "schema_0002.sql", "executescript")
    else:
        engine = create_engine(request.getfixturevalue("postgres_url"))
        run_in(engine, FOLDER / "schema_0002_postgres.sql", "execute")
    yield engine
    engine.dispose()


def run_in(engine, file, method):
    """Run the statements of a file, as the driver does."""
    pooled = engine.raw_connection()
    getattr(pooled.dbapi_connection, method)(file.read_text(encoding="utf-8"))
    pooled.commit()
    pooled.close()


def held(engine):
    """Every row of every table."""
    with engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {table.name}"))))
            for table in tables().every
        }


def told(store):
    """Everything that a store says when it is asked."""
    said = {}
    for agency in store.agencies():
        cases = store.find(agency, Query(), limit=1000)
        feed = store.feed(agency, limit=1000)
        said[agency] = cases, feed, store.tally(agency, "lead"), store.count(agency, "lead", "mo")
        said[agency, "child"] = store.find(agency, Query(subject="child-3"))
        for case_id in (case.case_id for case in cases):
            rows = store.read(agency, case_id)
            said[agency, case_id] = rows, store.head(agency, case_id)
            said[agency, case_id, "snapshot"] = store.snapshot(agency, case_id)
            ids = {row.command_id for row in rows} - {None}
            said[agency, case_id, "commands"] = {one: store.command(agency, one) for one in ids}
    return said


# -- everything is kept ------------------------------------------------------------------------


def test_every_row_of_every_table_is_kept(old):
    before = held(old)
    never_filled = {"caseflow_pending"} if old.dialect.name == "sqlite" else set()
    assert {name for name, rows in before.items() if not rows} == never_filled
    assert migrate(old) == NEWER
    noted = {
        "caseflow_schema_version": [(schema.REVISION,)],
        "caseflow_consumers": [(*row, 0, "") for row in before["caseflow_consumers"]],
    }
    assert held(old) == {**before, **noted}


def test_whatever_a_store_is_asked_it_says_the_same(old):
    before = told(SQLStorage(old, create=False))  # what was asked then can be asked still
    migrate(old)
    store = SQLStorage(old)
    assert told(store) == before
    assert {agency: len(before[agency][1]) for agency in EVENTS} == EVENTS
    stand = [store.checkpoint(agency, name) for agency, name in CONSUMERS.items()]
    assert stand == [(7, 0, ""), (4, 0, ""), (15, 0, "")]


def test_every_case_is_what_its_history_says(old):
    migrate(old)
    for book in old_books(SQLStorage(old)):
        # What a rule left due lapses with its case since: what is derived for the list is not kept.
        assert {one.code for one in book.verify_all().findings} <= {"list-differs"}
        book.reindex()
        verified = book.verify_all()
        assert verified.findings == ()
        assert (verified.cases, verified.events) == (3, EVENTS[book.agency])


def test_what_was_sealed_opens_and_what_was_erased_stays_erased(old):
    migrate(old)
    _, south, west = old_books(SQLStorage(old))
    assert south.history("F-1")[0].reason == "told by a neighbour"
    assert south.history("F-2")[1].reason is ERASED
    assert west.history("F-2")[1].reason == "worry"
    assert south.case("F-2").identity.client != ERASED_CLIENT


def test_work_goes_on_after_it(old):
    migrate(old)
    north, south, west = old_books(SQLStorage(old))
    again = north.do("R-2", CallMissed(number="555-1"), by=ANA, command_id="call-1")
    assert again.case.version == 9  # as it was told the first time
    assert north.case("R-2").version == 10
    opened = south.open(client="P-4", by=ANA, case_id="F-4").case
    assert [one.case_id for one in south._store.find("south", Query())][-1] == opened.id
    heard = []
    while west.consume("mail", heard.append):
        pass
    assert [(one.position, one.recorded.case_id) for one in heard] == [(16, "F-1")]


def test_it_is_refused_until_it_is_migrated(old):
    with pytest.raises(SchemaOutdated) as outdated:
        SQLStorage(old)
    assert (outdated.value.fields["found"], outdated.value.fields["wanted"]) == ("0002", "0004")
    assert migrate(old) == NEWER
    assert migrate(old) == ()


# -- all of it or nothing ----------------------------------------------------------------------


def test_a_failure_at_any_statement_leaves_it_as_it_was(old):
    before, at = (held(old), shape(old)), 0
    while True:
        at += 1
        engine = create_engine(old.url)
        begun = failing(engine, at)
        try:
            done = migrate(engine)
        except Planted:
            assert (held(old), shape(old)) == before, begun[-1]
        else:
            break
        finally:
            engine.dispose()
    assert done == NEWER
    assert any("DROP INDEX" in statement for statement in begun)


# -- what there is in the end ------------------------------------------------------------------


def shape(engine):
    """Everything that a database says of its tables and indexes."""
    if engine.dialect.name == "sqlite":
        return shape_of_file(engine.url.database)
    return shape_of_schema(engine, None)


def test_a_migrated_database_is_like_a_new_one(old, tmp_path):
    migrate(old)
    if old.dialect.name == "sqlite":
        SQLStorage(url_of(tmp_path / "new.db")).close()
        assert shape(old) == shape_of_file(tmp_path / "new.db")
    else:
        schema.create(old, tables(schema="new"))
        assert shape(old) == shape_of_schema(old, "new")


def test_an_index_that_somebody_dropped_before_is_not_missed(old):
    """As an application's own migrations do, where they see our tables."""
    with old.begin() as connection:
        connection.execute(text("DROP INDEX caseflow_events_by_type"))
    assert migrate(old) == NEWER


def test_a_migration_that_loses_a_row_is_caught(old, monkeypatch):
    stamp = schema.stamp

    def losing(connection, declared, revision):
        connection.execute(declared.consumers.delete().where(declared.consumers.c.position == 7))
        stamp(connection, declared, revision)

    monkeypatch.setattr(schema, "stamp", losing)
    with pytest.raises(AssertionError):
        test_every_row_of_every_table_is_kept(old)
