"""The storage port: what caseflow asks of a store. `memory.py` is the example to read first.

A store keeps rows (`StoredEvent`) and hands them back as they were. It judges nothing and
calls nothing back. Everything in it belongs to an agency, and no call sees another's. What a
store has to promise (`caseflow.testing.contract` tries all of it):

- `append` is all or nothing: the events, and whatever else stands in the unit.
- Of several writers at one version exactly one gets `Appended.DONE`, and of several that
  leaned on the same count and would change it, exactly one.
- What was acknowledged is durable, at the level the store states.
- The feed holds every committed event once, each case's in order, and at a position that
  never changes; what was rolled back is never in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from caseflow.kernel.stored import StoredEvent


class Head(NamedTuple):
    """Where a case stands in the store: number and hash of its last event."""

    version: int
    hash: str


class Snapshot(NamedTuple):
    """A case as it was folded up to a version: derived, and thrown away at will."""

    version: int
    text: str


class Listing(NamedTuple):
    """What the list of cases says of a case: what can be found without reading histories."""

    client: str
    workflow: str
    workflow_version: str
    position: str
    stage: str
    ended: bool
    due_at: str | None = None
    """The first moment at which something is due, as stored text; None: nothing is."""
    keys: tuple[tuple[str, str], ...] = ()
    """Names and values that the workflow indexes, such as ("lead", "mo"): sorted, each once."""


class Count(NamedTuple):
    """How many cases an index holds under a value, and a token that changes when that does."""

    name: str
    value: str
    cases: int
    token: int


class Unit(NamedTuple):
    """What is appended in one piece. `expected` is the version it was decided on (0: none)."""

    agency: str
    case_id: str
    expected: int
    events: tuple[StoredEvent, ...]
    command_id: str | None = None
    snapshot: str | None = None
    """A snapshot at the version after this unit; None: none was taken."""
    drop_snapshot: bool = False
    """The unit amends the history: a snapshot taken before it no longer holds."""
    listing: Listing | None = None
    """What the list says of the case from now on; None: the same as before. Given at opening."""
    listed: Listing | None = None
    """What the list said of it before, where that is known."""
    subjects: tuple[str, ...] = ()
    """Whose data the case holds from now on, besides those whose it held before."""
    counts: tuple[Count, ...] = ()
    """The counts that it was decided on: none of them may have changed since."""


class Appended(Enum):
    """What became of an append."""

    DONE = "done"
    CONFLICT = "conflict"
    """The case does not stand at the expected version, or a count has changed."""
    DUPLICATE = "duplicate"
    """The command id was used before, in this agency. Told before a conflict is."""


class Query(NamedTuple):
    """Which cases to list: those that fit everything given. None: whatever it is."""

    workflow: str | None = None
    workflow_version: str | None = None
    stage: str | None = None
    client: str | None = None
    subject: str | None = None
    key: tuple[str, str] | None = None
    """The name of an index, and a value that it holds cases under."""
    due_by: str | None = None
    """Something is due at this moment or before. Cases are then listed by when it is."""
    ended: bool | None = None
    case_id: str | None = None


class Place(NamedTuple):
    """Where a case stands in a list: after which the next page begins."""

    due_at: str
    """Empty, unless the list goes by what is due."""
    opened: int
    """A number that grows with each opening. A store may count it over all agencies."""


class Found(NamedTuple):
    """One case of a list."""

    case_id: str
    version: int
    listing: Listing
    place: Place


class FeedEntry(NamedTuple):
    """One event of the feed. Positions count from 1 without a gap, in each agency.

    Those of events that were lost, as where `mend` puts a shorter history, show nothing any
    more, whatever is written later: they are passed over.
    """

    position: int
    event: StoredEvent


class Checkpoint(NamedTuple):
    """Up to which position a consumer has done its work, and a token that each move changes.

    Moved on and back again, it is another one.
    """

    position: int = 0
    token: int = 0
    workflow: str = ""
    """The workflow on whose events it works: the others it passes over."""


class Consumers(NamedTuple):
    """How far the consumers of an agency have worked through its feed."""

    end: int
    """The position of the last event of the feed (0: there is none)."""
    checkpoints: Mapping[str, Checkpoint]
    """The checkpoint of each consumer that has one, by its name."""


class History(NamedTuple):
    """A whole history to be imported, with what the list says of its case."""

    case_id: str
    events: Sequence[StoredEvent]
    listing: Listing
    subjects: tuple[str, ...]


class Loose(NamedTuple):
    """Something in a store that does not fit the rest of it: what no foreign key watches over.

    `kind` says what it is:

    - `history`: a case has events, up to `number`, and is not listed.
    - `command`: command `name` is said to have written event `number`, which bears it not.
    - `subject`: the case is found by the data of `name`, of whom it has no event; `unheld`: the
      other way round.
    - `key`: an index holds the case under `name`, and it is not listed, or at another place.
    - `snapshot`: there is a snapshot, and no such case.
    - `place`: another case is listed at the same place, `number`.
    - `fed`: position `number` of the feed shows an event that is not there; `gap`: there is
      none before it; `unfed`: event `number` has none, and waits for none; `order`: position
      `number` shows an event of the case a second time, or not after the one before it.
    - `waiting`: place `number` among what waits for the feed holds what are no events; `again`:
      or events that are in the feed.
    - `consumer`: checkpoint `number` of consumer `name` is none that the feed has reached.
    - `odd`: a row holds a value of a kind that no store writes; `name` says where, and which.
    """

    kind: str
    case_id: str
    name: str = ""
    number: int = 0


class Storage(Protocol):
    """A store for one or more agencies. Raises `StoreError` where it fails, having done nothing.

    An agency, case, command or consumer of which nothing is known is no failure: it is answered
    with nothing (None, an empty sequence, 0), and nothing is done to it (False).
    """

    # -- histories ---------------------------------------------------------------------------

    def head(self, agency: str, case_id: str, /) -> Head | None:
        """Where a case stands, or None where there is no such case."""
        ...

    def read(
        self,
        agency: str,
        case_id: str,
        /,
        *,
        after: int = 0,
        types: Sequence[str] | None = None,
    ) -> Sequence[StoredEvent]:
        """The events after a number, in order; of the named types only, where given."""
        ...

    def append(self, unit: Unit, /) -> Appended:
        """Write a unit, or tell why not."""
        ...

    def command(self, agency: str, command_id: str, /) -> Sequence[StoredEvent]:
        """All events that a command wrote, and no others, in order; empty where it is unknown."""
        ...

    def snapshot(self, agency: str, case_id: str, /) -> Snapshot | None:
        """The newest snapshot of a case, if there is one."""
        ...

    # -- the list of cases -------------------------------------------------------------------

    def find(
        self, agency: str, query: Query, /, *, after: Place | None = None, limit: int = 100
    ) -> Sequence[Found]:
        """At most `limit` cases, in the order of their opening, or of what is due."""
        ...

    def count(self, agency: str, name: str, value: str, /, *, besides: str = "") -> Count:
        """How many cases an index holds under a value, one case left out."""
        ...

    def tally(self, agency: str, name: str, /) -> Mapping[str, int]:
        """How many cases an index holds under each value."""
        ...

    def relist(
        self, agency: str, case_id: str, /, *, version: int, listing: Listing, forget: bool = False
    ) -> bool:
        """Put a listing in the place of a case's. False where it stands at another version.

        `forget` drops its snapshot with it: what both were made of is no longer readable.
        """
        ...

    # -- the feed ----------------------------------------------------------------------------

    def feed(self, agency: str, /, *, after: int = 0, limit: int = 100) -> Sequence[FeedEntry]:
        """At most `limit` events after a position, in order."""
        ...

    def checkpoint(self, agency: str, consumer: str, /) -> Checkpoint:
        """Where a consumer stands: at `Checkpoint()` before it has done any work."""
        ...

    def advance(
        self,
        agency: str,
        consumer: str,
        /,
        *,
        expected: Checkpoint,
        position: int,
        workflow: str = "",
    ) -> bool:
        """Move a consumer's checkpoint, and keep the workflow with it that it is of.

        False where it is not `expected`.
        """
        ...

    def consumers(self, agency: str, /) -> Consumers:
        """The checkpoints of all consumers, and where the feed ends now."""
        ...

    def delete_consumer(self, agency: str, consumer: str, /) -> bool:
        """Delete a consumer's checkpoint, as if it had never worked. False where it has none."""
        ...

    # -- everything at once ------------------------------------------------------------------

    def agencies(self) -> Sequence[str]:
        """The agencies that have cases here, sorted. For those who keep the store."""
        ...

    def restore(self, agency: str, histories: Iterable[History], /) -> int:
        """Write whole histories, all or none, and return how many events they hold.

        Raises `CaseExists` where there is such a case, and `CommandReused` where a command id
        of theirs was used, or is that of two of their units.
        """
        ...

    def mend(self, agency: str, history: History, /, *, head: Head | None) -> bool:
        """Put a whole history in the place of all that is kept of its case.

        False where the case does not end at `head` (None: it is not listed). Its place in the
        list and the positions of its events in the feed stay; but those of events that were not
        there show nothing any more, since consumers may have passed them, and the events come at
        the end. All else is as the history has it: its snapshot is dropped, it holds the data of
        those `subjects` alone, the commands that it lacks are unknown, and a count under whose
        value the case comes or goes has another token. Raises `CommandReused` where another case
        used a command id of its, or two of its units have one.
        """
        ...

    def loose_ends(self, agency: str, /, *, mend: bool = False) -> Sequence[Loose]:
        """What does not fit: a history of no case, a position of no event, and so on.

        Each is judged at one moment, whoever writes. `mend` drops what is of the kinds
        `subject`, `key` and `snapshot`, adds what is `unheld`, and shows the events of each case in
        the feed once and in order: what should not stand at a position goes, and nothing takes
        its place; what is missing comes at the end. A case that lacks events is left alone.
        """
        ...


