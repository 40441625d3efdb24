"""Snapshots: a case as text, to be read back in place of folding its history.

Where a cipher is in use, a snapshot is sealed as a whole, once with the key of each subject
whose data it holds: when one of the keys is destroyed, it opens no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
import orjson

from caseflow.kernel.case import Amended, Case, CaseIdentity, ExceptionInForce, Move, S, Seen
from caseflow.kernel.cipher import Cipher
from caseflow.kernel.convert import instant, moment_of
from caseflow.kernel.erased import ERASED
from caseflow.kernel.recorded import AnyRecorded
from caseflow.kernel.stored import StoredEvent

if TYPE_CHECKING:
    from caseflow.kernel.codec import Codec

FORMAT = 3
"""Of what is in a snapshot. Sealed ones name that of their envelope, `SEALED_FORMAT`."""
SEALED_FORMAT = 2


def packed(codec: Codec, case: Case[Any]) -> dict[str, Any]:
    """A case as plain JSON data."""
    names = {kind.cls: name for name, kind in codec.types.items()}
    return {
        "format": FORMAT,
        "state_type": _state_type(type(case.state)),
        "identity": attrs.astuple(case.identity),
        "version": case.version,
        "position": case.position,
        "recorded_at": instant(case.recorded_at),
        "path": [(*m[:3], instant(m.occurred_at), instant(m.recorded_at)) for m in case.path],
        "exceptions": [
            (
                e.number,
                e.rule,
                instant(e.until) if e.until else None,
                sorted(e.roles),
                e.reason,
                e.made_by,
                instant(e.made_at),
                e.due_on and e.due_on.isoformat(),
            )
            for e in case.exceptions
        ],
        "dues": {name: _entry_packed(codec, entry) for name, entry in case.dues.items()},
        "seen": {
            names[cls]: (_entry_packed(codec, one[0]), _entry_packed(codec, one[1]), one[2])
            for cls, one in case.seen().items()
        },
        "amendments": [tuple(one) for one in case.amendments],
        "state": codec.converter.unstructure(case.state),
    }


def unpacked(codec: Codec, data: dict[str, Any], state: type[S]) -> Case[S] | None:
    """The case of plain JSON data; None where it is of another format."""
    if data["format"] != FORMAT or data["state_type"] != _state_type(state):
        return None
    return Case(
        CaseIdentity(*data["identity"]),
        data["version"],
        data["position"],
        tuple(Move(m[0], m[1], m[2], moment_of(m[3]), moment_of(m[4])) for m in data["path"]),
        tuple(_exception(*made) for made in data["exceptions"]),
        {name: _entry_unpacked(codec, row) for name, row in data["dues"].items()},
        moment_of(data["recorded_at"]),
        codec.converter.structure(data["state"], state),
        {
            codec.types[name].cls: Seen(
                _entry_unpacked(codec, first), _entry_unpacked(codec, latest), count
            )
            for name, (first, latest, count) in data["seen"].items()
        },
        tuple(Amended(*one) for one in data["amendments"]),
    )


def seal_snapshot(cipher: Cipher | None, data: dict[str, Any], subjects: Iterable[str]) -> str:
    """The text of a snapshot, sealed for each of the subjects where there is a cipher."""
    text = orjson.dumps(data).decode()
    if cipher is None:
        return text
    owners = sorted(set(subjects))
    for owner in owners:
        text = cipher.seal(owner, text)
    return orjson.dumps({"format": SEALED_FORMAT, "subjects": owners, "sealed": text}).decode()


def open_snapshot(cipher: Cipher | None, text: str) -> dict[str, Any]:
    """The data of a snapshot. Raises where it cannot be opened: any error will do."""
    data: dict[str, Any] = orjson.loads(text)
    if cipher is None:
        return data
    if data["format"] != SEALED_FORMAT:
        raise ValueError("it was made without a cipher")
    sealed = data["sealed"]
    for owner in reversed(data["subjects"]):
        sealed = cipher.open(owner, sealed)
        if sealed is ERASED:
            raise _Gone
    opened: dict[str, Any] = orjson.loads(sealed)
    return opened


class _Gone(Exception):
    """A snapshot was sealed with a key that was destroyed."""


def made_otherwise(cipher: Cipher | None, text: str, state: type[Any]) -> bool:
    """Whether a snapshot is one that nobody uses: of another format or state, or erased."""
    if not attrs.has(state):
        return True
    try:
        if (orjson.loads(text)["format"] == SEALED_FORMAT) != (cipher is not None):
            return True
        data = open_snapshot(cipher, text)
        return bool((data["format"], data["state_type"]) != (FORMAT, _state_type(state)))
    except _Gone:
        return True
    except Exception:  # it says nothing at all
        return False


def subjects_of(text: str) -> frozenset[str]:
    """Whose data a snapshot holds: what the store knows them by. Empty where it does not say."""
    return frozenset(orjson.loads(text).get("subjects", ()))


def _exception(
    number: int,
    rule: str,
    until: str | None,
    roles: list[str],
    reason: str,
    made_by: str,
    made_at: str,
    due_on: str | None,
) -> ExceptionInForce:
    end = moment_of(until) if until else None
    day = date.fromisoformat(due_on) if due_on else None
    at = moment_of(made_at)
    return ExceptionInForce(number, rule, end, frozenset(roles), reason, made_by, at, day)


def _entry_packed(codec: Codec, entry: AnyRecorded) -> list[Any]:
    return [*codec.encode(entry, ""), entry.corrected_by, entry.amends]


def _entry_unpacked(codec: Codec, row: list[Any]) -> AnyRecorded:
    *stored, corrected_by, amends = row
    return codec.decode(StoredEvent(*stored))._replace(corrected_by=corrected_by, amends=amends)


def _state_type(state: type[Any]) -> str:
    """A state class by its name, fields and `fold_version`: another one is folded anew."""
    fields = ", ".join(field.name for field in attrs.fields(state))
    return f"{state.__qualname__}({fields}) {getattr(state, 'fold_version', 1)}"
