"""The strategies: events, legal histories, cases at a stage, and nearly legal commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any, Generic

import attrs
from hypothesis import reject
from hypothesis import strategies as st

from caseflow.kernel.case import HOLD, Case, S, stage_of
from caseflow.kernel.errors import InvalidCall, nearest
from caseflow.kernel.recorded import Actor, AnyRecorded
from caseflow.testing.payloads import Payloads, checked, derived, of_class, payload
from caseflow.testing.proposals import Draw, Proposals, choose, known_rule
from caseflow.testing.walk import EFFORT, Walk, opened
from caseflow.workflow.command import Command, Entry
from caseflow.workflow.decide import decide
from caseflow.workflow.workflow import Workflow


def events(
    workflow: Workflow[Any],
    cls: type[Any] | None = None,
    *,
    case: Case[Any] | None = None,
    payloads: Payloads | None = None,
) -> st.SearchStrategy[Any]:
    """Events of every type that the workflow declares, or of one class.

    Their fields are drawn from their types, unless `payloads` says how to draw the class.
    `case` is what the events should fit (left out: a case that was just opened). Raises
    `InvalidCall`.
    """
    hints = checked(payloads)
    if cls is not None and cls not in workflow.event_types:
        raise InvalidCall(
            what=f"events(cls={cls!r})",
            problem=f"is no event class of workflow {workflow.name!r}",
            repair=nearest(
                getattr(cls, "__name__", repr(cls)), (c.__name__ for c in workflow.event_types)
            ),
        )
    fitting: Case[Any] = opened(workflow)[0] if case is None else case
    classes = workflow.event_types if cls is None else (cls,)
    return st.one_of([payload(one, fitting, hints).map(partial(of_class, one)) for one in classes])


def histories(
    workflow: Workflow[Any],
    *,
    at: str | None = None,
    taking: str | None = None,
    payloads: Payloads | None = None,
    actors: Iterable[Actor] = (),
    steps: int = 8,
) -> st.SearchStrategy[tuple[AnyRecorded, ...]]:
    """Legal histories: each event was decided on, and allowed.

    They go to any position of the workflow, or to `at` (a stage or a position), doing what
    the rules on the way ask for, and then wander for at most `steps` steps. With `taking`,
    the name of a transition, each of them takes it somewhere on its way. The moments
    increase; facts may be late. `actors` are who acts (left out: two people in every role).
    Raises `InvalidCall`.
    """
    play = _playing(workflow, payloads, actors, at, steps, taking)
    return play.map(lambda walk: walk.history)


def cases(
    workflow: Workflow[S],
    *,
    at: str | None = None,
    payloads: Payloads | None = None,
    actors: Iterable[Actor] = (),
    steps: int = 8,
) -> st.SearchStrategy[Case[S]]:
    """Cases with a legal history, at a stage or position if `at` is given.

    The arguments are those of `histories`. Where the walk cannot get to `at`, Hypothesis
    says that no example was found: say in `payloads` what the rules on the way want.
    """
    play = _playing(workflow, payloads, actors, at, steps)
    return play.map(lambda walk: walk.case)


@attrs.frozen(kw_only=True)
class NearlyLegal(Generic[S]):
    """A command on a case that would be allowed, were it not for one rule.

    `decide(workflow, near.case, near.command)` refuses it, by `rule` alone. `history` is
    that of the case.
    """

    case: Case[S]
    history: tuple[AnyRecorded, ...]
    command: Command
    rule: str


def nearly_legal(
    workflow: Workflow[S],
    *,
    rule: str | None = None,
    payloads: Payloads | None = None,
    actors: Iterable[Actor] = (),
    steps: int = 4,
) -> st.SearchStrategy[NearlyLegal[S]]:
    """Commands that exactly one rule refuses: the given one, or any.

    Without `rule`, the built-in ones are broken too: `role`, `reason`, `not-in-the-future`.
    The other arguments are those of `histories`. Raises `InvalidCall`.
    """
    broken = None if rule is None else known_rule(workflow, rule)
    proposals = Proposals(workflow=workflow, payloads=payloads or {}, actors=tuple(actors))
    _count("steps", steps)

    @st.composite
    def nearly(draw: Draw) -> NearlyLegal[S]:
        walk = Walk(proposals, draw)
        wanted = choose(draw, _breakable(workflow)) if broken is None else broken
        breaks = _BUILT_IN.get(wanted)
        places = _judged_at(workflow, wanted)
        name, position = choose(draw, sorted(places))
        if not walk.go_to(frozenset({position})):
            reject()
        walk.wander(draw(st.integers(0, steps)) if breaks else 0)
        if walk.case.position != position:
            name = choose(draw, proposals.names_here(walk.case))
        command = _but_for(walk, name, wanted, breaks)
        return NearlyLegal(case=walk.case, history=walk.history, command=command, rule=wanted)

    return nearly()


Break = Callable[[Command], Command]


def _but_for(walk: Walk, name: str, wanted: str, breaks: Break | None) -> Command:
    """A command that only this rule refuses; rejects the example where none is found."""
    for _ in range(EFFORT):
        entry = walk.proposals.step(walk.draw, walk.case, name)
        command = walk.command(entry)
        if breaks is not None:
            command = breaks(command)
        verdict = decide(walk.workflow, walk.case, command).verdict
        refusing = {result.rule for result in verdict.refusals}
        if refusing == {wanted} and len(verdict.refusals) == 1:
            return command
        others = [result for result in verdict.refusals if result.rule != wanted]
        if others:
            if not walk.put_right(others):
                reject()
        elif walk.workflow.event_types:
            refused = walk.do(Entry(_unsettling(walk, wanted))).refusals
            walk.put_right(refused)
    return reject()


def _unsettling(walk: Walk, wanted: str) -> Any:
    """An event that may unsettle a rule that is met: an odd one, of a type that it rests on."""
    rule = walk.workflow.all_rules.get(wanted)
    known = walk.workflow.event_types
    cls = choose(
        walk.draw, [one for one in (rule.rests_on if rule else ()) if one in known] or known
    )
    if choose(walk.draw, [True, False]):
        return walk.draw(derived(cls))
    return walk.proposals.event(walk.draw, cls, walk.case)


def _tomorrow(command: Command) -> Command:
    return command._replace(at=command.now + timedelta(days=1))


def _without_roles(command: Command) -> Command:
    return command._replace(actor=Actor("stranger"))


def _without_reason(command: Command) -> Command:
    entries = tuple(entry._replace(reason=None) for entry in command.entries)
    return command._replace(entries=entries)


_BUILT_IN: dict[str, Break] = {
    "not-in-the-future": _tomorrow,
    "role": _without_roles,
    "reason": _without_reason,
}


def _breakable(workflow: Workflow[Any]) -> list[str]:
    """The rules that refuse somewhere, and the built-in ones that apply somewhere."""
    own = [id for id in workflow.all_rules if _judged_at(workflow, id)]
    return [*own, *(id for id in _BUILT_IN if _judged_at(workflow, id))]


def _judged_at(workflow: Workflow[Any], rule: str) -> set[tuple[str, str]]:
    """The transitions and positions at which a rule can refuse."""
    found = set()
    for position, names in workflow.dispatch.items():
        for name, edges in names.items():
            row = edges[0].row
            asks = {item.id for item in row.rules if item.strength == "block"}
            asks |= {"role"} if row.transition.roles else set()
            asks |= {"reason"} if row.codes or row.transition.reason_required else set()
            if not row.core and rule in asks | {"not-in-the-future"}:
                found.add((name, position))
    return found


def _playing(
    workflow: Workflow[Any],
    payloads: Payloads | None,
    actors: Iterable[Actor],
    at: str | None,
    steps: int,
    taking: str | None = None,
) -> st.SearchStrategy[Walk]:
    """Walks that end at a position, or anywhere."""
    proposals = Proposals(workflow=workflow, payloads=payloads or {}, actors=tuple(actors))
    goals = None if at is None else _positions(workflow, at)
    _count("steps", steps)
    ways = sorted(_ways(workflow, goals)) if taking is None else [_named(workflow, taking)]

    @st.composite
    def play(draw: Draw) -> Walk:
        walk = Walk(proposals, draw)
        # Each transition is as likely as any other, however long or short the way to it.
        name = choose(draw, ways)
        leaving = _leaving(workflow, name, goals if taking is None else None)
        # From the nearest place, or from one that may have what its rules ask for.
        walk.go_to(choose(draw, [leaving, *(frozenset({one}) for one in sorted(leaving))]))
        taken = walk.take(name)
        if taking is not None and not taken:
            reject()
        walk.wander(draw(st.integers(0, steps)))
        if goals is not None and not walk.go_to(goals):
            reject()
        return walk

    return play()


def _named(workflow: Workflow[Any], name: str) -> str:
    """The name, if it is a transition's. Raises `InvalidCall`."""
    names = [row.name for row in workflow.rows if not row.core]
    if name not in names:
        raise InvalidCall(
            what=f"taking={name!r}",
            problem=f"is no transition of workflow {workflow.name!r}",
            repair=nearest(name, names),
        )
    return name


def _ways(workflow: Workflow[Any], goals: frozenset[str] | None) -> set[str]:
    """The transitions that lead to one of these positions, or any that there are."""
    names = {row.name for row in workflow.rows if not row.core}
    leading = {name for name in names if _leaving(workflow, name, goals)}
    return leading or names


def _leaving(workflow: Workflow[Any], name: str, goals: frozenset[str] | None) -> frozenset[str]:
    """The positions from which a transition leads to one of these, or anywhere."""
    return frozenset(
        position
        for position in workflow.positions
        if any(goals is None or edge.dest in goals for edge in workflow.edges(name, position))
    )


def _positions(workflow: Workflow[Any], at: str) -> frozenset[str]:
    """The positions that a stage or position names: those on hold only where they are named."""
    positions = workflow.positions
    named = [p for p in positions if not p.endswith(HOLD) and stage_of(p) == at]
    if not named and at not in positions:
        raise InvalidCall(
            what=f"at={at!r}",
            problem=f"is no stage or position of workflow {workflow.name!r}",
            repair=nearest(at, (*positions, *map(stage_of, positions))),
        )
    return frozenset(named or [at])


def _count(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidCall(
            what=f"{name}={value!r}", problem="is no number of steps", repair="Give 0 or more"
        )
