"""The databases of the chaos: made, brought to rest after it, and looked at."""

from __future__ import annotations

import time
from collections.abc import Iterable

from sqlalchemy import create_engine, text

from caseflow.storage import SQLStorage
from tests.chaos import invariants
from tests.chaos.invariants import Done, World
from tests.chaos.trade import Job, desk_book, do, unit_of
from tests.chaos.workers import effects, effects_of

PATIENCE = 60.0


def with_tables(url: str) -> str:
    """Make the tables of a store in a database, and the one for the effects of consumers."""
    SQLStorage(url).close()
    engine = create_engine(url)
    effects.metadata.create_all(engine)
    engine.dispose()
    return url


def with_cases(url: str, number: int) -> tuple[str, ...]:
    """Open so many cases; their ids."""
    case_ids = tuple(f"case {n}" for n in range(1, number + 1))
    prepare(url, *(Job(None, case_id, "open") for case_id in case_ids))
    return case_ids


def prepare(url: str, *jobs: Job) -> list[Done]:
    """Do jobs in this process, and keep no connection."""
    store = SQLStorage(url, create=False)
    book = desk_book(store)
    done = [Done(job, unit_of(do(book, job))) for job in jobs]
    store.close()
    return done


def settle(url: str) -> None:
    """Wait until a server has noticed that the processes that were killed are gone.

    What they had sent before may still take effect, though they never heard of it.
    """
    if url.startswith("sqlite"):
        return
    engine = create_engine(url)
    others = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    until = time.monotonic() + PATIENCE
    while True:
        with engine.connect() as connection:
            if connection.execute(others).scalar_one() == 0:
                break
        assert time.monotonic() < until, "somebody is still connected"
        time.sleep(0.01)
    engine.dispose()


def check(
    url: str, done: Iterable[Done], *, once: Iterable[str] = (), again: Iterable[str] = ()
) -> World:
    """Bring a database to rest and ask every invariant of it (`invariants.check`).

    `once` are consumers each of whose effects stands in one transaction with its checkpoint,
    and `again` those whose effects may come more than once.
    """
    settle(url)
    store = SQLStorage(url, create=False)
    try:
        world = invariants.check(store, done)
        for consumer in (*once, *again):
            worked = effects_of(url, consumer)
            invariants.check_effects(world, worked, once=consumer in once)
        return world
    finally:
        store.close()
