"""Asynchronous programs on PostgreSQL, killed, cut off, cancelled: nothing is lost or doubled."""

import asyncio
import signal
from collections import Counter
from itertools import count
from random import Random

import pytest
from sqlalchemy import create_engine, text

from caseflow.storage import Appended, AsyncSQLStorage
from tests.chaos.awaiting import (
    FusedAwaited,
    awaiting_book,
    carry_out,
    consume_awaiting,
    cut,
    die_writing_awaiting,
    write_awaiting,
)
from tests.chaos.crew import a_crew
from tests.chaos.databases import check, prepare, with_cases, with_tables
from tests.chaos.fuses import Fuse, kill_myself
from tests.chaos.invariants import Broken, Done
from tests.chaos.test_kills import NEVER, before_and_job, died, moments
from tests.chaos.trade import Job, unit_of
from tests.chaos.workers import Writing, consume, write


class AcknowledgesFirst(AsyncSQLStorage):
    """Planted: an append is told to be done, and is written with the next one."""

    held = None

    async def append(self, unit, /):
        if self.held is not None:
            await super().append(self.held)
        self.held = unit
        return Appended.DONE


def write_and_die(pipe, url, kind):
    async def work():
        book = awaiting_book(kind(url))
        for number in range(3):
            job = Job(f"opened {number}", f"case {number}", "open")
            pipe.send(("done", job, unit_of(await carry_out(book, job)), Counter()))
        kill_myself(None)

    asyncio.run(work())


@pytest.mark.parametrize("kind", [AcknowledgesFirst, AsyncSQLStorage])
def test_a_store_that_acknowledges_before_it_commits_is_caught(postgres, kind):
    with a_crew() as crew:
        crew.hire(write_and_die, postgres, kind).ended(-signal.SIGKILL)
    assert len(crew.done) == 3
    if kind is AsyncSQLStorage:
        check(postgres, crew.done)
        return
    with pytest.raises(Broken, match="what was acknowledged is there"):
        check(postgres, crew.done)


@pytest.mark.parametrize("append", ["sixty events", "under an index"])
def test_a_writer_dies_between_any_two_statements(postgres, append, form, tell):
    before, job = before_and_job(append, "whole")
    done = prepare(postgres, *before)
    with a_crew() as crew:
        statements = died(crew, die_writing_awaiting, postgres, job, NEVER)
        dying = {
            n: before_and_job(append, f"dies at {n}") for n in moments(statements, form["every"])
        }
        done += prepare(postgres, *(job for before, _ in dying.values() for job in before))
        for moment, (_, job) in dying.items():
            assert died(crew, die_writing_awaiting, postgres, job, moment) is None
        done += crew.done
    world = check(postgres, done)
    assert world.version(f"dies at {statements}") == world.version("whole"), "it was written"
    again = prepare(postgres, *(job for _, job in dying.values()))
    check(postgres, [*done, *again])
    tell(kills=len(dying), statements=statements)


def test_workers_are_killed_at_random_moments_and_cancelled_in_between(
    durable_postgres, form, tell
):
    random = Random(11)
    with durable_postgres.database() as url, a_crew() as crew:
        case_ids = with_cases(with_tables(url), 4)
        consumer = crew.hire(consume_awaiting, url, "once")
        writers = {}
        for number in range(3):
            given = Writing(url, f"writer {number}", case_ids, joins=number == 0)
            writers[crew.hire(write_awaiting, given)] = given
        for kill in range(form["kills"] // 2):
            crew.listen(random.uniform(0.0, 0.15))
            if kill % 4 == 3:
                consumer.kill()
                consumer = crew.hire(consume_awaiting, url, "once")
                continue
            victim = random.choice(list(writers))
            crew.hear_of(victim, "done")
            victim.kill()
            given = writers.pop(victim)
            name = f"{given.name.partition(',')[0]}, life {kill + 2}"
            given = given._replace(name=name, unfinished=victim.trying)
            writers[crew.hire(write_awaiting, given)] = given
        crew.dismiss(*writers)
        crew.dismiss()
        world = check(url, crew.done, once=["once"])
    assert set(crew.errors) == {"cancelled"}, "nothing but kills and cancelling went wrong"
    tell(
        kills=form["kills"] // 2,
        cancelled=crew.errors["cancelled"],
        acknowledged=len(crew.done),
        events=world.events,
    )


def test_connections_are_cut_under_load(postgres, form, tell):
    """Every session of the server is ended, again and again; those who wait work beside them."""
    side = create_engine(postgres, isolation_level="AUTOCOMMIT")
    ended = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    case_ids, cuts = with_cases(postgres, 6), 0
    with a_crew() as crew, side.connect() as connection:
        crew.hire(consume_awaiting, postgres, "once")
        crew.hire(consume, postgres, "again", False)
        writers = [
            crew.hire(work, Writing(postgres, f"writer {number}", case_ids, joins=number == 0))
            for number, work in enumerate((write_awaiting, write_awaiting, write))
        ]
        for _ in range(2 * form["restarts"]):
            crew.listen(form["between"] / 4)
            cuts += connection.execute(ended).scalar_one()
            crew.hear_of_another("done")  # they come back by themselves
        crew.dismiss(*writers)
        crew.dismiss()
    side.dispose()
    world = check(postgres, crew.done, once=["once"], again=["again"])
    assert set(crew.errors) - {"cancelled"}, "nobody was cut off"
    tell(cuts=cuts, acknowledged=len(crew.done), events=world.events, errors=dict(crew.errors))


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it, unheard"])
def test_a_connection_that_is_lost_at_any_statement_is_a_safe_retry(postgres, after, tell):
    async def cut_at(moment, job):
        fuse = Fuse(moment, cut, after=after)
        store = FusedAwaited(postgres, fuse)
        outcome = await carry_out(awaiting_book(store), job)
        await store.close()
        assert not outcome.replayed
        return Done(job, unit_of(outcome)), fuse.burnt >= moment

    done, statements = [], 0
    for moment in count(1):
        name = f"cut at {moment}"
        prepare(postgres, Job(None, name, "open"))
        job = Job(name, name, "take", f"clerk of {name}")
        one, struck = asyncio.run(cut_at(moment, job))
        done.append(one)
        if not struck:
            break
        statements += 1
    check(postgres, done)
    tell(cuts=statements)
