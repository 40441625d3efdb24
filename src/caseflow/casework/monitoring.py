"""Events of monitoring and evaluation: is the plan carried out, and did it do what it should."""

from __future__ import annotations

from decimal import Decimal

from caseflow.casework.words import IssueArea, MonitoringDimension, MonitoringKind
from caseflow.kernel.events import Code, Number, fact


@fact("monitoring-noted")
class MonitoringNoted:
    """The services were monitored: along which dimension, formally or not, and the finding."""

    dimension: MonitoringDimension
    finding: str
    kind: MonitoringKind = "informal"
    plan_items: tuple[int, ...] = ()


@fact("issue-raised")
class IssueRaised:
    """Monitoring found something that stands in the way: its number, where, and what."""

    number: Number
    area: IssueArea
    description: str


@fact("issue-resolved")
class IssueResolved:
    """An issue is out of the way."""

    number: int
    note: str = ""


@fact("evaluation-made")
class EvaluationMade:
    """Whether what was done has achieved what it was for: a figure, and a judgement.

    `of` is what was evaluated: a program, a service, an element of it. `goal` is the number
    of the goal that it was measured by. Both figure and judgement belong to it: numbers
    alone do not say enough, nor do anecdotes.
    """

    of: Code
    figure: Decimal | None = None
    judgement: str = ""
    goal: int | None = None
    unit: Code = ""


FACTS = (MonitoringNoted, IssueRaised, IssueResolved, EvaluationMade)
