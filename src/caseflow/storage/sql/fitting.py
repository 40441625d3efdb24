"""What does not fit: rows of one table that rows of another speak against, or that hang on nothing.

Each statement looks at one moment of the database, so that no writer is taken for a fault.
Feed and events are joined, and not looked up row by row: the feed has no index by case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from caseflow.storage.port import Loose
from caseflow.storage.sql.odd import odd_rows
from caseflow.storage.sql.statements import LAST_POSITION, Statements

_NO_CASE = (
    "NOT EXISTS (SELECT 1 FROM {cases} AS c WHERE c.agency = it.agency AND c.case_id = it.case_id)"
)
_NO_PLACE = _NO_CASE[:-1] + " AND c.opened = it.opened)"
NO_EVENT = (
    "NOT EXISTS (SELECT 1 FROM {events} AS e WHERE e.agency = it.agency AND e.case_id = it.case_id"
)
BLANK = "it.case_id = '' AND it.number = 0"
"""A row of the feed at which nothing stands any more, nor between it and the one before it."""
GAP = (
    " FROM {feed} AS it WHERE it.agency = ? AND it.position <> 1"
    f" AND NOT ({BLANK}) AND NOT EXISTS (SELECT 1 FROM {{feed}} AS f"
    " WHERE f.agency = it.agency AND f.position = it.position - 1)"
)
_NOBODY_OF_IT = f"{NO_EVENT} AND e.subject = it.subject)"
_UNHELD = (
    " FROM {events} AS it WHERE it.agency = ? AND NOT EXISTS (SELECT 1 FROM {subjects} AS s"
    " WHERE s.agency = it.agency AND s.subject = it.subject AND s.case_id = it.case_id)"
)

UNFED = (
    " FROM {events} AS it LEFT JOIN (SELECT DISTINCT agency, case_id, number FROM {feed}) AS f"
    " ON f.agency = it.agency AND f.case_id = it.case_id AND f.number = it.number"
    " WHERE it.agency = ? AND f.number IS NULL AND NOT EXISTS (SELECT 1 FROM {pending} AS p"
    " WHERE p.agency = it.agency AND p.case_id = it.case_id"
    " AND it.number BETWEEN p.first AND p.last)"
)
"""The events that the feed lacks, and that do not wait for a place either.

SQLite joins the feed as it is by its agency alone, and reads all of it for each event.
"""

UNTIDY = (
    " FROM (SELECT it.case_id, it.position, it.number,"
    " coalesce(lag(it.number) OVER (PARTITION BY it.case_id ORDER BY it.position), 0) AS before"
    f" FROM {{feed}} AS it WHERE it.agency = ? AND NOT ({BLANK}){{only}}) AS it"
    " WHERE it.number <> it.before + 1"
)
"""What the feed shows of a case a second time, or not after the event before it."""

IN_VAIN = (
    f"(it.first > it.last OR {NO_EVENT} AND e.number = it.first)"
    f" OR {NO_EVENT} AND e.number = it.last))"
)
"""Of what waits for a place in the feed, what are no events."""

LOOSE = {
    "history": "SELECT it.case_id, '', max(it.number) FROM {events} AS it"
    f" WHERE it.agency = ? AND {_NO_CASE} GROUP BY it.case_id",
    "command": "SELECT it.case_id, it.command_id, it.first FROM {commands} AS it"
    f" WHERE it.agency = ? AND {NO_EVENT} AND e.number = it.first"
    " AND e.command_id = it.command_id)",
    "subject": "SELECT it.case_id, it.subject, 0 FROM {subjects} AS it"
    f" WHERE it.agency = ? AND {_NOBODY_OF_IT}",
    "unheld": f"SELECT DISTINCT it.case_id, it.subject, 0{_UNHELD}",
    "key": f"SELECT it.case_id, it.name, 0 FROM {{keys}} AS it WHERE it.agency = ? AND {_NO_PLACE}",
    "snapshot": "SELECT it.case_id, '', it.version FROM {snapshots} AS it"
    f" WHERE it.agency = ? AND {_NO_CASE}",
    "place": "SELECT max(it.case_id), min(it.case_id), it.opened FROM {cases} AS it"
    " WHERE it.agency = ? GROUP BY it.opened HAVING count(*) > 1",
    "fed": "SELECT it.case_id, '', it.position FROM {feed} AS it"
    f" WHERE it.agency = ? AND NOT ({BLANK}) AND {NO_EVENT} AND e.number = it.number)",
    "gap": f"SELECT it.case_id, '', it.position{GAP}",
    "unfed": f"SELECT it.case_id, '', min(it.number){UNFED} GROUP BY it.case_id",
    "order": f"SELECT it.case_id, '', min(it.position){UNTIDY.replace('{only}', '')}"
    " GROUP BY it.case_id",
    "waiting": "SELECT it.case_id, '', it.id FROM {pending} AS it WHERE it.agency = ?"
    f" AND {IN_VAIN}",
    "again": "SELECT DISTINCT it.case_id, '', it.id FROM {pending} AS it JOIN {feed} AS f"
    " ON f.agency = it.agency AND f.case_id = it.case_id"
    " AND f.number BETWEEN it.first AND it.last WHERE it.agency = ?"
    f" AND NOT {NO_EVENT} AND e.number = it.first) AND NOT {NO_EVENT} AND e.number = it.last)",
    "consumer": "SELECT '', it.consumer, it.position FROM {consumers} AS it WHERE it.agency = ?"
    f" AND (it.position < 0 OR it.position > ({LAST_POSITION.replace('?', 'it.agency')}))",
}
"""Per kind, the statement that finds it: the case, a name, and a number."""

MEND = (
    f"DELETE FROM {{subjects}} AS it WHERE it.agency = ? AND {_NOBODY_OF_IT}",
    f"DELETE FROM {{keys}} AS it WHERE it.agency = ? AND {_NO_PLACE}",
    f"DELETE FROM {{snapshots}} AS it WHERE it.agency = ? AND {_NO_CASE}",
    "INSERT INTO {subjects} (agency, subject, case_id)"
    f" SELECT DISTINCT it.agency, it.subject, it.case_id{_UNHELD} ON CONFLICT DO NOTHING",
)
"""What puts right what is derived, and nothing else."""


def loose_ends(connection: Any, prepared: Statements, agency: str) -> Sequence[Loose]:
    """All that does not fit."""
    found = [
        Loose(kind, *row)
        for kind, statement in LOOSE.items()
        for row in connection.execute(prepared(statement), (agency,)).fetchall()
    ]
    return found if prepared.postgres else [*found, *odd_rows(connection, prepared, agency)]


def mend(connection: Any, prepared: Statements, agency: str) -> None:
    """Drop rows that hang on nothing, and list cases by the subjects they hold data of."""
    for statement in MEND:
        connection.execute(prepared(statement), (agency,))
