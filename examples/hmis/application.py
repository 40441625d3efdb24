"""The application: an export goes in, the cases stand in a file, and what was found is told."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from sqlalchemy import URL

from caseflow import Casebook
from caseflow.storage import SQLStorage
from examples.hmis.events import Enrollment
from examples.hmis.export import Export
from examples.hmis.load import Progress, count_events, load_export
from examples.hmis.report import Findings
from examples.hmis.workflow import enrollment


def show_progress(done: int, total: int) -> None:
    """Show the progress: one line that counts up on a terminal, and ten lines elsewhere."""
    line = f"  {done:,} of {total:,} enrollments"
    if sys.stdout.isatty():
        print(f"\r{line}", end="\n" if done == total else "", flush=True)
    elif done * 10 // total > (done - 1) * 10 // total:
        print(line, flush=True)


def import_export(
    export: Export,
    cases: Path,
    *,
    recorded_at: datetime,
    zone: tzinfo = UTC,
    progress: Progress = show_progress,
) -> Findings:
    """Load an export into the cases kept in the SQLite file `cases`.

    `recorded_at` is the moment of the import, with a time zone: the recorded moment of every
    event. `zone` is the agency's time zone, in which source dates begin at midnight. One file
    keeps the cases of one HMIS, since its ids are their own. Raises `CaseflowError` where the
    file cannot be used.
    """
    with closing(open_store(cases)) as store:
        book = open_book(store, recorded_at=recorded_at)
        before = count_events(book)
        answers = load_export(book, export, zone=zone, progress=progress)
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


def open_book(store: SQLStorage, *, recorded_at: datetime) -> Casebook[Enrollment]:
    """The casebook of one import: its clock stands still at the moment of the import."""
    return Casebook(enrollment, store, agency="hmis", clock=lambda: recorded_at)


def open_store(path: Path) -> SQLStorage:
    """A store on a SQLite file, whatever characters its path has."""
    url = URL.create("sqlite", database=str(path.absolute()))
    return SQLStorage(url.render_as_string(hide_password=False))
