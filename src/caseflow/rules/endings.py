"""Guards of the early endings: each ending has requirements of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple

from caseflow.casework import (
    CaseworkState,
    ContactAttempted,
    EligibilityDetermined,
    Enrolled,
    ReferralEnded,
    ReferralMade,
    TransferredOut,
)
from caseflow.casework.contact import CONTACTS
from caseflow.kernel.calendar import Span, span_of
from caseflow.kernel.case import Case, Move, stage_of
from caseflow.kernel.checks import so_many
from caseflow.kernel.context import Context
from caseflow.kernel.explain import plain_words
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.rules import Rule, Unmet, rule
from caseflow.rules.sources import field
from caseflow.workflow.vocabulary import maker

Casework = Case[CaseworkState]


@rule(
    "found-ineligible",
    rests_on=EligibilityDetermined,
    source=field("the client was found not eligible"),
)
def found_ineligible(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client was found not eligible."""
    found = case.latest(EligibilityDetermined)
    if found is None:
        yield Unmet(remedy="determine whether the client is eligible")
    elif found.eligible:
        yield Unmet(
            found="eligible", remedy="determine eligibility again, or choose another ending"
        )


@maker("not-yet-enrolled")
def not_yet_enrolled(
    *,
    served_in: tuple[str, ...] = (),
    remedy: str = "end the case as withdrawn: the client leaves what has begun",
) -> Rule[CaseworkState]:
    """A rule: the client is not enrolled, and services have not begun.

    `served_in` are the stages in which services are given (none: only the enrollment counts);
    `remedy` is which ending to take instead.
    """

    @rule(
        "not-yet-enrolled",
        rests_on=Enrolled,
        stages=served_in,
        wanted="The client is not enrolled, and services have not begun.",
        source=field("to decline is not to withdraw"),
    )
    def not_begun(case: Casework, context: Context) -> Iterator[Unmet]:
        programs = [enrollment.program for enrollment in case.state.programs]
        begun = () if programs else _begun(case, served_in)
        if programs or begun:
            yield Unmet(
                found=f"enrolled in {', '.join(programs)}" if programs else "services have begun",
                remedy=remedy,
                evidence=begun or None,
                quoted=tuple(map(str, programs)),
            )

    return not_begun


@maker("enrolled-before-withdrawal")
def enrolled_before_withdrawal(
    *,
    served_in: tuple[str, ...] = (),
    remedy: str = "end the case as declined; or, if the client was enrolled, record the "
    "enrollment with its own day first",
) -> Rule[CaseworkState]:
    """A rule: the client is enrolled, or services have begun.

    `served_in` are the stages in which services are given (none: only the enrollment counts);
    `remedy` is which ending to take instead.
    """

    @rule(
        "enrolled-before-withdrawal",
        rests_on=Enrolled,
        stages=served_in,
        wanted="The client is enrolled, or services have begun.",
        source=field("to withdraw is not to decline"),
    )
    def begun(case: Casework, context: Context) -> Iterator[Unmet]:
        if not case.state.programs and not _begun(case, served_in):
            yield Unmet(found="not enrolled, and no services", remedy=remedy)

    return begun


def _begun(case: Casework, served_in: tuple[str, ...]) -> tuple[int, ...]:
    """The first move into a stage in which services are given."""
    return tuple(one.number for one in case.path if stage_of(one.position) in served_in)[:1]


@rule(
    "referred-elsewhere",
    rests_on=(ReferralMade, ReferralEnded),
    history=ReferralMade,
    source=field("who is sent on is sent somewhere"),
)
def referred_elsewhere(case: Casework, context: Context) -> Iterator[Unmet]:
    """The client was referred to somebody who can help."""
    made = context.history(ReferralMade)
    failed = {one.number: one for one in case.state.referrals if one.served is False}
    if not made:
        yield Unmet(remedy="make the referral, and record it")
    elif all(one.event.number in failed for one in made):
        numbers = ", ".join(map(str, failed))
        yield Unmet(
            found=f"referral {numbers}, which ended without service",
            remedy="refer the client to somebody else, and record it",
            evidence=tuple(one.ended for one in failed.values() if one.ended is not None),
        )


@rule(
    "transfer-accepted",
    rests_on=TransferredOut,
    source=field("a case is never without somebody accountable: it stays until the other accepts"),
)
def transfer_accepted(case: Casework, context: Context) -> Iterator[Unmet]:
    """It is said which agency takes the case over, and who accepted it there."""
    if not context.event.to.strip():
        yield Unmet(found="no agency", remedy="name the agency that takes the case over")
    if not context.event.accepted_by.strip():
        yield Unmet(
            found="nobody who accepted it",
            remedy="ask that agency to accept the case, and name who did",
        )


