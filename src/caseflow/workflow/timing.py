"""By when something is due: once or again and again, in a span, in a window, or by a date.

How a workflow says it; the windows that follow from it are worked out by `windows`.
"""

from __future__ import annotations

from typing import Literal

import attrs

from caseflow.kernel.calendar import MOST, Span, span_of
from caseflow.kernel.errors import DefinitionError, short


@attrs.frozen
class Within:
    """Once, within a span."""

    span: Span = attrs.field(converter=span_of)


@attrs.frozen
class Every:
    """Again and again, at least once in each span.

    `counted` says how. `rolling`: from the last time it was done. `fixed`: in each span from
    the start, one after the other. `calendar`: in each week from Monday, month, quarter or
    year.
    """

    span: Span = attrs.field(converter=span_of)
    counted: Literal["rolling", "fixed", "calendar"] = attrs.field(default="rolling", kw_only=True)


@attrs.frozen
class Between:
    """Once, in a window: not before one span after the start, and by another."""

    opens: Span = attrs.field(converter=span_of)
    closes: Span = attrs.field(converter=span_of)


@attrs.frozen(kw_only=True)
class Yearly:
    """Each year, in a window around the anniversary of the start."""

    before: Span = attrs.field(converter=span_of)
    after: Span = attrs.field(converter=span_of)


@attrs.frozen
class InQuarter:
    """Once, in the calendar quarter that is so many after that of the start, and in no other."""

    number: int

    def __attrs_post_init__(self) -> None:
        if type(self.number) is not int or not 0 <= self.number <= MOST:
            raise DefinitionError(
                what=f"The quarter in_quarter({short(self.number)})",
                problem="is not so many quarters after that of the start",
                repair=f"Give a whole number from 0 to {MOST:,}: 1 is the next quarter.",
            )


@attrs.frozen
class OnDate:
    """By a date that stands in a field of the event with which it began."""

    field: str

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.field, str):
            raise DefinitionError(
                what=f"The date on_date({short(self.field)})",
                problem="names no field",
                repair="Give the name of the field that holds it, like on_date('review_on').",
            )


Timing = Within | Every | Between | Yearly | InQuarter | OnDate


def within(span: Span | str) -> Within:
    """Once, within a span: `within("5 working days")`."""
    return Within(span)


def every(
    span: Span | str, *, counted: Literal["rolling", "fixed", "calendar"] = "rolling"
) -> Every:
    """Again and again: `every("7 days")`, `every("1 week", counted="calendar")`."""
    return Every(span, counted=counted)


def between(opens: Span | str, closes: Span | str) -> Between:
    """Once, in a window: `between("3 months", "9 months")`."""
    return Between(opens, closes)


def yearly(*, before: Span | str, after: Span | str) -> Yearly:
    """Each year around the anniversary: `yearly(before="30 days", after="30 days")`."""
    return Yearly(before=before, after=after)


def in_quarter(number: int) -> InQuarter:
    """Once, in the first, second … calendar quarter after that of the start.

    What is done meets the quarter that it lies in, and no other: one that has passed is missed.
    """
    return InQuarter(number)


def on_date(field: str) -> OnDate:
    """By the date in a field of the event with which it began: `on_date("review_on")`."""
    return OnDate(field)
