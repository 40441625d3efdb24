"""One family's case through the six stages, told with the library's own answers.

The people, the agency and the days are invented. The clock of the story is set by hand, so the
story always reads the same.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from caseflow import Actor, Casebook, Corrected, Entry, ExceptionMade, Refused
from caseflow.casework import (
    AssessmentCompleted,
    CaseClosed,
    CaseworkState,
    ClosureCriterionMet,
    ClosureCriterionSet,
    ContinuingServicesListed,
    EligibilityDetermined,
    Enrolled,
    ExitInterview,
    FollowUpSession,
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
    StrengthIdentified,
)
from caseflow.stages import six_stage
from caseflow.storage.port import Storage
from examples import screen

CASE = "haddad-2026"
CLIENT = "P-204"
DAUGHTER = "P-206"
STAFF = {"ana": ["case-manager"], "sam": ["supervisor"]}


class Clock:
    """The clock of the story: it stands still until it is set."""

    def __init__(self) -> None:
        self.now = _at(2026, 3, 2)

    def set(self, month: int, day: int, hour: int = 9) -> None:
        """Set it to an hour of a day of 2026, and say so."""
        self.now = _at(2026, month, day, hour)
        print()
        print(f"[{self.now.day} {self.now:%B %Y}, {self.now:%H:%M}]")

    def __call__(self) -> datetime:
        return self.now


def _at(year: int, month: int, day: int, hour: int = 9) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


class Story:
    """The casebook of the agency, its clock, and what is said of each attempt."""

    def __init__(self, store: Storage) -> None:
        self.clock = Clock()
        self.book: Casebook[CaseworkState] = Casebook(
            six_stage, store, agency="harbor", roles=STAFF, clock=self.clock
        )

    def record(self, *facts: object, by: str = "ana", at: datetime | None = None) -> None:
        """Record facts, and say only what became odd or owed by them."""
        outcome = self.book.record(CASE, *facts, by=by, at=at)
        numbers = ", ".join(str(one.number) for one in outcome.events)
        print(f"  recorded as event{'s' if len(outcome.events) > 1 else ''} {numbers}")

    def attempt(self, *steps: object, by: str | Actor = "ana", reason: str | None = None) -> None:
        """Try a decision, and show the verdict, whichever it is."""
        try:
            verdict = self.book.do(CASE, *steps, by=by, reason=reason).verdict
        except Refused as refused:
            verdict = refused.verdict
        screen.show(verdict.explain())

    def options(self, by: str = "ana") -> None:
        """Show each way out of where the case is, open or blocked, and by what."""
        screen.show_options(self.book.options(CASE, by=by))

    def owed(self) -> None:
        """Show what is owed on the case."""
        found = self.book.owed(CASE)
        if not found:
            print("  nothing is owed")
        for item in found:
            screen.item(f"owed since event {item.since}: {item.result.wanted}")


def tell(store: Storage) -> None:
    """Tell the whole story, keeping its case in a store that holds none of that name yet."""
    story = Story(store)
    for chapter in (_engagement, _assessment, _planning, _intervention, _monitoring, _termination):
        chapter(story)
    screen.heading("The history")
    screen.say(
        "Nothing was ever overwritten. These are all events, as they were recorded: the late "
        "visit, the wrong word and its correction, the exception."
    )
    print()
    screen.show_history(story.book.history(CASE))


def _engagement(story: Story) -> None:
    screen.heading("1  Engagement: nobody is enrolled before being found eligible")
    story.clock.set(3, 2)
    screen.say(
        "The Haddad family has just arrived. Ana, a case manager, opens their case and notes "
        "a visit. A visit is a fact: it happened, so it is recorded, whatever the rules say."
    )
    story.book.open(client=CLIENT, by="ana", case_id=CASE)
    story.record(OutreachMade(channel="home-visit", note="Met the parents and Lina, 8."))
    screen.say("Ana enrolls them at once. That is a decision, and decisions are judged.")
    story.attempt(Enrolled(program="resettlement"))
    screen.say(
        "The answer says what was wanted, what was found, what to do, and who may make an "
        "exception. Ana determines eligibility first. Both decisions go in as one unit: either "
        "all of it is recorded, or nothing."
    )
    story.attempt(
        EligibilityDetermined(eligible=True, basis="refugee-status"),
        Enrolled(program="resettlement"),
    )
    screen.say(
        "Now it is allowed, and something is due afterwards: the agency wants to agree early "
        "on what will tell that its help may end. From here, these ways lead on:"
    )
    print()
    story.options()
    story.clock.set(3, 5)
    screen.say(
        "A volunteer tells Ana of a visit on 20 February, before the case was open. A late "
        "entry is welcome: it keeps the day on which it happened, and shows as late."
    )
    story.record(
        Entry(OutreachMade(channel="home-visit", note="Welcome parcel."), reported_by="volunteer"),
        at=_at(2026, 2, 20, 15),
    )


def _assessment(story: Story) -> None:
    screen.heading("2  Assessment: it is completed before the plan is made")
    story.clock.set(3, 9)
    story.attempt("assess")
    screen.say("The needs get numbers: the plan will answer to them. Need 3 is the daughter's.")
    story.record(
        NeedIdentified(number=1, description="A flat of their own", domain="social"),
        NeedIdentified(number=2, description="French for the parents", domain="social"),
        Entry(
            NeedIdentified(number=3, description="Asthma care", domain="biological-physical"),
            subject=DAUGHTER,
        ),
    )
    screen.say("Ana would like to go on to the plan.")
    story.attempt("plan")
    screen.say("Two things are missing, and both are named. She adds them, and goes on.")
    story.record(StrengthIdentified(description="The mother was a tailor for ten years"))
    story.attempt(AssessmentCompleted(instrument="intake-2"), "plan")
    screen.say(
        "Then she sees that she wrote French where it should be English. A correction takes "
        "effect in the place of what was wrong, and the wrong words stay in the history."
    )
    wrong = next(
        one
        for one in story.book.history(CASE)
        if isinstance(one.event, NeedIdentified) and one.event.number == 2
    )
    right = NeedIdentified(number=2, description="English for the parents", domain="social")
    story.attempt(Corrected(number=wrong.number, event=right))
    need = story.book.case(CASE).state.need(2)
    print(f"\n  need 2 now reads: {need.description if need else 'nothing'}")


def _planning(story: Story) -> None:
    screen.heading("3  Planning: every need is answered before services start")
    story.clock.set(3, 16)
    screen.say("The first draft of the plan forgets need 3, and item 2 has no date.")
    story.record(
        PlanItemDrafted(
            number=1,
            needs=(1,),
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
    story.attempt("start-services")
    screen.say("Every gap is listed, not only the first. The second draft closes them all.")
    story.record(
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
    )
    story.attempt(PlanAgreed(client="interpreted"), "start-services")
    screen.say("What is still owed on this case?")
    story.owed()
    screen.say("Ana and the parents agree on it now, and the debt is gone.")
    story.record(
        ClosureCriterionSet(number=1, description="The family lives in a flat of its own"),
        ClosureCriterionSet(number=2, description="One of the parents is at level A2"),
    )
    story.owed()


def _intervention(story: Story) -> None:
    screen.heading("4  Intervention: the plan is carried out")
    story.clock.set(3, 27)
    story.record(
        ReferralMade(to="Children's clinic", plan_items=(3,)),
        ServiceProvided(service="flat-search", plan_items=(1,)),
    )
    story.clock.set(4, 7)
    screen.say("The family is away for a funeral. The case is put on hold, with a reason.")
    story.attempt("hold", reason="Away until 20 April, a death in the family")
    screen.say("A case on hold does not move on.")
    story.attempt("monitor")
    story.clock.set(4, 20)
    screen.say("They are back: the case resumes where it was.")
    story.attempt("resume")
    story.record(
        ProgressNoted(
            text="Three flats seen, one offer.",
            plan_items=(1,),
            client_efforts="The father called the landlords himself.",
            case_manager_efforts="Went along to two of the visits.",
        )
    )


def _monitoring(story: Story) -> None:
    screen.heading("5  Monitoring: is it working?")
    story.clock.set(6, 2)
    story.attempt("monitor")
    story.record(
        MonitoringNoted(dimension="outcome", finding="Lease signed on 28 May.", kind="formal"),
        Entry(ClosureCriterionMet(number=1), at=_at(2026, 5, 28)),
    )
    story.clock.set(9, 14)
    screen.say("Summer has passed. The family needs the agency less and less.")
    story.attempt("begin-closing")


def _termination(story: Story) -> None:
    screen.heading("6  Termination: a case is closed with all it takes")
    screen.say("Could the case be closed as it stands? Asking writes nothing.")
    screen.show(story.book.ask(CASE, CaseClosed(), by="ana").explain())
    story.clock.set(9, 18)
    screen.say("Four days later, all the documents that closing asks for are there.")
    story.record(
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
    story.attempt(exception)
    screen.say("Sam, the supervisor, can; it is recorded, with the reason and an end.")
    story.attempt(exception, by="sam")
    story.attempt(CaseClosed())
    screen.say(
        "The case is closed. The verdict shows the exception that it leans on, and so will "
        "every report on this case."
    )
