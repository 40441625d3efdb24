"""What one might do next with a case: steps of any kind, and steps that a refusal asks for.

This is how the kit knows no trade and still gets far: a refused transition names the rules
that are unmet, a rule names the event types it rests on, and an event of one of these is
what helps. All draws go through the `draw` of the strategy or machine that asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import attrs
from hypothesis import strategies as st

from caseflow.kernel.case import Case
from caseflow.kernel.errors import InvalidCall
from caseflow.kernel.events import Corrected, ExceptionMade, Voided, event_type
from caseflow.kernel.recorded import Actor
from caseflow.kernel.rules import Result
from caseflow.testing.payloads import (
    SENTENCES,
    ZONES,
    Payloads,
    checked,
    derived,
    of_class,
    payload,
)
from caseflow.workflow.command import Entry
from caseflow.workflow.machine import Row
from caseflow.workflow.workflow import Workflow

T = TypeVar("T")

TIME_PASSED = [timedelta(hours=3), timedelta(0), timedelta(days=9), timedelta(minutes=1)]
LATE_BY = [timedelta(0), timedelta(hours=2), timedelta(days=70), timedelta(days=4), timedelta(0)]
REASONS = ["as the manual says", "the family asked for it"]


class Draw(Protocol):
    """What draws a value of a strategy: Hypothesis's `draw`, or `data.draw`."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T:
        """One value."""
        ...


def choose(draw: Draw, options: Sequence[T]) -> T:
    """One of several. As `st.sampled_from`, and ten times as fast on options seen only once."""
    return options[draw(st.integers(0, len(options) - 1))] if len(options) > 1 else options[0]


def rarely(draw: Draw) -> bool:
    """True about once in sixteen times (Hypothesis draws the ends of a range more often)."""
    return draw(st.integers(0, 15)) == 6


@attrs.frozen(kw_only=True)
class Proposals:
    """Steps for cases of one workflow. `actors` are who acts in them."""

    workflow: Workflow[Any]
    payloads: Payloads = attrs.field(factory=dict, converter=checked)
    actors: tuple[Actor, ...] = ()

    def __attrs_post_init__(self) -> None:
        if not self.actors:
            roles = roles_of(self.workflow)
            named = tuple(Actor(name, roles) for name in ("ana", "ben"))
            object.__setattr__(self, "actors", named)

    # -- events and steps --------------------------------------------------------------------

    def event(self, draw: Draw, cls: type[Any], case: Case[Any]) -> Any:
        """An event of a class, which fits the case as far as `payloads` says how."""
        return of_class(cls, draw(payload(cls, case, self.payloads)))

    def fact(self, draw: Draw, case: Case[Any], *, odd: bool = False) -> Any:
        """A fact; an odd one is drawn from its types alone, whatever `payloads` says."""
        cls = choose(draw, self.workflow.facts)
        return draw(derived(cls)) if odd else self.event(draw, cls, case)

    def names_here(self, case: Case[Any], *, going_on: bool = False) -> tuple[str, ...]:
        """The transitions and decisions that there are here; `going_on` leaves out the ends.

        Where all of them end the case, they are given all the same.
        """
        here = self.workflow.dispatch.get(case.position or "", {})
        names = [name for name, edges in here.items() if not edges[0].row.core]
        ends = self.workflow.ends
        on = [name for name in names if any(edge.dest not in ends for edge in here[name])]
        return tuple(on if going_on and on else names)

    def step(self, draw: Draw, case: Case[Any], name: str) -> Entry:
        """The entry that takes a transition: its event or its name, with a reason."""
        row = self._row(case, name)
        records = row.transition.records
        step = name if records is None else self.event(draw, records, case)
        return Entry(step, reason=self._reason(draw, row))

    def _row(self, case: Case[Any], name: str) -> Row:
        edges = self.workflow.edges(name, case.position)
        return edges[0].row if edges else next(r for r in self.workflow.rows if r.name == name)

    def _reason(self, draw: Draw, row: Row) -> str | None:
        if row.codes:
            return choose(draw, sorted(row.codes))
        return choose(draw, REASONS) if row.transition.reason_required else None

    # -- what helps --------------------------------------------------------------------------

    def help(self, draw: Draw, case: Case[Any], result: Result) -> Entry | None:
        """A step that may put right what a rule found missing; None where none is known."""
        rule = self.workflow.all_rules.get(result.rule)
        known = {event_type(cls).cls for cls in self.workflow.event_types}
        classes = [cls for cls in (rule.rests_on if rule else ()) if cls in known]
        if not classes:
            return None
        event = self.event(draw, choose(draw, classes), case)
        names = self.workflow.names_recording(type(event))
        reason = self._reason(draw, self._row(case, names[0])) if names else None
        return Entry(event, reason=reason)

    def exception(self, draw: Draw, case: Case[Any], rule: str) -> Entry:
        """An exception to a rule, for good or until some days after now."""
        days = choose(draw, [None, 0, 30])
        until = None if days is None else case.recorded_at + timedelta(days=days)
        return Entry(ExceptionMade(rule=rule, reason=choose(draw, REASONS), until=until))

    def amendment(self, draw: Draw, case: Case[Any], history: Sequence[Any]) -> Entry:
        """A correction or a void of some event of the history, fitting or not."""
        void = draw(st.booleans())
        target = choose(draw, history[-3:] if void else history)  # of moves, only the last goes
        if void:
            return Entry(Voided(number=target.number))
        known = type(target.event) in self.workflow.event_types
        event = self.event(draw, type(target.event), case) if known else None
        moment = None
        if event is None or draw(st.booleans()):
            moment = target.occurred_at + choose(draw, [timedelta(0), timedelta(days=-1)])
        return Entry(Corrected(number=target.number, event=event, occurred_at=moment))

    # -- who and when ------------------------------------------------------------------------

    def actor(self, draw: Draw) -> Actor:
        """Somebody who acts."""
        return choose(draw, self.actors)

    def dated(self, draw: Draw, entry: Entry, case: Case[Any], now: Any) -> Entry:
        """The entry with a moment of its own, in some time zone: facts may be late ones."""
        late = choose(draw, LATE_BY)
        if not late:
            return entry
        at = now - late
        moves = isinstance(entry.step, str) or event_type(entry.step).kind == "decision"
        if moves and case.path:
            at = max(at, case.path[-1].occurred_at)
        return entry._replace(at=at.astimezone(choose(draw, ZONES)))


