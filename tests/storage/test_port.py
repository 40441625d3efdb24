"""What every store promises, whatever it keeps its rows in: the contract of the port."""

import multiprocessing
import threading

import pytest

from caseflow.kernel.stored import StoredEvent
from caseflow.storage import Appended, Head, MemoryStorage, SQLStorage, Unit


def row(number, *, agency="north", case_id="R-1", kind="paid", command_id=None, payload="{}"):
    """A row as a store is given it: to a store, nearly every column is only text."""
    return StoredEvent(
        agency,
        case_id,
        number,
        kind,
        1,
        "2026-03-02T09:00:00.000000+00:00",
        "2026-03-02T09:00:00.000000+00:00",
        "ana",
        "[]",
        None,
        None,
        None,
        None,
        None,
        None,
        "[]",
        command_id,
        None,
        "repair-shop",
        "1",
        "customer-1",
        payload,
        f"hash-{number - 1}",
        f"hash-{number}",
    )


def unit(expected, *rows, **given):
    """A unit of rows after a version; without rows, one row."""
    rows = rows or (row(expected + 1),)
    return Unit(rows[0].agency, rows[0].case_id, expected, rows, **given)


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    if request.param == "memory":
        yield MemoryStorage()
        return
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    yield store
    store.close()


# -- reading ---------------------------------------------------------------------------------


def test_an_empty_store_knows_nothing(store):
    assert store.head("north", "R-1") is None
    assert list(store.read("north", "R-1")) == []
    assert list(store.command("north", "c1")) == []
    assert list(store.case_ids("north")) == []


def test_rows_come_back_as_they_were_given_in_order(store):
    rows = (row(1, payload='{"words": "žluťoučký kůň 🚲"}'), row(2), row(3))
    assert store.append(unit(0, *rows)) is Appended.DONE
    assert tuple(store.read("north", "R-1")) == rows
    assert all(type(found) is StoredEvent for found in store.read("north", "R-1"))


def test_every_column_comes_back_as_it_was(store):
    full = StoredEvent(*(7 if f in ("number", "type_version") else f for f in StoredEvent._fields))
    full = full._replace(agency="north", case_id="R-1", number=1)
    store.append(unit(0, full))
    assert tuple(store.read("north", "R-1")) == (full,)


def test_rows_can_be_read_after_a_number_and_of_some_types(store):
    rows = tuple(row(n, kind="paid" if n % 2 else "moved") for n in range(1, 6))
    store.append(unit(0, *rows))
    assert [r.number for r in store.read("north", "R-1", after=3)] == [4, 5]
    assert [r.number for r in store.read("north", "R-1", after=5)] == []
    assert [r.number for r in store.read("north", "R-1", types=["paid"])] == [1, 3, 5]
    assert [r.number for r in store.read("north", "R-1", after=1, types=["paid", "x"])] == [3, 5]
    assert [r.number for r in store.read("north", "R-1", types=[])] == []


def test_the_head_says_where_a_case_stands(store):
    store.append(unit(0, row(1), row(2)))
    assert store.head("north", "R-1") == Head(2, "hash-2", 0, None)


def test_cases_are_listed_in_the_order_of_their_opening(store):
    for case_id in ("b", "a", "c"):
        store.append(unit(0, row(1, case_id=case_id)))
    store.append(unit(1, row(2, case_id="b")))
    assert list(store.case_ids("north")) == ["b", "a", "c"]


# -- appending -------------------------------------------------------------------------------


def test_versions_are_contiguous(store):
    assert store.append(unit(0)) is Appended.DONE
    assert store.append(unit(1)) is Appended.DONE
    for wrong in (0, 1, 3, 7):
        assert store.append(unit(wrong)) is Appended.CONFLICT
    assert [r.number for r in store.read("north", "R-1")] == [1, 2]


def test_there_is_nothing_to_continue_where_there_is_no_case(store):
    assert store.append(unit(1)) is Appended.CONFLICT
    assert store.head("north", "R-1") is None
    assert list(store.case_ids("north")) == []


def test_a_conflict_leaves_nothing_behind(store):
    store.append(unit(0))
    lost = unit(5, row(6, command_id="c1"), command_id="c1", snapshot="{}", drop_snapshot=True)
    assert store.append(lost) is Appended.CONFLICT
    assert store.head("north", "R-1") == Head(1, "hash-1", 0, None)
    assert list(store.command("north", "c1")) == []
    assert store.append(unit(1, row(2, command_id="c1"), command_id="c1")) is Appended.DONE


