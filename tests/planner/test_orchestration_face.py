import json

import numpy as np
import pytest

from core.budget import BudgetTracker
from core.errors import ConfigurationError
from planner.asked_context import read_context
from planner.context import build_context
from planner.llm_orchestrator import METHODS, LLMOrchestratorPolicy
from planner.plan_dialect import as_said
from planner.providers.contract import OverloadedError
from planner.providers.scripted import ScriptedProvider
from planner.validator import PlanContext, find_flaws, parse_plan
from policies.plan_policy import PlanPolicy, PlanPrior, save_policy
from policies.plan_policy.record import MASKED_LOGIT
from policies.profiles import DEFAULT_POOL
from tests.planner.plans_for_tests import chain
from tests.policies.plan_policy_for_tests import trained

TASK = {"intent": "Upvote the newest post in the books forum", "sites": ["reddit"]}
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY")


def flaws(dag_json, budget=20_000):
    plan = parse_plan(dag_json)
    context = PlanContext(agents=DEFAULT_POOL, sites=("reddit",), budget=budget, max_nodes=12)
    return find_flaws(plan, context)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("explore", [True, False])
def test_without_a_key_there_is_a_valid_plan_with_its_logits(method, explore):
    policy = LLMOrchestratorPolicy("rules", method, 0.02, 12, 4, explore=explore)
    dag_json, logits = policy.generate_dag(TASK)
    nodes = dag_json["dag"]["nodes"]
    assert isinstance(nodes, list)
    assert all(isinstance(node["id"], int) for node in nodes)
    assert flaws(dag_json) == ()
    assert (dag_json["origin"], dag_json["fell_back"]) == ("rules", "")
    json.dumps([dag_json, logits], allow_nan=False)
    assert np.array(logits["agent_logits"]).shape == (len(nodes), 15)
    assert len(logits["edge_logits"]) == len(logits["edge_removable"])
    assert len(logits["gate_logits"]) == 4
    assert logits["is_greedy"] is not explore


def test_the_logits_give_the_log_probability_of_what_was_decided():
    policy = LLMOrchestratorPolicy(
        policy=PlanPolicy(parameters=trained().parameters, version="t"), explore=True, seed=8
    )
    _, logits = policy.generate_dag(TASK)
    total = 0.0
    for row, action in zip(logits["agent_logits"], logits["actions"]["agents"], strict=True):
        assert row[action] > MASKED_LOGIT
        total += row[action] - np.log(np.exp(row).sum())
    total += sum(logits["logp"]["edges"]) + logits["logp"]["gate"]
    assert logits["log_prob"] == pytest.approx(total, abs=1e-4)
    assert policy.last.record.log_prob == logits["log_prob"]


def test_exploring_differs_from_call_to_call_and_repeats_with_the_seed():
    def run(seed):
        policy = LLMOrchestratorPolicy(
            policy=PlanPolicy(parameters=trained(2, scale=1.0).parameters, beta=0.0),
            explore=True,
            seed=seed,
        )
        return [policy.generate_dag(TASK)[1]["actions"] for _ in range(4)]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert len({json.dumps(actions) for actions in run(1)}) > 1


def test_a_context_brings_its_money():
    ledger = BudgetTracker(0.01)
    ledger.reserve("a", 2_000, holder="x")
    ledger.settle("a", 2_000)
    ledger.reserve("b", 1_000, holder="x")
    context = build_context(TASK, budget_tracker=ledger, method="p3o")
    read = read_context(context, 5)
    assert (read.limit, read.left, read.held) == (10_000, 7_000, 1_000)
    policy = LLMOrchestratorPolicy()
    dag_json, _ = policy.generate_dag(context)
    assert flaws(dag_json, budget=7_000) == ()
    assert policy.last.problem.context[:3] == pytest.approx([0.7, 0.2, 0.1])


