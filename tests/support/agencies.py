"""Two agencies on one store, with the same ids in both, and every verb of a casebook.

`VERBS` has an entry for each public verb, waiting or awaiting: what it does with one of a few
choices. A text of each agency's own stands in all that it writes, so that nothing of it can be
in an answer to the other.
"""

from __future__ import annotations

import asyncio
import inspect
import io
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import attrs
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from caseflow import (
    Actor,
    AsyncCasebook,
    Casebook,
    CaseflowError,
    Corrected,
    Entry,
    ExceptionMade,
    Index,
    Retention,
    Voided,
)
from caseflow.casework import (
    ContactAttempted,
    EligibilityDetermined,
    Enrolled,
    LeadCaseManagerAssigned,
    NeedIdentified,
)
from caseflow.rules import caseload_cap
from caseflow.stages import six_stage
from caseflow.storage import AsyncSQLStorage, MemoryKeyStore, MemoryStorage, SubjectCipher
from tests.support.raw import execute
from tests.support.trades import HOUR, Clock

CASES = ("C-1", "C-2", "C-3")
CLIENTS = ("P-1", "P-2")
CONSUMERS = ("mail", "ledger")

_cap = caseload_cap(2)
apart = six_stage.extend(
    "apart",
    version="1",
    rules={"assign-lead-case-manager": [_cap], "reopen": [_cap]},
    strengths={"closure-criteria-set": lambda rule: rule.due(within=timedelta(days=14))},
    indexes=[Index("person", of=lambda case: case.client, personal=True)],
)
"""The six stages, with a cap, something that is due, and an index on something personal."""


@attrs.define
class Desk:
    """The book of one agency, its clock, what its subscriber was told, and files of other cases.

    One is to be imported, and one to mend by.
    """

    agency: str
    store: Any
    book: Any
    clock: Clock
    told: list[Any]
    file: bytes
    packet: bytes
    settle: Callable[[Any], Any]

    def by(self) -> Actor:
        """Who acts: a supervisor of this agency."""
        return Actor(f"ana of {self.agency}", ["supervisor"])

    def now(self, verb: str, *args: Any, **given: Any) -> Any:
        """Do with a verb of the book; awaited, and read to its end, where it has to be."""
        return self.settle(getattr(self.book, verb)(*args, **given))

    def act(self, verb: str, pick: int) -> Any:
        """Do one thing with a verb, some time later."""
        self.clock.pass_(HOUR)
        return self.tried(verb, pick)

    def tried(self, verb: str, pick: int) -> Any:
        """Do one thing with a verb; a refusal is an answer as well."""
        try:
            return self.settle(VERBS[verb](self, pick))
        except CaseflowError as refused:
            return refused


def settled(runner: asyncio.Runner) -> Callable[[Any], Any]:
    """What makes an answer of what a verb returns."""

    async def gathered(answer: Any) -> Any:
        return [one async for one in answer] if hasattr(answer, "__aiter__") else await answer

    def settle(answer: Any) -> Any:
        if inspect.isawaitable(answer) or hasattr(answer, "__aiter__"):
            return runner.run(gathered(answer))
        return list(answer) if isinstance(answer, Iterator) else answer

    return settle


def desks(
    store: Any,
    kind: type[Casebook[Any] | AsyncCasebook[Any]],
    agencies: Iterable[str],
    runner: asyncio.Runner,
    *,
    sealed: bool = True,
) -> tuple[Desk, ...]:
    """A desk for each agency, on one store, and one of keys where personal fields are sealed."""
    cipher, settle = SubjectCipher(MemoryKeyStore()) if sealed else None, settled(runner)
    return tuple(_desk(store, kind, agency, cipher, settle) for agency in agencies)


def _desk(store: Any, kind: Any, agency: str, cipher: Any, settle: Any) -> Desk:
    clock, told = Clock(), []  # type: ignore[var-annotated]  # of whatever is told
    given = {"agency": agency, "cipher": cipher, "clock": clock, "retention": Retention()}
    there = Casebook(apart, MemoryStorage(), **given)
    there.open(client="P-1", case_id="C-9", by=agency)
    export, packet = io.BytesIO(), io.BytesIO()
    there.export(export)
    there.open(client="P-2", case_id="C-8", by=agency, command_id="open-8")
    there.packet("C-8", packet)
    book = kind(apart, store, snapshot_every=4, **given)
    book.subscribe(told.append)
    files = export.getvalue(), packet.getvalue()
    return Desk(agency, store, book, clock, told, *files, settle)


