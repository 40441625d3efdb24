"""A checkpoint has a token, which each move changes: moved on and back again, it is another one.

And it says of which workflow it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations

revision = "0004"
down_revision = "0003"


def upgrade(op: Operations, schema: str | None) -> None:
    """Add both: those that stand somewhere have not been moved yet, and get a workflow then."""
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    token = sa.Column("token", long, nullable=False, server_default=sa.text("0"))
    workflow = sa.Column("workflow", sa.Text(), nullable=False, server_default=sa.text("''"))
    for column in (token, workflow):
        op.add_column("caseflow_consumers", column, schema=schema)
