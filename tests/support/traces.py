"""Looking for what should not be there: a case full of personal data, and a search for traces.

`seeded` fills a store with a case in which every field that can hold something personal holds
a text of its own; `traces` looks for these texts in whatever was kept: files, dumps, exports.
Each text is looked for as it stands, and as JSON, base64, UTF-16 and hexadecimal digits write it.
"""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_origin

import attrs

from caseflow import (
    Actor,
    Case,
    Casebook,
    Corrected,
    Entry,
    ExceptionMade,
    Index,
    Retention,
    Workflow,
)
from caseflow.casework import (
    FACTS,
    CaseworkState,
    ContactAttempted,
    LegalHoldLifted,
    NeedIdentified,
    ReferralReceived,
    TransferredOut,
    legal_holds,
)
from caseflow.kernel.cipher import personal_parts
from caseflow.kernel.fields import bare, resolved
from caseflow.stages import six_stage
from tests.support.trades import Clock

SAM = Actor("sam", ["supervisor"])
CLIENT, MEMBER = "Wilhelmina-Zzyzx-204", "Child-Qwghlm-7"
"""Ids that tell who they are of, as careless agencies choose them."""


def first_need(case: Case[CaseworkState]) -> str | None:
    """What the first need says: by which nobody should list cases, and somebody will."""
    return case.state.needs[0].description if case.state.needs else None


def first_word(case: Case[CaseworkState]) -> str | None:
    """The first word of it: what concludes something from a value, erased or not."""
    need = first_need(case)
    return need.split()[0] if need else None


telling: Workflow[CaseworkState] = six_stage.extend(
    "six-stage-telling",
    version="1",
    indexes=[
        Index("need", of=first_need, personal=True),
        Index("word", of=first_word, personal=True),
    ],
)
"""The six stages, with indexes on personal values."""


def telling_book(store: Any, cipher: Any = None, **options: Any) -> Casebook[CaseworkState]:
    """A casebook of it."""
    given = {"clock": Clock(), "retention": Retention(hold=legal_holds), "snapshot_every": 5}
    return Casebook(telling, store, cipher=cipher, **{**given, **options})


def seeded(store: Any, cipher: Any = None, **options: Any) -> tuple[str, list[str]]:
    """A case with a text of its own in every place that can hold one: its id, and the texts."""
    book = telling_book(store, cipher, **options)
    texts = [CLIENT, MEMBER]

    def text(name: str) -> str:
        texts.append(f"Secret-{name}-{len(texts)}-Tell")
        return texts[-1]

    case_id = book.open(client=CLIENT, by=SAM, reason=text("opening"), command_id="c-open").case.id
    for number, cls in enumerate(FACTS):
        if cls is not LegalHoldLifted:
            fact = Entry(filled(cls, text), reason=text("why"), reported_by=text("who"))
            book.record(case_id, fact, by=SAM, command_id=f"c-{number}")
    told = Entry(filled(ContactAttempted, text), reported_by=text("who"), subject=MEMBER)
    book.record(case_id, told, by=SAM)
    need = next(e.number for e in book.history(case_id) if isinstance(e.event, NeedIdentified))
    again = attrs.evolve(filled(NeedIdentified, text), number=1)
    book.do(case_id, Corrected(number=need, event=again), by=SAM, reason=text("mistake"))
    made = ExceptionMade(rule="eligibility-before-enrollment", reason=text("kindness"))
    book.do(case_id, made, by=SAM)
    for _ in range(6):  # until there is a snapshot of all of it
        book.record(case_id, filled(ReferralReceived, text), by=SAM)
    assert store.snapshot("agency", case_id) is not None
    book.do(case_id, filled(TransferredOut, text), by=SAM, reason=text("leaving"))
    return case_id, texts


def filled(cls: type[Any], text: Any) -> Any:
    """An event of a class, with a text of its own in every personal field."""
    plan = personal_parts(cls) or {}
    return cls(
        **{
            field.name: _value(kind, text(f"{cls.__name__}.{field.name}"))
            for field, kind in zip(attrs.fields(cls), resolved(cls).values(), strict=True)
            if field.name in plan
        },
        **{
            field.name: _plain(bare(kind))
            for field, kind in zip(attrs.fields(cls), resolved(cls).values(), strict=True)
            if field.name not in plan and field.default is attrs.NOTHING
        },
    )


