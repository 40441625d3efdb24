"""The hand-written statements of the store, for each dialect: what every decision needs.

The rest is left to SQLAlchemy (`lists.py`). Both dialects understand all but a few of these,
which stand side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import attrs
from sqlalchemy import Table
from sqlalchemy.engine import Dialect

from caseflow.kernel.stored import StoredEvent
from caseflow.storage.port import Listing
from caseflow.storage.sql.tables import Tables

EVENT_COLUMNS = ", ".join(StoredEvent._fields)
LISTED_COLUMNS = tuple(name for name in Listing._fields if name != "keys")
"""The columns of a case that say what the list says; its keys have a table of their own."""


class Scope(NamedTuple):
    """How a piece of work is begun and ended, so that all of it takes effect or nothing."""

    begin: str
    commit: str
    rollback: tuple[str, ...]


_OWN_POSTGRES = Scope("BEGIN ISOLATION LEVEL READ COMMITTED", "COMMIT", ("ROLLBACK",))
_OWN_SQLITE = Scope("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
"""SQLite has to be told that it writes."""
JOINED = Scope(
    "SAVEPOINT caseflow_unit",
    "RELEASE SAVEPOINT caseflow_unit",
    ("ROLLBACK TO SAVEPOINT caseflow_unit", "RELEASE SAVEPOINT caseflow_unit"),
)
"""Inside somebody else's transaction."""


@attrs.define(eq=False)
class Statements:
    """The statements for one dialect and one set of tables."""

    tables: Tables
    dialect: Dialect
    look: Callable[[], str | None]
    """Finds the schema of tables that are declared without one; None: they are not there."""
    notify: bool = False
    """Whether an append wakes those who listen (PostgreSQL)."""
    _schema: str | None = attrs.field(default=None, init=False, repr=False)
    _ready: dict[str, str] = attrs.field(factory=dict, init=False, repr=False)

    @property
    def postgres(self) -> bool:
        """Whether they are for PostgreSQL; else they are for SQLite."""
        return self.dialect.name == "postgresql"

    @property
    def own(self) -> Scope:
        """How a transaction of the store's own is begun."""
        return _OWN_POSTGRES if self.postgres else _OWN_SQLITE

    def look_once(self) -> str | None:
        """The schema to name where none is declared; None: there is nothing to be named.

        A connection looks for such tables along its `search_path`, which whoever had it before
        may have changed. So they are looked for once, and named from then on.
        """
        if self._schema is None and self._is_looked_for:
            self._schema = self.look()
        return self._schema

    @property
    def _is_looked_for(self) -> bool:
        return self.postgres and self.tables.cases.schema is None

    def __call__(self, text: str) -> str:
        """A statement with the names of the tables, and the dialect's mark for a value."""
        ready = self._ready.get(text)
        if ready is None:
            schema = self.look_once()
            # the marks first: the name of a schema may hold one
            marked = text.replace("?", "%s") if self.postgres else text
            ready = marked.format_map(self._names(schema))
            if schema is not None or not self._is_looked_for:
                self._ready[text] = ready
        return ready

    def _names(self, schema: str | None) -> dict[str, str]:
        """Each table as a statement names it."""
        prepare = self.dialect.identifier_preparer
        before = "" if schema is None else f"{prepare.quote_schema(schema)}."
        return {
            field.name: f"{before}{prepare.format_table(table)}"
            for field in attrs.fields(Tables)
            if isinstance(table := getattr(self.tables, field.name), Table)
        }


# -- reading -----------------------------------------------------------------------------------

HEAD = "SELECT version, hash FROM {cases} WHERE agency = ? AND case_id = ?"
READ = f"SELECT {EVENT_COLUMNS} FROM {{events}} WHERE agency = ? AND case_id = ?"
COMMAND = "SELECT case_id, first, last FROM {commands} WHERE agency = ? AND command_id = ?"
SNAPSHOT = "SELECT version, text FROM {snapshots} WHERE agency = ? AND case_id = ?"

