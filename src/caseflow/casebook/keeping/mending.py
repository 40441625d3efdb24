"""Putting right: what is derived from histories, and one history that was damaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from caseflow.casebook import store_calls
from caseflow.casebook.erasing.tidying import tidy, tidy_if_erased
from caseflow.casebook.finding.listing import listing_of
from caseflow.casebook.finding.walking import Pages
from caseflow.casebook.given import an_id
from caseflow.casebook.keeping import examining
from caseflow.casebook.keeping.archive import KIND, histories
from caseflow.casebook.keeping.examining import Folded, stored_of, whole
from caseflow.casebook.keeping.files import FileLike, Reader, read_from
from caseflow.casebook.loading import ATTEMPTS, Loader
from caseflow.casebook.recent import Loaded
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import S, fold
from caseflow.kernel.errors import (
    ChainBroken,
    CommandHeld,
    CommandReused,
    Conflict,
    InvalidCall,
    OtherVersion,
    UnreadableRecord,
)
from caseflow.kernel.stored import GENESIS, StoredEvent, holds_hash, verify_chain
from caseflow.storage.port import Found, Head, History, Listing


class Mending(Generic[S]):
    """Puts right what `verify` finds in the cases of one agency."""

    def __init__(self, loader: Loader[S]) -> None:
        self._loader = loader
        self._agency = loader.agency
        self._codec = loader.codec

    # -- what is derived ---------------------------------------------------------------------

    def reindex(self) -> Work[int]:
        """Put right what is derived of the cases of this workflow. How many were put right.

        A case that somebody writes to meanwhile is listed by that, and left alone here. Raises
        `UnreadableRecord`, `OtherVersion` or `InvalidCall` for the first case that does not verify,
        cannot be read, or that an index or an obligation fails on, when the others are put right.
        """
        loose = yield from store_calls.loose_ends(self._agency, mend=True)
        lost = {one.case_id for one in loose if one.kind == "history"}  # mend() brings it back
        done = {one.case_id for one in loose if one.kind in _DERIVED} - lost
        unreadable: UnreadableRecord | OtherVersion | InvalidCall | None = None
        pages = Pages(self._agency)
        while page := (yield from pages.next()):
            for found in page:
                try:
                    if (yield from self._relisted(found)):
                        done.add(found.case_id)
                except (UnreadableRecord, OtherVersion, InvalidCall) as error:
                    unreadable = unreadable or error
        if unreadable is not None:
            raise unreadable
        return len(done)

    def _relisted(self, found: Found) -> Work[bool]:
        case_id, version, listed, _ = found
        stored = yield from stored_of(self._agency, case_id)
        whole(self._agency, case_id, stored)
        rows = stored.rows
        if rows[0].workflow != self._loader.workflow.name or len(rows) != version:
            return False
        folded, listing, held = self._read(case_id, rows)
        state = self._loader.workflow.state
        forget = examining.snapshot(self._codec, state, folded, stored.snapshot) != "holds"
        self._loader.recent.put(case_id, held)
        if listing == listed and not forget:
            return False
        done = yield from store_calls.relist(
            self._agency, case_id, version=version, listing=listing, forget=forget
        )
        if self._loader.look_at_keys() != held.generation:  # it may tell of who is erased by now
            yield from tidy(self._loader, case_id)
        return done

    def _read(self, case_id: str, rows: Sequence[StoredEvent]) -> tuple[Folded, Listing, Loaded]:
        """What a history folds to, and how the case is listed. Raises where it cannot be read."""
        workflow = self._loader.workflow_of(case_id, rows[0])
        generation = self._loader.look_at_keys()
        history = self._codec.decode_all(rows)
        case = fold(history, workflow.state())
        listing = listing_of(workflow, case, case.recorded_at, self._codec)
        subjects = frozenset(row.subject for row in rows)  # the next snapshot is sealed for all
        held = Loaded(case, rows[-1].hash, listing, subjects, generation)
        return Folded(history, workflow.state), listing, held

    # -- one history -------------------------------------------------------------------------

    def mend(self, case_id: str, source: FileLike | None, *, accept_loss: bool) -> Work[int]:
        """Put a history right from an export. How many of its events were put right.

        How it is listed is known before it is written: a case that this book does not list, or
        cannot read, is left as it is. With `accept_loss` it ends where what there is of it ends.
        """
        an_id("case_id", case_id)
        if source is None and accept_loss is not True:
            raise InvalidCall(
                what=f"mend({case_id!r}) without a file",
                problem="has nothing to put the case right from",
                repair=f"Give an export or a packet that holds it. {_NONE_HOLDS}",
            )
        kept, reader = self._kept(case_id, source)
        for _ in range(ATTEMPTS):
            head = yield from store_calls.head(self._agency, case_id)
            rows = yield from store_calls.read(self._agency, case_id)
            events = _merged(self._agency, case_id, kept, rows, head, accept_loss=accept_loss)
            differing = len(events) - len(set(events) & set(rows))
            _, listing, held = self._read(case_id, events)
            if reader is not None:
                self._keep_sealed(reader, events, rows, head)
            history = History(case_id, events, listing, tuple(sorted(held.subjects)))
            try:
                mended = yield from store_calls.mend(self._agency, history, head=head)
            except CommandReused as error:
                raise CommandHeld(**error.fields) from error
            if mended:
                self._loader.recent.put(case_id, held)
                yield from tidy_if_erased(self._loader, case_id, held.generation)
                return differing
        raise Conflict(case_id=case_id, attempts=ATTEMPTS)

    def _kept(
        self, case_id: str, source: FileLike | None
    ) -> tuple[Sequence[StoredEvent], Reader | None]:
        """What a file holds of a case, where there is a file."""
        if source is None:
            return (), None
        with read_from(source, kind=KIND) as reader:
            reader.belongs_to(self._agency)
            return _only(reader, case_id), reader

    def _keep_sealed(
        self,
        reader: Reader,
        events: Sequence[StoredEvent],
        rows: Sequence[StoredEvent],
        head: Head | None,
    ) -> None:
        """See that nothing comes back in the clear that did not stand so. Raises `InvalidCall`.

        What stood is told by hashes, of rows that hold and of the end: each speaks for itself and
        all before it. A row that was altered may say anything, also that it is in the clear.
        """
        there = {row.hash for row in rows if _holds(*events[0][:2], row)}
        if head is not None:
            there.add(head.hash)
        stood = max((event.number for event in events if event.hash in there), default=0)
        for event in events[stood:]:
            if self._codec.pseudonym(event.subject) != event.subject:
                raise reader.unfit(
                    f"holds event {event.number} of case {event.case_id!r} in the clear, and this "
                    "book seals what it writes",
                    "Give an export that was made since it was sealed; where it never was, mend it "
                    "with a book without a cipher. Nothing was changed.",
                )


def _only(reader: Reader, case_id: str) -> Sequence[StoredEvent]:
    """The one history of a case in an export. Raises `DamagedFile`, and `InvalidCall` without."""
    kept = None
    for history in histories(reader):  # to its end: only then is the file whole
        if history.case_id == case_id:
            if kept is not None:
                raise reader.damaged("ends a second history of it", case_id)
            kept = history.events
    if kept is None:
        raise reader.unfit(
            f"holds no case {case_id!r}", "Give an export or a packet that holds it."
        )
    return kept


_DERIVED = {"subject", "unheld", "key", "snapshot", "unfed"}

_NONE_HOLDS = "Where none has what is lost, accept_loss=True lets the case end before it."

_TOO_OLD = f"The file is too old: look for a later export. {_NONE_HOLDS} Nothing was changed."

_UNLISTED = (
    "The file is too old, or another case's row was moved here: where the list does not show a "
    "case, nothing says where it ended. Look for a later export; where none has more of it, "
    "accept_loss=True leaves the row out. Nothing was changed."
)

_ALL_LOST = (
    "Nothing can be kept of it without a file. Where no export holds it, delete its rows from "
    "the tables of caseflow by hand, and run reindex(). Nothing was changed."
)

_ANOTHER = (
    "Somebody wrote one of the two anew: compare both with a backup or with an attestation. "
    "Nothing was changed."
)


def _merged(
    agency: str,
    case_id: str,
    kept: Sequence[StoredEvent],
    rows: Sequence[StoredEvent],
    head: Head | None,
    *,
    accept_loss: bool,
) -> list[StoredEvent]:
    """The history of an export, and what was written after it. Raises `ChainBroken`.

    No event that is whole is lost: those that stand in the store and hold by themselves are
    all in it. What does not hold is left out where one of these stands in its place, or where
    the case ended with the last of these: then nothing that was written is missing. Who accepts
    a loss gets all that follows from the first event on.
    """
    holding = [row for row in rows if _holds(agency, case_id, row)]
    later = [row for row in holding if row.number > len(kept)]
    events = [*kept, *later]
    there = {event.hash for event in events}
    for row in holding:
        if row.hash not in there:
            problem, repair = "is whole here, and another one in the file", _ANOTHER
            raise ChainBroken(case_id=case_id, number=row.number, problem=problem, repair=repair)
    try:
        verify_chain(later, after=len(kept), previous=kept[-1].hash if kept else GENESIS)
    except ChainBroken as error:
        if not accept_loss:
            raise ChainBroken(**{**error.fields, "repair": _TOO_OLD}) from None
        events = [*kept, *(row for row in later if row.number < error.fields["number"])]
    if accept_loss:
        if not events:
            problem = "is missing or was changed after it was written"
            raise ChainBroken(case_id=case_id, number=1, problem=problem, repair=_ALL_LOST)
        return events
    if head is None or head.hash != events[-1].hash:
        _see_that_all_are_among(case_id, events, rows, head)
    return events


def _holds(agency: str, case_id: str, row: StoredEvent) -> bool:
    """Whether a row is as it was written, and of this case."""
    return type(row.number) is int and row[:2] == (agency, case_id) and holds_hash(row)


def _see_that_all_are_among(
    case_id: str, events: Sequence[StoredEvent], rows: Sequence[StoredEvent], head: Head | None
) -> None:
    """See that each row, and the end of the case, is one of these events. Raises `ChainBroken`."""
    numbers, there = range(1, len(events) + 1), {event.hash for event in events}
    for row in rows:
        if row.number not in numbers and row.hash not in there:
            problem = "was changed after it was written"
            repair = _UNLISTED if head is None else _TOO_OLD
            raise ChainBroken(case_id=case_id, number=row.number, problem=problem, repair=repair)
    if head is not None and head.version > len(events):
        number, problem = len(events) + 1, "is missing, here and in the file"
        raise ChainBroken(case_id=case_id, number=number, problem=problem, repair=_TOO_OLD)
