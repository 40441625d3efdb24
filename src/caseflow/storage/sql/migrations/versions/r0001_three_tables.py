"""The first schema, on SQLite only: cases with their snapshots, events and commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations

revision = "0001"
down_revision = None

EVENTS = (
    "agency case_id number# type type_version# occurred_at recorded_at actor roles on_behalf_of?"
    " reported_by? reason_code? reason? transition? stage? noted command_id? fingerprint?"
    " workflow workflow_version subject payload previous_hash hash"
)


def upgrade(op: Operations, schema: str | None) -> None:
    """Make the tables as they were made before they had a version."""
    if op.get_bind().dialect.name != "sqlite":
        return

    def table(name: str, columns: str, *more: Any, **how: Any) -> None:
        parts = [column(text) for text in columns.split()]
        op.create_table(f"caseflow_{name}", *parts, *more, schema=schema, **how)

    table(
        "cases",
        "opened# agency case_id version# hash snapshot_version# snapshot?",
        sa.PrimaryKeyConstraint("opened"),
        sa.UniqueConstraint("agency", "case_id"),
    )
    key = sa.PrimaryKeyConstraint("agency", "case_id", "number")
    table("events", EVENTS, key, sqlite_with_rowid=False)
    by_type = ["agency", "case_id", "type", "number"]
    op.create_index("caseflow_events_by_type", "caseflow_events", by_type, schema=schema)
    key = sa.PrimaryKeyConstraint("agency", "command_id")
    columns = "agency command_id case_id first# last#"
    table("commands", columns, key, sqlite_with_rowid=False)


def column(text: str) -> sa.Column[Any]:
    """A text; with `#` a whole number, with `?` one that may lack."""
    kind = sa.Integer if text.endswith("#") else sa.Text
    return sa.Column(text.rstrip("#?"), kind, nullable=text.endswith("?"))
