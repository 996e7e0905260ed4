"""The 812 tasks of WebArena-Verified, read from the installed package at run time.

The data stays where its authors put it: nothing of it is copied into this repository. The package
is located but not imported, because importing it costs seconds and reading its data does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from pydantic import JsonValue

from core.errors import ConfigurationError, UnknownTaskError
from core.tasks import Split, Task, WorldSpec

__all__ = ["OFFICIAL_PROFILE", "official_task", "official_tasks"]

OFFICIAL_PROFILE = "official"
"""The profile of the worlds that hold what official tasks name."""

_DATA_FILE = Path("assets") / "dataset" / "webarena-verified.json"


def official_tasks(sites: Iterable[str] | None = None) -> tuple[Task, ...]:
    """Returns the benchmark's tasks, by task id.

    Args:
        sites: Keep tasks that need no other site than these; `None` keeps all.

    Raises:
        ConfigurationError: The package `webarena-verified` is not installed.
    """
    wanted = None if sites is None else frozenset(sites)
    tasks = (official_task(key) for key in _records())
    return tuple(task for task in tasks if wanted is None or wanted.issuperset(task.sites))


@cache
def official_task(key: str) -> Task:
    """Returns one of the benchmark's tasks.

    Args:
        key: The benchmark's task id in decimal.

    Raises:
        UnknownTaskError: The benchmark has no such task.
        ConfigurationError: The package `webarena-verified` is not installed.
    """
    record = _records().get(key)
    if record is None:
        ids = [int(known) for known in _records()]
        raise UnknownTaskError(
            f"WebArena-Verified has no task {key!r}; its {len(ids)} task ids are "
            f"{min(ids)} to {max(ids)}"
        )
    return _task(key, record)


def _task(key: str, record: Mapping[str, JsonValue]) -> Task:
    return Task.model_validate(
        {
            "key": key,
            "template": str(record["intent_template_id"]),
            "split": Split.OFFICIAL,
            "sites": record["sites"],
            "start_urls": record["start_urls"],
            "intent": record["intent"],
            "worlds": _worlds(record["sites"]),
            "verified": record,
        }
    )


def _worlds(sites: JsonValue) -> dict[str, WorldSpec]:
    names = sites if isinstance(sites, list) else []
    return {str(site): WorldSpec(profile=OFFICIAL_PROFILE) for site in names}


@cache
def _records() -> Mapping[str, Mapping[str, JsonValue]]:
    spec = find_spec("webarena_verified")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(
            "the package webarena-verified is not installed; it holds the official tasks"
        )
    path = Path(spec.submodule_search_locations[0]) / _DATA_FILE
    records: list[dict[str, JsonValue]] = json.loads(path.read_text(encoding="utf-8"))
    return {str(record["task_id"]): record for record in records}
