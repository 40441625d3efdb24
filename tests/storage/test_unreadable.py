"""What cannot be read is refused by name and place, never skipped; what was altered is found."""

import orjson
import pytest

from caseflow import (
    ChainBroken,
    Corrected,
    DamagedPayload,
    NoUpcaster,
    UnknownEventName,
    UnreadableRecord,
    decision,
)
from caseflow.kernel.stored import GENESIS, hash_of, verify_chain
from caseflow.storage import MemoryStorage, Snapshot, SQLStorage
from tests.support.raw import execute, rows_in, snapshots_in
from tests.support.trades import (
    ANA,
    EVENTS,
    ROLES,
    BikeDescribed,
    Clock,
    Inspected,
    QuoteAgreed,
    QuoteSent,
    bring,
    shop,
    shop_book,
)

PLACE = 4
"""The event that is damaged in these tests: the quote."""


@pytest.fixture
def store(any_store):
    return any_store


def alter(store, number, **columns):
    """Change a row behind the store's back, as a careless repair by hand would."""
    if isinstance(store, MemoryStorage):
        rows = rows_in(store, "R-1")
        rows[number - 1] = rows[number - 1]._replace(**columns)
        return
    for name, value in columns.items():
        execute(store, f"UPDATE caseflow_events SET {name} = ? WHERE number = ?", (value, number))


def remove(store, number):
    if isinstance(store, MemoryStorage):
        del rows_in(store, "R-1")[number - 1]
        return
    execute(store, "DELETE FROM caseflow_events WHERE number = ?", (number,))


def damaged(store, **columns):
    """A book on a history with one damaged row, and the error that reading it raises."""
    bring(shop_book(store), "bench")
    alter(store, PLACE, **columns)
    return refused(store)


def refused(store, workflow=shop):
    """The one error that the case and the history of a new book raise."""
    book = type(shop_book(store))(workflow, store, clock=Clock(), roles=ROLES)
    errors = []
    for verb in (book.case, book.history, lambda case_id: book.ask(case_id, "collect", by=ANA)):
        with pytest.raises(UnreadableRecord) as error:
            verb("R-1")
        errors.append(error.value)
    assert len({str(error) for error in errors}) == 1
    assert (errors[0].fields["case_id"], errors[0].fields["number"]) == ("R-1", PLACE)
    return errors[0]


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ("{", "unexpected end of data"),
        ("[]", ""),
        ('{"amount": "much", "share": 1}', "'much' is no int"),
        ('{"amount": 1.5, "share": 1}', "1.5 is no int"),
        ('{"amount": true, "share": 1}', "True is no int"),
        ('{"amount": null, "share": 1}', "None is no int"),
        ('{"share": 1}', "amount"),
        ('{"amount": 1, "share": 1, "tip": 2}', "tip"),
    ],
)
def test_a_damaged_payload(store, payload, problem):
    error = damaged(store, payload=payload)
    assert type(error) is DamagedPayload
    assert str(error).startswith("Event 4 of case 'R-1' ('quote-sent') has a damaged payload: ")
    assert problem in error.fields["problem"]


