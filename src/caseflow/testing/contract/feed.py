"""The feed: every committed event once, each case's in order, at positions that never change."""

# ruff: noqa: D103 - a test says by its name what must hold

from __future__ import annotations

from collections import defaultdict

from caseflow.kernel.stored import StoredEvent
from caseflow.storage.port import Appended, Checkpoint, Consumers, FeedEntry, Storage
from caseflow.testing.contract.checks import needs, same
from caseflow.testing.contract.races import PROCESSES, THREADS
from caseflow.testing.contract.rows import NORTH, SOUTH, opening, several, unit
from caseflow.testing.contract.stores import Meet, Stores

ROUNDS = 10


class Reader:
    """Somebody who reads the feed from where they were the last time."""

    def __init__(self, store: Storage, agency: str = NORTH, *, limit: int = 7) -> None:
        self._store = store
        self._agency = agency
        self._limit = limit
        self.seen: list[FeedEntry] = []

    def poll(self) -> int:
        """Read on, once; how many entries came."""
        position = self.seen[-1].position if self.seen else 0
        came = self._store.feed(self._agency, after=position, limit=self._limit)
        self.seen += came
        return len(came)

    def to_the_end(self) -> list[StoredEvent]:
        """All that was read, up to the end: at positions from 1, each one more than the last."""
        while self.poll():
            pass
        positions = [entry.position for entry in self.seen]
        same("the positions of the feed", positions, list(range(1, len(positions) + 1)))
        return [entry.event for entry in self.seen]


def all_once(store: Storage, seen: list[StoredEvent], case_ids: list[str]) -> None:
    """See that the feed held every event of these cases once, in the order of each."""
    by_case = defaultdict(list)
    for event in seen:
        by_case[event.case_id].append(event)
    kept = {case_id: list(store.read(NORTH, case_id)) for case_id in case_ids}
    same("what the feed told, case by case", dict(by_case), {k: v for k, v in kept.items() if v})


def move(store: Storage, consumer: str, position: int, *, agency: str = NORTH) -> bool:
    """Move a checkpoint from where it is."""
    found = store.checkpoint(agency, consumer)
    return store.advance(agency, consumer, expected=found, position=position)


def positions(store: Storage, agency: str = NORTH) -> tuple[int, dict[str, int]]:
    """The end of the feed, and where each consumer stands."""
    end, found = store.consumers(agency)
    return end, {name: one.position for name, one in found.items()}


def three_cases(store: Storage, agency: str = NORTH) -> list[str]:
    """Three cases that grow in turn, by one and by several events."""
    case_ids = ["R-1", "R-2", "R-3"]
    for case_id in case_ids:
        store.append(opening(case_id, agency=agency))
    for turn in range(4):
        for case_id in case_ids:
            events = several(case_id, 2 + 2 * turn, 3 + 2 * turn, agency=agency)
            same("growing", store.append(unit(1 + 2 * turn, *events)), Appended.DONE)
    return case_ids


@needs("feed")
def test_the_feed_of_an_empty_store_is_empty(stores: Stores) -> None:
    same("the feed", list(stores.store.feed(NORTH)), [])
    same("the feed after a position", list(stores.store.feed(NORTH, after=3)), [])
    same("a checkpoint", stores.store.checkpoint(NORTH, "letters").position, 0)


@needs("feed")
def test_the_feed_holds_every_event_once_and_each_cases_in_order(stores: Stores) -> None:
    case_ids = three_cases(stores.store)
    all_once(stores.store, Reader(stores.store).to_the_end(), case_ids)


@needs("feed")
def test_the_feed_can_be_read_on_from_every_position_in_pieces_of_any_size(stores: Stores) -> None:
    three_cases(stores.store)
    whole = list(stores.store.feed(NORTH, limit=1000))
    same("the events in all", len(whole), 27)
    for after in range(len(whole) + 2):
        for limit in (1, 4, 100):
            found = list(stores.store.feed(NORTH, after=after, limit=limit))
            same(f"{limit} after {after}", found, whole[after : after + limit])


@needs("feed")
def test_positions_never_change_whatever_is_appended_later(stores: Stores) -> None:
    three_cases(stores.store)
    before = list(stores.store.feed(NORTH, limit=1000))
    stores.store.append(opening("R-0"))
    stores.store.append(unit(9, *several("R-1", 10, 12)))
    after = list(stores.store.feed(NORTH, limit=1000))
    same("what was there before", after[: len(before)], before)
    same("how much there is now", len(after), len(before) + 4)


@needs("feed")
def test_what_was_not_done_is_never_in_the_feed(stores: Stores) -> None:
    store = stores.store
    store.append(opening("R-1"))
    same("a conflict", store.append(unit(7)), Appended.CONFLICT)
    all_once(store, Reader(store).to_the_end(), ["R-1"])


@needs("feed", "commands")
def test_a_repeated_command_is_once_in_the_feed(stores: Stores) -> None:
    store = stores.store
    store.append(opening("R-1", command_id="c1"))
    same("a duplicate", store.append(unit(1, command_id="c1")), Appended.DUPLICATE)
    all_once(store, Reader(store).to_the_end(), ["R-1"])


@needs("feed")
def test_every_agency_has_a_feed_of_its_own(stores: Stores) -> None:
    store = stores.store
    three_cases(store)
    three_cases(store, SOUTH)
    store.append(opening("R-4", agency=SOUTH))
    for agency, wanted in ((NORTH, 27), (SOUTH, 28)):
        events = Reader(store, agency).to_the_end()
        same(f"the agencies in the feed of the {agency}", {e.agency for e in events}, {agency})
        same(f"the events in the feed of the {agency}", len(events), wanted)


