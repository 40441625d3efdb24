"""Tables are made at first use, know their version, and are refused where they do not fit.

All of it on SQLite and on PostgreSQL, and under an application's own migrations.
"""

from importlib.resources import files
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, inspect, text

from caseflow import (
    InvalidCall,
    SchemaIncomplete,
    SchemaMissing,
    SchemaNewer,
    SchemaOutdated,
    StoreError,
)
from caseflow.storage import SQLStorage, migrate, tables
from caseflow.storage.sql import schema
from tests.support.processes import at_once
from tests.support.trades import ANA, bring, shop_book


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'cases.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def engine(url):
    engine = create_engine(url)
    yield engine
    engine.dispose()


def run(engine, statement):
    with engine.begin() as connection:
        connection.execute(text(statement))


def names(engine, schema=None):
    return set(inspect(engine).get_table_names(schema))


# -- made, and of which version ----------------------------------------------------------------


def test_a_store_makes_its_tables_and_notes_their_version(url, engine):
    store = SQLStorage(url)
    assert names(engine) == {table.name for table in tables().every}
    assert schema.revision(engine, store.tables) == schema.REVISION == "0004"
    store.check()
    store.close()


def test_an_application_gives_its_engine(engine):
    store = SQLStorage(engine)
    store.check()
    bring(shop_book(store), "looked-at")
    SQLStorage(engine).check()


def test_nothing_is_written_where_the_tables_are_there(url, engine):
    SQLStorage(url).close()

    def refuse(*_):
        raise AssertionError("something is made")

    declared = tables()
    declared.metadata.create_all = refuse
    schema.create(engine, declared)


def test_they_can_be_made_in_a_schema(postgres_url):
    engine = create_engine(postgres_url)
    declared = tables(schema="case work")
    store = SQLStorage(engine, declared=declared)
    assert names(engine, "case work") == {table.name for table in declared.every}
    assert names(engine) == set()
    bring(shop_book(store), "looked-at")
    assert migrate(engine, schema="case work") == ()
    with pytest.raises(SchemaMissing):
        schema.check(engine, tables())
    engine.dispose()


def test_the_application_commits_what_is_made_on_its_connection(engine):
    declared = tables()
    with engine.connect() as connection:
        schema.create(connection, declared)
        schema.check(connection, declared)
        connection.rollback()
    assert names(engine) == set()
    with engine.begin() as connection:
        schema.create(connection, declared)
    schema.check(engine, declared)


def test_a_connection_that_commits_each_statement_is_refused(postgres_url):
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, pytest.raises(InvalidCall, match="half could be done"):
        schema.create(connection, tables())
    assert names(engine) == set()
    schema.create(engine, tables())  # with the engine, that is seen to
    schema.check(engine, tables())
    engine.dispose()


CREATING = """
import sys
from caseflow.storage import SQLStorage
print("ready", flush=True)
input()
store = SQLStorage(sys.argv[1])
store.check()
print(store.head("north", "R-1"))
store.close()
"""


def test_of_several_that_begin_at_once_one_makes_them(url, engine):
    assert at_once(CREATING, url) == ["None"] * 3
    with engine.connect() as connection:
        noted = connection.execute(text("SELECT version_num FROM caseflow_schema_version"))
        assert noted.scalars().all() == [schema.REVISION]


BEGINNINGS = {
    "check": lambda store: store.check(),
    "agencies": lambda store: store.agencies(),
    "find": lambda store: shop_book(store).find(),
    "case": lambda store: shop_book(store).case("R-1"),
    "open": lambda store: shop_book(store).open(client="c", by=ANA),
    "verify_all": lambda store: shop_book(store).verify_all(),
    "feed": lambda store: list(shop_book(store).feed()),
    "engine": lambda store: SQLStorage(create_engine(store.engine.url), create=False).agencies(),
}
"""What a program may begin with."""


@pytest.mark.parametrize("begin", BEGINNINGS)
def test_a_store_that_is_not_to_make_its_tables_makes_no_file_either(tmp_path, begin):
    file = tmp_path / "cases.db"
    store = SQLStorage(f"sqlite:///{file}", create=False)
    with pytest.raises(StoreError, match=f"there is no file '{file}'. Correct the path."):
        BEGINNINGS[begin](store)
    assert list(tmp_path.iterdir()) == []
    store.create()  # it is told to
    bring(shop_book(store), "quoting")
    store.close()


