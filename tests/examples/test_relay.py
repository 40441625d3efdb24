"""The relay sends every event at least once, in order, as a CloudEvent, and nothing personal."""

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

import attrs
import jsonschema
import pytest
from hypothesis import given, settings

from caseflow import Casebook, Corrected, Entry, ExceptionMade, FeedEvent
from caseflow.casework import FACTS, NeedIdentified, OutreachMade, ProgressNoted, ResourcesListed
from caseflow.kernel.erased import ERASED
from caseflow.kernel.events import CORE_EVENTS
from caseflow.stages import six_stage
from caseflow.storage import MemoryStorage, SQLStorage
from caseflow.testing import histories
from caseflow.testing.casework import PAYLOADS
from examples.relay import Envelopes, LineFiles, main, received, relay
from tests.support.trades import ANA, BikeDescribed, Finding, Inspected, Paid, bring, shop_book

ROOT = Path(__file__).parents[2]
SOURCE = "https://north.example/cases"
SECRET = "the landlord drinks"
MAY_HAVE = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}


# -- an envelope -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema():
    """The JSON schema of CloudEvents, from CASEFLOW_CLOUDEVENTS or beside the repository."""
    named = os.environ.get("CASEFLOW_CLOUDEVENTS")
    beside = ROOT.parent / "shared" / "data" / "cloudevents" / "cloudevents.json"
    path = beside if named is None else Path(named)
    if named is None and not path.is_file():
        pytest.skip("no schema of CloudEvents: set CASEFLOW_CLOUDEVENTS to its JSON file")
    return json.loads(path.read_text(encoding="utf-8"))


HISTORIES = histories(six_stage, payloads=PAYLOADS)


def envelopes_of(history):
    make = Envelopes(SOURCE).of
    return [make(FeedEvent(position, one)) for position, one in enumerate(history, 1)]


@settings(max_examples=30)
@given(history=HISTORIES)
def test_every_envelope_has_what_the_specification_asks_for(history):
    for envelope, recorded in zip(envelopes_of(history), history, strict=True):
        assert set(envelope) == {*MAY_HAVE, "sequence"}
        assert all(name.isalnum() and name.islower() for name in envelope)
        assert envelope["specversion"] == "1.0"
        for name in ("id", "source", "type", "subject"):
            assert isinstance(envelope[name], str)
            assert envelope[name]
        assert envelope["type"] == f"caseflow.{recorded.name}.v1"
        moment = datetime.fromisoformat(envelope["time"])
        assert moment == recorded.recorded_at
        assert moment.utcoffset() is not None
        assert envelope["datacontenttype"] == "application/json"
        assert json.loads(json.dumps(envelope)) == envelope
    ids = [envelope["id"] for envelope in envelopes_of(history)]
    assert len(set(ids)) == len(ids)


def test_every_envelope_fits_the_schema(schema):
    validator = jsonschema.Draft7Validator(schema)

    @settings(max_examples=30)
    @given(history=HISTORIES)
    def fits(history):
        for envelope in envelopes_of(history):
            validator.validate(envelope)

    fits()
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**envelopes_of([sample(OutreachMade())])[0], "id": ""})


def sample(event, **changes):
    """An event in its envelope, with the secret wherever an envelope holds free text."""
    book = shop_book(MemoryStorage())
    (opened,) = book.history(bring(book, "dropped-off"))
    return opened._replace(
        event=event, reason=SECRET, reported_by=SECRET, agency="north", case_id="C-1", **changes
    )


def test_an_envelope_in_full():
    recorded = sample(OutreachMade(channel="phone", note=SECRET), number=3)
    assert Envelopes(SOURCE, prefix="org.north").of(FeedEvent(12, recorded)) == {
        "specversion": "1.0",
        "id": "north/C-1/3",
        "source": SOURCE,
        "type": "org.north.outreach-made.v1",
        "subject": "C-1",
        "time": "2026-03-02T09:00:00.000000+00:00",
        "sequence": "00000000000000000012",
        "datacontenttype": "application/json",
        "data": {
            "number": 3,
            "occurred_at": "2026-03-02T09:00:00.000000+00:00",
            "workflow": "repair-shop",
            "workflow_version": "1",
            "transition": "open",
            "stage": "intake.dropped-off",
            "reason_code": None,
            "event": {"channel": "phone"},
        },
    }


