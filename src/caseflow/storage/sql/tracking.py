"""What became of units that were written inside an application's transaction.

A Connection's commit event comes before the commit, and there is none after it; a Session's
`after_commit` also comes for savepoints, and while the transaction that it joined is still
open. So none of them is believed: once the root transaction of the connection has ended, it is
looked up which units stand in the store.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, WeakSet, ref

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from caseflow.kernel.errors import CaseflowError, InvalidCall
from caseflow.storage.port import Unit

log = logging.getLogger("caseflow")

Tell = Callable[[], None]
Stands = Callable[[Unit], bool]
"""Whether a unit stands in the store, for everybody to see."""


class _Pending(NamedTuple):
    transaction: ref[Any]
    unit: Unit
    stands: Stands
    tell: Tell


class Tracker:
    """What is to be told of one Session or Connection, once its transaction has ended."""

    def __init__(self) -> None:
        self._pending: dict[tuple[str, str, str], _Pending] = {}
        self._connections: WeakSet[Connection] = WeakSet()

    def add(self, connection: Connection, unit: Unit, stands: Stands, tell: Tell) -> None:
        """Something to tell, if this unit is committed."""
        if connection not in self._connections:
            self._connections.add(connection)
            event.listen(connection, "rollback", self._rolled_back)
        key = unit.agency, unit.case_id, unit.events[-1].hash  # undone and done again: told once
        self._pending[key] = _Pending(ref(connection.get_transaction()), unit, stands, tell)

    def _rolled_back(self, connection: Connection) -> None:
        """Forget what was written in this transaction, and not in one that was committed."""
        ended = connection.get_transaction()
        self._pending = {
            key: one for key, one in self._pending.items() if one.transaction() is not ended
        }

    @property
    def is_open(self) -> bool:
        """Whether a transaction is still open in which units were written that wait here."""
        open_ones = (one.transaction() for one in self._pending.values())
        return any(transaction is not None and transaction.is_active for transaction in open_ones)

    def tell(self) -> None:
        """Tell what was committed, and forget the rest."""
        pending, self._pending = self._pending, {}
        for _, unit, stands, tell in pending.values():
            try:
                committed = stands(unit)
            except CaseflowError as error:  # the commit is done, and is not to look as if it failed
                log.error("Nobody was told of case %s, which was written: %s", unit.case_id, error)
            else:
                if committed:
                    tell()

    def publish(self) -> None:
        """As `tell`, where the application says when. Raises `InvalidCall` while it is open."""
        if self.is_open:
            raise InvalidCall(
                what="publish()",
                problem="comes before the transaction has ended",
                repair="Commit first: nothing is told that may still be rolled back.",
            )
        self.tell()

    def ended(self, _: Session, transaction: Any) -> None:
        """A transaction of the session has ended: if it was the connection's root, tell."""
        if transaction.parent is None and self._pending and not self.is_open:
            self.tell()


_trackers: WeakKeyDictionary[Session | Connection, Tracker] = WeakKeyDictionary()
"""One for each session or connection in use: listeners are added once."""


def tracker_of(transaction: Session | Connection) -> Tracker:
    """The tracker of a session or connection; to a session it listens by itself."""
    tracker = _trackers.get(transaction)
    if tracker is None:
        tracker = _trackers[transaction] = Tracker()
        if isinstance(transaction, Session):
            event.listen(transaction, "after_transaction_end", tracker.ended)
    return tracker
