"""The HMIS example reads an export whole, or says in one sentence each what it could not read."""

import csv
import os
import re
import statistics
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.hmis import records
from examples.hmis.codes import (
    DESTINATIONS,
    LIVING_SITUATIONS,
    MISSING_ANSWERS,
    NO_EXIT_INTERVIEW,
    RELATIONSHIPS,
)
from examples.hmis.export import (
    CONTACT_FILE,
    ENROLLMENT_FILE,
    EXIT_FILE,
    ContactRow,
    Effect,
    EnrollmentRow,
    ExitRow,
    Kind,
    read_export,
)
from examples.hmis.generate import write_small_export

FILES = (ENROLLMENT_FILE, CONTACT_FILE, EXIT_FILE)

STAYS = """\
EnrollmentID,PersonalID,ProjectID,EntryDate,HouseholdID,RelationshipToHoH,DateOfEngagement,\
MoveInDate,UserID,DateDeleted
E1,P1,PR1,2021-03-01,H1,1,2021-03-05,2021-04-01,U1,
E2,P2,PR1,2021-03-02,H2,2,,,U1,
E3,P3,PR2,2021-03-03,H3,,,,U1,
"""
CONTACTS = """\
CurrentLivingSitID,EnrollmentID,PersonalID,InformationDate,CurrentLivingSituation,\
LocationDetails,DateDeleted
C1,E1,P1,2021-02-27,16,,
C2,E2,P2,2021-03-09,36,,
C3,E2,P2,2021-03-10,16,,
"""
EXITS = """\
ExitID,EnrollmentID,PersonalID,ExitDate,Destination,DateDeleted
X1,E1,P1,2021-06-01,10,
X2,E2,P2,2021-06-02,30,
"""
GOOD = {ENROLLMENT_FILE: STAYS, CONTACT_FILE: CONTACTS, EXIT_FILE: EXITS}


def read(folder):
    """Read an export and check that nothing of it went unaccounted for."""
    export = read_export(folder)
    check_sums(export)
    return export


def check_sums(export):
    assert [tally.file for tally in export.tally] == list(FILES)
    rows = (export.enrollments, export.contacts, export.exits)
    for tally, read_rows in zip(export.tally, rows, strict=True):
        assert tally.seen == tally.read + tally.left_out
        assert tally.read == len(read_rows)
        assert {row.file for row in read_rows} <= {tally.file}
        of_file = [found for found in export.problems if found.file == tally.file]
        blamed = {found.line for found in of_file if found.effect is Effect.ROW_LEFT_OUT}
        assert not blamed & {row.line for row in read_rows}
        if any(found.effect is Effect.FILE_LEFT_OUT for found in of_file):
            assert tally.read == 0
            assert not blamed
        else:
            assert len(blamed) == tally.left_out
    for found in export.problems:
        sentence = str(found)
        assert sentence.isprintable()
        assert sentence.endswith(".")
        assert sentence.startswith(found.file)
        assert found.allowed in sentence
        assert found.repair in sentence


def put(folder, file=None, content=None):
    """Write the good export, with one of its files replaced."""
    for name, text in GOOD.items():
        changed = content if name == file else text
        data = changed if isinstance(changed, bytes) else changed.encode()
        (folder / name).write_bytes(data)
    return folder


def swap(file, old, new):
    """Return the good text of a file with one place changed."""
    assert GOOD[file].count(old) == 1
    return GOOD[file].replace(old, new)


def brief(export):
    """What was found, without the wording."""
    return [(p.file, p.line, p.column, p.kind, p.effect) for p in export.problems]


def counts(export):
    return [(tally.seen, tally.read, tally.left_out) for tally in export.tally]


# A good export


def test_a_good_export_is_read_whole(tmp_path):
    export = read(put(tmp_path))
    assert export.problems == ()
    assert counts(export) == [(3, 3, 0), (3, 3, 0), (2, 2, 0)]
    assert export.enrollments[0] == EnrollmentRow(
        file=ENROLLMENT_FILE,
        line=2,
        enrollment_id="E1",
        personal_id="P1",
        project_id="PR1",
        household_id="H1",
        relationship_to_hoh=1,
        entry_date=date(2021, 3, 1),
        date_of_engagement=date(2021, 3, 5),
        move_in_date=date(2021, 4, 1),
    )
    assert export.enrollments[2].relationship_to_hoh is None
    assert export.enrollments[2].move_in_date is None
    assert export.contacts[1] == ContactRow(
        file=CONTACT_FILE,
        line=3,
        contact_id="C2",
        enrollment_id="E2",
        personal_id="P2",
        information_date=date(2021, 3, 9),
        living_situation=36,
    )
    assert export.exits[1] == ExitRow(
        file=EXIT_FILE,
        line=3,
        exit_id="X2",
        enrollment_id="E2",
        personal_id="P2",
        exit_date=date(2021, 6, 2),
        destination=NO_EXIT_INTERVIEW,
    )
    assert export.tally_of(EXIT_FILE) == export.tally[2]


