"""P3O, PPO-Lagrangian and MACPO on any vectorised constrained environment; the web is one of many.

    contract        what an environment looks like: shapes, units, limits (numpy only)
    train           learners.train(algorithm, make_env, config) -> Trained(policy, history)

    import learners
    trained = learners.train("p3o", make_env, learners.TrainConfig(total_steps=200_000, seed=0))
    actions = trained.policy.act(obs, rng)

Names are loaded when they are asked for, so that an environment can import the contract without
torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from learners.history import History as History
    from learners.history import Record as Record
    from learners.macpo import MACPOConfig as MACPOConfig
    from learners.p3o import P3OConfig as P3OConfig
    from learners.ppo import PPOConfig as PPOConfig
    from learners.ppo_lagrangian import PPOLagrangianConfig as PPOLagrangianConfig
    from learners.ppo_penalty import PPOPenaltyConfig as PPOPenaltyConfig
    from learners.runs import TrainConfig as TrainConfig
    from learners.runs import Trained as Trained
    from learners.training import train as train

__all__ = [
    "History",
    "MACPOConfig",
    "P3OConfig",
    "PPOConfig",
    "PPOLagrangianConfig",
    "PPOPenaltyConfig",
    "Record",
    "TrainConfig",
    "Trained",
    "train",
]

_HOMES = {
    "History": "learners.history",
    "MACPOConfig": "learners.macpo",
    "P3OConfig": "learners.p3o",
    "PPOConfig": "learners.ppo",
    "PPOLagrangianConfig": "learners.ppo_lagrangian",
    "PPOPenaltyConfig": "learners.ppo_penalty",
    "Record": "learners.history",
    "TrainConfig": "learners.runs",
    "Trained": "learners.runs",
    "train": "learners.training",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'learners' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
