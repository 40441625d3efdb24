"""A foreign trade for the tests: a bicycle repair shop, which uses every feature of a workflow.

The kernel, the workflow and the casebook know nothing of social work; this shop proves it.
The way of a bicycle: it is dropped off and inspected (intake), a quote is sent and agreed, it
waits for parts or goes to the bench (repair), is tested, stands ready, and is collected.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import attrs

from caseflow import (
    ANY_OPEN,
    BACK,
    STAY,
    Actor,
    Case,
    Casebook,
    Code,
    Context,
    Hold,
    Personal,
    Reason,
    Recorded,
    Stage,
    To,
    Transition,
    Unmet,
    Workflow,
    all_of,
    any_of,
    decision,
    fact,
    not_,
    rule,
    when,
)

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""The moment at which a test clock starts: a Monday."""
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

ANA = Actor("ana")
MO = Actor("mo", ["mechanic"])
BOSS = Actor("boss", ["manager", "mechanic"])
ROLES = {"mo": ["mechanic"], "boss": ["manager", "mechanic"]}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, span: timedelta) -> datetime:
        """Let time pass (a negative span sets the clock back)."""
        self.now += span
        return self.now


# -- events ----------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Finding:
    """What the mechanic found: a part, and what is wrong with it in free text."""

    part: Code
    trouble: str
    needs_part: bool = False


@fact("bike-described")
class BikeDescribed:
    """The customer says what the bicycle is and what is wrong."""

    words: str
    serial: Code = ""
    born: Personal[date] | None = None


@fact("part-arrived")
class PartArrived:
    part: Code
    price: int = 0


@fact("paid")
class Paid:
    amount: int  # in cents


@fact("call-missed")
class CallMissed:
    number: str


@fact("called-back")
class CalledBack:
    number: str = ""


@fact("invoice-sent")
class InvoiceSent:
    """The invoice went out."""


@fact("accounted")
class Accounted:
    """The customer has an account with the shop, and pays later."""


@decision("inspected")
class Inspected:
    """The mechanic looked at the bicycle."""

    findings: tuple[Finding, ...] = ()


@decision("quote-sent")
class QuoteSent:
    """The shop offers to do the work for so much, in cents."""

    amount: int
    share: int = 1


@decision("quote-agreed")
class QuoteAgreed:
    """The customer agrees, in what words it may be."""

    words: str = ""


@decision("ridden")
class Ridden:
    passed: bool


@decision("discount-given")
class DiscountGiven:
    percent: int


EVENTS = (
    BikeDescribed,
    PartArrived,
    Paid,
    CallMissed,
    CalledBack,
    InvoiceSent,
    Accounted,
)


# -- state -----------------------------------------------------------------------------------


@attrs.frozen
class Shop:
    """What the shop remembers of a repair: the parts it waits for, money, the last words."""

    wanted: tuple[Code, ...] = ()
    arrived: tuple[Code, ...] = ()
    paid: int = 0
    price: int = 0
    last_words: str = ""
    findings: tuple[Finding, ...] = ()

    def fold(self, recorded: Recorded[object]) -> Shop:
        """The state after an event."""
        event = recorded.event
        if isinstance(event, Inspected):
            wanted = tuple(found.part for found in event.findings if found.needs_part)
            return attrs.evolve(self, wanted=wanted, findings=event.findings)
        if isinstance(event, PartArrived):
            return attrs.evolve(self, arrived=(*self.arrived, event.part))
        if isinstance(event, Paid):
            return attrs.evolve(self, paid=self.paid + event.amount)
        if isinstance(event, QuoteSent):
            return attrs.evolve(self, price=event.amount)
        if isinstance(event, BikeDescribed):
            return attrs.evolve(self, last_words=event.words)
        return self


# -- rules -----------------------------------------------------------------------------------


