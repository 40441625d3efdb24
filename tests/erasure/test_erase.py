"""Erasing: what has to be kept comes first; then it is gone, and everything else goes on."""

import asyncio
from datetime import datetime, timedelta

import attrs
import pytest
from hypothesis import given, settings

from caseflow import (
    ERASED,
    AsyncCasebook,
    Casebook,
    Entry,
    ErasedInFold,
    ErasureRefused,
    Index,
    InvalidCall,
    MomentInvalid,
    Retention,
    StoreError,
    SubjectErased,
)
from caseflow.casebook.recent import Loaded, RecentCases
from caseflow.casework import (
    ContactAttempted,
    EligibilityDetermined,
    Enrolled,
    LegalHoldLifted,
    LegalHoldPlaced,
    NeedIdentified,
    OutreachMade,
    ReferralReceived,
    StrengthIdentified,
    legal_holds,
)
from caseflow.kernel.snapshot import open_snapshot, subjects_of
from caseflow.stages import six_stage
from caseflow.storage import (
    MemoryKeyStore,
    MemoryStorage,
    Query,
    SQLiteKeyStore,
    SQLStorage,
    SubjectCipher,
    verify_chain,
)
from caseflow.testing import Clock as SetClock
from caseflow.testing import histories
from caseflow.testing.casework import PAYLOADS
from tests.erasure.test_keys import ERASING
from tests.erasure.test_rows import Careful, Loud, Noted, of
from tests.properties.test_stores_and_books_agree import carried_out
from tests.support.owing import owing, told_of_what_is_due
from tests.support.traces import telling_book
from tests.support.trades import START, BikeDescribed, Clock, Paid, bring, shop_book

YEARS = timedelta(days=365)


def five_years(case):
    """Five years from when the case was closed; an open case has no date yet."""
    return case.path[-1].occurred_at + 5 * YEARS if case.stage == "closed" else None


KEPT = Retention(until=five_years, hold=legal_holds)


@pytest.fixture
def keys():
    return MemoryKeyStore()


@pytest.fixture
def store():
    return MemoryStorage()


@pytest.fixture
def book(store, keys):
    return telling_book(store, SubjectCipher(keys), retention=KEPT)


def filled(book, client="P-1", **options):
    """A case with something personal in it; its id."""
    case_id = book.open(client=client, by="ana", **options).case.id
    book.record(
        case_id,
        NeedIdentified(number=1, description="rent in arrears"),
        Entry(ContactAttempted(note="of a child"), subject="child-1"),
        by="ana",
    )
    return case_id


@settings(max_examples=12)
@given(history=histories(owing, payloads=PAYLOADS))
def test_what_is_due_is_told_as_before_once_the_client_was_erased(history):
    """By whom and by when, what was kept and what was missed: none of it is anybody's data."""
    clock = SetClock()
    cipher, kept = SubjectCipher(MemoryKeyStore()), Retention()
    book = Casebook(owing, MemoryStorage(), cipher=cipher, retention=kept, clock=clock)
    carried_out(book, clock, history)
    before = told_of_what_is_due(book, "case-1", clock.now)
    book.erase(history[0].event.client, by="boss", reason="asked")
    assert told_of_what_is_due(book, "case-1", clock.now) == before


# -- what has to be kept ---------------------------------------------------------------------


def test_everything_that_speaks_against_it_is_told_and_nothing_is_erased(book, store, keys):
    first, second, third = (filled(book, case_id=f"c{n}") for n in (1, 2, 3))
    book.record(first, LegalHoldPlaced(name="audit-2026"), LegalHoldPlaced(name="suit"), by="ana")
    book.do(second, "deny", by="ana", reason="moved away")
    before = [book.case(id) for id in (first, second, third)]
    with pytest.raises(ErasureRefused) as refused:
        book.erase("P-1", by="boss", reason="asked")
    assert str(refused.value) == (
        f"The data of {SubjectCipher(keys).pseudonym('P-1')!r} is not erased:\n"
        "- Case 'c1' is under the legal hold 'audit-2026'. It has to be lifted first.\n"
        "- Case 'c1' is under the legal hold 'suit'. It has to be lifted first.\n"
        "- Case 'c2' has to be kept until 1 March 2031."
    )
    assert refused.value.fields["grounds"] == book.may_erase("P-1")
    assert [ground.why for ground in book.may_erase("P-1")] == [
        "legal-hold",
        "legal-hold",
        "retention",
    ]
    assert keys.tombstones("agency") == []
    assert [book.case(id) for id in (first, second, third)] == before


