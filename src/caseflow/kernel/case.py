"""The case: what its history says, folded. Immutable, bounded, and pure.

`evolve` takes one recorded event; `fold` takes a whole history, after corrections and voids
took effect (`effective`). Neither needs the workflow: the envelope says what was entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, Self

import attrs

from caseflow.kernel.erased import Erased
from caseflow.kernel.errors import InvalidCall, short
from caseflow.kernel.events import CaseOpened, Corrected, ExceptionMade, event_type
from caseflow.kernel.failing import unfoldable
from caseflow.kernel.history import effective, occurred
from caseflow.kernel.recorded import AnyRecorded, Recorded, aware, quickly

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    S_co = TypeVar("S_co", covariant=True, default=Any)
    S = TypeVar("S", bound="Foldable", default=Any)
    E = TypeVar("E")
else:
    from typing import TypeVar

    S_co = TypeVar("S_co", covariant=True)
    S = TypeVar("S")
    E = TypeVar("E")

HOLD = ":hold"
"""What the position of a case on hold ends with; before it stands the stage it will return to."""


class Foldable(Protocol):
    """The state of a trade: anything that can be made empty and takes one event at a time.

    When `fold` is changed, so that it makes another state of the same history, give the class
    another `fold_version: ClassVar[int]` (it counts from 1): snapshots made before are then
    not used.

    A state that tells what an event names and it does not know may have a method
    `unknown_in(self, event) -> Iterable[str]`: each of its answers, like "task 9", is warned of
    when a fact is recorded.
    """

    def fold(self, recorded: AnyRecorded, /) -> Self:
        """The state after this event. Pure; an event it does not know changes nothing."""
        ...


@attrs.frozen
class NoState:
    """The state of a trade that needs none: first, latest and count per event type suffice."""

    def fold(self, recorded: AnyRecorded, /) -> Self:
        """Nothing changes."""
        return self


class Seen(NamedTuple):
    """What a case remembers of one event type."""

    first: AnyRecorded
    latest: AnyRecorded
    times: int


class Move(NamedTuple):
    """One step of the path through the stages."""

    number: int
    transition: str
    position: str
    occurred_at: datetime
    recorded_at: datetime


class Amended(NamedTuple):
    """A void, or a correction of what was said: its number, of which event, and that one's name."""

    number: int
    of: int
    name: str


class ExceptionInForce(NamedTuple):
    """An exception that was made, and who made it."""

    number: int
    rule: str
    until: datetime | None
    roles: frozenset[str]
    reason: str
    made_by: str
    made_at: datetime
    due_on: date | None = None

    def covers(self, rule: str, at: datetime, role: str | None) -> bool:
        """Whether it allows this rule to be unmet at that moment, being made in that role."""
        return (
            self.rule == rule
            and self.due_on is None
            and role is not None
            and role in self.roles
            and (self.until is None or at <= self.until)
        )


@attrs.frozen
class CaseIdentity:
    """What never changes about a case: its id, agency, client and pinned workflow version."""

    id: str
    agency: str
    client: str
    workflow: str
    workflow_version: str


