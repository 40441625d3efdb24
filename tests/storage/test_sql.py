"""The store on a SQLite file: what it says when the file cannot be used, and how it writes."""

import gc
import sqlite3
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import MetaData, create_engine

from caseflow import GaveWay, InvalidCall, StoreError
from caseflow.storage import Listing, Query, SQLStorage, tables
from caseflow.testing.contract.rows import row, unit
from tests.support.raw import connection_to
from tests.support.trades import ANA, Paid, bring, shop_book


@pytest.mark.parametrize("url", ["", "cases.db", "sqlite://", "sqlite:///:memory:", "mysql://h/db"])
def test_a_url_that_names_no_file_is_told(url):
    with pytest.raises(InvalidCall) as refused:
        SQLStorage(url)
    assert str(refused.value) == (
        f"SQLStorage({url!r}) names no SQLite file and no PostgreSQL database. "
        "Give a URL such as 'sqlite:///cases.db' or 'postgresql+psycopg://user@host/cases'; "
        "for memory, use MemoryStorage()."
    )


def test_a_folder_that_there_is_not(tmp_path):
    with pytest.raises(StoreError) as failed:
        SQLStorage(f"sqlite:///{tmp_path / 'nowhere' / 'cases.db'}")
    assert failed.value.fields["action"] == "open its tables"
    assert failed.value.fields["cause"] == "unable to open database file"
    assert str(failed.value).endswith(
        "See that the folder exists and that the file can be written."
    )


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear customer, " * 100, encoding="utf-8")
    with pytest.raises(StoreError) as failed:
        SQLStorage(f"sqlite:///{path}")
    assert failed.value.fields["cause"] == "file is not a database"
    assert str(failed.value).endswith(
        "See that it is a caseflow database, and restore a backup if it is damaged."
    )
    assert path.read_text(encoding="utf-8").startswith("Dear customer")


def test_a_file_that_can_only_be_read_is_read_and_not_written(tmp_path):
    path = tmp_path / "cases.db"
    store = SQLStorage(f"sqlite:///{path}")
    case_id = bring(shop_book(store), "dropped-off")
    store.close()
    store = SQLStorage(f"sqlite:///file:{path}?mode=ro&uri=true")
    book = shop_book(store)
    assert book.case(case_id).version == 1
    with pytest.raises(StoreError) as failed:
        book.record(case_id, Paid(amount=1), by=ANA)
    assert failed.value.fields["cause"] == "attempt to write a readonly database"
    assert str(failed.value).endswith(
        "See that the folder exists and that the file can be written."
    )
    assert book.case(case_id).version == 1
    store.close()


def test_a_file_that_another_program_holds(tmp_path):
    path = tmp_path / "cases.db"
    store = SQLStorage(f"sqlite:///{path}", timeout=0.05)
    store.append(unit(0))
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(GaveWay) as failed:
        store.append(unit(1))
    assert str(failed.value) == (
        f"The store SQLStorage('sqlite:///{path}') failed to append to a history: "
        "database is locked. "
        "Another program, or a transaction of your own, holds the file: try again, give a longer "
        "timeout, or inside the transaction use the book of within(...)."
    )
    assert len(store.read("north", "R-1")) == 1  # who only reads is not held up
    other.rollback()
    other.close()
    assert store.append(unit(1)).value == "done"
    store.close()


def test_a_failed_write_leaves_nothing_and_the_store_usable(tmp_path):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    store.append(unit(0))
    row = unit(1, command_id="c1", snapshot="{}").events[0]
    twice = unit(1, row, row, command_id="c1", snapshot="{}")
    with pytest.raises(StoreError, match="UNIQUE constraint failed"):
        store.append(twice)
    assert store.head("north", "R-1").version == 1
    assert store.snapshot("north", "R-1") is None
    assert len(store.read("north", "R-1")) == 1
    assert store.command("north", "c1") == ()
    assert store.append(unit(1, command_id="c1")).value == "done"
    store.close()


def test_what_is_acknowledged_is_on_the_disk(tmp_path):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    with connection_to(store) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # 2: FULL
    store.close()


