"""Events: how they are declared, what is refused, and what caseflow knows of them."""

import attrs
import pytest

from caseflow import Case, Context, DefinitionError, Voided, decision, fact, rule
from caseflow.kernel.events import CORE_EVENTS, event_type
from tests.support.trades import Inspected, Paid, QuoteSent


@pytest.mark.parametrize("name", ["", "Paid", "paid up", "paid_up", "payé", "paid.up"])
def test_a_stored_name_is_lower_case_letters_digits_and_hyphens(name):
    with pytest.raises(DefinitionError) as refused:
        fact(name)
    assert str(refused.value) == (
        f"The fact {name!r} has a name that cannot be stored. "
        "Use lower-case letters, digits and hyphens, like 'plan-agreed'."
    )


@pytest.mark.parametrize(
    ("version", "old"), [(0, []), (-1, []), (1, [1]), (2, [2]), (2, [0]), (3, [1, 3])]
)
def test_versions_count_from_one_and_upcasters_lead_up_to_the_present_one(version, old):
    with pytest.raises(DefinitionError, match=f"is in version {version} and has upcasters from"):
        decision("quote-sent", version=version, upcasters=dict.fromkeys(old, dict))


def test_an_event_type_says_name_version_kind_class_and_needed_fields():
    kind = event_type(QuoteSent)
    assert (kind.name, kind.version, kind.kind, kind.cls) == (
        "quote-sent",
        1,
        "decision",
        QuoteSent,
    )
    assert kind.needed == ("amount",)
    assert event_type(Paid(amount=5)) is event_type(Paid)
    assert event_type(Paid).kind == "fact"
    assert event_type(Inspected).needed == ()


def test_an_event_is_frozen_and_takes_its_fields_by_name():
    event = Paid(amount=5)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        event.amount = 6
    with pytest.raises(TypeError):
        Paid(5)
    assert event == Paid(amount=5)


def test_a_class_without_declaration_is_no_event():
    class Plain:
        pass

    with pytest.raises(DefinitionError) as refused:
        event_type(Plain())
    assert str(refused.value) == (
        'Plain is not an event class. Declare it with @fact("its-name") or @decision("its-name").'
    )


def test_a_subclass_of_an_event_is_no_event_until_it_is_declared_itself():
    class Tip(Paid):
        pass

    with pytest.raises(DefinitionError, match="Tip is not an event class"):
        event_type(Tip)


def test_every_case_knows_these_decisions():
    assert [event_type(cls).name for cls in CORE_EVENTS] == [
        "case-opened",
        "moved",
        "exception-made",
        "corrected",
        "voided",
    ]
    assert {event_type(cls).kind for cls in CORE_EVENTS} == {"decision"}
    assert event_type(Voided).needed == ("number",)


def test_a_rule_says_what_it_wants_and_rests_on_events():
    def silent(case: Case, context: Context):
        yield from ()

    with pytest.raises(DefinitionError) as refused:
        rule("silent")(silent)
    assert str(refused.value) == (
        "Rule 'silent' does not say what it wants. "
        "Give one sentence, as wanted='...', or as the docstring of its function."
    )
    with pytest.raises(DefinitionError, match="Rule 'Paid Up' has an id that cannot be stored"):
        rule("Paid Up", wanted="It is paid.")(silent)
    with pytest.raises(DefinitionError, match="int is not an event class"):
        rule("silent", rests_on=int, wanted="It is paid.")(silent)
    assert rule("silent", wanted="It is paid.")(silent).wanted == "It is paid."


def test_what_a_rule_wants_is_the_first_paragraph_of_its_docstring():
    @rule("long")
    def long(case: Case, context: Context):
        """It is paid, and the money
        is in the till.

        Not shown.
        """  # noqa: D205 - a first sentence of two lines is what is tested
        yield from ()

    assert long.wanted == "It is paid, and the money is in the till."
