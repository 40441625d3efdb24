"""An agency's terms: other words for `client` or `case manager` in what rules say.

They are put in when a sentence is told. What is stored, and what rules answer, has the words of
the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

NO_TERMS: Mapping[str, str] = MappingProxyType({})


def in_terms(text: str, terms: Mapping[str, str], *, quoted: Iterable[str] = ()) -> str:
    """A sentence with an agency's terms in the place of the words that rules use.

    Whole words, in the plural and with a capital too, and with the article before them: of
    `{"client": "attendee"}`, "A client's goals" becomes "An attendee's goals". A plural of its
    own is given as a term of its own. What is `quoted` stands as it is.
    """
    forms = _plurals(terms) | dict(terms)
    if not forms:
        return text
    words = "|".join(re.escape(one) for one in sorted(forms, key=len, reverse=True))
    kept = _places_of(quoted, text)

    def told(found: re.Match[str]) -> str:
        word = found["word"]
        term = forms.get(word.lower())
        if not term:  # in letters that are the same only to a regular expression
            return found[0]
        if any(start < found.end() and found.start() < end for start, end in kept):
            return found[0]
        article = f"{found['article'][0]}{article_of(term)[1:]} " if found["article"] else ""
        if word[0].isupper():
            term = term[:1].upper() + term[1:]
        own = found["own"] or ""
        if own and word.endswith("s") and not term.endswith("s"):  # the young people's
            own += "s"
        return f"{article}{term}{own}"

    return re.sub(_WORD.format(words=words), told, text)


_WORD = (
    r"(?<![\w-])(?:(?P<article>[Aa]n?)\s+)?(?P<word>(?i:{words}))(?![\w-])"
    "(?P<own>['\u2019](?!\\w))?"
)


def _places_of(quoted: Iterable[str], text: str) -> list[tuple[int, int]]:
    """Where in a text something stands that is quoted, from and to: as a whole, not inside words.

    No regular expression is made of it: those are kept in memory, and it may be personal.
    """
    found = []
    for one in {said.strip(". \n") for said in quoted} - {""}:  # a sentence ends with one full stop
        start = text.find(one)
        while start >= 0:
            end = start + len(one)
            if not (_in_word(text, start) or _in_word(text, end)):
                found.append((start, end))
            start = text.find(one, end)
    return found


def _in_word(text: str, place: int) -> bool:
    """Whether a place in a text is inside a word."""
    return re.fullmatch(r"\w\w", text[max(place - 1, 0) : place + 1]) is not None


_LETTERS = re.compile(r"[A-Z]{1,4}(?![A-Za-z])")
"""A word that is said letter by letter."""

_VOWEL = re.compile(
    r"(?!one\b|once\b|eu|ewe|u[ks]\b|us[aeiu]|uti|uni(?![mn]|dent))(?:[aeiou]|hour|honou?r|honest|heir)",
    re.IGNORECASE,
)
"""How words begin that are said with a vowel first: an hour, but a university."""


def article_of(word: str) -> str:
    """The article that is said before a word: `a` or `an`."""
    spelled = _LETTERS.match(word)
    vowel = word[0] in "AEFHILMNORSX" if spelled else _VOWEL.match(word)
    return "an" if vowel else "a"


def _plurals(terms: Mapping[str, str]) -> dict[str, str]:
    return {_plural(word): _plural(term) for word, term in terms.items()}


def _plural(word: str) -> str:
    """The regular plural."""
    if re.search("(s|x|z|ch|sh)$", word):
        return f"{word}es"
    return f"{word[:-1]}ies" if re.search("[^aeiou]y$", word) else f"{word}s"
