"""A drawing as SVG: a picture to print or to put on a page, that needs nothing else.

It has a title and a description for those who hear it, is told apart without color, and is
the same text each time.
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from caseflow.views.columns import laid_in_columns
from caseflow.views.down import laid_down
from caseflow.views.drawing import Drawing
from caseflow.views.given import an_instance
from caseflow.views.places import MARGIN, Band, Box, Layout, Path, Text
from caseflow.views.text import clean, wrapped

HEADLINE = 16.0

LOOKS = {
    "plain": 'fill="#ffffff" stroke="#222222"',
    "start": 'fill="#ffffff" stroke="#222222" stroke-width="2"',
    "end": 'fill="#e0e0e0" stroke="#222222" stroke-width="2"',
    "exit": 'fill="#ffffff" stroke="#222222" stroke-dasharray="2 3"',
    "here": 'fill="#fff3c4" stroke="#000000" stroke-width="4"',
    "gap": 'fill="#f7f7f7" stroke="#444444" stroke-width="2" stroke-dasharray="7 4"',
}
LINES = {
    "plain": 'stroke="#444444"',
    "open": 'stroke="#000000" stroke-width="3"',
    "blocked": 'stroke="#444444" stroke-dasharray="2 4" stroke-width="2"',
    "broken": 'stroke="#444444" stroke-dasharray="7 4"',
}


def layout(drawing: Drawing) -> Layout:
    """Where everything of a drawing stands, in pixels."""
    return laid_down(drawing) if drawing.direction == "down" else laid_in_columns(drawing)


def svg(drawing: Drawing) -> str:
    """The drawing as an SVG document. Any text may stand in it. Raises `InvalidCall`."""
    an_instance(Drawing, "drawing", drawing)
    placed = layout(drawing)
    heading = _heading(drawing.title, placed.width)
    below = heading[-1].y + MARGIN / 2 if heading else 0.0
    wide, high = f"{placed.width:.0f}", f"{placed.height + below:.0f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" font-family="Helvetica, Arial, sans-serif" fill="#111111">',
        f"<title>{_safe(drawing.title)}</title>",
        f"<desc>{_safe(drawing.description or drawing.title)}</desc>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto" markerUnits="userSpaceOnUse">'
        '<path d="M0 0L8 4L0 8z" fill="#222222"/></marker></defs>',
        f'<rect width="{wide}" height="{high}" fill="#ffffff"/>',
        _texts(heading),
        f'<g transform="translate(0 {below:.1f})">',
        *map(_band, placed.bands),
        *map(_path, placed.paths),
        *map(_box, placed.boxes),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _heading(title: str, width: float) -> tuple[Text, ...]:
    """The title, above the picture."""
    lines = wrapped(title, (width - 2 * MARGIN) / 1.08, HEADLINE)  # bold is wider
    return tuple(
        Text(line, MARGIN, MARGIN + HEADLINE * (0.8 + 1.3 * place), HEADLINE, bold=True)
        for place, line in enumerate(lines)
    )


def _band(band: Band) -> str:
    return (
        f'<g><rect x="{band.x:.1f}" y="{band.y:.1f}" width="{band.width:.1f}" '
        f'height="{band.height:.1f}" rx="4" fill="#f0f0f0"/>{_texts(band.texts)}</g>'
    )


def _box(box: Box) -> str:
    corner = box.height / 2 if box.node.mark == "end" and box.height < 60 else 6
    return (
        f"<g data-node={quoteattr(clean(box.node.id))}>"
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}" rx="{corner:.1f}" '
        f"{LOOKS[box.node.mark]}/>{_texts(box.texts)}</g>"
    )


def _path(path: Path) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in path.points)
    told = f"<title>{_safe(path.edge.text)}</title>" if path.edge.text else ""
    return (
        f'<g>{told}<polyline points="{points}" fill="none" {LINES[path.edge.line]} '
        f'marker-end="url(#tip)"/>{_texts(path.texts)}</g>'
    )


def _texts(texts: tuple[Text, ...]) -> str:
    return "".join(
        f'<text x="{one.x:.1f}" y="{one.y:.1f}" font-size="{one.size:g}"'
        + (' font-weight="bold"' if one.bold else "")
        + (f' text-anchor="{one.anchor}"' if one.anchor != "start" else "")
        + f">{_safe(one.text)}</text>"
        for one in texts
    )


def _safe(text: str) -> str:
    return escape(clean(text))
