"""The cipher that ships: what it seals opens with one key only, and is seen when changed."""

import sys
from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from caseflow import ERASED, KeyMissing, SubjectErased
from caseflow.storage import MemoryKeyStore, SQLiteKeyStore, SubjectCipher
from caseflow.storage.keys import Roots, SubjectKey, Tombstone
from tests.erasure.test_keys import ERASING

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


SEALED_ONCE = (
    "1.FwYKtASJdSpyZ5c5TTPK5Feq+KGiwP34O8xRSusceEskceo4Rz9OAG9P+aVXuSWcgN7ONSzs2O9DG0hZC6midf0X1A=="
)


@pytest.fixture
def cipher():
    return SubjectCipher(MemoryKeyStore())


@given(value=JSON, subject=st.text(min_size=1))
def test_what_is_sealed_opens_as_it_was(value, subject):
    cipher = SubjectCipher(MemoryKeyStore())
    assert cipher.open(subject, cipher.seal(subject, value)) == value


def test_the_form_is_as_it_is_written_down(cipher):
    """`1.`, base64 of nonce, AES-256-GCM of the JSON; bound to agency and pseudonym."""
    sealed = cipher.seal("P-1", "words")
    name = cipher.pseudonym("P-1")
    content = b64decode(sealed.removeprefix("1."))
    key = cipher.keys.find("agency", name).key
    bound = f'["agency","{name}"]'.encode()
    assert AESGCM(key).decrypt(content[:12], content[12:], bound) == b'"words"'


def test_what_was_sealed_by_the_first_version_opens_for_ever():
    """Made once, and kept: keys of known bytes, and what was sealed with them then."""
    keys = MemoryKeyStore()
    keys._roots = Roots(b"p" * 32, b"b" * 32, b"f" * 32)
    cipher = SubjectCipher(keys).within("north")
    name = "~141254b086f6643abbfc6d8bbca1a7b5"
    keys._keys["north", name] = SubjectKey(name, "P-1", b"k" * 32)
    assert cipher.pseudonym("P-1") == name
    assert cipher.open(name, SEALED_ONCE) == ["what she said", {"born": "1987-06-05"}]
    assert (
        cipher.blind("lead", "mo")
        == "bcd1bfd5997f8505a47118ab155076c98fd2055b3414d552f6fc6c63ab7e5597"
    )
    assert (
        cipher.fingerprint(b"content")
        == "21e2375cd4bbadf9687443d20452d2c848d73d2d205e4234da27a4c61765190f"
    )


def test_the_same_words_are_sealed_differently_each_time(cipher):
    assert len({cipher.seal("P-1", "words") for _ in range(50)}) == 50


def test_it_opens_for_nobody_else(cipher):
    sealed = cipher.seal("P-1", "words")
    cipher.seal("P-2", "others")
    for other in (cipher, cipher.within("south")):
        other.seal("P-2", "others")
        with pytest.raises(ValueError, match="was changed, or moved there"):
            other.open("P-2", sealed)


def test_every_changed_byte_is_seen(cipher):
    content = bytearray(b64decode(cipher.seal("P-1", "words").removeprefix("1.")))
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(ValueError, match="was changed"):
            cipher.open("P-1", "1." + b64encode(changed).decode())


def test_a_form_to_come_is_told(cipher):
    cipher.seal("P-1", "words")
    with pytest.raises(ValueError, match="a form that this version does not know"):
        cipher.open("P-1", "2.AAAA")


# -- pseudonyms ------------------------------------------------------------------------------


def test_a_pseudonym_is_the_same_for_the_same_and_tells_nothing(cipher):
    name = cipher.pseudonym("P-204")
    again = SubjectCipher(cipher.keys)
    assert cipher.pseudonym("P-204") == again.pseudonym("P-204") == name
    assert len(name) == 33
    assert name.startswith("~")
    assert cipher.pseudonym("P-205") != name
    assert cipher.within("south").pseudonym("P-204") != name
    assert SubjectCipher(MemoryKeyStore()).pseudonym("P-204") != name


def test_it_leads_back_through_the_key_store(cipher):
    cipher.seal("P-204", "words")
    again = SubjectCipher(cipher.keys)
    assert again.subject(cipher.pseudonym("P-204")) == "P-204"
    assert again.within("south").subject(cipher.pseudonym("P-204")) != "P-204"


def test_a_subject_may_be_named_by_its_pseudonym(cipher):
    sealed = cipher.seal("P-204", "words")
    name = cipher.pseudonym("P-204")
    assert cipher.pseudonym(name) == name
    assert cipher.open(name, sealed) == "words"
    assert cipher.open("P-204", cipher.seal(name, "more")) == "more"


