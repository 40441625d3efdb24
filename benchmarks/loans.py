"""A small workflow, ours and as the peers have it: a loan is agreed if two guards hold.

Each peer judges the same event by the same two guards, moves, and calls one callback.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from statemachine import State, StateMachine
from transitions import Machine

from caseflow import (
    Actor,
    Case,
    Code,
    Command,
    Context,
    Entry,
    NoState,
    Stage,
    Transition,
    Unmet,
    Workflow,
    decide,
    decision,
    fact,
    rule,
)
from caseflow.workflow.decide import open_case

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLERK = Actor("ana", ["clerk"])
MOST = 100


@fact("income-stated")
class IncomeStated:
    amount: int


@fact("called")
class Called:
    channel: Code
    minutes: int


@decision("loan-agreed")
class LoanAgreed:
    amount: int


@rule("income-known", rests_on=IncomeStated, source="manual 3")
def income_known(case: Case, context: Context) -> Iterator[Unmet]:
    """The income is known before a loan is agreed."""
    if case.latest(IncomeStated) is None:
        yield Unmet(remedy="record an IncomeStated")


@rule("loan-limit", rests_on=IncomeStated, source="manual 4", excepted_by="chief")
def loan_limit(case: Case, context: Context) -> Iterator[Unmet]:
    """A loan is at most the agency's limit."""
    if context.event.amount > MOST:
        yield Unmet(found=context.event.amount, remedy=f"agree on {MOST} or less")


loans: Workflow[NoState] = Workflow(
    "loans",
    version="1",
    stages=[Stage("asked", initial=True), Stage("agreed"), Stage("done", final=True)],
    transitions=[
        Transition(
            "agree",
            source="asked",
            to="agreed",
            records=LoanAgreed,
            rules=[income_known, loan_limit],
        ),
        Transition("finish", source="agreed", to="done"),
    ],
    events=[IncomeStated, Called],
)


def command(*steps: Any) -> Command:
    return Command(entries=tuple(Entry(step) for step in steps), actor=CLERK, now=NOW)


def asked(calls: int = 0) -> Case[NoState]:
    """A case that waits for the loan: income stated, and so many calls before that."""
    opened = open_case(loans, case_id="c1", agency="agency", client="P-1", command=command()).case
    told = [Called(channel="phone", minutes=number % 50) for number in range(calls)]
    return decide(loans, opened, command(*told, IncomeStated(amount=1800))).case


def deciding(case: Case[NoState]) -> Callable[[], object]:
    """Decide on a loan: the event, the verdict with its evidence, the envelope, the case after."""

    def work() -> object:
        step = Entry(LoanAgreed(amount=90))
        return decide(loans, case, Command(entries=(step,), actor=CLERK, now=NOW))

    return work


class Model:
    """What the peers judge and move; python-statemachine keeps the name `event` for its own."""

    def __init__(self) -> None:
        self.income: int | None = 1800
        self.noted: LoanAgreed | None = None

    def is_income_known(self, loan: LoanAgreed) -> bool:
        return self.income is not None

    def is_within_limit(self, loan: LoanAgreed) -> bool:
        return loan.amount <= MOST

    def note(self, loan: LoanAgreed) -> None:
        self.noted = loan


def stock_trigger() -> Callable[[], object]:
    """The decision as a stock trigger of `transitions`."""
    model: Any = Model()
    machine = Machine(
        model=model, states=["asked", "agreed", "done"], initial="asked", auto_transitions=False
    )
    guards: Any = ["is_income_known", "is_within_limit"]
    machine.add_transition("agree", "asked", "agreed", conditions=guards, after="note")
    machine.add_transition("finish", "agreed", "done")

    def work() -> object:
        model.state = "asked"
        return model.agree(LoanAgreed(amount=90))

    if not work() or model.noted is None:
        raise AssertionError("the stock trigger did not do what is measured")
    return work


class LoanMachine(StateMachine):
    asked = State(initial=True)
    agreed = State()
    done = State(final=True)
    agree = asked.to(agreed, cond=["is_income_known", "is_within_limit"], on="note")
    finish = agreed.to(done)


def statemachine_trigger() -> Callable[[], object]:
    """The decision as an event of python-statemachine, on a machine that stands ready."""
    model: Any = Model()
    machine: Any = LoanMachine(model)

    def work() -> object:
        model.state = "asked"
        return machine.agree(LoanAgreed(amount=90))

    work()
    if model.state != "agreed" or model.noted is None:
        raise AssertionError("python-statemachine did not do what is measured")
    return work


def statemachine_for_a_case() -> object:
    """The same for a case that has no machine yet: it has one machine for each model."""
    machine: Any = LoanMachine(Model())
    return machine.agree(LoanAgreed(amount=90))
