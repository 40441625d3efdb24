"""What is wrong with an obligation is told where it is written."""

import copy
import pickle
from datetime import date

import attrs
import holidays
import pytest

from caseflow import (
    Calendar,
    DefinitionError,
    Obligation,
    Span,
    between,
    each,
    entered,
    every,
    fact,
    first,
    in_quarter,
    on_date,
    within,
)


@fact("bill-paid")
class BillPaid:
    pass


PAID = Obligation("paid", "The bill is paid.", due=within("7 days"), met_by=BillPaid)
WORDS = "Say a number and a unit, like '5 working days'."
WHOLE = "is no length of time. Give a whole number from 0 to 10,000."
NO_EVENT = "is no event class. Give an event class, or a tuple of them."
HOLIDAYS = "Give holidays.country_holidays('US'), with your own country."


class Odd:
    """Working days that are odd."""

    def __init__(self, after, worked=True):
        self.after, self.worked = after, worked

    def get_nth_working_day(self, key, n, /):
        if isinstance(self.after, Exception):
            raise self.after
        return self.after

    def is_working_day(self, key, /):
        return self.worked

    def __repr__(self):
        return "Odd"


WRONG = {
    "a number alone": (lambda: within(7), f"The span 7 is no length of time. {WORDS}"),
    "a unit that is not there": (
        lambda: every("7 dais"),
        f"The span '7 dais' is no length of time. {WORDS} Did you mean 'day'?",
    ),
    "a length that is none": (lambda: Span(-1, "day"), f"The span -1 {WHOLE}"),
    "too long": (lambda: within("10001 days"), f"The span 10001 {WHOLE}"),
    "yes as a count": (lambda: Span(True, "day"), f"The span True {WHOLE}"),
    "half a day": (lambda: Span(0.5, "day"), f"The span 0.5 {WHOLE}"),
    "nothing to close it": (
        lambda: between("1 day", None),
        f"The span None is no length of time. {WORDS}",
    ),
    "a quarter in words": (
        lambda: in_quarter("first"),
        "The quarter in_quarter('first') is not so many quarters after that of the start. "
        "Give a whole number from 0 to 10,000: 1 is the next quarter.",
    ),
    "a field as a number": (
        lambda: on_date(5),
        "The date on_date(5) names no field. "
        "Give the name of the field that holds it, like on_date('review_on').",
    ),
    "the name of an event": (
        lambda: first("bill-paid"),
        "The start first('bill-paid') names no event class. "
        "Give the class, like first(PlanAgreed).",
    ),
    "no function": (
        lambda: each(BillPaid),
        "The start each(the class BillPaid) is no function of a case. "
        "Give a function of the case that yields a Begun for each thing.",
    ),
    "a function of nothing": (
        lambda: each(lambda: ()),
        "The start each(the function <lambda>) is no function of a case. "
        "Give a function of the case that yields a Begun for each thing.",
    ),
    "no stage that is entered": (
        entered,
        "The start entered() names no stage. "
        "Give the ids of one or more stages, like entered('plan').",
    ),
    "a stage in a list": (
        lambda: entered(["plan"]),
        "The start entered(['plan']) names no stage. "
        "Give the ids of one or more stages, like entered('plan').",
    ),
    "a span for when it is due": (
        lambda: attrs.evolve(PAID, due="7 days"),
        "Obligation 'paid' has due='7 days', which is no time by which it is due. "
        "Give within('7 days'), every(...), between(...), yearly(...), in_quarter(...) or "
        "on_date(...).",
    ),
    "a start that is none": (
        lambda: attrs.evolve(PAID, since="opening"),
        "An obligation has since='opening', which tells no beginning. "
        "Give an event class, or first(...), opened(), entered(...), ended(), each(...).",
    ),
    "met by a name": (
        lambda: attrs.evolve(PAID, met_by="bill-paid"),
        f"An obligation has met_by or cancelled_by 'bill-paid', which {NO_EVENT}",
    ),
    "cancelled by nothing": (
        lambda: attrs.evolve(PAID, cancelled_by=None),
        f"An obligation has met_by or cancelled_by None, which {NO_EVENT}",
    ),
    "an owner that is no text": (
        lambda: attrs.evolve(PAID, owner=7),
        "Obligation 'paid' has owner=7, which is no text. Give a text.",
    ),
    "an id that is no text": (
        lambda: attrs.evolve(PAID, id=None),
        "Obligation None has id=None, which is no text. Give a text.",
    ),
    "a zone that is not there": (
        lambda: Calendar("Mars/Olympus"),
        "The time zone 'Mars/Olympus' is not known here. Give the name of one, like "
        "'America/New_York'; on a system that has none, install the package tzdata.",
    ),
    "a zone that is no name": (
        lambda: Calendar(None),
        "The time zone None is not known here. Give the name of one, like "
        "'America/New_York'; on a system that has none, install the package tzdata.",
    ),
    "working days that cannot be counted": (
        lambda: Calendar(working_days=Odd(KeyError())),
        f"The calendar has working_days=Odd, which cannot count (KeyError). {HOLIDAYS}",
    ),
    "a working day that is none": (
        lambda: Calendar(working_days=Odd(None)),
        "The calendar has working_days=Odd, which says that the working day after 2026-03-02 is "
        f"None. {HOLIDAYS}",
    ),
    "working days that stand still": (
        lambda: Calendar(working_days=Odd(date(2026, 3, 2))),
        "The calendar has working_days=Odd, which says that the working day after 2026-03-02 is "
        f"the date 2026-03-02. {HOLIDAYS}",
    ),
    "a day that is neither worked on nor free": (
        lambda: Calendar(working_days=Odd(date(2026, 3, 3), "yes")),
        "The calendar has working_days=Odd, which says of 2026-03-02 that it is a working day: "
        f"'yes'. {HOLIDAYS}",
    ),
    "working days in a list": (
        lambda: Calendar(working_days=[1]),
        "The calendar has working_days=[1], which has no method get_nth_working_day. "
        "Give holidays.country_holidays('US'), with your own country.",
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_in_an_obligation_is_told(mistake):
    make, sentence = WRONG[mistake]
    with pytest.raises(DefinitionError) as refused:
        make()
    assert str(refused.value) == sentence


def pickled(calendar):
    return pickle.loads(pickle.dumps(calendar))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_a_calendar_may_be_copied_and_pickled(copied):
    given = Calendar("Asia/Kathmandu", working_days=holidays.country_holidays("US"))
    assert copied(given) == given
    assert hash(copied(given)) == hash(given)
    assert given != Calendar("Asia/Kathmandu")
