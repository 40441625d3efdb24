"""Worker processes: hired, heard, killed without warning, and seen off.

A worker says what it does on a pipe, one message at a time, and what it said before it was
killed can still be read. Workers are forked from a server that has imported everything and has
neither threads nor connections, so that a kill costs milliseconds and not an import.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any

from caseflow.testing.contract.processes import IMPORTED
from tests.chaos.invariants import Done
from tests.chaos.trade import Job

PATIENCE = 300.0
"""How many seconds a worker may take to end before the test gives it up."""

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([*IMPORTED, "tests.chaos.server"])  # for all of the suite


class Worker:
    """One process, and what it said."""

    def __init__(self, crew: Crew, work: Callable[..., None], given: tuple[Any, ...]) -> None:
        self.pipe, theirs = _processes.Pipe()
        self.process = _processes.Process(target=work, args=(theirs, *given), daemon=True)
        self.process.start()
        theirs.close()
        self.crew = crew
        self.said: list[tuple[Any, ...]] = []
        self.trying: Job | None = None
        """The job that it has begun and not said to be done."""

    def hear(self) -> bool:
        """Take one message. False where there will be none any more."""
        try:
            message = self.pipe.recv()
        except (EOFError, OSError):
            return False
        self.said.append(message)
        kind = message[0]
        if kind == "trying":
            self.trying = message[1]
        elif kind in ("done", "given up"):
            self.trying = None
        self.crew.note(message)
        return True

    def stop(self) -> None:
        """Tell it to end when it is done with what it does."""
        try:
            self.pipe.send("stop")
        except OSError:  # it has ended already, which is seen when it is joined
            return

    def kill(self) -> None:
        """Kill it, at once, and take what it had said."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.ended(-signal.SIGKILL)

    def ended(self, *wanted: int) -> int:
        """Wait until it has ended, having heard all of it, and see how."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if wait([self.pipe], timeout=1.0) and not self.hear():
                break
        self.process.join(PATIENCE)
        code = self.process.exitcode
        assert code in wanted, f"a worker ended with {code}: {self.said[-1:]}"
        self.pipe.close()
        if self in self.crew.workers:
            self.crew.workers.remove(self)
        assert code is not None
        return code


class Crew:
    """The workers of a scenario, and everything that they said, counted."""

    def __init__(self) -> None:
        self.workers: list[Worker] = []
        self.done: list[Done] = []
        """What was acknowledged, in the order in which it was heard."""
        self.counts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()

    def hire(self, work: Callable[..., None], *given: Any) -> Worker:
        """Start a worker: `work(pipe, *given)` in a process of its own."""
        worker = Worker(self, work, given)
        self.workers.append(worker)
        return worker

    def note(self, message: tuple[Any, ...]) -> None:
        """Count what was said."""
        kind = message[0]
        if kind == "done":
            self.done.append(Done(*message[1:3]))
            self.errors.update(message[3])
        elif kind == "given up":
            self.counts[message[1]] += 1
            self.errors.update(message[2])
        elif kind == "failed":
            self.errors[message[1]] += 1
        elif kind == "appended":
            self.counts.update(message[1])
        self.counts[kind] += 1

    def listen(self, seconds: float) -> None:
        """Hear everybody for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            pipes: dict[Any, Worker] = {worker.pipe: worker for worker in self.workers}
            ready = wait(list(pipes), timeout=left)
            for pipe in ready:
                assert isinstance(pipe, Connection)
                if not pipes[pipe].hear():
                    pipes[pipe].ended(0)  # by itself: it has to say why
                    raise AssertionError("a worker ended that was not told to")

    def hear_of(self, worker: Worker, kind: str) -> None:
        """Hear everybody until a worker has said something of a kind."""
        until = time.monotonic() + PATIENCE
        while not any(message[0] == kind for message in worker.said):
            assert time.monotonic() < until, f"a worker never said {kind!r}"
            self.listen(0.01)

    def hear_of_another(self, kind: str) -> None:
        """Hear everybody until somebody says one thing more of a kind."""
        until, heard = time.monotonic() + PATIENCE, self.counts[kind]
        while self.counts[kind] == heard:
            assert time.monotonic() < until, f"nobody said {kind!r} any more"
            self.listen(0.01)

    def dismiss(self, *workers: Worker) -> None:
        """Let workers end (none named: all of them), and wait for it."""
        leaving = list(workers or self.workers)
        for worker in leaving:
            worker.stop()
        for worker in leaving:
            worker.ended(0)


@contextmanager
def a_crew() -> Iterator[Crew]:
    """A crew, of which nobody is left behind when the test fails."""
    crew = Crew()
    try:
        yield crew
    finally:
        for worker in crew.workers:
            worker.process.kill()
            worker.process.join(PATIENCE)
            worker.pipe.close()
