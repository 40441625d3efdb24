"""The service delivery flow (Tri-level Case Management): from hello to goodbye."""

from __future__ import annotations

from datetime import UTC, date, datetime

from caseflow.casework import (
    CaseClosed,
    ClientCheckedIn,
    ContactAttempted,
    EligibilityDetermined,
    Enrolled,
    GoalProposed,
    IntakePaperworkCompleted,
    LeadCaseManagerAssigned,
    NeedIdentified,
    OrientationHeld,
    OutreachMade,
    PartnershipEstablished,
    PlanAgreed,
    PlanItemDrafted,
    ProgramCompleted,
    ReadinessIndicated,
    RequisitionAnswered,
    RequisitionMade,
    ResponsibilitiesAcknowledged,
    ScreeningCompleted,
    ServiceProvided,
    StrengthIdentified,
    SuitabilityDetermined,
)
from caseflow.rules.due import check_in, intake_paperwork, requisition_answer
from caseflow.stages import service_delivery
from examples import screen
from examples.stories.desk import Desk

program = service_delivery.extend(
    "second-chance",
    version="1",
    obligations=[
        intake_paperwork("10 days"),
        check_in("2 weeks", "service-delivery"),
        requisition_answer("5 days"),
    ],
    labels={"supervisor": "program manager"},
)
"""The flow, with the spans that the source leaves to a program."""


def tell() -> Desk:
    """Tell the story; the desk that comes back holds the case."""
    desk = Desk(program, client="Terrell", start=datetime(2026, 2, 2, 9, tzinfo=UTC))
    screen.heading("The service delivery flow: recruitment, intake, plan, services, completion")
    desk.note(OutreachMade(channel="street"))
    desk.decide("begin-intake")
    _intake(desk)
    _partnership(desk)
    _services(desk)
    desk.where()
    return desk


def _intake(desk: Desk) -> None:
    screen.say("The first conversation is about him. Papers follow, and drive nothing.")
    desk.note(ContactAttempted(reached=True, mode="in-person"))
    desk.due()
    screen.say("Eligible is not enough: the program has to suit him, and he has to be ready.")
    desk.decide(EligibilityDetermined(eligible=True), Enrolled(program="second-chance"))
    desk.note(ReadinessIndicated(ready=True))
    desk.decide(
        ScreeningCompleted(instrument="intake-interview"),
        SuitabilityDetermined(suitable=True),
        EligibilityDetermined(eligible=True),
        Enrolled(program="second-chance"),
        LeadCaseManagerAssigned(case_manager="nia"),
    )


def _partnership(desk: Desk) -> None:
    desk.on(2026, 2, 9)
    screen.say("Before the process begins there is an orientation, and his yes to what it asks.")
    desk.decide("begin-planning", by="nia")
    desk.note(
        IntakePaperworkCompleted(documents=("release", "photo-id")),
        OrientationHeld(mode="hybrid"),
        ResponsibilitiesAcknowledged(how="signed"),
        PartnershipEstablished(),
        by="nia",
    )
    desk.decide("begin-planning", by="nia")
    screen.say("Navigator and participant write the plan together.")
    desk.note(
        NeedIdentified(number=1, description="A place to live after release"),
        StrengthIdentified(description="Cooks for forty"),
        GoalProposed(number=1, statement="A room of his own", needs=(1,)),
        PlanItemDrafted(
            number=1,
            needs=(1,),
            goals=(1,),
            activity="Apply to three landlords a week",
            actor="Terrell",
            by_date=date(2026, 4, 30),
            by_client=True,
        ),
        by="nia",
    )
    desk.decide("start-services", by="nia")
    desk.decide(PlanAgreed(client="signed"), "start-services", by="nia")


def _services(desk: Desk) -> None:
    screen.say("Nia requisitions a deposit; somebody owes her an answer.")
    desk.note(RequisitionMade(number=1, service="deposit"), by="nia")
    desk.due()
    desk.on(2026, 2, 12)
    desk.note(RequisitionAnswered(number=1, granted=True), by="sam")
    screen.say("A service that is in no plan is recorded, and shown as such.")
    desk.note(ServiceProvided(service="bus-pass", function="supporting"), by="nia")
    desk.on(2026, 3, 2)
    screen.say("He was to check in by 23 February.")
    desk.due()
    desk.note(ClientCheckedIn(mode="phone"), by="nia")
    screen.say("Nia reminds him, and he calls. The next time is two weeks away.")
    desk.due()
    desk.on(2026, 5, 18)
    desk.decide("complete", by="nia")
    desk.note(ProgramCompleted(program="second-chance"), by="nia")
    desk.decide("complete", by="nia")
    desk.decide(CaseClosed(outcome="completed"), by="nia")
