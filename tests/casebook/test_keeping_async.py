"""Awaiting gives what waiting gives, over a store that answers at once and one that is awaited."""

import asyncio
import io
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import AsyncCasebook, CaseHeld, DamagedFile, FileFailed, NoSuchCase, StoreError
from caseflow.casebook import store_calls
from caseflow.casebook.shared import run, run_awaiting
from caseflow.storage import MemoryStorage, Query, SQLStorage
from tests.support.exports import WHOLE, exported, played, refused
from tests.support.trades import ROLES, Clock, shop, shop_book

PLAN = [("bench", "a"), ("collected", "b")]


class Awaited:
    """A store in memory whose every call is awaited."""

    def __init__(self, store=None):
        self.inner = store or MemoryStorage()

    def __getattr__(self, name):
        inner = getattr(self.inner, name)

        async def call(*args, **kwargs):
            await asyncio.sleep(0)
            return inner(*args, **kwargs)

        return call

    async def head(self, agency, case_id, /):
        await asyncio.sleep(0)
        return self.inner.head(agency, case_id)


def the_same(store):
    return store


KINDS = {"at once": the_same, "awaited": Awaited}


def book_over(kind, store):
    return AsyncCasebook(shop, KINDS[kind](store), clock=Clock(), roles=ROLES)


