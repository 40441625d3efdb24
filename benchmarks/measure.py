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


class Row(NamedTuple):
    """A line of the table: what ours and theirs are, and which ratio is to be reached."""

    work: str
    against: str
    measured: Measured
    target: float | None = None
    stretch: float | None = None

    @property
    def reached(self) -> str:
        """Whether the target was reached; nothing where there is none."""
        if self.target is None:
            return "-"
        if self.stretch is not None and self.measured.ratio <= self.stretch:
            return "stretch"
        return "yes" if self.measured.ratio <= self.target else "NO"


def compare(
    ours: Work, theirs: Work, *, calls: int, their_calls: int = 0, rounds: int = 15
) -> Measured:
    """Time `calls` calls of ours, then of theirs, round by round, after one round unmeasured.

    `their_calls` is how often theirs is called in a round, where that is not as often.
    """
    their_calls = their_calls or calls
    return ratios(lambda: _seconds(ours, calls), lambda: _seconds(theirs, their_calls), rounds)


def ratios(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> Measured:
    """The medians of two functions that measure themselves, called in turns."""
    taken = [(ours(), theirs()) for _ in range(rounds + 1)][1:]
    mine, others = zip(*taken, strict=True)
    return Measured(median(mine), median(others), median(one / other for one, other in taken))


def _seconds(work: Work, calls: int) -> float:
    gc.collect()
    turns = range(calls)
    start = perf_counter()
    for _ in turns:
        work()
    return (perf_counter() - start) / calls


def table(rows: list[Row]) -> str:
    """The rows as one table."""
    heads = ("work", "against", "ours", "theirs", "ratio", "target", "stretch", "reached")
    lines = [heads, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    ours, theirs, ratio = row.measured
    limits = ("-" if limit is None else f"{limit:.3g}" for limit in (row.target, row.stretch))
    return (row.work, row.against, _time(ours), _time(theirs), f"{ratio:.3g}", *limits, row.reached)


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} us"
    return f"{seconds * 1e3:.1f} ms"
