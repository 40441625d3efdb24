"""Figures of how an agency works: the mix of its services, and the gaps in a roster."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import attrs

from caseflow.casework.services import ReferralMade
from caseflow.casework.state import CaseworkState
from caseflow.kernel.case import Case
from caseflow.kernel.errors import InvalidCall, MomentInvalid, short
from caseflow.kernel.events import Code


@attrs.frozen(kw_only=True)
class ServiceMix:
    """How much is done with the client, and how much with others on their behalf.

    `direct` and `indirect` count the services whose function says so, `referred` counts the
    referrals. A service without a function counts as neither.
    """

    direct: int = 0
    indirect: int = 0
    referred: int = 0

    @property
    def total(self) -> int:
        """All that counts."""
        return self.direct + self.indirect + self.referred

    @property
    def direct_share(self) -> float | None:
        """The part that is direct, from 0 to 1 (None: there is nothing yet)."""
        return self.direct / self.total if self.total else None

    @property
    def indirect_share(self) -> float | None:
        """The part that is indirect or referred, from 0 to 1 (None: there is nothing yet)."""
        return (self.indirect + self.referred) / self.total if self.total else None


def service_mix(case: Case[CaseworkState]) -> ServiceMix:
    """The mix of the services of a case so far."""
    return ServiceMix(
        direct=case.state.direct_services,
        indirect=case.state.indirect_services,
        referred=case.count(ReferralMade),
    )


def _in_utc(moment: Any) -> datetime:
    """A moment in UTC: within one zone, Python compares by the clock on the wall."""
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise MomentInvalid(name="A time of the roster", value=short(moment))
    return moment.astimezone(UTC)


@attrs.frozen
class Shift:
    """Somebody is on duty from a moment up to another. Both have a time zone.

    Raises `MomentInvalid` for a moment without a time zone, and `InvalidCall` for a shift
    that ends before it starts.
    """

    start: datetime
    end: datetime
    staff: Code = ""

    def __attrs_post_init__(self) -> None:
        _in_order(self.start, self.end, "A shift")


def uncovered(
    shifts: Iterable[Shift], *, start: datetime, end: datetime
) -> tuple[tuple[datetime, datetime], ...]:
    """When nobody is on duty between two moments: the gaps of a roster, in order, in UTC.

    Of a model that asks for cover day and night, each gap is a fault of the roster. Raises
    `MomentInvalid` for a moment without a time zone, and `InvalidCall` where `end` is before
    `start`.
    """
    covered_to, last = _in_order(start, end, "A period")
    gaps = []
    on_duty = ((_in_utc(one.start), _in_utc(one.end)) for one in shifts)
    for begins, ends in sorted(one for one in on_duty if one[0] < one[1]):
        if begins >= last:
            break
        if begins > covered_to:
            gaps.append((covered_to, begins))
        covered_to = max(covered_to, ends)
    if covered_to < last:
        gaps.append((covered_to, last))
    return tuple(gaps)


def _in_order(start: datetime, end: datetime, what: str) -> tuple[datetime, datetime]:
    begins, ends = _in_utc(start), _in_utc(end)
    if ends < begins:
        raise InvalidCall(
            what=f"{what} from {start.isoformat()} to {end.isoformat()}",
            problem="ends before it starts",
            repair="Give the earlier moment first.",
        )
    return begins, ends
