"""A database of 100,000 cases: importing it, deciding in it, finding what is overdue in it."""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks import by_hand, grants
from benchmarks.measure import Measured, Row, compare
from benchmarks.server import connected
from caseflow import Casebook
from caseflow.kernel.convert import instant
from caseflow.storage import SQLStorage
from tests.support.postgres import Postgres

MANY, FEW = 100_000, 1_000
OVERDUE = 50
IMPORTED, PAYMENTS = 10_000, 7
"""Cases of an import, and how often money was paid on each: with three more, ten events each."""
ROUNDS = 3
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def filled(store: SQLStorage, cases: int) -> None:
    """Bring so many cases into a store, on `OVERDUE` of which something is overdue."""
    every = cases // OVERDUE
    late, later = instant(NOW - timedelta(days=3)), instant(NOW + timedelta(days=30))
    due = chain.from_iterable(repeat([late, *[later] * (every - 1)]))
    store.restore(grants.AGENCY, grants.histories(cases, due=due))


def rows(name: str, few: SQLStorage, many: SQLStorage) -> list[Row]:
    """Deciding and finding among many cases, against few, in stores that are filled first."""
    for store, cases in ((few, FEW), (many, MANY)):
        filled(store, cases)
        store.feed(grants.AGENCY, limit=1)  # PostgreSQL gives positions when it is read
    book, other = grants.a_book(many, recent=0), grants.a_book(few, recent=0)
    overdue = compare(_overdue(book), _overdue(other), calls=20)
    decided = compare(_deciding(book, MANY), _deciding(other, FEW), calls=20)
    return [
        Row(f"stored decision at {MANY:,} cases, {name}", f"at {FEW:,}", decided, 1.3),
        Row(f"{OVERDUE} overdue cases of {MANY:,}, {name}", f"of {FEW:,}", overdue, 2.0),
    ]


def _deciding(book: Casebook[grants.Grant], cases: int) -> Callable[[], object]:
    """A payment on one case after the other, all over the database; none is in memory."""
    step = cases * 61 // 100  # with 100,000 and 1,000 cases it comes to every one of them
    numbers = iter(range(1, 1_000_000_000, step + 1))

    def pay() -> object:
        number = next(numbers)
        case_id = f"case-{number % cases + 1}"
        paid = grants.PaidOut(line=1, amount=5, payee="P-1")
        return book.do(case_id, paid, by="ana", command_id=f"c{number}")

    return pay


def _overdue(book: Casebook[grants.Grant]) -> Callable[[], object]:
    def find() -> object:
        page = book.find(due_by=NOW, limit=100)
        if len(page.cases) != OVERDUE:
            raise AssertionError(f"{len(page.cases)} cases are overdue, not {OVERDUE}")
        return page

    return find


# -- importing -------------------------------------------------------------------------------


def imports_sqlite(folder: Path) -> Row:
    """100,000 events into new SQLite files, against `executemany` of the same rows."""
    numbers = iter(range(1_000))

    def anew() -> tuple[SQLStorage, Any, ExitStack]:
        path = folder / f"import-{next(numbers)}.db"
        store = SQLStorage(f"sqlite:///{path}")
        connection = sqlite3.connect(path, isolation_level=None)
        ending = ExitStack()
        ending.callback(path.unlink)
        ending.callback(connection.close)
        ending.callback(store.close)
        return store, connection, ending

    return Row(
        "import 100,000 events, SQLite",
        "executemany of the rows",
        _importing(anew, by_hand.import_sqlite),
        2.0,
    )


def imports_postgres(server: Postgres) -> Row:
    """100,000 events into new PostgreSQL databases, against COPY of the same rows."""

    def anew() -> tuple[SQLStorage, Any, ExitStack]:
        ending = ExitStack()
        url = ending.enter_context(server.database())
        store = SQLStorage(url)
        connection = connected(url)
        ending.callback(connection.close)
        ending.callback(store.close)
        return store, connection, ending

    return Row(
        "import 100,000 events, PostgreSQL",
        "COPY of the rows",
        _importing(anew, by_hand.import_postgres),
        2.0,
    )


def _importing(anew: Callable[[], tuple[SQLStorage, Any, ExitStack]], by_hand_: Any) -> Measured:
    """Seconds of an event, of ours and of the limit, each into tables of its own."""
    histories = list(grants.histories(IMPORTED, payments=PAYMENTS))
    rows = by_hand.tables_of(histories)
    events = sum(len(history.events) for history in histories)
    taken = []
    for _ in range(ROUNDS):
        store, _, ending = anew()
        with ending:
            start = perf_counter()
            store.restore(grants.AGENCY, histories)
            ours = (perf_counter() - start) / events
        _, connection, ending = anew()
        with ending:
            start = perf_counter()
            by_hand_(connection, rows)
            taken.append((ours, (perf_counter() - start) / events))
    mine, others = zip(*taken, strict=True)
    return Measured(median(mine), median(others), median(one / other for one, other in taken))


# -- what it takes on the disk ---------------------------------------------------------------


def size_of_file(path: Path) -> str:
    """How large a SQLite file with many cases is."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (events,) = connection.execute("SELECT count(*) FROM caseflow_events").fetchone()
    connection.close()
    size = path.stat().st_size
    return f"SQLite: {MANY:,} cases with {events:,} events take {size / 1e6:.0f} MB."


def sizes_of_tables(url: str) -> list[str]:
    """How many bytes a row of each table takes on PostgreSQL, with its indexes."""
    with connected(url) as connection:
        connection.execute("VACUUM ANALYZE")
        found = connection.execute(
            "SELECT relname, pg_total_relation_size(oid) / reltuples, reltuples FROM pg_class"
            " WHERE relname LIKE 'caseflow%' AND relkind = 'r' AND reltuples >= 1000"
            " ORDER BY relname"
        ).fetchall()
    return [
        f"PostgreSQL: {size:.0f} bytes a row in {name}, which has {count:,.0f}."
        for name, size, count in found
    ]
