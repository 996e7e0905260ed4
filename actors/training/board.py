"""A run's numbers for TensorBoard. The one door of tensorboardX."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Self

from tensorboardX import SummaryWriter

from learners.history import Record

__all__ = ["Board"]


class Board:
    """Writes event files into a folder; to look at them: `tensorboard --logdir <runs>`."""

    def __init__(self, folder: Path, costs: tuple[str, ...], *, from_step: int = 0) -> None:
        """Opens a new event file.

        Args:
            folder: Of the stage.
            costs: Names of the costs, in order.
            from_step: What earlier files say of later steps is void: the run was cut back.
        """
        self._costs = costs
        self._writer = SummaryWriter(str(folder), purge_step=from_step, flush_secs=10)

    def add(self, record: Record, side: str = "") -> None:
        """Writes one update, at its number of environment steps.

        Args:
            record: Of the update.
            side: Who made it in joint training.
        """
        for name, value in self._scalars(record).items():
            if math.isfinite(value):
                self._writer.add_scalar(f"{side}/{name}" if side else name, value, record.steps)

    def close(self) -> None:
        """Writes what is left; closing twice is allowed."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _scalars(self, record: Record) -> dict[str, float]:
        scalars = {
            "episodes/reward": record.reward,
            "episodes/length": record.length,
            "episodes/failed": float(record.failed),
            "update/kl": record.kl,
            "update/entropy": record.entropy,
            "update/value_loss": record.value_loss,
            "update/duality_gap": record.duality_gap,
            "seconds/env": record.seconds.env,
            "seconds/policy": record.seconds.policy,
            "seconds/update": record.seconds.update,
            "seconds/other": record.seconds.other,
        }
        scalars |= {f"episodes/{name}": value for name, value in record.info.items()}
        for group, values in (
            ("cost", record.costs),
            ("over_limit", record.violating),
            ("multiplier", record.multipliers),
            ("kappa", record.kappa),
        ):
            scalars |= {
                f"{group}/{name}": value for name, value in zip(self._costs, values, strict=False)
            }
        return scalars
