"""Practice models, as parameters with their sources: any of them goes with any process model.

A process model says which stages a case goes through; a practice model how people work in
them. What a source does not state is None, and nothing asks for it.
"""

from __future__ import annotations

from typing import Any, Literal, get_type_hints

import attrs

from caseflow.casework import (
    Author,
    CaseworkState,
    ContactAttempted,
    OutreachMade,
    PlanAgreed,
    ReferralMade,
    ServiceProvided,
)
from caseflow.kernel.checks import so_many
from caseflow.kernel.errors import DefinitionError, short
from caseflow.kernel.rules import Rule
from caseflow.rules import (
    care_given_directly,
    caseload_cap,
    caseload_target,
    contact_budget,
    contact_setting,
    no_outreach,
    outreach_goes_on,
    plan_written_by,
    services_mostly_arranged,
)
from caseflow.rules.sources import models, trilevel
from caseflow.workflow.parameters import fitted, misplaced
from caseflow.workflow.workflow import Workflow


@attrs.frozen(kw_only=True)
class Caseload:
    """How many open cases one case manager, or one member of a team, leads.

    `target` is the number that the source describes, `warn_from` that from which on an
    assignment warns, `cap` the most there may be (None: not stated). `usual` is how the source
    gives a number that is no limit (None: it is one). Raises
    `DefinitionError` for what is no number of cases, and for a cap that is reached before
    anything warns.
    """

    warn_from: int
    target: int | None = None
    cap: int | None = None
    per: Literal["case-manager", "member"] = "case-manager"
    usual: Literal["on average", "usually"] | None = None

    def __attrs_post_init__(self) -> None:
        _fit(self, "a caseload")
        least = {"warn_from": 2, "target": 1, "cap": self.warn_from}
        for name, number in least.items():
            given = getattr(self, name)
            if given is not None and given < number:
                raise DefinitionError(
                    what=f"A caseload has {name}={short(given)}, which",
                    problem=f"is less than {number}",
                    repair="Let it warn from the second case or a later one, not after the cap.",
                )


@attrs.frozen(kw_only=True)
class PracticeModel:
    """How people work with clients. None is what the source does not state.

    `outreach` is made or not, or made assertively: staff go on trying. `contact_budget` is
    the number of contacts after which the model may not fit. `service_mix` is who serves: the
    staff themselves, mostly others, or both. `settings` are where clients are met.
    `cover_24_hours` asks for somebody on duty day and night (see `uncovered`), `shared_team`
    for a team whose members answer for clients together. `plan_author` writes the plan;
    `plan_source` is where that stands, if not where the rest does.
    Raises `DefinitionError` for anything else than these words and numbers.
    """

    id: str
    label: str
    source: str
    caseload: Caseload | None = None
    outreach: Literal["none", "used", "assertive"] | None = None
    contact_budget: int | None = None
    service_mix: Literal["direct", "mostly-referred", "both"] | None = None
    settings: tuple[str, ...] | None = None
    cover_24_hours: bool | None = None
    shared_team: bool | None = None
    plan_author: Author | None = None
    plan_source: str | None = None
    duration: Literal["shorter", "ongoing", "long-term"] | None = None
    relationship: Literal["important", "central"] | None = None

    def __attrs_post_init__(self) -> None:
        what = f"practice model {short(self.id)}"
        _fit(self, what)
        load: Any = self.caseload
        if load is not None and not isinstance(load, Caseload):
            where = f"'caseload' of {what}"
            raise misplaced(where, f"is {short(load)}", "Give Caseload(warn_from=...).")
        if self.contact_budget is not None:
            so_many("contact_budget", self.contact_budget, "contacts")


def _fit(one: Any, what: str) -> None:
    """See that each field holds what it is annotated with, and no empty words."""
    hints = get_type_hints(type(one))
    for field in attrs.fields(type(one)):
        where = f"{field.name!r} of {what}"
        value = fitted(getattr(one, field.name), hints[field.name], where)
        words = value if isinstance(value, tuple) else (value,)
        if not words or any(isinstance(word, str) and not word.strip() for word in words):
            raise misplaced(where, f"is {short(value)}, which is empty", "Give it words.")
        object.__setattr__(one, field.name, value)


ICM = PracticeModel(
    id="icm",
    label="intensive case management",
    source=models("intensive case management"),
    caseload=Caseload(warn_from=20),
    outreach="assertive",
    duration="long-term",
)
"""Intensive case management. What is told of assertive community treatment is in `ACT`."""

