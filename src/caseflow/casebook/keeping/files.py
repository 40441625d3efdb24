"""Files of JSON Lines that tell when they are not whole: what exports and attestations are.

The first line says what the file is; the last one counts what stands between them, and holds
the SHA-256 of every line before it. A file appears under its name only when it is complete.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import orjson

from caseflow.kernel.convert import instant
from caseflow.kernel.errors import DamagedFile, InvalidCall, short
from caseflow.kernel.store_errors import FileFailed
from caseflow.kernel.values import is_path, readable

FORMAT = 1
"""The version of both formats. A program reads this one and every earlier one."""

MOST = 64 * 2**20
"""How long a line may be, in bytes: longer ones are neither written nor read."""

CHUNK = 2**18
"""How many bytes are read at a time."""

FileLike = str | os.PathLike[str] | IO[bytes]
"""A path, or a file that was opened for bytes."""

STREAM = "the stream"
"""What a file without a name is called in sentences."""

ANOTHER = "Fetch an undamaged copy of it."


def name_of(file: FileLike) -> str:
    """What a file is called in sentences."""
    if isinstance(file, str | os.PathLike):
        return readable(os.fspath(file))
    name = getattr(file, "name", None)
    return readable(name) if isinstance(name, str) and name else STREAM


def _a_file(file: object, method: str) -> None:
    """See that something is a path, or a file of bytes. Raises `InvalidCall`."""
    if is_path(file):
        return
    if isinstance(file, str | os.PathLike):
        problem = "has a name that no file can have"
        repair = "Give a path as text, not empty, without NUL and lone surrogates."
    elif isinstance(file, io.TextIOBase):
        problem, repair = "is a file of text", "Open it for bytes: open(path, 'wb') or 'rb'."
    elif not callable(getattr(file, method, None)):
        problem, repair = "is no file", "Give a path, or a file that is open for bytes."
    else:
        return
    raise InvalidCall(what=f"The file {short(file)}", problem=problem, repair=repair)


def _what(name: str) -> str:
    return "The stream" if name == STREAM else f"The file {name}"


def header(kind: str, agency: str, moment: datetime) -> dict[str, Any]:
    """The first line of a file."""
    return {"caseflow": kind, "format": FORMAT, "agency": agency, "moment": instant(moment)}


# -- writing ---------------------------------------------------------------------------------


class Writer:
    """Writes the lines of one file, and keeps the hash of what it wrote."""

    def __init__(self, file: IO[bytes], name: str, header: Mapping[str, Any]) -> None:
        self._file = file
        self._name = name
        self._sha = sha256()
        self.line(header)

    def line(self, value: Any) -> None:
        """Write one value as a line."""
        data = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        if len(data) > MOST:
            raise FileFailed(
                file=self._name,
                action="written",
                cause=f"a line of {len(data):,} bytes is longer than the {MOST:,} allowed",
                repair="Keep large documents outside the case, and record where.",
            )
        self._sha.update(data)
        self._write(data)

    def end(self, counts: Mapping[str, int]) -> str:
        """Write the last line, and return the hash that it holds."""
        digest = self._sha.hexdigest()
        self._write(_last_line(counts, digest))
        return digest

    def _write(self, data: bytes) -> None:
        """Write all of it: a file without a buffer may take a part at a time."""
        while (taken := self._file.write(data) or len(data)) < len(data):
            data = data[taken:]


def _last_line(counts: Mapping[str, int], digest: str) -> bytes:
    return orjson.dumps({**counts, "sha256": digest}, option=orjson.OPT_APPEND_NEWLINE)


@contextmanager
def written(to: FileLike) -> Iterator[IO[bytes]]:
    """A file to write to. A path names the file only once all of it is on the disk.

    Until then it has another name beside it, which is removed when something fails. Nothing
    is written over. Raises `FileFailed` where it is there already or cannot be written, and
    `InvalidCall`.
    """
    _a_file(to, "write")
    if not isinstance(to, str | os.PathLike):
        try:
            yield to
            to.flush()
        except OSError as error:
            raise _failed(name_of(to), "written", error) from error
        return
    from tempfile import NamedTemporaryFile  # late: nobody waits for it who writes no file

    path, part = Path(to), None
    _free(path)
    try:
        with NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name[:100]}.", delete=False
        ) as file:
            part = Path(file.name)
            yield file
            file.flush()
            os.fsync(file.fileno())
        _free(path)
        part.replace(path)
        _sync(path.parent)
    except BaseException as error:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _failed(name_of(path), "written", error) from error
        raise


def _free(path: Path) -> None:
    try:
        path.stat()
    except FileNotFoundError:
        return
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        raise _failed(name_of(path), "written", error) from error
    raise FileFailed(
        file=name_of(path),
        action="written",
        cause="there is already such a file",
        repair="Choose another name: nothing is written over.",
    )


def _sync(folder: Path) -> None:
    """Have the new name on the disk too, where the system lets a folder be synced."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _failed(file: str, action: str, error: Exception) -> FileFailed:
    cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
    repair = (
        "Nothing was kept of it: mend that, and begin again."
        if action == "written"
        else "Nothing was changed: mend that, and begin again."
    )
    return FileFailed(file=file, action=action, cause=cause, repair=repair)


# -- reading ---------------------------------------------------------------------------------


