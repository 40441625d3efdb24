"""What an import found, as text of at most 78 columns for the person who ran it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from textwrap import fill
from typing import Final

import attrs

from examples.hmis.codes import NO_EXIT_INTERVIEW
from examples.hmis.events import ExitRecorded
from examples.hmis.export import Export
from examples.hmis.load import Answer, Kind

WIDTH: Final = 78
SHOWN: Final = 5
"""How many refusals are explained in full; all of them are counted and listed."""


@attrs.frozen(kw_only=True)
class Findings:
    """What an import found: the export, the answer to each thing it says, and the cases now.

    `stages` counts the cases of the file by stage, `moved_in` those that hold a move-in;
    `events_before` and `events_after` count the events that all cases hold.
    """

    export: Export
    answers: tuple[Answer, ...]
    stages: Mapping[str, int]
    moved_in: int
    events_before: int
    events_after: int

    def of(self, kind: Kind) -> tuple[Answer, ...]:
        """The answers of one kind."""
        return tuple(answer for answer in self.answers if answer.kind is kind)

    @property
    def accepted_exits(self) -> int:
        """How many exits of the export stand in the cases."""
        return sum(
            isinstance(answer.statement.event, ExitRecorded)
            for answer in (*self.of(Kind.NEW), *self.of(Kind.KNOWN))
        )

    @property
    def lengths_of_stay(self) -> tuple[int, ...]:
        """Days from entry to exit, of every exit in the export, refused ones included."""
        entries = {row.enrollment_id: row.entry_date for row in self.export.enrollments}
        exits = self.export.exits
        return tuple(sorted((row.exit_date - entries[row.enrollment_id]).days for row in exits))

    def by_rule(self, *kinds: Kind) -> list[tuple[str, str, int]]:
        """The rules that refused or warned, most frequent first: id, what it wants, how often."""
        results = [r for kind in kinds for answer in self.of(kind) for r in answer.results]
        counts = Counter((result.rule, result.wanted) for result in results)
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [(rule, wanted, count) for (rule, wanted), count in ordered]


def lines(findings: Findings) -> Iterator[str]:
    """The whole report, line by line."""
    yield from _read(findings.export)
    yield from _unread(findings.export)
    yield from _cases(findings)
    yield from _refused(findings)
    yield from _not_taken(findings)
    yield from _warnings(findings)
    yield from _exits(findings)
    yield from _recorded(findings)


def _read(export: Export) -> Iterator[str]:
    yield "What was read"
    for tally in export.tally:
        yield f"  {tally.file:<27}{tally.seen:>7,} rows, {tally.left_out:,} left out"
    clients = len({row.personal_id for row in export.enrollments})
    yield f"  {len(export.enrollments):,} enrolments of {clients:,} clients"


def _unread(export: Export) -> Iterator[str]:
    yield ""
    if not export.problems:
        yield "What could not be read: nothing, every row was read"
        return
    yield "What could not be read, or was read with a doubt"
    for found in export.problems:
        yield from _item(str(found))


def _cases(findings: Findings) -> Iterator[str]:
    yield ""
    yield "Cases by stage, one case an enrolment"
    for stage, count in findings.stages.items():
        yield f"  {stage:<27}{count:>7,}"
    yield f"  moved into housing, in any stage{findings.moved_in:>2,}"


def _refused(findings: Findings) -> Iterator[str]:
    refused = findings.of(Kind.REFUSED)
    yield ""
    if not refused:
        yield "Decisions refused: none"
        return
    yield f"Decisions refused: {len(refused):,}"
    yield from _rules(findings.by_rule(Kind.REFUSED))
    for answer in refused[:SHOWN]:
        yield ""
        yield from _item(answer.statement.place)
        yield from (f"    {line}".rstrip() for line in answer.detail.splitlines())
    if len(refused) > SHOWN:
        yield ""
        yield f"  and {len(refused) - SHOWN:,} more, in short:"
        for answer in refused[SHOWN:]:
            yield from _item(f"{answer.statement.place}: {_ids(answer)}")


def _ids(answer: Answer) -> str:
    return ", ".join(result.rule for result in answer.results)


def _not_taken(findings: Findings) -> Iterator[str]:
    headings = {
        Kind.CHANGED: "Rows that changed since they were recorded",
        Kind.FAILED: "Rows that could not be recorded",
    }
    for kind, heading in headings.items():
        answers = findings.of(kind)
        if answers:
            yield ""
            yield f"{heading}: {len(answers):,}"
            for answer in answers:
                yield from _item(f"{answer.statement.place}. {answer.detail}")


def _warnings(findings: Findings) -> Iterator[str]:
    rules = findings.by_rule(Kind.NEW, Kind.KNOWN)
    yield ""
    yield "Accepted with a warning" if rules else "Accepted with a warning: none"
    yield from _rules(rules)


def _rules(rules: Sequence[tuple[str, str, int]]) -> Iterator[str]:
    for rule, wanted, count in rules:
        yield f"  {rule:<27}{count:>7,}"
        yield fill(wanted, WIDTH, initial_indent="    ", subsequent_indent="    ")


def _exits(findings: Findings) -> Iterator[str]:
    exits, stays = findings.export.exits, findings.lengths_of_stay
    silent = sum(row.destination == NO_EXIT_INTERVIEW for row in exits)
    yield ""
    yield f"Exits in the export: {len(exits):,}, of which {findings.accepted_exits:,} accepted"
    if stays:
        yield f"  without an exit interview{silent:>9,}  (destination {NO_EXIT_INTERVIEW})"
        yield f"  length of stay, median{median(stays):>12,g}  days"
        yield f"  length of stay, longest{stays[-1]:>11,}  days"
        yield f"  length of stay, shortest{stays[0]:>10,}  days"


def _recorded(findings: Findings) -> Iterator[str]:
    new, known = len(findings.of(Kind.NEW)), len(findings.of(Kind.KNOWN))
    before, after = findings.events_before, findings.events_after
    yield ""
    yield f"Recorded now: {new:,}; recorded by an earlier import: {known:,}"
    yield f"Events in the cases: {before:,} before, {after:,} now"
    if before == after:
        yield "Nothing changed."


def _item(text: str) -> Iterable[str]:
    """A text as an item of a list; what a row says is never cut, so a long word may stick out."""
    return fill(
        text,
        WIDTH,
        initial_indent="  - ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    ).splitlines()
