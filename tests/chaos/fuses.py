"""A fuse in the driver: it burns at every statement that is sent, and strikes before one of them.

The product has no hook for this. SQLite's driver tells of each statement before it runs it, and
psycopg makes its cursors of a class that can be given.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, Cursor, OperationalError
from sqlalchemy import Engine, event

from caseflow.storage import Appended, History, SQLStorage, Unit

PSYCOPG_LOST = "server closed the connection unexpectedly"
"""What the driver says when the answer never comes."""


def kill_myself(_: Any) -> None:
    """End this process as a power cut would: nothing is flushed, closed or rolled back."""
    os.kill(os.getpid(), signal.SIGKILL)


def cut(connection: Connection[Any] | None) -> None:
    """Cut a connection to PostgreSQL, as a network does (None: none is in use just now)."""
    if connection is not None:
        connection.close()


class Fuse:
    """Counts the statements while it is lit, and strikes once: before number `at`, or after it."""

    def __init__(self, at: int, strike: Callable[[Any], None], *, after: bool = False) -> None:
        self.at = at
        self.strike = strike
        self.after = after
        self.lit = False
        self.burnt = 0

    def burn(self, connection: Any = None) -> bool:
        """One statement more. True: its answer is not to arrive."""
        if not self.lit:
            return False
        self.burnt += 1
        if self.burnt != self.at:
            return False
        if self.after:
            return True
        self.strike(connection)
        return False


def lay(engine: Engine, fuse: Fuse) -> None:
    """Lay a fuse into every connection that an engine opens from now on."""

    class Burning(Cursor[Any]):
        def execute(self, *args: Any, **kwargs: Any) -> Any:
            struck = fuse.burn(self.connection)
            answer = super().execute(*args, **kwargs)
            if struck:
                fuse.strike(self.connection)
                raise OperationalError(PSYCOPG_LOST)
            return answer

        def executemany(self, query: Any, params_seq: Iterable[Any], **kwargs: Any) -> None:
            def burning() -> Iterator[Any]:
                for params in params_seq:
                    fuse.burn(self.connection)
                    yield params

            super().executemany(query, burning(), **kwargs)

        @contextmanager
        def copy(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
            with super().copy(*args, **kwargs) as copying:
                yield copying
                fuse.burn(self.connection)  # all rows are sent, and the end of them is not

    def connected(connection: Any, _: Any) -> None:
        if engine.dialect.name == "sqlite":
            connection.set_trace_callback(lambda _: fuse.burn(connection))
        else:
            connection.cursor_factory = Burning

    event.listen(engine, "connect", connected)
    engine.dispose()


class FusedStorage(SQLStorage):
    """A store whose fuse is lit while it writes, and burns once more before it tells of it."""

    def __init__(self, url: str, fuse: Fuse, *, armed: bool = True) -> None:
        super().__init__(url, create=False)
        self.fuse = fuse
        self.armed = armed
        lay(self.engine, fuse)

    def append(self, unit: Unit, /) -> Appended:
        """As the store does."""
        self.fuse.lit = self.armed
        appended = super().append(unit)
        self.fuse.burn()
        self.fuse.lit = False
        return appended

    def restore(self, agency: str, histories: Iterable[History], /) -> int:
        """As the store does."""
        self.fuse.lit = self.armed
        restored = super().restore(agency, histories)
        self.fuse.burn()
        self.fuse.lit = False
        return restored
