"""What a program says of itself: what goes in, what comes out, how each stage is delivered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, cast, get_args

import attrs

from caseflow.casework.words import Mode
from caseflow.kernel.errors import InvalidCall
from caseflow.views.given import a_text, each_of, some, texts, texts_by
from caseflow.workflow.definition import several, words

Wording = Literal["staff", "participants", "partners"]
"""Whom a picture is for (Tri-level Case Management: staff, participants, partners)."""


def _modes(values: Mode | Iterable[Mode]) -> tuple[Mode, ...]:
    return cast("tuple[Mode, ...]", words(values))


@attrs.frozen
class StageDelivery:
    """How a program delivers one stage of its flow.

    `stage` is the id of the stage. `modes` are how people meet, `who` who acts, `referrals`
    where clients are referred to from here, `reports` which data is reported. `told` says what
    happens, and `called` what the stage is called, in the words for staff, participants or
    partners.
    """

    stage: str = attrs.field(validator=a_text)
    modes: tuple[Mode, ...] = attrs.field(
        default=(), converter=_modes, validator=each_of(get_args(Mode)), kw_only=True
    )
    who: tuple[str, ...] = attrs.field(default=(), converter=words, validator=texts, kw_only=True)
    referrals: tuple[str, ...] = attrs.field(
        default=(), converter=words, validator=texts, kw_only=True
    )
    reports: tuple[str, ...] = attrs.field(
        default=(), converter=words, validator=texts, kw_only=True
    )
    told: Mapping[Wording, str] = attrs.field(
        factory=dict, validator=texts_by(get_args(Wording)), kw_only=True
    )
    called: Mapping[Wording, str] = attrs.field(
        factory=dict, validator=texts_by(get_args(Wording)), kw_only=True
    )


def _deliveries(values: Iterable[StageDelivery]) -> tuple[StageDelivery, ...]:
    return several(values)


@attrs.frozen
class Program:
    """A program as its logic model tells it, and how it delivers each stage.

    `resources` go in, `activities` are done with them, `outputs` are counted, `outcomes` are
    what changes. `targets` gives, by an output or an outcome, what is aimed at ("80 % within a
    year"). Raises `InvalidCall` for a target of something that is neither, for two
    deliveries of one stage, and for what is no text.
    """

    name: str = attrs.field(validator=a_text)
    resources: tuple[str, ...] = attrs.field(
        default=(), converter=words, validator=texts, kw_only=True
    )
    activities: tuple[str, ...] = attrs.field(
        default=(), converter=words, validator=texts, kw_only=True
    )
    outputs: tuple[str, ...] = attrs.field(
        default=(), converter=words, validator=texts, kw_only=True
    )
    outcomes: tuple[str, ...] = attrs.field(
        default=(), converter=words, validator=texts, kw_only=True
    )
    targets: Mapping[str, str] = attrs.field(factory=dict, validator=texts_by(), kw_only=True)
    stages: tuple[StageDelivery, ...] = attrs.field(
        default=(), converter=_deliveries, validator=some(StageDelivery), kw_only=True
    )

    def __attrs_post_init__(self) -> None:
        known = (*self.outputs, *self.outcomes)
        for of in self.targets:
            if of not in known:
                raise InvalidCall(
                    what=f"A target of the program {self.name!r}",
                    problem=f"is for {of!r}, which is no output and no outcome of it",
                    repair=f"Use one of: {', '.join(known) or 'none, so add it there first'}.",
                )
        stages = [one.stage for one in self.stages]
        for stage in stages:
            if stages.count(stage) > 1:
                raise InvalidCall(
                    what=f"The program {self.name!r}",
                    problem=f"has several deliveries of the stage {stage!r}",
                    repair="Give one for each stage.",
                )

    def delivery(self, stage: str) -> StageDelivery | None:
        """How a stage is delivered (None: not said)."""
        return next((one for one in self.stages if one.stage == stage), None)
