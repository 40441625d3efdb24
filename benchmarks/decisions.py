"""One stored decision: ours, by hand, with `eventsourcing`, awaited, and by several processes."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, NamedTuple

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from benchmarks import by_hand, grants, peers
from benchmarks.measure import Row, Work, compare, ratios
from benchmarks.server import connected
from caseflow import AsyncCasebook
from caseflow.storage import AsyncSQLStorage, SQLStorage
from tests.support.postgres import Postgres

Durability = Literal["full", "normal"]
LEVELS: tuple[Durability, ...] = ("full", "normal")
CASES, CALLS = 50, 20
LONG_CASES, LONG = 10, 100
"""So many cases with a history of so many events, which the peer replays each time."""
AT_ONCE = 100


class Side(NamedTuple):
    """A database at a level of durability, and who works on it."""

    name: str
    store: SQLStorage
    limit: str
    by_hand: Callable[..., Work]
    """A payment by hand, of payments; `keep`: the state after it is written."""
    peers: dict[bool, peers.Grants]
    """The applications of `eventsourcing`: without its cache, and with it."""
    targets: tuple[float, float]

    @property
    def url(self) -> str:
        return self.store.engine.url.render_as_string(hide_password=False)


@contextmanager
def sqlite(folder: Path, durability: Durability) -> Iterator[Side]:
    level = {"full": "FULL", "normal": "NORMAL"}[durability]
    path = folder / f"{durability}.db"
    with ExitStack() as ending:
        store = SQLStorage(f"sqlite:///{path}", durability=durability)
        ending.callback(store.close)
        connection = sqlite3.connect(path, isolation_level=None)
        ending.callback(connection.close)
        connection.execute(f"PRAGMA synchronous={level}")
        others = {}
        for cached in (False, True):
            file = folder / f"peer-{durability}-{cached}.db"
            others[cached] = peers.on_sqlite(file, durability=durability, cached=cached)
            ending.callback(others[cached].close)

        def pay(payments: Any, *, keep: bool) -> Work:
            return by_hand.paying_sqlite(connection, payments, keep=keep)

        yield Side(f"SQLite, {level}", store, "raw sqlite3", pay, others, (2.0, 1.5))


@contextmanager
def postgres(server: Postgres, durability: Durability) -> Iterator[Side]:
    told = {"full": "on", "normal": "off"}[durability]
    with ExitStack() as ending:
        url = ending.enter_context(server.database())
        store = SQLStorage(url, durability=durability)
        ending.callback(store.close)
        connection = connected(url, durability=durability)
        ending.callback(connection.close)
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = {told}".encode())
        others = {}
        for cached in (False, True):
            others[cached] = peers.on_postgres(url, cached=cached)
            ending.callback(others[cached].close)

        def pay(payments: Any, *, keep: bool) -> Work:
            return by_hand.paying_postgres(connection, payments, keep=keep)

        yield Side(f"PostgreSQL, sync {told}", store, "psycopg, one CTE", pay, others, (1.7, 1.3))


def rows(side: Side) -> list[Row]:
    """A decision against the limit and the peer."""
    work = f"stored decision, {side.name}"
    target, stretch = side.targets
    warm, cold = _ours(side), _ours(side, recent=0)
    limit, keeping = _limit(side, keep=False), _limit(side, keep=True)
    replaying, cached = (_peer(side.peers[kind]) for kind in (False, True))
    long, theirs = _long(side)
    return [
        Row(work, side.limit, compare(warm, limit, calls=CALLS), target, stretch),
        Row(f"{work}, case cold", f"{side.limit}, state kept", compare(cold, keeping, calls=CALLS)),
        Row(work, "eventsourcing", compare(warm, replaying, calls=CALLS), 1 / 3),
        Row(work, "eventsourcing, cached", compare(warm, cached, calls=CALLS)),
        Row(f"{work}, {LONG} events", "eventsourcing", compare(long, theirs, calls=5), 1 / 3),
    ]


def _peer(app: peers.Grants) -> Work:
    return peers.paying(app, grants.payments([app.open() for _ in range(CASES)]))


def _long(side: Side) -> tuple[Work, Work]:
    """A payment on a long history: ours, and that of the peer without its cache."""
    book, app = grants.a_book(side.store), side.peers[False]
    case_ids = grants.opened(book, LONG_CASES)
    for case_id in case_ids:
        paid = [event for _, event, _ in islice(grants.payments([case_id]), LONG - 3)]
        book.do(case_id, *paid, by="ana")
    theirs = [app.open(islice(grants.payments([""]), LONG - 1)) for _ in range(LONG_CASES)]
    return grants.paying(book, case_ids), peers.paying(app, grants.payments(theirs))


def joined(side: Side) -> Row:
    """A decision in a transaction of a Session of the application's, on an engine of its own."""
    work, engine = _joined(side)
    measured = compare(work, _limit(side, keep=False), calls=CALLS)
    engine.dispose()
    return Row(f"the same in a caller's Session, {side.name}", side.limit, measured)


