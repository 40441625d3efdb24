"""How the contract says what it saw: without pytest, in a sentence, and also under `python -O`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from caseflow.kernel.store_errors import Unsupported

Test = TypeVar("Test", bound=Callable[..., None])


class ContractBroken(AssertionError):
    """A store does not keep a promise of the port. The words say which, and what was seen."""


def same(what: str, found: object, wanted: object) -> None:
    """Raise `ContractBroken` unless both are equal."""
    if found != wanted:
        raise ContractBroken(f"{what}: wanted {wanted!r}, found {found!r}")


def holds(what: str, true: bool) -> None:
    """Raise `ContractBroken` unless it is true."""
    if not true:
        raise ContractBroken(f"{what}: it is not so")


def raises(what: str, error: type[Exception], call: Callable[[], Any]) -> Exception:
    """Raise `ContractBroken` unless a call raises an error of this class, which is returned."""
    try:
        answer = call()
    except error as raised:
        return raised
    raise ContractBroken(f"{what}: wanted {error.__name__}, found the answer {answer!r}")


def refuses(capability: str, what: str, call: Callable[[], Any]) -> None:
    """See that a store refuses what it lacks, and names it."""
    error = raises(f"{what}, without {capability}", Unsupported, call)
    if isinstance(error, Unsupported):
        same(f"{what}: what the error says is lacking", error.fields["lacks"], capability)


def needs(*capabilities: str) -> Callable[[Test], Test]:
    """Mark a test of the contract with what a store must have for it."""

    def marked(test: Test) -> Test:
        test.__dict__["needs"] = frozenset(capabilities)
        return test

    return marked
