"""Who reads docs/howto-write-a-store.md alone can write a store: what it says of the port holds."""

import asyncio
import inspect
import re
from pathlib import Path

import pytest

from caseflow import Casebook, Unsupported
from caseflow.storage import MemoryStorage, Storage, StoredEvent, port
from caseflow.testing import storage_contract
from caseflow.testing.contract.lacking import LACKING
from tests.support.agencies import CASES, VERBS, desks
from tests.support.doc_blocks import read
from tests.testing.contracts import broken_in, names_of

PAGE = Path(__file__).parents[2] / "docs" / "howto-write-a-store.md"
TEXT = PAGE.read_text(encoding="utf-8")
FIRST = ("head", "read", "append", "agencies")


@pytest.fixture(scope="module")
def skeleton():
    """The class that the page says to copy."""
    given = {"__name__": "skeleton"}
    exec(read(PAGE).blocks[0].code, given)  # the page of this repository
    return given["NewStore"]


def methods_of(cls):
    return {
        name: inspect.signature(method)
        for name, method in vars(cls).items()
        if inspect.isfunction(method) and not name.startswith("_")
    }


def test_the_class_to_copy_has_the_methods_of_the_port(skeleton):
    assert methods_of(skeleton) == methods_of(Storage)


def test_the_contract_holds_when_the_first_step_is_done(skeleton):
    class First(skeleton):
        def __init__(self):
            self.kept = MemoryStorage()

        def head(self, agency, case_id, /):
            return self.kept.head(agency, case_id)

        def read(self, agency, case_id, /, *, after=0, types=None):
            return self.kept.read(agency, case_id, after=after, types=types)

        def append(self, unit, /):
            with pytest.raises(NotImplementedError):
                super().append(unit)
            return self.kept.append(unit)

        def agencies(self):
            return self.kept.agencies()

    made = storage_contract(lambda place: First(), lacks=LACKING)
    assert broken_in(made) == set()
    assert len(names_of(made)) > 20


def test_the_contract_runs_before_anything_is_written(skeleton):
    made, told = storage_contract(lambda place: skeleton(), lacks=LACKING), {}
    broken_in(made, told)
    assert len(told) > 15
    assert all("NotImplementedError" in words for words in told.values())


def test_the_fields_are_those_of_the_classes():
    told, name = {}, ""
    for first, field, typed in re.findall(r"^\| (\S*) ?\| `(\w+)` \| `(.+?)` \|", TEXT, re.M):
        name = first.strip("`") or name
        told.setdefault(name, []).append((field, typed.replace("\\|", "|")))
    classes = {
        name: cls
        for name, cls in vars(port).items()
        if hasattr(cls, "_fields") and cls is not StoredEvent
    }
    assert told == {
        name: [(field, typed.__forward_arg__) for field, typed in cls.__annotations__.items()]
        for name, cls in classes.items()
    }


def test_the_columns_of_an_event_have_the_types_that_are_told():
    columns = StoredEvent.__annotations__
    (empty,) = re.findall(r"Eight may be `None`: (.*?)\.", TEXT, re.S)
    assert set(re.findall(r"`(\w+)`", empty)) == {
        name for name, typed in columns.items() if "None" in typed.__forward_arg__
    }
    numbers = {name for name, typed in columns.items() if typed.__forward_arg__ == "int"}
    assert numbers == {"number", "type_version"}
    assert len(columns) == 24


# -- what a book cannot do ---------------------------------------------------------------------

OF_A_LACK = dict(re.findall(r'^\| `"(\w+)"` \| .* \| (.*?) \|$', TEXT, re.M))
METHODS = {
    "commands": ("command",),
    "queries": ("find", "relist"),
    "counts": ("count", "tally"),
    "feed": ("feed", "checkpoint", "advance", "consumers", "delete_consumer"),
    "restore": ("restore", "mend"),
}


def lacking(what):
    """A store that is whole but for one thing."""

    def refuse(self, *args, **given):
        raise Unsupported(store="Little()", action="do this", lacks=what)

    def append(self, unit, /):
        if (what == "commands" and unit.command_id) or (what == "counts" and unit.counts):
            refuse(self)
        return MemoryStorage.append(self, unit)

    methods = dict.fromkeys(METHODS[what], refuse)
    return type("Little", (MemoryStorage,), {**methods, "append": append})()


@pytest.mark.parametrize("what", METHODS)
def test_what_a_book_cannot_do_without_it_is_told_by_name_and_stands_on_the_page(what):
    verbs = VERBS.keys() - {"within", *(() if what == "feed" else ("follow",))}
    refused = set()
    with asyncio.Runner() as runner:
        (desk,) = desks(lacking(what), Casebook, ["north"], runner)
        for case_id in CASES:
            desk.now("open", client="P-1", case_id=case_id, by=desk.by())
        for verb in [*sorted(verbs - {"erase"}), "erase"]:  # after it, nothing can be written
            before = [desk.now("history", case_id) for case_id in CASES]
            answer = desk.act(verb, 0)
            if isinstance(answer, Unsupported):
                refused.add(verb)
                assert answer.fields["lacks"] == what
                assert [desk.now("history", case_id) for case_id in CASES] == before
    told = set(re.findall(r"`(\w+)`", OF_A_LACK[what])) & VERBS.keys()
    assert refused == told


def test_nothing_is_erased_where_cases_cannot_be_found():
    with asyncio.Runner() as runner:
        (desk,) = desks(lacking("queries"), Casebook, ["north"], runner)
        desk.act("open", 0)
        assert isinstance(desk.act("erase", 0), Unsupported)
        assert desk.now("case", CASES[0]).client == "P-1"
        assert desk.act("record", 0).case.version == 3
