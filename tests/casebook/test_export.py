"""Exports: what is written reads back the same, elsewhere; what is not whole is not imported."""

import io

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from caseflow import (
    Casebook,
    CaseHeld,
    ChainBroken,
    CommandHeld,
    DamagedFile,
    FileFailed,
    InvalidCall,
    NoSuchCase,
)
from caseflow.casebook.finding import walking
from caseflow.casebook.keeping import archive, files
from caseflow.kernel.stored import StoredEvent, hash_of
from caseflow.storage import History, MemoryStorage
from tests.support.exports import (
    LINES,
    PLACES,
    WHOLE,
    exported,
    imported,
    played,
    refused,
)
from tests.support.tamper import RAWS
from tests.support.toy_cipher import ToyCipher
from tests.support.trades import (
    ANA,
    BOSS,
    STEPS,
    Clock,
    Paid,
    shop,
    shop_book,
)

# -- there and back --------------------------------------------------------------------------

PLANS = st.lists(
    st.tuples(
        st.sampled_from(PLACES), st.text(st.characters(codec="utf-8", exclude_characters="\0"))
    ),
    max_size=6,
)


@given(PLANS, st.sampled_from([None, ToyCipher()]))
@example([("collected", "è un \u2028 sella"), ("dropped-off", "")], ToyCipher())
def test_a_store_comes_back_as_it_was(plan, cipher):
    book = played(plan, snapshot_every=4, cipher=cipher)
    content = exported(book)
    again = imported(content, snapshot_every=4, cipher=cipher)

    assert exported(again) == content
    assert again.verify_all().holds
    assert again.case_ids() == book.case_ids()
    for case_id in book.case_ids():
        assert again.case(case_id) == book.case(case_id)
        assert again.history(case_id) == book.history(case_id)
        told = book.history(case_id)[-2].subject
        assert [case.id for case in again.find(subject=told).cases] == [case_id]
    feed = [entry.event for entry in again._store.feed("agency", limit=1_000)]
    assert len(feed) == sum(book.case(case_id).version for case_id in book.case_ids())
    for case_id in book.case_ids():
        mine = [event for event in feed if event.case_id == case_id]
        assert mine == list(book._store.read("agency", case_id))


def test_page_by_page_and_chunk_by_chunk_it_is_the_same(monkeypatch):
    """However much is read at a time: of the list, and of a file."""
    book = played([("looked-at", str(number)) for number in range(5)])
    whole, verified = exported(book), book.verify_all()
    for page in (1, 2, 5, 6):
        monkeypatch.setattr(walking, "PAGE", page)
        assert exported(book) == whole
        assert book.verify_all() == verified
        assert book.packet("R-5", io.BytesIO()).events == 5
        assert book.reindex() == 0
    for chunk in (1, 7, 100, len(whole) - 1, len(whole)):
        monkeypatch.setattr(files, "CHUNK", chunk)
        assert exported(imported(whole)) == whole
        for cut in (1, 100, len(whole) - 1):
            refused(whole[:cut])
        refused(whole + b"\n")
        refused(whole + b"more")
        refused(whole.replace(b"it clicks", b"it hummms", 1))


@pytest.mark.parametrize("place", PLACES)
def test_a_command_is_known_where_its_history_went(place):
    book = played([(place, "")])
    again = imported(exported(book))
    repeated = again.open(client="c-0", by=ANA, command_id="open-0")
    assert (repeated.replayed, repeated.case.id) == (True, "R-1")
    if STEPS[place]:
        repeated = again.do("R-1", *STEPS[place], by=BOSS, command_id=f"R-1-{place}")
        assert repeated.replayed
    assert again.case("R-1") == book.case("R-1"), "nothing took effect twice"


def test_work_goes_on_where_it_was_imported():
    again = imported(exported(played([("looked-at", "")])))
    again.record("R-1", Paid(amount=5), by=ANA)
    assert again.verify_all().holds


def test_what_is_sealed_stays_sealed():
    content = exported(played([("bench", "her own words")], cipher=ToyCipher()))
    assert b"her own words" not in content
    assert b"worn to the pin" not in content


def test_an_export_needs_neither_the_workflow_nor_the_key():
    store = MemoryStorage()
    content = exported(played([("bench", "x")], store, cipher=ToyCipher()))
    other = shop.extend("something-else", version="7")
    stranger = Casebook(other, store, clock=Clock())
    assert exported(stranger) == content
    elsewhere = Casebook(other, MemoryStorage(), clock=Clock())
    assert elsewhere.import_from(io.BytesIO(content)) == 9
    assert exported(elsewhere) == content


