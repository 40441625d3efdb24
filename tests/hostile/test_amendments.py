"""No correction and no void does what the decision itself would not have been allowed to do."""

from datetime import timedelta

import pytest

from caseflow import (
    Corrected,
    ExceptionMade,
    Refused,
    Stage,
    Transition,
    Unmet,
    Voided,
    Workflow,
    rule,
)
from caseflow.storage import MemoryStorage
from tests.hostile.desk import DAY, NOW, AnythingSaid, LoanAgreed, desk, open_desk


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.mark.parametrize("amendment", [Voided(number=3), Corrected(number=3, occurred_at=NOW)])
def test_of_several_ways_of_one_name_the_one_taken_says_who_may_amend_it(amendment):
    workflow = Workflow(
        "two-ways",
        version="1",
        stages=[Stage("a", initial=True), Stage("b"), Stage("z", final=True)],
        transitions=[
            Transition("go", source="a", to="b"),
            Transition("close", source="a", to="z"),
            Transition("close", source="b", to="z", roles="chief"),
        ],
    )
    book = open_desk(MemoryStorage(), workflow)
    case_id = book.open(client="p", by="ana").case.id
    book.do(case_id, "go", by="ana")
    book.do(case_id, "close", by="boss")
    with pytest.raises(Refused, match="may not take the decision in event 3"):
        book.do(case_id, amendment, by="ana")
    assert book.do(case_id, amendment, by="boss").case.version == 4


def test_a_decision_is_not_redated_past_the_end_of_its_exception():
    clock = Clock()
    book = open_desk(MemoryStorage(), clock=clock)
    case_id = book.open(client="p", by="ana").case.id
    book.do(case_id, ExceptionMade(rule="small", reason="so", until=NOW + DAY), by="boss")
    book.do(case_id, LoanAgreed(amount=200), by="ana")
    clock.now += 100 * DAY
    with pytest.raises(Refused, match="As corrected, it is refused by small"):
        book.do(case_id, Corrected(number=3, occurred_at=NOW + 50 * DAY), by="ana")
    within = Corrected(number=3, occurred_at=NOW + timedelta(hours=5))
    assert book.do(case_id, within, by="ana").case.version == 4


def test_a_fact_corrected_so_that_a_decision_no_longer_holds_opens_no_way_for_a_worse_one():
    @rule("limit", rests_on=AnythingSaid)
    def limit(case, context):
        """A loan is at most the limit."""
        if context.event.amount > case.latest(AnythingSaid).value:
            yield Unmet(found=context.event.amount)

    book = open_desk(MemoryStorage(), desk(rules=[limit]))
    case_id = book.open(client="p", by="ana").case.id
    book.do(case_id, AnythingSaid(value=100), LoanAgreed(amount=90), by="ana")
    book.do(case_id, Corrected(number=2, event=AnythingSaid(value=50)), by="ana")
    with pytest.raises(Refused, match="1000000"):
        book.do(case_id, Corrected(number=3, event=LoanAgreed(amount=1_000_000)), by="ana")
    book.do(case_id, Corrected(number=3, event=LoanAgreed(amount=40)), by="ana")
    assert book.case(case_id).latest(LoanAgreed).amount == 40
