"""Work on a SQLite file: ours, and as somebody would write it by hand for this one purpose."""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from benchmarks.loans import NOW, Called, IncomeStated, loans
from benchmarks.measure import Measured, compare
from caseflow import Casebook, NoState
from caseflow.kernel.stored import StoredEvent
from caseflow.storage import SQLStorage

ROUNDS, CALLS = 15, 5
WRITES = (ROUNDS + 1) * CALLS
AGENCY = "agency"
COLUMNS = StoredEvent._fields
SELECT = f"SELECT {', '.join(COLUMNS)} FROM caseflow_events WHERE agency = ? AND case_id = ?"
TYPE, OCCURRED, TRANSITION, STAGE, PAYLOAD = (
    COLUMNS.index(name) for name in ("type", "occurred_at", "transition", "stage", "payload")
)


def _clock() -> Callable[[], datetime]:
    """A clock that is a minute on whenever it is looked at."""
    minutes = iter(range(10_000_000))
    return lambda: NOW + timedelta(minutes=next(minutes))


def _book(store: SQLStorage, **options: Any) -> Casebook[NoState]:
    return Casebook(loans, store, clock=_clock(), **options)


def _opened(book: Casebook[NoState], events: int) -> str:
    """A case with so many events, the last of them the income."""
    case_id = book.open(client="P-1", by="ana").case.id
    called = [Called(channel="phone", minutes=number % 50) for number in range(events - 2)]
    book.record(case_id, *called, IncomeStated(amount=1800), by="ana")
    return case_id


# -- loading ---------------------------------------------------------------------------------


def load(folder: Path) -> Measured:
    """A history of 1,000 events without a snapshot, against a fold of the same rows by hand."""
    path = folder / "load.db"
    store = SQLStorage(f"sqlite:///{path}")
    book = _book(store, snapshot_every=0, recent=0)
    case_id = _opened(book, 1_000)
    connection = sqlite3.connect(path)
    case = book.case(case_id)
    seen, by_hand = folded_by_hand(connection, case_id)
    if case.count(Called) != seen["called"][2] or len(case.path) != len(by_hand):
        raise AssertionError("the fold by hand keeps something else")
    measured = compare(
        lambda: book.case(case_id), lambda: folded_by_hand(connection, case_id), calls=3
    )
    connection.close()
    store.close()
    return measured


def folded_by_hand(
    connection: sqlite3.Connection, case_id: str
) -> tuple[dict[str, list[Any]], list[tuple[Any, ...]]]:
    """The limit: first, latest and count of each event type with their rows, and the path."""
    loads = orjson.loads
    seen: dict[str, list[Any]] = {}
    path = []
    for row in connection.execute(f"{SELECT} ORDER BY number", (AGENCY, case_id)):
        event = (row, loads(row[PAYLOAD]))
        occurred, kind = row[OCCURRED], row[TYPE]
        if kind not in seen:
            seen[kind] = [event, event, 1]
        else:
            kept = seen[kind]
            if occurred < kept[0][0][OCCURRED]:
                kept[0] = event
            if occurred >= kept[1][0][OCCURRED]:
                kept[1] = event
            kept[2] += 1
        if row[STAGE] is not None:
            path.append((row[TRANSITION], row[STAGE], occurred))
    return seen, path


# -- one more event --------------------------------------------------------------------------


def one_more(folder: Path, *, warm: bool) -> Measured:
    """One more event on a history of 10,000 against one of 10.

    Warm: the casebook worked on these cases last. Cold: it reads them anew, from the snapshot
    where there is one.
    """
    store = SQLStorage(f"sqlite:///{folder / f'more-{warm}.db'}")
    book = _book(store, recent=10 * WRITES if warm else 0)
    long = _opened(book, 10_000)
    short = iter([_opened(book, 10) for _ in range(WRITES)])

    def on_long() -> None:
        book.record(long, Called(channel="phone", minutes=3), by="ana")

    def on_short() -> None:
        book.record(next(short), Called(channel="phone", minutes=3), by="ana")

    measured = compare(on_long, on_short, calls=CALLS, rounds=ROUNDS)
    store.close()
    return measured
