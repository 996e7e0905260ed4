"""Names in an intent: which words name forums, which users, and what stands around quotations.

A word is a name when it is marked (`f/x`, a figure, an underscore, an inner capital), stands where
only a name can stand (`in x`, `x forum`, `user x`), or is no word of plain English that tasks are
worded with. What a name names follows from its neighbours, then from the list it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from planner.rules.masking import QUOTE, Masked
from planner.rules.name_kinds import typed_names
from planner.rules.word_lists import TOKEN, is_foreign, word_list

__all__ = [
    "Mention",
    "QuoteUse",
    "find_mentions",
    "is_certain",
    "quote_uses",
]

_FORUM_WORDS = word_list("forum_words")
_GENERIC = word_list("generic")
_NEVER = word_list("never")
_NAME_LEFT = word_list("name_left")
_PERSON_LEFT = word_list("person_left")
_PLACE_LEFT = word_list("place_left")
_SAYS = word_list("says")
_USER_WORDS = word_list("user_words")
_PHRASE = re.compile(
    r"\b(?:in|of|to|from|on|at|the|for|join|leave|and|or|,)\s+(?:the\s+)?"
    r"((?:(?!(?:in|of|to|from|on|the|for|and|or|a|by|at|with|post|posts|submission|is)\b)"
    r"[\w'-]+\s+){1,5}?)(?:forum|community|subreddit)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """One name in the text."""

    name: str
    kind: str
    """`forum` or `user`."""
    start: int
    """Offset in the masked text."""
    is_address: bool = False
    """Whether it is written as on the site: `f/x`."""


@dataclass(frozen=True, slots=True)
class QuoteUse:
    """One quotation and what stands around it."""

    text: str
    before: str
    """Up to 60 characters before it, lower-cased."""
    after: str
    start: int


def quote_uses(masked: Masked) -> list[QuoteUse]:
    """Returns the quotations in order, each with its surroundings."""
    return [
        QuoteUse(
            masked.quote(match[1]),
            masked.text[max(0, match.start() - 60) : match.start()].casefold(),
            masked.text[match.end() : match.end() + 40].casefold(),
            match.start(),
        )
        for match in QUOTE.finditer(masked.text)
    ]


def find_mentions(
    masked: Masked, *, people: bool, swapped: frozenset[str] = frozenset()
) -> list[Mention]:
    """Returns the names of forums and users, in order.

    Args:
        masked: The intent without its quotations.
        people: Whether a name that nothing else tells of is a user's.
        swapped: Names that were looked for in vain: what was taken for a forum is a user.
    """
    phrases = _phrases(masked.text)
    behind = {one.start + len(one.name) + 1 for one in phrases}
    tokens = [
        (_NAMED_PLACE if match.start() in behind else match[0], match.start())
        for match in TOKEN.finditer(masked.text)
        if not any(one.start <= match.start() < one.start + len(one.name) for one in phrases)
    ]
    names: list[tuple[int, str, int, str]] = []
    for index, (token, start) in enumerate(tokens):
        name, kind = _named(tokens, index, at_start=_opens_sentence(tokens, index))
        if not name and names and names[-1][0] == index - 2 and _continues(tokens, index):
            name = token.removesuffix("'s")
        if name:
            names.append((index, name, start, kind))
    found = [
        Mention(
            name,
            _OTHER_KIND[kind] if name in swapped else kind,
            start,
            "f/" in masked.text[start : start + 3],
        )
        for _, name, start, kind in typed_names(tokens, names, people, bool(phrases))
    ]
    return sorted([*found, *phrases], key=lambda mention: mention.start)


_NAMED_PLACE = "[forum]"
"""Stands for the word `forum` behind a name, which no other name belongs to."""
_OTHER_KIND = {"forum": "user", "user": "forum"}


def is_certain(masked: Masked, name: str) -> bool:
    """Returns whether the words beside a name say what it names."""
    own = re.escape(name)
    return bool(
        re.search(
            rf"f/{own}|{own} (?:forum|community)|(?:forums?|community) {own}"
            rf"|(?:users?|member|by) {own}|{own}'s|join {own}|subscribe to {own}|leave {own}",
            masked.text,
            re.IGNORECASE,
        )
    )


def _phrases(text: str) -> list[Mention]:
    """Returns forums named by several words, or one plain word, before `forum`."""
    found = []
    for match in _PHRASE.finditer(text):
        name = match[1].strip()
        parts = [part for part in name.casefold().split() if part not in _GENERIC]
        if not parts or any(mark in name for mark in "«"):
            continue
        kept = name if len(parts) == len(name.split()) else " ".join(name.split()[-len(parts) :])
        if len(parts) == 1 and parts[0] in _USER_WORDS:
            continue
        found.append(Mention(kept, "forum", match.start(1) + match[1].index(kept.split()[0])))
    return found


def _opens_sentence(tokens: Sequence[tuple[str, int]], index: int) -> bool:
    return index == 0 or tokens[index - 1][0] in ".?!:"


def _named(tokens: Sequence[tuple[str, int]], index: int, *, at_start: bool) -> tuple[str, str]:
    """Returns (name, kind if certain) of a token, empty when it is no name."""
    token = tokens[index][0]
    marked = re.match(r"/?([fu])/(.+)", token)
    if marked:
        return marked[2].rstrip("."), "forum" if marked[1] == "f" else "user"
    if not token[0].isalnum():
        return "", ""
    owner = token.endswith("'s")
    bare = token.removesuffix("'s").rstrip(".")
    low = bare.casefold()
    left = tokens[index - 1][0].casefold() if index else ""
    if len(bare) == 1:
        return "", ""
    if low.isdigit() or (low[0].isdigit() and low.rstrip("stndrh").isdigit()):
        return "", ""
    if at_start and bare.istitle() and not _is_marked(bare):
        return "", ""
    if is_foreign(low) and (bare != low or _is_marked(bare) or _may_name(tokens, index)):
        return bare, "user" if owner and left not in _PLACE_LEFT - {"of", "on", "for"} else ""
    if _is_marked(bare) and low != "dislike":
        return bare, "user" if owner else ""
    far = tokens[index - 2][0].casefold() if index > 1 else ""
    if left in ("forum", "forums") and low not in _NEVER and _closes_name(tokens, index, at_start):
        is_list = left == "forums" or far in (
            "in",
            "to",
            "from",
            "of",
            "the",
            "on",
            "leave",
            "join",
        )
        return (bare, "forum") if is_list else ("", "")
    plain = _NEVER | _GENERIC | _FORUM_WORDS | _USER_WORDS
    if left in ("in", "join", "leave") and low not in plain and _ends(tokens, index):
        return bare, "forum"
    return "", ""


def _closes_name(tokens: Sequence[tuple[str, int]], index: int, at_start: bool) -> bool:
    """Returns whether a word behind `forum` can be its name: `in the forum books that ...`."""
    token = tokens[index][0]
    if at_start:
        return False
    right = tokens[index + 1][0].casefold() if index + 1 < len(tokens) else "."
    return token != token.casefold() or is_foreign(token.casefold()) or right in _AFTER_NAME


_AFTER_NAME = word_list("after_name") | frozenset(".?!,;:)")


def _is_marked(word: str) -> bool:
    """Returns whether a word is written as only names are: `hike3000`, `OpenBack`."""
    return any(c.isdigit() or c == "_" for c in word) or bool(re.search(r"[a-z][A-Z]", word))


def _ends(tokens: Sequence[tuple[str, int]], index: int) -> bool:
    """Returns whether nothing, or the end of a sentence, comes after a token."""
    return index + 1 == len(tokens) or tokens[index + 1][0] in ".?!,;"


def _continues(tokens: Sequence[tuple[str, int]], index: int) -> bool:
    """Returns whether a word foreign to plain English follows a name and a linking word."""
    token, linker = tokens[index][0], tokens[index - 1][0].casefold()
    return token[0].isalnum() and linker in {"and", "or", ","} and is_foreign(token.casefold())


def _may_name(tokens: Sequence[tuple[str, int]], index: int) -> bool:
    """Returns whether a plain unknown word stands where names stand, and not behind an article."""
    token, left = tokens[index][0], tokens[index - 1][0].casefold() if index else ""
    if _behind(tokens, index) in _FORUM_WORDS or token.endswith("'s"):
        return True
    if token.casefold().endswith(("ing", "ed", "ly")):
        is_inside = left in {"in", "inside", "within"} and _behind(tokens, index) in _AFTER_NAME
        return is_inside or _is_listed(tokens, index)
    return left in _NAME_LEFT


def _is_listed(tokens: Sequence[tuple[str, int]], index: int) -> bool:
    """Returns whether a token stands where only a name can: in a list, before `forum`."""
    left = tokens[index - 1][0].casefold() if index else ""
    right = tokens[index + 1][0].casefold() if index + 1 < len(tokens) else "."
    before = left in _PLACE_LEFT | _PERSON_LEFT | {"and", "or", ",", ":", "to", "from", "than"}
    return before and (right in {".", "?", "!", ",", ";", "and", "or", ")"} | _FORUM_WORDS | _SAYS)


def _behind(tokens: Sequence[tuple[str, int]], index: int) -> str:
    return tokens[index + 1][0].casefold() if index + 1 < len(tokens) else ""