def test_ids_do_not_meet_whatever_characters_agencies_and_cases_have():
    one = sample(OutreachMade())._replace(agency="a/b", case_id="c")
    other = sample(OutreachMade())._replace(agency="a", case_id="b/c")
    make = Envelopes(SOURCE).of
    assert make(FeedEvent(1, one))["id"] != make(FeedEvent(1, other))["id"]


# -- what leaves -------------------------------------------------------------------------------


def example(cls):
    """An event with the secret in every field that holds free text, read off the types here."""
    hints = get_type_hints(cls, include_extras=True)
    return cls(**{f.name: _value(hints[f.name]) for f in attrs.fields(cls)})


def _value(kind):
    if kind is str:
        return SECRET
    if get_origin(kind) is Annotated:
        return "a-word"
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) is tuple:
        return (_value(get_args(kind)[0]),)
    plain = {int: 7, bool: True, date: date(2026, 5, 1)}
    return next((value for cls, value in plain.items() if kind in (cls, cls | None)), None)


KINDS = [cls for cls in six_stage.event_types if cls not in CORE_EVENTS]


def leaving(event, **given):
    return json.dumps(Envelopes(SOURCE, **given).of(FeedEvent(1, sample(event))))


def test_most_events_of_case_work_hold_free_text():
    assert set(FACTS) < set(KINDS)
    assert sum(SECRET in repr(example(cls)) for cls in KINDS) >= 15


@pytest.mark.parametrize("cls", KINDS)
def test_no_free_text_leaves_and_every_code_does(cls):
    event = example(cls)
    said = leaving(event)
    assert SECRET not in said
    assert said.count("a-word") == repr(event).count("a-word")
    assert said.count("2026-05-01") == repr(event).count("datetime.date(2026, 5, 1)")
    if SECRET in repr(event):
        assert SECRET in leaving(event, texts=[cls])


@pytest.mark.parametrize(
    ("event", "leaves"),
    [
        (
            Inspected(findings=(Finding(part="chain", trouble=SECRET, needs_part=True),)),
            {"findings": [{"part": "chain", "needs_part": True}]},
        ),
        (BikeDescribed(words=SECRET, serial="S1", born=date(1990, 2, 3)), {"serial": "S1"}),
        (
            ExceptionMade(rule="exit-interview", reason=SECRET),
            {"rule": "exit-interview", "until": None, "due_on": None},
        ),
        (Corrected(number=3), {"number": 3, "occurred_at": None, "event": None}),
        (
            Corrected(number=3, event=OutreachMade(channel="phone", note=SECRET)),
            {
                "number": 3,
                "occurred_at": None,
                "event": {"type": "outreach-made", "version": 1, "payload": {"channel": "phone"}},
            },
        ),
    ],
)
def test_what_is_personal_stays_however_deep_it_stands(event, leaves):
    data = Envelopes(SOURCE).of(FeedEvent(1, sample(event)))["data"]
    assert data["event"] == leaves
    assert SECRET not in leaving(event)
    assert "1990" not in leaving(event)


@pytest.mark.parametrize("texts", [[], [BikeDescribed, ResourcesListed, Inspected]])
def test_what_was_erased_stops_nobody(texts):
    erased = (
        BikeDescribed(words=ERASED, serial="S1", born=ERASED),
        ResourcesListed(resources=ERASED),
        Inspected(findings=(Finding(part="chain", trouble=ERASED),)),
        Corrected(number=2, event=BikeDescribed(words=ERASED, serial="S1")),
    )
    said = [json.loads(leaving(event, texts=texts))["data"]["event"] for event in erased]
    assert said[0]["serial"] == said[3]["event"]["payload"]["serial"] == "S1"
    assert said[2]["findings"][0]["part"] == "chain"
    if texts:
        assert said[0] == {"words": None, "serial": "S1", "born": None}
        assert said[1] == {"resources": None}


def test_a_corrected_text_leaves_where_the_class_may():
    event = Corrected(number=3, event=OutreachMade(note=SECRET))
    assert SECRET in leaving(event, texts=[OutreachMade])
    assert SECRET not in leaving(event, texts=[ProgressNoted])


