"""Drawings of any shape and with any text, and what is asked of how they are laid out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, pairwise

from hypothesis import strategies as st

from caseflow.views import Drawing, Edge, Group, Node
from caseflow.views.places import Box, Layout, Text
from caseflow.views.text import width

TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="<>&\"'#;[]{}|`%\n\x00\ud800\u202e mW", max_size=40),
    st.sampled_from(
        ["", "end", "A stage of the work", "W" * 90, "revise the plan with the client"]
    ),
)
MARKS = st.sampled_from(["plain", "start", "end", "exit", "here", "gap"])
LINES = st.sampled_from(["plain", "open", "blocked", "broken"])


@st.composite
def drawings(draw: st.DrawFn, *, directions: tuple[str, ...] = ("down", "columns")) -> Drawing:
    groups = [Group(f"g{n}", draw(TEXTS)) for n in range(draw(st.integers(0, 4)))]
    names = st.sampled_from(["", *(group.id for group in groups)])
    nodes = [
        Node(
            draw(st.sampled_from(["", "<", '"', "n"])) + str(number),
            draw(TEXTS),
            lines=draw(st.lists(TEXTS, max_size=3)),
            group=draw(names),
            mark=draw(MARKS),
        )
        for number in range(draw(st.integers(0, 7)))
    ]
    ends = st.sampled_from([node.id for node in nodes]) if nodes else st.nothing()
    edges = st.builds(Edge, ends, ends, TEXTS, line=LINES)
    return Drawing(
        title=draw(TEXTS),
        description=draw(TEXTS),
        nodes=nodes,
        edges=draw(st.lists(edges, max_size=10)) if nodes else [],
        groups=groups,
        direction=draw(st.sampled_from(directions)),
    )


def extent(text: Text) -> tuple[float, float, float, float]:
    """The rectangle that a text takes, about."""
    wide = width(text.text, text.size) * (1.08 if text.bold else 1)
    left = {"start": text.x, "end": text.x - wide, "middle": text.x - wide / 2}[text.anchor]
    return left, text.y - text.size * 0.8, left + wide, text.y + text.size * 0.25


def rectangle(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.x + box.width, box.y + box.height


def apart(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    slack = 0.01
    return (
        one[2] <= other[0] + slack
        or other[2] <= one[0] + slack
        or one[3] <= other[1] + slack
        or other[3] <= one[1] + slack
    )


def within(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    slack = 0.01
    return (
        one[0] >= other[0] - slack
        and one[1] >= other[1] - slack
        and one[2] <= other[2] + slack
        and one[3] <= other[3] + slack
    )


def faults(placed: Layout) -> list[str]:
    """What is wrong with a layout; nothing, where it is right."""
    page = (0.0, 0.0, placed.width, placed.height)
    found = [
        f"{one.node.id} and {other.node.id} overlap"
        for one, other in combinations(placed.boxes, 2)
        if not apart(rectangle(one), rectangle(other))
    ]
    for box in placed.boxes:
        if not within(rectangle(box), page):
            found.append(f"{box.node.id} leaves the page")
        found += [
            f"{text.text!r} leaves its box"
            for text in box.texts
            if not within(extent(text), rectangle(box))
        ]
        found += _overlaps(box.texts)
    written = [text for path in placed.paths for text in path.texts]
    written += [text for band in placed.bands for text in band.texts]
    for text in written:
        if not within(extent(text), page):
            found.append(f"{text.text!r} leaves the page")
        if any(not apart(extent(text), rectangle(box)) for box in placed.boxes):
            found.append(f"{text.text!r} lies on a box")
    found += _overlaps(written)
    return [*found, *_lines_on_boxes(placed, page), *_lines_on_lines(placed)]


def _overlaps(texts: Iterable[Text]) -> list[str]:
    return [
        f"{one.text!r} and {other.text!r} overlap"
        for one, other in combinations(texts, 2)
        if not apart(extent(one), extent(other))
    ]


def _lines_on_boxes(placed: Layout, page: tuple[float, ...]) -> list[str]:
    found = []
    for path in placed.paths:
        for start, end in pairwise(path.points):
            (x0, x1), (y0, y1) = sorted((start[0], end[0])), sorted((start[1], end[1]))
            if any(not apart((x0, y0, x1, y1), rectangle(box)) for box in placed.boxes):
                found.append(f"the line {start} to {end} lies on a box")
            if not within((x0, y0, x1, y1), page):
                found.append(f"the line {start} to {end} leaves the page")
    return found


def _lines_on_lines(placed: Layout) -> list[str]:
    """Lines beside the boxes that run on each other."""
    runs = [(path.points[1], path.points[2]) for path in placed.paths if len(path.points) == 4]
    tracks = [(x, *sorted((y, end))) for (x, y), (_, end) in runs]
    return [
        f"two lines run on each other at {one[0]}"
        for one, other in combinations(tracks, 2)
        if one[0] == other[0] and one[1] < other[2] and other[1] < one[2]
    ]
