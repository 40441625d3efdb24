"""What a layout says: boxes, bands, lines and texts, each with its place in the picture."""

from __future__ import annotations

from typing import Final, Literal

import attrs

from caseflow.views.drawing import Edge, Node
from caseflow.views.text import wrapped

TITLE: Final = 13.0
SMALL: Final = 11.0
LEADING: Final = 1.35
HANGING: Final = 7.0
PAD: Final = 10.0
MARGIN: Final = 16.0
HEADING: Final = 24.0
GAP: Final = 28.0

Point = tuple[float, float]


@attrs.frozen
class Text:
    """A line of text: where its baseline starts (or ends, or has its middle), and its size."""

    text: str
    x: float
    y: float
    size: float
    bold: bool = False
    anchor: Literal["start", "middle", "end"] = "start"


@attrs.frozen
class Box:
    """A node with its place, and the lines of its text."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    texts: tuple[Text, ...]


@attrs.frozen
class Band:
    """The place behind the nodes of a group, with its heading."""

    x: float
    y: float
    width: float
    height: float
    texts: tuple[Text, ...]


@attrs.frozen
class Path:
    """An edge with the points that it runs through, and what is written on it."""

    edge: Edge
    points: tuple[Point, ...]
    texts: tuple[Text, ...] = ()


@attrs.frozen
class Layout:
    """A picture with every place in it, in pixels."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    paths: tuple[Path, ...]
    bands: tuple[Band, ...]


def needed(node: Node, width: float) -> float:
    """How high a node has to be for its text, at a width."""
    return sum(line.size * LEADING for line in _lines(node, width)) + 2 * PAD


def box(node: Node, x: float, y: float, width: float, height: float) -> Box:
    """A node at a place, its text from the top."""
    texts, down = [], y + PAD
    for one in _lines(node, width):
        line = one.size * LEADING
        down += line
        texts.append(attrs.evolve(one, x=x + PAD + one.x, y=down - line * 0.28))
    return Box(node, x, y, width, height, tuple(texts))


def _lines(node: Node, width: float) -> list[Text]:
    """The text of a node, line by line, each as far in as it stands; how high is not said."""
    room = width - 2 * PAD
    titles = wrapped(node.text, room / 1.08, TITLE)  # bold is wider
    lines = [Text(text, 0, 0, TITLE, bold=True) for text in titles]
    for detail in node.lines:
        further = HANGING if detail.startswith(("- ", "  ")) else 0.0  # under the words of an item
        first = 0.0 if detail.startswith("- ") else further
        for place, text in enumerate(wrapped(detail, room - further, SMALL)):
            lines.append(Text(text, further if place else first, 0, SMALL))
    return lines


def written(text: str, room: float) -> tuple[str, ...]:
    """What is written on an edge, in lines."""
    return wrapped(text, room, SMALL)
