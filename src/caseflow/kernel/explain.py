"""The words of a verdict: sentences that a caseworker can act on, and plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise
from textwrap import fill
from typing import Any, NamedTuple

from caseflow.kernel.calendar import Span
from caseflow.kernel.rules import Result, Unmet
from caseflow.kernel.terms import NO_TERMS, article_of, in_terms

WIDTH = 78
WIDTH_OF_RESULT = WIDTH - 2  # in a verdict, its lines begin two columns further right


Words = Mapping[str, str]
"""An agency's words for positions and roles, by their ids."""


class _Told(NamedTuple):
    """The agency's words for roles, its terms, and the days of events that are known."""

    words: Words
    terms: Words
    days: Mapping[int, date]

    def sentence(self, text: str, quoted: Iterable[str] = ()) -> str:
        return in_terms(text, self.terms, quoted=quoted) if self.terms else text

    def role(self, role: str) -> str:
        return self.words.get(role) or self.sentence(_role(role, {}))

    def events(self, numbers: Iterable[int]) -> str:
        """Events by their numbers, those of one day together, with that day where it is known."""
        told = [(day, list(group)) for day, group in groupby(numbers, key=self.days.get)]
        known = [day for day, _ in told if day]
        if any(one == after for one, after in pairwise(known)):  # and none of one between them
            told = [(None, [number for _, group in told for number in group])]
        days = [f" ({plain_words(day)})" if day else "" for day, _ in told]
        lists = [", ".join(map(str, group)) for _, group in told]
        return "; ".join(map("".join, zip(lists, days, strict=True)))


def explain_result(
    result: Result,
    *,
    words: Words | None = None,
    terms: Words = NO_TERMS,
    due_by: str = "",
    days: Mapping[int, date] | None = None,
) -> str:
    """One result as a few lines of text: wanted, found, to do, who, rests on, source.

    `words` are the agency's own, for roles, `terms` those in what rules say. `due_by` is the day
    by which it is due, in words. `days` are those of events, by their numbers, as far as known.
    """
    told = _Told(words or {}, terms, days or {})
    return "\n".join(_lines(result, told, indent="", due_by=due_by))


def _lines(
    result: Result, told: _Told, indent: str, *, part: bool = False, due_by: str = ""
) -> Iterator[str]:
    yield wrapped(_capital(told.sentence(result.wanted)), indent, hanging="")
    inner = indent + "   "
    if result.outcome in ("fault", "fault-excepted"):
        yield wrapped("Found: a fault in the rule itself, so it could not be judged.", inner)
        if result.outcome == "fault":
            yield wrapped(f"To do: tell those who keep the rules: {result.fault}", inner)
    elif result.outcome in ("erased", "erased-excepted"):
        yield wrapped("Found: cannot be judged: erased. What it looks at was erased.", inner)
        if result.outcome == "erased":
            yield wrapped("To do: record anew what it asks for, where that is allowed.", inner)
    elif result.parts:
        yield from _part_lines(result, told, inner)
    else:
        yield from _unmet_lines(result.unmet, told, inner, excepted=result.exception is not None)
    if result.strength == "due" and result.outcome == "unmet":
        by = f"from the {told.role(result.owner)}" if result.owner else ""
        when = f"within {in_time(result.within)}" if result.within is not None else ""
        if by or when:
            day = f"by {due_by}" if due_by else ""
            yield wrapped(f"Due: {', '.join(filter(None, (when, day, by)))}.", inner)
    if result.exception is not None:
        yield wrapped(_exception_words(result), inner)
    elif result.excepted_by and result.refuses and not part:  # a part is excepted with its whole
        who = with_article(result.excepted_by, {result.excepted_by: told.role(result.excepted_by)})
        yield wrapped(f"Or: {who} may make an exception.", inner)
    if result.evidence:
        noun = "event" if len(result.evidence) == 1 else "events"
        yield wrapped(f"Rests on: {noun} {told.events(result.evidence)}.", inner)
    source = f" Source: {result.source}." if result.source else ""
    yield wrapped(f"Rule: {result.rule}.{source}", inner)


def _exception_words(result: Result) -> str:
    """Which exception stands in the place of the rule: whose, until when, and why."""
    made = result.exception_made
    if made is None:
        return f"Allowed by the exception in event {result.exception}."
    until = f", until {plain_words(made.until)}" if made.until is not None else ""
    said = str(made.reason).strip()  # in words, where it was erased
    reason = f": {said.rstrip('.')}" if said else ""
    return f"Allowed by the exception in event {made.number}, by {made.made_by}{until}{reason}."


