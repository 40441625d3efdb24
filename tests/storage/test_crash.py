"""Acknowledged means on the disk: a process is killed in the middle of writing, without warning.

A real process writes units of several events and says so after each; it is killed with SIGKILL
at a moment it does not choose. Afterwards the file holds every unit that was acknowledged, and
of the unit that was being written all or nothing.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from caseflow.kernel.stored import verify_chain
from caseflow.storage import SQLStorage
from tests.support.trades import ANA, Paid, shop_book

WRITER = """
import sys
from caseflow.storage import SQLStorage
from tests.support.trades import ANA, Paid, shop_book

book = shop_book(SQLStorage(sys.argv[1]), snapshot_every=4)
case_id = book.open(client="c", by=ANA, case_id="R-1").case.id
n = 0
while True:
    n += 1
    payments = [Paid(amount=n * 100)] * 7
    book.do(case_id, *payments, by=ANA, command_id=f"c{n}")
    print(n, flush=True)
"""


def killed_after(url, seconds):
    """Start the writer, kill it so long after its first unit; the last number it said."""
    root = Path(__file__).parent.parent.parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, url],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=root,
    ) as process:
        said = [process.stdout.readline()]
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return int([line for line in said if line.endswith("\n")][-1])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize("seconds", [0.05, 0.13, 0.31])
def test_after_a_kill_every_acknowledged_unit_is_there_and_no_half_of_one(tmp_path, seconds):
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    acknowledged = killed_after(url, seconds)
    assert acknowledged >= 1
    store = SQLStorage(url)
    rows = store.read("agency", "R-1")
    written, rest = divmod(len(rows) - 1, 7)
    assert rest == 0
    assert written in (acknowledged, acknowledged + 1)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert verify_chain(rows) == store.head("agency", "R-1").hash
    for n in range(1, written + 1):
        assert len(store.command("agency", f"c{n}")) == 7
    assert store.command("agency", f"c{written + 1}") == ()
    book = shop_book(store, snapshot_every=4)
    assert book.case("R-1").state.paid == sum(n * 700 for n in range(1, written + 1))
    again = [Paid(amount=written * 100)] * 7
    assert book.do("R-1", *again, by=ANA, command_id=f"c{written}").replayed
    assert book.record("R-1", Paid(amount=1), by=ANA).case.version == len(rows) + 1
    store.close()
