"""A process that forks and a file that is replaced lose nothing that was acknowledged."""

import asyncio
import os
import sqlite3

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import PendingRollbackError
from sqlalchemy.orm import Session

from caseflow import InvalidCall, StoreError
from caseflow.storage import AsyncSQLStorage, MemoryStorage, SQLStorage, begin_immediate
from tests.hostile.desk import Letter, open_desk


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'cases.db'}"


@pytest.fixture
def store(url):
    store = SQLStorage(url)
    yield store
    store.close()


def in_child(work):
    """Run something in a forked child; a pipe lets the parent say when it goes on."""
    reading, writing = os.pipe()
    ready_reading, ready_writing = os.pipe()
    child = os.fork()
    if child == 0:
        failed = 1
        try:
            work(lambda: (os.write(ready_writing, b"."), os.read(reading, 1)))
            failed = 0
        finally:
            os._exit(failed)
    os.close(ready_writing)  # the child's alone now: where it fails, reading ends
    os.read(ready_reading, 1)

    def finish():
        os.write(writing, b".")
        _, status = os.waitpid(child, 0)
        for end in (reading, writing, ready_reading):
            os.close(end)
        return os.waitstatus_to_exitcode(status)

    return finish


def forks(test):
    """A test that forks, where that can be done; other tests may have left threads behind."""
    test = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")(test)
    return pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")(test)


@forks
@pytest.mark.parametrize("child_opens", ["the same store", "a store of its own"])
def test_what_a_child_wrote_outlives_its_parents_connection(url, store, child_opens):
    book = open_desk(store)
    case_id = book.open(client="p", by="ana").case.id

    def write_before_and_after_the_parent_closed(parent_closes):
        mine = store if child_opens == "the same store" else SQLStorage(url)
        book = open_desk(mine)
        book.record(case_id, Letter(text="before"), by="child")
        parent_closes()
        book.record(case_id, Letter(text="after"), by="child")
        book.record(case_id, Letter(text="last"), by="child")

    finish = in_child(write_before_and_after_the_parent_closed)
    store._engine.dispose()  # as the end of the parent would
    assert finish() == 0
    assert [entry.number for entry in book.history(case_id)] == [1, 2, 3, 4]


@forks
def test_parent_and_children_may_go_on_with_one_book(store):
    book = open_desk(store)
    case_id = book.open(client="p", by="ana").case.id
    children = [in_child(lambda ready, k=k: (ready(), write(book, case_id, k))) for k in range(2)]
    write(book, case_id, "parent")
    assert [finish() for finish in children] == [0, 0]
    history = book.history(case_id)
    assert [entry.number for entry in history] == list(range(1, 17))
    assert len({entry.event.text for entry in history[1:]}) == 15


