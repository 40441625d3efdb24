"""Verifying: whether every history, and what is derived from it, is as it was written.

Of each case: its chain, the end that the store knows of, its commands; and, read with the
workflow, its snapshot and what the list of cases says. Of the whole: that the feed shows every
event once and in order. A case is in memory while it is looked at, and not longer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple

import attrs

from caseflow.casebook import findings, store_calls
from caseflow.casebook.attestation import Attestation, Attesting, read_attestation
from caseflow.casebook.files import FileLike, name_of, written
from caseflow.casebook.findings import Finding, Verified
from caseflow.casebook.given import an_id
from caseflow.casebook.listing import listing_of
from caseflow.casebook.loading import Loader
from caseflow.casebook.recent import Loaded
from caseflow.casebook.store_calls import Work
from caseflow.casebook.tidying import tidy
from caseflow.casebook.walking import PAGE, Pages, listed_as
from caseflow.kernel.case import Case, S, fold
from caseflow.kernel.checks import said
from caseflow.kernel.errors import ChainBroken, OtherVersion, UnreadableRecord, short
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.stored import StoredEvent, verify_chain
from caseflow.storage.port import Found, Head, Query, Snapshot


class Stored(NamedTuple):
    """All that a store has of one case, read so that a writer in between does no harm."""

    rows: Sequence[StoredEvent]
    head: Head | None
    snapshot: Snapshot | None


@attrs.define(eq=False)
class _Round:
    """What one round of verifying has seen so far."""

    cases: int = 0
    events: int = 0
    by_chain_only: int = 0
    unused_snapshots: int = 0
    findings: list[Finding] = attrs.Factory(list)
    versions: dict[str, int] = attrs.Factory(dict)
    """Per case, the number of its last event."""

    def told(self, agency: str, against: Attestation | None = None) -> Verified:
        return Verified(
            agency=agency,
            cases=self.cases,
            events=self.events,
            findings=tuple(self.findings),
            by_chain_only=self.by_chain_only,
            unused_snapshots=self.unused_snapshots,
            against=against,
        )


class Audit(Generic[S]):
    """Verifies the cases of one agency, and attests where they stand."""

    def __init__(self, loader: Loader[S], now: Callable[[], datetime]) -> None:
        self._loader = loader
        self._agency = loader.agency
        self._codec = loader.codec
        self._now = now

    # -- attesting ---------------------------------------------------------------------------

    def attest(self, to: FileLike) -> Work[Attestation]:
        """Write down where every case stands."""
        with written(to) as file:
            attesting = Attesting(file, name_of(to), agency=self._agency, moment=self._now())
            pages = Pages(self._agency)
            while page := (yield from pages.next()):
                for found in page:
                    head = yield from store_calls.head(self._agency, found.case_id)
                    if head is None:
                        raise ChainBroken(case_id=found.case_id, number=1, problem="is missing")
                    attesting.add(found.case_id, head)
            return attesting.end()

    # -- verifying ---------------------------------------------------------------------------

    def verify(self, case_id: str) -> Work[Verified]:
        """Verify one case."""
        an_id("case_id", case_id)
        stored = yield from self._stored(case_id)
        if stored.head is None and not stored.rows:
            raise self._loader.no_such_case(case_id)
        listed = None
        if stored.rows:
            of_client = Query(client=stored.rows[0].subject)
            listed = yield from listed_as(self._agency, case_id, of_client)
        if listed is not None and listed.version > len(stored.rows):  # somebody wrote in between
            stored = yield from self._stored(case_id)
        seen = _Round()
        yield from self._case(seen, case_id, listed, stored)
        return seen.told(self._agency)

    def verify_all(self, against: FileLike | None, digest: str | None) -> Work[Verified]:
        """Verify every case, and compare all with an attestation."""
        attestation: Attestation | None = None
        attested: dict[str, Head] = {}
        if against is not None:
            attestation, attested = read_attestation(against, agency=self._agency, digest=digest)
        moment = f"{attestation.moment:%Y-%m-%d %H:%M %Z}" if attestation else ""
        seen = _Round()
        pages = Pages(self._agency)
        yield from self._walk(seen, pages, attested, moment)
        awaited = dict(seen.versions)
        shown = yield from self._feed(seen)
        yield from self._walk(seen, pages, attested, moment)  # what was opened in between
        _compare_feed(seen, shown, awaited)
        for case_id, head in attested.items():  # those that were met are taken out
            seen.findings.append(findings.lost(case_id, head.version, moment))
        return seen.told(self._agency, attestation)

    def _walk(
        self, seen: _Round, pages: Pages, attested: dict[str, Head], moment: str
    ) -> Work[None]:
        while page := (yield from pages.next()):
            for found in page:
                case_id = found.case_id
                stored = yield from self._stored(case_id)
                yield from self._case(seen, case_id, found, stored)
                head = attested.pop(case_id, None)
                if head is not None:
                    seen.findings += _against(case_id, stored.rows, head, moment)

    def _stored(self, case_id: str) -> Work[Stored]:
        """What the store has of a case. The order of reading matters: see `_end`."""
        snapshot = yield from store_calls.snapshot(self._agency, case_id)
        head = yield from store_calls.head(self._agency, case_id)
        rows = yield from store_calls.read(self._agency, case_id)
        if len(rows) > (head.version if head else 0):  # somebody wrote in between, or forged it
            head = yield from store_calls.head(self._agency, case_id)
        return Stored(rows, head, snapshot)

    def _case(self, seen: _Round, case_id: str, listed: Found | None, stored: Stored) -> Work[None]:
        """Verify one case: first what was written, then what is derived from it."""
        rows = stored.rows
        seen.cases += 1
        seen.events += len(rows)
        seen.versions[case_id] = len(rows)
        fault = _chain(self._agency, case_id, rows) or _end(case_id, rows, stored.head)
        if fault is not None:
            seen.findings.append(fault)
            return
        seen.findings += yield from self._commands(case_id, rows)
        if rows[0].workflow != self._loader.workflow.name:
            seen.by_chain_only += 1
            return
        self._loader.look_at_keys()
        try:
            workflow = self._loader.workflow_of(case_id, rows[0])
            history = self._codec.decode_all(rows)
        except UnreadableRecord as error:
            seen.findings.append(findings.unreadable(error))
        except OtherVersion as error:
            seen.findings.append(
                Finding(code=error.code, case_id=case_id, number=None, sentence=str(error))
            )
        else:
            folded = _Folded(history, workflow.state)
            try:
                self._snapshot(seen, case_id, folded, stored.snapshot)
                told = yield from self._listing(case_id, workflow, folded, listed, rows)
                if told and listed is not None:
                    # It may be listed anew by now: whoever erases somebody does so.
                    now = Query(client=listed.listing.client)
                    again = (yield from listed_as(self._agency, case_id, now)) or listed
                    told = yield from self._listing(case_id, workflow, folded, again, rows)
                seen.findings += told
            except Exception as error:  # a state and an index are foreign code
                seen.findings.append(_not_folded(case_id, error))

    def _commands(self, case_id: str, rows: Sequence[StoredEvent]) -> Work[list[Finding]]:
        """Whether the store answers each command with what it wrote."""
        units: dict[str, list[StoredEvent]] = {}
        for row in rows:
            if row.command_id is not None:
                units.setdefault(row.command_id, []).append(row)
        for command_id, unit in units.items():
            answer = yield from store_calls.command(self._agency, command_id)
            if list(answer) != unit:
                return [findings.command(case_id, unit[0].number, command_id)]
        return []

    def _snapshot(
        self, seen: _Round, case_id: str, folded: _Folded, snapshot: Snapshot | None
    ) -> None:
        """Compare the snapshot with the history: nobody else does, and cases are loaded by it."""
        if snapshot is None:
            return
        state = self._loader.workflow.state
        case = self._codec.decode_case(snapshot.text, state)
        if case is None and self._codec.made_otherwise(snapshot.text, state):
            seen.unused_snapshots += 1
        elif case is None or case != folded.at(snapshot.version):
            seen.findings.append(findings.snapshot(case_id, snapshot.version))

    def _listing(
        self,
        case_id: str,
        workflow: Any,
        folded: _Folded,
        listed: Found | None,
        rows: Sequence[StoredEvent],
    ) -> Work[list[Finding]]:
        """Compare what the list says of a case with what its history says."""
        if listed is None:
            problem = f"does not show case {case_id!r} under its client"
            return [findings.listing(case_id, problem)]
        case = folded.at(listed.version)
        if case is None:
            problem = f"has case {case_id!r} at event {listed.version}, where it does not end"
            return [findings.listing(case_id, problem)]
        wanted = listing_of(workflow, case, case.recorded_at, self._codec)
        for field, found, right in zip(wanted._fields, listed.listing, wanted, strict=True):
            if found != right:
                problem = (
                    f"says {field} {short(found)} of case {case_id!r}, and its history says "
                    f"{short(right)}"
                )
                return [findings.listing(case_id, problem)]
        for subject in sorted({row.subject for row in rows[: listed.version]}):
            query = Query(client=wanted.client, subject=subject)
            if (yield from listed_as(self._agency, case_id, query)) is None:
                problem = f"does not show case {case_id!r} under its subject {subject!r}"
                return [findings.listing(case_id, problem)]
        return []

    # -- the feed ----------------------------------------------------------------------------

    def _feed(self, seen: _Round) -> Work[dict[str, int]]:
        """How far the feed shows each case, going through all of it in order."""
        shown: dict[str, int] = {}
        faulty = {finding.case_id for finding in seen.findings}
        place = 0
        while page := (yield from store_calls.feed(self._agency, after=place, limit=PAGE)):
            for position, event in page:
                if position != place + 1:
                    problem = f"goes from position {place} to position {position}"
                    seen.findings.append(findings.feed("", None, problem))
                place = max(position, place + 1)
                case_id, number = event.case_id, event.number
                wanted = shown.get(case_id, 0) + 1
                if number != wanted and case_id not in faulty:
                    faulty.add(case_id)
                    problem = f"shows event {number} of case {case_id!r} in the place of {wanted}"
                    seen.findings.append(findings.feed(case_id, wanted, problem))
                shown[case_id] = number
        return {id: number for id, number in shown.items() if id not in faulty}

    # -- putting right -----------------------------------------------------------------------

    def reindex(self) -> Work[int]:
        """Put right what is derived of the cases of this workflow. How many were put right.

        A case that somebody writes to meanwhile is listed by that, and left alone here. Raises
        `ChainBroken` for the first case that does not verify, when the others are put right.
        """
        done = 0
        broken: ChainBroken | None = None
        pages = Pages(self._agency)
        while page := (yield from pages.next()):
            for found in page:
                try:
                    done += yield from self._relisted(found)
                except ChainBroken as error:
                    broken = broken or error
        if broken is not None:
            raise broken
        return done

    def _relisted(self, found: Found) -> Work[bool]:
        case_id, version, listed, _ = found
        stored = yield from self._stored(case_id)
        rows = stored.rows
        fault = _chain(self._agency, case_id, rows) or _end(case_id, rows, stored.head)
        if fault is not None:
            number = fault.number or 1
            raise ChainBroken(case_id=case_id, number=number, problem="does not hold (see verify)")
        if rows[0].workflow != self._loader.workflow.name or len(rows) != version:
            return False
        workflow = self._loader.workflow_of(case_id, rows[0])
        generation = self._loader.look_at_keys()
        folded = _Folded(self._codec.decode_all(rows), workflow.state)
        case = folded.at(version)
        if case is None:
            return False
        seen = _Round()
        self._snapshot(seen, case_id, folded, stored.snapshot)
        forget = bool(seen.findings or seen.unused_snapshots)
        listing = listing_of(workflow, case, case.recorded_at, self._codec)
        subjects = frozenset(row.subject for row in rows)  # the next snapshot is sealed for all
        held = Loaded(case, rows[-1].hash, listing, subjects, generation)
        self._loader.recent.put(case_id, held)
        if listing == listed and not forget:
            return False
        done = yield from store_calls.relist(
            self._agency, case_id, version=version, listing=listing, forget=forget
        )
        if self._loader.look_at_keys() != generation:  # what it tells of may be erased by now
            yield from tidy(self._loader, case_id)
        return done


class _Folded:
    """The case at any of its versions, folded once where the same one is asked for again."""

    def __init__(self, history: Sequence[AnyRecorded], state: Callable[[], Any]) -> None:
        self._history = history
        self._state = state
        self._cases: dict[int, Case[Any]] = {}

    def at(self, version: int) -> Case[Any] | None:
        """The case after an event; None where it has no such event."""
        if not 0 < version <= len(self._history):
            return None
        if version not in self._cases:
            self._cases[version] = fold(self._history[:version], self._state())
        return self._cases[version]


def _chain(agency: str, case_id: str, rows: Sequence[StoredEvent]) -> Finding | None:
    """What is wrong inside a history."""
    for number, row in enumerate(rows, 1):
        if (row.agency, row.case_id) != (agency, case_id):
            return findings.broken(case_id, number, "belongs to another case")
    try:
        verify_chain(rows)
    except ChainBroken as error:
        return findings.unreadable(error)
    return None


def _end(case_id: str, rows: Sequence[StoredEvent], head: Head | None) -> Finding | None:
    """What is wrong with the end of a history, as the store knows of it.

    The end was read before the events, and again after them where there are more of them: it
    is never behind them, nor ahead of them, whoever writes at the same time.
    """
    version = head.version if head else 0
    if len(rows) < version or not rows:
        return findings.broken(case_id, len(rows) + 1, "is missing")
    if len(rows) > version:
        return findings.broken(case_id, version + 1, "stands after the last that was written")
    if head is not None and rows[-1].hash != head.hash:
        return findings.broken(case_id, version, "is not the last event that was written")
    return None


def _against(case_id: str, rows: Sequence[StoredEvent], head: Head, moment: str) -> list[Finding]:
    """What of a case does not fit its attestation."""
    if not rows:
        return [findings.lost(case_id, head.version, moment)]
    if len(rows) < head.version:
        return [findings.cut(case_id, len(rows), head.version, moment)]
    if head.version < 1 or rows[head.version - 1].hash != head.hash:
        return [findings.rewritten(case_id, head.version, moment)]
    return []


def _compare_feed(seen: _Round, shown: dict[str, int], awaited: dict[str, int]) -> None:
    """Whether the feed shows the events of every case, and no case that is not listed.

    `awaited` are the cases that were verified before the feed was read.
    """
    told = {finding.case_id for finding in seen.findings}
    for case_id, number in shown.items():
        if case_id not in seen.versions:
            problem = f"does not show case {case_id!r}, whose events are in the feed"
            seen.findings.append(
                Finding(
                    code="list-differs",
                    case_id=case_id,
                    number=number,
                    sentence=f"The list of cases {problem}. Get it from a backup.",
                )
            )
    for case_id, version in awaited.items():
        number = shown.get(case_id, 0)
        if number < version and case_id not in told:
            problem = f"does not show event {number + 1} of case {case_id!r}"
            seen.findings.append(findings.feed(case_id, number + 1, problem))


def _not_folded(case_id: str, error: Exception) -> Finding:
    return Finding(
        code="cannot-be-folded",
        case_id=case_id,
        number=None,
        sentence=f"Case {case_id!r} cannot be folded and listed with this program: "
        f"{type(error).__name__}: {said(error)}. Mend its state or its indexes.",
    )
