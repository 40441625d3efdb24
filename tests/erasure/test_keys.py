"""Key stores: a key for each subject, made once, destroyed for good, and nowhere else."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from caseflow import Casebook, KeysNotApart, StoreError
from caseflow.stages import six_stage
from caseflow.storage import (
    MemoryKeyStore,
    MemoryStorage,
    SQLiteKeyStore,
    SQLStorage,
    SubjectCipher,
)
from caseflow.storage.keys import SubjectKey, Tombstone, file_identity
from examples.sql_keys import SQLKeyStore
from tests.support.traces import files_in

ROOT = Path(__file__).parents[2]
WHEN = "2026-03-02T09:00:00.000000+00:00"
ERASING = {"at": WHEN, "by": "boss", "reason": "asked"}


@contextmanager
def disposing(engine):
    yield engine
    engine.dispose()


@pytest.fixture(params=["memory", "file", "the example"])
def keys(request, tmp_path):
    if request.param == "memory":
        yield MemoryKeyStore()
        return
    if request.param == "the example":
        with disposing(create_engine(f"sqlite:///{tmp_path / 'keys.db'}")) as engine:
            yield SQLKeyStore(engine)
        return
    store = SQLiteKeyStore(tmp_path / "keys.db")
    yield store
    store.close()


# -- what every key store does ---------------------------------------------------------------


def test_a_key_is_made_once(keys):
    assert keys.find("north", "~1") is None
    made = keys.make("north", "~1", "P-1")
    assert (made.pseudonym, made.subject, len(made.key)) == ("~1", "P-1", 32)
    assert keys.make("north", "~1", "P-1") == keys.find("north", "~1") == made
    assert keys.make("north", "~2", "P-2").key != made.key


def test_agencies_have_keys_of_their_own(keys):
    one, other = keys.make("north", "~1", "P-1"), keys.make("south", "~1", "P-1")
    assert one.key != other.key
    keys.erase("north", "~1", **ERASING)
    assert keys.find("south", "~1") == other
    assert keys.tombstones("south") == []


def test_a_destroyed_key_leaves_a_tombstone_and_is_not_made_again(keys):
    keys.make("north", "~1", "P-1")
    before = keys.generation()
    left = keys.erase("north", "~1", **ERASING)
    assert left == Tombstone("~1", WHEN, "boss", "asked")
    assert keys.generation() != before
    assert keys.find("north", "~1") == keys.make("north", "~1", "P-1") == left


def test_erasing_again_changes_nothing(keys):
    keys.make("north", "~1", "P-1")
    left = keys.erase("north", "~1", **ERASING)
    generation = keys.generation()
    assert keys.erase("north", "~1", at="later", by="mo", reason="other") == left
    assert keys.generation() == generation
    assert keys.tombstones("north") == [left]


def test_making_keys_is_no_erasure(keys):
    before = keys.generation()
    keys.make("north", "~1", "P-1")
    assert keys.generation() == before


def test_tombstones_stand_in_the_order_of_the_erasures(keys):
    for name in ("~3", "~1", "~2"):
        keys.make("north", name, "P")
        keys.erase("north", name, **ERASING)
    assert [left.pseudonym for left in keys.tombstones("north")] == ["~3", "~1", "~2"]


def test_of_many_threads_that_make_one_key_all_get_the_same(keys):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: keys.make("north", f"~{n % 5}", "P"), range(100)))
    assert len({one.key for one in made}) == 5


def test_a_key_that_is_being_destroyed_is_there_or_its_tombstone_is():
    """Somebody who finds neither believes that the key store is the wrong one."""
    keys = MemoryKeyStore()
    keys.make("north", "~1", "P-1")
    erasing = threading.Thread(target=keys.erase, args=("north", "~1"), kwargs=ERASING)

    class Slow(dict):
        def get(self, *given):
            found = super().get(*given)
            if not erasing.ident:
                erasing.start()
                erasing.join(0.05)
            return found

    keys._tombstones = Slow()
    assert keys.find("north", "~1") is not None
    erasing.join()
    assert isinstance(keys.find("north", "~1"), Tombstone)


def test_no_key_is_shown(keys):
    made = keys.make("north", "~1", "P-1")
    shown = repr((made, keys.roots(), keys, SubjectCipher(keys)))
    for key in (made.key, *keys.roots()):
        assert repr(key) not in shown
        assert key.hex() not in shown
    assert "P-1" not in repr(made)


# -- the example, in a database ----------------------------------------------------------------


def test_programs_on_several_machines_share_one_key_store(postgres_url):
    with (
        disposing(create_engine(postgres_url)) as one,
        disposing(create_engine(postgres_url)) as two,
    ):
        stores = SQLKeyStore(one), SQLKeyStore(two)
        assert stores[0].roots() == stores[1].roots()
        with ThreadPoolExecutor(8) as pool:
            made = list(
                pool.map(lambda n: stores[n % 2].make("north", f"~{n % 3}", "P"), range(24))
            )
            assert len({key.key for key in made}) == 3
            left = list(
                pool.map(lambda n: stores[n % 2].erase("north", f"~{n % 3}", **ERASING), range(24))
            )
        assert {store.generation() for store in stores} == {3}
        assert set(stores[0].tombstones("north")) == set(left)
        with pytest.raises(KeysNotApart):
            Casebook(six_stage, SQLStorage(postgres_url), cipher=SubjectCipher(stores[0]))
        with pytest.raises(KeysNotApart):  # the tables of cases are there by now
            SQLKeyStore(two)


def test_the_example_says_what_failed_and_did_nothing(tmp_path):
    with pytest.raises(StoreError, match=r"failed to open it: .*unable to open database file"):
        SQLKeyStore(create_engine(f"sqlite:///{tmp_path / 'nowhere' / 'keys.db'}"))


# -- the file --------------------------------------------------------------------------------


def test_what_it_holds_is_there_after_a_restart(tmp_path):
    first = SQLiteKeyStore(tmp_path / "keys.db")
    made, roots = first.make("north", "~1", "P-1"), first.roots()
    first.make("north", "~2", "P-2")
    left = first.erase("north", "~2", **ERASING)
    first.close()
    again = SQLiteKeyStore(tmp_path / "keys.db")
    assert (again.find("north", "~1"), again.find("north", "~2")) == (made, left)
    assert (again.roots(), again.generation()) == (roots, 1)
    again.close()


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_a_program_that_goes_on_makes_no_new_keys(tmp_path):
    path = tmp_path / "keys.db"
    with pytest.raises(StoreError, match="there is no such file, and create=False makes none"):
        SQLiteKeyStore(path, create=False)
    assert not path.exists()
    path.touch()  # as a program leaves it that opens it again, and the disk is gone
    with pytest.raises(StoreError, match="it is empty, and create=False makes no keys in it"):
        SQLiteKeyStore(path, create=False)
    SQLiteKeyStore(path).close()
    SQLiteKeyStore(path, create=False).close()


def test_its_file_is_found_wherever_the_program_goes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = SQLiteKeyStore("keys.db")
    roots = store.roots()
    store.close()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert store.roots() == roots
    store.close()


def test_only_its_owner_may_read_it(tmp_path):
    umask = os.umask(0)
    try:
        keys = SQLiteKeyStore(tmp_path / "keys.db")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "keys.db").stat().st_mode) == 0o600
    keys.close()


def test_nothing_of_destroyed_keys_is_left_in_any_file(tmp_path):
    """Many of them, in pages that were split and joined in between."""
    keys = SQLiteKeyStore(tmp_path / "keys.db")
    made = [keys.make("north", f"~{n:04}", f"client-{n:04}-x") for n in range(400)]
    gone = made[::3]
    for one in gone:
        keys.erase("north", one.pseudonym, **ERASING)
    content = b"".join(files_in(tmp_path).values())
    assert [one.subject for one in gone if one.key in content] == []
    assert [one.subject for one in gone if one.subject.encode() in content] == []
    kept = [one for one in made if one not in gone]
    assert all(one.key in content for one in kept)  # they are looked for where they would be
    keys.close()


class LogKeeping(SQLiteKeyStore):
    """Planted: a key store that writes ahead to a log, and lets deleted bytes stand."""

    def _connection(self):
        connection = super()._connection()
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        return connection


def test_a_key_store_that_keeps_keys_in_its_log_is_caught(tmp_path):
    keys = LogKeeping(tmp_path / "keys.db")
    made = keys.make("north", "~1", "P-1")
    keys.erase("north", "~1", **ERASING)
    holding = [name for name, content in files_in(tmp_path).items() if made.key in content]
    assert any(name.endswith("-wal") for name in holding)
    keys.close()


def test_a_file_of_cases_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "cases.db"
    cases = sqlite3.connect(path)
    cases.execute("PRAGMA journal_mode = WAL")
    cases.execute("CREATE TABLE caseflow_cases (agency TEXT)")
    cases.commit()
    with pytest.raises(KeysNotApart, match="Give the key store a file of its own"):
        SQLiteKeyStore(path)
    assert cases.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    names = {name for (name,) in cases.execute("SELECT name FROM sqlite_master")}
    assert names == {"caseflow_cases"}
    cases.close()


def test_a_store_of_cases_is_not_opened_on_a_key_store(tmp_path):
    keys = SQLiteKeyStore(tmp_path / "keys.db")
    made = keys.make("north", "~1", "P-1")
    with pytest.raises(KeysNotApart):
        SQLStorage(f"sqlite:///{tmp_path / 'keys.db'}")
    assert keys.find("north", "~1") == made
    keys.close()
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    with pytest.raises(KeysNotApart):
        SQLiteKeyStore(tmp_path / "cases.db")
    assert store.database == file_identity(tmp_path / "cases.db")
    store.close()


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic", "hard"])
def test_a_book_is_not_made_with_its_keys_among_its_cases(tmp_path, link):
    """Whichever was there first, and by whatever name it is called."""
    keys = SQLiteKeyStore(tmp_path / "keys.db")
    link(tmp_path / "keys.db", tmp_path / "cases.db")

    class OnAFile(MemoryStorage):
        database = file_identity(tmp_path / "cases.db")

    with pytest.raises(KeysNotApart):
        Casebook(six_stage, OnAFile(), cipher=SubjectCipher(keys))
    (tmp_path / "other.db").touch()
    OnAFile.database = file_identity(tmp_path / "other.db")
    Casebook(six_stage, OnAFile(), cipher=SubjectCipher(keys))
    keys.close()


def test_a_file_that_is_no_key_store_is_told(tmp_path):
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE notes (text TEXT)")
    other.close()
    (tmp_path / "text.db").write_text("no database at all, but long enough to be read as one" * 40)
    for name in ("other.db", "text.db", "no/such/folder.db"):
        with pytest.raises(StoreError, match="failed to open it"):
            SQLiteKeyStore(tmp_path / name)


def test_a_key_store_that_is_busy_says_so_and_has_done_nothing(tmp_path):
    keys = SQLiteKeyStore(tmp_path / "keys.db", wait=0.01)
    other = sqlite3.connect(tmp_path / "keys.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked"):
        keys.find("north", "~1")
    with pytest.raises(StoreError, match="locked"):
        keys.make("north", "~1", "P-1")
    other.execute("ROLLBACK")
    other.close()
    assert keys.find("north", "~1") is None
    keys.close()


# -- several processes, and crashes ----------------------------------------------------------


def run(program, *arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


MAKER = """
import sys
from caseflow.storage import SQLiteKeyStore
keys = SQLiteKeyStore(sys.argv[1])
for n in range(30):
    print(keys.make("north", f"~{n}", f"P-{n}").key.hex())