class Case(NamedTuple, Generic[S_co]):
    """A case as its history tells it.

    `state` is the trade's own state. `version` is the number of its last event, `position`
    the stage with its substage and hold (`stage`, `substage` and `on_hold` take it apart).
    """

    identity: CaseIdentity
    version: int
    position: str | None
    path: tuple[Move, ...]
    exceptions: tuple[ExceptionInForce, ...]
    dues: Mapping[str, AnyRecorded]
    """Per rule, the decision since which it is owed (as noted then; see `owed`)."""
    recorded_at: datetime
    """When its last event was written down."""
    state: S_co
    by_type: Mapping[type[Any], Seen]
    amendments: tuple[Amended, ...]
    """What was voided, or corrected in more than its date."""
    historical: bool = False
    """Seen as of an earlier moment: for reading only."""

    def __repr__(self) -> str:
        """What tells it from others; `path`, `state` and `seen()` hold the rest."""
        return f"Case({self.id!r}, version={self.version}, position={self.position!r})"

    @property
    def id(self) -> str:
        """The id of the case."""
        return self.identity.id

    @property
    def client(self) -> str:
        """The client whose case it is. A pseudonym, once the client's data was erased."""
        return self.identity.client

    @property
    def stage(self) -> str | None:
        """The stage the case is in, without substage or hold; None before it was opened."""
        return stage_of(self.position) if self.position else None

    @property
    def substage(self) -> str | None:
        """The substage the case is in, if its stage has any."""
        inner = (self.position or "").removesuffix(HOLD).partition(".")[2]
        return inner or None

    @property
    def on_hold(self) -> bool:
        """Whether the case is on hold."""
        return (self.position or "").endswith(HOLD)

    def latest(self, event: type[E]) -> E | None:
        """The event of this type that occurred last (None: there is none).

        Of two that occurred at one moment, the one recorded later. A letter that is recorded
        late is therefore not the latest. Raises `InvalidCall` for what is no event class, as
        the four others do.
        """
        seen = self.by_type.get(event)
        return seen.latest.event if seen else _absent(event)

    def first(self, event: type[E]) -> E | None:
        """The event of this type that occurred first (None: there is none)."""
        seen = self.by_type.get(event)
        return seen.first.event if seen else _absent(event)

    def count(self, event: type[Any]) -> int:
        """How many events of this type the case holds."""
        seen = self.by_type.get(event)
        return seen.times if seen else _absent(event) or 0

    def latest_recorded(self, event: type[E]) -> Recorded[E] | None:
        """As `latest`, with its envelope: number, moments, actor."""
        seen = self.by_type.get(event)
        return seen.latest if seen else _absent(event)

    def first_recorded(self, event: type[E]) -> Recorded[E] | None:
        """As `first`, with its envelope."""
        seen = self.by_type.get(event)
        return seen.first if seen else _absent(event)

    def seen(self) -> Mapping[type[Any], Seen]:
        """First, latest and count of every event type the case holds."""
        return dict(self.by_type)

    def amended_since(self, number: int, *events: type[Any]) -> tuple[Amended, ...]:
        """What events of these types said when event `number` was recorded, and say no more.

        Each is a void or a correction that was recorded after it, of an event before it. With
        it, a rule tells that what was signed is no longer what stands.
        """
        names = {event_type(cls).name for cls in events}
        return tuple(
            one for one in self.amendments if one.name in names and one.of < number < one.number
        )

    def stage_at(self, moment: datetime) -> str | None:
        """The position the case was in at that moment, as known now (None: not yet open)."""
        moment = aware(moment, name="moment")
        led = [move.position for move in self.path if move.occurred_at <= moment]
        return led[-1] if led else None


def _absent(event: Any) -> Any | None:
    """None, for an event class of which a case holds no event. Raises `InvalidCall` for others.

    Asked only where nothing is found, so that what is found costs nothing more.
    """
    if isinstance(event, type) and "__caseflow_event__" in event.__dict__:
        return None
    made = "__caseflow_event__" in type(event).__dict__
    raise InvalidCall(
        what=f"The case was asked for {short(event)}, which",
        problem="is no event class",
        repair=f"Give the class: {type(event).__name__}."
        if made
        else "Give a class declared with @fact('its-name') or @decision('its-name').",
    )


def stage_of(position: str) -> str:
    """The stage of a position: without its substage, and without the hold."""
    return position.removesuffix(HOLD).partition(".")[0]


def evolve(case: Case[S], recorded: AnyRecorded) -> Case[S]:
    """The case after one more event. Total: it asks nothing of the workflow.

    `Corrected` and `Voided` change nothing here; they take effect on the history, before it
    is folded (see `effective`).
    """
    identity, _, position, path, exceptions, dues, _, state, by_type, amendments, historical = case
    number, event, occurred_at, recorded_at = recorded[:4]
    kind, stage = type(event), recorded.stage
    by_type = dict(by_type)
    by_type[kind] = _seen(by_type.get(kind), recorded)
    try:
        after = state.fold(recorded)
    except Exception as error:  # a state is foreign code
        raise unfoldable(state, recorded, error) from error
    if after is None:
        raise unfoldable(state, recorded)
    if stage is not None:
        if path and path[-1].occurred_at > occurred_at:
            path = _until(path, occurred_at)
        move = (number, recorded.transition or "", stage, occurred_at, recorded_at)
        position, path = stage, (*path, quickly(Move, move))
    if kind is ExceptionMade:
        exceptions = (*exceptions, _exception(recorded))
    if recorded.noted:
        dues = _owe(dues, recorded)
    if recorded.amends is not None:
        amendments = (*amendments, Amended(number, event.number, recorded.amends))
    return quickly(
        Case,
        (
            identity,
            number,
            position,
            path,
            exceptions,
            dues,
            recorded_at,
            after,
            by_type,
            amendments,
            historical,
        ),
    )


