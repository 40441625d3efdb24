"""Facts across cases: a rule counts other cases, and a cap holds whoever decides meanwhile."""

import threading

import pytest

from caseflow import (
    Casebook,
    CaseExists,
    CaseOpened,
    Code,
    DefinitionError,
    Index,
    Refused,
    Stage,
    Transition,
    Unmet,
    Workflow,
    WorkflowInvalid,
    decision,
    fact,
    rule,
)
from caseflow.storage import MemoryStorage
from tests.support.trades import ANA, ROLES, STAY, Clock, shop

MOST = 3


@decision("assigned")
class Assigned:
    mechanic: Code


@fact("moved-desk")
class MovedDesk:
    mechanic: Code


def mechanic_of(case):
    assigned = case.latest(Assigned)
    return assigned.mechanic if assigned else None


@rule("desk-cap", rests_on=Assigned, counts="mechanic", excepted_by="manager")
def desk_cap(case, context):
    """A mechanic has at most three bicycles."""
    others = context.other_cases("mechanic", context.event.mechanic)
    if others + 1 > MOST:
        yield Unmet(found=f"{others} already", remedy="assign somebody else")


@rule("desk-full", counts="mechanic")
def desk_full(case, context):
    """The desk of the mechanic is not full."""
    if context.other_cases("mechanic", context.event.mechanic) >= MOST:
        yield Unmet(found="full")


capped = Workflow(
    "desks",
    version="1",
    stages=[Stage("open", initial=True), Stage("done", final=True)],
    transitions=[
        Transition("assign", source="open", to=STAY, records=Assigned, rules=[desk_cap]),
        Transition("finish", source="open", to="done"),
    ],
    events=[MovedDesk],
    rules={MovedDesk: [desk_full.warns()]},
    indexes=[Index("mechanic", of=mechanic_of)],
)


def desk_book(store, **given):
    numbers = iter(range(1, 1000))
    options = {"clock": Clock(), "roles": ROLES, "new_id": lambda: f"D-{next(numbers)}"}
    return Casebook(capped, store, **{**options, **given})


def opened(book, count):
    return [book.open(client="c", by=ANA).case.id for _ in range(count)]


def test_a_cap_over_other_cases_refuses_and_says_how_many_there_are(any_store):
    book = desk_book(any_store)
    *first, last = opened(book, MOST + 1)
    for case_id in first:
        book.do(case_id, Assigned(mechanic="mo"), by=ANA)
    with pytest.raises(Refused) as refused:
        book.do(last, Assigned(mechanic="mo"), by=ANA)
    assert "Found: 3 already." in str(refused.value)
    assert not book.ask(last, Assigned(mechanic="mo"), by=ANA)
    assert book.ask(last, Assigned(mechanic="bo"), by=ANA)
    assert book.tally("mechanic") == {"mo": 3}


def test_the_case_itself_is_not_counted(any_store):
    book = desk_book(any_store)
    cases = opened(book, MOST)
    for case_id in [*cases, *cases]:
        book.do(case_id, Assigned(mechanic="mo"), by=ANA)


def test_a_case_that_ends_makes_room(any_store):
    book = desk_book(any_store)
    *first, last = opened(book, MOST + 1)
    for case_id in first:
        book.do(case_id, Assigned(mechanic="mo"), by=ANA)
    book.do(first[0], "finish", by=ANA)
    book.do(last, Assigned(mechanic="mo"), by=ANA)
    assert book.tally("mechanic") == {"mo": 3}


def test_options_and_facts_count_too(any_store):
    book = desk_book(any_store)
    *first, last = opened(book, MOST + 1)
    for case_id in first:
        book.do(case_id, Assigned(mechanic="mo"), by=ANA)
    (assign, _) = book.options(last, by=ANA)
    assert (assign.name, assign.open, assign.needs) == ("assign", True, ("mechanic",))
    warned = book.record(last, MovedDesk(mechanic="mo"), by=ANA)
    assert [result.rule for result in warned.verdict.warnings] == ["desk-full"]


def test_a_repeated_command_answers_as_it_did_though_others_came_meanwhile(any_store):
    book = desk_book(any_store)
    cases = opened(book, MOST)
    first = book.do(cases[0], Assigned(mechanic="mo"), by=ANA, command_id="a")
    for case_id in cases[1:]:
        book.do(case_id, Assigned(mechanic="mo"), by=ANA)
    again = book.do(cases[0], Assigned(mechanic="mo"), by=ANA, command_id="a")
    assert again.replayed
    assert (again.events, again.verdict.allowed) == (first.events, True)


def raced(store, *, threads=6):
    """Every thread assigns a case of its own to one mechanic; how many were allowed."""
    taken = len(desk_book(store).case_ids())
    names = iter(range(taken + 1, 1000))
    cases = opened(desk_book(store, new_id=lambda: f"D-{next(names)}"), threads)
    allowed, barrier = [], threading.Barrier(threads)

    def assign(case_id):
        book = desk_book(store)
        barrier.wait()
        try:
            book.do(case_id, Assigned(mechanic="mo"), by=ANA)
        except Refused:
            return
        allowed.append(case_id)

    running = [threading.Thread(target=assign, args=(case_id,)) for case_id in cases]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return len(allowed)


