"""What of a page a tier shows, how it reads as text, and how many tokens that is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from core.pages import Element, Observation, Value
from core.plans import EffortTier, PlanNode
from policies.items import control_meaning
from policies.text import words
from policies.thesaurus import interface
from policies.tiers import TIERS

__all__ = ["count_tokens", "most_useful", "relevance", "render", "shown_ids", "wanted_words"]

BYTES_PER_TOKEN = 4
"""UTF-8 bytes of rendered page text that count as one token: our unit, not a model's tokenizer."""
MAX_NAME = 400
"""Characters of a name, value or list of options that are rendered."""
_WORDING = 30
"""Characters of the longest value that may be a site's wording."""
_CONTROLS = frozenset({"button", "textbox", "combobox", "checkbox", "radio"})


def shown_ids(
    observation: Observation,
    node: PlanNode,
    arguments: Mapping[str, Value],
    tier: EffortTier,
    expanded: int,
) -> tuple[int, ...]:
    """Returns the ids of the elements that a tier shows, in page order.

    Where a tier shows fewer elements than the page has, those that share most words with the
    subgoal and its arguments are taken, controls before texts. What is shown never has more tokens
    than the tier's limit.

    Args:
        observation: The page.
        node: Whose subgoal says what is wanted.
        arguments: The node's bound inputs.
        tier: How much is shown.
        expanded: How many times more was asked for on this page.
    """
    spec = TIERS[tier]
    elements = observation.elements
    if tier is EffortTier.RULES:
        return tuple(range(len(elements)))
    room = spec.max_elements * spec.expand_factor ** min(int(expanded), 8)
    order: Sequence[int] = range(len(elements))
    if room < len(elements):
        wanted = frozenset(wanted_words(node, arguments))
        order = sorted(order, key=lambda index: -relevance(elements[index], wanted))[:room]
    return _within(elements, order, spec.token_limit)


def most_useful(
    observation: Observation,
    shown: Sequence[int],
    node: PlanNode,
    arguments: Mapping[str, Value],
    limit: int,
) -> tuple[int, ...]:
    """Returns those of the shown elements that matter most and fit together, in page order.

    Args:
        observation: The page.
        shown: Ids to choose from.
        node: Whose subgoal says what is wanted.
        arguments: The node's bound inputs.
        limit: Most tokens of the page's text.
    """
    elements = observation.elements
    everything = _within(elements, shown, limit)
    if len(everything) == len(shown):
        return everything
    wanted = frozenset(wanted_words(node, arguments))
    order = sorted(shown, key=lambda index: -relevance(elements[index], wanted))
    return _within(elements, order, limit)


def render(observation: Observation, shown: Sequence[int]) -> str:
    """Returns the page as numbered lines, one for each shown element."""
    lines = [_head(observation)]
    lines += [_line(index, observation.elements[index]) for index in shown]
    return "\n".join(lines)


def count_tokens(observation: Observation, shown: Sequence[int]) -> int:
    """Returns the tokens of `render`, rounded up line by line."""
    elements = observation.elements
    return _tokens(_head(observation)) + sum(_cost(index, elements[index]) for index in shown)


def wanted_words(node: PlanNode, arguments: Mapping[str, Value]) -> list[str]:
    """Returns the words of a subgoal, of its arguments, and of what it is to deliver.

    An address says where to begin and not what to look for: its words are left out, or everything
    of the place that it names would seem to be wanted.
    """
    found = list(words(f"{node.subgoal.verb} {node.subgoal.object}"))
    for name, value in arguments.items():
        if isinstance(value, str) and urlsplit(value[:8]).scheme in ("http", "https"):
            continue
        found += words(name)
        if isinstance(value, str):
            found += words(value[:MAX_NAME])
            if len(value) <= _WORDING:  # an order or a section, which sites word differently
                found += [word for wording in interface(value) for word in words(wording)]
    for output in node.outputs:
        found += words(output.name)
    return found


def relevance(element: Element, wanted: frozenset[str]) -> float:
    """Returns a score whose order says which elements are shown first.

    Args:
        element: Of the page.
        wanted: `wanted_words` of the node.
    """
    own, heading, weight, bonus = _scored(element)
    score = bonus
    if not wanted.isdisjoint(own):
        score += weight * sum(word in wanted for word in own)
    if not wanted.isdisjoint(heading):
        score += 0.3 * len(wanted.intersection(heading))
    return score


@lru_cache(maxsize=32_768)
def _scored(element: Element) -> tuple[tuple[str, ...], frozenset[str], float, float]:
    """Returns words of name and heading, what one word of the name counts, and what counts else."""
    own = words(element.name[:MAX_NAME])
    meaning = "" if element.ugc else control_meaning(element.name)[0]
    if meaning:  # `Join` and `Leave` are about subscribing
        own = (*own, meaning)
    bonus = 0.5 if element.role in _CONTROLS else 0.3 if element.role == "link" else 0.0
    heading = frozenset(words(element.heading[:MAX_NAME]))
    return tuple(frozenset(own)), heading, 2.0 / math.sqrt(1 + len(own)), bonus - 0.4 * element.ugc


def _within(elements: Sequence[Element], order: Sequence[int], limit: int) -> tuple[int, ...]:
    left = limit - _tokens("x" * 600)
    kept = []
    for index in order:
        cost = _cost(index, elements[index])
        if cost <= left:
            left -= cost
            kept.append(index)
    return tuple(sorted(kept))


def _head(observation: Observation) -> str:
    problem = f" ! {observation.problem}" if observation.problem else ""
    return f"{observation.title[:120]} ({observation.status}) {observation.url[:200]}{problem}"[
        :500
    ]


@lru_cache(maxsize=16_384)
def _describe(element: Element) -> str:
    parts = [element.role, f'"{_cut(element.name)}"']
    if element.value:
        parts.append(f"= {_cut(element.value)!r}")
    if element.options:
        parts.append("of " + _cut(" | ".join(element.options)))
    if element.state:
        parts.append(f"[{element.state}]")
    if element.href:
        parts.append(f"-> {element.href[:120]}")
    if element.row:
        parts.append(f"@{element.row[:60]}")
    if element.ugc:
        parts.append("(by a user)")
    return " ".join(parts)


def _line(index: int, element: Element) -> str:
    return f"[{index}] {_describe(element)}"


def _cost(index: int, element: Element) -> int:
    return _line_tokens(element) + (2 if index >= 1_000 else 1)


@lru_cache(maxsize=16_384)
def _line_tokens(element: Element) -> int:
    return _tokens(_describe(element)) + 1


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_NAME else text[:MAX_NAME] + "..."
