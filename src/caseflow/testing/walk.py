"""A case played in memory, by deciding: every history that comes out is legal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import attrs

from caseflow.kernel.case import Case
from caseflow.kernel.history import effective
from caseflow.kernel.recorded import Actor, AnyRecorded
from caseflow.kernel.rules import Result
from caseflow.kernel.verdict import Verdict
from caseflow.testing.clock import START
from caseflow.testing.proposals import TIME_PASSED, Draw, Proposals, choose, nearer, rarely
from caseflow.workflow.command import Command, Entry, NoOtherCases
from caseflow.workflow.decide import decide, open_case
from caseflow.workflow.workflow import Workflow

EFFORT = 12
"""How many times a walk tries to put right what refuses one transition, before it gives up."""
LEGS = 24
"""How many transitions a walk takes on its way to one position, before it gives up."""


def opened(workflow: Workflow[Any]) -> tuple[Case[Any], tuple[AnyRecorded, ...]]:
    """A case that was just opened, and its history of one event."""
    actor = Actor("ana", workflow.opened_by)
    command = Command(entries=(), actor=actor, now=START, counts=NoOtherCases())
    decided = open_case(
        workflow, case_id="case-1", agency="agency", client="client-1", command=command
    )
    return decided.case, decided.events


@attrs.define
class Walk:
    """One case under way: its history, and the moment. `draw` makes every choice."""

    proposals: Proposals
    draw: Draw
    case: Case[Any] = attrs.field(init=False)
    history: tuple[AnyRecorded, ...] = attrs.field(init=False)
    now: datetime = attrs.field(init=False, default=START)

    def __attrs_post_init__(self) -> None:
        self.case, self.history = opened(self.workflow)

    @property
    def workflow(self) -> Workflow[Any]:
        """The workflow that is walked."""
        return self.proposals.workflow

    # -- one step ----------------------------------------------------------------------------

    def command(self, entry: Entry, actor: Actor | None = None) -> Command:
        """The command that decides on a step, now."""
        standing = effective(self.history)
        histories = {
            cls: tuple(e for e in standing if type(e.event) is cls)
            for cls in self.workflow.histories
        }
        return Command(
            entries=(entry,),
            actor=actor or self.proposals.actor(self.draw),
            now=self.now,
            history=self.history,
            histories=histories or None,
            counts=NoOtherCases(),
        )

    def do(self, entry: Entry) -> Verdict:
        """Try a step, some time later; the history grows if it is allowed."""
        self.now += choose(self.draw, TIME_PASSED)
        dated = self.proposals.dated(self.draw, entry, self.case, self.now)
        decided = decide(self.workflow, self.case, self.command(dated))
        if decided.verdict.allowed:
            self.history += decided.events
            self.case = decided.case
        return decided.verdict

    def take(self, name: str) -> bool:
        """Take a transition, doing first what its rules ask for; whether it was taken."""
        for _ in range(EFFORT):
            verdict = self.do(self.proposals.step(self.draw, self.case, name))
            if verdict.allowed:
                return True
            if not self.put_right(verdict.refusals):
                return False
        return False

    def put_right(self, refusals: Iterable[Result], *, depth: int = 3) -> bool:
        """Do something about one of the refusals; false where nothing is known to help.

        What helps may be a decision that is refused itself: then about that, down to `depth`.
        """
        own = [result for result in refusals if result.rule in self.workflow.all_rules]
        if not own:
            return False
        result = choose(self.draw, own)
        helping = self.proposals.help(self.draw, self.case, result)
        excepting = result.excepted_by and (helping is None or rarely(self.draw))
        if excepting:
            self.do(self.proposals.exception(self.draw, self.case, result.rule))
        elif helping is not None:
            verdict = self.do(helping)
            if not verdict.allowed and depth:
                self.put_right(verdict.refusals, depth=depth - 1)
        return helping is not None or bool(excepting)

    # -- longer ways -------------------------------------------------------------------------

    def go_to(self, goals: frozenset[str]) -> bool:
        """Go to one of these positions, by any way that comes nearer; whether it got there."""
        blocked: set[tuple[str | None, str]] = set()
        for _ in range(LEGS):
            here = self.case.position
            if here in goals:
                return True
            names = [n for n in nearer(self.workflow, here, goals) if (here, n) not in blocked]
            if not names:
                return False
            name = choose(self.draw, names)
            if not self.take(name):
                blocked.add((here, name))
        return False

    def wander(self, steps: int) -> None:
        """Do whatever can be done: facts, decisions, exceptions, corrections, voids."""
        kinds = ["go on", "fact", "amend", "fact", "any", "except", "fact", "go on"]
        for _ in range(steps):
            kind = choose(self.draw, kinds)
            names = self.proposals.names_here(self.case, going_on=kind == "go on")
            excepted = [r for r, rule in self.workflow.all_rules.items() if rule.excepted_by]
            if kind == "amend":
                self.do(self.proposals.amendment(self.draw, self.case, self.history))
            elif kind == "except" and excepted:
                rule = choose(self.draw, excepted)
                self.do(self.proposals.exception(self.draw, self.case, rule))
            elif kind == "fact" and self.workflow.facts:
                self.do(Entry(self.proposals.fact(self.draw, self.case)))
            elif names:
                self.take(choose(self.draw, names))
