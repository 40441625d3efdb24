"""Run all benchmarks and print one table."""

import platform
import sqlite3
import tempfile
from pathlib import Path

from benchmarks import decisions, due, large, loans, stored, threads, writers
from benchmarks.imports import importing
from benchmarks.measure import Row, compare, table
from benchmarks.server import a_server
from benchmarks.six_stages import options_by_stage
from caseflow.storage import SQLStorage

NOTES = f"""SQLite {sqlite3.sqlite_version}.
A ratio is ours to theirs, the median over rounds in which both ran in turns:
0.05 is 20 times as fast. Times hold for this machine and moment only. The four libraries are
transitions, attrs, cattrs and blinker. With several processes or units at once, a time is that of
one decision, of all that were made in the same seconds."""


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
    ]


def stores_on_sqlite(folder: Path) -> tuple[list[Row], list[str]]:
    rows = []
    for durability in decisions.LEVELS:
        with decisions.sqlite(folder, durability) as side:
            rows += decisions.rows(side)
            rows += decisions.awaited(side, 1.6)
            rows += writers.rows(side.url, side.name, durability)
    rows.append(large.imports_sqlite(folder))
    file = folder / "many.db"
    few, many = SQLStorage(f"sqlite:///{folder / 'few.db'}"), SQLStorage(f"sqlite:///{file}")
    rows += large.rows("SQLite", few, many)
    few.close()
    many.close()
    return rows, [large.size_of_file(file)]


def stores_on_postgres() -> tuple[list[Row], list[str]]:
    rows = []
    with a_server() as server:
        for durability in decisions.LEVELS:
            with decisions.postgres(server, durability) as side:
                rows += decisions.rows(side)
                rows.append(decisions.joined(side))
                rows += decisions.awaited(side, 2.2)
                rows += writers.rows(side.url, side.name, durability)
        rows.append(large.imports_postgres(server))
        with server.database() as one, server.database() as other:
            few, many = SQLStorage(one), SQLStorage(other)
            rows += large.rows("PostgreSQL", few, many)
            few.close()
            many.close()
            return rows, large.sizes_of_tables(other)


def options() -> list[Row]:
    trigger = loans.stock_trigger()
    return [
        Row(f"all options in {stage}", "stock trigger", compare(work, trigger, calls=300), 25)
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
        rows = [
            *in_memory(),
            *on_disk(Path(folder)),
            *options(),
            *due.rows(),
            *imports(Path(folder)),
        ]
        on_sqlite, of_sqlite = stores_on_sqlite(Path(folder))
        of_sqlite += [due.in_words(), threads.streaming(Path(folder))]
    on_postgres, of_postgres = stores_on_postgres()
    print(table([*rows, *on_sqlite, *on_postgres]))
    print()
    print("\n".join([*of_sqlite, *of_postgres]))
    print(f"{platform.python_implementation()} {platform.python_version()}.", NOTES)


if __name__ == "__main__":
    main()
