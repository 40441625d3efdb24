"""What cannot be drawn is refused where it is made, in words, and never inside the drawing."""

import pytest

from caseflow import Casebook, InvalidCall
from caseflow.casework import NeedIdentified
from caseflow.stages import six_stage
from caseflow.storage import MemoryStorage
from caseflow.views import (
    Drawing,
    Edge,
    Group,
    Node,
    Program,
    StageDelivery,
    chain,
    coverage,
    flowchart,
    logic_model,
    mermaid,
    svg,
)
from tests.support.trades import shop

A = Node("a", "A")


def planned():
    """A case in which one thing has a number."""
    book = Casebook(six_stage, MemoryStorage())
    book.open(client="P-1", by="ana", case_id="C-1")
    return book.record("C-1", NeedIdentified(number=1, description="No home"), by="ana").case


REFUSED = [
    (lambda: Node("a", None), "Node('a'): text=None is no text. Give a str."),
    (lambda: Node(3, "A"), "Node(3): id=3 is no text. Give a str."),
    (
        lambda: Node("a", "A", lines=None),
        "Node('a'): lines=None is no list of text. Give a list of str.",
    ),
    (lambda: Node("a", "A", lines=[4]), "Node('a'): lines=4 is no text. Give a list of str."),
    (
        lambda: Node("a", "A", mark="big"),
        "Node('a'): mark='big' is not known. Use one of: plain, start, end, exit, here, gap.",
    ),
    (
        lambda: Edge("a", "b", line=["open"]),
        "Edge('a'): line=['open'] is not known. Use one of: plain, open, blocked, broken.",
    ),
    (lambda: Edge("a", "b", None), "Edge('a'): text=None is no text. Give a str."),
    (lambda: Group("g", None), "Group('g'): text=None is no text. Give a str."),
    (
        lambda: Drawing(title=None, nodes=[A]),
        "Drawing(None): title=None is no text. Give a str.",
    ),
    (
        lambda: Drawing(title="T", nodes=[A], direction="up"),
        "Drawing('T'): direction='up' is not known. Use one of: down, columns.",
    ),
    (
        lambda: Drawing(title="T", nodes=["a"]),
        "Drawing('T'): nodes='a' is no Node. Give a list of Node.",
    ),
    (
        lambda: Drawing(title="T", nodes=[A], edges=[("a", "a")]),
        "Drawing('T'): edges=('a', 'a') is no Edge. Give a list of Edge.",
    ),
    (lambda: svg(None), "drawing=None is no Drawing. Give a Drawing."),
    (lambda: mermaid("T"), "drawing='T' is no Drawing. Give a Drawing."),
    (lambda: logic_model("P"), "program='P' is no Program. Give a Program."),
    (
        lambda: Program("P", outputs=[None]),
        "Program('P'): outputs=None is no text. Give a list of str.",
    ),
    (
        lambda: Program("P", outputs="a", targets={"a": 4}),
        "Program('P'): targets={'a': 4} holds no texts by their names. Give a dict of str.",
    ),
    (
        lambda: Program("P", stages=["intake"]),
        "Program('P'): stages='intake' is no StageDelivery. Give a list of StageDelivery.",
    ),
    (
        lambda: StageDelivery("intake", modes="telepathy"),
        "StageDelivery('intake'): modes='telepathy' is not known. "
        "Use one of: in-person, virtual, phone, writing, hybrid.",
    ),
    (
        lambda: StageDelivery("intake", told={"funders": "Hello"}),
        "StageDelivery('intake'): told='funders' is not known. "
        "Use one of: staff, participants, partners.",
    ),
    (lambda: flowchart("six-stage"), "workflow='six-stage' is no Workflow. Give a Workflow."),
    (lambda: flowchart(six_stage, case="C-1"), "case='C-1' is no Case. Give a Case."),
    (
        lambda: flowchart(six_stage, options=["plan"]),
        "options[0]='plan' is no Option. Give an Option.",
    ),
    (
        lambda: flowchart(six_stage, phases={"engagment": "Beginning"}),
        "phases names 'engagment', which is not known. Did you mean 'engagement'?",
    ),
    (
        lambda: flowchart(six_stage, phases={"engagement": None}),
        "phases={'engagement': None} holds no texts by their names. Give a dict of str.",
    ),
    (lambda: chain("C-1"), "case='C-1' is no Case. Give a Case."),
    (
        lambda: coverage(Casebook(shop, MemoryStorage()).open(client="P-1", by="ana").case),
        "case.state=Shop(...) is no CaseworkState. Give a CaseworkState.",
    ),
    (
        lambda: chain(planned(), number_as=3),
        "number_as=3 is no function. Give a function of a kind and a number, which gives a text: "
        "'G-7'.",
    ),
    (
        lambda: coverage(planned(), number_as=lambda kind, number: None),
        "number_as('need', 1) gives None, which is no text. Give a function of a kind and a "
        "number, which gives a text: 'G-7'.",
    ),
]


@pytest.mark.parametrize(("make", "says"), REFUSED, ids=[says for _, says in REFUSED])
def test_what_cannot_be_drawn_is_refused_by_name(make, says):
    with pytest.raises(InvalidCall) as error:
        make()
    assert str(error.value) == says


def test_one_line_is_a_line():
    assert Node("a", "A", lines="one line").lines == ("one line",)
