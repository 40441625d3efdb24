"""What a workflow makes due, as its reference tells it."""

from collections.abc import Iterator
from typing import Any

from caseflow import Workflow
from caseflow.kernel.events import event_type
from caseflow.kernel.verdict import in_words
from caseflow.workflow.obligation import (
    Between,
    Every,
    InQuarter,
    Obligation,
    OnDate,
    Timing,
    Within,
    Yearly,
)
from tools.tables import code, table

NOTHING_DUE = """\
Nothing is due by a time of its own. Where a document gives no time, the library has none either:
an agency sets its own, with the obligations of `caseflow.rules.due` and
`extend(..., obligations=[...])`.
"""


def due(workflow: Workflow[Any]) -> str:
    if not workflow.obligations:
        return NOTHING_DUE
    head = ["obligation", "what is wanted", "who", "by when", "since, and where", "met by"]
    body = [obligation_row(workflow, one) for one in workflow.obligations]
    return table([*head, "exception", "source"], body)


def obligation_row(workflow: Workflow[Any], one: Obligation) -> list[str]:
    return [
        code(one.id),
        one.wanted,
        one.owner.replace("-", " "),
        by_when(one.due),
        "; ".join(clock(workflow, one)),
        ", ".join(code(event_type(cls).name) for cls in one.met_by),
        one.excepted_by,
        one.source,
    ]


def clock(workflow: Workflow[Any], one: Obligation) -> Iterator[str]:
    """Since when the clock of an obligation runs, and in which stages, in words."""
    starts = one.since
    if starts is not None:
        begins = [code(event_type(cls).name) for cls in starts.events]
        begins += [f"entering {in_words(name, workflow.words)}" for name in starts.stages]
        if starts.of_things:
            begins = ["each of them"]
        begins = begins or ["the case ended" if one.after_the_end else "the case was opened"]
        yield f"since {' or '.join(begins)}"
    if one.during:
        yield f"in {' or '.join(in_words(name, workflow.words) for name in one.during)}"
    elif starts is None:
        yield "since the case was opened"


def by_when(due: Timing) -> str:
    """By when, in words."""
    match due:
        case Within(span):
            return f"within {span}"
        case Every(span):
            counted = {"rolling": "from the last time", "fixed": "counted from the start"}
            return f"every {span}, {counted.get(due.counted, 'by the calendar')}"
        case Between(opens, closes):
            return f"between {opens} and {closes}"
        case Yearly():
            return f"each year, from {due.before} before the anniversary to {due.after} after"
        case InQuarter(number):
            return f"in calendar quarter {number} after that of the start"
        case OnDate(field):
            return f"by the date in its field {code(field)}"