def test_a_command_is_found_with_what_it_wrote(store):
    store.append(unit(0))
    rows = (row(2, command_id="c1"), row(3, command_id="c1"))
    store.append(unit(1, *rows, command_id="c1"))
    store.append(unit(3))
    assert tuple(store.command("north", "c1")) == rows


def test_a_repeated_command_is_a_duplicate_wherever_the_case_stands(store):
    store.append(unit(0, row(1, command_id="c1"), command_id="c1"))
    for again in (unit(0, command_id="c1"), unit(1, command_id="c1"), unit(9, command_id="c1")):
        assert store.append(again) is Appended.DUPLICATE
    other = unit(0, row(1, case_id="R-2"), command_id="c1")
    assert store.append(other) is Appended.DUPLICATE
    assert list(store.case_ids("north")) == ["R-1"]
    assert len(store.read("north", "R-1")) == 1


def test_agencies_never_see_each_others_rows_or_commands(store):
    store.append(unit(0, row(1, command_id="c1"), command_id="c1"))
    assert store.head("south", "R-1") is None
    assert list(store.read("south", "R-1")) == []
    assert list(store.command("south", "c1")) == []
    assert list(store.case_ids("south")) == []
    south = row(1, agency="south", command_id="c1")
    assert store.append(unit(0, south, command_id="c1")) is Appended.DONE
    assert tuple(store.read("south", "R-1")) == (south,)
    assert len(store.read("north", "R-1")) == 1


# -- snapshots -------------------------------------------------------------------------------


def test_a_snapshot_is_kept_with_its_version_until_the_next(store):
    store.append(unit(0, row(1), row(2), snapshot="one"))
    assert store.head("north", "R-1") == Head(2, "hash-2", 2, "one")
    store.append(unit(2))
    assert store.head("north", "R-1") == Head(3, "hash-3", 2, "one")
    store.append(unit(3, snapshot="two"))
    assert store.head("north", "R-1") == Head(4, "hash-4", 4, "two")


def test_a_snapshot_that_no_longer_holds_is_dropped(store):
    store.append(unit(0, snapshot="one"))
    store.append(unit(1, drop_snapshot=True))
    assert store.head("north", "R-1") == Head(2, "hash-2", 0, None)
    store.append(unit(2, drop_snapshot=True, snapshot="two"))
    assert store.head("north", "R-1") == Head(3, "hash-3", 3, "two")


# -- many writers ----------------------------------------------------------------------------


def test_of_many_threads_at_one_version_exactly_one_wins_each_round(store):
    store.append(unit(0))
    writers, rounds = 6, 8
    results = []
    barrier = threading.Barrier(writers)

    def write(name):
        for version in range(1, rounds + 1):
            barrier.wait()
            payload = f'{{"writer": {name}}}'
            results.append(
                (version, store.append(unit(version, row(version + 1, payload=payload))))
            )

    threads = [threading.Thread(target=write, args=(name,)) for name in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for version in range(1, rounds + 1):
        outcomes = [outcome for at, outcome in results if at == version]
        assert sorted(o.value for o in outcomes) == ["conflict"] * (writers - 1) + ["done"]
    assert [r.number for r in store.read("north", "R-1")] == list(range(1, rounds + 2))


def _write_from_a_process(url, name, rounds, results, barrier):
    store = SQLStorage(url)
    for version in range(1, rounds + 1):
        barrier.wait()
        outcome = store.append(unit(version, row(version + 1, payload=f'"{name}"')))
        results.put((version, name, outcome.value))
    store.close()


def test_of_many_processes_at_one_version_exactly_one_wins_each_round(tmp_path):
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    store = SQLStorage(url)
    store.append(unit(0))
    writers, rounds = 3, 12
    spawn = multiprocessing.get_context("spawn")
    results, barrier = spawn.Queue(), spawn.Barrier(writers)
    processes = [
        spawn.Process(target=_write_from_a_process, args=(url, name, rounds, results, barrier))
        for name in range(writers)
    ]
    for process in processes:
        process.start()
    found = [results.get(timeout=60) for _ in range(writers * rounds)]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * writers
    rows = {r.number: r.payload for r in store.read("north", "R-1")}
    assert sorted(rows) == list(range(1, rounds + 2))
    for version in range(1, rounds + 1):
        winners = [name for at, name, outcome in found if at == version and outcome == "done"]
        assert len(winners) == 1
        assert rows[version + 1] == f'"{winners[0]}"'
    store.close()
