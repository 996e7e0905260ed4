"""Words of intents and what they mean to the guard of the plan cache.

    concept   compared as a set: superlatives, polarity, ownership, quantity
    neutral   said differently in every paraphrase, and told apart by the rules' plan already
    ordered   turns the meaning of its neighbours: the whole wording must then be the same
    (other)   unknown: must stand in both intents, in the same order

The lists are closed: a word that is in none of them separates two intents. So a gap here costs a
hit, never a wrong plan.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

__all__ = ["CONCEPTS", "DIRECTIONS", "NEUTRAL", "NUMBERS", "ORDERED", "PHRASES", "THINGS"]


@cache
def _line(name: str) -> str:
    """Returns the words that `words.txt` lists under a name."""
    text = resources.files("planner.cache").joinpath("words.txt").read_text(encoding="utf-8")
    sections = dict(part.split(":", 1) for part in text.split("\n\n"))
    return " ".join(sections[name].split())


def _words(name: str) -> frozenset[str]:
    return frozenset(_line(name).split())


_THING = (
    r"(?:posts?|submissions?|threads?|comments?|repl(?:y|ies)|questions?|discussions?|remarks?)"
)
_DEGREE = r"(?:upvotes?|points?|votes?|likes?|score|rating)"

PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), f" {meaning} " if meaning else " ")
    for pattern, meaning in (
        (r"\bno longer (?:want|wish|care|like) to (?:be subscribed|follow)(?: to)?\b",
         "=unsubscribe"),
        (r"\b(?:do not|don't) want to (?:see|hear|read) anything (?:more )?(?:from|by)"
         r" ([^ .]+)(?: any ?more)?", r"=block \1"),
        (r"\b(?:un|re)?subscri(?:be|ption|bed|ber)(?: me)? (?:from|to)\b(?<=from)",
         "=unsubscribe"),
        (r"\b(?:users?|people|members?|accounts?) (?:that |who )?(?:have |are |is"
         r" )?(?:subscribed|joined|following)(?: to)?\b",
         "subscribers"),
        (r"\bsubscri(?:be|ptions?|bed|ber) (?:me )?to\b", "=subscribe"),
        (r"\b(?:an?|the|as|become|becoming) (?:subscriber|follower|member) of\b|\b(?:as"
         r"|become|be) an? (?:subscriber"
         r"|follower|member)\b", "=subscribe"),
        (r"\bsubscri\w+ counts?\b|\b(?:number|count|amount) of (?:subscribers|members)\b"
         r"|\bsubscribers\b", "subscribers"),
        (r"\b(?:leave|drop|quit)(?= (?:the |from )*(?:forums? |community )*(?:f/)?<)",
         "=unsubscribe"),
        (r"\badd(?= (?:the )*(?:forums? )*<\d+>(?:[^.]*) =unsubscribe)", "=subscribe"),
        (r"\bmy subscriptions\b", ""),
        (r"\b(?:an?|one|the) new (?=(?:private |direct )?(?:message|forum|community|post"
         r"|thread|submission|comment)\b)", ""),
        (r"\banother (?=line|paragraph|sentence)", ""),
        (r"\bblock(?:ed)? (?:list|users?)\b", "=block"),
        (r"\bmost (?=controversial|disputed|hot|trending|active)|\bof all\b(?! time)", ""),
        (r"\bmore downvotes than upvotes\b|\bmore down than up ?votes\b|\b(?:below|under|less"
         r" than) (?:zero|0)"
         r"(?: points?)?\b|\bnegative(?:ly)?(?: (?:score|rating|rated|points|net)\w*)?\b"
         r"|\bdownvoted more (?:often )?than (?:they were )?upvoted\b", "=negative"),
        (r"\bmore upvotes than downvotes\b|\bpositive(?: (?:score|rating|points))?\b|\babove"
         r" (?:zero|0)\b", "=positive"),
        (r"\b(?:most|highest number of|largest number of|greatest number of) (?:comments?"
         r"|repl(?:y|ies))\b"
         r"|\bmost[- ](?:commented|discussed|replied)\b|\bcommented(?: on)? (?:the )?most\b",
         "=most_comments"),
        (r"\b(?:fewest|least|lowest number of|smallest number of) (?:comments?|repl(?:y|ies))\b"
         r"|\bleast[- ](?:commented|discussed)\b|\bcommented(?: on)? (?:the )?least\b",
         "=fewest_comments"),
        (rf"\b(?:lowest|worst|least)[- ](?:scor\w+|rat\w+|rank\w+|vot\w+|upvoted|liked"
         rf"|popular)(?: {_DEGREE})?\b"
         rf"|\b(?:fewest|least|lowest) (?:number of )?(?:net )?{_DEGREE}\b|\bby (?:the"
         rf" )?lowest score\b", "=lowest"),
        (rf"\b(?:highest|best|top|most)[- ](?:scor\w+|rat\w+|rank\w+|vot\w+|upvoted|liked"
         rf"|popular)(?: {_DEGREE})?\b"
         rf"|\b(?:most|highest) (?:number of )?(?:net )?{_DEGREE}\b|\bby score\b|\bbest(?: of"
         rf" all)?\b", "=top"),
        (r"\b(?:recently|most) active\b|\b(?:latest|most recent|recent) activity\b", "=active"),
        (r"\bleast recent(?:ly)?\b|\bfirst ever\b|\bvery first\b|\bposted first\b", "=oldest"),
        (r"\bmost recent(?:ly)?(?: \w+ed\b)?|\b(?:posted|submitted|published|added|written"
         r"|wrote) last\b"
         rf"|\blast (?:posted|submitted|published|added)\b|\blast(?= {_THING}\b| message\b)",
         "=newest"),
        (r"\b(?:of )?all[- ]time\b|\bever\b", ""),
        (r"\b(?:(?:in|of|from|over) )?(?:the )?(?:past|last|this) (?:24 hours|day)\b"
         r"|\btoday\b", "=day"),
        (r"\b(?:(?:in|of|from|over) )?(?:the )?(?:past|last|this) week\b|\bof the week\b",
         "=week"),
        (r"\b(?:(?:in|of|from|over) )?(?:the )?(?:past|last|this) month\b|\bof the month\b",
         "=month"),
        (r"\b(?:(?:in|of|from|over) )?(?:the )?(?:past|last|this) year\b|\bof the year\b",
         "=year"),
        (r",? so (?:that )?i (?:can |may |will )?(?:hear|know|see|get|notice)\b[^.;]*", ""),
        (r"\bthumbs?[- ]up\b|\bvote (?:it )?up\b|\bup-vote\b", "=upvote"),
        (r"\bthumbs?[- ]down\b|\bvote (?:it )?down\b|\bdown-vote\b", "=downvote"),
        (r"\b(?:take down|get rid of|take away)\b", "=delete"),
        (r"\b(?:take back|take away)\b(?= .*vote)", "=undo"),
        (r"\b(?:get|gets|got|post|leave|add|put|send|submit|share|ask) my\b", "post"),
        (r"\bmy (?:own )?(?=(?:bio\w*|profile|conversation|messages?|message thread|inbox"
         r"|account|subscriptions?"
         r"|notifications?|vote|question|link|private)\b)", ""),
        (rf"\bmy (?:own )?(?:\S+ )?(?={_THING}\b)|\bmine\b|\b(?:that )?i (?:wrote|posted|made"
         rf"|submitted|commented|left"
         r"|created|published|shared)\b", "=mine"),
        (rf"\b(?:all|every|each|any)(?: (?:one )?of)?(?: the| my| their| his| her| those)*(?:"
         rf" ?<\d+>)?(?: ?'s)?"
         rf"(?: \w+){{0,2}}? ({_THING})\b", r"=all \1"),
        (r"\b(?:everything|anything|all things)\b", "=all post"),
        (r"\b(?:total|overall) (?=(?:number|count|amount)\b)", ""),
        (r"\btwo things\b|\bby default\b|\bfor me\b|\bto me\b|\bof the (?:two|three)\b"
         r"|\bsign(?:ed)?[- ]in\b", ""),
        (r"^(?:besides|also|then|first|next|finally)\b,?|(?<=[.;!?] )(?:besides|also|then"
         r"|next|finally)\b,?", ""),
        (r"\bfirst(?! (?:\w+ )?(?:posts?|submissions?|threads?|comments?|repl|questions?|entr"
         r"|items?|one))\b", ""),
        (rf"\bone(?= {_THING}\b)", "=1"),
        (r"\bwith the most (?=subscri|member)", "more "),
    )
)  # fmt: skip
"""Wordings of several words and what they say; a meaning that begins with `=` is a concept."""

_SYNONYMS: dict[str, str] = {
    "upvote": "upvote upvotes upvoted upvoting like likes liked",
    "downvote": "downvote downvotes downvoted downvoting dislike dislikes disliked",
    "subscribe": "subscribe subscribed subscriber follow follower join",
    "unsubscribe": "unsubscribe unsubscribed unfollow quit",
    "block": "block blocked ignore mute",
    "unblock": "unblock unmute unignore",
    "delete": "delete deleted remove removed erase discard",
    "undo": "undo retract revoke unvote unlike cancel withdraw",
    "newest": "newest latest new recent recently freshest",
    "oldest": "oldest earliest",
    "top": "top best highest",
    "lowest": "lowest worst",
    "hottest": "hot hottest trending",
    "controversial": "controversial disputed",
    "active": "active",
    "more": "more larger bigger higher greater most largest biggest busier longer",
    "sum": "sum total altogether combined together overall",
    "average": "average mean",
    "difference": "difference differ minus",
    "earlier": "older earlier sooner",
    "later": "newer later",
    "less": "fewer smaller lower less fewest smallest least shorter",
}
CONCEPTS: dict[str, str] = {
    word: concept for concept, words in _SYNONYMS.items() for word in words.split()
}
"""Single words and the concept they stand for."""

ORDERED = _words("ordered")
"""Words that turn what is said around them."""

NUMBERS: dict[str, str] = {
    word: str(number)
    for number, words in enumerate(_line("numbers").split("/"), start=1)
    for word in words.split()
}
"""Number words and ordinals, and the number they say."""

DIRECTIONS: dict[str, str] = {
    "from": "from", "to": "to", "into": "to", "onto": "to", "by": "by", "than": "than",
    "before": "before", "after": "after", "with": "with", "about": "about", "between": "between",
}  # fmt: skip
"""Words before an unknown word or a slot that say which part it plays."""

THINGS: dict[str, str] = {
    **dict.fromkeys(("comment", "comments", "reply", "replies", "remark", "remarks"), "comment"),
    **dict.fromkeys(("message", "messages"), "message"),
    **dict.fromkeys(("forum", "forums", "community", "communities", "subreddit"), "forum"),
    **dict.fromkeys(("user", "users", "member", "members"), "user"),
    **dict.fromkeys(("post", "posts", "submission", "submissions", "thread", "threads"), "post"),
}
"""Nouns that a superlative can be about."""

NEUTRAL = _words("neutral")
"""Words that paraphrases change freely."""
