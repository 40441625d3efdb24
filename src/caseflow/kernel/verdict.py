"""A verdict: what was judged, what every rule answered, and whether it may be done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from caseflow.kernel.case import Case
from caseflow.kernel.explain import explain_result, plain_words, result_data
from caseflow.kernel.recorded import Noted, NotedOutcome
from caseflow.kernel.rules import Context, Result, Rule


@attrs.frozen
class Judgement:
    """One step of a unit, judged.

    `step` is the transition or the event; `position` where the case stood, `target` where it
    would stand afterwards (None: it stays). `answers` holds, in the order of evaluation, a
    result for each rule that was not simply met, and the rule itself where it was.
    """

    step: str
    label: str
    position: str | None
    target: str | None
    allowed: bool
    answers: tuple[Result | Rule[Any], ...]
    case: Case[Any]
    context: Context

    @property
    def results(self) -> tuple[Result, ...]:
        """Every rule's result, in the order of evaluation, met ones included."""
        return tuple(
            answer.met(self.case) if isinstance(answer, Rule) else answer for answer in self.answers
        )

    @property
    def noted(self) -> tuple[Noted, ...]:
        """What is stored with the event: the rules that were not simply met."""
        return tuple(
            Noted(answer.rule, answer.strength, _noted(answer), answer.exception, answer.since)
            for answer in self.answers
            if isinstance(answer, Result) and answer.outcome not in ("met", "needs-input")
        )


def _noted(result: Result) -> NotedOutcome:
    return result.outcome  # type: ignore[return-value]  # met and needs-input were left out


@attrs.frozen
class Verdict:
    """What was judged of a unit of steps. Judging stops at the first step that is refused."""

    allowed: bool
    judgements: tuple[Judgement, ...]

    @property
    def results(self) -> tuple[Result, ...]:
        """Every rule's result, of all steps that were judged."""
        return tuple(result for judgement in self.judgements for result in judgement.results)

    @property
    def refusals(self) -> tuple[Result, ...]:
        """The results that refuse."""
        return tuple(result for result in self._answers() if result.refuses)

    @property
    def warnings(self) -> tuple[Result, ...]:
        """The results that warn."""
        return tuple(
            r for r in self._answers() if r.strength == "warn" and r.outcome in ("unmet", "fault")
        )

    @property
    def owed(self) -> tuple[Result, ...]:
        """The results that make something due."""
        return tuple(
            r for r in self._answers() if r.strength == "due" and r.outcome in ("unmet", "fault")
        )

    @property
    def exceptions(self) -> tuple[Result, ...]:
        """The results that lean on an exception."""
        return tuple(result for result in self._answers() if result.exception is not None)

    def _answers(self) -> Iterator[Result]:
        for judgement in self.judgements:
            for answer in judgement.answers:
                if isinstance(answer, Result):
                    yield answer

    def explain(self) -> str:
        """The verdict as text of at most 78 columns, for the person who asked."""
        return "\n".join(_explained(self))

    def to_data(self) -> dict[str, Any]:
        """The verdict as plain data: only JSON types."""
        return {
            "allowed": self.allowed,
            "judgements": [
                {
                    "step": judgement.step,
                    "position": judgement.position,
                    "target": judgement.target,
                    "allowed": judgement.allowed,
                    "actor": judgement.context.actor.id,
                    "at": judgement.context.at.isoformat(),
                    "results": [result_data(result) for result in judgement.results],
                }
                for judgement in self.judgements
            ],
        }

    def __str__(self) -> str:
        return self.explain()


def _explained(verdict: Verdict) -> Iterator[str]:
    for judgement in verdict.judgements:
        where = f" in {in_words(judgement.position)}" if judgement.position else ""
        leads = f" (to {in_words(judgement.target)})" if judgement.target else ""
        answer = "Allowed" if judgement.allowed else "Not allowed"
        yield f"{answer}: {judgement.label}{where}{leads}."
        shown = [a for a in judgement.answers if isinstance(a, Result) and a.outcome != "met"]
        for heading, group in _groups(shown):
            yield ""
            yield f"{heading}:"
            for result in group:
                lines = explain_result(result).splitlines()
                yield f"- {lines[0]}"
                yield from (f"  {line.removeprefix(' ')}" for line in lines[1:])


def _groups(results: list[Result]) -> Iterator[tuple[str, list[Result]]]:
    """Results under the heading that tells the reader what they mean."""
    groups = {
        "What is missing": [r for r in results if r.refuses],
        "Warnings": [r for r in results if r.strength == "warn" and not r.holds],
        "Due afterwards": [r for r in results if r.strength == "due" and not r.holds],
        "Waits for what you will enter": [
            r for r in results if r.outcome == "needs-input" and r.strength == "block"
        ],
        "By exception": [r for r in results if r.exception is not None],
    }
    for heading, group in groups.items():
        if group:
            yield heading, group


def in_words(position: str | None) -> str:
    """A position as it reads in a sentence: `monitoring (on hold)`, `engagement, outreach`."""
    if position is None:
        return "no stage"
    hold = " (on hold)" if position.endswith(":hold") else ""
    return position.removesuffix(":hold").replace(".", ", ").replace("-", " ") + hold


__all__ = ["Judgement", "Verdict", "in_words", "plain_words"]
