"""What is due on a case, by whom and by when: an obligation, as a workflow declares it.

The expected days are written out, or counted by a calendar of the test's own (day by day).
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import holidays
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from caseflow import (
    ANY_OPEN,
    Actor,
    Begun,
    Calendar,
    Casebook,
    Command,
    Entry,
    ExceptionMade,
    Hold,
    InvalidCall,
    Obligation,
    Refused,
    Stage,
    Transition,
    Unmet,
    Workflow,
    WorkflowInvalid,
    between,
    decide,
    decision,
    each,
    ended,
    entered,
    every,
    fact,
    first,
    in_quarter,
    on_date,
    opened,
    rule,
    within,
    yearly,
)
from caseflow.storage import MemoryStorage
from caseflow.workflow.clocks import standings
from caseflow.workflow.options import options

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # ten in the morning in New York


@fact("note-written")
class NoteWritten:
    text: str = ""


@fact("review-set")
class ReviewSet:
    review_on: date | None = None


@fact("reviewed")
class Reviewed:
    pass


@fact("moved-away")
class MovedAway:
    pass


@decision("plan-made")
class PlanMade:
    pass


def workflow(*obligations, zone="America/New_York", working_days=None):
    return Workflow(
        "work",
        version="1",
        stages=[
            Stage("start", initial=True),
            Stage("plan", decides=[PlanMade]),
            Stage("work"),
            Stage("done", final=True),
        ],
        transitions=[
            Transition("plan", source="start", to="plan"),
            Transition("work", source="plan", to="work"),
            Transition("again", source="work", to="plan"),
            Transition("end", source=ANY_OPEN, to="done", supersedes=True),
            Transition("reopen", source="done", to="work", reopens=True),
        ],
        events=[NoteWritten, ReviewSet, Reviewed, MovedAway],
        hold=Hold(),
        obligations=obligations,
        calendar=Calendar(zone, working_days=working_days),
    )


class Desk:
    """A case that is worked on by the day, in New York."""

    def __init__(self, *obligations, start=MONDAY, store=None, snapshot_every=100, **given):
        self.workflow = workflow(*obligations, **given)
        self.now = start
        self.book = Casebook(
            self.workflow,
            store or MemoryStorage(),
            clock=lambda: self.now,
            roles={"boss": ["supervisor"]},
            snapshot_every=snapshot_every,
        )
        self.id = self.book.open(client="P", by="ana").case.id

    def do(self, *steps, at=None, by="ana", reason=None):
        if at is not None:
            self.now = max(self.now, at)
        return self.book.do(self.id, *steps, by=by, at=at, reason=reason)

    def standing(self, now=None):
        """How the one obligation stands."""
        found = self.standings(now)
        assert len(found) == 1
        return found[0]

    def standings(self, now=None):
        return list(standings(self.workflow, self.book.case(self.id), now or self.now))

    def status(self, now=None):
        return self.standing(now).status

    def due_on(self, now=None):
        """The day, in New York, by whose end it is due."""
        return self.standing(now).due_at.astimezone(NEW_YORK).date()


def day(month, number, hour=12, year=2026):
    return datetime(year, month, number, hour, tzinfo=NEW_YORK).astimezone(UTC)


WEEKLY = Obligation(
    "weekly-note",
    "A note is written every week.",
    during="work",
    due=every("7 days"),
    met_by=NoteWritten,
    owner="case-manager",
    remedy="write it",
    excepted_by="supervisor",
    source="the handbook, page 3",
)
FOLLOW_UP = Obligation(
    "follow-up",
    "The client is contacted three to nine months after the end.",
    since=ended(),
    due=between("3 months", "9 months"),
    met_by=NoteWritten,
    after_the_end=True,
)


# -- again and again -------------------------------------------------------------------------


def test_it_is_due_again_and_again_while_the_case_is_where_it_is_asked():
    desk = Desk(WEEKLY)
    assert desk.standings() == []
    desk.do("plan", "work")
    assert desk.due_on() == date(2026, 3, 9)
    assert desk.status(day(3, 9, 23)) == "open"
    assert desk.status(day(3, 10, 0)) == "overdue"
    desk.do(NoteWritten(), at=day(3, 5))
    assert desk.due_on() == date(2026, 3, 12), "a week from the last one"
    desk.do("again", at=day(3, 6))
    assert desk.status(day(3, 30)) == "lapsed"
    desk.do("work", at=day(4, 1))
    assert desk.due_on() == date(2026, 4, 8), "it begins anew"


def test_what_is_owed_says_by_whom_and_by_when():
    desk = Desk(WEEKLY)
    desk.do("plan", "work")
    (owed,) = desk.book.owed(desk.id, now=day(3, 11))
    assert (owed.rule, owed.owner, owed.overdue) == ("weekly-note", "case-manager", True)
    assert owed.due_at == datetime(2026, 3, 10, 3, 59, 59, 999999, tzinfo=UTC)
    assert owed.result.wanted == "A note is written every week."
    assert owed.result.source == "the handbook, page 3"
    (unmet,) = owed.result.unmet
    assert (unmet.found, unmet.remedy) == ("not done since 2 March 2026", "write it")
    assert owed.result.evidence == (3,)


def test_cases_are_found_by_what_is_due():
    desk = Desk(WEEKLY)
    desk.do("plan", "work")
    (listed,) = desk.book.find(due_by=day(3, 12)).cases
    assert listed.due_at == desk.standing().due_at
    desk.do("end")
    assert not desk.book.find(due_by=day(12, 31)).cases


@pytest.mark.parametrize(
    ("counted", "note", "expected"),
    [
        ("rolling", day(3, 5), date(2026, 3, 12)),
        ("fixed", day(3, 5), date(2026, 3, 15)),  # the weeks run from Monday 2 March
        ("fixed", day(3, 8, 23), date(2026, 3, 15)),
        ("fixed", day(3, 9), date(2026, 3, 22)),
        ("calendar", day(3, 5), date(2026, 3, 15)),
        ("calendar", None, date(2026, 3, 8)),
    ],
)
def test_a_week_is_counted_as_the_agency_says(counted, note, expected):
    desk = Desk(attrs.evolve(WEEKLY, due=every("1 week", counted=counted)))
    desk.do("plan", "work")
    if note:
        desk.do(NoteWritten(), at=note)
    assert desk.due_on() == expected


def test_a_month_by_the_calendar_ends_with_the_month():
    monthly = attrs.evolve(WEEKLY, due=every("1 month", counted="calendar"))
    desk = Desk(monthly, start=day(1, 30))
    desk.do("plan", "work")
    assert desk.due_on() == date(2026, 1, 31)
    desk.do(NoteWritten(), at=day(1, 31))
    assert desk.due_on() == date(2026, 2, 28)


# -- once ------------------------------------------------------------------------------------


PLAN = Obligation(
    "plan-in-time",
    "A plan is made within 30 days.",
    since=entered("plan"),
    due=within("30 days"),
    met_by=PlanMade,
)


def test_it_is_met_by_what_was_done_since_and_may_be_met_late():
    desk = Desk(PLAN)
    desk.do("plan")
    assert desk.due_on() == date(2026, 4, 1)
    desk.do(PlanMade(), at=day(4, 3))
    standing = desk.standing()
    assert (standing.status, standing.late, standing.met) == ("met", True, 3)
    desk.do("work", at=day(4, 4))
    desk.do("again", at=day(6, 1))
    assert desk.status() == "open", "each time anew"


def test_when_it_was_met_is_told_exactly_with_the_history():
    desk = Desk(attrs.evolve(PLAN, since=opened(), met_by=NoteWritten, early="7 days"))
    desk.do(NoteWritten(), at=day(3, 2, 8))  # before the opening, which was at ten
    for later in (day(3, 20), day(5, 1)):
        desk.do(NoteWritten(), at=later)
    told = {
        standing.obligation.id: (standing.met, standing.late)
        for standing in desk.book.obligations(desk.id)
    }
    assert told == {"plan-in-time": (2, False)}


def test_what_was_done_shortly_before_counts_where_the_agency_says_so():
    early = attrs.evolve(WEEKLY, due=within("7 days"), early="3 days")
    for days, expected in ((2, "met"), (3, "met"), (4, "open")):
        desk = Desk(early)
        desk.do(NoteWritten())
        desk.do("plan", "work", at=MONDAY + timedelta(days=days))
        assert desk.status() == expected, days


def test_a_window_is_not_open_before_its_day():
    desk = Desk(FOLLOW_UP)
    assert desk.standings() == []
    desk.do("end", at=day(11, 30))
    assert desk.status() == "upcoming"
    desk.do(NoteWritten(), at=day(12, 15))
    assert desk.status() == "upcoming", "too early to count"
    opens = day(2, 28, 0, year=2027)
    assert desk.status(opens - timedelta(seconds=1)) == "upcoming"
    assert desk.status(opens) == "open"
    assert desk.due_on(opens) == date(2027, 8, 30)
    desk.now = day(8, 31, year=2027)
    assert desk.status() == "overdue"
    desk.do(NoteWritten())
    assert (desk.status(), desk.standing().late) == ("met", True)


def test_a_quarter_after_the_end_is_one_of_the_calendar():
    once = Obligation(
        "first-quarter",
        "The client is contacted in the first quarter after the end.",
        since=ended(),
        due=in_quarter(1),
        met_by=NoteWritten,
        after_the_end=True,
    )
    desk = Desk(once)
    desk.do("end", at=day(11, 30))
    assert desk.standing().opens_at == day(1, 1, 0, year=2027)
    assert desk.due_on() == date(2027, 3, 31)


def test_a_year_has_its_window_around_the_anniversary():
    annual = Obligation(
        "annual-review",
        "There is a review each year, within 30 days of the anniversary.",
        since=first(PlanMade),
        due=yearly(before="30 days", after="30 days"),
        met_by=Reviewed,
    )
    desk = Desk(annual, start=day(2, 29, year=2024))
    desk.do("plan", PlanMade())
    assert (desk.status(), desk.due_on()) == ("upcoming", date(2025, 3, 30))
    assert desk.status(day(1, 29, 0, year=2025)) == "open"
    assert desk.status(day(3, 31, 0, year=2025)) == "overdue"
    desk.do(Reviewed(), at=day(1, 28, year=2025))
    assert desk.status(day(2, 1, year=2025)) == "open", "before the window it does not count"
    desk.do(Reviewed(), at=day(2, 1, year=2025))
    assert (desk.status(), desk.due_on()) == ("upcoming", date(2026, 3, 30))
    missed = day(2, 1, year=2028)
    assert (desk.status(missed), desk.due_on(missed)) == ("overdue", date(2026, 3, 30))
    desk.do(Reviewed(), at=day(12, 1, year=2027))
    assert (desk.status(), desk.due_on()) == ("upcoming", date(2028, 3, 30)), "29 February again"


def test_a_date_may_stand_in_the_event_that_begins_it():
    review = Obligation(
        "review",
        "The plan is reviewed by the day that was set.",
        since=ReviewSet,
        due=on_date("review_on"),
        met_by=Reviewed,
    )
    desk = Desk(review)
    desk.do(ReviewSet(review_on=date(2026, 6, 1)))
    assert desk.due_on() == date(2026, 6, 1)
    assert desk.status(day(6, 1, 23)) == "open"
    assert desk.status(day(6, 2, 0)) == "overdue"
    desk.do(Reviewed(), at=day(5, 20))
    assert desk.status() == "met"
    desk.do(ReviewSet(review_on=None), at=day(5, 21))
    assert desk.status() == "lapsed", "no date was given"


def test_each_of_several_things_has_a_clock_of_its_own():
    def notes(case):
        found = case.first_recorded(NoteWritten), case.latest_recorded(NoteWritten)
        for number, one in enumerate(filter(None, found), 1):
            yield Begun(one.occurred_at, one.number, f"note {number}")

    desk = Desk(
        Obligation("signed", "Each note is signed.", since=each(notes), due=within("2 days"))
    )
    desk.do(NoteWritten())
    desk.do(NoteWritten(), at=day(3, 4))
    assert [(one.about, one.status) for one in desk.standings(day(3, 5))] == [
        ("note 1", "overdue"),
        ("note 2", "open"),
    ]


NO_BEGUN = {
    "nothing": lambda case: None,
    "a number": lambda case: [1],
    "a moment in words": lambda case: [Begun("today", 1)],
    "a moment without a time zone": lambda case: [Begun(MONDAY.replace(tzinfo=None), 1)],
    "a number in words": lambda case: [Begun(MONDAY, "1")],
    "a thing without a name": lambda case: [Begun(MONDAY, 1, None)],
    "met at no moment": lambda case: [Begun(MONDAY, 1, met_at="today")],
}


@pytest.mark.parametrize("told", NO_BEGUN)
def test_a_function_that_tells_of_something_else_than_things_is_named(told):
    odd = Obligation("signed", "It is signed.", since=each(NO_BEGUN[told]), due=within("2 days"))
    with pytest.raises(InvalidCall, match=r"^The start each\(the function <lambda>\) tells of "):
        Desk(odd)


# -- what stops a clock ----------------------------------------------------------------------


def test_time_on_hold_does_not_count():
    desk = Desk(WEEKLY)
    desk.do("plan", "work")
    desk.do("hold", at=day(3, 4), reason="ill")
    assert (desk.status(day(5, 1)), desk.standing(day(5, 1)).due_at) == ("paused", None)
    assert desk.book.owed(desk.id, now=day(5, 1)) == ()
    desk.do("resume", at=day(3, 14))
    assert desk.due_on() == date(2026, 3, 19), "ten days later"
    assert desk.status(day(3, 20, 0)) == "overdue"


def test_an_exception_stands_in_its_place_as_long_as_it_is_in_force():
    desk = Desk(WEEKLY)
    desk.do("plan", "work")
    desk.do(ExceptionMade(rule="weekly-note", reason="in hospital", until=day(3, 20)), by="boss")
    standing = desk.standing(day(3, 15))
    assert (standing.status, standing.exception) == ("excepted", 4)
    assert desk.status(day(3, 21)) == "overdue"


def test_nobody_else_may_make_the_exception():
    desk = Desk(WEEKLY)
    desk.do("plan", "work")
    with pytest.raises(Refused, match="ask a supervisor") as refused:
        desk.do(ExceptionMade(rule="weekly-note", reason="in hospital"))
    assert 'exception to "A note is written every week", in work' in str(refused.value)


def test_what_was_owed_after_somebody_left_is_cancelled_and_what_was_missed_before_is_not():
    desk = Desk(attrs.evolve(WEEKLY, cancelled_by=MovedAway))
    desk.do("plan", "work")
    desk.now = day(4, 20)
    assert desk.status() == "overdue"
    desk.do(MovedAway(), at=day(3, 5))  # it was learned late
    assert desk.status() == "cancelled"
    other = Desk(attrs.evolve(WEEKLY, cancelled_by=MovedAway))
    other.do("plan", "work")
    other.do(MovedAway(), at=day(4, 1))
    assert other.status() == "overdue", "it was due on 9 March"


def test_what_is_owed_lapses_when_the_case_ends_and_begins_anew_when_it_is_reopened():
    desk = Desk(WEEKLY)
    desk.do("plan", "work")
    desk.do("end", at=day(3, 4))
    assert desk.status(day(4, 4)) == "lapsed"
    desk.do("reopen", at=day(5, 4))
    assert desk.due_on() == date(2026, 5, 11)


# -- the calendar ----------------------------------------------------------------------------


def test_working_days_leave_out_weekends_and_holidays():
    american = holidays.country_holidays("US")
    soon = attrs.evolve(PLAN, due=within("5 working days"))
    desk = Desk(soon, start=day(11, 24), working_days=american)
    desk.do("plan")
    assert desk.due_on() == date(2026, 12, 2), "not on Thanksgiving, nor on the weekend"


def test_time_on_hold_is_counted_in_working_days_too():
    american = holidays.country_holidays("US")
    soon = attrs.evolve(PLAN, due=within("5 working days"))
    desk = Desk(soon, start=day(11, 24), working_days=american)
    desk.do("plan")
    desk.do("hold", at=day(11, 25), reason="ill")
    desk.do("resume", at=day(11, 30))  # the 27th and the 30th were working days
    assert desk.due_on() == date(2026, 12, 4)


@given(
    start=st.integers(0, 9 * 365 * 24 * 60).map(
        lambda minutes: datetime(2023, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    days=st.integers(0, 800),
)
@example(start=datetime(2026, 3, 7, 12, tzinfo=UTC), days=1)  # the night the clocks go forward
@example(start=datetime(2026, 10, 31, 12, tzinfo=UTC), days=1)  # and back
@example(start=datetime(2027, 12, 31, 23, tzinfo=UTC), days=60)  # over a leap day and a new year
def test_days_are_those_on_the_wall_whatever_the_clocks_do(start, days):
    calendar = Calendar("America/New_York")
    today = start.astimezone(NEW_YORK).date()
    due_at = calendar.later(start, within(f"{days} days").span).astimezone(NEW_YORK)
    assert due_at.date() == today + timedelta(days=days)
    after = (due_at.astimezone(UTC) + timedelta(microseconds=1)).astimezone(NEW_YORK)
    assert (after.date() - due_at.date(), after.hour, after.minute) == (timedelta(days=1), 0, 0)


@given(day=st.dates(date(2019, 1, 1), date(2033, 1, 1)), months=st.integers(0, 60))
@example(day=date(2024, 1, 31), months=1)
@example(day=date(2024, 2, 29), months=12)
@example(day=date(2023, 12, 31), months=2)
def test_months_keep_the_day_or_take_the_last_one_there_is(day, months):
    found = Calendar().after(day, every(f"{months} months").span)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    last = max(
        candidate
        for candidate in range(28, 32)
        if (date(found.year, found.month, 1) + timedelta(days=candidate - 1)).month == found.month
    )
    assert found.day == min(day.day, last)


@given(start=st.dates(date(2024, 1, 1), date(2028, 1, 1)), count=st.integers(1, 40))
def test_working_days_are_counted_one_by_one(start, count):
    american = holidays.country_holidays("US", subdiv="NY")
    found = Calendar(working_days=american).after(start, within(f"{count} working days").span)
    walked = start
    for _ in range(count):
        walked += timedelta(days=1)
        while walked.weekday() > 4 or walked in american:
            walked += timedelta(days=1)
    assert found == walked


@pytest.mark.parametrize("day", [date(9999, 12, 31), date(9999, 12, 30), date(1, 1, 1)])
@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati", "UTC"])
def test_no_date_at_the_edge_of_the_calendar_keeps_a_fact_out(day, zone):
    review = Obligation(
        "review", "It is reviewed.", since=ReviewSet, due=on_date("review_on"), met_by=Reviewed
    )
    plan = attrs.evolve(PLAN, since=NoteWritten, early="3 days")
    desk = Desk(review, plan, attrs.evolve(plan, id="at-once", due=within("0 days")), zone=zone)
    desk.do(ReviewSet(review_on=day))
    desk.do(NoteWritten(), at=datetime(1, 1, 1, tzinfo=UTC))
    assert {one.status for one in desk.standings()} <= {"open", "overdue", "met"}


def test_a_hold_of_many_years_can_be_ended():
    desk = Desk(WEEKLY, start=datetime(1970, 1, 1, 12, tzinfo=UTC))
    desk.do("plan", "work")
    desk.do("hold", at=datetime(1970, 1, 2, tzinfo=UTC), reason="war")
    desk.do("resume", at=datetime(2026, 1, 2, tzinfo=UTC))
    assert desk.status() == "open"


# -- what can be wrong -----------------------------------------------------------------------

MISTAKES = {
    "a stage that is not there": (
        attrs.evolve(WEEKLY, during="wrok"),
        "Obligation 'weekly-note' names the stage 'wrok', which is not declared. "
        "Did you mean 'work'?",
    ),
    "no working days": (
        attrs.evolve(PLAN, due=within("5 working days")),
        "Obligation 'plan-in-time' counts working days, and the workflow's calendar does not "
        "know which these are. Give it calendar=Calendar(zone, "
        "working_days=holidays.country_holidays('US')), with your own zone and country.",
    ),
    "a field that is not there": (
        Obligation("r", "It is done.", since=ReviewSet, due=on_date("review"), met_by=Reviewed),
        "Obligation 'r' is due on 'review', which ReviewSet does not have. "
        "Did you mean 'review_on'?",
    ),
    "nothing that meets it": (
        attrs.evolve(WEEKLY, met_by=()),
        "Obligation 'weekly-note' is met by nothing. Give met_by=, the events that meet it.",
    ),
    "an odd calendar": (
        attrs.evolve(WEEKLY, due=every("2 weeks", counted="calendar")),
        "Obligation 'weekly-note' counts 2 weeks by the calendar. "
        "Give '1 week', '1 month', '1 quarter' or '1 year'.",
    ),
    "a window that closes before it opens": (
        attrs.evolve(PLAN, due=between("9 months", "3 months")),
        "Obligation 'plan-in-time' has a window that closes after 3 months and opens after 9 "
        "months. Give the shorter span first.",
    ),
    "a window that closes before it opens in a short month": (
        attrs.evolve(PLAN, due=between("30 days", "1 month")),
        "Obligation 'plan-in-time' has a window that closes after 1 month and opens after 30 "
        "days. Give the shorter span first.",
    ),
    "windows of two years that overlap": (
        attrs.evolve(PLAN, due=yearly(before="200 days", after="6 months")),
        "Obligation 'plan-in-time' has windows from 200 days before to 6 months after each "
        "anniversary, of which one opens before the last has closed. Give spans that are "
        "shorter than a year together.",
    ),
    "a way to count that is none": (
        attrs.evolve(WEEKLY, due=every("1 week", counted=10**5000)),
        "Obligation 'weekly-note' is counted int(...). Give 'rolling', 'fixed' or 'calendar'.",
    ),
    "a window in hours": (
        attrs.evolve(PLAN, due=between("1 hour", "3 days")),
        "Obligation 'plan-in-time' has a window that is counted with 1 hour. Count it in days or "
        "longer spans.",
    ),
    "a stage in which cases have ended": (
        attrs.evolve(WEEKLY, during="done"),
        "Obligation 'weekly-note' is owed during 'done', where cases have ended. "
        "Give it after_the_end=True.",
    ),
    "after the end, in a stage before it": (
        attrs.evolve(WEEKLY, after_the_end=True),
        "Obligation 'weekly-note' is owed after the end, and during 'work', which is no final "
        "stage. Leave during= or after_the_end= out.",
    ),
    "what begins at the end and lapses there": (
        attrs.evolve(PLAN, since=ended()),
        "Obligation 'plan-in-time' begins when the case has ended, and lapses then. "
        "Give it after_the_end=True.",
    ),
    "an ending that there is not": (
        attrs.evolve(PLAN, since=ended(), after_the_end=True, not_after="dye"),
        "Obligation 'plan-in-time' is not owed after 'dye', which is no transition of the "
        "workflow. Name in not_after= those with which cases end. There are 'again', 'end', "
        "'plan', 'reopen' and 'work'.",
    ),
    "an id that is taken": (
        attrs.evolve(WEEKLY, id="position"),
        "Obligation 'position' has the id of another obligation or rule. "
        "Give it an id of its own: exceptions name it by that.",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_when_the_workflow_is_built(mistake):
    obligation, sentence = MISTAKES[mistake]
    with pytest.raises(WorkflowInvalid) as refused:
        workflow(obligation)
    assert refused.value.fields["faults"] == (sentence,)


def test_a_role_that_is_misspelt_is_told_where_the_workflow_says_who_acts():
    one = attrs.evolve(WEEKLY, owner="navigatr", excepted_by="superviser")
    roles = Transition("hand-over", source="work", to="done", roles=["navigator", "supervisor"])
    with pytest.raises(WorkflowInvalid) as refused:
        workflow(one).extend("mine", version="1", transitions=[roles])
    assert refused.value.fields["faults"] == (
        "Obligation 'weekly-note' has owner='navigatr', a role that nothing else names, and "
        "nearly 'navigator'. Give 'navigator'; or, if it is another role, say what it is called: "
        "labels={'navigatr': ...}.",
        "Obligation 'weekly-note' has excepted_by='superviser', a role that nothing else names, "
        "and nearly 'supervisor'. Give 'supervisor'; or, if it is another role, say what it is "
        "called: labels={'superviser': ...}.",
    )
    meant = {"navigatr": "navigator (trainee)", "superviser": "super visor"}
    workflow(one).extend("mine", version="1", transitions=[roles], labels=meant)


# -- in an agency's own workflow --------------------------------------------------------------


def test_obligations_are_added_taken_out_and_put_in_the_place_of_others():
    base = workflow(WEEKLY, PLAN)
    daily = attrs.evolve(WEEKLY, due=every("1 day"))
    review = attrs.evolve(PLAN, id="reviewed", met_by=Reviewed)
    mine = base.extend(
        "mine",
        version="1",
        obligations=[daily, review],
        drop_obligations="plan-in-time",
        calendar=Calendar("Asia/Kathmandu"),
    )
    assert mine.obligations == (daily, review)
    assert mine.calendar == Calendar("Asia/Kathmandu")
    assert (base.obligations, base.calendar) == ((WEEKLY, PLAN), Calendar("America/New_York"))
    assert base.extend("same", version="1").calendar == base.calendar


def test_an_obligation_that_is_not_there_cannot_be_taken_out():
    with pytest.raises(WorkflowInvalid) as refused:
        workflow(WEEKLY).extend("mine", version="1", drop_obligations="weekly-notes")
    assert refused.value.fields["faults"] == (
        "Obligation 'weekly-notes' is to be dropped, and there is none. "
        "Did you mean 'weekly-note'?",
    )
    with pytest.raises(WorkflowInvalid) as refused:
        workflow().extend("mine", version="1", drop_obligations="zz")
    assert refused.value.fields["faults"] == (
        "Obligation 'zz' is to be dropped, and there is none.",
    )


@pytest.mark.parametrize(
    ("make", "other"),
    [(lambda: entered("plan"), entered("work")), (lambda: first(Reviewed), first(ReviewSet))],
)
def test_starts_that_say_the_same_are_equal(make, other):
    assert make() == make() != other
    assert hash(make()) == hash(make())


# -- as a rule sees it -----------------------------------------------------------------------


@rule("looks-ahead")
def looks_ahead(case, context):
    """It asks how things stand now, later, and now again."""
    for at in (context.at, day(3, 10), context.at):
        standing = [one.status for one in context.clocks.standings(case, at)]
        then = context._replace(at=at)
        left = [unmet.found for unmet in context.clocks.left_undone(case, then)]
        yield Unmet(found=(standing, left))


def test_a_rule_is_told_how_it_stands_at_the_moment_it_asks_about():
    desk = Desk(WEEKLY)
    desk.do("plan", "work")
    asking = desk.workflow.extend("asking", version="1", rules={"again": [looks_ahead]})
    case, command = desk.book.case(desk.id), Command((Entry("again"),), Actor("ana"), now=desk.now)
    offered = next(one for one in options(asking, case, command) if one.name == "again")
    for (result,) in (offered.blocked_by, decide(asking, case, command).verdict.refusals):
        assert [unmet.found for unmet in result.unmet] == [
            (["open"], []),
            (["overdue"], ["not done, and it was due by 9 March 2026"]),
            (["open"], []),
        ]


# -- far away --------------------------------------------------------------------------------


def test_spans_from_the_start_may_add_up_to_more_than_one_span_may_be():
    long = attrs.evolve(WEEKLY, due=every("9000 days", counted="fixed"))
    desk = Desk(long, start=day(1, 1, year=2000))
    desk.do("plan", "work")
    desk.do(NoteWritten(), at=day(1, 2, year=2000))
    assert desk.due_on() == date(2000, 1, 1) + timedelta(days=17_999)


def test_what_was_done_early_does_not_bring_a_week_before_the_start():
    early = attrs.evolve(WEEKLY, due=every("1 week", counted="calendar"), early="30 days")
    desk = Desk(early)
    desk.do(NoteWritten())
    desk.do("plan", "work", at=day(3, 25))
    assert (desk.status(), desk.due_on()) == ("open", date(2026, 3, 29))


def test_a_case_is_found_by_what_is_due_once_the_exception_is_over():
    desk = Desk(WEEKLY)
    desk.do("plan", "work")
    desk.do(ExceptionMade(rule="weekly-note", reason="in hospital", until=day(3, 20)), by="boss")
    assert not desk.book.find(due_by=day(3, 19)).cases
    assert desk.book.find(due_by=day(3, 21)).cases
    assert desk.book.owed(desk.id, now=day(3, 21))
