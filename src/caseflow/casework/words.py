"""The vocabularies of case work: what may stand in the fields of its events.

Each comes from a source document, or from the practice of the field; where an agency has
words of its own, a field is a plain `Code`.
"""

from __future__ import annotations

from typing import Literal, get_args

Phase = Literal["engagement", "assessment", "planning", "intervention", "monitoring", "closure"]
"""The parts of every process of case management, whatever its stages are called (ISED)."""
PHASES: tuple[Phase, ...] = get_args(Phase)

Agreement = Literal["signed", "spoken", "witnessed", "interpreted", "not-agreed"]
"""How the client agreed to a plan, or that the client did not."""

Answer = Literal["stated", "declined", "not-applicable", "nothing-found", "not-assessed"]
"""What became of a question of an assessment. All five are answers."""

Author = Literal["client", "case-manager", "both"]
"""Who writes a plan: the client, the case manager, or the two together."""

CapacityOf = Literal["client", "network", "agency"]
"""Whose capacity to meet the needs is assessed (ISED, stage 2)."""

Domain = Literal["biological-physical", "social", "psychological-emotional", "other"]
"""The domains of a holistic assessment (ISED, stage 2); `other` for what fits none."""
HOLISTIC: tuple[Domain, ...] = get_args(Domain)[:3]

DirectFunction = Literal[
    "implementing-plans",
    "teaching",
    "guiding",
    "processing",
    "providing-information",
    "supporting",
]
"""What a case manager does with the client (ISED, stage 4)."""

IndirectFunction = Literal[
    "brokering",
    "linkage",
    "advocacy",
    "coordination",
    "social-network-intervention",
    "technical-assistance",
]
"""What a case manager does for the client with others (ISED, stage 4)."""

Function = DirectFunction | IndirectFunction
DIRECT: tuple[DirectFunction, ...] = get_args(DirectFunction)
INDIRECT: tuple[IndirectFunction, ...] = get_args(IndirectFunction)

FindingKind = Literal["need", "barrier", "problem", "risk", "interest", "challenge"]
"""What was found: the sources say need, barrier, problem, risk, interest, challenge."""

Formality = Literal["formal", "informal"]
"""A service or support of an organisation, or of family, friends and neighbours (ISED)."""

Horizon = Literal["short-term", "long-term"]
"""How far ahead a goal lies."""

InformationSource = Literal[
    "interview", "documents", "relatives", "observation", "testing", "representative"
]
"""Where an assessment knows from (ISED, stage 2)."""

Interview = Literal["held", "offered", "declined", "unreachable"]
"""What became of an interview or session. All four are answers."""

IssueArea = Literal["client-cooperation", "case-management-coordination", "service-delivery-system"]
"""Where monitoring finds issues (ISED, stage 5)."""

Metric = Literal["output", "outcome"]
"""What a measure counts: what was done, or what changed (Strategies/Models, planning)."""

Mode = Literal["in-person", "virtual", "phone", "writing", "hybrid"]
"""How people meet, or how a phase of a program is delivered."""

MonitoringDimension = Literal["effort", "adequacy", "quality", "outcome"]
"""Along which services are monitored (ISED, stage 5)."""

MonitoringKind = Literal["informal", "formal"]
"""The two types of monitoring (ISED, stage 5)."""

Party = Literal["client", "representative", "case-manager", "supervisor", "team"]
"""Who agrees, approves, or has something to do."""

Section = Literal[
    "background",
    "demographics",
    "environment",
    "past-help",
    "beliefs",
    "interests",
    "risks",
    "expectations",
    "choices",
]
"""Parts of an assessment or plan that are told in words. `beliefs`: what the client believes."""