def test_an_envelope_that_takes_the_payload_as_it_is_is_caught(monkeypatch):
    """Planted: nothing is looked at before it leaves."""
    monkeypatch.setattr(Envelopes, "_leaving", lambda self, event: attrs.asdict(event))
    assert SECRET in leaving(NeedIdentified(number=1, description=SECRET)), "caught"


# -- at least once, in order -------------------------------------------------------------------


def filled(store, *, cases=3, payments=4):
    """A book with some cases, whose events take turns in the feed."""
    book = shop_book(store)
    ids = [bring(book, "dropped-off") for _ in range(cases)]
    for amount in range(payments):
        for case_id in ids:
            book.do(case_id, Entry(Paid(amount=amount), reported_by=SECRET), by=ANA)
    return book


def places(envelopes):
    return [(one["subject"], one["data"]["number"]) for one in envelopes]


def once_each(envelopes):
    """What a receiver keeps: the first of each id. Later ones must say the same."""
    kept = {}
    for envelope in envelopes:
        assert kept.setdefault(envelope["id"], envelope) == envelope
    return list(kept.values())


def in_the_feed(book):
    return [(event.recorded.case_id, event.recorded.number) for event in book.feed()]


def check_complete(book, envelopes):
    once = once_each(envelopes)
    assert places(once) == in_the_feed(book)
    for case_id in book.case_ids():
        numbers = [number for subject, number in places(once) if subject == case_id]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_everything_is_sent_once_where_nothing_goes_wrong(any_store, limit):
    book, sent = filled(any_store), []
    assert relay(book, Envelopes(SOURCE), sent.append, limit=limit) == 15
    assert relay(book, Envelopes(SOURCE), sent.append, limit=limit) == 0
    assert places(sent) == in_the_feed(book)
    check_complete(book, sent)
    bring(book, "dropped-off")
    assert relay(book, Envelopes(SOURCE), sent.append) == 1
    check_complete(book, sent)


def test_what_cannot_be_sent_is_tried_again_and_nothing_is_passed_over(any_store):
    book, sent, broken = filled(any_store), [], iter([4, 9, 9])
    fails_at = next(broken)

    def send(envelope):
        nonlocal fails_at
        if len(sent) == fails_at:
            fails_at = next(broken, None)
            raise ConnectionError("the broker is gone")
        sent.append(envelope)

    for _ in range(3):
        with pytest.raises(ConnectionError):
            relay(book, Envelopes(SOURCE), send)
    relay(book, Envelopes(SOURCE), send)
    assert places(sent) == in_the_feed(book)


class DiesBeforeTheCheckpoint:
    """A store in a process that dies between the sending and the moving of the checkpoint."""

    def __init__(self, store, *, at):
        self._store, self._at = store, at

    def __getattr__(self, name):
        return getattr(self._store, name)

    def advance(self, *given, **named):
        self._at -= 1
        if self._at == 0:
            raise SystemError("the process is killed here")
        return self._store.advance(*given, **named)


@pytest.mark.parametrize("at", [1, 2, 4])
def test_between_sending_and_checkpoint_the_same_comes_again_with_the_same_ids(any_store, at):
    book, sent = filled(any_store), []
    dying = shop_book(DiesBeforeTheCheckpoint(any_store, at=at))
    with pytest.raises(SystemError):
        relay(dying, Envelopes(SOURCE), sent.append, limit=4)
    before = len(sent)
    relay(book, Envelopes(SOURCE), sent.append, limit=4)
    again = before + 15 - 4 * (at - 1)
    assert len(sent) == again
    check_complete(book, sent)


def test_a_relay_that_moves_the_checkpoint_first_is_caught(any_store):
    """Planted: the events are gathered, and sent when the checkpoint has moved."""

    def wrong(book, send):
        gathered = []
        book.consume("relay", gathered.append)
        for event in gathered:
            send(Envelopes(SOURCE).of(event))

    book, sent = filled(any_store), []

    def send(envelope):
        if len(sent) == 3:
            raise SystemError("the process is killed here")
        sent.append(envelope)

    with pytest.raises(SystemError):
        wrong(book, send)
    relay(book, Envelopes(SOURCE), sent.append)
    with pytest.raises(AssertionError):
        check_complete(book, sent)


# -- a process that is killed, and others that write -------------------------------------------

