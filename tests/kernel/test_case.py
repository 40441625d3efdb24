"""The case is a fold of its history: first, latest, count, path, dues; corrections and voids."""

from functools import reduce

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow import (
    CaseflowError,
    CaseOpened,
    Corrected,
    ExceptionMade,
    Moved,
    Noted,
    Voided,
    evolve,
    fold,
)
from caseflow.kernel.case import NoState, empty, stage_of
from caseflow.kernel.history import effective, known
from tests.support.trades import (
    HOUR,
    START,
    BikeDescribed,
    Finding,
    Inspected,
    Paid,
    QuoteSent,
    Shop,
    entry,
    shop,
)

OPENED = entry(1, CaseOpened(client="customer-1"), stage="intake.dropped-off", transition="open")


# -- any history at all ----------------------------------------------------------------------

moments = st.integers(0, 9).map(lambda hours: START + hours * HOUR)
payloads = st.one_of(
    st.builds(Paid, amount=st.integers(0, 3)),
    st.builds(QuoteSent, amount=st.integers(0, 3)),
    st.builds(BikeDescribed, words=st.sampled_from("ab")),
    st.builds(Inspected, findings=st.just((Finding(part="chain", trouble="", needs_part=True),))),
    st.just(Moved()),
    st.builds(ExceptionMade, rule=st.just("settled"), reason=st.just("kind")),
)


@st.composite
def histories(draw):
    """Histories with moves, late entries, notes, corrections and voids, in any order."""
    events = [OPENED]
    for number in range(2, draw(st.integers(2, 12))):
        amends = draw(st.integers(0, 3)) == 0 and number > 2
        event = draw(payloads)
        if amends:
            target = draw(st.sampled_from(events[1:]))
            kept = type(target.event) in (Corrected, Voided)
            anew = None if kept else attrs.evolve(target.event)
            moved = draw(st.one_of(st.none(), moments))
            event = Corrected(number=target.number, event=anew, occurred_at=moved)
            if kept or draw(st.booleans()):
                event = Voided(number=target.number)
        noted = ()
        if not amends and draw(st.booleans()):
            since = draw(st.sampled_from([number, max(1, number - 1)]))
            noted = (Noted("invoiced", "due", "unmet", None, since), Noted("x", "warn", "unmet"))
        events.append(
            entry(
                number,
                event,
                occurred_at=draw(moments),
                stage=None if amends else draw(st.sampled_from([None, *shop.positions])),
                transition=draw(st.sampled_from([None, "agree"])),
                noted=noted,
            )
        )
    return events


@given(histories())
def test_folding_a_history_is_evolving_over_its_effective_events(history):
    stepwise = reduce(evolve, effective(history), empty(history, Shop()))
    assert fold(history, Shop()) == stepwise


@given(histories(), st.integers(1, 11))
def test_a_case_can_be_carried_on_from_any_point_while_nothing_is_amended(history, cut):
    plain = [e for e in history if type(e.event) not in (Corrected, Voided)]
    first = fold(plain[: min(cut, len(plain))], Shop())
    assert fold(plain[min(cut, len(plain)) :], first.state, into=first) == fold(plain, Shop())


@given(histories())
def test_folding_changes_nothing_that_was_recorded(history):
    before = list(history)
    fold(history, Shop())
    assert history == before


# -- first, latest, count --------------------------------------------------------------------


def paid(number, amount, hour):
    return entry(number, Paid(amount=amount), occurred_at=START + hour * HOUR)


def test_latest_is_what_occurred_last_not_what_was_recorded_last():
    case = fold([OPENED, paid(2, 20, 8), paid(3, 30, 5), paid(4, 40, 2)], NoState())
    assert case.latest(Paid) == Paid(amount=20)
    assert case.first(Paid) == Paid(amount=40)
    assert case.count(Paid) == 3
    assert case.latest_recorded(Paid).number == 2
    assert case.first_recorded(Paid).number == 4


def test_of_two_events_at_one_moment_the_number_decides():
    case = fold([OPENED, paid(2, 20, 5), paid(3, 30, 5), paid(4, 40, 5)], NoState())
    assert case.first(Paid) == Paid(amount=20)
    assert case.latest(Paid) == Paid(amount=40)


def test_of_what_never_happened_there_is_neither_first_nor_latest():
    case = fold([OPENED], NoState())
    assert (case.first(Paid), case.latest(Paid), case.count(Paid)) == (None, None, 0)
    assert (case.first_recorded(Paid), case.latest_recorded(Paid)) == (None, None)


def test_seen_counts_every_type_the_case_holds():
    case = fold([OPENED, paid(2, 20, 5), paid(3, 30, 6)], NoState())
    assert {cls.__name__: seen.times for cls, seen in case.seen().items()} == {
        "CaseOpened": 1,
        "Paid": 2,
    }


# -- the path --------------------------------------------------------------------------------


def move(number, stage, hour, name="go"):
    return entry(number, Moved(), stage=stage, transition=name, occurred_at=START + hour * HOUR)


def test_the_path_tells_each_move_and_when_it_occurred():
    case = fold([OPENED, move(2, "quoting", 3), paid(3, 1, 4), move(4, "ready", 5)], NoState())
    assert [(m.number, m.transition, m.position) for m in case.path] == [
        (1, "open", "intake.dropped-off"),
        (2, "go", "quoting"),
        (4, "go", "ready"),
    ]
    assert (case.position, case.stage, case.substage) == ("ready", "ready", None)


