"""Says an intent the plain way: acts in the order in which they are to be done, people by deed.

After leaving f/x, join f/y                    ->   leave f/x, then join f/y
Who was first to comment on the post?          ->   Who wrote the first comment on the post?
Would you mind upvoting it?                    ->   upvote it?
Sam, whose comment is the first one under it   ->   Sam, who wrote the first comment on it

Works on masked text, so that nothing that is quoted can change.
"""

from __future__ import annotations

import re

__all__ = ["rephrased"]

_ACTS: dict[str, str] = {
    act + "ing" if not act.endswith("e") else act[:-1] + "ing": act
    for act in (
        *("leave", "join", "follow", "unfollow", "subscribe", "unsubscribe", "upvote", "downvote"),
        *("like", "dislike", "comment", "reply", "respond", "answer", "post", "submit", "block"),
        *("unblock", "delete", "remove", "edit", "message", "send", "write", "create", "make"),
        *("open", "read", "add", "give", "change", "publish", "share", "clear", "append"),
    )
} | {"submitting": "submit", "putting": "put", "setting": "set"}
"""Gerund to imperative of what can be done on a site."""

_ACT = "|".join(sorted(_ACTS, key=len, reverse=True))
_OPENS = re.compile(
    rf"^(?P<when>after|before)(?: first)? (?P<act>{_ACT})\b(?P<rest>[^,]*),(?: then)? "
    r"(?P<other>.+)$",
    re.IGNORECASE,
)
_ENDS = re.compile(
    rf"^(?P<other>.+?),?(?: but)?(?: only)? (?P<when>after|before) (?P<act>{_ACT})\b(?P<rest>.*)$",
    re.IGNORECASE,
)
_OTHER_ACTS = ("retract", "undo", "take", "tell", "sign", "mark")
_IS_ACT = re.compile(
    r"(?:in [^,]+, )?(?:(?:please|also|and|then|could you|would you|i want you to|i'd like you to)"
    rf" )*(?:{'|'.join((*_ACTS.values(), *_OTHER_ACTS))})\b",
    re.IGNORECASE,
)
"""A question is not put in order: who posted after joining f/x?"""
_POINTS_BACK = re.compile(r"\b(?:it|them|there|that one)\b")
_WORDINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for pattern, meaning in (
        (
            r"\bwas (?:the )?(first|last)(?: one| user| person)? to (?:comment|reply)"
            r"(?= (?:on|under|to|in)\b)",
            r"wrote the \1 comment",
        ),
        (r"\bwho (?:commented|replied|answered|responded) (first|last)(?= (?:on|under|to|in)\b)",
         r"who wrote the \1 comment"),
        (r"\bwhose comment (?:is|was|comes) (?:the )?(first|last|newest|oldest)(?: one)?\b"
         r"(?= (?:on|under|below|in)\b)", r"who wrote the \1 comment"),
        (r"\b(?:who is |name )?the (?:author|writer) of the comment (?:that |which )?(\S+)"
         r" (?:has |is )?(?:replied|responded|answered|replying|responding|answering)(?: to)?",
         r"to whom did \1 reply"),
        (r"\b(?:is|was|has been|were) (\S+) (?:replying|responding|answering)\b", r"did \1 reply"),
    )
)  # fmt: skip
_MIND = re.compile(rf"\b(?:would|do) you mind (?P<act>{_ACT})\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.;?!])\s+")


def rephrased(text: str) -> str:
    """Returns a masked text in plain wording."""
    for pattern, meaning in _WORDINGS:
        text = pattern.sub(meaning, text)
    text = _MIND.sub(lambda match: _ACTS[match["act"].casefold()], text)
    return " ".join(_in_order(sentence) for sentence in _SENTENCE.split(text))


def _in_order(sentence: str) -> str:
    """Returns a sentence with its acts in the order in which they are to be done."""
    if "after" not in sentence.casefold() and "before" not in sentence.casefold():
        return sentence
    match = _OPENS.match(sentence) or _ENDS.match(sentence)
    if match is None or not _IS_ACT.match(match["other"]):
        return sentence
    act = _ACTS[match["act"].casefold()] + match["rest"].rstrip(" .!?;")
    other = match["other"].rstrip(" .!?;")
    is_first = match["when"].casefold() == "after" and not _POINTS_BACK.search(act)
    first, second = (act, other) if is_first else (other, act)
    return f"{first}, then {second}."
