"""What came of each time that something was due: kept, late, missed, excused, cancelled."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import (
    Begun,
    Casebook,
    ExceptionMade,
    Obligation,
    Refused,
    Stage,
    Transition,
    Workflow,
    between,
    each,
    ended,
    entered,
    every,
    fact,
    fold,
    in_quarter,
    on_date,
    opened,
    within,
    yearly,
)
from caseflow.storage import MemoryStorage
from caseflow.workflow.clocks import standings
from caseflow.workflow.occasions import occasions
from tests.workflow.test_clocks_by_the_day import AGAIN, worked
from tests.workflow.test_obligations import (
    FOLLOW_UP,
    NEW_YORK,
    PLAN,
    WEEKLY,
    Desk,
    MovedAway,
    NoteWritten,
    PlanMade,
    Reviewed,
    ReviewSet,
    day,
)

BY_THE_WEEK = attrs.evolve(WEEKLY, due=every("1 week", counted="calendar"))
IN_WEEKS = attrs.evolve(WEEKLY, due=every("1 week", counted="fixed"))


def working(*obligations, **given):
    """A case that came to the stage in which something is owed on Monday 2 March."""
    desk = Desk(*obligations, **given)
    desk.do("plan", "work")
    return desk


def told(desk, now):
    """What came of each time, by the day in New York on which it was due."""
    found = desk.book.occasions(desk.id, now=now)
    return [(one.due_at.astimezone(NEW_YORK).strftime("%-d %b"), one.outcome) for one in found]


# -- again and again -------------------------------------------------------------------------


def test_a_note_keeps_the_week_it_lies_in_and_settles_what_is_due_today():
    desk = working(BY_THE_WEEK)
    desk.do(NoteWritten(), at=day(3, 4))
    desk.do(NoteWritten(), NoteWritten(), at=day(3, 24))
    assert told(desk, day(3, 31)) == [
        ("8 Mar", "kept"),
        ("15 Mar", "missed"),
        ("22 Mar", "missed"),
        ("29 Mar", "kept"),
        ("5 Apr", "open"),
    ]
    assert desk.due_on(day(3, 31)) == date(2026, 4, 5), "nothing of it is owed today"


def test_what_kept_it_is_told_with_its_event_and_moment():
    desk = working(BY_THE_WEEK)
    desk.do(NoteWritten(), at=day(3, 4))
    (one,) = desk.book.occasions(desk.id, now=day(3, 5))
    assert (one.met, one.met_at, one.since) == (4, day(3, 4), 3)
    assert (one.opens_at, one.obligation) == (
        desk.book.history(desk.id)[2].occurred_at,
        BY_THE_WEEK,
    )


def test_weeks_from_the_start_are_counted_one_by_one():
    desk = working(IN_WEEKS)
    desk.do(NoteWritten(), at=day(3, 9))
    assert told(desk, day(3, 25)) == [
        ("8 Mar", "missed"),
        ("15 Mar", "kept"),
        ("22 Mar", "missed"),
        ("29 Mar", "open"),
    ]


def test_from_the_last_time_it_is_late_for_a_span_more_and_then_missed():
    desk = working(WEEKLY)
    assert told(desk, day(3, 8)) == [("9 Mar", "open")]
    assert told(desk, day(3, 12)) == [("9 Mar", "overdue")]
    assert told(desk, day(3, 18)) == [("9 Mar", "missed"), ("16 Mar", "overdue")]
    desk.do(NoteWritten(), at=day(3, 18))
    desk.do(NoteWritten(), at=day(3, 20))
    assert told(desk, day(3, 28)) == [
        ("9 Mar", "missed"),
        ("16 Mar", "late"),
        ("25 Mar", "kept"),
        ("27 Mar", "overdue"),
    ]


def test_a_year_may_be_made_up_for_until_the_next_one_opens():
    annual = Obligation(
        "annual-review",
        "There is a review each year.",
        since=opened(),
        due=yearly(before="30 days", after="30 days"),
        met_by=Reviewed,
    )
    desk = Desk(annual, start=day(6, 1, year=2020))
    for at in (day(5, 20, year=2021), day(9, 1, year=2022), day(5, 1, year=2024)):
        desk.do(Reviewed(), at=at)
    assert told(desk, day(7, 2, year=2025)) == [
        ("1 Jul", "kept"),  # 2021
        ("1 Jul", "late"),  # 2022
        ("1 Jul", "late"),  # 2023: on 1 May the window of 2024 was not open
        ("1 Jul", "missed"),  # 2024
        ("1 Jul", "overdue"),  # 2025
    ]


def test_time_on_hold_has_no_weeks():
    desk = working(BY_THE_WEEK)
    desk.do(NoteWritten(), at=day(3, 3))
    desk.do("hold", at=day(3, 4), reason="ill")
    assert told(desk, day(3, 20)) == [("8 Mar", "kept"), ("22 Mar", "open")]
    desk.do("resume", at=day(3, 26))
    assert told(desk, day(3, 31)) == [("8 Mar", "kept"), ("29 Mar", "missed"), ("5 Apr", "open")]


# -- what ends a clock -----------------------------------------------------------------------


def test_what_fell_due_before_the_end_was_missed_and_what_was_not_yet_due_lapses():
    for one, expected in (
        (BY_THE_WEEK, [("8 Mar", "missed"), ("15 Mar", "lapsed")]),
        (WEEKLY, [("9 Mar", "missed")]),
        (attrs.evolve(WEEKLY, due=within("7 days")), [("9 Mar", "missed")]),
        (attrs.evolve(WEEKLY, due=within("20 days")), [("22 Mar", "lapsed")]),
    ):
        desk = working(one)
        desk.do("end", at=day(3, 12))
        assert told(desk, day(5, 1)) == expected, one.due


def test_each_stay_is_counted_and_a_clock_that_began_anew_is_not_forgotten():
    desk = working(BY_THE_WEEK)
    desk.do("again", at=day(3, 10))
    desk.do("work", at=day(4, 1))
    desk.do(NoteWritten(), at=day(4, 2))
    assert told(desk, day(4, 7)) == [
        ("8 Mar", "missed"),
        ("15 Mar", "lapsed"),
        ("5 Apr", "kept"),
        ("12 Apr", "open"),
    ]
    review = Obligation(
        "review", "It is reviewed.", since=ReviewSet, due=on_date("review_on"), met_by=Reviewed
    )
    desk = Desk(review)
    desk.do(ReviewSet(review_on=date(2026, 3, 10)))
    desk.do(ReviewSet(review_on=date(2026, 3, 20)), at=day(3, 5))
    desk.do(ReviewSet(review_on=date(2026, 4, 1)), at=day(3, 25))
    desk.do(Reviewed(), at=day(4, 3))
    assert told(desk, day(5, 1)) == [("10 Mar", "lapsed"), ("20 Mar", "missed"), ("1 Apr", "late")]


def test_what_was_owed_after_a_death_is_cancelled_and_what_was_missed_before_is_not():
    desk = working(attrs.evolve(BY_THE_WEEK, cancelled_by=MovedAway))
    desk.do(MovedAway(), at=day(3, 12))
    desk.do("end", at=day(4, 12))  # it was learned late
    assert told(desk, day(5, 1)) == [("8 Mar", "missed"), ("15 Mar", "cancelled")]


def test_what_was_done_stays_so_where_a_case_was_opened_and_ended_at_one_moment():
    desk = Desk(attrs.evolve(PLAN, since=opened(), met_by=NoteWritten))
    desk.do(NoteWritten(), "plan", "work", "end")
    kept = told(desk, day(3, 3))
    assert [outcome for _, outcome in kept] == ["kept"]
    desk.now = day(8, 1)
    desk.do("reopen")
    assert told(desk, day(8, 2)) == kept
    assert desk.book.owed(desk.id) == ()


def test_a_case_that_is_reopened_is_owed_again():
    cancelled = attrs.evolve(WEEKLY, cancelled_by=MovedAway)
    desk = working(cancelled, attrs.evolve(cancelled, id="since-the-opening", since=opened()))
    desk.do(MovedAway(), "end", at=day(3, 5))
    assert {one.status for one in desk.standings(day(3, 20))} == {"cancelled"}
    desk.do("reopen", at=day(5, 4))
    assert [one.status for one in desk.standings(day(5, 5))] == ["open", "open"]
    due = {one.due_at.astimezone(NEW_YORK).date() for one in desk.standings(day(5, 5))}
    assert due == {date(2026, 5, 11)}, "a week after the reopening"
    desk.do(MovedAway(), at=day(5, 6))
    assert [one.status for one in desk.standings(day(5, 20))] == ["cancelled", "cancelled"]


def test_weeks_after_a_reopening_count_again_and_those_before_stay_cancelled():
    weeks = attrs.evolve(BY_THE_WEEK, since=opened(), during=(), cancelled_by=MovedAway)
    desk = Desk(weeks, attrs.evolve(PLAN, since=opened(), cancelled_by=MovedAway))
    desk.do(MovedAway(), "end", at=day(3, 5))
    assert told(desk, day(4, 20)) == [("8 Mar", "cancelled"), ("1 Apr", "cancelled")]
    desk.do("reopen", at=day(5, 4))
    assert told(desk, day(5, 5)) == [
        ("8 Mar", "cancelled"),
        ("1 Apr", "cancelled"),
        ("10 May", "open"),
        ("3 Jun", "open"),
    ]


VISIT = attrs.evolve(PLAN, since=opened(), due=between("1 week", "2 weeks"), met_by=NoteWritten)


@pytest.mark.parametrize(
    ("left", "word"), [((MovedAway(), day(3, 4)), "cancelled"), (("end", day(3, 4)), "lapsed")]
)
def test_what_fell_due_before_a_reopening_stays_what_it_was(left, word):
    desk = Desk(attrs.evolve(VISIT, cancelled_by=MovedAway))
    desk.do(left[0], at=left[1])
    desk.do(*(("end",) if word == "cancelled" else ()), "reopen", at=day(3, 24))
    assert (desk.status(), told(desk, day(3, 25))) == (word, [("16 Mar", word)])
    desk.do("end", at=day(3, 26))
    assert (desk.status(), told(desk, day(3, 27))) == (word, [("16 Mar", word)])


def test_what_cancelled_it_counts_though_it_happened_again_since():
    desk = working(attrs.evolve(WEEKLY, due=within("7 days"), cancelled_by=MovedAway))
    desk.do(MovedAway(), "end", at=day(3, 4))
    desk.do("reopen", at=day(3, 10))
    for at in (day(3, 12), day(3, 20), day(3, 21)):
        desk.do(MovedAway(), at=at)
    assert told(desk, day(3, 22)) == [("9 Mar", "cancelled"), ("17 Mar", "cancelled")]
    assert [one.status for one in desk.book.obligations(desk.id)] == ["cancelled"]
    assert desk.book.owed(desk.id) == ()


def test_what_happened_after_an_end_that_was_learned_late_is_owed_by_nobody():
    desk = working(BY_THE_WEEK)
    desk.do("again", at=day(3, 12))
    desk.do("work", at=day(3, 17))
    desk.now = day(4, 1)
    desk.do("end", at=day(3, 10))  # it supersedes the two moves that were dated later
    assert told(desk, day(4, 2)) == [("8 Mar", "missed"), ("15 Mar", "lapsed")]


def test_one_contact_meets_the_quarter_it_lies_in():
    quarters = [
        Obligation(
            f"quarter-{n}",
            "The client is contacted.",
            since=ended(),
            due=in_quarter(n),
            met_by=NoteWritten,
            after_the_end=True,
        )
        for n in (1, 2, 3)
    ]
    desk = Desk(*quarters)
    desk.do("end", at=day(3, 20))
    desk.do(NoteWritten(), at=day(8, 1))
    assert [one.status for one in desk.book.obligations(desk.id)] == ["missed", "met", "upcoming"]
    assert told(desk, day(8, 2)) == [("30 Jun", "missed"), ("30 Sep", "kept")]
    desk.do(NoteWritten(), at=day(11, 1))
    listed = desk.book.obligations(desk.id)
    assert [(one.status, one.met) for one in listed] == [("missed", None), ("met", 3), ("met", 4)]
    assert not desk.book.owed(desk.id)


def test_what_is_done_once_is_told_once():
    desk = Desk(PLAN, FOLLOW_UP)
    desk.do("plan")
    assert told(desk, day(3, 3)) == [("1 Apr", "open")]
    desk.do(PlanMade(), at=day(4, 3))
    desk.do("end", at=day(4, 10))
    assert told(desk, day(4, 11)) == [("1 Apr", "late")], "its window is not open yet"
    assert told(desk, day(12, 31)) == [("1 Apr", "late"), ("10 Jan", "open")]


# -- what is done while nothing is owed -------------------------------------------------------


@pytest.mark.parametrize("left", ["again", "end", MovedAway()], ids=["left", "ended", "cancelled"])
@pytest.mark.parametrize("one", [BY_THE_WEEK, IN_WEEKS, WEEKLY], ids=["week", "fixed", "rolling"])
def test_what_is_done_while_nothing_is_owed_keeps_no_week(one, left):
    desk = working(attrs.evolve(one, cancelled_by=MovedAway))
    desk.do(NoteWritten(), at=day(3, 3))
    desk.do(left, at=day(3, 9))
    for number in (10, 12, 19):
        desk.do(NoteWritten(), at=day(3, number))
    found = [outcome for _, outcome in told(desk, day(4, 20))]
    assert found == ["kept", "cancelled" if isinstance(left, MovedAway) else "lapsed"]


@pytest.mark.parametrize(
    ("left", "at", "word"),
    [
        ("end", day(3, 4), "lapsed"),
        (MovedAway(), day(3, 4), "cancelled"),
        ("end", day(3, 10), "missed"),
        ("again", day(3, 10), "missed"),
    ],
)
def test_what_is_due_once_is_not_met_any_more_once_it_is_not_owed(left, at, word):
    desk = Desk(
        attrs.evolve(WEEKLY, since=entered("work"), due=within("7 days"), cancelled_by=MovedAway)
    )
    desk.do("plan", "work")
    desk.do(left, at=at)
    desk.do(NoteWritten(), NoteWritten(), NoteWritten(), at=day(3, 12))
    (standing,) = desk.book.obligations(desk.id)
    assert (standing.status, standing.met, told(desk, day(4, 1))) == (word, None, [("9 Mar", word)])


def test_what_was_done_before_the_stage_counts_only_where_it_may_be_done_early():
    call = attrs.evolve(WEEKLY, since=opened(), due=within("2 days"))
    for early, expected in ((None, "open"), ("3 days", "met")):
        desk = Desk(attrs.evolve(call, early=early))
        desk.do(NoteWritten(), at=day(3, 19))
        desk.do("plan", "work", at=day(3, 22))
        assert (desk.status(), desk.due_on()) == (expected, date(2026, 3, 24)), early
    desk.do(NoteWritten(), at=day(3, 23))
    assert told(desk, desk.now) == [("4 Mar", "lapsed"), ("24 Mar", "kept")]
    assert desk.book.obligations(desk.id)[0].met == 2, "the first that counts"


@pytest.mark.parametrize("left", [("again",), (MovedAway(),)], ids=["left", "cancelled"])
def test_what_was_done_while_it_was_owed_counts_though_it_was_done_again_since(left):
    desk = Desk(attrs.evolve(WEEKLY, since=opened(), due=within("60 days"), cancelled_by=MovedAway))
    desk.do(NoteWritten())
    desk.do("plan", "work", at=day(3, 3))
    desk.do(NoteWritten(), at=day(3, 5))
    desk.do(*left, at=day(3, 6))
    desk.do(NoteWritten(), at=day(3, 7))
    desk.do(*(("work",) if left == ("again",) else ("end", "reopen")), at=day(3, 10))
    assert desk.book.obligations(desk.id)[0].met_at == day(3, 5)
    assert desk.book.owed(desk.id) == ()


def test_a_date_that_is_set_once_nothing_is_owed_lapses():
    review = attrs.evolve(WEEKLY, since=ReviewSet, during=(), due=on_date("review_on"))
    desk = Desk(review)
    desk.do("end", at=day(3, 5))
    desk.do(ReviewSet(review_on=date(2026, 3, 4)), at=day(3, 6))
    assert (desk.status(), told(desk, day(3, 7))) == ("lapsed", [])


def test_a_week_that_was_kept_is_not_asked_for_again_when_the_case_is_reopened_in_it():
    desk = working(BY_THE_WEEK)
    desk.do(NoteWritten(), at=day(3, 3))
    desk.do("end", at=day(3, 4))
    desk.do("reopen", at=day(3, 4, 13))
    assert desk.due_on() == date(2026, 3, 15)
    assert told(desk, day(3, 10)) == [("8 Mar", "kept"), ("15 Mar", "open")]
    other = working(BY_THE_WEEK)
    other.do("end", at=day(3, 4))
    other.do(NoteWritten(), at=day(3, 5))
    other.do("reopen", at=day(3, 6))
    assert (other.status(), other.due_on()) == ("open", date(2026, 3, 8)), "it was not owed then"


def test_what_is_met_keeps_the_day_that_it_was_due_when_it_was_done():
    for due, note, expected in (
        (within("10 days"), day(3, 22), "31 Mar"),
        (within("10 days"), day(3, 2, 13), "12 Mar"),
        (every("10 days"), day(3, 2, 13), "12 Mar"),
    ):
        desk = working(attrs.evolve(WEEKLY, due=due))
        for step, at in sorted(
            ((NoteWritten(), note), ("hold", day(3, 3))), key=lambda one: one[1]
        ):
            desk.do(step, at=at, reason="ill")
        desk.do("resume", at=day(6, 1))
        for now in (day(3, 23), day(5, 1), desk.now):
            assert told(desk, now)[0] == (expected, "kept"), due
            (standing,) = desk.book.obligations(desk.id, now=now)
            its_day = standing.due_at and standing.due_at.astimezone(NEW_YORK).strftime("%-d %b")
            assert standing.status != "met" or its_day == expected


def test_what_was_done_late_and_is_excused_is_told_so_by_both():
    desk = working(attrs.evolve(WEEKLY, due=within("7 days")))
    desk.do(NoteWritten(), at=day(3, 12))
    made = excuse(desk, date(2026, 3, 9)).events[0].number
    (standing,) = desk.book.obligations(desk.id)
    assert (standing.status, standing.exception) == ("excepted", made)
    assert told(desk, day(3, 13)) == [("9 Mar", "excused")]


# -- what fell due while it was not owed ------------------------------------------------------


@pytest.mark.parametrize("counted", ["calendar", "fixed", "rolling"])
def test_what_falls_due_while_a_case_is_closed_is_not_owed(counted):
    weeks = attrs.evolve(WEEKLY, since=opened(), during=(), due=every("1 week", counted=counted))
    desk = Desk(weeks)
    desk.do("end", at=day(3, 5))
    desk.do("reopen", at=day(5, 4))
    first = {"calendar": "10 May", "fixed": "10 May", "rolling": "11 May"}[counted]
    assert (desk.status(), desk.due_on().strftime("%-d %b")) == ("open", first)
    assert told(desk, day(5, 5))[1:] == [(first, "open")]
    desk.now = day(5, 20)
    (owed,) = desk.book.owed(desk.id)
    assert (owed.overdue, owed.due_at.astimezone(NEW_YORK).strftime("%-d %b")) == (True, first)
    assert told(desk, day(5, 20))[0][1] == "lapsed"
    excuse(desk, owed.due_at.astimezone(NEW_YORK).date())
    assert desk.due_on() > owed.due_at.astimezone(NEW_YORK).date(), "it can be excused"


@pytest.mark.parametrize(
    "due", [within("10 days"), every("10 days"), yearly(before="1 day", after="1 day")]
)
def test_what_is_owed_in_a_stage_is_first_due_once_the_case_is_there(due):
    desk = Desk(attrs.evolve(WEEKLY, since=opened(), during="work", due=due))
    desk.do("plan", "work", at=day(7, 1, year=2027))
    standing = desk.standing()
    assert standing.due_at > desk.now
    assert [one.due_at for one in desk.book.occasions(desk.id, now=standing.due_at)][-1:] == [
        standing.due_at
    ]


def test_a_quarter_that_passed_before_the_stage_lapsed():
    quarter = attrs.evolve(WEEKLY, since=opened(), during="work", due=in_quarter(1))
    desk = Desk(quarter)
    desk.do("plan", "work", at=day(8, 1))
    assert [one.status for one in desk.book.obligations(desk.id)] == ["lapsed"]
    assert told(desk, day(9, 1)) == [("30 Jun", "lapsed")]


def test_what_was_overdue_when_it_was_cancelled_stays_overdue_until_it_is_done():
    desk = working(attrs.evolve(WEEKLY, cancelled_by=MovedAway))
    desk.do(MovedAway(), at=day(3, 12))
    assert desk.status(day(5, 1)) == "overdue"
    assert told(desk, day(5, 1)) == [("9 Mar", "overdue"), ("16 Mar", "cancelled")]
    desk.do(NoteWritten(), at=day(5, 2))
    assert told(desk, day(5, 3))[0] == ("9 Mar", "late")


# -- what has not occurred yet, and what is recorded late --------------------------------------


@pytest.mark.parametrize("one", [BY_THE_WEEK, IN_WEEKS, WEEKLY])
def test_a_fact_that_is_dated_in_the_future_by_mistake_hides_nothing(one):
    desk = working(one)
    desk.do(NoteWritten(), at=day(3, 4))
    desk.do(NoteWritten(), at=day(3, 10))
    ahead = day(3, 11, year=2027)
    desk.book.record(desk.id, NoteWritten(), by="ana", at=ahead)
    now = day(4, 1)
    (owed,) = desk.book.owed(desk.id, now=now)
    (standing,) = desk.book.obligations(desk.id, now=now)
    assert (standing.status, standing.due_at) == ("overdue", owed.due_at)
    assert owed.due_at.astimezone(NEW_YORK).date() in {date(2026, 3, n) for n in (17, 22)}
    assert [one.id for one in desk.book.find(due_by=now).cases] == [desk.id]
    assert desk.book.owed(desk.id, now=day(1, 1)) == ()


@fact("task-set")
class TaskSet:
    name: str


@fact("task-done")
class TaskDone:
    name: str


@attrs.frozen
class Tasks:
    """The tasks of a case; one that is done has to have been set before."""

    tasks: dict[str, Begun] = attrs.Factory(dict)

    def fold(self, recorded):
        event, tasks = recorded.event, dict(self.tasks)
        if isinstance(event, TaskSet):
            tasks[event.name] = Begun(recorded.occurred_at, recorded.number, event.name)
        elif isinstance(event, TaskDone):
            tasks[event.name] = tasks[event.name]._replace(met_at=recorded.occurred_at)
        return Tasks(tasks)


def tasks_of(case):
    return case.state.tasks.values()


def test_things_are_folded_in_the_order_of_recording():
    task = Obligation(
        "task",
        "It is done.",
        since=each(tasks_of),
        due=within("7 days"),
        excepted_by="supervisor",
    )
    tasks = Workflow(
        "tasks",
        version="1",
        stages=[Stage("start", initial=True), Stage("done", final=True)],
        transitions=[
            Transition("end", source="start", to="done"),
            Transition("reopen", source="done", to="start", reopens=True),
        ],
        events=[TaskSet, TaskDone],
        obligations=[task],
        state=Tasks,
    )
    desk = Desk()
    desk.book = Casebook(
        tasks, MemoryStorage(), clock=lambda: desk.now, roles={"boss": ["supervisor"]}
    )
    desk.id = desk.book.open(client="P", by="ana").case.id
    desk.do(TaskSet(name="call"), TaskSet(name="visit"), at=day(3, 6))
    desk.do(TaskDone(name="call"), at=day(3, 4))  # it was done before it was set, as it is told
    now = day(3, 20)
    told = [(one.about, one.outcome) for one in desk.book.occasions(desk.id, now=now)]
    listed = desk.book.obligations(desk.id, now=now)
    assert told == [(one.about, one.status) for one in listed]
    desk.now = now
    made = ExceptionMade(rule="task", reason="ill", due_on=date(2026, 3, 13))
    assert desk.book.ask(desk.id, made, by="boss").allowed
    desk.do("end")
    desk.do(TaskDone(name="visit"), at=day(3, 23))
    desk.do("reopen", at=day(3, 24))
    stand = {one.about: one.status for one in desk.book.obligations(desk.id)}
    assert stand == {"call": "overdue", "visit": "missed"}, "what is done is not owed anew"


# -- days that there were not, and years that nobody meant ----------------------------------------


@pytest.mark.parametrize("counted", ["fixed", "rolling"])
def test_a_day_that_the_zone_left_out_is_no_last_day(counted):
    daily = attrs.evolve(WEEKLY, due=every("1 day", counted=counted))
    desk = Desk(daily, start=datetime(2011, 12, 28, 12, tzinfo=UTC), zone="Pacific/Apia")
    desk.do("plan", "work")
    found = desk.book.occasions(desk.id, now=desk.now + timedelta(days=5))
    days = [one.due_at.astimezone(ZoneInfo("Pacific/Apia")).strftime("%-d %b") for one in found]
    assert days[days.index("29 Dec") :][:4] == ["29 Dec", "31 Dec", "1 Jan", "2 Jan"]
    assert {one.outcome for one in found[:3]} == {"missed"}


@pytest.mark.parametrize("due", [between("1 day", "2 days"), within("2 days")])
def test_nor_does_a_window_end_before_it(due):
    once = attrs.evolve(WEEKLY, since=opened(), during=(), due=due)
    desk = Desk(once, start=datetime(2011, 12, 28, 12, tzinfo=UTC), zone="Pacific/Apia")
    (found,) = desk.book.obligations(desk.id)
    assert found.due_at.astimezone(ZoneInfo("Pacific/Apia")).date() == date(2011, 12, 31)


def test_a_hold_moves_a_span_that_ends_on_a_day_which_the_zone_left_out_by_all_its_days():
    two = attrs.evolve(IN_WEEKS, due=every("2 days", counted="fixed"), during=())
    desk = Desk(two, start=datetime(2011, 12, 27, 20, tzinfo=UTC), zone="Pacific/Apia")
    desk.do("hold", reason="away")
    desk.do("resume", at=desk.now + timedelta(days=4))
    found = desk.book.occasions(desk.id, now=desk.now + timedelta(days=5))
    days = [one.due_at.astimezone(ZoneInfo("Pacific/Apia")).strftime("%-d %b") for one in found]
    assert days == ["2 Jan", "4 Jan", "6 Jan"]


@pytest.mark.parametrize("counted", ["calendar", "fixed", "rolling"])
def test_a_start_in_a_year_that_nobody_meant_counts_from_the_opening(counted):
    since = attrs.evolve(WEEKLY, since=ReviewSet, during=(), due=every("1 week", counted=counted))
    desk = Desk(since)
    desk.book.record(desk.id, ReviewSet(), by="ana", at=datetime(226, 3, 2, 15, tzinfo=UTC))
    found = desk.book.occasions(desk.id, now=day(3, 4))
    assert [one.outcome for one in found] == ["open"]
    assert found[0].due_at == desk.standing(day(3, 4)).due_at


def test_a_hold_lengthens_the_span_in_which_it_began_and_those_after_it_follow():
    months = attrs.evolve(WEEKLY, due=every("1 month", counted="fixed"))
    desk = Desk(months, start=day(3, 25))
    desk.do("plan", "work")
    desk.do("hold", at=day(4, 16), reason="ill")
    desk.do("resume", at=day(6, 1))
    assert desk.due_on() == date(2026, 6, 9), "46 days after 24 April"
    desk.do(NoteWritten(), at=day(6, 5))
    assert desk.due_on() == date(2026, 7, 9)
    assert told(desk, day(8, 1)) == [("9 Jun", "kept"), ("9 Jul", "missed"), ("9 Aug", "open")]


# -- exceptions ------------------------------------------------------------------------------


def excuse(desk, on, **given):
    """An exception to one time that a note was due."""
    made = ExceptionMade(rule="weekly-note", reason="staff ill", due_on=on, **given)
    return desk.do(made, by="boss")


@pytest.mark.parametrize("one", [BY_THE_WEEK, IN_WEEKS])
def test_an_exception_excuses_the_one_week_that_it_names(one):
    desk = working(one)
    desk.now = day(3, 18)
    excuse(desk, date(2026, 3, 8))
    expected = [("8 Mar", "excused"), ("15 Mar", "missed"), ("22 Mar", "open")]
    assert told(desk, day(3, 18)) == expected
    assert desk.book.occasions(desk.id)[0].exception == 4
    assert (desk.status(), desk.due_on()) == ("overdue", date(2026, 3, 15)), "the next one"
    excuse(desk, date(2026, 3, 15))
    assert (desk.status(), desk.due_on()) == ("open", date(2026, 3, 22))
    assert desk.book.find(due_by=day(3, 22, 23)).cases == ()


def test_a_week_is_excused_though_a_fact_is_dated_in_it_that_has_not_occurred_yet():
    desk = working(BY_THE_WEEK)
    desk.do(NoteWritten())
    desk.book.record(desk.id, NoteWritten(), by="ana", at=day(3, 12))
    with pytest.raises(Refused, match=r"those that may be excused: 15 March 2026"):
        excuse(desk, date(2026, 3, 14))
    excuse(desk, date(2026, 3, 15))
    assert told(desk, day(3, 16))[:2] == [("8 Mar", "kept"), ("15 Mar", "kept")]


def test_a_week_may_be_excused_before_it_comes_and_one_done_late_afterwards():
    desk = working(WEEKLY)
    excuse(desk, date(2026, 3, 9))
    assert desk.due_on() == date(2026, 3, 16)
    desk.do(NoteWritten(), at=day(3, 20))
    excuse(desk, date(2026, 3, 16))
    assert told(desk, day(3, 20)) == [
        ("9 Mar", "excused"),
        ("16 Mar", "excused"),
        ("27 Mar", "open"),
    ]


def test_after_one_time_that_is_excused_the_next_is_told():
    desk = working(WEEKLY)
    desk.now = day(3, 10)
    excuse(desk, date(2026, 3, 9))
    assert (desk.status(), desk.due_on()) == ("open", date(2026, 3, 16))
    assert told(desk, day(3, 10)) == [("9 Mar", "excused"), ("16 Mar", "open")]


def test_what_is_due_once_is_excused_for_good():
    desk = working(attrs.evolve(WEEKLY, due=within("7 days")))
    excuse(desk, date(2026, 3, 9))
    assert (desk.status(day(6, 1)), desk.standing(day(6, 1)).exception) == ("excepted", 4)
    assert desk.book.find(due_by=day(12, 31)).cases == ()
    desk.do("end", at=day(4, 1))
    assert told(desk, day(6, 1)) == [("9 Mar", "excused")]


@pytest.mark.parametrize("one", [BY_THE_WEEK, WEEKLY], ids=["calendar", "rolling"])
def test_an_exception_that_bridges_a_time_excuses_as_long_as_it_lasts(one):
    desk = working(one)
    desk.do(NoteWritten(), at=day(3, 4))
    made = ExceptionMade(rule="weekly-note", reason="in hospital", until=day(3, 16))
    desk.do(made, at=day(3, 10), by="boss")
    due = desk.due_on(day(3, 15)).strftime("%-d %b")
    assert (desk.status(day(3, 16)), told(desk, day(3, 16))[-1 if one is WEEKLY else -2]) == (
        "excepted",
        (due, "excused"),
    )
    assert desk.status(day(3, 17)) == "overdue"
    assert (due, "excused") not in told(desk, day(3, 17))


def test_what_is_excepted_while_on_hold_has_no_day_until_the_case_is_resumed():
    desk = working(attrs.evolve(WEEKLY, due=within("7 days")))
    desk.do("hold", at=day(3, 4), reason="ill")
    made = ExceptionMade(rule="weekly-note", reason="in hospital", until=day(4, 10))
    desk.do(made, at=day(3, 6), by="boss")
    standing = desk.standing(day(3, 20))
    assert (standing.status, standing.due_at) == ("excepted", None)
    assert desk.book.find(due_by=day(12, 31)).cases == ()
    desk.do("resume", at=day(3, 21))
    assert (desk.status(), desk.due_on()) == ("excepted", date(2026, 3, 26))


def test_weeks_missed_before_an_exception_was_made_stay_missed():
    desk = working(BY_THE_WEEK)
    made = ExceptionMade(rule="weekly-note", reason="in hospital", until=day(3, 30))
    desk.do(made, at=day(3, 10), by="boss")
    assert told(desk, day(3, 24)) == [
        ("8 Mar", "missed"),
        ("15 Mar", "excused"),
        ("22 Mar", "excused"),
        ("29 Mar", "excused"),
    ]


@pytest.mark.parametrize("due", [within("7 days"), every("1 week"), in_quarter(0)])
def test_what_was_missed_before_an_exception_was_made_stays_so_for_both(due):
    desk = working(attrs.evolve(WEEKLY, due=due))
    made = ExceptionMade(rule="weekly-note", reason="in hospital", until=day(5, 1))
    ended = day(4, 2) if due == in_quarter(0) else day(3, 20)
    desk.do("end", at=ended)
    desk.do(made, at=day(4, 3), by="boss")
    assert (desk.status(), told(desk, day(4, 4))[0][1]) == ("missed", "missed")
    bridged = working(attrs.evolve(WEEKLY, due=due))
    bridged.do(made, at=day(3, 8), by="boss")
    bridged.do("end", at=ended)
    assert (bridged.status(), told(bridged, day(4, 4))[0][1]) == ("lapsed", "excused")


def test_a_week_missed_before_an_exception_is_missed_for_both_once_the_case_has_ended():
    desk = working(WEEKLY)
    made = ExceptionMade(rule="weekly-note", reason="in hospital", until=day(5, 1))
    desk.do(made, at=day(3, 18), by="boss")
    desk.do("end", at=day(3, 20))
    assert desk.status() == "missed"
    assert told(desk, day(3, 21)) == [("9 Mar", "missed"), ("16 Mar", "excused")]


NOTHING = {
    "no such day": (
        {"due_on": date(2026, 3, 9)},
        "nothing of it is due on 9 March 2026",
        "name a day of those that may be excused: 15 March 2026",
    ),
    "a day of many": (
        {"due_on": date(2026, 3, 9), "now": day(4, 2)},
        "nothing of it is due on 9 March 2026",
        "name a day of those that may be excused: for example 15 March 2026 or 22 March 2026 or "
        "29 March 2026",
    ),
    "a week that was kept": (
        {"due_on": date(2026, 3, 8)},
        "what was due on 8 March 2026 was done in time, and needs no exception",
        "name the day once something due was not done",
    ),
    "a day and an end": (
        {"due_on": date(2026, 3, 15), "until": day(4, 1)},
        "it names one day and an end",
        "name a day to excuse one time, or an end to bridge a time",
    ),
    "far away": (
        {"due_on": date(2027, 4, 4)},
        "4 April 2027 is more than a year ahead",
        "excuse it when it is nearer, or give an end",
    ),
    "an end that has passed": (
        {"until": day(3, 4, 22)},
        "4 March 2026, 22:00 has passed, so that nothing is bridged",
        "give a later end; or name the day on which it was due, to excuse that one time",
    ),
    "an end that has passed, of an exception that is dated before": (
        {"until": day(3, 4, 22), "at": day(3, 3)},
        "4 March 2026, 22:00 has passed, so that nothing is bridged",
        "give a later end; or name the day on which it was due, to excuse that one time",
    ),
}


@pytest.mark.parametrize("given", NOTHING)
def test_an_exception_that_would_change_nothing_is_refused(given):
    fields, found, remedy = NOTHING[given]
    desk = working(BY_THE_WEEK)
    desk.do(NoteWritten(), at=day(3, 5))
    at, desk.now = fields.get("at"), fields.get("now", desk.now)
    fields = {name: value for name, value in fields.items() if name not in ("at", "now")}
    made = ExceptionMade(rule="weekly-note", reason="staff ill", **fields)
    (refusal,) = desk.book.ask(desk.id, made, by="boss", at=at).refusals
    assert (refusal.rule, refusal.unmet[0].found, refusal.unmet[0].remedy) == (
        "exception-entitled",
        found,
        remedy,
    )
    nobody = working(attrs.evolve(BY_THE_WEEK, excepted_by=""))
    with pytest.raises(Refused, match="rule weekly-note allows no exception"):
        excuse(nobody, date(2026, 3, 8))


def offered(verdict):
    """The days that a refusal names as those that may be excused."""
    days = verdict.refusals[0].unmet[0].remedy.partition("may be excused: ")[2]
    days = days.removeprefix("for example ").split(" or ")
    return [datetime.strptime(one, "%d %B %Y").replace(tzinfo=UTC).date() for one in days if one]


def test_where_a_wrong_day_is_named_the_missed_ones_are_offered_first():
    desk = working(BY_THE_WEEK)
    desk.do(NoteWritten(), at=day(3, 10))
    desk.now = day(3, 18)
    made = ExceptionMade(rule="weekly-note", reason="staff ill", due_on=date(2026, 3, 14))
    verdict = desk.book.ask(desk.id, made, by="boss")
    assert offered(verdict) == [date(2026, 3, 8), date(2026, 3, 22)], "that of 15 March was kept"
    excuse(desk, date(2026, 3, 8))
    assert offered(desk.book.ask(desk.id, made, by="boss")) == [date(2026, 3, 22)]
    once = working(attrs.evolve(BY_THE_WEEK, due=within("7 days")))
    once.do(NoteWritten(), at=day(3, 5))
    (unmet,) = once.book.ask(once.id, made, by="boss").refusals[0].unmet
    assert (unmet.found, unmet.remedy) == (
        "nothing of it is due on 14 March 2026",
        "name the day once something due was not done",
    )


def test_no_day_is_offered_that_moves_on_with_a_hold():
    desk = working(attrs.evolve(BY_THE_WEEK, due=within("7 days")))
    desk.do("hold", at=day(3, 4), reason="ill")
    desk.now = day(3, 5)
    made = ExceptionMade(rule="weekly-note", reason="staff ill", due_on=date(2026, 3, 10))
    (unmet,) = desk.book.ask(desk.id, made, by="boss").refusals[0].unmet
    assert (unmet.found, unmet.remedy) == (
        "nothing of it is due on 10 March 2026",
        "ask again once the case is resumed: what is due waits while it is on hold",
    )
    desk.do("resume", at=day(3, 5))
    assert desk.book.ask(desk.id, made, by="boss").allowed


@settings(max_examples=50)
@given(data=st.data(), days=st.integers(-40, 60))
def test_each_day_that_is_offered_may_be_excused(data, days):
    desk = worked(data)[0].desk
    rule = desk.workflow.obligations[0].id
    made = ExceptionMade(
        rule=rule, reason="staff ill", due_on=desk.now.date() + timedelta(days=days)
    )
    verdict = desk.book.ask(desk.id, made, by="boss")
    for one in () if verdict.allowed else offered(verdict):
        assert desk.book.ask(desk.id, attrs.evolve(made, due_on=one), by="boss").allowed, one


ONCE = attrs.evolve(WEEKLY, due=within("7 days"))


@pytest.mark.parametrize(
    "obligation",
    [
        BY_THE_WEEK,
        IN_WEEKS,
        WEEKLY,
        attrs.evolve(ONCE, since=ReviewSet),
        attrs.evolve(ONCE, since=each(lambda case: [Begun(case.recorded_at, 1)])),
    ],
)
def test_an_exception_for_ever_to_what_may_be_due_more_than_once_is_warned_of(obligation):
    desk = working(obligation)
    desk.do(ReviewSet(review_on=date(2026, 4, 1)))
    made = ExceptionMade(rule="weekly-note", reason="staff ill")
    (warning,) = desk.book.ask(desk.id, made, by="boss").warnings
    assert (warning.rule, warning.wanted, warning.unmet[0].found, warning.unmet[0].remedy) == (
        "exception-entitled",
        "An exception names a day or has an end, where more may come to be due.",
        "it has no end: it excuses what is due now, and whatever of it may be due later",
        "name the day or an end, unless nothing of it is to be done any more",
    )
    for ends in ({"due_on": desk.due_on()}, {"until": day(4, 1)}):
        assert desk.book.ask(desk.id, attrs.evolve(made, **ends), by="boss").warnings == ()
    once = working(ONCE)
    assert once.book.ask(once.id, made, by="boss").warnings == ()
    (noted,) = desk.do(made, by="boss").events[0].noted
    assert (noted.rule, noted.strength) == ("exception-entitled", "warn")


NAME_IT = "name the day on which it was due, to excuse that one time"
LEAVE_IT = "make no exception, unless it is for what comes later"


@pytest.mark.parametrize(
    ("step", "on", "became", "remedy"),
    [
        (NoteWritten(), day(3, 4), "was done", LEAVE_IT),
        (NoteWritten(), day(4, 4), "was done", NAME_IT),
        ("end", day(3, 4), "has lapsed", LEAVE_IT),
        ("end", day(4, 4), "was missed", NAME_IT),
        (MovedAway(), day(3, 4), "was cancelled", LEAVE_IT),
    ],
)
def test_an_exception_to_what_is_not_owed_any_more_is_warned_of(step, on, became, remedy):
    desk = working(attrs.evolve(ONCE, cancelled_by=MovedAway))
    made = ExceptionMade(rule="weekly-note", reason="staff ill")
    assert desk.book.ask(desk.id, made, by="boss").warnings == ()
    desk.do(step, at=on)
    (warning,) = desk.book.ask(desk.id, made, by="boss").warnings
    assert (warning.rule, warning.unmet[0].found, warning.unmet[0].remedy) == (
        "exception-entitled",
        f"nothing of it is owed now: what was owed {became}",
        remedy,
    )
    named = attrs.evolve(made, due_on=date(2026, 3, 9))
    assert desk.book.ask(desk.id, named, by="boss").allowed == (remedy == NAME_IT)


def test_an_excused_week_is_kept_in_a_snapshot_and_other_exceptions_are_stored_as_before():
    store = MemoryStorage()
    desk = working(BY_THE_WEEK, store=store, snapshot_every=1)
    excuse(desk, date(2026, 3, 8))
    bridging = ExceptionMade(rule="weekly-note", reason="x", until=day(4, 1))
    desk.do(bridging, by="boss")
    assert store.snapshot("agency", desk.id).version == 5, (
        "one that does not read back is not taken"
    )
    again = Casebook(desk.workflow, store, clock=lambda: desk.now, snapshot_every=1)
    assert again.case(desk.id).exceptions == desk.book.case(desk.id).exceptions
    assert [one.due_on for one in again.case(desk.id).exceptions] == [date(2026, 3, 8), None]
    payloads = [row.payload for row in store.read("agency", desk.id)][-2:]
    assert ["due_on" in payload for payload in payloads] == [True, False]


# -- in general ------------------------------------------------------------------------------

AS_TOLD = {
    "met": {"kept", "late"},
    "overdue": {"overdue"},
    "open": {"open"},
    "paused": {"open", "overdue"},
    "excepted": {"excused"},
    "missed": {"missed"},
    "cancelled": {"cancelled"},
    "lapsed": {"lapsed", "excused"},
}


@settings(max_examples=100)
@given(data=st.data(), later=st.sampled_from((0, 1, 26, 24 * 8, 24 * 40, 24 * 200)))
def test_it_is_what_the_clock_said_each_time_that_it_was_due(data, later):
    wall, timing, since, early, during = worked(data)
    desk = wall.desk
    now = desk.now + timedelta(hours=later)
    history = desk.book.history(desk.id)
    found = occasions(desk.workflow, history, now)
    opening = history[0].occurred_at
    for one in (one for one in found if opening <= one.due_at < now):
        moment = one.due_at + timedelta(microseconds=1)
        case = fold(history, desk.workflow.state(), as_of=one.due_at)
        its = [s for s in standings(desk.workflow, case, moment) if s.since == one.since]
        said = {standing.status for standing in its}
        window = ("overdue", one.opens_at, one.due_at)
        if window in {(standing.status, standing.opens_at, standing.due_at) for standing in its}:
            assert one.outcome in ("late", "missed", "overdue", "excused")
        if timing[0] in ("calendar", "fixed") and one.outcome in ("missed", "excused"):
            assert said <= {"overdue", "missed", "paused", "excepted"}
    owed = wall.counted(early, wall.places(timing, since, during))
    for one in (one for one in found if one.outcome in ("missed", "overdue", "open")):
        assert not any(one.opens_at < at <= min(one.due_at, now) for at, _ in owed)
    met = [(one.since, one.met) for one in found if one.met is not None]
    again = timing[0] in ("rolling", "fixed", "calendar", "yearly")
    assert not again or len(met) == len(set(met)), "nothing is done for two times of a clock"
    for standing in desk.book.obligations(desk.id, now=now):
        its = [one.outcome for one in found if one.since == standing.since]
        if not again:  # of what began anew when it was owed again, the last
            assert {*its[-1:]} <= AS_TOLD.get(standing.status, set())
        if standing.status == "overdue":
            assert {*its} & {"overdue", "missed", "excused", "lapsed", "cancelled"}


def test_nothing_was_due_before_the_case_was_opened():
    assert told(working(WEEKLY), day(1, 1)) == []


ALIKE = {
    "overdue": {"overdue", "missed"},
    "open": {"open"},
    "excepted": {"excused", "missed"},
    "missed": {"missed"},
}


def told_of(its):
    return [(one.outcome, one.due_at) for one in its]


@settings(max_examples=100)
@given(data=st.data(), later=st.sampled_from((0, 1, 26, 24 * 8, 24 * 40, 24 * 200)))
def test_how_it_stands_and_what_came_of_it_are_one_answer(data, later):
    wall, timing, since, early, during = worked(data)
    desk = wall.desk
    now = desk.now + timedelta(hours=later)
    found = occasions(desk.workflow, desk.book.history(desk.id), now)
    owed = wall.counted(early, wall.places(timing, since, during))
    assert {(one.met_at, one.met) for one in found if one.met} <= set(owed), "it was owed then"
    weeks = [one.due_at for one in found if one.outcome not in ("lapsed", "cancelled")]
    if (timing[0], since) == ("calendar", "work"):
        assert len(weeks) == len(set(weeks)), "a week is told once"
    for standing in desk.book.obligations(desk.id, now=now):
        its = [one for one in found if one.since == standing.since]
        then = [one.outcome for one in its if one.due_at == standing.due_at]
        if standing.status in ALIKE and standing.due_at and standing.opens_at <= now:
            assert set(then) & ALIKE[standing.status], (standing.status, told_of(its))
        if standing.status in ("lapsed", "cancelled", "missed"):
            assert not {"open", "overdue"} & {one.outcome for one in its}
            then = {one.outcome for one in its if one.opens_at == standing.opens_at}
            assert then <= AS_TOLD[standing.status], (standing.status, told_of(its))
        if standing.status in ("overdue", "open"):
            assert standing.due_at in {one.due_at for one in desk.book.owed(desk.id, now=now)}
        if standing.status == "met":
            outcome = "late" if standing.late else "kept"
            met = [(one.outcome, one.due_at, one.met) for one in its[-1:]]
            assert met == [(outcome, standing.due_at, standing.met)], told_of(its)
        elif timing[0] not in AGAIN:
            assert not {"kept", "late"} & {one.outcome for one in its}, told_of(its)
