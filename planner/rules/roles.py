"""Which quotation plays which part in a request: the title, the text, the post that is meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations

from planner.rules.mentions import QuoteUse

__all__ = ["assign"]

_CUES: dict[str, tuple[tuple[str, float], ...]] = {
    "post": (
        (r"(?:posts?|submissions?|threads?|story|article|link|discussion|picture"
         r"|image of)(?: (?:called"
         r"|titled|named|with the title|entitled|on|about|of))?\W*$", 3.0),
        (r"(?:under|beneath|below|commented on|comments of|comments on|comment on)\W*$", 2.8),
        (r"(?:find|open|of|on|on the|for|to|about)\W*$", 1.5),
        (r"\bfrom\W*$", 1.2),
        (r"(?:in|titled|called|title)\W*$", 1.0),
    ),
    "comment": (
        (r"(?:comment|reply|commented|says?|saying|wrote|answer|reads)\W*$", 3.0),
        (r"(?:that|with|text)\W*$", 1.0),
    ),
    "word": (
        (r"(?:contain|mention|includ|hav|with|use)\w*(?: (?:the|a))?(?: (?:word|words|phrase"
         r"|term|text|string))"
         r"\W*$", 5.0),
        (r"(?:contain|mention|includ)\w*\W*$", 4.0),
        (r"\bthe (?:word|words|phrase|term)\W*$", 4.0),
    ),
    "comment_ref": (
        (r"\b(?:to|on) (?:the|that|a) (?:comment|reply)(?: (?:that|which) (?:says|reads)| saying"
         r"| reading"
         r"| with the text)?\W*$", 4.0),
    ),
    "text": (
        (r"(?:comment|reply|remark|answer|message|response|note)(?: (?:with|that says|saying"
         r"|reading"
         r"|is|to it))?\W*$", 3.0),
        (r"(?:with|saying|says?|text|write|it|reads?|respond|words?|line|send|leave|becomes?|to"
         r"|by|be"
         r"|that)\W*$", 2.0),
        (r"(?:and|gets?)\W*$", 0.6),
    ),
    "title": (
        (r"(?:titled?|entitled|headline|headed|title (?:it|is|to|of)|called|named|title should be)"
         r"\W*$", 3.0),
        (r"(?:question|post|submit|share|publish|ask|thread|discussion|notice)\W*$", 2.0),
        (r"(?:is|it|with)\W*$", 0.6),
    ),
    "body": (
        (r"(?:body|text|details?|content|prompt|description|message)(?: (?:says?|is|of|to|ask|write"
         r"|reads?|should (?:be|say|read)|saying|with))?\W*$", 3.0),
        (r"(?:says?|saying|ask|write|reads?|line|with)\W*$", 1.4),
    ),
    "name": (
        (r"name(?:d)?(?: and (?:its |the )?title)?(?: (?:is|are|of))?\W*$", 3.0),
        (r"(?:called|forum|community|title (?:are|is))\W*$", 2.0),
    ),
    "full_title": ((r"(?<!and )(?<!its )title(?: (?:is|of|to))?\W*$", 1.8),),
    "description": (
        (r"(?:description|described as|describes it as)(?: (?:is|says|of|to))?\W*$", 3.0),
    ),
    "sidebar": ((r"(?:sidebar|side panel)(?: (?:is|says|of|to|text|reads))?\W*$", 3.0),),
    "forum_title": (
        (r"\b(?:the|a|one|new) (?:forum|community|subreddit) (?:called|titled|named"
         r"|entitled)\W*$", 4.0),
        (r"(?:forum|community|subreddit) (?:with the (?:title|name)|whose (?:title|name) is"
         r"|that is (?:called|titled|named)|which is (?:called|titled|named))\W*$", 4.0),
    ),
    "topic": (
        (r"(?:forum|community|subreddit)s?\b[^«,]{0,30}(?:related to|about|for|focused on"
         r"|dedicated to"
         r"|devoted to|dealing with|concerning|topics? of)(?: the topics?(?: of)?)?\W*$", 4.0),
    ),
    "forum": ((r"(?:f/|forums?|in|to|from)(?: the)?\W*$", 0.8),),
    "query": ((r".*", 1.0),),
}  # fmt: skip
_AFTER: dict[str, tuple[tuple[str, float], ...]] = {
    "post": ((r"^\W*(?:in|\(|of|by|from|which|and (?:reply|comment|give))\b", 0.6),),
    "forum": ((r"^\W*(?:forum|community|subreddit)\b", 4.0),),
    "word": (
        (
            r"^\W*(?:in|as part of) (?:the|their|its|his|her|any) "
            r"(?:titles?|body|text|headlines?|names?|comments?)\b",
            5.0,
        ),
    ),
    "text": ((r"^\W*(?:on|to|under|as a)\b", 0.6),),
    "title": ((r"^\W*(?:to|in) (?:the|f/|it|a)", 0.5),),
}


_PATTERNS = {
    role: [(re.compile(rf"\b(?:{pattern})"), weight) for pattern, weight in cues]
    for role, cues in _CUES.items()
}
"""The cues, each at the start of a word."""


def assign(uses: Sequence[QuoteUse], roles: Sequence[str]) -> dict[str, QuoteUse]:
    """Returns the most fitting role for each quotation, each role at most once.

    Args:
        uses: The quotations, in order; beyond the sixth they are left out.
        roles: Roles that the request can have.
    """
    uses = uses[:6]
    slots = [*roles, *[""] * len(uses)]
    best: tuple[float, tuple[str, ...]] = (-1.0, ())
    scores = {(i, role): _score(use, role) for i, use in enumerate(uses) for role in roles}
    for chosen in set(permutations(slots, len(uses))) if len(slots) <= 8 else _greedy(scores, uses):
        total = sum(scores.get((i, role), 0.0) for i, role in enumerate(chosen))
        if total > best[0]:
            best = total, chosen
    return {role: use for role, use in zip(best[1], uses, strict=True) if role}


def _score(use: QuoteUse, role: str) -> float:
    cues = _PATTERNS.get(role, ())
    before = max((weight for cue, weight in cues if cue.search(use.before)), default=0.0)
    after = max((w for p, w in _AFTER.get(role, ()) if re.search(p, use.after)), default=0.0)
    return before + after if before or after > 2 else -0.5


def _greedy(
    scores: dict[tuple[int, str], float], uses: Sequence[QuoteUse]
) -> list[tuple[str, ...]]:
    chosen = [""] * len(uses)
    for (i, role), score in sorted(scores.items(), key=lambda pair: -pair[1]):
        if score > 0 and not chosen[i] and role not in chosen:
            chosen[i] = role
    return [tuple(chosen)]
