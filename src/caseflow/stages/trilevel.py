"""The service delivery flow (Tri-level Case Management): from hello to goodbye.

An intake interview that finds the participant suitable and eligible, enrollment with an
orientation, a co-created service plan, service delivery, program completion; before it, where
a program has one, a phase of recruitment. `service_delivery` is the flow with that phase, and
`service_delivery_flow(pre_enrollment=False)` the one without. How each phase is delivered (in
person, virtually, hybrid) belongs to the program, and stands in its flowchart.
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
    ScreeningCompleted,
    ServiceProvided,
    SuitabilityDetermined,
)
from caseflow.rules import (
    agreement_stands,
    caseload_target,
    client_has_a_part,
    eligible,
    goals_answer_needs,
    goals_have_actions,
    goals_set,
    items_serve_goals,
    lead_assigned,
    needs_covered,
    needs_numbered,
    nothing_missed,
    partnership_established,
    plan_agreed,
    programs_completed,
    ready,
    responsibilities_acknowledged,
    screening_completed,
    service_in_plan,
    strengths_named,
    suitable,
)
from caseflow.rules.sources import trilevel
from caseflow.stages.common import (
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

RECRUITMENT, INTAKE, ENROLLMENT = "recruitment", "intake-assessment", "enrollment"
PLANNING, DELIVERY, COMPLETION = "service-plan", "service-delivery", "program-completion"
SERVED = (ENROLLMENT, PLANNING, DELIVERY)

SET = goals_set.sourced(trilevel("overview: goal-oriented"))
HAVE_ACTIONS = goals_have_actions.warns().sourced(
    trilevel("overview: action items toward the goals of the plan")
)

CASELOAD = (
    caseload_target(30)
    .named("navigator-caseload")
    .sourced(trilevel("overview: a caseload of no more than 25-30"))
)
"""The further end of what the document says; the practice model `NAVIGATOR` has both."""


def _stages(*, pre_enrollment: bool) -> tuple[Stage, ...]:
    flow = "service delivery flow"
    recruitment = Stage(
        RECRUITMENT,
        phases="engagement",
        initial=True,
        stated_in=trilevel(f"{flow}: a recruitment or pre-enrollment phase"),
    )
    rest = (
        Stage(
            INTAKE,
            phases=("engagement", "assessment"),
            initial=not pre_enrollment,
            decides=[ScreeningCompleted, SuitabilityDetermined, EligibilityDetermined],
            stated_in=trilevel("overview: an initial assessment during an intake interview"),
        ),
        Stage(
            ENROLLMENT,
            phases="engagement",
            decides=[SuitabilityDetermined, EligibilityDetermined],
            label="enrollment and orientation",
            stated_in=trilevel("overview: the enrollment process"),
        ),
        Stage(
            PLANNING,
            phases="planning",
            decides=[
                AssessmentCompleted,
                LevelOfCareSet,
                SuitabilityDetermined,
                EligibilityDetermined,
                PlanAgreed,
                PlanApproved,
            ],
            label="individual service plan",
            stated_in=trilevel("navigator responsibilities: co-create the plan"),
        ),
        Stage(
            DELIVERY,
            phases=("intervention", "monitoring"),
            decides=[
                LevelOfCareSet,
                SuitabilityDetermined,
                EligibilityDetermined,
                PlanAgreed,
                PlanApproved,
            ],
            stated_in=trilevel(flow),
        ),
        Stage(
            COMPLETION,
            phases="closure",
            stated_in=trilevel(f"{flow}: from enrollment to program completion"),
        ),
        Stage(CLOSED, phases="closure", final=True, stated_in=NOT_STATED),
    )
    return (recruitment, *rest) if pre_enrollment else rest


def _transitions(*, pre_enrollment: bool) -> tuple[Transition, ...]:
    recruiting = (
        Transition(
            "begin-intake",
            description="The intake begins.",
            source=RECRUITMENT,
            to=INTAKE,
            stated_in=trilevel("service delivery flow: from recruitment on"),
        ),
    )
    flow = (
        Transition(
            "enroll",
            source=INTAKE,
            to=ENROLLMENT,
            records=Enrolled,
            rules=[screening_completed, suitable, ready],
            stated_in=trilevel("overview: the enrollment process"),
        ),
        Transition("enroll", source=SERVED, to=STAY, records=Enrolled, stated_in=NOT_STATED),
        Transition(
            "begin-planning",
            description="Client and case manager begin the individual service plan.",
            source=ENROLLMENT,
            to=PLANNING,
            rules=[
                responsibilities_acknowledged,
                partnership_established.warns(),
                lead_assigned.warns().sourced(
                    trilevel("participant responsibilities: the plan is made with the navigator")
                ),
            ],
            stated_in=trilevel("overview: embarking on the partnership path"),
        ),
        Transition(
            "start-services",
            description="Services begin, as the plan says.",
            source=PLANNING,
            to=DELIVERY,
            rules=[
                needs_numbered.warns()
                .sourced(trilevel("the approach: assessing strengths and needs"))
                .worded("The client's needs are assessed, and numbered."),
                strengths_named.warns().sourced(
                    trilevel("the approach: assessing strengths and needs")
                ),
                needs_covered.sourced(trilevel("overview: assessment-based, to meet needs")),
                SET,
                goals_answer_needs.warns().sourced(trilevel("overview: assessment-based")),
                HAVE_ACTIONS,
                items_serve_goals.warns().sourced(trilevel("overview: goal-oriented")),
                client_has_a_part.warns().sourced(
                    trilevel("participant responsibilities: initiative")
                ),
                plan_agreed.sourced(trilevel("navigators and participants co-create the plan")),
            ],
            stated_in=trilevel("service delivery flow"),
        ),
        Transition(
            "revise-plan",
            description="The plan is changed, because things have changed.",
            source=DELIVERY,
            to=PLANNING,
            stated_in=trilevel("core functions: planning is an on-going process"),
        ),
        Transition(
            "complete",
            description="The client comes to the end of the program.",
            source=DELIVERY,
            to=COMPLETION,
            rules=[
                programs_completed,
                agreement_stands.warns(),
                nothing_missed(stages=(COMPLETION,)).warns(),
            ],
            stated_in=trilevel("service delivery flow: program completion"),
        ),
        Transition(
            "return-to-services",
            description="Services are taken up again before the case is closed.",
            source=COMPLETION,
            to=DELIVERY,
            stated_in=NOT_STATED,
        ),
        Transition(
            "close",
            source=COMPLETION,
            to=CLOSED,
            records=CaseClosed,
            rules=[LEFT_UNDONE],
            stated_in=NOT_STATED,
        ),
    )
    return (*recruiting, *flow) if pre_enrollment else flow


def service_delivery_flow(*, pre_enrollment: bool = True) -> Workflow[CaseworkState]:
    """The service delivery flow, with or without a phase of recruitment before the intake."""
    return Workflow(
        "service-delivery-flow" if pre_enrollment else "service-delivery-flow-from-intake",
        version="1",
        state=CaseworkState,
        stages=_stages(pre_enrollment=pre_enrollment),
        transitions=(
            *_transitions(pre_enrollment=pre_enrollment),
            *early_endings(served_in=(DELIVERY,)),
            REOPENING,
            ASSIGNING,
        ),
        events=FACTS,
        rules={
            **APPROVING,
            **CLOSING,
            PlanAgreed: [SET.warns(), HAVE_ACTIONS],
            Enrolled: [
                eligible.sourced(trilevel("overview: suitable and eligible")),
                lead_assigned,
            ],
            "assign-lead-case-manager": [CASELOAD],
            "reopen": [CASELOAD],
            ServiceProvided: [
                service_in_plan.warns().sourced(
                    trilevel("navigator responsibilities: work the plan")
                ),
                agreement_stands.warns(),
            ],
        },
        hold=Hold(reason_required=True),
        indexes=[LEAD],
        faults_excepted_by="supervisor",
        labels={"plan-agreed": "the participant's answer to the plan"},
        terms={"client": "participant", "case manager": "navigator"},
    )


service_delivery: Workflow[CaseworkState] = service_delivery_flow()
"""The service delivery flow of Tri-level Case Management, from recruitment on."""