@pytest.mark.parametrize(
    "columns",
    [
        {"occurred_at": "yesterday"},
        {"recorded_at": "2026-03-02T09:00:00"},
        {"roles": "nobody"},
        {"noted": '[["a"]]'},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_a_damaged_envelope(store, columns):
    assert isinstance(damaged(store, **columns), UnreadableRecord)


def test_an_unknown_name(store):
    error = damaged(store, type="quote-sentt")
    assert type(error) is UnknownEventName
    assert str(error).startswith(
        "Event 4 of case 'R-1' is a 'quote-sentt', which no declared event is called. "
        "Add its class to the workflow (events=[...]). Did you mean 'quote-sent'"
    )


def test_a_version_newer_than_the_program(store):
    error = damaged(store, type_version=2)
    assert type(error) is NoUpcaster
    assert str(error) == (
        "Event 4 of case 'R-1' is 'quote-sent' in version 2, and the class is in version 1. "
        "Update the program that reads it: it is older than the record."
    )


# -- versions of an event --------------------------------------------------------------------


def newer_shop(version, upcasters):
    """The shop with a later version of the quote, which counts in euros and names a currency."""

    @decision("quote-sent", version=version, upcasters=upcasters)
    class QuoteSent:
        euros: int
        currency: str = "EUR"
        share: int = 1

    from caseflow import Stage, Transition, Workflow

    return Workflow(
        "repair-shop",
        version="1",
        stages=[
            Stage("intake", substages=["dropped-off", "looked-at"], initial=True),
            Stage("quoting"),
            Stage("repair", substages=["waiting", "bench"]),
            Stage("done", final=True),
        ],
        transitions=[
            Transition(
                "look", source="intake.dropped-off", to="intake.looked-at", records=Inspected
            ),
            Transition("quote", source="intake.looked-at", to="quoting", records=QuoteSent),
            Transition("agree", source="quoting", to="repair.waiting", records=QuoteAgreed),
            Transition("start", source="repair.waiting", to="repair.bench"),
            Transition("finish", source="repair", to="done"),
        ],
        events=EVENTS,
    ), QuoteSent


def in_euros(payload):
    payload["euros"] = payload.pop("amount") // 100
    return payload


def with_currency(payload):
    return {**payload, "currency": "EUR"}


def test_upcasters_convert_version_by_version(store):
    bring(shop_book(store), "bench")
    workflow, quote = newer_shop(3, {1: in_euros, 2: with_currency})
    book = type(shop_book(store))(workflow, store, clock=Clock())
    assert book.case("R-1").latest(quote) == quote(euros=200, currency="EUR", share=1)
    assert book.history("R-1")[3].event.euros == 200


def test_upcasters_convert_what_a_correction_holds_too(store):
    book = shop_book(store)
    bring(book, "bench")
    book.do("R-1", Corrected(number=4, event=QuoteSent(amount=30_000)), by=ANA)
    workflow, quote = newer_shop(3, {1: in_euros, 2: with_currency})
    book = type(book)(workflow, store, clock=Clock())
    assert book.case("R-1").latest(quote).euros == 300


def test_a_version_without_an_upcaster(store):
    bring(shop_book(store), "bench")
    for upcasters, missing in (({}, 1), ({1: in_euros}, 2)):
        workflow, _ = newer_shop(3, upcasters)
        error = refused(store, workflow)
        assert str(error) == (
            "Event 4 of case 'R-1' is 'quote-sent' in version 1, and the class is in version 3. "
            f"Give QuoteSent an upcaster from version {missing}."
        )


def test_an_upcaster_that_fails_is_a_damaged_payload(store):
    bring(shop_book(store), "bench")
    workflow, _ = newer_shop(2, {1: lambda payload: payload["no such field"]})
    assert "no such field" in refused(store, workflow).fields["problem"]


@pytest.mark.parametrize(
    ("held", "problem"),
    [
        ({"type": "payd", "version": 1, "payload": {"amount": 1}}, "'payd'"),
        ({"type": "paid", "version": 2, "payload": {"amount": 1}}, "version 2"),
        ({"type": "paid", "version": 1, "payload": {"amount": "x"}}, "'x' is no int"),
    ],
)
def test_a_correction_that_holds_something_unreadable(store, held, problem):
    book = shop_book(store)
    bring(book, "looked-at")
    book.do("R-1", Corrected(number=2, event=BikeDescribed(words="y")), by=ANA)
    payload = {"number": 2, "occurred_at": None, "event": held}
    alter(store, 4, payload=orjson.dumps(payload).decode())
    error = refused(store)
    assert problem in str(error)


# -- gaps ------------------------------------------------------------------------------------


def test_a_gap_in_the_rows_is_noticed(store):
    bring(shop_book(store), "bench")
    remove(store, PLACE)
    fresh = shop_book(store)
    for verb in (fresh.case, fresh.history):
        with pytest.raises(ChainBroken) as broken:
            verb("R-1")
        assert str(broken.value) == (
            "The history of case 'R-1' was altered: event 4 is missing. Compare it with a backup "
            "or with an attestation, and put it right with mend(), see docs/howto-verify.md."
        )


def test_a_missing_end_is_noticed_where_the_store_knows_that_there_was_more(tmp_path):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    bring(shop_book(store), "bench")
    remove(store, 7)
    with pytest.raises(ChainBroken, match="event 7 is missing"):
        shop_book(store).case("R-1")
    store.close()


def test_a_missing_beginning_is_noticed(store):
    bring(shop_book(store), "bench")
    remove(store, 1)
    fresh = shop_book(store)
    for verb in (fresh.case, fresh.history):
        with pytest.raises(ChainBroken, match="event 1 is missing"):
            verb("R-1")


# -- snapshots -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: "{",
        lambda text: "null",
        lambda text: text.replace('"format":3', '"format":99'),
        lambda text: text.replace('"state_type":"Shop', '"state_type":"Barn'),
        lambda text: text.replace('"paid":0', '"paid":"much"'),
        lambda text: text.replace('"bike-described"', '"bike-forgotten"'),
    ],
)
def test_a_damaged_snapshot_is_passed_over_and_the_history_folded(damage):
    store = MemoryStorage()
    case_id = bring(shop_book(store, snapshot_every=5), "bench")
    expected = shop_book(store, snapshot_every=0).case(case_id)
    version, text = store.snapshot("agency", case_id)
    assert damage(text) != text
    snapshots_in(store)[case_id] = Snapshot(version, damage(text))
    assert shop_book(store).case(case_id) == expected


