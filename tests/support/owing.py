"""A workflow in which everything is due that case work knows of, and what is told of it."""

from datetime import datetime, timedelta
from typing import Any

from caseflow import Calendar
from caseflow.rules import due
from caseflow.stages import continuum

SERVED = ("assessment", "service-planning", "plan-implementation")

owing = continuum.extend(
    "owing",
    version="1",
    obligations=[
        due.weekly_notes("plan-implementation", counted="calendar"),
        due.intake_paperwork("10 days"),
        due.plan_after_assessment("10 days"),
        due.reassessment("30 days"),
        due.annual_assessment(*SERVED),
        due.contact("2 days", *SERVED),
        due.monitoring("1 month", *SERVED),
        due.handoff("14 days"),
        due.urgent_needs("36 hours"),
        due.requisition_answer("5 days"),
        due.re_engagement("7 days"),
        due.check_in("2 weeks"),
        *due.follow_up_by_quarter("follow-up"),
    ],
    drop_obligations="follow-up",
    calendar=Calendar("America/New_York"),
)


def told_of_what_is_due(book: Any, case_id: str, now: datetime) -> list[Any]:
    """Every answer of a book to what is due on a case, at a moment and later."""
    moments = [now + timedelta(days=days) for days in (0, 8, 100, 400)]
    found = [verb(case_id, now=now) for now in moments for verb in (book.owed, book.obligations)]
    return [*found, *(book.occasions(case_id, now=now) for now in moments)]
