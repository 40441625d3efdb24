"""Asking and doing are one path; and waiting and awaiting are one.

The space is small and therefore exhausted: every step of the shop, in every position, by every
kind of actor, with and without a reason. Nothing here knows which answer is right: only that
`options`, `ask` and `do` give the same one, whichever book is asked.
"""

import asyncio
import copy
from itertools import product

import pytest

from caseflow import (
    AsyncCasebook,
    CaseflowError,
    Corrected,
    Entry,
    ExceptionMade,
    PayloadNeeded,
    Refused,
    Voided,
)
from caseflow.storage import AsyncSQLStorage, MemoryStorage, SQLStorage
from tests.support.trades import (
    ANA,
    BOSS,
    DAY,
    FINDINGS,
    HOUR,
    MO,
    ROLES,
    START,
    STEPS,
    Accounted,
    BikeDescribed,
    CallMissed,
    Clock,
    DiscountGiven,
    Inspected,
    Paid,
    PartArrived,
    QuoteAgreed,
    QuoteSent,
    Ridden,
    bring,
    shop,
    shop_book,
)

NAMES = list(dict.fromkeys(row.name for row in shop.rows))
PAYLOADS = [
    Inspected(findings=FINDINGS),
    QuoteSent(amount=9_000),
    QuoteSent(amount=60_000),
    QuoteSent(amount=9_000, share=0),
    QuoteAgreed(words="yes"),
    Ridden(passed=True),
    Ridden(passed=False),
    DiscountGiven(percent=5),
    ExceptionMade(rule="price-limit", reason="rare"),
    ExceptionMade(rule="nothing", reason="rare"),
    Corrected(number=2, event=BikeDescribed(words="y")),
    Voided(number=1),
    Voided(number=2),
    BikeDescribed(words="x"),
    CallMissed(number="5"),
    Accounted(),
    Paid(amount=20_000),
    PartArrived(part="chain"),
]
REASONS = [None, "no-parts", "free words"]
UNITS = [
    *((name,) for name in NAMES),
    *((event,) for event in PAYLOADS),
    (Paid(amount=20_000), "collect"),
    (QuoteAgreed(), PartArrived(part="chain"), "start", Ridden(passed=True)),
    (ExceptionMade(rule="price-limit", reason="rare"), QuoteSent(amount=60_000)),
    (Entry("stolen", at=START - DAY), "reopen"),
    (Entry(Paid(amount=1), at=START + DAY), "abandon"),
]
PLACES = [*STEPS, "on-hold", "abandoned", "excepted"]
ACTORS = [ANA, MO, BOSS]


def stand(book, place):
    """A case that stands at a place."""
    if place in STEPS:
        return bring(book, place)
    case_id = bring(book, "bench" if place == "on-hold" else "looked-at")
    if place == "on-hold":
        book.do(case_id, "hold", by=ANA, reason="holiday")
    elif place == "abandoned":
        book.do(case_id, "abandon", by=ANA, reason="no-parts")
    else:
        book.do(case_id, ExceptionMade(rule="price-limit", reason="rare"), by=BOSS)
    return case_id


class Trial(MemoryStorage):
    """A store in memory on which writing can be tried: it can be put back as it was."""

    def keep(self):
        self._kept = copy.deepcopy(self._agencies)

    def put_back(self):
        """How many events were written since; they are gone afterwards."""
        before = {name: len(agency.feed) for name, agency in self._kept.items()}
        written = sum(len(one.feed) - before[name] for name, one in self._agencies.items())
        self._agencies, self._kept = self._kept, copy.deepcopy(self._kept)
        return written


def trial(place):
    """A book that remembers nothing, its store, and a case that stands at a place."""
    store = Trial()
    book = shop_book(store, recent=0, snapshot_every=0)
    case_id = stand(book, place)
    store.keep()
    return book, store, case_id


def answer(verb, *args, **given):
    """What a call came to: its verdict as data, or its error."""
    try:
        found = verb(*args, **given)
    except Refused as refused:
        return refused.verdict.to_data()
    except CaseflowError as error:
        return (error.code, str(error))
    return getattr(found, "verdict", found).to_data()


