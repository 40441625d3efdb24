"""The grant as an aggregate of `eventsourcing`: the same event, the same guards.

As it comes, it replays an aggregate each time. With its cache on, it keeps those that were used
last, as a casebook keeps cases, and looks for newer events in the database before it uses one.

It does less for its time. It writes the event and its place among all events, as a casebook does;
but it hashes nothing, no command id is kept from being used twice, no list says where a case
stands, and its guards explain nothing.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from sqlalchemy.engine import make_url

from benchmarks.grants import LINES, PaidOut


class Grant(Aggregate):
    """Its lines are plain dicts, which its default transcoder writes fastest."""

    @event("Opened")
    def __init__(self, income: int, lines: list[dict[str, Any]]) -> None:
        self.income = income
        self.lines = lines

    def pay(self, paid: PaidOut, command_id: str) -> None:
        line = self.lines[paid.line - 1]
        if not self.income or line["paid"] + paid.amount > line["budget"]:
            raise AssertionError("the payment is refused")
        self._pay(line=paid.line, amount=paid.amount, payee=paid.payee, command_id=command_id)

    @event("PaidOut")
    def _pay(self, line: int, amount: int, payee: str, command_id: str) -> None:
        self.lines[line - 1]["paid"] += amount


class Grants(Application[UUID]):
    def open(self, payments: Iterable[tuple[str, PaidOut, str]] = ()) -> str:
        """A grant out of which these payments were made."""
        lines = [{**attrs.asdict(line), "until": line.until.isoformat()} for line in LINES]
        grant = Grant(income=1800, lines=lines)
        for _, paid, command_id in payments:
            grant.pay(paid, command_id)
        self.save(grant)
        return str(grant.id)

    def pay(self, case_id: str, paid: PaidOut, command_id: str) -> None:
        grant: Grant = self.repository.get(UUID(case_id))
        grant.pay(paid, command_id)
        self.save(grant)


def on_sqlite(path: Path, *, durability: str, cached: bool) -> Grants:
    """On a file, at the level of durability of the store it is measured against."""
    env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
    app = _app(env, cached)
    level = {"full": 2, "normal": 1}[durability]
    pool = app.factory.datastore.pool  # type: ignore[attr-defined]  # it has one
    connection = pool.get_connection(is_writer=True)
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA synchronous={level}")
    cursor.execute("PRAGMA synchronous")
    found = cursor.fetchone()[0]
    pool.put_connection(connection)
    if found != level:
        raise AssertionError(f"its durability is {found}, not {level}")
    return app


def on_postgres(url: str, *, cached: bool) -> Grants:
    """On a database, whose own setting says how durable a commit is."""
    given = make_url(url)
    return _app(
        {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": given.database or "",
            "POSTGRES_HOST": str(given.query["host"]),
            "POSTGRES_PORT": "5432",
            "POSTGRES_USER": given.username or "",
            "POSTGRES_PASSWORD": "none",
        },
        cached,
    )


def _app(env: dict[str, str], cached: bool) -> Grants:
    return Grants(env={**env, "AGGREGATE_CACHE_MAXSIZE": "1000"} if cached else env)


def paying(app: Grants, payments: Iterable[tuple[str, PaidOut, str]]) -> Callable[[], object]:
    """The work of one payment."""
    due = iter(payments)

    def pay() -> None:
        app.pay(*next(due))

    return pay
