"""Mending: one damaged case is put right from an export, and no event that is whole is lost."""

import asyncio
import io
from hashlib import sha256
from threading import Event

import attrs
import orjson
import pytest

from caseflow import (
    AsyncCasebook,
    Casebook,
    CaseExists,
    CaseHeld,
    ChainBroken,
    CommandHeld,
    DamagedFile,
    Index,
    InvalidCall,
    KeyMissing,
    OtherVersion,
    OtherWorkflow,
    UnreadableRecord,
)
from caseflow.storage import Head, MemoryKeyStore, MemoryStorage, Query, SubjectCipher
from tests.support.exports import played
from tests.support.tamper import RAWS, carried_out
from tests.support.trades import ANA, ROLES, BikeDescribed, Clock, Paid, shop

CASE = "R-2"
PLAN = [("looked-at", "a"), ("ready", "it squeaks"), ("collected", "c")]


@pytest.fixture(params=RAWS)
def damaged(request):
    """A store, an export of it, and a case that went on after that: to be damaged."""
    raw = RAWS[request.param]()
    book = played(PLAN, raw.store, snapshot_every=4)
    file = io.BytesIO()
    book.export(file)
    book.record(CASE, BikeDescribed(words="later"), by=ANA, command_id="later")
    book.record(CASE, Paid(amount=5), by=ANA)
    return raw, file.getvalue(), book.history(CASE)


def book_on(raw):
    return Casebook(shop, raw.store, clock=Clock(), roles=ROLES, snapshot_every=4)


def forget(raw, case_id):
    """Everything of a case is gone but the feed."""
    raw.put(case_id, [])
    raw.unlist(case_id)


DAMAGES = {
    "an altered event": lambda raw, rows: raw.put(CASE, [rows[0]._replace(actor="x"), *rows[1:]]),
    "events that are gone": lambda raw, rows: raw.put(CASE, [rows[0], *rows[3:]]),
    "another end": lambda raw, rows: raw.set_head(CASE, Head(3, "x")),
    "no place in the list": lambda raw, rows: raw.unlist(CASE),
    "a command that was forgotten": lambda raw, rows: raw.drop_command(f"{CASE}-ready"),
    "nobody's": lambda raw, rows: raw.drop_subject(CASE, "c-1-mother"),
    "an event under a higher number": lambda raw, rows: raw.put(
        CASE, [*rows[:2], rows[2]._replace(number=99), *rows[3:]]
    ),
    "a higher version": lambda raw, rows: raw.set_head(CASE, Head(99, rows[-1].hash)),
    "rows after the end": lambda raw, rows: raw.put(
        CASE, [*rows, rows[1]._replace(number=40), rows[-1]._replace(number=41, hash="x")]
    ),
    "a row of another case": lambda raw, rows: raw.put(
        CASE, [*rows, raw.rows("R-3")[1]._replace(number=len(rows) + 1)]
    ),
    "another list": lambda raw, rows: raw.set_listing(CASE, client="x", stage="x", ended=True),
}


def who_brought_it(case):
    """The client of a case, under whom an index holds it."""
    return case.client


@pytest.mark.parametrize("kind", RAWS)
def test_a_case_that_is_listed_again_is_found_by_its_indexes_at_its_new_place(kind):
    raw, file = RAWS[kind](), io.BytesIO()
    indexed = shop.extend("indexed", version="1", indexes=[Index("brought-by", who_brought_it)])
    book = Casebook(indexed, raw.store, clock=Clock(), roles=ROLES)
    for case_id in ("R-1", "R-2", "R-3"):
        book.open(client=f"c-of-{case_id}", case_id=case_id, by=ANA)
    book.export(file)
    raw.unlist("R-2")
    book.mend("R-2", io.BytesIO(file.getvalue()))
    assert book.verify_all().holds
    assert [one.id for one in book.every(where={"brought-by": "c-of-R-2"})] == ["R-2"]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_count_that_changes_with_it_has_another_token(kind):
    """In memory, what an index holds goes with the case itself."""
    raw, file = RAWS[kind](), io.BytesIO()
    length = Index("length", lambda case: str(case.version))
    book = Casebook(
        shop.extend("long", version="1", indexes=[length]), raw.store, clock=Clock(), roles=ROLES
    )
    book.open(client="c", case_id="R-1", by=ANA)
    book.export(file)
    book.record("R-1", Paid(amount=1), by=ANA)
    before = raw.store.count("agency", "length", "2")
    raw.put("R-1", raw.rows("R-1")[:1])
    raw.unlist("R-1")
    book.mend("R-1", io.BytesIO(file.getvalue()))
    after = raw.store.count("agency", "length", "2")
    assert (before.cases, after.cases) == (1, 0)
    assert before.token != after.token


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_case_is_put_right_with_what_came_after_the_export(damaged, damage):
    raw, export, history = damaged
    feed = raw.store.feed("agency", limit=1_000)
    DAMAGES[damage](raw, raw.rows(CASE))
    there = {row.number for row in raw.rows(CASE)}
    lost = min({one.number for one in history} - there, default=len(history) + 1)
    book = book_on(raw)
    assert not book.verify_all().holds
    book.mend(CASE, io.BytesIO(export))
    assert book.reindex() == 0
    verified = book.verify_all()
    assert verified.holds, verified.explain()
    assert book.history(CASE) == history
    stayed = [one for one in feed if one.event.case_id != CASE or one.event.number < lost]
    shown = raw.store.feed("agency", limit=1_000)
    assert shown[: len(stayed)] == stayed
    assert {one.event for one in shown} == {one.event for one in feed}
    assert len(shown) == len(feed)
    assert [one.number for one in raw.store.command("agency", "later")] == [len(history) - 1]
    assert book.record(CASE, Paid(amount=7), by=ANA).case.version == len(history) + 1
    assert book.mend(CASE, io.BytesIO(export)) == 0


