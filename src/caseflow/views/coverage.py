"""The golden thread of a case: from need to goal, plan item, service, note and outcome.

Read off the folded state alone, so that it costs the same for a long history as for a short
one, and needs no more than one case at a time over many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import attrs

from caseflow.casework import CaseworkState
from caseflow.casework.things import Goal, Need, PlanItem
from caseflow.kernel.case import Case
from caseflow.kernel.erased import Erased
from caseflow.kernel.errors import InvalidCall, short
from caseflow.kernel.recorded import AnyRecorded, Recorded
from caseflow.views.given import an_instance, some_of
from caseflow.views.work import Work, outside_the_plan, work_of

Kind = Literal["need", "goal", "objective", "plan item", "referral"]
"""What has a number in a case."""

NumberAs = Callable[[Kind, int], str]
"""How an agency names what has a number: a function of its kind and number."""

Gap = Literal[
    "need-without-goal",
    "need-without-item",
    "goal-without-need",
    "goal-without-item",
    "unknown-need",
    "unknown-goal",
    "item-without-need",
    "item-without-goal",
    "item-beside-its-need",
    "item-without-service",
    "service-without-note",
    "service-outside-plan",
    "referral-without-handoff",
    "item-without-outcome",
]
"""The ways in which the thread can break."""


def numbered(kind: Kind, number: int) -> str:
    """The name that is used where an agency has none of its own: `need 1`, `plan item 2`."""
    return f"{kind} {number}"


@attrs.frozen
class Break:
    """One place where the thread breaks, as a sentence, with the events that show it.

    A case knows of the services outside the plan how many there were, and the latest: without
    the history, `events` names that one alone.
    """

    gap: Gap
    sentence: str
    events: tuple[int, ...]


@attrs.frozen(kw_only=True)
class Thread:
    """One row of the thread: a need, goals, an item of the plan, its work.

    The goals are those by which the item serves the need, and those that it serves without
    serving a need by them; of a row without an item, those that answer the need.

    `need` and `item` are numbers of the case, `need_as` and `item_as` the agency's names for
    them; each is None, or empty, where there is none. `achieved` are those of the goals that were
    achieved, `objectives` the steps towards the goals. `services`, `referrals` and `notes` count
    what names the item. `outcome` is the event that says what came of it: that the item was
    done, and with what outcome, or that the need was met. `events` are those the row rests on.
    `work` names the services and referrals, in the order in which they occurred, where the history
    was given.
    """

    need: int | None = None
    need_as: str = ""
    deferred: bool = False
    goals: tuple[int, ...] = ()
    goals_as: tuple[str, ...] = ()
    achieved: tuple[int, ...] = ()
    objectives: tuple[int, ...] = ()
    item: int | None = None
    item_as: str = ""
    services: int = 0
    referrals: int = 0
    notes: int = 0
    outcome: int | None = None
    events: tuple[int, ...] = ()
    breaks: tuple[Break, ...] = ()
    work: tuple[Work, ...] = ()


@attrs.frozen(kw_only=True)
class Coverage:
    """The golden thread of one case, row by row; `loose` are the breaks that are on no row."""

    case_id: str
    rows: tuple[Thread, ...]
    loose: tuple[Break, ...]

    @property
    def breaks(self) -> tuple[Break, ...]:
        """Every break once, in the order of the rows, those on no row at the end."""
        found = [one for row in self.rows for one in row.breaks]
        return tuple(dict.fromkeys((*found, *self.loose)))

    @property
    def whole(self) -> bool:
        """Whether the thread breaks nowhere."""
        return not self.breaks


def coverage(
    case: Case[CaseworkState],
    *,
    number_as: NumberAs = numbered,
    history: Iterable[AnyRecorded] = (),
) -> Coverage:
    """Follow the numbers of a case from its needs to what came of them, and name every break.

    `case` is any case of case work, of whichever workflow. `number_as` names what has a number
    in the agency's own way (left out: `need 1`, `goal 1`, `plan item 1`); the rows keep the
    numbers of the case beside it. A row for each need and plan item that belong together, one
    for each need without an item, each item without a known need, and each goal that answers no
    known need; and one for those goals of a need that no item for it serves. An item that names
    goals serves those alone; one that names none serves the goals of its needs. A need that is
    deferred, or met, asks for no item and no goal; what the client does asks for no service; a
    goal of the program needs no need of the client's.
    With the `history` of the case (`book.history`) its services and referrals are named, too,
    and each service outside the plan.
    Raises `InvalidCall` for what is no case of case work, for a name that is no text, and for a
    history that is not that of the case.
    """
    an_instance(Case, "case", case)
    an_instance(CaseworkState, "case.state", case.state)
    state, name = case.state, _naming(number_as)
    rows = [*_of_needs(state, name), *_of_items(state, name), *_of_goals(state, name)]
    given: tuple[AnyRecorded, ...] = some_of(Recorded, "history", history)
    work = work_of(case, given)
    loose = tuple(_loose(state, name, rows, outside_the_plan(case, given)))
    told = [attrs.evolve(one, work=work.get(one.item or 0, ())) for one in rows] if work else rows
    return Coverage(case_id=case.id, rows=tuple(told), loose=loose)


def _naming(number_as: object) -> NumberAs:
    """How things are named, where that is a function and gives texts; else `InvalidCall`."""
    repair = "Give a function of a kind and a number, which gives a text: 'G-7'."
    if not callable(number_as):
        what = f"number_as={short(number_as)}"
        raise InvalidCall(what=what, problem="is no function", repair=repair)

    def name(kind: Kind, number: int) -> str:
        called: object = number_as(kind, number)
        if not isinstance(called, str):
            what = f"number_as({kind!r}, {number})"
            problem = f"gives {short(called)}, which is no text"
            raise InvalidCall(what=what, problem=problem, repair=repair)
        return called

    return name


def _of_needs(state: CaseworkState, name: NumberAs) -> Iterator[Thread]:
    beside = _beside(state)
    own = {
        item.number: (*_item_breaks(item, name), *_beside_break(item, state, beside, name))
        for item in state.plan
    }
    for need in state.needs:
        answering = [one for one in state.goals if one.pursued and need.number in one.needs]
        items = state.items_for(need.number)
        breaks = _need_breaks(need, answering, items, name)
        told: dict[tuple[tuple[int, ...], ...], _Goals] = {}
        for item in items:
            others = beside[item.number]
            of = (item.goals, tuple(one.number for one in others))
            if of not in told:
                named = {*item.goals} or {one.number for one in answering}
                serves = (one for one in answering if one.number in named)
                told[of] = _Goals.of((*serves, *others), state, name)
            yield _row(need, told[of], item, (*breaks, *own[item.number]), name)
        served = {number for one in told.values() for number in one.numbers}
        left = [one for one in answering if one.number not in served]
        if left or not items:
            yield _row(need, _Goals.of(left, state, name), None, () if items else breaks, name)


def _beside(state: CaseworkState) -> Mapping[int, tuple[Goal, ...]]:
    """Of each item, the goals that it names and that answer none of the needs it addresses."""
    known = {need.number for need in state.needs}
    goals = {goal.number: goal for goal in state.goals if goal.pursued}
    return {
        item.number: tuple(
            goals[number]
            for number in dict.fromkeys(item.goals)
            if number in goals and known.intersection(item.needs).isdisjoint(goals[number].needs)
        )
        for item in state.plan
    }


def _beside_break(
    item: PlanItem, state: CaseworkState, beside: Mapping[int, tuple[Goal, ...]], name: NumberAs
) -> Iterator[Break]:
    """That an item serves goals of other needs. A goal that answers no need is told of as such."""
    known = {need.number for need in state.needs}
    of_others = [
        goal
        for goal in beside[item.number]
        if not goal.program_goal and not known.isdisjoint(goal.needs)
    ]
    needs = " or ".join(
        name("need", number) for number in dict.fromkeys(item.needs) if number in known
    )
    if of_others and needs:
        goals = " and ".join(name("goal", goal.number) for goal in of_others)
        answer = "do not answer" if len(of_others) > 1 else "does not answer"
        sentence = f"{name('plan item', item.number)} serves {goals}, which {answer} {needs}"
        recorded = (goal.recorded for goal in of_others)
        yield _break("item-beside-its-need", sentence, item.recorded, *recorded)


def _of_items(state: CaseworkState, name: NumberAs) -> Iterator[Thread]:
    """The plan items that address no need of the case."""
    for item in state.plan:
        if any(state.need(number) for number in item.needs):
            continue
        serving = (goal for goal in state.goals if goal.number in item.goals and goal.pursued)
        goals = _Goals.of(serving, state, name)
        named = _named("need", item.needs, name)
        lack = f"{named}, which nobody identified" if named else "addresses no need"
        gap = _break("item-without-need", f"{name('plan item', item.number)} {lack}", item.recorded)
        yield _row(None, goals, item, (gap, *_item_breaks(item, name)), name)


def _of_goals(state: CaseworkState, name: NumberAs) -> Iterator[Thread]:
    """The goals that answer no need of the case."""
    for goal in state.goals:
        answered = any(state.need(number) for number in goal.needs)
        if answered or goal.program_goal or not goal.pursued:
            continue
        named = _named("need", goal.needs, name)
        lack = f"{named}, which nobody identified" if named else "answers no need"
        gap = _break("goal-without-need", f"{name('goal', goal.number)} {lack}", goal.recorded)
        yield _row(None, _Goals.of((goal,), state, name), None, (gap,), name)


@attrs.frozen
class _Goals:
    """The goals of a row, told once for all rows of a need: there may be very many of both."""

    numbers: tuple[int, ...]
    called: tuple[str, ...]
    recorded: tuple[int, ...]
    achieved: tuple[int, ...]
    objectives: tuple[int, ...]

    @classmethod
    def of(cls, goals: Iterable[Goal], state: CaseworkState, name: NumberAs) -> _Goals:
        those = tuple(goals)
        numbers = {goal.number for goal in those}
        return cls(
            tuple(goal.number for goal in those),
            tuple(name("goal", goal.number) for goal in those),
            tuple(goal.recorded for goal in those),
            tuple(goal.number for goal in those if goal.achieved is not None),
            tuple(one.number for one in state.objectives if one.goal in numbers),
        )


def _row(
    need: Need | None,
    goals: _Goals,
    item: PlanItem | None,
    breaks: tuple[Break, ...],
    name: NumberAs,
) -> Thread:
    outcome = item.completed if item and item.outcome_told else None
    if outcome is None and need:
        outcome = need.met
    shown = [need and need.recorded, *goals.recorded, item and item.recorded]
    if item:
        shown += [item.last_service, item.last_referral, item.last_note, item.completed]
    return Thread(
        need=need.number if need else None,
        need_as=name("need", need.number) if need else "",
        deferred=need is not None and _deferred(need),
        goals=goals.numbers,
        goals_as=goals.called,
        achieved=goals.achieved,
        objectives=goals.objectives,
        item=item.number if item else None,
        item_as=name("plan item", item.number) if item else "",
        services=item.services if item else 0,
        referrals=item.referrals if item else 0,
        notes=item.notes if item else 0,
        outcome=outcome,
        events=_numbers(*shown, outcome),
        breaks=breaks,
    )


def _need_breaks(
    need: Need, goals: list[Goal], items: tuple[PlanItem, ...], name: NumberAs
) -> tuple[Break, ...]:
    if _deferred(need) or need.met is not None:
        return ()
    called, breaks = name("need", need.number), []
    if not goals:
        breaks.append(_break("need-without-goal", f"{called} has no goal", need.recorded))
    if not items:
        sentence = f"{called} has no plan item, and is not deferred"
        breaks.append(_break("need-without-item", sentence, need.recorded))
    return tuple(breaks)


def _item_breaks(item: PlanItem, name: NumberAs) -> tuple[Break, ...]:
    called, breaks = name("plan item", item.number), []
    served = item.services + item.referrals
    if not served and not item.by_client:
        sentence = f"{called} has no service and no referral"
        breaks.append(_break("item-without-service", sentence, item.recorded))
    if served and not item.notes:
        what = "a service" if item.services else "a referral"
        sentence = f"{called} has {what}, and no progress note"
        last = (item.last_service, item.last_referral)
        breaks.append(_break("service-without-note", sentence, item.recorded, *last))
    if item.completed is not None and not item.outcome_told:
        sentence = f"{called} is done, and nothing says what came of it"
        breaks.append(_break("item-without-outcome", sentence, item.recorded, item.completed))
    return tuple(breaks)


def _loose(
    state: CaseworkState, name: NumberAs, rows: list[Thread], events: tuple[int, ...]
) -> Iterator[Break]:
    served = set().union(*{row.goals for row in rows if row.item is not None})
    yield from _unknown(state, name)
    for goal in state.goals:
        if goal.pursued and goal.achieved is None and goal.number not in served:
            sentence = f"{name('goal', goal.number)} has no plan item"
            yield _break("goal-without-item", sentence, goal.recorded)
    for referral in state.referrals:
        if referral.linked is None and referral.ended is None:
            sentence = f"the handoff of {name('referral', referral.number)} is not confirmed"
            yield _break("referral-without-handoff", sentence, referral.recorded)
    outside = state.services_outside_the_plan
    if outside:
        many = f"{outside} services were" if outside > 1 else "one service was"
        shown = events or (state.last_service_outside_the_plan,)
        yield _break("service-outside-plan", f"{many} provided outside the plan", *shown)


def _unknown(state: CaseworkState, name: NumberAs) -> Iterator[Break]:
    """The numbers that goals and plan items name, and that nothing has, or nothing any more."""
    needs, goals = {one.number for one in state.needs}, {one.number: one for one in state.goals}
    made: list[tuple[Kind, Goal | PlanItem]] = [("goal", one) for one in state.goals if one.pursued]
    made += [("plan item", one) for one in state.plan]
    for kind, one in made:
        called, unknown = name(kind, one.number), [n for n in one.needs if n not in needs]
        if 0 < len(unknown) < len(one.needs):
            lack = f"{_named('need', unknown, name)}, which nobody identified"
            yield _break("unknown-need", f"{called} {lack}", one.recorded)
        if isinstance(one, PlanItem):
            yield from _unserved(one, called, goals, name)


def _unserved(
    item: PlanItem, called: str, goals: Mapping[int, Goal], name: NumberAs
) -> Iterator[Break]:
    """The goals that an item names, and that were never proposed, or stand no more."""
    strange = [number for number in item.goals if number not in goals]
    stands = any(number in goals and goals[number].pursued for number in item.goals)
    if strange:
        lack = f"{_named('goal', strange, name)}, which nobody proposed"
        yield _break("unknown-goal", f"{called} {lack}", item.recorded)
    elif item.goals and not stands and item.completed is None:
        yield _break("item-without-goal", f"{called} has no goal that still stands", item.recorded)


def _named(kind: Kind, numbers: Iterable[int], name: NumberAs) -> str:
    """What is named by these numbers: `names need 8 and need 9`; empty where there are none."""
    called = " and ".join(name(kind, number) for number in numbers)
    return f"names {called}" if called else ""


def _break(gap: Gap, sentence: str, *events: int | None) -> Break:
    return Break(gap, f"{sentence[:1].upper()}{sentence[1:]}.", _numbers(*events))


def _numbers(*events: Any) -> tuple[int, ...]:
    """The events that there are, each once, in their order."""
    return tuple(sorted({number for number in events if number is not None}))


def _deferred(need: Need) -> bool:
    """Whether a reason was given for leaving a need. One that was erased, was given."""
    reason: Any = need.deferred
    return isinstance(reason, Erased) or bool(reason and reason.strip())
