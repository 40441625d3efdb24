"""A verdict: what was judged, what every rule answered, and whether it may be done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from caseflow.kernel.calendar import Span
from caseflow.kernel.case import HOLD, Case, Move
from caseflow.kernel.context import Context
from caseflow.kernel.events import event_type
from caseflow.kernel.explain import WIDTH, explain_result, plain_words, result_data, wrapped
from caseflow.kernel.recorded import AnyRecorded, Noted, NotedOutcome
from caseflow.kernel.rules import Result, Rule
from caseflow.kernel.terms import NO_TERMS

NO_WORDS: Mapping[str, str] = MappingProxyType({})


class Judgement(NamedTuple):
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
    words: Mapping[str, str] = NO_WORDS
    """The agency's words for positions and roles."""
    terms: Mapping[str, str] = NO_TERMS
    """The agency's terms, in the place of words that rules use."""

    @property
    def results(self) -> tuple[Result, ...]:
        """Every rule's result, in the order of evaluation, met ones included."""
        return tuple(
            answer.met(self.case) if isinstance(answer, Rule) else answer for answer in self.answers
        )

    @property
    def noted(self) -> tuple[Noted, ...]:
        """What is stored with the event: the rules that were not simply met."""
        noted: tuple[Noted, ...] = ()
        for answer in self.answers:
            if isinstance(answer, Result) and answer.outcome not in ("met", "needs-input"):
                noted = (*noted, _noted(answer))
        return noted

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without rules, which are functions: a refusal can travel between processes."""
        return Judgement, (*self[:5], self.results, *self[6:])


def _noted(result: Result) -> Noted:
    outcome = cast("NotedOutcome", result.outcome)  # met and needs-input were left out
    return Noted(result.rule, result.strength, outcome, result.exception, result.since)


class Verdict(NamedTuple):
    """What was judged of a unit of steps. Judging stops at the first step that is refused."""

    allowed: bool
    judgements: tuple[Judgement, ...]
    earlier: tuple[str, str] | None = None
    """Where another version of the workflow judged than cases opened now have: that, and this."""

    def __bool__(self) -> bool:
        """Whether it is allowed: `if book.ask(...)` reads as it looks."""
        return self.allowed

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
            result for result in self._answers() if result.strength == "warn" and result.stands
        )

    @property
    def owed(self) -> tuple[Result, ...]:
        """The results that make something due."""
        return tuple(
            result for result in self._answers() if result.strength == "due" and result.stands
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
                    "label": judgement.label,
                    "position": judgement.position,
                    "target": judgement.target,
                    "allowed": judgement.allowed,
                    "actor": judgement.context.actor.id,
                    "at": judgement.context.at.isoformat(),
                    "results": [result_data(result) for result in judgement.results],
                }
                for judgement in self.judgements
            ],
            "earlier": None
            if self.earlier is None
            else dict(zip(("judged_by", "present"), self.earlier, strict=True)),
        }

    def __str__(self) -> str:
        return self.explain()


def _explained(verdict: Verdict) -> Iterator[str]:
    for judgement in verdict.judgements:
        days = _days(judgement)
        answer = "Allowed" if verdict.allowed else "Would be allowed"
        answer = answer if judgement.allowed else "Not allowed"
        event = judgement.context.proposed
        if judgement.allowed and event is not None and event_type(event).kind == "fact":
            answer = "A fact"  # nobody allows what happened
        opening = f"{answer}: {_step_in_words(judgement)}{_way_in_words(judgement)}."
        yield wrapped(opening, width=WIDTH)
        shown = [a for a in judgement.answers if isinstance(a, Result) and a.outcome != "met"]
        for heading, group in _groups(shown, allowed=verdict.allowed):
            yield ""
            yield f"{heading}:"
            for result in group:
                lines = explain_result(
                    result,
                    words=judgement.words,
                    terms=judgement.terms,
                    due_by=_due_by(judgement, result),
                    days=days,
                ).splitlines()
                yield f"- {lines[0]}"
                yield from (f"  {line.removeprefix(' ')}" for line in lines[1:])
    if len(verdict.judgements) > 1 and not verdict.allowed:
        yield ""
        yield "These steps are one unit: none of them is recorded."
    if verdict.earlier is not None:
        yield ""
        yield wrapped(
            "Judged by version {} of the workflow, under which the case was opened. Cases that "
            "are opened now have version {}.".format(*verdict.earlier),
            width=WIDTH,
            hanging="",
        )


def _days(judgement: Judgement) -> dict[int, date]:
    """On which day events occurred, by their numbers: of those that the case remembers."""
    case, calendar = judgement.case, judgement.context.calendar
    kept: list[AnyRecorded | Move] = [*case.path, *case.dues.values()]
    kept += [one for seen in case.by_type.values() for one in (seen.first, seen.latest)]
    found = {one.number: one.occurred_at for one in kept}
    found |= {made.number: made.made_at for made in case.exceptions}
    return {number: calendar.day_of(at) for number, at in found.items()}


def _due_by(judgement: Judgement, result: Result) -> str:
    """By when it is due, in words, where that begins with this step and can be counted."""
    within, context = result.within, judgement.context
    if within is None or result.since != judgement.case.version + 1:
        return ""
    try:
        if isinstance(within, Span):
            by = context.calendar.later(context.at, within)
            return plain_words(by if within.unit == "hour" else context.calendar.day_of(by))
        return plain_words(context.at + within)
    except Exception:  # working days are counted by foreign code, and a verdict is to be read
        return ""


def _step_in_words(judgement: Judgement) -> str:
    """What was to be done, and that the answer is no, where it is."""
    label, event = judgement.label, judgement.context.proposed
    if event is None:
        return label
    kind = event_type(event)
    for name in kind.needed:
        value = getattr(event, name)
        if value is False:
            return f"{label} (not {in_words(name)})"
        if isinstance(value, str) and re.fullmatch("not-[a-z-]+", value):
            return f"{label} ({in_words(value)})"
    return label


def _way_in_words(judgement: Judgement) -> str:
    """From where to where, or where it stays: what pauses there leads nowhere else."""
    here = in_words(judgement.position, judgement.words) if judgement.position else ""
    if judgement.target in (None, f"{judgement.position}{HOLD}"):
        return f", in {here}" if here else ""
    leads = f" to {in_words(judgement.target, judgement.words)}"
    return f", from {here}{leads}" if here else f",{leads}"


def _groups(results: list[Result], *, allowed: bool) -> Iterator[tuple[str, list[Result]]]:
    """Results under the heading that tells the reader what they mean."""
    groups = {
        "Why not": [r for r in results if r.refuses],
        "Warnings": [r for r in results if r.strength == "warn" and not r.holds],
        "Due afterwards" if allowed else "Would be due afterwards": [
            r for r in results if r.strength == "due" and not r.holds
        ],
        "Waits for what you will enter": [
            r for r in results if r.outcome == "needs-input" and r.strength == "block"
        ],
        "By exception": [r for r in results if r.exception is not None],
    }
    for heading, group in groups.items():
        if group:
            yield heading, group


def in_words(position: str | None, words: Mapping[str, str] = NO_WORDS) -> str:
    """A position as it reads in a sentence: `engagement (outreach)`, `monitoring (on hold)`.

    `words` are the agency's own, where it has any.
    """
    if position is None:
        return "no stage"
    if position in words:
        return words[position]
    stage, _, substage = position.removesuffix(HOLD).partition(".")
    details = [substage] if substage else []
    if position.endswith(HOLD):
        details.append("on hold")
    sentence = f"{stage} ({', '.join(details)})" if details else stage
    return sentence.replace("-", " ").replace("_", " ")