_ONCE_REACHED = "give the end the day of the last contact, or a later one"
_STILL_TO_COME = "correct the day of that contact, which is still to come"


@maker("contact-attempted")
def contact_attempted(*, times: int = 1, over: Span | str = "0 days") -> Rule[CaseworkState]:
    """A rule: before a case ends as unable to locate, so many attempts failed, over so long.

    `times` is how many unanswered attempts since the client was last reached, got in touch or was
    served, or the case was reopened; `over` the time from the first of them to the decision
    (`"14 days"`). The end may be dated back, to the day of the last contact at most. The sources
    give no numbers: an agency sets its own. Raises `DefinitionError` for what is no number of
    attempts.
    """
    so_many("contact_attempted", times, "attempts")
    long = span_of(over)
    days = f" over {long}" if long.count else ""
    count = "once" if times == 1 else f"{times} times"

    @rule(
        "contact-attempted",
        rests_on=CONTACTS,
        history=ContactAttempted,
        spans=long,
        wanted=f"Staff tried to reach the client at least {count}{days}, without success.",
        source=field("attempts come before an ending as unable to locate"),
        excepted_by="supervisor",
    )
    def attempted(case: Casework, context: Context) -> Iterator[Unmet]:
        met, since, failed = _tried(case, context)
        numbers = tuple(one.number for one in failed)
        day_of = context.calendar.day_of
        if met is not None and day_of(context.at) < (met_on := day_of(met.at)):
            yield Unmet(
                found=f"the client was reached on {plain_words(met_on)}, after the day of this end",
                remedy=_ONCE_REACHED if met.at <= context.now else _STILL_TO_COME,
                evidence=(met.number,),
            )
        elif len(failed) < times:
            again = "the client was last reached" if since is met else "the case was reopened"
            yield Unmet(
                found=_attempts(len(failed)) + (f" since {again}" if since else ""),
                remedy="try to reach the client, and record each attempt",
                evidence=numbers or None,
            )
        elif not _passed(failed[0].occurred_at, long, context):
            until = plain_words(_until(failed[0].occurred_at, long, context))
            began = day_of(failed[0].occurred_at)
            yield Unmet(
                found=f"attempts since {plain_words(began)}",
                remedy=f"go on trying until {until}, when {long} have passed",
                evidence=numbers,
            )

    return attempted


class _Place(NamedTuple):
    """Where something stands in the order in which things occurred."""

    at: datetime
    number: int


class _Tried(NamedTuple):
    """The last contact in which the client was there, and what was tried in vain since.

    `since` is that contact, or the move with which the case was reopened after it.
    """

    met: _Place | None
    since: _Place | None
    failed: list[AnyRecorded]


def _tried(case: Casework, context: Context) -> _Tried:
    at, number = case.state.last_contact_at, case.state.last_contact
    met = _Place(at, number) if at is not None and number is not None else None
    since = max((one for one in (met, _reopened(case, context)) if one is not None), default=None)
    attempts = context.history(ContactAttempted)
    failed = [one for one in attempts if since is None or _place_of(one) > since]
    return _Tried(
        met, since, sorted((one for one in failed if not one.event.reached), key=_place_of)
    )


def _place_of(one: AnyRecorded | Move) -> _Place:
    return _Place(one.occurred_at, one.number)


def _reopened(case: Casework, context: Context) -> _Place | None:
    """When the case was reopened last, before the moment of this end."""
    ends = context.clocks.ends if context.clocks else frozenset[str]()
    moves = (two for one, two in pairwise(case.path) if one.position in ends)
    back = (_place_of(move) for move in moves if move.position not in ends)
    return max((one for one in back if one.at <= context.at), default=None)


def _passed(first: datetime, span: Span, context: Context) -> bool:
    """Whether it is the day (or the hour) so long after the first attempt, or later."""
    until, now = _until(first, span, context), context.now
    return until <= (now if span.unit == "hour" else context.calendar.day_of(now))


def _until(first: datetime, span: Span, context: Context) -> date:
    """The day so long after the first attempt; for hours, the moment."""
    calendar = context.calendar
    if span.unit == "hour":
        return calendar.later(first, span)
    return calendar.after(calendar.day_of(first), span)


def _attempts(count: int) -> str:
    """So many attempts, in words."""
    return {0: "no attempt", 1: "one attempt"}.get(count, f"{count} attempts")
