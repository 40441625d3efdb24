"""Sealing what was written in the clear: histories written anew under a cipher, as they come in.

A history is never rewritten where it stands. This makes another one of it, which says the same,
with a chain of its own; an import writes it to a store that has no such case. Where nobody asked
for that, a book with a cipher imports what is sealed, and nothing in the clear.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from caseflow.casebook.finding.listing import listing_of
from caseflow.casebook.loading import Loader
from caseflow.kernel.case import fold
from caseflow.kernel.codec import Codec
from caseflow.kernel.erasure_errors import SubjectErased
from caseflow.kernel.errors import InvalidCall, UnreadableRecord
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.sealed import is_sealed
from caseflow.kernel.stored import GENESIS, StoredEvent, hash_of
from caseflow.storage.port import History


def sealing(loader: Loader[Any]) -> Callable[[History], History]:
    """What seals the histories of a workflow. Raises `InvalidCall` where there is no cipher."""
    if loader.codec.cipher is None:
        raise InvalidCall(
            what="import_from(seal=True)",
            problem="has no cipher to seal with",
            repair="Give the book one: Casebook(..., cipher=...).",
        )
    loader.look_at_keys()
    return partial(_sealed, loader)


def sealed_already(loader: Loader[Any]) -> Callable[[History], History] | None:
    """What lets histories through that are sealed, and no others; None without a cipher."""
    if loader.codec.cipher is None:
        return None
    return partial(_as_it_is, loader.codec)


def _as_it_is(codec: Codec, history: History) -> History:
    """The history, if nothing in it is in the clear. Raises `InvalidCall`.

    What was sealed with keys that are not there passes: a store is restored without them, too.
    """
    sealed = {row.subject for row in history.events if is_sealed(row)}
    for subject in history.subjects:
        if subject not in sealed and codec.pseudonym(subject) != subject:
            raise InvalidCall(
                what="import_from(seal=False)",
                problem=f"is given case {history.case_id!r} in the clear, and this book seals "
                "what it writes",
                repair="Give seal=True. Nothing was imported.",
            )
    return history


def _sealed(loader: Loader[Any], history: History) -> History:
    """The history with everything personal in it sealed, and listed as it reads.

    Raises `OtherWorkflow` and `OtherVersion`, `UnreadableRecord` where it could not be read
    back as it was, and `SubjectErased` where it tells of somebody who was erased.
    """
    codec, case_id = loader.codec, history.case_id
    workflow = loader.workflow_of(case_id, history.events[0])
    _see_that_nobody_was_erased(codec, history)
    before = codec.decode_all(history.events)
    rows: list[StoredEvent] = []
    for row, recorded in zip(history.events, before, strict=True):
        rows.append(_row(codec, row, recorded, rows[-1].hash if rows else GENESIS))
    after = codec.decode_all(rows)
    for one, other in zip(before, after, strict=True):
        if one != other._replace(fingerprint=one.fingerprint):
            raise UnreadableRecord(
                case_id=case_id,
                number=one.number,
                problem="it reads back as something else once it is sealed",
                repair="See that its class and the cipher give back what they were given.",
            )
    case = fold(after, workflow.state())
    listing = listing_of(workflow, case, case.recorded_at, codec)
    return History(case_id, rows, listing, tuple(sorted({row.subject for row in rows})))


def _see_that_nobody_was_erased(codec: Codec, history: History) -> None:
    """See that all whose data is in the clear have a key. Raises `SubjectErased`.

    Events without a text are not sealed, and would bring somebody's case back all the same.
    """
    for subject in history.subjects:
        if codec.cipher is not None and codec.pseudonym(subject) != subject:
            try:
                codec.cipher.seal(subject, subject)
            except SubjectErased as error:
                repair = (
                    f"Case {history.case_id!r} of the file tells of them in the clear: import the "
                    "other cases from packets, and destroy what holds this one. Nothing was "
                    "imported."
                )
                raise SubjectErased(**{**error.fields, "repair": repair}) from None


def _row(codec: Codec, row: StoredEvent, recorded: AnyRecorded, previous: str) -> StoredEvent:
    """The row chained to another one before it, and sealed unless it was."""
    if codec.pseudonym(row.subject) == row.subject:
        columns = (*row[:-2], previous)
        return StoredEvent(*columns, hash=hash_of(columns))
    if row.fingerprint is not None:  # it was made without a key: a guess could be confirmed
        recorded = recorded._replace(fingerprint=codec.fingerprint(row.fingerprint.encode()))
    return codec.encode(recorded, previous)
