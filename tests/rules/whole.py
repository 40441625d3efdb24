"""A case in which nothing is missing, told event by event, and a desk on which to judge it.

`WHOLE` is what a careful case manager would have recorded. Each row of the table of rules
(`rows.py`) is this case with one thing left out, changed or added.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import attrs

from caseflow import Casebook, Entry, Stage, Transition, Workflow
from caseflow import casework as c
from caseflow.casework import FACTS, CaseworkState
from caseflow.rules import (
    VOCABULARY,
    assessment_before_plan,
    at_least,
    caseload_cap,
    contact_attempted,
    enrolled_before_withdrawal,
    not_older_than,
    not_yet_enrolled,
    note_concise,
    practice,
    recorded,
    recorded_in_time,
    sections_told,
)
from caseflow.stages.common import LEAD
from caseflow.storage import MemoryStorage
from caseflow.workflow.definition import STAY
from caseflow.workflow.vocabulary import vocabulary

MONDAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

MADE = {
    "assessment-before-plan": assessment_before_plan(stages=("work",)),
    "sections-told": sections_told(
        "wishes-told", ("expectations", "choices"), wanted="The plan holds the client's wishes."
    ),
    "recorded": recorded(
        "placed",
        c.PlacementMade,
        others=(c.CredentialEarned,),
        wanted="The client has a place.",
        since_entering=("work",),
    ),
    "at-least": at_least("two-notes", c.ProgressNoted, 2, wanted="There are two notes."),
    "not-older-than": not_older_than(
        "fresh", c.AssessmentCompleted, "1 year", wanted="The assessment is of this year."
    ),
    "contact-attempted": contact_attempted(times=2, over="14 days"),
    "note-concise": note_concise(most=40),
    "recorded-in-time": recorded_in_time("in-time", "2 days"),
    "caseload-cap": caseload_cap(1),
    "not-yet-enrolled": not_yet_enrolled(served_in=("services",)),
    "enrolled-before-withdrawal": enrolled_before_withdrawal(served_in=("services",)),
}
"""The rules that an agency makes, with its own numbers and words."""

TOLD_ELSEWHERE = {*vocabulary(practice), "nothing-left-undone", "nothing-missed"}
"""The rules of the practice models, and two that look at what is due: tests/stages has theirs."""

RULES = {
    name: MADE.get(name, rule) for name, rule in VOCABULARY.items() if name not in TOLD_ELSEWHERE
}

ON_EVENTS = {
    "service-in-plan": c.ServiceProvided,
    "note-refers-to-plan": c.ProgressNoted,
    "note-tells-efforts": c.ProgressNoted,
    "note-concise": c.ProgressNoted,
    "recorded-in-time": c.ContactAttempted,
    "evaluated-in-figures-and-words": c.EvaluationMade,
    "caseload-cap": c.LeadCaseManagerAssigned,
    "outcome-as-recorded": c.CaseClosed,
    "transfer-accepted": c.TransferredOut,
}
"""The rules that judge an event; the others judge a step of the case."""

NEED = c.NeedIdentified(
    number=1,
    description="rent in arrears",
    domain="social",
    client_priority=1,
    client_words="I may lose my home",
)
STRENGTH = c.StrengthIdentified(
    description="keeps promises", number=1, client_words="I do what I say"
)
DOMAINS = tuple(
    c.DomainAssessed(domain=one)
    for one in ("biological-physical", "social", "psychological-emotional")
)
CAPACITIES = tuple(c.CapacityAssessed(of=one) for one in ("client", "network", "agency"))
WISHES = tuple(c.SectionRecorded(section=one, text="…") for one in ("expectations", "choices"))
ASSESSED = c.AssessmentCompleted(instrument="form 7", sources=("interview",), client_took_part=True)
GOAL = c.GoalProposed(
    number=1,
    statement="the arrears are paid",
    needs=(1,),
    horizon="short-term",
    measure="arrears",
    target="none",
    target_date=date(2026, 6, 1),
    metric="output",
)
LATER = attrs.evolve(GOAL, number=2, statement="a safe home", horizon="long-term", metric="outcome")
ITEM = c.PlanItemDrafted(
    number=1,
    needs=(1,),
    activity="pay in parts",
    actor="client",
    by_date=date(2026, 6, 1),
    expected_outcome="no arrears",
    goals=(1, 2),
    by_client=True,
)
STRATEGIES = (
    c.StrategyRecorded(text="talk to the landlord", need=1),
    c.StrategyRecorded(text="she keeps to the plan of payment", strength=1),
)
CRITERION = c.ClosureCriterionSet(
    number=1,
    description="six months in her home",
    kind="independence",
    agreed_by=("client", "case-manager"),
)
NOTE = c.ProgressNoted(
    text="The first part is paid.",
    plan_items=(1,),
    client_efforts="paid",
    case_manager_efforts="called the landlord",
)
SERVICE = c.ServiceProvided(service="counselling", plan_items=(1,))
EVALUATION = c.EvaluationMade(of="housing", figure=Decimal(6), judgement="It holds.")
EVALUATED = (attrs.evolve(EVALUATION, goal=1), attrs.evolve(EVALUATION, goal=2))
AGREED = c.PlanAgreed(client="signed")

WHOLE = (
    c.ReferralReceived(source="a clinic"),
    c.ContactAttempted(channel="phone"),
    timedelta(days=20),
    c.ContactAttempted(channel="visit"),
    c.DemographicsRecorded(),
    c.OrientationHeld(),
    c.ResponsibilitiesAcknowledged(how="signed"),
    c.ReadinessIndicated(ready=True),
    c.ScreeningCompleted(),
    c.EligibilityDetermined(eligible=True),
    c.SuitabilityDetermined(suitable=True),
    c.Enrolled(program="housing"),
    c.LeadCaseManagerAssigned(case_manager="ana"),
    c.PartnershipEstablished(),
    NEED,
    STRENGTH,
    *DOMAINS,
    *CAPACITIES,
    *WISHES,
    ASSESSED,
    GOAL,
    LATER,
    c.GoalAccepted(number=1),
    c.GoalAccepted(number=2),
    ITEM,
    *STRATEGIES,
    c.ReviewScheduled(review_on=date(2026, 5, 1)),
    AGREED,
    c.PlanApproved(),
    NOTE,
    NOTE,
    c.ReferralMade(to="a food bank", plan_items=(1,), number=1),
    c.HandoffConfirmed(referral=1),
    *EVALUATED,
    c.IssueRaised(number=1, area="service-delivery-system", description="a waiting list"),
    c.IssueResolved(number=1),
    c.PlacementMade(kind="housing"),
    CRITERION,
    c.ClosureCriterionMet(number=1),
    c.ProgramCompleted(program="housing"),
    c.ExitInterview(program="housing"),
    c.FollowUpSession(program="housing", result="declined"),
    c.ClosingReview(),
    c.NextStagePlanned(plan="school"),
    c.ContinuingServicesListed(ways=()),
    c.ResourcesListed(resources=("food bank",)),
)

APART = {"found-ineligible", "not-yet-enrolled", "major-goals-achieved"}
"""What such a case cannot have too: each is met in a case of another kind."""


def less(*left_out):
    """The case without the events of these classes, or without these events."""
    return tuple(s for s in WHOLE if s not in left_out and type(s) not in left_out)


def but(event, *, case=WHOLE, **changes):
    """The case with one event recorded otherwise."""
    other = attrs.evolve(event, **changes)
    return tuple(other if step == event else step for step in case)


def then(*steps):
    """The case, and what happened afterwards."""
    return (*WHOLE, *steps)


DECISIONS = (
    c.ScreeningCompleted,
    c.EligibilityDetermined,
    c.SuitabilityDetermined,
    c.Enrolled,
    c.AssessmentCompleted,
    c.PlanAgreed,
    c.PlanApproved,
    c.CaseClosed,
    c.TransferredOut,
)


def workflow_of(rules, obligations=(), stages=("work", "plan")):
    """A workflow that judges all of these rules, and refuses nothing."""
    table: dict = {}
    for name, rule in rules.items():
        table.setdefault(ON_EVENTS.get(name, "go-on"), []).append(rule.warns())
    work, after = stages
    return Workflow(
        "desk",
        version="1",
        state=CaseworkState,
        stages=[
            Stage(work, initial=True, decides=DECISIONS),
            Stage(after, decides=DECISIONS),
            Stage("services"),
            Stage("done", final=True),
        ],
        transitions=[
            Transition("go-on", source=work, to=after),
            Transition("serve", source=after, to="services"),
            Transition("go-back", source="services", to=work),
            Transition("end", source=after, to="done"),
            Transition("assign", source=(work, after), to=STAY, records=c.LeadCaseManagerAssigned),
        ],
        events=FACTS,
        rules=table,
        indexes=[LEAD],
        obligations=obligations,
    )


class Desk:
    """One case on the desk of `ana`, at which time passes only when it is said."""

    def __init__(self, workflow, steps=()):
        self.now = MONDAY
        self.book = Casebook(workflow, MemoryStorage(), clock=lambda: self.now)
        self.book.open(client="P-1", by="ana", case_id="other")
        self.book.do("other", c.LeadCaseManagerAssigned(case_manager="mo"), by="ana")
        self.book.open(client="P-2", by="ana", case_id="case")
        waiting: list = []
        for step in steps:
            if not isinstance(step, timedelta):
                waiting.append(step)
                continue
            self.do(*waiting)
            waiting = []
            self.now += step
        self.do(*waiting)

    def do(self, *steps):
        if steps:
            self.book.do("case", *steps, by="ana")

    def judged(self, step="go-on"):
        """What is told of each rule that this step does not meet, by the id of the rule."""
        step = step(self.now) if callable(step) else step
        verdict = self.book.ask("case", step, by="ana")
        return {one.rule: told(one) for one in verdict.results if one.outcome != "met"}


def told(result):
    """A result as the lines that a caseworker reads."""
    lines = [result.wanted]
    for one in result.unmet:
        about = f"{one.about}: " if one.about else ""
        lines.append(f"{about}{one.found or 'nothing recorded'} > {one.remedy}")
    return lines


def late(event):
    """The event, as it happened ten days before it is recorded."""
    return lambda now: Entry(event, at=now - timedelta(days=10))
