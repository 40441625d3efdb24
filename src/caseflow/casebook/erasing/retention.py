"""What has to be kept, why somebody's data is not erased, and what became of an erasure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Literal

import attrs

from caseflow.kernel.case import Case
from caseflow.kernel.erasure_errors import ErasedRead
from caseflow.kernel.errors import InvalidCall, listed, short
from caseflow.kernel.explain import plain_words
from caseflow.kernel.recorded import aware

Why = Literal[
    "legal-hold", "retention", "in-the-clear", "other-workflow", "state", "not-known", "damaged"
]


@attrs.frozen(kw_only=True)
class Retention:
    """What an agency has to keep: asked of every case before anything of it is erased.

    `until` tells the moment until which a case has to be kept, in full (None: there is none);
    `hold` the names of the legal holds in force (a text, several, or None), such as
    `caseflow.casework.legal_holds`. Both are pure, like `fold`. `Retention()` says that
    nothing has to be kept.
    """

    until: Callable[[Case[Any]], datetime | None] | None = None
    hold: Callable[[Case[Any]], str | Iterable[str] | None] | None = None


@attrs.frozen(kw_only=True)
class Ground:
    """One thing that speaks against erasing somebody's data: in which case, and what.

    `why` is the kind of it; `name` that of the legal hold or the workflow, `until` the moment
    until which the case is kept, `events` the numbers of events that stand in the clear. Of a
    case that is damaged, `name` says what is.
    """

    case_id: str
    why: Why
    name: str = ""
    until: datetime | None = None
    events: tuple[int, ...] = ()

    def __str__(self) -> str:
        words = _WORDS[self.why]
        until = plain_words(self.until.date()) if self.until is not None else ""
        events = ", ".join(map(str, self.events))
        told = words.format(name=self.name, until=until, events=events)
        return f"Case {self.case_id!r} {told}"


_WORDS: dict[Why, str] = {
    "legal-hold": "is under the legal hold {name!r}. It has to be lifted first.",
    "retention": "has to be kept until {until}.",
    "in-the-clear": "holds it in the clear, in events {events}: they were written without a "
    "cipher, and there is no key to be destroyed.",
    "other-workflow": "runs under workflow {name!r}. Give its book as well: also=[...].",
    "state": "could not be read any more: {name}",
    "not-known": "has a retention that reads what was erased before. Let it ask "
    "isinstance(value, Erased) first.",
    "damaged": "cannot be read, and so nobody knows what has to be kept. {name}",
}


@attrs.frozen(kw_only=True)
class Erasure:
    """What was erased: whose (by pseudonym), when, by whom, why, and the cases it touched.

    `again` says that the key had been destroyed before, and what was left to do was done.
    """

    subject: str
    at: datetime
    by: str
    reason: str
    cases: tuple[str, ...]
    again: bool = False

    def __str__(self) -> str:
        cases = f"in {listed(self.cases)}" if self.cases else "in no case"
        return f"{self.subject} was erased on {plain_words(self.at.date())}, {cases}"


def grounds_in(retention: Retention, case: Case[Any], now: datetime) -> tuple[Ground, ...]:
    """Everything that a retention says against erasing data of a case at a moment.

    Raises `MomentInvalid` where `until` gives something else than a moment with a time zone, and
    `InvalidCall` where `hold` gives something else than names.
    """
    try:
        names = _names(retention.hold(case), case.id) if retention.hold is not None else ()
        until = retention.until(case) if retention.until is not None else None
    except ErasedRead:
        return (Ground(case_id=case.id, why="not-known"),)
    found = [Ground(case_id=case.id, why="legal-hold", name=name) for name in names]
    if until is not None and now < aware(until, name="Retention(until=...)"):
        found.append(Ground(case_id=case.id, why="retention", until=until))
    return tuple(found)


def _names(held: object, case_id: str) -> tuple[str, ...]:
    """The names that a `hold` gave. Raises `InvalidCall`."""
    given = () if held is None else (held,) if isinstance(held, str) else held
    names = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(name, str) for name in names):
        raise InvalidCall(
            what="Retention(hold=...)",
            problem=f"gave {short(held)} for case {case_id!r}",
            repair="Give the names of the holds in force: a text, several, or None.",
        )
    return names
