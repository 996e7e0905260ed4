"""Whole episodes on the embedded forum: the policy stands where the planner stood."""

from dataclasses import replace

import pytest

from actors.assembly import default_assembly
from actors.in_process import EpisodeSetup, run_episode
from core.tasks import Split
from environment.browsers.in_process.browser import InProcessBrowser
from environment.tasks.generated import sample
from environment.transports import DirectTransport
from planner.orchestration import OrchestratedPlanner
from planner.orchestration_gate import GatedDecider
from planner.replanning import ReplanningEngine
from planner.rules import RulesPlanner
from policies.plan_policy import PlanPolicy

TASKS = [made.task for made in sample(Split.TRAIN, 3, 3)]


def orchestrated(policy, *, is_greedy, told):
    return replace(
        default_assembly(),
        planner=lambda: OrchestratedPlanner(
            RulesPlanner(), policy, is_greedy=is_greedy, on_decision=told.append
        ),
        decider=lambda: GatedDecider(ReplanningEngine(), policy, is_greedy=is_greedy),
    )


def run(task, assembly, budget=0.05):
    host = assembly.world(task, {})
    setup = EpisodeSetup(
        episode="e",
        task=task.public({site: host.base_url(site) for site in task.sites}),
        budget=budget,
        cookies=tuple(host.cookies_for(task.user)),
    )
    transport = DirectTransport(host)
    try:
        return run_episode(
            setup, assembly, InProcessBrowser(transport), on_event=lambda _event: None
        )
    finally:
        transport.close()
        host.close()


@pytest.mark.parametrize("task", TASKS, ids=[task.key for task in TASKS])
def test_before_training_an_episode_goes_as_without_the_policy(task):
    told = []
    ours = run(task, orchestrated(PlanPolicy(), is_greedy=True, told=told))
    assert ours == run(task, default_assembly())
    assert told[0].record.prior == "rules"


def test_what_a_policy_decides_changes_what_an_episode_costs_and_never_breaks_its_cap():
    costs = set()
    for budget in (0.05, 0.004, 0.0005):
        told = []
        assembly = orchestrated(PlanPolicy(beta=0.0), is_greedy=False, told=told)
        result = run(TASKS[0], assembly, budget)
        assert result.spent <= round(budget * 1e6)
        costs.add(result.spent)
    assert costs != {run(TASKS[0], default_assembly()).spent}
