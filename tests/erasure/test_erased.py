"""`ERASED` stands for what nobody can read, and is never taken for anything else."""

import copy
import pickle
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import attrs
import pytest

from caseflow import ERASED, Erased, ErasedRead
from tests.support.trades import BikeDescribed

CONCLUSIONS = {
    "bool": bool,
    "not": lambda v: not v,
    "len": len,
    "iter": list,
    "in it": lambda v: "x" in v,
    "it in others": lambda v: v in ("x", 1),
    "equal": lambda v: v == "x",
    "equal to nothing": lambda v: v == None,  # noqa: E711  # somebody will write it
    "equal the other way": lambda v: "x" == v,  # noqa: SIM300  # that is what is tried
    "equal to a date": lambda v: date(2026, 1, 1) == v,
    "equal to a number": lambda v: Decimal(1) == v,
    "unequal": lambda v: v != "x",
    "less": lambda v: v < 1,
    "less the other way": lambda v: 1 < v,  # noqa: SIM300  # as above
    "later": lambda v: datetime(2026, 1, 1, tzinfo=UTC) >= v,
    "between": lambda v: min("a", v),
    "sorted": lambda v: sorted([v, "a"]),
    "sum": lambda v: v + "x",
    "sum the other way": lambda v: "x" + v,
    "difference of dates": lambda v: date(2026, 1, 1) - v,
    "a day later": lambda v: v + timedelta(days=1),
    "product": lambda v: 2 * v,
    "minus": lambda v: -v,
    "int": int,
    "float": float,
    "round": round,
    "index": lambda v: [1, 2][v],
    "item": lambda v: v[0],
    "attribute": lambda v: v.strip,
    "method": lambda v: v.strip(),
    "year": lambda v: v.year,
    "all": lambda v: all([v]),
}


@pytest.mark.parametrize("name", CONCLUSIONS)
def test_whatever_would_conclude_something_from_it_is_told(name):
    with pytest.raises(ErasedRead) as told:
        CONCLUSIONS[name](ERASED)
    assert "was erased, and nobody can read it any more" in str(told.value)
    assert "isinstance(value, Erased)" in str(told.value)


def test_it_is_shown_as_what_it_is():
    assert repr(ERASED) == "Erased"
    assert str(ERASED) == f"{ERASED}" == f"{ERASED:%d %B}" == f"{ERASED:>20}" == "(erased)"


def test_one_asks_for_it_before_anything_else():
    assert isinstance(ERASED, Erased)
    assert ERASED is Erased()
    assert ERASED == ERASED  # noqa: PLR0124  # equal to itself, and to nothing else
    assert not ERASED != ERASED  # noqa: PLR0124, SIM202  # as above
    assert ERASED in (ERASED,)
    assert len({ERASED, ERASED}) == 1
    assert not isinstance(ERASED, (str, int, date))


def test_there_is_one_in_each_process_however_it_travels():
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(ERASED, protocol)) is ERASED
    assert copy.copy(ERASED) is copy.deepcopy(ERASED) is ERASED
    assert copy.deepcopy({"a": [ERASED]})["a"][0] is ERASED


def test_events_with_the_same_erased_field_are_equal_as_far_as_one_can_tell():
    one = attrs.evolve(BikeDescribed(words="x", serial="A1"), words=ERASED)
    assert one == attrs.evolve(one)
    assert hash(one) == hash(attrs.evolve(one))
    assert one != attrs.evolve(one, serial="B2")
    with pytest.raises(ErasedRead):
        assert one == attrs.evolve(one, words="x")


def test_libraries_that_ask_what_it_can_do_are_answered():
    assert not hasattr(ERASED, "__array__")
    assert getattr(ERASED, "__name__", None) is None
    assert not attrs.has(type(ERASED))
