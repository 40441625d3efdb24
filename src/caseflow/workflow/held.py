"""Under which values the indexes of a workflow hold a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from caseflow.kernel.case import Case
from caseflow.kernel.erased import Erased
from caseflow.kernel.erasure_errors import ErasedRead
from caseflow.kernel.errors import InvalidCall, short
from caseflow.workflow.definition import Index
from caseflow.workflow.failing import Failing, fails


def held_under(
    indexes: Iterable[Index], case: Case[Any], *, ended: bool, failing: Failing | None = None
) -> Iterator[tuple[Index, str]]:
    """Each index and value. A case that has ended is held by few.

    Raises `InvalidCall` where an index fails, or gives something else than texts. Where
    `failing` is given, it is told of that, and the case is held under nothing by that index.
    """
    for one in indexes:
        if one.ended or not ended:
            try:
                values = _values(one, case)
            except InvalidCall as error:
                if failing is None:
                    raise
                failing(error)
            else:
                yield from ((one, value) for value in values)


def _values(index: Index, case: Case[Any]) -> Iterable[str]:
    try:
        given: Any = index.of(case)
        if given is None or isinstance(given, Erased):
            return ()
        every = (given,) if isinstance(given, str) else tuple(given)
    except ErasedRead:  # what it is held under was erased: it is held under nothing
        return ()
    except Exception as error:  # an index is foreign code
        repair = "Mend its function: it takes any case, and returns a text, several, or None."
        raise fails(f"Index {index.name!r}", case, error, repair) from error
    values = tuple(value for value in every if not isinstance(value, Erased))
    for value in values:
        if not isinstance(value, str):
            raise InvalidCall(
                what=f"Index {index.name!r} holds case {case.id!r} under {short(value)}, which",
                problem="is no text",
                repair="Let its function return a text, several texts, or None.",
            )
    return values
