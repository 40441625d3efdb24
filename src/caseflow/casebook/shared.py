"""What the waiting and the awaiting casebook share: their parts, and who listens to them."""

from __future__ import annotations

import copy
import inspect
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar
from uuid import uuid4

from blinker import Signal

from caseflow.casebook.deciding import Roles
from caseflow.casebook.erasing.retention import Retention
from caseflow.casebook.given import done_at_once
from caseflow.casebook.middle import Middle
from caseflow.casebook.outcome import Outcome
from caseflow.casebook.parts import (
    a_cipher,
    a_function,
    a_receiver,
    a_store,
    an_event_of,
    keys_apart,
)
from caseflow.casebook.store_calls import StoreCall, Work
from caseflow.kernel.case import S
from caseflow.kernel.cipher import Cipher
from caseflow.kernel.errors import InvalidCall
from caseflow.kernel.recorded import AnyRecorded
from caseflow.workflow.workflow import Workflow

T = TypeVar("T")
St = TypeVar("St")
Receiver = Callable[[AnyRecorded], Any]

log = logging.getLogger("caseflow")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return uuid4().hex


class Book(Generic[St, S]):
    """What both casebooks share: the middle, and who listens."""

    _awaits: ClassVar[bool] = False
    """Whether it can use a store that has to be awaited."""

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
        retention: Retention | None = None,
        snapshot_every: int = 100,
        recent: int = 256,
    ) -> None:
        """Make a book of a workflow and a store; what the other arguments are, the class tells."""
        a_store(store, awaited=self._awaits)
        a_function("clock", clock)
        a_function("new_id", new_id)
        a_cipher(cipher)
        keys_apart(store, cipher)
        self.workflow = workflow
        self.agency = agency
        self.retention = retention
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
        self._joined: Any = None
        """The store inside an application's transaction, where this book was made by `within`."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.workflow!r}, agency={self.agency!r})"

    def subscribe(self, receiver: Receiver, *, to: type[Any] | None = None) -> Callable[[], None]:
        """Call `receiver(recorded)` after each event that this book writes.

        `to` limits it to one event class. The receiver is held strongly, until the function
        that is returned is called. It is called after the commit, in this process only; what
        it raises harms neither the write nor other receivers: it is logged to the logger
        `caseflow` and told by the outcome. What a verb wrote that was cancelled meanwhile is told
        to nobody, nor when its command is sent again: who must not miss anything reads the feed.
        A book made by `within` tells whoever listens to the book that it was made of. Raises
        `InvalidCall` and `UnknownEvent`.
        """
        if self._joined is not None:
            raise InvalidCall(
                what="subscribe(...)",
                problem="comes on a book inside a transaction, with which it would not end",
                repair="Subscribe to the book on which within(...) was called.",
            )
        a_receiver(receiver, awaited=self._awaits)
        if to is not None:
            an_event_of(self._middle.versions.values(), to)

        def relay(_: Any, *, recorded: AnyRecorded) -> Any:
            answer = receiver(recorded)
            if not self._awaits and inspect.iscoroutine(answer):  # a task may go on by itself
                done_at_once("subscribe(...)", receiver, answer)
            return answer

        if to is None:
            self._recorded.connect(relay, weak=False)
        else:
            self._recorded.connect(relay, sender=to, weak=False)
        return lambda: self._recorded.disconnect(relay)

    def _within(self, store: Any) -> Self:
        """This book over a store that has joined a transaction; what it tells waits for that."""
        joined = copy.copy(self)
        joined._store = store
        joined._joined = store
        return joined

    def _receivers(self, outcome: Outcome[S]) -> Iterable[tuple[Callable[..., Any], AnyRecorded]]:
        if outcome.replayed or not self._recorded.receivers:
            return
        for recorded in outcome.events:
            for receiver in list(self._recorded.receivers_for(type(recorded.event))):
                yield receiver, recorded


def report(error: Exception, recorded: AnyRecorded) -> Exception:
    """Log what a subscriber raised, and give it back."""
    log.error(
        "A subscriber failed on event %s of case %s, which is recorded all the same: %r",
        recorded.number,
        recorded.case_id,
        error,
        exc_info=error,
    )
    return error


class Done(NamedTuple):
    """The end of a piece of work (a `StopIteration` cannot leave a thread)."""

    result: Any


def step(work: Work[Any], reply: Any, failed: Exception | None) -> StoreCall | Done:
    """Go on with a piece of work, up to its next call on the store.

    What the store raised is raised inside: it is for the work to say what becomes of it.
    """
    try:
        return work.send(reply) if failed is None else work.throw(failed)
    except StopIteration as done:
        return Done(done.value)


def run(work: Work[T], store: Any, stop: threading.Event | None = None) -> T:
    """Carry out a piece of work on a store that answers at once; no file is left open by it.

    It ends at the next call on the store, or the next item that the store takes, once `stop`
    is set.
    """
    reply: Any = None
    failed: Exception | None = None
    try:
        while isinstance(call := step(work, reply, failed), StoreCall):
            failed = None
            args: Iterable[Any] = call.args
            if stop is not None:
                _go_on(stop)
                args = (_taken(arg, stop) if isinstance(arg, Iterator) else arg for arg in args)
            try:
                reply = getattr(store, call.method)(*args, **call.kwargs)
            except Exception as raised:
                failed = raised
    finally:
        work.close()
    return call.result  # type: ignore[no-any-return]  # what the work returns is a T


async def run_awaiting(
    work: Work[T], store: Any, *, joined: bool = False, aside: bool = False
) -> T:
    """The same, awaited: in one thread, or call by call on a store that is awaited.

    `joined` is whether the store has joined a transaction: its `run` awaits for it then. `aside`
    has the work itself done in a thread, for it reads files and long histories; who is cancelled
    meanwhile waits until that has ended.
    """
    import asyncio  # a third of the import time, and only used here

    if joined and not aside:
        return await store.run(run, work, store)  # type: ignore[no-any-return]  # as above
    if not joined and not inspect.iscoroutinefunction(store.head):
        if not aside:
            return await asyncio.to_thread(run, work, store)
        stop = threading.Event()
        return await _in_thread(partial(run, work, store, stop), stop)
    reply: Any = None
    failed: Exception | None = None
    try:
        while True:
            going = partial(step, work, reply, failed)
            call = await _in_thread(going) if aside else going()
            if isinstance(call, Done):
                return call.result  # type: ignore[no-any-return]  # as above
            failed = None
            asked = partial(getattr(store, call.method), *call.args, **call.kwargs)
            try:
                reply = await (store.run(asked) if joined else asked())
            except Exception as raised:
                failed = raised
    finally:
        work.close()


async def _in_thread(function: Callable[[], T], stop: threading.Event | None = None) -> T:
    """Call a function in a thread; who is cancelled lets it stop, and waits until it has ended."""
    import asyncio

    thread = asyncio.create_task(asyncio.to_thread(function))
    cancelled: asyncio.CancelledError | None = None
    while not thread.done():
        try:
            await asyncio.wait([thread])
        except asyncio.CancelledError as error:
            cancelled = error
            if stop is not None:
                stop.set()
    if cancelled is None:
        return thread.result()
    if not thread.cancelled():
        thread.exception()  # it was looked at
    raise cancelled


class _Stopped(BaseException):
    """The task that waits for a thread was cancelled. No store is to take it for a failure."""


def _go_on(stop: threading.Event) -> None:
    if stop.is_set():
        raise _Stopped


def _taken(items: Iterator[T], stop: threading.Event) -> Iterator[T]:
    """What a store takes one by one, until it is told to stop: it then undoes what it began."""
    for item in items:
        _go_on(stop)
        yield item
    _go_on(stop)


def not_joined() -> InvalidCall:
    """The error of `publish` on a book that tells by itself."""
    return InvalidCall(
        what="publish()",
        problem="is for a book inside a transaction of the application's",
        repair="Call it on the book that within(...) returned; other books tell by themselves.",
    )
