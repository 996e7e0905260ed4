import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.plan_dialect import as_said
from planner.plan_replies import read_reply
from planner.rules.planner import RulesPlanner
from planner.validator import PlanContext, find_flaws
from tests.planner.plans_for_tests import request_for
from tests.planner.voices_for_tests import saying

REQUEST = request_for("How many comments does the top post of f/books have, and who wrote it?")
SOUND = as_said(RulesPlanner().plan(REQUEST))
JUNK = (None, True, -1, 0, 1, 2, 10**30, 1.5, "", "x", "1", "null", "find", [], {}, [[]], {"id": 1})


def damaged(rng):
    plan = json.loads(json.dumps(SOUND))
    for _ in range(rng.randint(1, 4)):
        where = [plan]
        while True:
            here = where[-1]
            inner = list(here.values()) if isinstance(here, dict) else list(here)
            inner = [one for one in inner if isinstance(one, dict | list) and one]
            if not inner or (len(where) > 1 and rng.random() < 0.3):
                break
            where.append(rng.choice(inner))
        _damage(where[-1], rng)
    return plan


def _damage(here, rng):
    keys = list(here) if isinstance(here, dict) else list(range(len(here)))
    key = rng.choice(keys)
    match rng.randint(0, 3):
        case 0:
            del here[key]
        case 1:
            here[key] = rng.choice(JUNK)
        case 2 if isinstance(here, list):
            here.append(here[key])
        case _:
            here[key] = here[rng.choice(keys)] if isinstance(here, list) else str(here[key])


@settings(max_examples=400)
@given(seed=st.integers(0, 10**9))
def test_a_plan_damaged_anywhere_is_either_valid_or_told(seed):
    reply = saying(json.dumps(damaged(random.Random(seed))))
    read = read_reply(reply, REQUEST)
    if read.findings:
        assert all(finding.message for finding in read.findings)
    else:
        assert find_flaws(read.plan, PlanContext.of(REQUEST)) == ()


@given(
    said=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["nodes", "id", "dag", "inputs", "verb"]), inner)
        ),
        max_leaves=10,
    )
)
def test_any_json_at_all_is_a_finding_and_no_failure(said):
    assert read_reply(saying(json.dumps(said)), REQUEST).findings
