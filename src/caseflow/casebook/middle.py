"""The verbs of the casebook without their I/O: load, decide, append, and try again.

Every verb is a generator that yields calls on the store. The shells in `book.py` carry them
out, one waiting and one awaiting, so that both decide by the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic

import orjson

from caseflow.casebook import store_calls
from caseflow.casebook.given import (
    Given,
    an_actor,
    an_id,
    content_of,
    entries_of,
    facts_among,
    only_facts,
)
from caseflow.casebook.outcome import Outcome
from caseflow.casebook.parts import a_count, a_source_of_roles, events_of, versions_of
from caseflow.casebook.recent import Loaded, RecentCases
from caseflow.casebook.replay import first_answer
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import Case, S, fold, histories_of, known, occurred
from caseflow.kernel.cipher import Cipher
from caseflow.kernel.codec import Codec
from caseflow.kernel.errors import (
    CaseExists,
    ChainBroken,
    CommandReused,
    Conflict,
    InvalidCall,
    NoSuchCase,
    OtherVersion,
    OtherWorkflow,
    Refused,
    VersionMoved,
    short,
)
from caseflow.kernel.events import Corrected, Moved, Voided, event_type
from caseflow.kernel.recorded import Actor, AnyRecorded, as_roles, aware
from caseflow.kernel.stored import GENESIS, StoredEvent, without_gap
from caseflow.kernel.verdict import Verdict
from caseflow.storage.port import Appended, Head, Unit
from caseflow.workflow.command import Command, Decided, Entry
from caseflow.workflow.decide import decide, open_case
from caseflow.workflow.options import Option, options
from caseflow.workflow.owed import Owed, owed
from caseflow.workflow.workflow import Workflow

Roles = Mapping[str, Iterable[str]] | Callable[[str, Case[Any] | None], Iterable[str]]
"""Which roles an actor holds: by id, or by a function of the id and the case (None: opening)."""

AMENDING = {event_type(cls).name for cls in (Corrected, Voided)}

UNKNOWN = "unknown"
"""In place of the hash of an event that was not read."""

ATTEMPTS = 8
"""How often a command is decided again when others write to the case in between."""


class Middle(Generic[S]):
    """The verbs over one workflow and one agency. It sees the store only by what it yields."""

    def __init__(
        self,
        workflow: Workflow[S],
        *,
        agency: str,
        roles: Roles,
        earlier: Iterable[Workflow[Any]],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        cipher: Cipher | None,
        snapshot_every: int,
        recent: int,
    ) -> None:
        an_id("agency", agency)
        a_source_of_roles(roles)
        a_count("snapshot_every", snapshot_every)
        a_count("recent", recent)
        self.workflow = workflow
        self.agency = agency
        self.versions = versions_of(workflow, earlier)
        self.codec = Codec(events_of(self.versions), cipher)
        self._roles = roles
        self._clock = clock
        self._new_id = new_id
        self._snapshot_every = snapshot_every
        self._recent = RecentCases(recent)

    # -- reading -----------------------------------------------------------------------------

    def load(self, case_id: str) -> Work[Loaded]:
        """The present case: from memory, from a snapshot, or from its whole history."""
        an_id("case_id", case_id)
        head = yield from store_calls.head(self.agency, case_id)
        if head is None:
            raise self._no_such_case(case_id)
        start = self._recent.get(case_id) or self._from_snapshot(head)
        if start is not None and (start.case.version, start.hash) == (head.version, head.hash):
            return start
        after = start.case.version if start else 0
        rows = yield from store_calls.read(self.agency, case_id, after=after)
        if start is not None and not self._continues(start, rows):
            rows = yield from store_calls.read(self.agency, case_id)
            start = None
        loaded = self._folded(case_id, rows, start)
        if loaded.case.version < head.version:  # the store says that there was more
            number = loaded.case.version + 1
            raise ChainBroken(case_id=case_id, number=number, problem="is missing")
        if loaded.case.version == head.version and loaded.hash != head.hash:
            problem = "is not the last event that was written"
            raise ChainBroken(case_id=case_id, number=head.version, problem=problem)
        self._recent.put(case_id, loaded)
        return loaded

    def _from_snapshot(self, head: Head) -> Loaded | None:
        """The case as its snapshot tells it, if there is one that can be read."""
        if head.snapshot is None:
            return None
        case = self.codec.decode_case(head.snapshot, self.workflow.state)
        if case is None or case.version != head.snapshot_version:
            return None
        return Loaded(case, head.hash if case.version == head.version else UNKNOWN)

    def _continues(self, start: Loaded, rows: Sequence[StoredEvent]) -> bool:
        """Whether a case can be carried on with these rows (amendments need all of them)."""
        if not rows or any(row.type in AMENDING for row in rows):
            return False
        return rows[0].number == start.case.version + 1 and (
            start.hash == UNKNOWN or rows[0].previous_hash == start.hash
        )

    def _folded(self, case_id: str, rows: Sequence[StoredEvent], start: Loaded | None) -> Loaded:
        without_gap(case_id, rows, start.case.version + 1 if start else 1)
        history = self.codec.decode_all(rows)
        if start is not None:
            case: Case[Any] = fold(history, start.case.state, into=start.case)
        else:
            workflow = self._workflow_of(case_id, rows[0])
            case = fold(history, workflow.state())
        return Loaded(case, rows[-1].hash)

    def _workflow_of(self, case_id: str, row: StoredEvent | AnyRecorded | Case[Any]) -> Workflow[S]:
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

    def history(self, case_id: str) -> Work[tuple[AnyRecorded, ...]]:
        """All events as they were recorded."""
        an_id("case_id", case_id)
        rows = yield from store_calls.read(self.agency, case_id)
        if not rows:
            raise self._no_such_case(case_id)
        without_gap(case_id, rows, 1)
        return tuple(self.codec.decode_all(rows))

    def case(
        self, case_id: str, *, as_of: datetime | None, known_by: datetime | None
    ) -> Work[Case[S]]:
        """The case: as it is, or as of a moment, or as it was known at one."""
        if as_of is None and known_by is None:
            loaded = yield from self.load(case_id)
            return loaded.case
        events: Iterable[AnyRecorded] = yield from self.history(case_id)
        workflow = self._workflow_of(case_id, next(iter(events)))
        if known_by is not None:
            events = known(events, aware(known_by, name="known"))
        seen = list(events)
        if not (seen if as_of is None else occurred(seen, aware(as_of, name="as_of"))):
            moment = as_of or known_by
            raise self._no_such_case(case_id, when=f" as of {moment:%Y-%m-%d %H:%M %Z}")
        return fold(seen, workflow.state(), as_of=as_of, historical=True)

    def case_ids(self) -> Work[tuple[str, ...]]:
        """The ids of all cases of the agency."""
        ids = yield from store_calls.case_ids(self.agency)
        return tuple(ids)

    def options(
        self, case_id: str, *, by: str | Actor, at: datetime | None
    ) -> Work[tuple[Option, ...]]:
        """What can be done on a case by an actor."""
        loaded = yield from self.load(case_id)
        workflow = self._workflow_of(case_id, loaded.case)
        command = yield from self._command(workflow, loaded.case, (), Given(by=by, at=at))
        return options(workflow, loaded.case, command)

    def owed(self, case_id: str, *, now: datetime | None) -> Work[tuple[Owed, ...]]:
        """What is owed on a case."""
        loaded = yield from self.load(case_id)
        workflow = self._workflow_of(case_id, loaded.case)
        histories = yield from self._histories(workflow, case_id, loaded.case.version)
        moment = aware(now, name="now") if now is not None else self._now()
        return owed(workflow, loaded.case, moment, histories)

    # -- deciding ----------------------------------------------------------------------------

    def ask(self, case_id: str, steps: Sequence[Any], given: Given) -> Work[Verdict]:
        """The verdict that `do` would give; nothing is written."""
        an_id("case_id", case_id)
        entries = self._as_stored(entries_of(steps, "ask"))
        fingerprint = self._fingerprint("do", case_id, entries, given)
        replay = yield from self._replay(fingerprint, entries, given)
        if replay is not None:
            return replay.verdict
        decided, _ = yield from self._decide(case_id, entries, given, fingerprint)
        return decided.verdict

    def do(self, case_id: str, steps: Sequence[Any], given: Given) -> Work[Outcome[S]]:
        """Judge a unit of steps, and write it if it is allowed."""
        an_id("case_id", case_id)
        entries = self._as_stored(entries_of(steps))
        fingerprint = self._fingerprint("do", case_id, entries, given)
        for _ in range(ATTEMPTS):
            replay = yield from self._replay(fingerprint, entries, given)
            if replay is not None:
                return replay
            decided, loaded = yield from self._decide(case_id, entries, given, fingerprint)
            if not decided.verdict.allowed:
                raise Refused(verdict=decided.verdict, unrecorded=facts_among(steps, entries))
            appended = yield from self._append(loaded, decided, given.command_id)
            if appended is Appended.DONE:
                return Outcome(case=decided.case, events=decided.events, verdict=decided.verdict)
        raise Conflict(case_id=case_id, attempts=ATTEMPTS)

    def record(self, case_id: str, facts: Sequence[Any], given: Given) -> Work[Outcome[S]]:
        """Record facts, which are never refused."""
        an_id("case_id", case_id)
        only_facts(entries_of(facts, "record"))
        return (yield from self.do(case_id, facts, given))

    def open(self, client: str, case_id: str | None, given: Given) -> Work[Outcome[S]]:
        """Open a case."""
        an_id("client", client)
        if case_id is not None:
            an_id("case_id", case_id)
        fingerprint = self._fingerprint("open", case_id or "", (Entry(client),), given)
        replay = yield from self._replay(fingerprint, None, given)
        if replay is not None:
            return replay
        if case_id is None:
            case_id = self._new_id()
            an_id("new_id()", case_id)
        command = Command(
            entries=(),
            actor=self._actor(given.by, None),
            now=self._now(),
            at=given.at,
            reason=given.reason,
            command_id=given.command_id,
            fingerprint=fingerprint,
        )
        decided = open_case(
            self.workflow, case_id=case_id, agency=self.agency, client=client, command=command
        )
        if not decided.verdict.allowed:
            raise Refused(verdict=decided.verdict, unrecorded=())
        appended = yield from self._append(None, decided, given.command_id)
        if appended is Appended.DUPLICATE:
            replay = yield from self._replay(fingerprint, None, given)
            if replay is not None:
                return replay
        if appended is not Appended.DONE:
            raise CaseExists(case_id=case_id)
        return Outcome(case=decided.case, events=decided.events, verdict=decided.verdict)

    def _decide(
        self, case_id: str, entries: tuple[Entry, ...], given: Given, fingerprint: str | None
    ) -> Work[tuple[Decided[S], Loaded]]:
        loaded = yield from self.load(case_id)
        workflow = self._workflow_of(case_id, loaded.case)
        if given.version is not None and given.version != loaded.case.version:
            raise VersionMoved(
                case_id=case_id, wanted=given.version, found=loaded.case.version, attempts=1
            )
        for entry in entries:
            if not isinstance(entry.step, str):
                workflow.knows(entry.step)
        command = yield from self._command(workflow, loaded.case, entries, given, fingerprint)
        decided = decide(workflow, loaded.case, command)
        for entry, recorded in zip(entries, decided.events, strict=False):  # refused: no events
            if isinstance(entry.step, str) and type(recorded.event) is not Moved:
                self.codec.check(recorded.event)  # made of its defaults: nobody looked at it yet
        return decided, loaded

    def _as_stored(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """The steps with each event as it will read back: nobody else holds a part of it.

        Raises `PayloadInvalid` where it would not read back, and `UnknownEvent` where no
        version of the workflow declares it.
        """
        return tuple(entry._replace(step=self._step_as_stored(entry.step)) for entry in entries)

    def _step_as_stored(self, step: Any) -> Any:
        if isinstance(step, str):
            return step
        if not self.codec.knows(step):
            raise self.workflow.unknown_event(step)
        return self.codec.check(step)

    def _command(
        self,
        workflow: Workflow[S],
        case: Case[S],
        entries: tuple[Entry, ...],
        given: Given,
        fingerprint: str | None = None,
    ) -> Work[Command]:
        """The command with everything that deciding on it needs, read from the store."""
        history: tuple[AnyRecorded, ...] | None = None
        if any(isinstance(entry.step, (Corrected, Voided)) for entry in entries):
            rows = yield from store_calls.read(self.agency, case.id)
            every = self.codec.decode_all(rows)
            history = tuple(recorded for recorded in every if recorded.number <= case.version)
        return Command(
            entries=entries,
            actor=self._actor(given.by, case),
            now=max(self._now(), case.recorded_at),
            at=given.at,
            reason=given.reason,
            command_id=given.command_id,
            fingerprint=fingerprint,
            history=history,
            histories=(yield from self._histories(workflow, case.id, case.version)),
        )

    def _histories(
        self, workflow: Workflow[S], case_id: str, version: int
    ) -> Work[dict[type[Any], tuple[AnyRecorded, ...]] | None]:
        """The effective events of the types of which some rule reads every event."""
        wanted = workflow.histories
        if not wanted:
            return None
        names = [event_type(cls).name for cls in (*wanted, Corrected, Voided)]
        rows = yield from store_calls.read(self.agency, case_id, types=names)
        every = self.codec.decode_all(rows)
        return histories_of((e for e in every if e.number <= version), wanted)

    def _append(
        self, loaded: Loaded | None, decided: Decided[S], command_id: str | None
    ) -> Work[Appended]:
        """Chain the events to those before them, and write them (None: the case is new)."""
        expected, previous = (loaded.case.version, loaded.hash) if loaded else (0, GENESIS)
        case = decided.case
        rows = []
        for recorded in decided.events:
            rows.append(self.codec.encode(recorded, previous))
            previous = rows[-1].hash
        every = self._snapshot_every
        take = every > 0 and case.version // every > expected // every
        unit = Unit(
            agency=self.agency,
            case_id=case.id,
            expected=expected,
            events=tuple(rows),
            command_id=command_id,
            snapshot=self.codec.encode_case(case) if take else None,
            drop_snapshot=any(row.type in AMENDING for row in rows),
        )
        appended = yield from store_calls.append(unit)
        if appended is Appended.DONE:
            self._recent.put(case.id, Loaded(case, previous))
        return appended

    # -- commands that took effect before ----------------------------------------------------

    def _replay(
        self, fingerprint: str | None, entries: tuple[Entry, ...] | None, given: Given
    ) -> Work[Outcome[S] | None]:
        """The first answer of a command that took effect before; None where it did not."""
        if given.command_id is None:
            return None
        rows = yield from store_calls.command(self.agency, given.command_id)
        if not rows:
            return None
        case_id = rows[0].case_id
        if rows[0].fingerprint != fingerprint:
            raise CommandReused(command_id=given.command_id, case_id=case_id)
        written = self.codec.decode_all(rows)
        all_rows = yield from store_calls.read(self.agency, case_id)
        every = self.codec.decode_all(all_rows)
        history = [recorded for recorded in every if recorded.number <= written[-1].number]
        workflow = self._workflow_of(case_id, written[0])
        return first_answer(workflow, history, written[0].number, entries, given)

    def _fingerprint(
        self, verb: str, target: str, entries: tuple[Entry, ...], given: Given
    ) -> str | None:
        """A fingerprint of what was asked, so that a reused command id is noticed."""
        if given.command_id is None:
            return None
        content = content_of(verb, self.agency, target, entries, given, self.codec)
        try:
            asked = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        except TypeError as error:  # the steps were looked at: they are nested too deeply now
            raise InvalidCall(
                what=f"Command {given.command_id!r}",
                problem=f"cannot be told from others ({error})",
                repair="Nest the values of its events less deeply, or leave command_id out.",
            ) from error
        return self.codec.fingerprint(asked)

    # -- what was given ----------------------------------------------------------------------

    def _actor(self, by: str | Actor, case: Case[Any] | None) -> Actor:
        """Who acts, with the roles that the book knows of."""
        if isinstance(by, Actor):
            return by
        roles = self._roles(by, case) if callable(self._roles) else self._roles.get(by, ())
        if not isinstance(roles, Iterable):
            raise InvalidCall(
                what=f"roles=... gives {short(roles)} for {by!r}, which",
                problem="is no role and no list of roles",
                repair="Give a text, several, or an empty list.",
            )
        actor = Actor(by, as_roles(roles))
        an_actor(actor)
        return actor

    def _now(self) -> datetime:
        # In UTC, as it will read back: a replayed command then answers in the same words.
        return aware(self._clock(), name="the clock's moment").astimezone(UTC)

    def _no_such_case(self, case_id: str, when: str = "") -> NoSuchCase:
        repair = "Open it with open(client=...), or look for it among case_ids()."
        if when:
            repair = "Ask for a later moment."
        return NoSuchCase(case_id=case_id, agency=self.agency, when=when, repair=repair)
