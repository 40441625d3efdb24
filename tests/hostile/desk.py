"""A small loan desk, with events and rules that take anything: what a careless program declares."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from caseflow import (
    ANY_OPEN,
    STAY,
    Casebook,
    Code,
    Stage,
    Transition,
    Unmet,
    Workflow,
    decision,
    fact,
    rule,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ROLES = {"boss": ["chief"]}


@fact("letter")
class Letter:
    text: Code = ""


@fact("anything-said")
class AnythingSaid:
    value: Any


@fact("seen-at")
class SeenAt:
    moment: datetime


@decision("loan-agreed")
class LoanAgreed:
    amount: int


@decision("flagged")
class Flagged:
    """Its default is of another type than its field, as it happens."""

    why: Code = None  # type: ignore[assignment]  # the mistake is the point


@rule("small", excepted_by="chief")
def small(case, context):
    """A loan is at most 100."""
    if context.event.amount > 100:
        yield Unmet(found=context.event.amount, remedy="agree on less")


def desk(*, rules=(small,), **changed):
    """The workflow of the desk, with anything about it changed."""
    given = {
        "version": "1",
        "stages": [Stage("asked", initial=True), Stage("agreed"), Stage("done", final=True)],
        "transitions": [
            Transition("agree", source="asked", to="agreed", records=LoanAgreed, rules=rules),
            Transition("flag", source="asked", to=STAY, records=Flagged),
            Transition("finish", source=ANY_OPEN, to="done"),
        ],
        "events": [Letter, AnythingSaid, SeenAt],
    }
    return Workflow("desk", **{**given, **changed})


DESK = desk()


def open_desk(store, workflow=DESK, **options):
    """A book on a store, at a moment that does not pass."""
    return Casebook(workflow, store, **{"clock": lambda: NOW, "roles": ROLES, **options})


def incompressible(size, seed=0):
    """A text that a database cannot keep in fewer bytes than it has."""
    draw = Random(seed)
    return "".join(chr(draw.randrange(0x21, 0x7F)) for _ in range(size))
