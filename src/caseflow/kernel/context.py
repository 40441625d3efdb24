"""What a rule sees besides the case: who decides what, when, and what was looked up for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from caseflow.kernel.calendar import Calendar
from caseflow.kernel.case import Case
from caseflow.kernel.erased import Erased
from caseflow.kernel.erasure_errors import ErasedRead
from caseflow.kernel.errors import UndeclaredCount, UndeclaredRead
from caseflow.kernel.recorded import Actor, AnyRecorded, Recorded, quickly
from caseflow.kernel.results import Unmet

E = TypeVar("E")


class NeedsInput(BaseException):
    """A rule looked at the payload or the reason of a step that has none yet.

    No `Exception`, so that a rule with an `except Exception` of its own does not swallow it.
    """


class CountNeeded(BaseException):
    """A rule asked how many other cases an index holds, which has not been looked up yet.

    No `Exception`, for the same reason. Whoever judges looks it up, and judges again.
    """

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value
        super().__init__(name, value)


class HistoryNeeded(BaseException):
    """A rule that reads every event of some types is judged, and they are not given.

    No `Exception`, for the same reason.
    """

    def __init__(self, rule: str, events: tuple[type[Any], ...]) -> None:
        self.rule, self.events = rule, events
        super().__init__(rule, events)


class Clocks(Protocol):
    """What tells how the obligations of a workflow stand on a case."""

    @property
    def ends(self) -> frozenset[str]:
        """The positions in which cases have ended."""
        ...

    def standings(self, case: Case[Any], now: datetime, /) -> Iterable[Any]:
        """A `Standing` for every obligation whose clock has begun."""
        ...

    def left_undone(self, case: Case[Any], context: Context, /) -> Iterable[Unmet]:
        """What is left undone where the case ends with a step; not what the step does itself."""
        ...


_UTC = Calendar()


class Context(NamedTuple):
    """What a rule sees besides the case: who decides what, and when.

    A named tuple, because one is made for every step. `at` is the moment at which the step
    occurred, `now` the moment at which it is recorded.
    """

    actor: Actor
    at: datetime
    now: datetime
    step: str
    proposed: Any = None
    given_reason: str | None = None
    subject: str = ""
    histories: Mapping[type[Any], tuple[AnyRecorded, ...]] | None = None
    rule: str = ""
    reason_awaited: bool = False
    """Asked what can be done: a reason will have to be given, and is not known yet."""
    counts: Mapping[tuple[str, str], int] | None = None
    countable: tuple[str, ...] = ()
    calendar: Calendar = _UTC
    """How the agency counts days: `context.calendar.day_of(context.at)` is its own day."""
    clocks: Clocks | None = None
    """What is due, for a rule that looks at it: `context.clocks.standings(case, context.at)`.

    `context.clocks.ends` are the positions in which cases have ended.
    """

    @property
    def event(self) -> Any:
        """The event that is proposed. Where it is not known yet, the rule waits for it."""
        event = self.proposed
        if event is None:
            raise NeedsInput
        return event

    @property
    def reason(self) -> str | None:
        """The reason that was given: a code of the transition's tree, or free text."""
        if self.given_reason is None and (self.reason_awaited or self.proposed is None):
            raise NeedsInput
        return self.given_reason

    def reading(
        self,
        histories: Mapping[type[Any], tuple[AnyRecorded, ...]],
        rule: str,
        countable: tuple[str, ...],
    ) -> Context:
        """The same, as one rule sees it: with what it declares to read and to count by."""
        actor, at, now, step, proposed, reason, subject, _, _, awaited, counts, _, *rest = self
        seen = (actor, at, now, step, proposed, reason, subject, histories, rule, awaited, counts)
        return quickly(Context, (*seen, countable, *rest))

    def history(self, event: type[E]) -> tuple[Recorded[E], ...]:
        """All effective events of a type, in recorded order, if the rule declares it.

        Raises `UndeclaredRead` (a fault of the rule) for a type not in `history=`.
        """
        if self.histories is None or event not in self.histories:
            raise UndeclaredRead(rule=self.rule, event=getattr(event, "__name__", repr(event)))
        return cast("tuple[Recorded[E], ...]", self.histories[event])

    def other_cases(self, index: str, value: str) -> int:
        """How many other cases of the agency an index of the workflow holds under a value.

        `index` is the name of an `Index`, which the rule declares as `counts=`. The decision
        is only written while the count is still the same, so that a cap holds whoever else
        decides at the same time. Raises `UndeclaredCount` (a fault of the rule).
        """
        if index not in self.countable:
            raise UndeclaredCount(rule=self.rule, index=index)
        if isinstance(value, Erased):
            raise ErasedRead(doing="counting other cases by it")
        if not isinstance(value, str):
            raise TypeError(f"it counts other cases by {index!r} under {value!r}, which is no text")
        found = None if self.counts is None else self.counts.get((index, value))
        if found is None:
            raise CountNeeded(index, value)
        return found
