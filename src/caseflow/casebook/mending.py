"""Putting right: what is derived from histories, and one history that was damaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from caseflow.casebook import examining, store_calls
from caseflow.casebook.archive import KIND, histories
from caseflow.casebook.examining import Folded, stored_of, whole
from caseflow.casebook.files import FileLike, read_from
from caseflow.casebook.given import an_id
from caseflow.casebook.listing import listing_of
from caseflow.casebook.loading import ATTEMPTS, Loader
from caseflow.casebook.recent import Loaded
from caseflow.casebook.store_calls import Work
from caseflow.casebook.tidying import tidy, tidy_if_erased
from caseflow.casebook.walking import Pages
from caseflow.kernel.case import S, fold
from caseflow.kernel.errors import ChainBroken, Conflict, UnreadableRecord
from caseflow.kernel.stored import StoredEvent, holds_hash, verify_chain
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
        `UnreadableRecord` for the first case that does not verify or that cannot be read, when the
        others are put right.
        """
        loose = yield from store_calls.loose_ends(self._agency, mend=True)
        done = {one.case_id for one in loose if one.kind in _DERIVED}
        unreadable: UnreadableRecord | None = None
        pages = Pages(self._agency)
        while page := (yield from pages.next()):
            for found in page:
                try:
                    if (yield from self._relisted(found)):
                        done.add(found.case_id)
                except UnreadableRecord as error:
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

    def mend(self, case_id: str, source: FileLike) -> Work[int]:
        """Put a history right from an export. How many of its events were put right.

        How it is listed is known before it is written: a case that this book would have to list,
        and cannot read, is left as it is.
        """
        an_id("case_id", case_id)
        with read_from(source, kind=KIND) as reader:
            reader.belongs_to(self._agency)
            kept = None
            for history in histories(reader):  # to its end: only then is the file whole
                kept = history if history.case_id == case_id else kept
            if kept is None:
                raise reader.lacks(case_id)
        for _ in range(ATTEMPTS):
            head = yield from store_calls.head(self._agency, case_id)
            rows = yield from store_calls.read(self._agency, case_id)
            events = _merged(case_id, kept.events, rows, head)
            differing = len(events) - len(set(events) & set(rows))
            subjects = tuple(sorted({row.subject for row in events}))
            listing, held = kept.listing, None
            if events[0].workflow == self._loader.workflow.name:
                _, listing, held = self._read(case_id, events)
            history = History(case_id, events, listing, subjects)
            if (yield from store_calls.mend(self._agency, history, head=head)):
                if held is not None:
                    self._loader.recent.put(case_id, held)
                    yield from tidy_if_erased(self._loader, case_id, held.generation)
                return differing
        raise Conflict(case_id=case_id, attempts=ATTEMPTS)


_DERIVED = {"subject", "unheld", "key", "snapshot"}

_TOO_OLD = "The file is too old: look for a later export. Nothing was changed."

_ANOTHER = (
    "Somebody wrote one of the two anew: compare both with a backup or with an attestation. "
    "Nothing was changed."
)


def _merged(
    case_id: str, kept: Sequence[StoredEvent], rows: Sequence[StoredEvent], head: Head | None
) -> list[StoredEvent]:
    """The history of an export, and what was written after it. Raises `ChainBroken`.

    No event that is whole is lost: those that stand in the store and hold by themselves are
    all in it.
    """
    later = [row for row in rows if type(row.number) is int and row.number > len(kept)]
    events = [*kept, *later]
    there = {event.hash for event in events}
    for row in rows:
        if row.hash not in there and holds_hash(row):
            problem, repair = "is whole here, and another one in the file", _ANOTHER
            raise ChainBroken(case_id=case_id, number=row.number, problem=problem, repair=repair)
    try:
        verify_chain(later, after=len(kept), previous=kept[-1].hash)
    except ChainBroken as error:
        raise ChainBroken(**{**error.fields, "repair": _TOO_OLD}) from None
    if head is not None and head.version > len(events):
        number, problem = len(events) + 1, "is missing, here and in the file"
        raise ChainBroken(case_id=case_id, number=number, problem=problem, repair=_TOO_OLD)
    return events
