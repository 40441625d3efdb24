"""An asynchronous program: PostgreSQL awaited, and the transaction of an AsyncSession joined."""

import asyncio
import io

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from caseflow import AsyncCasebook, InvalidCall, SchemaMissing, StoreError
from caseflow.storage import AsyncSQLStorage, MemoryStorage, SQLStorage, begin_immediate
from tests.support.trades import ANA, ROLES, Clock, Paid, bring, shop, shop_book

letters = Table("letters", MetaData(), Column("id", Integer, primary_key=True))


def async_book(store):
    numbers = iter(range(1, 1000))
    return AsyncCasebook(
        shop, store, clock=Clock(), roles=ROLES, new_id=lambda: f"R-{next(numbers)}"
    )


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'cases.db'}"


def store_on(url):
    return SQLStorage(url) if url.startswith("sqlite") else AsyncSQLStorage(url)


def engine_on(url):
    """The application's own asynchronous engine."""
    if not url.startswith("sqlite"):
        return create_async_engine(url)
    engine = create_async_engine(make_url(url).set(drivername="sqlite+aiosqlite"))
    begin_immediate(engine.sync_engine)
    return engine


async def closed(store):
    answer = store.close()
    if answer is not None:
        await answer


def test_many_units_at_once(url):
    async def work():
        store = store_on(url)
        book = async_book(store)
        cases = [(await book.open(client="c", by=ANA)).case.id for _ in range(5)]
        paying = (book.record(cases[n % 5], Paid(amount=n), by=ANA) for n in range(60))
        await asyncio.gather(*paying)
        versions = [(await book.case(case_id)).version for case_id in cases]
        fed = [event.position async for event in book.feed()]
        listed = [case.id async for case in book.every(page=2)]
        await closed(store)
        return versions, fed, listed == cases

    versions, fed, listed = asyncio.run(work())
    assert versions == [13] * 5
    assert fed == list(range(1, 66))
    assert listed


def test_a_session_that_is_joined_commits_both_and_tells_afterwards(url):
    async def work():
        engine, store = engine_on(url), store_on(url)
        async with engine.begin() as connection:
            await connection.run_sync(letters.metadata.create_all)
        book, told = async_book(store), []
        case_id = (await book.open(client="c", by=ANA)).case.id

        async def tell(recorded):
            await asyncio.sleep(0)
            told.append(recorded.event.amount)

        book.subscribe(tell)
        async with AsyncSession(engine) as session:
            joined = book.within(session)
            await session.execute(insert(letters).values(id=1))
            await joined.record(case_id, Paid(amount=1), by=ANA)
            nested = await session.begin_nested()
            await joined.record(case_id, Paid(amount=2), by=ANA)
            await nested.rollback()
            assert told == []
            await session.commit()
            assert told == [1]
            await session.execute(insert(letters).values(id=2))
            await joined.record(case_id, Paid(amount=3), by=ANA)
            await session.rollback()
            seen = list((await session.execute(select(letters.c.id))).scalars())
        history = await book.history(case_id)
        await closed(store)
        await engine.dispose()
        return seen, [entry.number for entry in history], told

    assert asyncio.run(work()) == ([1], [1, 2], [1])


def test_verifying_and_files_read_what_the_transaction_wrote(url):
    async def work():
        engine, store = engine_on(url), store_on(url)
        book = async_book(store)
        case_id = (await book.open(client="c", by=ANA)).case.id
        file = io.BytesIO()
        async with AsyncSession(engine) as session:
            joined = book.within(session)
            await joined.record(case_id, Paid(amount=1), by=ANA)
            verified = await joined.verify(case_id)
            exported = await joined.export(file)
            file.seek(0)
            assert await joined.mend(case_id, file) == await joined.reindex() == 0
            await session.rollback()
        file.seek(0)
        other = async_book(MemoryStorage())
        assert await other.import_from(file) == 2
        stands = await book.case(case_id)
        await closed(store)
        await engine.dispose()
        return verified.holds, exported.events, stands.version

    assert asyncio.run(work()) == (True, 2, 1)


def test_a_connection_that_is_joined_is_told_of_by_the_application(url):
    async def work():
        engine, store = engine_on(url), store_on(url)
        book, told = async_book(store), []
        case_id = (await book.open(client="c", by=ANA)).case.id
        book.subscribe(lambda recorded: told.append(recorded.number))
        async with engine.begin() as connection:
            joined = book.within(connection)
            await joined.record(case_id, Paid(amount=1), by=ANA)
            with pytest.raises(InvalidCall, match="Commit first"):
                await joined.publish()
        await joined.publish()
        await closed(store)
        await engine.dispose()
        return told

    assert asyncio.run(work()) == [2]


