"""Two pieces of work against each other, in turns, so that a busy machine slows both alike."""

import gc
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import NamedTuple

Work = Callable[[], object]


class Measured(NamedTuple):
    """Seconds of one call of each (medians), and the median of the ratios round by round."""

    ours: float
    theirs: float
    ratio: float


def compare(
    ours: Work, theirs: Work, *, calls: int, their_calls: int = 0, rounds: int = 15
) -> Measured:
    """Time `calls` calls of ours, then of theirs, round by round, after one round unmeasured.

    `their_calls` is how often theirs is called in a round, where that is not as often.
    """
    their_calls = their_calls or calls
    taken = []
    for number in range(rounds + 1):
        pair = (_seconds(ours, calls) / calls, _seconds(theirs, their_calls) / their_calls)
        if number:
            taken.append(pair)
    mine, others = zip(*taken, strict=True)
    return Measured(median(mine), median(others), median(one / other for one, other in taken))


def _seconds(work: Work, calls: int) -> float:
    gc.collect()
    turns = range(calls)
    start = perf_counter()
    for _ in turns:
        work()
    return perf_counter() - start
