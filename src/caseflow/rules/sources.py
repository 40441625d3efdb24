"""The documents that rules come from, as verdicts cite them.

Each document is one model of case management. What no document states, and the field does
all the same, is cited as `FIELD`.
"""

from __future__ import annotations

ISED = "ISED, Case Management"
"""The six stages and the three dimensions: case management with refugees."""

MODELS = "Case Management Strategies/Models"
"""A process of four stages, and the practice models with their caseloads."""

STAGES = "Stages of Case Management"
"""Five stages, cyclical; closure criteria agreed at engagement."""

BILEVEL = "Bi-level Case Management"
"""The continuum: service plans, weekly case notes, follow-up after the exit."""

TRILEVEL = "Tri-level Case Management"
"""The service delivery flow: roles, responsibilities, logic model, participant flowchart."""

FIELD = "practice of the field"
"""What none of the documents states, and agencies do."""


def ised(place: str) -> str:
    """A place in the ISED slides: `ised("stage 2")`."""
    return f"{ISED}, {place}"


def models(place: str) -> str:
    """A place in the page on strategies and models."""
    return f"{MODELS}, {place}"


def stages(place: str) -> str:
    """A place in the article on the stages."""
    return f"{STAGES}, {place}"


def bilevel(place: str) -> str:
    """A place in the slides on bi-level case management."""
    return f"{BILEVEL}, {place}"


def trilevel(place: str) -> str:
    """A place in the handbook on tri-level case management."""
    return f"{TRILEVEL}, {place}"


def field(what: str) -> str:
    """What the field does, in a few words."""
    return f"{FIELD}: {what}"
