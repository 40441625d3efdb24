"""The cipher port: where personal fields are sealed before they reach a store.

The default is no cipher at all. The port stands here from the first day, so that the stored
format does not change when fields are encrypted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from types import UnionType
from typing import Any, Literal, Protocol, Union, get_args, get_origin, get_type_hints

import attrs

from caseflow.kernel.events import CODE_MARK, PERSONAL_MARK


class Cipher(Protocol):
    """Seals personal values for a subject, and opens them again."""

    def seal(self, subject: str, value: Any, /) -> Any:
        """The JSON value to store in place of this one."""
        ...

    def open(self, subject: str, sealed: Any, /) -> Any:
        """The value that was sealed."""
        ...

    def fingerprint(self, content: bytes, /) -> str:
        """A keyed fingerprint of a command: the same for the same content, and telling nothing."""
        ...


Plan = Literal["seal"] | Mapping[str, Any] | tuple[Literal["each", "values"], Any] | None
"""Which parts of a JSON value are personal: the whole, some fields, or every item."""


def personal_parts(cls: Any) -> Plan:
    """Which parts of the JSON form of this type are personal (see `caseflow.kernel.events`)."""
    cls = getattr(cls, "__supertype__", getattr(cls, "__value__", cls))  # NewType, type alias
    marks = getattr(cls, "__metadata__", ())
    if CODE_MARK in marks:
        return None
    if PERSONAL_MARK in marks or cls in _ANYTHING or _is_text(cls):
        return "seal"
    if marks:
        return personal_parts(get_args(cls)[0])
    if get_args(cls):
        return _generic_parts(cls)
    if isinstance(cls, type) and attrs.has(cls):
        hints = get_type_hints(cls, include_extras=True)
        fields = {f.name: personal_parts(hints[f.name]) for f in attrs.fields(cls)}
        return {name: plan for name, plan in fields.items() if plan} or None
    return None


_ANYTHING = (Any, object, list, dict, tuple, set, frozenset)
"""Types that can hold text without saying so."""


def _is_text(cls: Any) -> bool:
    """Whether it is free text: `str` or a kind of it, but no member of an `Enum`."""
    return isinstance(cls, type) and issubclass(cls, str) and not issubclass(cls, Enum)


def _generic_parts(cls: Any) -> Plan:
    """The personal parts of a union, a collection or a mapping; words of a `Literal` are none."""
    origin, args = get_origin(cls), get_args(cls)
    if origin is Literal:
        return None
    if origin in (Union, UnionType):
        plans = [personal_parts(arg) for arg in args if arg is not type(None)]
        return plans[0] if len(plans) == 1 else ("seal" if any(plans) else None)
    mapping = isinstance(origin, type) and issubclass(origin, Mapping)
    inner = [personal_parts(arg) for arg in args if arg is not Ellipsis]
    if mapping:
        if inner[0]:  # the keys are personal: nothing of it may be read
            return "seal"
        return ("values", inner[-1]) if inner[-1] else None
    if any(plan != inner[0] for plan in inner):
        return "seal" if any(inner) else None
    return ("each", inner[0]) if inner[0] else None


def apply(plan: Plan, data: Any, change: Callable[[Any], Any]) -> Any:
    """The JSON data with every personal part changed (sealed, or opened)."""
    if plan is None or data is None:
        return data
    if plan == "seal":
        return change(data)
    if isinstance(plan, Mapping):
        return {
            name: apply(plan.get(name), value, change) if name in plan else value
            for name, value in data.items()
        }
    how, inner = plan
    if how == "each":
        return [apply(inner, item, change) for item in data]
    return {name: apply(inner, value, change) for name, value in data.items()}
