"""Tables in Markdown."""

from collections.abc import Iterable

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
