"""The words of a verdict: sentences that a caseworker can act on, and plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from textwrap import fill
from typing import Any

from caseflow.kernel.rules import Result, Unmet

WIDTH = 78
WIDTH_OF_RESULT = WIDTH - 2  # in a verdict, its lines begin two columns further right


def explain_result(result: Result, *, labels: Mapping[str, str] | None = None) -> str:
    """One result as a few lines of text: wanted, found, to do, who, rests on, source."""
    return "\n".join(_lines(result, indent=""))


def _lines(result: Result, indent: str, *, part: bool = False) -> Iterator[str]:
    yield wrapped(f"{_capital(result.wanted)}", indent)
    inner = indent + "   "
    if result.outcome in ("fault", "fault-excepted"):
        yield wrapped(f"The rule itself failed: {result.fault}", inner)
        if result.outcome == "fault":
            yield wrapped("To do: tell those who keep the agency's rules.", inner)
    elif result.parts:
        yield from _part_lines(result, inner)
    else:
        for item in result.unmet:
            yield from _unmet_lines(item, inner, excepted=result.exception is not None)
    if result.strength == "due" and result.outcome == "unmet" and result.within is not None:
        yield wrapped(f"Due: within {days(result.within)}.", inner)
    if result.exception is not None:
        yield wrapped(f"Allowed by the exception in event {result.exception}.", inner)
    elif result.excepted_by and result.refuses and not part:  # a part is excepted with its whole
        yield wrapped(f"Or: {with_article(result.excepted_by)} may make an exception.", inner)
    if result.evidence:
        numbers = ", ".join(str(number) for number in result.evidence)
        noun = "event" if len(result.evidence) == 1 else "events"
        yield wrapped(f"Rests on: {noun} {numbers}.", inner)
    source = f" Source: {result.source}." if result.source else ""
    yield wrapped(f"Rule: {result.rule}.{source}", inner)


def _part_lines(result: Result, indent: str) -> Iterator[str]:
    if result.connective == "not":
        for item in result.unmet:
            yield from _unmet_lines(item, indent)
        return
    intro = {
        "all of": "All of these are needed:",
        "any of": "One of these is needed:",
        "when": "It applies here, and asks for:",
    }[result.connective]
    parts = result.parts[1:] if result.connective == "when" else result.parts
    yield wrapped(intro, indent)
    for part in parts:
        if part.holds:
            yield wrapped(f"- met: {part.wanted}", indent)
        else:
            lines = list(_lines(part, indent + "  ", part=True))
            yield f"{indent}- {lines[0].lstrip()}"
            yield from lines[1:]


def _unmet_lines(item: Unmet, indent: str, *, excepted: bool = False) -> Iterator[str]:
    about = f"{_capital(item.about)}: " if item.about else ""
    found = "nothing recorded" if item.found is None else plain_words(item.found)
    yield wrapped(f"{about}{'found ' if about else 'Found: '}{found}.", indent)
    if item.remedy and not excepted:
        yield wrapped(f"To do: {item.remedy.rstrip('.')}.", indent)


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


def with_article(word: str) -> str:
    """A role or kind as a sentence names it: `a supervisor`, `an investigator`."""
    return f"{'an' if word[:1].lower() in 'aeio' else 'a'} {word}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def wrapped(text: str, indent: str = "", *, width: int = WIDTH_OF_RESULT) -> str:
    """Text in lines of at most `width` columns, those after the first indented further."""
    return fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
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
            {"about": item.about, "found": plain_data(item.found), "remedy": item.remedy}
            for item in result.unmet
        ],
        "evidence": list(result.evidence),
        "excepted_by": result.excepted_by,
        "exception": result.exception,
        "within_days": result.within / timedelta(days=1) if result.within is not None else None,
        "fault": result.fault,
        "source": result.source,
        "connective": result.connective,
        "parts": [result_data(part) for part in result.parts],
    }


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
