"""Guards of goal setting: goals that answer needs, can be measured, and are the client's own."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.casework import (
    CaseworkState,
    EvaluationMade,
    Goal,
    GoalAccepted,
    GoalAchieved,
    GoalDropped,
    GoalProposed,
    NeedIdentified,
    PlanItemDrafted,
    ReviewScheduled,
    StrategyRecorded,
    StrengthIdentified,
)
from caseflow.kernel.case import Case
from caseflow.kernel.context import Context
from caseflow.kernel.rules import Unmet, rule
from caseflow.rules.general import not_assessed, recorded
from caseflow.rules.sources import bilevel, ised, models, stages

Casework = Case[CaseworkState]
GOALS = (GoalProposed, GoalDropped)


def _pursued(case: Casework) -> list[Goal]:
    """The client's goals that stand and are not achieved yet."""
    return [
        goal
        for goal in case.state.goals
        if goal.pursued and goal.achieved is None and not goal.program_goal
    ]


def _standing(case: Casework) -> list[Goal]:
    """The client's goals that were not dropped."""
    return [goal for goal in case.state.goals if goal.pursued and not goal.program_goal]


@rule("goals-set", rests_on=GOALS, source=stages("creating goals"), excepted_by="supervisor")
def goals_set(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client has goals."""
    if not _standing(case):
        yield Unmet(remedy="set goals with the client, and record each with a number")


@rule(
    "goals-answer-needs",
    rests_on=(*GOALS, NeedIdentified),
    source=stages("creating goals: goals based on a solid assessment"),
    excepted_by="supervisor",
)
def goals_answer_needs(case: Casework, context: Context) -> Iterator[Unmet]:
    """Every goal answers a need that was assessed."""
    assessed = {need.number for need in case.state.needs}
    for goal in _standing(case):
        unknown = [number for number in goal.needs if number not in assessed]
        if unknown or not goal.needs:
            yield Unmet(
                about=f"goal {goal.number}",
                found=not_assessed(unknown) if unknown else "no need",
                remedy="record the goal again, with the numbers of assessed needs"
                if case.state.needs
                else "ask what need it answers, record that, and name it in the goal",
                evidence=(goal.recorded,),
            )


@rule(
    "goals-measurable",
    rests_on=GOALS,
    source=stages("creating goals: easily measurable"),
    excepted_by="supervisor",
)
def goals_measurable(case: Casework, context: Context) -> Iterator[Unmet]:
    """Every goal says how it is measured, what is to be reached, and by when."""
    for goal in _pursued(case):
        parts = {
            "measure": goal.measure.strip(),
            "target": goal.target.strip(),
            "target date": goal.target_date,
        }
        missing = [name for name, value in parts.items() if not value]
        if missing:
            yield Unmet(
                about=f"goal {goal.number}",
                found=f"no {', no '.join(missing)}",
                remedy="record the goal again, so that you and the client can tell if it is "
                "achieved",
                evidence=(goal.recorded,),
            )


@rule(
    "goals-accepted",
    rests_on=(*GOALS, GoalAccepted),
    source=bilevel("service planning: goals to which the client has agreed"),
    excepted_by="supervisor",
)
def goals_accepted(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client has accepted every goal as their own."""
    for goal in _pursued(case):
        if goal.accepted is None:
            yield Unmet(
                about=f"goal {goal.number}",
                found="not accepted by the client",
                remedy="ask the client, and record that they accept it, or drop it",
                evidence=(goal.recorded,),
            )


@rule(
    "short-and-long-term-goals",
    rests_on=GOALS,
    source=bilevel("service planning: short- and long-term goals"),
)
def short_and_long_term(case: Casework, context: Context) -> Iterator[Unmet]:
    """There are short-term and long-term goals."""
    horizons = {goal.horizon for goal in _standing(case)}
    for horizon in ("short-term", "long-term"):
        if horizon not in horizons:
            yield Unmet(
                about=f"{horizon} goals",
                found="none",
                remedy=f"set a {horizon} goal, or mark the one that is",
            )


@rule(
    "outputs-and-outcomes",
    rests_on=GOALS,
    source=models("treatment service planning: outputs and outcomes"),
)
def outputs_and_outcomes(case: Casework, context: Context) -> Iterator[Unmet]:
    """The plan measures both what is done and what changes."""
    metrics = {goal.metric for goal in _standing(case)}
    for metric, words in (("output", "what is done"), ("outcome", "what changes")):
        if metric not in metrics:
            yield Unmet(
                about=f"{metric}s",
                found="no goal that measures them",
                remedy=f"say of a goal that it measures {words}",
            )


@rule(
    "goals-have-actions",
    rests_on=(*GOALS, PlanItemDrafted),
    source=models("treatment service planning: the actions to meet the goals"),
    excepted_by="supervisor",
)
def goals_have_actions(case: Casework, context: Context) -> Iterator[Unmet]:
    """For every goal the plan says what is done to reach it."""
    served = {number for item in case.state.plan for number in item.goals}
    for goal in _pursued(case):
        if goal.number not in served:
            yield Unmet(
                about=f"goal {goal.number}",
                found="no item of the plan",
                remedy=f"draft a plan item that serves goal {goal.number}",
                evidence=(goal.recorded,),
            )


@rule(
    "items-serve-goals",
    rests_on=(PlanItemDrafted, *GOALS),
    source=stages("intervention and implementation: goals create interventions"),
    excepted_by="supervisor",
)
def items_serve_goals(case: Casework, context: Context) -> Iterator[Unmet]:
    """Every plan item serves a goal."""
    numbers = {goal.number for goal in case.state.goals if goal.pursued}
    for item in case.state.plan:
        if not numbers & set(item.goals):
            yield Unmet(
                about=f"plan item {item.number}",
                found="no goal that still stands" if item.goals else "no goal",
                remedy=f"draft plan item {item.number} again, with the goals it serves",
                evidence=(item.recorded,),
            )


@rule(
    "barriers-have-strategies",
    rests_on=(NeedIdentified, StrategyRecorded),
    source=ised("documentation: barriers are listed with strategies to overcome them"),
)
def barriers_have_strategies(case: Casework, context: Context) -> Iterator[Unmet]:
    """For every need or barrier there is a strategy to overcome it."""
    for need in case.state.needs:
        deferred = need.deferred is not None and need.deferred.strip()
        open_still = not deferred and need.met is None
        if open_still and need.strategy is None:
            yield Unmet(
                about=f"{need.kind} {need.number}",
                found="no strategy",
                remedy="record how it is to be overcome",
                evidence=(need.recorded,),
            )


@rule(
    "strengths-built-upon",
    rests_on=(StrengthIdentified, StrategyRecorded),
    source=ised("documentation: strengths are listed with strategies to build upon them"),
)
def strengths_built_upon(case: Casework, context: Context) -> Iterator[Unmet]:
    """For every strength there is a strategy to build upon it."""
    for strength in case.state.strengths:
        if strength.strategy is None:
            yield Unmet(
                about=f"strength {strength.number}",
                found="no strategy",
                remedy="record how the plan builds upon it",
                evidence=(strength.recorded,),
            )


@rule(
    "client-has-a-part",
    rests_on=PlanItemDrafted,
    source=bilevel("plan implementation: the client accepts some responsibility"),
)
def client_has_a_part(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client has something to do in the plan."""
    if case.state.plan and not any(item.by_client for item in case.state.plan):
        yield Unmet(
            found="every item is done by others",
            remedy="agree with the client on what they do, and mark that item",
        )


@rule(
    "goals-evaluated",
    rests_on=(*GOALS, EvaluationMade),
    history=EvaluationMade,
    source=models("monitoring and evaluation: by the metrics defined in the stages before"),
)
def goals_evaluated(case: Casework, context: Context) -> Iterator[Unmet]:
    """Progress is evaluated by the goals of the plan."""
    evaluated = {one.event.goal for one in context.history(EvaluationMade)}
    for goal in _standing(case):
        if goal.number not in evaluated:
            yield Unmet(
                about=f"goal {goal.number}",
                found="not evaluated",
                remedy=f"evaluate what came of it by its measure, naming goal {goal.number}",
                evidence=(goal.recorded,),
            )


@rule(
    "major-goals-achieved",
    rests_on=(*GOALS, GoalAchieved),
    source=stages("closure: accomplishment of major goals"),
    excepted_by="supervisor",
)
def major_goals_achieved(case: Casework, context: Context) -> Iterator[Unmet]:
    """Each goal that the client pursues is achieved; which are major is for staff to judge."""
    for goal in _pursued(case):
        yield Unmet(
            about=f"goal {goal.number}",
            found="not achieved",
            remedy="record when it is achieved, or drop it with a reason",
            evidence=(goal.recorded,),
        )


review_scheduled = recorded(
    "review-scheduled",
    ReviewScheduled,
    wanted="The plan says when it is looked at again.",
    remedy="set the day of the review",
).sourced(bilevel("plan implementation: a schedule for reassessing belongs to the first plan"))
