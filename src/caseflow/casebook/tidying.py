"""Listing a case without what was erased: by who erases, and by who wrote to it meanwhile.

Who erases destroys the key first and looks for cases then. Whoever writes looks at the keys
once more when it is written: if a key was destroyed since the case was read, what was derived
from it may have come too late to be found by who erased, and is derived anew by who wrote it.
"""

from __future__ import annotations

from typing import Any

from caseflow.casebook import store_calls
from caseflow.casebook.listing import listing_of
from caseflow.casebook.loading import ATTEMPTS, Loader
from caseflow.casebook.store_calls import Work
from caseflow.kernel.errors import Conflict


def tidy(loader: Loader[Any], case_id: str) -> Work[None]:
    """List a case as it reads by now, and drop its snapshot. Raises `Conflict`."""
    for _ in range(ATTEMPTS):
        loaded = yield from loader.load(case_id)
        case = loaded.case
        workflow = loader.workflow_of(case_id, case)
        listing = listing_of(workflow, case, case.recorded_at, loader.codec)
        done = yield from store_calls.relist(
            loader.agency, case_id, version=case.version, listing=listing, forget=True
        )
        if done and loader.look_at_keys() == loaded.generation:
            return  # else somebody else was erased meanwhile, and this listing may tell of them
    raise Conflict(case_id=case_id, attempts=ATTEMPTS)
