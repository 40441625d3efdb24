"""The feed of an agency's events, and the consumers that work through it.

Every committed event comes once, each case's in order. A consumer has a name and a checkpoint:
the position up to which it has done its work. The checkpoint moves after the work, or in one
transaction with it, and never before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from caseflow.casebook import store_calls
from caseflow.casebook.given import LAST, a_number, an_id, how_many, works_when_called
from caseflow.casebook.store_calls import Work
from caseflow.kernel.codec import Codec
from caseflow.kernel.errors import (
    ChainBroken,
    ConsumerMoved,
    InvalidCall,
    UnreadableRecord,
    nearest,
    short,
)
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.stored import holds_hash
from caseflow.storage.port import Checkpoint, FeedEntry


@attrs.frozen
class FeedEvent:
    """An event of the feed. Positions count from 1 without a gap, and never change."""

    position: int
    recorded: AnyRecorded


@attrs.frozen
class Consumer:
    """How far a consumer is: its work is done up to `position`, and `lag` positions follow.

    Positions of other workflows' events count, which it will pass over.
    """

    name: str
    position: int
    lag: int


@attrs.frozen
class Batch:
    """What a consumer works on: its events, and where it stands and will stand."""

    consumer: str
    begun: Checkpoint
    end: int
    events: tuple[FeedEvent, ...]

    @property
    def start(self) -> int:
        """The position where it stands."""
        return self.begun.position


ROLL_BACK = "Roll this transaction back: its work is then undone, and that of the other one counts."
"""What to do where the work was done in one transaction with the checkpoint."""

Handle = Callable[[FeedEvent], Any]
"""The work of a consumer on one event."""


class Feed:
    """The feed of one agency."""

    def __init__(self, agency: str, codec: Codec, workflow: str) -> None:
        self._agency = agency
        self._codec = codec
        self._workflow = workflow

    def page(
        self, *, after: int, limit: int, called: str = "limit"
    ) -> Work[tuple[int, tuple[FeedEvent, ...]]]:
        """At most `limit` events after a position, and the position up to which they reach.

        Events of other workflows are passed over. Where the position that comes back is the
        one that was given, there is nothing more yet. `called` is what the caller calls the
        limit. Raises `ChainBroken` for an event that was changed after it was written: nobody
        is to work on what never happened; and `UnreadableRecord` for one that cannot be read. What
        comes before it comes first.
        """
        a_number("after", after, "Give a position of the feed.", least=0, most=LAST)
        how_many(called, limit)
        entries = yield from store_calls.feed(self._agency, after=after, limit=limit)
        while True:
            try:
                events = self._decoded(entries)
                break
            except (ChainBroken, UnreadableRecord):
                if len(entries) <= 1:
                    raise
                entries = entries[: len(entries) // 2]
        return entries[-1].position if entries else after, events

    def _decoded(self, entries: Sequence[FeedEntry]) -> tuple[FeedEvent, ...]:
        """Those of this workflow, once all were found to be as they were written."""
        mine = [entry for entry in entries if entry.event.workflow == self._workflow]
        self._codec.generation()
        events = self._codec.decode_all(entry.event for entry in mine)
        for entry in entries:  # whose workflow it says it is may be what was changed
            if not holds_hash(entry.event):
                case_id, number = entry.event.case_id, entry.event.number
                problem = "was changed after it was written"
                raise ChainBroken(case_id=case_id, number=number, problem=problem)
        return tuple(map(FeedEvent, (entry.position for entry in mine), events))

    def batch(self, consumer: str, handle: Handle, *, limit: int, awaited: bool) -> Work[Batch]:
        """What a consumer has to work on next. `awaited` is whether a coroutine is of use."""
        an_id("consumer", consumer)
        if not callable(handle):
            raise InvalidCall(
                what=f"handle={short(handle)}",
                problem="is no function",
                repair=f"Give a function of the FeedEvent: consume({consumer!r}, handle).",
            )
        works_when_called(f"consume({consumer!r}, ...)", handle, awaited=awaited)
        begun = yield from store_calls.checkpoint(self._agency, consumer)
        if begun.workflow not in ("", self._workflow):
            raise InvalidCall(
                what=f"consumer={short(consumer)}",
                problem=f"belongs to workflow {begun.workflow!r}, and this book is of "
                f"{self._workflow!r}: each would pass over the events of the other",
                repair="Give it a name of its own here.",
            )
        reached, events = yield from self.page(after=begun.position, limit=limit)
        return Batch(consumer, begun, reached, events)

    def advance(self, batch: Batch, position: int, *, joined: bool = False) -> Work[None]:
        """Move a consumer's checkpoint. Raises `ConsumerMoved` where another one did.

        `joined` is whether that is done in one transaction with the work.
        """
        if position != batch.start:
            yield from self._move(batch.consumer, batch.begun, position, joined=joined)

    def _move(
        self, consumer: str, begun: Checkpoint, position: int, *, joined: bool = False
    ) -> Work[None]:
        workflow = begun.workflow or self._workflow
        moved = yield from store_calls.advance(
            self._agency, consumer, expected=begun, position=position, workflow=workflow
        )
        if not moved:
            where = {"agency": self._agency, "position": begun.position}
            undone = {"repair": ROLL_BACK} if joined else {}
            raise ConsumerMoved(consumer=consumer, **where, **undone)

    def consumers(self) -> Work[tuple[Consumer, ...]]:
        """Every consumer that has a checkpoint, by name."""
        end, found = yield from store_calls.consumers(self._agency)
        stand = {  # a store may hold what is no position: see verify_all
            name: at if type(at) is int else 0 for name, (at, *_) in found.items()
        }
        return tuple(
            Consumer(name, position, max(end - position, 0))
            for name, position in sorted(stand.items())
        )

    def begin(self, consumer: str, *, at: int | None) -> Work[int]:
        """Place a consumer that has done no work yet."""
        an_id("consumer", consumer)
        end, found = yield from store_calls.consumers(self._agency)
        at = end if at is None else _inside("at", at, end)
        placed = consumer not in found and (
            yield from store_calls.advance(
                self._agency,
                consumer,
                expected=Checkpoint(),
                position=at,
                workflow=self._workflow,
            )
        )
        if not placed:
            raise InvalidCall(
                what=f"consumer={short(consumer)}",
                problem="has begun already",
                repair="See where it stands with consumers(), and move it: "
                "reset_consumer(name, to=...).",
            )
        return at

    def reset(self, consumer: str, *, to: int) -> Work[None]:
        """Move a consumer's checkpoint to any position of the feed."""
        end, begun = yield from self._standing(consumer)
        yield from self._move(consumer, begun, _inside("to", to, end))

    def delete(self, consumer: str) -> Work[None]:
        """Delete a consumer's checkpoint."""
        yield from self._standing(consumer)
        yield from store_calls.delete_consumer(self._agency, consumer)

    def _standing(self, consumer: str) -> Work[tuple[int, Checkpoint]]:
        """The end of the feed, and a consumer's checkpoint. Raises `InvalidCall` without one."""
        an_id("consumer", consumer)
        end, found = yield from store_calls.consumers(self._agency)
        if consumer not in found:
            raise InvalidCall(
                what=f"consumer={short(consumer)}",
                problem=f"has no checkpoint in agency {self._agency!r}",
                repair=nearest(consumer, sorted(found))
                if found
                else "No consumer has one yet: it gets one when its first batch is done, or by "
                "begin_consumer(name, at=...).",
            )
        return end, found[consumer]


def _inside(name: str, position: int, end: int) -> int:
    """A position that was given, which has to be one of the feed."""
    a_number(name, position, "Give a position of the feed.", least=0, most=LAST)
    if position > end:
        raise InvalidCall(
            what=f"{name}={position}",
            problem=f"is after the end of the feed, which is at {end}",
            repair="Give a position that was read from the feed.",
        )
    return position
