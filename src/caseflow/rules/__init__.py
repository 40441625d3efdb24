"""The guards of case work, one small module for each stage of the work.

Each rule is a value: put it on a transition, change its strength, or combine it with others.
"""

from caseflow.rules.assessment import assessment_completed, needs_numbered, strengths_named
from caseflow.rules.endings import (
    contact_attempted,
    enrolled_before_withdrawal,
    found_ineligible,
    not_yet_enrolled,
    referred_elsewhere,
)
from caseflow.rules.engagement import eligible, enrolled
from caseflow.rules.planning import (
    needs_covered,
    plan_agreed,
    plan_items_complete,
    plan_items_relate,
)
from caseflow.rules.staffing import caseload_cap, lead_assigned
from caseflow.rules.termination import (
    closure_criteria_met,
    closure_criteria_set,
    continuing_services_listed,
    exit_interviews,
    follow_up_sessions,
    next_stage_planned,
    resources_listed,
)

__all__ = [
    "assessment_completed",
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
    "lead_assigned",
    "needs_covered",
    "needs_numbered",
    "next_stage_planned",
    "not_yet_enrolled",
    "plan_agreed",
    "plan_items_complete",
    "plan_items_relate",
    "referred_elsewhere",
    "resources_listed",
    "strengths_named",
]
