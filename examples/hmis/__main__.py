"""Loads an HMIS CSV export into cases: ``python -m examples.hmis FOLDER [--cases FILE]``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import URL

from caseflow import Casebook, CaseflowError
from caseflow.storage import SQLStorage
from examples.hmis.events import Enrollment
from examples.hmis.export import Effect, Export, read_export
from examples.hmis.load import count_events, load_export
from examples.hmis.report import Findings, lines
from examples.hmis.workflow import enrollment


def import_export(
    export: Export, cases: Path, *, recorded_at: datetime, zone: tzinfo = UTC
) -> Findings:
    """Load an export into the cases kept in the SQLite file `cases`, telling the progress.

    `recorded_at` is the moment of the import, with a time zone: the recorded moment of every
    event. `zone` is the agency's time zone, in which source dates begin at midnight. Raises
    `CaseflowError` where the file cannot be used.
    """
    with closing(open_store(cases)) as store:
        book: Casebook[Enrollment] = Casebook(
            enrollment, store, agency="hmis", clock=lambda: recorded_at
        )
        before = count_events(book)
        answers = load_export(book, export, zone=zone, progress=_tell)
        present = [book.case(case_id) for case_id in book.case_ids()]
    stages = Counter(case.stage for case in present)
    return Findings(
        export=export,
        answers=answers,
        stages={stage.id: stages[stage.id] for stage in enrollment.stages},
        moved_in=sum(case.state.moved_in is not None for case in present),
        events_before=before,
        events_after=sum(case.version for case in present),
    )


def open_store(path: Path) -> SQLStorage:
    """A store on a SQLite file, whatever characters its path has."""
    url = URL.create("sqlite", database=str(path.absolute()))
    return SQLStorage(url.render_as_string(hide_password=False))


def _tell(done: int, total: int) -> None:
    """Show the progress: one line that counts up on a terminal, and ten lines elsewhere."""
    line = f"  {done:,} of {total:,} enrolments"
    if sys.stdout.isatty():
        print(f"\r{line}", end="\n" if done == total else "", flush=True)
    elif done == total or done * 10 // total > (done - 1) * 10 // total:
        print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Loads the export that the command line names. The exit status is 0 when it was read.

    It is 1 when a file of it could not be read at all, or the cases could not be written. Rows
    that are left out, refused or changed are reported, and change the status nothing.
    """
    options = _parser().parse_args(arguments)
    export = read_export(options.folder)
    print(f"Loading the HMIS export in {options.folder}")
    print(f"Cases are kept in {options.cases}")
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
