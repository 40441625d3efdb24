"""Write the references of the workflows that ship: stages, rules, what is due, and events.

`python -m tools.reference` prints the page of `six_stage`; with a folder, it writes a page for
each there.
"""

import inspect
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import attrs

from caseflow import ANY_OPEN, BACK, STAY, Rule, To, Workflow, stages
from caseflow.kernel.calendar import span_of
from caseflow.kernel.case import HOLD, stage_of
from caseflow.kernel.events import CODE_MARK, CORE_EVENTS, event_type
from caseflow.kernel.verdict import in_words
from caseflow.rules import sources
from caseflow.workflow.check import BUILT_IN_RULES
from caseflow.workflow.machine import Row
from tools.reference_due import due
from tools.tables import Table, code, once, table

INTRO = """\
# {title}: reference

What the workflow `{name}` (`caseflow.stages.{python}`) holds: its stages, what leads from one to
another, its rules, what it makes due, and the events of `caseflow.casework`. It follows the
document that it cites as *{document}*. This page is made from the workflow itself by
`make reference`, and a test sees that it agrees. The [tutorial](../tutorial.md) shows the six
stages at work, [concepts](../concepts.md) has the ideas, and
[how to write a rule](../howto-write-a-rule.md#how-strict-block-warn-due) tells how an agency
changes what stands here.
"""
STAGES = """\
The phases are the parts of every process of case management, by which stages of different
workflows are compared. *Not stated* marks what the document does not say, and the library has all
the same, so that cases can be worked and ended. A hold, and a decision that leaves a case in its
stage, have no place of their own.
"""
WAYS = """\
The name is what one says to take it: `book.do(case_id, "assess", by=...)`. Where an event is
recorded, it is submitted in place of the name.

How strict a rule is:

- **refuses**: the decision is not taken (strength `block`).
- **warns**: the decision is taken, and the warning is shown and stored with it (`warn`).
- **due afterwards**: the decision is taken, and what is missing is owed from then on (`due`).

Where a role stands in brackets, somebody in it may make an exception: allow, in one case and for a
reason, what the rule refuses.
"""
ANYBODY = """\
No transition asks for a role: anybody may take each, as far as its rules allow, until an agency
says who may.
"""
EVENTS = """\
Under the name that is stored stands the class, which is imported from `caseflow.casework`. A *word*
is from the agency's own vocabulary, or an id, and never personal; *text* is free, and counts as
personal.
"""
OF_EVERY_WORKFLOW = """\
Rules that every workflow has. They refuse, but for what is said here, and allow no exception:
"""
STRENGTHS = {"block": "refuses", "warn": "warns", "due": "due afterwards"}
BUILT_IN = {
    "role": "This is done by somebody in a role that may do it. Who is not, learns only that.",
    "position": "This is done in a stage that it leads on from.",
    "reason": "A reason is given, where one has to be.",
    "target": "There is a stage to go to, where the workflow chooses among several.",
    "not-in-the-future": "A decision is not dated in the future. (On a fact, only a warning.)",
    "moves-in-order": "A move is dated after the move that led here.",
    "after-the-end": "A fact belongs to an open case. (Only a warning.)",
    "amendment": "A correction or void fits the event that it names, and passes no cap.",
    "exception-entitled": "An exception is made for a reason, by the role entitled to it.",
}
PLAIN = {
    "str": "text",
    "int": "whole number",
    "bool": "yes or no",
    "float": "number",
    "Decimal": "number",
    "date": "day",
    "datetime": "moment",
    "timedelta": "span of time",
    "Any": "an event",
}
MANY = {"text": "texts", "word": "words", "whole number": "whole numbers", "day": "days"}


@attrs.frozen
class Model:
    """A workflow that ships: its name in Python, the title of its page, and its document."""

    python: str
    title: str
    document: str

    @property
    def workflow(self) -> Workflow[Any]:
        return cast("Workflow[Any]", getattr(stages, self.python))


MODELS = (
    Model("six_stage", "The six stages", sources.ISED),
    Model("four_stage", "The four stages", sources.MODELS),
    Model("five_stage_cyclic", "The five stages, in a circle", sources.STAGES),
    Model("continuum", "The continuum", sources.BILEVEL),
    Model("service_delivery", "The service delivery flow", sources.TRILEVEL),
)


def model_page(model: Model) -> str:
    """The page of a workflow that ships."""
    workflow = model.workflow
    intro = INTRO.format(
        title=model.title, name=workflow.name, python=model.python, document=model.document
    )
    return f"{intro}\n{page(workflow)}"


