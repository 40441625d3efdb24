"""What runs in the worker processes: writers, consumers, and those that die at a chosen moment.

Each takes the pipe on which it speaks first. It runs until it is told to stop, or is killed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

import psycopg  # noqa: F401  # imported by the server that the workers are forked from
from sqlalchemy import (
    Column,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from caseflow import Casebook, CaseExists, Conflict, Refused, StoreError, VersionMoved
from caseflow.casebook.feeding import FeedEvent
from caseflow.storage import (
    Appended,
    History,
    MemoryStorage,
    Query,
    SQLStorage,
    Unit,
    begin_immediate,
)
from tests.chaos.fuses import Fuse, FusedStorage, kill_myself, lay
from tests.chaos.invariants import AGENCY, Effect
from tests.chaos.trade import Desk, Job, Noted, desk_book, do, unit_of

CLERKS = ("ida", "jo", "kit", "lou")
KINDS = {
    "notes": 30,
    "count": 25,
    "take": 20,
    "leave": 10,
    "relative": 5,
    "void": 4,
    "open": 4,
}
"""What a writer does, and how often."""
SIZES = (1, 1, 2, 3, 7, 60)
PAUSE = 0.02
"""How many seconds a worker waits where there is nothing to do, or nothing to reach."""

effects = Table(
    "effects",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("consumer", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
)
"""What consumers did. Nothing in it keeps them from doing it twice, or out of order."""


class CountingStorage(SQLStorage):
    """A store that counts what became of its appends."""

    def __init__(self, url: str) -> None:
        super().__init__(url, create=False)
        self.appended: Counter[str] = Counter()

    def append(self, unit: Unit, /) -> Appended:
        """As the store does."""
        appended = super().append(unit)
        self.appended[appended.name] += 1
        return appended


def app_engine(url: str) -> Engine:
    """An engine as an application has one."""
    if not url.startswith("sqlite"):
        return create_engine(url)
    engine = begin_immediate(create_engine(url, connect_args={"timeout": 60.0}))
    event.listen(engine, "connect", lambda one, _: one.execute("PRAGMA synchronous = NORMAL"))
    return engine


def effects_of(url: str, consumer: str) -> list[Effect]:
    """What a consumer did, in the order in which it did it."""
    engine = app_engine(url)
    wanted = select(effects.c.position, effects.c.case_id, effects.c.number)
    with engine.connect() as connection:
        mine = wanted.where(effects.c.consumer == consumer).order_by(effects.c.id)
        found = [Effect._make(row) for row in connection.execute(mine)]
    engine.dispose()
    return found


# -- writers -----------------------------------------------------------------------------------


class Writing(NamedTuple):
    """What a writer works on. `joins`: at times in a transaction that it leaves open a while."""

    url: str
    name: str
    case_ids: tuple[str, ...]
    unfinished: Job | None = None
    """What the one before it had begun when it was killed: done first, as a client repeats it."""
    joins: bool = False


def write(pipe: Any, given: Writing) -> None:
    """Do one job after another, and say of each that it is tried, and that it is done."""
    random = Random(given.name)
    store = CountingStorage(given.url)
    engine = app_engine(given.url)
    book = desk_book(store)
    jobs = 0
    job: Job | None = given.unfinished
    while not pipe.poll():
        if job is None:
            jobs += 1
            job = next_job(book, random, f"{given.name}-{jobs}", given.case_ids)
        if job is None:
            continue
        pipe.send(("trying", job))
        pipe.send(_tried(book, job, engine if given.joins and random.random() < 0.2 else None))
        job = None
    pipe.send(("appended", dict(store.appended)))
    store.close()
    engine.dispose()


def _tried(book: Casebook[Desk], job: Job, engine: Engine | None) -> tuple[Any, ...]:
    """Do a job, however often it takes: with the same command id it is safe to repeat."""
    failures: Counter[str] = Counter()
    while True:
        try:
            outcome = do(book, job) if engine is None else _joined(book, job, engine)
        except (Refused, VersionMoved, Conflict, CaseExists) as refused:
            return "given up", type(refused).__name__, failures
        except (StoreError, SQLAlchemyError) as failed:
            failures[type(failed).__name__] += 1
            time.sleep(PAUSE)
        else:
            return "done", job, unit_of(outcome), failures


def _joined(book: Casebook[Desk], job: Job, engine: Engine) -> Any:
    """Do it in a transaction of the application's, which others overtake before its commit."""
    with Session(engine) as session, session.begin():
        outcome = do(book.within(session), job)
        time.sleep(PAUSE)
    return outcome


def next_job(
    book: Casebook[Desk], random: Random, command_id: str, case_ids: Sequence[str]
) -> Job | None:
    """What to do next (None: the database cannot be asked just now)."""
    case_id = random.choice(case_ids)
    kind = random.choices(list(KINDS), list(KINDS.values()))[0]
    try:
        if kind == "open":
            return Job(command_id, f"opened by {command_id}", kind)
        if kind == "notes":
            return Job(command_id, case_id, kind, random.choice(SIZES))
        if kind == "count":
            case = book.case(case_id)
            return Job(command_id, case_id, kind, case.state.value + 1, case.version)
        if kind == "void":
            number = _last_note(book, case_id)
            return Job(command_id, case_id, kind, number) if number else None
    except StoreError:
        time.sleep(PAUSE)
        return None
    detail = {"take": random.choice(CLERKS), "relative": "mother"}.get(kind)
    return Job(command_id, case_id, kind, detail)


