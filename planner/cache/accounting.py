"""Things that an intent speaks of and the rules' plan does not, and the other way round.

    "Search for tea in my messages"      plan: search results       said, not planned: message
    "Read me the newest post of ann"     plan: answer its title     planned, not said: title

Rules skip what they do not know and guess what is not said. A word that paraphrases may change is
harmless only while the plan accounts for it, so what is left over belongs to the identity of a
task: two intents with different left-overs are two wishes, whatever plan the rules make of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Set
from functools import cache
from typing import NamedTuple

from pydantic import JsonValue

from planner.cache.wording import said

__all__ = ["left_over"]


class _Thing(NamedTuple):
    """How a thing is called in an intent, and what shows it in a plan."""

    words: str
    plan: str


_THINGS: dict[str, _Thing] = {
    "comment": _Thing(r"comment\w*|repl(?:y|ies|ied|ying)|remarks?|respon\w+", "comment|NAVIGATE"),
    "message": _Thing(r"messag\w+|dms?|pms?|chats?|conversations?", "message"),
    "biography": _Thing(r"bios?|biograph\w+", "biography"),
    "user": _Thing(
        r"users?|usernames?|people|persons?|accounts?|authors?|posters?|submitters?",
        r"user|author|subscri|follow|block",
    ),
    "score": _Thing(r"scores?|points(?! to)|votes?|rating", r"score|vote|top|best"),
    "rank": _Thing(r"rank|position", r'"rank", (?!1\b)'),
    "link": _Thing(r"links?|urls?|address(?:es)?|permalink", r'link|"field": "url"|NAVIGATE'),
    "date": _Thing(r"dates?|when", "time|date"),
    "count": _Thing(
        r"how many|number of|count", r"count|comments|subscribers|posts|number|sum|score"
    ),
    "forum": _Thing(r"forums?|communit(?:y|ies)|subreddits?", "forum|subscri"),
    "post": _Thing(r"posts?|submissions?|(?<!message )threads?", "post|submission|NAVIGATE"),
    "subscriber": _Thing(r"subscribers?|members?", "subscri|member"),
    "text": _Thing(
        r"text|body|contents?",
        r"body|text|biography|message|comment|description|sidebar|query|value",
    ),
    "sidebar": _Thing("sidebar", "sidebar"),
    "description": _Thing(r"descriptions?", "description"),
    "search": _Thing(r"search\w*", "search|query"),
}
"""Things that a plan accounts for where the rules have understood."""
_FIELDS: dict[str, str] = {
    **{name: thing.words for name, thing in _THINGS.items()},
    "name": r"names?|named|called",
    "title": r"titles?|titled|headings?|headlines?",
    "who": r"who|whom|whose",
    "area": r"areas?|places?|locations?|locate[ds]?|where",
    "amount": r"amounts?|how much",
    "details": "details",
}
"""Things that tell wishes apart where the intent is about what the rules do not know."""
_ANSWERS: dict[str, str] = {
    "title": r"titles?|titled|headings?|headlines?|names?|called|which|what",
    "author": r"who|whose|by whom|users?|usernames?|authors?|posters?|submitters?|names?"
    r"|accounts?|somebody|someone",
    "score": r"scores?|points?|votes?|rating|=upvote|=downvote|how many",
    "url": r"urls?|links?|address(?:es)?|permalink|page",
    "body": r"body|text|contents?|says?|said|written|reads?|details|messages?|comments?",
    "count": r"how many|number|count|amount|total",
}
"""Field of an answer, and the words that ask for it."""
_PARTS: dict[str, _Thing] = {
    "title": _Thing(r"titles?|headings?|headlines?", '"title'),
    "author": _Thing(r"authors?|posters?|submitters?|users?|usernames?", r"author|user|subscri"),
    "score": _Thing(r"scores?|rating", '"score'),
    "forum": _Thing(r"forums?", r'"key": "(?:forum|name)|"forum", "forum"'),
    "text": _Thing(r"text|body|contents?", r'"(?:body|text|biography|message)'),
    "date": _Thing(r"dates?|times?", "time|date"),
    "message": _Thing(r"messages?", "message"),
    "comment": _Thing(r"comments?|repl(?:y|ies)", '"comments?|comments?"'),
    "post": _Thing(r"posts?", "post"),
}
"""Parts of a thing, where one of them is asked for or changed (`the title of`, `its text is`)."""
_EDITS = re.compile(r"\b(?:add|append|change|edit|replace|update)\b[^.;]*=mine")
_ANSWERS_A_COMMENT = '["submit", "comment", [["url", "url", ["find", "comment"'
_THE_COMMENT = re.compile(
    r"(?:\b(?:the|that|this|whose|\w+est)|=\w+|'s) (?:comment|reply|remark)\b"
    r"|\b(?:comment|reply|remark) (?:by|of|from|that|which|whose)\b"
    r"|\bwhat (?:the user )?<\d+> (?:wrote|said|posted)\b"
)


def _groups(words: Mapping[str, str]) -> str:
    return "|".join(f"(?P<{name}>{pattern})" for name, pattern in words.items())


_ANY_FIELD = re.compile(rf"(?<![\w=])(?:{_groups(_FIELDS)})(?!\w)")
_ANY_PART = re.compile(
    r"\b(?:the|its|their|whose|return|and) "
    rf"(?:{_groups({name: part.words for name, part in _PARTS.items()})})"
    r"(?= (?:of|is|should|says|becomes)\b|[.?!]?$)"
)


def left_over(remainder: str, shape: JsonValue, *, is_known: bool) -> JsonValue:
    """Returns nothing where plan and words agree, else all that tells the wish from others.

    Those are the disagreements, and every thing and field that is named: a plan that misses one
    part of an intent proves nothing about the rest.

    Args:
        remainder: The intent with marks where its slots stand.
        shape: The rules' plan; `None` when they have none.
        is_known: Whether all of its words are known; else the plan accounts for nothing.
    """
    text, plan = said(remainder), json.dumps(shape)
    named = {str(match.lastgroup) for match in _ANY_FIELD.finditer(text)}
    unplanned = [*_unplanned(text, named, plan), *_unsaid(text, plan)] if is_known else ["words"]
    if not unplanned:
        return []
    return [list[JsonValue](sorted(unplanned)), list[JsonValue](sorted(named))]


def _unplanned(text: str, named: Set[str], plan: str) -> Iterator[str]:
    for name in named & _THINGS.keys():
        if not re.search(_THINGS[name].plan, plan):
            yield name
    for name in {str(match.lastgroup) for match in _ANY_PART.finditer(text)}:
        if not re.search(_PARTS[name].plan, plan):
            yield f"the {name}"
    if _EDITS.search(text) and '"edit"' not in plan:
        yield "edit"


def _unsaid(text: str, plan: str) -> Iterator[str]:
    for field, words in _ANSWERS.items():
        if f'{{"key": "{field}", ' in plan and not _words(words).search(text):
            yield f"not {field}"
    if _ANSWERS_A_COMMENT in plan and not _THE_COMMENT.search(text):
        yield "not comment"


@cache
def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w=])(?:{pattern})(?!\w)")
