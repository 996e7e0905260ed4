"""A web agent as an actor."""

from __future__ import annotations

import os
import traceback
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import cast

import ray
from ray.actor import ActorProxy

from actors.assembly import Assembly
from actors.budget import BudgetActor
from actors.handles import BudgetHandle
from actors.instant import awaitable
from actors.messages import CancelSubtask, Done, EndEpisode, RunSubtask, pack, unpack
from actors.subtasks import MoneyPort, SubtaskRun
from actors.world import RayTransport, WorldHostActor
from core.events import FailureKind, SubtaskFailed
from policies.profiles import AgentProfile
from policies.subtask import SubtaskMachine

__all__ = ["RemoteWebAgentActor", "WebAgentActor"]

_MAX_REMEMBERED = 10_000
"""Ids of subtasks that are known, so that the same one is not run twice."""


class WebAgentActor:
    """Carries out subtasks, many at a time, each on a page of its own.

    Owns: a browser with the pages of its subtasks; never torch.
    Accepts: `RunSubtask` (`run_subtask`, `compute`), `CancelSubtask`, `EndEpisode`, as bytes.
    Emits: a stream of `PageObserved` and `ActionTaken`, then one `SubtaskSucceeded` or
        `SubtaskFailed`.
    In flight when it stops: the stream breaks; the orchestrator closes the reservations of the
        subtask at their upper bound and tries again with a new attempt.
    Restarts: a few times, without pages and without memory.
    Under pressure: subtasks take turns at each await; one orchestrator has one of them at a time.
    """

    def __init__(
        self,
        profile: AgentProfile,
        assembly: Assembly,
        budget: str,
        world: str,
    ) -> None:
        """Makes policy, prices and browser.

        Args:
            profile: Who it is.
            assembly: Makes its parts.
            budget: Name of the actor whom it asks for money.
            world: Name of the actor that its pages come from.
        """
        self._profile = profile
        self._policy = assembly.policy(profile)
        self._parts = assembly.subtask()
        self._money: MoneyPort = BudgetHandle(cast(ActorProxy[BudgetActor], ray.get_actor(budget)))
        host = cast(ActorProxy[WorldHostActor], ray.get_actor(world))
        self._browser = awaitable(assembly.browser(lambda session: RayTransport(host, session)))
        self._running: dict[str, SubtaskRun] = {}
        self._known: OrderedDict[str, None] = OrderedDict()

    @ray.method
    async def run_subtask(self, message: bytes) -> AsyncIterator[bytes]:
        """Streams one attempt; one that was run before gives nothing."""
        asked = unpack(message, RunSubtask)
        if self._is_repeated(asked.subtask):
            return
        run = self._run_of(asked)
        self._running[asked.subtask] = run
        try:
            async for event in run.run():
                yield pack(event, trace=asked.episode, cause=asked.subtask)
        except Exception:  # noqa: BLE001 - the edge of this process: a bug becomes a failed subtask
            yield pack(_broken(asked), trace=asked.episode, cause=asked.subtask)
        finally:
            self._running.pop(asked.subtask, None)

    @ray.method
    async def compute(self, message: bytes) -> bytes:
        """Returns the result of a node that opens no page."""
        asked = unpack(message, RunSubtask)
        last = b""
        try:
            async for event in self._run_of(asked).run():
                last = pack(event, trace=asked.episode, cause=asked.subtask)
        except Exception:  # noqa: BLE001 - the edge of this process: a bug becomes a failed subtask
            last = pack(_broken(asked), trace=asked.episode, cause=asked.subtask)
        return last

    @ray.method
    async def cancel(self, message: bytes) -> bytes:
        """Ends an attempt at its next step; unknown ones are ignored."""
        asked = unpack(message, CancelSubtask)
        run = self._running.get(asked.subtask)
        if run is not None:
            run.cancel(asked.reason)
        return _DONE

    @ray.method
    async def end_episode(self, message: bytes) -> bytes:
        """Closes an episode's pages and forgets its cookies."""
        await self._browser.end_session(unpack(message, EndEpisode).episode)
        return _DONE

    @ray.method
    async def pid(self) -> int:
        """Returns the process id: the answer that says it is alive."""
        return os.getpid()

    def _run_of(self, asked: RunSubtask) -> SubtaskRun:
        machine = SubtaskMachine(self._parts)
        return SubtaskRun(asked, machine, self._policy, self._browser, self._money)

    def _is_repeated(self, subtask: str) -> bool:
        if subtask in self._known:
            return True
        self._known[subtask] = None
        if len(self._known) > _MAX_REMEMBERED:
            self._known.popitem(last=False)
        return False


def _broken(asked: RunSubtask) -> SubtaskFailed:
    """Says that the agent has a bug; what it had reserved is closed with it as a holder."""
    return SubtaskFailed(
        episode=asked.episode,
        node=asked.node.id,
        attempt=asked.attempt,
        agent=asked.agent,
        failure=FailureKind.AGENT_LOST,
        reason=traceback.format_exc(limit=-3)[-1_000:],
        steps=0,
        spent=0,
    )


_DONE = pack(Done())

RemoteWebAgentActor = ray.remote(WebAgentActor)
