"""Views: what a case or a workflow looks like. They return values, and never read or write.

`coverage` follows the numbers of a case from its needs to what came of them. `flowchart`,
`logic_model` and `chain` give drawings, which `svg` and `mermaid` turn into text.
"""

from caseflow.views.chain import chain
from caseflow.views.coverage import Break, Coverage, Gap, Kind, NumberAs, Thread, coverage
from caseflow.views.drawing import Drawing, Edge, Group, Node
from caseflow.views.flowchart import flowchart
from caseflow.views.logic_model import logic_model
from caseflow.views.mermaid import mermaid
from caseflow.views.program import Program, StageDelivery, Wording
from caseflow.views.svg import svg
from caseflow.views.work import Work

__all__ = [
    "Break",
    "Coverage",
    "Drawing",
    "Edge",
    "Gap",
    "Group",
    "Kind",
    "Node",
    "NumberAs",
    "Program",
    "StageDelivery",
    "Thread",
    "Wording",
    "Work",
    "chain",
    "coverage",
    "flowchart",
    "logic_model",
    "mermaid",
    "svg",
]
