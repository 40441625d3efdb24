"""The workflow: declared, checked as a graph, frozen, named and versioned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, cast

import attrs

from caseflow.kernel.calendar import Calendar
from caseflow.kernel.case import NoState, S
from caseflow.kernel.errors import UnknownEvent, WorkflowInvalid, nearest
from caseflow.kernel.events import CORE_EVENTS, EventType, event_type
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.rules import Rule
from caseflow.kernel.terms import in_terms
from caseflow.kernel.verdict import in_words
from caseflow.workflow.build import Parts, assemble
from caseflow.workflow.definition import (
    Hold,
    Index,
    RuleTable,
    Stage,
    Transition,
    several,
    words,
)
from caseflow.workflow.extend import Asked, Restrength, drop_table, extended
from caseflow.workflow.machine import Dispatch, Edge, EdgeMachine, Row
from caseflow.workflow.obligation import Obligation
from caseflow.workflow.shape import misshapen


def _table(rules: RuleTable) -> dict[Any, tuple[Rule[Any], ...]]:
    given: Any = rules
    if not isinstance(given, Mapping):  # reported when the workflow is built
        return cast("dict[Any, tuple[Rule[Any], ...]]", given)
    return {key: several(standing) for key, standing in given.items()}


def _stages(stages: Iterable[Stage]) -> tuple[Stage, ...]:
    return several(stages)


def _transitions(transitions: Iterable[Transition]) -> tuple[Transition, ...]:
    return several(transitions)


def _classes(classes: Iterable[type[Any]]) -> tuple[type[Any], ...]:
    return several(classes)


def _indexes(indexes: Iterable[Index]) -> tuple[Index, ...]:
    return several(indexes)


def _obligations(obligations: Iterable[Obligation]) -> tuple[Obligation, ...]:
    return several(obligations)


def _labels(labels: Mapping[str, str]) -> dict[str, str]:
    given: Any = labels
    if not isinstance(given, Mapping):  # reported when the workflow is built
        return cast("dict[str, str]", given)
    return dict(given)


@attrs.frozen(eq=False)
class Workflow(Generic[S]):
    """A way of working: which stages there are, what leads from one to another, and the rules.

    `name` and `version` are stored with every event. `state` is the class of the trade's state;
    called without arguments it gives the empty state. `events` are the facts that cases of this
    workflow hold; the decisions are those that transitions record and stages decide. A decision
    that is no longer taken belongs to an earlier version of the workflow, which the casebook is
    given for the cases that hold it (`earlier`). `rules` adds rules to transitions by name, and
    to every recording of an event by its class; on facts they may warn or make something due,
    never block.
    `hold` allows cases to be put on hold. `faults_excepted_by` is the role that may except a
    rule that itself fails (empty: the role that may except the rule). `opened_by` are the
    roles that may open a case (empty: anybody). `labels` are the
    agency's own words for stages, transitions, events and obligations, by their ids.
    `terms` are the agency's words in the place of those that rules use (`{"client":
    "participant"}`), put in wherever a verdict is told.
    `indexes` are what cases are found and counted by, besides stage, client and what is due.
    `obligations` are what is due on cases besides what decisions left to be done, and
    `calendar` is how days are counted for it: the agency's time zone (left out: UTC), and its
    working days.

    Building checks everything and raises `WorkflowInvalid` with every fault and its repair.
    """

    name: str
    version: str = attrs.field(kw_only=True)
    stages: tuple[Stage, ...] = attrs.field(converter=_stages, kw_only=True)
    transitions: tuple[Transition, ...] = attrs.field(converter=_transitions, kw_only=True)
    state: type[S] = attrs.field(default=cast("Any", NoState), kw_only=True)
    events: tuple[type[Any], ...] = attrs.field(default=(), converter=_classes, kw_only=True)
    rules: Mapping[str | type[Any], tuple[Rule[Any], ...]] = attrs.field(
        factory=dict, converter=_table, kw_only=True
    )
    hold: Hold | None = attrs.field(default=None, kw_only=True)
    faults_excepted_by: str = attrs.field(default="", kw_only=True)
    opened_by: tuple[str, ...] = attrs.field(default=(), converter=words, kw_only=True)
    labels: Mapping[str, str] = attrs.field(factory=dict, converter=_labels, kw_only=True)
    terms: Mapping[str, str] = attrs.field(factory=dict, converter=_labels, kw_only=True)
    indexes: tuple[Index, ...] = attrs.field(default=(), converter=_indexes, kw_only=True)
    obligations: tuple[Obligation, ...] = attrs.field(
        default=(), converter=_obligations, kw_only=True
    )
    calendar: Calendar = attrs.field(factory=Calendar, kw_only=True)
    _parts: Parts = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        wrong = misshapen(self)
        if wrong:  # nothing can be built around these
            raise WorkflowInvalid(workflow=self.name, faults=tuple(wrong))
        parts, faults = assemble(self)
        if parts is None or faults:
            raise WorkflowInvalid(workflow=self.name, faults=tuple(faults))
        object.__setattr__(self, "_parts", parts)

    def __reduce__(self) -> tuple[Callable[..., Workflow[Any]], tuple[dict[str, Any]]]:
        declared = (field.name for field in attrs.fields(Workflow) if field.init)
        return _declared, ({name: getattr(self, name) for name in declared},)

    def __repr__(self) -> str:
        return f"Workflow({self.name!r}, version={self.version!r})"

    # -- what it holds -----------------------------------------------------------------------

    @property
    def machine(self) -> EdgeMachine:
        """The state graph as a stock `transitions.Machine`, without models."""
        return self._parts.machine

    @property
    def positions(self) -> tuple[str, ...]:
        """Every position a case can have: stages, substages, and each on hold."""
        return self._parts.positions

    @property
    def start(self) -> str:
        """The position in which cases open."""
        return self._parts.start

    @property
    def ends(self) -> frozenset[str]:
        """The positions that are ends."""
        return self._parts.ends

    @property
    def dispatch(self) -> Dispatch:
        """The edges by position and name, as read out of the machine."""
        return self._parts.dispatch

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every declared transition and decision, in the order of the declaration."""
        return self._parts.rows

    @property
    def event_types(self) -> tuple[type[Any], ...]:
        """Every event class that a case of this workflow can hold, the core ones apart."""
        return tuple(cls for cls in self._parts.known if cls not in CORE_EVENTS)

    @property
    def facts(self) -> tuple[type[Any], ...]:
        """The event classes that are facts."""
        return tuple(c for c in self.event_types if event_type(c).kind == "fact")

    @property
    def all_rules(self) -> Mapping[str, Rule[Any]]:
        """Every rule of the workflow by its id."""
        return self._parts.all_rules

    @property
    def histories(self) -> tuple[type[Any], ...]:
        """The event types of which some rule reads every event."""
        return self._parts.histories

    def edges(self, name: str, position: str | None) -> tuple[Edge, ...]:
        """The edges that a transition has from a position; none where it has no way from there."""
        return self._parts.dispatch.get(position or "", {}).get(name, ())

    def rows_named(self, name: str) -> tuple[Row, ...]:
        """Every declared transition or decision of one name."""
        return self._parts.rows_named.get(name, ())

    def names_recording(self, event: type[Any]) -> tuple[str, ...]:
        """The transitions that record an event class."""
        return self._parts.recorders.get(event, ())

    def rules_on(self, event: type[Any]) -> tuple[Rule[Any], ...]:
        """The rules that judge every recording of an event class."""
        return self.rules.get(event, ())

    def knows(self, event: Any) -> EventType:
        """What was declared of an event; raises `UnknownEvent` where this workflow did not."""
        kind = self._parts.known.get(type(event))
        if kind is None:
            raise self.unknown_event(event)
        return kind

    def unknown_event(self, event: Any) -> UnknownEvent:
        """The error that says how to declare an event that this workflow does not know."""
        kind = event_type(event)
        repair = (
            "events=[...] of the workflow"
            if kind.kind == "fact"
            else "a transition that records it, or decides=[...] of a stage"
        )
        return UnknownEvent(
            workflow=self.name,
            kind=kind.kind,
            event=kind.name,
            cls=kind.cls.__name__,
            repair=repair,
            nearest=nearest(kind.name, (t.name for t in self._parts.known.values())),
        )

    def label(self, id: str) -> str:
        """The agency's word for a position, transition, event, obligation or role.

        Where a stage and a transition have one name, it is the transition's; `words` has the
        stage's.
        """
        if id in self.labels:
            return self.labels[id]
        known = self._parts.labels.get(id) or self._parts.words.get(id)
        return known or self.in_terms(in_words(id))

    @property
    def words(self) -> Mapping[str, str]:
        """The words for stages and positions, and the agency's own for roles, by their ids."""
        return self._parts.words

    def in_terms(self, sentence: str, *, quoted: Iterable[str] = ()) -> str:
        """A sentence of a rule in the agency's terms, for your screens.

        What is `quoted` in it was written by somebody, and stands as it is (`Unmet.quoted`).
        """
        return in_terms(sentence, self.terms, quoted=quoted)

    def rule_that_noted(self, recorded: AnyRecorded, rule: str) -> Rule[Any] | None:
        """The rule that was judged when an event was recorded, as the workflow has it now.

        Of several in rows of one name, one of the strength that was noted.
        """
        noted = [note.strength for note in recorded.noted if note.rule == rule]
        rows = self.rows_named(recorded.transition or "")
        found = None
        for rules in (self.rules_on(type(recorded.event)), *(row.rules for row in rows)):
            for one in rules:
                if one.id == rule and one.strength in noted:
                    return one
                if one.id == rule and found is None:
                    found = one
        return found

    # -- variants ----------------------------------------------------------------------------

    def extend(  # noqa: PLR0913 - each names one part of the declaration
        self,
        name: str,
        *,
        version: str,
        rules: RuleTable | None = None,
        drop: Mapping[str | type[Any], Iterable[str]] | None = None,
        replace: RuleTable | None = None,
        strengths: Mapping[str, Restrength] | None = None,
        stages: Iterable[Stage] = (),
        transitions: Iterable[Transition] = (),
        events: Iterable[type[Any]] = (),
        labels: Mapping[str, str] | None = None,
        terms: Mapping[str, str] | None = None,
        indexes: Iterable[Index] = (),
        obligations: Iterable[Obligation] = (),
        drop_obligations: Iterable[str] = (),
        calendar: Calendar | None = None,
        state: type[Any] | None = None,
        opened_by: str | Iterable[str] | None = None,
        faults_excepted_by: str | None = None,
    ) -> Workflow[S]:
        """A workflow of the agency's own, started from this declaration.

        `rules` are added after those that stand; `drop` takes rules away, by their ids, and
        `replace` puts rules in the place of those with the same ids; all three by transition
        name or event class. `strengths` re-strengthens a rule wherever it stands: a mapping
        from its id to `"block"`, `"warn"` or `"due"`, or to a function of the rule (such as
        `lambda rule: rule.due(within=timedelta(days=30))`). A stage, transition, index or
        obligation with the name of one that stands takes its place; `drop_obligations` takes
        obligations away, by their ids. Raises `WorkflowInvalid`.
        """
        asked = Asked(
            rules=_table(rules or {}),
            drop=drop_table(drop or {}),
            replace=_table(replace or {}),
            strengths=strengths or {},
            stages=several(stages),
            transitions=several(transitions),
            events=several(events),
            labels=labels or {},
            terms=terms or {},
            indexes=several(indexes),
            obligations=several(obligations),
            drop_obligations=words(drop_obligations),
        )
        if (name, version) == (self.name, self.version):
            fault = (
                f"It is extended under its own name and version {version!r}, so that cases could "
                "not be told apart. Give another name or version."
            )
            raise WorkflowInvalid(workflow=name, faults=(fault,))
        changed = extended(self, name, asked)
        return cast(
            "Workflow[S]",
            Workflow(
                name,
                version=version,
                stages=changed.stages,
                transitions=changed.transitions,
                rules=changed.rules,
                hold=changed.hold,
                state=state or self.state,
                events=(*self.events, *asked.events),
                labels={**self.labels, **asked.labels},
                terms={**self.terms, **asked.terms},
                indexes=changed.indexes,
                obligations=changed.obligations,
                calendar=self.calendar if calendar is None else calendar,
                opened_by=self.opened_by if opened_by is None else words(opened_by),
                faults_excepted_by=(
                    self.faults_excepted_by if faults_excepted_by is None else faults_excepted_by
                ),
            ),
        )


def _declared(given: dict[str, Any]) -> Workflow[Any]:
    """A workflow as it was pickled: declared, and built, once more."""
    return Workflow(given.pop("name"), **given)
