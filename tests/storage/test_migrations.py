"""Databases of older versions are brought up to date, with all that was there, or not at all.

`schema_0001.sql` was written by the last code that kept three tables and no version: three
books in two agencies, with commands, snapshots, holds, substages, an amended history and a
clock that went back.
"""

import sqlite3
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, inspect, make_url, text

from caseflow import Casebook, InvalidCall, SchemaNewer, SchemaOutdated, StoreError
from caseflow.casebook.finding.listing import listing_of
from caseflow.stages import six_stage
from caseflow.storage import (
    History,
    Listing,
    MemoryStorage,
    Query,
    Snapshot,
    SQLStorage,
    StoredEvent,
    migrate,
    tables,
    verify_chain,
)
from caseflow.storage.sql import migrating, schema
from caseflow.storage.sql.borrowing import exclusively
from tests.support.processes import at_once
from tests.support.trades import ANA, shop_book

OLD = Path(__file__).parent / "schema_0001.sql"
NEWER = schema.REVISIONS[1:]
"""What those databases go through."""
EVENTS = f"SELECT {', '.join(StoredEvent._fields)} FROM caseflow_events"


@pytest.fixture
def old(tmp_path):
    """A database of schema 0001; its path."""
    path = tmp_path / "cases.db"
    with opened(path) as connection:
        connection.executescript(OLD.read_text(encoding="utf-8"))
    return path


@contextmanager
def opened(path):
    """A connection to a SQLite file, which commits and is closed."""
    connection = sqlite3.connect(path)
    with connection:
        yield connection
    connection.close()


def url_of(path):
    return f"sqlite:///{path}"


def rows(path, query):
    with opened(path) as connection:
        return connection.execute(query).fetchall()


def dump(path):
    """All that a file holds, as text."""
    with opened(path) as connection:
        return list(connection.iterdump())


def histories(path):
    """The events by agency and case, in the order of opening, read from the first schema."""
    found = {
        place: []
        for place in rows(path, "SELECT agency, case_id FROM caseflow_cases ORDER BY opened")
    }
    for row in rows(path, f"{EVENTS} ORDER BY agency, case_id, number"):
        found[row[:2]].append(StoredEvent._make(row))
    return found


# -- everything is kept ------------------------------------------------------------------------


def test_every_event_command_and_snapshot_is_kept(old):
    before = histories(old)
    commands = rows(old, "SELECT * FROM caseflow_commands ORDER BY agency, command_id")
    heads = rows(old, "SELECT agency, case_id, version, hash FROM caseflow_cases")
    snapshots = rows(old, "SELECT agency, case_id, snapshot_version, snapshot FROM caseflow_cases")
    assert migrate(url_of(old)) == NEWER

    store = SQLStorage(url_of(old))
    assert {
        (agency, case_id): list(store.read(agency, case_id)) for agency, case_id in before
    } == before
    for agency, case_id, version, last in heads:
        assert store.head(agency, case_id) == (version, last)
        assert verify_chain(store.read(agency, case_id)) == last
    for agency, case_id, version, snapshot in snapshots:
        assert store.snapshot(agency, case_id) == Snapshot(version, snapshot)
    assert len(commands) > 5
    for agency, command_id, case_id, first, last in commands:
        known = store.command(agency, command_id)
        assert list(known) == before[agency, case_id][first - 1 : last]
    store.close()


def books(store):
    """The books that wrote the old file, each with the cases that are its own."""
    return [
        (shop_book(store, agency="north"), ["R-1", "R-2", "R-3", "R-4", "R-5", "R-6"]),
        (Casebook(six_stage, store, agency="north"), ["F-1"]),
        (shop_book(store, agency="south"), ["R-1", "R-2", "R-3"]),
    ]


def test_every_case_is_what_its_history_makes_of_it(old):
    """Migrated it is loaded from the snapshot of the old code; in memory, from the events."""
    unlisted = Listing("", "", "", "", "", ended=False)
    memory = MemoryStorage()
    for (agency, case_id), events in histories(old).items():
        memory.restore(agency, [History(case_id, events, unlisted, ())])
    migrate(url_of(old))
    store = SQLStorage(url_of(old))
    for (migrated, ids), (wanted, _) in zip(books(store), books(memory), strict=True):
        for case_id in ids:
            assert migrated.case(case_id) == wanted.case(case_id)
            assert migrated.history(case_id) == wanted.history(case_id)
    store.close()


