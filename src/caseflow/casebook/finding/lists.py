"""Finding cases by what the list says of them, page by page."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict

import attrs

from caseflow.casebook import store_calls
from caseflow.casebook.finding.cursor import cursor_at, place_at
from caseflow.casebook.finding.listing import held_as
from caseflow.casebook.given import an_id, how_many
from caseflow.casebook.loading import Loader
from caseflow.casebook.store_calls import Work
from caseflow.kernel.convert import instant, moment_of
from caseflow.kernel.errors import InvalidCall, nearest, short
from caseflow.kernel.recorded import aware
from caseflow.storage.port import Found, Place, Query

log = logging.getLogger("caseflow")


class Wanted(TypedDict, total=False):
    """Which cases are looked for: those that fit everything given."""

    stage: str
    client: str
    subject: str
    """Whose data they hold: the client, or somebody else whose data was recorded."""
    workflow_version: str
    where: Mapping[str, str]
    """An index of the workflow, and the value that it holds them under."""
    due_by: datetime
    ended: bool


@attrs.frozen(kw_only=True)
class Listed:
    """A case as the list knows it, without its history.

    `due_at` is the first moment at which something may be due; `owed` tells exactly. `keys`
    are the names and values under which indexes hold it; those that are personal, with a
    cipher, cannot be read, nor can those that are too long (a digest stands for them).
    """

    id: str
    version: int
    client: str
    workflow_version: str
    position: str
    stage: str
    ended: bool
    due_at: datetime | None
    keys: tuple[tuple[str, str], ...]


@attrs.frozen
class Page:
    """A page of the list: its cases, and where the next one begins (None: this was the last).

    `next` is a text, to be given as `after` to the same search.
    """

    cases: tuple[Listed, ...]
    next: str | None


class Lists:
    """The list of the cases of one workflow and agency."""

    def __init__(self, loader: Loader[Any]) -> None:
        self._loader = loader
        self._workflow = loader.workflow
        self._versions = loader.versions
        self._agency = loader.agency
        self._codec = loader.codec

    def find(self, wanted: Wanted, *, after: str | None, limit: int) -> Work[Page]:
        """One page of the cases that fit. Raises `InvalidCall` for what there is not."""
        query = self._asked(wanted, "limit", limit)
        place = place_at(after, self._agency, query) if after is not None else None
        cases, last = yield from self._page(query, place, limit)
        return Page(cases, cursor_at(last, self._agency, query) if last is not None else None)

    def some(
        self, wanted: Wanted, *, after: Place | None, limit: int, called: str = "limit"
    ) -> Work[tuple[tuple[Listed, ...], Place | None]]:
        """The cases of one page, and the last one's place, whatever it is; None: no more follow.

        `called` is what the caller calls the limit. Raises `InvalidCall` for what there is not.
        """
        return (yield from self._page(self._asked(wanted, called, limit), after, limit))

    def _asked(self, wanted: Wanted, called: str, limit: int) -> Query:
        how_many(called, limit)
        self._codec.generation()
        return self.query(wanted)

    def _page(
        self, query: Query, after: Place | None, limit: int
    ) -> Work[tuple[tuple[Listed, ...], Place | None]]:
        by_person = query.client is not None or query.subject is not None
        if by_person and self._codec.cipher is not None:  # with other keys, there is no such person
            yield from self._loader.see_that_its_keys_fit()
        found = yield from store_calls.find(self._agency, query, after=after, limit=limit + 1)
        cases = tuple(self._listed(one) for one in found[:limit])
        return cases, found[limit - 1].place if len(found) > limit else None

    def query(self, wanted: Wanted) -> Query:
        """What the store is asked for."""
        for name in wanted:
            if name not in Wanted.__annotations__:
                raise InvalidCall(
                    what=f"find({name}=...)",
                    problem="is nothing that cases are found by",
                    repair=nearest(name, Wanted.__annotations__),
                )
        stage = wanted.get("stage")
        stages = [one.id for held in self._versions.values() for one in held.stages]
        if stage is not None and stage not in stages:
            raise InvalidCall(
                what=f"stage={short(stage)}",
                problem=f"is no stage of workflow {self._workflow.name!r}",
                repair=nearest(str(stage), stages),
            )
        _true_or_false("ended", wanted.get("ended"))
        for name in ("client", "subject", "workflow_version"):
            if wanted.get(name) is not None:
                an_id(name, wanted.get(name))
        client, subject, due_by = wanted.get("client"), wanted.get("subject"), wanted.get("due_by")
        pseudonym = self._codec.pseudonym
        return Query(
            workflow=self._workflow.name,
            workflow_version=wanted.get("workflow_version"),
            stage=stage,
            client=pseudonym(client) if client is not None else None,
            subject=pseudonym(subject) if subject is not None else None,
            key=self._key(wanted.get("where")),
            due_by=instant(aware(due_by, name="due_by")) if due_by is not None else None,
            ended=wanted.get("ended"),
        )

    def _key(self, where: Mapping[str, str] | None) -> tuple[str, str] | None:
        if where is None:
            return None
        given: Any = where
        if not isinstance(given, Mapping) or len(given) != 1:
            raise InvalidCall(
                what=f"where={short(where)}",
                problem="names no index, or more than one",
                repair="Give one index and a value, such as where={'lead': 'mo'}.",
            )
        ((name, value),) = where.items()
        index = self.index(name)
        if not isinstance(value, str):
            raise InvalidCall(
                what=f"where={short(where)}", problem="looks for no text", repair="Give a text."
            )
        return name, held_as(index, value, self._codec)

    def index(self, name: str) -> Any:
        """The index of this name. Raises `InvalidCall` with those that there are."""
        found = next((one for one in self._workflow.indexes if one.name == name), None)
        if found is None:
            raise InvalidCall(
                what=f"The index {name!r}",
                problem=f"is none of workflow {self._workflow.name!r}",
                repair=nearest(str(name), [one.name for one in self._workflow.indexes]),
            )
        return found

    def tally(self, name: str) -> Work[Mapping[str, int]]:
        """How many cases an index holds under each value."""
        self.index(name)
        return (yield from store_calls.tally(self._agency, name))

    def _listed(self, found: Found) -> Listed:
        listing = found.listing
        return Listed(
            id=found.case_id,
            version=found.version,
            client=self._codec.subject(listing.client),
            workflow_version=listing.workflow_version,
            position=listing.position,
            stage=listing.stage,
            ended=bool(listing.ended),
            due_at=_due_at(found),
            keys=listing.keys,
        )


def _due_at(found: Found) -> datetime | None:
    """When something may be due; None, and a word in the log, where that cannot be read."""
    text = found.listing.due_at
    try:
        return moment_of(text) if text is not None else None
    except ValueError:
        told = "The list says that case %s is due at %s, which is no moment: run reindex()."
        log.warning(told, short(found.case_id), short(text))
        return None


def _true_or_false(name: str, value: object) -> None:
    if value is not None and type(value) is not bool:
        raise InvalidCall(
            what=f"{name}={short(value)}",
            problem="is neither True nor False",
            repair=f"Give one of them, or leave {name} out.",
        )
