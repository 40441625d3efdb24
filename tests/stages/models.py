"""The process models that ship, with what their own documents are and how they go on.

`GUARDS` says by hand what has to be so before each step: what each document and the mission ask
for, by the names that a verdict gives it.
"""

from typing import Any, NamedTuple

from caseflow import stages
from caseflow.rules.sources import BILEVEL, FIELD, ISED, MODELS, STAGES, TRILEVEL


class Model(NamedTuple):
    workflow: Any
    document: str
    way: tuple[str, ...]
    """Its stages, in the order of the document, to the planned end."""
    guards: dict[str, set[str]]


EARLY = {
    "end-as-ineligible": {"found-ineligible", "ineligible-before-enrollment"},
    "deny": {"denied-before-enrollment"},
    "discharge": {"enrolled-before-discharge"},
    "decline-services": {"not-yet-enrolled"},
    "withdraw": {"enrolled-before-withdrawal"},
    "end-as-unable-to-locate": {"contact-attempted"},
    "refer-out": {"referred-elsewhere"},
    "transfer-out": {"transfer-accepted"},
}
APPROVED = {"plan-approved": {"plan-agreed"}}
ELIGIBLE = "eligibility-before-enrollment"
FLOW = {
    "enroll": {
        ELIGIBLE,
        "screening-before-enrollment",
        "suitability-before-enrollment",
        "readiness-before-enrollment",
    },
    "begin-planning": {"responsibilities-acknowledged"},
    "start-services": {"needs-covered", "goals-set", "plan-agreed"},
    "complete": {"programs-completed"},
}
FLOW_STAGES = (
    "intake-assessment",
    "enrollment",
    "service-plan",
    "service-delivery",
    "program-completion",
    "closed",
)

MODELS_THAT_SHIP = (
    Model(
        stages.six_stage,
        ISED,
        (
            "engagement",
            "assessment",
            "planning",
            "intervention",
            "monitoring",
            "termination",
            "closed",
        ),
        {
            "enroll": {ELIGIBLE},
            "assess": {"enrolled-before-assessment"},
            "plan": {"assessment-before-plan", "needs-numbered", "strengths-named"},
            "start-services": {"needs-covered", "plan-items-relate", "plan-items-complete"},
            "close": {
                "closure-criteria-met",
                "exit-interview",
                "follow-up-session",
                "next-stage-planned",
                "continuing-services-listed",
                "resources-listed",
            },
        },
    ),
    Model(
        stages.four_stage,
        MODELS,
        (
            "intake",
            "needs-assessment",
            "treatment-service-planning",
            "monitoring-and-evaluation",
            "closed",
        ),
        {
            "enroll": {ELIGIBLE},
            "assess": {"found-to-benefit"},
            "plan": {"assessment-before-plan", "needs-numbered"},
            "start-services": {"goals-set", "goals-have-actions"},
        },
    ),
    Model(
        stages.five_stage_cyclic,
        STAGES,
        tuple(stage.id for stage in stages.five_stage_cyclic.stages),
        {
            "enroll": {ELIGIBLE},
            "create-goals": {"assessment-before-plan"},
            "intervene": {"goals-set", "goals-answer-needs"},
            "close": {"closure-criteria-met"},
        },
    ),
    Model(
        stages.continuum,
        BILEVEL,
        (
            "intake-and-enrollment",
            "assessment",
            "service-planning",
            "plan-implementation",
            "follow-up",
            "closed",
        ),
        {
            "enroll": {ELIGIBLE},
            "assess": {"enrolled-before-assessment"},
            "plan": {"assessment-before-plan"},
            "start-services": {"needs-covered", "goals-set"},
            "close": {"followed-up"},
        },
    ),
    Model(stages.service_delivery, TRILEVEL, ("recruitment", *FLOW_STAGES), FLOW),
    Model(stages.service_delivery_flow(pre_enrollment=False), TRILEVEL, FLOW_STAGES, FLOW),
)
DOCUMENTS = (ISED, MODELS, STAGES, BILEVEL, TRILEVEL, FIELD)
