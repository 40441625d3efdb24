"""The cipher that ships: AES-256-GCM, with a key for each subject.

A sealed text is `1.` and, in base64, 12 bytes by chance (the nonce), what was encrypted, and 16
bytes by which a change is noticed. Agency and pseudonym are bound to it: it opens nowhere else.
A pseudonym is `~` and 32 hexadecimal digits, made of agency and subject with a key of the key
store (HMAC-SHA-256).
"""

from __future__ import annotations

import hmac
import secrets
from binascii import a2b_base64, b2a_base64
from hashlib import sha256
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

import orjson

from caseflow.kernel.erased import ERASED
from caseflow.kernel.erasure_errors import KeyMissing, SubjectErased
from caseflow.kernel.errors import short
from caseflow.storage.keys import KeyStore, SubjectKey, Tombstone, a_key_store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORM = "1."
NONCE_BYTES = 12
MOST_KEPT = 20_000
"""How many subjects are remembered at a time, so that their keys are not asked for again."""


class SubjectCipher:
    """Seals what is personal with the key of its subject, kept in a key store.

    Give it to a book: `Casebook(..., cipher=SubjectCipher(SQLiteKeyStore("keys.db")))`. One
    cipher may serve several books, agencies and threads.

    Keys that were used are remembered, and forgotten when the key store says that somebody
    was erased. A book asks it when a verb begins, and before and after it writes: after an
    erasure in another process, no verb that begins later reads or writes what was erased, and
    one that is under way leaves nothing of it behind.

    Raises `InvalidCall` for what is no key store; `KeyMissing` where there is neither a key nor
    a tombstone; `SubjectErased` where something personal is to be written of somebody erased;
    `StoreError` where the key store fails; `ValueError` where a sealed text was changed.
    """

    def __init__(self, keys: KeyStore) -> None:
        a_key_store(keys, what=f"SubjectCipher({short(keys)})")
        _aesgcm()  # asked for here, to say what is missing
        self.keys = keys
        self.agency = "agency"
        self._roots = keys.roots()
        self._ciphers: dict[str, AESGCM] = {}
        self._subjects: dict[str, str] = {}
        self._pseudonyms: dict[str, str] = {}
        self._erased: set[str] = set()
        self._forgot = 0
        self._seen = keys.generation()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"SubjectCipher({self.keys!r}).within({self.agency!r})"

    def within(self, agency: str, /) -> SubjectCipher:
        """This cipher as it serves one agency: another agency's subjects are others."""
        if agency == self.agency:
            return self
        other = SubjectCipher(self.keys)
        other.agency = agency
        return other

    def generation(self) -> int:
        """As `Cipher.generation`. What is remembered of keys is forgotten when it changes."""
        number = self.keys.generation()
        if number != self._seen:
            self._forget()
            self._seen = number
        return number

    # -- sealing -----------------------------------------------------------------------------

    def seal(self, subject: str, value: Any, /) -> str:
        """As `Cipher.seal`."""
        pseudonym = self.pseudonym(subject)
        cipher = self._ciphers.get(pseudonym) or self._writing(pseudonym, subject)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = cipher.encrypt(nonce, orjson.dumps(value), self._bound(pseudonym))
        return FORM + b2a_base64(nonce + sealed, newline=False).decode()

    def open(self, subject: str, sealed: str, /) -> Any:
        """As `Cipher.open`."""
        pseudonym = self.pseudonym(subject)
        cipher = self._ciphers.get(pseudonym) or self._reading(pseudonym)
        if cipher is None:
            return ERASED
        if not sealed.startswith(FORM):
            raise ValueError("it is sealed in a form that this version does not know")
        content = a2b_base64(sealed[len(FORM) :], strict_mode=True)
        nonce, text = content[:NONCE_BYTES], content[NONCE_BYTES:]
        try:
            return orjson.loads(cipher.decrypt(nonce, text, self._bound(pseudonym)))
        except _invalid_tag():
            raise ValueError("what is sealed in it was changed, or moved there") from None

    def _writing(self, pseudonym: str, subject: str) -> AESGCM:
        asked = self._forgot
        found = self.keys.make(self.agency, pseudonym, subject)
        if isinstance(found, Tombstone):
            raise SubjectErased(pseudonym=pseudonym, erased_at=found.erased_at[:10])
        return self._remember(found, asked)

    def _reading(self, pseudonym: str) -> AESGCM | None:
        if pseudonym in self._erased:
            return None
        asked = self._forgot
        found = self.keys.find(self.agency, pseudonym)
        if found is None:
            raise KeyMissing(pseudonym=pseudonym, keys=repr(self.keys))
        if isinstance(found, SubjectKey):
            return self._remember(found, asked)
        self._erased.add(pseudonym)  # for good: a new life has another pseudonym
        return None

    def _remember(self, found: SubjectKey, asked: int) -> AESGCM:
        """Keep a key, unless everything was forgotten since it was asked for."""
        cipher = _aesgcm()(found.key)
        if len(self._ciphers) >= MOST_KEPT:
            self._forget()
        with self._lock:
            if asked == self._forgot:
                self._ciphers[found.pseudonym] = cipher
                self._subjects[found.pseudonym] = found.subject
                self._pseudonyms[found.subject] = found.pseudonym
        return cipher

    def _forget(self) -> None:
        with self._lock:
            self._forgot += 1
            self._ciphers, self._subjects, self._pseudonyms = {}, {}, {}
            self._erased = set()

    def _bound(self, pseudonym: str) -> bytes:
        return orjson.dumps([self.agency, pseudonym])

    # -- what the store knows them by --------------------------------------------------------

    def pseudonym(self, subject: str, /) -> str:
        """As `Cipher.pseudonym`. Of somebody who was erased it is what it was before."""
        known = self._pseudonyms.get(subject)
        if known is not None:
            return known
        if subject in self._ciphers or subject in self._erased:
            return subject
        if _has_form(subject) and self.keys.find(self.agency, subject) is not None:
            return subject
        return self._lives(subject)[0]

    def register(self, subject: str, /) -> str:
        """As `Cipher.register`: makes the key, for it is with the key that the id is kept."""
        pseudonym = self.pseudonym(subject)
        if pseudonym not in self._ciphers and pseudonym not in self._erased:
            asked = self._forgot
            found = self.keys.make(self.agency, pseudonym, subject)
            if isinstance(found, SubjectKey):
                self._remember(found, asked)
        return pseudonym

    def subject(self, pseudonym: str, /) -> str:
        """As `Cipher.subject`."""
        known = self._subjects.get(pseudonym)
        if known is not None:
            return known
        if not _has_form(pseudonym) or pseudonym in self._erased:
            return pseudonym
        asked = self._forgot
        found = self.keys.find(self.agency, pseudonym)
        if not isinstance(found, SubjectKey):
            return pseudonym
        self._remember(found, asked)
        return found.subject

    def blind(self, name: str, value: str, /) -> str:
        """As `Cipher.blind`."""
        content = orjson.dumps([self.agency, name, value])
        return hmac.digest(self._roots.blinds, content, sha256).hex()

    def fingerprint(self, content: bytes, /) -> str:
        """As `Cipher.fingerprint`."""
        return hmac.digest(self._roots.fingerprints, content, sha256).hex()

    # -- erasing -----------------------------------------------------------------------------

    def found(self, subject: str, /) -> SubjectKey | Tombstone | None:
        """The key of a subject, or the tombstone in its place; None where there was neither."""
        return self.keys.find(self.agency, self.pseudonym(subject))

    def erase(self, subject: str, /, *, at: str, by: str, reason: str) -> Tombstone:
        """Destroy the key of a subject for good. Nothing is asked: `Casebook.erase` does."""
        left = self.keys.erase(self.agency, self.pseudonym(subject), at=at, by=by, reason=reason)
        self._forget()
        return left

    def begin_again(self, subject: str, /) -> str:
        """A new key for somebody who was erased and came back: their new pseudonym.

        What was erased stays so, and stands under the old one. `subject` is the id. For
        somebody who was not erased nothing changes.
        """
        pseudonym, following = self._lives(subject)
        if not isinstance(self.keys.find(self.agency, pseudonym), Tombstone):
            return pseudonym
        self.keys.make(self.agency, following, subject)
        return following

    def _lives(self, subject: str) -> tuple[str, str]:
        """The pseudonym of the last life that was begun, and that of a next one."""
        last = self._made(subject, 1)
        for number in count(2):
            following = self._made(subject, number)
            found = self.keys.find(self.agency, last)
            if not isinstance(found, Tombstone):
                return last, following
            if self.keys.find(self.agency, following) is None:
                return last, following
            last = following
        raise AssertionError(
            "count ends"
        )  # pragma: no cover  # it never comes here, and mypy does not know

    def _made(self, subject: str, life: int) -> str:
        content = orjson.dumps([self.agency, subject, life])
        return f"~{hmac.digest(self._roots.pseudonyms, content, sha256).hex()[:32]}"


def _has_form(text: str) -> bool:
    """Whether a text could be a pseudonym."""
    return len(text) == 33 and text[0] == "~" and set(text[1:]) <= set("0123456789abcdef")


def _aesgcm() -> type[AESGCM]:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            "Sealing needs cryptography. Install it with: pip install 'caseflow-engine[erasure]'"
        ) from missing
    return AESGCM


def _invalid_tag() -> type[Exception]:
    from cryptography.exceptions import InvalidTag

    return InvalidTag
