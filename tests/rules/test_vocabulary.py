"""Rules as data: what Python makes of the vocabulary can be written down and read back."""

from datetime import date, timedelta
from inspect import signature
from types import ModuleType

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow import Casebook, DefinitionError, Rule, all_of, any_of, not_, rule, when
from caseflow.casework import (
    FACTS,
    AssessmentCompleted,
    ExitInterview,
    ProgressNoted,
)
from caseflow.kernel.context import Context
from caseflow.kernel.recorded import Actor
from caseflow.rules import (
    VOCABULARY,
    assessment_completed,
    at_least,
    caseload_cap,
    contact_attempted,
    needs_covered,
    needs_numbered,
    not_older_than,
    recorded,
)
from caseflow.stages import six_stage
from caseflow.storage import MemoryStorage
from caseflow.testing import cases
from caseflow.workflow.vocabulary import DEEPEST, MOST, as_data, from_data, maker, vocabulary
from tests.rules.whole import MADE as WHOLE
from tests.support.trades import START

EVENTS = (*FACTS, AssessmentCompleted)

noted = recorded("noted", ProgressNoted, wanted="There is a note.", since_entering=("monitoring",))
MADE = [
    *six_stage.all_rules.values(),
    noted,
    at_least("three-notes", ProgressNoted, 3, wanted="There are three notes.").warns(),
    at_least(
        "two-people",
        ProgressNoted,
        2,
        wanted="Two people have written notes.",
        by_different_people=True,
        since=(AssessmentCompleted,),
    ),
    not_older_than("fresh", AssessmentCompleted, "1 year", wanted="The assessment is fresh."),
    contact_attempted(times=3, over="14 days").due(within="5 working days"),
    caseload_cap(20),
    all_of("both", needs_covered, needs_numbered),
    any_of("either", needs_covered.warns(), noted, wanted="One of the two."),
    not_("none", noted, wanted="There is no note."),
    when("if-assessed", assessment_completed, then=needs_covered, excepted_by="supervisor"),
    *(attrs.evolve(one, id=f"whole-{name}") for name, one in WHOLE.items()),
]


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.id)
def test_a_rule_is_written_as_data_and_read_back(made):
    again = from_data(as_data(made), VOCABULARY, EVENTS)
    assert as_data(again) == as_data(made)
    assert declared(again) == declared(made)


def declared(made):
    """All that a rule says of itself: everything but the functions by which it judges."""
    said = {field.name: getattr(made, field.name) for field in attrs.fields(Rule)}
    said["parts"] = [declared(part) for part in made.parts]
    return {key: value for key, value in said.items() if key not in ("check", "combine", "form")}


