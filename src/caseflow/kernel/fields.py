"""The fields of events: their types in words, and the types that they may not have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, MutableSequence, MutableSet, Set
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs


class Mark:
    """A mark on a field type, read by the codec."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


NUMBER_MARK = Mark("number")

_WORDS: Mapping[Any, tuple[str, str]] = {
    str: ("a text (str)", "texts (str)"),
    int: ("a whole number (int)", "whole numbers (int)"),
    float: ("a finite number (float)", "finite numbers (float)"),
    bool: ("True or False", "True or False"),
    Decimal: ("a decimal number (Decimal)", "decimal numbers (Decimal)"),
    date: ("a date", "dates"),
    datetime: ("a moment with a time zone (datetime)", "moments with a time zone (datetime)"),
    timedelta: ("a length of time (timedelta)", "lengths of time (timedelta)"),
    NoneType: ("None", "None"),
    Any: ("anything that JSON can hold", "anything that JSON can hold"),
}
"""One of a type, and several."""


def in_words(cls: Any, *, several: bool = False) -> str:
    """What a field of this type takes, for a sentence: `a date or None`."""
    if _is_number(cls):
        return f"{_WORDS[int][several]} from 1"
    cls = bare(cls)
    if cls in _WORDS:
        return _WORDS[cls][several]
    origin, args = get_origin(cls), get_args(cls)
    if origin is Literal:
        return _one_of([repr(value) for value in args], several=several)
    if origin in (Union, UnionType):
        return " or ".join(in_words(arg, several=several) for arg in args)
    if isinstance(origin, type) and args:
        return _collection_in_words(origin, args)
    if isinstance(cls, type) and issubclass(cls, Enum):
        members = [f"{cls.__name__}.{member.name}" for member in cls]
        return _one_of(members, several=several)
    name = str(getattr(cls, "__name__", "value"))
    return name if several else f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _one_of(values: list[str], *, several: bool) -> str:
    shown = [*values[:12], "others"] if len(values) > 12 else values
    return " or ".join(shown) if several else f"one of {', '.join(shown)}"


def _collection_in_words(origin: type[Any], args: tuple[Any, ...]) -> str:
    if issubclass(origin, Mapping):
        keys, values = (in_words(arg, several=True) for arg in args)
        return f"a mapping from {keys} to {values}"
    inner = [arg for arg in args if arg is not Ellipsis]
    if issubclass(origin, tuple) and Ellipsis not in args:
        return f"a tuple of {' and '.join(in_words(arg) for arg in inner)}"
    kind = "set" if issubclass(origin, Set) else origin.__name__
    return f"a {kind} of {in_words(inner[0], several=True)}"


def misfit(value: Any, cls: Any) -> tuple[Any, Any] | None:
    """The innermost part of a value that is not of its type, and that type; None where all are."""
    if _is_number(cls) and type(value) is int and value < 1:
        return value, cls
    cls = bare(cls)
    origin, args = get_origin(cls), get_args(cls)
    if cls is Any:
        return misfit(value, type(value)) if attrs.has(type(value)) else None
    if origin in (Union, UnionType):
        tried = [misfit(value, arg) for arg in args]
        inner = (part for part in tried if part and part[0] is not value)
        return None if None in tried else next(inner, (value, cls))
    if origin is Literal:
        fits = any(type(value) is type(word) and value == word for word in args)
    elif isinstance(value, datetime):
        fits = cls is datetime and value.tzinfo is not None
    elif isinstance(value, float):
        fits = cls is float and isfinite(value)
    else:
        kind = origin or cls
        exact = cls in _WORDS  # True is no whole number
        fits = isinstance(kind, type) and isinstance(value, kind)
        if exact:
            fits = type(value) is cls or (cls is float and type(value) is int)
    if not fits:
        return value, cls
    parts = list(_parts(value, origin, args))
    if origin is tuple and Ellipsis not in args and len(value) != len(args):
        return value, cls
    return next((found for part, kind in parts if (found := misfit(part, kind))), None)


def _parts(value: Any, origin: Any, args: tuple[Any, ...]) -> Iterable[tuple[Any, Any]]:
    """What a value holds, each with the type that it should be of."""
    if attrs.has(type(value)):
        return [(getattr(value, name), kind) for name, kind in looked_up(type(value)).items()]
    if not isinstance(origin, type) or not args:
        return []
    if isinstance(value, Mapping):
        return [*((key, args[0]) for key in value), *((item, args[1]) for item in value.values())]
    if issubclass(origin, tuple) and Ellipsis not in args:
        return zip(value, args, strict=False)  # of another length: told by the caller
    return [(item, args[0]) for item in value]


