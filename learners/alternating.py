"""Two learners that train in turns, each against the other as it was when its turn began.

    turn of side 1: its environments are made anew with side 2's newest weights; `block` updates
    turn of side 2: the same with side 1's newest weights; and so on

This is coordinate ascent: within a turn the other side is a part of the environment and the
constraints hold for the whole team's costs, so each turn is an ordinary constrained problem and any
algorithm solves it. It is not a simultaneous step: what only pays when both sides change at once is
not found, and each side sees the other at most one turn old. Episodes are begun anew with each
turn, so one that is longer than a turn is never finished; make turns longer than episodes.

State and resume are exact, in the middle of a turn as well: the state holds the other side's
weights with which the running episodes were begun.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import ConfigurationError, InvariantError
from learners.contract import EnvSpec
from learners.fragments import Collected
from learners.history import Record
from learners.rollouts import Rollouts
from learners.training import Training
from policies.networks import Weights

__all__ = ["Alternating", "PartnerRollouts", "Side"]


class PartnerRollouts:
    """A `Rollouts` whose environments hold another learner's weights, exchanged between turns."""

    def __init__(self, spec: EnvSpec, start: Callable[[Weights, int], Rollouts]) -> None:
        """Starts nothing yet.

        Args:
            spec: Of the environments, whoever the partner is.
            start: `start(partner, turn)` makes environments whose partner has these weights; the
                turn is for their seeds.
        """
        self._spec = spec
        self._start = start
        self._turn = -1
        self._partner: Weights | None = None
        self._inner: Rollouts | None = None

    @property
    def spec(self) -> EnvSpec:
        """See `Rollouts`."""
        return self._spec

    def begin(self, partner: Weights) -> None:
        """Begins a turn: all episodes anew, with these weights of the partner."""
        self.close()
        self._turn += 1
        self._partner = partner
        self._inner = self._start(partner, self._turn)

    def collect(self, weights: Weights, version: int) -> Sequence[Collected]:
        """See `Rollouts`."""
        if self._inner is None:
            raise InvariantError("a turn begins before anything is collected")
        return self._inner.collect(weights, version)

    def state(self) -> bytes:
        """See `Rollouts`."""
        inner = None if self._inner is None else self._inner.state()
        return pickle.dumps((self._turn, self._partner, inner))

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`. The bytes come from our own checkpoint: they are unpickled."""
        self.close()
        self._turn, self._partner, inner = pickle.loads(data)
        if inner is not None:
            assert self._partner is not None, "environments were made with a partner"
            self._inner = self._start(self._partner, self._turn)
            self._inner.load_state(inner)

    def close(self) -> None:
        """Ends the turn's environments; closing twice is allowed."""
        if self._inner is not None:
            self._inner.close()
            self._inner = None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two."""

    name: str
    training: Training
    """Collects from `rollouts`."""
    rollouts: PartnerRollouts


class Alternating:
    """A `learners.driving.Trainable` of two sides."""

    def __init__(self, first: Side, second: Side, *, block: int) -> None:
        """Puts two sides together.

        Args:
            first: Whose turn is first.
            second: The other.
            block: Updates of a turn.
        """
        if block < 1:
            raise ConfigurationError(f"a turn has at least one update, not {block}")
        self._sides = (first, second)
        self._block = block
        self._moved = first

    @property
    def moved(self) -> Side:
        """The side that made the newest update."""
        return self._moved

    @property
    def num_updates(self) -> int:
        """Of both sides."""
        return sum(side.training.num_updates for side in self._sides)

    @property
    def share_done(self) -> float:
        """Mean of both sides' shares."""
        return sum(side.training.share_done for side in self._sides) / 2

    @property
    def score(self) -> float | None:
        """Of the newest update."""
        return self._moved.training.score

    def step(self) -> Record:
        """Makes one update of the side whose turn it is."""
        side, other = self._whose_turn()
        done = side.training.num_updates
        if done % self._block == 0:
            side.rollouts.begin(other.training.weights)
        record = side.training.step()
        if (done + 1) % self._block == 0:
            side.rollouts.close()
        self._moved = side
        return record

    def state(self) -> bytes:
        """Returns everything that the next step depends on."""
        states = [side.training.state() for side in self._sides]
        return pickle.dumps((self._sides.index(self._moved), states))

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`. The bytes come from our own checkpoint: they are unpickled."""
        moved, states = pickle.loads(data)
        for side, state in zip(self._sides, states, strict=True):
            side.training.load_state(state)
        self._moved = self._sides[moved]

    def close(self) -> None:
        """Closes both sides' environments."""
        for side in self._sides:
            side.training.close()

    def _whose_turn(self) -> tuple[Side, Side]:
        first, second = self._sides
        turns = [side.training.num_updates // self._block for side in self._sides]
        is_first = turns[0] <= turns[1]
        if (first if is_first else second).training.share_done >= 1.0:
            is_first = not is_first
        return (first, second) if is_first else (second, first)
