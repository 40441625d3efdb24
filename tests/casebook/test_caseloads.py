"""The lead case manager, how cases are found by one, and the cap on how many one leads."""

import re
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from caseflow import (
    Actor,
    Casebook,
    CaseOpened,
    Conflict,
    Corrected,
    DefinitionError,
    ExceptionMade,
    Refused,
    Voided,
)
from caseflow.casework import LeadCaseManagerAssigned, lead_case_manager
from caseflow.rules import caseload_cap, lead_assigned
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


def test_it_is_decided_in_every_stage_on_hold_or_not():
    for position in six_stage.positions:
        assert "assign-lead-case-manager" in six_stage.dispatch[position]


def test_an_assignment_that_is_recorded_late_does_not_undo_a_newer_one(any_store):
    moments = iter(START + timedelta(days=day) for day in range(10))
    book = book_on(any_store, six_stage, clock=lambda: next(moments))
    (case_id,) = opened(book, 1)
    assign(book, case_id, to="kim", at=START + timedelta(hours=2))
    late = assign(book, case_id, to="mo", at=START + timedelta(hours=1))
    assert lead_case_manager(late.case) == "kim"
    assert (led_by(book, "mo"), led_by(book, "kim")) == ([], [case_id])


# -- that somebody leads ----------------------------------------------------------------------

WEEK = timedelta(days=7)
led = six_stage.extend(
    "led",
    version="1",
    rules={CaseOpened: [lead_assigned.due(within=WEEK)], "reopen": [lead_assigned]},
)


def test_a_case_without_a_lead_is_held_by_the_supervisor_and_assigning_is_due(any_store):
    book = book_on(any_store, led)
    one, two = opened(book, 2)
    (owed,) = book.owed(one)
    assert (owed.rule, owed.since, owed.due_at) == ("lead-assigned", 1, START + WEEK)
    assert owed.owner == "supervisor"
    assert owed.result.wanted == "The case has a lead case manager."
    (unmet,) = owed.result.unmet
    assert unmet.found == "nobody leads it yet"
    assert unmet.remedy == "assign a lead case manager"
    assert owed.result.source == (
        "Tri-level Case Management, overview: navigators are assigned to individual participants"
    )
    wrong = assign(book, one).events[0].number
    assert book.owed(one) == ()
    assert [case.id for case in book.find(due_by=START + WEEK).cases] == [two]
    book.do(one, Voided(number=wrong), by="ana")
    assert [owed.rule for owed in book.owed(one, now=START + 2 * WEEK) if owed.overdue]


def test_it_keeps_nothing_from_being_done(any_store):
    book = book_on(any_store, led)
    (case_id,) = opened(book, 1)
    book.do(case_id, "end-with-program", by="ana", reason="closed in May")
    reopened = book.do(case_id, "reopen", by="ana", reason="came back")
    assert [result.rule for result in reopened.verdict.owed] == ["lead-assigned"]
    assert "lead-assigned" not in six_stage.all_rules


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
    assert result.wanted == "The case manager leads at most 3 cases, this one included."
    (unmet,) = result.unmet
    assert unmet.found == "mo leads 3 cases already"
    assert unmet.remedy == "assign it to somebody else"
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
    to_kim = LeadCaseManagerAssigned(case_manager="kim")
    with pytest.raises(Refused, match="mo leads 3 cases already") as refused:
        book.do(first[0], "reopen", to_kim, by="ana", reason="came back")
    assert "To do: assign it to somebody else, and then do this." in refused.value.verdict.explain()
    assert book.do(first[0], to_kim, "reopen", by="ana", reason="came back").verdict.allowed
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
    assert caseload_cap(1).wanted == "The case manager leads at most one case, this one included."


@pytest.mark.parametrize("most", [0, -1])
def test_what_is_no_number_of_cases_is_told(most):
    told = rf"caseload_cap\({most}\) is given no number of cases\. Give a whole number from 1"
    with pytest.raises(DefinitionError, match=told):
        caseload_cap(most)


@pytest.mark.parametrize("most", [True, 2.0, "20", None])
def test_what_is_no_number_is_told(most):
    told = f"'most' of caseload_cap is {most!r}. Give a whole number."
    with pytest.raises(DefinitionError, match=re.escape(told)):
        caseload_cap(most)


def test_an_assignment_that_is_voided_gives_the_case_back_to_whom_it_had(any_store):
    book = book_on(any_store, six_stage)
    (case_id,) = opened(book, 1)
    assign(book, case_id)
    wrong = assign(book, case_id, to="kim")
    book.do(case_id, Voided(number=wrong.events[0].number), by="ana")
    assert book.tally("lead") == {"mo": 1}