def test_a_damaged_case_is_a_ground_beside_all_others(book, store, keys):
    """Nobody knows what it held: the hold on it may be what was altered."""
    damaged, held = filled(book, case_id="c1"), filled(book, case_id="c2")
    for case_id in (damaged, held):
        book.record(case_id, LegalHoldPlaced(name="suit"), by="ana")
    rows = store._agencies["agency"].cases[damaged]
    rows[3] = rows[3]._replace(actor="nobody")
    for snapshot_every in (0, 2):
        options = {"retention": KEPT, "snapshot_every": snapshot_every}
        told = telling_book(store, SubjectCipher(keys), **options).may_erase("P-1")
        assert [(one.case_id, one.why) for one in told] == [("c1", "damaged"), ("c2", "legal-hold")]
        assert str(told[0]).startswith(
            "Case 'c1' cannot be read, and so nobody knows what has to be kept. The history of "
            "case 'c1' was altered: event 4 was changed after it was written. Compare it with"
        )
    with pytest.raises(ErasureRefused, match=r"Case 'c1' cannot be read"):
        telling_book(store, SubjectCipher(keys), retention=KEPT).erase("P-1", by="bo", reason="r")
    assert keys.tombstones("agency") == []


def test_a_case_that_was_altered_before_its_snapshot_is_not_erased(store, keys):
    book = telling_book(store, SubjectCipher(keys), retention=KEPT, snapshot_every=2)
    case_id = filled(book, case_id="c1")
    book.record(case_id, OutreachMade(channel="phone"), by="ana")
    assert store.snapshot("agency", case_id).version == 4
    rows = store._agencies["agency"].cases[case_id]
    rows[1] = rows[1]._replace(actor="nobody")
    again = telling_book(store, SubjectCipher(keys), retention=KEPT, snapshot_every=2)
    assert again.case(case_id).version == 4, "loading looks at what follows the snapshot"
    (ground,) = again.may_erase("P-1")
    assert (ground.why, "event 2 was changed" in ground.name) == ("damaged", True)


@pytest.mark.parametrize("lost", ["key", "version"])
def test_a_case_that_the_book_cannot_read_is_a_ground(book, store, keys, lost):
    filled(book, case_id="c1")
    workflow = book.workflow
    if lost == "key":
        del keys._keys["agency", SubjectCipher(keys).pseudonym("child-1")]
    else:
        workflow = attrs.evolve(workflow, version="99")
    other = Casebook(workflow, store, cipher=SubjectCipher(keys), retention=KEPT)
    (ground,) = other.may_erase("P-1")
    told = {"key": "holds no key for", "version": "is pinned to version"}[lost]
    assert (ground.case_id, ground.why, told in ground.name) == ("c1", "damaged", True)


def test_a_member_of_the_household_is_kept_with_the_case(book):
    case_id = filled(book)
    book.record(case_id, LegalHoldPlaced(name="suit"), by="ana")
    assert [ground.name for ground in book.may_erase("child-1")] == ["suit"]


def test_once_holds_are_lifted_and_dates_have_passed_it_may_be_done(book):
    case_id = filled(book)
    book.record(case_id, LegalHoldPlaced(name="suit"), by="ana")
    book.do(case_id, "deny", by="ana", reason="moved away")
    book.record(case_id, LegalHoldLifted(name="suit"), by="ana")
    until = START + 5 * YEARS
    assert book.may_erase("P-1", now=until - timedelta(seconds=1)) != ()
    assert book.may_erase("P-1", now=until) == ()
    with pytest.raises(ErasureRefused):
        book.erase("P-1", by="boss", reason="asked")
    erasure = book.erase("P-1", by="boss", reason="asked", now=until)
    assert erasure.at == until


