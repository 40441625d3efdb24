"""The lifecycle machine: random case work through a casebook, checked after every step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime, timedelta
from typing import Any, ClassVar

import attrs
from hypothesis import event as note_event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from caseflow.casebook import Casebook, Outcome
from caseflow.kernel.case import Case
from caseflow.kernel.codec import Codec
from caseflow.kernel.errors import CommandReused, InvalidCall, NoSuchCase, Refused, VersionMoved
from caseflow.kernel.recorded import Actor, AnyRecorded, Noted
from caseflow.kernel.verdict import Verdict
from caseflow.storage.port import Appended, Head, Listing, Storage, Unit
from caseflow.testing.clock import Clock
from caseflow.testing.naive import standing
from caseflow.testing.payloads import SENTENCES, ZONES, Payloads
from caseflow.testing.promises import (
    PromiseBroken,
    check_answers,
    check_case,
    check_history,
    check_option,
    check_rows,
    check_same,
    keep,
)
from caseflow.testing.proposals import Draw, Proposals, choose, nearer
from caseflow.workflow.command import Entry
from caseflow.workflow.workflow import Workflow

MakeStore = Callable[[], Storage | AbstractContextManager[Storage]]
"""Makes a store for one run: the store itself, or a context manager that gives it."""

STRANGER = Actor("stranger")
"""Somebody in no role."""
LEGS = 10
"""How many transitions a run may take on its way to where it starts."""
EFFORT = 8
"""How many steps one move forward may take to put right what refuses it."""
LISTED = Listing("client", "workflow", "1", "position", "stage", ended=False)
"""How the case is listed by a unit that is not written."""
CLOCK_MOVES = [timedelta(minutes=5), timedelta(hours=20), timedelta(days=40), timedelta(hours=-2)]


@attrs.frozen
class _Command:
    """A command that took effect, to be sent again."""

    send: Callable[[Casebook[Any]], Outcome[Any]]
    outcome: Outcome[Any]


class Lifecycle(RuleBasedStateMachine):
    """One run: one case, played through two casebooks on one store. Made by `lifecycle`.

    One casebook keeps cases in memory, the other reads the store each time, from snapshots
    where there are any. Either may be the one that writes.
    """

    proposals: ClassVar[Proposals]
    make_store: ClassVar[MakeStore]
    codec: ClassVar[Codec]

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.open_things = ExitStack()
        made = type(self).make_store()
        if isinstance(made, AbstractContextManager):
            made = self.open_things.enter_context(made)
        elif hasattr(made, "close"):
            self.open_things.callback(made.close)
        self.store: Storage = made
        self.workflow = self.proposals.workflow
        self.books = tuple(
            Casebook(self.workflow, self.store, clock=self.clock, snapshot_every=4, recent=recent)
            for recent in (256, 0)
        )
        self.case_id = f"case-{len(self.books[0].case_ids()) + 1}"
        self.acknowledged: list[AnyRecorded] = []
        self.commands: list[_Command] = []
        self.checked: tuple[Head | None, int] | None = None

    def teardown(self) -> None:
        """Close the store."""
        try:
            if self.acknowledged:
                note_event(f"ended in {self.case().position}")
        finally:
            self.open_things.close()

    # -- what the machine does ---------------------------------------------------------------

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        """Open the case, by somebody entitled to."""
        # Any zone: a moment is the same in each, and so is every answer.
        self.clock.now = self.clock.now.astimezone(choose(data.draw, ZONES))
        by = self.proposals.actor(data.draw)
        id, client = self.case_id, f"client-{self.case_id}"
        book = choose(data.draw, self.books)

        def send(book: Casebook[Any]) -> Outcome[Any]:
            return book.open(client=client, by=by, case_id=id, command_id=f"open-{id}")

        self._done(send, send(book))
        self._lead_in(data.draw)
        self._check_options(data.draw)

    @rule(move=st.sampled_from(CLOCK_MOVES))
    def let_time_pass(self, move: timedelta) -> None:
        """The clock goes on, or is set back."""
        self.clock.pass_(move)

    @precondition(lambda self: self.workflow.facts)
    @rule(data=st.data())
    def record_a_fact(self, data: st.DataObject) -> None:
        """A fact of any type, fitting or odd, late or not, by anybody: it is never refused."""
        odd = data.draw(st.booleans())
        fact = self.proposals.fact(data.draw, self.case(), odd=odd)
        entry = Entry(
            fact,
            reported_by=data.draw(st.none() | SENTENCES),
            subject=choose(data.draw, [None, "member-2"]),
        )
        entry = self._dated(data.draw, entry)
        book = choose(data.draw, self.books)
        by = choose(data.draw, [*self.proposals.actors, STRANGER])
        try:
            self._done(None, book.record(self.case_id, entry, by=by))
        except Refused as refused:
            check_answers(self.workflow, refused.fields["verdict"])
            raise PromiseBroken(15, str(refused)) from refused

    @rule(data=st.data())
    def take_any_step(self, data: st.DataObject) -> None:
        """Any transition or decision there is, from here or not, by somebody or a stranger."""
        names = [row.name for row in self.workflow.rows if not row.core]
        here = self.proposals.names_here(self.case())
        name = choose(data.draw, [*here, *dict.fromkeys(names)])
        entry = self.proposals.step(data.draw, self.case(), name)
        by = choose(data.draw, [*self.proposals.actors, STRANGER])
        self._try(data.draw, self._dated(data.draw, entry), by=by)

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """A transition that goes on, after doing what its rules ask for."""
        names = self.proposals.names_here(self.case(), going_on=True)
        if names:
            self._take(data.draw, choose(data.draw, names))

    @rule(data=st.data())
    def do_several_things(self, data: st.DataObject) -> None:
        """A unit of several steps: all are recorded, or none."""
        entries = []
        for _ in range(data.draw(st.integers(2, 3))):
            names = self.proposals.names_here(self.case(), going_on=True)
            if self.workflow.facts and (not names or data.draw(st.booleans())):
                entries.append(Entry(self.proposals.fact(data.draw, self.case())))
            elif names:
                name = choose(data.draw, names)
                entries.append(self.proposals.step(data.draw, self.case(), name))
        if entries:
            self._try(data.draw, *entries)

    @precondition(lambda self: self.workflow.all_rules)
    @rule(data=st.data())
    def make_an_exception(self, data: st.DataObject) -> None:
        """An exception to any rule, by somebody entitled to it or not."""
        id = choose(data.draw, sorted(self.workflow.all_rules))
        by = choose(data.draw, [*self.proposals.actors, STRANGER])
        self._try(data.draw, self.proposals.exception(data.draw, self.case(), id), by=by)

    @rule(data=st.data())
    def correct_or_void(self, data: st.DataObject) -> None:
        """A correction or void of any event, fitting or not."""
        entry = self.proposals.amendment(data.draw, self.case(), self.acknowledged)
        self._try(data.draw, entry)

    @rule(data=st.data())
    def look_at_the_options(self, data: st.DataObject) -> None:
        """What is open can be done, what is blocked cannot, for anybody."""
        self._check_options(data.draw)

    @precondition(lambda self: self.commands)
    @rule(data=st.data())
    def send_a_command_again(self, data: st.DataObject) -> None:
        """A command that took effect gives its first outcome again, and nothing is recorded."""
        command = choose(data.draw, self.commands)
        first, again = command.outcome, command.send(choose(data.draw, self.books))
        keep(7, again.replayed, f"it took effect again: {again.events!r}")
        keep(7, again.events == first.events, f"first {first.events!r}, then {again.events!r}")
        told, retold = first.verdict.to_data(), again.verdict.to_data()
        same = told == retold or (_counts(self.workflow) and _noted_in(first) == _noted_in(again))
        keep(7, same, f"first {told!r}, then {retold!r}")
        keep(7, again.case == first.case, f"first {first.case!r}, then {again.case!r}")

    @precondition(lambda self: self.commands and self.workflow.facts)
    @rule(data=st.data())
    def use_a_command_id_twice(self, data: st.DataObject) -> None:
        """A command id that was used is not taken for another command."""
        id = choose(data.draw, self.commands).outcome.events[0].command_id
        fact = self.proposals.fact(data.draw, self.case())
        try:
            outcome = self.books[0].record(self.case_id, fact, by="nobody-else", command_id=id)
        except CommandReused:
            return
        raise PromiseBroken(7, f"command id {id!r} was used twice: {outcome.events!r}")

    @precondition(lambda self: self.workflow.facts)
    @rule(data=st.data())
    def write_at_a_version_that_is_gone(self, data: st.DataObject) -> None:
        """Who has seen an earlier version is told so, and nothing is recorded."""
        fact = self.proposals.fact(data.draw, self.case())
        stale = len(self.acknowledged) - 1
        book = choose(data.draw, self.books)
        try:
            outcome = book.record(self.case_id, fact, by=STRANGER, version=stale)
        except VersionMoved:
            return
        raise PromiseBroken(4, f"written at version {stale}: {outcome.events!r}")

    @rule()
    def append_what_was_decided_too_late(self) -> None:
        """The store writes nothing that was decided at another version than it stands at."""
        agency = self.books[0].agency
        last = tuple(self.store.read(agency, self.case_id))[-1:]
        for stale in {0, len(self.acknowledged) - 1, len(self.acknowledged) + 1}:
            if stale != len(self.acknowledged):
                late = Unit(agency, self.case_id, stale, last, listing=LISTED)
                answer = self.store.append(late)
                seen = f"decided at {stale}, appended at {len(self.acknowledged)}: {answer}"
                keep(4, answer is Appended.CONFLICT, seen)

    @rule(data=st.data())
    def look_back(self, data: st.DataObject) -> None:
        """The case as it was known at a moment, and the stage it was in."""
        moment = choose(data.draw, self.acknowledged).recorded_at
        prefix = [entry for entry in self.acknowledged if entry.recorded_at <= moment]
        book = choose(data.draw, self.books)
        then = book.case(self.case_id, known=moment)
        check_case(then, prefix, workflow=self.workflow, by=f"as known at {moment}")
        occurred = choose(data.draw, self.acknowledged).occurred_at
        self._check_as_of(book, occurred)

    def _check_as_of(self, book: Casebook[Any], moment: datetime) -> None:
        happened = [e for e in standing(self.acknowledged) if e.occurred_at <= moment]
        led = [entry.stage for entry in happened if entry.stage is not None]
        expected = led[-1] if led else None
        try:
            then = book.case(self.case_id, as_of=moment)
        except NoSuchCase:
            keep(1, not happened, f"no case as of {moment}, and there is {happened!r}")
            return
        keep(1, then.position == expected, f"as of {moment}: {then.position}, not {expected}")
        keep(1, then.identity == self.case().identity, f"as of {moment}: {then.identity!r}")
        at = self.case().stage_at(moment)
        keep(1, at == expected, f"stage at {moment}: {at}, not {expected}")

    # -- what has to hold after each step ----------------------------------------------------

    @invariant()
    def promises_hold(self) -> None:
        """The promises, on the store's rows and through both casebooks."""
        if not self.acknowledged:
            return
        agency = self.books[0].agency
        head = self.store.head(agency, self.case_id)
        if (head, len(self.acknowledged)) == self.checked:
            return
        rows = self.store.read(agency, self.case_id)
        since = self.checked[1] if self.checked else 0
        check_rows(rows, codec=self.codec, since=since, end=head.hash if head else "")
        history = self.books[1].history(self.case_id)
        check_history(history, self.acknowledged)
        for book, by in zip(self.books, ("from memory", "from the store"), strict=True):
            check_case(book.case(self.case_id), history, workflow=self.workflow, by=by)
        self.checked = (head, len(self.acknowledged))

    # -- how it does it ----------------------------------------------------------------------

    def case(self) -> Case[Any]:
        """The case as it stands."""
        return self.books[0].case(self.case_id)

    def _lead_in(self, draw: Draw) -> None:
        """Go to some open position first, so that none is too far away to be seen."""
        ends = self.workflow.ends
        goal = choose(draw, [p for p in self.workflow.positions if p not in ends])
        for _ in range(LEGS):
            names = nearer(self.workflow, self.case().position, frozenset({goal}))
            if not names:
                return
            self._take(draw, choose(draw, names))

    def _take(self, draw: Draw, name: str) -> None:
        """Take a transition, after doing what its rules ask for."""
        for _ in range(EFFORT):
            verdict = self._try(draw, self.proposals.step(draw, self.case(), name))
            if verdict.allowed or not self._put_right(draw, verdict, depth=2):
                return

    def _put_right(self, draw: Draw, verdict: Verdict, *, depth: int) -> bool:
        """Do something about a refusal, and about what refuses that; whether anything helps."""
        unmet = [r for r in verdict.refusals if r.rule in self.workflow.all_rules]
        helping = self.proposals.help(draw, self.case(), choose(draw, unmet)) if unmet else None
        if helping is None:
            return False
        answer = self._try(draw, self._dated(draw, helping))
        if not answer.allowed and depth:
            self._put_right(draw, answer, depth=depth - 1)
        return True

    def _dated(self, draw: Draw, entry: Entry) -> Entry:
        now = max(self.clock(), self.acknowledged[-1].recorded_at)
        return self.proposals.dated(draw, entry, self.case(), now)

    def _check_options(self, draw: Draw) -> None:
        by = choose(draw, [*self.proposals.actors, STRANGER])
        book = choose(draw, self.books)
        for option in book.options(self.case_id, by=by):
            entry = self.proposals.step(draw, self.case(), option.name)
            if not option.needs:  # the option was judged with the event that the name stands for
                entry = entry._replace(step=option.name)
            verdict = book.ask(self.case_id, entry, by=by)
            check_answers(self.workflow, verdict)
            if verdict.judgements[0].step == option.name:
                check_option(option, verdict)

    def _try(self, draw: Draw, *entries: Entry, by: Actor | None = None) -> Verdict:
        """Ask and then do: the answers agree, and a refusal leaves everything as it was."""
        id, actor = self.case_id, by or self.proposals.actor(draw)
        book = choose(draw, self.books)
        command_id = choose(draw, [None, f"{id}-{len(self.acknowledged)}"])
        version = len(self.acknowledged)
        asked = book.ask(id, *entries, by=actor, version=version)
        check_answers(self.workflow, asked)

        def send(book: Casebook[Any]) -> Outcome[Any]:
            return book.do(id, *entries, by=actor, command_id=command_id)

        try:
            outcome = send(book)
        except Refused as refused:
            check_same(asked, refused.fields["verdict"])
            return asked
        check_same(asked, outcome.verdict)
        keep(2, asked.allowed, f"refused when asked, and done: {asked}")
        numbers = [entry.number for entry in outcome.events]
        keep(4, numbers[:1] == [version + 1], f"decided at version {version}, wrote {numbers}")
        keep(5, len(numbers) == len(entries), f"{len(entries)} steps, wrote {numbers}")
        self._done(send if command_id else None, outcome)
        return asked

    def _done(
        self, send: Callable[[Casebook[Any]], Outcome[Any]] | None, outcome: Outcome[Any]
    ) -> None:
        """Remember what was acknowledged, and how to ask for it again."""
        self.acknowledged.extend(outcome.events)
        check_case(outcome.case, self.acknowledged, workflow=self.workflow, by="as it was told")
        if send is not None:
            self.commands.append(_Command(send, outcome))


