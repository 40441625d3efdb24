"""Loads an HMIS CSV export into cases: ``python -m examples.hmis FOLDER [--cases FILE]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from caseflow import CaseflowError
from examples.hmis.application import import_export
from examples.hmis.export import Effect, Export, read_export
from examples.hmis.report import lines, reading


def main(arguments: Sequence[str] | None = None) -> int:
    """Loads the export that the command line names. The exit status is 0 when it was read.

    It is 1 when a file of it could not be read at all, or the cases could not be written. Rows
    that are left out, refused or changed are reported, and change the status nothing.
    """
    options = _parser().parse_args(arguments)
    export = read_export(options.folder)
    print(f"Loading the HMIS export in {options.folder}")
    print()
    for line in reading(export):
        print(line)
    print()
    if export.enrollments:
        print(f"Recording; the cases are kept in {options.cases}")
    else:
        print("There is no enrollment to record, so no case is touched.")
        return _status(export)
    try:
        findings = import_export(
            export, options.cases, recorded_at=datetime.now(UTC), zone=options.zone
        )
    except CaseflowError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What was recorded stays; load it again to go on.", file=sys.stderr)
        return 1
    print()
    for line in lines(findings):
        print(line)
    return _status(export)


def _status(export: Export) -> int:
    return int(any(found.effect is Effect.FILE_LEFT_OUT for found in export.problems))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise argparse.ArgumentTypeError(
            f"no time zone is called {name!r}; give one such as UTC or America/New_York"
        ) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.hmis", description="Load an HMIS CSV export (FY2022) into cases."
    )
    parser.add_argument("folder", type=Path, help="the folder that holds the export")
    parser.add_argument(
        "--cases",
        type=Path,
        default=Path("hmis-cases.db"),
        metavar="FILE",
        help="the file that keeps the cases of one HMIS (default: hmis-cases.db)",
    )
    parser.add_argument(
        "--zone",
        type=_zone,
        default=UTC,
        help="the agency's time zone, in which its dates begin at midnight (default: UTC)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