def test_a_hold_that_is_placed_while_it_is_looked_at_is_seen(store, keys):
    """The cases are looked at again, until none of them moved in between."""
    other = telling_book(store, SubjectCipher(keys))

    def until(case):
        if not case.state.holds:
            other.record(case.id, LegalHoldPlaced(name="suit"), by="mo")

    book = telling_book(
        store, SubjectCipher(keys), retention=Retention(until=until, hold=legal_holds)
    )
    filled(book)
    with pytest.raises(ErasureRefused, match="'suit'"):
        book.erase("P-1", by="boss", reason="asked")
    assert keys.tombstones("agency") == []


def test_who_has_not_said_what_has_to_be_kept_erases_nothing(store, keys):
    book = telling_book(store, SubjectCipher(keys), retention=None)
    filled(book)
    for ask in (
        lambda: book.may_erase("P-1"),
        lambda: book.erase("P-1", by="boss", reason="asked"),
    ):
        with pytest.raises(InvalidCall, match=r"Retention\(\) where nothing has to be kept"):
            ask()
    assert telling_book(store, SubjectCipher(keys), retention=Retention()).may_erase("P-1") == ()


def test_a_retention_that_gives_no_moment_is_told(store, keys):
    late = Retention(until=lambda case: datetime(2030, 1, 1))  # noqa: DTZ001  # that it has no time zone is the mistake
    book = telling_book(store, SubjectCipher(keys), retention=late)
    filled(book)
    with pytest.raises(MomentInvalid, match=r"Retention\(until=...\)"):
        book.erase("P-1", by="boss", reason="asked")


@pytest.mark.parametrize(("given", "shown"), [(True, "True"), (["suit", 7], r"\['suit', 7\]")])
def test_a_hold_that_gives_no_names_is_told(store, keys, given, shown):
    book = telling_book(store, SubjectCipher(keys), retention=Retention(hold=lambda case: given))
    case_id = filled(book)
    wanted = (
        rf"^Retention\(hold=...\) gave {shown} for case '{case_id}'\. "
        r"Give the names of the holds in force: a text, several, or None\.$"
    )
    with pytest.raises(InvalidCall, match=wanted):
        book.erase("P-1", by="boss", reason="asked")
    assert keys.tombstones("agency") == []


def test_a_retention_that_reads_what_was_erased_before_keeps(store, keys):
    wordy = Retention(hold=lambda case: "x" if "suit" in case.latest(ContactAttempted).note else ())
    book = telling_book(store, SubjectCipher(keys), retention=wordy)
    filled(book)
    book.erase("child-1", by="boss", reason="asked")
    assert [ground.why for ground in book.may_erase("P-1")] == ["not-known"]


# -- what cannot be erased -------------------------------------------------------------------


def test_what_was_written_in_the_clear_is_told(store, keys):
    plain = telling_book(store)
    case_id = filled(plain)
    book = telling_book(store, SubjectCipher(keys))
    book.record(case_id, OutreachMade(note="sealed"), by="ana")
    with pytest.raises(ErasureRefused, match="holds it in the clear, in events 1, 2: "):
        book.erase("P-1", by="boss", reason="asked")
    assert book.history(case_id)[-1].event.note == "sealed"


