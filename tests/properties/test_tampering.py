"""Stored bytes and rows are flipped, dropped and swapped: nothing goes unnoticed.

What somebody did to the rows of a store is drawn; verifying has to find it, and to name the
case. What the chain alone cannot see is another matter: `tests/casebook/test_attest.py`.
"""

import io
from functools import cache

import psycopg
import pytest
from hypothesis import Phase, event, example, given, settings
from hypothesis import strategies as st

from caseflow import Casebook, CaseflowError, ChainBroken, UnreadableRecord
from caseflow.casebook.keeping import examining
from caseflow.kernel.stored import StoredEvent
from caseflow.storage import Head, MemoryStorage
from tests.support.exports import played
from tests.support.tamper import RAWS, SQLRaw
from tests.support.trades import ROLES, Clock, shop

PLAN = [("looked-at", "a"), ("ready", "it squeaks"), ("collected", "c"), ("dropped-off", "")]
FEWER = settings(max_examples=settings.default.max_examples // 6)
"""There are many deeds and three kinds of store, and each has a test of its own."""

CASES = ["R-1", "R-2", "R-3", "R-4"]


@cache
def worked_on(kind):
    """A store that was worked on, its cases, an attestation, and what puts back all of its rows."""
    raw = RAWS[kind]()
    book = played(PLAN, raw.store, snapshot_every=4)
    file = io.BytesIO()
    book.attest(file)
    truth = {case_id: book.case(case_id) for case_id in CASES}
    return raw, truth, file.getvalue(), raw.kept()


def filled(kind):
    """A store that was worked on, its rows to be edited, and its cases as they really are."""
    raw, truth, attestation, put_back = worked_on(kind)
    put_back()
    return raw, truth, attestation


def book_on(raw):
    return Casebook(shop, raw.store, clock=Clock(), roles=ROLES, snapshot_every=4)


def flipped(draw, value):
    """Another value: a bit of its text flipped, or a part of it lost or put in."""
    if value is None:
        return draw(st.text(max_size=3))
    if isinstance(value, int):
        return value ^ (1 << draw(st.integers(0, 40)))
    if not value or draw(st.booleans()):
        place = draw(st.integers(0, len(value)))
        lost = draw(st.integers(0, len(value)))
        return value[:place] + draw(st.text(max_size=3)) + value[place + lost :]
    place = draw(st.integers(0, len(value) - 1))
    bit = draw(st.integers(0, 6))
    return value[:place] + chr(ord(value[place]) ^ (1 << bit)) + value[place + 1 :]


def asked(verb, case_id):
    """What a verb answers, and the error of ours that it raises."""
    try:
        return verb(case_id), None
    except CaseflowError as error:
        return None, error


# -- what is done to a store: each returns the case that it was done to, None: nothing was ----


def flip_a_column(draw, raw, case_id):
    rows = raw.rows(case_id)
    place = draw(st.integers(0, len(rows) - 1))
    column = draw(st.sampled_from(StoredEvent._fields))
    if column == "case_id" and isinstance(raw, SQLRaw):
        return drop_a_row(draw, raw, case_id)  # it stands in another history then
    value = flipped(draw, getattr(rows[place], column))
    if value == getattr(rows[place], column) or (
        column == "number" and value in [row.number for row in rows]
    ):
        return None
    rows[place] = rows[place]._replace(**{column: value})
    raw.put(case_id, rows)
    return case_id


def drop_a_row(draw, raw, case_id):
    rows = raw.rows(case_id)
    del rows[draw(st.integers(0, len(rows) - 1))]
    raw.put(case_id, rows)
    return case_id


def drop_a_row_and_number_anew(draw, raw, case_id):
    rows = raw.rows(case_id)
    del rows[draw(st.integers(0, len(rows) - 1))]
    raw.put(case_id, [row._replace(number=n) for n, row in enumerate(rows, 1)])
    return case_id


def swap_two_rows(draw, raw, case_id):
    rows = raw.rows(case_id)
    one, other = (draw(st.integers(0, len(rows) - 1)) for _ in range(2))
    if one == other:
        return None
    first, second = rows[one], rows[other]
    rows[one] = second._replace(number=first.number)
    rows[other] = first._replace(number=second.number)
    raw.put(case_id, rows)
    return case_id


def swap_a_column_of_two_rows(draw, raw, case_id):
    rows = raw.rows(case_id)
    one, other = (draw(st.integers(0, len(rows) - 1)) for _ in range(2))
    column = draw(st.sampled_from([name for name in StoredEvent._fields if name != "number"]))
    first, second = (getattr(rows[place], column) for place in (one, other))
    if first == second:
        return None
    rows[one] = rows[one]._replace(**{column: second})
    rows[other] = rows[other]._replace(**{column: first})
    raw.put(case_id, rows)
    return case_id


def insert_a_row(draw, raw, case_id):
    rows = raw.rows(case_id)
    stranger = draw(st.sampled_from([*rows, *raw.rows(draw(st.sampled_from(CASES)))]))
    rows.insert(draw(st.integers(0, len(rows))), stranger._replace(case_id=case_id))
    raw.put(case_id, [row._replace(number=n) for n, row in enumerate(rows, 1)])
    return case_id


def swap_two_histories(draw, raw, case_id):
    other = draw(st.sampled_from([one for one in CASES if one != case_id]))
    mine, theirs = raw.rows(case_id), raw.rows(other)
    raw.put(case_id, theirs)
    raw.put(other, mine)
    return case_id


def flip_the_end(draw, raw, case_id):
    last = raw.rows(case_id)[-1]
    head = Head(last.number, last.hash)
    changed = draw(
        st.sampled_from(
            [
                head._replace(version=max(0, flipped(draw, head.version))),
                head._replace(hash=flipped(draw, head.hash)),
            ]
        )
    )
    if changed == head:
        return None
    raw.set_head(case_id, changed)
    return case_id


def flip_the_list(draw, raw, case_id):
    listed = raw.listing(case_id)
    field = draw(
        st.sampled_from([name for name in listed._fields if name not in ("ended", "keys")])
    )
    value = flipped(draw, getattr(listed, field))
    changed = draw(
        st.sampled_from([{field: value}, {"ended": not listed.ended}, {"keys": (("lead", "x"),)}])
    )
    if all(getattr(listed, name) == new for name, new in changed.items()):
        return None
    raw.set_listing(case_id, **changed)
    return case_id


def take_it_off_the_list(draw, raw, case_id):
    raw.unlist(case_id)
    return case_id


def drop_a_subject(draw, raw, case_id):
    raw.drop_subject(case_id, draw(st.sampled_from(sorted({r.subject for r in raw.rows(case_id)}))))
    return case_id


def drop_a_command(draw, raw, case_id):
    commands = {row.command_id for row in raw.rows(case_id)} - {None}
    raw.drop_command(draw(st.sampled_from(sorted(commands))))
    return case_id


def drop_from_the_feed(draw, raw, case_id):
    every = raw.store.feed("agency", limit=1_000)
    one = draw(st.sampled_from(every))
    raw.drop_feed(one.position)
    return one.event.case_id


def swap_in_the_feed(draw, raw, case_id):
    every = [one for one in raw.store.feed("agency", limit=1_000) if one.event.case_id == case_id]
    one, other = (draw(st.sampled_from(every)) for _ in range(2))
    if one == other:
        return None
    raw.swap_feed(one.position, other.position)
    return case_id


DEEDS = [
    flip_a_column,
    drop_a_row,
    drop_a_row_and_number_anew,
    swap_two_rows,
    swap_a_column_of_two_rows,
    insert_a_row,
    swap_two_histories,
    flip_the_end,
    flip_the_list,
    take_it_off_the_list,
    drop_a_subject,
    drop_a_command,
    drop_from_the_feed,
    swap_in_the_feed,
]


def nothing_goes_unnoticed(kind, deed, data, *, attested):
    raw, _, attestation = filled(kind)
    done_to = deed(data.draw, raw, data.draw(st.sampled_from(CASES)))
    event("done" if done_to else "nothing was done")
    against = io.BytesIO(attestation) if attested else None
    verified = book_on(raw).verify_all(against=against)
    assert verified.holds == (done_to is None), verified.explain()
    if done_to is not None:
        assert done_to in {found.case_id for found in verified.findings}


@pytest.mark.parametrize("kind", RAWS)
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
@FEWER
@given(data=st.data(), attested=st.booleans())
def test_nothing_goes_unnoticed(kind, deed, data, attested):
    nothing_goes_unnoticed(kind, deed, data, attested=attested)


@pytest.mark.parametrize(
    ("deed", "where", "check"),
    [
        (flip_a_column, examining, "chain"),
        (flip_the_end, examining, "end"),
        (drop_from_the_feed, MemoryStorage, "loose_ends"),
    ],
    ids=lambda part: getattr(part, "__name__", part),
)
def test_a_verifying_that_leaves_out_a_check_is_caught(deed, where, check, monkeypatch):
    """Planted: one of the checks finds nothing, whatever it sees."""
    monkeypatch.setattr(where, check, lambda *_, **__: ())

    @settings(phases=[Phase.generate], max_examples=400)  # other checks find most of it as well
    @given(data=st.data())
    def holds(data):
        nothing_goes_unnoticed("memory", deed, data, attested=False)

    with pytest.raises(BaseException) as caught:  # noqa: PT011  # one or a group of them
        holds()
    assert not isinstance(caught.value, KeyboardInterrupt)


@pytest.mark.parametrize("kind", RAWS)
@given(data=st.data())
def test_a_flipped_snapshot_is_found_or_told_as_unused_or_says_the_same(kind, data):
    raw, truth, _ = filled(kind)
    case_id = data.draw(st.sampled_from([one for one in CASES if raw.snapshot(one)]))
    kept = raw.snapshot(case_id)
    text = flipped(data.draw, kept.text)
    raw.set_snapshot(case_id, kept._replace(text=text))
    verified = book_on(raw).verify_all()
    if verified.holds:
        event("unused" if verified.unused_snapshots else "says the same")
        assert book_on(raw).case(case_id) == truth[case_id]
    else:
        assert [(one.code, one.case_id) for one in verified.findings] == [
            ("snapshot-differs", case_id)
        ]


@pytest.mark.parametrize("kind", RAWS)
@given(data=st.data(), text=st.one_of(st.text(), st.binary()))
@example(data=None, text="{}")
@example(data=None, text=b"\xff")
@example(data=None, text="[" * 100_000)
def test_any_bytes_in_a_payload_are_a_named_error_and_never_a_wrong_case(kind, data, text):
    raw, truth, _ = filled(kind)
    case_id = data.draw(st.sampled_from(CASES)) if data else "R-2"
    rows = raw.rows(case_id)
    place = data.draw(st.integers(0, len(rows) - 1)) if data else 2
    if text == rows[place].payload:
        return
    rows[place] = rows[place]._replace(payload=text)
    try:
        raw.put(case_id, rows)
    except psycopg.Error:  # PostgreSQL keeps text only, and no NUL in it
        return
    book = Casebook(shop, raw.store, clock=Clock(), roles=ROLES, snapshot_every=0)
    case, error = asked(book.case, case_id)
    if error is not None:
        assert isinstance(error, UnreadableRecord)
        assert (error.fields["case_id"], error.fields["number"]) == (case_id, place + 1)
    else:
        assert case == truth[case_id]
    found = book.verify(case_id).findings
    assert [(one.code, one.number) for one in found] == [("chain-broken", place + 1)]
    with pytest.raises(ChainBroken):
        book.packet(case_id, io.BytesIO())


@pytest.mark.parametrize("kind", RAWS)
@settings(max_examples=settings.default.max_examples // 2)
@given(data=st.data())
def test_whatever_was_done_every_verb_answers_or_tells_an_error_of_ours(kind, data):
    raw, _, _ = filled(kind)
    for deed in data.draw(st.lists(st.sampled_from(DEEDS[:9]), min_size=1, max_size=3)):
        case_id = data.draw(st.sampled_from([one for one in CASES if raw.rows(one)]))
        deed(data.draw, raw, case_id)
    book = book_on(raw)
    book.verify_all()
    for case_id in CASES:
        for verb in (book.case, book.history, book.verify):
            _, error = asked(verb, case_id)
            assert error is None or case_id in str(error)
