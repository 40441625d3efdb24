"""The stored form of an event: plain columns, and the hash that chains them.

This is the format of record, fixed before the first history was kept (docs/stability.md). A
store keeps these columns as they are; it needs to understand none of them but the keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from caseflow.kernel.errors import ChainBroken


class StoredEvent(NamedTuple):
    """One event as a store keeps it. Text columns hold text, moments in UTC, ISO 8601."""

    agency: str
    case_id: str
    number: int
    type: str
    type_version: int
    occurred_at: str
    recorded_at: str
    actor: str
    roles: str
    """A JSON list, sorted."""
    on_behalf_of: str | None
    reported_by: str | None
    """None where a cipher is in use: it is then sealed with the payload."""
    reason_code: str | None
    reason: str | None
    """Free text. None where a cipher is in use: it is then sealed with the payload."""
    transition: str | None
    stage: str | None
    noted: str
    """A JSON list of [rule, strength, outcome, exception, since]."""
    command_id: str | None
    fingerprint: str | None
    workflow: str
    workflow_version: str
    subject: str
    """Whose data it is; with a cipher, a pseudonym."""
    payload: str
    """A JSON object. With a cipher, what is personal is sealed (see `sealed`)."""
    previous_hash: str
    hash: str
    """SHA-256, as hexadecimal digits, over all columns before it (see `hash_of`)."""


GENESIS = ""
"""What the first event of a history has as its previous hash."""


def hash_of(columns: tuple[Any, ...]) -> str:
    """The hash of an event: over the JSON list of its columns, all but the hash itself."""
    return sha256(orjson.dumps(columns)).hexdigest()


def verify_chain(
    rows: Iterable[StoredEvent], *, after: int = 0, previous: str | None = GENESIS
) -> str:
    """Check one history, first event first, and return the hash of its last event.

    A part of a history begins after an event, whose number and hash are given (None: it is not
    known what the hash was).

    Raises `ChainBroken` naming the first event that was changed, inserted, swapped or whose
    predecessor is missing. A tail that was cut off is not seen here: compare the hash that
    is returned with one that was kept elsewhere.
    """
    for number, row in enumerate(rows, after + 1):
        if row.number != number:
            problem = f"stands where event {number} should"
        elif previous is not None and row.previous_hash != previous:
            problem = "does not follow from the event before it"
        elif not holds_hash(row):
            problem = "was changed after it was written"
        else:
            previous = row.hash
            continue
        raise ChainBroken(case_id=row.case_id, number=row.number, problem=problem)
    return previous or GENESIS


def holds_hash(row: StoredEvent) -> bool:
    """Whether an event is the one that its hash was taken over."""
    try:
        return hash_of(row[:-1]) == row.hash
    except TypeError:  # bytes, say, which no column was ever written with
        return False


def without_gap(case_id: str, rows: Sequence[StoredEvent], first: int) -> None:
    """See that the rows of a case are there, from a number on. Raises `ChainBroken`."""
    for row in rows:
        if row.case_id != case_id:
            problem = "belongs to another case"
            raise ChainBroken(case_id=case_id, number=row.number, problem=problem)
    if rows and rows[0].number == first and rows[-1].number == first + len(rows) - 1:
        return
    numbers = {row.number for row in rows}
    missing = next(n for n in range(first, first + len(rows) + 1) if n not in numbers)
    raise ChainBroken(case_id=case_id, number=missing, problem="is missing")
