"""The baseline without any skill."""

from __future__ import annotations

from core.money import micros
from core.tasks import AgentResponse, ResponseStatus, Task, TaskType
from environment.browsers.in_process.browser import InProcessBrowser
from environment.judge import Verdict, judge
from environment.transports import DirectTransport
from environment.world_host import WorldHost
from evaluation.outcomes import Outcome
from evaluation.records import recorded
from scripts.verdicts import judged

__all__ = ["Guesser"]


class Guesser:
    """The baseline without any skill: opens the first page and says that nothing is there.

    It is told the type of the task, so its success is what refusing alone can earn at most.
    """

    def __init__(self, budget: float) -> None:
        """Takes the dollars that it may spend and does not."""
        self._budget = micros(budget)

    def run(self, task: Task) -> Outcome:
        """Answers and judges one task with each task type, and keeps the best verdict."""
        verdicts = [self._verdict(task, kind) for kind in TaskType]
        best = max(verdicts, key=lambda one: (one.strict, one.official or 0.0))
        record = recorded(
            judged(task, best), algorithm="guess", cost=0, budget=self._budget, steps=1
        )
        return Outcome(record, task.intent, "guess")

    def _verdict(self, task: Task, kind: TaskType) -> Verdict:
        host = WorldHost.open(task.worlds, skin=task.skin)
        urls = {site: host.base_url(site) for site in task.sites}
        browser = InProcessBrowser(DirectTransport(host))
        start = task.public(urls).start_urls[0]
        browser.open_now(start, session="guess", cookies=host.cookies_for(task.user)).observe_now()
        answer = AgentResponse(task_type=kind, status=ResponseStatus.NOT_FOUND_ERROR)
        verdict = judge(task, host, answer)
        host.close()
        return verdict