def test_a_store_of_several_agencies_is_a_file_for_each(tmp_path):
    store, again = MemoryStorage(), MemoryStorage()
    for agency in ("north", "south"):
        played([("ready", agency)], store, agency=agency)
    for agency in store.agencies():
        shop_book(store, agency=agency).export(tmp_path / f"{agency}.jsonl")
    for agency in store.agencies():
        shop_book(again, agency=agency).import_from(tmp_path / f"{agency}.jsonl")
        assert shop_book(again, agency=agency).verify_all().holds
        assert (
            exported(shop_book(again, agency=agency)) == (tmp_path / f"{agency}.jsonl").read_bytes()
        )
    assert again.agencies() == ["north", "south"]


def test_the_format_is_json_lines():
    book = played([("dropped-off", "hello")])
    header, case, *rows, end = [orjson.loads(line) for line in exported(book).splitlines()]
    assert header == {
        "caseflow": "export",
        "format": 1,
        "agency": "agency",
        "moment": "2026-03-02T09:00:00.000000+00:00",
    }
    assert case == {
        "case": "R-1",
        "events": 3,
        "client": "c-0",
        "workflow": "repair-shop",
        "workflow_version": "1",
        "position": "intake.dropped-off",
        "stage": "intake",
        "ended": False,
        "due_at": None,
        "keys": [],
    }
    assert [StoredEvent(*row) for row in rows] == list(book._store.read("agency", "R-1"))
    assert (end["cases"], end["events"], sorted(end)) == (1, 3, ["cases", "events", "sha256"])


# -- one case's packet -----------------------------------------------------------------------


def test_a_packet_is_one_case_in_the_same_format():
    book = played([("ready", "a"), ("collected", "b"), ("bench", "c")])
    file = io.BytesIO()
    packet = book.packet("R-2", file)
    assert (packet.cases, packet.events) == (1, book.case("R-2").version)
    again = imported(file.getvalue())
    assert again.case_ids() == ("R-2",)
    assert again.case("R-2") == book.case("R-2")
    assert again.verify_all().holds


def test_a_packet_of_no_case(tmp_path):
    with pytest.raises(NoSuchCase, match="There is no case 'R-9'"):
        played([]).packet("R-9", tmp_path / "packet.jsonl")
    assert list(tmp_path.iterdir()) == []


# -- what is not whole is not imported -------------------------------------------------------


@given(st.data())
@settings(max_examples=400)
def test_no_other_bytes_are_imported(data):
    """A byte flipped, a part cut out, put in or doubled; a line dropped, doubled or moved."""
    place = data.draw(st.integers(0, len(WHOLE) - 1))
    length = data.draw(st.integers(0, 40))
    line, other = (data.draw(st.integers(0, len(LINES) - 1)) for _ in range(2))
    lines = [*LINES]
    lines.insert(other, lines.pop(line))
    changed = data.draw(
        st.sampled_from(
            [
                WHOLE[:place] + bytes([WHOLE[place] ^ 1 << length % 8]) + WHOLE[place + 1 :],
                WHOLE[:place] + WHOLE[place + length :],
                WHOLE[:place] + WHOLE[place : place + length] + WHOLE[place:],
                WHOLE[:place] + data.draw(st.binary(max_size=40)) + WHOLE[place:],
                WHOLE[:place],
                b"".join(lines),
                b"".join([*LINES[:line], *LINES[line + 1 :]]),
                b"".join([*LINES[: line + 1], *LINES[line:]]),
                WHOLE + WHOLE,
            ]
        )
    )
    if changed != WHOLE:
        refused(changed, kind=(DamagedFile, InvalidCall))  # the second: it says another agency


@pytest.mark.parametrize("cut", range(len(LINES)))
def test_a_file_that_breaks_off_names_the_line(cut):
    error = refused(b"".join(LINES[:cut]))
    assert str(error).startswith(f"Line {cut + 1} of the stream")
    assert "is missing: the file ends before its end was written" in str(error)
    error = refused(b"".join(LINES[:cut]) + LINES[cut][:-1])
    assert f"Line {cut + 1} of the stream" in str(error)
    assert "breaks off. Fetch an undamaged copy of it." in str(error)