print(*(root.hex() for root in keys.roots()))
keys.close()
"""


def test_of_many_processes_that_begin_at_once_all_get_the_same_keys(tmp_path):
    """The file is made by one of them, too, and so are its roots."""
    running = [run(MAKER, tmp_path / "keys.db") for _ in range(4)]
    said = {process.communicate()[0] for process in running}
    assert len(said) == 1
    assert len(said.pop().splitlines()) == 31


ERASER = """
import os, sys
from caseflow.storage import SQLiteKeyStore

class Crashing(SQLiteKeyStore):
    def _connection(self):
        connection = super()._connection()
        connection.set_trace_callback(
            lambda statement: os._exit(9) if statement.startswith(sys.argv[2]) else None
        )
        return connection

keys = Crashing(sys.argv[1])
keys.erase("north", "~1", at="now", by="boss", reason="asked")
"""


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM keystore_keys", "INSERT INTO keystore_tombstones", "UPDATE", "COMMIT"],
)
def test_after_a_crash_there_is_the_key_or_its_tombstone_and_never_neither(tmp_path, statement):
    keys = SQLiteKeyStore(tmp_path / "keys.db")
    made = keys.make("north", "~1", "P-1")
    keys.close()
    process = run(ERASER, tmp_path / "keys.db", statement)
    process.communicate()
    assert process.returncode == 9
    again = SQLiteKeyStore(tmp_path / "keys.db")
    assert again.find("north", "~1") == made  # it was not acknowledged
    left = again.erase("north", "~1", **ERASING)
    assert again.find("north", "~1") == left
    assert made.key not in b"".join(files_in(tmp_path).values())
    again.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
def test_a_child_opens_the_file_for_itself(tmp_path):
    keys = SQLiteKeyStore(tmp_path / "keys.db")
    keys.make("north", "~1", "P-1")
    child = os.fork()
    if not child:
        try:
            found = keys.erase("north", "~1", **ERASING)
            os._exit(0 if isinstance(found, Tombstone) else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert isinstance(keys.find("north", "~1"), Tombstone)
    assert isinstance(keys.make("north", "~2", "P-2"), SubjectKey)
    keys.close()


# -- locks, and writes that are broken off ---------------------------------------------------

WRITER = """
import sys
from caseflow import StoreError
from caseflow.storage import SQLiteKeyStore
try:
    keys = SQLiteKeyStore(sys.argv[1], wait=0.01)
    print(keys.make("north", "~2", "P-2"))
    keys.close()
