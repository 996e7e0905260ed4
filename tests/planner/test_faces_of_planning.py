import subprocess
import sys

import pytest

import planner
from core.errors import CallerError, ConfigurationError
from core.events import Trigger
from core.plans import EffortTier
from planner.confirming import ConfirmingDecider
from planner.decisions import Continue, GiveUp, Repair, RepairKind, WantNewPlan
from planner.rules import RulesPlanner
from tests.planner.plans_for_tests import chain, request_for

TASK = {"task_id": 7, "intent": "Upvote the newest post in f/books", "sites": ["reddit"]}
OTHER = {"intent": "Like the latest submission of the nyc forum", "sites": ["reddit"]}


def dag(plan=None):
    made = plan or RulesPlanner().plan(request_for(TASK["intent"]))
    return {"dag": made.model_dump(mode="json")}


def test_a_plan_of_the_rules_is_valid_and_a_damaged_one_says_why():
    validator = planner.DAGValidator(max_nodes=12, num_agents=4)
    assert validator.validate_complete(dag(), TASK) == (True, [])
    broken = dag(chain())
    broken["dag"]["nodes"][1]["agent"] = "nobody"
    valid, errors = validator.validate_complete(broken, TASK)
    assert not valid
    assert errors[0].startswith("unknown_agent: node 1: no agent 'nobody'")
    repaired, repairs, left = validator.repair(broken, TASK)
    assert (len(repairs), left) == (1, [])
    assert validator.validate_complete(repaired, TASK) == (True, [])


@pytest.mark.parametrize("broken", [{}, {"dag": {"nodes": "x"}}, {"dag": {"nodes": [{"id": "a"}]}}])
def test_what_is_no_plan_is_an_error_in_words(broken):
    valid, errors = planner.DAGValidator().validate_complete(broken, TASK)
    assert not valid
    assert errors


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigurationError, match="max_nodes"):
        planner.DAGValidator(max_nodes=0)
    with pytest.raises(ConfigurationError, match="num_agents"):
        planner.DAGValidator(num_agents=9)
    with pytest.raises(ConfigurationError, match="intent"):
        planner.DAGValidator().validate_complete(dag(), {"sites": ["reddit"]})


def test_a_plan_that_worked_is_found_for_a_paraphrase_also_by_another_process(tmp_path):
    cache = planner.DAGCacheManager(cache_dir=tmp_path, max_cache_size=10)
    assert cache.cache_successful_dag(TASK, dag(), {"cost": 0.001, "replanning_count": 0})
    found = planner.DAGCacheManager(tmp_path, 10).retrieve({**OTHER, "budget": 0.01})
    assert found["dag"]["nodes"][0]["inputs"][0]["const"] == "nyc"
    assert cache.retrieve({**OTHER, "intent": "Downvote the newest post in f/nyc"}) is None
    assert cache.last_reason == "another intent"
    assert cache.statistics()["size"] == len(cache) == 1


def test_a_plan_that_is_told_to_have_failed_is_not_served_again(tmp_path):
    cache = planner.DAGCacheManager(tmp_path)
    cache.cache_successful_dag(TASK, dag(), {"cost": 0.001})
    cache.cache_successful_dag(TASK, dag(), {"success": False})
    assert cache.retrieve(TASK) is None
    assert cache.last_reason == "no good record"


def test_what_cannot_be_cached_is_a_clear_error():
    cache = planner.DAGCacheManager()
    with pytest.raises(CallerError, match="not a plan"):
        cache.cache_successful_dag(TASK, {"dag": {"nodes": 3}}, {})
    with pytest.raises(ConfigurationError, match="cost is dollars"):
        cache.cache_successful_dag(TASK, dag(), {"cost": "cheap"})


def test_nothing_to_repair_is_no_reason_to_replan():
    engine = planner.ReplanningEngine(None, replan_threshold=0.5, max_replans_per_task=3)
    state = {**TASK, "budget": 0.01, "spent": 0.001, "completed_nodes": [0]}
    assert engine.should_replan(state, [], dag()) == (False, "")


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"confidence": 0.2}, "low_confidence"),
        ({"failure": {"node": 1, "kind": "action", "reason": "no button"}}, "action_failure"),
    ],
)
def test_a_trigger_says_its_name(told, reason):
    engine = planner.ReplanningEngine(None)
    state = {**TASK, "budget": 0.01, "spent": 0.001, **told}
    wanted, why = engine.should_replan(state, [], dag())
    assert wanted
    assert why.startswith(reason)


