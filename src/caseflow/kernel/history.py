"""Histories: what takes effect of one, what was known by a moment, and what had happened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from caseflow.kernel.events import Corrected, Voided
from caseflow.kernel.recorded import AnyRecorded


def effective(history: Iterable[AnyRecorded]) -> list[AnyRecorded]:
    """The history as it takes effect: corrected events as corrected, voided ones left out.

    The corrections and voids stay in it at their places, as entries of their own. The order
    and the numbers are those of the recording.
    """
    events = list(history)
    amendments = [entry for entry in events if type(entry.event) in (Corrected, Voided)]
    if not amendments:
        return events
    by_number = {entry.number: entry for entry in events}
    for amendment in amendments:
        number = amendment.event.number
        target = by_number.get(number)
        if target is None:
            continue
        if type(amendment.event) is Voided:
            del by_number[number]
        else:
            by_number[number] = _corrected(target, amendment)
            if amendment.event.event is None:  # it says another date, and nothing else
                continue
        by_number[amendment.number] = amendment._replace(amends=target.name)
    return list(by_number.values())


def histories_of(
    history: Iterable[AnyRecorded], types: Iterable[type[Any]]
) -> dict[type[Any], tuple[AnyRecorded, ...]]:
    """The effective events of some types, by type: what rules are given that read histories."""
    events = effective(history)
    return {cls: tuple(e for e in events if type(e.event) is cls) for cls in types}


def known(history: Iterable[AnyRecorded], moment: datetime) -> list[AnyRecorded]:
    """What was known at a moment: the events recorded by then."""
    return [entry for entry in history if entry.recorded_at <= moment]


def occurred(history: Iterable[AnyRecorded], moment: datetime) -> list[AnyRecorded]:
    """What had happened by a moment: of the effective events, those that occurred by then."""
    return [entry for entry in effective(history) if entry.occurred_at <= moment]


def _corrected(target: AnyRecorded, amendment: AnyRecorded) -> AnyRecorded:
    correction: Corrected = amendment.event
    return target._replace(
        event=target.event if correction.event is None else correction.event,
        occurred_at=correction.occurred_at or target.occurred_at,
        noted=amendment.noted,  # what was noted of it was judged again
        corrected_by=amendment.number,
    )
