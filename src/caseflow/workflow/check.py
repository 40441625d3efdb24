"""What can be wrong with a workflow: every fault at once, each with its repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from caseflow.kernel.calendar import Span, no_working_days
from caseflow.kernel.case import HOLD
from caseflow.kernel.errors import listed, nearest
from caseflow.kernel.events import CORE_EVENTS, EventType
from caseflow.kernel.rules import Rule
from caseflow.workflow.definition import ANY_OPEN, BACK, STAY, Reason
from caseflow.workflow.machine import Dispatch, Row, reachable
from caseflow.workflow.places import Places

RESERVED = {"open", "position", "make-exception", "correct", "void"}
BUILT_IN_RULES = (
    "role",
    "position",
    "reason",
    "target",
    "not-in-the-future",
    "moves-in-order",
    "after-the-end",
    "known-to-the-case",
    "amendment",
    "exception-entitled",
)
"""The ids of the rules that every workflow has; no other rule may have them."""


def how_to_declare(cls: type[Any]) -> str:
    """How a workflow comes to know a class that it does not know."""
    kind = vars(cls).get("__caseflow_event__")
    if isinstance(kind, EventType) and kind.kind == "decision":
        return "Name it in decides=[...] of a stage, or in records= of a transition."
    return "Declare it in events=[...]."


class Faults:
    """The faults found so far, in the order in which they were found, each once."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, problem: str, repair: str) -> None:
        """One fault: what is wrong, and how to put it right."""
        sentence = f"{problem} {repair}".strip()
        if sentence not in self.found:
            self.found.append(sentence)


def check_declaration(
    workflow: Any,
    rows: list[Row],
    places: Places,
    known: Mapping[type[Any], EventType],
    faults: Faults,
) -> None:
    """Everything that can be seen without walking the graph."""
    _check_names(workflow, known, faults)
    _check_stages(workflow, known, faults)
    for row in rows:
        if not row.core:
            _check_row(row, places, known, faults)
    _check_ambiguous(rows, places, faults)
    _check_rules(workflow, rows, known, faults)
    _check_indexes(workflow, rows, faults)
    if workflow.hold is not None:
        _check_places("The hold", workflow.hold.stages, places, faults)
    _check_recorded(rows, known, faults)
    _check_labels(workflow, rows, places, known, faults)
    _check_terms(workflow, rows, faults)


def _check_names(workflow: Any, known: Mapping[type[Any], EventType], faults: Faults) -> None:
    words = set("abcdefghijklmnopqrstuvwxyz0123456789-_")
    if not workflow.name or not workflow.version:
        faults.add("The workflow has no name or no version.", "Give both: they are stored.")
    inner = [f"{stage.id}.{sub}" for stage in workflow.stages for sub in stage.substages]
    for kind, ids in (
        ("stage", [stage.id for stage in workflow.stages]),
        ("substage", inner),
    ):
        for id, count in Counter(ids).items():
            if count > 1:
                faults.add(f"There are {count} {kind}s {id!r}.", "Give each a name of its own.")
    for id in [*(s.id for s in workflow.stages), *(t.name for t in workflow.transitions)]:
        if not id or not set(id) <= words:
            faults.add(
                f"{id!r} is no name for a stage or transition.",
                "Use lower-case letters, digits, hyphens and underscores.",
            )
    for name, count in Counter(kind.name for kind in known.values()).items():
        if count > 1:
            classes = [kind.cls.__name__ for kind in known.values() if kind.name == name]
            faults.add(
                f"{listed(classes)} are events of one name, {name!r}.",
                "Give each event class a stored name of its own.",
            )


