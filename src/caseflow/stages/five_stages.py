"""The five stages, cyclical (Stages of Case Management): the workflow `five_stage_cyclic`.

Assessment and engagement, creating goals, intervention and implementation, reassessment,
closure. From reassessment the work goes back to the goals, as often as it has to; closure
begins at the first engagement, when both agree how they will know that services can end.
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
    PlanAgreed,
    PlanApproved,
    PlanReviewed,
)
from caseflow.kernel.events import CaseOpened
from caseflow.rules import (
    able_to_function_independently,
    assessment_before_plan,
    closing_review_held,
    closure_criteria_met,
    closure_criteria_set,
    criteria_agreed_by_both,
    eligible,
    goals_accepted,
    goals_answer_needs,
    goals_measurable,
    goals_set,
    items_serve_goals,
    major_goals_achieved,
    nothing_missed,
    recorded,
    sections_told,
    strengths_named,
    way_in_recorded,
)
from caseflow.rules.sources import field, stages
from caseflow.stages.common import (
    ANSWERED,
    APPROVING,
    ASSIGNING,
    CLOSED,
    CLOSING,
    LEAD,
    LEFT_UNDONE,
    REOPENING,
    SERVING,
    early_endings,
)
from caseflow.workflow.definition import NOT_STATED, STAY, Hold, Stage, Transition
from caseflow.workflow.workflow import Workflow

ASSESSMENT, GOALS = "assessment-and-engagement", "creating-goals"
INTERVENTION, REASSESSMENT = "intervention-and-implementation", "reassessment"
CLOSURE = "closure"
SERVED = (ASSESSMENT, GOALS, INTERVENTION, REASSESSMENT)

STAGES = (
    Stage(
        ASSESSMENT,
        phases=("engagement", "assessment"),
        initial=True,
        decides=[AssessmentCompleted, LevelOfCareSet],
        stated_in=stages("assessment and engagement"),
    ),
    Stage(
        GOALS,
        phases="planning",
        decides=[PlanAgreed, PlanApproved],
        stated_in=stages("creating goals"),
    ),
    Stage(
        INTERVENTION,
        phases="intervention",
        decides=[LevelOfCareSet],
        stated_in=stages("intervention and implementation"),
    ),
    Stage(
        REASSESSMENT,
        phases="monitoring",
        decides=[AssessmentCompleted, LevelOfCareSet],
        stated_in=stages("reassessment"),
    ),
    Stage(CLOSURE, phases="closure", stated_in=stages("closure")),
    Stage(CLOSED, phases="closure", final=True, stated_in=NOT_STATED),
)

story_told = sections_told(
    "story-told",
    ("beliefs", "environment", "background", "past-help"),
    wanted="The client has told what they believe they need, what contributed to it, and what "
    "help they had before.",
).sourced(stages("assessment and engagement: the client's belief, history and past help"))
progress_reviewed = recorded(
    "progress-reviewed",
    PlanReviewed,
    wanted="Progress towards the goals has been looked at.",
    remedy="go through the goals with the client, and record what was found",
    since_entering=(REASSESSMENT,),
).sourced(stages("reassessment: determine progress"))

TRANSITIONS = (
    Transition(
        "determine-eligibility",
        source=SERVED,
        to=STAY,
        records=EligibilityDetermined,
        stated_in=NOT_STATED,
    ),
    Transition("enroll", source=SERVED, to=STAY, records=Enrolled, stated_in=NOT_STATED),
    Transition(
        "create-goals",
        description="Goals are set on the ground of the assessment.",
        source=ASSESSMENT,
        to=GOALS,
        rules=[
            assessment_before_plan(stages=(ASSESSMENT,)).sourced(
                stages("creating goals: based on a solid assessment")
            ),
            strengths_named.warns().sourced(
                stages("assessment and engagement: what the client's strengths are")
            ),
            way_in_recorded.warns(),
            story_told.warns(),
        ],
        stated_in=stages("creating goals"),
    ),
    Transition(
        "intervene",
        description="The work on the goals begins.",
        source=GOALS,
        to=INTERVENTION,
        rules=[
            goals_set,
            goals_answer_needs,
            goals_measurable.warns(),
            goals_accepted.warns().sourced(
                stages("creating goals: client and case manager create them together")
            ),
            items_serve_goals.warns(),
            criteria_agreed_by_both.warns(),
        ],
        stated_in=stages("intervention and implementation"),
    ),
    Transition(
        "reassess",
        description="Client and case manager look at how far the goals are reached.",
        source=INTERVENTION,
        to=REASSESSMENT,
        stated_in=stages("reassessment"),
    ),
    Transition(
        "refine-goals",
        description="Goals are refined, and new ones are set.",
        source=REASSESSMENT,
        to=GOALS,
        rules=[progress_reviewed.warns()],
        stated_in=stages("reassessment: refine and create new goals"),
    ),
    Transition(
        "go-on",
        description="The work on the goals goes on as it is.",
        source=REASSESSMENT,
        to=INTERVENTION,
        rules=[progress_reviewed.warns()],
        stated_in=stages("reassessment"),
    ),
    Transition(
        "begin-closing",
        description="Client and case manager prepare the end of services.",
        source=(INTERVENTION, REASSESSMENT),
        to=CLOSURE,
        rules=[progress_reviewed.warns(), nothing_missed(stages=(CLOSURE,)).warns()],
        stated_in=stages("closure"),
    ),
    Transition(
        "return-to-goals",
        description="The goals are taken up again before the case is closed.",
        source=CLOSURE,
        to=GOALS,
        stated_in=NOT_STATED,
    ),
    Transition(
        "close",
        source=CLOSURE,
        to=CLOSED,
        records=CaseClosed,
        rules=[
            closure_criteria_met,
            major_goals_achieved.warns(),
            able_to_function_independently.warns(),
            closing_review_held.warns(),
            LEFT_UNDONE,
        ],
        stated_in=stages("closure"),
    ),
)

five_stage_cyclic: Workflow[CaseworkState] = Workflow(
    "five-stage-cyclic",
    version="1",
    state=CaseworkState,
    stages=STAGES,
    transitions=(
        *TRANSITIONS,
        *early_endings(served_in=(INTERVENTION,)),
        REOPENING,
        ASSIGNING,
    ),
    events=FACTS,
    rules={
        CaseOpened: [closure_criteria_set.due(owner="case-manager")],
        Enrolled: [eligible.sourced(field("eligibility before enrollment"))],
        **APPROVING,
        **CLOSING,
        **SERVING,
    },
    hold=Hold(reason_required=True),
    indexes=[LEAD],
    faults_excepted_by="supervisor",
    labels=ANSWERED,
)
"""The five stages of Stages of Case Management."""
