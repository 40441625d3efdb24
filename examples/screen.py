"""Printing for a person at a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import fill
from typing import Any, Final

from caseflow import Corrected, ExceptionMade, Moved, Option, Recorded

WIDTH: Final = 80


def heading(text: str) -> None:
    """A heading, with space above it."""
    print(f"\n\n{text}\n{'=' * len(text)}")


def say(text: str) -> None:
    """A paragraph of the story."""
    print()
    print(fill(text, WIDTH - 2))


def show(text: str) -> None:
    """What the library answered: indented, and otherwise as it came."""
    print()
    for line in text.splitlines():
        print(f"  {line}".rstrip())


def item(text: str) -> None:
    """An item of a list."""
    print(fill(text, WIDTH - 2, initial_indent="  - ", subsequent_indent="    "))


def more(text: str) -> None:
    """What belongs to the item above it."""
    print(fill(text, WIDTH - 2, initial_indent="      ", subsequent_indent="        "))


def show_options(options: Iterable[Option]) -> None:
    """Each way on: whether it is open, where it leads and what it asks for, or what it lacks."""
    for option in options:
        start = f"  {'open' if option.open else 'blocked':<8} {option.label:<25} "
        words = _way_on(option)
        if not option.open:
            words = f"asks: {' '.join(result.wanted for result in option.blocked_by)}"
        print(_filled(words, start, indent=len(start)))


def _way_on(option: Option) -> str:
    """Where an option leads, and what has to be given with it."""
    where = f"to {in_words(option.target)}" if option.target else "stays here"
    asked = [name.replace("_", " ") for name in option.needs]
    if option.reason_required:
        asked.append("a reason")
    return f"{where}; asks for {', '.join(asked)}" if asked else where


def show_history(history: Iterable[Recorded[Any]]) -> None:
    """The events of a case as a table."""
    print("no.  happened   recorded   by  event                    position")
    print("-" * WIDTH)
    for one in history:
        start = f"{one.number:>3}  {one.occurred_at:%d %b %y}  {one.recorded_at:%d %b %y}  "
        start += f"{one.actor:<4}"
        where = in_words(one.stage) if one.stage else ""
        print(f"{start}{_event_name(one):<24} {where}".rstrip())
        for remark in _remarks(one):
            print(_filled(remark, " " * len(start), indent=len(start) + 2))


def in_words(position: str) -> str:
    """A position as verdicts show it: `engagement (outreach)`, `intervention (on hold)`."""
    stage, _, detail = position.replace(":hold", ".on hold").partition(".")
    return f"{stage} ({detail.replace('.', ', ')})" if detail else stage


def _event_name(one: Recorded[Any]) -> str:
    """The class of the event; a move that records nothing of its own goes by its name."""
    if isinstance(one.event, Moved):
        return f"Moved: {one.transition}"
    return type(one.event).__name__


def _remarks(one: Recorded[Any]) -> Iterator[str]:
    """What is worth saying of an event, below it."""
    days = (one.recorded_at.date() - one.occurred_at.date()).days
    if days:
        reporter = f", reported by {one.reported_by}" if one.reported_by else ""
        yield f"{days} day{'s' if days > 1 else ''} late{reporter}"
    if isinstance(one.event, Corrected):
        yield f"puts event {one.event.number} right"
    if isinstance(one.event, ExceptionMade):
        yield f'to {one.event.rule}: "{one.event.reason}"'
    if one.reason:
        yield f'"{one.reason}"'
    for note in one.noted:
        if note.exception is not None:
            yield f"allowed by the exception in event {note.exception}"
        else:
            yield f"{'owed' if note.strength == 'due' else 'warned'}: {note.rule}"


def _filled(text: str, start: str, *, indent: int) -> str:
    return fill(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
    )
