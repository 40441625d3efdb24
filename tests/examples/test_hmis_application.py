"""The HMIS example takes every row of an export into cases, or says which it did not, and why."""

import csv
import io
import os
import statistics
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import (
    Casebook,
    CaseOpened,
    Corrected,
    Refused,
    Stage,
    StoreError,
    Transition,
    Workflow,
)
from caseflow.storage import Appended, MemoryStorage
from examples.hmis.__main__ import main
from examples.hmis.application import import_export, open_book, open_store, show_progress
from examples.hmis.events import (
    EngagementDated,
    EnteredProject,
    ExitRecorded,
    LivingSituationRecorded,
    MovedIn,
)
from examples.hmis.export import CONTACT_FILE, ENROLLMENT_FILE, EXIT_FILE, Export, read_export
from examples.hmis.generate import write_small_export
from examples.hmis.load import Kind, case_id_of, load_export
from examples.hmis.report import SHOWN, lines, reading
from examples.hmis.workflow import enrollment

NOW = datetime(2023, 7, 1, 9, 30, tzinfo=UTC)
LATER = datetime(2023, 8, 1, 9, 30, tzinfo=UTC)
FILES = (ENROLLMENT_FILE, CONTACT_FILE, EXIT_FILE)

STAYS = """\
EnrollmentID,PersonalID,ProjectID,EntryDate,HouseholdID,RelationshipToHoH,DateOfEngagement,\
MoveInDate,DateDeleted
E1,P1,PR1,2021-03-01,H1,1,2021-03-05,2021-04-01,
E2,P2,PR1,2021-03-02,H2,2,,,
E3,P3,PR2,2021-03-03,H3,,,,
"""
CONTACTS = """\
CurrentLivingSitID,EnrollmentID,PersonalID,InformationDate,CurrentLivingSituation,DateDeleted
C1,E1,P1,2021-02-27,16,
C2,E2,P2,2021-03-09,36,
"""
EXITS = """\
ExitID,EnrollmentID,PersonalID,ExitDate,Destination,DateDeleted
X1,E1,P1,2021-06-01,10,
X2,E2,P2,2021-03-01,10,
"""


def put(folder, *, stays=STAYS, contacts=CONTACTS, exits=EXITS):
    """Write an export and read it."""
    folder.mkdir(exist_ok=True)
    for name, text in zip(FILES, (stays, contacts, exits), strict=True):
        (folder / name).write_text(text, encoding="utf-8")
    return read_export(folder)


def headers():
    """Return the headers of the three files, without their line breaks."""
    return [each.partition("\n")[0] for each in (STAYS, CONTACTS, EXITS)]


def load(export, cases, *, at=NOW, zone=UTC):
    """Import an export, without telling the progress, and check that every row was answered."""
    findings = import_export(
        export, cases, recorded_at=at, zone=zone, progress=lambda done, total: None
    )
    check_every_row_is_answered(export, findings.answers)
    return findings


def check_every_row_is_answered(export, answers):
    found = Counter((a.statement.file, a.statement.line, type(a.statement.event)) for a in answers)
    expected = Counter()
    for row in export.enrollments:
        expected[row.file, row.line, EnteredProject] += 1
        expected[row.file, row.line, EngagementDated] += row.date_of_engagement is not None
        expected[row.file, row.line, MovedIn] += row.move_in_date is not None
    expected.update((row.file, row.line, LivingSituationRecorded) for row in export.contacts)
    expected.update((row.file, row.line, ExitRecorded) for row in export.exits)
    assert found == +expected


def histories(cases, *, at=LATER):
    """Every history in a file of cases, by case."""
    store = open_store(cases)
    book = open_book(store, recorded_at=at)
    found = {case_id: book.history(case_id) for case_id in book.case_ids()}
    store.close()
    return found


def by_kind(findings):
    return {kind: len(findings.of(kind)) for kind in Kind if findings.of(kind)}


def rules(findings, *kinds):
    return {rule: count for rule, _, count in findings.by_rule(*kinds)}


def warnings(findings):
    return rules(findings, Kind.NEW, Kind.KNOWN)


def text(findings):
    return "\n".join(lines(findings))


# -- what is recorded ------------------------------------------------------------------------


