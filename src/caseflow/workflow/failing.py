"""Functions of the embedder's that a case is listed by, where they fail: named, or told of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from caseflow.kernel.case import Case
from caseflow.kernel.checks import said
from caseflow.kernel.errors import InvalidCall
from caseflow.workflow.obligation import Begun, Obligation

Failing = Callable[[InvalidCall], None]
"""Is told of what fails, where a fact is recorded all the same."""


def fails(what: str, case: Case[Any], error: Exception, repair: str) -> InvalidCall:
    """The error that says what fails on which case, and of what."""
    problem = f"fails on case {case.id!r}: {type(error).__name__}: {said(error)}"
    return InvalidCall(what=what, problem=problem, repair=repair)


def begun_of(
    obligation: Obligation, case: Case[Any], ends: frozenset[str], failing: Failing | None = None
) -> tuple[Begun, ...]:
    """The clocks of an obligation that have begun. Raises `InvalidCall` where its `each` fails.

    Where `failing` is given, it is told of that, and no clock has begun.
    """
    try:
        return tuple(obligation.starts.begun(case, ends))
    except InvalidCall as error:
        wrong = error
    except Exception as error:  # what each(...) is given is foreign code
        repair = "Mend the function that its each(...) is given: it takes any case."
        wrong = fails(f"Obligation {obligation.id!r}", case, error, repair)
        wrong.__cause__ = error
    if failing is None:
        raise wrong
    failing(wrong)
    return ()
