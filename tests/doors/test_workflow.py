"""What is of the wrong type in a workflow is a fault of its declaration, told when it is built."""

import attrs
import pytest

from caseflow import (
    Hold,
    Reason,
    Stage,
    To,
    Transition,
    Workflow,
    WorkflowInvalid,
    decision,
    fact,
    rule,
)
from tests.support.trades import Paid, QuoteSent, described, shop


@decision("eligibility-reviewed")
class EligibilityReviewed:
    pass


@rule("aged")
def aged(case, context):
    """The age is stated."""
    yield from ()


def age_stated(case, context):
    """The age is stated."""
    yield from ()


@attrs.frozen
class Counted:
    count: int

    def fold(self, recorded):
        return self


STAGES = [Stage("ordered", initial=True), Stage("made"), Stage("sold", final=True)]
MAKE = Transition("make", source="ordered", to="made")
SELL = Transition("sell", source="made", to="sold")


def with_stage(**given):
    return {"stages": [STAGES[0], Stage("made", **given), STAGES[2]]}


def with_make(**given):
    named = {"name": "make", "source": "ordered", "to": "made", **given}
    return {"transitions": [Transition(**named), SELL]}


NESTED: list = []
for _ in range(5_000):
    NESTED = [NESTED]

A_RULE = "Declare a function with @rule('its-id'), or call it if it makes a rule."
AN_EVENT = "Give a class declared with @fact('its-name') or @decision('its-name')."
WORDS = "Give a text, or a list of texts."

