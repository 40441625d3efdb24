"""The list of cases: finding them by what the list says, page by page, each by an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, select, tuple_
from sqlalchemy.engine import Dialect

from caseflow.storage.port import Count, Found, Listing, Place, Query
from caseflow.storage.sql import statements as sql
from caseflow.storage.sql.statements import LISTED_COLUMNS, Scope, Statements
from caseflow.storage.sql.tables import Tables
from caseflow.storage.sql.writing import all_or_nothing, bump, listed, rekey


def selecting(
    tables: Tables, agency: str, query: Query, after: Place | None, limit: int
) -> Select[Any]:
    """The statement that finds them."""
    case = tables.cases.c
    statement = select(
        case.case_id, case.version, case.opened, *(case[name] for name in LISTED_COLUMNS)
    ).where(case.agency == agency)
    for name in ("workflow", "workflow_version", "stage", "client", "ended"):
        wanted = getattr(query, name)
        if wanted is not None:
            statement = statement.where(case[name] == wanted)
    opened = case.opened
    if query.key is not None:
        key = tables.keys.c
        opened = key.opened
        name, value = query.key
        statement = statement.join(
            tables.keys, and_(key.agency == case.agency, key.case_id == case.case_id)
        ).where(key.agency == agency, key.name == name, key.value == value)
    if query.subject is not None:
        held = tables.subjects.c
        statement = statement.join(
            tables.subjects, and_(held.agency == case.agency, held.case_id == case.case_id)
        ).where(held.agency == agency, held.subject == query.subject)
    if query.due_by is not None:
        statement = statement.where(case.due_at <= query.due_by)
        if after is not None:
            place = tuple_(after.due_at, after.opened)
            statement = statement.where(tuple_(case.due_at, case.opened) > place)
        return statement.order_by(case.due_at, case.opened).limit(limit)
    if after is not None:
        statement = statement.where(opened > after.opened)
    return statement.order_by(opened).limit(limit)


def keys_of(tables: Tables, agency: str, case_ids: Sequence[str]) -> Select[Any]:
    """The statement that finds the keys of some cases."""
    key = tables.keys.c
    return select(key.case_id, key.name, key.value).where(
        key.agency == agency, key.case_id.in_(case_ids)
    )


def rows_of(connection: Any, dialect: Dialect, statement: Select[Any]) -> Sequence[Any]:
    """What a statement finds, on a driver's connection: in whatever transaction that is."""
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    values = compiled.params
    given = values if compiled.positiontup is None else [values[n] for n in compiled.positiontup]
    rows: Sequence[Any] = connection.execute(str(compiled), given).fetchall()
    return rows


def found(rows: Sequence[Any], held: Sequence[Any], *, by_due: bool) -> Sequence[Found]:
    """The cases of a page, with the keys they are held under."""
    keys: dict[str, list[tuple[str, str]]] = {}
    for case_id, name, value in held:
        keys.setdefault(case_id, []).append((name, value))
    page = []
    for case_id, version, opened, *said in rows:
        listing = Listing._make((*said, tuple(sorted(keys.get(case_id, ())))))
        listing = listing._replace(ended=bool(listing.ended))  # SQLite has numbers for it
        place = Place((listing.due_at or "") if by_due else "", opened)
        page.append(Found(case_id, version, listing, place))
    return page


def count(
    connection: Any, prepared: Statements, agency: str, name: str, value: str, besides: str
) -> Count:
    """How many cases an index holds under a value, and its token, at one moment."""
    held = agency, name, value
    row = connection.execute(prepared(sql.COUNT), (*held, besides, *held)).fetchone()
    return Count(name, value, *row)


def tally(connection: Any, prepared: Statements, agency: str, name: str) -> Mapping[str, int]:
    """How many cases an index holds under each value."""
    return dict(connection.execute(prepared(sql.TALLY), (agency, name)).fetchall())


def relist(
    connection: Any,
    prepared: Statements,
    scope: Scope,
    agency: str,
    case_id: str,
    *,
    version: int,
    listing: Listing,
    forget: bool,
) -> bool:
    """Put a listing in the place of a case's, where it stands at this version."""
    with all_or_nothing(connection, scope):
        given = (*listed(listing), agency, case_id, version)
        if connection.execute(prepared(sql.RELIST), given).rowcount == 0:
            return False
        changed = rekey(connection, prepared, agency, case_id, listing)
        bump(connection, prepared, agency, sorted(changed))
        if forget:
            connection.execute(prepared(sql.DROP_SNAPSHOT), (agency, case_id))
    return True
