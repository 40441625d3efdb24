"""What the waiting and the awaiting casebook share: their parts, and who listens to them."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, Self, TypeVar
from uuid import uuid4

from blinker import Signal

from caseflow.casebook.middle import Middle, Roles
from caseflow.casebook.outcome import Outcome
from caseflow.casebook.parts import (
    a_cipher,
    a_function,
    a_receiver,
    a_store,
    an_event_of,
    keys_apart,
)
from caseflow.casebook.retention import Retention
from caseflow.casebook.store_calls import Work
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
        `caseflow` and told by the outcome. A casebook that must not miss anything reads the
        history instead. A book made by `within` tells whoever listens to the book that it was
        made of. Raises `InvalidCall` and `UnknownEvent`.
        """
        if self._joined is not None:
            raise InvalidCall(
                what="subscribe(...)",
                problem="comes on a book inside a transaction, with which it would not end",
                repair="Subscribe to the book on which within(...) was called.",
            )
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


def run(work: Work[T], store: Any) -> T:
    """Carry out a piece of work on a store that answers at once."""
    reply: Any = None
    failed: Exception | None = None
    while True:
        try:
            call = work.send(reply) if failed is None else work.throw(failed)
        except StopIteration as done:
            result: T = done.value
            return result
        failed = None
        try:
            reply = getattr(store, call.method)(*call.args, **call.kwargs)
        except Exception as raised:  # it is for the work to say what becomes of it
            failed = raised


def not_joined() -> InvalidCall:
    """The error of `publish` on a book that tells by itself."""
    return InvalidCall(
        what="publish()",
        problem="is for a book inside a transaction of the application's",
        repair="Call it on the book that within(...) returned; other books tell by themselves.",
    )
