"""What stores, tables, key stores and files are made of is looked at before they are made."""

import asyncio
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import async_scoped_session, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from caseflow import AsyncCasebook, FileFailed, InvalidCall, StoreError
from caseflow.storage import (
    AsyncSQLStorage,
    MemoryKeyStore,
    MemoryStorage,
    SQLiteKeyStore,
    SQLStorage,
    SubjectCipher,
    begin_immediate,
    migrate,
    tables,
)
from caseflow.storage.sql import restoring
from caseflow.testing.contract.rows import opening
from tests.hostile.desk import incompressible
from tests.support.trades import bring, shop, shop_book

OLDER = Path(__file__).parents[1] / "storage" / "schema_0001.sql"
ONE_OF_THEM = "is neither True nor False. Give one of them, or leave"
URL = "postgresql+psycopg://u:secret@h"
NO_PORT = (
    "has a port that is no number from 1 to 65,535. Give the port of the server, such as "
    "'postgresql+psycopg://user@host:5432/cases', or leave it out."
)
NO_HOST = (
    "names a host with a part that is empty, or longer than 63 letters. Give the name or the "
    "address of the server, such as 'postgresql+psycopg://user@host/cases'."
)
NO_DATABASE = (
    "names no SQLite file and no PostgreSQL database. Give a URL such as 'sqlite:///cases.db' or "
    "'postgresql+psycopg://user@host/cases'; for memory, use MemoryStorage()."
)
NO_LEVEL = (
    "is no level at which a store can keep its word. "
    'Give "full" (what is acknowledged is on the disk) or "normal".'
)
NO_TABLES = (
    "is no declaration of the tables. "
    "Give caseflow.storage.tables(metadata, schema=...), or leave declared out."
)
SECONDS = "is no number of seconds from 0 to 2,000,000. Give how long to wait for another writer, "


def said(make):
    with pytest.raises(InvalidCall) as refused:
        make()
    return str(refused.value)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'cases.db'}"


OPTIONS = {
    "durability in a list": ({"durability": []}, f"durability=[] {NO_LEVEL}"),
    "no durability": ({"durability": None}, f"durability=None {NO_LEVEL}"),
    "tables by number": ({"declared": 5}, f"declared=5 {NO_TABLES}"),
    "a schema in place of tables": ({"declared": "work"}, f"declared='work' {NO_TABLES}"),
    "create in words": ({"create": "no"}, f"create='no' {ONE_OF_THEM} create out."),
}


@pytest.mark.parametrize("mistake", OPTIONS)
def test_the_options_of_a_store(url, mistake):
    given, sentence = OPTIONS[mistake]
    assert said(lambda: SQLStorage(url, **given)) == sentence
    assert said(lambda: SQLStorage(create_engine(url), **given)) == sentence
    assert said(lambda: AsyncSQLStorage(f"{URL}/d", **given)) == sentence


def test_the_options_that_not_every_store_has(url, tmp_path):
    assert said(lambda: SQLStorage(url, notify=1)) == f"notify=1 {ONE_OF_THEM} notify out."
    assert said(lambda: SQLStorage(url, notify=True)) == (
        "notify=True is asked of a SQLite file, which can wake nobody. Leave it out: whoever "
        "follows the feed looks for news every second."
    )
    assert not (tmp_path / "cases.db").exists()
    keys = tmp_path / "keys.db"
    for wait in (None, "soon", -1, float("inf"), float("nan"), 10**10, True):
        sentence = f"={wait!r} {SECONDS}such as "
        assert said(lambda w=wait: SQLStorage(url, timeout=w)) == f"timeout{sentence}timeout=30."
        assert said(lambda w=wait: SQLiteKeyStore(keys, wait=w)) == f"wait{sentence}wait=30."
        assert not keys.exists()


