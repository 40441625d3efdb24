"""Practice models, as parameters with their sources: any of them goes with any process model.

A process model says which stages a case goes through; a practice model how people work in
them. What a source does not state is None, and nothing asks for it.
"""

from __future__ import annotations

from typing import Any, Literal

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
from caseflow.workflow.workflow import Workflow


@attrs.frozen(kw_only=True)
class Caseload:
    """How many open cases one case manager, or one member of a team, leads.

    `target` is the number that the source describes, `warn_from` that from which on an
    assignment warns, `cap` the most there may be (None: not stated).
    """

    warn_from: int
    target: int | None = None
    cap: int | None = None
    per: Literal["case-manager", "member"] = "case-manager"


@attrs.frozen(kw_only=True)
class PracticeModel:
    """How people work with clients. None is what the source does not state.

    `outreach` is made or not, or made assertively: staff go on trying. `contact_budget` is
    the number of contacts after which the model may not fit. `service_mix` is who serves: the
    staff themselves, mostly others, or both. `settings` are where clients are met.
    `cover_24_hours` asks for somebody on duty day and night (see `uncovered`), `shared_team`
    for a team whose members answer for clients together. `plan_author` writes the plan.
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
    duration: Literal["shorter", "ongoing", "long-term"] | None = None
    relationship: Literal["important", "central"] | None = None


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
    caseload=Caseload(target=10, warn_from=11, per="member"),
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
    caseload=Caseload(target=15, warn_from=16),
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
    caseload=Caseload(target=35, warn_from=36),
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
    caseload=Caseload(target=10, warn_from=11),
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
    caseload=Caseload(warn_from=25, cap=30),
    plan_author="both",
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
    return workflow.extend(name, version=version, rules=_rules(practice))


def _rules(practice: PracticeModel) -> dict[str | type[Any], list[Rule[CaseworkState]]]:
    """What a practice model asks for, by transition and event, each with its source."""
    found: dict[str | type[Any], list[Rule[CaseworkState]]] = {}

    def ask(made: Rule[CaseworkState], *keys: str | type[Any]) -> None:
        for key in keys:
            found.setdefault(key, []).append(made.sourced(practice.source))

    load = practice.caseload
    if load is not None:
        ask(caseload_target(load.warn_from - 1), *_ASSIGNING)
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
        ask(plan_written_by(practice.plan_author), PlanAgreed)
    return found


_ASSIGNING = ("assign-lead-case-manager", "reopen")
"""Where a case manager comes to lead one case more."""