def test_half_of_the_money_for_little_of_the_work_makes_the_rest_cheaper():
    plan = RulesPlanner().plan(request_for(TASK["intent"]))
    dear = [one.model_copy(update={"tier": EffortTier.SECOND_LOOK}) for one in plan.nodes[:1]]
    nodes = [*dear, *plan.nodes[1:]]
    engine = planner.ReplanningEngine(None)
    state = {**TASK, "budget": 0.01, "spent": 0.006}
    running = dag(plan.model_copy(update={"nodes": tuple(nodes)}))
    wanted, why = engine.should_replan(state, [], running)
    assert wanted
    assert why == "budget_inefficiency: 60% of the budget for 0% of the work"
    cheaper = engine.execute_replanning(running, state, why)["dag"]["nodes"][0]
    assert cheaper["tier"] != "second_look"


def test_what_is_completed_keeps_its_id_and_one_failure_is_repaired_a_bounded_number_of_times():
    engine = planner.ReplanningEngine(None, max_replans_per_task=2)
    failed = {"node": 1, "success": False, "kind": "action", "reason": "no button"}
    state = {**TASK, "budget": 0.01, "spent": 0.001, "failure": failed}
    current, told, kinds = dag(), {"changed": True}, []
    while told["changed"] and len(kinds) < 10:
        told = engine.execute_replanning(current, state, "stuck", completed_nodes=[0])
        kinds.append(told["repair"])
        assert told["dag"]["nodes"][0] == current["dag"]["nodes"][0]
        current = {"dag": told["dag"]}
    assert len(kinds) <= 4
    assert kinds[0] == "reroute"
    assert len(kinds[:-1]) == len(set(kinds[:-1]))
    assert engine.should_replan(state, [], current)[0] is False


def test_a_node_that_the_plan_lacks_is_named():
    with pytest.raises(CallerError, match="no node 99"):
        planner.ReplanningEngine().execute_replanning(dag(), TASK, "", completed_nodes=[99])
    with pytest.raises(ConfigurationError, match="no `replan`"):
        planner.ReplanningEngine(orchestrator=object())


def test_the_policy_is_an_orchestrator_of_the_engine():
    policy = planner.LLMOrchestratorPolicy("rules", "none")
    assert planner.ReplanningEngine(policy).should_replan(TASK, [], dag())[0] is False


class Saying:
    def __init__(self, decision):
        self.decision = decision

    def decide(self, report):
        del report
        return self.decision


class Standing:
    """As much of a report as a gate looks at."""

    def __init__(self, failure):
        self.failure = failure
        self.request = request_for()


WANTED = WantNewPlan(trigger=Trigger.ACTION_FAILURE, node=1, reason="stuck", fingerprint="f")
RETRY = Repair(
    kind=RepairKind.RETRY,
    plan=chain(),
    trigger=Trigger.ACTION_FAILURE,
    reason="stuck",
    fingerprint="f",
)


def test_a_person_is_asked_once_for_each_failure_before_a_plan_changes():
    asked = []
    gate = ConfirmingDecider(Saying(WANTED), lambda _, change: asked.append(change) or True)
    assert gate.decide(Standing("x")) is WANTED
    assert gate.decide(Standing("x")) is WANTED
    assert asked == [WANTED]


def test_a_refusal_ends_what_has_failed_and_leaves_alone_what_runs():
    gate = ConfirmingDecider(Saying(WANTED), lambda *_: False)
    assert gate.decide(Standing(None)) == Continue()
    refused = gate.decide(Standing("x"))
    assert isinstance(refused, GiveUp)
    assert refused.reason == "not approved: stuck"


@pytest.mark.parametrize("decision", [Continue(), RETRY])
def test_what_changes_no_plan_needs_nobody(decision):
    gate = ConfirmingDecider(Saying(decision), lambda *_: pytest.fail("nobody is to be asked"))
    assert gate.decide(Standing("x")) is decision


def test_the_package_is_imported_without_a_model_sdk_in_a_fifth_of_a_second():
    code = (
        "import time, sys; t = time.process_time(); import planner;"
        "print(time.process_time() - t, sorted({'openai', 'anthropic', 'google.genai', 'ray',"
        " 'torch', 'numpy', 'networkx'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split(maxsplit=1)
    assert float(told[0]) <= 0.2
    assert told[1].strip() == "[]"


def test_every_exported_name_is_there_and_others_are_not():
    assert all(getattr(planner, name) is not None for name in planner.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = planner.nothing
