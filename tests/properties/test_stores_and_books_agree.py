"""The same script, the same answers: memory and file, waiting and awaiting, cached and fresh.

A script is a drawn history, carried out again step by step through a casebook: its steps,
actors, moments and reasons, by a clock that stands at the moment each was recorded.
"""

import asyncio
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import Actor, AsyncCasebook, Casebook, CaseOpened, Entry, Moved, fold
from caseflow.kernel.stored import hash_of
from caseflow.stages import six_stage
from caseflow.storage import MemoryStorage, SQLStorage, StoredEvent
from caseflow.testing import Clock, histories
from caseflow.testing.casework import PAYLOADS
from tests.support.owing import owing, told_of_what_is_due
from tests.support.trades import shop
from tests.testing.drawing import drawn

SCRIPTS = st.one_of(
    st.tuples(st.just(six_stage), histories(six_stage, payloads=PAYLOADS)),
    st.tuples(st.just(shop), histories(shop)),
    st.tuples(st.just(owing), histories(owing, payloads=PAYLOADS)),
)


def steps_of(history):
    """Each step of a history as the arguments of `do`, with the moment to set the clock to."""
    for written in history:
        step = written.transition if isinstance(written.event, Moved) else written.event
        entry = Entry(step, at=written.occurred_at, reason=written.reason_code or written.reason)
        yield entry, Actor(written.actor, written.roles), written.recorded_at


def carried_out(book, clock, history):
    """The answers of a casebook to a script, as data."""
    answers = []
    for entry, by, now in steps_of(history):
        clock.now = now
        if isinstance(entry.step, CaseOpened):
            client = entry.step.client
            outcome = book.open(client=client, by=by, case_id="case-1", at=entry.at)
        else:
            answers.append(book.ask("case-1", entry, by=by).to_data())
            outcome = book.do("case-1", entry, by=by)
        answers.append((outcome.events, outcome.verdict.to_data(), outcome.case))
        answers.append([(o.name, o.open, o.target) for o in book.options("case-1", by=by)])
    return [*answers, book.history("case-1"), *told_of_what_is_due(book, "case-1", clock.now)]


@settings(max_examples=40)
@given(script=SCRIPTS)
def test_a_script_gives_its_history_again(script):
    workflow, history = script
    clock = Clock()
    book = Casebook(workflow, MemoryStorage(), clock=clock)
    carried_out(book, clock, history)
    assert book.history("case-1") == history
    assert book.case("case-1") == fold(history, workflow.state())


@settings(max_examples=25)
@given(script=SCRIPTS, recent=st.sampled_from([0, 256]), every=st.sampled_from([0, 1, 3]))
def test_memory_and_file_give_the_same_answers(script, recent, every):
    workflow, history = script
    in_memory, on_file = Clock(), Clock()
    told = carried_out(Casebook(workflow, MemoryStorage(), clock=in_memory), in_memory, history)
    with TemporaryDirectory() as folder:
        store = SQLStorage(f"sqlite:///{Path(folder, 'cases.db')}")
        book = Casebook(workflow, store, clock=on_file, recent=recent, snapshot_every=every)
        try:
            assert carried_out(book, on_file, history) == told
        finally:
            store.close()


def test_memory_and_postgresql_give_the_same_answers(postgres_url):
    store = SQLStorage(postgres_url)
    agencies = count()

    @settings(max_examples=15)
    @given(script=SCRIPTS, recent=st.sampled_from([0, 256]), every=st.sampled_from([0, 1, 3]))
    def agree(script, recent, every):
        workflow, history = script
        agency = f"agency-{next(agencies)}"  # an empty store each time
        told = []
        for kept in (MemoryStorage(), store):
            clock = Clock()
            options = {"recent": recent, "snapshot_every": every}
            book = Casebook(workflow, kept, agency=agency, clock=clock, **options)
            told.append(carried_out(book, clock, history))
        assert told[0] == told[1]

    agree()
    store.close()


class Awaited:
    """An async casebook with the face of the other, so that both carry out one script."""

    def __init__(self, book):
        self.book = book

    def __getattr__(self, name):
        verb = getattr(self.book, name)
        return lambda *args, **given: self.loop.run_until_complete(verb(*args, **given))

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        return self

    def __exit__(self, *_):
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


@settings(max_examples=12)
@given(script=SCRIPTS)
def test_waiting_and_awaiting_give_the_same_answers(script):
    workflow, history = script
    waiting, awaiting = Clock(), Clock()
    told = carried_out(Casebook(workflow, MemoryStorage(), clock=waiting), waiting, history)
    with Awaited(AsyncCasebook(workflow, MemoryStorage(), clock=awaiting)) as book:
        assert carried_out(book, awaiting, history) == told


class KeepsNoReason(MemoryStorage):
    """A fault: events are kept without the reason that was given, and chained anew."""

    def append(self, unit, /):
        rows, previous = [], unit.events[0].previous_hash
        for row in unit.events:
            columns = row._replace(reason=None, reason_code=None, previous_hash=previous)[:-1]
            previous = hash_of(columns)
            rows.append(StoredEvent(*columns, hash=previous))
        return super().append(unit._replace(events=tuple(rows)))


def test_a_store_that_answers_otherwise_is_seen():
    history = drawn(histories(shop, taking="abandon", steps=0), examples=1)[0]
    good, bad = Clock(), Clock()
    told = carried_out(Casebook(shop, MemoryStorage(), clock=good), good, history)
    assert carried_out(Casebook(shop, KeepsNoReason(), clock=bad), bad, history) != told
