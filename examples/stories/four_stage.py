"""Four stages (Strategies/Models): a young man who asks for help with his debts and his mood."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from caseflow.casework import (
    AssessmentCompleted,
    CaseClosed,
    DemographicsRecorded,
    EligibilityDetermined,
    EvaluationMade,
    GoalProposed,
    NeedIdentified,
    NeedMet,
    PlanItemDrafted,
    SectionRecorded,
    ServiceProvided,
)
from caseflow.rules.due import reassessment, urgent_needs
from caseflow.stages import four_stage
from examples import screen
from examples.stories.desk import Desk

agency = four_stage.extend(
    "bridge-house",
    version="1",
    obligations=[urgent_needs("2 days"), reassessment("6 months")],
)
"""The four stages, with the two spans that the source leaves to the agency."""


def tell() -> Desk:
    """Tell the story; the desk that comes back holds the case."""
    desk = Desk(agency, client="Jonas", start=datetime(2026, 1, 12, 9, tzinfo=UTC))
    screen.heading("Four stages: intake, needs, treatment plan, monitoring and evaluation")
    screen.say("Intake. Jonas has no food in the house: that cannot wait for a plan.")
    desk.note(
        DemographicsRecorded(),
        NeedIdentified(
            number=1, description="No food until the first", kind="problem", urgent=True
        ),
    )
    desk.due()
    desk.on(2026, 1, 13)
    desk.note(ServiceProvided(service="food-parcel", plan_items=()), NeedMet(number=1))
    screen.say("A food parcel has come, and that need is met.")
    desk.due()
    screen.say("Would he benefit from what this agency offers? Ana thinks so, and goes on.")
    desk.decide(EligibilityDetermined(eligible=True, basis="in-catchment"), "assess")
    screen.say("Needs assessment: problems, interests, and what puts success at risk.")
    desk.note(
        NeedIdentified(number=2, description="Debts of 4,000", kind="problem"),
        NeedIdentified(number=3, description="Cannot get up in the morning", kind="problem"),
        SectionRecorded(section="interests", text="Plays the trumpet"),
    )
    desk.decide(AssessmentCompleted(instrument="intake-form"), "plan")
    screen.say("The plan measures what is done, and what changes.")
    desk.note(
        SectionRecorded(section="risks", text="Letters are not opened"),
        GoalProposed(
            number=1,
            statement="The debts are under a plan",
            needs=(2,),
            measure="agreements with creditors",
            target="all five",
            target_date=date(2026, 4, 30),
            metric="output",
        ),
        GoalProposed(
            number=2,
            statement="Mornings work again",
            needs=(3,),
            measure="PHQ-9",
            baseline="17",
            target="under 10",
            target_date=date(2026, 7, 31),
            metric="outcome",
        ),
        PlanItemDrafted(number=1, needs=(2,), goals=(1,), activity="Debt counselling"),
    )
    desk.decide("start-services")
    screen.say("Goal 2 has nothing done for it yet; that is named, and put right.")
    desk.note(PlanItemDrafted(number=2, needs=(3,), goals=(2,), activity="Counselling, weekly"))
    desk.decide("start-services")
    desk.on(2026, 8, 3)
    screen.say("Half a year later, Ana evaluates with a feeling and no figure.")
    desk.due()
    desk.note(EvaluationMade(of="counselling", judgement="He seems better.", goal=2))
    screen.say("Figures and words belong together.")
    desk.note(
        EvaluationMade(
            of="counselling",
            figure=Decimal(8),
            unit="PHQ-9",
            judgement="Below ten: he gets up, and plays again.",
            goal=2,
        )
    )
    screen.say("The other goal has to be evaluated as well, or closing warns.")
    desk.consider(CaseClosed(outcome="goals-reached"))
    desk.note(
        EvaluationMade(
            of="debt-counselling",
            figure=Decimal(5),
            unit="agreements",
            judgement="All five creditors have agreed, and he opens their letters.",
            goal=1,
        )
    )
    desk.decide(CaseClosed(outcome="goals-reached"))
    desk.where()
    return desk
