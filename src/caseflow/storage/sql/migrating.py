"""Bringing the tables of an older version up to the present one.

Alembic finds the scripts and gives them its operations. Its environment is not used: it is one
for the whole process, and an application may be running migrations of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine

from caseflow.kernel.errors import InvalidCall
from caseflow.storage.sql import failures, schema
from caseflow.storage.sql.borrowing import exclusively
from caseflow.storage.sql.given import a_url, made_by, see_its_file
from caseflow.storage.sql.tables import Tables, tables

if TYPE_CHECKING:
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

SCRIPTS = Path(__file__).parent / "migrations"
ACTION = "migrate its tables"


def migrate(
    database: str | URL | Engine | Connection, *, schema: str | None = None
) -> tuple[str, ...]:
    """Bring the tables of a database up to this version of caseflow, all the way or not at all.

    `database` is a SQLAlchemy URL or an engine; with a connection it is done in its
    transaction, which the caller commits. `schema` is where the tables are, if not in the
    default one. Tables are made in a database that has none; a SQLite file that is not there
    is not made (`SQLStorage` makes it). Make a backup first: there is no way back. Needs
    Alembic (`caseflow-engine[migrations]`) where there is something to migrate.

    Returns the versions that were gone through, none if there was nothing to do. Raises
    `SchemaNewer` and `SchemaIncomplete` for tables that it cannot migrate, and `StoreError`
    where the database fails or its file is not there; nothing is changed then.
    """
    declared = tables(schema=schema)
    if isinstance(database, Connection):
        return _migrate(database, declared)
    if isinstance(database, Engine):
        see_its_file(database, ACTION)
        return _migrate(database, declared)
    engine = made_by(create_engine, a_url(database, shown="migrate"))
    try:
        see_its_file(engine, ACTION)
        return _migrate(engine, declared)
    finally:
        engine.dispose()


def _migrate(bind: Engine | Connection, declared: Tables) -> tuple[str, ...]:
    kinds: tuple[type[Exception], ...] = (bind.dialect.dbapi.Error,)  # type: ignore[union-attr]  # an engine has one
    with failures.told(schema.shown(bind), ACTION, kinds):
        if schema.revision(bind, declared) == schema.REVISION:
            return ()
        with exclusively(bind, lock=schema.LOCK) as connection:
            found = schema.revision(connection, declared)
            if found is None:
                schema.make(connection, declared)
                return (schema.REVISION,)
            if found not in schema.REVISIONS:
                raise schema.unfit(found, bind)
            return upgrade(connection, declared, found)


def upgrade(connection: Connection, declared: Tables, found: str | None) -> tuple[str, ...]:
    """Run the scripts after a version (None: all), in the transaction of a connection."""
    scripts, operations = _alembic(connection)
    newest_first = scripts.iterate_revisions(schema.REVISION, found or "base")
    gone_through = []
    for script in reversed([*newest_first]):
        script.module.upgrade(operations, declared.schema)
        gone_through.append(script.revision)
    schema.stamp(connection, declared, schema.REVISION)
    return tuple(gone_through)


def _alembic(connection: Connection) -> tuple[ScriptDirectory, Operations]:
    try:
        from alembic.operations import Operations
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory
    except ImportError as missing:
        raise InvalidCall(
            what="migrate()",
            problem=f"needs Alembic, which cannot be imported ({missing})",
            repair="Install it with: pip install 'caseflow-engine[migrations]'.",
        ) from missing
    return ScriptDirectory(str(SCRIPTS)), Operations(MigrationContext.configure(connection))
