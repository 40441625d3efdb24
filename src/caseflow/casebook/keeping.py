"""The verbs for those who keep the store: verify, attest, export, import; waiting or awaiting."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from caseflow.casebook.archive import Exported
from caseflow.casebook.attestation import Attestation
from caseflow.casebook.files import FileLike
from caseflow.casebook.findings import Verified
from caseflow.casebook.resealing import sealing
from caseflow.casebook.store_calls import StoreCall, Work
from caseflow.kernel.case import S
from caseflow.kernel.errors import CaseExists, CaseHeld

if TYPE_CHECKING:
    from caseflow.casebook.middle import Middle

T = TypeVar("T")


class Keeping(Generic[S]):
    """What a `Casebook` does with all of its agency's cases at once. See docs/howto-verify.md."""

    _middle: Middle[S]
    _store: Any

    def verify(self, case_id: str) -> Verified:
        """Whether a case is as it was written: its chain, its end, and what is derived of it.

        What is wrong is reported, not raised: see `Verified`. Raises `NoSuchCase`.
        """
        return _kept(self._middle.audit.verify(case_id), self._store)

    def verify_all(self, *, against: FileLike | None = None, digest: str | None = None) -> Verified:
        """Whether every case of the agency, whatever its workflow, and the feed are as written.

        `against` is an attestation (see `attest`): with it, lost cases, lost tails and
        histories that were written anew are found as well. `digest` is the one that was kept
        elsewhere, so that a forged attestation is not believed. One case is in memory at a
        time, and a number for each. Raises `DamagedFile`, `FileFailed`.
        """
        return _kept(self._middle.audit.verify_all(against, digest), self._store)

    def attest(self, to: FileLike) -> Attestation:
        """Write to a file where every case of the agency stands, to be kept elsewhere.

        `to` is a path, or a file that is open for bytes. Nothing is verified: verify first.
        Raises `FileFailed` where it cannot be written, or is there already.
        """
        return _kept(self._middle.audit.attest(to), self._store)

    def export(self, to: FileLike) -> Exported:
        """Write every case of the agency to a file, whatever its workflow: see `import_from`.

        Rows are written as they are stored: personal fields stay sealed. Each case is exported
        as it stands when it is reached. Raises `ChainBroken` for a case that does not verify,
        and `FileFailed`; then there is no file.
        """
        return _kept(self._middle.archive.export(to), self._store)

    def packet(self, case_id: str, to: FileLike) -> Exported:
        """Write one case to a file, as `export` does. Raises `NoSuchCase` too."""
        return _kept(self._middle.archive.packet(case_id, to), self._store)

    def import_from(self, source: FileLike, *, seal: bool = False) -> int:
        """Add the cases of an export to the store: all, or none. How many events they hold.

        Every chain, every count and the hash of the file are verified as it is read. Rows are
        written as they were; with `seal`, those that were written without a cipher are sealed
        by this book's, so that each chain is another one: see docs/howto-erase.md.

        Raises `DamagedFile` naming the line, `CaseHeld` where there is such a case already,
        `CommandReused`, and `FileFailed`; with `seal` also `InvalidCall` where there is no
        cipher, `OtherWorkflow`, `UnreadableRecord` and `SubjectErased`. Then nothing was
        imported.
        """
        try:
            return _kept(_importing(self._middle, source, seal), self._store)
        except CaseExists as error:
            raise CaseHeld(case_id=error.fields["case_id"]) from error

    def reindex(self) -> int:
        """Put right what is derived of the cases of this workflow: the list, and snapshots.

        For after an index of the workflow was changed, or `verify` found that the list or a
        snapshot differs. How many cases were put right. It may be repeated, and others may
        write meanwhile. Raises `UnreadableRecord` for a history that does not hold.
        """
        return _kept(self._middle.audit.reindex(), self._store)