def test_every_case_verifies_once_the_books_have_listed_them_anew(old):
    migrate(url_of(old))
    store = SQLStorage(url_of(old))
    for book, _ in books(store):
        book.reindex()
    for book, ids in books(store):
        verified = book.verify_all()
        assert verified.findings == ()
        assert verified.cases - verified.by_chain_only == len(ids)
    store.close()


def test_the_list_says_where_each_case_stands(old):
    places = list(histories(old))
    migrate(url_of(old))
    store = SQLStorage(url_of(old))
    for agency in ("north", "south"):
        found = store.find(agency, Query())
        assert [one.case_id for one in found] == [case for at, case in places if at == agency]
    for book, ids in books(store):
        for case_id in ids:
            case = book.case(case_id)
            (found,) = [one for one in store.find(book.agency, Query()) if one.case_id == case_id]
            wanted = listing_of(book.workflow, case, case.recorded_at, book._middle.codec)
            assert found.version == case.version
            assert found.listing == wanted._replace(ended=False, due_at=None, keys=())
    stages = {one.listing.position: one.listing.stage for one in store.find("north", Query())}
    assert stages["repair.bench:hold"] == "repair"
    held = store.find("north", Query(subject="child-2"))
    assert [one.case_id for one in held] == ["R-6"]
    store.close()


def test_the_feed_holds_every_event_once_and_each_case_in_order(old):
    with opened(old) as connection:  # a clock that went back within a case
        connection.execute(
            "UPDATE caseflow_events SET recorded_at = '2020' || substr(recorded_at, 5)"
            " WHERE case_id = 'R-3' AND number = 4"
        )
    before = histories(old)
    migrate(url_of(old))
    store = SQLStorage(url_of(old))
    for agency in ("north", "south"):
        feed = store.feed(agency, limit=1000)
        assert [entry.position for entry in feed] == list(range(1, len(feed) + 1))
        for (at, case_id), events in before.items():
            if at == agency:
                assert [one.event for one in feed if one.event.case_id == case_id] == events
        assert len(feed) == sum(len(events) for (at, _), events in before.items() if at == agency)
    moments = [one.event.recorded_at for one in store.feed("south", limit=1000)]
    assert moments[:3] == sorted(moments[:3])
    store.close()


def test_a_case_whose_history_is_damaged_is_kept_as_it_is(old):
    with opened(old) as connection:
        connection.execute("DELETE FROM caseflow_events WHERE case_id = 'R-6' AND number = 1")
        connection.execute("UPDATE caseflow_events SET payload = '{' WHERE type = 'voided'")
    count = rows(old, "SELECT count(*) FROM caseflow_events")
    migrate(url_of(old))
    assert rows(old, "SELECT count(*) FROM caseflow_events") == count
    store = SQLStorage(url_of(old))
    assert store.head("north", "R-6").version == 3
    assert len(store.find("north", Query())) == 7
    store.close()


def test_work_goes_on_after_it(old):
    migrate(url_of(old))
    store = SQLStorage(url_of(old))
    last = store.feed("south", limit=1000)[-1].position
    book = shop_book(store, agency="south")
    book.open(client="customer-8", case_id="R-9", by=ANA)
    assert store.find("south", Query())[-1].case_id == "R-9"
    assert [one.position for one in store.feed("south", after=last)] == [last + 1]
    store.close()


def test_a_program_that_is_too_new_or_too_old_says_so(old):
    with pytest.raises(SchemaOutdated) as outdated:
        SQLStorage(url_of(old))
    assert outdated.value.fields == {
        "store": url_of(old),
        "found": "0001",
        "wanted": schema.REVISION,
    }
    migrate(url_of(old))
    with opened(old) as connection:
        connection.execute("UPDATE caseflow_schema_version SET version_num = '0777'")
    for use in (SQLStorage, migrate):
        with pytest.raises(SchemaNewer) as newer:
            use(url_of(old))
        assert newer.value.fields == {
            "store": url_of(old),
            "found": "0777",
            "wanted": schema.REVISION,
        }


def test_it_is_done_once(old):
    assert migrate(url_of(old)) == NEWER
    before = dump(old)
    assert migrate(url_of(old)) == ()
    assert dump(old) == before


