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
from types import ModuleType
from typing import Any, ParamSpec

import attrs

from caseflow.kernel.calendar import MOST as LONGEST
from caseflow.kernel.calendar import Span, span_of
from caseflow.kernel.checks import said
from caseflow.kernel.errors import CaseflowError, DefinitionError, listed, nearest, short
from caseflow.kernel.events import event_type
from caseflow.kernel.rules import Form, Rule, all_of, any_of, not_, when
from caseflow.workflow.parameters import Events, fitted, hints_of, misplaced, taken_by_name

P = ParamSpec("P")
Vocabulary = Mapping[str, "Rule[Any] | Callable[..., Rule[Any]]"]
"""Rules, and functions that make rules, by the names under which data calls them."""

_COMBINED: dict[str, Callable[..., Rule[Any]]] = {"all": all_of, "any": any_of}
_CONNECTIVES = {"all of": "all", "any of": "any", "not": "not", "when": "when"}
_COMMON = ("id", "wanted", "strength", "within", "owner", "excepted_by", "source")
_STRENGTHS = ("block", "warn", "due")
_OF_DUE = {"within": "has a time to do it in", "owner": "says who has to do it"}
_KEYS = ("rule", *_COMBINED, "not", "when", "then", "strength", "within", "owner")
MOST = 1_000
"""How many rules data may join to one: one with more is a slip, or endless."""
DEEPEST = 50
"""How deep they may stand in one another."""


def maker(name: str) -> Callable[[Callable[P, Rule[Any]]], Callable[P, Rule[Any]]]:
    """Mark a function that makes rules, so that a vocabulary finds it and its rules are data.

    `name` is what data calls it. Its parameters are annotated with int, bool, str, date,
    Span, an event class (`type`), or a tuple of one of these; they may be optional. What it is
    called with has to fit them. Raises `DefinitionError`, also where it is called with what
    does not.
    """

    def mark(make: Callable[P, Rule[Any]]) -> Callable[P, Rule[Any]]:
        taken_by_name(name, make, _KEYS)
        expected = signature(make)

        @wraps(make)
        def making(*args: P.args, **kwargs: P.kwargs) -> Rule[Any]:
            given = expected.bind(*args, **kwargs)
            given.apply_defaults()
            hints = hints_of(name, make)
            for key, value in given.arguments.items():
                where = f"{key!r} of {make.__name__}"
                given.arguments[key] = fitted(value, hints.get(key, Any), where)
            made = make(*given.args, **given.kwargs)
            return attrs.evolve(made, form=Form(name, given.arguments))

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

    Raises `DefinitionError` for a rule whose check is a function that no vocabulary has, or that
    is due within a time that is no span of whole hours.
    """
    if not isinstance(rule, Rule):
        raise misplaced(short(rule), "is no rule", "Give a rule.")
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
        data = {"rule": rule.form.name}
        data |= {key: _plain(value) for key, value in rule.form.given.items()}
        data |= {"id": rule.id}
    data |= {"wanted": rule.wanted, "strength": rule.strength}
    if rule.strength == "due":
        data["within"] = None if rule.within is None else str(_within(rule.id, rule.within))
        data["owner"] = rule.owner
    # also where they are empty: left out, they would be as the vocabulary has them
    return data | {"excepted_by": rule.excepted_by, "source": rule.source}


def _within(id: str, given: timedelta | Span) -> Span:
    """The time to do something in, as a span: a timedelta ends at the moment, as hours do."""
    if isinstance(given, Span):
        return given
    hours, rest = divmod(given, timedelta(hours=1))
    if rest or hours > LONGEST:
        raise DefinitionError(
            what=f"Rule {id!r}",
            problem=f"is due within {given}, which data cannot say",
            repair=f"Give a span, such as '30 days', or at most {LONGEST:,} whole hours.",
        )
    return Span(hours, "hour")


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
    `within`, `owner`, `excepted_by` and `source` may be given for each; left out, they are as
    the vocabulary has them (an `excepted_by` of "" is nobody). `events` are the event classes that
    it may name, by their stored names. Nothing of the data is run. Raises `DefinitionError`,
    which says where it is wrong.
    """
    table: Any = words
    if not isinstance(table, Mapping):
        what = f"The words of from_data are {short(table)}, which"
        raise misplaced(what, "is no vocabulary", "Give VOCABULARY, or vocabulary(...).")
    classes: Any = events
    if isinstance(classes, str) or not isinstance(classes, Iterable):
        what = f"The events of from_data are {short(classes)}, which"
        raise misplaced(what, "is no list", "Give a list of event classes.")
    return _Reader(words, {event_type(cls).name: cls for cls in classes}).rule(data, _Place())


@attrs.frozen
class _Place:
    """A place in data: the way to it, how deep it is, and the rule that is described there."""

    path: str = ""
    depth: int = 0
    name: str = ""

    def __str__(self) -> str:
        start = f"{self.path!r} of the rule" if self.path else "the rule"
        return f"{start} ({self.name})" if self.name else start

    def inside(self, key: str | int) -> _Place:
        """What stands under a key here, or at a place of a list."""
        step = f"[{key}]" if isinstance(key, int) else f".{key}" if self.path else key
        return attrs.evolve(self, path=f"{self.path}{step}")

    def part(self, key: str | int) -> _Place:
        """A rule that stands in this one."""
        return attrs.evolve(self.inside(key), depth=self.depth + 1, name="")


