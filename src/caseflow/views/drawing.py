"""One model for all pictures: nodes in groups, edges between them. Pure values, no places.

Where things stand and what they look like is the work of those that render it: `svg` draws a
picture to print, `mermaid` writes a text that documentation tools draw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

import attrs

from caseflow.kernel.errors import InvalidCall

Mark = Literal["plain", "start", "end", "exit", "here", "gap"]
"""What a node is: a common one, a beginning, an end, the way out early, where the case is, or
what is missing. Each is told from the others without color."""

Line = Literal["plain", "open", "blocked", "broken"]
"""What an edge is: a common one, open or blocked for the case, or broken."""

Direction = Literal["down", "columns"]
"""`down`: a node under the other, groups as bands. `columns`: a column for each group."""


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@attrs.frozen
class Node:
    """A box: its title, the lines under it, the group it stands in, and what marks it."""

    id: str
    text: str
    lines: tuple[str, ...] = attrs.field(default=(), converter=_texts, kw_only=True)
    group: str = attrs.field(default="", kw_only=True)
    mark: Mark = attrs.field(default="plain", kw_only=True)


@attrs.frozen
class Edge:
    """An arrow from one node to another, with what is written on it."""

    source: str
    target: str
    text: str = ""
    line: Line = attrs.field(default="plain", kw_only=True)


@attrs.frozen
class Group:
    """A band or a column of nodes, with its heading."""

    id: str
    text: str


def _tuple_of_nodes(values: Iterable[Node]) -> tuple[Node, ...]:
    return tuple(values)


def _tuple_of_edges(values: Iterable[Edge]) -> tuple[Edge, ...]:
    return tuple(values)


def _tuple_of_groups(values: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Drawing:
    """A picture: a title, a sentence that describes it, nodes, edges and groups, in order.

    A node of a group stands with the others of that group. Raises `InvalidCall` where two nodes
    or two groups have the same id, or where something names one that is not there.
    """

    title: str
    description: str = ""
    nodes: tuple[Node, ...] = attrs.field(converter=_tuple_of_nodes)
    edges: tuple[Edge, ...] = attrs.field(default=(), converter=_tuple_of_edges)
    groups: tuple[Group, ...] = attrs.field(default=(), converter=_tuple_of_groups)
    direction: Direction = "down"

    def __attrs_post_init__(self) -> None:
        nodes, groups = [node.id for node in self.nodes], [group.id for group in self.groups]
        _once(self.title, "node", nodes)
        _once(self.title, "group", groups)
        for edge in self.edges:
            for end in (edge.source, edge.target):
                _there(self.title, "An edge", "node", end, nodes)
        for node in self.nodes:
            if node.group:
                _there(self.title, f"The node {node.id!r}", "group", node.group, groups)


def _once(title: str, what: str, ids: list[str]) -> None:
    for id, times in Counter(ids).items():
        if times > 1:
            raise InvalidCall(
                what=f"The drawing {title!r}",
                problem=f"has {times} {what}s with the id {id!r}",
                repair=f"Give each {what} an id of its own.",
            )


def _there(title: str, who: str, what: str, id: str, known: list[str]) -> None:
    if id not in known:
        raise InvalidCall(
            what=f"{who} of the drawing {title!r}",
            problem=f"names the {what} {id!r}, which is not there",
            repair=f"Add the {what}, or name one of: {', '.join(known) or 'none'}.",
        )
