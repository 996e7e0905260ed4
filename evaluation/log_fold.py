"""Records of the episodes in an event log.

A log knows budget, money, actions and replans, and not what a judge says: verdicts come from the
outside, by episode. Ticks are not in it either, since its clock counts milliseconds on Ray.
Actions are telemetry: those in a batch that a killed process took with it are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from core.codec import Envelope
from core.events import ActionTaken, EpisodeFailed, EpisodeFinished, EpisodeStarted, Event
from evaluation.records import EpisodeRecord, Judged, recorded

__all__ = ["FoldedLog", "fold_records"]


class FoldedLog(NamedTuple):
    """The records of a log, and the episodes that gave none."""

    records: list[EpisodeRecord]
    """In the order in which episodes started."""
    failed: dict[str, str]
    """Episode to why the system lost it: no failure of a policy, and no record."""
    unfinished: tuple[str, ...]
    """Episodes whose end is not in the log."""
    unjudged: tuple[str, ...]
    """Finished episodes without a verdict."""


@dataclass(slots=True)
class _Seen:
    budget: int
    steps: int = 0
    finished: EpisodeFinished | None = None
    failed: str | None = None


def fold_records(
    events: Iterable[Envelope[Event] | Event],
    verdicts: Mapping[str, Judged],
    *,
    algorithm: str,
    setting: str = "",
    seed: int | None = None,
    trained_steps: int | None = None,
) -> FoldedLog:
    """Folds the events of a run into records.

    Args:
        events: Of any number of episodes, each episode's in order; what belongs to an episode
            whose start is missing is skipped.
        verdicts: Episode id to what the judge says of it.
        algorithm: The arm that ran.
        setting: Variant of the arm.
        seed: Of the training run behind the policy.
        trained_steps: Environment steps of that training.
    """
    seen: dict[str, _Seen] = {}
    for item in events:
        _take(seen, item.body if isinstance(item, Envelope) else item)
    records, unjudged = [], []
    for episode, one in seen.items():
        if one.finished is None:
            continue
        judged = verdicts.get(episode)
        if judged is None:
            unjudged.append(episode)
            continue
        records.append(
            recorded(
                judged,
                algorithm=algorithm,
                setting=setting,
                seed=seed,
                trained_steps=trained_steps,
                cost=one.finished.spent,
                budget=one.budget,
                steps=one.steps,
                replans=one.finished.replans,
            )
        )
    return FoldedLog(
        records=records,
        failed={name: one.failed for name, one in seen.items() if one.failed is not None},
        unfinished=tuple(n for n, one in seen.items() if not one.finished and one.failed is None),
        unjudged=tuple(unjudged),
    )


def _take(seen: dict[str, _Seen], event: Event) -> None:
    if isinstance(event, EpisodeStarted):
        before = seen.get(event.episode)
        # A new attempt at a lost episode starts from nothing; one that is resumed goes on.
        if before is None or before.failed is not None:
            seen[event.episode] = _Seen(budget=event.budget)
        return
    one = seen.get(event.episode)
    if one is None:
        return
    match event:
        case ActionTaken():
            one.steps += 1
        case EpisodeFinished():
            one.finished, one.failed = event, None
        case EpisodeFailed() if one.finished is None:
            one.failed = event.reason
        case _:
            return
