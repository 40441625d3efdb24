"""The same casebook for asynchronous programs: every verb is awaited."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, Unpack

import attrs

from caseflow.casebook.erasing.verbs import ErasesAwaiting
from caseflow.casebook.feeding import Consumer, FeedEvent, Handle
from caseflow.casebook.finding.lists import Listed, Page, Wanted
from caseflow.casebook.given import Given, following
from caseflow.casebook.keeping.verbs import AsyncKeeping
from caseflow.casebook.outcome import Outcome
from caseflow.casebook.parts import joining
from caseflow.casebook.shared import Book, T, not_joined, report, run_awaiting
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import Case, S
from caseflow.kernel.errors import CaseflowError
from caseflow.kernel.recorded import Actor, AnyRecorded
from caseflow.kernel.verdict import Verdict
from caseflow.storage.port import AsyncStorage, Place, Storage
from caseflow.workflow.clocks import Standing
from caseflow.workflow.occasions import Occasion
from caseflow.workflow.options import Option
from caseflow.workflow.owed import Owed

if TYPE_CHECKING:
    import asyncio


class AsyncCasebook(Book[Storage | AsyncStorage, S], AsyncKeeping[S], ErasesAwaiting):
    """The same verbs, awaited. See `Casebook`, whose arguments these are.

    Over a synchronous store every verb is one hop to a thread; over an `AsyncStorage` every
    call on the store is awaited.

    A verb that is cancelled while it writes may have written all the same: over a synchronous
    store the thread goes on, and on PostgreSQL a commit may be on its way. It wrote its unit or
    nothing; subscribers are not told, and the feed misses nothing. Repeat it with the same
    `command_id`.
    """

    _awaits = True

    async def _run(self, work: Work[T], *, aside: bool = False) -> T:
        """Carry out what the middle asks for."""
        joined = self._joined is not None
        return await run_awaiting(work, self._store, joined=joined, aside=aside)

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
                    client,
                    case_id,
                    Given(by=by, at=at, reason=reason, command_id=command_id),
                    joined=self._joined is not None,
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

    async def obligations(
        self, case_id: str, *, now: datetime | None = None
    ) -> tuple[Standing, ...]:
        """As `Casebook.obligations`."""
        return await self._run(self._middle.obligations(case_id, now=now))

    async def occasions(self, case_id: str, *, now: datetime | None = None) -> tuple[Occasion, ...]:
        """As `Casebook.occasions`."""
        return await self._run(self._middle.occasions(case_id, now=now))

    async def history(self, case_id: str) -> tuple[AnyRecorded, ...]:
        """As `Casebook.history`."""
        return await self._run(self._middle.loader.history(case_id))

    async def case(
        self, case_id: str, *, as_of: datetime | None = None, known: datetime | None = None
    ) -> Case[S]:
        """As `Casebook.case`."""
        return await self._run(self._middle.case(case_id, as_of=as_of, known_by=known))

    async def case_ids(self) -> tuple[str, ...]:
        """As `Casebook.case_ids`."""
        return await self._run(self._middle.case_ids())

    # -- the list of cases, and the feed -------------------------------------------------------

    async def find(
        self, *, after: str | None = None, limit: int = 100, **wanted: Unpack[Wanted]
    ) -> Page:
        """As `Casebook.find`."""
        return await self._run(self._middle.lists.find(wanted, after=after, limit=limit))

    async def every(self, *, page: int = 500, **wanted: Unpack[Wanted]) -> AsyncIterator[Listed]:
        """As `Casebook.every`."""
        after: Place | None = None
        while True:
            work = self._middle.lists.some(wanted, after=after, limit=page, called="page")
            cases, after = await self._run(work)
            for case in cases:
                yield case
            if after is None:
                return

    async def tally(self, index: str) -> Mapping[str, int]:
        """As `Casebook.tally`."""
        return await self._run(self._middle.lists.tally(index))

    async def feed(self, *, after: int = 0, page: int = 500) -> AsyncIterator[FeedEvent]:
        """As `Casebook.feed`."""
        while True:
            work = self._middle.feed.page(after=after, limit=page, called="page")
            reached, events = await self._run(work)
            for event in events:
                yield event
            if reached == after:
                return
            after = reached

    async def consume(self, consumer: str, handle: Handle, *, limit: int = 100) -> int:
        """As `Casebook.consume`; `handle` may be a coroutine function."""
        work = self._middle.feed.batch(consumer, handle, limit=limit, awaited=True)
        batch = await self._run(work)
        done = batch.start
        try:
            for event in batch.events:
                answer = handle(event)
                if inspect.isawaitable(answer):
                    await answer
                done = event.position
        except BaseException:
            with suppress(CaseflowError):  # as in `Casebook.consume`
                await self._run(self._middle.feed.advance(batch, done))
            raise
        await self._run(
            self._middle.feed.advance(batch, batch.end, joined=self._joined is not None)
        )
        return batch.end - batch.start

    async def follow(
        self,
        consumer: str,
        handle: Handle,
        *,
        stop: asyncio.Event,
        poll: float = 1.0,
        limit: int = 100,
    ) -> None:
        """As `Casebook.follow`, by looking every `poll` seconds."""
        import asyncio

        following(stop, poll, awaited=True, joined=self._joined is not None)
        while not stop.is_set():
            if await self.consume(consumer, handle, limit=limit) == 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), poll)

    async def consumers(self) -> tuple[Consumer, ...]:
        """As `Casebook.consumers`."""
        return await self._run(self._middle.feed.consumers())

    async def begin_consumer(self, consumer: str, *, at: int | None = None) -> int:
        """As `Casebook.begin_consumer`."""
        return await self._run(self._middle.feed.begin(consumer, at=at))

    async def reset_consumer(self, consumer: str, *, to: int = 0) -> None:
        """As `Casebook.reset_consumer`."""
        await self._run(self._middle.feed.reset(consumer, to=to))

    async def delete_consumer(self, consumer: str) -> None:
        """As `Casebook.delete_consumer`."""
        await self._run(self._middle.feed.delete(consumer))

    # -- the application's transaction ---------------------------------------------------------

    def within(self, transaction: Any) -> Self:
        """As `Casebook.within`, for an AsyncSession or AsyncConnection."""
        join = joining(self._store, "within_async", joined=self._joined is not None)
        return self._within(join(transaction))

    async def publish(self) -> None:
        """As `Casebook.publish`."""
        if self._joined is None:
            raise not_joined()
        await self._joined.run(self._joined.publish)

    async def _published(self, outcome: Outcome[S]) -> Outcome[S]:
        """Tell the subscribers, awaiting those that are coroutines."""
        if self._joined is None:
            return await self._tell(outcome)
        if self._recorded.receivers and not outcome.replayed:
            told = self._joined.awaiting(self._tell, outcome)
            await self._joined.run(self._joined.after_commit, told)
        return outcome

    async def _tell(self, outcome: Outcome[S]) -> Outcome[S]:
        errors = []
        for receiver, recorded in self._receivers(outcome):
            try:
                answer = receiver(type(recorded.event), recorded=recorded)
                if inspect.isawaitable(answer):
                    await answer
            except Exception as error:  # a subscriber is foreign code: reported, never raised
                errors.append(report(error, recorded))
        return attrs.evolve(outcome, undelivered=tuple(errors)) if errors else outcome