def _value(kind: Any, text: str) -> Any:
    return (text,) if get_origin(bare(kind)) is tuple else text


def _plain(kind: Any) -> Any:
    """A value of a field that holds nothing personal."""
    of_type = {int: 1, bool: True, str: "a-word", date: date(2026, 3, 2)}
    if kind in of_type:
        return of_type[kind]
    return () if get_origin(kind) is tuple else get_args(kind)[0]


# -- the search ------------------------------------------------------------------------------


def traces(kept: Mapping[str, bytes], texts: Iterable[str]) -> list[str]:
    """Which of the texts stand where, in any of several spellings; empty where none does."""
    texts = list(texts)
    begun = [spelled for mark in {text[:6] for text in texts} for _, spelled in spellings(mark)]
    written = {  # where no text even begins, which is in most files, none has to be looked for
        name: content for name, content in kept.items() if any(one in content for one in begun)
    }
    return [
        f"{text} ({spelling}) in {name}"
        for text in texts
        for spelling, spelled in spellings(text)
        for name, content in written.items()
        if spelled in content
    ]


def spellings(text: str) -> Iterator[tuple[str, bytes]]:
    """A text as it may stand in a file."""
    plain = text.encode()
    yield "as it is", plain
    yield "hexadecimal", plain.hex().encode()
    yield "HEXADECIMAL", plain.hex().upper().encode()
    yield "UTF-16", text.encode("utf-16-le")
    for cut in range(3):  # base64 of it, wherever it begins in what was encoded
        inner = b64encode(b"\0" * cut + plain)[4 if cut else 0 : -4]
        yield "base64", inner
        yield "base64, URL-safe", inner.replace(b"+", b"-").replace(b"/", b"_")


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file of a folder as it stands: databases, logs and journals."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def dumped(path: Path) -> dict[str, bytes]:
    """A SQLite file as its dump tells it."""
    connection = sqlite3.connect(path)
    try:
        return {f"dump of {path.name}": "\n".join(connection.iterdump()).encode()}
    finally:
        connection.close()


def log_of(url: str) -> str:
    """The file that a PostgreSQL server writes its log to now."""
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        (name,) = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchone() or (
            "",
        )
    return str(name)


def copied(url: str, log: str) -> dict[str, bytes]:
    """Every table of a PostgreSQL database, as COPY writes it; and the files of its server.

    Of the log it takes what was written since it was at this file.
    """
    import psycopg

    told: dict[str, bytes] = {}
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (name,) in tables.fetchall():
            with connection.cursor().copy(f'COPY "{name}" TO STDOUT') as lines:
                told[f"copy of {name}"] = b"".join(bytes(line) for line in lines)
        connection.execute("CHECKPOINT")
        (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        (oid,) = connection.execute(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        ).fetchone() or (0,)
    told |= files_in(Path(folder, f"base/{oid}"))
    last = log_of(url)
    for path in Path(folder, "pg_wal").glob("0*"):
        if log <= path.name <= last:  # those after it are old ones, kept to be written over
            told[str(path)] = path.read_bytes()
    return told


def read_from(store: Any, agency: str = "agency") -> dict[str, bytes]:
    """Everything that a store says when it is asked: rows, snapshots, lists, counts, the feed."""
    from caseflow.storage import Query

    found = store.find(agency, Query(), limit=1000)
    told: dict[str, Any] = {"list": found, "feed": store.feed(agency, limit=10_000)}
    for one in found:
        told[f"rows of {one.case_id}"] = store.read(agency, one.case_id)
        told[f"snapshot of {one.case_id}"] = store.snapshot(agency, one.case_id)
        told["counts"] = [store.tally(agency, name) for name in dict(one.listing.keys)]
        commands = {row.command_id for row in store.read(agency, one.case_id)}
        told["commands"] = [store.command(agency, id) for id in commands if id]
    return {name: repr(value).encode() for name, value in told.items()}


def of_memory(store: Any) -> dict[str, bytes]:
    """A store in memory with everything that it holds."""
    return {name: repr(kept).encode() for name, kept in store._agencies.items()}
