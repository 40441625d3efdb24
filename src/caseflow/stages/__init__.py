"""The workflows that ship, a process model each from one source document; practice models.

Each workflow is built when it is first asked for, so that who uses one does not pay for the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caseflow.stages.bilevel import continuum as continuum
    from caseflow.stages.five_stages import five_stage_cyclic as five_stage_cyclic
    from caseflow.stages.four_stages import four_stage as four_stage
    from caseflow.stages.practices import ACT as ACT
    from caseflow.stages.practices import BROKERAGE as BROKERAGE
    from caseflow.stages.practices import CLINICAL as CLINICAL
    from caseflow.stages.practices import ICM as ICM
    from caseflow.stages.practices import NAVIGATOR as NAVIGATOR
    from caseflow.stages.practices import PRACTICES as PRACTICES
    from caseflow.stages.practices import STRENGTHS_BASED as STRENGTHS_BASED
    from caseflow.stages.practices import Caseload as Caseload
    from caseflow.stages.practices import PracticeModel as PracticeModel
    from caseflow.stages.practices import with_practice as with_practice
    from caseflow.stages.six_stages import six_stage as six_stage
    from caseflow.stages.trilevel import service_delivery as service_delivery
    from caseflow.stages.trilevel import service_delivery_flow as service_delivery_flow

_HOMES = {
    "ACT": "practices",
    "BROKERAGE": "practices",
    "CLINICAL": "practices",
    "ICM": "practices",
    "NAVIGATOR": "practices",
    "PRACTICES": "practices",
    "STRENGTHS_BASED": "practices",
    "Caseload": "practices",
    "PracticeModel": "practices",
    "with_practice": "practices",
    "continuum": "bilevel",
    "five_stage_cyclic": "five_stages",
    "four_stage": "four_stages",
    "service_delivery": "trilevel",
    "service_delivery_flow": "trilevel",
    "six_stage": "six_stages",
}

__all__ = [
    "ACT",
    "BROKERAGE",
    "CLINICAL",
    "ICM",
    "NAVIGATOR",
    "PRACTICES",
    "STRENGTHS_BASED",
    "Caseload",
    "PracticeModel",
    "continuum",
    "five_stage_cyclic",
    "four_stage",
    "service_delivery",
    "service_delivery_flow",
    "six_stage",
    "with_practice",
]


def __getattr__(name: str) -> Any:
    """The workflow of a name: its module is imported now."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found  # so that it is not looked for again
    return found


def __dir__() -> list[str]:
    """Every name, also of what is not imported yet."""
    return sorted({*globals(), *_HOMES})