URLS = {
    "a port in letters": (
        f"{URL}:abc/d",
        "SQLStorage('postgresql+psycopg://u:***@h:abc/d')",
        NO_PORT,
    ),
    "a port too high": (
        f"{URL}:99999/d",
        "SQLStorage('postgresql+psycopg://u:***@h:99999/d')",
        NO_PORT,
    ),
    "port 0": (f"{URL}:0/d", "SQLStorage('postgresql+psycopg://u:***@h:0/d')", NO_PORT),
    "a host of surrogates": (
        "postgresql://\udc80/d",
        r"SQLStorage('postgresql://\udc80/d')",
        NO_DATABASE,
    ),
    "a name of surrogates": (
        "postgresql://h/\udc80",
        r"SQLStorage('postgresql://h/\udc80')",
        NO_DATABASE,
    ),
    "a file of surrogates": (
        "sqlite:///\udc80.db",
        r"SQLStorage('sqlite:///\udc80.db')",
        NO_DATABASE,
    ),
    "a host too long": (
        f"postgresql+psycopg://u:secret@{'h' * 64}/d",
        "SQLStorage('postgresql+psycopg://u:***@hhhhhhhhhhhhhhhhhhhhhhhhhhhh...')",
        NO_HOST,
    ),
    "a password too long to be shown": (
        f"postgresql+psycopg://u:{'secret' * 9}@h:0/d",
        "SQLStorage('postgresql+psycopg://u:***@h:0/d')",
        NO_PORT,
    ),
    "a host with an empty part": (
        "postgresql://a..b/d",
        "SQLStorage('postgresql://a..b/d')",
        NO_HOST,
    ),
    "the second of two hosts": (
        "postgresql:///d?host=a&host=b..",
        "SQLStorage('postgresql:///d?host=a&host=b..')",
        NO_HOST,
    ),
    "a path": (Path("cases.db"), f"SQLStorage({Path('cases.db')!r})", NO_DATABASE),
    "a wait in the URL": (
        "sqlite:///cases.db?timeout=soon",
        "The URL 'sqlite:///cases.db?timeout=soon'",
        "has a part that its driver cannot read: could not convert string to float: 'soon'. "
        "Correct it, or leave that part out.",
    ),
    "a host of SQLite": (
        "sqlite://host/cases.db",
        "The URL 'sqlite://host/cases.db'",
        "has a part that its driver cannot read: Invalid SQLite URL: sqlite://host/cases.db. "
        "Correct it, or leave that part out.",
    ),
}


@pytest.mark.parametrize("mistake", URLS)
def test_a_url_that_cannot_be_opened(mistake):
    given, what, problem = URLS[mistake]
    assert said(lambda: SQLStorage(given)) == f"{what} {problem}"
    what = what.replace("SQLStorage", "migrate")
    assert said(lambda: migrate(given)) == f"{what} {problem}"


def test_an_option_of_a_url_that_postgresql_does_not_know():
    with pytest.raises(StoreError) as failed:
        SQLStorage("postgresql://u@127.0.0.1:1/d?colour=red")
    assert str(failed.value).endswith(
        'invalid connection option "colour". Correct that part of the URL, or leave it out.'
    )


UNREACHED = {
    "host": (
        {"host": "no-such.invalid", "query": {}},
        "See that the name of the host in the URL is right, and that this machine can look it up.",
    ),
    "server": (
        {"host": "127.0.0.1", "port": 1, "query": {}},
        "See that the server runs and can be reached, and try again.",
    ),
    "user": (
        {"username": "full"},
        "See that the user and the password in the URL are right.",
    ),
    "database": (
        {"database": "locked"},
        "Create the database, or correct its name in the URL.",
    ),
}


@pytest.mark.parametrize("missing", UNREACHED)
def test_what_is_missing_of_a_postgresql_is_told_by_its_cause(postgres_url, missing):
    parts, repair = UNREACHED[missing]
    url = make_url(postgres_url).set(**parts)

    async def awaited():
        await AsyncCasebook(shop, AsyncSQLStorage(url)).case("R-1")

    for ask in (lambda: SQLStorage(url), lambda: asyncio.run(awaited())):
        with pytest.raises(StoreError) as failed:
            ask()
        assert str(failed.value).endswith(f". {repair}")


def test_an_engine_goes_into_the_store_that_can_use_it():
    waiting, awaiting = create_engine(f"{URL}/d"), create_async_engine(f"{URL}/d")
    assert said(lambda: SQLStorage(awaiting)).endswith(
        " is given an engine that has to be awaited. "
        "Give it to an AsyncSQLStorage, and that to an AsyncCasebook."
    )
    assert said(lambda: AsyncSQLStorage(waiting)) == (
        "AsyncSQLStorage(Engine(postgresql+psycopg://u:***@h/d)) is given an engine that is not "
        "awaited. Give it to a SQLStorage, and that to an AsyncCasebook, which runs it in a thread."
    )


