"""What an event may hold is told in words: the value, what the field takes, and what to give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NewType, Optional, Union

import attrs
import pytest

from caseflow import Code, Number, PayloadInvalid, Personal, fact
from caseflow.kernel.codec import Codec
from caseflow.kernel.fields import in_words

Initials = NewType("Initials", str)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Wheel:
    size: int
    color: Color = Color.RED


@attrs.frozen
class Lock:
    kind: Literal["chain", "bolt"] = "chain"
    number: Number = 1
    within: Lock | None = None


@fact("birth-date-stated")
class BirthDateStated:
    born: Personal[date] = date(2009, 5, 1)
    words: str = ""
    code: Code = ""
    count: int = 0
    room: Number | None = None
    floors: tuple[Number, ...] = ()
    share: float = 0.0
    price: Decimal = Decimal(0)
    happy: bool = False
    met: datetime | None = None
    lasted: timedelta = timedelta(0)
    agreed: Literal["signed", "spoken"] = "signed"
    asked: tuple[Literal["needs", "strengths"], ...] = ()
    color: Color = Color.RED
    wheel: Wheel | None = None
    wheels: tuple[Wheel, ...] = ()
    lock: Lock | None = None
    pair: tuple[int, str] = (0, "")
    tags: frozenset[Code] = frozenset()
    sizes: Mapping[str, int] = attrs.field(factory=dict)


CODEC = Codec([BirthDateStated])
NAIVE = datetime(2026, 3, 2)  # noqa: DTZ001 - a moment without a time zone is the point

VALUES = [
    ("born", "2009-05-01", "'2009-05-01'. It takes a date. Give one."),
    ("born", None, "None. It takes a date. Give one."),
    ("born", NAIVE, "the datetime 2026-03-02T00:00:00. It takes a date. Give one."),
    ("words", 5, "5. It takes a text (str). Give one."),
    ("code", None, "None. It takes a text (str). Give one."),
    (
        "words",
        "\ud800",
        "'\\ud800'. It takes a text (str). This one cannot be stored: "
        "str is not valid UTF-8: surrogates not allowed.",
    ),
    ("count", "5", "'5'. It takes a whole number (int). Give one."),
    ("count", True, "True. It takes a whole number (int). Give one."),
    (
        "count",
        2**64,
        "18446744073709551616. It takes a whole number (int). This one cannot be stored: "
        "Integer exceeds 64-bit range.",
    ),
    ("room", 0, "0. It takes a whole number (int) from 1 or None. Give one."),
    (
        "floors",
        (1, -1),
        "(1, -1). It takes a tuple of whole numbers (int) from 1. "
        "It holds -1 in the place of a whole number (int) from 1. Give one.",
    ),
    ("room", True, "True. It takes a whole number (int) from 1 or None. Give one."),
    ("share", float("nan"), "nan. It takes a finite number (float). Give one."),
    ("price", 5.5, "5.5. It takes a decimal number (Decimal). Give one."),
    ("happy", 1, "1. It takes True or False. Give one."),
    (
        "met",
        NAIVE,
        "the datetime 2026-03-02T00:00:00. "
        "It takes a moment with a time zone (datetime) or None. Give one.",
    ),
    ("lasted", 5, "5. It takes a length of time (timedelta). Give one."),
    ("agreed", "no", "'no'. It takes one of 'signed', 'spoken'. Give one."),
    (
        "asked",
        ("services",),
        "('services',). It takes a tuple of 'needs' or 'strengths'. "
        "It holds 'services' in the place of one of 'needs', 'strengths'. Give one.",
    ),
    ("asked", "needs", "'needs'. It takes a tuple of 'needs' or 'strengths'. Give one."),
    ("color", "red", "'red'. It takes one of Color.RED, Color.BLUE. Give one."),
    ("wheel", 28, "28. It takes a Wheel or None. Give one."),
    (
        "wheel",
        Wheel(size="28"),
        "Wheel(size='28', color=<Color.RED: 'red'>). It takes a Wheel or None. "
        "It holds '28' in the place of a whole number (int). Give one.",
    ),
    (
        "lock",
        Lock(number=0),
        "Lock(kind='chain', number=0, within=None). It takes a Lock or None. "
        "It holds 0 in the place of a whole number (int) from 1. Give one.",
    ),
    (
        "wheels",
        [Wheel(size=28)],
        "[Wheel(size=28, color=<Color.RED: 'red'>)]. It takes a tuple of Wheel. Give one.",
    ),
    (
        "pair",
        (1,),
        "(1,). It takes a tuple of a whole number (int) and a text (str). Give one.",
    ),
    (
        "pair",
        (1, 2),
        "(1, 2). It takes a tuple of a whole number (int) and a text (str). "
        "It holds 2 in the place of a text (str). Give one.",
    ),
    (
        "tags",
        frozenset({5}),
        "frozenset({5}). It takes a set of texts (str). "
        "It holds 5 in the place of a text (str). Give one.",
    ),
    (
        "sizes",
        {"front": "28"},
        "{'front': '28'}. It takes a mapping from texts (str) to whole numbers (int). "
        "It holds '28' in the place of a whole number (int). Give one.",
    ),
]


@pytest.mark.parametrize(("field", "value", "words"), VALUES, ids=str)
def test_a_value_that_cannot_be_recorded(field, value, words):
    CODEC.check(BirthDateStated())
    with pytest.raises(PayloadInvalid) as refused:
        CODEC.check(BirthDateStated(**{field: value}))
    assert str(refused.value) == f"BirthDateStated.{field} cannot be recorded as {words}"


@pytest.mark.parametrize("given", VALUES, ids=str)
def test_no_sentence_is_spelled_by_a_machine(given):
    sentence = given[2]
    assert "typing" not in sentence
    assert ".." not in sentence.replace("...", "")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Optional[date], "a date or None"),  # noqa: UP045 - the old spelling is the point
        (Union[int, str], "a whole number (int) or a text (str)"),  # noqa: UP007 - as above
        (Annotated[date | None, "mark"], "a date or None"),
        (Initials, "a text (str)"),
        (Any, "anything that JSON can hold"),
        (tuple[date | None, ...], "a tuple of dates or None"),
        (frozenset[int], "a set of whole numbers (int)"),
        (tuple[str, ...], "a tuple of texts (str)"),
    ],
    ids=str,
)
def test_a_type_in_words(kind, words):
    assert in_words(kind) == words