except StoreError as error:
    print(error.fields["cause"])
"""


def test_to_open_it_again_drops_no_lock_of_a_write_that_is_under_way(tmp_path):
    """To close a file drops every lock that the process has on it, whoever in it took it."""
    keys = SQLiteKeyStore(tmp_path / "keys.db")
    write = keys._connection()
    write.execute("BEGIN IMMEDIATE")
    write.execute("INSERT INTO keystore_keys VALUES ('north', '~1', 'P-1', x'00')")
    with pytest.raises(StoreError, match="locked"):
        SQLiteKeyStore(tmp_path / "keys.db", wait=0.01)
    assert run(WRITER, tmp_path / "keys.db").communicate()[0] == "database is locked\n"
    write.execute("COMMIT")
    assert [keys.find("north", f"~{n}") is not None for n in (1, 2)] == [True, False]
    keys.close()


@pytest.fixture
def on_file(tmp_path):
    store = SQLiteKeyStore(tmp_path / "keys.db")
    yield store
    store.close()


def test_a_key_that_is_broken_off_is_not_made_and_the_next_one_is(on_file, monkeypatch):
    def stopped(size):
        raise KeyboardInterrupt

    with monkeypatch.context() as planted:
        planted.setattr("caseflow.storage.sqlite_keys.secrets.token_bytes", stopped)
        with pytest.raises(KeyboardInterrupt):
            on_file.make("north", "~1", "P-1")
    assert not on_file._connection().in_transaction
    assert on_file.find("north", "~1") is None
    assert on_file.make("north", "~1", "P-1") == on_file.find("north", "~1")


def test_an_erasure_that_fails_has_destroyed_nothing_and_can_be_done_again(on_file):
    """What fails is the tombstone, which is written after the key is deleted."""
    made = on_file.make("north", "~1", "P-1")
    other = sqlite3.connect(on_file.path)
    other.execute(
        "CREATE TRIGGER full BEFORE INSERT ON keystore_tombstones "
        "BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )
    with pytest.raises(StoreError, match="no room"):
        on_file.erase("north", "~1", **ERASING)
    assert (on_file.find("north", "~1"), on_file.generation()) == (made, 0)
    other.execute("DROP TRIGGER full")
    other.close()
    assert isinstance(on_file.erase("north", "~1", **ERASING), Tombstone)
    assert on_file.generation() == 1


def test_where_the_write_cannot_begin_it_says_so_and_later_writes(on_file):
    on_file.close()
    on_file._wait = 0.01
    other = sqlite3.connect(on_file.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        on_file.make("north", "~1", "P-1")
    other.execute("ROLLBACK")
    other.close()
    assert isinstance(on_file.make("north", "~1", "P-1"), SubjectKey)


def works_until_killed(path, said):
    """Make keys and destroy every other, saying each once it is done. It never comes back."""
    keys = SQLiteKeyStore(path)
    for number in count(len(keys.tombstones("north")) * 2 + 1):
        made = keys.make("north", f"~{number}", f"client-{number:04}-x")
        os.write(said, f"+ ~{number} {made.key.hex()}\n".encode())
        if number % 2:
            keys.erase("north", f"~{number}", **ERASING)
            os.write(said, f"- ~{number} {made.key.hex()}\n".encode())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
def test_after_kills_all_that_was_acknowledged_holds_and_no_destroyed_key_is_anywhere(tmp_path):
    """Not even in the journal of a write that was under way."""
    path = tmp_path / "keys.db"
    made, gone = {}, {}
    for round_ in range(12):
        reading, said = os.pipe()
        child = os.fork()
        if not child:
            try:
                works_until_killed(path, said)
            finally:
                os._exit(2)
        os.close(said)
        with os.fdopen(reading, "r") as lines:
            heard = [lines.readline() for _ in range(8)]
            time.sleep(round_ / 2000)  # anywhere in a write, which takes about as long
            os.kill(child, signal.SIGKILL)
            heard += lines.readlines()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        for sign, name, key in (line.split() for line in heard):
            (made if sign == "+" else gone)[name] = bytes.fromhex(key)
        content = b"".join(files_in(tmp_path).values())  # before anybody mends it
        assert [name for name, key in gone.items() if key in content] == []
        keys = SQLiteKeyStore(path)
        found = {name: keys.find("north", name) for name in made}
        assert all(isinstance(found[name], Tombstone) for name in gone)
        # One that was not acknowledged may be done all the same, and never halfway.
        kept = {name: one for name, one in found.items() if isinstance(one, SubjectKey)}
        assert all(kept[name].key == made[name] for name in kept)
        assert len(found) - len(kept) == keys.generation() == len(keys.tombstones("north"))
        assert len(gone) <= keys.generation() <= len(gone) + round_ + 1
        assert keys._connection().execute("PRAGMA integrity_check").fetchone() == ("ok",)
        keys.close()
