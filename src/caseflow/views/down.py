"""The layout of a flow: one node under the other, and what leads elsewhere at the sides.

An edge to the next node runs straight down. One that skips nodes runs at the right, one that
leads back at the left, each on a track of its own, and what is written on it stands beside the
box it leaves. So nothing that is written, and no line, can come to lie on a box.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import attrs

from caseflow.views.drawing import Drawing, Edge, Node
from caseflow.views.places import (
    GAP,
    HEADING,
    LEADING,
    MARGIN,
    PAD,
    SMALL,
    Band,
    Box,
    Layout,
    Path,
    Text,
    box,
    needed,
    written,
)

WIDTH: Final = 400.0
ROOM: Final = 150.0
TRACK: Final = 14.0
LINE: Final = SMALL * LEADING
PORT: Final = 12.0


@attrs.frozen
class _Side:
    """An edge at a side: where it leaves and arrives, as rows, and on which track it runs."""

    number: int
    edge: Edge
    source: int
    target: int
    track: int
    texts: tuple[str, ...]

    @property
    def back(self) -> bool:
        return self.target <= self.source

    @property
    def height(self) -> float:
        return max(PORT, len(self.texts) * LINE + 6)


def laid_down(drawing: Drawing) -> Layout:
    """Where everything of a drawing stands."""
    nodes = _in_groups(drawing)
    row = {node.id: place for place, node in enumerate(nodes)}
    straight, sides = _sorted(drawing, row)
    left = _sideways(tuple(side for side in sides if side.back))
    boxes, bands = _boxes(drawing, nodes, straight, sides, MARGIN + left)
    right = _sideways(tuple(side for side in sides if not side.back))
    paths = _straight_paths(straight, boxes, row) + _side_paths(sides, boxes)
    lowest: list[Box | Band] = [*boxes, *bands]
    height = max((one.y + one.height for one in lowest), default=0.0)
    paths.sort(key=lambda path: path[0])
    return Layout(
        width=2 * MARGIN + left + WIDTH + right,
        height=height + MARGIN,
        boxes=tuple(boxes),
        paths=tuple(path for _, path in paths),
        bands=tuple(bands),
    )


def _in_groups(drawing: Drawing) -> list[Node]:
    """The nodes in their order, those of one group together."""
    first: dict[str, int] = {}
    for place, node in enumerate(drawing.nodes):
        first.setdefault(node.group or f"\0{place}", place)
    order = {node.id: first[node.group or f"\0{i}"] for i, node in enumerate(drawing.nodes)}
    return sorted(drawing.nodes, key=lambda node: order[node.id])


def _sorted(
    drawing: Drawing, row: dict[str, int]
) -> tuple[dict[int, tuple[int, Edge]], list[_Side]]:
    """The edges that run straight down, by the row they leave; and those at the sides."""
    straight: dict[int, tuple[int, Edge]] = {}
    rest: list[tuple[int, Edge, int, int]] = []
    for number, edge in enumerate(drawing.edges):
        source, target = row[edge.source], row[edge.target]
        if target == source + 1 and source not in straight:
            straight[source] = (number, edge)
        else:
            rest.append((number, edge, source, target))
    rest.sort(key=lambda one: (abs(one[3] - one[2]), one[0]))
    taken: dict[bool, list[int]] = {True: [], False: []}
    sides = []
    for number, edge, source, target in rest:
        span = (min(source, target), max(source, target))
        track = _free(taken[target <= source], span)
        sides.append(_Side(number, edge, source, target, track, written(edge.text, ROOM - 22)))
    return straight, sides


def _free(tracks: list[int], span: tuple[int, int]) -> int:
    """The first track on which nothing runs beside these rows; each track is a bit for a row."""
    rows = (1 << span[1] + 1) - (1 << span[0])
    for number, taken in enumerate(tracks):
        if not taken & rows:
            tracks[number] |= rows
            return number
    tracks.append(rows)
    return len(tracks) - 1


def _sideways(sides: tuple[_Side, ...]) -> float:
    return ROOM + TRACK * (1 + max(side.track for side in sides)) if sides else 0.0


def _ports(sides: list[_Side]) -> dict[tuple[int, bool], list[tuple[_Side, bool]]]:
    """What leaves and arrives at each side of each row, from top to bottom."""
    ports: dict[tuple[int, bool], list[tuple[_Side, bool]]] = defaultdict(list)
    for side in sides:
        ports[side.source, side.back].append((side, True))
        ports[side.target, side.back].append((side, False))
    for (row, _), those in ports.items():
        those.sort(key=lambda one: _order(row, *one))
    return ports


def _order(row: int, side: _Side, leaves: bool) -> tuple[int, int, int]:
    """What comes from above stands above, and what goes furthest outermost."""
    other = side.target if leaves else side.source
    upward = other < row or (other == row and not leaves)
    return (0, side.track, side.number) if upward else (1, -side.track, side.number)


def _height_of(port: tuple[_Side, bool]) -> float:
    side, leaves = port
    return side.height if leaves else PORT


def _boxes(
    drawing: Drawing,
    nodes: list[Node],
    straight: dict[int, tuple[int, Edge]],
    sides: list[_Side],
    x: float,
) -> tuple[list[Box], list[Band]]:
    ports, heading = _ports(sides), {group.id: group.text for group in drawing.groups}
    boxes: list[Box] = []
    bands: list[Band] = []
    y, begun = MARGIN, MARGIN
    for row, node in enumerate(nodes):
        new = row == 0 or not node.group or node.group != nodes[row - 1].group
        if new:
            begun = y
            y += _room(heading.get(node.group, "")) if node.group else 0.0
        used = [sum(map(_height_of, ports[row, back])) for back in (True, False)]
        height = max(needed(node, WIDTH), *(one + PAD for one in used))
        boxes.append(box(node, x, y, WIDTH, height))
        y += height
        last = row + 1 == len(nodes) or nodes[row + 1].group != node.group
        if node.group and last:
            bands.append(_band(heading[node.group], x, begun, y + PAD - begun))
            y += PAD
        on = written(straight[row][1].text, WIDTH / 2 - 12) if row in straight else ()
        y += max(GAP, len(on) * LINE + 14)
    return boxes, bands


def _room(heading: str) -> float:
    """How high a heading is. It stands at the left, the line from above in the middle."""
    return max(HEADING, len(written(heading, WIDTH / 2 - 12)) * LINE + 8)


def _band(heading: str, x: float, y: float, height: float) -> Band:
    lines = written(heading, WIDTH / 2 - 12)
    texts = tuple(
        Text(text, x, y + 4 + LINE * (place + 0.75), SMALL, True)
        for place, text in enumerate(lines)
    )
    return Band(x - PAD, y, WIDTH + 2 * PAD, height, texts)


def _straight_paths(
    straight: dict[int, tuple[int, Edge]], boxes: list[Box], row: dict[str, int]
) -> list[tuple[int, Path]]:
    paths = []
    for number, edge in straight.values():
        upper, lower = boxes[row[edge.source]], boxes[row[edge.target]]
        x, y = upper.x + WIDTH / 2, upper.y + upper.height
        lines = written(edge.text, WIDTH / 2 - 12)
        texts = tuple(
            Text(text, x + 8, y + 6 + LINE * (place + 0.75), SMALL)
            for place, text in enumerate(lines)
        )
        paths.append((number, Path(edge, ((x, y), (x, lower.y)), texts)))
    return paths


def _side_paths(sides: list[_Side], boxes: list[Box]) -> list[tuple[int, Path]]:
    height: dict[tuple[int, bool], float] = {}
    for (row, _), those in _ports(sides).items():
        y = boxes[row].y + PAD / 2
        for side, leaves in those:
            y += _height_of((side, leaves))
            height[side.number, leaves] = y - 3
    return [(side.number, _side_path(side, boxes, height)) for side in sides]


def _side_path(side: _Side, boxes: list[Box], height: dict[tuple[int, bool], float]) -> Path:
    left = boxes[0].x
    away = ROOM + TRACK * (side.track + 0.5)
    edge, track = (left, left - away) if side.back else (left + WIDTH, left + WIDTH + away)
    start, end = height[side.number, True], height[side.number, False]
    above = len(side.texts)
    x = edge - 14 if side.back else edge + 14
    texts = tuple(
        Text(
            text,
            x,
            start - 4 - LINE * (above - 1 - place),
            SMALL,
            anchor="end" if side.back else "start",
        )
        for place, text in enumerate(side.texts)
    )
    return Path(side.edge, ((edge, start), (track, start), (track, end), (edge, end)), texts)
