"""The storage port: what caseflow asks of a store. One screen; `memory.py` is the example.

A store keeps rows (`StoredEvent`) and hands them back as they were. It judges nothing and
calls nothing back. What it has to promise:

- `append` is all or nothing: the events, the snapshot and the command id of a unit.
- Of several writers at one version exactly one gets `Appended.DONE`.
- What was acknowledged is durable, at the level the store states.
- Agencies never see each other's rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from caseflow.kernel.stored import StoredEvent


class Head(NamedTuple):
    """Where a case stands in the store: the last event, and the newest snapshot if any."""

    version: int
    hash: str
    snapshot_version: int = 0
    snapshot: str | None = None


class Unit(NamedTuple):
    """What is appended in one piece. `expected` is the version it was decided on (0: none)."""

    agency: str
    case_id: str
    expected: int
    events: tuple[StoredEvent, ...]
    command_id: str | None = None
    snapshot: str | None = None
    """A snapshot at the version after this unit; None: none was taken."""
    drop_snapshot: bool = False
    """The unit amends the history: a snapshot taken before it no longer holds."""


class Appended(Enum):
    """What became of an append."""

    DONE = "done"
    CONFLICT = "conflict"
    """The case does not stand at the expected version."""
    DUPLICATE = "duplicate"
    """The command id was used before, in this agency."""


class Storage(Protocol):
    """A store for one or more agencies. Raises `StoreError` where it fails, having done nothing."""

    def head(self, agency: str, case_id: str, /) -> Head | None:
        """Where a case stands, or None where there is no such case."""
        ...

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
        ...

    def append(self, unit: Unit, /) -> Appended:
        """Write a unit, or tell why not."""
        ...

    def command(self, agency: str, command_id: str, /) -> Sequence[StoredEvent]:
        """The events that a command wrote, in order; empty where it is unknown."""
        ...

    def case_ids(self, agency: str, /) -> Iterable[str]:
        """The ids of all cases of an agency, in the order of their opening."""
        ...


class AsyncStorage(Protocol):
    """The same, for stores whose driver is asynchronous."""

    async def head(self, agency: str, case_id: str, /) -> Head | None:
        """As `Storage.head`."""
        ...

    async def read(
        self,
        agency: str,
        case_id: str,
        /,
        *,
        after: int = 0,
        types: Sequence[str] | None = None,
    ) -> Sequence[StoredEvent]:
        """As `Storage.read`."""
        ...

    async def append(self, unit: Unit, /) -> Appended:
        """As `Storage.append`."""
        ...

    async def command(self, agency: str, command_id: str, /) -> Sequence[StoredEvent]:
        """As `Storage.command`."""
        ...

    async def case_ids(self, agency: str, /) -> Iterable[str]:
        """As `Storage.case_ids`."""
        ...