def made_by_the_application(path):
    """An engine on a file whose tables SQLAlchemy made, not the store; and what declares them."""
    metadata = MetaData()
    declared = tables(metadata)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})
    metadata.create_all(engine)
    return engine, {"declared": declared, "create": False}


def mode(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


@pytest.mark.parametrize("first", [SQLStorage.check, SQLStorage.agencies])
def test_a_file_whose_tables_the_application_made_is_written_ahead_from_its_first_use(
    tmp_path, first
):
    path = tmp_path / "cases.db"
    engine, given = made_by_the_application(path)
    assert mode(path) == "delete"
    first(SQLStorage(engine, **given))
    assert mode(path) == "wal"
    engine.dispose()


def test_nobody_is_waited_for_who_may_be_the_same_program(tmp_path):
    path = tmp_path / "cases.db"
    engine, given = made_by_the_application(path)
    store = SQLStorage(engine, **given)
    with closing(sqlite3.connect(path)) as reader:  # a report that is half read
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM caseflow_cases").fetchall()
        assert store.agencies() == []
        assert mode(path) == "delete"
    assert store.agencies() == []
    assert mode(path) == "wal"
    with connection_to(store) as connection:  # what the application said how long to wait
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (60_000,)
    engine.dispose()


def test_a_file_that_can_only_be_read_stays_as_it_is(tmp_path):
    path = tmp_path / "cases.db"
    _, given = made_by_the_application(path)
    store = SQLStorage(f"sqlite:///file:{path}?mode=ro&uri=true", **given)
    assert store.agencies() == []
    assert mode(path) == "delete"
    store.close()


def test_a_second_store_on_the_file_reads_what_the_first_wrote(tmp_path):
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    first, second = SQLStorage(url), SQLStorage(url)
    case_id = bring(shop_book(first), "quoting")
    assert shop_book(second).case(case_id) == shop_book(first).case(case_id)
    assert repr(first) == f"SQLStorage({url!r})"
    first.close()
    second.close()


def test_threads_share_its_connections_whatever_the_url_says(tmp_path):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}?check_same_thread=true")
    with ThreadPoolExecutor(1) as another:
        assert another.submit(store.agencies).result() == []
    store.close()


def test_a_closed_store_says_so_when_it_is_used(tmp_path):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    store.append(unit(0))
    store.close()
    with pytest.raises(StoreError, match="failed to read a history: it was closed"):
        store.read("north", "R-1")
    again = SQLStorage(store.url)
    assert len(again.read("north", "R-1")) == 1
    again.close()
    again.close()


def test_a_store_that_nobody_closed_leaves_no_connection_open(tmp_path):
    """Python 3.13 warns of each such connection."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
        assert store.head("agency", "c1") is None
        engine = store._engine
        del store
        gc.collect()
        assert engine.pool.checkedin() == 0


TEXTS = st.sampled_from(["a", "b", "c"])
LISTINGS = st.builds(
    Listing,
    **dict.fromkeys(("client", "workflow", "workflow_version", "position", "stage"), TEXTS),
    ended=st.booleans(),
    due_at=st.none() | TEXTS,
    keys=st.just(()),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A store for many short lists."""
    store = SQLStorage(
        f"sqlite:///{tmp_path_factory.mktemp('lists') / 'cases.db'}", durability="normal"
    )
    yield store
    store.close()


@given(st.lists(st.tuples(LISTINGS, st.booleans()), min_size=2, max_size=5))
def test_a_case_is_listed_as_its_last_unit_says_whatever_it_was_listed_as(shared, said):
    """Only what differs from the listing before is written, where that is known."""
    agency, before = str(uuid4()), None
    for version, (listing, known) in enumerate(said):
        event = row(version + 1, agency=agency)
        shared.append(unit(version, event, listing=listing, listed=before if known else None))
        for query in (Query(), Query(client=listing.client, stage=listing.stage)):
            (found,) = shared.find(agency, query)
            assert (found.version, found.listing) == (version + 1, listing)
        before = listing
