"""A snapshot of another state class, or of one with other fields, is folded anew."""

from typing import Any

import attrs

from caseflow import Casebook, Stage, Transition, Workflow, fact
from caseflow.storage import MemoryStorage


@fact("rung")
class Rung:
    """The bell rang."""


def book_of(store, state):
    bells = Workflow(
        "bells",
        version="1",
        stages=[Stage("up", initial=True), Stage("down", final=True)],
        transitions=[Transition("take-down", source="up", to="down")],
        events=[Rung],
        state=state,
    )
    return Casebook(bells, store, snapshot_every=2)


def before() -> Any:
    @attrs.frozen
    class Bells:
        rings: int = 0

        def fold(self, recorded, /):
            return attrs.evolve(self, rings=self.rings + isinstance(recorded.event, Rung))

    return Bells


def after() -> Any:
    @attrs.frozen
    class Bells:
        rings: int = 0
        events: int = 0

        def fold(self, recorded, /):
            rings = self.rings + isinstance(recorded.event, Rung)
            return attrs.evolve(self, rings=rings, events=self.events + 1)

    return Bells


def test_a_state_with_a_new_field_is_folded_from_the_start():
    store = MemoryStorage()
    old, new = before(), after()
    old.__qualname__ = new.__qualname__ = "Bells"
    book = book_of(store, old)
    book.open(client="c", case_id="1", by="ana")
    book.record("1", Rung(), Rung(), by="ana")
    assert store.snapshot("agency", "1") is not None
    assert book_of(store, old).case("1").state.rings == 2
    assert book_of(store, new).case("1").state.events == 3
