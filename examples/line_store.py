"""A store of somebody else: one text file, one line for everything that was ever written.

The file is the truth. What it says is put into a `MemoryStorage`, which answers all questions;
before every answer the lines are read on that another program has added. Whoever writes holds
a lock on the file, tries the change in memory, and appends its line to the file and the disk.
A line is there or it is not, so everything is all or nothing, also a whole restoration.

It keeps the contract of the storage port, but for `transactions` of an application.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any

from caseflow import StoreError
from caseflow.storage import (
    Appended,
    Checkpoint,
    Consumers,
    Count,
    FeedEntry,
    Found,
    Head,
    History,
    Listing,
    Loose,
    MemoryStorage,
    Place,
    Query,
    Snapshot,
    StoredEvent,
    Unit,
)


class LineStore:
    """Keeps cases in a text file. Several threads and programs may use it at once.

    Acknowledged means on the disk. Raises `StoreError` where the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = RLock()
        with self._failing("open its file"):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            _keep_name(path)
        self._forget()

    def __repr__(self) -> str:
        return f"LineStore({str(self._path)!r})"

    def close(self) -> None:
        """Close the file. The store cannot be used afterwards."""
        os.close(self._file)

    # -- what is asked: of the memory, when it has caught up -----------------------------------

    def head(self, agency: str, case_id: str, /) -> Head | None:
        with self._reading() as memory:
            return memory.head(agency, case_id)

    def read(
        self, agency: str, case_id: str, /, *, after: int = 0, types: Sequence[str] | None = None
    ) -> Sequence[StoredEvent]:
        with self._reading() as memory:
            return memory.read(agency, case_id, after=after, types=types)

    def command(self, agency: str, command_id: str, /) -> Sequence[StoredEvent]:
        with self._reading() as memory:
            return memory.command(agency, command_id)

    def snapshot(self, agency: str, case_id: str, /) -> Snapshot | None:
        with self._reading() as memory:
            return memory.snapshot(agency, case_id)

    def find(
        self, agency: str, query: Query, /, *, after: Place | None = None, limit: int = 100
    ) -> Sequence[Found]:
        with self._reading() as memory:
            return memory.find(agency, query, after=after, limit=limit)

    def count(self, agency: str, name: str, value: str, /, *, besides: str = "") -> Count:
        with self._reading() as memory:
            return memory.count(agency, name, value, besides=besides)

    def tally(self, agency: str, name: str, /) -> Mapping[str, int]:
        with self._reading() as memory:
            return memory.tally(agency, name)

    def feed(self, agency: str, /, *, after: int = 0, limit: int = 100) -> Sequence[FeedEntry]:
        with self._reading() as memory:
            return memory.feed(agency, after=after, limit=limit)

    def checkpoint(self, agency: str, consumer: str, /) -> Checkpoint:
        with self._reading() as memory:
            return memory.checkpoint(agency, consumer)

    def consumers(self, agency: str, /) -> Consumers:
        with self._reading() as memory:
            return memory.consumers(agency)

    def agencies(self) -> Sequence[str]:
        with self._reading() as memory:
            return memory.agencies()

    # -- what is written: tried in memory, and kept as a line ----------------------------------

    def append(self, unit: Unit, /) -> Appended:
        # A snapshot can be made again, and holds what may have to be forgotten: the file, which
        # forgets nothing, does not get it.
        with self._writing("append to a history") as write:
            appended = self._memory.append(unit)
            if appended is Appended.DONE:
                write("append", unit._replace(snapshot=None))
            return appended

    def relist(
        self, agency: str, case_id: str, /, *, version: int, listing: Listing, forget: bool = False
    ) -> bool:
        with self._writing("list a case anew") as write:
            done = self._memory.relist(
                agency, case_id, version=version, listing=listing, forget=forget
            )
            if done:
                write("relist", agency, case_id, version, listing, forget)
            return done

    def advance(
        self,
        agency: str,
        consumer: str,
        /,
        *,
        expected: Checkpoint,
        position: int,
        workflow: str = "",
    ) -> bool:
        with self._writing("move a checkpoint") as write:
            done = self._memory.advance(
                agency, consumer, expected=expected, position=position, workflow=workflow
            )
            if done:
                write("advance", agency, consumer, expected, position, workflow)
            return done

    def delete_consumer(self, agency: str, consumer: str, /) -> bool:
        with self._writing("delete a consumer") as write:
            done = self._memory.delete_consumer(agency, consumer)
            if done:
                write("delete_consumer", agency, consumer)
            return done

    def restore(self, agency: str, histories: Iterable[History], /) -> int:
        brought = list(histories)  # read to its end before anything is locked
        with self._writing("restore histories") as write:
            written = self._memory.restore(agency, brought)
            write("restore", agency, brought)
            return written

    def mend(self, agency: str, history: History, /, *, head: Head | None) -> bool:
        with self._writing("mend a history") as write:
            done = self._memory.mend(agency, history, head=head)
            if done:
                write("mend", agency, history, head)
            return done

    def loose_ends(self, agency: str, /, *, mend: bool = False) -> Sequence[Loose]:
        with self._writing("look for what does not fit") as write:
            found = self._memory.loose_ends(agency, mend=mend)
            if mend:
                write("loose_ends", agency)
            return found

    # -- the file ------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Begin with nothing, as if the file had not been read yet."""
        self._memory, self._read_up_to = MemoryStorage(), 0

    @contextmanager
    def _reading(self) -> Iterator[MemoryStorage]:
        """The memory, after what others have written: waits for who is writing just now."""
        with self._lock, self._failing("read its file"):
            if os.fstat(self._file).st_size > self._read_up_to:
                with self._holding(fcntl.LOCK_SH):
                    self._catch_up()
            yield self._memory

    @contextmanager
    def _writing(self, action: str) -> Iterator[Callable[..., None]]:
        """Alone with the file, up to date: gives a function that writes a line.

        Where a line cannot be written, it is cut off again, and the memory, which is ahead of
        the file, is thrown away.
        """
        with self._lock, self._failing(action), self._holding(fcntl.LOCK_EX):
            self._catch_up()
            os.ftruncate(self._file, self._read_up_to)  # half a line that somebody died over
            try:
                yield self._write
            except OSError:
                with suppress(OSError):
                    os.ftruncate(self._file, self._read_up_to)
                self._forget()
                raise

    @contextmanager
    def _holding(self, lock: int) -> Iterator[None]:
        fcntl.flock(self._file, lock)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _catch_up(self) -> None:
        """Read on, to the end of the last whole line."""
        size = os.fstat(self._file).st_size
        new = os.pread(self._file, size - self._read_up_to, self._read_up_to)
        for line in new[: new.rfind(b"\n") + 1].splitlines(keepends=True):
            _replay(self._memory, *json.loads(line))
            self._read_up_to += len(line)

    def _write(self, verb: str, *given: Any) -> None:
        line = json.dumps([verb, *given]).encode() + b"\n"
        written = 0
        while written < len(line):
            written += os.write(self._file, line[written:])
        os.fsync(self._file)
        self._read_up_to += len(line)

    @contextmanager
    def _failing(self, action: str) -> Iterator[None]:
        """What the disk says becomes a `StoreError` that says how to repair it."""
        try:
            yield
        except OSError as error:
            repair = "See that the disk has space and that the file can be read and written."
            raise StoreError(store=repr(self), action=action, cause=error, repair=repair) from error


