"""Takes the rows of an export into cases. Every row gets an answer: none is lost in silence.

Each thing that a row says (an entry, an engagement, a contact, a move-in, an exit) is a command
of its own, named by the id of the row. So a later export adds only what is new, a refused exit
is refused alone, and a row whose content changed is noticed and reported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from enum import Enum
from typing import Any, Final

import attrs

from caseflow import (
    Case,
    Casebook,
    CaseExists,
    CaseflowError,
    CommandReused,
    Corrected,
    NoSuchCase,
    Refused,
    Result,
    StoreError,
)
from examples.hmis.events import (
    EngagementDated,
    Enrollment,
    EnteredProject,
    ExitRecorded,
    LivingSituationRecorded,
    MovedIn,
)
from examples.hmis.export import ContactRow, EnrollmentRow, ExitRow, Export

ACTOR: Final = "hmis-import"

Progress = Callable[[int, int], None]
"""Is told how many enrollments are done, and of how many."""


class Kind(Enum):
    """What became of something that a row says.

    Changed: it was recorded before, with other content. Known: it was recorded before.
    """

    NEW = "recorded now"
    KNOWN = "recorded before"
    REFUSED = "refused"
    CHANGED = "changed"
    OTHER_ZONE = "in another time zone"
    FAILED = "could not be recorded"


@attrs.frozen(kw_only=True)
class Statement:
    """One thing that a row says: the event it makes, the day of it, and the id of its command."""

    file: str
    line: int
    what: str
    command_id: str
    event: Any
    day: date

    @property
    def place(self) -> str:
        """Where it stands, and what it is."""
        return f"{self.file}, line {self.line}: {self.what}"


@attrs.frozen
class Answer:
    """What became of one statement.

    `results` are the rules that refused it, or that warned. `detail` explains a refusal, a change
    or a failure.
    """

    statement: Statement
    kind: Kind
    results: tuple[Result, ...] = ()
    detail: str = ""


def midnight(day: date, zone: tzinfo) -> datetime:
    """The start of a day in the agency's time zone: a source date has no time of day."""
    return datetime.combine(day, time(), tzinfo=zone)


def case_id_of(enrollment_id: str) -> str:
    """The id of the case of an enrollment."""
    return f"enrollment-{enrollment_id}"


def count_events(book: Casebook[Enrollment]) -> int:
    """How many events all cases of the book hold together."""
    return sum(book.case(case_id).version for case_id in book.case_ids())


def load_export(
    book: Casebook[Enrollment],
    export: Export,
    *,
    zone: tzinfo = UTC,
    progress: Progress = lambda done, total: None,
) -> tuple[Answer, ...]:
    """Take an export into the cases of a book; the answers stand in the order of the enrollments.

    `zone` is the agency's time zone. What the book's clock says is the moment of the import.
    Raises `StoreError` where the store fails; what was recorded until then stays, and loading
    again goes on from there.
    """
    contacts: dict[str, list[ContactRow]] = defaultdict(list)
    for row in sorted(export.contacts, key=lambda row: row.information_date):
        contacts[row.enrollment_id].append(row)
    exits = {row.enrollment_id: row for row in export.exits}
    answers: list[Answer] = []
    for done, stay in enumerate(export.enrollments, start=1):
        key = stay.enrollment_id
        statements = tuple(_statements(stay, contacts[key], exits.get(key)))
        answers.extend(_load_case(book, stay, statements, zone))
        progress(done, len(export.enrollments))
    return tuple(answers)


def _statements(
    stay: EnrollmentRow, contacts: Sequence[ContactRow], exit_row: ExitRow | None
) -> Iterator[Statement]:
    """What the rows of one enrollment say, in the order in which it is recorded."""
    of = f"of enrollment {stay.enrollment_id}"
    entered = EnteredProject(
        project=stay.project_id,
        household=stay.household_id,
        entry_date=stay.entry_date,
        relationship_to_head=stay.relationship_to_hoh,
    )
    yield _statement(stay, f"entry {of}", f"entry:{stay.enrollment_id}", entered, stay.entry_date)
    day = stay.date_of_engagement
    if day is not None:
        engaged = EngagementDated(engagement_date=day)
        yield _statement(stay, f"engagement {of}", f"engagement:{stay.enrollment_id}", engaged, day)
    for row in contacts:
        day = row.information_date
        contact = LivingSituationRecorded(information_date=day, situation=row.living_situation)
        what = f"contact {row.contact_id} {of}"
        yield _statement(row, what, f"contact:{row.contact_id}", contact, day)
    day = stay.move_in_date
    if day is not None:
        moved_in = MovedIn(move_in_date=day)
        yield _statement(stay, f"move-in {of}", f"move-in:{stay.enrollment_id}", moved_in, day)
    if exit_row is not None:
        day = exit_row.exit_date
        left = ExitRecorded(exit_date=day, destination=exit_row.destination)
        yield _statement(exit_row, f"exit {of}", f"exit:{exit_row.exit_id}", left, day)


