"""The contract as a test case: every test that a store must pass, and what it is to lack."""

from __future__ import annotations

import tempfile
import unittest
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args

from caseflow.kernel.errors import InvalidCall, listed, short
from caseflow.storage.port import Storage
from caseflow.testing.contract import (
    counts,
    durability,
    feed,
    histories,
    lists,
    races,
    restoring,
    transactions,
)
from caseflow.testing.contract.awaited import AsyncBeginning, AwaitedBeginning, AwaitedOpening
from caseflow.testing.contract.lacking import LACKING
from caseflow.testing.contract.stores import Beginning, Opening, Stores

Capability = Literal[
    "commands",
    "snapshots",
    "queries",
    "counts",
    "feed",
    "restore",
    "durability",
    "processes",
    "transactions",
]
"""What a store may be declared to lack.

- `commands`: `command`, and `append` of a unit that has a command id.
- `snapshots`: `snapshot`, which answers None where they are lacking; `append` leaves them out.
- `queries`: `find` and `relist`.
- `counts`: `count`, `tally`, and `append` of a unit that leans on counts.
- `feed`: `feed`, `checkpoint`, `advance`, `consumers` and `delete_consumer`.
- `restore`: `restore` and `mend`.
- `durability`: what was written is still there when the place is opened again.
- `processes`: several stores are open at one place at once, in this process and in others.
- `transactions`: the store takes part in transactions of the application.

A method that is lacking raises `Unsupported`, with what is lacking as `lacks=`; only snapshots
may be lost in silence.
"""

SUBJECTS = (histories, races, lists, counts, feed, restoring, durability, transactions)
Test = Callable[[Stores], None]


def storage_contract(
    open_store: Callable[[Path], Storage],
    *,
    lacks: Iterable[Capability] = (),
    transaction: Beginning | None = None,
) -> type[unittest.TestCase]:
    """The tests of the storage port for a store, as a test case for pytest or unittest.

    `open_store` opens the store that keeps its data at a place, an empty folder: called again
    with the same place, also in another process, it opens the same data. It must stand at the
    top of a module, so that other processes can call it. If what it opens has a `close`, it is
    closed.

    `lacks` names what the store lacks. No test is skipped for it: in the place of those that
    need it stands `test_it_lacks_<what>_as_declared`, which sees that the store refuses it.

    `transaction` begins a transaction of an application on the store that it is given: a
    context manager with a `Transaction`, which rolls back when it is left without a commit.

    Raises `InvalidCall` where the declaration cannot be meant so.
    """
    lacking = frozenset(lacks)
    _see_through("storage_contract(...)", open_store, lacking, transaction)
    return _test_case(open_store, lacking, transaction)


def async_storage_contract(
    open_store: Callable[[Path], Any],
    *,
    lacks: Iterable[Capability] = (),
    transaction: AsyncBeginning | None = None,
) -> type[unittest.TestCase]:
    """The same tests for an `AsyncStorage`, each call of which is driven on an event loop.

    `open_store` may be a coroutine function, and is called in the loop. Each store that is
    opened has a loop of its own; what threads ask of one store meets there. `transaction` gives
    an asynchronous context manager. Raises `InvalidCall` as `storage_contract` does.
    """
    lacking = frozenset(lacks)
    _see_through("async_storage_contract(...)", open_store, lacking, transaction)
    beginning = AwaitedBeginning(transaction) if transaction is not None else None
    return _test_case(AwaitedOpening(open_store), lacking, beginning)


def _see_through(
    what: str, open_store: object, lacking: frozenset[str], transaction: object
) -> None:
    """Raise `InvalidCall` where what is declared does not fit together."""
    known = get_args(Capability)
    unknown = sorted(lacking - set(known))
    if not callable(open_store):
        problem = f"was given {short(open_store)}, which opens no store"
        raise InvalidCall(
            what=what, problem=problem, repair="Give a function from a place to a store."
        )
    if unknown:
        problem = f"was told that the store lacks {listed(unknown)}, which no test needs"
        raise InvalidCall(what=what, problem=problem, repair=f"Name any of {listed(known)}.")
    if (transaction is None) != ("transactions" in lacking):
        problem = "was told both that there are transactions and that there are none"
        repair = "Leave out transaction=, or do not declare that the store lacks 'transactions'."
        if transaction is None:
            problem = "was not told how to begin a transaction of the application"
            repair = "Give transaction=, or declare that the store lacks 'transactions'."
        raise InvalidCall(what=what, problem=problem, repair=repair)
    if "durability" in lacking and "processes" not in lacking:
        problem = "was told of a store that keeps nothing, and that processes share what it keeps"
        repair = "Declare that it lacks 'processes' as well."
        raise InvalidCall(what=what, problem=problem, repair=repair)


def _test_case(
    opening: Opening, lacking: frozenset[str], beginning: Beginning | None
) -> type[unittest.TestCase]:
    tests: dict[str, Test] = {
        f"test_it_lacks_{what}_as_declared": LACKING[what] for what in sorted(lacking)
    }
    for test in _tests():
        if not lacking & test.__dict__.get("needs", frozenset()):
            tests[test.__name__] = test
    methods = {name: _method(test, opening, beginning) for name, test in tests.items()}
    return type("StorageContract", (unittest.TestCase,), methods)


def _tests() -> Iterator[Test]:
    """Every test of the contract, subject by subject."""
    for subject in SUBJECTS:
        yield from _tests_of(subject)


def _tests_of(subject: ModuleType) -> Iterator[Test]:
    for name, found in vars(subject).items():
        if name.startswith("test_") and found.__module__ == subject.__name__:
            yield found


def _method(test: Test, opening: Opening, beginning: Beginning | None) -> Callable[[Any], None]:
    def run(self: unittest.TestCase) -> None:
        with tempfile.TemporaryDirectory(prefix="caseflow-") as place:
            stores = Stores(opening, beginning, Path(place))
            try:
                test(stores)
            finally:
                stores.close()

    run.__doc__ = test.__doc__
    return run
