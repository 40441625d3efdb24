"""The invented HMIS export is always the same, and holds what the example is to show."""

import pytest

from examples.hmis.codes import NO_EXIT_INTERVIEW
from examples.hmis.export import Kind, read_export
from examples.hmis.generate import FEWEST_ENROLLMENTS, main, write_small_export


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    write_small_export(tmp_path / "a")
    write_small_export(tmp_path / "b" / "deep", enrollments=40, seed=7)
    write_small_export(tmp_path / "c", seed=8)
    assert contents(tmp_path / "a") == contents(tmp_path / "b" / "deep")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("enrollments", [FEWEST_ENROLLMENTS, 40, 200])
def test_it_holds_what_the_example_is_to_show(tmp_path, enrollments, seed):
    write_small_export(tmp_path, enrollments=enrollments, seed=seed)
    export = read_export(tmp_path)
    entry = {row.enrollment_id: row.entry_date for row in export.enrollments}
    assert len(entry) == enrollments
    assert len({row.personal_id for row in export.enrollments}) < enrollments
    assert [found.kind for found in export.problems] == [Kind.BAD_DATE, Kind.ENROLLMENT_UNKNOWN]
    assert sum(tally.left_out for tally in export.tally) == 2
    stays = [(row.exit_date - entry[row.enrollment_id]).days for row in export.exits]
    assert len(stays) == enrollments // 2
    assert [days for days in stays if days < 0] == [-1]
    assert any(row.destination == NO_EXIT_INTERVIEW for row in export.exits)
    early = [row for row in export.contacts if row.information_date < entry[row.enrollment_id]]
    assert len(early) == len(export.contacts) // 2


def test_too_few_enrollments_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match=f"at least {FEWEST_ENROLLMENTS}"):
        write_small_export(tmp_path / "a", enrollments=FEWEST_ENROLLMENTS - 1)
    assert not (tmp_path / "a").exists()


def test_the_command_line(tmp_path, capsys):
    assert main([str(tmp_path / "a"), "--enrollments", "12", "--seed", "3"]) == 0
    assert "12 enrollments" in capsys.readouterr().out
    assert len(read_export(tmp_path / "a").enrollments) == 12


def test_the_command_line_says_what_is_wrong(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main([str(tmp_path / "file")]) == 1
    assert main([str(tmp_path / "a"), "--enrollments", "1"]) == 1
    assert capsys.readouterr().err.count("The export is not written: ") == 2
