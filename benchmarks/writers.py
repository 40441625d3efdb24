"""Several processes that write to one database at once."""

from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from time import perf_counter
from typing import Any

from benchmarks import grants
from benchmarks.measure import Measured, Row
from caseflow.storage import SQLStorage

WRITERS = (1, 2, 4, 8)
SECONDS = 3.0
CASES = 20


def rows(url: str, name: str, durability: str) -> list[Row]:
    """How long a decision takes while so many processes decide, all of them taken together."""
    taken = {writers: _together(url, durability, writers) for writers in WRITERS}
    alone = taken[1]
    return [
        Row(
            f"stored decision, {writers} processes, {name}",
            "one process",
            Measured(seconds, alone, seconds / alone),
        )
        for writers, seconds in taken.items()
        if writers > 1
    ]


def _together(url: str, durability: str, writers: int) -> float:
    """Seconds of a decision, of all that so many processes make in the same seconds."""
    context = get_context("spawn")
    start, answers = context.Barrier(writers), context.Queue()
    processes = [
        context.Process(target=_write, args=(url, durability, number, start, answers))
        for number in range(writers)
    ]
    for process in processes:
        process.start()
    made: list[int] = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    return SECONDS / sum(made)


def _write(url: str, durability: Any, number: int, start: Barrier, answers: Any) -> None:
    """Decide on cases of one's own, one after the other, for some seconds."""
    store = SQLStorage(url, durability=durability)
    book = grants.a_book(store)
    case_ids = grants.opened(book, CASES)
    pay = grants.paying(book, case_ids, prefix=f"{case_ids[0]}-")
    pay()
    start.wait()
    made, until = 0, perf_counter() + SECONDS
    while perf_counter() < until:
        pay()
        made += 1
    answers.put(made)
    store.close()
