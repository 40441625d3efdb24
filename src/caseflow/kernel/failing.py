"""A state of the embedder's that cannot take an event: the error that names it."""

from __future__ import annotations

from caseflow.kernel.checks import said
from caseflow.kernel.erasure_errors import ErasedInFold, ErasedRead
from caseflow.kernel.errors import CaseflowError, InvalidCall
from caseflow.kernel.recorded import AnyRecorded


def unfoldable(
    state: object, recorded: AnyRecorded, error: Exception | None = None
) -> CaseflowError:
    """The error that says which state failed to fold which event, of which case, and of what.

    Without an `error`, it gave nothing back.

    A fact that a state fails on is not recorded: every rule would judge a state that lacks it.
    """
    number, name, case_id = recorded.number, recorded.name, recorded.case_id
    if isinstance(error, ErasedRead):
        return ErasedInFold(
            case_id=case_id,
            number=number,
            name=name,
            state=type(state).__name__,
            doing=error.fields["doing"],
        )
    failed = "fails on" if error else "gives back no state for"
    why = f": {type(error).__name__}: {said(error).rstrip('.')}" if error else ""
    return InvalidCall(
        what=f"{type(state).__name__}.fold",
        problem=f"{failed} event {number} ({name!r}) of case {case_id!r}{why}",
        repair="Mend it: it takes every event of the workflow, and returns the state after it. "
        "Then do this again.",
    )