def page(workflow: Workflow[Any]) -> str:
    """What stands on a page, below its introduction."""
    rows = [row for row in workflow.rows if not row.core]
    going = [row for row in rows if not ends_only(workflow, row)]
    ending = [row for row in rows if ends_only(workflow, row)]
    stages = table(
        ["stage", "phases", "substages", "a case", "leads on to", "stated in"],
        stage_rows(workflow),
    )
    rules = table(
        ["rule", "what it wants", "where, and how strict", "exception", "source"],
        rule_rows(workflow),
    )
    built_in = table(["rule", "what it wants"], [[code(id), BUILT_IN[id]] for id in BUILT_IN_RULES])
    parts = [
        f"Workflow `{workflow.name}`, version `{workflow.version}`.\n",
        f"## Stages\n\n{STAGES}\n{stages}",
        f"## What leads on\n\n{WAYS}",
        *([] if asks_for_roles(rows) else [ANYBODY]),
        transitions(workflow, going),
        f"## What ends a case\n\n{transitions(workflow, ending)}\n{dated_back(rows)}",
        f"## Rules\n\n{rules}",
        f"{OF_EVERY_WORKFLOW}\n{built_in}",
        f"## What is due\n\n{due(workflow)}",
        events(workflow),
    ]
    return "\n".join(parts)


def events(workflow: Workflow[Any]) -> str:
    """The events, facts first."""
    facts = table(["event", "what it says", "fields"], [event_row(cls) for cls in workflow.facts])
    decided = [cls for cls in workflow.event_types if cls not in workflow.facts]
    decisions = table(
        ["event", "what it says", "taken by", "fields"],
        [decision_row(workflow, cls) for cls in decided],
    )
    core = table(["event", "what it says", "fields"], [event_row(cls) for cls in CORE_EVENTS])
    return "\n".join(
        [
            "## Facts\n",
            "What happened. A fact is never refused, in any stage, and moves no case.\n",
            EVENTS,
            facts,
            f"## Decisions\n\nWhat the agency decides: judged by the rules above.\n\n{decisions}",
            "## Events that every case knows\n",
            "They come from `caseflow`, and are decisions.\n",
            core,
        ]
    )


# -- stages and transitions -------------------------------------------------------------------


def stage_rows(workflow: Workflow[Any]) -> Table:
    rows = []
    for stage in workflow.stages:
        title = f"**{in_words(stage.id, workflow.words)}**"
        may = ["opens here"] if stage.initial else []
        may += ["ends here"] if stage.final else []
        may += ["may be on hold"] if f"{stage.positions[-1]}{HOLD}" in workflow.positions else []
        leads = dict.fromkeys(
            stage_of(edge.dest)
            for position in stage.positions
            for edges in workflow.dispatch[position].values()
            for edge in edges
            if edge.dest is not None and edge.left is None and stage_of(edge.dest) != stage.id
        )
        on = [in_words(name, workflow.words) for name in leads]
        if any(
            edge.left for edges in workflow.dispatch[stage.positions[0]].values() for edge in edges
        ):
            on.append("where it was before")
        rows.append(
            [
                f"{title} {code(stage.id)}",
                ", ".join(stage.phases),
                ", then ".join(stage.substages),
                ", ".join(may),
                ", ".join(on),
                stage.stated_in,
            ]
        )
    return rows


def ends_only(workflow: Workflow[Any], row: Row) -> bool:
    """Whether a transition can only end the case."""
    finals = {stage.id for stage in workflow.stages if stage.final}
    return all(stage_of(to.stage) in finals for to in row.transition.to)


def asks_for_roles(rows: list[Row]) -> bool:
    return any(row.transition.roles for row in rows)


def transitions(workflow: Workflow[Any], rows: list[Row]) -> str:
    head = ["transition", "from", "to", "records", "reason", "rules", "stated in"]
    body = [transition_row(workflow, row) for row in rows]
    if asks_for_roles(rows):
        head.append("by")
        for cells, row in zip(body, rows, strict=True):
            cells.append(" or ".join(row.transition.roles) or "anybody")
    return table(head, body)


def transition_row(workflow: Workflow[Any], row: Row) -> list[str]:
    transition = row.transition
    reason = "in words" if transition.reason_required else ""
    if row.codes:
        reason = "one of: " + ", ".join(map(code, row.codes))
    records = transition.records
    targets = "; ".join(target_words(workflow, to) for to in transition.to)
    return [
        code(row.name),
        ", ".join(source_words(workflow, name) for name in transition.source),
        "where it was" if row.name == "resume" else targets,
        code(event_type(records).name) if records else "",
        reason,
        "<br>".join(f"{code(rule.id)} {strictness(rule)}" for rule in row.rules),
        transition.stated_in,
    ]


