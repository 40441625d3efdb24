"""Guards of the planning stage: the plan corresponds to the needs, is agreed and approved."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.casework import (
    CaseworkState,
    GoalDropped,
    GoalProposed,
    Need,
    NeedDeferred,
    NeedIdentified,
    NeedMet,
    ObjectiveDrafted,
    PlanAgreed,
    PlanApproved,
    PlanItem,
    PlanItemDrafted,
    PlanItemDropped,
)
from caseflow.kernel.case import Case
from caseflow.kernel.context import Context
from caseflow.kernel.erased import Erased
from caseflow.kernel.recorded import Recorded
from caseflow.kernel.rules import Unmet, rule
from caseflow.rules.general import WITHOUT_NEEDS, not_assessed
from caseflow.rules.sources import field, ised

Casework = Case[CaseworkState]
_PLAN = (PlanItemDrafted, PlanItemDropped, GoalProposed, GoalDropped, ObjectiveDrafted)


@rule(
    "needs-covered",
    rests_on=(NeedIdentified, PlanItemDrafted, PlanItemDropped, NeedDeferred, NeedMet),
    source=ised("stage 3: the numbers of plan and assessment correspond"),
    excepted_by="supervisor",
)
def needs_covered(case: Casework, context: Context) -> Iterator[Unmet]:
    """Every numbered need is met, addressed by a plan item, or deferred with a reason."""
    state = case.state
    planned = {number for item in state.plan for number in item.needs}
    for need in state.needs:
        if not _settled(need) and need.number not in planned:
            yield Unmet(
                about=f"need {need.number}",
                found="no plan item, and no deferral with a reason",
                remedy=f"draft a plan item for need {need.number}, defer it with a reason, or "
                "record that it is met",
                evidence=(need.recorded,),
            )


def _settled(need: Need) -> bool:
    """Whether the plan need not answer it: it is met, or deferred with a reason."""
    return need.met is not None or bool(need.deferred and need.deferred.strip())


@rule(
    "plan-items-relate",
    rests_on=(NeedIdentified, PlanItemDrafted),
    source=ised("stage 3: the plan relates directly to the assessment"),
    excepted_by="supervisor",
)
def plan_items_relate(case: Casework, context: Context) -> Iterator[Unmet]:
    """Every plan item names the number of a need that was assessed."""
    state = case.state
    assessed = {need.number for need in state.needs}
    for item in state.plan:
        unknown = [number for number in item.needs if number not in assessed]
        if unknown or not item.needs:
            yield Unmet(
                about=f"plan item {item.number}",
                found=not_assessed(unknown) if unknown else "no need",
                remedy="give the plan item the numbers of assessed needs"
                if state.needs
                else "ask what need it answers, record that, and name it in the item",
                evidence=(item.recorded,),
            )
    if not state.plan and not any(map(_settled, state.needs)):
        yield Unmet(found="a plan without items", remedy=_items_for(state))


def _items_for(state: CaseworkState) -> str:
    """What to draft the items of a plan for."""
    if state.needs:
        return "draft the items of the plan"
    if any(goal.pursued for goal in state.goals):
        return "ask what need each goal answers, record that, and draft a plan item for it"
    return f"record a need that came up since, and draft a plan item for it; {WITHOUT_NEEDS}"


@rule(
    "plan-items-complete",
    rests_on=PlanItemDrafted,
    source=ised("stage 3: key elements of a service and support plan"),
    excepted_by="supervisor",
)
def plan_items_complete(case: Casework, context: Context) -> Iterator[Unmet]:
    """Every plan item says who does what, until when, and what is expected to change."""
    for item in case.state.plan:
        missing = _missing(item)
        if missing:
            yield Unmet(
                about=f"plan item {item.number}",
                found=", ".join(missing),
                remedy=f"draft the item again, with {' and '.join(missing.values())}",
                evidence=(item.recorded,),
            )


def _missing(item: PlanItem) -> dict[str, str]:
    """The parts that a plan item lacks, in words, and what to add."""
    lacks: dict[str, str] = {}
    if not item.actor.strip():
        lacks["nobody who does it"] = "who does it"
    if not item.activity.strip():
        lacks["no activity"] = "an activity"
    if item.by_date is None:
        lacks["no date"] = "a date"
    if not item.expected_outcome.strip():
        lacks["no expected outcome"] = "an expected outcome"
    return lacks


@rule(
    "plan-agreed",
    rests_on=(PlanAgreed, *_PLAN),
    source=ised("stage 3: goals are established with the client"),
    excepted_by="supervisor",
)
def plan_agreed(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client has agreed to the plan as it stands."""
    agreed = case.latest_recorded(PlanAgreed)
    if agreed is None:
        yield Unmet(remedy="go through the plan with the client, and record how they agreed")
    else:
        yield from _not_agreed(case, agreed)


