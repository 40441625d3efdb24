"""Every question that is asked of many cases is answered by an index: the plans are read.

On tables with thousands of cases, each statement is explained by the database itself. None may
walk through a whole table or index.
"""

import pytest
from sqlalchemy import inspect

from caseflow.storage import History, Listing, Place, Query, SQLStorage, StoredEvent
from caseflow.storage.sql import feed, fitting, lists
from caseflow.storage.sql import statements as sql
from tests.support.raw import connection_to

CASES = 4_000
MOMENT = "2026-03-02T09:00:00.000000+00:00"
AFTER = Place("", CASES // 2)
DUE = "2026-03-02T09:00:00.000000+00:00"


def due_at(number):
    return f"2026-03-{1 + number % 28:02}T{number % 24:02}:00:00.000000+00:00"


def history(agency, number):
    """A case of one event, listed as if it stood anywhere."""
    case_id = f"C-{number}"
    text = ["ana", "[]", *[None] * 6, "[]", None, None, "desk", "1", f"P-{number}", "{}", ""]
    event = StoredEvent(agency, case_id, 1, "case-opened", 1, MOMENT, MOMENT, *text, f"h{number}")
    listing = Listing(
        client=f"P-{number}",
        workflow="desk" if number % 3 else "loan",
        workflow_version=str(number % 20),
        position=f"stage-{number % 50}",
        stage=f"stage-{number % 50}",
        ended=number % 2 == 0,
        due_at=due_at(number) if number % 5 == 0 else None,
        keys=(("lead", f"worker-{number % 200}"),),
    )
    return History(case_id, [event], listing, (f"P-{number}", f"M-{number}"))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store(request, tmp_path_factory):
    if request.param == "postgres":
        with request.getfixturevalue("postgres_server").database() as url:
            yield from filled(url)
    else:
        yield from filled(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'cases.db'}")


def filled(url):
    store = SQLStorage(url)
    for agency in ("north", "south"):
        store.restore(agency, (history(agency, number) for number in range(CASES)))
    store.feed("north", limit=1)
    with connection_to(store) as connection:
        connection.execute("ANALYZE")
    yield store
    store.close()


def plan_of(store, statement, values):
    """How the database carries a statement out, line by line."""
    with connection_to(store) as connection:
        if store.engine.dialect.name == "sqlite":
            rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
            return [row[3] for row in rows]
        rows = connection.execute(f"EXPLAIN {statement}", values).fetchall()
        return [row[0] for row in rows]


def walks(plan):
    """The lines of a plan that walk through everything."""
    signs = ("SCAN ", "Seq Scan")
    return [line for line in plan if any(sign in line for sign in signs) and "CONSTANT" not in line]


def plan_of_query(store, query, after=None):
    statement = lists.selecting(store.tables, "north", query, after, 100)
    compiled = statement.compile(
        dialect=store.engine.dialect, compile_kwargs={"render_postcompile": True}
    )
    names = compiled.positiontup
    values = compiled.params if names is None else [compiled.params[name] for name in names]
    return plan_of(store, str(compiled), values)


QUERIES = {
    "all": (Query(), AFTER, "by_opening"),
    "workflow": (Query(workflow="desk"), AFTER, "by_"),
    "stage": (Query(workflow="desk", stage="stage-7"), AFTER, "by_stage"),
    "version": (Query(workflow="desk", workflow_version="7"), AFTER, "by_version"),
    "client": (Query(workflow="desk", client="P-7"), AFTER, "by_client"),
    "subject": (Query(workflow="desk", subject="M-7"), AFTER, "subjects"),
    "case": (Query(case_id="C-7"), AFTER, "cases"),
    "case and subject": (Query(case_id="C-7", subject="M-7"), AFTER, "subjects"),
    "lead": (Query(workflow="desk", key=("lead", "worker-7")), AFTER, "keys"),
    "due": (Query(workflow="desk", due_by="2026-03-03"), Place(due_at(28), 28), "by_due"),
    "ended": (Query(workflow="desk", stage="stage-7", ended=False), AFTER, "by_stage"),
    "lead and stage": (
        Query(workflow="desk", key=("lead", "worker-7"), stage="stage-7"),
        AFTER,
        "keys",
    ),
}
"""What is asked, where the next page begins, and the index that should answer."""


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("page", ["first", "next"])
def test_cases_are_found_by_an_index(store, name, page):
    query, after, index = QUERIES[name]
    plan = plan_of_query(store, query, after if page == "next" else None)
    assert is_answered_by(index, plan), "\n".join(plan)


def is_answered_by(index, plan):
    """Whether a plan walks through nothing, and asks this index."""
    return not walks(plan) and any(
        f"caseflow_{index}" in line or f"cases_{index}" in line for line in plan
    )


STATEMENTS = {
    sql.HEAD: ("north", "C-7"),
    f"{sql.READ} ORDER BY number": ("north", "C-7"),
    f"{sql.READ} AND number > ? ORDER BY number": ("north", "C-7", 3),
    f"{sql.READ} AND type IN (?, ?) ORDER BY number": ("north", "C-7", "corrected", "voided"),
    sql.COMMAND: ("north", "c-7"),
    sql.SNAPSHOT: ("north", "C-7"),
    sql.COUNT: ("north", "lead", "worker-7", "C-7", "north", "lead", "worker-7"),
    sql.KEYS_OF: ("north", "C-7"),
    sql.LAST_POSITION: ("north",),
    sql.CHECKPOINT: ("north", "mail"),
    sql.WRITTEN: ("north", "C-7", 1),
}
SMALL = ("caseflow_tokens", "caseflow_snapshots", "caseflow_commands", "caseflow_consumers")
"""Tables that are empty here, or hold a few rows: PostgreSQL then walks through them."""


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda text: text.split(" FROM")[0][-30:])
def test_what_every_decision_asks_is_answered_by_an_index(store, statement):
    plan = plan_of(store, store._prepared(statement), STATEMENTS[statement])
    found = [line for line in walks(plan) if not any(table in line for table in SMALL)]
    assert not found, "\n".join(plan)


