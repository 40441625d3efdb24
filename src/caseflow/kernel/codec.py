"""Events and cases into their stored form and back. Nothing unreadable is ever skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import orjson

from caseflow.kernel.case import Case, S
from caseflow.kernel.cipher import Cipher, Plan, personal_parts
from caseflow.kernel.convert import (
    cause_of,
    converted,
    instant,
    moment_of,
    says_the_same,
    strict_converter,
)
from caseflow.kernel.erased import Erased
from caseflow.kernel.erasure_errors import ErasedRead, KeyMissing
from caseflow.kernel.errors import (
    DamagedPayload,
    NoUpcaster,
    PayloadInvalid,
    UnknownEventName,
    UnreadableRecord,
    nearest,
    short,
)
from caseflow.kernel.events import CORE_EVENTS, Corrected, EventType, event_type
from caseflow.kernel.fields import in_words, looked_up, misfit, numbers
from caseflow.kernel.recorded import AnyRecorded, Noted, Recorded, quickly
from caseflow.kernel.sealed import SEALED, rebuilt, seal, unseal
from caseflow.kernel.snapshot import made_otherwise, open_snapshot, packed, seal_snapshot, unpacked
from caseflow.kernel.store_errors import StoreError
from caseflow.kernel.stored import StoredEvent, hash_of

if TYPE_CHECKING:
    from cattrs import Converter

E = TypeVar("E")


class Codec:
    """Reads and writes the events of one workflow. Made once, and used by every case of it."""

    def __init__(self, events: Iterable[type[Any]], cipher: Cipher | None = None) -> None:
        self.cipher = cipher
        self.types: dict[str, EventType] = {
            kind.name: kind for kind in map(event_type, (*CORE_EVENTS, *events))
        }
        self._plans: dict[type[Any], Plan] = {}
        self._numbers: dict[type[Any], Mapping[str, Any]] = {}
        self._readers: dict[type[Any], Callable[[Any, Any], Any]] = {}
        self._names: dict[type[Any], EventType] = {t.cls: t for t in self.types.values()}

    @cached_property
    def converter(self) -> Converter:
        """The cattrs converter; imported and made when the first event is read or written."""
        return strict_converter(self.types)

    # -- events ------------------------------------------------------------------------------

    def encode(self, recorded: AnyRecorded, previous_hash: str) -> StoredEvent:
        """The stored form of an event, chained to the one before it."""
        kind = self._names[type(recorded.event)]
        subject, reported_by, reason = recorded.subject, recorded.reported_by, recorded.reason
        payload = self.converter.unstructure(recorded.event)
        if self.cipher is not None:
            texts = {"reason": reason, "reported_by": reported_by}
            payload = seal(self.cipher, subject, self._plan(recorded.event), payload, texts)
            subject, reported_by, reason = self.cipher.register(subject), None, None
        occurred_at, recorded_at = recorded.occurred_at, recorded.recorded_at
        occurred = instant(occurred_at)
        columns = (
            recorded.agency,
            recorded.case_id,
            recorded.number,
            kind.name,
            kind.version,
            occurred,
            occurred if recorded_at is occurred_at else instant(recorded_at),
            recorded.actor,
            orjson.dumps(sorted(recorded.roles)).decode() if recorded.roles else "[]",
            recorded.on_behalf_of,
            reported_by,
            recorded.reason_code,
            reason,
            recorded.transition,
            recorded.stage,
            orjson.dumps([tuple(note) for note in recorded.noted]).decode()
            if recorded.noted
            else "[]",
            recorded.command_id,
            recorded.fingerprint,
            recorded.workflow,
            recorded.workflow_version,
            subject,
            orjson.dumps(payload).decode(),
            previous_hash,
        )
        return StoredEvent(*columns, hash=hash_of(columns))

    def decode(self, row: StoredEvent) -> AnyRecorded:
        """The event of a stored row. Raises `UnreadableRecord`, naming the event and its place."""
        return self.decode_all((row,))[0]

    def decode_all(self, rows: Iterable[StoredEvent]) -> list[AnyRecorded]:
        """The events of stored rows. Raises `UnreadableRecord` for the first that is damaged."""
        roles = {"[]": frozenset[str]()}  # most events of a case were recorded in few roles
        decoded = []
        for row in rows:
            try:
                decoded.append(self._decode(row, roles))
            except KeyMissing as error:  # a cipher does not know where it stands
                where = {"case_id": row.case_id, "number": row.number, "pseudonym": row.subject}
                raise KeyMissing(**{**error.fields, **where}) from None
            except (UnreadableRecord, StoreError):
                raise
            except Exception as error:
                raise self._damaged(row, error) from error
        return decoded

    def _decode(self, row: StoredEvent, roles_read: dict[str, frozenset[str]]) -> AnyRecorded:
        # taken apart at once: naming columns one by one takes as long as reading the payload
        agency, case_id, number, name, version, occurred, recorded, actor, roles = row[:9]
        on_behalf_of, reported_by, reason_code, reason, transition, stage, noted = row[9:16]
        command_id, fingerprint, workflow, workflow_version, subject, payload = row[16:22]
        texts = actor, transition, stage, reason_code, subject, workflow, workflow_version
        if type(number) is not int or bytes in map(type, texts):
            raise ValueError("a column of its row is of another type than was written")
        kind = self.types.get(name)
        if kind is None:
            near = nearest(name, self.types)
            raise UnknownEventName(case_id=case_id, number=number, name=name, nearest=near)
        data, erased = orjson.loads(payload), False
        if self.cipher is not None or SEALED in data:
            subject, data, opened, erased = self._opened(row, data)
            reason = opened.get("reason", reason)
            reported_by = opened.get("reported_by", reported_by)
        if version != kind.version:
            data = _upcast(data, kind, row)
        if roles not in roles_read:
            roles_read[roles] = _roles(roles)
        occurred_at = moment_of(occurred)
        return quickly(
            Recorded,
            (
                number,
                self._rebuilt(kind, data) if erased else self.event(kind, data),
                occurred_at,
                occurred_at if recorded == occurred else moment_of(recorded),
                actor,
                roles_read[roles],
                on_behalf_of,
                reported_by,
                subject,
                transition,
                stage,
                reason_code,
                reason,
                () if noted == "[]" else _noted(noted),
                command_id,
                fingerprint,
                agency,
                case_id,
                workflow,
                workflow_version,
                None,
                None,
            ),
        )

    def _opened(self, row: StoredEvent, data: Any) -> tuple[str, Any, dict[str, Any], bool]:
        """Of a row that may be sealed: its subject, payload and columns; whether it was erased."""
        if self.cipher is None:
            problem = "it is sealed, and there is no cipher to open it"
            repair = "Give the book the cipher that it was written with: Casebook(..., cipher=...)."
            raise UnreadableRecord(
                case_id=row.case_id, number=row.number, problem=problem, repair=repair
            )
        if SEALED in data:
            data, columns, erased = unseal(self.cipher, row.subject, data)
        else:
            columns, erased = {}, False
        return self.cipher.subject(row.subject), data, columns, erased

    def _damaged(self, row: StoredEvent, error: Exception) -> UnreadableRecord:
        where = {"case_id": row.case_id, "number": row.number}
        if isinstance(error, ErasedRead):
            problem = f"an upcaster of {row.type!r} reads what was erased"
            repair = "Let it ask isinstance(value, Erased) first."
            return UnreadableRecord(**where, problem=problem, repair=repair)
        problem = cause_of(error)
        if f'"{SEALED}":' in str(
            row.payload
        ):  # what went wrong may be told in words that were sealed
            problem = f"what is sealed in it does not fit ({type(error).__name__})"
        return DamagedPayload(**where, name=row.type, problem=problem)

    def payload(self, event: Any) -> Any:
        """An event as plain JSON data, nothing of it sealed."""
        return self.converter.unstructure(event)

    def event(self, kind: EventType, payload: Any) -> Any:
        """The event of plain JSON data."""
        cls = kind.cls
        read = self._readers.get(cls)
        if read is None:
            read = self._readers[cls] = self.converter.get_structure_hook(cls)
        return read(payload, cls)

    def _rebuilt(self, kind: EventType, payload: Any) -> Any:
        """The event of data in which something was erased. A correction holds another event."""
        inner = payload.get("event") if kind.cls is Corrected else None
        if not isinstance(inner, dict):
            return rebuilt(payload, kind.cls, self.converter.structure)
        content, payload["event"] = payload["event"], None
        made = self.types[inner["type"]]
        data, version = converted(content["payload"], made, content["version"])
        if version != made.version:
            raise ValueError(f"it corrects with {made.name!r} in version {content['version']}")
        correction: Any = self.converter.structure(payload, Corrected)
        return attrs.evolve(correction, event=self._rebuilt(made, data))

    def knows(self, event: Any) -> bool:
        """Whether it is an event of a class that can be written and read."""
        return type(event) in self._names

    def check(self, event: E) -> E:
        """The event as it reads back, if that says the same. Raises `PayloadInvalid`.

        Whoever made the event may hold parts of it that can be changed; of this one nobody does.
        """
        cls = type(event)
        try:
            text = self.converter.dumps(event)  # type: ignore[attr-defined]  # orjson's converter
            back: E = self.converter.structure(orjson.loads(text), cls)
            if back == event or says_the_same(back, event):
                self._see_numbers(event.event if isinstance(event, Corrected) else event)
                return back
        except PayloadInvalid:
            raise
        except Exception as error:
            raise self._invalid(event, error) from error
        raise self._invalid(event, None)

    def _see_numbers(self, event: Any) -> None:
        """See that what is numbered is so from 1. It is not asked of what was stored before."""
        cls = type(event)
        if cls not in self._numbers:
            self._numbers[cls] = numbers(cls) if event is not None else {}
        for name, kind in self._numbers[cls].items():
            value = getattr(event, name)
            if misfit(value, kind) is not None:
                raise self._unfit(event, name, short(value), kind, _repair(value, kind, ""))

    def _invalid(self, event: Any, cause: Exception | None) -> PayloadInvalid:
        """The error that names the first field whose value does not survive."""
        for name, kind in looked_up(type(event)).items():
            value = getattr(event, name)
            problem: str | None = None
            if isinstance(value, Erased):
                return self._unfit(event, name, "what was erased", kind, _ANEW)
            try:
                text = orjson.dumps(self.converter.unstructure(value, kind))
                back = self.converter.structure(orjson.loads(text), kind)
                if not says_the_same(back, value):
                    problem = "it reads back as something else"
            except Exception as error:
                problem = cause_of(error)
            if problem is not None:
                return self._unfit(event, name, short(value), kind, _repair(value, kind, problem))
        problem = cause_of(cause) if cause else "it reads back as something else"
        return PayloadInvalid(
            event=type(event).__name__,
            field="*",
            value=short(event),
            allowed="frozen attrs values and plain types",
            repair=f"These cannot be stored: {problem.rstrip('.')}.",
        )

    def _unfit(self, event: Any, field: str, value: str, kind: Any, repair: str) -> PayloadInvalid:
        return PayloadInvalid(
            event=type(event).__name__,
            field=field,
            value=value,
            allowed=in_words(kind),
            repair=repair,
        )

    def pseudonym(self, subject: str) -> str:
        """What a store knows a subject by: the id itself, where no cipher is in use."""
        return subject if self.cipher is None else self.cipher.pseudonym(subject)

    def subject(self, pseudonym: str) -> str:
        """Whom a store knows by that; what is no pseudonym, or of one erased, as it is."""
        return pseudonym if self.cipher is None else self.cipher.subject(pseudonym)

    def blind(self, name: str, value: str) -> str:
        """A value that can be looked for, and not read; keyed where a cipher is in use."""
        return value if self.cipher is None else self.cipher.blind(name, value)

    def generation(self) -> int:
        """A number that is another one after each erasure (see `Cipher.generation`)."""
        return 0 if self.cipher is None else self.cipher.generation()

    def fingerprint(self, content: bytes) -> str:
        """A fingerprint of a command; keyed where a cipher is in use."""
        if self.cipher is not None:
            return self.cipher.fingerprint(content)
        return hash_of((content.decode(),))

    def fingerprints_before(self, content: bytes) -> tuple[str, str]:
        """What may stand for a command of before there was a cipher: as it was made, and sealed.

        A seal takes the fingerprint of the one that was made without a key (see `resealing`).
        """
        clear = hash_of((content.decode(),))
        return clear, self.fingerprint(clear.encode())

    def _plan(self, event: Any) -> Plan:
        """What is personal in an event. In a correction, what is so in the corrected event."""
        cls = type(event)
        if cls is Corrected and event.event is not None:
            inner = self._plan(event.event)
            return {"event": {"payload": inner}} if inner else None
        if cls not in self._plans:
            self._plans[cls] = personal_parts(cls)
        return self._plans[cls]

    # -- snapshots ---------------------------------------------------------------------------

    def encode_case(self, case: Case[Any], subjects: Iterable[str] = ()) -> str | None:
        """A snapshot of a case, or None where its state cannot be stored and read back.

        A snapshot is a convenience: it can be thrown away at any time, since the history says
        it all. A state that does not survive it must not keep an event from being recorded.
        `subjects` are all those whose data the case holds: where a cipher is in use, only all
        their keys together open it. Where something was erased, none is made.
        """
        if not attrs.has(type(case.state)):
            return None
        try:
            data = packed(self.plain, case)
            if unpacked(self.plain, orjson.loads(orjson.dumps(data)), type(case.state)) != case:
                return None
            return seal_snapshot(self.cipher, data, subjects)
        except Exception:  # a state may hold anything: it is then folded anew each time
            return None

    def decode_case(self, text: str, state: type[S]) -> Case[S] | None:
        """The case of a snapshot; None where it is of another format or cannot be read.

        The caller then folds the history, which is the truth.
        """
        try:
            return unpacked(self.plain, open_snapshot(self.cipher, text), state)
        except Exception:  # a snapshot is derived: whatever is wrong with it, fold the history
            return None

    def made_otherwise(self, text: str, state: type[Any]) -> bool:
        """Whether a snapshot is of another format or state, or erased: nobody uses it then."""
        return made_otherwise(self.cipher, text, state)

    @cached_property
    def plain(self) -> Codec:
        """This codec without its cipher, for what is sealed as a whole."""
        if self.cipher is None:
            return self
        plain = copy(self)
        plain.cipher = None
        return plain


_ANEW = "Say it anew, where that is allowed, or leave it empty."


def _repair(value: object, kind: Any, problem: str) -> str:
    """What to give in place of a value: another of its type, or one of the right type."""
    wrong = misfit(value, kind)
    if wrong is not None and wrong[0] is value:
        return "Give one."
    if wrong is not None:
        return f"It holds {short(wrong[0])} in the place of {in_words(wrong[1])}. Give one."
    return f"This one cannot be stored: {problem.rstrip('.')}."


def see_that_it_reads(row: StoredEvent) -> None:
    """See that a row can be read, as far as that does not depend on workflow and cipher.

    Raises `ValueError` or `TypeError`, saying what is wrong.
    """
    moment_of(row.occurred_at)
    moment_of(row.recorded_at)
    if row.roles != "[]":
        _roles(row.roles)
    if row.noted != "[]":
        _noted(row.noted)
    payload = orjson.loads(row.payload)
    if type(payload) is not dict:
        raise ValueError(f"its payload is {short(row.payload)}, and no JSON object")


def _roles(text: str) -> frozenset[str]:
    """The roles of stored text."""
    roles = orjson.loads(text)
    if type(roles) is not list or not all(type(role) is str for role in roles):
        raise ValueError(f"its roles are {short(text)}, and no list of texts")
    return frozenset(roles)


def _noted(text: str) -> tuple[Noted, ...]:
    """What the verdict noted, of stored text."""
    notes = tuple(Noted(*note) for note in orjson.loads(text))
    for note in notes:
        numbers = {type(note.exception), type(note.since)} - {int, type(None)}
        if numbers or not all(type(word) is str for word in note[:3]):
            raise ValueError(f"what it notes of its rules is {short(text)}")
    return notes


def _upcast(payload: Any, kind: EventType, row: StoredEvent) -> Any:
    """The payload of an older version, converted version by version."""
    payload, version = converted(payload, kind, row.type_version)
    if version == kind.version:
        return payload
    newer = row.type_version > kind.version
    raise NoUpcaster(
        case_id=row.case_id,
        number=row.number,
        name=row.type,
        version=row.type_version,
        wanted=kind.version,
        repair="Update the program that reads it: it is older than the record."
        if newer
        else f"Give {kind.cls.__name__} an upcaster from version {version}.",
    )
