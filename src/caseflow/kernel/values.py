"""What is given to stores, whatever they are: texts that they keep, names of files, a wait."""

from __future__ import annotations

import os

from caseflow.kernel.errors import InvalidCall, short

LONGEST_WAIT = 2_000_000
"""In seconds, some weeks: SQLite counts milliseconds in 32 bits, and does not wait beyond."""


def storable(text: str) -> bool:
    """Whether every store keeps a text as it is: it holds no NUL and no lone surrogate."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def is_key(text: str, most: int) -> bool:
    """Whether a text can stand in a key of every store: storable, and of at most so many bytes."""
    return storable(text) and len(text.encode()) <= most


def is_path(value: object) -> bool:
    """Whether a value names a file as the operating system takes it: by a text, not by bytes."""
    try:
        name = os.fspath(value)  # type: ignore[call-overload]  # whether it can is asked here
        return isinstance(name, str) and name != "" and b"\0" not in os.fsencode(name)
    except (TypeError, UnicodeEncodeError):
        return False


def readable(text: str) -> str:
    """A text as any terminal can show it: lone surrogates, as file names may hold, escaped."""
    return text.encode(errors="backslashreplace").decode()


def seconds(name: str, value: object, repair: str = "") -> float:
    """How long to wait, if a value is a number of seconds. Raises `InvalidCall`."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= value <= LONGEST_WAIT:  # type: ignore[operator]  # it is a number
        raise InvalidCall(
            what=f"{name}={short(value)}",
            problem=f"is no number of seconds from 0 to {LONGEST_WAIT:,}",
            repair=repair or f"Give how long to wait for another writer, such as {name}=30.",
        )
    return value  # type: ignore[return-value]  # it is a number