def test_a_case_from_a_snapshot_and_its_tail_is_the_case_of_its_history():
    for every in (1, 2, 3, 5, 7):
        store = MemoryStorage()
        book = shop_book(store, snapshot_every=every)
        case_id = bring(book, "collected")
        assert store.snapshot("agency", case_id) is not None
        from_snapshot = shop_book(store, snapshot_every=every).case(case_id)
        snapshots_in(store).clear()
        assert from_snapshot == shop_book(store).case(case_id) == book.case(case_id)


# -- the chain -------------------------------------------------------------------------------


@pytest.fixture
def rows():
    store = MemoryStorage()
    bring(shop_book(store), "collected")
    return list(store.read("agency", "R-1"))


def broken_at(rows):
    with pytest.raises(ChainBroken) as broken:
        verify_chain(rows)
    return broken.value.fields["number"], broken.value.fields["problem"]


def test_an_untouched_history_verifies_to_the_hash_of_its_last_event(rows):
    assert verify_chain(rows) == rows[-1].hash
    assert verify_chain([]) == GENESIS == rows[0].previous_hash


@pytest.mark.parametrize("column", range(22))
def test_a_change_of_any_column_is_found_at_its_event(rows, column):
    name = rows[0]._fields[column]
    if name == "number":
        changed = 77
    elif name == "type_version":
        changed = 2
    else:
        changed = "changed"
    rows[3] = rows[3]._replace(**{name: changed})
    number, problem = broken_at(rows)
    if name == "number":
        assert (number, problem) == (77, "stands where event 4 should")
    else:
        assert (number, problem) == (4, "was changed after it was written")


def test_a_change_with_a_new_hash_is_found_at_the_next_event(rows):
    forged = rows[3]._replace(payload="{}")
    rows[3] = forged._replace(hash=hash_of(forged[:-1]))
    assert broken_at(rows) == (5, "does not follow from the event before it")


def test_a_removed_event_is_found(rows):
    del rows[3]
    assert broken_at(rows) == (5, "stands where event 4 should")


def test_a_removed_event_is_found_though_the_rest_was_renumbered(rows):
    del rows[3]
    renumbered = [row._replace(number=n) for n, row in enumerate(rows, 1)]
    assert broken_at(renumbered) == (4, "does not follow from the event before it")


def test_an_inserted_event_is_found(rows):
    rows.insert(3, rows[3])
    assert broken_at(rows) == (4, "stands where event 5 should")


def test_swapped_events_are_found(rows):
    rows[2], rows[3] = rows[3], rows[2]
    assert broken_at(rows) == (4, "stands where event 3 should")


def test_a_part_of_a_history_verifies_after_the_event_before_it(rows):
    before, part = rows[3], rows[4:]
    for known in (before.hash, None):
        assert verify_chain(part, after=4, previous=known) == rows[-1].hash
    assert verify_chain([], after=4, previous=before.hash) == before.hash
    with pytest.raises(ChainBroken, match="event 5 does not follow from the event before it"):
        verify_chain(part, after=4, previous=rows[2].hash)
    with pytest.raises(ChainBroken, match="event 6 stands where event 5 should"):
        verify_chain(part[1:], after=4, previous=None)


@pytest.mark.parametrize("snapshot_every", [0, 3], ids=["folded", "from a snapshot"])
def test_a_row_that_was_changed_and_still_reads_is_never_taken_for_the_case(store, snapshot_every):
    book = shop_book(store, snapshot_every=snapshot_every, recent=0)
    case_id = bring(book, "quoting")
    number = book.case(case_id).version
    alter(store, number, payload='{"amount":1,"share":1}')
    with pytest.raises(ChainBroken) as broken:
        book.case(case_id)
    assert broken.value.fields["problem"] == "was changed after it was written"
    assert broken.value.fields["number"] == number


def test_a_lost_tail_is_seen_by_the_hash_that_was_kept_elsewhere(rows):
    kept = verify_chain(rows)
    assert verify_chain(rows[:-1]) != kept


def test_two_histories_that_differ_in_one_word_differ_in_their_hashes():
    hashes = []
    for words in ("it clicks", "it clacks"):
        store = MemoryStorage()
        book = shop_book(store)
        bring(book, "dropped-off")
        book.record("R-1", BikeDescribed(words=words), by=ANA)
        hashes.append(verify_chain(store.read("agency", "R-1")))
    assert hashes[0] != hashes[1]
