"""The cases that were worked on last, kept in memory so that they need not be folded again."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any, NamedTuple

from caseflow.kernel.case import Case
from caseflow.storage.port import Listing


class Loaded(NamedTuple):
    """A case, the hash of its last event as it stands in the store, and its listing."""

    case: Case[Any]
    hash: str
    listing: Listing | None = None
    """What the list says of it; None: not known here."""
    subjects: frozenset[str] = frozenset()
    """Whose data it holds: what the store knows them by."""
    generation: int = 0
    """After which erasure it was read (see `Cipher.generation`)."""


class RecentCases:
    """At most `size` cases, the longest unused forgotten first. Safe to share between threads.

    Whoever takes a case from here compares its version and hash with the store's.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._cases: OrderedDict[str, Loaded] = OrderedDict()
        self._lock = Lock()
        self._generation = 0

    def as_of(self, generation: int) -> None:
        """Forget every case, if somebody was erased since they were kept."""
        with self._lock:
            if generation != self._generation:
                self._cases.clear()
                self._generation = generation

    def get(self, case_id: str) -> Loaded | None:
        """The case as it was left here, if it still is."""
        with self._lock:
            found = self._cases.get(case_id)
            if found is not None:
                self._cases.move_to_end(case_id)
            return found

    def put(self, case_id: str, loaded: Loaded) -> None:
        """Keep a case, unless somebody was erased since it was read."""
        with self._lock:
            if loaded.generation != self._generation:
                return
            self._cases[case_id] = loaded
            self._cases.move_to_end(case_id)
            while len(self._cases) > self._size:
                self._cases.popitem(last=False)
