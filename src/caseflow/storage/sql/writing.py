"""Writing: a unit, all or nothing, and whole histories.

SQLite has one writer at a time, who takes the lock first: a few plain statements, and the
feed's positions given on the way. PostgreSQL has many: one statement that moves the case on
and, only if it moved, writes the rest; the positions are given later (`feed.py`). Where a
unit changes what indexes hold, or leans on a count, more statements follow, in one
transaction with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from caseflow.storage.port import Appended, Listing, Unit
from caseflow.storage.sql import failures
from caseflow.storage.sql import statements as sql
from caseflow.storage.sql.odd import is_odd, leniently
from caseflow.storage.sql.statements import LISTED_COLUMNS, Scope, Statements

AT_ONCE = 50
"""How many events of a unit one statement writes; the rest follows in its transaction."""


class NotDone(Exception):
    """What an append found that keeps it from being done."""

    def __init__(self, why: Appended) -> None:
        self.why = why
        super().__init__(why)


@contextmanager
def all_or_nothing(connection: Any, scope: Scope) -> Iterator[None]:
    """What is done inside takes effect when it ends, and not at all where it raises."""
    try:
        connection.execute(scope.begin)
        yield
        connection.execute(scope.commit)
    except BaseException:
        try:
            for statement in scope.rollback:
                connection.execute(statement)
        except Exception:  # noqa: S110 - the connection is gone, and with it what was begun
            pass
        raise


def append(connection: Any, prepared: Statements, unit: Unit, scope: Scope | None) -> Appended:
    """Write a unit, or tell why not.

    `scope` is how it is made all or nothing; None: the connection commits each statement, and
    a transaction is begun only where one statement is not enough.
    """
    try:
        if not prepared.postgres:
            with all_or_nothing(connection, scope or prepared.own):
                _append_sqlite(connection, prepared, unit)
        elif scope is None and _is_simple(unit):
            _append_postgres(connection, prepared, unit)
        else:
            with all_or_nothing(connection, scope or prepared.own):
                _append_postgres(connection, prepared, unit)
    except NotDone as found:
        return found.why
    return Appended.DONE


def _is_simple(unit: Unit) -> bool:
    """Whether one statement is enough."""
    return len(unit.events) <= AT_ONCE and not unit.counts and not _may_rekey(unit)


def _may_rekey(unit: Unit) -> bool:
    """Whether what indexes hold may change with this unit."""
    if unit.listing is None:
        return False
    if unit.listed is not None:
        return unit.listing.keys != unit.listed.keys
    return unit.expected > 0 or bool(unit.listing.keys)


# -- SQLite ------------------------------------------------------------------------------------


def _append_sqlite(connection: Any, prepared: Statements, unit: Unit) -> None:
    agency, case_id, last = unit.agency, unit.case_id, unit.events[-1]
    if unit.command_id is not None:
        claim = (agency, unit.command_id, case_id, unit.expected + 1, last.number)
        if connection.execute(prepared(sql.CLAIM), claim).rowcount == 0:
            raise NotDone(Appended.DUPLICATE)
    statement, given = _moving(unit, sql.OPEN)
    if connection.execute(prepared(statement), given).rowcount == 0:
        raise NotDone(Appended.CONFLICT)
    if len(unit.events) == 1:
        connection.execute(prepared(sql.INSERT_EVENT), last)
        connection.execute(prepared(sql.INSERT_FEED), (agency, agency, case_id, last.number))
    else:
        cursor = connection.cursor()
        cursor.executemany(prepared(sql.INSERT_EVENT), unit.events)
        feed = [(agency, agency, case_id, event.number) for event in unit.events]
        cursor.executemany(prepared(sql.INSERT_FEED), feed)
    if unit.snapshot is not None:
        kept = (agency, case_id, last.number, unit.snapshot)
        connection.execute(prepared(sql.PUT_SNAPSHOT), kept)
    elif unit.drop_snapshot:
        connection.execute(prepared(sql.DROP_SNAPSHOT), (agency, case_id))
    for subject in unit.subjects:
        connection.execute(prepared(sql.ADD_SUBJECT), (agency, subject, case_id))
    _keys_and_counts(connection, prepared, unit)


def _moving(unit: Unit, opening: str) -> tuple[str, tuple[Any, ...]]:
    """The statement that opens the case or moves it on, and its values."""
    last, listing = unit.events[-1], unit.listing
    if unit.expected == 0:
        if listing is None:
            raise ValueError("a unit that opens a case says how it is listed")
        case = (unit.agency, unit.case_id)
        where = (*case, unit.agency) if opening is sql.OPEN else case
        return opening, (*where, last.number, last.hash, *listed(listing), *case)
    stands = (unit.agency, unit.case_id, unit.expected)
    if listing is None:
        return sql.ADVANCE, (last.number, last.hash, *stands)
    columns = LISTED_COLUMNS
    if opening is sql.OPEN and unit.listed is not None:
        # SQLite writes every index of a column that is set, also where its value stays.
        columns = tuple(
            name for name in columns if getattr(listing, name) != getattr(unit.listed, name)
        )
    values = (getattr(listing, name) for name in columns)
    return sql.advance_and_list(columns), (last.number, last.hash, *values, *stands)


def listed(listing: Listing) -> tuple[Any, ...]:
    """The columns of a case that say what the list says."""
    return tuple(getattr(listing, name) for name in LISTED_COLUMNS)


# -- PostgreSQL --------------------------------------------------------------------------------


def _append_postgres(connection: Any, prepared: Statements, unit: Unit) -> None:
    agency, case_id, last = unit.agency, unit.case_id, unit.events[-1]
    first = unit.expected + 1
    at_once, rest = unit.events[:AT_ONCE], unit.events[AT_ONCE:]
    moving, values = _moving(unit, sql.PG_OPEN)
    statement = sql.pg_append(
        moving,
        events=len(at_once),
        command=unit.command_id is not None,
        snapshot=unit.snapshot is not None,
        drop=unit.drop_snapshot,
        subjects=len(unit.subjects),
        notify=prepared.notify,
    )
    given: list[Any] = [*values]
    for event in at_once:
        given += event
    given += agency, case_id, first, last.number
    if unit.command_id is not None:
        given += agency, unit.command_id, case_id, first, last.number
    if unit.snapshot is not None:
        given += agency, case_id, last.number, unit.snapshot
    elif unit.drop_snapshot:
        given += agency, case_id
    for subject in unit.subjects:
        given += agency, subject, case_id
    try:
        moved = connection.execute(prepared(statement), given).fetchone()[0]
    except Exception as error:
        if unit.command_id is not None and is_claimed(error):
            raise NotDone(Appended.DUPLICATE) from error
        raise
    if not moved:
        raise NotDone(_why_not(connection, prepared, unit))
    if rest:
        connection.cursor().executemany(prepared(sql.INSERT_EVENT), rest)
    _keys_and_counts(connection, prepared, unit)


def is_claimed(error: Exception) -> bool:
    """Whether PostgreSQL refused a command id that was used before."""
    return failures.is_taken(error, "commands")


def _why_not(connection: Any, prepared: Statements, unit: Unit) -> Appended:
    """Why a case did not move: a repeated command is told before a conflict."""
    if unit.command_id is not None:
        asked = (unit.agency, unit.command_id)
        if connection.execute(prepared(sql.COMMAND), asked).fetchone():
            return Appended.DUPLICATE
    return Appended.CONFLICT


# -- what indexes hold, and what was counted ---------------------------------------------------


def _keys_and_counts(connection: Any, prepared: Statements, unit: Unit) -> None:
    """See that no count changed that the unit leans on, and put its keys in place."""
    changed: set[tuple[str, str]] = set()
    if _may_rekey(unit) and unit.listing is not None:
        changed = rekey(connection, prepared, unit.agency, unit.case_id, unit.listing)
    seen = {(count.name, count.value): count.token for count in unit.counts}
    for key in sorted(changed | set(seen)):  # in one order, so that no two wait for each other
        moves = int(key in changed)
        given = (unit.agency, *key, moves, moves)
        (token,) = connection.execute(prepared(sql.TOKEN), given).fetchone()
        if key in seen and token - moves != seen[key]:
            raise NotDone(Appended.CONFLICT)


def rekey(
    connection: Any, prepared: Statements, agency: str, case_id: str, listing: Listing
) -> set[tuple[str, str]]:
    """Put the keys of a case in the place of those it had; those that came or went."""
    before, after = keys_of(connection, prepared, agency, case_id), set(listing.keys)
    for name, value in sorted(before - after):
        connection.execute(prepared(sql.DROP_KEY), (agency, name, value, case_id))
    for name, value in sorted(after - before):
        connection.execute(prepared(sql.ADD_KEY), (name, value, agency, case_id))
    return before ^ after


def keys_of(
    connection: Any, prepared: Statements, agency: str, case_id: str
) -> set[tuple[str, str]]:
    """The keys of a case. Where one of them is odd, all are dropped: then it has none."""
    asked = prepared(sql.KEYS_OF)
    rows = leniently(lambda one: one.execute(asked, (agency, case_id)).fetchall())(connection)
    keys = {(name, value) for name, value in rows}
    if any(is_odd(text) for key in keys for text in key):
        connection.execute(prepared(sql.DROP_KEYS), (agency, case_id))
        return set()
    return keys


def bump(
    connection: Any, prepared: Statements, agency: str, keys: Sequence[tuple[str, str]]
) -> None:
    """Give the counts of these keys other tokens."""
    for key in sorted(keys):
        connection.execute(prepared(sql.TOKEN), (agency, *key, 1, 1)).fetchone()
