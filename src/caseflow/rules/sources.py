"""The documents that rules come from, as verdicts cite them."""

from __future__ import annotations

ISED = "ISED, Case Management"
"""The six stages and the three dimensions: case management with refugees."""

STAGES = "Stages of Case Management"
"""The five stages, cyclical; closure criteria agreed at engagement."""

OVERVIEW = "Definition of Case Management & Overview"
"""The service delivery flow of a program, from "hello to goodbye", with a navigator for each."""

MODELS = "Case Management Strategies/Models"
"""The practice models, with the caseloads that they are made for."""


def ised(place: str) -> str:
    """A place in the ISED slides: `ised("stage 2")`."""
    return f"{ISED}, {place}"