def ended(lines):
    """Lines with the end that a forger would write."""
    file = io.BytesIO()
    values = [orjson.loads(line) for line in lines]
    writer = files.Writer(file, "forged", values[0])
    for value in values[1:]:
        writer.line(value)
    cases = sum(isinstance(value, dict) for value in values[1:])
    writer.end({"cases": cases, "events": len(values) - 1 - cases})
    return file.getvalue()


def forged(place, change):
    """The export with one line changed, and an end that fits."""
    value = orjson.loads(LINES[place])
    change(value)
    return ended([*LINES[:place], orjson.dumps(value), *LINES[place + 1 : -1]])


def put(key, value):
    return lambda line: line.__setitem__(key, value)


def hashed_anew(row):
    row[23] = hash_of(tuple(row[:23]))


def with_another(column, value):
    def change(row):
        row[column] = value
        hashed_anew(row)

    return change


HEAD, FIRST, SECOND = 1, 2, 3

FORGED = {
    "a payload": (SECOND, put(21, "{}"), "(event 2) was changed after it was written"),
    "a hash that fits": (
        SECOND,
        with_another(21, "{}"),
        "does not follow: event 3 of this case should stand there",
    ),
    "a number": (SECOND, with_another(2, 7), "does not follow: event 2 of this case should"),
    "a case": (SECOND, with_another(1, "R-9"), "is not event 2 of this case"),
    "an agency": (SECOND, with_another(0, "north"), "is not event 2 of this case"),
    "a type": (SECOND, with_another(7, 7), "is not event 2 of this case"),
    "a list for a text": (SECOND, with_another(8, ["boss"]), "is not event 2 of this case"),
    "a truth for a number": (SECOND, with_another(4, True), "is not event 2 of this case"),
    "nothing for a text": (SECOND, with_another(20, None), "is not event 2 of this case"),
    "a number too large": (SECOND, with_another(4, 2**63), "is not event 2 of this case"),
    "a column too few": (SECOND, lambda row: row.pop(9), "is not event 2 of this case"),
    "no case id": (HEAD, put("case", ""), "does not say what the list of cases says"),
    "an id that is a number": (HEAD, put("case", 1), "does not say what the list of cases says"),
    "more than is known": (HEAD, put("more", 1), "does not say what the list of cases says"),
    "less than is needed": (
        HEAD,
        lambda line: line.pop("stage"),
        "does not say what the list of cases says",
    ),
    "keys that are none": (HEAD, put("keys", [["a"]]), "does not say what the list of cases"),
    "keys that hold numbers": (HEAD, put("keys", [["a", 1]]), "does not say what the list of"),
    "ended perhaps": (HEAD, put("ended", None), "does not say what the list of cases says"),
    "another workflow": (HEAD, put("workflow", "loan"), "is of another workflow than the list"),
    "no events": (HEAD, put("events", 0), "says that its case holds no event"),
    "less than no events": (HEAD, put("events", -3), "says that its case holds no event"),
    "events without end": (HEAD, put("events", 10**9), "is not event 6 of this case"),
    "more events than there can be": (
        HEAD,
        put("events", 2**64 - 1),
        "does not say what the list of",
    ),
    "due some day": (HEAD, put("due_at", "garbage"), "does not say what the list of cases says"),
    "due in no time zone": (HEAD, put("due_at", "2026-03-02T09:00:00.000000"), "does not say"),
    "NUL in a column": (SECOND, with_another(7, "bo\0ss"), "(event 2) holds NUL, which not every"),
    "NUL in an id": (HEAD, put("client", "c\0"), "lists a case by a text that is longer than it"),
    "an id too long": (HEAD, put("client", "c" * 501), "lists a case by a text that is longer"),
    "a key too long": (HEAD, put("keys", [["a", "b" * 1001]]), "lists a case by a text that is"),
    "a payload nested too deeply": (
        SECOND,
        with_another(21, '{"words":' + "[" * 100_000 + "]" * 100_000 + "}"),
        "(event 2) cannot be read: ",  # the rest are the words of orjson, which differ by version
    ),
    "a payload that is no JSON": (
        SECOND,
        with_another(21, '{"amount":NaN}'),
        "(event 2) cannot be read: unexpected character",
    ),
    "a payload that is a list": (
        SECOND,
        with_another(21, "[]"),
        "(event 2) cannot be read: its payload is '[]', and no JSON object. Fetch",
    ),
    "a time in no time zone": (
        SECOND,
        with_another(5, "2026-03-02T09:00:00.000000"),
        "(event 2) cannot be read: '2026-03-02T09:00:00.000000' is a moment without a time zone.",
    ),
    "no time": (SECOND, with_another(6, "garbage"), "(event 2) cannot be read: Invalid isoformat"),
    "roles that are none": (SECOND, with_another(8, "3"), "cannot be read: its roles are '3'"),
    "notes that are none": (SECOND, with_another(15, "[[1]]"), "(event 2) cannot be read: Noted"),
    "an event too few": (HEAD, put("events", 4), "stands where the next case should begin"),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_file_that_fits_itself_and_is_no_history_is_refused(forgery):
    place, change, problem = FORGED[forgery]
    error = refused(forged(place, change))
    assert problem in str(error)
    assert error.fields["line"] >= place


@pytest.mark.parametrize(("column", "where"), [(16, "command"), (20, "subject")])
def test_an_id_in_an_event_is_no_longer_than_one_may_be(column, where):
    last = orjson.loads(LINES[6])
    with_another(column, where * 100)(last)
    error = refused(ended([*LINES[:6], orjson.dumps(last), *LINES[7:-1]]))
    assert "ends a case in which an id is longer than one may be" in str(error)


def test_a_command_that_wrote_in_two_places_is_no_command():
    """It took effect once: what it is answered with would hold an event that it did not write."""
    rows = [orjson.loads(line) for line in LINES[2:7]]
    for row, command_id, before in zip(rows, "abbab", ["", *rows], strict=False):
        row[16], row[22] = command_id, before and before[23]
        hashed_anew(row)
    error = refused(ended([*LINES[:2], *map(orjson.dumps, rows), *LINES[7:-1]]))
    assert str(error) == (
        "Line 7 of the stream (case 'R-1') ends a case in which one command wrote in two places. "
        "Fetch an undamaged copy of it."
    )


def test_the_error_names_the_line_the_case_and_what():
    place, change, _ = FORGED["a payload"]
    error = refused(forged(place, change))
    assert str(error) == (
        "Line 4 of the stream (case 'R-1') (event 2) was changed after it was written. "
        "Fetch an undamaged copy of it."
    )
    assert (error.fields["line"], error.fields["case_id"]) == (4, "R-1")


def test_an_altered_list_is_found_by_the_hash_of_the_file():
    lines = [*LINES]
    lines[HEAD] = lines[HEAD].replace(b'"stage":"intake"', b'"stage":"repair"')
    error = refused(b"".join(lines))
    assert "does not fit: the lines before it are not those that were written" in str(error)


def test_without_a_check_a_forged_history_would_be_imported(monkeypatch):
    """Planted: an import that verifies no hash."""

    class Believing:
        def hexdigest(self):
            return Everything()

    class Everything(str):
        __hash__ = str.__hash__

        def __ne__(self, other):
            return False

    monkeypatch.setattr(archive, "sha256", lambda data: Believing())
    place, change, _ = FORGED["a payload"]
    book = imported(forged(place, change))
    assert not book.verify_all().holds, "and it would be found only by verifying"


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 100, bytes(range(100, 200)), b"PK\3\4", b"{}\n", b"7\n"]
)
def test_what_is_no_export_is_told(content):
    assert refused(content).fields["line"] == 1


