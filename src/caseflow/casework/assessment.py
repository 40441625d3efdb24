"""Events of assessment: needs and strengths, their domains, capacities, levels of care."""

from __future__ import annotations

from typing import Literal

from caseflow.casework.words import (
    Answer,
    CapacityOf,
    Domain,
    FindingKind,
    InformationSource,
    Section,
)
from caseflow.kernel.events import Code, Number, decision, fact


@fact("need-identified")
class NeedIdentified:
    """A need or barrier was found, and numbered. The same number again replaces its words.

    `client_priority` is the client's own order, from 1; `client_words` how the client says
    it; `urgent` that it cannot wait for a plan.
    """

    number: Number
    description: str
    domain: Domain = "other"
    client_priority: int | None = None
    objective: bool = True
    """Stated in objective terms; False: in the client's own, subjective terms."""
    kind: FindingKind = "need"
    client_words: str = ""
    urgent: bool = False


@fact("need-met")
class NeedMet:
    """A need is met: nothing more has to be done for it. Identified again, it is open again."""

    number: int
    note: str = ""


@fact("need-rated")
class NeedRated:
    """How heavily a need or barrier weighs, on the agency's scale: a higher figure is worse."""

    number: int
    rating: int
    note: str = ""


@fact("strength-identified")
class StrengthIdentified:
    """A strength of the client was found, and named.

    By its number plans say how they build upon it, and it is rated. The same number again replaces
    its words. Without a `number` it has that of the event, or of a strength in the same words.
    """

    description: str
    domain: Domain = "other"
    number: Number | None = None
    objective: bool = True
    client_words: str = ""


@fact("strength-rated")
class StrengthRated:
    """How strong a strength is, on the agency's scale: a higher figure is better."""

    number: int
    rating: int
    note: str = ""


@fact("domain-assessed")
class DomainAssessed:
    """A domain of the client's life was gone through, or there is a reason why not."""

    domain: Domain
    answer: Answer = "stated"
    note: str = ""


@fact("capacity-assessed")
class CapacityAssessed:
    """What the client, their network or the agency can do about the needs, or why it is open."""

    of: CapacityOf
    finding: str = ""
    answer: Answer = "stated"


@fact("section-recorded")
class SectionRecorded:
    """A part of the assessment or plan that is told in words, or why it is not."""

    section: Section
    text: str = ""
    answer: Answer = "stated"


@decision("assessment-completed")
class AssessmentCompleted:
    """The assessment is complete; what belongs to it, the rules of the workflow say.

    `nothing_found` answers for what was asked and not found: `needs`, `strengths`. `sources`
    are where it is known from; `client_took_part` whether the client did (None: not said).
    """

    instrument: Code = ""
    nothing_found: tuple[Literal["needs", "strengths"], ...] = ()
    sources: tuple[InformationSource, ...] = ()
    client_took_part: bool | None = None


@fact("annual-assessment-made")
class AnnualAssessmentMade:
    """The yearly assessment that a funder asks for (HUD), even if nothing has changed.

    It is no reassessment: the case stays where it is.
    """

    instrument: Code = ""


@decision("level-of-care-set")
class LevelOfCareSet:
    """How much care the client needs now, by the agency's levels."""

    level: Code
    note: str = ""


FACTS = (
    NeedIdentified,
    NeedMet,
    NeedRated,
    StrengthIdentified,
    StrengthRated,
    DomainAssessed,
    CapacityAssessed,
    SectionRecorded,
    AnnualAssessmentMade,
)
