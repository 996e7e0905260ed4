"""Runs an oracle in any browser, on worlds that somebody else has opened."""

from __future__ import annotations

from core.ports import Browser
from core.tasks import AgentResponse, Task
from environment.oracles.contract import Oracle, OracleLostError
from environment.world_host import WorldHost

__all__ = ["rehearse"]


async def rehearse(
    task: Task, oracle: Oracle, browser: Browser, host: WorldHost, *, step_cap: int = 200
) -> AgentResponse:
    """Acts as an oracle says until it answers.

    Args:
        task: The task; its user is signed in.
        oracle: Acts through pages only.
        browser: Reaches the host's worlds; the task's key names the session, which is ended.
        host: The worlds of the task, which the run changes.
        step_cap: Actions after which the oracle is lost.

    Raises:
        OracleLostError: The oracle does not find its way, or wants more actions than allowed.
    """
    public = task.public({site: host.base_url(site) for site in task.sites})
    page = await browser.open(
        public.start_urls[0], session=task.key, cookies=host.cookies_for(task.user)
    )
    try:
        run = oracle(public, await page.observe())
        action = next(run)
        for _ in range(step_cap):
            action = run.send(await page.act(action))
    except StopIteration as stop:
        answer: AgentResponse = stop.value
        return answer
    finally:
        await browser.end_session(task.key)
    raise OracleLostError(f"no end after {step_cap} actions")