@attrs.define
class _Reader:
    words: Vocabulary
    events: Events
    read: int = 0

    def rule(self, data: Any, where: _Place) -> Rule[Any]:
        """The rule at a place of the data."""
        self.read += 1
        if self.read > MOST:
            repair = "A table that is used again counts each time. Make rules of their own of it."
            raise misplaced("the rule", f"joins more than {MOST:,} rules", repair)
        if where.depth > DEEPEST:
            deep = attrs.evolve(where, path=f"{where.path[:40]}...")
            raise misplaced(
                deep, f"stands in more than {DEEPEST} others", "Let parts stand side by side."
            )
        if not isinstance(data, Mapping):
            raise misplaced(where, f"is {short(data)}", "Give a table with the name of a rule.")
        for key in data:
            if not isinstance(key, str):
                raise misplaced(where, f"has the key {short(key)}", "Give names as keys.")
        name = data.get("rule", data.get("id"))
        named = attrs.evolve(where, name=name if isinstance(name, str) else "")
        for key in _COMMON:
            unsaid = key == "within" and data.get(key) is None  # null: due, without a date
            if not unsaid and not isinstance(data.get(key, ""), str):
                problem = f"has {short(data[key])} for its {key}"
                raise misplaced(named, problem, "Give a text.")
        made = self._named(data, where) if "rule" in data else self._combined(data, where)
        strength = self._strength(made, data, named)
        return _made(named, lambda: _adjusted(made, data, strength))

    def _named(self, data: Mapping[str, Any], where: _Place) -> Rule[Any]:
        name = data["rule"]
        found = self.words.get(name) if isinstance(name, str) else None
        if found is None:
            problem = f"names the rule {short(name)}"
            raise misplaced(where, problem, nearest(str(name), list(self.words)))
        where = attrs.evolve(where, name=name)
        given = {key: value for key, value in data.items() if key != "rule"}
        if isinstance(found, Rule):
            self._only(given, (), where)
            return found
        expected, hints = signature(found).parameters, hints_of(name, found)
        self._only(given, expected, where)
        lacking = [
            k for k, p in expected.items() if p.default is Parameter.empty and k not in given
        ]
        if lacking:
            raise misplaced(where, f"does not say {listed(lacking)}", "Give what is missing.")
        arguments = {
            key: fitted(given[key], hints.get(key, Any), where.inside(key), self.events)
            for key in expected
            if key in given
        }
        return _made(where, lambda: found(**arguments))

    def _only(self, given: Mapping[str, Any], expected: Iterable[str], where: _Place) -> None:
        allowed = [*expected, *_COMMON]
        for key in given:
            if key not in allowed:
                problem = f"has {short(key)}, which it does not take"
                raise misplaced(where, problem, nearest(key, allowed))

    def _combined(self, data: Mapping[str, Any], where: _Place) -> Rule[Any]:
        keys = [key for key in ("all", "any", "not", "when") if key in data]
        if len(keys) != 1:
            raise misplaced(
                where,
                f"says {' and '.join(keys)} at once" if keys else "names no rule",
                "Give one of: rule, all, any, not, when.",
            )
        (key,) = keys
        self._only(data, ("when", "then") if key == "when" else (key,), where)
        if "id" not in data:
            raise misplaced(where, "joins rules and has no id", "Give it an id of its own.")
        id, wanted = data["id"], data.get("wanted", "")
        where = attrs.evolve(where, name=id)
        if key == "when":
            if "then" not in data:
                raise misplaced(where, "says when, and not what then", "Give then: a rule.")
            condition, then = (self.rule(data[one], where.part(one)) for one in ("when", "then"))
            return _made(where, lambda: when(id, condition, then=then, wanted=wanted))
        if key == "not":
            part = self.rule(data[key], where.part(key))
            return _made(where, lambda: not_(id, part, wanted=wanted))
        given = data[key]
        if not isinstance(given, (list, tuple)):
            raise misplaced(where, f"has {short(given)} for {key}", "Give a list of rules.")
        inside = where.inside(key)
        parts = [self.rule(part, inside.part(n)) for n, part in enumerate(given)]
        return _made(where, lambda: _COMBINED[key](id, *parts, wanted=wanted))

    def _strength(self, rule: Rule[Any], data: Mapping[str, Any], where: _Place) -> str:
        """The strength that the data gives a rule; by when and by whom goes with `due` alone."""
        strength: str = data.get("strength", rule.strength)
        if strength not in _STRENGTHS:
            problem = f"has the strength {short(strength)}"
            raise misplaced(where, problem, nearest(strength, _STRENGTHS))
        for key, has in _OF_DUE.items():
            if key in data and strength != "due":
                raise misplaced(where, has, "Give it strength: due.")
        return strength


def _adjusted(rule: Rule[Any], data: Mapping[str, Any], strength: str) -> Rule[Any]:
    """The rule with the words and the strength that the data gives it."""
    if "id" in data:
        rule = rule.named(data["id"])
    if "wanted" in data:
        rule = rule.worded(data["wanted"])
    if "source" in data:
        rule = rule.sourced(data["source"])
    if "excepted_by" in data:
        rule = rule.excepted(by=data["excepted_by"])
    if strength == "due":
        return rule.due(within=data.get("within", rule.within), owner=data.get("owner"))
    return rule.warns() if strength == "warn" else rule.blocks()


def _made(where: _Place, make: Callable[[], Rule[Any]]) -> Rule[Any]:
    """The rule that is made; what is wrong with it is told with its place."""
    try:
        return make()
    except CaseflowError as error:
        problem = str(error)
    except Exception as error:  # a maker is foreign code
        problem = f"{type(error).__name__}: {said(error)}"
    raise misplaced(where, "cannot be made", problem)