def test_tables_are_made_in_a_database_that_has_none(tmp_path):
    new = tmp_path / "new.db"
    new.touch()
    assert migrate(url_of(new)) == (schema.REVISION,)
    SQLStorage(url_of(new)).close()


@pytest.mark.parametrize("name_of", [str, make_url, create_engine])
@pytest.mark.parametrize("form", ["sqlite:///{}", "sqlite:///file:{}?uri=true"])
def test_a_file_that_is_not_there_is_not_made(old, form, name_of):
    """A mistyped path is told of, and nothing is left at it."""
    mistyped, there = old.with_name("case list.db"), list(old.parent.iterdir())
    database = name_of(form.format(mistyped))
    with pytest.raises(StoreError) as refused:
        migrate(database)
    assert refused.value.fields == {
        "store": str(make_url(getattr(database, "url", database))),
        "action": "migrate its tables",
        "cause": f"there is no file {str(mistyped)!r}",
        "repair": "Correct the path. To begin a new database, use SQLStorage(...), which makes it.",
    }
    assert list(old.parent.iterdir()) == there
    mistyped.touch()  # now there is a database, which holds nothing yet
    assert migrate(database) == (schema.REVISION,)


def test_the_folder_that_was_looked_in_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=f"there is no file '{tmp_path / 'cases.db'}'"):
        migrate("sqlite:///cases.db")


# -- all of it or nothing ----------------------------------------------------------------------


class Planted(Exception):
    """A fault at one statement of a migration."""


def failing(engine, at):
    """Let the statement of this number fail, rolling back left out; returns those begun."""
    begun = []

    @event.listens_for(engine, "before_cursor_execute")
    def fail(connection, cursor, statement, parameters, context, executemany):
        if not statement.startswith("ROLLBACK"):
            begun.append(statement)
            if len(begun) == at:
                raise Planted(statement)

    return begun


def plain(path):
    return create_engine(url_of(path))


def autocommit(path):
    return create_engine(url_of(path), isolation_level="AUTOCOMMIT")


def begins_itself(path):
    """As SQLAlchemy's documentation has it for SQLite."""
    engine = create_engine(url_of(path))

    @event.listens_for(engine, "connect")
    def connected(connection, _):
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begun(connection):
        connection.exec_driver_sql("BEGIN")

    return engine


def as_pep_249(path):
    """Python 3.12 has another way of beginning transactions; before, this is the plain engine."""
    newer = {"autocommit": False} if sys.version_info >= (3, 12) else {}
    return create_engine(url_of(path), connect_args=newer)


ENGINES = [plain, autocommit, begins_itself, as_pep_249]


@pytest.mark.parametrize("engine_of", ENGINES)
def test_a_failure_at_any_statement_leaves_the_file_as_it_was(old, engine_of):
    before, at = dump(old), 0
    while True:
        at += 1
        engine = engine_of(old)
        begun = failing(engine, at)
        try:
            done = migrate(engine)
        except Planted:
            assert dump(old) == before, f"after {begun[-1]}"
        else:
            break
        finally:
            engine.dispose()
    assert done == NEWER
    assert at > 40
    assert any("DROP TABLE" in statement for statement in begun)


@pytest.mark.parametrize("engine_of", ENGINES)
def test_an_engine_is_left_as_it_was_set(old, engine_of):
    engine = engine_of(old)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        before = driver.isolation_level, getattr(driver, "autocommit", None)
    migrate(engine)
    with engine.connect() as connection:
        assert connection.connection.driver_connection is driver
        assert (driver.isolation_level, getattr(driver, "autocommit", None)) == before
    engine.dispose()


@pytest.mark.parametrize("engine_of", ENGINES)
def test_with_a_connection_the_caller_commits_or_not(old, engine_of):
    engine, before = engine_of(old), dump(old)
    with engine.connect() as connection:
        assert migrate(connection) == NEWER
        connection.rollback()
    assert dump(old) == before
    with engine.begin() as connection:
        migrate(connection)
    assert rows(old, "SELECT * FROM caseflow_schema_version") == [(schema.REVISION,)]
    engine.dispose()


MIGRATING = """
import sys
from caseflow.storage import migrate
print("ready", flush=True)
input()
print(migrate(sys.argv[1]))
"""


