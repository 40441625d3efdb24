"""Run the Python blocks of a Markdown page and compare what they print.

The blocks of a page share one namespace and run in order. A ```text block after a ```python block,
with at most blank lines between, is what that block prints. A block that starts with `>>>` runs as
a doctest. A block that cannot run says why: ```python no-run="needs a server".
"""

import contextlib
import doctest
import io
import re
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path

FENCE = re.compile(r"(?P<indent> *)(?P<mark>`{3,}|~{3,})\s*(?P<info>[^`]*)")
HIDDEN = re.compile(
    r"[>*+\t -]*[>\t][>*+\t -]*(?:`{3,}|~{3,}).*|[ >*+-]*(?:\d+[.)]|[*+-]) +`{3,}.*"
)
# What stands in the place of an output, but is not compared.
UNCOMPARED = {"", "console", "out", "output", "plain", "plaintext", "txt"}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z]+:")
NO_RUN = re.compile(r'no-run="(?P<reason>[^"]*\S[^"]*)"')


class DocumentationError(AssertionError):
    """A page says something that does not hold; the message names the page and the line."""


@dataclass(frozen=True)
class Fenced:
    """A fenced block as it stands on the page; `line` is that of the opening fence."""

    line: int
    end: int
    info: str
    text: str


@dataclass(frozen=True)
class Block:
    """A Python block, with the output shown under it, if any, and why it does not run, if so."""

    line: int
    code: str
    shown: str | None = None
    no_run: str | None = None


@dataclass(frozen=True)
class Page:
    """A page and its Python blocks."""

    name: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def runnable(self) -> list[Block]:
        """The blocks that are executed."""
        return [block for block in self.blocks if block.no_run is None]


def read(path: Path) -> Page:
    """Find the Python blocks of a file."""
    return parse(path.read_text(encoding="utf-8"), path.name)


def parse(markdown: str, name: str = "page") -> Page:
    """Find the Python blocks of a text."""
    lines = markdown.splitlines()
    fenced = fences(lines, name)
    blocks = []
    for index, this in enumerate(fenced):
        words = this.info.split(maxsplit=1)
        if not words or "py" not in words[0].lower():
            continue
        if words[0] != "python":
            raise DocumentationError(f"{name}:{this.line}: write ```python, not ```{words[0]}")
        reason = why_not_run(words[1] if len(words) > 1 else "", name, this.line)
        shown = None
        after = fenced[index + 1] if index + 1 < len(fenced) else None
        if after is not None and not "".join(lines[this.end : after.line - 1]).strip():
            if after.info in UNCOMPARED:
                raise DocumentationError(f"{name}:{after.line}: write ```text for what is printed")
            if after.info == "text":
                shown = after.text
        blocks.append(Block(this.line, this.text, shown, reason))
    return Page(name, blocks)


def why_not_run(rest: str, name: str, line: int) -> str | None:
    """Return the reason in the info string after `python`, or None for a block that runs."""
    if not rest:
        return None
    match = NO_RUN.fullmatch(rest.strip())
    if match is None:
        raise DocumentationError(
            f'{name}:{line}: {rest!r} after ```python: only no-run="reason" may stand there'
        )
    return match["reason"]


def fences(lines: list[str], name: str) -> list[Fenced]:
    """Find all fenced blocks; a fence closes with the mark, and at least the length, it opened."""
    found = []
    opened: re.Match[str] | None = None
    start = 0
    for number, line in enumerate(lines, 1):
        if opened is None:
            opened, start = FENCE.fullmatch(line), number
            if opened is None and HIDDEN.fullmatch(line):
                raise DocumentationError(
                    f"{name}:{number}: put this block on lines of its own, indented by spaces only"
                )
            continue
        bare = line.strip()
        if set(bare) == {opened["mark"][0]} and len(bare) >= len(opened["mark"]):
            indent = len(opened["indent"])
            body = [inner[min(indent, spaces(inner)) :] for inner in lines[start : number - 1]]
            text = "\n".join(body) + "\n"
            found.append(Fenced(start, number, opened["info"].strip(), text))
            opened = None
    if opened is not None:
        raise DocumentationError(f"{name}:{start}: this block is never closed")
    return found


