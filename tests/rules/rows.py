"""The table of rules: for each, a case that it alone finds fault with, and what mends it.

`recorded` is the case, `mends` what is recorded besides so that the rule is met. Where a rule
judges an event, `judged` is that event and `mends` the event in its place; where no event
can mend it, `otherwise` is the whole case as it should have been. `beside` are other rules that
rest on the same thing, and cannot but be unmet as well. What each says is in `said.py`.
"""

from datetime import date, timedelta
from typing import Any, NamedTuple

import attrs

from caseflow import casework as c
from tests.rules.whole import (
    AGREED,
    ASSESSED,
    CAPACITIES,
    CRITERION,
    DOMAINS,
    EVALUATED,
    EVALUATION,
    GOAL,
    ITEM,
    LATER,
    NEED,
    NOTE,
    SERVICE,
    STRATEGIES,
    STRENGTH,
    WHOLE,
    WISHES,
    but,
    late,
    less,
    then,
)


class Row(NamedTuple):
    rule: str
    recorded: tuple[Any, ...]
    mends: tuple[Any, ...] = ()
    judged: Any = "go-on"
    otherwise: tuple[Any, ...] = ()
    beside: tuple[str, ...] = ()


def row(rule, recorded, *mends, judged="go-on", otherwise=(), beside=()):
    return Row(rule, recorded, mends, judged, otherwise, beside)


SECOND = c.NeedIdentified(number=2, description="sleeps badly", client_priority=2)
LOOK = c.StrategyRecorded(text="see a doctor", need=2)
CALL = c.ContactAttempted(channel="phone")
ADVOCACY = c.ServiceProvided(service="rent", function="advocacy")
OVER = c.TransferredOut(to="a shelter", accepted_by="its director")
SECOND_ITEM = attrs.evolve(ITEM, number=2)
THIRD = attrs.evolve(GOAL, number=3)
STANDS = {"beside": ("agreement-stands",)}
STEP = c.ObjectiveDrafted(number=1, goal=1, statement="the first part is paid")

ENGAGEMENT = (
    row("way-in-recorded", less(c.ReferralReceived), c.SelfReferred()),
    row(
        "lead-assigned",
        less(c.LeadCaseManagerAssigned),
        c.LeadCaseManagerAssigned(case_manager="ana"),
    ),
    row("demographics-recorded", less(c.DemographicsRecorded), c.DemographicsRecorded()),
    row("screening-before-enrollment", less(c.ScreeningCompleted), c.ScreeningCompleted()),
    row(
        "eligibility-before-enrollment",
        less(c.EligibilityDetermined),
        c.EligibilityDetermined(eligible=True),
    ),
    row(
        "eligibility-before-enrollment",
        then(c.EligibilityDetermined(eligible=True, valid_until=date(2026, 3, 9))),
        c.EligibilityDetermined(eligible=True, valid_until=date(2026, 3, 22)),
    ),
    row(
        "eligibility-before-enrollment",
        then(c.EligibilityDetermined(eligible=False, basis="income")),
        c.EligibilityDetermined(eligible=True),
    ),
    row(
        "suitability-before-enrollment",
        less(c.SuitabilityDetermined),
        c.SuitabilityDetermined(suitable=True),
    ),
    row(
        "suitability-before-enrollment",
        then(c.SuitabilityDetermined(suitable=False, basis="no beds")),
        c.SuitabilityDetermined(suitable=True),
    ),
    row(
        "readiness-before-enrollment",
        then(c.ReadinessIndicated(ready=False)),
        c.ReadinessIndicated(ready=True),
    ),
    row(
        "responsibilities-acknowledged",
        less(c.ResponsibilitiesAcknowledged),
        c.ResponsibilitiesAcknowledged(how="witnessed"),
    ),
    row(
        "responsibilities-acknowledged",
        less(c.OrientationHeld),
        c.OrientationHeld(),
    ),
    row(
        "responsibilities-acknowledged",
        then(c.ResponsibilitiesAcknowledged(how="not-agreed")),
        c.ResponsibilitiesAcknowledged(how="spoken"),
    ),
    row("partnership-established", less(c.PartnershipEstablished), c.PartnershipEstablished()),
    row(
        "enrolled-before-assessment",
        less(c.Enrolled),
        c.Enrolled(program="housing"),
        beside=("enrolled-before-withdrawal",),
    ),
)