FAULTS = {
    "a version as a number": (
        {"version": 1},
        "The version of the workflow is 1, which is no text. Give a text: version='1'.",
    ),
    "no version": (
        {"version": None},
        "The version of the workflow is None, which is no text. Give a text: version='1'.",
    ),
    "a name as a list": (
        {"name": ["loan"]},
        "The name of the workflow is ['loan'], which is no text. Give a text: name='loan'.",
    ),
    "a name nested deeply": (
        {"name": NESTED},
        "The name of the workflow is list(...), which is no text. Give a text: name='loan'.",
    ),
    "stages by name": (
        {"stages": ["ordered", *STAGES]},
        "The workflow has 'ordered' among its stages, which is no Stage. "
        "Give Stage('its-id', ...).",
    ),
    "one stage": (
        {"stages": STAGES[0]},
        "The workflow has Stage(...) for its stages, which is no list. Put it in a list: [...].",
    ),
    "a transition as a dict": (
        {"transitions": [MAKE, {"name": "sell"}]},
        "The workflow has {'name': 'sell'} among its transitions, which is no Transition. "
        "Give Transition('its-name', source=..., to=...).",
    ),
    "no transitions": (
        {"transitions": None},
        "The workflow has None for its transitions, which is no list. Give a list of Transitions.",
    ),
    "a function as a rule": (
        with_make(rules=[age_stated]),
        "Transition 'make' has the function age_stated among its rules, which is no rule. "
        + A_RULE,
    ),
    "a rule without a list": (
        with_make(rules=aged),
        "Transition 'make' has the rule 'aged' for its rules, which is no list. "
        "Put it in a list: [...].",
    ),
    "a description that is no text": (
        with_make(description=["It is made."]),
        "Transition 'make' has description=['It is made.'], which is no text. Give a str.",
    ),
    "a rule by its id": (
        with_make(rules="aged"),
        "Transition 'make' has 'aged' for its rules, which is no list. Give a list of rules.",
    ),
    "a function as a rule of the workflow": (
        {"rules": {"make": [age_stated]}},
        "The workflow has the function age_stated among its rules on 'make', which is no rule. "
        + A_RULE,
    ),
    "a rule of the workflow without a list": (
        {"rules": {"make": aged}},
        "The workflow has the rule 'aged' for its rules on 'make', which is no list. "
        "Put it in a list: [...].",
    ),
    "rules as a list": (
        {"rules": ["aged"]},
        "The workflow has rules=['aged'], which is no mapping. "
        "Give a dict from transition names or event classes to lists of rules.",
    ),
    "rules for a number": (
        {"rules": {5: [aged]}},
        "The workflow has rules for 5. "
        "Give them for the name of a transition, or for an event class.",
    ),
    "a function as a rule of the hold": (
        {"hold": Hold(rules=[age_stated])},
        "The hold has the function age_stated among its rules, which is no rule. " + A_RULE,
    ),
    "True as hold": (
        {"hold": True},
        "The workflow has hold=True, which is no Hold. Give Hold(...), or leave it out.",
    ),
    "a condition by its id": (
        with_make(to=[To("sold", when="aged"), "made"]),
        "Transition 'make' leads to 'sold' when 'aged', which is no rule. " + A_RULE,
    ),
    "a stage as target": (
        with_make(to=[Stage("made")]),
        "Transition 'make' has Stage(...) among its targets, which is no target. "
        "Give the id of a stage, or To('its-id', when=...).",
    ),
    "a stage as source": (
        with_make(source=5),
        "Transition 'make' has 5 in source, which is no text. " + WORDS,
    ),
    "roles that are no texts": (
        with_make(roles=["clerk", 5]),
        "Transition 'make' has 5 in roles, which is no text. " + WORDS,
    ),
    "reasons as texts": (
        with_make(reasons=["too-dear"]),
        "Transition 'make' has 'too-dear' among its reasons, which is no Reason. "
        "Give Reason('its-code').",
    ),
    "reasons under a reason as texts": (
        with_make(reasons=[Reason("money", children=["too-dear"])]),
        "Transition 'make' has 'too-dear' among its reasons, which is no Reason. "
        "Give Reason('its-code').",
    ),
    "an event by its name": (
        with_make(records="quote-sent"),
        "Transition 'make' has 'quote-sent' in records, which is no event class. " + AN_EVENT,
    ),
    "an event in place of its class": (
        with_make(records=QuoteSent(amount=1)),
        "Transition 'make' has QuoteSent(amount=1, share=1) in records, which is no event class. "
        "Give the class itself: QuoteSent.",
    ),
    "a word in place of a flag": (
        with_stage(final="no"),
        "Stage 'made' has final='no'. Give True or False.",
    ),
    "a stage that decides a name": (
        with_stage(decides=["quote-sent"]),
        "Stage 'made' has 'quote-sent' in decides, which is no event class. " + AN_EVENT,
    ),
    "a stage that decides one class": (
        with_stage(decides=QuoteSent),
        "Stage 'made' has decides=the class QuoteSent, which is no list. Put it in one: [...].",
    ),
    "a stage that decides a fact": (
        with_stage(decides=[Paid]),
        "Stage 'made' decides the fact 'paid', and a fact is not decided. "
        "Name it in events=[...], or declare it with @decision.",
    ),
    "substages as numbers": (
        with_stage(substages=[1]),
        "Stage 'made' has 1 in substages, which is no text. " + WORDS,
    ),
    "an event of the workflow by its name": (
        {"events": ["paid"]},
        "The workflow has 'paid' in events, which is no event class. " + AN_EVENT,
    ),
    "one event": (
        {"events": Paid},
        "The workflow has events=the class Paid, which is no list. Put it in one: [...].",
    ),
    "a decision that nothing records": (
        {"events": [EligibilityReviewed]},
        "The decision 'eligibility-reviewed' (EligibilityReviewed) is declared, but nothing "
        "records it. Give a transition records=EligibilityReviewed, or a stage "
        "decides=[EligibilityReviewed]; one that only older cases hold belongs to the workflow "
        "they were opened under.",
    ),
    "a state that cannot be made": (
        {"state": Counted},
        "The empty state cannot be made, as Counted(): "
        "Counted.__init__() missing 1 required positional argument: 'count'. "
        "Give each of its fields a default.",
    ),
    "a state in place of its class": (
        {"state": Counted(1)},
        "The workflow has state=Counted(count=1), which is no class with a method fold. "
        "Give the class of the trade's state, or leave it out.",
    ),
    "roles that open as a number": (
        {"opened_by": 5},
        "The workflow has 5 in opened_by, which is no text. " + WORDS,
    ),
    "two roles for faults": (
        {"faults_excepted_by": ["boss"]},
        "The workflow has faults_excepted_by=['boss'], which is no text. Give a str.",
    ),
    "labels as pairs": (
        {"labels": [("made", "Ready")]},
        "The workflow has labels=[('made', 'Ready')], which is no mapping. "
        "Give a dict from ids to words.",
    ),
    "a label that is no text": (
        {"labels": {"made": 5}},
        "The workflow has the label 5 for 'made'. "
        "Give a text for the id of a stage, transition, event, obligation or role.",
    ),
    "a label for nothing": (
        {"labels": {"mde": "Ready"}},
        "There is a label for 'mde', and no stage, transition, event, obligation or "
        "role is called so. Did you mean 'made'?",
    ),
    "terms as pairs": (
        {"terms": [("client", "participant")]},
        "The workflow has terms=[('client', 'participant')], which is no mapping. "
        "Give a dict from the words of rules to the agency's: {'client': 'participant'}.",
    ),
    "a term with a capital": (
        {"terms": {"Client": "participant"}},
        "The workflow has the term 'participant' for 'Client'. "
        "Give a text for a text, in small letters: {'client': 'participant'}.",
    ),
    "a hold of a misspelt stage": (
        {"hold": Hold(stages=["mde"])},
        "The hold names the stage 'mde', which is not declared. Did you mean 'made'?",
    ),
}


def build(**given):
    name = given.pop("name", "bakery")
    return Workflow(
        name, **{"version": "1", "stages": STAGES, "transitions": [MAKE, SELL], **given}
    )


@pytest.mark.parametrize("mistake", FAULTS)
def test_a_mistake_is_one_fault_and_says_how_to_mend_it(mistake):
    assert build().name == "bakery"
    given, sentence = FAULTS[mistake]
    with pytest.raises(WorkflowInvalid) as refused:
        build(**given)
    assert refused.value.fields["faults"] == (sentence,)