@pytest.mark.parametrize("place", PLACES)
def test_ask_agrees_with_do_for_every_step_actor_and_reason(place):
    book, store, case_id = trial(place)
    done = 0
    for unit, actor, reason in product(UNITS, ACTORS, REASONS):
        asked = answer(book.ask, case_id, *unit, by=actor, reason=reason)
        assert store.put_back() == 0
        did = answer(book.do, case_id, *unit, by=actor, reason=reason)
        assert asked == did, (place, unit, actor.id, reason)
        allowed = isinstance(did, dict) and did["allowed"]
        assert store.put_back() == (len(unit) if allowed else 0)
        done += allowed
    assert done >= 20


INPUTS = {
    "inspect": [Inspected(findings=FINDINGS)],
    "quote": [QuoteSent(amount=9_000), QuoteSent(amount=60_000)],
    "agree": [QuoteAgreed()],
    "test": [Ridden(passed=True), Ridden(passed=False)],
    "discount-given": [DiscountGiven(percent=5)],
}


@pytest.mark.parametrize("place", PLACES)
def test_an_option_is_open_if_and_only_if_doing_it_succeeds(place):
    book, store, case_id = trial(place)
    for actor in ACTORS:
        found = {option.name: option for option in book.options(case_id, by=actor)}
        for name in NAMES:
            option = found.get(name)
            reasons = list(option.reasons) if option else []
            if option and option.reason_required and not reasons:
                reasons = ["free words"]
            succeeds = []
            for step, reason in product(INPUTS.get(name, [name]), reasons or [None]):
                data = answer(book.do, case_id, step, by=actor, reason=reason)
                succeeds.append(isinstance(data, dict) and data["allowed"])
                store.put_back()
            if option is None:
                assert not any(succeeds), (place, name)
            elif option.needs or option.reasons or option.reason_required:
                assert option.open == any(succeeds), (place, name, actor.id)
            else:
                assert option.open == all(succeeds), (place, name, actor.id)


@pytest.mark.parametrize("place", PLACES)
def test_an_option_that_needs_nothing_answers_as_asking_by_its_name_does(place):
    book = shop_book(MemoryStorage())
    case_id = stand(book, place)
    for actor in ACTORS:
        for option in book.options(case_id, by=actor):
            if option.needs:
                with pytest.raises(PayloadNeeded):
                    book.ask(case_id, option.name, by=actor)
            elif not option.reason_required:
                (asked,) = book.ask(case_id, option.name, by=actor).judgements
                assert asked.results == option.judgement.results
                assert asked.target == option.target


# -- waiting and awaiting --------------------------------------------------------------------


class AwaitedStorage:
    """A store whose calls are awaited, as those of an asynchronous driver are."""

    def __init__(self):
        self.store = MemoryStorage()

    def __getattr__(self, name):
        verb = getattr(self.store, name)

        async def awaited(*args, **given):
            await asyncio.sleep(0)
            return verb(*args, **given)

        return awaited


