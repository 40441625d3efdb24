"""What `verify` finds: the first event altered, and whatever is derived and no longer fits.

Each way to alter a store is also tried with the check that finds it blinded: then nothing is
found, so that every check is seen to be needed.
"""

from contextlib import suppress

import pytest

from caseflow import (
    Casebook,
    CaseflowError,
    ChainBroken,
    Corrected,
    Entry,
    InvalidCall,
    NoSuchCase,
    Stage,
    Transition,
    Workflow,
)
from caseflow.casebook.keeping import audit, examining
from caseflow.kernel.stored import StoredEvent, hash_of, verify_chain
from caseflow.storage import Head
from tests.support.tamper import RAWS, carried_out
from tests.support.trades import (
    ANA,
    BOSS,
    EVENTS,
    ROLES,
    BikeDescribed,
    Clock,
    Paid,
    bring,
    shop,
    shop_book,
)

CASE = "R-2"
PLACE = 4
"""The event that is altered: the quote."""

other_trade = Workflow(
    "lending",
    version="1",
    stages=[Stage("out", initial=True), Stage("back", final=True)],
    transitions=[Transition("return", source="out", to="back")],
)


MOTHER = Entry(BikeDescribed(words="it is mine"), subject="her-mother")


@pytest.fixture(params=RAWS)
def raw(request):
    """A store with three repairs."""
    return repairs(RAWS[request.param]())


def repairs(raw):
    """Three repairs; the second has commands, a second subject and a snapshot."""
    book = shop_book(raw.store, snapshot_every=5)
    bring(book, "looked-at", client="customer-1")
    bring(book, "bench", client="customer-2")
    book.record(CASE, MOTHER, by=ANA, command_id="told")
    book.record(CASE, Paid(amount=500), by=ANA, command_id="paid")
    bring(book, "dropped-off", client="customer-3")
    return raw


def book_on(raw, workflow=shop):
    """A book that remembers nothing of what was altered."""
    return Casebook(workflow, raw.store, clock=Clock(), roles=ROLES)


def the_finding(raw, *, whole=True):
    """The one thing that is found, by both verbs (events that are gone also leave the feed)."""
    book = book_on(raw)
    everywhere = book.verify_all()
    found, *more = everywhere.findings
    assert {one.code for one in more} <= {"feed-differs", "list-differs"}, everywhere.explain()
    if whole:
        assert book.verify(CASE).findings == (found,)
    return found


def altered(raw, number, **columns):
    rows = raw.rows(CASE)
    rows[number - 1] = rows[number - 1]._replace(**columns)
    raw.put(CASE, rows)


def rehashed(rows):
    """Rows with the hashes that a forger would give them."""
    done, previous = [], ""
    for row in rows:
        columns = (*row[:-2], previous)
        done.append(StoredEvent(*columns, hash=hash_of(columns)))
        previous = done[-1].hash
    return done


# -- nothing is wrong ------------------------------------------------------------------------


def test_what_was_not_altered_holds(raw):
    verified = book_on(raw).verify_all()
    assert verified.holds
    assert (verified.cases, verified.events, verified.by_chain_only) == (3, 13, 0)
    assert verified.explain() == (
        "3 cases of agency 'agency' with 13 events verified: nothing was found.\n"
        "Without an attestation it is not seen that a case is gone, that the end of a history "
        "was cut off, or that all of it was written anew."
    )
    one = book_on(raw).verify(CASE)
    assert (one.holds, one.cases, one.events) == (True, 1, 9)


def test_verifying_writes_nothing(raw):
    before = repr(raw.__dict__["store"].__dict__)
    book_on(raw).verify_all()
    assert repr(raw.__dict__["store"].__dict__) == before


def test_a_case_that_is_not_there(raw):
    with pytest.raises(NoSuchCase, match="There is no case 'R-9'"):
        book_on(raw).verify("R-9")
    with pytest.raises(InvalidCall, match=r"case_id=None is no id"):
        book_on(raw).verify(None)


def test_an_empty_store_holds():
    verified = shop_book(RAWS["memory"]().store).verify_all()
    assert (verified.holds, verified.cases) == (True, 0)


# -- inside a history ------------------------------------------------------------------------


PLACES = pytest.mark.parametrize("number", [1, PLACE, 9], ids=["first", "inside", "last"])
KEY = ("agency", "case_id", "number")
"""Where one of these is changed, a database finds the row in another place, or not at all."""


