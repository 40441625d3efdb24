"""A disk that is full, and a database that can only be read: told, and nothing half written."""

import resource
import signal
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError

from caseflow import StoreError
from caseflow.storage import SQLStorage
from tests.chaos.crew import a_crew
from tests.chaos.databases import check, prepare, with_tables
from tests.chaos.invariants import Done
from tests.chaos.trade import Job, desk_book, do, unit_of

FREE = "Free space"
OPENED = Job("opened", "case", "open")


def until_it_fails(store, done, *, size=60, most=2_000):
    """Write one unit after another until there is no room; the error, and the job that failed."""
    book = desk_book(store)
    for number in range(most):
        job = Job(f"unit {number}", "case", "notes", size)
        try:
            done.append(Done(job, unit_of(do(book, job))))
        except StoreError as failed:
            return failed, job
    raise AssertionError("there was room for everything")


def test_a_file_that_may_not_grow_is_full(tmp_path):
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    SQLStorage(url).close()
    done = prepare(url, OPENED)
    store = SQLStorage(url)
    pages = 100

    def limit(connection, _):
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(store.engine, "connect", limit)
    store.engine.dispose()
    failed, job = until_it_fails(store, done)
    assert failed.fields["cause"] == "database or disk is full"
    assert FREE in str(failed)
    assert store.command("agency", job.command_id) == ()
    check(url, done)
    pages = 10_000  # there is room again: the same command is simply repeated
    store.engine.dispose()
    done.append(Done(job, unit_of(do(desk_book(store), job))))
    store.close()
    check(url, done)


def write_until_full(pipe, url, limit):
    """Write until no file of this process may grow any more, as with a quota that is used up."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    store, done = SQLStorage(url, create=False), []
    failed, job = until_it_fails(store, done)
    for one in done:
        pipe.send(("done", *one, {}))
    pipe.send(("full", failed.fields["cause"], str(failed), job))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    pipe.send(("done", job, unit_of(do(desk_book(store), job)), {}))
    store.close()


def test_a_disk_that_is_full_is_told_and_room_again_is_enough(tmp_path, tell):
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    SQLStorage(url).close()
    done = prepare(url, OPENED)
    with a_crew() as crew:
        worker = crew.hire(write_until_full, url, 400_000)
        worker.ended(0)
    ((_, cause, words, _),) = [message for message in worker.said if message[0] == "full"]
    assert cause in ("disk I/O error", "database or disk is full")
    assert FREE in words or "See that the disk works and has room" in words
    check(url, [*done, *crew.done])
    tell(units=len(crew.done), cause=cause)


@contextmanager
def files_limited_to(size):
    """A limit on files, for the processes that are started meanwhile."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


FILL = """
INSERT INTO caseflow_events
SELECT 'filler', 'c', n, 't', 1, '', '', '', '[]', NULL, NULL, NULL, NULL, NULL, NULL, '[]', NULL,
  NULL, '', '', '', repeat(md5(n::text), 60), '', ''
FROM generate_series(cast(:first AS int), cast(:last AS int)) AS n
"""


def fill(url):
    """Let the table of events grow as far as it may."""
    engine = create_engine(url)
    for batch in range(1_000):
        try:
            with engine.begin() as connection:
                given = {"first": batch * 300, "last": batch * 300 + 299}
                connection.execute(text(FILL), given)
        except DBAPIError as failed:
            if "could not extend file" not in str(failed):
                raise
            engine.dispose()
            return
    raise AssertionError("there was room for everything")


def test_a_server_whose_disk_is_full_says_so(own_postgres, tell):
    """No file of the server may grow over a limit, which PostgreSQL takes as a full disk."""
    with own_postgres.database() as url:
        done = prepare(with_tables(url), OPENED)
        with files_limited_to(18 * 2**20):  # its log consists of files of 16 MiB
            own_postgres.restart()
        fill(url)
        store = SQLStorage(url)
        failed, job = until_it_fails(store, done)
        store.close()
        assert "could not extend file" in failed.fields["cause"]
        assert FREE in str(failed)
        check(url, done)
        own_postgres.restart()
        done += prepare(url, job)
        check(url, done)
        tell(units=len(done), cause=failed.fields["cause"].rpartition(": ")[2])


def test_a_file_that_can_only_be_read(tmp_path):
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    SQLStorage(url).close()
    done = prepare(url, OPENED)
    store = SQLStorage(f"sqlite:///file:{tmp_path / 'cases.db'}?mode=ro&uri=true")
    refused_to_write(store, "attempt to write a readonly database", "the file can be written")
    check(url, done)


def test_a_database_that_can_only_be_read(postgres):
    done = prepare(postgres, OPENED, Job("one", "case", "notes", 2))
    store = SQLStorage(postgres)
    assert len(store.feed("agency")) == 3
    with store.engine.begin() as connection:
        name = store.engine.url.database
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    store.engine.dispose()
    refused_to_write(store, "in a read-only transaction", "make the database writable")
    check(postgres, done)


def refused_to_write(store, cause, repair):
    """Everything can be read, and each way to write says why it cannot."""
    book = desk_book(store)
    assert book.case("case").version == store.head("agency", "case").version
    assert len(list(book.feed())) == book.case("case").version
    for write in (
        lambda: do(book, Job("two", "case", "notes", 1)),
        lambda: do(book, Job("three", "case", "take", "ida")),
        lambda: do(book, Job("four", "another", "open")),
        lambda: book.consume("consumer", lambda event: None),
    ):
        with pytest.raises(StoreError, match=repair) as failed:
            write()
        assert cause in failed.value.fields["cause"]
    store.close()