def test_it_says_how_many_events_were_put_right(damaged):
    raw, export, _ = damaged
    rows = raw.rows(CASE)
    raw.put(CASE, [*rows[:2], rows[2]._replace(noted="[ ]"), *rows[4:]])
    assert book_on(raw).mend(CASE, io.BytesIO(export)) == 2


def test_a_case_that_is_gone_is_brought_back_up_to_its_export(damaged):
    raw, export, _ = damaged
    forget(raw, "R-3")
    book = book_on(raw)
    book.mend("R-3", io.BytesIO(export))
    assert book.verify_all().holds
    assert sorted(book.case_ids()) == ["R-1", CASE, "R-3"]


@pytest.mark.parametrize("left", [slice(0, 9), slice(2, 3)])
def test_a_case_of_which_events_are_left_is_not_opened_anew_but_brought_back(damaged, left):
    raw, file, right = damaged
    raw.put(CASE, raw.rows(CASE)[left])
    raw.unlist(CASE)
    before, number = raw.rows(CASE), raw.rows(CASE)[0].number
    with pytest.raises(ChainBroken) as told:
        book_on(raw).open(client="c-9", case_id=CASE, by=ANA)
    assert str(told.value) == (
        f"The history of case {CASE!r} was altered: event {number} is there, and the list of cases "
        f"does not show the case. Bring it back with mend({CASE!r}, ...), from an export that "
        "holds it, or open the new case under another id."
    )
    with pytest.raises(CaseHeld):
        book_on(raw).import_from(io.BytesIO(file))
    assert raw.rows(CASE) == before
    assert raw.store.head("agency", CASE) is None
    book_on(raw).mend(CASE, io.BytesIO(file))
    assert book_on(raw).history(CASE)[:5] == right[:5]
    with pytest.raises(CaseExists):
        book_on(raw).open(client="c-9", case_id=CASE, by=ANA)


def test_a_command_that_is_said_to_be_of_another_case_is_told_in_words_of_mending(damaged):
    raw, file, right = damaged
    raw.set_command(f"{CASE}-ready", "R-1", 1, 1)
    with pytest.raises(CommandHeld) as told:
        book_on(raw).mend(CASE, io.BytesIO(file))
    assert told.value.fields == {"command_id": f"{CASE}-ready", "case_id": CASE}
    raw.drop_command(f"{CASE}-ready")  # as the error says
    assert book_on(raw).mend(CASE, io.BytesIO(file)) == 0
    assert book_on(raw).verify_all().holds
    assert book_on(raw).history(CASE) == right


def test_no_event_that_is_whole_is_lost(damaged):
    """Somebody wrote an end anew, and so that it holds: which is the right one, a person says."""
    raw, export, _ = damaged
    forger = book_on(raw)
    rows = raw.rows(CASE)
    kept = len(rows) - 3
    raw.put(CASE, rows[:kept])
    raw.set_head(CASE, Head(kept, rows[kept - 1].hash))
    forger.record(CASE, Paid(amount=1), by=ANA)
    before = raw.rows(CASE)
    with pytest.raises(ChainBroken) as error:
        book_on(raw).mend(CASE, io.BytesIO(export))
    assert str(error.value) == (
        f"The history of case 'R-2' was altered: event {kept + 1} is whole here, and another one "
        "in the file. Somebody wrote one of the two anew: compare both with a backup or with an "
        "attestation. Nothing was changed."
    )
    assert raw.rows(CASE) == before


