"""Writing what was decided: a unit of events chained to those before it, and what comes of it."""

from __future__ import annotations

import logging
from typing import Any

from caseflow.casebook import store_calls
from caseflow.casebook.erasing.tidying import tidy_if_erased
from caseflow.casebook.finding.listing import listing_of
from caseflow.casebook.loading import AMENDING, Loader
from caseflow.casebook.recent import Loaded
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import S
from caseflow.kernel.errors import InvalidCall
from caseflow.kernel.stored import GENESIS
from caseflow.storage.port import Appended, Count, Unit
from caseflow.workflow.command import Decided

log = logging.getLogger("caseflow")


def unit_of(
    loader: Loader[S],
    loaded: Loaded | None,
    decided: Decided[S],
    command_id: str | None,
    counts: tuple[Count, ...],
    generation: int,
) -> tuple[Unit, Loaded]:
    """The events chained to those before them (None: the case is new), and what comes of it.

    `generation` is the erasure after which this was decided on. Raises `InvalidCall` where an
    index or an obligation fails on a decision; of facts alone that is logged.
    """
    expected, previous = (loaded.case.version, loaded.hash) if loaded else (0, GENESIS)
    case = decided.case
    rows = []
    for recorded in decided.events:
        rows.append(loader.codec.encode(recorded, previous))
        previous = rows[-1].hash
    workflow = loader.workflow_of(case.id, case)
    only_facts = all(recorded.transition is None for recorded in decided.events)
    failing = log_that_it_fails if only_facts else None  # a fact is never refused
    listing = listing_of(workflow, case, case.recorded_at, loader.codec, failing)
    listed = loaded.listing if loaded else None
    before = loaded.subjects if loaded else frozenset()
    subjects = before.union(row.subject for row in rows)
    every = loader.snapshot_every
    take = every > 0 and case.version // every > expected // every
    unit = Unit(
        agency=loader.agency,
        case_id=case.id,
        expected=expected,
        events=tuple(rows),
        command_id=command_id,
        snapshot=loader.codec.encode_case(case, subjects) if take else None,
        drop_snapshot=any(row.type in AMENDING for row in rows),
        listing=None if listing == listed else listing,
        listed=listed,
        subjects=tuple(sorted(subjects - before)),
        counts=counts,
    )
    return unit, Loaded(case, previous, listing, subjects, generation)


def log_that_it_fails(error: InvalidCall) -> None:
    """Log what fails while a fact is recorded, which is recorded all the same."""
    log.error(
        "A fact is recorded, and its case is listed without this: %s Then run reindex().", error
    )


def append(loader: Loader[Any], unit: Unit, held: Loaded) -> Work[Appended]:
    """Write a unit, and see that nobody was erased since it was decided on.

    One that came before it was written is a conflict. One that came while it was written
    may have looked at the case too early to clean up after this unit: that is done here.
    """
    if loader.codec.generation() != held.generation:
        return Appended.CONFLICT
    appended = yield from store_calls.append(unit)
    if appended is Appended.DONE:
        loader.recent.put(unit.case_id, held)
        yield from tidy_if_erased(loader, unit.case_id, held.generation)
    return appended
