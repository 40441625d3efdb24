"""Write the references of the workflows that ship: stages, rules, what is due, and events.

`python -m tools.reference` prints the page of `six_stage`; with a folder, it writes a page for
each there, and one of all rules.
"""

import inspect
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import attrs

from caseflow import Rule, Workflow, stages
from caseflow.kernel.calendar import span_of
from caseflow.kernel.case import HOLD, stage_of
from caseflow.kernel.events import CODE_MARK, CORE_EVENTS, event_type
from caseflow.kernel.verdict import in_words
from caseflow.rules import sources
from caseflow.workflow.check import BUILT_IN_RULES
from caseflow.workflow.machine import Row
from tools.reading import (
    STRICT,
    decisions,
    ends_only,
    joined,
    of_facts,
    place_in,
    sources_in_words,
    standings,
    target_words,
)
from tools.reference_due import due
from tools.reference_rules import rules_page
from tools.tables import Table, code, once, table

INTRO = """\
# {title}

How work goes in this process model: its stages, what is decided in them, what is refused and what
is only warned of, what ends a case, and what is due. It follows *{document}*; a place in brackets
is one in that document, where nothing else is said. What the document does not state, and is asked
for all the same, is [practice of the field](../sources.md#practice-the-field-expects). An agency
may [change the rules](../howto-change-the-rules.md). How many cases one leads, and how one works
with clients, is told by a [practice model](../howto-practice-models.md), which goes with any
process model.

The [glossary](../glossary.md) explains the words, [the list of all rules](rules.md) has those that
stand in other models or in none, and [where each thing lives](../sources.md) goes through the
documents item by item. The last part, [for developers](#for-developers), has the names in code.
This page is made from the workflow itself by `make reference`, and a test sees that it agrees.
"""
TERMS = """\
It says {terms}, as the document does; the part for developers has the words of the rules, which
other models share.
"""
STAGES = """\
The phases are the parts of every process of case management, by which stages of different models
are compared. *Not stated* marks what the document does not say, and the model has all the same, so
that cases can be worked and ended.
"""
DEVELOPERS = """\
## For developers

Workflow `{name}`, version `{version}`. The [tutorial](../tutorial.md) shows the six stages at work,
[concepts](../concepts.md) has the ideas, and
[how to change the rules](../howto-change-the-rules.md) tells how an agency changes what stands
here.

### Transitions

The name is what one says to take it: `book.do(case_id, "assess", by=...)`. Where an event is
recorded, it is submitted in place of the name. A rule that does not hold refuses (strength
`block`), warns (`warn`), or leaves something to be done afterwards (`due`); where a role stands in
brackets, somebody in it may make an exception.
"""
ANYBODY = """\
No decision asks for a role: anybody may take each, as far as the rules allow, until an agency
[says who may](../howto-change-the-rules.md#only-some-people-may).
"""
ON_FACTS = """\
What happened is always taken down, and never refused. Of some of it more is asked.
"""
EVENTS = """\
Under the name that is stored stands the class, which is imported from `caseflow.casework`. A *word*
is from the agency's own vocabulary, or an id, and never personal; *text* is free, and counts as
personal.
"""
OF_EVERY_WORKFLOW = """\
Asked in every model. Where it does not hold, the decision is refused, but for what is said here,
and no exception is allowed.
"""
STRENGTHS = {"block": "refuses", "warn": "warns", "due": "due afterwards"}
BUILT_IN = {
    "role": "A decision is taken by somebody in a role that may. Who is in none, learns only that.",
    "position": "It is taken in a stage from which it leads on.",
    "reason": "A reason is given, where one has to be.",
    "target": "There is a stage to go to, where the workflow chooses among several.",
    "not-in-the-future": "A decision is not dated in the future. (On a fact, only a warning.)",
    "moves-in-order": "A move is dated after the move that led here.",
    "after-the-end": "A fact belongs to an open case. (Only a warning.)",
    "known-to-the-case": "What a fact names is known to the case. (Only a warning.)",
    "amendment": "A correction or a void (it never happened) fits its event, and passes no cap.",
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
    intro = INTRO.format(title=model.title, document=model.document)
    terms = " and ".join(f"*{told}* for {word}" for word, told in workflow.terms.items())
    if terms:
        intro += f"\n{TERMS.format(terms=terms)}"
    return f"{intro}\n{page(workflow, model.document)}"


def page_of_rules() -> str:
    """The page of every rule and obligation that ships."""
    return rules_page({model.title: model.workflow for model in MODELS})


def page(workflow: Workflow[Any], document: str = "") -> str:
    """What stands on a page, below its introduction: in sentences, and then the names."""
    return f"{reading(workflow, document)}\n{names(workflow)}"


def reading(workflow: Workflow[Any], document: str) -> str:
    """The part for those who know the work."""
    going, ending = _rows(workflow)
    stages = table(
        ["stage", "phases", "in order", "a case", "leads on to", "stated in"],
        stage_rows(workflow, document),
    )
    facts = of_facts(workflow, document)
    parts = [
        f"## Stages\n\n{STAGES}\n{stages}",
        f"## What is decided\n\n{STRICT}",
        *([] if asks_for_roles([*going, *ending]) else [ANYBODY]),
        decisions(workflow, going, document),
        f"## What ends a case\n\n{decisions(workflow, ending, document)}",
        *([f"## What is asked of facts\n\n{ON_FACTS}\n{facts}"] if facts else []),
        f"## What is due\n\n{due(workflow, document)}",
        f"## What every model asks\n\n{OF_EVERY_WORKFLOW}",
        "".join(f"- {BUILT_IN[id]}\n" for id in BUILT_IN_RULES),
    ]
    return workflow.in_terms("\n".join(parts))


def names(workflow: Workflow[Any]) -> str:
    """The part for developers."""
    going, ending = _rows(workflow)
    rules = table(
        ["rule", "what it asks", "where, and what it does where it does not hold", "exception"],
        rule_rows(workflow),
    )
    built_in = table(["rule", "what it asks"], [[code(id), BUILT_IN[id]] for id in BUILT_IN_RULES])
    ids = [[workflow.words[one.id], code(one.id)] for one in workflow.stages]
    parts = [
        DEVELOPERS.format(name=workflow.name, version=workflow.version),
        transitions(workflow, [*going, *ending]),
        f"### Stages and their ids\n\n{table(['stage', 'id'], ids)}",
        f"### Rules\n\n{rules}",
        f"Rules that every workflow has:\n\n{built_in}",
        events(workflow),
    ]
    return "\n".join(parts)


def _rows(workflow: Workflow[Any]) -> tuple[list[Row], list[Row]]:
    """The transitions that go on, and those that end a case."""
    rows = [row for row in workflow.rows if not row.core]
    return (
        [row for row in rows if not ends_only(workflow, row)],
        [row for row in rows if ends_only(workflow, row)],
    )


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
            "### Facts\n",
            "What happened. A fact is never refused, in any stage, and moves no case.\n",
            EVENTS,
            facts,
            f"### Decisions\n\nWhat the agency decides: judged by the rules above.\n\n{decisions}",
            "### Events that every case knows\n",
            "They come from `caseflow`, and are decisions.\n",
            core,
        ]
    )


