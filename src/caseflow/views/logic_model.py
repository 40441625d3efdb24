"""The logic model of a program: inputs, activities, outputs, outcomes (Tri-level, logic model)."""

from __future__ import annotations

from itertools import pairwise

from caseflow.views.drawing import Drawing, Edge, Group, Node
from caseflow.views.given import an_instance
from caseflow.views.program import Program


def logic_model(program: Program) -> Drawing:
    """The logic model in four columns; a target stands under what it is for."""
    an_instance(Program, "program", program)
    columns = {
        "inputs": program.resources,
        "activities": program.activities,
        "outputs": program.outputs,
        "outcomes": program.outcomes,
    }
    nodes = []
    for column, texts in columns.items():
        lines: list[str] = []
        for text in texts:
            lines.append(f"- {text}")
            if column in ("outputs", "outcomes") and text in program.targets:
                lines.append(f"  Target: {program.targets[text]}")
        nodes.append(Node(column, column.capitalize(), lines=tuple(lines), group=column))
    names = list(columns)
    return Drawing(
        title=f"Logic model of {program.name}",
        description="From what goes in, over what is done and counted, to what changes.",
        nodes=nodes,
        edges=[Edge(one, other) for one, other in pairwise(names)],
        groups=[
            Group("inputs", "What goes in"),
            Group("activities", "What is done"),
            Group("outputs", "What is counted"),
            Group("outcomes", "What changes"),
        ],
        direction="columns",
    )
