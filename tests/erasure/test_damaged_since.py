"""Erasing again, when a case was damaged meanwhile: the others are seen to all the same."""

import pytest

from caseflow import ChainBroken
from caseflow.casework import NeedIdentified
from caseflow.storage import MemoryKeyStore, SubjectCipher
from tests.erasure.test_keys import ERASING
from tests.support.tamper import MemoryRaw
from tests.support.traces import CLIENT, SAM, filled, telling_book


def test_the_others_are_seen_to_and_the_damaged_case_is_named():
    raw, cipher = MemoryRaw(), SubjectCipher(MemoryKeyStore())
    book = telling_book(raw.store, cipher)
    for case_id in ("c1", "c2"):
        book.open(client=CLIENT, case_id=case_id, by=SAM)
        book.record(case_id, filled(NeedIdentified, lambda name: "in need"), by=SAM)
    cipher.erase(CLIENT, **ERASING)  # and nothing after it: it was interrupted
    before = raw.listing("c2").keys
    rows = raw.rows("c1")
    raw.put("c1", [rows[0]._replace(actor="x"), *rows[1:]])
    with pytest.raises(ChainBroken, match="'c1'"):
        telling_book(raw.store, cipher, recent=0).erase(CLIENT, by=SAM, reason="asked")
    assert raw.listing("c2").keys != before