CHANGES = {
    "excepted by nobody": lambda made: made.excepted(by=""),
    "excepted by another": lambda made: made.excepted(by="director"),
    "without a source": lambda made: made.sourced(""),
    "of another source": lambda made: made.sourced("county manual 9"),
    "warns": lambda made: made.warns(),
    "blocks": lambda made: made.blocks(),
    "due": lambda made: made.due(),
    "due within a span": lambda made: made.due(within="5 days"),
    "due within hours": lambda made: made.due(within="5 hours"),
    "due from somebody": lambda made: made.due(owner="case-manager"),
    "due from nobody in particular": lambda made: made.due(owner="client").due(owner=""),
    "worded": lambda made: made.worded("It is so."),
    "named": lambda made: made.named("by-another-name"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_changed_of_a_rule_is_written_too(change):
    for one in MADE:
        made = CHANGES[change](one)
        assert declared(from_data(as_data(made), VOCABULARY, EVENTS)) == declared(made), one.id
        inside = all_of("whole", made, needs_covered)
        assert declared(from_data(as_data(inside), VOCABULARY, EVENTS)) == declared(inside), one.id


def test_a_rule_that_nobody_may_except_stays_one():
    nobody = from_data({"rule": "goals-set", "excepted_by": ""}, VOCABULARY)
    assert nobody.excepted_by == as_data(nobody)["excepted_by"] == ""
    assert from_data(as_data(nobody), VOCABULARY).excepted_by == ""


def test_a_time_that_ends_at_the_moment_is_written_in_hours():
    made = needs_covered.due(within=timedelta(days=2))
    assert as_data(made)["within"] == "48 hours"
    for within, sentence in (
        (timedelta(minutes=20), "Rule 'needs-covered' is due within 0:20:00, which data cannot "),
        (timedelta(hours=10_001), "Rule 'needs-covered' is due within 416 days, 17:00:00, which "),
    ):
        with pytest.raises(DefinitionError) as wrong:
            as_data(needs_covered.due(within=within))
        assert str(wrong.value).startswith(sentence)
        assert str(wrong.value).endswith(
            "Give a span, such as '30 days', or at most 10,000 whole hours."
        )


@given(case=cases(six_stage), made=st.sampled_from([one for one in MADE if not one.counts]))
def test_and_it_judges_as_before(case, made):
    again = from_data(as_data(made), VOCABULARY, EVENTS)
    read = dict.fromkeys(made.history, ())
    context = Context(Actor("ana"), START, START, "step", histories=read)
    assert again.result(case, context) == made.result(case, context)


def test_data_says_only_what_it_changes():
    made = from_data(
        {"rule": "contact-attempted", "times": 3, "over": "14 days", "strength": "warn"},
        VOCABULARY,
    )
    assert "at least 3 times over 14 days" in made.wanted
    assert (made.id, made.strength, made.excepted_by) == ("contact-attempted", "warn", "supervisor")


def test_two_rules_read_from_the_same_data_are_one():
    same = {"rule": "contact-attempted", "times": 2}
    once, twice = (from_data(same, VOCABULARY) for _ in range(2))
    county = six_stage.extend(
        "county",
        version="1",
        rules={"close": [once], "withdraw": [twice]},
        drop={"end-as-unable-to-locate": ["contact-attempted"]},
    )
    assert county.all_rules["contact-attempted"].wanted == once.wanted


MISTAKES = {
    "no table": (
        "needs-covered",
        "The rule is 'needs-covered'. Give a table with the name of a rule.",
    ),
    "no rule of that name": (
        {"rule": "need-covered"},
        "The rule names the rule 'need-covered'. Did you mean 'needs-covered' or 'needs-numbered'?",
    ),
    "something it does not take": (
        {"rule": "contact-attempted", "tims": 3},
        "The rule (contact-attempted) has 'tims', which it does not take. Did you mean 'times'?",
    ),
    "a number as text": (
        {"rule": "contact-attempted", "times": "3"},
        "'times' of the rule (contact-attempted) is '3'. Give a whole number.",
    ),
    "true for a number": (
        {"rule": "caseload-cap", "most": True},
        "'most' of the rule (caseload-cap) is True. Give a whole number.",
    ),
    "something it needs": (
        {"rule": "caseload-cap"},
        "The rule (caseload-cap) does not say 'most'. Give what is missing.",
    ),
    "an event that is not there": (
        {"rule": "recorded", "id": "x", "wanted": "X.", "event": "exit-intervew"},
        "'event' of the rule (recorded) is 'exit-intervew'. Give the name of an event. Did you "
        "mean 'exit-interview'?",
    ),
    "a strength that is not there": (
        {"rule": "needs-covered", "strength": "warns"},
        "The rule (needs-covered) has the strength 'warns'. Did you mean 'warn'?",
    ),
    "a time for what is not due": (
        {"rule": "needs-covered", "within": "7 days"},
        "The rule (needs-covered) has a time to do it in. Give it strength: due.",
    ),
    "somebody who has to do what is not due": (
        {"rule": "needs-covered", "strength": "warn", "owner": "client"},
        "The rule (needs-covered) says who has to do it. Give it strength: due.",
    ),
    "two things at once": (
        {"all": [], "any": [], "id": "x"},
        "The rule says all and any at once. Give one of: rule, all, any, not, when.",
    ),
    "a part deep inside": (
        {"any": [{"rule": "needs-covered"}, {"not": {"rule": "nedes"}, "id": "y"}], "id": "x"},
        "'any[1].not' of the rule names the rule 'nedes'. There are",
    ),
    "a value deep inside": (
        {"when": {"rule": "needs-covered"}, "then": {"rule": "caseload-cap", "most": 0}, "id": "x"},
        "'then' of the rule (caseload-cap) cannot be made. caseload_cap(0) is given no number of "
        "cases. Give a whole number from 1 to 1,000,000.",
    ),
    "fewer than one": (
        {"rule": "contact-attempted", "times": -3},
        "The rule (contact-attempted) cannot be made. contact_attempted(-3) is given no number "
        "of attempts. Give a whole number from 1 to 1,000,000.",
    ),
    "none at all": (
        {"rule": "at-least", "id": "x", "event": "progress-noted", "times": 0, "wanted": "X."},
        "The rule (at-least) cannot be made. at_least(0) is given no number of events.",
    ),
    "counted since itself": (
        {
            "rule": "at-least",
            "id": "two",
            "event": "progress-noted",
            "times": 2,
            "wanted": "X.",
            "since": ["progress-noted"],
        },
        "The rule (at-least) cannot be made. Rule 'two' counts ProgressNoted since the last "
        "ProgressNoted, which leaves none. Leave it out of since=.",
    ),
    "an item of a list": (
        {"all": [{"rule": "contact-setting", "settings": ["home", 3]}], "id": "x"},
        "'all[0].settings[1]' of the rule (contact-setting) is 3. Give a text.",
    ),
    "nothing in a list": (
        {"rule": "sections-told", "id": "x", "wanted": "X.", "sections": []},
        "The rule (sections-told) cannot be made. sections_told(()) is given no sections. "
        "Give a tuple of sections, each a text.",
    ),
    "no words": (
        {"rule": "needs-covered", "wanted": " "},
        "The rule (needs-covered) cannot be made. Rule 'needs-covered' does not say what it "
        "wants. Give one sentence, as wanted='...'",
    ),
    "no words for what is not so": (
        {"not": {"rule": "needs-covered"}, "id": "x"},
        "The rule (x) cannot be made. Rule 'x' does not say what it wants.",
    ),
    "words that are none": (
        {"all": [{"rule": "needs-covered", "wanted": None}], "id": "x"},
        "'all[0]' of the rule (needs-covered) has None for its wanted. Give a text.",
    ),
    "a span of very many digits": (
        {"rule": "contact-attempted", "over": f"{'9' * 5000} days"},
        "'over' of the rule (contact-attempted) is '9999",
    ),
    "a time of very many digits": (
        {"rule": "needs-covered", "strength": "due", "within": f"{'9' * 5000} days"},
        "The rule (needs-covered) cannot be made. Rule 'needs-covered' is due within '9999",
    ),
    "a word of Python": (
        {"rule": "__import__('os').system"},
        "The rule names the rule \"__import__('os').system\". There are",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_data_says_where_and_what_is_allowed(mistake):
    data, sentence = MISTAKES[mistake]
    with pytest.raises(DefinitionError) as wrong:
        from_data(data, VOCABULARY, (*EVENTS, ExitInterview))
    assert str(wrong.value).startswith(sentence)


# -- whatever the data is --------------------------------------------------------------------

SPANS = ("3 days", "2 working days", f"{'9' * 5000} days")
GOOD = {
    "id": st.sampled_from(("x", "y")),
    "event": st.sampled_from(("progress-noted", "assessment-completed")),
    "most": st.integers(1, 9),
    "times": st.integers(1, 9),
    "over": st.sampled_from(SPANS),
    "span": st.sampled_from(SPANS),
    "within": st.sampled_from(SPANS),
    "strength": st.sampled_from(("due", "warn", "block")),
    "author": st.just("client"),
    "settings": st.just(["home"]),
    "grounds": st.just(["age"]),
    "stages": st.just(["planning"]),
    "since_entering": st.just(["planning"]),
    "after": st.sampled_from(SPANS),
    "sections": st.just(["choices"]),
    "wanted": st.sampled_from(("It is so.", "", " ")),
}
WORDS = ("id", "wanted", "wanted", "strength", "within", "source", "excepted_by", "rule")
ODD = (
    st.none()
    | st.booleans()
    | st.sampled_from((-1, 0, 10**30, 0.5, "", " ", "\0", "\ud800", b"x", len, int))
    | st.sampled_from(SPANS)
    | st.text(max_size=4)
    | st.dates()
    | st.lists(st.none() | st.just("") | st.integers() | st.just([]), max_size=2)
)
MAKERS = sorted(name for name, found in VOCABULARY.items() if not isinstance(found, Rule))
NAMES = st.sampled_from(MAKERS) | st.sampled_from(sorted(VOCABULARY))


@st.composite
def tables(draw):
    """Data of one rule of the vocabulary, in which one thing or another is odd."""
    name = draw(NAMES)
    found = VOCABULARY[name]
    takes = () if isinstance(found, Rule) else signature(found).parameters
    data = {"rule": name} | {key: draw(GOOD.get(key, st.just("x"))) for key in takes}
    for key in draw(st.lists(st.sampled_from((*takes, *WORDS)), max_size=1)):
        data[key] = draw(GOOD.get(key, st.just("x")) | ODD)
    return data


def joined(inner):
    """Data that joins rules, or something like it."""
    words = st.sampled_from(("It is so.", "", None))
    return (
        st.fixed_dictionaries({"all": st.lists(inner, max_size=3), "id": GOOD["id"]})
        | st.fixed_dictionaries({"not": inner, "id": GOOD["id"], "wanted": words})
        | st.fixed_dictionaries({"when": inner, "then": inner, "id": GOOD["id"]})
        | st.dictionaries(st.sampled_from(("rule", "any", "then", "id")), inner | ODD, max_size=3)
    )


def repeated(data, times):
    """Data in which a table is used twice in a table that is used twice, and so on."""
    for _ in range(times):
        data = {"any": [data, data], "id": "x"}
    return data


def nested(data, times):
    """Data that stands deep inside itself."""
    for _ in range(times):
        data = {"not": data, "id": "x", "wanted": "It is not so."}
    return data


def endless(data, times):
    """Data that holds itself, as an alias can say it."""
    parts = [data] * times
    parts.append({"all": parts, "id": "x"})
    return parts[-1]


DATA = st.one_of(
    tables(),
    tables(),
    joined(tables()),
    st.recursive(tables() | ODD, joined, max_leaves=5),
    st.builds(
        lambda shape, data, times: shape(data, times),
        st.sampled_from((repeated, nested, endless)),
        tables(),
        st.sampled_from((1, 40, 3000)),
    ),
)


@given(DATA)
def test_whatever_the_data_is_it_gives_a_named_error_or_a_rule_that_can_be_judged(data):
    try:
        made = from_data(data, VOCABULARY, EVENTS)
        again = as_data(made)
        assert as_data(from_data(again, VOCABULARY, EVENTS)) == again
        on = six_stage.extend("on", version="1", rules={"assess": [made.named("made").warns()]})
    except DefinitionError:
        return
    assert made.wanted.strip()
    assert "working day" not in str(again), "nobody could count them"
    book = Casebook(on, MemoryStorage())
    case_id = book.open(client="P-1", by="ana").case.id
    (result,) = [one for one in book.ask(case_id, "assess", by="ana").results if one.rule == "made"]
    assert result.outcome in ("met", "unmet") or "Moved" in result.fault, result


@pytest.mark.parametrize("depth", [DEEPEST, DEEPEST + 1])
def test_rules_stand_so_deep_in_one_another_and_no_deeper(depth):
    data = nested({"rule": "needs-covered"}, depth)
    if depth == DEEPEST:
        assert from_data(data, VOCABULARY).id == "x"
        return
    with pytest.raises(DefinitionError, match=r"^'not\.not.* stands in more than 50 others"):
        from_data(data, VOCABULARY)


@pytest.mark.parametrize("parts", [MOST - 1, MOST])
def test_one_rule_joins_so_many_and_no_more(parts):
    data = {"all": [{"rule": "needs-covered"}] * parts, "id": "x"}
    if parts < MOST:
        assert len(from_data(data, VOCABULARY).parts) == parts
        return
    with pytest.raises(DefinitionError, match=r"^The rule joins more than 1,000 rules"):
        from_data(data, VOCABULARY)


@pytest.mark.parametrize(
    "data",
    [
        {"rule": "contact-attempted", "over": "5 working days"},
        {"rule": "recorded-in-time", "id": "x", "span": "5 working days"},
        {"any": [{"rule": "contact-attempted", "over": "5 working days"}], "id": "x"},
        {"rule": "needs-covered", "strength": "due", "within": "1 working day"},
    ],
)
def test_working_days_that_nobody_can_count_are_told_of_when_the_workflow_is_built(data):
    made = from_data(data, VOCABULARY).named("made")
    for one in (made, all_of("whole", made)):
        with pytest.raises(DefinitionError, match=r"'.*' counts working days, and"):
            six_stage.extend("mine", version="1", rules={"close": [one]})


@pytest.mark.parametrize("name", ["recorded", "at-least"])
def test_data_that_names_an_event_is_told_where_none_may_be_named(name):
    data = {"rule": name, "id": "x", "event": "progress-noted", "times": 2, "wanted": "X."}
    data = data if name == "at-least" else {k: v for k, v in data.items() if k != "times"}
    with pytest.raises(DefinitionError) as wrong:
        from_data(data, VOCABULARY)
    assert str(wrong.value) == (
        f"'event' of the rule ({name}) is 'progress-noted'. "
        "Say which events data may name: from_data(..., events=[...])."
    )


@pytest.mark.parametrize(
    ("words", "events", "sentence"),
    [
        (None, (), "The words of from_data are None, which is no vocabulary. Give VOCABULARY, or "),
        (
            VOCABULARY,
            None,
            "The events of from_data are None, which is no list. Give a list of event ",
        ),
        (
            VOCABULARY,
            "abc",
            "The events of from_data are 'abc', which is no list. Give a list of event ",
        ),
        (VOCABULARY, [3], "int is not an event class."),
    ],
)
def test_what_data_is_read_with_is_looked_at_too(words, events, sentence):
    with pytest.raises(DefinitionError) as wrong:
        from_data({"rule": "needs-covered"}, words, events)
    assert str(wrong.value).startswith(sentence)


def test_only_a_rule_is_written():
    with pytest.raises(DefinitionError, match=r"^None is no rule\. Give a rule\.$"):
        as_data(None)


# -- a vocabulary of one's own ---------------------------------------------------------------


def own(**things):
    module = ModuleType("own")
    vars(module).update(things)
    return vocabulary(module)


def test_a_maker_that_fails_is_told_of_with_its_place():
    @maker("odd")
    def odd(times: int = 1):
        return 1 // (times - 1)

    with pytest.raises(DefinitionError) as wrong:
        from_data({"all": [{"rule": "odd"}], "id": "x"}, own(odd=odd))
    assert str(wrong.value) == (
        "'all[0]' of the rule (odd) cannot be made. ZeroDivisionError: integer division or "
        "modulo by zero"
    )


def test_a_maker_is_held_to_its_annotations_in_python_too():
    for call in (
        lambda: contact_attempted(times="3"),
        lambda: caseload_cap(True),
    ):
        with pytest.raises(DefinitionError, match=r"^'\w+' of \w+ is .*\. Give a whole number\.$"):
            call()


def test_a_maker_takes_nothing_by_a_name_that_data_has_for_something_else():
    for make in (lambda within: None, lambda *stages: None, lambda rule: None):
        with pytest.raises(DefinitionError, match=r"^The maker 'odd' takes .* by that name\."):
            maker("odd")(make)


def test_annotations_of_a_maker_that_cannot_be_read_are_told_of():
    @maker("odd")
    def odd(day: "Nowhere"):  # noqa: F821
        return needs_covered

    with pytest.raises(DefinitionError, match=r"^The maker 'odd' has annotations that cannot be r"):
        odd(3)


def test_what_is_due_as_the_vocabulary_has_it_keeps_its_time():
    soon = needs_covered.due(within="3 days")
    words = {"needs-covered": soon}
    assert from_data({"rule": "needs-covered"}, words).within == soon.within
    assert from_data({"rule": "needs-covered", "within": None}, words).within is None


def test_a_function_of_its_own_cannot_be_written_as_data():
    @rule("own", wanted="It is so.")
    def own(case, context):
        return ()

    assert as_data(own)["rule"] == "own"
    with pytest.raises(DefinitionError, match="names the rule 'own'"):
        from_data(as_data(own), VOCABULARY)


def test_a_date_is_read_as_one():
    @maker("by-then")
    def by_then(day: date | None = None):
        return needs_covered.named("by-then").worded(f"By {day}.")

    words = own(by_then=by_then)
    assert from_data({"rule": "by-then", "day": "2026-03-31"}, words).wanted == "By 2026-03-31."
    with pytest.raises(DefinitionError, match=r"Give a date, like '2026-03-31'\."):
        from_data({"rule": "by-then", "day": "2026-02-31"}, words)
