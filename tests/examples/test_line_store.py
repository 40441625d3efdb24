"""The toy store of examples/line_store.py keeps the contract, and says how its file failed."""

import re
import resource
from contextlib import contextmanager
from pathlib import Path

import pytest

from caseflow import StoreError
from caseflow.storage import Appended, Head
from caseflow.testing import storage_contract
from caseflow.testing.contract.rows import NORTH, opening, row, unit
from examples.line_store import open_store

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "howto-write-a-store.md"
PIECE = re.compile(r'```python no-run="a piece of (examples/\w+\.py)"\n(.*?)```', re.S)

TestLineStore = storage_contract(open_store, lacks=["transactions"])


@contextmanager
def room_for(size):
    """Let no file grow beyond a size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told_and_nothing_is_half_written(tmp_path):
    store, other = open_store(tmp_path), open_store(tmp_path)
    store.append(unit(0, command_id="c1"))
    file = tmp_path / "cases.jsonl"
    before = file.read_bytes()
    with room_for(len(before) + 10), pytest.raises(StoreError) as failed:
        store.append(unit(1, command_id="c2"))
    assert str(failed.value) == (
        f"The store {store!r} failed to append to a history: [Errno 27] File too large. "
        "See that the disk has space and that the file can be read and written."
    )
    assert file.read_bytes() == before
    for one in (store, other):
        assert one.head(NORTH, "R-1") == Head(1, "hash-1")
        assert one.command(NORTH, "c2") == ()
    assert store.append(unit(1, command_id="c2")) is Appended.DONE
    assert other.head(NORTH, "R-1") == Head(2, "hash-2")
    store.close()
    other.close()


def test_half_a_line_that_somebody_died_over_is_cut_off(tmp_path):
    store = open_store(tmp_path)
    store.append(unit(0))
    with (tmp_path / "cases.jsonl").open("a") as torn:
        torn.write('["append", ["north", "R-1", 1, [["north", "R')
    assert store.head(NORTH, "R-1") == Head(1, "hash-1")
    assert store.append(unit(1)) is Appended.DONE
    store.close()
    again = open_store(tmp_path)
    assert list(again.read(NORTH, "R-1")) == [row(1), row(2)]
    again.close()


def test_the_file_never_holds_a_snapshot(tmp_path):
    store = open_store(tmp_path)
    store.append(opening("R-1", snapshot="all about Ann"))
    assert store.snapshot(NORTH, "R-1").text == "all about Ann"
    assert "Ann" not in (tmp_path / "cases.jsonl").read_text()
    store.close()


def test_a_file_that_cannot_be_opened_is_told(tmp_path):
    (tmp_path / "cases.jsonl").mkdir()
    with pytest.raises(StoreError, match=r"failed to open its file: .*directory"):
        open_store(tmp_path)


def test_the_pieces_that_the_page_shows_are_in_the_example():
    pieces = PIECE.findall(PAGE.read_text(encoding="utf-8"))
    assert len(pieces) == 2
    for path, piece in pieces:
        assert piece in (ROOT / path).read_text(encoding="utf-8")