def test_a_consumer_works_in_the_transaction_with_its_checkpoint(url):
    async def work():
        engine, store = engine_on(url), store_on(url)
        async with engine.begin() as connection:
            await connection.run_sync(letters.metadata.create_all)
        book = async_book(store)
        for _ in range(3):
            await book.open(client="c", by=ANA)

        async def consume(fail):
            async with AsyncSession(engine) as session, session.begin():

                async def handle(event):
                    await session.execute(insert(letters).values(id=event.position))

                await book.within(session).consume("letters", handle)
                if fail:
                    raise RuntimeError("before the commit")

        with pytest.raises(RuntimeError):
            await consume(True)
        await consume(False)
        await consume(False)
        async with AsyncSession(engine) as session:
            seen = list((await session.execute(select(letters.c.id))).scalars())
        await closed(store)
        await engine.dispose()
        return seen

    assert sorted(asyncio.run(work())) == [1, 2, 3]


def test_an_import_that_is_cancelled_imports_all_or_nothing(postgres_url):
    """It is cancelled later and later, until it was quicker.

    Later by turns of the loop, not by the clock: an import waits for the server more often than
    the first few times have turns, however quick or busy the machine is.
    """
    other, file = shop_book(MemoryStorage()), io.BytesIO()
    for number in range(60):
        bring(other, "dropped-off", client=f"c{number % 7}")
    other.export(file)

    async def work():
        store = AsyncSQLStorage(postgres_url)
        book = async_book(store)
        cancelled = 0
        while not await book.case_ids():
            file.seek(0)
            task = asyncio.create_task(book.import_from(file))
            for _ in range(cancelled * cancelled):
                await asyncio.sleep(0)
            cancelled += task.cancel()
            await asyncio.wait([task])
        assert await book.case_ids() == other.case_ids()
        assert (await book.verify_all()).holds
        await closed(store)
        return cancelled

    assert asyncio.run(work()) >= 3


def test_a_read_that_is_broken_off_lets_nothing_look_committed(postgres_url):
    """PostgreSQL rolls back at the commit, and raises nothing."""

    async def work():
        engine = engine_on(postgres_url)
        book = async_book(AsyncSQLStorage(engine))
        case_id = (await book.open(client="c", by=ANA)).case.id
        async with engine.connect() as other, AsyncSession(engine) as session:
            await other.execute(text("LOCK TABLE caseflow_events"))
            joined = book.within(session)
            await joined.find()
            reading = asyncio.create_task(joined.history(case_id))
            waiting = "SELECT 1 FROM pg_locks WHERE relation = 'caseflow_events'::regclass "
            while not (await other.execute(text(waiting + "AND NOT granted"))).all():
                assert not reading.done()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            with pytest.raises(PendingRollbackError):
                await session.commit()
        await engine.dispose()

    asyncio.run(work())


def test_what_cannot_be_joined_is_told(url):
    store = store_on(url)
    with pytest.raises(InvalidCall, match="neither an AsyncSession nor an open AsyncConnection"):
        async_book(store).within(object())
    asyncio.run(closed(store))


@pytest.mark.parametrize("given", ["sqlite:///cases.db", "sqlite+aiosqlite:///cases.db", "x", None])
def test_a_store_that_is_awaited_is_on_postgresql(given):
    with pytest.raises(InvalidCall, match=r"is not on PostgreSQL|names no SQLite file"):
        AsyncSQLStorage(given)


def test_a_store_that_is_awaited_in_another_event_loop_says_so(postgres_url):
    store = AsyncSQLStorage(postgres_url)

    async def many():
        await store.create()
        return await asyncio.gather(*[store.agencies() for _ in range(20)], return_exceptions=True)

    assert asyncio.run(many()) == [[]] * 20
    failed = [one for one in asyncio.run(many()) if one != []]
    assert {type(one) for one in failed} == {StoreError}
    assert str(failed[0]).endswith(
        "is bound to a different event loop. Make a store for each event loop, and close it there."
    )
    asyncio.run(store.close())


def test_a_store_that_is_awaited_says_which_database_it_is_and_whether_its_tables_fit(postgres_url):
    waiting = SQLStorage(postgres_url, create=False)

    async def work():
        store = AsyncSQLStorage(postgres_url, create=False)
        assert store.database == waiting.database
        with pytest.raises(SchemaMissing):
            await store.check()
        await store.create()
        await store.check()
        await store.close()

    asyncio.run(work())
    waiting.close()


def test_an_append_that_is_awaited_wakes_those_who_follow(postgres_url):
    following = SQLStorage(postgres_url, notify=True)

    async def work(notify):
        store = AsyncSQLStorage(postgres_url, notify=notify)
        await async_book(store).open(client="c", by=ANA, case_id=f"R-{notify}")
        await store.close()

    with following.listening() as heard:
        asyncio.run(work(notify=False))
        assert not heard(0.1)
        asyncio.run(work(notify=True))
        assert heard(5.0)
    following.close()
