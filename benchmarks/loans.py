"""One small workflow, four times: a loan that is agreed if two guards hold, then noted once."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from statemachine import State, StateMachine
from transitions import Machine

from caseflow import (
    STAY,
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
    decision,
    fact,
    rule,
)
from caseflow.workflow.decide import open_case

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLERK = Actor("ana", ["clerk"])
INCOME, AMOUNT, MOST = 1800, 90, 100


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
            roles="clerk",
            records=LoanAgreed,
            rules=[income_known, loan_limit],
        ),
        Transition("finish", source="agreed", to="done"),
    ],
    events=[IncomeStated, Called],
)


def command(*steps: Any) -> Command:
    return Command(entries=tuple(Entry(step) for step in steps), actor=CLERK, now=NOW)


def asked() -> Case[NoState]:
    """A case with its income stated, waiting for the loan."""
    from caseflow import decide

    opened = open_case(loans, case_id="c1", agency="agency", client="P-1", command=command())
    return decide(loans, opened.case, command(IncomeStated(amount=INCOME))).case


class Model:
    """What the peers judge and move: guards and callback are those of the workflow above."""

    def __init__(self) -> None:
        self.income: int | None = INCOME
        self.roles = frozenset(["clerk"])
        self.noted = 0

    def is_income_known(self, amount: int) -> bool:
        return self.income is not None

    def is_within_limit(self, amount: int) -> bool:
        return amount <= MOST

    def note(self, amount: int) -> None:
        self.noted = amount


def stock() -> Callable[[], object]:
    """A stock trigger of `transitions`: two conditions, one callback."""
    model: Any = Model()
    machine = Machine(
        model=model, states=["asked", "agreed", "done"], initial="asked", auto_transitions=False
    )
    machine.add_transition(
        "agree",
        "asked",
        "agreed",
        conditions=["is_income_known", "is_within_limit"],
        after="note",
    )
    machine.add_transition("finish", "agreed", "done")

    def trigger() -> None:
        model.state = "asked"
        model.agree(AMOUNT)

    return trigger


class LoanMachine(StateMachine):
    """The same with python-statemachine."""

    asked = State(initial=True)
    agreed = State()
    done = State(final=True)
    agree = asked.to(agreed, cond=["is_income_known", "is_within_limit"], on="note")
    ask_again = agreed.to(asked)
    finish = agreed.to(done)