def _not_agreed(case: Casework, agreed: Recorded[PlanAgreed]) -> Iterator[Unmet]:
    """What the client said no to, or what was changed since they agreed."""
    if agreed.event.client == "not-agreed":
        why = agreed.event.reason
        said = "" if isinstance(why, Erased) or not why.strip() else f" ({why})"
        yield Unmet(
            found=f"the client did not agree{said}",
            quoted=(said,),
            remedy="change the plan with the client, and record it once they agree",
        )
        return
    changed = _changed_since(case, agreed.number)
    if changed:
        yield Unmet(
            found=f"changed or recorded since the client agreed: {', '.join(changed)}",
            remedy="go through the changes with the client, and record how they agreed",
        )


@rule(
    "plan-approved",
    rests_on=(PlanApproved, *_PLAN),
    source=field("plans are approved as they stand, and a change lapses the approval"),
    excepted_by="supervisor",
)
def plan_approved(case: Casework, context: Context) -> Iterator[Unmet]:
    """The plan is approved as it stands."""
    approved = case.latest_recorded(PlanApproved)
    if approved is None:
        yield Unmet(remedy="have the plan approved")
        return
    changed = _changed_since(case, approved.number)
    if changed:
        yield Unmet(
            found=f"changed or recorded since it was approved: {', '.join(changed)}",
            remedy="have the plan approved again, as it is now",
            evidence=(approved.number,),
        )


@rule(
    "agreement-stands",
    rests_on=(PlanAgreed, *_PLAN),
    source=field("a change lapses the agreement to a plan"),
    excepted_by="supervisor",
)
def agreement_stands(case: Casework, context: Context) -> Iterator[Unmet]:
    """Where the client was asked about the plan, they have agreed to it as it stands."""
    agreed = case.latest_recorded(PlanAgreed)
    if agreed is not None:
        yield from _not_agreed(case, agreed)


def _changed_since(case: Casework, number: int) -> list[str]:
    """What of the plan was changed after an event: items, goals, objectives; what was taken out.

    Also by a correction, or a void, of what had been said before it.
    """
    state = case.state
    changed = [f"plan item {one.number}" for one in state.plan if one.recorded > number]
    out = (one.number for one in state.taken_out if one.recorded > number)
    changed += [f"plan item {one} was taken out" for one in out]
    for goal in state.goals:
        if (goal.dropped or 0) > number:
            changed.append(f"goal {goal.number} was dropped")
        elif goal.recorded > number:
            changed.append(f"goal {goal.number}")
    changed += [f"objective {one.number}" for one in state.objectives if one.recorded > number]
    amended = case.amended_since(number, *_PLAN)
    return [*changed, *(_said_by(state, one.of) for one in amended)]


def _said_by(state: CaseworkState, number: int) -> str:
    """What an event said of the plan, in words."""
    words = {one.recorded: f"plan item {one.number}" for one in state.plan}
    words |= {goal.recorded: f"goal {goal.number}" for goal in state.goals}
    words |= {one.recorded: f"objective {one.number}" for one in state.objectives}
    return words.get(number, f"what event {number} said")
