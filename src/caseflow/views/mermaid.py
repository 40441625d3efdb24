"""A drawing as Mermaid: a text that GitHub and many documentation tools draw."""

from __future__ import annotations

from caseflow.views.drawing import Drawing, Node
from caseflow.views.given import an_instance
from caseflow.views.text import clean

SHAPES = {"start": ("([", "])"), "end": ("([", "])"), "gap": ("{{", "}}")}
ARROWS = {"plain": "-->", "open": "==>", "blocked": "-.->", "broken": "-.->"}
LOOKS = {
    "exit": "stroke-dasharray:2 3",
    "here": "stroke-width:4px",
    "gap": "stroke-dasharray:7 4",
}


def mermaid(drawing: Drawing) -> str:
    """The drawing as a Mermaid flowchart. Any text may stand in it: it is written as codes."""
    an_instance(Drawing, "drawing", drawing)
    ids = {node.id: f"n{number}" for number, node in enumerate(drawing.nodes, start=1)}
    lines = [f"flowchart {'TB' if drawing.direction == 'down' else 'LR'}"]
    lines.append(f"  accTitle: {_safe(drawing.title)}")
    lines.append(f"  accDescr: {_safe(drawing.description or drawing.title)}")
    for number, group in enumerate(drawing.groups, start=1):
        inside = [node for node in drawing.nodes if node.group == group.id]
        if inside:
            lines.append(f'  subgraph g{number}["{_safe(group.text)}"]')
            lines += [f"    {_node(node, ids)}" for node in inside]
            lines.append("  end")
    lines += [f"  {_node(node, ids)}" for node in drawing.nodes if not node.group]
    for edge in drawing.edges:
        text = f'|"{_safe(edge.text)}"|' if clean(edge.text) else ""
        lines.append(f"  {ids[edge.source]} {ARROWS[edge.line]}{text} {ids[edge.target]}")
    for node in drawing.nodes:
        if node.mark in LOOKS:
            lines.append(f"  style {ids[node.id]} {LOOKS[node.mark]}")
    return "\n".join(lines) + "\n"


def _node(node: Node, ids: dict[str, str]) -> str:
    opens, closes = SHAPES.get(node.mark, ("[", "]"))
    return f'{ids[node.id]}{opens}"{"<br/>".join(map(_safe, (node.text, *node.lines)))}"{closes}'


def _safe(text: str) -> str:
    """Letters, digits, spaces and commas as they are, all else as its code.

    Dashes and full stops too, which Mermaid takes for lists at the beginning of a text; and
    nothing is a space that does not break, for Mermaid asks for some text.
    """
    harmless = " ,"
    return "".join(
        one if one.isalnum() or one in harmless else f"#{ord(one)};"
        for one in clean(text) or "\N{NO-BREAK SPACE}"
    )