@pytest.mark.parametrize("column", KEY[:2])
@PLACES
def test_an_event_that_names_another_place_is_found(column, number):
    raw = RAWS["memory"]()
    bring(shop_book(raw.store), "looked-at")
    bring(shop_book(raw.store, new_id=lambda: CASE), "collected")
    altered(raw, number, **{column: "elsewhere"})
    found = the_finding(raw, whole=number > 1)
    assert (found.code, found.case_id, found.number) == ("chain-broken", CASE, number)


@pytest.mark.parametrize("column", [name for name in StoredEvent._fields if name not in KEY])
@PLACES
def test_a_changed_column_is_found_at_its_event(raw, column, number):
    before = getattr(raw.rows(CASE)[number - 1], column)
    altered(raw, number, **{column: before + 1 if isinstance(before, int) else f"{before}x"})
    found = the_finding(raw, whole=number > 1)
    assert (found.code, found.case_id) == ("chain-broken", CASE)
    assert found.number == number
    assert str(found).startswith(f"The history of case 'R-2' was altered: event {number} ")


def test_a_removed_event_is_found(raw):
    rows = raw.rows(CASE)
    raw.put(CASE, [row for row in rows if row.number != PLACE])
    found = the_finding(raw)
    assert (found.code, found.number) == ("chain-broken", PLACE + 1)
    assert "event 5 stands where event 4 should" in str(found)


def test_a_removed_event_is_found_when_the_others_are_numbered_anew(raw):
    rows = raw.rows(CASE)
    del rows[PLACE - 1]
    raw.put(CASE, [row._replace(number=n) for n, row in enumerate(rows, 1)])
    assert (the_finding(raw).code, the_finding(raw).number) == ("chain-broken", PLACE)


def test_swapped_events_are_found_at_the_first_of_them(raw):
    rows = raw.rows(CASE)
    one, other = rows[PLACE - 1], rows[PLACE + 1]
    rows[PLACE - 1] = other._replace(number=one.number)
    rows[PLACE + 1] = one._replace(number=other.number)
    raw.put(CASE, rows)
    assert (the_finding(raw).code, the_finding(raw).number) == ("chain-broken", PLACE)


def test_an_inserted_event_is_found(raw):
    rows = raw.rows(CASE)
    rows.insert(PLACE, rows[PLACE - 1])
    head = [row._replace(number=n) for n, row in enumerate(rows, 1)]
    forged = rehashed(head[: PLACE + 1]) + head[PLACE + 1 :]  # whole up to where it was inserted
    raw.put(CASE, forged)
    found = the_finding(raw)
    assert (found.code, found.number) == ("chain-broken", PLACE + 2)
    assert "does not follow from the event before it" in str(found)


def test_a_history_of_another_case_is_found_in_its_place(raw):
    raw.put(CASE, raw.rows("R-1"))
    found = the_finding(raw, whole=False)
    assert (found.case_id, found.number) == (CASE, 1)
    told = "belongs to another case" if raw.rows(CASE)[0].case_id == "R-1" else "was changed"
    assert f"event 1 {told}" in str(found)


# -- the end of a history --------------------------------------------------------------------


def test_a_lost_tail_is_found_where_the_store_knows_of_it(raw):
    raw.put(CASE, raw.rows(CASE)[:-2])
    assert "event 8 is missing" in str(the_finding(raw))


def test_a_history_that_is_gone_is_found_where_the_store_knows_of_it(raw):
    raw.put(CASE, [])
    assert "event 1 is missing" in str(the_finding(raw))


def test_an_event_that_nobody_acknowledged_is_found(raw):
    rows = raw.rows(CASE)
    raw.put(CASE, rehashed([*rows, rows[-1]._replace(number=10)]))
    assert "event 10 stands after the last that was written" in str(the_finding(raw))


def test_a_last_event_that_is_another_one_is_found(raw):
    rows = raw.rows(CASE)
    raw.put(CASE, rehashed([*rows[:-1], rows[-1]._replace(payload='{"amount":900}')]))
    assert verify_chain(raw.rows(CASE)), "by itself it is whole"
    assert "event 9 is not the last event that was written" in str(the_finding(raw))


# -- what cannot be read ---------------------------------------------------------------------