# -- what each verb does -----------------------------------------------------------------------


def _steps(desk: Desk, pick: int) -> tuple[Any, ...]:
    """Steps that write to every table, and amend."""
    last = LeadCaseManagerAssigned(case_manager="kim")
    return (
        (LeadCaseManagerAssigned(case_manager="mo"),),
        (Entry("end-with-program", reason=f"closed in {desk.agency}"),),
        (Entry("reopen", reason=f"came back to {desk.agency}"),),
        (EligibilityDetermined(eligible=True), Enrolled(program=f"housing {desk.agency}")),
        (Voided(number=2),),
        (Corrected(number=2, event=last),),
        (ExceptionMade(rule="caseload-cap", reason=f"for {desk.agency}"), last),
    )[pick % 7]


def _case_of(pick: int) -> str:
    return CASES[pick % len(CASES)]


def _worked_on(pick: int) -> str:
    """The first case is assigned, ended and reopened; the others have what is left."""
    return _case_of(0 if pick < 3 else pick)


def _facts(desk: Desk, pick: int) -> tuple[Any, ...]:
    need = NeedIdentified(number=pick + 1, description=f"rent in arrears, {desk.agency}")
    return need, Entry(ContactAttempted(note=f"a child, {desk.agency}"), subject="child-1")


def _open(desk: Desk, pick: int) -> Any:
    client = CLIENTS[pick % len(CLIENTS)]
    given = {"case_id": _case_of(pick), "command_id": f"open-{pick % 4}"}
    return desk.book.open(client=client, by=desk.by(), **given)


def _consumed(desk: Desk, pick: int) -> Any:
    return desk.book.consume(CONSUMERS[pick % 2], lambda event: None, limit=1 + pick)


def _followed(desk: Desk, pick: int) -> Any:
    stop: Any = asyncio.Event() if isinstance(desk.book, AsyncCasebook) else threading.Event()
    if not desk.now("consume", CONSUMERS[pick % 2], lambda event: None, limit=1):
        stop.set()  # it would wait for something to come
    return desk.book.follow(CONSUMERS[pick % 2], lambda event: stop.set(), stop=stop, poll=0)


def _within(desk: Desk, pick: int) -> Any:
    """A fact in a transaction of the application's, and what was written is told."""
    facts, where = _facts(desk, pick), _case_of(pick)
    store = desk.store
    if isinstance(store, AsyncSQLStorage):

        async def joined() -> None:
            async with AsyncSession(store.engine) as session:
                book = desk.book.within(session)
                with suppress(CaseflowError):
                    await book.record(where, *facts, by=desk.by())
                await session.commit()
                await book.publish()

        return joined()
    if isinstance(desk.book, AsyncCasebook) or isinstance(store, MemoryStorage):
        return desk.book.within(None)
    with Session(store.engine) as session:
        book = desk.book.within(session)
        with suppress(CaseflowError):
            book.record(where, *facts, by=desk.by())
        session.commit()
        book.publish()
    return None


