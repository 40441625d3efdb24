"""Many writers at once: threads on one store, threads with a store each, and processes."""

# ruff: noqa: D103 - a test says by its name what must hold

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import count as count_from

from caseflow.storage.port import Appended, Head, Storage
from caseflow.testing.contract.checks import ContractBroken, holds, needs, same
from caseflow.testing.contract.rows import NORTH, listing, opening, row, unit
from caseflow.testing.contract.stores import Meet, Stores

ROUNDS = 8
THREADS, PROCESSES = 6, 3
EVENTS = 40
ENOUGH = 1000
"""So often in a row nobody comes late who only has to decide again."""

# -- opening ---------------------------------------------------------------------------------


def _open_a_case(store: Storage, number: int, meet: Meet) -> Appended:
    return store.append(opening(f"R-{number}"))


def _all_opened(store: Storage, answers: Sequence[Appended]) -> None:
    same("what became of their cases", list(answers), [Appended.DONE] * len(answers))
    for number in range(len(answers)):
        same(f"the case of {number}", store.head(NORTH, f"R-{number}"), Head(1, "hash-1"))


@needs("processes")
def test_many_stores_can_be_opened_at_once_where_nothing_is_yet(stores: Stores) -> None:
    answers = stores.in_threads(_open_a_case, THREADS, apart=True)
    _all_opened(stores.store, answers)


@needs("processes")
def test_many_processes_can_open_a_store_at_once_where_nothing_is_yet(stores: Stores) -> None:
    answers = stores.in_processes(_open_a_case, PROCESSES)
    _all_opened(stores.store, answers)


# -- at one version --------------------------------------------------------------------------


def _write_each_round(store: Storage, number: int, meet: Meet) -> list[Appended]:
    answers = []
    for version in range(1, ROUNDS + 1):
        meet()
        answers.append(store.append(unit(version, row(version + 1, payload=f"{number}"))))
    return answers


def _one_won_each_round(store: Storage, answers: Sequence[Sequence[Appended]]) -> None:
    rows = list(store.read(NORTH, "R-1"))
    same("the numbers", [one.number for one in rows], list(range(1, ROUNDS + 2)))
    for version, outcomes in enumerate(zip(*answers, strict=True), 1):
        others = [Appended.CONFLICT] * (len(answers) - 1)
        wanted = Counter([Appended.DONE, *others])
        same(f"what became of those at version {version}", Counter(outcomes), wanted)
        winner = outcomes.index(Appended.DONE)
        same(f"who wrote event {version + 1}", rows[version].payload, f"{winner}")


def test_of_many_threads_at_one_version_exactly_one_wins_each_round(stores: Stores) -> None:
    stores.store.append(unit(0))
    _one_won_each_round(stores.store, stores.in_threads(_write_each_round, THREADS))


@needs("processes")
def test_of_many_stores_at_one_version_exactly_one_wins_each_round(stores: Stores) -> None:
    stores.store.append(unit(0))
    _one_won_each_round(stores.store, stores.in_threads(_write_each_round, THREADS, apart=True))


@needs("processes")
def test_of_many_processes_at_one_version_exactly_one_wins_each_round(stores: Stores) -> None:
    stores.store.append(unit(0))
    _one_won_each_round(stores.store, stores.in_processes(_write_each_round, PROCESSES))


def _open_each_round(store: Storage, number: int, meet: Meet) -> list[Appended]:
    answers = []
    for turn in range(ROUNDS):
        meet()
        mine = row(1, case_id=f"R-{turn}", payload=f"{number}")
        answers.append(store.append(unit(0, mine)))
    return answers


def test_of_many_threads_that_open_one_case_exactly_one_wins(stores: Stores) -> None:
    answers = stores.in_threads(_open_each_round, THREADS)
    for turn, outcomes in enumerate(zip(*answers, strict=True)):
        same(f"how many opened case {turn}", outcomes.count(Appended.DONE), 1)
        same(f"how many did not open case {turn}", outcomes.count(Appended.CONFLICT), THREADS - 1)
        winner = outcomes.index(Appended.DONE)
        wrote = [one.payload for one in stores.store.read(NORTH, f"R-{turn}")]
        same(f"who wrote the events of case {turn}", wrote, [f"{winner}"])


# -- one command -----------------------------------------------------------------------------


def _send_each_round(store: Storage, number: int, meet: Meet) -> list[Appended]:
    answers = []
    for turn in range(ROUNDS):
        meet()
        case_id = f"R-{turn}-{number}"
        answers.append(store.append(opening(case_id, command_id=f"command-{turn}")))
    return answers


def _each_took_effect_once(store: Storage, answers: Sequence[Sequence[Appended]]) -> None:
    for turn, outcomes in enumerate(zip(*answers, strict=True)):
        others = [Appended.DUPLICATE] * (len(answers) - 1)
        wanted = Counter([Appended.DONE, *others])
        same(f"what became of command {turn}", Counter(outcomes), wanted)
        wrote = [one.case_id for one in store.command(NORTH, f"command-{turn}")]
        same(f"what command {turn} wrote", wrote, [f"R-{turn}-{outcomes.index(Appended.DONE)}"])
        opened = [
            number for number in range(len(answers)) if store.head(NORTH, f"R-{turn}-{number}")
        ]
        same(f"which cases command {turn} opened", opened, [outcomes.index(Appended.DONE)])