def _check_stages(workflow: Any, known: Mapping[type[Any], EventType], faults: Faults) -> None:
    starts = [stage.id for stage in workflow.stages if stage.initial]
    if not starts:
        faults.add("No stage is the start.", "Mark one with initial=True.")
    if len(starts) > 1:
        faults.add(f"Stages {listed(starts)} are all the start.", "Mark one with initial=True.")
    if not any(stage.final for stage in workflow.stages):
        faults.add("No stage is an end.", "Mark those with final=True where cases end.")
    for stage in workflow.stages:
        if stage.initial and stage.final:
            faults.add(
                f"Stage {stage.id!r} is both start and end.", "Cases need a stage to be worked in."
            )
        for kind in (known[cls] for cls in stage.decides if cls in known):
            if kind.kind == "fact":
                faults.add(
                    f"Stage {stage.id!r} decides the fact {kind.name!r}, "
                    "and a fact is not decided.",
                    "Name it in events=[...], or declare it with @decision.",
                )
            if kind.cls in CORE_EVENTS:
                faults.add(
                    f"Stage {stage.id!r} decides {kind.cls.__name__}, which caseflow records "
                    "itself.",
                    "Take an event of your own.",
                )


def _check_row(
    row: Row, places: Places, known: Mapping[type[Any], EventType], faults: Faults
) -> None:
    transition = row.transition
    what = f"Transition {row.name!r}"
    if row.name in RESERVED:
        faults.add(f"{what} has a name that caseflow uses itself.", "Choose another name.")
    holds = row.name in ("hold", "resume") and [to.stage for to in transition.to] == [HOLD]
    if not holds:  # else it stands for the hold, which is looked at as such
        _check_places(what, transition.source, places, faults)
        targets = [to.stage for to in transition.to if to.stage not in (STAY, BACK)]
        _check_places(what, targets, places, faults)
    if not transition.source or not transition.to:
        faults.add(f"{what} has no source or no target.", "Give source= and to=.")
    for to in transition.to[:-1]:
        if to.when is None:
            faults.add(
                f"{what} goes to {to.stage!r} without a condition, so the targets after it are "
                "never taken.",
                "Give it when=..., or put it last.",
            )
    if transition.to and transition.to[-1].when is not None:
        faults.add(
            f"{what} has no target where none of its conditions is met.",
            "Let the last target have no condition.",
        )
    if transition.records is not None and not row.decided:
        _check_records(what, known.get(transition.records), faults)
    _check_ends(row, places, faults)
    _check_reasons(what, transition.reasons, faults)


def _check_records(what: str, kind: EventType | None, faults: Faults) -> None:
    """What a transition records; what is no event (None) was reported."""
    if kind is not None and kind.kind == "fact":
        faults.add(
            f"{what} records the fact {kind.name!r}, and a fact moves no case.",
            "Record a decision, declared with @decision.",
        )
    if kind is not None and kind.cls in CORE_EVENTS:
        faults.add(
            f"{what} records {kind.cls.__name__}, which caseflow records itself.",
            "Record an event of your own.",
        )


def _check_ends(row: Row, places: Places, faults: Faults) -> None:
    transition = row.transition
    sources = {p for name in transition.source for p in places.sources(name)}
    leaves = [to.stage for to in transition.to if to.stage != STAY]
    ends = sorted(sources & set(places.ends))
    out = [to for to in leaves if to == BACK or places.target(to) not in places.ends]
    if ends and out and not transition.reopens:
        faults.add(
            f"Transition {row.name!r} leads out of the final stage {ends[0]!r}.",
            "Mark it with reopens=True if closed cases may come back this way.",
        )
    if transition.reopens and not (ends and out):
        faults.add(
            f"Transition {row.name!r} is marked reopens=True, but leads out of no final stage.",
            "Remove the mark, or give it a final stage as its source.",
        )


def _check_places(what: str, names: Iterable[str], places: Places, faults: Faults) -> None:
    declared = {*places.stages, *places.all}
    for name in names:
        if name != ANY_OPEN and name not in declared:
            faults.add(
                f"{what} names the stage {name!r}, which is not declared.",
                nearest(name, declared),
            )


def _check_reasons(what: str, reasons: tuple[Reason, ...], faults: Faults) -> None:
    for code, count in Counter(reason.code for reason in reasons).items():
        if count > 1 or not code or "." in code:
            faults.add(
                f"{what} has the reason code {code!r} {count} times, or it is no code.",
                "Give each reason of a level one code, without dots.",
            )
    for reason in reasons:
        _check_reasons(what, reason.children, faults)


