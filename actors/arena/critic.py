"""What centralised critics read of an episode: money, progress, and what each agent is at.

Only learners see it, while they train: it names the template (hashed) and how well the template
went lately, which no agent may know. Numbers are in [0, 1] or small.

Legend for shapes: S numbers.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from actors.arena.episode import ArenaEpisode, is_own
from actors.arena.shares import has_page
from core.plans import EffortTier, Verb
from planner.orchestrator_book import NodeState
from policies.profiles import AgentProfile
from policies.subtask import PAGELESS
from policies.view import AgentView

__all__ = ["Standing", "critic_state", "state_size"]

_VERBS = tuple(verb for verb in Verb if verb not in PAGELESS)
_TIERS = tuple(tier for tier in EffortTier if tier is not EffortTier.LANGUAGE_MODEL)
_BUCKETS = 64
"""Templates are told apart by a hash of their names into this many."""
_MOST = 3.0
"""Shares of the budget are cut here."""
_OF_EPISODE = 9
_OF_AGENT = 9 + len(_VERBS) + len(_TIERS)


class Standing(NamedTuple):
    """What is known beside the episode."""

    max_ticks: int
    success: float
    """Decayed mean success of the template, in [0, 1]."""
    ticks: int


def state_size(agents: Sequence[AgentProfile]) -> int:
    """Returns S for a pool."""
    return _OF_EPISODE + _BUCKETS + _OF_AGENT * len(agents)


def critic_state(
    episode: ArenaEpisode, agents: Sequence[AgentProfile], standing: Standing
) -> npt.NDArray[np.float32]:
    """Returns the state of a running episode, [S]."""
    views = {item.agent: (item.view, is_own(item)) for item in episode.pending()}
    state = [*_of_episode(episode, standing), *_template(episode.task.template)]
    for agent in agents:
        state += _of_agent(*views[agent.id]) if agent.id in views else [0.0] * _OF_AGENT
    return np.array(state, dtype=np.float32)


def _of_episode(episode: ArenaEpisode, standing: Standing) -> list[float]:
    book = episode.book
    paged = [node for node in book.nodes.values() if has_page(node)]
    left = [node for node in paged if book.states[node.id] is not NodeState.DONE]
    own_left = sum(node.tier is not EffortTier.RULES for node in left)
    spent = episode.spent / episode.budget
    return [
        min(_MOST, spent),
        min(_MOST, episode.reserved / episode.budget),
        float(spent > 1.0),
        min(1.0, episode.budget / 5_000),
        episode.finished_share(),
        len(left) / 8,
        own_left / 8,
        standing.ticks / standing.max_ticks,
        standing.success,
    ]


def _template(name: str) -> list[float]:
    row = [0.0] * _BUCKETS
    row[zlib.crc32(name.encode()) % _BUCKETS] = 1.0
    return row


def _of_agent(view: AgentView, own: bool) -> list[float]:
    node = view.node
    return [
        1.0,
        float(own),
        view.steps_left / max(1, node.step_cap),
        len(view.shown) / max(1, len(view.observation.elements)),
        min(1.0, len(view.observation.elements) / 500),
        min(1.0, view.expanded / 4),
        _noted(view.notes, len(node.outputs)),
        min(1.0, len(view.history) / 10),
        float(view.observation.status >= 400 or bool(view.observation.problem)),
        *(float(node.subgoal.verb is verb) for verb in _VERBS),
        *(float(node.tier is tier) for tier in _TIERS),
    ]


def _noted(notes: Mapping[str, object], outputs: int) -> float:
    return len(notes) / max(1, outputs)
