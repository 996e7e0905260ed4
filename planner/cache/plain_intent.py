"""The same wish in plainer words, before anything reads it.

    "Could you give the latest submission of the nyc forum a thumbs up?"
    "upvote the newest post of the nyc forum"

Each row is an English paraphrase that holds for any task. Texts in quotation marks and names stay
as they are. A row that changes nothing for the rules does no harm; one that joins two wishes would:
so verbs are only replaced by verbs of the same act, and no row drops a word that selects something.
"""

from __future__ import annotations

import re

__all__ = ["plain_intent"]

_QUOTED = re.compile(r'("[^"]*")')
_HELD = re.compile("\x02(\\d+)\x03")
_VOTES = {
    "upvote": "upvote", "like": "upvote", "thumbs up": "upvote", "thumbs-up": "upvote",
    "downvote": "downvote", "dislike": "downvote", "thumbs down": "downvote",
    "thumbs-down": "downvote",
}  # fmt: skip
_VOTE = "|".join(_VOTES)
_NAME = r"(?-i:(?:u/)?(?=[\w-]*[A-Za-z])[\w-]*(?:[\d_]|[a-z][A-Z])[\w-]*)"
"""A user's name as it can be told from a word: with a digit, an underscore or two capitals."""
_MADE = r"(?:written|made|submitted|posted|left|created|authored|published|shared)"
_ROWS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), plain)
    for pattern, plain in (
        (r"^(?:(?:hi|hello|hey|please|kindly|now|ok|okay)\b[,!]? *)+", ""),
        (r"^(?:(?:can|could|would|will) you|i(?:'d| would) like you to|i (?:want|need) you to"
         r"|your task is to)(?: please| kindly)?\b *", ""),
        (r",? please(?=[.!?]?$)", ""),
        (r"\bsubmissions\b", "posts"),
        (r"\bsubmission\b(?! page)", "post"),
        (r"(?<!message )\bthread(s?)\b", r"post\1"),
        (r"\b(?:subreddit|community)\b", "forum"),
        (r"\b(?:subreddits|communities)\b", "forums"),
        (r"\bmost recent(?:ly (?:posted|submitted|created))?\b|\bfreshest\b|\blatest\b", "newest"),
        (r"\bearliest\b", "oldest"),
        (r"\bmost disputed\b", "most controversial"),
        (r"\bmute\b|\bignore\b(?= (?:the |this )?(?:user )?\S+(?: |\.|$))", "block"),
        (r"\bunmute\b|\bstop (?:blocking|ignoring|muting)\b", "unblock"),
        (r"\bblocked list\b", "block list"),
        (r"^(?:report|read me|read out)(?= (?:the|what|who|how)\b)", "return"),
        (r"^add (.{2,40}?) to my subscriptions\b", r"subscribe to \1"),
        (r"^(?:remove|drop) (.{2,40}?) from my subscriptions\b", r"unsubscribe from \1"),
        (r"\bi(?:'d| would) like my (bio\w*|profile) to (?:read|say|be)\b", r"change my \1 to"),
        (r"\bwhat is (?:written|said) in the (?:profile|bio|biography) of\b",
         "return the biography of"),
        (r"\bwhat does the (text|body) of ([^.;?]*?) say\b", r"what is the \1 of \2"),
        (r"\b(?:highest|largest|greatest) number of\b", "most"),
        (r"\b(?:lowest|smallest) number of\b", "fewest"),
        (r"\bpost in (second|third|fourth|fifth) place\b", r"\1 post"),
        (r"\bvote up\b", "upvote"),
        (r"\bvote down\b", "downvote"),
        (r"\bretract\b", "take back"),
        (r"\btake (my (?:(?:up|down)?vote)\b[^.;]*?) back\b", r"take back \1"),
        (r"^((?:answer|reply|respond|comment)\b[^:]*): (?=\x02)", r"\1 with "),
        (r"\btitled|\b(?:with the title|whose title is|and title it|and call it)(?= \x02)",
         "titled"),
        (rf"\b(posts?|comments?|ones|those) (?:{_MADE} )?(?:of|from|by) (?:the user )?({_NAME})"
         rf"(?= (?:in|on|under|to)\b)", r"\1 by \2"),
        (rf"\b(posts?|comments?|ones|those) (?:that |which )?(?:the user )?({_NAME})"
         rf" (?:has |had )?(?:wrote|{_MADE})\b", r"\1 by \2"),
        (rf"\b({_NAME})'s (posts?|comments?)\b", r"\2 by \1"),
        (r"\b(?:(?:each|all) (?:one )?of (?:the )?|all (?:the )?)posts by\b", "every post by"),
        (r"\b(?:(?:each|all) (?:one )?of (?:the )?|all (?:the )?)comments by\b",
         "every comment by"),
        (r"\beach (post|comment) by\b", r"every \1 by"),
        (r"\b(?:users|people|members) (?:who |that )?(?:are |have )?subscribed? to\b",
         "subscribers has"),
        (r"\bsubscriber counts?\b", "number of subscribers"),
        (r"\bsum up the (?:points|scores?|votes) of\b", "what is the total score of"),
        (r"\brename (my (?:post|comment)\b[^.;]*?) to(?= \x02)", r"change the title of \1 to"),
    )
)  # fmt: skip
_GIVEN = re.compile(
    rf"\bgiv(?:e|ing) ((?:the|each|every|all|my|\x02|f/|u/|an?y)\b[^.;,]{{0,120}}?) an? ({_VOTE})\b"
    rf"|\b(?:giv(?:e|ing)|cast|leave|add) an? ({_VOTE}) (?:to|on|for)\b",
    re.IGNORECASE,
)


def plain_intent(intent: str) -> str:
    """Returns an intent in plainer words; what stands in quotation marks is untouched."""
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(match[0])
        return f"\x02{len(held) - 1}\x03"

    text = _QUOTED.sub(hold, intent)
    for pattern, plain in _ROWS:
        text = pattern.sub(plain, text)
    text = _GIVEN.sub(_voted, text)
    text = _HELD.sub(lambda match: held[int(match[1])], text)
    return " ".join(text.split())


def _voted(match: re.Match[str]) -> str:
    vote = _VOTES[(match[2] or match[3]).lower()]
    return f"{vote} {match[1]}" if match[1] else vote
