"""A rule that looks at what was erased cannot be judged: neither met, nor unmet, nor broken."""

from datetime import timedelta

import orjson
import pytest

from caseflow import (
    Casebook,
    Code,
    Corrected,
    Entry,
    ExceptionMade,
    Refused,
    Stage,
    SubjectErased,
    To,
    Transition,
    Unmet,
    Workflow,
    all_of,
    any_of,
    decision,
    fact,
    not_,
    rule,
    when,
)
from caseflow.kernel.explain import plain_words
from caseflow.storage import MemoryKeyStore, MemoryStorage, SubjectCipher
from tests.erasure.test_keys import ERASING
from tests.support.trades import BOSS, Clock


@fact("stated")
class Stated:
    words: str
    place: Code = ""


@rule("words-given", rests_on=Stated, source="manual 1")
def words_given(case, context):
    """The client has said what they want."""
    stated = case.latest(Stated)
    if stated is None or not stated.words.strip():
        yield Unmet(remedy="record Stated")


@rule("place-given", rests_on=Stated)
def place_given(case, context):
    """The client has said where."""
    if not case.latest(Stated).place:
        yield Unmet(remedy="record Stated with a place")


def of(*rules, **options):
    ways = [
        Transition("finish", source="open", to="done", rules=rules),
        Transition("noted", source="open", to="open", rules=[one.warns() for one in rules]),
        Transition("choose", source="open", to=[To("done", when=words_given), "open"], rules=[]),
    ]
    stages = [Stage("open", initial=True), Stage("done", final=True)]
    return Workflow(
        "wishes", version="1", stages=stages, transitions=ways, events=[Stated], **options
    )


def erased_case(workflow, event, client="P-1"):
    """A book, and a case of somebody who said this and was erased."""
    cipher = SubjectCipher(MemoryKeyStore())
    book = Casebook(workflow, MemoryStorage(), cipher=cipher, clock=Clock())
    case_id = book.open(client=client, by=BOSS, case_id="c1").case.id
    book.record(case_id, event, by=BOSS)
    cipher.erase(client, **ERASING)
    return book, case_id


WORDS = Stated(words="a flat")


def test_it_refuses_and_says_so_in_plain_words():
    book, id = erased_case(of(words_given), WORDS)
    verdict = book.ask(id, "finish", by=BOSS)
    assert not verdict.allowed
    (result,) = verdict.results
    assert (result.outcome, result.fault, result.unmet) == ("erased", "", ())
    assert result.evidence == (2,)
    day = plain_words(book.history(id)[1].occurred_at.date())
    assert verdict.explain() == (
        "Not allowed: finish, from open to done.\n"
        "\n"
        "Why not:\n"
        "- The client has said what they want.\n"
        "    Found: cannot be judged: erased. What it looks at was erased.\n"
        "    To do: record anew what it asks for, where that is allowed.\n"
        f"    Rests on: event 2 ({day}).\n"
        "    Rule: words-given. Source: manual 1."
    )
    data = orjson.loads(orjson.dumps(verdict.to_data()))
    assert data["judgements"][0]["results"][0]["outcome"] == "erased"
    with pytest.raises(Refused, match="cannot be judged: erased"):
        book.do(id, "finish", by=BOSS)


def test_what_was_never_said_is_unmet_as_before():
    book, id = erased_case(of(words_given), Stated(words=""))
    assert book.ask(id, "finish", by=BOSS).results[0].outcome == "unmet"


def test_a_rule_that_does_not_look_at_it_is_judged_as_before():
    book, id = erased_case(of(place_given), Stated(words="x", place="west"))
    assert book.do(id, "finish", by=BOSS).case.position == "done"


@pytest.mark.parametrize(
    ("rule_", "workflow", "made_by"),
    [
        (words_given.excepted(by="manager"), {}, "manager"),
        (words_given, {"faults_excepted_by": "manager"}, "manager"),
    ],
    ids=["who may except the rule", "who may except faults"],
)
def test_an_exception_stands_in_its_place(rule_, workflow, made_by):
    book, id = erased_case(of(rule_, **workflow), WORDS)
    assert f"a {made_by} may make an exception" in book.ask(id, "finish", by=BOSS).explain()
    made = ExceptionMade(rule="words-given", reason="she was here in person")
    with pytest.raises(SubjectErased, match=r"Entry\(\.\.\., subject='the-agency'\)"):
        book.do(id, made, by=BOSS)  # nothing is written of who was erased, not even a reason
    outcome = book.do(id, Entry(made, subject="the-agency"), "finish", by=BOSS)
    (result,) = outcome.verdict.judgements[1].results
    assert (result.outcome, result.exception) == ("erased-excepted", 3)
    assert "by boss: she was here in person." in outcome.verdict.explain()


