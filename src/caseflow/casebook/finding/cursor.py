"""Where the next page of a search begins, as a text that goes anywhere text goes.

It belongs to its search: what was looked for stands in it as a digest. The moment of `due_by`
does not, for who looks for what is due by now looks by another moment with each page.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

import orjson

from caseflow.casebook.given import LAST
from caseflow.kernel.errors import InvalidCall, short
from caseflow.kernel.values import storable
from caseflow.storage.port import Place, Query

LONGEST = 1_000
"""So long a text is never given as a cursor."""


def cursor_at(place: Place, agency: str, query: Query) -> str:
    """The text for a place in the list that a search gave."""
    written = orjson.dumps([_digest(agency, query), *place], default=repr)  # SQLite keeps any
    return urlsafe_b64encode(written).decode().rstrip("=")


def place_at(after: object, agency: str, query: Query) -> Place:
    """The place that a text stands for. Raises `InvalidCall` where it is none of this search."""
    found = _read(after)
    if found is None:
        raise InvalidCall(
            what=f"after={short(after)}",
            problem="is no place in a list",
            repair="Give the `next` of the page before, or leave it out.",
        )
    digest, place = found
    if digest != _digest(agency, query) or (place.due_at and query.due_by is None):
        raise InvalidCall(
            what=f"after={short(after)}",
            problem="is the `next` of another search",
            repair="Look for the same as on the page before, or leave it out.",
        )
    return place


def _read(after: object) -> tuple[str, Place] | None:
    """What stands in a text. Whoever sends one on to a browser gets any back."""
    if not isinstance(after, str) or len(after) > LONGEST:
        return None
    try:
        digest, due_at, opened = orjson.loads(urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (ValueError, TypeError):
        return None
    if not isinstance(digest, str) or not isinstance(due_at, str) or not storable(due_at):
        return None
    if type(opened) is not int or not 0 <= opened <= LAST:
        return None
    return digest, Place(due_at, opened)


def _digest(agency: str, query: Query) -> str:
    """What tells a search from others."""
    asked = query._replace(due_by=None if query.due_by is None else "")
    return sha256(orjson.dumps([agency, *asked])).hexdigest()[:16]
