"""Rules as data: a vocabulary of rules, and the one form in which a rule is written down.

A vocabulary is a table from names to rules, and to functions that make rules (`maker`). A
rule that was made of it can be written as plain data (`as_data`) and read back (`from_data`);
so workflows in Python and workflows in files are made of the same pieces.

    {"rule": "contact-attempted", "times": 3, "over": "14 days", "excepted_by": "supervisor"}
    {"any": [{"rule": "found-ineligible"}, {"rule": "referred-elsewhere"}], "id": "may-end"}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from functools import wraps
from inspect import Parameter, signature
from types import ModuleType, UnionType
from typing import Any, Literal, ParamSpec, Union, get_args, get_origin, get_type_hints

import attrs

from caseflow.kernel.calendar import Span, span_of
from caseflow.kernel.errors import DefinitionError, listed, nearest, short
from caseflow.kernel.events import event_type
from caseflow.kernel.rules import Form, Rule, all_of, any_of, not_, when

P = ParamSpec("P")
Vocabulary = Mapping[str, "Rule[Any] | Callable[..., Rule[Any]]"]
"""Rules, and functions that make rules, by the names under which data calls them."""

_COMBINED: dict[str, Callable[..., Rule[Any]]] = {"all": all_of, "any": any_of}
_CONNECTIVES = {"all of": "all", "any of": "any", "not": "not", "when": "when"}
_COMMON = ("id", "wanted", "strength", "within", "excepted_by", "source")
_STRENGTHS = ("block", "warn", "due")


def maker(name: str) -> Callable[[Callable[P, Rule[Any]]], Callable[P, Rule[Any]]]:
    """Mark a function that makes rules, so that a vocabulary finds it and its rules are data.

    `name` is what data calls it. Its parameters are annotated with int, bool, str, date,
    Span, an event class (`type`), or a tuple of one of these; they may be optional.
    """

    def mark(make: Callable[P, Rule[Any]]) -> Callable[P, Rule[Any]]:
        expected = signature(make)

        @wraps(make)
        def making(*args: P.args, **kwargs: P.kwargs) -> Rule[Any]:
            given = expected.bind(*args, **kwargs)
            given.apply_defaults()
            return attrs.evolve(make(*args, **kwargs), form=Form(name, given.arguments))

        making.__caseflow_maker__ = name  # type: ignore[attr-defined]  # what a vocabulary looks for
        return making

    return mark


def vocabulary(*modules: ModuleType) -> dict[str, Rule[Any] | Callable[..., Rule[Any]]]:
    """The vocabulary of some modules: their rules, and what they mark with `maker`.

    Raises `DefinitionError` where two share a name.
    """
    found: dict[str, Rule[Any] | Callable[..., Rule[Any]]] = {}
    for module in modules:
        for place, thing in vars(module).items():
            name = None if place.startswith("_") else _name_of(thing)
            if name is None or found.get(name) is thing:
                continue
            if name in found:
                raise DefinitionError(
                    what=f"The vocabulary has two rules {name!r}, one in {module.__name__},",
                    problem="so that data could not tell them apart",
                    repair="Give one of them another name.",
                )
            found[name] = thing
    return found


def _name_of(thing: object) -> str | None:
    """What data calls it; None for what is nothing of a vocabulary."""
    if isinstance(thing, Rule):
        made = thing.form is not None and thing.form.given and thing.form.name == thing.id
        return None if made else thing.id  # then its maker, which has the same name, is found
    name = getattr(thing, "__caseflow_maker__", None)
    return name if isinstance(name, str) else None


# -- writing ---------------------------------------------------------------------------------


def as_data(rule: Rule[Any]) -> dict[str, Any]:
    """A rule as plain data, from which `from_data` makes it again.

    Raises `DefinitionError` for a rule whose check is a function that no vocabulary has.
    """
    data: dict[str, Any]
    parts = [as_data(part) for part in rule.parts]
    if rule.connective:
        key = _CONNECTIVES[rule.connective]
        data = {"id": rule.id}
        data |= {"when": parts[0], "then": parts[1]} if key == "when" else {}
        data |= {key: parts} if key in _COMBINED else {}
        data |= {"not": parts[0]} if key == "not" else {}
    elif rule.form is None:
        raise DefinitionError(
            what=f"Rule {rule.id!r}",
            problem="cannot be written as data: it is a function of its own",
            repair="Make it with @rule or @maker, in a module that is part of a vocabulary.",
        )
    else:
        data = {"rule": rule.form.name, "id": rule.id}
        data |= {key: _plain(value) for key, value in rule.form.given.items()}
    data |= {"wanted": rule.wanted, "strength": rule.strength}
    if rule.within is not None:
        data["within"] = _plain(span_of(rule.within))
    if rule.excepted_by:
        data["excepted_by"] = rule.excepted_by
    if rule.source:
        data["source"] = rule.source
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, type):
        return event_type(value).name
    if isinstance(value, (Span, timedelta)):
        return str(span_of(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


# -- reading ---------------------------------------------------------------------------------


def from_data(
    data: Mapping[str, Any], words: Vocabulary, events: Iterable[type[Any]] = ()
) -> Rule[Any]:
    """The rule that data describes, made of a vocabulary.

    `data` names a rule of `words` (`rule`), with what its maker takes, or joins others (`all`,
    `any`, `not`, or `when` and `then`). `id`, `wanted`, `strength` (block, warn, due),
    `within`, `excepted_by` and `source` may be given for each; left out, they are as the
    vocabulary has them. `events` are the event classes that it may name, by their stored
    names. Nothing of the data is run. Raises `DefinitionError`, which says where it is wrong.
    """
    return _Reader(words, {event_type(cls).name: cls for cls in events}).rule(data, "the rule")


@attrs.frozen
class _Reader:
    words: Vocabulary
    events: Mapping[str, type[Any]]

    def rule(self, data: Any, where: str) -> Rule[Any]:
        """The rule at a place of the data."""
        if not isinstance(data, Mapping):
            raise _wrong(where, f"is {short(data)}", "Give a table with the name of a rule.")
        for key in data:
            if not isinstance(key, str):
                raise _wrong(where, f"has the key {short(key)}", "Give names as keys.")
        made = self._named(data, where) if "rule" in data else self._combined(data, where)
        return self._adjusted(made, data, f"{where} ({data.get('rule') or made.id})")

    def _named(self, data: Mapping[str, Any], where: str) -> Rule[Any]:
        name = data["rule"]
        found = self.words.get(name) if isinstance(name, str) else None
        if found is None:
            raise _wrong(
                where, f"names the rule {short(name)}", nearest(str(name), list(self.words))
            )
        where = f"{where} ({name})"
        given = {key: value for key, value in data.items() if key != "rule"}
        if isinstance(found, Rule):
            self._only(given, (), where)
            return found
        expected, hints = signature(found).parameters, get_type_hints(found)
        self._only(given, expected, where)
        lacking = [
            k for k, p in expected.items() if p.default is Parameter.empty and k not in given
        ]
        if lacking:
            raise _wrong(where, f"does not say {listed(lacking)}", "Give what is missing.")
        arguments = {
            key: self._value(given[key], hints.get(key, Any), f"{key!r} of {where}")
            for key in expected
            if key in given
        }
        return found(**arguments)

    def _only(self, given: Mapping[str, Any], expected: Iterable[str], where: str) -> None:
        allowed = [*expected, *_COMMON]
        for key in given:
            if key not in allowed:
                raise _wrong(where, f"has {key!r}, which it does not take", nearest(key, allowed))

    def _combined(self, data: Mapping[str, Any], where: str) -> Rule[Any]:
        keys = [key for key in ("all", "any", "not", "when") if key in data]
        if len(keys) != 1:
            raise _wrong(
                where,
                f"says {' and '.join(keys)} at once" if keys else "names no rule",
                "Give one of: rule, all, any, not, when.",
            )
        (key,) = keys
        self._only(data, ("when", "then") if key == "when" else (key,), where)
        id, wanted = data.get("id"), data.get("wanted", "")
        if not isinstance(id, str):
            raise _wrong(where, "joins rules and has no id", "Give it an id of its own.")
        where = f"{where} ({id})"
        if key == "when":
            if "then" not in data:
                raise _wrong(where, "says when, and not what then", "Give then: a rule.")
            return when(
                id,
                self.rule(data["when"], f"when of {where}"),
                then=self.rule(data["then"], f"then of {where}"),
                wanted=wanted,
            )
        if key == "not":
            return not_(id, self.rule(data["not"], f"not of {where}"), wanted=wanted)
        parts = data[key]
        if not isinstance(parts, (list, tuple)):
            raise _wrong(where, f"has {short(parts)} for {key}", "Give a list of rules.")
        return _COMBINED[key](
            id,
            *(self.rule(part, f"part {n} of {where}") for n, part in enumerate(parts, 1)),
            wanted=wanted,
        )

    def _adjusted(self, rule: Rule[Any], data: Mapping[str, Any], where: str) -> Rule[Any]:
        """The rule with the words and the strength that the data gives it."""
        for key in _COMMON:
            if key in data and not isinstance(data[key], str):
                raise _wrong(where, f"has {short(data[key])} for its {key}", "Give a text.")
        if "id" in data:
            rule = rule.named(data["id"])
        if "wanted" in data:
            rule = rule.worded(data["wanted"])
        if "source" in data:
            rule = rule.sourced(data["source"])
        if "excepted_by" in data:
            rule = rule.excepted(by=data["excepted_by"])
        strength = data.get("strength", rule.strength)
        if strength not in _STRENGTHS:
            raise _wrong(where, f"has the strength {strength!r}", nearest(strength, _STRENGTHS))
        if "within" in data and strength != "due":
            raise _wrong(where, "has a time to do it in", "Give it strength: due.")
        if strength == "due":
            return rule.due(within=data.get("within"))
        return rule.warns() if strength == "warn" else rule.blocks()

    def _value(self, value: Any, hint: Any, where: str) -> Any:
        """A value as the parameter takes it."""
        if get_origin(hint) in (Union, UnionType):
            options = [option for option in get_args(hint) if option is not type(None)]
            if value is None and len(options) < len(get_args(hint)):
                return None
            hint = options[0]
        origin = get_origin(hint)
        if origin is tuple and isinstance(value, (list, tuple)):
            inner = get_args(hint)[0]
            return tuple(self._value(item, inner, where) for item in value)
        if (hint is type or origin is type) and isinstance(value, str) and value in self.events:
            return self.events[value]
        if origin is Literal and value in get_args(hint):
            return value
        if hint is Span and isinstance(value, str):
            return span_of(value)
        if hint is date and isinstance(value, str):
            return _day(value, where)
        if hint in (int, bool, str, date) and type(value) is hint:
            return value
        raise _wrong(where, f"is {short(value)}", self._allowed(hint, value))

    def _allowed(self, hint: Any, value: object) -> str:
        origin = get_origin(hint)
        if hint is type or origin is type:
            return f"Give the name of an event. {nearest(str(value), self.events)}"
        if origin is Literal:
            return f"Give one of: {', '.join(map(str, get_args(hint)))}."
        if origin is tuple:
            return "Give a list."
        return _KINDS.get(hint, "Give a value of its kind.")


_KINDS: dict[Any, str] = {
    int: "Give a whole number.",
    bool: "Give true or false.",
    str: "Give a text.",
    Span: "Give a span, like '7 days'.",
    date: "Give a date, like '2026-03-31'.",
}


def _day(value: str, where: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _wrong(where, f"is {value!r}", _KINDS[date]) from None


def _wrong(where: str, problem: str, repair: str) -> DefinitionError:
    return DefinitionError(what=f"{where[0].upper()}{where[1:]}", problem=problem, repair=repair)
