"""What a practice model asks for: caseloads, outreach, contacts, who serves and who plans.

All of it warns. The numbers that the source describes ("average", "usually") are
targets; a hard cap is `caseload_cap`, and to try again is an obligation (`due.re_engagement`).
"""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.casework import (
    DIRECT,
    Author,
    CaseworkState,
    ContactAttempted,
    EligibilityDetermined,
    LeadCaseManagerAssigned,
    OutreachMade,
    PlanItemDrafted,
    ReferralMade,
    ServiceProvided,
    service_mix,
)
from caseflow.kernel.case import Case
from caseflow.kernel.checks import so_many, some_texts
from caseflow.kernel.context import Context
from caseflow.kernel.rules import Rule, Unmet, rule
from caseflow.rules.sources import models, trilevel
from caseflow.rules.staffing import cases_in_words, lead_after
from caseflow.workflow.vocabulary import maker

Casework = Case[CaseworkState]


@maker("caseload-target")
def caseload_target(most: int, *, usual: str = "") -> Rule[CaseworkState]:
    """A rule, which warns: a case manager leads so many open cases, and here is one more.

    `most` is the number that the model is described with, this case included; `usual` is how,
    where it is no limit ("on average", "usually"). It counts as
    `caseload_cap` does, and belongs on the same transitions. In a team each member has the
    lead of some of its cases, so that it counts by member. Raises `DefinitionError` for what is
    no number of cases.
    """
    so_many("caseload_target", most, "cases")
    count = cases_in_words(most)
    limit = f"The case manager leads at most {count}, this one included."

    @rule(
        "caseload-target",
        rests_on=LeadCaseManagerAssigned,
        counts="lead",
        wanted=f"{usual.capitalize()}, a case manager leads {count}." if usual else limit,
        source=models("practice models: caseloads"),
    )
    def aimed_at(case: Casework, context: Context) -> Iterator[Unmet]:
        lead = lead_after(case, context.event)
        if lead is None:
            return
        others = context.other_cases("lead", lead)
        if others >= most:
            yield Unmet(
                found=f"{lead} leads {cases_in_words(others)} already",
                remedy="see whether somebody else can take it",
                quoted=(lead,),
            )

    return aimed_at.warns()


@rule("no-outreach", rests_on=OutreachMade, source=models("brokerage: no outreach"))
def no_outreach(case: Casework, context: Context) -> Iterator[Unmet]:
    """No outreach is made: clients come on their own, or are referred."""
    yield Unmet(
        found="outreach was made",
        remedy="see whether another way of working fits this client better",
    )


no_outreach = no_outreach.warns()


@rule(
    "outreach-goes-on",
    rests_on=ContactAttempted,
    source=models("intensive case management: assertive outreach"),
)
def outreach_goes_on(case: Casework, context: Context) -> Iterator[Unmet]:
    """Staff go on trying to engage a client who cannot be reached."""
    yield Unmet(
        found="the case is about to end without the client",
        remedy="see first whether the client can be reached in another way or place",
    )


outreach_goes_on = outreach_goes_on.warns()


@maker("contact-budget")
def contact_budget(most: int) -> Rule[CaseworkState]:
    """A rule, which warns: the client is met at most so many times.

    It belongs on `ContactAttempted`. Only contacts in which the client was reached count. One
    more than `most` asks whether this way of working fits. Raises `DefinitionError` for what is
    no number of contacts.
    """
    so_many("contact_budget", most, "contacts")

    @rule(
        "contact-budget",
        rests_on=ContactAttempted,
        history=ContactAttempted,
        wanted=f"The client's needs are linked to services in at most {_contacts(most)}.",
        source=models("brokerage: one or two contacts"),
    )
    def in_few_contacts(case: Casework, context: Context) -> Iterator[Unmet]:
        before = [one for one in context.history(ContactAttempted) if one.event.reached]
        if context.event.reached and len(before) >= most:
            yield Unmet(
                found=_contacts(len(before) + 1),
                remedy="ask whether this way of working still fits the client",
                evidence=tuple(one.number for one in before),
            )

    return in_few_contacts.warns()


@maker("contact-setting")
def contact_setting(settings: tuple[str, ...]) -> Rule[CaseworkState]:
    """A rule, which warns: clients are met in one of these settings.

    It belongs on `ContactAttempted`. `settings` are the agency's own words (`home`,
    `office`). A contact whose setting is not recorded is not judged. Raises `DefinitionError`
    where none is given.
    """
    places = " or ".join(some_texts("contact_setting", settings, "settings"))

    @rule(
        "contact-setting",
        rests_on=ContactAttempted,
        wanted=f"Clients are met in this setting: {places}.",
        source=models("practice models: where care is given"),
    )
    def in_setting(case: Casework, context: Context) -> Iterator[Unmet]:
        setting = context.event.setting
        if setting and setting not in settings:
            yield Unmet(
                found=setting,
                remedy=f"arrange the next contact here: {places}",
                quoted=(setting, f": {places}"),
            )

    return in_setting.warns()


