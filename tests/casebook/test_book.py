"""The casebook: its verbs, who acts, what makes no sense, and agencies side by side."""

import pytest

from caseflow import (
    Actor,
    Casebook,
    CaseExists,
    CaseOpened,
    Entry,
    InvalidCall,
    NoSuchCase,
    NotAFact,
    OtherVersion,
    OtherWorkflow,
    Reason,
    Refused,
    Stage,
    Transition,
    Unmet,
    Workflow,
    rule,
)
from caseflow.casework import OutreachMade
from caseflow.storage import MemoryStorage
from tests.support.trades import (
    ANA,
    BOSS,
    DAY,
    MO,
    START,
    BikeDescribed,
    CalledBack,
    Clock,
    Inspected,
    Paid,
    PartArrived,
    QuoteSent,
    Ridden,
    bring,
    shop,
    shop_book,
)


@pytest.fixture
def store():
    return MemoryStorage()


@pytest.fixture
def book(store):
    return shop_book(store)


@rule("friday")
def on_a_friday(case, context):
    """Cases are opened on Fridays."""
    if context.at.weekday() != 4:
        yield Unmet(found=f"{context.at:%A}")


# -- the verbs -------------------------------------------------------------------------------


def test_a_whole_repair_from_opening_to_the_end(book):
    case_id = bring(book, "collected")
    case = book.case(case_id)
    assert (case.client, case.position, case.version) == ("customer-1", "collected", 10)
    assert [type(entry.event).__name__ for entry in book.history(case_id)] == [
        "CaseOpened",
        "BikeDescribed",
        "Inspected",
        "QuoteSent",
        "QuoteAgreed",
        "PartArrived",
        "Moved",
        "Ridden",
        "Paid",
        "Moved",
    ]


def test_an_outcome_holds_the_case_the_events_and_the_verdict(book):
    case_id = bring(book, "dropped-off")
    outcome = book.do(case_id, BikeDescribed(words="x"), Inspected(), by=MO)
    assert outcome.case == book.case(case_id)
    assert outcome.events == book.history(case_id)[1:]
    assert [judgement.step for judgement in outcome.verdict.judgements] == [
        "bike-described",
        "inspect",
    ]
    assert (outcome.replayed, outcome.undelivered) == (False, ())


def test_the_envelope_says_who_acted_in_which_roles_for_whom_and_why(book):
    case_id = bring(book, "dropped-off")
    actor = Actor("zoe", "mechanic", on_behalf_of="mo")
    entry = Entry(Inspected(), reason="by eye", reported_by="a neighbour", subject="child-2")
    (recorded,) = book.do(case_id, entry, by=actor).events
    assert (recorded.actor, recorded.roles, recorded.on_behalf_of) == (
        "zoe",
        frozenset({"mechanic"}),
        "mo",
    )
    assert (recorded.reason, recorded.reported_by, recorded.subject) == (
        "by eye",
        "a neighbour",
        "child-2",
    )
    assert (recorded.transition, recorded.stage) == ("inspect", "intake.looked-at")
    assert (recorded.agency, recorded.case_id) == ("agency", case_id)
    assert (recorded.workflow, recorded.workflow_version) == ("repair-shop", "1")


def test_a_reason_from_the_tree_is_stored_as_its_code(book):
    case_id = bring(book, "dropped-off")
    (recorded,) = book.do(case_id, "abandon", by=ANA, reason="customer.too-dear").events
    assert (recorded.reason_code, recorded.reason) == ("customer.too-dear", None)


def test_a_unit_is_all_or_nothing(book):
    case_id = bring(book, "dropped-off")
    with pytest.raises(Refused) as refused:
        book.do(case_id, Paid(amount=1), Inspected(), QuoteSent(amount=60_000), "agree", by=MO)
    assert len(book.history(case_id)) == 1
    assert [judgement.allowed for judgement in refused.value.verdict.judgements] == [
        True,
        True,
        False,
    ]
    assert refused.value.unrecorded == (Paid(amount=1),)
    assert refused.value.code == "refused"


