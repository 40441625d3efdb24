"""Rules: results, not a bool. What is wanted, found, how to repair it, and on what it rests."""

import subprocess
import sys
from datetime import timedelta
from itertools import product

import pytest

from caseflow import (
    Actor,
    CaseOpened,
    Context,
    DefinitionError,
    UndeclaredRead,
    Unmet,
    all_of,
    any_of,
    fold,
    not_,
    rule,
    when,
)
from tests.support.trades import (
    ANA,
    DAY,
    START,
    Accounted,
    BikeDescribed,
    Finding,
    Inspected,
    Paid,
    PartArrived,
    QuoteSent,
    Shop,
    account_when_dear,
    described,
    entry,
    has_account,
    paid_up,
    parts_here,
    price_limit,
    settled,
)

OPENED = entry(1, CaseOpened(client="customer-1"), stage="quoting")


def case_of(*events):
    return fold([OPENED, *(entry(n, e) for n, e in enumerate(events, 2))], Shop())


def context(event=None, **given):
    return Context(ANA, START + DAY, START + DAY, "step", event, **given)


# -- one rule --------------------------------------------------------------------------------


def test_an_unmet_result_says_everything_a_person_needs():
    case = case_of(QuoteSent(amount=500), Paid(amount=100))
    result = paid_up.result(case, context())
    assert result.rule == "paid-up"
    assert (result.outcome, result.strength) == ("unmet", "block")
    assert result.wanted == "The repair is paid."
    assert result.unmet == (Unmet(found=100, remedy="take 400"),)
    assert result.evidence == (2, 3)
    assert result.source == "shop book 7"
    assert (result.holds, result.refuses) == (False, True)
    assert described.result(case_of(), context()).excepted_by == "manager"


def test_a_met_result_names_its_evidence_too():
    case = case_of(QuoteSent(amount=500), Paid(amount=100), Paid(amount=400))
    result = paid_up.result(case, context())
    assert (result.outcome, result.evidence) == ("met", (2, 4))
    assert (result.holds, result.refuses) == (True, False)
    assert paid_up.judge(case, context()) is None


def test_evidence_that_the_rule_names_itself_counts_in_place_of_the_latest():
    @rule("two-payments", rests_on=Paid)
    def two(case, context):
        """Nothing is paid twice."""
        yield Unmet(about="first", evidence=(4,))
        yield Unmet(about="second", evidence=(2, 4))

    assert two.result(case_of(Paid(amount=1), Paid(amount=2)), context()).evidence == (2, 4)


def test_an_unmet_without_evidence_of_its_own_adds_the_latest():
    @rule("mixed", rests_on=Paid)
    def mixed(case, context):
        """Mixed."""
        yield Unmet(evidence=(1,))
        yield Unmet()

    assert mixed.result(case_of(Paid(amount=1), Paid(amount=2)), context()).evidence == (1, 3)


def test_one_rule_may_find_several_things_missing():
    findings = tuple(Finding(part=p, trouble="x", needs_part=True) for p in ("chain", "hub"))
    case = case_of(Inspected(findings=findings))
    result = parts_here.result(case, context(histories={PartArrived: ()}))
    assert [item.about for item in result.unmet] == ["chain", "hub"]
    assert result.evidence == (2,)


def test_strengths_are_set_by_whoever_uses_the_rule():
    due = described.due(within=timedelta(days=3), owner="mechanic")
    assert (due.strength, due.within, due.owner) == ("due", timedelta(days=3), "mechanic")
    assert (due.due().owner, due.due(owner="").owner) == ("mechanic", "")
    for other, strength in ((due.warns(), "warn"), (due.blocks(), "block")):
        assert (other.strength, other.within, other.owner) == (strength, None, "")
    assert described.strength == "block"
    assert described.excepted(by="boss").excepted_by == "boss"
    case = case_of()
    assert [r.result(case, context()).refuses for r in (described, described.warns(), due)] == [
        True,
        False,
        False,
    ]


def test_a_rule_that_needs_the_payload_waits_for_it():
    result = price_limit.result(case_of(), context())
    assert result.outcome == "needs-input"
    assert not result.refuses
    assert price_limit.result(case_of(), context(QuoteSent(amount=50_001))).outcome == "unmet"