HOME = (
    "SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
    " WHERE pg_class.oid = to_regclass(%s)"
)
"""In which schema PostgreSQL finds a table whose name alone is given."""

# -- appending ---------------------------------------------------------------------------------

_LISTED = ", ".join(LISTED_COLUMNS)
_MARKS = ", ".join("?" * len(StoredEvent._fields))

HIGHEST = 2**61
"""The highest number that is counted on from. None so high was ever given, nor will be."""


def _last(column: str, table: str) -> str:
    """The highest number of a column, whatever else a program put there; 0: there is none.

    Where `HIGHEST` itself was put there, or reached, counting goes on above it: else what is
    given next would not be seen, and given again.
    """
    return (
        f"SELECT coalesce(CAST(max(one.{column}) AS BIGINT), 0) FROM {{{table}}} AS one"
        f" WHERE one.agency = ? AND one.{column} BETWEEN 0 AND {2 * HIGHEST}"
        f" AND (one.{column} <= {HIGHEST} OR (SELECT max(past.{column}) FROM {{{table}}} AS past"
        f" WHERE past.agency = one.agency AND past.{column} = {HIGHEST}) IS NOT NULL)"
    )


def _without_events(case: str) -> str:
    """Where a case has no events: they are what is left of another one, and follow no opening.

    Each case is looked up by itself. Joined to the events, where many are opened at once,
    PostgreSQL went through all events of the agency for each part of an import.
    """
    return (
        " WHERE (SELECT 1 FROM {events} AS e WHERE e.agency = ?"
        f" AND e.case_id = {case} ORDER BY e.number LIMIT 1) IS NULL"
    )


_LISTED_MARKS = ", ".join("?" * len(LISTED_COLUMNS))
OPEN = (
    f"INSERT INTO {{cases}} (agency, case_id, opened, version, hash, {_LISTED})"
    f" SELECT ?, ?, ({_last('opened', 'cases')}) + 1, ?, ?, {_LISTED_MARKS}"
    f"{_without_events('?')} ON CONFLICT DO NOTHING"
)
ADVANCE = (
    "UPDATE {cases} SET version = ?, hash = ? WHERE agency = ? AND case_id = ? AND version = ?"
)


@cache
def advance_and_list(columns: tuple[str, ...]) -> str:
    """Move a case on, and say so many of the listed columns anew."""
    named = "".join(f", {name} = ?" for name in columns)
    return ADVANCE.replace(" WHERE", f"{named} WHERE")


INSERT_EVENT = f"INSERT INTO {{events}} ({EVENT_COLUMNS}) VALUES ({_MARKS})"
LAST_POSITION = _last("position", "feed")
INSERT_FEED = (
    "INSERT INTO {feed} (agency, position, case_id, number)"
    f" VALUES (?, ({LAST_POSITION}) + 1, ?, ?)"
)
CLAIM = "INSERT INTO {commands} VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
PUT_SNAPSHOT = (
    "INSERT INTO {snapshots} (agency, case_id, version, text) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (agency, case_id) DO UPDATE SET version = excluded.version,"
    " text = excluded.text"
)
DROP_SNAPSHOT = "DELETE FROM {snapshots} WHERE agency = ? AND case_id = ?"
ADD_SUBJECT = (
    "INSERT INTO {subjects} (agency, subject, case_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
)
KEYS_OF = "SELECT name, value FROM {keys} WHERE agency = ? AND case_id = ?"
DROP_KEY = "DELETE FROM {keys} WHERE agency = ? AND name = ? AND value = ? AND case_id = ?"
DROP_KEYS = "DELETE FROM {keys} WHERE agency = ? AND case_id = ?"
ADD_KEY = (
    "INSERT INTO {keys} (agency, name, value, opened, case_id)"
    " SELECT agency, ?, ?, opened, case_id FROM {cases} WHERE agency = ? AND case_id = ?"
)
TOKEN = (
    "INSERT INTO {tokens} AS old (agency, name, value, token) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (agency, name, value) DO UPDATE SET token = old.token + ? RETURNING token"
)
"""Locks the row of a count, moves its token on by 0 or 1, and tells it."""

