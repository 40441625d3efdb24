"""A case with a state of 2 kB: a grant in twenty lines, out of which money is paid.

The same decision is judged on it again and again, by two guards; `by_hand.py` and `peers.py`
have the same grant.
"""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from typing import Any

import attrs
import orjson

from caseflow import (
    Case,
    Casebook,
    Code,
    Context,
    Recorded,
    Stage,
    Transition,
    Unmet,
    Workflow,
    decision,
    fact,
    rule,
)
from caseflow.kernel.stored import GENESIS, StoredEvent, hash_of
from caseflow.storage import MemoryStorage, SQLStorage
from caseflow.storage.port import History, Listing, Query

AGENCY = "agency"
BUDGET = 1_000_000_000
"""Of each line: a benchmark does not run out of it."""


@attrs.frozen(kw_only=True)
class Line:
    """What money was granted for, and how much of it is paid."""

    number: int
    purpose: str
    until: date
    budget: int
    paid: int


@fact("income-stated")
class IncomeStated:
    amount: int


@fact("granted")
class Granted:
    lines: tuple[Line, ...]


@decision("paid-out")
class PaidOut:
    line: int
    amount: int
    payee: Code


@attrs.frozen
class Grant:
    """The lines of the grant."""

    lines: tuple[Line, ...] = ()

    def fold(self, recorded: Recorded[Any]) -> "Grant":
        event = recorded.event
        if isinstance(event, Granted):
            return Grant(event.lines)
        if isinstance(event, PaidOut):
            at = event.line - 1
            line = self.lines[at]
            line = attrs.evolve(line, paid=line.paid + event.amount)
            return Grant((*self.lines[:at], line, *self.lines[at + 1 :]))
        return self


@rule("income-known", rests_on=IncomeStated, source="manual 3")
def income_known(case: Case[Grant], context: Context) -> Iterator[Unmet]:
    """The income is known before money is paid."""
    if case.latest(IncomeStated) is None:
        yield Unmet(remedy="record an IncomeStated")


@rule("within-budget", rests_on=Granted, source="manual 4", excepted_by="chief")
def within_budget(case: Case[Grant], context: Context) -> Iterator[Unmet]:
    """What is paid stays within the budget of its line."""
    line = case.state.lines[context.event.line - 1]
    if line.paid + context.event.amount > line.budget:
        yield Unmet(found=line.budget - line.paid, remedy="pay less")


grants: Workflow[Grant] = Workflow(
    "grants",
    version="1",
    state=Grant,
    stages=[
        Stage("running", initial=True, decides=[PaidOut]),
        Stage("ended", final=True),
    ],
    transitions=[Transition("end", source="running", to="ended")],
    events=[IncomeStated, Granted],
    rules={PaidOut: [income_known, within_budget]},
)

LINES = tuple(
    Line(number=n, purpose=f"part {n} of the rent", until=date(2026, 12, 31), budget=BUDGET, paid=0)
    for n in range(1, 21)
)
_numbers = count(1)


def a_book(store: SQLStorage, **options: Any) -> Casebook[Grant]:
    return Casebook(grants, store, agency=AGENCY, **options)


def opened(book: Casebook[Grant], cases: int) -> list[str]:
    """So many cases that wait for payments, and whose state has 2 kB as JSON."""
    ids = []
    for _ in range(cases):
        case_id = book.open(client=f"P-{next(_numbers)}", by="ana").case.id
        state = book.record(
            case_id, IncomeStated(amount=1800), Granted(lines=LINES), by="ana"
        ).case.state
        ids.append(case_id)
    size = len(orjson.dumps(attrs.asdict(state)))
    if not 1_900 < size < 2_200:
        raise AssertionError(f"the state has {size} bytes")
    return ids


def payments(
    case_ids: list[str], *, prefix: str = "command-"
) -> Iterator[tuple[str, PaidOut, str]]:
    """Payments without end, to one case after the other: the case, the event, a command id."""
    for number in count(1):
        event = PaidOut(line=number % len(LINES) + 1, amount=number % 90 + 1, payee="P-1")
        yield case_ids[number % len(case_ids)], event, f"{prefix}{next(_numbers)}"


def paying(
    book: Casebook[Grant], case_ids: list[str], *, prefix: str = "command-"
) -> Callable[[], object]:
    """The work of one payment."""
    due = payments(case_ids, prefix=prefix)

    def pay() -> object:
        case_id, event, command_id = next(due)
        return book.do(case_id, event, by="ana", command_id=command_id)

    return pay


# -- whole histories -------------------------------------------------------------------------


def histories(
    cases: int, *, payments: int = 0, first: int = 1, due: Iterator[str | None] | None = None
) -> Iterator[History]:
    """Histories of cases with one line of a grant, to be imported.

    `due` is when something is due on each of them, as stored text; left out: nothing is.
    """
    rows, listing = _example(payments)
    for number in range(first, first + cases):
        case_id, client, previous, events = f"case-{number}", f"client-{number}", GENESIS, []
        for row in rows:
            event = row._replace(
                case_id=case_id,
                command_id=row.command_id and f"{case_id}-{row.command_id}",
                subject=client,
                payload=row.payload.replace("P-1", client),
                previous_hash=previous,
            )
            previous = hash_of(event[:-1])
            events.append(event._replace(hash=previous))
        listed = listing._replace(client=client, due_at=next(due) if due else None)
        yield History(case_id, events, listed, (client,))


def _example(payments: int) -> tuple[list[StoredEvent], Listing]:
    """A history as a casebook writes it, and what the list says of its case."""
    store = MemoryStorage()
    book = Casebook(grants, store, agency=AGENCY)
    case_id = book.open(client="P-1", by="ana").case.id
    book.record(case_id, IncomeStated(amount=1800), Granted(lines=LINES[:1]), by="ana")
    for number in range(payments):
        paid = PaidOut(line=1, amount=number + 1, payee="P-1")
        book.do(case_id, paid, by="ana", command_id=f"c{number}")
    found = store.find(AGENCY, Query())
    return list(store.read(AGENCY, case_id)), found[0].listing
