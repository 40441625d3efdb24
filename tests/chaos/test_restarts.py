"""PostgreSQL is stopped and started under load, and connections are cut: told, or safely retried.

What was acknowledged is on the disk. A worker repeats its command with the same id until it
hears an answer, and nothing takes effect twice.
"""

from itertools import count, cycle

import pytest
from sqlalchemy import create_engine, text

from caseflow import ConnectionLost, StoreError
from tests.chaos.crew import a_crew
from tests.chaos.databases import check, prepare, with_cases, with_tables
from tests.chaos.fuses import Fuse, FusedStorage, cut
from tests.chaos.invariants import Done
from tests.chaos.trade import Job, desk_book, do, unit_of
from tests.chaos.workers import Writing, consume, watch, write


def test_the_server_is_stopped_and_started_under_load(durable_postgres, form, tell):
    with durable_postgres.database() as url, a_crew() as crew:
        case_ids = with_cases(with_tables(url), 6)
        crew.hire(consume, url, "once", True)
        crew.hire(consume, url, "again", False)
        crew.hire(watch, url)
        writers = [
            crew.hire(write, Writing(url, f"writer {number}", case_ids, joins=number == 0))
            for number in range(4)
        ]
        for _, mode in zip(range(form["restarts"]), cycle(["immediate", "fast"]), strict=False):
            crew.listen(form["between"] / 2)
            durable_postgres.stop(mode)
            crew.listen(form["between"] / 2)
            durable_postgres.start()
            crew.hear_of_another("done")  # they come back by themselves
        crew.dismiss(*writers)
        crew.dismiss()
        world = check(url, crew.done, once=["once"], again=["again"])
        # Whether anybody is cut off in the middle is left to chance here; below it is not.
        assert crew.errors["ConnectionLost"] + crew.errors["StoreError"], "nobody noticed"
        tell(
            restarts=form["restarts"],
            acknowledged=len(crew.done),
            events=world.events,
            conflicts=crew.counts["CONFLICT"],
            errors=dict(crew.errors),
        )


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it, unheard"])
@pytest.mark.parametrize("kind", ["open", "notes", "take"])
def test_a_connection_that_is_lost_at_any_statement_is_a_safe_retry(postgres, kind, after, tell):
    """One that is lost once is not even noticed by whoever writes."""
    done, statements = [], 0
    for moment in count(1):
        name = f"cut at {moment}"
        prepare(postgres, *([] if kind == "open" else [Job(None, name, "open")]))
        fuse = Fuse(moment, cut, after=after)
        store = FusedStorage(postgres, fuse)
        job = Job(name, name, kind, {"notes": 60, "take": f"clerk of {name}"}.get(kind))
        outcome = do(desk_book(store), job)
        store.close()
        assert not outcome.replayed
        done.append(Done(job, unit_of(outcome)))
        if fuse.burnt < moment:
            break
        statements += 1
    check(postgres, done)
    tell(cuts=statements)


def test_a_server_that_ends_a_session_is_a_safe_retry(postgres):
    def end_session(connection):
        side = create_engine(postgres)
        with side.connect() as other:
            other.execute(text(f"SELECT pg_terminate_backend({connection.info.backend_pid}, 5000)"))
        side.dispose()

    prepare(postgres, Job(None, "case", "open"))
    store = FusedStorage(postgres, Fuse(1, end_session))
    job = Job("one", "case", "notes", 3)
    done = Done(job, unit_of(do(desk_book(store), job)))
    store.close()
    check(postgres, [done])


def test_a_connection_that_stays_lost_is_told_and_the_command_can_be_repeated(postgres):
    """The answer to the append is lost, and so is the one to whether it was written."""

    class StaysLost(FusedStorage):
        def append(self, unit, /):
            self.fuse.at = self.fuse.burnt + 1
            return super().append(unit)

    class Again(Fuse):
        def burn(self, connection=None):
            struck = super().burn(connection)
            if struck:
                self.at += 1
            return struck

    prepare(postgres, Job(None, "case", "open"))
    store = StaysLost(postgres, Again(1, cut, after=True))
    job = Job("one", "case", "notes", 3)
    with pytest.raises(ConnectionLost, match="the same command id it is safe to repeat"):
        do(desk_book(store), job)
    store.close()
    (done,) = prepare(postgres, job)
    assert done.unit == (2, 4)
    check(postgres, [done])


def test_while_there_is_no_server_every_verb_says_so(own_postgres):
    with own_postgres.database() as url:
        (case_id,) = with_cases(with_tables(url), 1)
        store = FusedStorage(url, Fuse(0, cut))
        book = desk_book(store)
        job = Job("one", case_id, "notes", 3)
        own_postgres.stop("immediate")
        for ask in (lambda: book.case(case_id), lambda: do(book, job), lambda: list(book.feed())):
            with pytest.raises(StoreError, match="See that the server runs and can be reached"):
                ask()
        own_postgres.start()
        done = Done(job, unit_of(do(book, job)))
        store.close()
        check(url, [done])
