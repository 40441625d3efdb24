"""Connections kept at hand: to get one out of a pool and to reset it takes as long as judging."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any
from weakref import WeakSet

from sqlalchemy import event, exc
from sqlalchemy.engine import Engine
from sqlalchemy.pool import PoolProxiedConnection

KEPT = 5
"""How many connections wait at most: as many as a pool keeps."""
AT_ONCE = 15
"""How many a pool gives at the same time."""
PATIENCE = 30.0
"""How many seconds one is waited for, as with a pool."""


class Lender:
    """Keeps connections of an engine that came back, for the next work.

    To the engine's pool a connection that is kept is in use. None is kept of an engine that is
    not the store's `own`, whose connections others want, nor of one that is awaited. `is_usable`
    is asked of each before it is lent again. Safe to share between threads.
    """

    def __init__(
        self, engine: Engine, *, own: bool, is_usable: Callable[[PoolProxiedConnection], bool]
    ) -> None:
        self._engine = engine
        self._keeps = own and not engine.dialect.is_async
        self._closed = False
        self._is_usable = is_usable
        self._idle: list[PoolProxiedConnection] = []
        self._lock = Lock()
        self._shares = self._keeps
        self._out = 0
        """How many the pool has given, whether they are in use or at hand."""
        self._in_line: deque[SimpleQueue[PoolProxiedConnection | None]] = deque()
        """Who waits until one comes back: first come, first served.

        The pool would give it to whoever asks first: the one that has just given it back.
        """
        if own:
            _lenders.add(self)
        if self._keeps:
            event.listen(engine, "engine_disposed", lambda _: self._let_go())

    def at_hand(self) -> PoolProxiedConnection | None:
        """A connection on which nothing is open; None: one has to be fetched."""
        while self._idle and not self._in_line:
            try:
                pooled = self._idle.pop()
            except IndexError:  # another thread was quicker
                break
            if self._is_usable(pooled):
                return pooled
            pooled.invalidate()
            self.gone()
        return None

    def fetch(self) -> PoolProxiedConnection:
        """One of the pool; where it has no more to give, the next that comes back."""
        if not self._shares:
            return self._engine.raw_connection()
        mine: SimpleQueue[PoolProxiedConnection | None] = SimpleQueue()
        self._in_line.append(mine)
        self._serve()
        try:
            pooled = mine.get(timeout=PATIENCE)
        except Empty:
            self._withdraw(mine)
            pooled = mine.get()
        except BaseException:  # broken off: by a signal, say
            self._leave(mine)
            raise
        if pooled is not None and self._is_usable(pooled):
            return pooled
        if pooled is not None:
            pooled.invalidate()  # its place in the pool is taken over
        try:
            return self._engine.raw_connection()
        except BaseException:
            self.gone()
            raise

    def _withdraw(self, mine: SimpleQueue[PoolProxiedConnection | None]) -> None:
        """Wait no longer. Raises `TimeoutError`, unless it was just served.

        Who is broken off in between two steps (by a signal) gives nothing back, and the pool has
        again what was forgotten: so it is asked before anybody is told that there is none.
        """
        pool: Any = self._engine.pool
        with self._lock:
            self._out = min(self._out, pool.checkedout())
        self._serve()
        with self._lock:
            if mine in self._in_line:
                self._in_line.remove(mine)
                raise exc.TimeoutError(f"all {AT_ONCE} connections are in use, and none came back")

    def _leave(self, mine: SimpleQueue[PoolProxiedConnection | None]) -> None:
        """The same, raising nothing: what it was served meanwhile is for the others."""
        with self._lock:
            if mine in self._in_line:
                self._in_line.remove(mine)
                return
        served = None if mine.empty() else mine.get()
        if served is None:
            self.gone()
        else:
            self.give_back(served, done=True)

    def gone(self) -> None:
        """Let the pool give another one in the place of one that was given up."""
        with self._lock:
            self._out = max(self._out - 1, 0)  # counted anew meanwhile, it may have been left out
        if self._in_line:
            self._serve()

    def _serve(self) -> None:
        """Hand what is at hand to those who wait, or let them go to the pool."""
        with self._lock:
            while self._in_line and (self._idle or self._out < AT_ONCE):
                try:
                    found = self._idle.pop()
                except IndexError:  # none is at hand, or another thread was quicker
                    if self._out == AT_ONCE:
                        return
                    found, self._out = None, self._out + 1
                self._in_line.popleft().put(found)

    def give_back(self, pooled: PoolProxiedConnection, *, done: bool) -> None:
        """Take a connection back; `done`: its work came to its end, and left nothing open."""
        if done and self._keeps and (self._in_line or len(self._idle) < KEPT):
            self._idle.append(pooled)
            if self._in_line:
                self._serve()
            if self._closed:  # meanwhile
                self._let_go()
        else:
            try:
                if self._closed and pooled.is_valid:
                    pooled.invalidate()  # else it would stay open in a pool that nobody uses
                else:
                    pooled.close()
            finally:
                if self._shares:
                    self.gone()

    def dispose(self) -> None:
        """Close every connection that is not in use, as disposing of the engine does."""
        self._let_go()
        self._engine.dispose()

    def _let_go(self) -> None:
        while True:
            try:
                pooled = self._idle.pop()
            except IndexError:  # none is left, or another thread was quicker
                return
            pooled.invalidate()
            self.gone()

    def before_fork(self) -> None:
        """Close what is not in use; what is awaited cannot be closed here."""
        if not self._engine.dialect.is_async:
            self.dispose()

    def in_child(self) -> None:
        """Leave what is in use to the parent's threads; what is awaited connects anew."""
        self._lock, self._out = Lock(), 0
        self._in_line.clear()
        if self._engine.dialect.is_async:
            self._engine.dispose(close=False)

    def close(self) -> None:
        """The same as `dispose`, and close those that come back later."""
        self._closed, self._keeps = True, False
        self.dispose()


_lenders: WeakSet[Lender] = WeakSet()
"""Those of the stores' own engines, for a fork: nobody else looks."""


def _before_fork() -> None:
    """Close every connection that is not in use, so that no child inherits one.

    Two processes would talk to one PostgreSQL session. And a lock of a SQLite file stays with
    the process that took it, but SQLite in a child believes that it still has those of the
    parent. The parent then closes the file as its last user and throws away what the child was
    told is written.
    """
    for lender in list(_lenders):
        lender.before_fork()


def _in_child() -> None:
    for lender in list(_lenders):
        lender.in_child()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(before=_before_fork, after_in_child=_in_child)


def always(_: Any) -> bool:
    """Nothing has to be asked of a connection."""
    return True
