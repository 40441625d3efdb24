"""Rules: small functions that yield what is unmet, and combinators that keep their parts.

A rule never answers yes or no. It yields one `Unmet` for each thing that is missing, with
what was found and how to put it right; a rule that yields nothing is met. What it rests on
is declared, so that every result, met or unmet, names the events it looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, Generic

import attrs

from caseflow.kernel.calendar import Span
from caseflow.kernel.case import Case
from caseflow.kernel.checks import (
    MOST,
    a_check,
    a_rule_id,
    a_span,
    none_yielded,
    one_role,
    said,
    some_event_types,
    some_indexes,
    some_parts,
    some_spans,
    some_stages,
    some_unmets,
    some_words,
    too_many,
    wanted_words,
)
from caseflow.kernel.context import Context, HistoryNeeded, NeedsInput
from caseflow.kernel.erasure_errors import ErasedRead
from caseflow.kernel.errors import UndeclaredRead
from caseflow.kernel.homes import Home, home_of
from caseflow.kernel.recorded import Strength, quickly
from caseflow.kernel.results import UNJUDGED, Outcome, Result, Unmet, as_if_known

__all__ = [
    "UNJUDGED",
    "Form",
    "Outcome",
    "Result",
    "Rule",
    "Unmet",
    "all_of",
    "any_of",
    "not_",
    "rule",
    "when",
]

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    S_contra = TypeVar("S_contra", contravariant=True, default=Any)
else:
    from typing import TypeVar

    S_contra = TypeVar("S_contra", contravariant=True)

Types = type[Any] | tuple[type[Any], ...]


@attrs.frozen
class Form:
    """How a rule was made: the name under which a vocabulary has it, and what it was given."""

    name: str
    given: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


Check = Callable[[Case[S_contra], Context], Iterable[Unmet]]
Combine = Callable[[tuple["Result", ...]], bool]


@attrs.frozen(kw_only=True)
class Rule(Generic[S_contra]):
    """A rule, with its words, its source and the strength that the agency gave it.

    Make one with the decorator `rule` or with a combinator; change its strength with
    `warns`, `due` and `blocks`. `excepted_by` is the role that may make an exception, `owner`
    who has to do what is due by it (a role, or the client).
    """

    id: str
    wanted: str
    check: Check[S_contra] | None = None
    rests_on: tuple[type[Any], ...] = ()
    history: tuple[type[Any], ...] = ()
    counts: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    stages: tuple[str, ...] = ()
    strength: Strength = "block"
    within: timedelta | Span | None = None
    owner: str = ""
    excepted_by: str = ""
    source: str = ""
    connective: str = ""
    parts: tuple[Rule[S_contra], ...] = ()
    combine: Combine | None = None
    form: Form | None = None

    def blocks(self) -> Rule[S_contra]:
        """This rule, refusing."""
        return attrs.evolve(self, strength="block", within=None, owner="")

    def warns(self) -> Rule[S_contra]:
        """This rule, warning: the decision is allowed, and the warning shown and counted."""
        return attrs.evolve(self, strength="warn", within=None, owner="")

    def due(
        self, *, within: timedelta | Span | str | None = None, owner: str | None = None
    ) -> Rule[S_contra]:
        """This rule, owed: the decision is allowed, and what is unmet is due afterwards.

        `within` is the time after the decision occurred (None: no date): a span such as
        `"5 working days"`, to the end of a day by the calendar of the workflow, or a
        timedelta, to the moment; time on hold does not count. It lapses when the case ends, unless
        the ending itself left it. `owner` is who has to do it (a role, or the client); left out,
        it is who had to before. Raises `DefinitionError` for what is no time, or no text.
        """
        owner = self.owner if owner is None else owner
        some_words(self.id, owner=owner)
        return attrs.evolve(self, strength="due", within=a_span(self.id, within), owner=owner)

    def sourced(self, source: str) -> Rule[S_contra]:
        """This rule, as another document asks for it. Raises `DefinitionError`."""
        some_words(self.id, source=source)
        return attrs.evolve(self, source=source)

    def worded(self, wanted: str) -> Rule[S_contra]:
        """This rule, in other words: one sentence that says what is wanted.

        Raises `DefinitionError`.
        """
        return attrs.evolve(self, wanted=wanted_words(self.id, wanted))

    def named(self, id: str) -> Rule[S_contra]:
        """This rule under another id, to stand beside itself. Raises `DefinitionError`."""
        return attrs.evolve(self, id=a_rule_id(id))

    def excepted(self, *, by: str) -> Rule[S_contra]:
        """This rule, with the role that may make an exception (empty: nobody)."""
        return attrs.evolve(self, excepted_by=one_role(self.id, by))

    def __reduce__(self) -> tuple[Callable[..., Rule[Any]], tuple[dict[str, Any]]]:
        given = {field.name: getattr(self, field.name) for field in attrs.fields(Rule)}
        return _again, (given | {"check": home_of(self) or self.check},)

    def judge(self, case: Case[S_contra], context: Context) -> Result | None:
        """The result, or None where a rule without parts is simply met.

        `result` makes the None into a full result; most verdicts never need it, since nobody
        looks at the rules that are met.
        """
        if self.combine is not None:
            return self._judge_parts(case, context)
        if self.history or self.counts:
            context = self._reading(context)
        unmet: list[Unmet] = []
        try:
            try:
                found: Any = self.check(case, context)  # type: ignore[misc]  # no parts: has a check
                for one in found if hasattr(found, "__iter__") else none_yielded(found):
                    unmet.append(one)
                    if len(unmet) > MOST:
                        too_many()
            except NeedsInput:
                if not unmet:  # what was found before that stands, whatever will be entered
                    return self._result(case, "needs-input")
            some_unmets(unmet, Unmet)
        except ErasedRead:  # no fault of the rule: nobody can judge it any more
            return self._result(case, "erased")
        except UndeclaredRead as error:
            named = type(error)(**{**error.fields, "rule": self.id})
            return self._result(case, "fault", fault=str(named))
        except Exception as error:  # a rule is foreign code; what it raises is its fault
            return self._result(case, "fault", fault=f"{type(error).__name__}: {said(error)}")
        return self._result(case, "unmet", unmet=tuple(unmet)) if unmet else None

    def result(self, case: Case[S_contra], context: Context) -> Result:
        """The full result, met or unmet, with its evidence."""
        return self.judge(case, context) or self.met(case)

    def met(self, case: Case[Any]) -> Result:
        """The result of this rule on a case that meets it."""
        return self._result(case, "met")

    def _reading(self, context: Context) -> Context:
        """The context with what this rule declares to read, and nothing else."""
        given = context.histories or {}
        missing = tuple(cls for cls in self.history if cls not in given)
        if missing:
            raise HistoryNeeded(self.id, missing)
        read = {cls: given[cls] for cls in self.history}
        return context.reading(read, self.id, self.counts)

    def _result(
        self,
        case: Case[Any],
        outcome: Outcome,
        *,
        unmet: tuple[Unmet, ...] = (),
        fault: str = "",
        parts: tuple[Result, ...] = (),
    ) -> Result:
        found: set[int] = set()
        by_default = False
        for item in unmet:
            by_default = by_default or item.evidence is None
            found.update(item.evidence or ())
        if by_default or not found:
            latest = map(case.latest_recorded, self.rests_on)
            found.update([entry.number for entry in latest if entry])
        for part in parts:
            found.update(part.evidence)
        return quickly(
            Result,
            (
                self.id,
                outcome,
                self.strength,
                self.wanted,
                unmet,
                tuple(sorted(found)),
                self.excepted_by,
                None,  # weighing a result tells the exception that stands in its place
                None,
                self.source,
                self.within,
                self.owner,
                None,  # and since when it is owed
                fault,
                self.connective,
                parts,
            ),
        )

    def _judge_parts(self, case: Case[S_contra], context: Context) -> Result:
        parts = tuple(part.result(case, context) for part in self.parts[:1])
        if self.connective != "when" or parts[0].outcome != "unmet":  # then is asked only there
            parts += tuple(part.result(case, context) for part in self.parts[1:])
        for part in parts:
            if part.outcome == "fault":
                fault = f"its part {part.rule!r} failed: {part.fault}"
                return self._result(case, "fault", fault=fault, parts=parts)
        answers = {self._combines(given) for given in as_if_known(parts, self.connective)}
        if len(answers) > 1:  # the input that is waited for decides, or what was erased did
            waits = any(part.outcome == "needs-input" for part in parts)
            return self._result(case, "needs-input" if waits else "erased", parts=parts)
        if True in answers:
            return self._result(case, "met", parts=parts)
        unmet = _unmet_of(self, parts)
        return self._result(case, "unmet", unmet=unmet, parts=parts)

    def _combines(self, parts: tuple[Result, ...]) -> bool:
        return self.combine is not None and self.combine(parts)


def _again(given: dict[str, Any]) -> Rule[Any]:
    """A rule as it was pickled."""
    home = given["check"]
    return Rule(**(given | {"check": home.check() if isinstance(home, Home) else home}))


def rule(
    id: str,
    *,
    rests_on: Types = (),
    history: Types = (),
    counts: str | tuple[str, ...] = (),
    spans: Span | tuple[Span, ...] = (),
    stages: str | tuple[str, ...] = (),
    wanted: str = "",
    source: str = "",
    excepted_by: str = "",
) -> Callable[[Check[S_contra]], Rule[S_contra]]:
    """Make a rule of a function that yields what is unmet.

    `id` is stored with decisions and never changes. `rests_on` names the event types the
    rule looks at: the latest of each is its evidence. `history` names the types of which it
    reads every event, with `context.history(Type)`; `counts` the indexes of the workflow by
    which it counts other cases, with `context.other_cases(index, value)`; `spans` the spans it
    counts with, and `stages` the stages that it looks for, so that a workflow whose calendar
    cannot count them, or that lacks one of these stages, says so when it is built.
    What is wanted is said by `wanted`, or by the first paragraph of the docstring. `source` is
    where the rule comes from; `excepted_by` the role that may make an exception (empty:
    nobody). Raises `DefinitionError`.
    """
    a_rule_id(id)
    some_words(id, wanted=wanted, source=source)

    def make(check: Check[S_contra]) -> Rule[S_contra]:
        a_check(id, check)
        words = wanted or cleandoc(check.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        return Rule(
            id=id,
            wanted=wanted_words(id, words),
            check=check,
            rests_on=some_event_types(id, rests_on),
            history=some_event_types(id, history),
            counts=some_indexes(id, counts),
            spans=some_spans(id, spans),
            stages=some_stages(id, stages),
            source=source,
            excepted_by=one_role(id, excepted_by),
            form=Form(id),
        )

    return make


def all_of(
    id: str, *parts: Rule[S_contra], wanted: str = "", source: str = "", excepted_by: str = ""
) -> Rule[S_contra]:
    """A rule that is met when each of its parts is."""
    return _combined(
        id,
        "all of",
        parts,
        _all_hold,
        wanted,
        source,
        excepted_by,
    )


def any_of(
    id: str, *parts: Rule[S_contra], wanted: str = "", source: str = "", excepted_by: str = ""
) -> Rule[S_contra]:
    """A rule that is met when at least one of its parts is."""
    return _combined(
        id,
        "any of",
        parts,
        _one_holds,
        wanted,
        source,
        excepted_by,
    )


def not_(
    id: str, part: Rule[S_contra], *, wanted: str, source: str = "", excepted_by: str = ""
) -> Rule[S_contra]:
    """A rule that is met when its part is not; `wanted` has to say it in plain words."""
    return _combined(id, "not", (part,), _does_not_hold, wanted, source, excepted_by)


def when(
    id: str,
    condition: Rule[S_contra],
    *,
    then: Rule[S_contra],
    wanted: str = "",
    source: str = "",
    excepted_by: str = "",
) -> Rule[S_contra]:
    """A rule that asks for `then` where `condition` is met, and for nothing elsewhere."""
    return _combined(
        id,
        "when",
        (condition, then),
        _holds_where,
        wanted,
        source,
        excepted_by,
    )


def _all_hold(found: tuple[Result, ...]) -> bool:
    return all(part.holds for part in found)


def _one_holds(found: tuple[Result, ...]) -> bool:
    return any(part.holds for part in found)


def _does_not_hold(found: tuple[Result, ...]) -> bool:
    return not found[0].holds


def _holds_where(found: tuple[Result, ...]) -> bool:
    return not found[0].holds or found[1].holds


def _combined(
    id: str,
    connective: str,
    parts: tuple[Rule[S_contra], ...],
    combine: Combine,
    wanted: str,
    source: str,
    excepted_by: str,
) -> Rule[S_contra]:
    a_rule_id(id)
    some_words(id, wanted=wanted, source=source)
    some_parts(id, connective, parts, Rule)
    joint = " Or: " if connective == "any of" else " And: "
    words = "" if connective == "not" else joint.join(part.wanted for part in parts)
    if connective == "when":
        words = f"Where this holds: {parts[0].wanted} Then also: {parts[1].wanted}"
    return Rule(
        id=id,
        wanted=wanted_words(id, wanted or words),
        rests_on=tuple(dict.fromkeys(cls for part in parts for cls in part.rests_on)),
        history=tuple(dict.fromkeys(cls for part in parts for cls in part.history)),
        counts=tuple(dict.fromkeys(name for part in parts for name in part.counts)),
        spans=tuple(dict.fromkeys(span for part in parts for span in part.spans)),
        stages=tuple(dict.fromkeys(name for part in parts for name in part.stages)),
        source=source or "; ".join(dict.fromkeys(p.source for p in parts if p.source)),
        excepted_by=one_role(id, excepted_by),
        connective=connective,
        parts=parts,
        combine=combine,
    )


def _unmet_of(combined: Rule[Any], parts: tuple[Result, ...]) -> tuple[Unmet, ...]:
    """What is unmet of a combination: what its unmet parts miss."""
    if combined.connective == "not":
        held = parts[0]
        return (Unmet(found=f"it holds: {held.wanted}", evidence=held.evidence),)
    return tuple(item for part in parts if part.outcome == "unmet" for item in part.unmet)