ASSESSMENT = (
    row(
        "needs-numbered",
        less(NEED),
        attrs.evolve(ASSESSED, nothing_found=("needs",)),
        beside=("goals-answer-needs", "plan-items-relate"),
    ),
    row(
        "strengths-named",
        less(STRENGTH),
        c.StrengthIdentified(description="keeps promises"),
    ),
    row(
        "assessment-before-plan",
        less(ASSESSED),
        ASSESSED,
        beside=("not-older-than",),
    ),
    row("assessment-before-plan", then("go-on", "serve", "go-back"), ASSESSED),
    row(
        "needs-prioritized",
        but(NEED, client_priority=None),
        NEED,
        c.StrategyRecorded(text="talk to the landlord", need=1),
    ),
    row(
        "stated-in-both-terms",
        but(STRENGTH, case=but(NEED, client_words=""), client_words=""),
        STRENGTH,
    ),
    row(
        "stated-in-both-terms",
        but(STRENGTH, case=but(NEED, objective=False), objective=False),
        NEED,
    ),
    row(
        "domains-assessed",
        less(DOMAINS[0]),
        c.DomainAssessed(domain="biological-physical", answer="declined"),
    ),
    row(
        "capacities-assessed",
        less(CAPACITIES[1]),
        c.CapacityAssessed(of="network", answer="not-assessed"),
    ),
    row("client-took-part", but(ASSESSED, client_took_part=None), ASSESSED),
    row("client-took-part", but(ASSESSED, client_took_part=False), ASSESSED),
    row("assessment-is-systematic", but(ASSESSED, instrument="", sources=()), ASSESSED),
    row(
        "sections-told",
        less(WISHES[0]),
        c.SectionRecorded(section="expectations", answer="declined"),
    ),
)

GOALS = (
    row(
        "goals-set",
        less(GOAL, LATER),
        GOAL,
        beside=("short-and-long-term-goals", "outputs-and-outcomes", "items-serve-goals"),
    ),
    row("goals-answer-needs", but(GOAL, needs=()), GOAL),
    row("goals-answer-needs", but(GOAL, needs=(1, 7, 8)), GOAL),
    row("goals-measurable", but(GOAL, measure=" ", target="", target_date=None), GOAL),
    row("goals-measurable", but(GOAL, target_date=None), GOAL),
    row("goals-accepted", less(c.GoalAccepted(number=2)), c.GoalAccepted(number=2)),
    row("short-and-long-term-goals", but(LATER, horizon=None), LATER),
    row("outputs-and-outcomes", but(LATER, metric="output"), LATER),
    row("goals-have-actions", but(ITEM, goals=(1,)), attrs.evolve(ITEM, number=2, goals=(2,))),
    row(
        "items-serve-goals",
        but(ITEM, goals=()),
        ITEM,
        beside=("goals-have-actions",),
    ),
    row(
        "items-serve-goals",
        but(ITEM, goals=(9,)),
        ITEM,
        beside=("goals-have-actions",),
    ),
    row("barriers-have-strategies", less(STRATEGIES[0]), STRATEGIES[0]),
    row("strengths-built-upon", less(STRATEGIES[1]), STRATEGIES[1]),
    row("goals-evaluated", less(EVALUATED[1]), EVALUATED[1]),
    row("client-has-a-part", but(ITEM, by_client=False), ITEM),
    row("review-scheduled", less(c.ReviewScheduled), c.ReviewScheduled(review_on=date(2026, 5, 1))),
    row("major-goals-achieved", then(c.GoalAchieved(number=1)), c.GoalAchieved(number=2)),
    row("major-goals-achieved", then(c.GoalAchieved(number=2)), c.GoalDropped(number=1)),
)