def _keep_name(path: Path) -> None:
    """See that the name of a new file is on the disk as well."""
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _replay(memory: MemoryStorage, verb: str, *given: Any) -> None:
    """Do again what a line says was done."""
    if verb == "append":
        memory.append(_unit(*given))
    elif verb == "relist":
        agency, case_id, version, listing, forget = given
        memory.relist(agency, case_id, version=version, listing=_listing(listing), forget=forget)
    elif verb == "advance":
        agency, consumer, expected, position, workflow = given
        before = Checkpoint(*expected)
        memory.advance(agency, consumer, expected=before, position=position, workflow=workflow)
    elif verb == "mend":
        agency, history, head = given
        memory.mend(agency, _history(*history), head=head and Head._make(head))
    elif verb == "loose_ends":
        memory.loose_ends(*given, mend=True)
    elif verb == "delete_consumer":
        memory.delete_consumer(*given)
    else:
        agency, brought = given
        memory.restore(agency, [_history(*one) for one in brought])


def _unit(given: list[Any]) -> Unit:
    unit = Unit._make(given)
    return unit._replace(
        events=_events(unit.events),
        listing=unit.listing and _listing(unit.listing),
        listed=unit.listed and _listing(unit.listed),
        subjects=tuple(unit.subjects),
        counts=tuple(Count._make(count) for count in unit.counts),
    )


def _history(case_id: str, events: Any, listing: Any, subjects: Any) -> History:
    return History(case_id, _events(events), _listing(listing), tuple(subjects))


def _events(given: Iterable[Any]) -> tuple[StoredEvent, ...]:
    return tuple(StoredEvent._make(one) for one in given)


def _listing(given: Iterable[Any]) -> Listing:
    listing = Listing._make(given)
    return listing._replace(keys=tuple((name, value) for name, value in listing.keys))


def open_store(place: Path) -> LineStore:
    """The store that keeps its data at a place, as the contract of the port asks for it."""
    return LineStore(place / "cases.jsonl")
