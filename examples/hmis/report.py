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
    def exits(self) -> Mapping[Kind, int]:
        """What became of the exits: how many of each kind."""
        return Counter(
            answer.kind
            for answer in self.answers
            if isinstance(answer.statement.event, ExitRecorded)
        )

    @property
    def lengths_of_stay(self) -> tuple[int, ...]:
        """Days from entry to exit, of every exit that is not before its entry."""
        entries = {row.enrollment_id: row.entry_date for row in self.export.enrollments}
        exits = self.export.exits
        found = ((row.exit_date - entries[row.enrollment_id]).days for row in exits)
        return tuple(sorted(days for days in found if days >= 0))

    def by_rule(self, *kinds: Kind) -> list[tuple[str, str, int]]:
        """The rules that refused or warned, most frequent first: id, what it wants, how often."""
        results = [r for kind in kinds for answer in self.of(kind) for r in answer.results]
        counts = Counter((result.rule, result.wanted) for result in results)
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [(rule, wanted, count) for (rule, wanted), count in ordered]


def reading(export: Export) -> Iterator[str]:
    """What was read of an export, and every row that was not, line by line."""
    yield "What was read"
    for tally in export.tally:
        yield f"  {tally.file:<27}{tally.seen:>7,} rows, {tally.left_out:,} left out"
    clients = len({row.personal_id for row in export.enrollments})
    yield f"  {len(export.enrollments):,} enrollments of {clients:,} clients"
    yield ""
    if not export.problems:
        yield "What could not be read: nothing, every row was read"
        return
    yield "What could not be read, or was read with a doubt"
    for found in export.problems:
        yield from _item(str(found))


def lines(findings: Findings) -> Iterator[str]:
    """What became of the rows that were read, line by line."""
    yield from _cases(findings)
    yield from _refused(findings)
    yield from _not_taken(findings)
    yield from _warnings(findings)
    yield from _exits(findings)
    yield ""
    yield from recorded(findings)


def recorded(findings: Findings) -> Iterator[str]:
    """How much was recorded, line by line; at a second import of the same rows nothing is."""
    new, known = len(findings.of(Kind.NEW)), len(findings.of(Kind.KNOWN))
    before, after = findings.events_before, findings.events_after
    yield f"Recorded now: {new:,}; recorded by an earlier import: {known:,}"
    yield f"Events in the cases: {before:,} before, {after:,} now"
    if before == after:
        yield "No case changed."


def _cases(findings: Findings) -> Iterator[str]:
    yield "Cases by stage, one case an enrollment"
    for stage, count in findings.stages.items():
        yield f"  {stage:<27}{count:>7,}"
    yield f"  {'moved into housing, of all':<27}{findings.moved_in:>7,}"


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
        yield f"  {answer.statement.place}"
        yield from (f"  {line}".rstrip() for line in answer.detail.splitlines())
    if len(refused) > SHOWN:
        yield ""
        yield f"  and {len(refused) - SHOWN:,} more, in short:"
        for answer in refused[SHOWN:]:
            yield from _item(f"{answer.statement.place}: {_ids(answer)}")


def _ids(answer: Answer) -> str:
    return ", ".join(result.rule for result in answer.results)


def _not_taken(findings: Findings) -> Iterator[str]:
    """The rows that changed, each with its change, and those that are in the way otherwise."""
    headings = {
        Kind.CHANGED: "Rows that changed since they were recorded",
        Kind.FAILED: "Rows that could not be recorded",
        Kind.OTHER_ZONE: "Rows that were recorded in another time zone",
    }
    for kind, heading in headings.items():
        answers = findings.of(kind)
        limit = SHOWN if kind is Kind.OTHER_ZONE else len(answers)  # these have all one cause
        if answers:
            yield ""
            yield f"{heading}: {len(answers):,}"
            for answer in answers[:limit]:
                yield from _item(f"{answer.statement.place}. {answer.detail}")
            if len(answers) > limit:
                yield f"  and {len(answers) - limit:,} more, for the same reason"


def _warnings(findings: Findings) -> Iterator[str]:
    rules = findings.by_rule(Kind.NEW, Kind.KNOWN)
    yield ""
    yield f"Accepted with a warning: {'how often, by what was wanted' if rules else 'none'}"
    yield from _rules(rules)


def _rules(rules: Sequence[tuple[str, str, int]]) -> Iterator[str]:
    for rule, wanted, count in rules:
        yield f"  {rule:<27}{count:>7,}"
        yield fill(wanted, WIDTH, initial_indent="    ", subsequent_indent="    ")


def _exits(findings: Findings) -> Iterator[str]:
    exits, stays = findings.export.exits, findings.lengths_of_stay
    silent = sum(row.destination == NO_EXIT_INTERVIEW for row in exits)
    yield ""
    yield f"Exits in the export: {len(exits):,}"
    if not exits:
        return
    became = findings.exits
    yield f"  {'accepted':<27}{became[Kind.NEW] + became[Kind.KNOWN]:>7,}"
    for kind in (Kind.REFUSED, Kind.CHANGED, Kind.FAILED, Kind.OTHER_ZONE):
        if became[kind]:
            yield f"  {kind.value:<27}{became[kind]:>7,}"
    yield f"  {'without an exit interview':<27}{silent:>7,}  (destination {NO_EXIT_INTERVIEW})"
    if stays:
        yield f"  {'length of stay: median':<27}{median(stays):>7,g}  days, of {len(stays):,} exits"
        yield f"  {'length of stay: longest':<27}{stays[-1]:>7,}  days"
        yield f"  {'length of stay: shortest':<27}{stays[0]:>7,}  days"
    if len(stays) < len(exits):
        yield f"  {'left out: exit before entry':<27}{len(exits) - len(stays):>7,}"


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
