"""What the events of assessment change: needs, strengths, and what was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from caseflow.casework.assessment import (
    CapacityAssessed,
    DomainAssessed,
    NeedIdentified,
    NeedMet,
    NeedRated,
    SectionRecorded,
    StrengthIdentified,
    StrengthRated,
)
from caseflow.casework.folds.changes import Changes, Fold, changed, copied, put, said
from caseflow.casework.things import Need, Strength
from caseflow.kernel.erased import Erased
from caseflow.kernel.recorded import AnyRecorded

if TYPE_CHECKING:
    from caseflow.casework.state import CaseworkState

_KEPT = ("strategy", "first_rating", "rating")
"""What stands of a need or strength that is written again."""


def _need(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: NeedIdentified = recorded.event
    before = state.need(event.number)
    kept = {name: getattr(before, name) for name in _KEPT if before}
    need = copied(
        Need,
        event,
        recorded=recorded.number,
        identified_at=recorded.occurred_at,
        in_client_words=said(event.client_words),
        **kept,
    )
    return {"needs": put(state.needs, need)}


def _need_met(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    met = {"met": recorded.number, "met_at": recorded.occurred_at}
    return {"needs": changed(state.needs, recorded.event.number, **met)}


def _need_rated(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    need = state.need(recorded.event.number)
    return {"needs": put(state.needs, _rated(need, recorded.event.rating))} if need else {}


def _rated(thing: Any, rating: int) -> Any:
    first = thing.first_rating if thing.first_rating is not None else rating
    return attrs.evolve(thing, first_rating=first, rating=rating)


def _strength(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: StrengthIdentified = recorded.event
    before = next((one for one in state.strengths if _same(one, event)), None)
    kept = {name: getattr(before, name) for name in _KEPT if before}
    strength = copied(
        Strength,
        event,
        recorded=recorded.number,
        in_client_words=said(event.client_words),
        **kept,
    )
    others = [one for one in state.strengths if not _same(one, event)]
    return {"strengths": (*others, strength)}


def _same(one: Strength, event: StrengthIdentified) -> bool:
    """Whether an event names a strength again. Of texts that were erased, nobody can tell."""
    if one.number is not None or event.number is not None:
        return one.number == event.number
    texts = one.description, event.description
    return not any(isinstance(text, Erased) for text in texts) and texts[0] == texts[1]


def _strength_rated(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: StrengthRated = recorded.event
    return {
        "strengths": tuple(
            _rated(one, event.rating) if one.number == event.number else one
            for one in state.strengths
        )
    }


def _domain(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"domains": {**state.domains, recorded.event.domain: recorded.event.answer}}


def _capacity(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"capacities": {**state.capacities, recorded.event.of: recorded.event.answer}}


def _section(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"sections": {**state.sections, recorded.event.section: recorded.event.answer}}


FOLDS: dict[type, Fold] = {
    NeedIdentified: _need,
    NeedMet: _need_met,
    NeedRated: _need_rated,
    StrengthIdentified: _strength,
    StrengthRated: _strength_rated,
    DomainAssessed: _domain,
    CapacityAssessed: _capacity,
    SectionRecorded: _section,
}
