"""The six stages of case management (ISED): the workflow `six_stage`.

Engagement (outreach, eligibility, enrollment), assessment, planning, intervention,
monitoring, termination; then closed. From intervention and monitoring a case goes back to
assessment and planning. Cases may end early from any open stage, be put on hold, and be
reopened. In any open stage, on hold or not, a case is given to its lead case manager, by whom
cases are found and counted (the index `lead`).

Only the guards of the mission refuse; a supervisor may make an exception, where an agency
gives somebody that role. The rest warns or makes something due. Days and counts on which the
source is silent are not given here: an agency sets them with `six_stage.extend(...)`.
"""

from __future__ import annotations

from caseflow.casework import (
    FACTS,
    AssessmentCompleted,
    CaseClosed,
    CaseworkState,
    EligibilityDetermined,
    Enrolled,
    LeadCaseManagerAssigned,
    PlanAgreed,
    TransferredOut,
    lead_case_manager,
)
from caseflow.rules import (
    assessment_completed,
    closure_criteria_met,
    closure_criteria_set,
    contact_attempted,
    continuing_services_listed,
    eligible,
    enrolled,
    enrolled_before_withdrawal,
    exit_interviews,
    follow_up_sessions,
    found_ineligible,
    needs_covered,
    needs_numbered,
    next_stage_planned,
    not_yet_enrolled,
    plan_agreed,
    plan_items_complete,
    plan_items_relate,
    referred_elsewhere,
    resources_listed,
    strengths_named,
)
from caseflow.workflow.definition import ANY_OPEN, BACK, STAY, Hold, Index, Stage, Transition
from caseflow.workflow.workflow import Workflow

SERVED = ("assessment", "planning", "intervention", "monitoring")
"""The stages in which an enrolled client is worked with."""

STAGES = (
    Stage(
        "engagement",
        substages=("outreach", "eligibility", "enrollment"),
        initial=True,
    ),
    Stage("assessment", decides=[AssessmentCompleted]),
    Stage("planning", label="planning and goal setting", decides=[PlanAgreed]),
    Stage("intervention"),
    Stage("monitoring", label="monitoring and coordination"),
    Stage("termination"),
    Stage("closed", final=True),
)

WORK = (
    Transition(
        "determine-eligibility",
        source=("engagement.outreach", "engagement.eligibility"),
        to="engagement.eligibility",
        records=EligibilityDetermined,
    ),
    Transition(
        "determine-eligibility",
        source=("engagement.enrollment", *SERVED),
        to=STAY,
        records=EligibilityDetermined,
    ),
    Transition("enroll", source="engagement", to="engagement.enrollment", records=Enrolled),
    Transition("enroll", source=SERVED, to=STAY, records=Enrolled),
    Transition("assess", source="engagement", to="assessment", rules=[enrolled]),
    Transition(
        "plan",
        source="assessment",
        to="planning",
        rules=[assessment_completed, needs_numbered, strengths_named],
    ),
    Transition(
        "start-services",
        source="planning",
        to="intervention",
        rules=[needs_covered, plan_items_relate, plan_items_complete, plan_agreed.warns()],
    ),
    Transition("monitor", source="intervention", to="monitoring"),
    Transition("continue-services", source="monitoring", to="intervention"),
    Transition("reassess", source=("intervention", "monitoring"), to="assessment"),
    Transition("revise-plan", source=("intervention", "monitoring"), to="planning"),
    Transition("begin-closing", source=("intervention", "monitoring"), to="termination"),
    Transition("return-to-services", source="termination", to="intervention"),
    Transition(
        "close",
        source="termination",
        to="closed",
        records=CaseClosed,
        rules=[
            closure_criteria_met,
            exit_interviews,
            follow_up_sessions,
            next_stage_planned,
            continuing_services_listed,
            resources_listed,
        ],
    ),
    Transition("reopen", source="closed", to=BACK, reopens=True, reason_required=True),
)

ENDINGS = (
    Transition("end-as-ineligible", source="engagement", to="closed", rules=[found_ineligible]),
    Transition("deny", source="engagement", to="closed", reason_required=True),
    Transition("decline-services", source=ANY_OPEN, to="closed", rules=[not_yet_enrolled]),
    Transition(
        "withdraw",
        source=ANY_OPEN,
        to="closed",
        rules=[enrolled_before_withdrawal, exit_interviews.warns()],
    ),
    Transition(
        "end-as-unable-to-locate",
        source=ANY_OPEN,
        to="closed",
        rules=[contact_attempted()],
        supersedes=True,
        label="end as unable to locate",
    ),
    Transition("refer-out", source=ANY_OPEN, to="closed", rules=[referred_elsewhere]),
    Transition("transfer-out", source=ANY_OPEN, to="closed", records=TransferredOut),
    Transition("end-as-deceased", source=ANY_OPEN, to="closed", supersedes=True),
    Transition("end-as-entered-in-error", source=ANY_OPEN, to="closed", reason_required=True),
    Transition("end-with-program", source=ANY_OPEN, to="closed", reason_required=True),
)

STAFFING = (
    Transition(
        "assign-lead-case-manager", source=ANY_OPEN, to=STAY, records=LeadCaseManagerAssigned
    ),
)

six_stage: Workflow[CaseworkState] = Workflow(
    "six-stage",
    version="1",
    state=CaseworkState,
    stages=STAGES,
    transitions=(*WORK, *ENDINGS, *STAFFING),
    events=FACTS,
    rules={
        Enrolled: [eligible, closure_criteria_set.due()],
        AssessmentCompleted: [needs_numbered.warns(), strengths_named.warns()],
    },
    hold=Hold(stages=SERVED, reason_required=True),
    indexes=[Index("lead", of=lead_case_manager)],
    faults_excepted_by="supervisor",
)
"""The six stages of ISED, with the guards of the mission."""
