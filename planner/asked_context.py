"""Reads what users give as a context: ours of `build_context`, or a task as a plain record.

{"intent": ..., "sites": [...]}                            a task alone
{"task": {...}, "budget": 0.01, "observation": "..."}      with dollars, and a page as text
build_context(...)                                         with the ledger's micro-dollars
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from pydantic import JsonValue

from core.budget import MICROS_PER_DOLLAR, micros
from core.errors import ConfigurationError
from core.pages import Element, Observation
from core.tasks import PublicTask
from planner.context import PlanningContext

__all__ = ["AskedContext", "read_context"]

_MOST_LINES = 2_000
"""Lines of a page given as text that are kept; what a prompt shows of them is far less."""


class AskedContext(NamedTuple):
    """A context, read. Money is in micro-dollars."""

    task: PublicTask
    limit: int
    """The budget B of the task."""
    left: int
    """Neither spent nor held."""
    held: int
    """Reserved by others now."""
    page: Observation | None
    """The page now, its lines as texts; `None`: nobody has looked."""


def read_context(context: PlanningContext | Mapping[str, JsonValue], budget: int) -> AskedContext:
    """Returns what a context says.

    Args:
        context: In one of the forms above.
        budget: Micro-dollars, where the context does not tell.

    Raises:
        ConfigurationError: It has no task, or says something that cannot be.
    """
    record = cast("Mapping[str, JsonValue]", context)
    task = record.get("task", record)
    if not isinstance(task, Mapping):
        raise ConfigurationError(f"a context has a task; this one has {sorted(record)}")
    limit, left, held = _money(record.get("budget"), budget)
    seen = record.get("observation") or task.get("observation")
    public = _public(task)
    return AskedContext(public, limit, left, held, _page(seen, public.start_urls[0]))


def _money(given: JsonValue, budget: int) -> tuple[int, int, int]:
    """Returns limit, what is left and what is held."""
    if isinstance(given, Mapping):
        limit, left = _whole(given, "limit_micros"), _whole(given, "remaining_micros")
        if not limit:  # nobody keeps a ledger: what is left is all there is
            return left or budget, left or budget, 0
        held = round(_number(given, "reserved") * MICROS_PER_DOLLAR)
        return limit, left, min(held, max(0, limit - left))
    if isinstance(given, int | float) and not isinstance(given, bool):
        return micros(given), micros(given), 0
    return budget, budget, 0


def _page(seen: JsonValue, url: str) -> Observation | None:
    card = seen if isinstance(seen, Mapping) else {"text": seen}
    text = card.get("text")
    if not isinstance(text, str) or not text.strip():
        return None
    lines = [line for line in text.splitlines() if line.strip()][:_MOST_LINES]
    return Observation(
        url=str(card.get("url") or url),
        title=str(card.get("title") or ""),
        status=200,
        elements=tuple(Element("text", line, ugc=True) for line in lines),
    )


def _public(task: Mapping[str, JsonValue]) -> PublicTask:
    intent, sites = task.get("intent"), task.get("sites")
    if not isinstance(intent, str) or not intent.strip():
        raise ConfigurationError(f"a task has an intent, a text; this one has {sorted(task)}")
    if isinstance(sites, str):
        sites = [sites]
    if not isinstance(sites, list | tuple) or not sites:
        raise ConfigurationError(f"a task names its sites, a list; this one has {sites!r}")
    names = tuple(str(site) for site in sites)
    starts = task.get("start_urls") or task.get("start_url") or []
    urls = tuple(str(url) for url in ([starts] if isinstance(starts, str) else _list(starts)))
    given = task.get("base_urls")
    bases = _bases(names, urls, given if isinstance(given, Mapping) else {})
    key = str(task.get("task_id") or "")
    digest = hashlib.blake2b(intent.encode(), digest_size=8).hexdigest()
    return PublicTask(
        key=key or f"asked:{digest}",
        intent=intent,
        sites=names,
        start_urls=urls or (bases[names[0]] + "/",),
        base_urls=bases,
    )


def _bases(
    sites: tuple[str, ...], starts: tuple[str, ...], given: Mapping[str, JsonValue]
) -> dict[str, str]:
    """Returns where each site is: as given, as the only start page says, else embedded."""
    bases = {site: f"http://{site}.localhost" for site in sites}
    if len(sites) == 1 and starts and (parts := urlsplit(starts[0])).netloc:
        bases[sites[0]] = f"{parts.scheme}://{parts.netloc}"
    return bases | {site: str(url).rstrip("/") for site, url in given.items() if site in bases}


def _whole(record: Mapping[str, JsonValue], name: str) -> int:
    return round(_number(record, name))


def _number(record: Mapping[str, JsonValue], name: str) -> float:
    value = record.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        raise ConfigurationError(f"{name} is a number >= 0, not {value!r}")
    return float(value)


def _list(value: JsonValue) -> list[JsonValue]:
    return list(value) if isinstance(value, list | tuple) else []
