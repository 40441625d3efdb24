"""The golden thread of one case as a picture: a column for each link, its breaks marked."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from caseflow.casework import CaseworkState
from caseflow.kernel.case import Case
from caseflow.views.coverage import Coverage, Gap, NumberAs, Thread, coverage, numbered
from caseflow.views.drawing import Drawing, Edge, Group, Node

COLUMNS: Final = {
    "need": "Need",
    "goal": "Goal",
    "item": "Plan item",
    "service": "Service or referral",
    "note": "Progress note",
    "outcome": "Outcome",
}
PLACES: Final[dict[Gap, str]] = {
    "need-without-goal": "goal",
    "need-without-item": "item",
    "goal-without-need": "need",
    "goal-without-item": "item",
    "item-without-need": "need",
    "item-without-service": "service",
    "service-without-note": "note",
    "service-outside-plan": "service",
    "referral-without-handoff": "service",
    "item-without-outcome": "outcome",
}
"""In which column a break is shown."""


def chain(case: Case[CaseworkState], *, number_as: NumberAs = numbered) -> Drawing:
    """Draw the golden thread of a case: what leads to what, and a box where it breaks.

    `number_as` names what has a number, as for `coverage`.
    """
    thread = coverage(case, number_as=number_as)
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], Edge] = {}
    for place, row in enumerate(thread.rows):
        made = _links(case.state, row, place)
        for link in made:
            for node in link:
                nodes.setdefault(node.id, node)
        _join(made, edges)
    _loosely(thread, nodes)
    return Drawing(
        title="From needs to outcomes",
        description=_told(thread),
        nodes=list(nodes.values()),
        edges=list(edges.values()),
        groups=[Group(id, text) for id, text in COLUMNS.items()],
        direction="columns",
    )


def _told(thread: Coverage) -> str:
    if thread.whole:
        return "Everything is linked from the needs to what came of them."
    return " ".join(one.sentence for one in thread.breaks)


def _links(state: CaseworkState, row: Thread, place: int) -> list[list[Node]]:
    """The boxes of a row, column by column; a break stands where the link would be."""
    links = {column: _gaps(row, column, place) for column in COLUMNS}
    need = state.need(row.need) if row.need is not None else None
    if need:
        lines = [str(need.description), *(["Deferred"] if row.deferred else [])]
        links["need"] = [
            Node(f"need {need.number}", _upper(row.need_as), lines=lines, group="need")
        ]
    for number, called in zip(row.goals, row.goals_as, strict=True):
        goal = state.goal(number)
        if goal:
            lines = [str(goal.statement)]
            links["goal"].append(Node(f"goal {number}", _upper(called), lines=lines, group="goal"))
    item = state.item(row.item) if row.item is not None else None
    if item:
        id, lines = f"item {item.number}", [str(item.activity)]
        links["item"] = [Node(id, _upper(row.item_as), lines=lines, group="item")]
        if row.services or row.referrals:
            counted = (_many(row.services, "service"), _many(row.referrals, "referral"))
            text = ", ".join(filter(None, counted))
            links["service"].append(Node(f"service {id}", text, group="service"))
        if row.notes:
            links["note"].append(Node(f"note {id}", _many(row.notes, "note"), group="note"))
    if row.outcome is not None:
        text = "Done" if item and item.completed == row.outcome else "Met"
        of = f"item {row.item}" if text == "Done" else f"need {row.need}"
        shown = [f"event {row.outcome}"]
        links["outcome"].append(Node(f"outcome {of}", text, lines=shown, group="outcome"))
    return list(links.values())


def _gaps(row: Thread, column: str, place: int) -> list[Node]:
    gaps = [one for one in row.breaks if PLACES[one.gap] == column]
    owner = _owner(row, column, place)
    return [_gap(f"gap {owner} {one.gap}", "Missing", one.sentence, column) for one in gaps]


def _gap(id: str, text: str, sentence: str, column: str) -> Node:
    return Node(id, text, lines=[sentence], group=column, mark="gap")


def _owner(row: Thread, column: str, place: int) -> str:
    """Whose break it is: a need's is drawn once, though the need may be on several rows."""
    if column in ("goal", "item") and row.need is not None:
        return f"need {row.need}"
    return f"item {row.item}" if row.item is not None else f"row {place}"


def _join(links: list[list[Node]], edges: dict[tuple[str, str], Edge]) -> None:
    """Arrows from each link to the next one that there is."""
    present = [link for link in links if link]
    for before, after in pairwise(present):
        for one in before:
            for other in after:
                broken = "gap" in (one.mark, other.mark)
                line = Edge(one.id, other.id, line="broken" if broken else "plain")
                edges.setdefault((one.id, other.id), line)


def _loosely(thread: Coverage, nodes: dict[str, Node]) -> None:
    for place, one in enumerate(thread.loose):
        id, column = f"gap loose {place}", PLACES[one.gap]
        nodes[id] = _gap(id, "Loose end", one.sentence, column)


def _many(count: int, what: str) -> str:
    return "" if not count else f"{count} {what}{'' if count == 1 else 's'}"


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
