"""What the list of cases says of a case: where it stands, what is due, what indexes hold it."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any

from caseflow.kernel.case import Case, stage_of
from caseflow.kernel.codec import Codec
from caseflow.kernel.convert import instant
from caseflow.kernel.values import is_key
from caseflow.storage.port import Listing
from caseflow.workflow.definition import Index
from caseflow.workflow.failing import Failing
from caseflow.workflow.held import held_under
from caseflow.workflow.owed import first_due
from caseflow.workflow.workflow import Workflow

LONGEST_VALUE = 1_000
"""How long a value may be, in UTF-8, that an index holds as it is."""

DIGEST = "sha256:"
"""What the digest begins with that stands for a value which cannot be held as it is."""


def listing_of(
    workflow: Workflow[Any],
    case: Case[Any],
    now: datetime,
    codec: Codec,
    failing: Failing | None = None,
) -> Listing:
    """The listing of a case. Raises `InvalidCall` where an index or an obligation fails.

    What is due is judged at `now`. Where `failing` is given, it is told of what fails, and the
    case is listed by the others.
    """
    identity, position = case.identity, case.position or ""
    due = first_due(workflow, case, now, failing) if case.dues or workflow.obligations else None
    ended = position in workflow.ends
    held = held_under(workflow.indexes, case, ended=ended, failing=failing)
    keys = {(one.name, held_as(one, value, codec)) for one, value in held}
    return Listing(
        codec.pseudonym(identity.client),
        identity.workflow,
        identity.workflow_version,
        position,
        stage_of(position),
        ended,
        instant(due) if due is not None else None,
        tuple(sorted(keys)),
    )


def held_as(index: Index, value: str, codec: Codec) -> str:
    """A value as the store holds it: one that is personal can be looked for, and not read.

    Nor can one that is too long for the key of a database, or that not every database takes: it
    is held by its digest. A fact is never refused for what an index makes of it.
    """
    held = value if _can_be_held(value) else _digest(value)
    return codec.blind(index.name, held) if index.personal else held


def _can_be_held(value: str) -> bool:
    """Whether a value can be held as it is. What looks like a digest would be taken for one."""
    return is_key(value, LONGEST_VALUE) and not value.startswith(DIGEST)


def _digest(value: str) -> str:
    return DIGEST + sha256(value.encode(errors="surrogatepass")).hexdigest()
