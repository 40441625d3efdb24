"""What a casebook is made of, and called with, is looked at before anything is read or judged."""

import asyncio
import threading
from functools import partial
from inspect import isfunction

import pytest

from caseflow import (
    AsyncCasebook,
    Casebook,
    CaseflowError,
    Entry,
    InvalidCall,
    NotAFact,
    StoreError,
    UnknownEvent,
    fact,
)
from caseflow.kernel.errors import short
from caseflow.storage import MemoryStorage, SQLStorage, Storage
from tests.support.trades import (
    ANA,
    FINDINGS,
    ROLES,
    Inspected,
    Paid,
    QuoteSent,
    bring,
    shop,
    shop_book,
)


@fact("other")
class Other:
    pass


class Unfinished:
    def head(self, agency, case_id):
        return None

    read = append = head

    def __repr__(self):
        return "Unfinished()"


class Awaited(MemoryStorage):
    async def head(self, agency, case_id):
        return None


class WithoutAFeed(MemoryStorage):
    feed = advance = None


def book(**given):
    return Casebook(**{"workflow": shop, "store": MemoryStorage(), **given})


A_STORE = "Give one, such as MemoryStorage() or SQLStorage('sqlite:///cases.db')."
A_WHOLE_STORE = (
    "Give the class every method of caseflow.storage.Storage; one that it cannot have raises "
    "Unsupported (docs/howto-write-a-store.md)."
)
A_WORKFLOW = (
    "which is no workflow. Give a Workflow(...), and older versions of it as earlier=[...]."
)

METHODS = [name for name, value in vars(Storage).items() if isfunction(value) and name[0] != "_"]


async def later(event):
    """Does its work once somebody awaits it."""


def one_by_one(event):
    """Does its work once somebody asks for the next."""
    yield event


NO_ANSWER = (
    "does not answer when it is called: it has to be awaited, or yields. Give a plain function. "
    "An AsyncCasebook, too, calls it and awaits nothing."
)

