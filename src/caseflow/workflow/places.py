"""The positions of a workflow, and what the names of sources and targets stand for."""

from __future__ import annotations

from caseflow.kernel.case import HOLD
from caseflow.workflow.definition import ANY_OPEN, Hold, Stage


class Places:
    """The positions of a workflow, and what the names of sources and targets stand for."""

    def __init__(self, stages: tuple[Stage, ...], hold: Hold | None) -> None:
        self.stages = {stage.id: stage for stage in stages}
        self.open = [p for stage in stages if not stage.final for p in stage.positions]
        self.ends = [p for stage in stages if stage.final for p in stage.positions]
        self.held = [p + HOLD for p in self.open if self._may_hold(p, hold)]
        self.all = [*self.open, *self.held, *self.ends]

    def _may_hold(self, position: str, hold: Hold | None) -> bool:
        names = hold.stages if hold else ()
        return any(name in (ANY_OPEN, position, position.partition(".")[0]) for name in names)

    def sources(self, name: str) -> list[str]:
        """The positions that a source names; none where it is undeclared."""
        if name == ANY_OPEN:
            return [*self.open, *self.held]
        if name == HOLD:
            return list(self.held)
        if name in self.stages:
            return list(self.stages[name].positions)
        return [name] if name in self.all else []

    def target(self, name: str) -> str | None:
        """The position that a target names: of a stage with substages, the first."""
        if name in self.stages:
            return self.stages[name].positions[0]
        return name if name in self.all else None
