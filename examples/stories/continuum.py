"""The continuum (Bi-level Case Management): a young woman on a training programme."""

from __future__ import annotations

from datetime import UTC, date, datetime

from caseflow.casework import (
    AssessmentCompleted,
    CaseClosed,
    ClientCheckedIn,
    CredentialEarned,
    EligibilityDetermined,
    Enrolled,
    GoalAccepted,
    GoalProposed,
    NeedIdentified,
    PartnershipEstablished,
    PlacementMade,
    PlanAgreed,
    PlanItemDrafted,
    PlanReviewed,
    ProgramCompleted,
    ProgressNoted,
    RetentionChecked,
    ReviewScheduled,
    SectionRecorded,
    ServiceProvided,
    StrategyRecorded,
    StrengthIdentified,
)
from caseflow.stages import continuum
from examples import screen
from examples.stories.desk import Desk


def tell() -> Desk:
    """Tell the story; the desk that comes back holds the case."""
    desk = Desk(continuum, client="Kayla", start=datetime(2026, 1, 5, 9, tzinfo=UTC))
    screen.heading("The continuum: from intake to the follow-up nine months later")
    screen.say("First of all come her story, and the partnership with Ana.")
    desk.note(PartnershipEstablished())
    desk.decide(
        EligibilityDetermined(eligible=True, basis="youth-program"),
        Enrolled(program="training"),
        "assess",
    )
    _plan(desk)
    _deliver(desk)
    _follow_up(desk)
    desk.where()
    return desk


def _plan(desk: Desk) -> None:
    screen.say("The plan is the first thing that comes of the assessment.")
    desk.note(
        NeedIdentified(number=1, description="No certificate"),
        StrengthIdentified(number=1, description="Repairs anything"),
    )
    desk.decide(AssessmentCompleted(), "plan")
    screen.say("It is to hold her own expectations and choices, and goals that she accepted.")
    desk.note(
        GoalProposed(number=1, statement="Pass the first module", needs=(1,), horizon="short-term"),
        PlanItemDrafted(number=1, needs=(1,), goals=(1,), activity="Module 1", actor="The school"),
    )
    screen.say("Would it do? It would be allowed, and what is thin about the plan is said.")
    desk.consider(PlanAgreed(client="spoken"), "start-services")
    screen.say("They make it whole.")
    desk.note(
        SectionRecorded(section="expectations", text="A trade by the summer"),
        SectionRecorded(section="choices", text="Bicycles, not cars"),
        StrategyRecorded(text="She teaches the repair class", strength=1),
        GoalProposed(number=2, statement="Work as a mechanic", needs=(1,), horizon="long-term"),
        GoalAccepted(number=1),
        GoalAccepted(number=2),
        PlanItemDrafted(
            number=2, needs=(1,), goals=(2,), activity="Weekly practice", by_client=True
        ),
        ReviewScheduled(review_on=date(2026, 3, 2)),
    )
    desk.decide(PlanAgreed(client="signed"), "start-services")


def _deliver(desk: Desk) -> None:
    screen.say("From now on a case note is due every week.")
    desk.due()
    desk.on(2026, 1, 14)
    desk.due()
    desk.note(
        ProgressNoted(text="Module 1 begun, two mornings missed.", plan_items=(1,)),
        ServiceProvided(service="tutoring", plan_items=(1,)),
    )
    screen.say("Ana has written the note, and the next one is due in a week.")
    desk.due()
    desk.on(2026, 3, 4)
    screen.say("The review was due on 2 March; a service on the old plan shows it.")
    desk.note(ServiceProvided(service="tutoring", plan_items=(1,)))
    desk.note(PlanReviewed(finding="On the way"), ReviewScheduled(review_on=date(2026, 6, 1)))
    screen.say("A certificate and a placement, early, while she is eager.")
    desk.on(2026, 5, 29)
    desk.note(
        CredentialEarned(name="Bicycle mechanic, level 1"),
        PlacementMade(kind="employment", detail="The workshop by the bridge"),
        ProgramCompleted(program="training"),
    )
    desk.decide("exit")


def _follow_up(desk: Desk) -> None:
    screen.say("Follow-up runs from three to nine months after the exit. Not yet:")
    desk.due()
    screen.say("Closing without it is refused.")
    desk.on(2026, 9, 7)
    desk.decide(CaseClosed())
    desk.due()
    screen.say("Kayla calls. The follow-up is hers to manage: that she got in touch counts.")
    desk.note(
        ClientCheckedIn(mode="phone", note="She has an apprentice of her own now."),
        RetentionChecked(kind="employment", retained=True),
    )
    desk.due()
    desk.decide(CaseClosed(outcome="employed"))
