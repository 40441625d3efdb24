"""Attestations: where every case of an agency stood at a moment, to be kept elsewhere.

A chain shows that nothing inside a history was altered. That its end was cut off, that a case
is gone, or that a history was written anew from its first event on, is only seen by somebody
who knows where it stood. An attestation is that knowledge: a small file, and its hash.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import IO

import attrs

from caseflow.casebook.keeping.files import FileLike, Reader, Writer, header, read_from
from caseflow.kernel.convert import moment_of
from caseflow.storage.port import Head

KIND = "attestation"


@attrs.frozen(kw_only=True)
class Attestation:
    """What was attested, of how many cases and events, and when.

    `digest` is the SHA-256 of the file's lines: printed or mailed to somebody else, it tells
    whether a file that is shown later is this one.
    """

    agency: str
    moment: datetime
    cases: int
    events: int
    digest: str


class Attesting:
    """Writes an attestation, case by case."""

    def __init__(self, file: IO[bytes], name: str, *, agency: str, moment: datetime) -> None:
        self._agency, self._moment = agency, moment
        self._cases = self._events = 0
        self._writer = Writer(file, name, header(KIND, agency, moment))

    def add(self, case_id: str, head: Head) -> None:
        """Say where a case stands."""
        self._writer.line([case_id, head.version, head.hash])
        self._cases += 1
        self._events += head.version

    def end(self) -> Attestation:
        """End the file."""
        counts = {"cases": self._cases, "events": self._events}
        digest = self._writer.end(counts)
        return Attestation(agency=self._agency, moment=self._moment, digest=digest, **counts)


def read_attestation(
    source: FileLike, *, agency: str, digest: str | None
) -> tuple[Attestation, dict[str, Head]]:
    """An attestation, and where each case stood.

    Raises `DamagedFile` for one that is not whole, or is another agency's; and, where a
    `digest` is given, for one that is not the one it belongs to. `FileFailed`, `InvalidCall`.
    """
    with read_from(source, kind=KIND) as reader:
        reader.belongs_to(agency)
        try:
            moment = moment_of(reader.header["moment"])
        except ValueError as error:
            raise reader.damaged("does not say of when it is") from error
        heads = dict(_heads(reader))
        counts = {"cases": len(heads), "events": sum(head.version for head in heads.values())}
        ends_with = reader.finish(counts)
        if digest is not None and digest != ends_with:
            raise reader.damaged(
                f"holds the SHA-256 {ends_with}, and not the one that was kept ({digest})",
                repair="Somebody wrote another attestation: look for the one you kept.",
            )
        return Attestation(agency=agency, moment=moment, digest=ends_with, **counts), heads


def _heads(reader: Reader) -> Iterable[tuple[str, Head]]:
    seen: set[str] = set()
    while (item := reader.item()) is not None:
        if not isinstance(item, list) or [type(part) for part in item] != [str, int, str]:
            raise reader.damaged("does not say of a case where it stood")
        case_id, version, last = item
        if case_id in seen:
            raise reader.damaged("names its case a second time", case_id)
        seen.add(case_id)
        yield case_id, Head(version, last)
