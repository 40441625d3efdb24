"""What a verb was given, checked before anything is read or judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from inspect import isasyncgenfunction, isawaitable, iscoroutinefunction, isgeneratorfunction
from typing import Any

import attrs

from caseflow.casebook.outcome import Outcome
from caseflow.kernel.case import Case
from caseflow.kernel.codec import Codec
from caseflow.kernel.convert import instant
from caseflow.kernel.errors import InvalidCall, NotAFact, short
from caseflow.kernel.events import event_type
from caseflow.kernel.recorded import Actor, Recorded, aware
from caseflow.kernel.values import seconds, storable
from caseflow.workflow.command import Entry

LONGEST_ID = 500
"""How long an id may be, in UTF-8: several of them stand in one key of an index of PostgreSQL."""

MOST_AT_ONCE = 10_000
"""How many cases or events are read at a time at most."""

LAST = 2**63 - 1
"""The last number that a database counts to."""


@attrs.frozen(kw_only=True)
class Given:
    """The arguments that all writing verbs share; see `Casebook.do`. Checked when made."""

    by: str | Actor
    at: datetime | None = None
    reason: str | None = None
    command_id: str | None = None
    version: int | None = None

    def __attrs_post_init__(self) -> None:
        an_actor(self.by)
        if self.command_id is not None:
            an_id("command_id", self.command_id)
        if self.reason is not None:
            text("reason", self.reason)
        if self.at is not None:
            aware(self.at, name="at")
        version: object = self.version
        if version is not None and type(version) is not int:
            raise InvalidCall(
                what=f"version={short(version)}",
                problem="is no version of a case",
                repair="Give the number of its last event: case.version.",
            )


def entries_of(steps: Sequence[Any], verb: str = "do") -> tuple[Entry, ...]:
    """The steps of a call of a verb as entries. Raises `InvalidCall` or `MomentInvalid`."""
    if not steps:
        raise InvalidCall(
            what="The call",
            problem="has no step",
            repair="Give an event, or the name of a transition.",
        )
    entries = tuple(step if isinstance(step, Entry) else Entry(step) for step in steps)
    for entry in entries:
        if entry.at is not None:
            aware(entry.at, name="at")
        if isinstance(entry.step, str):
            text("step", entry.step)
        else:
            _a_step(entry.step, verb)
        for name, value in (("reason", entry.reason), ("reported_by", entry.reported_by)):
            if value is not None:
                text(name, value)
        if entry.subject is not None:
            an_id("subject", entry.subject)
    return entries


def _a_step(step: object, verb: str) -> None:
    """See that a step is not something that is often mistaken for one. Raises `InvalidCall`."""
    if isinstance(step, type):
        problem = "is a class, not an event"
        repair = f"Make an event of it: {step.__name__}(...)."
    elif isinstance(step, Entry):
        problem = "is an entry inside an entry"
        repair = "Give one Entry(...) around the event or name."
    elif isinstance(step, Recorded):
        problem = "is a recorded event, which has its place in a history already"
        repair = "Give the event alone: recorded.event."
    elif isinstance(step, (list, tuple, dict, set, frozenset)):
        problem = f"is a {type(step).__name__}, not an event"
        repair = f"Unpack it, if it holds steps: {verb}(case_id, *steps)."
    else:
        return
    what = step.__name__ if isinstance(step, type) else short(step)
    raise InvalidCall(what=f"The step {what}", problem=problem, repair=repair)


def only_facts(entries: tuple[Entry, ...]) -> None:
    """See that every step is a fact. Raises `NotAFact`."""
    for entry in entries:
        step = entry.step
        if isinstance(step, str):
            raise NotAFact(event=repr(step), submit=repr(step))
        if event_type(step).kind != "fact":
            raise NotAFact(event=type(step).__name__)


def facts_among(steps: Sequence[Any], entries: Sequence[Entry]) -> tuple[Any, ...]:
    """The facts among the steps as they were given: an entry keeps its moment and reporter."""
    named = zip(steps, (entry.step for entry in entries), strict=True)
    return tuple(
        step
        for step, event in named
        if not isinstance(event, str) and event_type(event).kind == "fact"
    )


def an_actor(by: object) -> None:
    """See that a value says who acts, and in roles that can be stored. Raises `InvalidCall`."""
    if not isinstance(by, Actor):
        an_id("by", by)
        return
    an_id("by", by.id)
    if by.on_behalf_of is not None:
        an_id("on_behalf_of", by.on_behalf_of)
    for role in by.roles:
        an_id("role", role)


def an_id(name: str, value: object) -> None:
    """See that a value can serve as an id, on every store. Raises `InvalidCall`.

    An id is a text of 1 to 500 bytes in UTF-8, without NUL and lone surrogates.
    """
    if not isinstance(value, str) or not value:
        held = {Case: "Give case.id.", Outcome: "Give outcome.case.id."}
        repair = held.get(type(value)) if name == "case_id" else None
        raise InvalidCall(
            what=f"{name}={short(value)}",
            problem="is no id",
            repair=repair or "Give a text that is not empty.",
        )
    text(name, value)
    if len(value) * 4 > LONGEST_ID and len(value.encode()) > LONGEST_ID:
        raise InvalidCall(
            what=f"{name}={short(value)}",
            problem=f"is too long for an id: it has {len(value.encode()):,} bytes",
            repair=f"Give at most {LONGEST_ID} bytes (a letter is one, outside of English up to "
            "four); longer texts belong into the payload of an event.",
        )


def text(name: str, value: object) -> None:
    """See that a value is a text that can be stored. Raises `InvalidCall`."""
    if not isinstance(value, str):
        raise InvalidCall(what=f"{name}={short(value)}", problem="is no text", repair="Give a str.")
    if not storable(value):
        raise InvalidCall(
            what=f"{name}={short(value)}",
            problem="holds characters that cannot be stored",
            repair="Leave out NUL and lone surrogates.",
        )


def a_number(name: str, value: object, repair: str, *, least: int, most: int) -> None:
    """See that a value is a whole number, and in bounds. Raises `InvalidCall`."""
    if type(value) is not int or not least <= value <= most:
        raise InvalidCall(
            what=f"{name}={short(value)}",
            problem=f"is no whole number from {least} to {most:,}",
            repair=repair,
        )


def how_many(name: str, value: object) -> None:
    """See that a value says how many to read at a time. Raises `InvalidCall`."""
    repair = "Give how many to read at a time, and go on after the last of them."
    a_number(name, value, repair, least=1, most=MOST_AT_ONCE)


def following(stop: Any, poll: object, *, awaited: bool, joined: bool) -> None:
    """See that `follow` can be stopped, and knows when to look. Raises `InvalidCall`.

    `joined` is whether the book has joined a transaction.
    """
    if joined:
        raise InvalidCall(
            what="follow(...)",
            problem="comes on a book inside a transaction, which it would keep open until stopped",
            repair="Begin a transaction for each batch, and in it call within(...).consume(...).",
        )
    kind = "asyncio.Event" if awaited else "threading.Event"
    there = all(callable(getattr(stop, method, None)) for method in ("is_set", "wait"))
    if isinstance(stop, type) or not there or iscoroutinefunction(stop.wait) is not awaited:
        raise InvalidCall(
            what=f"stop={short(stop)}",
            problem=f"is no {kind}",
            repair=f"Make one, and set it when it is to end: follow(..., stop={kind}()).",
        )
    seconds("poll", poll, "Give after how long to look for news, such as poll=1.")


def has_to_be_awaited(function: object) -> bool:
    """Whether it is a coroutine function, or an object that is called so."""
    return any(map(iscoroutinefunction, _called(function)))


def makes_a_generator(function: object) -> bool:
    """Whether it is a generator function, or an object that is called so."""
    return any(isgeneratorfunction(one) or isasyncgenfunction(one) for one in _called(function))


def _called(function: object) -> tuple[Any, Any]:
    """What is called where a function, a part of one or an object is."""
    while isinstance(function, partial):
        function = function.func
    return function, getattr(type(function), "__call__", None)  # noqa: B004 - what, not whether


def works_when_called(what: str, function: object, *, awaited: bool) -> None:
    """See that calling (`awaited`: or awaiting) a function does its work. Raises `InvalidCall`."""
    if makes_a_generator(function):
        raise InvalidCall(
            what=f"{what} is given {short(function)}, which",
            problem="yields: called, it makes a generator, and does no work",
            repair="Give a function without yield.",
        )
    if not awaited and has_to_be_awaited(function):
        raise _only_awaited(what, function)


def _only_awaited(what: str, function: object) -> InvalidCall:
    """The error of a function that a book which waits would call in vain."""
    return InvalidCall(
        what=f"{what} is given {short(function)}, which",
        problem="has to be awaited, and a Casebook awaits nothing: its work would not be done",
        repair="Give a plain function, or use an AsyncCasebook.",
    )


def done_at_once(what: str, function: object, answer: object) -> None:
    """See that a function gave back nothing that is still to be awaited. Raises `InvalidCall`."""
    if answer is not None and isawaitable(answer):
        getattr(answer, "close", lambda: None)()  # else Python warns that nobody awaited it
        raise _only_awaited(what, function)


def content_of(
    verb: str, agency: str, target: str, entries: tuple[Entry, ...], given: Given, codec: Codec
) -> list[Any]:
    """What was asked, as plain data: the same for the same command."""
    by = given.by
    return [
        verb,
        agency,
        target,
        by.id if isinstance(by, Actor) else by,
        by.on_behalf_of if isinstance(by, Actor) else None,
        instant(given.at) if given.at is not None else None,
        given.reason,
        [_entry_content(entry, codec) for entry in entries],
    ]


def _entry_content(entry: Entry, codec: Codec) -> list[Any]:
    step: Any = entry.step
    if not isinstance(step, str):
        step = [event_type(step).name, codec.converter.unstructure(step)]
    at = instant(entry.at) if entry.at is not None else None
    return [step, at, entry.reason, entry.reported_by, entry.subject]
