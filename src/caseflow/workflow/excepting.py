"""What has to hold for exceptions: who may make one, to what, and that it changes something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from caseflow.kernel.case import Case, NoState, fold
from caseflow.kernel.context import Context
from caseflow.kernel.events import ExceptionMade
from caseflow.kernel.explain import plain_words
from caseflow.kernel.history import effective, occurred
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.rules import Result, Unmet
from caseflow.workflow.builtin import acts_in_words, any_of_roles, built_in
from caseflow.workflow.check import BUILT_IN_RULES
from caseflow.workflow.occasions import Occasion, occasions


def exception_unmet(
    workflow: Any, history: Sequence[AnyRecorded], made: ExceptionMade, context: Context
) -> tuple[Unmet, ...]:
    """Why this actor may not make this exception, or it would change nothing; else nothing."""
    actor = context.actor
    obligation = next((one for one in workflow.obligations if one.id == made.rule), None)
    if obligation is not None:
        roles = frozenset({obligation.excepted_by} - {""})
    else:
        roles = roles_that_except(workflow, made.rule)
    if made.rule in BUILT_IN_RULES:
        found = f"{made.rule} is asked in every workflow, and no exception from it is possible"
        return (Unmet(found=found, remedy="do what the refusal asks for"),)
    if obligation is None and made.rule not in workflow.all_rules:
        return (_whole(workflow, made.rule),)
    if not made.reason.strip():
        return (Unmet(found="no reason", remedy="say why the exception is made"),)
    if not roles:
        return (
            Unmet(
                found=f"rule {made.rule} allows no exception",
                remedy="do what the rule asks for, or let the agency name a role for exceptions",
            ),
        )
    if actor.roles.isdisjoint(roles):
        found = acts_in_words(workflow, actor)
        asked = f"ask {any_of_roles(workflow, sorted(roles))}"
        return (Unmet(found=found, remedy=asked, quoted=(actor.id,)),)
    if made.due_on is not None:
        return tuple(_occasion_unmet(workflow, history, made, context))
    if obligation is not None and made.until is not None and made.until < context.now:
        return (
            Unmet(
                found=f"{plain_words(context.calendar.here(made.until))} has passed, so that "
                "nothing is bridged",
                remedy="give a later end; or name the day on which it was due, to excuse that "
                "one time",
            ),
        )
    return ()


def _occasion_unmet(
    workflow: Any, history: Sequence[AnyRecorded], made: ExceptionMade, context: Context
) -> Iterable[Unmet]:
    """Why one time that an obligation was due is not excused; nothing where it is."""
    day: date = made.due_on or date.min
    end = workflow.calendar.end_of(day)
    if all(one.id != made.rule for one in workflow.obligations):
        found = f"{made.rule} is a rule, and due on no day"
        yield Unmet(found=found, remedy="name no day; an end says how long it counts")
        return
    if made.until is not None:
        found = "it names one day and an end"
        yield Unmet(found=found, remedy="name a day to excuse one time, or an end to bridge a time")
        return
    if end > context.now + _AHEAD:
        found = f"{plain_words(day)} is more than a year ahead"
        yield Unmet(found=found, remedy="excuse it when it is nearer, or give an end")
        return
    happened = occurred(history, context.now)  # what is dated later counts nowhere yet
    told = occasions(workflow, happened, max(context.now, end))
    its = [one for one in told if one.obligation.id == made.rule]
    then = [one for one in its if workflow.calendar.day_of(one.due_at) == day]
    if all(one.outcome in _NEEDS_NONE for one in then):
        one = next(one for one in workflow.obligations if one.id == made.rule)
        waits = one.waits_on_hold and fold(effective(history), NoState()).on_hold
        today = workflow.calendar.day_of(context.now)
        last = workflow.calendar.end_of(today) if waits else context.now + _AHEAD
        near, more = _days_to_excuse(workflow, its, day, last)
        remedy = "name the day once something due was not done"
        if near:
            days = " or ".join(map(plain_words, near))
            example = "for example " if more else ""
            remedy = f"name a day of those that may be excused: {example}{days}"
        elif waits:
            remedy = "ask again once the case is resumed: what is due waits while it is on hold"
        found = f"nothing of it is due on {plain_words(day)}"
        if then:
            became = _BECAME[then[0].outcome]
            found = f"what was due on {plain_words(day)} {became}, and needs no exception"
        evidence = tuple(one.met for one in then if one.met is not None)
        yield Unmet(found=found, remedy=remedy, evidence=evidence or None)


def _days_to_excuse(
    workflow: Any, its: Iterable[Occasion], day: date, last: datetime
) -> tuple[list[date], bool]:
    """A few days near another on which something is due that may be excused; missed ones first.

    And whether there are more. None ends after `last`: what is due while a case is on hold moves
    on with the hold, and nothing is excused more than a year ahead.
    """
    found: dict[date, bool] = {}
    for one in its:
        due = workflow.calendar.day_of(one.due_at)
        if one.outcome not in (*_NEEDS_NONE, "excused") and workflow.calendar.end_of(due) <= last:
            found[due] = found.get(due, True) and one.outcome not in ("missed", "overdue")
    near = sorted(found, key=lambda due: (found[due], abs(due - day)))[:3]
    return sorted(near, key=lambda due: (found[due], due)), len(found) > len(near)


_BECAME = {
    "kept": "was done in time",
    "met": "was done",
    "missed": "was missed",
    "cancelled": "was cancelled",
    "lapsed": "has lapsed",
}
_NEEDS_NONE = ("kept", "cancelled", "lapsed")
_NOT_OWED = {"met", "missed", "cancelled", "lapsed"}
_AHEAD = timedelta(days=366)


def _whole(workflow: Any, part: str) -> Unmet:
    """What to do about an exception to a rule that does not stand by itself."""
    whole = [one.id for one in workflow.all_rules.values() if part in _parts_of(one)]
    known = [*workflow.all_rules, *(one.id for one in workflow.obligations)]
    remedy = "name the rule as the refusal names it"
    if close := get_close_matches(part, known, n=3):
        remedy += f": {' or '.join(close)}"
    if whole:
        remedy = f"make the exception to {whole[0]}, of which it is a part"
    return Unmet(found=f'no rule is called "{part}"', remedy=remedy, quoted=(f'"{part}"',))


def _parts_of(rule: Any) -> Iterable[str]:
    for part in rule.parts:
        yield part.id
        yield from _parts_of(part)


def noted_of_exception(
    workflow: Any, case: Case[Any], made: ExceptionMade, context: Context
) -> Iterable[Result]:
    """A warning where an exception counts less than may be thought, or more."""
    rules = tuple(_rules(workflow, made.rule))
    often = any(one.id == made.rule and one.more_than_once for one in workflow.obligations)
    if often and made.until is None and made.due_on is None:
        unmet = Unmet(
            found="it has no end: it excuses what is due now, and whatever of it may be due later",
            remedy="name the day or an end, unless nothing of it is to be done any more",
        )
        wanted = "An exception names a day or has an end, where more may come to be due."
        yield built_in("exception-entitled", wanted, unmet, warns=True)
    yield from _not_owed(case, made, context)
    if rules and not any(rule.excepted_by for rule in rules):
        unmet = Unmet(
            found=f"rule {made.rule} allows none, so this one counts only if the rule itself fails",
            remedy="do what the rule asks for",
        )
        wanted = "The rule allows exceptions."
        yield built_in("exception-entitled", wanted, unmet, warns=True)
    elif made.until is not None and made.until < context.at:
        unmet = Unmet(
            found=f"{plain_words(context.calendar.here(made.until))} has passed, so this one "
            "counts only for decisions that are dated before",
            remedy="give a later end, if it is to count from now on",
        )
        wanted = "The exception counts for what is decided from now on."
        yield built_in("exception-entitled", wanted, unmet, warns=True)


def _not_owed(case: Case[Any], made: ExceptionMade, context: Context) -> Iterable[Result]:
    """A warning where nothing that an exception bridges a time for is owed now."""
    asked = context.clocks if made.due_on is None else None
    told = asked.standings(case, context.now) if asked else ()
    its = [one for one in told if one.obligation.id == made.rule]
    found = {one.status for one in its}
    if its and found <= _NOT_OWED:
        became = " or ".join(_BECAME[one] for one in sorted(found))
        late = any(one.late or one.status == "missed" for one in its)
        unmet = Unmet(
            found=f"nothing of it is owed now: what was owed {became}",
            remedy="name the day on which it was due, to excuse that one time"
            if late
            else "make no exception, unless it is for what comes later",
        )
        yield built_in("exception-entitled", "It is owed.", unmet, warns=True)


def roles_that_except(workflow: Any, rule: str) -> frozenset[str]:
    """The roles of which each may make an exception to a rule."""
    roles = {found.excepted_by for found in _rules(workflow, rule)}
    return frozenset(roles | {workflow.faults_excepted_by}) - {""}


def _rules(workflow: Any, rule: str) -> Iterable[Any]:
    """Every standing of a rule: the same rule may allow exceptions here and not there."""
    for row in workflow.rows:
        yield from (found for found in row.rules if found.id == rule)
    for given in workflow.rules.values():
        yield from (found for found in given if found.id == rule)