def test_an_attestation_is_no_export():
    file = io.BytesIO()
    played([("ready", "")]).attest(file)
    assert "does not say that it begins an export of caseflow" in str(refused(file.getvalue()))


def test_another_version_of_the_format_is_told():
    content = WHOLE.replace(b'"format":1', b'"format":2')
    assert "says format 2, and this program reads format 1" in str(refused(content))


def test_a_line_that_never_ends_is_not_read_into_memory(monkeypatch):
    monkeypatch.setattr(files, "MOST", 10_000)
    endless = io.BytesIO(LINES[0] + b"[" * 1_000_000)
    with pytest.raises(DamagedFile, match="Line 2 of the stream is longer than 10,000 bytes"):
        shop_book(MemoryStorage()).import_from(endless)
    assert endless.tell() < 600_000
    with pytest.raises(FileFailed, match="a line of 40,"):
        exported(played([("dropped-off", "x" * 20_000)]))


def test_a_deeply_nested_line_is_told():
    assert "is no JSON" in str(refused(LINES[0] + b"[" * 100_000 + b"\n"))


# -- what is there already -------------------------------------------------------------------


def test_a_case_that_is_there_already_refuses_all():
    book = played([("ready", "")])
    before = exported(book)
    with pytest.raises(CaseHeld) as held:
        book.import_from(io.BytesIO(exported(played([("bench", "a"), ("ready", "b")]))))
    assert held.value.fields == {"case_id": "R-1"}
    assert exported(book) == before