def test_a_plain_record_may_tell_more():
    read = read_context(
        {
            "task": {**TASK, "task_id": 404, "start_url": "http://127.0.0.1:9999/f/books"},
            "budget": 0.005,
            "observation": "heading: books\nlink: newest",
        },
        20_000,
    )
    assert (read.task.key, read.limit, read.left) == ("404", 5_000, 5_000)
    assert read.task.base_urls == {"reddit": "http://127.0.0.1:9999"}
    assert [element.name for element in read.page.elements] == ["heading: books", "link: newest"]
    bare = read_context(TASK, 20_000)
    assert bare.task.start_urls == ("http://reddit.localhost/",)
    assert bare.page is None


def test_answers_in_a_task_are_not_read():
    read = read_context({**TASK, "eval": {"answer": "canary"}, "answer": "canary"}, 1)
    assert "canary" not in read.task.model_dump_json()


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"task": "buy milk"},
        {"intent": " ", "sites": ["reddit"]},
        {"intent": "x"},
        {"intent": "x", "sites": []},
        {**TASK, "budget": -1.0},
        {**TASK, "budget": {"limit_micros": 5, "remaining_micros": "much"}},
    ],
)
def test_a_context_without_a_task_says_what_is_missing(context):
    with pytest.raises(ConfigurationError):
        LLMOrchestratorPolicy().generate_dag(context)


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "reinforce"},
        {"budget": -1.0},
        {"budget": float("nan")},
        {"max_nodes": 0},
        {"num_agents": 0},
        {"label_samples": -1},
        {"llm_model": "abacus"},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ConfigurationError):
        LLMOrchestratorPolicy(**settings)


@pytest.mark.parametrize("model", ["gpt-4-turbo", "claude-3-opus", "gemini-1.5-pro"])
def test_a_model_without_a_key_falls_back_to_the_rules_and_says_so(model, monkeypatch):
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    dag_json, logits = LLMOrchestratorPolicy(model, "MACPO").generate_dag(TASK)
    assert flaws(dag_json) == ()
    assert dag_json["origin"] == "rules"
    assert model in dag_json["fell_back"]
    assert "no key" in dag_json["fell_back"]
    assert logits["prior"] == "rules"
    assert dag_json["planning_cost"] == 0.0


def test_a_model_proposes_and_its_votes_are_the_prior():
    plan = json.dumps(as_said(chain()))
    provider = ScriptedProvider([plan, "0: C\n1: G\n2: C", "0: C\n1: G\n2: C"], model="a-model")
    policy = LLMOrchestratorPolicy(stack=lambda _purse: provider, label_samples=2)
    dag_json, logits = policy.generate_dag(TASK)
    assert (dag_json["origin"], dag_json["fell_back"], dag_json["findings"]) == ("a-model", "", [])
    assert logits["prior"] == "votes"
    assert [node["agent"] for node in dag_json["dag"]["nodes"]] == ["reader", "editor", "reader"]
    assert PlanPrior.from_json(dag_json["prior"]).nodes[0] == {"reader:rules": 2.0}
    assert flaws(dag_json) == ()


def test_a_model_that_fails_leaves_the_plan_to_the_rules():
    provider = ScriptedProvider([OverloadedError("later")])
    policy = LLMOrchestratorPolicy(stack=lambda _purse: provider)
    dag_json, logits = policy.generate_dag(TASK)
    assert "OverloadedError" in dag_json["fell_back"]
    assert (dag_json["origin"], logits["prior"]) == ("rules", "rules")


def test_fewer_agents_and_a_file_of_a_policy(tmp_path):
    path = tmp_path / "plan.npz"
    save_policy(PlanPolicy(parameters=trained().parameters, version="p3o-7"), path)
    policy = LLMOrchestratorPolicy(num_agents=2, policy=path)
    assert [agent.id for agent in policy.agents] == ["editor", "generalist"]
    dag_json, logits = policy.generate_dag(TASK)
    assert {node["agent"] for node in dag_json["dag"]["nodes"]} <= {"editor", "generalist"}
    assert logits["policy_version"] == "p3o-7"
    assert np.array(logits["agent_mask"]).shape[1] == 9
