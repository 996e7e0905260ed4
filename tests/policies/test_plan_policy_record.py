import json

import msgpack
import numpy as np
import pytest

from core.errors import CodecError, ConfigurationError
from core.plans import EdgeKind
from policies.plan_policy import (
    SHAPES,
    UNTRAINED,
    Gate,
    OrchestrationRecord,
    PlanPolicy,
    PlanPrior,
    PriorSource,
    initial_parameters,
    load_policy,
    policy_file,
    save_policy,
)
from policies.plan_policy.record import MASKED_LOGIT
from tests.policies.plan_policy_for_tests import (
    ALL_HEADS,
    BIG_PLAN,
    BIG_POOL,
    problem_of,
    trained,
)


def decided(policy=None, seed=5, **more):
    problem = problem_of(BIG_PLAN, pool=BIG_POOL, budget=10_000_000, **more)
    return problem, (policy or trained()).decide(problem, seed=seed)


def test_stored_and_recomputed_log_probabilities_agree_at_the_same_version():
    policy = trained()
    problem, record = decided(policy, heads=ALL_HEADS, gates=frozenset(Gate))
    stored = OrchestrationRecord.unpack(record.pack())
    again = policy.log_prob(problem, stored.actions)
    assert stored.policy_version == policy.version
    assert stored.log_prob == pytest.approx(again.total, abs=1e-5)
    assert stored.logp_agents == pytest.approx(again.agents, abs=1e-6)
    assert stored.logp_edges == pytest.approx(again.edges, abs=1e-6)
    assert stored.logp_gate == pytest.approx(again.gate, abs=1e-9)
    assert record.edges_active.sum() == 6
    other = trained(1, scale=3.0).log_prob(problem, stored.actions)
    assert abs(other.total - stored.log_prob) > 0.01


def test_log_probabilities_follow_from_the_stored_logits_alone():
    _, record = decided(heads=ALL_HEADS, gates=frozenset(Gate))
    stored = OrchestrationRecord.unpack(record.pack())
    rows = np.arange(len(stored.agent_logits))
    logits = stored.agent_logits.astype(np.float64)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert logs[rows, stored.actions.agents] == pytest.approx(stored.logp_agents, abs=1e-5)
    signs = np.where(stored.actions.keep, 1.0, -1.0)
    kept = np.where(stored.edges_active, -np.log1p(np.exp(-signs * stored.edge_logits)), 0.0)
    assert kept == pytest.approx(stored.logp_edges, abs=1e-5)


def test_a_record_goes_through_msgpack_unchanged():
    _, record = decided()
    packed = record.pack()
    stored = OrchestrationRecord.unpack(packed)
    assert stored.pack() == packed
    assert np.array_equal(stored.agent_mask, record.agent_mask)
    assert np.array_equal(stored.agent_logits, record.agent_logits)
    assert stored.actions.agents.tolist() == record.actions.agents.tolist()
    assert (stored.prior, stored.seed) == (PriorSource.RULES, 5)


def test_a_record_of_ten_nodes_and_fifteen_edges_is_below_a_kilobyte():
    problem, record = decided(heads=ALL_HEADS, gates=frozenset(Gate))
    assert (len(BIG_PLAN.nodes), len(BIG_PLAN.edges)) == (10, 15)
    assert sum(edge.kind is EdgeKind.ORDER for edge in BIG_PLAN.edges) == 6
    assert problem.agent_mask.sum() > 130
    assert len(record.pack()) < 1_000


def test_a_damaged_record_is_refused():
    _, record = decided()
    packed = record.pack()
    wire = msgpack.unpackb(packed)
    broken = [b"", b"\xc1", packed[:-3], packed + b"x", msgpack.packb([1, 2]), msgpack.packb({})]
    broken += [
        msgpack.packb([*wire[:place], value, *wire[place + 1 :]])
        for place, value in ((0, 2), (1, 3), (3, 999), (7, b"abc"), (12, 9), (19, "nobody"))
    ]
    for data in broken:
        with pytest.raises(CodecError):
            OrchestrationRecord.unpack(data)


def test_the_json_form_is_json_and_masks_with_a_finite_number():
    problem, record = decided()
    told = json.loads(json.dumps(record.to_json(), allow_nan=False))
    logits = np.array(told["agent_logits"])
    assert logits.shape == (10, 15)
    assert (logits[~problem.agent_mask] == MASKED_LOGIT).all()
    assert told["log_prob"] == pytest.approx(record.log_prob)
    assert set(told) >= {
        *("agent_logits", "agent_mask", "edge_logits", "edge_removable", "gate_logits"),
        *("actions", "active", "logp", "prior", "policy_version", "seed"),
    }


def test_a_policy_comes_back_from_its_file(tmp_path):
    path = tmp_path / "plan_p3o.npz"
    policy = PlanPolicy(
        parameters={k: v.astype(np.float32) for k, v in trained().parameters.items()},
        beta=0.5,
        version="p3o-000042",
    )
    save_policy(policy, path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    loaded = load_policy(path)
    problem, record = decided(policy)
    assert (loaded.version, loaded.beta) == ("p3o-000042", 0.5)
    assert loaded.decide(problem, seed=5).pack() == record.pack()


def test_without_a_file_the_policy_is_the_planner(tmp_path):
    policy = load_policy(tmp_path / "absent.npz")
    assert policy.parameters is None
    assert policy.version == UNTRAINED
    assert policy_file("p3o") != policy_file("macpo")


def test_a_file_that_is_no_policy_is_refused(tmp_path):
    path = tmp_path / "plan.npz"
    save_policy(trained(), path)
    whole = path.read_bytes()
    for data in (b"", b"not a zip", whole[: len(whole) // 2]):
        path.write_bytes(data)
        with pytest.raises(ConfigurationError, match=r"plan\.npz"):
            load_policy(path)
    arrays = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
    about = {"file_version": 1, "layout": "1999.1", "policy_version": "x", "beta": 1.0}
    np.savez(path, about=np.array(json.dumps(about)), **arrays)
    with pytest.raises(ConfigurationError, match=r"1999\.1"):
        load_policy(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: {k: v for k, v in p.items() if k != "gate.b3"},
        lambda p: {**p, "more": np.zeros(1)},
        lambda p: {**p, "gate.b3": np.zeros(5)},
        lambda p: {**p, "gate.b3": np.full(4, np.nan)},
    ],
)
def test_parameters_of_another_network_are_refused(damage):
    with pytest.raises(ConfigurationError):
        PlanPolicy(parameters=damage(initial_parameters(0)))


def test_the_network_is_small():
    assert sum(int(np.prod(shape)) for shape in SHAPES.values()) <= 30_000


def test_a_prior_goes_through_json_unchanged():
    prior = PlanPrior.from_label_logprobs({3: {"reader:rules": -0.1, "scout:top_k": -2.5}})
    again = PlanPrior.from_json(json.loads(json.dumps(prior.to_json())))
    assert again == prior
    cached = PlanPrior.from_json(prior.to_json(), source=PriorSource.CACHE)
    assert (cached.source, cached.nodes) == (PriorSource.CACHE, prior.nodes)
    for wrong in (None, {}, {"source": "rules", "epsilon": 7, "pseudo_count": 0}):
        with pytest.raises(CodecError):
            PlanPrior.from_json(wrong)