def _counts(workflow: Workflow[Any]) -> bool:
    """Whether its rules count other cases. What they found then is not told a second time."""
    return any(rule.counts for rule in workflow.all_rules.values())


def _noted_in(outcome: Outcome[Any]) -> list[tuple[str, bool, tuple[Noted, ...]]]:
    """What the verdict of an outcome noted of each step: its warnings, without their words."""
    return [(one.step, one.allowed, one.noted) for one in outcome.verdict.judgements]


def lifecycle(
    workflow: Workflow[Any],
    store: MakeStore,
    *,
    payloads: Payloads | None = None,
    actors: Iterable[Actor] = (),
) -> type[Lifecycle]:
    """A state machine that plays random case work and checks the promises after every step.

    `store` is called for each run: it gives a store (closed afterwards, where it can be), or
    a context manager that gives one. `payloads` says how to draw events that have to fit the
    case, `actors` who acts (left out: two people in every role that the workflow names).
    Collect it with pytest as `TestLifecycle = lifecycle(...).TestCase`; its settings are
    those of Hypothesis. A promise that does not hold raises `PromiseBroken`.
    """
    if not callable(store):
        raise InvalidCall(
            what=f"lifecycle(store={store!r})",
            problem="is no function that makes a store",
            repair="Give the class or a function, such as MemoryStorage, and not a store",
        )
    proposals = Proposals(workflow=workflow, payloads=payloads or {}, actors=tuple(actors))
    words = "".join(part.capitalize() for part in workflow.name.replace("_", "-").split("-"))
    return type(
        f"{words}Lifecycle",
        (Lifecycle,),
        {
            "proposals": proposals,
            "make_store": staticmethod(store),
            "codec": Codec(workflow.event_types),
        },
    )
