"""The lifecycle machine, over every workflow at hand and both stores."""

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from caseflow import InvalidCall
from caseflow.stages import six_stage
from caseflow.storage import MemoryStorage, SQLStorage
from caseflow.testing import lifecycle
from caseflow.testing.casework import PAYLOADS
from examples.hmis.workflow import enrollment
from tests.support.trades import shop


@contextmanager
def sqlite_file():
    """A store on a file of its own."""
    with TemporaryDirectory() as folder:
        store = SQLStorage(f"sqlite:///{Path(folder, 'cases.db')}")
        yield store
        store.close()


TestSixStages = lifecycle(six_stage, MemoryStorage, payloads=PAYLOADS).TestCase
TestSixStagesOnAFile = lifecycle(six_stage, sqlite_file, payloads=PAYLOADS).TestCase
TestSixStages.settings = settings(max_examples=10)
TestSixStagesOnAFile.settings = settings(max_examples=5)

TestHmis = lifecycle(enrollment, MemoryStorage).TestCase
TestHmis.settings = settings(max_examples=10)

TestShop = lifecycle(shop, MemoryStorage).TestCase
TestShopOnAFile = lifecycle(shop, sqlite_file).TestCase
TestShop.settings = settings(max_examples=10)
TestShopOnAFile.settings = settings(max_examples=4)


def test_a_store_that_can_be_closed_is_closed_after_each_run(tmp_path):
    closed = []

    class Closing(MemoryStorage):
        def close(self):
            closed.append(self)

    machine = lifecycle(shop, Closing)()
    machine.teardown()
    assert closed == [machine.store]


def test_a_store_in_place_of_a_function_is_told():
    with pytest.raises(InvalidCall, match="is no function that makes a store"):
        lifecycle(shop, MemoryStorage())