ACT = PracticeModel(
    id="act",
    label="assertive community treatment",
    source=models("assertive community treatment"),
    caseload=Caseload(target=10, warn_from=11, per="member", usual="usually"),
    outreach="assertive",
    service_mix="direct",
    settings=("home", "workplace"),
    cover_24_hours=True,
    shared_team=True,
    duration="long-term",
)
"""Assertive community treatment: a team that serves its clients itself."""

STRENGTHS_BASED = PracticeModel(
    id="strengths-based",
    label="strengths-based case management",
    source=models("strengths-based case management"),
    caseload=Caseload(target=15, warn_from=16, usual="on average"),
    outreach="assertive",
    service_mix="both",
    plan_author="client",
    duration="ongoing",
    relationship="important",
)
"""The client takes the lead, and strengths are what it is done with."""

BROKERAGE = PracticeModel(
    id="brokerage",
    label="brokerage",
    source=models("brokerage"),
    caseload=Caseload(target=35, warn_from=36, usual="on average"),
    outreach="none",
    contact_budget=2,
    service_mix="mostly-referred",
    settings=("office",),
    duration="shorter",
)
"""Clients are linked to services in one or two contacts."""

CLINICAL = PracticeModel(
    id="clinical",
    label="clinical case management",
    source=models("clinical case management"),
    caseload=Caseload(target=10, warn_from=11, usual="on average"),
    outreach="used",
    service_mix="both",
    duration="long-term",
    relationship="central",
)
"""A clinician is the case manager."""

NAVIGATOR = PracticeModel(
    id="navigator",
    label="navigator",
    source=trilevel("overview: the navigator, and a caseload of no more than 25-30"),
    caseload=Caseload(target=25, warn_from=26, cap=30),
    plan_author="both",
    plan_source=trilevel("navigator responsibilities: co-create the plan with each participant"),
)
"""A navigator is the one point of contact, and writes the plan with the participant."""

PRACTICES = (ICM, ACT, STRENGTHS_BASED, BROKERAGE, CLINICAL, NAVIGATOR)
"""The practice models of the sources."""


def with_practice(
    workflow: Workflow[CaseworkState], practice: PracticeModel, *, name: str, version: str
) -> Workflow[CaseworkState]:
    """A workflow in which people work by a practice model: the same stages, and its rules.

    `name` and `version` are those of the new workflow. All rules warn, but for a hard cap of
    the caseload. What is a matter of the agency and not of a case (cover, the team, duration,
    relationship) adds no rule; how often a client is to be tried again is for the agency to
    say, with `caseflow.rules.due.re_engagement`. Raises `WorkflowInvalid`, also where the
    workflow has rules of another practice model already, or lacks a transition that the rules
    belong on (all those that ship have them).
    """
    for name_of, given, kind in (
        ("workflow", workflow, Workflow),
        ("practice model", practice, PracticeModel),
    ):
        if not isinstance(given, kind):
            what = f"The {name_of} that with_practice is given, {short(given)},"
            raise misplaced(what, f"is no {kind.__name__}", "Give six_stage and ICM, for example.")
    return workflow.extend(name, version=version, rules=_rules(practice))


def _rules(practice: PracticeModel) -> dict[str | type[Any], list[Rule[CaseworkState]]]:
    """What a practice model asks for, by transition and event, each with its source."""
    found: dict[str | type[Any], list[Rule[CaseworkState]]] = {}

    def ask(made: Rule[CaseworkState], *keys: str | type[Any], source: str | None = None) -> None:
        for key in keys:
            found.setdefault(key, []).append(made.sourced(source or practice.source))

    load = practice.caseload
    if load is not None:
        ask(caseload_target(load.warn_from - 1, usual=load.usual or ""), *_ASSIGNING)
        if load.cap is not None:
            ask(caseload_cap(load.cap), *_ASSIGNING)
    if practice.outreach == "none":
        ask(no_outreach, OutreachMade)
    if practice.outreach == "assertive":
        ask(outreach_goes_on, "end-as-unable-to-locate")
    if practice.contact_budget is not None:
        ask(contact_budget(practice.contact_budget), ContactAttempted)
    if practice.settings:
        ask(contact_setting(practice.settings), ContactAttempted)
    if practice.service_mix == "direct":
        ask(care_given_directly, ServiceProvided, ReferralMade)
    if practice.service_mix == "mostly-referred":
        ask(services_mostly_arranged, ServiceProvided)
    if practice.plan_author is not None:
        ask(plan_written_by(practice.plan_author), PlanAgreed, source=practice.plan_source)
    return found


_ASSIGNING = ("assign-lead-case-manager", "reopen")
"""Where a case manager comes to lead one case more."""
