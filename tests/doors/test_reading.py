"""What the list of cases and the feed are asked for is looked at before anything is read."""

import asyncio
import json
import threading
from base64 import urlsafe_b64encode

import pytest

from caseflow import AsyncCasebook, Casebook, InvalidCall
from caseflow.casebook.finding.cursor import cursor_at
from caseflow.casebook.given import LAST, MOST_AT_ONCE
from caseflow.kernel.errors import short
from caseflow.storage import MemoryStorage, Place, Query
from tests.support.trades import ANA, shop, shop_book

HOW_MANY = (
    "is no whole number from 1 to 10,000. "
    "Give how many to read at a time, and go on after the last of them."
)
WHERE = "is no whole number from 0 to 9,223,372,036,854,775,807. Give a position of the feed."
NUMBERS = {
    "find(limit)": (lambda book, n: book.find(limit=n), "limit", HOW_MANY),
    "every(page)": (lambda book, n: list(book.every(page=n)), "page", HOW_MANY),
    "feed(page)": (lambda book, n: list(book.feed(page=n)), "page", HOW_MANY),
    "feed(after)": (lambda book, n: list(book.feed(after=n)), "after", WHERE),
    "consume(limit)": (lambda book, n: book.consume("k", print, limit=n), "limit", HOW_MANY),
}


@pytest.mark.parametrize(
    "number", [-1, 2**63, 2**64, True, 1.0, "1", None, [1]], ids=lambda number: repr(number)[:9]
)
@pytest.mark.parametrize("door", NUMBERS)
def test_a_number_that_is_none_or_out_of_bounds_is_told(door, number):
    ask, name, problem = NUMBERS[door]
    with pytest.raises(InvalidCall) as refused:
        ask(shop_book(MemoryStorage()), number)
    assert str(refused.value) == f"{name}={number!r} {problem}"


@pytest.mark.parametrize("door", NUMBERS)
def test_a_number_too_large_to_be_written_out_is_told(door):
    ask, name, problem = NUMBERS[door]
    with pytest.raises(InvalidCall) as refused:
        ask(shop_book(MemoryStorage()), 10**5000)
    assert str(refused.value) == f"{name}=int(...) {problem}"


def test_every_number_within_bounds_is_taken_by_every_store(any_store):
    book = shop_book(any_store)
    book.open(client="c", by=ANA)
    for most in (1, MOST_AT_ONCE):
        assert len(book.find(limit=most).cases) == len(list(book.every(page=most))) == 1
        assert [one.position for one in book.feed(page=most)] == [1]
    with pytest.raises(InvalidCall):
        book.find(limit=MOST_AT_ONCE + 1)
    assert list(book.feed(after=LAST)) == []
    last = cursor_at(Place("", LAST), book.agency, Query(workflow=book.workflow.name))
    assert book.find(after=last).cases == ()
    assert book.consume("k", lambda event: None, limit=MOST_AT_ONCE) == 1


def cursor(*content):
    """A text as `next` is, with whatever in it."""
    return urlsafe_b64encode(json.dumps(content).encode()).decode()


NO_PLACES = [
    3,
    ("", 1),
    Place("", 1),
    "",
    "A",
    "\u010desk\u00fd",
    "\ud800",
    "a" * 2_000,
    cursor(),
    cursor("d", ""),
    cursor("d", "", 2**63),
    cursor("d", "", 10**30),
    cursor("d", "", -1),
    cursor("d", "", "1"),
    cursor("d", "", True),
    cursor("d", None, 1),
    cursor("d", "a\0", 1),
    cursor(1, "", 1),
]


@pytest.mark.parametrize("place", NO_PLACES, ids=repr)
def test_a_place_in_the_list_that_is_none_is_told(place):
    with pytest.raises(InvalidCall) as refused:
        shop_book(MemoryStorage()).find(after=place)
    assert str(refused.value) == (
        f"after={short(place)} is no place in a list. "
        "Give the `next` of the page before, or leave it out."
    )


