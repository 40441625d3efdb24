"""Guards of the early endings: each ending has requirements of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from caseflow.casework.events import (
    ContactAttempted,
    EligibilityDetermined,
    Enrolled,
    ReferralMade,
)
from caseflow.casework.state import CaseworkState
from caseflow.kernel.case import Case
from caseflow.kernel.context import Context
from caseflow.kernel.rules import Rule, Unmet, rule
from caseflow.rules.sources import ised

Casework = Case[CaseworkState]


@rule("found-ineligible", rests_on=EligibilityDetermined, source=ised("stage 1"))
def found_ineligible(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client was found not eligible."""
    found = case.latest(EligibilityDetermined)
    if found is None:
        yield Unmet(remedy="determine whether the client is eligible")
    elif found.eligible:
        yield Unmet(
            found="eligible", remedy="determine eligibility again, or choose another ending"
        )


@rule("not-yet-enrolled", rests_on=Enrolled)
def not_yet_enrolled(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client is not enrolled yet."""
    programs = [enrollment.program for enrollment in case.state.programs]
    if programs:
        yield Unmet(
            found=f"enrolled in {', '.join(programs)}",
            remedy="end it as withdrawn: the client withdrew after enrollment",
        )


@rule("enrolled-before-withdrawal", rests_on=Enrolled)
def enrolled_before_withdrawal(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client is enrolled, and withdraws from it."""
    if not case.state.programs:
        yield Unmet(
            found="not enrolled",
            remedy="end it as declined: the client declined services before enrollment",
        )


@rule("referred-elsewhere", rests_on=ReferralMade)
def referred_elsewhere(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client was referred to somebody who can help."""
    if case.latest(ReferralMade) is None:
        yield Unmet(remedy="make the referral, and record it")


def contact_attempted(*, times: int = 1, over: timedelta = timedelta(0)) -> Rule[CaseworkState]:
    """A rule: before a case ends as unable to locate, so many attempts failed, over so long.

    `times` is how many unanswered attempts since the client was last reached; `over` the
    calendar time from the first of them to the decision. The sources give no numbers: an
    agency sets its own.
    """
    days = f" over {over.days} days" if over.days else ""
    count = "once" if times == 1 else f"{times} times"

    @rule(
        "contact-attempted",
        rests_on=ContactAttempted,
        history=ContactAttempted,
        wanted=f"Staff tried to reach the client at least {count}{days}, without success.",
        excepted_by="supervisor",
    )
    def attempted(case: Casework, context: Context) -> Iterator[Unmet]:
        attempts = sorted(
            context.history(ContactAttempted), key=lambda one: (one.occurred_at, one.number)
        )
        reached = [place for place, one in enumerate(attempts) if one.event.reached]
        failed = attempts[reached[-1] + 1 :] if reached else attempts
        numbers = tuple(one.number for one in failed)
        if len(failed) < times:
            yield Unmet(
                found=_attempts(len(failed), reached=bool(reached)),
                remedy="try to reach the client, and record each attempt",
                evidence=numbers or None,
            )
        elif over and context.now - failed[0].occurred_at < over:
            yield Unmet(
                found=f"attempts since {failed[0].occurred_at:%d %B %Y}",
                remedy=f"go on trying until {over.days} days have passed",
                evidence=numbers,
            )

    return attempted


def _attempts(count: int, *, reached: bool) -> str:
    """So many attempts, in words."""
    number = {0: "no attempt", 1: "one attempt"}.get(count, f"{count} attempts")
    return f"{number} since the client was last reached" if reached else number
