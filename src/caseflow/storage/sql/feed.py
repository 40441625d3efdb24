"""The feed: every committed event once, at a position that never changes.

SQLite has one writer at a time, which gives positions as it appends: they become visible in
the order in which they were given. On PostgreSQL a transaction may commit long after another
that began later, and whoever read "everything after position n" would miss its events for
ever. So an append only puts its unit into `pending`; whoever reads the feed first moves what
is committed there to the end of the feed, one reader at a time. A case's events come in order:
the second unit waits for the first to commit, and takes its place in `pending` after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from secrets import randbelow
from typing import Any
from zlib import crc32

from sqlalchemy.exc import SQLAlchemyError

from caseflow.kernel.errors import short
from caseflow.kernel.stored import StoredEvent
from caseflow.storage.port import Checkpoint, Consumers, FeedEntry
from caseflow.storage.sql import statements as sql
from caseflow.storage.sql.odd import readable
from caseflow.storage.sql.statements import Scope, Statements
from caseflow.storage.sql.writing import all_or_nothing

LOCK = 0x0CA5EF10
"""The first of the two numbers of the advisory lock; the second is the agency's."""
LAST = 2**63 - 1
"""No position is after this one."""
UNITS_AT_ONCE = 500
"""How many units are given positions in one transaction."""
A_MOMENT = "SELECT pg_sleep(0.02)"
PATIENCE = 10
"""For how many moments a reader waits for another one that gives positions."""


def sequence(connection: Any, prepared: Statements, agency: str) -> None:
    """Give positions to what is committed and has none (PostgreSQL).

    Where another reader is at it, it is waited for a moment: whoever sleeps until the next
    append would else not see this one. Not for longer: a transaction of the application's may
    keep everybody from it. Without anything waiting it costs one look at an empty table.

    Another program may have put there what gets no position, and as many of that as are looked
    at at once. Then more are, always from the first on: what was committed since may have its
    place before what is after it, and come before it in its case.
    """
    past, at_once, patience = 0, UNITS_AT_ONCE, PATIENCE
    while is_waiting(connection, prepared, agency, past=past):
        with all_or_nothing(connection, prepared.own):
            lock = LOCK, _as_number(agency)
            (locked,) = connection.execute(prepared(sql.TRY_LOCK), lock).fetchone()
            given = (*[agency] * 3, at_once, *[agency] * 5)
            moved = locked and connection.execute(prepared(sql.SEQUENCE), given).rowcount
        if not locked:
            if not patience:
                return
            patience -= 1
            connection.execute(A_MOMENT)
        elif not moved:
            past, at_once = at_once, 2 * at_once


def hold(connection: Any, prepared: Statements, agency: str) -> None:
    """Let nobody give positions until this transaction ends (PostgreSQL)."""
    connection.execute(prepared(sql.LOCK), (LOCK, _as_number(agency)))


def append(
    connection: Any, prepared: Statements, agency: str, events: Iterable[tuple[str, int]]
) -> None:
    """Put events, each a case and a number, at the end. On PostgreSQL, `hold` it before."""
    (last,) = connection.execute(prepared(sql.LAST_POSITION), (agency,)).fetchone()
    rows = [(agency, position, *one) for position, one in enumerate(events, last + 1)]
    if rows:
        connection.cursor().executemany(prepared(sql.INSERT_POSITION), rows)


def is_waiting(connection: Any, prepared: Statements, agency: str, *, past: int = 0) -> bool:
    """Whether more than so many that are seen here wait for positions (PostgreSQL)."""
    return connection.execute(prepared(sql.WAITING), (agency, past)).fetchone() is not None


def _as_number(agency: str) -> int:
    """An agency as the number of a lock. Two that share one wait for each other, no more."""
    return crc32(agency.encode()) - 2**31


def read(
    connection: Any, prepared: Statements, agency: str, after: int, limit: int
) -> Sequence[FeedEntry]:
    """Events that have positions, after one. Where nothing stands any more, it looks further.

    Each statement sees what is committed by then, so that what the first did not find is looked
    for again, all of it, and never from where the first ended.
    """
    statement = sql.FEED_POSTGRES if prepared.postgres else sql.FEED
    while True:
        last = min(after + limit, LAST)
        page = sql.between(prepared(statement), after, last)
        rows = connection.execute(page, (agency,)).fetchall()
        if rows:
            return [FeedEntry(row[0], StoredEvent._make(row[1:])) for row in rows]
        (end,) = connection.execute(prepared(sql.LAST_POSITION), (agency,)).fetchone()
        if end <= last:
            return []
        given = agency, after, end
        (upcoming,) = connection.execute(prepared(sql.NEXT_SHOWN), given).fetchone()
        if upcoming is None:
            return []
        after = upcoming - 1


def checkpoint(connection: Any, prepared: Statements, agency: str, consumer: str) -> Checkpoint:
    """Where a consumer stands."""
    row = connection.execute(prepared(sql.CHECKPOINT), (agency, consumer)).fetchone()
    found = Checkpoint(*row) if row else Checkpoint()
    if type(found.position) is not int:  # SQLite keeps any value in any column
        told = f"that of {consumer!r} is at {short(found.position)}, which is no position"
        raise SQLAlchemyError(told)
    return found


def consumers(connection: Any, prepared: Statements, agency: str) -> Consumers:
    """The checkpoints of all consumers, and where the feed ends: read last, and so never before."""
    rows = connection.execute(prepared(sql.CONSUMERS), (agency,)).fetchall()
    (end,) = connection.execute(prepared(sql.LAST_POSITION), (agency,)).fetchone()
    return Consumers(end, {readable(name): Checkpoint(*found) for name, *found in rows})


def advance(
    connection: Any,
    prepared: Statements,
    scope: Scope,
    agency: str,
    consumer: str,
    *,
    expected: Checkpoint,
    position: int,
    workflow: str,
) -> bool:
    """Move a checkpoint, where it is as expected.

    The token is drawn, not counted: a count would begin again with one who was deleted.
    """
    with all_or_nothing(connection, scope):
        if expected == Checkpoint():
            begun = (agency, consumer, *expected)
            connection.execute(prepared(sql.BEGIN_CONSUMER), begun)
        given = (position, randbelow(sql.HIGHEST), workflow, agency, consumer, *expected[:2])
        moved: int = connection.execute(prepared(sql.ADVANCE_CONSUMER), given).rowcount
    return moved == 1
