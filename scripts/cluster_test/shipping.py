"""The cluster file of the rehearsal: `cluster-onprem.yaml` with two lines changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

__all__ = ["RehearsedCluster", "rehearsed"]

_SET_UP = "scripts/set_up_node.sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedCluster:
    """What the rehearsal needs of a cluster file."""

    text: str
    """The file for `ray up`."""
    head: str
    """Address of the head."""
    workers: tuple[str, ...]
    """Addresses of the workers."""


def rehearsed(file: Path, *, environment: Path) -> RehearsedCluster:
    """Returns an on-premise cluster file as the rehearsal runs it.

    Changed are the user, who is root on the hosts, and the set-up: a host is given this machine's
    virtual environment instead of an installation of its own, so that no registry is needed.

    Args:
        file: A cluster file with a provider of type `local`.
        environment: The virtual environment.

    Raises:
        ValueError: There is not exactly one set-up command to replace.
    """
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    config["auth"]["ssh_user"] = "root"
    commands = config["setup_commands"]
    found = [index for index, command in enumerate(commands) if _SET_UP in command]
    if len(found) != 1:
        raise ValueError(f"{file.name} runs {_SET_UP} {len(found)} times, must be once")
    commands[found[0]] = f"ln -sfn {environment} ~/webarena-mas/.venv"
    provider = config["provider"]
    return RehearsedCluster(
        text=yaml.safe_dump(config, sort_keys=False),
        head=provider["head_ip"],
        workers=tuple(provider["worker_ips"]),
    )