def test_what_the_feed_lacks_is_looked_for_in_one_pass(tmp_path):
    """SQLite knows nothing of how many rows there are until ANALYZE, which nobody has to run."""
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    plan = plan_of(store, store._prepared(fitting.LOOSE["unfed"]), ("north",))
    assert any("SEARCH f USING AUTOMATIC COVERING INDEX" in line for line in plan), "\n".join(plan)
    store.close()


def test_a_page_of_the_feed_is_answered_by_indexes(store):
    of_postgres = store.engine.dialect.name == "postgresql"
    page = sql.between(sql.FEED_POSTGRES if of_postgres else sql.FEED, 3_000, 3_100)
    plan = plan_of(store, store._prepared(page), ("north",))
    assert not list(walks(plan)), "\n".join(plan)


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # SQLite keeps no plan
def test_no_page_of_the_feed_is_planned_for_another(store):
    """PostgreSQL would keep the plan for a short feed, and be very slow on a long one."""
    with connection_to(store) as connection:
        for after in range(20):
            assert feed.read(connection, store._prepared, "north", after, 10)
        [kept] = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
    assert kept == 0


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # SQLite opens one by one
def test_what_is_left_of_a_case_is_looked_for_case_by_case(store):
    """Joined, all events of the agency were read for each part of an import."""
    given = "north", '[{"case_id": "C-new"}]', "north"
    plan = plan_of(store, store._prepared(sql.PG_OPEN_MANY.text), given)
    looked_up = [line for line in plan if "Index Cond" in line and "case_id = " in line]
    assert looked_up, "\n".join(plan)


def indexes_of(store):
    found = inspect(store.engine)
    return {one["name"] for table in store.tables.every for one in found.get_indexes(table.name)}


def test_every_index_is_chosen_to_answer_something(store):
    """It is written to with every event, or every move of a case: none is kept for nothing."""
    asked = [plan_of_query(store, query, after) for query, after, _ in QUERIES.values()]
    asked += [plan_of(store, store._prepared(text), STATEMENTS[text]) for text in STATEMENTS]
    plans = "\n".join(line for plan in asked for line in plan)
    assert {name for name in indexes_of(store) if name not in plans} == set()


def test_an_index_for_nothing_is_caught(tmp_path):
    """Planted: the index of the events by type, that there was before schema 0003."""
    for store in filled(f"sqlite:///{tmp_path / 'cases.db'}"):
        with connection_to(store) as connection:
            columns = "agency, case_id, type, number"
            connection.execute(f"CREATE INDEX by_type ON caseflow_events ({columns})")
            connection.execute("ANALYZE")
        with pytest.raises(AssertionError, match="by_type"):
            test_every_index_is_chosen_to_answer_something(store)


def test_a_missing_index_is_caught(tmp_path):
    """Planted: the index on what is due is gone, and the due cases are looked for one by one."""
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    for store in filled(url):
        query, after, index = QUERIES["due"]
        assert is_answered_by(index, plan_of_query(store, query, after))
        with connection_to(store) as connection:
            connection.execute("DROP INDEX caseflow_cases_by_due")
        store.engine.dispose()  # an explanation is kept with its connection
        assert not is_answered_by(index, plan_of_query(store, query, after))
