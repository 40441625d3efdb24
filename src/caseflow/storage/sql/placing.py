"""Events that the feed lacks get places in it: those where they stood, as far as can be told.

A row of the feed that is gone leaves a gap, and an event without a place. In a gap an event may
stand if it comes after the one before it in its case, and before the next. Gaps are filled in
their order, each with the event that has to stand earliest; so every gap can be filled again
that one of them left. What finds none gets a new place at the end, where consumers see it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Any, NamedTuple

from caseflow.storage.sql import feed
from caseflow.storage.sql import statements as sql
from caseflow.storage.sql.fitting import GAPS, LACKING, OF_CASE, SHOWN
from caseflow.storage.sql.statements import Statements

Event = tuple[str, int]
"""Case and number."""


class Span(NamedTuple):
    """Between which positions an event has to stand."""

    after: int
    before: int
    event: Event


def put_back(
    connection: Any, prepared: Statements, agency: str, case_id: str | None = None
) -> None:
    """Give places to the events of an agency, or of one case, that the feed lacks."""
    only, given = ("", (agency,)) if case_id is None else (OF_CASE, (agency, case_id))
    if prepared.postgres:
        feed.hold(connection, prepared, agency)
    found = connection.execute(prepared(LACKING + only), given).fetchall()
    lacking = sorted((one, number) for one, number in found if type(number) is int)
    if not lacking:
        return
    shown = connection.execute(prepared(f"{SHOWN}{only})"), (agency, *given)).fetchall()
    gaps = connection.execute(prepared(GAPS), (agency,)).fetchall()
    back = filled(gaps, spans(lacking, shown))
    rows = [(agency, position, *event) for event, position in back.items()]
    if rows:
        connection.cursor().executemany(prepared(sql.INSERT_POSITION), rows)
    feed.append(connection, prepared, agency, [one for one in lacking if one not in back])


def spans(lacking: Sequence[Event], shown: Iterable[tuple[str, int, int]]) -> list[Span]:
    """Where each event may stand. `lacking` is sorted, `shown` holds the others of its case.

    An event that is neither waits for its place at the end, and so does what comes after it.
    """
    places: dict[str, dict[int, int]] = {}
    for case_id, number, position in shown:
        places.setdefault(case_id, {})[number] = position
    found = []
    missing = set(lacking)
    for case_id, last in dict(lacking).items():
        mine, after, before = places.get(case_id, {}), 0, feed.LAST
        bounds = {}
        for number in sorted({*mine, *range(1, last + 1)}, reverse=True):
            bounds[number] = before
            before = min(before, mine.get(number, before))
        for number in range(1, last + 1):
            if (case_id, number) in missing:
                found.append(Span(after, bounds[number], (case_id, number)))
            else:
                after = max(after, mine.get(number, feed.LAST))
    return sorted(found)


def filled(gaps: Iterable[tuple[int, int]], spans: Iterable[Span]) -> dict[Event, int]:
    """Places in gaps (each from a position up to another) for as many events as have one."""
    upcoming, back = deque(spans), dict[Event, int]()
    ready: list[tuple[int, Event]] = []
    for start, stop in gaps:
        place = start
        while place < stop and (ready or upcoming):
            while upcoming and upcoming[0].after < place:
                _, before, event = upcoming.popleft()
                heappush(ready, (before, event))
            while ready and ready[0][0] <= place:
                heappop(ready)
            if ready:
                back[heappop(ready)[1]] = place
                place += 1
            elif upcoming:
                place = upcoming[0].after + 1
    return back