def test_what_is_missing_in_the_file_as_well_is_told_and_nothing_is_changed(damaged):
    raw, export, history = damaged
    rows = raw.rows(CASE)
    raw.put(CASE, rows[:-1])
    older = (
        r"\. The file is too old: look for a later export\. Where none has what is lost, "
        r"accept_loss=True lets the case end before it\. Nothing was changed\.$"
    )
    with pytest.raises(ChainBroken, match=f"event {len(history)} is missing, .* file{older}"):
        book_on(raw).mend(CASE, io.BytesIO(export))
    raw.put(CASE, [*rows[:-1], rows[-1]._replace(actor="x")])
    with pytest.raises(ChainBroken, match=f"event {len(history)} was changed .* written{older}"):
        book_on(raw).mend(CASE, io.BytesIO(export))
    assert raw.rows(CASE)[:-1] == rows[:-1]


def test_a_row_that_may_be_of_another_case_or_of_a_lost_end_is_left_out_when_told_to(damaged):
    """Where the case is listed, its end tells that nothing is missing, and the row goes with it."""
    raw, _, history = damaged
    file, rows = io.BytesIO(), raw.rows(CASE)
    book_on(raw).export(file)
    raw.put(CASE, [*rows, raw.rows("R-3")[1]._replace(number=1002)])
    raw.unlist(CASE)
    with pytest.raises(ChainBroken) as error:
        book_on(raw).mend(CASE, io.BytesIO(file.getvalue()))
    assert str(error.value) == (
        "The history of case 'R-2' was altered: event 1002 was changed after it was written. The "
        "file is too old, or another case's row was moved here: where the list does not show a "
        "case, nothing says where it ended. Look for a later export; where none has more of it, "
        "accept_loss=True leaves the row out. Nothing was changed."
    )
    book_on(raw).mend(CASE, io.BytesIO(file.getvalue()), accept_loss=True)
    assert book_on(raw).verify_all().holds
    assert book_on(raw).history(CASE) == history


@pytest.mark.parametrize("with_file", [True, False])
def test_where_no_export_has_it_the_case_may_end_before_what_is_lost(damaged, with_file):
    """And can be worked on again: what is whole up to there is kept."""
    raw, export, history = damaged
    rows = raw.rows(CASE)
    raw.put(CASE, [*rows[:-2], rows[-2]._replace(actor="x"), rows[-1]])
    book = book_on(raw)
    file = io.BytesIO(export) if with_file else None
    assert book.mend(CASE, file, accept_loss=True) == 0
    assert book.history(CASE) == history[:-2]
    book.reindex()
    assert book.verify_all().holds
    assert (
        book.record(CASE, Paid(amount=7), by=ANA, command_id="later").case.version == len(rows) - 1
    )
    assert book.verify_all().holds


def test_a_loss_is_not_accepted_by_the_way(damaged):
    """Nothing is lost where nothing is damaged, and another history is no loss."""
    raw, export, history = damaged
    assert book_on(raw).mend(CASE, io.BytesIO(export), accept_loss=True) == 0
    assert book_on(raw).mend(CASE, accept_loss=True) == 0
    assert book_on(raw).history(CASE) == history
    with pytest.raises(InvalidCall, match=r"^mend\('R-2'\) without a file has nothing to put the"):
        book_on(raw).mend(CASE)
    rows = raw.rows(CASE)
    raw.put(CASE, [rows[0]._replace(actor="x"), *rows[1:]])
    with pytest.raises(ChainBroken, match=r"event 1 is missing or .* delete its rows from"):
        book_on(raw).mend(CASE, accept_loss=True)
    assert raw.rows(CASE)[1:] == rows[1:]


def test_a_row_that_was_moved_here_goes_back_to_its_case_with_the_packet_of_that(damaged):
    raw, export, history = damaged
    for amount in range(4):
        book_on(raw).record("R-3", Paid(amount=amount), by=ANA)
    packet = io.BytesIO()
    book_on(raw).packet("R-3", packet)
    *rest, moved = raw.rows("R-3")
    assert moved.number > len(history)
    raw.put("R-3", rest)
    raw.put(CASE, [*raw.rows(CASE), moved])
    assert len(book_on(raw).verify_all().findings) == 2
    assert book_on(raw).mend(CASE, io.BytesIO(export)) == 0
    assert book_on(raw).mend("R-3", io.BytesIO(packet.getvalue())) == 1
    assert book_on(raw).history(CASE) == history
    assert raw.rows("R-3") == [*rest, moved]
    assert book_on(raw).verify_all().holds


