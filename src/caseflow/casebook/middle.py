"""The verbs of the casebook without their I/O: load, decide, append, and try again.

Every verb is a generator that yields calls on the store. The shells in `book.py` carry them
out, one waiting and one awaiting, so that both decide by the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from caseflow.casebook import store_calls
from caseflow.casebook.archive import Archive
from caseflow.casebook.audit import Audit
from caseflow.casebook.commands import Commands
from caseflow.casebook.feeding import Feed
from caseflow.casebook.given import (
    Given,
    an_actor,
    an_id,
    entries_of,
    facts_among,
    only_facts,
)
from caseflow.casebook.listing import held_as, listing_of
from caseflow.casebook.lists import Lists
from caseflow.casebook.loading import AMENDING, ATTEMPTS, Loader
from caseflow.casebook.mending import Mending
from caseflow.casebook.outcome import Outcome
from caseflow.casebook.parts import a_count, a_source_of_roles, events_of, versions_of
from caseflow.casebook.recent import Loaded, RecentCases
from caseflow.casebook.store_calls import Work
from caseflow.casebook.tidying import tidy_if_erased
from caseflow.kernel.case import Case, S, fold, known, occurred
from caseflow.kernel.cipher import Cipher
from caseflow.kernel.codec import Codec
from caseflow.kernel.context import CountNeeded
from caseflow.kernel.errors import (
    CaseExists,
    Conflict,
    InvalidCall,
    Refused,
    VersionMoved,
    short,
)
from caseflow.kernel.events import Moved
from caseflow.kernel.recorded import Actor, AnyRecorded, as_roles, aware
from caseflow.kernel.stored import GENESIS
from caseflow.kernel.verdict import Verdict
from caseflow.storage.port import Appended, Count, Place, Query, Unit
from caseflow.workflow.clocks import Standing, standings
from caseflow.workflow.command import Command, Decided, Entry, needs_history
from caseflow.workflow.decide import decide, open_case
from caseflow.workflow.occasions import Occasion, occasions
from caseflow.workflow.options import Option, options
from caseflow.workflow.owed import Owed, owed
from caseflow.workflow.workflow import Workflow

T = TypeVar("T")

Roles = Mapping[str, Iterable[str]] | Callable[[str, Case[Any] | None], Iterable[str]]
"""Which roles an actor holds: by id, or by a function of the id and the case (None: opening)."""

PAGE = 500
"""How many cases are read from the list at a time, where all of them are wanted."""


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
        self.codec = Codec(events_of(self.versions), cipher and cipher.within(agency))
        self._roles = roles
        self._clock = clock
        self._new_id = new_id
        self.loader: Loader[S] = Loader(
            workflow,
            self.versions,
            agency=agency,
            codec=self.codec,
            recent=RecentCases(recent),
            snapshot_every=snapshot_every,
        )
        self.audit: Audit[S] = Audit(self.loader, self._now)
        self.mending: Mending[S] = Mending(self.loader)
        self.archive = Archive(agency, self._now)
        self._commands: Commands[S] = Commands(self.loader)
        self.lists = Lists(workflow, self.versions, agency=agency, codec=self.codec)
        self.feed = Feed(agency, self.codec, workflow.name)

    # -- reading -----------------------------------------------------------------------------

    def case(
        self, case_id: str, *, as_of: datetime | None, known_by: datetime | None
    ) -> Work[Case[S]]:
        """The case: as it is, or as of a moment, or as it was known at one."""
        if as_of is None and known_by is None:
            loaded = yield from self.loader.load(case_id)
            return loaded.case
        events: Iterable[AnyRecorded] = yield from self.loader.history(case_id)
        workflow = self.loader.workflow_of(case_id, next(iter(events)))
        if known_by is not None:
            events = known(events, aware(known_by, name="known"))
        seen = list(events)
        if not (seen if as_of is None else occurred(seen, aware(as_of, name="as_of"))):
            moment = as_of or known_by
            raise self.loader.no_such_case(case_id, when=f" as of {moment:%Y-%m-%d %H:%M %Z}")
        return fold(seen, workflow.state(), as_of=as_of, historical=True)

    def case_ids(self) -> Work[tuple[str, ...]]:
        """The ids of all cases of the agency, page by page."""
        ids: list[str] = []
        place: Place | None = None
        while True:
            page = yield from store_calls.find(self.agency, Query(), after=place, limit=PAGE)
            ids += [found.case_id for found in page]
            if len(page) < PAGE:
                return tuple(ids)
            place = page[-1].place

    def options(
        self, case_id: str, *, by: str | Actor, at: datetime | None
    ) -> Work[tuple[Option, ...]]:
        """What can be done on a case by an actor."""
        loaded = yield from self.loader.load(case_id)
        workflow = self.loader.workflow_of(case_id, loaded.case)
        command = yield from self._command(workflow, loaded.case, (), Given(by=by, at=at))
        found, _ = yield from self._counting(
            workflow,
            case_id,
            lambda counts: options(workflow, loaded.case, command._replace(counts=counts)),
        )
        return found

    def owed(self, case_id: str, *, now: datetime | None) -> Work[tuple[Owed, ...]]:
        """What is owed on a case."""
        loaded = yield from self.loader.load(case_id)
        workflow = self.loader.workflow_of(case_id, loaded.case)
        histories = yield from self.loader.histories(workflow, case_id, loaded.case.version)
        moment = self._now(now)
        found, _ = yield from self._counting(
            workflow,
            case_id,
            lambda counts: owed(workflow, loaded.case, moment, histories, counts),
        )
        return found

    def obligations(self, case_id: str, *, now: datetime | None) -> Work[tuple[Standing, ...]]:
        """How every obligation of a case stands."""
        loaded = yield from self.loader.load(case_id)
        workflow = self.loader.workflow_of(case_id, loaded.case)
        types = {cls for one in workflow.obligations for cls in one.met_by}
        events = yield from self.loader.events(types, case_id, loaded.case.version)
        return tuple(standings(workflow, loaded.case, self._now(now), events))

    def occasions(self, case_id: str, *, now: datetime | None) -> Work[tuple[Occasion, ...]]:
        """Every time that something was due on a case, and what came of it."""
        history = yield from self.loader.history(case_id)
        return occasions(self.loader.workflow_of(case_id, history[0]), history, self._now(now))

    # -- deciding ----------------------------------------------------------------------------

    def ask(self, case_id: str, steps: Sequence[Any], given: Given) -> Work[Verdict]:
        """The verdict that `do` would give; nothing is written."""
        an_id("case_id", case_id)
        entries = self._as_stored(entries_of(steps, "ask"))
        fingerprint = self._commands.fingerprint("do", case_id, entries, given)
        replay = yield from self._commands.replay(fingerprint, entries, given)
        if replay is not None:
            return replay.verdict
        decided, _, _ = yield from self._decide(case_id, entries, given, fingerprint)
        return decided.verdict

    def do(self, case_id: str, steps: Sequence[Any], given: Given) -> Work[Outcome[S]]:
        """Judge a unit of steps, and write it if it is allowed."""
        an_id("case_id", case_id)
        entries = self._as_stored(entries_of(steps))
        fingerprint = self._commands.fingerprint("do", case_id, entries, given)
        for attempt in range(ATTEMPTS):
            # Nearly every command is new, and the append would tell if it were not: it is
            # looked up only when something is in the way of its effect.
            if attempt:
                replay = yield from self._commands.replay(fingerprint, entries, given)
                if replay is not None:
                    return replay
            try:
                outcome = yield from self._attempt(case_id, steps, entries, given, fingerprint)
            except Exception as failed:
                replay = yield from self._commands.known(failed, fingerprint, entries, given)
                if replay is None:
                    raise
                return replay
            if outcome is not None:
                return outcome
        raise Conflict(case_id=case_id, attempts=ATTEMPTS)

    def _attempt(
        self,
        case_id: str,
        steps: Sequence[Any],
        entries: tuple[Entry, ...],
        given: Given,
        fingerprint: str | None,
    ) -> Work[Outcome[S] | None]:
        """Decide once, and write it; None where somebody else wrote meanwhile."""
        decided, loaded, counts = yield from self._decide(case_id, entries, given, fingerprint)
        if not decided.verdict.allowed:
            raise Refused(verdict=decided.verdict, unrecorded=facts_among(steps, entries))
        made = self._unit(loaded, decided, given.command_id, counts)
        appended = yield from self._append(*made, loaded.generation)
        if appended is not Appended.DONE:
            return None
        return Outcome(case=decided.case, events=decided.events, verdict=decided.verdict)

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
        fingerprint = self._commands.fingerprint("open", case_id or "", (Entry(client),), given)
        for _ in range(ATTEMPTS):
            generation = self.loader.look_at_keys()
            replay = yield from self._commands.replay(fingerprint, None, given)
            if replay is not None:
                return replay
            if case_id is None:
                case_id = self._new_id()
                an_id("new_id()", case_id)
            decided, counts = yield from self._opening(client, case_id, given, fingerprint)
            if not decided.verdict.allowed:
                raise Refused(verdict=decided.verdict, unrecorded=())
            made = self._unit(None, decided, given.command_id, counts)
            appended = yield from self._append(*made, generation)
            if appended is Appended.DONE:
                return Outcome(case=decided.case, events=decided.events, verdict=decided.verdict)
            if (yield from store_calls.head(self.agency, case_id)) is not None:
                raise CaseExists(case_id=case_id)
        raise Conflict(case_id=str(case_id), attempts=ATTEMPTS)

    def _opening(
        self, client: str, case_id: str, given: Given, fingerprint: str | None
    ) -> Work[tuple[Decided[S], tuple[Count, ...]]]:
        """Decide on the opening of a case."""
        command = Command(
            entries=(),
            actor=self._actor(given.by, None),
            now=self._now(),
            at=given.at,
            reason=given.reason,
            command_id=given.command_id,
            fingerprint=fingerprint,
        )
        opening = {"case_id": case_id, "agency": self.agency, "client": client}
        return (
            yield from self._counting(
                self.workflow,
                case_id,
                lambda counts: open_case(
                    self.workflow, command=command._replace(counts=counts), **opening
                ),
            )
        )

    def _decide(
        self, case_id: str, entries: tuple[Entry, ...], given: Given, fingerprint: str | None
    ) -> Work[tuple[Decided[S], Loaded, tuple[Count, ...]]]:
        loaded = yield from self.loader.load(case_id)
        workflow = self.loader.workflow_of(case_id, loaded.case)
        if given.version is not None and given.version != loaded.case.version:
            raise VersionMoved(
                case_id=case_id, wanted=given.version, found=loaded.case.version, attempts=1
            )
        for entry in entries:
            if not isinstance(entry.step, str):
                workflow.knows(entry.step)
        command = yield from self._command(workflow, loaded.case, entries, given, fingerprint)
        decided, counts = yield from self._counting(
            workflow,
            case_id,
            lambda counts: decide(workflow, loaded.case, command._replace(counts=counts)),
        )
        for entry, recorded in zip(entries, decided.events, strict=False):  # refused: no events
            if isinstance(entry.step, str) and type(recorded.event) is not Moved:
                self.codec.check(recorded.event)  # made of its defaults: nobody looked at it yet
        return decided, loaded, counts

    def _counting(
        self,
        workflow: Workflow[S],
        case_id: str,
        judge: Callable[[Mapping[tuple[str, str], int]], T],
    ) -> Work[tuple[T, tuple[Count, ...]]]:
        """Judge, looking up each count of other cases that a rule asks for, and judge again.

        Judging is pure, so that doing it again costs time and nothing else.
        """
        counts: dict[tuple[str, str], Count] = {}
        while True:
            try:
                answer = judge({key: count.cases for key, count in counts.items()})
            except CountNeeded as needed:
                name, value = needed.name, needed.value
                index = next(one for one in workflow.indexes if one.name == name)
                held = held_as(index, value, self.codec)
                counts[name, value] = yield from store_calls.count(
                    self.agency, name, held, besides=case_id
                )
            else:
                return answer, tuple(counts.values())

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
        if any(needs_history(entry.step) for entry in entries):
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
            histories=(yield from self.loader.histories(workflow, case.id, case.version)),
        )

    def _unit(
        self,
        loaded: Loaded | None,
        decided: Decided[S],
        command_id: str | None,
        counts: tuple[Count, ...],
    ) -> tuple[Unit, Loaded]:
        """The events chained to those before them (None: the case is new), and what comes of it."""
        expected, previous = (loaded.case.version, loaded.hash) if loaded else (0, GENESIS)
        case = decided.case
        rows = []
        for recorded in decided.events:
            rows.append(self.codec.encode(recorded, previous))
            previous = rows[-1].hash
        workflow = self.loader.workflow_of(case.id, case)
        listing = listing_of(workflow, case, case.recorded_at, self.codec)
        listed = loaded.listing if loaded else None
        before = loaded.subjects if loaded else frozenset()
        subjects = before.union(row.subject for row in rows)
        every = self.loader.snapshot_every
        take = every > 0 and case.version // every > expected // every
        unit = Unit(
            agency=self.agency,
            case_id=case.id,
            expected=expected,
            events=tuple(rows),
            command_id=command_id,
            snapshot=self.codec.encode_case(case, subjects) if take else None,
            drop_snapshot=any(row.type in AMENDING for row in rows),
            listing=None if listing == listed else listing,
            listed=listed,
            subjects=tuple(sorted(subjects - before)),
            counts=counts,
        )
        return unit, Loaded(case, previous, listing, subjects)

    def _append(self, unit: Unit, held: Loaded, generation: int) -> Work[Appended]:
        """Write a unit that was decided on after this erasure, and see that none came after it.

        One that came before it was written is a conflict. One that came while it was written
        may have looked at the case too early to clean up after this unit: that is done here.
        """
        if self.codec.generation() != generation:
            return Appended.CONFLICT
        appended = yield from store_calls.append(unit)
        if appended is Appended.DONE:
            self.loader.recent.put(unit.case_id, held._replace(generation=generation))
            yield from tidy_if_erased(self.loader, unit.case_id, generation)
        return appended

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

    def _now(self, asked: datetime | None = None) -> datetime:
        if asked is not None:
            return aware(asked, name="now")
        # In UTC, as it will read back: a replayed command then answers in the same words.
        return aware(self._clock(), name="the clock's moment").astimezone(UTC)
