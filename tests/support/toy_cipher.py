"""A cipher that hides nothing: what it sealed, and for whom, can be seen."""

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

import orjson


class ToyCipher:
    """Base64 with the subject before it: enough to see what was sealed, and for whom."""

    def __init__(self) -> None:
        self.subjects: set[str] = set()

    def seal(self, subject: Any, value: Any, /) -> Any:
        self.subjects.add(self.subject(subject))
        owner = self.pseudonym(subject).encode()
        return b64encode(owner + b"|" + orjson.dumps(value)).decode()

    def open(self, subject: Any, sealed: Any, /) -> Any:
        owner, _, value = b64decode(sealed).partition(b"|")
        assert owner == self.pseudonym(subject).encode()
        return orjson.loads(value)

    def fingerprint(self, content: Any, /) -> Any:
        return "keyed-" + sha256(b"key" + content).hexdigest()

    def within(self, agency: Any, /) -> Any:
        return self

    def generation(self) -> Any:
        return 0

    def pseudonym(self, subject: Any, /) -> Any:
        return subject if subject.startswith("~") else f"~{subject[::-1]}"

    register = pseudonym

    def subject(self, pseudonym: Any, /) -> Any:
        return pseudonym[:0:-1] if pseudonym.startswith("~") else pseudonym

    def blind(self, name: Any, value: Any, /) -> Any:
        return self.fingerprint(f"{name} {value}".encode())
