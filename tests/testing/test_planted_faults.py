"""A kit that lies is worse than none: each planted fault makes the machine raise.

The faults are planted below the machine, in the engine or in the store. Each names the
promises one of which it breaks; that the machine passes without a fault is in
`test_lifecycle.py`.
"""

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from caseflow import Casebook, CaseflowError, CaseOpened, Refused, Result, fold
from caseflow.casebook import deciding, loading
from caseflow.storage import MemoryStorage
from caseflow.storage.port import Appended
from caseflow.testing import PromiseBroken, lifecycle, retold
from caseflow.workflow import decide
from tests.support.trades import EVENTS, START, Paid, entry, shop

QUICKLY = settings(
    # Many more than it takes: what Hypothesis draws depends on which modules are loaded, since
    # it tries their constants, and a run ends with the first example that shows the fault.
    max_examples=600,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # the fault is to be found; its smallest example is not needed
    report_multiple_bugs=False,
)


def play(store=MemoryStorage):
    run_state_machine_as_test(lifecycle(shop, store), settings=QUICKLY)


# -- faults of the engine --------------------------------------------------------------------


def loses_an_event_from_the_case(monkeypatch):
    real = decide.evolve

    def evolve(case, recorded):
        if type(recorded.event) in EVENTS:
            return case._replace(version=recorded.number, recorded_at=recorded.recorded_at)
        return real(case, recorded)

    monkeypatch.setattr(decide, "evolve", evolve)


def moves_without_an_event(monkeypatch):
    real = decide.evolve

    def evolve(case, recorded):
        after = real(case, recorded)
        return after if recorded.stage else after._replace(position="repair.bench")

    monkeypatch.setattr(decide, "evolve", evolve)


def forgets_the_path_in_snapshots(monkeypatch):
    def from_snapshot(self, *given):
        loaded = yield from real(self, *given)
        return loaded and loaded._replace(case=loaded.case._replace(path=loaded.case.path[-1:]))

    real = loading.Loader._from_snapshot
    monkeypatch.setattr(loading.Loader, "_from_snapshot", from_snapshot)


def asks_more_kindly_than_it_does(monkeypatch):
    def ask(self, case_id, *steps, **given):
        verdict = real(self, case_id, *steps, **given)
        judged = tuple(one._replace(allowed=True) for one in verdict.judgements)
        return type(verdict)(True, judged)

    real = Casebook.ask
    monkeypatch.setattr(Casebook, "ask", ask)


def offers_everything_as_open(monkeypatch):
    def options(self, case_id, **given):
        return tuple(
            option._replace(open=True, judgement=option.judgement._replace(answers=()))
            for option in real(self, case_id, **given)
        )

    real = Casebook.options
    monkeypatch.setattr(Casebook, "options", options)


def offers_what_is_open_as_blocked(monkeypatch):
    def options(self, case_id, **given):
        return tuple(one._replace(open=False) for one in real(self, case_id, **given))

    real = Casebook.options
    monkeypatch.setattr(Casebook, "options", options)


def reports_only_the_first_unmet_rule(monkeypatch):
    def ask(self, case_id, *steps, **given):
        verdict = real(self, case_id, *steps, **given)
        judged = [one._replace(answers=_up_to_the_first(one.answers)) for one in verdict.judgements]
        return type(verdict)(verdict.allowed, tuple(judged))

    real = Casebook.ask
    monkeypatch.setattr(Casebook, "ask", ask)


def _up_to_the_first(answers):
    unmet = [n for n, one in enumerate(answers) if isinstance(one, Result) and one.refuses]
    return answers[: unmet[0] + 1] if unmet else answers


def refuses_a_fact(monkeypatch):
    def record(self, case_id, *facts, **given):
        if self.case(case_id).stage != "quoting":
            return real(self, case_id, *facts, **given)
        verdict = self.ask(case_id, *facts, **given)
        judged = tuple(one._replace(allowed=False) for one in verdict.judgements)
        raise Refused(verdict=type(verdict)(False, judged), unrecorded=facts)

    real = Casebook.record
    monkeypatch.setattr(Casebook, "record", record)


def writes_down_the_moment_of_a_clock_set_back(monkeypatch):
    monkeypatch.setattr(deciding, "max", lambda now, before: now, raising=False)


