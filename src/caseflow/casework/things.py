"""The identified things that a case holds: needs, goals, plan items, referrals and so on.

Each keeps the number of the event that made it (`recorded`), so that rules can name it as
evidence and reports can lead to it.
"""

from __future__ import annotations

from datetime import date, datetime

import attrs

from caseflow.casework.words import (
    Author,
    Domain,
    FindingKind,
    Horizon,
    Interview,
    IssueArea,
    Metric,
    Party,
)
from caseflow.kernel.events import Code


@attrs.frozen(kw_only=True)
class Need:
    """A need or barrier, by its number. `deferred` is why it is not addressed now, if so.

    `recorded` is the event that has its words, `identified` the one since which it stands: other
    words for it change nothing there, nor of its being deferred, unless it is urgent only now.
    `met` is the event in which it was met. `strategy` is the event that says how to overcome it;
    `first_rating` and `rating` are the first and the latest.
    """

    number: int
    description: str
    domain: Domain
    client_priority: int | None
    objective: bool
    recorded: int
    identified: int
    identified_at: datetime
    kind: FindingKind = "need"
    in_client_words: bool = False
    urgent: bool = False
    deferred: str | None = None
    deferred_recorded: int | None = None
    deferred_at: datetime | None = None
    met: int | None = None
    met_at: datetime | None = None
    strategy: int | None = None
    first_rating: int | None = None
    rating: int | None = None


@attrs.frozen(kw_only=True)
class NeedSeenMet:
    """The event that says last of a number that its need is met, by when that was.

    It may have been recorded before the need itself.
    """

    number: int
    recorded: int
    met_at: datetime


@attrs.frozen(kw_only=True)
class Strength:
    """A strength of the client, by its number: that of the event that found it, if it gave none."""

    number: int
    description: str
    domain: Domain
    recorded: int
    objective: bool = True
    in_client_words: bool = False
    strategy: int | None = None
    first_rating: int | None = None
    rating: int | None = None


@attrs.frozen(kw_only=True)
class Goal:
    """A goal, by its number. `accepted`, `achieved`, `dropped` are the events that say so."""

    number: int
    statement: str
    needs: tuple[int, ...]
    horizon: Horizon | None
    measure: str
    baseline: str
    target: str
    target_date: date | None
    metric: Metric | None
    program_goal: bool
    recorded: int
    accepted: int | None = None
    achieved: int | None = None
    dropped: int | None = None

    @property
    def pursued(self) -> bool:
        """Whether it stands: it was not dropped."""
        return self.dropped is None


@attrs.frozen(kw_only=True)
class Objective:
    """A step towards a goal."""

    number: int
    goal: int
    statement: str
    by_date: date | None
    horizon: Horizon | None
    measure: str
    recorded: int


@attrs.frozen(kw_only=True)
class PlanItem:
    """An item of the service plan, by its number, and what was done for it.

    `services`, `referrals` and `notes` count the events that name it; `last_service`,
    `last_referral` and `last_note` are the numbers of the latest. `completed` is the event
    that says it was done, `outcome_told` whether that says what came of it.
    """

    number: int
    needs: tuple[int, ...]
    activity: str
    actor: str
    by_date: date | None
    expected_outcome: str
    recorded: int
    goals: tuple[int, ...] = ()
    objective: int | None = None
    indicator: str = ""
    by_client: bool = False
    written_by: Author | None = None
    services: int = 0
    referrals: int = 0
    notes: int = 0
    last_service: int | None = None
    last_referral: int | None = None
    last_note: int | None = None
    completed: int | None = None
    outcome_told: bool = False


@attrs.frozen(kw_only=True)
class ItemTakenOut:
    """An item that was taken out of the plan: by which event, and when. Its number is known."""

    number: int
    recorded: int
    taken_out_at: datetime


@attrs.frozen(kw_only=True)
class Referral:
    """A referral that has a number. `linked` is the event in which the handoff was confirmed.

    `recorded` is the event that has its words, `made` the one since which it stands.
    """

    number: int
    to: str
    plan_items: tuple[int, ...]
    made_at: datetime
    made: int
    recorded: int
    linked: int | None = None
    linked_at: datetime | None = None
    ended: int | None = None
    ended_at: datetime | None = None
    served: bool | None = None


@attrs.frozen(kw_only=True)
class Requisition:
    """A service or money that was asked for inside the agency.

    `recorded` is the event that has its words, `made` the one since which it stands.
    """

    number: int
    service: Code
    made_at: datetime
    made: int
    recorded: int
    answered: int | None = None
    answered_at: datetime | None = None
    granted: bool | None = None


@attrs.frozen(kw_only=True)
class Issue:
    """Something that monitoring found to stand in the way."""

    number: int
    area: IssueArea
    description: str
    recorded: int
    resolved: int | None = None


@attrs.frozen(kw_only=True)
class ClosureCriterion:
    """What was agreed to tell that services may end; `met` is the event in which it was."""

    number: int
    description: str
    recorded: int
    kind: str = "other"
    agreed_by: tuple[Party, ...] = ()
    met: int | None = None


@attrs.frozen(kw_only=True)
class ProgramEnrollment:
    """The client's place in one program, with what became of its ending."""

    program: Code
    recorded: int
    exit_interview: Interview | None = None
    follow_up_session: Interview | None = None
    completed: bool | None = None