PARTS = {
    "a path as store": (
        {"store": "cases.db"},
        "Casebook(store='cases.db') is no store. " + A_STORE,
    ),
    "an unfinished store": (
        {"store": Unfinished()},
        "Casebook(store=Unfinished()) is no whole store: class Unfinished has no 'command', "
        "'snapshot', 'find', 'count', 'tally', 'relist', 'feed', 'checkpoint', 'advance', "
        "'consumers', 'delete_consumer', 'agencies', 'restore', 'mend' and 'loose_ends'. "
        + A_WHOLE_STORE,
    ),
    "a store without a feed": (
        {"store": WithoutAFeed()},
        "Casebook(store=MemoryStorage(0 cases)) is no whole store: class WithoutAFeed has no "
        "'feed' and 'advance'. " + A_WHOLE_STORE,
    ),
    "a class as store": (
        {"store": MemoryStorage},
        "Casebook(store=the class MemoryStorage) is a class. Make a store of it: "
        "MemoryStorage(...).",
    ),
    "a store to await": (
        {"store": Awaited()},
        "Casebook(store=MemoryStorage(0 cases)) has to be awaited. Give it to an AsyncCasebook.",
    ),
    "both the wrong way round": (
        {"workflow": MemoryStorage(), "store": shop},
        "Casebook(store=Workflow('repair-shop', version='1')) is a workflow. "
        "Give the workflow first, then the store: Casebook(workflow, store).",
    ),
    "a name as workflow": (
        {"workflow": "repair-shop"},
        f"Casebook(...) holds 'repair-shop', {A_WORKFLOW}",
    ),
    "a name as earlier": ({"earlier": ["shop"]}, f"Casebook(...) holds 'shop', {A_WORKFLOW}"),
    "earlier without a list": (
        {"earlier": shop},
        "Casebook(earlier=Workflow('repair-shop', version='1')) is no list of workflows. "
        "Give the older versions as earlier=[...].",
    ),
    "roles as a list": (
        {"roles": ["manager"]},
        "Casebook(roles=['manager']) says of nobody which roles they hold. "
        "Give a mapping from ids to roles, or a function of the id and the case.",
    ),
    "a moment as clock": (
        {"clock": 12},
        "Casebook(clock=12) is no function. Give a function without arguments, or leave clock out.",
    ),
    "roles to await": (
        {"roles": later},
        "Casebook(roles=the function later) " + NO_ANSWER,
    ),
    "a clock to await": ({"clock": later}, "Casebook(clock=the function later) " + NO_ANSWER),
    "a new_id that yields": (
        {"new_id": one_by_one},
        "Casebook(new_id=the function one_by_one) " + NO_ANSWER,
    ),
    "an id as new_id": (
        {"new_id": "R-1"},
        "Casebook(new_id='R-1') is no function. "
        "Give a function without arguments, or leave new_id out.",
    ),
    "a key as cipher": (
        {"cipher": "secret"},
        "Casebook(cipher='secret') is no cipher: it has no 'within', 'generation', 'seal', "
        "'open', 'pseudonym', 'register', 'subject', 'blind' and 'fingerprint'. Give one, such as "
        "SubjectCipher(SQLiteKeyStore('keys.db')), or leave it out.",
    ),
    "less than none": (
        {"snapshot_every": -1},
        "Casebook(snapshot_every=-1) is no whole number from 0 on. "
        "Give such a number, or leave snapshot_every out.",
    ),
    "half a case": (
        {"recent": 0.5},
        "Casebook(recent=0.5) is no whole number from 0 on. "
        "Give such a number, or leave recent out.",
    ),
    "True snapshots": (
        {"snapshot_every": True},
        "Casebook(snapshot_every=True) is no whole number from 0 on. "
        "Give such a number, or leave snapshot_every out.",
    ),
    "no agency": ({"agency": ""}, "agency='' is no id. Give a text that is not empty."),
    "agency None": ({"agency": None}, "agency=None is no id. Give a text that is not empty."),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", [Casebook, AsyncCasebook])
def test_a_store_has_every_method_of_the_port(kind, method):
    store = MemoryStorage()
    setattr(store, method, None)
    with pytest.raises(InvalidCall, match=f"has no '{method}'"):
        kind(shop, store)


@pytest.mark.parametrize("mistake", PARTS)
def test_a_book_is_made_of_what_it_needs(mistake):
    given, sentence = PARTS[mistake]
    for kind in (Casebook, AsyncCasebook) if sentence.endswith(NO_ANSWER) else (Casebook,):
        with pytest.raises(InvalidCall) as refused:
            kind(**{"workflow": shop, "store": MemoryStorage(), **given})
        assert str(refused.value) == sentence


def test_an_awaited_store_goes_into_an_awaited_book():
    assert AsyncCasebook(shop, Awaited()).workflow is shop
    with pytest.raises(InvalidCall, match="is no store"):
        AsyncCasebook(shop, None)


# -- the id of a case ------------------------------------------------------------------------

VERBS = {
    "record": lambda book, case: book.record(case, Paid(amount=1), by=ANA),
    "do": lambda book, case: book.do(case, "start", by=ANA),
    "do once": lambda book, case: book.do(case, "start", by=ANA, command_id="c-1"),
    "ask": lambda book, case: book.ask(case, "start", by=ANA),
    "options": lambda book, case: book.options(case, by=ANA),
    "owed": lambda book, case: book.owed(case),
    "history": lambda book, case: book.history(case),
    "case": lambda book, case: book.case(case),
    "case as of": lambda book, case: book.case(case, as_of=None, known=shop_book_now()),
}


def shop_book_now():
    return shop_book(MemoryStorage())._middle.deciding.now()


def of(outcome):
    return {
        "a case": (
            outcome.case,
            "case_id=Case('R-1', version=1, position='intake.dropped-off') is no id. Give case.id.",
        ),
        "an outcome": (outcome, "case_id=Outcome(...) is no id. Give outcome.case.id."),
        "None": (None, "case_id=None is no id. Give a text that is not empty."),
        "nothing": ("", "case_id='' is no id. Give a text that is not empty."),
        "a number": (7, "case_id=7 is no id. Give a text that is not empty."),
        "a list": (["R-1"], "case_id=['R-1'] is no id. Give a text that is not empty."),
    }


IDS = ["a case", "an outcome", "None", "nothing", "a number", "a list"]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("mistake", IDS)
def test_a_case_is_named_by_its_id(verb, mistake):
    book = shop_book(MemoryStorage())
    given, sentence = of(book.open(client="c", by=ANA))[mistake]
    with pytest.raises(InvalidCall) as refused:
        VERBS[verb](book, given)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("verb", VERBS)
def test_a_case_is_named_by_its_id_where_one_awaits_too(verb):
    async def scenario():
        book = AsyncCasebook(shop, MemoryStorage())
        outcome = await book.open(client="c", by=ANA, case_id="R-1")
        with pytest.raises(InvalidCall) as refused:
            await VERBS[verb](book, outcome.case)
        assert str(refused.value) == f"case_id={outcome.case!r} is no id. Give case.id."

    asyncio.run(scenario())


# -- steps -----------------------------------------------------------------------------------

PAID = Paid(amount=1)

STEPS = {
    "a list": ("do", [PAID], "[Paid(amount=1)] is a list", "do(case_id, *steps)."),
    "a tuple": ("ask", ("start",), "('start',) is a tuple", "ask(case_id, *steps)."),
    "a dict": ("do", {"amount": 1}, "{'amount': 1} is a dict", "do(case_id, *steps)."),
    "facts in a list": ("record", [PAID], "[Paid(amount=1)] is a list", "record(case_id, *steps)."),
}


@pytest.mark.parametrize("mistake", STEPS)
def test_steps_are_given_one_by_one(mistake):
    verb, step, what, repair = STEPS[mistake]
    book = shop_book(MemoryStorage())
    case_id = bring(book, "ready")
    for given in (step, Entry(step)):
        with pytest.raises(InvalidCall) as refused:
            getattr(book, verb)(case_id, given, by=ANA)
        assert str(refused.value) == (
            f"The step {what}, not an event. Unpack it, if it holds steps: {repair}"
        )


def test_an_entry_holds_no_entry():
    book = shop_book(MemoryStorage())
    with pytest.raises(InvalidCall) as refused:
        book.do(bring(book, "ready"), Entry(Entry("collect")), by=ANA)
    assert "is an entry inside an entry. Give one Entry(...) around the event or name." in str(
        refused.value
    )


def test_a_recorded_event_is_no_step():
    book = shop_book(MemoryStorage())
    case_id = bring(book, "ready")
    with pytest.raises(InvalidCall) as refused:
        book.record(case_id, book.history(case_id)[1], by=ANA)
    assert str(refused.value) == (
        "The step Recorded(...) is a recorded event, which has its place in a history already. "
        "Give the event alone: recorded.event."
    )


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (
            "collect",
            "'collect' is a decision, and decisions are judged. "
            "Submit it with do(case_id, 'collect'); record() takes facts only.",
        ),
        (
            Inspected(findings=FINDINGS),
            "Inspected is a decision, and decisions are judged. "
            "Submit it with do(case_id, Inspected(...)); record() takes facts only.",
        ),
    ],
)
def test_a_decision_is_not_recorded(step, sentence):
    book = shop_book(MemoryStorage())
    with pytest.raises(NotAFact) as refused:
        book.record(bring(book, "ready"), step, by=ANA)
    assert str(refused.value) == sentence


