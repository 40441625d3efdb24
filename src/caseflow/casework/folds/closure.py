"""What changes the programs of a case, its criteria of closure and its legal holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from caseflow.casework.closure import (
    ClosureCriterionDropped,
    ClosureCriterionMet,
    ClosureCriterionSet,
    ExitInterview,
    FollowUpSession,
    ProgramCompleted,
)
from caseflow.casework.engagement import Enrolled
from caseflow.casework.folds.changes import Changes, Fold, changed, copied, put
from caseflow.casework.staff import LegalHoldLifted, LegalHoldPlaced
from caseflow.casework.things import ClosureCriterion, ProgramEnrollment
from caseflow.kernel.recorded import AnyRecorded

if TYPE_CHECKING:
    from caseflow.casework.state import CaseworkState


def _enrolled(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: Enrolled = recorded.event
    others = [one for one in state.programs if one.program != event.program]
    enrollment = ProgramEnrollment(program=event.program, recorded=recorded.number)
    return {"programs": (*others, enrollment)}


def _of_program(state: CaseworkState, program: str, **changes: Any) -> Changes:
    return {
        "programs": tuple(
            attrs.evolve(one, **changes) if one.program == program else one
            for one in state.programs
        )
    }


def _exit(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: ExitInterview = recorded.event
    return _of_program(state, event.program, exit_interview=event.result)


def _follow_up(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: FollowUpSession = recorded.event
    return _of_program(state, event.program, follow_up_session=event.result)


def _completed(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    event: ProgramCompleted = recorded.event
    return _of_program(state, event.program, completed=event.completed)


def _criterion(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    criterion = copied(ClosureCriterion, recorded.event, recorded=recorded.number)
    return {"criteria": put(state.criteria, criterion)}


def _criterion_met(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"criteria": changed(state.criteria, recorded.event.number, met=recorded.number)}


def _criterion_dropped(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"criteria": tuple(c for c in state.criteria if c.number != recorded.event.number)}


def _hold_placed(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"holds": tuple(dict.fromkeys((*state.holds, recorded.event.name)))}


def _hold_lifted(state: CaseworkState, recorded: AnyRecorded) -> Changes:
    return {"holds": tuple(name for name in state.holds if name != recorded.event.name)}


FOLDS: dict[type, Fold] = {
    Enrolled: _enrolled,
    ExitInterview: _exit,
    FollowUpSession: _follow_up,
    ProgramCompleted: _completed,
    ClosureCriterionSet: _criterion,
    ClosureCriterionMet: _criterion_met,
    ClosureCriterionDropped: _criterion_dropped,
    LegalHoldPlaced: _hold_placed,
    LegalHoldLifted: _hold_lifted,
}
