"""What a workflow makes due, as its reference tells it."""

from collections.abc import Iterator
from typing import Any

from caseflow import Workflow
from caseflow.kernel.events import event_type
from caseflow.kernel.verdict import in_words
from caseflow.workflow.obligation import Obligation
from caseflow.workflow.timing import Between, Every, InQuarter, OnDate, Timing, Within, Yearly
from tools.reading import listed, place_in
from tools.tables import code, table

NOTHING_DUE = """\
Nothing is due by a time of its own. Where the document gives no time, the model has none either:
an agency sets its own ([what may be due](rules.md#obligations), and
[how to say by when](../howto-due.md)).
"""


def due(workflow: Workflow[Any], document: str = "") -> str:
    if not workflow.obligations:
        return NOTHING_DUE
    head = ["what is due", "who", "by when", "since, and where", "met by", "exception", "source"]
    body = [obligation_row(workflow, one, document) for one in workflow.obligations]
    return table([*head, "for developers"], body)


def obligation_row(workflow: Workflow[Any], one: Obligation, document: str) -> list[str]:
    return [
        one.wanted,
        one.owner.replace("-", " "),
        by_when(one.due),
        "; ".join(clock(workflow, one)),
        " or ".join(in_words(event_type(cls).name) for cls in one.met_by),
        one.excepted_by,
        place_in(one.source, document),
        code(one.id),
    ]


def clock(workflow: Workflow[Any], one: Obligation) -> Iterator[str]:
    """Since when the clock of an obligation runs, and in which stages, in words."""
    starts = one.since
    if starts is not None:
        begins = [in_words(event_type(cls).name) for cls in starts.events]
        begins += [f"entering {in_words(name, workflow.words)}" for name in starts.stages]
        if starts.of_things:
            begins = ["each of them"]
        begins = begins or ["the case ended" if one.after_the_end else "the case was opened"]
        yield f"since {' or '.join(begins)}"
    if one.during:
        yield f"in {listed([in_words(name, workflow.words) for name in one.during])}"
    elif starts is None:
        yield "since the case was opened"


def by_when(due: Timing) -> str:
    """By when, in words."""
    match due:
        case Within(span):
            return f"within {span}"
        case Every(span):
            one = span.unit if span.count == 1 else str(span)
            if due.counted == "rolling":
                article = "" if span.count > 1 else "an " if span.unit == "hour" else "a "
                return f"within {article}{one} of the last one"
            counted = "counted from the start" if due.counted == "fixed" else "by the calendar"
            return f"every {one}, {counted}"
        case Between(opens, closes):
            return f"between {opens} and {closes}"
        case Yearly():
            return f"each year, from {due.before} before the anniversary to {due.after} after"
        case InQuarter(number):
            near = {0: "in the same calendar quarter", 1: "in the next calendar quarter"}
            return near.get(number) or f"{number} calendar quarters later"
        case OnDate():
            return "by the day that it sets"
