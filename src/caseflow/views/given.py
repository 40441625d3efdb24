"""What a drawing or a program was given, checked where it is made and not where it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, TypeVar

import attrs

from caseflow.kernel.errors import InvalidCall, nearest, short

T = TypeVar("T")
Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]


def a_text(made: object, field: attrs.Attribute[Any], value: object) -> None:
    """See that a field is text. Raises `InvalidCall`."""
    if not isinstance(value, str):
        _refuse(made, field, value, "is no text", "Give a str.")


def texts(made: object, field: attrs.Attribute[Any], value: object) -> None:
    """See that a field holds texts. Raises `InvalidCall`."""
    _each(made, field, value, str, "text", "a list of str")


def some(kind: type) -> Validator:
    """See that a field holds things of a kind. Raises `InvalidCall`."""

    def check(made: object, field: attrs.Attribute[Any], value: object) -> None:
        _each(made, field, value, kind, kind.__name__, f"a list of {kind.__name__}")

    return check


def one_of(known: Collection[str]) -> Validator:
    """See that a field is one of some words. Raises `InvalidCall`."""

    def check(made: object, field: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, str) or value not in known:
            _refuse(made, field, value, "is not known", f"Use one of: {', '.join(known)}.")

    return check


def each_of(known: Collection[str]) -> Validator:
    """See that a field holds some of these words. Raises `InvalidCall`."""
    one = one_of(known)

    def check(made: object, field: attrs.Attribute[Any], value: object) -> None:
        texts(made, field, value)
        for word in value if isinstance(value, tuple) else ():
            one(made, field, word)

    return check


def texts_by(known: Collection[str] = ()) -> Validator:
    """See that a field holds texts by name, the name being one of these. Raises `InvalidCall`."""

    def check(made: object, field: attrs.Attribute[Any], value: Any) -> None:
        if not isinstance(value, Mapping) or not _all(str, (*value, *value.values())):
            _refuse(made, field, value, "holds no texts by their names", "Give a dict of str.")
        for name in value if known else ():
            if name not in known:
                _refuse(made, field, name, "is not known", f"Use one of: {', '.join(known)}.")

    return check


def an_instance(kind: type, name: str, value: object) -> None:
    """See that an argument is of a kind. Raises `InvalidCall`."""
    if not isinstance(value, kind):
        raise InvalidCall(
            what=f"{name}={short(value)}",
            problem=f"is no {kind.__name__}",
            repair=f"Give {'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}.",
        )


def some_of(kind: type[T], name: str, values: Iterable[T]) -> tuple[T, ...]:
    """Values of a kind, as a tuple. Raises `InvalidCall`."""
    an_instance(Iterable, name, values)
    those = tuple(values)
    for place, value in enumerate(those):
        an_instance(kind, f"{name}[{place}]", value)
    return those


def known_keys(name: str, given: object, known: Iterable[str]) -> None:
    """See that an argument holds texts by names that are known. Raises `InvalidCall`."""
    choices: Final = tuple(known)
    if not isinstance(given, Mapping) or not _all(str, (*given, *given.values())):
        raise InvalidCall(
            what=f"{name}={short(given)}",
            problem="holds no texts by their names",
            repair="Give a dict of str.",
        )
    for key in given:
        if key not in choices:
            raise InvalidCall(
                what=f"{name} names {key!r}, which",
                problem="is not known",
                repair=nearest(key, choices),
            )


def _each(
    made: object, field: attrs.Attribute[Any], value: object, kind: type, one: str, wanted: str
) -> None:
    if not isinstance(value, tuple):
        _refuse(made, field, value, f"is no list of {one}", f"Give {wanted}.")
    elif not _all(kind, value):
        wrong = next(item for item in value if not isinstance(item, kind))
        _refuse(made, field, wrong, f"is no {one}", f"Give {wanted}.")


def _all(kind: type, values: Iterable[object]) -> bool:
    return all(isinstance(value, kind) for value in values)


def _refuse(
    made: Any, field: attrs.Attribute[Any], value: object, problem: str, repair: str
) -> None:
    first = attrs.fields(type(made))[0].name
    raise InvalidCall(
        what=f"{type(made).__name__}({short(getattr(made, first))}): {field.name}={short(value)}",
        problem=problem,
        repair=repair,
    )
