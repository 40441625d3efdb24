"""Events of which parts are sealed: how they stand in a row, and how they read once erased.

In the payload of a row that was written with a cipher, what is personal stands no more: null
is in its place, and under the key "*" (which no field can be called) stand the places and all
of it in one sealed text. What was put aside of the columns `reason` and `reported_by` is in it,
too. The row itself says what is sealed, so that it reads whatever its class looks like by then,
and no text that somebody typed is ever taken for a sealed one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import attrs
import orjson

from caseflow.kernel.cipher import Cipher, Path, Plan, put, set_aside
from caseflow.kernel.erased import ERASED
from caseflow.kernel.fields import bare, resolved
from caseflow.kernel.stored import StoredEvent

SEALED = "*"
"""The key of a payload under which the sealed part stands."""

Structure = Callable[[Any, Any], Any]


def is_sealed(row: StoredEvent) -> bool:
    """Whether something in a row is sealed; no for one that nobody can read."""
    try:
        return SEALED in orjson.loads(row.payload)
    except (ValueError, TypeError):
        return False


def seal(
    cipher: Cipher, subject: str, plan: Plan, data: Any, columns: Mapping[str, str | None]
) -> Any:
    """The payload with everything personal sealed, that of the columns included."""
    aside: list[tuple[Path | str, Any]] = []
    data = set_aside(plan, data, aside)
    aside.extend((name, text) for name, text in columns.items() if text)
    if aside:
        places, values = zip(*aside, strict=True)
        data[SEALED] = [places, cipher.seal(subject, values)]
    return data


def unseal(cipher: Cipher, subject: str, data: Any) -> tuple[Any, dict[str, Any], bool]:
    """The payload with what was sealed in its place, the columns, and whether it was erased."""
    places, text = data.pop(SEALED)
    values = cipher.open(subject, text)
    erased = values is ERASED
    if erased:
        values = [ERASED] * len(places)
    columns: dict[str, Any] = {}
    for place, value in zip(places, values, strict=True):
        if isinstance(place, str):
            columns[place] = value
        else:
            put(data, place, value)
    return data, columns, erased


def holds_erased(data: Any) -> bool:
    """Whether something in JSON data stands for what was erased."""
    if isinstance(data, dict):
        return any(map(holds_erased, data.values()))
    if isinstance(data, list):
        return any(map(holds_erased, data))
    return data is ERASED


def rebuilt(data: Any, cls: Any, structure: Structure) -> Any:
    """The value of JSON data of which parts were erased; the rest as `structure` reads it.

    Nothing that a class does when it is made is done: it was, when the value was recorded.
    """
    if not holds_erased(data):
        return structure(data, cls)
    cls = bare(cls)
    origin, args = get_origin(cls), get_args(cls)
    if data is ERASED:
        return ERASED
    if origin in (Union, UnionType):
        (inner,) = (arg for arg in args if arg is not NoneType)
        return rebuilt(data, inner, structure)
    if isinstance(data, list) and isinstance(origin, type):
        kinds = args if issubclass(origin, tuple) and Ellipsis not in args else args[:1] * len(data)
        return origin(
            rebuilt(item, kind, structure) for item, kind in zip(data, kinds, strict=True)
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {
            structure(key, args[0]): rebuilt(value, args[1], structure)
            for key, value in data.items()
        }
    return _instance(data, cls, structure)


def _instance(data: Any, cls: Any, structure: Structure) -> Any:
    """A value of an attrs class, made past its `__init__`."""
    types = resolved(cls)
    unknown = set(data) - set(types)
    if unknown:
        raise ValueError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
    made = object.__new__(cls)
    for field in attrs.fields(cls):
        if field.name in data:
            value = rebuilt(data[field.name], types[field.name], structure)
        elif isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]  # it is a class
            value = field.default.factory()
        elif field.default is attrs.NOTHING:
            raise ValueError(f"{cls.__name__} has no {field.name}")
        else:
            value = field.default
        object.__setattr__(made, field.name, value)
    return made
