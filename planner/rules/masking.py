"""Takes what is quoted, linked or described out of an intent, so that only wording remains.

Upvote "A, B and C" in f/x                ->   Upvote «0» in f/x
Edit my post on Night Trains by adding    ->   Edit my post «0» by adding
a forum about gaming consoles, and post   ->   a forum about «0», and post
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["LINK", "QUOTE", "Masked", "mask"]

QUOTE = re.compile(r"«(\d+)»")
LINK = re.compile(r"«L(\d+)»")

_STRAIGHT = {0x201C: '"', 0x201D: '"', 0x2019: "'", 0x2018: "'"}
_QUOTED = re.compile(r'(?<![\w"])"(.+?)"(?![\w"])', re.DOTALL)
_SINGLE = re.compile(r"(?<![^\s(\[:,])'(?=\S)((?:[^'\n]|(?<=\w)'(?=\w))+)(?<=\S)'(?!\w)")
"""Text between single quotes; an apostrophe within a word opens and closes nothing."""
_URL = re.compile(r"https?://[^\s,;\"]+[^\s,;.\"?!:)]")
_END = r"(?=,? (?:and|then|by|with|from|where|please|so)\b|[,.;?!]|$)"
_DESCRIBED = (
    re.compile(
        r"\b(?:forum|community|subreddit)s?(?: that is| that are)?(?: focused on)?"
        r"(?: (?:topics?|things|content|posts))?"
        r" (?:related to|about|for|focused on|on|dedicated to|dealing with|concerning|devoted to)"
        r"(?: the topics?(?: of)?)? (?P<text>(?!me\b|that\b|this\b)[^«».;?!]+?)"
        r"(?=,? and (?:post|then|create|submit|ask|share|publish|leave|comment|subscribe|upvote"
        r"|join|open|return|tell)\b|\. |[.;?!]?$|, (?:and|then|where|which)\b)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:my|the) (?:post|submission|thread|discussion|question) (?:on|about|regarding) "
        r"(?P<text>(?!that|this|the created|f/)(?:[A-Z][^«».,;]*?|the [A-Z][^«».,;]*?))"
        r"(?=,? (?:and|then|by|where|please|so|with the (?:lowest|highest|most|fewest))\b|[,.;]|$)"
    ),
    re.compile(
        r"\b(?:image|picture|photo|photograph) of (?P<text>[^«».,;]+?)(?= from\b| in\b| to\b"
        r"|[,.;]|$)",
        re.IGNORECASE,
    ),
)


@dataclass(frozen=True, slots=True)
class Masked:
    """An intent without its quotations."""

    text: str
    quotes: tuple[str, ...]
    links: tuple[str, ...]
    described: frozenset[str] = frozenset()
    """Quotations that the intent does not quote: descriptions, not names."""

    def quote(self, number: str) -> str:
        """Returns the quotation of a mark's number."""
        return self.quotes[int(number)]

    def link(self, number: str) -> str:
        """Returns the link of a mark's number."""
        return self.links[int(number)]

    def part(self, text: str) -> Masked:
        """Returns a piece of the text with the same quotations."""
        return Masked(text, self.quotes, self.links, self.described)


def mask(intent: str) -> Masked:
    """Returns an intent with marks for its quotations, links and descriptions."""
    quotes: list[str] = []
    links: list[str] = []

    def quoted(match: re.Match[str]) -> str:
        quotes.append(match[1].rstrip(",") if match[1].endswith('",') else match[1])
        return f"«{len(quotes) - 1}»"

    def linked(match: re.Match[str]) -> str:
        links.append(match[0])
        return f"«L{len(links) - 1}»"

    def described(match: re.Match[str]) -> str:
        quotes.append(match["text"].strip())
        start = match.start("text") - match.start()
        return f"{match[0][:start]}«{len(quotes) - 1}»{match[0][start + len(match['text']) :]}"

    text = _SINGLE.sub(quoted, _QUOTED.sub(quoted, intent.translate(_STRAIGHT)))
    text = _URL.sub(linked, text)
    num_quoted = len(quotes)
    for pattern in _DESCRIBED:
        text = pattern.sub(described, text)
    return Masked(
        " ".join(text.split()), tuple(quotes), tuple(links), frozenset(quotes[num_quoted:])
    )
