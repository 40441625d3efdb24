"""Files that cannot be written or read: a clear error, and nothing that looks whole."""

import gzip
import io
import lzma
import resource
from contextlib import contextmanager
from pathlib import Path

import pytest

from caseflow import (
    CaseflowError,
    DamagedFile,
    FileFailed,
    InvalidCall,
)
from caseflow.casebook.keeping import files
from tests.support.exports import (
    WHOLE,
    exported,
    played,
    refused,
)
from tests.support.trades import START


class Filling(io.BytesIO):
    """A file on a disk that has room for so many bytes."""

    def __init__(self, room):
        super().__init__()
        self._room = room

    def write(self, data):
        if self.tell() + len(data) > self._room:
            super().write(data[: self._room - self.tell()])
            raise OSError(28, "No space left on device")
        return super().write(data)


@pytest.mark.parametrize("room", range(0, len(WHOLE), 97))
def test_wherever_the_disk_is_full_the_file_does_not_pass_for_whole(room):
    file = Filling(room)
    with pytest.raises(FileFailed) as failed:
        played([("looked-at", "x"), ("dropped-off", "y")]).export(file)
    assert str(failed.value) == (
        "the stream could not be written: No space left on device. "
        "Nothing was kept of it: mend that, and begin again."
    )
    refused(file.getvalue())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_device_that_is_full():
    book = played([("ready", "")])
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(FileFailed, match="No space left on device"),
    ):
        book.export(full)


@contextmanager
def small_files():
    """No file may grow beyond 2,000 bytes, as on a disk that is full; nor may the tests' output."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_cannot_be_finished_is_not_there(tmp_path):
    book = played([("ready", "a"), ("ready", "b")])
    for write in (book.export, lambda to: book.packet("R-1", to)):
        with pytest.raises(FileFailed) as failed, small_files():
            write(tmp_path / "export.jsonl")
        assert "could not be written: File too large" in str(failed.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_has_its_name_only_once_it_is_complete(tmp_path):
    path = tmp_path / "export.jsonl"
    with files.written(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"half"
    with pytest.raises(KeyboardInterrupt), files.written(tmp_path / "other.jsonl"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [path]


def test_an_export_is_read_by_its_owner_only(tmp_path):
    played([("ready", "")]).export(tmp_path / "export.jsonl")
    assert (tmp_path / "export.jsonl").stat().st_mode & 0o077 == 0


def test_nothing_is_written_over(tmp_path):
    path = tmp_path / "export.jsonl"
    path.write_text("mine")
    with pytest.raises(FileFailed, match="there is already such a file"):
        played([("ready", "")]).export(path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("to", ["gone/export.jsonl", "file/export.jsonl"])
def test_a_folder_that_is_not_there(tmp_path, to):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileFailed, match=r"could not be written: (No such file|Not a directory)"):
        played([("ready", "")]).export(tmp_path / to)


def test_a_folder_is_no_export(tmp_path):
    with pytest.raises(FileFailed, match="could not be read: Is a directory"):
        played([]).import_from(tmp_path)


def test_a_file_of_text_is_told(tmp_path):
    path = tmp_path / "export.jsonl"
    played([("ready", "")]).export(path)
    with path.open() as file, pytest.raises(InvalidCall, match=r"open\(path, 'wb'\) or 'rb'"):
        played([]).import_from(file)


def test_a_closed_file_is_told(tmp_path):
    file = io.BytesIO(WHOLE)
    file.close()
    with pytest.raises(CaseflowError, match="closed file"):
        played([]).import_from(file)


@pytest.mark.parametrize("kind", [gzip, lzma], ids=["gzip", "xz"])
@pytest.mark.parametrize(
    "harm",
    [lambda whole: whole[:-20], lambda whole: whole[:40] + whole[60:]],
    ids=["cut", "damaged"],
)
def test_a_compressed_file_that_is_cut_or_damaged_is_told(kind, harm):
    book, packed = played([]), harm(kind.compress(WHOLE))
    before = book.case_ids()
    for verb in (book.import_from, lambda file: book.mend("R-1", file)):
        with pytest.raises((FileFailed, DamagedFile), match=r"^(Line \d+ of )?the stream "):
            verb(kind.open(io.BytesIO(packed)))
    assert book.case_ids() == before


def test_a_file_that_takes_a_part_at_a_time_gets_all_of_it():
    class Slow(io.RawIOBase):
        def __init__(self):
            self.taken = b""

        def writable(self):
            return True

        def write(self, data):
            self.taken += bytes(data[:7])
            return len(data[:7])

    slow, book = Slow(), played([("ready", "")])
    book.export(slow)
    assert slow.taken == exported(book)


class Counted(bytes):
    """Bytes that tell how many of them were copied to be put behind others."""

    copied = 0

    def __radd__(self, before):
        Counted.copied += len(before)
        return bytes(before) + bytes(self)


class InPieces(io.BytesIO):
    def read(self, size=-1):
        return Counted(super().read(size))


def test_a_long_line_is_put_together_once_however_many_pieces_it_comes_in(monkeypatch):
    """Put together with each piece, a line of 64 MB was copied two hundred times over."""
    monkeypatch.setattr(files, "CHUNK", 100)
    file = io.BytesIO()
    writer = files.Writer(file, "long", files.header("export", "agency", START))
    writer.line(["x" * 50_000])
    writer.line(["y"])
    digest = writer.end({"lines": 2})
    reader = files.Reader(InPieces(file.getvalue()), "long", kind="export")
    assert [reader.item(), reader.item(), reader.item()] == [["x" * 50_000], ["y"], None]
    assert reader.finish({"lines": 2}) == digest
    assert Counted.copied == 0