@pytest.mark.parametrize("given", [str, create_engine])
def test_a_file_is_found_wherever_the_program_goes(tmp_path, monkeypatch, given):
    SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}").close()
    monkeypatch.chdir(tmp_path)
    store = SQLStorage(given("sqlite:///cases.db"), create=False)
    known = store.database
    monkeypatch.chdir("/")
    store.check()
    assert (store.agencies(), store.database) == ([], known)
    store.engine.dispose()


# -- refused -----------------------------------------------------------------------------------


def test_an_empty_database_is_not_one_of_caseflow(url, engine):
    run(engine, "CREATE TABLE people (id int)")
    store = SQLStorage(url, create=False)
    with pytest.raises(SchemaMissing) as missing:
        store.check()
    assert missing.value.fields["store"] == engine.url.render_as_string()
    store.close()
    assert names(engine) == {"people"}


@pytest.mark.parametrize(
    ("version", "error"),
    [
        ("0001", SchemaOutdated),
        ("0002", SchemaOutdated),
        ("0777", SchemaNewer),
        ("x", SchemaNewer),
    ],
)
def test_tables_of_another_version_are_refused(url, engine, version, error):
    SQLStorage(url).close()
    run(engine, f"UPDATE caseflow_schema_version SET version_num = '{version}'")
    with pytest.raises(error) as refused:
        SQLStorage(url)
    assert isinstance(refused.value, StoreError)
    assert refused.value.fields["found"] == version
    assert refused.value.fields["wanted"] == schema.REVISION


def test_tables_that_are_incomplete_are_refused(url, engine):
    SQLStorage(url).close()
    for statement in (
        "DELETE FROM caseflow_schema_version",
        "DROP TABLE caseflow_feed",
        "ALTER TABLE caseflow_commands DROP COLUMN first",
    ):
        run(engine, statement)
    for use in (SQLStorage, migrate):
        with pytest.raises(SchemaIncomplete) as incomplete:
            use(url)
        assert incomplete.value.fields["missing"] == "'caseflow_commands.first' and 'caseflow_feed'"


def test_a_password_is_not_shown(postgres_server):
    with postgres_server.database() as url:
        engine = create_engine(url.replace("postgres@", "postgres:secret@"))
        with pytest.raises(SchemaMissing) as missing:
            schema.check(engine, tables())
        engine.dispose()
    assert "secret" not in str(missing.value)


# -- an application's own migrations -----------------------------------------------------------

ENV = """
from alembic import context

given = context.config.attributes
with given["engine"].connect() as connection:
    context.configure(
        connection=connection, target_metadata=given["metadata"], include_schemas=given["schemas"]
    )
    with context.begin_transaction():
        context.run_migrations()
"""
SCRIPT = '''
"""${message}"""

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}


def upgrade():
    ${upgrades if upgrades else "pass"}
'''


class Application:
    """A made-up application, which keeps its tables with an Alembic environment of its own."""

    def __init__(self, engine, folder, *, schema=None):
        self.metadata = MetaData(
            naming_convention={"ix": "ix_%(column_0_label)s", "pk": "pk_%(table_name)s"}
        )
        self.tables = tables(self.metadata, schema=schema)
        Table("people", self.metadata, Column("id", Integer, primary_key=True))
        (folder / "versions").mkdir(parents=True)
        (folder / "env.py").write_text(ENV)
        (folder / "script.py.mako").write_text(SCRIPT)
        self.config = Config()
        self.config.set_main_option("script_location", str(folder))
        self.config.set_main_option("path_separator", "os")
        self.config.attributes.update(
            engine=engine, metadata=self.metadata, schemas=schema is not None
        )

    def generate(self):
        """Generate the next migration, and run it; what it does."""
        script = command.revision(self.config, "next", autogenerate=True)
        command.upgrade(self.config, "head")
        return script.module.upgrade.__code__.co_names

    def check(self):
        """Raises where a migration would have something to do."""
        command.check(self.config)


