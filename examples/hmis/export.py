"""Reads a HUD HMIS CSV export folder (FY2022) into frozen rows, and says what it could not read.

``read_export`` reads Enrollment.csv, CurrentLivingSituation.csv and Exit.csv. It raises nothing
for what it finds in the folder: each fault is a ``Problem``, and the tally of each file says how
many records were seen, read and left out. What it cannot see is a file cut exactly between two
rows, because an export states no row counts.

The reader judges single rows and the ids that join them. It does not judge what the rows say
about a stay: an exit before its entry, or a contact before it, is read as it stands.
"""

import re
import stat
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from attrs import frozen

from examples.hmis.codes import DESTINATIONS, LIVING_SITUATIONS, RELATIONSHIPS
from examples.hmis.problems import Effect, Kind, Problem, problem
from examples.hmis.records import Record, split_records

__all__ = [
    "CONTACT_FILE",
    "ENROLLMENT_FILE",
    "EXIT_FILE",
    "ContactRow",
    "Effect",
    "EnrollmentRow",
    "ExitRow",
    "Export",
    "Kind",
    "Problem",
    "Tally",
    "read_export",
]

ENROLLMENT_FILE: Final = "Enrollment.csv"
CONTACT_FILE: Final = "CurrentLivingSituation.csv"
EXIT_FILE: Final = "Exit.csv"

MAX_FILE_BYTES: Final = 1 << 30

_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2100
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CODE: Final = re.compile(r"[0-9]{1,3}")
_BAD_TEXT: Final = re.compile("[\0\udc80-\udcff]")
_DELETED: Final = "DateDeleted"


@frozen
class EnrollmentRow:
    """One row of Enrollment.csv: a client's stay with a project, from its entry date."""

    file: str
    line: int
    enrollment_id: str
    personal_id: str
    project_id: str
    household_id: str
    relationship_to_hoh: int | None
    entry_date: date
    date_of_engagement: date | None
    move_in_date: date | None


@frozen
class ContactRow:
    """One row of CurrentLivingSituation.csv: a contact with a client on a date."""

    file: str
    line: int
    contact_id: str
    enrollment_id: str
    personal_id: str
    information_date: date
    living_situation: int | None


@frozen
class ExitRow:
    """One row of Exit.csv: the end of an enrollment, and where the client went."""

    file: str
    line: int
    exit_id: str
    enrollment_id: str
    personal_id: str
    exit_date: date
    destination: int | None


@frozen
class Tally:
    """How many records of a file were seen (header not counted), read, and left out."""

    file: str
    seen: int
    read: int
    left_out: int


@frozen
class Export:
    """What was read of an export folder, in the order of the files, and what was not."""

    enrollments: tuple[EnrollmentRow, ...]
    contacts: tuple[ContactRow, ...]
    exits: tuple[ExitRow, ...]
    problems: tuple[Problem, ...]
    tally: tuple[Tally, ...]

    def tally_of(self, file: str) -> Tally:
        """The tally of the file of this name, such as ``EXIT_FILE``."""
        return next(tally for tally in self.tally if tally.file == file)


@frozen
class _Spec:
    """What the reader knows of one file: the columns it needs, may use, and has heard of."""

    file: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    others: frozenset[str]
    unique: tuple[tuple[str, Kind], ...]

    @property
    def read(self) -> tuple[str, ...]:
        """The columns whose values the reader uses."""
        return self.required + self.optional


_COMMON: Final = "DateCreated DateUpdated UserID ExportID"

_ENROLLMENT: Final = _Spec(
    file=ENROLLMENT_FILE,
    required=("EnrollmentID", "PersonalID", "ProjectID", "HouseholdID", "EntryDate"),
    optional=("RelationshipToHoH", "DateOfEngagement", "MoveInDate", _DELETED),
    others=frozenset(
        f"""{_COMMON} LivingSituation LengthOfStay LOSUnderThreshold PreviousStreetESSH
        DateToStreetESSH TimesHomelessPastThreeYears MonthsHomelessPastThreeYears
        DisablingCondition DateOfPATHStatus ClientEnrolledInPATH ReasonNotEnrolled
        WorstHousingSituation PercentAMI LastPermanentStreet LastPermanentCity LastPermanentState
        LastPermanentZIP AddressDataQuality ReferralSource CountOutreachReferralApproaches
        DateOfBCPStatus EligibleForRHY ReasonNoServices RunawayYouth SexualOrientation
        SexualOrientationOther FormerWardChildWelfare ChildWelfareYears ChildWelfareMonths
        FormerWardJuvenileJustice JuvenileJusticeYears JuvenileJusticeMonths UnemploymentFam
        MentalHealthDisorderFam PhysicalDisabilityFam AlcoholDrugUseDisorderFam InsufficientIncome
        IncarceratedParent VAMCStation TargetScreenReqd TimeToHousingLoss AnnualPercentAMI
        LiteralHomelessHistory ClientLeaseholder HOHLeaseholder SubsidyAtRisk EvictionHistory
        CriminalRecord IncarceratedAdult PrisonDischarge SexOffender DisabledHoH CurrentPregnant
        SingleParent DependentUnder6 HH5Plus CoCPrioritized HPScreeningScore ThresholdScore
        """.split()
    ),
    unique=(("EnrollmentID", Kind.ID_REPEATED),),
)

