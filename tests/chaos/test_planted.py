"""The faults of a careless store, planted one by one: each invariant catches the one it is for.

Whoever weakens the store, or an invariant, finds out here which of them no longer holds.
"""

import re
import signal
from collections import Counter

import pytest
from sqlalchemy import create_engine, update
from sqlalchemy.orm import Session

from caseflow import Refused, VersionMoved
from caseflow.kernel.stored import hash_of
from caseflow.storage import Appended, SQLStorage
from tests.chaos.crew import a_crew
from tests.chaos.databases import check, prepare, with_cases, with_tables
from tests.chaos.fuses import FusedStorage, kill_myself
from tests.chaos.invariants import Broken
from tests.chaos.trade import MOST, Job, desk_book, do, unit_of
from tests.chaos.workers import Consuming, die_consuming, die_writing

OPENED = Job("opened", "case", "open")


def caught(url, name, done=(), **consumers):
    """See that the invariants find a fault, and by which of them."""
    with pytest.raises(Broken, match=name):
        check(url, done, **consumers)


# -- what a writer that is killed shows ---------------------------------------------------------


class AcknowledgesBeforeCommit(SQLStorage):
    """Planted: an append is told to be done, and is written with the next one."""

    held = None

    def append(self, unit, /):
        if self.held is not None:
            super().append(self.held)
        self.held = unit
        return Appended.DONE


def write_and_die(pipe, url, kind):
    """Do three jobs on three cases, saying of each that it is done, and die."""
    book = desk_book(kind(url))
    for number in range(3):
        job = Job(f"opened {number}", f"case {number}", "open")
        pipe.send(("done", job, unit_of(do(book, job)), Counter()))
    kill_myself(None)


@pytest.mark.parametrize("kind", [AcknowledgesBeforeCommit, SQLStorage])
def test_a_store_that_acknowledges_before_it_commits(url, kind):
    with a_crew() as crew:
        crew.hire(write_and_die, url, kind).ended(-signal.SIGKILL)
    assert len(crew.done) == 3
    if kind is SQLStorage:
        check(url, crew.done)
    else:
        caught(url, "what was acknowledged is there", crew.done)


class HeadFirst(FusedStorage):
    """Planted: where the case stands is committed before its events are."""

    def append(self, unit, /):
        last, cases = unit.events[-1], self.tables.cases
        self.fuse.lit = True
        with self.engine.begin() as connection:
            mine = (cases.c.agency == unit.agency) & (cases.c.case_id == unit.case_id)
            moved = update(cases).where(mine).values(version=last.number, hash=last.hash)
            connection.execute(moved)
        return super().append(unit._replace(expected=last.number))


class InTwoPieces(FusedStorage):
    """Planted: the last event of a unit has a transaction of its own."""

    def append(self, unit, /):
        *most, last = unit.events
        super().append(unit._replace(events=tuple(most)))
        self.fuse.lit = True
        return super().append(
            unit._replace(expected=last.number - 1, events=(last,), command_id=None)
        )


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (HeadFirst, "the head is the last event"),
        (InTwoPieces, "(no half unit|a command is its events)"),
    ],
)
def test_a_store_that_writes_a_unit_in_two_transactions(url, kind, name):
    found, moment, dead = None, 0, True
    with a_crew() as crew:
        while dead and found is None:  # before each statement, as the tests of the real store do
            moment += 1
            case_id = f"dies at {moment}"
            prepare(url, Job(None, case_id, "open"))
            job = Job(None if kind is HeadFirst else case_id, case_id, "notes", 3)
            worker = crew.hire(die_writing, url, job, moment, None, kind)
            dead = worker.ended(0, -signal.SIGKILL) != 0
            try:
                check(url, [])
            except Broken as broken:
                found = str(broken)
    assert re.match(name, found or "nothing was found")


# -- what contention shows ----------------------------------------------------------------------


class Overtaken(SQLStorage):
    """A store whose appends are overtaken once by another writer's."""

    other = None

    def append(self, unit, /):
        other, self.other = self.other, None
        if other is not None:
            other()
        return self.written(unit)

    def written(self, unit):
        return super().append(unit)


class LastOneWins(Overtaken):
    """Planted: a conflict is answered by writing at the version that there is by now."""

    def written(self, unit):
        appended = super().written(unit)
        if appended is Appended.CONFLICT:
            head = self.head(unit.agency, unit.case_id)
            moved, previous = [], head.hash
            for number, event in enumerate(unit.events, head.version + 1):
                row = event._replace(number=number, previous_hash=previous)
                moved.append(row._replace(hash=hash_of(row[:-1])))
                previous = moved[-1].hash
            appended = super().written(
                unit._replace(expected=head.version, events=tuple(moved), counts=())
            )
        return appended