def test_ids_are_made_or_given(book):
    assert book.open(client="c", by=ANA).case.id == "R-1"
    assert book.open(client="c", by=ANA, case_id="mine").case.id == "mine"
    with pytest.raises(CaseExists):
        book.open(client="d", by=ANA, case_id="mine")
    assert book.case_ids() == ("R-1", "mine")
    assert book.case("mine").client == "c"


def test_without_a_function_for_ids_each_case_gets_one_of_its_own(store):
    book = Casebook(shop, store, clock=Clock())
    ids = {book.open(client="c", by=ANA).case.id for _ in range(3)}
    assert len(ids) == 3


def test_who_may_open_can_be_limited(store):
    mine = shop.extend("repair-shop", version="2", opened_by="clerk")
    book = Casebook(mine, store, clock=Clock())
    with pytest.raises(Refused) as refused:
        book.open(client="c", by=ANA)
    assert [result.rule for result in refused.value.verdict.refusals] == ["role"]
    assert book.open(client="c", by=Actor("cleo", "clerk")).case.version == 1


def test_rules_may_judge_the_opening(store):
    mine = shop.extend("repair-shop", version="2", rules={CaseOpened: [on_a_friday.warns()]})
    outcome = Casebook(mine, store, clock=Clock()).open(client="c", by=ANA)
    assert [warning.rule for warning in outcome.verdict.warnings] == ["friday"]
    assert [note.rule for note in outcome.events[0].noted] == ["friday"]


# -- facts -----------------------------------------------------------------------------------

