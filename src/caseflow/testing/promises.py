"""The promises of caseflow, as checks that raise `PromiseBroken` with what was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import orjson

from caseflow.kernel.case import Case
from caseflow.kernel.codec import Codec
from caseflow.kernel.errors import CaseflowError, ChainBroken
from caseflow.kernel.events import event_type
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.stored import StoredEvent, verify_chain
from caseflow.kernel.verdict import Verdict
from caseflow.testing.naive import retold
from caseflow.workflow.options import Option
from caseflow.workflow.workflow import Workflow

PROMISES: Mapping[int, str] = {
    1: "No stage changes without an event; the case equals an independent fold of its history",
    2: "A transition is offered as open if and only if doing it succeeds; asking tells as much",
    3: "Every unmet rule is reported, and never only the first",
    4: "Of several writers at one version one wins; versions are contiguous",
    5: "What was acknowledged is kept, and kept as it was",
    7: "The same command takes effect once, and gives the same outcome again",
    8: "A history that was written loads again, with nothing lost",
    14: "A change, swap or insertion inside a history is found by its chain",
    15: "A fact is never refused",
}
"""The promises that are checked here, by their numbers in docs/promises.md."""


class PromiseBroken(AssertionError):
    """A promise of caseflow does not hold for a workflow or a store.

    `promise` is its number, `seen` what was seen in its place.
    """

    def __init__(self, promise: int, seen: str) -> None:
        self.promise = promise
        self.seen = seen
        super().__init__(f"Promise {promise} is broken. {PROMISES[promise]}. Seen: {seen}")


def keep(promise: int, holds: bool, seen: str) -> None:
    """Raise `PromiseBroken` unless it holds."""
    if not holds:
        raise PromiseBroken(promise, seen)


def check_history(history: Sequence[AnyRecorded], acknowledged: Sequence[AnyRecorded]) -> None:
    """The history holds what was acknowledged, in order, and its moments of recording rise."""
    numbers = [entry.number for entry in history]
    keep(4, numbers == list(range(1, len(history) + 1)), f"events numbered {numbers}")
    recorded = [entry.recorded_at for entry in history]
    for number, (before, after) in enumerate(pairwise(recorded), start=2):
        if before > after:
            seen = f"event {number} recorded at {after}, event {number - 1} at {before}"
            raise PromiseBroken(4, seen)
    for entry, told in zip(history, acknowledged, strict=False):
        if entry != told:
            raise PromiseBroken(5, f"acknowledged {told!r}, and kept {entry!r}")
    seen = f"{len(acknowledged)} events acknowledged, {len(history)} kept"
    keep(5, len(history) == len(acknowledged), seen)


def check_case(
    case: Case[Any], history: Sequence[AnyRecorded], *, workflow: Workflow[Any], by: str
) -> None:
    """The case says what its history tells, and stands in a position of the workflow."""
    differences = retold(history, state=workflow.state()).differences(case)
    keep(1, not differences, f"{by}: {'; '.join(differences)}")
    seen = f"{by}: position {case.position!r}, not one of {list(workflow.positions)}"
    keep(1, case.position in workflow.positions, seen)


def check_rows(rows: Sequence[StoredEvent], *, codec: Codec, since: int, end: str) -> None:
    """The stored rows hold together and end where the store says; the new ones read back."""
    try:
        last = verify_chain(rows)
    except ChainBroken as broken:
        raise PromiseBroken(14, str(broken)) from broken
    keep(14, last == end, f"the chain ends in {last}, and the store says {end}")
    for row in rows[since:]:
        try:
            again = codec.encode(codec.decode(row), row.previous_hash)
        except CaseflowError as error:
            raise PromiseBroken(8, str(error)) from error
        if again != row:
            raise PromiseBroken(8, f"stored {row!r}, and it reads back as {again!r}")


def check_answers(workflow: Workflow[Any], verdict: Verdict) -> None:
    """Every rule of each step that was judged has answered, and the verdict can be told."""
    facts = {event_type(cls).name for cls in workflow.facts}
    for judged in verdict.judgements:
        if judged.step in facts:
            keep(15, judged.allowed, f"{judged.context.proposed!r} refused: {verdict}")
        answered = {result.rule for result in judged.results}
        if answered & {"role", "position"}:
            continue
        edges = workflow.edges(judged.step, judged.position)
        asked = {rule.id for rule in edges[0].row.rules} if edges else set()
        seen = f"{judged.step}: no answer of {sorted(asked - answered)}"
        keep(3, asked <= answered, seen)
        refusing = [result.rule for result in judged.results if result.refuses]
        seen = f"{judged.step}: allowed={judged.allowed}, refused by {refusing}"
        keep(2, judged.allowed == (not refusing), seen)
    verdict.explain()
    orjson.dumps(verdict.to_data())


def check_same(asked: Verdict, done: Verdict) -> None:
    """Asking told what doing did."""
    keep(2, asked.to_data() == done.to_data(), f"asked: {asked}\n\ndone: {done}")


def check_option(option: Option, verdict: Verdict) -> None:
    """An option is open if and only if doing it, with the input that it needs, is allowed."""
    judged = verdict.judgements[0]
    refusing = {result.rule for result in judged.results if result.refuses}
    blocking = {result.rule for result in option.blocked_by}
    waiting = {r.rule for r in option.judgement.results if r.outcome == "needs-input"}
    seen = (
        f"{option.name} is {'open' if option.open else 'blocked'}, blocked by {sorted(blocking)}, "
        f"waiting in {sorted(waiting)}; doing it is refused by {sorted(refusing)}"
    )
    keep(2, option.open == (not blocking), seen)
    keep(2, blocking <= refusing, seen)
    keep(2, refusing <= blocking | waiting, seen)
    waits = bool(option.needs or option.reasons or option.reason_required)
    goes = f"{option.name} leads to {option.target!r}; doing it leads to {judged.target!r}"
    keep(2, waits or bool(refusing) or option.target == judged.target, goes)
