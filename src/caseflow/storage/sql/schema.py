"""Making the tables, telling which version they are of, and refusing those that do not fit.

The version stands in a table of its own, as Alembic keeps it. Tables without a version are
those of the first schema, which kept none, or are kept by an application's own migrations:
then it is looked whether every table and column is there. Indexes are not looked at: they
change how long an answer takes, and never what it is.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.engine import Inspector
from sqlalchemy.schema import CreateSchema

from caseflow.kernel.errors import listed
from caseflow.kernel.store_errors import (
    SchemaIncomplete,
    SchemaMissing,
    SchemaNewer,
    SchemaOutdated,
    StoreError,
)
from caseflow.storage.sql.borrowing import exclusively
from caseflow.storage.sql.tables import Tables

REVISIONS = ("0001", "0002", "0003", "0004")
"""The versions of the schema, oldest first. The scripts between them are in `migrations`."""
REVISION = REVISIONS[-1]
LOCK = 0x0CA5EF105C4E
"""What programs on PostgreSQL wait for that would make or migrate tables at the same time."""


def create(bind: Engine | Connection, tables: Tables) -> None:
    """Make the tables where there are none, all of them or none; otherwise as `check`.

    With a connection that is done in its transaction, which the caller commits. A schema of
    PostgreSQL is made where it is missing. Raises what `check` raises, besides `SchemaMissing`.
    """
    if revision(bind, tables) is None:
        with exclusively(bind, lock=LOCK) as connection:
            if revision(connection, tables) is None:  # nobody else made them meanwhile
                make(connection, tables)
                return
    check(bind, tables)


def check(bind: Engine | Connection, tables: Tables) -> None:
    """See that the tables are those that this version of caseflow works with.

    Raises `SchemaMissing` where there are none, `SchemaOutdated` and `SchemaNewer` where they
    are of another version, and `SchemaIncomplete` where they are of none.
    """
    found = revision(bind, tables)
    if found != REVISION:
        raise unfit(found, bind)


def revision(bind: Engine | Connection, tables: Tables) -> str | None:
    """The version of the tables in a database, or None where there are none.

    Raises `SchemaIncomplete` where some of them are missing.
    """
    if isinstance(bind, Engine):
        with bind.connect() as connection:
            return revision(connection, tables)
    return stamped(bind, tables) or _unstamped(bind, tables)


def stamped(connection: Connection, tables: Tables) -> str | None:
    """The version as it was noted, if it was."""
    versions = tables.versions
    if not inspect(connection).has_table(versions.name, schema=tables.schema):
        return None
    newest: str | None = connection.scalar(
        select(versions.c.version_num).order_by(versions.c.version_num.desc())
    )
    return newest


def _unstamped(connection: Connection, tables: Tables) -> str | None:
    """The version of tables that do not say it: by what is there."""
    found = _columns(inspect(connection), tables)
    cases = tables.cases.name
    if not found.keys() - {tables.versions.name}:
        return None
    if "snapshot_version" in found.get(cases, ()):
        return REVISIONS[0]
    wanted = {table.name: {column.name for column in table.columns} for table in tables.every}
    missing = [name for name in wanted if name not in found]
    missing += [
        f"{name}.{column}"
        for name in wanted.keys() & found.keys()
        for column in wanted[name] - found[name]
    ]
    if missing:
        raise SchemaIncomplete(store=shown(connection), missing=listed(sorted(missing)))
    return REVISION


def _columns(inspector: Inspector, tables: Tables) -> dict[str, set[str]]:
    """The columns of those of the tables that are there."""
    there = set(inspector.get_table_names(schema=tables.schema))
    return {
        table.name: {one["name"] for one in inspector.get_columns(table.name, tables.schema)}
        for table in tables.every
        if table.name in there
    }


def make(connection: Connection, tables: Tables) -> None:
    """Make all tables, in the transaction of a connection, and note their version."""
    _make_schema(connection, tables.schema)
    tables.metadata.create_all(connection, tables=tables.every)
    stamp(connection, tables, REVISION)


def _make_schema(connection: Connection, schema: str | None) -> None:
    if schema is None or connection.dialect.name != "postgresql":
        return
    if not inspect(connection).has_schema(schema):
        connection.execute(CreateSchema(schema))


def stamp(connection: Connection, tables: Tables, revision: str) -> None:
    """Note the version of the tables, in the transaction of a connection."""
    tables.versions.create(connection, checkfirst=True)
    connection.execute(tables.versions.delete())
    connection.execute(tables.versions.insert().values(version_num=revision))


def unfit(found: str | None, bind: Engine | Connection) -> StoreError:
    """The error of tables that are of another version than is wanted."""
    store = shown(bind)
    if found is None:
        return SchemaMissing(store=store)
    if found in REVISIONS:
        return SchemaOutdated(store=store, found=found, wanted=REVISION)
    return SchemaNewer(store=store, found=found, wanted=REVISION)


def shown(bind: Engine | Connection) -> str:
    """A database as an error names it: by its URL, without the password."""
    return bind.engine.url.render_as_string(hide_password=True)
