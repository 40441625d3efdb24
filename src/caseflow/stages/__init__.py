"""The workflows that ship: a process model each, from one source document."""

from caseflow.stages.continuum import continuum
from caseflow.stages.five_stage_cyclic import five_stage_cyclic
from caseflow.stages.four_stage import four_stage
from caseflow.stages.service_delivery_flow import service_delivery, service_delivery_flow
from caseflow.stages.six_stage import six_stage

__all__ = [
    "continuum",
    "five_stage_cyclic",
    "four_stage",
    "service_delivery",
    "service_delivery_flow",
    "six_stage",
]
