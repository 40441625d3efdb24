"""Events and cases into their stored form and back. Nothing unreadable is ever skipped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_origin

import attrs
import orjson

from caseflow.kernel.case import Case, CaseIdentity, ExceptionInForce, Move, S, Seen
from caseflow.kernel.cipher import Cipher, Plan, apply, personal_parts
from caseflow.kernel.errors import (
    DamagedPayload,
    NoUpcaster,
    PayloadInvalid,
    UnknownEventName,
    UnreadableRecord,
    nearest,
)
from caseflow.kernel.events import CORE_EVENTS, Corrected, EventType, event_type
from caseflow.kernel.recorded import AnyRecorded, Noted, Recorded
from caseflow.kernel.stored import StoredEvent, hash_of

if TYPE_CHECKING:
    from cattrs import Converter

SNAPSHOT_FORMAT = 1


class Codec:
    """Reads and writes the events of one workflow. Made once, and used by every case of it."""

    def __init__(self, events: Iterable[type[Any]], cipher: Cipher | None = None) -> None:
        self.cipher = cipher
        self.types: dict[str, EventType] = {
            kind.name: kind for kind in map(event_type, (*CORE_EVENTS, *events))
        }
        self._plans: dict[type[Any], Plan] = {}
        self._names: dict[type[Any], EventType] = {t.cls: t for t in self.types.values()}

    @cached_property
    def converter(self) -> Converter:
        """The cattrs converter; imported and made when the first event is read or written."""
        return _converter(self)

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
        try:
            return self._decode(row)
        except UnreadableRecord:
            raise
        except Exception as error:
            raise self._damaged(row, error) from error

    def _decode(self, row: StoredEvent) -> AnyRecorded:
        kind = self.types.get(row.type)
        if kind is None:
            raise UnknownEventName(
                case_id=row.case_id,
                number=row.number,
                name=row.type,
                nearest=nearest(row.type, self.types),
            )
        payload = orjson.loads(row.payload)
        if row.type_version != kind.version:
            payload = _upcast(payload, kind, row)
        event = self.event(kind, payload, row.subject)
        return Recorded(
            row.number,
            event,
            _moment(row.occurred_at),
            _moment(row.recorded_at),
            row.actor,
            frozenset(orjson.loads(row.roles)) if row.roles != "[]" else frozenset(),
            row.on_behalf_of,
            self._open_text(row.subject, row.reported_by),
            row.subject,
            row.transition,
            row.stage,
            row.reason_code,
            self._open_text(row.subject, row.reason),
            tuple([Noted(*note) for note in orjson.loads(row.noted)]) if row.noted != "[]" else (),
            row.command_id,
            row.fingerprint,
            row.agency,
            row.case_id,
            row.workflow,
            row.workflow_version,
        )

    def _damaged(self, row: StoredEvent, error: Exception) -> DamagedPayload:
        return DamagedPayload(
            case_id=row.case_id, number=row.number, name=row.type, problem=_cause(error)
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
        return self.converter.structure(payload, kind.cls)

    def check(self, event: Any) -> None:
        """See that an event can be stored and read back as it is. Raises `PayloadInvalid`."""
        cls = type(event)
        try:
            text = self.converter.dumps(event)  # type: ignore[attr-defined]  # orjson's converter
            if self.converter.structure(orjson.loads(text), cls) == event:
                return
        except Exception as error:
            raise self._invalid(event, error) from error
        raise self._invalid(event, None)

    def _invalid(self, event: Any, cause: Exception | None) -> PayloadInvalid:
        """The error that names the first field whose value does not survive."""
        for field in attrs.fields(type(event)):
            value = getattr(event, field.name)
            try:
                text = orjson.dumps(self.converter.unstructure(value, field.type))
                back = self.converter.structure(orjson.loads(text), field.type or Any)
                problem = None if back == value else "it reads back as something else"
            except Exception as error:
                problem = _cause(error)
            if problem is not None:
                allowed = getattr(field.type, "__name__", None) or str(field.type)
                if get_args_text := str(field.type):
                    allowed = allowed if "[" not in get_args_text else get_args_text
                return PayloadInvalid(
                    event=type(event).__name__,
                    field=field.name,
                    value=_short(value),
                    allowed=allowed,
                    repair=f"({problem})",
                )
        return PayloadInvalid(
            event=type(event).__name__,
            field="*",
            value=_short(event),
            allowed="values that JSON can hold",
            repair=f"({_cause(cause)})" if cause else "Use frozen attrs values and plain types.",
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
        """A snapshot of a case, or None where its state is no attrs class.

        A snapshot is a convenience: it can be thrown away at any time, since the history says
        it all.
        """
        if not attrs.has(type(case.state)):
            return None
        state = self.payload(case.state, case.client)
        data = {
            "format": SNAPSHOT_FORMAT,
            "state_type": type(case.state).__qualname__,
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
        if data["format"] != SNAPSHOT_FORMAT or data["state_type"] != state.__qualname__:
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
            tuple(Move(m[0], m[1], m[2], _moment(m[3]), _moment(m[4])) for m in data["path"]),
            tuple(self._exception(identity.client, *made) for made in data["exceptions"]),
            {name: self._unpacked(row) for name, row in data["dues"].items()},
            _moment(data["recorded_at"]),
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
    ) -> ExceptionInForce:
        words = self._open_text(client, reason)
        end = _moment(until) if until else None
        return ExceptionInForce(number, rule, end, frozenset(roles), words)

    def _packed(self, entry: AnyRecorded) -> list[Any]:
        return [*self.encode(entry, ""), entry.corrected_by]

    def _unpacked(self, row: list[Any]) -> AnyRecorded:
        return self.decode(StoredEvent(*row[:-1]))._replace(corrected_by=row[-1])


def instant(moment: datetime) -> str:
    """A moment as stored text: UTC, ISO 8601, microseconds; it sorts as it passes."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str) -> datetime:
    """The moment of stored text."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} is a moment without a time zone")
    return moment


def _upcast(payload: Any, kind: EventType, row: StoredEvent) -> Any:
    """The payload of an older version, converted version by version."""
    version = row.type_version
    while version < kind.version:
        upcaster = kind.upcasters.get(version)
        if upcaster is None:
            break
        payload, version = upcaster(payload), version + 1
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


def _converter(codec: Codec) -> Converter:
    """A converter that reads strictly: a text is no number, a moment has a time zone."""
    from cattrs.preconf.orjson import make_converter

    converter = make_converter(detailed_validation=False, forbid_extra_keys=True)
    for cls in (int, str, bool):
        converter.register_structure_hook(cls, _strict(cls))
    converter.register_structure_hook(float, _strict_float)
    converter.register_structure_hook(datetime, lambda value, _: _moment(value))
    converter.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    converter.register_unstructure_hook(timedelta, lambda span: span / timedelta(microseconds=1))
    converter.register_structure_hook(timedelta, lambda span, _: timedelta(microseconds=span))
    converter.register_unstructure_hook(Decimal, str)
    converter.register_unstructure_hook_func(
        _is_set,
        # in one order always, since commands are compared by their content
        lambda values: sorted((converter.unstructure(value) for value in values), key=repr),
    )
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(_text(value)))
    converter.register_unstructure_hook(Corrected, lambda event: _correction_out(codec, event))
    converter.register_structure_hook(Corrected, lambda data, _: _correction_in(codec, data))
    return converter


def _is_set(cls: Any) -> bool:
    origin: Any = get_origin(cls)
    return origin in (set, frozenset)


def _strict(cls: type[Any]) -> Any:
    def read(value: Any, _: Any) -> Any:
        if type(value) is not cls:
            raise TypeError(f"{_short(value)} is not a {cls.__name__}")
        return value

    return read


def _strict_float(value: Any, _: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError(f"{_short(value)} is not a number")
    return float(value)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"{_short(value)} is not a decimal number in text")
    return value


def _correction_out(codec: Codec, correction: Corrected) -> dict[str, Any]:
    event = correction.event
    data: dict[str, Any] = {"number": correction.number, "occurred_at": None, "event": None}
    if correction.occurred_at is not None:
        data["occurred_at"] = instant(correction.occurred_at)
    if event is not None:
        kind = event_type(event)
        payload = codec.converter.unstructure(event)
        data["event"] = {"type": kind.name, "version": kind.version, "payload": payload}
    return data


def _correction_in(codec: Codec, data: dict[str, Any]) -> Corrected:
    event, occurred_at = data["event"], data["occurred_at"]
    if event is not None:
        kind = codec.types[event["type"]]
        if event["version"] != kind.version:
            payload = event["payload"]
            for version in range(event["version"], kind.version):
                payload = kind.upcasters[version](payload)
            event = {**event, "payload": payload}
        event = codec.converter.structure(event["payload"], kind.cls)
    return Corrected(
        number=_strict(int)(data["number"], None),
        event=event,
        occurred_at=_moment(occurred_at) if occurred_at else None,
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _cause(error: BaseException) -> str:
    """The innermost message of an error: what is really wrong."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}" if not str(error) else str(error)
