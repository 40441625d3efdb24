"""A snapshot is a convenience: no state keeps an event from being recorded, or changes a case."""

from typing import Any

import attrs
import pytest

from caseflow.storage import MemoryStorage
from tests.hostile.desk import Letter, desk, open_desk


@attrs.frozen
class ByPair:
    """JSON knows no pair as a key."""

    seen: dict[tuple[int, int], int] = attrs.field(factory=dict)

    def fold(self, recorded):
        return ByPair({**self.seen, (recorded.number, 0): 1})


@attrs.frozen
class Numbers:
    """Nothing says that these are tuples, so they read back as lists."""

    seen: Any = ()

    def fold(self, recorded):
        return Numbers((*self.seen, recorded.number))


@attrs.frozen
class Classes:
    """No class can be stored."""

    seen: frozenset[Any] = frozenset()

    def fold(self, recorded):
        return Classes(self.seen | {type(recorded.event)})


@attrs.frozen
class Derived:
    """What is derived when it is made is not part of what is stored."""

    count: int = 0
    last: Any = attrs.field(default=0, init=False)

    def fold(self, recorded):
        folded = Derived(self.count + 1)
        object.__setattr__(folded, "last", recorded.number)
        return folded


@attrs.frozen
class Large:
    """JSON numbers of this program end earlier."""

    product: int = 2**62

    def fold(self, recorded):
        return Large(self.product * 2)


@attrs.frozen
class Misspelled:
    """Its annotation cannot be looked up."""

    seen: "Nothing" = None  # noqa: F821 - the point

    def fold(self, recorded):
        return self


@pytest.mark.parametrize("state", [ByPair, Numbers, Classes, Derived, Large, Misspelled])
def test_a_state_that_no_snapshot_survives_is_folded_anew(state):
    store = MemoryStorage()
    book = open_desk(store, desk(state=state), snapshot_every=2)
    case_id = book.open(client="p", by="ana").case.id
    for count in range(5):
        book.record(case_id, Letter(text=str(count)), by="ana")
    afresh = open_desk(store, desk(state=state), snapshot_every=2).case(case_id)
    assert afresh == book.case(case_id)
    assert afresh.version == 6
