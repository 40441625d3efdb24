"""Field types that are written as text are looked at when the workflow is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from caseflow import Stage, Transition, Workflow, WorkflowInvalid, fact

if TYPE_CHECKING:
    from datetime import date


@fact("outcomes-noted")
class OutcomesNoted:
    names: list[str]
    count: int = 0


@fact("birth-stated")
class BirthStated:
    born: date


@fact("plain")
class Plain:
    names: tuple[str, ...]


def build(event):
    return Workflow(
        "small",
        version="1",
        stages=[Stage("new", initial=True), Stage("done", final=True)],
        transitions=[Transition("finish", source="new", to="done")],
        events=[event],
    )


@pytest.mark.parametrize(
    ("event", "fault"),
    [
        (
            OutcomesNoted,
            "OutcomesNoted.names is a list, which could be changed after it was recorded. "
            "Use tuple[str, ...].",
        ),
        (
            BirthStated,
            "BirthStated has fields whose types cannot be looked up (name 'date' is not defined). "
            "Import them in its module, and not for type checking only.",
        ),
    ],
)
def test_a_field_that_could_not_be_kept_is_a_fault(event, fault):
    with pytest.raises(WorkflowInvalid) as refused:
        build(event)
    assert refused.value.fields["faults"] == (fault,)


def test_other_fields_are_none():
    assert Plain in build(Plain).facts
