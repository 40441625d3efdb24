"""Events of any class, drawn from the types of its fields, or as the user says.

A workflow says which event classes there are; their fields say what they hold. What a type
cannot say (that the number of a plan item's need is one that was assessed) is said by
`payloads`: a strategy for an event class, or a function from the case to one.
"""

from __future__ import annotations

import enum
import functools
import types
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import attrs
from hypothesis import strategies as st

from caseflow.kernel.case import Case
from caseflow.kernel.errors import DefinitionError, InvalidCall
from caseflow.kernel.events import CODE_MARK, event_type
from caseflow.kernel.fields import NUMBER_MARK

Strategy = st.SearchStrategy[Any]
Payload = Strategy | Callable[[Case[Any]], Strategy]
"""How to draw an event: a strategy, or a function from the case to one."""
Payloads = Mapping[type[Any], Payload]

ZONES: tuple[timezone, ...] = (UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5.5)))
"""Moments are drawn in several time zones, since the same moment has many spellings."""

WORDS: Strategy = st.sampled_from(["alpha", "beta", "gamma", "north-2", ""])
# What can be stored: text without lone surrogates, and without NUL.
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
SENTENCES: Strategy = st.sampled_from(["as agreed", "the client's own words"]) | st.text(
    _CHARACTERS, max_size=12
)
MOMENTS: Strategy = st.datetimes(
    min_value=datetime(2015, 1, 1),  # noqa: DTZ001  # the strategy adds the time zone
    max_value=datetime(2035, 1, 1),  # noqa: DTZ001  # the strategy adds the time zone
    timezones=st.sampled_from(ZONES),
)

SIMPLE: Mapping[Any, Strategy] = {
    str: SENTENCES,
    # Small numbers often, since numbers name things; any that JSON readers take, sometimes.
    int: st.integers(1, 5) | st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=2, max_value=10**9),
    date: st.dates(min_value=date(2015, 1, 1), max_value=date(2035, 1, 1)),
    datetime: MOMENTS,
    timedelta: st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3650)),
    type(None): st.none(),
}
"""What is drawn for a plain type. Times are those that a casework program may meet."""


def checked(payloads: Payloads | None) -> Payloads:
    """The payloads, if each is a strategy or a function for an event class.

    Those for events that the workflow does not know are not used. Raises `InvalidCall`.
    """
    for cls, payload in (payloads or {}).items():
        try:
            event_type(cls)
        except (DefinitionError, AttributeError):
            raise InvalidCall(
                what=f"payloads has the key {cls!r}, which",
                problem="is no event class",
                repair="Use classes declared with @fact or @decision as keys",
            ) from None
        if not isinstance(payload, st.SearchStrategy) and not callable(payload):
            raise InvalidCall(
                what=f"payloads[{cls.__name__}] is {payload!r}, which",
                problem="is neither a strategy nor a function",
                repair="Give a Hypothesis strategy, or a function from the case to one",
            )
    return dict(payloads or {})


def payload(cls: type[Any], case: Case[Any], payloads: Payloads) -> Strategy:
    """Events of a class, as `payloads` says, or else from the types of its fields."""
    given = payloads.get(cls)
    if given is None:
        return derived(cls)
    strategy = given if isinstance(given, st.SearchStrategy) else given(case)
    if not isinstance(strategy, st.SearchStrategy):
        raise InvalidCall(
            what=f"payloads[{cls.__name__}] gave {strategy!r}, which",
            problem="is no strategy",
            repair="Return a Hypothesis strategy from the function",
        )
    return strategy


def of_class(cls: type[Any], event: Any) -> Any:
    """The event, if it is of the class that it was drawn for. Raises `InvalidCall`."""
    if type(event) is not cls:
        raise InvalidCall(
            what=f"payloads[{cls.__name__}] drew {event!r}, which",
            problem=f"is no {cls.__name__}",
            repair=f"Let it draw events of the class, as st.builds({cls.__name__}, ...) does",
        )
    return event


def derived(cls: type[Any]) -> Strategy:
    """Values of an attrs class, from the types of its fields. Raises `InvalidCall`."""
    return _derived(cast("Hashable", cls))  # a class can be hashed, whatever mypy thinks of it


@functools.cache  # a strategy is a value that is dear to make, and depends on the class alone
def _derived(cls: Hashable) -> Strategy:
    if not isinstance(cls, type) or not attrs.has(cls):
        raise InvalidCall(
            what=repr(cls), problem="is no attrs class", repair="Give a class of events"
        )
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise InvalidCall(
            what=f"The types of {cls.__name__}",
            problem=f"cannot be looked up: {error}",
            repair="Declare the class and its types in a module, not inside a function",
        ) from error
    fields = {
        field.alias or field.name: of_type(hints[field.name], f"{cls.__name__}.{field.name}")
        for field in attrs.fields(cls)
        if field.init
    }
    return st.builds(cls, **fields)


def of_type(hint: Any, where: str) -> Strategy:
    """Values of a type, as a field may have it. Raises `InvalidCall` naming the field."""
    simple = _of_plain_type(hint)
    if simple is not None:
        return simple
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        if NUMBER_MARK in hint.__metadata__:
            return st.integers(1, 5) | st.integers(1, 2**53)
        return WORDS if CODE_MARK in hint.__metadata__ else of_type(inner[0], where)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, types.UnionType):
        return st.one_of([of_type(item, where) for item in inner])
    if isinstance(hint, NewType):
        return of_type(hint.__supertype__, where)
    several = _of_several(origin, inner, where)
    if several is not None:
        return several
    raise InvalidCall(
        what=f"{where} is of type {hint!r}, for which",
        problem="no values can be derived",
        repair=f"Say how to draw the event: payloads={{{where.partition('.')[0]}: strategy}}",
    )


def _of_plain_type(hint: Any) -> Strategy | None:
    if hint in SIMPLE:
        return SIMPLE[hint]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return st.sampled_from(hint)
    if isinstance(hint, type) and attrs.has(hint):
        return derived(hint)
    return None


def _of_several(origin: Any, inner: tuple[Any, ...], where: str) -> Strategy | None:
    """Tuples, lists, sets and mappings; None for any other type."""
    if origin is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        return st.lists(of_type(inner[0], where), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(of_type(item, where) for item in inner))
    if origin is list:
        return st.lists(of_type(inner[0], where), max_size=3)
    if origin is frozenset:
        return st.frozensets(of_type(inner[0], where), max_size=3)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        keys, values = (of_type(item, where) for item in inner)
        return st.dictionaries(keys, values, max_size=3)
    return None
