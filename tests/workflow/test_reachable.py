"""A way back opens no stage of its own."""

import pytest

from caseflow import ANY_OPEN, BACK, Stage, Transition, Workflow, WorkflowInvalid

STAGES = [Stage("asked", initial=True), Stage("lent"), Stage("done", final=True)]
LEND = Transition("lend", source="asked", to="lent")
FINISH = Transition("finish", source=ANY_OPEN, to="done")
REOPEN = Transition("reopen", source="done", to=BACK, reopens=True)


def test_a_stage_that_only_reopening_would_lead_to_is_unreachable():
    with pytest.raises(WorkflowInvalid, match="'lent' cannot be reached"):
        Workflow("loan", version="1", stages=STAGES, transitions=[FINISH, REOPEN])


def test_reopening_leads_to_the_stages_that_were_reached():
    Workflow("loan", version="1", stages=STAGES, transitions=[LEND, FINISH, REOPEN])
