"""The layout of columns: one for each group, an edge from a column to the next between them.

It runs straight across where its boxes stand side by side.
An edge to another column than the next runs under all columns, so that no line comes to lie on
a box. What is written on an edge is told when one points at it; there is no room for it here.
"""

from __future__ import annotations

from typing import Final

from caseflow.views.drawing import Drawing, Edge, Node
from caseflow.views.places import (
    LEADING,
    MARGIN,
    PAD,
    SMALL,
    Band,
    Box,
    Layout,
    Path,
    Point,
    Text,
    box,
    needed,
    written,
)

WIDTH: Final = 900.0
GUTTER: Final = 30.0
BETWEEN: Final = 14.0
LINE: Final = SMALL * LEADING
NARROWEST: Final = 110.0


def laid_in_columns(drawing: Drawing) -> Layout:
    """Where everything of a drawing stands."""
    columns = _columns(drawing)
    count = max(1, len(columns))
    wide = max(NARROWEST, min(280.0, (WIDTH - GUTTER * (count - 1)) / count))
    left = [MARGIN + GUTTER + place * (wide + GUTTER) for place in range(count)]
    headings = [written(heading, wide) for heading, _ in columns]
    top = MARGIN + max((len(lines) for lines in headings), default=0) * LINE + 12
    boxes: dict[str, Box] = {}
    for x, (_, nodes) in zip(left, columns, strict=False):
        y = top
        for node in nodes:
            boxes[node.id] = box(node, x, y, wide, needed(node, wide))
            y += boxes[node.id].height + BETWEEN
    bottom = max((one.y + one.height for one in boxes.values()), default=top)
    column = {node.id: at for at, (_, nodes) in enumerate(columns) for node in nodes}
    paths = _paths(drawing.edges, boxes, column, bottom)
    deepest = max((y for path in paths for _, y in path.points), default=bottom)
    return Layout(
        width=left[-1] + wide + GUTTER + MARGIN,
        height=max(bottom, deepest) + MARGIN,
        boxes=tuple(boxes.values()),
        paths=tuple(paths),
        bands=tuple(
            _band(lines, x, wide, bottom + PAD / 2 - MARGIN)
            for x, lines in zip(left, headings, strict=False)
        ),
    )


def _columns(drawing: Drawing) -> list[tuple[str, list[Node]]]:
    columns = [
        (group.text, [node for node in drawing.nodes if node.group == group.id])
        for group in drawing.groups
    ]
    rest = [node for node in drawing.nodes if not node.group]
    return [*columns, ("", rest)] if rest else columns


def _band(lines: tuple[str, ...], x: float, wide: float, height: float) -> Band:
    texts = tuple(
        Text(text, x, MARGIN + 2 + LINE * (place + 0.75), SMALL, True)
        for place, text in enumerate(lines)
    )
    return Band(x - 5, MARGIN, wide + 10, height, texts)


def _paths(
    edges: tuple[Edge, ...], boxes: dict[str, Box], column: dict[str, int], bottom: float
) -> list[Path]:
    paths, under = [], 0
    for edge in edges:
        source, target = boxes[edge.source], boxes[edge.target]
        start: Point = (source.x + source.width, source.y + source.height / 2)
        end: Point = (target.x, target.y + target.height / 2)
        if column[edge.target] == column[edge.source] + 1:
            upper = max(source.y, target.y)
            lower = min(source.y + source.height, target.y + target.height)
            if lower - upper > 2 * PAD:  # side by side: straight across
                start, end = ((x, (upper + lower) / 2) for x, _ in (start, end))
            paths.append(Path(edge, (start, end)))
            continue
        under += 1
        deep = bottom + PAD + 8.0 * under
        out, into = start[0] + GUTTER / 3, end[0] - GUTTER / 3
        turns = ((out, start[1]), (out, deep), (into, deep), (into, end[1]))
        paths.append(Path(edge, (start, *turns, end)))
    return paths
