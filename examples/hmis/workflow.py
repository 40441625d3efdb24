"""The workflow of an HMIS enrollment: outreach, enrolled, exited; and the rules on its dates.

Moving in is a fact and no stage: it happens to a household, and nobody decides it. One rule
refuses, an exit before its entry. All others warn, because what an export says has happened,
and a program that refuses it would only teach people to falsify dates.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from caseflow import Case, Context, Stage, Transition, Unmet, Workflow, rule
from examples.hmis.codes import DESTINATIONS, MISSING_ANSWERS, NO_EXIT_INTERVIEW
from examples.hmis.events import (
    FACTS,
    EngagementDated,
    Enrollment,
    EnteredProject,
    ExitRecorded,
    LivingSituationRecorded,
    MovedIn,
)

HMIS: Final = "HUD HMIS Data Standards FY2022"

_CORRECT: Final = "correct the wrong date in the source system, and export again"


@rule("exit-not-before-entry", rests_on=EnteredProject, source=f"{HMIS}, 3.11")
def exit_not_before_entry(case: Case[Enrollment], context: Context) -> Iterator[Unmet]:
    """The exit is dated on the day of the entry, or later."""
    entry, exit_date = case.state.entry_date, context.event.exit_date
    if entry is not None and exit_date < entry:
        found = f"an exit on {_day(exit_date)}, and an entry on {_day(entry)}"
        yield Unmet(found=found, remedy=_CORRECT)


@rule("exit-interview", source=f"{HMIS}, 3.12")
def exit_interview(case: Case[Enrollment], context: Context) -> Iterator[Unmet]:
    """There was an exit interview."""
    if context.event.destination == NO_EXIT_INTERVIEW:
        yield Unmet(
            found=f"destination {NO_EXIT_INTERVIEW}, no exit interview completed",
            remedy="ask the client or a partner, and enter the destination",
        )


@rule("destination-known", source=f"{HMIS}, 3.12")
def destination_known(case: Case[Enrollment], context: Context) -> Iterator[Unmet]:
    """It is known where the client went."""
    code = context.event.destination
    if code is None or code in MISSING_ANSWERS or code not in DESTINATIONS:
        label = DESTINATIONS.get(code, "a code that the standard does not have")
        found = "no destination" if code is None else f"destination {code}, {label}"
        yield Unmet(found=found, remedy="ask the client or a partner, and enter the destination")


@rule("nothing-after-exit", rests_on=FACTS, source=f"{HMIS}, 3.11")
def nothing_after_exit(case: Case[Enrollment], context: Context) -> Iterator[Unmet]:
    """Nothing is dated after the exit."""
    last, number = case.state.last_date, case.state.last
    if last is not None and number is not None and last > context.event.exit_date:
        found = f"an event on {_day(last)}, and an exit on {_day(context.event.exit_date)}"
        yield Unmet(found=found, remedy=_CORRECT, evidence=(number,))


@rule("engagement-not-before-entry", rests_on=EnteredProject, source=f"{HMIS}, 4.13")
def engagement_not_before_entry(case: Case[Enrollment], context: Context) -> Iterator[Unmet]:
    """The client becomes engaged on the day of the entry, or later."""
    yield from _not_before_entry(case, context.event.engagement_date, _CORRECT)


@rule("contact-not-before-entry", rests_on=EnteredProject, source=f"{HMIS}, 4.12")
def contact_not_before_entry(case: Case[Enrollment], context: Context) -> Iterator[Unmet]:
    """A contact is on the day of the entry or later; an earlier one is outreach."""
    remedy = "nothing, if it was outreach; else correct the date"
    yield from _not_before_entry(case, context.event.information_date, remedy)


@rule("move-in-not-before-entry", rests_on=EnteredProject, source=f"{HMIS}, 3.20")
def move_in_not_before_entry(case: Case[Enrollment], context: Context) -> Iterator[Unmet]:
    """The household moves in on the day of the entry, or later."""
    yield from _not_before_entry(case, context.event.move_in_date, _CORRECT)


def _not_before_entry(case: Case[Enrollment], day: date, remedy: str) -> Iterator[Unmet]:
    entry = case.state.entry_date
    if entry is None:
        yield Unmet(found=f"{_day(day)}, and no entry recorded", remedy=remedy)
    elif day < entry:
        yield Unmet(found=f"{_day(day)}, and an entry on {_day(entry)}", remedy=remedy)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


enrollment: Final[Workflow[Enrollment]] = Workflow(
    "hmis-enrollment",
    version="1",
    state=Enrollment,
    stages=[
        Stage("outreach", initial=True),
        Stage("enrolled"),
        Stage("exited", final=True),
    ],
    transitions=[
        Transition("enter", source="outreach", to="enrolled", records=EnteredProject),
        Transition(
            "exit",
            source="enrolled",
            to="exited",
            records=ExitRecorded,
            rules=[
                exit_not_before_entry,
                exit_interview.warns(),
                destination_known.warns(),
                nothing_after_exit.warns(),
            ],
            # The first rule judges the date of an exit, in the words of HMIS. The general rule
            # that moves come in order would only say the same again, so it stands back here.
            supersedes=True,
        ),
    ],
    events=FACTS,
    rules={
        EngagementDated: [engagement_not_before_entry.warns()],
        LivingSituationRecorded: [contact_not_before_entry.warns()],
        MovedIn: [move_in_not_before_entry.warns()],
    },
)
"""One enrollment is one case: the client is its PersonalID, the case is named by its EnrollmentID.

A case opens on the first day on which the agency is known to have met the client."""
