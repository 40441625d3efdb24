"""What the chain alone cannot see, and an attestation that was kept elsewhere shows.

Whoever can write to the database can write all of it anew, consistently. That is imitated
here by another store, in which the same cases took another course.
"""

import io

import orjson
import pytest

from caseflow import DamagedFile, FileFailed, InvalidCall
from caseflow.casebook.keeping import examining
from caseflow.storage import MemoryStorage
from tests.support.trades import ANA, START, BikeDescribed, Paid, shop_book


def the_store(*, cases=("R-1", "R-2", "R-3"), words="it clicks", paid=3):
    """Three repairs; the second has a customer who pays in parts."""
    store = MemoryStorage()
    book = shop_book(store, snapshot_every=3)
    for case_id in ("R-1", "R-2", "R-3"):
        if case_id not in cases:
            continue
        book.open(client=case_id, by=ANA, case_id=case_id)
        book.record(case_id, BikeDescribed(words=words), by=ANA, command_id=f"told-{case_id}")
        for amount in range(paid if case_id == "R-2" else 1):
            book.record(case_id, Paid(amount=100 * amount), by=ANA)
    return book


def attested(book):
    """An attestation of a book, and what it says."""
    file = io.BytesIO()
    attestation = book.attest(file)
    return io.BytesIO(file.getvalue()), attestation


# -- what the chain alone cannot see ---------------------------------------------------------

UNSEEN = {
    "a lost tail": (
        {"paid": 1},
        ("tail-lost", "R-2", 4),
        "The end of case 'R-2' is lost: it stops at event 3, and stood at event 5 when it was "
        "attested on 2026-03-02 09:00 UTC. Put it right with mend('R-2', ...), from an export "
        "that holds all of it.",
    ),
    "a lost case": (
        {"cases": ("R-1", "R-3")},
        ("case-lost", "R-2", 1),
        "Case 'R-2' is lost: it stood at event 5 when it was attested on 2026-03-02 09:00 UTC. "
        "Bring it back with mend('R-2', ...), from an export that holds it.",
    ),
    "a history written anew": (
        {"words": "it hums", "cases": ("R-1",)},
        ("history-rewritten", "R-1", 3),
        "The history of case 'R-1' was written anew: event 3 or one before it is not the one "
        "that was attested on 2026-03-02 09:00 UTC. Compare it with a backup.",
    ),
}


@pytest.mark.parametrize("loss", UNSEEN)
def test_the_chain_alone_does_not_see(loss):
    other, _, _ = UNSEEN[loss]
    verified = the_store(**other).verify_all()
    assert verified.holds
    assert "Without an attestation it is not seen" in verified.explain(), "and it says so"


@pytest.mark.parametrize("loss", UNSEEN)
def test_an_attestation_shows(loss):
    other, found, sentence = UNSEEN[loss]
    file, attestation = attested(the_store())
    verified = the_store(**other).verify_all(against=file, digest=attestation.digest)
    first = next(one for one in verified.findings if one.case_id == found[1])
    assert (first.code, first.case_id, first.number) == found
    assert str(first) == sentence


def test_a_whole_agency_that_is_gone_is_shown():
    file, _ = attested(the_store())
    verified = shop_book(MemoryStorage()).verify_all(against=file)
    assert [(one.code, one.case_id) for one in verified.findings] == [
        ("case-lost", "R-1"),
        ("case-lost", "R-2"),
        ("case-lost", "R-3"),
    ]


def test_what_came_later_is_no_finding():
    book = the_store()
    file, attestation = attested(book)
    book.record("R-1", Paid(amount=7), by=ANA)
    book.open(client="R-4", by=ANA, case_id="R-4")
    verified = book.verify_all(against=file, digest=attestation.digest)
    assert verified.holds
    assert verified.against == attestation
    assert "Compared with the attestation of 2026-03-02 09:00 UTC. What came after it" in (
        verified.explain()
    )


def test_without_the_comparison_nothing_would_be_shown(monkeypatch):
    """Planted: verifying that reads the attestation and compares nothing."""
    monkeypatch.setattr(examining, "against", lambda *_: [])
    file, _ = attested(the_store())
    assert the_store(paid=1).verify_all(against=file).holds


# -- the file --------------------------------------------------------------------------------


