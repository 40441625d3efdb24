"""The cipher port: where personal fields are sealed before they reach a store.

The default is no cipher at all. The port stands here from the first day, so that the stored
format does not change when fields are encrypted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Protocol, Union, get_args, get_origin, get_type_hints

import attrs

from caseflow.kernel.events import CODE_MARK, PERSONAL_MARK


class Cipher(Protocol):
    """Seals personal values for a subject, and opens them again.

    A subject may be named by its id or by its pseudonym, wherever one is asked for.
    """

    def within(self, agency: str, /) -> Cipher:
        """This cipher as it serves one agency. One that knows no agencies is its own."""
        ...

    def generation(self) -> int:
        """A number that is another one after each erasure, wherever it was done.

        Asked when a verb of a casebook begins, and what is remembered of keys is looked at
        then; and before and after it writes, so that no erasure in between is passed over.
        """
        ...

    def seal(self, subject: str, value: Any, /) -> str:
        """A JSON value as text that only the subject's key opens."""
        ...

    def open(self, subject: str, sealed: str, /) -> Any:
        """The value that was sealed; `ERASED`, where the subject's key was destroyed."""
        ...

    def pseudonym(self, subject: str, /) -> str:
        """What the store knows a subject by: the same for the same one, and telling nothing."""
        ...

    def register(self, subject: str, /) -> str:
        """The pseudonym of a subject, from which `subject` leads back from now on."""
        ...

    def subject(self, pseudonym: str, /) -> str:
        """Whose pseudonym it is; what is none that is known, or of one erased, as it is."""
        ...

    def blind(self, name: str, value: str, /) -> str:
        """A value of an index, that can be looked for and not read."""
        ...

    def fingerprint(self, content: bytes, /) -> str:
        """A keyed fingerprint of a command: the same for the same content, and telling nothing."""
        ...


Plan = Literal["seal"] | Mapping[str, Any] | tuple[Literal["each", "values"], Any] | None
"""Which parts of a JSON value are personal: the whole, some fields, or every item."""


def personal_parts(cls: Any, within: frozenset[Any] = frozenset()) -> Plan:
    """Which parts of the JSON form of this type are personal (see `caseflow.kernel.events`).

    What cannot be seen through is personal. `within` are the classes that it is a part of.
    """
    cls = getattr(cls, "__supertype__", getattr(cls, "__value__", cls))  # NewType, type alias
    marks = getattr(cls, "__metadata__", ())
    if CODE_MARK in marks:
        return None
    if PERSONAL_MARK in marks:
        return "seal"
    if marks:
        return personal_parts(get_args(cls)[0], within)
    if get_args(cls):
        return _generic_parts(cls, within)
    if not isinstance(cls, type):
        return "seal"
    if attrs.has(cls) and cls not in within:
        hints = get_type_hints(cls, include_extras=True)
        inner = within | {cls}
        fields = {f.name: personal_parts(hints[f.name], inner) for f in attrs.fields(cls)}
        return {name: plan for name, plan in fields.items() if plan} or None
    return None if cls in _PLAIN or issubclass(cls, Enum) else "seal"


_PLAIN = (int, float, bool, Decimal, date, datetime, timedelta, NoneType)
"""Types that hold no text: personal only where they are marked."""


def _generic_parts(cls: Any, within: frozenset[Any]) -> Plan:
    """The personal parts of a union, a collection or a mapping; words of a `Literal` are none."""
    origin, args = get_origin(cls), get_args(cls)
    if origin is Literal:
        return None
    if origin in (Union, UnionType):
        plans = [personal_parts(arg, within) for arg in args if arg is not NoneType]
        return plans[0] if len(plans) == 1 else ("seal" if any(plans) else None)
    if not isinstance(origin, type) or not issubclass(origin, Collection):
        return "seal"
    inner = [personal_parts(arg, within) for arg in args if arg is not Ellipsis]
    if issubclass(origin, Mapping):
        if inner[0]:  # the keys are personal: nothing of it may be read
            return "seal"
        return ("values", inner[-1]) if inner[-1] else None
    if any(plan != inner[0] for plan in inner):
        return "seal" if any(inner) else None
    return ("each", inner[0]) if inner[0] else None


Path = tuple[str | int, ...]
"""Where in JSON data something stands."""


def set_aside(plan: Plan, data: Any, aside: list[tuple[Path | str, Any]], path: Path = ()) -> Any:
    """The JSON data with null in the place of every personal part, which `aside` gets.

    What is empty says nothing, and stays.
    """
    if plan is None or data is None or data in ("", [], {}, ()):
        return data
    if plan == "seal":
        aside.append((path, data))
        return None
    if isinstance(plan, Mapping):
        return {
            name: set_aside(plan.get(name), value, aside, (*path, name))
            for name, value in data.items()
        }
    how, inner = plan
    if how == "each":
        return [set_aside(inner, item, aside, (*path, n)) for n, item in enumerate(data)]
    return {name: set_aside(inner, item, aside, (*path, name)) for name, item in data.items()}


def put(data: Any, path: Sequence[str | int], value: Any) -> None:
    """Put a value in its place. Raises `LookupError` or `TypeError` where there is no such."""
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = value
