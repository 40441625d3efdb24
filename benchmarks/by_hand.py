"""The limits: a payment, and an import, written by hand for this one purpose.

They write the rows that a casebook writes into the tables that it has, with the same hashes,
and judge the same guards, on the state as it stands in the snapshot of the case. They explain
nothing, check no types and know no other event.
"""

import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import insert as insert_into

from benchmarks.grants import AGENCY, LINES, PaidOut
from caseflow.kernel.stored import StoredEvent
from caseflow.storage import SQLStorage
from caseflow.storage.port import History

EVENT = ", ".join(StoredEvent._fields)
STATE = (
    "SELECT c.version, c.hash, s.text FROM caseflow_cases c JOIN caseflow_snapshots s"
    " ON s.agency = c.agency AND s.case_id = c.case_id WHERE c.agency = {0} AND c.case_id = {0}"
)
CLAIM = "INSERT INTO caseflow_commands VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
MOVE = (
    "UPDATE caseflow_cases SET version = {0}, hash = {0}"
    " WHERE agency = {0} AND case_id = {0} AND version = {0}"
)
FEED = (
    "INSERT INTO caseflow_feed VALUES"
    " (?, (SELECT coalesce(max(position), 0) + 1 FROM caseflow_feed WHERE agency = ?), ?, ?)"
)
KEEP = (
    "UPDATE caseflow_snapshots SET version = {0}, text = {0} WHERE agency = {0} AND case_id = {0}"
)


def keep_states(store: SQLStorage, case_ids: Iterable[str]) -> None:
    """Write the state of new cases where the limits read it."""
    fields = ("number", "purpose", "budget", "paid")
    lines = [
        {"until": line.until.isoformat(), **{name: getattr(line, name) for name in fields}}
        for line in LINES
    ]
    text = orjson.dumps({"income": 1800, "lines": lines}).decode()
    values = {"agency": AGENCY, "version": 3, "text": text}
    with store.engine.begin() as connection:
        rows = [{**values, "case_id": case_id} for case_id in case_ids]
        connection.execute(insert_into(store.tables.snapshots), rows)


def judged(
    case_id: str, paid: PaidOut, command_id: str, head: tuple[Any, ...]
) -> tuple[tuple[Any, ...], str]:
    """The row of a payment and the state after it, if both guards hold."""
    version, previous, text = head
    state = orjson.loads(text)
    line = state["lines"][paid.line - 1]
    if state["income"] is None or line["paid"] + paid.amount > line["budget"]:
        raise AssertionError("the payment is refused")
    line["paid"] += paid.amount
    payload = {"line": paid.line, "amount": paid.amount, "payee": paid.payee}
    now = datetime.now(UTC).isoformat()
    columns = (
        AGENCY,
        case_id,
        version + 1,
        "paid-out",
        1,
        now,
        now,
        "ana",
        "[]",
        None,
        None,
        None,
        None,
        "paid-out",
        None,
        "[]",
        command_id,
        sha256(orjson.dumps(["do", AGENCY, case_id, "ana", payload])).hexdigest(),
        "grants",
        "1",
        "P-1",
        orjson.dumps(payload).decode(),
        previous,
    )
    row = (*columns, sha256(orjson.dumps(columns)).hexdigest())
    return row, orjson.dumps(state).decode()


def paying_sqlite(
    connection: sqlite3.Connection, payments: Iterable[tuple[str, PaidOut, str]], *, keep: bool
) -> Callable[[], None]:
    """A payment on SQLite; `keep`: the state after it is written too."""
    due = iter(payments)
    state, move, kept = (text.format("?") for text in (STATE, MOVE, KEEP))
    insert = f"INSERT INTO caseflow_events ({EVENT}) VALUES ({', '.join('?' * 24)})"
    execute = connection.execute

    def pay() -> None:
        case_id, paid, command_id = next(due)
        head = execute(state, (AGENCY, case_id)).fetchone()
        row, text = judged(case_id, paid, command_id, head)
        number, version = row[2], head[0]
        execute("BEGIN IMMEDIATE")
        claimed = execute(CLAIM, (AGENCY, command_id, case_id, number, number))
        moved = execute(move, (number, row[-1], AGENCY, case_id, version))
        if claimed.rowcount != 1 or moved.rowcount != 1:
            raise AssertionError("somebody else wrote to a case that is ours alone")
        execute(insert, row)
        execute(FEED, (AGENCY, AGENCY, case_id, number))
        if keep:
            execute(kept, (number, text, AGENCY, case_id))
        execute("COMMIT")

    return pay