def _part_lines(result: Result, told: _Told, indent: str) -> Iterator[str]:
    if result.connective == "not":
        yield from _unmet_lines(result.unmet, told, indent)
        return
    where = told.sentence(result.parts[0].wanted).rstrip(".")
    intro = {
        "all of": "All of these are needed:",
        "any of": "One of these is needed:",
        "when": f"It applies here ({where}), and asks for:",
    }[result.connective]
    parts = result.parts[1:] if result.connective == "when" else result.parts
    yield wrapped(intro, indent)
    for part in parts:
        if part.holds:
            yield wrapped(f"- met: {told.sentence(part.wanted)}", indent)
        else:
            lines = list(_lines(part, told, indent + "  ", part=True))
            yield f"{indent}- {lines[0].lstrip()}"
            yield from lines[1:]


def _unmet_lines(
    unmet: Iterable[Unmet], told: _Told, indent: str, *, excepted: bool = False
) -> Iterator[str]:
    """What was found, and what to do: once for all that follow one another and need the same."""
    for remedy, group in groupby(unmet, key=lambda item: item.remedy):
        items, quoted = list(group), []
        for item in items:
            about = told.sentence(item.about, item.quoted)
            about = f"{_capital(about)}: " if about else ""
            found = "nothing recorded" if item.found is None else _found_words(item.found)
            quoted += [one for one in item.quoted if one not in f"{item.about} {found}"]
            found = told.sentence(found, item.quoted)
            yield wrapped(f"{about}{'found ' if about else 'Found: '}{_stopped(found)}", indent)
        if remedy and not excepted:
            todo = "To do" if len(items) == 1 else "To do, for each"
            said = told.sentence(remedy, quoted).rstrip(".")
            yield wrapped(f"{todo}: {_stopped(said)}", indent)


def _stopped(text: str) -> str:
    """A sentence with its full stop, where none stands at its end: before a quotation mark, say."""
    return text if re.search(r"\?$|[.!?][\"'\u2019\u201d\u00bb]$", text) else f"{text}."


def _found_words(value: object) -> str:
    """What was found, in words; a rule may have found anything, even what has none."""
    try:
        return plain_words(value)
    except Exception:  # foreign code: its fault must not hide the verdict
        return f"{with_article(type(value).__name__)} that cannot be shown"


def plain_words(value: object) -> str:
    """A value as it reads in a sentence."""
    if isinstance(value, datetime):
        return f"{value.day} {value:%B %Y}, {value:%H:%M}"
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    if isinstance(value, timedelta):
        return days(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(plain_words(item) for item in value) or "none"
    return str(value).rstrip(".")


def days(span: timedelta | None) -> str:
    """A span of time in days, or in hours where it is no whole number of days."""
    if span is None:
        return "no time"
    if span % timedelta(days=1):
        return f"{span / timedelta(hours=1):g} hours"
    return "1 day" if span.days == 1 else f"{span.days} days"


def in_time(span: timedelta | Span) -> str:
    """A span of time in words."""
    return str(span) if isinstance(span, Span) else days(span)


def with_article(word: str, words: Words | None = None) -> str:
    """A role or kind as a sentence names it: `a supervisor`, `an investigator`."""
    word = _role(word, words or {})
    return f"{article_of(word)} {word}"


def _role(word: str, words: Words) -> str:
    return words.get(word) or word.replace("-", " ").replace("_", " ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def wrapped(
    text: str, indent: str = "", *, width: int = WIDTH_OF_RESULT, hanging: str = "  "
) -> str:
    """Text in lines of at most `width` columns, those after the first indented further."""
    return fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def result_data(result: Result) -> dict[str, Any]:
    """A result as plain data: only JSON types."""
    return {
        "rule": result.rule,
        "outcome": result.outcome,
        "strength": result.strength,
        "wanted": result.wanted,
        "unmet": [
            {"about": item.about, "found": _found_data(item.found), "remedy": item.remedy}
            for item in result.unmet
        ],
        "evidence": list(result.evidence),
        "excepted_by": result.excepted_by,
        "exception": result.exception,
        "exception_by": result.exception_made.made_by if result.exception_made else None,
        "exception_reason": str(result.exception_made.reason) if result.exception_made else None,
        "within": in_time(result.within) if result.within is not None else None,
        "owner": result.owner,
        "fault": result.fault,
        "source": result.source,
        "connective": result.connective,
        "parts": [result_data(part) for part in result.parts],
    }


def _found_data(value: object) -> Any:
    try:
        return plain_data(value)
    except Exception:  # as for its words
        return _found_words(value)


def plain_data(value: object) -> Any:
    """A found value as JSON data; what JSON does not know becomes its words."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain_data(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    return plain_words(value)