def test_all_mistakes_of_this_kind_are_told_at_once():
    with pytest.raises(WorkflowInvalid) as refused:
        build(version=1, stages=["ordered"], transitions=[{}], hold=5)
    assert len(refused.value.fields["faults"]) == 4


def test_whatever_is_iterable_serves_as_a_list():
    made = Workflow(
        "bakery",
        version="1",
        stages=iter(STAGES),
        transitions=(one for one in [MAKE, SELL]),
        rules={"make": iter([aged])},
    )
    assert (len(made.stages), made.rules["make"]) == (3, (aged,))
    again = made.extend(
        "mill", version="1", stages=iter([STAGES[1]]), transitions=iter([MAKE]), events=iter([Paid])
    )
    assert (len(again.stages), again.facts) == (3, (Paid,))


# -- labels ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "id",
    ["made", "made:hold", "make", "paid", "quote-sent", "void", "open", "clerk", "boss", "owner"],
)
def test_a_label_names_a_place_a_transition_an_event_or_a_role(id):
    sell = attrs.evolve(SELL, records=QuoteSent, rules=[aged.excepted(by="boss")])
    labelled = build(
        labels={id: "Something else"},
        transitions=[MAKE, sell],
        hold=Hold(),
        events=[Paid],
        opened_by="clerk",
        faults_excepted_by="owner",
    )
    assert labelled.label(id) == "Something else"


# -- extensions ------------------------------------------------------------------------------

EXTENSIONS = {
    "stages by name": (
        {"stages": ["washing"]},
        "The workflow has 'washing' among its stages, which is no Stage. "
        "Give Stage('its-id', ...).",
    ),
    "one event": (
        {"events": Paid},
        "The workflow has events=the class Paid, which is no list. Put it in one: [...].",
    ),
    "a rule without a list": (
        {"rules": {"quote": described}},
        "The workflow has the rule 'described' for its rules on 'quote', which is no list. "
        "Put it in a list: [...].",
    ),
    "a function in place of a rule": (
        {"replace": {"quote": [age_stated]}},
        "The workflow has the function age_stated among its rules on 'quote', which is no rule. "
        + A_RULE,
    ),
    "rules to drop as a list": (
        {"drop": ["shares"]},
        "extend has drop=['shares'], which is no mapping. Give a dict.",
    ),
    "a number to drop": (
        {"drop": {"quote": [5]}},
        f"extend has 5 in drop for 'quote', which is no text. {WORDS}",
    ),
    "strengths as a list": (
        {"strengths": ["warn"]},
        "extend has strengths=['warn'], which is no mapping. Give a dict.",
    ),
    "a number as strength": (
        {"strengths": {"shares": 5}},
        "Rule 'shares' is given the strength 5. Give 'block', 'warn' or 'due'.",
    ),
    "a misspelt strength": (
        {"strengths": {"shares": "warning"}},
        "Rule 'shares' is given the strength 'warning'. Give 'block', 'warn' or 'due'.",
    ),
    "days as a number": (
        {"strengths": {"shares": lambda rule: rule.due(within=30)}},
        "Rule 'shares' is due within 30, which is no length of time. "
        "Give a span, such as '30 days', or leave it out.",
    ),
    "a strength that is not returned": (
        {"strengths": {"shares": lambda rule: None}},
        "Rule 'shares' is given a strength by a function that returns None. "
        "Let it return the rule, such as rule.due(within=timedelta(days=30)).",
    ),
    "labels as a list": (
        {"labels": ["quoting"]},
        "extend has labels=['quoting'], which is no mapping. Give a dict.",
    ),
    "terms as a list": (
        {"terms": ["client"]},
        "extend has terms=['client'], which is no mapping. Give a dict.",
    ),
    "a label for nothing": (
        {"labels": {"quotng": "Offer"}},
        "There is a label for 'quotng', and no stage, transition, event, obligation or "
        "role is called so. Did you mean 'quoting', 'quote' or 'quoting:hold'?",
    ),
}


@pytest.mark.parametrize("mistake", EXTENSIONS)
def test_a_mistake_in_an_extension_is_told_of_the_new_workflow(mistake):
    given, sentence = EXTENSIONS[mistake]
    with pytest.raises(WorkflowInvalid) as refused:
        shop.extend("corner-shop", version="2", **given)
    assert refused.value.fields["faults"] == (sentence,)
    assert str(refused.value).startswith("Workflow 'corner-shop' has 1 fault:")


def test_one_rule_to_drop_needs_no_list():
    mine = shop.extend("corner-shop", version="2", drop={"quote": "shares"})
    assert "shares" not in mine.all_rules
    assert "shares" in shop.all_rules


def test_a_fact_is_not_missed_by_any_transition():
    @fact("rain-came")
    class RainCame:
        pass

    assert RainCame in build(events=[RainCame]).facts