def test_a_case_that_would_not_fold_any_more_is_told_before_anything_is_erased(store, keys):
    """Else it could not be loaded again."""
    loud = Casebook(
        of(Noted, state=Loud),
        store,
        cipher=SubjectCipher(keys),
        retention=Retention(),
        clock=Clock(),
    )
    loud.open(client="P-1", by="ana", case_id="c1")
    loud.record("c1", Noted(text="words"), by="ana")
    with pytest.raises(ErasureRefused, match=r"Loud\.fold reads what was erased, in event 2"):
        loud.erase("P-1", by="boss", reason="asked")
    assert loud.case("c1").state.said == ("WORDS",)
    careful = Casebook(
        of(Noted, state=Careful), store, cipher=SubjectCipher(keys), retention=Retention()
    )
    careful.erase("P-1", by="boss", reason="asked")
    assert careful.case("c1").state.said == ()
    with pytest.raises(ErasedInFold):
        loud.case("c1")


def test_cases_under_another_workflow_are_not_passed_over(store, keys):
    cipher = SubjectCipher(keys)
    shop = shop_book(store, cipher=cipher, retention=Retention(hold=lambda case: "guarantee"))
    bring(shop, "looked-at", client="P-1")
    book = telling_book(store, cipher)
    filled(book)
    assert [(g.why, g.name) for g in book.may_erase("P-1")] == [("other-workflow", "repair-shop")]
    asked = book.may_erase("P-1", also=[shop])
    assert [(ground.case_id, ground.name) for ground in asked] == [("R-1", "guarantee")]
    shop = shop_book(store, cipher=cipher, retention=Retention())
    erasure = book.erase("P-1", by="boss", reason="asked", also=[shop])
    assert len(erasure.cases) == 2
    assert shop.case("R-1").state.last_words is ERASED
    south = telling_book(store, cipher, agency="south")
    with pytest.raises(InvalidCall, match="Erase in each agency by itself"):
        book.erase("P-1", by="boss", reason="asked", also=[south])


@pytest.mark.parametrize(
    ("subject", "by", "reason", "says"),
    [
        ("P-404", "boss", "asked", "is nobody of whom anything was sealed in this agency"),
        ("", "boss", "asked", "subject='' is no id"),
        ("P-1", "", "asked", "by='' is no id"),
        ("P-1", "boss", "", "reason='' is no id"),
    ],
)
def test_a_call_that_makes_no_sense_is_told(book, keys, subject, by, reason, says):
    filled(book)
    with pytest.raises(InvalidCall, match=says):
        book.erase(subject, by=by, reason=reason)
    assert keys.tombstones("agency") == []


@pytest.mark.parametrize("by_pseudonym", [False, True])
@pytest.mark.parametrize(
    ("name", "text", "repair"),
    [
        ("reason", "letter of p-1, in March", "Give a code that names nobody, such as"),
        ("by", "P-1", "Give the id of who decides on it, such as"),
    ],
)
def test_the_tombstone_is_not_to_name_who_was_erased(book, keys, name, text, repair, by_pseudonym):
    filled(book)
    given = {"by": "boss", "reason": "article-P-17", name: text}
    with pytest.raises(InvalidCall) as told:
        book.erase(SubjectCipher(keys).pseudonym("P-1") if by_pseudonym else "P-1", **given)
    assert str(told.value).startswith(
        f"erase({name}=...) holds the id of who is erased, and is kept for good. {repair}"
    )
    assert text not in str(told.value)
    assert keys.tombstones("agency") == []
    assert book.erase("P-1", by="boss", reason="article-P-17").reason == "article-P-17"


def test_who_may_be_erased_is_somebody(book):
    with pytest.raises(InvalidCall, match="is nobody of whom anything was sealed"):
        book.may_erase("P-404")


@pytest.mark.parametrize(("reason", "refused"), [("gdpr-art-17", False), ("client 17", True)])
def test_a_number_in_a_code_names_nobody(book, reason, refused):
    filled(book, client="17")
    if refused:
        with pytest.raises(InvalidCall, match="holds the id of who is erased"):
            book.erase("17", by="u-17", reason=reason)
    else:
        assert book.erase("17", by="u-17", reason=reason).reason == reason