def forge(raw, number, **columns):
    """Alter an event, and everything after it so that the chain holds."""
    rows = raw.rows(CASE)
    rows[number - 1] = rows[number - 1]._replace(**columns)
    raw.put(CASE, rehashed(rows))
    raw.set_head(CASE, Head(len(rows), raw.rows(CASE)[-1].hash))
    for command_id in ("told", "paid"):  # in memory, commands hold rows of their own
        with suppress(AttributeError, KeyError):
            number = {"told": 8, "paid": 9}[command_id]
            raw._kept.commands[command_id] = (raw.rows(CASE)[number - 1],)


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"payload": "{"}, "damaged-payload"),
        ({"payload": '{"amount":"much","share":1}'}, "damaged-payload"),
        ({"type": "quote-sentt"}, "unknown-event-name"),
        ({"type_version": 7}, "no-upcaster"),
    ],
)
def test_what_cannot_be_read_is_told_by_name_and_not_raised(raw, columns, code):
    forge(raw, PLACE, **columns)
    found = the_finding(raw)
    assert (found.code, found.case_id, found.number) == (code, CASE, PLACE)


def test_a_version_that_the_book_does_not_hold(raw):
    newer = shop.extend("repair-shop", version="2")
    verified = book_on(raw, newer).verify_all()
    assert {found.code for found in verified.findings} == {"other-version"}
    assert "Give the book that version" in str(verified.findings[0])


def test_cases_of_another_workflow_are_verified_by_their_chain(raw):
    verified = book_on(raw, other_trade).verify_all()
    assert (verified.holds, verified.cases, verified.by_chain_only) == (True, 3, 3)
    assert "3 cases of other workflows: chain only." in verified.explain()
    altered(raw, PLACE, payload="{}")
    assert [f.number for f in book_on(raw, other_trade).verify_all().findings] == [PLACE]


def test_a_state_that_fails_is_told(raw):
    class Failing:
        def fold(self, recorded):
            raise ZeroDivisionError("so it goes")

    decisions = [cls for cls in shop.event_types if cls not in EVENTS]
    failing = Workflow(
        "repair-shop",
        version="1",
        state=Failing,
        stages=[Stage("intake", initial=True, decides=decisions), Stage("gone", final=True)],
        transitions=[Transition("go", source="intake", to="gone")],
        events=EVENTS,
    )
    found = Casebook(failing, raw.store).verify_all().findings
    assert {one.code for one in found} == {"cannot-be-folded"}
    assert "ZeroDivisionError: so it goes" in str(found[0])


# -- what is derived -------------------------------------------------------------------------


def test_an_altered_snapshot_is_found(raw):
    kept = raw.snapshot(CASE)
    raw.set_snapshot(CASE, kept._replace(text=kept.text.replace('"price":20000', '"price":1')))
    assert shop_book(raw.store, snapshot_every=5).case(CASE).state.price == 1, "it is believed"
    found = the_finding(raw)
    assert (found.code, found.number) == ("snapshot-differs", kept.version)


def test_a_snapshot_that_says_another_version_is_found(raw):
    kept = raw.snapshot(CASE)
    for version in (kept.version - 1, 99, 0):
        raw.set_snapshot(CASE, kept._replace(version=version))
        assert the_finding(raw).code == "snapshot-differs"


def test_a_snapshot_that_cannot_be_read_is_found(raw):
    kept = raw.snapshot(CASE)
    raw.set_snapshot(CASE, kept._replace(text=kept.text[:-1]))
    assert the_finding(raw).code == "snapshot-differs"


