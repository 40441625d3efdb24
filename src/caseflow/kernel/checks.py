"""What is looked at when a rule is declared, so that a mistake is told there and not later."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from sys import flags
from typing import Any, NoReturn

from caseflow.kernel.calendar import Span, span_of
from caseflow.kernel.errors import DefinitionError, hyphenated, short
from caseflow.kernel.events import event_type


def a_rule_id(id: object) -> str:
    """The id of a rule, if it can be one. Raises `DefinitionError`."""
    if isinstance(id, type) or (callable(id) and hasattr(id, "__name__")):
        text = short(id)
        raise DefinitionError(
            what=f"{text[0].upper()}{text[1:]}",
            problem="is declared with @rule without an id",
            repair=f'Write @rule("{hyphenated(id.__name__)}").',
        )
    if not isinstance(id, str):
        raise DefinitionError(
            what=f"A rule has {short(id)} as its id, which",
            problem="is no text",
            repair="Give the id first, like 'income-limit'.",
        )
    if not id or not set(id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-."):
        raise DefinitionError(
            what=f"Rule {id!r}",
            problem="has an id that cannot be stored",
            repair="Use lower-case letters, digits, hyphens and dots, like 'income-limit'.",
        )
    return id


def a_check(id: str, check: object) -> None:
    """See that a rule is made of something that can be called. Raises `DefinitionError`."""
    if isinstance(check, type) or not callable(check):
        raise DefinitionError(
            what=f"Rule {id!r}",
            problem=f"is made of {short(check)}, which is no function",
            repair="Give a function of the case and the context that yields what is unmet.",
        )


def some_words(id: str, **given: object) -> None:
    """See that what a rule says of itself is text. Raises `DefinitionError`."""
    for name, value in given.items():
        if not isinstance(value, str):
            raise DefinitionError(
                what=f"Rule {id!r}",
                problem=f"has {name}={short(value)}, which is no text",
                repair=f"Give a str, or leave {name} out.",
            )


def wanted_words(id: str, wanted: object) -> str:
    """The sentence that says what a rule wants. Raises `DefinitionError` where it says nothing."""
    some_words(id, wanted=wanted)
    if isinstance(wanted, str) and wanted.strip():
        return wanted
    raise DefinitionError(
        what=f"Rule {id!r}",
        problem="does not say what it wants",
        repair="Run Python without -OO, which takes the docstrings away in which rules say it."
        if flags.optimize > 1
        else "Give one sentence, as wanted='...', or as the docstring of its function.",
    )


def so_many(name: str, number: object, what: str) -> None:
    """See that a maker of rules is given a number of things. Raises `DefinitionError`."""
    if type(number) is not int or not 1 <= number <= MOST_THINGS:
        raise DefinitionError(
            what=f"{name}({short(number)})",
            problem=f"is given no number of {what}",
            repair=f"Give a whole number from 1 to {MOST_THINGS:,}.",
        )


MOST_THINGS = 1_000_000
"""The largest number a maker of rules is given: a larger one is a slip of the hand."""


def some_texts(name: str, given: object, what: str) -> tuple[str, ...]:
    """The texts that a maker of rules is given, one or more. Raises `DefinitionError`."""
    texts = given if isinstance(given, tuple) else ()
    if texts and all(isinstance(one, str) and one.strip() for one in texts):
        return texts
    raise DefinitionError(
        what=f"{name}({short(given)})",
        problem=f"is given no {what}",
        repair=f"Give a tuple of {what}, each a text.",
    )


def some_spans(id: str, spans: object) -> tuple[Span, ...]:
    """The spans that a rule counts with, as a tuple. Raises `DefinitionError`."""
    given = spans if isinstance(spans, tuple) else (spans,)
    for span in given:
        if not isinstance(span, Span):
            raise DefinitionError(
                what=f"Rule {id!r}",
                problem=f"counts with {short(span)}, which is no span",
                repair="Give a Span, such as span_of('5 working days'), or a tuple of several.",
            )
    return given


def one_role(id: str, role: object) -> str:
    """The role that may make an exception (empty: nobody). Raises `DefinitionError`."""
    if not isinstance(role, str):
        raise DefinitionError(
            what=f"Rule {id!r}",
            problem=f"may be excepted by {short(role)}, and it takes one role only",
            repair="Name one role, as a text: 'supervisor'.",
        )
    return role


def a_span(id: str, within: object) -> timedelta | Span | None:
    """A time to do something in, or None. Raises `DefinitionError`."""
    if within is None or (isinstance(within, timedelta) and within > timedelta(0)):
        return within
    problem, days = "is no length of time", within if type(within) is int else 30
    if isinstance(within, timedelta):
        problem = "leaves no time"
    elif isinstance(within, (Span, str)):
        with suppress(DefinitionError):
            span = span_of(within)
            if span.count:
                return span
            problem = "leaves no time"
    raise DefinitionError(
        what=f"Rule {id!r}",
        problem=f"is due within {short(within)}, which {problem}",
        repair=f"Give a span, such as '{days} days', or leave it out.",
    )


def some_event_types(id: str, types: object) -> tuple[type[Any], ...]:
    """The event types that a rule names, as a tuple. Raises `DefinitionError`."""
    given = types if isinstance(types, tuple) else (types,)
    for cls in given:
        if not isinstance(cls, type):
            raise DefinitionError(
                what=f"Rule {id!r}",
                problem=f"rests on {short(cls)}, which is no event class",
                repair="Give an event class, or a tuple of several.",
            )
        event_type(cls)
    return given


def some_indexes(id: str, names: object) -> tuple[str, ...]:
    """The indexes by which a rule counts, as a tuple. Raises `DefinitionError`."""
    return _some_names(id, names, "counts cases by", "an index", "an Index")


def some_stages(id: str, names: object) -> tuple[str, ...]:
    """The stages that a rule looks for, as a tuple. Raises `DefinitionError`."""
    return _some_names(id, names, "looks for", "a stage", "a Stage")


def _some_names(id: str, names: object, does: str, kind: str, declared: str) -> tuple[str, ...]:
    given = names if isinstance(names, tuple) else (names,)
    for name in given:
        if not isinstance(name, str) or not name:
            raise DefinitionError(
                what=f"Rule {id!r}",
                problem=f"{does} {short(name)}, which is no name of {kind}",
                repair=f"Give the name of {declared} of the workflow, or a tuple of several.",
            )
    return given


def some_parts(id: str, connective: str, parts: tuple[object, ...], kind: type[Any]) -> None:
    """See that a combination has parts, and that they are rules. Raises `DefinitionError`."""
    if not parts:
        raise DefinitionError(
            what=f"Rule {id!r}", problem=f"is {connective} nothing", repair="Give it its parts."
        )
    for part in parts:
        if not isinstance(part, kind):
            raise DefinitionError(
                what=f"Rule {id!r}",
                problem=f"has the part {short(part)}, which is no rule",
                repair="Give rules, one by one; @rule('its-id') makes one of a function.",
            )


MOST = 1_000
"""How many things one rule may find missing: one that finds more would never end."""


def some_unmets(items: list[Any], kind: type[Any]) -> None:
    """See that a rule yielded what it may yield. Raises `TypeError`: its fault."""
    for item in items:
        if not isinstance(item, kind):
            raise TypeError(f"it yielded {item!r}, which is no Unmet")
        if not isinstance(item.about, str) or not isinstance(item.remedy, str):
            raise TypeError("it yielded an Unmet with an about or a remedy that is no text")
        for number in item.evidence or ():
            if type(number) is not int:
                raise TypeError("it yielded an Unmet with evidence that is no number of an event")
        quoted = item.quoted
        if type(quoted) is not tuple or not all(isinstance(one, str) for one in quoted):
            raise TypeError("it yielded an Unmet with quoted that is no tuple of texts")


def too_many() -> NoReturn:
    """A rule found more missing than anybody reads. Raises `ValueError`: its fault."""
    raise ValueError(f"it yielded more than {MOST} Unmets")


def none_yielded(answer: object) -> NoReturn:
    """A rule gave back something that nothing comes out of. Raises `TypeError`: its fault."""
    raise TypeError(
        f"it returned {short(answer)}: let it yield Unmet(...) for each thing that is unmet, and "
        "nothing where all is met"
    )


def said(error: Exception) -> str:
    """What an error says of itself, if it can."""
    try:
        return str(error)
    except Exception:  # the error is foreign code too
        return "(it cannot say what)"