def test_an_enrollment_becomes_a_case_with_its_dates(tmp_path):
    findings = load(put(tmp_path / "in"), tmp_path / "cases.db")
    history = histories(tmp_path / "cases.db")[case_id_of("E1")]
    assert [(one.event, one.occurred_at.date(), one.stage) for one in history] == [
        (CaseOpened(client="P1"), date(2021, 2, 27), "outreach"),
        (
            EnteredProject(
                project="PR1",
                household="H1",
                entry_date=date(2021, 3, 1),
                relationship_to_head=1,
            ),
            date(2021, 3, 1),
            "enrolled",
        ),
        (EngagementDated(engagement_date=date(2021, 3, 5)), date(2021, 3, 5), None),
        (
            LivingSituationRecorded(information_date=date(2021, 2, 27), situation=16),
            date(2021, 2, 27),
            None,
        ),
        (MovedIn(move_in_date=date(2021, 4, 1)), date(2021, 4, 1), None),
        (ExitRecorded(exit_date=date(2021, 6, 1), destination=10), date(2021, 6, 1), "exited"),
    ]
    assert {one.recorded_at for one in history} == {NOW}
    assert findings.stages == {"outreach": 0, "enrolled": 2, "exited": 1}
    assert findings.moved_in == 1


@pytest.mark.parametrize("name", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_source_date_begins_at_midnight_in_the_agencys_time_zone(tmp_path, name):
    zone = ZoneInfo(name)
    findings = load(put(tmp_path / "in"), tmp_path / "cases.db", zone=zone)
    moved = histories(tmp_path / "cases.db")[case_id_of("E1")][-2]
    assert moved.occurred_at == datetime(2021, 4, 1, tzinfo=zone)
    [refused] = findings.of(Kind.REFUSED)
    assert "an exit on 1 March 2021, and an entry on 2 March 2021" in refused.detail


def test_an_exit_before_its_entry_is_refused_alone_and_by_one_rule(tmp_path):
    findings = load(put(tmp_path / "in"), tmp_path / "cases.db")
    assert by_kind(findings) == {Kind.NEW: 8, Kind.REFUSED: 1}
    [refused] = findings.of(Kind.REFUSED)
    assert refused.statement.place == "Exit.csv, line 3: exit of enrollment E2"
    [result] = refused.results
    assert (result.rule, result.evidence) == ("exit-not-before-entry", (2,))
    events = [type(one.event) for one in histories(tmp_path / "cases.db")[case_id_of("E2")]]
    assert events == [CaseOpened, EnteredProject, LivingSituationRecorded]


@settings(deadline=None)
@given(days=st.integers(-400, 400), engaged=st.none() | st.integers(-400, 400))
def test_an_exit_is_accepted_exactly_from_the_day_of_the_entry(days, engaged):
    day = date(2021, 3, 1)
    book = open_book(MemoryStorage(), recorded_at=NOW)
    met = min(0, engaged or 0)
    at = datetime(2021, 3, 1, tzinfo=UTC)
    book.open(client="P1", by="x", case_id="c", at=at + timedelta(days=met))
    book.do("c", EnteredProject(project="p", household="h", entry_date=day), by="x", at=at)
    if engaged is not None:
        moment = at + timedelta(days=engaged)
        book.record("c", EngagementDated(engagement_date=moment.date()), by="x", at=moment)
    left = at + timedelta(days=days)
    step = ExitRecorded(exit_date=left.date(), destination=10)
    if days >= 0:
        case = book.do("c", step, by="x", at=left).case
        assert [move.position for move in case.path] == ["outreach", "enrolled", "exited"]
    else:
        with pytest.raises(Refused) as refused:
            book.do("c", step, by="x", at=left)
        assert [one.rule for one in refused.value.verdict.refusals] == ["exit-not-before-entry"]


@pytest.mark.parametrize(
    ("stay", "exit_row", "rule"),
    [
        ("2021-02-28,,", None, "engagement-not-before-entry"),
        (",2021-02-28,", None, "move-in-not-before-entry"),
        (",2021-07-01,", "2021-06-01,10,", "nothing-after-exit"),
        ("2021-07-01,,", "2021-06-01,10,", "nothing-after-exit"),
        (",,", "2021-06-01,30,", "exit-interview"),
        (",,", "2021-06-01,8,", "destination-known"),
        (",,", "2021-06-01,9,", "destination-known"),
        (",,", "2021-06-01,99,", "destination-known"),
        (",,", "2021-06-01,77,", "destination-known"),
        (",,", "2021-06-01,lost,", "destination-known"),
        ("2021-03-01,2021-03-01,", "2021-03-01,10,", None),
        ("2021-06-01,2021-06-01,", "2021-06-01,24,", None),
    ],
)
def test_what_is_accepted_with_a_warning(tmp_path, stay, exit_row, rule):
    header, contacts, exits = headers()
    export = put(
        tmp_path / "in",
        stays=f"{header}\nE1,P1,PR1,2021-03-01,H1,1,{stay}\n",
        contacts=f"{contacts}\n",
        exits=f"{exits}\nX1,E1,P1,{exit_row}\n" if exit_row else f"{exits}\n",
    )
    findings = load(export, tmp_path / "cases.db")
    assert set(by_kind(findings)) == {Kind.NEW}
    assert warnings(findings) == ({rule: 1} if rule else {})


@settings(deadline=None)
@given(days=st.lists(st.integers(0, 400), min_size=1, max_size=6), exit_day=st.integers(0, 400))
def test_what_is_dated_last_counts_in_whatever_order_it_is_recorded(days, exit_day):
    start = datetime(2021, 3, 1, tzinfo=UTC)
    book = open_book(MemoryStorage(), recorded_at=NOW)
    book.open(client="P1", by="x", case_id="c", at=start)
    entered = EnteredProject(project="p", household="h", entry_date=start.date())
    book.do("c", entered, by="x", at=start)
    for kind, day in enumerate(days):
        moment = start + timedelta(days=day)
        fact = (
            EngagementDated(engagement_date=moment.date()),
            LivingSituationRecorded(information_date=moment.date(), situation=16),
            MovedIn(move_in_date=moment.date()),
        )[kind % 3]
        book.record("c", fact, by="x", at=moment)
    left = start + timedelta(days=exit_day)
    step = ExitRecorded(exit_date=left.date(), destination=10)
    found = {one.rule: one for one in book.do("c", step, by="x", at=left).verdict.warnings}
    assert set(found) == ({"nothing-after-exit"} if max(days) > exit_day else set())
    for result in found.values():
        [number] = result.evidence
        assert days[number - 3] == max(days)


def test_what_lies_in_the_future_is_told(tmp_path):
    export = put(
        tmp_path / "in",
        stays=STAYS.replace("2021-03-02", "2023-07-05").replace("2021-03-03", "2023-07-06"),
        exits=EXITS.replace("2021-03-01", "2023-07-09"),
    )
    findings = load(export, tmp_path / "cases.db")
    told = {answer.statement.what: answer for answer in findings.answers}
    assert told["contact C2 of enrollment E2"].kind is Kind.NEW
    assert [r.rule for r in told["entry of enrollment E2"].results] == ["not-in-the-future"]
    assert told["exit of enrollment E2"].kind is Kind.REFUSED
    assert told["entry of enrollment E3"].kind is Kind.FAILED
    assert "6 July 2023" in text(findings)
    again = load(export, tmp_path / "cases.db", at=LATER)
    assert by_kind(again) == {Kind.KNOWN: 6, Kind.NEW: 3}
    assert again.stages == {"outreach": 0, "enrolled": 1, "exited": 2}


# -- counts ----------------------------------------------------------------------------------


def counted(folder):
    """What an export holds, counted from its files without the reader."""
    rows = {
        name: list(csv.DictReader(io.StringIO((folder / name).read_text("utf-8"), newline="")))
        for name in FILES
    }
    stays = {row["EnrollmentID"]: row for row in rows[ENROLLMENT_FILE]}
    good = [row for row in rows[CONTACT_FILE] if row["EnrollmentID"] in stays]
    good = [row for row in good if row["InformationDate"] != "2021-02-30"]
    entry = {key: date.fromisoformat(row["EntryDate"]) for key, row in stays.items()}

    def before(row, column):
        return row[column] != "" and row[column] < stays[row["EnrollmentID"]]["EntryDate"]

    exits = rows[EXIT_FILE]
    lengths = [(date.fromisoformat(r["ExitDate"]) - entry[r["EnrollmentID"]]).days for r in exits]
    return {
        "clients": len({row["PersonalID"] for row in stays.values()}),
        "early contacts": sum(before(row, "InformationDate") for row in good),
        "early exits": sum(before(row, "ExitDate") for row in exits),
        "early engagements": sum(before(row, "DateOfEngagement") for row in stays.values()),
        "early move-ins": sum(before(row, "MoveInDate") for row in stays.values()),
        "unspoken": sum(row["Destination"] == "30" for row in exits),
        "statements": len(stays)
        + sum(bool(r["DateOfEngagement"]) + bool(r["MoveInDate"]) for r in stays.values())
        + len(good)
        + len(exits),
        "cases": len(stays),
        "moved in": sum(row["MoveInDate"] != "" for row in stays.values()),
        "lengths": sorted(one for one in lengths if one >= 0),
    }


@pytest.mark.parametrize(("enrollments", "seed"), [(10, 1), (40, 7), (60, 3)])
def test_a_generated_export_gives_what_its_files_hold(tmp_path, enrollments, seed):
    write_small_export(tmp_path / "in", enrollments=enrollments, seed=seed)
    check_counts(tmp_path / "in", tmp_path / "cases.db")


def check_counts(folder, cases):
    """Import an export and compare everything with what its files hold."""
    expected = counted(folder)
    findings = load(read_export(folder), cases)
    refused = expected["early exits"]
    assert by_kind(findings) == {
        Kind.NEW: expected["statements"] - refused,
        Kind.REFUSED: refused,
    }
    assert rules(findings, Kind.REFUSED) == {"exit-not-before-entry": refused}
    warned = Counter(warnings(findings))
    assert warned["contact-not-before-entry"] == expected["early contacts"]
    assert warned["engagement-not-before-entry"] == expected["early engagements"]
    assert warned["move-in-not-before-entry"] == expected["early move-ins"]
    assert warned["exit-interview"] == expected["unspoken"]
    assert list(findings.lengths_of_stay) == expected["lengths"]
    assert sum(findings.stages.values()) == expected["cases"]
    assert findings.stages["exited"] == len(expected["lengths"])
    assert findings.moved_in == expected["moved in"]
    assert findings.events_before == 0
    assert findings.events_after == expected["cases"] + expected["statements"] - refused
    return findings


def test_the_report_of_a_generated_export(tmp_path, capsys):
    write_small_export(tmp_path / "in")
    assert main([str(tmp_path / "in"), "--cases", str(tmp_path / "cases.db")]) == 0
    shown = capsys.readouterr().out
    told = [line.strip() for line in shown.splitlines()]
    for expected in (
        "40 enrollments of 36 clients",
        "enrolled                        21",
        "exited                          19",
        "moved into housing, of all      13",
        "Decisions refused: 1",
        "exit-not-before-entry            1",
        "Exit.csv, line 3: exit of enrollment E00003",
        "Not allowed: exit, from enrolled to exited.",
        "Found: an exit on 27 February 2022, and an entry on 28 February 2022.",
        "contact-not-before-entry        16",
        "accepted                        19",
        "without an exit interview        4  (destination 30)",
        "length of stay: median         183  days, of 19 exits",
        "length of stay: longest        393  days",
        "left out: exit before entry      1",
        "Recorded now: 109; recorded by an earlier import: 0",
        "Events in the cases: 0 before, 149 now",
    ):
        assert expected in told
    for place in ("CurrentLivingSituation.csv, line 35,", "CurrentLivingSituation.csv, line 36,"):
        assert f"- {place}" in shown
    check_width(shown, tmp_path)


def check_width(shown, path):
    """No line is wider than a terminal of 80 columns, paths of the test apart."""
    wide = [line for line in shown.splitlines() if len(line) > 80 and str(path) not in line]
    assert wide == []


# -- again -----------------------------------------------------------------------------------


def test_the_same_export_again_changes_nothing(tmp_path, capsys):
    write_small_export(tmp_path / "in")
    cases = tmp_path / "cases.db"
    first = load(read_export(tmp_path / "in"), cases)
    kept = histories(cases)
    again = load(read_export(tmp_path / "in"), cases, at=LATER)
    assert histories(cases) == kept
    assert by_kind(first) == {Kind.NEW: 109, Kind.REFUSED: 1}
    assert by_kind(again) == {Kind.KNOWN: 109, Kind.REFUSED: 1}
    assert warnings(again) == warnings(first)
    assert rules(again, Kind.REFUSED) == rules(first, Kind.REFUSED)
    assert (again.events_before, again.events_after) == (149, 149)
    assert text(again).endswith("Events in the cases: 149 before, 149 now\nNo case changed.")


def test_a_later_export_adds_only_what_is_new(tmp_path):
    cases = tmp_path / "cases.db"
    load(put(tmp_path / "in"), cases)
    export = put(
        tmp_path / "in",
        stays=STAYS.replace(
            "E2,P2,PR1,2021-03-02,H2,2,,,", "E2,P2,PR1,2021-03-02,H2,2,,2021-05-01,"
        )
        + "E4,P1,PR2,2023-06-01,H4,1,,,\n",
        contacts=CONTACTS + "C3,E3,P3,2021-01-01,16,\n",
        exits=EXITS.replace("2021-03-01", "2021-06-30") + "X3,E3,P3,2021-07-01,10,\n",
    )
    findings = load(export, cases, at=LATER)
    assert [answer.statement.what for answer in findings.of(Kind.NEW)] == [
        "move-in of enrollment E2",
        "exit of enrollment E2",
        "contact C3 of enrollment E3",
        "exit of enrollment E3",
        "entry of enrollment E4",
    ]
    assert by_kind(findings) == {Kind.KNOWN: 8, Kind.NEW: 5}
    recorded = histories(cases)[case_id_of("E3")]
    assert [one.recorded_at for one in recorded] == [NOW, NOW, LATER, LATER]


@pytest.mark.parametrize("after", [1, 7, 39])
def test_an_import_that_was_cut_short_is_completed_by_the_next(tmp_path, after):
    write_small_export(tmp_path / "in")
    export = read_export(tmp_path / "in")

    def cut(done, total):
        if done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_export(export, tmp_path / "cut.db", recorded_at=NOW, progress=cut)
    assert len(histories(tmp_path / "cut.db")) == after
    load(export, tmp_path / "cut.db")
    load(export, tmp_path / "whole.db")
    assert histories(tmp_path / "cut.db") == histories(tmp_path / "whole.db")


def test_a_case_that_was_opened_and_no_more_is_completed(tmp_path):
    store = open_store(tmp_path / "cut.db")
    at = datetime(2021, 2, 27, tzinfo=UTC)
    open_book(store, recorded_at=NOW).open(
        client="P1", by="hmis-import", case_id=case_id_of("E1"), at=at
    )
    store.close()
    load(put(tmp_path / "in"), tmp_path / "cut.db")
    load(put(tmp_path / "in"), tmp_path / "whole.db")
    assert histories(tmp_path / "cut.db") == histories(tmp_path / "whole.db")


# -- a corrected export ----------------------------------------------------------------------

CHANGES = [
    (
        {"exits": EXITS.replace("2021-06-01,10", "2021-06-01,19")},
        "Exit.csv, line 2: exit of enrollment E1",
        "Destination was 10 and is now 19.",
    ),
    (
        {"exits": EXITS.replace("2021-06-01,10", "2021-06-01,")},
        "Exit.csv, line 2: exit of enrollment E1",
        "Destination was 10 and is now empty.",
    ),
    (
        {"contacts": CONTACTS.replace("2021-03-09,36", "2021-03-10,16")},
        "CurrentLivingSituation.csv, line 3: contact C2 of enrollment E2",
        "Information date was 2021-03-09 and is now 2021-03-10; situation was 36 and is now 16.",
    ),
    (
        {"contacts": CONTACTS.replace("C2,E2,P2", "C2,E3,P3")},
        "CurrentLivingSituation.csv, line 3: contact C2 of enrollment E3",
        "It was recorded on case enrollment-E2.",
    ),
    (
        {"stays": STAYS.replace("PR2,2021-03-03", "PR3,2021-03-03")},
        "Enrollment.csv, line 4: entry of enrollment E3",
        "Project was PR2 and is now PR3.",
    ),
    (
        {"stays": STAYS.replace("2021-04-01", "2021-04-02")},
        "Enrollment.csv, line 2: move-in of enrollment E1",
        "Move in date was 2021-04-01 and is now 2021-04-02.",
    ),
    (
        {"stays": STAYS.replace("E3,P3", "E3,P9")},
        "Enrollment.csv, line 4: entry of enrollment E3",
        "The case is of client 'P3', and the row is of 'P9'.",
    ),
]


@pytest.mark.parametrize(("changed", "place", "change"), CHANGES)
def test_a_changed_row_is_reported_and_changes_no_case(tmp_path, changed, place, change):
    cases = tmp_path / "cases.db"
    load(put(tmp_path / "in"), cases)
    kept = histories(cases)
    findings = load(put(tmp_path / "in", **changed), cases, at=LATER)
    assert by_kind(findings) == {Kind.KNOWN: 7, Kind.CHANGED: 1, Kind.REFUSED: 1}
    [answer] = findings.of(Kind.CHANGED)
    assert answer.statement.place == place
    assert answer.detail.startswith(change)
    shown = " ".join(text(findings).split())
    assert "Rows that changed since they were recorded: 1" in shown
    assert f"{place}. {answer.detail}" in shown
    assert histories(cases) == kept


def test_a_case_that_was_corrected_agrees_with_the_corrected_row(tmp_path):
    cases = tmp_path / "cases.db"
    load(put(tmp_path / "in"), cases)
    export = put(tmp_path / "in", exits=EXITS.replace("2021-06-01,10", "2021-06-01,19"))
    store = open_store(cases)
    right = ExitRecorded(exit_date=date(2021, 6, 1), destination=19)
    open_book(store, recorded_at=LATER).do(
        case_id_of("E1"), Corrected(number=6, event=right), by="ana"
    )
    store.close()
    assert by_kind(load(export, cases, at=LATER)) == {Kind.KNOWN: 8, Kind.REFUSED: 1}
    back = load(put(tmp_path / "in"), cases, at=LATER)
    assert by_kind(back) == {Kind.KNOWN: 8, Kind.REFUSED: 1}


def test_another_time_zone_is_told_as_such_and_not_as_changed_rows(tmp_path):
    cases = tmp_path / "cases.db"
    write_small_export(tmp_path / "in")
    load(read_export(tmp_path / "in"), cases)
    kept = histories(cases)
    findings = load(read_export(tmp_path / "in"), cases, zone=ZoneInfo("America/New_York"))
    assert by_kind(findings) == {Kind.OTHER_ZONE: 109, Kind.REFUSED: 1}
    shown = text(findings)
    assert "Rows that were recorded in another time zone: 109" in shown
    assert "and 104 more, for the same reason" in shown
    assert histories(cases) == kept


# -- many refusals ---------------------------------------------------------------------------


def test_many_refusals_are_all_listed_and_the_first_explained(tmp_path):
    days = range(1, 8)
    stays, contacts, exits = headers()
    export = put(
        tmp_path / "in",
        stays="\n".join([stays, *(f"E{n},P{n},PR1,2021-03-0{n},H1,1,,," for n in days), ""]),
        contacts=f"{contacts}\n",
        exits="\n".join([exits, *(f"X{n},E{n},P{n},2021-02-01,10," for n in days), ""]),
    )
    findings = load(export, tmp_path / "cases.db")
    shown = text(findings)
    assert rules(findings, Kind.REFUSED) == {"exit-not-before-entry": 7}
    assert shown.count("Not allowed: ") == SHOWN == 5
    for n in days:
        assert shown.count(f"Exit.csv, line {n + 1}: exit of enrollment E{n}") == 1
    assert "and 2 more, in short:" in shown


# -- damaged copies --------------------------------------------------------------------------

DAMAGE = [
    ("no such folder", None, None, 1, "Export folder: not a folder that can be opened"),
    *((f"{name} missing", name, None, 1, f"{name}: the file is missing") for name in FILES),
    ("an empty file", EXIT_FILE, b"", 1, "Exit.csv: the file is empty"),
    ("not text", CONTACT_FILE, bytes(range(256)), 1, "CurrentLivingSituation.csv, line 1"),
    (
        "a column gone",
        EXIT_FILE,
        EXITS.replace("ExitDate", "Date").encode(),
        1,
        "Exit.csv, line 1, column ExitDate: the column is missing from the header",
    ),
    (
        "unknown columns",
        ENROLLMENT_FILE,
        "".join(f"{line},x\n" for line in STAYS.splitlines()).encode(),
        0,
        "Enrollment.csv, line 1: columns are unknown or repeated, and are not read ('x')",
    ),
    (
        "a row cut short",
        ENROLLMENT_FILE,
        STAYS.replace("E2,P2,PR1,2021-03-02,H2,2,,,", "E2,P2").encode(),
        0,
        "Enrollment.csv, line 3: the row has the wrong number of columns",
    ),
    (
        "a date that is none",
        EXIT_FILE,
        EXITS.replace("2021-06-01", "June").encode(),
        0,
        "Exit.csv, line 2, column ExitDate: not a date ('June'), so the row is left out",
    ),
    (
        "bytes that are no text",
        CONTACT_FILE,
        CONTACTS.encode().replace(b"C2", b"C\xff"),
        0,
        "CurrentLivingSituation.csv, line 3, column CurrentLivingSitID: the text has",
    ),
]


@pytest.mark.parametrize(
    ("file", "content", "status", "told"), [d[1:] for d in DAMAGE], ids=[d[0] for d in DAMAGE]
)
def test_a_damaged_copy_is_reported_and_the_rest_recorded(
    tmp_path, capsys, file, content, status, told
):
    folder = tmp_path / "the-export"
    if file is not None:
        put(folder)
        (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    cases = tmp_path / "cases.db"
    assert main([str(folder), "--cases", str(cases)]) == status
    shown, errors = capsys.readouterr()
    assert told in " ".join(shown.replace("- ", "").split())
    assert errors == ""
    check_width(shown, tmp_path)
    read = len(read_export(folder).enrollments)
    assert cases.exists() == (read > 0)
    if read:
        assert len(histories(cases)) == read
    else:
        assert "no case is touched" in shown


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_damage_makes_a_row_disappear(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("in")
    put(folder)
    for name in FILES:
        content = bytearray((folder / name).read_bytes())
        for _ in range(data.draw(st.integers(0, 4))):
            at = data.draw(st.integers(0, len(content) - 1))
            content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        (folder / name).write_bytes(content)
    export = read_export(folder)
    book = open_book(MemoryStorage(), recorded_at=NOW)
    answers = load_export(book, export)
    check_every_row_is_answered(export, answers)
    for tally in export.tally:
        assert tally.seen == tally.read + tally.left_out
    again = load_export(book, export)
    standing = {Kind.NEW: Kind.KNOWN}
    assert [a.kind for a in again] == [standing.get(a.kind, a.kind) for a in answers]


# -- the file of cases -----------------------------------------------------------------------


def test_cases_that_cannot_be_kept_are_told_in_one_sentence(tmp_path, capsys):
    put(tmp_path / "in")
    assert main([str(tmp_path / "in"), "--cases", str(tmp_path / "no" / "cases.db")]) == 1
    assert "See that the folder exists" in capsys.readouterr().err
    (tmp_path / "text.db").write_text("This is no database, but a text of some length. " * 50)
    assert main([str(tmp_path / "in"), "--cases", str(tmp_path / "text.db")]) == 1
    assert "See that it is a caseflow database" in capsys.readouterr().err


def test_a_file_with_cases_of_another_workflow_is_left_alone(tmp_path, capsys):
    put(tmp_path / "in")
    store = open_store(tmp_path / "cases.db")
    other = Workflow(
        "loans",
        version="1",
        stages=[Stage("asked", initial=True), Stage("done", final=True)],
        transitions=[Transition("finish", source="asked", to="done")],
    )
    Casebook(other, store, agency="hmis").open(client="P1", by="x", case_id="loan-1")
    store.close()
    assert main([str(tmp_path / "in"), "--cases", str(tmp_path / "cases.db")]) == 1
    assert "'loans'" in capsys.readouterr().err


def test_the_file_of_cases_may_have_any_name(tmp_path):
    cases = tmp_path / "cases of 100% #1?.db"
    load(put(tmp_path / "in"), cases)
    assert cases.exists()
    assert len(histories(cases)) == 3


class Busy(MemoryStorage):
    """A store in which somebody else is always quicker, on one case."""

    def append(self, unit, /):
        taken = unit.case_id == case_id_of("E2") and unit.expected > 0
        return Appended.CONFLICT if taken else super().append(unit)


class Full(MemoryStorage):
    """A store that fails after some appends."""

    room = 0

    def append(self, unit, /):
        if self.room == 0:
            raise StoreError(store="Full()", action="append", cause="full", repair="Make room.")
        appended = super().append(unit)
        self.room -= appended is Appended.DONE
        return appended


def test_rows_that_cannot_be_recorded_are_told_and_the_others_recorded(tmp_path):
    export = put(tmp_path / "in")
    answers = load_export(open_book(Busy(), recorded_at=NOW), export)
    check_every_row_is_answered(export, answers)
    failed = [answer for answer in answers if answer.kind is Kind.FAILED]
    assert [answer.statement.what for answer in failed] == [
        "entry of enrollment E2",
        "contact C2 of enrollment E2",
    ]
    assert all("was changed by somebody else" in answer.detail for answer in failed)
    assert [a.kind for a in answers].count(Kind.NEW) == 6


@pytest.mark.parametrize("room", range(11))
def test_a_store_that_fails_stops_the_import_and_a_later_one_goes_on(tmp_path, room):
    export, store = put(tmp_path / "in"), Full()
    store.room = room
    with pytest.raises(StoreError):
        load_export(open_book(store, recorded_at=NOW), export)
    store.room = 99
    kinds = Counter(a.kind for a in load_export(open_book(store, recorded_at=NOW), export))
    assert kinds[Kind.KNOWN] + kinds[Kind.NEW] == 8
    assert kinds[Kind.REFUSED] == 1
    assert store.room == 99 - (11 - room)


def test_a_stopped_import_says_that_it_can_go_on(tmp_path, capsys, monkeypatch):
    put(tmp_path / "in")

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("examples.hmis.__main__.import_export", stop)
    assert main([str(tmp_path / "in"), "--cases", str(tmp_path / "cases.db")]) == 1
    assert "load it again to go on" in capsys.readouterr().err


def test_a_time_zone_that_does_not_exist_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path), "--zone", "Nowhere/Land"])
    assert stopped.value.code == 2
    assert "no time zone is called 'Nowhere/Land'" in capsys.readouterr().err


