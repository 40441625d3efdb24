"""Walking over the list of cases, page by page, so that no more than a page is in memory."""

from __future__ import annotations

from collections.abc import Sequence

from caseflow.casebook import store_calls
from caseflow.casebook.store_calls import Work
from caseflow.kernel.errors import ChainBroken
from caseflow.storage.port import Found, Place, Query

PAGE = 500
"""How many cases are read from the list at a time."""


EVERY = Query()


class Pages:
    """The pages of a list, each read when it is asked for."""

    def __init__(self, agency: str, query: Query = EVERY) -> None:
        self._agency = agency
        self._query = query
        self._place: Place | None = None

    def next(self) -> Work[Sequence[Found]]:
        """The cases after those that were seen; empty where there are none (by now)."""
        page = yield from store_calls.find(self._agency, self._query, after=self._place, limit=PAGE)
        if page:
            self._place = page[-1].place
        return page


def all_of(agency: str, query: Query = EVERY) -> Work[tuple[Found, ...]]:
    """Every case of an agency that a query finds."""
    found: list[Found] = []
    while True:
        place = found[-1].place if found else None
        page = yield from store_calls.find(agency, query, after=place, limit=PAGE)
        found += page
        if len(page) < PAGE:
            return tuple(found)


def listed_as(agency: str, case_id: str) -> Work[Found | None]:
    """What the list says of one case."""
    found = yield from store_calls.find(agency, Query(case_id=case_id), limit=1)
    return found[0] if found else None


def see_that_all_are_listed(agency: str) -> Work[None]:
    """See that who goes through the list leaves no case out. Raises `ChainBroken` for one."""
    for one in (yield from store_calls.loose_ends(agency)):
        if one.kind == "history":
            raise ChainBroken(
                case_id=one.case_id,
                number=one.number,
                problem="is there, and the list of cases does not show the case",
                repair=f"Bring it back with mend({one.case_id!r}, ...), from an export that holds "
                "it, or with accept_loss=True and no file; if there was never such a case, delete "
                "its rows from caseflow_events. See docs/howto-verify.md.",
            )