# -- what is amended --------------------------------------------------------------------------


def full(book, manager="mo"):
    """As many cases under a case manager as the cap allows; their ids."""
    cases = opened(book, MOST)
    for case_id in cases:
        assign(book, case_id, to=manager)
    return cases


def ended_before(book):
    """A case that ended under a case manager who has as many others by now; its last event."""
    (case_id,) = opened(book, 1)
    assign(book, case_id)
    book.do(case_id, "end-with-program", by="ana", reason="closed in May")
    full(book)
    return case_id, book.case(case_id).version


def test_voiding_an_ending_counts_the_case_again(any_store):
    book = book_on(any_store)
    case_id, ending = ended_before(book)
    with pytest.raises(Refused) as refused:
        book.do(case_id, Voided(number=ending), by="ana")
    (result,) = refused.value.verdict.refusals
    assert (result.rule, result.wanted) == ("amendment", "Event 3 can be voided.")
    (unmet,) = result.unmet
    assert (
        unmet.about
        == f'as amended, it is refused by caseload-cap ("{caseload_cap(MOST).wanted[:-1]}")'
    )
    assert unmet.found == "mo leads 3 cases already"
    assert unmet.remedy == "assign it to somebody else"
    assert not book.ask(case_id, Voided(number=ending), by="ana")
    assert book.tally("lead") == {"mo": MOST}


def test_a_supervisor_may_make_an_exception_for_an_amendment_too(any_store):
    book = book_on(any_store)
    case_id, ending = ended_before(book)
    exception = ExceptionMade(rule="caseload-cap", reason="until kim is back")
    book.do(case_id, exception, Voided(number=ending), by=SAM)
    assert book.tally("lead") == {"mo": MOST + 1}


def test_correcting_or_voiding_an_assignment_counts_the_case_under_whom_it_comes(any_store):
    moments = iter(START + timedelta(hours=hour) for hour in range(100))
    book = book_on(any_store, clock=lambda: next(moments))
    (case_id,) = opened(book, 1)
    first = assign(book, case_id).events[0]
    second = assign(book, case_id, to="kim").events[0]
    full(book)
    to_mo = Corrected(number=second.number, event=LeadCaseManagerAssigned(case_manager="mo"))
    earlier = Corrected(number=second.number, occurred_at=first.occurred_at - timedelta(minutes=1))
    for amendment in (to_mo, earlier, Voided(number=second.number)):
        with pytest.raises(Refused, match="As amended, it is refused by caseload-cap"):
            book.do(case_id, amendment, by="ana")
    elsewhere = LeadCaseManagerAssigned(case_manager="bo")
    for number in (first.number, second.number):  # whoever has it by that has room
        book.do(case_id, Corrected(number=number, event=elsewhere), by="ana")
    assert book.tally("lead") == {"mo": MOST, "bo": 1}


def test_an_amendment_that_brings_the_case_under_nobody_new_counts_nothing(any_store):
    book = book_on(any_store)
    (case_id,) = opened(book, 1)
    old = assign(book, case_id, to="bo").events[0]
    last = assign(book, case_id, to="kim").events[0]
    full(book)
    to_mo = LeadCaseManagerAssigned(case_manager="mo")
    book.do(case_id, Corrected(number=old.number, event=to_mo), by="ana")  # kim has it since
    book.do(case_id, Corrected(number=last.number, occurred_at=START), by="ana")
    book.do(case_id, Voided(number=old.number), by="ana")
    assert book.tally("lead") == {"mo": MOST, "kim": 1}


def test_a_cap_that_only_warns_keeps_no_amendment_from_being_made(any_store):
    book = book_on(any_store, with_cap(caseload_cap(MOST).warns(), "warned"))
    case_id, ending = ended_before(book)
    book.do(case_id, Voided(number=ending), by="ana")
    assert book.tally("lead") == {"mo": MOST + 1}


HERE = st.sampled_from(["C-0", "C-1", "C-2", "C-3"])
NAME = st.sampled_from(["mo", "kim"])
NUMBER = st.integers(2, 5)
STEP = st.one_of(
    st.builds(LeadCaseManagerAssigned, case_manager=NAME),
    st.sampled_from(["end-with-program", "reopen", "hold", "resume"]),
    st.builds(Voided, number=NUMBER),
    st.builds(
        Corrected, number=NUMBER, event=st.builds(LeadCaseManagerAssigned, case_manager=NAME)
    ),
    st.builds(
        Corrected,
        number=NUMBER,
        occurred_at=st.integers(0, 9).map(lambda minute: START + timedelta(minutes=minute)),
    ),
)
WRITERS = st.lists(
    st.lists(st.tuples(HERE, STEP), min_size=10, max_size=15), min_size=1, max_size=3
)
"""What each of some writers does to four cases, of which each writer may take any."""


