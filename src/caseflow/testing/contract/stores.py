"""What each test of the contract works with: a place of its own, and the stores on it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from queue import Empty
from typing import Any, Protocol, TypeVar

from caseflow.storage.port import Storage
from caseflow.testing.contract.checks import ContractBroken
from caseflow.testing.contract.processes import context, process

T = TypeVar("T")
PATIENCE = 120.0
"""After so many seconds somebody who was waited for is taken to be stuck."""
AT_ONCE = 1e-6
"""After so many seconds another thread has its turn. Python's own 5 ms hide that a lock lacks."""

Meet = Callable[[], None]
"""Waits until everybody who works at once has come to this point."""
Opening = Callable[[Path], Storage]


class Transaction(Protocol):
    """An open transaction of an application, and a store that takes part in it."""

    @property
    def store(self) -> Storage:
        """A store whose writing is kept or undone with the transaction."""
        ...

    def commit(self) -> None:
        """Keep what was written."""
        ...

    def rollback(self) -> None:
        """Undo what was written."""
        ...


Beginning = Callable[[Any], AbstractContextManager[Transaction]]


class Stores:
    """The stores of one test. All that `open` gives keep their data at one place."""

    def __init__(self, opening: Opening, beginning: Beginning | None, place: Path) -> None:
        self.opening = opening
        self.place = place
        self._beginning = beginning
        self._handles: list[Storage] = []

    @property
    def store(self) -> Storage:
        """The first store that was opened here."""
        return self._handles[0] if self._handles else self.open()

    def open(self) -> Storage:
        """Another store on the same data."""
        opened = self.opening(self.place)
        self._handles.append(opened)
        return opened

    def close(self) -> None:
        """Close every store that can be closed."""
        while self._handles:
            close(self._handles.pop())

    def reopened(self) -> Storage:
        """A store that comes to the data as one does after the end of a program."""
        self.close()
        return self.open()

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction of the application. Without a commit it is rolled back."""
        if self._beginning is None:  # the suite is only made without it where it is lacking
            raise ContractBroken("there is no transaction to begin")
        return self._beginning(self.store)

    def in_threads(
        self,
        worker: Callable[[Storage, int, Meet], T],
        count: int,
        *,
        apart: bool = False,
        meanwhile: Callable[[], object] | None = None,
    ) -> list[T]:
        """What each of several threads answers: all on one store, or `apart`, each on its own.

        Those on their own open it at the same moment. Meanwhile something else can be done. They
        take turns as often as they can, so that whoever lacks a lock is likely to be seen.
        """
        shared = None if apart else self.store
        barrier = threading.Barrier(count)
        answers: dict[int, T] = {}
        raised: list[BaseException] = []

        def work(number: int) -> None:
            try:
                _meet(barrier)
                store = shared if shared is not None else self.open()
                answers[number] = worker(store, number, lambda: _meet(barrier))
            except BaseException as error:  # told by the test, not by the thread
                raised.append(error)
                barrier.abort()

        threads = [
            threading.Thread(target=work, args=(number,), daemon=True) for number in range(count)
        ]
        before = sys.getswitchinterval()
        sys.setswitchinterval(AT_ONCE)
        try:
            for thread in threads:
                thread.start()
            while meanwhile is not None and any(thread.is_alive() for thread in threads):
                meanwhile()
            for thread in threads:
                thread.join(PATIENCE)
        finally:
            sys.setswitchinterval(before)
        _raise_the_first(raised)
        if len(answers) < count:
            raise ContractBroken(f"{count - len(answers)} of {count} threads are stuck")
        return [answers[number] for number in range(count)]

    def in_processes(
        self,
        worker: Callable[[Storage, int, Meet], T],
        count: int,
        *,
        meanwhile: Callable[[], object] | None = None,
    ) -> list[T]:
        """What each of several processes answers, with stores that they open at one moment."""
        results, barrier = context().Queue(), context().Barrier(count)
        given = self.opening, self.place, worker
        begun = [process(_work, *given, number, barrier, results) for number in range(count)]
        for one in begun:
            one.start()
        try:
            return _answers(results, count, meanwhile)
        finally:
            for one in begun:
                one.join(PATIENCE)
            results.close()


def close(store: Storage) -> None:
    """Close a store, if it has something to close. The port asks for nothing of the kind."""
    closing = getattr(store, "close", None)
    if closing is not None:
        closing()


def _meet(barrier: Any) -> None:
    barrier.wait(PATIENCE)


def _work(
    opening: Opening,
    place: Path,
    worker: Callable[[Storage, int, Meet], Any],
    number: int,
    barrier: Any,
    results: Any,
) -> None:
    """What a process does: open a store, work, tell the answer or what was raised."""
    try:
        _meet(barrier)
        store = opening(place)
        results.put((number, worker(store, number, lambda: _meet(barrier)), None))
        close(store)
    except BaseException as error:
        barrier.abort()
        results.put((number, None, error))


def _answers(results: Any, count: int, meanwhile: Callable[[], object] | None) -> list[Any]:
    answers: dict[int, Any] = {}
    raised: list[BaseException] = []
    waited = 0.0
    while len(answers) + len(raised) < count:
        if meanwhile is not None:
            meanwhile()
        try:
            number, answer, error = results.get(timeout=0.01 if meanwhile else PATIENCE)
        except Empty:
            waited += 0.01 if meanwhile else PATIENCE
            if waited >= PATIENCE:
                raise ContractBroken("a process did not come back with its answer") from None
            continue
        if error is None:
            answers[number] = answer
        else:
            raised.append(error)
    _raise_the_first(raised)
    return [answers[number] for number in range(count)]


def _raise_the_first(raised: list[BaseException]) -> None:
    """Raise what went wrong: not that the others then waited in vain."""
    broken = threading.BrokenBarrierError
    for error in sorted(raised, key=lambda error: isinstance(error, broken)):
        raise error
