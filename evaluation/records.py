"""One evaluated episode, as every metric, interval and figure reads it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.tasks import Split

__all__ = ["EpisodeRecord", "Judged", "recorded"]

_Count = Annotated[int, Field(ge=0)]


class Judged(BaseModel):
    """What the judge says of an episode: no log of the run knows it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    key: str
    """The task's own key; the same key is the same instance."""
    template: str
    split: Split
    official: Annotated[float, Field(ge=0, le=1)] | None
    """Score of WebArena-Verified's evaluators; `None`: they could not decide."""
    strict: bool | None
    """Whether answer and final state are exactly right; `None`: the judge could not decide."""
    violations: _Count
    """Breaches of policy."""


class EpisodeRecord(Judged):
    """One evaluated episode.

    Example:
        >>> EpisodeRecord(key="reddit.upvote_newest:7@train", template="upvote_newest",
        ...               split=Split.TRAIN, official=1.0, strict=True, violations=0,
        ...               algorithm="p3o", cost=1_200, budget=1_500, steps=4).seed is None
        True
    """

    algorithm: Annotated[str, Field(min_length=1)]
    """The arm: `p3o`, `ppo`, `rules`, ..."""
    setting: str = ""
    """Which variant of the arm: a budget factor, a penalty weight, an effort tier."""
    seed: int | None = None
    """Seed of the training run behind the policy; `None`: nothing was trained."""
    trained_steps: _Count | None = None
    """Environment steps that the policy was trained for; `None`: nothing was trained."""
    cost: _Count
    """Micro-dollars settled."""
    budget: Annotated[int, Field(gt=0)]
    """Micro-dollars: the limit B of this episode."""
    steps: _Count
    """Actions taken, of all agents together."""
    ticks: _Count | None = None
    """Rounds in which every agent may act once; `None`: not counted."""
    replans: _Count = 0


def recorded(
    judged: Judged,
    *,
    algorithm: str,
    cost: int,
    budget: int,
    steps: int,
    ticks: int | None = None,
    replans: int = 0,
    setting: str = "",
    seed: int | None = None,
    trained_steps: int | None = None,
) -> EpisodeRecord:
    """Joins what the judge says with what the run cost; fields as in `EpisodeRecord`.

    Raises:
        pydantic.ValidationError: A number is out of its range.
    """
    return EpisodeRecord(
        **judged.model_dump(),
        algorithm=algorithm,
        setting=setting,
        seed=seed,
        trained_steps=trained_steps,
        cost=cost,
        budget=budget,
        steps=steps,
        ticks=ticks,
        replans=replans,
    )
