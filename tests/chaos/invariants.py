"""What must be true of a database after any fault: one list, asked by every scenario.

The tables are read by statements of this module's own, and the cases through a casebook that
remembers nothing. What does not hold is raised as `Broken`, whose first word names what it is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Table, select

from caseflow import Case, Casebook, ChainBroken
from caseflow.kernel.stored import StoredEvent, verify_chain
from caseflow.storage import SQLStorage
from tests.chaos.trade import MOST, Desk, Job, Unit, desk_book, do, unit_of

AGENCY = "agency"


class Broken(AssertionError):
    """An invariant does not hold."""


class Done(NamedTuple):
    """A job that was acknowledged, and what it wrote as it was told."""

    job: Job
    unit: Unit


class Effect(NamedTuple):
    """What a consumer did, in the order in which it did it."""

    position: int
    case_id: str
    number: int


class World(NamedTuple):
    """Everything that stands in the tables of one agency."""

    cases: Mapping[str, Any]
    histories: Mapping[str, Sequence[StoredEvent]]
    commands: Mapping[str, Any]
    keys: Mapping[str, set[tuple[str, str]]]
    subjects: Mapping[str, set[str]]
    snapshots: Mapping[str, int]
    feed: Sequence[Effect]

    def version(self, case_id: str) -> int:
        """The number of the last event of a case (0: there is no such case)."""
        return len(self.histories.get(case_id, ()))

    @property
    def events(self) -> int:
        """How many events there are."""
        return sum(map(len, self.histories.values()))


def holds(truth: bool, name: str, **where: object) -> None:
    """See that something holds. Raises `Broken`, which begins with its name."""
    if not truth:
        raise Broken(f"{name}: {', '.join(f'{key}={value!r}' for key, value in where.items())}")


def check(store: SQLStorage, done: Iterable[Done], *, replays: int = 25) -> World:
    """Ask everything of the database of a store, and return what stands in it.

    `done` is what was acknowledged; so many of it are repeated and have to answer as before.
    Raises `Broken`.
    """
    acknowledged = list(done)
    world = look(store)
    check_histories(world)
    check_units(world)
    check_commands(world)
    check_acknowledged(world, acknowledged)
    check_derived(store, world)
    check_feed(world)
    check_trade(world)
    every = max(1, len(acknowledged) // replays)
    check_replays(store, acknowledged[::every])
    return world


def look(store: SQLStorage) -> World:
    """Read the tables. Reading the feed first gives positions to what waits for one."""
    read_by_product = [
        Effect(entry.position, entry.event.case_id, entry.event.number)
        for entry in store.feed(AGENCY, limit=1_000_000)
    ]
    tables = store.tables
    with store.engine.connect() as connection:

        def rows(table: Table, *order: str) -> Sequence[Any]:
            every = select(table).where(table.c.agency == AGENCY)
            return connection.execute(every.order_by(*(table.c[name] for name in order))).all()

        histories: dict[str, list[StoredEvent]] = defaultdict(list)
        for row in rows(tables.events, "case_id", "number"):
            histories[row.case_id].append(StoredEvent._make(row))
        keys: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for row in rows(tables.keys):
            keys[row.case_id].add((row.name, row.value))
        subjects: dict[str, set[str]] = defaultdict(set)
        for row in rows(tables.subjects):
            subjects[row.case_id].add(row.subject)
        feed = [Effect(row.position, row.case_id, row.number) for row in rows(tables.feed)]
        if store.engine.dialect.name == "postgresql":
            left = rows(tables.pending)
            holds(not left, "nothing committed waits for a place in the feed", left=left[:3])
        holds(sorted(feed) == read_by_product, "the feed is read as it stands")
        return World(
            {row.case_id: row for row in rows(tables.cases)},
            histories,
            {row.command_id: row for row in rows(tables.commands)},
            keys,
            subjects,
            {row.case_id: row.version for row in rows(tables.snapshots)},
            sorted(feed),
        )


def check_histories(world: World) -> None:
    """Versions are contiguous, chains verify, and each case ends with its last event."""
    for case_id, rows in world.histories.items():
        numbers = [row.number for row in rows]
        whole = numbers == list(range(1, len(rows) + 1))
        holds(whole, "versions are contiguous", case=case_id, numbers=numbers[-5:])
        try:
            last = verify_chain(rows)
        except ChainBroken as broken:
            raise Broken(f"the chain verifies: {broken}") from broken
        head = world.cases.get(case_id)
        stands = None if head is None else (head.version, head.hash)
        holds(stands == (len(rows), last), "the head is the last event", case=case_id, head=stands)
    holds(
        set(world.cases) == set(world.histories),
        "the head is the last event",
        without_events=sorted(set(world.cases) - set(world.histories)),
    )


def check_units(world: World) -> None:
    """No half unit: the events of a command stand together, and each note has its fellows."""
    for case_id, rows in world.histories.items():
        places: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for row in rows:
            if row.type == "desk-noted":
                note = orjson.loads(row.payload)
                places[note["unit"]].append((row.number, note["place"], note["size"]))
        for unit, notes in places.items():
            first, size = notes[0][0], notes[0][2]
            whole = [(first + place, place, size) for place in range(size)]
            holds(notes == whole, "no half unit", case=case_id, unit=unit, notes=notes[:5])


def check_commands(world: World) -> None:
    """A command is known by its events, all of them, and took effect once."""
    written: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for case_id, rows in world.histories.items():
        for row in rows:
            if row.command_id is not None:
                written[row.command_id].append((case_id, row.number))
    for command_id in {*written, *world.commands}:
        claim = world.commands.get(command_id)
        told = claim and [(claim.case_id, number) for number in range(claim.first, claim.last + 1)]
        found = sorted(written.get(command_id, []))
        holds(told == found, "a command is its events", command=command_id, told=told, found=found)


def check_acknowledged(world: World, done: Iterable[Done]) -> None:
    """What was acknowledged is there, where it was said to be."""
    for job, unit in done:
        rows = world.histories.get(job.case_id, ())[unit.first - 1 : unit.last]
        there = len(rows) == unit.last - unit.first + 1
        there = there and all(row.command_id == job.command_id for row in rows)
        holds(there, "what was acknowledged is there", job=job, unit=unit)


def check_derived(store: SQLStorage, world: World) -> None:
    """The list, the indexes, the subjects and the snapshots say what the histories say."""
    folding = desk_book(store, snapshot_every=0, recent=0)
    resuming = desk_book(store, recent=0)
    held: Counter[str] = Counter()
    listed = {one.id: one for one in folding.every()}
    holds(set(listed) == set(world.cases), "every case is listed once")
    for case_id, rows in world.histories.items():
        case = folding.case(case_id)
        holds(resuming.case(case_id) == case, "a snapshot says what the history says", case=case_id)
        version = world.snapshots.get(case_id, 0)
        holds(version <= case.version, "a snapshot is not ahead", case=case_id, version=version)
        one, keys = listed[case_id], _keys(case)
        says = (one.version, one.position, one.ended, set(one.keys))
        wanted = (case.version, case.position, case.position == "done", keys)
        holds(says == wanted, "the list says what the history says", case=case_id, says=says)
        found = world.keys.get(case_id, set())
        holds(found == keys, "an index holds what the history says", case=case_id, found=found)
        told = world.subjects.get(case_id, set())
        holds(
            told == {row.subject for row in rows},
            "subjects are those of the history",
            case=case_id,
            told=told,
        )
        held.update(value for _, value in keys)
    tally = dict(folding.tally("clerk"))
    holds(tally == dict(held), "an index holds what the history says", tally=tally, held=dict(held))
    strays = (set(world.keys) | set(world.subjects) | set(world.snapshots)) - set(world.cases)
    holds(not strays, "nothing is kept of cases that are not there", strays=strays)


def _keys(case: Case[Desk]) -> set[tuple[str, str]]:
    if case.state.clerk is None or case.position == "done":
        return set()
    return {("clerk", case.state.clerk)}


def check_feed(world: World) -> None:
    """The feed holds each committed event once, each case's in order, without a gap."""
    positions = [entry.position for entry in world.feed]
    whole = positions == list(range(1, len(positions) + 1))
    holds(whole, "positions have no gap", last=positions[-5:], events=len(positions))
    check_order(world.feed)
    fed = Counter((entry.case_id, entry.number) for entry in world.feed)
    written = {(row.case_id, row.number) for rows in world.histories.values() for row in rows}
    more = [event for event, times in fed.items() if times > 1 or event not in written]
    holds(not more, "the feed holds each event once", more=more[:3])
    missing = sorted(written - set(fed))
    holds(not missing, "the feed misses no event", missing=missing[:3], of=len(missing))