# -- appending in one statement, on PostgreSQL -------------------------------------------------

PG_OPEN = (
    f"INSERT INTO {{cases}} (agency, case_id, version, hash, {_LISTED})"
    f" SELECT ?, ?, ?, ?, {_LISTED_MARKS}{_without_events('?')}"
    " ON CONFLICT DO NOTHING"
)
_PG_TYPED = ", ".join(
    "?::bigint" if name in ("number", "type_version") else "?::text" for name in StoredEvent._fields
)


CHANNEL = "caseflow"
"""What PostgreSQL notifies of appended units, where a store is told to."""


def pg_append(
    moved: str,
    *,
    events: int,
    command: bool,
    snapshot: bool,
    drop: bool,
    subjects: int,
    notify: bool,
) -> str:
    """The statement that moves a case on and, if it moved, writes all the rest of its unit.

    It selects how many cases it moved: 1 or 0. Its values stand in the order of its parts.
    `notify` wakes those who listen, when it is committed; they are told nothing but that.
    """
    rows = ", ".join(f"({_PG_TYPED if place == 0 else _MARKS})" for place in range(events))
    parts = [
        f"moved AS ({moved} RETURNING 1)",
        f"written AS (INSERT INTO {{events}} ({EVENT_COLUMNS})"
        f" SELECT given.* FROM moved, (VALUES {rows}) AS given)",
        "queued AS (INSERT INTO {pending} (agency, case_id, first, last)"
        " SELECT ?, ?, ?::bigint, ?::bigint FROM moved)",
    ]
    if command:
        parts.append(
            "claimed AS (INSERT INTO {commands} (agency, command_id, case_id, first, last)"
            " SELECT ?, ?, ?, ?::bigint, ?::bigint FROM moved)"
        )
    if snapshot:
        parts.append(
            "kept AS (INSERT INTO {snapshots} (agency, case_id, version, text)"
            " SELECT ?, ?, ?::bigint, ? FROM moved"
            " ON CONFLICT (agency, case_id) DO UPDATE SET version = excluded.version,"
            " text = excluded.text)"
        )
    elif drop:
        parts.append(
            "dropped AS (DELETE FROM {snapshots} USING moved WHERE agency = ? AND case_id = ?)"
        )
    if subjects:
        held = ", ".join(["(?, ?, ?)"] * subjects)
        parts.append(
            "held AS (INSERT INTO {subjects} (agency, subject, case_id)"
            f" SELECT given.* FROM moved, (VALUES {held}) AS given ON CONFLICT DO NOTHING)"
        )
    told = f", count(pg_notify('{CHANNEL}', ''))" if notify else ""
    return f"WITH {', '.join(parts)} SELECT count(*){told} FROM moved"


# -- the list of cases (the rest of it in `lists.py`) ------------------------------------------

COUNT = (
    "SELECT (SELECT count(*) FROM {keys}"
    " WHERE agency = ? AND name = ? AND value = ? AND case_id <> ?),"
    " coalesce((SELECT token FROM {tokens} WHERE agency = ? AND name = ? AND value = ?), 0)"
)
TALLY = "SELECT value, count(*) FROM {keys} WHERE agency = ? AND name = ? GROUP BY value"
RELIST = (
    f"UPDATE {{cases}} SET {', '.join(f'{name} = ?' for name in LISTED_COLUMNS)}"
    " WHERE agency = ? AND case_id = ? AND version = ?"
)
AGENCIES = (
    "WITH RECURSIVE found AS (SELECT min(agency) AS agency FROM {cases} UNION ALL"
    " SELECT (SELECT min(agency) FROM {cases} WHERE agency > found.agency) FROM found"
    " WHERE found.agency IS NOT NULL)"
    " SELECT agency FROM found WHERE agency IS NOT NULL"
)
"""From one agency to the next by the index, past the cases of each."""

