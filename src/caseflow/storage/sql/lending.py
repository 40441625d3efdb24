"""Connections kept at hand: to get one out of a pool and to reset it takes as long as judging."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import PoolProxiedConnection

KEPT = 5
"""How many connections wait at most: as many as a pool keeps."""


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
        self._is_usable = is_usable
        self._idle: list[PoolProxiedConnection] = []
        if own:
            _lenders.add(self)
        if self._keeps:
            event.listen(engine, "engine_disposed", lambda _: self._let_go())

    def at_hand(self) -> PoolProxiedConnection | None:
        """A connection on which nothing is open; None: the pool has to give one."""
        while self._idle:
            try:
                pooled = self._idle.pop()
            except IndexError:  # another thread was quicker
                break
            if self._is_usable(pooled):
                return pooled
            pooled.invalidate()
        return None

    def give_back(self, pooled: PoolProxiedConnection, *, done: bool) -> None:
        """Take a connection back; `done`: its work came to its end, and left nothing open."""
        if done and self._keeps and len(self._idle) < KEPT:
            self._idle.append(pooled)
        else:
            pooled.close()

    def dispose(self) -> None:
        """Close every connection that is not in use, as disposing of the engine does."""
        self._let_go()
        self._engine.dispose()

    def _let_go(self) -> None:
        while self._idle:
            self._idle.pop().invalidate()

    def before_fork(self) -> None:
        """Close what is not in use; what is awaited cannot be closed here."""
        if not self._engine.dialect.is_async:
            self.dispose()

    def in_child(self) -> None:
        """Leave what is awaited, in use or not, to the parent, and connect anew."""
        if self._engine.dialect.is_async:
            self._engine.dispose(close=False)

    def close(self) -> None:
        """The same as `dispose`, and keep none from now on."""
        self._keeps = False
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
