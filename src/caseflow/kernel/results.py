"""What a rule answers: what is unmet, and the result with its evidence.

Results know how they are joined where a part of them is not known.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import product
from typing import Literal, NamedTuple

import attrs

from caseflow.kernel.calendar import Span
from caseflow.kernel.case import ExceptionInForce
from caseflow.kernel.recorded import Strength

Outcome = Literal[
    "met",
    "unmet",
    "excepted",
    "fault",
    "fault-excepted",
    "erased",
    "erased-excepted",
    "needs-input",
]
UNJUDGED: tuple[Outcome, ...] = ("fault", "erased")
"""The outcomes of a rule that could not be judged: it failed, or what it looks at was erased."""


@attrs.frozen(kw_only=True)
class Unmet:
    """One thing that a rule found missing.

    `found` is what was found in place of what is wanted (None: nothing). `remedy` says how to
    put it right. `about` names the thing it is about, where there are several (need 3).
    `evidence` are the numbers of the events it was found in; left out, it is the latest of
    each type that the rule rests on. `quoted` is what of these sentences was written by somebody:
    an agency's terms leave it as it is. In `remedy`, that is what stands in neither of the
    others; and what is given with its brackets or colon, `(the client)`, is left only with them.
    """

    found: object = None
    remedy: str = ""
    about: str = ""
    evidence: tuple[int, ...] | None = None
    quoted: tuple[str, ...] = ()


# A named tuple, because every option of a case makes several.
class Result(NamedTuple):
    """What a rule answered: wanted, found, the evidence, how to put it right, who can."""

    rule: str
    outcome: Outcome
    strength: Strength
    wanted: str
    unmet: tuple[Unmet, ...] = ()
    evidence: tuple[int, ...] = ()
    excepted_by: str = ""
    exception: int | None = None
    """The number of the exception that stands in the place of the rule."""
    exception_made: ExceptionInForce | None = None
    """That exception: by whom, until when, and why (None where it is told from a note)."""
    source: str = ""
    within: timedelta | Span | None = None
    owner: str = ""
    """For a rule of strength `due`: who has to do it, where that is said."""
    since: int | None = None
    """For a rule of strength `due`: the number of the decision since which it is owed."""
    fault: str = ""
    """What went wrong inside the rule, for the outcomes `fault` and `fault-excepted`."""
    connective: str = ""
    """How the parts are joined: all of, any of, not, when."""
    parts: tuple[Result, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the rule is met, or an exception stands in its place."""
        return self.outcome in ("met", "excepted", "fault-excepted", "erased-excepted")

    @property
    def stands(self) -> bool:
        """Whether it is unmet or could not be judged, and no exception stands in its place."""
        return self.outcome == "unmet" or self.outcome in UNJUDGED

    @property
    def refuses(self) -> bool:
        """Whether this result refuses the decision."""
        return self.strength == "block" and (self.outcome == "unmet" or self.outcome in UNJUDGED)


def as_if_known(parts: tuple[Result, ...], connective: str) -> Iterable[tuple[Result, ...]]:
    """The parts as what is not known of them may leave them: met, or unmet.

    Not known is what waits for input, and what was erased.
    """
    met, unmet = (tuple(_settled(part, outcome) for part in parts) for outcome in _SETTLED)
    if connective == "when":  # of its two parts, either may be met without the other
        return product(*zip(met, unmet, strict=True))
    return (met, unmet)


_SETTLED: tuple[Outcome, ...] = ("met", "unmet")


def _settled(part: Result, outcome: Outcome) -> Result:
    unknown = part.outcome in ("needs-input", "erased")
    return part._replace(outcome=outcome) if unknown else part
