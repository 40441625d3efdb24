"""What in a declaration is not of the type that it has to be, told before anything is built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from caseflow.kernel.calendar import Calendar
from caseflow.kernel.errors import short
from caseflow.kernel.rules import Rule
from caseflow.workflow.check import Faults
from caseflow.workflow.definition import Hold, Index, Reason, Stage, To, Transition
from caseflow.workflow.obligation import Obligation
from caseflow.workflow.timing import Timing

_REPAIRS: dict[type[Any], str] = {
    Stage: "Give Stage('its-id', ...).",
    Transition: "Give Transition('its-name', source=..., to=...).",
    Reason: "Give Reason('its-code').",
    Rule: "Declare a function with @rule('its-id'), or call it if it makes a rule.",
    To: "Give the id of a stage, or To('its-id', when=...).",
    Index: "Give Index('its-name', of=...).",
    Obligation: "Give Obligation('its-id', 'What is to be done.', due=within('7 days')).",
}
_KINDS: dict[type[Any], str] = {
    Rule: "rule",
    type: "event class",
    str: "text",
    To: "target",
    Index: "index",
    Obligation: "obligation",
}


def misshapen(workflow: Any) -> list[str]:
    """The faults of a declaration that keep it from being built, each with its repair."""
    faults = Faults()
    for field in ("name", "version"):
        value = getattr(workflow, field)
        if not isinstance(value, str):
            example = (
                value if type(value) in (int, float) else "1" if field == "version" else "loan"
            )
            faults.add(
                f"The {field} of the workflow is {short(value)}, which is no text.",
                f"Give a text: {field}={str(example)!r}.",
            )
    _state(faults, workflow.state)
    _parts(faults, workflow)
    what = "The workflow"
    _rule_table(faults, workflow.rules)
    _words(faults, what, "opened_by", workflow.opened_by)
    _text(faults, what, "faults_excepted_by", workflow.faults_excepted_by)
    _labels(faults, workflow.labels)
    _terms(faults, workflow.terms)
    if not isinstance(workflow.calendar, Calendar):
        faults.add(
            f"The workflow has calendar={short(workflow.calendar)}, which is no calendar.",
            "Give Calendar('America/New_York'), with your own time zone.",
        )
    if workflow.hold is not None:
        if isinstance(workflow.hold, Hold):
            _hold(faults, workflow.hold)
        else:
            faults.add(
                f"The workflow has hold={short(workflow.hold)}, which is no Hold.",
                "Give Hold(...), or leave it out.",
            )
    return faults.found


def misshapen_extension(asked: Any) -> list[str]:
    """The same of what `Workflow.extend` was given."""
    faults = Faults()
    for name in ("rules", "drop", "replace", "strengths", "labels", "terms"):
        given = getattr(asked, name)
        if not isinstance(given, Mapping):
            faults.add(f"extend has {name}={short(given)}, which is no mapping.", "Give a dict.")
    if not faults.found:
        _parts(faults, asked)
        _rule_table(faults, asked.rules)
        _rule_table(faults, asked.replace)
        for key, ids in asked.drop.items():
            _words(faults, "extend", f"drop for {called(key)}", ids)
    return faults.found


def _parts(faults: Faults, workflow: Any) -> None:
    what = "The workflow"
    for stage in _items(faults, what, "stages", workflow.stages, Stage):
        name = f"Stage {short(stage.id)}"
        _text(faults, name, "id", stage.id)
        _text(faults, name, "label", stage.label)
        _text(faults, name, "stated_in", stage.stated_in)
        _words(faults, name, "phases", stage.phases)
        _words(faults, name, "substages", stage.substages)
        _classes(faults, name, "decides", stage.decides)
        _flags(faults, name, stage, "initial", "final")
    for transition in _items(faults, what, "transitions", workflow.transitions, Transition):
        _transition(faults, transition)
    _classes(faults, what, "events", workflow.events)
    for index in _items(faults, what, "indexes", workflow.indexes, Index):
        name = f"Index {short(index.name)}"
        _text(faults, name, "name", index.name)
        _flags(faults, name, index, "ended", "personal")
        if not callable(index.of):
            faults.add(
                f"{name} has of={short(index.of)}, which is no function.",
                "Give a function of the case that returns a text, several, or None.",
            )

    for obligation in _items(faults, what, "obligations", workflow.obligations, Obligation):
        _obligation(faults, obligation)


def _obligation(faults: Faults, obligation: Obligation) -> None:
    name = f"Obligation {short(obligation.id)}"
    for field in ("id", "wanted", "owner", "excepted_by", "remedy", "source"):
        _text(faults, name, field, getattr(obligation, field))
    _words(faults, name, "during", obligation.during)
    _words(faults, name, "not_after", obligation.not_after)
    _classes(faults, name, "met_by", obligation.met_by)
    _classes(faults, name, "cancelled_by", obligation.cancelled_by)
    _flags(faults, name, obligation, "after_the_end", "runs_on_hold")
    due: Any = obligation.due
    if not isinstance(due, Timing):
        faults.add(
            f"{name} has due={short(obligation.due)}, which tells no time.",
            "Give within('7 days'), every(...), between(...), yearly(...), in_quarter(...) "
            "or on_date(...).",
        )


def _transition(faults: Faults, transition: Transition) -> None:
    what = f"Transition {short(transition.name)}"
    _text(faults, what, "name", transition.name)
    _text(faults, what, "label", transition.label)
    _text(faults, what, "description", transition.description)
    _text(faults, what, "stated_in", transition.stated_in)
    _words(faults, what, "source", transition.source)
    _words(faults, what, "roles", transition.roles)
    _flags(faults, what, transition, "reason_required", "reopens", "supersedes")
    for to in _items(faults, what, "targets", transition.to, To):
        if not isinstance(to.stage, str):
            faults.add(f"{what} leads to {short(to.stage)}.", "Give the id of a stage.")
        if to.when is not None and not isinstance(to.when, Rule):
            faults.add(
                f"{what} leads to {short(to.stage)} when {short(to.when)}, which is no rule.",
                _REPAIRS[Rule],
            )
    if transition.records is not None:
        _classes(faults, what, "records", (transition.records,))
    list(_items(faults, what, "rules", transition.rules, Rule))
    _reasons(faults, what, transition.reasons)


def _hold(faults: Faults, hold: Hold) -> None:
    for field in ("stages", "roles", "resume_roles"):
        _words(faults, "The hold", field, getattr(hold, field))
    _flags(faults, "The hold", hold, "reason_required")
    list(_items(faults, "The hold", "rules", hold.rules, Rule))
    _reasons(faults, "The hold", hold.reasons)


def _reasons(faults: Faults, what: str, reasons: Iterable[Reason]) -> None:
    for reason in _items(faults, what, "reasons", reasons, Reason):
        _text(faults, f"{what} has a reason that", "code", reason.code)
        _text(faults, f"{what} has a reason that", "label", reason.label)
        _reasons(faults, what, reason.children)


def _rule_table(faults: Faults, table: Any) -> None:
    if not isinstance(table, Mapping):
        faults.add(
            f"The workflow has rules={short(table)}, which is no mapping.",
            "Give a dict from transition names or event classes to lists of rules.",
        )
        return
    for key, rules in table.items():
        if not isinstance(key, (str, type)):
            faults.add(
                f"The workflow has rules for {short(key)}.",
                "Give them for the name of a transition, or for an event class.",
            )
        list(_items(faults, "The workflow", f"rules on {called(key)}", rules, Rule))


def called(key: object) -> str:
    """What rules are given for: a transition by its name, or an event class."""
    return repr(key) if isinstance(key, str) else str(getattr(key, "__name__", short(key)))


def _labels(faults: Faults, labels: Any) -> None:
    if not isinstance(labels, Mapping):
        faults.add(
            f"The workflow has labels={short(labels)}, which is no mapping.",
            "Give a dict from ids to words.",
        )
        return
    for key, label in labels.items():
        if not isinstance(key, str) or not isinstance(label, str):
            faults.add(
                f"The workflow has the label {short(label)} for {short(key)}.",
                "Give a text for the id of a stage, transition, event, obligation or role.",
            )


def _terms(faults: Faults, terms: Any) -> None:
    if not isinstance(terms, Mapping):
        faults.add(
            f"The workflow has terms={short(terms)}, which is no mapping.",
            "Give a dict from the words of rules to the agency's: {'client': 'participant'}.",
        )
        return
    for word, term in terms.items():
        both = (word, term)
        if not all(isinstance(one, str) and one.strip() for one in both) or word != word.lower():
            faults.add(
                f"The workflow has the term {short(term)} for {short(word)}.",
                "Give a text for a text, in small letters: {'client': 'participant'}.",
            )


def _state(faults: Faults, state: Any) -> None:
    if not isinstance(state, type) or not callable(getattr(state, "fold", None)):
        faults.add(
            f"The workflow has state={short(state)}, which is no class with a method fold.",
            "Give the class of the trade's state, or leave it out.",
        )
        return
    try:
        state()
    except Exception as error:  # foreign code
        faults.add(
            f"The empty state cannot be made, as {state.__name__}(): {error}.",
            "Give each of its fields a default.",
        )


def _items(faults: Faults, what: str, field: str, given: Any, wanted: type[Any]) -> Iterator[Any]:
    """The items of a field that are of the type wanted; the others are reported."""
    kind = _KINDS.get(wanted, wanted.__name__)
    if not isinstance(given, tuple):
        faults.add(
            f"{what} has {_named(given)} for its {field}, which is no list.",
            "Put it in a list: [...]." if isinstance(given, wanted) else f"Give a list of {kind}s.",
        )
        return
    for item in given:
        if isinstance(item, wanted):
            yield item
        else:
            named = f"{what} has {_named(item)} among its {field}, which is no {kind}."
            faults.add(named, _REPAIRS[wanted])


def _named(item: object) -> str:
    return f"the rule {item.id!r}" if isinstance(item, Rule) else short(item)


def _classes(faults: Faults, what: str, field: str, given: Any) -> None:
    if not isinstance(given, tuple):
        faults.add(f"{what} has {field}={short(given)}, which is no list.", "Put it in one: [...].")
        return
    for item in given:
        if not isinstance(item, type):
            name = type(item).__name__
            repair = (
                f"Give the class itself: {name}." if hasattr(item, "__caseflow_event__") else ""
            )
            faults.add(
                f"{what} has {short(item)} in {field}, which is no event class.",
                repair or "Give a class declared with @fact('its-name') or @decision('its-name').",
            )


def _words(faults: Faults, what: str, field: str, given: Any) -> None:
    for word in given if isinstance(given, tuple) else (given,):
        if not isinstance(word, str):
            faults.add(
                f"{what} has {short(word)} in {field}, which is no text.",
                "Give a text, or a list of texts.",
            )


def _text(faults: Faults, what: str, field: str, given: Any) -> None:
    if not isinstance(given, str):
        faults.add(f"{what} has {field}={short(given)}, which is no text.", "Give a str.")


def _flags(faults: Faults, what: str, item: object, *fields: str) -> None:
    for field in fields:
        value = getattr(item, field)
        if not isinstance(value, bool):
            faults.add(f"{what} has {field}={short(value)}.", "Give True or False.")
