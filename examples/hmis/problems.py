"""What can be wrong with an export, as frozen values that each print as one sentence."""

from enum import Enum
from typing import Final

from attrs import frozen

_VALUE_LENGTH: Final = 120


class Effect(Enum):
    """What a problem did to the reading; the value is the phrase its sentence uses."""

    FILE_LEFT_OUT = "nothing of it is read"
    ROW_LEFT_OUT = "the row is left out"
    VALUE_LEFT_OUT = "the row is read without this value"
    NOTICE = "nothing is left out"


class Kind(Enum):
    """What is wrong; the value is the phrase its sentence uses."""

    FOLDER_MISSING = "not a folder that can be opened"
    FILE_MISSING = "the file is missing"
    FILE_UNREADABLE = "the file cannot be read"
    FILE_TOO_LARGE = "the file is too large"
    FILE_EMPTY = "the file is empty"
    NO_LAST_LINE_BREAK = "the file ends without a line break and may have been cut short"
    HEADER_BROKEN = "the header cannot be read"
    COLUMN_MISSING = "the column is missing from the header"
    COLUMN_REPEATED = "the column appears more than once in the header"
    COLUMN_UNKNOWN = "columns are unknown or repeated, and are not read"
    COLUMN_COUNT = "the row has the wrong number of columns"
    QUOTE_BROKEN = "a quote is opened and not properly closed"
    RECORD_TOO_LONG = "the row is too long"
    BAD_TEXT = "the text has a NUL byte or bytes that are not UTF-8"
    DELETED = "deleted in source"
    ID_EMPTY = "a required id is empty"
    ID_REPEATED = "an earlier row has this id"
    BAD_DATE = "not a date"
    BAD_CODE = "not a code"
    UNKNOWN_CODE = "a code outside the HUD list"
    ENROLLMENT_UNKNOWN = "no enrollment has this id"
    ENROLLMENT_LEFT_OUT = "the enrollment of this id was itself left out"
    ENROLLMENTS_UNREAD = "the enrollments that its rows belong to cannot be read"
    PERSON_DIFFERS = "not the person of the enrollment"
    SECOND_EXIT = "an earlier row is an exit of this enrollment"


_EXPORT_AGAIN: Final = "export again from the source system"
_CORRECT: Final = "correct the value in the source system and export again"
_READABLE_ENROLLMENT: Final = "the EnrollmentID of a row of Enrollment.csv that can be read"
_CORRECT_ID: Final = "correct the id in the source system and export again"

_ADVICE: Final[dict[Kind, tuple[str, str]]] = {
    Kind.FOLDER_MISSING: (
        "a folder holding Enrollment.csv, CurrentLivingSituation.csv and Exit.csv",
        "name the folder that the export was unpacked to",
    ),
    Kind.FILE_MISSING: ("a file of exactly this name in the folder", _EXPORT_AGAIN),
    Kind.FILE_UNREADABLE: (
        "an ordinary file that this user may read",
        "check what the file is and who may read it",
    ),
    Kind.FILE_TOO_LARGE: ("a file of at most 1 GiB", "export a shorter period"),
    Kind.FILE_EMPTY: ("a header and any number of rows", _EXPORT_AGAIN),
    Kind.NO_LAST_LINE_BREAK: (
        "a line break after the last row",
        "compare the last row with the source system",
    ),
    Kind.HEADER_BROKEN: ("a first row of column names", _EXPORT_AGAIN),
    Kind.COLUMN_MISSING: (
        "a header with this column, spelled as in the HUD specification",
        "export again in the HMIS CSV FY2022 format",
    ),
    Kind.COLUMN_REPEATED: ("each column once", "remove the column that is not meant"),
    Kind.COLUMN_UNKNOWN: (
        "the columns of the HMIS CSV FY2022 format, each once",
        "export again in that format if one of these columns matters",
    ),
    Kind.COLUMN_COUNT: (
        "as many columns as the header has",
        "look for a comma too many or a line cut short, and export again",
    ),
    Kind.QUOTE_BROKEN: (
        'a quoted value closed with " before the next comma, within 100 lines',
        'close the quote, or write "" for a quote inside a quoted value',
    ),
    Kind.RECORD_TOO_LONG: (
        "a row no longer than the CSV field limit (131,072 characters unless changed)",
        "shorten the value in the source system and export again",
    ),
    Kind.BAD_TEXT: ("UTF-8 text without NUL bytes", "export again as UTF-8"),
    Kind.DELETED: ("a row whose DateDeleted is empty", "nothing, unless the deletion is a mistake"),
    Kind.ID_EMPTY: ("an id", "fill in the id in the source system and export again"),
    Kind.ID_REPEATED: ("an id that no earlier row has", "remove or renumber one of the two rows"),
    Kind.BAD_DATE: (
        "a day of the calendar as YYYY-MM-DD, from 1900-01-01 to 2100-12-31",
        _CORRECT,
    ),
    Kind.BAD_CODE: ("a whole number of one to three digits", _CORRECT),
    Kind.UNKNOWN_CODE: ("a code of the HMIS Data Standards FY2022", _CORRECT),
    Kind.ENROLLMENT_UNKNOWN: (_READABLE_ENROLLMENT, _CORRECT_ID),
    Kind.ENROLLMENT_LEFT_OUT: (
        _READABLE_ENROLLMENT,
        "repair the row of Enrollment.csv",
    ),
    Kind.ENROLLMENTS_UNREAD: ("an Enrollment.csv that can be read", "repair Enrollment.csv"),
    Kind.PERSON_DIFFERS: ("the PersonalID that the enrollment has", _CORRECT_ID),
    Kind.SECOND_EXIT: (
        "one exit for each enrollment",
        "remove the exit that is not meant and export again",
    ),
}


@frozen
class Problem:
    """One thing wrong with an export: where, what, what is allowed, and how to repair it.

    ``line`` is the physical line on which the row starts (the header is line 1), or None when the
    problem is with the whole file. ``value`` is the offending value as ``repr`` shows it, cut to
    a readable length, so it never holds a line break or a control character.
    """

    file: str
    line: int | None
    column: str | None
    value: str | None
    kind: Kind
    effect: Effect
    allowed: str
    repair: str

    def __str__(self) -> str:
        """The problem as one sentence."""
        where = self.file
        if self.line is not None:
            where += f", line {self.line}"
        if self.column is not None:
            where += f", column {self.column}"
        what = self.kind.value if self.value is None else f"{self.kind.value} ({self.value})"
        return (
            f"{where}: {what}, so {self.effect.value}; "
            f"allowed is {self.allowed}; to repair, {self.repair}."
        )


def shown(value: str) -> str:
    """``value`` as ``repr`` shows it, cut to a readable length."""
    text = repr(value[: _VALUE_LENGTH + 1])
    return text if len(text) <= _VALUE_LENGTH else text[:_VALUE_LENGTH] + "..."


def problem(
    kind: Kind,
    effect: Effect,
    file: str,
    line: int | None = None,
    column: str | None = None,
    value: str | None = None,
    allowed: str | None = None,
) -> Problem:
    """A problem with the advice of its kind; ``allowed`` replaces the general wording."""
    general, repair = _ADVICE[kind]
    return Problem(
        file=file,
        line=line,
        column=column,
        value=None if value is None else shown(value),
        kind=kind,
        effect=effect,
        allowed=general if allowed is None else allowed,
        repair=repair,
    )
