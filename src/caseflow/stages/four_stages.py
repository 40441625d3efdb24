"""The process of four stages (Strategies/Models): the workflow `four_stage`.

Intake, needs assessment, treatment service planning, monitoring and evaluation; in the last,
services are given. The source names no end: that a case is closed is not stated there, and
what closes it is for an agency to say (`four_stage.extend(...)`).
"""

from __future__ import annotations

from caseflow.casework import (
    FACTS,
    AssessmentCompleted,
    CaseClosed,
    CaseworkState,
    EligibilityDetermined,
    Enrolled,
    EvaluationMade,
    LevelOfCareSet,
    PlanAgreed,
    PlanApproved,
)
from caseflow.rules import (
    assessment_before_plan,
    demographics_recorded,
    eligible,
    evaluated_in_figures_and_words,
    goals_evaluated,
    goals_have_actions,
    goals_measurable,
    goals_set,
    needs_numbered,
    outputs_and_outcomes,
    sections_told,
)
from caseflow.rules.sources import field, models
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

INTAKE, ASSESSMENT, PLANNING = "intake", "needs-assessment", "treatment-service-planning"
MONITORING = "monitoring-and-evaluation"
SERVED = (ASSESSMENT, PLANNING, MONITORING)

STAGES = (
    Stage(INTAKE, phases="engagement", initial=True, stated_in=models("intake")),
    Stage(
        ASSESSMENT,
        phases="assessment",
        decides=[AssessmentCompleted, LevelOfCareSet],
        stated_in=models("needs assessment"),
    ),
    Stage(
        PLANNING,
        phases="planning",
        decides=[PlanAgreed, PlanApproved],
        stated_in=models("treatment service planning"),
    ),
    Stage(
        MONITORING,
        phases=("intervention", "monitoring"),
        decides=[LevelOfCareSet],
        stated_in=models("monitoring and evaluation"),
    ),
    Stage(CLOSED, phases="closure", final=True, stated_in=NOT_STATED),
)

needs_told = needs_numbered.sourced(models("needs assessment: problems")).worded(
    "The assessment names the client's problems."
)
interests_and_risks_told = sections_told(
    "interests-and-risks-told",
    ("interests", "risks"),
    wanted="The assessment names the client's interests, and what puts success at risk.",
).sourced(models("needs assessment: interests and risks to success"))

TRANSITIONS = (
    Transition(
        "determine-eligibility",
        source=(INTAKE, *SERVED),
        to=STAY,
        records=EligibilityDetermined,
        description="The client was found eligible, or not: whether they would benefit.",
        stated_in=models("intake"),
    ),
    Transition("enroll", source=(INTAKE, *SERVED), to=STAY, records=Enrolled, stated_in=NOT_STATED),
    Transition(
        "assess",
        description="The assessment begins.",
        source=INTAKE,
        to=ASSESSMENT,
        rules=[
            eligible.named("found-to-benefit")
            .worded("The client is found eligible: they would benefit from the services.")
            .sourced(models("intake: whether a client would benefit")),
            demographics_recorded.warns(),
        ],
        stated_in=models("intake"),
    ),
    Transition(
        "plan",
        description="The plan is made from the assessment.",
        source=ASSESSMENT,
        to=PLANNING,
        rules=[
            assessment_before_plan(stages=(ASSESSMENT,)).sourced(
                models("needs assessment: every client goes through this stage")
            ),
            needs_told,
            interests_and_risks_told.warns(),
        ],
        stated_in=models("treatment service planning"),
    ),
    Transition(
        "start-services",
        description="Services begin, as the plan says.",
        source=PLANNING,
        to=MONITORING,
        rules=[
            goals_set.sourced(models("treatment service planning: specific goals")),
            goals_have_actions,
            goals_measurable.warns().sourced(models("treatment service planning: measurable")),
            outputs_and_outcomes.warns(),
        ],
        stated_in=models("monitoring and evaluation"),
    ),
    Transition(
        "reassess",
        description="The client's situation is assessed anew.",
        source=MONITORING,
        to=ASSESSMENT,
        stated_in=models("needs assessment: re-assess over time"),
    ),
    Transition(
        "revise-plan",
        description="The plan is changed, because things have changed.",
        source=MONITORING,
        to=PLANNING,
        stated_in=NOT_STATED,
    ),
    Transition(
        "close",
        source=MONITORING,
        to=CLOSED,
        records=CaseClosed,
        rules=[goals_evaluated.warns(), LEFT_UNDONE],
        stated_in=NOT_STATED,
    ),
)

four_stage: Workflow[CaseworkState] = Workflow(
    "four-stage",
    version="1",
    state=CaseworkState,
    stages=STAGES,
    transitions=(
        *TRANSITIONS,
        *early_endings(
            served_in=(MONITORING,),
            refers=models("intake: refer to a community resource outside"),
        ),
        REOPENING,
        ASSIGNING,
    ),
    events=FACTS,
    rules={
        **APPROVING,
        **CLOSING,
        **SERVING,
        Enrolled: [eligible.sourced(field("eligibility before enrollment"))],
        EvaluationMade: [evaluated_in_figures_and_words.warns()],
    },
    hold=Hold(reason_required=True),
    indexes=[LEAD],
    faults_excepted_by="supervisor",
    labels=ANSWERED,
)
"""The four stages of Strategies/Models."""
