"""A web agent's face for the orchestrator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import ray
from ray.actor import ActorProxy
from ray.exceptions import RayError

from actors.handles import ATTEMPT_S, ask, last_line, sent
from actors.messages import CODEC, CancelSubtask, EndEpisode, RunSubtask, pack
from actors.subtasks import Seen
from actors.web_agent import WebAgentActor
from core.errors import AgentLostError

__all__ = ["AgentHandle"]

_Stream = AsyncIterator[ray.ObjectRef[bytes]]
"""What a streaming call really returns; Ray's types name the generator inside."""


class AgentHandle:
    """Talks to a web agent."""

    def __init__(
        self, actor: ActorProxy[WebAgentActor], *, silence_s: float = 90.0, back_s: float = 30.0
    ) -> None:
        """Takes an agent.

        Args:
            actor: The agent.
            silence_s: Seconds without a word from a running subtask after which it is lost.
            back_s: Seconds that a fresh process may take to stand in for a lost one.
        """
        self._actor = actor
        self._silence_s = silence_s
        self._back_s = back_s

    async def run(self, asked: RunSubtask) -> AsyncIterator[Seen]:
        """Yields what the agent sees and does, and at last its result.

        Raises:
            AgentLostError: It is gone, silent for too long, or ended without a result.
        """
        if not asked.base_url:
            yield await self._compute(asked)
            return
        message = pack(asked, trace=asked.episode)
        stream = cast(_Stream, self._actor.run_subtask.remote(message))
        try:
            while True:
                try:
                    reference = await asyncio.wait_for(anext(stream), self._silence_s)
                    yield CODEC.unpack(await reference).body
                except StopAsyncIteration:
                    return
        except (RayError, TimeoutError) as error:
            raise AgentLostError(f"{asked.agent}: {last_line(error)}") from error

    async def cancel(self, asked: CancelSubtask) -> None:
        """Asks for the end of an attempt; a lost agent needs no asking."""
        try:
            await asyncio.wait_for(sent(self._actor.cancel.remote(pack(asked))), ATTEMPT_S)
        except (RayError, TimeoutError):
            return

    async def end_episode(self, episode: str) -> None:
        """Closes an episode's pages; a lost agent has none."""
        try:
            message = pack(EndEpisode(episode=episode))
            await asyncio.wait_for(sent(self._actor.end_episode.remote(message)), ATTEMPT_S)
        except (RayError, TimeoutError):
            return

    async def back(self) -> bool:
        """Waits for a fresh process; whether one came."""

        async def call() -> bytes:
            return str(await self._actor.pid.remote()).encode()

        try:
            await ask(call, deadline_s=self._back_s, lost=AgentLostError, what="agent")
        except AgentLostError:
            return False
        return True

    async def _compute(self, asked: RunSubtask) -> Seen:
        try:
            reply = await asyncio.wait_for(
                sent(self._actor.compute.remote(pack(asked, trace=asked.episode))),
                self._silence_s,
            )
        except (RayError, TimeoutError) as error:
            raise AgentLostError(f"{asked.agent}: {last_line(error)}") from error
        body: Seen = CODEC.unpack(reply).body
        return body
