"""The rules that every workflow has: role, position, reason. Their words are shown to people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import attrs

from caseflow.kernel.case import HOLD, Case
from caseflow.kernel.context import Context
from caseflow.kernel.explain import with_article
from caseflow.kernel.recorded import Actor
from caseflow.kernel.rules import Result, Unmet, rule
from caseflow.kernel.verdict import in_words
from caseflow.workflow.definition import ANY_OPEN, To
from caseflow.workflow.machine import Row, way_to


def built_in(rule: str, wanted: str, *unmet: Unmet, warns: bool = False) -> Result:
    """The unmet result of a built-in rule."""
    evidence = sorted({number for item in unmet for number in item.evidence or ()})
    return Result(
        rule=rule,
        outcome="unmet",
        strength="warn" if warns else "block",
        wanted=wanted,
        unmet=unmet,
        evidence=tuple(evidence),
    )


@rule("known-to-the-case")
def _known(case: Case[Any], context: Context) -> Iterator[Unmet]:
    """What a fact names is known to the case."""
    event = context.event
    for thing in case.state.unknown_in(event):
        named = (getattr(event, field.name) for field in attrs.fields(type(event)))
        yield Unmet(
            found=f"the case has no {thing}",
            quoted=tuple(one for one in named if isinstance(one, str)),
            remedy=f"if it names the wrong one, correct this event; if {thing} was never recorded, "
            f"void this event, record {thing}, and then this event anew",
        )


known_to_the_case = _known.warns()
"""Asked of facts where the state of the trade tells what it does not know (see `Foldable`)."""


def any_of_roles(workflow: Any, roles: Iterable[str]) -> str:
    """Roles as a sentence names them: `a supervisor or a case manager`."""
    return " or ".join(with_article(role, workflow.words) for role in roles)


def acts_in_words(workflow: Any, actor: Actor) -> str:
    """In which roles somebody acts, as it reads in a sentence."""
    roles = " and ".join(with_article(role, workflow.words) for role in sorted(actor.roles))
    return f"{actor.id} acts as {roles}" if roles else f"{actor.id} acts in no role"


def role_unmet(workflow: Any, roles: tuple[str, ...], actor: Actor) -> Result:
    """The actor acts in none of the roles that may do this."""
    who = any_of_roles(workflow, roles)
    unmet = Unmet(
        found=acts_in_words(workflow, actor), remedy=f"ask {who} to do it", quoted=(actor.id,)
    )
    return built_in("role", f"This is done by {who}.", unmet)


def position_unmet(workflow: Any, case: Case[Any], rows: Sequence[Row]) -> Result:
    """The transition has no way from where the case stands."""
    sources = dict.fromkeys(name for row in rows for name in row.transition.source)
    here = in_words(case.position, workflow.words)
    goals = {p for p, names in workflow.dispatch.items() if rows[0].name in names}
    places = " or ".join(
        "any open stage" if name == ANY_OPEN else in_words(name, workflow.words) for name in sources
    )
    wanted, found, remedy = f"This is done in {places}.", f"the case is in {here}", ""
    if HOLD in sources:
        wanted, found = "This is done while the case is on hold.", "the case is not on hold"
    elif case.on_hold and rows[0].transition.to == (To(HOLD),):
        wanted, found = "This is done while the case is not on hold.", "the case is on hold"
    elif goals and goals <= workflow.ends and case.position not in workflow.ends:
        wanted, found = "This is done when the case has ended.", "the case is open"
    elif case.position in workflow.ends and _only_ends(workflow, rows[0].name):
        found, remedy = "the case has ended", _ended_otherwise(workflow, case, rows[0])
    elif not (first := way_to(workflow.dispatch, case, goals, workflow.ends)):
        found += ", from which this step cannot be taken"
    elif [row.transition.source for row in first] == [(HOLD,)]:
        found, remedy = "the case is on hold", "resume the case first"
    else:
        remedy = f"take the case there first: {', then '.join(row.label for row in first)}"
    steps = "".join(remedy.partition(": ")[1:])
    unmet = Unmet(found=found, remedy=remedy, evidence=(), quoted=(here, steps))
    return built_in("position", wanted, unmet)


def _ended_otherwise(workflow: Any, case: Case[Any], row: Row) -> str:
    """How to let a case end another way than it did, where this may be dated back for it."""
    reopens = (edges[0].row for edges in workflow.dispatch[case.position].values())
    back = next((one for one in reopens if one.transition.reopens), None)
    if back is None or not row.transition.supersedes:
        return ""
    return f"if it ended that way: {back.label}, then {row.label}, dated back to that day"


def _only_ends(workflow: Any, name: str) -> bool:
    """Whether this transition does nothing but end a case."""
    edges = [edge for names in workflow.dispatch.values() for edge in names.get(name, ())]
    return all(edge.dest in workflow.ends for edge in edges)


_NO_REASON = built_in("reason", "A reason is given.", Unmet(found="no reason", remedy="say why"))
_AWAITED = _NO_REASON._replace(outcome="needs-input")


def reason_unmet(row: Row, context: Context) -> Result | None:
    """A reason has to be given, and where there is a tree of codes, one of its codes."""
    given = context.given_reason
    codes = row.codes
    if codes and given in codes:
        return None
    if not codes and given is not None and given.strip():
        return None
    if not codes:
        return _AWAITED if context.reason_awaited else _NO_REASON
    under = [code for code in codes if code.startswith(f"{given}.")]  # a heading was given
    close = under or get_close_matches(given or "", codes, n=3) or sorted(codes)
    choices = ", ".join(_reason_words(code, codes[code]) for code in close)
    found = given if given else "no reason"
    unmet = Unmet(
        found=found, remedy=f"choose one of these: {choices}", quoted=(given or "", f": {choices}")
    )
    result = built_in("reason", "A reason is given, by one of the agency's codes.", unmet)
    return result._replace(outcome="needs-input") if context.reason_awaited else result


def _reason_words(code: str, label: str) -> str:
    """A reason as its words, and its code where that says more."""
    return label if label == code.replace("-", " ") else f"{label} ({code})"
