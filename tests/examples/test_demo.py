"""The demonstration shows what it says it shows, at 80 columns, and the same every time."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from caseflow import Casebook, fold
from caseflow.casework import CaseworkState
from caseflow.stages import six_stage
from examples.demo import main
from examples.hmis.application import open_store
from examples.hmis.generate import write_small_export
from examples.story import CASE

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Return the folder that the cases are kept in, and what the demonstration prints."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo", "--keep", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder, done.stdout


def words(text):
    return " ".join(text.split())


def test_it_goes_through_all_six_stages(shown):
    headings = re.findall(r"^(.+)\n=+$", shown[1], re.MULTILINE)
    assert [heading.split(":")[0] for heading in headings] == [
        "1  Engagement",
        "2  Assessment",
        "3  Planning",
        "4  Intervention",
        "5  Monitoring",
        "6  Termination",
        "The history",
        "Another agency, other rules",
        "The same workflows as pictures",
    ]


def test_it_fits_a_terminal_of_80_columns(shown):
    folder, text = shown
    wide = [line for line in text.splitlines() if len(line) > 80 and str(folder) not in line]
    assert wide == []
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_it_shows_each_refusal_and_the_rule_behind_it(shown):
    refused = re.findall(r"Not allowed: ([^,]+), .*?(?=\n\[|\n\w|\n  Allowed|\Z)", shown[1], re.S)
    assert [" ".join(step.split()) for step in refused] == [
        "enroll",
        "plan",
        "start services",
        "monitor",
        "close",
        'make an exception to "The closure criteria agreed with the client are met" '
        "until 1 October 2026",
        "exit",
    ]
    for rule in (
        "eligibility-before-enrollment",
        "assessment-before-plan",
        "strengths-named",
        "needs-covered",
        "plan-items-complete",
        "closure-criteria-met",
        "exception-entitled",
        "exit-not-before-entry",
    ):
        assert f"Rule: {rule}." in shown[1]


@pytest.mark.parametrize(
    "expected",
    [
        "open     assess                    to assessment",
        "blocked  end as ineligible         asks: The client was found not eligible.",
        "13 days late, reported by volunteer",
        "need 2 now reads: English for the parents",
        "puts event 8 right",
        "Still to do by the case manager, no day set: Client and case manager have agreed how "
        "both will know that services can end. To do: agree on closure criteria with the client, "
        "and record them.",
        "nothing is due",
        "Allowed: hold, in intervention.",
        "Allowed: resume, from intervention (on hold) to intervention.",
        "Allowed by the exception in event 38, by sam",
        "allowed by the exception in event 38",
        "39  18 Sep 26  18 Sep 26  ana CaseClosed               closed",
        "Recorded now: 109; recorded by an earlier import: 0",
        "Recorded now: 0; recorded by an earlier import: 109",
        "No case changed.",
    ],
)
def test_key_lines(shown, expected):
    assert words(expected) in words(shown[1])


def test_the_history_it_shows_is_the_one_that_is_kept(shown):
    folder, text = shown
    store = open_store(folder / "story.db")
    book: Casebook[CaseworkState] = Casebook(six_stage, store, agency="harbor")
    history, case = book.history(CASE), book.case(CASE)
    store.close()
    assert case == fold(history, CaseworkState())
    assert case.stage == "closed"
    table = text.partition("The history\n")[2].partition("Another agency")[0]
    numbers = re.findall(r"^ *(\d+)  \d\d \w{3} 26  \d\d \w{3} 26  \w+ ", table, re.MULTILINE)
    assert [int(number) for number in numbers] == [one.number for one in history]


def test_it_says_the_same_every_time(shown, tmp_path, capsys):
    folder, text = shown
    assert main(["--keep", str(tmp_path / "again")]) == 0
    again = capsys.readouterr().out
    assert again.replace(str(tmp_path / "again"), "") == text.replace(str(folder), "")


def test_it_makes_a_folder_of_its_own_and_says_where(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main([]) == 0
    [made] = tmp_path.iterdir()
    assert f"All cases are in {made}" in capsys.readouterr().out
    assert {path.name for path in made.glob("*.db")} == {"story.db", "hmis.db"}


def test_it_replays_an_export_that_is_named(tmp_path, capsys):
    write_small_export(tmp_path / "in", enrollments=12, seed=3)
    before = {path.name: path.read_bytes() for path in (tmp_path / "in").iterdir()}
    assert main(["--keep", str(tmp_path / "a"), "--hmis", str(tmp_path / "in")]) == 0
    shown = capsys.readouterr().out
    assert "12 enrollments of 11 clients" in shown
    assert "No case changed." in shown
    assert {path.name: path.read_bytes() for path in (tmp_path / "in").iterdir()} == before


def test_it_says_what_is_wrong_with_what_it_was_given(tmp_path, capsys):
    missing = tmp_path / "nowhere"
    assert main(["--keep", str(tmp_path / "a"), "--hmis", str(missing)]) == 1
    assert "not a folder that can be opened" in words(capsys.readouterr().out)
    assert main(["--keep", str(tmp_path / "a")]) == 1
    assert "holds a story already; name another folder" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["--keep", str(tmp_path / "file")]) == 1
    assert "The demonstration stops here." in capsys.readouterr().err
