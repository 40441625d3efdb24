"""Editing what a store keeps behind its back: rows, ends, lists, snapshots, commands, the feed.

A test is written against `Raw`, so that it holds for any store of which somebody writes one:
for a SQL store the same edits are UPDATE, DELETE and INSERT.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from copy import deepcopy
from tempfile import TemporaryDirectory
from typing import Any, Protocol
from weakref import finalize

from caseflow.kernel.stored import StoredEvent
from caseflow.storage import Appended, Head, Listing, MemoryStorage, Query, Snapshot, SQLStorage
from tests.support.raw import connection_to, execute

AGENCY = "agency"
"""The agency of all cases here: the one that a book has by default."""


class Raw(Protocol):
    """The rows of a store as somebody with a screwdriver sees them."""

    store: Any

    def rows(self, case_id: str) -> list[StoredEvent]:
        """The rows of a case, by number."""
        ...

    def put(self, case_id: str, rows: Sequence[StoredEvent]) -> None:
        """Rows in the place of a case's; nothing else changes. Their numbers are apart."""
        ...

    def set_head(self, case_id: str, head: Head) -> None:
        """What the store says where the case ends."""
        ...

    def snapshot(self, case_id: str) -> Snapshot | None:
        """The snapshot of a case."""
        ...

    def set_snapshot(self, case_id: str, snapshot: Snapshot) -> None:
        """A snapshot in the place of another."""
        ...

    def listing(self, case_id: str) -> Listing:
        """What the list of cases says of a case."""
        ...

    def set_listing(self, case_id: str, **columns: Any) -> None:
        """Columns of what the list of cases says."""
        ...

    def drop_subject(self, case_id: str, subject: str) -> None:
        """A case is no longer found by somebody whose data it holds."""
        ...

    def unlist(self, case_id: str) -> None:
        """The case is no longer listed, and where it ends is not known; its events are there."""
        ...

    def drop_command(self, command_id: str) -> None:
        """The store forgets a command."""
        ...

    def set_command(self, command_id: str, case_id: str, first: int, last: int) -> None:
        """The store says that a command wrote other events than it did."""
        ...

    def drop_feed(self, position: int) -> None:
        """One row of the feed is gone."""
        ...

    def swap_feed(self, one: int, other: int) -> None:
        """Two rows of the feed change places."""
        ...

    def kept(self) -> Callable[[], None]:
        """Keep all that the store holds now; what is returned puts it back, as often as needed."""
        ...