# -- the feed ----------------------------------------------------------------------------------

INSERT_POSITION = "INSERT INTO {feed} (agency, position, case_id, number) VALUES (?, ?, ?, ?)"


class Many(NamedTuple):
    """A statement that inserts many rows of an agency, and what the values of a row are called."""

    text: str
    names: tuple[str, ...]
    if_none: bool
    """Whether it is given the agency once more, to look for events of theirs."""


def pg_many(table: str, key: str, columns: str, *, if_none: bool = False) -> Many:
    """Insert rows that are given as JSON, in their order.

    It tells the key of each row that it inserted, and passes over those that are there; with
    `if_none` also those of cases that have events.
    """
    names = [column.partition(" ")[0] for column in columns.split(", ")]
    listed = ", ".join(names)
    return Many(
        f"INSERT INTO {{{table}}} (agency, {listed}) SELECT ?, {listed}"
        f" FROM ROWS FROM (json_to_recordset(?::json) AS ({columns})) WITH ORDINALITY"
        f" AS given({listed}, place){_without_events('given.case_id') if if_none else ''}"
        f" ORDER BY place ON CONFLICT DO NOTHING RETURNING {key}",
        tuple(names),
        if_none,
    )


_PG_LISTED = ", ".join(f"{name} {'bool' if name == 'ended' else 'text'}" for name in LISTED_COLUMNS)
PG_OPEN_MANY = pg_many(
    "cases", "case_id", f"case_id text, version bigint, hash text, {_PG_LISTED}", if_none=True
)
PG_CLAIM_MANY = pg_many(
    "commands", "command_id", "command_id text, case_id text, first bigint, last bigint"
)
PG_QUEUE_MANY = pg_many("pending", "id", "case_id text, first bigint, last bigint")
PG_HOLD_MANY = pg_many("subjects", "subject", "subject text, case_id text")
PG_ANALYZE = "ANALYZE {cases}, {keys}, {subjects}"
"""Those of which more is asked than a row by its key."""
COPY_EVENTS = f"COPY {{events}} ({EVENT_COLUMNS}) FROM STDIN"
FEED = (
    "SELECT feed.position, "
    + ", ".join(f"event.{name}" for name in StoredEvent._fields)
    + " FROM {feed} AS feed JOIN {events} AS event ON event.agency = feed.agency"
    " AND event.case_id = feed.case_id AND event.number = feed.number"
    " WHERE feed.agency = ? AND feed.position > [after] AND feed.position <= [last]"
    " ORDER BY feed.position"
)
FEED_POSTGRES = FEED.replace(
    " JOIN {events} AS event ON event.agency = feed.agency AND event.case_id = feed.case_id"
    " AND event.number = feed.number",
    " CROSS JOIN LATERAL (SELECT * FROM {events} AS one WHERE one.agency = feed.agency"
    " AND one.case_id = feed.case_id AND one.number = feed.number OFFSET 0) AS event",
)
"""Between two positions, since there are no gaps: by a limit PostgreSQL may first sort them all.

PostgreSQL is made to look each event up, whatever it believes of the size of the tables.
The positions stand in the words (`between`): a statement that is always the same is planned once
for a connection, and the plan for a feed of a few events is very slow on one of thousands.
"""


def between(statement: str, after: int, last: int) -> str:
    """A statement on what comes after a position of the feed, up to another."""
    return statement.replace("[after]", str(after)).replace("[last]", str(last))