# -- subscribers -----------------------------------------------------------------------------

EVERY = "Give a class declared with @fact or @decision, or leave it out for all events."


class Later:
    async def __call__(self, event):
        """The same, as an object."""


AWAITED = {
    "a coroutine function": (later, "the function later"),
    "a part of one": (partial(partial(later)), None),
    "an object": (Later(), None),
    "a part of an object": (partial(Later()), None),
    "a bound method": (Later().__call__, "the function __call__"),
}
IN_VAIN = (
    "{} is given {}, which has to be awaited, and a Casebook awaits nothing: its work would not "
    "be done. Give a plain function, or use an AsyncCasebook."
)


@pytest.mark.parametrize("kind", AWAITED)
@pytest.mark.parametrize("verb", ["consume", "follow", "subscribe"])
def test_a_book_that_awaits_nothing_is_given_nothing_to_await(kind, verb):
    function, called = AWAITED[kind]
    here = book()
    if verb == "follow":  # it would wait for news otherwise, if it were not refused
        here.open(client="P-1", by=ANA)
    what = "subscribe(...)" if verb == "subscribe" else "consume('mail', ...)"
    calls = {
        "consume": partial(here.consume, "mail"),
        "follow": partial(here.follow, "mail", stop=threading.Event()),
        "subscribe": here.subscribe,
    }
    with pytest.raises(InvalidCall) as refused:
        calls[verb](function)
    assert str(refused.value) == IN_VAIN.format(what, called or short(function))
    assert here.consumers() == ()


async def one_by_one_later(event):
    yield event


@pytest.mark.parametrize("handle", [one_by_one, one_by_one_later, partial(one_by_one)])
def test_no_book_is_given_what_yields(handle):
    here, awaiting = book(), AsyncCasebook(shop, MemoryStorage())
    told = " is given .*, which yields: called, it makes a generator, and does no work. Give a "
    for given in (here, awaiting):
        with pytest.raises(InvalidCall, match=r"subscribe\(\.\.\.\)" + told):
            given.subscribe(handle)
    with pytest.raises(InvalidCall, match=r"consume\('mail', \.\.\.\)" + told):
        here.consume("mail", handle)
    with pytest.raises(InvalidCall, match=r"consume\('mail', \.\.\.\)" + told):
        asyncio.run(awaiting.consume("mail", handle))