def test_an_id_that_only_looks_like_a_pseudonym_is_an_id(cipher):
    id = "~" + "0" * 32
    assert cipher.subject(id) == id
    assert cipher.pseudonym(id) != id
    assert cipher.open(id, cipher.seal(id, "words")) == "words"


def test_what_is_blinded_and_fingerprinted_is_keyed_and_kept_apart(cipher):
    blind = cipher.blind("lead", "mo")
    assert blind == SubjectCipher(cipher.keys).blind("lead", "mo")
    others = {
        cipher.blind("lead", "mi"),
        cipher.blind("leadm", "o"),
        cipher.within("south").blind("lead", "mo"),
        SubjectCipher(MemoryKeyStore()).blind("lead", "mo"),
        cipher.fingerprint(b'["agency","lead","mo"]'),
        cipher.pseudonym("mo"),
    }
    assert len(others) == 6
    assert blind not in others


# -- erasing ---------------------------------------------------------------------------------


def test_what_was_erased_opens_as_erased_and_takes_nothing_more(cipher):
    sealed, name = cipher.seal("P-1", "words"), cipher.pseudonym("P-1")
    kept = cipher.seal("P-2", "others")
    assert isinstance(cipher.erase("P-1", **ERASING), Tombstone)
    for subject in ("P-1", name):
        assert cipher.open(subject, sealed) is ERASED
        assert cipher.pseudonym(subject) == name
        with pytest.raises(SubjectErased) as told:
            cipher.seal(subject, "more")
        assert told.value.fields["pseudonym"] == name
        assert told.value.fields["erased_at"] == "2026-03-02"
    assert cipher.subject(name) == name
    assert cipher.open("P-2", kept) == "others"


def test_an_erasure_elsewhere_is_seen_at_the_next_verb(tmp_path):
    """Two programs on one key store. The number that a book asks for tells them."""
    here = SubjectCipher(SQLiteKeyStore(tmp_path / "keys.db"))
    there = SubjectCipher(SQLiteKeyStore(tmp_path / "keys.db"))
    sealed = here.seal("P-1", "words")
    before = here.generation()
    there.erase("P-1", **ERASING)
    assert here.generation() != before
    assert here.open("P-1", sealed) is ERASED
    with pytest.raises(SubjectErased):
        here.seal("P-1", "more")
    for cipher in (here, there):
        cipher.keys.close()


def test_a_key_that_was_on_its_way_when_it_was_destroyed_is_not_remembered():
    """One thread asks for a key; before it has it, another erases, and everybody forgets."""

    class Slow(MemoryKeyStore):
        asked = -100

        def find(self, agency, pseudonym, /):
            found = super().find(agency, pseudonym)
            self.asked += 1
            if self.asked == 2:  # the first looks whose pseudonym it is
                self.erase(agency, pseudonym, **ERASING)
                cipher.generation()
            return found

    keys = Slow()
    cipher = SubjectCipher(keys)
    sealed, name = cipher.seal("P-1", "words"), cipher.pseudonym("P-1")
    cipher._forget()
    keys.asked = 0
    assert cipher.open(name, sealed) == "words"  # it was read before it was destroyed
    assert cipher.open(name, sealed) is ERASED


def test_who_comes_back_gets_a_new_key_only_when_it_is_begun(cipher):
    sealed, old = cipher.seal("P-1", "words"), cipher.pseudonym("P-1")
    assert cipher.begin_again("P-1") == old  # nothing was erased
    cipher.erase("P-1", **ERASING)
    new = cipher.begin_again("P-1")
    assert new not in (old, "P-1")
    assert cipher.pseudonym("P-1") == new == cipher.begin_again("P-1")
    assert cipher.open("P-1", cipher.seal("P-1", "anew")) == "anew"
    assert cipher.subject(new) == "P-1"
    assert cipher.open(old, sealed) is ERASED
    cipher.erase("P-1", **ERASING)
    third = cipher.begin_again("P-1")
    assert len({old, new, third}) == 3
    assert SubjectCipher(cipher.keys).pseudonym("P-1") == third


def test_a_key_that_is_missing_without_a_tombstone_was_lost_and_not_erased(cipher):
    sealed, name = cipher.seal("P-1", "words"), cipher.pseudonym("P-1")
    other = SubjectCipher(MemoryKeyStore())
    with pytest.raises(KeyMissing, match="does not say that it was erased"):
        other.open(name, sealed)
    assert other.subject(name) == name


def test_what_is_remembered_stays_bounded(cipher, monkeypatch):
    monkeypatch.setattr("caseflow.storage.sealing.MOST_KEPT", 10)
    sealed = {f"P-{n}": cipher.seal(f"P-{n}", n) for n in range(35)}
    assert len(cipher._ciphers) <= 10
    assert all(cipher.open(subject, text) == int(subject[2:]) for subject, text in sealed.items())


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'caseflow-engine\[erasure\]'"):
        SubjectCipher(MemoryKeyStore())