NEXT_SHOWN = (
    "SELECT min(position) FROM {feed} AS feed WHERE agency = ? AND position > ?"
    " AND position <= ? AND EXISTS (SELECT 1 FROM {events} AS event"
    " WHERE event.agency = feed.agency AND event.case_id = feed.case_id"
    " AND event.number = feed.number)"
)
WRITTEN = "SELECT hash FROM {events} WHERE agency = ? AND case_id = ? AND number = ?"
WAITING = "SELECT 1 FROM {pending} WHERE agency = ? LIMIT 1 OFFSET ?"
LOCK = "SELECT pg_advisory_xact_lock(?, ?)"
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(?, ?)"
_OF_EVENT = (
    "(SELECT {} FROM {{events}} AS e WHERE e.agency = ? AND e.case_id = it.case_id"
    " AND e.number = it.{})"
)
SEQUENCE = (
    "WITH waiting AS MATERIALIZED (SELECT it.id, it.case_id, it.first, it.last,"
    f" {_OF_EVENT.format('e.xmin', 'first')} AS event, {_OF_EVENT.format('1', 'last')} AS ends,"
    " it.written FROM (SELECT id, case_id, first, last, xmin AS written FROM {pending}"
    " WHERE agency = ? ORDER BY id LIMIT ?) AS it),"
    " sound AS (SELECT *, event = written AS ours FROM waiting"
    " WHERE event IS NOT NULL AND ends IS NOT NULL AND first <= last),"
    " doubtful AS (SELECT * FROM sound WHERE NOT ours),"
    " fed AS MATERIALIZED (SELECT it.id FROM doubtful AS it JOIN {feed} AS f ON f.agency = ?"
    " AND f.case_id = it.case_id AND f.number BETWEEN it.first AND it.last"
    " UNION SELECT it.id FROM doubtful AS it JOIN sound AS o ON o.case_id = it.case_id"
    " AND o.first <= it.last AND it.first <= o.last AND (o.ours OR o.id < it.id)),"
    " taken AS (DELETE FROM {pending} AS it USING sound WHERE it.agency = ?"
    " AND it.id = sound.id AND NOT EXISTS (SELECT 1 FROM fed WHERE fed.id = it.id)"
    " RETURNING it.id, it.case_id, it.first, it.last),"
    f" last AS ({LAST_POSITION.replace(' FROM', ' AS position FROM', 1)})"
    " INSERT INTO {feed} (agency, position, case_id, number)"
    " SELECT ?, last.position + row_number() OVER (ORDER BY it.id, e.number), it.case_id, e.number"
    " FROM last, taken AS it, LATERAL (SELECT number FROM {events} AS e WHERE e.agency = ?"
    " AND e.case_id = it.case_id AND e.number BETWEEN it.first AND it.last OFFSET 0) AS e"
)
"""Moves what waits to the end of the feed: what are events, and are not in it.

A unit and its place among those that wait are written by one transaction, so what was fed is
looked for only where that is not so: where another program put it there, or a dump was restored.
"""
CHECKPOINT = "SELECT position, token, workflow FROM {consumers} WHERE agency = ? AND consumer = ?"
CONSUMERS = "SELECT consumer, position, token, workflow FROM {consumers} WHERE agency = ?"
DELETE_CONSUMER = "DELETE FROM {consumers} WHERE agency = ? AND consumer = ?"
BEGIN_CONSUMER = (
    "INSERT INTO {consumers} (agency, consumer, position, token, workflow)"
    " VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)
ADVANCE_CONSUMER = (
    "UPDATE {consumers} SET position = ?, token = ?, workflow = ?"
    " WHERE agency = ? AND consumer = ? AND position = ? AND token = ?"
)

# -- putting a history in the place of another (the rest in `restoring.py`) ----------------------

_OF_CASE = "WHERE agency = ? AND case_id = ?"
MOVE = advance_and_list(LISTED_COLUMNS) + " AND hash = ?"
DROP_EVENTS = f"DELETE FROM {{events}} {_OF_CASE}"
DROP_COMMANDS = f"DELETE FROM {{commands}} {_OF_CASE}"
DROP_SUBJECTS = f"DELETE FROM {{subjects}} {_OF_CASE}"
