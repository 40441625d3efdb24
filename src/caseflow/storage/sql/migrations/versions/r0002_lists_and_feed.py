"""Lists of cases, the feed, whose data a case holds, snapshots apart; and PostgreSQL.

The list is filled with what the events say by themselves. Whether a case has ended, and what
is due, only its workflow knows: `Casebook.reindex` sees to that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations

revision = "0002"
down_revision = "0001"

EVENTS = (
    "agency case_id number# type type_version# occurred_at recorded_at actor roles on_behalf_of?"
    " reported_by? reason_code? reason? transition? stage? noted command_id? fingerprint?"
    " workflow workflow_version subject payload previous_hash hash"
)
MOMENT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DUE = sa.text("due_at IS NOT NULL")


def upgrade(op: Operations, schema: str | None) -> None:
    """Make what is new, move what was there, and fill what can be filled from the events."""
    bind = op.get_bind()
    metadata = declared(schema)
    if bind.dialect.name != "sqlite":  # there was nothing before
        metadata.create_all(bind)
        return
    op.rename_table("caseflow_cases", "caseflow_cases_before", schema=schema)
    metadata.create_all(bind)  # events and commands stay as they are
    before = sa.Table("caseflow_cases_before", sa.MetaData(schema=schema))
    everywhere = [*metadata.tables.values(), before]
    quoted = bind.dialect.identifier_preparer.format_table
    names = {table.name.removeprefix("caseflow_"): quoted(table) for table in everywhere}
    for statement in (CASES, SNAPSHOTS, SUBJECTS, FEED):
        op.execute(sa.text(statement.format_map(names)))
    op.drop_table("caseflow_cases_before", schema=schema)


# The stage of a position is what stands before its substage and before the hold. The position
# is where the last move led that was not voided.
CASES = """
INSERT INTO {cases} (
    agency, case_id, opened, version, hash,
    client, workflow, workflow_version, position, stage, ended, due_at
)
WITH voided AS (
    SELECT agency, case_id, json_extract(payload, '$.number') AS number
    FROM {events} WHERE type = 'voided' AND json_valid(payload)
), placed AS (
    SELECT agency, case_id, coalesce((
        SELECT moved.stage FROM {events} AS moved
        WHERE moved.agency = c.agency AND moved.case_id = c.case_id AND moved.stage IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM voided WHERE voided.agency = moved.agency
            AND voided.case_id = moved.case_id AND voided.number = moved.number
        )
        ORDER BY moved.number DESC LIMIT 1
    ), '') AS position
    FROM {cases_before} AS c
), staged AS (
    SELECT *, CASE WHEN substr(position, -5) = '\\:hold'
        THEN substr(position, 1, length(position) - 5) ELSE position END AS held
    FROM placed
)
SELECT
    c.agency, c.case_id, row_number() OVER (PARTITION BY c.agency ORDER BY c.opened),
    c.version, c.hash,
    coalesce(e.subject, ''), coalesce(e.workflow, ''), coalesce(e.workflow_version, ''),
    staged.position, substr(held, 1, instr(held || '.', '.') - 1), 0, NULL
FROM {cases_before} AS c
LEFT JOIN {events} AS e ON e.agency = c.agency AND e.case_id = c.case_id AND e.number = 1
JOIN staged ON staged.agency = c.agency AND staged.case_id = c.case_id
"""

SNAPSHOTS = """
INSERT INTO {snapshots} (agency, case_id, version, text)
SELECT agency, case_id, snapshot_version, snapshot FROM {cases_before} WHERE snapshot IS NOT NULL
"""

SUBJECTS = """
INSERT INTO {subjects} (agency, subject, case_id)
SELECT DISTINCT agency, subject, case_id FROM {events}
"""

# As they were written down; a case's own always by number, whatever the clock did.
FEED = """
INSERT INTO {feed} (agency, position, case_id, number)
SELECT agency, row_number() OVER (PARTITION BY agency ORDER BY moment, opened, number),
    case_id, number
FROM (
    SELECT e.agency, e.case_id, e.number, c.opened, max(e.recorded_at) OVER (
        PARTITION BY e.agency, e.case_id ORDER BY e.number
    ) AS moment
    FROM {events} AS e
    LEFT JOIN {cases_before} AS c ON c.agency = e.agency AND c.case_id = e.case_id
)
"""


def declared(schema: str | None) -> sa.MetaData:
    """The tables as this version has them."""
    metadata = sa.MetaData(schema=schema)

    def table(name: str, columns: str, key: str, *more: Any) -> None:
        parts = [column(text) for text in columns.split()]
        primary = sa.PrimaryKeyConstraint(*key.split())
        sa.Table(f"caseflow_{name}", metadata, *parts, primary, *more, sqlite_with_rowid=False)

    def index(name: str, columns: str, **only: Any) -> sa.Index:
        return sa.Index(f"caseflow_{name}", *columns.split(), **only)

    table(
        "cases",
        "agency case_id opened+ version# hash client workflow workflow_version position stage",
        "agency case_id",
        sa.Column("ended", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("due_at", MOMENT),
        index("cases_by_opening", "agency opened"),
        index("cases_by_stage", "agency workflow stage opened"),
        index("cases_by_version", "agency workflow workflow_version opened"),
        index("cases_by_client", "agency client opened"),
        index("cases_by_due", "agency due_at opened", sqlite_where=DUE, postgresql_where=DUE),
    )
    by_type = index("events_by_type", "agency case_id type number")
    table("events", EVENTS, "agency case_id number", by_type)
    table("commands", "agency command_id case_id first# last#", "agency command_id")
    table("snapshots", "agency case_id version# text", "agency case_id")
    by_case = index("keys_by_case", "agency case_id")
    columns, key = "agency name value opened# case_id", "agency name value opened case_id"
    table("keys", columns, key, by_case)
    table("subjects", "agency subject case_id", "agency subject case_id")
    table("tokens", "agency name value token#", "agency name value")
    table("feed", "agency position# case_id number#", "agency position")
    table("pending", "agency id+ case_id first# last#", "agency id")
    table("consumers", "agency consumer position#", "agency consumer")
    return metadata


def column(text: str) -> sa.Column[Any]:
    """A text; with `#` a whole number, with `+` one that counts, with `?` one that may lack."""
    name = text.rstrip("#+?")
    if text.endswith("+"):
        return sa.Column(name, LONG, sa.Identity(), nullable=False)
    if text.endswith("#"):
        return sa.Column(name, LONG, nullable=False)
    return sa.Column(name, sa.Text, nullable=text.endswith("?"))
