"""Sealing what was written in the clear: histories written anew under a cipher, as they come in.

A history is never rewritten where it stands. This makes another one of it, which says the same,
with a chain of its own; an import writes it to a store that has no such case.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from caseflow.casebook.listing import listing_of
from caseflow.casebook.loading import Loader
from caseflow.kernel.case import fold
from caseflow.kernel.codec import Codec
from caseflow.kernel.errors import InvalidCall, UnreadableRecord
from caseflow.kernel.recorded import AnyRecorded
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
    return partial(_sealed, loader)


def _sealed(loader: Loader[Any], history: History) -> History:
    """The history with everything personal in it sealed, and listed as it reads.

    Raises `OtherWorkflow` and `OtherVersion`, `UnreadableRecord` where it could not be read
    back as it was, and `SubjectErased` where it tells of somebody who was erased.
    """
    codec, case_id = loader.codec, history.case_id
    workflow = loader.workflow_of(case_id, history.events[0])
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


def _row(codec: Codec, row: StoredEvent, recorded: AnyRecorded, previous: str) -> StoredEvent:
    """The row chained to another one before it, and sealed unless it was."""
    if codec.pseudonym(row.subject) == row.subject:
        columns = (*row[:-2], previous)
        return StoredEvent(*columns, hash=hash_of(columns))
    if row.fingerprint is not None:  # it was made without a key: a guess could be confirmed
        recorded = recorded._replace(fingerprint=codec.fingerprint(row.fingerprint.encode()))
    return codec.encode(recorded, previous)