def _joined(side: Side) -> tuple[Work, Engine]:
    engine = create_engine(side.url)
    book = grants.a_book(side.store)
    due = grants.payments(grants.opened(book, CASES))

    def pay() -> None:
        case_id, event, command_id = next(due)
        with Session(engine) as session, session.begin():
            book.within(session).do(case_id, event, by="ana", command_id=command_id)

    return pay, engine


def _ours(side: Side, **options: Any) -> Work:
    book = grants.a_book(side.store, **options)
    return grants.paying(book, grants.opened(book, CASES))


def _limit(side: Side, *, keep: bool) -> Work:
    case_ids = grants.opened(grants.a_book(side.store, snapshot_every=0), CASES)
    by_hand.keep_states(side.store, case_ids)
    return side.by_hand(grants.payments(case_ids), keep=keep)


# -- awaited ---------------------------------------------------------------------------------


def awaited(side: Side, target: float) -> list[Row]:
    """The same decision through an `AsyncCasebook`: one after the other, and many at once."""
    work = f"awaited, {side.name}"
    on_postgres = side.name.startswith("PostgreSQL")
    url = side.store.engine.url
    store = AsyncSQLStorage(url) if on_postgres else side.store
    book = AsyncCasebook(grants.grants, store, agency=grants.AGENCY)
    due = grants.payments(grants.opened(grants.a_book(side.store), AT_ONCE))

    async def pay() -> None:
        case_id, event, command_id = next(due)
        await book.do(case_id, event, by="ana", command_id=command_id)

    async def in_turn() -> None:
        for _ in range(CALLS):
            await pay()

    async def at_once() -> None:
        await asyncio.gather(*(pay() for _ in range(AT_ONCE)))

    ours = _ours(side)
    with asyncio.Runner() as runner:
        alone = ratios(_timed(runner, in_turn, CALLS), _timed_sync(ours, CALLS), 15)
        many = ratios(_timed(runner, at_once, AT_ONCE), _timed_sync(ours, CALLS), 5)
        if isinstance(store, AsyncSQLStorage):
            runner.run(store.close())
    return [
        Row(work, "the same, not awaited", alone, target),
        Row(f"{work}, {AT_ONCE} at once", "the same, one by one", many),
    ]


def _timed(
    runner: asyncio.Runner, work: Callable[[], Awaitable[None]], units: int
) -> Callable[[], float]:
    """Seconds of a unit, of work that does so many."""

    async def done() -> None:
        await work()

    def seconds() -> float:
        start = perf_counter()
        runner.run(done())
        return (perf_counter() - start) / units

    return seconds


def _timed_sync(work: Work, units: int) -> Callable[[], float]:
    def seconds() -> float:
        start = perf_counter()
        for _ in range(units):
            work()
        return (perf_counter() - start) / units

    return seconds
