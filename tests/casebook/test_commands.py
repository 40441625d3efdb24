"""Commands: repeated safely, told apart, refused at another version, decided again on conflict."""

import pytest

from caseflow import (
    Actor,
    Casebook,
    CaseExists,
    CaseOpened,
    CommandReused,
    Conflict,
    Corrected,
    Entry,
    Index,
    Refused,
    Unmet,
    VersionMoved,
    Voided,
    rule,
)
from caseflow.storage import MemoryStorage, SQLStorage
from tests.casebook.test_book import on_a_friday
from tests.support.trades import (
    ANA,
    BOSS,
    DAY,
    HOUR,
    MO,
    ROLES,
    START,
    Clock,
    Inspected,
    Paid,
    PartArrived,
    QuoteAgreed,
    QuoteSent,
    bring,
    shop,
    shop_book,
)


@rule("one-each", counts="client")
def one_each_rule(case, context):
    """A client has one case."""
    if context.other_cases("client", case.client):
        yield Unmet(found="another case", remedy="work on that one")


one_each = shop.extend(
    "one-each",
    version="1",
    indexes=[Index("client", of=lambda case: [case.client])],
    rules={CaseOpened: [one_each_rule]},
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(clock):
    return shop_book(MemoryStorage(), clock=clock)


# -- the same command again ------------------------------------------------------------------


def same_answer(first, again):
    assert not first.replayed
    assert again.replayed
    assert again.case == first.case
    assert again.events == first.events
    assert again.verdict.to_data() == first.verdict.to_data()
    assert again.verdict.explain() == first.verdict.explain()


def test_the_same_command_takes_effect_once_and_answers_as_the_first_time(book, clock):
    case_id = bring(book, "dropped-off")
    first = book.do(case_id, Paid(amount=150), Inspected(), by=MO, command_id="c1")
    assert [w.rule for w in first.verdict.warnings] == ["round-sum", "serial-known"]
    clock.pass_(DAY)
    book.record(case_id, Paid(amount=100), by=ANA)
    again = book.do(case_id, Paid(amount=150), Inspected(), by=MO, command_id="c1")
    same_answer(first, again)
    assert book.case(case_id).version == 4
    assert book.ask(case_id, Paid(amount=150), Inspected(), by=MO, command_id="c1") == again.verdict


def test_an_opening_is_repeated_safely_too(clock):
    store = MemoryStorage()
    book = shop_book(store, clock=clock)
    first = book.open(client="c", by=ANA, command_id="c1", at=START - HOUR, reason="walked in")
    clock.pass_(DAY)
    again = book.open(client="c", by=ANA, command_id="c1", at=START - HOUR, reason="walked in")
    same_answer(first, again)
    assert book.case_ids() == ("R-1",)


def test_a_repeated_opening_tells_its_warnings_again(clock):
    mine = shop.extend("repair-shop", version="2", rules={CaseOpened: [on_a_friday.warns()]})
    book = Casebook(mine, MemoryStorage(), clock=clock)
    first = book.open(client="c", by=ANA, command_id="c1")
    assert [warning.rule for warning in first.verdict.warnings] == ["friday"]
    same_answer(first, book.open(client="c", by=ANA, command_id="c1"))


def test_a_command_is_known_after_a_restart_on_the_same_file(tmp_path, clock):
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    store = SQLStorage(url)
    book = shop_book(store, clock=clock)
    case_id = bring(book, "waiting")
    given = (PartArrived(part="chain"), "start")
    first = book.do(case_id, *given, by=MO, command_id="c1", at=START)
    store.close()
    store = SQLStorage(url)
    clock.pass_(DAY)
    again = shop_book(store, clock=clock).do(case_id, *given, by=MO, command_id="c1", at=START)
    same_answer(first, again)
    store.close()


def test_an_amendment_is_repeated_safely(book, clock):
    case_id = bring(book, "quoting")
    first = book.do(case_id, Voided(number=4), QuoteSent(amount=9_000), by=ANA, command_id="c1")
    clock.pass_(DAY)
    book.do(case_id, Corrected(number=6, event=QuoteSent(amount=8_000)), by=ANA)
    again = book.do(case_id, Voided(number=4), QuoteSent(amount=9_000), by=ANA, command_id="c1")
    same_answer(first, again)


def test_a_refused_command_took_no_effect_and_may_be_sent_again(book):
    case_id = bring(book, "waiting")
    with pytest.raises(Refused):
        book.do(case_id, "start", by=ANA, command_id="c1")
    book.record(case_id, PartArrived(part="chain"), by=ANA)
    assert not book.do(case_id, "start", by=ANA, command_id="c1").replayed


@pytest.mark.parametrize(
    "other",
    [
        lambda book, case: book.do(case, Paid(amount=200), by=ANA, command_id="c1"),
        lambda book, case: book.do(case, Paid(amount=100), by=MO, command_id="c1"),
        lambda book, case: book.do(case, Paid(amount=100), by=ANA, at=START, command_id="c1"),
        lambda book, case: book.do(case, Paid(amount=100), by=ANA, reason="x", command_id="c1"),
        lambda book, case: book.do(
            case, Entry(Paid(amount=100), subject="child-2"), by=ANA, command_id="c1"
        ),
        lambda book, case: book.do(
            case, Entry(Paid(amount=100), reported_by="x"), by=ANA, command_id="c1"
        ),
        lambda book, case: book.do(
            case, Paid(amount=100), by=Actor("ana", on_behalf_of="bo"), command_id="c1"
        ),
        lambda book, case: book.do(
            case, Paid(amount=100), Paid(amount=100), by=ANA, command_id="c1"
        ),
        lambda book, case: book.do(case, "inspect", by=ANA, command_id="c1"),
        lambda book, case: book.open(client="customer-1", by=ANA, command_id="c1"),
        lambda book, case: book.do(
            bring(book, "dropped-off"), Paid(amount=100), by=ANA, command_id="c1"
        ),
    ],
)
def test_a_command_id_is_not_used_for_another_command(book, other):
    case_id = bring(book, "dropped-off")
    book.do(case_id, Paid(amount=100), by=ANA, command_id="c1")
    with pytest.raises(CommandReused) as reused:
        other(book, case_id)
    assert reused.value.fields == {"command_id": "c1", "case_id": case_id}
    assert book.case(case_id).version == 2


def test_two_books_may_send_one_command_at_once(clock):
    """The store says that it is a duplicate only when it is written: the answer is the first's."""
    store = MemoryStorage()

    class Blind:
        """A store through which the command is not seen the first time it is looked for."""

        seen = 0

        def __getattr__(self, name):
            return getattr(store, name)

        def command(self, agency, command_id, /):
            self.seen += 1
            return () if self.seen == 1 else store.command(agency, command_id)

    case_id = bring(shop_book(store, clock=clock), "dropped-off")
    first = shop_book(store, clock=clock).do(case_id, Paid(amount=1), by=ANA, command_id="c1")
    blind = shop_book(Blind(), clock=clock)
    same_answer(first, blind.do(case_id, Paid(amount=1), by=ANA, command_id="c1"))
    opened = shop_book(store, clock=clock, new_id=lambda: "A").open(
        client="c", by=ANA, command_id="c2"
    )
    for new_id in ("B", "A"):  # "A": the case of its first answer is in its way
        blind = shop_book(Blind(), clock=clock, new_id=lambda new_id=new_id: new_id)
        same_answer(opened, blind.open(client="c", by=ANA, command_id="c2"))
    assert shop_book(store).case_ids() == (case_id, "A")


def test_an_opening_that_was_sent_twice_is_not_refused_for_its_own_effect():
    """The rule counts the case that the first of the two opened."""
    store = MemoryStorage()
    others = Casebook(one_each, store, clock=Clock(), roles=ROLES)
    opening = {"client": "c", "by": ANA, "command_id": "c1"}

    class Between:
        """A store through which another program sends the same, once the command was looked up."""

        first = None

        def __getattr__(self, name):
            return getattr(store, name)

        def command(self, agency, command_id, /):
            known = store.command(agency, command_id)
            self.first = self.first or others.open(**opening)
            return known

    between = Between()
    again = Casebook(one_each, between, clock=Clock(), roles=ROLES).open(**opening)
    same_answer(between.first, again)
    with pytest.raises(Refused):
        others.open(client="c", by=ANA)


# -- at a version ----------------------------------------------------------------------------


def test_a_command_can_be_bound_to_a_version(book):
    case_id = bring(book, "dropped-off")
    book.do(case_id, Paid(amount=100), by=ANA, version=1)
    for verb in (book.do, book.ask, book.record):
        with pytest.raises(VersionMoved) as moved:
            verb(case_id, Paid(amount=100), by=ANA, version=1)
        assert (moved.value.fields["wanted"], moved.value.fields["found"]) == (1, 2)
    assert book.case(case_id).version == 2


def test_a_command_that_took_effect_is_repeated_whatever_its_version(book):
    case_id = bring(book, "dropped-off")
    book.do(case_id, Paid(amount=100), by=ANA, version=1, command_id="c1")
    assert book.do(case_id, Paid(amount=100), by=ANA, version=1, command_id="c1").replayed


# -- others write in between -----------------------------------------------------------------


class Rival:
    """A store on which somebody else writes just before each of the first `times` appends."""

    def __init__(self, store, write, times):
        self.store, self.write, self.times, self.appends = store, write, times, 0

    def __getattr__(self, name):
        return getattr(self.store, name)

    def append(self, unit, /):
        self.appends += 1
        if self.times:
            self.times -= 1
            self.write()
        return self.store.append(unit)


def contested(write_step, times, *, by=ANA):
    store = MemoryStorage()
    others = shop_book(store)
    case_id = bring(others, "quoting")
    rival = Rival(store, lambda: others.do(case_id, write_step, by=by), times)
    return shop_book(rival), rival, case_id


def test_on_a_conflict_it_is_decided_again_and_written(book):
    book, rival, case_id = contested(Paid(amount=100), times=3)
    outcome = book.do(case_id, QuoteAgreed(), by=ANA)
    assert rival.appends == 4
    assert outcome.case.version == 8
    assert [entry.number for entry in book.history(case_id)] == list(range(1, 9))


def test_on_a_conflict_the_new_case_is_judged_not_the_old_one():
    store = MemoryStorage()
    others = shop_book(store)
    case_id = bring(others, "quoting")
    rival = Rival(store, lambda: others.do(case_id, "abandon", by=ANA, reason="no-parts"), 1)
    with pytest.raises(Refused) as refused:
        shop_book(rival).do(case_id, QuoteAgreed(), by=ANA)
    assert refused.value.verdict.refusals[0].rule == "position"


def test_after_so_many_conflicts_it_gives_up_having_written_nothing():
    book, rival, case_id = contested(Paid(amount=100), times=100)
    with pytest.raises(Conflict) as conflict:
        book.do(case_id, QuoteAgreed(), by=ANA)
    assert conflict.value.fields["attempts"] == rival.appends == 32
    assert book.case(case_id).position == "quoting"


def test_bound_to_a_version_a_conflict_is_told_at_once():
    book, rival, case_id = contested(Paid(amount=100), times=1)
    with pytest.raises(VersionMoved):
        book.do(case_id, QuoteAgreed(), by=ANA, version=4)
    assert rival.appends == 1


def test_two_openings_of_one_id():
    store = MemoryStorage()
    others = shop_book(store)
    rival = Rival(store, lambda: others.open(client="d", by=ANA, case_id="mine"), 1)
    with pytest.raises(CaseExists):
        shop_book(rival).open(client="c", by=ANA, case_id="mine")
    assert others.case("mine").client == "d"


def test_only_a_conflict_is_tried_again():
    store = MemoryStorage()
    book = shop_book(store)
    case_id = bring(book, "quoting")

    class Failing(MemoryStorage):
        appends = 0

        def append(self, unit, /):
            Failing.appends += 1
            raise RuntimeError("the disk is gone")

    failing = Failing()
    failing._agencies = store._agencies
    with pytest.raises(RuntimeError, match="the disk is gone"):
        shop_book(failing).do(case_id, QuoteAgreed(), by=ANA)
    assert Failing.appends == 1
    assert book.case(case_id).version == 4


def test_a_case_kept_in_memory_is_not_trusted_before_the_store(clock):
    store = MemoryStorage()
    one, other = shop_book(store, clock=clock), shop_book(store, clock=clock)
    case_id = bring(one, "quoting")
    assert other.case(case_id) == one.case(case_id)
    other.do(case_id, QuoteAgreed(), by=ANA)
    assert one.case(case_id).position == "repair.waiting"
    one.do(case_id, Voided(number=5), by=BOSS)
    assert other.case(case_id).position == "quoting"


# -- when a command is looked up -------------------------------------------------------------


def counted(store):
    """The store, and how often a command is looked up in it."""
    lookups = []

    class Counted:
        def __getattr__(self, name):
            return getattr(store, name)

        def command(self, agency, command_id, /):
            lookups.append(command_id)
            return store.command(agency, command_id)

    return Counted(), lookups


def test_a_new_command_is_not_looked_up(clock):
    store, lookups = counted(MemoryStorage())
    book = shop_book(store, clock=clock)
    case_id = bring(book, "quoting")
    book.do(case_id, QuoteAgreed(), by=ANA, command_id="c1")
    assert lookups == []


@pytest.mark.parametrize("meanwhile", ["moved on", "nothing", "wrote more"])
def test_a_repeated_command_is_looked_up_whatever_keeps_it_from_its_effect(clock, meanwhile):
    store, lookups = counted(MemoryStorage())
    book = shop_book(store, clock=clock)
    case_id = bring(book, "quoting")
    first = book.do(case_id, QuoteAgreed(), by=ANA, command_id="c1")  # it would be refused now
    paid = book.do(case_id, Paid(amount=1), by=ANA, version=5, command_id="c2")  # and it allowed
    if meanwhile == "moved on":
        book.do(case_id, "abandon", by=ANA, reason="no-parts")
    if meanwhile == "wrote more":
        book.record(case_id, Paid(amount=2), by=ANA)
    same_answer(first, book.do(case_id, QuoteAgreed(), by=ANA, command_id="c1"))
    same_answer(paid, book.do(case_id, Paid(amount=1), by=ANA, version=5, command_id="c2"))
    assert lookups[0] == "c1"
    assert lookups[-1] == "c2"
