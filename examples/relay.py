"""Relays the feed to other systems as CloudEvents 1.0 in JSON.

``python -m examples.relay DATABASE FOLDER --source URI`` sends what is new to files of JSON
Lines. In a program, `relay` hands each envelope to a function of yours: one that posts it to a
broker, say.

At least once: the checkpoint moves after the sending. Whoever dies in between sends the same
events again, with the same ids, by which the receiver knows them. What leaves is codes, numbers
and dates: no field that is personal, and no free text, unless somebody asks for it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO, get_type_hints
from urllib.parse import quote

import attrs
import orjson

from caseflow import Casebook, CaseflowError, Corrected, Erased, FeedEvent
from caseflow.kernel.cipher import Plan, personal_parts
from caseflow.kernel.codec import Codec
from caseflow.kernel.convert import instant
from caseflow.kernel.events import event_type
from caseflow.stages import six_stage
from caseflow.storage import SQLStorage

Envelope = dict[str, Any]
Send = Callable[[Envelope], Any]
"""Sends one envelope. It returns when the receiver has it, and raises where it has not."""


@attrs.frozen
class Envelopes:
    """Makes a CloudEvent of an event of the feed.

    `source` is a URI of yours that says which casebook it comes from; with the id it names an
    event for ever. `prefix` begins every type: `prefix.enrolled.v1`. `texts` are the event
    classes that may leave whole, personal fields and free text included.
    """

    source: str
    prefix: str = attrs.field(default="caseflow", kw_only=True)
    texts: Collection[type[Any]] = attrs.field(default=(), kw_only=True)
    _codec: Codec = attrs.field(factory=lambda: Codec(()), init=False, eq=False, repr=False)

    def of(self, event: FeedEvent) -> Envelope:
        """The envelope of one event. It is the same however often it is made."""
        recorded = event.recorded
        kind = event_type(recorded.event)
        return {
            "specversion": "1.0",
            "id": _joined(recorded.agency, recorded.case_id, str(recorded.number)),
            "source": self.source,
            "type": f"{self.prefix}.{kind.name}.v{kind.version}",
            "subject": recorded.case_id,
            "time": instant(recorded.recorded_at),
            "sequence": f"{event.position:020}",  # an extension: sorts as the feed goes
            "datacontenttype": "application/json",
            "data": {
                "number": recorded.number,
                "occurred_at": instant(recorded.occurred_at),
                "workflow": recorded.workflow,
                "workflow_version": recorded.workflow_version,
                "transition": recorded.transition,
                "stage": recorded.stage,
                "reason_code": recorded.reason_code,
                "event": self._leaving(recorded.event),
            },
        }

    def _leaving(self, event: Any) -> Any:
        """What of an event may leave the agency, as plain JSON data; what was erased is null."""
        if isinstance(event, Corrected):
            return self._correction(event)
        cls = type(event)
        plan = None if cls in self.texts else personal_parts(cls)
        hints = get_type_hints(cls, include_extras=True)
        data = {name: self._plain(getattr(event, name), hints[name]) for name in _fields(cls)}
        return orjson.loads(orjson.dumps(_without(plan, data), default=_erased))

    def _correction(self, event: Corrected) -> Any:
        """What of a correction may leave: of the corrected event what may of any such event."""
        anew = None
        if event.event is not None:
            kind = event_type(event.event)
            payload = self._leaving(event.event)
            anew = {"type": kind.name, "version": kind.version, "payload": payload}
        occurred_at = None if event.occurred_at is None else instant(event.occurred_at)
        return {"number": event.number, "occurred_at": occurred_at, "event": anew}

    def _plain(self, value: Any, kind: Any) -> Any:
        if isinstance(value, Erased):
            return None
        return self._codec.converter.unstructure(value, unstructure_as=kind)


def _fields(cls: type[Any]) -> list[str]:
    return [field.name for field in attrs.fields(cls)]


def _erased(value: Any) -> None:
    """Null for what was erased inside of a field. Raises `TypeError` for anything else."""
    if not isinstance(value, Erased):
        raise TypeError(f"{type(value).__name__} is no JSON")


def _joined(*parts: str) -> str:
    """Parts as one text that no other parts give, whatever characters they have."""
    return "/".join(quote(part, safe="") for part in parts)


def _without(plan: Plan, data: Any) -> Any:
    """JSON data without its personal parts."""
    if plan is None or data is None:
        return data
    if isinstance(plan, Mapping):
        return {
            name: _without(plan.get(name), value)
            for name, value in data.items()
            if not _is_personal(plan.get(name))
        }
    if plan == "seal" or _is_personal(plan):
        return None
    how, inner = plan
    if how == "each":
        return [_without(inner, item) for item in data]
    return {name: _without(inner, value) for name, value in data.items()}


def _is_personal(plan: Plan) -> bool:
    """Whether nothing of it may leave."""
    return plan == "seal" or (isinstance(plan, tuple) and _is_personal(plan[1]))


def relay(
    book: Casebook[Any],
    envelopes: Envelopes,
    send: Send,
    *,
    consumer: str = "relay",
    limit: int = 100,
) -> int:
    """Send what the feed has after the checkpoint of `consumer`; how many events there were.

    Call it again and again. What `send` raises comes through, and the next call goes on with
    the event that was not sent. `limit` is how many are sent before the checkpoint moves: at
    most so many come again after a crash.
    """
    sent = 0

    def handle(event: FeedEvent) -> None:
        nonlocal sent
        send(envelopes.of(event))
        sent += 1

    while book.consume(consumer, handle, limit=limit):
        pass
    return sent


# -- files of JSON Lines -----------------------------------------------------------------------


@attrs.frozen
class LineFiles:
    """A folder with files of JSON Lines, each with the events of `size` positions of the feed.

    A file is complete when the next one begins. A line is an envelope once it ends with a
    newline; after a crash it may stand there twice, with the same id (`received` tells each
    once).
    """

    folder: Path
    size: int = attrs.field(default=1000, kw_only=True)

    def send(self, envelope: Envelope) -> None:
        """Write one envelope. It is on the disk when this returns."""
        begins = (int(envelope["sequence"]) - 1) // self.size * self.size + 1
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"events-{begins:020}.jsonl").open("a+b") as file:
            _cut_half_a_line(file)
            file.write(orjson.dumps(envelope) + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _cut_half_a_line(file: BinaryIO) -> None:
    """Cut off what a crash left of a line: the event is sent again anyway."""
    file.seek(0)
    whole = file.read()
    if whole and not whole.endswith(b"\n"):
        file.truncate(whole.rfind(b"\n") + 1)


def received(folder: Path) -> Iterator[Envelope]:
    """What a receiver makes of the files: every event once, in the order of the feed."""
    seen: set[tuple[str, str]] = set()
    for path in sorted(folder.glob("events-*.jsonl")):
        for line in path.read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n"):
                continue
            envelope = orjson.loads(line)
            key = envelope["source"], envelope["id"]
            if key not in seen:
                seen.add(key)
                yield envelope


# -- the command -------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Relays what is new to files, once. The exit status is 0 when all of it was sent."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.relay", description="Write the feed as CloudEvents."
    )
    parser.add_argument("database", help="such as sqlite:///cases.db")
    parser.add_argument("folder", type=Path, help="where the files of JSON Lines go")
    parser.add_argument("--source", required=True, metavar="URI", help="names this casebook")
    parser.add_argument("--agency", default="agency", help="whose cases (default: agency)")
    given = parser.parse_args(arguments)
    try:
        with closing(SQLStorage(given.database, create=False)) as store:
            book = Casebook(six_stage, store, agency=given.agency)
            sent = relay(book, Envelopes(given.source), LineFiles(given.folder).send)
    except (CaseflowError, OSError) as error:
        print(f"The relay stops here. {error}", file=sys.stderr)
        return 1
    print(f"{sent} events relayed to {given.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
