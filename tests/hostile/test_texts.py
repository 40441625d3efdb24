"""Every text that reaches the store is one, or the call says so: none is stored and unreadable."""

import pytest

from caseflow import Actor, Entry, InvalidCall, NoSuchCase
from caseflow.storage import MemoryStorage, SQLStorage
from tests.hostile.desk import Letter, desk, open_desk

NO_TEXTS = ["\udc80", "a\0b", 5, b"x", "", None, ("x",), ["x"]]


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    if request.param == "memory":
        yield MemoryStorage()
        return
    store = SQLStorage(f"sqlite:///{tmp_path / 'cases.db'}")
    yield store
    store.close()


@pytest.mark.parametrize("text", NO_TEXTS, ids=repr)
@pytest.mark.parametrize(
    "verb", ["record", "do", "ask", "case", "history", "options", "owed", "occasions"]
)
def test_an_id_that_is_no_id_of_a_case(store, verb, text):
    book = open_desk(store)
    steps = {"record": [Letter()], "do": ["finish"], "ask": ["finish"]}.get(verb, [])
    given = {} if verb in ("case", "history", "owed", "occasions") else {"by": "ana"}
    if steps:
        given["command_id"] = "c"
    with pytest.raises(InvalidCall, match="case_id"):
        getattr(book, verb)(text, *steps, **given)


@pytest.mark.parametrize("text", ["\udc80", "a\0b", 5, b"x", "", ("x",), None], ids=repr)
def test_roles_and_principals_that_are_no_texts_are_never_stored(store, text):
    book = open_desk(store)
    case_id = book.open(client="p", by="ana").case.id
    with pytest.raises(InvalidCall, match="role"):
        book.record(case_id, Letter(), by=Actor("ana", [text]))
    if text is not None:
        with pytest.raises(InvalidCall, match="on_behalf_of"):
            book.record(case_id, Letter(), by=Actor("ana", on_behalf_of=text))
    assert len(open_desk(store).history(case_id)) == 1


@pytest.mark.parametrize("roles", ["\udc80", 5, None, b"x", [5], [None], [""]], ids=repr)
@pytest.mark.parametrize("kind", ["mapping", "function"])
def test_a_book_that_looks_up_roles_that_are_none(store, roles, kind):
    source = {"ana": roles} if kind == "mapping" else lambda actor, case: roles
    with pytest.raises(InvalidCall, match="role"):
        open_desk(store, roles=source).open(client="p", by="ana")


@pytest.mark.parametrize("text", NO_TEXTS, ids=repr)
def test_an_agency_a_new_id_and_a_version_are_texts(store, text):
    with pytest.raises(InvalidCall, match="agency"):
        open_desk(store, agency=text)
    with pytest.raises(InvalidCall, match="new_id"):
        open_desk(store, new_id=lambda: text).open(client="p", by="ana")
    assert open_desk(store).case_ids() == ()


@pytest.mark.parametrize("text", ["\udc80", "a\0b"], ids=repr)
def test_a_version_of_a_workflow_that_cannot_be_stored(store, text):
    with pytest.raises(InvalidCall, match="version"):
        open_desk(store, desk(version=text))


@pytest.mark.parametrize("command_id", [None, "c"])
def test_a_step_that_is_half_a_letter(store, command_id):
    book = open_desk(store)
    case_id = book.open(client="p", by="ana").case.id
    with pytest.raises(InvalidCall, match="step="):
        book.do(case_id, "\udc80", by="ana", command_id=command_id)


def test_any_other_text_is_kept_as_it_is(store):
    odd = "\u202eJosé\u200b 𝄞\n\ufeff\x7f' OR 1=1 --"
    book = open_desk(store, agency=odd)
    actor = Actor(odd, [odd], on_behalf_of=odd)
    case_id = book.open(client=odd, by=actor, case_id=odd, command_id=odd, reason=odd).case.id
    step = Entry(Letter(text=odd), reported_by=odd, subject=odd)
    book.record(case_id, step, by=actor, command_id=f"{odd}2")
    opened, said = open_desk(store, agency=odd).history(odd)
    assert (opened.event.client, opened.actor, opened.roles) == (odd, odd, {odd})
    assert (said.event.text, said.reported_by, said.subject) == (odd, odd, odd)
    with pytest.raises(NoSuchCase):
        open_desk(store).case(odd)
