"""Any drawing can be rendered: nothing overlaps, nothing is lost, and any text is safe."""

import re
from collections import Counter
from xml.etree import ElementTree as ET

import attrs
import pytest
from hypothesis import given

from caseflow import InvalidCall
from caseflow.views import Drawing, Edge, Group, Node, mermaid, svg
from caseflow.views import places as places_of
from caseflow.views.svg import layout
from caseflow.views.text import clean, width, wrapped
from tests.views.drawings import TEXTS, drawings, faults

SVG = "{http://www.w3.org/2000/svg}"
MERMAID = [
    r"flowchart (TB|LR)",
    r"  acc(Title|Descr): TEXT",
    r'  subgraph g\d+\["TEXT"\]',
    r"  end",
    r' +n\d+(\["LINES"\]|\(\["LINES"\]\)|\{\{"LINES"\}\})',
    r'  n\d+ (-->|==>|-\.->)(\|"TEXT"\|)? n\d+',
    r"  style n\d+ [a-z-]+:[0-9a-z ]+",
]
WORD = r"(?:\w|[ ,]|#\d+;)+"
LINES = f"{WORD}(?:<br/>{WORD})*"
LINE = re.compile("|".join(one.replace("TEXT", WORD).replace("LINES", LINES) for one in MERMAID))


@given(drawings())
def test_nothing_overlaps_and_no_text_leaves_its_box(drawing):
    assert faults(layout(drawing)) == []


@given(drawings())
def test_an_svg_is_valid_and_holds_every_node_edge_and_text(drawing):
    root = ET.fromstring(svg(drawing))
    assert "\u202e" not in svg(drawing), "no text runs the other way"
    assert root.find(f"{SVG}title").text in (clean(drawing.title), None)
    assert root.find(f"{SVG}desc") is not None
    nodes = [one for one in root.iter(f"{SVG}g") if "data-node" in one.attrib]
    shown = Counter(one.get("data-node") for one in nodes)
    assert shown == Counter(clean(node.id) for node in drawing.nodes)
    assert len(list(root.iter(f"{SVG}polyline"))) == len(drawing.edges)
    by_id = {one.get("data-node"): one for one in nodes}
    for node in drawing.nodes:
        words = "".join(text.text or "" for text in by_id[clean(node.id)].iter(f"{SVG}text"))
        wanted = "".join(clean(text) for text in (node.text, *node.lines))
        assert words.replace(" ", "") == wanted.replace(" ", "")
    if drawing.direction == "down":
        written = "".join(text.text or "" for text in root.iter(f"{SVG}text")).replace(" ", "")
        for edge in drawing.edges:
            assert clean(edge.text).replace(" ", "") in written


@given(drawings())
def test_an_svg_begins_with_its_title_above_the_picture(drawing):
    root = ET.fromstring(svg(drawing))
    heading = root.findall(f"{SVG}text")
    words = "".join(text.text or "" for text in heading).replace(" ", "")
    assert words == clean(drawing.title).replace(" ", "")
    below = float(root.find(f"{SVG}g").get("transform").split()[1].rstrip(")"))
    assert float(root.get("height")) - layout(drawing).height == pytest.approx(below, abs=1)
    for text in heading:
        wide = width(text.text, float(text.get("font-size"))) * 1.08
        assert float(text.get("x")) + wide <= float(root.get("width"))
        assert float(text.get("y")) < below or not words


@given(drawings())
def test_a_mermaid_text_holds_every_node_and_edge_and_no_text_breaks_out(drawing):
    lines = mermaid(drawing).splitlines()
    for line in lines:
        assert LINE.fullmatch(line), line
    assert sum(bool(re.match(r" +n\d+[\[({]", line)) for line in lines) == len(drawing.nodes)
    arrows = [re.match(r"  n\d+ (-->|==>|-\.->)", line) for line in lines]
    assert sum(map(bool, arrows)) == len(drawing.edges)


@given(drawings())
def test_a_drawing_is_the_same_each_time(drawing):
    again = attrs.evolve(drawing)
    assert (svg(drawing), mermaid(drawing)) == (svg(again), mermaid(again))


@given(TEXTS)
def test_lines_fit_and_lose_nothing(text):
    lines = wrapped(text, 120, 12)
    assert all(width(line, 12) <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == clean(text).replace(" ", "")


def test_a_box_that_is_too_low_is_found(monkeypatch):
    monkeypatch.setattr("caseflow.views.down.needed", lambda node, width: 20.0)
    drawing = Drawing(title="T", nodes=[Node("a", "A", lines=["one", "two"])])
    assert "'two' leaves its box" in faults(layout(drawing))
    assert places_of.needed(drawing.nodes[0], 400) > 20


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"nodes": [Node("a", "A"), Node("a", "B")]},
            "The drawing 'T' has 2 nodes with the id 'a'. Give each node an id of its own.",
        ),
        (
            {"nodes": [Node("a", "A")], "groups": [Group("g", ""), Group("g", "")]},
            "The drawing 'T' has 2 groups with the id 'g'. Give each group an id of its own.",
        ),
        (
            {"nodes": [Node("a", "A")], "edges": [Edge("a", "b")]},
            "An edge of the drawing 'T' names the node 'b', which is not there. Add the node, or "
            "name one of: a.",
        ),
        (
            {"nodes": [Node("a", "A", group="g")]},
            "The node 'a' of the drawing 'T' names the group 'g', which is not there. Add the "
            "group, or name one of: none.",
        ),
    ],
)
def test_a_drawing_that_names_what_is_not_there_is_refused(given, says):
    with pytest.raises(InvalidCall) as error:
        Drawing(title="T", **given)
    assert str(error.value) == says
