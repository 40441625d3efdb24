"""What the constructor of a store was given, checked before anything is opened."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy.engine import URL, Dialect, Engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from caseflow.kernel.errors import InvalidCall, short
from caseflow.kernel.store_errors import StoreError
from caseflow.kernel.values import storable
from caseflow.storage.sql.failures import without_password
from caseflow.storage.sql.tables import Tables

T = TypeVar("T")
Durability = Literal["full", "normal"]

DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")
MOST_PORTS = 65_535


def options(*, durability: object, declared: object, **flags: object) -> None:
    """See that the options of a store are what they are to be. Raises `InvalidCall`."""
    if not isinstance(durability, str) or durability not in ("full", "normal"):
        raise InvalidCall(
            what=f"durability={short(durability)}",
            problem="is no level at which a store can keep its word",
            repair='Give "full" (what is acknowledged is on the disk) or "normal".',
        )
    if declared is not None and not isinstance(declared, Tables):
        raise InvalidCall(
            what=f"declared={short(declared)}",
            problem="is no declaration of the tables",
            repair="Give caseflow.storage.tables(metadata, schema=...), or leave declared out.",
        )
    for name, value in flags.items():
        if type(value) is not bool:
            raise InvalidCall(
                what=f"{name}={short(value)}",
                problem="is neither True nor False",
                repair=f"Give one of them, or leave {name} out.",
            )


def a_url(database: str | URL, *, shown: str = "SQLStorage") -> URL:
    """The URL, if it names a database that a store can use. Raises `InvalidCall`."""
    named = without_password(database) if isinstance(database, str) else database
    what = f"{shown}({without_password(short(named))})"
    try:
        parsed = make_url(database)
    except ArgumentError:
        parsed = None
    except ValueError:  # of all its parts, only the port is read as a number
        raise _bad_port(what) from None
    if parsed is None or parsed.drivername not in DRIVERS or not _can_be_opened(parsed):
        raise InvalidCall(
            what=what,
            problem="names no SQLite file and no PostgreSQL database",
            repair="Give a URL such as 'sqlite:///cases.db' or "
            "'postgresql+psycopg://user@host/cases'; for memory, use MemoryStorage().",
        )
    if parsed.port is not None and not 1 <= parsed.port <= MOST_PORTS:
        raise _bad_port(what)
    _hosts(parsed, what)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "postgresql":
        _psycopg_there()
    return parsed


def no_engine(database: object, *, shown: str) -> None:
    """See that it is no engine that the other store takes, and this one not."""
    problem = ""
    if isinstance(database, Engine):
        problem = "is given an engine that is not awaited"
        repair = "Give it to a SQLStorage, and that to an AsyncCasebook, which runs it in a thread."
    elif isinstance(getattr(database, "sync_engine", None), Engine):
        problem = "is given an engine that has to be awaited"
        repair = "Give it to an AsyncSQLStorage, and that to an AsyncCasebook."
    if problem:
        raise InvalidCall(what=f"{shown}({short(database)})", problem=problem, repair=repair)


def _bad_port(what: str) -> InvalidCall:
    return InvalidCall(
        what=what,
        problem=f"has a port that is no number from 1 to {MOST_PORTS:,}",
        repair="Give the port of the server, such as 'postgresql+psycopg://user@host:5432/cases', "
        "or leave it out.",
    )


def _hosts(parsed: URL, what: str) -> None:
    """See that the driver can look for the servers of a URL. Raises `InvalidCall`."""
    several = parsed.query.get("host", ())
    for host in (parsed.host or "", *([several] if isinstance(several, str) else several)):
        try:
            for name in host.split(","):
                if not name.startswith("/"):  # a folder, where the server has a socket
                    name.encode("idna")
        except UnicodeError:
            raise InvalidCall(
                what=what,
                problem="names a host with a part that is empty, or longer than 63 letters",
                repair="Give the name or the address of the server, such as "
                "'postgresql+psycopg://user@host/cases'.",
            ) from None


def _can_be_opened(parsed: URL) -> bool:
    """Whether a driver can read the parts of a URL, and it names what connections can share."""
    parts = f"{parsed.username}{parsed.password}{parsed.host}{parsed.database}"
    return storable(parts) and names_a_file(parsed)


def names_a_file(parsed: URL) -> bool:
    """Whether a URL of SQLite names a file, which several connections can share."""
    file = parsed.database or ""
    if parsed.get_backend_name() != "sqlite":
        return True
    in_memory = ":memory:" in file or parsed.query.get("mode") == "memory"
    in_memory = in_memory or "mode=memory" in str(parsed)
    return bool(file) and not in_memory


def see_its_file(engine: Engine, action: str, *, path: str = "") -> None:
    """See that the file of a SQLite engine is there: to connect would make it.

    `path` is where it was looked for from when the engine was made: an engine stays with that,
    whatever the working directory is later, but for a URI.
    """
    if engine.dialect.name != "sqlite" or not names_a_file(engine.url):
        return
    given = engine.url.database or ""
    name = given.removeprefix("file:") if given.startswith("file:") else path or given
    if Path(name).exists():
        return
    raise StoreError(
        store=engine.url.render_as_string(hide_password=True),
        action=action,
        cause=f"there is no file {str(Path(name).absolute())!r}",
        repair="Correct the path. To begin a new database, use SQLStorage(...), which makes it.",
    )


def _psycopg_there() -> None:
    try:
        import psycopg  # noqa: F401  # asked for here, to say what is missing
    except ImportError as missing:
        raise InvalidCall(
            what="SQLStorage on PostgreSQL",
            problem=f"needs psycopg, which cannot be imported ({missing})",
            repair="Install it with: pip install 'caseflow-engine[postgres]'.",
        ) from missing


def greenlet_there(what: str) -> None:
    """See that SQLAlchemy can await. Raises `InvalidCall` that says what to install."""
    try:
        import_module("greenlet")
    except ImportError as missing:
        raise InvalidCall(
            what=what,
            problem=f"needs greenlet, which cannot be imported ({missing})",
            repair="Install it with: pip install 'caseflow-engine[async]'.",
        ) from missing


def made_by(create: Callable[..., T], url: URL, **arguments: Any) -> T:
    """The engine that is made for a URL. Raises `InvalidCall` where the driver cannot read it."""
    try:
        return create(url, **arguments)
    except (ArgumentError, ValueError) as error:
        said = without_password(str(error).partition("\n")[0])
        raise InvalidCall(
            what=f"The URL {short(url.render_as_string(hide_password=True))}",
            problem=f"has a part that its driver cannot read: {said}",
            repair="Correct it, or leave that part out.",
        ) from error


def a_usable_engine(engine: Engine) -> Engine:
    """The engine, if a store can use it. Raises `InvalidCall`."""
    dialect = engine.dialect
    fits = dialect.name in ("sqlite", "postgresql") and is_driven(dialect)
    if not fits or dialect.is_async:
        raise InvalidCall(
            what=f"SQLStorage({engine!r})",
            problem="is an engine that this store cannot use",
            repair="Give an engine for SQLite, or for PostgreSQL with psycopg.",
        )
    if isinstance(engine.pool, (StaticPool, SingletonThreadPool)):
        raise InvalidCall(
            what=f"SQLStorage({engine!r})",
            problem="has one connection for everybody, whose transactions would be mixed",
            repair="Give an engine whose pool is a QueuePool or a NullPool.",
        )
    return engine


def is_driven(dialect: Dialect) -> bool:
    """Whether it is by the driver that the statements are written for."""
    return dialect.name != "postgresql" or dialect.driver == "psycopg"


def one_that_notifies(engine: Engine) -> None:
    """See that a database can wake those who listen. Raises `InvalidCall`."""
    if engine.dialect.name != "postgresql":
        raise InvalidCall(
            what="notify=True",
            problem="is asked of a SQLite file, which can wake nobody",
            repair="Leave it out: whoever follows the feed looks for news every second.",
        )


MADE_BY = ("scoped_session", "sessionmaker", "async_scoped_session", "async_sessionmaker")
"""What gives sessions, and is none: known by name, since one half of them need not be imported."""


def no_transaction(given: object, *, wanted: str) -> InvalidCall:
    """The error of what cannot be joined."""
    what, problem = f"within({short(given)})", f"is given neither {wanted}"
    repair = "Give the one whose transaction is joined."
    kind = type(given).__name__
    if kind in MADE_BY:
        what, repair = f"within({kind})", "Call it, and give the session: within(session())."
    return InvalidCall(what=what, problem=problem, repair=repair)
