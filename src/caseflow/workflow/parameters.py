"""What makers of rules take: values that fit the annotations of their parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from inspect import Parameter, signature
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from caseflow.kernel.calendar import Span, span_of
from caseflow.kernel.checks import said
from caseflow.kernel.errors import DefinitionError, nearest, short

Events = Mapping[str, type[Any]]
"""The event classes that data may name, by their stored names."""

_KINDS: dict[Any, str] = {
    int: "Give a whole number.",
    bool: "Give true or false.",
    str: "Give a text.",
    Span: "Give a span, like '7 days'.",
    date: "Give a date, like '2026-03-31'.",
}
_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


def taken_by_name(name: str, make: Callable[..., Any], taken: tuple[str, ...]) -> None:
    """See that data can name all that a maker takes, and say it of nothing else.

    `taken` are the names that data has for something else. Raises `DefinitionError`.
    """
    for parameter in signature(make).parameters.values():
        if parameter.kind not in _BY_NAME or parameter.name in taken:
            raise DefinitionError(
                what=f"The maker {name!r}",
                problem=f"takes {str(parameter)!r}, which data could not give it by that name",
                repair="Let it take each thing by a name of its own, which is none of: "
                f"{', '.join(taken)}.",
            )


def hints_of(name: str, make: Callable[..., Any]) -> Mapping[str, Any]:
    """The annotations of a maker. Raises `DefinitionError` where they cannot be read."""
    try:
        return get_type_hints(make)
    except Exception as error:  # whatever stands in them is evaluated
        raise DefinitionError(
            what=f"The maker {name!r}",
            problem=f"has annotations that cannot be read: {said(error)}",
            repair="Import what they name where the module runs, not only under TYPE_CHECKING.",
        ) from error


def fitted(value: Any, hint: Any, where: object, events: Events | None = None) -> Any:
    """A value as a parameter takes it, which is annotated so.

    `where` says which it is. `events` are given for plain data: it names event classes, dates
    and spans by text, and gives nothing whose kind is not known here. Raises `DefinitionError`.
    """
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if value is None and NoneType in options:
        return None
    if Span in options:  # what may be a span or a text is a span in words
        options = (Span,)
    wrong: DefinitionError | None = None
    for option in options:
        if option is not NoneType:
            try:
                return _of_kind(value, option, where, events)
            except DefinitionError as error:
                wrong = wrong or error
    raise wrong or misplaced(where, f"is {short(value)}", "Leave it out.")


def _of_kind(value: Any, hint: Any, where: object, events: Events | None) -> Any:
    origin = get_origin(hint)
    if origin is tuple and isinstance(value, (list, tuple)):
        inner = get_args(hint)[0]
        return tuple(
            fitted(item, inner, _item(where, place), events) for place, item in enumerate(value)
        )
    if hint is type or origin is type:
        if events is None and isinstance(value, type):
            return value
        if events is not None and isinstance(value, str) and value in events:
            return events[value]
    elif origin is Literal:
        if isinstance(value, str) and value in get_args(hint):
            return value
    elif hint is Span and isinstance(value, (str, Span, timedelta)):
        return _span(value, where)
    elif hint is date and isinstance(value, str):
        return _day(value, where)
    elif hint in _KINDS:
        if type(value) is hint:
            return value
    elif origin is not tuple and events is None:
        return value  # of a kind that is the maker's own: it looks at it itself
    raise misplaced(where, f"is {short(value)}", _allowed(hint, value, events))


def _item(where: object, place: int) -> object:
    inside: Callable[[int], object] | None = getattr(where, "inside", None)
    return inside(place) if inside else f"item {place} of {where}"


def _allowed(hint: Any, value: object, events: Events | None) -> str:
    origin = get_origin(hint)
    if hint is type or origin is type:
        if events is None:
            return "Give an event class."
        if not events:
            return "Say which events data may name: from_data(..., events=[...])."
        return f"Give the name of an event. {nearest(str(value), events)}"
    if origin is Literal:
        return f"Give one of: {', '.join(map(str, get_args(hint)))}."
    if origin is tuple:
        return "Give a list."
    return _KINDS.get(hint, "Give a value of its kind.")


def _span(value: object, where: object) -> Span:
    try:
        return span_of(value)
    except DefinitionError as error:
        problem = f"is {short(value)}, which is no length of time"
        raise misplaced(where, problem, str(error.fields["repair"])) from None


def _day(value: str, where: object) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise misplaced(where, f"is {short(value)}", _KINDS[date]) from None


def misplaced(where: object, problem: str, repair: str) -> DefinitionError:
    """The error that says where in data, or of what, something is wrong."""
    place = str(where)
    return DefinitionError(what=f"{place[0].upper()}{place[1:]}", problem=problem, repair=repair)