_CONTACT: Final = _Spec(
    file=CONTACT_FILE,
    required=(
        "CurrentLivingSitID",
        "EnrollmentID",
        "PersonalID",
        "InformationDate",
        "CurrentLivingSituation",
    ),
    optional=(_DELETED,),
    others=frozenset(
        f"""{_COMMON} VerifiedBy LeaveSituation14Days SubsequentResidence ResourcesToObtain
        LeaseOwn60Day MovedTwoOrMore LocationDetails""".split()
    ),
    unique=(("CurrentLivingSitID", Kind.ID_REPEATED),),
)

_EXIT: Final = _Spec(
    file=EXIT_FILE,
    required=("ExitID", "EnrollmentID", "PersonalID", "ExitDate", "Destination"),
    optional=(_DELETED,),
    others=frozenset(
        f"""{_COMMON} OtherDestination HousingAssessment SubsidyInformation
        ProjectCompletionStatus EarlyExitReason ExchangeForSex ExchangeForSexPastThreeMonths
        CountOfExchangeForSex AskedOrForcedToExchangeForSex
        AskedOrForcedToExchangeForSexPastThreeMonths WorkplaceViolenceThreats
        WorkplacePromiseDifference CoercedToContinueWork LaborExploitPastThreeMonths
        CounselingReceived IndividualCounseling FamilyCounseling GroupCounseling
        SessionCountAtExit PostExitCounselingPlan SessionsInPlan DestinationSafeClient
        DestinationSafeWorker PosAdultConnections PosPeerConnections PosCommunityConnections
        AftercareDate AftercareProvided EmailSocialMedia Telephone InPersonIndividual
        InPersonGroup CMExitReason""".split()
    ),
    unique=(("ExitID", Kind.ID_REPEATED), ("EnrollmentID", Kind.SECOND_EXIT)),
)

_SPECS: Final = (_ENROLLMENT, _CONTACT, _EXIT)

_Row = TypeVar("_Row")


@frozen
class _Sheet:
    """A file split into records; ``columns`` is None when its rows cannot be read."""

    spec: _Spec
    columns: Mapping[str, int] | None
    width: int
    records: tuple[Record, ...]


@frozen
class _Links:
    """The enrollments that contacts and exits may belong to, by id."""

    read: Mapping[str, EnrollmentRow]
    left_out: Mapping[str, int]


class _Cells:
    """The used cells of one record, and what was found wrong while they were read."""

    def __init__(self, spec: _Spec, line: int, values: Mapping[str, str]) -> None:
        self.file = spec.file
        self.line = line
        self.problems: list[Problem] = []
        self._values = values

    @property
    def left_out(self) -> bool:
        """Whether something was found for which the row is left out."""
        return any(found.effect is Effect.ROW_LEFT_OUT for found in self.problems)

    def raw(self, column: str) -> str:
        """The cell as text; empty when the file has no such column."""
        return self._values.get(column, "")

    def report(self, kind: Kind, effect: Effect, column: str, allowed: str | None = None) -> None:
        """Notes a problem with the cell of ``column``."""
        value = self.raw(column)
        self.problems.append(
            problem(kind, effect, self.file, self.line, column, value, allowed=allowed)
        )

    def identifier(self, column: str) -> str:
        """A required id; without one the row is left out."""
        if not self.raw(column):
            self.report(Kind.ID_EMPTY, Effect.ROW_LEFT_OUT, column)
        return self.raw(column)

    def day(self, column: str) -> date | None:
        """A required date; without one the row is left out."""
        found = _parse_date(self.raw(column))
        if found is None:
            self.report(Kind.BAD_DATE, Effect.ROW_LEFT_OUT, column)
        return found

    def day_or_none(self, column: str) -> date | None:
        """An optional date; one that cannot be read is left out alone."""
        found = _parse_date(self.raw(column))
        if found is None and self.raw(column):
            self.report(Kind.BAD_DATE, Effect.VALUE_LEFT_OUT, column)
        return found

    def code(self, column: str, labels: Mapping[int, str], required: bool) -> int | None:
        """A code; one that is not a number is left out alone, an unknown one is kept."""
        text = self.raw(column)
        if not text and not required:
            return None
        if not _CODE.fullmatch(text):
            self.report(Kind.BAD_CODE, Effect.VALUE_LEFT_OUT, column)
            return None
        if int(text) not in labels:
            self.report(Kind.UNKNOWN_CODE, Effect.NOTICE, column)
        return int(text)


