"""The lead case manager, how cases are found by one, and the cap on how many one leads."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis.stateful import run_state_machine_as_test

from caseflow import Actor, Casebook, Conflict, ExceptionMade, InvalidCall, Refused, Voided
from caseflow.casework import LeadCaseManagerAssigned, lead_case_manager
from caseflow.rules import caseload_cap
from caseflow.stages import six_stage
from caseflow.storage import MemoryStorage
from caseflow.testing import histories, lifecycle
from caseflow.testing.casework import PAYLOADS

MOST = 3
SAM = Actor("sam", ["supervisor"])
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def with_cap(rule, name="capped"):
    both = {"assign-lead-case-manager": [rule], "reopen": [rule]}
    return six_stage.extend(name, version="1", rules=both)


capped = with_cap(caseload_cap(MOST))


def book_on(store, workflow=capped, **given):
    return Casebook(workflow, store, **{"clock": lambda: START, **given})


def opened(book, count):
    return [book.open(client=f"P-{number}", by="ana").case.id for number in range(count)]


def assign(book, case_id, to="mo", by="ana", **given):
    return book.do(case_id, LeadCaseManagerAssigned(case_manager=to), by=by, **given)


def led_by(book, manager):
    return [case.id for case in book.find(where={"lead": manager}).cases]


# -- who leads ---------------------------------------------------------------------------------


def test_the_six_stages_find_and_count_cases_by_their_lead_as_they_ship(any_store):
    book = book_on(any_store, six_stage)
    one, two, three = opened(book, 3)
    assert lead_case_manager(book.case(one)) is None
    for case_id in (one, two):
        assign(book, case_id)
    assign(book, three, to="kim")
    assert (led_by(book, "mo"), led_by(book, "kim")) == ([one, two], [three])
    assert book.tally("lead") == {"mo": 2, "kim": 1}
    assign(book, one, to="kim")  # a reassignment
    assert lead_case_manager(book.case(one)) == "kim"
    assert (led_by(book, "mo"), led_by(book, "kim")) == ([two], [one, three])
    book.do(two, "end-with-program", by="ana", reason="closed in May")
    assert book.tally("lead") == {"kim": 2}
    book.do(two, "reopen", by="ana", reason="came back")
    assert led_by(book, "mo") == [two]


@pytest.mark.parametrize("position", six_stage.positions)
def test_it_is_decided_in_every_open_stage_on_hold_or_not(position):
    names = six_stage.dispatch[position]
    assert ("assign-lead-case-manager" in names) == (position != "closed")


def test_an_assignment_that_is_recorded_late_does_not_undo_a_newer_one(any_store):
    moments = iter(START + timedelta(days=day) for day in range(10))
    book = book_on(any_store, six_stage, clock=lambda: next(moments))
    (case_id,) = opened(book, 1)
    assign(book, case_id, to="kim", at=START + timedelta(hours=2))
    late = assign(book, case_id, to="mo", at=START + timedelta(hours=1))
    assert lead_case_manager(late.case) == "kim"
    assert (led_by(book, "mo"), led_by(book, "kim")) == ([], [case_id])


# -- the cap -----------------------------------------------------------------------------------


def test_the_cap_says_what_it_wants_what_it_found_and_what_to_do(any_store):
    book = book_on(any_store)
    *first, last = opened(book, MOST + 1)
    for case_id in first:
        assign(book, case_id)
    assign(book, first[0])  # once more: the case itself is not one more
    with pytest.raises(Refused) as refused:
        assign(book, last)
    (result,) = refused.value.verdict.refusals
    assert (result.rule, result.excepted_by) == ("caseload-cap", "supervisor")
    assert result.wanted == "The case manager leads at most 3 cases, with this one."
    (unmet,) = result.unmet
    assert unmet.found == "mo leads 3 cases already"
    assert unmet.remedy == "assign it to somebody else, or ask for an exception"
    assert result.source == "Case Management Strategies/Models, practice models: small caseloads"
    assert assign(book, last, to="kim").verdict.allowed
    assert book.tally("lead") == {"mo": MOST, "kim": 1}


def test_a_supervisor_may_make_an_exception_in_one_case(any_store):
    book = book_on(any_store)
    *first, last, other = opened(book, MOST + 2)
    for case_id in first:
        assign(book, case_id)
    exception = ExceptionMade(rule="caseload-cap", reason="until kim is back")
    book.do(last, exception, LeadCaseManagerAssigned(case_manager="mo"), by=SAM)
    assert book.tally("lead") == {"mo": MOST + 1}
    with pytest.raises(Refused):
        assign(book, other)


def test_what_ended_makes_room_and_what_is_reopened_is_counted_again(any_store):
    book = book_on(any_store)
    *first, last = opened(book, MOST + 1)
    for case_id in first:
        assign(book, case_id)
    book.do(first[0], "end-with-program", by="ana", reason="closed in May")
    assign(book, last)
    with pytest.raises(Refused, match="mo leads 3 cases already"):
        book.do(first[0], "reopen", by="ana", reason="came back")
    unassigned = opened(book, 1)[0]
    book.do(unassigned, "end-with-program", by="ana", reason="closed in May")
    assert book.do(unassigned, "reopen", by="ana", reason="came back").verdict.allowed


def test_a_warning_is_all_that_it_is_where_the_agency_says_so(any_store):
    book = book_on(any_store, with_cap(caseload_cap(1).warns(), "warned"))
    one, two = opened(book, 2)
    assign(book, one)
    assert [result.rule for result in assign(book, two).verdict.warnings] == ["caseload-cap"]
    assert book.tally("lead") == {"mo": 2}


def test_nobody_has_a_cap_who_did_not_ask_for_one():
    assert "caseload-cap" not in six_stage.all_rules
    assert caseload_cap(1).wanted == "The case manager leads at most one case, with this one."


@pytest.mark.parametrize("most", [0, -1, True, 2.0, "20", None])
def test_what_is_no_number_of_cases_is_told(most):
    with pytest.raises(InvalidCall, match=r"caseload_cap\(.*\) is given no number of cases\. Give"):
        caseload_cap(most)


def test_an_assignment_that_is_voided_gives_the_case_back_to_whom_it_had(any_store):
    book = book_on(any_store, six_stage)
    (case_id,) = opened(book, 1)
    assign(book, case_id)
    wrong = assign(book, case_id, to="kim")
    book.do(case_id, Voided(number=wrong.events[0].number), by="ana")
    assert book.tally("lead") == {"mo": 1}


# -- many at once ------------------------------------------------------------------------------

THREADS = 8


def raced(store):
    """Each thread gives a case of its own to the same case manager; how many were allowed."""
    cases = opened(book_on(store), THREADS)
    allowed, meet = [], threading.Barrier(THREADS)

    def work(case_id):
        book = book_on(store)
        meet.wait(60)
        while True:
            try:
                assign(book, case_id)
            except Refused:
                return
            except Conflict:  # the others were quicker each time: it is decided once more
                continue
            allowed.append(case_id)
            return

    running = [threading.Thread(target=work, args=(case_id,)) for case_id in cases]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert sorted(allowed) == sorted(led_by(book_on(store), "mo"))
    return len(allowed)


def test_however_many_decide_at_once_the_cap_holds(any_store):
    assert raced(any_store) == MOST


class CountsTogether(MemoryStorage):
    """Everybody has counted before anybody writes."""

    def __init__(self):
        super().__init__()
        self.meet = threading.Barrier(THREADS)

    def count(self, agency, name, value, /, *, besides=""):
        found = super().count(agency, name, value, besides=besides)
        if found.token == 0:
            self.meet.wait(60)
        return found


class CountsWithoutTokens(CountsTogether):
    """Planted: the decision is written whatever became of the count that it leaned on."""

    def append(self, unit, /):
        return super().append(unit._replace(counts=()))


def test_a_store_whose_counts_carry_no_token_is_caught():
    assert raced(CountsTogether()) == MOST
    assert raced(CountsWithoutTokens()) == THREADS, "over the cap: caught"


# -- told again, and tested by the kit ---------------------------------------------------------


def test_a_command_that_was_under_the_cap_is_told_again_in_full(any_store):
    book = book_on(any_store)
    one, two, three, four = opened(book, MOST + 1)
    first = assign(book, one, command_id="a")
    for case_id in (two, three):
        assign(book, case_id)
    assign(book, four, to="kim")
    again = assign(book_on(any_store), one, command_id="a")
    assert again.replayed
    assert again.verdict.to_data() == first.verdict.to_data()


def test_a_warning_is_told_again_without_the_count_that_nobody_knows_any_more(any_store):
    book = book_on(any_store, with_cap(caseload_cap(1).warns(), "warned"))
    one, two = opened(book, 2)
    assign(book, one)
    first = assign(book, two, command_id="a")
    again = assign(book, two, command_id="a")
    assert [len(told.verdict.warnings[0].unmet) for told in (first, again)] == [1, 0]
    assert first.verdict.judgements[0].noted == again.verdict.judgements[0].noted


@pytest.mark.parametrize("rule", [caseload_cap(2), caseload_cap(1).warns()], ids=str)
def test_the_kit_draws_and_plays_cases_of_a_workflow_that_counts(rule):
    workflow = with_cap(rule)
    drawn = set()

    @settings(max_examples=30)
    @given(history=histories(workflow, payloads=PAYLOADS))
    def draw(history):
        drawn.update(type(recorded.event) for recorded in history)

    draw()
    assert LeadCaseManagerAssigned in drawn
    machine = lifecycle(workflow, MemoryStorage, payloads=PAYLOADS)
    run_state_machine_as_test(machine, settings=settings(max_examples=30, stateful_step_count=30))
