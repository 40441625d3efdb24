"""Each process model has a story, told by the library's own answers, that its author would know."""

import re

import pytest

from caseflow import fold
from caseflow.casework import CaseworkState
from examples.stories.__main__ import STORIES, main
from examples.stories.desk import Desk

WAYS = {
    "four_stage": [
        "intake",
        "needs-assessment",
        "treatment-service-planning",
        "monitoring-and-evaluation",
        "closed",
    ],
    "five_stage_cyclic": [
        "assessment-and-engagement",
        "creating-goals",
        "intervention-and-implementation",
        "reassessment",
        "creating-goals",
        "intervention-and-implementation",
        "reassessment",
        "closure",
        "closed",
    ],
    "continuum": [
        "intake-and-enrollment.intake",
        "intake-and-enrollment.enrollment",
        "assessment",
        "service-planning",
        "plan-implementation",
        "follow-up",
        "closed",
    ],
    "service_delivery": [
        "recruitment",
        "intake-assessment",
        "enrollment",
        "service-plan",
        "service-delivery",
        "program-completion",
        "closed",
    ],
}
REFUSED = {
    "four_stage": ["goals-have-actions"],
    "five_stage_cyclic": ["goals-answer-needs", "closure-criteria-met"],
    "continuum": ["followed-up"],
    "service_delivery": [
        "screening-before-enrollment",
        "suitability-before-enrollment",
        "readiness-before-enrollment",
        "responsibilities-acknowledged",
        "plan-agreed",
        "programs-completed",
    ],
}
"""The rules that refuse something in the story, in the order in which they do."""


@pytest.fixture(scope="module", params=STORIES)
def told(request):
    """A story's name, its desk, and what it prints."""
    from contextlib import redirect_stdout
    from io import StringIO

    printed = StringIO()
    with redirect_stdout(printed):
        desk = STORIES[request.param]()
    return request.param, desk, printed.getvalue()


def test_it_goes_the_way_of_its_source(told):
    name, desk, text = told
    assert isinstance(desk, Desk)
    case = desk.book.case(desk.id)
    assert [move.position for move in case.path] == WAYS[name]
    way = text.rpartition("The way of the case: ")[2].replace("-\n", "-").split()
    assert " ".join(way) == ", ".join(desk.workflow.words[place] for place in WAYS[name]) + "."
    assert case == fold(desk.book.history(desk.id), CaseworkState())
    assert desk.book.owed(desk.id) == (), "nothing is left to do"


def test_the_rules_of_its_source_refuse_and_say_why(told):
    name, desk, text = told
    refused = [
        rule
        for part in text.split("Why not:")[1:]
        for rule in re.findall(r"Rule: ([\w-]+)\.", re.split(r"\n\n", part)[0])
    ]
    assert refused == REFUSED[name]
    document = desk.workflow.stages[0].stated_in.partition(",")[0]
    cited = re.findall(r"Source:\s+([A-Z][^,.]+)", " ".join(text.split()))
    assert cited
    assert {source.strip() for source in cited} == {document}


def test_what_a_program_calls_otherwise_has_that_name_everywhere(told):
    text = " ".join(told[2].split())
    for id, word in told[1].workflow.labels.items():
        if id == "supervisor":
            assert f"Or: a {word} may make an exception." in text
            assert f"by the {word}, by 14 February 2026" in text
            assert id not in text


def test_it_fits_a_terminal_of_80_columns(told):
    assert [line for line in told[2].splitlines() if len(line) > 80 or line != line.rstrip()] == []


def test_all_are_told_by_name_and_a_wrong_name_is_said(capsys):
    assert main(["four_stage"]) == 0
    assert "Four stages" in capsys.readouterr().out
    assert main(["six"]) == 2
    assert capsys.readouterr().err == (
        "There is no story 'six'. There are: four_stage, five_stage_cyclic, continuum, "
        "service_delivery.\n"
    )
