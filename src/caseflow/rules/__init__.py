"""The guards of case work, one small module for each stage of the work.

Each rule is a value: put it on a transition, change its strength, or combine it with others.
"""

from caseflow.rules import (
    assessment,
    endings,
    engagement,
    general,
    planning,
    staffing,
    termination,
)
from caseflow.rules.assessment import assessment_completed, needs_numbered, strengths_named
from caseflow.rules.endings import (
    contact_attempted,
    enrolled_before_withdrawal,
    found_ineligible,
    not_yet_enrolled,
    referred_elsewhere,
)
from caseflow.rules.engagement import eligible, enrolled
from caseflow.rules.general import at_least, not_older_than, recorded
from caseflow.rules.planning import (
    needs_covered,
    plan_agreed,
    plan_items_complete,
    plan_items_relate,
)
from caseflow.rules.staffing import caseload_cap
from caseflow.rules.termination import (
    closure_criteria_met,
    closure_criteria_set,
    continuing_services_listed,
    exit_interviews,
    follow_up_sessions,
    next_stage_planned,
    resources_listed,
)
from caseflow.workflow.vocabulary import vocabulary

VOCABULARY = vocabulary(assessment, endings, engagement, general, planning, staffing, termination)
"""Every rule that ships, and what makes rules, by the names under which data calls them."""

__all__ = [
    "VOCABULARY",
    "assessment_completed",
    "at_least",
    "caseload_cap",
    "closure_criteria_met",
    "closure_criteria_set",
    "contact_attempted",
    "continuing_services_listed",
    "eligible",
    "enrolled",
    "enrolled_before_withdrawal",
    "exit_interviews",
    "follow_up_sessions",
    "found_ineligible",
    "needs_covered",
    "needs_numbered",
    "next_stage_planned",
    "not_older_than",
    "not_yet_enrolled",
    "plan_agreed",
    "plan_items_complete",
    "plan_items_relate",
    "recorded",
    "referred_elsewhere",
    "resources_listed",
    "strengths_named",
]
