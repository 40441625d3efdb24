"""What a history tells, told a second time: slowly, and with no code of the engine's.

The kit compares every case with this. It is written from the definition of each thing, one
at a time, and never adds one event to what was there before, which is how `evolve` works.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from caseflow.kernel.case import Case
from caseflow.kernel.events import Corrected, ExceptionMade, Voided
from caseflow.kernel.recorded import AnyRecorded


@attrs.frozen(kw_only=True)
class Retold:
    """What a history tells of a case. `differences` names where a case says something else."""

    version: int
    recorded_at: datetime
    position: str | None
    path: tuple[tuple[int, str], ...]
    """The numbers of the moves that stand, and the positions they led to."""
    first: Mapping[type[Any], AnyRecorded]
    latest: Mapping[type[Any], AnyRecorded]
    count: Mapping[type[Any], int]
    exceptions: tuple[tuple[int, str], ...]
    """The numbers of the exceptions, and the rules they are made to."""
    dues: Mapping[str, AnyRecorded]
    """Since which decision a rule is owed."""
    state: Any

    def differences(self, case: Case[Any]) -> tuple[str, ...]:
        """In words, where the case differs from what its history tells; empty where nowhere."""
        seen = case.seen()
        told_by_case = {
            "version": case.version,
            "recorded_at": case.recorded_at,
            "position": case.position,
            "path": tuple((move.number, move.position) for move in case.path),
            "first": {cls: entry.first for cls, entry in seen.items()},
            "latest": {cls: entry.latest for cls, entry in seen.items()},
            "count": {cls: entry.times for cls, entry in seen.items()},
            "exceptions": tuple((made.number, made.rule) for made in case.exceptions),
            "dues": dict(case.dues),
            "state": case.state,
        }
        return tuple(
            f"{name} is {found!r}, and the history tells {getattr(self, name)!r}"
            for name, found in told_by_case.items()
            if found != getattr(self, name)
        )


def retold(history: Iterable[AnyRecorded], *, state: Any) -> Retold:
    """Tell a history that is not empty; `state` is the empty state of the trade."""
    written = tuple(history)
    stands = standing(written)
    moves = [entry for entry in stands if entry.stage is not None]
    by_class: dict[type[Any], list[AnyRecorded]] = {type(entry.event): [] for entry in stands}
    for entry in stands:
        by_class[type(entry.event)].append(entry)
        state = state.fold(entry)
    return Retold(
        version=len(written),
        recorded_at=written[-1].recorded_at,
        position=moves[-1].stage if moves else None,
        path=tuple((m.number, str(m.stage)) for m in moves if not _superseded(m, moves)),
        # The earliest, and of several at one moment the one recorded first; the other way
        # round for the latest.
        first={cls: min(entries, key=_when) for cls, entries in by_class.items()},
        latest={cls: max(entries, key=_when) for cls, entries in by_class.items()},
        count={cls: len(entries) for cls, entries in by_class.items()},
        exceptions=tuple(
            (e.number, e.event.rule) for e in stands if type(e.event) is ExceptionMade
        ),
        dues={
            note.rule: entry
            for entry in stands
            for note in entry.noted
            if (note.strength, note.since) == ("due", entry.number)
            and note.outcome in {"unmet", "fault", "erased"}
        },
        state=state,
    )


def _when(entry: AnyRecorded) -> tuple[datetime, int]:
    return entry.occurred_at, entry.number


def _superseded(move: AnyRecorded, moves: list[AnyRecorded]) -> bool:
    """Whether a move that was recorded later is dated before this one."""
    return any(m.number > move.number and m.occurred_at < move.occurred_at for m in moves)


def _amends(entry: AnyRecorded, written: Sequence[AnyRecorded]) -> str | None:
    """The name of the event that a void, or a correction of what was said, takes effect on."""
    event = entry.event
    if type(event) is Voided or (type(event) is Corrected and event.event is not None):
        return next(one.name for one in written if one.number == event.number)
    return None


def standing(written: Sequence[AnyRecorded]) -> list[AnyRecorded]:
    """The entries of a history as they stand: corrected ones as corrected, no voided ones."""
    voided = {entry.event.number for entry in written if type(entry.event) is Voided}
    corrections = [entry for entry in written if type(entry.event) is Corrected]
    stands = []
    for entry in written:
        if entry.number in voided:
            continue
        mine = [one for one in corrections if one.event.number == entry.number]
        contents = [one.event.event for one in mine if one.event.event is not None]
        moments = [one.event.occurred_at for one in mine if one.event.occurred_at is not None]
        stands.append(
            entry._replace(
                event=[entry.event, *contents][-1],
                occurred_at=[entry.occurred_at, *moments][-1],
                noted=mine[-1].noted if mine else entry.noted,
                corrected_by=mine[-1].number if mine else None,
                amends=_amends(entry, written),
            )
        )
    return stands
