"""The rules that every workflow has: role, position, reason. Their words are shown to people."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from caseflow.kernel.case import Case
from caseflow.kernel.errors import listed
from caseflow.kernel.explain import with_article
from caseflow.kernel.recorded import Actor
from caseflow.kernel.rules import Context, Result, Unmet
from caseflow.kernel.verdict import in_words
from caseflow.workflow.definition import ANY_OPEN
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


def wanted_role(roles: tuple[str, ...]) -> str:
    """Roles as a sentence."""
    return f"This is done by {' or '.join(map(with_article, roles))}."


def acts_in_words(actor: Actor) -> str:
    """In which roles somebody acts, as it reads in a sentence."""
    roles = " and ".join(map(with_article, sorted(actor.roles)))
    return f"{actor.id} acts as {roles}" if roles else f"{actor.id} acts in no role"


def role_unmet(roles: tuple[str, ...], actor: Actor) -> Result:
    """The actor acts in none of the roles that may do this."""
    found = acts_in_words(actor)
    remedy = f"ask {' or '.join(map(with_article, roles))} to do it"
    return built_in("role", wanted_role(roles), Unmet(found=found, remedy=remedy))


def position_unmet(workflow: Any, case: Case[Any], rows: list[Row]) -> Result:
    """The transition has no way from where the case stands."""
    sources = dict.fromkeys(name for row in rows for name in row.transition.source)
    if case.on_hold:
        remedy = "resume the case first"
    else:
        goals = {p for p, names in workflow.dispatch.items() if rows[0].name in names}
        first = way_to(workflow.dispatch, case.position or "", goals, workflow.ends)
        steps = ", then ".join(row.label for row in first)
        remedy = f"first {steps}" if first else "no way leads there from here"
    places = " or ".join(
        "any open stage" if name == ANY_OPEN else workflow.labels.get(name) or in_words(name)
        for name in sources
    )
    return built_in(
        "position",
        f"This is done in {places}.",
        Unmet(found=f"the case is in {in_words(case.position)}", remedy=remedy, evidence=()),
    )


def reason_unmet(row: Row, context: Context) -> Result | None:
    """A reason has to be given, and where there is a tree of codes, one of its codes."""
    given = context.given_reason
    codes = row.codes
    if codes and given in codes:
        return None
    if not codes and given is not None and given.strip():
        return None
    wanted = "A reason is given" + (", by one of the agency's codes." if codes else ".")
    if not codes:
        return built_in("reason", wanted, Unmet(remedy="say why: reason='...'"))
    under = [code for code in codes if code.startswith(f"{given}.")]  # a heading was given
    close = under or get_close_matches(given or "", codes, n=3)
    choices = listed(close or sorted(codes), "or")
    return built_in("reason", wanted, Unmet(found=given, remedy=f"give reason={choices}"))
