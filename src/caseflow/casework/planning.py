"""Events of planning: goals, objectives, plan items, strategies, reviews, agreement."""

from __future__ import annotations

from datetime import date

from caseflow.casework.words import Agreement, Author, Horizon, Metric
from caseflow.kernel.events import Number, decision, fact


@fact("goal-proposed")
class GoalProposed:
    """A goal was proposed. The same number again replaces it, and it is to be accepted anew.

    `needs` are the numbers of the needs it answers. `measure` is what is looked at, from
    `baseline` to `target`, by `target_date`; `metric` whether that counts what was done or
    what changed. `program_goal` marks a goal of the program rather than of the client.
    """

    number: Number
    statement: str
    needs: tuple[int, ...] = ()
    horizon: Horizon | None = None
    measure: str = ""
    baseline: str = ""
    target: str = ""
    target_date: date | None = None
    metric: Metric | None = None
    program_goal: bool = False


@fact("goal-accepted")
class GoalAccepted:
    """The client accepted a goal as their own."""

    number: int


@fact("goal-dropped")
class GoalDropped:
    """A goal is not pursued any more, for a reason."""

    number: int
    reason: str = ""


@fact("goal-achieved")
class GoalAchieved:
    """A goal was achieved, with what shows it."""

    number: int
    note: str = ""


@fact("objective-drafted")
class ObjectiveDrafted:
    """A step towards a goal. The same number again replaces it.

    `measure` is what both look at, to tell if it is reached.
    """

    number: Number
    goal: int
    statement: str
    by_date: date | None = None
    horizon: Horizon | None = None
    measure: str = ""


@fact("plan-item-drafted")
class PlanItemDrafted:
    """An item of the service plan was written. The same number again replaces the item.

    `needs` are the numbers of the needs it addresses; `actor` who does it, `activity` what
    is done, `by_date` until when, `expected_outcome` what is expected to change, and
    `indicator` what will show it. `goals` are the goals it serves, `objective` the objective.
    `by_client` marks what the client does; `written_by` is whose item it is (None: not said).
    """

    number: Number
    needs: tuple[int, ...]
    activity: str = ""
    actor: str = ""
    by_date: date | None = None
    expected_outcome: str = ""
    goals: tuple[int, ...] = ()
    objective: int | None = None
    indicator: str = ""
    by_client: bool = False
    written_by: Author | None = None


@fact("plan-item-dropped")
class PlanItemDropped:
    """An item was taken out of the plan."""

    number: int
    reason: str = ""


@fact("plan-item-completed")
class PlanItemCompleted:
    """What an item of the plan says was done, with what came of it."""

    number: int
    outcome: str = ""


@fact("need-deferred")
class NeedDeferred:
    """A need is not addressed now, for a reason (the client chose so, no service is free).

    Other words for the need change nothing there; one that turns urgent since asks anew.
    """

    need: int
    reason: str


@fact("strategy-recorded")
class StrategyRecorded:
    """How a barrier is to be overcome (`need`), or a strength built upon (`strength`).

    One that names neither is kept for those who read it, and answers for nothing.
    """

    text: str
    need: int | None = None
    strength: int | None = None


@fact("review-scheduled")
class ReviewScheduled:
    """The day by which the plan is looked at again."""

    review_on: date


@fact("plan-reviewed")
class PlanReviewed:
    """The plan was gone through again: whether it still fits, and what was found."""

    finding: str = ""
    still_fits: bool = True


@decision("plan-agreed")
class PlanAgreed:
    """It is recorded how the client agreed to the plan, or that the client did not.

    `representative` is who spoke for the client, if somebody did; `reason` why the client
    did not agree. Each agreement is a version of the plan: the plan as it stood then.
    """

    client: Agreement
    representative: str = ""
    reason: str = ""


@decision("plan-approved")
class PlanApproved:
    """The plan was approved inside the agency, as it stands."""

    note: str = ""


FACTS = (
    GoalProposed,
    GoalAccepted,
    GoalDropped,
    GoalAchieved,
    ObjectiveDrafted,
    PlanItemDrafted,
    PlanItemDropped,
    PlanItemCompleted,
    NeedDeferred,
    StrategyRecorded,
    ReviewScheduled,
    PlanReviewed,
)
