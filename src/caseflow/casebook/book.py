"""The casebook: what an embedding application talks to, waiting or awaiting."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import uuid4

import attrs
from blinker import Signal

from caseflow.casebook.given import Given
from caseflow.casebook.middle import Middle, Roles
from caseflow.casebook.outcome import Outcome
from caseflow.casebook.parts import a_cipher, a_function, a_receiver, a_store, an_event_of
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import Case, S
from caseflow.kernel.cipher import Cipher
from caseflow.kernel.recorded import Actor, AnyRecorded
from caseflow.kernel.verdict import Verdict
from caseflow.storage.port import AsyncStorage, Storage
from caseflow.workflow.options import Option
from caseflow.workflow.owed import Owed
from caseflow.workflow.workflow import Workflow

T = TypeVar("T")
St = TypeVar("St")
Receiver = Callable[[AnyRecorded], Any]

log = logging.getLogger("caseflow")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return uuid4().hex


class _Book(Generic[St, S]):
    """What both casebooks share: the middle, and who listens."""

    def __init__(  # noqa: PLR0913 - each names one part of a book, and all have defaults
        self,
        workflow: Workflow[S],
        store: St,
        *,
        agency: str = "agency",
        roles: Roles | None = None,
        earlier: Iterable[Workflow[Any]] = (),
        clock: Callable[[], datetime] = _utc_now,
        new_id: Callable[[], str] = _new_id,
        cipher: Cipher | None = None,
        snapshot_every: int = 100,
        recent: int = 256,
    ) -> None:
        a_store(store, awaited=isinstance(self, AsyncCasebook))
        a_function("clock", clock)
        a_function("new_id", new_id)
        a_cipher(cipher)
        self.workflow = workflow
        self.agency = agency
        self._store = store
        self._middle: Middle[S] = Middle(
            workflow,
            agency=agency,
            roles={} if roles is None else roles,
            earlier=earlier,
            clock=clock,
            new_id=new_id,
            cipher=cipher,
            snapshot_every=snapshot_every,
            recent=recent,
        )
        self._recorded = Signal("an event was recorded")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.workflow!r}, agency={self.agency!r})"

    def subscribe(self, receiver: Receiver, *, to: type[Any] | None = None) -> Callable[[], None]:
        """Call `receiver(recorded)` after each event that this book writes.

        `to` limits it to one event class. The receiver is held strongly, until the function
        that is returned is called. It is called after the commit, in this process only; what
        it raises harms neither the write nor other receivers: it is logged to the logger
        `caseflow` and told by the outcome. A casebook that must not miss anything reads the
        history instead. Raises `InvalidCall` and `UnknownEvent`.
        """
        a_receiver(receiver)
        if to is not None:
            an_event_of(self._middle.versions.values(), to)

        def relay(_: Any, *, recorded: AnyRecorded) -> Any:
            return receiver(recorded)

        if to is None:
            self._recorded.connect(relay, weak=False)
        else:
            self._recorded.connect(relay, sender=to, weak=False)
        return lambda: self._recorded.disconnect(relay)

    def _receivers(self, outcome: Outcome[S]) -> Iterable[tuple[Callable[..., Any], AnyRecorded]]:
        if outcome.replayed or not self._recorded.receivers:
            return
        for recorded in outcome.events:
            for receiver in list(self._recorded.receivers_for(type(recorded.event))):
                yield receiver, recorded


def _report(error: Exception, recorded: AnyRecorded) -> Exception:
    log.error(
        "A subscriber failed on event %s of case %s, which is recorded all the same: %r",
        recorded.number,
        recorded.case_id,
        error,
        exc_info=error,
    )
    return error


class Casebook(_Book[Storage, S]):
    """Cases of one workflow, of one agency, in one store.

    `roles` says which roles an actor holds: a mapping from ids, or a function of the id and
    the case. `earlier` are older versions of the workflow that cases may still be pinned to.
    `clock` gives the present moment, with a time zone; `new_id` a new case id. `cipher` seals
    personal fields before they reach the store (None: they are stored as they are).
    `snapshot_every` is after how many events a snapshot is kept (0: never), `recent` how many
    cases are kept in memory.
    """

    def _run(self, work: Work[T]) -> T:
        """Carry out what the middle asks for."""
        return _run(work, self._store)

    def open(
        self,
        *,
        client: str,
        by: str | Actor,
        case_id: str | None = None,
        at: datetime | None = None,
        reason: str | None = None,
        command_id: str | None = None,
    ) -> Outcome[S]:
        """Open a case for a client. Raises `Refused`, `CaseExists`, `CommandReused`."""
        return self._published(
            self._run(
                self._middle.open(
                    client, case_id, Given(by=by, at=at, reason=reason, command_id=command_id)
                )
            )
        )

    def record(
        self,
        case_id: str,
        *facts: Any,
        by: str | Actor,
        at: datetime | None = None,
        reason: str | None = None,
        command_id: str | None = None,
        version: int | None = None,
    ) -> Outcome[S]:
        """Record facts: what happened, however late. Never refused; what is odd is noted.

        The arguments are those of `do`. Raises `NotAFact` for a decision.
        """
        return self._published(
            self._run(
                self._middle.record(
                    case_id,
                    facts,
                    Given(by=by, at=at, reason=reason, command_id=command_id, version=version),
                )
            )
        )

    def do(
        self,
        case_id: str,
        *steps: Any,
        by: str | Actor,
        at: datetime | None = None,
        reason: str | None = None,
        command_id: str | None = None,
        version: int | None = None,
    ) -> Outcome[S]:
        """Take decisions on a case: one unit, all or nothing.

        A step is an event, the name of a transition whose event needs no fields, or an
        `Entry`. `by` is who acts; `at` when it occurred (left out: now); `reason` is a code
        of the transition's reasons, or free text. A `command_id` makes it safe to repeat: the
        same command takes effect once, and gives the same outcome again. `version` refuses
        with `VersionMoved` unless the case stands there.

        Raises `Refused` with the verdict; `Conflict` where others kept writing in between;
        `NoSuchCase`; `InvalidCall` and its kinds where a step makes no sense.
        """
        return self._published(
            self._run(
                self._middle.do(
                    case_id,
                    steps,
                    Given(by=by, at=at, reason=reason, command_id=command_id, version=version),
                )
            )
        )

    def ask(
        self,
        case_id: str,
        *steps: Any,
        by: str | Actor,
        at: datetime | None = None,
        reason: str | None = None,
        command_id: str | None = None,
        version: int | None = None,
    ) -> Verdict:
        """The verdict that `do` would reach with the same arguments. Never writes."""
        return self._run(
            self._middle.ask(
                case_id,
                steps,
                Given(by=by, at=at, reason=reason, command_id=command_id, version=version),
            )
        )

    def options(
        self, case_id: str, *, by: str | Actor, at: datetime | None = None
    ) -> tuple[Option, ...]:
        """Each way out of where the case is, and each decision there: open or blocked, by what."""
        return self._run(self._middle.options(case_id, by=by, at=at))

    def owed(self, case_id: str, *, now: datetime | None = None) -> tuple[Owed, ...]:
        """What decisions left to be done, and is still to do at a moment (left out: now)."""
        return self._run(self._middle.owed(case_id, now=now))

    def history(self, case_id: str) -> tuple[AnyRecorded, ...]:
        """Every event as it was recorded, in order, corrections and voids included."""
        return self._run(self._middle.history(case_id))

    def case(
        self, case_id: str, *, as_of: datetime | None = None, known: datetime | None = None
    ) -> Case[S]:
        """The case: as it is, as of a moment (`as_of`), or as it was known at one (`known`).

        `as_of` looks at when things occurred, `known` at when they were recorded.
        """
        return self._run(self._middle.case(case_id, as_of=as_of, known_by=known))

    def case_ids(self) -> tuple[str, ...]:
        """The ids of all cases of the agency, in the order of their opening."""
        return self._run(self._middle.case_ids())

    def _published(self, outcome: Outcome[S]) -> Outcome[S]:
        """Tell the subscribers, and the outcome what they raised."""
        errors = []
        for receiver, recorded in self._receivers(outcome):
            try:
                receiver(type(recorded.event), recorded=recorded)
            except Exception as error:  # a subscriber is foreign code: reported, never raised
                errors.append(_report(error, recorded))
        return attrs.evolve(outcome, undelivered=tuple(errors)) if errors else outcome


class AsyncCasebook(_Book[Storage | AsyncStorage, S]):
    """The same verbs, awaited. See `Casebook`, whose arguments these are.

    Over a synchronous store every verb is one hop to a thread; over an `AsyncStorage` every
    call on the store is awaited.
    """

    async def _run(self, work: Work[T]) -> T:
        """Carry out what the middle asks for."""
        if not inspect.iscoroutinefunction(self._store.head):
            import asyncio  # a third of the import time, and only used here

            return await asyncio.to_thread(_run, work, self._store)
        reply: Any = None
        while True:
            try:
                call = work.send(reply)
            except StopIteration as done:
                result: T = done.value
                return result
            reply = await getattr(self._store, call.method)(*call.args, **call.kwargs)

    async def open(
        self,
        *,
        client: str,
        by: str | Actor,
        case_id: str | None = None,
        at: datetime | None = None,
        reason: str | None = None,
        command_id: str | None = None,
    ) -> Outcome[S]:
        """As `Casebook.open`."""
        return await self._published(
            await self._run(
                self._middle.open(
                    client, case_id, Given(by=by, at=at, reason=reason, command_id=command_id)
                )
            )
        )

    async def record(
        self,
        case_id: str,
        *facts: Any,
        by: str | Actor,
        at: datetime | None = None,
        reason: str | None = None,
        command_id: str | None = None,
        version: int | None = None,
    ) -> Outcome[S]:
        """As `Casebook.record`."""
        return await self._published(
            await self._run(
                self._middle.record(
                    case_id,
                    facts,
                    Given(by=by, at=at, reason=reason, command_id=command_id, version=version),
                )
            )
        )

    async def do(
        self,
        case_id: str,
        *steps: Any,
        by: str | Actor,
        at: datetime | None = None,
        reason: str | None = None,
        command_id: str | None = None,
        version: int | None = None,
    ) -> Outcome[S]:
        """As `Casebook.do`."""
        return await self._published(
            await self._run(
                self._middle.do(
                    case_id,
                    steps,
                    Given(by=by, at=at, reason=reason, command_id=command_id, version=version),
                )
            )
        )

    async def ask(
        self,
        case_id: str,
        *steps: Any,
        by: str | Actor,
        at: datetime | None = None,
        reason: str | None = None,
        command_id: str | None = None,
        version: int | None = None,
    ) -> Verdict:
        """As `Casebook.ask`."""
        return await self._run(
            self._middle.ask(
                case_id,
                steps,
                Given(by=by, at=at, reason=reason, command_id=command_id, version=version),
            )
        )

    async def options(
        self, case_id: str, *, by: str | Actor, at: datetime | None = None
    ) -> tuple[Option, ...]:
        """As `Casebook.options`."""
        return await self._run(self._middle.options(case_id, by=by, at=at))

    async def owed(self, case_id: str, *, now: datetime | None = None) -> tuple[Owed, ...]:
        """As `Casebook.owed`."""
        return await self._run(self._middle.owed(case_id, now=now))

    async def history(self, case_id: str) -> tuple[AnyRecorded, ...]:
        """As `Casebook.history`."""
        return await self._run(self._middle.history(case_id))

    async def case(
        self, case_id: str, *, as_of: datetime | None = None, known: datetime | None = None
    ) -> Case[S]:
        """As `Casebook.case`."""
        return await self._run(self._middle.case(case_id, as_of=as_of, known_by=known))

    async def case_ids(self) -> tuple[str, ...]:
        """As `Casebook.case_ids`."""
        return await self._run(self._middle.case_ids())

    async def _published(self, outcome: Outcome[S]) -> Outcome[S]:
        """Tell the subscribers, awaiting those that are coroutines."""
        errors = []
        for receiver, recorded in self._receivers(outcome):
            try:
                answer = receiver(type(recorded.event), recorded=recorded)
                if inspect.isawaitable(answer):
                    await answer
            except Exception as error:  # a subscriber is foreign code: reported, never raised
                errors.append(_report(error, recorded))
        return attrs.evolve(outcome, undelivered=tuple(errors)) if errors else outcome


def _run(work: Work[T], store: Any) -> T:
    """Carry out a piece of work on a store that answers at once."""
    reply: Any = None
    while True:
        try:
            call = work.send(reply)
        except StopIteration as done:
            result: T = done.value
            return result
        reply = getattr(store, call.method)(*call.args, **call.kwargs)
