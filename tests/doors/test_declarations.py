"""What is wrong with the declaration of an event or a rule is told where it is declared."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from caseflow import DefinitionError, Personal, all_of, any_of, decision, fact, not_, rule, when
from tests.support.trades import Paid, described, settled


def check(case, context):
    """It is paid."""
    yield from ()


class AgeStated:
    age: int


def age_stated(case, context):
    """The age is stated."""
    yield from ()


def with_field(annotation):
    return fact("outcomes-noted")(
        type("OutcomesNoted", (), {"__annotations__": {"of": annotation}})
    )


CHANGES = "OutcomesNoted.of is a {}, which could be changed after it was recorded. Use {}."

EVENTS = {
    "a fact without a name": (
        lambda: fact(AgeStated),
        'The class AgeStated is declared with @fact without a name. Write @fact("age-stated").',
    ),
    "a decision without a name": (
        lambda: decision(AgeStated),
        "The class AgeStated is declared with @decision without a name. "
        'Write @decision("age-stated").',
    ),
    "a number as a name": (
        lambda: fact(5),
        "@fact(5) names no event: a stored name is a text. Give one, like @fact('plan-agreed').",
    ),
    "a list": (lambda: with_field(list[str]), CHANGES.format("list", "tuple[str, ...]")),
    "a list of anything": (lambda: with_field(list), CHANGES.format("list", "a tuple")),
    "a set": (lambda: with_field(set[int]), CHANGES.format("set", "frozenset[int]")),
    "a dict": (
        lambda: with_field(dict[str, int]),
        CHANGES.format("dict", "tuple[tuple[str, int], ...]"),
    ),
    "a list or None": (
        lambda: with_field(list[str] | None),
        CHANGES.format("list", "tuple[str, ...]"),
    ),
    "a list in a tuple": (
        lambda: with_field(tuple[list[int], ...]),
        CHANGES.format("list", "tuple[int, ...]"),
    ),
    "a personal list": (
        lambda: with_field(Personal[list[str]]),
        CHANGES.format("list", "tuple[str, ...]"),
    ),
}

SPAN = "Give a span, such as '{} days', or leave it out."

RULES = {
    "a rule without an id": (
        lambda: rule(age_stated),
        'The function age_stated is declared with @rule without an id. Write @rule("age-stated").',
    ),
    "a number as an id": (
        lambda: rule(5),
        "A rule has 5 as its id, which is no text. Give the id first, like 'income-limit'.",
    ),
    "a combination without an id": (
        lambda: any_of(described, settled),
        "A rule has Rule(...) as its id, which is no text. Give the id first, like 'income-limit'.",
    ),
    "a rule that is made of no function": (
        lambda: rule("paid-up", wanted="It is paid.")(True),
        "Rule 'paid-up' is made of True, which is no function. "
        "Give a function of the case and the context that yields what is unmet.",
    ),
    "a part that is a function": (
        lambda: all_of("both", described, age_stated),
        "Rule 'both' has the part the function age_stated, which is no rule. "
        "Give rules, one by one; @rule('its-id') makes one of a function.",
    ),
    "parts in a list": (
        lambda: any_of("either", [None]),
        "Rule 'either' has the part [None], which is no rule. "
        "Give rules, one by one; @rule('its-id') makes one of a function.",
    ),
    "a negation of nothing": (
        lambda: not_("never", None, wanted="Never."),
        "Rule 'never' has the part None, which is no rule. "
        "Give rules, one by one; @rule('its-id') makes one of a function.",
    ),
    "a condition that is a text": (
        lambda: when("if", "described", then=settled),
        "Rule 'if' has the part 'described', which is no rule. "
        "Give rules, one by one; @rule('its-id') makes one of a function.",
    ),
    "words that are no text": (
        lambda: rule("paid-up", wanted=["It is paid."]),
        "Rule 'paid-up' has wanted=['It is paid.'], which is no text. "
        "Give a str, or leave wanted out.",
    ),
    "an event type by its name": (
        lambda: rule("paid-up", rests_on="paid")(check),
        "Rule 'paid-up' rests on 'paid', which is no event class. "
        "Give an event class, or a tuple of several.",
    ),
    "event types in a list": (
        lambda: rule("paid-up", history=[Paid])(check),
        "Rule 'paid-up' rests on [<class 'tests.support.trades.Paid'>], which is no event class. "
        "Give an event class, or a tuple of several.",
    ),
    "two roles for exceptions": (
        lambda: rule("paid-up", excepted_by=["boss", "chief"])(check),
        "Rule 'paid-up' may be excepted by ['boss', 'chief'], and it takes one role only. "
        "Name one role, as a text: 'supervisor'.",
    ),
    "two roles for exceptions, later": (
        lambda: described.excepted(by=("boss", "chief")),
        "Rule 'described' may be excepted by ('boss', 'chief'), and it takes one role only. "
        "Name one role, as a text: 'supervisor'.",
    ),
    "two roles for a combination": (
        lambda: any_of("either", described, excepted_by=["boss"]),
        "Rule 'either' may be excepted by ['boss'], and it takes one role only. "
        "Name one role, as a text: 'supervisor'.",
    ),
    "days as a number": (
        lambda: described.due(within=30),
        "Rule 'described' is due within 30, which is no length of time. " + SPAN.format(30),
    ),
    "days as a text": (
        lambda: described.due(within="30"),
        "Rule 'described' is due within '30', which is no length of time. " + SPAN.format(30),
    ),
    "no time at all": (
        lambda: described.due(within=timedelta(0)),
        "Rule 'described' is due within datetime.timedelta(0), which leaves no time. "
        + SPAN.format(30),
    ),
    "somebody who has to do it and is no text": (
        lambda: described.due(owner=["boss"]),
        "Rule 'described' has owner=['boss'], which is no text. Give a str, or leave owner out.",
    ),
    "less than no time": (
        lambda: described.due(within=timedelta(days=-2)),
        "Rule 'described' is due within datetime.timedelta(days=-2), which leaves no time. "
        + SPAN.format(30),
    ),
}


@pytest.mark.parametrize("mistake", [*EVENTS, *RULES])
def test_a_mistake_is_told_where_it_is_made(mistake):
    make, sentence = (EVENTS | RULES)[mistake]
    with pytest.raises(DefinitionError) as refused:
        make()
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "annotation",
    [tuple[str, ...], frozenset[int], Mapping[str, int], tuple[tuple[str, int], ...], str | None],
    ids=str,
)
def test_fields_that_cannot_be_changed_are_declared(annotation):
    assert with_field(annotation).__name__ == "OutcomesNoted"


def test_a_rule_that_is_due_without_a_date_is_declared():
    assert described.due().within is None
    assert described.due(within=timedelta(hours=1)).within == timedelta(hours=1)
