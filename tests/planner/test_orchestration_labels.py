import math

import pytest

from core.budget import BudgetTracker
from core.errors import ConfigurationError
from planner.orchestration_labels import LabelPrior
from planner.providers.contract import (
    FinishReason,
    ModelReply,
    OverloadedError,
    TokenLogprob,
    Usage,
)
from planner.providers.scripted import ScriptedProvider
from planner.wrappers.purses import LedgerPurse
from policies.plan_policy import PlanPolicy, PlanPrior, Pool, PriorSource, RunStanding, pose
from policies.profiles import DEFAULT_POOL
from tests.planner.plans_for_tests import chain, request_for

POOL = Pool.of(DEFAULT_POOL)
PLAN = chain().model_copy(update={"origin": "a-model"})
LETTERS = {choice.label: "ABCDEFGHIJKLMNO"[place] for place, choice in enumerate(POOL.choices)}
LABELS = {letter: label for label, letter in LETTERS.items()}


def asked(provider, *, samples=3, budget=1_000_000, has_purse=True):
    purse = LedgerPurse(tracker=BudgetTracker(0.01), holder="test")
    request = request_for(budget=budget, purse=purse if has_purse else None)
    problem = pose(PLAN, POOL, RunStanding(budget=budget), PlanPrior(source=PriorSource.ONEHOT))
    labels = LabelPrior(stack=lambda _purse: provider, num_samples=samples)
    return labels.prior(PLAN, request, problem), problem


def scored(*tokens):
    return ModelReply(
        text="".join(token for token, _, _ in tokens),
        finish=FinishReason.STOP,
        usage=Usage(),
        provider="scripted",
        model="scripted",
        logprobs=tuple(
            TokenLogprob(token=token, logprob=logprob, top=tuple(top.items()))
            for token, logprob, top in tokens
        ),
    )


def test_labels_are_scored_among_labels_only():
    provider = ScriptedProvider(
        [
            scored(
                ("0", -0.1, {}),
                (":", 0.0, {}),
                (" A", math.log(0.3), {" A": math.log(0.3), " C": math.log(0.1), " the": -0.5}),
                ("\n", 0.0, {}),
                ("1:", 0.0, {}),
                (" G", math.log(0.2), {}),
            )
        ]
    )
    prior, problem = asked(provider)
    assert prior.source is PriorSource.LABELS
    assert prior.nodes[0] == pytest.approx({"scout:rules": 0.75, "reader:rules": 0.25})
    assert prior.nodes[1] == {"editor:rules": 1.0}
    assert 2 not in prior.nodes
    assert len(provider.requests) == 1
    assert provider.requests[0].top_logprobs == 20
    chances = (
        PlanPolicy().probabilities(pose(PLAN, POOL, RunStanding(budget=1_000_000), prior)).agents
    )
    assert (chances[~problem.agent_mask] == 0.0).all()
    assert chances.sum(axis=1) == pytest.approx(1.0)


def test_without_log_probabilities_samples_vote():
    provider = ScriptedProvider(
        ["0: A\n1: K\n2: C", "0: A\n1: G\n2: C", "Sure!\n 0 : C\n1: K\n9: A\n2: A and more"]
    )
    prior, _ = asked(provider)
    assert prior.source is PriorSource.VOTES
    assert prior.nodes[0] == {"scout:rules": 2.0, "reader:rules": 1.0}
    assert prior.nodes[1] == {"generalist:rules": 2.0, "editor:rules": 1.0}
    assert len({request.id for request in provider.requests}) == 3


@pytest.mark.parametrize(
    "script",
    [
        [OverloadedError("later")],
        ["I would rather not", "", "0 = A"],
        [scored(("0: A", -0.1, {"B": -0.2}))] * 3,
    ],
    ids=["error", "no labels", "label is no token of its own"],
)
def test_without_a_usable_reply_something_is_still_preferred(script):
    prior, _ = asked(ScriptedProvider(script))
    assert prior.source in (PriorSource.ONEHOT, PriorSource.VOTES)
    if prior.source is PriorSource.ONEHOT:
        assert prior.nodes == {}


def test_votes_before_an_error_count():
    prior, _ = asked(ScriptedProvider(["0: A", OverloadedError("later")]))
    assert prior.nodes == {0: {"scout:rules": 1.0}}


def test_nobody_is_asked_without_money_or_choices():
    provider = ScriptedProvider([])
    assert asked(provider, has_purse=False)[0].source is PriorSource.ONEHOT
    assert asked(provider, budget=0)[0].source is PriorSource.ONEHOT
    assert provider.requests == []


def test_the_model_is_told_labels_prices_and_what_is_legal():
    provider = ScriptedProvider([OverloadedError("later")])
    asked(provider)
    text = provider.requests[0].messages[0].text
    assert "A = scout:rules (" in text
    assert "0: find forum (one of ABCDEFGHIJKLMNO)" in text
    assert "1: toggle newest post (one of GHIJKLMNO)" in text
    assert "Upvote the newest post in the books forum" in text


def test_votes_need_a_sample():
    with pytest.raises(ConfigurationError):
        LabelPrior(stack=lambda _purse: None, num_samples=0)
