"""What can be wrong with the obligations of a workflow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import Any, get_args, get_type_hints

from caseflow.kernel.calendar import DAYS, MONTHS, Calendar, Span, no_working_days
from caseflow.kernel.checks import a_rule_id
from caseflow.kernel.errors import DefinitionError, nearest, short
from caseflow.kernel.events import EventType
from caseflow.workflow.check import BUILT_IN_RULES, Faults, how_to_declare
from caseflow.workflow.obligation import Obligation
from caseflow.workflow.timing import Between, Every, OnDate, Yearly


def check_obligations(
    workflow: Any,
    rules: Mapping[str, Any],
    known: Mapping[type[Any], EventType],
    faults: Faults,
) -> None:
    """See that every obligation can be worked out, and by names that there are."""
    for id, count in Counter(one.id for one in workflow.obligations).items():
        if count > 1 or id in rules or id in BUILT_IN_RULES:
            faults.add(
                f"Obligation {id!r} has the id of another obligation or rule.",
                "Give it an id of its own: exceptions name it by that.",
            )
    stages = {stage.id for stage in workflow.stages}
    for one in workflow.obligations:
        what = f"Obligation {one.id!r}"
        try:
            a_rule_id(one.id)
        except DefinitionError as error:
            faults.add(str(error), "")
        if not one.wanted.strip():
            faults.add(
                f"{what} does not say what is to be done.", "Give one sentence after its id."
            )
        for name in (*one.during, *one.starts.stages):
            if name not in stages:
                faults.add(
                    f"{what} names the stage {name!r}, which is not declared.",
                    nearest(name, stages),
                )
        for cls in one.events:
            if cls not in known:
                faults.add(
                    f"{what} looks at {cls.__name__}, which the workflow does not know.",
                    how_to_declare(cls),
                )
        if any(span.unit == "working day" for span in one.spans) and (
            workflow.calendar.working_days is None
        ):
            faults.add(str(no_working_days(what)), "")
        odd = (*_timing(one), *_never(one, workflow), *_misspelt(one, workflow, rules))
        for problem, repair in odd:
            faults.add(f"{what} {problem}.", repair)


def _misspelt(
    one: Obligation, workflow: Any, rules: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """A role that is nearly one of those that the workflow has, and that nothing else names.

    Told only where the workflow says itself who acts, or what roles are called.
    """
    roles = {role for given in workflow.transitions for role in given.roles}
    roles |= set(workflow.opened_by)
    if not (roles or workflow.labels):
        return
    roles |= {"client", workflow.faults_excepted_by} - {""}
    roles |= {role for rule in rules.values() for role in (rule.owner, rule.excepted_by)} - {""}
    for field in ("owner", "excepted_by"):
        role = getattr(one, field)
        near = get_close_matches(role, sorted(roles), n=1, cutoff=0.85)
        if near and role not in (*roles, *workflow.labels):
            yield (
                f"has {field}={role!r}, a role that nothing else names, and nearly {near[0]!r}",
                f"Give {near[0]!r}; or, if it is another role, say what it is called: "
                f"labels={{{role!r}: ...}}.",
            )


def _timing(one: Obligation) -> Iterator[tuple[str, str]]:
    """What is odd about when it is due."""
    due = one.due
    if isinstance(due, Every):
        if due.span.count < 1:
            yield "is due again after no time", "Give a span of at least one day."
        if due.counted not in ("rolling", "fixed", "calendar"):
            yield f"is counted {short(due.counted)}", "Give 'rolling', 'fixed' or 'calendar'."
        if due.counted == "fixed" and due.span.unit not in (*DAYS, *MONTHS):
            yield f"counts fixed spans of {due.span}", "Count them in days, weeks or months."
        if due.counted == "calendar" and (due.span.count, due.span.unit) not in _PERIODS:
            yield (
                f"counts {due.span} by the calendar",
                "Give '1 week', '1 month', '1 quarter' or '1 year'.",
            )
    if isinstance(due, Yearly) and due.before.unit not in DAYS:
        yield f"opens {due.before} before its day", "Give that in days or weeks."
    window = (due.opens, due.closes) if isinstance(due, Between) else ()
    for span in (due.after,) if isinstance(due, Yearly) else window:
        if span.unit == "hour":
            yield f"has a window that is counted with {span}", "Count it in days or longer spans."
    if isinstance(due, OnDate):
        yield from _dated(one, due)
    if not one.met_by and not one.starts.of_things:
        yield "is met by nothing", "Give met_by=, the events that meet it."


def _never(one: Obligation, workflow: Any) -> Iterator[tuple[str, str]]:
    """Why it could never be owed, or not be done in time."""
    ends = {stage.id for stage in workflow.stages if stage.final}
    for name in one.during:
        if one.after_the_end and name not in ends:
            yield (
                f"is owed after the end, and during {name!r}, which is no final stage",
                "Leave during= or after_the_end= out.",
            )
        if not one.after_the_end and name in ends:
            yield (
                f"is owed during {name!r}, where cases have ended",
                "Give it after_the_end=True.",
            )
    names = {transition.name for transition in workflow.transitions}
    for name in one.not_after if one.after_the_end else ():
        if name not in names:
            yield (
                f"is not owed after {name!r}, which is no transition of the workflow",
                f"Name in not_after= those with which cases end. {nearest(name, names)}",
            )
    if one.starts.at_the_end and not one.after_the_end:
        yield "begins when the case has ended, and lapses then", "Give it after_the_end=True."
    if isinstance(one.due, Between) and _closes_first(one.due, workflow.calendar):
        yield (
            f"has a window that closes after {one.due.closes} and opens after {one.due.opens}",
            "Give the shorter span first.",
        )
    if isinstance(one.due, Yearly) and _overlaps(one.due, workflow.calendar):
        yield (
            f"has windows from {one.due.before} before to {one.due.after} after each anniversary, "
            "of which one opens before the last has closed",
            "Give spans that are shorter than a year together.",
        )


_STARTS = [date(2023, 1, 1) + timedelta(days=day) for day in range(730)]
"""Days on which a clock may begin: of an ordinary year and a leap year."""


def _closes_first(due: Between, calendar: Calendar) -> bool:
    """Whether a window may close before it opens: a month is longer than 30 days, or not."""
    spans = (due.opens, due.closes)
    if any(span.unit == "working day" for span in spans) and calendar.working_days is None:
        return False  # reported as such
    return any(calendar.after(day, due.opens) > calendar.after(day, due.closes) for day in _STARTS)


def _overlaps(due: Yearly, calendar: Calendar) -> bool:
    """Whether the window of the next year may open before that of this year has closed."""
    if due.before.unit not in DAYS or "working day" in (due.after.unit, due.before.unit):
        return False  # reported as such, or as long as the calendar of holidays has it
    early = timedelta(days=due.before.count * DAYS[due.before.unit])
    year = Span(1, "year")
    return any(
        calendar.after(day, due.after) >= calendar.after(day, year) - early for day in _STARTS
    )


_PERIODS = {(1, unit) for unit in ("week", *MONTHS)}


def _dated(one: Obligation, due: OnDate) -> Iterator[tuple[str, str]]:
    """An event begins it that has the date by which it is due."""
    for cls in one.starts.events:
        hints = get_type_hints(cls)
        found = hints.get(due.field)
        if found is None:
            yield (
                f"is due on {due.field!r}, which {cls.__name__} does not have",
                nearest(due.field, hints),
            )
        elif not {date, datetime} & {found, *get_args(found)}:
            yield f"is due on {due.field!r}, which is no date", "Name a field that holds a date."
    if not one.starts.events:
        yield "is due on a date of an event, and begins with none", "Give since=, an event class."
