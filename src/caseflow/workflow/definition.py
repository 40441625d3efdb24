"""What a workflow is made of: stages, transitions, targets, reasons, and the hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar, cast

import attrs

from caseflow.kernel.case import Case
from caseflow.kernel.rules import Rule

T = TypeVar("T")

ANY_OPEN: Final = "*open"
"""As a source: every stage that is not final, on hold or not."""
STAY: Final = "*stay"
"""As a target: the case stays where it is."""
NOT_STATED: Final = "not stated"
"""For `stated_in`: the source that a workflow follows does not say it."""
BACK: Final = "*back"
"""As a target: the position the case was in before its last move (for reopening)."""


def several(values: Iterable[T]) -> tuple[T, ...]:
    """Values as a tuple.

    What is no collection, or a text, is left as it is: building the workflow reports it, with
    all other faults.
    """
    given: Any = values
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        return cast("tuple[T, ...]", given)
    return tuple(values)


def words(value: str | Iterable[str]) -> tuple[str, ...]:
    """One word or several, as a tuple."""
    return (value,) if isinstance(value, str) else several(value)


def _rules(rules: Iterable[Rule[Any]]) -> tuple[Rule[Any], ...]:
    return several(rules)


def _classes(classes: Iterable[type[Any]]) -> tuple[type[Any], ...]:
    return several(classes)


def _reasons(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return several(reasons)


@attrs.frozen
class Reason:
    """One reason of a tree of codes. A reason with `children` is a heading; they are chosen.

    The code of a child is stored with those above it: `ineligible.income`.
    """

    code: str
    label: str = ""
    children: tuple[Reason, ...] = attrs.field(default=(), converter=_reasons, kw_only=True)


def codes_of(reasons: Iterable[Reason], above: str = "") -> dict[str, str]:
    """The codes that can be chosen from a tree, with their labels."""
    codes: dict[str, str] = {}
    for reason in reasons:
        code = f"{above}{reason.code}"
        if reason.children:
            codes |= codes_of(reason.children, f"{code}.")
        else:
            codes[code] = reason.label or reason.code.replace("-", " ")
    return codes


@attrs.frozen
class To:
    """A target that is taken when its condition is met: one of several, tried in order."""

    stage: str
    when: Rule[Any] | None = attrs.field(default=None, kw_only=True)


def _targets(value: str | To | Iterable[str | To]) -> tuple[To, ...]:
    given: Any = (value,) if isinstance(value, (str, To)) else several(value)
    if not isinstance(given, tuple):  # reported when the workflow is built
        return cast("tuple[To, ...]", given)
    return tuple(To(item) if isinstance(item, str) else item for item in given)


@attrs.frozen
class Transition:
    """A way from one or more stages to another, or a decision that stays where it is.

    `name` is what one says to take it. `source` is a stage, a substage (`stage.substage`),
    several of them, or `ANY_OPEN`. `to` is a stage, `STAY`, `BACK`, or several `To` of which
    the first is taken whose condition is met; the last has none. `records` is the decision
    event that the transition records: submitting it is taking the transition. `roles` may
    take it (empty: anybody). `rules` are judged in their order. `reasons` is a tree of codes
    of which one has to be given; `reason_required` asks for a reason in free text.
    `reopens` marks a way out of a final stage. `supersedes` marks a transition that may be
    dated before moves already recorded, which then drop out of the path (a death that was
    learned of late). `description` says in a sentence what is decided (left out: what its event
    says). `stated_in` is as of a stage.
    """

    name: str
    source: tuple[str, ...] = attrs.field(converter=words, kw_only=True)
    to: tuple[To, ...] = attrs.field(converter=_targets, kw_only=True)
    records: type[Any] | None = attrs.field(default=None, kw_only=True)
    roles: tuple[str, ...] = attrs.field(default=(), converter=words, kw_only=True)
    rules: tuple[Rule[Any], ...] = attrs.field(default=(), converter=_rules, kw_only=True)
    reasons: tuple[Reason, ...] = attrs.field(default=(), converter=_reasons, kw_only=True)
    reason_required: bool = attrs.field(default=False, kw_only=True)
    reopens: bool = attrs.field(default=False, kw_only=True)
    supersedes: bool = attrs.field(default=False, kw_only=True)
    label: str = attrs.field(default="", kw_only=True)
    description: str = attrs.field(default="", kw_only=True)
    stated_in: str = attrs.field(default="", kw_only=True)


@attrs.frozen
class Stage:
    """A stage of the work, where a case can be.

    `phases` are the parts of every process that it realises (of case work: engagement,
    assessment and so on), by which stages of different workflows are compared. `stated_in` is
    the document and place that state it; `NOT_STATED` marks one that the source of a
    workflow leaves out.
    `substages` divide it, in order; a case that enters the stage enters the first. The one
    stage with `initial=True` is where cases open; those with `final=True` are ends. `decides`
    names the decision events that may be taken here without moving; where a transition records
    one of them from this stage, it says how that is taken (by whom, say), and leads where.
    """

    id: str
    label: str = attrs.field(default="", kw_only=True)
    phases: tuple[str, ...] = attrs.field(default=(), converter=words, kw_only=True)
    stated_in: str = attrs.field(default="", kw_only=True)
    substages: tuple[str, ...] = attrs.field(default=(), converter=words, kw_only=True)
    initial: bool = attrs.field(default=False, kw_only=True)
    final: bool = attrs.field(default=False, kw_only=True)
    decides: tuple[type[Any], ...] = attrs.field(default=(), converter=_classes, kw_only=True)

    @property
    def positions(self) -> tuple[str, ...]:
        """The positions a case can have in this stage, hold apart."""
        return tuple(f"{self.id}.{inner}" for inner in self.substages) or (self.id,)


@attrs.frozen(kw_only=True)
class Hold:
    """That cases may be put on hold, and resume where they were.

    `stages` are those that it may interrupt. It adds the transitions `hold` and `resume`.
    """

    stages: tuple[str, ...] = attrs.field(default=(ANY_OPEN,), converter=words)
    roles: tuple[str, ...] = attrs.field(default=(), converter=words)
    reasons: tuple[Reason, ...] = attrs.field(default=(), converter=_reasons)
    reason_required: bool = False
    rules: tuple[Rule[Any], ...] = attrs.field(default=(), converter=_rules)
    resume_roles: tuple[str, ...] = attrs.field(default=(), converter=words)


@attrs.frozen
class Index:
    """Something by which cases are found and counted: `Index("lead", of=lead_case_manager)`.

    `of` tells of a case the value it is held under: a text, several, or None. It is pure, like
    `fold`. A case that has ended is held under none, unless `ended` is True. `personal` marks
    values that say something of a client: with a cipher, the store then holds what can be
    looked for, and not read.
    """

    name: str
    of: Callable[[Case[Any]], str | Iterable[str] | None]
    ended: bool = attrs.field(default=False, kw_only=True)
    personal: bool = attrs.field(default=False, kw_only=True)


RuleTable = Mapping["str | type[Any]", Iterable[Rule[Any]]]
"""Rules by what they judge: the name of a transition, or an event class."""
