"""The verbs of the casebook without their I/O: load, decide, append, and try again.

Every verb is a generator that yields calls on the store. The shells in `book.py` carry them
out, one waiting and one awaiting, so that both decide by the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Generic

from caseflow.casebook import store_calls
from caseflow.casebook.commands import Asked, Commands
from caseflow.casebook.deciding import Deciding, Roles
from caseflow.casebook.feeding import Feed
from caseflow.casebook.finding.lists import Lists
from caseflow.casebook.finding.walking import all_of
from caseflow.casebook.given import Given, an_id, entries_of, facts_among, only_facts
from caseflow.casebook.keeping.archive import Archive
from caseflow.casebook.keeping.audit import Audit
from caseflow.casebook.keeping.mending import Mending
from caseflow.casebook.loading import ATTEMPTS, Loader
from caseflow.casebook.outcome import Outcome
from caseflow.casebook.parts import a_count, a_source_of_roles, events_of, versions_of
from caseflow.casebook.recent import RecentCases
from caseflow.casebook.store_calls import Work
from caseflow.casebook.writing import append, unit_of
from caseflow.kernel.case import Case, S, fold
from caseflow.kernel.cipher import Cipher
from caseflow.kernel.codec import Codec
from caseflow.kernel.errors import CaseExists, ChainBroken, Conflict, Refused
from caseflow.kernel.history import known, occurred
from caseflow.kernel.recorded import Actor, AnyRecorded, aware
from caseflow.kernel.verdict import Verdict
from caseflow.storage.port import Appended
from caseflow.workflow.clocks import Standing, repeated, standings
from caseflow.workflow.command import Entry
from caseflow.workflow.occasions import Occasion, occasions
from caseflow.workflow.options import Option, options_or_ask
from caseflow.workflow.owed import Owed, owed
from caseflow.workflow.workflow import Workflow


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
        self._new_id = new_id
        self.loader: Loader[S] = Loader(
            workflow,
            self.versions,
            agency=agency,
            codec=self.codec,
            recent=RecentCases(recent),
            snapshot_every=snapshot_every,
        )
        self.deciding: Deciding[S] = Deciding(self.loader, roles=roles, clock=clock)
        self.audit: Audit[S] = Audit(self.loader, self.deciding.now)
        self.mending: Mending[S] = Mending(self.loader)
        self.archive = Archive(agency, self.deciding.now)
        self._commands: Commands[S] = Commands(self.loader)
        self.lists = Lists(self.loader)
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
        """The ids of all cases of the agency."""
        return tuple(found.case_id for found in (yield from all_of(self.agency)))

    def options(
        self, case_id: str, *, by: str | Actor, at: datetime | None
    ) -> Work[tuple[Option, ...]]:
        """What can be done on a case by an actor."""
        loaded = yield from self.loader.load(case_id)
        workflow = self.loader.workflow_of(case_id, loaded.case)
        command = yield from self.deciding.command(workflow, loaded.case, (), Given(by=by, at=at))
        found, _ = yield from self.deciding.counting(
            workflow,
            case_id,
            lambda counts: options_or_ask(workflow, loaded.case, command.counting(counts)),
        )
        return found

    def owed(self, case_id: str, *, now: datetime | None) -> Work[tuple[Owed, ...]]:
        """What is owed on a case."""
        loaded = yield from self.loader.load(case_id)
        workflow = self.loader.workflow_of(case_id, loaded.case)
        version = loaded.case.version
        histories = yield from self.loader.histories(workflow, case_id, version)
        types = repeated(workflow, loaded.case)
        if types:
            events = yield from self.loader.events(types, case_id, version)
            histories = {**(histories or {}), **events}
        moment = self.deciding.now(now)
        case = yield from self.loader.by(moment, loaded.case)
        if case is None:
            return ()
        found, _ = yield from self.deciding.counting(
            workflow,
            case_id,
            lambda counts: owed(workflow, case, moment, histories, counts),
        )
        return found

    def obligations(self, case_id: str, *, now: datetime | None) -> Work[tuple[Standing, ...]]:
        """How every obligation of a case stands."""
        loaded = yield from self.loader.load(case_id)
        workflow = self.loader.workflow_of(case_id, loaded.case)
        its = workflow.obligations
        types = {cls for one in its for cls in (*one.met_by, *one.cancelled_by)}
        events = yield from self.loader.events(types, case_id, loaded.case.version)
        moment = self.deciding.now(now)
        case = yield from self.loader.by(moment, loaded.case)
        return () if case is None else tuple(standings(workflow, case, moment, events))

    def occasions(self, case_id: str, *, now: datetime | None) -> Work[tuple[Occasion, ...]]:
        """Every time that something was due on a case, and what came of it."""
        history = yield from self.loader.history(case_id)
        workflow = self.loader.workflow_of(case_id, history[0])
        return occasions(workflow, history, self.deciding.now(now))

    # -- deciding ----------------------------------------------------------------------------

    def ask(self, case_id: str, steps: Sequence[Any], given: Given) -> Work[Verdict]:
        """The verdict that `do` would give; nothing is written."""
        an_id("case_id", case_id)
        entries = self.deciding.as_stored(entries_of(steps, "ask"))
        asked = self._commands.asked("do", case_id, entries, given)
        replay = yield from self._commands.replay(asked, entries, given)
        if replay is not None:
            return replay.verdict
        decided, _, _ = yield from self.deciding.on_steps(case_id, entries, given, asked)
        return decided.verdict

    def do(self, case_id: str, steps: Sequence[Any], given: Given) -> Work[Outcome[S]]:
        """Judge a unit of steps, and write it if it is allowed."""
        an_id("case_id", case_id)
        entries = self.deciding.as_stored(entries_of(steps))
        asked = self._commands.asked("do", case_id, entries, given)
        for attempt in range(ATTEMPTS):
            # Nearly every command is new, and the append would tell if it were not: it is
            # looked up only when something is in the way of its effect.
            if attempt:
                replay = yield from self._commands.replay(asked, entries, given)
                if replay is not None:
                    return replay
            try:
                outcome = yield from self._attempt(case_id, steps, entries, given, asked)
            except Exception as failed:
                replay = yield from self._commands.known(failed, asked, entries, given)
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
        asked: Asked | None,
    ) -> Work[Outcome[S] | None]:
        """Decide once, and write it; None where somebody else wrote meanwhile."""
        decided, loaded, counts = yield from self.deciding.on_steps(case_id, entries, given, asked)
        if not decided.verdict.allowed:
            raise Refused(verdict=decided.verdict, unrecorded=facts_among(steps, entries))
        made = unit_of(self.loader, loaded, decided, given.command_id, counts, loaded.generation)
        appended = yield from append(self.loader, *made)
        if appended is not Appended.DONE:
            return None
        return Outcome(case=decided.case, events=decided.events, verdict=decided.verdict)

    def record(self, case_id: str, facts: Sequence[Any], given: Given) -> Work[Outcome[S]]:
        """Record facts, which are never refused."""
        an_id("case_id", case_id)
        only_facts(entries_of(facts, "record"))
        return (yield from self.do(case_id, facts, given))

    def open(
        self, client: str, case_id: str | None, given: Given, *, joined: bool
    ) -> Work[Outcome[S]]:
        """Open a case. `joined` is whether that is done in a transaction of the application's."""
        an_id("client", client)
        if case_id is not None:
            an_id("case_id", case_id)
        asked = self._commands.asked("open", case_id or "", (Entry(client),), given)
        for _ in range(ATTEMPTS):
            generation = self.loader.look_at_keys()
            replay = yield from self._commands.replay(asked, None, given)
            if replay is not None:
                return replay
            yield from self.loader.see_that_its_keys_fit(joined=joined)
            if case_id is None:
                case_id = self._new_id()
                an_id("new_id()", case_id)
            try:
                outcome = yield from self._attempt_to_open(
                    client, case_id, given, asked, generation
                )
            except Exception as failed:  # the same command may have taken effect meanwhile
                replay = yield from self._commands.known(failed, asked, None, given)
                if replay is None:
                    raise
                return replay
            if outcome is not None:
                return outcome
        raise Conflict(case_id=str(case_id), attempts=ATTEMPTS)

    def _attempt_to_open(
        self, client: str, case_id: str, given: Given, asked: Asked | None, generation: int
    ) -> Work[Outcome[S] | None]:
        """Decide once on an opening, and write it; None where somebody else wrote meanwhile."""
        decided, counts = yield from self.deciding.on_opening(client, case_id, given, asked)
        if not decided.verdict.allowed:
            raise Refused(verdict=decided.verdict, unrecorded=())
        made = unit_of(self.loader, None, decided, given.command_id, counts, generation)
        appended = yield from append(self.loader, *made)
        if appended is Appended.DONE:
            return Outcome(case=decided.case, events=decided.events, verdict=decided.verdict)
        if (yield from store_calls.head(self.agency, case_id)) is not None:
            raise CaseExists(case_id=case_id)
        yield from self._see_that_nothing_is_left(case_id)
        return None

    def _see_that_nothing_is_left(self, case_id: str) -> Work[None]:
        """See that a case that is not listed has no events. Raises `ChainBroken`."""
        rows = yield from store_calls.read(self.agency, case_id)
        if rows and (yield from store_calls.head(self.agency, case_id)) is None:
            raise ChainBroken(
                case_id=case_id,
                number=rows[0].number,
                problem="is there, and the list of cases does not show the case",
                repair=f"Bring it back with mend({case_id!r}, ...), from an export that holds it, "
                "or open the new case under another id.",
            )