ENGINE_FAULTS = {
    loses_an_event_from_the_case: {1},
    moves_without_an_event: {1},
    forgets_the_path_in_snapshots: {1},
    asks_more_kindly_than_it_does: {2},
    offers_everything_as_open: {2},
    offers_what_is_open_as_blocked: {2},
    reports_only_the_first_unmet_rule: {3},
    refuses_a_fact: {15},
    writes_down_the_moment_of_a_clock_set_back: {4},
}


@pytest.mark.parametrize(
    ("plant", "promises"), ENGINE_FAULTS.items(), ids=[p.__name__ for p in ENGINE_FAULTS]
)
def test_a_fault_of_the_engine_is_caught(plant, promises, monkeypatch):
    plant(monkeypatch)
    with pytest.raises(PromiseBroken) as raised:
        play()
    assert raised.value.promise in promises


# -- faults of the store ---------------------------------------------------------------------


class AcknowledgesWithoutWriting(MemoryStorage):
    def append(self, unit, /):
        return Appended.DONE if unit.expected == 3 else super().append(unit)


class DropsTheLastOfSeveral(MemoryStorage):
    def append(self, unit, /):
        return super().append(unit._replace(events=unit.events[:1]))


class WritesTwice(MemoryStorage):
    def append(self, unit, /):
        return super().append(unit._replace(events=(*unit.events, unit.events[-1])))


class SwapsTwoEvents(MemoryStorage):
    def read(self, agency, case_id, /, *, after=0, types=None):
        rows = list(super().read(agency, case_id, after=after, types=types))
        return [*rows[:2], *reversed(rows[2:4]), *rows[4:]]


class ChangesWhatWasWritten(MemoryStorage):
    def read(self, agency, case_id, /, *, after=0, types=None):
        rows = super().read(agency, case_id, after=after, types=types)
        return [row._replace(actor="somebody") if row.number == 2 else row for row in rows]


class LosesTheReason(MemoryStorage):
    def append(self, unit, /):
        return super().append(
            unit._replace(events=tuple(row._replace(reason=None) for row in unit.events))
        )


class ForgetsCommands(MemoryStorage):
    def command(self, agency, command_id, /):
        return ()

    def append(self, unit, /):
        return super().append(unit._replace(command_id=None))


class TakesWhatWasDecidedTooLate(MemoryStorage):
    def append(self, unit, /):
        head = self.head(unit.agency, unit.case_id)
        return super().append(unit._replace(expected=head.version if head else 0))


STORES = {
    AcknowledgesWithoutWriting: {5},
    DropsTheLastOfSeveral: {5, 14},
    WritesTwice: {14},
    SwapsTwoEvents: {14},
    ChangesWhatWasWritten: {1, 14},  # 1: a case read back is not what was acknowledged
    LosesTheReason: {1, 14},
    ForgetsCommands: {7},
    TakesWhatWasDecidedTooLate: {4},
}


@pytest.mark.parametrize(("store", "promises"), STORES.items(), ids=[s.__name__ for s in STORES])
def test_a_fault_of_the_store_is_caught(store, promises):
    # Either the engine notices, when it reads the history, or the machine does.
    with pytest.raises((PromiseBroken, CaseflowError)) as raised:
        play(store)
    if isinstance(raised.value, PromiseBroken):
        assert raised.value.promise in promises


# -- the naive fold is no echo of the engine's -----------------------------------------------


def test_the_naive_fold_names_what_differs():
    history = [
        entry(1, CaseOpened(client="customer-1"), transition="open", stage="intake.dropped-off"),
        entry(2, Paid(amount=900)),
    ]
    case = fold(history, shop.state())
    told = retold(history, state=shop.state())
    assert told.differences(case) == ()
    wrong = case._replace(position="ready", recorded_at=START.replace(year=2027))
    named = [words.partition(" ")[0] for words in told.differences(wrong)]
    assert named == ["recorded_at", "position"]
    shorter = fold(history[:1], shop.state())
    assert [words.partition(" ")[0] for words in told.differences(shorter)] == [
        "version",
        "recorded_at",
        "first",
        "latest",
        "count",
        "state",
    ]