class AsyncKeeping(Generic[S]):
    """The same, awaited: files, hashes and histories are worked on in a thread.

    A task that is cancelled ends when that thread has: at the next case, or when the store has
    answered. Nothing goes on after it. All of the work was done, or nothing: what is not
    complete leaves no file, and nothing in the store (`reindex`, which may be repeated, leaves
    the cases that it put right).
    """

    _middle: Middle[S]
    _store: Any

    async def verify(self, case_id: str) -> Verified:
        """As `Casebook.verify`."""
        return await _kept_awaiting(self._middle.audit.verify(case_id), self._store)

    async def verify_all(
        self, *, against: FileLike | None = None, digest: str | None = None
    ) -> Verified:
        """As `Casebook.verify_all`."""
        work = self._middle.audit.verify_all(against, digest)
        return await _kept_awaiting(work, self._store)

    async def attest(self, to: FileLike) -> Attestation:
        """As `Casebook.attest`."""
        return await _kept_awaiting(self._middle.audit.attest(to), self._store)

    async def export(self, to: FileLike) -> Exported:
        """As `Casebook.export`."""
        return await _kept_awaiting(self._middle.archive.export(to), self._store)

    async def packet(self, case_id: str, to: FileLike) -> Exported:
        """As `Casebook.packet`."""
        return await _kept_awaiting(self._middle.archive.packet(case_id, to), self._store)

    async def import_from(self, source: FileLike, *, seal: bool = False) -> int:
        """As `Casebook.import_from`. An asynchronous store takes the lines at its own pace."""
        try:
            return await _kept_awaiting(_importing(self._middle, source, seal), self._store)
        except CaseExists as error:
            raise CaseHeld(case_id=error.fields["case_id"]) from error

    async def reindex(self) -> int:
        """As `Casebook.reindex`."""
        return await _kept_awaiting(self._middle.audit.reindex(), self._store)


def _importing(middle: Middle[Any], source: FileLike, seal: bool) -> Work[int]:
    return middle.archive.import_from(source, sealing(middle.loader) if seal else None)


def _kept(work: Work[T], store: Any, stop: threading.Event | None = None) -> T:
    """Carry out a piece of work, and leave no file open or half written when it fails."""
    with closing(work):
        reply: Any = None
        while True:
            step = _step(work, reply)
            if isinstance(step, _Done):
                return step.result  # type: ignore[no-any-return]  # what the work returns is a T
            args: Iterable[Any] = step.args
            if stop is not None:
                _go_on(stop)
                args = (_taken(arg, stop) if isinstance(arg, Iterator) else arg for arg in args)
            reply = getattr(store, step.method)(*args, **step.kwargs)


async def _kept_awaiting(work: Work[T], store: Any) -> T:
    """The same, awaited: in one thread, or step by step where the store is awaited.

    One that has joined a transaction is awaited by its `run`.
    """
    joined = getattr(store, "run", None)
    if joined is None and not inspect.iscoroutinefunction(store.head):
        stop = threading.Event()
        return await _in_thread(partial(_kept, work, store, stop), stop)
    with closing(work):
        reply: Any = None
        while True:
            step = await _in_thread(partial(_step, work, reply))
            if isinstance(step, _Done):
                return step.result  # type: ignore[no-any-return]  # as above
            call = partial(getattr(store, step.method), *step.args, **step.kwargs)
            reply = await (call() if joined is None else joined(call))


async def _in_thread(function: Callable[[], T], stop: threading.Event | None = None) -> T:
    """Call a function in a thread; who is cancelled lets it stop, and waits until it has ended."""
    import asyncio  # a third of the import time, and only used here

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


class _Done:
    """The end of a piece of work (a `StopIteration` cannot leave a thread)."""

    def __init__(self, result: Any) -> None:
        self.result = result


def _step(work: Work[Any], reply: Any) -> StoreCall | _Done:
    try:
        return work.send(reply)
    except StopIteration as done:
        return _Done(done.value)
