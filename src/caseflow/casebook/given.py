"""What a verb was given, checked before anything is read or judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs

from caseflow.kernel.codec import Codec
from caseflow.kernel.convert import instant
from caseflow.kernel.errors import InvalidCall, NotAFact
from caseflow.kernel.events import event_type
from caseflow.kernel.recorded import Actor, aware
from caseflow.workflow.command import Entry


@attrs.frozen(kw_only=True)
class Given:
    """The arguments that all writing verbs share; see `Casebook.do`. Checked when made."""

    by: str | Actor
    at: datetime | None = None
    reason: str | None = None
    command_id: str | None = None
    version: int | None = None

    def __attrs_post_init__(self) -> None:
        by = self.by
        for name, value in (
            ("by", by.id if isinstance(by, Actor) else by),
            ("command_id", self.command_id),
        ):
            if value is not None or name == "by":
                an_id(name, value)
        if self.reason is not None:
            text("reason", self.reason)
        if self.at is not None:
            aware(self.at, name="at")
        version: object = self.version
        if version is not None and type(version) is not int:
            raise InvalidCall(
                what=f"version={version!r}",
                problem="is no version of a case",
                repair="Give the number of its last event: case.version.",
            )


def entries_of(steps: Sequence[Any]) -> tuple[Entry, ...]:
    """The steps of a call as entries. Raises `InvalidCall` or `MomentInvalid`."""
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
        if isinstance(entry.step, type):
            raise InvalidCall(
                what=f"The step {entry.step.__name__}",
                problem="is a class, not an event",
                repair=f"Make an event of it: {entry.step.__name__}(...).",
            )
        for name, value in (("reason", entry.reason), ("reported_by", entry.reported_by)):
            if value is not None:
                text(name, value)
        if entry.subject is not None:
            an_id("subject", entry.subject)
    return entries


def only_facts(entries: tuple[Entry, ...]) -> None:
    """See that every step is a fact. Raises `NotAFact`."""
    for entry in entries:
        step = entry.step
        if isinstance(step, str):
            raise NotAFact(event=repr(step))
        if event_type(step).kind != "fact":
            raise NotAFact(event=type(step).__name__)


def an_id(name: str, value: object) -> None:
    """See that a value can serve as an id: a text that is not empty. Raises `InvalidCall`."""
    if not isinstance(value, str) or not value:
        raise InvalidCall(
            what=f"{name}={value!r}", problem="is no id", repair="Give a text that is not empty."
        )
    text(name, value)


def text(name: str, value: object) -> None:
    """See that a value is a text that can be stored. Raises `InvalidCall`."""
    if not isinstance(value, str):
        raise InvalidCall(what=f"{name}={value!r}", problem="is no text", repair="Give a str.")
    if "\0" in value or not _encodes(value):
        raise InvalidCall(
            what=f"{name}={value!r}",
            problem="holds characters that cannot be stored",
            repair="Leave out NUL and lone surrogates.",
        )


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


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