def test_a_superseding_move_drops_the_moves_dated_after_it():
    history = [OPENED, move(2, "quoting", 3), move(3, "ready", 6), move(4, "abandoned", 4)]
    case = fold(history, NoState())
    assert [m.number for m in case.path] == [1, 2, 4]
    assert case.stage_at(START + 6 * HOUR) == "abandoned"
    assert reduce(evolve, history, empty(history, NoState())).path == case.path


def test_the_stage_at_a_moment_is_where_the_last_move_until_then_led():
    case = fold([OPENED, move(2, "quoting", 3), move(3, "ready", 6)], NoState())
    at = [case.stage_at(START + hour * HOUR) for hour in (0, 1, 2, 3, 5, 6, 7)]
    assert at == [None, *["intake.dropped-off"] * 2, "quoting", "quoting", "ready", "ready"]


@pytest.mark.parametrize(
    ("position", "stage", "substage", "on_hold"),
    [
        ("ready", "ready", None, False),
        ("repair.bench", "repair", "bench", False),
        ("repair.bench:hold", "repair", "bench", True),
        ("quoting:hold", "quoting", None, True),
    ],
)
def test_a_position_is_a_stage_with_its_substage_and_hold(position, stage, substage, on_hold):
    case = fold([OPENED, move(2, position, 3)], NoState())
    assert (case.stage, case.substage, case.on_hold) == (stage, substage, on_hold)
    assert stage_of(position) == stage


def test_who_never_had_a_position_has_no_stage():
    case = fold([entry(1, CaseOpened(client="c"))], NoState())
    assert (case.position, case.stage, case.substage, case.on_hold) == (None, None, None, False)


# -- corrections and voids -------------------------------------------------------------------


def test_a_correction_takes_effect_before_folding_and_rewrites_nothing():
    history = [OPENED, paid(2, 20, 5), entry(3, Corrected(number=2, event=Paid(amount=7)))]
    case = fold(history, Shop())
    assert case.state.paid == 7
    assert case.latest(Paid) == Paid(amount=7)
    assert case.latest_recorded(Paid).corrected_by == 3
    assert case.latest_recorded(Paid).number == 2
    assert case.count(Corrected) == 1
    assert history[1].event == Paid(amount=20)


def test_a_correction_of_the_moment_alone_keeps_what_was_said():
    moved = Corrected(number=2, occurred_at=START + 9 * HOUR)
    case = fold([OPENED, paid(2, 20, 5), paid(3, 30, 6), entry(4, moved)], NoState())
    assert case.latest(Paid) == Paid(amount=20)
    assert case.latest_recorded(Paid).occurred_at == START + 9 * HOUR


def test_of_two_corrections_the_later_counts():
    history = [
        OPENED,
        paid(2, 20, 5),
        entry(3, Corrected(number=2, event=Paid(amount=7))),
        entry(4, Corrected(number=2, event=Paid(amount=8))),
    ]
    assert fold(history, Shop()).state.paid == 8


def test_a_case_knows_what_was_changed_by_an_amendment_since_an_event():
    """What was said before it, and is no more: not when it was, and not what came after it."""
    history = [
        OPENED,
        paid(2, 20, 5),
        paid(3, 30, 6),
        move(4, "quoting", 7),
        paid(5, 40, 8),
        entry(6, Corrected(number=2, event=Paid(amount=7))),
        entry(7, Corrected(number=3, occurred_at=START + 9 * HOUR)),
        entry(8, Voided(number=3)),
        entry(9, Voided(number=5)),
    ]
    case = fold(history, NoState())
    assert case == reduce(evolve, effective(history), empty(history, NoState()))
    assert [(one.of, one.number) for one in case.amended_since(4, Paid)] == [(2, 6), (3, 8)]
    assert [one.of for one in case.amended_since(6, Paid, Moved)] == [3, 5]
    assert case.amended_since(4, Moved) == case.amended_since(9, Paid) == ()
    with pytest.raises(CaseflowError, match="str"):
        case.amended_since(4, str)


def test_a_void_leaves_the_event_out_and_the_case_where_it_was():
    history = [OPENED, move(2, "quoting", 3), entry(3, Voided(number=2))]
    case = fold(history, NoState())
    assert (case.position, case.version) == ("intake.dropped-off", 3)
    assert case.count(Moved) == 0
    assert [e.number for e in effective(history)] == [1, 3]


def test_voiding_lifts_an_exception_and_what_the_decision_owed():
    due = (Noted("invoiced", "due", "unmet", None, 3),)
    history = [
        OPENED,
        entry(2, ExceptionMade(rule="settled", reason="kind"), roles=frozenset({"manager"})),
        entry(3, Moved(), stage="collected", noted=due),
    ]
    case = fold(history, NoState())
    assert [made.number for made in case.exceptions] == [2]
    assert {name: since.number for name, since in case.dues.items()} == {"invoiced": 3}
    after = fold([*history, entry(4, Voided(number=3)), entry(5, Voided(number=2))], NoState())
    assert (after.exceptions, dict(after.dues)) == ((), {})


def test_known_is_what_was_recorded_by_then():
    history = [OPENED, paid(2, 20, 0), paid(3, 30, 1)]
    assert [e.number for e in known(history, START + 2 * HOUR)] == [1, 2]
    assert known(history, START) == []


def test_a_case_is_shown_shortly():
    """A whole history is nothing to read in a log."""
    case = fold([entry(1, CaseOpened(client="c-1"), stage="intake.asked-for")], shop.state())
    assert repr(case) == f"Case({case.id!r}, version=1, position='intake.asked-for')"
