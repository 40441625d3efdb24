"""What a store is declared to lack: it really lacks it, and says so when it is asked for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from caseflow.storage.port import Appended, Checkpoint, Count, Query
from caseflow.testing.contract.checks import ContractBroken, refuses, same
from caseflow.testing.contract.rows import NORTH, history, listing, opening, unit
from caseflow.testing.contract.stores import Stores


def durability(stores: Stores) -> None:
    """It keeps nothing: what was written is gone after reopening."""
    stores.store.append(unit(0))
    found = stores.reopened().head(NORTH, "R-1")
    if found is not None:
        raise ContractBroken(
            "durability: it is declared to be lacking, and what was written is still there after "
            f"reopening ({found!r}); leave 'durability' out of lacks="
        )


def declared(stores: Stores) -> None:
    """It is declared, and nothing of it is tried: what may happen by chance proves nothing."""


def feed(stores: Stores) -> None:
    """It refuses to read a feed and to keep checkpoints."""
    store = stores.store
    store.append(unit(0))
    refuses("feed", "feed()", lambda: store.feed(NORTH))
    refuses("feed", "checkpoint()", lambda: store.checkpoint(NORTH, "a"))
    refuses(
        "feed", "advance()", lambda: store.advance(NORTH, "a", expected=Checkpoint(), position=1)
    )
    refuses("feed", "consumers()", lambda: store.consumers(NORTH))
    refuses("feed", "delete_consumer()", lambda: store.delete_consumer(NORTH, "a"))


def commands(stores: Stores) -> None:
    """It refuses to tell what a command wrote, and to write what has a command id."""
    store = stores.store
    refuses("commands", "command()", lambda: store.command(NORTH, "c1"))
    named = opening("R-1", command_id="c1")
    refuses("commands", "append() of what has a command id", lambda: store.append(named))
    same("what was written", store.head(NORTH, "R-1"), None)


def snapshots(stores: Stores) -> None:
    """It keeps none: the unit is written, and its snapshot is not there."""
    store = stores.store
    same("writing a unit with one", store.append(unit(0, snapshot="one")), Appended.DONE)
    same("the snapshot, without snapshots", store.snapshot(NORTH, "R-1"), None)
    same("dropping it", store.append(unit(1, drop_snapshot=True)), Appended.DONE)


def queries(stores: Stores) -> None:
    """It refuses to list cases, and to list them anew."""
    store = stores.store
    store.append(unit(0))
    refuses("queries", "find()", lambda: store.find(NORTH, Query()))
    relisted = listing(stage="repair")
    anew = lambda: store.relist(NORTH, "R-1", version=1, listing=relisted)  # noqa: E731  # one line, told apart from the others below
    refuses("queries", "relist()", anew)


def counts(stores: Stores) -> None:
    """It refuses to count cases, and to write what leans on a count."""
    store = stores.store
    refuses("counts", "count()", lambda: store.count(NORTH, "lead", "mo"))
    refuses("counts", "tally()", lambda: store.tally(NORTH, "lead"))
    leaning = opening("R-1", counts=(Count("lead", "mo", 0, 0),))
    refuses("counts", "append() of what leans on a count", lambda: store.append(leaning))
    same("what was written", store.head(NORTH, "R-1"), None)


def restore(stores: Stores) -> None:
    """It refuses to restore histories."""
    store = stores.store
    brought = [history("R-1", (None, 1))]
    refuses("restore", "restore()", lambda: store.restore(NORTH, brought))
    refuses("restore", "mend()", lambda: store.mend(NORTH, brought[0], head=None))
    same("what was written", store.head(NORTH, "R-1"), None)


LACKING: Mapping[str, Callable[[Stores], None]] = {
    "commands": commands,
    "snapshots": snapshots,
    "queries": queries,
    "counts": counts,
    "feed": feed,
    "restore": restore,
    "durability": durability,
    "processes": declared,
    "transactions": declared,
}
"""What is tried in the place of the tests that a store is declared to lack something for."""