class AsyncStorage(Protocol):
    """The same, for stores whose driver is asynchronous."""

    async def head(self, agency: str, case_id: str, /) -> Head | None:
        """As `Storage.head`."""
        ...

    async def read(
        self,
        agency: str,
        case_id: str,
        /,
        *,
        after: int = 0,
        types: Sequence[str] | None = None,
    ) -> Sequence[StoredEvent]:
        """As `Storage.read`."""
        ...

    async def append(self, unit: Unit, /) -> Appended:
        """As `Storage.append`."""
        ...

    async def command(self, agency: str, command_id: str, /) -> Sequence[StoredEvent]:
        """As `Storage.command`."""
        ...

    async def snapshot(self, agency: str, case_id: str, /) -> Snapshot | None:
        """As `Storage.snapshot`."""
        ...

    async def find(
        self, agency: str, query: Query, /, *, after: Place | None = None, limit: int = 100
    ) -> Sequence[Found]:
        """As `Storage.find`."""
        ...

    async def count(self, agency: str, name: str, value: str, /, *, besides: str = "") -> Count:
        """As `Storage.count`."""
        ...

    async def tally(self, agency: str, name: str, /) -> Mapping[str, int]:
        """As `Storage.tally`."""
        ...

    async def relist(
        self, agency: str, case_id: str, /, *, version: int, listing: Listing, forget: bool = False
    ) -> bool:
        """As `Storage.relist`."""
        ...

    async def feed(
        self, agency: str, /, *, after: int = 0, limit: int = 100
    ) -> Sequence[FeedEntry]:
        """As `Storage.feed`."""
        ...

    async def checkpoint(self, agency: str, consumer: str, /) -> Checkpoint:
        """As `Storage.checkpoint`."""
        ...

    async def advance(
        self,
        agency: str,
        consumer: str,
        /,
        *,
        expected: Checkpoint,
        position: int,
        workflow: str = "",
    ) -> bool:
        """As `Storage.advance`."""
        ...

    async def consumers(self, agency: str, /) -> Consumers:
        """As `Storage.consumers`."""
        ...

    async def delete_consumer(self, agency: str, consumer: str, /) -> bool:
        """As `Storage.delete_consumer`."""
        ...

    async def agencies(self) -> Sequence[str]:
        """As `Storage.agencies`."""
        ...

    async def restore(self, agency: str, histories: Iterable[History], /) -> int:
        """As `Storage.restore`."""
        ...

    async def mend(self, agency: str, history: History, /, *, head: Head | None) -> bool:
        """As `Storage.mend`."""
        ...

    async def loose_ends(self, agency: str, /, *, mend: bool = False) -> Sequence[Loose]:
        """As `Storage.loose_ends`."""
        ...