# -- what the person sees --------------------------------------------------------------------


@pytest.mark.parametrize("total", [1, 3, 10, 40, 819])
def test_the_progress_is_told_without_a_terminal(total, capsys):
    for done in range(1, total + 1):
        show_progress(done, total)
    told = capsys.readouterr().out.splitlines()
    assert 1 <= len(told) <= 10
    assert told[-1] == f"  {total:,} of {total:,} enrollments"


def test_the_progress_counts_up_in_one_line_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for done in (1, 2, 3):
        show_progress(done, 3)
    assert capsys.readouterr().out == (
        "\r  1 of 3 enrollments\r  2 of 3 enrollments\r  3 of 3 enrollments\n"
    )


def test_an_export_without_rows_is_no_trouble(tmp_path, capsys):
    stays, contacts, exits = headers()
    put(tmp_path / "in", stays=f"{stays}\n", contacts=f"{contacts}\n", exits=f"{exits}\n")
    assert main([str(tmp_path / "in"), "--cases", str(tmp_path / "cases.db")]) == 0
    assert "There is no enrollment to record" in capsys.readouterr().out
    assert "\n".join(reading(Export((), (), (), (), ()))).startswith("What was read")


def test_the_workflow_keeps_what_was_stored_under_its_names():
    kept = {
        "engagement-dated",
        "entered-project",
        "exit-recorded",
        "living-situation-recorded",
        "moved-in",
    }
    assert {cls.__caseflow_event__.name for cls in enrollment.event_types} == kept
    assert set(enrollment.all_rules) == {
        "contact-not-before-entry",
        "destination-known",
        "engagement-not-before-entry",
        "exit-interview",
        "exit-not-before-entry",
        "move-in-not-before-entry",
        "nothing-after-exit",
    }


