"""The case management continuum (Bi-level Case Management): the workflow `continuum`.

Intake and enrollment, assessment, service planning, plan implementation and service delivery,
follow-up. A case note is written every week while services run; after the exit the client is
followed up for three to nine months, and then the case is closed.
"""

from __future__ import annotations

from caseflow.casework import (
    FACTS,
    AssessmentCompleted,
    CaseClosed,
    CaseworkState,
    ClientCheckedIn,
    EligibilityDetermined,
    Enrolled,
    FollowUpContact,
    LevelOfCareSet,
    PlanAgreed,
    PlanApproved,
    ProgressNoted,
    ServiceProvided,
)
from caseflow.rules import (
    agreement_stands,
    assessment_before_plan,
    client_has_a_part,
    eligible,
    enrolled,
    goals_accepted,
    goals_answer_needs,
    goals_have_actions,
    goals_set,
    items_serve_goals,
    needs_covered,
    note_refers_to_plan,
    nothing_missed,
    partnership_established,
    plan_agreed,
    plan_current,
    programs_completed,
    recorded,
    review_scheduled,
    sections_told,
    service_in_plan,
    short_and_long_term,
    strengths_built_upon,
)
from caseflow.rules.due import follow_up, plan_review, weekly_notes
from caseflow.rules.sources import bilevel, field
from caseflow.stages.common import (
    ANSWERED,
    APPROVING,
    ASSIGNING,
    CLOSED,
    CLOSING,
    LEAD,
    LEFT_UNDONE,
    REOPENING,
    early_endings,
)
from caseflow.workflow.definition import NOT_STATED, STAY, Hold, Stage, Transition
from caseflow.workflow.workflow import Workflow

INTAKE, ASSESSMENT, PLANNING = "intake-and-enrollment", "assessment", "service-planning"
DELIVERY, FOLLOW_UP = "plan-implementation", "follow-up"
ENROLLED_FROM = f"{INTAKE}.enrollment"
SERVED = (ASSESSMENT, PLANNING, DELIVERY)

STAGES = (
    Stage(
        INTAKE,
        phases="engagement",
        substages=("intake", "enrollment"),
        initial=True,
        label="intake and enrollment",
        stated_in=bilevel("the continuum, I"),
    ),
    Stage(
        ASSESSMENT,
        phases="assessment",
        decides=[AssessmentCompleted, LevelOfCareSet],
        stated_in=bilevel("the continuum, II"),
    ),
    Stage(
        PLANNING,
        phases="planning",
        decides=[PlanAgreed, PlanApproved],
        stated_in=bilevel("the continuum, III"),
    ),
    Stage(
        DELIVERY,
        phases=("intervention", "monitoring"),
        decides=[LevelOfCareSet, PlanAgreed, PlanApproved],
        label="plan implementation and service delivery",
        stated_in=bilevel("the continuum, IV"),
    ),
    Stage(FOLLOW_UP, phases="closure", label="follow-up", stated_in=bilevel("the continuum, V")),
    Stage(CLOSED, phases="closure", final=True, stated_in=NOT_STATED),
)

expectations_and_choices_told = sections_told(
    "expectations-and-choices-told",
    ("expectations", "choices"),
    wanted="The plan holds what the client expects and chooses.",
).sourced(bilevel("service planning: the client's expectations and choices"))
SET = goals_set.sourced(bilevel("service planning: goals"))
HAVE_ACTIONS = goals_have_actions.warns().sourced(
    bilevel("service planning: a specific plan of action")
)
followed_up = recorded(
    "followed-up",
    FollowUpContact,
    others=(ClientCheckedIn,),
    wanted="The client was followed up after the exit, or it was tried.",
    remedy="get in touch with the client, and record it (also that they could not be reached, or "
    "that they got in touch)",
    since_entering=(FOLLOW_UP,),
).sourced(bilevel("the continuum, V: follow-up"))

