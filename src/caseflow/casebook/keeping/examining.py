"""Examining one case: what is wrong with its history, and with what is derived of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from caseflow.casebook import store_calls
from caseflow.casebook.keeping import findings
from caseflow.casebook.keeping.findings import Finding
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import Case, fold
from caseflow.kernel.codec import Codec
from caseflow.kernel.errors import ChainBroken, short
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.stored import StoredEvent, verify_chain
from caseflow.storage.port import Found, Head, Listing, Snapshot


class Stored(NamedTuple):
    """All that a store has of one case, read so that a writer in between does no harm."""

    rows: Sequence[StoredEvent]
    before: Head | None
    """Where the case ended before the rows were read."""
    head: Head | None
    """And after that, where there are more of them than it told of."""
    snapshot: Snapshot | None


def stored_of(agency: str, case_id: str) -> Work[Stored]:
    """What the store has of a case. The order of reading matters: see `end`."""
    snapshot = yield from store_calls.snapshot(agency, case_id)
    before = head = yield from store_calls.head(agency, case_id)
    rows = yield from store_calls.read(agency, case_id)
    if len(rows) > (head.version if head else 0):  # somebody wrote in between, or forged it
        head = yield from store_calls.head(agency, case_id)
    return Stored(rows, before, head, snapshot)


def whole(agency: str, case_id: str, stored: Stored) -> None:
    """See that a history holds, and ends where the store says. Raises `ChainBroken`."""
    fault = chain(agency, case_id, stored.rows) or end(case_id, stored)
    if fault is not None:
        problem = "does not hold (see verify)"
        raise ChainBroken(case_id=case_id, number=fault.number or 1, problem=problem)


class Folded:
    """The case at any of its versions, folded once where the same one is asked for again."""

    def __init__(self, history: Sequence[AnyRecorded], state: Callable[[], Any]) -> None:
        self._history = history
        self._state = state
        self._cases: dict[int, Case[Any]] = {}

    def at(self, version: int) -> Case[Any] | None:
        """The case after an event; None where it has no such event."""
        if not 0 < version <= len(self._history):
            return None
        if version not in self._cases:
            self._cases[version] = fold(self._history[:version], self._state())
        return self._cases[version]


def chain(agency: str, case_id: str, rows: Sequence[StoredEvent]) -> Finding | None:
    """What is wrong inside a history."""
    for number, row in enumerate(rows, 1):
        if (row.agency, row.case_id) != (agency, case_id):
            return findings.broken(case_id, number, "belongs to another case")
    try:
        verify_chain(rows)
    except ChainBroken as error:
        return findings.unreadable(error)
    return None


NO_EVENTS = (
    "Put it right with mend(), from an export that holds it; if there was never such a case, "
    "delete its row from caseflow_cases. See docs/howto-verify.md."
)


def end(case_id: str, stored: Stored) -> Finding | None:
    """What is wrong with the end of a history, as the store knows of it.

    The end that was read before the events has to be among them, and that read after them is
    not before any of them, whoever writes at the same time.
    """
    rows, before, after = stored.rows, stored.before, stored.head
    if not rows:
        return findings.broken(case_id, 1, "is missing", repair=NO_EVENTS)
    if len(rows) < (before.version if before else 0):
        return findings.broken(case_id, len(rows) + 1, "is missing")
    version = after.version if after else 0
    if len(rows) > version:
        return findings.broken(case_id, version + 1, "stands after the last that was written")
    for head in (before, after):
        if head and 0 < head.version <= len(rows) and rows[head.version - 1].hash != head.hash:
            problem = "is not the last event that was written"
            return findings.broken(case_id, head.version, problem)
    return None


def commands(agency: str, case_id: str, rows: Sequence[StoredEvent]) -> Work[list[Finding]]:
    """Whether the store answers each command with what it wrote."""
    units: dict[str, list[StoredEvent]] = {}
    for row in rows:
        if row.command_id is not None:
            units.setdefault(row.command_id, []).append(row)
    for command_id, unit in units.items():
        try:
            answer = yield from store_calls.command(agency, command_id)
        except ChainBroken:  # it is said to have written what is not there
            answer = ()
        if list(answer) != unit:
            return [findings.command(case_id, unit[0].number, command_id)]
    return []


def snapshot(
    codec: Codec, state: type[Any], folded: Folded, kept: Snapshot | None
) -> Literal["holds", "differs", "unused"]:
    """Compare a snapshot with the history: nobody else does, and cases are loaded by it."""
    if kept is None:
        return "holds"
    case = codec.decode_case(kept.text, state)
    if case is None and codec.made_otherwise(kept.text, state):
        return "unused"
    return "holds" if case is not None and case == folded.at(kept.version) else "differs"


def listing(case_id: str, listed: Found, wanted: Listing) -> list[Finding]:
    """Compare what the list says of a case with what its history says."""
    for field, found, right in zip(wanted._fields, listed.listing, wanted, strict=True):
        if found != right:
            problem = (
                f"says {field} {short(found)} of case {case_id!r}, and its history says "
                f"{short(right)}"
            )
            return [findings.listing(case_id, problem)]
    return []


def against(case_id: str, rows: Sequence[StoredEvent], head: Head, moment: str) -> list[Finding]:
    """What of a case does not fit its attestation."""
    if not rows:
        return [findings.lost(case_id, head.version, moment)]
    if len(rows) < head.version:
        return [findings.cut(case_id, len(rows), head.version, moment)]
    if head.version < 1 or rows[head.version - 1].hash != head.hash:
        return [findings.rewritten(case_id, head.version, moment)]
    return []
