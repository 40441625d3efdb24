"""The tables of the SQL store, on a MetaData of the caller's or on one of their own.

The key of every table begins with the agency. The text of events stands as it was hashed;
what the list of cases says is derived from it, and so are snapshots and the feed's positions.
"""

from __future__ import annotations

from typing import Any

import attrs
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from caseflow.kernel.errors import InvalidCall, short
from caseflow.kernel.stored import StoredEvent
from caseflow.kernel.values import storable

PREFIX = "caseflow_"
"""What the name of every table begins with."""

_INTEGERS = {"number", "type_version"}
_OPTIONAL = {
    "on_behalf_of",
    "reported_by",
    "reason_code",
    "reason",
    "transition",
    "stage",
    "command_id",
    "fingerprint",
}

# Moments are text that sorts as it passes, in any database, if it is compared byte by byte.
_MOMENT = Text().with_variant(Text(collation="C"), "postgresql")
_LONG = BigInteger().with_variant(Integer(), "sqlite")


@attrs.frozen(kw_only=True, eq=False)
class Tables:
    """The tables, and the MetaData on which they hang."""

    metadata: MetaData
    schema: str | None
    cases: Table
    """A row a case: where it stands, and what the list says of it."""
    events: Table
    commands: Table
    snapshots: Table
    keys: Table
    """The names and values under which indexes hold cases."""
    subjects: Table
    """Whose data each case holds."""
    tokens: Table
    """Per index and value, a number that goes up when other cases come under it."""
    feed: Table
    pending: Table
    """Units that are committed and have no positions in the feed yet (SQLite leaves it empty)."""
    consumers: Table
    versions: Table
    """The version of all of them, as Alembic keeps one. Empty where an application keeps them."""

    @property
    def every(self) -> list[Table]:
        """All of them: the same on every database, so that migrations see no difference."""
        fields = [getattr(self, field.name) for field in attrs.fields(Tables)]
        return [one for one in fields if isinstance(one, Table)]


LONGEST_NAME = 63
"""How long a name may be, in bytes: PostgreSQL cuts longer ones off."""


def tables(metadata: MetaData | None = None, *, schema: str | None = None) -> Tables:
    """Declare the tables on a MetaData (None: a new one), in a schema.

    `schema` None is that of the MetaData, if it has one, and else the default one.

    With them on the MetaData of your application, they are made and migrated as yours are.
    Raises `InvalidCall` for what is no MetaData, or no name of a schema.
    """
    _declarable(metadata, schema)
    metadata = MetaData() if metadata is None else metadata
    schema = metadata.schema if schema is None else schema

    def table(name: str, *parts: Column[Any] | PrimaryKeyConstraint | Index) -> Table:
        return Table(f"{PREFIX}{name}", metadata, *parts, schema=schema, sqlite_with_rowid=False)

    def agency() -> Column[str]:
        return Column("agency", Text, nullable=False)

    def of_text(name: str, *, optional: bool = False) -> Column[str]:
        return Column(name, Text, nullable=optional)

    def whole(name: str) -> Column[int]:
        return Column(name, _LONG, nullable=False)

    return Tables(
        metadata=metadata,
        schema=schema,
        cases=table(
            "cases",
            agency(),
            of_text("case_id"),
            # SQLite counts it in each agency, PostgreSQL in the whole table.
            Column("opened", _LONG, Identity(), nullable=False),
            whole("version"),
            of_text("hash"),
            of_text("client"),
            of_text("workflow"),
            of_text("workflow_version"),
            of_text("position"),
            of_text("stage"),
            Column("ended", Boolean(create_constraint=False), nullable=False),
            Column("due_at", _MOMENT),
            PrimaryKeyConstraint("agency", "case_id"),
            Index(f"{PREFIX}cases_by_opening", "agency", "opened"),
            Index(f"{PREFIX}cases_by_stage", "agency", "workflow", "stage", "opened"),
            Index(f"{PREFIX}cases_by_version", "agency", "workflow", "workflow_version", "opened"),
            Index(f"{PREFIX}cases_by_client", "agency", "client", "opened"),
            Index(
                f"{PREFIX}cases_by_due",
                "agency",
                "due_at",
                "opened",
                sqlite_where=text("due_at IS NOT NULL"),
                postgresql_where=text("due_at IS NOT NULL"),
            ),
        ),
        events=table(
            "events",
            *(
                Column(name, _LONG if name in _INTEGERS else Text, nullable=name in _OPTIONAL)
                for name in StoredEvent._fields
            ),
            PrimaryKeyConstraint("agency", "case_id", "number"),
        ),
        commands=table(
            "commands",
            agency(),
            of_text("command_id"),
            of_text("case_id"),
            whole("first"),
            whole("last"),
            PrimaryKeyConstraint("agency", "command_id"),
        ),
        snapshots=table(
            "snapshots",
            agency(),
            of_text("case_id"),
            whole("version"),
            of_text("text"),
            PrimaryKeyConstraint("agency", "case_id"),
        ),
        keys=table(
            "keys",
            agency(),
            of_text("name"),
            of_text("value"),
            whole("opened"),
            of_text("case_id"),
            PrimaryKeyConstraint("agency", "name", "value", "opened", "case_id"),
            Index(f"{PREFIX}keys_by_case", "agency", "case_id"),
        ),
        subjects=table(
            "subjects",
            agency(),
            of_text("subject"),
            of_text("case_id"),
            PrimaryKeyConstraint("agency", "subject", "case_id"),
        ),
        tokens=table(
            "tokens",
            agency(),
            of_text("name"),
            of_text("value"),
            whole("token"),
            PrimaryKeyConstraint("agency", "name", "value"),
        ),
        feed=table(
            "feed",
            agency(),
            whole("position"),
            of_text("case_id"),
            whole("number"),
            PrimaryKeyConstraint("agency", "position"),
        ),
        pending=table(
            "pending",
            agency(),
            Column("id", _LONG, Identity(), nullable=False),
            of_text("case_id"),
            whole("first"),
            whole("last"),
            PrimaryKeyConstraint("agency", "id"),
        ),
        consumers=table(
            "consumers",
            agency(),
            of_text("consumer"),
            whole("position"),
            Column("token", _LONG, nullable=False, server_default=text("0")),
            Column("workflow", Text, nullable=False, server_default=text("''")),
            PrimaryKeyConstraint("agency", "consumer"),
        ),
        versions=table(
            "schema_version",
            Column("version_num", String(32), nullable=False),
            PrimaryKeyConstraint("version_num"),
        ),
    )


def _declarable(metadata: object, schema: object) -> None:
    if metadata is not None and not isinstance(metadata, MetaData):
        raise InvalidCall(
            what=f"tables({short(metadata)})",
            problem="is given no MetaData",
            repair="Give the MetaData of your application, or leave it out.",
        )
    if schema is None:
        return
    named = isinstance(schema, str) and schema != "" and storable(schema)
    if not named or len(str(schema).encode()) > LONGEST_NAME:
        raise InvalidCall(
            what=f"schema={short(schema)}",
            problem="is no name that a schema can have",
            repair=f"Give a text of 1 to {LONGEST_NAME} bytes, without NUL and lone surrogates.",
        )
