"""Erasing somebody's data: look at what has to be kept, destroy the key, clean up after it.

The key goes first, and everything derived from what it opened afterwards. The other way round
a crash in between would leave the data readable, and the next verb would derive it anew. So a
crash leaves nothing that can be read, and erasing again does what was left to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from caseflow.casebook import store_calls
from caseflow.casebook.erasing.retention import Erasure, Ground, Retention, grounds_in
from caseflow.casebook.erasing.tidying import tidy
from caseflow.casebook.finding.listing import listing_of
from caseflow.casebook.finding.walking import all_of
from caseflow.casebook.given import an_actor, an_id
from caseflow.casebook.loading import ATTEMPTS
from caseflow.casebook.middle import Middle
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import Case, fold
from caseflow.kernel.cipher import Cipher
from caseflow.kernel.codec import Codec
from caseflow.kernel.convert import instant, moment_of
from caseflow.kernel.erased import ERASED
from caseflow.kernel.erasure_errors import ErasedInFold, ErasureRefused
from caseflow.kernel.errors import Conflict, InvalidCall, OtherVersion, UnreadableRecord, short
from caseflow.kernel.recorded import Actor, aware
from caseflow.kernel.stored import verify_chain
from caseflow.storage.keys import SubjectKey, Tombstone
from caseflow.storage.port import Found, Query

T = TypeVar("T")

_LEFT = ("in-the-clear", "other-workflow", "damaged")
"""What speaks against it still where the key is gone: nothing has to be kept then."""


class ErasingCipher(Cipher, Protocol):
    """A cipher that can destroy keys, as `SubjectCipher` can."""

    def found(self, subject: str, /) -> SubjectKey | Tombstone | None:
        """The key of a subject, or the tombstone in its place; None where there was neither."""
        ...

    def erase(self, subject: str, /, *, at: str, by: str, reason: str) -> Tombstone:
        """Destroy a key for good, leaving a tombstone: the first one, if there is one."""
        ...

    def begin_again(self, subject: str, /) -> str:
        """A new key for somebody who was erased: their new pseudonym."""
        ...


class Keeper(NamedTuple):
    """The cases of one workflow, and what of them has to be kept (None: nobody said)."""

    middle: Middle[Any]
    retention: Retention | None


class Eraser:
    """Erases in one agency, over the cases of several workflows. The first keeper leads."""

    def __init__(self, keepers: Iterable[Keeper]) -> None:
        first, *others = keepers
        self._keepers: Mapping[str, tuple[Middle[Any], Retention]] = {
            keeper.middle.workflow.name: (keeper.middle, _a_retention(keeper.retention))
            for keeper in (first, *others)
        }
        self._middle = first.middle
        self._agency = first.middle.agency
        self._cipher = _an_erasing_cipher(first.middle.codec.cipher)
        for other in others:
            if other.middle.agency != self._agency:
                raise InvalidCall(
                    what=f"also=[...] holds a book of agency {other.middle.agency!r}, which",
                    problem=f"is not {self._agency!r}",
                    repair="Erase in each agency by itself.",
                )

    def may(self, subject: str, now: datetime | None) -> Work[tuple[Ground, ...]]:
        """Everything that speaks against erasing somebody's data."""
        moment = self._asked(subject, now)
        yield from self._middle.loader.see_that_its_keys_fit()
        grounds, _ = yield from self._look(subject, moment)
        if not grounds:
            self._see_that_there_is_a_key(subject)
        if isinstance(self._cipher.found(subject), Tombstone):
            return tuple(ground for ground in grounds if ground.why in _LEFT)
        return grounds

    def erase(
        self, subject: str, by: str | Actor, reason: str, now: datetime | None
    ) -> Work[Erasure]:
        """Destroy a key, unless something speaks against it, and clean up."""
        an_actor(by)
        an_id("reason", reason)
        moment = self._asked(subject, now)
        yield from self._middle.loader.see_that_its_keys_fit()
        pseudonym = self._cipher.pseudonym(subject)
        who = by.id if isinstance(by, Actor) else by
        self._see_that_nobody_is_named(pseudonym, by=who, reason=reason)
        left = self._cipher.found(subject)
        again = isinstance(left, Tombstone)
        if not isinstance(left, Tombstone):
            yield from self._see_that_it_may_be(subject, pseudonym, moment)
            left = self._cipher.erase(pseudonym, at=instant(moment), by=who, reason=reason)
        # Found anew: a case may have been opened until the key was gone.
        cases = yield from self._cases_of(left.pseudonym)
        self._see_that_all_are_known(left.pseudonym, cases)
        yield from self._tidied(cases)
        clear = (yield from self._in_the_clear(subject, left.pseudonym)) if again else ()
        if clear:  # written since, without a cipher
            raise ErasureRefused(pseudonym=left.pseudonym, grounds=clear)
        return Erasure(
            subject=left.pseudonym,
            at=moment_of(left.erased_at),
            by=left.by,
            reason=left.reason,
            cases=tuple(found.case_id for found in cases),
            again=again,
        )

    def _tidied(self, cases: Iterable[Found]) -> Work[None]:
        """Clean up in all of them. Raises what was wrong with the first that cannot be read."""
        damaged: UnreadableRecord | OtherVersion | None = None
        for found in cases:
            middle, _ = self._keepers[found.listing.workflow]
            try:
                yield from tidy(middle.loader, found.case_id)
            except (UnreadableRecord, OtherVersion) as error:
                damaged = damaged or error
        if damaged is not None:
            raise damaged

    def begin_again(self, subject: str) -> Work[str]:
        """A new key for somebody who was erased and came back."""
        yield from ()
        an_id("subject", subject)
        return self._cipher.begin_again(subject)

    def _asked(self, subject: str, now: datetime | None) -> datetime:
        an_id("subject", subject)
        for middle, _ in self._keepers.values():
            middle.loader.look_at_keys()
        return self._middle.deciding.now() if now is None else aware(now, name="now")

    def _see_that_nobody_is_named(self, pseudonym: str, **kept: str) -> None:
        """See that the tombstone will not say whose it is. Raises `InvalidCall`, naming nobody."""
        whose = self._cipher.subject(pseudonym)
        more = r"[\w-]" if whose.isdigit() else r"\w"  # a number says little: "gdpr-art-17"
        named = re.compile(rf"(?<!{more}){re.escape(whose)}(?!{more})", re.I)
        for name, text in kept.items():
            if named.search(text):
                raise InvalidCall(
                    what=f"erase({name}=...)",
                    problem="holds the id of who is erased, and is kept for good",
                    repair="Give a code that names nobody, such as 'asked-for-it'."
                    if name == "reason"
                    else "Give the id of who decides on it, such as 'self-service'.",
                )

    def _see_that_it_may_be(self, subject: str, pseudonym: str, now: datetime) -> Work[None]:
        """Look until nothing changes in between. Raises `ErasureRefused` or `InvalidCall`."""
        for _ in range(ATTEMPTS):
            grounds, versions = yield from self._look(subject, now)
            if grounds:
                raise ErasureRefused(pseudonym=pseudonym, grounds=grounds)
            self._see_that_there_is_a_key(subject)
            moved = None
            for case_id, version in versions.items():
                head = yield from store_calls.head(self._agency, case_id)
                if head is None or head.version != version:
                    moved = case_id
            if moved is None:
                return
        raise Conflict(case_id=moved, attempts=ATTEMPTS)

    def _see_that_there_is_a_key(self, subject: str) -> None:
        """See that there is, or was, something to destroy. Raises `InvalidCall`."""
        if self._cipher.found(subject) is None:
            raise InvalidCall(
                what=f"subject={short(subject)}",
                problem="is nobody of whom anything was sealed in this agency",
                repair="Give the id of a client, or of an Entry(subject=...).",
            )

    def _look(self, subject: str, now: datetime) -> Work[tuple[tuple[Ground, ...], dict[str, int]]]:
        """What speaks against it, and at which version each case was looked at."""
        versions: dict[str, int] = {}
        pseudonym = self._cipher.pseudonym(subject)
        grounds = [*(yield from self._in_the_clear(subject, pseudonym))]
        for found in (yield from self._cases_of(pseudonym)):
            if found.listing.workflow not in self._keepers:
                grounds.append(_unknown(found))
                continue
            middle, retention = self._keepers[found.listing.workflow]
            try:
                loaded = yield from middle.loader.load(found.case_id)
                versions[found.case_id] = loaded.case.version
                grounds += grounds_in(retention, loaded.case, now)
                grounds += yield from _could_be_folded(middle, loaded.case, pseudonym)
            except (UnreadableRecord, OtherVersion) as error:
                grounds.append(Ground(case_id=found.case_id, why="damaged", name=str(error)))
        return tuple(grounds), versions

    def _in_the_clear(self, subject: str, pseudonym: str) -> Work[tuple[Ground, ...]]:
        """The cases in which somebody's id stands: no key is to be destroyed for it."""
        grounds: list[Ground] = []
        if subject != pseudonym:
            for found in (yield from self._cases_of(subject)):
                rows = yield from store_calls.read(self._agency, found.case_id)
                clear = tuple(row.number for row in rows if row.subject == subject)
                grounds.append(Ground(case_id=found.case_id, why="in-the-clear", events=clear))
        return tuple(grounds)

    def _cases_of(self, subject: str) -> Work[tuple[Found, ...]]:
        """The cases that hold data of a subject, by what the store knows them by."""
        return all_of(self._agency, Query(subject=subject))

    def _see_that_all_are_known(self, pseudonym: str, cases: Iterable[Found]) -> None:
        unknown = [one for one in cases if one.listing.workflow not in self._keepers]
        if unknown:
            raise ErasureRefused(pseudonym=pseudonym, grounds=tuple(map(_unknown, unknown)))