# -- tables ----------------------------------------------------------------------------------

NO_SCHEMA = (
    "is no name that a schema can have. "
    "Give a text of 1 to 63 bytes, without NUL and lone surrogates."
)


@pytest.mark.parametrize("name", ["", 5, b"work", "a\0b", "\udc80", "x" * 64, "ü" * 32], ids=repr)
def test_a_schema_has_a_name(name):
    shown = repr(name) if len(repr(name)) <= 60 else f"'{'x' * 55}...'"
    assert said(lambda: tables(schema=name)) == f"schema={shown} {NO_SCHEMA}"


def test_tables_hang_on_a_metadata():
    assert said(lambda: tables("work")) == (
        "tables('work') is given no MetaData. "
        "Give the MetaData of your application, or leave it out."
    )


@pytest.mark.parametrize("name", ["a?b", "100%s", "{cases}", "a\"b'c", "x" * 63])
def test_a_schema_may_have_an_odd_name(postgres_url, name, monkeypatch):
    monkeypatch.setattr(restoring, "MANY", 1)
    store = SQLStorage(postgres_url, declared=tables(schema=name))
    book = shop_book(store)
    bring(book, "quoting")
    exported = io.BytesIO()
    book.export(exported)
    exported.seek(0)
    assert len(book.find(stage="intake").cases) == 0 < len(list(book.feed()))
    other = SQLStorage(postgres_url, declared=tables(schema=f"2{name[1:]}"))
    assert shop_book(other).import_from(exported) == 4
    assert shop_book(other).verify_all().findings == ()
    store.close()
    other.close()


@pytest.mark.parametrize("kind", ["older", "none", "none on PostgreSQL"])
def test_tables_that_nobody_looked_at_and_that_do_not_fit(kind, url, tmp_path, request):
    if kind == "older":
        with closing(sqlite3.connect(tmp_path / "cases.db")) as file:
            file.executescript(OLDER.read_text("utf-8"))
    elif kind == "none":
        (tmp_path / "cases.db").touch()
    else:
        url = request.getfixturevalue("postgres_url")
    store = SQLStorage(url, create=False)
    with pytest.raises(StoreError, match="migrate") as failed:
        shop_book(store).find()
    assert "backup" not in str(failed.value)
    store.close()


def test_a_file_that_is_not_there_is_told_and_not_made(url, tmp_path):
    borrowing = SQLStorage(create_engine(url), create=False)
    for store in (SQLStorage(url, create=False), borrowing):
        with pytest.raises(StoreError) as failed:
            store.check()
        assert str(failed.value) == (
            f"The store {url} failed to look at its tables: there is no file "
            f"{str(tmp_path / 'cases.db')!r}. Correct the path. To begin a new database, use "
            "SQLStorage(...), which makes it."
        )
        assert list(tmp_path.iterdir()) == []
        store.close()
    SQLStorage(url).check()


def test_a_schema_in_a_file_is_told(url):
    with pytest.raises(StoreError) as failed:
        SQLStorage(url, declared=tables(schema="work"))
    assert str(failed.value).endswith(
        "A SQLite file has no schemas: declare the tables without one."
    )


def test_a_text_that_postgresql_cannot_keep_is_told(postgres_url):
    """No casebook gives one: this is for those who call a store themselves."""
    store = SQLStorage(postgres_url)
    for call in (
        lambda: store.head("north", "R\0"),
        lambda: store.append(opening(incompressible(9_000))),
    ):
        with pytest.raises(StoreError) as failed:
            call()
        assert str(failed.value).endswith(
            "Give shorter texts, without NUL: the limits are in docs/howto-write-a-store.md."
        )
    store.close()


# -- files -----------------------------------------------------------------------------------

NO_NAME = "has a name that no file can have"
A_NAME = "Give a path as text, not empty, without NUL and lone surrogates."


class Bytes:
    def __fspath__(self):
        return b"cases.jsonl"

    def __repr__(self):
        return "Bytes()"


@pytest.mark.parametrize("name", ["", "a\0b", "\udfff", Bytes(), Path("a\0b")], ids=repr)
@pytest.mark.parametrize("verb", ["export", "attest", "import_from"])
def test_a_file_has_a_name(verb, name):
    book = shop_book(MemoryStorage())
    assert said(lambda: getattr(book, verb)(name)) == f"The file {name!r} {NO_NAME}. {A_NAME}"


