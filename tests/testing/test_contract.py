"""The contract suite itself: what it is made of, what a declared lack does, and who passes."""

import subprocess
import sys
import unittest
from pathlib import Path

import pytest

from caseflow import InvalidCall, Unsupported
from caseflow.storage import MemoryStorage
from caseflow.testing import async_storage_contract, storage_contract
from caseflow.testing.contract import suite
from caseflow.testing.contract.lacking import LACKING
from caseflow.testing.contract.stores import Stores
from examples.line_store import LineStore, open_store
from tests.support.stores import (
    AwaitedEmbedded,
    Embedded,
    awaited_change,
    change,
    open_awaited,
)
from tests.testing.contracts import broken_in, names_of

IN_MEMORY = ("durability", "processes", "transactions")

# -- who keeps it ------------------------------------------------------------------------------

TestEmbedded = storage_contract(
    lambda place: Embedded(), lacks=["durability", "processes"], transaction=change
)
TestAwaited = async_storage_contract(open_awaited, lacks=["transactions"])
TestAwaitedEmbedded = async_storage_contract(
    lambda place: AwaitedEmbedded(), lacks=["durability", "processes"], transaction=awaited_change
)


class Little(MemoryStorage):
    """A store that has histories and nothing else, and says so."""

    def append(self, unit, /):
        if unit.command_id is not None:
            self._lacks("commands")
        if unit.counts:
            self._lacks("counts")
        return super().append(unit._replace(snapshot=None))

    def command(self, agency, command_id, /):
        self._lacks("commands")

    def _lacks(self, what):
        raise Unsupported(store="Little()", action="do this", lacks=what)

    def find(self, agency, query, /, *, after=None, limit=100):
        self._lacks("queries")

    def relist(self, agency, case_id, /, *, version, listing, forget=False):
        self._lacks("queries")

    def count(self, agency, name, value, /, *, besides=""):
        self._lacks("counts")

    def tally(self, agency, name, /):
        self._lacks("counts")

    def feed(self, agency, /, *, after=0, limit=100):
        self._lacks("feed")

    def checkpoint(self, agency, consumer, /):
        self._lacks("feed")

    def advance(self, agency, consumer, /, *, expected, position, workflow=""):
        self._lacks("feed")

    def consumers(self, agency, /):
        self._lacks("feed")

    def delete_consumer(self, agency, consumer, /):
        self._lacks("feed")

    def restore(self, agency, histories, /):
        self._lacks("restore")

    def mend(self, agency, history, /, *, head):
        self._lacks("restore")


TestLittle = storage_contract(lambda place: Little(), lacks=[*LACKING])

# -- what it is made of ------------------------------------------------------------------------


def test_whoever_lacks_nothing_is_put_through_every_test():
    whole = storage_contract(open_store, transaction=change)
    written = {test.__name__ for test in suite._tests()}
    assert names_of(whole) == written
    assert len(written) > 70


@pytest.mark.parametrize("lacking", LACKING)
def test_a_lack_stands_by_its_name_in_the_place_of_the_tests_that_need_it(lacking):
    lacks = {lacking} | ({"processes"} if lacking == "durability" else set())
    given = {} if lacking == "transactions" else {"transaction": change}
    made = names_of(storage_contract(open_store, lacks=lacks, **given))
    assert {f"test_it_lacks_{what}_as_declared" for what in lacks} <= made
    left_out = [test for test in suite._tests() if test.__name__ not in made]
    assert left_out
    assert all(lacks & test.needs for test in left_out)


def test_every_name_of_a_test_is_there_once():
    names = [test.__name__ for test in suite._tests()]
    assert len(names) == len(set(names))


def test_it_is_a_test_case_that_needs_no_pytest():
    program = "import sys, caseflow.testing; print('pytest' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout == "False\n"
    assert issubclass(storage_contract(open_store, lacks=["transactions"]), unittest.TestCase)


# -- a lack that is declared wrongly -----------------------------------------------------------


METHODS = ("commands", "snapshots", "queries", "counts", "feed", "restore")


@pytest.mark.parametrize("lacking", METHODS)
def test_a_lack_that_is_none_fails(lacking):
    made = storage_contract(lambda place: MemoryStorage(), lacks=[*IN_MEMORY, lacking])
    assert broken_in(made) == {f"test_it_lacks_{lacking}_as_declared"}


