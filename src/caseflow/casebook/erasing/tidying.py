"""Listing a case without what was erased: by who erases, and by who wrote to it meanwhile.

Who erases destroys the key first and looks for cases then. Whoever writes looks at the keys
once more when it is written: if a key was destroyed since the case was read, what was derived
from it may have come too late to be found by who erased, and is derived anew by who wrote it.
"""

from __future__ import annotations

import logging
from typing import Any

from caseflow.casebook import store_calls
from caseflow.casebook.finding.listing import listing_of
from caseflow.casebook.loading import ATTEMPTS, Loader
from caseflow.casebook.store_calls import Work
from caseflow.kernel.errors import Conflict

log = logging.getLogger("caseflow")


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


def tidy_if_erased(loader: Loader[Any], case_id: str, since: int) -> Work[None]:
    """Tidy a case that was just written to, if somebody was erased since that number.

    What fails is logged, for the write was done, and is not to look as if it failed.
    """
    try:
        if loader.look_at_keys() != since:
            yield from tidy(loader, case_id)
    except Exception as error:  # a state and an index are foreign code, too
        log.error(
            "Case %s was written to, and it was not seen to what the list says of it, should "
            "somebody have been erased meanwhile (verify tells): %s",
            case_id,
            error,
        )
