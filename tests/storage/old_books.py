"""The books that wrote the databases of schema 0002 which are kept here, and what they know.

`schema_0002.sql` (SQLite) and `schema_0002_postgres.sql` were written by the last code of that
schema: a repair shop in the clear, and case work of two agencies under a cipher, of which one
client was erased; with commands, snapshots, amendments, holds, leads that are counted, and
consumers that stand in the middle of the feed.
"""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from typing import Any

from caseflow import ERASED, Casebook, Retention
from caseflow.stages import six_stage
from tests.support.toy_cipher import ToyCipher
from tests.support.trades import START, Clock, shop_book

ERASED_CLIENT = "P-2"
CONSUMERS = {"north": "mail", "south": "count", "west": "mail"}
LATER = Clock(START + timedelta(days=30))


class Destroying(ToyCipher):
    """A toy cipher that tells nothing of those whose keys were destroyed."""

    def __init__(self, *erased: str) -> None:
        super().__init__()
        self.gone = {self.pseudonym(subject) for subject in erased}

    def open(self, subject: Any, sealed: Any, /) -> Any:
        owner = b64decode(sealed).partition(b"|")[0].decode()
        return ERASED if owner in self.gone else super().open(subject, sealed)

    def subject(self, pseudonym: Any, /) -> Any:
        return pseudonym if pseudonym in self.gone else super().subject(pseudonym)


def old_books(store: Any) -> list[Casebook[Any]]:
    """The three of them, a month later, on a store of any schema."""
    given: dict[str, Any] = {"retention": Retention(), "clock": LATER}
    return [
        shop_book(store, agency="north", **given),
        Casebook(six_stage, store, agency="south", cipher=Destroying(ERASED_CLIENT), **given),
        Casebook(six_stage, store, agency="west", cipher=Destroying(), **given),
    ]