PLANNING = (
    row("needs-covered", then(SECOND, LOOK), c.NeedDeferred(need=2, reason="she chose not now")),
    row("needs-covered", then(SECOND, LOOK), attrs.evolve(ITEM, number=2, needs=(2,))),
    row("plan-items-relate", but(ITEM, needs=(1, 3)), ITEM),
    row(
        "plan-items-relate",
        but(ITEM, case=then(c.NeedDeferred(need=1, reason="later")), needs=()),
        ITEM,
    ),
    row(
        "plan-items-relate",
        less(ITEM),
        ITEM,
        beside=("needs-covered", "goals-have-actions"),
    ),
    row("plan-items-complete", but(ITEM, actor=" ", by_date=None), ITEM),
    row("plan-items-complete", but(ITEM, activity="", expected_outcome=""), ITEM),
    row("plan-agreed", less(AGREED), AGREED, beside=("plan-current",)),
    row("plan-agreed", then(c.PlanAgreed(client="not-agreed", reason="too far")), AGREED, **STANDS),
    row(
        "plan-agreed",
        then(attrs.evolve(ITEM, activity="pay at once"), c.PlanApproved()),
        AGREED,
        **STANDS,
    ),
    row("plan-agreed", then(STEP, c.PlanApproved()), AGREED, **STANDS),
    row(
        "plan-agreed",
        then(SECOND_ITEM, c.PlanItemDropped(number=2), c.PlanApproved()),
        AGREED,
        **STANDS,
    ),
    row("agreement-stands", then(STEP, c.PlanApproved()), AGREED, beside=("plan-agreed",)),
    row("plan-approved", less(c.PlanApproved), c.PlanApproved()),
    row(
        "plan-approved",
        then(THIRD, c.GoalDropped(number=3), AGREED),
        c.PlanApproved(),
    ),
    row("plan-current", then(timedelta(days=50)), c.PlanReviewed()),
    row("plan-current", then(timedelta(days=50)), ASSESSED),
    row("plan-current", less(AGREED), AGREED, beside=("plan-agreed",)),
)

SERVICES = (
    row("service-in-plan", WHOLE, SERVICE, judged=attrs.evolve(SERVICE, plan_items=())),
    row("note-refers-to-plan", WHOLE, NOTE, judged=attrs.evolve(NOTE, plan_items=())),
    row("note-tells-efforts", WHOLE, NOTE, judged=attrs.evolve(NOTE, client_efforts=" ")),
    row("note-tells-efforts", WHOLE, NOTE, judged=attrs.evolve(NOTE, case_manager_efforts="")),
    row("note-concise", WHOLE, NOTE, judged=attrs.evolve(NOTE, text=" ")),
    row("note-concise", WHOLE, NOTE, judged=attrs.evolve(NOTE, text="word " * 300)),
    row("recorded-in-time", WHOLE, CALL, judged=late(CALL)),
    row(
        "evaluated-in-figures-and-words",
        WHOLE,
        EVALUATION,
        judged=attrs.evolve(EVALUATION, figure=None),
    ),
    row(
        "evaluated-in-figures-and-words",
        WHOLE,
        EVALUATION,
        judged=attrs.evolve(EVALUATION, judgement=" "),
    ),
    row(
        "referrals-handed-off",
        less(c.HandoffConfirmed),
        c.ReferralEnded(referral=1, served=False),
    ),
    row("no-open-issues", less(c.IssueResolved), c.IssueResolved(number=1)),
    row(
        "caseload-cap",
        WHOLE,
        c.LeadCaseManagerAssigned(case_manager="ana"),
        judged=c.LeadCaseManagerAssigned(case_manager="mo"),
    ),
    row("recorded", less(c.PlacementMade), c.PlacementMade(kind="work")),
    row(
        "recorded",
        then("go-on", "serve", timedelta(days=1), "go-back", ASSESSED),
        c.PlacementMade(kind="work"),
    ),
    row("recorded", less(c.PlacementMade), c.CredentialEarned(name="a licence")),
    row("at-least", (*less(NOTE), NOTE), NOTE),
    row("not-older-than", then(timedelta(days=400), c.PlanReviewed()), ASSESSED),
)

