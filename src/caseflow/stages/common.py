"""What every shipped workflow has: the ways to end early, and who has the lead.

None of the documents states the early endings; the field has them, and each is a decision of
its own, with requirements of its own.
"""

from __future__ import annotations

from typing import Any

from caseflow.casework import (
    CaseClosed,
    CaseworkState,
    LeadCaseManagerAssigned,
    PlanApproved,
    ServiceProvided,
    TransferredOut,
    lead_case_manager,
)
from caseflow.kernel.rules import Rule
from caseflow.rules import (
    agreement_stands,
    contact_attempted,
    enrolled_before_withdrawal,
    exit_interviews,
    found_ineligible,
    not_yet_enrolled,
    nothing_left_undone,
    outcome_as_recorded,
    plan_agreed,
    referred_elsewhere,
    transfer_accepted,
)
from caseflow.rules.sources import field
from caseflow.workflow.definition import ANY_OPEN, BACK, NOT_STATED, STAY, Index, Transition

CLOSED = "closed"
"""The stage in which every shipped workflow ends."""

LEFT_UNDONE = nothing_left_undone.warns()
"""Told by every ending that the agency or the client decides on: not by death, or an error."""


def early_endings(*, served_in: tuple[str, ...], refers: str = "") -> tuple[Transition, ...]:
    """The ways to end early, from any open stage.

    `served_in` are the stages in which services are given: who came into one has begun them.
    Before a client is enrolled or served, the case ends as ineligible, denied or declined;
    after, the client withdraws or is discharged. `refers` is where the document says that whom
    the agency cannot help is referred to others (empty: nowhere): then who is not eligible is
    referred, too.
    """
    referred = referred_elsewhere.sourced(refers) if refers else referred_elsewhere
    not_begun = not_yet_enrolled(
        served_in=served_in, remedy="discharge the client: the agency ends what has begun"
    )
    return (
        Transition(
            "end-as-ineligible",
            description="Before being enrolled or served, the client was found not eligible.",
            source=ANY_OPEN,
            to=CLOSED,
            rules=[
                found_ineligible,
                not_begun.named("ineligible-before-enrollment").sourced(
                    field("who was enrolled or served is discharged")
                ),
                *([referred.warns()] if refers else []),
                LEFT_UNDONE,
            ],
            stated_in=NOT_STATED,
        ),
        Transition(
            "deny",
            description="Before the client is enrolled or served, the agency does not take them "
            "on, and says why.",
            source=ANY_OPEN,
            to=CLOSED,
            reason_required=True,
            rules=[
                not_begun.named("denied-before-enrollment").sourced(
                    field("to deny is not to discharge")
                ),
                LEFT_UNDONE,
            ],
            stated_in=NOT_STATED,
        ),
        Transition(
            "decline-services",
            description="Before being enrolled or served, the client decides against the services.",
            source=ANY_OPEN,
            to=CLOSED,
            rules=[not_yet_enrolled(served_in=served_in), LEFT_UNDONE],
            stated_in=NOT_STATED,
        ),
        Transition(
            "withdraw",
            description="A client who is enrolled, or served already, leaves the services.",
            source=ANY_OPEN,
            to=CLOSED,
            rules=[
                enrolled_before_withdrawal(served_in=served_in),
                exit_interviews.warns().sourced(field("an exit interview, where there can be one")),
                LEFT_UNDONE,
            ],
            stated_in=NOT_STATED,
        ),
        Transition(
            "discharge",
            description="The agency ends services that it had begun to give, and says why: the "
            "client is no longer eligible, say.",
            source=ANY_OPEN,
            to=CLOSED,
            reason_required=True,
            rules=[
                enrolled_before_withdrawal(
                    served_in=served_in,
                    remedy="end the case as denied; or, if the client was enrolled, record the "
                    "enrollment with its own day first",
                )
                .named("enrolled-before-discharge")
                .sourced(field("to discharge is not to deny")),
                exit_interviews.warns().sourced(field("an exit interview, where there can be one")),
                LEFT_UNDONE,
            ],
            stated_in=NOT_STATED,
        ),
        Transition(
            "end-as-unable-to-locate",
            description="The case ends because the client can no longer be reached.",
            source=ANY_OPEN,
            to=CLOSED,
            rules=[contact_attempted()],
            supersedes=True,
            label="end as unable to locate",
            stated_in=NOT_STATED,
        ),
        Transition(
            "refer-out",
            description="The case ends here because somebody else can help.",
            source=ANY_OPEN,
            to=CLOSED,
            rules=[referred, LEFT_UNDONE],
            stated_in=refers or NOT_STATED,
        ),
        Transition(
            "transfer-out",
            source=ANY_OPEN,
            to=CLOSED,
            records=TransferredOut,
            rules=[transfer_accepted, LEFT_UNDONE],
            stated_in=NOT_STATED,
        ),
        Transition(
            "end-as-deceased",
            description="The case ends because the client has died.",
            source=ANY_OPEN,
            to=CLOSED,
            supersedes=True,
            stated_in=NOT_STATED,
        ),
        Transition(
            "end-as-entered-in-error",
            description="The case should never have been opened.",
            source=ANY_OPEN,
            to=CLOSED,
            reason_required=True,
            stated_in=NOT_STATED,
        ),
        Transition(
            "end-with-program",
            description="The case ends because the program ends.",
            source=ANY_OPEN,
            to=CLOSED,
            reason_required=True,
            rules=[LEFT_UNDONE],
            stated_in=NOT_STATED,
        ),
    )


APPROVING: dict[str | type[Any], list[Rule[CaseworkState]]] = {
    PlanApproved: [plan_agreed.sourced(field("a plan is agreed before it is approved"))]
}
"""What is asked before a plan is approved, wherever it is."""

SERVING: dict[str | type[Any], list[Rule[CaseworkState]]] = {
    ServiceProvided: [agreement_stands.warns()]
}
"""What is asked of each service, wherever it is given."""

CLOSING: dict[str | type[Any], list[Rule[CaseworkState]]] = {
    CaseClosed: [outcome_as_recorded.warns()]
}
"""What is asked before a case is closed as planned, wherever it is."""

ANSWERED = {"plan-agreed": "the client's answer to the plan"}
"""Words for a decision that is recorded too where the client says no."""

REOPENING = Transition(
    "reopen",
    description="A closed case is taken up again.",
    source=CLOSED,
    to=BACK,
    reopens=True,
    reason_required=True,
    stated_in=NOT_STATED,
)
"""A closed case comes back to where it was."""

ASSIGNING = Transition(
    "assign-lead-case-manager",
    source=(ANY_OPEN, CLOSED),
    to=STAY,
    records=LeadCaseManagerAssigned,
    stated_in=NOT_STATED,
)
"""A case is given to its lead case manager, in any stage.

In the last one, too: who is to have the lead is settled before a case is reopened.
"""

LEAD = Index("lead", of=lead_case_manager)
"""By whom cases are found and counted."""
