"""What the words of a request say: orders, places in a list, attributes asked for, conditions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.pages import Value
from policies.thesaurus import number_of

__all__ = [
    "ORDER_WORDS",
    "RANK_WORDS",
    "Ask",
    "asked_attributes",
    "conditions",
    "limit_of",
    "order_of",
    "period_of",
    "rank_of",
]

_KIND = (
    r"(?:posts?|submissions?|threads?|questions?|discussions?|ones?|items?|entries|comments?"
    r"|repl(?:y|ies))"
)
_ORDERS: tuple[tuple[str, str], ...] = (
    ("most commented", r"most[- ]commented|most[- ]discussed|most comments|most repl"
                       r"|commented (?:the )?most|"
     r"(?:sort\w*|order\w*|rank\w*)(?: \w+)? by (?:the )?(?:number of )?(?:comments|comment count)|"
     r"highest (?:number of comments|comment count)|largest number of comments|biggest discussion"),
    ("fewest comments", r"fewest comments|least commented|least discussed"
                        r"|lowest (?:number of comments|comment count)"),
    ("lowest", r"lowest (?:vote|score|scor|rated|point|net)|fewest (?:vote|point|upvote)"
               r"|least (?:upvoted|liked|popular)"
     r"|worst|lowest[- ](?:scor|rat|rank)|least points"),
    ("controversial", r"controversial|disputed"),
    ("active", r"(?:recently|most) active|\bactive (?:posts|discussions|threads|submissions)"
               r"|latest activity|recent activity|most recently active"),
    ("oldest", r"oldest|earliest|least recent|first ever|very first"
               r"|first (?:\w+ )?(?:post|submission|thread)s? ever"),
    ("newest", r"newest|latest|most recent|recently posted|most recently|posted last"
               r"|last (?:post|submission|thread|one)|"
     r"\bnew (?:posts|submissions|threads)|freshest|recent (?:post|submission|thread)"
     r"|submitted last|last (?:posted|submitted)|(?:sort\w*|order\w*) by (?:new|date|time)\b"),
    ("hottest", r"\bhottest|\bhot\b|trending"),
    ("top", r"\btop\b|best[- ](?:rated|scor)|highest|most (?:points|upvote|vote|popular|liked)"
            r"|\bbest (?:post|submission)|by score"),
)  # fmt: skip
ORDER_WORDS = (
    r"(?:newest|latest|most recent|oldest|earliest|top|best|worst|hottest|highest[- ]\w+"
    r"|lowest[- ]\w+|most \w+|least \w+)"
)
"""The words for a place at the head of a list."""
RANK_WORDS = r"(?:first|second|third|fourth|fifth|last|\d+(?:st|nd|rd|th))"
"""The words for a place further down in it."""
_PERIODS: tuple[tuple[str, str], ...] = (
    ("all time", r"all[- ]time|of all time|\bever\b"),
    ("day", r"past 24 hours|last 24 hours|\btoday\b|past day|last day|of the day"),
    ("week", r"(?:past|last|this) week|of the week"),
    ("month", r"(?:past|last|this) month|of the month"),
    ("year", r"(?:past|last|this) year|of the year"),
)
_RANKS = (
    r"\bnumber (\d+)\b",
    r"\b(?:in|at|on) (?:the )?place (\d+)",
    r"\branked (?:number )?(\d+)",
    r"\branks? (\d+)",
    r"\bposition (\d+)",
    r"#(\d+)\b",
    r"\b(\d+)(?:st|nd|rd|th)\b",
    r"\b(second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)\b",
)
_LIMITS = (
    r"\b(?:top|first|hottest|newest|latest|last|most recent|best|most commented"
    r"|most controversial)"
    r" (\d+|two|three|four|five|six|seven|eight|nine|ten)\b",
    rf"\b(\d+|two|three|four|five|six|seven|eight|nine|ten) (?:\w+[- ]){{0,3}}?"
    rf"(?:newest|latest|most recent|hottest|top|best|oldest|highest|controversial"
    rf"|commented)\b[\w -]*?{_KIND}",
    rf"\bfirst (\d+|two|three|four|five|six|seven|eight|nine|ten) {_KIND}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ask:
    """One attribute asked for."""

    field: str
    kind: str = ""
    """Whose attribute, when the words say so."""
    position: int = 0


def order_of(text: str) -> str:
    """Returns the order that a text asks for, the first one named; empty if none."""
    low = text.casefold()
    found = [
        (match.start(), position, name)
        for position, (name, pattern) in enumerate(_ORDERS)
        if (match := re.search(pattern, low))
    ]
    if not found:
        return ""
    names = {name for _, _, name in found}
    for name, _ in _ORDERS[:6]:
        if name in names and not ({"newest"} & names and name == "active"):
            return name
    return min(found)[2]


def period_of(text: str) -> str:
    """Returns the time that a list is restricted to, empty if none is named."""
    low = text.casefold()
    return next((name for name, pattern in _PERIODS if re.search(pattern, low)), "")


def rank_of(text: str) -> int:
    """Returns the place in a list that is asked for, 1 when none is named."""
    low = text.casefold()
    for pattern in _RANKS:
        match = re.search(pattern, low)
        if match:
            return number_of(match[1]) or 1
    return 1


def limit_of(text: str) -> int:
    """Returns how many items of a list are asked for, 0 when the words do not say."""
    low = text.casefold()
    for pattern in _LIMITS:
        match = re.search(pattern, low)
        if match:
            return number_of(match[1]) or 0
    return 0


_ASKED: tuple[tuple[str, str, str], ...] = (
    ("comments", "post", r"number of (?:the )?(?:comments|replies)|how many (?:comments|replies)|"
     r"comment counts?|counts? (?:the |of )?(?:the )?(?:comments|replies)|comments? number"),
    ("subscribers", "forum", r"number of (?:subscribers|members)|how many (?:subscribers|members"
                             r"|users are subscribed"
     r"|people are subscribed|users subscribe)|subscriber counts?|(?:count"
     r"|get) (?:the )?subscribers"),
    ("notifications", "", r"(?:how many|number of|count(?: of)?|notification count)"
                          r" (?:(?:my|the|all|unread|new|of) ){0,4}(?:notifications|alerts)"),
    ("results", "", r"(?:how many|number of) (?:search )?results|results .* (?:search|give)"
                    r"|(?:how many|number of) hits"),
    ("unknown", "", r"\be-?mail\b|phone number|\bbirthday\b|real name|\bip address\b|\bkarma\b"
                    r"|\bgender\b|home town"
     r"|who (?:has )?(?:up|down)voted|(?:users|people|members|user)(?: who)?(?: have)? (?:up"
     r"|down)voted|(?:up|down)voters"),
    ("count", "", r"number of|how many|\bcount\b"),
    ("creator", "forum", r"(?:who|which user) (?:created|founded|started|made"
                         r"|opened) (?:the )?[^«]*(?:forum|f/)|\bcreators?\b|\bfounders?\b"),
    ("full_title", "forum", r"titles? of (?:the )?(?:[\w-]+ )?(?:forum|f/)"
                            r"|forum'?s? (?:full )?title|full title"),
    ("biography", "user", r"\bbio\b|\bbios\b|biograph|about (?:him|her|them)sel|about themselves"
                          r"|profile text"),
    ("joined", "user", r"\bregist\w+|\bjoin(?:ed)?\b|member since|account (?:was )?created"
                       r"|sign(?:ed)? up|how old .*account|since when"
                       r"|\b(?:been|is) (?:\S+ )?a (?:registered )?(?:member|user)\b"),
    ("sidebar", "forum", r"\bsidebar\b"),
    ("description", "forum", r"\bdescription\b|what .* forum is about|\bdescribed\b"),
    ("host", "post", r"\bdomain\b|which (?:web)?site\b|what (?:web)?site\b|\bhost(?:name)?\b"),
    ("link", "post", r"\b(?:address|url|link)\b.*\b(?:link|point|lead)s?\b|\blink to\b"
                     r"|give me the link"
     r"|\b(?:external|outgoing|target) (?:url|link)"),
    ("author", "", r"\bwho\b|author|user ?name|which user|poster|submitter|what user"
                   r"|names? of the users?|commenter|whose"),
    ("title", "post", r"\btitles?\b|headline|what is .* called"),
    ("score", "", r"\bscores?\b|\bpoints\b|net votes|vote counts?|how many (?:up)?votes"
                  r"|number of (?:up)?votes|how many points|number of points|\brating\b"),
    ("time", "", r"\bwhen\b|\bdates?\b|what time|timestamp|(?:what|which) (?:day|month|year)\b"
                 r"|how long ago"),
    ("forum", "post", r"(?:which|what) (?:forum|community)|name of (?:the|its) forum"
                      r"|forum'?s? name|names of the forums"),
    ("url", "", r"\burls?\b|\baddress(?:es)?\b|\blinks?\b|permalink"),
    ("body", "", r"what (?:is|was) (?:the |\S+'s )?(?:\w+ )?(?:comment|reply)\b(?! count)"
                 r"|what (?:did|has|does) \S+ (?:comment|say|write|reply|answer|said|written"
                 r"|commented)|\btexts?\b|\bbody\b|content|what does .* say|what .* says|\bsay\b"
                 r"|say\?"
                 r"|wording|exact words"),
)  # fmt: skip


def asked_attributes(text: str) -> list[Ask]:
    """Returns the attributes that a question asks for, in the order of the words."""
    low = text.casefold()
    found: list[Ask] = []
    for field, kind, pattern in _ASKED:
        match = re.search(pattern, low)
        if match:
            found.append(Ask(field, kind, match.start()))
    names = {ask.field for ask in found}
    if "unknown" in names:
        return [ask for ask in found if ask.field == "unknown"]
    hidden = {loser for winner in names for loser in _COVERS.get(winner, ())}
    if "score" in names and re.search(r"(?:how many|number of) (?:up)?(?:votes|points)", low):
        hidden.add("count")
    return sorted((ask for ask in found if ask.field not in hidden), key=lambda ask: ask.position)


_COVERS: Mapping[str, tuple[str, ...]] = {
    "comments": ("count",),
    "subscribers": ("count",),
    "notifications": ("count",),
    "results": ("count",),
    "joined": ("time", "author"),
    "creator": ("author",),
    "full_title": ("title",),
    "host": ("link", "url"),
    "link": ("url",),
}
"""Attribute to those whose words it also uses."""

_MORE = r"(?:more than|over|above|greater than|higher than|exceeding|exceeds?)"
_LESS = r"(?:fewer than|less than|under|below|lower than)"
_LEAST = r"(?:at least|no fewer than|no less than)"
_MOST = r"(?:at most|no more than|up to)"
_NOUNS = (
    ("subscribers", r"(?:subscribers?|members?)"),
    ("posts", r"(?:posts|submissions)"),
    ("comments", r"(?:comments|repl\w+)"),
    ("score", r"(?:points?|votes|upvotes|score\w*)"),
)


def conditions(text: str) -> list[Value]:
    """Returns the conditions that a text puts on items, see `policies.conditions`."""
    low = text.casefold()
    found: list[Value] = []
    if re.search(r"more downvotes than upvotes|negative (?:score|rating|net|point)|below (?:zero"
                 r"|0)\b"
                 r"|less than (?:zero|0)|score (?:is )?negative", low):  # fmt: skip
        found.append({"field": "score", "op": "lt", "value": 0})
    if re.search(
        r"more upvotes than downvotes|positive (?:score|rating|net)|above (?:zero|0)\b", low
    ):
        found.append({"field": "score", "op": "gt", "value": 0})
    for field, noun in _NOUNS:
        found += _bounds(low, field, noun)
    if re.search(r"\b(?:are|is) (?:a )?links?\b|\blink (?:posts?|submissions?)", low):
        found.append({"field": "link", "op": "present"})
    found += _times(low)
    if re.search(
        r"top[- ]level (?:comments|replies)|direct (?:comments|replies) to the (?:post|submission)",
        low,
    ):
        found.append({"field": "parent", "op": "absent"})
    if re.search(r"\b(?:no|without|zero|0) (?:comments|replies)|unanswered|uncommented"
                 r"|nobody has commented"
                 r"|not (?:been )?commented|without any comments", low):  # fmt: skip
        found.append({"field": "comments", "op": "is", "value": 0})
    return found


_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_TIME = re.compile(
    r"\b(in|from|during|of|since|after|before|until) (?:the year )?(?:("
    + "|".join(_MONTHS)
    + r"),? )?((?:19|20)\d\d)\b"
)


def _times(text: str) -> list[Value]:
    """Returns what a text says about when things were made: `in March 2023`, `before 2020`."""
    match = _TIME.search(text)
    if match is None:
        return []
    month = f"-{_MONTHS.index(match[2]) + 1:02d}" if match[2] else ""
    ops = {"since": "ge", "after": "after", "before": "before", "until": "le"}
    return [{"field": "time", "op": ops.get(match[1], "begins"), "value": match[3] + month}]


def _bounds(text: str, field: str, noun: str) -> list[Value]:
    """Returns what a text says about how many of something an item may have."""
    found: list[Value] = []
    for op, words in (("gt", _MORE), ("lt", _LESS), ("ge", _LEAST), ("le", _MOST)):
        match = re.search(rf"{words} (\d+) {noun}", text) or re.search(
            rf"{noun} (?:of |is |that is |are )?{words} (\d+)", text
        )
        if match:
            found.append({"field": field, "op": op, "value": int(match[1])})
    match = re.search(rf"(\d+) or more {noun}", text)
    if match:
        found.append({"field": field, "op": "ge", "value": int(match[1])})
    match = re.search(rf"exactly (\d+|one|two|three) {noun}", text)
    if match:
        found.append({"field": field, "op": "is", "value": number_of(match[1]) or 0})
    return found