def read_export(folder: Path) -> Export:
    """Reads the export in ``folder``; whatever is wrong with it is in ``problems``."""
    problems: list[Problem] = []
    if not _is_folder(folder):
        problems.append(
            problem(
                Kind.FOLDER_MISSING,
                Effect.FILE_LEFT_OUT,
                "Export folder",
                value=str(folder),
            )
        )
        return Export((), (), (), tuple(problems), tuple(Tally(s.file, 0, 0, 0) for s in _SPECS))
    stays = _load_sheet(folder, _ENROLLMENT, problems)
    enrollments, stay_tally, left_out = _read_rows(stays, _enrollment, problems)
    links = _Links({row.enrollment_id: row for row in enrollments}, left_out)
    contact_sheet = _load_linked(folder, _CONTACT, stays, problems)
    contacts, contact_tally, _ = _read_rows(
        contact_sheet, lambda cells: _contact(cells, links), problems
    )
    exit_sheet = _load_linked(folder, _EXIT, stays, problems)
    exits, exit_tally, _ = _read_rows(exit_sheet, lambda cells: _exit(cells, links), problems)
    tally = (stay_tally, contact_tally, exit_tally)
    return Export(enrollments, contacts, exits, tuple(problems), tally)


def _is_folder(folder: Path) -> bool:
    """Whether ``folder`` is a folder; one that cannot be looked at is not."""
    try:
        return folder.is_dir()
    except (OSError, ValueError):
        return False


def _load_linked(folder: Path, spec: _Spec, stays: _Sheet, problems: list[Problem]) -> _Sheet:
    """Loads a file whose rows belong to enrollments; without those its rows cannot be read."""
    sheet = _load_sheet(folder, spec, problems)
    if stays.columns is not None or sheet.columns is None:
        return sheet
    problems.append(problem(Kind.ENROLLMENTS_UNREAD, Effect.FILE_LEFT_OUT, spec.file))
    return _Sheet(spec, None, sheet.width, sheet.records)


def _load_sheet(folder: Path, spec: _Spec, problems: list[Problem]) -> _Sheet:
    """Loads a file, splits it into records and finds the columns in its header."""
    text = _read_text(folder / spec.file, spec, problems)
    if text is None:
        return _Sheet(spec, None, 0, ())
    records = split_records(text)
    if not records:
        problems.append(problem(Kind.FILE_EMPTY, Effect.FILE_LEFT_OUT, spec.file))
        return _Sheet(spec, None, 0, ())
    columns = _find_columns(spec, records[0], problems)
    if not text.endswith(("\n", "\r")):
        last = records[-1].line
        problems.append(problem(Kind.NO_LAST_LINE_BREAK, Effect.NOTICE, spec.file, last))
    return _Sheet(spec, columns, len(records[0].fields), tuple(records[1:]))


def _read_text(path: Path, spec: _Spec, problems: list[Problem]) -> str | None:
    """The text of a file, with bytes that are not UTF-8 kept as surrogates; None without one."""
    kind, value = Kind.FILE_UNREADABLE, "not an ordinary file"
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            pass
        elif status.st_size > MAX_FILE_BYTES:
            kind, value = Kind.FILE_TOO_LARGE, f"{status.st_size} bytes"
        else:
            text = path.read_bytes().decode("utf-8", "surrogateescape")
            return text.removeprefix("\ufeff")
    except FileNotFoundError:
        kind, value = Kind.FILE_MISSING, ""
    except OSError as error:
        value = error.strerror or type(error).__name__
    except ValueError as error:
        value = str(error)
    problems.append(problem(kind, Effect.FILE_LEFT_OUT, spec.file, value=value or None))
    return None


