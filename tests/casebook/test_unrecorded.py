"""A refused unit hands its facts back as they were given."""

from datetime import timedelta

import pytest

from caseflow import Entry, Refused
from caseflow.storage import MemoryStorage
from tests.support.trades import DAY, START, CallMissed, shop_book


def test_a_fact_keeps_its_moment_and_reporter():
    book = shop_book(MemoryStorage())
    case_id = book.open(client="customer-1", by="ana").case.id
    told = Entry(CallMissed(number="12 34"), at=START - DAY, reported_by="a neighbour")
    with pytest.raises(Refused) as refused:
        book.do(case_id, told, CallMissed(number="12 34"), "collect", by="ana")
    assert refused.value.unrecorded == (told, CallMissed(number="12 34"))
    events = book.record(case_id, *refused.value.unrecorded, by="ana").events
    assert [entry.reported_by for entry in events] == ["a neighbour", None]
    assert events[0].late == timedelta(days=1)