# -- the HUD sample, where it is present -----------------------------------------------------


@pytest.fixture(scope="module")
def sample():
    """Return the folder of the HUD sample export, from CASEFLOW_HMIS or beside the repository."""
    named = os.environ.get("CASEFLOW_HMIS")
    beside = Path(__file__).parents[2].parent / "shared" / "data" / "hmis_fy2022"
    if named is not None and not Path(named).is_dir():
        pytest.fail(f"CASEFLOW_HMIS names {named!r}, which is not a folder")
    if named is None and not beside.is_dir():
        pytest.skip("no HMIS sample export: set CASEFLOW_HMIS to the folder of one")
    return Path(named) if named is not None else beside


def test_the_sample_gives_the_known_counts_and_the_second_time_nothing(sample, tmp_path):
    findings = check_counts(sample, tmp_path / "cases.db")
    assert (len(findings.export.enrollments), counted(sample)["clients"]) == (819, 799)
    assert findings.exits == {Kind.NEW: 441, Kind.REFUSED: 1}
    assert rules(findings, Kind.REFUSED) == {"exit-not-before-entry": 1}
    assert warnings(findings) == {
        "contact-not-before-entry": 406,
        "engagement-not-before-entry": 62,
        "exit-interview": 53,
        "destination-known": 39,
        "move-in-not-before-entry": 1,
    }
    stays = findings.lengths_of_stay
    assert (statistics.median(stays), max(stays), min(stays)) == (170, 3236, 0)
    assert "length of stay: median         170  days, of 441 exits" in text(findings)
    again = load(findings.export, tmp_path / "cases.db", at=LATER)
    assert by_kind(again) == {Kind.KNOWN: 2249, Kind.REFUSED: 1}
    assert warnings(again) == warnings(findings)
    assert again.events_before == again.events_after == findings.events_after == 3068
