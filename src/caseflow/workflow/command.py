"""What is decided on, and what was decided: a unit of steps in, a verdict and events out.

Named tuples, since they are made for every decision.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, NamedTuple

from caseflow.kernel.case import Case, S
from caseflow.kernel.context import CountNeeded, HistoryNeeded
from caseflow.kernel.errors import InvalidCall, short
from caseflow.kernel.events import Corrected, ExceptionMade, Voided
from caseflow.kernel.history import histories_of
from caseflow.kernel.recorded import Actor, AnyRecorded, Recorded
from caseflow.kernel.verdict import Verdict


class Entry(NamedTuple):
    """A step with a moment, a reason, a reporter or a subject of its own.

    `step` is an event, or the name of a transition. `at` is when it occurred (left out: the
    moment of the unit); `reported_by` who said so, where that is not the actor; `subject`
    whose data it is, where that is not the client.
    """

    step: Any
    at: datetime | None = None
    reason: str | None = None
    reported_by: str | None = None
    subject: str | None = None


class NoOtherCases(Mapping[tuple[str, str], int]):
    """The counts of an agency that has no case but this one: 0 under every value."""

    def __getitem__(self, _: tuple[str, str]) -> int:
        return 0

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(())

    def __len__(self) -> int:
        return 0


class CountsOf(NoOtherCases):
    """The counts of some values alone: 0 under every other, and missing where not looked up."""

    def __init__(
        self, counts: Mapping[tuple[str, str], int] | None, values: Container[tuple[str, str]]
    ) -> None:
        self._counts = {} if counts is None else counts
        self._values = values

    def __getitem__(self, value: tuple[str, str]) -> int:
        return self._counts[value] if value in self._values else 0


def needs_history(step: Any) -> bool:
    """Whether deciding on a step needs the whole history of the case."""
    if isinstance(step, ExceptionMade):
        return step.due_on is not None
    return isinstance(step, (Corrected, Voided))


class Command(NamedTuple):
    """A unit of steps, with everything that deciding on it may depend on.

    `now` is the moment it is recorded at, `at` the moment it occurred (None: now). `history`
    is the whole history, needed where a step corrects, voids, or excuses one time that
    something was due, and where rules read histories; `histories` are the effective events of
    the types that they declare (None: taken from `history`); `counts` say how many other cases
    an index holds under a value, as `{(index, value): cases}`.
    """

    entries: tuple[Entry, ...]
    actor: Actor
    now: datetime
    at: datetime | None = None
    reason: str | None = None
    command_id: str | None = None
    fingerprint: str | None = None
    history: tuple[AnyRecorded, ...] | None = None
    histories: Mapping[type[Any], tuple[AnyRecorded, ...]] | None = None
    counts: Mapping[tuple[str, str], int] | None = None

    def counting(self, counts: Mapping[tuple[str, str], int]) -> Command:
        """The same command, with the counts that were looked up so far."""
        return self._replace(counts=counts) if counts else self


class Decided(NamedTuple, Generic[S]):
    """What was decided: the verdict, the events to record, and the case with them."""

    verdict: Verdict
    events: tuple[AnyRecorded, ...]
    case: Case[S]


def with_what_is_read(workflow: Any, case: Case[Any], command: Command, call: str) -> Command:
    """The command with the histories that rules read, taken from its whole history if it is given.

    Raises `InvalidCall` where a step needs the whole history, and for one that is not whole.
    """
    if command.history is None:
        for entry in command.entries:
            if needs_history(entry.step):
                raise _incomplete(call)
        return command
    gap = _gap(command.history, case.version)
    if gap:
        raise _incomplete(call, f": {gap}")
    if command.histories is None and workflow.histories:
        return command._replace(histories=histories_of(command.history, workflow.histories))
    return command


def _gap(history: tuple[object, ...], version: int) -> str:
    """What keeps a history from being the whole one of a case; empty where nothing does."""
    for place, entry in enumerate(history, 1):
        if not isinstance(entry, Recorded):
            return f"{short(entry)} is no recorded event"
        if entry.number != place:
            return f"event {entry.number} stands where event {place} belongs"
    given = len(history)
    return "" if given == version else f"event {given} is the last given, of {version}"


def incomplete(call: str, needed: CountNeeded | HistoryNeeded) -> InvalidCall:
    """The error for a command that does not say what a rule reads."""
    if isinstance(needed, HistoryNeeded):
        names = ", ".join(sorted(cls.__name__ for cls in needed.events))
        return _incomplete(call, f": rule {needed.rule!r} reads every {names}")
    asked = (needed.name, needed.value)
    return InvalidCall(
        what=call,
        problem=f"needs to know how many other cases the index {needed.name!r} holds "
        f"under {needed.value!r}",
        repair=f"Say it: Command(..., counts={{{asked!r}: 0}}).",
    )


def _incomplete(call: str, why: str = "") -> InvalidCall:
    return InvalidCall(
        what=call,
        problem=f"needs the history of the case{why}",
        repair="Give it: Command(..., history=...), with all events of the case.",
    )
