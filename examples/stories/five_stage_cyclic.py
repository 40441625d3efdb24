"""Five stages, cyclical (Stages of Case Management): a mother who wants to work again."""

from __future__ import annotations

from datetime import UTC, date, datetime

from caseflow.casework import (
    AssessmentCompleted,
    CaseClosed,
    ClosingReview,
    ClosureCriterionMet,
    ClosureCriterionSet,
    GoalAccepted,
    GoalAchieved,
    GoalProposed,
    NeedIdentified,
    PlanItemDrafted,
    PlanReviewed,
    ReferralMade,
    SectionRecorded,
    SelfReferred,
    StrengthIdentified,
)
from caseflow.stages import five_stage_cyclic
from examples import screen
from examples.stories.desk import Desk


def tell() -> Desk:
    """Tell the story; the desk that comes back holds the case."""
    desk = Desk(five_stage_cyclic, client="Maria", start=datetime(2026, 2, 2, 9, tzinfo=UTC))
    screen.heading("Five stages, and round again: goals are refined until they are reached")
    screen.say("Assessment and engagement: Maria tells what she believes she needs.")
    desk.note(
        SelfReferred(note="Saw the notice at school"),
        SectionRecorded(section="beliefs", text="A course first, then work"),
        SectionRecorded(section="environment", text="Two children, no car"),
        SectionRecorded(section="background", text="Bookkeeper until 2019"),
        SectionRecorded(section="past-help", text="A job club, which closed"),
        StrengthIdentified(description="Good with figures"),
        NeedIdentified(number=1, description="Work with school hours"),
    )
    screen.say(
        "Closure begins here: they decide together what will tell that the help may end. It is "
        "due, and does not hold anything up."
    )
    desk.decide(AssessmentCompleted(), "create-goals")
    desk.due()
    desk.note(
        ClosureCriterionSet(
            number=1,
            description="Three months in a job",
            kind="goal",
            agreed_by=("client", "case-manager"),
        ),
        ClosureCriterionSet(
            number=2,
            description="Handles letters and forms without us",
            kind="independence",
            agreed_by=("client", "case-manager"),
        ),
    )
    screen.say("Creating goals. The first is not tied to anything that was assessed.")
    desk.note(GoalProposed(number=1, statement="Find work", needs=(7,)))
    desk.decide("intervene")
    desk.note(
        GoalProposed(
            number=1,
            statement="Find work with school hours",
            needs=(1,),
            measure="a signed contract",
            target="one",
            target_date=date(2026, 6, 30),
        ),
        GoalAccepted(number=1),
        PlanItemDrafted(number=1, needs=(1,), goals=(1,), activity="Refresher course"),
    )
    desk.decide("intervene")
    desk.note(ReferralMade(to="Adult education centre", plan_items=(1,)))
    desk.on(2026, 4, 6)
    screen.say("Reassessment: the course is done, and the goal turns out too wide. Round again.")
    desk.decide("reassess")
    desk.note(PlanReviewed(finding="Accounts work in schools fits better", still_fits=False))
    desk.decide("refine-goals")
    desk.note(
        GoalProposed(
            number=1,
            statement="Work in a school office",
            needs=(1,),
            measure="a signed contract",
            target="one",
            target_date=date(2026, 9, 1),
        ),
        GoalAccepted(number=1),
    )
    desk.decide("intervene")
    desk.on(2026, 12, 7)
    screen.say("She has worked since September. Not all criteria are met yet.")
    desk.note(GoalAchieved(number=1, note="Contract of 24 August"), ClosureCriterionMet(number=1))
    desk.decide("reassess")
    desk.note(PlanReviewed(finding="All goals reached"))
    desk.decide("begin-closing")
    desk.decide(CaseClosed())
    screen.say("She does her own forms now. They look back on the way together, and celebrate.")
    desk.note(
        ClosureCriterionMet(number=2), ClosingReview(note="Cake, and the first draft of 2026")
    )
    desk.decide(CaseClosed(outcome="independent"))
    desk.where()
    return desk
