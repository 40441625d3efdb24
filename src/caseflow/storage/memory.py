"""A store in memory: for tests and sketches, and to be read before writing another.

It keeps each case as a list of rows. A lock makes an append all or nothing for threads; a
real store uses a transaction in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from threading import Lock

import attrs

from caseflow.kernel.errors import CaseExists, CommandReused
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

BLANK = ("", 0)
"""A place of the feed at which nothing stands any more."""


class MemoryStorage:
    """Keeps everything until the process ends."""

    def __init__(self) -> None:
        self._agencies: dict[str, _Agency] = {}
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"MemoryStorage({sum(len(a.cases) for a in self._agencies.values())} cases)"

    # -- histories ---------------------------------------------------------------------------

    def head(self, agency: str, case_id: str, /) -> Head | None:
        """Where a case stands, or None where there is no such case."""
        rows = self._of(agency).cases.get(case_id)
        if not rows:
            return None
        last = rows[-1]  # looked at once: another thread may append in between
        return Head(last.number, last.hash)

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
        rows = self._of(agency).cases.get(case_id, [])[after:]  # number n stands at index n - 1
        return [row for row in rows if types is None or row.type in types]

    def append(self, unit: Unit, /) -> Appended:
        """Write a unit, or tell why not.

        The command is looked at first: a repeated one gets its first answer, wherever the
        case stands by now.
        """
        with self._lock:
            kept = self._agencies.setdefault(unit.agency, _Agency())
            if unit.command_id is not None and unit.command_id in kept.commands:
                return Appended.DUPLICATE
            if len(kept.cases.get(unit.case_id, ())) != unit.expected:
                return Appended.CONFLICT
            if any(kept.tokens.get((c.name, c.value), 0) != c.token for c in unit.counts):
                return Appended.CONFLICT
            kept.write(unit)
            return Appended.DONE

    def command(self, agency: str, command_id: str, /) -> Sequence[StoredEvent]:
        """The events that a command wrote, in order; empty where it is unknown."""
        return self._of(agency).commands.get(command_id, ())

    def snapshot(self, agency: str, case_id: str, /) -> Snapshot | None:
        """The newest snapshot of a case, if there is one."""
        return self._of(agency).snapshots.get(case_id)

    # -- the list of cases -------------------------------------------------------------------

    def find(
        self, agency: str, query: Query, /, *, after: Place | None = None, limit: int = 100
    ) -> Sequence[Found]:
        """At most `limit` cases, in the order of their opening, or of what is due."""
        with self._lock:
            kept = self._of(agency)
            listed = [
                Found(
                    case_id,
                    len(kept.cases[case_id]),
                    listing,
                    Place((listing.due_at or "") if query.due_by is not None else "", opened),
                )
                for opened, (case_id, listing) in enumerate(kept.listings.items(), 1)
                if query.case_id in (None, case_id)
                and _fits(query, listing, kept.subjects[case_id])
            ]
        listed.sort(key=lambda found: found.place)
        return [found for found in listed if after is None or found.place > after][:limit]

    def count(self, agency: str, name: str, value: str, /, *, besides: str = "") -> Count:
        """How many cases an index holds under a value, one case left out."""
        with self._lock:
            kept = self._of(agency)
            cases = sum(
                (name, value) in listing.keys and case_id != besides
                for case_id, listing in kept.listings.items()
            )
            return Count(name, value, cases, kept.tokens.get((name, value), 0))

    def tally(self, agency: str, name: str, /) -> Mapping[str, int]:
        """How many cases an index holds under each value."""
        with self._lock:
            listings = self._of(agency).listings.values()
            return Counter(value for one in listings for key, value in one.keys if key == name)

    def relist(
        self, agency: str, case_id: str, /, *, version: int, listing: Listing, forget: bool = False
    ) -> bool:
        """Put a listing in the place of a case's. False where it stands at another version."""
        with self._lock:
            kept = self._of(agency)
            if case_id not in kept.cases or len(kept.cases[case_id]) != version:
                return False
            kept.list(case_id, listing)
            if forget:
                kept.snapshots.pop(case_id, None)
            return True

    # -- the feed ----------------------------------------------------------------------------

    def feed(self, agency: str, /, *, after: int = 0, limit: int = 100) -> Sequence[FeedEntry]:
        """At most `limit` events after a position, in order."""
        kept = self._of(agency)
        shown = (
            FeedEntry(position, rows[number - 1])
            for position, (case_id, number) in enumerate(islice(kept.feed, after, None), after + 1)
            if 0
            < number
            <= len(rows := kept.cases.get(case_id, ()))  # what was lost is passed over
        )
        return list(islice(shown, limit))

    def checkpoint(self, agency: str, consumer: str, /) -> Checkpoint:
        """Where a consumer stands: at `Checkpoint()` before it has done any work."""
        return self._of(agency).consumers.get(consumer, Checkpoint())

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
        with self._lock:
            kept = self._agencies.setdefault(agency, _Agency())
            if kept.consumers.get(consumer, Checkpoint()) != expected:
                return False
            kept.moves += 1
            kept.consumers[consumer] = Checkpoint(position, kept.moves, workflow)
            return True

    def consumers(self, agency: str, /) -> Consumers:
        """The checkpoints of all consumers, and where the feed ends now."""
        with self._lock:
            kept = self._of(agency)
            return Consumers(len(kept.feed), dict(kept.consumers))

    def delete_consumer(self, agency: str, consumer: str, /) -> bool:
        """Delete a consumer's checkpoint, as if it had never worked. False where it has none."""
        with self._lock:
            return self._of(agency).consumers.pop(consumer, None) is not None

    # -- everything at once ------------------------------------------------------------------

    def agencies(self) -> Sequence[str]:
        """The agencies that have cases here, sorted."""
        return sorted(name for name, kept in self._agencies.items() if kept.cases)

    def restore(self, agency: str, histories: Iterable[History], /) -> int:
        """Write whole histories, all or none, and return how many events they hold."""
        units = [unit for history in histories for unit in _units(agency, history)]
        with self._lock:
            kept = self._agencies.get(agency, _Agency())
            cases, commands = set(kept.cases), set(kept.commands)
            for unit in units:
                if unit.expected == 0 and unit.case_id in cases:
                    raise CaseExists(case_id=unit.case_id)
                cases.add(unit.case_id)
                if unit.command_id is not None:
                    if unit.command_id in commands:
                        raise CommandReused(command_id=unit.command_id, case_id=unit.case_id)
                    commands.add(unit.command_id)
            for unit in units:
                kept.write(unit)
            if units:
                self._agencies[agency] = kept
        return sum(len(unit.events) for unit in units)

    def mend(self, agency: str, history: History, /, *, head: Head | None) -> bool:
        """Put a whole history in the place of all that is kept of its case."""
        case_id, units = history.case_id, list(_units(agency, history))
        with self._lock:
            if self.head(agency, case_id) != head:
                return False
            kept = self._agencies.setdefault(agency, _Agency())
            others = {id: rows for id, rows in kept.commands.items() if rows[0].case_id != case_id}
            taken = set(others)
            for unit in units:
                if unit.command_id is None:
                    continue
                if unit.command_id in taken:
                    raise CommandReused(command_id=unit.command_id, case_id=case_id)
                taken.add(unit.command_id)
            kept.commands = others
            there = {row.number for row in kept.cases.get(case_id, ())}
            kept.cases[case_id], kept.subjects[case_id] = [], set()
            kept.snapshots.pop(case_id, None)
            before = [one if one[0] != case_id or one[1] in there else BLANK for one in kept.feed]
            for unit in units:
                kept.write(unit)
            kept.feed = before
            kept.put_back([case_id])
            return True

    def loose_ends(self, agency: str, /, *, mend: bool = False) -> Sequence[Loose]:
        """What does not fit the rest of the store."""
        with self._lock:
            kept = self._of(agency)
            found = list(kept.loose_ends())
            for one in found if mend else ():
                if one.kind == "subject":
                    kept.subjects[one.case_id].discard(one.name)
                elif one.kind == "unheld":
                    kept.subjects.setdefault(one.case_id, set()).add(one.name)
                elif one.kind == "snapshot":
                    del kept.snapshots[one.case_id]
            if mend:
                kept.put_back(kept.listings)
            return found

    def _of(self, agency: str) -> _Agency:
        return self._agencies.get(agency) or _Agency()