def source_words(workflow: Workflow[Any], name: str) -> str:
    if name == HOLD:
        return "on hold"
    if name == ANY_OPEN:
        return "any open stage" + (", on hold or not" if workflow.hold else "")
    return in_words(name, workflow.words)


def target_words(workflow: Workflow[Any], to: To) -> str:
    known = {STAY: "stays", BACK: "where it was before", HOLD: "on hold"}
    words = known.get(to.stage) or in_words(to.stage, workflow.words)
    return f"{words}, if: {to.when.wanted}" if to.when else words


def strictness(rule: Rule[Any]) -> str:
    words = STRENGTHS[rule.strength]
    if rule.within is not None:
        words += f", within {span_of(rule.within)}"
    excepted = rule.strength == "block" and rule.excepted_by
    return f"{words} ({rule.excepted_by})" if excepted else words


def dated_back(rows: Iterable[Row]) -> str:
    names = list(dict.fromkeys(row.name for row in rows if row.transition.supersedes))
    if not names:
        return ""
    return (
        f"Learned of late, {' and '.join(map(code, names))} may be dated before moves that are\n"
        "already recorded. Those moves then drop out of the path.\n"
    )


# -- rules ------------------------------------------------------------------------------------


def rule_rows(workflow: Workflow[Any]) -> Table:
    rows = []
    for id, rule in workflow.all_rules.items():
        found = [one for one, _ in standings(workflow, id)] or [rule]
        excepted = {one.excepted_by for one in found if one.strength == "block"} - {""}
        rows.append(
            [
                code(id),
                once(one.wanted for one in found),
                once(places_of(workflow, id)),
                " or ".join(sorted(excepted)),
                once(one.source for one in found),
            ]
        )
    return rows


def places_of(workflow: Workflow[Any], id: str) -> Iterator[str]:
    for rule, name in standings(workflow, id):
        words = STRENGTHS[rule.strength]
        yield f"{code(name)} {words}"


def standings(workflow: Workflow[Any], id: str) -> Iterator[tuple[Rule[Any], str]]:
    """Each place where a rule stands, by the name of the transition or the fact."""
    for row in workflow.rows:
        yield from ((rule, row.name) for rule in row.rules if rule.id == id)
    for key, given in workflow.rules.items():
        if isinstance(key, type) and not workflow.names_recording(key):
            yield from ((rule, event_type(key).name) for rule in given if rule.id == id)


# -- events -----------------------------------------------------------------------------------


def event_row(cls: type[Any]) -> list[str]:
    kind = event_type(cls)
    words = " ".join(inspect.cleandoc(cls.__doc__ or "").split())
    return [f"{code(kind.name)}<br>{code(cls.__name__)}", words, "<br>".join(fields(cls))]


def decision_row(workflow: Workflow[Any], cls: type[Any]) -> list[str]:
    name, words, given = event_row(cls)
    return [name, words, ", ".join(map(code, workflow.names_recording(cls))), given]


def fields(cls: type[Any]) -> Iterator[str]:
    hints = get_type_hints(cls, include_extras=True)
    needed = event_type(cls).needed
    for name, parameter in inspect.signature(cls).parameters.items():
        words = f"**{name}**: {type_words(hints[name])}"
        if name not in needed:
            default = value_words(parameter.default)
            words += f"; left out: {default}" if default else "; may be left out"
        yield words


def value_words(value: object) -> str:
    """A default as a reader would say it; nothing where it is empty."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value else ""


def type_words(hint: Any) -> str:
    """The type of a field in plain words."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return "word" if CODE_MARK in hint.__metadata__ else type_words(inner[0])
    if origin is Literal:
        return "one of " + ", ".join(map(str, inner))
    if origin in (Union, types.UnionType):
        return " or ".join(type_words(item) for item in inner if item is not type(None))
    if origin is tuple:
        one = type_words(inner[0])
        return MANY.get(one) or (
            f"any {one.removeprefix('one ')}" if one.startswith("one of") else one
        )
    name: str = hint.__name__
    return PLAIN.get(name, name)


def main() -> None:
    if len(sys.argv) == 1:
        print(model_page(MODELS[0]), end="")
        return
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for model in MODELS:
        path = folder / f"{model.workflow.name}.md"
        path.write_text(model_page(model), encoding="utf-8")


if __name__ == "__main__":
    main()