def _find_columns(spec: _Spec, header: Record, problems: list[Problem]) -> Mapping[str, int] | None:
    """Where each column stands, or None when the rows cannot be read without one of them."""
    if header.fault is not None:
        problems.append(
            problem(
                Kind.HEADER_BROKEN, Effect.FILE_LEFT_OUT, spec.file, header.line, value=header.start
            )
        )
        return None
    names = [name.strip() for name in header.fields]
    found = [
        problem(kind, effect, spec.file, header.line, column)
        for kind, effect, column in _column_faults(spec, names)
    ]
    ignored = [
        name
        for at, name in enumerate(names)
        if name not in spec.read and (name not in spec.others or name in names[:at])
    ]
    if ignored:
        unknown = ", ".join(ignored)
        found.append(
            problem(Kind.COLUMN_UNKNOWN, Effect.NOTICE, spec.file, header.line, value=unknown)
        )
    problems.extend(found)
    if any(one.effect is Effect.FILE_LEFT_OUT for one in found):
        return None
    return {name: at for at, name in enumerate(names) if name in spec.read}


def _column_faults(spec: _Spec, names: list[str]) -> list[tuple[Kind, Effect, str]]:
    """The columns that are read and are missing from a header, or there more than once."""
    faults: list[tuple[Kind, Effect, str]] = []
    for column in spec.read:
        count = names.count(column)
        if count > 1:
            faults.append((Kind.COLUMN_REPEATED, Effect.FILE_LEFT_OUT, column))
        elif count == 0:
            needed = column in spec.required
            effect = Effect.FILE_LEFT_OUT if needed else Effect.NOTICE
            faults.append((Kind.COLUMN_MISSING, effect, column))
    return faults


def _read_rows(
    sheet: _Sheet, build: Callable[[_Cells], _Row | None], problems: list[Problem]
) -> tuple[tuple[_Row, ...], Tally, dict[str, int]]:
    """The rows of a sheet, its tally, and the first line of each EnrollmentID left out."""
    rows: list[_Row] = []
    left_out: dict[str, int] = {}
    count_left_out = 0
    taken: dict[tuple[str, str], int] = {}
    for record in sheet.records:
        cells = _open_record(sheet, record, problems)
        row = None if cells is None else _read_row(sheet.spec, cells, build, taken)
        if cells is not None:
            problems.extend(cells.problems)
        if row is not None:
            rows.append(row)
            continue
        count_left_out += 1
        if cells is not None:
            left_out.setdefault(cells.raw("EnrollmentID"), record.line)
    tally = Tally(sheet.spec.file, len(sheet.records), len(rows), count_left_out)
    return tuple(rows), tally, left_out


def _open_record(sheet: _Sheet, record: Record, problems: list[Problem]) -> _Cells | None:
    """The used cells of a record, or None when it cannot be cut into columns."""
    if sheet.columns is None:
        return None
    broken = _shape_problems(sheet, record)
    if broken:
        problems.extend(broken)
        return None
    used = {name: record.fields[at].strip() for name, at in sheet.columns.items()}
    cells = _Cells(sheet.spec, record.line, used)
    bad = [name for name, value in used.items() if _BAD_TEXT.search(value)]
    for name in bad:
        cells.report(Kind.BAD_TEXT, Effect.ROW_LEFT_OUT, name)
    if not bad:
        problems.extend(_ignored_text(sheet, record))
    return cells


def _shape_problems(sheet: _Sheet, record: Record) -> list[Problem]:
    """Why a record cannot be cut into the columns of its file; nothing when it can."""
    file, line, start = sheet.spec.file, record.line, record.start
    found: list[Problem] = []
    if record.fault is not None:
        found.append(problem(record.fault, Effect.ROW_LEFT_OUT, file, line, value=start))
    elif len(record.fields) != sheet.width:
        value = f"{len(record.fields)} columns: {start[:100]}"
        allowed = f"{sheet.width} columns, as many as the header has"
        kind = Kind.COLUMN_COUNT
        found.append(problem(kind, Effect.ROW_LEFT_OUT, file, line, value=value, allowed=allowed))
    bad = _BAD_TEXT.search(start)
    if found and bad:
        value = start[bad.start() :]
        found.append(problem(Kind.BAD_TEXT, Effect.ROW_LEFT_OUT, file, line, value=value))
    return found


def _ignored_text(sheet: _Sheet, record: Record) -> list[Problem]:
    """A notice of the first bad text in a column that is not used; the row is read."""
    for value in record.fields:
        if _BAD_TEXT.search(value):
            file = sheet.spec.file
            return [problem(Kind.BAD_TEXT, Effect.NOTICE, file, record.line, value=value)]
    return []