def _check_ambiguous(rows: list[Row], places: Places, faults: Faults) -> None:
    """No two rows may answer to the same name, or to the same event, in one position."""
    by_name: dict[tuple[str, str], Row] = {}
    by_event: dict[tuple[type[Any], str], Row] = {}
    for row in rows:
        for position in dict.fromkeys(
            p for name in row.transition.source for p in places.sources(name)
        ):
            first = by_name.setdefault((row.name, position), row)
            if first is not row:
                faults.add(
                    f"Transition {row.name!r} is declared twice from {position!r}.",
                    "Give one of them another name, or make them one with several targets.",
                )
            records = row.transition.records
            if records is None:
                continue
            other = by_event.setdefault((records, position), row)
            if other is not row and other.name != row.name:
                faults.add(
                    f"Transitions {other.name!r} and {row.name!r} both record "
                    f"{records.__name__} from {position!r}, so submitting one is ambiguous.",
                    "Give each an event of its own, or make them one with several targets.",
                )


def _check_recorded(rows: list[Row], known: Mapping[type[Any], EventType], faults: Faults) -> None:
    """Every decision is taken somewhere; a fact is simply recorded."""
    recorded = {row.transition.records for row in rows}
    for cls, kind in known.items():
        if kind.kind == "decision" and cls not in recorded and cls not in CORE_EVENTS:
            faults.add(
                f"The decision {kind.name!r} ({cls.__name__}) is declared, but nothing records it.",
                f"Give a transition records={cls.__name__}, or a stage decides=[{cls.__name__}]; "
                "one that only older cases hold belongs to the workflow they were opened under.",
            )


def _check_labels(
    workflow: Any,
    rows: list[Row],
    places: Places,
    known: Mapping[type[Any], EventType],
    faults: Faults,
) -> None:
    """Every label names something that is there."""
    rules = [rule for row in rows for rule in row.rules]
    rules += [rule for given in workflow.rules.values() for rule in given]
    roles = {role for row in rows for role in row.transition.roles}
    owed = (*rules, *workflow.obligations)
    roles |= {role for one in owed for role in (one.owner, one.excepted_by)}
    roles |= set(workflow.opened_by)
    names = {"open", *places.stages, *places.all, *(row.name for row in rows)}
    names |= {kind.name for kind in known.values()} | roles | {workflow.faults_excepted_by}
    names |= {one.id for one in workflow.obligations}
    for id in workflow.labels:
        if id not in names - {""}:
            faults.add(
                f"There is a label for {id!r}, and no stage, transition, event, obligation or "
                "role is called so.",
                nearest(id, names - {""}),
            )


def _check_terms(workflow: Any, rows: list[Row], faults: Faults) -> None:
    """No term is for a word that only another term brings in: terms are put in once.

    Of any other word, some finding of a rule may say it, which nobody knows beforehand.
    """
    owed = (*(rule for row in rows for rule in row.rules), *workflow.obligations)
    owed += tuple(rule for given in workflow.rules.values() for rule in given)
    wanted = " ".join([one.wanted for one in owed]).lower()
    for word, term in workflow.terms.items():
        its = next((key for key, told in workflow.terms.items() if told == word != key), None)
        if its is not None and word not in wanted:
            faults.add(
                f"There is a term for {word!r}, and no rule says it: it is the term for {its!r}.",
                f"Give that one anew: terms={{{its!r}: {term!r}}}.",
            )


