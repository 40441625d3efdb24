"""Writes a small invented HMIS export, to try the example on: no row of it is anybody's.

Run as ``python -m examples.hmis.generate FOLDER``. The same arguments always give the same bytes.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from examples.hmis.codes import NO_EXIT_INTERVIEW
from examples.hmis.export import CONTACT_FILE, ENROLLMENT_FILE, EXIT_FILE

FEWEST_ENROLLMENTS: Final = 10
"""With fewer enrollments there is no room for everything that the export shows."""

_ENROLLMENT_HEADER: Final = (
    "EnrollmentID,PersonalID,ProjectID,EntryDate,HouseholdID,RelationshipToHoH,LivingSituation,"
    "DateOfEngagement,MoveInDate,DateCreated,DateUpdated,UserID,DateDeleted,ExportID"
)
_EXIT_HEADER: Final = (
    "ExitID,EnrollmentID,PersonalID,ExitDate,Destination,OtherDestination,"
    "DateCreated,DateUpdated,UserID,DateDeleted,ExportID"
)
_CONTACT_HEADER: Final = (
    "CurrentLivingSitID,EnrollmentID,PersonalID,InformationDate,CurrentLivingSituation,"
    "VerifiedBy,LocationDetails,DateCreated,DateUpdated,UserID,DateDeleted,ExportID"
)
_STAMP: Final = "2022-10-01 08:00:00"
_SITUATIONS: Final = (16, 16, 16, 1, 18, 36, 17)
_DESTINATIONS: Final = (10, 19, 20, 22, 16, 1, 17, 99)

_Line = dict[str, str]


def write_small_export(folder: Path, *, enrollments: int = 40, seed: int = 7) -> None:
    """Writes Enrollment.csv, CurrentLivingSituation.csv and Exit.csv to ``folder``.

    Every enrollment can be read. About half have an exit; every fifth exit has no exit interview,
    and the second is a day before its entry. About half of the contacts precede the entry of
    their enrollment. Two contacts cannot be read: one has an impossible date, one names an
    enrollment that does not exist. The folder is made when it does not exist.

    Raises ValueError for fewer than ``FEWEST_ENROLLMENTS`` enrollments, OSError when the files
    cannot be written.
    """
    if enrollments < FEWEST_ENROLLMENTS:
        raise ValueError(f"enrollments is {enrollments}; at least {FEWEST_ENROLLMENTS} are needed")
    random = Random(seed)
    stays = [_stay(random, number) for number in range(1, enrollments + 1)]
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / ENROLLMENT_FILE, _ENROLLMENT_HEADER, stays)
    _write(folder / EXIT_FILE, _EXIT_HEADER, _exits(random, stays[::2]))
    _write(folder / CONTACT_FILE, _CONTACT_HEADER, _contacts(random, stays))


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the export that the command line asks for; the exit status is 0 when it is there."""
    parser = argparse.ArgumentParser(description="Write a small invented HMIS export.")
    parser.add_argument("folder", type=Path, help="the folder to write to")
    parser.add_argument("--enrollments", type=int, default=40, help="how many (default 40)")
    parser.add_argument("--seed", type=int, default=7, help="what to vary it by (default 7)")
    options = parser.parse_args(arguments)
    try:
        write_small_export(options.folder, enrollments=options.enrollments, seed=options.seed)
    except (OSError, ValueError) as error:
        print(f"The export is not written: {error}.", file=sys.stderr)
        return 1
    print(f"An export of {options.enrollments} enrollments is in {options.folder}.")
    return 0


def _stay(random: Random, number: int) -> _Line:
    """One enrollment; every tenth is a second one of the client before it."""
    person = number - 1 if number % 10 == 0 else number
    entry = date(2021, 1, 4) + timedelta(days=random.randrange(500))
    engaged = entry + timedelta(days=random.randrange(1, 30)) if number % 7 == 0 else None
    moved_in = entry + timedelta(days=random.randrange(1, 90)) if number % 3 == 0 else None
    return {
        "EnrollmentID": f"E{number:05}",
        "PersonalID": f"P{person:05}",
        "ProjectID": f"PR{random.randrange(1, 4)}",
        "EntryDate": str(entry),
        "HouseholdID": f"H{(number + 1) // 2:05}",
        "RelationshipToHoH": "1" if number % 2 else "2",
        "LivingSituation": str(random.choice(_SITUATIONS)),
        "DateOfEngagement": str(engaged or ""),
        "MoveInDate": str(moved_in or ""),
    }


def _exits(random: Random, stays: list[_Line]) -> list[_Line]:
    """An exit for each of ``stays``; the second is a day before its entry."""
    lines: list[_Line] = []
    for number, stay in enumerate(stays, start=1):
        days = -1 if number == 2 else random.randrange(400)
        code = NO_EXIT_INTERVIEW if number % 5 == 0 else random.choice(_DESTINATIONS)
        lines.append(
            _of_stay(stay)
            | {
                "ExitID": f"X{number:05}",
                "ExitDate": _days_after(stay["EntryDate"], days),
                "Destination": str(code),
                "OtherDestination": "a house by the lake, rented" if code == 17 else "",
            }
        )
    return lines


def _contacts(random: Random, stays: list[_Line]) -> list[_Line]:
    """A contact of most of ``stays``, by turns after and before entry, and two unreadable ones."""
    lines: list[_Line] = []
    for number, stay in enumerate(stays, start=1):
        if number % 5 == 0:
            continue
        days = random.randrange(1, 60) if number % 2 else -random.randrange(1, 60)
        lines.append(_contact(random, stay, number, _days_after(stay["EntryDate"], days)))
    lines[0]["LocationDetails"] = "Under the bridge,\nnorth bank"
    lines.append(_contact(random, stays[0], len(lines) + 1, "2021-02-30"))
    stranger = {"EnrollmentID": "E99999", "PersonalID": "P99999"}
    lines.append(_contact(random, stranger, len(lines) + 1, "2021-06-01"))
    return lines


def _contact(random: Random, stay: _Line, number: int, day: str) -> _Line:
    """One contact of an enrollment."""
    return _of_stay(stay) | {
        "CurrentLivingSitID": f"C{number:05}",
        "InformationDate": day,
        "CurrentLivingSituation": str(random.choice(_SITUATIONS)),
        "VerifiedBy": "Outreach team",
    }


def _of_stay(stay: _Line) -> _Line:
    """The ids that a row has in common with its enrollment."""
    return {"EnrollmentID": stay["EnrollmentID"], "PersonalID": stay["PersonalID"]}


def _days_after(day: str, days: int) -> str:
    """The date ``days`` after ``day``, both as YYYY-MM-DD."""
    return str(date.fromisoformat(day) + timedelta(days=days))


def _write(path: Path, header: str, lines: list[_Line]) -> None:
    """Writes ``lines`` as CSV, with empty cells for the columns they say nothing of."""
    common = {"DateCreated": _STAMP, "DateUpdated": _STAMP, "UserID": "U1", "ExportID": "SMALL"}
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, header.split(","), restval="")
        writer.writeheader()
        writer.writerows(common | line for line in lines)


if __name__ == "__main__":
    sys.exit(main())
