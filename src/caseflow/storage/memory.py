"""A store in memory: for tests and sketches, and to be read before writing a third.

It keeps each case as a list of rows. A lock makes an append all or nothing for threads; a
real store uses a transaction in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock

from caseflow.kernel.stored import StoredEvent
from caseflow.storage.port import Appended, Head, Unit


class MemoryStorage:
    """Keeps everything until the process ends."""

    def __init__(self) -> None:
        self._cases: dict[tuple[str, str], list[StoredEvent]] = {}
        self._snapshots: dict[tuple[str, str], tuple[int, str]] = {}
        self._commands: dict[tuple[str, str], tuple[StoredEvent, ...]] = {}
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"MemoryStorage({len(self._cases)} cases)"

    def head(self, agency: str, case_id: str, /) -> Head | None:
        """Where a case stands, or None where there is no such case."""
        rows = self._cases.get((agency, case_id))
        if not rows:
            return None
        version, snapshot = self._snapshots.get((agency, case_id), (0, None))
        last = rows[-1]  # looked at once: another thread may append in between
        return Head(last.number, last.hash, version, snapshot)

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
        rows = self._cases.get((agency, case_id), [])[after:]  # number n stands at index n - 1
        return [row for row in rows if types is None or row.type in types]

    def append(self, unit: Unit, /) -> Appended:
        """Write a unit, or tell why not.

        The command is looked at first: a repeated one gets its first answer, wherever the
        case stands by now.
        """
        key = (unit.agency, unit.case_id)
        with self._lock:
            command = (unit.agency, unit.command_id) if unit.command_id is not None else None
            if command in self._commands:
                return Appended.DUPLICATE
            if len(self._cases.get(key, ())) != unit.expected:
                return Appended.CONFLICT
            self._cases.setdefault(key, []).extend(unit.events)
            if unit.drop_snapshot:
                self._snapshots.pop(key, None)
            if unit.snapshot is not None:
                self._snapshots[key] = (unit.events[-1].number, unit.snapshot)
            if command is not None:
                self._commands[command] = unit.events
            return Appended.DONE

    def command(self, agency: str, command_id: str, /) -> Sequence[StoredEvent]:
        """The events that a command wrote, in order; empty where it is unknown."""
        return self._commands.get((agency, command_id), ())

    def case_ids(self, agency: str, /) -> Iterable[str]:
        """The ids of all cases of an agency, in the order of their opening."""
        return [case_id for owner, case_id in list(self._cases) if owner == agency]