@needs("commands")
def test_a_command_sent_by_many_threads_on_many_cases_takes_effect_once(stores: Stores) -> None:
    _each_took_effect_once(stores.store, stores.in_threads(_send_each_round, THREADS))


@needs("processes", "commands")
def test_a_command_sent_by_many_processes_takes_effect_once(stores: Stores) -> None:
    stores.open()
    answers = stores.in_processes(_send_each_round, PROCESSES)
    _each_took_effect_once(stores.store, answers)


# -- counts ----------------------------------------------------------------------------------


def _take_places(store: Storage, number: int, meet: Meet, *, lead: str, cap: int) -> int:
    """Open cases under a lead, as long as it has fewer than it may have; how many there were."""
    taken = 0
    for turn in range(ROUNDS):
        count = store.count(NORTH, "lead", lead)
        meet()  # all have counted before anyone writes
        for _ in range(ENOUGH):
            if count.cases >= cap:
                break
            held = listing(keys=[("lead", lead)])
            case = opening(f"{lead}-{number}-{turn}", listing=held, counts=(count,))
            answer = store.append(case)
            if answer is Appended.DONE:
                taken += 1
                break
            same("what becomes of one who came late", answer, Appended.CONFLICT)
            count = store.count(NORTH, "lead", lead)
        else:
            raise ContractBroken(f"a unit that leans on a count met {ENOUGH} conflicts in a row")
    return taken


def _the_cap_holds(store: Storage, taken: Sequence[int], *, lead: str, cap: int) -> None:
    same("how many were let in", sum(taken), cap)
    same("how many there are", store.count(NORTH, "lead", lead).cases, cap)


@needs("counts")
def test_no_cap_is_exceeded_by_threads_that_lean_on_the_count(stores: Stores) -> None:
    for lead, cap in (("mo", 1), ("bo", 7), ("jo", 30)):
        taken = stores.in_threads(partial(_take_places, lead=lead, cap=cap), THREADS)
        _the_cap_holds(stores.store, taken, lead=lead, cap=cap)


@needs("counts", "processes")
def test_no_cap_is_exceeded_by_processes_that_lean_on_the_count(stores: Stores) -> None:
    stores.open()
    taken = stores.in_processes(partial(_take_places, lead="mo", cap=5), PROCESSES)
    _the_cap_holds(stores.store, taken, lead="mo", cap=5)


def _enter_unless_the_other_did(store: Storage, number: int, meet: Meet) -> list[Appended]:
    """Two who each lean on what the other would change, and may not both come in."""
    answers = []
    for turn in range(ROUNDS):
        mine, others = (f"{turn}", f"{number}"), (f"{turn}", f"{1 - number}")
        count = store.count(NORTH, *others)
        meet()
        case = opening(f"R-{number}-{turn}", listing=listing(keys=[mine]), counts=(count,))
        answers.append(store.append(case))
    return answers


@needs("counts")
def test_of_two_who_each_lean_on_what_the_other_changes_one_is_told(stores: Stores) -> None:
    answers = stores.in_threads(_enter_unless_the_other_did, 2)
    for turn, outcomes in enumerate(zip(*answers, strict=True)):
        same(f"how many came in in round {turn}", outcomes.count(Appended.DONE), 1)


def _lean_both_ways(store: Storage, number: int, meet: Meet) -> int:
    """Lean on two counts in one order or the other, and change both."""
    keys = [("a", "1"), ("b", "2")]
    done = 0
    for turn in range(ROUNDS):
        meet()
        for _ in range(ENOUGH):
            counts = [store.count(NORTH, *key) for key in keys]
            ordered = tuple(counts if number % 2 else reversed(counts))
            case = opening(f"R-{number}-{turn}", listing=listing(keys=keys), counts=ordered)
            if store.append(case) is Appended.DONE:
                done += 1
                break
    return done


@needs("counts")
def test_no_two_wait_for_each_other_whatever_the_order_of_their_counts(stores: Stores) -> None:
    done = stores.in_threads(_lean_both_ways, 4)
    same("how many came in", sum(done), 4 * ROUNDS)
    for key in (("a", "1"), ("b", "2")):
        same(f"how many are under {key}", stores.store.count(NORTH, *key).cases, 4 * ROUNDS)


# -- consumers -------------------------------------------------------------------------------


def _consume(store: Storage, number: int, meet: Meet) -> list[int]:
    """Take piece by piece from the feed what nobody has taken: which positions these were."""
    taken: list[int] = []
    for turn in count_from(1):
        found = store.checkpoint(NORTH, "letters")
        entries = store.feed(NORTH, after=found.position, limit=3)
        if not entries:
            return taken
        if turn <= ROUNDS:
            meet()  # all have read before anyone moves the checkpoint
        last = entries[-1].position
        if store.advance(NORTH, "letters", expected=found, position=last):
            taken += [entry.position for entry in entries]
        if turn <= ROUNDS:
            meet()
    return taken


@needs("feed")
def test_of_many_consumers_at_one_checkpoint_exactly_one_moves_it(stores: Stores) -> None:
    for number in range(EVENTS):
        stores.store.append(opening(f"R-{number}"))
    same("the feed", len(stores.store.feed(NORTH, limit=100)), EVENTS)
    taken = stores.in_threads(_consume, 4)
    positions = sorted(position for one in taken for position in one)
    same("the positions that were taken", positions, list(range(1, EVENTS + 1)))
    holds(
        "the checkpoint is at the end", stores.store.checkpoint(NORTH, "letters").position == EVENTS
    )