@pytest.mark.parametrize("verb", ["export", "attest", "import_from"])
def test_a_file_whose_name_is_too_long(tmp_path, verb):
    with pytest.raises(FileFailed) as failed:
        getattr(shop_book(MemoryStorage()), verb)(tmp_path / ("x" * 300))
    assert failed.value.fields["cause"] == "File name too long"
    assert list(tmp_path.iterdir()) == []


def test_what_is_said_of_a_file_can_be_printed(tmp_path):
    book, path = shop_book(MemoryStorage()), tmp_path / "n\udc80"  # no UTF-8, and yet a name
    book.export(path)
    with pytest.raises(FileFailed) as failed:
        book.export(path)
    assert (
        str(failed.value).encode().startswith(bytes(tmp_path) + rb"/n\udc80 could not be written")
    )


@pytest.mark.parametrize("path", [None, 5, b"keys.db", "", "a\0b", "\udfff"], ids=repr)
def test_a_key_store_is_in_a_file(path):
    assert said(lambda: SQLiteKeyStore(path)) == (
        f"SQLiteKeyStore({path!r}) names no file. Give a path, such as SQLiteKeyStore('keys.db')."
    )


OF_A_FILE = (
    "is given no engine of SQLite. Give the Engine of the file; of an AsyncEngine, its sync_engine."
)


@pytest.mark.parametrize("kind", ["none", "awaited", "PostgreSQL"])
def test_a_write_lock_is_taken_by_engines_of_files(kind, url):
    engine = {
        "none": None,
        "awaited": create_async_engine(f"{URL}/d"),
        "PostgreSQL": create_engine(f"{URL}/d"),
    }[kind]
    sentence = said(lambda: begin_immediate(engine))
    assert sentence.startswith("begin_immediate(")
    assert sentence.endswith(f") {OF_A_FILE}")
    assert "secret" not in sentence


class Forgetful(MemoryKeyStore):
    erase = None


KEY_STORES = {
    "nothing": (
        None,
        "is given no key store: it has no 'roots', 'generation', 'find', 'make', 'erase' and "
        "'tombstones'",
    ),
    "a class": (MemoryKeyStore, "is given a class, not a key store"),
    "one that cannot erase": (Forgetful(), "is given no key store: it has no 'erase'"),
}


@pytest.mark.parametrize("mistake", KEY_STORES)
def test_a_cipher_has_a_key_store(mistake):
    given, problem = KEY_STORES[mistake]
    sentence = said(lambda: SubjectCipher(given))
    assert sentence.startswith("SubjectCipher(")
    assert sentence.endswith(f") {problem}. Give one, such as SQLiteKeyStore('keys.db').")


# -- transactions ----------------------------------------------------------------------------


@pytest.mark.parametrize("made_by", [scoped_session, sessionmaker])
def test_what_gives_sessions_is_called_first(url, made_by):
    maker = sessionmaker(create_engine(url))
    given = maker if made_by is sessionmaker else scoped_session(maker)
    store = SQLStorage(url)
    assert said(lambda: shop_book(store).within(given)) == (
        f"within({made_by.__name__}) is given neither a Session nor a Connection. "
        "Call it, and give the session: within(session())."
    )
    assert shop_book(store).within(given()).case_ids() == ()
    store.close()


def test_what_gives_sessions_that_are_awaited_is_called_first():
    book = AsyncCasebook(shop, AsyncSQLStorage(f"{URL}/d"))
    maker = async_sessionmaker(create_async_engine(f"{URL}/d"))

    async def join():
        for given in (maker, async_scoped_session(maker, asyncio.current_task)):
            assert said(lambda g=given: book.within(g)) == (
                f"within({type(given).__name__}) is given neither an AsyncSession nor an open "
                "AsyncConnection. Call it, and give the session: within(session())."
            )

    asyncio.run(join())


@pytest.mark.parametrize("transaction", [Session, Connection])
def test_a_book_joins_one_transaction(url, transaction):
    store, engine = SQLStorage(url), create_engine(url)
    book = shop_book(store)
    with Session(engine) if transaction is Session else engine.connect() as joined:
        assert said(lambda: book.within(joined).within(joined)) == (
            "A book made by within(...) has joined a transaction already. "
            "Call within(...) on the book it was made from."
        )
    store.close()
