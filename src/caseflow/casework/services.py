"""Events of intervention: services, referrals and their handoff, notes, requisitions."""

from __future__ import annotations

from decimal import Decimal

from caseflow.casework.words import Formality, Function, Mode
from caseflow.kernel.events import Code, Number, fact


@fact("service-provided")
class ServiceProvided:
    """A service was provided, for the plan items it belongs to (none: outside the plan).

    `function` is what the case manager did, of the direct and indirect ones. `units` are
    counted in the agency's own unit, `hours` in hours, `cost` in `currency` (an ISO code),
    paid from `funding_source`. `provider` is who provided it, if not the agency.
    """

    service: Code
    plan_items: tuple[int, ...] = ()
    note: str = ""
    function: Function | None = None
    formality: Formality | None = None
    mode: Mode | None = None
    provider: str = ""
    units: Decimal | None = None
    hours: Decimal | None = None
    cost: Decimal | None = None
    currency: Code = ""
    funding_source: Code = ""


@fact("referral-made")
class ReferralMade:
    """The client was referred to another agency or program.

    With a `number`, its handoff and outcome are told of it.
    """

    to: str
    plan_items: tuple[int, ...] = ()
    note: str = ""
    number: Number | None = None
    service: Code = ""


@fact("handoff-confirmed")
class HandoffConfirmed:
    """The agency referred to has received the client: the referral is linked."""

    referral: int
    note: str = ""


@fact("referral-ended")
class ReferralEnded:
    """What became of a referral: the client was served, or was not, and why."""

    referral: int
    served: bool
    note: str = ""


@fact("progress-noted")
class ProgressNoted:
    """A progress note: how it goes in relation to the plan, and the efforts of both sides."""

    text: str
    plan_items: tuple[int, ...] = ()
    client_efforts: str = ""
    case_manager_efforts: str = ""


@fact("client-checked-in")
class ClientCheckedIn:
    """The client got in touch, as they had said they would."""

    mode: Mode | None = None
    note: str = ""


@fact("requisition-made")
class RequisitionMade:
    """A service, or money for one, was asked for inside the agency."""

    number: Number
    service: Code
    cost: Decimal | None = None
    currency: Code = ""
    note: str = ""


@fact("requisition-answered")
class RequisitionAnswered:
    """A requisition was granted, or not, with the reason: refused, withdrawn by the client."""

    number: int
    granted: bool
    reason: str = ""


FACTS = (
    ServiceProvided,
    ReferralMade,
    HandoffConfirmed,
    ReferralEnded,
    ProgressNoted,
    ClientCheckedIn,
    RequisitionMade,
    RequisitionAnswered,
)
