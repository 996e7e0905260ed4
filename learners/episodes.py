"""What episodes of recent versions returned and cost: the evidence that multipliers act on.

Only completed episodes count. Failed ones are left out; those still running when a fragment ends
are censored: counted, not used.

Why short episodes do not bias this. Episodes run on across fragments and are counted in the window
in which they *end*. In a long run each kind of episode ends as often as it begins, so the ends of
a window are a fair sample whatever the lengths. The exception is the start, when all environments
begin at once and short episodes end first: while a window reaches back to that time, ends earlier
than the length of the longest episode seen so far are left out (unless nothing would remain).

What this does not give: an episode that began under an older version carries some of that
version's behaviour into the window. `Evidence.staleness` says how many versions on average.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from learners.contract import EnvSpec
from learners.fragments import Collected, Episodes

__all__ = ["EpisodeWindow", "Evidence"]

Sums = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Means over the episodes of a window, in the environment's own units."""

    reward: float
    """J; NaN before any episode has ended."""
    costs: Sums
    """J_C. [K]"""
    errors: Sums
    """Standard errors of J_C. [K]"""
    limits: Sums
    """d. [K]"""
    violating: Sums
    """Share of episodes whose own sum is above the limit. [K]"""
    effective_length: float
    """Mean of Σ γ^t: (J_C − d) / this is the violation per step."""
    length: float
    """Mean number of steps."""
    num_episodes: int
    """Completed, not failed, in the window."""
    num_failed: int
    """In the newest fragments."""
    num_censored: int
    """Running when the newest fragments ended."""
    staleness: float
    """Mean of (this version − version at the episode's start)."""
    fresh: bool
    """Episodes have ended since the last evidence."""
    info: Mapping[str, float]
    """Means of the numbers that the environment gave with the ends of episodes."""

    @property
    def violation(self) -> Sums:
        """J_C − d, in the costs' own units, [K]."""
        return self.costs - self.limits

    @property
    def clearly_violated(self) -> npt.NDArray[np.bool_]:
        """Whether each limit is broken by more than 5 % and by more than two errors, [K]."""
        allowed = np.maximum(0.05 * np.abs(self.limits), 2.0 * self.errors)
        return np.asarray(self.violation > allowed)

    @property
    def violation_per_step(self) -> Sums:
        """(J_C − d) / effective length: the unit of surrogates. 0 before any episode, [K]."""
        if not self.num_episodes:
            return np.zeros_like(self.costs)
        return self.violation / self.effective_length


class EpisodeWindow:
    """Episodes that ended lately: those of the newest version, and older ones if they are few."""

    def __init__(self, spec: EnvSpec, *, min_episodes: int = 32, max_versions: int = 10) -> None:
        """Starts empty.

        Args:
            spec: Of the environments.
            min_episodes: The window reaches back until it holds so many.
            max_versions: It never reaches back further than so many versions.
        """
        self._limits = np.array([cost.limit for cost in spec.costs], dtype=np.float64)
        self._min_episodes = min_episodes
        self._max_versions = max_versions
        self._kept: list[Episodes] = []
        self._longest = 0

    def add(self, fragments: Sequence[Collected], version: int) -> Evidence:
        """Takes in what ended in the newest fragments and returns the evidence."""
        newest = [fragment.episodes for fragment in fragments]
        ended = sum(len(part) for part in newest)
        num_failed = sum(int(part.failed.sum()) for part in newest)
        joined = _concatenated(newest)
        self._kept = [*self._kept, joined][-self._max_versions :]
        if ended:
            self._longest = max(self._longest, int(joined.length.max()))
        chosen = self._window()
        return self._evidence(
            chosen,
            version,
            num_failed=num_failed,
            num_censored=sum(fragment.num_running for fragment in fragments),
            fresh=ended > num_failed,
        )

    def state(self) -> tuple[list[Episodes], int]:
        """Returns what the window holds."""
        return list(self._kept), self._longest

    def load_state(self, state: tuple[list[Episodes], int]) -> None:
        """Goes on from `state`."""
        self._kept, self._longest = list(state[0]), state[1]

    def _window(self) -> Episodes:
        parts: list[Episodes] = []
        count = 0
        for part in reversed(self._kept):
            parts.append(part)
            count += int((~part.failed).sum())
            if count >= self._min_episodes:
                break
        joined = _selected(parts[0] if len(parts) == 1 else _concatenated(parts), None)
        good = _selected(joined, ~joined.failed)
        settled = good.end_tick >= self._longest
        return _selected(good, settled) if settled.any() else good

    def _evidence(
        self,
        episodes: Episodes,
        version: int,
        *,
        num_failed: int,
        num_censored: int,
        fresh: bool,
    ) -> Evidence:
        known = len(episodes) > 0
        unknown = np.full(len(self._limits), np.nan)
        return Evidence(
            reward=float(episodes.reward.mean()) if known else float("nan"),
            costs=episodes.costs.mean(axis=0) if known else unknown,
            errors=_standard_errors(episodes.costs) if known else unknown,
            limits=self._limits,
            violating=(episodes.costs > self._limits).mean(axis=0) if known else unknown,
            effective_length=float(episodes.effective_length.mean()) if known else float("nan"),
            length=float(episodes.length.mean()) if known else float("nan"),
            num_episodes=len(episodes),
            num_failed=num_failed,
            num_censored=num_censored,
            staleness=float(version - episodes.start_version.mean()) if known else float("nan"),
            fresh=fresh,
            info=_means(episodes) if known else {},
        )


def _standard_errors(costs: Sums) -> Sums:
    count = len(costs)
    return np.asarray(costs.std(axis=0, ddof=1 if count > 1 else 0) / np.sqrt(count))


def _means(episodes: Episodes) -> dict[str, float]:
    numeric = {
        name: values
        for name, values in episodes.info.items()
        if values.ndim == 1 and values.dtype.kind in "biuf" and name != "task"
    }
    return {name: float(values.astype(np.float64).mean()) for name, values in numeric.items()}


def _concatenated(parts: Sequence[Episodes]) -> Episodes:
    filled = [part for part in parts if len(part)] or list(parts[:1])
    names = [name for name in filled[0].info if all(name in part.info for part in filled)]
    return Episodes(
        reward=np.concatenate([part.reward for part in filled]),
        costs=np.concatenate([part.costs for part in filled]),
        length=np.concatenate([part.length for part in filled]),
        effective_length=np.concatenate([part.effective_length for part in filled]),
        start_version=np.concatenate([part.start_version for part in filled]),
        end_tick=np.concatenate([part.end_tick for part in filled]),
        failed=np.concatenate([part.failed for part in filled]),
        info={name: np.concatenate([part.info[name] for part in filled]) for name in names},
    )


def _selected(episodes: Episodes, chosen: npt.NDArray[np.bool_] | None) -> Episodes:
    if chosen is None:
        return episodes
    return Episodes(
        reward=episodes.reward[chosen],
        costs=episodes.costs[chosen],
        length=episodes.length[chosen],
        effective_length=episodes.effective_length[chosen],
        start_version=episodes.start_version[chosen],
        end_tick=episodes.end_tick[chosen],
        failed=episodes.failed[chosen],
        info={name: values[chosen] for name, values in episodes.info.items()},
    )