PLACES = ["dropped-off", "looked-at", "quoting", "waiting", "bench", "ready", "collected"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fact_class", shop.facts, ids=lambda cls: cls.__name__)
def test_a_fact_is_never_refused_wherever_the_case_stands(book, place, fact_class):
    given = {
        "words": "x",
        "part": "hub",
        "amount": 150,
        "number": "555",
    }
    fields = {name: value for name, value in given.items() if hasattr(fact_class, name)}
    event = fact_class(**fields)
    case_id = bring(book, place)
    for at in (None, START - 900 * DAY, START + 900 * DAY):
        outcome = book.record(case_id, event, by=ANA, at=at)
        assert outcome.verdict.allowed
        assert outcome.case.position == book.history(case_id)[-2].stage or outcome.case.position
        assert outcome.events[0].stage is None
        assert outcome.events[0].transition is None
    if place in ("quoting", "waiting", "bench"):
        book.do(case_id, "hold", by=ANA, reason="holiday")
        assert book.record(case_id, event, by=ANA).case.on_hold


def test_a_fact_after_the_end_is_recorded_with_a_warning(book):
    case_id = bring(book, "collected")
    verdict = book.record(case_id, PartArrived(part="hub"), by=ANA).verdict
    assert [warning.rule for warning in verdict.warnings] == ["after-the-end"]
    earlier = book.record(case_id, PartArrived(part="hub"), by=ANA, at=START - DAY).verdict
    assert earlier.warnings == ()


def test_a_fact_moves_no_case_and_what_is_odd_is_noted(book):
    case_id = bring(book, "dropped-off")
    outcome = book.record(case_id, Paid(amount=150), by=ANA)
    assert [note.rule for note in outcome.events[0].noted] == ["round-sum"]
    assert outcome.case.position == "intake.dropped-off"


def test_record_takes_facts_only(book):
    case_id = bring(book, "dropped-off")
    for step, name in ((Inspected(), "Inspected"), ("inspect", "'inspect'")):
        for given in (step, Entry(step)):
            with pytest.raises(NotAFact) as refused:
                book.record(case_id, Paid(amount=1), given, by=MO)
            assert refused.value.fields["event"] == name
    assert len(book.history(case_id)) == 1


# -- roles -----------------------------------------------------------------------------------


def test_roles_come_from_a_mapping(store):
    book = shop_book(store, roles={"mo": ["mechanic"], "max": "mechanic"})
    for by in ("mo", "max"):
        case_id = bring(book, "dropped-off")
        assert book.do(case_id, Inspected(), by=by).events[0].roles == {"mechanic"}
    with pytest.raises(Refused):
        book.do(bring(book, "dropped-off"), Inspected(), by="ana")


def test_roles_come_from_a_function_of_the_actor_and_the_case(store):
    asked = []

    def roles(actor, case):
        asked.append((actor, case.client if case else None))
        return ["mechanic"] if case and case.client == "customer-1" else []

    book = shop_book(store, roles=roles)
    case_id = book.open(client="customer-1", by="ana").case.id
    other = book.open(client="customer-2", by="ana").case.id
    assert book.do(case_id, Inspected(), by="ana").case.substage == "looked-at"
    with pytest.raises(Refused):
        book.do(other, Inspected(), by="ana")
    assert asked[:3] == [("ana", None), ("ana", None), ("ana", "customer-1")]


def test_an_actor_brings_roles_along(store):
    book = shop_book(store, roles={})
    assert book.do(bring(book, "dropped-off"), Inspected(), by=MO).case.substage == "looked-at"


def test_who_lacks_the_role_learns_only_that(book):
    case_id = bring(book, "dropped-off")
    verdict = book.ask(case_id, Inspected(), by=ANA)
    assert [(r.rule, r.outcome) for r in verdict.results] == [("role", "unmet")]
    assert verdict.judgements[0].target is None
    (option,) = (o for o in book.options(case_id, by=ANA) if o.name == "inspect")
    assert [result.rule for result in option.blocked_by] == ["role"]
    # Not even that it could not be done here anyway.
    elsewhere = book.ask(bring(book, "ready"), Inspected(), by=ANA)
    assert [result.rule for result in elsewhere.results] == ["role"]


# -- agencies, workflows, versions -----------------------------------------------------------


def test_agencies_in_one_store_never_see_each_other(store):
    north, south = shop_book(store, agency="north"), shop_book(store, agency="south")
    mine = north.open(client="c", by=ANA, case_id="R-1", command_id="c1").case
    assert south.case_ids() == ()
    with pytest.raises(NoSuchCase, match="agency 'south'"):
        south.case("R-1")
    yours = south.open(client="d", by=ANA, case_id="R-1", command_id="c1").case
    assert (mine.client, yours.client) == ("c", "d")
    assert (north.case_ids(), south.case_ids()) == (("R-1",), ("R-1",))
    assert north.case("R-1").client == "c"


def test_a_case_of_another_workflow_is_told(store):
    other = Workflow(
        "other",
        version="1",
        stages=[Stage("a", initial=True), Stage("b", final=True)],
        transitions=[Transition("go", source="a", to="b", reasons=[Reason("x")])],
    )
    theirs, book = shop_book(store), Casebook(other, store, clock=Clock())
    for case_id in [bring(theirs, place) for place in ("dropped-off", "bench")]:
        for verb in (
            book.case,
            lambda case_id: book.ask(case_id, "go", by=ANA, reason="x"),
            lambda case_id: book.options(case_id, by=ANA),
            book.owed,
        ):
            with pytest.raises(OtherWorkflow, match="under workflow 'repair-shop', not 'other'"):
                verb(case_id)
    with pytest.raises(OtherWorkflow):
        book.history(case_id)


def test_a_case_of_another_workflow_is_told_where_its_snapshot_could_be_read(store):
    bench = shop.extend("bench-shop", version="1")
    case_id = bring(shop_book(store, snapshot_every=1), "bench")
    with pytest.raises(OtherWorkflow):
        Casebook(bench, store, snapshot_every=1).case(case_id)


def test_a_version_that_is_lacking_is_told_before_the_events_of_it(store):
    newer = shop.extend("repair-shop", version="2", events=[OutreachMade])
    case_id = bring(Casebook(newer, store), "dropped-off")
    Casebook(newer, store).record(case_id, OutreachMade(), by=ANA)
    with pytest.raises(OtherVersion, match="pinned to version '2'"):
        shop_book(store).case(case_id)


def test_a_case_keeps_the_version_it_was_opened_under(store):
    newer = shop.extend("repair-shop", version="2", strengths={"price-limit": "warn"})
    old_id = bring(shop_book(store), "looked-at")
    book = Casebook(newer, store, earlier=[shop], clock=Clock(), roles={"mo": "mechanic"})
    new_id = bring(book, "looked-at", client="customer-2")
    refused = book.ask(old_id, QuoteSent(amount=60_000), by=ANA)
    assert not refused.allowed
    assert refused.explain().endswith(
        "\n\nJudged by version 1 of the workflow, under which the case was opened. Cases\n"
        "that are opened now have version 2."
    )
    assert refused.to_data()["earlier"] == {"judged_by": "1", "present": "2"}
    with pytest.raises(Refused, match="Judged by version 1 of the workflow"):
        book.do(old_id, QuoteSent(amount=60_000), by=ANA)
    assert book.ask(new_id, QuoteSent(amount=60_000), by=ANA).allowed
    assert book.ask(new_id, "collect", by=ANA).earlier is None
    allowed = book.ask(old_id, QuoteSent(amount=10_000), by=ANA)
    assert allowed.earlier == ("1", "2")
    assert "Judged by version 1 of the workflow" in allowed.explain()
    first = book.do(old_id, QuoteSent(amount=10_000), by=ANA, command_id="k-1")
    again = book.do(old_id, QuoteSent(amount=10_000), by=ANA, command_id="k-1")
    assert again.replayed
    assert again.verdict.earlier == first.verdict.earlier == ("1", "2")
    assert [book.case(i).identity.workflow_version for i in (old_id, new_id)] == ["1", "2"]


def test_without_the_earlier_version_its_cases_are_told_apart(store):
    case_id = bring(shop_book(store), "dropped-off")
    newer = Casebook(shop.extend("repair-shop", version="2"), store, clock=Clock())
    with pytest.raises(OtherVersion, match="pinned to version '1'"):
        newer.case(case_id)
    with pytest.raises(InvalidCall, match="is no version of 'repair-shop'"):
        Casebook(shop, store, earlier=[shop.extend("corner", version="1")])


# -- small print -----------------------------------------------------------------------------


def test_an_event_of_no_fields_can_be_said_by_its_name(book):
    case_id = bring(book, "dropped-off")
    assert book.do(case_id, "inspect", by=MO).events[0].event == Inspected()


def test_a_stay_is_no_move(book):
    case_id = bring(book, "bench")
    outcome = book.do(case_id, Ridden(passed=False), by=MO)
    assert outcome.case.position == "repair.bench"
    assert outcome.events[0].stage is None
    assert len(outcome.case.path) == len(book.case(case_id).path)


def test_on_hold_the_case_waits_and_resumes_where_it_was(book):
    case_id = bring(book, "bench")
    case = book.do(case_id, "hold", by=ANA, reason="holiday").case
    assert (case.position, case.stage, case.on_hold) == ("repair.bench:hold", "repair", True)
    assert not book.ask(case_id, Ridden(passed=True), by=MO).allowed
    case = book.do(case_id, "resume", by=ANA).case
    assert (case.position, case.on_hold) == ("repair.bench", False)


def test_reopening_leads_back_to_where_the_case_was_before(book):
    case_id = bring(book, "bench")
    book.do(case_id, "hold", by=ANA, reason="holiday")
    book.do(case_id, "abandon", by=ANA, reason="no-parts")
    assert book.do(case_id, "reopen", by=BOSS).case.position == "repair.bench"


def test_what_was_called_back_is_no_longer_owed(book):
    case_id = bring(book, "dropped-off")
    assert book.record(case_id, CalledBack(), by=ANA).verdict.owed == ()
