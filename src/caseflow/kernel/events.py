"""What an event is: a frozen attrs class with a stable name, a version, and a kind.

There are two kinds. A **fact** is something that happened: it is recorded whatever it is and
however late. A **decision** is something that the agency decides: it is judged by rules, and
may be refused. The decorators `fact` and `decision` declare them:

    >>> @fact("income-stated")
    ... class IncomeStated:
    ...     amount: int
    >>> IncomeStated(amount=1800)
    IncomeStated(amount=1800)

Field types say what is personal. A `str` is free text and therefore personal; a word from
the agency's vocabulary is a `Code`; anything else can be marked with `Personal[...]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar, dataclass_transform

import attrs

from caseflow.kernel.errors import DefinitionError, hyphenated, short
from caseflow.kernel.fields import NUMBER_MARK, Mark, unfit_now

E = TypeVar("E")
T = TypeVar("T")

Kind = Literal["fact", "decision"]
Payload = dict[str, Any]
Upcaster = Callable[[Payload], Payload]
"""Takes the payload of one version (plain JSON data) and returns that of the next."""


CODE_MARK = Mark("code")
PERSONAL_MARK = Mark("personal")

Code = Annotated[str, CODE_MARK]
"""A word from a vocabulary or an identifier: text that is never personal, nor ever erased."""

Number = Annotated[int, NUMBER_MARK]
"""The number of a thing, by which people name it: a whole number from 1."""

Personal = Annotated[T, PERSONAL_MARK]
"""Personal data that is not text: `born: Personal[date]`. A plain `str` is personal already."""


@attrs.frozen(kw_only=True)
class EventType:
    """What caseflow knows of an event class: see `event_type`."""

    name: str
    version: int
    kind: Kind
    cls: type[Any]
    upcasters: Mapping[int, Upcaster]

    @property
    def needed(self) -> tuple[str, ...]:
        """The names of the fields that have no default."""
        fields = attrs.fields(self.cls)
        return tuple(field.name for field in fields if field.default is attrs.NOTHING)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field,))
def fact(
    name: str, *, version: int = 1, upcasters: Mapping[int, Upcaster] | None = None
) -> Callable[[type[E]], type[E]]:
    """Declare a class of facts: what happened, recorded however late, and never refused.

    `name` is the stored name and never changes. `version` goes up when stored payloads of the
    class before would no longer read; `upcasters` then maps each older version to a function
    from its payload to that of the next version. Fields hold what does not change: a tuple in
    place of a list, a frozenset in place of a set. Raises `DefinitionError`.
    """
    return _declare(name, version, "fact", upcasters or {})


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field,))
def decision(
    name: str, *, version: int = 1, upcasters: Mapping[int, Upcaster] | None = None
) -> Callable[[type[E]], type[E]]:
    """Declare a class of decisions: what the agency decides, judged by rules.

    The arguments are those of `fact`.
    """
    return _declare(name, version, "decision", upcasters or {})


def _a_class(what: str, cls: object) -> None:
    """See that it is a class that is declared as an event. Raises `DefinitionError`."""
    if not isinstance(cls, type):
        raise DefinitionError(
            what=what,
            problem=f"is declared of {short(cls)}, which is no class",
            repair="Put the decorator on a class whose fields are those of the event.",
        )


def _declare(
    name: str, version: int, kind: Kind, upcasters: Mapping[int, Upcaster]
) -> Callable[[type[E]], type[E]]:
    if not isinstance(name, str):
        raise _without_name(name, kind)
    what = f"The {kind} {name!r}"
    if not name or not set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise DefinitionError(
            what=what,
            problem="has a name that cannot be stored",
            repair="Use lower-case letters, digits and hyphens, like 'plan-agreed'.",
        )
    whole = all(type(number) is int for number in (version, *upcasters))
    if not whole or version < 1 or any(not 1 <= old < version for old in upcasters):
        raise DefinitionError(
            what=what,
            problem=f"is in version {version!r} and has upcasters from {list(upcasters)}",
            repair="Count versions from 1, and give upcasters from versions before this one.",
        )

    def declare(cls: type[E]) -> type[E]:
        _a_class(what, cls)
        frozen = attrs.frozen(kw_only=True)(cls)
        for field, problem, repair in unfit_now(frozen):
            raise DefinitionError(what=field, problem=problem, repair=repair)
        declared = EventType(
            name=name, version=version, kind=kind, cls=frozen, upcasters=dict(upcasters)
        )
        frozen.__caseflow_event__ = declared  # type: ignore[attr-defined]  # read by event_type
        return frozen

    return declare


def _without_name(given: object, kind: Kind) -> DefinitionError:
    """The error of a declaration that names something else than a text."""
    if not isinstance(given, type):
        return DefinitionError(
            what=f"@{kind}({short(given)})",
            problem="names no event: a stored name is a text",
            repair=f"Give one, like @{kind}('plan-agreed').",
        )
    return DefinitionError(
        what=f"The class {given.__name__}",
        problem=f"is declared with @{kind} without a name",
        repair=f'Write @{kind}("{hyphenated(given.__name__)}").',
    )


def event_type(event: Any) -> EventType:
    """What was declared of an event, or of an event class. Raises `DefinitionError`."""
    cls = event if isinstance(event, type) else type(event)
    found = cls.__dict__.get("__caseflow_event__")
    if not isinstance(found, EventType):
        raise DefinitionError(
            what=f"{cls.__name__}",
            problem="is not an event class",
            repair='Declare it with @fact("its-name") or @decision("its-name").',
        )
    return found


# -- the events that every case knows --------------------------------------------------------


@decision("case-opened")
class CaseOpened:
    """A case was opened for a client. The first event of every history."""

    client: Personal[str]


@decision("moved")
class Moved:
    """A transition was taken that records no event of its own."""


@decision("exception-made")
class ExceptionMade:
    """Somebody entitled to it allowed what a rule refuses.

    It is in force for every later decision that occurred not after `until` (for good where
    `until` is None). `reason` says why; it is shown by every verdict that leans on it. With
    `due_on` it excuses one time that an obligation was due, by the day on which that was, and
    nothing else.
    """

    rule: Code
    reason: str
    until: datetime | None = None
    due_on: date | None = None


@decision("corrected")
class Corrected:
    """An earlier event was recorded wrongly; this is how it should read.

    `number` is the event that is corrected, `event` what it should have said (the same type;
    None leaves it), `occurred_at` when it should have been dated (None leaves it). The wrong
    record stays in the history, and the correct one takes effect in its place.
    """

    number: int
    event: Any = None
    occurred_at: datetime | None = None


@decision("voided")
class Voided:
    """An earlier event never happened. Its record stays in the history, without effect."""

    number: int


CORE_EVENTS: tuple[type[Any], ...] = (CaseOpened, Moved, ExceptionMade, Corrected, Voided)
"""The events that every workflow knows without declaring them."""

Amendment = Corrected | Voided