@pytest.mark.parametrize("kind", KINDS)
def test_every_verb_gives_the_same(kind, tmp_path):
    book = played(PLAN)
    file = io.BytesIO()
    attestation = book.attest(file)

    async def scenario():
        awaiting = book_over(kind, book._store)
        assert await awaiting.verify("R-1") == book.verify("R-1")
        file.seek(0)
        against = await awaiting.verify_all(against=file, digest=attestation.digest)
        assert (against.holds, against.against) == (True, attestation)
        assert await awaiting.attest(tmp_path / "a.jsonl") == attestation
        assert (await awaiting.export(tmp_path / "e.jsonl")).cases == 2
        assert (tmp_path / "e.jsonl").read_bytes() == exported(book)
        packet = io.BytesIO()
        assert (await awaiting.packet("R-2", packet)) == book.packet("R-2", io.BytesIO())
        assert await awaiting.reindex() == 0

        elsewhere = MemoryStorage()
        again = book_over(kind, elsewhere)
        events = await again.import_from(tmp_path / "e.jsonl")
        assert events == sum(book.case(one).version for one in book.case_ids())
        assert await again.case("R-2") == book.case("R-2")
        with pytest.raises(CaseHeld):
            await again.import_from(tmp_path / "e.jsonl")
        with pytest.raises(NoSuchCase):
            await again.verify("R-9")

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_whole_is_not_imported(kind):
    async def scenario():
        store = MemoryStorage()
        with pytest.raises(DamagedFile) as error:
            await book_over(kind, store).import_from(io.BytesIO(WHOLE[:-9]))
        assert store.agencies() == []
        return error.value

    assert str(asyncio.run(scenario())) == str(refused(WHOLE[:-9]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_fails_is_not_there(kind, tmp_path):
    lost = StoreError(store="S", action="read a case", cause="it is away", repair="Try again.")

    class Failing(MemoryStorage):
        away = False

        def read(self, agency, case_id, /, **given):
            if self.away and case_id == "R-2":
                raise lost
            return super().read(agency, case_id, **given)

    store = Failing()
    played(PLAN, store)
    store.away = True

    async def scenario():
        with pytest.raises(StoreError) as failed:
            await book_over(kind, store).export(tmp_path / "e.jsonl")
        assert failed.value is lost

    asyncio.run(scenario())
    assert list(tmp_path.iterdir()) == []


def test_files_and_hashes_are_not_worked_on_in_the_loop():
    """Each step runs in another thread than the loop's, also where the store is awaited."""
    threads = set()

    class Watched(io.BytesIO):
        def write(self, data):
            threads.add(threading.get_ident())
            return super().write(data)

    async def scenario():
        for kind in KINDS:
            await book_over(kind, played(PLAN)._store).export(Watched())
        assert threading.get_ident() not in threads

    asyncio.run(scenario())
    assert threads


@pytest.mark.parametrize("kind", KINDS)
def test_cancelled_it_leaves_no_half_of_a_file(kind, tmp_path):
    book = played(PLAN * 20)

    async def scenario():
        task = asyncio.create_task(book_over(kind, book._store).export(tmp_path / "e.jsonl"))
        await asyncio.sleep(0.005)
        task.cancel()
        with suppress(asyncio.CancelledError):  # it may be done already
            await task
        return [path.name for path in tmp_path.iterdir()]

    there = asyncio.run(scenario())
    assert there == [path.name for path in tmp_path.iterdir()], "nothing goes on afterwards"
    assert there in ([], ["e.jsonl"])
    if there:  # it was complete when it was to stop
        assert (tmp_path / "e.jsonl").read_bytes() == exported(book)


class Cancelling:
    """Cancels the task that waits, from the thread that works, and lets the task notice."""

    def __init__(self, at):
        self.left = at
        self.loop = asyncio.get_running_loop()

    def count(self):
        self.left -= 1
        if self.left == -1:
            noticed = threading.Event()

            def cancel():
                self.task.cancel()
                self.task.cancel()  # who is impatient changes nothing
                self.loop.call_soon(self.loop.call_soon, self.loop.call_soon, noticed.set)

            self.loop.call_soon_threadsafe(cancel)
            assert noticed.wait(10)


@given(at=st.integers(0, 5))
@settings(max_examples=12)
def test_cancelled_an_import_into_a_file_leaves_nothing_or_all_and_does_not_go_on(at):
    with TemporaryDirectory() as folder:
        store = SQLStorage(f"sqlite:///{folder}/cases.db")
        restore, inside = store.restore, []

        async def scenario():
            cancelling = Cancelling(at)

            def watched(histories):
                for history in histories:
                    cancelling.count()
                    yield history

            def restoring(agency, histories, /):
                inside.append("begun")
                try:
                    return restore(agency, watched(histories))
                finally:
                    inside.append("ended")

            store.restore = restoring
            work = book_over("at once", store).import_from(io.BytesIO(WHOLE))
            cancelling.task = asyncio.create_task(work)
            with suppress(asyncio.CancelledError):
                await cancelling.task
                return "imported"
            assert inside == ["begun", "ended"]
            return "cancelled"

        cases = len(played(PLAN).case_ids())
        done = asyncio.run(scenario())
        assert done == ("cancelled" if at < cases else "imported")
        assert len(shop_book(store).case_ids()) == (0 if at < cases else cases)
        store.close()


@given(at=st.integers(0, 5))
@settings(max_examples=12)
def test_cancelled_an_export_from_a_file_stops_at_the_next_case(at):
    with TemporaryDirectory() as folder:
        store = SQLStorage(f"sqlite:///{folder}/cases.db")
        played(PLAN * 2, store)
        read, cases = store.read, len(store.find("agency", Query()))
        reads = []

        async def scenario():
            cancelling = Cancelling(at)

            def reading(*args, **given):
                reads.append(args)
                cancelling.count()
                return read(*args, **given)

            store.read = reading
            work = book_over("at once", store).export(f"{folder}/e.jsonl")
            cancelling.task = asyncio.create_task(work)
            with suppress(asyncio.CancelledError):
                await cancelling.task
                return "exported"
            return "cancelled"

        done = asyncio.run(scenario())
        store.close()
        assert done == ("cancelled" if at < cases else "exported")
        assert len(reads) == min(at + 1, cases)
        there = [path.name for path in Path(folder).iterdir() if "e.jsonl" in path.name]
        assert there == ([] if at < cases else ["e.jsonl"])


def test_cancelled_over_an_awaited_store_it_stops_at_once(tmp_path):
    class Stuck(Awaited):
        async def head(self, agency, case_id, /):
            await asyncio.Event().wait()

    async def scenario():
        book = AsyncCasebook(shop, Stuck(played(PLAN)._store), clock=Clock())
        task = asyncio.create_task(book.attest(tmp_path / "a.jsonl"))
        while not list(tmp_path.iterdir()):
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_told():
    async def scenario():
        with pytest.raises(FileFailed):
            await book_over("awaited", MemoryStorage()).export(__file__)

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", ["waiting", "at once", "awaited", "awaited aside"])
def test_what_the_store_raises_is_raised_inside_the_work_which_is_closed(kind):
    told = []

    def work():
        try:
            try:
                yield store_calls.StoreCall("snapshot", (), {})
            except TypeError as error:  # it lacks its arguments
                told.append(type(error))
            yield store_calls.StoreCall("nothing", (), {})
        finally:
            told.append("closed")

    store = Awaited() if kind.startswith("awaited") else MemoryStorage()
    ran = {
        "waiting": lambda: run(work(), store),
        "awaited aside": lambda: asyncio.run(run_awaiting(work(), store, aside=True)),
    }
    with pytest.raises(AttributeError, match="nothing"):
        ran.get(kind, lambda: asyncio.run(run_awaiting(work(), store)))()
    assert told == [TypeError, "closed"]
