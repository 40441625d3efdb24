"""What the port asks of a store, as work on one connection to a database.

Where that connection comes from, and whose transaction it is in, is known to `store.py` (the
store's own) and `joined.py` (the application's).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from caseflow.kernel.errors import CaseExists, ChainBroken, short
from caseflow.kernel.recorded import quickly
from caseflow.kernel.stored import StoredEvent
from caseflow.storage.port import (
    Appended,
    Checkpoint,
    Consumers,
    Count,
    FeedEntry,
    Found,
    Head,
    History,
    Listing,
    Loose,
    Place,
    Query,
    Snapshot,
    Unit,
)
from caseflow.storage.sql import feed, fitting, lists, placing, restoring, writing
from caseflow.storage.sql import statements as sql
from caseflow.storage.sql.odd import a_number, readable
from caseflow.storage.sql.statements import Scope, Statements

T = TypeVar("T")


class SQLVerbs(ABC):
    """The methods of the port. Each is one piece of work, handed to a connection."""

    def __init__(self, prepared: Statements) -> None:
        self.tables = prepared.tables
        self._dialect = prepared.dialect
        self._prepared = prepared

    @abstractmethod
    def _read(self, action: str, work: Callable[[Any], T]) -> T:
        """Do work that only reads on a driver's connection. It may be done twice."""

    @abstractmethod
    def _write(self, action: str, work: Callable[[Any], T]) -> T:
        """Do work that writes, all or nothing, on a driver's connection."""

    @abstractmethod
    def _append(self, unit: Unit) -> Appended:
        """Write a unit."""

    @property
    @abstractmethod
    def _scope(self) -> Scope:
        """How a piece of work is made all or nothing here."""

    # -- histories ---------------------------------------------------------------------------

    def head(self, agency: str, case_id: str, /) -> Head | None:
        """Where a case stands, or None where there is no such case."""
        statement = self._prepared(sql.HEAD)

        def work(connection: Any) -> Head | None:
            row = connection.execute(statement, (agency, case_id)).fetchone()
            return _head(case_id, row) if row else None

        return self._read("read a case", work)

    def read(
        self,
        agency: str,
        case_id: str,
        /,
        *,
        after: int = 0,
        types: Sequence[str] | None = None,
    ) -> Sequence[StoredEvent]:
        """The events after a number, in order; of the named types only, where given."""
        if types is not None and not types:
            return []
        text = sql.READ
        given: list[Any] = [agency, case_id]
        if after:
            text, given = f"{text} AND number > ?", [*given, after]
        if types is not None:
            text, given = f"{text} AND type IN ({', '.join('?' * len(types))})", [*given, *types]
        statement = self._prepared(f"{text} ORDER BY number")

        def work(connection: Any) -> Sequence[StoredEvent]:
            return _events(connection.execute(statement, given).fetchall())

        return self._read("read a history", work)

    def append(self, unit: Unit, /) -> Appended:
        """Write a unit, or tell why not."""
        return self._append(unit)

    def command(self, agency: str, command_id: str, /) -> Sequence[StoredEvent]:
        """The events that a command wrote, in order; empty where it is unknown.

        Raises `ChainBroken` where its row tells of events that are not there.
        """
        lookup = self._prepared(sql.COMMAND)
        history = self._prepared(f"{sql.READ} AND number BETWEEN ? AND ? ORDER BY number")

        def work(connection: Any) -> Sequence[StoredEvent]:
            found = connection.execute(lookup, (agency, command_id)).fetchone()
            if found is None:
                return ()
            rows = _events(connection.execute(history, (agency, *found)).fetchall())
            _see_that_all_are_there(command_id, found, rows)
            return rows

        return self._read("look up a command", work)

    def snapshot(self, agency: str, case_id: str, /) -> Snapshot | None:
        """The newest snapshot of a case, if there is one."""
        statement = self._prepared(sql.SNAPSHOT)

        def work(connection: Any) -> Snapshot | None:
            row = connection.execute(statement, (agency, case_id)).fetchone()
            return Snapshot(a_number(row[0]), readable(row[1])) if row else None

        return self._read("read a snapshot", work)

    # -- the list of cases -------------------------------------------------------------------

    def find(
        self, agency: str, query: Query, /, *, after: Place | None = None, limit: int = 100
    ) -> Sequence[Found]:
        """At most `limit` cases, in the order of their opening, or of what is due."""
        by_due = query.due_by is not None
        page = lists.selecting(self.tables, agency, query, after, limit)
        wanted = lists.with_keys(self.tables, agency, page, self._dialect, by_due=by_due)

        def work(connection: Any) -> Sequence[Found]:
            return lists.found(lists.rows_of(connection, self._prepared, wanted), by_due=by_due)

        return self._read("list the cases", work)

    def count(self, agency: str, name: str, value: str, /, *, besides: str = "") -> Count:
        """How many cases an index holds under a value, one case left out."""

        def work(connection: Any) -> Count:
            return lists.count(connection, self._prepared, agency, name, value, besides)

        return self._read("count cases", work)

    def tally(self, agency: str, name: str, /) -> Mapping[str, int]:
        """How many cases an index holds under each value."""

        def work(connection: Any) -> Mapping[str, int]:
            return lists.tally(connection, self._prepared, agency, name)

        return self._read("count cases", work)

    def relist(
        self, agency: str, case_id: str, /, *, version: int, listing: Listing, forget: bool = False
    ) -> bool:
        """Put a listing in the place of a case's. False where it stands at another version."""

        def work(connection: Any) -> bool:
            return lists.relist(
                connection,
                self._prepared,
                self._scope,
                agency,
                case_id,
                version=version,
                listing=listing,
                forget=forget,
            )

        return self._write("list a case anew", work)

    # -- the feed ----------------------------------------------------------------------------

    def feed(self, agency: str, /, *, after: int = 0, limit: int = 100) -> Sequence[FeedEntry]:
        """At most `limit` events after a position, in order."""

        def work(connection: Any) -> Sequence[FeedEntry]:
            return feed.read(connection, self._prepared, agency, after, limit)

        self._sequence(agency)
        return self._read("read the feed", work)

    def _sequence(self, agency: str) -> None:
        """Give positions to what is committed, where appending does not give them."""
        if self._prepared.postgres:
            self._read(
                "put events into the feed",
                lambda connection: feed.sequence(connection, self._prepared, agency),
            )

    def checkpoint(self, agency: str, consumer: str, /) -> Checkpoint:
        """Where a consumer stands: at `Checkpoint()` before it has done any work."""

        def work(connection: Any) -> Checkpoint:
            return feed.checkpoint(connection, self._prepared, agency, consumer)

        return self._read("read a checkpoint", work)

    def advance(
        self,
        agency: str,
        consumer: str,
        /,
        *,
        expected: Checkpoint,
        position: int,
        workflow: str = "",
    ) -> bool:
        """Move a consumer's checkpoint, and keep the workflow with it that it is of.

        False where it is not `expected`.
        """

        def work(connection: Any) -> bool:
            return feed.advance(
                connection,
                self._prepared,
                self._scope,
                agency,
                consumer,
                expected=expected,
                position=position,
                workflow=workflow,
            )

        return self._write("move a checkpoint", work)

    def consumers(self, agency: str, /) -> Consumers:
        """The checkpoints of all consumers, and where the feed ends now."""

        def work(connection: Any) -> Consumers:
            return feed.consumers(connection, self._prepared, agency)

        self._sequence(agency)
        return self._read("list the consumers", work)

    def delete_consumer(self, agency: str, consumer: str, /) -> bool:
        """Delete a consumer's checkpoint, as if it had never worked. False where it has none."""
        statement = self._prepared(sql.DELETE_CONSUMER)

        def work(connection: Any) -> bool:
            with writing.all_or_nothing(connection, self._scope):
                deleted: int = connection.execute(statement, (agency, consumer)).rowcount
            return deleted == 1

        return self._write("delete a consumer", work)

    # -- everything at once ------------------------------------------------------------------

    def agencies(self) -> Sequence[str]:
        """The agencies that have cases here, sorted."""
        statement = self._prepared(sql.AGENCIES)

        def work(connection: Any) -> Sequence[str]:
            names = {readable(name) for (name,) in connection.execute(statement).fetchall()}
            return sorted(names)

        return self._read("list the agencies", work)

    def restore(self, agency: str, histories: Iterable[History], /) -> int:
        """Write whole histories, all or none, and return how many events they hold."""

        def work(connection: Any) -> int:
            with writing.all_or_nothing(connection, self._scope):
                return restoring.restore(connection, self._prepared, agency, histories)

        return self._write("import histories", work)

    def mend(self, agency: str, history: History, /, *, head: Head | None) -> bool:
        """Put a whole history in the place of all that is kept of its case."""

        def work(connection: Any) -> bool:
            try:
                with writing.all_or_nothing(connection, self._scope):
                    return restoring.mend(connection, self._prepared, agency, history, head)
            except CaseExists:
                return False

        return self._write("mend a history", work)

    def loose_ends(self, agency: str, /, *, mend: bool = False) -> Sequence[Loose]:
        """What does not fit the rest of the store."""

        def look(connection: Any) -> Sequence[Loose]:
            return fitting.loose_ends(connection, self._prepared, agency)

        def put_right(connection: Any) -> None:
            with writing.all_or_nothing(connection, self._scope):
                fitting.mend(connection, self._prepared, agency)
                placing.put_back(connection, self._prepared, agency)

        found = self._read("look for what does not fit", look)
        if mend and found:  # else nobody is kept from the feed, or from writing, for nothing
            self._write("put right what does not fit", put_right)
        return found