@forks
def test_a_child_awaits_on_a_connection_of_its_own(postgres_url):
    """With one of both, each would end the transactions of the other."""
    store = AsyncSQLStorage(postgres_url)

    async def session():
        await store.agencies()
        async with store.engine.connect() as connection:
            return (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar()

    parents = asyncio.run(session())

    def another(parent_goes_on):
        parent_goes_on()
        assert asyncio.run(session()) != parents

    assert in_child(another)() == 0
    assert asyncio.run(session()) == parents
    asyncio.run(store.close())


@forks
def test_a_child_is_told_of_connections_that_only_its_application_used(url):
    engine = create_engine(url)
    book = open_desk(SQLStorage(url))
    case_id = book.open(client="p", by="ana").case.id
    engine.connect().close()

    def join(parent_goes_on):
        parent_goes_on()
        with engine.connect() as connection, pytest.raises(StoreError, match=r"its parent\. Call"):
            book.within(connection).record(case_id, Letter(text="shared"), by="child")
        with pytest.raises(StoreError, match=r"its parent\. Call"):
            open_desk(SQLStorage(engine)).history(case_id)
        engine.dispose(close=False)
        with engine.begin() as connection:
            book.within(connection).record(case_id, Letter(text="own"), by="child")

    assert in_child(join)() == 0
    assert [entry.number for entry in book.history(case_id)] == [1, 2]
    engine.dispose()


@forks
def test_a_child_does_not_work_on_the_connections_of_its_parents_engine(url):
    engine = create_engine(url)
    book = open_desk(SQLStorage(engine))
    case_id = book.open(client="p", by="ana").case.id

    def write_when_told(parent_goes_on):
        parent_goes_on()
        with pytest.raises(StoreError, match=r"parent\. Call engine\.dispose\(close=False\) in it"):
            book.record(case_id, Letter(text="shared"), by="child")
        with engine.connect() as connection, pytest.raises(StoreError, match=r"its parent\. Call"):
            book.within(connection).record(case_id, Letter(text="joined"), by="child")
        engine.dispose(close=False)
        book.record(case_id, Letter(text="own"), by="child")
        book.record(case_id, Letter(text="own again"), by="child")

    assert in_child(write_when_told)() == 0
    texts = [entry.event.text for entry in book.history(case_id)[1:]]
    engine.dispose()
    assert texts == ["own", "own again"]


def write(book, case_id, name):
    for count in range(5):
        book.record(case_id, Letter(text=f"{name}-{count}"), by="x", command_id=f"{name}-{count}")


ENGINES = pytest.mark.parametrize("engine_of", [str, create_engine])  # the store's own, or ours


@ENGINES
def test_a_backup_put_in_the_place_of_the_file_is_what_is_written_to(tmp_path, url, engine_of):
    store = SQLStorage(engine_of(url))
    book = open_desk(store)
    case_id = book.open(client="p", by="ana").case.id
    backup = sqlite3.connect(tmp_path / "backup.db")
    running = sqlite3.connect(tmp_path / "cases.db")
    running.backup(backup)
    running.close()
    backup.close()
    book.record(case_id, Letter(text="after the backup"), by="ana")

    for old in tmp_path.glob("cases.db*"):
        old.unlink()
    (tmp_path / "backup.db").rename(tmp_path / "cases.db")

    book.record(case_id, Letter(text="to the backup"), by="ana")
    again = SQLStorage(url)
    texts = [entry.event.text for entry in open_desk(again).history(case_id)[1:]]
    again.close()
    store.engine.dispose()
    assert texts == ["to the backup"]


@ENGINES
def test_nothing_is_acknowledged_into_a_file_that_was_deleted(tmp_path, url, engine_of):
    store = SQLStorage(engine_of(url))
    book = open_desk(store)
    case_id = book.open(client="p", by="ana").case.id
    for old in tmp_path.glob("cases.db*"):
        old.unlink()
    with pytest.raises(StoreError, match="no such table"):
        book.record(case_id, Letter(), by="ana")
    store.engine.dispose()


@pytest.mark.parametrize("begins", [begin_immediate, lambda engine: engine])
def test_nor_by_a_book_that_joined_a_transaction(tmp_path, url, store, begins):
    engine = begins(create_engine(url))
    book = open_desk(store)
    case_id = book.open(client="p", by="ana").case.id
    with Session(engine) as session:
        joined = book.within(session)
        joined.record(case_id, Letter(), by="ana")
        (tmp_path / "cases.db").rename(tmp_path / "moved.db")
        with pytest.raises(StoreError) as gone:
            joined.record(case_id, Letter(), by="ana")
        with pytest.raises(PendingRollbackError):
            session.commit()
    assert str(gone.value).endswith(
        "the file of the database was deleted, or another put in its place. All that was written "
        "in this transaction is gone, what you wrote too: roll it back, and do all of it again."
    )
    engine.dispose()


@pytest.mark.parametrize(
    "name",
    [
        "sqlite:///file::memory:?cache=shared&uri=true",
        "sqlite:///file:cases?mode=memory&uri=true",
        "sqlite+aiosqlite:///cases.db",
        "sqlite+nothing:///cases.db",
        "sqlite:///a\0b.db",
        None,
        5,
    ],
)
def test_a_url_that_names_no_file_to_keep_cases_in(name):
    with pytest.raises(InvalidCall, match="names no SQLite file"):
        SQLStorage(name)


@pytest.mark.parametrize("seconds", ["soon", None, -1, float("nan"), True])
def test_a_time_to_wait_that_is_none(url, seconds):
    with pytest.raises(InvalidCall, match="is no number of seconds"):
        SQLStorage(url, timeout=seconds)


@pytest.mark.parametrize("store", [None, MemoryStorage, object()])
def test_a_book_on_what_is_no_store(store):
    with pytest.raises(InvalidCall, match="store"):
        open_desk(store)
