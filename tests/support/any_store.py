"""A fixture that runs a test on every store that ships: in memory, on a file, on a server."""

from collections.abc import Iterator
from typing import Any

import pytest

from caseflow.storage import MemoryStorage, SQLStorage


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def any_store(request: Any, tmp_path: Any) -> Iterator[Any]:
    """An empty store; the test is run once on each."""
    if request.param == "memory":
        yield MemoryStorage()
        return
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    store = SQLStorage(url)
    yield store
    store.close()
