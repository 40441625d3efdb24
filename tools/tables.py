"""Tables in Markdown."""

import sys
from collections.abc import Iterable
from pathlib import Path

Table = list[list[str]]


def code(word: str) -> str:
    return f"`{word}`"


def table(head: list[str], rows: Table) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n".replace("  ", " ") for line in cells)


def once(cells: Iterable[str]) -> str:
    """Each of several lines of a cell once."""
    return "<br>".join(dict.fromkeys(cells))


def written(page: str) -> None:
    """Print a page; or write it to the file that the command line names."""
    if len(sys.argv) == 1:
        print(page, end="")
    else:
        Path(sys.argv[1]).write_text(page, encoding="utf-8")
