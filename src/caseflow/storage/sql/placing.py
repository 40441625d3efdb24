"""Events that the feed lacks get places in it, at the end: where every consumer comes by.

A place that was given shows its event, or nothing any more; never another one, since consumers
may have passed it. So a row that shows what is not there, or what it should not show there, is
made blank, and so is a gap; and of a case whose events are not all shown in order, what comes
after the first fault is shown anew. Consumers may see that twice, and miss nothing. Where an event
is shown twice, nobody knows which of the two rows is the genuine one: neither stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from caseflow.storage.port import History
from caseflow.storage.sql import feed
from caseflow.storage.sql.fitting import BLANK, GAP, IN_VAIN, NO_EVENT, UNFED, UNTIDY
from caseflow.storage.sql.statements import HIGHEST, Statements

_NOWHERE = (
    "DELETE FROM {feed} WHERE agency = ?"
    f" AND (position NOT BETWEEN 1 AND {HIGHEST} OR position <> CAST(position AS BIGINT))"
)
"""Where no position can be: nobody ever read there."""
_DEAD = (
    "UPDATE {feed} AS it SET case_id = '', number = 0 WHERE it.agency = ?"
    f" AND NOT ({BLANK}) AND {NO_EVENT} AND e.number = it.number)"
)
"""Rows of events that are not there: consumers may have passed them."""
_NUMBERS = (
    "SELECT CAST(number AS BIGINT) FROM {events} WHERE agency = ? AND case_id = ?"
    " AND number = CAST(number AS BIGINT)"
)
_LOST = "UPDATE {feed} SET case_id = '', number = 0 WHERE agency = ? AND case_id = ? AND number = ?"
_IN_VAIN = f"DELETE FROM {{pending}} AS it WHERE it.agency = ? AND {IN_VAIN}"
_GAPS = (
    "INSERT INTO {feed} (agency, position, case_id, number)"
    f" SELECT it.agency, it.position - 1, '', 0{GAP}"
)
_MADE_BLANK = "UPDATE {feed} SET case_id = '', number = 0 WHERE agency = ? AND position = ?"
_OF_CASE = " AND it.case_id = ?"
_FAULTY = f"(SELECT it.case_id{UNFED}{{only}} UNION SELECT it.case_id{UNTIDY})"
"""The cases of which the feed lacks events, or does not show them one after the other."""
_WHOLE = (
    "SELECT c.case_id, c.version FROM {cases} AS c WHERE c.agency = ?"
    f" AND c.case_id IN {_FAULTY} AND c.version = (SELECT count(*) FROM {{events}} AS e"
    " WHERE e.agency = c.agency AND e.case_id = c.case_id AND e.number BETWEEN 1 AND c.version)"
    " ORDER BY c.case_id"
)
"""Those that have all their events. The others are mended first."""
_SHOWN = (
    "SELECT f.case_id, f.number, f.position FROM {feed} AS f WHERE f.agency = ?"
    f" AND f.case_id IN {_FAULTY} ORDER BY f.position"
)
_WAITING = "SELECT case_id, first, last FROM {pending} WHERE agency = ?"


def numbers_lost(connection: Any, prepared: Statements, agency: str, history: History) -> list[int]:
    """Which events of a history are not there: consumers may have passed their places."""
    given = agency, history.case_id
    there = {number for (number,) in connection.execute(prepared(_NUMBERS), given).fetchall()}
    return [event.number for event in history.events if event.number not in there]


def put_back(
    connection: Any,
    prepared: Statements,
    agency: str,
    case_id: str | None = None,
    *,
    lost: Sequence[int] = (),
) -> None:
    """Show the events of an agency, or of one case, once and in order.

    The places of those that were lost are blank from now on, though they are there again.
    """
    only, of_case = ("", ()) if case_id is None else (_OF_CASE, (case_id,))
    if prepared.postgres:
        feed.hold(connection, prepared, agency)
    if lost:
        places = [(agency, case_id, number) for number in lost]
        connection.cursor().executemany(prepared(_LOST), places)
    connection.execute(prepared(_NOWHERE), (agency,))
    for statement in (_DEAD, _IN_VAIN):
        connection.execute(prepared(statement + only), (agency, *of_case))
    connection.execute(prepared(_GAPS), (agency,))
    given = (agency, agency, *of_case, agency, *of_case)
    ends = connection.execute(prepared(_WHOLE.replace("{only}", only)), given).fetchall()
    if not ends:
        return
    shown = connection.execute(prepared(_SHOWN.replace("{only}", only)), given).fetchall()
    # asked after where the cases end: a unit that is written in between is then not shown twice
    waiting = connection.execute(prepared(_WAITING), (agency,)).fetchall()
    blank, anew = in_order(dict(ends), shown)
    wait = {(one, n) for one, n in anew for of, a, z in waiting if one == of and a <= n <= z}
    made_blank = [(agency, position) for position in blank]
    if made_blank:
        connection.cursor().executemany(prepared(_MADE_BLANK), made_blank)
    feed.append(connection, prepared, agency, [one for one in anew if one not in wait])


def in_order(
    ends: dict[str, int], shown: Sequence[tuple[str, int, int]]
) -> tuple[list[int], list[tuple[str, int]]]:
    """Which positions to make blank, and which events to show anew, for each case to be in order.

    `ends` has the last event of each case, `shown` case, number and position, by position.
    """
    upcoming, blank = dict.fromkeys(ends, 1), []
    times = Counter(row[:2] for row in shown)
    for case_id, number, position in shown:
        is_next = case_id in ends and number == upcoming[case_id] <= ends[case_id]
        if is_next and times[case_id, number] == 1:
            upcoming[case_id] += 1
        elif case_id in ends:
            blank.append(position)
    anew = [(one, n) for one, end in ends.items() for n in range(upcoming[one], end + 1)]
    return blank, anew