def test_it_is_a_small_file_that_says_where_each_case_stands():
    book = the_store()
    file, attestation = attested(book)
    header, *heads, end = [orjson.loads(line) for line in file]
    assert header == {
        "caseflow": "attestation",
        "format": 1,
        "agency": "agency",
        "moment": "2026-03-02T09:00:00.000000+00:00",
    }
    last = {case_id: book._store.head("agency", case_id) for case_id in book.case_ids()}
    assert heads == [[case_id, *head] for case_id, head in last.items()]
    assert end == {"cases": 3, "events": 11, "sha256": attestation.digest}
    assert (attestation.cases, attestation.events, attestation.moment) == (3, 11, START)


def test_no_change_of_the_file_is_believed():
    """Every byte flipped, every line dropped, doubled and swapped with the next, every cut."""
    book = the_store()
    file, attestation = attested(book)
    whole = file.getvalue()
    lines = whole.splitlines(keepends=True)
    changed = [whole[:n] + bytes([whole[n] ^ 1]) + whole[n + 1 :] for n in range(len(whole))]
    changed += [whole[:n] for n in range(len(whole))]
    for n, line in enumerate(lines):
        changed.append(b"".join([*lines[:n], *lines[n + 1 :]]))
        changed.append(b"".join([*lines[:n], line, line, *lines[n + 1 :]]))
        swapped = [*lines]
        swapped[n : n + 2] = reversed(swapped[n : n + 2])
        changed.append(b"".join(swapped))
    for content in set(changed) - {whole}:
        with pytest.raises((DamagedFile, InvalidCall)):  # the second: it says another agency
            book.verify_all(against=io.BytesIO(content))
    assert book.verify_all(against=io.BytesIO(whole), digest=attestation.digest).holds


def test_a_forged_attestation_is_seen_by_the_digest_that_was_kept():
    _, kept = attested(the_store())
    forger = the_store(paid=1)
    forged, digest = attested(forger)
    assert forger.verify_all(against=forged).holds, "it fits what was forged"
    forged.seek(0)
    with pytest.raises(DamagedFile) as refused:
        forger.verify_all(against=forged, digest=kept.digest)
    assert str(refused.value) == (
        f"Line 5 of the stream holds the SHA-256 {digest.digest}, and not the one that was kept "
        f"({kept.digest}). Somebody wrote another attestation: look for the one you kept."
    )


def test_another_agencys_is_refused():
    north = shop_book(MemoryStorage(), agency="north")
    file, _ = attested(north)
    with pytest.raises(InvalidCall) as refused:
        the_store().verify_all(against=file)
    assert str(refused.value) == (
        "The stream is of agency 'north', and this book is of agency 'agency'. "
        "Use it with a book of agency 'north'."
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "Line 1 of the stream is missing: the file ends before its end was written."),
        (b"\xff\xfe\n", "Line 1 of the stream is no JSON."),
        (b"[]\n", "does not say that it begins an attestation of caseflow."),
        (b'{"caseflow":"export","format":1}\n', "does not say that it begins an attestation"),
        (
            b'{"caseflow":"attestation","format":2}\n',
            "says format 2, and this program reads format 1. "
            "Read it with the release that wrote it, or a later one.",
        ),
        (b'{"caseflow":"attestation","format":true}\n', "says format True"),
        (b'{"caseflow":"attestation","format":1}\n', "does not say of which agency it is"),
        (
            b'{"caseflow":"attestation","format":1,"agency":"agency","moment":"noon"}\n',
            "does not say of when it is",
        ),
    ],
)
def test_what_is_no_attestation_is_told(content, problem):
    with pytest.raises(DamagedFile) as refused:
        the_store().verify_all(against=io.BytesIO(content))
    assert problem in str(refused.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileFailed) as failed:
        the_store().verify_all(against=tmp_path / "gone.jsonl")
    assert str(failed.value) == (
        f"{tmp_path / 'gone.jsonl'} could not be read: No such file or directory. "
        "Nothing was changed: mend that, and begin again."
    )


def test_an_attestation_is_never_written_over(tmp_path):
    book = the_store()
    book.attest(tmp_path / "kept.jsonl")
    before = (tmp_path / "kept.jsonl").read_bytes()
    with pytest.raises(FileFailed, match="there is already such a file"):
        the_store(paid=1).attest(tmp_path / "kept.jsonl")
    assert (tmp_path / "kept.jsonl").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["kept.jsonl"]


@pytest.mark.parametrize("given", [io.StringIO(), None, 7, ""])
def test_what_is_no_file_is_told(given):
    with pytest.raises(InvalidCall, match=r"is a file of text|is no file|that no file can have"):
        the_store().attest(given)
