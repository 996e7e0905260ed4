"""One Ray instance for the tests that need one; it starts when the first of them runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from actors.pool import RayConfig, start_ray

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_AUTH_MODE"] = "disabled"
os.environ.pop("RAY_ADDRESS", None)


@pytest.fixture(scope="session")
def ray_instance() -> Iterator[None]:
    """A local Ray of the session; files in a short folder that is removed afterwards."""
    assert sys.platform == "linux"
    with start_ray(RayConfig(num_cpus=2)):
        yield
