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
    "sidebar": _Thing("sidebar", "sidebar"),
    "description": _Thing(r"descriptions?", "description"),
    "search": _Thing(r"search\w*", "search|query"),
}
"""Things that a plan accounts for where the rules have understood."""
_FIELDS: dict[str, str] = {
    **{name: thing.words for name, thing in _THINGS.items()},
    "name": r"names?|named|called",
    "title": r"titles?|titled|headings?|headlines?",
    "text": r"body|text|contents?|details",
    "who": r"who|whom|whose",
    "area": r"areas?|places?|locations?|locate[ds]?|where",
    "amount": r"amounts?|how much",
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
_ANSWERS_A_COMMENT = '["submit", "comment", [["url", "url", ["find", "comment"'
_THE_COMMENT = re.compile(
    r"(?:\b(?:the|that|this|whose|\w+est)|=\w+|'s) (?:comment|reply|remark)\b"
    r"|\bwhat (?:the user )?<\d+> (?:wrote|said|posted)\b"
)


def left_over(remainder: str, shape: JsonValue, *, is_known: bool) -> JsonValue:
    """Returns what is said and not planned, and what is planned and not said.

    Args:
        remainder: The intent with marks where its slots stand.
        shape: The rules' plan; `None` when they have none.
        is_known: Whether all of its words are known; else the plan accounts for nothing.
    """
    text, plan = said(remainder), json.dumps(shape)
    if not is_known:
        return [name for name, words in _FIELDS.items() if _words(words).search(text)]
    unplanned = [
        name
        for name, thing in _THINGS.items()
        if _words(thing.words).search(text) and not re.search(thing.plan, plan)
    ]
    unsaid = [
        field
        for field, words in _ANSWERS.items()
        if f'{{"key": "{field}", ' in plan and not _words(words).search(text)
    ]
    if _ANSWERS_A_COMMENT in plan and not _THE_COMMENT.search(text):
        unsaid.append("comment")
    return [list[JsonValue](unplanned), list[JsonValue](unsaid)]


@cache
def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w=])(?:{pattern})(?!\w)")