@rule("described", rests_on=BikeDescribed, source="shop book 1", excepted_by="manager")
def described(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """The customer has said what is wrong."""
    if case.latest(BikeDescribed) is None:
        yield Unmet(remedy="record BikeDescribed")


@rule("serial-known", rests_on=BikeDescribed)
def serial_known(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """The serial number is written down."""
    words = case.latest(BikeDescribed)
    if words is None or not words.serial:
        yield Unmet(found="no serial number", remedy="look under the bottom bracket")


@rule("findings-named", rests_on=Inspected, source="shop book 2")
def findings_named(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """Each finding says what is wrong with the part."""
    for finding in case.state.findings:
        if not finding.trouble:
            yield Unmet(about=finding.part, found="no words", remedy="correct the inspection")


@rule("price-limit", rests_on=QuoteSent, excepted_by="manager")
def price_limit(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """A quote is at most 500 euros."""
    if context.event.amount > 50_000:
        yield Unmet(found=context.event.amount, remedy="quote less")


@rule("shares", rests_on=QuoteSent)
def shares(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """Each share of a quote is at least 10 euros."""
    if context.event.amount // context.event.share < 1_000:
        yield Unmet(found=context.event.amount // context.event.share, remedy="quote fewer shares")


@rule("parts-wanted", rests_on=Inspected)
def parts_wanted(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """Parts are still to come."""
    if set(case.state.wanted) <= set(case.state.arrived):
        yield Unmet(found="every part is here")


@rule("parts-here", rests_on=Inspected, history=PartArrived, excepted_by="manager")
def parts_here(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """Every part that the inspection asks for has arrived."""
    arrived = {entry.event.part: entry.number for entry in context.history(PartArrived)}
    for part in case.state.wanted:
        if part not in arrived:
            yield Unmet(about=part, found="not arrived", remedy=f"record PartArrived({part!r})")


@rule("passed", rests_on=Ridden)
def passed(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """The bicycle passed its test."""
    if not context.event.passed:
        yield Unmet(found="it did not pass")


@rule("paid-up", rests_on=(QuoteSent, Paid), source="shop book 7")
def paid_up(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """The repair is paid."""
    if case.state.paid < case.state.price:
        yield Unmet(found=case.state.paid, remedy=f"take {case.state.price - case.state.paid}")


@rule("has-account", rests_on=Accounted)
def has_account(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """The customer has an account."""
    if case.latest(Accounted) is None:
        yield Unmet(remedy="open an account")


@rule("overpriced", rests_on=QuoteSent)
def overpriced(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """The quote is over 300 euros."""
    if case.state.price <= 30_000:
        yield Unmet(found=case.state.price)


@rule("invoiced", rests_on=InvoiceSent, source="tax law", excepted_by="manager")
def invoiced(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """An invoice is sent after the bicycle was collected."""
    if case.latest(InvoiceSent) is None:
        yield Unmet(remedy="record InvoiceSent")


@rule("rung-back", rests_on=(CallMissed, CalledBack))
def rung_back(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """A customer who rang in vain is rung back."""
    back = case.latest_recorded(CalledBack)
    if back is None or back.occurred_at < context.at:
        yield Unmet(remedy="ring back, and record CalledBack")


@rule("round-sum", rests_on=Paid)
def round_sum(case: Case[Shop], context: Context) -> Iterator[Unmet]:
    """A payment is a whole number of euros."""
    if context.event.amount % 100:
        yield Unmet(found=context.event.amount)


quote_founded = all_of("quote-founded", described, findings_named, wanted="The quote is founded.")
settled = any_of("settled", paid_up, has_account, source="shop book 7", excepted_by="manager")
not_overpriced = not_("not-overpriced", overpriced, wanted="A dear repair gets no discount.")
account_when_dear = when("account-when-dear", overpriced, then=has_account)


# -- recorded events -------------------------------------------------------------------------


def entry(number: int, event: object, **given: object) -> Recorded[object]:
    """A recorded event of a repair as the kernel sees it, made by hand."""
    moment = START + number * HOUR
    fields: dict[str, object] = {
        "occurred_at": moment,
        "recorded_at": moment,
        "actor": "ana",
        "roles": frozenset(),
        "on_behalf_of": None,
        "reported_by": None,
        "subject": "customer-1",
        "transition": None,
        "stage": None,
        "reason_code": None,
        "reason": None,
        "noted": (),
        "command_id": None,
        "fingerprint": None,
        "agency": "agency",
        "case_id": "R-1",
        "workflow": "repair-shop",
        "workflow_version": "1",
    }
    return Recorded(number, event, **{**fields, **given})  # type: ignore[arg-type]  # by name


# -- the workflow ----------------------------------------------------------------------------

REASONS = (
    Reason("customer", children=[Reason("too-dear", "Too expensive"), Reason("moved-away")]),
    Reason("no-parts"),
)

shop = Workflow(
    "repair-shop",
    version="1",
    state=Shop,
    stages=[
        Stage("intake", substages=["dropped-off", "looked-at"], initial=True),
        Stage("quoting", label="Quote", decides=[DiscountGiven]),
        Stage("repair", substages=["waiting", "bench"]),
        Stage("ready"),
        Stage("collected", final=True),
        Stage("abandoned", final=True),
    ],
    transitions=[
        Transition(
            "inspect",
            source="intake.dropped-off",
            to="intake.looked-at",
            records=Inspected,
            roles="mechanic",
            rules=[serial_known.warns()],
            label="Inspect the bicycle",
        ),
        Transition(
            "quote",
            source=("intake.looked-at", "quoting"),
            to="quoting",
            records=QuoteSent,
            rules=[quote_founded, price_limit, shares],
        ),
        Transition(
            "agree",
            source="quoting",
            to=[To("repair.waiting", when=parts_wanted), "repair.bench"],
            records=QuoteAgreed,
            rules=[account_when_dear.warns()],
        ),
        Transition("start", source="repair.waiting", to="repair.bench", rules=[parts_here]),
        Transition(
            "test",
            source="repair.bench",
            to=[To("ready", when=passed), STAY],
            records=Ridden,
            roles=("mechanic",),
        ),
        Transition(
            "collect",
            source="ready",
            to="collected",
            rules=[settled, invoiced.due(within=7 * DAY, owner="manager")],
        ),
        Transition("requote", source=("repair", "ready"), to="quoting", reason_required=True),
        Transition("abandon", source=ANY_OPEN, to="abandoned", reasons=REASONS),
        Transition("stolen", source=ANY_OPEN, to="abandoned", supersedes=True, roles="manager"),
        Transition(
            "reopen", source=("collected", "abandoned"), to=BACK, reopens=True, roles="manager"
        ),
    ],
    events=EVENTS,
    rules={
        DiscountGiven: [account_when_dear, not_overpriced.excepted(by="manager")],
        CallMissed: [rung_back.due(within=2 * DAY)],
        Paid: [round_sum.warns()],
    },
    hold=Hold(stages=("quoting", "repair"), reasons=[Reason("holiday"), Reason("parts-late")]),
    faults_excepted_by="manager",
)


def shop_book(store: object, *, clock: Clock | None = None, **options: object) -> Casebook[Shop]:
    """A casebook of the shop on a store, with numbered case ids and a clock that stands still."""
    numbers = iter(range(1, 10_000))
    given: dict[str, object] = {
        "roles": ROLES,
        "clock": clock or Clock(),
        "new_id": lambda: f"R-{next(numbers)}",
    }
    return Casebook(shop, store, **{**given, **options})  # type: ignore[arg-type]  # any store


FINDINGS = (
    Finding(part="chain", trouble="worn to the pin", needs_part=True),
    Finding(part="saddle", trouble="squeaks since March"),
)

STEPS: dict[str, tuple[object, ...]] = {
    "dropped-off": (),
    "looked-at": (BikeDescribed(words="it clicks"), Inspected(findings=FINDINGS)),
    "quoting": (QuoteSent(amount=20_000),),
    "waiting": (QuoteAgreed(words="fine"),),
    "bench": (PartArrived(part="chain"), "start"),
    "ready": (Ridden(passed=True),),
    "collected": (Paid(amount=20_000), "collect"),
}
"""What leads a repair to each place, from the place before it."""


def bring(book: Casebook[Shop], place: str, *, client: str = "customer-1") -> str:
    """Open a repair and bring it to a place of `STEPS`; its id."""
    case_id = book.open(client=client, by=ANA).case.id
    for name, steps in STEPS.items():
        if steps:
            book.do(case_id, *steps, by=BOSS)
        if name == place:
            return case_id
    raise KeyError(place)
