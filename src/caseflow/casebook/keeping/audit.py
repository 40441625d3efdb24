"""Verifying: whether every history, and what is derived from it, is as it was written.

Of each case: its chain, the end that the store knows of, its commands; and, read with the
workflow, its snapshot and what the list of cases says. Of the whole, which the store looks at:
that the feed shows every event once and in order, and that nothing hangs on nothing. A case is
in memory while it is looked at, and not longer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic

import attrs

from caseflow.casebook import store_calls
from caseflow.casebook.finding.listing import listing_of
from caseflow.casebook.finding.walking import Pages, listed_as, see_that_all_are_listed
from caseflow.casebook.given import an_id
from caseflow.casebook.keeping import examining, findings
from caseflow.casebook.keeping.attestation import Attestation, Attesting, read_attestation
from caseflow.casebook.keeping.examining import Folded, Stored, stored_of, whole
from caseflow.casebook.keeping.files import FileLike, name_of, written
from caseflow.casebook.keeping.findings import Finding, Verified
from caseflow.casebook.loading import Loader
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import S
from caseflow.kernel.errors import ChainBroken, OtherVersion, UnreadableRecord
from caseflow.kernel.stored import StoredEvent
from caseflow.storage.port import Found, Head, Query


@attrs.define(eq=False)
class _Round:
    """What one round of verifying has seen so far."""

    cases: int = 0
    events: int = 0
    by_chain_only: int = 0
    unused_snapshots: int = 0
    findings: list[Finding] = attrs.Factory(list)

    def add(self, other: _Round) -> None:
        self.cases += other.cases
        self.events += other.events
        self.by_chain_only += other.by_chain_only
        self.unused_snapshots += other.unused_snapshots
        self.findings += other.findings

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
        """Write down where every case stands. Raises `ChainBroken` for one that does not hold."""
        with written(to) as file:
            attesting = Attesting(file, name_of(to), agency=self._agency, moment=self._now())
            yield from see_that_all_are_listed(self._agency)
            pages = Pages(self._agency)
            while page := (yield from pages.next()):
                for found in page:
                    stored = yield from stored_of(self._agency, found.case_id)
                    whole(self._agency, found.case_id, stored)
                    last = stored.rows[-1]
                    attesting.add(found.case_id, Head(last.number, last.hash))
            return attesting.end()

    # -- verifying ---------------------------------------------------------------------------

    def verify(self, case_id: str) -> Work[Verified]:
        """Verify one case."""
        an_id("case_id", case_id)
        listed = yield from listed_as(self._agency, case_id)
        seen = _Round()
        rows = yield from self._case(seen, case_id, listed)
        if listed is None and not rows:
            raise self._loader.no_such_case(case_id)
        if not seen.findings:
            seen.findings += yield from self._subjects(case_id, rows)
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
        while page := (yield from pages.next()):
            for found in page:
                yield from self._attested(seen, found, attested, moment)
        for case_id in list(attested):  # committed behind the page that was read, or gone
            listed = yield from listed_as(self._agency, case_id)
            if listed is not None:
                yield from self._attested(seen, listed, attested, moment)
        for case_id, head in attested.items():  # those that were met are taken out
            seen.findings.append(findings.lost(case_id, head.version, moment))
        yield from self._loose_ends(seen)
        return seen.told(self._agency, attestation)

    def _attested(
        self, seen: _Round, found: Found, attested: dict[str, Head], moment: str
    ) -> Work[None]:
        rows = yield from self._case(seen, found.case_id, found)
        head = attested.pop(found.case_id, None)
        if head is not None:
            seen.findings += examining.against(found.case_id, rows, head, moment)

    def _case(
        self, seen: _Round, case_id: str, listed: Found | None
    ) -> Work[Sequence[StoredEvent]]:
        """Verify one case; its events.

        What was found is looked for a second time: where it was listed anew while it was
        looked at, or somebody was erased, what was read does not fit together.
        """
        rows: Sequence[StoredEvent] = ()
        for again in (True, False):
            one = _Round(cases=1)
            try:
                stored = yield from stored_of(self._agency, case_id)
            except ChainBroken as error:  # what the store has of its end cannot be read
                one.findings.append(findings.unreadable(error))
            else:
                rows, one.events = stored.rows, len(stored.rows)
                yield from self._examine(one, case_id, listed, stored)
            if not again or not one.findings:
                break
            listed = yield from listed_as(self._agency, case_id)
        seen.add(one)
        return rows

    def _examine(
        self, seen: _Round, case_id: str, listed: Found | None, stored: Stored
    ) -> Work[None]:
        """First what was written, then what is derived from it."""
        rows = stored.rows
        fault = examining.chain(self._agency, case_id, rows) or examining.end(case_id, stored)
        if fault is not None:
            seen.findings.append(fault)
            return
        seen.findings += yield from examining.commands(self._agency, case_id, rows)
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
            seen.findings.append(findings.other_version(case_id, error))
        else:
            folded = Folded(history, workflow.state)
            try:
                self._derived(seen, case_id, folded, stored, listed, workflow)
            except Exception as error:  # a state and an index are foreign code
                seen.findings.append(findings.not_folded(case_id, error))

    def _derived(
        self,
        seen: _Round,
        case_id: str,
        folded: Folded,
        stored: Stored,
        listed: Found | None,
        workflow: Any,
    ) -> None:
        """Compare the snapshot and the list with the history."""
        kept = stored.snapshot
        fits = examining.snapshot(self._codec, self._loader.workflow.state, folded, kept)
        if fits == "unused":
            seen.unused_snapshots += 1
        elif fits == "differs" and kept is not None:
            seen.findings.append(findings.snapshot(case_id, kept.version))
        if listed is None:
            problem = f"does not show case {case_id!r}"
            seen.findings.append(findings.listing(case_id, problem))
            return
        case = folded.at(listed.version)
        if case is None:
            problem = f"has case {case_id!r} at event {listed.version}, where it does not end"
            seen.findings.append(findings.listing(case_id, problem))
            return
        wanted = listing_of(workflow, case, case.recorded_at, self._codec)
        seen.findings += examining.listing(case_id, listed, wanted)

    def _subjects(self, case_id: str, rows: Sequence[StoredEvent]) -> Work[list[Finding]]:
        """Whether the list shows a case under everybody whose data it holds."""
        for subject in sorted({row.subject for row in rows}):
            query = Query(case_id=case_id, subject=subject)
            if not (yield from store_calls.find(self._agency, query, limit=1)):
                return [findings.unheld(case_id, subject)]
        return []

    # -- the whole ---------------------------------------------------------------------------

    def _loose_ends(self, seen: _Round) -> Work[None]:
        """What hangs on nothing, or lacks what hangs on it; once for each case and kind.

        Of a history that is damaged itself, nothing is told of what hangs on it; and of a case
        whose commands are answered otherwise, nothing more of them.
        """
        otherwise = {one.case_id for one in seen.findings if one.code == findings.COMMAND}
        damaged = {one.case_id for one in seen.findings if one.code == ChainBroken.code}
        told = set()
        for one in (yield from store_calls.loose_ends(self._agency)):
            about = one.case_id or one.name
            if one.case_id in damaged or (about, one.kind) in told:
                continue
            if one.kind == "command" and one.case_id in otherwise:
                continue
            told.add((about, one.kind))
            seen.findings.append(findings.loose(one))
            if one.kind == "history":
                damaged.add(one.case_id)
