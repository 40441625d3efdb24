"""The six stages of case management (ISED): the workflow `six_stage`.

Engagement (outreach, eligibility, enrollment), assessment, planning, intervention,
monitoring, termination; then closed. From intervention and monitoring a case goes back to
assessment and planning. Cases may end early from any open stage, be put on hold, and be
reopened. In any stage, on hold or not, a case is given to its lead case manager, by whom
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
    LevelOfCareSet,
    MonitoringNoted,
    PlanAgreed,
    PlanApproved,
    ProgressNoted,
)
from caseflow.rules import (
    assessment_completed,
    assessment_is_systematic,
    barriers_have_strategies,
    capacities_assessed,
    client_took_part,
    closure_criteria_met,
    closure_criteria_set,
    continuing_services_listed,
    domains_assessed,
    eligible,
    enrolled,
    exit_interviews,
    follow_up_sessions,
    goals_measurable,
    goals_set,
    needs_covered,
    needs_numbered,
    needs_prioritized,
    next_stage_planned,
    no_open_issues,
    note_refers_to_plan,
    note_tells_efforts,
    nothing_missed,
    plan_agreed,
    plan_items_complete,
    plan_items_relate,
    recorded,
    referrals_handed_off,
    resources_listed,
    stated_in_both_terms,
    strengths_built_upon,
    strengths_named,
)
from caseflow.rules.sources import field, ised
from caseflow.stages.common import (
    ANSWERED,
    APPROVING,
    ASSIGNING,
    CLOSING,
    LEAD,
    LEFT_UNDONE,
    REOPENING,
    SERVING,
    early_endings,
)
from caseflow.workflow.definition import NOT_STATED, STAY, Hold, Stage, Transition
from caseflow.workflow.workflow import Workflow

CRITERIA_SET = closure_criteria_set.sourced(field("closure criteria are agreed early"))
CRITERIA_MET = closure_criteria_met.sourced(field("services end when their criteria are met"))
"""The slides have no closure criteria; they are a guard that this library is built for."""

SERVED = ("assessment", "planning", "intervention", "monitoring")
"""The stages in which an enrolled client is worked with."""

services_monitored = recorded(
    "services-monitored",
    MonitoringNoted,
    wanted="Services were monitored, and what was found is noted.",
    remedy="look at effort, adequacy, quality and outcome, and note what was found",
).sourced(ised("stage 5: monitoring, before stage 6"))

STAGES = (
    Stage(
        "engagement",
        phases="engagement",
        substages=("outreach", "eligibility", "enrollment"),
        initial=True,
        stated_in=ised("stage 1"),
    ),
    Stage(
        "assessment",
        phases="assessment",
        decides=[AssessmentCompleted, LevelOfCareSet],
        stated_in=ised("stage 2"),
    ),
    Stage(
        "planning",
        phases="planning",
        label="planning and goal setting",
        decides=[PlanAgreed, PlanApproved],
        stated_in=ised("stage 3"),
    ),
    Stage(
        "intervention",
        phases="intervention",
        decides=[LevelOfCareSet],
        stated_in=ised("stage 4"),
    ),
    Stage(
        "monitoring",
        phases="monitoring",
        label="monitoring and coordination",
        decides=[LevelOfCareSet],
        stated_in=ised("stage 5"),
    ),
    Stage("termination", phases="closure", stated_in=ised("stage 6")),
    Stage("closed", phases="closure", final=True, stated_in=NOT_STATED),
)

WORK = (
    Transition(
        "determine-eligibility",
        source=("engagement.outreach", "engagement.eligibility"),
        to="engagement.eligibility",
        records=EligibilityDetermined,
        stated_in=ised("stage 1: eligibility determination"),
    ),
    Transition(
        "determine-eligibility",
        source=("engagement.enrollment", *SERVED),
        to=STAY,
        records=EligibilityDetermined,
        stated_in=NOT_STATED,
    ),
    Transition(
        "enroll",
        source="engagement",
        to="engagement.enrollment",
        records=Enrolled,
        stated_in=ised("stage 1: enrollment"),
    ),
    Transition("enroll", source=SERVED, to=STAY, records=Enrolled, stated_in=NOT_STATED),
    Transition(
        "assess",
        description="The assessment begins.",
        source="engagement",
        to="assessment",
        rules=[enrolled],
        stated_in=ised("stage 2"),
    ),
    Transition(
        "plan",
        description="The plan is made from the assessment.",
        source="assessment",
        to="planning",
        rules=[assessment_completed, needs_numbered, strengths_named],
        stated_in=ised("stage 3"),
    ),
    Transition(
        "start-services",
        description="Services begin, as the plan says.",
        source="planning",
        to="intervention",
        rules=[
            needs_covered,
            plan_items_relate,
            plan_items_complete,
            plan_agreed.warns(),
            goals_set.warns().sourced(
                ised("stage 3: specific goals are established with the client")
            ),
            goals_measurable.warns()
            .sourced(ised("stage 3: in objective terms and time-referenced"))
            .worded("Every goal is in objective terms, and says by when it is reached."),
            barriers_have_strategies.warns(),
            strengths_built_upon.warns(),
        ],
        stated_in=ised("stage 4"),
    ),
    Transition(
        "monitor",
        description="Staff follow how services work, and coordinate them.",
        source="intervention",
        to="monitoring",
        stated_in=ised("stage 5"),
    ),
    Transition(
        "continue-services",
        description="Services go on after they were monitored.",
        source="monitoring",
        to="intervention",
        stated_in=NOT_STATED,
    ),
    Transition(
        "reassess",
        description="The client's situation is assessed anew.",
        source=("intervention", "monitoring"),
        to="assessment",
        stated_in=ised("stage 2: an assessment is an ongoing process"),
    ),
    Transition(
        "revise-plan",
        description="The plan is changed, because things have changed.",
        source=("intervention", "monitoring"),
        to="planning",
        stated_in=ised("documentation: plan and goals, including updates"),
    ),
    Transition(
        "begin-closing",
        description="Client and case manager prepare the end of services.",
        source=("intervention", "monitoring"),
        to="termination",
        rules=[
            services_monitored.warns(),
            no_open_issues.warns(),
            referrals_handed_off.warns(),
            nothing_missed(stages=("termination",)).warns(),
        ],
        stated_in=ised("stage 6"),
    ),
    Transition(
        "return-to-services",
        description="Services are taken up again before the case is closed.",
        source="termination",
        to="intervention",
        stated_in=NOT_STATED,
    ),
    Transition(
        "close",
        source="termination",
        to="closed",
        records=CaseClosed,
        rules=[
            CRITERIA_MET,
            exit_interviews,
            follow_up_sessions,
            next_stage_planned,
            continuing_services_listed,
            resources_listed,
            no_open_issues.warns(),
            referrals_handed_off.warns(),
            LEFT_UNDONE,
        ],
        stated_in=ised("stage 6"),
    ),
)

six_stage: Workflow[CaseworkState] = Workflow(
    "six-stage",
    version="1",
    state=CaseworkState,
    stages=STAGES,
    transitions=(
        *WORK,
        *early_endings(served_in=("intervention",)),
        REOPENING,
        ASSIGNING,
    ),
    events=FACTS,
    rules={
        **APPROVING,
        **CLOSING,
        **SERVING,
        Enrolled: [eligible, CRITERIA_SET.due(owner="case-manager")],
        AssessmentCompleted: [
            needs_numbered.warns(),
            strengths_named.warns(),
            stated_in_both_terms.warns(),
            domains_assessed.warns(),
            capacities_assessed.warns(),
            needs_prioritized.warns(),
            client_took_part.warns(),
            assessment_is_systematic.warns(),
        ],
        PlanAgreed: [
            needs_covered.warns(),
            plan_items_relate.warns(),
            plan_items_complete.warns(),
        ],
        ProgressNoted: [note_refers_to_plan.warns(), note_tells_efforts.warns()],
    },
    hold=Hold(reason_required=True),
    indexes=[LEAD],
    faults_excepted_by="supervisor",
    labels=ANSWERED,
)
"""The six stages of ISED, with the guards of the mission."""