KILLED = """
import os, sys
from caseflow.storage import MemoryStorage, SQLStorage
from examples.relay import Envelopes, LineFiles, relay
from tests.support.trades import shop_book
from pathlib import Path

files, sent = LineFiles(Path(sys.argv[2]), size=4), 0

def send(envelope):
    global sent
    files.send(envelope)
    sent += 1
    if sent == 7:
        os._exit(9)

relay(shop_book(SQLStorage(sys.argv[1])), Envelopes("https://north.example/cases"), send, limit=5)
"""


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'cases.db'}"


def killed(url, folder):
    """A relay whose process ends after the seventh event, which its checkpoint does not know."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, url, str(folder)], cwd=ROOT, check=False, timeout=120
    )
    assert done.returncode == 9


def written(folder):
    texts = (path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.jsonl")))
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_a_relay_that_was_killed_goes_on_where_its_checkpoint_is(url, tmp_path):
    store, folder = SQLStorage(url), tmp_path / "out"
    book = filled(store)
    killed(url, folder)
    assert len(written(folder)) == 7
    assert store.checkpoint("agency", "relay").position == 5
    with next(iter(sorted(folder.glob("*.jsonl"), reverse=True))).open("a") as file:
        file.write('{"specversion":"1.0","id":"half a l')
    relay(book, Envelopes(SOURCE), LineFiles(folder, size=4).send)
    files = sorted(path.name for path in folder.iterdir())
    assert files == [f"events-{begins:020}.jsonl" for begins in (1, 5, 9, 13)]
    lines = written(folder)
    assert len(lines) == 17, "the sixth and seventh came again"
    assert list(received(folder)) == once_each(lines)
    check_complete(book, lines)
    assert SECRET not in "".join(path.read_text() for path in folder.iterdir())
    store.close()


def test_half_a_line_is_no_event_yet(tmp_path):
    envelope = Envelopes(SOURCE).of(FeedEvent(1, sample(OutreachMade())))
    files = LineFiles(tmp_path / "out")
    files.send(envelope)
    (path,) = files.folder.iterdir()
    with path.open("ab") as file:
        file.write(b'{"id": "north/C-1/2"}')
    assert list(received(files.folder)) == [envelope]
    files.send(envelope)
    assert path.read_bytes().count(b"\n") == 2
    assert list(received(files.folder)) == [envelope]


def test_nothing_is_missed_and_no_case_out_of_order_while_others_write(any_store):
    """Each of several threads writes to cases of its own while the relay reads."""
    book, sent, done = filled(any_store, cases=6), [], threading.Event()

    def write(cases):
        mine = shop_book(any_store)
        for amount in range(10):
            for case_id in cases:
                mine.record(case_id, Paid(amount=amount), by=ANA)

    ids = book.case_ids()
    writing = [threading.Thread(target=write, args=(ids[n::3],)) for n in range(3)]

    def read():
        mine = shop_book(any_store)
        while not done.is_set():
            relay(mine, Envelopes(SOURCE), sent.append, limit=7)

    reading = threading.Thread(target=read)
    for thread in [*writing, reading]:
        thread.start()
    for thread in writing:
        thread.join()
    done.set()
    reading.join()
    relay(book, Envelopes(SOURCE), sent.append)
    assert len(sent) == 6 * 15
    check_complete(book, sent)


# -- the command -------------------------------------------------------------------------------


def test_the_command_relays_what_is_new(url, tmp_path, capsys):
    store = SQLStorage(url)
    book = Casebook(
        six_stage, store, agency="north", clock=lambda: datetime(2026, 3, 2, tzinfo=UTC)
    )
    case_id = book.open(client="P-1", by="ana").case.id
    book.record(case_id, OutreachMade(channel="phone", note=SECRET), by="ana")
    given = [url, str(tmp_path / "out"), "--source", SOURCE, "--agency", "north"]
    assert (main(given), main(given)) == (0, 0)
    said = capsys.readouterr().out
    assert (
        said == f"2 events relayed to {tmp_path / 'out'}\n0 events relayed to {tmp_path / 'out'}\n"
    )
    assert places(received(tmp_path / "out")) == [(case_id, 1), (case_id, 2)]
    store.close()


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    missing = f"sqlite:///{tmp_path / 'no' / 'cases.db'}"
    assert main([missing, str(tmp_path / "out"), "--source", SOURCE]) == 1
    assert "The relay stops here." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
