"""What an intent asks for, apart from what it asks it of: the identity of a task.

    "Upvote the newest post in books"              signature s, slots ("books",)
    "Give the latest submission of nyc a like"     signature s, slots ("nyc",)
    "Upvote the oldest post in books"              another signature

A signature has two halves, and two intents are the same only if both are equal. The first is the
rules' plan with its slot values lifted out: verbs, objects, orders, ranks, conditions, who gets
what from whom (`plan_shape`). The second is what the words themselves say (`wording`), because the
rules skip words that they do not know, with what only one of the two speaks of (`accounting`).
Both read the intent in plainer words (`plain_intent`). Slots are numbered by their place in the
rules' plan, so a paraphrase that names them in another order binds the same values to the same
parts.

Not covered: two wordings that differ only in neutral words of which neither half knows the meaning.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache

from pydantic import JsonValue

from core.tasks import PublicTask
from planner.cache.accounting import left_over
from planner.cache.intent_names import spots
from planner.cache.plain_intent import plain_intent
from planner.cache.plan_shape import is_visit, plan_shape
from planner.cache.remainder import roles_of, with_missed_slots, without_slots
from planner.cache.wording import canonical_words, marks_of, unknown_words

__all__ = ["Reading", "read_task"]

_QUOTES = str.maketrans({0x201C: '"', 0x201D: '"', 0x2019: "'", 0x2018: "'"})


@dataclass(frozen=True, slots=True)
class Reading:
    """An intent, understood."""

    signature: str
    """Equal for tasks that one plan serves, slots aside; a digest in hex."""
    slots: tuple[str, ...]
    """What the task's author chose, by place in the rules' plan."""
    addresses: frozenset[int]
    """Slots that the task gives as an address (`f/books`)."""
    words: tuple[str, ...]
    """Canonical words, for similarity."""


def read_task(task: PublicTask) -> Reading:
    """Returns the identity of a task: intent, and the page that it starts on."""
    starts = tuple(_relative(url, task) for url in task.start_urls)
    intent = plain_intent(" ".join(task.intent.translate(_QUOTES).split()))
    return _read(intent, task.sites, starts)


@lru_cache(maxsize=512)
def _read(intent: str, sites: tuple[str, ...], starts: tuple[str, ...]) -> Reading:
    shape, slots, sorts = plan_shape(intent, sites, starts)
    remainder, missed = with_missed_slots(without_slots(intent, slots), slots)
    words = canonical_words(remainder)
    wanted: list[JsonValue] = [
        shape,
        list(starts),
        roles_of(sorts, remainder),
        missed,
        marks_of(words, len(slots), is_visit=is_visit(shape)),
        left_over(remainder, shape, is_known=not unknown_words(words)),
    ]
    digest = hashlib.blake2b(json.dumps(wanted, sort_keys=True).encode(), digest_size=16)
    addresses = frozenset(
        number
        for number, slot in enumerate(slots)
        if next(spots(f"f/{slot}", intent), None) is not None
    )
    return Reading(digest.hexdigest(), tuple(slots), addresses, tuple(words))


def _relative(url: str, task: PublicTask) -> str:
    for site, base in task.base_urls.items():
        if url.startswith(base):
            return f"{site}:{url[len(base) :].rstrip('/')}"
    return url.rstrip("/")
