"""What an intent asks for, apart from what it asks it of: the identity of a task.

    "Upvote the newest post in books"              signature s, slots ("books",)
    "Give the latest submission of nyc a like"     signature s, slots ("nyc",)
    "Upvote the oldest post in books"              another signature

A signature has two halves, and two intents are the same only if both are equal. The first is the
rules' plan with its slot values lifted out: verbs, objects, orders, ranks, conditions, who gets
what from whom. The second is what the words themselves say (`planner.cache.lexicon`), because the
rules skip words that they do not know. Slots are numbered by their place in the rules' plan, so a
paraphrase that names them in another order binds the same values to the same parts.

Not covered: two wordings that differ only in neutral words which the rules' plan ignores.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from pydantic import JsonValue

from core.errors import PlanError
from core.plans import Plan, PlanNode
from core.tasks import PublicTask
from planner.cache.lexicon import (
    CONCEPTS,
    DIRECTIONS,
    NEUTRAL,
    NUMBERS,
    ORDERED,
    PHRASES,
    THINGS,
)
from planner.requests import PlanRequest
from planner.rules import RulesPlanner
from policies.profiles import DEFAULT_POOL

__all__ = ["Reading", "read_task"]

_HOST = "http://site"
_BUDGET = 10**9
_FREE = frozenset(
    {
        *("name", "topic", "title", "body", "text", "description", "sidebar", "biography", "url"),
        *("value", "query", "words", "link", "comment", "message", "post", "forum", "user"),
    }
)
"""Inputs and condition fields that hold a task's own words."""
_LABELS = frozenset({"order", "period", "section", "which", "by", "mode", "op", "field"})
_QUOTES = str.maketrans({0x201C: '"', 0x201D: '"', 0x2019: "'", 0x2018: "'"})
_TOKEN = re.compile(r"=\w+|<\d+>|\$?\d[\d,.]*\d|\$?\d|[\w'/-]+")
_FAR = 3
"""Words after a superlative in which the thing is looked for that it is about."""


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
    return _read(" ".join(task.intent.translate(_QUOTES).split()), task.sites, starts)


@lru_cache(maxsize=512)
def _read(intent: str, sites: tuple[str, ...], starts: tuple[str, ...]) -> Reading:
    shape, slots, roles = _shape(intent, sites, starts)
    remainder = _without_slots(intent, slots)
    remainder, missed = _missed(remainder, slots)
    words = _words(remainder)
    wanted: list[JsonValue] = [
        shape,
        list(starts),
        roles(remainder),
        missed,
        _marks(words, len(slots), _is_visit(shape)),
    ]
    digest = hashlib.blake2b(json.dumps(wanted, sort_keys=True).encode(), digest_size=16)
    addresses = frozenset(
        number
        for number, slot in enumerate(slots)
        if next(_spots(f"f/{slot}", intent), None) is not None
    )
    return Reading(digest.hexdigest(), tuple(slots), addresses, tuple(words))


def _relative(url: str, task: PublicTask) -> str:
    for site, base in task.base_urls.items():
        if url.startswith(base):
            return f"{site}:{url[len(base) :].rstrip('/')}"
    return url.rstrip("/")


# -- the first half: the rules' plan --------------------------------------------------------------


class _Lifter:
    """Takes a task's own words out of the constants of a plan."""

    def __init__(self, intent: str) -> None:
        self._intent = intent
        self._chosen: dict[str, bool] = {}
        self.slots: list[str] = []
        self.sorts: dict[int, str] = {}
        """Slot to the part that its value plays first."""

    def blank(self, tree: JsonValue) -> JsonValue:
        """Returns a tree with every chosen text made the same."""
        if isinstance(tree, list):
            return [self.blank(item) for item in tree]
        if isinstance(tree, dict):
            return {key: self.blank(item) for key, item in tree.items()}
        return "<>" if isinstance(tree, str) and self._is_chosen(tree) else tree

    def lift(self, name: str, value: JsonValue, sort: str) -> JsonValue:
        """Returns a constant with a task's own words replaced by their numbers."""
        if isinstance(value, dict):
            return {
                key: self.lift(key, item, f"{sort}.{value.get('field', '')}")
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.lift(name, item, sort) for item in value]
        if isinstance(value, str) and name in _FREE and self._is_chosen(value):
            return f"<{self._number(value, sort)}>"
        return value

    def _is_chosen(self, value: str) -> bool:
        if value not in self._chosen:
            self._chosen[value] = (
                len(value) > 1
                and value.casefold() not in _SYSTEM
                and _is_named(value, self._intent)
            )
        return self._chosen[value]

    def _number(self, value: str, sort: str) -> int:
        if value not in self.slots:
            self.slots.append(value)
            self.sorts[len(self.slots) - 1] = sort
        return self.slots.index(value)


def _is_named(value: str, intent: str) -> bool:
    """Whether a text stands in an intent as a name; the rules take some plain words for names."""
    if not (value.isascii() and value.isalpha() and value.islower()):
        return next(_spots(value, intent), None) is not None
    return any(
        intent[max(0, start - 2) : start] in ("f/", "u/")
        or intent[max(0, start - 1) : start] == '"'
        or _IS_FORUM.match(intent, end)
        or (_BEFORE_NAME.search(intent, 0, start) and _AFTER_NAME.match(intent, end))
        for start, end in _spots(value, intent)
    )


