"""Events are no longer indexed by type: what is kept up with every event has to be worth it.

A case is loaded whole, and the few rules that read all events of a type find them among those
of the case, which stand together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.operations import Operations

revision = "0003"
down_revision = "0002"


def upgrade(op: Operations, schema: str | None) -> None:
    """Drop the index, unless an application's own migrations have dropped it before."""
    op.drop_index("caseflow_events_by_type", "caseflow_events", schema=schema, if_exists=True)
