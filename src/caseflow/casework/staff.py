"""Events of staff and records: who has the lead, and what may not be erased."""

from __future__ import annotations

from caseflow.kernel.events import Code, decision, fact


@decision("lead-case-manager-assigned")
class LeadCaseManagerAssigned:
    """A case manager was given the lead: the one who answers for the case.

    Assigning another one is the reassignment of the case, inside the agency.
    """

    case_manager: Code


@fact("legal-hold-placed")
class LegalHoldPlaced:
    """Nothing of the case may be erased from now on: a lawsuit, an audit. The hold has a name."""

    name: Code
    reason: str = ""


@fact("legal-hold-lifted")
class LegalHoldLifted:
    """A legal hold came to its end."""

    name: Code


FACTS = (LegalHoldPlaced, LegalHoldLifted)
