"""The verbs for those who keep the store: verify, attest, export, import; waiting or awaiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from caseflow.casebook.erasing.resealing import sealed_already, sealing
from caseflow.casebook.keeping.archive import Exported
from caseflow.casebook.keeping.attestation import Attestation
from caseflow.casebook.keeping.files import FileLike
from caseflow.casebook.keeping.findings import Verified
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import S
from caseflow.kernel.errors import CaseExists, CaseHeld

if TYPE_CHECKING:
    from caseflow.casebook.middle import Middle

T = TypeVar("T")


class Keeping(Generic[S]):
    """What a `Casebook` does with all of its agency's cases at once. See docs/howto-verify.md."""

    _middle: Middle[S]

    if TYPE_CHECKING:  # the book's own

        def _run(self, work: Work[T]) -> T: ...

    def verify(self, case_id: str) -> Verified:
        """Whether a case is as it was written: its chain, its end, and what is derived of it.

        What is wrong is reported, not raised: see `Verified`. Raises `NoSuchCase`.
        """
        return self._run(self._middle.audit.verify(case_id))

    def verify_all(self, *, against: FileLike | None = None, digest: str | None = None) -> Verified:
        """Whether every case of the agency, whatever its workflow, and the feed are as written.

        `against` is an attestation (see `attest`): with it, lost cases, lost tails and
        histories that were written anew are found as well. `digest` is the one that was kept
        elsewhere, so that a forged attestation is not believed. One case is in memory at a
        time. Raises `DamagedFile`, `FileFailed`.
        """
        return self._run(self._middle.audit.verify_all(against, digest))

    def attest(self, to: FileLike) -> Attestation:
        """Write to a file where every case of the agency stands, to be kept elsewhere.

        `to` is a path, or a file that is open for bytes. Every history is read for it, and
        `ChainBroken` raised for one that does not hold or is not listed: what is not whole is not
        attested.
        Raises `FileFailed` where it cannot be written, or is there already.
        """
        return self._run(self._middle.audit.attest(to))

    def export(self, to: FileLike) -> Exported:
        """Write every case of the agency to a file, whatever its workflow: see `import_from`.

        Rows are written as they are stored: personal fields stay sealed. Each case is exported
        as it stands when it is reached. Raises `ChainBroken` for a case that does not verify, or
        is not listed, and `FileFailed`; then there is no file.
        """
        return self._run(self._middle.archive.export(to))

    def packet(self, case_id: str, to: FileLike) -> Exported:
        """Write one case to a file, as `export` does. Raises `NoSuchCase` too."""
        return self._run(self._middle.archive.packet(case_id, to))

    def import_from(self, source: FileLike, *, seal: bool = False) -> int:
        """Add the cases of an export to the store: all, or none. How many events they hold.

        Every chain, every count and the hash of the file are verified as it is read. Rows are
        written as they were; with `seal`, those that were written without a cipher are sealed
        by this book's, so that each chain is another one: see docs/howto-erase.md.

        Raises `DamagedFile` naming the line, `CaseHeld` where there is such a case already,
        `CommandHeld`, and `FileFailed`; `InvalidCall` where this book has a cipher and a case is
        in the clear, unless `seal` is given; with `seal` also `InvalidCall` where there is no
        cipher, `OtherWorkflow`, `UnreadableRecord`, and `SubjectErased` where a case in the clear
        tells of somebody who was erased. Then nothing was imported.
        """
        try:
            return self._run(_importing(self._middle, source, seal))
        except CaseExists as error:
            raise CaseHeld(case_id=error.fields["case_id"]) from error

    def mend(
        self, case_id: str, source: FileLike | None = None, *, accept_loss: bool = False
    ) -> int:
        """Put a damaged case right from an export or a packet. How many events were put right.

        What was written after the export is kept, where it follows from it; so is the place in
        the feed of each event that was there. In a transaction of the application's on PostgreSQL,
        no event gets a place in the feed from here on until that has ended. Nothing is changed,
        and `ChainBroken` raised, where an event that is whole would be lost, or one is missing from
        the file as well. So it is where this book cannot list the case: `OtherWorkflow`,
        `OtherVersion`, `UnreadableRecord` (without its cipher, say). Raises `DamagedFile`,
        `FileFailed`, `CommandHeld`, `Conflict`, and `InvalidCall` where the
        file lacks the case, or holds in the clear what this book seals.

        `accept_loss` is for what no file holds (without a file: for a case that none holds): the
        case then ends before the first event that is lost, and what followed that one is lost too.
        """
        return self._run(self._middle.mending.mend(case_id, source, accept_loss=accept_loss))

    def reindex(self) -> int:
        """Put right what is derived of the cases of this workflow: the list, snapshots, the feed.

        For after an index of the workflow was changed, or `verify` found that the list or a
        snapshot differs, or that the feed lacks an event. How many cases were put right. It may
        be repeated, and others may write meanwhile. In a transaction of the application's on
        PostgreSQL that found something, no event gets a place in the feed until that has ended.
        Raises `UnreadableRecord` for the first
        history that does not hold or cannot be read (its key is missing, say), `OtherVersion`
        where the book lacks its version of the workflow, or `InvalidCall` where an index or an
        obligation fails on it, when the others are put right.
        """
        return self._run(self._middle.mending.reindex())