def test_what_a_rule_found_before_it_needs_the_payload_stands():
    @rule("deposit", rests_on=Paid)
    def deposit(case, context):
        """Something was paid, and the quote is at most 100."""
        if case.latest(Paid) is None:
            yield Unmet(remedy="take a deposit")
        if context.event.amount > 100:
            yield Unmet(found=context.event.amount)

    result = deposit.result(case_of(), context())
    assert (result.outcome, [item.remedy for item in result.unmet]) == ("unmet", ["take a deposit"])
    assert deposit.result(case_of(Paid(amount=1)), context()).outcome == "needs-input"


def test_a_rule_that_needs_the_reason_waits_for_it():
    @rule("why")
    def why(case, context):
        """The reason is long."""
        if len(context.reason or "") < 5:
            yield Unmet(found=context.reason)

    assert why.result(case_of(), context()).outcome == "needs-input"
    assert why.result(case_of(), context(Paid(amount=1))).outcome == "unmet"
    assert why.result(case_of(), context(given_reason="because")).outcome == "met"


# -- faults ----------------------------------------------------------------------------------


YIELD = "let it yield Unmet(...) for each thing that is unmet, and nothing where all is met"


def raising(case, context):
    """It is sound."""
    yield Unmet(found=1 // 0)


def answering_true(case, context):
    """It is sound."""
    return True


def answering_nothing(case, context):
    """It is sound."""


def yielding_words(case, context):
    """It is sound."""
    yield "no parts"


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (raising, "ZeroDivisionError: integer division or modulo by zero"),
        (answering_true, f"TypeError: it returned True: {YIELD}"),
        (answering_nothing, f"TypeError: it returned None: {YIELD}"),
        (yielding_words, "TypeError: it yielded 'no parts', which is no Unmet"),
    ],
)
def test_a_rule_that_fails_is_a_fault_which_is_named_and_refuses(check, fault):
    result = rule("sound", rests_on=Paid)(check).result(case_of(Paid(amount=1)), context())
    assert (result.outcome, result.fault) == ("fault", fault)
    assert result.refuses
    assert result.evidence == (2,)


def test_a_fault_of_a_warning_does_not_refuse():
    result = rule("sound")(raising).warns().result(case_of(), context())
    assert (result.outcome, result.refuses) == ("fault", False)


def test_reading_an_undeclared_history_is_a_fault_that_says_what_to_declare():
    @rule("sneaky", history=Paid)
    def sneaky(case, context):
        """All parts arrived."""
        context.history(Paid)
        context.history(PartArrived)
        yield from ()

    result = sneaky.result(case_of(), context(histories={Paid: (), PartArrived: ()}))
    assert result.fault == (
        "Rule 'sneaky' reads the history of PartArrived, which it does not "
        "declare. Add history=PartArrived to the rule."
    )
    with pytest.raises(UndeclaredRead):
        context().history(Paid)


def test_a_declared_history_is_given_in_recorded_order():
    events = (entry(2, Paid(amount=1)), entry(3, Paid(amount=2)))
    found = []

    @rule("all-paid", history=Paid)
    def all_paid(case, context):
        """Every payment is seen."""
        found.extend(item.number for item in context.history(Paid))
        yield from ()

    all_paid.result(case_of(), context(histories={Paid: events}))
    assert found == [2, 3]


# -- combinators -----------------------------------------------------------------------------


def made(name, outcome, found="nothing"):
    """A rule with a given outcome."""

    @rule(name, wanted=f"{name} holds.", source=f"book {name}")
    def check(case, context):
        if outcome == "needs-input":
            _ = context.event
        if outcome == "fault":
            raise ValueError(name)
        if outcome == "unmet":
            yield Unmet(found=found, remedy=f"do {name}")

    return check


KNOWN = ("met", "unmet")
OUTCOMES = ("met", "unmet", "needs-input")


def truth(connective, first, second):
    if connective == "all of":
        return first and second
    if connective == "any of":
        return first or second
    return not first or second


