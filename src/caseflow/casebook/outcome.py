"""What a verb of the casebook gives back."""

from __future__ import annotations

from typing import Generic

import attrs

from caseflow.kernel.case import Case, S_co
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.verdict import Verdict


@attrs.frozen(kw_only=True)
class Outcome(Generic[S_co]):
    """What became of a command that was allowed and written.

    `case` is the case after it, `events` what was recorded, `verdict` what was judged (with
    its warnings). `replayed` says that the command had taken effect before, and that this is
    its first answer again. `undelivered` holds what subscribers raised.
    """

    case: Case[S_co]
    events: tuple[AnyRecorded, ...]
    verdict: Verdict
    replayed: bool = False
    undelivered: tuple[Exception, ...] = ()