def written_at_once(store, agency, writers):
    """Let writers do what they can, each in a thread; how many cases each case manager has."""
    capped_at_one = {"agency": agency, "workflow": tight}
    for number in range(4):
        case_id = f"C-{number}"
        book = book_on(store, **capped_at_one)
        book.open(client="P", case_id=case_id, by="ana")
        for step in (LeadCaseManagerAssigned(case_manager="mo"), "end-with-program"):
            book.do(case_id, step, by="ana", reason="closed in May")

    def write(steps):
        moments = (START + timedelta(minutes=minute) for minute in count())
        book = book_on(store, clock=lambda: next(moments), **capped_at_one)
        for case_id, step in steps:
            with suppress(Refused, Conflict):
                book.do(case_id, step, by="ana", reason="as agreed")

    running = [threading.Thread(target=write, args=(steps,)) for steps in writers]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return book_on(store, **capped_at_one).tally("lead")


tight = with_cap(caseload_cap(1), "tight")


def test_whatever_is_done_voided_and_corrected_by_however_many_the_cap_holds(any_store):
    agencies = count()

    @settings(max_examples=40 if isinstance(any_store, MemoryStorage) else 8)
    @given(writers=WRITERS)
    def holds(writers):
        tally = written_at_once(any_store, f"agency-{next(agencies)}", writers)
        assert max(tally.values(), default=0) <= 1

    holds()


# -- many at once ------------------------------------------------------------------------------

THREADS = 8


def brought_back(book, case_id):
    """A case comes back to its case manager by the voiding of its ending."""
    book.do(case_id, Voided(number=3), by="ana")


def raced(store, act=assign):
    """Each thread gives a case of its own to the same case manager; how many were allowed."""
    cases = opened(book_on(store), THREADS)
    if act is brought_back:
        for case_id in cases:
            assign(book_on(store), case_id)
            book_on(store).do(case_id, "end-with-program", by="ana", reason="closed in May")
    allowed, meet = [], threading.Barrier(THREADS)

    def work(case_id):
        book = book_on(store)
        meet.wait(60)
        while True:
            try:
                act(book, case_id)
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


@pytest.mark.parametrize("act", [assign, brought_back])
def test_however_many_decide_at_once_the_cap_holds(any_store, act):
    assert raced(any_store, act) == MOST


class CountsTogether(MemoryStorage):
    """Everybody has counted before anybody writes."""

    def __init__(self, begun=0):
        super().__init__()
        self.meet, self.begun = threading.Barrier(THREADS), begun

    def count(self, agency, name, value, /, *, besides=""):
        found = super().count(agency, name, value, besides=besides)
        if found.token == self.begun and threading.current_thread() is not threading.main_thread():
            self.meet.wait(60)
        return found


class CountsWithoutTokens(CountsTogether):
    """Planted: the decision is written whatever became of the count that it leaned on."""

    def append(self, unit, /):
        return super().append(unit._replace(counts=()))


def test_a_store_whose_counts_carry_no_token_is_caught():
    assert raced(CountsTogether()) == MOST
    assert raced(CountsWithoutTokens()) == THREADS, "over the cap: caught"
    moved = 2 * THREADS  # each case came under the case manager, and left
    assert raced(CountsTogether(moved), brought_back) == MOST
    assert raced(CountsWithoutTokens(moved), brought_back) == THREADS, "over the cap: caught"


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


@pytest.mark.parametrize("rule", [caseload_cap(2), caseload_cap(1).warns()], ids=["2", "1, warns"])
def test_the_kit_draws_and_plays_cases_of_a_workflow_that_counts(rule):
    workflow = with_cap(rule)
    find(
        histories(workflow, payloads=PAYLOADS),
        lambda drawn: any(type(one.event) is LeadCaseManagerAssigned for one in drawn),
        settings=settings(max_examples=500, phases=[Phase.generate]),
    )
    machine = lifecycle(workflow, MemoryStorage, payloads=PAYLOADS)
    run_state_machine_as_test(machine, settings=settings(max_examples=10, stateful_step_count=15))