def test_of_who_was_erased_nothing_is_kept_any_more_but_what_stands_in_the_clear_is_told(store):
    cipher, kept = SubjectCipher(MemoryKeyStore()), Retention(hold=lambda case: "audit")
    filled(telling_book(store), client="first")  # so that there may be more in the clear
    book = telling_book(store, cipher, retention=Retention())
    filled(book)
    book.erase("P-1", by="boss", reason="asked")
    careful = telling_book(store, cipher, retention=kept)
    assert careful.may_erase("P-1") == ()
    assert careful.erase("P-1", by="boss", reason="asked").again
    telling_book(store).open(client="P-1", case_id="c2", by="ana")
    with pytest.raises(ErasureRefused) as refused:
        careful.erase("P-1", by="boss", reason="asked")
    assert refused.value.fields["grounds"] == careful.may_erase("P-1")
    assert [(one.case_id, one.why) for one in careful.may_erase("P-1")] == [("c2", "in-the-clear")]


def test_without_a_cipher_nothing_can_be_erased(store):
    with pytest.raises(InvalidCall, match="has no keys that could be destroyed"):
        telling_book(store).erase("P-1", by="boss", reason="asked")


# -- afterwards ------------------------------------------------------------------------------


def test_it_tells_what_was_done_and_leaves_a_tombstone_without_a_name(book, keys):
    first, second = filled(book, case_id="c1"), filled(book, case_id="c2")
    name = SubjectCipher(keys).pseudonym("P-1")
    erasure = book.erase("P-1", by="boss", reason="asked-for-it")
    assert (erasure.subject, erasure.by, erasure.reason) == (name, "boss", "asked-for-it")
    assert (erasure.at, erasure.cases, erasure.again) == (START, (first, second), False)
    (left,) = keys.tombstones("agency")
    assert left == (name, START.isoformat(timespec="microseconds"), "boss", "asked-for-it")
    assert "P-1" not in repr((keys.tombstones("agency"), keys._keys, erasure))


def test_the_case_goes_on_without_its_client(book, store):
    case_id = filled(book)
    book.erase("P-1", by="boss", reason="asked")
    case = book.case(case_id)
    assert case.state.needs[0].description is ERASED
    assert case.client.startswith("~")
    assert case.latest(ContactAttempted).note == "of a child"
    book.do(case_id, EligibilityDetermined(eligible=True), Enrolled(program="housing"), by="ana")
    assert book.do(case_id, "assess", by="ana").case.stage == "assessment"
    assert verify_chain(store.read("agency", case_id)) == store.head("agency", case_id).hash
    with pytest.raises(SubjectErased):
        book.record(case_id, OutreachMade(note="called"), by="ana")
    with pytest.raises(SubjectErased):
        book.open(client="P-1", by="ana")


def test_snapshots_and_lists_keep_nothing_of_it(book, store):
    case_id = filled(book)
    book.record(case_id, *[OutreachMade(channel="phone")] * 3, by="ana")
    assert store.snapshot("agency", case_id) is not None
    assert store.find("agency", Query())[0].listing.keys != ()
    book.erase("P-1", by="boss", reason="asked")
    assert store.snapshot("agency", case_id) is None
    listing = store.find("agency", Query())[0].listing
    assert (listing.keys, listing.stage) == ((), "engagement")
    assert store.tally("agency", "need") == {}


def test_who_came_back_is_somebody_new_to_the_store(book, store):
    old = filled(book)
    book.erase("P-1", by="boss", reason="asked")
    new_name = book.begin_again("P-1")
    new = book.open(client="P-1", by="ana").case
    assert new.client == "P-1"
    cases = store.find("agency", Query(client=new_name))
    assert [found.case_id for found in cases] == [new.id]
    assert book.case(old).client not in ("P-1", new_name)
    erasure = book.erase("P-1", by="boss", reason="asked again")
    assert (erasure.cases, erasure.again) == ((new.id,), False)


