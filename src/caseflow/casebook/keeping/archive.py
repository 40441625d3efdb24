"""Exports: the histories of an agency, or of one case, as JSON Lines; and importing them.

After the header there is, per case, one line with what the list of cases says, and then one
for each event: its stored columns as they are, personal fields as sealed as they are. Nothing
is decoded on the way, so that an export needs neither the workflow nor any key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from itertools import groupby, islice, product
from types import NoneType
from typing import IO, Any

import attrs
import orjson

from caseflow.casebook import store_calls
from caseflow.casebook.finding.listing import LONGEST_VALUE
from caseflow.casebook.finding.walking import Pages, listed_as, see_that_all_are_listed
from caseflow.casebook.given import LONGEST_ID, an_id
from caseflow.casebook.keeping.examining import NO_EVENTS
from caseflow.casebook.keeping.files import (
    FileLike,
    Reader,
    Writer,
    header,
    name_of,
    read_from,
    written,
)
from caseflow.casebook.store_calls import Work
from caseflow.kernel.codec import see_that_it_reads
from caseflow.kernel.convert import cause_of, instant, moment_of
from caseflow.kernel.errors import ChainBroken, CommandHeld, CommandReused, NoSuchCase
from caseflow.kernel.stored import GENESIS, StoredEvent, verify_chain
from caseflow.kernel.values import is_key
from caseflow.storage.port import Found, History, Listing

KIND = "export"

_OPTIONAL = {
    "on_behalf_of",
    "reported_by",
    "reason_code",
    "reason",
    "transition",
    "stage",
    "command_id",
    "fingerprint",
}
_WHOLE = {"number", "type_version"}
HASH = len(',"') + 64 + len('"]')
"""How many bytes the hash of an event takes at the end of its line: what is hashed is the rest."""

SHAPES: frozenset[tuple[type, ...]] = frozenset(
    product(
        *(
            (str, NoneType) if name in _OPTIONAL else (int,) if name in _WHOLE else (str,)
            for name in StoredEvent._fields
        )
    )
)
"""The types that the columns of an event may have: 256 ways, looked up at once."""


@attrs.frozen(kw_only=True)
class Exported:
    """What was written to a file: of how many cases and events, and the SHA-256 it ends with."""

    cases: int
    events: int
    digest: str


class Archive:
    """Exports and imports the cases of one agency, whatever their workflow."""

    def __init__(self, agency: str, now: Callable[[], datetime]) -> None:
        self._agency = agency
        self._now = now

    def export(self, to: FileLike) -> Work[Exported]:
        """Every case, as each stands when it is reached."""
        with written(to) as file:
            writer = self._begin(file, to)
            cases = events = 0
            yield from see_that_all_are_listed(self._agency)
            pages = Pages(self._agency)
            while page := (yield from pages.next()):
                for found in page:
                    events += yield from self._case(writer, found)
                    cases += 1
            return _ended(writer, cases, events)

    def packet(self, case_id: str, to: FileLike) -> Work[Exported]:
        """One case, in the same format."""
        an_id("case_id", case_id)
        found = yield from listed_as(self._agency, case_id)
        if found is None:
            repair = "Look for it among case_ids()."
            raise NoSuchCase(case_id=case_id, agency=self._agency, when="", repair=repair)
        with written(to) as file:
            writer = self._begin(file, to)
            events = yield from self._case(writer, found)
            return _ended(writer, 1, events)

    def import_from(
        self, source: FileLike, through: Callable[[History], History] | None = None
    ) -> Work[int]:
        """All cases of a file, or none, each as `through` gives it. How many events they hold."""
        with read_from(source, kind=KIND) as reader:
            reader.belongs_to(self._agency)  # every event says whose it is, and its hash with it
            found: Iterable[History] = histories(reader)
            if through is not None:
                found = map(through, found)
            try:
                return (yield from store_calls.restore(self._agency, found))
            except CommandReused as error:
                raise CommandHeld(**error.fields) from error

    def _begin(self, file: IO[bytes], to: FileLike) -> Writer:
        return Writer(file, name_of(to), header(KIND, self._agency, self._now()))

    def _case(self, writer: Writer, found: Found) -> Work[int]:
        """One case, up to the version that the list told of. How many events were written.

        Raises `ChainBroken`: what does not verify could not be imported either.
        """
        case_id, version, listing, _ = found
        rows = (yield from store_calls.read(self._agency, case_id))[:version]
        verify_chain(rows)
        if not rows:
            raise ChainBroken(case_id=case_id, number=1, problem="is missing", repair=NO_EVENTS)
        if len(rows) < version:
            raise ChainBroken(case_id=case_id, number=len(rows) + 1, problem="is missing")
        writer.line({"case": case_id, "events": version, **listing._asdict()})
        for row in rows:
            writer.line(tuple(row))
        return version


def _ended(writer: Writer, cases: int, events: int) -> Exported:
    digest = writer.end({"cases": cases, "events": events})
    return Exported(cases=cases, events=events, digest=digest)


# -- reading an export -----------------------------------------------------------------------

MOST_EVENTS = 2**31
"""More than any case has: a line that says so is damaged."""


def histories(reader: Reader) -> Iterator[History]:
    """The histories of an export, each verified. Raises `DamagedFile`, also at the very end.

    Whoever takes them has to keep none of them until the last was taken.
    """
    cases = events = 0
    agency = reader.header["agency"]
    while (item := reader.item()) is not None:
        case_id, count, listing = _case_line(reader, item)
        rows = _rows(reader, agency, case_id, count)
        if (rows[0].workflow, rows[0].workflow_version) != listing[1:3]:
            raise reader.damaged("is of another workflow than the list of cases says", case_id)
        subjects = {row.subject for row in rows}
        commands = [one for one, _ in groupby(row.command_id for row in rows) if one is not None]
        if len(commands) > len(set(commands)):
            raise reader.damaged("ends a case in which one command wrote in two places", case_id)
        if not all(is_key(text, LONGEST_ID) for text in subjects.union(commands)):
            raise reader.damaged("ends a case in which an id is longer than one may be", case_id)
        yield History(case_id, rows, listing, tuple(sorted(subjects)))
        cases += 1
        events += count
    reader.finish({"cases": cases, "events": events})


def _case_line(reader: Reader, item: Any) -> tuple[str, int, Listing]:
    """The line of a case, every part of the type that it was written with."""
    if not isinstance(item, dict):
        raise reader.damaged("stands where the next case should begin")
    item = dict(item)
    case_id, count = item.pop("case", None), item.pop("events", None)
    keys = item.get("keys")
    due, ended = item.get("due_at"), item.get("ended")
    texts = [case_id, *(item.get(name) for name in Listing._fields[:5])]
    fits = (
        set(item) == set(Listing._fields)
        and all(type(text) is str for text in texts)
        and (due is None or _is_moment(due))
        and type(ended) is bool
        and type(count) is int
        and count <= MOST_EVENTS
        and type(keys) is list
        and all(type(key) is list and [type(part) for part in key] == [str, str] for key in keys)
    )
    if not fits or not case_id:
        raise reader.damaged("does not say what the list of cases says of a case")
    names, values = [name for name, _ in keys], [value for _, value in keys]
    if not all(is_key(text, LONGEST_ID) for text in (*texts, *names)) or not all(
        is_key(value, LONGEST_VALUE) for value in values
    ):
        raise reader.damaged("lists a case by a text that is longer than it may be, or holds NUL")
    if count < 1:
        raise reader.damaged("says that its case holds no event", case_id)
    item["keys"] = tuple(sorted({(name, value) for name, value in item["keys"]}))
    return case_id, count, Listing(**item)


def _is_moment(text: object) -> bool:
    """Whether it is a moment as it is stored: the list of cases reads and sorts by it."""
    try:
        return type(text) is str and instant(moment_of(text)) == text
    except ValueError:
        return False


def _unreadable(row: StoredEvent) -> str | None:
    """Why nobody could read an event; None: somebody can. It would stop every consumer."""
    try:
        see_that_it_reads(row)
    except (ValueError, TypeError) as error:
        return cause_of(error)
    return None


def _rows(reader: Reader, agency: str, case_id: str, count: int) -> list[StoredEvent]:
    """The events of one case. The hot loop of an import: nothing is decoded but the columns."""
    loads, dumps, new = orjson.loads, orjson.dumps, tuple.__new__
    rows: list[StoredEvent] = []
    previous = GENESIS
    for number, line in enumerate(islice(reader.lines, count), 1):
        try:
            row = loads(line)
            fits = tuple(map(type, row)) in SHAPES and dumps(row) == line
        except (orjson.JSONDecodeError, TypeError):
            fits = False
        if not fits or row[0] != agency or row[1] != case_id or not 0 <= row[4] < 2**31:
            problem = f"is not event {number} of this case"
        elif row[2] != number or row[22] != previous:
            problem = f"does not follow: event {number} of this case should stand there"
        elif sha256(line[:-HASH] + b"]").hexdigest() != row[23]:
            problem = f"(event {number}) was changed after it was written"
        elif b"\\u0000" in line and any(type(part) is str and "\0" in part for part in row):
            problem = f"(event {number}) holds NUL, which not every store takes"
        elif unreadable := _unreadable(event := new(StoredEvent, row)):
            problem = f"(event {number}) cannot be read: {unreadable}"
        else:
            previous = row[23]
            rows.append(event)
            continue
        reader.place += number
        raise reader.damaged(problem, case_id)
    reader.place += len(rows)
    if len(rows) < count:
        reader.place += 1
        raise reader.missing()
    return rows