def _statement(
    row: EnrollmentRow | ContactRow | ExitRow, what: str, command_id: str, event: Any, day: date
) -> Statement:
    return Statement(
        file=row.file, line=row.line, what=what, command_id=command_id, event=event, day=day
    )


def _load_case(
    book: Casebook[Enrollment],
    stay: EnrollmentRow,
    statements: tuple[Statement, ...],
    zone: tzinfo,
) -> Iterator[Answer]:
    """Submit what is said of one enrollment, each statement as a unit of its own."""
    try:
        case = _case_of(book, stay, statements, zone)
    except StoreError:
        raise
    except CaseflowError as error:
        yield from (Answer(one, Kind.FAILED, detail=str(error)) for one in statements)
        return
    if case.client != stay.personal_id:
        detail = (
            f"The case is of client {case.client!r}, and the row is of {stay.personal_id!r}. "
            "Nothing more of it is recorded. Find out who the client is, and correct the source "
            "system or the case."
        )
        yield from (Answer(one, Kind.CHANGED, detail=detail) for one in statements)
        return
    for statement in statements:
        yield _submit(book, case.id, statement, zone)


def _case_of(
    book: Casebook[Enrollment],
    stay: EnrollmentRow,
    statements: tuple[Statement, ...],
    zone: tzinfo,
) -> Case[Enrollment]:
    """The case of an enrollment; opened on the first day on which the client was met."""
    case_id = case_id_of(stay.enrollment_id)
    met = (EnteredProject, EngagementDated, LivingSituationRecorded)
    first = min(one.day for one in statements if isinstance(one.event, met))
    try:
        return book.case(case_id)
    except NoSuchCase:
        pass
    try:
        return book.open(
            client=stay.personal_id, by=ACTOR, case_id=case_id, at=midnight(first, zone)
        ).case
    except CaseExists:  # another import opened it in between
        return book.case(case_id)


def _submit(book: Casebook[Enrollment], case_id: str, statement: Statement, zone: tzinfo) -> Answer:
    """Submit one statement. Only a failing store is raised; all else is the answer."""
    try:
        outcome = book.do(
            case_id,
            statement.event,
            by=ACTOR,
            at=midnight(statement.day, zone),
            command_id=statement.command_id,
        )
    except Refused as refused:
        verdict = refused.verdict
        return Answer(statement, Kind.REFUSED, verdict.refusals, verdict.explain())
    except CommandReused as reused:
        return _changed(book, case_id, str(reused.fields["case_id"]), statement, zone)
    except StoreError:
        raise
    except CaseflowError as error:
        return Answer(statement, Kind.FAILED, detail=str(error))
    kind = Kind.KNOWN if outcome.replayed else Kind.NEW
    return Answer(statement, kind, outcome.verdict.warnings)


def _changed(
    book: Casebook[Enrollment], case_id: str, recorded_on: str, statement: Statement, zone: tzinfo
) -> Answer:
    """The answer to a row that was recorded before with other content."""
    history = book.history(recorded_on)
    recorded = next(one for one in history if one.command_id == statement.command_id)
    corrections = [
        one.event.event
        for one in history
        if isinstance(one.event, Corrected) and one.event.number == recorded.number
    ]
    standing = next((event for event in reversed(corrections) if event), recorded.event)
    found = [] if recorded_on == case_id else [f"it was recorded on case {recorded_on}"]
    found += _differences(standing, statement.event)
    if corrections and not found:
        return Answer(statement, Kind.KNOWN)  # the case was corrected to what the row now says
    if not found:
        moment = midnight(statement.day, zone)
        detail = (
            f"The content is the same, but the day began at {_utc(recorded.occurred_at)} and now "
            f"begins at {_utc(moment)}. Load the export with the time zone of the first import."
        )
        return Answer(statement, Kind.OTHER_ZONE, detail=detail)
    detail = (
        f"{'; '.join(found)}. Event {recorded.number} of case {recorded_on} stays as it was "
        "recorded. Where the row is right, record a correction of that event; where it is wrong, "
        "correct the source system."
    )
    return Answer(statement, Kind.CHANGED, detail=detail[0].upper() + detail[1:])


def _differences(before: Any, now: Any) -> list[str]:
    """In which fields two events of one type differ."""
    return [
        f"{field.name.replace('_', ' ')} was {_shown(old)} and is now {_shown(new)}"
        for field in attrs.fields(type(now))
        if (old := getattr(before, field.name)) != (new := getattr(now, field.name))
    ]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _shown(value: object) -> str:
    return "empty" if value is None else str(value)
