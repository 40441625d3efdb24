"""The guards of case work, one small module for each part of the work.

Each rule is a value: put it on a transition, change its strength, its words or its source, or
combine it with others. All of them are in `VOCABULARY`, by which data names them.
"""

from caseflow.rules import (
    assessment,
    endings,
    engagement,
    general,
    goals,
    planning,
    services,
    staffing,
    termination,
)
from caseflow.rules.assessment import (
    assessment_completed,
    assessment_is_systematic,
    capacities_assessed,
    client_took_part,
    domains_assessed,
    needs_numbered,
    needs_prioritized,
    sections_told,
    stated_in_both_terms,
    strengths_named,
)
from caseflow.rules.endings import (
    contact_attempted,
    enrolled_before_withdrawal,
    found_ineligible,
    not_yet_enrolled,
    referred_elsewhere,
)
from caseflow.rules.engagement import (
    demographics_recorded,
    eligible,
    enrolled,
    partnership_established,
    ready,
    responsibilities_acknowledged,
    screening_completed,
    suitable,
    way_in_recorded,
)
from caseflow.rules.general import at_least, not_older_than, recorded
from caseflow.rules.goals import (
    barriers_have_strategies,
    client_has_a_part,
    goals_accepted,
    goals_answer_needs,
    goals_measurable,
    goals_set,
    items_serve_goals,
    major_goals_achieved,
    outputs_and_outcomes,
    review_scheduled,
    short_and_long_term,
    strengths_built_upon,
)
from caseflow.rules.planning import (
    needs_covered,
    plan_agreed,
    plan_approved,
    plan_items_complete,
    plan_items_relate,
)
from caseflow.rules.services import (
    evaluated_in_figures_and_words,
    no_open_issues,
    note_concise,
    note_refers_to_plan,
    note_tells_efforts,
    plan_current,
    recorded_in_time,
    service_in_plan,
)
from caseflow.rules.staffing import caseload_cap
from caseflow.rules.termination import (
    able_to_live_independently,
    closing_review_held,
    closure_criteria_met,
    closure_criteria_set,
    continuing_services_listed,
    criteria_agreed_by_both,
    exit_interviews,
    follow_up_sessions,
    next_stage_planned,
    programs_completed,
    resources_listed,
)
from caseflow.workflow.vocabulary import vocabulary

VOCABULARY = vocabulary(
    assessment, endings, engagement, general, goals, planning, services, staffing, termination
)
"""Every rule that ships, and what makes rules, by the names under which data calls them."""

__all__ = [
    "VOCABULARY",
    "able_to_live_independently",
    "assessment_completed",
    "assessment_is_systematic",
    "at_least",
    "barriers_have_strategies",
    "capacities_assessed",
    "caseload_cap",
    "client_has_a_part",
    "client_took_part",
    "closing_review_held",
    "closure_criteria_met",
    "closure_criteria_set",
    "contact_attempted",
    "continuing_services_listed",
    "criteria_agreed_by_both",
    "demographics_recorded",
    "domains_assessed",
    "eligible",
    "enrolled",
    "enrolled_before_withdrawal",
    "evaluated_in_figures_and_words",
    "exit_interviews",
    "follow_up_sessions",
    "found_ineligible",
    "goals_accepted",
    "goals_answer_needs",
    "goals_measurable",
    "goals_set",
    "items_serve_goals",
    "major_goals_achieved",
    "needs_covered",
    "needs_numbered",
    "needs_prioritized",
    "next_stage_planned",
    "no_open_issues",
    "not_older_than",
    "not_yet_enrolled",
    "note_concise",
    "note_refers_to_plan",
    "note_tells_efforts",
    "outputs_and_outcomes",
    "partnership_established",
    "plan_agreed",
    "plan_approved",
    "plan_current",
    "plan_items_complete",
    "plan_items_relate",
    "programs_completed",
    "ready",
    "recorded",
    "recorded_in_time",
    "referred_elsewhere",
    "resources_listed",
    "responsibilities_acknowledged",
    "review_scheduled",
    "screening_completed",
    "sections_told",
    "service_in_plan",
    "short_and_long_term",
    "stated_in_both_terms",
    "strengths_built_upon",
    "strengths_named",
    "suitable",
    "way_in_recorded",
]
