"""Guards of staffing: that a case has a lead case manager, and how many cases one leads."""

from __future__ import annotations

from collections.abc import Iterator

from caseflow.casework import CaseworkState, LeadCaseManagerAssigned, lead_case_manager
from caseflow.kernel.case import Case
from caseflow.kernel.checks import so_many
from caseflow.kernel.context import Context
from caseflow.kernel.rules import Rule, Unmet, rule
from caseflow.rules.sources import MODELS, trilevel
from caseflow.workflow.vocabulary import maker

Casework = Case[CaseworkState]


@rule(
    "lead-assigned",
    rests_on=LeadCaseManagerAssigned,
    wanted="The case has a lead case manager.",
    source=trilevel("overview: navigators are assigned to individual participants"),
)
def _led(case: Casework, context: Context) -> Iterator[Unmet]:
    if lead_case_manager(case) is None:
        yield Unmet(found="nobody leads it yet", remedy="assign a lead case manager")


lead_assigned: Rule[CaseworkState] = _led.due(owner="supervisor")
"""A rule: a lead case manager is assigned. Until then it is due, and keeps nothing from happening.

Whoever assigns it is taken to be the supervisor; `lead_assigned.due(owner=...)` names another. It
belongs on the decision from which on somebody has to have the lead, such as the opening
(`CaseOpened`) or the enrollment. The source names no time: `lead_assigned.due(within=...)` does.
"""


@maker("caseload-cap")
def caseload_cap(most: int) -> Rule[CaseworkState]:
    """A rule: a case manager leads at most so many open cases.

    `most` is the number, this case included; the sources name several, for different ways of
    working, so an agency sets its own. Cases on hold count, those that have ended do not. It
    belongs on `assign-lead-case-manager`, and on `reopen`, which gives a case back to whom it
    had. The workflow needs the index `lead`, which `six_stage` has. It holds, whoever decides
    at the same time. Raises `DefinitionError` for what is no number of cases.
    """
    so_many("caseload_cap", most, "cases")

    @rule(
        "caseload-cap",
        rests_on=LeadCaseManagerAssigned,
        counts="lead",
        wanted=f"The case manager leads at most {cases_in_words(most)}, this one included.",
        source=f"{MODELS}, practice models: small caseloads",
        excepted_by="supervisor",
    )
    def capped(case: Casework, context: Context) -> Iterator[Unmet]:
        lead = lead_after(case, context.event)
        if lead is None:
            return
        others = context.other_cases("lead", lead)
        if others >= most:
            assigning = isinstance(context.event, LeadCaseManagerAssigned)
            yield Unmet(
                found=f"{lead} leads {cases_in_words(others)} already",
                remedy=f"assign it to somebody else{'' if assigning else ', and then do this'}",
                quoted=(lead,),
            )

    return capped


def lead_after(case: Casework, event: object) -> str | None:
    """Who has the lead once this event is recorded."""
    if isinstance(event, LeadCaseManagerAssigned):
        return event.case_manager
    return lead_case_manager(case)


def cases_in_words(count: int) -> str:
    """So many cases, in words."""
    return "one case" if count == 1 else f"{count} cases"
