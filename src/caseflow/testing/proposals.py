"""What one might do next with a case: steps of any kind, and steps that a refusal asks for.

This is how the kit knows no trade and still gets far: a refused transition names the rules
that are unmet, a rule names the event types it rests on, and an event of one of these is
what helps. All draws go through the `draw` of the strategy or machine that asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import attrs
from hypothesis import strategies as st

from caseflow.kernel.case import Case
from caseflow.kernel.errors import InvalidCall
from caseflow.kernel.events import Corrected, ExceptionMade, Voided, event_type
from caseflow.kernel.recorded import Actor
from caseflow.kernel.rules import Result
from caseflow.testing.payloads import SENTENCES, ZONES, Payloads, checked, derived, payload
from caseflow.workflow.decide import Entry
from caseflow.workflow.machine import Row
from caseflow.workflow.workflow import Workflow

T = TypeVar("T")

TIME_PASSED = [timedelta(0), timedelta(minutes=1), timedelta(hours=3), timedelta(days=9)]
LATE_BY = [timedelta(0), timedelta(0), timedelta(hours=2), timedelta(days=4), timedelta(days=70)]
REASONS = st.sampled_from(["as the manual says", "the family asked for it"])


class Draw(Protocol):
    """What draws a value of a strategy: Hypothesis's `draw`, or `data.draw`."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T:
        """One value."""
        ...


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
        return draw(payload(cls, case, self.payloads))

    def fact(self, draw: Draw, case: Case[Any], *, odd: bool = False) -> Any:
        """A fact; an odd one is drawn from its types alone, whatever `payloads` says."""
        cls = draw(st.sampled_from(self.workflow.facts))
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
            return draw(st.sampled_from(sorted(row.codes)))
        return draw(REASONS) if row.transition.reason_required else None

    # -- what helps --------------------------------------------------------------------------

    def help(self, draw: Draw, case: Case[Any], result: Result) -> Entry | None:
        """A step that may put right what a rule found missing; None where none is known."""
        rule = self.workflow.all_rules.get(result.rule)
        known = {event_type(cls).cls for cls in self.workflow.event_types}
        classes = [cls for cls in (rule.rests_on if rule else ()) if cls in known]
        if not classes:
            return None
        event = self.event(draw, draw(st.sampled_from(classes)), case)
        names = self.workflow.names_recording(type(event))
        reason = self._reason(draw, self._row(case, names[0])) if names else None
        return Entry(event, reason=reason)

    def exception(self, draw: Draw, case: Case[Any], rule: str) -> Entry:
        """An exception to a rule, for good or until some days after now."""
        days = draw(st.sampled_from([None, 0, 30]))
        until = None if days is None else case.recorded_at + timedelta(days=days)
        return Entry(ExceptionMade(rule=rule, reason=draw(REASONS), until=until))

    def amendment(self, draw: Draw, case: Case[Any], history: Iterable[Any]) -> Entry:
        """A correction or a void of some event of the history, fitting or not."""
        target = draw(st.sampled_from(list(history)))
        if draw(st.booleans()):
            return Entry(Voided(number=target.number))
        known = type(target.event) in self.workflow.event_types
        event = self.event(draw, type(target.event), case) if known else None
        moment = None
        if event is None or draw(st.booleans()):
            moment = target.occurred_at + draw(st.sampled_from([timedelta(0), timedelta(days=-1)]))
        return Entry(Corrected(number=target.number, event=event, occurred_at=moment))

    # -- who and when ------------------------------------------------------------------------

    def actor(self, draw: Draw) -> Actor:
        """Somebody who acts."""
        return draw(st.sampled_from(self.actors))

    def dated(self, draw: Draw, entry: Entry, case: Case[Any], now: Any) -> Entry:
        """The entry with a moment of its own, in some time zone: facts may be late ones."""
        late = draw(st.sampled_from(LATE_BY))
        if not late:
            return entry
        at = now - late
        moves = isinstance(entry.step, str) or event_type(entry.step).kind == "decision"
        if moves and case.path:
            at = max(at, case.path[-1].occurred_at)
        return attrs.evolve(entry, at=at.astimezone(draw(st.sampled_from(ZONES))))


def roles_of(workflow: Workflow[Any]) -> frozenset[str]:
    """Every role that a workflow names."""
    rules = [*workflow.all_rules.values(), *(r for row in workflow.rows for r in row.rules)]
    named = {role for row in workflow.rows for role in row.transition.roles}
    named |= {rule.excepted_by for rule in rules} | {workflow.faults_excepted_by}
    return frozenset({*named, *workflow.opened_by} - {""})


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


__all__ = ["SENTENCES", "TIME_PASSED", "Draw", "Proposals", "known_rule", "roles_of"]
