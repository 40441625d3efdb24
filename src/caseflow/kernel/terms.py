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
    # a sentence may end with it, and has one full stop then
    kept, words = _any_of(filter(None, (one.strip(". \n") for one in quoted))), _any_of(forms)
    pattern = rf"(?<!\w)(?:{kept})(?!\w)|" if kept else ""
    pattern += rf"(?<![\w-])(?:(?P<article>[Aa]n?)\s+)?(?P<word>(?i:{words}))(?![\w-])"

    def told(found: re.Match[str]) -> str:
        word = found["word"]
        term = word and forms.get(word.lower())
        if not term:  # it is quoted, or in letters that are the same only to a regular expression
            return found[0]
        if word[0].isupper():
            term = term[:1].upper() + term[1:]
        return f"{_article(found['article'], term)}{term}"

    return re.sub(pattern, told, text)


def _any_of(words: Iterable[str]) -> str:
    """What finds any of these words, the longest that there is."""
    return "|".join(re.escape(one) for one in sorted(words, key=len, reverse=True))


def _article(before: str | None, term: str) -> str:
    """The article that was before a word, as it is before this one."""
    if before is None:
        return ""
    return f"{before[0]}{'n' if term[:1].lower() in 'aeio' else ''} "


def _plurals(terms: Mapping[str, str]) -> dict[str, str]:
    return {_plural(word): _plural(term) for word, term in terms.items()}


def _plural(word: str) -> str:
    """The regular plural."""
    if re.search("(s|x|z|ch|sh)$", word):
        return f"{word}es"
    return f"{word[:-1]}ies" if re.search("[^aeiou]y$", word) else f"{word}s"
