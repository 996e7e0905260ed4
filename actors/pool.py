"""Starts and stops the actors of a system."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

import ray
from ray.actor import ActorHandle, ActorProxy
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.assembly import Assembly
from actors.budget import BudgetActor, RemoteBudgetActor
from actors.log_keeper import EventLogActor, RemoteEventLogActor
from actors.orchestrator import OrchestratorActor, RemoteOrchestratorActor
from actors.placement import offered, place_agents
from actors.plan_cache import PlanCacheActor, RemotePlanCacheActor
from actors.web_agent import RemoteWebAgentActor, WebAgentActor
from actors.world import WORLD_THREADS, RemoteWorldHostActor, WorldHostActor
from core.errors import ConfigurationError, WorldError

__all__ = ["Pool", "RayConfig", "start_ray"]

_SERVICE = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": 0}
_AGENT = {"num_cpus": 0, "max_restarts": 5, "max_task_retries": 0}
"""An agent that keeps dying is given up; the others go on."""
_KNOCK_S = 5.0
"""Seconds that a Ray to be joined may take to accept a connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RayConfig:
    """How Ray is reached or started."""

    address: str = "local"
    """`local` starts an instance of its own, `auto` or an address joins a running one."""
    num_cpus: int | None = None
    """CPUs that a local instance may use; `None`: all."""
    object_store_bytes: int = 80 * 2**20
    """Object store of a local instance; Ray's minimum is 75 MiB."""
    start_deadline_s: float = 60.0
    """Seconds that the actors may take to answer for the first time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The actors of a system. Services stay on the driver's node, where the run's folder is."""

    orchestrator: ActorProxy[OrchestratorActor]
    agents: dict[str, ActorProxy[WebAgentActor]]
    budget: ActorProxy[BudgetActor]
    cache: ActorProxy[PlanCacheActor]
    log: ActorProxy[EventLogActor]
    world: ActorProxy[WorldHostActor]

    @classmethod
    def start(cls, assembly: Assembly, folder: Path, config: RayConfig) -> Self:
        """Creates all actors at once and waits until each one has answered.

        Actors know one another by name: a handle among the arguments of a constructor would lie in
        the object store, and an actor whose arguments are gone cannot be restarted.

        Raises:
            WorldError: One does not answer within the deadline.
        """
        names = {who: f"{folder.name}/{who}" for who in ("budget", "cache", "log", "world")}
        agent_names = {agent.id: f"{folder.name}/agent/{agent.id}" for agent in assembly.agents}
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        agent_place = place_agents(offered(), near=here if assembly.is_local else None)
        service = {**_SERVICE, "scheduling_strategy": here}
        run = str(folder)
        budget = RemoteBudgetActor.options(**service, name=names["budget"]).remote(run)
        cache = RemotePlanCacheActor.options(**service, name=names["cache"]).remote(assembly.cache)
        log = RemoteEventLogActor.options(**service, name=names["log"]).remote(run)
        world = RemoteWorldHostActor.options(
            **service, name=names["world"], max_concurrency=WORLD_THREADS
        ).remote(run, assembly.world, assembly.judge, assembly.is_served)
        agents = {
            agent.id: RemoteWebAgentActor.options(
                **_AGENT, **agent_place, name=agent_names[agent.id]
            ).remote(agent, assembly, names["budget"], names["world"])
            for agent in assembly.agents
        }
        orchestrator = RemoteOrchestratorActor.options(**service).remote(
            run, assembly, agent_names, names["budget"], names["cache"], names["log"]
        )
        pool = cls(
            orchestrator=orchestrator,
            agents=agents,
            budget=budget,
            cache=cache,
            log=log,
            world=world,
        )
        pool._wait(config.start_deadline_s)
        return pool

    def stop(self) -> None:
        """Ends the actors; what they wrote stays."""
        services = (self.orchestrator, self.world, self.log, self.cache, self.budget)
        for actor in (*self.agents.values(), *services):
            with suppress(ray.exceptions.RayError):
                ray.kill(cast(ActorHandle[object], actor))

    def _wait(self, deadline_s: float) -> None:
        first = {agent.pid.remote(): f"agent {name}" for name, agent in self.agents.items()}
        first |= {
            self.orchestrator.pid.remote(): "orchestrator",
            self.budget.pid.remote(): "budget",
        }
        first |= {self.cache.pid.remote(): "cache", self.log.pid.remote(): "log"}
        first |= {self.world.pid.remote(): "world"}
        answered, silent = ray.wait(list(first), num_returns=len(first), timeout=deadline_s)
        if silent:
            names = ", ".join(sorted(first[reference] for reference in silent))
            raise WorldError(
                f"no answer in {deadline_s} s from: {names}; the cluster offers {_told(offered())}"
            )
        ray.get(answered)


class start_ray:
    """Starts Ray if this process has none, and shuts down what it started.

    The files of a local instance lie in a short folder of their own, which is removed afterwards.
    """

    def __init__(self, config: RayConfig) -> None:
        self._config = config
        self._folder: str | None = None
        self._is_ours = False

    def __enter__(self) -> Self:
        _check_address(self._config.address)
        if ray.is_initialized():
            return self
        self._is_ours = True
        config = self._config
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        if config.address != "local":
            _join(config.address)
            return self
        _lock_door()
        self._folder = tempfile.mkdtemp(prefix="mas")
        ray.init(
            address="local",
            num_cpus=config.num_cpus,
            include_dashboard=False,
            object_store_memory=config.object_store_bytes,
            log_to_driver=False,
            logging_level=logging.WARNING,
            namespace="mas",
            _node_ip_address="127.0.0.1",
            _temp_dir=self._folder,
        )
        return self

    def __exit__(self, *error: object) -> None:
        if not self._is_ours:
            return
        ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _lock_door() -> None:
    """Lets only this process and what it starts into a local instance.

    Ray listens on all interfaces, whatever address it is given (measured, 2.60), and whoever gets
    in runs code. It asks for a token unless `RAY_AUTH_MODE` says otherwise; one of our own keeps it
    from writing a file into the home folder. It is the same for all instances of this process.
    """
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)


def _check_address(address: str) -> None:
    """Checks that an address is not that of the jobs API.

    Raises:
        ConfigurationError: It is.
    """
    if address.startswith(("http://", "https://")):
        raise ConfigurationError(
            f"{address} is where jobs are submitted; a script joins `auto` or HOST:PORT "
            "(`ray job submit` reads its address from RAY_API_SERVER_ADDRESS)"
        )


def _join(address: str) -> None:
    """Joins a running Ray.

    Raises:
        WorldError: No Ray is running there, or it does not let this process in.
    """
    try:
        _knock(address)
        ray.init(
            address=address, log_to_driver=False, logging_level=logging.WARNING, namespace="mas"
        )
    except (OSError, ValueError, ray.exceptions.AuthenticationError) as error:
        raise WorldError(
            f"cannot join a Ray at {address}: {str(error).strip().splitlines()[0]}; start one with "
            "`ray start --head`, or give the address `local`"
        ) from error


def _knock(address: str) -> None:
    """Finds out whether anybody listens at HOST:PORT; Ray itself would try for minutes.

    Raises:
        OSError: Nobody does.
        ValueError: The address is neither `auto` nor HOST:PORT.
    """
    if address != "auto":
        host, _, port = address.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S):
            return


def _told(resources: dict[str, float]) -> str:
    """Returns the resources that an actor may ask for, as text."""
    names = [name for name in sorted(resources) if not name.startswith(("node:", "object_store"))]
    return ", ".join(f"{name} {resources[name]:g}" for name in names) or "nothing"
