"""What all folds are made of: the fields that change, and how things are put among others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import attrs

from caseflow.casework.things import (
    ClosureCriterion,
    Goal,
    Issue,
    ItemTakenOut,
    Need,
    NeedSeenMet,
    Objective,
    PlanItem,
    Referral,
    Requisition,
)
from caseflow.kernel.erased import Erased
from caseflow.kernel.recorded import AnyRecorded

Changes = dict[str, Any]
"""The fields of the state that an event changes."""

Fold = Callable[[Any, AnyRecorded], Changes]
"""Takes the state and the recorded event, and gives the fields that change."""

T = TypeVar(
    "T",
    Need,
    NeedSeenMet,
    Goal,
    Objective,
    PlanItem,
    ItemTakenOut,
    Referral,
    Requisition,
    Issue,
    ClosureCriterion,
)


def put(things: tuple[T, ...], thing: T) -> tuple[T, ...]:
    """The things with one more, or with one replaced by that of the same number."""
    table = {one.number: one for one in things} | {thing.number: thing}
    return tuple(table[number] for number in sorted(table))


def changed(things: tuple[T, ...], number: int, **changes: Any) -> tuple[T, ...]:
    """The things, with the one of a number changed; as they are where there is none."""
    return tuple(attrs.evolve(one, **changes) if one.number == number else one for one in things)


def copied(thing: type[Any], event: Any, **more: Any) -> Any:
    """A thing with the fields that it shares with the event that made it."""
    shared = attrs.fields_dict(thing).keys() & attrs.fields_dict(type(event)).keys()
    return thing(**{name: getattr(event, name) for name in shared}, **more)


def earlier(before: datetime | None, moment: datetime) -> datetime:
    """When something was first so: what is said again does not make it later."""
    return moment if before is None else min(before, moment)


def said(text: Any) -> bool:
    """Whether something was said. What was erased, was."""
    return isinstance(text, Erased) or bool(text.strip())