@needs("feed")
def test_a_checkpoint_moves_only_from_where_it_is_expected(stores: Stores) -> None:
    store = stores.store
    nowhere = Checkpoint(3, 3)
    same("from where it is not", store.advance(NORTH, "a", expected=nowhere, position=9), False)
    start = store.checkpoint(NORTH, "a")
    same("the checkpoint", start, Checkpoint())
    same("from the start", store.advance(NORTH, "a", expected=start, position=5), True)
    same("from the start again", store.advance(NORTH, "a", expected=start, position=6), False)
    same("the checkpoint", store.checkpoint(NORTH, "a").position, 5)
    same("onwards", move(store, "a", 8), True)
    same("back, to read again", move(store, "a", 2), True)
    found = store.checkpoint(NORTH, "a")
    same("the checkpoint", found.position, 2)
    store.advance(NORTH, "a", expected=found, position=3, workflow="repair-shop")
    same("whose it is", store.checkpoint(NORTH, "a").workflow, "repair-shop")


@needs("feed")
def test_a_checkpoint_that_came_back_to_a_position_is_another_one(stores: Stores) -> None:
    store = stores.store
    same("placing it at the start", move(store, "a", 0), True)
    for way in ([0], [5, 0], [None, 0]):
        before = store.checkpoint(NORTH, "a")
        for position in way:
            done = store.delete_consumer(NORTH, "a") if position is None else None
            same(f"moving it to {position}", done or move(store, "a", position or 0), True)
        same("the position", store.checkpoint(NORTH, "a").position, 0)
        late = store.advance(NORTH, "a", expected=before, position=9)
        same(f"from before it was moved to {way}", late, False)
    listed = dict(store.consumers(NORTH).checkpoints)
    same("the consumers", listed, {"a": store.checkpoint(NORTH, "a")})


@needs("feed")
def test_consumers_and_agencies_have_checkpoints_of_their_own(stores: Stores) -> None:
    store = stores.store
    move(store, "a", 5)
    same("another consumer's", store.checkpoint(NORTH, "b").position, 0)
    same("another agency's", store.checkpoint(SOUTH, "a").position, 0)
    same("moving the other's", move(store, "b", 3), True)
    same("the first", store.checkpoint(NORTH, "a").position, 5)


@needs("feed")
def test_every_consumer_is_listed_with_its_checkpoint_and_the_end_of_the_feed(
    stores: Stores,
) -> None:
    store = stores.store
    same("the consumers of an empty store", store.consumers(NORTH), Consumers(0, {}))
    three_cases(store)
    three_cases(store, SOUTH)
    store.append(opening("R-4", agency=SOUTH))
    same("the consumers before any worked", store.consumers(NORTH), Consumers(27, {}))
    move(store, "a", 5)
    move(store, "b", 27)
    move(store, "a", 28, agency=SOUTH)
    move(store, "b", 0)
    same("the consumers of the north", positions(store), (27, {"a": 5, "b": 0}))
    same("the consumers of the south", positions(store, SOUTH), (28, {"a": 28}))


@needs("feed")
def test_a_consumer_that_is_deleted_is_as_if_it_had_never_worked(stores: Stores) -> None:
    store = stores.store
    same("deleting one that is not there", store.delete_consumer(NORTH, "a"), False)
    for agency in (NORTH, SOUTH):
        move(store, "a", 5, agency=agency)
        move(store, "b", 6, agency=agency)
    before = store.checkpoint(NORTH, "a")
    same("deleting", store.delete_consumer(NORTH, "a"), True)
    same("deleting again", store.delete_consumer(NORTH, "a"), False)
    same("the consumers", positions(store)[1], {"b": 6})
    same("the other agency's", positions(store, SOUTH)[1], {"a": 5, "b": 6})
    same("its checkpoint", store.checkpoint(NORTH, "a").position, 0)
    same("going on", store.advance(NORTH, "a", expected=before, position=6), False)
    same("beginning anew", move(store, "a", 1), True)


def _write_cases(store: Storage, number: int, meet: Meet) -> None:
    """Grow a case of one's own, and get in the way of everybody else at another."""
    meet()
    for turn in range(ROUNDS):
        own = several(f"own-{number}", 1 + 2 * turn, 2 + 2 * turn)
        same("growing", store.append(unit(2 * turn, *own)), Appended.DONE)
        head = store.head(NORTH, "shared")
        version = head.version if head else 0
        store.append(unit(version, *several("shared", version + 1, version + 1)))


def _written_by(writers: int) -> list[str]:
    return ["shared", *(f"own-{number}" for number in range(writers))]


@needs("feed")
def test_who_reads_the_feed_while_threads_write_misses_nothing(stores: Stores) -> None:
    reader = Reader(stores.store)
    stores.in_threads(_write_cases, THREADS, meanwhile=reader.poll)
    all_once(stores.store, reader.to_the_end(), _written_by(THREADS))


@needs("feed", "processes")
def test_who_reads_the_feed_while_processes_write_misses_nothing(stores: Stores) -> None:
    reader = Reader(stores.store)
    stores.in_processes(_write_cases, PROCESSES, meanwhile=reader.poll)
    all_once(stores.store, reader.to_the_end(), _written_by(PROCESSES))
