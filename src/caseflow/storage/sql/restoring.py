"""Writing whole histories at once, as quickly as the driver takes rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any

import orjson

from caseflow.kernel.errors import CaseExists, CommandReused
from caseflow.kernel.stored import StoredEvent
from caseflow.storage.port import Head, History
from caseflow.storage.sql import feed, placing
from caseflow.storage.sql import statements as sql
from caseflow.storage.sql.statements import Statements
from caseflow.storage.sql.writing import bump, keys_of, listed, rekey

HISTORIES_AT_ONCE = 200
MANY = 1_000
"""After so many events PostgreSQL is told at once what the tables are like now.

By itself it looks in a minute or so, and until then walks through all that was imported.
"""


def restore(
    connection: Any, prepared: Statements, agency: str, histories: Iterable[History]
) -> int:
    """Write histories, some at a time, inside a transaction; how many events they hold.

    The counts that change are locked last, and in one order, as who appends does: else two of
    them, each having what the other needs next, would wait for each other.
    """
    given, written = iter(histories), 0
    changed: set[tuple[str, str]] = set()
    while some := list(islice(given, HISTORIES_AT_ONCE)):
        _open(connection, prepared, agency, some)
        _claim(connection, prepared, agency, some)
        _insert(connection, prepared, agency, some)
        _list(connection, prepared, agency, some)
        changed.update(key for history in some for key in history.listing.keys)
        written += sum(len(history.events) for history in some)
    bump(connection, prepared, agency, sorted(changed))
    if prepared.postgres and written >= MANY:
        connection.execute(prepared(sql.PG_ANALYZE), ())
    return written


def _open(connection: Any, prepared: Statements, agency: str, histories: Sequence[History]) -> None:
    rows = [
        (one.case_id, one.events[-1].number, one.events[-1].hash, *listed(one.listing))
        for one in histories
    ]
    if prepared.postgres:
        opened = _many(connection, prepared, sql.PG_OPEN_MANY, agency, rows)
        missed = _first_not_in(opened, [row[0] for row in rows])
        if missed is not None:
            raise CaseExists(case_id=rows[missed][0])
        return
    for case_id, *said in rows:
        given = (agency, case_id, agency, *said, agency, case_id)
        if connection.execute(prepared(sql.OPEN), given).rowcount == 0:
            raise CaseExists(case_id=case_id)


def _claim(
    connection: Any, prepared: Statements, agency: str, histories: Sequence[History]
) -> None:
    rows = [
        (command_id, history.case_id, first, last)
        for history in histories
        for command_id, first, last in _commands(history.events)
    ]
    if prepared.postgres:
        claimed = _many(connection, prepared, sql.PG_CLAIM_MANY, agency, rows)
        missed = _first_not_in(claimed, [row[0] for row in rows])
        if missed is not None:
            raise CommandReused(command_id=rows[missed][0], case_id=rows[missed][1])
        return
    for row in rows:
        if connection.execute(prepared(sql.CLAIM), (agency, *row)).rowcount == 0:
            raise CommandReused(command_id=row[0], case_id=row[1])


def _many(
    connection: Any,
    prepared: Statements,
    many: sql.Many,
    agency: str,
    rows: Sequence[tuple[Any, ...]],
) -> list[Any]:
    """Insert rows in one trip to PostgreSQL; the keys of those that were not there yet."""
    told = orjson.dumps([dict(zip(many.names, row, strict=True)) for row in rows]).decode()
    given = (agency, told, agency) if many.if_none else (agency, told)
    inserted = connection.execute(prepared(many.text), given).fetchall()
    return [key for (key,) in inserted]


def _first_not_in(inserted: Sequence[str], keys: Sequence[str]) -> int | None:
    """The place of the first key that was not inserted, or that comes for a second time."""
    if len(inserted) == len(keys):
        return None
    left = set(inserted)
    for place, key in enumerate(keys):
        if key not in left:
            return place
        left.remove(key)
    return None


def _commands(events: Sequence[StoredEvent]) -> Iterator[tuple[str, int, int]]:
    """The commands of a history, each with its first and last event: those in a row with its id."""
    for command_id, wrote in groupby(events, lambda event: event.command_id):
        if command_id is not None:
            numbers = [event.number for event in wrote]
            yield command_id, numbers[0], numbers[-1]


def _insert(
    connection: Any, prepared: Statements, agency: str, histories: Sequence[History]
) -> None:
    """The events, and their places in the feed (on PostgreSQL: in what waits for one)."""
    events = [event for history in histories for event in history.events]
    cursor = connection.cursor()
    if not prepared.postgres:
        cursor.executemany(prepared(sql.INSERT_EVENT), events)
        feed.append(connection, prepared, agency, [(one.case_id, one.number) for one in events])
        return
    if hasattr(cursor, "copy"):
        # without values, psycopg leaves the signs for percent doubled that a schema's name holds
        with cursor.copy(prepared(sql.COPY_EVENTS).replace("%%", "%")) as copy:
            for event in events:
                copy.write_row(event)
    else:  # through SQLAlchemy's adapter of an asynchronous driver, which has no COPY
        cursor.executemany(prepared(sql.INSERT_EVENT), events)
    waiting = [(one.case_id, one.events[0].number, one.events[-1].number) for one in histories]
    _many(connection, prepared, sql.PG_QUEUE_MANY, agency, waiting)


def _list(connection: Any, prepared: Statements, agency: str, histories: Sequence[History]) -> None:
    """Whose data the cases hold, and the keys they are held under."""
    cursor = connection.cursor()
    subjects = [(subject, one.case_id) for one in histories for subject in one.subjects]
    if prepared.postgres:
        _many(connection, prepared, sql.PG_HOLD_MANY, agency, subjects)
    elif subjects:
        held = [(agency, *subject) for subject in subjects]
        cursor.executemany(prepared(sql.ADD_SUBJECT), held)
    keys = [(*key, agency, one.case_id) for one in histories for key in one.listing.keys]
    if keys:
        cursor.executemany(prepared(sql.ADD_KEY), keys)


# -- one history in the place of another -----------------------------------------------------------


def mend(
    connection: Any, prepared: Statements, agency: str, history: History, head: Head | None
) -> bool:
    """Put a history in the place of all that is kept of its case, inside a transaction.

    Raises `CaseExists` where it is to be brought back, and is there.
    """
    case, last = (agency, history.case_id), history.events[-1]
    lost = placing.numbers_lost(connection, prepared, agency, history)
    changed: set[tuple[str, str]] = set()
    if head is None:
        connection.execute(prepared(sql.DROP_EVENTS), case)  # with any, it could not be opened
        changed = keys_of(connection, prepared, agency, history.case_id)
        connection.execute(prepared(sql.DROP_KEYS), case)  # which tell its old place in the list
        _open(connection, prepared, agency, [history])
    else:
        given = (last.number, last.hash, *listed(history.listing), *case, *head)
        if connection.execute(prepared(sql.MOVE), given).rowcount == 0:
            return False
    for statement in (sql.DROP_EVENTS, sql.DROP_COMMANDS, sql.DROP_SUBJECTS, sql.DROP_SNAPSHOT):
        connection.execute(prepared(statement), case)
    _claim(connection, prepared, agency, [history])
    cursor = connection.cursor()
    cursor.executemany(prepared(sql.INSERT_EVENT), history.events)
    held = [(agency, subject, history.case_id) for subject in history.subjects]
    if held:
        cursor.executemany(prepared(sql.ADD_SUBJECT), held)
    changed |= rekey(connection, prepared, agency, history.case_id, history.listing)
    bump(connection, prepared, agency, sorted(changed))
    placing.put_back(connection, prepared, agency, history.case_id, lost=lost)
    return True
