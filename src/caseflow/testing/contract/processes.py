"""The processes that tests of the contract start: they share nothing with the test but a place."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Callable, Mapping
from functools import cache
from multiprocessing.process import BaseProcess
from typing import Any

from caseflow.kernel.errors import InvalidCall, short

IMPORTED = ("__main__", "pytest", "caseflow.testing", "caseflow.storage.sql")
"""What each process needs, and would import for a second each time."""


@cache
def context() -> Any:
    """How processes are started, and their pipes and queues made.

    They are forked from a server that has imported what they need and has neither threads nor
    connections. Where the system has no such server, each begins as an empty program.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload(list(IMPORTED))
    return forked


def process(work: Callable[..., None], opening: Callable[..., Any], *given: Any) -> BaseProcess:
    """A process, not started yet, that works with what opens a store, and what else is given.

    Raises `InvalidCall` where another process could not open the store.
    """
    try:
        pickled = pickle.dumps(opening)
    except Exception as error:
        raise InvalidCall(
            what=f"open_store={short(opening)}",
            problem="cannot be handed to another process",
            repair="Give a function that stands at the top of a module, not a lambda or one "
            "made inside another.",
        ) from error
    args = dict(os.environ), work, pickled, *given
    begun: BaseProcess = context().Process(target=_begin, args=args, daemon=True)
    return begun


def _begin(
    environ: Mapping[str, str], work: Callable[..., None], pickled: bytes, *given: Any
) -> None:
    """Do the work, in the environment of who started it: that of the server may be older."""
    os.environ.clear()
    os.environ.update(environ)
    work(pickle.loads(pickled), *given)  # noqa: S301  # pickled by the process that started this
