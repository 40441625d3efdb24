"""How a workflow is changed into another: `Workflow.extend` in its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

from caseflow.kernel.errors import WorkflowInvalid, nearest
from caseflow.kernel.rules import Rule
from caseflow.workflow.definition import Hold, Stage, Transition

T = TypeVar("T", Stage, Transition)
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


def extended(
    workflow: Any,
    *,
    rules: Mapping[Key, Rules],
    drop: Mapping[Key, tuple[str, ...]],
    replace: Mapping[Key, Rules],
    strengths: Mapping[str, Restrength],
    stages: tuple[Stage, ...],
    transitions: tuple[Transition, ...],
) -> Changed:
    """The parts of a workflow with everything changed that was asked; faults all at once."""
    merged = _merged(workflow.transitions, transitions, lambda item: item.name)
    names = {transition.name for transition in merged} | {"hold", "resume"}
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
    if faults:
        raise WorkflowInvalid(workflow=workflow.name, faults=tuple(faults))
    hold = workflow.hold and attrs.evolve(workflow.hold, rules=edit("hold", workflow.hold.rules))
    return Changed(
        stages=_merged(workflow.stages, stages, lambda item: item.id),
        transitions=new_transitions,
        rules=table,
        hold=hold,
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
    if change is None:
        faults.append(
            f"Rule {rule.id!r} is given the strength {wanted!r}. Give 'block', 'warn' or 'due'."
        )
        return rule
    return change(rule)


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
    faults = []
    for key, id, verb in asked:
        standing = {rule.id for rule in workflow.rules.get(key, ())}
        standing |= {r.id for t in workflow.transitions if t.name == key for r in t.rules}
        if key == "hold" and workflow.hold:
            standing |= {rule.id for rule in workflow.hold.rules}
        if id not in standing:
            name = key if isinstance(key, str) else key.__name__
            faults.append(
                f"Rule {id!r} is to be {verb} {name!r}, where it does not stand. "
                f"{nearest(id, standing)}"
            )
    return faults
