"""Splits the text of a CSV file into records, each with its physical line.

The standard ``csv`` module does the splitting, one record at a time, so that a record it refuses
costs no more than its first physical line: reading goes on at the line after it. Without that, one
stray quote would swallow every row down to the next quote, or the end of the file.
"""

import csv
import io
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from examples.hmis.problems import Kind

MAX_RECORD_LINES: Final = 100
"""The most physical lines one record may span through quoted line breaks."""


@frozen
class Record:
    """One record: the line it starts on, its fields, or why it has none.

    ``start`` is the text of its first physical line. ``fault`` is None when ``fields`` hold.
    """

    line: int
    start: str
    fields: tuple[str, ...] = ()
    fault: Kind | None = None


class _TooLong(Exception):
    """A record went over the limit of its length."""


class _Feed:
    """Gives ``csv.reader`` the lines of one record, and counts them."""

    def __init__(self, lines: list[str], at: int) -> None:
        self._lines = lines
        self._at = at
        self._room = csv.field_size_limit()
        self.used = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        index = self._at + self.used
        if index >= len(self._lines):
            raise StopIteration
        line = self._lines[index]
        self._room -= len(line)
        if self._room < 0 or self.used >= MAX_RECORD_LINES:
            raise _TooLong
        self.used += 1
        return line


def split_records(text: str) -> list[Record]:
    """The records of ``text`` in order, header included; blank lines are not records."""
    lines = list(io.StringIO(text, newline=""))
    records: list[Record] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip("\r\n"):
            at += 1
            continue
        record, used = _one_record(lines, at)
        records.append(record)
        at += used
    return records


def _one_record(lines: list[str], at: int) -> tuple[Record, int]:
    """The record that starts at index ``at``, and how many physical lines it takes."""
    feed = _Feed(lines, at)
    start = lines[at].rstrip("\r\n")
    try:
        fields = next(csv.reader(feed, strict=True))
    except _TooLong:
        fault = Kind.QUOTE_BROKEN if feed.used else Kind.RECORD_TOO_LONG
        return Record(at + 1, start, fault=fault), 1
    except csv.Error:
        return Record(at + 1, start, fault=Kind.QUOTE_BROKEN), 1
    return Record(at + 1, start, fields=tuple(fields)), feed.used