def test_rows_after_an_end_that_is_not_known_are_left_for_a_person_to_judge(damaged):
    """An event that was recorded after the export, and damaged, would look the same."""
    raw, export, _ = damaged
    rows = raw.rows(CASE)
    raw.put(CASE, [*rows, rows[-1]._replace(number=40, hash="x")])
    raw.set_head(CASE, Head(40, "x"))
    before = raw.rows(CASE)
    with pytest.raises(ChainBroken, match=r"event 40 was changed .* The file is too old"):
        book_on(raw).mend(CASE, io.BytesIO(export))
    raw.put(CASE, rows)
    with pytest.raises(ChainBroken, match=r"missing, here and in the file\. The file is too old"):
        book_on(raw).mend(CASE, io.BytesIO(export))
    assert (before[:-1], raw.rows(CASE)) == (rows, rows)


def test_a_file_with_two_histories_of_the_case(damaged):
    """Which is the right one, nobody could tell: the last is not taken for it."""
    raw, export, _ = damaged
    header, *lines = export.splitlines(keepends=True)[:-1]
    first = next(n for n, line in enumerate(lines) if b'"R-2"' in line)
    copy = [line for line in lines[first:] if b'"R-2"' in line]
    content = [header, *lines, *copy]
    counts = {"cases": 4, "events": len(lines) - 3 + len(copy) - 1}
    end = {**counts, "sha256": sha256(b"".join(content)).hexdigest()}
    twice = b"".join(content) + orjson.dumps(end) + b"\n"
    told = rf"^Line {len(content)} of the stream \(case 'R-2'\) ends a second history of it\. "
    with pytest.raises(DamagedFile, match=told):
        book_on(raw).mend(CASE, io.BytesIO(twice))
    assert book_on(raw).mend("R-3", io.BytesIO(twice)) == 0


def test_a_file_without_the_case(damaged):
    raw, export, _ = damaged
    with pytest.raises(InvalidCall, match=r"The stream holds no case 'R-9'. Give an export or a"):
        book_on(raw).mend("R-9", io.BytesIO(export))


def test_it_begins_again_where_somebody_writes_meanwhile(damaged):
    raw, export, history = damaged
    rows = raw.rows(CASE)
    raw.put(CASE, [rows[0]._replace(actor="x"), *rows[1:]])
    work = book_on(raw)._middle.mending.mend(CASE, io.BytesIO(export), accept_loss=False)
    written = []

    def write(call):
        if call.method == "mend" and not written:
            written.append(call)
            raw.put(CASE, rows)
            book_on(raw).record(CASE, Paid(amount=9), by=ANA)
            raw.put(CASE, [rows[0]._replace(actor="x"), *raw.rows(CASE)[1:]])

    assert carried_out(work, raw.store, write) == 1
    assert len(book_on(raw).history(CASE)) == len(history) + 1
    assert book_on(raw).verify_all().holds


def test_awaiting_gives_the_same(damaged):
    raw, export, history = damaged
    DAMAGES["an altered event"](raw, raw.rows(CASE))
    book = AsyncCasebook(shop, raw.store, clock=Clock(), roles=ROLES)

    async def scenario():
        return await book.mend(CASE, io.BytesIO(export)), await book.history(CASE)

    assert asyncio.run(scenario()) == (1, history)


# -- a book that cannot read the case leaves it as it is -------------------------------------------


def test_a_book_of_another_workflow_leaves_the_case_to_its_own(damaged):
    """It could not list it: what the file says may be of before somebody was erased."""
    raw, export, _ = damaged
    rows = raw.rows(CASE)
    raw.put(CASE, [rows[0]._replace(actor="x"), *rows[1:]])
    before = everything(raw)
    other = Casebook(shop.extend("another-trade", version="1"), raw.store, roles=ROLES)
    with pytest.raises(OtherWorkflow, match="runs under workflow 'repair-shop', not 'another-tr"):
        other.mend(CASE, io.BytesIO(export))
    assert everything(raw) == before


CLEAR = (
    "The stream holds event 1 of case 'R-2' in the clear, and this book seals what it writes. "
    "Give an export that was made since it was sealed; where it never was, mend it with a book "
    "without a cipher. Nothing was changed."
)


@pytest.mark.parametrize("kind", RAWS)
def test_nothing_comes_back_in_the_clear_that_was_sealed(kind):
    before, raw, keys = io.BytesIO(), RAWS[kind](), MemoryKeyStore()
    played(PLAN, MemoryStorage()).export(before)
    book = Casebook(shop, raw.store, cipher=SubjectCipher(keys), clock=Clock(), roles=ROLES)
    book.import_from(io.BytesIO(before.getvalue()), seal=True)
    raw.put(CASE, [])
    raw.unlist(CASE)
    with pytest.raises(InvalidCall) as error:
        book.mend(CASE, io.BytesIO(before.getvalue()))
    assert str(error.value) == CLEAR
    assert raw.store.head("agency", CASE) is None


