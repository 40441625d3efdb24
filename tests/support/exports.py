"""Stores that were worked on, their exports, and what became of them elsewhere."""

import io
from typing import Any

import pytest

from caseflow import DamagedFile, Entry
from caseflow.storage import MemoryStorage
from tests.support.trades import ANA, BOSS, STEPS, BikeDescribed, Paid, shop_book

PLACES = list(STEPS)


def played(plan: Any, store: Any = None, **options: Any) -> Any:
    """A book with a case for each (place, words) of a plan."""
    book = shop_book(store or MemoryStorage(), **options)
    for number, (place, words) in enumerate(plan):
        case_id = book.open(client=f"c-{number}", by=ANA, command_id=f"open-{number}").case.id
        for name in PLACES[1 : PLACES.index(place) + 1]:
            book.do(case_id, *STEPS[name], by=BOSS, command_id=f"{case_id}-{name}")
        told = Entry(BikeDescribed(words=words), subject=f"c-{number}-mother")
        book.record(case_id, told, Paid(amount=number), by=ANA, reason=words or None)
    return book


def exported(book: Any) -> Any:
    """The bytes of an export of a book."""
    file = io.BytesIO()
    book.export(file)
    return file.getvalue()


def imported(content: Any, store: Any = None, **options: Any) -> Any:
    """A book on another store, in which an export was imported."""
    book = shop_book(store or MemoryStorage(), **options)
    book.import_from(io.BytesIO(content))
    return book


def refused(content: Any, kind: Any = DamagedFile) -> Any:
    """The error of an import, which left nothing behind."""
    store = MemoryStorage()
    with pytest.raises(kind) as error:
        shop_book(store).import_from(io.BytesIO(content))
    assert (store.agencies(), store.feed("agency")) == ([], [])
    return error.value


WHOLE = exported(played([("looked-at", "x"), ("dropped-off", "y")]))
LINES = WHOLE.splitlines(keepends=True)
