"""docs/sources.md: every item of the five documents has its place, and every name in it exists."""

import importlib
import re
from pathlib import Path

import pytest

from caseflow import casework
from caseflow.casework import words
from caseflow.rules import VOCABULARY
from caseflow.rules.sources import BILEVEL, FIELD, ISED, MODELS, STAGES, TRILEVEL
from caseflow.stages import (
    ACT,
    BROKERAGE,
    CLINICAL,
    ICM,
    NAVIGATOR,
    STRENGTHS_BASED,
    continuum,
    five_stage_cyclic,
    four_stage,
    service_delivery,
    service_delivery_flow,
    six_stage,
    with_practice,
)
from caseflow.workflow.obligation import Obligation
from tools.reference_rules import every_obligation

PAGE = (Path(__file__).parents[1] / "docs" / "sources.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith("|---")
]
COUNTS = {"D": 9, "E": 15, "A": 13, "P": 12, "I": 9, "M": 9, "T": 11, "X": 19, "R": 14, "N": 12}
ITEMS = {f"{letter}{number}" for letter, most in COUNTS.items() for number in range(1, most + 1)}
NAMED = re.compile(r"`(event|rule|obligation|report|diagram|preset|practice|word): ([\w-]+)`")
DOCUMENTS = {
    six_stage: ISED,
    four_stage: MODELS,
    five_stage_cyclic: STAGES,
    continuum: BILEVEL,
    service_delivery: TRILEVEL,
    service_delivery_flow(pre_enrollment=False): TRILEVEL,
}


def obligations():
    """The ids of every obligation that ships, whatever it is made with."""
    return {one.id for one, _ in every_obligation()}


def rules():
    shipped = {id for workflow in DOCUMENTS for id in workflow.all_rules}
    return shipped | set(VOCABULARY)


def exists(kind, name):
    if kind == "event":
        return hasattr(getattr(casework, name, None), "__caseflow_event__")
    if kind == "rule":
        return name in rules()
    if kind == "obligation":
        return name in obligations()
    if kind == "preset":
        return hasattr(importlib.import_module("caseflow.stages"), name)
    if kind == "practice":
        return hasattr(importlib.import_module("caseflow.stages.practices"), name)
    if kind == "word":
        return f'"{name}"' in Path(words.__file__).read_text(encoding="utf-8")
    return hasattr(importlib.import_module("caseflow.views"), name)


def test_every_item_has_its_row_and_only_one():
    items = [row[0] for row in ROWS if re.fullmatch(r"[DEAPIMTXRN]\d+", row[0])]
    assert sorted(items) == sorted(ITEMS)


@pytest.mark.parametrize("row", [row for row in ROWS if row[0] in ITEMS], ids=lambda row: row[0])
def test_a_row_says_where_it_lives_or_why_it_does_not(row):
    _, asked, where = row
    assert re.search(r"\(S\d(, S\d)*\)", asked), "which document asks for it"
    told = NAMED.search(where) or "documentation only: " in where or "*people and records*" in where
    assert told or "`book." in where or re.search("documentation only$", where) or "preset" in where


@pytest.mark.parametrize(("kind", "name"), sorted(set(NAMED.findall(PAGE))))
def test_every_name_is_there(kind, name):
    assert exists(kind, name), f"{kind} {name}"


LINKED = re.compile(r"\[`(rule|obligation): ([\w-]+)`\]\(models/rules\.md#([\w-]+)\)")


def test_every_rule_and_obligation_on_the_page_leads_to_where_it_stands():
    named = {(kind, name) for kind, name in NAMED.findall(PAGE) if kind in ("rule", "obligation")}
    linked = {(kind, name) for kind, name, anchor in LINKED.findall(PAGE) if name == anchor}
    assert named
    assert named == linked


IN_A_MODEL = {
    *(id for workflow in DOCUMENTS for id in workflow.all_rules),
    *(one.id for workflow in DOCUMENTS for one in workflow.obligations),
    *(
        id
        for practice in (ICM, ACT, STRENGTHS_BASED, BROKERAGE, CLINICAL, NAVIGATOR)
        for id in with_practice(six_stage, practice, name="own", version="1").all_rules
    ),
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_is_in_no_model_is_marked_to_add(row):
    named = {name for kind, name in NAMED.findall(row[-1]) if kind in ("rule", "obligation")}
    assert named <= IN_A_MODEL or "*to add*" in row[-1], named - IN_A_MODEL


def test_every_obligation_that_ships_is_on_the_page():
    named = {name for kind, name in NAMED.findall(PAGE) if kind == "obligation"}
    quarters = {"follow-up-quarter-2", "follow-up-quarter-3"}
    assert obligations() - named - quarters == set()
    assert all(isinstance(one, Obligation) for one in continuum.obligations)


def test_all_that_is_cited_as_practice_of_the_field_stands_in_its_table():
    table = PAGE.partition("## Practice the field expects")[2]
    listed = {name for kind, name in NAMED.findall(table) if kind in ("rule", "obligation")}
    given = [rule for one in DOCUMENTS for row in one.rows for rule in row.rules]
    given += [one for one, _ in every_obligation()]
    given += [one for one in VOCABULARY.values() if hasattr(one, "judge")]
    cited = {one.id for one in given if FIELD in one.source}
    assert {"eligibility-before-enrollment", "annual-assessment", "plan-approved"} <= cited
    assert cited - listed == set()


@pytest.mark.parametrize("workflow", DOCUMENTS, ids=lambda workflow: workflow.name)
def test_every_rule_names_its_source_and_none_another_models(workflow):
    document = DOCUMENTS[workflow]
    every = [rule for row in workflow.rows for rule in row.rules]
    every += [rule for given in workflow.rules.values() for rule in given]
    assert every
    for one in (*every, *workflow.obligations):
        assert one.source.startswith((document, FIELD)), f"{one.id}: {one.source}"
    for stage in workflow.stages:
        assert stage.stated_in.startswith(document) or stage.stated_in == "not stated"
        assert set(stage.phases) <= set(words.PHASES)
        assert stage.phases
