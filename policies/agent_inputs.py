"""What a trained agent's network reads of one view: options, their numbers, their tokens.

Environment and solving build it here, so a policy meets the same rows where it is trained and where
it works. Whoever proposes sees what the tier shows and no more: what a page says costs what showing
it costs, and a proposal read off hidden elements would give it away.

`LAYOUT` names the columns; a policy of another layout is refused.

Legend for shapes: C options, F features, L tokens.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.pages import Element
from policies.candidates import Candidate
from policies.features import FEATURES, feature_rows
from policies.heuristic import HeuristicPolicy
from policies.options import options
from policies.tokens import NUM_TOKENS, VOCABULARY, token_rows
from policies.view import AgentView, Choice

__all__ = ["LAYOUT", "PRIOR_COLUMN", "AgentInputs", "agent_inputs", "proposal"]

LAYOUT = f"agent-1.{zlib.crc32(' '.join((*FEATURES, str(NUM_TOKENS), str(VOCABULARY))).encode()):x}"
"""Changes whenever a column does; the number before the point when their meaning does."""
PRIOR_COLUMN = FEATURES.index("prior")
_HEURISTIC = HeuristicPolicy()
_BLANK = Element("text", "")


class AgentInputs(NamedTuple):
    """One choice as numbers."""

    options: tuple[Candidate, ...]
    features: npt.NDArray[np.float32]
    """[C, F]"""
    tokens: npt.NDArray[np.int64]
    """[C, L]"""
    proposed: Choice
    """What reasoning proposes: one of the options."""


def agent_inputs(view: AgentView, *, prior: bool = False) -> AgentInputs:
    """Returns what a network reads of one view.

    Args:
        view: What the agent sees.
        prior: Whether the proposal is marked, so that learning starts from the heuristic.
    """
    proposed = proposal(view)
    found = options(view, proposed.action)
    rows = feature_rows(view, found, proposed.action if prior else None)
    return AgentInputs(tuple(found), rows, token_rows(view, found), proposed)


def proposal(view: AgentView) -> Choice:
    """Returns what reasoning proposes from what the tier shows."""
    return _HEURISTIC.choose(_as_shown(view))


def _as_shown(view: AgentView) -> AgentView:
    """Returns the view with every element blank that the tier does not show; ids stay."""
    elements = view.observation.elements
    if len(view.shown) >= len(elements):
        return view
    seen = [_BLANK] * len(elements)
    for index in view.shown:
        seen[index] = elements[index]
    return replace(view, observation=replace(view.observation, elements=tuple(seen)))
