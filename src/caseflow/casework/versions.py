"""The versions of a plan and of an assessment: each as it stood when it was agreed or completed.

Nothing is ever overwritten: drafts are free, and each agreement or completion makes a version
that can be read again at any time, out of the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import attrs

from caseflow.casework.assessment import AssessmentCompleted
from caseflow.casework.planning import PlanAgreed
from caseflow.casework.state import CaseworkState
from caseflow.casework.things import Goal, Need, Objective, PlanItem, Strength
from caseflow.casework.words import Agreement, Answer
from caseflow.kernel.events import Code
from caseflow.kernel.history import effective
from caseflow.kernel.recorded import AnyRecorded


@attrs.frozen(kw_only=True)
class PlanVersion:
    """The plan as the client agreed to it. `version` counts from 1, `recorded` is the event."""

    version: int
    recorded: int
    agreed_at: datetime
    how: Agreement
    goals: tuple[Goal, ...]
    objectives: tuple[Objective, ...]
    items: tuple[PlanItem, ...]


@attrs.frozen(kw_only=True)
class AssessmentVersion:
    """The assessment as it was completed. `version` counts from 1, `recorded` is the event."""

    version: int
    recorded: int
    completed_at: datetime
    instrument: Code
    needs: tuple[Need, ...]
    strengths: tuple[Strength, ...]
    domains: Mapping[str, Answer]
    capacities: Mapping[str, Answer]
    sections: Mapping[str, Answer]


def plan_versions(history: Iterable[AnyRecorded]) -> tuple[PlanVersion, ...]:
    """Every version of the plan, oldest first, out of a case's history.

    What was corrected or voided since shows as corrected, and not at all.
    """
    found: list[PlanVersion] = []
    for recorded, state in _states(history):
        event = recorded.event
        if isinstance(event, PlanAgreed) and event.client != "not-agreed":
            found.append(
                PlanVersion(
                    version=len(found) + 1,
                    recorded=recorded.number,
                    agreed_at=recorded.occurred_at,
                    how=event.client,
                    goals=state.goals,
                    objectives=state.objectives,
                    items=state.plan,
                )
            )
    return tuple(found)


def assessment_versions(history: Iterable[AnyRecorded]) -> tuple[AssessmentVersion, ...]:
    """Every version of the assessment, oldest first, out of a case's history."""
    found: list[AssessmentVersion] = []
    for recorded, state in _states(history):
        if isinstance(recorded.event, AssessmentCompleted):
            found.append(
                AssessmentVersion(
                    version=len(found) + 1,
                    recorded=recorded.number,
                    completed_at=recorded.occurred_at,
                    instrument=recorded.event.instrument,
                    needs=state.needs,
                    strengths=state.strengths,
                    domains=state.domains,
                    capacities=state.capacities,
                    sections=state.sections,
                )
            )
    return tuple(found)


def _states(history: Iterable[AnyRecorded]) -> Iterable[tuple[AnyRecorded, CaseworkState]]:
    """Each effective event, with the state after it."""
    state = CaseworkState()
    for recorded in effective(history):
        state = state.fold(recorded)
        yield recorded, state
