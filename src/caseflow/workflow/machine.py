"""The state graph as a stock `transitions.Machine`; the dispatch is read out of it.

Every declared transition becomes one edge for each position it leaves from (and each target
it may choose). The edges are the machine's own transitions, on its documented extension
point `transition_cls`; they carry the row they were declared by. The machine has no models:
it can drive code that already uses `transitions`, be drawn, and be walked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import attrs
from transitions import Machine
from transitions import Transition as StockTransition

from caseflow.kernel.case import HOLD, Case
from caseflow.kernel.context import Context
from caseflow.kernel.events import Moved
from caseflow.kernel.rules import Result, Rule
from caseflow.workflow.definition import Transition

Left = Callable[[Case[Any]], bool]


@attrs.frozen(eq=False)
class Row:
    """A declared transition, made ready: its rules in their order of evaluation, its reasons."""

    transition: Transition
    rules: tuple[Rule[Any], ...]
    codes: Mapping[str, str]
    needed: tuple[str, ...]
    """The fields that its event needs; a bare name will not do where there are any."""
    label: str
    decided: bool = False
    """A decision that a stage names (`decides`), without a transition declared for it."""
    core: bool = False
    """Known to every workflow: exceptions, corrections, voids. Not offered as an option."""

    @property
    def name(self) -> str:
        """What one says to take it."""
        return self.transition.name

    @cached_property
    def offered(self) -> Any:
        """Its event, for those who ask what it would do (None: its fields are not known yet)."""
        return None if self.needed else self.bare_event()

    def bare_event(self) -> Any:
        """Its event, where it is named without one. It must need no fields."""
        records = self.transition.records
        return Moved() if records is None else records()


class Edge(StockTransition):
    """One edge of the machine: from one position to one other (None: it stays)."""

    def __init__(
        self,
        source: str,
        dest: str | None,
        conditions: Any = None,
        *args: Any,
        row: Row,
        condition: Rule[Any] | None = None,
        left: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.row = row
        self.condition = condition
        self.left = left
        checks: Any = None
        if condition is not None or left is not None:
            checks = [self._stock_condition]
        stays: Any = dest  # None is what the stock machine calls an internal transition
        super().__init__(source, stays, checks, *args, **kwargs)

    def choose(self, case: Case[Any], context: Context) -> Result | bool:
        """Whether this target is the one: true, or the result that says why not."""
        if self.left is not None:
            return left_from(case) == self.left
        if self.condition is None:
            return True
        result = self.condition.judge(case, context)
        return True if result is None or result.outcome == "met" else result

    def _stock_condition(self, case: Case[Any], context: Context) -> bool:
        """The same as a condition of the stock machine: `model.trigger(name, case, context)`."""
        return self.choose(case, context) is True


def left_from(case: Case[Any]) -> str | None:
    """The position the case was in before its last move, hold apart."""
    return case.path[-2].position.removesuffix(HOLD) if len(case.path) > 1 else None


class EdgeMachine(Machine):
    """The stock machine, with edges that carry their row."""

    transition_cls = Edge


def build_machine(positions: list[str], final: list[str], start: str, name: str) -> EdgeMachine:
    """A machine without models, automatic transitions or callbacks."""
    states: list[Any] = [{"name": position, "final": position in final} for position in positions]
    return EdgeMachine(
        model=None,
        states=states,
        initial=start,
        auto_transitions=False,
        model_attribute="position",
        name=name,
    )


Dispatch = dict[str, dict[str, tuple[Edge, ...]]]
"""Position, then name of the transition, then its edges in order."""


def read_dispatch(machine: Machine, positions: list[str]) -> Dispatch:
    """The edges of a machine, by the position they leave and the name that takes them."""
    table: Dispatch = {position: {} for position in positions}
    for name, event in machine.events.items():
        for source, edges in event.transitions.items():
            table[source][name] = tuple(edge for edge in edges if isinstance(edge, Edge))
    return table


def reachable(table: Dispatch, start: str) -> set[str]:
    """The positions that a case can come to from a position.

    `BACK` leads only to where a case has been, so it opens no position of its own.
    """
    found, waiting = {start}, [start]
    while waiting:
        for edges in table[waiting.pop()].values():
            for edge in edges:
                if edge.left is not None:
                    continue
                if edge.dest is not None and edge.dest not in found:
                    found.add(edge.dest)
                    waiting.append(edge.dest)
    return found


def way_to(
    table: Dispatch, case: Case[Any], goals: set[str], ends: frozenset[str]
) -> tuple[Row, ...]:
    """The fewest transitions that lead from where a case stands to one of the goals.

    Through no end. `BACK` is taken only from where the case stands, and leads to where it was.
    """
    start, back = case.position or "", left_from(case)
    ways: dict[str, tuple[Row, ...]] = {start: ()}
    waiting = [start]
    for position in waiting:
        if position in goals and position != start:
            return ways[position]
        for edge in (edge for edges in table.get(position, {}).values() for edge in edges):
            dest = edge.dest
            known = edge.left is None or (position == start and edge.left == back)
            if known and dest is not None and dest not in ways and dest not in ends:
                ways[dest] = (*ways[position], edge.row)
                waiting.append(dest)
    return ()
