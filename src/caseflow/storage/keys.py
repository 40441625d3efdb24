"""The key store: where the key of each subject lives, apart from the cases.

Whoever has the cases without the keys can read nothing personal. Erasing somebody is
destroying their key: a tombstone is left in its place, which says when, by whom and why, and
not of whom. A key store is small, and must not be the database of the cases: keys that stand
in it live on in its backups.

`SQLiteKeyStore` is the one that ships. One of your own (a vault, say) has the six methods of
`KeyStore`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from threading import RLock
from typing import NamedTuple, Protocol

from caseflow.kernel.errors import InvalidCall, listed

KEY_BYTES = 32


class SubjectKey(NamedTuple):
    """The key of a subject, and whose it is."""

    pseudonym: str
    subject: str
    key: bytes

    def __repr__(self) -> str:
        return f"SubjectKey({self.pseudonym!r})"  # never the key, in no log


class Tombstone(NamedTuple):
    """What stands in the place of a key that was destroyed. Moments are ISO 8601, in UTC.

    It is kept for good: `by` and `reason` must not name who was erased.
    """

    pseudonym: str
    erased_at: str
    by: str
    reason: str


class Roots(NamedTuple):
    """The keys that belong to nobody: of pseudonyms, of index values, of fingerprints."""

    pseudonyms: bytes
    blinds: bytes
    fingerprints: bytes

    def __repr__(self) -> str:
        return "Roots(...)"


class KeyStore(Protocol):
    """Keeps keys, and destroys them. Raises `StoreError` where it fails, having done nothing.

    What it acknowledges is durable. Several processes may use one at a time. Everything but
    the roots belongs to an agency.
    """

    @property
    def database(self) -> str:
        """What tells this database from others. A store of cases must not say the same."""
        ...

    def roots(self) -> Roots:
        """The keys that belong to nobody. Made once, when the key store is."""
        ...

    def generation(self) -> int:
        """A number that is another one after each erasure. Asked often.

        It is so for everybody by the time that `erase` returns: an older one that is told
        later lets a verb that was under way leave behind what it derived before.
        """
        ...

    def find(self, agency: str, pseudonym: str, /) -> SubjectKey | Tombstone | None:
        """The key of a subject, or the tombstone in its place; None where there was neither."""
        ...

    def make(self, agency: str, pseudonym: str, subject: str, /) -> SubjectKey | Tombstone:
        """The key of a subject: a new one, unless there is one or its tombstone.

        Of several that make it at a time, one does, and all get the same.
        """
        ...

    def erase(self, agency: str, pseudonym: str, /, *, at: str, by: str, reason: str) -> Tombstone:
        """Destroy a key for good, leaving a tombstone: the first one, if there is one."""
        ...

    def tombstones(self, agency: str, /) -> Sequence[Tombstone]:
        """Who was erased, first to last. What has to be erased again after a restore."""
        ...


def a_key_store(value: object, *, what: str) -> None:
    """See that a value is a key store. Raises `InvalidCall`."""
    methods = ("roots", "generation", "find", "make", "erase", "tombstones")
    missing = [name for name in methods if not callable(getattr(value, name, None))]
    if missing or isinstance(value, type):
        raise InvalidCall(
            what=what,
            problem=f"is given no key store: it has no {listed(missing)}"
            if missing
            else "is given a class, not a key store",
            repair="Give one, such as SQLiteKeyStore('keys.db').",
        )


def new_roots() -> Roots:
    """Roots made by chance."""
    return Roots(*(secrets.token_bytes(KEY_BYTES) for _ in Roots._fields))


def file_identity(path: str | os.PathLike[str]) -> str:
    """What tells a file from others, by whatever name it is opened. It has to be there."""
    found = Path(path).stat()
    return f"file {found.st_dev}:{found.st_ino}"


class MemoryKeyStore:
    """Keeps keys until the process ends: for tests."""

    def __init__(self) -> None:
        self._roots = new_roots()
        self._keys: dict[tuple[str, str], SubjectKey] = {}
        self._tombstones: dict[tuple[str, str], Tombstone] = {}
        self._lock = RLock()

    def __repr__(self) -> str:
        return f"MemoryKeyStore({len(self._keys)} keys)"

    @property
    def database(self) -> str:
        """As `KeyStore.database`."""
        return f"memory {id(self)}"

    def roots(self) -> Roots:
        """As `KeyStore.roots`."""
        return self._roots

    def generation(self) -> int:
        """As `KeyStore.generation`."""
        return len(self._tombstones)

    def find(self, agency: str, pseudonym: str, /) -> SubjectKey | Tombstone | None:
        """As `KeyStore.find`."""
        where = agency, pseudonym
        with self._lock:  # else there is neither, while one takes the place of the other
            return self._tombstones.get(where) or self._keys.get(where)

    def make(self, agency: str, pseudonym: str, subject: str, /) -> SubjectKey | Tombstone:
        """As `KeyStore.make`."""
        with self._lock:
            found = self.find(agency, pseudonym)
            if found is None:
                found = SubjectKey(pseudonym, subject, secrets.token_bytes(KEY_BYTES))
                self._keys[agency, pseudonym] = found
            return found

    def erase(self, agency: str, pseudonym: str, /, *, at: str, by: str, reason: str) -> Tombstone:
        """As `KeyStore.erase`."""
        where = agency, pseudonym
        with self._lock:
            self._keys.pop(where, None)
            return self._tombstones.setdefault(where, Tombstone(pseudonym, at, by, reason))

    def tombstones(self, agency: str, /) -> Sequence[Tombstone]:
        """As `KeyStore.tombstones`."""
        return [found for (whose, _), found in self._tombstones.items() if whose == agency]
