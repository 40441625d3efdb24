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
from caseflow.casework.folds.changes import Changes, Fold, changed, copied, earlier, put, said
from caseflow.casework.things import Need, NeedSeenMet, Strength
from caseflow.kernel.erased import Erased
from caseflow.kernel.recorded import AnyRecorded

if TYPE_CHECKING:
    from caseflow.casework.state import CaseworkState

_KEPT = ("strategy", "first_rating", "rating")
"""What stands of a need or strength that is written again."""
_DEFERRAL = ("deferred", "deferred_recorded", "deferred_at")


def _need(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: NeedIdentified = recorded.event
    before = state.need(event.number)
    kept: Changes = {name: getattr(before, name) for name in _KEPT if before}
    since, moment = recorded.number, recorded.occurred_at
    seen = next((one for one in state.needs_met if one.number == event.number), None)
    if seen is not None and seen.met_at >= moment:
        kept |= {"met": seen.recorded, "met_at": seen.met_at}
    if before is not None and _other_words(before, event, reopened=before.met != kept.get("met")):
        since, moment = before.identified, min(before.identified_at, moment)
        kept |= {name: getattr(before, name) for name in _DEFERRAL}
    need = copied(
        Need,
        event,
        recorded=recorded.number,
        identified=since,
        identified_at=moment,
        in_client_words=said(event.client_words),
        **kept,
    )
    return {"needs": put(state.needs, need)}


def _other_words(before: Need, event: NeedIdentified, *, reopened: bool) -> bool:
    """Whether a number is given again for a need that is no more open or urgent than it was."""
    return not reopened and before.urgent >= event.urgent


def _need_met(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    number, met_at = recorded.event.number, recorded.occurred_at
    need = state.need(number)
    since = earlier(need.met_at if need else None, met_at)
    changes: Changes = {"needs": changed(state.needs, number, met=recorded.number, met_at=since)}
    before = next((one for one in state.needs_met if one.number == number), None)
    if before is None or before.met_at <= met_at:
        seen = NeedSeenMet(number=number, recorded=recorded.number, met_at=met_at)
        changes["needs_met"] = put(state.needs_met, seen)
    return changes


def _need_rated(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    need = state.need(recorded.event.number)
    return {"needs": put(state.needs, _rated(need, recorded.event.rating))} if need else {}


def _rated(thing: Any, rating: int) -> Any:
    first = thing.first_rating if thing.first_rating is not None else rating
    return attrs.evolve(thing, first_rating=first, rating=rating)


def _strength(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: StrengthIdentified = recorded.event
    before = next((one for one in state.strengths if _same(one, event)), None)
    kept = {name: getattr(before, name) for name in (*_KEPT, "number") if before}
    if before is None and event.number is None:
        kept["number"] = _free(state, recorded.number)
    strength = attrs.evolve(
        copied(Strength, event, recorded=recorded.number, in_client_words=said(event.client_words)),
        **kept,
    )
    return {"strengths": (*(one for one in state.strengths if one is not before), strength)}


def _free(state: CaseworkState, number: int) -> int:
    """This number for a strength, or the next one where another has it."""
    used = {one.number for one in state.strengths}
    return number if number not in used else max(used) + 1


def _same(one: Strength, event: StrengthIdentified) -> bool:
    """Whether an event names a strength again. Of texts that were erased, nobody can tell."""
    if event.number is not None:
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
