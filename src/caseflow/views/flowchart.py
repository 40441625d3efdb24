"""The participant flowchart: the way through a program, from its beginning to its end.

Stages by phase, who acts, how each is delivered, referrals, what is reported, the ways back,
and the early endings in one box (Tri-level Case Management, participant flowchart).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final

import attrs

from caseflow.casework.words import PHASES
from caseflow.kernel.case import Case, stage_of
from caseflow.kernel.errors import InvalidCall, short
from caseflow.kernel.events import event_type
from caseflow.kernel.results import Result
from caseflow.kernel.verdict import in_words
from caseflow.views.drawing import Drawing, Edge, Group, Line, Mark, Node
from caseflow.views.given import an_instance, known_keys, some_of
from caseflow.views.program import Program, StageDelivery, Wording
from caseflow.views.wordings import WORDINGS, Words, words_for
from caseflow.workflow.course import course_of
from caseflow.workflow.definition import ANY_OPEN, BACK, STAY, Stage
from caseflow.workflow.machine import Row
from caseflow.workflow.obligation import Obligation
from caseflow.workflow.options import Option
from caseflow.workflow.workflow import Workflow

EXIT: Final = "*early"
"""The id of the box of early endings; no stage can be called so."""


def flowchart(
    workflow: Workflow[Any],
    *,
    wording: Wording = "staff",
    program: Program | None = None,
    phases: Mapping[str, str] | None = None,
    case: Case[Any] | None = None,
    options: Iterable[Option] = (),
) -> Drawing:
    """Draw the way through a workflow, for staff, participants or partners.

    Participants read in plain words what a stage is and where it belongs; `program` gives a
    stage other words (`StageDelivery(called=...)`), and says how each is delivered. `phases`
    are headings for phases in the place of those words (`{"engagement": "Beginning"}`). With a
    `case`, the stage it is in is marked; with its `options` too (of `book.options`), the box
    says which ways on are open, and to staff also what blocks the others. Raises `InvalidCall`
    for a wording that there is not, for a program that tells of a stage which the workflow has
    not, for a case of another workflow, for options without their case, and for what is of the
    wrong kind.
    """
    _given(workflow, wording, program, phases, case)
    words, ways = words_for(wording, workflow), some_of(Option, "options", options)
    _of_this_case(workflow, case, ways)
    chart = _Chart(workflow, wording, words, program, case, ways)
    nodes, groups = chart.nodes(phases or {})
    return Drawing(
        title=chart.title(),
        description=chart.description(),
        nodes=nodes,
        edges=chart.edges(),
        groups=groups,
    )


def _given(
    workflow: Workflow[Any],
    wording: object,
    program: Program | None,
    phases: Mapping[str, str] | None,
    case: Case[Any] | None,
) -> None:
    """See that what was given can be drawn. Raises `InvalidCall`."""
    an_instance(Workflow, "workflow", workflow)
    if not isinstance(wording, str) or wording not in WORDINGS:
        raise InvalidCall(
            what="The flowchart",
            problem=f"was asked for in the wording {short(wording)}",
            repair=f"Use one of: {', '.join(WORDINGS)}.",
        )
    if program is not None:
        an_instance(Program, "program", program)
    if case is not None:
        an_instance(Case, "case", case)
    if phases is not None:
        own = (phase for stage in workflow.stages for phase in stage.phases)
        known_keys("phases", phases, (*PHASES, *own))
    _known(workflow, program)


def _known(workflow: Workflow[Any], program: Program | None) -> None:
    stages = [stage.id for stage in workflow.stages]
    for told in program.stages if program else ():
        if told.stage not in stages:
            raise InvalidCall(
                what=f"The program {program.name if program else ''!r}",
                problem=f"tells of the stage {told.stage!r}, which the workflow "
                f"{workflow.name!r} does not have",
                repair=f"Use one of: {', '.join(stages)}.",
            )


def _of_this_case(
    workflow: Workflow[Any], case: Case[Any] | None, options: tuple[Option, ...]
) -> None:
    """See that a case can be marked in the workflow, and that options are of the case."""
    if case is not None and not _can_mark(workflow, case):
        raise InvalidCall(
            what=f"The case {case.id!r}, in {case.position!r},",
            problem=f"is one of the workflow {case.identity.workflow!r}, and cannot be marked in "
            f"{workflow.name!r}, version {workflow.version!r}",
            repair="Draw the workflow that the case is one of.",
        )
    for option in options:
        of = option.judgement.case
        if case is None or of.identity != case.identity:
            raise InvalidCall(
                what=f"The option {option.name!r}",
                problem=f"is one of the case {of.id!r}, "
                + ("and no case is given" if case is None else f"and not of {case.id!r}"),
                repair="Give the options together with their case: "
                "case=book.case(id), options=book.options(id, by=...).",
            )


def _can_mark(workflow: Workflow[Any], case: Case[Any]) -> bool:
    stood = case.position is None or case.position in workflow.positions
    return case.identity.workflow == workflow.name and stood


@attrs.frozen
class _Chart:
    workflow: Workflow[Any]
    wording: Wording
    words: Words
    program: Program | None
    case: Case[Any] | None
    options: tuple[Option, ...]

    def title(self) -> str:
        """The program, or else the workflow by its name; to staff also which case is marked."""
        unnamed = self.words.unnamed.format(workflow=in_words(self.workflow.name))
        name = self.program.name if self.program else unnamed
        title = self.words.title.replace("{name}", name)
        if self.case is None or self.wording != "staff":
            return title
        return f"{title}: case {self.case.id}"

    def description(self) -> str:
        stages = [self._called(stage.id) for stage in self.workflow.stages]
        told = f"The stages are: {'; '.join(stages)}."
        if self.case is not None and self.case.position:
            told += f" {self.words.here}: {self._called(self.case.position)}."
        return told

    def _called(self, position: str) -> str:
        """What a position is called in this wording: as the program says, else in plain words."""
        stage = stage_of(position)
        found = self.program.delivery(stage) if self.program else None
        called = found and found.called.get(self.wording)
        return called or self.words.stages.get(stage) or _upper(self.workflow.words[position])

    def nodes(self, phases: Mapping[str, str]) -> tuple[list[Node], list[Group]]:
        nodes: list[Node] = []
        groups: list[Group] = []
        headings = {**self.words.phases, **phases}
        runs = groupby(self.workflow.stages, key=lambda stage: _heading(stage, headings))
        for number, (heading, stages) in enumerate(runs):
            group = f"phase-{number}" if heading else ""
            if heading:
                groups.append(Group(group, heading))
            nodes += [self._node(stage, group) for stage in stages]
        if any(map(self._is_early, self._moves())):
            nodes.append(Node(EXIT, self.words.early, lines=self._early(), mark="exit"))
        return nodes, groups

    def _node(self, stage: Stage, group: str) -> Node:
        here = self.case is not None and self.case.stage == stage.id
        mark: Mark = "here" if here else "end" if stage.final else "plain"
        if stage.initial and not here:
            mark = "start"
        lines = [
            *self._delivered(stage.id),
            *self._steps(stage),
            *self._asked(stage.id),
            *self._due(stage),
        ]
        if here:
            lines = [
                self._here(),
                *lines,
                *dict.fromkeys(line for way in self._ways() for line in self._way(way)),
            ]
        lines += self._reopening(stage)
        return Node(stage.id, self._called(stage.id), lines=lines, group=group, mark=mark)

    def _delivered(self, stage: str) -> list[str]:
        found = self.program.delivery(stage) if self.program else None
        delivery = found or StageDelivery(stage)
        told = delivery.told.get(self.wording)
        named = {
            self.words.who: delivery.who,
            self.words.modes: self.words.meeting(delivery.modes),
            self.words.referrals: delivery.referrals,
            self.words.reports: delivery.reports,
        }
        lines = [f"{what}: {', '.join(texts)}" for what, texts in named.items() if texts]
        return [told, *lines] if told else lines

    def _steps(self, stage: Stage) -> list[str]:
        """The steps inside a stage, in their order."""
        if not (self.words.steps and stage.substages):
            return []
        labels = self.workflow.labels
        steps = [labels.get(f"{stage.id}.{one}") or in_words(one) for one in stage.substages]
        return [f"{self.words.steps}: {', then '.join(steps)}"]

    def _asked(self, stage: str) -> list[str]:
        """What has to hold before a case comes here, and before a step inside the stage.

        Where not every way here asks the same, it says of which way it is asked.
        """
        if not self.words.asked:
            return []
        here = [row for row in self._moves() if stage in _targets(row) and not self._is_early(row)]
        inside = [row for row in here if self._sources(row) == (stage,)]
        leading = [row for row in here if row not in inside]
        same = len({tuple(_asked(row)) for row in leading}) == 1
        named: dict[str, list[str]] = {}
        for row in (*leading, *inside):
            way = "" if same and row in leading else f", to {row.label}"
            named.setdefault(f"{self.words.asked}{way}:", []).extend(_asked(row))
        return [
            line
            for heading, wanted in named.items()
            if wanted
            for line in (heading, *(f"- {self._said(one)}" for one in dict.fromkeys(wanted)))
        ]

    def _said(self, sentence: str) -> str:
        """What a rule says, in the agency's terms."""
        return self.workflow.in_terms(sentence)

    def _blocking(self, result: Result) -> str:
        """What a rule asks, and for which of several things it does not hold."""
        about = [one.about for one in result.unmet if one.about]
        quoted = [text for one in result.unmet for text in one.quoted]
        told = f"{result.wanted} Not so for {', '.join(about)}." if about else result.wanted
        return self.workflow.in_terms(told, quoted=quoted)

    def _due(self, stage: Stage) -> list[str]:
        """What is due again or by a day here. What is due in any open stage is told in the first.

        Others than staff read of what is done with the participant, in the last of the stages that
        are named for it: a plan is gone through where it is worked on.
        """
        owed = [one for one in self.workflow.obligations if self._may_be_owed(one)]
        here = [one for one in owed if one.owed_in(stage.id, ended=stage.final)]
        if self.wording != "staff":
            told = self.words.comes
            own = [one for one in here if one.during or one.after_the_end]
            own = [one for one in own if self._last_of(one) == stage.id]
            names = [event_type(cls).name for one in own for cls in one.met_by[:1]]
            return list(dict.fromkeys(told[name] for name in names if name in told))
        lines: list[str] = []
        for heading, listed in (
            ("Due here:", [one for one in here if one.during or stage.final]),
            ("Due in any open stage:", [one for one in here if not one.during and stage.initial]),
        ):
            if listed:
                lines += [heading, *(f"- {self._said(one.wanted)}" for one in listed)]
        return lines

    def _may_be_owed(self, due: Obligation) -> bool:
        """Not what is not owed after the ending that the case has had, if it has ended."""
        course = self.case and course_of(self.case, self.workflow.ends)
        return course is None or not course.ended or course.owes(due)

    def _last_of(self, due: Obligation) -> str:
        owed = [one.id for one in self.workflow.stages if due.owed_in(one.id, ended=one.final)]
        return owed[-1]

    def _here(self) -> str:
        held = self.case is not None and self.case.on_hold
        return self.words.paused if held else f"{self.words.here}."

    def _ways(self) -> list[Option]:
        early = {row.name for row in self._moves() if self._is_early(row)}
        known = {row.name for row in self._moves()} | {"hold", "resume"}
        return [one for one in self.options if one.name in known - early]

    def _way(self, option: Option) -> list[str]:
        """A way on as staff say it. Others read where it leads, and not what the rules ask."""
        if self.wording != "staff":
            leads = option.target and stage_of(option.target)
            if not leads or self.case is None or leads == self.case.stage:
                return []
            word = self.words.open if option.open else self.words.blocked
            if self._is_before(leads, self.case.stage or ""):  # a way back is no next step
                word = self.words.open_back if option.open else ""
            return [f"{word}: {self._called(leads)}"] if word else []
        if option.open:
            return [f"{self.words.open}: {option.label}"]
        why = [f"- {self._blocking(result)}" for result in option.blocked_by]
        return [f"{self.words.blocked}: {option.label}{self.words.because if why else ''}", *why]

    def _is_before(self, stage: str, other: str) -> bool:
        places = [one.id for one in self.workflow.stages]
        return places.index(stage) < places.index(other)

    def _reopening(self, stage: Stage) -> list[str]:
        if self.wording != "staff":
            return []
        back = [row for row in self.workflow.rows if BACK in _targets(row)]
        return [
            f"{_upper(row.label)}: back to where it was"
            for row in back
            if stage.id in self._sources(row)
        ]

    def _moves(self) -> list[Row]:
        """The declared transitions that lead to another stage."""
        stages = {stage.id for stage in self.workflow.stages}
        rows = [row for row in self.workflow.rows if not (row.core or row.decided)]
        return [row for row in rows if stages & set(_targets(row))]

    def _sources(self, row: Row) -> tuple[str, ...]:
        stages = self.workflow.stages
        if ANY_OPEN in row.transition.source:
            return tuple(stage.id for stage in stages if not stage.final)
        return tuple(dict.fromkeys(stage_of(source) for source in row.transition.source))

    def _is_early(self, row: Row) -> bool:
        """Whether it leads to an end, and not only from the last open stage."""
        ends = {stage.id for stage in self.workflow.stages if stage.final}
        last = [stage.id for stage in self.workflow.stages if not stage.final][-1:]
        return ends >= set(_targets(row)) and [*self._sources(row)] != last

    def _early(self) -> tuple[str, ...]:
        """The early endings for staff, by where they are open, with what is asked before each.

        Of a case, with its options, which are open to it, and what blocks the others. Others
        read in plain words how it may end early, and not what the rules ask.
        """
        rows = [row for row in self._moves() if self._is_early(row)]
        if self.wording != "staff":
            told = dict.fromkeys(self.words.endings.get(row.name, "") for row in rows)
            reasons = [f"- {one}" for one in told if one]
            return (*self.words.early_told, *([self.words.also, *reasons] if reasons else ()))
        options = [one for one in self.options if one.name in {row.name for row in rows}]
        return self._early_now(options) if options else self._early_anywhere(rows)

    def _early_now(self, options: list[Option]) -> tuple[str, ...]:
        ways = [f"- {one.label}" for one in options if one.open]
        blocked = [
            f"- {one.label}: {' '.join(map(self._blocking, one.blocked_by))}"
            for one in options
            if not one.open
        ]
        return (
            *([f"{self.words.open}:", *ways] if ways else ()),
            *([f"{self.words.blocked}{self.words.because}", *blocked] if blocked else ()),
        )

    def _early_anywhere(self, rows: list[Row]) -> tuple[str, ...]:
        everywhere = tuple(stage.id for stage in self.workflow.stages if not stage.final)
        told: dict[tuple[str, ...], tuple[list[str], list[str]]] = {}
        for row in rows:
            free, asking = told.setdefault(self._sources(row), ([], []))
            if wanted := _asked(row):
                asking.append(f"- {row.label}: {self._said(' '.join(wanted))}")
            else:
                free.append(f"- {row.label}")
        lines: list[str] = []
        for sources, (free, asking) in told.items():
            where = "any open stage" if sources == everywhere else self._listed(sources)
            named = len(told) > 1 or sources != everywhere
            lines += [*([f"From {where}:"] if named and free else ()), *free]
            heading = f"{self.words.asked}{f', from {where}' if named else ''}:"
            lines += [*([heading] if asking else ()), *asking]
        return tuple(lines)

    def _listed(self, stages: tuple[str, ...]) -> str:
        return ", ".join(self.workflow.words[stage] for stage in stages)

    def edges(self) -> list[Edge]:
        """The ways from stage to stage; several between the same two are one arrow."""
        between: dict[tuple[str, str], list[Row]] = {}
        for row in self._moves():
            if self._is_early(row):
                continue
            for source in self._sources(row):
                for target in _targets(row):
                    if target not in (STAY, BACK, source):
                        between.setdefault((source, target), []).append(row)
        return [
            Edge(*ends, self._written(*ends, rows), line=self._line(ends[0], rows))
            for ends, rows in between.items()
        ]

    def _written(self, source: str, target: str, rows: list[Row]) -> str:
        """What is written on an arrow. Others than staff read of ways back what they are."""
        if self.wording != "staff":
            return self.words.back if self._is_before(target, source) else ""
        return ", or ".join(dict.fromkeys(_label(row, target) for row in rows))

    def _line(self, source: str, rows: list[Row]) -> Line:
        if self.case is None or self.case.stage != source:
            return "plain"
        names = {row.name for row in rows}
        asked = [option for option in self.options if option.name in names]
        if not asked:
            return "plain"
        return "open" if any(option.open for option in asked) else "blocked"


def _asked(row: Row) -> list[str]:
    """What has to hold before a transition is taken."""
    return [rule.wanted for rule in row.rules if rule.strength == "block"]


def _targets(row: Row) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_stage(to.stage) for to in row.transition.to))


def _label(row: Row, target: str) -> str:
    """What a transition is called on its way to a stage, with the condition for leading there."""
    whens = [to.when for to in row.transition.to if _stage(to.stage) == target]
    if None not in whens:
        return f"{row.label}, if: {' Or: '.join(when.wanted.rstrip('.') for when in whens if when)}"
    return row.label if len(row.transition.to) == 1 else f"{row.label}, otherwise"


def _stage(target: str) -> str:
    return target if target in (STAY, BACK) else stage_of(target)


def _heading(stage: Stage, phases: Mapping[str, str]) -> str:
    order: dict[str, int] = {phase: place for place, phase in enumerate(PHASES)}
    named = sorted(stage.phases, key=lambda phase: order.get(phase, len(order)))
    return _upper(", ".join(dict.fromkeys(phases.get(phase, phase) for phase in named)))


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
