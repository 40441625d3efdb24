"""Text in pictures: how wide it is, about, and where to break its lines.

Widths are those of a wide sans-serif face, rounded up, so that text fits in whichever face
draws it in the end.
"""

from __future__ import annotations

from unicodedata import combining, east_asian_width

NARROW = frozenset("iljtfrI.,:;'|!()[] ")
WIDE = frozenset("mwMW@%")

_TURNING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""What makes text run the other way, and what stands beside it read as something else."""


def clean(text: str) -> str:
    """The text on one line, with a mark in the place of what XML cannot hold, or turns it round."""
    kept = "".join(one if _legal(one) else "\N{REPLACEMENT CHARACTER}" for one in text)
    return " ".join(kept.split())


def _legal(character: str) -> bool:
    code = ord(character)
    return character in "\t\n\r" or (
        (0x20 <= code < 0x7F or 0xA0 <= code < 0xD800 or 0xE000 <= code < 0x110000)
        and code & 0xFFFE != 0xFFFE
        and character not in _TURNING
    )


def width(text: str, size: float) -> float:
    """About how wide a text is, in the unit of its font size; rather too wide than too narrow."""
    return sum(_width(character) for character in text) * size


def _width(character: str) -> float:
    if character in NARROW:
        return 0.42
    if character in WIDE:
        return 1.02
    if combining(character):
        return 0.0
    if ord(character) > 0x24F:
        return 1.05 if east_asian_width(character) in "WFA" else 0.9
    return 0.78 if character.isupper() else 0.66


def wrapped(text: str, room: float, size: float) -> tuple[str, ...]:
    """The text in lines that fit into the room; a word that is too long is broken."""
    lines: list[str] = []
    line = ""
    for word in clean(text).split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer, size) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, room, size)
        lines += full
    return (*lines, line) if line else tuple(lines)


def _broken(word: str, room: float, size: float) -> list[str]:
    parts, start, used = [], 0, 0.0
    for place, character in enumerate(word):
        wide = _width(character) * size
        if used + wide > room and place > start:
            parts.append(word[start:place])
            start, used = place, 0.0
        used += wide
    return [*parts, word[start:]]