def check_order(entries: Iterable[Effect]) -> None:
    """Each case's events come in order."""
    reached: dict[str, int] = defaultdict(int)
    for position, case_id, number in entries:
        holds(number == reached[case_id] + 1, "each case comes in order", at=position, case=case_id)
        reached[case_id] = number


def check_trade(world: World) -> None:
    """No update was lost, no clerk ever had too much, and time never went back."""
    for case_id, rows in world.histories.items():
        counted = [orjson.loads(row.payload)["value"] for row in rows if row.type == "desk-counted"]
        once = counted == list(range(1, len(counted) + 1))
        holds(once, "no update is lost", case=case_id, counted=counted[-5:])
        moments = [row.recorded_at for row in rows]
        holds(moments == sorted(moments), "recorded moments never go back", case=case_id)
    has: dict[str, str] = {}
    for position, case_id, number in world.feed:
        row = world.histories[case_id][number - 1]
        if row.type == "desk-taken":
            has[case_id] = clerk = orjson.loads(row.payload)["clerk"]
            load = Counter(has.values())[clerk]
            holds(load <= MOST, "the cap holds", at=position, clerk=clerk, load=load)
        elif row.type == "desk-left":
            del has[case_id]


def check_replays(store: SQLStorage, done: Sequence[Done]) -> None:
    """A command that is repeated answers as it did first, and writes nothing."""
    book: Casebook[Desk] = desk_book(store, recent=0)
    for job, unit in done:
        if job.command_id is None:
            continue
        head = store.head(AGENCY, job.case_id)
        again = do(book, job._replace(version=None))
        same = again.replayed and unit_of(again) == unit
        same = same and store.head(AGENCY, job.case_id) == head
        holds(same, "a repeated command answers as first", job=job, unit=unit)


def check_effects(world: World, effects: Sequence[Effect], *, once: bool) -> None:
    """A consumer worked on every event: exactly once, or else at least once, in order."""
    worked: Sequence[Effect] = effects if once else list(dict.fromkeys(effects))
    missing = sorted(set(world.feed) - set(worked))
    holds(not missing, "the consumer misses no event", missing=missing[:3], of=len(missing))
    more = [effect for effect, times in Counter(effects).items() if once and times > 1]
    holds(not more, "the consumer counts each event once", more=more[:3])
    holds(list(worked) == list(world.feed), "the consumer works in the order of the feed")
