"""Texts that every store keeps as they are, and names that a file can have."""

from __future__ import annotations

import os


def storable(text: str) -> bool:
    """Whether every store keeps a text as it is: it holds no NUL and no lone surrogate."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


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