VERBS: dict[str, Callable[[Desk, int], Any]] = {
    "open": _open,
    "record": lambda desk, pick: desk.book.record(
        _case_of(pick), *_facts(desk, pick), by=desk.by(), command_id=f"record-{pick}"
    ),
    "do": lambda desk, pick: desk.book.do(
        _case_of(0 if pick < 3 else pick),
        *_steps(desk, pick),
        by=desk.by(),
        command_id=f"do-{pick}",
    ),
    "ask": lambda desk, pick: desk.book.ask(_worked_on(pick), *_steps(desk, pick), by=desk.by()),
    "options": lambda desk, pick: desk.book.options(_case_of(pick), by=desk.by()),
    "owed": lambda desk, pick: desk.book.owed(_case_of(pick)),
    "obligations": lambda desk, pick: desk.book.obligations(_case_of(pick)),
    "occasions": lambda desk, pick: desk.book.occasions(_case_of(pick)),
    "history": lambda desk, pick: desk.book.history(_case_of(pick)),
    "case": lambda desk, pick: desk.book.case(_case_of(pick)),
    "case_ids": lambda desk, pick: desk.book.case_ids(),
    "find": lambda desk, pick: desk.book.find(where={"lead": "mo"}, limit=1),
    "every": lambda desk, pick: desk.book.every(client=CLIENTS[pick % 2], page=1),
    "tally": lambda desk, pick: desk.book.tally("lead"),
    "feed": lambda desk, pick: desk.book.feed(after=pick, page=2),
    "consume": _consumed,
    "follow": _followed,
    "consumers": lambda desk, pick: desk.book.consumers(),
    "begin_consumer": lambda desk, pick: desk.book.begin_consumer(f"new-{pick}"),
    "reset_consumer": lambda desk, pick: desk.book.reset_consumer(CONSUMERS[pick % 2], to=pick),
    "delete_consumer": lambda desk, pick: desk.book.delete_consumer(CONSUMERS[pick % 2]),
    "within": _within,
    "publish": lambda desk, pick: desk.book.publish(),
    "subscribe": lambda desk, pick: desk.book.subscribe(desk.told.append)(),
    "verify": lambda desk, pick: desk.book.verify(_case_of(pick)),
    "verify_all": lambda desk, pick: desk.book.verify_all(),
    "attest": lambda desk, pick: desk.book.attest(io.BytesIO()),
    "export": lambda desk, pick: desk.book.export(io.BytesIO()),
    "packet": lambda desk, pick: desk.book.packet(_case_of(pick), io.BytesIO()),
    "import_from": lambda desk, pick: desk.book.import_from(io.BytesIO(desk.file)),
    "mend": lambda desk, pick: desk.book.mend("C-8", io.BytesIO(desk.packet)),
    "reindex": lambda desk, pick: desk.book.reindex(),
    "erase": lambda desk, pick: desk.book.erase(
        (*CLIENTS, "child-1")[pick % 3], by=desk.by(), reason="asked"
    ),
    "may_erase": lambda desk, pick: desk.book.may_erase(CLIENTS[pick % 2]),
    "begin_again": lambda desk, pick: desk.book.begin_again((*CLIENTS, "child-1")[pick % 3]),
}


# -- what an agency sees, and what is kept of it ------------------------------------------------


def answers(desk: Desk) -> str:
    """Every answer of an agency's book, as text."""
    told: list[Any] = [*desk.told]
    told += [desk.now(verb) for verb in ("case_ids", "feed", "consumers", "verify_all")]
    told += [sorted(desk.now("tally", index).items()) for index in ("lead", "person")]
    soon = desk.clock.now + timedelta(days=30)
    searches: list[dict[str, Any]] = [{}, {"ended": True}, {"stage": "closed"}, {"due_by": soon}]
    searches += [{"client": one} for one in CLIENTS]
    searches += [{"subject": one} for one in (*CLIENTS, "child-1")]
    searches += [{"where": {"lead": one}} for one in ("mo", "kim")]
    searches += [{"where": {"person": one}} for one in CLIENTS]
    told += [desk.now("find", limit=2, **wanted) for wanted in searches]
    told += [desk.tried("may_erase", pick) for pick in range(2)]
    for verb in ("attest", "export"):
        file = io.BytesIO()
        told += [desk.now(verb, file), file.getvalue()]
    for case_id in desk.now("case_ids"):
        verbs = ("history", "owed", "obligations", "occasions", "verify")
        told += [desk.now(verb, case_id) for verb in verbs]
        told.append(tuple(desk.now("case", case_id)))
        told.append(desk.now("options", case_id, by=desk.by()))
    told += [desk.tried("ask", pick) for pick in range(7)]
    return repr(told)


def rows(store: Any, agency: str) -> str:
    """Everything that a store (one that need not be awaited) keeps of an agency, byte for byte."""
    if isinstance(store, MemoryStorage):
        return repr(attrs.asdict(store._of(agency), recurse=False))
    kept = []
    for table in store.tables.every:
        if "agency" in table.c:
            given = execute(
                store, f"SELECT * FROM {table.name} WHERE agency = ?", (agency,)
            )  # the names of our own tables
            kept.append((table.name, sorted(map(repr, given))))
    return repr(kept)


def public_verbs(kind: type) -> set[str]:
    """The public verbs of a kind of casebook."""
    return {
        name for name in dir(kind) if not name.startswith("_") and callable(getattr(kind, name))
    }
