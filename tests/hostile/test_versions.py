"""A book that holds several versions of a workflow reads each case as its own version means it."""

import pytest

from caseflow import InvalidCall, UnknownEvent, fact
from caseflow.storage import MemoryStorage
from tests.hostile.desk import AnythingSaid, Letter, desk, open_desk


@fact("old-fact")
class OldFact:
    pass


@pytest.mark.parametrize("command_id", [None, "c"])
def test_a_fact_of_an_earlier_version_is_recorded_with_a_command_id_and_without(command_id):
    store = MemoryStorage()
    earlier = desk(events=[Letter, OldFact])
    case_id = open_desk(store, earlier).open(client="p", by="ana").case.id
    book = open_desk(store, desk(version="2"), earlier=[earlier])
    book.record(case_id, OldFact(), by="ana", command_id=command_id)
    assert book.case(case_id).count(OldFact) == 1

    newer = book.open(client="p", by="ana").case.id
    with pytest.raises(UnknownEvent, match="old-fact"):
        book.record(newer, OldFact(), by="ana", command_id="d")


def test_two_classes_of_one_stored_name_cannot_be_told_apart():
    @fact("letter")
    class OtherLetter:
        text: str

    newer = desk(version="2", events=[OtherLetter, AnythingSaid])
    with pytest.raises(InvalidCall, match="two event classes 'letter'"):
        open_desk(MemoryStorage(), newer, earlier=[desk()])


def test_two_workflows_of_one_version_cannot_be_told_apart():
    with pytest.raises(InvalidCall, match="version '1' twice"):
        open_desk(MemoryStorage(), desk(), earlier=[desk()])