def test_statistics_remain(store, keys):
    indexed = six_stage.extend(
        "six-stage-by-need",
        version="1",
        indexes=[Index("need", of=lambda c: [n.domain for n in c.state.needs])],
    )
    cipher = SubjectCipher(keys)
    book = Casebook(indexed, store, cipher=cipher, retention=Retention(), clock=Clock())
    for n in range(4):
        filled(book, client=f"P-{n}", case_id=f"c{n}")
    before = [book.case(f"c{n}") for n in range(4)]
    tally, rows = store.tally("agency", "need"), len(store.feed("agency", limit=1000))
    for n in range(3):
        book.erase(f"P-{n}", by="boss", reason="asked")
    assert store.tally("agency", "need") == tally == {"other": 4}
    assert len(store.feed("agency", limit=1000)) == rows
    assert len(store.find("agency", Query(stage="engagement"))) == 4
    for case, then in zip([book.case(f"c{n}") for n in range(4)], before, strict=True):
        assert (case.path, case.version, case.stage) == (then.path, then.version, then.stage)
        assert case.count(NeedIdentified) == then.count(NeedIdentified) == 1


def test_other_agencies_and_other_clients_keep_theirs(book, store, keys):
    filled(book)
    other = filled(book, client="P-2")
    south = telling_book(store, SubjectCipher(keys), agency="south")
    there = filled(south)
    book.erase("P-1", by="boss", reason="asked")
    assert book.case(other).state.needs[0].description == "rent in arrears"
    assert south.case(there).state.needs[0].description == "rent in arrears"
    assert south.case(there).client == "P-1"


def test_other_books_in_other_programs_see_it_at_their_next_verb(store, tmp_path):
    """A book keeps recent cases in memory, and a cipher keys: neither outlives the erasure."""
    here = telling_book(store, SubjectCipher(SQLiteKeyStore(tmp_path / "keys.db")))
    there = telling_book(store, SubjectCipher(SQLiteKeyStore(tmp_path / "keys.db")))
    case_id = filled(here)
    assert there.case(case_id).state.needs[0].description == "rent in arrears"
    there.erase("P-1", by="boss", reason="asked")
    assert here.case(case_id).state.needs[0].description is ERASED
    assert here.history(case_id)[1].event.description is ERASED
    with pytest.raises(SubjectErased):
        here.open(client="P-1", by="ana")
    for book in (here, there):
        book._middle.codec.cipher.keys.close()


def test_a_case_that_was_read_before_the_erasure_is_not_kept_after_it(book):
    """One thread has read it; another erases, before the first puts it by."""
    case = book.case(filled(book))
    recent = RecentCases(5)
    recent.as_of(1)
    recent.put(case.id, Loaded(case, "hash", generation=0))
    assert recent.get(case.id) is None
    recent.put(case.id, Loaded(case, "hash", generation=1))
    assert recent.get(case.id) is not None


def test_what_a_slower_thread_puts_there_later_is_not_taken_for_the_case(book, keys, monkeypatch):
    """One that asked for the last erasure before this one, and says so after others did."""
    case_id = filled(book)
    monkeypatch.setattr(RecentCases, "as_of", lambda self, generation: None)
    telling_book(book._store, SubjectCipher(keys)).erase("P-1", by="boss", reason="asked")
    assert book.case(case_id).state.needs[0].description is ERASED


def test_verifying_looks_at_the_keys_first(book, store, keys):
    """Else it took what is listed for wrong, where another program erased somebody."""
    filled(book)
    telling_book(store, SubjectCipher(keys)).erase("P-1", by="boss", reason="asked")
    assert book.verify_all().findings == ()


def test_strengths_that_were_erased_are_told_apart_no_more(book):
    case_id = filled(book)
    said = [StrengthIdentified(description=words) for words in ("sings", "cooks", "sings")]
    book.record(case_id, *said, by="ana")
    assert [one.recorded for one in book.case(case_id).state.strengths] == [5, 6]
    book.erase("P-1", by="boss", reason="asked")
    assert [one.recorded for one in book.case(case_id).state.strengths] == [4, 5, 6]