def test_what_comes_back_to_be_awaited_fails_the_event_by_name():
    here, done = book(), []
    for client in ("P-1", "P-2", "P-3"):
        here.open(client=client, by=ANA)

    def first_now(event):
        return done.append(event.position) if event.position == 1 else later(event)

    with pytest.raises(InvalidCall) as refused:
        here.consume("mail", first_now)
    assert str(refused.value) == IN_VAIN.format("consume('mail', ...)", "the function first_now")
    assert done == [here.consumers()[0].position] == [1]
    here.subscribe(sometimes := lambda event: event.subject == "P-4" and later(event))
    (told,) = here.open(client="P-4", by=ANA).undelivered
    assert str(told) == IN_VAIN.format("subscribe(...)", short(sometimes))


def test_an_awaiting_book_takes_functions_of_both_kinds():
    here = AsyncCasebook(shop, MemoryStorage(), roles=ROLES)
    seen = []

    async def slowly(event):
        seen.append(event)

    async def work():
        for receiver in (seen.append, slowly, partial(slowly)):
            here.subscribe(receiver)
        await here.open(client="P-1", by=ANA)
        for name, handle in (("one", seen.append), ("two", slowly)):
            assert await here.consume(name, handle) == 1

    asyncio.run(work())
    assert len(seen) == 5


SUBSCRIPTIONS = {
    "no function": (
        (None,),
        {},
        "subscribe(None) is given no function. "
        "Give a function of the recorded event: subscribe(receiver, to=...).",
    ),
    "the event first": (
        (Paid,),
        {},
        "subscribe(the class Paid) is given no function. "
        "Give a function of the recorded event: subscribe(receiver, to=...).",
    ),
    "a name": ((print,), {"to": "paid"}, f"subscribe(to='paid') names no event class. {EVERY}"),
    "an event": (
        (print,),
        {"to": PAID},
        f"subscribe(to=Paid(amount=1)) names no event class. {EVERY}",
    ),
    "a class": (
        (print,),
        {"to": int},
        f"subscribe(to=the class int) names no event class. {EVERY}",
    ),
}


@pytest.mark.parametrize("mistake", SUBSCRIPTIONS)
def test_a_subscription_is_of_a_function_to_an_event(mistake):
    args, given, sentence = SUBSCRIPTIONS[mistake]
    with pytest.raises(InvalidCall) as refused:
        book().subscribe(*args, **given)
    assert str(refused.value) == sentence


def test_a_subscription_is_to_an_event_of_the_workflow():
    with pytest.raises(UnknownEvent, match="does not declare the fact 'other'"):
        book().subscribe(print, to=Other)
    older = shop.extend("repair-shop", version="0", events=[Other])
    assert callable(book(earlier=[older]).subscribe(print, to=Other))


# -- what a case is asked for ----------------------------------------------------------------

CLASS = "Give a class declared with @fact('its-name') or @decision('its-name')."

ASKED = {
    "a name": ("paid", f"The case was asked for 'paid', which is no event class. {CLASS}"),
    "two": (
        (Paid, QuoteSent),
        f"The case was asked for (<class 'tests.support.trades.Paid'>, <class 'tests.supp...), "
        f"which is no event class. {CLASS}",
    ),
    "a class": (int, f"The case was asked for the class int, which is no event class. {CLASS}"),
    "None": (None, f"The case was asked for None, which is no event class. {CLASS}"),
    "an event": (
        PAID,
        "The case was asked for Paid(amount=1), which is no event class. Give the class: Paid.",
    ),
}


@pytest.mark.parametrize(
    "question", ["latest", "first", "count", "latest_recorded", "first_recorded"]
)
@pytest.mark.parametrize("mistake", ASKED)
def test_a_case_is_asked_for_event_classes(question, mistake):
    asked, sentence = ASKED[mistake]
    case = shop_book(MemoryStorage()).open(client="c", by=ANA).case
    with pytest.raises(InvalidCall) as refused:
        getattr(case, question)(asked)
    assert str(refused.value) == sentence
    assert not getattr(case, question)(Paid)
    assert not getattr(case, question)(Other)  # not of this workflow, but an event all the same


# -- a store that was closed -----------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_a_closed_store_is_told(verb, tmp_path):
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    book = shop_book(store)
    case_id = book.open(client="c", by=ANA).case.id
    store.close()
    with pytest.raises(StoreError) as failed:
        VERBS[verb](book, case_id)
    assert f"it was closed. Make a new one: SQLStorage({store.url!r})." in str(failed.value)
    assert isinstance(failed.value, CaseflowError)