def test_of_several_that_migrate_at_once_one_does(old):
    assert sorted(at_once(MIGRATING, url_of(old))) == [str(NEWER), "()", "()"]


# -- what there is in the end ------------------------------------------------------------------


def shape_of_file(path):
    """Everything that a SQLite file says of its tables and indexes."""
    shape = {}
    with opened(path) as connection:

        def ask(pragma, name):
            return connection.execute(f"PRAGMA {pragma}('{name}')").fetchall()

        for _, name, kind, _, without_rowid, strict in connection.execute("PRAGMA table_list"):
            if name.startswith("sqlite_"):
                continue
            indexes = {row[1]: row[2:] for row in ask("index_list", name)}
            keys = {index: ask("index_xinfo", index) for index in indexes}
            shape[name] = kind, without_rowid, strict, ask("table_xinfo", name), indexes, keys
        partial = "SELECT name, sql FROM sqlite_master WHERE sql LIKE '%WHERE%'"
        shape["partial"] = connection.execute(partial).fetchall()
    return shape


def test_a_migrated_file_is_like_a_new_one(old, tmp_path):
    new = tmp_path / "new.db"
    SQLStorage(url_of(new)).close()
    migrate(url_of(old))
    assert shape_of_file(old) == shape_of_file(new)
    assert len(shape_of_file(new)) == 12
    assert len(shape_of_file(new)["partial"]) == 1


def test_the_first_script_makes_what_the_first_code_made(old, tmp_path):
    declared, new = tables(), tmp_path / "new.db"
    engine = create_engine(url_of(new))
    with engine.begin() as connection:
        scripts, operations = migrating._alembic(connection)
        scripts.get_revision("0001").module.upgrade(operations, declared.schema)
    engine.dispose()
    assert shape_of_file(new) == shape_of_file(old)


def shape_of_schema(engine, name):
    """Everything that SQLAlchemy finds of the tables in a schema of PostgreSQL."""
    found = inspect(engine)
    return {
        table: (
            [{**one, "type": repr(one["type"])} for one in found.get_columns(table, name)],
            found.get_pk_constraint(table, name),
            sorted(map(str, found.get_indexes(table, name))),
            found.get_unique_constraints(table, name),
            found.get_check_constraints(table, name),
        )
        for table in sorted(found.get_table_names(name))
    }


@pytest.fixture
def postgres(postgres_url):
    """An engine for a fresh database, which is disposed of also where a test fails."""
    engine = create_engine(postgres_url)
    yield engine
    engine.dispose()


def test_on_postgresql_the_scripts_make_what_a_new_store_makes(postgres):
    engine = postgres
    schema.create(engine, tables(schema="made"))
    scripted = tables(schema="scripted")
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA scripted"))
        assert migrating.upgrade(connection, scripted, None) == schema.REVISIONS
    made = shape_of_schema(engine, "made")
    assert shape_of_schema(engine, "scripted") == made
    assert len(made) == 11
    schema.check(engine, scripted)


def test_on_postgresql_a_failure_at_any_statement_leaves_nothing(postgres):
    at, declared = 0, tables(schema="cases")
    while True:
        at += 1
        engine = create_engine(postgres.url)
        begun = failing(engine, at)
        try:
            with exclusively(engine, lock=schema.LOCK) as connection:
                schema.make(connection, declared)
        except Planted:
            assert "cases" not in inspect(postgres).get_schema_names(), begun[-1]
        else:
            break
        finally:
            engine.dispose()
    assert at > 15


# -- the scripts -------------------------------------------------------------------------------


def test_the_versions_are_those_of_the_scripts(old):
    engine = create_engine(url_of(old))
    with engine.connect() as connection:
        scripts, _ = migrating._alembic(connection)
    engine.dispose()
    assert scripts.get_heads() == [schema.REVISION]
    newest_first = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(newest_first)) == schema.REVISIONS


def test_without_alembic_it_says_what_to_install(old, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "alembic"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "alembic.operations", None)
    before = dump(old)
    with pytest.raises(InvalidCall, match=r"pip install 'caseflow-engine\[migrations\]'"):
        migrate(url_of(old))
    assert dump(old) == before
    new = old.with_name("new.db")
    new.touch()
    assert migrate(url_of(new)) == (schema.REVISION,)  # to make them it is not needed
    assert migrate(url_of(new)) == ()
