"""A declaration that makes no sense says so."""

import pytest

from caseflow import DefinitionError, Stage, Transition, Workflow, WorkflowInvalid, fact


@pytest.mark.parametrize("version", ["1", None, 1.0, True, 0])
def test_a_version_that_is_no_whole_number(version):
    with pytest.raises(DefinitionError, match="is in version"):
        fact("seen", version=version)


@pytest.mark.parametrize("upcasters", [{"1": dict}, {1.5: dict}, {1: dict, "x": dict}])
def test_an_upcaster_from_what_is_no_version(upcasters):
    with pytest.raises(DefinitionError, match="upcasters from"):
        fact("seen", version=2, upcasters=upcasters)


@pytest.mark.parametrize("what", [lambda: None, 5, None])
def test_a_fact_that_is_made_of_no_class(what):
    with pytest.raises(DefinitionError, match="which is no class"):
        fact("seen")(what)


@pytest.mark.parametrize("name", ["hold", "resume"])
def test_a_hold_of_ones_own_that_leads_nowhere(name):
    with pytest.raises(WorkflowInvalid, match="no source or no target"):
        Workflow(
            "w",
            version="1",
            stages=[Stage("a", initial=True), Stage("z", final=True)],
            transitions=[
                Transition("end", source="a", to="z"),
                Transition(name, source="a", to=()),
            ],
        )
