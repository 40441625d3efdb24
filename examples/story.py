"""One family's case through the six stages, told with the library's own answers.

The people, the agency and the days are invented. The clock of the story is set by hand, so the
story always reads the same.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from caseflow import Corrected, Entry, ExceptionMade
from caseflow.casework import (
    AssessmentCompleted,
    CaseClosed,
    ClosureCriterionMet,
    ClosureCriterionSet,
    ContinuingServicesListed,
    EligibilityDetermined,
    Enrolled,
    ExitInterview,
    FollowUpSession,
    GoalProposed,
    MonitoringNoted,
    NeedIdentified,
    NextStagePlanned,
    OutreachMade,
    PlanAgreed,
    PlanItemDrafted,
    ProgressNoted,
    ReferralMade,
    ResourcesListed,
    ServiceProvided,
    StrategyRecorded,
    StrengthIdentified,
)
from caseflow.stages import six_stage
from caseflow.storage.port import Storage
from examples import screen
from examples.stories.desk import Desk

CASE = "haddad-2026"
CLIENT = "P-204"
DAUGHTER = "P-206"


def _at(year: int, month: int, day: int, hour: int = 9) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def tell(store: Storage) -> None:
    """Tell the whole story, keeping its case in a store that holds none of that name yet."""
    start = _at(2026, 3, 2)
    desk = Desk(six_stage, client=CLIENT, start=start, store=store, agency="harbor", case_id=CASE)
    for chapter in (_engagement, _assessment, _planning, _intervention, _monitoring, _termination):
        chapter(desk)
    screen.heading("The history")
    screen.say(
        "Nothing was ever overwritten. These are all events, as they were recorded: the late "
        "visit, the wrong word and its correction, the exception."
    )
    print()
    screen.show_history(desk.book.history(CASE))


def _engagement(desk: Desk) -> None:
    screen.heading("1  Engagement: nobody is enrolled before being found eligible")
    desk.on(2026, 3, 2)
    screen.say(
        "The Haddad family has just arrived. Ana, a case manager, opens their case and notes "
        "a visit. A visit is a fact: it happened, so it is recorded, whatever the rules say."
    )
    desk.note(OutreachMade(channel="home-visit", note="Met the parents and Lina, 8."))
    screen.say("Ana enrolls them at once. That is a decision, and decisions are judged.")
    desk.decide(Enrolled(program="resettlement"))
    screen.say(
        "The answer says what was wanted, what was found, what to do, and who may make an "
        "exception. Ana determines eligibility first. Both decisions go in as one unit: either "
        "all of it is recorded, or nothing."
    )
    desk.decide(
        EligibilityDetermined(eligible=True, basis="refugee-status"),
        Enrolled(program="resettlement"),
    )
    screen.say(
        "Now it is allowed, and something is due afterwards: the agency wants to agree early "
        "on what will tell that its help may end. From here, these ways lead on:"
    )
    print()
    screen.show_options(desk.book.options(CASE, by="ana"))
    desk.on(2026, 3, 5)
    screen.say(
        "A volunteer tells Ana of a visit on 20 February, before the case was open. A late "
        "entry is welcome: it keeps the day on which it happened, and shows as late."
    )
    desk.note(
        Entry(OutreachMade(channel="home-visit", note="Welcome parcel."), reported_by="volunteer"),
        at=_at(2026, 2, 20, 15),
    )


def _assessment(desk: Desk) -> None:
    screen.heading("2  Assessment: it is completed before the plan is made")
    desk.on(2026, 3, 9)
    desk.decide("assess")
    screen.say("The needs get numbers: the plan will answer to them. Need 3 is the daughter's.")
    desk.note(
        NeedIdentified(number=1, description="A flat of their own", domain="social"),
        NeedIdentified(number=2, description="French for the parents", domain="social"),
        Entry(
            NeedIdentified(number=3, description="Asthma care", domain="biological-physical"),
            subject=DAUGHTER,
        ),
    )
    screen.say("Ana would like to go on to the plan.")
    desk.decide("plan")
    screen.say("Two things are missing, and both are named. She adds them, and goes on.")
    desk.note(StrengthIdentified(number=1, description="The mother was a tailor for ten years"))
    desk.decide(AssessmentCompleted(instrument="intake-2"), "plan")
    screen.say(
        "Then she sees that she wrote French where it should be English. A correction takes "
        "effect in the place of what was wrong, and the wrong words stay in the history."
    )
    wrong = next(
        one
        for one in desk.book.history(CASE)
        if isinstance(one.event, NeedIdentified) and one.event.number == 2
    )
    right = NeedIdentified(number=2, description="English for the parents", domain="social")
    desk.decide(Corrected(number=wrong.number, event=right))
    need = desk.book.case(CASE).state.need(2)
    print(f"\n  need 2 now reads: {need.description if need else 'nothing'}")


def _planning(desk: Desk) -> None:
    screen.heading("3  Planning: every need is answered before services start")
    desk.on(2026, 3, 16)
    screen.say(
        "Ana and the parents set a goal. The first draft of the plan forgets need 3, and item 2 "
        "has no date."
    )
    desk.note(
        GoalProposed(
            number=1,
            statement="The family lives in a flat of its own",
            needs=(1,),
            measure="a lease",
            target="one",
            target_date=date(2026, 6, 1),
        ),
        PlanItemDrafted(
            number=1,
            needs=(1,),
            goals=(1,),
            activity="Search flats, visit them together",
            actor="Ana and the parents",
            by_date=date(2026, 6, 1),
            expected_outcome="A lease in the family's name",
        ),
        PlanItemDrafted(
            number=2,
            needs=(2,),
            activity="Evening course",
            actor="The parents",
            expected_outcome="Level A2",
        ),
    )
    desk.decide("start-services")
    screen.say(
        "Every gap is listed, not only the first. The second draft closes those that refuse; "
        "strategies are still missing."
    )
    desk.note(
        PlanItemDrafted(
            number=2,
            needs=(2,),
            activity="Evening course",
            actor="The parents",
            by_date=date(2026, 9, 30),
            expected_outcome="Level A2",
        ),
        PlanItemDrafted(
            number=3,
            needs=(3,),
            activity="Referral to the children's clinic",
            actor="Ana",
            by_date=date(2026, 4, 1),
            expected_outcome="A doctor who knows Lina",
        ),
        StrategyRecorded(text="She goes on in the trade: the tailors' guild", strength=1),
    )
    desk.decide(PlanAgreed(client="interpreted"), "start-services")
    screen.say("What is still due on this case?")
    desk.due()
    screen.say("Ana and the parents agree on it now, and it is done.")
    desk.note(
        ClosureCriterionSet(number=1, description="The family lives in a flat of its own"),
        ClosureCriterionSet(number=2, description="One of the parents is at level A2"),
    )
    desk.due()


def _intervention(desk: Desk) -> None:
    screen.heading("4  Intervention: the plan is carried out")
    desk.on(2026, 3, 27)
    screen.say("Ana refers Lina to the clinic, and looks at flats with the parents.")
    desk.note(
        ReferralMade(to="Children's clinic", plan_items=(3,)),
        ServiceProvided(service="flat-search", plan_items=(1,)),
    )
    desk.on(2026, 4, 7)
    screen.say("The family is away for a funeral. The case is put on hold, with a reason.")
    desk.decide("hold", reason="Away until 20 April, a death in the family")
    screen.say("A case on hold does not move on.")
    desk.decide("monitor")
    desk.on(2026, 4, 20)
    screen.say("They are back: the case resumes where it was.")
    desk.decide("resume")
    desk.note(
        ProgressNoted(
            text="Three flats seen, one offer.",
            plan_items=(1,),
            client_efforts="The father called the landlords himself.",
            case_manager_efforts="Went along to two of the visits.",
        )
    )


def _monitoring(desk: Desk) -> None:
    screen.heading("5  Monitoring: is it working?")
    desk.on(2026, 6, 2)
    screen.say("Ana looks at what the services brought: the family has a lease.")
    desk.decide("monitor")
    desk.note(
        MonitoringNoted(dimension="outcome", finding="Lease signed on 28 May.", kind="formal"),
        Entry(ClosureCriterionMet(number=1), at=_at(2026, 5, 28)),
    )
    desk.on(2026, 9, 14)
    screen.say("Summer has passed. The family needs the agency less and less.")
    desk.decide("begin-closing")


def _termination(desk: Desk) -> None:
    screen.heading("6  Termination: a case is closed with all it takes")
    screen.say("Could the case be closed as it stands? Asking writes nothing.")
    desk.consider(CaseClosed())
    desk.on(2026, 9, 18)
    screen.say("Four days later, all the documents that closing asks for are there.")
    desk.note(
        ExitInterview(program="resettlement", note="Proud of the flat."),
        FollowUpSession(program="resettlement", result="offered"),
        NextStagePlanned(plan="Level B1 in spring, then the tailors' guild."),
        ContinuingServicesListed(ways=("Open hours on Tuesdays",)),
        ResourcesListed(resources=("Tenants' union", "Children's clinic")),
    )
    screen.say(
        "But the course ends only in December, and the parents want to go on by themselves. An "
        "exception would help. It is not Ana's to make:"
    )
    exception = ExceptionMade(
        rule="closure-criteria-met",
        reason="The course is paid for, and the parents go on without us",
        until=_at(2026, 10, 1),
    )
    desk.decide(exception)
    screen.say("Sam, the supervisor, can; it is recorded, with the reason and an end.")
    desk.decide(exception, by="sam")
    desk.decide(CaseClosed())
    screen.say(
        "The case is closed. The verdict shows the exception that it leans on, and so will "
        "every report on this case."
    )
