"""What is left of an intent without its slots, and which part each slot plays by its neighbours."""

from __future__ import annotations

import re

from pydantic import JsonValue

from planner.cache.intent_names import spots
from planner.cache.wording import said

__all__ = ["roles_of", "with_missed_slots", "without_slots"]

_OPENING = re.compile(r'(?:\b[fu]/|")$')
_CLOSING = re.compile(r'[,.]?"|[,.]')
_NAMED = re.compile(
    r'"(?P<quoted>[^"]+)"|\b(?:[fu]/)?(?P<name>(?=[\w-]*[A-Za-z])(?:[\w-]*[\d_][\w-]*|\w*[a-z][A-Z][\w-]*'
    r"|[A-Z]\w+-[A-Z][\w-]*))(?<!\dst)(?<!\dnd)(?<!\drd)(?<!\dth)(?!>)\b"
)
_PARTS = {"from": "from", "by": "by", "than": "than", "before": "before", "after": "after"}
"""What tells alike slots apart; the rest (`in`, `of`, `to`) paraphrases change freely."""


def without_slots(intent: str, slots: list[str]) -> str:
    """Puts marks where slots stand, with the quotation marks and the `f/` that belong to them."""
    for slot in sorted(slots, key=len, reverse=True):
        parts: list[str] = []
        behind = 0
        for start, end in spots(slot, intent):
            if start < behind:
                continue
            before = _OPENING.sub("", intent[behind:start])
            parts += [before, f" <{slots.index(slot)}> "]
            behind = end
            if match := _CLOSING.match(intent, end):
                behind = match.end()
        intent = "".join([*parts, intent[behind:]])
    return " ".join(intent.split())


def with_missed_slots(remainder: str, slots: list[str]) -> tuple[str, JsonValue]:
    """Makes slots of quotations and names that the rules' plan leaves out, and appends them.

    Nothing but its surroundings says which part such a slot plays, so they must be the same: the
    direction word before it, and where there are several of them, the words on both sides.
    """
    found = [match for match in _NAMED.finditer(remainder) if match["name"] or match["quoted"]]
    roles: list[JsonValue] = []
    for match in reversed(found):
        text = match["quoted"] or match["name"]
        before = remainder[: match.start()].lower().split()
        if len(found) > 1:
            after = remainder[match.end() :].lower().split()
            roles.append(" ".join([*before[-2:], "_", *after[:1]]))
        else:
            roles.append(_PARTS.get(before[-1], "") if before and before[-1] != "by" else "")
        if text not in slots:
            slots.append(text)
        mark = f" <{slots.index(text)}> "
        remainder = remainder[: match.start()] + mark + remainder[match.end() :]
    return " ".join(remainder.split()), roles


def roles_of(sorts: dict[int, str], remainder: str) -> JsonValue:
    """Returns the preposition before each of several slots that play the same part in the plan."""
    parts = list(sorts.values())
    found: dict[str, str] = {}
    for slot in (slot for slot, sort in sorts.items() if parts.count(sort) > 1):
        match = re.search(
            rf"(\w+|=\w+) +(?:the |a |forums? |users? |posts? |of )*<{slot}>", said(remainder)
        )
        found[str(slot)] = _PARTS.get(match[1] if match else "", "")
    return {slot: [role] for slot, role in found.items() if role}