def test_their_migrations_make_the_tables(engine, tmp_path):
    application = Application(engine, tmp_path / "alembic")
    assert "create_table" in application.generate()
    application.check()
    store = SQLStorage(engine, declared=application.tables)
    assert names(engine) >= {table.name for table in application.tables.every} | {"people"}
    with engine.connect() as connection:  # what they keep has their version, and not ours
        assert schema.stamped(connection, application.tables) is None
    store.check()
    bring(shop_book(store), "collected")
    assert migrate(engine) == ()
    application.check()


def test_tables_that_a_store_made_are_what_their_migrations_would_make(engine, tmp_path):
    application = Application(engine, tmp_path / "alembic")
    run(engine, "CREATE TABLE people (id INTEGER NOT NULL PRIMARY KEY)")
    bring(shop_book(SQLStorage(engine, declared=application.tables)), "collected")
    command.stamp(application.config, "head")
    application.check()
    assert "create_table" not in application.generate()


def test_a_difference_is_seen(engine, tmp_path):
    """The two tests above can fail: a column and an index that are not there are generated."""
    application = Application(engine, tmp_path / "alembic")
    application.generate()
    run(engine, "DROP INDEX caseflow_cases_by_client")
    run(engine, "ALTER TABLE caseflow_commands DROP COLUMN last")
    with pytest.raises(SchemaIncomplete):
        SQLStorage(engine, declared=application.tables)
    assert set(application.generate()) >= {"add_column", "create_index"}
    application.check()
    SQLStorage(engine, declared=application.tables).check()


def test_an_index_too_many_or_too_few_only_makes_it_slower(engine, tmp_path):
    application = Application(engine, tmp_path / "alembic")
    application.generate()
    columns = "agency, case_id, type, number"
    run(engine, f"CREATE INDEX caseflow_events_by_type ON caseflow_events ({columns})")
    run(engine, "DROP INDEX caseflow_cases_by_stage")
    store = SQLStorage(engine, declared=application.tables)
    store.check()
    case_id = bring(shop_book(store), "collected")
    assert [one.id for one in shop_book(store).find(stage="collected").cases] == [case_id]
    assert migrate(engine) == ()
    assert set(application.generate()) >= {"create_index", "drop_index"}
    application.check()


def test_their_migrations_keep_a_schema_of_its_own(postgres_url, tmp_path):
    engine = create_engine(postgres_url)
    run(engine, "CREATE SCHEMA casework")
    application = Application(engine, tmp_path / "alembic", schema="casework")
    application.generate()
    application.check()
    SQLStorage(engine, declared=application.tables).check()
    assert names(engine, "casework") == {table.name for table in application.tables.every}
    engine.dispose()


CALLS_OURS = """from caseflow.storage import migrate
    op.execute("CREATE TABLE people (id INTEGER NOT NULL PRIMARY KEY)")
    migrate(op.get_bind())
    op.execute("INSERT INTO people VALUES (7)")"""


def run_a_script_that_calls_ours(engine, tmp_path):
    application = Application(engine, tmp_path / "alembic")
    script = Path(command.revision(application.config, "ours").path)
    script.write_text(script.read_text().replace("    pass", f"    {CALLS_OURS}"))
    command.upgrade(application.config, "head")
    application.check()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM people")).scalars().all() == [7]
        assert schema.stamped(connection, application.tables) == schema.REVISION
    return SQLStorage(engine, declared=application.tables)


def test_their_script_calls_ours_where_there_is_nothing(engine, tmp_path):
    assert run_a_script_that_calls_ours(engine, tmp_path).agencies() == []


def test_their_script_calls_ours_where_there_are_older_tables(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'cases.db'}")
    with engine.connect() as connection:
        old = Path(__file__).with_name("schema_0001.sql").read_text(encoding="utf-8")
        connection.connection.driver_connection.executescript(old)
    assert run_a_script_that_calls_ours(engine, tmp_path).agencies() == ["north", "south"]
    engine.dispose()


# -- shipped -----------------------------------------------------------------------------------


def test_the_scripts_are_part_of_what_is_installed():
    folder = files("caseflow.storage.sql") / "migrations" / "versions"
    shipped = [one.name for one in folder.iterdir() if one.name.endswith(".py")]
    assert sorted(name[:5] for name in shipped) == [f"r{one}" for one in schema.REVISIONS]
