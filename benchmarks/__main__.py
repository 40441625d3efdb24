"""Run all benchmarks and print one table."""

import platform
import tempfile
from pathlib import Path

from benchmarks import loans, stored
from benchmarks.imports import importing
from benchmarks.measure import Row, compare, table
from benchmarks.six_stages import options_by_stage

NOTES = """A ratio is ours to theirs, the median over rounds in which both
ran in turns: 0.05 is 20 times as fast. Times hold for this machine and moment only.
The four libraries are transitions, attrs, cattrs and blinker."""


def in_memory() -> list[Row]:
    case, trigger = loans.asked(), loans.stock_trigger()
    work = "explained guarded decision"
    stock = compare(loans.deciding(case), trigger, calls=3_000)
    peer = loans.statemachine_trigger()
    other = compare(loans.deciding(case), peer, calls=2_000, their_calls=200)
    anew = compare(
        loans.deciding(case), loans.statemachine_for_a_case, calls=2_000, their_calls=100
    )
    long, short = loans.asked(9_997), loans.asked(8)
    pure = compare(loans.deciding(long), loans.deciding(short), calls=2_000)
    return [
        Row(work, "stock transitions trigger", stock, 0.7, 0.45),
        Row(work, "python-statemachine", other, 0.05),
        Row(work, "the same, its machine made for the case", anew),
        Row("one more event on 10,000, decide and evolve", "on 10", pure, 1.3),
    ]


def on_disk(folder: Path) -> list[Row]:
    more = "one more event on 10,000, SQLite"
    return [
        Row("load 1,000 events, SQLite", "sqlite3, orjson, dict", stored.load(folder), 2.5),
        Row(f"{more}, case warm", "on 10", stored.one_more(folder, warm=True), 1.3),
        Row(f"{more}, case cold", "on 10", stored.one_more(folder, warm=False)),
        Row("stored guarded decision, SQLite", "raw sqlite3", stored.decision(folder)),
    ]


def options() -> list[Row]:
    trigger = loans.stock_trigger()
    return [
        Row(f"all options in {stage}", "stock trigger", compare(work, trigger, calls=300), 20)
        for stage, work in options_by_stage().items()
    ]


def imports(folder: Path) -> list[Row]:
    peers = "the four libraries"
    six_stage = "from caseflow.stages import six_stage"
    return [
        Row("import caseflow", peers, importing("import caseflow", folder), 1.9),
        Row("import six_stage", peers, importing(six_stage, folder), 3.2),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = [*in_memory(), *on_disk(Path(folder)), *options(), *imports(Path(folder))]
    print(table(rows))
    print()
    print(f"{platform.python_implementation()} {platform.python_version()}.", NOTES)


if __name__ == "__main__":
    main()
