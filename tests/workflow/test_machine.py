"""The state graph is a stock `transitions.Machine`, and dispatch agrees with it edge by edge.

The oracle is the stock machine, driven with `model.trigger` for every position and every name
of the shop. Rules play no part in it: the stock machine knows none of them.
"""

import pytest
import transitions
from transitions import MachineError

from caseflow import BACK, Actor, CaseOpened, Context, Moved, decide, fold
from caseflow.workflow.command import Command, Entry
from tests.support.trades import (
    DAY,
    START,
    DiscountGiven,
    Finding,
    Inspected,
    QuoteAgreed,
    QuoteSent,
    Ridden,
    Shop,
    entry,
    shop,
)

EVERYBODY = Actor("boss", ["manager", "mechanic"])
NEEDS_PARTS = Inspected(findings=(Finding(part="hub", trouble="x", needs_part=True),))
NEEDS_NONE = Inspected(findings=())
PAYLOADS = {
    "inspect": [NEEDS_NONE],
    "quote": [QuoteSent(amount=9_000)],
    "agree": [QuoteAgreed()],
    "test": [Ridden(passed=True), Ridden(passed=False)],
    "discount-given": [DiscountGiven(percent=5)],
}
REASON = {"abandon": "no-parts", "hold": "holiday", "requote": "it broke"}
NAMES = [row.name for row in shop.rows if not row.core]


def case_at(position, before, inspected):
    """A case that stands at a position, having stood at another before."""
    return fold(
        [
            entry(1, CaseOpened(client="customer-1"), stage=shop.start),
            entry(2, inspected),
            entry(3, Moved(), stage=before),
            entry(4, Moved(), stage=position),
        ],
        Shop(),
    )


class Model:
    """Something that stands at a position, for the stock machine to move."""

    position: str


def stock_target(position, name, case, context):
    """Where the stock machine goes (None: nowhere; the position itself: it stays)."""
    model = Model()
    shop.machine.add_model(model, initial=position)
    try:
        moved = model.trigger(name, case, context)
    except MachineError:
        return None
    finally:
        shop.machine.remove_model(model)
    return model.position if moved else None


def our_target(case, name, event):
    """Where `decide` goes, whatever the rules say of it."""
    step = event if event is not None else name
    command = Command(
        entries=(Entry(step, reason=REASON.get(name)),),
        actor=EVERYBODY,
        now=START + DAY,
        histories=dict.fromkeys(shop.histories, ()),
    )
    decided = decide(shop, case, command)
    judgement = decided.verdict.judgements[0]
    if any(result.rule in ("position", "target") for result in judgement.results):
        return None
    return judgement.target or case.position


def triples():
    for position in shop.positions:
        for name in NAMES:
            for event in PAYLOADS.get(name, [None]):
                yield position, name, event


@pytest.mark.parametrize("inspected", [NEEDS_PARTS, NEEDS_NONE], ids=["waits", "has-all"])
@pytest.mark.parametrize("before", shop.positions)
def test_dispatch_agrees_with_the_stock_machine_edge_by_edge(before, inspected):
    reached = 0
    for position, name, event in triples():
        case = case_at(position, before, inspected)
        proposed = event or Moved()
        context = Context(EVERYBODY, START + DAY, START + DAY, name, proposed)
        expected = stock_target(position, name, case, context)
        assert our_target(case, name, event) == expected, (position, name, event)
        reached += expected is not None
    assert reached >= 35


def test_every_edge_of_the_machine_is_driven_by_those_cases():
    driven = set()
    for before in shop.positions:
        for inspected in (NEEDS_PARTS, NEEDS_NONE):
            for position, name, event in triples():
                case = case_at(position, before, inspected)
                context = Context(EVERYBODY, START, START, name, event or Moved())
                target = stock_target(position, name, case, context)
                if target is not None:
                    driven.add((position, name, target))
    edges = {
        (edge.source, edge.row.name, edge.dest or edge.source)
        for here in shop.dispatch.values()
        for edges in here.values()
        for edge in edges
        if not edge.row.core
    }
    assert driven == edges


def test_the_machine_is_a_stock_machine_without_models_or_automatic_transitions():
    machine = shop.machine
    assert isinstance(machine, transitions.Machine)
    assert machine.models == []
    assert not any(name.startswith("to_") for name in machine.events)
    assert set(machine.states) == set(shop.positions)
    assert {name for name, state in machine.states.items() if state.final} == shop.ends
    assert machine.initial == shop.start


def test_the_dispatch_is_read_out_of_the_machine():
    read = {
        (source, name, edge)
        for name, event in shop.machine.events.items()
        for source, edges in event.transitions.items()
        for edge in edges
    }
    held = {
        (source, name, edge)
        for source, here in shop.dispatch.items()
        for name, edges in here.items()
        for edge in edges
    }
    assert read == held


def test_any_open_leads_from_every_open_position_on_hold_or_not():
    sources = {p for p in shop.positions if shop.edges("abandon", p)}
    assert sources == set(shop.positions) - shop.ends


def test_a_stage_as_a_source_stands_for_all_its_substages():
    sources = {p for p in shop.positions if shop.edges("requote", p)}
    assert sources == {"repair.waiting", "repair.bench", "ready"}


def test_hold_is_a_sibling_position_and_resuming_returns_to_it():
    assert [edge.dest for edge in shop.edges("hold", "repair.bench")] == ["repair.bench:hold"]
    assert [edge.dest for edge in shop.edges("resume", "repair.bench:hold")] == ["repair.bench"]
    assert shop.edges("hold", "ready") == ()


def test_back_leads_to_the_position_before_the_last_move_hold_apart():
    back = next(t for t in shop.transitions if t.name == "reopen")
    assert [to.stage for to in back.to] == [BACK]
    case = case_at("abandoned", "repair.bench:hold", NEEDS_NONE)
    assert our_target(case, "reopen", None) == "repair.bench"


def test_corrections_voids_and_exceptions_can_be_made_everywhere():
    for position in shop.positions:
        for name in ("correct", "void", "make-exception"):
            (edge,) = shop.edges(name, position)
            assert edge.dest is None
