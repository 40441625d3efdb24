"""How a workflow is changed into another: `Workflow.extend` in its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

import attrs

from caseflow.kernel.errors import DefinitionError, WorkflowInvalid, nearest, short
from caseflow.kernel.rules import Rule
from caseflow.workflow.definition import Hold, Index, Stage, Transition, words
from caseflow.workflow.obligation import Obligation
from caseflow.workflow.shape import called, misshapen_extension

T = TypeVar("T", Stage, Transition, Index, Obligation)
Key = str | type[Any]
Rules = tuple[Rule[Any], ...]
Restrength = str | Callable[[Rule[Any]], Rule[Any]]

_STRENGTHS: dict[str, Callable[[Rule[Any]], Rule[Any]]] = {
    "block": lambda rule: rule.blocks(),
    "warn": lambda rule: rule.warns(),
    "due": lambda rule: rule.due(),
}


@attrs.frozen(kw_only=True)
class Changed:
    """The parts of the new workflow."""

    stages: tuple[Stage, ...]
    transitions: tuple[Transition, ...]
    rules: Mapping[Key, Rules]
    hold: Hold | None
    indexes: tuple[Index, ...]
    obligations: tuple[Obligation, ...]


@attrs.frozen(kw_only=True)
class Asked:
    """What `Workflow.extend` was asked to add, drop, replace and re-strengthen."""

    rules: Mapping[Key, Rules]
    drop: Mapping[Key, tuple[str, ...]]
    replace: Mapping[Key, Rules]
    strengths: Mapping[str, Restrength]
    stages: tuple[Stage, ...]
    transitions: tuple[Transition, ...]
    events: tuple[type[Any], ...]
    labels: Mapping[str, str]
    terms: Mapping[str, str]
    indexes: tuple[Index, ...]
    obligations: tuple[Obligation, ...]
    drop_obligations: tuple[str, ...]


def drop_table(drop: Mapping[Key, Iterable[str]]) -> dict[Key, tuple[str, ...]]:
    """What is to be dropped, as a table of tuples; what is no mapping is reported later."""
    given: Any = drop
    if not isinstance(given, Mapping):
        return cast("dict[Key, tuple[str, ...]]", given)
    return {key: words(ids) for key, ids in given.items()}


def extended(workflow: Any, name: str, asked: Asked) -> Changed:
    """The parts of a workflow with everything changed that was asked; faults all at once.

    `name` is that of the new workflow, which the faults are told of.
    """
    wrong = misshapen_extension(asked)
    if wrong:
        raise WorkflowInvalid(workflow=name, faults=tuple(wrong))
    rules, drop, replace, strengths = asked.rules, asked.drop, asked.replace, asked.strengths
    merged = _merged(workflow.transitions, asked.transitions, lambda item: item.name)
    names = {item.name for item in (*merged, *workflow.rows)}
    decided = [cls for stage in asked.stages for cls in stage.decides]
    kinds = (getattr(cls, "__caseflow_event__", None) for cls in decided)
    names |= {kind.name for kind in kinds if kind}
    faults = [*_unknown_names(names, rules, drop, replace)]
    known = workflow.all_rules
    faults += _unknown_rules(known, strengths)

    def edit(key: Key, given: Rules) -> Rules:
        kept = tuple(rule for rule in given if rule.id not in drop.get(key, ()))
        swapped = {rule.id: rule for rule in replace.get(key, ())}
        return tuple(
            _strengthened(swapped.get(rule.id, rule), strengths.get(rule.id), faults)
            for rule in kept
        )

    new_transitions = tuple(
        attrs.evolve(item, rules=edit(item.name, item.rules)) for item in merged
    )
    table = {key: edit(key, given) for key, given in workflow.rules.items()}
    for key, given in rules.items():
        table[key] = (*table.get(key, ()), *given)
    faults += _missing(workflow, drop, replace)
    owed = {one.id: one for one in workflow.obligations}
    faults += [
        f"Obligation {id!r} is to be dropped, and there is none."
        + (f" {nearest(id, owed)}" if owed else "")
        for id in asked.drop_obligations
        if id not in owed
    ]
    if faults:  # a rule that stands in several places has the same one in each
        raise WorkflowInvalid(workflow=name, faults=tuple(dict.fromkeys(faults)))
    hold = workflow.hold and attrs.evolve(workflow.hold, rules=edit("hold", workflow.hold.rules))
    return Changed(
        stages=_merged(workflow.stages, asked.stages, lambda item: item.id),
        transitions=new_transitions,
        rules=table,
        hold=hold,
        indexes=_merged(workflow.indexes, asked.indexes, lambda item: item.name),
        obligations=_merged(
            tuple(one for id, one in owed.items() if id not in asked.drop_obligations),
            asked.obligations,
            lambda item: item.id,
        ),
    )


def _merged(
    standing: tuple[T, ...], added: tuple[T, ...], key: Callable[[T], Any]
) -> tuple[T, ...]:
    """The standing ones, those with the key of an added one replaced, and then the new ones."""
    new: dict[Any, list[T]] = {}
    for item in added:
        new.setdefault(key(item), []).append(item)
    merged: list[T] = []
    for item in standing:  # of several that share a name, the first gives the place
        name = key(item)
        merged += new.pop(name) if name in new else []
        if not any(key(other) == name for other in added):
            merged.append(item)
    for items in new.values():
        merged += items
    return tuple(merged)


def _strengthened(rule: Rule[Any], wanted: Restrength | None, faults: list[str]) -> Rule[Any]:
    if wanted is None:
        return rule
    change = _STRENGTHS.get(wanted) if isinstance(wanted, str) else wanted
    if not callable(change):
        faults.append(
            f"Rule {rule.id!r} is given the strength {short(wanted)}. "
            "Give 'block', 'warn' or 'due'."
        )
        return rule
    try:
        changed: object = change(rule)
    except DefinitionError as error:
        faults.append(str(error))
        return rule
    if not isinstance(changed, Rule):
        faults.append(
            f"Rule {rule.id!r} is given a strength by a function that returns {short(changed)}. "
            "Let it return the rule, such as rule.due(within=timedelta(days=30))."
        )
        return rule
    return changed


def _unknown_names(names: set[str], *tables: Mapping[Key, Any]) -> list[str]:
    return [
        f"Rules are given for transition {key!r}, which there is not. {nearest(key, names)}"
        for table in tables
        for key in table
        if isinstance(key, str) and key not in names
    ]


def _unknown_rules(known: Mapping[str, Any], strengths: Mapping[str, Any]) -> list[str]:
    return [
        f"Rule {id!r} is given a strength, but there is no such rule. {nearest(id, known)}"
        for id in strengths
        if id not in known
    ]


def _missing(
    workflow: Any, drop: Mapping[Key, tuple[str, ...]], replace: Mapping[Key, Rules]
) -> list[str]:
    """Rules that are to be dropped or replaced where they do not stand."""
    asked = [(key, id, "dropped from") for key, ids in drop.items() for id in ids]
    asked += [(key, rule.id, "replaced on") for key, given in replace.items() for rule in given]
    standing = _standing(workflow)
    faults = []
    for key, id, verb in asked:
        here = standing.get(key, ())
        there = [called(other) for other, ids in standing.items() if id in ids]
        if id not in here:
            repair = nearest(id, here)
            if there:
                repair = f"It stands on {' and on '.join(there)}: name it there."
            faults.append(
                f"Rule {id!r} is to be {verb} {called(key)}, where it does not stand. {repair}"
            )
    return faults


def _standing(workflow: Any) -> dict[Key, list[str]]:
    """The ids of the rules that stand on each transition, by its name, and each event class."""
    standing: dict[Key, list[str]] = {}
    on_hold = [("hold", workflow.hold.rules)] if workflow.hold else []
    declared = [(item.name, item.rules) for item in workflow.transitions]
    for key, rules in (*declared, *on_hold, *workflow.rules.items()):
        standing.setdefault(key, []).extend(rule.id for rule in rules)
    return standing