def _events(rows: Iterable[tuple[Any, ...]]) -> list[StoredEvent]:
    """The events of rows that have all their columns, in order."""
    return [quickly(StoredEvent, row) for row in rows]


def _head(case_id: str, row: tuple[Any, ...]) -> Head:
    """Where a case stands, as its row says it: SQLite keeps any value in any column."""
    head = Head._make(row)
    if type(head.version) is not int or type(head.hash) is not str:
        problem = f"is of a case whose row says event {short(row[0])} and hash {short(row[1])}"
        raise ChainBroken(case_id=case_id, number=1, problem=problem, repair=_ROW)
    return head


def _see_that_all_are_there(
    command_id: str, found: tuple[Any, Any, Any], rows: Sequence[StoredEvent]
) -> None:
    """See that the row of a command tells of events that are there. Raises `ChainBroken`."""
    case_id, first, last = found
    if type(first) is type(last) is int and 0 < len(rows) == last - first + 1:
        return
    number = rows[-1].number + 1 if rows and rows[0].number == first else a_number(first)
    problem = f"is missing, which command {command_id!r} is said to have written"
    raise ChainBroken(case_id=readable(case_id), number=number, problem=problem)


_ROW = (
    "Put the row of the case in caseflow_cases right: the number of its last event, and its hash. "
    "See docs/howto-verify.md."
)
