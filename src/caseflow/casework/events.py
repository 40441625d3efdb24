"""The events of case work: what happens with a client, and what the agency decides.

Facts are drafts, contacts, services, documents: they are recorded as they come. Decisions
are the few acts that rules judge: eligibility, enrollment, a completed assessment, an agreed
plan, closure.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from caseflow.kernel.events import Code, decision, fact

Domain = Literal["biological-physical", "social", "psychological-emotional", "other"]
"""The domains of a holistic assessment (ISED, stage 2); `other` for what fits none."""

Agreement = Literal["signed", "spoken", "witnessed", "interpreted", "not-agreed"]
"""How the client agreed to a plan, or that the client did not."""

Interview = Literal["held", "offered", "declined", "unreachable"]
"""What became of an interview or session. All four are answers."""

# -- staff -----------------------------------------------------------------------------------


@decision("lead-case-manager-assigned")
class LeadCaseManagerAssigned:
    """A case manager was given the lead: the one who answers for the case.

    Assigning another one is the reassignment of the case, inside the agency.
    """

    case_manager: Code


# -- engagement ------------------------------------------------------------------------------


@fact("outreach-made")
class OutreachMade:
    """Somebody from the agency reached out to the client."""

    channel: Code = ""
    note: str = ""


@fact("referral-received")
class ReferralReceived:
    """The client was referred to the agency from outside."""

    source: str
    note: str = ""


@decision("eligibility-determined")
class EligibilityDetermined:
    """The client was found eligible, or not.

    `basis` is the ground, in the agency's words; `valid_until` the last day on which it
    holds (None: no end), for a provisional or expiring finding.
    """

    eligible: bool
    basis: Code = ""
    valid_until: date | None = None


@decision("enrolled")
class Enrolled:
    """The client was enrolled in a program. A case may hold several enrollments."""

    program: Code


# -- assessment ------------------------------------------------------------------------------


@fact("need-identified")
class NeedIdentified:
    """A need or barrier was found, and numbered. The same number again replaces its words."""

    number: int
    description: str
    domain: Domain = "other"
    client_priority: int | None = None
    objective: bool = True
    """Stated in objective terms; False: in the client's own, subjective terms."""


@fact("strength-identified")
class StrengthIdentified:
    """A strength of the client was found, and named."""

    description: str
    domain: Domain = "other"


@decision("assessment-completed")
class AssessmentCompleted:
    """The assessment is complete: needs are numbered and strengths named.

    `nothing_found` answers for what was asked and not found: `needs`, `strengths`.
    """

    instrument: Code = ""
    nothing_found: tuple[Literal["needs", "strengths"], ...] = ()


# -- planning --------------------------------------------------------------------------------


@fact("plan-item-drafted")
class PlanItemDrafted:
    """An item of the service plan was written. The same number again replaces the item.

    `needs` are the numbers of the needs it addresses; `actor` who does it, `activity` what
    is done, `by_date` until when, `expected_outcome` what is expected to change.
    """

    number: int
    needs: tuple[int, ...]
    activity: str = ""
    actor: str = ""
    by_date: date | None = None
    expected_outcome: str = ""


@fact("plan-item-dropped")
class PlanItemDropped:
    """An item was taken out of the plan."""

    number: int
    reason: str = ""


@fact("need-deferred")
class NeedDeferred:
    """A need is not addressed now, for a reason (the client chose so, no service is free)."""

    need: int
    reason: str


@decision("plan-agreed")
class PlanAgreed:
    """The plan was agreed, with how the client agreed (or that the client did not)."""

    client: Agreement


# -- intervention and monitoring -------------------------------------------------------------


@fact("service-provided")
class ServiceProvided:
    """A service was provided, for the plan items it belongs to (none: outside the plan)."""

    service: Code
    plan_items: tuple[int, ...] = ()
    note: str = ""


@fact("referral-made")
class ReferralMade:
    """The client was referred to another agency or program."""

    to: str
    plan_items: tuple[int, ...] = ()
    note: str = ""


@fact("progress-noted")
class ProgressNoted:
    """A progress note: how it goes in relation to the plan, and the efforts of both sides."""

    text: str
    plan_items: tuple[int, ...] = ()
    client_efforts: str = ""
    case_manager_efforts: str = ""


@fact("contact-attempted")
class ContactAttempted:
    """Somebody tried to reach the client."""

    channel: Code = ""
    reached: bool = False
    note: str = ""


@fact("monitoring-noted")
class MonitoringNoted:
    """The services were monitored: along which dimension, formally or not, and the finding."""

    dimension: Literal["effort", "adequacy", "quality", "outcome"]
    finding: str
    kind: Literal["informal", "formal"] = "informal"


# -- termination -----------------------------------------------------------------------------


@fact("closure-criterion-set")
class ClosureCriterionSet:
    """Something was agreed whose accomplishment will tell that services may end."""

    number: int
    description: str


@fact("closure-criterion-met")
class ClosureCriterionMet:
    """A closure criterion was accomplished."""

    number: int
    note: str = ""


@fact("exit-interview")
class ExitInterview:
    """The exit interview for one program, or what became of it."""

    program: Code
    result: Interview = "held"
    note: str = ""


@fact("follow-up-session")
class FollowUpSession:
    """The follow-up session for one program at its end, or what became of it."""

    program: Code
    result: Interview = "held"
    note: str = ""


@fact("next-stage-planned")
class NextStagePlanned:
    """A plan for the client's next stage was made and handed over."""

    plan: str


@fact("continuing-services-listed")
class ContinuingServicesListed:
    """The ways in which the agency can go on serving the client were listed."""

    ways: tuple[str, ...]


@fact("resources-listed")
class ResourcesListed:
    """Resources and referrals for the client were listed."""

    resources: tuple[str, ...]


@decision("case-closed")
class CaseClosed:
    """Services ended as planned."""

    outcome: Code = "completed"


@decision("transferred-out")
class TransferredOut:
    """Another agency took the case over. Until it accepts, the case stays here."""

    to: str
    accepted_by: str


# -- what has to be kept ---------------------------------------------------------------------


@fact("legal-hold-placed")
class LegalHoldPlaced:
    """Nothing of the case may be erased from now on: a lawsuit, an audit. The hold has a name."""

    name: Code
    reason: str = ""


@fact("legal-hold-lifted")
class LegalHoldLifted:
    """A legal hold came to its end."""

    name: Code


FACTS: tuple[type, ...] = (
    OutreachMade,
    ReferralReceived,
    NeedIdentified,
    StrengthIdentified,
    PlanItemDrafted,
    PlanItemDropped,
    NeedDeferred,
    ServiceProvided,
    ReferralMade,
    ProgressNoted,
    ContactAttempted,
    MonitoringNoted,
    ClosureCriterionSet,
    ClosureCriterionMet,
    ExitInterview,
    FollowUpSession,
    NextStagePlanned,
    ContinuingServicesListed,
    ResourcesListed,
    LegalHoldPlaced,
    LegalHoldLifted,
)
"""The facts of case work, for a workflow's `events`."""