def test_an_exception_made_before_the_erasure_covers_it():
    cipher = SubjectCipher(MemoryKeyStore())
    workflow = of(words_given.excepted(by="manager"))
    book = Casebook(workflow, MemoryStorage(), cipher=cipher, clock=Clock())
    book.open(client="P-1", by=BOSS, case_id="c1")
    book.record("c1", WORDS, by=BOSS)
    book.do("c1", ExceptionMade(rule="words-given", reason="in person"), by=BOSS)
    cipher.erase("P-1", **ERASING)
    outcome = book.do("c1", "finish", by=BOSS, command_id="f")
    (result,) = outcome.verdict.results
    assert (result.outcome, result.exception) == ("erased-excepted", 3)
    assert "Allowed by the exception in event 3, by boss: (erased)." in outcome.verdict.explain()
    assert "record anew" not in outcome.verdict.explain()
    assert outcome.events[0].noted[0].outcome == "erased-excepted"
    orjson.dumps(outcome.verdict.to_data())
    assert book.do("c1", "finish", by=BOSS, command_id="f").replayed


def test_where_it_warns_it_warns():
    book, id = erased_case(of(words_given), WORDS)
    outcome = book.do(id, "noted", by=BOSS)
    assert [result.outcome for result in outcome.verdict.warnings] == ["erased"]
    assert outcome.events[0].noted[0][:3] == ("words-given", "warn", "erased")
    assert book.history(id)[-1].noted == outcome.events[0].noted


def test_what_is_owed_stays_owed_until_it_can_be_judged():
    workflow = of(words_given.due(within=timedelta(days=3)))
    book, id = erased_case(workflow, WORDS)
    outcome = book.do(id, "finish", by=BOSS)
    assert [result.outcome for result in outcome.verdict.owed] == ["erased"]
    (owed,) = book.owed(id)
    assert (owed.rule, owed.result.outcome) == ("words-given", "erased")


def test_a_target_chosen_by_it_is_not_chosen_by_guessing():
    book, id = erased_case(of(words_given), WORDS)
    verdict = book.ask(id, "choose", by=BOSS)
    assert not verdict.allowed
    assert [result.outcome for result in verdict.refusals] == ["erased"]


@rule("never", wanted="Never.")
def never(case, context):
    yield Unmet(remedy="wait")


@rule("always", wanted="Always.")
def always(case, context):
    return ()


@pytest.mark.parametrize(
    ("combined", "outcome"),
    [
        (all_of("x", words_given, always), "erased"),
        (all_of("x", words_given, never), "unmet"),
        (any_of("x", words_given, always), "met"),
        (any_of("x", words_given, never), "erased"),
        (not_("x", words_given, wanted="No words."), "erased"),
        (when("x", words_given, then=never), "erased"),
        (when("x", words_given, then=always), "met"),
        (when("x", never, then=words_given), "met"),
        (when("x", always, then=words_given), "erased"),
    ],
    ids=lambda value: f"{value.connective}" if not isinstance(value, str) else value,
)
def test_a_combination_is_not_judged_only_where_the_erased_part_decides(combined, outcome):
    book, id = erased_case(of(combined), WORDS)
    verdict = book.ask(id, "finish", by=BOSS)
    assert verdict.results[0].outcome == outcome
    assert verdict.allowed == (outcome == "met")
    verdict.explain()


def test_it_is_seen_when_a_rule_shows_it_or_counts_by_it():
    @rule("shows", rests_on=Stated, wanted="Nothing.")
    def shows(case, context):
        yield Unmet(found=case.latest(Stated).words, remedy=f"not {case.latest(Stated).words}")

    book, id = erased_case(of(shows), WORDS)
    text = book.ask(id, "finish", by=BOSS).explain()
    assert "Found: (erased)." in text
    assert "To do: not (erased)." in text
    found = book.ask(id, "finish", by=BOSS).to_data()["judgements"][0]["results"][0]
    assert found["unmet"][0]["found"] == "(erased)"


def test_a_correction_is_judged_beside_what_was_erased():
    """The rule came later, and finds fault with the note, erased or corrected."""

    @decision("finished")
    class Finished:
        note: str = ""
        place: Code = ""

    @rule("no-notes", wanted="There are no notes.")
    def no_notes(case, context):
        yield Unmet(found=context.event.note)

    def ending(*rules):
        stages = [Stage("open", initial=True), Stage("done", final=True)]
        ways = [Transition("finish", source="open", to="done", records=Finished, rules=rules)]
        return Workflow("endings", version="1", stages=stages, transitions=ways)

    cipher, store = SubjectCipher(MemoryKeyStore()), MemoryStorage()
    book = Casebook(ending(), store, cipher=cipher, clock=Clock())
    book.open(client="P-1", by=BOSS, case_id="c1")
    book.do("c1", Finished(note="words"), by=BOSS)
    cipher.erase("P-1", **ERASING)
    stricter = Casebook(ending(no_notes), store, cipher=cipher, clock=Clock())
    verdict = stricter.ask("c1", Corrected(number=2, event=Finished(place="west")), by=BOSS)
    assert [result.rule for result in verdict.refusals] == ["amendment"]
    verdict.explain()
