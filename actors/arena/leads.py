"""How far the heuristic leads into a node before the learner takes over: a curriculum over starts.

Far from the end hardly any try succeeds by chance, so at first a guide makes the first steps of a
node, and the learner the rest, down to the last one, which is always its own. The lead gets shorter
as a template succeeds, and ends. Nothing is learned from the guide's choices.

The guide knows the whole page. Where what the tier shows does not suggest the same, it asks for
more until it does, as the learner will have to. All that it does is charged as always.
"""

from __future__ import annotations

from dataclasses import replace

from actors.in_process import Pending
from core.pages import Answer, Expand, Stop
from core.seeding import generator
from policies.agent_inputs import proposal
from policies.heuristic import HeuristicPolicy
from policies.options import may_ask_for_more
from policies.view import Choice

__all__ = ["Guide"]

_GUIDE = HeuristicPolicy()


class Guide:
    """The leads of one episode."""

    def __init__(self, longest: int, seed: int) -> None:
        """Makes a guide.

        Args:
            longest: Most steps of a lead; each node's lead is drawn from 0 to this. 0: none.
            seed: Of the episode.
        """
        self._longest = longest
        self._seed = seed
        self._left: dict[int, int] = {}

    def choice(self, item: Pending) -> Choice | None:
        """Returns the guide's choice, `None` where the learner is to choose."""
        if not self._left_for(item.view.node.id):
            return None
        everything = tuple(range(len(item.view.observation.elements)))
        choice = _GUIDE.choose(replace(item.view, shown=everything))
        if isinstance(choice.action, Answer | Stop):
            return None
        if may_ask_for_more(item.view) and proposal(item.view).action != choice.action:
            return Choice(action=Expand(), confidence=choice.confidence)
        return choice

    def taken(self, item: Pending) -> None:
        """Counts one step that the guide made."""
        self._left[item.view.node.id] -= 1

    def stopped(self, item: Pending) -> None:
        """The learner has taken a node over; the guide does not come back to it."""
        self._left[item.view.node.id] = 0

    def _left_for(self, node: int) -> int:
        if not self._longest:
            return 0
        if node not in self._left:
            rng = generator(self._seed, "lead", node)
            self._left[node] = rng.randint(0, self._longest)
        return self._left[node]
