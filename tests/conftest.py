"""How Hypothesis runs here: the same examples each time, and more of them when asked.

`CASEFLOW_PROFILE=thorough` draws ten times as many, and new ones each time; `quick` a quarter of
them, where other versions of Python and of libraries are tried (tools/matrix.py). PostgreSQL
comes from `tests/support/postgres.py`, to the tests that ask for it.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.support.any_store import any_store
from tests.support.postgres import own_postgres, postgres_server, postgres_url
from tests.support.tamper import SERVER

__all__ = ["any_store", "own_postgres", "postgres_server", "postgres_url"]


@pytest.fixture(scope="module", autouse=True)
def tampered_server(request):
    """Give a database to the modules that edit the rows of stores (tests/support/tamper.py)."""
    if not hasattr(request.module, "RAWS"):
        yield
        return
    with request.getfixturevalue("postgres_server").database() as url:
        SERVER[:] = [url]
        yield
        for store in SERVER[1:]:
            store.close()
        SERVER.clear()


# Histories are large values that take many draws: that is no sign of a bad strategy here.
LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large]

for profile, examples, steps in (("quick", 15, 15), ("suite", 60, 30), ("thorough", 600, 60)):
    settings.register_profile(
        profile,
        derandomize=profile != "thorough",
        database=None,
        deadline=None,
        print_blob=True,
        max_examples=examples,
        stateful_step_count=steps,
        suppress_health_check=LARGE,
    )
settings.load_profile(os.environ.get("CASEFLOW_PROFILE", "suite"))