def test_a_place_by_what_is_due_is_none_in_a_list_that_does_not_go_by_it():
    book = shop_book(MemoryStorage())
    place = Place("2026-01-01", 1)
    after = cursor_at(place, book.agency, Query(workflow=book.workflow.name))
    with pytest.raises(InvalidCall, match="is the `next` of another search"):
        book.find(after=after)


AN_ID = "Give a text that is not empty."

WANTED = {
    "a version that is no text": ({"workflow_version": 1}, f"workflow_version=1 is no id. {AN_ID}"),
    "a version with NUL": (
        {"workflow_version": "1\0"},
        "workflow_version='1\\x00' holds characters that cannot be stored. "
        "Leave out NUL and lone surrogates.",
    ),
    "ended by number": (
        {"ended": 1},
        "ended=1 is neither True nor False. Give one of them, or leave ended out.",
    ),
    "ended by word": (
        {"ended": "yes"},
        "ended='yes' is neither True nor False. Give one of them, or leave ended out.",
    ),
    "no client": ({"client": ["c"]}, f"client=['c'] is no id. {AN_ID}"),
}


@pytest.mark.parametrize("mistake", WANTED)
def test_what_cases_are_found_by_is_looked_at(mistake):
    wanted, sentence = WANTED[mistake]
    with pytest.raises(InvalidCall) as refused:
        shop_book(MemoryStorage()).find(**wanted)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("handle", [None, "print", 5])
def test_a_consumer_works_with_a_function(handle):
    book = shop_book(MemoryStorage())
    book.open(client="c", by=ANA)
    sentence = (
        f"handle={handle!r} is no function. Give a function of the FeedEvent: consume('k', handle)."
    )
    with pytest.raises(InvalidCall) as refused:
        book.consume("k", handle)
    assert str(refused.value) == sentence
    with pytest.raises(InvalidCall) as refused:
        asyncio.run(AsyncCasebook(shop, MemoryStorage()).consume("k", handle))
    assert str(refused.value) == sentence
    assert book.consume("k", lambda event: None) == 1


POLLS = (
    "is no number of seconds from 0 to 2,000,000. "
    "Give after how long to look for news, such as poll=1."
)


class Joining(MemoryStorage):
    """A store that is its own transaction."""

    def within(self, transaction):
        return self

    within_async = within


def followed(awaited, *, joined=False, **given):
    """What is said of how `follow` is called."""
    book = (AsyncCasebook if awaited else Casebook)(shop, Joining())
    if joined:
        book = book.within("a transaction")

    def follow():
        following = book.follow("k", print, **given)
        return asyncio.run(following) if awaited else following

    with pytest.raises(InvalidCall) as refused:
        follow()
    return str(refused.value)


@pytest.mark.parametrize("poll", [None, "soon", -1, float("nan"), float("inf"), True, 10**10])
@pytest.mark.parametrize("awaited", [False, True])
def test_a_follower_looks_after_a_number_of_seconds(awaited, poll):
    stop = asyncio.Event() if awaited else threading.Event()
    assert followed(awaited, stop=stop, poll=poll) == f"poll={poll!r} {POLLS}"


@pytest.mark.parametrize("awaited", [False, True])
def test_a_follower_keeps_no_transaction_open(awaited):
    stop = threading.Event()
    stop.set()
    assert followed(awaited, joined=True, stop=stop) == (
        "follow(...) comes on a book inside a transaction, which it would keep open until stopped. "
        "Begin a transaction for each batch, and in it call within(...).consume(...)."
    )


@pytest.mark.parametrize("mistake", ["nothing", "a function", "the class", "the other kind"])
@pytest.mark.parametrize("awaited", [False, True])
def test_a_follower_is_stopped_by_an_event_of_its_kind(awaited, mistake):
    ours, other = asyncio.Event, threading.Event
    if not awaited:
        ours, other = other, ours
    given = {"nothing": None, "a function": print, "the class": ours, "the other kind": other()}
    kind = "asyncio.Event" if awaited else "threading.Event"
    sentence = followed(awaited, stop=given[mistake])
    assert sentence.startswith("stop=")
    assert sentence.endswith(
        f" is no {kind}. Make one, and set it when it is to end: follow(..., stop={kind}())."
    )