def test_a_snapshot_of_another_make_is_counted_and_nobody_uses_it(raw):
    truth = book_on(raw).case(CASE)
    kept = raw.snapshot(CASE)
    raw.set_snapshot(CASE, kept._replace(text=kept.text.replace('"format":3', '"format":0')))
    verified = book_on(raw).verify_all()
    assert (verified.holds, verified.unused_snapshots) == (True, 1)
    assert book_on(raw).case(CASE) == truth


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"stage": "ready"}, "says stage 'ready' of case 'R-2', and its history says 'repair'"),
        ({"position": "ready"}, "says position 'ready'"),
        ({"ended": True}, "says ended True"),
        ({"due_at": "2026-01-01T00:00:00.000000+00:00"}, "says due_at"),
        ({"keys": (("lead", "mo"),)}, "says keys"),
        ({"workflow": "lending"}, "says workflow 'lending'"),
        ({"workflow_version": "9"}, "says workflow_version '9'"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_an_altered_list_is_found(raw, columns, says):
    raw.set_listing(CASE, **columns)
    found = the_finding(raw)
    assert found.code == "list-differs"
    assert says in str(found)
    assert str(found).endswith("Run reindex().")


def test_a_case_listed_under_another_client_is_found(raw):
    raw.set_listing(CASE, client="somebody")
    assert [f.code for f in book_on(raw).verify(CASE).findings] == ["list-differs"]
    assert [f.code for f in book_on(raw).verify_all().findings] == ["list-differs"]


def test_a_subject_under_whom_a_case_is_no_longer_found(raw):
    raw.drop_subject(CASE, "her-mother")
    assert "does not show case 'R-2' under its subject 'her-mother'" in str(the_finding(raw))


def test_a_command_that_was_forgotten_is_found(raw):
    raw.drop_command("told")
    found = the_finding(raw)
    assert (found.code, found.number) == ("command-differs", 8)
    assert "Command 'told' wrote event 8 of case 'R-2'" in str(found)


BESIDE = {
    "too many": (8, 9, "event 9 bears the command id 'paid'"),
    "another's": (9, 9, "event 9 bears the command id 'paid'"),
    "too few": (3, 7, "event 3 bears the command id None"),
}


@pytest.mark.parametrize("why", BESIDE)
def test_a_command_that_is_said_to_have_written_other_events_is_found_and_never_answered(raw, why):
    first, last, says = BESIDE[why]
    raw.set_command("told", CASE, first, last)
    found = the_finding(raw)
    assert (found.code, found.number) == ("command-differs", 8)
    with pytest.raises(ChainBroken) as told:
        book_on(raw).record(CASE, MOTHER, by=ANA, command_id="told")
    assert f"{says}, which does not fit what the store says that command 'told'" in str(told.value)


def test_an_event_of_a_command_that_the_store_leaves_out_is_told(raw):
    pair = (Paid(amount=1), Paid(amount=2))
    shop_book(raw.store).record(CASE, *pair, by=ANA, command_id="both")
    raw.set_command("both", CASE, 10, 10)
    assert (the_finding(raw).code, the_finding(raw).number) == ("command-differs", 10)
    with pytest.raises(ChainBroken, match="event 11 bears the command id 'both', which does not"):
        book_on(raw).record(CASE, *pair, by=ANA, command_id="both")


@pytest.mark.parametrize("kind", sorted({*RAWS} - {"memory"}))
@pytest.mark.parametrize(("first", "last", "missing"), [(9, 10, 10), (9, 8, 9), (10, 12, 10)])
def test_a_command_that_is_said_to_have_written_what_is_not_there(kind, first, last, missing):
    raw = repairs(RAWS[kind]())
    raw.set_command("paid", CASE, first, last)
    assert (the_finding(raw).code, the_finding(raw).number) == ("command-differs", 9)
    with pytest.raises(ChainBroken) as told:
        book_on(raw).record(CASE, Paid(amount=500), by=ANA, command_id="paid")
    assert (
        f"event {missing} is missing, which command 'paid' is said to have written. Compare it"
    ) in str(told.value)
    book_on(raw).record(CASE, Paid(amount=1), by=ANA)  # now it is there, and somebody else's
    with pytest.raises(ChainBroken):
        book_on(raw).record(CASE, Paid(amount=500), by=ANA, command_id="paid")


# -- the whole -------------------------------------------------------------------------------


def test_an_event_that_the_feed_does_not_show_is_found(raw):
    raw.drop_feed(6)
    codes = {found.code for found in book_on(raw).verify_all().findings}
    assert codes == {"feed-differs"}


def test_a_feed_that_shows_events_out_of_order_is_found(raw):
    raw.swap_feed(5, 6)
    found = the_finding(raw, whole=False)
    assert (found.code, found.case_id) == ("feed-differs", CASE)
    assert "shows an event of case 'R-2' at position 5 a second time, or before" in str(found)


def test_a_case_that_is_no_longer_listed_is_found_in_the_feed(raw):
    raw.unlist(CASE)
    found = the_finding(raw, whole=False)
    assert (found.code, found.case_id) == ("list-differs", CASE)
    assert "does not show case 'R-2', of which there are events, up to number 9" in str(found)


def test_every_fault_is_told_one_for_each_case(raw):
    for case_id in ("R-1", "R-3"):
        rows = raw.rows(case_id)
        raw.put(case_id, [rows[0]._replace(payload="{}"), *rows[1:]])
    raw.set_listing(CASE, stage="ready")
    verified = book_on(raw).verify_all()
    assert [(one.code, one.case_id) for one in verified.findings] == [
        ("chain-broken", "R-1"),
        ("list-differs", "R-2"),
        ("chain-broken", "R-3"),
    ]
    assert "3 findings.\n- The history of case 'R-1' was altered" in verified.explain()


def test_each_case_is_asked_for_a_fixed_number_of_times_however_many_its_client_has():
    raw = RAWS["memory"]()
    book = shop_book(raw.store)
    asked = []
    for _ in range(3):
        for _ in range(5):
            bring(book, "dropped-off", client="customer-1")
        calls = []
        carried_out(book_on(raw)._middle.audit.verify_all(None, None), raw.store, calls.append)
        asked.append(len(calls))
    assert asked[2] - asked[1] == asked[1] - asked[0]


# -- others write at the same time -----------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "moment"),
    [*(("all", moment) for moment in range(1, 15)), *(("one", moment) for moment in range(1, 8))],
)
def test_writers_in_between_are_no_findings(raw, verb, moment):
    """Just before any call of verifying on the store, somebody writes, and opens a case."""
    book = book_on(raw)
    desk = Casebook(shop, raw.store, clock=Clock(), roles=ROLES, snapshot_every=1)
    audit_of = book._middle.audit
    work = audit_of.verify(CASE) if verb == "one" else audit_of.verify_all(None, None)

    calls = []

    def write(call):
        calls.append(call)
        if len(calls) == moment:
            desk.open(client=f"customer-{moment}", by=ANA, command_id=f"open-{moment}")
            desk.record(CASE, Paid(amount=moment), by=ANA, command_id=f"more-{moment}")
            desk.do("R-1", Corrected(number=2, event=BikeDescribed(words="y")), by=BOSS)

    verified = carried_out(work, raw.store, write)
    assert verified.holds, verified.explain()
    assert len(calls) >= moment


