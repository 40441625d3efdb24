"""Shows caseflow at work: ``python -m examples.demo [--hmis FOLDER] [--keep FOLDER]``.

First one family's case goes through all six stages. Then an HMIS export is loaded: a small one
that is generated for it, or the one in a folder that is named. In the end a program's flowchart
is drawn.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from caseflow import Casebook, CaseflowError
from caseflow.stages import six_stage
from examples import screen
from examples.hmis.application import import_export, open_store
from examples.hmis.export import Effect, read_export
from examples.hmis.generate import write_small_export
from examples.hmis.report import lines, reading, recorded
from examples.pictures import draw
from examples.story import tell

GENERATED_ON = datetime(2026, 10, 1, 9, tzinfo=UTC)
"""The moment at which the generated export is loaded: fixed, so that it always reads the same."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demonstration. The exit status is 0 when all of it could be shown."""
    options = _parser().parse_args(arguments)
    try:
        folder = _folder(options.keep)
        with closing(open_store(folder / "story.db")) as store:
            if Casebook(six_stage, store, agency="harbor").case_ids():
                print(f"{folder} holds a story already; name another folder.", file=sys.stderr)
                return 1
            _welcome(folder)
            tell(store)
        status = _replay(options.hmis, folder)
        _draw(folder)
        return status
    except (CaseflowError, OSError) as error:
        print(f"The demonstration stops here. {error}", file=sys.stderr)
        return 1


def _folder(named: Path | None) -> Path:
    """The folder for the cases: the one that was named, or a new one in the temporary folder."""
    if named is None:
        return Path(tempfile.mkdtemp(prefix="caseflow-demo-"))
    named.mkdir(parents=True, exist_ok=True)
    return named


def _welcome(folder: Path) -> None:
    print("caseflow: case work whose rules explain themselves")
    screen.say(
        "This is one family's case, from the first visit to the last, under the six stages of "
        "case management. What is indented is what the library answered. The case is kept in a "
        "SQLite file, in this folder:"
    )
    print(f"  {folder}")


def _replay(hmis: Path | None, folder: Path) -> int:
    """Load an export twice: the second time must change nothing."""
    screen.heading("Another agency, other rules: a replay of an HMIS export")
    if hmis is None:
        source, recorded_at = folder / "export", GENERATED_ON
        write_small_export(source)
        words = "A small export was generated; no row of it is anybody's."
    else:
        source, recorded_at = hmis, datetime.now(UTC)
        words = "The export in the folder that you named is read; nothing is written to it."
    screen.say(
        f"{words} Each enrollment becomes a case of a workflow of its own, with three stages and "
        "its own events and rules (examples/hmis)."
    )
    print(f"  {source}")
    export = read_export(source)
    print()
    print("\n".join(reading(export)))
    print()
    findings = import_export(export, folder / "hmis.db", recorded_at=recorded_at)
    print()
    print("\n".join(lines(findings)))
    screen.say("The same export once more. What was recorded is not recorded a second time:")
    print()
    again = import_export(export, folder / "hmis.db", recorded_at=recorded_at)
    print()
    print("\n".join(recorded(again)))
    print(f"\nAll cases are in {folder}")
    return int(any(found.effect is Effect.FILE_LEFT_OUT for found in export.problems))


def _draw(folder: Path) -> None:
    """Draw the participant flowchart of a program, and name the file."""
    screen.heading("The same workflows as pictures")
    screen.say(
        "A program shows its way from hello to goodbye to staff, participants and partners, "
        "each in their own words; and its logic model. The files are SVG and Mermaid. The "
        "participant flowchart for staff is this one:"
    )
    drawn = {file.name: file for file in draw(folder / "pictures")}
    print(f"\n{drawn['flow-staff.svg']}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.demo", description="Show caseflow at work."
    )
    parser.add_argument(
        "--hmis", type=Path, metavar="FOLDER", help="load this HMIS CSV export in the second part"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the cases here (default: a new folder)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
