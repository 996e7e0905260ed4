"""The orchestrator's factored policy over finite choices on a plan, in numpy.

state      a proposed, valid plan; the pool; how the episode stands        `pose`
heads      per open node (agent, tier); per order edge keep or drop; one gate
logits     beta · log prior + learned residual, zero before training       `PlanPolicy`
record     logits, masks, actions, log-probability per factor              `OrchestrationRecord`
effect     a new valid plan                                                `applied`
"""

from policies.plan_policy.applying import applied
from policies.plan_policy.choices import (
    GATES,
    Choice,
    Gate,
    NodeStanding,
    RunStanding,
    choices_of,
)
from policies.plan_policy.distribution import Actions, HeadValues, Probabilities
from policies.plan_policy.files import load_policy, policy_file, save_policy
from policies.plan_policy.network import HIDDEN, SHAPES, Logits, initial_parameters
from policies.plan_policy.policy import UNTRAINED, Decides, PlanPolicy
from policies.plan_policy.priors import EPSILON, PlanPrior, PriorSource
from policies.plan_policy.problem import DecisionProblem, Head, Pool, pose
from policies.plan_policy.record import OrchestrationRecord

__all__ = [
    "EPSILON",
    "GATES",
    "HIDDEN",
    "SHAPES",
    "UNTRAINED",
    "Actions",
    "Choice",
    "Decides",
    "DecisionProblem",
    "Gate",
    "Head",
    "HeadValues",
    "Logits",
    "NodeStanding",
    "OrchestrationRecord",
    "PlanPolicy",
    "PlanPrior",
    "Pool",
    "PriorSource",
    "Probabilities",
    "RunStanding",
    "applied",
    "choices_of",
    "initial_parameters",
    "load_policy",
    "policy_file",
    "pose",
    "save_policy",
]