def numbers(cls: type[Any]) -> dict[str, Any]:
    """The fields of an event class that hold the number of a thing, and their types."""
    return {name: kind for name, kind in looked_up(cls).items() if _holds_number(kind)}


def _holds_number(cls: Any, within: tuple[Any, ...] = ()) -> bool:
    if _is_number(cls):
        return True
    own = bare(cls)
    parts = get_args(own)
    if attrs.has(own) and own not in within:  # one may hold others of its own class
        parts, within = tuple(looked_up(own).values()), (*within, own)
    return any(_holds_number(part, within) for part in parts)


def _is_number(cls: Any) -> bool:
    return get_origin(cls) is Annotated and NUMBER_MARK in cls.__metadata__


def bare(cls: Any) -> Any:
    """A type without its marks and other names: of `Personal[date]`, the date."""
    while True:
        inner = getattr(cls, "__supertype__", getattr(cls, "__value__", None))  # NewType, alias
        if inner is None and get_origin(cls) is Annotated:
            inner = get_args(cls)[0]
        if inner is None or isinstance(cls, Enum):
            return cls
        cls = inner


def resolved(cls: type[Any]) -> dict[str, Any]:
    """The types of the fields of an attrs class, none of them as text.

    Raises what finding them raises, where an annotation names something that is not there.
    """
    fields = attrs.fields(cls)
    if any(isinstance(field.type, str) for field in fields):
        hints = get_type_hints(cls, include_extras=True)
        return {field.name: hints.get(field.name, Any) for field in fields}
    return {field.name: Any if field.type is None else field.type for field in fields}


def looked_up(cls: type[Any]) -> dict[str, Any]:
    """As `resolved`, with `Any` for every field where the types cannot be found."""
    try:
        return resolved(cls)
    except Exception:  # an annotation is code: it may raise anything
        return {field.name: Any for field in attrs.fields(cls)}


def unfit(cls: type[Any], types: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What may not stand in an event class: the field, what is wrong with it, and the repair.

    Values that could be changed after they were recorded are refused.
    """
    found = ((name, _mutable(given)) for name, given in types.items())
    return [
        (
            f"{cls.__name__}.{name}",
            f"is a {kind}, which could be changed after it was recorded",
            f"Use {instead}.",
        )
        for name, (kind, instead) in found
        if kind
    ]


def unfit_now(cls: type[Any]) -> list[tuple[str, str, str]]:
    """As `unfit`, of the fields whose types can be seen when the class is declared."""
    types = {field.name: field.type for field in attrs.fields(cls)}
    return unfit(cls, {name: given for name, given in types.items() if not isinstance(given, str)})


def unfit_later(cls: type[Any]) -> list[tuple[str, str, str]]:
    """As `unfit`, of the fields whose types are written as text, once they can be looked up."""
    if not any(isinstance(field.type, str) for field in attrs.fields(cls)):
        return []
    try:
        types = resolved(cls)
    except Exception as error:  # an annotation is code: it may raise anything
        problem = f"has fields whose types cannot be looked up ({error})"
        return [
            (cls.__name__, problem, "Import them in its module, and not for type checking only.")
        ]
    return unfit(cls, types)


def _mutable(cls: Any) -> tuple[str, str]:
    """The collection in a type that can be changed, and what to use; empty where there is none."""
    cls = bare(cls)
    kind, args = get_origin(cls) or cls, get_args(cls)
    inner = [_spelled(arg) for arg in args]
    if isinstance(kind, type):
        if issubclass(kind, MutableSequence):
            return kind.__name__, f"tuple[{inner[0]}, ...]" if inner else "a tuple"
        if issubclass(kind, MutableSet):
            return kind.__name__, f"frozenset[{inner[0]}]" if inner else "a frozenset"
        if issubclass(kind, MutableMapping):
            pair = f"tuple[{', '.join(inner)}]"
            return kind.__name__, f"tuple[{pair}, ...]" if inner else "a tuple of pairs"
    parts = (_mutable(arg) for arg in args if arg is not Ellipsis and kind is not Literal)
    return next((part for part in parts if part[0]), ("", ""))


def _spelled(cls: Any) -> str:
    """A type as one writes it, without its modules."""
    cls = bare(cls)
    if cls is NoneType:
        return "None"
    if get_origin(cls) is None:
        return str(getattr(cls, "__name__", cls))
    return str(cls).replace("typing.", "")
