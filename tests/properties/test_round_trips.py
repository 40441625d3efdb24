"""What is written reads back as it was: every event class, every row, every snapshot."""

import orjson
import pytest
from hypothesis import given, settings

from caseflow import fold
from caseflow.kernel.codec import Codec
from caseflow.stages import six_stage
from caseflow.testing import events, histories
from caseflow.testing.casework import PAYLOADS
from examples.hmis.workflow import enrollment
from tests.support.trades import shop

WORKFLOWS = (six_stage, shop, enrollment)
CLASSES = [(workflow, cls) for workflow in WORKFLOWS for cls in workflow.event_types]


@pytest.mark.parametrize(("workflow", "cls"), CLASSES, ids=lambda v: getattr(v, "__name__", ""))
def test_every_event_reads_back_from_json_as_it_was(workflow, cls):
    codec = Codec(workflow.event_types)

    @settings(max_examples=15)
    @given(event=events(workflow, cls))
    def round_trip(event):
        text = orjson.dumps(codec.payload(event))
        kind = workflow.knows(event)
        assert codec.event(kind, orjson.loads(text)) == event

    round_trip()


@settings(max_examples=40)
@given(history=histories(six_stage, payloads=PAYLOADS))
def test_every_row_reads_back_as_the_event_that_was_written(history):
    codec = Codec(six_stage.event_types)
    previous = ""
    for entry in history:
        row = codec.encode(entry, previous)
        previous = row.hash
        assert codec.decode(row) == entry


@settings(max_examples=40)
@given(history=histories(six_stage, payloads=PAYLOADS))
def test_a_snapshot_reads_back_as_the_case_it_was_taken_of(history):
    codec = Codec(six_stage.event_types)
    case = fold(history, six_stage.state())
    assert codec.decode_case(codec.encode_case(case), six_stage.state) == case
