"""A workflow of another trade, a library's loans, as both type checkers must see it.

Every line that ends with an ignore is wrong on purpose, and must be refused by both.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, assert_type

import attrs

from caseflow import (
    ANY_OPEN,
    STAY,
    Actor,
    AsyncCasebook,
    Case,
    Casebook,
    Code,
    Context,
    Corrected,
    Entry,
    ExceptionMade,
    Option,
    Outcome,
    Owed,
    Personal,
    Reason,
    Recorded,
    Refused,
    Result,
    Rule,
    Stage,
    To,
    Transition,
    Unmet,
    Verdict,
    Voided,
    Workflow,
    all_of,
    decision,
    evolve,
    fact,
    fold,
    not_,
    rule,
    when,
)
from caseflow.storage import AsyncStorage, MemoryStorage, SQLStorage, Storage

# -- events ----------------------------------------------------------------------------------


@fact("reminder-sent")
class ReminderSent:
    words: str
    born: Personal[date] | None = None


@decision("lent")
class Lent:
    shelfmark: Code
    days: int = 28


@decision("returned")
class Returned:
    damaged: bool = False


assert_type(Lent(shelfmark="A 1").days, int)
assert_type(Lent(shelfmark="A 1").shelfmark, str)
assert_type(ReminderSent(words="x").born, date | None)

Lent(shelfmark="A 1", days="four")  # type: ignore[arg-type]
Lent()  # type: ignore[call-arg]
Lent(shelfmark="A 1", shelf="A")  # type: ignore[call-arg]
Lent("A 1")  # type: ignore[call-arg]
Lent(shelfmark="A 1").days = 5  # type: ignore[misc]


# -- state and rules -------------------------------------------------------------------------


@attrs.frozen
class Shelf:
    out: tuple[str, ...] = ()

    def fold(self, recorded: Recorded[object]) -> "Shelf":
        if isinstance(recorded.event, Lent):
            return attrs.evolve(self, out=(*self.out, recorded.event.shelfmark))
        return self


@rule("few-out", rests_on=Lent, source="house rules 2", excepted_by="librarian")
def few_out(case: Case[Shelf], context: Context) -> Iterator[Unmet]:
    """At most three books are out."""
    assert_type(case.state, Shelf)
    assert_type(case.latest(Lent), Lent | None)
    assert_type(case.latest_recorded(Lent), Recorded[Lent] | None)
    assert_type(case.count(Lent), int)
    assert_type(context.history(Lent), tuple[Recorded[Lent], ...])
    assert_type(context.at, datetime)
    if len(case.state.out) > 3:
        yield Unmet(found=len(case.state.out), remedy="return a book first")
    case.state.overdue  # type: ignore[attr-defined]


@rule("reminded", rests_on=(ReminderSent, Lent))
def reminded(case: Case[Shelf], context: Context) -> Iterator[Unmet]:
    """A reminder was sent."""
    yield from ()


@rule("any-state")
def any_state(case: Case, context: Context) -> Iterator[Unmet]:
    """A rule that looks at no state fits every workflow."""
    yield from ()


assert_type(few_out, Rule[Shelf])
assert_type(few_out.warns(), Rule[Shelf])
assert_type(few_out.due(within=timedelta(days=7)), Rule[Shelf])
assert_type(few_out.excepted(by="director"), Rule[Shelf])
assert_type(all_of("both", few_out, reminded, wanted="Both."), Rule[Shelf])
assert_type(not_("none", few_out, wanted="Not."), Rule[Shelf])
assert_type(when("if", few_out, then=few_out), Rule[Shelf])

few_out.due(within=7)  # type: ignore[arg-type]
not_("none", few_out)  # type: ignore[call-arg]
rule("x", rests_on=Lent(shelfmark="a"))  # type: ignore[arg-type]


@rule("says-true")  # type: ignore[arg-type]
def says_true(case: Case[Shelf], context: Context) -> bool:
    """It answers with a bool."""
    return True


@rule("yields-text")  # type: ignore[arg-type]
def yields_text(case: Case[Shelf], context: Context) -> Iterator[str]:
    """It yields text."""
    yield "no"


# -- the workflow ----------------------------------------------------------------------------

loan = Workflow(
    "loan",
    version="1",
    state=Shelf,
    stages=[Stage("asked", initial=True), Stage("out"), Stage("back", final=True)],
    transitions=[
        Transition("lend", source="asked", to="out", records=Lent, rules=[few_out]),
        Transition("prolong", source="out", to=STAY, roles="librarian", rules=[reminded.warns()]),
        Transition("return", source="out", to=[To("asked", when=few_out), "back"]),
        Transition("lose", source=ANY_OPEN, to="back", reasons=[Reason("fire"), Reason("theft")]),
    ],
    events=[ReminderSent],
    rules={Lent: [few_out.warns()], "lose": [reminded, any_state]},
)
assert_type(loan, Workflow[Shelf])
assert_type(loan.extend("city-loan", version="2", rules={"lend": [reminded]}), Workflow[Shelf])
assert_type(loan.all_rules["few-out"].strength == "warn", bool)

Transition("lend", source="asked", to="out", records="lent")  # type: ignore[arg-type]
Transition("lend", "asked", "out")  # type: ignore[call-arg]
Workflow("loan", version=1, stages=[], transitions=[])  # type: ignore[arg-type]
Workflow("loan", version="1", stages=[], transitions=[], state=str)  # type: ignore[type-var]
Stage("asked", final="yes")  # type: ignore[arg-type]


# -- the book --------------------------------------------------------------------------------


def roles(actor: str, case: Case[object] | None) -> list[str]:
    return ["librarian"] if actor == "ada" and case else []


store: Storage = MemoryStorage()
book = Casebook(loan, store, roles=roles)
assert_type(book, Casebook[Shelf])
named: Mapping[str, list[str]] = {"ada": ["librarian"]}
Casebook(loan, SQLStorage("sqlite:///loans.db"), roles=named)
Casebook(loan, "sqlite:///loans.db")  # type: ignore[arg-type]
Casebook(loan, store, roles="librarian")  # type: ignore[arg-type]
Casebook(loan, store, clocks=datetime.now)  # type: ignore[call-arg]

outcome = book.open(client="reader-1", by="ada")
assert_type(outcome, Outcome[Shelf])
assert_type(outcome.case, Case[Shelf])
assert_type(outcome.case.state.out, tuple[str, ...])
assert_type(outcome.verdict, Verdict)
assert_type(outcome.undelivered, tuple[Exception, ...])

case_id: str = outcome.case.id
book.record(case_id, ReminderSent(words="soon due"), by=Actor("ada", ["librarian"]))
book.do(case_id, Lent(shelfmark="A 1"), "prolong", by="ada", at=datetime.now(UTC))
book.do(case_id, Entry(Returned(), at=datetime.now(UTC), reported_by="a friend"), by="ada")
book.do(case_id, ExceptionMade(rule="few-out", reason="a teacher"), by="ada")
book.do(case_id, Corrected(number=2, event=Lent(shelfmark="A 2")), Voided(number=3), by="ada")
book.do(case_id, Lent(shelfmark="A 1"))  # type: ignore[call-arg]
book.do(case_id, "lend", by=5)  # type: ignore[arg-type]
book.do(case_id, "lend", by="ada", at="today")  # type: ignore[arg-type]
book.do(case_id, "lend", by="ada", reason=["fire"])  # type: ignore[arg-type]
book.do(case_id, "lend", by="ada", version="2")  # type: ignore[arg-type]
book.do(5, "lend", by="ada")  # type: ignore[arg-type]
book.open("reader-1", by="ada")  # type: ignore[call-arg]

assert_type(book.ask(case_id, "lend", by="ada"), Verdict)
assert_type(book.ask(case_id, "lend", by="ada").refusals, tuple[Result, ...])
assert_type(book.options(case_id, by="ada"), tuple[Option, ...])
assert_type(book.owed(case_id), tuple[Owed, ...])
assert_type(book.owed(case_id)[0].due_at, datetime | None)
assert_type(book.case(case_id, as_of=datetime.now(UTC)), Case[Shelf])
assert_type(book.case_ids(), tuple[str, ...])
assert_type(book.case(case_id).stage, str | None)
assert_type(book.history(case_id)[0].occurred_at, datetime)

book.case(case_id, as_of="yesterday")  # type: ignore[arg-type]
book.case(case_id).position = "out"  # type: ignore[misc]
book.case(case_id).state.out = ()  # type: ignore[misc]

leave = book.subscribe(lambda recorded: recorded.number + 1, to=Lent)
leave()
book.subscribe("heard")  # type: ignore[arg-type]

try:
    book.do(case_id, "lend", by="ada")
except Refused as refused:
    assert_type(refused.unrecorded, tuple[Any, ...])

history = book.history(case_id)
assert_type(fold(history, Shelf()), Case[Shelf])
assert_type(evolve(fold(history, Shelf()), history[0]), Case[Shelf])


async def awaited(slow: AsyncStorage) -> None:
    waiting = AsyncCasebook(loan, slow)
    assert_type(waiting, AsyncCasebook[Shelf])
    assert_type(AsyncCasebook(loan, store), AsyncCasebook[Shelf])
    assert_type(await waiting.open(client="reader-1", by="ada"), Outcome[Shelf])
    assert_type(await waiting.ask("1", "lend", by="ada"), Verdict)
    assert_type((await waiting.case("1")).state, Shelf)
    (await waiting.case("1")).state.lost  # type: ignore[attr-defined]


Casebook(loan, AsyncCasebook(loan, store))  # type: ignore[arg-type]