@rule(
    "care-given-directly",
    rests_on=(ReferralMade, ServiceProvided),
    source=models("assertive community treatment: all necessary care themselves"),
)
def care_given_directly(case: Casework, context: Context) -> Iterator[Unmet]:
    """The team gives all necessary care itself."""
    event = context.event
    elsewhere = event.to if isinstance(event, ReferralMade) else event.provider
    if elsewhere:
        yield Unmet(
            found=f"care by {elsewhere}",
            remedy="see whether the team can give it itself",
            quoted=(str(elsewhere),),
        )


care_given_directly = care_given_directly.warns()


@rule(
    "services-mostly-arranged",
    rests_on=(ServiceProvided, ReferralMade),
    source=models("brokerage: very little direct service"),
)
def services_mostly_arranged(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client is mostly linked to services of others."""
    if context.event.function not in DIRECT:
        return
    mix = service_mix(case)
    direct, arranged = mix.direct + 1, mix.indirect + mix.referred
    if direct > arranged:
        yield Unmet(
            found=f"{direct} given by staff, and {arranged} arranged with others",
            remedy="look for a service of the community that can do it",
        )


services_mostly_arranged = services_mostly_arranged.warns()


@maker("plan-written-by")
def plan_written_by(author: Author) -> Rule[CaseworkState]:
    """A rule, which warns: the plan was written by whom the practice model says.

    It belongs on `PlanAgreed`, and looks at `written_by` of the plan items, not at who typed
    them in. Of the client or the case manager: no item was written by the other side alone.
    Of both: each side has written something, together or apart. An item of which nobody said
    who wrote it is told as such.
    """
    wanted, source = _AUTHORS[author]

    @rule("plan-written-by", rests_on=PlanItemDrafted, wanted=wanted, source=source)
    def written(case: Casework, context: Context) -> Iterator[Unmet]:
        plan = case.state.plan
        for item in plan:
            if item.written_by is None:
                yield Unmet(
                    about=f"plan item {item.number}",
                    found="no record of who wrote it",
                    remedy="draft it again, and say who wrote it",
                    evidence=(item.recorded,),
                )
            elif author != "both" and item.written_by not in (author, "both"):
                yield Unmet(
                    about=f"plan item {item.number}",
                    found=f"written by {_SIDES[item.written_by]} alone",
                    remedy=f"go through it with {_SIDES[author]}, and draft it in their words",
                    evidence=(item.recorded,),
                )
        sides = {item.written_by for item in plan if item.written_by}
        if author == "both" and len(sides) == 1 and "both" not in sides:
            side = sides.pop()
            other: Author = "client" if side == "case-manager" else "case-manager"
            unsaid = any(item.written_by is None for item in plan)
            every = "every item whose writer is recorded is" if unsaid else "every item is written"
            yield Unmet(
                found=f"{every} by {_SIDES[side]} alone",
                remedy=f"go through the plan together, and draft what {_SIDES[other]} adds",
                evidence=tuple(item.recorded for item in plan),
            )

    return written.warns()


_SIDES = {"client": "the client", "case-manager": "the case manager", "both": "both"}
_AUTHORS = {
    "client": (
        "The client has a hand in every item of the plan.",
        models("strengths-based: the client takes the lead"),
    ),
    "case-manager": (
        "The case manager has a hand in every item of the plan.",
        models("practice models"),
    ),
    "both": (
        "Client and case manager wrote the plan together.",
        trilevel("participant responsibilities: co-create the plan"),
    ),
}


@maker("eligible-because")
def eligible_because(grounds: tuple[str, ...]) -> Rule[CaseworkState]:
    """A rule: the client was found eligible on one of these grounds, such as a diagnosis.

    It belongs on `Enrolled`, beside `eligible`, and looks at `basis` of the latest finding.
    No workflow has it unless an agency adds it. Raises `DefinitionError` where none is given.
    """
    some_texts("eligible_because", grounds, "grounds")

    @rule(
        "eligible-because",
        rests_on=EligibilityDetermined,
        wanted=f"The client is eligible on one of these grounds: {', '.join(grounds)}.",
        source=models("intensive case management: a defined group"),
        excepted_by="supervisor",
    )
    def on_a_ground(case: Casework, context: Context) -> Iterator[Unmet]:
        found = case.latest(EligibilityDetermined)
        if found is None or found.basis not in grounds:
            yield Unmet(
                found=None if found is None else found.basis or "no ground was given",
                remedy="determine eligibility again, and give the ground",
                quoted=(str(found.basis),) if found else (),
            )

    return on_a_ground


def _contacts(count: int) -> str:
    return "one contact" if count == 1 else f"{count} contacts"
