"""What a workflow asks, told in sentences, for those who know the work and not the code."""

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from caseflow import ANY_OPEN, BACK, STAY, Rule, To, Workflow
from caseflow.kernel.calendar import span_of
from caseflow.kernel.case import HOLD, stage_of
from caseflow.kernel.events import event_type
from caseflow.kernel.verdict import in_words
from caseflow.workflow.machine import Row

HEADINGS = {
    "block": "Refused unless:",
    "warn": "Allowed, with a warning unless:",
    "due": "Allowed, and owed from then on:",
}
STRICT = """\
Each decision says from where it leads to where, and what is asked of it:

- **Refused unless**: the decision is not taken before this holds. Where a role is named, somebody
  in it may make an exception, in one case and for a reason.
- **Allowed, with a warning unless**: the decision is taken; the warning is shown, and kept with it.
- **Allowed, and owed from then on**: the decision is taken, and what is missing stays on the list
  of what is owed.

In brackets stands where it is from.
"""


def decisions(workflow: Workflow[Any], rows: Iterable[Row], document: str = "") -> str:
    """A section for each decision: what it is, from where to where, and what is asked."""
    named: dict[str, list[Row]] = {}
    for row in joined(rows):
        named.setdefault(row.name, []).append(row)
    return "\n".join(_decision(workflow, those, document) for those in named.values())


def joined(rows: Iterable[Row]) -> list[Row]:
    """The rows, each decision that asks and does the same in several stages as one of them."""
    found: list[Row] = []
    for row in rows:
        same = (place for place, one in enumerate(found) if _asks(one) == _asks(row))
        if (place := next(same, None)) is None:
            found.append(row)
            continue
        sources = dict.fromkeys((*found[place].transition.source, *row.transition.source))
        transition = attrs.evolve(row.transition, source=tuple(sources))
        found[place] = attrs.evolve(row, transition=transition)
    return found


def _asks(row: Row) -> tuple[object, ...]:
    """All that a transition asks and does, but for from where."""
    transition = attrs.evolve(row.transition, source=())
    return (transition, *attrs.astuple(row, recurse=False)[1:])


def _decision(workflow: Workflow[Any], rows: list[Row], document: str) -> str:
    first = rows[0]
    parts = [f"### {_upper(first.label)}\n"]
    told = first.transition.description or _of_event(first.transition.records)
    if told:
        parts.append(f"{told}\n")
    same = all(row.rules == first.rules for row in rows)
    for row in rows:
        parts.append(f"{_way(workflow, row, document)}\n")
        if not same or row is rows[-1]:
            parts += asked(row.rules, document)
    return "\n".join(parts)


def _of_event(records: type[Any] | None) -> str:
    """What an event says: the first paragraph, without what is for developers."""
    if records is None:
        return ""
    words = " ".join(inspect.cleandoc(records.__doc__ or "").split())
    sentences = words.split(". ")
    plain = [one for one in sentences if "`" not in one]
    return f"{'. '.join(plain).rstrip('.')}." if plain else ""


def _way(workflow: Workflow[Any], row: Row, document: str) -> str:
    transition = row.transition
    source = sources_in_words(workflow, row, " or ")
    targets = "; ".join(target_words(workflow, to) for to in transition.to)
    to = "the stage where it was" if row.name == "resume" else targets
    comma = "," if "," in source and ANY_OPEN in transition.source else ""
    way = (
        f"In {source}; the case stays there." if to == "stays" else f"From {source}{comma} to {to}."
    )
    if transition.roles:
        way += f" By: {' or '.join(transition.roles)}."
    if row.codes:
        way += " One of the reasons of a list is given."
    elif transition.reason_required:
        way += " A reason is given, in words."
    if transition.supersedes:
        way += (
            " If you learn of it late, give the true date; steps dated later then no longer count."
        )
    place = place_in(transition.stated_in, document)
    return f"{way} ({place})" if place else way


def asked(rules: Iterable[Rule[Any]], document: str) -> Iterator[str]:
    """What rules ask, by how strict they are; nothing where there are none."""
    for strength, heading in HEADINGS.items():
        those = [rule for rule in rules if rule.strength == strength]
        if those:
            yield f"{heading}\n"
            yield "".join(f"- {_sentence(rule, document)}\n" for rule in those)


def _sentence(rule: Rule[Any], document: str) -> str:
    more = f" Within {span_of(rule.within)}." if rule.within is not None else ""
    more += f" Who: {in_words(rule.owner)}." if rule.owner else ""
    if rule.strength == "block" and rule.excepted_by:
        more += f" Exception: {rule.excepted_by}."
    place = place_in(rule.source, document)
    return f"{rule.wanted}{more}" + (f" ({place})" if place else "")


def place_in(source: str, document: str) -> str:
    """Where something is from: the place alone, where it is the document of the page."""
    if source == document and document:
        return document
    return source.removeprefix(f"{document}, ") if document else source


def of_facts(workflow: Workflow[Any], document: str = "") -> str:
    """What is asked of facts, which are never refused."""
    parts = []
    for cls, rules in workflow.rules.items():
        if isinstance(cls, type) and rules and not workflow.names_recording(cls):
            kind = _upper(in_words(event_type(cls).name))
            parts += [f"### {kind}\n", f"{_of_event(cls)}\n", *asked(rules, document)]
    return "\n".join(parts)


def standings(workflow: Workflow[Any], id: str) -> Iterator[tuple[Rule[Any], str]]:
    """Each place where a rule stands, by the name of the transition or the fact."""
    for row in workflow.rows:
        yield from ((rule, row.name) for rule in row.rules if rule.id == id)
    for key, given in workflow.rules.items():
        if isinstance(key, type) and not workflow.names_recording(key):
            yield from ((rule, event_type(key).name) for rule in given if rule.id == id)


def sources_in_words(workflow: Workflow[Any], row: Row, last: str) -> str:
    """From where a transition leads; `last` stands before the last of several stages."""
    sources = row.transition.source
    named = ["being on hold" if one == HOLD else in_words(one, workflow.words) for one in sources]
    if ANY_OPEN not in sources:
        return listed(named, last)
    ended = [words for one, words in zip(sources, named, strict=True) if one != ANY_OPEN]
    held = workflow.hold and HOLD not in [to.stage for to in row.transition.to]
    told = "any open stage, on hold or not" if held else "any open stage"
    return f"{told}, and when {listed(ended)}" if ended else told


def target_words(workflow: Workflow[Any], to: To) -> str:
    known = {STAY: "stays", BACK: "where it was before", HOLD: "on hold"}
    words = known.get(to.stage) or in_words(to.stage, workflow.words)
    return f"{words}, if: {to.when.wanted}" if to.when else words


def ends_only(workflow: Workflow[Any], row: Row) -> bool:
    """Whether a transition can only end the case."""
    finals = {stage.id for stage in workflow.stages if stage.final}
    return all(stage_of(to.stage) in finals for to in row.transition.to)


def listed(words: list[str], last: str = " or ") -> str:
    """Words one after the other, with a comma between, and another word before the last."""
    return last.join(filter(None, (", ".join(words[:-1]), words[-1])))


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