def test_of_many_at_once_no_more_are_allowed_than_the_cap(any_store):
    for _ in range(3):
        assert raced(any_store) == MOST
        for case in desk_book(any_store).find(where={"mechanic": "mo"}).cases:
            desk_book(any_store).do(case.id, "finish", by=ANA)


class SlowToCount(MemoryStorage):
    """Everybody counts before anybody writes."""

    def __init__(self, threads=6):
        super().__init__()
        self.barrier = threading.Barrier(threads)

    def count(self, agency, name, value, /, *, besides=""):
        found = super().count(agency, name, value, besides=besides)
        if found.cases == 0:
            self.barrier.wait()
        return found


class ForgetsTokens(SlowToCount):
    """Planted: what was counted is not looked at again when the decision is written."""

    def append(self, unit, /):
        return super().append(unit._replace(counts=()))


def test_a_store_that_does_not_look_again_is_caught():
    assert raced(SlowToCount()) == MOST
    assert raced(ForgetsTokens()) == 6, "over the cap: caught"


@rule("few-of-a-client", counts="client")
def few_of_a_client(case, context):
    """A client has at most two cases."""
    if context.other_cases("client", case.client) >= 2:
        yield Unmet(found="two already")


of_clients = Workflow(
    "few-of-a-client",
    version="1",
    stages=[Stage("open", initial=True), Stage("done", final=True)],
    transitions=[Transition("finish", source="open", to="done")],
    rules={CaseOpened: [few_of_a_client]},
    indexes=[Index("client", of=lambda case: case.client)],
)


class Racing:
    """A store in which something is done before each append."""

    def __init__(self, inner, meanwhile):
        self._inner, self._meanwhile = inner, meanwhile

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def append(self, unit, /):
        self._meanwhile()
        return self._inner.append(unit)


@pytest.mark.parametrize("others", [1, 2])
def test_an_opening_is_decided_again_when_another_comes_first(any_store, others):
    """It was told that there was such a case, where only the count had changed."""

    def meanwhile():
        while len(told) < others:
            told.append(book.open(client="c", by=ANA, case_id=f"C-{len(told)}"))

    told = []
    book = Casebook(of_clients, any_store, clock=Clock())
    late = Casebook(of_clients, Racing(any_store, meanwhile), clock=Clock())
    if others == 2:
        with pytest.raises(Refused, match="two already"):
            late.open(client="c", by=ANA, case_id="late")
    else:
        assert late.open(client="c", by=ANA, case_id="late").case.version == 1
    assert len(book.case_ids()) == 2
    with pytest.raises(CaseExists):
        book.open(client="other", by=ANA, case_id="C-0")


def test_a_rule_counts_only_by_what_it_declares():
    @rule("reaches-out")
    def reaches_out(case, context):
        """It counts what it did not declare."""
        context.other_cases("mechanic", "mo")
        yield Unmet()

    book = Casebook(
        capped.extend("desks-2", version="1", rules={"assign": [reaches_out]}), MemoryStorage()
    )
    case_id = book.open(client="c", by=ANA).case.id
    verdict = book.ask(case_id, Assigned(mechanic="bo"), by=ANA)
    assert verdict.refusals[0].fault == (
        "Rule 'reaches-out' counts other cases by 'mechanic', which it does not declare. "
        "Add counts='mechanic' to the rule."
    )


def test_a_value_that_is_no_text_is_a_fault_of_the_rule():
    @rule("counts-a-number", counts="mechanic")
    def counts_a_number(case, context):
        """It counts under a number."""
        yield Unmet(found=context.other_cases("mechanic", 5))

    book = Casebook(
        capped.extend("desks-2", version="1", rules={"assign": [counts_a_number]}), MemoryStorage()
    )
    case_id = book.open(client="c", by=ANA).case.id
    verdict = book.ask(case_id, Assigned(mechanic="bo"), by=ANA)
    assert "under 5, which is no text" in verdict.refusals[0].fault


def test_a_workflow_without_the_index_is_told():
    with pytest.raises(WorkflowInvalid) as invalid:
        shop.extend("capped", version="1", rules={"agree": [desk_cap]}, events=[])
    assert (
        "Rule 'desk-cap' counts cases by 'mechanic', by which the workflow indexes none. "
        "Give it indexes=[Index('mechanic', of=...)]."
    ) in str(invalid.value)


def test_what_is_no_name_of_an_index_is_told():
    with pytest.raises(DefinitionError, match="which is no name of an index"):
        rule("x", counts=5, wanted="It counts.")(lambda case, context: ())


@pytest.mark.parametrize(
    ("indexes", "words"),
    [
        ([Index("a", of=mechanic_of), Index("a", of=mechanic_of)], "There are 2 indexes 'a'."),
        ([Index("a", of="mo")], "Index 'a' has of='mo', which is no function."),
        (["a"], "The workflow has 'a' among its indexes, which is no index."),
        ([Index("a", of=mechanic_of, ended="yes")], "Index 'a' has ended='yes'."),
        (5, "The workflow has 5 for its indexes, which is no list."),
    ],
)
def test_indexes_that_make_no_sense_are_told(indexes, words):
    with pytest.raises(WorkflowInvalid) as invalid:
        Workflow(
            "w",
            version="1",
            stages=capped.stages,
            transitions=[Transition("finish", source="open", to="done")],
            indexes=indexes,
        )
    assert words in str(invalid.value)