def spaces(line: str) -> int:
    """Return how many spaces a line starts with."""
    return len(line) - len(line.lstrip(" "))


def run(page: Page, folder: Path) -> int:
    """Run the blocks of a page in an empty folder and return how many ran.

    Raises DocumentationError where a block fails or prints something else than the page shows.
    """
    module = types.ModuleType(f"page_{page.name.replace('.', '_')}")
    # Classes defined on the page look their module up, as `dataclass` does.
    sys.modules[module.__name__] = module
    ran = 0
    try:
        with contextlib.chdir(folder):
            for block in page.runnable:
                run_block(page, block, module)
                ran += 1
    finally:
        del sys.modules[module.__name__]
    return ran


def run_block(page: Page, block: Block, module: types.ModuleType) -> None:
    """Run one block in the page's namespace."""
    where = f"{page.name}:{block.line}"
    if block.code.lstrip().startswith(">>>"):
        if block.shown is not None:
            raise DocumentationError(f"{where}: a block with >>> shows its output itself")
        run_doctest(block, module, where)
        return
    # Blank lines in front give every traceback and assertion the page's own line number.
    source = "\n" * block.line + block.code
    printed = io.StringIO()
    try:
        code = compile(source, page.name, "exec", dont_inherit=True)
        with contextlib.redirect_stdout(printed):
            exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        raise DocumentationError(f"{where}: {type(error).__name__}: {error}") from error
    if block.shown is not None and tidy(printed.getvalue()) != tidy(block.shown):
        raise DocumentationError(
            f"{where}: the page shows\n{tidy(block.shown)}\nand the code printed\n"
            f"{tidy(printed.getvalue())}"
        )


def run_doctest(block: Block, module: types.ModuleType, where: str) -> None:
    """Run a block with prompts; what it defines stays in the page's namespace."""
    parts = doctest.DocTestParser().parse(block.code, where)
    if any(isinstance(part, str) and part.strip() for part in parts):
        raise DocumentationError(
            f"{where}: a line after a blank line starts with >>> or not at all"
        )
    test = doctest.DocTestParser().get_doctest(block.code, {}, where, where, block.line)
    test.globs = module.__dict__
    report = doctest_report(test)
    if report:
        raise DocumentationError(f"{where}: {report}")


def doctest_report(test: doctest.DocTest) -> str:
    """Run a doctest; return what is wrong with it, or an empty text. Nothing may be skipped."""
    if any(example.options.get(doctest.SKIP) for example in test.examples):
        return f"{test.name}: +SKIP proves nothing: remove it or the example"
    report = io.StringIO()
    doctest.DocTestRunner(verbose=False).run(test, out=report.write, clear_globs=False)
    return report.getvalue()


def tidy(text: str) -> str:
    """Strip what no reader sees: spaces at the end of lines, empty lines at the end."""
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def broken_links(path: Path) -> list[str]:
    """Return what is wrong with the links of a page: each leads to a file, and a heading in it."""
    broken = []
    for target in LINK.findall(prose(path)):
        if ELSEWHERE.match(target):
            continue
        name, _, anchor = target.partition("#")
        file = path.parent / name if name else path
        if not file.exists():
            broken.append(f"{path.name}: {target} leads to no file")
        elif anchor and anchor not in anchors(file):
            broken.append(f"{path.name}: {target} leads to no heading")
    return broken


def prose(path: Path) -> str:
    """Return a page without its code."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for block in fences(lines, path.name):
        lines[block.line - 1 : block.end] = [""] * (block.end - block.line + 1)
    return re.sub(r"`[^`]*`", lambda code: code[0] if "](" not in code[0] else "", "\n".join(lines))


def anchors(path: Path) -> set[str]:
    """Return the anchors of the headings of a page, as they are made where pages are shown."""
    titles = HEADING.findall(prose(path))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
