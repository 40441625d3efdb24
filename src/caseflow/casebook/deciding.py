"""Deciding: the command with everything it needs from the store, judged, and nothing written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from caseflow.casebook import store_calls
from caseflow.casebook.commands import Asked
from caseflow.casebook.finding.listing import held_as
from caseflow.casebook.given import Given, an_id
from caseflow.casebook.loading import Loader
from caseflow.casebook.recent import Loaded
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import Case, S
from caseflow.kernel.context import CountNeeded
from caseflow.kernel.errors import InvalidCall, VersionMoved, short
from caseflow.kernel.events import Moved
from caseflow.kernel.recorded import Actor, AnyRecorded, as_roles, aware, quickly
from caseflow.storage.port import Count
from caseflow.workflow.command import Command, Decided, Entry, needs_history
from caseflow.workflow.decide import decide_or_ask, open_case
from caseflow.workflow.workflow import Workflow

T = TypeVar("T")

Roles = Mapping[str, Iterable[str]] | Callable[[str, Case[Any] | None], Iterable[str]]
"""Which roles an actor holds: by id, or by a function of the id and the case (None: opening)."""


class Deciding(Generic[S]):
    """Decides on the cases of one workflow and agency, with the roles and the clock of a book."""

    def __init__(self, loader: Loader[S], *, roles: Roles, clock: Callable[[], datetime]) -> None:
        self._loader = loader
        self._roles = roles
        self._clock = clock

    def on_steps(
        self, case_id: str, entries: tuple[Entry, ...], given: Given, asked: Asked | None
    ) -> Work[tuple[Decided[S], Loaded, tuple[Count, ...]]]:
        """Decide on a unit of steps; with the case that was decided on, and what was counted."""
        loaded = yield from self._loader.load(case_id)
        workflow = self._loader.workflow_of(case_id, loaded.case)
        if given.version is not None and given.version != loaded.case.version:
            raise VersionMoved(
                case_id=case_id, wanted=given.version, found=loaded.case.version, attempts=1
            )
        for entry in entries:
            if not isinstance(entry.step, str):
                workflow.knows(entry.step)
        command = yield from self.command(workflow, loaded.case, entries, given, asked)
        decided, counts = yield from self.counting(
            workflow,
            case_id,
            lambda counts: decide_or_ask(workflow, loaded.case, command.counting(counts)),
        )
        for entry, recorded in zip(entries, decided.events, strict=False):  # refused: no events
            if isinstance(entry.step, str) and type(recorded.event) is not Moved:
                # Made of its defaults: nobody looked at it yet.
                self._loader.codec.check(recorded.event)
        told = self._loader.judged_by(decided.verdict, workflow)
        return decided._replace(verdict=told), loaded, counts

    def on_opening(
        self, client: str, case_id: str, given: Given, asked: Asked | None
    ) -> Work[tuple[Decided[S], tuple[Count, ...]]]:
        """Decide on the opening of a case."""
        command = Command(
            entries=(),
            actor=self._actor(given.by, None),
            now=self.now(),
            at=given.at,
            reason=given.reason,
            command_id=given.command_id,
            fingerprint=asked and asked.fingerprint,
        )
        opening = {"case_id": case_id, "agency": self._loader.agency, "client": client}
        return (
            yield from self.counting(
                self._loader.workflow,
                case_id,
                lambda counts: open_case(
                    self._loader.workflow, command=command.counting(counts), **opening
                ),
            )
        )

    def counting(
        self,
        workflow: Workflow[S],
        case_id: str,
        judge: Callable[[Mapping[tuple[str, str], int]], T],
    ) -> Work[tuple[T, tuple[Count, ...]]]:
        """Judge, looking up each count of other cases that a rule asks for, and judge again.

        Judging is pure, so that doing it again costs time and nothing else.
        """
        counts: dict[tuple[str, str], Count] = {}
        while True:
            try:
                answer = judge({key: count.cases for key, count in counts.items()})
            except CountNeeded as needed:
                name, value = needed.name, needed.value
                index = next(one for one in workflow.indexes if one.name == name)
                held = held_as(index, value, self._loader.codec)
                counts[name, value] = yield from store_calls.count(
                    self._loader.agency, name, held, besides=case_id
                )
            else:
                return answer, tuple(counts.values())

    def command(
        self,
        workflow: Workflow[S],
        case: Case[S],
        entries: tuple[Entry, ...],
        given: Given,
        asked: Asked | None = None,
    ) -> Work[Command]:
        """The command with everything that deciding on it needs, read from the store."""
        history: tuple[AnyRecorded, ...] | None = None
        if any(needs_history(entry.step) for entry in entries):
            rows = yield from store_calls.read(self._loader.agency, case.id)
            every = self._loader.codec.decode_all(rows)
            history = tuple(recorded for recorded in every if recorded.number <= case.version)
        return Command(
            entries=entries,
            actor=self._actor(given.by, case),
            now=max(self.now(), case.recorded_at),
            at=given.at,
            reason=given.reason,
            command_id=given.command_id,
            fingerprint=asked and asked.fingerprint,
            history=history,
            histories=(yield from self._loader.histories(workflow, case.id, case.version)),
        )

    def as_stored(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """The steps with each event as it will read back: nobody else holds a part of it.

        Raises `PayloadInvalid` where it would not read back, and `UnknownEvent` where no
        version of the workflow declares it.
        """
        return tuple(
            quickly(Entry, (self._step_as_stored(entry.step), *entry[1:])) for entry in entries
        )

    def _step_as_stored(self, step: Any) -> Any:
        if isinstance(step, str):
            return step
        if not self._loader.codec.knows(step):
            raise self._loader.workflow.unknown_event(step)
        return self._loader.codec.check(step)

    def _actor(self, by: str | Actor, case: Case[Any] | None) -> Actor:
        """Who acts, with the roles that the book knows of."""
        if isinstance(by, Actor):
            return by
        roles = self._roles(by, case) if callable(self._roles) else self._roles.get(by, ())
        if not isinstance(roles, Iterable):
            raise InvalidCall(
                what=f"roles=... gives {short(roles)} for {by!r}, which",
                problem="is no role and no list of roles",
                repair="Give a text, several, or an empty list.",
            )
        held = as_roles(roles)
        for role in held:
            an_id("role", role)
        return Actor(by, held)

    def now(self, asked: datetime | None = None) -> datetime:
        """The moment that was asked about; None: by the clock, in UTC, as it will read back.

        So a replayed command answers in the same words.
        """
        if asked is not None:
            return aware(asked, name="now")
        return aware(self._clock(), name="the clock's moment").astimezone(UTC)