# -- stages and transitions -------------------------------------------------------------------


def stage_rows(workflow: Workflow[Any], document: str = "") -> Table:
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
                title,
                ", ".join(stage.phases),
                ", then ".join(stage.substages),
                ", ".join(may),
                ", ".join(on),
                place_in(stage.stated_in, document),
            ]
        )
    return rows


def asks_for_roles(rows: list[Row]) -> bool:
    return any(row.transition.roles for row in rows)


def transitions(workflow: Workflow[Any], rows: list[Row]) -> str:
    head = ["transition", "from", "to", "records", "reason", "rules"]
    rows = joined(rows)
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
        sources_in_words(workflow, row, ", "),
        "where it was" if row.name == "resume" else targets,
        code(event_type(records).name) if records else "",
        reason,
        "<br>".join(f"{code(rule.id)} {strictness(rule)}" for rule in row.rules),
    ]


def strictness(rule: Rule[Any]) -> str:
    words = STRENGTHS[rule.strength]
    if rule.within is not None:
        words += f", within {span_of(rule.within)}"
    if rule.owner:
        words += f", from the {in_words(rule.owner)}"
    excepted = rule.strength == "block" and rule.excepted_by
    return f"{words} ({rule.excepted_by})" if excepted else words


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
            ]
        )
    return rows


def places_of(workflow: Workflow[Any], id: str) -> Iterator[str]:
    for rule, name in standings(workflow, id):
        words = STRENGTHS[rule.strength]
        yield f"{code(name)} {words}"


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
    (folder / "rules.md").write_text(page_of_rules(), encoding="utf-8")


if __name__ == "__main__":
    main()
