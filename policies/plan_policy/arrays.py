"""A decision as arrays of fixed size, for learners: one slot for each free choice.

    slots   [node 0 .. node n-1 | edge 0 .. edge m-1 | gate]     A = n + m + 1
    groups  [   0   ..    0     |    1   ..    1     |   2 ]     one scorer each (`network.HEADS`)

Each slot chooses one candidate, described by the row that its head scores (`network.input_rows`),
padded with zeros to one width. Column 0 is the log prior. Candidates of a node are the pool's
choices, of an edge *drop* and *keep*, of the gate the four answers. A slot that has no free choice
is inactive: what it "chooses" is ignored, and the decision keeps what is proposed.

Legend for shapes: A slots, C candidates, F numbers of a candidate, S numbers of the state, K
choices of the pool, n nodes and m free edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.errors import PlanError
from policies.plan_policy.choices import GATES
from policies.plan_policy.distribution import Actions
from policies.plan_policy.features import CONTEXT, EDGE, GATE, NODE, FloatArray
from policies.plan_policy.network import INPUTS, input_rows
from policies.plan_policy.problem import DecisionProblem

__all__ = [
    "NUM_FEATURES",
    "NUM_SUMMARY",
    "PRIOR_COLUMN",
    "DecisionArrays",
    "Layout",
    "summary",
]

NUM_FEATURES = max(INPUTS.values())
"""F: the widest head's; rows of the others end in zeros."""
PRIOR_COLUMN = 0
"""Column of a candidate's log prior."""
NUM_SUMMARY = len(CONTEXT) + 2 * len(NODE) + len(EDGE) + len(GATE) + 3
"""Numbers of `summary`."""
_EDGE_OPTIONS = 2

Flags = npt.NDArray[np.bool_]


class DecisionArrays(NamedTuple):
    """What the slots of one decision see."""

    features: FloatArray
    """[A, C, F]"""
    active: Flags
    """Slots with more than one legal candidate. [A]"""
    mask: Flags
    """Legal candidates. [A, C]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How many slots there are, and what each is for."""

    max_nodes: int
    """n: a plan with more nodes is refused."""
    max_edges: int
    """m: free edges beyond these are kept."""
    num_choices: int
    """K."""

    @property
    def num_slots(self) -> int:
        """A."""
        return self.max_nodes + self.max_edges + 1

    @property
    def num_candidates(self) -> int:
        """C."""
        return max(self.num_choices, len(GATES))

    @property
    def groups(self) -> tuple[int, ...]:
        """The number of each slot's head in `network.HEADS`. [A]."""
        return (0,) * self.max_nodes + (1,) * self.max_edges + (2,)

    def arrays(self, problem: DecisionProblem) -> DecisionArrays:
        """Returns what a learner sees of a decision.

        Raises:
            PlanError: The plan has more nodes than there are slots, or another pool.
        """
        n, k = problem.agent_mask.shape
        if n > self.max_nodes or k != self.num_choices:
            raise PlanError(f"a decision about {n} nodes and {k} choices does not fit {self}")
        shape = (self.num_slots, self.num_candidates)
        features = np.zeros((*shape, NUM_FEATURES), dtype=np.float32)
        mask = np.zeros(shape, dtype=np.bool_)
        rows = input_rows(problem)
        free, first = self._free_edges(problem), self.max_nodes
        features[:n, :k, : INPUTS["agents"]] = rows["agents"]
        features[first : first + len(free), :_EDGE_OPTIONS, : INPUTS["edges"]] = rows["edges"][free]
        features[-1, : len(GATES), : INPUTS["gate"]] = rows["gate"]
        mask[:n, :k] = problem.agent_mask
        mask[first : first + len(free), :_EDGE_OPTIONS] = True
        mask[-1, : len(GATES)] = problem.gate_mask
        return DecisionArrays(features, mask.sum(axis=1) > 1, mask)

    def actions(self, problem: DecisionProblem, chosen: npt.NDArray[np.integer]) -> Actions:
        """Returns what slots have chosen as a decision; inactive ones do what is forced.

        Args:
            problem: What was to be decided.
            chosen: Candidates. [A]

        Raises:
            PlanError: An active slot chose what is not legal.
        """
        legal = problem.agent_mask
        rows = np.arange(len(legal))
        wanted = np.asarray(chosen[: len(rows)], dtype=np.intp)
        agents = np.where(problem.has_legal, legal.argmax(axis=1), problem.planned)
        agents = np.where(problem.agents_active, wanted, agents)
        if np.any(problem.agents_active & ~legal[rows, np.maximum(agents, 0)]):
            raise PlanError(f"slots chose {wanted.tolist()}, which is not legal for all nodes")
        keep = np.ones(len(problem.edge), dtype=np.bool_)
        free = self._free_edges(problem)
        keep[free] = chosen[self.max_nodes : self.max_nodes + len(free)] > 0
        gate = int(chosen[-1]) if problem.gate_active else int(problem.gate_mask.argmax())
        if not 0 <= gate < len(GATES) or not problem.gate_mask[gate]:
            raise PlanError(f"the gate has no legal answer {gate}")
        return Actions(agents=agents.astype(np.intp), keep=keep, gate=GATES[gate])

    def _free_edges(self, problem: DecisionProblem) -> npt.NDArray[np.intp]:
        return np.flatnonzero(problem.edge_removable)[: self.max_edges]


def summary(problem: DecisionProblem) -> FloatArray:
    """Returns what a centralised critic reads of a decision, whatever its size. [S].

    The context; mean and largest of each node's columns; mean of the edges; the gate; which heads
    decide.
    """
    free = problem.edge_removable
    parts = [
        problem.context,
        problem.node.mean(axis=0),
        problem.node.max(axis=0),
        problem.edge.mean(axis=0) if len(problem.edge) else np.zeros(len(EDGE)),
        problem.gate,
        [problem.agents_active.any(), free.any(), problem.gate_active],
    ]
    return np.concatenate(parts).astype(np.float32)