def test_rows_and_problems_are_frozen(tmp_path):
    export = read(put(tmp_path, EXIT_FILE, swap(EXIT_FILE, "X2", "")))
    for value in (export, export.exits[0], export.problems[0], export.tally[0]):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            value.file = "another"


def test_an_exit_before_entry_is_read_as_it_stands(tmp_path):
    export = read(put(tmp_path, EXIT_FILE, swap(EXIT_FILE, "2021-06-01", "2021-02-28")))
    assert export.problems == ()
    assert export.exits[0].exit_date < export.enrollments[0].entry_date


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_any_line_ending_is_read_alike(tmp_path, ending):
    for name, text in GOOD.items():
        (tmp_path / name).write_bytes(text.replace("\n", ending).encode())
    assert read(tmp_path) == read(put(tmp_path))


def test_a_byte_order_mark_is_passed_over(tmp_path):
    put(tmp_path, ENROLLMENT_FILE, b"\xef\xbb\xbf" + STAYS.encode())
    assert read(tmp_path) == read(put(tmp_path))


def test_columns_are_found_by_name_in_any_order(tmp_path):
    text = "DateDeleted,Destination,ExitDate,PersonalID,EnrollmentID,ExitID\n"
    export = read(put(tmp_path, EXIT_FILE, text + ",10,2021-06-01,P1,E1,X1\n"))
    assert export.exits[0].destination == 10
    assert export.exits[0].exit_id == "X1"
    assert export.problems == ()


def test_blank_lines_are_no_records_but_count_as_lines(tmp_path):
    export = read(put(tmp_path, EXIT_FILE, "\n" + EXITS.replace("\n", "\n\n")))
    assert [row.line for row in export.exits] == [4, 6]
    assert export.tally_of(EXIT_FILE).seen == 2
    assert export.problems == ()


def test_the_line_is_the_one_where_the_record_starts(tmp_path):
    text = swap(CONTACT_FILE, "16,,\nC2", '16,"Under ""the"" bridge,\nnorth\r\nbank",\nC2')
    export = read(put(tmp_path, CONTACT_FILE, text))
    assert export.problems == ()
    assert [row.line for row in export.contacts] == [2, 5, 6]


def test_blanks_around_values_and_column_names_do_not_matter(tmp_path):
    text = swap(EXIT_FILE, "X1,E1,", " X1 , E1,").replace("ExitID,", " ExitID ,")
    export = read(put(tmp_path, EXIT_FILE, text))
    assert export.problems == ()
    assert export.exits[0].exit_id == "X1"


# The folder and its files


def test_a_folder_that_is_not_there(tmp_path):
    export = read(tmp_path / "none")
    assert brief(export) == [
        ("Export folder", None, None, Kind.FOLDER_MISSING, Effect.FILE_LEFT_OUT)
    ]
    assert counts(export) == [(0, 0, 0)] * 3


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "\udcff"])
def test_a_folder_name_that_cannot_be(tmp_path, name):
    assert brief(read(tmp_path / name))[0][3] is Kind.FOLDER_MISSING


def test_a_file_in_place_of_the_folder(tmp_path):
    assert brief(read(put(tmp_path) / EXIT_FILE))[0][3] is Kind.FOLDER_MISSING


def test_a_missing_exit_file_leaves_the_others(tmp_path):
    (put(tmp_path) / EXIT_FILE).unlink()
    export = read(tmp_path)
    assert brief(export) == [(EXIT_FILE, None, None, Kind.FILE_MISSING, Effect.FILE_LEFT_OUT)]
    assert counts(export) == [(3, 3, 0), (3, 3, 0), (0, 0, 0)]


def test_without_enrollments_nothing_can_be_read_but_all_is_counted(tmp_path):
    (put(tmp_path) / ENROLLMENT_FILE).unlink()
    export = read(tmp_path)
    assert brief(export) == [
        (ENROLLMENT_FILE, None, None, Kind.FILE_MISSING, Effect.FILE_LEFT_OUT),
        (CONTACT_FILE, None, None, Kind.ENROLLMENTS_UNREAD, Effect.FILE_LEFT_OUT),
        (EXIT_FILE, None, None, Kind.ENROLLMENTS_UNREAD, Effect.FILE_LEFT_OUT),
    ]
    assert counts(export) == [(0, 0, 0), (3, 0, 3), (2, 0, 2)]


