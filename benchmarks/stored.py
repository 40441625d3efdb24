"""Work on a SQLite file: ours, and as somebody would write it by hand for this one purpose."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from benchmarks.loans import NOW, Called, IncomeStated, LoanAgreed, loans
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


# -- a stored decision -----------------------------------------------------------------------


def decision(folder: Path) -> Measured:
    """A guarded decision on a file, against raw sqlite3 writing the same columns."""
    store = SQLStorage(f"sqlite:///{folder / 'decision.db'}")
    book = _book(store)
    waiting = iter([_opened(book, 3) for _ in range(WRITES)])
    raw_path = folder / "raw.db"
    raw_store = SQLStorage(f"sqlite:///{raw_path}")
    raw_book = _book(raw_store)
    raw_waiting = iter([_opened(raw_book, 3) for _ in range(WRITES)])
    connection = sqlite3.connect(raw_path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    first = raw_book.case_ids()[0]
    row = connection.execute(f"{SELECT} AND number = 3", (AGENCY, first)).fetchone()

    def ours() -> None:
        book.do(next(waiting), LoanAgreed(amount=90), by="ana")

    measured = compare(
        ours, lambda: _raw_decision(connection, row, raw_waiting), calls=CALLS, rounds=ROUNDS
    )
    connection.close()
    store.close()
    raw_store.close()
    return measured


def _raw_decision(
    connection: sqlite3.Connection, like: tuple[Any, ...], waiting: Iterator[str]
) -> None:
    """The limit: read where the case stands, check the version, write the event, commit."""
    case_id = next(waiting)
    head = "SELECT version, hash FROM caseflow_cases WHERE agency = ? AND case_id = ?"
    version, _ = connection.execute(head, (AGENCY, case_id)).fetchone()
    connection.execute("BEGIN IMMEDIATE")
    moved = connection.execute(
        "UPDATE caseflow_cases SET version = ?, hash = ?"
        " WHERE agency = ? AND case_id = ? AND version = ?",
        (version + 1, like[-1], AGENCY, case_id, version),
    )
    if moved.rowcount != 1:
        raise AssertionError("somebody else wrote to a case that is ours alone")
    marks = ", ".join("?" * len(COLUMNS))
    new = (AGENCY, case_id, version + 1, *like[3:])
    connection.execute(f"INSERT INTO caseflow_events VALUES ({marks})", new)
    connection.execute("COMMIT")