def test_a_case_twice_in_a_file_is_refused():
    twice = ended([*LINES[:-1], *LINES[1:-1]])
    refused(twice, kind=CaseHeld)


def test_a_command_that_is_known_refuses_all():
    book = shop_book(MemoryStorage())
    book.open(client="z", by=ANA, case_id="Z-1", command_id="open-0")
    with pytest.raises(CommandHeld):
        book.import_from(io.BytesIO(WHOLE))
    assert book.case_ids() == ("Z-1",)


def test_another_agencys_cases_are_refused():
    north = shop_book(MemoryStorage(), agency="north")
    with pytest.raises(InvalidCall, match="of agency 'agency', and this book is of agency 'north'"):
        north.import_from(io.BytesIO(WHOLE))
    assert north._store.agencies() == []


def test_the_store_gets_nothing_before_all_was_verified():
    """What a store may do with the histories it is handed: take them all, then fail."""
    taken = []

    class Eager(MemoryStorage):
        def restore(self, agency, histories, /):
            for history in histories:
                assert isinstance(history, History)
                taken.append(history.case_id)
            return 0

    content = b"".join(LINES[:-1])
    with pytest.raises(DamagedFile, match="ends before its end was written"):
        shop_book(Eager()).import_from(io.BytesIO(content))
    assert taken == ["R-1", "R-2"]


# -- a store that was altered ----------------------------------------------------------------


@pytest.mark.parametrize("kind", RAWS)
def test_what_does_not_verify_is_not_exported(kind, tmp_path):
    raw = RAWS[kind]()
    book = played([("bench", ""), ("ready", "")], raw.store)
    whole = raw.rows("R-2")
    for rows in (
        [*whole[:2], whole[2]._replace(payload="{}"), *whole[3:]],
        [*whole[:2], *whole[3:]],
        whole[:-1],
        [],
    ):
        raw.put("R-2", rows)
        for export in (book.export, lambda to: book.packet("R-2", to)):
            with pytest.raises((ChainBroken, NoSuchCase)):
                export(tmp_path / "x.jsonl")
    assert list(tmp_path.iterdir()) == []


NO_ROW = (
    "The history of case 'R-2' was altered: event 10 is there, and the list of cases does not show "
    "the case. Bring it back with mend('R-2', ...), from an export that holds it, or with "
    "accept_loss=True and no file; if there was never such a case, delete its rows from "
    "caseflow_events. See docs/howto-verify.md."
)
NO_EVENTS = (
    "The history of case 'R-2' was altered: event 1 is missing. Put it right with mend(), from an "
    "export that holds it; if there was never such a case, delete its row from caseflow_cases. "
    "See docs/howto-verify.md."
)
GHOSTS = {
    "not listed, in a file": (NO_ROW, lambda book, raw, file: book.mend("R-2", file), 3),
    "not listed, in no file": (
        NO_ROW,
        lambda book, raw, file: book.mend("R-2", accept_loss=True),
        3,
    ),
    "not listed, and never was": (NO_ROW, lambda book, raw, file: raw.put("R-2", []), 2),
    "no events, in a file": (NO_EVENTS, lambda book, raw, file: book.mend("R-2", file), 3),
    "no events, and never had": (NO_EVENTS, lambda book, raw, file: raw.unlist("R-2"), 2),
}
"""Half of a case: what is said of it, what is then done as it says, and how many there are."""


@pytest.mark.parametrize("ghost", GHOSTS)
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_who_does_what_the_refusal_says_exports_and_attests_everything(kind, ghost):
    says, repair, cases = GHOSTS[ghost]
    raw = RAWS[kind]()
    book = played([("bench", ""), ("ready", ""), ("bench", "c")], raw.store)
    before = exported(book)
    if says == NO_ROW:
        raw.unlist("R-2")
    else:
        raw.put("R-2", [])
    with pytest.raises(ChainBroken) as error:
        book.export(io.BytesIO())
    assert str(error.value) == says
    with pytest.raises(ChainBroken, match="'R-2'"):
        book.attest(io.BytesIO())
    repair(book, raw, io.BytesIO(before))
    after = exported(book)
    assert book.attest(io.BytesIO()).cases == cases
    kept = [line for line in before.splitlines()[1:-1] if cases == 3 or b'"R-2"' not in line]
    assert sorted(after.splitlines()[1:-1]) == sorted(kept)
