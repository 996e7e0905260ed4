"""No answer, oracle or evaluator reaches what a policy reads: canaries in the judge's part."""

from __future__ import annotations

import pickle

import numpy as np

from actors.arena.episode import ArenaEpisode, Arrangement
from actors.arena.shares import TierDraw
from actors.assembly import default_assembly
from core.plans import EffortTier
from core.tasks import Split, Task
from environment.tasks.generated import generate
from policies.agent_inputs import AgentInputs, agent_inputs

CANARY = "canary-7f3a91"


def _inputs(task: Task) -> list[AgentInputs]:
    """Follows the proposals; returns everything that the agents' networks would have read."""
    tiers = TierDraw(weights={EffortTier.TOP_K: 1.0})
    episode = ArenaEpisode(task, 1, Arrangement(budget=500, tiers=tiers), default_assembly())
    seen: list[AgentInputs] = []
    while not episode.is_over:
        made = [agent_inputs(item.view) for item in episode.pending()]
        seen += made
        for item in episode.pending():
            assert CANARY not in repr(item.view)
        episode.advance([one.proposed for one in made])
    episode.close()
    return seen


def _planted(task: Task) -> Task:
    """Puts other answers, and canaries, wherever only the judge may look."""
    secret = {**task.verified, "eval": [{"evaluator": CANARY, "expected": CANARY}]}
    secret |= {"instantiation_dict": {"name": CANARY}, "intent_template": CANARY}
    return task.model_copy(update={"verified": secret, "template": f"{task.template} {CANARY}"})


def test_what_the_judge_knows_changes_nothing_that_a_policy_reads() -> None:
    task = generate("upvote_titled", 3, Split.TRAIN).task
    plain, planted = _inputs(task), _inputs(_planted(task))
    assert len(plain) == len(planted) > 3
    for ours, theirs in zip(plain, planted, strict=True):
        assert ours.options == theirs.options
        assert np.array_equal(ours.features, theirs.features)
        assert np.array_equal(ours.tokens, theirs.tokens)
        assert CANARY.encode() not in pickle.dumps(theirs)