def _spots(text: str, intent: str) -> Iterator[tuple[int, int]]:
    """Yields where a text stands in an intent as a word of its own, as start and end."""
    start = intent.find(text)
    while start >= 0:
        end = start + len(text)
        if not (_is_word(intent[start - 1 : start]) or _is_word(intent[end : end + 1])):
            yield start, end
        start = intent.find(text, start + 1)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


_IS_FORUM = re.compile(r" (?:forum|community|subreddit)\b", re.IGNORECASE)
_BEFORE_NAME = re.compile(
    r"(?:\b(?:in|on|of|from|to|by|for|join|leave|and|or|than|with|between|forums?|users?)|[,:(]) $",
    re.IGNORECASE,
)
_AFTER_NAME = re.compile(
    r"$|[.,;:?!)']| (?:and|or|have|has|does|is|whose|that|with|titled|called|where)\b"
)
"""Where a plain lower-case word is a name."""


def _numbered(tree: JsonValue, lifter: _Lifter) -> JsonValue:
    """Returns a node's tree with its chosen texts numbered in order."""
    assert isinstance(tree, list), "a node is a list"
    verb, thing, inputs, outputs = tree
    assert isinstance(inputs, list), "its inputs are the third"
    numbered: list[JsonValue] = []
    for argument in inputs:
        assert isinstance(argument, list), "an input has a name"
        name = str(argument[0])
        if len(argument) > 2:
            numbered.append([name, argument[1], _numbered(argument[2], lifter)])
        elif name in _LABELS:
            numbered.append(argument)
        else:
            numbered.append([name, lifter.lift(name, argument[1], f"{verb} {thing} {name}")])
    return [verb, thing, numbered, outputs]


_SYSTEM = frozenset({"me", "my", *CONCEPTS, *NEUTRAL, *ORDERED, *NUMBERS})
"""Words that stay in place: a forum that is called `post` is no slot."""


_PARTS = {"from": "from", "by": "by", "than": "than", "before": "before", "after": "after"}
"""What tells alike slots apart; the rest (`in`, `of`, `to`) paraphrases change freely."""


class _Roles:
    """Which preposition stands before each of several slots that play the same part in the plan."""

    def __init__(self, sorts: dict[int, str]) -> None:
        parts = list(sorts.values())
        self._alike = [slot for slot, sort in sorts.items() if parts.count(sort) > 1]

    def __call__(self, remainder: str) -> JsonValue:
        found: dict[str, list[JsonValue]] = {}
        for slot in self._alike:
            match = re.search(
                rf"(\w+|=\w+) +(?:the |a |forums? |users? |posts? |of )*<{slot}>", _said(remainder)
            )
            word = match[1] if match else ""
            found[str(slot)] = [_PARTS.get(word, "")]
        return {slot: role for slot, role in found.items() if role != [""]}


def _shape(
    intent: str, sites: tuple[str, ...], starts: tuple[str, ...]
) -> tuple[JsonValue, list[str], _Roles]:
    """Returns the rules' plan without slot values, the values, and how to read their roles."""
    plan = _rules_plan(intent, sites, starts)
    if plan is None:
        return None, [], _Roles({})
    lifter = _Lifter(intent)
    shape = _numbered(_tree(plan, plan.nodes[-1], lifter), lifter)
    return shape, lifter.slots, _Roles(lifter.sorts)


def _tree(plan: Plan, node: PlanNode, lifter: _Lifter) -> JsonValue:
    """Returns a node with all that it waits for; parts that can be done in any order are sorted."""
    inputs: list[JsonValue] = []
    waited: list[JsonValue] = []
    for argument in node.inputs:
        if argument.name == "exact" or argument.const == "all time":
            continue
        if argument.source is None:
            inputs.append([argument.name, argument.const])
            continue
        before = _tree(plan, plan.node(argument.source.node), lifter)
        if argument.name.startswith("waited_"):
            waited.append(["waited", argument.source.output, before])
        else:
            inputs.append([argument.name, argument.source.output, before])
    waited.sort(key=lambda part: json.dumps(lifter.blank(part)))
    outputs: list[JsonValue] = [output.name for output in node.outputs]
    return [node.subgoal.verb.value, node.subgoal.object, [*inputs, *waited], outputs]


def _rules_plan(intent: str, sites: tuple[str, ...], starts: tuple[str, ...]) -> Plan | None:
    hosts = {site: f"{_HOST}-{site}" for site in sites}
    task = PublicTask(
        key="",
        intent=intent,
        sites=sites,
        start_urls=tuple(_at(start, hosts) for start in starts) or tuple(hosts.values()),
        base_urls=hosts,
    )
    try:
        return RulesPlanner().plan(
            PlanRequest(task=task, agents=DEFAULT_POOL, budget=_BUDGET, max_nodes=100)
        )
    except PlanError:
        return None