# -- every check is needed -------------------------------------------------------------------


def forge_last(raw):
    """Another last event, and a command that answers with it; only the end is left as it was."""
    head = raw.store.head("agency", CASE)
    forge(raw, 9, payload='{"amount":900}')
    raw.set_head(CASE, head)


BLINDED = {
    "the chain": (
        examining,
        "chain",
        lambda *_: None,
        lambda raw: altered(raw, 7, actor="somebody"),
    ),
    "the end": (examining, "end", lambda *_: None, forge_last),
    "commands": (
        examining,
        "commands",
        lambda *_: nothing(),
        lambda raw: raw.drop_command("paid"),
    ),
    "the snapshot": (
        examining,
        "snapshot",
        lambda *_: "holds",
        lambda raw: raw.set_snapshot(CASE, raw.snapshot(CASE)._replace(version=3)),
    ),
    "the list": (
        examining,
        "listing",
        lambda *_: [],
        lambda raw: raw.set_listing(CASE, stage="ready"),
    ),
    "the feed": (audit.Audit, "_loose_ends", lambda *_: nothing(), lambda raw: raw.swap_feed(5, 6)),
    "loose ends": (
        audit.Audit,
        "_loose_ends",
        lambda *_: nothing(),
        lambda raw: raw.unlist(CASE),
    ),
}


def nothing():
    """A piece of work that asks nothing and finds nothing."""
    return []
    yield


@pytest.mark.parametrize("check", BLINDED)
def test_without_a_check_what_it_finds_goes_unnoticed(raw, check, monkeypatch):
    """Planted: verifying that leaves out one of its checks."""
    where, name, blind, alter = BLINDED[check]
    alter(raw)
    assert not book_on(raw).verify_all().holds
    monkeypatch.setattr(where, name, blind)
    assert book_on(raw).verify_all().holds


def test_loading_tells_a_case_or_an_error_of_ours_whatever_was_altered(raw):
    for number in range(1, 10):
        altered(raw, number, payload="\x01")
        with suppress(CaseflowError):
            book_on(raw).case(CASE)
