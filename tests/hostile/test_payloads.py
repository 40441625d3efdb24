"""An event is stored as it reads back, or not at all; a fact is not refused for its calendar."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from caseflow import Corrected, ExceptionMade, InvalidCall, PayloadInvalid
from caseflow.storage import MemoryStorage
from tests.hostile.desk import DAY, NOW, AnythingSaid, SeenAt, open_desk

BERLIN = ZoneInfo("Europe/Berlin")
ODD_MOMENTS = {
    "passed twice, the first time": datetime(2025, 10, 26, 2, 30, tzinfo=BERLIN),
    "passed twice, the second time": datetime(2025, 10, 26, 2, 30, fold=1, tzinfo=BERLIN),
    "left out": datetime(2025, 3, 30, 2, 30, tzinfo=BERLIN),
    "of a zone that counts seconds": datetime(1930, 5, 1, tzinfo=ZoneInfo("Europe/Amsterdam")),
    "of a zone that counts less": datetime(
        1900, 1, 1, tzinfo=timezone(timedelta(hours=1, seconds=7, microseconds=3))
    ),
    "the first": datetime.min.replace(tzinfo=UTC),
    "the last": datetime.max.replace(tzinfo=UTC),
}


@pytest.fixture
def store():
    return MemoryStorage()


@pytest.fixture
def case_id(store):
    return open_desk(store).open(client="p", by="ana", at=NOW - DAY).case.id


@pytest.mark.parametrize("moment", ODD_MOMENTS.values(), ids=ODD_MOMENTS)
def test_a_fact_may_hold_and_be_dated_at_any_moment(store, case_id, moment):
    book = open_desk(store)
    for again in (False, True):
        outcome = book.record(
            case_id, SeenAt(moment=moment), by="ana", at=moment, command_id="seen"
        )
        assert outcome.replayed == again
    case = open_desk(store).case(case_id)
    assert case == book.case(case_id)
    assert case.latest(SeenAt).moment.astimezone(UTC) == moment.astimezone(UTC)
    assert case.latest_recorded(SeenAt).occurred_at == moment.astimezone(UTC)


@pytest.mark.parametrize("moment", ODD_MOMENTS.values(), ids=ODD_MOMENTS)
def test_a_correction_and_an_exception_may_name_any_moment(store, case_id, moment):
    book = open_desk(store)
    book.record(case_id, SeenAt(moment=NOW), by="ana")
    book.do(case_id, Corrected(number=2, occurred_at=moment), by="ana")
    book.do(case_id, ExceptionMade(rule="small", reason="so", until=moment), by="boss")
    case = open_desk(store).case(case_id)
    assert case == book.case(case_id)
    assert case.latest_recorded(SeenAt).occurred_at == moment.astimezone(UTC)
    assert case.exceptions[0].until.astimezone(UTC) == moment.astimezone(UTC)


def test_what_was_recorded_does_not_change_with_the_value_it_was_made_of(store, case_id):
    book = open_desk(store)
    words = ["said"]
    given = {"words": words}
    outcome = book.record(case_id, AnythingSaid(value=given), by="ana")
    words.append("added later")
    given["more"] = True
    for case in (outcome.case, book.case(case_id), open_desk(store).case(case_id)):
        assert case.latest(AnythingSaid).value == {"words": ["said"]}


def test_a_default_that_would_not_read_back_is_not_written(store, case_id):
    book = open_desk(store)
    for verb in (book.ask, book.do):
        with pytest.raises(PayloadInvalid, match=r"Flagged\.why"):
            verb(case_id, "flag", by="ana")
    assert open_desk(store).case(case_id).version == 1


@pytest.mark.parametrize("depth", [10, 250, 254, 1_000, 5_000])
@pytest.mark.parametrize("command_id", [None, "c"])
def test_a_value_nested_deeply_is_kept_or_told(store, case_id, depth, command_id):
    value = []
    for _ in range(depth):
        value = [value]
    book = open_desk(store)
    try:
        book.record(case_id, AnythingSaid(value=value), by="ana", command_id=command_id)
    except InvalidCall:
        assert depth > 100
    assert open_desk(store).case(case_id) == book.case(case_id)


def test_a_value_that_holds_itself_is_told(store, case_id):
    value = []
    value.append(value)
    with pytest.raises(PayloadInvalid, match=r"AnythingSaid\.value"):
        open_desk(store).record(case_id, AnythingSaid(value=value), by="ana")
