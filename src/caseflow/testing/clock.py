"""A clock for tests: it stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When the cases of this kit begin. No moment is ever taken from the wall clock."""


class Clock:
    """A clock that stands still: give it to a casebook as `clock=`, and move it with `pass_`.

    >>> clock = Clock()
    >>> clock.pass_(timedelta(days=1))
    >>> clock().isoformat()
    '2026-01-06T09:00:00+00:00'
    """

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The moment at which it stands."""
        return self.now

    def __repr__(self) -> str:
        return f"Clock({self.now.isoformat()})"

    def pass_(self, time: timedelta) -> None:
        """Let time pass. A negative time sets the clock back, as real ones sometimes are."""
        self.now += time
