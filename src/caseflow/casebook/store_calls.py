"""The calls on a store as values: what the middle asks for, and the shells carry out."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from caseflow.kernel.stored import StoredEvent
from caseflow.storage.port import Appended, Head, Unit

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


def case_ids(agency: str) -> Work[Iterable[str]]:
    """The ids of all cases."""
    ids: Iterable[str] = yield StoreCall("case_ids", (agency,), {})
    return ids
