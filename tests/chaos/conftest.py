"""The forms of the chaos, the databases it happens to, and what it counted."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.chaos.databases import with_tables
from tests.support.postgres import OwnPostgres, _or_said

LONG = "CASEFLOW_CHAOS"
COUNTED = "counted in the chaos"
"""What a test counted travels with its report, from whichever process ran it."""

FORMS = {
    "short": {"kills": 12, "contending": 3.0, "restarts": 2, "between": 0.8, "every": 30},
    "long": {"kills": 200, "contending": 60.0, "restarts": 10, "between": 3.0, "every": 1},
}
"""Kills at random moments; seconds of contention; restarts, and the seconds between them; of the
statements of a long append, every so many is one to die before (the first seven and the last
seven always are)."""


def pytest_report_header() -> str:
    form = _form()
    short, long = FORMS["short"], FORMS["long"]
    rest = "" if form == "long" else f" `make chaos` runs the long form: {long}."
    return f"chaos: the {form} form, {short if form == 'short' else long}.{rest}"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.getreports(kind)]
    told = [
        line
        for report in reports
        if report.when == "call"
        for what, line in report.user_properties
        if what == COUNTED
    ]
    if told:
        terminalreporter.section(f"chaos, the {_form()} form")
        for line in told:
            terminalreporter.write_line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Windows has neither SIGKILL nor fork, and says so."""
    if not hasattr(signal, "SIGKILL"):
        reason = "there is no SIGKILL on Windows"
        for item in items:
            if "chaos" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason=reason))


def _form() -> str:
    return "long" if os.environ.get(LONG) == "long" else "short"


@pytest.fixture(scope="session")
def form() -> dict[str, Any]:
    """How much of everything there is."""
    return FORMS[_form()]


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Tell what a scenario counted; it stands at the end of the run."""

    def tell(**counted: object) -> None:
        counts = ", ".join(f"{what} {how}" for what, how in counted.items())
        request.node.user_properties.append((COUNTED, f"{request.node.name}: {counts}"))

    return tell


@pytest.fixture(scope="package")
def durable_postgres() -> Iterator[OwnPostgres]:
    """A server of the chaos's own, which writes to the disk what it acknowledges."""
    with _or_said():
        server = OwnPostgres(fsync="on", full_page_writes="on", synchronous_commit="on")
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[str]:
    """A fresh database with the tables of a store, and one for the effects of consumers."""
    if request.param == "sqlite":
        yield with_tables(f"sqlite:///{tmp_path / 'cases.db'}")
    else:
        yield with_tables(request.getfixturevalue("postgres_url"))


@pytest.fixture
def postgres(postgres_url: str) -> str:
    """The same on PostgreSQL only."""
    return with_tables(postgres_url)


@pytest.fixture(params=["sqlite", "postgres"])
def durable_url(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[str]:
    """A database that writes to the disk what it acknowledges."""
    if request.param == "sqlite":
        yield with_tables(f"sqlite:///{tmp_path / 'cases.db'}")
        return
    with request.getfixturevalue("durable_postgres").database() as fresh:
        yield with_tables(fresh)