def test_a_file_that_is_a_folder(tmp_path):
    (put(tmp_path) / EXIT_FILE).unlink()
    (tmp_path / EXIT_FILE).mkdir()
    export = read(tmp_path)
    assert brief(export) == [(EXIT_FILE, None, None, Kind.FILE_UNREADABLE, Effect.FILE_LEFT_OUT)]
    assert export.problems[0].value == "'not an ordinary file'"


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    put(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    export = read(tmp_path)
    assert export.problems[0].kind is Kind.FILE_UNREADABLE
    assert export.problems[0].value == "'Permission denied'"


def test_a_folder_that_may_not_be_looked_at(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)
    assert brief(read(tmp_path))[0][3] is Kind.FOLDER_MISSING


def test_a_file_too_large_to_hold(tmp_path, monkeypatch):
    put(tmp_path)
    largest = max(len(text) for text in GOOD.values())
    monkeypatch.setattr("examples.hmis.export.MAX_FILE_BYTES", largest)
    assert read(tmp_path).problems == ()
    monkeypatch.setattr("examples.hmis.export.MAX_FILE_BYTES", largest - 1)
    too_large = [found.file for found in read(tmp_path).problems if "too large" in str(found)]
    assert too_large == [name for name in FILES if len(GOOD[name]) == largest]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n\n"])
def test_an_empty_file(tmp_path, content):
    export = read(put(tmp_path, EXIT_FILE, content))
    assert brief(export) == [(EXIT_FILE, None, None, Kind.FILE_EMPTY, Effect.FILE_LEFT_OUT)]


def test_a_header_alone_is_a_file_of_no_rows(tmp_path):
    export = read(put(tmp_path, EXIT_FILE, EXITS.splitlines(keepends=True)[0]))
    assert export.problems == ()
    assert counts(export)[2] == (0, 0, 0)


def test_a_file_that_ends_without_a_line_break(tmp_path):
    export = read(put(tmp_path, EXIT_FILE, EXITS.removesuffix("\n")))
    assert brief(export) == [(EXIT_FILE, 3, None, Kind.NO_LAST_LINE_BREAK, Effect.NOTICE)]
    assert len(export.exits) == 2


# The header


@pytest.mark.parametrize("column", ["ExitID", "EnrollmentID", "PersonalID", "ExitDate"])
def test_a_needed_column_that_is_missing(tmp_path, column):
    export = read(put(tmp_path, EXIT_FILE, swap(EXIT_FILE, column + ",", "UserID,")))
    assert brief(export) == [(EXIT_FILE, 1, column, Kind.COLUMN_MISSING, Effect.FILE_LEFT_OUT)]
    assert counts(export)[2] == (2, 0, 2)


@pytest.mark.parametrize("column", ["RelationshipToHoH", "DateOfEngagement", "MoveInDate"])
def test_an_optional_column_that_is_missing(tmp_path, column):
    text = swap(ENROLLMENT_FILE, column, "DateCreated")
    export = read(put(tmp_path, ENROLLMENT_FILE, text))
    assert brief(export) == [(ENROLLMENT_FILE, 1, column, Kind.COLUMN_MISSING, Effect.NOTICE)]
    assert len(export.enrollments) == 3


def test_a_needed_column_that_is_there_twice(tmp_path):
    text = swap(ENROLLMENT_FILE, "UserID", "EntryDate")
    export = read(put(tmp_path, ENROLLMENT_FILE, text))
    assert brief(export)[0] == (
        ENROLLMENT_FILE,
        1,
        "EntryDate",
        Kind.COLUMN_REPEATED,
        Effect.FILE_LEFT_OUT,
    )
    assert counts(export)[0] == (3, 0, 3)


def test_unknown_and_repeated_columns_are_told_once_and_the_rows_read(tmp_path):
    lines = ["Colour,Size,UserID,UserID," + EXITS.splitlines()[0]]
    lines += ["red,9,U,U," + line for line in EXITS.splitlines()[1:]]
    export = read(put(tmp_path, EXIT_FILE, "\n".join(lines) + "\n"))
    assert brief(export) == [(EXIT_FILE, 1, None, Kind.COLUMN_UNKNOWN, Effect.NOTICE)]
    assert export.problems[0].value == "'Colour, Size, UserID'"
    assert [row.destination for row in export.exits] == [10, 30]


def test_a_header_that_opens_a_quote(tmp_path):
    export = read(put(tmp_path, EXIT_FILE, '"' + EXITS))
    assert brief(export) == [(EXIT_FILE, 1, None, Kind.HEADER_BROKEN, Effect.FILE_LEFT_OUT)]
    assert counts(export)[2] == (2, 0, 2)


def test_another_encoding_is_a_problem_of_the_header(tmp_path):
    export = read(put(tmp_path, EXIT_FILE, EXITS.encode("utf-16")))
    assert Kind.COLUMN_MISSING in {found.kind for found in export.problems}
    assert export.exits == ()


# Single rows


def left_out(tmp_path, file, text, line, column, kind):
    """Check that exactly one row of a file is left out, for one reason."""
    export = read(put(tmp_path, file, text))
    assert (file, line, column, kind, Effect.ROW_LEFT_OUT) in brief(export)
    of_file = [found for found in export.problems if found.file == file]
    assert len(of_file) == 1
    assert export.tally_of(file).left_out == 1
    return export


@pytest.mark.parametrize("row", ["X1,E1,P1,2021-06-01,10", "X1,E1,P1,2021-06-01,10,,", "X1", "  "])
def test_a_row_with_the_wrong_number_of_columns(tmp_path, row):
    text = swap(EXIT_FILE, "X1,E1,P1,2021-06-01,10,", row)
    export = left_out(tmp_path, EXIT_FILE, text, 2, None, Kind.COLUMN_COUNT)
    assert export.exits[0].exit_id == "X2"
    assert "6 columns" in str(export.problems[0])


BAD_DATES = [
    "",
    "2021-02-30",
    "2021-13-01",
    "2021-00-10",
    "20210301",
    "2021-W09-1",
    "03/01/2021",
    "2021-3-1",
    "2021-03-01 00:00:00",
    "1899-12-31",
    "2101-01-01",
    "0000-01-01",
    "\u0662\u0660\u0662\u0661-\u0660\u0663-\u0660\u0661",
    "yesterday",
]


@pytest.mark.parametrize("day", BAD_DATES)
@pytest.mark.parametrize(
    ("file", "good", "line", "column"),
    [
        (ENROLLMENT_FILE, "2021-03-03", 4, "EntryDate"),
        (CONTACT_FILE, "2021-03-09", 3, "InformationDate"),
        (EXIT_FILE, "2021-06-01", 2, "ExitDate"),
    ],
)
def test_a_needed_date_that_is_none(tmp_path, file, good, line, column, day):
    export = left_out(tmp_path, file, swap(file, good, day), line, column, Kind.BAD_DATE)
    assert export.problems[0].value == repr(day)


@pytest.mark.parametrize("day", BAD_DATES[1:])
@pytest.mark.parametrize(
    ("good", "column", "attribute"),
    [
        ("2021-03-05", "DateOfEngagement", "date_of_engagement"),
        ("2021-04-01", "MoveInDate", "move_in_date"),
    ],
)
def test_an_optional_date_that_is_none_is_left_out_alone(tmp_path, good, column, attribute, day):
    export = read(put(tmp_path, ENROLLMENT_FILE, swap(ENROLLMENT_FILE, good, day)))
    assert brief(export) == [(ENROLLMENT_FILE, 2, column, Kind.BAD_DATE, Effect.VALUE_LEFT_OUT)]
    assert getattr(export.enrollments[0], attribute) is None


@pytest.mark.parametrize("day", ["1900-01-01", "2100-12-31", "2020-02-29"])
def test_the_first_and_last_dates_allowed(tmp_path, day):
    export = read(put(tmp_path, EXIT_FILE, swap(EXIT_FILE, "2021-06-01", day)))
    assert export.problems == ()
    assert str(export.exits[0].exit_date) == day


@pytest.mark.parametrize(
    ("file", "good", "bad", "line", "column"),
    [
        (ENROLLMENT_FILE, "E3,P3,PR2", ",P3,PR2", 4, "EnrollmentID"),
        (ENROLLMENT_FILE, "E3,P3,PR2", "E3, ,PR2", 4, "PersonalID"),
        (ENROLLMENT_FILE, "E3,P3,PR2", "E3,P3,", 4, "ProjectID"),
        (ENROLLMENT_FILE, "H3", "", 4, "HouseholdID"),
        (CONTACT_FILE, "C1,E1,P1", ",E1,P1", 2, "CurrentLivingSitID"),
        (CONTACT_FILE, "C1,E1,P1", "C1,,P1", 2, "EnrollmentID"),
        (CONTACT_FILE, "C1,E1,P1", "C1,E1,", 2, "PersonalID"),
        (EXIT_FILE, "X1,E1,P1", ",E1,P1", 2, "ExitID"),
        (EXIT_FILE, "X1,E1,P1", "X1,,P1", 2, "EnrollmentID"),
        (EXIT_FILE, "X1,E1,P1", "X1,E1,", 2, "PersonalID"),
    ],
)
def test_a_needed_id_that_is_empty(tmp_path, file, good, bad, line, column):
    left_out(tmp_path, file, swap(file, good, bad), line, column, Kind.ID_EMPTY)


def test_every_fault_of_a_row_is_told(tmp_path):
    export = read(put(tmp_path, EXIT_FILE, swap(EXIT_FILE, "X1,E1,P1,2021-06-01", ",E1,,soon")))
    assert [found.column for found in export.problems] == ["ExitID", "PersonalID", "ExitDate"]
    assert counts(export)[2] == (2, 1, 1)


@pytest.mark.parametrize("value", ["", "home", "1.0", "-1", "1_0", "\uff11\uff10", "1000"])
@pytest.mark.parametrize(
    ("file", "good", "line", "column"),
    [
        (EXIT_FILE, ",10,", 2, "Destination"),
        (CONTACT_FILE, ",36,", 3, "CurrentLivingSituation"),
    ],
)
def test_a_code_that_is_no_number_is_left_out_alone(tmp_path, file, good, line, column, value):
    export = read(put(tmp_path, file, swap(file, good, f",{value},")))
    assert brief(export) == [(file, line, column, Kind.BAD_CODE, Effect.VALUE_LEFT_OUT)]
    assert export.tally_of(file).left_out == 0
    of_exits = [row.destination for row in export.exits]
    of_contacts = [row.living_situation for row in export.contacts]
    assert of_exits == ([None, 30] if file == EXIT_FILE else [10, 30])
    assert of_contacts == ([16, None, 16] if file == CONTACT_FILE else [16, 36, 16])


@pytest.mark.parametrize(
    ("file", "good", "code", "line", "column"),
    [
        (EXIT_FILE, "-01,10,", 35, 2, "Destination"),
        (CONTACT_FILE, "-09,36,", 30, 3, "CurrentLivingSituation"),
        (ENROLLMENT_FILE, "H2,2,", 6, 3, "RelationshipToHoH"),
    ],
)
def test_an_unknown_code_is_kept_and_told(tmp_path, file, good, code, line, column):
    text = swap(file, good, f"{good.split(',')[0]},{code},")
    export = read(put(tmp_path, file, text))
    assert brief(export) == [(file, line, column, Kind.UNKNOWN_CODE, Effect.NOTICE)]
    kept = {
        EXIT_FILE: export.exits[0].destination,
        CONTACT_FILE: export.contacts[1].living_situation,
        ENROLLMENT_FILE: export.enrollments[1].relationship_to_hoh,
    }
    assert kept[file] == code


def test_a_row_deleted_in_the_source_is_left_out(tmp_path):
    text = swap(EXIT_FILE, "30,", "30,2021-07-01 10:00:00")
    export = left_out(tmp_path, EXIT_FILE, text, 3, "DateDeleted", Kind.DELETED)
    assert "deleted in source" in str(export.problems[0])


def test_a_deleted_row_gives_its_id_free(tmp_path):
    text = EXITS.replace("30,\n", "30,2021-07-01\nX2,E2,P2,2021-06-05,10,\n")
    export = left_out(tmp_path, EXIT_FILE, text, 3, "DateDeleted", Kind.DELETED)
    assert export.exits[1].line == 4


# The ids that join rows


@pytest.mark.parametrize(
    ("file", "row", "column"),
    [
        (ENROLLMENT_FILE, "E1,P9,PR1,2021-05-01,H9,1,,,U1,\n", "EnrollmentID"),
        (CONTACT_FILE, "C1,E2,P2,2021-05-01,16,,\n", "CurrentLivingSitID"),
        (EXIT_FILE, "X1,E3,P3,2021-05-01,10,\n", "ExitID"),
    ],
)
def test_of_rows_with_one_id_the_first_is_read(tmp_path, file, row, column):
    line = GOOD[file].count("\n") + 1
    export = left_out(tmp_path, file, GOOD[file] + row, line, column, Kind.ID_REPEATED)
    assert "line 2" in str(export.problems[0])


def test_of_several_exits_of_an_enrollment_the_first_is_read(tmp_path):
    text = EXITS + "X3,E1,P1,2021-09-09,1,\n"
    export = left_out(tmp_path, EXIT_FILE, text, 4, "EnrollmentID", Kind.SECOND_EXIT)
    assert [row.exit_id for row in export.exits] == ["X1", "X2"]


@pytest.mark.parametrize(("file", "good"), [(CONTACT_FILE, "C1,E1"), (EXIT_FILE, "X1,E1")])
def test_an_enrollment_that_does_not_exist(tmp_path, file, good):
    text = swap(file, good, good.replace("E1", "E9"))
    left_out(tmp_path, file, text, 2, "EnrollmentID", Kind.ENROLLMENT_UNKNOWN)


@pytest.mark.parametrize(("file", "good"), [(CONTACT_FILE, "C1,E1,P1"), (EXIT_FILE, "X1,E1,P1")])
def test_a_row_of_another_person_than_its_enrollment(tmp_path, file, good):
    text = swap(file, good, good.replace("P1", "P2"))
    left_out(tmp_path, file, text, 2, "PersonalID", Kind.PERSON_DIFFERS)


def test_rows_of_an_enrollment_that_is_left_out_name_its_line(tmp_path):
    text = swap(ENROLLMENT_FILE, "2021-03-02", "2021-02-30")
    export = read(put(tmp_path, ENROLLMENT_FILE, text))
    assert [(found.file, found.line, found.kind) for found in export.problems] == [
        (ENROLLMENT_FILE, 3, Kind.BAD_DATE),
        (CONTACT_FILE, 3, Kind.ENROLLMENT_LEFT_OUT),
        (CONTACT_FILE, 4, Kind.ENROLLMENT_LEFT_OUT),
        (EXIT_FILE, 3, Kind.ENROLLMENT_LEFT_OUT),
    ]
    assert all("line 3 is left out" in str(found) for found in export.problems[1:])
    assert counts(export) == [(3, 2, 1), (3, 1, 2), (2, 1, 1)]


# Broken text


@pytest.mark.parametrize("bad", [b"\0", b"\xe9", b"\xff\xfe", b"\xc3"])
def test_bad_bytes_in_a_value_that_is_used(tmp_path, bad):
    data = EXITS.encode().replace(b"X1", b"X1" + bad)
    export = left_out(tmp_path, EXIT_FILE, data, 2, "ExitID", Kind.BAD_TEXT)
    assert export.exits[0].exit_id == "X2"


@pytest.mark.parametrize("bad", [b"\0", b"\xe9"])
def test_bad_bytes_in_a_value_that_is_not_used(tmp_path, bad):
    data = CONTACTS.encode().replace(b"36,,", b"36,caf" + bad + b",")
    export = read(put(tmp_path, CONTACT_FILE, data))
    assert brief(export) == [(CONTACT_FILE, 3, None, Kind.BAD_TEXT, Effect.NOTICE)]
    assert len(export.contacts) == 3


def test_bad_bytes_in_a_row_that_cannot_be_cut_into_columns(tmp_path):
    export = read(put(tmp_path, EXIT_FILE, EXITS.encode() + b"\0\0\0\xff\n"))
    assert [found.kind for found in export.problems] == [Kind.COLUMN_COUNT, Kind.BAD_TEXT]
    assert counts(export)[2] == (3, 2, 1)


def test_a_file_cut_short_inside_a_quote(tmp_path):
    text = CONTACTS + 'C4,E1,P1,2021-03-11,16,"under the br'
    export = read(put(tmp_path, CONTACT_FILE, text))
    assert brief(export) == [
        (CONTACT_FILE, 5, None, Kind.NO_LAST_LINE_BREAK, Effect.NOTICE),
        (CONTACT_FILE, 5, None, Kind.QUOTE_BROKEN, Effect.ROW_LEFT_OUT),
    ]
    assert counts(export)[1] == (4, 3, 1)


@pytest.mark.parametrize("later", ["", '"here"', '"a ""b"" c"'])
def test_a_stray_quote_costs_one_row_only(tmp_path, later):
    text = swap(CONTACT_FILE, "2021-02-27,16,", '2021-02-27,16,"')
    text = text.replace("03-10,16,,", f"03-10,16,{later},")
    export = left_out(tmp_path, CONTACT_FILE, text, 2, None, Kind.QUOTE_BROKEN)
    assert [row.line for row in export.contacts] == [3, 4]


def test_a_quoted_value_over_too_many_lines(tmp_path):
    middle = "x\n" * records.MAX_RECORD_LINES
    text = CONTACTS + f'C4,E1,P1,2021-03-11,16,"{middle}",\n' + "C5,E1,P1,2021-03-12,16,,\n"
    export = read(put(tmp_path, CONTACT_FILE, text))
    assert brief(export)[0][1:4] == (5, None, Kind.QUOTE_BROKEN)
    assert export.contacts[-1].contact_id == "C5"
    assert export.tally_of(CONTACT_FILE).seen == 5 + records.MAX_RECORD_LINES


def test_a_quoted_value_over_as_many_lines_as_allowed(tmp_path):
    middle = "x\n" * (records.MAX_RECORD_LINES - 1)
    text = CONTACTS + f'C4,E1,P1,2021-03-11,16,"{middle}",\n'
    export = read(put(tmp_path, CONTACT_FILE, text))
    assert export.problems == ()
    assert len(export.contacts) == 4


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_gigantic_value(tmp_path, quote):
    value = quote + "x" * (csv.field_size_limit() + 1) + quote
    text = swap(CONTACT_FILE, ",36,,", f",36,{value},")
    export = left_out(tmp_path, CONTACT_FILE, text, 3, None, Kind.RECORD_TOO_LONG)
    assert len(str(export.problems[0])) < 500


def test_a_lower_limit_of_the_csv_module_is_kept_to(tmp_path):
    before = csv.field_size_limit(200)
    try:
        text = swap(CONTACT_FILE, ",36,,", ",36," + "x" * 200 + ",")
        left_out(tmp_path, CONTACT_FILE, text, 3, None, Kind.RECORD_TOO_LONG)
        assert csv.field_size_limit() == 200
    finally:
        csv.field_size_limit(before)


def test_many_stray_quotes_are_read_in_good_time(tmp_path):
    text = EXITS + 'x"y,"\n' * 20_000
    export = read(put(tmp_path, EXIT_FILE, text))
    assert counts(export)[2] == (20_002, 2, 20_000)


def test_a_problem_is_one_sentence_of_where_what_and_how_to_repair(tmp_path):
    export = read(put(tmp_path, EXIT_FILE, swap(EXIT_FILE, "2021-06-01", "2021-02-30")))
    assert str(export.problems[0]) == (
        "Exit.csv, line 2, column ExitDate: not a date ('2021-02-30'), so the row is left out; "
        "allowed is a day of the calendar as YYYY-MM-DD, from 1900-01-01 to 2100-12-31; "
        "to repair, correct the value in the source system and export again."
    )


def test_the_value_shown_is_cut_and_holds_no_line_break(tmp_path):
    day = '"' + "a\nb" * 20 + "c" * 1000 + '"'
    export = read(put(tmp_path, EXIT_FILE, swap(EXIT_FILE, "2021-06-01", day)))
    assert export.problems[0].value.startswith(r"'a\nba\nb")
    assert len(export.problems[0].value) < 130


# Any damage


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return the bytes of each file of a small export."""
    folder = tmp_path_factory.mktemp("small")
    write_small_export(folder)
    return {name: (folder / name).read_bytes() for name in FILES}


def read_bytes_of(files):
    """Read an export of these files."""
    with TemporaryDirectory() as name:
        for file, data in files.items():
            (Path(name) / file).write_bytes(data)
        return read(Path(name))


def flip(data, draw):
    if not data:
        return data
    at = draw(st.integers(0, len(data) - 1))
    byte = draw(st.one_of(st.sampled_from(b'",\r\n\0\xff-09'), st.integers(0, 255)))
    return data[:at] + bytes([byte]) + data[at + 1 :]


def drop_line(data, draw):
    lines = data.splitlines(keepends=True)
    if lines:
        del lines[draw(st.integers(0, len(lines) - 1))]
    return b"".join(lines)


def repeat_line(data, draw):
    lines = data.splitlines(keepends=True)
    if lines:
        at = draw(st.integers(0, len(lines) - 1))
        lines.insert(draw(st.integers(0, len(lines))), lines[at])
    return b"".join(lines)


def insert(data, draw):
    at = draw(st.integers(0, len(data)))
    garbage = draw(st.one_of(st.binary(max_size=40), st.text('",\r\nE0-', max_size=20)))
    return data[:at] + (garbage if isinstance(garbage, bytes) else garbage.encode()) + data[at:]


def truncate(data, draw):
    return data[: draw(st.integers(0, len(data)))]


def shuffle_columns(data, draw):
    lines = [line.split(b",") for line in data.splitlines()]
    order = draw(st.permutations(range(len(lines[0]) if lines else 0)))
    shuffled = [b",".join(line[at] for at in order if at < len(line)) for line in lines]
    return b"".join(line + b"\n" for line in shuffled)


DAMAGES = (flip, drop_line, repeat_line, insert, truncate, shuffle_columns)


def lines_with_text(data):
    return len([line for line in re.split(rb"[\r\n]", data.removeprefix(b"\xef\xbb\xbf")) if line])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_the_damage_reading_ends_and_all_records_are_counted(small, data):
    files = dict(small)
    for _ in range(data.draw(st.integers(1, 4))):
        name = data.draw(st.sampled_from(FILES))
        files[name] = data.draw(st.sampled_from(DAMAGES))(files[name], data.draw)
    export = read_bytes_of(files)
    for name, content in files.items():
        if b'"' not in content:
            assert export.tally_of(name).seen == max(0, lines_with_text(content) - 1)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_one_wrong_byte_below_the_header_costs_two_rows_at_most(small, data):
    whole = small[CONTACT_FILE]
    at = whole.index(b"\n") + 1
    damaged = whole[:at] + flip(whole[at:], data.draw)
    before = {attrs.evolve(row, line=0) for row in read_bytes_of(small).contacts}
    after = {
        attrs.evolve(row, line=0) for row in read_bytes_of(small | {CONTACT_FILE: damaged}).contacts
    }
    assert len(before - after) <= 2


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_file_cut_anywhere_gives_the_rows_before_the_cut(small, data):
    whole = read_bytes_of(small).contacts
    content = truncate(small[CONTACT_FILE], data.draw)
    export = read_bytes_of(small | {CONTACT_FILE: content})
    kept = export.contacts
    assert kept[:-1] == whole[: max(0, len(kept) - 1)]
    if not content.endswith((b"\n", b"\r")):
        assert [found for found in export.problems if found.file == CONTACT_FILE]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_shuffled_columns_change_nothing(small, data):
    content = shuffle_columns(small[ENROLLMENT_FILE], data.draw)
    assert read_bytes_of(small | {ENROLLMENT_FILE: content}) == read_bytes_of(small)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(FILES))
def test_any_bytes_at_all_are_read_without_an_error(small, content, name):
    read_bytes_of(small | {name: content})


# The code lists


def test_the_code_lists_of_the_standard():
    assert set(DESTINATIONS) == {*range(1, 35), 99}
    assert set(LIVING_SITUATIONS) - set(DESTINATIONS) == {35, 36, 37}
    assert set(DESTINATIONS) - set(LIVING_SITUATIONS) == {12, 13, 22, 23, 24, 26, 27, 30}
    assert set(RELATIONSHIPS) == {1, 2, 3, 4, 5, 99}
    assert MISSING_ANSWERS.issubset(DESTINATIONS)
    assert NO_EXIT_INTERVIEW in DESTINATIONS


# The sample export of the standard, where there is one


@pytest.fixture(scope="module")
def sample():
    """Return the HUD sample export, from CASEFLOW_HMIS or a folder beside the repository."""
    named = os.environ.get("CASEFLOW_HMIS")
    beside = Path(__file__).parents[2].parent / "shared" / "data" / "hmis_fy2022"
    if named is not None and not Path(named).is_dir():
        pytest.fail(f"CASEFLOW_HMIS names {named!r}, which is not a folder")
    if named is None and not beside.is_dir():
        pytest.skip("no HMIS sample export: set CASEFLOW_HMIS to the folder of one")
    return read(Path(named) if named is not None else beside)


def test_the_sample_is_read_whole(sample):
    assert sample.problems == ()
    assert counts(sample) == [(819, 819, 0), (653, 653, 0), (442, 442, 0)]
    assert len({row.personal_id for row in sample.enrollments}) == 799


def test_the_lengths_of_stay_of_the_sample(sample):
    entry = {row.enrollment_id: row.entry_date for row in sample.enrollments}
    stays = [(row.exit_date - entry[row.enrollment_id]).days for row in sample.exits]
    assert [days for days in stays if days < 0] == [-1]
    assert len(stays) == 442
    assert statistics.median(stays) == 169
    assert statistics.median(days for days in stays if days >= 0) == 170
    assert max(stays) == 3236


def test_the_contacts_and_destinations_of_the_sample(sample):
    entry = {row.enrollment_id: row.entry_date for row in sample.enrollments}
    early = [row for row in sample.contacts if row.information_date < entry[row.enrollment_id]]
    assert len(early) == 406
    assert len([row for row in sample.exits if row.destination == NO_EXIT_INTERVIEW]) == 53
