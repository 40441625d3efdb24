"""An agency's own workflow starts from the declaration of another, which stays as it is."""

from datetime import timedelta

import pytest

from caseflow import STAY, Reason, Stage, Transition, WorkflowInvalid, decision, fact, rule
from tests.support.trades import (
    DiscountGiven,
    Paid,
    QuoteSent,
    Shop,
    account_when_dear,
    price_limit,
    shop,
)


@rule("mild-price", rests_on=QuoteSent)
def mild_price(case, context):
    """A quote is at most 100 euros."""
    yield from ()


def rules_of(workflow, name):
    return {rule.id: rule for row in workflow.rows if row.name == name for rule in row.rules}


def test_an_extended_workflow_has_a_name_and_version_of_its_own():
    mine = shop.extend("corner-shop", version="2026-11")
    assert (mine.name, mine.version) == ("corner-shop", "2026-11")
    assert mine.positions == shop.positions
    assert (mine.state, mine.faults_excepted_by) == (Shop, "manager")
    assert set(mine.all_rules) == set(shop.all_rules)


def test_rules_are_added_after_those_that_stand():
    mine = shop.extend("corner-shop", version="1", rules={"quote": [mild_price]})
    assert list(rules_of(mine, "quote")) == [*rules_of(shop, "quote"), "mild-price"]
    assert "mild-price" not in shop.all_rules


def test_rules_can_be_added_to_a_fact_as_warnings():
    mine = shop.extend("corner-shop", version="1", rules={Paid: [mild_price.warns()]})
    assert [rule.id for rule in mine.rules_on(Paid)] == ["round-sum", "mild-price"]
    with pytest.raises(WorkflowInvalid, match="facts are never refused"):
        shop.extend("corner-shop", version="1", rules={Paid: [mild_price]})


def test_rules_are_dropped_by_their_ids():
    mine = shop.extend(
        "corner-shop", version="1", drop={"quote": ["shares"], DiscountGiven: ["not-overpriced"]}
    )
    assert "shares" not in rules_of(mine, "quote")
    assert [rule.id for rule in mine.rules_on(DiscountGiven)] == ["account-when-dear"]
    assert "shares" in rules_of(shop, "quote")


def test_a_rule_is_replaced_at_its_place():
    @rule("shares", rests_on=QuoteSent)
    def other_shares(case, context):
        """There is one share."""
        yield from ()

    mine = shop.extend("corner-shop", version="1", replace={"quote": [other_shares]})
    assert list(rules_of(mine, "quote")) == list(rules_of(shop, "quote"))
    assert rules_of(mine, "quote")["shares"].wanted == "There is one share."


def test_a_rule_is_given_another_strength_wherever_it_stands():
    mine = shop.extend(
        "corner-shop",
        version="1",
        strengths={
            "price-limit": "warn",
            "serial-known": "block",
            "settled": lambda rule: rule.due(within=timedelta(days=30)),
            "round-sum": "due",
        },
    )
    assert rules_of(mine, "quote")["price-limit"].strength == "warn"
    assert rules_of(mine, "inspect")["serial-known"].strength == "block"
    assert rules_of(mine, "collect")["settled"].within == timedelta(days=30)
    assert mine.rules_on(Paid)[0].strength == "due"
    assert rules_of(shop, "quote")["price-limit"].strength == "block"


def test_stages_events_words_and_transitions_are_added():
    @fact("rain-came")
    class RainCame:
        pass

    mine = shop.extend(
        "corner-shop",
        version="1",
        stages=[Stage("washing")],
        transitions=[
            Transition("wash", source="ready", to="washing"),
            Transition("dry", source="washing", to="ready"),
        ],
        events=[RainCame],
        labels={"ready": "On the rack", "collect": "Take it home"},
        opened_by=["clerk"],
        faults_excepted_by="owner",
    )
    assert "washing" in mine.positions
    assert RainCame in mine.facts
    assert (mine.label("ready"), mine.label("collect")) == ("On the rack", "Take it home")
    assert (mine.opened_by, mine.faults_excepted_by) == (("clerk",), "owner")
    assert [edge.dest for edge in mine.edges("abandon", "washing")] == ["abandoned"]


def test_a_stage_or_transition_with_the_name_of_one_takes_its_place():
    mine = shop.extend(
        "corner-shop",
        version="1",
        stages=[Stage("quoting", label="Offer", decides=[DiscountGiven])],
        transitions=[Transition("requote", source=("ready", "repair", "quoting"), to="quoting")],
    )
    assert mine.label("quoting") == "Offer"
    assert [stage.id for stage in mine.stages] == [stage.id for stage in shop.stages]
    assert [t.name for t in mine.transitions] == [t.name for t in shop.transitions]
    assert mine.edges("requote", "quoting")


def test_an_extension_is_checked_like_any_workflow():
    with pytest.raises(WorkflowInvalid, match="Stage 'washing' cannot be reached"):
        shop.extend("corner-shop", version="1", stages=[Stage("washing")])


def test_what_an_extension_names_wrongly_is_told_all_at_once():
    with pytest.raises(WorkflowInvalid) as refused:
        shop.extend(
            "corner-shop",
            version="1",
            rules={"qote": [mild_price]},
            drop={"quote": ["price-limits", "not-overpriced"], DiscountGiven: ["described"]},
            replace={"start": [price_limit, mild_price], "discount-given": [account_when_dear]},
            strengths={"setled": "warn", "settled": "maybe"},
        )
    assert refused.value.fields["faults"] == (
        "Rules are given for transition 'qote', which there is not. "
        "Did you mean 'quote' or 'requote'?",
        "Rule 'setled' is given a strength, but there is no such rule. Did you mean 'settled'?",
        "Rule 'settled' is given the strength 'maybe'. Give 'block', 'warn' or 'due'.",
        "Rule 'price-limits' is to be dropped from 'quote', where it does not stand. "
        "Did you mean 'price-limit'?",
        "Rule 'not-overpriced' is to be dropped from 'quote', where it does not stand. "
        "It stands on DiscountGiven: name it there.",
        "Rule 'described' is to be dropped from DiscountGiven, where it does not stand. "
        "There are 'account-when-dear' and 'not-overpriced'.",
        "Rule 'price-limit' is to be replaced on 'start', where it does not stand. "
        "It stands on 'quote': name it there.",
        "Rule 'mild-price' is to be replaced on 'start', where it does not stand. "
        "There is 'parts-here'.",
        "Rule 'account-when-dear' is to be replaced on 'discount-given', where it does not stand. "
        "It stands on 'agree' and on DiscountGiven: name it there.",
    )


def test_an_extension_can_be_extended():
    @decision("washed")
    class Washed:
        pass

    once = shop.extend("corner-shop", version="1", rules={"quote": [mild_price]})
    wash = Transition("wash", source="ready", to=STAY, records=Washed, reasons=[Reason("mud")])
    twice = once.extend(
        "harbour-shop", version="1", drop={"quote": ["mild-price"]}, transitions=[wash]
    )
    assert "mild-price" not in twice.all_rules
    assert twice.edges("wash", "ready")
    assert not once.edges("wash", "ready")


def test_an_extension_has_another_name_or_version():
    with pytest.raises(WorkflowInvalid, match="extended under its own name and version '1'"):
        shop.extend(shop.name, version=shop.version)
    assert shop.extend(shop.name, version="2").version == "2"
