"""An event as it was recorded: the event and its envelope."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import attrs

from caseflow.kernel.errors import MomentInvalid
from caseflow.kernel.events import event_type

E_co = TypeVar("E_co", covariant=True)

Strength = Literal["block", "warn", "due"]
NotedOutcome = Literal["unmet", "excepted", "fault", "fault-excepted", "erased", "erased-excepted"]

quickly = tuple.__new__
"""`quickly(Move, (…))` is `Move(…)` with every field given in order, in half the time.

For the named tuples that every decision and every loaded event makes. No checker counts the
fields here: tests/kernel/test_quickly.py does.
"""


def as_roles(roles: Iterable[str] | str) -> frozenset[str]:
    """Roles as a set; one role may be given as a plain word."""
    return frozenset([roles] if isinstance(roles, str) else roles)


@attrs.frozen
class Actor:
    """Who acts: an id, the roles acted in, and on whose behalf (None: on one's own)."""

    id: str
    roles: frozenset[str] = attrs.field(default=frozenset(), converter=as_roles)
    on_behalf_of: str | None = attrs.field(default=None, kw_only=True)


class Noted(NamedTuple):
    """What the verdict noted when an event was recorded: a rule that was not simply met.

    `exception` is the number of the exception it leaned on; `since` the number of the event
    since which it is owed (for rules of strength `due`).
    """

    rule: str
    strength: Strength
    outcome: NotedOutcome
    exception: int | None = None
    since: int | None = None

    @property
    def left_to_do(self) -> bool:
        """Whether it is owed: what could not be judged is, until it can be."""
        return self.strength == "due" and self.outcome in ("unmet", "fault", "erased")


class Recorded(NamedTuple, Generic[E_co]):
    """One recorded event of a case. Immutable, like the history it stands in.

    A named tuple, because it is made for every event of every history that is loaded.
    """

    number: int
    """Its place in the history of the case, from 1."""
    event: E_co
    occurred_at: datetime
    """When it happened."""
    recorded_at: datetime
    """When it was written down; never decreasing within a case."""
    actor: str
    roles: frozenset[str]
    on_behalf_of: str | None
    reported_by: str | None
    """Who said so, where that is somebody without a login (a partner, a neighbour)."""
    subject: str
    """Whose data it is: the client, or a member of the household. A pseudonym, once erased."""
    transition: str | None
    """The transition taken; None for facts."""
    stage: str | None
    """The position entered; None where the case did not move."""
    reason_code: str | None
    """The reason, from the transition's tree of codes."""
    reason: str | None
    """The reason in free text."""
    noted: tuple[Noted, ...]
    command_id: str | None
    fingerprint: str | None
    agency: str
    case_id: str
    workflow: str
    workflow_version: str
    corrected_by: int | None = None
    """The number of the correction that put this in the place of what was recorded."""
    amends: str | None = None
    """Of a void, or a correction of what was said: the stored name of the event it took effect on.

    None in the history as it was written (see `effective`).
    """

    @property
    def name(self) -> str:
        """The stored name of the event: `income-stated`."""
        return event_type(self.event).name

    @property
    def late(self) -> timedelta:
        """How long after it happened it was written down."""
        return self.recorded_at - self.occurred_at


AnyRecorded = Recorded[Any]


def aware(moment: object, *, name: str) -> datetime:
    """The moment, if it is one with a time zone. Raises `MomentInvalid` naming `name`."""
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise MomentInvalid(name=name, value=repr(moment))
    try:
        moment.astimezone(UTC)
    except OverflowError:  # the first and last days of the calendar, in some time zones
        raise MomentInvalid(name=name, value=repr(moment)) from None
    return moment