class AsyncKeeping(Generic[S]):
    """The same, awaited: files, hashes and histories are worked on in a thread.

    A task that is cancelled ends when that thread has: at the next case, or when the store has
    answered. Nothing goes on after it. All of the work was done, or nothing: what is not
    complete leaves no file, and nothing in the store (`reindex`, which may be repeated, leaves
    the cases that it put right).
    """

    _middle: Middle[S]

    if TYPE_CHECKING:  # the book's own

        async def _run(self, work: Work[T], *, aside: bool = False) -> T: ...

    async def verify(self, case_id: str) -> Verified:
        """As `Casebook.verify`."""
        return await self._run(self._middle.audit.verify(case_id), aside=True)

    async def verify_all(
        self, *, against: FileLike | None = None, digest: str | None = None
    ) -> Verified:
        """As `Casebook.verify_all`."""
        work = self._middle.audit.verify_all(against, digest)
        return await self._run(work, aside=True)

    async def attest(self, to: FileLike) -> Attestation:
        """As `Casebook.attest`."""
        return await self._run(self._middle.audit.attest(to), aside=True)

    async def export(self, to: FileLike) -> Exported:
        """As `Casebook.export`."""
        return await self._run(self._middle.archive.export(to), aside=True)

    async def packet(self, case_id: str, to: FileLike) -> Exported:
        """As `Casebook.packet`."""
        return await self._run(self._middle.archive.packet(case_id, to), aside=True)

    async def import_from(self, source: FileLike, *, seal: bool = False) -> int:
        """As `Casebook.import_from`. An asynchronous store takes the lines at its own pace."""
        try:
            return await self._run(_importing(self._middle, source, seal), aside=True)
        except CaseExists as error:
            raise CaseHeld(case_id=error.fields["case_id"]) from error

    async def mend(
        self, case_id: str, source: FileLike | None = None, *, accept_loss: bool = False
    ) -> int:
        """As `Casebook.mend`."""
        work = self._middle.mending.mend(case_id, source, accept_loss=accept_loss)
        return await self._run(work, aside=True)

    async def reindex(self) -> int:
        """As `Casebook.reindex`."""
        return await self._run(self._middle.mending.reindex(), aside=True)


def _importing(middle: Middle[Any], source: FileLike, seal: bool) -> Work[int]:
    through = sealing(middle.loader) if seal else sealed_already(middle.loader)
    if seal:  # joined or not: what stands there may be rolled back
        yield from middle.loader.see_that_its_keys_fit(joined=True)
    return (yield from middle.archive.import_from(source, through))
