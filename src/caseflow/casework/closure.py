"""Events of closure: criteria, exit interviews and documents, follow-up, outcomes."""

from __future__ import annotations

from typing import Literal

from caseflow.casework.words import Interview, Party
from caseflow.kernel.events import Code, Number, decision, fact


@fact("closure-criterion-set")
class ClosureCriterionSet:
    """It was agreed how client and case manager will know that services can end.

    `kind` is what it is about: a goal, the ability to function independently, or something else.
    `agreed_by` are who agreed on it.
    """

    number: Number
    description: str
    kind: Literal["goal", "independence", "other"] = "other"
    agreed_by: tuple[Party, ...] = ()


@fact("closure-criterion-met")
class ClosureCriterionMet:
    """A closure criterion was accomplished."""

    number: int
    note: str = ""


@fact("closure-criterion-dropped")
class ClosureCriterionDropped:
    """A closure criterion does not apply any more, for a reason."""

    number: int
    reason: str = ""


@fact("closing-review")
class ClosingReview:
    """Client and case manager went through the way they came, or what became of it."""

    result: Interview = "held"
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


@fact("follow-up-contact")
class FollowUpContact:
    """A contact with the client after the exit, or what became of it.

    Not the follow-up session, which belongs to the exit itself.
    """

    result: Interview = "held"
    program: Code = ""
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


@fact("placement-made")
class PlacementMade:
    """The client was placed: in work, housing, school."""

    kind: Code
    detail: str = ""


@fact("credential-earned")
class CredentialEarned:
    """The client earned a credential: a certificate, a diploma, a licence."""

    name: str


@fact("retention-checked")
class RetentionChecked:
    """Whether the client is still in the placement."""

    kind: Code
    retained: bool
    note: str = ""


@fact("program-completed")
class ProgramCompleted:
    """The client completed a program, or left it before its end."""

    program: Code
    completed: bool = True
    note: str = ""


@decision("case-closed")
class CaseClosed:
    """Services ended as planned."""

    outcome: Code = "completed"


@decision("transferred-out")
class TransferredOut:
    """Another agency took the case over. Until it accepts, the case stays here."""

    to: str
    accepted_by: str


FACTS = (
    ClosureCriterionSet,
    ClosureCriterionMet,
    ClosureCriterionDropped,
    ClosingReview,
    ExitInterview,
    FollowUpSession,
    FollowUpContact,
    NextStagePlanned,
    ContinuingServicesListed,
    ResourcesListed,
    PlacementMade,
    CredentialEarned,
    RetentionChecked,
    ProgramCompleted,
)
