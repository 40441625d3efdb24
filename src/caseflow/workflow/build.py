"""From a declaration to a checked workflow: rows, edges, the machine, and every fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from caseflow.kernel.case import HOLD
from caseflow.kernel.errors import DefinitionError
from caseflow.kernel.events import (
    CORE_EVENTS,
    Corrected,
    EventType,
    ExceptionMade,
    Voided,
    event_type,
)
from caseflow.kernel.fields import unfit_later
from caseflow.kernel.rules import Rule
from caseflow.kernel.verdict import in_words
from caseflow.workflow.check import RESERVED, Faults, check_declaration, check_graph
from caseflow.workflow.check_owed import check_obligations
from caseflow.workflow.clocks import Clocks
from caseflow.workflow.definition import (
    ANY_OPEN,
    BACK,
    STAY,
    Hold,
    To,
    Transition,
    codes_of,
)
from caseflow.workflow.machine import (
    Dispatch,
    EdgeMachine,
    Row,
    build_machine,
    read_dispatch,
)
from caseflow.workflow.places import Places

CORE_TRANSITIONS = {"make-exception": ExceptionMade, "correct": Corrected, "void": Voided}
CORE_LABELS = {
    "make-exception": "make an exception",
    "correct": "correct an event",
    "void": "void an event",
}


@attrs.frozen(kw_only=True)
class Parts:
    """What is derived from a declaration when it is built."""

    machine: EdgeMachine
    positions: tuple[str, ...]
    start: str
    ends: frozenset[str]
    dispatch: Dispatch
    rows: tuple[Row, ...]
    rows_named: Mapping[str, tuple[Row, ...]]
    known: Mapping[type[Any], EventType]
    recorders: Mapping[type[Any], tuple[str, ...]]
    all_rules: Mapping[str, Rule[Any]]
    histories: tuple[type[Any], ...]
    labels: Mapping[str, str]
    words: Mapping[str, str]
    clocks: Clocks


def assemble(workflow: Any) -> tuple[Parts | None, list[str]]:
    """The parts of a workflow, and all faults of its declaration."""
    places = Places(workflow.stages, workflow.hold)
    faults = Faults()
    known = _known_events(workflow, faults)
    transitions = _all_transitions(workflow)
    rows = [_row(workflow, item, faults) for item in transitions]
    check_declaration(workflow, rows, places, known, faults)
    starts = [stage for stage in workflow.stages if stage.initial]
    if len(starts) != 1 or not places.all:
        return None, faults.found
    start = starts[0].positions[0]
    machine = build_machine(places.all, places.ends, start, workflow.name)
    for row in rows:
        if row.core or row.name not in RESERVED:  # a reserved name was reported
            _add_edges(machine, row, places)
    dispatch = read_dispatch(machine, places.all)
    check_graph(dispatch, places, start, faults)
    recorders: dict[type[Any], tuple[str, ...]] = {}
    rows_named: dict[str, tuple[Row, ...]] = {}
    for row in rows:
        rows_named[row.name] = (*rows_named.get(row.name, ()), row)
        if row.transition.records is not None:
            names = recorders.get(row.transition.records, ())
            recorders[row.transition.records] = tuple(dict.fromkeys((*names, row.name)))
    all_rules = {rule.id: rule for row in rows for rule in row.rules}
    all_rules |= {rule.id: rule for given in workflow.rules.values() for rule in given}
    check_obligations(workflow, all_rules, known, faults)
    conditions = [to.when for row in rows for to in row.transition.to if to.when]
    parts = Parts(
        machine=machine,
        positions=tuple(places.all),
        start=start,
        ends=frozenset(places.ends),
        dispatch=dispatch,
        rows=tuple(rows),
        rows_named=rows_named,
        known=known,
        recorders=recorders,
        all_rules=all_rules,
        histories=tuple(
            dict.fromkeys(
                cls for rule in (*all_rules.values(), *conditions) for cls in rule.history
            )
        ),
        labels={row.name: row.label for row in rows} | {"open": "open the case"},
        words=_words(workflow, places),
        clocks=Clocks(workflow.obligations, frozenset(places.ends), workflow.calendar, workflow),
    )
    return parts, faults.found


def _known_events(workflow: Any, faults: Faults) -> dict[type[Any], EventType]:
    """Every event class that the declaration names."""
    named = [
        *CORE_EVENTS,
        *workflow.events,
        *(item.records for item in workflow.transitions if item.records is not None),
        *(cls for stage in workflow.stages for cls in stage.decides),
        *(key for key in workflow.rules if isinstance(key, type)),
    ]
    known: dict[type[Any], EventType] = {}
    for cls in named:
        try:
            known[cls] = event_type(cls)
        except DefinitionError as error:
            faults.add(str(error), "")
        else:
            for field, problem, repair in unfit_later(cls):
                faults.add(f"{field} {problem}.", repair)
    return known


def _all_transitions(workflow: Any) -> list[tuple[Transition, bool]]:
    """The declared transitions, and those that stages, the hold and the core stand for."""
    declared = [(item, False) for item in workflow.transitions]
    ways = {(item.records, name) for item in workflow.transitions for name in item.source}
    for stage in workflow.stages:
        here = {stage.id} if stage.final else {stage.id, ANY_OPEN}
        for cls in stage.decides:
            name = getattr(cls, "__caseflow_event__", None)
            if name is not None and ways.isdisjoint((cls, place) for place in here):
                declared.append(
                    (Transition(name.name, source=stage.id, to=STAY, records=cls), False)
                )
    if workflow.hold is not None:
        hold: Hold = workflow.hold
        declared.append(
            (
                Transition(
                    "hold",
                    source=hold.stages,
                    to=HOLD,
                    roles=hold.roles,
                    rules=hold.rules,
                    reasons=hold.reasons,
                    reason_required=hold.reason_required,
                    description="Work on the case pauses.",
                ),
                False,
            )
        )
        resume = Transition(
            "resume",
            source=HOLD,
            to=HOLD,
            roles=hold.resume_roles,
            description="Work on the case goes on where it paused.",
        )
        declared.append((resume, False))
    core = [
        (Transition(name, source=ANY_OPEN, to=STAY, records=cls, label=CORE_LABELS[name]), True)
        for name, cls in CORE_TRANSITIONS.items()
    ]
    return [*declared, *core]


def _row(workflow: Any, item: tuple[Transition, bool], faults: Faults) -> Row:
    transition, core = item
    records = transition.records
    rules: tuple[Rule[Any], ...] = ()
    needed: tuple[str, ...] = ()
    if records is not None and hasattr(records, "__caseflow_event__"):
        rules = workflow.rules.get(records, ())
        needed = event_type(records).needed
    rules = (*rules, *transition.rules, *workflow.rules.get(transition.name, ()))
    label = workflow.labels.get(transition.name)
    return Row(
        transition=transition,
        rules=rules,
        codes=codes_of(transition.reasons),
        needed=needed,
        label=label or workflow.in_terms(transition.label or in_words(transition.name)),
        decided=not core and records is not None and not _declared(workflow, transition),
        core=core,
    )


def _declared(workflow: Any, transition: Transition) -> bool:
    return any(item is transition for item in workflow.transitions)


def _add_edges(machine: EdgeMachine, row: Row, places: Places) -> None:
    """The edges of a row; names that are undeclared were reported, and are left out."""
    name = row.name
    if name in ("hold", "resume") and [to.stage for to in row.transition.to] == [HOLD]:
        for held in places.held:
            source, dest = held.removesuffix(HOLD), held
            if name == "resume":
                source, dest = held, source
            machine.add_transition(name, source, dest, row=row)
        return
    sources = [p for given in row.transition.source for p in places.sources(given)]
    if row.core:
        sources = list(places.all)
    for source in dict.fromkeys(sources):
        for to in row.transition.to:
            _add_target(machine, row, source, to, places)


def _add_target(machine: EdgeMachine, row: Row, source: str, to: To, places: Places) -> None:
    if to.stage == STAY:
        machine.add_transition(row.name, source, None, row=row, condition=to.when)
    elif to.stage == BACK:
        for position in places.open:
            machine.add_transition(row.name, source, position, row=row, left=position)
    else:
        target = places.target(to.stage)
        if target is not None:
            machine.add_transition(row.name, source, target, row=row, condition=to.when)


def _words(workflow: Any, places: Places) -> dict[str, str]:
    """The words for every position and stage, and the agency's own words for roles."""
    labels: Mapping[str, str] = workflow.labels
    words = dict(labels)
    for stage in workflow.stages:
        name = labels.get(stage.id) or stage.label or in_words(stage.id)
        words[stage.id] = name
        for position in stage.positions:
            _, _, inner = position.partition(".")
            full = f"{name} ({in_words(inner)})" if inner else name
            words[position] = labels.get(position) or full
    for held in places.held:
        free = words[held.removesuffix(HOLD)]
        on_hold = f"{free[:-1]}, on hold)" if free.endswith(")") else f"{free} (on hold)"
        words[held] = labels.get(held) or on_hold
    return words
