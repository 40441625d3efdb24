"""A workflow is pickled by how it is made; and what is told by it can be handed on as well."""

import pickle
import subprocess
import sys
from collections.abc import Mapping
from functools import partial

import attrs
import pytest
from hypothesis import given

from caseflow import Casebook, Refused, Rule, all_of, any_of, ended, not_, opened, rule, when
from caseflow.kernel.context import Context
from caseflow.kernel.recorded import Actor
from caseflow.rules import due, needs_covered
from caseflow.stages import (
    ACT,
    continuum,
    five_stage_cyclic,
    four_stage,
    service_delivery,
    six_stage,
    with_practice,
)
from caseflow.storage import MemoryStorage
from caseflow.testing import cases
from tests.rules.whole import RULES, workflow_of
from tests.support.trades import START


@rule("named", wanted="It is so.")
def named(case, context):
    return ()


@rule("other", wanted="It is otherwise.")
def other(case, context):
    return ()


JOINED = {
    "named": named.due(within="3 days"),
    "all": all_of("all", named, needs_covered),
    "any": any_of("any", other, needs_covered),
    "not": not_("not", other, wanted="It is not otherwise."),
    "when": when("when", named, then=needs_covered.worded("Then needs are covered.")),
}
OBLIGATIONS = (
    due.weekly_notes("work"),
    due.intake_paperwork("3 days"),
    due.re_engagement("7 days"),
    due.plan_review(),
    attrs.evolve(due.contact("7 days"), id="since-opened", since=opened()),
    attrs.evolve(due.contact("7 days"), id="after", since=ended(), after_the_end=True),
)
WORKFLOWS = {
    "six stages": six_stage,
    "four stages": four_stage,
    "five stages": five_stage_cyclic,
    "a continuum": continuum,
    "service delivery": service_delivery,
    "with a practice": with_practice(six_stage, ACT, name="act", version="1"),
    "every rule": workflow_of(RULES | JOINED, OBLIGATIONS),
}


def again(thing):
    return pickle.loads(pickle.dumps(thing))


def parts(thing):
    """What a value is made of; of the function of a rule, whether there is one."""
    if isinstance(thing, partial):
        return thing.func, parts(thing.args)
    if isinstance(thing, Mapping):
        return {key: parts(value) for key, value in thing.items()}
    if isinstance(thing, tuple):
        return [parts(one) for one in thing]
    if not attrs.has(type(thing)):
        return thing
    found = attrs.asdict(thing, recurse=False, filter=lambda field, _: field.init)
    found |= {"check": found["check"] is not None} if isinstance(thing, Rule) else {}
    return type(thing), parts(found)


@pytest.mark.parametrize("which", WORKFLOWS)
def test_a_workflow_comes_back_as_it_was(which):
    given, found = WORKFLOWS[which], again(WORKFLOWS[which])
    assert parts(found) == parts(given)
    assert found.positions == given.positions
    assert parts(found.rows) == parts(given.rows)


FRESH = """
import pickle, sys
from caseflow import Casebook
workflow = pickle.load(sys.stdin.buffer)
from caseflow.storage import MemoryStorage
book = Casebook(workflow, MemoryStorage())
case_id = book.open(client="P-1", by="ana").case.id
sys.stdout.write(book.ask(case_id, "plan", by="ana").explain())
"""


def test_in_another_process_it_decides_as_here():
    program, given = [sys.executable, "-c", FRESH], pickle.dumps(six_stage)
    done = subprocess.run(program, input=given, capture_output=True, check=True)
    book = Casebook(six_stage, MemoryStorage())
    case_id = book.open(client="P-1", by="ana").case.id
    assert done.stdout.decode() == book.ask(case_id, "plan", by="ana").explain()


@given(case=cases(six_stage))
def test_joined_rules_judge_as_before(case):
    context = Context(Actor("ana"), START, START, "step", histories={})
    for made in JOINED.values():
        assert again(made).result(case, context) == made.result(case, context)


def test_what_is_told_of_a_case_can_be_handed_on():
    book = Casebook(WORKFLOWS["every rule"], MemoryStorage())
    case_id = book.open(client="P-1", by="ana").case.id
    with pytest.raises(Refused) as refused:
        book.do(case_id, "serve", by="ana")
    verdict, owed = book.ask(case_id, "go-on", by="ana"), book.owed(case_id)
    assert again(verdict).explain() == verdict.explain()
    assert again(owed) == owed
    for one in book.obligations(case_id):
        assert attrs.evolve(again(one), obligation=one.obligation) == one
    for option in book.options(case_id, by="ana"):
        assert (again(option).name, again(option).open) == (option.name, option.open)
    assert str(again(refused.value)) == str(refused.value)


def test_a_rule_without_a_place_of_its_own_says_what_cannot_be_pickled():
    def made():
        @rule("inner", wanted="It is so.")
        def inner(case, context):
            return ()

        return inner

    with pytest.raises((AttributeError, pickle.PicklingError), match=r"made\.<locals>\.inner"):
        pickle.dumps(made())
