"""What a decision leaves behind for the learner: logits, masks, actions and log-probabilities.

On the wire a record is one msgpack list (below 1 kB for ten nodes and fifteen edges with the
default pool): logits of legal choices only, masks as bits, numbers as little-endian float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgpack
import numpy as np
import numpy.typing as npt
from pydantic import JsonValue, TypeAdapter

from core.errors import CodecError
from policies.plan_policy.choices import GATES
from policies.plan_policy.distribution import Actions, HeadValues
from policies.plan_policy.priors import PriorSource

__all__ = ["MASKED_LOGIT", "RECORD_VERSION", "OrchestrationRecord"]

RECORD_VERSION: Literal[1] = 1
MASKED_LOGIT = -1e9
"""Stands for minus infinity where logits are JSON: its softmax is exactly 0."""

_Floats = npt.NDArray[np.float32]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrchestrationRecord:
    """One decision. N nodes and M edges in the plan's order, K choices in the pool's order."""

    agent_logits: _Floats
    """-inf where not legal. [N, K]"""
    agent_mask: _Flags
    """[N, K]"""
    edge_logits: _Floats
    """Log-odds of keeping. [M]"""
    edge_removable: _Flags
    """[M]"""
    gate_logits: _Floats
    """-inf where not legal. [4]"""
    gate_mask: _Flags
    """[4]"""
    actions: Actions
    agents_active: _Flags
    """False: forced, log-probability 0. [N]"""
    edges_active: _Flags
    """[M]"""
    gate_active: bool
    logp_agents: _Floats
    """[N]"""
    logp_edges: _Floats
    """[M]"""
    logp_gate: float
    prior: PriorSource
    policy_version: str
    """Parameters that decided; log-probabilities can be recomputed at this version only."""
    seed: int
    is_greedy: bool = False
    """The most likely actions were taken; such a record is not a sample of π."""

    @property
    def logp(self) -> HeadValues:
        """The log-probability of each factor, for ratios that are clipped one by one."""
        return HeadValues(self.logp_agents, self.logp_edges, self.logp_gate)

    @property
    def log_prob(self) -> float:
        """Log π(a | s): the exact sum over free choices."""
        return HeadValues(
            self.logp_agents.astype(np.float64), self.logp_edges.astype(np.float64), self.logp_gate
        ).total

    def pack(self) -> bytes:
        """Returns the record as msgpack."""
        wire = _Wire(
            version=RECORD_VERSION,
            num_nodes=self.agent_mask.shape[0],
            num_choices=self.agent_mask.shape[1],
            num_edges=len(self.edge_logits),
            agent_mask=_bits(self.agent_mask),
            edge_removable=_bits(self.edge_removable),
            gate_mask=_bits(self.gate_mask),
            agent_logits=_floats(self.agent_logits[self.agent_mask]),
            edge_logits=_floats(self.edge_logits),
            gate_logits=_floats(self.gate_logits[self.gate_mask]),
            chosen=self.actions.agents.astype("<i2").tobytes(),
            keep=_bits(self.actions.keep),
            gate=GATES.index(self.actions.gate),
            agents_active=_bits(self.agents_active),
            edges_active=_bits(self.edges_active),
            gate_active=self.gate_active,
            logp_agents=_floats(self.logp_agents),
            logp_edges=_floats(self.logp_edges),
            logp_gate=self.logp_gate,
            prior=self.prior,
            policy_version=self.policy_version,
            seed=self.seed,
            is_greedy=self.is_greedy,
        )
        packed: bytes = msgpack.packb(wire)
        return packed

    @classmethod
    def unpack(cls, data: bytes) -> OrchestrationRecord:
        """Returns the record in `data`.

        Raises:
            CodecError: It is not a record of this version.
        """
        try:
            return _read(_WIRE.validate_python(msgpack.unpackb(data)))
        except (ValueError, IndexError, msgpack.UnpackException) as error:
            raise CodecError(f"{len(data)} bytes are not an orchestration record") from error

    def to_json(self) -> dict[str, JsonValue]:
        """Returns the record as plain JSON; logits that are not legal are `MASKED_LOGIT`."""
        return {
            "agent_logits": np.where(self.agent_mask, self.agent_logits, MASKED_LOGIT).tolist(),
            "agent_mask": self.agent_mask.tolist(),
            "edge_logits": self.edge_logits.tolist(),
            "edge_removable": self.edge_removable.tolist(),
            "gate_logits": np.where(self.gate_mask, self.gate_logits, MASKED_LOGIT).tolist(),
            "gate_mask": self.gate_mask.tolist(),
            "actions": {
                "agents": self.actions.agents.tolist(),
                "keep": self.actions.keep.tolist(),
                "gate": self.actions.gate.value,
            },
            "active": {
                "agents": self.agents_active.tolist(),
                "edges": self.edges_active.tolist(),
                "gate": self.gate_active,
            },
            "logp": {
                "agents": self.logp_agents.tolist(),
                "edges": self.logp_edges.tolist(),
                "gate": self.logp_gate,
            },
            "log_prob": self.log_prob,
            "prior": self.prior.value,
            "policy_version": self.policy_version,
            "seed": self.seed,
            "is_greedy": self.is_greedy,
        }


class _Wire(NamedTuple):
    """The list that is packed."""

    version: Literal[1]
    num_nodes: int
    num_choices: int
    num_edges: int
    agent_mask: bytes
    edge_removable: bytes
    gate_mask: bytes
    agent_logits: bytes
    edge_logits: bytes
    gate_logits: bytes
    chosen: bytes
    keep: bytes
    gate: int
    agents_active: bytes
    edges_active: bytes
    gate_active: bool
    logp_agents: bytes
    logp_edges: bytes
    logp_gate: float
    prior: PriorSource
    policy_version: str
    seed: int
    is_greedy: bool


_WIRE = TypeAdapter(_Wire)


def _read(wire: _Wire) -> OrchestrationRecord:
    """Returns the record; raises ValueError or IndexError where lengths do not agree."""
    nodes, edges = wire.num_nodes, wire.num_edges
    agent_mask = _flags(wire.agent_mask, nodes * wire.num_choices).reshape(nodes, wire.num_choices)
    gate_mask = _flags(wire.gate_mask, len(GATES))
    return OrchestrationRecord(
        agent_logits=_spread(wire.agent_logits, agent_mask),
        agent_mask=agent_mask,
        edge_logits=_numbers(wire.edge_logits, edges),
        edge_removable=_flags(wire.edge_removable, edges),
        gate_logits=_spread(wire.gate_logits, gate_mask),
        gate_mask=gate_mask,
        actions=Actions(
            agents=np.frombuffer(wire.chosen, "<i2").astype(np.intp).reshape(nodes),
            keep=_flags(wire.keep, edges),
            gate=GATES[wire.gate],
        ),
        agents_active=_flags(wire.agents_active, nodes),
        edges_active=_flags(wire.edges_active, edges),
        gate_active=wire.gate_active,
        logp_agents=_numbers(wire.logp_agents, nodes),
        logp_edges=_numbers(wire.logp_edges, edges),
        logp_gate=wire.logp_gate,
        prior=wire.prior,
        policy_version=wire.policy_version,
        seed=wire.seed,
        is_greedy=wire.is_greedy,
    )


def _bits(flags: _Flags) -> bytes:
    return np.packbits(flags.reshape(-1)).tobytes()


def _floats(values: _Floats) -> bytes:
    return values.astype("<f4").tobytes()


def _numbers(data: bytes, count: int) -> _Floats:
    return np.frombuffer(data, "<f4").astype(np.float32).reshape(count)


def _flags(data: bytes, count: int) -> _Flags:
    if len(data) != -(-count // 8):
        raise ValueError(f"{len(data)} bytes for {count} flags")
    return np.unpackbits(np.frombuffer(data, np.uint8), count=count).astype(np.bool_)


def _spread(data: bytes, mask: _Flags) -> _Floats:
    full = np.full(mask.shape, -np.inf, dtype=np.float32)
    full[mask] = _numbers(data, int(mask.sum()))
    return full