def test_a_store_that_keeps_everything_does_not_lack_durability():
    made, told = storage_contract(open_store, lacks=IN_MEMORY), {}
    assert broken_in(made, told) == {"test_it_lacks_durability_as_declared"}
    assert (
        "durability: it is declared to be lacking, and what was written is still there after "
        "reopening (Head(version=1, hash='hash-1')); leave 'durability' out of lacks="
    ) in told["test_it_lacks_durability_as_declared"]


def test_a_store_that_keeps_nothing_is_told_to_say_so():
    made = storage_contract(lambda place: MemoryStorage(), lacks=["processes", "transactions"])
    test, told = "test_histories_are_there_after_reopening", {}
    assert broken_in(made, told, only=[test]) == {test}
    assert (
        "durability: nothing of what was written is there after closing the store and opening the "
        "same place again; keep it there, or, where the store is to keep nothing, declare "
        "lacks=['durability', 'processes']"
    ) in told[test]


def test_a_store_that_keeps_a_part_is_told_what_is_missing():
    class Forgetful(LineStore):
        def read(self, agency, case_id, /, *, after=0, types=None):
            return super().read(agency, case_id, after=after, types=types)[:2]

    made = storage_contract(
        lambda place: Forgetful(place / "cases.jsonl"), lacks=["processes", "transactions"]
    )
    test, told = "test_histories_are_there_after_reopening", {}
    assert broken_in(made, told, only=[test]) == {test}
    assert "the rows after reopening: wanted [" in told[test]


def test_a_store_that_names_another_lack_fails():
    class Confused(Little):
        def _lacks(self, what):
            raise Unsupported(store="Confused()", action="do this", lacks="money")

    made = storage_contract(lambda place: Confused(), lacks=[*LACKING])
    refused = {*METHODS} - {"snapshots"}
    assert broken_in(made) == {f"test_it_lacks_{what}_as_declared" for what in refused}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"lacks": ["feeds"]},
            "storage_contract(...) was told that the store lacks 'feeds', which no test needs. "
            "Name any of 'commands', 'snapshots', 'queries', 'counts', 'feed', 'restore', "
            "'durability', 'processes' and 'transactions'.",
        ),
        (
            {},
            "storage_contract(...) was not told how to begin a transaction of the application. "
            "Give transaction=, or declare that the store lacks 'transactions'.",
        ),
        (
            {"transaction": change, "lacks": ["transactions"]},
            "storage_contract(...) was told both that there are transactions and that there are "
            "none. Leave out transaction=, or do not declare that the store lacks 'transactions'.",
        ),
        (
            {"lacks": ["transactions", "durability"]},
            "storage_contract(...) was told of a store that keeps nothing, and that processes "
            "share what it keeps. Declare that it lacks 'processes' as well.",
        ),
    ],
)
@pytest.mark.parametrize("contract", [storage_contract, async_storage_contract])
def test_what_does_not_fit_together_is_told(contract, given, says):
    with pytest.raises(InvalidCall) as invalid:
        contract(open_store, **given)
    awaited = "async_" if contract is async_storage_contract else ""
    assert str(invalid.value) == awaited + says


def test_what_opens_no_store_is_told():
    with pytest.raises(InvalidCall, match=r"was given MemoryStorage\(0 cases\), which opens no"):
        storage_contract(MemoryStorage(), lacks=IN_MEMORY)


def test_what_other_processes_cannot_open_is_told():
    made = storage_contract(lambda place: LineStore(place / "cases.jsonl"), lacks=["transactions"])
    told = {}
    broken = broken_in(made, told)
    assert broken == {name for name in names_of(made) if "process" in name}
    sentence = "cannot be handed to another process. Give a function that stands at the top of a"
    assert all(sentence in words for words in told.values())


def test_threads_take_turns_as_often_as_they_can_and_only_then():
    before = sys.getswitchinterval()
    stores = Stores(lambda place: MemoryStorage(), None, Path())
    found = stores.in_threads(lambda store, number, meet: sys.getswitchinterval(), 2)
    assert max(found) < before / 100
    assert sys.getswitchinterval() == before