@pytest.mark.parametrize("kind", [LastOneWins, Overtaken])
def test_a_store_that_lets_two_writers_win(url, kind):
    prepare(url, OPENED)
    store = kind(url)
    store.other = lambda: prepare(url, Job(None, "case", "count", 1))
    if kind is Overtaken:
        with pytest.raises(VersionMoved):
            do(desk_book(store), Job(None, "case", "count", 1, version=1))
        store.close()
        check(url, [])
        return
    do(desk_book(store), Job(None, "case", "count", 1, version=1))
    store.close()
    caught(url, "no update is lost")


class ForgetsCounts(Overtaken):
    """Planted: what a decision counted is not looked at again when it is written."""

    def written(self, unit):
        return super().written(unit._replace(counts=()))


@pytest.mark.parametrize("kind", [ForgetsCounts, Overtaken])
def test_a_store_that_forgets_what_was_counted(url, kind):
    case_ids = with_cases(url, MOST + 1)
    mine, last, *others = case_ids
    prepare(url, *(Job(None, case_id, "take", "ida") for case_id in others))
    store = kind(url)
    store.other = lambda: prepare(url, Job(None, last, "take", "ida"))
    if kind is Overtaken:
        with pytest.raises(Refused):
            do(desk_book(store), Job(None, mine, "take", "ida"))
        store.close()
        check(url, [])
        return
    do(desk_book(store), Job(None, mine, "take", "ida"))
    store.close()
    caught(url, "the cap holds")


# -- what consumers show ------------------------------------------------------------------------

NUMBERED_AT_ONCE = """
CREATE SEQUENCE positions;
CREATE FUNCTION place() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO caseflow_feed VALUES (new.agency, nextval('positions'), new.case_id, new.number);
  RETURN new; END $$;
CREATE TRIGGER place AFTER INSERT ON caseflow_events FOR EACH ROW EXECUTE FUNCTION place();
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER forget BEFORE INSERT ON caseflow_pending FOR EACH ROW EXECUTE FUNCTION forget();
"""
"""Planted: events get their positions from a sequence as they are inserted, not once they are
committed, and whoever reads the feed asks for "everything after the last position"."""


@pytest.mark.parametrize("planted", [NUMBERED_AT_ONCE, None], ids=["autoincrement", "as it is"])
def test_a_feed_by_plain_positions_skips_a_transaction_that_was_held_open(postgres, planted):
    engine = create_engine(postgres)
    if planted:
        with engine.begin() as connection:
            connection.exec_driver_sql(planted)
    prepare(postgres, *(Job(None, case_id, "open") for case_id in ("slow", "quick")))
    consuming = Consuming(postgres, within=True)
    with Session(engine) as session, session.begin():
        do(consuming.book.within(session), Job(None, "slow", "notes", 2))
        prepare(postgres, Job(None, "quick", "notes", 2))
        consuming.turn("once")
    consuming.turn("once")
    consuming.close()
    engine.dispose()
    if planted:
        caught(postgres, "the consumer misses no event", once=["once"])
    else:
        check(postgres, [], once=["once"])


class MovesFirst(Consuming):
    """Planted: the checkpoint moves before the work."""

    def turn(self, consumer, *, limit=100):
        start = self.store.checkpoint("agency", consumer)
        events = list(self.book.feed(after=start.position))
        if events:
            self.store.advance("agency", consumer, expected=start, position=events[-1].position)
        for event in events:
            self._work(consumer, event)
        return len(events)


class WorksApart(Consuming):
    """Planted: the checkpoint is in a transaction, and the work in another."""

    def turn(self, consumer, *, limit=100):
        return self.book.consume(consumer, lambda event: self._work(consumer, event))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (MovesFirst, "the consumer misses no event"),
        (WorksApart, "the consumer counts each event once"),
    ],
)
def test_a_consumer_that_parts_its_checkpoint_from_its_work(tmp_path, kind, name):
    url = with_tables(f"sqlite:///{tmp_path / 'cases.db'}")
    prepare(url, OPENED, Job("one", "case", "notes", 2))
    found, moment, dead = None, 0, True
    with a_crew() as crew:
        while dead and found is None:  # before each statement, as the test of the real one does
            moment += 1
            given = url, f"dies at {moment}", moment, True, kind
            dead = crew.hire(die_consuming, *given).ended(0, -signal.SIGKILL) != 0
            after = kind(url, True)
            after.turn(f"dies at {moment}")
            after.close()
            try:
                check(url, [], once=[f"dies at {moment}"])
            except Broken as broken:
                found = str(broken)
    assert re.match(name, found or "nothing was found")
