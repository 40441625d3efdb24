"""Stores for trying the contract of the port: with transactions, and asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from copy import deepcopy
from pathlib import Path
from threading import RLock
from typing import Any

from caseflow.storage import Appended, Checkpoint, History, MemoryStorage, Unit


class Embedded(MemoryStorage):
    """A memory of which an application changes a copy, and puts it in its place. One at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.writing = RLock()

    def append(self, unit: Unit, /) -> Appended:
        with self.writing:
            return super().append(unit)

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
        with self.writing:
            return super().advance(
                agency, consumer, expected=expected, position=position, workflow=workflow
            )

    def delete_consumer(self, agency: str, consumer: str, /) -> bool:
        with self.writing:
            return super().delete_consumer(agency, consumer)

    def restore(self, agency: str, histories: Any, /) -> int:
        brought: list[History] = list(histories)
        with self.writing:
            return super().restore(agency, brought)


class Change:
    """What an application does in one piece."""

    def __init__(self, base: Embedded) -> None:
        self._base = base
        self.store = MemoryStorage()
        self.store._agencies = deepcopy(base._agencies)

    def commit(self) -> None:
        self._base._agencies = self.store._agencies

    def rollback(self) -> None:
        """Nothing is to be undone: nobody has seen the copy."""


@contextmanager
def change(base: Embedded) -> Iterator[Change]:
    """A transaction: alone with the store, until it ends."""
    with base.writing:
        yield Change(base)


class Awaited:
    """A store whose every method is awaited, and lets others run first."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(0)
            return method(*args, **kwargs)

        return awaited

    async def close(self) -> None:
        closing = getattr(self.inner, "close", None)
        if closing is not None:
            closing()


class AwaitedChange:
    """A transaction on an asynchronous store."""

    def __init__(self, inner: Change) -> None:
        self._inner = inner
        self.store = Awaited(inner.store)

    async def commit(self) -> None:
        self._inner.commit()

    async def rollback(self) -> None:
        self._inner.rollback()


class AwaitedEmbedded(Awaited):
    """An asynchronous store with transactions, of which one is open at a time."""

    def __init__(self) -> None:
        super().__init__(Embedded())
        self.turn = asyncio.Lock()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            if name not in ("append", "advance", "delete_consumer", "restore", "relist"):
                return method(*args, **kwargs)
            async with self.turn:
                return method(*args, **kwargs)

        return awaited


@asynccontextmanager
async def awaited_change(base: AwaitedEmbedded) -> AsyncIterator[AwaitedChange]:
    """A transaction: alone with the store, until it ends."""
    async with base.turn:
        yield AwaitedChange(Change(base.inner))


async def open_awaited(place: Path) -> Awaited:
    """An asynchronous store on a file."""
    from examples.line_store import open_store

    return Awaited(open_store(place))
