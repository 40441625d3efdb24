"""Loading: the present case from memory, from a snapshot, or from its whole history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic

from caseflow.casebook import store_calls
from caseflow.casebook.given import an_id
from caseflow.casebook.recent import Loaded, RecentCases
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import Case, NoState, S, fold
from caseflow.kernel.codec import Codec
from caseflow.kernel.erasure_errors import KeyMissing
from caseflow.kernel.errors import (
    ChainBroken,
    InvalidCall,
    NoSuchCase,
    OtherVersion,
    OtherWorkflow,
    UnreadableRecord,
)
from caseflow.kernel.events import CaseOpened, Corrected, Voided, event_type
from caseflow.kernel.history import histories_of, occurred
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.sealed import is_sealed
from caseflow.kernel.snapshot import subjects_of
from caseflow.kernel.store_errors import Unsupported
from caseflow.kernel.stored import GENESIS, StoredEvent, holds_hash, verify_chain, without_gap
from caseflow.kernel.verdict import Verdict
from caseflow.storage.port import Head, Query
from caseflow.workflow.workflow import Workflow

OPENED = event_type(CaseOpened).name

AMENDING = {event_type(cls).name for cls in (Corrected, Voided)}

ATTEMPTS = 32
"""How often something is done again when others write to the case in between."""

UNKNOWN = "unknown"
"""In place of the hash of an event that was not read."""


class Loader(Generic[S]):
    """Reads the cases of one workflow and one agency."""

    def __init__(
        self,
        workflow: Workflow[S],
        versions: Mapping[str, Workflow[S]],
        *,
        agency: str,
        codec: Codec,
        recent: RecentCases,
        snapshot_every: int,
    ) -> None:
        self.workflow = workflow
        self.versions = versions
        self.agency = agency
        self.codec = codec
        self.recent = recent
        self.snapshot_every = snapshot_every
        self._keys_fit = False

    def see_that_its_keys_fit(self, *, joined: bool = False) -> Work[None]:
        """See that what is sealed in this agency was sealed with the keys of this book.

        Raises `InvalidCall` for a book without a cipher, and `KeyMissing` where its key store
        knows neither a key nor an erasure of the client of the agency's first case, which is
        sealed if anything is. It stays the first, and is asked for until there is one; and again
        after a transaction that the store joined: what was the first in it may have been rolled
        back.
        """
        if self._keys_fit:
            return
        try:
            first = yield from store_calls.find(self.agency, Query(), limit=1)
        except Unsupported:  # such a store has no list of cases
            first = ()
        for found in first:
            rows = yield from store_calls.read(self.agency, found.case_id, types=(OPENED,))
            sealed = [row for row in rows if is_sealed(row)]
            if sealed and self.codec.cipher is None:
                raise InvalidCall(
                    what=f"This book of agency {self.agency!r} has no cipher, and so",
                    problem=f"opens no case beside {found.case_id!r}, which is sealed",
                    repair="Give it the one that the others were written with: "
                    "Casebook(..., cipher=...).",
                )
            try:
                self.codec.decode_all(sealed)
            except UnreadableRecord as error:
                if isinstance(error, KeyMissing) and all(map(holds_hash, sealed)):
                    raise
                return  # it is damaged: whoever reads the case is told
            self._keys_fit = not joined

    def load(self, case_id: str) -> Work[Loaded]:
        """The present case. Raises `NoSuchCase`, and `UnreadableRecord` for what is damaged."""
        an_id("case_id", case_id)
        generation = self.look_at_keys()
        head = yield from store_calls.head(self.agency, case_id)
        if head is None:
            raise self.no_such_case(case_id)
        start = self.recent.get(case_id)
        if start is not None and start.generation != generation:
            start = None  # another thread, slower, put it there after somebody was erased
        if start is not None and (start.case.version, start.hash) == head:
            return start
        if start is None and 0 < self.snapshot_every <= head.version:
            start = yield from self._from_snapshot(case_id, head)
            start = start and start._replace(generation=generation)
            if start is not None and start.hash == head.hash:  # nothing follows it
                self.recent.put(case_id, start)
                return start
        after = start.case.version if start else 0
        rows = yield from store_calls.read(self.agency, case_id, after=after)
        if start is not None and not _continues(start, rows):
            rows = yield from store_calls.read(self.agency, case_id)
            start = None
        loaded = self._folded(case_id, rows, start)._replace(generation=generation)
        if loaded.case.version < head.version:  # the store says that there was more
            number = loaded.case.version + 1
            raise ChainBroken(case_id=case_id, number=number, problem="is missing")
        if loaded.case.version == head.version and loaded.hash != head.hash:
            problem = "is not the last event that was written"
            raise ChainBroken(case_id=case_id, number=head.version, problem=problem)
        self.recent.put(case_id, loaded)
        return loaded

    def look_at_keys(self) -> int:
        """Forget what was read before the last erasure; the number of that erasure."""
        generation = self.codec.generation()
        self.recent.as_of(generation)
        return generation

    def _from_snapshot(self, case_id: str, head: Head) -> Work[Loaded | None]:
        """The case as its snapshot tells it, if there is one that can be read."""
        found = yield from store_calls.snapshot(self.agency, case_id)
        if found is None:
            return None
        case = self.codec.decode_case(found.text, self.workflow.state)
        if case is None or case.version != found.version or case.id != case_id:
            return None
        at = head.hash if case.version == head.version else UNKNOWN
        subjects = subjects_of(found.text) or {self.codec.pseudonym(case.client)}
        self.workflow_of(case_id, case)
        return Loaded(case, at, None, frozenset(subjects))

    def _decoded(self, rows: Sequence[StoredEvent]) -> list[AnyRecorded]:
        """The events of a case. Of one that is not of this book's, that is told first."""
        try:
            return self.codec.decode_all(rows)
        except UnreadableRecord:
            if holds_hash(rows[0]):  # else it may say anything
                self.workflow_of(rows[0].case_id, rows[0])
            raise

    def _folded(self, case_id: str, rows: Sequence[StoredEvent], start: Loaded | None) -> Loaded:
        without_gap(case_id, rows, start.case.version + 1 if start else 1)
        history = self._decoded(rows)
        before = (start.case.version, start.hash) if start else (0, GENESIS)
        verify_chain(rows, after=before[0], previous=None if before[1] == UNKNOWN else before[1])
        if start is not None:
            case: Case[Any] = fold(history, start.case.state, into=start.case)
        else:
            workflow = self.workflow_of(case_id, rows[0])
            case = fold(history, workflow.state())
        subjects = frozenset(row.subject for row in rows) | (start.subjects if start else set())
        return Loaded(case, rows[-1].hash, None, subjects)

    def workflow_of(self, case_id: str, row: StoredEvent | AnyRecorded | Case[Any]) -> Workflow[S]:
        """The version of the workflow that a case is pinned to."""
        identity = row.identity if isinstance(row, Case) else row
        name, version = identity.workflow, identity.workflow_version
        found = self.versions.get(version)
        if name != self.workflow.name:
            raise OtherWorkflow(case_id=case_id, found=name, wanted=self.workflow.name)
        if found is None:
            versions = ", ".join(self.versions)
            raise OtherVersion(case_id=case_id, workflow=name, found=version, known=versions)
        return found

    def judged_by(self, verdict: Verdict, workflow: Workflow[S]) -> Verdict:
        """A verdict that says which version judged it, where cases that are opened have another."""
        if workflow.version == self.workflow.version:
            return verdict
        return verdict._replace(earlier=(workflow.version, self.workflow.version))

    def history(self, case_id: str) -> Work[tuple[AnyRecorded, ...]]:
        """All events as they were recorded. Raises `ChainBroken` where they no longer are."""
        an_id("case_id", case_id)
        self.look_at_keys()
        rows = yield from store_calls.read(self.agency, case_id)
        if not rows:
            raise self.no_such_case(case_id)
        without_gap(case_id, rows, 1)
        history = tuple(self._decoded(rows))
        verify_chain(rows)  # afterwards: what cannot be read says more of what is wrong
        return history

    def by(self, moment: datetime, case: Case[S]) -> Work[Case[S] | None]:
        """The case without what occurred after a moment (None: it had not begun).

        The state of the trade stays as it is: it may not fold without all of its events.
        """
        if all(seen.latest.occurred_at <= moment for seen in case.by_type.values()):
            return case
        history = yield from self.history(case.id)
        events = occurred((one for one in history if one.number <= case.version), moment)
        if not events:
            return None
        found: Case[Any] = fold(events, NoState())
        return found._replace(state=case.state)

    def histories(
        self, workflow: Workflow[S], case_id: str, version: int
    ) -> Work[dict[type[Any], tuple[AnyRecorded, ...]] | None]:
        """The effective events of the types of which some rule reads every event."""
        if not workflow.histories:
            return None
        return (yield from self.events(workflow.histories, case_id, version))

    def events(
        self, wanted: Iterable[type[Any]], case_id: str, version: int
    ) -> Work[dict[type[Any], tuple[AnyRecorded, ...]]]:
        """The effective events of some types, by type."""
        wanted = tuple(wanted)
        names = [event_type(cls).name for cls in (*wanted, Corrected, Voided)]
        rows = yield from store_calls.read(self.agency, case_id, types=names)
        every = self.codec.decode_all(rows)
        return histories_of((e for e in every if e.number <= version), wanted)

    def no_such_case(self, case_id: str, when: str = "") -> NoSuchCase:
        """The error that says so, and where to look."""
        repair = "Open it with open(client=...), or look for it among case_ids()."
        if when:
            repair = "Ask for a later moment."
        return NoSuchCase(case_id=case_id, agency=self.agency, when=when, repair=repair)


def _continues(start: Loaded, rows: Sequence[StoredEvent]) -> bool:
    """Whether a case can be carried on with these rows (amendments need all of them)."""
    if not rows or any(row.type in AMENDING for row in rows):
        return False
    return rows[0].number == start.case.version + 1 and (
        start.hash == UNKNOWN or rows[0].previous_hash == start.hash
    )