TRANSITIONS = (
    Transition(
        "determine-eligibility",
        source=(INTAKE, *SERVED),
        to=STAY,
        records=EligibilityDetermined,
        stated_in=NOT_STATED,
    ),
    Transition(
        "enroll",
        source=INTAKE,
        to=ENROLLED_FROM,
        records=Enrolled,
        stated_in=bilevel("the continuum, I"),
    ),
    Transition("enroll", source=SERVED, to=STAY, records=Enrolled, stated_in=NOT_STATED),
    Transition(
        "assess",
        description="The assessment begins.",
        source=INTAKE,
        to=ASSESSMENT,
        rules=[
            enrolled.sourced(bilevel("the continuum: enrollment comes before assessment")),
            partnership_established.warns().sourced(
                bilevel("intake and enrollment: a partnership is the initial focus")
            ),
        ],
        stated_in=bilevel("the continuum, II"),
    ),
    Transition(
        "plan",
        description="The plan is made from the assessment.",
        source=ASSESSMENT,
        to=PLANNING,
        rules=[
            assessment_before_plan(stages=(ASSESSMENT,)).sourced(
                bilevel("service planning: the first outcome of the assessment process")
            ),
        ],
        stated_in=bilevel("the continuum, III"),
    ),
    Transition(
        "start-services",
        description="Services begin, as the plan says.",
        source=PLANNING,
        to=DELIVERY,
        rules=[
            needs_covered.sourced(bilevel("definition: assessment-based services")),
            SET,
            goals_answer_needs.warns().sourced(bilevel("definition: assessment-based services")),
            HAVE_ACTIONS,
            items_serve_goals.warns().sourced(bilevel("definition: a goal-oriented strategy")),
            goals_accepted.warns(),
            short_and_long_term.warns(),
            expectations_and_choices_told.warns(),
            strengths_built_upon.warns().sourced(bilevel("service planning: client strengths")),
            client_has_a_part.warns(),
            review_scheduled.warns(),
            plan_agreed.warns().sourced(
                bilevel("service planning: goals to which the client has agreed")
            ),
        ],
        stated_in=bilevel("the continuum, IV"),
    ),
    Transition(
        "reassess",
        description="The client's situation is assessed anew.",
        source=DELIVERY,
        to=ASSESSMENT,
        stated_in=bilevel("plan implementation: reassessing"),
    ),
    Transition(
        "revise-plan",
        description="The plan is changed, because things have changed.",
        source=DELIVERY,
        to=PLANNING,
        stated_in=bilevel("plan implementation: modifying the initial goals and plans"),
    ),
    Transition(
        "exit",
        description="The client leaves the program, and is followed up.",
        source=DELIVERY,
        to=FOLLOW_UP,
        rules=[
            programs_completed.warns().sourced(
                bilevel("roles: from assessment through program completion")
            ),
            agreement_stands.warns(),
            nothing_missed(stages=(FOLLOW_UP,)).warns(),
        ],
        stated_in=bilevel("the continuum, V"),
    ),
    Transition(
        "return-to-services",
        description="Services are taken up again before the case is closed.",
        source=FOLLOW_UP,
        to=DELIVERY,
        stated_in=NOT_STATED,
    ),
    Transition(
        "close",
        source=FOLLOW_UP,
        to=CLOSED,
        records=CaseClosed,
        rules=[followed_up.excepted(by="supervisor"), LEFT_UNDONE],
        stated_in=NOT_STATED,
    ),
)

continuum: Workflow[CaseworkState] = Workflow(
    "continuum",
    version="1",
    state=CaseworkState,
    stages=STAGES,
    transitions=(*TRANSITIONS, *early_endings(served_in=(DELIVERY,)), REOPENING, ASSIGNING),
    events=FACTS,
    rules={
        **APPROVING,
        **CLOSING,
        PlanAgreed: [SET.warns(), HAVE_ACTIONS],
        Enrolled: [eligible.sourced(field("eligibility before enrollment"))],
        ServiceProvided: [
            service_in_plan.warns(),
            plan_current.warns(),
            agreement_stands.warns(),
        ],
        ProgressNoted: [
            note_refers_to_plan.warns().sourced(
                bilevel("writing quality case notes: the plan is their outline")
            )
        ],
    },
    hold=Hold(reason_required=True),
    obligations=[weekly_notes(DELIVERY), plan_review(*SERVED), follow_up(FOLLOW_UP)],
    indexes=[LEAD],
    faults_excepted_by="supervisor",
    labels={**ANSWERED, "plan": "plan services"},
)
"""The continuum of Bi-level Case Management."""