def test_a_command_that_is_sent_again_is_known_still(book):
    case_id = filled(book)
    told = {"by": "ana", "command_id": "r1"}
    first = book.record(case_id, ReferralReceived(source="the clinic"), **told)
    book.erase("P-1", by="boss", reason="asked")
    again = book.record(case_id, ReferralReceived(source="the clinic"), **told)
    assert again.replayed
    assert [e.number for e in again.events] == [e.number for e in first.events]
    assert again.events[0].event.source is ERASED


# -- interrupted, and done again -------------------------------------------------------------


class Interrupted(MemoryStorage):
    """A store that fails when cases are listed anew, until it is mended."""

    broken = True

    def relist(self, *given, **options):
        if self.broken:
            raise StoreError(store="S", action="list", cause="no power", repair="Try again.")
        return super().relist(*given, **options)


def test_what_was_interrupted_is_done_by_doing_it_again(keys):
    store = Interrupted()
    book = telling_book(store, SubjectCipher(keys))
    case_id = filled(book)
    book.record(case_id, *[OutreachMade(channel="phone")] * 3, by="ana")
    with pytest.raises(StoreError):
        book.erase("P-1", by="boss", reason="asked")
    # Nothing can be read any more, though what is derived still stands.
    assert (
        telling_book(store, SubjectCipher(keys)).case(case_id).state.needs[0].description is ERASED
    )
    assert store.snapshot("agency", case_id) is not None
    assert store.tally("agency", "need") != {}
    store.broken = False
    erasure = telling_book(store, SubjectCipher(keys)).erase("P-1", by="mo", reason="again")
    assert (erasure.again, erasure.by, erasure.reason) == (True, "boss", "asked")
    assert store.snapshot("agency", case_id) is None
    assert store.tally("agency", "need") == {}
    assert book.erase("P-1", by="mo", reason="again") == erasure


def test_a_case_that_moves_while_it_is_listed_anew_is_listed_as_it_is_then(keys):
    class Moving(MemoryStorage):
        moved = False

        def relist(self, *given, **options):
            if not self.moved:
                self.moved = True
                other.record(case_id, OutreachMade(channel="visit"), by="mo")
            return super().relist(*given, **options)

    store = Moving()
    book, other = (telling_book(store, SubjectCipher(keys)) for _ in range(2))
    case_id = filled(book)
    book.erase("P-1", by="boss", reason="asked")
    assert store.moved
    assert store.find("agency", Query())[0].listing.keys == ()
    assert book.case(case_id).count(OutreachMade) == 1


def test_many_cases_are_all_found(book, store):
    ids = [filled(book, case_id=f"c{n:03}") for n in range(7)]
    import caseflow.casebook.finding.walking as module

    page, module.PAGE = module.PAGE, 3
    try:
        assert book.erase("P-1", by="boss", reason="asked").cases == tuple(ids)
    finally:
        module.PAGE = page


# -- awaited ---------------------------------------------------------------------------------


def test_the_async_book_has_the_same_verbs(store, keys):
    cipher = SubjectCipher(keys)
    waiting = telling_book(store, cipher)
    case_id = filled(waiting)
    waiting.record(case_id, LegalHoldPlaced(name="suit"), by="ana")

    async def main():
        book = AsyncCasebook(
            waiting.workflow, store, cipher=cipher, retention=waiting.retention, clock=Clock()
        )
        assert await book.may_erase("P-1") == waiting.may_erase("P-1") != ()
        with pytest.raises(ErasureRefused):
            await book.erase("P-1", by="boss", reason="asked")
        await book.record(case_id, LegalHoldLifted(name="suit"), by="ana")
        erasure = await book.erase("P-1", by="boss", reason="asked", also=[])
        assert erasure.cases == (case_id,)
        assert (await book.case(case_id)).state.needs[0].description is ERASED
        assert await book.begin_again("P-1") == cipher.pseudonym("P-1")

    asyncio.run(main())


