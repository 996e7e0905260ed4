"""What a request for a change says that the rules have no reading for.

Every word that is skipped may be the one that matters. So a change is carried out only if no
condition, no `not` and no `or` was read over, every quotation has its part, nothing that is meant
many times is drawn once, and no word is left that is neither plain English nor a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from itertools import pairwise

from planner.rules.frames import COMMENT_ORDER, Frame
from planner.rules.masking import QUOTE, Masked
from planner.rules.word_lists import TOKEN, is_foreign
from planner.rules.wording import ORDER_WORDS, RANK_WORDS, order_of

__all__ = ["unread_part"]

_CONDITION = re.compile(
    r"\b(?:unless|otherwise|or else|provided(?: that)?|in case|only (?:if|when)|as long as"
    r"|depending on|except(?:ing)?|apart from|other than|excluding|but not|instead of|rather than"
    r"|if (?!you\b|possible\b|necessary\b|needed\b|there (?:is|are) (?:one|any)\b))"
)
_NOT = re.compile(r"\b(?:not|never|nobody|none|neither)\b|\b\w+n't\b")
_READ_NOT = re.compile(
    r"\bno (?:fewer|less|more) than\b|\bnot (?:been )?commented\b|\bnobody has commented\b"
    r"|\b(?:never|not|don't) (?:ever )?(?:want|wish|like|need|care)\b"
)
"""Negations that mean something to the rules, or that say why something is wanted."""
_AMOUNT = re.compile(
    r"\b(?:more|fewer|less|greater|higher|lower|at least|at most|over|above|below|exceed\w*)"
    r" (?:than )?\d+\b"
)
_KIND = re.compile(
    r"\b(?:image|picture|photo|video|text|pinned|sticky|archived|locked|hidden|closed|open|long"
    r"|short|popular|unpopular|good|bad|offensive|boring|funny|old|unread|deleted|edited)"
    r" (?:posts?|submissions?|threads?|comments?|repl(?:y|ies))\b"
)
"""Kinds of posts that no list tells apart."""
_RANK = rf"(?:{ORDER_WORDS}|{RANK_WORDS})"
_TWO_TARGETS = re.compile(
    rf"\b{_RANK}(?: \w+)?,? and (?:the |its |their |also )*{_RANK}\b"
    r"|\b(?:posts?|submissions?|threads?)\b[^.;«]*\band (?:also )?(?:its|the|their|all|every)"
    r" (?:\w+ ){0,3}(?:comments?|repl(?:y|ies))\b"
)
"""Two things that one act is for, of which the rules draw one."""
_ACTS_ON_ONE = frozenset({"upvote", "downvote", "unvote", "delete", "edit", "comment"})


def unread_part(frame: Frame) -> str:
    """Returns what the rules do not read in a request, in words; empty when nothing is."""
    return next((found for look in _LOOKS if (found := look(frame))), "")


def _condition(frame: Frame) -> str:
    text = _READ_NOT.sub("", frame.text)
    found = _CONDITION.search(text) or _NOT.search(text)
    if found is None and not frame.where():
        found = _AMOUNT.search(frame.text)
    return f"{found[0].strip()!r} is a condition that the rules do not read" if found else ""


def _kind(frame: Frame) -> str:
    found = _KIND.search(frame.text) if frame.predicate in _ACTS_ON_ONE else None
    return f"the rules cannot tell which is a {found[0]!r}" if found else ""


def _two_targets(frame: Frame) -> str:
    found = _TWO_TARGETS.search(frame.text) if frame.predicate in _ACTS_ON_ONE else None
    return f"{found[0]!r} names two things to act on" if found else ""


def _thread(frame: Frame) -> str:
    """Returns that a comment is told by its place in a thread, and no thread is told."""
    if not frame.places or not frame.order or frame.said.get("post") or frame.users:
        return ""
    rest = COMMENT_ORDER.sub("", frame.text)
    is_told = rest == frame.text or bool(order_of(rest))
    return "" if is_told else "the request does not say in which thread the comment is"


def _alternative(frame: Frame) -> str:
    """Returns that one of two places is to be chosen, unless the words say how."""
    names = [re.escape(place.text.casefold()) for place in frame.places if place.text]
    for first, second in pairwise(names):
        between = rf"\b{first}(?: \w+)? or (?:in |to |on )?(?:the )?(?:f/)?{second}\b"
        if frame.speaks_of(between) and not frame.speaks_of(r"\bwhich|\bthe one\b|\b\w+er of\b"):
            return "the request leaves open which of two places is meant"
    return ""


def _quotation(frame: Frame) -> str:
    known = _names(frame)
    quotes = [frame.masked.quote(match[1]) for match in QUOTE.finditer(frame.masked.text)]
    unread = [quote for quote in quotes if quote not in known]
    return f"no part of the request is played by {unread[0]!r}" if unread else ""


def _word(frame: Frame) -> str:
    words = _foreign_words(frame.masked, {name.casefold() for name in _names(frame)})
    return f"the rules do not know what {words[0]!r} means here" if words else ""


def _foreign_words(masked: Masked, known: Collection[str]) -> list[str]:
    """Returns the words that are neither plain English nor part of a known name, in order."""
    parts = {part for name in known for part in TOKEN.findall(name)}
    found = []
    for token in TOKEN.findall(masked.text):
        word = token.casefold().removesuffix("'s").strip("/.")
        name = re.sub(r"^[fu]/", "", word)
        if len(word) < 2 or word[0] == "«" or word[0].isdigit():
            continue
        if name not in known and name not in parts and is_foreign(word):
            found.append(token)
    return found


def _names(frame: Frame) -> set[str]:
    places = {place.text for place in frame.places}
    return {*frame.said.values(), *frame.keys, *places, *frame.users, *frame.titles}


_LOOKS: tuple[Callable[[Frame], str], ...] = (
    _condition,
    _kind,
    _two_targets,
    _thread,
    _alternative,
    _quotation,
    _word,
)
