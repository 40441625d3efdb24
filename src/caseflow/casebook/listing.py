"""What the list of cases says of a case: where it stands, what is due, what indexes hold it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from caseflow.kernel.case import Case, stage_of
from caseflow.kernel.codec import Codec
from caseflow.kernel.convert import instant
from caseflow.storage.port import Listing
from caseflow.workflow.definition import Index
from caseflow.workflow.held import held_under
from caseflow.workflow.owed import first_due
from caseflow.workflow.workflow import Workflow


def listing_of(workflow: Workflow[Any], case: Case[Any], now: datetime, codec: Codec) -> Listing:
    """The listing of a case. Raises `InvalidCall` where an index gives something else than texts.

    What is due is judged at `now`. What an index raises comes through: it is the embedder's
    code, as `fold` is.
    """
    identity, position = case.identity, case.position or ""
    due = first_due(workflow, case, now) if case.dues else None
    ended = position in workflow.ends
    held = held_under(workflow.indexes, case, ended=ended)
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
    """A value as the store holds it: one that is personal can be looked for, and not read."""
    return codec.blind(index.name, value) if index.personal else value
