"""Serve the embedded sites on this machine, to look at them in your own browser.

    python -m scripts.serve_sites --skin modern --seed 7

Each run opens fresh worlds; what you change is gone when you stop it.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Literal

import tyro
from rich.console import Console
from rich.table import Table

from core.tasks import WorldSpec
from environment.http_server import LoopbackConfig, LoopbackServer
from environment.sites.registry import SITE_NAMES, site_named
from environment.world_host import WorldHost


@dataclass(frozen=True)
class Options:
    """Serve the embedded sites on this machine, to look at them in your own browser."""

    profile: Literal["official", "generated"] = "official"
    """`official` holds what the benchmark's tasks name, `generated` is drawn from the seed."""
    seed: int = 0
    """Seed of a generated world."""
    skin: Literal["plain", "modern"] = "plain"
    """Look and wording."""
    attacks: bool = False
    """Whether user content carries attacks on agents."""
    port: int = 0
    """Port of 127.0.0.1; 0 takes a free one."""


def main(options: Options) -> None:
    """Serves until it is interrupted."""
    console = Console()
    server = LoopbackServer(LoopbackConfig(port=options.port))
    server.start()
    urls = server.base_urls("home", SITE_NAMES)
    spec = WorldSpec(seed=options.seed, profile=options.profile, attacks=options.attacks)
    host = WorldHost.open(dict.fromkeys(urls, spec), base_urls=urls, skin=options.skin)
    server.attach("home", host)
    table = Table(title="Embedded sites (Ctrl-C stops them)", title_justify="left")
    table.add_column("site")
    table.add_column("address")
    table.add_column("sign in as")
    for name, url in urls.items():
        table.add_row(name, url, f"{site_named(name).default_user} / test1234")
    console.print(table)
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("stopped")
    finally:
        server.stop()
        host.close()


if __name__ == "__main__":
    main(tyro.cli(Options))