class Ledger(MemoryStorage):
    """A store in memory that keeps the end of each case apart from its rows, as a file does."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: dict[tuple[str, str], Head] = {}

    def append(self, unit: Any, /) -> Any:
        appended = super().append(unit)
        if appended is Appended.DONE:
            last = unit.events[-1]
            self.heads[unit.agency, unit.case_id] = Head(last.number, last.hash)
        return appended

    def head(self, agency: Any, case_id: Any, /) -> Any:
        return self.heads.get((agency, case_id))

    def find(self, agency: Any, query: Any, /, *, after: Any = None, limit: Any = 100) -> Any:
        page = super().find(agency, query, after=after, limit=limit)
        return [one._replace(version=self.heads[agency, one.case_id].version) for one in page]

    def restore(self, agency: Any, histories: Any, /) -> Any:
        kept = list(histories)
        written = super().restore(agency, kept)
        for history in kept:
            last = history.events[-1]
            self.heads[agency, history.case_id] = Head(last.number, last.hash)
        return written

    def mend(self, agency: Any, history: Any, /, *, head: Any) -> Any:
        done = super().mend(agency, history, head=head)
        if done:
            last = history.events[-1]
            self.heads[agency, history.case_id] = Head(last.number, last.hash)
        return done


class MemoryRaw:
    """The raw rows of a `Ledger`."""

    def __init__(self) -> None:
        self.store = Ledger()

    @property
    def _kept(self) -> Any:
        return self.store._agencies[AGENCY]

    def rows(self, case_id: Any) -> Any:
        return list(self._kept.cases[case_id])

    def put(self, case_id: Any, rows: Any) -> None:
        self._kept.cases[case_id] = sorted(rows, key=lambda row: row.number)

    def set_head(self, case_id: Any, head: Any) -> None:
        self.store.heads[AGENCY, case_id] = head

    def snapshot(self, case_id: Any) -> Any:
        return self._kept.snapshots.get(case_id)

    def set_snapshot(self, case_id: Any, snapshot: Any) -> None:
        self._kept.snapshots[case_id] = snapshot

    def listing(self, case_id: Any) -> Any:
        return self._kept.listings[case_id]

    def set_listing(self, case_id: Any, **columns: Any) -> None:
        self._kept.listings[case_id] = self._kept.listings[case_id]._replace(**columns)

    def drop_subject(self, case_id: Any, subject: Any) -> None:
        self._kept.subjects[case_id].discard(subject)

    def unlist(self, case_id: Any) -> None:
        del self._kept.listings[case_id], self.store.heads[AGENCY, case_id]

    def drop_command(self, command_id: Any) -> None:
        del self._kept.commands[command_id]

    def set_command(self, command_id: Any, case_id: Any, first: Any, last: Any) -> None:
        rows = self._kept.cases[case_id][first - 1 : last]
        self._kept.commands[command_id] = tuple(rows)

    def drop_feed(self, position: Any) -> None:
        self._kept.feed[position - 1] = ("nowhere", 1)

    def swap_feed(self, one: Any, other: Any) -> None:
        feed = self._kept.feed
        feed[one - 1], feed[other - 1] = feed[other - 1], feed[one - 1]

    def kept(self) -> Any:
        agencies, heads = deepcopy(self.store._agencies), dict(self.store.heads)

        def put_back() -> None:
            self.store._agencies = deepcopy(agencies)
            self.store.heads = dict(heads)

        return put_back


class SQLRaw:
    """The raw rows of a SQL store, edited by statements of one's own."""

    def __init__(self, store: Any) -> None:
        self.store = store

    def _do(self, statement: Any, *values: Any) -> Any:
        return execute(self.store, statement, values)

    def rows(self, case_id: Any) -> Any:
        columns = ", ".join(StoredEvent._fields)
        wanted = "WHERE agency = ? AND case_id = ? ORDER BY number"
        found = self._do(f"SELECT {columns} FROM caseflow_events {wanted}", AGENCY, case_id)
        return [StoredEvent._make(row) for row in found]

    def put(self, case_id: Any, rows: Any) -> None:
        self._do("DELETE FROM caseflow_events WHERE agency = ? AND case_id = ?", AGENCY, case_id)
        columns, marks = ", ".join(StoredEvent._fields), ", ".join("?" * len(StoredEvent._fields))
        for row in (one._replace(case_id=case_id) for one in rows):  # else it is found elsewhere
            self._do(f"INSERT INTO caseflow_events ({columns}) VALUES ({marks})", *row)

    def set_head(self, case_id: Any, head: Any) -> None:
        self._case(case_id, version=head.version, hash=head.hash)

    def snapshot(self, case_id: Any) -> Any:
        return self.store.snapshot(AGENCY, case_id)

    def set_snapshot(self, case_id: Any, snapshot: Any) -> None:
        where = "WHERE agency = ? AND case_id = ?"
        values = (*snapshot, AGENCY, case_id)
        self._do(f"UPDATE caseflow_snapshots SET version = ?, text = ? {where}", *values)

    def listing(self, case_id: Any) -> Any:
        found = self.store.find(AGENCY, Query(), limit=1_000)
        return next(one.listing for one in found if one.case_id == case_id)

    def set_listing(self, case_id: Any, **columns: Any) -> None:
        keys = columns.pop("keys", None)
        if columns:
            self._case(case_id, **columns)
        if keys is None:
            return
        self._do("DELETE FROM caseflow_keys WHERE agency = ? AND case_id = ?", AGENCY, case_id)
        for name, value in keys:
            self._do(
                "INSERT INTO caseflow_keys (agency, name, value, opened, case_id)"
                " SELECT agency, ?, ?, opened, case_id FROM caseflow_cases"
                " WHERE agency = ? AND case_id = ?",
                *(name, value, AGENCY, case_id),
            )

    def _case(self, case_id: Any, **columns: Any) -> None:
        for name, value in columns.items():
            where = "WHERE agency = ? AND case_id = ?"
            self._do(f"UPDATE caseflow_cases SET {name} = ? {where}", value, AGENCY, case_id)

    def drop_subject(self, case_id: Any, subject: Any) -> None:
        where = "WHERE agency = ? AND case_id = ? AND subject = ?"
        self._do(f"DELETE FROM caseflow_subjects {where}", AGENCY, case_id, subject)

    def unlist(self, case_id: Any) -> None:
        self._do("DELETE FROM caseflow_cases WHERE agency = ? AND case_id = ?", AGENCY, case_id)

    def drop_command(self, command_id: Any) -> None:
        where = "WHERE agency = ? AND command_id = ?"
        self._do(f"DELETE FROM caseflow_commands {where}", AGENCY, command_id)

    def set_command(self, command_id: Any, case_id: Any, first: Any, last: Any) -> None:
        where = "WHERE agency = ? AND command_id = ?"
        values = (case_id, first, last, AGENCY, command_id)
        columns = "case_id = ?, first = ?, last = ?"
        self._do(f"UPDATE caseflow_commands SET {columns} {where}", *values)

    def drop_feed(self, position: Any) -> None:
        self.store.feed(AGENCY, limit=1)  # on PostgreSQL, what is written is in it only then
        where = "WHERE agency = ? AND position = ?"
        self._do(f"DELETE FROM caseflow_feed {where}", AGENCY, position)

    def swap_feed(self, one: Any, other: Any) -> None:
        self.store.feed(AGENCY, limit=1)
        for old, new in ((one, 0), (other, one), (0, other)):
            where = "WHERE agency = ? AND position = ?"
            self._do(f"UPDATE caseflow_feed SET position = ? {where}", new, AGENCY, old)

    def kept(self) -> Any:
        list(self.store.feed(AGENCY, limit=1))  # on PostgreSQL, what waits is in it only then
        postgres = self.store.engine.dialect.name == "postgresql"
        return self._kept_in_tables() if postgres else self._kept_in_memory()

    def _kept_in_memory(self) -> Any:
        copy = sqlite3.connect(":memory:")
        with connection_to(self.store) as connection:
            connection.backup(copy)

        def put_back() -> None:
            with connection_to(self.store) as connection:
                copy.backup(connection)

        return put_back

    def _kept_in_tables(self) -> Any:
        names = [table.name for table in self.store.tables.every]
        for name in names:
            self._do(f"CREATE TABLE kept_{name} AS SELECT * FROM {name}")
        back = [f"INSERT INTO {one} OVERRIDING SYSTEM VALUE TABLE kept_{one}" for one in names]

        def put_back() -> None:
            self._do("; ".join([f"TRUNCATE {', '.join(names)}", *back]))

        return put_back


def sqlite_raw() -> Any:
    """A new file. It is gone with the object."""
    folder = TemporaryDirectory()
    raw = SQLRaw(SQLStorage(f"sqlite:///{folder.name}/cases.db"))
    finalize(raw, folder.cleanup)
    return raw


SERVER: list[Any] = []
"""The database on which `postgres_raw` works: see conftest.py."""


def postgres_raw() -> Any:
    """The one database of this run, emptied."""
    if not SERVER[1:]:
        SERVER.append(SQLStorage(SERVER[0]))
    raw = SQLRaw(SERVER[1])
    every = ", ".join(table.name for table in raw.store.tables.every)
    raw._do(f"TRUNCATE {every} RESTART IDENTITY")
    return raw


RAWS = {"memory": MemoryRaw, "sqlite": sqlite_raw, "postgres": postgres_raw}
"""Per kind of store, what makes an empty one that can be edited."""


def carried_out(work: Any, store: Any, before: Any) -> Any:
    """What a piece of work returns, `before(call)` being done before each call on the store."""
    reply = None
    while True:
        try:
            call = work.send(reply)
        except StopIteration as done:
            return done.value
        before(call)
        reply = getattr(store, call.method)(*call.args, **call.kwargs)