def _check_rules(
    workflow: Any, rows: list[Row], known: Mapping[type[Any], EventType], faults: Faults
) -> None:
    names = {row.name for row in rows}
    for key, given in workflow.rules.items():
        if isinstance(key, str) and key not in names:
            faults.add(
                f"Rules are given for transition {key!r}, which there is not.", nearest(key, names)
            )
        kind = known.get(key) if isinstance(key, type) else None
        for rule in given:
            if kind is not None and kind.kind == "fact" and rule.strength == "block":
                faults.add(
                    f"Rule {rule.id!r} blocks the fact {kind.name!r}, and facts are never refused.",
                    "Let it warn or make something due: rule.warns(), rule.due(within=...).",
                )
    by_id: dict[str, Rule[Any]] = {}
    every = [rule for row in rows for rule in row.rules]
    every += [rule for given in workflow.rules.values() for rule in given]
    every += [to.when for row in rows for to in row.transition.to if to.when]
    stages = {stage.id for stage in workflow.stages}
    _check_spans(workflow, every, faults)
    for rule in every:
        first = by_id.setdefault(rule.id, rule)
        if not _alike(first, rule):
            faults.add(f"There are two rules {rule.id!r}.", "Give each rule an id of its own.")
        if rule.id in BUILT_IN_RULES:
            faults.add(f"Rule {rule.id!r} has the id of a built-in rule.", "Choose another id.")
        _check_rests_on(rule, known, stages, faults)
    for row in rows:
        for id, count in Counter(rule.id for rule in row.rules).items():
            if count > 1:
                faults.add(
                    f"Rule {id!r} stands {count} times on {row.name!r}.", "Leave it there once."
                )


def _check_rests_on(
    rule: Rule[Any], known: Mapping[type[Any], EventType], stages: set[str], faults: Faults
) -> None:
    """A rule looks at events and stages that there are: others it would never find."""
    for cls in (*rule.rests_on, *rule.history):
        if cls not in known:
            faults.add(
                f"Rule {rule.id!r} rests on {cls.__name__}, which the workflow does not know.",
                how_to_declare(cls),
            )
    for name in rule.stages:
        if name not in stages:
            faults.add(
                f"Rule {rule.id!r} looks for the stage {name!r}, which is not declared.",
                nearest(name, stages),
            )


def _check_spans(workflow: Any, rules: Iterable[Rule[Any]], faults: Faults) -> None:
    """Working days are counted where it is known which these are."""
    if workflow.calendar.working_days is not None:
        return
    for rule in rules:
        spans = (rule.within, *rule.spans)
        if any(isinstance(span, Span) and span.unit == "working day" for span in spans):
            faults.add(str(no_working_days(f"Rule {rule.id!r}")), "")
        _check_spans(workflow, rule.parts, faults)


def _alike(one: Rule[Any], other: Rule[Any]) -> bool:
    """Whether two rules are one: of one function, or made in one way of a vocabulary."""
    made_alike = one.form is not None and bool(one.form.given) and one.form == other.form
    if one.check is not other.check and not made_alike:
        return False
    return len(one.parts) == len(other.parts) and all(map(_alike, one.parts, other.parts))


def _check_indexes(workflow: Any, rows: list[Row], faults: Faults) -> None:
    """Each index has a name of its own, and rules count by those that there are."""
    names = [index.name for index in workflow.indexes]
    for name, count in Counter(names).items():
        if count > 1 or not name:
            faults.add(f"There are {count} indexes {name!r}.", "Give each a name of its own.")
    every = [rule for row in rows for rule in row.rules]
    every += [rule for given in workflow.rules.values() for rule in given]
    every += [to.when for row in rows for to in row.transition.to if to.when]
    for rule in every:
        for name in rule.counts:
            if name not in names:
                faults.add(
                    f"Rule {rule.id!r} counts cases by {name!r}, by which the workflow indexes "
                    "none.",
                    f"Give it indexes=[Index({name!r}, of=...)].",
                )


def check_graph(dispatch: Dispatch, places: Places, start: str, faults: Faults) -> None:
    """What can be seen by walking the machine's edges."""
    found = reachable(dispatch, start)
    for position in places.all:
        if position not in found and not position.endswith(HOLD):
            faults.add(
                f"Stage {position!r} cannot be reached from the start.",
                "Give a transition that leads to it, or remove it.",
            )
    ends = set(places.ends)
    for position in sorted(found):
        if ends and not ends & reachable(dispatch, position):
            faults.add(
                f"From stage {position!r} no way leads to an end.",
                "Give a transition that leads on from it.",
            )