def fold(
    history: Iterable[AnyRecorded],
    state: S,
    *,
    into: Case[S] | None = None,
    as_of: datetime | None = None,
    historical: bool = False,
) -> Case[S]:
    """The case that a history tells: `reduce(evolve, effective(history))`, done in one go.

    `state` is the empty state of the trade; `into` continues from a case that was folded
    before (the history then holds the events after it, and no amendments). `as_of` leaves out
    what occurred after that moment; something has to have occurred by then. The history is
    not empty unless `into` is given.
    """
    events = list(history)
    if into is not None:
        if not events:
            return into
        seen, path, dues = dict(into.by_type), list(into.path), dict(into.dues)
        exceptions, position = list(into.exceptions), into.position
        state, identity, amendments = into.state, into.identity, list(into.amendments)
    else:
        seen, path, dues, exceptions, amendments, position = {}, [], {}, [], [], None
        identity = _identity(events)
    events = effective(events) if as_of is None else occurred(events, as_of)
    last = events[-1]
    for recorded in events:
        kind = type(recorded.event)
        seen[kind] = _seen(seen.get(kind), recorded)
        if recorded.stage is not None:
            position = recorded.stage
            while path and path[-1].occurred_at > recorded.occurred_at:
                path.pop()
            path.append(_move(recorded))
        if recorded.noted:
            dues = _owe(dues, recorded)
        if kind is ExceptionMade:
            exceptions.append(_exception(recorded))
        if recorded.amends is not None:
            amendments.append(Amended(recorded.number, recorded.event.number, recorded.amends))
        try:
            after = state.fold(recorded)
        except Exception as error:  # a state is foreign code
            raise unfoldable(state, recorded, error) from error
        if after is None:
            raise unfoldable(state, recorded)
        state = after
    return Case(
        identity,
        last.number,
        position,
        tuple(path),
        tuple(exceptions),
        dues,
        last.recorded_at,
        state,
        seen,
        tuple(amendments),
        historical,
    )


def empty(history: Sequence[AnyRecorded], state: S) -> Case[S]:
    """The case before the first event of this history took effect: where `evolve` starts."""
    return Case(_identity(history), 0, None, (), (), {}, history[0].recorded_at, state, {}, ())


def _identity(history: Sequence[AnyRecorded]) -> CaseIdentity:
    first = history[0]
    client: Any = first.event.client if isinstance(first.event, CaseOpened) else first.subject
    if isinstance(client, Erased):  # a pseudonym stands in the place of the id
        client = first.subject
    return CaseIdentity(first.case_id, first.agency, client, first.workflow, first.workflow_version)


def _seen(before: Seen | None, recorded: AnyRecorded) -> Seen:
    """What a case remembers of a type after one more event of it."""
    if before is None:
        return quickly(Seen, (recorded, recorded, 1))
    first, latest, times = before
    moment = recorded.occurred_at
    if moment < first.occurred_at:
        first = recorded
    if moment >= latest.occurred_at:  # recorded order breaks ties: numbers only go up
        latest = recorded
    return quickly(Seen, (first, latest, times + 1))


def _until(path: tuple[Move, ...], moment: datetime) -> tuple[Move, ...]:
    """The path without moves dated after a moment: those that a superseding move undoes."""
    return tuple(move for move in path if move.occurred_at <= moment)


def _move(recorded: AnyRecorded) -> Move:
    return quickly(
        Move,
        (
            recorded.number,
            recorded.transition or "",
            recorded.stage or "",
            recorded.occurred_at,
            recorded.recorded_at,
        ),
    )


def _exception(recorded: AnyRecorded) -> ExceptionInForce:
    made: ExceptionMade = recorded.event
    return ExceptionInForce(
        recorded.number,
        made.rule,
        made.until,
        recorded.roles,
        made.reason,
        recorded.actor,
        recorded.occurred_at,
        made.due_on,
    )


def _owe(dues: Mapping[str, AnyRecorded], recorded: AnyRecorded) -> dict[str, AnyRecorded]:
    """What is owed after this event, as its verdict noted it.

    It is owed since an earlier one, unless that was voided, or corrected, so that it owes nothing.
    """
    owed = dict(dues)
    corrects = type(recorded.event) is Corrected  # what it notes is that of the corrected event
    for note in () if corrects else recorded.noted:
        if note.left_to_do and (note.since == recorded.number or note.rule not in owed):
            owed[note.rule] = recorded
    return owed
