"""Sizes of the networks and how they are fitted."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import ConfigurationError

__all__ = ["NetworkConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Sizes of the networks and how they are fitted; the same for every algorithm."""

    actor_hidden: tuple[int, ...] = (64, 64)
    """Hidden layers of each actor, tanh."""
    critic_hidden: tuple[int, ...] = (64, 64)
    """Hidden layers of each critic, tanh."""
    embedding: int = 16
    """Numbers per token of a candidate."""
    init_log_std: float = -0.5
    """First log σ of continuous actions."""
    actor_lr: float = 3e-3
    """Adam's step for actors; falls linearly to a tenth over the run."""
    kl_goal: float = 0.003
    """KL(old ‖ new) per update, summed over agents, that Adam's step for actors is adapted to;
    falls linearly to a tenth over the run."""
    critic_lr: float = 3e-3
    """Adam's step for critics."""
    critic_epochs: int = 2
    """Passes of the critics over a batch."""
    critic_minibatches: int = 4
    """Parts of such a pass."""
    max_grad_norm: float = 1.0
    """Longest gradient of actors, and of critics."""

    def __post_init__(self) -> None:
        if min(self.actor_lr, self.critic_lr, self.max_grad_norm) <= 0:
            raise ConfigurationError(f"learning rates and the longest gradient are > 0: {self}")
        if min(self.critic_epochs, self.critic_minibatches) < 1:
            raise ConfigurationError(f"at least one epoch and one minibatch: {self}")
