"""Records of episodes for the tests of evaluation."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from core.tasks import Split
from evaluation.records import EpisodeRecord

Make = Callable[..., EpisodeRecord]


@pytest.fixture
def make() -> Make:
    """Makes a record of a successful, clean, cheap episode, but for what is said."""
    numbers = count()

    def record(template: str = "a", **fields: object) -> EpisodeRecord:
        given: dict[str, object] = {
            "key": f"{template}:{next(numbers)}",
            "template": template,
            "split": Split.NEW_INSTANCES,
            "official": 1.0,
            "strict": True,
            "violations": 0,
            "algorithm": "p3o",
            "cost": 500,
            "budget": 1_000,
            "steps": 4,
        }
        return EpisodeRecord.model_validate(given | fields)

    return record
