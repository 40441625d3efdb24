"""The verbs by which a casebook erases, waiting and awaiting."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from caseflow.casebook.erasing.erasure import Eraser, Keeper
from caseflow.casebook.erasing.retention import Erasure, Ground, Retention
from caseflow.casebook.middle import Middle
from caseflow.casebook.store_calls import Work
from caseflow.kernel.errors import InvalidCall
from caseflow.kernel.recorded import Actor

T = TypeVar("T")


class _Erases:
    """What both kinds of books give to it."""

    retention: Retention | None
    _middle: Middle[Any]
    _joined: Any

    def _eraser(self, also: Iterable[_Erases]) -> Eraser:
        if self._joined is not None:
            raise InvalidCall(
                what="A book made by within(...)",
                problem="has no erase, may_erase or begin_again: keys are outside of the "
                "transaction, and are not rolled back with it",
                repair="Call it on the book it was made from, outside of the transaction.",
            )
        return Eraser(Keeper(book._middle, book.retention) for book in (self, *also))


class ErasesWaiting(_Erases):
    """The verbs of a `Casebook` about erasure."""

    if TYPE_CHECKING:  # the book's own

        def _run(self, work: Work[T]) -> T: ...

    def erase(
        self,
        subject: str,
        *,
        by: str | Actor,
        reason: str,
        now: datetime | None = None,
        also: Iterable[_Erases] = (),
    ) -> Erasure:
        """Erase the personal data of a client, or of another subject, in this agency for good.

        `reason` is a code, such as "asked-for-it". It is kept for good, in the clear, with `by`
        and the moment: it must name nobody. Every case that holds data of theirs is looked at
        first; `also` are the books of other workflows under which some
        of them run, on the same store. Where it was interrupted, do it again.

        Raises `ErasureRefused` with every ground, such as a legal hold; `InvalidCall` where
        there is nothing to erase, no `retention`, or no cipher that can, and where `by` or
        `reason` holds the id of who is erased; `Conflict`.
        """
        return self._run(self._eraser(also).erase(subject, by, reason, now))

    def may_erase(
        self, subject: str, *, now: datetime | None = None, also: Iterable[_Erases] = ()
    ) -> tuple[Ground, ...]:
        """Everything that `erase` would refuse for at a moment; nothing where it may be done.

        Raises `InvalidCall` where there is nothing to erase, as `erase` does.
        """
        return self._run(self._eraser(also).may(subject, now))

    def begin_again(self, subject: str) -> str:
        """Begin a new key for somebody who was erased and came back; their new pseudonym.

        What was erased stays erased, under the old one. Until this is done, nothing personal
        can be written of them. Nothing changes for somebody who was not erased.
        """
        return self._run(self._eraser(()).begin_again(subject))


class ErasesAwaiting(_Erases):
    """The same verbs, awaited."""

    if TYPE_CHECKING:  # the book's own

        async def _run(self, work: Work[T]) -> T: ...

    async def erase(
        self,
        subject: str,
        *,
        by: str | Actor,
        reason: str,
        now: datetime | None = None,
        also: Iterable[_Erases] = (),
    ) -> Erasure:
        """As `Casebook.erase`."""
        return await self._run(self._eraser(also).erase(subject, by, reason, now))

    async def may_erase(
        self, subject: str, *, now: datetime | None = None, also: Iterable[_Erases] = ()
    ) -> tuple[Ground, ...]:
        """As `Casebook.may_erase`."""
        return await self._run(self._eraser(also).may(subject, now))

    async def begin_again(self, subject: str) -> str:
        """As `Casebook.begin_again`."""
        return await self._run(self._eraser(()).begin_again(subject))
