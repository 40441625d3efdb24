"""How obligations stand, against a count day by day on the wall of the agency."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow import (
    Corrected,
    ExceptionMade,
    Obligation,
    Voided,
    between,
    ended,
    every,
    in_quarter,
    on_date,
    opened,
    within,
    yearly,
)
from caseflow.workflow.clocks import repeated
from caseflow.workflow.owed import first_due
from tests.workflow.test_obligations import Desk, MovedAway, NoteWritten, Reviewed, ReviewSet

ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Havana",
    "UTC",
)
STARTS = (
    datetime(2024, 2, 28, 3, tzinfo=UTC),  # before a leap day
    datetime(2023, 12, 30, 23, tzinfo=UTC),  # before a new year
    datetime(2011, 12, 28, 12, tzinfo=UTC),  # before a day that there was not in Apia
    datetime(2026, 3, 6, 12, tzinfo=UTC),  # before the clocks go forward
    datetime(2026, 10, 30, 12, tzinfo=UTC),  # before they go back
    datetime(2026, 1, 31, 4, 59, tzinfo=UTC),
)
DAY = timedelta(days=1)
TIMINGS = (
    *(("within", n, unit) for n, unit in ((0, "day"), (7, "day"), (1, "month"))),
    *((kind, 30, "hour") for kind in ("within", "rolling")),
    *((kind, 3, "working day") for kind in ("within", "rolling")),
    *(
        (counted, n, unit)
        for counted in ("rolling", "fixed")
        for n, unit in ((1, "day"), (7, "day"), (1, "month"), (1, "quarter"))
    ),
    *(("calendar", 1, unit) for unit in ("week", "month", "quarter", "year")),
    ("between", 1, "month"),
    ("yearly", 10, "day"),
    ("quarter", 1, "quarter"),
    ("date", 0, "day"),
)
ACTIONS = (
    *("note", "reviewed", "late note", "set", "hold", "resume", "on", "again"),
    *("end", "late end", "reopen", "moved away", "exception", "void", "correct"),
)
AGAIN = ("rolling", "fixed", "calendar", "yearly")
ANY = "missed or lapsed", None, None
AMERICAN = holidays.country_holidays("US")
SET = date(2026, 2, 20)


def months_later(day, months):
    """The same day of the month, or the last there is, found by walking."""
    found = day.replace(day=1)
    for _ in range(months):
        found = (found + 31 * DAY).replace(day=1)
    for _ in range(day.day - 1):
        if (found + DAY).month == found.month:
            found += DAY
    return found


def add(day, count, unit):
    size = {"month": 1, "quarter": 3, "year": 12}.get(unit)
    return months_later(day, count * size) if size else day + count * DAY


class Wall:
    """What happened, written down by the day, and what follows from it."""

    def __init__(self, desk, zone):
        self.desk, self.zone = desk, ZoneInfo(zone)
        opening = desk.book.history(desk.id)[0]
        self.path = [(opening.occurred_at, 1, "start", False)]
        self.done, self.sets, self.moved, self.until = [], [], [], []
        self.till, self.back = opening.occurred_at, False

    def day(self, moment):
        return moment.astimezone(self.zone).date()

    def act(self, action, hours):
        desk = self.desk
        desk.now += timedelta(hours=hours)
        at, (_, _, stage, held) = desk.now, self.path[-1]
        steps = {"on": "plan" if stage == "start" else "work", "late end": "end"}
        closed = stage == "done"
        legal = {
            "hold": not closed and not held,
            "resume": held,
            "on": stage in ("start", "plan") and not held,
            "again": stage == "work" and not held,
            "end": not closed,
            "late end": not closed,
            "reopen": closed,
            "void": bool(self.done),
            "correct": bool(self.done),
        }
        if not legal.get(action, True):
            return
        if action in ("void", "correct"):
            self.amend(action)
            return
        if action.startswith("late"):
            at = max(at - 60 * timedelta(hours=1), self.path[0][0])
        self.record(steps.get(action, action), at, stage)

    def amend(self, action):
        """The last that was done was not, or was done earlier than it was said to be."""
        at, number = self.done.pop()
        amendment = Voided(number=number)
        if action == "correct":
            at -= timedelta(hours=30)
            amendment = Corrected(number=number, occurred_at=at)
            self.done.append((at, number))
        self.desk.do(amendment)

    def record(self, step, at, stage):
        facts = {"note": NoteWritten(), "late note": NoteWritten(), "reviewed": Reviewed()}
        facts |= {"set": ReviewSet(review_on=SET), "moved away": MovedAway()}
        if step == "exception":
            self.until.append((at, at + 5 * DAY))
            made = ExceptionMade(rule="it", reason="ill", until=at + 5 * DAY)
            self.desk.do(made, at=at, by="boss")
            return
        self.desk.do(facts.get(step, step), at=at, reason="ill" if step == "hold" else None)
        entry = at, len(self.desk.book.history(self.desk.id))
        if step in ("note", "late note", "reviewed"):
            self.done.append(entry)
        elif step == "set":
            self.sets.append(entry)
        elif step == "moved away":
            self.moved.append(entry)
        else:
            goes = {"plan": "plan", "again": "plan", "work": "work", "reopen": "work"}
            if step == "end":
                self.path = [move for move in self.path if move[0] <= at]
            self.path.append(
                (*entry, goes.get(step, "done" if step == "end" else stage), step == "hold")
            )

    def begun(self, since):
        if since == "set":
            return max(self.sets, default=None)
        if since == "opened":
            return self.path[0][:2]
        if since == "ended":
            return self.end()
        found, before = None, None
        for at, number, stage, _ in self.path:
            if stage == "work" and before != "work":
                found = at, number
            before = stage
        return found

    def last_day(self, last):
        """The day on which it was due."""
        day = self.day(last) if isinstance(last, datetime) else last
        return day and self.there(day)

    def there(self, day):
        """The day, or the one before where there was no such day: it ends with that."""
        gone = self.zone.key == "Pacific/Apia" and day == date(2011, 12, 30)
        return day - DAY if gone else day

    def end(self):
        """When it came to its end: the first of the ends it has not left since."""
        found = None
        for at, number, stage, _ in self.path:
            found = None if stage != "done" else found or (at, number)
        return found

    def held(self, day, after):
        """Whether a day after another does not count: it was on hold when the day began."""
        holds = self.holds()
        return any(self.day(held) < day <= self.day(to) and day > after for held, to in holds)

    def walk(self, opens, days):
        """The last day before one too many has passed."""
        day, passed = opens, 0
        while passed + (ahead := not self.held(day + DAY, opens)) <= days:
            day, passed = day + DAY, passed + ahead
        return day

    def window(self, timing, begun, early, anew, notes):
        """The first and last day of what is to be done since it is owed, and whether it was."""
        kind, n, unit = timing
        start = self.day(begun[0])
        base = max(begun[0], anew)
        every_one = [self.day(at) for at, _ in notes]
        done = [
            self.day(at)
            for at, number in notes
            if (at, number) > begun or (early and self.day(at) + early * DAY >= start)
        ]
        if kind == "within":
            return self.day(base), self.span(base, n, unit), bool(done)
        if kind == "date":
            return start, SET, bool(done)
        if kind == "rolling":
            base = max([base, *(at for at, _ in notes)])
            return self.day(base), self.span(base, n, unit), False
        if kind == "calendar":
            return self.period(self.day(base), every_one if self.back else done, unit)
        if kind == "fixed":
            opens, k = start, 1
            while True:  # a hold lengthens a span, and the next one follows
                last = self.walk(start, (add(start, k * n, unit) - DAY - start).days)
                settled = any(day >= opens for day in done) or self.there(last) < opens
                if last >= self.day(base) and not settled:
                    return max(opens, self.day(base)), last, False
                opens, k = last + DAY, k + 1
        if kind == "yearly":
            k = 1
            while any(day >= add(start, k, "year") - n * DAY for day in every_one) or (
                add(start, k, "year") + n * DAY < self.day(base)
            ):
                k += 1
            year = add(start, k, "year")
            return year - n * DAY, year + n * DAY, False
        opens, last = add(start, 1, "month"), add(start, 3, "month")
        if kind == "quarter":
            opens = start
            while (opens.month - 1) // 3 == (start.month - 1) // 3:
                opens += DAY
            last = add(opens, 3, "month") - DAY
            every_one = [day for day in every_one if day <= last]
        return opens, last, any(day + early * DAY >= opens for day in every_one)

    def span(self, base, n, unit):
        """The last day, or for hours the last moment, of a span without the time on hold."""
        start = self.day(base)
        if unit == "hour":
            return self.hours(base, n)
        if unit == "working day":
            return self.worked(start, n)
        last = self.walk(start, (add(start, n, unit) - start).days)
        return last if self.there(last) == last else last + DAY

    def holds(self):
        """From when to when it was on hold, as it was known then."""
        moves = zip(self.path, [*self.path[1:], (self.till,)], strict=True)
        return [(a[0], min(b[0], self.till)) for a, b in moves if a[3] and a[0] <= self.till]

    def hours(self, base, n):
        moment, passed = base, 0
        while True:
            held = any(start <= moment < end for start, end in self.holds())
            if passed == n and not held:
                return moment
            moment, passed = moment + timedelta(hours=1), passed + (not held)

    def worked(self, start, n):
        day, passed = start, 0
        while passed < n:
            day += DAY
            passed += AMERICAN.is_working_day(day) and not self.held(day, start)
        for held, resumed in self.holds():
            if self.day(held) <= day < self.day(resumed):
                ahead = (self.day(resumed) - day).days
                days = [day + k * DAY for k in range(1, ahead + 1)]
                day = max([day, *(one for one in days if AMERICAN.is_working_day(one))])
        return day

    def over(self, moment, last):
        """Whether the last day, or the last moment, has passed."""
        return moment > last if isinstance(last, datetime) else self.day(moment) > last

    def cancelled(self, last, done=None):
        """Whether something had cancelled it by then, or when it was done, and still did."""
        moves = zip(self.path, self.path[1:], strict=False)
        back = [move[:2] for before, move in moves if before[2] == "done" != move[2]]
        back = [one for one in back if (one <= done if done else not self.over(one[0], last))]
        moved = [one for one in self.moved if not done or one < done]
        since = [one[0] for one in moved if not back or one > back[-1]]
        return any(not self.over(at, last) and at != last for at in since)

    def places(self, timing, since, during):
        """When it was where it is owed: from when to when."""
        last = datetime(9000, 1, 1, tzinfo=UTC)
        found = []
        for (at, _, stage, _), (end, *_) in zip(self.path, [*self.path[1:], (last,)], strict=True):
            if (stage == "done") == (since == "ended") and (not during or stage == "work"):
                found.append([at, end])
        if found and found[0][0] == self.path[0][0] and timing[0] not in AGAIN:
            found[0][0] = datetime(2, 1, 1, tzinfo=UTC)
        together = []
        for start, end in found:
            if together and together[-1][1] == start:
                together[-1][1] = end
            elif start < end:
                together.append([start, end])
        return together

    def times(self, found):
        """When it was owed: not from when it was cancelled until the case was reopened."""
        moves = list(zip(self.path, self.path[1:], strict=False))
        back = [move[:2] for before, move in moves if before[2] == "done" != move[2]]
        for moved in sorted(self.moved):
            until = next((at for at, number in back if (at, number) > moved), None)
            if until is not None:
                cut = [[start, min(end, moved[0])] for start, end in found]
                found = cut + [[max(start, until), end] for start, end in found]
        return sorted([start, end] for start, end in found if start < end)

    def owed_again(self, last, begun, times):
        """When it was owed again, of what fell due between these times."""
        fell = begun[0] if self.over(begun[0], last) else last
        for start, end in times:
            if self.over(end, fell):
                return start if self.over(start, fell) else None
        return None

    def left(self, places):
        """When it was owed last, where it is no longer."""
        if places and places[-1][1].year == 9000:
            return None
        return places[-1][1] if places else datetime(2, 1, 1, tzinfo=UTC)

    def period(self, start, done, unit):
        def same(day, other):
            months = {"month": 1, "quarter": 3, "year": 12}.get(unit)
            if months is None:
                return day.isocalendar()[:2] == other.isocalendar()[:2]
            return (
                day.year == other.year and (day.month - 1) // months == (other.month - 1) // months
            )

        day = start
        while any(same(day, one) or one > day for one in done):
            day += DAY
        for held, resumed in self.holds():
            first, last = self.day(held), self.day(resumed)
            if (first <= day or same(first, day)) and (last >= day or same(last, day)):
                day = max(day, last)
        last = day
        while same(day - DAY, day):
            day -= DAY
        while same(last + DAY, last):
            last += DAY
        return max(day, start), last, False

    def counted(self, early, places):
        """What was done while it was owed, or so many days before."""
        return [
            (at, number)
            for at, number in sorted(self.done)
            if any(at <= end and self.counts_at(at, early, start) for start, end in places)
        ]

    def counts_at(self, at, early, moment):
        return at >= moment or (early and self.day(at) + early * DAY >= self.day(moment))

    def met(self, timing, begun, early, anew, places):
        """What met it that is due once, and by when that was due."""
        for note in self.counted(early, places):
            self.till = note[0]
            _, last, met = self.window(timing, begun, early, anew, [note])
            meant = anew == begun[0] or self.counts_at(note[0], early, anew)
            if met and meant and not self.cancelled(last, note):
                return note, last
        return None

    def expected(self, timing, since, early, during, now):
        begun = self.begun(since)
        if begun is None:
            return None
        self.back = since == "work"  # it is the same week in which the case comes back
        places, passed = self.places(timing, since, during), False
        times, since_when = self.times(places), begun[0]
        while True:
            self.till = now
            notes = self.counted(early, places) if timing[0] in AGAIN else []
            opens, last, _ = self.window(timing, begun, early, since_when, notes)
            anew = self.owed_again(last, begun, times)
            its = [time for time in places if anew is None or time[0] < anew]
            if timing[0] not in AGAIN and (met := self.met(timing, begun, early, since_when, its)):
                return "met", met[1], met[0][1]
            if anew is None or (passed := timing[0] not in ("within", *AGAIN)):
                break
            since_when = anew
        self.till = now
        left = self.left(places)
        by = min(left or now, now)
        made = [at for at, until in self.until if at <= by <= until]
        if timing[0] in AGAIN and left is not None and made and self.over(min(made), last):
            return ANY  # what it was missed for, and until when, the report tells with it
        excepted = any(timing[0] != "quarter" or not self.over(at, last) for at in made)
        return (*self.standing(timing, begun, now, opens, last, passed, left, excepted), None)

    def standing(self, timing, begun, now, opens, last, passed, left, excepted):
        """How it stands where it was not done."""
        if self.cancelled(last):
            return "cancelled", None
        if passed:
            return "lapsed", None
        if left is not None:
            missed = self.over(left, last) and begun[0] < left and not excepted
            return ("missed", last) if missed else ("lapsed", None)
        paused = self.path[-1][3] and timing[0] in ("within", "rolling", "fixed", "calendar")
        if excepted:
            return "excepted", None if paused else last
        if paused:
            return "paused", None
        begins = self.day(now) >= opens and now >= begun[0]
        over = "missed" if timing[0] == "quarter" else "overdue"
        return over if self.over(now, last) else "open" if begins else "upcoming", last


def due(kind, n, unit):
    made = {
        "within": lambda: within(f"{n} {unit}"),
        "between": lambda: between("1 month", "1 quarter"),
        "yearly": lambda: yearly(before=f"{n} days", after=f"{n} days"),
        "quarter": lambda: in_quarter(n),
        "date": lambda: on_date("review_on"),
    }
    return made[kind]() if kind in made else every(f"{n} {unit}", counted=kind)


def worked(data):
    """Some obligation on a case that something happened on, and what was written down of it."""
    timing, zone = data.draw(st.sampled_from(TIMINGS)), data.draw(st.sampled_from(ZONES))
    kinds = ("work", "opened", "ended", "set")
    since = "set" if timing[0] == "date" else data.draw(st.sampled_from(kinds))
    there = since == "work" or (since != "ended" and data.draw(st.booleans()))
    early = data.draw(st.sampled_from((0, 3, 40)))
    starts = {"work": None, "opened": opened(), "ended": ended(), "set": ReviewSet}
    one = Obligation(
        "it",
        "It is done.",
        since=starts[since],
        during="work" if there else (),
        due=due(*timing),
        met_by=(NoteWritten, Reviewed),
        early=f"{early} days" if early else None,
        after_the_end=since == "ended",
        cancelled_by=MovedAway,
        excepted_by="supervisor",
    )
    start = data.draw(st.sampled_from(STARTS))
    desk = Desk(one, start=start, zone=zone, working_days=AMERICAN)
    wall = Wall(desk, zone)
    gaps = st.sampled_from((0, 0, 1, 7, 23, 24, 49, 170, 800, 2300))
    for action, hours in data.draw(
        st.lists(st.tuples(st.sampled_from(ACTIONS), gaps), min_size=1, max_size=14)
    ):
        wall.act(action, hours)
    return wall, timing, since, early, one.during


@settings(max_examples=150)
@given(data=st.data())
def test_an_obligation_stands_as_the_days_on_the_wall_say(data):
    wall, timing, since, early, during = worked(data)
    desk, was = wall.desk, None
    case = desk.book.case(desk.id)
    for later in (0, 1, 26, 24 * 8, 24 * 40, 24 * 100, 24 * 500):
        now = desk.now + timedelta(hours=later)
        listed = desk.book.obligations(desk.id, now=now)
        expected = wall.expected(timing, since, early, during, now)
        told = expected and (expected[0], wall.last_day(expected[1]), expected[2])
        stands = [(s.status, s.due_at and wall.day(s.due_at), s.met) for s in listed]
        assert expected is ANY or stands == ([told] if told else [])
        found = desk.standings(now)
        # of some things only the history tells
        known = not repeated(desk.workflow, case)
        owes = [o.due_at for o in desk.book.owed(desk.id, now=now)]
        assert [s.due_at for s in listed if s.owed] == owes
        if known:
            assert [s.due_at for s in found if s.owed] == owes, "without it, too"
        (status,) = [standing.status for standing in listed] or [None]
        assert not (was == "overdue" and status != was), "time alone changes nothing overdue"
        was = status
        assert all(s.due_at is None or s.due_at >= s.opens_at for s in listed)
        soonest = first_due(desk.workflow, case, now)
        if owes:
            assert soonest == min(owes) if known else soonest <= min(owes)
        # what is found by its date when it was written is what is owed later
        listing = desk.book.find(due_by=now).cases
        assert bool(listing) >= any(due_at <= now for due_at in owes)