def paying_postgres(
    connection: Any, payments: Iterable[tuple[str, PaidOut, str]], *, keep: bool
) -> Callable[[], None]:
    """A payment on PostgreSQL: a SELECT, and one statement that writes."""
    due = iter(payments)
    state, move, kept = (text.format("%s") for text in (STATE, MOVE, KEEP))
    marks = ", ".join(
        "%s::bigint" if name in ("number", "type_version") else "%s::text"
        for name in StoredEvent._fields
    )
    keeping = f", kept AS ({kept} AND EXISTS (SELECT 1 FROM moved))" if keep else ""
    write = (
        f"WITH moved AS ({move} RETURNING 1),"
        f" written AS (INSERT INTO caseflow_events ({EVENT}) SELECT {marks} FROM moved),"
        " queued AS (INSERT INTO caseflow_pending (agency, case_id, first, last)"
        " SELECT %s, %s, %s::bigint, %s::bigint FROM moved),"
        " claimed AS (INSERT INTO caseflow_commands"
        " SELECT %s, %s, %s, %s::bigint, %s::bigint FROM moved)"
        f"{keeping} SELECT count(*) FROM moved"
    )
    execute = connection.execute

    def pay() -> None:
        case_id, paid, command_id = next(due)
        head = execute(state, (AGENCY, case_id)).fetchone()
        row, text = judged(case_id, paid, command_id, head)
        number, version = row[2], head[0]
        moving = (number, row[-1], AGENCY, case_id, version)
        queued = (AGENCY, case_id, number, number)
        claimed = (AGENCY, command_id, case_id, number, number)
        after = (number, text, AGENCY, case_id) if keep else ()
        (moved,) = execute(write, (*moving, *row, *queued, *claimed, *after)).fetchone()
        if moved != 1:
            raise AssertionError("somebody else wrote to a case that is ours alone")

    return pay


# -- importing -------------------------------------------------------------------------------


def tables_of(histories: Iterable[History]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that importing histories writes, by table and columns."""
    rows: dict[str, list[tuple[Any, ...]]] = {
        "cases (agency, case_id, opened, version, hash, client, workflow, workflow_version,"
        " position, stage, ended, due_at)": [],
        f"events ({EVENT})": [],
        "commands (agency, command_id, case_id, first, last)": [],
        "subjects (agency, subject, case_id)": [],
        "feed (agency, position, case_id, number)": [],
        "pending (agency, case_id, first, last)": [],
    }
    cases, events, commands, subjects, feed, pending = rows.values()
    for opened, history in enumerate(histories, start=1):
        case_id, last = history.case_id, history.events[-1]
        head = (AGENCY, case_id, opened, last.number, last.hash)
        cases.append((*head, *history.listing[:-1]))
        events += history.events
        commands += [
            (AGENCY, event.command_id, case_id, event.number, event.number)
            for event in history.events
            if event.command_id
        ]
        subjects += [(AGENCY, subject, case_id) for subject in history.subjects]
        places = enumerate(history.events, start=len(feed) + 1)
        feed += [(AGENCY, position, case_id, event.number) for position, event in places]
        pending.append((AGENCY, case_id, 1, last.number))
    return rows


def import_sqlite(connection: sqlite3.Connection, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    """All rows by `executemany`, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    for table, values in rows.items():
        if not table.startswith("pending"):
            marks = ", ".join("?" * len(values[0]))
            connection.executemany(f"INSERT INTO caseflow_{table} VALUES ({marks})", values)
    connection.execute("COMMIT")


def import_postgres(connection: Any, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    """All rows by COPY, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        for table, values in rows.items():
            if not table.startswith("feed"):
                with cursor.copy(f"COPY caseflow_{table} FROM STDIN") as copy:
                    for row in values:
                        copy.write_row(row)