def test_destroying_the_key_alone_asks_nobody(book, keys):
    """For who restores an old key store: everybody erased since is erased again."""
    case_id = filled(book)
    SubjectCipher(keys).erase("P-1", **ERASING)
    assert book.case(case_id).state.needs[0].description is ERASED
    assert book.erase("P-1", by="boss", reason="asked").again


# -- every store, lists and consumers --------------------------------------------------------


def test_every_store_forgets_what_was_derived(any_store, keys):
    book = telling_book(any_store, SubjectCipher(keys))
    case_id = filled(book)
    book.record(case_id, *[OutreachMade(channel="phone")] * 3, by="ana")
    assert any_store.snapshot("agency", case_id) is not None
    (listed,) = book.find(client="P-1", where={"need": "rent in arrears"}).cases
    assert (listed.client, listed.id) == ("P-1", case_id)
    assert "rent" not in repr(listed)
    assert len(book.find(subject="child-1").cases) == 1
    book.erase("P-1", by="boss", reason="asked")
    assert any_store.snapshot("agency", case_id) is None
    assert book.find(where={"need": "rent in arrears"}).cases == ()
    (listed,) = book.find().cases
    assert listed.client == book.case(case_id).client == SubjectCipher(keys).pseudonym("P-1")
    assert [one.id for one in book.find(client="P-1").cases] == [case_id]
    fresh = telling_book(any_store, SubjectCipher(keys))
    assert fresh.case(case_id).state.needs[0].description is ERASED
    assert verify_chain(any_store.read("agency", case_id))


def test_a_tally_by_a_personal_index_tells_no_values(book):
    filled(book)
    assert list(book.tally("need").values()) == [1]
    assert "rent in arrears" not in book.tally("need")
    assert [one.version for one in book.every(where={"need": "rent in arrears"})] == [3]


def test_consumers_are_given_what_can_still_be_read(book):
    filled(book)
    told = []
    book.consume("reports", lambda event: told.append(event.recorded.event))
    book.erase("P-1", by="boss", reason="asked")
    book.consume("later", lambda event: told.append(event.recorded.event))
    first, second = told[:3], told[3:]
    assert (first[1].description, first[2].note) == ("rent in arrears", "of a child")
    assert (second[1].description, second[2].note) == (ERASED, "of a child")


def test_nothing_is_erased_within_a_transaction_that_may_be_rolled_back(tmp_path, keys):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    book = telling_book(store, SubjectCipher(keys))
    filled(book)
    with store.engine.begin() as connection:
        joined = book.within(connection)
        for verb in (
            lambda: joined.erase("P-1", by="boss", reason="asked"),
            lambda: joined.may_erase("P-1"),
            lambda: joined.begin_again("P-1"),
        ):
            with pytest.raises(InvalidCall) as refused:
                verb()
            assert str(refused.value) == (
                "A book made by within(...) has no erase, may_erase or begin_again: keys are "
                "outside of the transaction, and are not rolled back with it. Call it on the book "
                "it was made from, outside of the transaction."
            )
    assert keys.tombstones("agency") == []
    store.close()


def test_a_snapshot_after_reindexing_is_sealed_for_everybody_all_the_same():
    """A snapshot that a backup kept does not open without the key that was destroyed."""
    keys, store = MemoryKeyStore(), MemoryStorage()
    cipher = SubjectCipher(keys)
    book = shop_book(store, cipher=cipher, retention=Retention(), snapshot_every=4)
    case_id = book.open(client="wilma", by="ana").case.id
    book.record(case_id, Entry(BikeDescribed(words="her own words"), subject="member"), by="ana")
    book.reindex()
    for amount in (100, 200, 300):
        book.record(case_id, Paid(amount=amount), by="ana")
    kept = store.snapshot("agency", case_id).text
    pseudonym = cipher.within("agency").pseudonym
    assert subjects_of(kept) == {pseudonym(one) for one in ("wilma", "member")}
    book.erase("member", by="ana", reason="asked")
    with pytest.raises(Exception):  # noqa: B017, PT011 - however it says so, it does not open
        open_snapshot(cipher.within("agency"), kept)
