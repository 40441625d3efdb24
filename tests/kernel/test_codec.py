"""The codec: what can be stored comes back as it was, and what cannot is told beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow import Code, Corrected, PayloadInvalid, Personal, fact, fold
from caseflow.kernel.codec import Codec, instant
from caseflow.kernel.stored import GENESIS
from tests.support.trades import START, Paid, Shop, entry, shop


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Wheel:
    size: int
    color: Color = Color.RED


@fact("everything")
class Everything:
    """An event with a field of every kind that a trade needs."""

    words: str = ""
    code: Code = ""
    count: int = 0
    share: float = 0.0
    price: Decimal = Decimal(0)
    happy: bool = False
    born: date | None = None
    met: datetime | None = None
    lasted: timedelta = timedelta(0)
    color: Color = Color.RED
    wheels: tuple[Wheel, ...] = ()
    tags: frozenset[Code] = frozenset()
    notes: Personal[tuple[str, ...]] = ()
    sizes: Mapping[str, int] = attrs.field(factory=dict)
    pair: tuple[int, str] = (0, "")


CODEC = Codec([Everything, *shop.event_types])

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
moments = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - Hypothesis wants the zone apart
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7, minutes=-30))]),
)
integers = st.integers(-(2**53), 2**53)
events = st.builds(
    Everything,
    words=text,
    code=text,
    count=integers,
    share=st.floats(allow_nan=False, allow_infinity=False),
    price=st.decimals(allow_nan=False, allow_infinity=False),
    happy=st.booleans(),
    born=st.none() | st.dates(),
    met=st.none() | moments,
    lasted=st.timedeltas(min_value=timedelta(days=-9999), max_value=timedelta(days=9999)),
    color=st.sampled_from(Color),
    wheels=st.lists(st.builds(Wheel, size=integers, color=st.sampled_from(Color))).map(tuple),
    tags=st.frozensets(text),
    notes=st.lists(text).map(tuple),
    sizes=st.dictionaries(text, integers),
    pair=st.tuples(integers, text),
)


@given(events)
def test_an_event_comes_back_as_it_was(event):
    CODEC.check(event)
    recorded = entry(2, event)
    assert CODEC.decode(CODEC.encode(recorded, GENESIS)) == recorded


@given(
    st.builds(
        entry,
        st.integers(1, 9),
        st.builds(Paid, amount=integers),
        occurred_at=moments,
        recorded_at=moments,
        actor=text,
        roles=st.frozensets(text),
        on_behalf_of=st.none() | text,
        reported_by=st.none() | text,
        subject=text,
        transition=st.none() | text,
        stage=st.none() | text,
        reason=st.none() | text,
        command_id=st.none() | text,
    )
)
def test_an_envelope_comes_back_as_it_was(recorded):
    assert CODEC.decode(CODEC.encode(recorded, GENESIS)) == recorded


@given(st.lists(st.tuples(moments, st.integers(0, 99)), min_size=1, max_size=6))
def test_a_case_comes_back_from_its_snapshot_as_it_was(payments):
    history = [
        entry(n, Paid(amount=amount), occurred_at=at, stage="ready", transition="go")
        for n, (at, amount) in enumerate(payments, 1)
    ]
    case = fold(history, Shop())
    assert CODEC.decode_case(CODEC.encode_case(case), Shop) == case


@given(moments, moments)
def test_stored_moments_sort_as_they_pass(one, other):
    assert (instant(one) < instant(other)) == (one < other)
    assert instant(one).endswith("+00:00")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"words": 5}, "words"),
        ({"words": None}, "words"),
        ({"count": "5"}, "count"),
        ({"count": True}, "count"),
        ({"count": 5.0}, "count"),
        ({"count": 2**64}, "count"),
        ({"share": float("nan")}, "share"),
        ({"share": float("inf")}, "share"),
        ({"price": 5.5}, "price"),
        ({"happy": 1}, "happy"),
        ({"born": "2026-03-02"}, "born"),
        ({"born": datetime(2026, 3, 2, tzinfo=UTC)}, "born"),
        ({"met": datetime(2026, 3, 2)}, "met"),  # noqa: DTZ001 - naive is the point
        ({"met": "2026-03-02T09:00:00+00:00"}, "met"),
        ({"lasted": 5}, "lasted"),
        ({"color": "red"}, "color"),
        ({"wheels": [Wheel(size=1)]}, "wheels"),
        ({"wheels": (Wheel(size="1"),)}, "wheels"),
        ({"tags": {"a"}}, "tags"),
        ({"sizes": {"a": "1"}}, "sizes"),
        ({"sizes": {1: 1}}, "sizes"),
        ({"pair": (1,)}, "pair"),
        ({"pair": (1, 2)}, "pair"),
    ],
    ids=str,
)
def test_what_would_not_come_back_as_it_is_is_told_with_its_field(fields, named):
    if fields in ({"tags": {"a"}},):  # a set equals a frozenset: nothing would be lost
        CODEC.check(Everything(**fields))
        return
    with pytest.raises(PayloadInvalid) as refused:
        CODEC.check(Everything(**fields))
    assert refused.value.fields["event"] == "Everything"
    assert refused.value.fields["field"] == named


def test_the_sentence_says_the_value_and_what_is_allowed():
    with pytest.raises(PayloadInvalid) as refused:
        CODEC.check(Paid(amount="ten"))
    assert str(refused.value) == (
        "Paid.amount cannot be recorded as 'ten'. It takes a whole number (int). Give one."
    )


def test_a_correction_is_checked_for_what_it_holds():
    CODEC.check(Corrected(number=1, event=Paid(amount=5), occurred_at=START))
    for wrong in (
        Corrected(number="1"),
        Corrected(number=1, event=Paid(amount="5")),
        Corrected(number=1, event=42),
        Corrected(number=1, occurred_at=datetime(2026, 3, 2)),  # noqa: DTZ001 - the point
    ):
        with pytest.raises(PayloadInvalid):
            CODEC.check(wrong)


def test_payloads_are_plain_json_with_the_names_of_the_fields():
    row = CODEC.encode(entry(2, Everything(wheels=(Wheel(size=28),), price=Decimal("1.50"))), "")
    payload = orjson.loads(row.payload)
    assert payload["wheels"] == [{"size": 28, "color": "red"}]
    assert payload["price"] == "1.50"
    assert row.type == "everything"


def test_state_that_is_no_attrs_class_is_not_kept_as_a_snapshot():
    class Plain:
        def fold(self, recorded):
            return self

    assert CODEC.encode_case(fold([entry(1, Paid(amount=1))], Plain())) is None
