"""Events and cases into their stored form and back. Nothing unreadable is ever skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import orjson

from caseflow.kernel.case import Case, CaseIdentity, ExceptionInForce, Move, S, Seen
from caseflow.kernel.cipher import Cipher, Plan, apply, personal_parts
from caseflow.kernel.convert import (
    cause_of,
    converted,
    instant,
    moment_of,
    says_the_same,
    strict_converter,
)
from caseflow.kernel.errors import (
    DamagedPayload,
    NoUpcaster,
    PayloadInvalid,
    UnknownEventName,
    UnreadableRecord,
    nearest,
    short,
)
from caseflow.kernel.events import CORE_EVENTS, EventType, event_type
from caseflow.kernel.fields import in_words, looked_up, misfit
from caseflow.kernel.recorded import AnyRecorded, Noted, Recorded, quickly
from caseflow.kernel.stored import StoredEvent, hash_of

if TYPE_CHECKING:
    from cattrs import Converter

E = TypeVar("E")

SNAPSHOT_FORMAT = 1


class Codec:
    """Reads and writes the events of one workflow. Made once, and used by every case of it."""

    def __init__(self, events: Iterable[type[Any]], cipher: Cipher | None = None) -> None:
        self.cipher = cipher
        self.types: dict[str, EventType] = {
            kind.name: kind for kind in map(event_type, (*CORE_EVENTS, *events))
        }
        self._plans: dict[type[Any], Plan] = {}
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
        subject = recorded.subject
        columns = (
            recorded.agency,
            recorded.case_id,
            recorded.number,
            kind.name,
            kind.version,
            instant(recorded.occurred_at),
            instant(recorded.recorded_at),
            recorded.actor,
            orjson.dumps(sorted(recorded.roles)).decode() if recorded.roles else "[]",
            recorded.on_behalf_of,
            self._seal_text(subject, recorded.reported_by),
            recorded.reason_code,
            self._seal_text(subject, recorded.reason),
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
            orjson.dumps(self.payload(recorded.event, subject)).decode(),
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
            except UnreadableRecord:
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
        data = orjson.loads(payload)
        if version != kind.version:
            data = _upcast(data, kind, row)
        if roles not in roles_read:
            roles_read[roles] = _roles(roles)
        occurred_at = moment_of(occurred)
        return quickly(
            Recorded,
            (
                number,
                self.event(kind, data, subject),
                occurred_at,
                occurred_at if recorded == occurred else moment_of(recorded),
                actor,
                roles_read[roles],
                on_behalf_of,
                None if reported_by is None else self._open_text(subject, reported_by),
                subject,
                transition,
                stage,
                reason_code,
                None if reason is None else self._open_text(subject, reason),
                () if noted == "[]" else _noted(noted),
                command_id,
                fingerprint,
                agency,
                case_id,
                workflow,
                workflow_version,
                None,
            ),
        )

    def _damaged(self, row: StoredEvent, error: Exception) -> DamagedPayload:
        return DamagedPayload(
            case_id=row.case_id, number=row.number, name=row.type, problem=cause_of(error)
        )

    def payload(self, event: Any, subject: str) -> Any:
        """An event as plain JSON data, personal parts sealed."""
        data = self.converter.unstructure(event)
        if self.cipher is None:
            return data
        seal = self.cipher.seal
        return apply(self._plan(type(event)), data, lambda value: seal(subject, value))

    def event(self, kind: EventType, payload: Any, subject: str) -> Any:
        """The event of plain JSON data."""
        if self.cipher is not None:
            unseal = self.cipher.open
            plan = self._plan(kind.cls)
            payload = apply(plan, payload, lambda value: unseal(subject, value))
        cls = kind.cls
        read = self._readers.get(cls)
        if read is None:
            read = self._readers[cls] = self.converter.get_structure_hook(cls)
        return read(payload, cls)

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
                return back
        except Exception as error:
            raise self._invalid(event, error) from error
        raise self._invalid(event, None)

    def _invalid(self, event: Any, cause: Exception | None) -> PayloadInvalid:
        """The error that names the first field whose value does not survive."""
        for name, kind in looked_up(type(event)).items():
            value = getattr(event, name)
            try:
                text = orjson.dumps(self.converter.unstructure(value, kind))
                back = self.converter.structure(orjson.loads(text), kind)
                problem = None if says_the_same(back, value) else "it reads back as something else"
            except Exception as error:
                problem = cause_of(error)
            if problem is not None:
                return PayloadInvalid(
                    event=type(event).__name__,
                    field=name,
                    value=short(value),
                    allowed=in_words(kind),
                    repair=_repair(value, kind, problem),
                )
        problem = cause_of(cause) if cause else "it reads back as something else"
        return PayloadInvalid(
            event=type(event).__name__,
            field="*",
            value=short(event),
            allowed="frozen attrs values and plain types",
            repair=f"These cannot be stored: {problem.rstrip('.')}.",
        )

    def fingerprint(self, content: bytes) -> str:
        """A fingerprint of a command; keyed where a cipher is in use."""
        if self.cipher is not None:
            return self.cipher.fingerprint(content)
        return hash_of((content.decode(),))

    def _plan(self, cls: type[Any]) -> Plan:
        if cls not in self._plans:
            self._plans[cls] = personal_parts(cls)
        return self._plans[cls]

    def _seal_text(self, subject: str, text: str | None) -> Any:
        if text is None or self.cipher is None:
            return text
        return self.cipher.seal(subject, text)

    def _open_text(self, subject: str, text: str | None) -> Any:
        if text is None or self.cipher is None:
            return text
        return self.cipher.open(subject, text)

    # -- snapshots ---------------------------------------------------------------------------

    def encode_case(self, case: Case[Any]) -> str | None:
        """A snapshot of a case, or None where its state cannot be stored and read back.

        A snapshot is a convenience: it can be thrown away at any time, since the history says
        it all. A state that does not survive it must not keep an event from being recorded.
        """
        if not attrs.has(type(case.state)):
            return None
        try:
            text = self._encode_case(case)
        except Exception:  # a state may hold anything: it is then folded anew each time
            return None
        return text if self.decode_case(text, type(case.state)) == case else None

    def _encode_case(self, case: Case[Any]) -> str:
        state = self.payload(case.state, case.client)
        data = {
            "format": SNAPSHOT_FORMAT,
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
                    self._seal_text(case.client, e.reason),
                    e.made_by,
                )
                for e in case.exceptions
            ],
            "dues": {name: self._packed(entry) for name, entry in case.dues.items()},
            "seen": {
                self._names[cls].name: (self._packed(seen[0]), self._packed(seen[1]), seen[2])
                for cls, seen in case.seen().items()
            },
            "state": state,
        }
        return orjson.dumps(data).decode()

    def decode_case(self, text: str, state: type[S]) -> Case[S] | None:
        """The case of a snapshot; None where it is of another format or cannot be read.

        The caller then folds the history, which is the truth.
        """
        try:
            return self._decode_case(orjson.loads(text), state)
        except Exception:  # a snapshot is derived: whatever is wrong with it, fold the history
            return None

    def _decode_case(self, data: dict[str, Any], state: type[S]) -> Case[S] | None:
        if data["format"] != SNAPSHOT_FORMAT or data["state_type"] != _state_type(state):
            return None
        identity = CaseIdentity(*data["identity"])
        payload = data["state"]
        if self.cipher is not None:
            unseal = self.cipher.open
            plan = self._plan(state)
            payload = apply(plan, payload, lambda value: unseal(identity.client, value))
        return Case(
            identity,
            data["version"],
            data["position"],
            tuple(Move(m[0], m[1], m[2], moment_of(m[3]), moment_of(m[4])) for m in data["path"]),
            tuple(self._exception(identity.client, *made) for made in data["exceptions"]),
            {name: self._unpacked(row) for name, row in data["dues"].items()},
            moment_of(data["recorded_at"]),
            self.converter.structure(payload, state),
            {
                self.types[name].cls: Seen(self._unpacked(first), self._unpacked(latest), count)
                for name, (first, latest, count) in data["seen"].items()
            },
        )

    def _exception(
        self,
        client: str,
        number: int,
        rule: str,
        until: str | None,
        roles: list[str],
        reason: str,
        made_by: str,
    ) -> ExceptionInForce:
        words = self._open_text(client, reason)
        end = moment_of(until) if until else None
        return ExceptionInForce(number, rule, end, frozenset(roles), words, made_by)

    def _packed(self, entry: AnyRecorded) -> list[Any]:
        return [*self.encode(entry, ""), entry.corrected_by]

    def _unpacked(self, row: list[Any]) -> AnyRecorded:
        return self.decode(StoredEvent(*row[:-1]))._replace(corrected_by=row[-1])


def _repair(value: object, kind: Any, problem: str) -> str:
    """What to give in place of a value: another of its type, or one of the right type."""
    wrong = misfit(value, kind)
    if wrong is not None and wrong[0] is value:
        return "Give one."
    if wrong is not None:
        return f"It holds {short(wrong[0])} in the place of {in_words(wrong[1])}. Give one."
    return f"This one cannot be stored: {problem.rstrip('.')}."


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


def _state_type(state: type[Any]) -> str:
    """A state class by its name, fields and `fold_version`: another one is folded anew."""
    fields = ", ".join(field.name for field in attrs.fields(state))
    return f"{state.__qualname__}({fields}) {getattr(state, 'fold_version', 1)}"


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
