"""What decisions left to be done, and is still to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import attrs

from caseflow.kernel.calendar import Calendar
from caseflow.kernel.case import Case, S
from caseflow.kernel.explain import plain_words
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.rules import Result, Unmet
from caseflow.workflow.clocks import Standing, standings
from caseflow.workflow.dues import Due, dues, left_to_do, unmet
from caseflow.workflow.failing import Failing
from caseflow.workflow.windows import FOR_EVER
from caseflow.workflow.workflow import Workflow


@attrs.frozen
class Owed:
    """Something that is still to do: a rule that a decision left unmet, or an obligation.

    `rule` is its id. `since` is the number of the event since which it is owed, `decided_at`
    when that occurred, `due_at` by when it is to be done (None: no date), `result` what is
    wanted and missing now. `owner` is who has to do it, where that is said, and `about` the
    thing it is about, where there are several.
    """

    rule: str
    since: int
    decided_at: datetime
    due_at: datetime | None
    overdue: bool
    result: Result
    owner: str = ""
    about: str = ""


def owed(
    workflow: Workflow[S],
    case: Case[S],
    now: datetime,
    histories: Mapping[type[Any], tuple[AnyRecorded, ...]] | None = None,
    counts: Mapping[tuple[str, str], int] | None = None,
) -> tuple[Owed, ...]:
    """What is owed on a case at a moment: noted `due` rules still unmet, and obligations.

    A pure function of the case, the workflow and the moment; `histories` are the events that
    rules read, and those of which a case remembers too few (`repeated`). A rule is judged as it
    was for the decision (`context.at`, `context.event`), at a later `context.now`. Soonest first;
    what has no date comes last.
    """
    calendar = workflow.calendar
    its = standings(workflow, case, now, histories)
    found = [_as_owed(one, calendar) for one in its if one.owed]
    for due, result in left_to_do(workflow, case, now, histories, counts):
        if not due.waits:
            found.append(
                Owed(
                    due.rule.id,
                    due.decided.number,
                    due.decided.occurred_at,
                    due.due_at,
                    due.overdue(now),
                    result._replace(since=due.decided.number),
                    due.rule.owner,
                )
            )
    return tuple(sorted(found, key=lambda item: (item.due_at is None, item.due_at or now)))


def _as_owed(standing: Standing, calendar: Calendar) -> Owed:
    """An obligation that is open or overdue."""
    one = standing.obligation
    day = calendar.day_of(standing.opens_at)
    unmet = Unmet(
        found=f"not done since {plain_words(day)}",
        remedy=one.remedy,
        about=standing.about,
        evidence=(standing.since,),
    )
    result = Result(
        rule=one.id,
        outcome="unmet",
        strength="due",
        wanted=one.wanted,
        unmet=(unmet,),
        evidence=(standing.since,),
        excepted_by=one.excepted_by,
        source=one.source,
        owner=one.owner,
        since=standing.since,
    )
    return Owed(
        one.id,
        standing.since,
        standing.began_at,
        standing.due_at,
        standing.status == "overdue",
        result,
        one.owner,
        standing.about,
    )


def first_due(
    workflow: Workflow[S], case: Case[S], now: datetime, failing: Failing | None = None
) -> datetime | None:
    """The first moment at which something that is owed is due (None: nothing has a date).

    What an exception stands for counts from the end of the exception on, if it has one.
    A rule that is met now, and turns unmet as time passes (it reads `context.now`), counts from
    then on. A rule that reads histories or counts other cases is not judged here, and taken as
    unmet: the moment may be earlier than what `owed` tells. What facts of the future hide until
    they are there counts, too. An obligation that fails is told to `failing`, where it is given,
    and left out.
    """
    seen = case.by_type.values()
    dated = {one.occurred_at for kind in seen for one in (kind.first, kind.latest)}
    cuts = sorted({now, *(at for at in dated if at > now)})
    found = [_first_due(workflow, _by(at, case), at, failing) for at in cuts]
    ahead = any(kind.times > 2 and kind.latest.occurred_at > now for kind in seen)
    if ahead or any(one.occurred_at > now for one in case.dues.values()):
        found.append(case.path[0].occurred_at)  # what came between is not known here
    return min((moment for moment in found if moment is not None), default=None)


def _by(moment: datetime, case: Case[S]) -> Case[S]:
    """The case without what occurred after a moment, as far as it tells (see `Loader.by`)."""
    if all(seen.latest.occurred_at <= moment for seen in case.by_type.values()):
        return case
    by_type = {
        kind: seen if seen.latest.occurred_at <= moment else seen._replace(latest=seen.first)
        for kind, seen in case.by_type.items()
        if seen.first.occurred_at <= moment
    }
    return case._replace(by_type=by_type)


def _first_due(
    workflow: Workflow[S], case: Case[S], now: datetime, failing: Failing | None
) -> datetime | None:
    """The first moment at which something is due, of what is known to have occurred."""
    found = (_to_be_due(case, one) for one in standings(workflow, case, now, failing=failing))
    moments = [moment for moment in found if moment is not None]
    for due in dues(workflow, case, now):
        due_at = due.due_at
        if due_at is None:
            continue
        if not (due.rule.history or due.rule.counts):
            unmet_at = partial(_unmet_at, workflow, case, due)
            turns = now if unmet_at(now) else _turns(unmet_at, now)
            if turns is None:
                continue
            due_at = max(due_at, turns) if turns > now else due_at
        moments.append(due_at)
    return min(moments, default=None)


def _unmet_at(workflow: Workflow[Any], case: Case[Any], due: Due, now: datetime) -> bool:
    """Whether a rule that a decision left unmet is so at a moment."""
    return unmet(workflow, case, due, now) is not None


def _turns(unmet: Callable[[datetime], bool], now: datetime) -> datetime | None:
    """When a rule that is met turns unmet and stays so, or shortly before (None: it does not)."""
    met, other = now, min(now, FOR_EVER - _FAR) + _FAR
    if not unmet(other):
        return None
    while other - met > timedelta(minutes=1):
        between = met + (other - met) / 2
        met, other = (met, between) if unmet(between) else (between, other)
    return met


_FAR = timedelta(days=36_525)


def _to_be_due(case: Case[Any], standing: Standing) -> datetime | None:
    """When an obligation is due, now or later, as far as the case tells (None: it is not)."""
    if standing.due_at is None or standing.status in ("met", "missed"):
        return None
    if standing.status != "excepted":
        return standing.due_at
    made = next(one for one in case.exceptions if one.number == standing.exception)
    return max(standing.due_at, made.until) if made.until is not None else None
