"""The page of promises names tests that exist; and the promises that have no other home."""

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from caseflow import (
    Casebook,
    Stage,
    Transition,
    UnknownEventName,
    Unmet,
    Workflow,
    fact,
    rule,
)
from caseflow.casework import ClosureCriterionSet, EligibilityDetermined, Enrolled
from caseflow.kernel.codec import Codec
from caseflow.stages import six_stage
from caseflow.storage import MemoryStorage, SQLStorage
from tests.properties.test_ends import ends_from

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "promises.md"
HELD = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.M)
NOT_YET = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.M)
MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def names_in(path):
    """The tests of a file, and what it binds: `TestShop = lifecycle(...).TestCase`."""
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


# -- the page --------------------------------------------------------------------------------


def test_every_promise_is_listed_once_as_held_or_as_not_yet():
    held = [int(row[0]) for row in HELD.findall(PAGE.read_text())]
    waiting = [int(row[0]) for row in NOT_YET.findall(PAGE.read_text())]
    assert sorted(held + waiting) == list(range(1, 16))


@pytest.mark.parametrize("row", HELD.findall(PAGE.read_text()), ids=lambda row: f"promise-{row[0]}")
def test_every_test_that_the_page_names_exists(row):
    for cell in row[2:]:
        tests = re.findall(r"`([^`]+)::([^`]+)`", cell)
        assert tests, f"promise {row[0]} names no test"
        for path, name in tests:
            assert name in set(names_in(ROOT / path)), f"{path} has no {name}"


# -- promise 8 -------------------------------------------------------------------------------


def test_a_renamed_event_is_caught_by_the_history_that_was_kept():
    """Planted: the class of a stored event gets another name, and its histories no longer load."""

    @fact("letter-came")
    class Letter:
        number: int

    @fact("letter-arrived")
    class Renamed:
        number: int

    def of(event):
        stages = [Stage("open", initial=True), Stage("done", final=True)]
        ways = [Transition("finish", source="open", to="done")]
        return Workflow("letters", version="1", stages=stages, transitions=ways, events=[event])

    store = MemoryStorage()
    book = Casebook(of(Letter), store)
    book.open(client="P-1", by="ana", case_id="c1")
    book.record("c1", Letter(number=1), by="ana")
    assert Casebook(of(Letter), store).case("c1").count(Letter) == 1
    with pytest.raises(UnknownEventName, match="Event 2 of case 'c1' is a 'letter-came'"):
        Casebook(of(Renamed), store).case("c1")


# -- promise 9 -------------------------------------------------------------------------------


def test_a_stage_without_an_open_end_is_caught():
    """Planted: the only way to the end asks for what can never be."""

    @rule("never", wanted="The moon is blue.")
    def never(case, context):
        yield Unmet(remedy="wait")

    trap = Workflow(
        "trap",
        version="1",
        stages=[Stage("open", initial=True), Stage("done", final=True)],
        transitions=[Transition("finish", source="open", to="done", rules=[never])],
    )
    case = Casebook(trap, MemoryStorage()).open(client="P-1", by="ana").case
    assert not ends_from(trap, case)


# -- promise 10 ------------------------------------------------------------------------------

within_a_month = six_stage.extend(
    "six-stage-with-a-month",
    version="1",
    strengths={"closure-criteria-set": lambda one: one.due(within=timedelta(days=30))},
)


def enrolled(store):
    book = Casebook(within_a_month, store, clock=lambda: MORNING)
    book.open(client="P-1", by="ana", case_id="c1")
    book.do("c1", EligibilityDetermined(eligible=True), Enrolled(program="housing"), by="ana")
    return book


def no_clock():
    raise AssertionError("somebody looked at a clock")


def test_what_is_owed_needs_no_clock_and_no_process_that_was_up(tmp_path):
    first = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    enrolled(first)
    first.close()  # nothing was up since

    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    book = Casebook(within_a_month, store, clock=no_clock)
    in_time, late = MORNING + timedelta(days=30), MORNING + timedelta(days=30, seconds=1)
    (owed,) = book.owed("c1", now=in_time)
    assert (owed.rule, owed.due_at, owed.overdue) == ("closure-criteria-set", in_time, False)
    assert book.owed("c1", now=late)[0].overdue
    assert book.owed("c1", now=in_time) == book.owed("c1", now=in_time)
    store.close()


def test_a_deadline_that_died_with_a_process_is_caught(monkeypatch):
    """Planted: what was noted is kept in the process that decided, and not in the history."""
    encode = Codec.encode
    monkeypatch.setattr(
        Codec, "encode", lambda codec, one, before: encode(codec, one._replace(noted=()), before)
    )
    store = MemoryStorage()
    book = enrolled(store)
    assert book.owed("c1", now=MORNING), "the process that decided still knows"
    after_a_restart = Casebook(within_a_month, store, clock=no_clock)
    assert not after_a_restart.owed("c1", now=MORNING), "and nobody else does: caught"


def test_what_is_owed_ends_with_a_fact():
    book = enrolled(MemoryStorage())
    book.record("c1", ClosureCriterionSet(number=1, description="a lease"), by="ana")
    assert book.owed("c1", now=MORNING) == ()
