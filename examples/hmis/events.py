"""The events of an enrollment, in the words of HMIS, and what is folded of them.

A source date is kept as the date it is. The moment at which its event occurred is midnight at the
start of that day, in the agency's time zone; the two never have to agree across a time zone,
because rules compare the dates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Self

import attrs

from caseflow import Code, Recorded, decision, fact


@decision("entered-project")
class EnteredProject:
    """The agency took the client into a project: the enrollment begins."""

    project: Code
    household: Code
    entry_date: date
    relationship_to_head: int | None = None


@fact("engagement-dated")
class EngagementDated:
    """The day on which the client became engaged in the work was set down (element 4.13)."""

    engagement_date: date


@fact("living-situation-recorded")
class LivingSituationRecorded:
    """There was a contact, and the client's living situation was noted (element 4.12)."""

    information_date: date
    situation: int | None


@fact("moved-in")
class MovedIn:
    """The household moved into housing (element 3.20)."""

    move_in_date: date


@decision("exit-recorded")
class ExitRecorded:
    """The enrollment ended, and where the client went (elements 3.11 and 3.12)."""

    exit_date: date
    destination: int | None


FACTS: Final = (EngagementDated, LivingSituationRecorded, MovedIn)
"""What happened with the client, besides entry and exit."""


@attrs.frozen(kw_only=True)
class Enrollment:
    """What the rules need to know of an enrollment. Dates come with the number of their event."""

    entry_date: date | None = None
    entry: int | None = None
    moved_in: date | None = None
    last_date: date | None = None
    last: int | None = None
    """The latest date of a contact, an engagement or a move-in, and its event."""

    def fold(self, recorded: Recorded[Any], /) -> Self:
        """The enrollment after one more event."""
        change = _FOLDS.get(type(recorded.event))
        return self if change is None else change(self, recorded.event, recorded.number)


def _entered(state: Any, event: EnteredProject, number: int) -> Any:
    return attrs.evolve(state, entry_date=event.entry_date, entry=number)


def _engaged(state: Any, event: EngagementDated, number: int) -> Any:
    return _dated(state, event.engagement_date, number)


def _contact(state: Any, event: LivingSituationRecorded, number: int) -> Any:
    return _dated(state, event.information_date, number)


def _moved_in(state: Any, event: MovedIn, number: int) -> Any:
    moved = attrs.evolve(state, moved_in=event.move_in_date)
    return _dated(moved, event.move_in_date, number)


def _dated(state: Any, day: date, number: int) -> Any:
    if state.last_date is not None and day < state.last_date:
        return state
    return attrs.evolve(state, last_date=day, last=number)


_FOLDS: Final[Mapping[type[Any], Callable[[Any, Any, int], Any]]] = {
    EnteredProject: _entered,
    EngagementDated: _engaged,
    LivingSituationRecorded: _contact,
    MovedIn: _moved_in,
}
