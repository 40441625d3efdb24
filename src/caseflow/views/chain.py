"""The golden thread of one case as a picture: a column for each link, its breaks marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise, product
from typing import Any, Final

import attrs

from caseflow.casework import CaseworkState
from caseflow.kernel.calendar import Calendar
from caseflow.kernel.case import Case
from caseflow.kernel.explain import plain_words
from caseflow.kernel.recorded import AnyRecorded, Recorded
from caseflow.views.coverage import Break, Coverage, Gap, NumberAs, Thread, coverage, numbered
from caseflow.views.drawing import Drawing, Edge, Group, Node
from caseflow.views.given import an_instance, some_of
from caseflow.views.work import moments

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
    "unknown-need": "need",
    "unknown-goal": "goal",
    "item-without-need": "need",
    "item-without-goal": "goal",
    "item-beside-its-need": "goal",
    "item-without-service": "service",
    "service-without-note": "note",
    "service-outside-plan": "service",
    "referral-without-handoff": "service",
    "item-without-outcome": "outcome",
}
"""In which column a break is shown."""
SHOWN: Final = 3
"""So many services and referrals of an item are named, the latest first; the others are counted."""
_UTC: Final = Calendar()


def chain(
    case: Case[CaseworkState],
    *,
    number_as: NumberAs = numbered,
    history: Iterable[AnyRecorded] = (),
    calendar: Calendar = _UTC,
) -> Drawing:
    """Draw the golden thread of a case: what leads to what, and a box where it breaks.

    `number_as` names what has a number, and with the `history` the latest services and referrals
    are named, as for `coverage`, and what came of it has its day. `calendar` is the agency's, by
    which days are told (`workflow.calendar`; left out: UTC).
    """
    an_instance(Calendar, "calendar", calendar)
    given: tuple[AnyRecorded, ...] = some_of(Recorded, "history", history)
    thread = coverage(case, number_as=number_as, history=given)
    picture = _Picture(case.state, number_as, calendar, moments(case, given))
    for place, row in enumerate(thread.rows):
        picture.add(row, place)
    goals: dict[tuple[int, ...], str] = {
        (goal.recorded,): f"goal {goal.number}" for goal in case.state.goals
    }
    for place, one in enumerate(thread.loose):
        loose = picture.put(_gap(f"gap loose {place}", "Loose end", one))
        if one.gap == "goal-without-item" and goals[one.events] in picture.nodes:
            picture.join((goals[one.events],), (loose,))
    picture.add_achieved()
    there = {node.group for node in picture.nodes.values()}
    for column in COLUMNS:
        if column not in there:
            picture.put(Node(f"no {column}", "Nothing yet", group=column))
    day = plain_words(calendar.day_of(case.recorded_at))
    return Drawing(
        title=f"From needs to outcomes: case {case.id}, up to {day}",
        description=_told(thread),
        nodes=picture.nodes.values(),
        edges=picture.edges.values(),
        groups=[Group(id, text) for id, text in COLUMNS.items()],
        direction="columns",
    )


def _told(thread: Coverage) -> str:
    if thread.whole:
        return "Everything is linked from the needs to what came of them."
    return " ".join(one.sentence for one in thread.breaks)


@attrs.define
class _Picture:
    """The boxes and arrows so far.

    Each is made once, though it may be on many rows: needs, goals and items that all name each
    other are on as many rows as there are pairs of them.
    """

    state: CaseworkState
    number_as: NumberAs
    calendar: Calendar
    moments: Mapping[int, datetime]
    nodes: dict[str, Node] = attrs.field(factory=dict, init=False)
    edges: dict[tuple[str, str], Edge] = attrs.field(factory=dict, init=False)
    joined: set[tuple[tuple[str, ...], tuple[str, ...]]] = attrs.field(factory=set, init=False)
    goals: dict[tuple[int, ...], tuple[str, ...]] = attrs.field(factory=dict, init=False)
    things: dict[str, Any] = attrs.field(init=False)

    @things.default
    def _things(self) -> dict[str, Any]:
        needs = {f"need {one.number}": one for one in self.state.needs}
        goals = {f"goal {one.number}": one for one in self.state.goals}
        return needs | goals | {f"item {one.number}": one for one in self.state.plan}

    def put(self, node: Node) -> str:
        """A box, if it is not there yet; its id."""
        self.nodes.setdefault(node.id, node)
        return node.id

    def add(self, row: Thread, place: int) -> None:
        """The boxes of a row, column by column, and arrows from each to the next there is."""
        links = {column: self._gaps(row, column, place) for column in COLUMNS}
        if row.need is not None:
            links["need"] = (self._need(row),)
        links["goal"] += self._goals(row)
        if row.item is not None:
            links["item"] += (self._item(row),)
            links["service"] += self._work(row)
            if row.notes:
                id = f"note item {row.item}"
                links["note"] += (self.put(Node(id, _many(row.notes, "note"), group="note")),)
        if row.outcome is not None:
            links["outcome"] += (self._outcome(row, row.outcome),)
        for before, after in pairwise(column for column, link in links.items() if link):
            led = links[after]
            if (before, after) == ("need", "goal"):
                led = self._answering(row, led) or links["item"]
            self.join(links[before], led)

    def add_achieved(self) -> None:
        """The goals that were achieved, among what came of it all."""
        for goal in self.state.goals:
            if goal.pursued and goal.achieved is not None:
                shown = [self.number_as("goal", goal.number), self._when(goal.achieved)]
                id = f"outcome goal {goal.number}"
                self.put(Node(id, "Achieved", lines=shown, group="outcome"))

    def _gaps(self, row: Thread, column: str, place: int) -> tuple[str, ...]:
        """A break stands where the link would be."""
        gaps = [one for one in row.breaks if PLACES[one.gap] == column]
        owned = ((_owner(row, one.gap, place), one) for one in gaps)
        return tuple(
            self.put(_gap(f"gap {owner} {one.gap}", "Missing", one)) for owner, one in owned
        )

    def _need(self, row: Thread) -> str:
        id = f"need {row.need}"
        if id not in self.nodes:
            lines = [str(self.things[id].description), *(["Deferred"] if row.deferred else [])]
            self.put(Node(id, _upper(row.need_as), lines=lines, group="need"))
        return id

    def _goals(self, row: Thread) -> tuple[str, ...]:
        if row.goals not in self.goals:
            self.goals[row.goals] = tuple(f"goal {number}" for number in row.goals)
            for number, called in zip(row.goals, row.goals_as, strict=True):
                lines = [str(self.things[f"goal {number}"].statement), *self._steps(number)]
                lines += ["Achieved"] if number in row.achieved else []
                self.put(Node(f"goal {number}", _upper(called), lines=lines, group="goal"))
        return self.goals[row.goals]

    def _steps(self, goal: int) -> list[str]:
        """The objectives of a goal, each with what it says."""
        return [
            f"- {_upper(self.number_as('objective', one.number))}: {one.statement}"
            for one in self.state.objectives
            if one.goal == goal
        ]

    def _item(self, row: Thread) -> str:
        id = f"item {row.item}"
        if id not in self.nodes:
            lines = [str(self.things[id].activity)]
            self.put(Node(id, _upper(row.item_as), lines=lines, group="item"))
        return id

    def _work(self, row: Thread) -> tuple[str, ...]:
        counted = (_many(row.services, "service"), _many(row.referrals, "referral"))
        text = ", ".join(filter(None, counted))
        if not text:
            return ()
        said = "" if row.services else "referral "  # the heading says it of all of them
        latest = row.work[: -SHOWN - 1 : -1]
        shown = [f"{one.what.removeprefix(said)}, {self._day(one.at)}" for one in latest]
        if len(row.work) > SHOWN:
            shown.append(f"and {len(row.work) - SHOWN} more")
        node = Node(f"service item {row.item}", text, lines=shown, group="service")
        return (self.put(node),)

    def _day(self, moment: datetime) -> str:
        return plain_words(self.calendar.day_of(moment))

    def _when(self, event: int, at: datetime | None = None) -> str:
        """The day of an event, where it is known; else its number."""
        moment = at or self.moments.get(event)
        return self._day(moment) if moment else f"event {event}"

    def _outcome(self, row: Thread, event: int) -> str:
        item = self.things.get(f"item {row.item}")
        if item is not None and item.completed == event:
            id, text, when = f"outcome item {row.item}", "Done", self._when(event)
        else:
            met_at = self.things[f"need {row.need}"].met_at
            id, text, when = f"outcome need {row.need}", "Met", self._when(event, met_at)
        return self.put(Node(id, text, lines=[when], group="outcome"))

    def _answering(self, row: Thread, goals: tuple[str, ...]) -> tuple[str, ...]:
        """Of the goals of a row, those that answer its need, and what is in their place."""
        return tuple(id for id in goals if row.need is None or self._answers(id, row.need))

    def _answers(self, id: str, need: int) -> bool:
        goal = self.things.get(id)
        return goal is None or need in goal.needs

    def join(self, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        """Arrows from each of these boxes to each of those, if they are not there yet."""
        if (before, after) in self.joined:
            return
        self.joined.add((before, after))
        for ends in product(before, after):
            broken = any(self.nodes[id].mark == "gap" for id in ends)
            self.edges.setdefault(ends, Edge(*ends, line="broken" if broken else "plain"))


def _gap(id: str, text: str, one: Break) -> Node:
    return Node(id, text, lines=[one.sentence], group=PLACES[one.gap], mark="gap")


def _owner(row: Thread, gap: Gap, place: int) -> str:
    """Whose break it is: a need's is drawn once, though the need may be on several rows."""
    if gap in ("need-without-goal", "need-without-item"):
        return f"need {row.need}"
    return f"item {row.item}" if row.item is not None else f"row {place}"


def _many(count: int, what: str) -> str:
    return "" if not count else f"{count} {what}{'' if count == 1 else 's'}"


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
