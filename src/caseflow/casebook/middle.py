"""The verbs of the casebook without their I/O: load, decide, append, and try again.

Every verb is a generator that yields calls on the store. The shells in `book.py` carry them
out, one waiting and one awaiting, so that both decide by the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic

import orjson

from caseflow.casebook import store_calls
from caseflow.casebook.outcome import Outcome
from caseflow.casebook.recent import Loaded, RecentCases
from caseflow.casebook.store_calls import Work
from caseflow.kernel.case import Case, S, effective, fold, known, occurred
from caseflow.kernel.cipher import Cipher
from caseflow.kernel.codec import Codec, instant
from caseflow.kernel.errors import (
    CaseExists,
    ChainBroken,
    CommandReused,
    Conflict,
    InvalidCall,
    NoSuchCase,
    NotAFact,
    OtherWorkflow,
    Refused,
    VersionMoved,
)
from caseflow.kernel.events import Corrected, Voided, event_type
from caseflow.kernel.recorded import Actor, AnyRecorded, aware
from caseflow.kernel.rules import Result
from caseflow.kernel.stored import StoredEvent
from caseflow.kernel.verdict import Judgement, Verdict
from caseflow.storage.port import Appended, Unit
from caseflow.workflow.decide import (
    Command,
    Decided,
    Entry,
    Option,
    Owed,
    decide,
    open_case,
    options,
    owed,
)
from caseflow.workflow.workflow import Workflow

Roles = Mapping[str, Iterable[str]] | Callable[[str, Case[Any] | None], Iterable[str]]
"""Which roles an actor holds: by id, or by a function of the id and the case (None: opening)."""

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
        self.workflow = workflow
        self.agency = agency
        self.versions = {w.version: w for w in (*earlier, workflow)}
        for other in self.versions.values():
            if other.name != workflow.name:
                raise InvalidCall(
                    what=f"Casebook(earlier=...) holds workflow {other.name!r}, which",
                    problem=f"is no version of {workflow.name!r}",
                    repair="Make a casebook of its own for each workflow.",
                )
        events = dict.fromkeys(c for w in self.versions.values() for c in w.event_types)
        self.codec = Codec(events, cipher)
        self._roles = roles
        self._clock = clock
        self._new_id = new_id
        self._snapshot_every = snapshot_every
        self._recent = RecentCases(recent)

    # -- reading -----------------------------------------------------------------------------

    def load(self, case_id: str) -> Work[Loaded]:
        """The present case: from memory, from a snapshot, or from its whole history."""
        head = yield from store_calls.head(self.agency, case_id)
        if head is None:
            raise self._no_such_case(case_id)
        start = self._recent.get(case_id)
        if start is not None and (start.case.version, start.hash) == (head.version, head.hash):
            return start
        if start is None and head.snapshot is not None:
            case = self.codec.decode_case(head.snapshot, self.workflow.state)
            if case is not None and case.version == head.snapshot_version:
                start = Loaded(case, "")
        after = start.case.version if start else 0
        rows = yield from store_calls.read(self.agency, case_id, after=after)
        if start is None or not self._continues(start, rows):
            rows = yield from store_calls.read(self.agency, case_id)
            start = None
        loaded = self._folded(case_id, rows, start)
        self._recent.put(case_id, loaded)
        return loaded

    def _continues(self, start: Loaded, rows: Sequence[StoredEvent]) -> bool:
        """Whether a case can be carried on with these rows (amendments need all of them)."""
        amending = ("corrected", "voided")
        if not rows or any(row.type in amending for row in rows):
            return False
        return rows[0].number == start.case.version + 1 and (
            not start.hash or rows[0].previous_hash == start.hash
        )

    def _folded(self, case_id: str, rows: Sequence[StoredEvent], start: Loaded | None) -> Loaded:
        first = start.case.version + 1 if start else 1
        if not rows or rows[0].number != first or rows[-1].number != first + len(rows) - 1:
            missing = first if not rows or rows[0].number != first else _gap(rows)
            raise ChainBroken(case_id=case_id, number=missing, problem="is missing")
        decode = self.codec.decode
        history = [decode(row) for row in rows]
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
            raise OtherWorkflow(
                case_id=case_id,
                found=f"{name} {version}",
                wanted=f"{self.workflow.name} {self.workflow.version}",
            )
        return found

    def history(self, case_id: str) -> Work[tuple[AnyRecorded, ...]]:
        """All events as they were recorded."""
        rows = yield from store_calls.read(self.agency, case_id)
        if not rows:
            raise self._no_such_case(case_id)
        return tuple(self.codec.decode(row) for row in rows)

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
        if as_of is not None:
            events = occurred(events, aware(as_of, name="as_of"))
        seen = list(events)
        if not seen:
            moment = as_of or known_by
            raise self._no_such_case(case_id, when=f" as of {moment:%Y-%m-%d %H:%M %Z}")
        return fold(seen, workflow.state(), historical=True)

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
        command = yield from self._command(workflow, loaded.case, (), by=by, at=at)
        return options(workflow, loaded.case, command)

    def owed(self, case_id: str, *, now: datetime | None) -> Work[tuple[Owed, ...]]:
        """What is owed on a case."""
        loaded = yield from self.load(case_id)
        workflow = self._workflow_of(case_id, loaded.case)
        histories = yield from self._histories(workflow, case_id)
        moment = aware(now, name="now") if now is not None else self._clock()
        return owed(workflow, loaded.case, moment, histories)

    # -- deciding ----------------------------------------------------------------------------

    def ask(self, case_id: str, steps: Sequence[Any], **given: Any) -> Work[Verdict]:
        """The verdict that `do` would give; nothing is written."""
        entries = self._entries(steps, given)
        command_id = given["command_id"]
        if command_id is not None:
            fingerprint = self._fingerprint("do", case_id, entries, given)
            replay = yield from self._replay(command_id, fingerprint, entries, given)
            if replay is not None:
                return replay.verdict
        decided, _ = yield from self._decide(case_id, entries, given, fingerprint=None)
        return decided.verdict

    def do(self, case_id: str, steps: Sequence[Any], **given: Any) -> Work[Outcome[S]]:
        """Judge a unit of steps, and write it if it is allowed."""
        entries = self._entries(steps, given)
        command_id = given["command_id"]
        fingerprint = None
        if command_id is not None:
            fingerprint = self._fingerprint("do", case_id, entries, given)
        for _ in range(ATTEMPTS):
            if command_id is not None and fingerprint is not None:
                replay = yield from self._replay(command_id, fingerprint, entries, given)
                if replay is not None:
                    return replay
            decided, loaded = yield from self._decide(
                case_id, entries, given, fingerprint=fingerprint
            )
            if not decided.verdict.allowed:
                facts = (e.step for e in entries if not isinstance(e.step, str))
                unrecorded = tuple(s for s in facts if event_type(s).kind == "fact")
                raise Refused(verdict=decided.verdict, unrecorded=unrecorded)
            appended = yield from self._append(loaded, decided, command_id)
            if appended is Appended.DONE:
                return Outcome(case=decided.case, events=decided.events, verdict=decided.verdict)
        raise Conflict(case_id=case_id, attempts=ATTEMPTS)

    def record(self, case_id: str, facts: Sequence[Any], **given: Any) -> Work[Outcome[S]]:
        """Record facts, which are never refused."""
        for fact in facts:
            step = fact.step if isinstance(fact, Entry) else fact
            if isinstance(step, str) or event_type(step).kind != "fact":
                name = repr(step) if isinstance(step, str) else type(step).__name__
                raise NotAFact(event=name)
        return (yield from self.do(case_id, facts, **given))

    def open(
        self,
        *,
        client: str,
        by: str | Actor,
        case_id: str | None,
        at: datetime | None,
        reason: str | None,
        command_id: str | None,
    ) -> Work[Outcome[S]]:
        """Open a case."""
        given = {"by": by, "at": at, "reason": reason, "command_id": command_id}
        for name, value in (("client", client), ("case_id", case_id)):
            given_id: object = value
            if given_id is not None and (not isinstance(given_id, str) or not given_id):
                raise InvalidCall(
                    what=f"open({name}={value!r})",
                    problem="is no id",
                    repair="Give a text that is not empty.",
                )
        fingerprint = None
        if command_id is not None:
            fingerprint = self._fingerprint("open", case_id or "", (Entry(client),), given)
            replay = yield from self._replay(command_id, fingerprint, None, given)
            if replay is not None:
                return replay
        case_id = case_id or self._new_id()
        command = Command(
            entries=(),
            actor=self._actor(by, None),
            now=self._clock(),
            at=aware(at, name="at") if at is not None else None,
            reason=reason,
            command_id=command_id,
            fingerprint=fingerprint,
        )
        decided = open_case(
            self.workflow, case_id=case_id, agency=self.agency, client=client, command=command
        )
        if not decided.verdict.allowed:
            raise Refused(verdict=decided.verdict, unrecorded=())
        appended = yield from self._append(Loaded(decided.case, ""), decided, command_id, 0)
        if appended is Appended.DUPLICATE and command_id and fingerprint:
            replay = yield from self._replay(command_id, fingerprint, None, given)
            if replay is not None:
                return replay
        if appended is not Appended.DONE:
            raise CaseExists(case_id=case_id)
        return Outcome(case=decided.case, events=decided.events, verdict=decided.verdict)

    def _decide(
        self,
        case_id: str,
        entries: tuple[Entry, ...],
        given: Mapping[str, Any],
        *,
        fingerprint: str | None,
    ) -> Work[tuple[Decided[S], Loaded]]:
        loaded = yield from self.load(case_id)
        workflow = self._workflow_of(case_id, loaded.case)
        wanted = given["version"]
        if wanted is not None and wanted != loaded.case.version:
            raise VersionMoved(
                case_id=case_id, wanted=wanted, found=loaded.case.version, attempts=1
            )
        for entry in entries:
            if not isinstance(entry.step, str):
                workflow.knows(entry.step)
                self.codec.check(entry.step)
        command = yield from self._command(
            workflow,
            loaded.case,
            entries,
            by=given["by"],
            at=given["at"],
            reason=given["reason"],
            command_id=given["command_id"],
            fingerprint=fingerprint,
        )
        return decide(workflow, loaded.case, command), loaded

    def _command(
        self,
        workflow: Workflow[S],
        case: Case[S],
        entries: tuple[Entry, ...],
        *,
        by: str | Actor,
        at: datetime | None,
        reason: str | None = None,
        command_id: str | None = None,
        fingerprint: str | None = None,
    ) -> Work[Command]:
        """The command with everything that deciding on it needs, read from the store."""
        history: tuple[AnyRecorded, ...] | None = None
        if any(isinstance(entry.step, (Corrected, Voided)) for entry in entries):
            rows = yield from store_calls.read(self.agency, case.id)
            history = tuple(self.codec.decode(row) for row in rows if row.number <= case.version)
        return Command(
            entries=entries,
            actor=self._actor(by, case),
            now=max(self._clock(), case.recorded_at),
            at=aware(at, name="at") if at is not None else None,
            reason=reason,
            command_id=command_id,
            fingerprint=fingerprint,
            history=history,
            histories=(yield from self._histories(workflow, case.id, case.version)),
        )

    def _histories(
        self, workflow: Workflow[S], case_id: str, version: int | None = None
    ) -> Work[dict[type[Any], tuple[AnyRecorded, ...]] | None]:
        """The effective events of the types of which some rule reads every event."""
        wanted = workflow.histories
        if not wanted:
            return None
        names = [event_type(cls).name for cls in (*wanted, Corrected, Voided)]
        rows = yield from store_calls.read(self.agency, case_id, types=names)
        decoded = [self.codec.decode(r) for r in rows if version is None or r.number <= version]
        events = effective(decoded)
        return {cls: tuple(e for e in events if type(e.event) is cls) for cls in wanted}

    def _append(
        self,
        loaded: Loaded,
        decided: Decided[S],
        command_id: str | None,
        expected: int | None = None,
    ) -> Work[Appended]:
        previous = loaded.hash
        rows = []
        for recorded in decided.events:
            rows.append(self.codec.encode(recorded, previous))
            previous = rows[-1].hash
        before = loaded.case.version if expected is None else expected
        case = decided.case
        every = self._snapshot_every
        take = every > 0 and case.version // every > before // every
        unit = Unit(
            agency=self.agency,
            case_id=case.id,
            expected=before,
            events=tuple(rows),
            command_id=command_id,
            snapshot=self.codec.encode_case(case) if take else None,
            drop_snapshot=any(row.type in ("corrected", "voided") for row in rows),
        )
        appended = yield from store_calls.append(unit)
        if appended is Appended.DONE:
            self._recent.put(case.id, Loaded(case, previous))
        return appended

    # -- commands that took effect before ----------------------------------------------------

    def _replay(
        self,
        command_id: str,
        fingerprint: str,
        entries: tuple[Entry, ...] | None,
        given: Mapping[str, Any],
    ) -> Work[Outcome[S] | None]:
        """The first answer of a command that took effect before; None where it did not."""
        rows = yield from store_calls.command(self.agency, command_id)
        if not rows:
            return None
        if rows[0].fingerprint != fingerprint:
            raise CommandReused(command_id=command_id, case_id=rows[0].case_id)
        all_rows = yield from store_calls.read(self.agency, rows[0].case_id)
        history = [self.codec.decode(row) for row in all_rows if row.number <= rows[-1].number]
        events = tuple(entry for entry in history if entry.number >= rows[0].number)
        before = [entry for entry in history if entry.number < rows[0].number]
        workflow = self._workflow_of(rows[0].case_id, rows[0])
        verdict = None
        if entries is not None and before:
            verdict = self._first_verdict(workflow, before, events, entries, given)
        case = fold(history, workflow.state())
        return Outcome(
            case=case,
            events=events,
            verdict=verdict or _noted_verdict(workflow, case, events),
            replayed=True,
        )

    def _first_verdict(
        self,
        workflow: Workflow[S],
        before: list[AnyRecorded],
        events: tuple[AnyRecorded, ...],
        entries: tuple[Entry, ...],
        given: Mapping[str, Any],
    ) -> Verdict | None:
        """The verdict, decided again as it was; None where it no longer comes out the same."""
        first = events[0]
        standing = effective(before)
        histories = {
            cls: tuple(e for e in standing if type(e.event) is cls) for cls in workflow.histories
        }
        command = Command(
            entries=entries,
            actor=Actor(first.actor, first.roles, on_behalf_of=first.on_behalf_of),
            now=first.recorded_at,
            at=given["at"],
            reason=given["reason"],
            command_id=first.command_id,
            fingerprint=first.fingerprint,
            history=tuple(before),
            histories=histories or None,
        )
        decided = decide(workflow, fold(before, workflow.state()), command)
        return decided.verdict if decided.events == events else None

    # -- what was given ----------------------------------------------------------------------

    def _entries(self, steps: Sequence[Any], given: Mapping[str, Any]) -> tuple[Entry, ...]:
        """The steps of a call as entries, with everything checked that needs no case."""
        if not steps:
            raise InvalidCall(
                what="do()",
                problem="was given no step",
                repair="Give an event, or the name of a transition.",
            )
        entries = tuple(step if isinstance(step, Entry) else Entry(step) for step in steps)
        for entry in entries:
            if entry.at is not None:
                aware(entry.at, name="at")
            if isinstance(entry.step, type):
                raise InvalidCall(
                    what=f"The step {entry.step.__name__}",
                    problem="is a class, not an event",
                    repair=f"Make an event of it: {entry.step.__name__}(...).",
                )
        for name in ("reason", "command_id"):
            value = given[name]
            if value is not None and not isinstance(value, str):
                raise InvalidCall(
                    what=f"{name}={value!r}", problem="is no text", repair="Give a str, or None."
                )
        return entries

    def _actor(self, by: str | Actor, case: Case[Any] | None) -> Actor:
        """Who acts, with the roles that the book knows of."""
        if isinstance(by, Actor):
            return by
        named: object = by
        if not isinstance(named, str) or not named:
            raise InvalidCall(
                what=f"by={by!r}",
                problem="names nobody",
                repair="Give the id of who acts, or an Actor(id, roles).",
            )
        roles = self._roles(by, case) if callable(self._roles) else self._roles.get(by, ())
        return Actor(by, frozenset([roles] if isinstance(roles, str) else roles))

    def _fingerprint(
        self, verb: str, case_id: str, entries: tuple[Entry, ...], given: Mapping[str, Any]
    ) -> str:
        """A fingerprint of what was asked, so that a reused command id is noticed."""
        by = given["by"]
        at = given["at"]
        content = [
            verb,
            self.agency,
            case_id,
            by.id if isinstance(by, Actor) else by,
            instant(aware(at, name="at")) if at is not None else None,
            given["reason"],
            [self._entry_content(entry) for entry in entries],
        ]
        return self.codec.fingerprint(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))

    def _entry_content(self, entry: Entry) -> list[Any]:
        step: Any = entry.step
        if not isinstance(step, str):
            self.workflow.knows(step)
            self.codec.check(step)
            step = [event_type(step).name, self.codec.converter.unstructure(step)]
        at = instant(entry.at) if entry.at is not None else None
        return [step, at, entry.reason, entry.reported_by, entry.subject]

    def _no_such_case(self, case_id: str, when: str = "") -> NoSuchCase:
        repair = "Open it with open(client=...), or look for it among case_ids()."
        if when:
            repair = "Ask for a later moment."
        return NoSuchCase(case_id=case_id, agency=self.agency, when=when, repair=repair)


def _gap(rows: Sequence[StoredEvent]) -> int:
    """The first number that is missing between rows."""
    for place, row in enumerate(rows):
        if row.number != rows[0].number + place:
            return rows[0].number + place
    return rows[-1].number + 1


def _noted_verdict(
    workflow: Workflow[Any], case: Case[Any], events: tuple[AnyRecorded, ...]
) -> Verdict:
    """A verdict from what was stored with the events: the rules noted, in today's words."""
    judgements = []
    for recorded in events:
        results = []
        for note in recorded.noted:
            rule = workflow.rule_that_noted(recorded, note.rule)
            results.append(
                Result(
                    rule=note.rule,
                    outcome=note.outcome,
                    strength=note.strength,
                    wanted=rule.wanted if rule else note.rule,
                    exception=note.exception,
                    source=rule.source if rule else "",
                    since=note.since,
                )
            )
        name = recorded.transition or event_type(recorded.event).name
        judgements.append(_allowed(workflow, case, recorded, name, tuple(results)))
    return Verdict(True, tuple(judgements))


def _allowed(
    workflow: Workflow[Any],
    case: Case[Any],
    recorded: AnyRecorded,
    name: str,
    results: tuple[Result, ...],
) -> Judgement:
    from caseflow.kernel.rules import Context

    context = Context(
        Actor(recorded.actor, recorded.roles),
        recorded.occurred_at,
        recorded.recorded_at,
        name,
        recorded.event,
        recorded.reason_code or recorded.reason,
        recorded.subject,
    )
    label = workflow.label(name)
    return Judgement(name, label, None, recorded.stage, True, results, case, context)
