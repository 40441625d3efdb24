"""The desk at which a story is told: a casebook, a clock that is set by hand, and one case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from caseflow import Actor, Casebook, Refused, Verdict, Workflow
from caseflow.casework import CaseworkState
from caseflow.storage import MemoryStorage
from caseflow.storage.port import Storage
from examples import screen

STAFF = {"ana": ["case-manager"], "sam": ["supervisor"], "nia": ["navigator"]}


class Desk:
    """One case of one workflow, worked on by Ana unless somebody else is named."""

    def __init__(
        self,
        workflow: Workflow[CaseworkState],
        *,
        client: str,
        start: datetime,
        staff: Mapping[str, list[str]] = STAFF,
        store: Storage | None = None,
        agency: str = "agency",
        case_id: str | None = None,
    ) -> None:
        self.workflow = workflow
        self.now = start
        self.book: Casebook[CaseworkState] = Casebook(
            workflow,
            MemoryStorage() if store is None else store,
            agency=agency,
            roles=staff,
            clock=lambda: self.now,
        )
        self.id = case_id or client.lower()
        self.book.open(client=client, by="ana", case_id=self.id)

    def on(self, year: int, month: int, day: int) -> None:
        """Set the clock to nine in the morning of a day, and say so."""
        self.now = datetime(year, month, day, 9, tzinfo=UTC)
        print(f"\n[{self.now.day} {self.now:%B %Y}]")

    def note(self, *facts: object, by: str = "ana", at: datetime | None = None) -> None:
        """Record facts: they are never refused. What is odd about them is shown."""
        verdict = self.book.record(self.id, *facts, by=by, at=at).verdict
        if verdict.warnings:
            screen.show(verdict.explain())

    def decide(self, *steps: object, by: str | Actor = "ana", reason: str | None = None) -> Verdict:
        """Try a decision, and show what the rules say, whichever it is."""
        try:
            verdict = self.book.do(self.id, *steps, by=by, reason=reason).verdict
        except Refused as refused:
            verdict = refused.verdict
        screen.show(verdict.explain())
        return verdict

    def consider(self, *steps: object) -> None:
        """Ask whether a decision would be allowed, and show the answer. Nothing is recorded."""
        screen.show(self.book.ask(self.id, *steps, by="ana").explain())

    def due(self) -> None:
        """Show what is due, by whom and by when."""
        found, told = self.book.owed(self.id), self.workflow.in_terms
        if not found:
            print("  nothing is due")
        for one in found:
            by = one.due_at.date() if one.due_at else None
            when = f"by {by.day} {by:%B %Y}" if by else "no day set"
            who = f" by the {self.workflow.label(one.owner)}" if one.owner else ""
            late = ", OVERDUE" if one.overdue else ""
            about = f"{one.about[:1].upper()}{one.about[1:]}. " if one.about else ""
            screen.item(f"{about}Still to do{who}, {when}{late}: {told(one.result.wanted)}")
            for unmet in one.result.unmet:
                screen.more(f"To do: {told(unmet.remedy)}.")

    def where(self) -> None:
        """Show the way that the case took through its stages."""
        words = self.workflow.words
        stages = [words[move.position] for move in self.book.case(self.id).path]
        screen.say(f"The way of the case: {', '.join(stages)}.")
