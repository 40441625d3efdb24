"""Asynchronous stores, driven call by call on an event loop of their own."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

import attrs

from caseflow.storage.port import AsyncStorage, Storage
from caseflow.testing.contract.stores import Transaction


class AsyncTransaction(Protocol):
    """The same as a `Transaction`, awaited."""

    @property
    def store(self) -> AsyncStorage:
        """A store whose writing is kept or undone with the transaction."""
        ...

    async def commit(self) -> None:
        """Keep what was written."""
        ...

    async def rollback(self) -> None:
        """Undo what was written."""
        ...


AsyncBeginning = Callable[[Any], AbstractAsyncContextManager[AsyncTransaction]]


class _Loop:
    """An event loop that runs in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What a function answers that is called in the loop, and awaited if need be."""

        async def called() -> Any:
            answer = function(*args, **kwargs)
            return await answer if inspect.isawaitable(answer) else answer

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result()

    def stop(self) -> None:
        """Stop the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Awaited:
    """A store, or a transaction, whose methods are awaited on a loop by whoever calls them."""

    def __init__(self, inner: Any, loop: _Loop) -> None:
        self.inner = inner
        self.loop = loop

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        return lambda *args, **kwargs: self.loop.run(method, *args, **kwargs)

    @property
    def store(self) -> _Awaited:
        """The store of a transaction."""
        return _Awaited(self.inner.store, self.loop)

    def close(self) -> None:
        """Close the store, and the loop with it."""
        closing = getattr(self.inner, "close", None)
        try:
            if closing is not None:
                self.loop.run(closing)
        finally:
            self.loop.stop()


@attrs.frozen
class AwaitedOpening:
    """Opens asynchronous stores. It can be handed to another process, as its function can."""

    open_store: Callable[[Path], Any]

    def __call__(self, place: Path) -> Storage:
        """A store at a place, with a loop of its own: the pools of drivers belong to one."""
        loop = _Loop()
        try:
            return cast(Storage, _Awaited(loop.run(self.open_store, place), loop))
        except BaseException:
            loop.stop()
            raise


@attrs.frozen
class AwaitedBeginning:
    """Begins the transactions of an asynchronous store."""

    begin: AsyncBeginning

    @contextmanager
    def __call__(self, store: Any) -> Iterator[Transaction]:
        """A transaction on the loop of its store."""
        loop = store.loop
        manager = self.begin(store.inner)
        transaction = loop.run(manager.__aenter__)
        try:
            yield cast(Transaction, _Awaited(transaction, loop))
        except BaseException:
            if not loop.run(manager.__aexit__, *sys.exc_info()):
                raise
        else:
            loop.run(manager.__aexit__, None, None, None)