def _unknown(found: Found) -> Ground:
    return Ground(case_id=found.case_id, why="other-workflow", name=found.listing.workflow)


def _could_be_folded(
    middle: Middle[Any], case: Case[Any], pseudonym: str
) -> Work[tuple[Ground, ...]]:
    """The ground that a case would not fold any more, where that is so: tried on its history.

    Raises `ChainBroken` for one that was altered, also before a snapshot: a hold may be gone.
    """
    rows = yield from store_calls.read(middle.agency, case.id)
    verify_chain(rows)
    cipher = cast("Cipher", _AsIfErased(middle.codec.cipher, pseudonym))
    codec = Codec((kind.cls for kind in middle.codec.types.values()), cipher)
    workflow = middle.loader.workflow_of(case.id, case)
    try:
        folded = fold(codec.decode_all(rows), workflow.state())
        listing_of(workflow, folded, folded.recorded_at, codec)
    except (ErasedInFold, UnreadableRecord) as error:
        return (Ground(case_id=case.id, why="state", name=str(error)),)
    return ()


class _AsIfErased:
    """A cipher for which one subject is erased already."""

    def __init__(self, cipher: Any, pseudonym: str) -> None:
        self._cipher, self._pseudonym = cipher, pseudonym

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cipher, name)

    def open(self, subject: str, sealed: str, /) -> Any:
        return ERASED if subject == self._pseudonym else self._cipher.open(subject, sealed)

    def subject(self, pseudonym: str, /) -> str:
        mine = pseudonym == self._pseudonym
        return pseudonym if mine else str(self._cipher.subject(pseudonym))


def _a_retention(retention: Retention | None) -> Retention:
    if retention is None:
        raise InvalidCall(
            what="Casebook(retention=None)",
            problem="does not say what has to be kept, so nothing is erased",
            repair="Give Retention(until=..., hold=...); Retention() where nothing has to be kept.",
        )
    return retention


def _an_erasing_cipher(cipher: Cipher | None) -> ErasingCipher:
    if cipher is None or not callable(getattr(cipher, "erase", None)):
        raise InvalidCall(
            what=f"Casebook(cipher={short(cipher)})",
            problem="has no keys that could be destroyed",
            repair="Give SubjectCipher(SQLiteKeyStore('keys.db')), from the first case on.",
        )
    return cast("ErasingCipher", cipher)