def roles_of(workflow: Workflow[Any]) -> frozenset[str]:
    """Every role that a workflow names."""
    rules = [*workflow.all_rules.values(), *(r for row in workflow.rows for r in row.rules)]
    named = {role for row in workflow.rows for role in row.transition.roles}
    named |= {rule.excepted_by for rule in rules} | {workflow.faults_excepted_by}
    return frozenset({*named, *workflow.opened_by} - {""})


def nearer(workflow: Workflow[Any], position: str | None, goals: frozenset[str]) -> list[str]:
    """The transitions that lead from a position nearer to one of these, without ending first."""
    here = position or ""
    ways = _distances(workflow, goals)
    limit = ways.get(here, len(ways) + 1)
    closer = {
        place
        for place, distance in ways.items()
        if distance < limit and (place in goals or place not in workflow.ends)
    }
    table = workflow.dispatch.get(here, {})
    return [name for name, edges in table.items() if any(e.dest in closer for e in edges)]


def _distances(workflow: Workflow[Any], goals: frozenset[str]) -> dict[str, int]:
    """How many moves each position is away from a goal."""
    found = dict.fromkeys(goals, 0)
    waiting = list(goals)
    while waiting:
        goal = waiting.pop(0)
        for position, names in workflow.dispatch.items():
            leads = any(edge.dest == goal for edges in names.values() for edge in edges)
            if leads and position not in found:
                found[position] = found[goal] + 1
                if position not in workflow.ends:
                    waiting.append(position)
    return found


def known_rule(workflow: Workflow[Any], rule: str) -> str:
    """The id, if the workflow has such a rule. Raises `InvalidCall`."""
    from caseflow.kernel.errors import nearest

    if rule not in workflow.all_rules:
        raise InvalidCall(
            what=f"rule={rule!r}",
            problem=f"is no rule of workflow {workflow.name!r}",
            repair=nearest(rule, workflow.all_rules) or "See workflow.all_rules for those it has",
        )
    return rule


__all__ = [
    "SENTENCES",
    "TIME_PASSED",
    "Draw",
    "Proposals",
    "choose",
    "known_rule",
    "nearer",
    "roles_of",
]
