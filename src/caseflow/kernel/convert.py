"""Values into plain JSON data and back, strictly: what reads as something else is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_origin

import attrs

from caseflow.kernel.errors import short
from caseflow.kernel.events import Code, Corrected, EventType, ExceptionMade, event_type

if TYPE_CHECKING:
    from cattrs import Converter


def instant(moment: datetime) -> str:
    """A moment as stored text: UTC, ISO 8601, microseconds; it sorts as it passes."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment_of(text: str) -> datetime:
    """The moment of stored text."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} is a moment without a time zone")
    return moment


def strict_converter(types: Mapping[str, EventType]) -> Converter:
    """A converter that reads strictly: a text is no number, a moment has a time zone."""
    from cattrs.gen import make_dict_unstructure_fn, override
    from cattrs.preconf.orjson import make_converter

    converter = make_converter(detailed_validation=False, forbid_extra_keys=True)
    for cls in (int, str, bool):
        converter.register_structure_hook(cls, _strict(cls))
    converter.register_structure_hook_func(lambda cls: cls == Code, _strict(str))
    converter.register_structure_hook(float, _strict_float)
    converter.register_unstructure_hook(datetime, lambda moment: moment.isoformat())
    converter.register_structure_hook(datetime, lambda value, _: moment_of(value))
    converter.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    converter.register_unstructure_hook(timedelta, lambda span: span / timedelta(microseconds=1))
    converter.register_structure_hook(timedelta, lambda span, _: timedelta(microseconds=span))
    converter.register_unstructure_hook(Decimal, _decimal_out)
    converter.register_unstructure_hook_func(
        _is_set,
        # in one order always, since commands are compared by their content
        lambda values: sorted((converter.unstructure(value) for value in values), key=repr),
    )
    only_if_given = override(omit_if_default=True)  # others are written as they always were
    converter.register_unstructure_hook(
        ExceptionMade, make_dict_unstructure_fn(ExceptionMade, converter, due_on=only_if_given)
    )
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(_text(value)))
    converter.register_unstructure_hook(Corrected, lambda event: _correction_out(converter, event))
    converter.register_structure_hook(
        Corrected, lambda data, _: _correction_in(converter, types, data)
    )
    return converter


def says_the_same(one: Any, other: Any) -> bool:
    """Whether two values are equal, a moment being the same moment in any time zone.

    Python calls a moment of an hour that a clock passes twice, or leaves out, unequal to
    itself in another zone.
    """
    if isinstance(one, datetime) and isinstance(other, datetime):
        zones = one.tzinfo is not None and other.tzinfo is not None
        return instant(one) == instant(other) if zones else one == other
    if type(one) is not type(other):
        return bool(one == other)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(says_the_same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(says_the_same(one[k], other[k]) for k in one)
    if attrs.has(type(one)):
        names = [field.name for field in attrs.fields(type(one)) if field.eq]
        return all(says_the_same(getattr(one, name), getattr(other, name)) for name in names)
    return bool(one == other)


def _is_set(cls: Any) -> bool:
    origin: Any = get_origin(cls)
    return origin in (set, frozenset)


def _strict(cls: type[Any]) -> Any:
    def read(value: Any, _: Any) -> Any:
        if type(value) is not cls:
            raise TypeError(f"{short(value)} is no {cls.__name__}")
        return value

    return read


def _strict_float(value: Any, _: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError(f"{short(value)} is not a number")
    return float(value)


def _decimal_out(value: Any) -> str:
    if not isinstance(value, Decimal):  # a float would come back as a number it is not
        raise TypeError(f"{short(value)} is no Decimal")
    return str(value)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"{short(value)} is not a decimal number in text")
    return value


def converted(payload: Any, kind: EventType, version: int) -> tuple[Any, int]:
    """The payload as far as upcasters lead, and the version that it is then in."""
    while version < kind.version and version in kind.upcasters:
        payload, version = kind.upcasters[version](payload), version + 1
    return payload, version


def _correction_out(converter: Converter, correction: Corrected) -> dict[str, Any]:
    event = correction.event
    data: dict[str, Any] = {"number": correction.number, "occurred_at": None, "event": None}
    if correction.occurred_at is not None:
        data["occurred_at"] = instant(correction.occurred_at)
    if event is not None:
        kind = event_type(event)
        payload = converter.unstructure(event)
        data["event"] = {"type": kind.name, "version": kind.version, "payload": payload}
    return data


def _correction_in(
    converter: Converter, types: Mapping[str, EventType], data: dict[str, Any]
) -> Corrected:
    event, occurred_at = data["event"], data["occurred_at"]
    if event is not None:
        name, given = event["type"], event["version"]
        kind = types.get(name)
        if kind is None:
            raise ValueError(f"it corrects with {name!r}, which no declared event is called")
        payload, version = converted(event["payload"], kind, given)
        if version != kind.version:
            raise ValueError(
                f"it corrects with {name!r} in version {given}, and the class is in version "
                f"{kind.version}"
            )
        event = converter.structure(payload, kind.cls)
    return Corrected(
        number=_strict(int)(data["number"], None),
        event=event,
        occurred_at=moment_of(occurred_at) if occurred_at else None,
    )


def cause_of(error: BaseException) -> str:
    """The innermost message of an error: what is really wrong."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}" if not str(error) else str(error)
