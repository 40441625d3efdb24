"""One model for all pictures: nodes in groups, edges between them. Pure values, no places.

Where things stand and what they look like is the work of those that render it: `svg` draws a
picture to print, `mermaid` writes a text that documentation tools draw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, get_args

import attrs

from caseflow.kernel.errors import InvalidCall
from caseflow.views.given import a_text, one_of, some, texts
from caseflow.workflow.definition import several, words

Mark = Literal["plain", "start", "end", "exit", "here", "gap"]
"""What a node is: a common one, a beginning, an end, the way out early, where the case is, or
what is missing. Each is told from the others without color."""

Line = Literal["plain", "open", "blocked", "broken"]
"""What an edge is: a common one, open or blocked for the case, or broken."""

Direction = Literal["down", "columns"]
"""`down`: a node under the other, groups as bands. `columns`: a column for each group."""


@attrs.frozen
class Node:
    """A box: its title, the lines under it, the group it stands in, and what marks it."""

    id: str = attrs.field(validator=a_text)
    text: str = attrs.field(validator=a_text)
    lines: tuple[str, ...] = attrs.field(default=(), converter=words, validator=texts, kw_only=True)
    group: str = attrs.field(default="", validator=a_text, kw_only=True)
    mark: Mark = attrs.field(default="plain", validator=one_of(get_args(Mark)), kw_only=True)


@attrs.frozen
class Edge:
    """An arrow from one node to another, with what is written on it."""

    source: str = attrs.field(validator=a_text)
    target: str = attrs.field(validator=a_text)
    text: str = attrs.field(default="", validator=a_text)
    line: Line = attrs.field(default="plain", validator=one_of(get_args(Line)), kw_only=True)


@attrs.frozen
class Group:
    """A band or a column of nodes, with its heading."""

    id: str = attrs.field(validator=a_text)
    text: str = attrs.field(validator=a_text)


def _nodes(values: Iterable[Node]) -> tuple[Node, ...]:
    return several(values)


def _edges(values: Iterable[Edge]) -> tuple[Edge, ...]:
    return several(values)


def _groups(values: Iterable[Group]) -> tuple[Group, ...]:
    return several(values)


@attrs.frozen(kw_only=True)
class Drawing:
    """A picture: a title, a sentence that describes it, nodes, edges and groups, in order.

    A node of a group stands with the others of that group. Raises `InvalidCall` where two nodes
    or two groups have the same id, or where something names one that is not there; and, like
    its parts, where something is no text, or a mark, line or direction that there is not.
    """

    title: str = attrs.field(validator=a_text)
    description: str = attrs.field(default="", validator=a_text)
    nodes: tuple[Node, ...] = attrs.field(converter=_nodes, validator=some(Node))
    edges: tuple[Edge, ...] = attrs.field(default=(), converter=_edges, validator=some(Edge))
    groups: tuple[Group, ...] = attrs.field(default=(), converter=_groups, validator=some(Group))
    direction: Direction = attrs.field(default="down", validator=one_of(get_args(Direction)))

    def __attrs_post_init__(self) -> None:
        nodes = _once(self.title, "node", [node.id for node in self.nodes])
        groups = _once(self.title, "group", [group.id for group in self.groups])
        for edge in self.edges:
            for end in (edge.source, edge.target):
                _there(self.title, "An edge", "node", end, nodes)
        for node in self.nodes:
            if node.group:
                _there(self.title, f"The node {node.id!r}", "group", node.group, groups)


def _once(title: str, what: str, ids: list[str]) -> Counter[str]:
    counted = Counter(ids)
    for id, times in counted.items():
        if times > 1:
            raise InvalidCall(
                what=f"The drawing {title!r}",
                problem=f"has {times} {what}s with the id {id!r}",
                repair=f"Give each {what} an id of its own.",
            )
    return counted


def _there(title: str, who: str, what: str, id: str, known: Counter[str]) -> None:
    if id not in known:
        raise InvalidCall(
            what=f"{who} of the drawing {title!r}",
            problem=f"names the {what} {id!r}, which is not there",
            repair=f"Add the {what}, or name one of: {', '.join(known) or 'none'}.",
        )
