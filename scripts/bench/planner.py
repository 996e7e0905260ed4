"""What the planner's imports cost, and what an adapter adds to a call of a provider's package."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

from pydantic import SecretStr

from planner.providers.capability_book import CapabilityBook
from planner.providers.capable import Capable
from planner.providers.contract import Provider
from planner.providers.endpoints import Endpoint
from planner.providers.naming import open_adapter, read_name
from scripts.bench.figures import Figure, spread
from scripts.bench.planner_bare_calls import BARE_CALLS, PLAN_BYTES, REQUEST
from scripts.bench.reply_server import serving

__all__ = ["measure"]

_IMPORTS = {
    "planner": "<= 0.2",
    "planner.providers.naming": "<= 0.2",
    "planner.wrappers.stack": "",
    "planner.providers.openai": "",
    "planner.providers.anthropic": "",
    "planner.providers.google": "",
}
"""Module, target in CPU-seconds; the last three are the packages of the providers."""
_STARTS = 7
_CALLS = 150
_WARM_UP = 20


def measure() -> list[Figure]:
    """Measures in processes of its own and against a server on loopback; about 90 CPU-seconds."""
    return [*_import_costs(), *_call_overheads()]


def _import_costs() -> list[Figure]:
    figures: list[Figure] = []
    for module, target in _IMPORTS.items():
        costs = [_import_cpu_s(module) for _ in range(_STARTS)]
        figures.append(
            {
                "name": f"import {module}",
                "value": statistics.median(costs),
                "unit": "CPU-s",
                "target": target,
                "n": len(costs),
                "spread": spread(costs),
            }
        )
    return figures


def _import_cpu_s(module: str) -> float:
    code = f"import time; a = time.process_time(); import {module}; print(time.process_time() - a)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(run.stdout)


def _call_overheads() -> list[Figure]:
    figures: list[Figure] = []
    for bare in BARE_CALLS:
        with serving(bare.reply) as address:
            without = bare.open(address + bare.path)
            provider = _provider(bare.typed, address + bare.path)
            times = _side_by_side(without, partial(_text, provider))
        added = [ours - theirs for theirs, ours in times]
        figures.append(
            {
                "name": f"{bare.typed}: bare call of the package, {PLAN_BYTES:,} bytes of reply",
                "value": statistics.median(theirs for theirs, _ in times),
                "unit": "CPU-ms/call",
                "target": "",
                "n": len(times),
                "spread": spread([theirs for theirs, _ in times]),
            }
        )
        figures.append(
            {
                "name": f"{bare.typed}: what adapter, record and contract add to it",
                "value": statistics.median(added),
                "unit": "CPU-ms/call",
                "target": "<= 0.5",
                "n": len(added),
                "spread": spread(added),
            }
        )
    return figures


def _side_by_side(
    theirs: Callable[[], str | None], ours: Callable[[], str | None]
) -> list[tuple[float, float]]:
    def cpu_ms(call: Callable[[], str | None]) -> float:
        start = time.thread_time()
        text = call()
        spent = (time.thread_time() - start) * 1000
        assert text is not None
        assert len(text) == PLAN_BYTES
        return spent

    return [(cpu_ms(theirs), cpu_ms(ours)) for _ in range(_CALLS + _WARM_UP)][_WARM_UP:]


def _provider(typed: str, base_url: str) -> Provider:
    name = read_name(typed)
    endpoint = Endpoint(
        provider=name.provider,
        label=name.label,
        model=name.model,
        base_url=base_url,
        api_key=SecretStr("bench"),
    )
    book = CapabilityBook()
    return Capable(open_adapter(endpoint, book), book, endpoint)


def _text(provider: Provider) -> str:
    return provider.complete(REQUEST).text