SCRIPT = [
    ("open", (), {"client": "c", "by": ANA, "command_id": "o1"}),
    ("open", (), {"client": "c", "by": ANA, "command_id": "o1"}),
    ("open", (), {"client": "d", "by": ANA, "case_id": "R-1"}),
    ("open", (), {"client": "", "by": ANA}),
    ("record", ("R-1", BikeDescribed(words="x")), {"by": ANA, "at": START - DAY}),
    ("record", ("R-1", "inspect"), {"by": ANA}),
    ("do", ("R-1", Inspected(findings=FINDINGS)), {"by": ANA}),
    ("options", ("R-1",), {"by": MO}),
    ("do", ("R-1", Inspected(findings=FINDINGS)), {"by": MO}),
    ("ask", ("R-1", QuoteSent(amount=60_000)), {"by": ANA}),
    ("do", ("R-1", QuoteSent(amount=60_000)), {"by": ANA}),
    ("do", ("R-1", QuoteSent(amount=9_000)), {"by": ANA, "version": 7}),
    ("do", ("R-1", QuoteSent(amount=9_000)), {"by": ANA, "command_id": "c1"}),
    ("do", ("R-1", QuoteSent(amount=9_000)), {"by": ANA, "command_id": "c1"}),
    ("do", ("R-1", QuoteSent(amount=9_001)), {"by": ANA, "command_id": "c1"}),
    ("do", ("R-1", QuoteAgreed()), {"by": ANA}),
    ("do", ("R-1", "start"), {"by": ANA}),
    ("do", ("R-1", PartArrived(part="chain"), "start"), {"by": ANA}),
    ("do", ("R-1", Corrected(number=5, event=QuoteAgreed(words="sure"))), {"by": ANA}),
    ("do", ("R-1", "hold"), {"by": ANA, "reason": "holiday"}),
    ("do", ("R-1", "resume"), {"by": ANA}),
    ("do", ("R-1", Ridden(passed=True)), {"by": MO}),
    ("do", ("R-1", Paid(amount=9_000), "collect"), {"by": ANA}),
    ("owed", ("R-1",), {"now": START + HOUR}),
    ("do", ("R-1", "nonsense"), {"by": ANA}),
    ("case", ("R-1",), {}),
    ("case", ("R-1",), {"as_of": START - HOUR}),
    ("case", ("R-1",), {"known": START}),
    ("case", ("R-2",), {}),
    ("history", ("R-1",), {}),
    ("case_ids", (), {}),
]


def shown(found):
    """What a call gave, so that it can be compared: everything that a caller sees."""
    if isinstance(found, CaseflowError):
        return type(found), str(found)
    if hasattr(found, "verdict"):
        data = found.verdict.to_data()
        return found.case, found.events, data, found.replayed, found.undelivered
    if hasattr(found, "to_data"):
        return found.to_data()
    if isinstance(found, tuple) and found and hasattr(found[0], "judgement"):
        return [(option.name, option.open, option.judgement.results) for option in found]
    return found


def waited(store):
    book, found = shop_book(store), []
    for verb, args, given in SCRIPT:
        try:
            found.append(shown(getattr(book, verb)(*args, **given)))
        except CaseflowError as error:
            found.append(shown(error))
    return found


async def awaited(store):
    numbers = iter(range(1, 100))
    book = AsyncCasebook(
        shop, store, clock=Clock(), roles=ROLES, new_id=lambda: f"R-{next(numbers)}"
    )
    found = []
    for verb, args, given in SCRIPT:
        try:
            found.append(shown(await getattr(book, verb)(*args, **given)))
        except CaseflowError as error:
            found.append(shown(error))
    return found


def test_the_async_book_gives_the_same_outcomes_over_every_store(tmp_path, postgres_server):
    expected = waited(MemoryStorage())
    assert sum(isinstance(item, tuple) and isinstance(item[0], type) for item in expected) == 10
    first = SQLStorage(f"sqlite:///{tmp_path / 'first.db'}")
    second = SQLStorage(f"sqlite:///{tmp_path / 'second.db'}")
    assert waited(first) == expected
    for store in (MemoryStorage(), second, AwaitedStorage()):
        assert asyncio.run(awaited(store)) == expected
    with postgres_server.database() as first_url, postgres_server.database() as second_url:
        third = SQLStorage(first_url)
        assert waited(third) == expected
        third.close()

        async def on_postgresql():
            store = AsyncSQLStorage(second_url)
            found = await awaited(store)
            await store.close()
            return found

        assert asyncio.run(on_postgresql()) == expected
    first.close()
    second.close()


def test_many_tasks_may_use_one_async_book():
    async def work(store):
        book = AsyncCasebook(shop, store, clock=Clock(), roles=ROLES)
        case_id = (await book.open(client="c", by="ana")).case.id
        await asyncio.gather(*(book.record(case_id, Paid(amount=1), by="ana") for _ in range(5)))
        return await book.case(case_id)

    for store in (MemoryStorage(), AwaitedStorage()):
        case = asyncio.run(work(store))
        assert (case.version, case.state.paid) == (6, 5)
