"""The list of cases: finding them by what the list says, page by page, each by an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Select, Text, and_, cast, func, select, tuple_
from sqlalchemy.engine import Dialect

from caseflow.storage.port import Count, Found, Listing, Place, Query
from caseflow.storage.sql import statements as sql
from caseflow.storage.sql.odd import a_number, place_of, readable
from caseflow.storage.sql.statements import LISTED_COLUMNS, Scope, Statements
from caseflow.storage.sql.tables import Tables
from caseflow.storage.sql.writing import all_or_nothing, bump, listed, rekey


def selecting(
    tables: Tables, agency: str, query: Query, after: Place | None, limit: int
) -> Select[Any]:
    """The statement that finds them: all that the list says of each, but for its keys."""
    case = tables.cases.c
    statement = select(
        case.case_id, case.version, case.opened, *(case[name] for name in LISTED_COLUMNS)
    ).where(case.agency == agency)
    for name in ("workflow", "workflow_version", "stage", "client", "ended", "case_id"):
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


def with_keys(
    tables: Tables, agency: str, page: Select[Any], dialect: Dialect, *, by_due: bool
) -> Select[Any]:
    """The statement that finds a page and the keys of its cases, as they are at one moment.

    Keys that are read a moment later may be those of a case that has moved on.
    """
    case, key = page.subquery("page"), tables.keys.c
    postgres = dialect.name == "postgresql"
    pair = func.json_build_array if postgres else func.json_array
    every = func.json_agg if postgres else func.json_group_array
    keys = (
        select(cast(every(pair(cast(key.name, Text), cast(key.value, Text))), Text))
        .where(key.agency == agency, key.case_id == case.c.case_id)
        .scalar_subquery()
    )
    order = (case.c.due_at, case.c.opened) if by_due else (case.c.opened,)
    return select(case, keys.label("keys")).order_by(*order)


def rows_of(connection: Any, prepared: Statements, statement: Select[Any]) -> Sequence[Any]:
    """What a statement finds, on a driver's connection: in whatever transaction that is."""
    schema = prepared.look_once()
    compiled = statement.compile(
        dialect=prepared.dialect,
        compile_kwargs={"render_postcompile": True},
        schema_translate_map=None if schema is None else {None: schema},
        render_schema_translate=schema is not None,
    )
    values = compiled.params
    given = values if compiled.positiontup is None else [values[n] for n in compiled.positiontup]
    rows: Sequence[Any] = connection.execute(str(compiled), given).fetchall()
    return rows


def found(rows: Sequence[Any], *, by_due: bool) -> Sequence[Found]:
    """The cases of a page."""
    page = []
    for case_id, version, opened, *said, keys in rows:
        held = sorted((name, value) for name, value in orjson.loads(keys or "[]"))
        listing = Listing._make((*map(readable, said), tuple(held)))
        listing = listing._replace(ended=bool(listing.ended))  # SQLite has numbers for it
        due_at, *_ = said[LISTED_COLUMNS.index("due_at") :]
        place = Place(place_of(due_at or "") if by_due else "", place_of(opened))
        page.append(Found(readable(case_id), a_number(version), listing, place))
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
