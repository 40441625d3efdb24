"""Rows and units for the contract: to a store, nearly every column is only text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from caseflow.kernel.stored import StoredEvent
from caseflow.storage.port import History, Listing, Unit

MOMENT = "2026-03-02T09:00:00.000000+00:00"
NORTH, SOUTH = "north", "south"
"""Two agencies, of which neither sees what the other's is."""


def row(
    number: int,
    *,
    agency: str = NORTH,
    case_id: str = "R-1",
    kind: str = "paid",
    command_id: str | None = None,
    payload: str = "{}",
) -> StoredEvent:
    """One event, as a store is given it."""
    return StoredEvent(
        agency,
        case_id,
        number,
        kind,
        1,
        MOMENT,
        MOMENT,
        "ana",
        "[]",
        None,
        None,
        None,
        None,
        None,
        None,
        "[]",
        command_id,
        None,
        "repair-shop",
        "1",
        "customer-1",
        payload,
        f"hash-{number - 1}",
        f"hash-{number}",
    )


def listing(
    *,
    client: str = "customer-1",
    workflow: str = "repair-shop",
    workflow_version: str = "1",
    stage: str = "intake",
    ended: bool = False,
    due_at: str | None = None,
    keys: Iterable[tuple[str, str]] = (),
) -> Listing:
    """What the list says of a case."""
    held = tuple(sorted(set(keys)))
    return Listing(client, workflow, workflow_version, stage, stage, ended, due_at, held)


def unit(expected: int, *rows: StoredEvent, command_id: str | None = None, **given: Any) -> Unit:
    """A unit of rows after a version (without rows: one row). One that opens a case lists it."""
    rows = rows or (row(expected + 1),)
    if command_id is not None:
        rows = tuple(one._replace(command_id=command_id) for one in rows)
    if expected == 0:
        given.setdefault("listing", listing())
    return Unit(rows[0].agency, rows[0].case_id, expected, rows, command_id, **given)


def opening(case_id: str, *, agency: str = NORTH, **given: Any) -> Unit:
    """A unit that opens a case with one event."""
    return unit(0, row(1, agency=agency, case_id=case_id), **given)


def several(case_id: str, first: int, last: int, *, agency: str = NORTH) -> tuple[StoredEvent, ...]:
    """The events of a case from one number to another, of two kinds in turn."""
    return tuple(
        row(number, agency=agency, case_id=case_id, kind="paid" if number % 2 else "moved")
        for number in range(first, last + 1)
    )


def history(case_id: str, *commands: tuple[str | None, int], agency: str = NORTH) -> History:
    """A history made of units: the command id of each, and how many events it wrote."""
    events: list[StoredEvent] = []
    for command_id, count in commands:
        numbers = range(len(events) + 1, len(events) + count + 1)
        events += [
            row(number, agency=agency, case_id=case_id, command_id=command_id) for number in numbers
        ]
    return History(case_id, events, listing(client=f"client-of-{case_id}"), (f"s-{case_id}",))
