"""The page of every rule and obligation that ships: what it asks, where it is from and stands."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from caseflow import Rule, Workflow, casework
from caseflow.kernel.verdict import in_words
from caseflow.rules import VOCABULARY
from caseflow.rules import due as shipped
from caseflow.stages import PRACTICES, with_practice
from caseflow.workflow.obligation import Obligation
from tools.reading import standings
from tools.reference_due import by_when
from tools.tables import once

INTRO = """\
# Every rule, and what may be due

Each rule and each obligation that ships: what it asks, where it is from, and in which models it
stands, with what happens where it does not hold. What stands in no model is there for an agency to
add ([how to extend a workflow](../howto-define-a-workflow.md), and
[how to say by when](../howto-due.md)); where an agency's own number or words belong in it, they
are here an example. The headings are the names in code. This page is made from the library itself
by `make reference`, and a test sees that it agrees.
"""
RULES = """\
## Rules
"""
OBLIGATIONS = """\
## Obligations

What is due, by whom, and by when.
"""
DOES = {"block": "refused without it", "warn": "a warning without it", "due": "owed afterwards"}
EXAMPLES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "at-least": {
            "id": "two-notes",
            "event": casework.ProgressNoted,
            "times": 2,
            "wanted": "There are two progress notes.",
        },
        "caseload-cap": {"most": 30},
        "caseload-target": {"most": 15},
        "contact-attempted": {"times": 3, "over": "14 days"},
        "contact-budget": {"most": 2},
        "contact-setting": {"settings": ("home", "workplace")},
        "eligible-because": {"grounds": ("income", "diagnosis")},
        "not-older-than": {
            "id": "fresh-assessment",
            "event": casework.AssessmentCompleted,
            "span": "1 year",
            "wanted": "The assessment is not older than a year.",
        },
        "note-concise": {"most": 2000},
        "nothing-missed": {"stages": ("follow-up",)},
        "plan-written-by": {"author": "client"},
        "recorded": {
            "id": "placed",
            "event": casework.PlacementMade,
            "wanted": "The client has a place.",
        },
        "recorded-in-time": {"id": "recorded-in-time", "span": "3 days"},
        "sections-told": {
            "id": "wishes-told",
            "sections": ("expectations", "choices"),
            "wanted": "The plan holds what the client expects and chooses.",
        },
    }
)
"""What the makers of rules are given where the page shows an example."""


def rules_page(models: Mapping[str, Workflow[Any]]) -> str:
    """The page, for workflows by their titles."""
    parts = [INTRO, RULES]
    parts += [_rule(id, found, models) for id, found in sorted(every_rule(models).items())]
    parts.append(OBLIGATIONS)
    for one, agencys in sorted(every_obligation(), key=lambda item: item[0].id):
        parts.append(_obligation(one, agencys, models))
    return "\n".join(parts)


def every_rule(models: Mapping[str, Workflow[Any]]) -> dict[str, Rule[Any]]:
    """Every rule by its name: those of the vocabulary, and those that models named anew."""
    found = {id: rule for workflow in models.values() for id, rule in workflow.all_rules.items()}
    return found | {name: made(name) for name in VOCABULARY}


def made(name: str) -> Rule[Any]:
    """A rule of the vocabulary; of what makes rules, an example."""
    given: Any = VOCABULARY[name]
    if isinstance(given, Rule):
        return given
    example: Rule[Any] = given(**EXAMPLES.get(name, {}))
    return example


def every_obligation() -> Iterator[tuple[Obligation, bool]]:
    """Every obligation, and whether it is the agency that says how long."""
    for name, make in vars(shipped).items():
        own = inspect.isfunction(make) and make.__module__ == shipped.__name__
        if own and not name.startswith("_"):
            yield from _obligations(make)


def _obligations(make: Callable[..., Any]) -> Iterator[tuple[Obligation, bool]]:
    agencys = "span" in inspect.signature(make).parameters
    found = make(*["7 days"] * agencys, "its-stages") if _in_stages(make) else make("7 days")
    for one in found if isinstance(found, tuple) else (found,):
        yield one, agencys


def _in_stages(make: Callable[..., Any]) -> bool:
    return "stages" in inspect.signature(make).parameters


def _rule(id: str, rule: Rule[Any], models: Mapping[str, Workflow[Any]]) -> str:
    asks = [one.wanted for workflow in models.values() for one, _ in standings(workflow, id)]
    places = list(_places(id, models))
    lines = [f"### {id}\n", f"{once(asks or [_example(id, rule)])}\n", *places]
    if not places:
        lines.append(f"- in no model{_from(rule.source)}\n")
    return "\n".join([*lines[:2], "".join(lines[2:])])


def _example(id: str, rule: Rule[Any]) -> str:
    return f"{rule.wanted} (An example.)" if id in EXAMPLES else rule.wanted


def _places(id: str, models: Mapping[str, Workflow[Any]]) -> Iterator[str]:
    for title, workflow in models.items():
        by_source: dict[str, list[str]] = {}
        for rule, name in standings(workflow, id):
            place = f"{workflow.label(name)} ({DOES[rule.strength]})"
            by_source.setdefault(rule.source, []).append(place)
        for source, those in by_source.items():
            where = ", ".join(dict.fromkeys(those))
            yield f"- [{title}]({workflow.name}.md): {where}{_from(source)}\n"
    base = next(iter(models.values()))
    for practice in PRACTICES:
        asked = with_practice(base, practice, name="practised", version="1").all_rules
        if id in asked.keys() - base.all_rules.keys():
            yield (
                f"- practice model [{practice.label}](../howto-practice-models.md)"
                f"{_from(asked[id].source)}\n"
            )


def _from(source: str) -> str:
    return f". From: {source}." if source else "."


def _obligation(one: Obligation, agencys: bool, models: Mapping[str, Workflow[Any]]) -> str:
    when = "the agency says how long" if agencys else by_when(one.due)
    stands = [
        f"- [{title}]({workflow.name}.md#what-is-due)\n"
        for title, workflow in models.items()
        if one.id in {other.id for other in workflow.obligations}
    ]
    who = in_words(one.owner)
    where = "".join(stands) or "- in no model.\n"
    told = f"{one.wanted} Who: {who}. By when: {when}{_from(one.source)}"
    return f"### {one.id}\n\n{told}\n\n{where}"
