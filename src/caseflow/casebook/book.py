"""The casebook: what an embedding application talks to, waiting for each answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import datetime
from typing import Any, Self, Unpack

import attrs

from caseflow.casebook.erasing.verbs import ErasesWaiting
from caseflow.casebook.feeding import Consumer, FeedEvent, Handle
from caseflow.casebook.finding.lists import Listed, Page, Wanted
from caseflow.casebook.given import Given, done_at_once, following
from caseflow.casebook.keeping.verbs import Keeping
from caseflow.casebook.outcome import Outcome
from caseflow.casebook.parts import joining
from caseflow.casebook.shared import Book, T, not_joined, report, run
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import Case, S
from caseflow.kernel.errors import CaseflowError
from caseflow.kernel.recorded import Actor, AnyRecorded
from caseflow.kernel.verdict import Verdict
from caseflow.storage.port import Place, Storage
from caseflow.workflow.clocks import Standing
from caseflow.workflow.occasions import Occasion
from caseflow.workflow.options import Option
from caseflow.workflow.owed import Owed


class Casebook(Book[Storage, S], Keeping[S], ErasesWaiting):
    """Cases of one workflow, of one agency, in one store.

    `roles` says which roles an actor holds: a mapping from ids, or a function of the id and
    the case. `earlier` are older versions of the workflow that cases may still be pinned to.
    `clock` gives the present moment, with a time zone; `new_id` a new case id. `cipher` seals
    personal fields before they reach the store (None: they are stored as they are);
    `retention` says what has to be kept before anything is erased (None: nothing is erased).
    `snapshot_every` is after how many events a snapshot is kept (0: never), `recent` how many
    cases are kept in memory. Ids (of the agency, cases, clients, actors, commands, consumers) are
    texts of at most 500 bytes.
    """

    def _run(self, work: Work[T]) -> T:
        """Carry out what the middle asks for."""
        return run(work, self._store)

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
        """Open a case for a client. Raises `Refused`, `CaseExists`, `CommandReused`.

        So it does `ChainBroken`, where events of a case of that id are left, and `KeyMissing`,
        where the agency's first case was sealed with keys that this book does not have.
        """
        return self._published(
            self._run(
                self._middle.open(
                    client,
                    case_id,
                    Given(by=by, at=at, reason=reason, command_id=command_id),
                    joined=self._joined is not None,
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

    def obligations(self, case_id: str, *, now: datetime | None = None) -> tuple[Standing, ...]:
        """How every obligation stands whose clock has begun, met ones included.

        `now` is the moment that it is told of (left out: now).
        """
        return self._run(self._middle.obligations(case_id, now=now))

    def occasions(self, case_id: str, *, now: datetime | None = None) -> tuple[Occasion, ...]:
        """Every time that an obligation was due: kept, late, missed, excused; and those due now.

        `now` is the moment that it is told of (left out: now); what occurred later is left
        out. The whole history is read for it. Soonest first.
        """
        return self._run(self._middle.occasions(case_id, now=now))

    def history(self, case_id: str) -> tuple[AnyRecorded, ...]:
        """Every event as it was recorded, in order, corrections and voids included.

        Raises `NoSuchCase`, and `ChainBroken` where one of them is not as it was written.
        """
        return self._run(self._middle.loader.history(case_id))

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

    # -- the list of cases, and the feed -------------------------------------------------------

    def find(self, *, after: str | None = None, limit: int = 100, **wanted: Unpack[Wanted]) -> Page:
        """One page of the cases that fit all that is given, in the order of their opening.

        `stage`, `client`, `subject`, `workflow_version`, `ended`; `where={"lead": "mo"}` for an
        index of the workflow; `due_by`, a moment: the cases on which something may be due by
        then, soonest first. `after` is the `next` of the page before, of the same search; `limit`
        at most 10,000.
        The cases are those of this book's workflow. Nothing of their histories is read. Raises
        `InvalidCall`; for a person, `KeyMissing` as `open` does.
        """
        return self._run(self._middle.lists.find(wanted, after=after, limit=limit))

    def every(self, *, page: int = 500, **wanted: Unpack[Wanted]) -> Iterator[Listed]:
        """All cases that fit (see `find`), read page by page while they are used."""
        after: Place | None = None
        while True:
            work = self._middle.lists.some(wanted, after=after, limit=page, called="page")
            cases, after = self._run(work)
            yield from cases
            if after is None:
                return

    def tally(self, index: str) -> Mapping[str, int]:
        """How many cases an index of the workflow holds under each value: caseloads, say.

        With a cipher, the values of a personal index are told as they are stored: keyed digests,
        which can be counted and not read. To count the cases of a value that you know, look
        for it: `every(where={index: value})`.
        """
        return self._run(self._middle.lists.tally(index))

    def feed(self, *, after: int = 0, page: int = 500) -> Iterator[FeedEvent]:
        """The events of the agency after a position, as far as they are committed.

        Every event comes once, each case's in order, at a position that never changes; those
        of other workflows are passed over. It ends where there is nothing more yet. Raises
        `ChainBroken` for an event that was changed after it was written; so does `consume`.
        """
        while True:
            work = self._middle.feed.page(after=after, limit=page, called="page")
            reached, events = self._run(work)
            yield from events
            if reached == after:
                return
            after = reached

    def consume(self, consumer: str, handle: Handle, *, limit: int = 100) -> int:
        """Let a consumer work on the next events of the feed, at most `limit` of them.

        `handle` is called with each `FeedEvent`, and the checkpoint of the consumer moves
        behind them: after the work. Where the process dies in between, at most `limit` events
        come again. Where `handle` raises, the checkpoint moves behind those that it was done
        with, and the error comes through. In a book made by `within`, work and checkpoint are
        one transaction: each event counts exactly once. Returns how far the checkpoint moved:
        0 where there is nothing more yet. Raises `ConsumerMoved` where another process works
        under the same name, and `InvalidCall` for a function
        that has to be awaited.
        """
        work = self._middle.feed.batch(consumer, handle, limit=limit, awaited=False)
        batch = self._run(work)
        done = batch.start
        try:
            for event in batch.events:
                done_at_once(f"consume({consumer!r}, ...)", handle, handle(event))
                done = event.position
        except BaseException:
            with suppress(CaseflowError):  # what failed first is told: a transaction may be broken
                self._run(self._middle.feed.advance(batch, done))
            raise
        self._run(self._middle.feed.advance(batch, batch.end, joined=self._joined is not None))
        return batch.end - batch.start

    def follow(
        self,
        consumer: str,
        handle: Handle,
        *,
        stop: threading.Event,
        poll: float = 1.0,
        limit: int = 100,
    ) -> None:
        """Let a consumer work on the feed (see `consume`) until `stop` is set.

        Where there is nothing more, it looks again after `poll` seconds, or as soon as a store
        that notifies (`SQLStorage(..., notify=True)`) hears of an append. What `handle` or the
        store raises ends it; call it again, and it goes on where it was. Raises `InvalidCall`
        for what is no `threading.Event`, or no number of seconds, and in a book made by `within`.
        """
        following(stop, poll, awaited=False, joined=self._joined is not None)
        heard: Callable[[float], bool] = stop.wait
        store: Any = self._store
        with ExitStack() as open_until_stopped:
            if getattr(store, "notifies", False):
                heard = open_until_stopped.enter_context(store.listening())
            while not stop.is_set():
                if self.consume(consumer, handle, limit=limit) == 0:
                    _wait(heard, poll, stop)

    def consumers(self) -> tuple[Consumer, ...]:
        """Where each consumer of the agency stands, and how far behind the end of the feed.

        A consumer is known from the first batch on that it has done.
        """
        return self._run(self._middle.feed.consumers())

    def begin_consumer(self, consumer: str, *, at: int | None = None) -> int:
        """Let a consumer that has done no work yet begin elsewhere than at the start of the feed.

        It works next on what follows the position `at` (None: where the feed ends now), which
        is returned. Raises `InvalidCall` for a consumer that has begun, and a position after
        the end of the feed.
        """
        return self._run(self._middle.feed.begin(consumer, at=at))

    def reset_consumer(self, consumer: str, *, to: int = 0) -> None:
        """Move a consumer's checkpoint to a position of the feed, back or on: 0 is the start.

        It works next on what follows that position. One that is at work meanwhile is told
        `ConsumerMoved`. Raises `InvalidCall` for a consumer that is not known, and a position
        after the end of the feed; `ConsumerMoved` where the consumer moved it at that moment.
        """
        self._run(self._middle.feed.reset(consumer, to=to))

    def delete_consumer(self, consumer: str) -> None:
        """Delete a consumer that is no longer wanted. Under its name, one would begin anew.

        Raises `InvalidCall` for a consumer that is not known.
        """
        self._run(self._middle.feed.delete(consumer))

    # -- the application's transaction ---------------------------------------------------------

    def within(self, transaction: Any) -> Self:
        """This book inside a transaction of the application's: a SQLAlchemy Session or Connection.

        What it writes commits or is rolled back with the application's rows. Subscribers are
        told when the root transaction of the Session's connection has ended by a commit; what
        was rolled back, to a savepoint too, is never told. Where the Session itself joined a
        transaction of somebody else's, or a Connection is given, call `publish` after the
        commit. The feed is the guarantee; subscribers are a convenience.

        The database is that of the book's store (`OtherDatabase`). A SQLite transaction has to
        hold the write lock (`TransactionNotImmediate`); one that has not begun yet is begun so.
        Use the book that is returned while the transaction lasts. Raises `Unsupported` where the
        store joins none.
        """
        join = joining(self._store, "within", joined=self._joined is not None)
        return self._within(join(transaction))

    def publish(self) -> None:
        """Tell subscribers what this book wrote within a transaction that is now committed.

        Needed only where nobody tells the book of the commit: see `within`. Raises
        `InvalidCall` while the transaction is open.
        """
        if self._joined is None:
            raise not_joined()
        self._joined.publish()

    def _published(self, outcome: Outcome[S]) -> Outcome[S]:
        """Tell the subscribers, and the outcome what they raised."""
        if self._joined is None:
            return self._tell(outcome)
        if self._recorded.receivers and not outcome.replayed:  # else nothing is looked up then
            self._joined.after_commit(lambda: self._tell(outcome))
        return outcome

    def _tell(self, outcome: Outcome[S]) -> Outcome[S]:
        errors = []
        for receiver, recorded in self._receivers(outcome):
            try:
                receiver(type(recorded.event), recorded=recorded)
            except Exception as error:  # a subscriber is foreign code: reported, never raised
                errors.append(report(error, recorded))
        return attrs.evolve(outcome, undelivered=tuple(errors)) if errors else outcome


def _wait(heard: Callable[[float], bool], seconds: float, stop: threading.Event) -> None:
    """Wait until something is heard, in pieces, so that a stop is noticed in between."""
    while seconds > 0 and not stop.is_set() and not heard(min(seconds, 1.0)):
        seconds -= 1.0