def _at(start: str, hosts: dict[str, str]) -> str:
    site, _, path = start.partition(":")
    return hosts[site] + path if site in hosts else start


# -- the second half: the words -------------------------------------------------------------------


def _without_slots(intent: str, slots: list[str]) -> str:
    """Puts marks where slots stand, with the quotation marks and the `f/` that belong to them."""
    for slot in sorted(slots, key=len, reverse=True):
        parts: list[str] = []
        behind = 0
        for start, end in _spots(slot, intent):
            if start < behind:
                continue
            before = _OPENING.sub("", intent[behind:start])
            parts += [before, f" <{slots.index(slot)}> "]
            behind = end
            if match := _CLOSING.match(intent, end):
                behind = match.end()
        intent = "".join([*parts, intent[behind:]])
    return " ".join(intent.split())


_OPENING = re.compile(r'(?:\b[fu]/|")$')
_CLOSING = re.compile(r'[,.]?"|[,.]')


def _missed(remainder: str, slots: list[str]) -> tuple[str, JsonValue]:
    """Makes slots of quotations and names that the rules' plan leaves out.

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


_NAMED = re.compile(
    r'"(?P<quoted>[^"]+)"|\b(?:[fu]/)?(?P<name>(?=[\w-]*[A-Za-z])(?:[\w-]*[\d_][\w-]*|\w*[a-z][A-Z][\w-]*'
    r"|[A-Z]\w+-[A-Z][\w-]*))(?<!\dst)(?<!\dnd)(?<!\drd)(?<!\dth)(?!>)\b"
)


def _said(remainder: str) -> str:
    text = remainder.lower()
    for pattern, meaning in PHRASES:
        text = pattern.sub(meaning, text)
    return " ".join(text.split())


def _words(remainder: str) -> list[str]:
    """Returns concepts as `=concept`, marks, numbers and plain words, in order."""
    return [_canonical(match[0]) for match in _TOKEN.finditer(_said(remainder))]


def _canonical(token: str) -> str:
    bare = token.removesuffix("'s").strip("'-/")
    if token.startswith(("=", "<")):
        return token
    if bare in CONCEPTS:
        return f"={CONCEPTS[bare]}"
    if bare in NUMBERS:
        return f"#{NUMBERS[bare]}"
    ordinal = re.fullmatch(r"(\d+)(?:st|nd|rd|th)", bare)
    if ordinal or bare[:1].isdigit():
        return f"#{ordinal[1] if ordinal else bare}"
    return bare


def _is_visit(shape: JsonValue) -> bool:
    """Whether only a page is to be opened: what stands on it is not asked for."""
    return '["task_type", "NAVIGATE"]' in json.dumps(shape)


def _marks(words: list[str], num_slots: int, is_visit: bool) -> JsonValue:
    if ORDERED.intersection(words):
        return [*words]
    concepts = {word for word in words if word.startswith("=")} - ({"=all"} if is_visit else set())
    counts = {word for word in words if word.startswith("#")} - {f"#{num_slots}"}
    marks: list[JsonValue] = [
        list[JsonValue](sorted(concepts)),
        list[JsonValue](sorted(counts)),
        list[JsonValue](sorted(set(_about(words)))),
        list[JsonValue](_unknown(words)),
        "=delete" in concepts and _plural(words),
        not is_visit and "comment" in {THINGS.get(word, _ACTS.get(word)) for word in words},
        _turns(words),
    ]
    return marks


def _turns(words: list[str]) -> JsonValue:
    """Returns opposite acts and directions in the order in which they are said, if several are."""
    acts = [word for word in words if word in _POLAR]
    ways = [
        word for word, after in pairwise(words) if word in ("from", "to") and after.startswith("<")
    ]
    return [*(acts if len(set(acts)) > 1 else []), *(ways if len(set(ways)) > 1 else [])]


_POLAR = frozenset(
    f"={act}" for act in ("upvote", "downvote", "subscribe", "unsubscribe", "block", "unblock")
)
_ACTS = dict.fromkeys(
    ("commented", "commenting", "commenter", "commenters", "replied", "replying", "responded"),
    "comment",
)


def _about(words: list[str]) -> Iterator[str]:
    """Yields each superlative with the thing that it is about, unless that is a post."""
    for place, word in enumerate(words):
        if word not in _SUPERLATIVES:
            continue
        near = words[place + 1 : place + 1 + _FAR]
        thing = next((THINGS[one] for one in near if one in THINGS), "post")
        if thing != "post":
            yield f"{word} {thing}"


_SUPERLATIVES = frozenset({"=newest", "=oldest", "=top", "=lowest", "=hottest", "=controversial"})


def _unknown(words: list[str]) -> Iterator[str]:
    """Yields unknown words with the direction word before them."""
    before = ""
    for word in words:
        if word in DIRECTIONS:
            before = f"{DIRECTIONS[word]} "
            continue
        if word and word[0] not in "=#<" and word not in NEUTRAL and word not in THINGS:
            yield f"{before}{word}"
        if word not in ("the", "a", "an"):
            before = ""


def _plural(words: list[str]) -> bool:
    return any(word.endswith("s") and word in THINGS for word in words)