def _read_row(
    spec: _Spec,
    cells: _Cells,
    build: Callable[[_Cells], _Row | None],
    taken: dict[tuple[str, str], int],
) -> _Row | None:
    """The row that ``cells`` make, or None when it is left out; ``taken`` holds the ids read."""
    if cells.left_out:
        return None
    if cells.raw(_DELETED):
        cells.report(Kind.DELETED, Effect.ROW_LEFT_OUT, _DELETED)
        return None
    row = build(cells)
    for column, kind in spec.unique:
        first = taken.get((column, cells.raw(column)))
        if row is not None and first is not None:
            cells.report(kind, Effect.ROW_LEFT_OUT, column, f"one row for it; line {first} is read")
            return None
    if row is not None:
        taken.update({(column, cells.raw(column)): cells.line for column, _ in spec.unique})
    return row


def _parse_date(text: str) -> date | None:
    """The date of a YYYY-MM-DD text from 1900 to 2100, or None."""
    if not _DATE.fullmatch(text) or not _FIRST_YEAR <= int(text[:4]) <= _LAST_YEAR:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _enrollment(cells: _Cells) -> EnrollmentRow | None:
    """The row of Enrollment.csv that ``cells`` make, or None when it is left out."""
    enrollment_id = cells.identifier("EnrollmentID")
    personal_id = cells.identifier("PersonalID")
    project_id = cells.identifier("ProjectID")
    household_id = cells.identifier("HouseholdID")
    entry_date = cells.day("EntryDate")
    relationship = cells.code("RelationshipToHoH", RELATIONSHIPS, required=False)
    engaged = cells.day_or_none("DateOfEngagement")
    moved_in = cells.day_or_none("MoveInDate")
    if entry_date is None or cells.left_out:
        return None
    return EnrollmentRow(
        file=cells.file,
        line=cells.line,
        enrollment_id=enrollment_id,
        personal_id=personal_id,
        project_id=project_id,
        household_id=household_id,
        relationship_to_hoh=relationship,
        entry_date=entry_date,
        date_of_engagement=engaged,
        move_in_date=moved_in,
    )


def _contact(cells: _Cells, links: _Links) -> ContactRow | None:
    """The row of CurrentLivingSituation.csv that ``cells`` make, or None when it is left out."""
    contact_id = cells.identifier("CurrentLivingSitID")
    enrollment_id, personal_id = _linked_ids(cells, links)
    information_date = cells.day("InformationDate")
    situation = cells.code("CurrentLivingSituation", LIVING_SITUATIONS, required=True)
    if information_date is None or cells.left_out:
        return None
    return ContactRow(
        file=cells.file,
        line=cells.line,
        contact_id=contact_id,
        enrollment_id=enrollment_id,
        personal_id=personal_id,
        information_date=information_date,
        living_situation=situation,
    )


def _exit(cells: _Cells, links: _Links) -> ExitRow | None:
    """The row of Exit.csv that ``cells`` make, or None when it is left out."""
    exit_id = cells.identifier("ExitID")
    enrollment_id, personal_id = _linked_ids(cells, links)
    exit_date = cells.day("ExitDate")
    destination = cells.code("Destination", DESTINATIONS, required=True)
    if exit_date is None or cells.left_out:
        return None
    return ExitRow(
        file=cells.file,
        line=cells.line,
        exit_id=exit_id,
        enrollment_id=enrollment_id,
        personal_id=personal_id,
        exit_date=exit_date,
        destination=destination,
    )


def _linked_ids(cells: _Cells, links: _Links) -> tuple[str, str]:
    """The EnrollmentID and PersonalID of a row, which must be those of one enrollment read."""
    enrollment_id = cells.identifier("EnrollmentID")
    personal_id = cells.identifier("PersonalID")
    stay = links.read.get(enrollment_id)
    if stay is None and enrollment_id in links.left_out:
        allowed = f"an enrollment that is read; line {links.left_out[enrollment_id]} is left out"
        kind = Kind.ENROLLMENT_LEFT_OUT
        cells.report(kind, Effect.ROW_LEFT_OUT, "EnrollmentID", allowed)
    elif stay is None and enrollment_id:
        cells.report(Kind.ENROLLMENT_UNKNOWN, Effect.ROW_LEFT_OUT, "EnrollmentID")
    elif stay is not None and personal_id and stay.personal_id != personal_id:
        allowed = f"the person of line {stay.line} of {stay.file}"
        cells.report(Kind.PERSON_DIFFERS, Effect.ROW_LEFT_OUT, "PersonalID", allowed)
    return enrollment_id, personal_id
