"""The calls on a store as values: what the middle asks for, and the shells carry out."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

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

T = TypeVar("T")


class StoreCall(NamedTuple):
    """A call to carry out on the store: the name of its method, and the arguments."""

    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


Work = Generator[StoreCall, Any, T]
"""A piece of work that needs the store: it yields calls, is sent their results, returns a T."""


def head(agency: str, case_id: str) -> Work[Head | None]:
    """Where a case stands."""
    found: Head | None = yield StoreCall("head", (agency, case_id), {})
    return found


def read(
    agency: str, case_id: str, *, after: int = 0, types: Sequence[str] | None = None
) -> Work[Sequence[StoredEvent]]:
    """The events after a number."""
    options = {"after": after, "types": types}
    rows: Sequence[StoredEvent] = yield StoreCall("read", (agency, case_id), options)
    return rows


def append(unit: Unit) -> Work[Appended]:
    """Write a unit."""
    appended: Appended = yield StoreCall("append", (unit,), {})
    return appended


def command(agency: str, command_id: str) -> Work[Sequence[StoredEvent]]:
    """The events that a command wrote."""
    rows: Sequence[StoredEvent] = yield StoreCall("command", (agency, command_id), {})
    return rows


def snapshot(agency: str, case_id: str) -> Work[Snapshot | None]:
    """The newest snapshot of a case."""
    found: Snapshot | None = yield StoreCall("snapshot", (agency, case_id), {})
    return found


def find(
    agency: str, query: Query, *, after: Place | None = None, limit: int
) -> Work[Sequence[Found]]:
    """One page of the list of cases."""
    options = {"after": after, "limit": limit}
    found: Sequence[Found] = yield StoreCall("find", (agency, query), options)
    return found


def count(agency: str, name: str, value: str, *, besides: str = "") -> Work[Count]:
    """How many cases an index holds under a value."""
    found: Count = yield StoreCall("count", (agency, name, value), {"besides": besides})
    return found


def tally(agency: str, name: str) -> Work[Mapping[str, int]]:
    """How many cases an index holds under each value."""
    found: Mapping[str, int] = yield StoreCall("tally", (agency, name), {})
    return found


def relist(
    agency: str, case_id: str, *, version: int, listing: Listing, forget: bool = False
) -> Work[bool]:
    """Put a listing in the place of a case's."""
    options = {"version": version, "listing": listing, "forget": forget}
    done: bool = yield StoreCall("relist", (agency, case_id), options)
    return done


def feed(agency: str, *, after: int, limit: int) -> Work[Sequence[FeedEntry]]:
    """Events after a position of the feed."""
    options = {"after": after, "limit": limit}
    entries: Sequence[FeedEntry] = yield StoreCall("feed", (agency,), options)
    return entries


def checkpoint(agency: str, consumer: str) -> Work[Checkpoint]:
    """Where a consumer stands."""
    found: Checkpoint = yield StoreCall("checkpoint", (agency, consumer), {})
    return found


def advance(
    agency: str, consumer: str, *, expected: Checkpoint, position: int, workflow: str
) -> Work[bool]:
    """Move a consumer's checkpoint."""
    options = {"expected": expected, "position": position, "workflow": workflow}
    done: bool = yield StoreCall("advance", (agency, consumer), options)
    return done


def consumers(agency: str) -> Work[Consumers]:
    """Where all consumers stand."""
    found: Consumers = yield StoreCall("consumers", (agency,), {})
    return found


def delete_consumer(agency: str, consumer: str) -> Work[bool]:
    """Delete a consumer's checkpoint."""
    done: bool = yield StoreCall("delete_consumer", (agency, consumer), {})
    return done


def restore(agency: str, histories: Iterable[History]) -> Work[int]:
    """Write whole histories."""
    written: int = yield StoreCall("restore", (agency, histories), {})
    return written


def mend(agency: str, history: History, *, head: Head | None) -> Work[bool]:
    """Put a whole history in the place of a case's."""
    done: bool = yield StoreCall("mend", (agency, history), {"head": head})
    return done


def loose_ends(agency: str, *, mend: bool = False) -> Work[Sequence[Loose]]:
    """What does not fit the rest of the store."""
    found: Sequence[Loose] = yield StoreCall("loose_ends", (agency,), {"mend": mend})
    return found