@attrs.define(eq=False)
class _Agency:
    """Everything of one agency."""

    cases: dict[str, list[StoredEvent]] = attrs.Factory(dict)
    listings: dict[str, Listing] = attrs.Factory(dict)
    subjects: dict[str, set[str]] = attrs.Factory(dict)
    snapshots: dict[str, Snapshot] = attrs.Factory(dict)
    commands: dict[str, tuple[StoredEvent, ...]] = attrs.Factory(dict)
    feed: list[tuple[str, int]] = attrs.Factory(list)
    consumers: dict[str, Checkpoint] = attrs.Factory(dict)
    moves: int = 0
    """How often a checkpoint was moved: each move has a token of its own."""
    tokens: dict[tuple[str, str], int] = attrs.Factory(dict)

    def loose_ends(self) -> Iterable[Loose]:
        """What does not fit. Keys and places stand in the list itself here, and have no ends."""
        for case_id, rows in self.cases.items():
            if rows and case_id not in self.listings:
                yield Loose("history", case_id, "", rows[-1].number)
        for command_id, (first, *_) in self.commands.items():
            if not any(
                (row.number, row.command_id) == (first.number, command_id)
                for row in self.cases.get(first.case_id, ())
            ):
                yield Loose("command", first.case_id, command_id, first.number)
        for case_id in {*self.subjects, *self.cases}:
            wanted = {row.subject for row in self.cases.get(case_id, ())}
            held = self.subjects.get(case_id, set())
            yield from (Loose("subject", case_id, name) for name in sorted(held - wanted))
            yield from (Loose("unheld", case_id, name) for name in sorted(wanted - held))
        for case_id, snapshot in self.snapshots.items():
            if case_id not in self.listings:
                yield Loose("snapshot", case_id, "", snapshot.version)
        yield from self._loose_in_the_feed()

    def _loose_in_the_feed(self) -> Iterable[Loose]:
        events = {(row.case_id, row.number) for rows in self.cases.values() for row in rows}
        before: dict[str, int] = {}
        for position, (case_id, number) in enumerate(self.feed, 1):
            if (case_id, number) == BLANK:
                continue
            if (case_id, number) not in events:
                yield Loose("fed", case_id, "", position)
            if number != before.get(case_id, 0) + 1:
                yield Loose("order", case_id, "", position)
            before[case_id] = number
        for case_id, number in sorted(events - set(self.feed)):
            yield Loose("unfed", case_id, "", number)
        for name, (position, *_) in self.consumers.items():
            if not 0 <= position <= len(self.feed):
                yield Loose("consumer", "", name, position)

    def put_back(self, case_ids: Iterable[str]) -> None:
        """Show the events of cases in order: where they are already, or else at the end.

        Of a case that lacks an event nothing is done: it is mended first.
        """
        ends = {one: len(self.cases[one]) for one in case_ids}
        whole = [one for one, end in ends.items() if end and self.cases[one][-1].number == end]
        upcoming, times = dict.fromkeys(whole, 1), Counter(self.feed)
        for index, (case_id, number) in enumerate(self.feed):
            is_next = case_id in upcoming and number == upcoming[case_id] <= ends[case_id]
            if is_next and times[case_id, number] == 1:  # of two, nobody knows the genuine one
                upcoming[case_id] += 1
            elif case_id in upcoming or case_id not in self.cases:
                self.feed[index] = BLANK
        for case_id, first in upcoming.items():
            self.feed.extend((case_id, number) for number in range(first, ends[case_id] + 1))

    def write(self, unit: Unit) -> None:
        """Write a unit that nothing speaks against."""
        self.cases.setdefault(unit.case_id, []).extend(unit.events)
        self.feed.extend((unit.case_id, event.number) for event in unit.events)
        if unit.drop_snapshot:
            self.snapshots.pop(unit.case_id, None)
        if unit.snapshot is not None:
            self.snapshots[unit.case_id] = Snapshot(unit.events[-1].number, unit.snapshot)
        if unit.command_id is not None:
            self.commands[unit.command_id] = unit.events
        self.subjects.setdefault(unit.case_id, set()).update(unit.subjects)
        if unit.listing is not None:
            self.list(unit.case_id, unit.listing)

    def list(self, case_id: str, listing: Listing) -> None:
        """List a case anew. A count whose cases change gets another token."""
        before = self.listings.get(case_id)
        self.listings[case_id] = listing
        for key in set(listing.keys) ^ set(before.keys if before else ()):
            self.tokens[key] = self.tokens.get(key, 0) + 1


def _fits(query: Query, listing: Listing, subjects: set[str]) -> bool:
    for wanted, found in (
        (query.workflow, listing.workflow),
        (query.workflow_version, listing.workflow_version),
        (query.stage, listing.stage),
        (query.client, listing.client),
        (query.ended, listing.ended),
    ):
        if wanted is not None and wanted != found:
            return False
    if query.subject is not None and query.subject not in subjects:
        return False
    if query.key is not None and query.key not in listing.keys:
        return False
    if query.due_by is None:
        return True
    return listing.due_at is not None and listing.due_at <= query.due_by


def _units(agency: str, history: History) -> Iterable[Unit]:
    """A history as the units it was written in: events in a row with one command id."""
    unit: list[StoredEvent] = []
    for event in history.events:
        if unit and (event.command_id is None or event.command_id != unit[-1].command_id):
            yield _unit(agency, history, unit)
            unit = []
        unit.append(event)
    if unit:
        yield _unit(agency, history, unit)


def _unit(agency: str, history: History, events: list[StoredEvent]) -> Unit:
    first = events[0]
    return Unit(
        agency,
        history.case_id,
        first.number - 1,
        tuple(events),
        first.command_id,
        listing=history.listing,
        subjects=history.subjects,
    )
