"""The parts that a casebook is made of, looked at once, when it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from inspect import iscoroutinefunction
from typing import Any

from caseflow.casebook.given import an_id, has_to_be_awaited, makes_a_generator, works_when_called
from caseflow.kernel.erasure_errors import KeysNotApart
from caseflow.kernel.errors import InvalidCall, listed, short
from caseflow.kernel.events import CORE_EVENTS, event_type
from caseflow.kernel.store_errors import Unsupported
from caseflow.workflow.workflow import Workflow


def versions_of(
    workflow: Workflow[Any], earlier: Iterable[Workflow[Any]]
) -> dict[str, Workflow[Any]]:
    """The versions of a workflow by what they are called. Raises `InvalidCall`."""
    _a_workflow(workflow)
    versions: dict[str, Workflow[Any]] = {}
    for other in (*_several(earlier), workflow):
        _a_workflow(other)
        an_id("the workflow's name", other.name)
        an_id("the workflow's version", other.version)
        for index in other.indexes:
            an_id("the name of an index", index.name)
        for cls in other.event_types:
            an_id("the name of an event", event_type(cls).name)
        for stage in other.stages:
            an_id("the id of a stage", stage.id)
        if other.name != workflow.name:
            raise InvalidCall(
                what=f"Casebook(earlier=...) holds workflow {other.name!r}, which",
                problem=f"is no version of {workflow.name!r}",
                repair="Make a casebook of its own for each workflow.",
            )
        if versions.setdefault(other.version, other) is not other:
            raise InvalidCall(
                what=f"Casebook(earlier=...) holds version {other.version!r} twice, and so",
                problem="cannot tell under which of them a case was opened",
                repair="Give each version of a workflow a version of its own.",
            )
    return versions


def _a_workflow(value: object) -> None:
    if not isinstance(value, Workflow):
        raise InvalidCall(
            what=f"Casebook(...) holds {short(value)}, which",
            problem="is no workflow",
            repair="Give a Workflow(...), and older versions of it as earlier=[...].",
        )


def _several(earlier: Iterable[Workflow[Any]]) -> tuple[Workflow[Any], ...]:
    if not isinstance(earlier, Iterable):
        raise InvalidCall(
            what=f"Casebook(earlier={short(earlier)})",
            problem="is no list of workflows",
            repair="Give the older versions as earlier=[...].",
        )
    return tuple(earlier)


def events_of(versions: Mapping[str, Workflow[Any]]) -> tuple[type[Any], ...]:
    """Every event class of the versions, of which no two are stored by one name."""
    classes = dict.fromkeys(cls for held in versions.values() for cls in held.event_types)
    by_name: dict[str, type[Any]] = {}
    for cls in classes:
        name = event_type(cls).name
        if by_name.setdefault(name, cls) is not cls:
            raise InvalidCall(
                what=f"Casebook(earlier=...) holds two event classes {name!r}, and so",
                problem="cannot tell which of them a stored event is",
                repair="Let all versions of a workflow share one class, with a version of its "
                "own and upcasters where it changed.",
            )
    return tuple(classes)


def a_source_of_roles(roles: object) -> None:
    """See that roles can be looked up in it. Raises `InvalidCall`."""
    if not isinstance(roles, Mapping) and not callable(roles):
        raise InvalidCall(
            what=f"Casebook(roles={short(roles)})",
            problem="says of nobody which roles they hold",
            repair="Give a mapping from ids to roles, or a function of the id and the case.",
        )
    if not isinstance(roles, Mapping):
        _answers_when_called("roles", roles)


def a_count(name: str, value: object) -> None:
    """See that a value is a whole number from zero on. Raises `InvalidCall`."""
    if type(value) is not int or value < 0:
        raise InvalidCall(
            what=f"Casebook({name}={short(value)})",
            problem="is no whole number from 0 on",
            repair=f"Give such a number, or leave {name} out.",
        )


def a_function(name: str, value: object) -> None:
    """See that a value can be called. Raises `InvalidCall`."""
    if not callable(value):
        raise InvalidCall(
            what=f"Casebook({name}={short(value)})",
            problem="is no function",
            repair=f"Give a function without arguments, or leave {name} out.",
        )
    _answers_when_called(name, value)


def _answers_when_called(name: str, function: object) -> None:
    """See that a function need not be awaited, which no book does. Raises `InvalidCall`."""
    if has_to_be_awaited(function) or makes_a_generator(function):
        raise InvalidCall(
            what=f"Casebook({name}={short(function)})",
            problem="does not answer when it is called: it has to be awaited, or yields",
            repair="Give a plain function. An AsyncCasebook, too, calls it and awaits nothing.",
        )


CIPHER = (
    "within",
    "generation",
    "seal",
    "open",
    "pseudonym",
    "register",
    "subject",
    "blind",
    "fingerprint",
)


def a_cipher(cipher: object) -> None:
    """See that a value is a cipher, or None. Raises `InvalidCall`."""
    missing = _missing(cipher, CIPHER)
    if cipher is not None and missing:
        raise InvalidCall(
            what=f"Casebook(cipher={short(cipher)})",
            problem=f"is no cipher: it has no {listed(missing)}",
            repair="Give one, such as SubjectCipher(SQLiteKeyStore('keys.db')), or leave it out.",
        )


def keys_apart(store: object, cipher: object) -> None:
    """See that the keys do not stand in the database of the cases. Raises `KeysNotApart`.

    Both say of themselves which `database` they are; one that does not cannot be told.
    """
    keys = getattr(cipher, "keys", None)
    database = getattr(keys, "database", None)
    if database is not None and database == getattr(store, "database", None):
        raise KeysNotApart(keys=repr(keys), cases=repr(store))


PORT = (
    "head",
    "read",
    "append",
    "command",
    "snapshot",
    "find",
    "count",
    "tally",
    "relist",
    "feed",
    "checkpoint",
    "advance",
    "consumers",
    "delete_consumer",
    "agencies",
    "restore",
    "mend",
    "loose_ends",
)


def a_store(store: object, *, awaited: bool) -> None:
    """See that a value is a store that this kind of book can use. Raises `InvalidCall`."""
    problem = repair = ""
    missing = _missing(store, PORT)
    if isinstance(store, Workflow):
        problem = "is a workflow"
        repair = "Give the workflow first, then the store: Casebook(workflow, store)."
    elif isinstance(store, type):
        problem, repair = "is a class", f"Make a store of it: {store.__name__}(...)."
    elif {"head", "read", "append"} <= set(missing):
        problem = "is no store"
        repair = "Give one, such as MemoryStorage() or SQLStorage('sqlite:///cases.db')."
    elif missing:
        problem = f"is no whole store: class {type(store).__name__} has no {listed(missing)}"
        repair = (
            "Give the class every method of caseflow.storage.Storage; one that it cannot have "
            "raises Unsupported (docs/howto-write-a-store.md)."
        )
    elif not awaited and iscoroutinefunction(getattr(store, "head", None)):
        problem, repair = "has to be awaited", "Give it to an AsyncCasebook."
    if problem:
        raise InvalidCall(what=f"Casebook(store={short(store)})", problem=problem, repair=repair)


def joining(store: object, method: str, *, joined: bool) -> Callable[[Any], Any]:
    """How a store joins a transaction of the application's: its `within`, or `within_async`.

    Raises `Unsupported` where it cannot, and `InvalidCall` where it has (`joined`).
    """
    if joined:
        raise InvalidCall(
            what="A book made by within(...)",
            problem="has joined a transaction already",
            repair="Call within(...) on the book it was made from.",
        )
    join = getattr(store, method, None)
    if not callable(join):
        raise Unsupported(
            store=repr(store),
            action="join a transaction",
            lacks="transactions",
            repair="Make the book with SQLStorage(...) on the database of the application.",
        )
    return join  # type: ignore[no-any-return]  # what can be called takes the transaction


def _missing(part: object, methods: Iterable[str]) -> list[str]:
    return [name for name in methods if not callable(getattr(part, name, None))]


def a_receiver(receiver: object, *, awaited: bool) -> None:
    """See that a value can be told of events by this kind of book. Raises `InvalidCall`."""
    if not callable(receiver) or isinstance(receiver, type):
        raise InvalidCall(
            what=f"subscribe({short(receiver)})",
            problem="is given no function",
            repair="Give a function of the recorded event: subscribe(receiver, to=...).",
        )
    works_when_called("subscribe(...)", receiver, awaited=awaited)


def an_event_of(versions: Iterable[Workflow[Any]], event: object) -> None:
    """See that a value is an event class of a workflow. Raises `InvalidCall`, `UnknownEvent`."""
    if not isinstance(event, type) or "__caseflow_event__" not in event.__dict__:
        raise InvalidCall(
            what=f"subscribe(to={short(event)})",
            problem="names no event class",
            repair="Give a class declared with @fact or @decision, or leave it out for all events.",
        )
    held = tuple(versions)
    if not any(event in (*CORE_EVENTS, *workflow.event_types) for workflow in held):
        raise held[-1].unknown_event(event)
