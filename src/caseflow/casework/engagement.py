"""Events of engagement: outreach, eligibility and suitability, orientation, enrollment."""

from __future__ import annotations

from datetime import date

from caseflow.casework.words import Agreement, Mode
from caseflow.kernel.events import Code, decision, fact


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


@fact("self-referred")
class SelfReferred:
    """The client came to the agency on their own."""

    note: str = ""


@fact("contact-attempted")
class ContactAttempted:
    """Somebody tried to reach the client, or met them (`reached`).

    `mode` is how, `setting` where, in the agency's words (`home`, `workplace`, `office`);
    `one_to_one` whether it was with the client alone: False for a meeting in a group or with
    the family, None where it is not said.
    """

    channel: Code = ""
    reached: bool = False
    note: str = ""
    mode: Mode | None = None
    one_to_one: bool | None = None
    setting: Code = ""


@fact("demographics-recorded")
class DemographicsRecorded:
    """The client's demographic details were taken down, in the agency's own form."""

    note: str = ""


@fact("intake-paperwork-completed")
class IntakePaperworkCompleted:
    """The papers of the intake are complete: they follow the first meeting."""

    documents: tuple[Code, ...] = ()


@decision("screening-completed")
class ScreeningCompleted:
    """The short assessment in the intake interview is done, before enrollment."""

    instrument: Code = ""


@decision("eligibility-determined")
class EligibilityDetermined:
    """The client was found eligible, or not.

    `basis` is the ground, in the agency's words; `valid_until` the last day on which it
    holds (None: no end), for a provisional or expiring finding.
    """

    eligible: bool
    basis: Code = ""
    valid_until: date | None = None


@decision("suitability-determined")
class SuitabilityDetermined:
    """The program was found to suit the client, or not: a finding apart from eligibility."""

    suitable: bool
    basis: Code = ""


@fact("readiness-indicated")
class ReadinessIndicated:
    """The client said whether they are ready to be part of the program."""

    ready: bool
    note: str = ""


@fact("orientation-held")
class OrientationHeld:
    """The program was explained to the client, with what is expected of them."""

    mode: Mode | None = None
    note: str = ""


@fact("responsibilities-acknowledged")
class ResponsibilitiesAcknowledged:
    """The client acknowledged what is expected of them, or did not (`not-agreed`)."""

    how: Agreement = "spoken"
    note: str = ""


@fact("partnership-established")
class PartnershipEstablished:
    """Client and case manager work together from here on."""

    note: str = ""


@decision("enrolled")
class Enrolled:
    """The client was enrolled in a program. A case may hold several enrollments."""

    program: Code


FACTS = (
    OutreachMade,
    ReferralReceived,
    SelfReferred,
    ContactAttempted,
    DemographicsRecorded,
    IntakePaperworkCompleted,
    ReadinessIndicated,
    OrientationHeld,
    ResponsibilitiesAcknowledged,
    PartnershipEstablished,
)