@pytest.mark.parametrize(
    ("connective", "combined"),
    [
        ("all of", lambda a, b: all_of("c", a, b)),
        ("any of", lambda a, b: any_of("c", a, b)),
        ("when", lambda a, b: when("c", a, then=b)),
    ],
)
@pytest.mark.parametrize(("first", "second"), list(product(OUTCOMES, OUTCOMES)))
def test_a_combination_waits_for_input_only_where_the_input_could_change_the_answer(
    connective, combined, first, second
):
    possible = {
        truth(connective, a == "met", b == "met")
        for a in (KNOWN if first == "needs-input" else (first,))
        for b in (KNOWN if second == "needs-input" else (second,))
    }
    expected = "needs-input" if len(possible) == 2 else "met" if True in possible else "unmet"
    result = combined(made("a", first), made("b", second)).result(case_of(), context())
    assert result.outcome == expected


@pytest.mark.parametrize(
    ("part", "whole"),
    [("met", "unmet"), ("unmet", "met"), ("needs-input", "needs-input"), ("fault", "fault")],
)
def test_not_turns_its_part_around(part, whole):
    combined = not_("c", made("a", part), wanted="a does not hold.")
    assert combined.result(case_of(), context()).outcome == whole


def test_a_fault_of_a_part_is_a_fault_of_the_whole():
    result = all_of("c", made("a", "met"), made("b", "fault")).result(case_of(), context())
    assert (result.outcome, result.fault) == ("fault", "its part 'b' failed: ValueError: b")


def test_what_is_asked_only_on_a_condition_is_not_judged_where_it_does_not_apply():
    result = when("c", made("a", "unmet"), then=made("b", "fault")).result(case_of(), context())
    assert result.outcome == "met"


def test_a_combination_keeps_the_results_of_its_parts_however_deep():
    deep = all_of("deep", described, any_of("inner", has_account, paid_up))
    case = case_of(QuoteSent(amount=500), Paid(amount=1))
    result = deep.result(case, context())
    assert [part.rule for part in result.parts] == ["described", "inner"]
    assert [part.rule for part in result.parts[1].parts] == ["has-account", "paid-up"]
    assert result.parts[1].parts[1].unmet == (Unmet(found=1, remedy="take 499"),)
    assert [item.remedy for item in result.unmet] == [
        "record BikeDescribed",
        "open an account",
        "take 499",
    ]
    assert result.evidence == (2, 3)
    assert result.connective == "all of"
    assert result.source == "shop book 1; shop book 7"


def test_a_combination_rests_on_all_that_its_parts_rest_on():
    assert settled.rests_on == (QuoteSent, Paid, Accounted)
    assert all_of("c", parts_here, described).history == (PartArrived,)
    assert all_of("c", parts_here, described).rests_on == (Inspected, BikeDescribed)


def test_what_a_combination_wants_is_said_by_its_parts_unless_it_says_it_itself():
    assert all_of("c", described, paid_up).wanted == (
        "The customer has said what is wrong. And: The repair is paid."
    )
    assert settled.wanted == "The repair is paid. Or: The customer has an account."
    assert account_when_dear.wanted == (
        "Where this holds: The quote is over 300 euros. Then also: The customer has an account."
    )
    assert any_of("c", described, wanted="Words.").wanted == "Words."


def test_a_combination_of_nothing_is_no_rule():
    with pytest.raises(DefinitionError, match=r"Rule 'c' is all of nothing\. Give it its parts\."):
        all_of("c")


def test_an_actor_may_act_in_one_role_or_several_or_on_behalf_of_another():
    assert Actor("ana").roles == frozenset()
    assert Actor("ana", "clerk").roles == {"clerk"}
    assert Actor("ana", ["a", "b"], on_behalf_of="bo").on_behalf_of == "bo"


def test_python_without_docstrings_says_why_a_rule_does_not_say_what_it_wants():
    code = "from caseflow import rule\n@rule('silent')\ndef silent(case, context):\n    'It is.'"
    ran = subprocess.run(
        [sys.executable, "-OO", "-c", code], capture_output=True, text=True, check=False
    )
    assert "Run Python without -OO" in ran.stderr
