"""The workers of an asynchronous program: on `AsyncSQLStorage`, in a loop, cancelled at times.

They do what those of `workers.py` do, and say the same on their pipes. Some commands are
cancelled at a moment that they do not choose, and repeated with the same id.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from psycopg import AsyncConnection, AsyncCursor, OperationalError
from sqlalchemy import event, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from caseflow import (
    AsyncCasebook,
    CaseExists,
    Conflict,
    Outcome,
    Refused,
    StoreError,
    VersionMoved,
)
from caseflow.storage import Appended, AsyncSQLStorage, SQLStorage, Unit
from tests.chaos.fuses import PSYCOPG_LOST, Fuse, kill_myself
from tests.chaos.trade import Desk, Job, JumpingClock, desk, desk_book, do, unit_of
from tests.chaos.workers import PAUSE, Writing, effect_of, effects, next_job

HASTE = 0.004
"""Within how many seconds a command has to be done that is in a hurry; most take longer."""


def awaiting_book(store: AsyncSQLStorage) -> AsyncCasebook[Desk]:
    """An asynchronous casebook of the desk."""
    return AsyncCasebook(desk, store, clock=JumpingClock(), snapshot_every=5)


async def carry_out(book: AsyncCasebook[Desk], job: Job) -> Outcome[Desk]:
    """Carry out a job."""
    verbs: Any = book  # its verbs are those of a Casebook, awaited
    outcome: Any = do(verbs, job)
    done: Outcome[Desk] = await outcome
    return done


# -- fuses -------------------------------------------------------------------------------------


def cut(connection: AsyncConnection[Any] | None) -> None:
    """Cut a connection to PostgreSQL, as a network does (None: none is in use just now)."""
    if connection is not None:
        connection.pgconn.finish()


class FusedAwaited(AsyncSQLStorage):
    """As `FusedStorage`, awaited: its fuse is lit while it appends."""

    def __init__(self, url: str, fuse: Fuse) -> None:
        super().__init__(url, create=False)
        self.fuse = fuse

        class Burning(AsyncCursor[Any]):
            async def execute(self, *args: Any, **kwargs: Any) -> Any:
                struck = fuse.burn(self.connection)
                answer = await super().execute(*args, **kwargs)
                if struck:
                    fuse.strike(self.connection)
                    raise OperationalError(PSYCOPG_LOST)
                return answer

        def connected(connection: Any, _: Any) -> None:
            connection.driver_connection.cursor_factory = Burning

        event.listen(self.engine.sync_engine, "connect", connected)

    async def append(self, unit: Unit, /) -> Appended:
        """As the store does."""
        self.fuse.lit = True
        appended = await super().append(unit)
        self.fuse.burn()
        self.fuse.lit = False
        return appended


# -- writers -----------------------------------------------------------------------------------


def write_awaiting(pipe: Any, given: Writing) -> None:
    """As `write`."""
    asyncio.run(_write(pipe, given))


async def _write(pipe: Any, given: Writing) -> None:
    random = Random(given.name)
    store, engine = AsyncSQLStorage(given.url, create=False), create_async_engine(given.url)
    looking = SQLStorage(given.url, create=False)
    book, look = awaiting_book(store), desk_book(looking)
    jobs = 0
    job: Job | None = given.unfinished
    while not pipe.poll():
        if job is None:
            jobs += 1
            job = next_job(look, random, f"{given.name}-{jobs}", given.case_ids)
        if job is None:
            continue
        pipe.send(("trying", job))
        joins = engine if given.joins and random.random() < 0.2 else None
        hurry = job.command_id is not None and random.random() < 0.3
        pipe.send(await _tried(book, job, joins, random if hurry else None))
        job = None
    looking.close()
    await store.close()
    await engine.dispose()


async def _tried(
    book: AsyncCasebook[Desk], job: Job, engine: AsyncEngine | None, hurry: Random | None
) -> tuple[Any, ...]:
    """Do a job, however often it takes; in a hurry it is cancelled first, more than once."""
    failures: Counter[str] = Counter()
    while True:
        haste = None if hurry is None else hurry.uniform(0.0, HASTE)
        try:
            async with asyncio.timeout(haste):
                done = _joined(book, job, engine) if engine else carry_out(book, job)
                outcome = await done
        except TimeoutError:
            failures["cancelled"] += 1
            hurry = hurry if failures["cancelled"] < 3 else None
        except (Refused, VersionMoved, Conflict, CaseExists) as refused:
            return "given up", type(refused).__name__, failures
        except (StoreError, SQLAlchemyError) as failed:
            failures[type(failed).__name__] += 1
            await asyncio.sleep(PAUSE)
        else:
            return "done", job, unit_of(outcome), failures


async def _joined(book: AsyncCasebook[Desk], job: Job, engine: AsyncEngine) -> Outcome[Desk]:
    """Do it in a transaction of the application's, which others overtake before its commit."""
    async with AsyncSession(engine) as session, session.begin():
        outcome = await carry_out(book.within(session), job)
        await asyncio.sleep(PAUSE)
    return outcome


def die_writing_awaiting(pipe: Any, url: str, job: Job, at: int, _: None = None) -> None:
    """As `die_writing`."""

    async def work() -> None:
        fuse = Fuse(at, kill_myself)
        store = FusedAwaited(url, fuse)
        outcome = await carry_out(awaiting_book(store), job)
        pipe.send(("done", job, unit_of(outcome), Counter()))
        pipe.send(("statements", fuse.burnt))
        await store.close()

    asyncio.run(work())


# -- consumers ---------------------------------------------------------------------------------


def consume_awaiting(pipe: Any, url: str, consumer: str) -> None:
    """Work through the feed, exactly once: with the checkpoint in the transaction of the work."""
    asyncio.run(_consume(pipe, url, consumer))


async def _consume(pipe: Any, url: str, consumer: str) -> None:
    engine = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=5)
    store = AsyncSQLStorage(engine, create=False)
    book = awaiting_book(store)

    async def turn() -> int:
        async with AsyncSession(engine) as session, session.begin():

            async def work(entry: Any) -> None:
                await session.execute(insert(effects).values(effect_of(consumer, entry)))

            return await book.within(session).consume(consumer, work)

    await _until_told(pipe, turn)
    await engine.dispose()


async def _until_told(pipe: Any, turn: Callable[[], Any]) -> None:
    """As in `workers.py`."""
    told = False
    while True:
        try:
            worked = await turn()
        except (StoreError, SQLAlchemyError) as failed:
            pipe.send(("failed", type(failed).__name__))
            worked = 1
            await asyncio.sleep(PAUSE)
        if not worked:
            if told:
                return
            await asyncio.sleep(PAUSE)
        told = told or pipe.poll()