CLOSURE = (
    row(
        "closure-criteria-set",
        less(CRITERION),
        CRITERION,
        beside=("closure-criteria-met", "able-to-function-independently"),
    ),
    row(
        "closure-criteria-met",
        then(attrs.evolve(CRITERION, number=2, kind="goal")),
        c.ClosureCriterionMet(number=2),
    ),
    row(
        "closure-criteria-met",
        then(attrs.evolve(CRITERION, number=2, kind="goal")),
        c.ClosureCriterionDropped(number=2, reason="he studies"),
    ),
    row(
        "closure-criteria-met",
        then(c.ClosureCriterionDropped(number=1)),
        CRITERION,
        c.ClosureCriterionMet(number=1),
        beside=("closure-criteria-set", "able-to-function-independently"),
    ),
    row(
        "closure-criteria-met",
        less(c.ClosureCriterionMet),
        c.ClosureCriterionMet(number=1),
        beside=("able-to-function-independently",),
    ),
    row("criteria-agreed-by-both", but(CRITERION, agreed_by=("case-manager",)), CRITERION),
    row("criteria-agreed-by-both", but(CRITERION, agreed_by=("representative",)), CRITERION),
    row("criteria-agreed-by-both", but(CRITERION, agreed_by=()), CRITERION),
    row(
        "able-to-function-independently",
        but(CRITERION, kind="goal"),
        attrs.evolve(CRITERION, number=2),
        c.ClosureCriterionMet(number=2),
    ),
    row(
        "able-to-function-independently",
        less(c.ClosureCriterionMet),
        c.ClosureCriterionMet(number=1),
        beside=("closure-criteria-met",),
    ),
    row(
        "exit-interview",
        less(c.ExitInterview),
        c.ExitInterview(program="housing", result="declined"),
    ),
    row(
        "follow-up-session",
        less(c.FollowUpSession),
        c.FollowUpSession(program="housing", result="offered"),
    ),
    row("closing-review", less(c.ClosingReview), c.ClosingReview(result="unreachable")),
    row("next-stage-planned", less(c.NextStagePlanned), c.NextStagePlanned(plan="school")),
    row(
        "continuing-services-listed",
        less(c.ContinuingServicesListed),
        c.ContinuingServicesListed(ways=()),
    ),
    row("resources-listed", less(c.ResourcesListed), c.ResourcesListed(resources=())),
    row(
        "programs-completed",
        less(c.ProgramCompleted),
        c.ProgramCompleted(program="housing", completed=False),
    ),
    row(
        "outcome-as-recorded",
        then(c.ProgramCompleted(program="housing", completed=False)),
        c.CaseClosed(outcome="left-early"),
        judged=c.CaseClosed(),
    ),
)

ENDINGS = (
    row("found-ineligible", WHOLE, c.EligibilityDetermined(eligible=False)),
    row(
        "found-ineligible",
        less(c.EligibilityDetermined),
        c.EligibilityDetermined(eligible=False),
        beside=("eligibility-before-enrollment",),
    ),
    row("not-yet-enrolled", WHOLE, otherwise=less(c.Enrolled)),
    row(
        "not-yet-enrolled",
        (*less(c.Enrolled), "go-on", "serve", "go-back", ASSESSED),
        otherwise=less(c.Enrolled),
        beside=("enrolled-before-assessment",),
    ),
    row(
        "enrolled-before-withdrawal",
        less(c.Enrolled),
        c.Enrolled(program="housing"),
        beside=("enrolled-before-assessment",),
    ),
    row(
        "referred-elsewhere",
        less(c.ReferralMade, c.HandoffConfirmed),
        c.ReferralMade(to="a clinic"),
    ),
    row(
        "referred-elsewhere",
        (
            *less(c.ReferralMade, c.HandoffConfirmed),
            c.ReferralMade(to="a clinic", number=1),
            c.ReferralEnded(referral=1, served=False),
        ),
        c.ReferralMade(to="a school"),
    ),
    row("transfer-accepted", WHOLE, OVER, judged=attrs.evolve(OVER, to=" ")),
    row("transfer-accepted", WHOLE, OVER, judged=attrs.evolve(OVER, accepted_by="")),
    row("contact-attempted", less(c.ContactAttempted), CALL, timedelta(days=20), CALL),
    row(
        "contact-attempted", then(attrs.evolve(CALL, reached=True)), CALL, timedelta(days=20), CALL
    ),
    row(
        "contact-attempted",
        then(attrs.evolve(CALL, reached=True), CALL, CALL),
        timedelta(days=15),
    ),
    row(
        "contact-attempted",
        then(CALL, timedelta(days=15), CALL, c.ClientCheckedIn()),
        CALL,
        timedelta(days=15),
        CALL,
    ),
    row(
        "contact-attempted",
        then(CALL, timedelta(days=15), c.ServiceProvided(service="meal"), CALL, ADVOCACY),
        CALL,
        timedelta(days=15),
    ),
)

ROWS = (*ENGAGEMENT, *ASSESSMENT, *GOALS, *PLANNING, *SERVICES, *CLOSURE, *ENDINGS)