def _last_note(book: Casebook[Desk], case_id: str) -> int | None:
    """The last event of a case, if it is a note: nobody has voided it yet."""
    last = book.history(case_id)[-1]
    return last.number if isinstance(last.event, Noted) else None


# -- consumers ---------------------------------------------------------------------------------


class Consuming:
    """A consumer's connections: with its checkpoint in the transaction of its work, or after it.

    A fuse burns from its first statement on.
    """

    def __init__(self, url: str, within: bool, fuse: Fuse | None = None) -> None:
        self.within = within
        self.engine = app_engine(url)
        self.store = SQLStorage(url, create=False)
        self.book = desk_book(self.store)
        if fuse is not None:
            lay(self.engine, fuse)
            lay(self.store.engine, fuse)
            fuse.lit = True

    def turn(self, consumer: str, *, limit: int = 100) -> int:
        """Work on the next events; how many there were."""
        if not self.within:
            return self.book.consume(consumer, lambda e: self._work(consumer, e), limit=limit)
        with Session(self.engine) as session, session.begin():
            work = insert(effects)
            return self.book.within(session).consume(
                consumer,
                lambda e: session.execute(work.values(effect_of(consumer, e))),
                limit=limit,
            )

    def _work(self, consumer: str, entry: FeedEvent) -> None:
        with self.engine.begin() as connection:
            connection.execute(insert(effects).values(effect_of(consumer, entry)))

    def close(self) -> None:
        """Close its connections."""
        self.store.close()
        self.engine.dispose()


def effect_of(consumer: str, entry: FeedEvent) -> dict[str, Any]:
    recorded = entry.recorded
    return {
        "consumer": consumer,
        "position": entry.position,
        "case_id": recorded.case_id,
        "number": recorded.number,
    }


def consume(pipe: Any, url: str, consumer: str, within: bool) -> None:
    """Work through the feed: exactly once, or at least once.

    Few at a time, so that more than that is often written between two statements of a reader.
    """
    consuming = Consuming(url, within)
    _until_told(pipe, lambda: consuming.turn(consumer, limit=7 if within else 3))
    consuming.close()


def watch(pipe: Any, url: str) -> None:
    """Read the feed from where the last page ended, and say what was seen."""
    store = SQLStorage(url, create=False)
    book = desk_book(store)
    reached = 0

    def turn() -> int:
        nonlocal reached
        page = [
            Effect(entry.position, entry.recorded.case_id, entry.recorded.number)
            for entry in book.feed(after=reached)
        ]
        if page:
            reached = page[-1].position
            pipe.send(("saw", page))
        return len(page)

    _until_told(pipe, turn)
    store.close()


def _until_told(pipe: Any, turn: Callable[[], int]) -> None:
    """Take one turn after another; when told to stop, until there is nothing more."""
    told = False
    while True:
        try:
            worked = turn()
        except (StoreError, SQLAlchemyError) as failed:
            pipe.send(("failed", type(failed).__name__))
            worked = 1
            time.sleep(PAUSE)
        if not worked:
            if told:
                return
            time.sleep(PAUSE)
        told = told or pipe.poll()


# -- those that die at a chosen moment ---------------------------------------------------------


def die_writing(
    pipe: Any,
    url: str,
    job: Job,
    at: int,
    warm: Job | None,
    kind: type[FusedStorage] = FusedStorage,
) -> None:
    """Do a job, and die before statement number `at` of its append.

    An append of fewer statements is told of, with their number. `warm` is done before.
    """
    fuse = Fuse(at, kill_myself)
    store = kind(url, fuse, armed=warm is None)
    book = desk_book(store)
    if warm is not None:
        do(book, warm)
        store.armed = True
    outcome = do(book, job)
    pipe.send(("done", job, unit_of(outcome), Counter()))
    pipe.send(("statements", fuse.burnt))
    store.close()


def die_restoring(pipe: Any, url: str, name: str, at: int) -> None:
    """Import three histories, and die before statement number `at` of it."""
    fuse = Fuse(at, kill_myself)
    store = FusedStorage(url, fuse)
    store.restore(AGENCY, histories(name))
    pipe.send(("restored", name))
    pipe.send(("statements", fuse.burnt))
    store.close()


def histories(name: str) -> list[History]:
    """Three histories to be imported, whose case ids and command ids begin with a name."""
    book: Casebook[Desk] = desk_book(memory := MemoryStorage())
    for case_id in (f"{name} {number}" for number in range(3)):
        for job in (
            Job(f"{case_id} opened", case_id, "open"),
            Job(f"{case_id} noted", case_id, "notes", 7),
            Job(f"{case_id} on mother", case_id, "relative", "mother"),
            Job(f"{case_id} taken", case_id, "take", f"clerk of {name}"),
        ):
            if job.kind != "take" or not case_id.endswith("2"):
                do(book, job)
    return [
        History(
            found.case_id,
            memory.read(AGENCY, found.case_id),
            found.listing,
            (found.listing.client, "mother"),
        )
        for found in memory.find(AGENCY, Query())
    ]


def die_consuming(
    pipe: Any, url: str, consumer: str, at: int, within: bool, kind: type[Consuming] = Consuming
) -> None:
    """Work through the feed, and die before statement number `at` of it."""
    fuse = Fuse(at, kill_myself)
    consuming = kind(url, within, fuse)
    consuming.turn(consumer)
    fuse.burn()
    fuse.lit = False
    pipe.send(("statements", fuse.burnt))
    consuming.close()