class Reader:
    """Reads the lines of one file, and sees that it is whole."""

    def __init__(self, file: IO[bytes], name: str, *, kind: str) -> None:
        self.name = name
        self.place: int = 0
        """The line that was read last, counted from 1."""
        self._kind = kind
        self._read = file.read
        self._sha = sha256()
        self._chunk: list[bytes] = []
        self._end: tuple[bytes, dict[str, Any]] = b"", {}
        self._before_end = self._sha
        self.lines: Iterator[bytes] = self._lines()
        """The lines that were not read yet, without their ends: read on from here where
        speed matters, and add to `place`."""
        self.header = self._header()

    def belongs_to(self, agency: str) -> None:
        """See that the file is of an agency. Raises `InvalidCall`."""
        found = self.header["agency"]
        if found != agency:
            raise self.unfit(
                f"is of agency {found!r}, and this book is of agency {agency!r}",
                f"Use it with a book of agency {found!r}.",
            )

    def unfit(self, problem: str, repair: str) -> InvalidCall:
        """The error that says why a file that is whole does not serve."""
        return InvalidCall(what=_what(self.name), problem=problem, repair=repair)

    def _lines(self) -> Iterator[bytes]:
        """Every line. What they hash to is taken in chunks, which is quicker."""
        rest: list[bytes] = []  # joined once a line is whole: what is long is not copied each time
        length = before = 0
        while chunk := self._more():
            first, *others = chunk.split(b"\n")
            rest.append(first)
            length += len(first)
            if length > MOST:
                self.place = before + 1
                raise self.damaged(f"is longer than {MOST:,} bytes")
            if not others:
                continue
            *self._chunk, last = b"".join(rest), *others
            yield from self._chunk
            before += len(self._chunk)
            self._sha.update(b"\n".join(self._chunk) + b"\n")
            rest, length = [last], len(last)
        if length:
            self.place = before + 1
            raise self.damaged("breaks off")

    def _more(self) -> bytes:
        try:
            chunk: object = self._read(CHUNK)
        except Exception as error:  # closed, or a stream of others': gzip has errors of its own
            raise _failed(self.name, "read", error) from error
        if not isinstance(chunk, bytes):
            raise InvalidCall(
                what=_what(self.name),
                problem="is a file of text",
                repair="Open it for bytes: open(path, 'rb').",
            )
        return chunk

    def line(self) -> bytes:
        """The next line. Raises `DamagedFile` where there is none, or not all of it."""
        line = next(self.lines, None)
        self.place += 1
        if line is None:
            raise self.missing()
        return line

    def item(self) -> Any:
        """The value on the next line; None where it is the last one (see `finish`)."""
        line = self.line()
        value = self.value(line)
        if isinstance(value, dict) and "sha256" in value:
            self._end = line, value
            self._before_end = self._sha.copy()  # of all chunks before this one
            return None
        return value

    def finish(self, counts: Mapping[str, int]) -> str:
        """See that the last line is the one that was written there. The hash that it holds."""
        line, end = self._end
        before, last = self._chunk[:-1], self._chunk[-1]
        if last is not line or next(self.lines, None) is not None:
            self.place += 1
            raise self.damaged("follows the end of the file")
        sha = self._before_end
        if before:
            sha.update(b"\n".join(before) + b"\n")
        digest = sha.hexdigest()
        if end["sha256"] != digest:
            raise self.damaged("does not fit: the lines before it are not those that were written")
        for what, count in counts.items():
            if end.get(what) != count:
                found = short(end.get(what))
                raise self.damaged(f"counts {found} {what}, and {count} stand before it")
        if line + b"\n" != _last_line(counts, digest):
            raise self.damaged("is not as it was written")
        return digest

    def value(self, line: bytes, case_id: str = "") -> Any:
        """The value of a line. Raises `DamagedFile` for what is no JSON."""
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise self.damaged("is no JSON", case_id) from error

    def damaged(self, problem: str, case_id: str = "", repair: str = ANOTHER) -> DamagedFile:
        """The error that says what is wrong with the line that was read last."""
        return DamagedFile(
            file=self.name, line=self.place, case_id=case_id, problem=problem, repair=repair
        )

    def missing(self) -> DamagedFile:
        """The error that says that the file ends too early."""
        return self.damaged("is missing: the file ends before its end was written")

    def _header(self) -> dict[str, Any]:
        header = self.value(self.line())
        if not isinstance(header, dict) or header.get("caseflow") != self._kind:
            raise self.damaged(f"does not say that it begins an {self._kind} of caseflow")
        found = header.get("format")
        if found != FORMAT or type(found) is not int:
            raise self.damaged(
                f"says format {short(found)}, and this program reads format {FORMAT}",
                repair="Read it with the release that wrote it, or a later one.",
            )
        if not all(isinstance(header.get(name), str) for name in ("agency", "moment")):
            raise self.damaged("does not say of which agency it is, and of when")
        return header


@contextmanager
def read_from(source: FileLike, *, kind: str) -> Iterator[Reader]:
    """A file to read from. Raises `FileFailed`, `DamagedFile` and `InvalidCall`."""
    _a_file(source, "read")
    name = name_of(source)
    if not isinstance(source, str | os.PathLike):
        yield Reader(source, name, kind=kind)
        return
    with _opened(Path(source)) as file:
        yield Reader(file, name, kind=kind)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise _failed(name_of(path), "read", error) from error