@pytest.mark.parametrize("kind", RAWS)
def test_what_stands_in_the_clear_is_put_right_as_it_was(kind):
    """A cipher came late, and nobody sealed what was there: nothing more is in the clear then."""
    export, raw = io.BytesIO(), RAWS[kind]()
    history = played(PLAN, raw.store).history(CASE)
    cipher = SubjectCipher(MemoryKeyStore())
    book = Casebook(shop, raw.store, cipher=cipher, clock=Clock(), roles=ROLES)
    book.record(CASE, BikeDescribed(words="sealed"), by=ANA)
    book.export(export)
    rows = raw.rows(CASE)
    raw.put(CASE, [rows[0]._replace(actor="x"), *rows[1:-1], rows[-1]._replace(actor="x")])
    assert book.mend(CASE, io.BytesIO(export.getvalue())) == 2
    assert raw.rows(CASE) == rows
    assert book.history(CASE)[:-1] == history


def failing(case):
    raise LookupError("no such index")


UNABLE = {
    "no cipher": (UnreadableRecord, "there is no cipher", shop, lambda keys: None),
    "the wrong keys": (
        KeyMissing,
        "Event 1 of case 'R-2' cannot be read",
        shop,
        lambda keys: SubjectCipher(MemoryKeyStore()),
    ),
    "another version": (
        OtherVersion,
        "pinned to version",
        attrs.evolve(shop, version="99"),
        SubjectCipher,
    ),
    "an index that fails": (
        InvalidCall,
        "Index 'failing' fails on case 'R-2': LookupError: no such index",
        attrs.evolve(shop, indexes=(Index("failing", of=failing),)),
        SubjectCipher,
    ),
}


@pytest.mark.parametrize("gone", [False, True], ids=["damaged", "gone"])
@pytest.mark.parametrize("kind", RAWS)
@pytest.mark.parametrize("why", UNABLE)
def test_what_the_book_could_not_list_is_left_as_it_is(kind, why, gone):
    error, told, workflow, cipher = UNABLE[why]
    raw, keys = RAWS[kind](), MemoryKeyStore()
    file = io.BytesIO()
    whole = played(PLAN, raw.store, cipher=SubjectCipher(keys), snapshot_every=4)
    whole.export(file)
    history = whole.history(CASE)
    raw.put(CASE, [] if gone else [raw.rows(CASE)[0]._replace(actor="x"), *raw.rows(CASE)[1:]])
    if gone:
        raw.unlist(CASE)
    before = everything(raw)
    book = Casebook(workflow, raw.store, cipher=cipher(keys), clock=Clock(), roles=ROLES)
    with pytest.raises(error, match=told):
        book.mend(CASE, io.BytesIO(file.getvalue()))
    assert everything(raw) == before
    able = Casebook(shop, raw.store, cipher=SubjectCipher(keys), clock=Clock(), roles=ROLES)
    able.mend(CASE, io.BytesIO(file.getvalue()))
    assert able.verify_all().holds
    assert able.history(CASE) == history


def everything(raw):
    """All that a store has of the case."""
    agency = "agency"
    return (
        raw.rows(CASE),
        raw.snapshot(CASE),
        raw.store.head(agency, CASE),
        raw.store.find(agency, Query(), limit=100),
        (raw.store.command(agency, f"{CASE}-ready"), raw.store.feed(agency, limit=1_000))
        if raw.rows(CASE)
        else None,
    )


# -- nobody takes what was altered for what was written --------------------------------------------


@pytest.mark.parametrize("column", ["actor", "workflow"])
def test_an_altered_event_is_told_of_by_history_feed_consumers_and_no_attestation(damaged, column):
    raw, _, _ = damaged
    rows = raw.rows(CASE)
    raw.store.feed("agency", limit=1)
    raw.put(CASE, [*rows[:2], rows[2]._replace(**{column: "other"}), *rows[3:]])
    book = book_on(raw)
    told = "event 3 was changed after it was written"
    with pytest.raises(ChainBroken, match=told):
        book.history(CASE)
    with pytest.raises(ChainBroken, match=told):
        list(book.feed())
    with pytest.raises(ChainBroken, match=told):
        book.follow("mail", lambda _: None, stop=Event())
    with pytest.raises(ChainBroken, match="event 3 does not hold"):
        book.attest(io.BytesIO())
